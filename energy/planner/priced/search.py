"""The schedule at fleet scale: from prices to jobs in clusters.

1. :meth:`Search.settle_down` anneals jobs on the cell tables, clusters overfull at a penalty that hardens, the tables
   made anew around the smoothed energy plan after every pass;
2. :meth:`Search.pack` puts what still overfills a cluster elsewhere;
3. :meth:`Search.rearrange` is ruin and recreate inside the clusters, most often on jobs that stand worst at the prices
   of the bound: a few jobs hold most of what the plan costs above its bound.

The multipliers of the targets move with what the schedule misses. What the tables say is checked by the exact cost of
the load after every block of moves; the best schedule by that cost is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.planner.clusters import clusters_of
from energy.planner.priced import kernels
from energy.planner.priced.bound import PricedEnergy, Prices, summed
from energy.planner.priced.cells import CellTables
from energy.planner.priced.choices import Choices
from energy.planner.priced.loaded import LoadedEnergy
from energy.planner.priced.ruin import ruin_and_recreate

MOST_OUT = 14  # jobs moved aside for one
TARGET_RATE = 5.0  # CNY/kWh by which a target's multiplier moves in a pass that misses it by all of the energy


@dataclass(frozen=True, slots=True)
class Found:
    """A packed schedule: choice (-1: left out), start and cluster of each job; its cost with relaxed
    setpoints, and the part of it that weighs work left past the window's end."""

    choice: np.ndarray
    start: np.ndarray
    cluster: np.ndarray
    cost_cny: float
    past_cny: float


