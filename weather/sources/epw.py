"""EnergyPlus weather files (EPW): one typical year, hourly.

The file's hour h of 1 to 24 is the hour that ends at h o'clock local standard time, so its interval
starts at h - 1. The months of a typical year come from different years; the Dataset carries a nominal
one. The minute column is ignored: files write 0, 30 or 60 for the same thing.
"""

import calendar
import codecs
import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions.errors import DataError
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.sources.files import read_bytes
from weather.sources.typical import NOMINAL_YEAR

_HEADER_ROWS = 8
_LEAST_COLUMNS = 22  # up to wind speed; later columns are often cut by other tools
_LARGEST_BYTES = 64 * 1024 * 1024  # a year is 1.6 MB


@dataclass(frozen=True, slots=True)
class _Field:
    """One column of the data rows: its place, and the number that means 'missing'."""

    variable: str
    column: int
    missing: float


# EnergyPlus 25.1 Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary", fields N6 to N21
_FIELDS = (
    _Field("temp_air", 6, 99.9),
    _Field("temp_dew", 7, 99.9),
    _Field("relative_humidity", 8, 999.0),
    _Field("pressure", 9, 999_999.0),
    _Field("ghi", 13, 9999.0),
    _Field("dni", 14, 9999.0),
    _Field("dhi", 15, 9999.0),
    _Field("wind_direction", 20, 999.0),
    _Field("wind_speed", 21, 999.0),
)


# fields N30 and N33, of the ground: often left at zero or cut; what is no number in them is not worth refusing a file
_GROUND = (_Field("snow_depth", 30, 999.0), _Field("precipitation", 33, 999.0))
_CM_PER_M = 100.0


