"""Answers of Open-Meteo: hourly JSON of its forecast, ensemble and previous-runs services.

Radiation is the mean of the hour before its stamp; temperature, humidity, pressure and wind are of the stamp itself.
Units are what the asker chose, km/h where he chose none: the answer's own table of units is held against what is
expected, and any other unit is refused.
"""

import json
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from weather.conventions import WeatherWarning
from weather.conventions.errors import DataError
from weather.conventions.variables import VARIABLES
from weather.quality.draft import Draft, Label
from weather.quality.finish import finish
from weather.sources.files import read_bytes

_LARGEST_BYTES = 50 * 1024 * 1024
_BRACKETS_MAX = 100_000  # lists of an answer: one for each variable and member; more would only fill the memory
_LONGEST = 1_000_000  # stamps
_SECONDS_MAX = 9_000_000_000  # the year 2255; datetime64[ns] ends in 2262

LICENCE = "CC BY 4.0, weather data by Open-Meteo.com; its service without key is for non-commercial use only"


@dataclass(frozen=True, slots=True)
class Column:
    """One variable as Open-Meteo names it, the unit it must be in, and what a canonical unit is of it."""

    variable: str
    unit: str
    label: Label
    factor: float = 1.0


# https://open-meteo.com/en/docs, "Hourly Parameter Definition": valid time "preceding hour mean" or "instant"
COLUMNS: Mapping[str, Column] = {
    "shortwave_radiation": Column("ghi", "W/m²", "end"),
    "direct_normal_irradiance": Column("dni", "W/m²", "end"),
    "diffuse_radiation": Column("dhi", "W/m²", "end"),
    "temperature_2m": Column("temp_air", "°C", "instant"),
    "dew_point_2m": Column("temp_dew", "°C", "instant"),
    "relative_humidity_2m": Column("relative_humidity", "%", "instant"),
    "surface_pressure": Column("pressure", "hPa", "instant", 100.0),
    "wind_speed_10m": Column("wind_speed", "m/s", "instant"),
    "wind_speed_80m": Column("wind_speed_80m", "m/s", "instant"),
    "wind_speed_100m": Column("wind_speed_100m", "m/s", "instant"),
    "wind_speed_120m": Column("wind_speed_120m", "m/s", "instant"),
    "wind_speed_180m": Column("wind_speed_180m", "m/s", "instant"),
    "wind_direction_10m": Column("wind_direction", "°", "instant"),
    "precipitation": Column("precipitation", "mm", "end"),  # sum of the hour before: its mean rate in mm/h
    "snow_depth": Column("snow_depth", "m", "instant"),
}
_REMEDY = {
    "m/s": "ask with wind_speed_unit=ms",
    "°C": "ask with temperature_unit=celsius",
}
_NOT_HELD = "undefined"  # the unit of a variable the model does not have; its values are null
_KEY = re.compile(rf"({'|'.join(COLUMNS)})(?:_previous_day([0-9]))?(?:_member(\d\d+))?")


