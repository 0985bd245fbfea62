"""Texts of times, with an offset or in a named zone, to naive UTC: exactly, or refused."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.sources.text import LISTED

_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r" ?(Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?")


@dataclass(frozen=True, slots=True)
class Zone:
    """A clock: an offset that never changes [h], or a zone of the IANA database, whose offset may."""

    name: str
    offset_h: float | None


def parse_zone(text: str, *, where: str) -> Zone:
    """A zone as a user writes it: Asia/Shanghai, +08:00, UTC+8, UTC.

    Raises
    ------
    DataError
        When it is neither a known zone nor an offset from -12 to +14 hours.

    Examples
    --------
    >>> parse_zone("+08:00", where="example").offset_h
    8.0
    """
    name = str(text).strip()
    if name in ("UTC", "Z", "GMT"):
        return Zone(name, 0.0)
    match = _OFFSET.fullmatch(name)
    if match is not None:
        hours = (int(match[2]) + int(match[3] or 0) / 60.0) * (-1.0 if match[1] == "-" else 1.0)
        if -12.0 <= hours <= 14.0:
            return Zone(name, hours)
    elif re.fullmatch(r"[A-Za-z0-9_+/-]{3,60}", name):
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass
        else:
            return Zone(name, None)
    raise DataError(
        f"{where}: time zone {name[:60]!r} is unknown; allowed: a zone as Asia/Shanghai, or an offset as +08:00."
    )


def to_utc(
    texts: Sequence[str], *, zone: Zone | None, where: str, at: Callable[[int], str]
) -> tuple[np.ndarray, float | None]:
    """Stamps as naive UTC, and the offset of their clock where it is one.

    Parameters
    ----------
    texts : sequence of str
        ISO 8601, date and time, all with an offset (which may change) or all without.
    zone : Zone or None
        Whose clock the stamps without an offset show.
    where : str
    at : callable
        Where text i stands: "row 12".

    Returns
    -------
    time : ndarray of datetime64[ns], shape (time,)
    offset_h : float or None
        The standard-time offset of the stamps' clock [h]; None where their offsets differ.

    Raises
    ------
    DataError
        When a text is no time; there is no offset and no zone; some have one and some not; or, in a zone with summer
        time, a stamp names an hour that was there twice or not at all.
    """
    matches = [_STAMP.fullmatch(text.strip()) for text in texts]
    wrong = [index for index, match in enumerate(matches) if match is None]
    if not wrong:
        found = _parsed(texts) if matches else pd.DatetimeIndex([])
        wrong = np.flatnonzero(found.isna()).tolist()
    if wrong:
        raise DataError(
            f"{where}, {_listed(wrong, at)}: time is {texts[wrong[0]][:40]!r}; expected ISO 8601 with a time of day, "
            f"2025-06-01T00:00+08:00 (24:00 is 00:00 of the next day). {len(wrong)} such row(s) in all."
        )
    offsets = {match[1] for match in matches if match is not None}
    if None not in offsets:
        only = {_hours(text) for text in offsets}
        return timeaxis.as_stamps(found.to_numpy()), only.pop() if len(only) == 1 else None
    if len(offsets) > 1:
        naive = next(index for index, match in enumerate(matches) if match is not None and match[1] is None)
        raise DataError(
            f"{where}, {at(naive)}: time {texts[naive]!r} has no offset from UTC, other rows have one. "
            "Give it in every row."
        )
    if zone is None:
        raise DataError(
            f"{where}, {at(0)}: time {texts[0]!r} has no offset from UTC, and no zone is given. Write "
            '2025-06-01T00:00+08:00, or say whose clock it is: a row "# tz: Asia/Shanghai" (or +08:00), or tz=.'
        )
    return _localized(timeaxis.as_stamps(found.to_numpy()), zone, where, at)


def _parsed(texts: Sequence[str]) -> pd.DatetimeIndex:
    """The texts read as UTC where they have no offset; NaT where they are no time of the calendar."""
    found = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601", errors="coerce", utc=True)
    return pd.DatetimeIndex(found).tz_localize(None)


def _localized(local: np.ndarray, zone: Zone, where: str, at: Callable[[int], str]) -> tuple[np.ndarray, float | None]:
    if zone.offset_h is not None:
        return local - np.timedelta64(round(zone.offset_h * 60.0), "m"), zone.offset_h
    index = pd.DatetimeIndex(local)
    aware = index.tz_localize(zone.name, ambiguous="NaT", nonexistent="NaT")
    lost = np.flatnonzero(aware.isna())
    if lost.size:
        forward = index.tz_localize(zone.name, ambiguous="NaT", nonexistent="shift_forward")
        what = "twice" if forward[lost[:1]].isna().all() else "not at all"
        raise DataError(
            f"{where}, {_listed(lost.tolist(), at)}: {np.datetime_as_string(local[lost[0]], unit='m')} was there "
            f"{what} in {zone.name}, where clocks change; {lost.size} such row(s) in all. Write these times with their "
            "offset from UTC, or all of them in UTC."
        )
    utc = aware.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")
    return utc, _standard_h(zone.name, int(index.year[0])) if utc.size else None


def _standard_h(name: str, year: int) -> float:
    """The zone's offset without summer time [h]."""
    zone = zoneinfo.ZoneInfo(name)
    offsets = [dt.datetime(year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    return min(offset.total_seconds() / 3600.0 for offset in offsets if offset is not None)


def _hours(text: str) -> float:
    if text == "Z":
        return 0.0
    digits = text[1:].replace(":", "")
    return (int(digits[:2]) + int(digits[2:] or 0) / 60.0) * (-1.0 if text[0] == "-" else 1.0)


def _listed(rows: Sequence[int], at: Callable[[int], str]) -> str:
    more = "".join(f", {at(row)}" for row in rows[1:LISTED])
    return f"{at(rows[0])}{more}{f' and {len(rows) - LISTED} more' if len(rows) > LISTED else ''}"
