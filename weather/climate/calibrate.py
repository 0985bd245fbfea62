"""The generator's parameters of a node: what makes its long means equal the normals."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from weather.climate.clearness import Clearness, calibrate_clearness, normal_quadrature
from weather.climate.normals import Normals, mean_preserving_nodes, nearest_normals
from weather.derive import LAPSE_RATE_K_PER_KM, dew_point, relative_humidity_from_dew
from weather.nodes import Node

_HALVINGS = 40
_MOST_BY_CLEARNESS = 0.9  # of the temperature's innovations, lest a place's warmth hang on its sunshine alone


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Parameters of one node; arrays of shape (12,), values at mid-month to interpolate through the year.

    temp_lag1, temp_std: of the temperature anomaly at noon, such that the daily means have the lag-1 and the
    spread of the statistics. temp_by_clearness: correlation of its innovations with those of clearness, such
    that daily means correlate with daily clearness as in the statistics.
    """

    normals: Normals
    clearness: Clearness
    temp_mean: np.ndarray
    temp_range: np.ndarray
    temp_std: np.ndarray
    temp_by_clearness: np.ndarray
    temp_lag1: float
    dew_mean: np.ndarray
    wind_mean: np.ndarray


@lru_cache(maxsize=64)
def calibrate(node: Node) -> Calibrated:
    """Parameters of the generator at a node.

    Parameters
    ----------
    node : Node

    Returns
    -------
    Calibrated

    Raises
    ------
    DataError
        When no embedded climate is near the node.
    """
    normals = nearest_normals(node)
    statistics = normals.statistics
    clearness = calibrate_clearness(node, normals)
    temp_lag1, noon_std = _noon_anomaly(statistics["temp_daily_lag1"], statistics["temp_daily_std"])
    lift_k = LAPSE_RATE_K_PER_KM * (normals.temp_altitude_m - node.altitude_m) / 1000.0
    temp_mean = normals.monthly["t_mean_c"] + lift_k
    temp_range = normals.monthly["t_max_c"] - normals.monthly["t_min_c"]
    return Calibrated(
        normals=normals,
        clearness=clearness,
        temp_mean=mean_preserving_nodes(temp_mean),
        temp_range=mean_preserving_nodes(temp_range),
        temp_std=noon_std * mean_preserving_nodes(normals.temp_spread),
        temp_by_clearness=_temp_by_clearness(normals, clearness, temp_lag1, noon_std),
        temp_lag1=temp_lag1,
        dew_mean=mean_preserving_nodes(_dew_mean(node, normals, temp_mean, temp_range)),
        wind_mean=mean_preserving_nodes(normals.monthly["wind10_mean_ms"]),
    )


def _clearness_correlation(statistics: dict[str, float]) -> np.ndarray:
    """Correlation of the daily temperature anomaly with daily clearness by month, shape (12,)."""
    since_july = 2.0 * np.pi * (np.arange(12) - 6.0) / 12.0
    return statistics["temp_per_clearness"] + statistics["temp_per_clearness_swing"] * np.cos(since_july)


def _temp_by_clearness(normals: Normals, clearness: Clearness, noon_lag1: float, noon_std: float) -> np.ndarray:
    """Correlation of the innovations with which daily means correlate as in the statistics, shape (12,).

    Notes
    -----
    Two AR(1) of lag-1 a and b whose innovations correlate by w correlate by w sqrt((1 - a2)(1 - b2)) / (1 - ab)
    on the same day, by a of it with the other's day before and by b with its day after. The mean of a day is
    1/8, 3/4, 1/8 of the noons around it.
    """
    a, b = noon_lag1, clearness.lag1
    same_day = np.sqrt((1.0 - a**2) * (1.0 - b**2)) / (1.0 - a * b)
    of_daily_mean = (0.75 + 0.125 * (a + b)) * noon_std / normals.statistics["temp_daily_std"]
    full = same_day * of_daily_mean * clearness.day_correlation
    return np.clip(_clearness_correlation(normals.statistics) / full, -_MOST_BY_CLEARNESS, _MOST_BY_CLEARNESS)


