import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from weather import WeatherWarning, read_epw, repair_log
from weather.conventions.errors import DataError
from weather.conventions.variables import REQUIRED

FILES = (
    "CHN_CQ_Chongqing.Shapingba.575160_CSWD.epw",
    "CHN_SC_Chengdu-Shuangliu.AP.562940_TMYx.2009-2023.epw",
    "CHN_SX_Taiyuan.537720_TMYx.epw",
    "CHN_XZ_Urumqi-Diwopu.AP.514635_TMYx.epw",
    "CHN_YN_Kunming-Wujiaba.AP.567780_TMYx.epw",
)


def test_one_day_is_left_labelled_utc(write_epw, one_day_rows, expected_values):
    day = read_epw(write_epw(one_day_rows))
    assert day.sizes == {"time": 24}
    assert day["time"].values[0] == np.datetime64("2001-06-20T16:00")  # 21 June 00:00 at +8
    assert day.attrs["typical_year"] == 1 and day.attrs["utc_offset_h"] == 8.0
    assert (float(day["latitude"]), float(day["longitude"]), float(day["altitude_m"])) == (37.50, 105.19, 1226.0)
    for hour in range(24):
        wanted = expected_values(172, hour)
        found = {name: float(day[name][hour]) for name in wanted}
        assert found == pytest.approx(wanted, abs=1e-9)


def test_zone_of_the_file_moves_the_stamps(write_epw, one_day_rows):
    rows = [one_day_rows[0].replace("105.19,8.0,", "-119.81,-7.0,"), *one_day_rows[1:]]  # the same sun, 15 h west
    assert read_epw(write_epw(rows))["time"].values[0] == np.datetime64("2001-06-21T07:00")


def test_whole_year_in_order(write_epw, whole_year_rows):
    year = read_epw(write_epw(whole_year_rows))
    assert year.sizes == {"time": 8760}
    assert year["time"].values[0] == np.datetime64("2000-12-31T16:00")
    assert np.unique(np.diff(year["time"].values)) == np.timedelta64(1, "h")


@pytest.mark.parametrize("name", FILES)
def test_measured_files_agree_with_pvlib(shared_data_dir, name):
    path = shared_data_dir / "weather" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)
        ours = read_epw(path)
    theirs, place = pvlib.iotools.read_epw(path, coerce_year=2001)
    ground = {"precipitation", "snow_depth"}  # see test_weather_ground.py
    assert {name for name in ours.data_vars if not name.startswith("flag_")} - ground == {*REQUIRED, "wind_direction"}
    stamps = pd.DatetimeIndex(theirs.index).tz_convert("UTC").tz_localize(None)
    # pvlib coerces the year of the last hour after shifting, so only the first 8759 stamps are comparable
    assert np.array_equal(ours["time"].values[:-1], stamps.to_numpy("datetime64[ns]")[:-1])
    columns = {"pressure": "atmospheric_pressure"}
    for variable in set(REQUIRED) - {"dni", "dhi"}:
        assert np.array_equal(ours[variable].values, theirs[columns.get(variable, variable)].to_numpy(float))
    possible = theirs["dni"].to_numpy() <= 1400
    for variable in ("dni", "dhi"):
        assert np.array_equal(ours[variable].values[possible], theirs[variable].to_numpy(float)[possible])
    assert float(ours["altitude_m"]) == place["altitude"]


def test_beam_stronger_than_the_sun_is_repaired_aloud(shared_data_dir):
    with pytest.warns(WeatherWarning, match="14 interval"):
        weather = read_epw(shared_data_dir / "weather" / FILES[0])
    row = 915 - 9
    assert float(weather["dni"][row]) == 0.0 and float(weather["dhi"][row]) == float(weather["ghi"][row]) == 58.0
    assert "14 interval(s)" in weather.attrs["history"]
    assert [(entry.variable, entry.meaning, entry.count) for entry in repair_log(weather)] == [
        ("dni", "replaced", 14),
        ("dhi", "replaced", 14),
    ]


