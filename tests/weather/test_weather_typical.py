"""A typical year laid onto real dates."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from weather import read_epw
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.sources.typical import map_typical_year


@pytest.fixture(scope="module")
def typical(whole_year_rows, tmp_path_factory) -> xr.Dataset:
    path = tmp_path_factory.mktemp("typical") / "year.epw"
    path.write_text("\n".join(whole_year_rows))
    return read_epw(path)


def day_numbers(mapped: xr.Dataset) -> np.ndarray:
    """Day of the typical year every 24 hours of the window come from, out of the temperature the test wrote."""
    hour = np.arange(mapped.sizes["time"]) % 24
    number = (mapped["temp_air"].values - 10.0 - 0.1 * hour) / 0.01
    assert number == pytest.approx(np.round(number), abs=1e-6)
    by_day = np.round(number).astype(int).reshape(-1, 24)
    assert (by_day == by_day[:, :1]).all()
    return by_day[:, 0]


@pytest.mark.parametrize(
    ("date", "numbers"),
    [
        ("2026-03-05", [64, 65]),
        ("2026-01-01", [1, 2]),
        ("2026-12-31", [365, 1]),  # over New Year
        ("2027-12-30", [364, 365, 1]),
        ("2028-02-28", [59, 59, 60]),  # 29 February takes 28 February
        ("2026-02-28", [59, 60]),
        ("2000-02-29", [59, 60]),
        ("2100-02-28", [59, 60]),  # no leap year
        ("2028-12-31", [365, 1]),  # day 366 of its year
    ],
)
def test_civil_day_and_hour_pick_the_row(typical, expected_values, date, numbers):
    time = time_axis(date, horizon_h=24 * len(numbers))
    mapped = map_typical_year(typical, time=time, where="x")
    assert np.array_equal(mapped["time"].values, time)
    assert list(day_numbers(mapped)) == numbers
    # the hour of the civil day, exactly as in the file
    assert mapped["pressure"].values == pytest.approx(87_000.0 + np.arange(time.size) % 24)
    noons = [expected_values(number, 12)["ghi"] for number in numbers]
    assert mapped["ghi"].values.reshape(-1, 24)[:, 12] == pytest.approx(noons)


def test_every_hour_of_four_years_is_held(typical):
    time = time_axis("2024-01-01", horizon_h=24 * (3 * 365 + 366))
    mapped = map_typical_year(typical, time=time, where="x")
    days = pd.date_range("2024-01-01", "2027-12-31")
    leap = days.is_leap_year & (days.day_of_year > 59)
    assert np.array_equal(day_numbers(mapped), days.day_of_year - leap)


def test_mapping_is_told_and_ends_the_typical_year(typical):
    before = typical.copy(deep=True)
    mapped = map_typical_year(typical, time=time_axis("2028-02-28", horizon_h=48), where="x")
    assert "typical_year" not in mapped.attrs and mapped.attrs["utc_offset_h"] == 8.0
    assert mapped.attrs["history"].endswith(
        "typical year laid onto 2028-02-27T16:00Z to 2028-02-29T15:00Z by civil month, day and hour "
        "(29 February from 28 February)"
    )
    assert mapped.attrs["source"] == typical.attrs["source"]
    assert typical.identical(before)


def test_window_of_the_zone_not_of_utc(write_epw, one_day_rows):
    rows = [one_day_rows[0].replace("105.19,8.0,", "-119.81,-7.0,"), *one_day_rows[1:]]  # the same sun, 15 h west
    west = read_epw(write_epw(rows))
    # 21 June 00:00 at -7 is 07:00 UTC
    mapped = map_typical_year(
        west, time=np.datetime64("2026-06-21T07", "ns") + np.arange(24) * np.timedelta64(1, "h"), where="x"
    )
    assert mapped["pressure"].values == pytest.approx(87_000.0 + np.arange(24))


def test_part_of_a_year_tells_what_it_holds(write_epw, one_day_rows):
    day = read_epw(write_epw(one_day_rows))
    words = "a.epw: the typical year does not hold 06-22 00:00 (its civil time) and 24 of 48 wanted hours in all; "
    with pytest.raises(DataError, match=re.escape(words + "it holds 06-21 00:00 to 06-21 23:00")):
        map_typical_year(day, time=time_axis("2026-06-21", horizon_h=48), where="a.epw")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.assign_attrs(utc_offset_h=5.5), "utc_offset_h = 5.5; allowed: full hours"),
        (lambda ds: ds.assign_attrs(utc_offset_h="east"), "utc_offset_h = 'east'"),
        (lambda ds: ds.drop_attrs(), "utc_offset_h = 'not set'"),
        (lambda ds: ds.assign_attrs(utc_offset_h=float("nan")), "utc_offset_h = nan"),
        (lambda ds: ds.isel(time=slice(None, None, 3)), "intervals of 3 h; hourly means are needed"),
        (lambda ds: xr.concat([ds, ds.assign_coords(time=ds.time + np.timedelta64(365, "D"))], "time"), "twice, 17520"),
    ],
)
def test_what_is_no_hourly_year_is_refused(typical, change, words):
    with pytest.raises(DataError, match=f"x: a typical year .*{re.escape(words)}"):
        map_typical_year(change(typical), time=time_axis("2026-03-05", horizon_h=24), where="x")
