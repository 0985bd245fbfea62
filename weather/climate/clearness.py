"""Daily clearness: the Gaussian series whose days have the mean, the spread and the memory of the statistics.

Clearness is the share of the clearest-air irradiance. Its logit in hour h of day d is

    location + scale (z(d) + cloud_hourly_ratio c(h)),

with z the series of days and c that of cloud within them, both standard normal AR(1). What is measured is
clearness of whole days: the mean over h, weighted by the envelope. Given z it has an expectation, by
quadrature over c, and around it a spread that the day's few independent clouds leave.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from weather.climate.normals import Normals
from weather.climate.pieces import DAYS_OF_MONTH, within
from weather.climate.sun import sun_over
from weather.nodes import Node

_SAMPLE_YEAR = 2001
_HALVINGS = 40
_HERMITE_TERMS = 12


@dataclass(frozen=True, slots=True)
class Clearness:
    """Parameters of clearness at one node; arrays of shape (12,), by month.

    location, scale: mean and standard deviation of the logit. lag1: correlation of z from day to day.
    day_correlation: of z with the clearness of its day. day_mean, day_std: of the clearness of a day without
    its own cloud, logistic(location + scale z).
    """

    location: np.ndarray
    scale: np.ndarray
    lag1: float
    day_correlation: np.ndarray
    day_mean: np.ndarray
    day_std: np.ndarray


@dataclass(frozen=True, slots=True)
class _Moments:
    """Of the clearness of whole days, shapes (12,); `waves` (12, terms): its Hermite coefficients in z, from 1."""

    mean: np.ndarray
    std: np.ndarray
    waves: np.ndarray


def calibrate_clearness(node: Node, normals: Normals) -> Clearness:
    """Location, scale and lag-1 of the logit-normal clearness.

    Sought: mean of clearness = ghi / He and standard deviation of its days = std(kt) H0 / He, with H0 the
    extraterrestrial and He the clearest-air irradiation of the month at the node; and lag-1 of the days,
    mean of the months. The last two are measured about the mean of each month, so the series' own are wider.
    It is the irradiation of the normals that is kept, not their clearness index: at Horinger, half a degree
    south of its normals' place, the index would give up to 2.6 % more.

    Parameters
    ----------
    node : Node
    normals : Normals

    Returns
    -------
    Clearness

    Notes
    -----
    By Mehler's formula the days z and z' of correlation r have clearness with covariance sum over k of
    w_k^2 r^k, w_k the Hermite coefficients of its expectation given z.
    """
    statistics = normals.statistics
    extraterrestrial, envelope = _irradiation_by_hour(node, statistics["envelope_linke_turbidity"])
    ratio = extraterrestrial.sum(axis=1) / envelope.sum(axis=1)
    lasting = _share_left_by_clouds(envelope, statistics["cloud_hourly_lag1"])
    cloud = statistics["cloud_hourly_ratio"]
    mean = 1000.0 * normals.monthly["ghi_kwh_m2_d"] / envelope.sum(axis=1)
    series_lag1 = _lag1_of_series(statistics["kt_daily_lag1"])
    left, _ = within(series_lag1 ** np.arange(DAYS_OF_MONTH), 1)
    swing = statistics["kt_std_swing"]
    season = (1.0 + swing * np.cos(2.0 * np.pi * (np.arange(12) - 6.0) / 12.0)) / np.sqrt(1.0 + 0.5 * swing**2)
    # a variable between 0 and 1 with this mean cannot spread further than sqrt(mean (1 - mean))
    spread = np.minimum(statistics["kt_daily_std"] * season * ratio / np.sqrt(left), 0.9 * np.sqrt(mean * (1.0 - mean)))
    low, high = np.full(12, 0.02), np.full(12, 6.0)
    for _ in range(_HALVINGS):
        scale = 0.5 * (low + high)
        too_wide = _moments(_location(mean, scale, cloud), scale, cloud, lasting).std > spread
        high, low = np.where(too_wide, scale, high), np.where(too_wide, low, scale)
    location = _location(mean, scale, cloud)
    days = _moments(location, scale, cloud, lasting)
    plain = _moments(location, scale, 0.0, lasting)
    return Clearness(
        location=location,
        scale=scale,
        lag1=_lag1(days, series_lag1),
        day_correlation=days.waves[:, 0] / days.std,
        day_mean=plain.mean,
        day_std=plain.std,
    )


def _lag1_of_series(within_months: float) -> float:
    """Lag-1 of days that show the given one about the mean of each month, as an AR(1)."""
    low, high = 0.0, 0.99
    for _ in range(_HALVINGS):
        lag1 = 0.5 * (low + high)
        found = within(lag1 ** np.arange(DAYS_OF_MONTH), 1)[1]
        low, high = (low, lag1) if found > within_months else (lag1, high)
    return 0.5 * (low + high)


def _lag1(days: _Moments, wanted: float) -> float:
    powers = np.arange(1, _HERMITE_TERMS + 1)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        lag1 = 0.5 * (low + high)
        found = np.mean((days.waves**2 * lag1**powers).sum(axis=1) / days.std**2)
        low, high = (low, lag1) if found > wanted else (lag1, high)
    return 0.5 * (low + high)


def _location(mean: np.ndarray, scale: np.ndarray, cloud: float) -> np.ndarray:
    low, high = np.full(12, -12.0), np.full(12, 12.0)
    for _ in range(_HALVINGS):
        location = 0.5 * (low + high)
        too_bright = _moments(location, scale, cloud, np.zeros(12)).mean > mean
        high, low = np.where(too_bright, location, high), np.where(too_bright, low, location)
    return 0.5 * (low + high)


def _moments(location: np.ndarray, scale: np.ndarray, cloud: float, lasting: np.ndarray) -> _Moments:
    day, day_weight = normal_quadrature(17)
    hour, hour_weight = normal_quadrature(9)
    logit = location[:, None, None] + scale[:, None, None] * (day[None, :, None] + cloud * hour[None, None, :])
    clearness = 1.0 / (1.0 + np.exp(-logit))
    expected = clearness @ hour_weight
    within = (clearness - expected[:, :, None]) ** 2 @ hour_weight
    mean = expected @ day_weight
    variance = (expected - mean[:, None]) ** 2 @ day_weight + lasting * (within @ day_weight)
    factorials = np.array([math.factorial(k) for k in range(1, _HERMITE_TERMS + 1)], dtype=float)
    hermite = np.polynomial.hermite_e.hermevander(day, _HERMITE_TERMS)[:, 1:] / np.sqrt(factorials)
    return _Moments(mean=mean, std=np.sqrt(variance), waves=(expected * day_weight) @ hermite)


def _share_left_by_clouds(envelope: np.ndarray, lag1: float) -> np.ndarray:
    """Variance of an hourly AR(1) that its mean over the sunlit hours keeps; (12, 24) to (12,)."""
    weight = envelope / envelope.sum(axis=1, keepdims=True)
    apart = np.abs(np.arange(24)[:, None] - np.arange(24))
    # hours are of UTC and the local day runs over its midnight: the nearer way round
    alike = lag1 ** np.minimum(apart, 24 - apart)
    return ((weight @ alike) * weight).sum(axis=1)


def _irradiation_by_hour(node: Node, linke_turbidity: float) -> tuple[np.ndarray, np.ndarray]:
    """Extraterrestrial and clearest-air irradiation of a mean day by month and hour UTC [Wh/m2], (12, 24)."""
    # every day: of a few, spread alike over long and short months, February's lie late and 2 % too bright
    hours = np.arange(f"{_SAMPLE_YEAR}-01-01", f"{_SAMPLE_YEAR + 1}-01-01", dtype="datetime64[h]")
    sun = sun_over(node, hours.astype("datetime64[ns]"), linke_turbidity=linke_turbidity)
    day_month = hours[::24].astype("datetime64[M]").astype(int) % 12
    extraterrestrial, envelope = (
        np.array([irradiance.reshape(-1, 24)[day_month == month].mean(axis=0) for month in range(12)])
        for irradiance in (sun.extraterrestrial, sun.envelope)
    )
    return extraterrestrial, envelope


@cache
def normal_quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that integrate against the standard normal law."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return nodes, weights / weights.sum()
