"""Answers of Open-Meteo: what a stamp is, what a unit is, who the members are; and every answer that is spoilt."""

import copy
import json
import math
import warnings
from typing import Any
from unittest.mock import patch

import fetch_bodies as bodies
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from weather import (
    WeatherWarning,
    check_weather,
    fetch_nasa_power,
    fetch_open_meteo,
    fetch_open_meteo_nodes,
    fetch_pvgis,
    read_open_meteo,
)
from weather.conventions import flags
from weather.conventions.errors import ConfigError, DataError, SourceUnavailable
from weather.fetch.open_meteo import ENSEMBLE_NAMES
from weather.fetch.settings import FetchSettings
from weather.nodes import load_nodes
from weather.quality.finish import finish
from weather.sources.open_meteo import parse_open_meteo

PLACE = {"latitude": bodies.LATITUDE, "longitude": bodies.LONGITUDE}
HOUR = np.timedelta64(1, "h")


def made(body: Any, **given: Any) -> xr.Dataset:
    return finish(parse_open_meteo(body, where="x.json", **given))


def spoilt(change) -> dict:
    body = bodies.open_meteo()
    change(body)
    return body


# -- what a stamp is ---------------------------------------------------------------------------------------------------


def test_radiation_is_of_the_hour_before_its_stamp_and_the_rest_of_the_stamp():
    body = bodies.open_meteo()
    weather = made(body)
    hourly = body["hourly"]
    first = np.datetime64(hourly["time"][0], "s").astype("datetime64[ns]")
    assert weather["time"].values[0] == first and weather.sizes["time"] == len(hourly["time"]) - 1
    # the mean over [t, t + 1 h) stands under t + 1 h
    np.testing.assert_allclose(weather["ghi"].values, hourly["shortwave_radiation"][1:], rtol=1e-12)
    np.testing.assert_allclose(weather["dni"].values, hourly["direct_normal_irradiance"][1:], rtol=1e-12)
    np.testing.assert_allclose(weather["dhi"].values, hourly["diffuse_radiation"][1:], rtol=1e-12)
    for name, key, factor in (("temp_air", "temperature_2m", 1.0), ("pressure", "surface_pressure", 100.0)):
        held = factor * np.array(hourly[key])
        np.testing.assert_allclose(weather[name].values, (held[:-1] + held[1:]) / 2.0, rtol=1e-12)
        assert (weather[f"flag_{name}"].values == flags.FROM_INSTANTS).all()
    assert "flag_ghi" not in weather


def test_iso_stamps_are_local_time_and_unix_stamps_are_not():
    """With a zone asked for: the same hours, in the one form ahead of UTC by the offset, in the other in UTC."""
    there = bodies.open_meteo()
    there |= {"utc_offset_seconds": 28_800, "timezone": "Asia/Shanghai"}
    plain = made(copy.deepcopy(there))
    local = [str(np.datetime64(stamp + 28_800, "s"))[:16] for stamp in there["hourly"]["time"]]
    there["hourly"]["time"], there["hourly_units"]["time"] = local, "iso8601"
    weather = made(there)
    assert (weather["time"].values == plain["time"].values).all()
    assert weather.attrs["utc_offset_h"] == 8.0 and plain.attrs["utc_offset_h"] == 0.0
    xr.testing.assert_equal(weather, plain)


def test_a_clock_that_is_hours_off_is_refused():
    """As local stamps whose offset was lost."""

    def lose_offset(body):
        body["hourly"]["time"] = [stamp + 28_800 for stamp in body["hourly"]["time"]]

    with pytest.raises(DataError, match="the clock of the whole source"):
        made(spoilt(lose_offset))


@pytest.mark.parametrize(
    ("stamps", "form", "told"),
    [
        (["2026-06-10T00:00", "10.06.2026 01:00"], "iso8601", "holds '10.06.2026 01:00'; expected local times"),
        (["2026-02-29T00:00", "2026-02-30T00:00"], "iso8601", "expected local times"),
        (["2026-06-10T00:00", 7], "iso8601", "holds 7; expected local times"),
        ([0.5, 3600.5], "unixtime", "other than whole seconds"),
        ([0, 10**30], "unixtime", "other than whole seconds"),
        ([True, False], "unixtime", "other than whole seconds"),
        ([0], "unixtime", "1 stamps in hourly.time"),
        (None, "unixtime", "no stamps in hourly.time"),
        ([0, 3600], "weeks", "hourly.time is in 'weeks'; allowed: unixtime, iso8601"),
        ([0, 3600], None, "hourly.time is in None"),
    ],
)
def test_stamps_that_are_none_are_refused(stamps, form, told):
    body = bodies.open_meteo()
    body["hourly"]["time"], body["hourly_units"]["time"] = stamps, form
    with pytest.raises(DataError, match=told.replace(".", r"\.")):
        made(body)


