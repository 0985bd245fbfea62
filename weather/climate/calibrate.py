"""The generator's parameters of a node: what makes its long means equal the normals."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from weather.climate.clearness import Clearness, calibrate_clearness
from weather.climate.humidity import Moisture, mean_dew_point, moisture
from weather.climate.interpolation import mean_preserving_nodes, noon_series
from weather.climate.normals import Normals, nearest_normals
from weather.climate.windiness import Windiness, windiness
from weather.derive import LAPSE_RATE_K_PER_KM
from weather.nodes import Node

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
    moisture: Moisture
    wind: Windiness
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
    temp_lag1, noon_std = noon_series(statistics["temp_daily_lag1"], statistics["temp_daily_std"])
    lift_k = LAPSE_RATE_K_PER_KM * (normals.temp_altitude_m - node.altitude_m) / 1000.0
    temp_mean = normals.monthly["t_mean_c"] + lift_k
    temp_range = normals.monthly["t_max_c"] - normals.monthly["t_min_c"]
    dew_mean = mean_dew_point(
        node,
        normals,
        temp_mean=temp_mean,
        temp_range=temp_range,
        clear_correlation=_clearness_correlation(statistics),
    )
    return Calibrated(
        normals=normals,
        clearness=clearness,
        moisture=moisture(normals),
        wind=windiness(
            lag1=statistics["wind_hourly_lag1"],
            lag24=statistics["wind_hourly_lag24"],
            weibull_k=statistics["wind_weibull_k"],
            amplitude=statistics["wind_diurnal_amplitude"],
            slow_h=statistics["wind_slow_h"],
        ),
        temp_mean=mean_preserving_nodes(temp_mean),
        temp_range=mean_preserving_nodes(temp_range),
        temp_std=noon_std * mean_preserving_nodes(normals.temp_spread),
        temp_by_clearness=_temp_by_clearness(normals, clearness, temp_lag1, noon_std),
        temp_lag1=temp_lag1,
        dew_mean=mean_preserving_nodes(dew_mean),
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
