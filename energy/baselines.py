"""What would have happened without the optimiser: first come, first served.

Each job takes, in order of release, the first cluster (in the study's order) that has room at the
earliest possible time; setpoints stay at the middle one; the battery is idle; renewables are used as
they come, and what is left is exported where that pays more than the green kWh costs. The physics are
the plan's own. Deadlines are not looked at, so late jobs are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from energy.plan import Placed, Plan, make_plan
from energy.planner.clusters import Clusters, clusters_of
from energy.planner.plant import load_limits_kw
from energy.workload.jobs import Job


def first_come_first_served(inputs: xr.Dataset, jobs: Sequence[Job]) -> Plan:
    """The baseline of a window; jobs that find no room in it are unserved."""
    placed = _place(inputs)
    shape = (inputs.sizes["node"], inputs.sizes["time"])
    mode = np.repeat(inputs["mid_mode"].values[:, None], shape[1], axis=1)
    it_reference = inputs["base_it_kw"].values.copy()
    for item in placed:
        node = inputs["pool_node"].values[item.pool]
        it_reference[node, item.first : min(item.end, shape[1])] += inputs["job_add_kw"].values[item.job]
    overhead = table_overhead_kw(inputs, it_reference, mode)
    nodes = np.arange(shape[0])[:, None]
    facility = it_reference * inputs["inlet_factor"].values[nodes, mode] + overhead
    available = inputs["available_kw"].values
    direct = np.minimum(available, facility)
    pays = inputs["export_price_cny_per_kwh"].values[:, None] > inputs["green_price_cny_per_kwh"].values
    exported = np.where(pays, np.minimum(available - direct, inputs["export_limit_kw"].values[:, None]), 0.0)
    idle = np.zeros(shape)
    step_h, hours = float(inputs.attrs["step_h"]), np.arange(1, shape[1] + 1)
    keep = (1.0 - inputs["self_discharge_per_h"].values[:, None]) ** (step_h * hours)
    return make_plan(
        inputs,
        jobs,
        placed,
        mode=mode,
        overhead_kw=overhead,
        flows={
            "grid_import": facility - direct,
            "renewable_direct": direct,
            "exported": exported,
            "charge_green": idle,
            "charge_grey": idle,
            "discharge_green": idle,
            "discharge_grey": idle,
        },
        stock_green_kwh=inputs["initial_green_kwh"].values[:, None] * keep,
        stock_grey_kwh=inputs["initial_grey_kwh"].values[:, None] * keep,
    )


def table_overhead_kw(inputs: xr.Dataset, it_reference_kw: np.ndarray, mode: np.ndarray) -> np.ndarray:
    """Overhead on the plant's table at given IT power and setpoint modes, all (node, time) [kW]."""
    nodes, slots = np.indices(mode.shape)
    intercept = inputs["line_intercept_kw"].values[nodes, mode, :, slots]
    slope = inputs["line_slope"].values[nodes, mode, :, slots]
    return (intercept + slope * it_reference_kw[..., None]).max(axis=-1)


def _place(inputs: xr.Dataset) -> list[Placed]:
    clusters, slots = clusters_of(inputs), inputs.sizes["time"]
    limit_kw = load_limits_kw(inputs)[1]
    free, load = clusters.free.copy(), inputs["base_it_kw"].values.copy()
    gpus, length, release = (inputs[name].values for name in ("job_gpus", "job_slots", "job_release"))
    running, node_of = inputs["job_running"].values, inputs["pool_node"].values
    placed = []
    for job in sorted(range(inputs.sizes["job"]), key=lambda j: (not running[j], release[j], j)):
        latest = release[job] + 1 if running[job] else slots
        for first in range(int(release[job]), min(latest, slots)):
            last = min(first + int(length[job]), slots)
            found = _first_cluster(inputs, clusters, free, limit_kw - load, job, slice(first, last))
            if found is not None:
                pool, cluster = found
                free[cluster, first:last] -= int(gpus[job])
                load[node_of[pool], first:last] += inputs["job_add_kw"].values[job]
                placed.append(Placed(job, pool, clusters.names[cluster], first, first + int(length[job])))
                break
    return placed


def _first_cluster(inputs, clusters: Clusters, free, room_kw, job: int, span: slice) -> tuple[int, int] | None:
    """The first pool and cluster with GPUs for the job, at a node that can feed and cool it; a running job stays."""
    pinned = str(inputs["job_cluster"].values[job])
    for pool in np.flatnonzero(inputs["job_pool_ok"].values[job]):
        node = inputs["pool_node"].values[pool]
        if not pinned and room_kw[node, span].min() < inputs["job_add_kw"].values[job] - 1e-9:
            continue
        for cluster in clusters.of_pool[pool]:
            if pinned and clusters.names[cluster] != pinned:
                continue
            if free[cluster, span].min() >= inputs["job_gpus"].values[job]:
                return int(pool), int(cluster)
    return None
