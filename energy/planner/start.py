"""A first schedule from the linear relaxation: every job into a real cluster, best place first.

The relaxation leaves few jobs split; each job takes the placement it weighs most, or failing that the
one of least reduced cost, where a whole cluster has room for the gang.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.packing_check import pool_of
from energy.planner.placements import Placements


class Board:
    """Free GPUs of every cluster in every slot.

    Inference on gang pools is reserved as whole clusters counted from the last one; on free pools as
    GPUs of the one cluster.
    """

    def __init__(self, inputs: xr.Dataset) -> None:
        slots = inputs.sizes["time"]
        self.names: list[str] = []
        rows: list[np.ndarray] = []
        self.clusters_of: list[np.ndarray] = []
        reserved = inputs["reserved_gpus"].values
        size, count = inputs["pool_cluster_gpus"].values, inputs["pool_clusters"].values
        for pool in range(inputs.sizes["pool"]):
            first = len(rows)
            for cluster in range(int(count[pool])):
                if inputs["pool_free"].values[pool]:
                    rows.append(size[pool] - reserved[pool])
                else:
                    kept = reserved[pool] // size[pool] >= count[pool] - cluster
                    rows.append(np.where(kept, 0, size[pool]))
                self.names.append(_cluster_name(inputs, pool, cluster))
            self.clusters_of.append(np.arange(first, len(rows)))
        self.free = np.array(rows, dtype=int).reshape(len(rows), slots)

    def best_cluster(self, pool: int, gpus: int, first: int, last: int) -> int:
        """The cluster with the least room that still fits the gang throughout, or -1."""
        clusters = self.clusters_of[pool]
        room = self.free[clusters, first:last].min(axis=1)
        fits = np.flatnonzero(room >= gpus)
        return int(clusters[fits[np.argmin(room[fits])]]) if len(fits) else -1

    def take(self, cluster: int, gpus: int, first: int, last: int) -> None:
        """Occupy (or with negative ``gpus`` release) GPUs of a cluster over [first, last)."""
        self.free[cluster, first:last] -= gpus


def _cluster_name(inputs: xr.Dataset, pool: int, cluster: int) -> str:
    """The cluster's id, as :class:`energy.workload.packing.Pool` names it."""
    return pool_of(inputs, pool).cluster_ids[cluster]


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
