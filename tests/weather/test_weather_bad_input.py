"""The bad-input matrix as a user meets it, a row each: a file in, a DataError that says where, or flagged weather out.

How single steps of it work is tested where they live (`test_weather_finish.py`, `test_weather_shift.py`, the readers').
"""

import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import true_weather as tw
import xarray as xr

from weather import (
    WeatherWarning,
    check_weather,
    generate_climate,
    label_shift_hours,
    load_nodes,
    read_csv,
    read_era5,
    read_nasa_power,
    read_netcdf,
    read_pvgis,
    repair_log,
)
from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.conventions.variables import RADIATION, VARIABLES
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.sources.assemble import place_dataset

TRUTH = tw.Truth(np.datetime64("2025-06-20"), 37.5, 105.2, 1226.0)
HEAD = 7  # rows of the user's table before its first hour
COLUMN = {name: 1 + i for i, name in enumerate(tw.CSV_COLUMNS)}


@pytest.fixture(scope="module")
def sound() -> list[str]:
    return tw.own_csv(TRUTH).splitlines()


@pytest.fixture
def read(tmp_path):
    def read(lines: list[str], **how: object) -> xr.Dataset:
        path = tmp_path / "own.csv"
        path.write_text("\n".join(lines) + "\n")
        return read_csv(path, **how)

    return read


def with_cell(lines: list[str], hour: int, name: str, value: str) -> list[str]:
    parts = lines[HEAD + hour].split(",")
    parts[COLUMN[name]] = value
    return [*lines[: HEAD + hour], ",".join(parts), *lines[HEAD + hour + 1 :]]


def with_column(lines: list[str], name: str, factor: float, plus: float = 0.0) -> list[str]:
    for hour in range(tw.HOURS):
        value = float(lines[HEAD + hour].split(",")[COLUMN[name]])
        lines = with_cell(lines, hour, name, repr(value * factor + plus))
    return lines


# gap <= 3 h / > 3 h --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [1, 2, 3])
@pytest.mark.parametrize("how", ["rows", "cells"])
def test_gaps_up_to_three_hours_are_bridged_and_every_one_flagged(sound, read, hours, how):
    gone = list(range(32, 32 + hours))
    lines = sound
    if how == "rows":
        lines = [line for i, line in enumerate(sound) if i - HEAD not in gone]
    else:
        for hour in gone:
            for name in tw.CSV_COLUMNS:
                lines = with_cell(lines, hour, name, "")
    with pytest.warns(WeatherWarning, match=rf"filled: ghi, .* in {hours} interval"):
        found = read(lines)
    whole = read(sound)
    assert np.array_equal(found["time"].values, whole["time"].values)
    for name in tw.CSV_COLUMNS:
        assert np.flatnonzero(found[f"flag_{name}"].values).tolist() == gone
    assert found["ghi"].values[gone] == pytest.approx(whole["ghi"].values[gone], rel=0.03)  # by the clear-sky index
    assert {entry.meaning for entry in repair_log(found)} == {"filled"}


@pytest.mark.parametrize("how", ["rows", "cells"])
def test_longer_gaps_are_refused(sound, read, how):
    lines = sound
    if how == "rows":
        lines = [line for i, line in enumerate(sound) if i - HEAD not in range(32, 36)]
    else:
        for hour in range(32, 36):
            lines = with_cell(lines, hour, "ghi", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)  # optional columns are left out first
        with pytest.raises(DataError, match=r"ghi is missing in 4 interval.*longest is 4 h from 2025-06-21T00:00Z"):
            read(lines)


# NaN, inf, text in a number column ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["inf", "text", "12;5", "--"])
def test_what_is_no_number_names_its_first_20_rows(sound, read, value):
    lines = sound
    for hour in range(30, 55):
        lines = with_cell(lines, hour, "temp_air", value)
    with pytest.raises(DataError, match=rf"row {HEAD + 31}, .*, row {HEAD + 50} and 5 more: temp_air .* is '{value}'"):
        read(lines)


def test_values_that_are_impossible_name_their_first_20_rows(sound, read):
    lines = sound
    for hour in range(30, 55):
        lines = with_cell(lines, hour, "wind_speed", "300")
    with pytest.raises(
        DataError, match=rf"row {HEAD + 31} .*, {HEAD + 50} and 5 more: wind_speed is out of range in 25"
    ):
        read(lines)


# duplicate, unsorted stamps -------------------------------------------------------------------------------------------


