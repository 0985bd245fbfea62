"""The wind of a place: a Weibull margin, a daily cycle, and a memory of two parts.

Speed is mean x cycle x w, with w the Weibull variable of mean 1 whose probability is that of a standard normal
series: sqrt(share) x slow + sqrt(1 - share) x fast. The slow part is weather systems, drawn half-daily from the
field over the map and laid linearly between, its variance kept; the fast part is the node's own, hour by hour.
Their share and the fast part's lag-1 are such that hours 1 and 24 apart correlate as in the statistics.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from weather.climate.noise import SYNOPTIC
from weather.climate.pieces import HOURS_OF_MONTH, within

STEP_H = 24 // SYNOPTIC["wind"]
"""Hours between drawn values of the slow part, at 0 and 12 h civil."""
_LONGEST_H = 240  # beyond, slow parts of 48 h correlate by less than 0.01
_TERMS = 10
_HALVINGS = 24
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Windiness:
    """Parameters of wind at one node: Weibull shape, share and lag-1 of the slow part, lag-1 of the fast part."""

    weibull_k: float
    slow_share: float
    slow_lag1: float
    fast_lag1: float


def slow_weights(lag1: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the value before and after the middle of each hour, shapes (12,), that keep unit variance."""
    after = (np.arange(STEP_H) + 0.5) / STEP_H
    before = 1.0 - after
    spread = np.sqrt(before**2 + after**2 + 2.0 * before * after * lag1)
    return before / spread, after / spread


def relative_wind(z: np.ndarray, weibull_k: float) -> np.ndarray:
    """Weibull variable of mean 1 at the probability of a standard normal z.

    Examples
    --------
    >>> import numpy as np
    >>> relative_wind(np.array([-1.0, 0.0, 2.0]), 2.0).round(3)
    array([0.469, 0.939, 2.195])
    """
    return (-np.log(ndtr(-z))) ** (1.0 / weibull_k) / math.gamma(1.0 + 1.0 / weibull_k)


@lru_cache(maxsize=256)
def windiness(*, lag1: float, lag24: float, weibull_k: float, amplitude: float, slow_h: float) -> Windiness:
    """Shares and lags with which hourly speed has the wanted correlations.

    Parameters
    ----------
    lag1, lag24 : float
        Correlation of hourly speed 1 and 24 h apart, about the mean of each month.
    weibull_k : float
        Shape of the margin.
    amplitude : float
        Of the daily cycle, over the mean.
    slow_h : float [h]
        Time in which the slow part's correlation falls to 1/e.

    Returns
    -------
    Windiness

    Notes
    -----
    Gaussian correlation r gives the Weibull variable sum over i of w_i^2 r^i / sum of w_i^2, w_i its Hermite
    coefficients. With C(l) = 1 + amplitude^2 / 2 cos(2 pi l / 24) and v the squared variation of the margin,
    speed covaries at lag l by C(l) (1 + v corr) - 1, in squares of its mean.
    """
    slow_lag1 = math.exp(-STEP_H / slow_h)
    slow = _slow_correlations(slow_lag1)
    powers, variation = _margin(weibull_k)
    lags = np.arange(HOURS_OF_MONTH)
    cycle = 1.0 + 0.5 * amplitude**2 * np.cos(2.0 * np.pi * lags / 24.0)

    def found(share: float, fast: float, lag: int) -> float:
        gauss = share * slow + (1.0 - share) * fast ** np.arange(_LONGEST_H)
        gust = np.zeros(HOURS_OF_MONTH)
        gust[:_LONGEST_H] = np.polynomial.polynomial.polyval(gauss, powers).mean(axis=0)
        covariance = cycle * (1.0 + variation * gust) - 1.0
        return within(covariance / covariance[0], lag)[1]

    share, fast = 0.5, 0.5
    for _ in range(_ROUNDS):
        share = _root(lambda value, fast=fast: found(value, fast, 24), lag24, high=1.0)
        fast = _root(lambda value, share=share: found(share, value, 1), lag1, high=0.98)
    return Windiness(weibull_k=weibull_k, slow_share=share, slow_lag1=slow_lag1, fast_lag1=fast)


def _root(rising: Callable[[float], float], wanted: float, *, high: float) -> float:
    low = 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if rising(middle) > wanted else (middle, high)
    return 0.5 * (low + high)


@lru_cache(maxsize=16)
def _slow_correlations(lag1: float) -> np.ndarray:
    """Correlation of the slow part from hour to hour, by hour of the half-day and lag, shape (12, 240)."""
    hours = STEP_H + _LONGEST_H
    before, after = slow_weights(lag1)
    weights = np.zeros((hours, hours // STEP_H + 1))
    rows = np.arange(hours)
    weights[rows, rows // STEP_H] = before[rows % STEP_H]
    weights[rows, rows // STEP_H + 1] = after[rows % STEP_H]
    steps = np.arange(weights.shape[1])
    full = weights @ lag1 ** np.abs(steps[:, None] - steps) @ weights.T
    return np.array([full[hour, hour : hour + _LONGEST_H] for hour in range(STEP_H)])


@lru_cache(maxsize=64)
def _margin(weibull_k: float) -> tuple[np.ndarray, float]:
    """Powers of a Gaussian correlation in that of the Weibull variable, (terms + 1,), and its squared variation."""
    z = np.linspace(-8.0, 8.0, 8001)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    factorials = np.array([math.factorial(term) for term in range(_TERMS + 1)], dtype=float)
    hermite = np.polynomial.hermite_e.hermevander(z, _TERMS) / np.sqrt(factorials)
    waves = (relative_wind(z, weibull_k) * weight) @ hermite
    waves[0] = 0.0
    return waves**2 / np.sum(waves**2), math.gamma(1.0 + 2.0 / weibull_k) / math.gamma(1.0 + 1.0 / weibull_k) ** 2 - 1.0
