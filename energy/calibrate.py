"""The plant of a site fitted to its own hourly meters, with the error on weeks that were not used.

What the meters cannot tell stays at the study's value and is named; so is a meter that cannot be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from energy.calibrate_figures import Parameter, parameters, predicted, with_values
from energy.calibrate_fit import Fit, Found
from energy.calibrate_judge import (
    OPTIONAL,
    refuse_none,
    refuse_overload,
    with_moving,
    with_possible,
    with_readings,
    without,
)
from energy.calibrate_meters import METERS, Meters
from energy.calibrate_spread import standard_errors
from models.cooling import outdoor_state
from models.overhead import NodePlant
from weather import derive

_WEEK_H = 168
_EVERY = 4  # weeks: the last of each four is kept aside
_MOST_HOURS = 2500  # of fitting: more hours of the same site tell nothing new, and take longer
_GOLDEN = 0.5 * (5**0.5 - 1.0)  # multiples of it spread evenly, over the year and over the hours of the day
_ODD = 0.10  # assumption: a meter whose residuals spread wider over its mean does not follow the plant
_DRIEST = 0.1  # %: 0 % has no dew point, and what is left of the moisture is nothing to a plant
_NOISE = 0.05  # of a meter's error, but no more than
_POINT = 0.01  # of nRMSE; and
_LEAST = 0.001  # of what the meter and the plant show: an error that rises by no more has not risen
# nRMSE on hours not used beyond which a main meter's fit is not written. Cooling: ASHRAE Guideline 14 takes an hourly
# model for calibrated up to 30 %; a plant fitted to its own meters is asked for a little more. Facility: IT power,
# which is metered itself, is most of it; at a PUE of 1.3, 10 % is over 40 % of what the fit is about.
MOST_OFF = {"facility_kw": 0.10, "cooling_kw": 0.25}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A parameter after the fit: ``value`` and two standard deviations of it, or the study's value and None where
    the meters do not tell it; ``at_edge``: the meters would have it beyond its range, or it lies at an end other than
    0 and the residuals are more than noise; ``quarrel``: the meters that contradict each other about it, the one that
    would have more of it first; ``limit``: ``at least`` or ``at most`` where values beyond this one would show the
    same; ``sources``: two standard deviations by source (`energy.calibrate_spread.Spread`)."""

    parameter: Parameter
    value: float
    spread: float | None
    at_edge: bool = False
    quarrel: tuple[str, ...] = ()
    limit: str = ""
    sources: dict[str, float] = field(default_factory=dict)

    @property
    def told(self) -> bool:
        """Whether the meters tell it."""
        return self.spread is not None


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

    @property
    def worse(self) -> bool:
        """Whether the error rose by more than noise: 5 % of itself or 1 point of nRMSE, whichever is smaller, and
        0.1 % of what is shown."""
        relative = min(_NOISE, _POINT / self.nrmse_before) if self.nrmse_before > 0.0 else _NOISE
        return self.weighed_after > self.weighed_before * (1.0 + relative) + _LEAST

    @property
    def far_off(self) -> bool:
        """Whether it is a main meter and stays further off than a fit may be that is written."""
        return self.nrmse_after > MOST_OFF.get(self.meter, np.inf)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fit: the plant it gives, every parameter tried, the scores, how many hours were fitted and kept aside, the
    meters that could not be used, with the reason, and a sentence for every meter of which hours were dropped."""

    plant: NodePlant
    fitted: tuple[Fitted, ...]
    scores: tuple[Score, ...]
    hours_fitted: int
    hours_aside: int
    aside: str
    left_out: dict[str, str]
    dropped: tuple[str, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """Meters whose error on the hours kept aside rose."""
        return tuple(score.meter for score in self.scores if score.worse)

    @property
    def better(self) -> bool:
        """Whether the sum of the meters' weighed errors on the hours kept aside fell, and that of none rose."""
        before, after = (sum(getattr(s, f"weighed_{when}") for s in self.scores) for when in ("before", "after"))
        return after < before and not self.worse

    @property
    def far_off(self) -> tuple[str, ...]:
        """Main meters that stay too far off on the hours kept aside: 25 % (cooling) and 10 % (facility) nRMSE."""
        return tuple(score.meter for score in self.scores if score.far_off)

    @property
    def at_ends(self) -> tuple[str, ...]:
        """The fitted figures of the cooling plant at an end of their ranges, where these are most of them and two or
        more; else none. One may be a range too narrow; most are something else that is wrong."""
        told = [fitted for fitted in self.fitted if fitted.told and fitted.parameter.table == "cooling"]
        ends = tuple(fitted.parameter.field for fitted in told if fitted.at_edge)
        return ends if len(ends) >= 2 and 2 * len(ends) > len(told) else ()

    @property
    def trusted(self) -> bool:
        """Whether the figures may be written: the error falls, no main meter stays far off, few figures at an end."""
        return self.better and not self.far_off and not self.at_ends


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
        IT power above what the plant is rated for or next to none of it, a main meter that shows what no plant of
        this kind can, a setpoint the plant does not have, or no meter that shows anything both in hours that are
        fitted and in hours kept aside.

    Notes
    -----
    A meter that shows nothing, or nothing but 0, in the hours fitted or in those kept aside is left out and named; so
    is one that stands still (`energy.calibrate_judge.with_moving`), a part meter outside three times what the plant
    can show with every figure at its end, and a part meter that stays over 10 % off while the others, without it, are
    less or half as far off. Of more than 2500 hours about as many are fitted, spread evenly over the record and over
    the hours of the day.

    The approach of a coolant distribution unit is not tried: it is inside the hall's side, and no meter sees it.

    Least squares, bounded to the ranges of ``energy/data/calibration.csv`` (each taken as 0 to 1), of the meters'
    residuals over their spread, each meter's own: a share of its mean, or of the study's plant's where that is more;
    2 % at first and then what the residuals show; in hours above the mean more, by the root of how far above. Soft
    beyond three spreads, so that a meter's gross errors do not draw the fit. A parameter that the meters do not tell -
    its standard deviation, with hours of a day counted as one and with no knowledge beyond the range beforehand, above
    0.15 of the range - goes back to the study's value, the worst first, and the rest is fitted again. Two parameters
    that meters see only together are so told apart by the study: one stays, the other carries both.
    What is said of a parameter counts what the residuals show, what figures held at the study's values may be off,
    the class of the meters, the temperature's sensor (`energy.calibrate_spread`) and what the meters are apart about
    it (`energy.calibrate_fit`); not the shape of the plant's equations, the setpoint or a clock that is off.
    """
    refuse_overload(meters, plant)
    setpoint = np.asarray(setpoint_degc, dtype=float)
    # without labels, which would be held against each other some hundred times
    state, warmer = (
        outdoor_state(felt).reset_coords(drop=True).drop_vars("time") for felt in (weather, warmer_by_sensor(weather))
    )
    aside, how = set_aside(meters.time)
    used = _spread_evenly(np.flatnonzero(~aside))
    meters, left_out = with_readings(meters, used, aside, how)
    meters, impossible = with_possible(meters, plant, state, setpoint, used)
    meters, still, dropped = with_moving(meters, plant, state, setpoint)
    meters, empty = with_readings(meters, used, aside, how)
    left_out |= impossible | still | empty
    refuse_none(meters, left_out)
    meters, found, odd = _fit_without_odd(meters, plant, (state, warmer), setpoint, used)
    after = with_values(plant, [f.parameter for f in found], [f.value for f in found])
    told = {
        f.parameter.field: Fitted(f.parameter, f.value, f.spread, f.pushed, f.quarrel, f.limit, f.sources)
        for f in found
    }
    fitted = tuple(told.get(p.field, Fitted(p, p.study, None)) for p in parameters(plant))
    scores = _scores(meters, state, setpoint, aside, before=plant, after=after)
    return Calibration(after, fitted, scores, len(used), int(np.sum(aside)), how, left_out | odd, dropped)


def _fit_without_odd(
    meters: Meters, plant: NodePlant, states: tuple[xr.Dataset, xr.Dataset], setpoint: np.ndarray, used: np.ndarray
) -> tuple[Meters, Sequence[Found], dict[str, str]]:
    """The fit, without part meters that do not go with the others, and why they do not. ``states``: as measured, and
    a sensor's error warmer."""

    def fit(of: Meters) -> tuple[tuple[Found, ...], dict[str, float]]:
        made = Fit(of, plant, states[0], setpoint, used, warmer=states[1])
        return made.solved(parameters(plant)), made.off()

    odd: dict[str, str] = {}
    found, off = fit(meters)
    while len(off) > 1 and (worst := max(off.values())) > _ODD:
        tried = [(name, without(meters, [name])) for name in OPTIONAL if name in off]
        fits = {name: (fewer, *fit(fewer)) for name, fewer in tried}
        if not fits:
            break
        name = min(fits, key=lambda left: max(fits[left][2].values()))
        rest = max(fits[name][2].values())
        if rest > max(_ODD, 0.5 * worst):
            break
        odd[name] = (
            f"it does not go with the others: with it {max(off, key=off.get)} stays {worst:.0%} off (median of "
            f"the hours fitted), without it none is more than {rest:.1%} off"
        )
        meters, found, off = fits[name]
    return meters, found, odd


def warmer_by_sensor(weather: xr.Dataset) -> xr.Dataset:
    """The weather with the temperature one standard deviation of its sensor higher, humidity as read."""
    temp = weather["temp_air"] + standard_errors()["temp_air"]
    dew = derive.dew_point(temp.values, np.maximum(weather["relative_humidity"].values, _DRIEST))
    felt = weather.drop_vars("wet_bulb", errors="ignore")
    return felt.assign(temp_air=temp, temp_dew=(temp.dims, np.minimum(dew, temp.values)))


def _spread_evenly(hours: np.ndarray) -> np.ndarray:
    """About `_MOST_HOURS` of the hours where there are more. A stride would see some hours of the day alone."""
    if len(hours) <= _MOST_HOURS:
        return hours
    return hours[np.arange(len(hours)) * _GOLDEN % 1.0 < _MOST_HOURS / len(hours)]


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
