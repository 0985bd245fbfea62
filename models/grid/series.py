"""Prices, carbon factors and import limits by slot, read from CSV files and taken to a plan's steps."""

import csv
import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from weather.conventions.errors import DataError
from weather.conventions.timeaxis import as_stamps

_MOST_BYTES = 64_000_000
_NS_PER_MIN = 60_000_000_000
_MIDNIGHT_24 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ]24:00(?::00(?:\.0+)?)?(Z|z|[+-]\d{2}:?\d{2}|)")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a file holds: its value's name and unit, its columns with the factor to that unit, its range.

    ``least_most``: in a column of another unit than ``units`` the greatest size of all values is at least this, in
    ``units``, unless all are 0: less is a figure of ``units`` that was put into the wrong column.
    """

    name: str
    units: str
    columns: dict[str, float]
    low: float
    high: float
    hint: str
    least_most: float


_PRICE = _Kind(
    "price_cny_per_kwh", "CNY/kWh", {"price_cny_per_kwh": 1.0, "price_cny_per_mwh": 1e-3, "price": 1.0}, -5.0, 5.0,
    "A price per MWh goes into a column price_cny_per_mwh", 0.005,
)  # fmt: skip
_CARBON = _Kind(
    "carbon_kg_per_kwh", "kg/kWh", {"carbon_kg_per_kwh": 1.0, "carbon_g_per_kwh": 1e-3}, 0.0, 2.0,
    "Grams go into a column carbon_g_per_kwh", 0.002,
)  # fmt: skip
_LIMIT = _Kind(
    "import_limit_kw", "kW", {"import_limit_kw": 1.0, "import_limit_mw": 1e3}, 0.0, 1e7,
    "Megawatts go into a column import_limit_mw", 0.0,
)  # fmt: skip


def read_prices(path: str | Path) -> xr.DataArray:
    """Prices by slot, spot or one's own, from a CSV file.

    Parameters
    ----------
    path : str or Path
        UTF-8 with a header: ``time`` (start of the slot, RFC 3339 with offset, such as 2026-07-15T08:00:00+08:00;
        24:00 is 00:00 of the next day) and exactly one of ``price_cny_per_kwh``, ``price_cny_per_mwh`` or ``price``
        (CNY/kWh). Further columns are let be. Slots are equally long, ascending, without gaps; at least two.

    Returns
    -------
    DataArray (time,)
        Price of each slot, naive UTC start; attrs ``units``, ``step_h``, ``source``. [CNY/kWh]

    Raises
    ------
    DataError
        Naming file and row: a time without offset, a gap, a repeated or earlier time, a value that is no number or
        outside -5..5 CNY/kWh, a column price_cny_per_mwh in which no price reaches 5 CNY/MWh (but for all 0), an empty
        file, cells apart by semicolons or tabs, a missing column, or two of price.
    """
    return _read(path, _PRICE)


def read_carbon(path: str | Path) -> xr.DataArray:
    """Carbon factors by slot from a CSV file, as `read_prices`: column ``carbon_kg_per_kwh`` or
    ``carbon_g_per_kwh``, 0 to 2 kg/kWh.

    Returns
    -------
    DataArray (time,)
        Factor of each slot. [kg/kWh]

    Raises
    ------
    DataError
        As `read_prices`.
    """
    return _read(path, _CARBON)


def read_import_limit(path: str | Path) -> xr.DataArray:
    """Import limits by slot (curtailment calls) from a CSV file, as `read_prices`: column ``import_limit_kw`` or
    ``import_limit_mw``, at least 0.

    Returns
    -------
    DataArray (time,)
        Limit in each slot. [kW]

    Raises
    ------
    DataError
        As `read_prices`.
    """
    return _read(path, _LIMIT)


def mean_on(series: xr.DataArray, time: np.ndarray, step_h: float) -> np.ndarray:
    """Mean of a series by slot over each step of an axis: for prices and carbon factors.

    Parameters
    ----------
    series : DataArray (time,)
        From `read_prices` or `read_carbon`.
    time : ndarray of datetime64, shape (time,)
        Left edges of the steps, naive UTC; any step, also one the slots do not divide.
    step_h : float
        Length of a step. [h]

    Returns
    -------
    ndarray, shape (time,)
        In the series' unit; exact for constant power within a step.

    Raises
    ------
    DataError
        When the series does not cover the window, saying from when to when it does.

    Notes
    -----
    Difference of the running integral of a piecewise constant function at the step's two edges.

    Examples
    --------
    >>> slots = np.array(["2026-07-15T00:00", "2026-07-15T00:15"], "datetime64[ns]")
    >>> quarter = xr.DataArray([0.2, 0.6], coords={"time": slots}, dims="time", attrs={"step_h": 0.25})
    >>> mean_on(quarter, slots[:1], 0.5).round(6)
    array([0.4])
    """
    edges, values = _covered(series, time, step_h)
    stamps = _minutes(as_stamps(time))
    length = 60.0 * step_h
    integral = np.concatenate([[0.0], np.cumsum(values * np.diff(edges))])
    inside = np.interp(stamps + length, edges, integral) - np.interp(stamps, edges, integral)
    first, end = _slots(edges, stamps, length)
    # a step inside one slot has exactly that slot's value
    return np.where(end - first == 1, values[first], inside / length)


def least_on(series: xr.DataArray, time: np.ndarray, step_h: float) -> np.ndarray:
    """Least value of a series by slot within each step of an axis: for limits, which hold at every moment.

    Parameters, returns and errors as `mean_on`.

    Examples
    --------
    >>> slots = np.array(["2026-07-15T00:00", "2026-07-15T00:15"], "datetime64[ns]")
    >>> quarter = xr.DataArray([900.0, 400.0], coords={"time": slots}, dims="time", attrs={"step_h": 0.25})
    >>> least_on(quarter, slots[:1], 0.5)
    array([400.])
    """
    edges, values = _covered(series, time, step_h)
    stamps = _minutes(as_stamps(time))
    first, end = _slots(edges, stamps, 60.0 * step_h)
    return np.array([values[a:b].min() for a, b in zip(first, end, strict=True)])


def _slots(edges: np.ndarray, stamps: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """First slot of each step and the one after its last; a millisecond's rounding is no slot of its own."""
    first = np.searchsorted(edges, stamps + 1e-5, side="right") - 1
    return first, np.searchsorted(edges, stamps + length - 1e-5, side="left")