def test_broken_beam_column_is_refused(write_epw, one_day_rows):
    with pytest.raises(DataError, match="dni is out of range in 1 value"):
        read_epw(write_epw(replaced(one_day_rows, row=20, column=14, text="5000")))


def replaced(rows: list[str], *, row: int, column: int, text: str) -> list[str]:
    parts = rows[row - 1].split(",")
    parts[column] = text
    return [*rows[: row - 1], ",".join(parts), *rows[row:]]


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        (6, "warm", "row 12: temp_air is 'warm'; expected a number"),
        (6, "nan", "row 12: temp_air is 'nan'"),
        (3, "7", "row 12: found month, day, hour 6, 21, 7, expected 6, 21, 4"),
        (2, "x", "row 12: found month, day, hour 6, x, 4"),
        (6, "inf", "row 12: temp_air is 'inf'; expected a number."),
        (13, "", "row 12: ghi is ''; expected a number."),
        (9, "870", "row 12 (2001-06-20T19:00Z): pressure is out of range in 1 value(s): got 870, allowed 45000 to"),
        (8, "-3", "row 12 (2001-06-20T19:00Z): relative_humidity is out of range"),
        (6, "9999", "temp_air is out of range in 1 value(s): got 9999, allowed -90 to 60 degC"),
        (21, "99.9", "row 12 (2001-06-20T19:00Z): wind_speed is out of range"),
    ],
)
def test_bad_cell_names_file_and_row(write_epw, one_day_rows, column, text, words):
    path = write_epw(replaced(one_day_rows, row=12, column=column, text=text))
    with pytest.raises(DataError, match=re.escape(words)) as caught:
        read_epw(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("column", "code", "name"),
    [
        (6, "99.9", "temp_air"),
        (7, "99.9", "temp_dew"),
        (8, "999", "relative_humidity"),
        (9, "999999", "pressure"),
        (13, "9999", "ghi"),
        (15, "9999.0", "dhi"),
        (21, "999", "wind_speed"),
    ],
)
def test_missing_codes_are_bridged_for_three_hours_and_no_longer(write_epw, one_day_rows, column, code, name):
    whole = read_epw(write_epw(one_day_rows))[name].values
    rows = one_day_rows
    for row in (20, 21, 22):
        rows = replaced(rows, row=row, column=column, text=code)
    with pytest.warns(WeatherWarning, match=f"filled: {name} in 3 interval"):
        bridged = read_epw(write_epw(rows))
    assert [(entry.variable, entry.meaning, entry.count) for entry in repair_log(bridged)] == [(name, "filled", 3)]
    assert list(np.flatnonzero(bridged[f"flag_{name}"].values)) == [11, 12, 13]
    assert bridged[name].values == pytest.approx(whole, rel=0.12)
    with pytest.raises(DataError, match=f"{name} is missing in 4 interval.*the longest is 4 h from 2001-06-21T03:00Z"):
        read_epw(write_epw(replaced(rows, row=23, column=column, text=code)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-3], "21 data rows, expected 24"),
        (lambda rows: rows[:8], "0 data rows, expected 24"),
        (lambda rows: rows[:5], "expected 'LOCATION,...' and 8 header rows"),
        (lambda rows: ["<html>", *rows[1:]], "row 1: found '<html>'"),
        (lambda rows: ["LOCATION,x,y", *rows[1:]], "3 fields in LOCATION"),
        (lambda rows: [rows[0].replace("37.50", "97.50"), *rows[1:]], "latitude is '97.50'"),
        (lambda rows: [*rows[:-1], "1999,6,21,24,0"], "row 32: 5 columns, expected 35 as in row 9"),
        (lambda rows: [*rows[:-1], rows[-1].rsplit(",", 9)[0]], "row 32: 26 columns, expected 35 as in row 9"),
        (lambda rows: [*rows[:11], rows[11].replace(".", ",", 1), *rows[12:]], "row 12: 36 columns, expected 35"),
        (lambda rows: [*rows[:8], *(row[:40] for row in rows[8:])], "expected 35, at least 22"),
        (lambda rows: [*rows, rows[-1]], "25 data rows, expected 24"),
        (lambda rows: [*rows[:12], *rows[13:], rows[-1]], "row 13: found month, day, hour 6, 21, 6, expected 6, 21, 5"),
        (lambda rows: [*rows[:7], "DATA", *rows[8:]], "row 8: found 'DATA'"),
        (lambda rows: [*rows[:7], "DATA PERIODS,1,4,Data,Sunday,6/21,6/21", *rows[8:]], "4 record(s) per hour"),
        (lambda rows: [*rows[:7], "DATA PERIODS,1,1,Data,Sunday,6/21,2/29", *rows[8:]], "'2/29' is not a day"),
        (lambda rows: [*rows[:7], "DATA PERIODS,1,1,Data,Sunday,6/21,6/20", *rows[8:]], "before it starts"),
    ],
)
def test_malformed_file_is_explained(write_epw, one_day_rows, change, words):
    path = write_epw(change(one_day_rows))
    with pytest.raises(DataError, match=re.escape(words)) as caught:
        read_epw(path)
    assert str(path) in str(caught.value)


