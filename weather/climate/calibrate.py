"""The generator's parameters of a node: what makes its long means equal the normals."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from weather.climate.normals import Normals, mean_preserving_nodes, nearest_normals
from weather.climate.sun import sun_over
from weather.derive import LAPSE_RATE_K_PER_KM, dew_point, relative_humidity_from_dew
from weather.nodes import Node

_SAMPLE_YEAR = 2001
_SAMPLE_DAYS = (3, 8, 13, 18, 23, 28)
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Parameters of one node; arrays of shape (12,), by month or at mid-month.

    clearness_location, clearness_scale: mean and standard deviation of the logit of daily clearness
    (share of the clearest-air irradiance). temp_mean, temp_range, dew_mean, wind_mean: values at
    mid-month to interpolate through the year. temp_lag1, temp_std: of the anomaly at noon, such that the
    daily means have the lag-1 and spread of the statistics.
    """

    normals: Normals
    clearness_location: np.ndarray
    clearness_scale: np.ndarray
    temp_mean: np.ndarray
    temp_range: np.ndarray
    dew_mean: np.ndarray
    wind_mean: np.ndarray
    temp_lag1: float
    temp_std: float


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
    location, scale = _clearness(node, normals)
    temp_lag1, temp_std = _noon_anomaly(normals.statistics["temp_daily_lag1"], normals.statistics["temp_daily_std"])
    lift_k = LAPSE_RATE_K_PER_KM * (normals.temp_altitude_m - node.altitude_m) / 1000.0
    temp_mean = normals.monthly["t_mean_c"] + lift_k
    temp_range = normals.monthly["t_max_c"] - normals.monthly["t_min_c"]
    return Calibrated(
        normals=normals,
        clearness_location=location,
        clearness_scale=scale,
        temp_mean=mean_preserving_nodes(temp_mean),
        temp_range=mean_preserving_nodes(temp_range),
        dew_mean=mean_preserving_nodes(_dew_mean(node, normals, temp_mean, temp_range)),
        wind_mean=mean_preserving_nodes(normals.monthly["wind10_mean_ms"]),
        temp_lag1=temp_lag1,
        temp_std=temp_std,
    )


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


def _clearness(node: Node, normals: Normals) -> tuple[np.ndarray, np.ndarray]:
    """Location and scale of the logit-normal clearness by month.

    Sought: mean of clearness = kt H0 / He and its daily standard deviation = std(kt) H0 / He, with H0 the
    extraterrestrial and He the clearest-air irradiation of the month at the node.
    """
    statistics = normals.statistics
    ratio = _extraterrestrial_over_envelope(node, statistics["envelope_linke_turbidity"])
    mean = normals.monthly["kt"] * ratio
    # a variable between 0 and 1 with this mean cannot spread further than sqrt(mean (1 - mean))
    spread = np.minimum(statistics["kt_daily_std"] * ratio, 0.9 * np.sqrt(mean * (1.0 - mean)))
    low, high = np.full(12, 0.02), np.full(12, 6.0)
    for _ in range(_HALVINGS):
        scale = 0.5 * (low + high)
        too_wide = _clearness_moments(_location(mean, scale, statistics), scale, statistics)[1] > spread
        high, low = np.where(too_wide, scale, high), np.where(too_wide, low, scale)
    scale = 0.5 * (low + high)
    return _location(mean, scale, statistics), scale


def _location(mean: np.ndarray, scale: np.ndarray, statistics: dict[str, float]) -> np.ndarray:
    low, high = np.full(12, -12.0), np.full(12, 12.0)
    for _ in range(_HALVINGS):
        location = 0.5 * (low + high)
        too_bright = _clearness_moments(location, scale, statistics)[0] > mean
        high, low = np.where(too_bright, location, high), np.where(too_bright, low, location)
    return 0.5 * (low + high)


def _clearness_moments(
    location: np.ndarray, scale: np.ndarray, statistics: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of hourly clearness and standard deviation of its daily mean, by quadrature; shapes (12,)."""
    day, day_weight = _normal_quadrature(17)
    hour, hour_weight = _normal_quadrature(9)
    logit = location[:, None, None] + scale[:, None, None] * (
        day[None, :, None] + statistics["cloud_hourly_ratio"] * hour[None, None, :]
    )
    daily = (hour_weight / (1.0 + np.exp(-logit))).sum(axis=2)
    mean = (day_weight * daily).sum(axis=1)
    return mean, np.sqrt((day_weight * (daily - mean[:, None]) ** 2).sum(axis=1))


@lru_cache(maxsize=8)
def _normal_quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that integrate against the standard normal law."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return nodes, weights / weights.sum()


def _extraterrestrial_over_envelope(node: Node, linke_turbidity: float) -> np.ndarray:
    hours = np.concatenate(
        [
            np.datetime64(f"{_SAMPLE_YEAR}-{month:02d}-{day:02d}", "ns") + np.arange(24) * np.timedelta64(1, "h")
            for month in range(1, 13)
            for day in _SAMPLE_DAYS
        ]
    )
    sun = sun_over(node, hours, linke_turbidity=linke_turbidity)
    shape = (12, -1)
    return sun.extraterrestrial.reshape(shape).sum(axis=1) / sun.envelope.reshape(shape).sum(axis=1)


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
    points, weights = _normal_quadrature(7)
    warm = statistics["temp_daily_std"] * points[:, None]
    moist = np.hypot(statistics["dew_daily_std"], statistics["dew_per_clearness"]) * points[None, :]
    weight = weights[:, None] * weights[None, :] / 24.0
    temp = (temp_mean[:, None] + temp_range[:, None] * cycle)[:, :, None, None] + warm
    low, high = dew_point(temp_mean, wanted) - 15.0, temp_mean + 10.0
    for _ in range(_HALVINGS):
        dew = 0.5 * (low + high)
        humidity = relative_humidity_from_dew(
            temp, dew[:, None, None, None] + statistics["dew_per_temp"] * warm + moist
        )
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