def read_open_meteo(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of a saved answer of Open-Meteo (JSON), dims (time), or (member, time) of its ensemble service.

    Parameters
    ----------
    path : str or Path
        The body as the service sent it, of one place, asked with wind_speed_unit=ms.
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time) or (member, time)
        Means over [t, t + 1 h), naive UTC; what the service gives at instants is flagged so.

    Raises
    ------
    DataError
        When the file is no such answer, holds several places, a variable is in another unit, or hours are missing.

    Warns
    -----
    WeatherWarning
        When hours at the end have no values and are cut off, or short gaps were filled.
    """
    file = Path(path)
    raw = read_bytes(file, kind="a .json file", most=_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        raise DataError(f"{file}: larger than 50 MB; a saved answer of one place is at most a few. Ask for fewer days.")
    if raw.count(b"[") + raw.count(b"{") > _BRACKETS_MAX:
        raise DataError(f"{file}: is JSON of more than {_BRACKETS_MAX:,} lists, which no answer is. Fetch it again.")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: is no whole JSON ({str(error)[:120]}); fetch it again.") from error
    if isinstance(data, list):
        if len(data) != 1:
            raise DataError(
                f"{file}: holds the answers for {len(data)} places; one is read. Ask for each place by itself."
            )
        data = data[0]
    return finish(parse_open_meteo(data, where=str(file)), check=check, repair=repair)


def parse_open_meteo(data: Any, *, where: str, previous_day: int | None = None) -> Draft:
    """What an answer of Open-Meteo says of one place, undecided what is to be made of it.

    Parameters
    ----------
    data : dict
        The decoded JSON, of one place.
    where : str
        File or address, as error texts name it.
    previous_day : int or None
        Which run to take of a previous-runs answer, 1 to 7 days before; 0 the last one. None: the one that is there.

    Returns
    -------
    Draft
        Radiation under the end of its hour, the rest as instants; NaN for null; shape (member, time) of an ensemble.
        A variable that is null throughout is left out.

    Raises
    ------
    DataError
        When it is no such answer, or a unit is not the one expected.

    Notes
    -----
    Stamps: unixtime is UTC whatever the zone asked for; iso8601 is local time, `utc_offset_seconds` ahead of UTC.
    """
    hourly, units = _tables(data, where)
    time, offset_h = _stamps(data, hourly, units, where)
    day, keys = _chosen(hourly, where, previous_day)
    members = sorted({member for _, member in keys})
    values: dict[str, np.ndarray] = {}
    for name, column in COLUMNS.items():
        held = {member: keys[name, member] for member in members if (name, member) in keys}
        if not held:
            continue
        if len(held) != len(members):
            lacking = next(member for member in members if member not in held)
            raise DataError(
                f"{where}: {name} has {len(held)} of {len(members)} ensemble members, member {lacking} is not among "
                "them; every variable needs each. Ask for all in one query."
            )
        rows = [_column(hourly, units, key, column, time.size, where) for key in held.values()]
        array = np.stack(rows) if len(members) > 1 else rows[0]
        if not np.isnan(array).all():
            values[column.variable] = array
    values, history = _without_empty_members(values, members, where)
    place = {
        name: _number(data.get(name), f"{where}: {name}", low, high)
        for name, low, high in (("latitude", -90, 90), ("longitude", -180, 180), ("elevation", -430, 9000))
    }
    run = f", as forecast {day} day(s) before" if day else ""
    return Draft(
        where=where,
        time=time,
        values=values,
        label={column.variable: column.label for column in COLUMNS.values() if column.variable in values},
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["elevation"],
        attrs={
            "source": f"Open-Meteo {Path(where).name}{run}",
            "history": f"an answer of Open-Meteo{run}; attribution: {LICENCE}",
            "licence": LICENCE,
            "utc_offset_h": offset_h,
        },
        open_end=True,
        history=history,
    )


def _tables(data: Any, where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(data, dict):
        raise DataError(f"{where}: is a JSON {type(data).__name__}; expected the object Open-Meteo answers with.")
    if data.get("error"):
        raise DataError(f"{where}: is an error of the service: {str(data.get('reason', ''))[:300]}. Ask again.")
    for name in ("hourly", "hourly_units"):
        if not isinstance(data.get(name), dict):
            raise DataError(
                f"{where}: has no table {name!r}, only {', '.join(map(str, list(data)[:12])) or 'nothing'}; expected "
                "an hourly answer of Open-Meteo with its units. Ask with hourly=... and keep the whole answer."
            )
    return data["hourly"], data["hourly_units"]


def _stamps(
    data: dict[str, Any], hourly: dict[str, Any], units: dict[str, Any], where: str
) -> tuple[np.ndarray, float]:
    """Stamps in naive UTC, and the offset of the answer's clock [h]."""
    said, form = hourly.get("time"), units.get("time")
    if not isinstance(said, list) or not 2 <= len(said) <= _LONGEST:
        size = len(said) if isinstance(said, list) else "no"
        raise DataError(f"{where}: {size} stamps in hourly.time; expected a list of 2 to {_LONGEST}.")
    if form == "unixtime":
        if not all(type(stamp) is int and 0 <= stamp <= _SECONDS_MAX for stamp in said):
            raise DataError(f"{where}: hourly.time is unixtime but holds other than whole seconds since 1970.")
        return np.array(said, dtype="datetime64[s]").astype("datetime64[ns]"), 0.0
    if form != "iso8601":
        raise DataError(
            f"{where}: hourly.time is in {form!r}; allowed: unixtime, iso8601. Ask with timeformat=unixtime."
        )
    offset = _number(data.get("utc_offset_seconds"), f"{where}: utc_offset_seconds", -86_400, 86_400)
    bad = [stamp for stamp in said if not (isinstance(stamp, str) and _ISO.fullmatch(stamp))]
    try:
        time = np.array(said, dtype="datetime64[s]") if not bad else None
    except ValueError:  # a 30 February
        time = None
    if time is None:
        raise DataError(f"{where}: hourly.time holds {(bad or said)[0]!r}; expected local times as 2025-06-01T00:00.")
    return (time - np.timedelta64(round(offset), "s")).astype("datetime64[ns]"), offset / 3600.0


