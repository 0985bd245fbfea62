"""NASA POWER: clocks, fill values, units, both forms, damage."""

import json
from pathlib import Path

import numpy as np
import pytest
import true_weather as tw

from weather import WeatherWarning, read_nasa_power
from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.sources.nasa_power import parse_nasa_power

TRUTH = tw.Truth(np.datetime64("2025-06-20"), 37.5, 105.2, 1226.0)


def body(**more: object) -> dict:
    return tw.nasa_power(TRUTH) | more


def read(data: dict | str, folder: Path):
    path = folder / "power"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_nasa_power(path)


@pytest.mark.parametrize(
    ("longitude", "hours"), [(87.0, 6.0), (97.4, 6.0), (97.6, 7.0), (105.2, 7.0), (-100.0, -7.0), (5.0, 0.0)]
)
def test_solar_time_is_that_of_the_swath_of_15_degrees(longitude, hours):
    data = tw.nasa_power(tw.Truth(np.datetime64("2025-06-20"), 37.5, longitude, 100.0), standard="LST")
    draft = parse_nasa_power(data, where="x")
    assert draft.attrs["utc_offset_h"] == hours
    first = min(data["properties"]["parameter"]["T2M"])
    wanted = np.datetime64(f"{first[:4]}-{first[4:6]}-{first[6:8]}T{first[8:]}") - np.timedelta64(int(hours), "h")
    assert draft.time[0] == wanted


def test_another_clock_is_refused():
    with pytest.raises(DataError, match="time_standard is 'GMT'; allowed: UTC, LST"):
        parse_nasa_power(body(header={"fill_value": -999.0, "time_standard": "GMT"}), where="x")


def test_solar_time_read_as_utc_is_found_by_the_sun(tmp_path):
    data = tw.nasa_power(TRUTH, standard="LST")
    data["header"]["time_standard"] = "UTC"
    with pytest.raises(DataError, match="clock of the whole source"):
        read(data, tmp_path)


def test_fill_values_are_missing_and_bridged(tmp_path):
    data = body()
    stamps = list(data["properties"]["parameter"]["T2M"])
    data["properties"]["parameter"]["T2M"][stamps[30]] = -999.0
    del data["properties"]["parameter"]["PS"][stamps[40]]
    with pytest.warns(WeatherWarning, match="filled: temp_air"):
        found = read(data, tmp_path)
    assert found["flag_temp_air"].values[30] == flags.FILLED and found["flag_pressure"].values[40] == flags.FILLED


def test_the_fill_value_is_the_headers_own(tmp_path):
    data = body()
    stamps = list(data["properties"]["parameter"]["T2M"])
    data["properties"]["parameter"]["T2M"][stamps[30]] = 77777.0
    data["header"]["fill_value"] = 77777.0
    with pytest.warns(WeatherWarning, match="filled: temp_air"):
        read(data, tmp_path)
    data["header"]["fill_value"] = -999.0
    with pytest.raises(DataError, match=r"temp_air is out of range in 1 value\(s\): got 77777"):
        read(data, tmp_path)


def test_energy_of_the_hour_in_megajoule_is_converted(tmp_path):
    data = body()
    for name in ("ALLSKY_SFC_SW_DWN", "ALLSKY_SFC_SW_DNI", "ALLSKY_SFC_SW_DIFF"):
        column = data["properties"]["parameter"][name]
        data["properties"]["parameter"][name] = {stamp: value * 3.6e-3 for stamp, value in column.items()}
        data["parameters"][name]["units"] = "MJ/hr"
    assert read(data, tmp_path)["ghi"].values == pytest.approx(TRUTH.dataset()["ghi"].values, abs=0.01)


@pytest.mark.parametrize(
    ("name", "unit"), [("ALLSKY_SFC_SW_DWN", "kW-hr/m^2/day"), ("T2M", "F"), ("PS", "inHg"), ("WS10M", "W/m^2")]
)
def test_an_unknown_unit_is_refused(name, unit):
    data = body()
    data["parameters"][name]["units"] = unit
    with pytest.raises(DataError, match=f"{name}: unit '{unit.replace('^', chr(92) + '^')}' cannot be read"):
        parse_nasa_power(data, where="x")


def test_wind_at_two_metres_alone_does_not_do(tmp_path):
    data = body()
    data["properties"]["parameter"]["WS2M"] = data["properties"]["parameter"].pop("WS10M")
    with pytest.raises(DataError, match="holds no wind_speed"):
        read(data, tmp_path)


def test_wind_at_fifty_metres_gives_that_at_ten(tmp_path):
    data = body()
    data["properties"]["parameter"]["WS50M"] = data["properties"]["parameter"].pop("WS10M")
    data["parameters"]["WS50M"] = data["parameters"].pop("WS10M")
    found = read(data, tmp_path)
    assert found["wind_speed_50m"].attrs["height_m"] == 50.0
    assert (found["flag_wind_speed"].values & flags.DERIVED).all()
    assert found["wind_speed"].values == pytest.approx(found["wind_speed_50m"].values * 0.2 ** (1 / 7))


def _without(*names: str) -> dict:
    data = body()
    held = data
    for name in names[:-1]:
        held = held[name]
    del held[names[-1]]
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_without("geometry"), "holds no geometry"),
        (_without("header"), "holds no header"),
        (_without("header", "fill_value"), "holds no fill_value"),
        (_without("header", "time_standard"), "holds no time_standard"),
        (_without("parameters", "T2M"), r"holds no parameters\.T2M"),
        (_without("properties", "parameter"), r"holds no properties\.parameter"),
        (body(geometry={"coordinates": [105.0, 37.0]}), "expected longitude, latitude, altitude"),
        (body(geometry={"coordinates": [205.0, 37.0, 1.0]}), "longitude is '205.0'"),
        (body(properties={"parameter": {"TQV": {}}}), "holds TQV; expected some of"),
        (body(properties={"parameter": {"T2M": {"20250601": 1.0}}}), "'20250601' is no hour; expected stamps"),
        (body(properties={"parameter": {"T2M": {"2025063125": 1.0}}}), "'2025063125' is no hour"),
        (body(properties={"parameter": {"T2M": {"2025060100": "x"}}}), "2025060100: T2M is 'x'"),
        (body(properties={"parameter": {"T2M": {"2025060100": False}}}), "T2M is 'False'"),
        (body(properties={"parameter": {"T2M": []}}), "T2M is a list"),
        ({"messages": ["no data"], "header": "Failed"}, "holds no geometry"),
    ],
)
def test_what_is_damaged_is_explained(tmp_path, data, words):
    with pytest.raises(DataError, match=words):
        read(data, tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace(" in UTC", ""), "its header says nothing that matches"),
        (lambda text: text.replace("(kPa)", ""), "its header says nothing that matches"),
        (lambda text: text.replace("-END HEADER-", ""), "starts with '-BEGIN HEADER-'; expected the JSON or CSV"),
        (lambda text: text.replace("YEAR,MO,DY,HR,", "YEAR,MO,DY,"), "expected YEAR,MO,DY,HR and parameters"),
        (lambda text: text[:-20], r"row 138: \d+ columns, expected 13"),
        (lambda text: text + text.splitlines()[-1], "is there twice"),
        (lambda text: text[text.index("YEAR") :], "starts with 'YEAR,MO,DY,HR"),
        (lambda text: text[: text.index("YEAR") + 50], "holds no ghi and no temp_air"),
    ],
)
def test_a_damaged_table_is_explained(tmp_path, change, words):
    with pytest.raises(DataError, match=words):
        read(change(tw.nasa_table(tw.nasa_power(TRUTH))), tmp_path)
