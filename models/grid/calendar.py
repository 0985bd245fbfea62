"""Workdays, weekends and holidays of the Chinese calendar, make-up workdays included."""

import csv
import datetime as dt
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from weather.conventions.errors import ConfigError, DataError

DAY_TYPES = ("workday", "weekend", "holiday")
_KINDS = ("holiday", "workday")
_MOST_ROWS = 10_000
_MOST_DAYS = 31  # of one row: longer is a slip of the year


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Days off and make-up workdays of some whole years; of other years it knows nothing.

    Attributes
    ----------
    holidays, workdays : frozenset of datetime.date
        Days off, and weekend days that are worked in their place.
    years : frozenset of int
        Years the calendar is complete for.
    """

    holidays: frozenset[dt.date]
    workdays: frozenset[dt.date]
    years: frozenset[int]

    def __post_init__(self) -> None:
        both = sorted(self.holidays & self.workdays)
        if both:
            raise ConfigError(
                f"holiday calendar: workdays: {both[0]} is given as a holiday too ({len(both)} such days); "
                "allowed: one of them. Correct the list."
            )
        beyond = sorted(day for day in self.holidays | self.workdays if day.year not in self.years)
        if beyond:
            raise ConfigError(
                f"holiday calendar: years: {beyond[0]} lies outside the years {sorted(self.years)}. Add its year."
            )

    def replaced_by(self, own: "HolidayCalendar") -> "HolidayCalendar":
        """This calendar with the years of another one taken from that one."""
        return HolidayCalendar(
            holidays=frozenset(d for d in self.holidays if d.year not in own.years) | own.holidays,
            workdays=frozenset(d for d in self.workdays if d.year not in own.years) | own.workdays,
            years=self.years | own.years,
        )


@cache
def national_holidays() -> HolidayCalendar:
    """The State Council's arrangement of holidays, rows of ``models/data/holidays_cn.csv``.

    Returns
    -------
    HolidayCalendar
        2025 and 2026; a later year is added when its notice is out (each November), or by a file of one's own
        (`read_holidays`).

    Examples
    --------
    >>> sorted(national_holidays().years), len(national_holidays().holidays)
    ([2025, 2026], 61)
    """
    text = resources.files("models").joinpath("data/holidays_cn.csv").read_text(encoding="utf-8")
    return _parsed(text, name="models/data/holidays_cn.csv")


def read_holidays(path: str | Path) -> HolidayCalendar:
    """Holidays of one's own from a CSV file with the columns ``first,last,kind``.

    Parameters
    ----------
    path : str or Path
        UTF-8; ``first`` and ``last`` day as YYYY-MM-DD, ``kind`` "holiday" or "workday" (a make-up workday). Further
        columns are let be. The years of its rows must be complete.

    Returns
    -------
    HolidayCalendar

    Raises
    ------
    DataError
        Naming file and row of what cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise DataError(f"{path}: holidays cannot be read ({reason}). Give a CSV file.") from error
    return _parsed(text, name=str(path))


def _parsed(text: str, *, name: str) -> HolidayCalendar:
    rows = list(csv.DictReader(text.splitlines()))
    days: dict[str, set[dt.date]] = {kind: set() for kind in _KINDS}
    if not rows or not {"first", "last", "kind"} <= set(rows[0]):
        found = list(rows[0]) if rows else []
        raise DataError(f"{name}: got columns {found}, allowed first,last,kind and at least one row. Add them.")
    if len(rows) > _MOST_ROWS:
        raise DataError(f"{name}: got {len(rows):,} rows, allowed {_MOST_ROWS:,}. Give the holidays alone.")
    for number, row in enumerate(rows, start=2):
        try:
            first, last = dt.date.fromisoformat(row["first"]), dt.date.fromisoformat(row["last"])
        except (TypeError, ValueError) as error:
            raise DataError(f"{name}, row {number}: {error}. Write days as YYYY-MM-DD.") from error
        if row["kind"] not in _KINDS or not 0 <= (last - first).days < _MOST_DAYS:
            raise DataError(
                f"{name}, row {number}: got kind {row['kind']!r} from {first} to {last}; allowed "
                f"{' or '.join(_KINDS)}, last on or after first, at most {_MOST_DAYS} days. Correct the row."
            )
        days[row["kind"]] |= {first + dt.timedelta(days=n) for n in range((last - first).days + 1)}
    years = frozenset(day.year for found in days.values() for day in found)
    return HolidayCalendar(frozenset(days["holiday"]), frozenset(days["workday"]), years)


def day_type(dates: np.ndarray, calendar: HolidayCalendar | None = None) -> np.ndarray:
    """Type of each civil day.

    Parameters
    ----------
    dates : ndarray of datetime64, any shape
        Civil days.
    calendar : HolidayCalendar, optional
        Default: the national one.

    Returns
    -------
    ndarray of int, the shape of ``dates``
        Index into ``DAY_TYPES``: 0 workday, 1 weekend, 2 holiday.

    Raises
    ------
    DataError
        For a day of a year the calendar does not know.

    Notes
    -----
    A day off in the calendar is a holiday, also on a Saturday; a make-up workday is a workday; else Saturday and
    Sunday are the weekend.

    Examples
    --------
    >>> [DAY_TYPES[n] for n in day_type(np.array(["2026-02-13", "2026-02-14", "2026-02-15"], "datetime64[D]"))]
    ['workday', 'workday', 'holiday']
    """
    known = national_holidays() if calendar is None else calendar
    days = np.asarray(dates).astype("datetime64[D]")
    found, place = np.unique(days, return_inverse=True)
    kinds = np.zeros(len(found), dtype=int)
    for number, stamp in enumerate(found):
        day = stamp.item()
        if day.year not in known.years:
            raise DataError(
                f"day type: {day} is of a year without holidays in the calendar, known are {sorted(known.years)}. "
                "Give the holidays of that year (read_holidays; in a study: holidays_csv)."
            )
        if day in known.holidays:
            kinds[number] = 2
        elif day.weekday() >= 5 and day not in known.workdays:
            kinds[number] = 1
    return kinds[place].reshape(days.shape)