def _noon_anomaly(lag1: float, std: float) -> tuple[float, float]:
    """Lag-1 and spread of a series at noon whose linear interpolation has daily means of the given ones.

    Notes
    -----
    The mean of a day is 1/8, 3/4, 1/8 of the noons around it. With c = (0.59375, 0.1875, 0.015625), the
    autocorrelation of these weights, and a the lag-1 at noon: variance c0 + 2 c1 a + 2 c2 a2, covariance of
    neighbouring days c0 a + c1 (1 + a2) + c2 (a + a3). Their ratio rises with a.
    """
    zero, one, two = 0.59375, 0.1875, 0.015625
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        noon = 0.5 * (low + high)
        variance = zero + 2.0 * one * noon + 2.0 * two * noon**2
        covariance = zero * noon + one * (1.0 + noon**2) + two * (noon + noon**3)
        low, high = (low, noon) if covariance > lag1 * variance else (noon, high)
    noon = 0.5 * (low + high)
    return noon, std / float(np.sqrt(zero + 2.0 * one * noon + 2.0 * two * noon**2))


def _dew_mean(node: Node, normals: Normals, temp_mean: np.ndarray, temp_range: np.ndarray) -> np.ndarray:
    """Monthly mean dew point with which hourly relative humidity has the normals' mean.

    The humidity of mean temperature and mean dew point is lower than the mean of the hours, and the cut
    at saturation takes some back; both are in the quadrature over the day and the two anomalies.
    """
    statistics = normals.statistics
    wanted = normals.monthly["rh_pct"]
    cycle = diurnal_shape(
        np.arange(24) + 0.5,
        sunrise_h=sunrise_solar_h(node.latitude, 30.4 * (np.arange(12)[:, None] + 0.5)),
        peak_h=statistics["temp_peak_solar_h"],
    )
    cycle = cycle - cycle.mean(axis=1, keepdims=True)
    points, weights = normal_quadrature(7)
    month = (12, 1, 1, 1)
    warm = (statistics["temp_daily_std"] * normals.temp_spread).reshape(month) * points[:, None]
    clear = _clearness_correlation(statistics).reshape(month)
    aside = np.hypot(statistics["dew_daily_std"], statistics["dew_per_clearness"] * np.sqrt(1.0 - clear**2))
    moist = statistics["dew_per_temp"] * warm + statistics["dew_per_clearness"] * clear * points[:, None]
    moist = moist + aside * points[None, :]
    weight = weights[:, None] * weights[None, :] / 24.0
    temp = (temp_mean[:, None] + temp_range[:, None] * cycle)[:, :, None, None] + warm
    low, high = dew_point(temp_mean, wanted) - 15.0, temp_mean + 10.0
    for _ in range(_HALVINGS):
        dew = 0.5 * (low + high)
        humidity = relative_humidity_from_dew(temp, dew.reshape(month) + moist)
        too_wet = (humidity * weight).sum(axis=(1, 2, 3)) > wanted
        high, low = np.where(too_wet, dew, high), np.where(too_wet, low, dew)
    # what is sought is the mean before the cut at saturation, which the generator makes again
    return 0.5 * (low + high)


def sunrise_solar_h(latitude: float, day_of_year: np.ndarray) -> np.ndarray:
    """Solar hour of sunrise [h], from Cooper's declination; within 0.2 h between 25 and 45 N.

    References
    ----------
    P. I. Cooper, The absorption of radiation in solar stills, Solar Energy 12 (1969) 333-346.
    """
    declination = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day_of_year) / 365.0))
    cosine = np.clip(-np.tan(np.radians(latitude)) * np.tan(declination), -0.95, 0.95)
    return 12.0 - np.degrees(np.arccos(cosine)) / 15.0


def diurnal_shape(solar_h: np.ndarray, *, sunrise_h: np.ndarray, peak_h: float) -> np.ndarray:
    """Daily temperature cycle between 0 at sunrise and 1 at its peak in the afternoon.

    Parameters
    ----------
    solar_h : ndarray [h], 0 to 24
    sunrise_h : ndarray [h], broadcast against it
    peak_h : float [h]

    Returns
    -------
    ndarray, 0 to 1

    Notes
    -----
    Half a cosine up; down half a cosine in the 0.8th power of time, so that the mean lies at 0.46 of the
    range, as in the normals (0.42 to 0.52).
    """
    up = (solar_h - sunrise_h) / (peak_h - sunrise_h)
    since_peak = np.mod(solar_h - peak_h, 24.0) / (24.0 + sunrise_h - peak_h)
    rising = (up >= 0.0) & (up < 1.0)
    fall = np.clip(since_peak, 0.0, 1.0) ** 0.8
    return np.where(rising, 0.5 - 0.5 * np.cos(np.pi * up), 0.5 + 0.5 * np.cos(np.pi * fall))
