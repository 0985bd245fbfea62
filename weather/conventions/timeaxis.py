"""The time axis: a stamp t means the interval [t, t + step), in naive UTC.

Everything that has to know about time labels, civil time or the middle of an interval is here.
Civil time is Asia/Shanghai, UTC+8 without daylight saving, in every Chinese province.
"""

import datetime as dt
import math

import numpy as np
import pandas as pd

from weather.conventions.errors import DataError

CIVIL_ZONE = "Asia/Shanghai"
CIVIL_OFFSET_H = 8
_NS_PER_H = 3_600_000_000_000
_FIRST_YEAR, _LAST_YEAR = np.datetime64("1678"), np.datetime64("2261")  # whole years of datetime64[ns]


def as_stamps(time: np.ndarray) -> np.ndarray:
    """Stamps as a 1-D array of naive UTC datetime64[ns]; refuses anything else.

    Raises
    ------
    DataError
        When the array is not one-dimensional datetimes, holds NaT, or lies outside 1678 to 2261.
    """
    values = np.asarray(time)
    if values.ndim != 1 or values.dtype.kind != "M":
        raise DataError(
            f"time axis: expected a 1-D array of naive UTC datetime64, got {values.ndim}-D {values.dtype}. "
            "Convert aware times to UTC and drop the zone."
        )
    if np.isnat(values).any():
        raise DataError(f"time axis: {int(np.isnat(values).sum())} stamps are NaT; every stamp must be a time.")
    years = values.astype("datetime64[Y]")
    if values.size and not (years.min() >= _FIRST_YEAR and years.max() <= _LAST_YEAR):
        # numpy would wrap around without a word
        raise DataError(
            f"time axis: stamps of the years {years.min()} to {years.max()}; allowed {_FIRST_YEAR} to {_LAST_YEAR}, "
            "what nanoseconds in 64 bits can count. Check the time unit of the source."
        )
    return values.astype("datetime64[ns]")


def step_h(time: np.ndarray) -> float:
    """Length of the intervals of an equally spaced axis [h].

    Parameters
    ----------
    time : array of datetime64, shape (time,), at least two stamps

    Raises
    ------
    DataError
        When there are fewer than two stamps, or the spacing is not positive and equal.

    Examples
    --------
    >>> step_h(time_axis("2026-03-05", horizon_h=48))
    1.0
    """
    stamps = as_stamps(time)
    if stamps.size < 2:
        raise DataError(f"time axis: {stamps.size} stamp(s) do not tell a step; at least two are needed.")
    gaps = np.diff(stamps).astype(np.int64)
    wrong = np.flatnonzero((gaps != gaps[0]) | (gaps <= 0))
    if wrong.size:
        at = int(wrong[0])
        raise DataError(
            f"time axis: {wrong.size} gap(s) differ from the first step of {gaps[0] / _NS_PER_H:g} h; first after "
            f"{np.datetime_as_string(stamps[at], unit='m')}Z ({gaps[at] / _NS_PER_H:g} h). "
            "Give sorted, equally spaced stamps."
        )
    return float(gaps[0]) / _NS_PER_H


def midpoint(time: np.ndarray) -> np.ndarray:
    """Middle of every interval, naive UTC datetime64[ns], shape (time,): where the sun is computed."""
    stamps = as_stamps(time)
    half = np.timedelta64(round(step_h(stamps) * _NS_PER_H / 2), "ns")
    return stamps + half


def time_axis(start: str | dt.date | dt.datetime, *, horizon_h: float, step_h: float = 1.0) -> np.ndarray:
    """Stamps of a plan that starts at a civil time (00:00 of a date is 16:00 UTC the day before).

    Parameters
    ----------
    start : str "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM", datetime.date, or naive datetime.datetime
        Civil time, Asia/Shanghai; a date alone is its 00:00.
    horizon_h : float
        Length of the window [h], a whole number of steps.
    step_h : float
        Length of one interval [h].

    Returns
    -------
    ndarray of datetime64[ns], shape (time,), naive UTC

    Raises
    ------
    DataError
        When the start cannot be read or carries an offset, or the horizon is not a positive whole number of steps.

    Examples
    --------
    >>> str(time_axis("2026-03-05", horizon_h=48)[0])
    '2026-03-04T16:00:00.000000000'
    """
    opens = civil_start(start)
    if not (math.isfinite(step_h) and math.isfinite(horizon_h)):
        raise DataError(f"time axis: a horizon of {horizon_h} h in steps of {step_h} h; both must be finite.")
    step_ns = round(step_h * _NS_PER_H)
    steps = horizon_h * _NS_PER_H / step_ns if step_ns > 0 else -1.0
    if steps < 1 or abs(steps - round(steps)) > 1e-9:
        raise DataError(f"time axis: a horizon of {horizon_h} h is not a positive whole number of steps of {step_h} h.")
    first = as_stamps(np.array([opens], dtype="datetime64[us]"))[0] - np.timedelta64(CIVIL_OFFSET_H, "h")
    return first + np.arange(round(steps)) * np.timedelta64(step_ns, "ns")


def civil_start(start: str | dt.date | dt.datetime) -> dt.datetime:
    """A civil date (its 00:00) or civil date and time as a naive datetime.

    Raises
    ------
    DataError
        When it cannot be read, is no day of the calendar, or carries an offset.

    Examples
    --------
    >>> civil_start("2026-03-05T12:30")
    datetime.datetime(2026, 3, 5, 12, 30)
    """
    write = "write YYYY-MM-DD or YYYY-MM-DDTHH:MM in civil time (UTC+8), for example 2026-03-05"
    try:
        found = dt.datetime.fromisoformat(start) if isinstance(start, str) else start
        if not isinstance(found, dt.datetime):
            found = dt.datetime.combine(found, dt.time())
    except (ValueError, TypeError) as error:  # "day is out of range for month" and the like
        raise DataError(f"date {start!r} cannot be read ({error}); {write}.") from error
    if found.tzinfo is not None:
        raise DataError(f"date {start!r} carries an offset; {write}.")
    return found


def civil(time: np.ndarray) -> pd.DatetimeIndex:
    """The stamps in civil time: an aware index, Asia/Shanghai.

    Examples
    --------
    >>> str(civil(time_axis("2026-03-05", horizon_h=2))[1])
    '2026-03-05 01:00:00+08:00'
    """
    return pd.DatetimeIndex(as_stamps(time)).tz_localize("UTC").tz_convert(CIVIL_ZONE)


def civil_hour(time: np.ndarray) -> np.ndarray:
    """Hour of the civil day at each stamp, 0 <= hour < 24 [h], shape (time,).

    Examples
    --------
    >>> civil_hour(time_axis("2026-03-05", horizon_h=3, step_h=0.5))
    array([0. , 0.5, 1. , 1.5, 2. , 2.5])
    """
    index = civil(time)
    return np.asarray(index.hour + index.minute / 60.0 + index.second / 3600.0, dtype=float)
