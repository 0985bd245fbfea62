import datetime as dt

import numpy as np
import pandas as pd
import pytest

from weather.conventions import timeaxis
from weather.conventions.errors import DataError


def test_plan_window_starts_at_civil_midnight():
    time = timeaxis.time_axis("2026-03-05", horizon_h=48)
    assert time[0] == np.datetime64("2026-03-04T16:00")
    assert time[-1] == np.datetime64("2026-03-06T15:00")
    assert time.dtype == np.dtype("datetime64[ns]") and time.size == 48
    assert np.array_equal(time, timeaxis.time_axis(dt.date(2026, 3, 5), horizon_h=48))


def test_step_and_midpoint_follow_the_axis():
    quarter = timeaxis.time_axis("2026-03-05", horizon_h=2, step_h=0.25)
    assert timeaxis.step_h(quarter) == 0.25
    assert timeaxis.midpoint(quarter)[0] - quarter[0] == np.timedelta64(450, "s")
    assert timeaxis.step_h(quarter.astype("datetime64[us]")) == 0.25


def test_civil_time_is_plus_eight_without_daylight_saving():
    hours = np.arange(
        np.datetime64("2026-01-01T00", "ns"), np.datetime64("2027-01-01T00", "ns"), np.timedelta64(1, "h")
    )
    index = timeaxis.civil(hours)
    assert str(index.tz) == "Asia/Shanghai"
    assert np.array_equal(timeaxis.civil_hour(hours), (np.arange(hours.size) + 8) % 24)


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (["2026-01-01T00"], "at least two"),
        (["2026-01-01T00", "2026-01-01T01", "2026-01-01T03"], "2026-01-01T01:00Z"),
        (["2026-01-01T01", "2026-01-01T00"], "sorted"),
        (["2026-01-01T00", "2026-01-01T00"], "equally spaced"),
        (["2026-01-01T00", "NaT"], "NaT"),
    ],
)
def test_crooked_axis_is_refused(stamps, words):
    with pytest.raises(DataError, match=words):
        timeaxis.step_h(np.array(stamps, dtype="datetime64[ns]"))


@pytest.mark.parametrize(
    "stamps",
    [
        np.arange(3),
        np.array([["2026-01-01", "2026-01-02"]], "datetime64[ns]"),
        pd.date_range("2026-01-01", periods=3, freq="h", tz="Asia/Shanghai"),
    ],
)
def test_axis_of_numbers_planes_or_aware_times_is_refused(stamps):
    with pytest.raises(DataError, match="1-D array of naive UTC datetime64"):
        timeaxis.step_h(stamps)


def test_axis_beyond_nanoseconds_is_refused():
    # numpy itself turns the year 3000 into 1830
    with pytest.raises(DataError, match="allowed 1678 to 2261"):
        timeaxis.as_stamps(np.array(["2026-01-01", "3000-01-01"], dtype="datetime64[s]"))


@pytest.mark.parametrize("start", ["2026-03-05T12:30", dt.datetime(2026, 3, 5, 12, 30)])
def test_a_window_may_open_within_the_day(start):
    time = timeaxis.time_axis(start, horizon_h=1.0, step_h=0.5)
    assert list(time) == [np.datetime64("2026-03-05T04:30"), np.datetime64("2026-03-05T05:00")]


@pytest.mark.parametrize(
    ("date", "horizon_h", "step_h", "words"),
    [
        ("5 March", 24, 1.0, "YYYY-MM-DD"),
        ("2026-02-30", 24, 1.0, "day is out of range for month.*YYYY-MM-DD"),
        ("2026-03-05", 0, 1.0, "whole number"),
        ("2026-03-05", 1.3, 0.5, "whole number"),
        ("2026-03-05", 24, -1.0, "whole number"),
        ("2026-03-05", float("nan"), 1.0, "must be finite"),
        ("2026-03-05", 24, float("inf"), "must be finite"),
        (None, 24, 1.0, "YYYY-MM-DD"),
        (dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC), 24, 1.0, "carries an offset"),
        ("3000-01-01", 24, 1.0, "years 3000 to 3000; allowed 1678 to 2261"),
        ("0001-01-01", 24, 1.0, "years 0001 to 0001"),
    ],
)
def test_window_that_cannot_be_is_refused(date, horizon_h, step_h, words):
    with pytest.raises(DataError, match=words):
        timeaxis.time_axis(date, horizon_h=horizon_h, step_h=step_h)
