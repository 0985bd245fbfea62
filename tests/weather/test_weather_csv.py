"""The user's own CSV: what it must say, times to UTC exactly, units, missing codes, and written form back to itself."""

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import true_weather as tw
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from weather import WeatherWarning, read_csv, read_epw, read_tmy3, repair_log, write_csv
from weather.conventions import flags
from weather.conventions.errors import DataError, OutputError
from weather.sources.csv import read_csv_source

TRUTH = tw.Truth(np.datetime64("2025-06-20"), 37.5, 105.2, 1226.0)
PLACE = {"latitude": 48.2, "longitude": 16.4, "altitude_m": 200.0}


def read(text: str, folder: Path, **how: object):
    path = folder / "own.csv"
    path.write_text(text)
    return read_csv(path, **how)


def table(times: list[str], *, head: str = "", step: float = 0.5) -> str:
    """Night weather without a clock to find: each row its own temperature."""
    rows = [f"{time},0,{10 + step * i},50,3" for i, time in enumerate(times)]
    names = "time,ghi [W/m2],temp_air [degC],relative_humidity [%],wind_speed [m/s]"
    return "\n".join([*head.splitlines(), "# label: start", names, *rows]) + "\n"


def hours(first: str, count: int = 24, *, suffix: str = "") -> list[str]:
    return [f"{stamp:%Y-%m-%dT%H:%M}{suffix}" for stamp in pd.date_range(first, periods=count, freq="h")]


# what the file must say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["latitude", "longitude", "altitude_m"])
def test_a_place_that_is_not_said_is_asked_for(tmp_path, name):
    text = tw.own_csv(TRUTH).replace(f"# {name}:", "# nothing:")
    with pytest.raises(DataError, match=f'does not say its {name}. Put a row "# {name}: ...'):
        read(text, tmp_path)
    assert read(text, tmp_path, **{name: getattr(TRUTH, name)}).attrs[name] == getattr(TRUTH, name)


def test_a_keyword_overrides_the_file(tmp_path):
    found = read(tw.own_csv(TRUTH), tmp_path, altitude_m=1300.0, check=False)
    assert float(found["altitude_m"]) == 1300.0


@pytest.mark.parametrize(("name", "value"), [("latitude", 91.0), ("longitude", -181.0), ("altitude_m", float("nan"))])
def test_an_impossible_place_is_refused(tmp_path, name, value):
    with pytest.raises(DataError, match=f"{name} is '{value}'"):
        read(tw.own_csv(TRUTH), tmp_path, **{name: value})


def test_a_label_that_is_not_said_is_asked_for(tmp_path):
    text = tw.own_csv(TRUTH).replace("# label: start\n", "")
    with pytest.raises(
        DataError, match="what a stamp is of the interval of ghi is not said; allowed: start, end, middle"
    ):
        read(text, tmp_path)
    with pytest.raises(DataError, match="of ghi is 'left'"):
        read(text, tmp_path, label="left")
    assert read(text, tmp_path, label="start").sizes["time"] == tw.HOURS


def test_a_variable_may_have_a_label_of_its_own(tmp_path):
    """As many loggers write: sums at the end of the hour, the rest of that moment."""
    text = tw.own_csv(TRUTH, label="end")
    plain = read(text, tmp_path)
    for how in ({"label": {"temp_air": "instant"}}, {}):
        told = text if how else text.replace("# label: end\n", "# label: end\n# label.temp_air: instant\n")
        found = read(told, tmp_path, **how)
        assert found["time"].values[0] == TRUTH.starts[1]
        assert np.array_equal(found["ghi"].values, plain["ghi"].values[1:])
        ends = plain["temp_air"].values
        assert found["temp_air"].values == pytest.approx((ends[:-1] + ends[1:]) / 2.0)


@pytest.mark.parametrize("name", ["ghi", "temp_air", "pressure", "wind_speed"])
def test_a_unit_that_is_not_said_is_asked_for(tmp_path, name):
    text = tw.own_csv(TRUTH).replace(f"{name} [{tw.CSV_COLUMNS[name]}]", name)
    with pytest.raises(DataError, match=rf"row 7: no unit is said of {name}\. Write it in the header, {name} \["):
        read(text, tmp_path)
    found = read(text, tmp_path, units={name: tw.CSV_COLUMNS[name]})
    assert found[name].values == pytest.approx(read(tw.own_csv(TRUTH), tmp_path)[name].values)


