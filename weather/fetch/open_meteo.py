"""Forecasts of Open-Meteo: the newest, an ensemble of it, or what was forecast days before.

pvlib has no getter for it. Where the service is, and the key that opens it to commercial use, is configuration
(`weather.fetch.settings`).
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr

from weather.conventions import WeatherWarning
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.schema import check_weather
from weather.fetch.answer import weather_of
from weather.fetch.http import Query
from weather.fetch.place import check_days, check_place, degrees
from weather.fetch.settings import FetchSettings, OpenMeteoKind, load_settings
from weather.nodes import Node, distance_km
from weather.quality.finish import finish
from weather.sources.assemble import stack_nodes
from weather.sources.open_meteo import parse_open_meteo

FAR_KM = 50.0
"""From here on the weather of a grid cell is said to be of another place [km]."""

# the days a service gives; https://open-meteo.com/en/docs and /ensemble-api, /previous-runs-api
_FORECAST_DAYS_MAX = {"forecast": 16, "ensemble": 36, "previous_runs": 16}
_PAST_DAYS_MAX = 92
_DAYS = {"forecast": (4, 1), "ensemble": (4, 1), "previous_runs": (1, 7)}  # ahead and past, where none is asked

# of wind, all heights the service may know: a model gives null where it has none
_STATE = ("temperature_2m", "relative_humidity_2m", "dew_point_2m", "surface_pressure", "wind_speed_10m")
_GROUND = ("precipitation", "snow_depth")
_ALOFT = ("wind_direction_10m", *(f"wind_speed_{h}m" for h in (80, 100, 120, 180)))
_BEAM = ("shortwave_radiation", "direct_normal_irradiance", "diffuse_radiation")
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "forecast": (*_BEAM, *_STATE, *_GROUND, *_ALOFT),
    # beam and diffuse of an ensemble would be split by the service; one rule for all of ours: from ghi, here
    "ensemble": ("shortwave_radiation", *_STATE, *_GROUND, *(f"wind_speed_{h}m" for h in (80, 100, 120))),
    "previous_runs": (*_BEAM, *_STATE, *_GROUND, *_ALOFT),
}

ENSEMBLE_DEFAULT = "ecmwf_ifs025_ensemble"
ENSEMBLE_NAMES: Mapping[str, str] = {
    "ecmwf_ifs025": "ecmwf_ifs025_ensemble",
    "ecmwf_aifs025": "ecmwf_aifs025_ensemble",
    "gfs025": "ncep_gefs025",
    "gfs05": "ncep_gefs05",
    "gfs_seamless": "ncep_gefs_seamless",
    "icon_global": "icon_global_eps",
    "gem_global": "gem_global_ensemble",
}
"""Names that ensemble models had, and have now."""


def fetch_open_meteo(
    *,
    latitude: float,
    longitude: float,
    altitude_m: float | None = None,
    kind: OpenMeteoKind = "forecast",
    model: str | None = None,
    forecast_days: int | None = None,
    past_days: int | None = None,
    previous_day: int = 1,
    settings: FetchSettings | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    max_age_h: float = 1.0,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of a place as Open-Meteo forecasts it.

    The values are those of a grid cell, brought to `altitude_m` by the service. Many models are 3-hourly or coarser
    from some day on; the service interpolates them to hours. Without a key it is for non-commercial use only.

    Parameters
    ----------
    latitude, longitude : float [deg]
    altitude_m : float [m] or None
        None: that of the place in the service's elevation model.
    kind : "forecast", "ensemble" or "previous_runs"
        "previous_runs": what was forecast `previous_day` days before each hour; for honest tests of forecasts.
    model : str or None
        As the service names it, one; None: its best choice, for an ensemble ecmwf_ifs025_ensemble.
    forecast_days, past_days : int or None
        Days from today on and before it (UTC). None: 4 and 1; for "previous_runs" 1 and 7.
    previous_day : int
        1 to 7, for "previous_runs".
    settings : FetchSettings or None
        None: `load_settings()`.
    cache : path or None
        Folder of kept answers; None: that of the settings.
    offline : bool
        True: use what was kept, touch no network.
    max_age_h : float [h]
        A kept answer up to this age is used without asking again.
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time), or (member, time) of an ensemble
        Hourly means over [t, t + 1 h), naive UTC; attrs fetched_at and stale beside those of every source. Where the
        forecast ends before the days asked for, it is cut off with a warning.

    Raises
    ------
    ConfigError
        When an argument or a setting is out of range.
    SourceUnavailable
        When neither the service nor the folder of kept answers have an answer.
    DataError
        When the answer cannot be used: another unit, long gaps.

    Warns
    -----
    WeatherWarning
        When the answer is stale, the grid cell is more than 50 km away, or hours were cut off or bridged.
    """
    settings = load_settings() if settings is None else settings
    check_place(latitude, longitude, altitude_m)
    query = _query(
        settings,
        [(latitude, longitude, altitude_m)],
        kind=kind,
        model=model,
        days=_days(kind, forecast_days, past_days),
        previous_day=previous_day,
    )

    def build(data: Any) -> xr.Dataset:
        answers = _answers(data, 1, query.shown)
        return _one(
            answers[0], query, latitude, longitude, previous_day=_run(kind, previous_day), check=check, repair=repair
        )

    return weather_of(query, build=build, settings=settings, cache=cache, offline=offline, max_age_h=max_age_h)