def _minutes(stamps: np.ndarray) -> np.ndarray:
    return stamps.astype("datetime64[ns]").astype(np.int64) / _NS_PER_MIN


def _covered(series: xr.DataArray, time: np.ndarray, step_h: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the slots in minutes and their values, where they cover the steps."""
    slots = _minutes(series["time"].to_numpy())
    edges = np.append(slots, slots[-1] + 60.0 * float(series.attrs["step_h"]))
    stamps = _minutes(as_stamps(time))
    opens, closes = stamps[0], stamps[-1] + 60.0 * step_h
    if opens < edges[0] - 1e-6 or closes > edges[-1] + 1e-6:
        raise DataError(
            f"{series.attrs.get('source', 'series')}: covers {_civil(edges[0])} to {_civil(edges[-1])}, but the "
            f"window is {_civil(opens)} to {_civil(closes)} (civil time, UTC+8). Add the missing slots or move the "
            "window."
        )
    return edges, series.to_numpy()


def _civil(minutes: float) -> str:
    stamp = np.datetime64(round(minutes) + 8 * 60, "m")
    return str(stamp).replace("T", " ")


def _read(path: str | Path, kind: _Kind) -> xr.DataArray:
    path = Path(path)
    table = list(csv.reader(_text(path).splitlines()))
    if not any(cell.strip() for row in table for cell in row):
        raise DataError(
            f"{path}: the file is empty, allowed a first row that names time and one of {', '.join(kind.columns)}. "
            "Give the file meant."
        )
    header = [name.strip() for name in table[0]]
    _refuse_separator(header, path)
    found = [name for name in header if name in kind.columns]
    if header.count("time") != 1 or len(found) != 1:
        raise DataError(
            f"{path}: got columns {header}, allowed time and one of {', '.join(kind.columns)}, each once. Name them in "
            "the first row; where two hold the same, leave one."
        )
    column = found[0]
    at_time, at_value = header.index("time"), header.index(column)
    rows = [(number, row) for number, row in enumerate(table[1:], start=2) if any(cell.strip() for cell in row)]
    stamps, values = [], []
    for number, row in rows:
        if len(row) <= max(at_time, at_value):
            raise DataError(f"{path}, row {number}: got {len(row)} cells, allowed {len(header)}. Fill the row.")
        stamps.append(_stamp(row[at_time], f"{path}, row {number}"))
        values.append(_value(row[at_value], kind, kind.columns[column], f"{path}, row {number}"))
    if len(rows) < 2:
        raise DataError(f"{path}: got {len(rows)} rows, allowed two or more: one does not tell the slot's length.")
    _refuse_other_unit(values, kind, column, path)
    minutes = np.array([stamp.timestamp() / 60 for stamp in stamps])
    step = _slot_minutes(minutes, [number for number, _ in rows], path)
    time = as_stamps(np.array([stamp.replace(tzinfo=None) for stamp in stamps], dtype="datetime64[us]"))
    attrs = {"units": kind.units, "cell_methods": "time: mean", "step_h": step / 60, "source": str(path)}
    return xr.DataArray(np.array(values), coords={"time": time}, dims="time", name=kind.name, attrs=attrs)


def _refuse_separator(header: list[str], path: Path) -> None:
    """Another separator is not guessed: with it come decimal commas, and 1,234 is 1.234 or 1234."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(mark in cell for cell in header):
            raise DataError(
                f"{path}, row 1: columns are separated by {name}, allowed: commas. Save it as CSV with commas between "
                "cells and a decimal point in numbers."
            )


def _refuse_other_unit(values: list[float], kind: _Kind, column: str, path: Path) -> None:
    """Refuse a column whose values are all those of another unit, a thousand times too small."""
    factor, most = kind.columns[column], max(map(abs, values))
    if factor == 1.0 or not 0.0 < most < kind.least_most:
        return
    given = next(name for name, its in kind.columns.items() if its == 1.0)
    raise DataError(
        f"{path}, column {column}: no value is above {most / factor:g}, which is {most:g} {kind.units}, allowed some "
        f"of {kind.least_most / factor:g} or more, or all 0. In {kind.units}? Name the column {given}."
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path}: larger than {_MOST_BYTES:,} bytes, allowed at most that. Give the window alone.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}). Give a CSV file you may read.") from error


