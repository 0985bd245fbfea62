"""The clock of the radiation: is it stamped as the sun stood, and by how much not.

Two witnesses. *Closure*: ghi = dni cos(zenith) + dhi holds for the sun of the interval the values are truly of, so the
shift at which it holds best is the label's error. *Clear days*: the course of ghi on a cloudless day is symmetric about
solar noon, so the shift at which a day looks most like clear sky is the error; it needs ghi alone, but clear days.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from weather.conventions import flags, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import RADIATION
from weather.quality.sunlight import Sunlight, sunlight

LEAST_SHIFT_H = 0.25
"""Less than this is no shift: the sources' own models of dni and dhi leave as much in doubt."""

_LONGEST_SHIFT_H = 12
_LEAST_BEAM_HOURS = 20  # with less beam, closure says nothing of the sun
_BEAM = 100.0  # W/m2 of dni that make an hour one of beam
_BETTER = 0.8  # closure at the shift found over that as stamped; above, the source just does not close
FAR_FROM_CLOSED = 45.0
"""Closure at its best shift [W/m2] above which the columns do not belong together; station files are below 30."""

_NOT_SINGLE = 0.95  # of the hours: what is left without them is not the fault of single values
_LEAST_CLEAR_DAYS = 3
_CLEAR_RESIDUAL = 0.01  # of a day's energy in squares: what cloud leaves undone is far above
_CLEAR_SHARE = 0.1  # of the days, the most like clear sky
_CLEAR_LEVEL = (0.75, 1.35)  # of the Haurwitz sky; an even overcast looks symmetric too but is darker
_AGREE_H = 0.3  # interquartile range of the clear days' shifts; wider, they contradict each other


@dataclass(frozen=True, slots=True)
class Shift:
    """What the radiation says of its own clock.

    hours: to be added to the stamps, positive where they are too early; 0.0 when right, NaN when the radiation cannot
    tell. witness: "closure", "clear days" or "". closure_as_stamped, closure_shifted: rmse [W/m2], NaN where the source
    lacks one of ghi, dni, dhi. by_month: the same hours of each calendar month by closure, NaN where not told.
    columns_disagree: ghi, dni and dhi do not belong together under any clock.
    """

    hours: float
    witness: str
    closure_as_stamped: float
    closure_shifted: float
    by_month: tuple[float, ...]
    columns_disagree: bool = False

    @property
    def found(self) -> bool:
        """True when there is a shift."""
        return bool(np.isfinite(self.hours) and self.hours != 0.0)

    @property
    def months_disagree(self) -> bool:
        """True when single months have a shift that the whole has not."""
        told = np.array([hours for hours in self.by_month if np.isfinite(hours)])
        rest = 0.0 if np.isnan(self.hours) else self.hours
        return bool(told.size and np.abs(told - rest).max() >= 2 * LEAST_SHIFT_H)


def label_shift_hours(weather: xr.Dataset) -> float | xr.DataArray:
    """Error of the radiation's time labels [h], found from the radiation itself.

    Parameters
    ----------
    weather : Dataset, dims (time) or (node, time)
        With ghi; with dni and dhi the answer is surer.

    Returns
    -------
    float, or DataArray (node,) where the Dataset has nodes
        Positive when stamped too early: the true start of an interval is its stamp plus this. In quarter hours, 0.0
        when right (less than a quarter of an hour), NaN when the radiation cannot tell (too few sunny hours).

    Raises
    ------
    DataError
        When there is no ghi, no place, or the Dataset has members.

    Notes
    -----
    Closure: the shift s that minimises the mean square of dni c(t + s) + dhi - ghi, c the mean of max(cos zenith, 0)
    over the shifted interval, over the hours with sun or with ghi; searched over half a day both ways, refined by a
    parabola. Where the parts do not close better at s than as stamped by a fifth, the source is taken as stamped.
    """
    if "node" in weather.dims and "member" not in weather.dims:
        found = [label_shift(weather.isel(node=row)).hours for row in range(weather.sizes["node"])]
        return xr.DataArray(np.array(found), dims="node", coords={"node": weather["node"]}, attrs={"units": "h"})
    return label_shift(weather).hours


