"""Arguments that every getter shares: the place and the days, held against what is possible before anyone is asked."""

import datetime as dt
import math

from weather.conventions.errors import ConfigError


def check_place(latitude: float, longitude: float, altitude_m: float | None = None) -> None:
    """Refuse a place that is not on Earth.

    Raises
    ------
    ConfigError
        Naming the coordinate, what was found and what is allowed.
    """
    limits = {
        "latitude": (latitude, -90, 90),
        "longitude": (longitude, -180, 180),
        "altitude_m": (altitude_m, -430, 9000),
    }
    for name, (value, low, high) in limits.items():
        if name == "altitude_m" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(f"{name} is {value!r}; allowed: a number from {low} to {high}.")


def check_days(name: str, value: int, *, most: int) -> None:
    """Refuse a count of days that is no whole number from 0 to `most`.

    Raises
    ------
    ConfigError
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ConfigError(f"{name} is {value!r}; allowed: whole days, 0 to {most}.")


def check_date(name: str, value: str | dt.date) -> dt.date:
    """A date as such, from an ISO text or a date.

    Raises
    ------
    ConfigError
        When it is no day of the calendar.

    Examples
    --------
    >>> check_date("start", "2024-02-29")
    datetime.date(2024, 2, 29)
    """
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name} is {value!r}; allowed: a date as 2024-02-29.") from error


def degrees(value: float) -> str:
    """A coordinate as it is sent: to a metre, without idle zeros.

    Examples
    --------
    >>> degrees(105.2), degrees(-0.000001)
    ('105.2', '0')
    """
    text = f"{value:.5f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") or not math.isfinite(value) else text
