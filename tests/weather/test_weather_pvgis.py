"""PVGIS: what a stamp is in each database, planes, units, the ring of a year, damage."""

import json
from pathlib import Path

import numpy as np
import pytest
import true_weather as tw
from pvlib.iotools import read_pvgis_hourly, read_pvgis_tmy

from weather import WeatherWarning, label_shift_hours, read_epw, read_pvgis
from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.sources.pvgis import parse_pvgis

TRUTH = tw.Truth(np.datetime64("2001-06-20"), 37.5, 105.2, 1226.0)
pytestmark = pytest.mark.filterwarnings("ignore:(?s).*dew point taken as:weather.conventions.WeatherWarning")


def read(data: dict | str, folder: Path):
    path = folder / "pvgis.txt"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_pvgis(path)


def series(**inputs: object) -> dict:
    data = tw.pvgis_series(TRUTH)
    data["inputs"] |= inputs
    return data


def test_the_writers_of_the_tests_agree_with_pvlib(tmp_path):
    """The forms the tests write are those pvlib reads."""
    data = tw.pvgis_series(TRUTH)
    for form, text in (("json", json.dumps(data)), ("csv", tw.pvgis_table(data).replace("\r\n", "\n"))):
        path = tmp_path / f"series.{form}"
        path.write_text(text)
        frame, _ = read_pvgis_hourly(path, pvgis_format=form)
        assert frame.index[0].minute == 10 and frame["temp_air"].iloc[5] == data["outputs"]["hourly"][5]["T2m"]
    year = tw.pvgis_year(TRUTH) | {"meta": {"inputs": {}}}
    path = tmp_path / "year.json"
    path.write_text(json.dumps(year))
    frame, _ = read_pvgis_tmy(path, pvgis_format="json")
    assert frame["ghi"].iloc[12] == year["outputs"]["tmy_hourly"][12]["G(h)"]


def test_satellite_values_are_instants_of_their_minute():
    draft = parse_pvgis(tw.pvgis_series(TRUTH, minute=10), where="x")
    assert set(draft.label.values()) == {"instant"}
    assert draft.time[0] == TRUTH.starts[0] + 10 * tw.MIN


def test_reanalysis_values_are_means_around_the_half_hour():
    draft = parse_pvgis(tw.pvgis_series(TRUTH, minute=30, database="PVGIS-ERA5"), where="x")
    assert draft.label["ghi"] == draft.label["dhi"] == "middle" and draft.label["temp_air"] == "instant"


def test_satellite_values_at_the_half_hour_are_instants_still():
    assert parse_pvgis(tw.pvgis_series(TRUTH, minute=30), where="x").label["ghi"] == "instant"


def test_a_year_of_images_before_the_hour_is_a_ring():
    """The first image of an offset below 0 is of the last hour of the year."""
    stamps = np.datetime64("2001-01-01", "ns") + np.arange(8760) * tw.H
    rows = [
        {"time(UTC)": str(stamp)[:13].replace("-", "").replace("T", ":") + "00", "G(h)": float(i), "T2m": 1.0}
        for i, stamp in enumerate(stamps)
    ]
    inputs = {"location": {"latitude": 10.0, "longitude": 0.0, "elevation": 0.0, "irradiance_time_offset": -0.2}}
    draft = parse_pvgis({"inputs": inputs, "outputs": {"tmy_hourly": rows}}, where="x")
    assert draft.values["ghi"][0] == 1.0 and draft.values["ghi"][-1] == 0.0
    assert draft.instants("ghi")[0] == stamps[1] - np.timedelta64(720, "s")
    assert draft.instants("temp_air")[0] == stamps[0]


def test_a_year_without_offset_says_so(tmp_path):
    data = tw.pvgis_year(TRUTH, offset_h=0.0)
    del data["inputs"]["location"]["irradiance_time_offset"]
    found = read(data, tmp_path)
    assert "no irradiance time offset" in found.attrs["history"] and label_shift_hours(found) == 0.0


def test_an_offset_that_was_lost_is_found_by_the_sun(tmp_path):
    data = tw.pvgis_year(TRUTH, offset_h=0.5)
    data["inputs"]["location"]["irradiance_time_offset"] = 0.0  # as older versions wrote for ERA5
    with pytest.warns(WeatherWarning, match=r"stamped 0\.5 h too early"):
        read(data, tmp_path)


def test_years_that_differ_by_month_become_one(tmp_path):
    rows = tw.pvgis_year(TRUTH)
    for index, row in enumerate(rows["outputs"]["tmy_hourly"]):
        row["time(UTC)"] = f"{2005 + index % 3}{row['time(UTC)'][4:]}"  # even within a month
    found = read(rows, tmp_path)
    assert set(np.datetime_as_string(found["time"].values, unit="Y")) == {"2001"}


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ({"fixed": {"slope": {"value": 35, "optimal": False}}}, "a plane of slope 35; horizontal radiation cannot"),
        ({"fixed": {"slope": {"value": "-"}}}, "a plane of slope -"),
        ({"two_axis": {"slope": {"value": "-"}}}, r"a plane that is moved \(two_axis\)"),
        ({}, "a plane that is moved"),
    ],
)
def test_a_tilted_plane_is_refused_with_what_to_ask_for(tmp_path, system, words):
    with pytest.raises(DataError, match=rf"(?s){words}.*angle=0, trackingtype=0, components=1"):
        read(series(mounting_system=system), tmp_path)


def test_a_tilted_table_is_refused(tmp_path):
    text = tw.pvgis_table(tw.pvgis_series(TRUTH))
    with pytest.raises(DataError, match="of slope 35"):
        read(text.replace("Slope: 0 deg. ", "Slope: 35 deg. (optimum)"), tmp_path)