def test_an_unknown_unit_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"temp_air: unit 'Kelvin' cannot be read as degC; allowed: C, K"):
        read(tw.own_csv(TRUTH).replace("[degC]", "[Kelvin]", 1), tmp_path)


@pytest.mark.parametrize(
    ("name", "unit", "make"),
    [
        ("ghi", "kW/m2", lambda v: v / 1000),
        ("temp_air", "K", lambda v: v + 273.15),
        ("temp_air", "degF", lambda v: v * 1.8 + 32),
        ("relative_humidity", "1", lambda v: v / 100),
        ("pressure", "kPa", lambda v: v / 1000),
        ("wind_speed", "kn", lambda v: v * 3600 / 1852),
    ],
)
def test_units_that_are_said_are_converted(tmp_path, name, unit, make):
    plain = read(tw.own_csv(TRUTH), tmp_path)
    lines = tw.own_csv(TRUTH).splitlines()
    names = lines[6].split(",")
    column = next(i for i, text in enumerate(names) if text.startswith(name))
    names[column] = f"{name} [{unit}]"
    body = [line.split(",") for line in lines[7:]]
    for i, row in enumerate(body):
        row[column] = repr(float(make(plain[name].values[i])))
    text = "\n".join([*lines[:6], ",".join(names), *(",".join(row) for row in body)])
    assert read(text, tmp_path)[name].values == pytest.approx(plain[name].values, abs=1e-8)


def test_columns_may_have_names_of_their_own(tmp_path):
    text = tw.own_csv(TRUTH).replace("ghi [W/m2]", "Irradiance").replace("time,", "Zeit,", 1)
    names = {"Irradiance": "ghi", "Zeit": "time"}
    assert read(text, tmp_path, columns=names, units={"ghi": "W/m2"}).sizes["time"] == tw.HOURS
    with pytest.raises(DataError, match="no column 'Sun'"):
        read(text, tmp_path, columns={"Sun": "ghi"} | names)
    with pytest.raises(DataError, match="no variable of weather: columns: sunshine"):
        read(text, tmp_path, columns={"Irradiance": "sunshine"})
    with pytest.raises(DataError, match="no column 'time'"):
        read(text, tmp_path)


def test_a_column_left_out_is_named(tmp_path):
    text = tw.own_csv(TRUTH).replace("wind_direction [degree]", "Snow [cm]")
    with pytest.warns(WeatherWarning, match=r"columns left out, no variables of weather: Snow \[cm\]"):
        assert "wind_direction" not in read(text, tmp_path)


def test_a_column_may_not_come_twice(tmp_path):
    text = tw.own_csv(TRUTH).replace("dni [W/m2]", "ghi [kW/m2]")
    with pytest.raises(DataError, match=r"ghi is there twice: 'ghi \[W/m2\]' and 'ghi \[kW/m2\]'"):
        read(text, tmp_path)


# times --------------------------------------------------------------------------------------------------------------


def test_naive_times_need_a_zone(tmp_path):
    text = table(hours("2025-06-20"))
    with pytest.raises(DataError, match=r"row 3: time '2025-06-20T00:00' has no offset from UTC, and no zone is given"):
        read(text, tmp_path, **PLACE)
    for zone in ("+08:00", "UTC+8", "Asia/Shanghai"):
        found = read(text, tmp_path, tz=zone, **PLACE)
        assert found["time"].values[0] == np.datetime64("2025-06-19T16:00") and found.attrs["utc_offset_h"] == 8.0
    told = read(table(hours("2025-06-20"), head="# utc_offset_h: -3.5"), tmp_path, **PLACE)
    assert told["time"].values[0] == np.datetime64("2025-06-20T03:30") and told.attrs["utc_offset_h"] == -3.5


@pytest.mark.parametrize("zone", ["Asia", "Mars/Base", "+15:00", "-13", "../etc", "UTC+8:99", "", "\x00"])
def test_an_unknown_zone_is_refused(tmp_path, zone):
    with pytest.raises(DataError, match="is unknown; allowed: a zone as Asia/Shanghai"):
        read(table(hours("2025-06-20")), tmp_path, tz=zone, **PLACE)