def test_identical_rows_are_dropped_aloud(sound, read):
    with pytest.warns(WeatherWarning, match="2 row.* there twice with the same values"):
        found = read([*sound[:40], sound[39], *sound[40:60], sound[59], *sound[60:]])
    assert found.equals(read(sound))


def test_conflicting_rows_are_refused(sound, read):
    again = with_cell(sound, 40, "temp_air", "17.25")[HEAD + 40]
    with pytest.raises(
        DataError, match=rf"row {HEAD + 42} .*the stamp is there twice with different values \(temp_air"
    ):
        read([*sound[: HEAD + 41], again, *sound[HEAD + 41 :]])


def test_unsorted_rows_are_sorted_aloud(sound, read):
    order = np.random.default_rng(3).permutation(tw.HOURS)
    with pytest.warns(WeatherWarning, match="rows are not in order of time; they were sorted"):
        found = read([*sound[:HEAD], *(sound[HEAD + i] for i in order)])
    assert found.equals(read(sound))


# naive time, mixed offsets, a zone with summer time, days of 23 and 25 hours ------------------------------------------


def test_naive_times_are_refused_unless_their_clock_is_said(sound, read):
    lines = [line for line in sound if not line.startswith("# tz")]
    with pytest.raises(DataError, match="has no offset from UTC, and no zone is given"):
        read(lines)
    assert read(lines, tz="Asia/Shanghai").equals(read(sound))


@pytest.mark.parametrize(("start", "changes"), [("2025-03-28", 23), ("2025-10-24", 25)])
@pytest.mark.parametrize("mixed", [False, True])
def test_energy_is_kept_over_days_of_23_and_25_hours(tmp_path, start, changes, mixed):
    truth = tw.Truth(np.datetime64(start), 48.2, 16.4, 200.0)
    text = tw.own_csv(truth, names=("ghi", "dni", "dhi", "temp_air", "relative_humidity", "wind_speed"))
    local = pd.DatetimeIndex(truth.starts).tz_localize("UTC").tz_convert("Europe/Vienna")
    assert changes in set(pd.Series(1, index=local).groupby(local.date).count())
    stamps = [stamp.isoformat() for stamp in local]
    if mixed:
        stamps = [stamp if i % 3 else local[i].tz_convert("UTC").isoformat() for i, stamp in enumerate(stamps)]
    lines = text.splitlines()
    rows = [",".join([stamp, *line.split(",")[1:]]) for stamp, line in zip(stamps, lines[HEAD:], strict=True)]
    (tmp_path / "own.csv").write_text("\n".join([*lines[:HEAD], *rows]))
    found = read_csv(tmp_path / "own.csv")
    given = sum(float(row.split(",")[1]) for row in rows)
    assert np.array_equal(found["time"].values, truth.starts)
    assert float(found["ghi"].sum()) == pytest.approx(given, rel=1e-9)


# 1 h label shift, local time read as UTC ------------------------------------------------------------------------------


def _clear_days(truth: object, *, parts: tuple[str, ...]) -> xr.Dataset:
    means = truth.means(truth.starts)
    rest = {name: means[name] for name in ("temp_air", "temp_dew", "relative_humidity", "pressure", "wind_speed")}
    return place_dataset(
        {name: means[name] for name in parts} | rest,
        time=truth.starts,
        latitude=truth.latitude,
        longitude=truth.longitude,
        altitude_m=truth.altitude_m,
        attrs={"source": "truth"},
    )


def test_shifts_of_an_hour_and_more_are_found_in_99_of_100():
    """1,000 clear periods of five days at any place and time of the year, half of them with ghi alone."""
    rng = np.random.default_rng(20)
    wrong = []
    for number in range(1000):
        shift = float(rng.integers(4, 48)) / 4.0 * rng.choice([-1.0, 1.0])  # 1 h to 11.75 h either way
        truth = tw.Truth(
            np.datetime64("2025-01-01") + np.timedelta64(int(rng.integers(0, 360)), "D"),
            float(rng.uniform(18.0, 50.0)),
            float(rng.uniform(73.0, 135.0)),
            1000.0,
            late_h=-shift,
        )
        found = label_shift_hours(_clear_days(truth, parts=RADIATION if number % 2 else ("ghi",)))
        # half a day and more one way is as much less the other way: a day's sun tells no date
        if not abs((found - shift + 12.0) % 24.0 - 12.0) <= 0.25:
            wrong.append((truth, found))
    assert len(wrong) <= 10, wrong[:3]


