"""A first schedule from the linear relaxation: every job into a real cluster, best place first.

The relaxation leaves few jobs split; each job takes the placement it weighs most, or failing that the
one of least reduced cost, where a whole cluster has room for the gang.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.packing_check import pool_of
from energy.planner.placements import Placements
from energy.workload.packing import free_gpus_by_cluster


class Board:
    """Free GPUs of every cluster in every slot, with what inference keeps already taken out."""

    def __init__(self, inputs: xr.Dataset) -> None:
        fixed = frozenset(str(cluster) for cluster in inputs["job_cluster"].values if cluster)
        self.names: list[str] = []
        self.clusters_of: list[np.ndarray] = []
        rows: list[np.ndarray] = []
        for number in range(inputs.sizes["pool"]):
            pool = pool_of(inputs, number)
            kept = fixed.intersection(pool.cluster_ids)
            rows.append(free_gpus_by_cluster(pool, inputs["reserved_gpus"].values[number], fixed_clusters=kept))
            self.clusters_of.append(len(self.names) + np.arange(len(rows[-1])))
            self.names += pool.cluster_ids
        self.free = np.concatenate(rows)

    def clusters_that_fit(self, pool: int, gpus: int, first: int, last: int) -> np.ndarray:
        """Clusters of the pool with room for the gang throughout."""
        clusters = self.clusters_of[pool]
        return clusters[self.free[clusters, first:last].min(axis=1) >= gpus]

    def best_cluster(self, pool: int, gpus: int, first: int, last: int) -> int:
        """The cluster with the least room that still fits the gang throughout, or -1."""
        clusters = self.clusters_of[pool]
        room = self.free[clusters, first:last].min(axis=1)
        fits = np.flatnonzero(room >= gpus)
        return int(clusters[fits[np.argmin(room[fits])]]) if len(fits) else -1

    def take(self, cluster: int, gpus: int, first: int, last: int) -> None:
        """Occupy (or with negative ``gpus`` release) GPUs of a cluster over [first, last)."""
        self.free[cluster, first:last] -= gpus


def schedule_by_preference(
    inputs: xr.Dataset,
    placements: Placements,
    *,
    weight: np.ndarray,
    price: np.ndarray,
    pinned: dict[int, tuple[int, int]] | None = None,
) -> dict[int, int]:
    """Choose one column per job such that every gang fits a cluster; job -> column.

    Parameters
    ----------
    weight, price
        Per column: preferred first by high weight (rounded to 1e-6), then by low price.
    pinned
        Jobs whose column and cluster are given: job -> (column, cluster).

    Returns
    -------
    dict
        Jobs that found no room are absent.
    """
    board, gpus = Board(inputs), inputs["job_gpus"].values
    chosen: dict[int, int] = {}
    for job, (column, cluster) in (pinned or {}).items():
        board.take(cluster, int(gpus[job]), int(placements.first[column]), int(placements.last[column]))
        chosen[job] = column
    columns_of = placements.columns_of() if len(placements) else []
    size = [
        -float(gpus[job]) * float((placements.last[c] - placements.first[c]).max()) if len(c) else 0.0
        for job, c in enumerate(columns_of)
    ]
    fixed_first = inputs["job_running"].values
    order = sorted(
        range(len(columns_of)), key=lambda job: (not fixed_first[job], len(columns_of[job]) > 1, size[job], job)
    )
    for job in order:
        if job in chosen:
            continue
        columns = columns_of[job]
        ranked = columns[np.lexsort((columns, price[columns], -np.round(weight[columns], 6)))]
        for column in ranked:
            span = int(placements.first[column]), int(placements.last[column])
            cluster = board.best_cluster(int(placements.pool[column]), int(gpus[job]), *span)
            if cluster >= 0:
                board.take(cluster, int(gpus[job]), *span)
                chosen[job] = int(column)
                break
    return chosen