def label_shift(weather: xr.Dataset) -> Shift:
    """All that `label_shift_hours` finds: the shift with its witness, how well the parts close, and each month's own.

    Parameters
    ----------
    weather : Dataset, dims (time)

    Raises
    ------
    DataError
        When there is no ghi, no place, or the Dataset has members or nodes.
    """
    if "ghi" not in weather.data_vars or {"member", "node"} & set(weather.dims):
        raise DataError("weather: a label shift is found from ghi of one weather; give dims (time) or (node, time).")
    stamps = timeaxis.as_stamps(weather["time"].values)
    timeaxis.step_h(stamps)
    sun = sunlight(stamps, latitude=float(weather["latitude"]), longitude=float(weather["longitude"]))
    return find_shift(_as_measured(weather), sun=sun, clock=solar_clock(stamps, float(weather["longitude"])))


def solar_clock(time: np.ndarray, longitude: float) -> np.ndarray:
    """Stamps in mean solar time: months are judged, and moved, from midnight to midnight of the sun."""
    return time + np.timedelta64(round(longitude * 4.0), "m")


def _as_measured(weather: xr.Dataset) -> dict[str, np.ndarray]:
    """Radiation the source itself holds: what was derived from ghi closes under any clock."""
    held = {}
    for name in RADIATION:
        if name in weather.data_vars:
            flag = weather.get(f"{flags.PREFIX}{name}")
            if flag is None or not ((flag.values & flags.DERIVED) > 0).all():
                held[name] = weather[name].values
    return held if "ghi" in held else {"ghi": weather["ghi"].values}


def find_shift(values: dict[str, np.ndarray], *, sun: Sunlight, clock: np.ndarray) -> Shift:
    """The label error of radiation, by closure where it can tell, else by clear days.

    Parameters
    ----------
    values : dict of ghi and, where the source has them, dni and dhi; shape (time,) [W/m2]; NaN where missing
    sun : Sunlight
        Of the place, on the axis as stamped.
    clock : ndarray of datetime64[ns], shape (time,)
        The axis in the clock whose months are judged apart.
    """
    unknown = (np.nan,) * 12
    if all(name in values for name in RADIATION):
        judged = _Closure.of(values, sun)
        if judged is not None:
            whole, as_stamped, shifted = judged.best(np.isfinite(judged.left))
            if judged.far_from_closed(shifted, whole):
                # no clock makes these columns one sky: they are no witness of it
                return Shift(*_by_clear_days(values["ghi"], sun), as_stamped, shifted, unknown, columns_disagree=True)
            months = clock.astype("datetime64[M]").astype(np.int64) % 12
            by_month = tuple(judged.best(np.isfinite(judged.left) & (months == month))[0] for month in range(12))
            return Shift(whole, "closure", as_stamped, shifted, by_month)
    return Shift(*_by_clear_days(values["ghi"], sun), np.nan, np.nan, unknown)


@dataclass(frozen=True, slots=True)
class _Closure:
    """dhi - ghi and dni as stamped, shape (time,); NaN where one of the three is missing."""

    left: np.ndarray
    beam: np.ndarray
    sun: Sunlight

    @classmethod
    def of(cls, values: dict[str, np.ndarray], sun: Sunlight) -> "_Closure | None":
        left = values["dhi"] - values["ghi"] + 0.0 * values["dni"]
        made = cls(left, values["dni"], sun)
        return made if made.beam_hours(np.isfinite(left)) >= _LEAST_BEAM_HOURS else None

    def beam_hours(self, chosen: np.ndarray) -> float:
        """Hours that have a beam, or should have one as ghi is above dhi."""
        return self.sun.hours(self.sun.per_step) * float(
            ((self.beam[chosen] > _BEAM) | (self.left[chosen] < -_BEAM)).sum()
        )

    def rmse(self, shift: int, chosen: np.ndarray) -> float:
        sun_up = self.sun.over(np.maximum(self.sun.cos_zenith, 0.0), shift=shift)
        lit = chosen & ((sun_up > 0.0) | (self.left < 0.0))
        residual = self.beam[lit] * sun_up[lit] + self.left[lit]
        return float(np.sqrt(np.mean(residual**2))) if residual.size else np.nan

    def far_from_closed(self, rmse: float, hours: float) -> bool:
        """Whether the columns differ at the best shift, and not by single values alone."""
        if not rmse > FAR_FROM_CLOSED:
            return False
        sun_up = self.sun.over(np.maximum(self.sun.cos_zenith, 0.0), shift=round(hours / self.sun.hours(1)))
        lit = np.isfinite(self.left) & ((sun_up > 0.0) | (self.left < 0.0))
        squares = np.sort((self.beam * sun_up + self.left)[lit] ** 2)
        most = squares[: max(1, int(_NOT_SINGLE * squares.size))]
        return bool(np.sqrt(most.mean()) > FAR_FROM_CLOSED)

    def best(self, chosen: np.ndarray) -> tuple[float, float, float]:
        """Shift in quarter hours [h], closure as stamped and at that shift [W/m2]."""
        if self.beam_hours(chosen) < _LEAST_BEAM_HOURS:
            return np.nan, np.nan, np.nan
        per_h = max(1, round(1.0 / self.sun.hours(1)))
        coarse = {
            k: self.rmse(k, chosen) for k in range(-_LONGEST_SHIFT_H * per_h, _LONGEST_SHIFT_H * per_h + 1, per_h)
        }
        around = min(coarse, key=coarse.get)
        fine = coarse | {k: self.rmse(k, chosen) for k in range(around - per_h, around + per_h + 1)}
        at = min(fine, key=fine.get)
        before, middle, after = (fine.get(k, self.rmse(k, chosen)) ** 2 for k in (at - 1, at, at + 1))
        bend = before - 2.0 * middle + after
        exact = at + (0.5 * (before - after) / bend if bend > 0.0 else 0.0)
        hours = self.sun.hours(exact)
        if abs(hours) < LEAST_SHIFT_H or not np.sqrt(middle) < _BETTER * fine[0]:
            return 0.0, fine[0], fine[0]
        return _quarters(hours), fine[0], float(np.sqrt(middle))


