"""The user's own weather as CSV that describes itself.

    # latitude: 37.5
    # longitude: 105.19
    # altitude_m: 1226
    # tz: +08:00
    # label: start
    time,ghi [W/m2],temp_air [degC],relative_humidity [%],wind_speed [m/s]
    2025-06-01T00:00,0,18.2,41,2.5

Lines `# name: value` before the header say the place (latitude, longitude, altitude_m), the clock of stamps without an
offset (tz, or utc_offset_h), what a stamp is of its interval (label: start, end, middle or instant; label.temp_air for
one variable alone), source, licence, typical_year and synthetic (1 where it is one, or made and not measured). Nothing
of it is guessed: what is neither in the file nor given by keyword is refused, the unit of a column too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.units import to_canonical
from weather.conventions.variables import VARIABLES
from weather.quality.draft import Draft, Label
from weather.quality.finish import finish
from weather.sources.assemble import PLACE
from weather.sources.civil_stamps import Zone, parse_zone, to_utc
from weather.sources.csv_table import Field, Table, cut_table, name_fields, read_flags, read_numbers
from weather.sources.text import floats, number, read_text

CODES = (-99.0, -999.0, -9999.0, 9999.0, 99999.0, 6553.5)
"""Numbers that mean 'missing' where they lie outside what their variable can be."""

_LIMITS = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "altitude_m": (-430.0, 9000.0)}
_LABELS: tuple[str, ...] = get_args(Label)
_EPOCH = {"s since 1970-01-01": "s", "seconds since 1970-01-01": "s", "ms since 1970-01-01": "ms"}
_DAY = np.timedelta64(86_400_000_000_000, "ns")


def read_csv(
    path: str | Path,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    altitude_m: float | None = None,
    tz: str | None = None,
    label: str | Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of the user's own CSV, dims (time); the module's docstring shows its form.

    Keywords override what the file says. A column without a unit is refused, whatever its name: ghi in W/m2 and in
    kJ/m2 look alike. Missing are empty cells, NaN, NA, null, and the numbers of `CODES` where no weather is such a
    number: -99 is no humidity, but 99999 Pa is a pressure.

    Parameters
    ----------
    path : str or Path
    latitude, longitude : float [deg]
    altitude_m : float [m]
    tz : str
        Zone (Asia/Shanghai) or offset (+08:00) of stamps that carry none.
    label : str, or mapping of variable to str
        "start", "end", "middle" of the interval a value is the mean of, or "instant".
    columns : mapping of column to variable
        For columns with names of their own: {"Irradiance": "ghi", "Zeit": "time"}.
    units : mapping of variable to unit
        For columns without "[unit]". Where the header and this differ, this holds.
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time)
        What the file holds as means to its last digit; what it holds as instants as means of the lines between them
        (radiation through the clear-sky index: as `read_pvgis` says). Any equal step that divides a day.

    Raises
    ------
    DataError
        Naming file, row, column, what was found, what is expected.

    Warns
    -----
    WeatherWarning
        When a column is no variable of ours and is left out.
    """
    file = Path(path)
    where = str(file)
    table = cut_table(read_text(file, kind="a .csv file"), where)
    keywords = {"latitude": latitude, "longitude": longitude, "altitude_m": altitude_m, "tz": tz}
    told = table.comments | {name: value for name, value in keywords.items() if value is not None}
    place = {name: _place(told, name, where) for name in PLACE}
    fields = name_fields(table, columns or {}, units or {})
    time, offset_h = _time(table, fields, told)
    values, history = _values(table, fields)
    if "tz" not in told and "utc_offset_h" in told:
        offset_h = number(told["utc_offset_h"], where=where, name="utc_offset_h", low=-12.0, high=14.0)
    draft = Draft(
        where=where,
        time=time,
        values=values,
        label={name: _label(told, label, name, where) for name in values},
        attrs={
            "source": told.get("source", f"CSV {file.name}"),
            "history": told.get("history", f"read from {file.name}"),
            "licence": told.get("licence", "not stated in the file"),
            "utc_offset_h": offset_h,
        }
        | {name: 1 for name in ("typical_year", "synthetic") if _truth(told, name, where)},
        rows=table.first + np.arange(time.size),
        flagged=read_flags(table, fields, values),
        history=tuple(history),
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["altitude_m"],
    )
    return finish(draft, check=check, repair=repair)