def fetch_open_meteo_nodes(
    nodes: Sequence[Node],
    *,
    kind: OpenMeteoKind = "forecast",
    model: str | None = None,
    forecast_days: int | None = None,
    past_days: int | None = None,
    previous_day: int = 1,
    settings: FetchSettings | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    max_age_h: float = 1.0,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of several places in one call; parameters, errors and warnings as `fetch_open_meteo`.

    Parameters
    ----------
    nodes : sequence of Node
        Their altitude is asked for too.
    kind : "forecast" or "previous_runs"

    Returns
    -------
    Dataset, dims (node, time)
        On the hours that every place has.
    """
    settings = load_settings() if settings is None else settings
    if kind == "ensemble":
        raise ConfigError("kind 'ensemble' is fetched place by place; allowed for several: forecast, previous_runs.")
    if not nodes:
        raise ConfigError("no node was given; at least one is needed.")
    query = _query(
        settings,
        [(node.latitude, node.longitude, node.altitude_m) for node in nodes],
        kind=kind,
        model=model,
        days=_days(kind, forecast_days, past_days),
        previous_day=previous_day,
    )

    def build(data: Any) -> xr.Dataset:
        places = {
            node.node_id: _one(
                answer,
                query,
                node.latitude,
                node.longitude,
                previous_day=_run(kind, previous_day),
                check=check,
                repair=repair,
            )
            for node, answer in zip(nodes, _answers(data, len(nodes), query.shown), strict=True)
        }
        return check_weather(stack_nodes(_common_hours(places, query.shown)))

    return weather_of(query, build=build, settings=settings, cache=cache, offline=offline, max_age_h=max_age_h)


def _days(kind: str, forecast_days: int | None, past_days: int | None) -> tuple[int, int]:
    if kind not in get_args(OpenMeteoKind):
        raise ConfigError(f"kind is {kind!r}; allowed: {', '.join(get_args(OpenMeteoKind))}.")
    ahead, past = _DAYS[kind]
    ahead = ahead if forecast_days is None else forecast_days
    past = past if past_days is None else past_days
    check_days("forecast_days", ahead, most=_FORECAST_DAYS_MAX[kind])
    check_days("past_days", past, most=_PAST_DAYS_MAX)
    if ahead + past == 0:
        raise ConfigError("forecast_days and past_days are both 0; ask for one day at least.")
    return ahead, past


def _run(kind: str, previous_day: int) -> int:
    return previous_day if kind == "previous_runs" else 0


def _query(
    settings: FetchSettings,
    places: list[tuple[float, float, float | None]],
    *,
    kind: OpenMeteoKind,
    model: str | None,
    days: tuple[int, int],
    previous_day: int,
) -> Query:
    if kind == "previous_runs" and (type(previous_day) is not int or not 1 <= previous_day <= 7):
        raise ConfigError(f"previous_day is {previous_day!r}; allowed: 1 to 7.")
    if model is not None and (not model or not model.isascii() or not model.replace("_", "").isalnum()):
        raise ConfigError(f"model is {model!r}; allowed: one name of letters, digits and _, as ecmwf_ifs025.")
    if kind == "ensemble":
        model = ENSEMBLE_NAMES.get(model, model) if model else ENSEMBLE_DEFAULT
    suffix = f"_previous_day{previous_day}" if kind == "previous_runs" else ""
    params = {
        "latitude": ",".join(degrees(place[0]) for place in places),
        "longitude": ",".join(degrees(place[1]) for place in places),
        "hourly": ",".join(name + suffix for name in _VARIABLES[kind]),
        "wind_speed_unit": "ms",
        "temperature_unit": "celsius",
        "timeformat": "unixtime",
        "timezone": "GMT",
        "forecast_days": str(days[0]),
        "past_days": str(days[1]),
        "cell_selection": "land",
    }
    if all(place[2] is not None for place in places):
        params["elevation"] = ",".join(f"{place[2]:.0f}" for place in places)
    if model is not None:
        params["models"] = model
    key = settings.open_meteo_api_key
    return Query(settings.open_meteo(kind), tuple(params.items()), (("apikey", key),) if key else ())


def _answers(data: Any, count: int, where: str) -> list[Any]:
    """The answers for the places, in their order: one is an object, several are a list."""
    answers = data if isinstance(data, list) else [data]
    if len(answers) != count:
        raise DataError(f"{where}: answers for {len(answers)} place(s), asked for {count}. Ask again.")
    return answers


def _one(
    data: Any,
    query: Query,
    latitude: float,
    longitude: float,
    *,
    previous_day: int,
    check: bool,
    repair: bool | str,
) -> xr.Dataset:
    where = f"{query.shown} for {degrees(latitude)}, {degrees(longitude)}"
    draft = parse_open_meteo(data, where=where, previous_day=previous_day)
    away_km = distance_km(latitude, longitude, draft.latitude, draft.longitude)
    if away_km > FAR_KM:
        warnings.warn(
            f"{where}: the weather is of a cell at {draft.latitude:g}, {draft.longitude:g}, {away_km:.0f} km away.",
            WeatherWarning,
            stacklevel=5,
        )
    asked = dict(query.params)
    run = f" as of {previous_day} day(s) before" if previous_day else ""
    source = f"Open-Meteo, {asked.get('models', 'best model')}{run}, cell {draft.latitude:g} N {draft.longitude:g} E"
    return finish(replace(draft, attrs={**draft.attrs, "source": source}), check=check, repair=repair)


def _common_hours(places: Mapping[str, xr.Dataset], where: str) -> dict[str, xr.Dataset]:
    begin = max(place["time"].values[0] for place in places.values())
    end = min(place["time"].values[-1] for place in places.values())
    parts = {name: place.sel(time=slice(begin, end)) for name, place in places.items()}
    first = next(iter(parts.values()))["time"].values
    odd = [name for name, place in parts.items() if not np.array_equal(place["time"].values, first)]
    if odd or first.size < 2:
        raise DataError(f"{where}: the places have no hours in common ({', '.join(odd) or 'too few'}). Ask one by one.")
    return parts
