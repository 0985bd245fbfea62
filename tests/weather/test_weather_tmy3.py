"""TMY3: labels, the ring of the year, missing codes, damage. The two files are those pvlib brings."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
import true_weather as tw

from weather import WeatherWarning, label_shift_hours, read_tmy3
from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.sources.typical import map_typical_year

FOLDER = Path(pvlib.__file__).parent / "data"
FILES = ("723170TYA.CSV", "703165TY.csv")
TRUTH = tw.Truth(np.datetime64("2001-06-20"), 37.5, 105.2, 1226.0)


@pytest.fixture
def rows(tmp_path):
    tw.write_tmy3(TRUTH, tmp_path / "x.tmy3")
    return (tmp_path / "x.tmy3").read_text().splitlines()


def read(rows: list[str], folder: Path):
    path = folder / "test.tmy3"
    path.write_text("\n".join(rows) + "\n")
    return read_tmy3(path)


def changed(rows: list[str], row: int, column: int, text: str) -> list[str]:
    parts = rows[row - 1].split(",")
    parts[column] = text
    return [*rows[: row - 1], ",".join(parts), *rows[row:]]


@pytest.mark.parametrize("name", FILES)
def test_a_whole_year_agrees_with_pvlib(name):
    ours = read_tmy3(FOLDER / name)
    theirs, place = pvlib.iotools.read_tmy3(FOLDER / name, coerce_year=2001)
    offset = place["TZ"]
    assert ours.sizes == {"time": 8760} and ours.attrs["utc_offset_h"] == offset and ours.attrs["typical_year"] == 1
    assert ours["time"].values[0] == np.datetime64("2001-01-01T00") - np.timedelta64(int(offset), "h")
    ends = pd.DatetimeIndex(theirs.index).tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")
    assert np.array_equal(ours["time"].values + tw.H, ends)
    for variable in ("ghi", "dni", "dhi"):
        assert np.array_equal(ours[variable].values, theirs[variable].to_numpy(float))
        assert f"flag_{variable}" not in ours
    # the mean between the instants at both ends of the hour; the year's first instant is its last
    ends_of = theirs["temp_air"].to_numpy(float)
    assert ours["temp_air"].values == pytest.approx((np.roll(ends_of, 1) + ends_of) / 2.0)
    assert (ours["flag_temp_air"].values == flags.FROM_INSTANTS).all()
    middle = theirs["pressure"].to_numpy(float)
    assert ours["pressure"].values == pytest.approx(50.0 * (np.roll(middle, 1) + middle))
    assert (float(ours["latitude"]), float(ours["altitude_m"])) == (place["latitude"], place["altitude"])


@pytest.mark.parametrize("name", FILES)
def test_the_clock_of_real_files_is_right(name):
    assert label_shift_hours(read_tmy3(FOLDER / name)) == 0.0


def test_a_year_is_laid_onto_a_leap_year():
    year = read_tmy3(FOLDER / FILES[0])
    window = map_typical_year(year, time=time_axis("2024-02-28", horizon_h=72), where="test")
    assert window.sizes == {"time": 72} and np.isfinite(window["ghi"].values).all()


def test_a_part_of_a_year_lacks_its_first_hour(rows, tmp_path):
    part = read(rows, tmp_path)
    assert part["time"].values[0] == TRUTH.starts[1] and part.sizes["time"] == tw.HOURS - 1


def test_missing_codes_are_bridged(rows, tmp_path):
    broken = changed(rows, 60, 6, "-9900")
    with pytest.warns(WeatherWarning, match="temp_air"):
        found = read(broken, tmp_path)
    assert (found["flag_temp_air"].values & flags.FILLED).sum() == 2  # both hours that rest on the instant
    whole = read(rows, tmp_path)
    assert np.abs(found["temp_air"].values - whole["temp_air"].values).max() < 0.5


def test_a_long_gap_is_refused(rows, tmp_path):
    broken = rows
    for row in range(60, 66):
        broken = changed(broken, row, 2, "-9900")
    with pytest.raises(DataError, match=r"ghi is missing in 6 interval"):
        read(broken, tmp_path)


def test_a_station_number_may_be_text(rows, tmp_path):
    first = ",".join(["A1-2", '"中卫"', *rows[0].split(",")[2:]])
    assert "中卫" in read([first, *rows[1:]], tmp_path).attrs["source"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[1:], r"row 1: found 'Date \(MM/DD/YYYY\)"),
        (lambda rows: rows[:3], "3 rows; a TMY3 file has two of header"),
        (lambda rows: [rows[0].replace("37.5", "97.5"), *rows[1:]], "row 1: latitude is '97.5'"),
        (lambda rows: [rows[0].replace("8.0", "x", 1), *rows[1:]], "row 1: utc_offset_h is 'x'"),
        (lambda rows: [*rows[:40], rows[40][:30], *rows[41:]], "row 41: 6 columns, expected 12 as in row 2"),
        (lambda rows: [*rows[:40], rows[40].replace(".", ","), *rows[41:]], "decimal comma"),
        (lambda rows: [rows[0], rows[1].replace("Time (HH:MM)", "Hour"), *rows[2:]], "cannot be read as TMY3"),
        (
            lambda rows: [rows[0], rows[1].replace("GHI (W", "GHI (kW"), *rows[2:]],
            r"no column GHI \(W/m\^2\), with these",
        ),
        (lambda rows: changed(rows, 30, 6, "warm"), "row 30: temp_air is 'warm'"),
        (lambda rows: changed(rows, 30, 6, "inf"), "row 30: temp_air is 'inf'"),
        (lambda rows: changed(rows, 30, 9, "87"), "pressure is out of range"),
        (lambda rows: changed(rows, 30, 0, "02/29/1996"), "row 30: found 02/29/1996"),
        (lambda rows: changed(rows, 30, 1, "25:00"), "row 30"),
        (lambda rows: changed(rows, 30, 1, "00:30"), "row 30: found"),
        (lambda rows: [*rows[:30], *rows[31:]], "row 31: found .* after .*; expected every hour in its order"),
        (lambda rows: [*rows[:30], rows[31], rows[30], *rows[32:]], "expected every hour in its order"),
        (lambda rows: [*rows[:40], "x" * 30_000, *rows[41:]], "row 41: 30,000 characters; allowed 20,000"),
    ],
)
def test_damage_is_explained(rows, tmp_path, change, words):
    with pytest.raises(DataError, match=words) as caught:
        read(change(rows), tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_no_other_bytes(tmp_path):
    path = tmp_path / "x"
    for content in (b"", b"\n", b"\x00" * 100, b"\xff\xfe", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=re.escape(str(path))):
            read_tmy3(path)
