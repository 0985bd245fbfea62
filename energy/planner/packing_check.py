"""Gangs into clusters: the exact step after the placements are chosen."""

from __future__ import annotations

import xarray as xr

from energy.planner.placements import Placements
from energy.workload.packing import Pool, pack_gangs


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
