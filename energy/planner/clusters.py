"""Clusters of the window as rows of free GPUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.planner.placements import Placements
from energy.workload.packing import Pool, free_gpus_by_cluster, pack_gangs


def pool_of(inputs: xr.Dataset, pool: int) -> Pool:
    """The pool of the inputs as the packing's own record."""
    at = inputs.isel(pool=pool)
    return Pool(
        pool_id=str(at["pool"].item()),
        node=str(inputs["node"].values[int(at["pool_node"])]),
        gpu_type=str(at["pool_gpu_type"].item()),
        cluster_gpus=int(at["pool_cluster_gpus"]),
        clusters=int(at["pool_clusters"]),
        free=bool(at["pool_free"]),
    )


@dataclass(frozen=True, slots=True)
class Clusters:
    """All clusters of all pools, one row each.

    ``names``: cluster ids; ``of_pool``: cluster numbers of each pool; ``free``: GPUs inference leaves to
    gangs, (cluster, time).
    """

    names: tuple[str, ...]
    of_pool: tuple[np.ndarray, ...]
    free: np.ndarray


def clusters_of(inputs: xr.Dataset) -> Clusters:
    """The window's clusters, with what inference keeps taken out (running gangs keep theirs)."""
    fixed = frozenset(str(cluster) for cluster in inputs["job_cluster"].values if cluster)
    names: list[str] = []
    of_pool, rows = [], []
    for number in range(inputs.sizes["pool"]):
        pool = pool_of(inputs, number)
        kept = fixed.intersection(pool.cluster_ids)
        rows.append(free_gpus_by_cluster(pool, inputs["reserved_gpus"].values[number], fixed_clusters=kept))
        of_pool.append(len(names) + np.arange(len(rows[-1])))
        names += pool.cluster_ids
    return Clusters(tuple(names), tuple(of_pool), np.concatenate(rows).astype(np.int64))
def assign_clusters(
    inputs: xr.Dataset, placements: Placements, chosen: dict[int, int]
) -> dict[int, str] | None:
    """Cluster id of every chosen job, or None when some pool's gangs do not fit its clusters."""
    assigned: dict[int, str] = {}
    fixed = inputs["job_cluster"].values
    gpus = inputs["job_gpus"].values
    for pool in range(inputs.sizes["pool"]):
        members = [(job, c) for job, c in chosen.items() if placements.pool[c] == pool]
        if not members:
            continue
        segments = [
            (str(job), int(gpus[job]), int(placements.first[c]), int(placements.last[c]), str(fixed[job]) or None)
            for job, c in members
        ]
        packing = pack_gangs(segments, pool_of(inputs, pool), inputs["reserved_gpus"].values[pool])
        if packing.unpacked:
            return None
        assigned.update({int(job): cluster for job, cluster in packing.cluster_of.items()})
    return assigned