_ISO = re.compile(r"(19|20|21)\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


def _chosen(hourly: dict[str, Any], where: str, previous_day: int | None) -> tuple[int, dict[tuple[str, int], str]]:
    """One run, days before; and the answer's key for each (variable, member) of it."""
    found: dict[int, dict[tuple[str, int], str]] = {}
    for key in hourly:
        match = _KEY.fullmatch(key) if len(key) < 100 else None
        if match is not None:
            name, day, member = match.groups()
            found.setdefault(int(day or 0), {})[name, int(member or 0)] = key
    if not found:
        raise DataError(
            f"{where}: holds none of {', '.join(COLUMNS)}, only {', '.join(map(str, list(hourly)[:12])) or 'nothing'}. "
            "Ask for one model at a time (several append their names), and for these variables."
        )
    if previous_day is None and len(found) > 1 and 0 not in found:
        raise DataError(
            f"{where}: holds runs of {', '.join(map(str, sorted(found)))} days before; say which with previous_day."
        )
    day = previous_day if previous_day is not None else min(found)
    if day not in found:
        raise DataError(
            f"{where}: holds no run of {day} day(s) before, only {', '.join(map(str, sorted(found)))}. Ask for keys as "
            f"temperature_2m_previous_day{day}."
        )
    return day, found[day]


def _column(
    hourly: dict[str, Any], units: dict[str, Any], key: str, column: Column, size: int, where: str
) -> np.ndarray:
    said, unit = hourly[key], units.get(key)
    if not isinstance(said, list) or len(said) != size:
        count = len(said) if isinstance(said, list) else f"a {type(said).__name__}, not a list of"
        raise DataError(f"{where}: {key} has {count} values for {size} stamps; the answer is damaged, ask again.")
    wrong = next((value for value in said if value is not None and type(value) not in (int, float)), None)
    if wrong is not None:
        raise DataError(f"{where}: {key} holds {str(wrong)[:40]!r}; expected numbers or null.")
    try:
        values = np.array([math.nan if value is None else value for value in said], dtype=float)
    except OverflowError:  # an integer of hundreds of digits
        values = np.array([math.inf])
    if np.isinf(values).any():
        raise DataError(f"{where}: {key} holds an infinite value; expected numbers or null.")
    if unit != column.unit and not (unit == _NOT_HELD and np.isnan(values).all()):
        remedy = _REMEDY.get(column.unit, "ask for the default unit")
        raise DataError(f"{where}: {key} is in {unit!r}; expected {column.unit!r}: {remedy}. It is not converted.")
    return values * column.factor


def _without_empty_members(
    values: dict[str, np.ndarray], members: list[int], where: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Members that lack a required variable throughout are left out; so is an optional variable that a member lacks."""
    if len(members) < 2:
        return values, ()
    holes = {name: np.isnan(array).all(axis=1) for name, array in values.items()}
    lacked = [name for name, empty in holes.items() if empty.any() and not VARIABLES[name].required]
    empty = np.zeros(len(members), dtype=bool)
    for name in holes.keys() - set(lacked):
        empty |= holes[name]
    if empty.all():
        raise DataError(f"{where}: each of {len(members)} ensemble members lacks a variable. Ask for another model.")
    left_out = [f"{name}, which not every ensemble member has" for name in lacked]
    if empty.any():
        names = ", ".join(str(member) for member, gone in zip(members, empty, strict=True) if gone)
        left_out.append(f"ensemble member(s) {names}, which lack a variable")
    kept = {name: array[~empty] for name, array in values.items() if name not in lacked}
    history = tuple(f"left out: {what}" for what in left_out)
    if history:
        warnings.warn(f"{where}: {'; '.join(history)}.", WeatherWarning, stacklevel=3)
    return kept, history


def _number(value: Any, what: str, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise DataError(f"{what} is {str(value)[:40]!r}; expected a number from {low} to {high}. Ask again.")
    return float(value)