@pytest.mark.parametrize("longitude", [87.0, 105.2, 121.5])
def test_local_time_taken_for_utc_is_refused(tmp_path, longitude):
    truth = tw.Truth(np.datetime64("2025-06-20"), 37.5, longitude, 1226.0)
    (tmp_path / "own.csv").write_text(tw.own_csv(truth, zone="UTC"))
    with pytest.raises(DataError, match="clock of the whole source, or its place: local time taken for UTC"):
        read_csv(tmp_path / "own.csv")


@pytest.mark.parametrize("late_h", [-1.0, 1.0])
def test_a_label_an_hour_off_is_told_and_mended_where_asked(tmp_path, late_h):
    (tmp_path / "own.csv").write_text(tw.own_csv(tw.slipped(TRUTH, late_h)))
    with pytest.warns(WeatherWarning, match=rf"stamped 1 h too {'late' if late_h > 0 else 'early'}"):
        told = read_csv(tmp_path / "own.csv")
    assert label_shift_hours(told) == -late_h
    with pytest.warns(WeatherWarning, match="radiation was moved"):
        mended = read_csv(tmp_path / "own.csv", repair=True)
    assert label_shift_hours(mended) == 0.0 and (mended["flag_ghi"].values & flags.SHIFTED).all()
    wanted = TRUTH.dataset().sel(time=mended["time"].values)
    assert np.abs(mended["ghi"].values - wanted["ghi"].values).max() < 15.0


# units ----------------------------------------------------------------------------------------------------------------

SLIPS = {
    "km/h": (("wind_speed",), 3.6, 0.0),
    "hPa": (("pressure",), 0.01, 0.0),
    "kPa": (("pressure",), 0.001, 0.0),
    "K": (("temp_air",), 1.0, 273.15),
    "K, dew point": (("temp_dew",), 1.0, 273.15),
    "degF": (("temp_air",), 1.8, 32.0),
    "degF, dew point": (("temp_dew",), 1.8, 32.0),
    "degF, both": (("temp_air", "temp_dew"), 1.8, 32.0),
    "fraction": (("relative_humidity",), 0.01, 0.0),
    "kW/m2": (RADIATION, 0.001, 0.0),
}


def _draft(place: xr.Dataset) -> Draft:
    values = {name: place[name].values for name in VARIABLES if name in place}
    return Draft(
        where="year",
        time=place["time"].values,
        values=values,
        label=dict.fromkeys(values, "start"),
        latitude=float(place["latitude"]),
        longitude=float(place["longitude"]),
        altitude_m=float(place["altitude_m"]),
        attrs={"source": "made", "licence": "none", "history": "", "utc_offset_h": 8.0},
    )


@pytest.fixture(scope="module")
def years() -> list[Draft]:
    """Ten years of made weather, of five places."""
    places = list(load_nodes().values())[:5]
    made = [
        generate_climate(places, time=time_axis(f"{year}-01-01", horizon_h=8760), seed=seed)
        for year, seed in ((2025, 11), (2026, 12))
    ]
    return [_draft(both.isel(node=row)) for both in made for row in range(len(places))]


def _passes(draft: Draft) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)
        try:
            finish(draft)
        except DataError:
            return False
    return True


def _slipped(draft: Draft, slip: str) -> Draft:
    names, factor, plus = SLIPS[slip]
    return replace(draft, values={**draft.values, **{name: draft.values[name] * factor + plus for name in names}})


def _month(draft: Draft, first: int) -> Draft:
    span = slice(first, first + 30 * 24)
    return replace(draft, time=draft.time[span], values={name: array[span] for name, array in draft.values.items()})


def test_ten_clean_years_give_no_false_alarm(years):
    for draft in years:
        finish(draft)  # a warning would be an error here
    rng = np.random.default_rng(5)
    for _ in range(40):
        assert _passes(_month(years[rng.integers(10)], int(rng.integers(0, 8000))))


def test_units_that_slipped_are_caught_in_95_of_100(years):
    """Every slip in every year, and as many in single months."""
    missed = [(number, slip) for number, draft in enumerate(years) for slip in SLIPS if _passes(_slipped(draft, slip))]
    rng = np.random.default_rng(6)
    for slip in SLIPS:
        for _ in range(10):
            number, first = int(rng.integers(10)), int(rng.integers(0, 8000))
            if _passes(_slipped(_month(years[number], first), slip)):
                missed.append((number, slip, first))
    assert len(missed) <= 0.05 * 2 * len(years) * len(SLIPS), missed


@pytest.mark.parametrize(
    ("unit", "name", "factor"), [("W/m2", "ghi", 0.001), ("hPa", "pressure", 0.1), ("%", "relative_humidity", 0.01)]
)
def test_a_unit_that_is_said_wrongly_is_named(sound, read, unit, name, factor):
    with pytest.raises(DataError, match=f"{name} .*(looks like|out of range)"):
        read(with_column(sound, name, factor))


