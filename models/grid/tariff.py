"""Time-of-use tariffs by month and day type, in civil time, exact to the minute."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import xarray as xr

from models.given import is_number
from models.grid.calendar import DAY_TYPES, HolidayCalendar, day_type
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import CIVIL_OFFSET_H, as_stamps
from weather.conventions.timeaxis import step_h as axis_step_h

_DAY_MIN = 24 * 60
MOST_CNY_PER_KWH = 5.0  # beyond is a price per MWh


@dataclass(frozen=True, slots=True)
class TariffPeriod:
    """One price over a span of the civil day in some months and on some types of day.

    Attributes
    ----------
    label : str
        ``"peak"``, ``"flat"``, ``"valley"`` or any other name.
    months : tuple of int
        Months 1-12 the period holds in.
    start_h, end_h : float
        Civil hours, ``0 <= start_h < end_h <= 24``, whole minutes. A span over midnight is two periods.
    price_cny_per_kwh : float
        Energy price. [CNY/kWh]
    day_types : tuple of str
        Of ``"workday"``, ``"weekend"``, ``"holiday"``; default all of them.
    """

    label: str
    months: tuple[int, ...]
    start_h: float
    end_h: float
    price_cny_per_kwh: float
    day_types: tuple[str, ...] = DAY_TYPES


@dataclass(frozen=True, slots=True)
class Tariff:
    """A time-of-use energy tariff: periods that together cover every day of every month exactly once.

    Attributes
    ----------
    tariff_id : str
    periods : tuple of TariffPeriod
    source : str
        The notice, or "assumption: ...".
    valid_from, valid_to : datetime.date or None
        First and last civil day the prices are known to hold; None where it is not known.

    Raises
    ------
    ConfigError
        When ``valid_to`` is before ``valid_from``.
    """

    tariff_id: str
    periods: tuple[TariffPeriod, ...]
    source: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def __post_init__(self) -> None:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise ConfigError(
                f"tariff {self.tariff_id!r}: got valid_to={self.valid_to}, allowed on or after "
                f"valid_from={self.valid_from}. Correct the dates."
            )


def validity(tariff: Tariff) -> str:
    """The days a tariff holds, in words.

    Examples
    --------
    >>> validity(Tariff("x", (), "s", dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
    '2026-01-01 to 2026-12-31'
    """
    if tariff.valid_from is None and tariff.valid_to is None:
        return "not dated"
    return f"{tariff.valid_from or 'no first day'} to {tariff.valid_to or 'no last day'}"


def holds_on(tariff: Tariff, first: dt.date, last: dt.date) -> bool:
    """Whether the prices are known to hold on every civil day from ``first`` to ``last``.

    A tariff with one date is open at its other end; one without any never holds for certain.

    Examples
    --------
    >>> year, eve = Tariff("x", (), "s", dt.date(2026, 1, 1), dt.date(2026, 12, 31)), dt.date(2026, 12, 31)
    >>> holds_on(year, dt.date(2026, 7, 1), eve), holds_on(year, eve, dt.date(2027, 1, 1))
    (True, False)
    """
    if tariff.valid_from is None and tariff.valid_to is None:
        return False
    begun = tariff.valid_from is None or tariff.valid_from <= first
    return begun and (tariff.valid_to is None or last <= tariff.valid_to)


def _minute(hour: float, tariff: Tariff, period: TariffPeriod) -> int:
    minute = round(hour * 60)
    if abs(hour * 60 - minute) > 1e-6:
        raise ConfigError(
            f"tariff {tariff.tariff_id!r}, period {period.label!r}: got {hour} h, allowed whole minutes. "
            "Write 6.5 for 06:30."
        )
    return minute


def _check_period(tariff: Tariff, period: TariffPeriod) -> None:
    where = f"tariff {tariff.tariff_id!r}, period {period.label!r}"
    if not 0 <= period.start_h < period.end_h <= 24:
        raise ConfigError(
            f"{where}: got start_h={period.start_h}, end_h={period.end_h}; allowed 0 <= start_h < end_h <= 24. "
            "Write a span over midnight as two periods."
        )
    if not period.months or any(month not in range(1, 13) for month in period.months):
        raise ConfigError(f"{where}: got months={period.months}, allowed 1 to 12, at least one. Correct them.")
    if not period.day_types or any(kind not in DAY_TYPES for kind in period.day_types):
        raise ConfigError(
            f"{where}: got day_types={period.day_types}, allowed {', '.join(DAY_TYPES)}, at least one. Correct them."
        )
    if not abs(period.price_cny_per_kwh) <= MOST_CNY_PER_KWH:
        raise ConfigError(
            f"{where}: got price_cny_per_kwh={period.price_cny_per_kwh}, allowed a finite price within "
            f"{MOST_CNY_PER_KWH:g} CNY/kWh of 0. Give one (a price per MWh is divided by 1,000)."
        )


def _minute_prices(tariff: Tariff) -> np.ndarray:
    """Price of every civil minute, shape (day type, 12, 1440); raises where a minute has no price or two."""
    prices = np.zeros((len(DAY_TYPES), 12, _DAY_MIN))
    covered = np.zeros(prices.shape, dtype=int)
    for period in tariff.periods:
        _check_period(tariff, period)
        span = slice(_minute(period.start_h, tariff, period), _minute(period.end_h, tariff, period))
        kinds = [DAY_TYPES.index(kind) for kind in dict.fromkeys(period.day_types)]
        for month in period.months:
            prices[kinds, month - 1, span] = period.price_cny_per_kwh
            covered[kinds, month - 1, span] += 1
    wrong = np.argwhere(covered != 1)
    if wrong.size:
        kind, month, minute = wrong[0]
        raise ConfigError(
            f"tariff {tariff.tariff_id!r}: month {month + 1} at {minute // 60:02d}:{minute % 60:02d} is "
            f"covered by {covered[kind, month, minute]} periods on a {DAY_TYPES[kind]}, allowed exactly 1 "
            f"({len(wrong)} minutes are wrong in one day of each month and day type). Add, cut or split a period."
        )
    return prices


def check_tariff(tariff: Tariff) -> None:
    """Raise unless every day of every month, of each day type, is covered exactly once.

    Parameters
    ----------
    tariff : Tariff

    Raises
    ------
    ConfigError
        Naming the first month, minute and day type without a price or with several.

    Examples
    --------
    >>> flat = Tariff("flat", (TariffPeriod("flat", tuple(range(1, 13)), 0, 24, 0.4),), "example")
    >>> check_tariff(flat)
    """
    _minute_prices(tariff)


def _step_minutes(time: np.ndarray, step: float | None) -> int:
    if step is not None and not is_number(step):
        raise DataError(f"energy price: got step_h={step!r}, allowed a number of hours. Correct it, or leave it out.")
    if step is None and np.size(time) == 1:
        raise DataError("energy price: one stamp does not tell its step. Give step_h, or at least two stamps.")
    minutes = 60.0 * (axis_step_h(time) if step is None else step)
    if not 1 <= minutes <= _DAY_MIN or abs(minutes - round(minutes)) > 1e-6:
        raise DataError(
            f"energy price: got a step of {minutes:g} min, allowed whole minutes from 1 to {_DAY_MIN}. Resample."
        )
    return round(minutes)


def energy_price(
    time, tariff: Tariff, *, step_h: float | None = None, holidays: HolidayCalendar | None = None
) -> np.ndarray | xr.DataArray:
    """Time-of-use energy price of each interval.

    The price of an interval that spans a change of period is the mean over its minutes, which is
    exact for constant power within the interval.

    Parameters
    ----------
    time : ndarray or DataArray of datetime64, shape (time,)
        Left edges in naive UTC, whole minutes.
    tariff : Tariff
    step_h : float, optional
        Length of the intervals; taken from ``time`` when not given. [h]
    holidays : HolidayCalendar, optional
        Default: the national one. Asked only where prices differ between types of day.

    Returns
    -------
    ndarray, or DataArray with the labels of ``time``, shape (time,)
        Price. [CNY/kWh]

    Raises
    ------
    ConfigError
        When the tariff is none, or does not cover each day exactly once.
    DataError
        When the step is unequal, unknown, not whole minutes or longer than a day, or where the price depends on
        the type of a day whose year the calendar does not know.

    Notes
    -----
    Validity is not asked here: `holds_on` tells whether the tariff is of these days.

    Examples
    --------
    >>> day = Tariff("d", (TariffPeriod("a", tuple(range(1, 13)), 0, 8.5, 0.2),
    ...                    TariffPeriod("b", tuple(range(1, 13)), 8.5, 24, 0.6)), "example")
    >>> energy_price(np.array(["2025-01-01T00:00", "2025-01-01T01:00"], "datetime64[ns]"), day)
    array([0.4, 0.6])
    """
    if not isinstance(tariff, Tariff):
        raise ConfigError(f"energy price: got a tariff of type {type(tariff).__name__}, allowed Tariff. Give one.")
    prices = _minute_prices(tariff)
    stamps = as_stamps(time).astype("datetime64[s]")
    step = _step_minutes(time, step_h)
    if np.any(stamps.astype(np.int64) % 60):
        raise DataError("energy price: a stamp is not on a whole minute. Round the stamps to minutes.")
    civil = stamps.astype("datetime64[m]") + np.timedelta64(CIVIL_OFFSET_H * 60, "m")
    minutes = civil[:, None] + np.arange(step).astype("timedelta64[m]")
    month = minutes.astype("datetime64[M]").astype(np.int64) % 12
    of_day = minutes.astype(np.int64) % _DAY_MIN
    alike = bool(np.all(prices == prices[:1]))
    kind = 0 if alike else day_type(minutes.astype("datetime64[D]"), holidays)
    by_minute = prices[kind, month, of_day]
    # The mean of the differences, so that an interval with one price has exactly that price.
    price = by_minute[:, 0] + (by_minute - by_minute[:, :1]).mean(axis=1)
    if not isinstance(time, xr.DataArray):
        return price
    attrs = {"units": "CNY/kWh", "cell_methods": "time: mean", "long_name": "energy price"}
    return xr.DataArray(price, coords=time.coords, dims=time.dims, name="energy_price", attrs=attrs)