# -- what a unit is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "unit", "remedy"),
    [
        ("wind_speed_10m", "km/h", "wind_speed_unit=ms"),
        ("wind_speed_100m", "mp/h", "wind_speed_unit=ms"),
        ("temperature_2m", "°F", "temperature_unit=celsius"),
        ("shortwave_radiation", "MJ/m²", "default unit"),
        ("surface_pressure", "Pa", "default unit"),
        ("relative_humidity_2m", "fraction", "default unit"),
        ("temperature_2m", None, "temperature_unit=celsius"),
        ("wind_speed_10m", "undefined", "wind_speed_unit=ms"),
    ],
)
def test_a_unit_that_was_not_asked_for_is_refused(key, unit, remedy):
    with pytest.raises(DataError, match=rf"{key} is in .*expected .*{remedy}"):
        made(spoilt(lambda body: body["hourly_units"].update({key: unit})))


def test_a_height_the_model_does_not_have_is_left_out():
    weather = made(bodies.open_meteo())
    assert {"wind_speed_80m", "wind_speed_100m"} <= set(weather.data_vars)
    assert not {"wind_speed_120m", "wind_speed_180m"} & set(weather.data_vars)
    assert weather["wind_speed_100m"].attrs["height_m"] == 100.0


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_the_end_a_forecast_does_not_reach_is_cut_off_for_every_variable():
    def cut(body):
        for column in body["hourly"].values():
            if column is not body["hourly"]["time"]:
                column[60:] = [None] * len(column[60:])

    with pytest.warns(WeatherWarning, match=r"cut off: 13 interval\(s\) at the ends"):
        weather = made(spoilt(cut))
    assert weather.sizes["time"] == 59
    assert {"wind_speed_80m", "wind_speed_100m", "wind_direction"} <= set(weather.data_vars)


def test_a_variable_that_nobody_must_have_goes_with_a_warning_where_it_has_holes():
    def hole(body):
        body["hourly"]["wind_speed_100m"][20:30] = [None] * 10

    with pytest.warns(WeatherWarning, match="wind_speed_100m is missing in .* left out"):
        weather = made(spoilt(hole))
    assert "wind_speed_100m" not in weather and weather.sizes["time"] == bodies.HOURS


def test_null_throughout_is_not_held():
    with pytest.raises(DataError, match="holds no temp_air"):
        made(spoilt(lambda body: body["hourly"].update(temperature_2m=[None] * (bodies.HOURS + 1))))


def test_dew_point_and_humidity_stand_in_for_each_other():
    weather = made(spoilt(lambda body: body["hourly"].pop("dew_point_2m")))
    assert (weather["flag_temp_dew"].values & flags.DERIVED > 0).all()
    np.testing.assert_allclose(weather["temp_dew"], made(bodies.open_meteo())["temp_dew"], atol=0.5)


# -- who the members are -----------------------------------------------------------------------------------------------


def test_the_plain_name_is_member_0_of_an_ensemble():
    weather = made(bodies.open_meteo_ensemble(4))
    assert dict(weather.sizes) == {"member": 4, "time": bodies.HOURS}
    noon = int(weather["ghi"].isel(member=0).argmax("time"))
    control = float(weather["ghi"][0, noon])
    np.testing.assert_allclose(weather["ghi"][:, noon], control * np.array([1.0, 0.95, 0.9, 0.85]), rtol=1e-3)
    single = made(bodies.open_meteo())
    np.testing.assert_allclose(weather["ghi"][0], single["ghi"], atol=0.01)
    # beam and diffuse are split here, from ghi, and flagged
    assert (weather["flag_dni"].values & flags.DERIVED > 0).all()
    assert weather["dni"].dims == ("member", "time")