def _by_clear_days(ghi: np.ndarray, sun: Sunlight) -> tuple[float, str]:
    """Shift by the days most like clear sky [h] and the witness; NaN where there are too few."""
    per_h = max(1, round(1.0 / sun.hours(1)))
    limit = _LONGEST_SHIFT_H * per_h
    coarse = {k: _clear_days(ghi, sun, k)[0] for k in range(-limit, limit + 1, per_h)}
    scores = {k: np.sort(left)[: max(_LEAST_CLEAR_DAYS, int(_CLEAR_SHARE * left.size))] for k, left in coarse.items()}
    usable = {k: float(score.mean()) for k, score in scores.items() if score.size >= _LEAST_CLEAR_DAYS}
    if not usable or min(usable.values()) > 10 * _CLEAR_RESIDUAL:
        return np.nan, ""
    around = min(usable, key=usable.get)
    window = list(range(around - 2 * per_h, around + 2 * per_h + 1))
    tried = [_clear_days(ghi, sun, k, whole_days_of=around) for k in window]
    left = np.stack([residual for residual, _ in tried])
    level = np.stack([share for _, share in tried])
    best = left.argmin(axis=0).clip(1, len(window) - 2)
    days = np.arange(left.shape[1])
    low, high = _CLEAR_LEVEL
    clear = (left[best, days] < _CLEAR_RESIDUAL) & (level[best, days] > low) & (level[best, days] < high)
    if clear.sum() < _LEAST_CLEAR_DAYS:
        return np.nan, ""
    clearest = left[best, days] <= max(np.quantile(left[best, days][clear], 0.5), np.sort(left[best, days][clear])[2])
    chosen = clear & clearest
    before, middle, after = (left[best + k, days][chosen] for k in (-1, 0, 1))
    bend = np.maximum(before - 2.0 * middle + after, 1e-12)
    hours = sun.hours(1) * (np.array(window)[best[chosen]] + np.clip(0.5 * (before - after) / bend, -1.0, 1.0))
    if np.subtract(*np.quantile(hours, [0.75, 0.25])) > _AGREE_H:
        return np.nan, ""
    found = float(np.median(hours))
    return (0.0 if abs(found) < LEAST_SHIFT_H else _quarters(found)), "clear days"


