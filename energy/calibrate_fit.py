"""Least squares of a plant to its meters: the figures that meters tell, how well, and what they quarrel about.

Each parameter is a share z of its range, 0 to 1. With r the residuals over their meter's spread, J their slopes in z, w
the weights of the soft loss, hours of a day counted as one, and no knowledge but the range beforehand::

    selection            diag((J'J / 24 + 12)^-1) of those still fitted, the worst out until none is above 0.15^2
    a meter's pull       g_m = -J_m' (w r_m) / 24
    its own information  h_m = diag(J_m'J_m) / 24
    apart                the largest |g_m / h_m| of a meter with g_m^2 > h_m > 0.01 max(h)

The pulls add up to 0 within the ranges; each is near 0 where meters agree. Where one says more and another less, g_m /
h_m is how far a meter would move a parameter were it alone, and counts where that is more than it knows: without it
two meters that contradict each other would pass for one exact one.

What is said of a parameter is `energy.calibrate_spread`'s: the noise of the residuals, the figures that stay at the
study's value though they may be anywhere in their range, the class of the meters, the sensor of the temperature, and
what meters are apart, all as variances added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from energy.calibrate_figures import Parameter, predicted, with_values
from energy.calibrate_meters import METERS, Meters
from energy.calibrate_spread import PRIOR, Spread, causes_held, misfit, moved_by, noise_of, standard_errors, summed
from models.overhead import NodePlant, hall_heat_kw

_STEP = 1e-3  # of the range, for slopes
_TOLD = 0.15  # of the range: what is known no better than to that is not told; 0.29 is no knowledge at all
_FEW = 8  # steps of the first solve, along whose flat directions there is nothing to find
_A_DAY = 24  # hours of a day count as one where it is asked what is told
_FIRST_SIGMA = 0.02  # of a meter's mean, before the residuals tell
_LEAST_SIGMA = 1e-3  # no meter is better than a thousandth
_SOFT = 3.0  # spreads, beyond which the loss grows as the residual and not as its square
_FAR = 0.05  # of the range: a figure this far from the study's that has no slope here may have one on the way
_EDGE = 1e-3  # of the range: a value as near to its end is at it
_PUSHED = 2.0  # standard deviations the fit would go beyond an end, for the end to be in its way
_DAYS_PUSH = 3.0  # or the sum of the days' pulls outwards over what it varies by
_SOME = 0.01  # of the best meter's information: less, and a meter has no say about a parameter
_OVERLOADED = 1e3  # spreads: residual of a plant that could not carry the heat, a step the solver takes back


@dataclass(frozen=True, slots=True)
class Found:
    """A parameter the meters tell: value and two standard deviations in its unit, together and by source; whether it
    lies at an end of its range that it should not lie at; the meters that contradict each other about it; and ``at
    least`` or ``at most`` where values beyond this one would show the same."""

    parameter: Parameter
    value: float
    spread: float
    sources: dict[str, float]
    pushed: bool
    quarrel: tuple[str, ...]
    limit: str


class Fit:
    """Residuals of some hours as a function of parameters in shares of their ranges. ``warmer``: the state with the
    temperature one standard deviation of its sensor higher."""

    def __init__(
        self,
        meters: Meters,
        plant: NodePlant,
        state: xr.Dataset,
        setpoint: np.ndarray,
        used: np.ndarray,
        *,
        warmer: xr.Dataset,
    ):
        self._plant, self._most_it_kw = plant, float(np.max(meters.columns["it_kw"]))
        self._state, self._it, self._degc = state.isel(time=used), meters.columns["it_kw"][used], setpoint[used]
        self._warmer = warmer.isel(time=used)
        hour = ((meters.time - meters.time[0]) // np.timedelta64(1, "h")).astype(int)[used]
        seen = {name: meters.columns[name][used] for name in METERS if name in meters.columns}
        self._seen = {name: values for name, values in seen.items() if np.isfinite(values).any()}
        study = predicted(self._state, plant, self._it, self._degc)
        # a meter that reads next to nothing where the plant takes something must not outweigh the others
        self._scale = {name: max(float(np.nanmean(v)), float(study[name].mean())) for name, v in self._seen.items()}
        # some err by a share of what they read, some by a share of their range: in large readings the mean of both,
        # for a compressor's few hours are neither exact to a share of the mean nor worth nothing
        self._size = {
            name: self._scale[name] * np.sqrt(np.fmax(values / self._scale[name], 1.0))
            for name, values in self._seen.items()
        }
        self._hour = np.concatenate([hour[np.isfinite(values)] for values in self._seen.values()])
        self._sigma = dict.fromkeys(self._seen, _FIRST_SIGMA)

    def off(self) -> dict[str, float]:
        """How far each meter is off the plant last fitted: the spread of its residuals over its mean [-]."""
        return dict(self._sigma)

    def solved(self, tried: tuple[Parameter, ...]) -> tuple[Found, ...]:
        """Parameters the meters tell."""
        from scipy.optimize import least_squares

        chosen, z = list(tried), _shares(tried)
        found: tuple[Found, ...] = ()
        for last in (False, *[True] * len(tried)):
            if not chosen:
                break
            z = least_squares(
                partial(self._residuals, chosen),
                z,
                jac=partial(self._slopes, chosen),
                bounds=(0.0, 1.0),
                loss="soft_l1",
                f_scale=_SOFT,
                xtol=1e-5,
                ftol=1e-7,
                max_nfev=_FEW if not last else None,
            ).x
            ends = np.where(z < _EDGE / 10, 0.0, np.where(z > 1.0 - _EDGE / 10, 1.0, z))  # the solver stays inside
            z = z if self._overloaded(chosen, ends) else ends
            self._learn(chosen, z)
            kept, slopes, limits = self._tellable(chosen, z)
            if last and len(kept) == len(chosen):
                found = self._found(chosen, z, slopes, limits, [p for p in tried if p not in chosen])
                break
            chosen, z = [chosen[k] for k in kept], z[kept]
        return found

    def _plant_at(self, chosen: list[Parameter], z: np.ndarray) -> NodePlant:
        return with_values(self._plant, chosen, _values(chosen, z))

    def _overloaded(self, chosen: list[Parameter], z: np.ndarray) -> bool:
        """Whether the plant could not carry the heat of its losses, in an hour fitted or kept aside."""
        plant = self._plant_at(chosen, z)
        return bool(hall_heat_kw(self._most_it_kw, plant) > plant.cooling.rated_heat_kw)

    def _shown(self, chosen: list[Parameter], z: np.ndarray) -> dict:
        return predicted(self._state, self._plant_at(chosen, z), self._it, self._degc)

    def _residuals(self, chosen: list[Parameter], z: np.ndarray) -> np.ndarray:
        if self._overloaded(chosen, z):
            return np.full(sum(int(np.isfinite(seen).sum()) for seen in self._seen.values()), _OVERLOADED)
        shown = self._shown(chosen, z)
        return self._over_spread({name: shown[name] - seen for name, seen in self._seen.items()})

    def _over_spread(self, off: dict[str, np.ndarray]) -> np.ndarray:
        """Differences of the meters, name -> (hour,), over each meter's spread, in a row as residuals are."""
        parts = [off[name] / (self._sigma[name] * self._size[name]) for name in self._seen]
        there = [np.isfinite(seen) for seen in self._seen.values()]
        return np.concatenate([part[good] for part, good in zip(parts, there, strict=True)])

    def _slopes(self, chosen: list[Parameter], z: np.ndarray, *, first: int | None = None) -> np.ndarray:
        """Derivatives of the residuals in all parameters or the ``first``, one-sided inwards at the far end; (residual,
        parameter)."""
        here = self._residuals(chosen, z)
        columns = []
        for k in range(len(z) if first is None else first):
            moved = z.copy()
            moved[k] += _STEP if z[k] + _STEP <= 1.0 else -_STEP
            if z[k] >= _STEP and self._overloaded(chosen, moved):
                moved[k] = z[k] - _STEP
            columns.append((self._residuals(chosen, moved) - here) / (moved[k] - z[k]))
        return np.column_stack(columns)

    def _learn(self, chosen: list[Parameter], z: np.ndarray) -> None:
        """Take each meter's spread from its own residuals: 1.48 times their median size, as for a normal law, in
        hours with something to show: water comes in some hours only, and the others would make it exact."""
        shown = self._shown(chosen, z)
        for name, seen in self._seen.items():
            some = np.isfinite(seen) & (np.fmax(shown[name], seen) > _LEAST_SIGMA * self._scale[name])
            off = (np.abs(shown[name] - seen) / self._size[name])[some]
            self._sigma[name] = max(1.48 * float(np.median(off)), _LEAST_SIGMA) if len(off) else _LEAST_SIGMA

    def _tellable(self, chosen: list[Parameter], z: np.ndarray) -> tuple[list[int], np.ndarray, list[str]]:
        """Numbers of the parameters the residuals tell, the slopes that tell them, and on which side (`Found`).

        A pad that does all the cooling leaves the compressor nothing, and a better one is no better: no slope there.
        The meters tell such a figure all the same where the study's would be wrong, so slopes that tell nothing are
        taken over the way to the study's value.
        """
        slopes, limits = self._slopes(chosen, z), [""] * len(z)
        kept = _told(slopes)
        study = _shares(chosen)
        far = [k for k in range(len(z)) if k not in kept and abs(z[k] - study[k]) > _FAR]
        if not far:
            return kept, slopes, limits
        here = self._residuals(chosen, z)
        for k in far:
            moved = z.copy()
            moved[k] = study[k]
            if not self._overloaded(chosen, moved):
                slopes[:, k] = (self._residuals(chosen, moved) - here) / (moved[k] - z[k])
                limits[k] = "at least" if z[k] > study[k] else "at most"
        return _told(slopes), slopes, limits

    def _found(
        self,
        chosen: list[Parameter],
        z: np.ndarray,
        slopes: np.ndarray,
        limits: list[str],
        rest: list[Parameter],
    ) -> tuple[Found, ...]:
        residuals = self._residuals(chosen, z)
        weights = 1.0 / np.sqrt(1.0 + (residuals / _SOFT) ** 2)
        ends = np.cumsum([int(np.isfinite(seen).sum()) for seen in self._seen.values()])
        meters = list(zip(np.split(slopes, ends[:-1]), np.split(weights * residuals, ends[:-1]), strict=True))
        pulls = -np.array([part.T @ off for part, off in meters]) / _A_DAY  # (meter, parameter)
        apart = self._apart(pulls, np.array([np.sum(part**2, axis=0) for part, _ in meters]) / _A_DAY)
        spread = Spread(
            noise_of(slopes, residuals, weights, self._hour),
            moved_by(slopes, weights, causes_held(slopes, self._slopes_of(rest, chosen, z), residuals, weights)),
            moved_by(slopes, weights, self._causes_metered(chosen, z)),
            moved_by(slopes, weights, [self._cause_warmer(chosen, z)]),
            apart,
        )
        known, values = np.sqrt(np.diag(_covariance(slopes))), _values(chosen, z)
        at_end = (z < _EDGE) | (z > 1.0 - _EDGE)
        parts = zip(np.split(residuals, ends[:-1]), np.split(self._hour, ends[:-1]), strict=True)
        beyond = np.any([misfit(part, hours) for part, hours in parts]) & (values != 0.0)
        wrong_end = beyond | self._pushed(slopes, weights * residuals, z, known)
        found = []
        for k, parameter in enumerate(chosen):
            width = parameter.high - parameter.low
            found.append(
                Found(
                    parameter,
                    float(values[k]),
                    2.0 * width * float(spread.total[k]),
                    spread.of(k, width),
                    bool(at_end[k] and wrong_end[k] and not limits[k]),
                    self._against(pulls[:, k]) if apart[k] > known[k] and not at_end[k] else (),
                    limits[k],
                )
            )
        return tuple(found)

    def _apart(self, pulls: np.ndarray, own: np.ndarray) -> np.ndarray:
        """How far the meters are apart about each parameter."""
        quarrels = (pulls**2 > own) & (own > _SOME * np.max(own, axis=0))
        return np.max(np.where(quarrels, np.abs(pulls) / np.where(quarrels, own, 1.0), 0.0), axis=0)

    def _pushed(self, slopes: np.ndarray, weighed: np.ndarray, z: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Whether the fit would go on beyond the nearer end: by more than is known, or the days agree on it."""
        days = summed(slopes * weighed[:, None], self._hour // _A_DAY)
        outwards = -np.sum(days, axis=0) * np.where(z > 0.5, 1.0, -1.0)
        varies = np.sqrt(np.sum((days - days.mean(axis=0)) ** 2, axis=0))
        return (outwards / _A_DAY * known > _PUSHED) | (outwards > _DAYS_PUSH * varies)

    def _slopes_of(self, rest: list[Parameter], chosen: list[Parameter], z: np.ndarray) -> np.ndarray:
        """Slopes of figures that stay at the study's values; (residual, figure)."""
        if not rest:
            return np.zeros((len(self._hour), 0))
        return self._slopes([*rest, *chosen], np.concatenate([_shares(rest), z]), first=len(rest))

    def _causes_metered(self, chosen: list[Parameter], z: np.ndarray) -> list[np.ndarray]:
        """The same, did each meter, that of the servers too, read off by its class."""
        gain, none = standard_errors()["meter"], {name: np.zeros(len(self._it)) for name in self._seen}
        less = predicted(self._state, self._plant_at(chosen, z), self._it * (1.0 - gain), self._degc)
        shown = self._shown(chosen, z)
        servers = self._over_spread({name: less[name] - shown[name] for name in self._seen})
        return [servers, *(self._over_spread(none | {name: gain * shown[name]}) for name in self._seen)]

    def _cause_warmer(self, chosen: list[Parameter], z: np.ndarray) -> np.ndarray:
        warm, shown = (
            predicted(state, self._plant_at(chosen, z), self._it, self._degc) for state in (self._warmer, self._state)
        )
        return self._over_spread({name: warm[name] - shown[name] for name in self._seen})

    def _against(self, pulls: np.ndarray) -> tuple[str, ...]:
        """The meter that would have more of a parameter, and the one that would have less."""
        names = list(self._seen)
        return (names[int(np.argmax(pulls))], names[int(np.argmin(pulls))]) if len(names) > 1 else ()


def _shares(chosen: Sequence[Parameter]) -> np.ndarray:
    """The study's values in shares of their ranges."""
    return np.array([(p.study - p.low) / (p.high - p.low) for p in chosen])


def _values(chosen: Sequence[Parameter], z: np.ndarray) -> np.ndarray:
    return np.array([p.low + share * (p.high - p.low) for p, share in zip(chosen, z, strict=True)])


def _covariance(slopes: np.ndarray) -> np.ndarray:
    return np.linalg.inv(slopes.T @ slopes / _A_DAY + np.eye(slopes.shape[1]) / PRIOR)


def _told(slopes: np.ndarray) -> list[int]:
    """Numbers of the parameters the residuals tell: without the worst, until all are told."""
    kept = list(range(slopes.shape[1]))
    while kept:
        spread = np.sqrt(np.diag(_covariance(slopes[:, kept])))
        worst = int(np.argmax(spread))
        if spread[worst] <= _TOLD:
            break
        kept.pop(worst)
    return kept