class Search:
    """One schedule, moved about.

    Parameters
    ----------
    inputs, choices
        The window and what its jobs may choose.
    energy, tables
        What a load costs, exactly and cell by cell.
    seed
        Of all draws.
    """

    def __init__(
        self,
        inputs: xr.Dataset,
        choices: Choices,
        energy: LoadedEnergy,
        tables: CellTables,
        *,
        seed: int,
    ) -> None:
        clusters = clusters_of(inputs)
        number = {name: cluster for cluster, name in enumerate(clusters.names)}
        self.names = clusters.names
        self.ways = choices
        self.room = kernels.Room(
            cluster=clusters.free,
            begin=np.append([of[0] for of in clusters.of_pool], len(clusters.names)).astype(np.int64),
            fixed=np.array([number.get(str(name), -1) for name in inputs["job_cluster"].values], dtype=np.int64),
        )
        jobs, shape = choices.jobs, inputs["base_it_kw"].shape
        self.state = kernels.State(
            choice=np.full(jobs, kernels.NONE),
            start=np.zeros(jobs, np.int64),
            cluster=np.full(jobs, kernels.NONE),
            load_kw=np.zeros(shape),
            used_cluster=np.zeros(clusters.free.shape, np.int64),
        )
        self._energy, self._tables = energy, tables
        self._rng = np.random.default_rng(seed)
        kernels.seed(int(self._rng.integers(2**31)))
        self.best: Found | None = None

    @property
    def leaves_nothing(self) -> bool:
        """Whether the best schedule leaves no work undone that could be done."""
        best = self.best
        return best is not None and bool(np.all(best.choice >= 0)) and best.past_cny <= 1e-9

    # -------------------------------------------------------------------------------------------- placing
    def place(self, choice: np.ndarray, start: np.ndarray) -> None:
        """Begin from choices and starts, each in a cluster by chance."""
        ways, begin = self.ways, self.room.begin
        pool = ways.pool[np.maximum(choice, 0)]
        cluster = self._rng.integers(begin[pool], begin[pool + 1])
        cluster = np.where(self.room.fixed >= 0, self.room.fixed, cluster)
        self._set(choice, start, np.where(choice >= 0, cluster, kernels.NONE))

    def draw(self, drawn: tuple[tuple[np.ndarray, np.ndarray], ...]) -> None:
        """Begin from a schedule of each job's own, drawn by chance."""
        jobs = len(self.state.choice)
        pick, every = self._rng.integers(len(drawn), size=jobs), np.arange(jobs)
        self.place(*(np.stack([part[number] for part in drawn])[pick, every] for number in (0, 1)))

    def _set(self, choice: np.ndarray, start: np.ndarray, cluster: np.ndarray) -> None:
        state, ways = self.state, self.ways
        state.choice[:], state.start[:], state.cluster[:] = choice, start, cluster
        for used in (state.load_kw, state.used_cluster):
            used[:] = 0
        slots = state.load_kw.shape[1]
        for job in np.flatnonzero(choice >= 0):
            c = choice[job]
            span = slice(start[job], min(start[job] + ways.slots[c], slots))
            state.load_kw[ways.node[c], span] += ways.add_kw[c]
            state.used_cluster[cluster[job], span] += ways.gpus[c]

    def restore(self, found: Found) -> None:
        """Back to a packed schedule."""
        self._set(found.choice, found.start, found.cluster)

    # ------------------------------------------------------------------------------------------ the search
    def settle_down(self, *, passes: int, hot: float, cold: float, left: Callable[[], float]) -> None:
        """Anneal from ``hot`` to ``cold`` [CNY] in so many passes, clusters ever harder to overfill."""
        for number in range(passes):
            if left() <= 0.0:
                return
            share = number / max(1, passes - 1)
            order = self._rng.permutation(len(self.state.choice))
            crowding = 2.0 * 4.0**share
            kernels.anneal(
                order, hot * (cold / hot) ** share, crowding, self.ways, self._cells(), self.room, self.state
            )
            self._judge(keep=False)

    def pack(self) -> int:
        """Make room where clusters are overfull, the largest gangs staying; returns how many went elsewhere."""
        gpus = np.where(self.state.choice >= 0, self.ways.gpus[np.maximum(self.state.choice, 0)], 0)
        order = np.argsort(-gpus, kind="stable")
        moved = kernels.pack(order, self.ways, self._cells(), self.room, self.state)
        self._judge(keep=True)
        return moved

    def rearrange(
        self,
        priced: PricedEnergy | None,
        prices: Prices | None,
        *,
        blocks: int,
        moves: int,
        hot: float,
        cold: float,
        left: Callable[[], float],
        report: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Ruin and recreate in ``blocks`` of ``moves``, judged after each; ends at the best schedule found."""
        jobs, slack = len(self.state.choice), np.ones(len(self.state.choice))
        if priced is not None:
            kw, gpu, ways = summed(prices.kw[priced.node]), summed(prices.gpu), priced.ways
            cheapest = kernels.costs_at(ways, kw, gpu, np.full(jobs, kernels.NONE), self.state.start)
        for number in range(blocks):
            if left() <= 0.0:
                break
            if priced is not None:  # what each job's place costs above its cheapest, at the prices of the bound
                now = kernels.costs_at(ways, kw, gpu, self.state.choice, self.state.start)
                slack = np.maximum(now - cheapest, 0.0)
            weight = np.cumsum(slack + 1e-3 * hot)
            temperature = hot * (cold / hot) ** (number / max(1, blocks - 1))
            ruin_and_recreate(moves, temperature, weight, MOST_OUT, self.ways, self._cells(), self.room, self.state)
            if self._judge(keep=True):
                report(self.best.cost_cny)
        if self.best is not None:
            self.restore(self.best)

    # ------------------------------------------------------------------------------------------- judging
    def _cells(self) -> kernels.Cells:
        if self._energy.values is None:
            self._energy.learn(self.state.load_kw)
        return self._tables.around(self._energy.values, self._energy.dual, tuple(self._energy.targets))

    def _judge(self, *, keep: bool) -> bool:
        """Learn from the schedule at hand, and keep it if it is the best so far; whether it was."""
        state = self.state
        self._energy.learn(state.load_kw, rate=TARGET_RATE)
        if not keep:
            return False
        cost = self._energy.cost(state.load_kw)
        cost += float(self.ways.left_out_cny[state.choice == kernels.NONE].sum())
        past = kernels.past_cost(self.ways, state)
        cost += past
        if self.best is not None and cost >= self.best.cost_cny:
            return False
        self.best = Found(state.choice.copy(), state.start.copy(), state.cluster.copy(), cost, past)
        return True
