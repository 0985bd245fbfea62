"""TMY3 files of NREL: one typical year, hourly, in local standard time.

The file's hour h of 1 to 24 ends at h o'clock. Radiation is the mean of that hour; temperature, humidity, pressure and
wind are "at the time indicated", which is the hour's end: instants. The months come from different years; the Dataset
carries a nominal one.
"""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from pvlib.iotools import tmy

from weather.conventions.errors import DataError
from weather.conventions.units import to_canonical
from weather.conventions.variables import RADIATION, REQUIRED, VARIABLES
from weather.quality.draft import Draft, Label
from weather.quality.finish import finish
from weather.sources.text import LONGEST_ROW, floats, number, read_text, rows_of
from weather.sources.typical import NOMINAL_YEAR

_HEADER_ROWS = 2
_YEAR_H = 8760
_DATE, _TIME = "Date (MM/DD/YYYY)", "Time (HH:MM)"
_UNITS = {"pressure": "mbar"}  # of the columns pvlib knows by their header, the one that is not canonical
_MISSING = (-9900.0, -9999.0, -999.0, -99.0)  # TMY3 manual; and what rewritten files use; none is possible weather
# what pvlib and pandas raise on damaged text
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, pd.errors.ParserError)


def read_tmy3(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of a TMY3 file, dims (time), in the nominal year 2001 and naive UTC.

    Radiation is the file's own hour means, rounded to 1 W/m2 by the format. The rest is made means of the straight
    lines between its instants, and flagged so. On smooth weather that is within 0.1 K, 0.8 % of humidity, 50 Pa (whole
    mbar in the file) and 0.08 m/s of the true means.

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
        attrs typical_year = 1, utc_offset_h of the header. A file of less than the year lacks its first hour, for which
        there is no instant at its start.

    Raises
    ------
    DataError
        Naming file, row, column, what was found and what is expected.

    References
    ----------
    S. Wilcox, W. Marion, Users Manual for TMY3 Data Sets, NREL/TP-581-43156 (2008), table 1-1, doi 10.2172/928611.
    Table read by pvlib.iotools.read_tmy3.
    """
    file = Path(path)
    where = str(file)
    text = read_text(file, kind="a TMY3 file")
    place = _station(text, where)
    table = _table(text, where)
    end = _ends(table, where)
    values = {}
    for name in VARIABLES:
        if name in table:
            column = floats(table[name].tolist(), where=where, name=name, at=_row)
            column = np.where(np.isin(column, _MISSING), np.nan, column)
            canonical = VARIABLES[name].units
            values[name] = to_canonical(column, unit=_UNITS.get(name, canonical), canonical=canonical, where=where)
    label: dict[str, Label] = {name: "end" if name in RADIATION else "instant" for name in values}
    rows = _HEADER_ROWS + 1 + np.arange(end.size)
    if end.size == _YEAR_H:
        # the year closes to a ring: its last instant is its first
        values = {name: array if label[name] == "end" else np.roll(array, 1) for name, array in values.items()}
        label = {name: "start" if label[name] == "end" else "instant" for name in values}
        end = end - np.timedelta64(1, "h")
    draft = Draft(
        where=where,
        time=end - np.timedelta64(round(place["utc_offset_h"] * 60), "m"),
        values=values,
        label=label,
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["altitude_m"],
        attrs={
            "source": f"TMY3 {file.name}: {place['name']}",
            "history": f"read from {file.name}",
            "licence": "as stated by the publisher of the file; not read from it (NREL's own are public domain)",
            "typical_year": 1,
            "utc_offset_h": place["utc_offset_h"],
        },
        rows=rows,
    )
    return finish(draft, check=check, repair=repair)


def _row(index: int) -> str:
    return f"row {_HEADER_ROWS + 1 + index}"


def _station(text: str, where: str) -> dict:
    """Of the first row: number, name, state, zone, latitude, longitude, altitude."""
    line = text[:LONGEST_ROW].partition("\n")[0].strip()
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 7:
        raise DataError(
            f"{where}, row 1: found {line[:60]!r}; expected station, name, state, zone, latitude, longitude, elevation "
            "of a TMY3 file (updated form of 2015)."
        )
    limits = {
        "utc_offset_h": (3, -12.0, 14.0),
        "latitude": (4, -90.0, 90.0),
        "longitude": (5, -180.0, 180.0),
        "altitude_m": (6, -430.0, 9000.0),
    }
    found = {
        name: number(parts[column], where=f"{where}, row 1", name=name, low=low, high=high)
        for name, (column, low, high) in limits.items()
    }
    name = ", ".join(part.strip('"') for part in (parts[1], parts[2], parts[0]) if part.strip('"'))
    return {"name": name, **found}


def _table(text: str, where: str) -> pd.DataFrame:
    """The table as pvlib reads it, its columns by the registry's names, every row as wide as the header."""
    lines = rows_of(text, where=where)
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < _HEADER_ROWS + 2:
        raise DataError(f"{where}: {len(lines)} rows; a TMY3 file has two of header and one for each hour. It is cut.")
    width = lines[1].count(",")
    uneven = next((row for row, line in enumerate(lines[1:], start=2) if line.count(",") != width), None)
    if uneven is not None:
        raise DataError(
            f"{where}, row {uneven}: {lines[uneven - 1].count(',') + 1} columns, expected {width + 1} as in row 2. "
            "The row is cut, or numbers have a decimal comma: fetch the file again."
        )
    # pvlib takes the station's number for an integer, which only NREL's is
    body = ",".join(["0", *lines[0].split(",")[1:]])
    try:
        table, _ = tmy.read_tmy3(io.StringIO("\n".join([body, *lines[1:]])))
    except _DAMAGE as error:
        raise DataError(
            f"{where}: cannot be read as TMY3 ({str(error)[:120]}); its second row must name {_DATE}, {_TIME}, "
            f"{', '.join(tmy.VARIABLE_MAP)}, and every date be MM/DD/YYYY, every time HH:MM. Fetch it again."
        ) from error
    lacking = [header for header, name in tmy.VARIABLE_MAP.items() if name in REQUIRED and name not in table]
    if lacking:
        raise DataError(
            f"{where}, row 2: no column {', '.join(lacking)}, with these units; it holds {lines[1][:200]}. "
            "Fetch it again."
        )
    return table


def _ends(table: pd.DataFrame, where: str) -> np.ndarray:
    """The end of every row's hour in local standard time of the nominal year, datetime64[ns]."""
    ends = np.empty(len(table), dtype="datetime64[ns]")
    for index, (date, time) in enumerate(zip(table[_DATE], table[_TIME], strict=True)):
        match = re.fullmatch(r"([0-9]{2})/([0-9]{2})/[0-9]{4} ([0-9]{2}):00", f"{date} {time}")
        month, day, hour = map(int, match.groups()) if match else (0, 0, 0)
        if not 1 <= hour <= 24 or (month, day) == (2, 29):
            raise DataError(
                f"{where}, {_row(index)}: found {date} {time}; expected MM/DD/YYYY and an hour's end, 01:00 to 24:00, "
                "of a year without 29 February. Fetch it again, or remove that day."
            )
        ends[index] = np.datetime64(f"{NOMINAL_YEAR}-{month:02d}-{day:02d}T00") + np.timedelta64(hour, "h")
    jumps = np.flatnonzero(np.diff(ends) != np.timedelta64(1, "h"))
    if jumps.size:
        at = int(jumps[0]) + 1
        raise DataError(
            f"{where}, {_row(at)}: found {table[_DATE].iloc[at]} {table[_TIME].iloc[at]} after "
            f"{table[_DATE].iloc[at - 1]} {table[_TIME].iloc[at - 1]}; expected every hour in its order, {jumps.size} "
            "such row(s) in all. Fetch it again."
        )
    return ends