def test_mixed_offsets_are_one_time(tmp_path):
    """The same hours, their offset written differently every time."""
    utc = pd.date_range("2025-06-20", periods=24, freq="h")
    offsets = ("Z", "+00:00", "+08:00", "-03:30", "+0530", "+01")
    times = []
    for i, stamp in enumerate(utc):
        text = offsets[i % len(offsets)]
        shift = {"Z": 0, "+00:00": 0, "+08:00": 480, "-03:30": -210, "+0530": 330, "+01": 60}[text]
        times.append(f"{stamp + pd.Timedelta(minutes=shift):%Y-%m-%dT%H:%M:%S}{text}")
    found = read(table(times), tmp_path, **PLACE)
    assert np.array_equal(found["time"].values, utc.to_numpy("datetime64[ns]")) and found.attrs["utc_offset_h"] == 0.0


def test_some_with_and_some_without_offset_are_refused(tmp_path):
    times = hours("2025-06-20", suffix="Z")
    times[5] = times[5].rstrip("Z")
    with pytest.raises(DataError, match=r"row 8: time '2025-06-20T05:00' has no offset from UTC, other rows have one"):
        read(table(times), tmp_path, **PLACE)


@pytest.mark.parametrize(("day", "length"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_days_of_23_and_25_hours_keep_their_energy(tmp_path, day, length):
    """Vienna's clocks change; with offsets every hour is where it was."""
    local = pd.date_range(f"{day} 00:00", f"{day} 23:59", freq="h", tz="Europe/Vienna")
    assert len(local) == length
    texts = [stamp.isoformat() for stamp in local]
    text = table(texts, step=0.3)
    given = sum(10 + 0.3 * i for i in range(length))
    found = read(text, tmp_path, **PLACE)
    assert np.array_equal(found["time"].values, local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]"))
    assert float(found["temp_air"].sum()) == pytest.approx(given, rel=1e-9)


def test_naive_times_of_a_zone_with_summer_time(tmp_path):
    zone = {"tz": "Europe/Vienna"} | PLACE
    local = pd.date_range("2025-03-30", periods=23, freq="h", tz="Europe/Vienna")
    naive = [f"{stamp:%Y-%m-%dT%H:%M}" for stamp in local]
    found = read(table(naive), tmp_path, **zone)
    assert np.array_equal(found["time"].values, local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]"))
    assert found.attrs["utc_offset_h"] == 1.0
    with pytest.raises(DataError, match="2025-03-30T02:00 was there not at all in Europe/Vienna, where clocks change"):
        read(table(hours("2025-03-30")), tmp_path, **zone)
    with pytest.raises(DataError, match=r"2025-10-26T02:00 was there twice in Europe/Vienna.*with their offset"):
        read(table(hours("2025-10-26")), tmp_path, **zone)


@pytest.mark.parametrize(
    "text",
    [
        "20/06/2025 01:00",
        "2025-06-31T01:00Z",
        "2025-06-20T24:00Z",
        "2025-06-20",
        "1750377600",
        "",
        "2025-06-20T01:00+99:00",
    ],
)
def test_what_is_no_time_is_refused(tmp_path, text):
    times = hours("2025-06-20", suffix="Z")
    times[1] = text
    with pytest.raises(DataError, match=r"row 4: time is .*; expected ISO 8601"):
        read(table(times), tmp_path, **PLACE)


@pytest.mark.parametrize(("unit", "per_s"), [("s", 1), ("seconds", 1), ("ms", 1000)])
def test_seconds_since_1970_where_the_header_says_so(tmp_path, unit, per_s):
    seconds = pd.date_range("2025-06-20", periods=24, freq="h").astype("datetime64[s]").astype("int64")
    text = table([str(int(value) * per_s) for value in seconds]).replace("time,", f"time [{unit} since 1970-01-01],")
    found = read(text, tmp_path, tz="Asia/Shanghai", **PLACE)
    assert found["time"].values[0] == np.datetime64("2025-06-20") and found["time"].values[-1] == np.datetime64(
        "2025-06-20T23"
    )
    with pytest.raises(DataError, match="time has unit 'min since 1970-01-01'; allowed"):
        read(text.replace(f"[{unit} since", "[min since"), tmp_path, **PLACE)
    with pytest.raises(DataError, match="is missing or beyond the year 2255"):
        read(text.replace("\n1750377600", "\n9999999999999999"), tmp_path, **PLACE) if per_s == 1 else read(
            text.replace("\n1750377600000", "\n"), tmp_path, **PLACE
        )


@pytest.mark.parametrize("minutes", [5, 10, 15, 30, 60, 180])
def test_any_step_that_divides_a_day_is_fine(tmp_path, minutes):
    stamps = pd.date_range("2025-06-20", periods=24, freq=f"{minutes}min")
    found = read(table([f"{stamp:%Y-%m-%dT%H:%M}Z" for stamp in stamps]), tmp_path, **PLACE)
    assert np.unique(np.diff(found["time"].values)) == np.timedelta64(minutes, "m")


@pytest.mark.parametrize("minutes", [7, 50, 1500])
def test_a_step_that_does_not_is_refused(tmp_path, minutes):
    stamps = pd.date_range("2025-06-20", periods=24, freq=f"{minutes}min")
    with pytest.raises(DataError, match=f"its step is {minutes} min, which does not divide a day"):
        read(table([f"{stamp:%Y-%m-%dT%H:%M}Z" for stamp in stamps]), tmp_path, **PLACE)


# numbers ------------------------------------------------------------------------------------------------------------


def cell(text: str, row: int, column: int, value: str) -> str:
    lines = text.splitlines()
    parts = lines[row - 1].split(",")
    parts[column] = value
    lines[row - 1] = ",".join(parts)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("code", ["", "NaN", "nan", "NA", "N/A", "null", " ", "None"])
@pytest.mark.parametrize("column", [1, 4])
def test_empty_cells_are_missing(tmp_path, code, column):
    with pytest.warns(WeatherWarning, match="filled"):
        found = read(cell(tw.own_csv(TRUTH), 50, column, code), tmp_path)
    name = list(tw.CSV_COLUMNS)[column - 1]
    assert found[f"flag_{name}"].values[42] & flags.FILLED


@pytest.mark.parametrize("code", ["-99", "-999", "-9999", "9999", "99999", "6553.5", "-99.0"])
@pytest.mark.parametrize("name", ["ghi", "temp_air", "relative_humidity", "wind_speed"])
def test_codes_are_missing_where_no_weather_is_so(tmp_path, code, name):
    column = 1 + list(tw.CSV_COLUMNS).index(name)
    with pytest.warns(WeatherWarning, match="filled"):
        found = read(cell(tw.own_csv(TRUTH), 50, column, code), tmp_path)
    assert f"taken as missing: {name} {float(code):g} in 1 row(s)" in found.attrs["history"]
    assert np.flatnonzero(found[f"flag_{name}"].values & flags.FILLED).tolist() == [42]


def test_a_code_that_is_possible_weather_is_weather(tmp_path):
    truth = tw.Truth(np.datetime64("2025-06-20"), 37.5, 105.2, 100.0)
    text = tw.own_csv(truth).replace("pressure [hPa]", "pressure [Pa]")
    lines = text.splitlines()
    at = lines[6].split(",").index("pressure [Pa]")
    for row in range(8, len(lines) + 1):
        text = cell(text, row, at, "99999")
    assert read(text, tmp_path)["pressure"].values == pytest.approx(99999.0)
    assert "taken as missing" not in read(text, tmp_path).attrs["history"]


def test_text_is_named_by_its_first_20_rows(tmp_path):
    text = tw.own_csv(TRUTH)
    for row in range(20, 45):
        text = cell(text, row, 4, "warm")
    with pytest.raises(
        DataError, match=r"row 20, row 21, .*row 39 and 5 more: temp_air \[degC\] is 'warm'.* 25 such"
    ) as caught:
        read(text, tmp_path)
    assert "row 40" not in str(caught.value)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999", "1_0", "0x1A", "12,5", "12;5", "1 2", "十"])
def test_what_is_no_number_is_refused(tmp_path, value):
    with pytest.raises(DataError, match=r"row 50"):
        read(cell(tw.own_csv(TRUTH), 50, 4, value), tmp_path)


def test_quotes_blanks_marks_and_line_ends_are_no_matter(tmp_path):
    plain = read(tw.own_csv(TRUTH), tmp_path)
    lines = tw.own_csv(TRUTH).splitlines()
    quoted = [line if line.startswith("#") else ",".join(f'"{part}" ' for part in line.split(",")) for line in lines]
    for ends in ("\n", "\r\n", "\r"):
        (tmp_path / "own.csv").write_bytes(ends.join([*quoted, "", ""]).encode("utf-8-sig"))
        assert plain.equals(read_csv(tmp_path / "own.csv"))


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_refused_with_a_remedy(tmp_path, separator, word):
    text = tw.own_csv(TRUTH).replace(",", separator).replace(".", ",")
    with pytest.raises(DataError, match=rf"is one column with {word}; .*decimal=','"):
        read(text, tmp_path)


def test_a_row_of_another_width_is_named(tmp_path):
    with pytest.raises(DataError, match=r"row 50: 11 columns, the header has 10"):
        read(cell(tw.own_csv(TRUTH), 50, 4, "12,5"), tmp_path)
    with pytest.raises(DataError, match=r"row 127: \d columns, the header has 10"):
        read(tw.own_csv(TRUTH)[:-40], tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "# latitude: 1\n", "time,ghi [W/m2]\n", "a\nb\n", "\x00\x00"])
def test_what_is_no_table_is_explained(tmp_path, text):
    with pytest.raises(DataError, match=str(tmp_path)):
        read(text, tmp_path, latitude=1.0, longitude=1.0, altitude_m=1.0)


def test_text_that_is_not_utf8_is_refused_by_row(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(tw.own_csv(TRUTH).replace("a test", "中卫").encode("gb18030"))
    with pytest.raises(DataError, match=r"row 6: byte 0xD6 is not UTF-8 text. Save it as UTF-8"):
        read_csv(path)


# the written form ---------------------------------------------------------------------------------------------------


def test_written_weather_reads_back_as_it_was(tmp_path):
    weather = TRUTH.dataset().assign_attrs(
        source='a "test", 中卫\nof\u2028two lines # x: 1', history="one\ntwo", licence="none"
    )
    write_csv(weather, tmp_path / "w.csv")
    back = read_csv(tmp_path / "w.csv")
    xr.testing.assert_identical(back, weather)
    write_csv(back, tmp_path / "again.csv")
    assert (tmp_path / "w.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_a_typical_year_with_flags_reads_back_as_it_was(tmp_path, shared_data_dir):
    import pvlib

    files = [Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"]
    year = read_tmy3(files[0])
    write_csv(year, tmp_path / "w.csv")
    xr.testing.assert_identical(read_csv(tmp_path / "w.csv"), year)
    with pytest.warns(WeatherWarning):
        year = read_epw(shared_data_dir / "weather" / "CHN_CQ_Chongqing.Shapingba.575160_CSWD.epw")
    write_csv(year, tmp_path / "w.csv")
    back = read_csv(tmp_path / "w.csv")
    xr.testing.assert_identical(back, year)
    assert repair_log(back) == repair_log(year) != ()


@given(values=st.lists(st.floats(-50.0, 40.0), min_size=3, max_size=30), nudge=st.integers(0, 10**9))
def test_every_number_reads_back_to_the_bit(tmp_path_factory, values, nudge):
    weather = TRUTH.dataset().isel(time=slice(0, len(values))).copy(deep=True)
    weather["temp_air"].values[:] = values
    weather["temp_dew"].values[:] = np.array(values) - 1e-9 * nudge
    path = tmp_path_factory.getbasetemp() / "bits.csv"
    write_csv(weather, path)
    xr.testing.assert_identical(read_csv(path, check=False), weather)


def test_flags_that_are_none_are_refused(tmp_path):
    weather = TRUTH.dataset()
    weather["flag_ghi"] = ("time", np.ones(tw.HOURS, dtype=np.uint8), flags.attrs())
    write_csv(weather, tmp_path / "w.csv")
    text = (tmp_path / "w.csv").read_text()
    assert (read(text, tmp_path)["flag_ghi"].values == 1).all()
    for value in ("64", "-1", "0.5", ""):
        with pytest.raises(DataError, match="flag_ghi must flag a column of the file"):
            read(text.replace(",1\n", f",{value}\n", 1), tmp_path)


def test_a_plans_source_names_the_file(tmp_path):
    (tmp_path / "own.csv").write_text(tw.own_csv(TRUTH))
    assert read_csv_source(tmp_path / "own.csv").attrs["source"] == f"CSV {tmp_path / 'own.csv'}: a test"
    (tmp_path / "own.csv").write_text(tw.own_csv(TRUTH).replace("# source: a test\n", ""))
    assert read_csv_source(tmp_path / "own.csv").attrs["source"] == f"CSV {tmp_path / 'own.csv'}"


def test_several_places_are_not_written(tmp_path):
    weather = xr.concat([TRUTH.dataset()] * 2, dim="node").assign_coords(node=["a", "b"])
    for name in ("latitude", "longitude", "altitude_m"):
        del weather.attrs[name]
    with pytest.raises(DataError, match="a CSV file holds one place"):
        write_csv(weather, tmp_path / "w.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OutputError, match="cannot be written"):
        write_csv(TRUTH.dataset(), tmp_path / "w.csv")


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "w.csv").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_csv(TRUTH.dataset(), tmp_path / "w.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["w.csv"]
