"""Every getter against a server of this machine: what is good, what is not, and what is told of it."""

import copy
import json
import re
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fetch_bodies as bodies
import numpy as np
import pytest
import xarray as xr

from weather import WeatherWarning, check_weather, fetch_nasa_power, fetch_open_meteo, fetch_pvgis
from weather.conventions import flags
from weather.conventions.errors import ConfigError, DataError, SourceUnavailable
from weather.fetch import answer
from weather.fetch.http import LIMITS
from weather.fetch.settings import FetchSettings

KEY = "s3cret-key"
PLACE = {"latitude": bodies.LATITUDE, "longitude": bodies.LONGITUDE}


@dataclass(frozen=True)
class Getter:
    """One service: its path, how it is asked, its good answer, and that answer spoilt."""

    path: str
    fetch: Callable[..., xr.Dataset]
    body: Callable[[], Any]
    holes: Callable[[Any, slice], None]
    wrong_unit: Callable[[Any], None]
    unit_told: str


def _open_meteo_holes(body: dict, rows: slice) -> None:
    for key, column in body["hourly"].items():
        if key.startswith("temperature_2m"):
            column[rows] = [None] * len(column[rows])


def _open_meteo_unit(body: dict) -> None:
    for key in body["hourly_units"]:
        if key.startswith("wind_speed_10m"):
            body["hourly_units"][key] = "km/h"


def _nasa_holes(body: dict, rows: slice) -> None:
    column = body["properties"]["parameter"]["T2M"]
    for stamp in list(column)[rows]:
        column[stamp] = -999.0


def _pvgis_holes(output: str) -> Callable[[dict, slice], None]:
    def holes(body: dict, rows: slice) -> None:
        for row in body["outputs"][output][rows]:
            row["T2m"] = None

    return holes


def _pvgis_unit(output: str) -> Callable[[dict], None]:
    def wrong(body: dict) -> None:
        body["meta"] = {"outputs": {output: {"variables": {"WS10m": {"units": "km/h"}}}}}

    return wrong


