"""Which getter serves what is asked of `greendc weather fetch`, and whether its answer is young enough."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import xarray as xr

from energy.weather_requests import known_node
from weather import kinds
from weather.conventions import WeatherWarning
from weather.conventions.errors import ConfigError, SourceUnavailable
from weather.sources import warn_far


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its getter as "module:function", the kinds it has, the usual one first, and the options it takes."""

    getter: str
    kinds: tuple[str, ...]
    takes: tuple[str, ...]


SERVICES: Mapping[str, Service] = {
    "open-meteo": Service(
        "weather.fetch.open_meteo:fetch_open_meteo",
        ("forecast", "ensemble", "previous-runs"),
        ("altitude", "model", "forecast_days", "past_days", "previous_day"),
    ),
    "nasa-power": Service("weather.fetch.nasa_power:fetch_nasa_power", ("hourly",), ("start", "end")),
    "pvgis": Service("weather.fetch.pvgis:fetch_pvgis", ("tmy", "hourly"), ("start", "end")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a service; None is its own default.

    max_age_h: a kept answer up to this age is used without asking again. refresh: ask again whatever is kept.
    strict: refuse an answer older than that instead of warning.
    """

    service: str
    node: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    kind: str | None = None
    start: str | None = None
    end: str | None = None
    forecast_days: int | None = None
    past_days: int | None = None
    previous_day: int | None = None
    model: str | None = None
    offline: bool = False
    max_age_h: float | None = None
    refresh: bool = False
    strict: bool = False
    repair: bool | str = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """Weather of a service, dims (time) or (member, time); when it was fetched, and its age [h]."""

    weather: xr.Dataset
    warnings: tuple[str, ...]
    fetched_at: str
    age_h: float | None


def fetch_weather(asked: Asked) -> Fetched:
    """Ask the service, or take what was kept of its answers.

    Raises
    ------
    ConfigError
        For an option the service does not take, or one out of range.
    SourceUnavailable
        When there is no answer, or only an old one and a young one was insisted on.
    DataError
        When the answer cannot be used.
    """
    getter, arguments = _call(asked)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", WeatherWarning)
        weather = getter(**arguments)
        if asked.node is not None:
            warn_far(known_node(asked.node), weather)
    told = tuple(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, WeatherWarning)))
    fetched_at = str(weather.attrs.get("fetched_at", ""))
    age_h = _age_h(fetched_at)
    if weather.attrs.get("stale") and (asked.strict or asked.refresh):
        old = f"{age_h:.1f} h old" if age_h is not None else "old"
        raise SourceUnavailable(
            f"{asked.service}: only an answer {old} is to be had ({fetched_at}), and a younger one was insisted on "
            f"({'--strict' if asked.strict else '--refresh'}). {' '.join(told)} Try again later, or leave the option "
            "out."
        )
    return Fetched(weather, told, fetched_at, age_h)


def _call(asked: Asked) -> tuple[Callable[..., xr.Dataset], dict[str, Any]]:
    """The getter and its arguments."""
    service = SERVICES.get(asked.service)
    if service is None:
        raise ConfigError(f"{asked.service!r} is no weather service; known: {', '.join(SERVICES)}.")
    if asked.kind is not None and asked.kind not in service.kinds:
        raise ConfigError(f"--kind: {asked.kind!r} is none of {asked.service}; it has {', '.join(service.kinds)}.")
    given = {
        name: getattr(asked, name)
        for name in ("altitude", "model", "forecast_days", "past_days", "previous_day", "start", "end")
        if getattr(asked, name) is not None
    }
    strange = [f"--{name.replace('_', '-')}" for name in given if name not in service.takes]
    if strange:
        takes = ", ".join(f"--{name.replace('_', '-')}" for name in service.takes)
        raise ConfigError(f"{asked.service} does not take {', '.join(strange)}; it takes {takes}.")
    if asked.service == "nasa-power" and not {"start", "end"} <= set(given):
        raise ConfigError("nasa-power: give the first and last day with --start and --end, for example 2024-01-01.")
    arguments = _place(asked, service, given) | {
        "offline": asked.offline,
        "repair": asked.repair,
        **{name: value for name, value in given.items() if name != "altitude"},
    }
    if asked.service == "pvgis":
        arguments |= {name: _year(name, given[name]) for name in ("start", "end") if name in given}
    if len(service.kinds) > 1:
        arguments["kind"] = (asked.kind or service.kinds[0]).replace("-", "_")
    if asked.refresh:
        arguments["max_age_h"] = 0.0
    elif asked.max_age_h is not None:
        arguments["max_age_h"] = asked.max_age_h
    return kinds.load(service.getter), arguments


def _place(asked: Asked, service: Service, given: Mapping[str, Any]) -> dict[str, Any]:
    """The place asked for: that of the node, or the one given."""
    if asked.node is not None:
        if asked.latitude is not None or asked.longitude is not None or asked.altitude is not None:
            raise ConfigError("--node names the place; leave --latitude, --longitude and --altitude out.")
        node = known_node(asked.node)
        place = {"latitude": node.latitude, "longitude": node.longitude}
        return place | ({"altitude_m": node.altitude_m} if "altitude" in service.takes else {})
    if asked.latitude is None or asked.longitude is None:
        raise ConfigError("give the place: --node ID, or --latitude and --longitude.")
    place = {"latitude": asked.latitude, "longitude": asked.longitude}
    return place | ({"altitude_m": given["altitude"]} if "altitude" in given else {})


def _year(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ConfigError(f"--{name}: got {text!r}; pvgis takes a year, for example 2019.")
    return int(text)


def _age_h(fetched_at: str) -> float | None:
    try:
        moment = datetime.fromisoformat(fetched_at)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (datetime.now(UTC) - moment).total_seconds() / 3600.0