def _stamp(text: str, where: str) -> dt.datetime:
    write = "write RFC 3339 with offset, such as 2026-07-15T08:00:00+08:00"
    midnight = _MIDNIGHT_24.fullmatch(text.strip())
    try:
        stamp = dt.datetime.fromisoformat(f"{midnight[1]}T00:00{midnight[2]}" if midnight else text.strip())
        stamp += dt.timedelta(days=1 if midnight else 0)
    except OverflowError as error:
        raise DataError(f"{where}: time {text.strip()!r} is beyond the calendar; {write}.") from error
    except ValueError as error:
        raise DataError(f"{where}: time {text.strip()!r} cannot be read; {write}.") from error
    if stamp.tzinfo is None:
        raise DataError(f"{where}: time {text.strip()!r} has no offset from UTC, so it is of no known hour; {write}.")
    try:
        return stamp.astimezone(dt.UTC)
    except OverflowError as error:
        raise DataError(f"{where}: time {text.strip()!r} is beyond the calendar; {write}.") from error


def _value(text: str, kind: _Kind, factor: float, where: str) -> float:
    try:
        if "_" in text:  # which Python reads as a digit separator
            raise ValueError
        value = float(text) * factor
    except ValueError as error:
        raise DataError(f"{where}: got {text.strip()!r}, allowed a number in {kind.units}. Correct it.") from error
    if not kind.low <= value <= kind.high:
        raise DataError(
            f"{where}: got {value:g} {kind.units}, allowed {kind.low:g} to {kind.high:g}. {kind.hint}; correct it."
        )
    return value


def _slot_minutes(minutes: np.ndarray, numbers: list[int], path: Path) -> float:
    gaps = np.diff(minutes)
    step = gaps[0]
    wrong = np.flatnonzero((gaps <= 0) | (np.abs(gaps - step) > 1e-6))
    if wrong.size:
        row = int(wrong[0])
        after = f"comes {gaps[row]:g} min after the row before it"
        what = "is not after the row before it" if gaps[row] <= 0 else after
        raise DataError(
            f"{path}, row {numbers[row + 1]}: {_civil(minutes[row + 1])} {what}, allowed slots of {step:g} min one "
            f"after another ({wrong.size} rows are wrong). Fill the gap, sort the rows, or drop what is double."
        )
    return float(step)
