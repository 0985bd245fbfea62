"""Dew point of the generator: the spread of its parts, and the means that give the normals' humidity."""

from dataclasses import dataclass

import numpy as np

from weather.climate.clearness import normal_quadrature
from weather.climate.cycles import diurnal_shape, sunrise_solar_h, wave
from weather.climate.interpolation import noon_series
from weather.climate.normals import Normals
from weather.derive import dew_point, saturation_pressure
from weather.nodes import Node

_HALVINGS = 16  # 25 K halved 16 times is 0.4 mK
_HOURS = np.arange(24) + 0.5


@dataclass(frozen=True, slots=True)
class Moisture:
    """Parameters of what the dew point does beside temperature and clearness.

    noon_lag1, noon_std [K]: of the air mass' own moisture from noon to noon. hourly_lag1, hourly_std [K]: of what
    passes within hours.
    """

    noon_lag1: float
    noon_std: float
    hourly_lag1: float
    hourly_std: float


def moisture(normals: Normals) -> Moisture:
    """Parameters with which daily means of the dew point have the residual of the statistics.

    A day's mean keeps a part of what passes within hours; the rest of the daily residual is the noon series'.
    """
    statistics = normals.statistics
    hourly_lag1, hourly_std = statistics["dew_hourly_lag1"], statistics["dew_hourly_std"]
    apart = np.abs(np.arange(24)[:, None] - np.arange(24))
    left = hourly_std**2 * np.mean(hourly_lag1**apart)
    noon_lag1, noon_std = noon_series(
        statistics["dew_daily_lag1"], float(np.sqrt(statistics["dew_daily_std"] ** 2 - left))
    )
    return Moisture(noon_lag1=noon_lag1, noon_std=noon_std, hourly_lag1=hourly_lag1, hourly_std=hourly_std)


def mean_dew_point(
    node: Node, normals: Normals, *, temp_mean: np.ndarray, temp_range: np.ndarray, clear_correlation: np.ndarray
) -> np.ndarray:
    """Monthly mean dew point with which hourly relative humidity has the normals' mean [degC], shape (12,).

    The humidity of mean temperature and mean dew point is lower than the mean of the hours, and the cut
    at saturation takes some back; both are in the quadrature over the day, the temperature anomaly, clearness
    and the dew point's own residual.

    Parameters
    ----------
    node : Node
    normals : Normals
    temp_mean, temp_range : ndarray [degC], [K], shape (12,)
    clear_correlation : ndarray, shape (12,)
        Correlation of the daily temperature anomaly with daily clearness.
    """
    statistics = normals.statistics
    wanted = normals.monthly["rh_pct"]
    cycle = diurnal_shape(
        _HOURS,
        sunrise_h=sunrise_solar_h(node.latitude, 30.4 * (np.arange(12)[:, None] + 0.5)),
        peak_h=statistics["temp_peak_solar_h"],
    )
    swing = (temp_range[:, None] * (cycle - cycle.mean(axis=1, keepdims=True)))[..., None, None, None]
    points, weights = normal_quadrature(5)
    warm_z, aside = points[:, None, None], points[None, None, :]
    alike = clear_correlation[:, None, None, None, None]
    clear = alike * warm_z + np.sqrt(1.0 - alike**2) * points[None, :, None]
    warm = (statistics["temp_daily_std"] * normals.temp_spread)[:, None, None, None, None] * warm_z
    wide = np.clip(1.0 + statistics["range_per_clearness"] * clear, 0.2, 1.8)
    temp = temp_mean[:, None, None, None, None] + swing * wide + warm
    spread = np.hypot(statistics["dew_daily_std"], statistics["dew_hourly_std"])
    daily = statistics["dew_diurnal_amplitude"] * wave(_HOURS, peak_h=statistics["dew_peak_solar_h"])
    moist = (
        statistics["dew_per_temp"] * warm
        + statistics["dew_per_clearness"] * clear
        + spread * aside
        + daily[None, :, None, None, None]
    )
    weight = weights[:, None, None] * weights[None, :, None] * weights[None, None, :] / 24.0
    saturated = saturation_pressure(temp)
    low, high = dew_point(temp_mean, wanted) - 15.0, temp_mean + 10.0
    for _ in range(_HALVINGS):
        dew = 0.5 * (low + high)
        humidity = np.minimum(100.0, 100.0 * saturation_pressure(dew[:, None, None, None, None] + moist) / saturated)
        too_wet = (humidity * weight).sum(axis=(1, 2, 3, 4)) > wanted
        high, low = np.where(too_wet, dew, high), np.where(too_wet, low, dew)
    # what is sought is the mean before the cut at saturation, which the generator makes again
    return 0.5 * (low + high)