# negative, more than the sun sends, more than saturated, storm --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("ghi", "-4.9", 0.0), ("dhi", "-1", 0.0), ("dni", "-0.01", 0.0), ("relative_humidity", "104", 100.0)],
)
def test_a_little_outside_is_clipped_and_flagged(sound, read, name, value, kept):
    found = read(with_cell(sound, 24, name, value))  # local midnight
    assert found[name].values[24] == kept
    assert np.flatnonzero(found[f"flag_{name}"].values == flags.CLIPPED).tolist() == [24]
    assert f"clipped: {name}" in found.attrs["history"]


@pytest.mark.parametrize(
    ("hour", "name", "value", "words"),
    [
        (24, "ghi", "-6", "ghi is out of range .* got -6"),
        (24, "relative_humidity", "106", "relative_humidity is out of range"),
        (24, "wind_speed", "220", "wind_speed is out of range .* got 61"),
        (24, "ghi", "150", "ghi exceeds 1.2 times what the sun sends"),
        (24, "dni", "300", "dni exceeds 1.2 times what the sun sends"),
        (42, "ghi", "1100", "ghi exceeds 1.2 times what the sun sends"),
        (36, "ghi", "1600", "ghi is out of range"),
        (36, "temp_air", "70", "temp_air is out of range"),
    ],
)
def test_far_outside_is_refused_and_with_repair_mended_and_flagged(sound, read, hour, name, value, words):
    lines = with_cell(sound, hour, name, value)
    with pytest.raises(DataError, match=words):
        read(lines)
    with pytest.warns(WeatherWarning):
        mended = read(lines, repair=True)
    assert mended[f"flag_{name}"].values[hour] & (flags.FILLED | flags.CLIPPED)
    assert check_weather(mended) is mended


# corrupt and truncated NetCDF; size bombs -----------------------------------------------------------------------------


@pytest.mark.parametrize("reader", [read_netcdf, read_era5])
@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(4000)])
def test_garbage_is_no_netcdf(tmp_path, reader, content):
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.nc"):
        reader(tmp_path / "x.nc")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_netcdf_is_refused(tmp_path, share):
    tw.era5_cell(TRUTH).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    content = (tmp_path / "x.nc").read_bytes()
    (tmp_path / "x.nc").write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="cannot be read as NetCDF-4"):
        read_era5(tmp_path / "x.nc")


def _text_bomb(path: Path, line: bytes, lines: int) -> None:
    with path.open("wb") as stream:
        for _ in range(lines // 10_000):
            stream.write(line * 10_000)


BOMBS = {
    "a row of 10 MB": lambda path: path.write_bytes(b"time,ghi [W/m2]\n" + b"1" * 10_000_000),
    "a row of 10 MB of commas": lambda path: path.write_bytes(b"time,ghi [W/m2]\n" + b"," * 10_000_000),
    "millions of rows": lambda path: _text_bomb(path, b"2025-01-01T00:00Z,1\n", 3_000_000),
    "millions of empty rows": lambda path: _text_bomb(path, b"\n", 20_000_000),
    "a sparse terabyte": lambda path: (path.touch(), os.truncate(path, 10**12)),
    "millions of lists": lambda path: path.write_bytes(b'{"a":[' + b"[]," * 10_000_000 + b"[]]}"),
    "millions of numbers": lambda path: path.write_bytes(b'{"a":[' + b"0.1," * 12_000_000 + b"0]}"),
    "a million brackets": lambda path: path.write_bytes(b'{"a":' + b"[" * 1_000_000),
    "a number of a million digits": lambda path: path.write_bytes(b'{"inputs":' + b"9" * 1_000_000 + b"}"),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("reader", [read_csv, read_pvgis, read_nasa_power, read_era5, read_netcdf])
def test_size_bombs_are_refused(tmp_path, reader, bomb):
    BOMBS[bomb](tmp_path / "bomb")
    with pytest.raises(DataError, match="bomb") as caught:
        reader(tmp_path / "bomb")
    assert len(str(caught.value)) < 2000


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for reader in (read_csv, read_pvgis, read_nasa_power, read_era5):
        with pytest.raises(DataError, match="is a pipe or a device"):
            reader(tmp_path / "pipe")
        with pytest.raises(DataError, match="no such file"):
            reader(tmp_path / "none")
        with pytest.raises(DataError, match="is a folder"):
            reader(tmp_path)
