"""Meters judged before a fit: units that cannot be, meters that stand still, meters that show nothing.

A main meter (``it_kw``, ``facility_kw``, ``cooling_kw``) in a wrong unit is refused; another one is left out and named.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

import numpy as np
import xarray as xr

from energy.calibrate_figures import Parameter, parameters, predicted, with_values
from energy.calibrate_meters import METERS, Meters
from models.overhead import NodePlant, it_rating_kw
from weather.conventions.errors import DataError

OPTIONAL = ("fan_kw", "ups_loss_kw", "water_l")
_LEAST_LOAD = 0.01  # of the rating: assumption; a hall that never takes more is as good as empty, or metered in MW
_BEYOND = 3.0  # assumption: times what the plant may show with every figure at its end; MW is a thousand times
_FEW_HOURS = 300  # tell the least and the most well enough
_STILL_H = 24  # hours with one and the same reading, while the plant's changes
_CHANGES = 0.05  # of what the study's plant takes, in these hours
_MOST_STILL = 0.5  # of a meter's hours; beyond, it is left out


def refuse_overload(meters: Meters, plant: NodePlant) -> None:
    """Refuse IT power the plant is not rated for, and so little that it must be in another unit."""
    it, most = meters.columns["it_kw"], it_rating_kw(plant)
    over = np.flatnonzero(it > most)
    if len(over):
        first = over[0]
        raise DataError(
            f"{meters.path}: {len(over)} hours of it_kw are above the {most:,.1f} kW the node's plant is rated for, "
            f"first {it[first]:,.1f} kW at {meters.time[first].astype('datetime64[m]')}Z. Correct the meter or its "
            "unit, or node.electrical.rated_kw and node.cooling.rated_heat_kw in the study."
        )
    if it.max() < _LEAST_LOAD * most:
        raise DataError(
            f"{meters.path}, column it_kw: at most {it.max():.3g} kW in {len(it)} hours, and the node's plant is "
            f"rated for {most:,.1f} kW; at least {_LEAST_LOAD * most:.3g} kW is needed in some hour. In MW? Give kW. "
            "If it is right, the hall was as good as empty: give hours with load, or correct node.electrical.rated_kw."
        )


def with_possible(
    meters: Meters, plant: NodePlant, state: xr.Dataset, setpoint: np.ndarray, used: np.ndarray
) -> tuple[Meters, dict[str, str]]:
    """The meters without those no plant of this kind can show, and why.

    Raises
    ------
    DataError
        Where ``facility_kw`` or ``cooling_kw`` is one of them.
    """
    hours = used[:: -(-len(used) // _FEW_HOURS)]
    part, it, degc = state.isel(time=hours), meters.columns["it_kw"][hours], setpoint[hours]
    left_out = {}
    for name, (low, high) in _possible(plant, part, it, degc).items():
        if name not in meters.columns:
            continue
        there = np.isfinite(meters.columns[name][hours])
        if not there.any():
            continue
        seen, least, most = (float(np.mean(values[there])) for values in (meters.columns[name][hours], low, high))
        if least / _BEYOND <= seen <= most * _BEYOND:
            continue
        words = (
            f"{seen:.3g} {'L' if name == 'water_l' else 'kW'} on average over {int(there.sum())} hours, and the node's "
            f"plant takes {least:.3g} to {most:.3g} there whatever its figures{_unit_asked(name, seen, least, most)}"
        )
        if name not in OPTIONAL:
            raise DataError(
                f"{meters.path}, column {name}: {words} Correct the column or its unit, or the node's plant "
                "in the study."
            )
        left_out[name] = words
    return without(meters, left_out), left_out


def _unit_asked(name: str, seen: float, least: float, most: float) -> str:
    """The unit that would make a reading one the plant can show."""
    unit, large, small = ("L", "m3", "mL") if name == "water_l" else ("kW", "MW", "W")
    for other, factor in ((large, 1e3), (small, 1e-3)):
        if least / _BEYOND <= seen * factor <= most * _BEYOND:
            return f". In {other}? Give {unit}."
    return "."


def _possible(plant: NodePlant, state: xr.Dataset, it: np.ndarray, degc: np.ndarray) -> dict:
    """Name -> the least and the most a meter can show, each (hour,): every figure at the end that gives it."""
    tried = parameters(plant)

    def shown(values: list[float]) -> dict:
        made = with_values(plant, tried, values)
        # losses at their highest may be more heat than the plant is rated for: as much IT as it then carries
        return predicted(state, made, np.minimum(it, it_rating_kw(made)), degc)

    ends = [[shown(_one_at(tried, k, end)) for end in (p.low, p.high)] for k, p in enumerate(tried)]
    found = {}
    for name in METERS:
        rises = [float(high[name].mean()) >= float(low[name].mean()) for low, high in ends]
        low = shown([p.low if rising else p.high for p, rising in zip(tried, rises, strict=True)])[name]
        high = shown([p.high if rising else p.low for p, rising in zip(tried, rises, strict=True)])[name]
        found[name] = (np.minimum(low, high), np.maximum(low, high))
    return found


def _one_at(tried: tuple[Parameter, ...], k: int, value: float) -> list[float]:
    return [value if at == k else p.study for at, p in enumerate(tried)]


def with_moving(
    meters: Meters, plant: NodePlant, state: xr.Dataset, setpoint: np.ndarray
) -> tuple[Meters, dict[str, str], tuple[str, ...]]:
    """The meters without hours in which they stand still for a day or more while the plant's own would change; without
    those that mostly do, and why; and a sentence for each of which hours were dropped."""
    shown = predicted(state, plant, meters.columns["it_kw"], setpoint)
    columns, left_out, notes = dict(meters.columns), {}, []
    for name in (name for name in METERS if name in columns):
        still = _standstill(meters.time, columns[name], shown[name])
        count, seen = int(still.sum()), int(np.isfinite(columns[name]).sum())
        if count > _MOST_STILL * seen:
            at = float(columns[name][np.flatnonzero(still)[0]])
            left_out[name] = f"it stands still in {count} of {seen} hours (at {at:.4g}), while the plant's load changes"
        elif count:
            columns[name] = np.where(still, np.nan, columns[name])
            notes.append(f"{count} of {seen} hours of {name} were dropped: it stands still for a day or more there, "
                         "while the plant's load changes.")  # fmt: skip
    return without(replace(meters, columns=columns), left_out), left_out, tuple(notes)


def _standstill(time: np.ndarray, seen: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Which hours are of a run with one and the same reading above 0, too long for what the plant does."""
    steps = np.diff(np.unique(seen[np.isfinite(seen)]))
    digit = float(steps.min()) if len(steps) else 0.0  # a meter of whole kW stands still for a while rightly
    ends = np.flatnonzero((np.diff(seen) != 0) | (np.diff(time) != np.timedelta64(1, "h"))) + 1  # NaN differs too
    still = np.zeros(len(seen), dtype=bool)
    for run in np.split(np.arange(len(seen)), ends):
        if len(run) >= _STILL_H and seen[run[0]] > 0:
            change = float(np.ptp(shown[run]))
            still[run] = change > max(_CHANGES * float(shown[run].mean()), 2.0 * digit)
    return still


def with_readings(meters: Meters, used: np.ndarray, aside: np.ndarray, how: str) -> tuple[Meters, dict[str, str]]:
    """The meters without those that show nothing in the hours fitted or in those kept aside, and why."""
    left_out = {}
    for name in (name for name in METERS if name in meters.columns):
        for hours, words in ((used, "that are fitted"), (np.flatnonzero(aside), f"kept aside ({how})")):
            seen = meters.columns[name][hours]
            if not np.any(seen > 0):
                shows = "0" if np.isfinite(seen).any() else "nothing"
                left_out[name] = f"it shows {shows} in all {len(hours)} hours {words}"
                break
    return without(meters, left_out), left_out


def refuse_none(meters: Meters, left_out: dict[str, str]) -> None:
    """Refuse a file of which no meter is left."""
    if not set(METERS) & set(meters.columns):
        told = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise DataError(
            f"{meters.path}: no meter can be both fitted and held against hours not used ({told}). Give a longer "
            "record, or mend the column."
        )


def without(meters: Meters, names: Container[str]) -> Meters:
    """The meters without some."""
    return replace(meters, columns={name: values for name, values in meters.columns.items() if name not in names})
