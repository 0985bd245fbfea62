"""NASA POWER, hourly, one point: JSON as the API gives it, or its CSV.

POWER gives means over the hour that starts at the stamp, for radiation (CERES) and weather (MERRA-2) alike, in UTC or
in local solar time, as the file's header says.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.units import to_canonical
from weather.conventions.variables import VARIABLES
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.sources.text import floats, mapping, member, number, parse_json, read_text, rows_of

_NAMES = {
    "ALLSKY_SFC_SW_DWN": "ghi",
    "ALLSKY_SFC_SW_DNI": "dni",
    "ALLSKY_SFC_SW_DIFF": "dhi",
    "T2M": "temp_air",
    "T2MDEW": "temp_dew",
    "RH2M": "relative_humidity",
    "PS": "pressure",
    "WS10M": "wind_speed",
    "WS50M": "wind_speed_50m",
    "WD10M": "wind_direction",
    "PRECTOTCORR": "precipitation",
}
# units of hourly POWER data that no other source has: energy of the hour, to its mean power
_ENERGY_OF_HOUR = {"Wh/m^2": 1.0, "MJ/hr": 1e6 / 3600.0}
_SPELLINGS = {"Degrees": "degree"}
_LICENCE = "NASA POWER: free and open data; to be cited as NASA Langley Research Center POWER Project"


def read_nasa_power(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of an hourly NASA POWER file of one point, JSON or CSV, dims (time).

    Every variable is an hour's mean, so that nothing but POWER's rounding (0.005, pressure 5 Pa) is lost. Wind at
    2 m is not used: ask for WS10M or WS50M.

    Parameters
    ----------
    path : str or Path
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time)
        attrs utc_offset_h: 0, or that of local solar time.

    Raises
    ------
    DataError
        Naming file, parameter, row or stamp, what was found and what is expected.

    Notes
    -----
    Local solar time (LST) is UTC plus the hours of the swath of 15 degrees the longitude lies in, whose middle has its
    noon at 12: longitude / 15, rounded. Asking for time-standard=UTC leaves no doubt.

    References
    ----------
    NASA POWER, Hourly API, sections "Time Standards" and "Local Solar Time (LST)"; parameters by hour are averages.
    """
    file = Path(path)
    where = str(file)
    text = read_text(file, kind="a NASA POWER file")
    data = parse_json(text, where=where) if text.lstrip()[:1] == "{" else _json_of_table(text, where)
    return finish(parse_nasa_power(data, where=where), check=check, repair=repair)


def parse_nasa_power(data: dict, *, where: str) -> Draft:
    """What the hourly API's JSON of one point holds.

    Parameters
    ----------
    data : dict
        geometry.coordinates (longitude, latitude, altitude), properties.parameter (name to stamp to value), parameters
        (name to units), header (fill_value, time_standard).
    where : str
        File or address, for error texts.

    Raises
    ------
    DataError
        When a part is missing, a stamp is no hour, a unit unknown, a value no number.
    """
    place = _coordinates(data, where)
    header = mapping(data, "header", where=where)
    offset_h = _offset_h(header, place[1], where)
    series = mapping(data, "properties", "parameter", where=where)
    held = {_NAMES[name]: (name, mapping(series, name, where=where)) for name in series if name in _NAMES}
    if not held:
        raise DataError(
            f"{where}: holds {', '.join(map(str, series)) or 'no parameter'}; expected some of {', '.join(_NAMES)}."
        )
    stamps = sorted({stamp for _, values in held.values() for stamp in values})
    time = _hours(stamps, where) - np.timedelta64(round(offset_h), "h")
    missing = number(member(header, "fill_value", where=where), where=where, name="fill_value", low=-1e9, high=1e9)
    values = {}
    for variable, (name, by_stamp) in held.items():
        column = floats([by_stamp.get(stamp) for stamp in stamps], where=where, name=name, at=stamps.__getitem__)
        values[variable] = _converted(
            np.where(column == missing, np.nan, column),
            variable,
            unit=_unit(data, name, where),
            where=f"{where}, {name}",
        )
    clock = (
        "UTC" if offset_h == 0.0 and header.get("time_standard") == "UTC" else f"local solar time, UTC{offset_h:+g} h"
    )
    return Draft(
        where=where,
        time=time,
        values=values,
        label=dict.fromkeys(values, "start"),
        latitude=place[0],
        longitude=place[1],
        altitude_m=place[2],
        attrs={
            "source": f"NASA POWER hourly, {place[0]:g} N {place[1]:g} E ({where})",
            "history": f"read from {where}; stamps in {clock}",
            "licence": _LICENCE,
            "utc_offset_h": offset_h,
        },
    )