def test_members_are_numbered_not_spelt():
    """member10 stands after member09, not after member01."""
    body = bodies.open_meteo_ensemble(12)
    body["hourly"] = dict(sorted(body["hourly"].items()))
    weather = made(body)
    noon = int(weather["ghi"].isel(member=0).argmax("time"))
    assert (np.diff(weather["ghi"][:, noon]) < 0.0).all()
    assert (np.diff(weather["wind_speed"].isel(time=noon)) > 0.0).all()


def test_a_member_without_a_variable_is_left_out_and_told():
    body = bodies.open_meteo_ensemble(3)
    body["hourly"]["temperature_2m_member01"] = [None] * (bodies.HOURS + 1)
    with pytest.warns(WeatherWarning, match=r"left out: ensemble member\(s\) 1, which lack a variable"):
        weather = made(body)
    assert weather.sizes["member"] == 2
    noon = int(weather["ghi"].isel(member=0).argmax("time"))
    assert float(weather["ghi"][1, noon] / weather["ghi"][0, noon]) == pytest.approx(0.9, rel=1e-3)


def test_a_height_one_member_lacks_goes_for_all():
    body = bodies.open_meteo_ensemble(3)
    body["hourly"]["wind_speed_100m_member02"] = [None] * (bodies.HOURS + 1)
    with pytest.warns(WeatherWarning, match="left out: wind_speed_100m, which not every ensemble member has"):
        weather = made(body)
    assert weather.sizes["member"] == 3 and "wind_speed_100m" not in weather


def test_members_of_one_variable_alone_are_refused():
    body = bodies.open_meteo_ensemble(3)
    del body["hourly"]["temperature_2m_member01"]
    with pytest.raises(DataError, match="temperature_2m has 2 of 3 ensemble members, member 1 is not among them"):
        made(body)


def test_older_names_of_ensemble_models_lead_to_newer_ones():
    assert ENSEMBLE_NAMES["gfs025"] == "ncep_gefs025"
    assert all(new not in ENSEMBLE_NAMES for new in ENSEMBLE_NAMES.values())


# -- which run ---------------------------------------------------------------------------------------------------------


def test_a_previous_run_is_told_in_source_and_history():
    weather = made(bodies.open_meteo(suffix="_previous_day2"))
    xr.testing.assert_equal(weather, made(bodies.open_meteo()))
    assert "as forecast 2 day(s) before" in weather.attrs["source"]
    assert "as forecast 2 day(s) before" in weather.attrs["history"]


def two_runs() -> dict:
    body, other = bodies.open_meteo(suffix="_previous_day1"), bodies.open_meteo(suffix="_previous_day3")
    other["hourly"]["temperature_2m_previous_day3"] = [t + 1.0 for t in other["hourly"]["temperature_2m_previous_day3"]]
    return body | {
        "hourly": body["hourly"] | other["hourly"],
        "hourly_units": body["hourly_units"] | other["hourly_units"],
    }


def test_of_several_runs_one_must_be_named():
    with pytest.raises(DataError, match="holds runs of 1, 3 days before; say which"):
        made(two_runs())
    first, third = (made(two_runs(), previous_day=day) for day in (1, 3))
    np.testing.assert_allclose(third["temp_air"] - first["temp_air"], 1.0, atol=1e-9)
    with pytest.raises(DataError, match=r"holds no run of 2 day\(s\) before, only 1, 3"):
        made(two_runs(), previous_day=2)


# -- saved answers -----------------------------------------------------------------------------------------------------