def read_epw(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of an EPW file, dims (time), in the nominal year 2001 and naive UTC.

    Every column is taken as the mean of the hour that ends at its stamp, as pvlib does; the data dictionary says so
    of radiation, and of the rest that it is "at the time indicated", half an hour later.

    A row out of order or a file cut short is refused. Missing values are bridged up to three hours and flagged. Some
    files (CSWD) divide by the sine of a sun on the horizon and hold a beam of up to 77,332 W/m2; there, in at most 1 %
    of the hours, the whole of ghi is taken as diffuse. Many files stamp the radiation on another clock than the rest;
    that is found and told, and mended with `repair`.

    Parameters
    ----------
    path : str or Path
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        Move radiation whose clock is wrong; "months": each month by its own shift. See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time)
        The variables of the registry at 10 m wind height, precipitation and snow_depth where the file has them (a year
        of zeros is not measured); scalar coordinates and attrs latitude, longitude,
        altitude_m of the file's station; attrs typical_year = 1, utc_offset_h, source, history, licence.
        The stamps are the start of each hour, naive UTC: local time minus utc_offset_h.

    Raises
    ------
    DataError
        Naming file, row, what was found and what is expected.

    Warns
    -----
    WeatherWarning
        When values were filled or replaced, or the radiation's clock is wrong.

    References
    ----------
    EnergyPlus Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary".
    """
    file = Path(path)
    rows = _read_rows(file)
    place = _parse_location(file, rows[0])
    days = _parse_period(file, rows[_HEADER_ROWS - 1])
    data = rows[_HEADER_ROWS:]
    while data and not data[-1].strip():
        data.pop()
    expected = len(days) * 24
    if len(data) != expected:
        raise DataError(
            f"{file}: {len(data)} data rows, expected {expected} (24 hours on each of {len(days)} day(s) of its DATA "
            f"PERIODS row); the last row read is {_HEADER_ROWS + len(data)}. The file is cut short or holds a 29 "
            "February: fetch it again, or remove the leap day."
        )
    values = _parse_data(file, data, days) | _parse_ground(data)
    start = np.datetime64(f"{NOMINAL_YEAR}-{days[0][0]:02d}-{days[0][1]:02d}", "ns")
    offset = np.timedelta64(round(place["utc_offset_h"] * 60), "m")
    comments = " ".join(row.strip().partition(",")[2].strip('"') for row in rows[5:7])
    draft = Draft(
        where=str(file),
        time=start - offset + np.arange(expected) * np.timedelta64(1, "h"),
        values=values,
        label=dict.fromkeys(values, "start"),
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["altitude_m"],
        attrs={
            "source": f"EPW {file.name}: {place['name']}",
            "history": f"read from {file.name}; comments of the file: {comments[:300]}",
            "licence": "as stated by the publisher of the file; not read from it",
            "typical_year": 1,
            "utc_offset_h": place["utc_offset_h"],
        },
        rows=_HEADER_ROWS + 1 + np.arange(expected),
    )
    return finish(draft, check=check, repair=repair)


def _read_rows(file: Path) -> list[str]:
    raw = read_bytes(file, kind="an .epw file", most=_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        raise DataError(f"{file}: larger than 64 MB; an EPW file of one year is 2 MB, at most 64 MB are read.")
    # bytes split at line ends alone; text would also split at form feeds and the like in a comment
    lines = raw.removeprefix(codecs.BOM_UTF8).splitlines()
    rows = [_decoded(file, number, line) for number, line in enumerate(lines, start=1)]
    if len(rows) < _HEADER_ROWS or not rows[0].startswith("LOCATION,"):
        found = rows[0][:40] if rows else "an empty file"
        raise DataError(f"{file}, row 1: found {found!r}, expected 'LOCATION,...' and {_HEADER_ROWS} header rows.")
    return rows


def _decoded(file: Path, row: int, line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        if row <= _HEADER_ROWS:
            # names of places and comments alone: the numbers beside them are ASCII in every encoding
            return line.decode("utf-8", errors="replace")
        raise DataError(
            f"{file}, row {row}: byte 0x{line[error.start]:02X} at place {error.start + 1} is not UTF-8 text; a data "
            "row of an EPW file is plain numbers. The file is damaged: fetch it again."
        ) from error


def _parse_location(file: Path, row: str) -> dict:
    parts = [part.strip() for part in row.split(",")]
    if len(parts) < 10:
        raise DataError(f"{file}, row 1: {len(parts)} fields in LOCATION, expected 10.")
    latitude, longitude, offset, altitude = (
        _number(file, 1, label, parts[column], low, high)
        for label, column, low, high in (
            ("latitude", 6, -90.0, 90.0),
            ("longitude", 7, -180.0, 180.0),
            ("time zone", 8, -12.0, 14.0),
            ("elevation", 9, -430.0, 9000.0),
        )
    )
    return {
        "name": ", ".join(part for part in (parts[1], parts[3], parts[4], parts[5]) if part),
        "latitude": latitude,
        "longitude": longitude,
        "utc_offset_h": offset,
        "altitude_m": altitude,
    }


def _parse_period(file: Path, row: str) -> list[tuple[int, int]]:
    """Days (month, day) of the single data period, in order."""
    parts = [part.strip() for part in row.split(",")]
    if parts[0] != "DATA PERIODS" or len(parts) < 7:
        raise DataError(
            f"{file}, row {_HEADER_ROWS}: found {row[:60]!r}, expected 'DATA PERIODS,1,1,name,day,M/D,M/D'."
        )
    if parts[1:3] != ["1", "1"]:
        raise DataError(
            f"{file}, row {_HEADER_ROWS}: {parts[1]} period(s) of {parts[2]} record(s) per hour; "
            "only one period of one record per hour is read."
        )
    first, last = (_period_day(file, text) for text in parts[5:7])
    year = [(month, day) for month in range(1, 13) for day in range(1, _month_days(month) + 1)]
    days = year[year.index(first) : year.index(last) + 1]
    if not days:
        raise DataError(f"{file}, row {_HEADER_ROWS}: the period ends {last} before it starts {first}.")
    return days


def _period_day(file: Path, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,2})/\s*(\d{1,2})(?:/\s*\d{4})?", text)
    month, day = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= month <= 12 or not 1 <= day <= _month_days(month):
        raise DataError(f"{file}, row {_HEADER_ROWS}: {text!r} is not a day of a non-leap year, written M/D.")
    return month, day


def _month_days(month: int) -> int:
    return calendar.monthrange(NOMINAL_YEAR, month)[1]


def _parse_data(file: Path, data: list[str], days: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    """Columns of the data rows; NaN where a value is missing."""
    values = _parse_sound(data, days)
    return _parse_row_by_row(file, data, days) if values is None else values


def _parse_sound(data: list[str], days: list[tuple[int, int]]) -> dict[str, np.ndarray] | None:
    """Columns of rows without fault, all at once; None where anything is odd: the row is then looked for one by one."""
    widths = {row.count(",") for row in data}
    if len(widths) != 1 or min(widths) < _LEAST_COLUMNS - 1:
        return None
    columns = [1, 2, 3, *(field.column for field in _FIELDS)]
    try:
        frame = pd.read_csv(
            io.StringIO("\n".join(data)),
            header=None,
            usecols=columns,
            dtype=float,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
        )
    except (ValueError, pd.errors.ParserError):
        return None
    found = frame[[1, 2, 3]].to_numpy()
    expected = np.array([(month, day, hour) for month, day in days for hour in range(1, 25)], dtype=float)
    if found.shape != expected.shape or not (found == expected).all():
        return None
    values = {field.variable: frame[field.column].to_numpy(copy=True) for field in _FIELDS}
    if not all(np.isfinite(array).all() for array in values.values()):
        return None
    for field in _FIELDS:
        values[field.variable][values[field.variable] == field.missing] = np.nan
    return values


def _parse_ground(data: list[str]) -> dict[str, np.ndarray]:
    """Precipitation [mm/h] and snow depth [m], each only where the file has it: numbers, not all of them zero."""
    rows = [row.split(",") for row in data]
    values = {}
    for field in _GROUND:
        try:
            column = np.array([float(row[field.column]) for row in rows])
        except (IndexError, ValueError):
            continue
        column[(column == field.missing) | ~np.isfinite(column)] = np.nan
        if np.nansum(column) > 0.0 and not np.isnan(column).any():
            values[field.variable] = column / (_CM_PER_M if field.variable == "snow_depth" else 1.0)
    return values


def _parse_row_by_row(file: Path, data: list[str], days: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    """The same, naming the first row that is wrong."""
    values = {field.variable: np.empty(len(data)) for field in _FIELDS}
    columns = 0  # of the first row; one row of another width is damaged
    for index, text in enumerate(data):
        row = _HEADER_ROWS + 1 + index
        parts = text.split(",")
        columns = columns or len(parts)
        if len(parts) < _LEAST_COLUMNS or len(parts) != columns:
            enough = columns >= _LEAST_COLUMNS
            wanted = f"{columns} as in row {_HEADER_ROWS + 1}" if enough else f"35, at least {_LEAST_COLUMNS}"
            raise DataError(
                f"{file}, row {row}: {len(parts)} columns, expected {wanted}. The row "
                "is cut, or numbers have a decimal comma: fetch the file again."
            )
        expected = (*days[index // 24], index % 24 + 1)
        found = tuple(part.strip() for part in parts[1:4])
        if found != tuple(map(str, expected)) and tuple(map(_integer, found)) != expected:
            raise DataError(
                f"{file}, row {row}: found month, day, hour {', '.join(found)}, expected "
                f"{', '.join(map(str, expected))}. Rows must be whole days in order, hours 1 to 24."
            )
        for field in _FIELDS:
            values[field.variable][index] = _value(file, row, field, parts[field.column])
    return values


def _value(file: Path, row: int, field: _Field, text: str) -> float:
    value = _number(file, row, field.variable, text, -math.inf, math.inf)
    return math.nan if value == field.missing else value


def _number(file: Path, row: int, label: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and low <= value <= high):
        allowed = f"a number from {low:g} to {high:g}" if math.isfinite(low) else "a number"
        raise DataError(
            f"{file}, row {row}: {label} is {text.strip()!r}; expected {allowed}. Correct or fetch it again."
        )
    return value


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
