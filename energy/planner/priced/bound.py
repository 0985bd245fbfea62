"""Prices, and the bound they prove.

The only things jobs and energy have in common are the GPUs the jobs take and the power they draw. Power is split into
what a GPU of the pool draws on average, ``typical_kw``, and each job's own rest, so that GPUs carry nearly all of it.
Put a price ``gpu[p,t]`` on GPUs and ``kw[n,t]`` on the rest of the power, and both sides decide for themselves:

    L(gpu, kw) = min_energy [cost - gpu . GPUs - kw . rest]  +  sum_j min_choice [gpu . GPUs_j + kw . rest_j]

For *any* prices L is a lower bound of the weighted objective of every plan (weak duality), so the search for the best
prices may stop at any time. The energy side is :mod:`.hull` with a column per pool and slot for GPUs, within those that
are free, and one per node and slot for the rest of the power. Rows that every schedule keeps anyway (GPU-slots of a
type done by each slot, no sooner than releases and no later than deadlines allow) are added to it: the best bound stays
what it is, but the answers stay near what jobs could do, so that fewer prices are tried.

Prices climb by deflected subgradients (Camerini, Fratta and Maffioli, Mathematical Programming Study 3, 1975) with
Polyak's step towards the schedule's cost, from the best point again whenever they get stuck, each time less far. The
energy side's plans and duals, averaged over the later half of the climb, are close to an optimum of the relaxed plan
(Barahona and Anbil, Mathematical Programming 87, 2000): the search begins from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.planner.priced.choices import Choices
from energy.planner.priced.hull import EnergyHull, Rows
from energy.planner.priced.kernels import price_jobs
from energy.planner.solver import ResidentRelaxation

DEFLECTION = 0.9  # share of the last direction kept
FIRST_STEP, LEAST_STEP = 0.1, 1e-4  # of Polyak's step
STUCK = 30  # rounds without a better bound, after which the step shrinks
SHRINK = 0.6
DRAWN = 100  # schedules of the last rounds that are kept, to draw from


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices and the bound they prove [CNY].

    ``gpu``: CNY per GPU and slot, (pool, time); ``kw``: of the rest of the power, CNY per kW and slot, (node, time).
    """

    gpu: np.ndarray
    kw: np.ndarray
    bound: float


@dataclass(frozen=True, slots=True)
class Climb:
    """Best prices; (choice, start) of every job in the last rounds; mean point and duals of the energy side.

    ``step``: share of Polyak's step reached, to go on from.
    """

    prices: Prices
    step: float
    drawn: tuple[tuple[np.ndarray, np.ndarray], ...]
    values: np.ndarray | None
    dual: np.ndarray | None


class PricedEnergy:
    """min [cost - gpu . GPUs - kw . rest] over the energy part, kept in HiGHS.

    Parameters
    ----------
    inputs, choices, hull
        The window, what its jobs may choose, its energy part.
    free_gpus
        GPUs jobs may take, (pool, time).
    all_served
        Whether no job may be left out: then the work due by each slot is a row.

    Attributes
    ----------
    ways
        The choices, with the rest of their power in place of all of it.
    """

    def __init__(
        self, inputs: xr.Dataset, choices: Choices, hull: EnergyHull, free_gpus: np.ndarray, *, all_served: bool
    ) -> None:
        pools, slots = free_gpus.shape
        self.node = inputs["pool_node"].values
        self.typical_kw, least, most = _kw_per_gpu(choices, pools)
        rows = Rows(hull.model)
        self._gpus = rows.add_columns((pools, slots), upper=np.minimum(free_gpus, _most_gpus(choices, pools, slots)))
        low, high = np.zeros(hull.shape), np.zeros(hull.shape)
        np.add.at(low, self.node, (least - self.typical_kw)[:, None] * free_gpus)
        np.add.at(high, self.node, (most - self.typical_kw)[:, None] * free_gpus)
        self._rest = rows.add_columns(hull.shape, lower=low, upper=high)
        at_node = self.node[:, None] * slots + np.arange(slots)
        rows.add_rows(
            hull.shape,
            (hull.weight, hull.load_kw, hull.node * slots + hull.slot),
            (self._gpus, -self.typical_kw[:, None], at_node),
            (self._rest, -1.0),
            lower=0.0,
            upper=0.0,
        )
        _add_work(rows, inputs, choices, self._gpus, all_served=all_served)
        self._resident = ResidentRelaxation(rows.model(hull.model.offset))
        self._size = hull.model.columns, hull.model.rows
        self.ways = choices._replace(add_kw=choices.add_kw - self.typical_kw[choices.pool] * choices.gpus)

    def at(self, prices: Prices) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        """Value, GPUs (pool, time), rest of power (node, time), point and duals of the hull's part; None without."""
        self._resident.set_costs(self._gpus.ravel(), -prices.gpu.ravel())
        self._resident.set_costs(self._rest.ravel(), -prices.kw.ravel())
        found = self._resident.solve()
        if found is None:
            return None
        columns, rows = self._size
        gpus, rest = found.values[self._gpus], found.values[self._rest]
        return found.objective, gpus, rest, found.values[:columns], found.row_dual[:rows]