def test_a_saved_answer_is_read(tmp_path):
    file = tmp_path / "place.json"
    file.write_text(json.dumps([bodies.open_meteo()]))
    weather = read_open_meteo(file)
    xr.testing.assert_equal(weather, made(bodies.open_meteo()))
    assert weather.attrs["source"] == "Open-Meteo place.json"
    assert "CC BY 4.0" in weather.attrs["licence"] and "non-commercial" in weather.attrs["licence"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no whole JSON"),
        ("[" * 99_999, "is no whole JSON"),
        ("[" + "[]," * 100_000 + "[]]", "is JSON of more than 100,000 lists"),
        (json.dumps([{}, {}]), "holds the answers for 2 places"),
        ("3", "is a JSON int"),
        (json.dumps({"error": True, "reason": "out of range"}), "is an error of the service: out of range"),
        (json.dumps({"daily": {}}), "has no table 'hourly', only daily"),
        (
            json.dumps({"hourly": {"time": [0, 3600], "rain": [1, 2]}, "hourly_units": {"time": "unixtime"}}),
            "holds none",
        ),
    ],
)
def test_a_file_that_is_no_answer_is_refused(tmp_path, text, told):
    file = tmp_path / "place.json"
    file.write_text(text)
    with pytest.raises(DataError, match=told) as caught:
        read_open_meteo(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ([1.0, 2.0], "has 2 values for 73 stamps"),
        ({"0": 1.0}, "has a dict, not a list of values"),
        (["20"] * 73, "holds '20'; expected numbers or null"),
        ([True] * 73, "holds 'True'"),
        ([math.inf] * 73, "infinite"),
        ([10**400] * 73, "infinite"),
        ([-99.9] * 73, "temp_air is out of range"),
    ],
)
def test_a_column_that_is_damaged_is_refused(column, told):
    with pytest.raises(DataError, match=told):
        made(spoilt(lambda body: body["hourly"].update(temperature_2m=column)))


@pytest.mark.parametrize(("name", "value"), [("latitude", 91.0), ("longitude", None), ("elevation", "high")])
def test_a_place_off_the_earth_is_refused(name, value):
    with pytest.raises(DataError, match=f"{name} is '{value}'; expected a number"):
        made(spoilt(lambda body: body.update({name: value})))


# -- several places, and far ones --------------------------------------------------------------------------------------


def network(body: Any):
    return patch("weather.fetch.answer.fetch_bytes", lambda query, limits: json.dumps(body).encode())


@pytest.fixture
def settings(tmp_path) -> FetchSettings:
    return FetchSettings(cache_folder=tmp_path)


def answers_for(nodes) -> list[dict]:
    return [bodies.open_meteo(latitude=node.latitude + 0.02, longitude=bodies.LONGITUDE) for node in nodes]


def test_several_places_come_in_one_call(settings):
    zhongwei = load_nodes()["zhongwei"]
    nodes = [zhongwei, _moved(zhongwei, "second", 0.2)]
    asked = []

    def once(query, *, limits):
        asked.append(dict(query.params))
        return json.dumps(answers_for(nodes)).encode()

    with patch("weather.fetch.answer.fetch_bytes", once):
        weather = fetch_open_meteo_nodes(nodes, settings=settings)
    check_weather(weather)
    assert dict(weather.sizes) == {"node": 2, "time": bodies.HOURS}
    assert list(weather["node"].values) == ["zhongwei", "second"]
    np.testing.assert_allclose(weather["latitude"], [node.latitude + 0.02 for node in nodes])
    assert weather.attrs["stale"] == 0 and "zhongwei: " in weather.attrs["licence"]
    assert asked[0]["latitude"].count(",") == 1 and asked[0]["elevation"].count(",") == 1
    assert len(asked) == 1


def _moved(node, name: str, north: float):
    return type(node)(name, name, name, node.province, node.latitude + north, node.longitude, node.altitude_m)


def test_an_answer_for_fewer_places_is_refused(settings):
    zhongwei = load_nodes()["zhongwei"]
    with network(answers_for([zhongwei])), pytest.raises(DataError, match=r"answers for 1 place\(s\), asked for 2"):
        fetch_open_meteo_nodes([zhongwei, _moved(zhongwei, "second", 0.2)], settings=settings)


def test_places_of_other_hours_keep_those_in_common(settings):
    zhongwei = load_nodes()["zhongwei"]
    nodes = [zhongwei, _moved(zhongwei, "second", 0.2)]
    bodies_of = answers_for(nodes)
    for key, column in bodies_of[1]["hourly"].items():
        bodies_of[1]["hourly"][key] = column[24:]
    with network(bodies_of):
        weather = fetch_open_meteo_nodes(nodes, settings=settings)
    assert weather.sizes["time"] == bodies.HOURS - 24


def test_no_node_and_an_ensemble_of_nodes_are_refused(settings):
    with pytest.raises(ConfigError, match="no node was given"):
        fetch_open_meteo_nodes([], settings=settings)
    with pytest.raises(ConfigError, match="fetched place by place"):
        fetch_open_meteo_nodes(list(load_nodes().values()), kind="ensemble", settings=settings)