def test_global_alone_is_split(tmp_path):
    data = tw.pvgis_series(TRUTH)
    for row in data["outputs"]["hourly"]:
        row["G(i)"] = round(row.pop("Gb(i)") + row.pop("Gd(i)") + row.pop("Gr(i)"), 2)
    found = read(data, tmp_path)
    assert (found["flag_dni"].values & flags.DERIVED).all() and (found["flag_dhi"].values & flags.DERIVED).all()
    assert found["ghi"].values[2] == pytest.approx(TRUTH.dataset()["ghi"].values[2], abs=6.0)


def test_what_pvgis_reconstructed_is_flagged(tmp_path):
    data = tw.pvgis_series(TRUTH)
    data["outputs"]["hourly"][30]["Int"] = 1.0
    marks = read(data, tmp_path)["flag_ghi"].values & flags.FILLED
    assert marks[30] and 1 <= (marks > 0).sum() <= 3


def test_humidity_that_is_not_there_is_assumed_aloud(tmp_path):
    with pytest.warns(WeatherWarning, match="no humidity in the file: dew point taken as the lowest temperature"):
        found = read(tw.pvgis_series(TRUTH), tmp_path)
    assert (found["temp_dew"].values <= found["temp_air"].values + 1e-9).all()
    for name in ("temp_dew", "relative_humidity", "pressure"):
        assert (found[f"flag_{name}"].values & flags.DERIVED).all()


def test_a_typical_year_as_epw_is_read_as_one(tmp_path):
    tw.write_epw(TRUTH, tmp_path / "pvgis.txt")
    with pytest.raises(DataError, match="is an EPW file"):
        read_pvgis(tmp_path / "pvgis.txt")
    assert read_epw(tmp_path / "pvgis.txt").sizes["time"] == tw.HOURS


def _without(path: tuple[str, ...]) -> dict:
    data = tw.pvgis_series(TRUTH)
    held = data
    for name in path[:-1]:
        held = held[name]
    del held[path[-1]]
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_without(("outputs",)), "holds no outputs"),
        (_without(("inputs",)), "holds no inputs"),
        (_without(("inputs", "location", "elevation")), "holds no elevation"),
        (series(location={"latitude": 95, "longitude": 1, "elevation": 1}), "latitude is '95'"),
        (series(location=[1]), "inputs.location is a list"),
        ({"inputs": series()["inputs"], "outputs": {"monthly": []}}, "holds no outputs.hourly"),
        ({"inputs": series()["inputs"], "outputs": {"hourly": []}}, "is no list of rows"),
        ({"inputs": series()["inputs"], "outputs": {"hourly": [1]}}, "is no list of rows"),
        ({"message": "Location over the sea", "status": 400}, r"holds no inputs \(but message, status\)"),
        ([1], "JSON with a list at its top|expected the JSON or CSV"),
    ],
)
def test_what_is_not_pvgis_is_explained(tmp_path, data, words):
    with pytest.raises(DataError, match=words):
        read(data, tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("time", "20200101:2510", "row 4 of its data: time is '20200101:2510'"),
        ("time", "2020-01-01T00:10", "row 4 of its data: time is"),
        ("T2m", "warm", r"row 4 of its data: T2m is 'warm'"),
        ("T2m", True, "T2m is 'True'"),
        ("T2m", [1], r"T2m is '\[1\]'"),
        ("Gb(i)", 1e999, r"Gb\(i\) is 'inf'"),
        ("T2m", 10**400, "T2m is"),
    ],
)
def test_a_bad_cell_is_named(column, value, words):
    data = tw.pvgis_series(TRUTH)
    data["outputs"]["hourly"][3][column] = value
    with pytest.raises(DataError, match=words):
        parse_pvgis(data, where="x")


def test_another_unit_than_pvgis_own_is_refused():
    data = tw.pvgis_series(TRUTH)
    data["meta"]["outputs"]["hourly"]["variables"]["T2m"]["units"] = "K"
    with pytest.raises(DataError, match="T2m has unit 'K'"):
        parse_pvgis(data, where="x")
    data["meta"]["outputs"]["hourly"]["variables"]["T2m"]["units"] = ["K"]
    with pytest.raises(DataError, match=r"T2m has unit \"\['K'\]\""):
        parse_pvgis(data, where="x")
    text = tw.pvgis_table(tw.pvgis_series(TRUTH)).replace("(degree Celsius)", "(K)")
    from weather.sources.pvgis import _json_of_table

    with pytest.raises(DataError, match="T2m has unit 'K'"):
        parse_pvgis(_json_of_table(text, "x"), where="x")


def test_a_table_that_is_cut_is_refused(tmp_path):
    text = tw.pvgis_table(tw.pvgis_series(TRUTH))
    at = text.index("20010621")
    with pytest.raises(DataError, match="columns, expected 8"):
        read(text[: at + 30], tmp_path)
    with pytest.raises(DataError, match="expected the JSON or CSV of PVGIS"):
        read(text[at:], tmp_path)
    with pytest.raises(DataError, match="is not JSON"):
        read(json.dumps(tw.pvgis_series(TRUTH))[:-20], tmp_path)


def test_json_of_millions_of_parts_is_refused_at_once(tmp_path):
    with pytest.raises(DataError, match="3,000,001 objects and lists"):
        read("{" + '"a":[' + "[]," * 2_999_998 + "[]]}", tmp_path)
    with pytest.raises(DataError, match="is not JSON"):
        read("{" + '"a":' + "[" * 100_000, tmp_path)
