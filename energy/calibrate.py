"""The plant of a site fitted to its own hourly meters, with the error on weeks that were not used.

Ranges come from ``energy/data/calibration.csv``; whatever field of the node's plants it names is tried, and what the
meters cannot tell stays at the study's value and is named.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import resources

import numpy as np
import xarray as xr

from energy.calibrate_meters import METERS, Meters
from models.cooling import outdoor_state
from models.overhead import NodePlant, it_rating_kw, overhead_flows
from weather.conventions.errors import DataError

_FLOWS = {
    "facility_kw": "facility_kw",
    "cooling_kw": "cooling_kw",
    "fan_kw": "fan_kw",
    "ups_loss_kw": "ups_loss_kw",
    "water_l": "water_l_per_h",
}
_WEEK_H = 168
_EVERY = 4  # weeks: the last of each four is kept aside
_MOST_HOURS = 2500  # of fitting: more hours of the same site tell nothing new, and take longer
_STEP = 1e-3  # of the range, for slopes
_PRIOR = 1 / 12  # variance of a parameter that may be anywhere in its range (0 to 1)
_TOLD = 0.15  # of the range: what is known no better than to that is not told; 0.29 is no knowledge at all
_FEW = 8  # steps of the first solve, along whose flat directions there is nothing to find
_A_DAY = 24  # hours of a day err alike: they count as one
_FIRST_SIGMA = 0.02  # of a meter's mean, before the residuals tell
_GOLDEN = 0.5 * (5**0.5 - 1.0)  # multiples of it spread evenly, over the year and over the hours of the day


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure of a plant that may be fitted: its table and field in the study (``ups_loss[0]``: the first of
    several), its range, unit and meaning, and the study's value."""

    table: str
    field: str
    low: float
    high: float
    unit: str
    meaning: str
    study: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A parameter after the fit: ``value`` and two standard deviations of it, or the study's value and None where
    the meters do not tell it; ``at_edge``: at an end of its range."""

    parameter: Parameter
    value: float
    spread: float | None

    @property
    def told(self) -> bool:
        """Whether the meters tell it."""
        return self.spread is not None

    @property
    def at_edge(self) -> bool:
        """Whether the fit would go on beyond the range."""
        span = self.parameter.high - self.parameter.low
        return self.told and not self.parameter.low + 1e-3 * span < self.value < self.parameter.high - 1e-3 * span


@dataclass(frozen=True, slots=True)
class Score:
    """A meter on the hours kept aside: how many, mean error and root mean square error over the meter's mean [-],
    with the study's figures and with the fitted ones; and the root mean square error over the larger of what the
    meter and the study's plant show (root mean square) [-], which stays small where the meter reads next to
    nothing."""

    meter: str
    hours: int
    bias_before: float
    nrmse_before: float
    bias_after: float
    nrmse_after: float
    weighed_before: float
    weighed_after: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fit: the plant it gives, every parameter tried, the scores, how many hours were fitted and kept aside, and
    the meters that could not be used, with the reason."""

    plant: NodePlant
    fitted: tuple[Fitted, ...]
    scores: tuple[Score, ...]
    hours_fitted: int
    hours_aside: int
    aside: str
    left_out: dict[str, str]

    @property
    def better(self) -> bool:
        """Whether the error on the hours kept aside fell: the sum of the meters' weighed errors."""
        return sum(score.weighed_after for score in self.scores) < sum(score.weighed_before for score in self.scores)


