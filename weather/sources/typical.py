"""A typical year laid onto the stamps of a real one."""

import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError

NOMINAL_YEAR = 2001
"""Every typical year is stored as this year: not a leap year, and no real data is from it."""


def map_typical_year(typical: xr.Dataset, *, time: np.ndarray, where: str) -> xr.Dataset:
    """The typical year's hours on the wanted stamps, matched by the file's own civil clock.

    The stamp's month, day and hour in the zone of the file (`attrs["utc_offset_h"]`) pick the row; 29
    February takes 28 February. Weekdays and the true year play no part, and where the wanted window
    crosses New Year the series jumps from the typical 31 December to the typical 1 January.

    Parameters
    ----------
    typical : Dataset, dims (time), with attrs typical_year = 1 and utc_offset_h
    time : ndarray of datetime64, shape (time,), naive UTC, hourly
    where : str
        File and node, for the error text.

    Returns
    -------
    Dataset, dims (time), on `time`

    Raises
    ------
    DataError
        When the file's zone is not a number of full hours, its intervals are not hourly, it holds an hour
        of the year twice, or lacks a wanted month, day and hour.
    """
    stamps = timeaxis.as_stamps(time)
    offset = np.timedelta64(_offset_h(typical, where), "h")
    step = timeaxis.step_h(typical["time"].values)
    if step != 1.0:
        raise DataError(f"{where}: a typical year in intervals of {step:g} h; hourly means are needed.")
    wanted = pd.DatetimeIndex(stamps + offset)
    held = pd.DatetimeIndex(typical["time"].values + offset)
    day = np.where((wanted.month == 2) & (wanted.day == 29), 28, wanted.day)
    keys = pd.Index(_clock_key(held.month, held.day, held.hour, held.minute))
    if not keys.is_unique:
        again = held[keys.duplicated()][0]
        raise DataError(
            f"{where}: a typical year that holds {again:%m-%d %H:%M} twice, {keys.size} hours in all; allowed: one "
            "year of at most 8784. If it is a series of real years, remove its attribute typical_year."
        )
    rows = keys.get_indexer(_clock_key(wanted.month, day, wanted.hour, wanted.minute))
    if (rows < 0).any():
        first = wanted[rows < 0][0]
        raise DataError(
            f"{where}: the typical year does not hold {first:%m-%d %H:%M} (its civil time) and {int((rows < 0).sum())} "
            f"of {rows.size} wanted hours in all; it holds {held[0]:%m-%d %H:%M} to {held[-1]:%m-%d %H:%M}. "
            "Use a file of the whole year."
        )
    mapped = typical.isel(time=rows).assign_coords(time=stamps)
    attrs = {key: value for key, value in typical.attrs.items() if key != "typical_year"}
    attrs["history"] = (
        f"{typical.attrs.get('history', '')}; typical year laid onto {_stamp(stamps[0])} to {_stamp(stamps[-1])} "
        "by civil month, day and hour (29 February from 28 February)"
    ).lstrip("; ")
    mapped.attrs = attrs
    return mapped


def _offset_h(typical: xr.Dataset, where: str) -> int:
    """Zone of the file in full hours: with a half-hour zone its hours would straddle the wanted ones."""
    given = typical.attrs.get("utc_offset_h", "not set")
    try:
        offset = float(given)
    except (TypeError, ValueError):
        offset = np.nan
    if not (-12.0 <= offset <= 14.0 and offset == round(offset)):
        raise DataError(
            f"{where}: a typical year with attribute utc_offset_h = {given!r}; allowed: full hours from -12 to 14, "
            "8 in China. Set it, or shift the series to a zone of full hours."
        )
    return round(offset)


def _clock_key(month: np.ndarray, day: np.ndarray, hour: np.ndarray, minute: np.ndarray) -> np.ndarray:
    parts = [np.asarray(part, dtype=np.int64) for part in (month, day, hour, minute)]
    return ((parts[0] * 100 + parts[1]) * 100 + parts[2]) * 100 + parts[3]


def _stamp(stamp: np.datetime64) -> str:
    return f"{np.datetime_as_string(stamp, unit='m')}Z"