def _kw_per_gpu(choices: Choices, pools: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (by GPU-slots), least and most power per GPU of what may run in each pool [kW]; 0 where nothing may."""
    per_gpu, weight = choices.add_kw / choices.gpus, choices.gpus * choices.slots
    mean, least, most = np.zeros(pools), np.full(pools, np.inf), np.zeros(pools)
    total = np.bincount(choices.pool, weight, minlength=pools)
    np.divide(np.bincount(choices.pool, weight * per_gpu, minlength=pools), total, out=mean, where=total > 0)
    np.minimum.at(least, choices.pool, per_gpu)
    np.maximum.at(most, choices.pool, per_gpu)
    return mean, np.where(total > 0, least, 0.0), most


def _most_gpus(choices: Choices, pools: int, slots: int) -> np.ndarray:
    """GPUs of all jobs that could run in each pool and slot, (pool, time)."""
    change = np.zeros((pools, slots + 1))
    np.add.at(change, (choices.pool, choices.first), choices.gpus)
    np.subtract.at(change, (choices.pool, np.minimum(choices.last + choices.slots, slots)), choices.gpus)
    return np.cumsum(change, axis=1)[:, :slots]


def most_load_kw(choices: Choices, free_gpus: np.ndarray, node: np.ndarray, nodes: int) -> np.ndarray:
    """Most power jobs can draw at each node, every free GPU at the highest power per GPU, (node, time) [kW]."""
    pools, slots = free_gpus.shape
    most = np.zeros((nodes, slots))
    gpus = np.minimum(free_gpus, _most_gpus(choices, pools, slots))
    np.add.at(most, node, gpus * _kw_per_gpu(choices, pools)[2][:, None])
    return most


def _add_work(rows: Rows, inputs: xr.Dataset, choices: Choices, gpus: np.ndarray, *, all_served: bool) -> None:
    """GPU-slots of a type done by each slot: between what deadlines require and what releases allow."""
    slots = gpus.shape[1]
    kinds, of_pool = np.unique(inputs["pool_gpu_type"].values.astype(str), return_inverse=True)
    by = np.arange(1, slots + 1)[None]
    one = choices.begin[np.flatnonzero(np.diff(choices.begin))]  # choices of a rigid job differ in the pool alone
    kind = of_pool[choices.pool[one]]
    least, most = np.zeros((len(kinds), slots)), np.zeros((len(kinds), slots))
    for k in range(len(kinds)):
        mine = one[kind == k][:, None]
        length, width = choices.slots[mine], choices.gpus[mine]
        most[k] = (width * np.clip(by - choices.first[mine], 0, length)).sum(axis=0)
        least[k] = (width * np.clip(by - choices.last[mine], 0, length)).sum(axis=0)
    done = rows.add_columns(least.shape, lower=least if all_served else 0.0, upper=most)
    before = np.concatenate([np.full((len(kinds), 1), -1), done[:, :-1]], axis=1)
    at_kind = of_pool[:, None] * slots + np.arange(slots)
    rows.add_rows(least.shape, (done, 1.0), (before, -1.0), (gpus, -1.0, at_kind), lower=0.0, upper=0.0)


def climb(
    energy: PricedEnergy,
    start: Prices,
    *,
    goal: Callable[[], float],
    rounds: int,
    left: Callable[[], float],
    step: float = FIRST_STEP,
) -> Climb:
    """Better prices by deflected subgradients; the bound of what is returned is proven.

    Parameters
    ----------
    energy
        The energy side, with the jobs' choices.
    start
        Where to begin.
    goal
        Cost of the best schedule so far, which no bound passes.
    rounds, left
        Rounds at most, seconds left.
    step
        Share of Polyak's step to begin with.
    """
    ways, node, typical = energy.ways, energy.node, energy.typical_kw[:, None]
    jobs, now, best = len(ways.begin) - 1, start, start
    load, used = np.zeros(start.gpu.shape), np.zeros(start.gpu.shape)
    stuck, direction = 0, None
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    mean = _Mean()
    for _ in range(rounds):
        answer = energy.at(now) if left() > 0.0 and step >= LEAST_STEP else None
        if answer is None:
            break
        value, gpus, rest, values, dual = answer
        choice, begin = np.zeros(jobs, np.int64), np.zeros(jobs, np.int64)
        bound = value + price_jobs(ways, summed(now.kw[node]), summed(now.gpu), choice, begin, load, used)
        drawn = [*drawn[-(DRAWN - 1) :], (choice, begin)]
        mean.add(values, dual)
        stuck = 0 if bound > best.bound + 1e-5 * abs(best.bound) else stuck + 1
        if bound > best.bound:
            best = Prices(now.gpu, now.kw, bound)
        if stuck > STUCK:  # back to the best point, with shorter steps
            step, stuck, direction, now = SHRINK * step, 0, None, best
            continue
        drawn_kw = np.zeros(now.kw.shape)
        np.add.at(drawn_kw, node, load)
        slope = np.concatenate([typical * (used - gpus), drawn_kw - rest])  # GPUs in kW, to be of one scale
        direction = slope if direction is None else DEFLECTION * direction + (1 - DEFLECTION) * slope
        length = step * max(goal() - bound, 1e-6 * abs(bound)) / max(float((direction**2).sum()), 1e-12)
        up, pools = length * direction, len(now.gpu)
        now = Prices(now.gpu + typical * up[:pools], now.kw + up[pools:], -np.inf)
    return Climb(best, step, tuple(drawn), mean.values, mean.dual)


class _Mean:
    """Mean of points and duals over the later half of what was added (to within a doubling)."""

    def __init__(self) -> None:
        self._old = self._new = None  # (count, sum of points, sum of duals)

    def add(self, values: np.ndarray, dual: np.ndarray) -> None:
        count, points, duals = self._new or (0, 0.0, 0.0)
        self._new = count + 1, points + values, duals + dual
        if self._old is None or self._new[0] > 2 * self._old[0]:
            self._old, self._new = self._new, None

    def _part(self, part: int) -> np.ndarray | None:
        kept = [sums for sums in (self._old, self._new) if sums is not None]
        return sum(sums[part] for sums in kept) / sum(sums[0] for sums in kept) if kept else None

    @property
    def values(self) -> np.ndarray | None:
        return self._part(1)

    @property
    def dual(self) -> np.ndarray | None:
        return self._part(2)


def summed(price: np.ndarray) -> np.ndarray:
    """Prices summed up to each slot, (.., time + 1)."""
    return np.concatenate([np.zeros((len(price), 1)), np.cumsum(price, axis=1)], axis=1)
