"""Time-of-use tariffs in civil time, exact to the minute."""

from dataclasses import dataclass

import numpy as np

from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import CIVIL_OFFSET_H, as_stamps
from weather.conventions.timeaxis import step_h as axis_step_h

_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class TariffPeriod:
    """One price over a span of the civil day in some months.

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
    """

    label: str
    months: tuple[int, ...]
    start_h: float
    end_h: float
    price_cny_per_kwh: float


@dataclass(frozen=True, slots=True)
class Tariff:
    """A time-of-use energy tariff: periods that together cover every month's day exactly once."""

    tariff_id: str
    periods: tuple[TariffPeriod, ...]
    source: str


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
            f"{where}: got start_h={period.start_h}, end_h={period.end_h}; "
            "allowed 0 <= start_h < end_h <= 24. "
            "Write a span over midnight as two periods."
        )
    if not period.months or any(month not in range(1, 13) for month in period.months):
        raise ConfigError(f"{where}: got months={period.months}, allowed 1 to 12, at least one. Correct them.")
    if not np.isfinite(period.price_cny_per_kwh):
        raise ConfigError(f"{where}: got price {period.price_cny_per_kwh}, allowed a finite CNY/kWh. Give one.")


def _minute_prices(tariff: Tariff) -> np.ndarray:
    """Price of every civil minute, shape (12, 1440); raises where a minute has no price or two."""
    prices = np.zeros((12, _DAY_MIN))
    covered = np.zeros((12, _DAY_MIN), dtype=int)
    for period in tariff.periods:
        _check_period(tariff, period)
        span = slice(_minute(period.start_h, tariff, period), _minute(period.end_h, tariff, period))
        for month in period.months:
            prices[month - 1, span] = period.price_cny_per_kwh
            covered[month - 1, span] += 1
    wrong = np.argwhere(covered != 1)
    if wrong.size:
        month, minute = wrong[0]
        raise ConfigError(
            f"tariff {tariff.tariff_id!r}: month {month + 1} at {minute // 60:02d}:{minute % 60:02d} is "
            f"covered by {covered[month, minute]} periods, allowed exactly 1 "
            f"({len(wrong)} minutes are wrong in one day of each month). Add, cut or split a period."
        )
    return prices


def check_tariff(tariff: Tariff) -> None:
    """Raise unless every month's day is covered exactly once.

    Parameters
    ----------
    tariff : Tariff

    Raises
    ------
    ConfigError
        Naming the first month and minute without a price or with several.

    Examples
    --------
    >>> flat = Tariff("flat", (TariffPeriod("flat", tuple(range(1, 13)), 0, 24, 0.4),), "example")
    >>> check_tariff(flat)
    """
    _minute_prices(tariff)


def _step_minutes(time: np.ndarray, step: float | None) -> int:
    if step is None and np.size(time) == 1:
        raise DataError("energy price: one stamp does not tell its step. Give step_h, or at least two stamps.")
    minutes = 60.0 * (axis_step_h(time) if step is None else step)
    if not 1 <= minutes <= _DAY_MIN or abs(minutes - round(minutes)) > 1e-6:
        raise DataError(
            f"energy price: got a step of {minutes:g} min, allowed whole minutes from 1 to {_DAY_MIN}. Resample."
        )
    return round(minutes)


def energy_price(time: np.ndarray, tariff: Tariff, *, step_h: float | None = None) -> np.ndarray:
    """Time-of-use energy price of each interval.

    The price of an interval that spans a change of period is the mean over its minutes, which is
    exact for constant power within the interval.

    Parameters
    ----------
    time : ndarray of datetime64, shape (time,)
        Left edges in naive UTC, whole minutes.
    tariff : Tariff
    step_h : float, optional
        Length of the intervals; taken from ``time`` when not given. [h]

    Returns
    -------
    ndarray, shape (time,)
        Price. [CNY/kWh]

    Raises
    ------
    ConfigError
        When the tariff does not cover the day exactly once.
    DataError
        When the step is unequal, unknown, not whole minutes or longer than a day.

    Examples
    --------
    >>> day = Tariff("d", (TariffPeriod("a", tuple(range(1, 13)), 0, 8.5, 0.2),
    ...                    TariffPeriod("b", tuple(range(1, 13)), 8.5, 24, 0.6)), "example")
    >>> energy_price(np.array(["2025-01-01T00:00", "2025-01-01T01:00"], "datetime64[ns]"), day)
    array([0.4, 0.6])
    """
    prices = _minute_prices(tariff)
    stamps = as_stamps(time).astype("datetime64[s]")
    step = _step_minutes(time, step_h)
    if np.any(stamps.astype(np.int64) % 60):
        raise DataError("energy price: a stamp is not on a whole minute. Round the stamps to minutes.")
    civil = stamps.astype("datetime64[m]") + np.timedelta64(CIVIL_OFFSET_H * 60, "m")
    minutes = civil[:, None] + np.arange(step).astype("timedelta64[m]")
    month = minutes.astype("datetime64[M]").astype(np.int64) % 12
    of_day = minutes.astype(np.int64) % _DAY_MIN
    by_minute = prices[month, of_day]
    # The mean of the differences, so that an interval with one price has exactly that price.
    return by_minute[:, 0] + (by_minute - by_minute[:, :1]).mean(axis=1)