@cache
def _ranges() -> tuple[dict[str, str], ...]:
    text = resources.files("energy").joinpath("data/calibration.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _place(field: str) -> tuple[str, int | None]:
    """Field and position: ``ups_loss[1]`` is the second of ``ups_loss``."""
    found = re.fullmatch(r"(\w+)\[(\d+)\]", field)
    return (found[1], int(found[2])) if found else (field, None)


def parameters(plant: NodePlant) -> tuple[Parameter, ...]:
    """Every figure of a plant that has a range to be fitted in; a study's value outside it widens the range."""
    found = []
    for row in _ranges():
        name, at = _place(row["field"])
        value = getattr(getattr(plant, row["table"]), name, None)
        value = value if at is None or value is None else value[at]
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        low, high = min(float(row["low"]), value), max(float(row["high"]), value)
        found.append(Parameter(row["table"], row["field"], low, high, row["unit"], row["meaning"], float(value)))
    return tuple(found)


def with_values(plant: NodePlant, chosen: Sequence[Parameter], values: Sequence[float]) -> NodePlant:
    """The plant with some parameters at other values."""
    changes: dict[str, dict] = {"cooling": {}, "electrical": {}}
    for parameter, value in zip(chosen, values, strict=True):
        name, at = _place(parameter.field)
        fields = changes[parameter.table]
        if at is None:
            fields[name] = float(value)
        else:
            terms = list(fields.get(name, getattr(getattr(plant, parameter.table), name)))
            terms[at] = float(value)
            fields[name] = tuple(terms)
    return replace(plant, **{table: replace(getattr(plant, table), **fields) for table, fields in changes.items()})


def predicted(weather: xr.Dataset, plant: NodePlant, it_kw: np.ndarray, setpoint_degc: np.ndarray) -> dict:
    """What each meter would show: name -> (hour,)."""
    flows = overhead_flows(weather, plant, it_kw, setpoint_degc)
    flows = flows.assign(facility_kw=flows["overhead_kw"] + it_kw)
    return {meter: flows[flow].values for meter, flow in _FLOWS.items()}


def set_aside(time: np.ndarray) -> tuple[np.ndarray, str]:
    """Which hours are kept aside for the score, and how that is said.

    The last week of every four that have hours, where there are eight such weeks or more, else the last quarter of
    the hours.
    """
    _, week = np.unique((time - time[0]) // np.timedelta64(_WEEK_H, "h"), return_inverse=True)
    if week[-1] >= 2 * _EVERY - 1:
        return week % _EVERY == _EVERY - 1, "the last week of every four"
    return np.arange(len(time)) >= len(time) * 3 // 4, "the last quarter"


def calibrate(meters: Meters, plant: NodePlant, weather: xr.Dataset, setpoint_degc: np.ndarray) -> Calibration:
    """Fit a plant to its meters.

    Parameters
    ----------
    meters
        From :func:`energy.calibrate_meters.read_meters`.
    plant
        The node's plant as the study has it: where the fit starts.
    weather
        Of the meters' hours (time,): ``temp_air``, ``temp_dew``, ``relative_humidity``, ``pressure``.
    setpoint_degc
        Of the meters' hours. [degC]

    Returns
    -------
    Calibration

    Raises
    ------
    DataError
        IT power above what the plant is rated for, a setpoint the plant does not have, or no meter that shows
        anything both in hours that are fitted and in hours kept aside.

    Notes
    -----
    A meter that shows nothing, or nothing but 0, in the hours fitted or in those kept aside is left out and named. Of
    more than 2500 hours about as many are fitted, spread evenly over the record and over the hours of the day.

    Least squares, bounded to the ranges of ``energy/data/calibration.csv`` (each taken as 0 to 1), of the meters'
    residuals over their spread, which is 2 % of the larger of the meter's mean and the study's plant's at first and
    then what the residuals show; soft beyond three
    spreads, so that a meter's gross errors do not draw the fit. A parameter that the meters do not tell - its
    standard deviation, with hours of a day counted as one and with no knowledge beyond the range beforehand, above
    0.15 of the range - goes back to the study's value, the worst first, and the rest is fitted again. Two parameters
    that meters see only together are so told apart by the study: one stays, the other carries both.
    """
    _refuse_overload(meters, plant)
    # without labels, which would be held against each other some hundred times
    state = outdoor_state(weather).reset_coords(drop=True).drop_vars("time")
    aside, how = set_aside(meters.time)
    used = _spread_evenly(np.flatnonzero(~aside))
    meters, left_out = _usable(meters, used, aside, how)
    fit = _Fit(meters, plant, state, np.asarray(setpoint_degc, dtype=float), used)
    chosen, values, spreads = fit.solved(parameters(plant))
    span = {p.field: p.high - p.low for p in chosen}
    told = {
        p.field: (float(value), 2.0 * float(spread) * span[p.field])
        for p, value, spread in zip(chosen, values, spreads, strict=True)
    }
    fitted = tuple(Fitted(p, *told.get(p.field, (p.study, None))) for p in parameters(plant))
    after = with_values(plant, chosen, values)
    scores = _scores(meters, state, fit.setpoint, aside, before=plant, after=after)
    return Calibration(after, fitted, scores, len(used), int(np.sum(aside)), how, left_out)


def _spread_evenly(hours: np.ndarray) -> np.ndarray:
    """About `_MOST_HOURS` of the hours where there are more. A stride would see some hours of the day alone."""
    if len(hours) <= _MOST_HOURS:
        return hours
    return hours[np.arange(len(hours)) * _GOLDEN % 1.0 < _MOST_HOURS / len(hours)]


def _usable(meters: Meters, used: np.ndarray, aside: np.ndarray, how: str) -> tuple[Meters, dict[str, str]]:
    """The meters without those that cannot be fitted and scored, and why they cannot."""
    left_out = {}
    for name in (name for name in METERS if name in meters.columns):
        for hours, words in ((used, "that are fitted"), (np.flatnonzero(aside), f"kept aside ({how})")):
            seen = meters.columns[name][hours]
            if not np.any(seen > 0):
                shows = "0" if np.isfinite(seen).any() else "nothing"
                left_out[name] = f"it shows {shows} in all {len(hours)} hours {words}"
                break
    columns = {name: values for name, values in meters.columns.items() if name not in left_out}
    if not set(METERS) & set(columns):
        told = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise DataError(
            f"{meters.path}: no meter can be both fitted and held against hours not used ({told}). Give a longer "
            "record, or mend the column."
        )
    return replace(meters, columns=columns), left_out


def _refuse_overload(meters: Meters, plant: NodePlant) -> None:
    it, most = meters.columns["it_kw"], it_rating_kw(plant)
    over = np.flatnonzero(it > most)
    if len(over):
        first = over[0]
        raise DataError(
            f"{meters.path}: {len(over)} hours of it_kw are above the {most:,.1f} kW the node's plant is rated for, "
            f"first {it[first]:,.1f} kW at {meters.time[first].astype('datetime64[m]')}Z. Correct the meter or its "
            "unit, or node.electrical.rated_kw and node.cooling.rated_heat_kw in the study."
        )


class _Fit:
    """Residuals of some hours as a function of parameters in shares of their ranges."""

    def __init__(self, meters: Meters, plant: NodePlant, state: xr.Dataset, setpoint: np.ndarray, used: np.ndarray):
        self.setpoint, self._plant = setpoint, plant
        self._state, self._it, self._degc = state.isel(time=used), meters.columns["it_kw"][used], setpoint[used]
        seen = {name: meters.columns[name][used] for name in METERS if name in meters.columns}
        self._seen = {name: values for name, values in seen.items() if np.isfinite(values).any()}
        study = predicted(self._state, plant, self._it, self._degc)
        # a meter that reads next to nothing where the plant takes something must not outweigh the others
        self._scale = {name: max(float(np.nanmean(v)), float(study[name].mean())) for name, v in self._seen.items()}
        self._sigma = {name: _FIRST_SIGMA * scale for name, scale in self._scale.items()}

    def solved(self, tried: tuple[Parameter, ...]) -> tuple[list[Parameter], np.ndarray, np.ndarray]:
        """Parameters the meters tell, their values, and standard deviations in shares of their ranges."""
        from scipy.optimize import least_squares

        chosen, z = list(tried), np.array([(p.study - p.low) / (p.high - p.low) for p in tried])
        spread = np.zeros(0)
        for last in (False, *[True] * len(tried)):
            if not chosen:
                break
            z = least_squares(
                partial(self._residuals, chosen),
                z,
                jac=partial(self._slopes, chosen),
                bounds=(0.0, 1.0),
                loss="soft_l1",
                f_scale=3.0,
                xtol=1e-5,
                ftol=1e-7,
                max_nfev=_FEW if not last else None,
            ).x
            self._learn(chosen, z)
            kept, spread = _tellable(self._slopes(chosen, z))
            if last and len(kept) == len(chosen):
                break
            chosen, z = [chosen[k] for k in kept], z[kept]
        return chosen, _values(chosen, z), spread

    def _residuals(self, chosen: list[Parameter], z: np.ndarray) -> np.ndarray:
        plant = with_values(self._plant, chosen, _values(chosen, z))
        shown = predicted(self._state, plant, self._it, self._degc)
        off = [(shown[name] - seen) / self._sigma[name] for name, seen in self._seen.items()]
        return np.concatenate([part[np.isfinite(part)] for part in off])

    def _slopes(self, chosen: list[Parameter], z: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals, one-sided inwards at the far end; (residual, parameter)."""
        here = self._residuals(chosen, z)
        columns = []
        for k in range(len(z)):
            moved = z.copy()
            moved[k] += _STEP if z[k] + _STEP <= 1.0 else -_STEP
            columns.append((self._residuals(chosen, moved) - here) / (moved[k] - z[k]))
        return np.column_stack(columns)

    def _learn(self, chosen: list[Parameter], z: np.ndarray) -> None:
        """Take each meter's spread from its own residuals: 1.48 times their median size, as for a normal law, in
        hours with something to show: water comes in some hours only, and the others would make it exact."""
        plant = with_values(self._plant, chosen, _values(chosen, z))
        shown = predicted(self._state, plant, self._it, self._degc)
        for name, seen in self._seen.items():
            least = 1e-3 * self._scale[name]  # no meter is better than a thousandth
            off = np.abs(shown[name] - seen)[np.isfinite(seen) & (np.fmax(shown[name], seen) > least)]
            self._sigma[name] = max(1.48 * float(np.median(off)), least) if len(off) else least


def _values(chosen: Sequence[Parameter], z: np.ndarray) -> np.ndarray:
    return np.array([p.low + share * (p.high - p.low) for p, share in zip(chosen, z, strict=True)])


def _tellable(slopes: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Numbers of the parameters the residuals tell, and the standard deviation of each in shares of its range."""
    kept = list(range(slopes.shape[1]))
    while kept:
        information = slopes[:, kept].T @ slopes[:, kept] / _A_DAY
        spread = np.sqrt(np.diag(np.linalg.inv(information + np.eye(len(kept)) / _PRIOR)))
        worst = int(np.argmax(spread))
        if spread[worst] <= _TOLD:
            return kept, spread
        kept.pop(worst)
    return kept, np.zeros(0)


def _scores(
    meters: Meters, state: xr.Dataset, setpoint: np.ndarray, aside: np.ndarray, *, before: NodePlant, after: NodePlant
) -> tuple[Score, ...]:
    hours, it = state.isel(time=np.flatnonzero(aside)), meters.columns["it_kw"][aside]
    shown = [predicted(hours, plant, it, setpoint[aside]) for plant in (before, after)]
    scores = []
    for name in METERS:
        seen = meters.columns[name][aside] if name in meters.columns else np.array([])
        good = np.isfinite(seen)
        if not good.any():
            continue
        mean = float(seen[good].mean())
        scale = max(_root_mean_square(seen[good]), _root_mean_square(shown[0][name][good]))
        figures, weighed = [], []
        for made in shown:
            off = (made[name] - seen)[good]
            figures += [float(off.mean()) / mean, _root_mean_square(off) / mean]
            weighed.append(_root_mean_square(off) / scale)
        scores.append(Score(name, int(good.sum()), *figures, *weighed))
    return tuple(scores)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
