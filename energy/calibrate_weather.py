"""The outdoor temperature of a fit held against where and when it is said to be: unit, place and clock.

Two tests, of the hours the meters have, with T = ``temp_air`` and the node's embedded monthly normals (mean m, daily
range g, by month, m brought to the node's altitude)::

    level   |mean(T) - mean(m)| <= 10 K,  0.25 <= mean(daily range of T) / mean(g) <= 2.5
    clock   the first harmonic of the day, mean over days of 2 mean((T - mean of the day) exp(i 2 pi hour / 24)) in
            local solar time, is highest between 11:00 and 18:00, or outside by less than three standard errors

Measured over all pieces of two weeks: made weather of the five hubs, one year and three seeds, is at most 6.6 K off its
normals, 0.75 to 1.40 of their range, and highest at 15.0 to 16.5; typical years of five Chinese stations (Urumqi to
Chongqing) are highest at 11.7 to 17.3, Chengdu 2010 to 2015 at 14.6 to 16.5. So no true weather among these is refused.
Degrees Fahrenheit are at least 10 K off where the air is above -27 degC on average. A clock that is off by less than
about three hours is not seen, nor is one in a record without days, such as a polar winter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy.config_nodes import NodeConfig
from weather.climate.normals import Normals, nearest_normals
from weather.conventions.errors import DataError
from weather.derive import LAPSE_RATE_K_PER_KM

_MOST_OFF_K = 10.0  # assumption: 6.6 K of weather (two weeks), the rest for a real site beside the grid cell
_RANGE_SHARE = (0.25, 2.5)  # assumption: about half and twice what two weeks of weather do
_PEAK_H = (11.0, 18.0)  # local solar time
_USUAL_PEAK_H = (
    15.7  # made weather over a year, about the middle of what was measured: what an hour off is counted from
)
_SURE = 3.0  # standard errors
_WHOLE_DAY = 20  # hours: a day with fewer does not tell its course
_LEAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class DayCourse:
    """First harmonic of a day's temperature: when it is highest [h, local solar time], half its swing [K], and the
    standard error of the hour [h], by what days differ."""

    peak_h: float
    swing_k: float
    error_h: float


def refuse_strange_weather(time: np.ndarray, temp_air: np.ndarray, node: NodeConfig, said: str) -> list[str]:
    """Refuse an outdoor temperature that cannot be of the node, or not of these hours.

    Parameters
    ----------
    time
        Start of the hours, naive UTC, ascending; (time,).
    temp_air
        (time,) [degC]
    node
        Where the meters are.
    said
        Where the temperature is from, for the message.

    Returns
    -------
    list of str
        What could not be looked at.

    Raises
    ------
    DataError
        For a temperature or a daily range that the node's climate does not have, or a day that is warmest at a wrong
        hour; the likely unit or clock is named.
    """
    site, warned = node.site, []
    try:
        normals = nearest_normals(node.node())
    except DataError:
        warned.append(f"temp_air of {said} is not held against a climate: none is embedded near {node.id}.")
    else:
        _refuse_level(time, temp_air, node, normals, said)
    course = day_course(time, temp_air, site.longitude)
    if course is None:
        warned.append(f"The clock of temp_air of {said} is not looked at: fewer than {_LEAST_DAYS} days are whole.")
        return warned
    low, high = _PEAK_H
    beyond = min((low - course.peak_h) % 24.0, (course.peak_h - high) % 24.0)
    if low <= course.peak_h <= high or beyond <= _SURE * course.error_h:
        return warned
    off = round((course.peak_h - _USUAL_PEAK_H + 12.0) % 24.0 - 12.0)
    cause = "weather in UTC beside meters in local time?" if off < 0 else "weather in local time, taken for UTC?"
    raise DataError(
        f"{said}: temp_air is warmest at {_clock(course.peak_h)} of the day on average, local solar time at "
        f"{site.longitude:g} E; {low:.0f}:00 to {high:.0f}:00 is possible. A clock {abs(off)} h (give or "
        f"take two) {'early' if off < 0 else 'late'}: {cause} Give weather and meters one clock, each time with "
        "its true offset."
    )


def _refuse_level(time: np.ndarray, temp: np.ndarray, node: NodeConfig, normals: Normals, said: str) -> None:
    site = node.site
    solar = _solar_hours(time, site.longitude)
    month = (time + np.timedelta64(round(site.longitude / 15.0), "h")).astype("datetime64[M]").astype(int) % 12
    lower_km = (normals.temp_altitude_m - site.altitude_m) / 1000.0
    mean = float(normals.monthly["t_mean_c"][month].mean()) + LAPSE_RATE_K_PER_KM * lower_km
    seen, where = float(temp.mean()), f"{said}: temp_air"
    spans = [float(np.ptp(day)) for day in _whole_days(solar, temp)]
    normal = float((normals.monthly["t_max_c"] - normals.monthly["t_min_c"])[month].mean())
    span = float(np.mean(spans)) if len(spans) >= _LEAST_DAYS else None
    if abs(seen - mean) > _MOST_OFF_K:
        raise DataError(
            f"{where} is {seen:.1f} on average, and the climate of {node.id} has {mean:.1f} degC in these months; at "
            f"most {_MOST_OFF_K:g} K off is possible. {_unit_asked(seen - 32.0 - 1.8 * mean, span, normal)}"
        )
    low, high = (share * normal for share in _RANGE_SHARE)
    if span is not None and not low <= span <= high:
        cause = "A sensor indoors, or one value a day?" if span < normal else "A sensor in the sun or exhaust air?"
        raise DataError(
            f"{where} moves by {span:.1f} K a day on average, and by {normal:.1f} K in the climate of {node.id}; "
            f"{low:.1f} to {high:.1f} K is possible. {cause} Give hourly outdoor air in degC."
        )


def _unit_asked(off_f: float, span: float | None, normal: float) -> str:
    """What to look at: the unit, where degrees Fahrenheit would have this mean and rather this daily range."""
    if abs(off_f) <= 1.8 * _MOST_OFF_K and (span is None or span > 1.8**0.5 * normal):
        return "In degF? Give degC."
    return "Of another place, other months, another unit? Correct the column, the times, or the node's site."


def day_course(time: np.ndarray, temp_air: np.ndarray, longitude: float) -> DayCourse | None:
    """When a day is warmest on average, by its first harmonic; None where fewer than a week of days are whole.

    Days without a course give a large standard error, not a refusal.

    Examples
    --------
    >>> hours = np.arange(240)
    >>> course = day_course(np.datetime64("2026-01-01T00", "ns") + hours * np.timedelta64(1, "h"),
    ...                     5.0 + 4.0 * np.cos(2 * np.pi * (hours + 0.5 - 15.0) / 24), 0.0)
    >>> round(course.peak_h, 3), round(course.swing_k, 3)
    (15.0, 4.0)
    """
    solar = _solar_hours(time, longitude)
    turn = np.exp(2j * np.pi * solar / 24.0)
    days = [
        2.0 * np.mean((day - day.mean()) * turned)
        for day, turned in zip(_whole_days(solar, temp_air), _whole_days(solar, turn), strict=True)
    ]
    if len(days) < _LEAST_DAYS:
        return None
    mean = complex(np.mean(days))
    if mean == 0:
        return DayCourse(0.0, 0.0, np.inf)
    across = np.imag(np.array(days) * np.conj(mean)) / abs(mean) ** 2  # of a day's peak, in radians of a turn
    error = float(np.std(across, ddof=1)) / len(days) ** 0.5
    return DayCourse(float(np.angle(mean)) * 12.0 / np.pi % 24.0, abs(mean), error * 12.0 / np.pi)


def _solar_hours(time: np.ndarray, longitude: float) -> np.ndarray:
    """Middle of the hours, in hours of local mean solar time since 1970."""
    return (time - np.datetime64("1970-01-01", "ns")) / np.timedelta64(1, "h") + 0.5 + longitude / 15.0


def _whole_days(solar: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    """The values of each solar day that has most of its hours."""
    parts = np.split(values, np.flatnonzero(np.diff(solar // 24.0)) + 1)
    return [part for part in parts if len(part) >= _WHOLE_DAY]


def _clock(hour: float) -> str:
    minutes = round(hour * 60.0) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
