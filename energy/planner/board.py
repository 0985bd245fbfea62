"""Jobs on clusters: who runs where, what room is left, and the load it makes.

The board is the search's working memory: it changes in place, and it never holds more GPUs on a cluster
than are free there, nor more power on a node than can come in and be cooled at best.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view

from energy.planner.clusters import clusters_of
from energy.planner.energy_cost import EnergyCost
from energy.planner.placements import Placements
from energy.planner.plant import load_limits_kw
from energy.planner.serve import window_gpu_h


class Board:
    """An empty board of the window, with what inference keeps already taken out.

    Parameters
    ----------
    inputs, placements
        The window and its columns.
    allowed
        Per column: whether it may be chosen.
    undone_cny_per_gpu_h
        Weight of work left undone.

    Attributes
    ----------
    column_of, cluster_of
        Job -> column, job -> cluster number, of the jobs on the board.
    free
        Free GPUs, (cluster, time). ``load_kw``: IT power at the reference inlet, (node, time).
    undone_cost
        Weighted cost of what the board leaves undone. ``middling_cost``: that of leaving a middling job undone.
    movable
        Jobs that have a choice.
    """

    def __init__(
        self, inputs: xr.Dataset, placements: Placements, *, allowed: np.ndarray, undone_cny_per_gpu_h: float
    ) -> None:
        self._place, self._weight = placements, undone_cny_per_gpu_h
        self._gpus, self._add = inputs["job_gpus"].values.astype(int), inputs["job_add_kw"].values
        self._slots = inputs["job_slots"].values.astype(int)
        self._most_kw, self._sure_kw = load_limits_kw(inputs)
        self._node = inputs["pool_node"].values[placements.pool] if len(placements) else np.zeros(0, dtype=int)
        self._kind = inputs["pool_gpu_type"].values
        columns_of = placements.columns_of() if len(placements) else []
        columns_of += [np.zeros(0, dtype=int)] * (inputs.sizes["job"] - len(columns_of))
        self.columns_of = [columns[allowed[columns]] for columns in columns_of]
        clusters = clusters_of(inputs)
        self._names, self._clusters_of, self.free = clusters.names, clusters.of_pool, clusters.free.copy()
        self._number = {name: cluster for cluster, name in enumerate(self._names)}
        self._fixed = [self._number.get(str(cluster), -1) for cluster in inputs["job_cluster"].values]
        self.load_kw = inputs["base_it_kw"].values.copy()
        self.column_of: dict[int, int] = {}
        self.cluster_of: dict[int, int] = {}
        self._undone = window_gpu_h(inputs)
        self.undone_cost = float(self._undone.sum()) * undone_cny_per_gpu_h
        self.middling_cost = float(np.median(self._undone)) * undone_cny_per_gpu_h if len(self._undone) else 0.0
        running = inputs["job_running"].values
        self.movable = [job for job, columns in enumerate(self.columns_of) if len(columns) and not running[job]]

    def put(self, job: int, column: int, cluster: int) -> None:
        """Place a job."""
        self._occupy(job, column, cluster, 1)
        self.column_of[job], self.cluster_of[job] = column, cluster

    def take_out(self, job: int) -> None:
        """Remove a job, if it is there."""
        if job in self.column_of:
            self._occupy(job, self.column_of.pop(job), self.cluster_of.pop(job), -1)

    def _occupy(self, job: int, column: int, cluster: int, sign: int) -> None:
        first, last = self._place.first[column], self._place.last[column]
        self.free[cluster, first:last] -= sign * self._gpus[job]
        self.load_kw[self._node[column], first:last] += sign * self._add[job]
        undone = self._place.left_gpu_h[column] - self._undone[job]
        self.undone_cost += sign * undone * self._weight

    def places(self, job: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns of a job that find room now, and for each the cluster with the least room that does."""
        columns = self.columns_of[job]
        if not len(columns):
            return columns, columns
        pools = self._place.pool[columns]
        edges = np.flatnonzero(np.diff(pools)) + 1
        found = [self._room(job, block) for block in np.split(columns, edges)]
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def _room(self, job: int, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`places`, for columns of one pool."""
        length, gpus = self._slots[job], self._gpus[job]
        clusters = self._clusters_of[self._place.pool[columns[0]]]
        if self._fixed[job] >= 0:
            clusters = clusters[clusters == self._fixed[job]]
            if not len(clusters):
                return columns[:0], columns[:0]
        first = self._place.first[columns]
        start, stop = first[0], first[-1] + 1
        room = _least_over(self.free[clusters, start:], length)[:, : stop - start][:, first - start]
        node = self._node[columns[0]]
        power = _least_over((self._most_kw - self.load_kw)[node, None, start:], length)[0, : stop - start]
        room = np.where(self._add[job] <= power[first - start] + 1e-9, room, -1)
        fits = room >= gpus
        some = fits.any(axis=0)
        best = np.where(fits, room, np.iinfo(np.int64).max).argmin(axis=0)
        return columns[some], clusters[best[some]]

    def scores(self, job: int, columns: np.ndarray, energy: EnergyCost) -> np.ndarray:
        """Weighted cost of the plan with the job at each of the columns, as far as the cuts know."""
        score = self._place.left_gpu_h[columns] * self._weight
        for node in np.unique(self._node[columns]):
            at = self._node[columns] == node
            first, last = self._place.first[columns[at]], self._place.last[columns[at]]
            score[at] += energy.estimates_with(self.load_kw, int(node), first, last, float(self._add[job]))
        return score

    @property
    def sure(self) -> bool:
        """Whether the load can be carried whatever setpoints and batteries do."""
        return bool(np.all(self.load_kw <= self._sure_kw + 1e-9))

    def relieve(self) -> bool:
        """Take off one job, of those that run where most is asked beyond what is sure; False where none can be."""
        beyond = self.load_kw - self._sure_kw
        movable = set(self.movable)
        best, choice = -np.inf, None
        for job, column in self.column_of.items():
            span = beyond[self._node[column], self._place.first[column] : self._place.last[column]]
            # most of all the node's worst hour, then the power taken off; running jobs only where nothing else is left
            worth = (job in movable) * 1e9 + float(span.max()) + 1e-3 * float(self._add[job])
            if self._add[job] > 0 and worth > best:
                best, choice = worth, job
        if choice is None:
            return False
        self.take_out(choice)
        return True

    def earliest(self, columns: np.ndarray) -> int:
        """Which of the columns leaves least undone and starts first."""
        return int(np.lexsort((columns, self._place.first[columns], self._place.left_gpu_h[columns]))[0])

    def nearness(self, column: int, other: int) -> float:
        """How much two placements are in each other's way: same GPU type, same pool, common hours."""
        place = self._place
        common = min(place.last[column], place.last[other]) - max(place.first[column], place.first[other])
        kind = self._kind[place.pool[column]] == self._kind[place.pool[other]]
        near = 1.0 + 4.0 * kind + 2.0 * (place.pool[column] == place.pool[other])
        return near * (2.0 if common > 0 else 1.0)

    def size(self, job: int) -> tuple[float, int]:
        """Sort key: largest first."""
        return -float(self._gpus[job] * self._slots[job]), job

    def clusters_by_name(self) -> dict[int, str]:
        """Job -> cluster id."""
        return {job: self._names[cluster] for job, cluster in self.cluster_of.items()}

    def snapshot(self) -> dict[int, tuple[int, int]]:
        """The schedule: job -> (column, cluster)."""
        return {job: (column, self.cluster_of[job]) for job, column in self.column_of.items()}

    def put_named(self, column_of: dict[int, int], cluster_of: dict[int, str]) -> None:
        """Place jobs by column and cluster id."""
        for job, column in column_of.items():
            self.put(job, column, self._number[cluster_of[job]])

    def restore(self, kept: dict[int, tuple[int, int]]) -> None:
        """Back to a schedule."""
        for job in list(self.column_of):
            self.take_out(job)
        for job, (column, cluster) in kept.items():
            self.put(job, column, cluster)


def possible(inputs: xr.Dataset, placements: Placements) -> Placements:
    """The placements that would find GPUs and power in a fleet without any other job."""
    empty = Board(inputs, placements, allowed=np.ones(len(placements), dtype=bool), undone_cny_per_gpu_h=0.0)
    kept = [empty.places(job)[0] for job in range(inputs.sizes["job"])]
    columns = np.sort(np.concatenate(kept)).astype(int) if kept else np.zeros(0, dtype=int)
    return Placements(**{f.name: getattr(placements, f.name)[columns] for f in fields(Placements)})


def fill_early(board: Board) -> None:
    """Jobs one by one, running ones first, then those with least choice and most work, as early as they fit."""
    movable = set(board.movable)
    order = sorted(range(len(board.columns_of)), key=lambda job: (job in movable, board.size(job)))
    for job in order:
        if job in board.column_of:
            continue
        columns, clusters = board.places(job)
        if len(columns):
            early = board.earliest(columns)
            board.put(job, int(columns[early]), int(clusters[early]))


def _least_over(values: np.ndarray, length: int) -> np.ndarray:
    """Least value over [i, i + length) for every i, the end of the axis closing the last spans."""
    length = min(length, values.shape[1])
    high = np.full((len(values), length - 1), np.iinfo(np.int64).max // 4).astype(values.dtype)
    return sliding_window_view(np.concatenate([values, high], axis=1), length, axis=1).min(axis=2)
