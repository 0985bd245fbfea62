import datetime as dt

import numpy as np
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


def test_axis_of_numbers_is_refused():
    with pytest.raises(DataError, match="datetime64"):
        timeaxis.step_h(np.arange(3))


@pytest.mark.parametrize(
    ("date", "horizon_h", "step_h", "words"),
    [
        ("5 March", 24, 1.0, "YYYY-MM-DD"),
        ("2026-02-30", 24, 1.0, "YYYY-MM-DD"),
        ("2026-03-05", 0, 1.0, "whole number"),
        ("2026-03-05", 1.3, 0.5, "whole number"),
        ("2026-03-05", 24, -1.0, "whole number"),
    ],
)
def test_window_that_cannot_be_is_refused(date, horizon_h, step_h, words):
    with pytest.raises(DataError, match=words):
        timeaxis.time_axis(date, horizon_h=horizon_h, step_h=step_h)