def test_a_grid_cell_far_away_is_told(settings):
    with (
        network(bodies.open_meteo(latitude=bodies.LATITUDE + 0.6)),
        pytest.warns(WeatherWarning, match=r"of a cell at 38\.1, 105\.2, 67 km away"),
    ):
        weather = fetch_open_meteo(**PLACE, settings=settings)
    assert weather.attrs["latitude"] == pytest.approx(38.1)  # the weather's own place, not the one asked for
    with network(bodies.open_meteo(latitude=bodies.LATITUDE + 0.2)):
        fetch_open_meteo(**PLACE, forecast_days=3, settings=settings)


# -- every answer that is spoilt ---------------------------------------------------------------------------------------

ODD = st.sampled_from(
    [
        None,
        True,
        "x",
        "",
        "km/h",
        "-999",
        -999.0,
        1e300,
        -1e300,
        math.nan,
        math.inf,
        10**400,
        0,
        -1,
        [],
        {},
        [[]],
        [None],
    ]
)
SERVICES = {
    "forecast": (bodies.open_meteo, lambda **given: fetch_open_meteo(**given)),
    "ensemble": (bodies.open_meteo_ensemble, lambda **given: fetch_open_meteo(kind="ensemble", **given)),
    "previous": (
        lambda: bodies.open_meteo(suffix="_previous_day1"),
        lambda **given: fetch_open_meteo(kind="previous_runs", **given),
    ),
    "nasa": (bodies.nasa_power, lambda **given: fetch_nasa_power(start="2026-06-10", end="2026-06-12", **given)),
    "pvgis": (bodies.pvgis, lambda **given: fetch_pvgis(**given)),
    "pvgis hourly": (lambda: bodies.pvgis("hourly"), lambda **given: fetch_pvgis(kind="hourly", **given)),
}


def spoil_one(data: st.DataObject, value: Any) -> Any:
    """The value with one thing in it, somewhere, replaced, dropped, doubled or swapped."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)) > 0:
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: spoil_one(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)) > 0:
        at = data.draw(st.integers(0, len(value) - 1))
        way = data.draw(st.sampled_from(["inside", "inside", "drop", "double", "swap", "cut"]))
        return {
            "inside": lambda: [*value[:at], spoil_one(data, value[at]), *value[at + 1 :]],
            "drop": lambda: value[:at] + value[at + 1 :],
            "double": lambda: [*value[:at], value[at], *value[at:]],
            "swap": lambda: [*value[at:], *value[:at]],
            "cut": lambda: value[:at],
        }[way]()
    return data.draw(ODD)


def is_settled(call) -> xr.Dataset | None:
    """Weather that passes the check, or an error of the kinds that are allowed; never anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", WeatherWarning)
        try:
            return check_weather(call())
        except (DataError, SourceUnavailable) as error:
            assert len(str(error)) > 20
            return None


@pytest.mark.parametrize("service", SERVICES)
@given(data=st.data())
def test_a_body_with_a_spoilt_part_is_refused_or_gives_weather(tmp_path_factory, service, data):
    make, fetch = SERVICES[service]
    body = make()
    for _ in range(data.draw(st.integers(1, 2))):
        body = spoil_one(data, body)
    settings = FetchSettings(cache_folder=tmp_path_factory.getbasetemp() / "spoilt")
    with network(body):
        is_settled(lambda: fetch(**PLACE, settings=settings, max_age_h=0.0))


@pytest.mark.parametrize("service", SERVICES)
@given(data=st.data())
def test_a_body_with_spoilt_bytes_is_refused_or_gives_weather(tmp_path_factory, service, data):
    make, fetch = SERVICES[service]
    raw = bytearray(json.dumps(make()).encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    change = data.draw(st.binary(max_size=8))
    raw[at : at + data.draw(st.integers(0, 8))] = change
    settings = FetchSettings(cache_folder=tmp_path_factory.getbasetemp() / "spoilt")
    with patch("weather.fetch.answer.fetch_bytes", lambda query, limits: bytes(raw)):
        is_settled(lambda: fetch(**PLACE, settings=settings, max_age_h=0.0))


def test_the_tests_above_would_notice():
    """A body that is not spoilt gives weather, one that is wholly spoilt an error."""
    assert is_settled(lambda: made(bodies.open_meteo())) is not None
    assert is_settled(lambda: made({})) is None
    with pytest.raises(ZeroDivisionError):
        is_settled(lambda: 1 / 0)