def test_cut_year_is_refused(write_epw, whole_year_rows):
    with pytest.raises(DataError, match="5000 data rows, expected 8760"):
        read_epw(write_epw(whole_year_rows[:5008]))


def test_huge_file_is_refused(tmp_path: Path):
    huge = tmp_path / "huge.epw"
    with huge.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)  # sparse
    with pytest.raises(DataError, match="at most 64 MB"):
        read_epw(huge)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.0005, 0.3, 0.9999])
def test_measured_file_cut_anywhere_is_refused(shared_data_dir, tmp_path, name, share):
    content = (shared_data_dir / "weather" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: round(share * len(content))])
    with pytest.raises(DataError, match=re.escape(str(path))):
        read_epw(path)


@pytest.mark.parametrize(("name", "encoding"), [("中卫", "gb18030"), ("Köln", "latin-1"), ("Zürich", "cp1252")])
def test_names_in_any_encoding_do_not_stop_the_numbers(tmp_path, one_day_rows, name, encoding):
    rows = [row.encode() for row in one_day_rows]
    path = tmp_path / "test.epw"
    path.write_bytes(b"\n".join([rows[0].replace(b"Testville", name.encode(encoding)), *rows[1:]]))
    weather = read_epw(path)
    assert float(weather["latitude"]) == 37.5 and "CHN, synthetic" in weather.attrs["source"]


def test_bytes_that_are_no_numbers_are_refused_by_row(tmp_path, one_day_rows):
    rows = [row.encode() for row in one_day_rows]
    path = tmp_path / "test.epw"
    path.write_bytes(b"\n".join([*rows[:19], rows[19].replace(b"7", b"\xb7"), *rows[20:]]))
    with pytest.raises(DataError, match="row 20: byte 0xB7"):
        read_epw(path)
    path.write_bytes("\n".join(one_day_rows).encode("utf-16"))
    with pytest.raises(DataError, match=r"row 1: found .* expected 'LOCATION"):
        read_epw(path)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_utf8_names_marks_and_line_ends_are_read(tmp_path, one_day_rows, ends):
    path = tmp_path / "test.epw"
    # a form feed and a line separator inside a comment end no row
    comment = "COMMENTS 1,a\x0cb\u2028c"
    rows = [one_day_rows[0].replace("Testville", "中卫"), *one_day_rows[1:5], comment, *one_day_rows[6:]]
    path.write_bytes(ends.join(rows).encode("utf-8-sig") + (ends * 3).encode())
    day = read_epw(path)
    assert day.sizes == {"time": 24} and "中卫" in day.attrs["source"]


def test_rows_may_end_after_the_wind(write_epw, one_day_rows):
    short = [*one_day_rows[:8], *(",".join(row.split(",")[:22]) for row in one_day_rows[8:])]
    assert read_epw(write_epw(short))["wind_speed"].values == pytest.approx(2.0 + 0.1 * np.arange(24))