def _coordinates(data: dict, where: str) -> tuple[float, float, float]:
    """Latitude, longitude, altitude."""
    point = member(data, "geometry", "coordinates", where=where)
    if not isinstance(point, list | tuple) or len(point) < 3:
        raise DataError(f"{where}: geometry.coordinates is {str(point)[:60]}; expected longitude, latitude, altitude.")
    longitude = number(point[0], where=where, name="longitude", low=-180.0, high=180.0)
    latitude = number(point[1], where=where, name="latitude", low=-90.0, high=90.0)
    return latitude, longitude, number(point[2], where=where, name="altitude", low=-430.0, high=9000.0)


def _offset_h(header: Mapping[str, object], longitude: float, where: str) -> float:
    standard = member(header, "time_standard", where=f"{where}, header")
    if standard == "UTC":
        return 0.0
    if standard == "LST":
        return float(np.floor(longitude / 15.0 + 0.5))
    raise DataError(f"{where}: time_standard is {str(standard)[:20]!r}; allowed: UTC, LST. Ask for time-standard=UTC.")


def _hours(stamps: list[str], where: str) -> np.ndarray:
    """Stamps YYYYMMDDHH as datetime64[ns]."""
    wrong = [stamp for stamp in stamps if not re.fullmatch(r"[12][0-9]{9}", str(stamp))]
    found = pd.to_datetime(pd.Series(stamps, dtype=object).astype(str), format="%Y%m%d%H", errors="coerce")
    wrong += [stamp for stamp, time in zip(stamps, found, strict=True) if pd.isna(time)]
    if wrong:
        raise DataError(
            f"{where}: {str(wrong[0])[:20]!r} is no hour; expected stamps YYYYMMDDHH of the hourly API, not of the "
            "daily or monthly one. Ask for hourly data."
        )
    return timeaxis.as_stamps(found.to_numpy())


def _unit(data: dict, name: str, where: str) -> str:
    return str(member(data, "parameters", name, "units", where=where))


def _converted(column: np.ndarray, variable: str, *, unit: str, where: str) -> np.ndarray:
    canonical = VARIABLES[variable].units
    if canonical == "W/m2" and unit in _ENERGY_OF_HOUR:
        return column * _ENERGY_OF_HOUR[unit]
    return to_canonical(column, unit=_SPELLINGS.get(unit, unit), canonical=canonical, where=where)


def _json_of_table(text: str, where: str) -> dict:
    """The CSV form as the JSON form: a header between two marks, then YEAR, MO, DY, HR and a column per parameter."""
    lines = rows_of(text, where=where)
    if lines[0].strip() != "-BEGIN HEADER-" or "-END HEADER-" not in (line.strip() for line in lines):
        raise DataError(
            f"{where}: starts with {lines[0][:40]!r}; expected the JSON or CSV of NASA POWER's hourly "
            "API, with its header. Fetch it again, with header=true."
        )
    end = [line.strip() for line in lines].index("-END HEADER-")
    head = "\n".join(lines[:end])
    names = [part.strip() for part in lines[end + 1].split(",")] if len(lines) > end + 1 else []
    if names[:4] != ["YEAR", "MO", "DY", "HR"]:
        raise DataError(
            f"{where}, row {end + 2}: found {names[:6]}; expected YEAR,MO,DY,HR and parameters: hourly data."
        )
    rows = [line.split(",") for line in lines[end + 2 :] if line.strip()]
    for number_, row in enumerate(rows, start=end + 3):
        if len(row) != len(names):
            raise DataError(f"{where}, row {number_}: {len(row)} columns, expected {len(names)}. Fetch it again.")
    stamps = [
        "".join(part.strip().zfill(width) for part, width in zip(row, (4, 2, 2, 2), strict=False)) for row in rows
    ]
    if len(set(stamps)) != len(stamps):
        twice = pd.Series(stamps)[pd.Series(stamps).duplicated()].iloc[0]
        raise DataError(f"{where}: the hour {twice} is there twice. Fetch the file again.")
    columns = dict(zip(names[4:], list(zip(*rows, strict=True))[4:] or [()] * (len(names) - 4), strict=True))
    return {
        "geometry": {
            "coordinates": [_said(head, rf"{word}\s+(\S+)", where) for word in ("Longitude", "Latitude")]
            + [_said(head, r"Elevation from .* = (\S+) meters", where)]
        },
        "header": {
            "time_standard": _said(head, r"Dates .* in (\w+)", where),
            "fill_value": _said(head, r"missing source data.*:\s*(\S+)", where),
        },
        "parameters": {
            name: {"units": _said(head, rf"(?m)^{re.escape(name)}\s.*\(([^()]*)\)\s*$", where)}
            for name in columns
            if name in _NAMES
        },
        "properties": {"parameter": {name: dict(zip(stamps, column, strict=True)) for name, column in columns.items()}},
    }


def _said(head: str, pattern: str, where: str) -> str:
    found = re.search(pattern, head)
    if found is None:
        raise DataError(f"{where}: its header says nothing that matches {pattern!r}. Fetch it again, with header=true.")
    return found[1]