GETTERS = {
    "open_meteo forecast": Getter(
        "/forecast", fetch_open_meteo, bodies.open_meteo, _open_meteo_holes, _open_meteo_unit, "wind_speed_unit=ms"
    ),
    "open_meteo ensemble": Getter(
        "/ensemble",
        lambda **given: fetch_open_meteo(kind="ensemble", **given),
        bodies.open_meteo_ensemble,
        _open_meteo_holes,
        _open_meteo_unit,
        "wind_speed_unit=ms",
    ),
    "open_meteo previous runs": Getter(
        "/previous",
        lambda **given: fetch_open_meteo(kind="previous_runs", previous_day=3, **given),
        lambda: bodies.open_meteo(suffix="_previous_day3"),
        _open_meteo_holes,
        _open_meteo_unit,
        "wind_speed_unit=ms",
    ),
    "nasa_power": Getter(
        "/power",
        lambda **given: fetch_nasa_power(start="2026-06-10", end="2026-06-12", **given),
        bodies.nasa_power,
        _nasa_holes,
        lambda body: body["parameters"]["WS10M"].update(units="furlong"),
        "furlong",
    ),
    "pvgis tmy": Getter(
        "/pvgis/tmy", fetch_pvgis, bodies.pvgis, _pvgis_holes("tmy_hourly"), _pvgis_unit("tmy_hourly"), "km/h"
    ),
    "pvgis hourly": Getter(
        "/pvgis/seriescalc",
        lambda **given: fetch_pvgis(kind="hourly", start=2026, end=2026, **given),
        lambda: bodies.pvgis("hourly"),
        _pvgis_holes("hourly"),
        _pvgis_unit("hourly"),
        "km/h",
    ),
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and rests between tries that do not last."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(answer, "LIMITS", replace(LIMITS, backoff_s=0.01))


def settings_for(base: str, folder: Path, **change: Any) -> FetchSettings:
    made = FetchSettings(
        open_meteo_url=f"{base}/forecast",
        open_meteo_ensemble_url=f"{base}/ensemble",
        open_meteo_previous_runs_url=f"{base}/previous",
        nasa_power_url=f"{base}/power",
        pvgis_url=f"{base}/pvgis/",
        cache_folder=folder,
        deadline_s=10.0,
    )
    return replace(made, **change)


@pytest.fixture
def settings(httpserver, tmp_path) -> FetchSettings:
    return settings_for(httpserver.url_for("").rstrip("/"), tmp_path / "kept")


@pytest.fixture(params=GETTERS)
def getter(request) -> Getter:
    return GETTERS[request.param]


def quietly(call: Callable[[], xr.Dataset]) -> xr.Dataset:
    """Without the warnings that PVGIS's hourly series holds no humidity, and that short gaps were filled."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*filled: ", category=WeatherWarning)
        warnings.filterwarnings("ignore", message=".*no humidity in the file", category=WeatherWarning)
        return call()


def test_a_good_answer_is_checked_weather(getter, httpserver, settings):
    httpserver.expect_request(getter.path).respond_with_json(getter.body())
    weather = quietly(lambda: getter.fetch(**PLACE, settings=settings))
    check_weather(weather)
    assert weather.sizes["time"] in (bodies.HOURS, bodies.HOURS + 1)
    assert weather.attrs["stale"] == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", weather.attrs["fetched_at"])
    assert weather.attrs["licence"] and f"from {httpserver.url_for(getter.path)}" in weather.attrs["history"]
    assert weather.attrs["altitude_m"] == bodies.ALTITUDE_M and weather.attrs["utc_offset_h"] == 0.0
    assert float(weather["temp_air"].mean()) == pytest.approx(20.0, abs=0.3)
    noon = weather["ghi"].sel(time="2026-06-11T04:00" if "typical_year" not in weather.attrs else "2001-06-11T04:00")
    assert float(noon.max()) > 850.0


def test_a_short_gap_is_bridged_and_flagged(getter, httpserver, settings):
    body = getter.body()
    getter.holes(body, slice(30, 32))
    httpserver.expect_request(getter.path).respond_with_json(body)
    weather = quietly(lambda: getter.fetch(**PLACE, settings=settings))
    marked = (weather["flag_temp_air"].values & flags.FILLED) > 0
    # instants touch the intervals on both sides
    assert marked.reshape(-1, weather.sizes["time"])[0].sum() == (2 if getter.path == "/power" else 3)
    check_weather(weather)


def test_a_long_gap_is_refused(getter, httpserver, settings):
    body = getter.body()
    getter.holes(body, slice(30, 36))
    httpserver.expect_request(getter.path).respond_with_json(body)
    with pytest.raises(DataError, match=r"temp_air is missing in \d+ interval\(s\) that cannot be bridged"):
        quietly(lambda: getter.fetch(**PLACE, settings=settings))
    assert not list(settings.cache_folder.glob("*"))  # what cannot be used is not kept


def test_another_unit_is_refused(getter, httpserver, settings):
    body = getter.body()
    getter.wrong_unit(body)
    httpserver.expect_request(getter.path).respond_with_json(body)
    with pytest.raises(DataError, match=re.escape(getter.unit_told)):
        quietly(lambda: getter.fetch(**PLACE, settings=settings))


def test_a_refused_query_shows_the_reason(getter, httpserver, settings):
    httpserver.expect_request(getter.path).respond_with_json({"error": True, "reason": "no such place"}, status=400)
    with pytest.raises(SourceUnavailable, match="HTTP 400: no such place"):
        getter.fetch(**PLACE, settings=settings)
    assert len(httpserver.log) == 1


def test_too_many_calls_end_after_three(getter, httpserver, settings):
    reason = "Minutely API request limit exceeded. Please try again in one minute."
    httpserver.expect_request(getter.path).respond_with_json({"error": True, "reason": reason}, status=429)
    with pytest.raises(SourceUnavailable, match=re.escape(f"HTTP 429: {reason} in 3 tries. Too many calls")):
        getter.fetch(**PLACE, settings=settings)
    assert len(httpserver.log) == 3


def test_a_server_that_recovers_is_used(getter, httpserver, settings):
    httpserver.expect_ordered_request(getter.path).respond_with_data("oh", status=500)
    httpserver.expect_ordered_request(getter.path).respond_with_json(getter.body())
    assert quietly(lambda: getter.fetch(**PLACE, settings=settings)).attrs["stale"] == 0


def test_cut_json_is_no_answer(getter, httpserver, settings):
    whole = json.dumps(getter.body())
    httpserver.expect_request(getter.path).respond_with_data(whole[: len(whole) // 2])
    with pytest.raises(SourceUnavailable, match="no whole JSON"):
        getter.fetch(**PLACE, settings=settings)
    assert not list(settings.cache_folder.glob("*"))


def test_an_error_told_with_status_200_is_no_answer(getter, httpserver, settings):
    httpserver.expect_request(getter.path).respond_with_json({"error": True, "reason": "out of memory"})
    with pytest.raises(SourceUnavailable, match="out of memory"):
        getter.fetch(**PLACE, settings=settings)


@pytest.mark.parametrize("body", [[], {}, None, 7, "text", [[]], {"hourly": {}}, {"outputs": []}, {"properties": 1}])
def test_whole_json_of_something_else_is_refused(getter, httpserver, settings, body):
    httpserver.expect_request(getter.path).respond_with_json(body)
    with pytest.raises(DataError, match=f"^{re.escape(httpserver.url_for(getter.path))}"):
        getter.fetch(**PLACE, settings=settings)


def test_a_stall_ends_in_time(getter, tmp_path):
    ends = threading.Event()

    def stall(connection, _):
        ends.wait(30.0)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with bodies.raw_server(stall) as url:
        settings = settings_for(url.removesuffix("/v1"), tmp_path, deadline_s=0.3)
        with pytest.raises(SourceUnavailable, match=r"no whole answer within 0\.3 s"):
            getter.fetch(**PLACE, settings=settings)
        ends.set()


def test_a_large_body_is_refused(getter, httpserver, settings, monkeypatch):
    """50 MB is the limit (tested where it is held); here that every getter holds one."""
    assert answer.LIMITS.most_bytes == 50 * 1024**2
    monkeypatch.setattr(answer, "LIMITS", replace(LIMITS, most_bytes=1000))
    httpserver.expect_request(getter.path).respond_with_json(getter.body())
    with pytest.raises(SourceUnavailable, match="at most 0 MB are read"):
        getter.fetch(**PLACE, settings=settings)


def test_a_redirect_to_another_host_is_refused(getter, httpserver, settings):
    httpserver.expect_request(getter.path).respond_with_data(
        "", status=307, headers={"Location": "http://other.example/"}
    )
    with pytest.raises(SourceUnavailable, match="not followed"):
        getter.fetch(**PLACE, settings=settings)


def test_a_redirect_on_the_host_is_followed(getter, httpserver, settings):
    httpserver.expect_request(getter.path).respond_with_data("", status=301, headers={"Location": "/newer"})
    httpserver.expect_request("/newer").respond_with_json(getter.body())
    quietly(lambda: getter.fetch(**PLACE, settings=settings))


def test_offline_touches_no_socket(getter, httpserver, settings, monkeypatch):
    httpserver.expect_request(getter.path).respond_with_json(getter.body())
    first = quietly(lambda: getter.fetch(**PLACE, settings=settings))

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket was touched")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(f"socket.{name}", forbidden)
    again = quietly(lambda: getter.fetch(**PLACE, settings=settings, offline=True))
    xr.testing.assert_identical(again, first)
    with pytest.raises(SourceUnavailable, match="no answer to this query is kept in"):
        getter.fetch(latitude=30.0, longitude=100.0, settings=settings, offline=True)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 91.0, "longitude": 0.0},
        {"latitude": float("nan"), "longitude": 0.0},
        {"latitude": 0.0, "longitude": 360.0},
        {"latitude": "37", "longitude": 105.0},
        {"latitude": 37.0, "longitude": True},
    ],
)
def test_a_place_off_the_earth_is_not_asked_for(getter, httpserver, settings, place):
    with pytest.raises(ConfigError, match=r"l(at|ong)itude is"):
        getter.fetch(**place, settings=settings)
    assert httpserver.log == []


@pytest.mark.parametrize("spoil", ["400", "stall", "cut", "unit", "redirect"])
def test_the_key_is_sent_and_nowhere_to_be_seen(httpserver, tmp_path, spoil):
    def answering(request):
        assert request.args["apikey"] == KEY
        from werkzeug import Response

        body = bodies.open_meteo()
        if spoil == "unit":
            _open_meteo_unit(body)
        text = json.dumps(body)
        return {
            "400": Response(json.dumps({"error": True, "reason": f"bad apikey={KEY} ({KEY})"}), status=400),
            "stall": Response("", status=503),
            "cut": Response(text[:500]),
            "unit": Response(text),
            "redirect": Response("", status=302, headers={"Location": f"http://x.example/?apikey={KEY}"}),
        }[spoil]

    httpserver.expect_request("/forecast").respond_with_handler(answering)
    settings = settings_for(httpserver.url_for("").rstrip("/"), tmp_path / "kept", open_meteo_api_key=KEY)
    with pytest.raises((SourceUnavailable, DataError)) as caught:
        fetch_open_meteo(**PLACE, settings=settings)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in repr(settings)
    httpserver.check_assertions()


def test_the_key_is_not_kept(httpserver, tmp_path):
    httpserver.expect_request("/forecast").respond_with_json(bodies.open_meteo())
    settings = settings_for(httpserver.url_for("").rstrip("/"), tmp_path / "kept", open_meteo_api_key=KEY)
    weather = fetch_open_meteo(**PLACE, settings=settings)
    (file,) = settings.cache_folder.iterdir()
    assert KEY not in file.read_text() and KEY not in str(weather.attrs)
    # what was fetched with a key serves without it
    without = replace(settings, open_meteo_api_key="")
    xr.testing.assert_identical(fetch_open_meteo(**PLACE, settings=without, offline=True), weather)


# -- what each is asked ------------------------------------------------------------------------------------------------


def asked(httpserver) -> dict[str, str]:
    request, _ = httpserver.log[-1]
    return request.args.to_dict()


def test_open_meteo_is_asked_for_means_in_metres_per_second(httpserver, settings):
    httpserver.expect_request("/forecast").respond_with_json(bodies.open_meteo())
    fetch_open_meteo(**PLACE, altitude_m=1250.4, model="ecmwf_ifs025", forecast_days=2, past_days=0, settings=settings)
    said = asked(httpserver)
    assert said["wind_speed_unit"] == "ms" and said["timeformat"] == "unixtime" and said["timezone"] == "GMT"
    assert (said["latitude"], said["longitude"], said["elevation"]) == ("37.5", "105.2", "1250")
    assert (said["forecast_days"], said["past_days"], said["models"]) == ("2", "0", "ecmwf_ifs025")
    assert {"direct_normal_irradiance", "diffuse_radiation", "wind_speed_100m"} <= set(said["hourly"].split(","))
    assert "apikey" not in said


def test_an_ensemble_is_asked_for_ghi_alone_and_by_its_newer_name(httpserver, settings):
    httpserver.expect_request("/ensemble").respond_with_json(bodies.open_meteo_ensemble())
    fetch_open_meteo(**PLACE, kind="ensemble", model="ecmwf_ifs025", settings=settings)
    said = asked(httpserver)
    assert said["models"] == "ecmwf_ifs025_ensemble"
    assert [name for name in said["hourly"].split(",") if "radia" in name] == ["shortwave_radiation"]


def test_nasa_power_is_asked_in_utc(httpserver, settings):
    httpserver.expect_request("/power").respond_with_json(bodies.nasa_power())
    fetch_nasa_power(**PLACE, start="2026-06-10", end="2026-06-12", settings=settings)
    said = asked(httpserver)
    assert (said["start"], said["end"], said["time-standard"]) == ("20260610", "20260612", "utc")
    assert (said["format"], said["community"], said["header"]) == ("json", "re", "true")


def test_pvgis_is_asked_for_a_horizontal_plane_in_its_parts(httpserver, settings):
    httpserver.expect_request("/pvgis/seriescalc").respond_with_json(bodies.pvgis("hourly"))
    quietly(lambda: fetch_pvgis(**PLACE, kind="hourly", start=2019, end=2020, settings=settings))
    said = asked(httpserver)
    assert (said["components"], said["angle"], said["trackingtype"], said["outputformat"]) == ("1", "0", "0", "json")
    assert (said["startyear"], said["endyear"]) == ("2019", "2020")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fetch_open_meteo(**PLACE, kind="climate"), "kind is 'climate'; allowed: forecast"),
        (lambda: fetch_open_meteo(**PLACE, forecast_days=17), "forecast_days is 17; allowed: whole days, 0 to 16"),
        (lambda: fetch_open_meteo(**PLACE, past_days=2.5), "past_days is 2.5"),
        (lambda: fetch_open_meteo(**PLACE, forecast_days=0, past_days=0), "both 0"),
        (lambda: fetch_open_meteo(**PLACE, kind="previous_runs", previous_day=8), "previous_day is 8; allowed: 1 to 7"),
        (lambda: fetch_open_meteo(**PLACE, model="a,b"), "model is 'a,b'; allowed: one name"),
        (lambda: fetch_open_meteo(**PLACE, altitude_m=99_999.0), "altitude_m is 99999.0"),
        (lambda: fetch_open_meteo(**PLACE, max_age_h=-1.0), "max_age_h is -1.0"),
        (lambda: fetch_nasa_power(**PLACE, start="2025-02-30", end="2025-03-01"), "start is '2025-02-30'"),
        (lambda: fetch_nasa_power(**PLACE, start="2025-03-02", end="2025-03-01"), "start not after end"),
        (lambda: fetch_nasa_power(**PLACE, start="1999-01-01", end="1999-01-02"), "from 2001-01-01 on"),
        (lambda: fetch_pvgis(**PLACE, kind="monthly"), "kind is 'monthly'; allowed: tmy, hourly"),
        (lambda: fetch_pvgis(**PLACE, start=1990), "start is 1990; allowed: a year from 2005 on"),
        (lambda: fetch_pvgis(**PLACE, start=2020, end=2019), "start must not be after end"),
    ],
)
def test_a_wrong_argument_is_told_before_anyone_is_asked(monkeypatch, tmp_path, call, told):
    monkeypatch.setenv("GREENDC_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(answer, "fetch_bytes", lambda *_, **__: pytest.fail("someone was asked"))
    with pytest.raises(ConfigError, match=re.escape(told)):
        call()


# -- what is made of it ------------------------------------------------------------------------------------------------


def test_hours_nasa_does_not_have_yet_are_cut_off(httpserver, settings):
    body = bodies.nasa_power()
    for name in ("ALLSKY_SFC_SW_DWN", "ALLSKY_SFC_SW_DNI", "ALLSKY_SFC_SW_DIFF"):
        column = body["properties"]["parameter"][name]
        for stamp in list(column)[48:]:
            column[stamp] = -999.0
    httpserver.expect_request("/power").respond_with_json(body)
    with pytest.warns(WeatherWarning, match=r"cut off: 24 interval\(s\) at the ends"):
        weather = fetch_nasa_power(**PLACE, start="2026-06-10", end="2026-06-12", settings=settings)
    assert weather.sizes["time"] == 48 and "wind_speed_50m" in weather


def test_each_getter_gives_the_weather_it_was_told(httpserver, settings):
    """The same three days through every service: what differs is what the service holds as instants."""
    found = {}
    for name, getter in GETTERS.items():
        httpserver.expect_request(getter.path).respond_with_json(getter.body())
        weather = quietly(lambda getter=getter: getter.fetch(**PLACE, settings=settings))
        found[name] = weather.isel(member=0) if "member" in weather.dims else weather
    truth = found["nasa_power"]
    for name, weather in found.items():
        hours = slice(0, bodies.HOURS)
        off = {v: np.abs(weather[v].values[hours] - truth[v].values) for v in ("ghi", "temp_air", "wind_speed")}
        # means of instants: a lone extreme is cut; radiation of instants through the clear sky, 6 W/m2 in the middle
        assert off["temp_air"].max() < 0.1, name
        assert off["wind_speed"].max() < 0.03, name
        assert off["ghi"].mean() < (0.1 if "open_meteo" in name else 6.0), name
        assert off["ghi"].max() < (0.2 if "open_meteo" in name else 30.0), name


def test_a_body_is_not_changed_by_reading_it():
    from weather.sources.open_meteo import parse_open_meteo

    body = bodies.open_meteo()
    before = copy.deepcopy(body)
    parse_open_meteo(body, where="x.json")
    assert body == before