def read_csv_source(
    path: str | Path,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    altitude_m: float | None = None,
    tz: str | None = None,
    label: str | None = None,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """`read_csv` for a plan's weather: its source names the file before what the file says of itself."""
    weather = read_csv(
        path,
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude_m,
        tz=tz,
        label=label,
        check=check,
        repair=repair,
    )
    said = str(weather.attrs["source"])
    own = said == f"CSV {Path(path).name}"
    return weather.assign_attrs(source=f"CSV {path}" if own else f"CSV {path}: {said}")


def _place(told: Mapping[str, object], name: str, where: str) -> float:
    if name not in told:
        raise DataError(
            f'{where}: does not say its {name}. Put a row "# {name}: ..." before the header, or give {name}=.'
        )
    return number(told[name], where=where, name=name, low=_LIMITS[name][0], high=_LIMITS[name][1])


def _truth(told: Mapping[str, object], name: str, where: str) -> bool:
    text = str(told.get(name, "0"))
    if text not in ("0", "1"):
        raise DataError(f"{where}: {name} is {text[:20]!r}; allowed: 1 or 0.")
    return text == "1"


def _label(told: Mapping[str, object], given: str | Mapping[str, str] | None, name: str, where: str) -> Label:
    by_name = given if isinstance(given, Mapping) else {}
    found = by_name.get(name, given if isinstance(given, str) else told.get(f"label.{name}", told.get("label")))
    if found not in _LABELS:
        said = f"is {str(found)[:20]!r}" if found is not None else "is not said"
        raise DataError(
            f"{where}: what a stamp is of the interval of {name} {said}; allowed: {', '.join(_LABELS)}. Put a row "
            '"# label: start" before the header, or give label=.'
        )
    return found  # type: ignore[return-value]


def _time(table: Table, fields: Mapping[str, Field], told: Mapping[str, object]) -> tuple[np.ndarray, float]:
    """Stamps in UTC and the offset of their clock [h]."""
    field = fields["time"]
    texts = [line.split(",", field.column + 1)[field.column].strip().strip('"') for line in table.lines]
    zone = _zone(told, table.where)
    if field.unit in _EPOCH:
        scale = 1_000_000_000 if _EPOCH[field.unit] == "s" else 1_000_000
        seconds = floats(texts, where=table.where, name="time", at=table.at)
        if not (np.abs(np.nan_to_num(seconds, nan=1e18)) * scale < 9.0e18).all():
            raise DataError(f"{table.where}: time [{field.unit}] is missing or beyond the year 2255 in some row.")
        # integers of milliseconds first: nanoseconds since 1970 are more than a float can tell apart
        whole = np.rint(seconds * 1000.0).astype(np.int64) * (scale // 1000)
        time = timeaxis.as_stamps(whole.view("datetime64[ns]"))
        offset_h = zone.offset_h if zone is not None else 0.0
    elif field.unit:
        raise DataError(f"{table.where}: time has unit {field.unit!r}; allowed: none (ISO 8601), {', '.join(_EPOCH)}.")
    else:
        time, offset_h = to_utc(texts, zone=zone, where=table.where, at=table.at)
    gaps = np.diff(np.unique(time))
    if gaps.size:
        lengths, counts = np.unique(gaps, return_counts=True)
        step = lengths[counts.argmax()]
        if _DAY % step != np.timedelta64(0, "ns"):
            raise DataError(
                f"{table.where}: its step is {step / np.timedelta64(1, 'm'):g} min, which does not divide a day. "
                "Resample it."
            )
    return time, 0.0 if offset_h is None else offset_h


def _zone(told: Mapping[str, object], where: str) -> Zone | None:
    if "tz" in told:
        return parse_zone(str(told["tz"]), where=where)
    if "utc_offset_h" in told:
        hours = number(told["utc_offset_h"], where=where, name="utc_offset_h", low=-12.0, high=14.0)
        return Zone(f"UTC{hours:+g}", hours)
    return None


def _values(table: Table, fields: Mapping[str, Field]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Variables in canonical units, NaN where missing, and what was taken as missing."""
    read = [name for name in VARIABLES if name in fields]
    bare = [fields[name].name for name in read if not fields[name].unit]
    if bare:
        raise DataError(
            f"{table.where}, row {table.first - 1}: no unit is said of {', '.join(bare)}. Write it in the header, "
            f"{bare[0]} [{VARIABLES[read[0]].units}], or give units=."
        )
    raw = read_numbers(table, {name: fields[name] for name in read})
    values, history = {}, []
    for name in read:
        row = VARIABLES[name]
        column = to_canonical(raw[name], unit=fields[name].unit, canonical=row.units, where=f"{table.where}, {name}")
        coded = np.isin(raw[name], CODES) & ((column < row.lowest) | (column > row.highest))
        if coded.any():
            codes = ", ".join(f"{code:g}" for code in np.unique(raw[name][coded]))
            history.append(f"taken as missing: {name} {codes} in {int(coded.sum())} row(s)")
        values[name] = np.where(coded, np.nan, column)
    return values, history
