"""Jobs onto GPUs.

Data: job_gpus [GPUs], pool_gpus [GPUs], reserved_gpus[p,t] (latency-bound inference), pool_cluster_gpus,
pool_clusters, pool_free. Variables: x[c] in {0,1}, unserved[j] in {0,1}.

(1) sum_{c of j} x[c] + unserved[j] = 1
(2) sum_{c on p at t} gpus[c] x[c] <= pool_gpus[p] - reserved[p,t]
(3) sum_{c on p at t} u_k(gpus[c] / cluster_gpus[p]) x[c] <= free clusters[p,t],  k = 1, 2, 3

(3) holds whenever the gangs running at t can be packed into whole clusters (u_k is dual feasible,
:func:`energy.workload.packing.packing_weights`); it keeps the plan near what packing can do. The
packing itself is done, and checked, after the solve.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.placements import Placements
from energy.planner.solver import constrain, linear
from energy.workload.packing import packing_weights


def declare(variables, inputs: xr.Dataset, placements: Placements) -> None:
    """x[c] and unserved[j]."""
    variables.add("x", (len(placements),), binary=True)
    variables.add("unserved", (inputs.sizes["job"],), binary=True)


def add_every_job_once(problem, variables, placements: Placements) -> None:
    """(1) A job runs at one placement or is reported as unserved."""
    x, unserved = variables.block["x"], variables.block["unserved"]
    chosen: list[list] = [[] for _ in unserved]
    for column, job in enumerate(placements.job):
        chosen[job].append((1.0, x[column]))
    for job, terms in enumerate(chosen):
        constrain(problem, f"once_{job}", linear([*terms, (1.0, unserved[job])]), "==", 1)


def free_gpus(inputs: xr.Dataset) -> np.ndarray:
    """GPUs of each pool that inference leaves free, shape (pool, time)."""
    return inputs["pool_gpus"].values[:, None] - inputs["reserved_gpus"].values


def running_at(inputs: xr.Dataset, placements: Placements) -> dict[tuple[int, int], list[int]]:
    """Columns that occupy pool p in slot t, by (p, t)."""
    found: dict[tuple[int, int], list[int]] = {}
    spans = zip(placements.pool.tolist(), placements.first.tolist(), placements.last.tolist(), strict=True)
    for column, (pool, first, last) in enumerate(spans):
        for slot in range(first, last):
            found.setdefault((pool, slot), []).append(column)
    return found


def add_pool_capacity(problem, variables, inputs: xr.Dataset, placements: Placements) -> None:
    """(2) Running gangs and reserved inference fit the GPUs of the pool. Rows that cannot bind are left out."""
    x, free, gpus = variables.block["x"], free_gpus(inputs), inputs["job_gpus"].values
    for (pool, slot), columns in running_at(inputs, placements).items():
        most = sum({int(placements.job[c]): int(gpus[placements.job[c]]) for c in columns}.values())
        if most > free[pool, slot]:
            terms = [(gpus[placements.job[c]], x[c]) for c in columns]
            constrain(problem, f"gpus_{pool}_{slot}", linear(terms), "<=", free[pool, slot])


def add_whole_clusters(problem, variables, inputs: xr.Dataset, placements: Placements) -> None:
    """(3) What is at most packable into whole clusters. Rows that cannot bind are left out."""
    x, free, gpus = variables.block["x"], free_gpus(inputs), inputs["job_gpus"].values
    size, loose = inputs["pool_cluster_gpus"].values, inputs["pool_free"].values
    for (pool, slot), columns in running_at(inputs, placements).items():
        if loose[pool]:
            continue
        clusters = int(free[pool, slot] // size[pool])
        weights = [packing_weights(int(gpus[placements.job[c]]), int(size[pool])) for c in columns]
        for k in range(len(weights[0])):
            terms = [(w[k], x[c]) for w, c in zip(weights, columns, strict=True) if w[k] > 0]
            most = sum({int(placements.job[c]): w[k] for w, c in zip(weights, columns, strict=True)}.values())
            if most > clusters:
                constrain(problem, f"whole_{k}_{pool}_{slot}", linear(terms), "<=", clusters)


def window_gpu_h(inputs: xr.Dataset) -> np.ndarray:
    """GPU-hours each job could do in the window (of one slot at least), shape (job,): what unserved means."""
    step_h, slots = float(inputs.attrs["step_h"]), inputs.sizes["time"]
    could = np.minimum(inputs["job_slots"].values, slots - np.maximum(inputs["job_release"].values, 0))
    return inputs["job_gpus"].values * np.maximum(could, 1) * step_h


def undone_gpu_h(variables, inputs: xr.Dataset, placements: Placements):
    """First objective: GPU-hours of the window's work left undone.

    An unserved job counts all it could have done in the window; a job that outlasts the window counts what
    it leaves beyond the least it must.
    """
    terms = list(zip(window_gpu_h(inputs), variables.block["unserved"], strict=True))
    late = np.flatnonzero(placements.left_gpu_h > 0)
    return linear(terms + [(placements.left_gpu_h[c], variables.block["x"][c]) for c in late])
