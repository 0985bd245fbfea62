"""How far a fitted figure may be from the true one, source by source: what stands behind the +- of ``calibrate``.

Figures are shares z of their ranges. With r the residuals over their meter's spread, J their slopes in the fitted z, w
the weights of the soft loss, and s_d = J_d' (w r)_d of the residuals of one day::

    noise        H^-1 S H^-1,  H = J'WJ + 12,  S = the larger of sum s_d s_d', the same of weeks, and J'W^2J
    anything else that moves the residuals by b moves the fit by H^-1 J'W b: figures that the meters do not tell and
    that stay at the study's value, each by its slopes times its distance from where it may be; each meter's reading by
    its class; the outdoor temperature by its sensor's

Where a held figure may be: with K its slopes less what the fitted figures take up, hours of a day counted as one, its
variance is (K'WK / 24 + 12)^-1, all of the range where the meters see nothing of it, about -that K'W r / 24 off the
study's. Without these the +- would take every figure that is not told for exactly known.
Residuals of a day, and of a week, that err alike count as one so, and hours that err each for itself as what they are.
Standard deviations of meters and sensor: ``energy/data/calibration_errors.csv``.

Measured, twelve made sites of six weeks (an air and a water plant), every figure up to 30 % off the study's: with
meters and thermometer off by these errors 85 of 88 figures are within two standard deviations, root mean square of
error over them 0.47; with right ones, 1 % of noise alone, 96 of 96 and 0.22, for the class of the meters is said all
the same. One figure was 2.5 times as far off: the Carnot fraction beside an exchanger told "at least" only, where
slopes do not tell what lies beyond. Not counted: a plant of another kind, wrong humidity, setpoint or clock.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

PRIOR = 1 / 12  # variance of a figure that may be anywhere in its range (0 to 1)
_BLOCKS_H = (24, 168)
_ALIKE = 2.0  # times what hours that err each for itself give: the mean square of a day's mean, for a misfit
_DAY = 24


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations by source, in shares of the range, each (figure,): ``noise`` of the residuals, ``held``
    figures at the study's values, ``meters`` of their class, outdoor ``temperature``, and what meters are ``apart``."""

    noise: np.ndarray
    held: np.ndarray
    meters: np.ndarray
    temperature: np.ndarray
    apart: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """All of them together; no more than the range itself tells."""
        parts = (self.noise, self.held, self.meters, self.temperature, self.apart)
        return np.minimum(np.sqrt(sum(part**2 for part in parts)), np.sqrt(PRIOR))

    def of(self, k: int, width: float) -> dict[str, float]:
        """Source -> two standard deviations of one figure, in its unit."""
        return {name: 2.0 * width * float(getattr(self, name)[k]) for name in self.__slots__}


@cache
def standard_errors() -> dict[str, float]:
    """``meter`` [-] and ``temp_air`` [K]: standard deviation of an error that stays the same all the record long."""
    text = resources.files("energy").joinpath("data/calibration_errors.csv").read_text(encoding="utf-8")
    return {row["what"]: float(row["standard_deviation"]) for row in csv.DictReader(text.splitlines())}


def noise_of(slopes: np.ndarray, residuals: np.ndarray, weights: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Standard deviation by what the residuals show.

    Parameters
    ----------
    slopes
        (residual, figure).
    residuals, weights
        Over their meter's spread, and of the soft loss; (residual,).
    hours
        Hour of the record of each residual.

    Returns
    -------
    numpy.ndarray
        (figure,) [share of the range]
    """
    inverse = np.linalg.inv(_information(slopes, weights))
    scores = slopes * (weights * residuals)[:, None]
    found = [np.diag(inverse @ ((slopes * weights[:, None] ** 2).T @ slopes) @ inverse)]
    for block in _BLOCKS_H:
        sums = summed(scores, hours // block)
        few = len(sums) / max(len(sums) - 1, 1)
        found.append(few * np.diag(inverse @ (sums.T @ sums) @ inverse))
    return np.sqrt(np.max(found, axis=0))


def moved_by(slopes: np.ndarray, weights: np.ndarray, causes: Sequence[np.ndarray]) -> np.ndarray:
    """How far changes of the residuals move the fit, added up as independent; (figure,) [share of the range].

    ``causes``: changes by one standard deviation each, (residual,).
    """
    if not causes:
        return np.zeros(slopes.shape[1])
    weighed = slopes.T @ (np.column_stack(causes) * weights[:, None])
    return np.sqrt(np.sum(np.linalg.solve(_information(slopes, weights), weighed) ** 2, axis=1))


def causes_held(slopes: np.ndarray, held: np.ndarray, residuals: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """Changes of the residuals by figures that stay at the study's value: by where the meters would have them beside
    the fitted ones, and by what the meters and the range leave open about that; ``held``: slopes, (residual, figure).
    """
    if not held.shape[1]:
        return []
    seen = np.linalg.solve(_information(slopes, weights), (slopes * weights[:, None]).T @ held)
    rest = held - slopes @ seen  # what of them the fitted figures do not take up
    known = np.linalg.inv((rest * weights[:, None]).T @ rest / _DAY + np.eye(held.shape[1]) / PRIOR)
    there = -known @ (rest.T @ (weights * residuals)) / _DAY
    return [held @ there, *(held @ np.linalg.cholesky(known)).T]


def summed(rows: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Sums of the rows of each block that has some; (block, ...)."""
    _, number = np.unique(block, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, *rows.shape[1:]))
    np.add.at(sums, number, rows)
    return sums


def misfit(residuals: np.ndarray, hours: np.ndarray) -> bool:
    """Whether the residuals of a day err alike by more than hours that err each for itself."""
    count = summed(np.ones(len(residuals)), hours // _DAY)
    alone = float(np.sum(residuals**2))
    return float(np.sum(summed(residuals, hours // _DAY) ** 2 / count)) > _ALIKE * alone / len(residuals) * len(count)


def _information(slopes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (slopes * weights[:, None]).T @ slopes + np.eye(slopes.shape[1]) / PRIOR