def _clear_days(
    ghi: np.ndarray, sun: Sunlight, shift: int, *, whole_days_of: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Of every whole solar day: squares left by the best-fitting clear sky over squares, and that sky's level; (days,).

    A day of the shifted sun starts at its midnight, so that daylight is not cut in two.
    """
    clear = sun.over(sun.clear["ghi"], shift=shift)
    per_day = round(24.0 / sun.hours(sun.per_step))
    lowest = sun.cos_zenith[sun.pad : sun.pad + per_day * sun.per_step].argmin()
    of = shift if whole_days_of is None else whole_days_of
    start = int((lowest - of) // sun.per_step) % per_day
    count = (ghi.size - start) // per_day
    if count <= 0:
        return np.full(0, np.nan), np.full(0, np.nan)
    days = slice(start, start + count * per_day)
    seen, sky = ghi[days].reshape(count, per_day), clear[days].reshape(count, per_day)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = (seen * sky).sum(axis=1) / (sky**2).sum(axis=1)
        left = ((seen - level[:, None] * sky) ** 2).sum(axis=1) / (seen**2).sum(axis=1)
    worthless = ~np.isfinite(left) | (level <= 0.0)
    return np.where(worthless, 9.0, left), np.where(worthless, 0.0, level)


def _quarters(hours: float) -> float:
    """In quarter hours, the nearer way round the day: -12 < hours <= 12."""
    found = round(hours * 4.0) / 4.0
    return 12.0 - (12.0 - found) % 24.0


def suspect_columns(values: dict[str, np.ndarray], *, sun: Sunlight) -> str:
    """What may be wrong with ghi, dni and dhi that belong together under no clock, as a clause; "" where nothing fits.

    Tried as stamped: a beam on the horizontal given as dni; dni and dhi exchanged; ghi off by a factor.
    """
    ghi, dni, dhi = (values[name] for name in RADIATION)
    cosine = sun.over(np.maximum(sun.cos_zenith, 0.0))
    lit = np.isfinite(ghi + dni + dhi) & (cosine > 0.0)
    ghi, dni, dhi, cosine = ghi[lit], dni[lit], dhi[lit], cosine[lit]
    parts = dni * cosine + dhi
    factor = float((parts * ghi).sum() / max(float((ghi**2).sum()), 1e-9))
    tried = {
        "dni looks like the beam on the horizontal, not on a plane that faces the sun": dni + dhi - ghi,
        "dni and dhi look exchanged": dhi * cosine + dni - ghi,
        f"ghi looks too {'small' if factor > 1 else 'large'} by a factor of {max(factor, 1 / max(factor, 1e-9)):.2f}": (
            parts - factor * ghi
        ),
    }
    left = {words: float(np.sqrt(np.mean(residual**2))) for words, residual in tried.items()}
    best = min(left, key=left.get)
    return best if left[best] < 0.5 * FAR_FROM_CLOSED else ""


def move_radiation(
    values: dict[str, np.ndarray], *, hours: np.ndarray, sun: Sunlight, ring: bool
) -> tuple[dict[str, np.ndarray], slice]:
    """Radiation on the intervals its stamps name, from values that are truly of stamp + hours; each by itself.

    Parameters
    ----------
    values : dict of ghi, dni, dhi; shape (time,) [W/m2]; no NaN
    hours : ndarray, shape (time,) [h]
        Shift of each interval, whole pieces of the sun's grid.
    sun : Sunlight
    ring : bool
        True for a typical year, whose end meets its start.

    Returns
    -------
    dict
        The same names, shape (time,).
    slice
        The intervals that are wholly covered; all of them on a ring.

    Notes
    -----
    The energy of an interval is laid over its true pieces in proportion to clear sky of its own kind, then summed into
    the intervals of the stamps: every component keeps its sum, and its clear-sky index is constant within the source's
    interval. Where there is no clear sky (night), it goes to the piece nearest to the sun.
    """
    pieces = np.rint(hours / sun.hours(1)).astype(int)
    first = sun.pad + sun.per_step * np.arange(sun.steps) + pieces
    cells = first[:, None] + np.arange(sun.per_step)
    moved = {}
    for name, array in values.items():
        clear = sun.clear[name][cells]
        total = clear.sum(axis=1, keepdims=True)
        nearest = sun.cos_zenith[cells].argmax(axis=1)[:, None] == np.arange(sun.per_step)
        share = np.where(total > 0.0, clear / np.where(total > 0.0, total, 1.0), nearest)
        fine = np.zeros(sun.time.size)
        np.add.at(fine, cells, array[:, None] * share * sun.per_step)
        inner = fine[sun.pad : sun.pad + sun.steps * sun.per_step].copy()
        if ring:
            inner[: sun.pad] += fine[sun.pad + inner.size :]
            inner[-sun.pad :] += fine[: sun.pad]
        moved[name] = inner.reshape(sun.steps, sun.per_step).mean(axis=1)
    if ring:
        return moved, slice(0, sun.steps)
    late, early = int(max(pieces.max(), 0)), int(max(-pieces.min(), 0))
    return moved, slice(-(-late // sun.per_step), sun.steps - (-(-early // sun.per_step)))
