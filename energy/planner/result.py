"""The solved model as a plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from energy.plan import FLOWS, Placed, Plan, make_plan
from energy.planner.stages import Outcome
from energy.workload.jobs import Job


def plan_of(outcome: Outcome, inputs: xr.Dataset, jobs: Sequence[Job]) -> Plan:
    """Read the plan off the solution: where jobs run, setpoints, flows and stocks."""
    values, column = outcome.values, outcome.problem.column

    def block(name: str) -> np.ndarray:
        where = column[name]
        found = np.where(where >= 0, values[np.maximum(where, 0)], 0.0)
        return np.where(np.abs(found) < 1e-9, 0.0, found)

    placed = []
    for job, chosen in outcome.column_of.items():
        first = int(outcome.placements.first[chosen])
        placed.append(
            Placed(
                job=job,
                pool=int(outcome.placements.pool[chosen]),
                cluster=outcome.cluster_of[job],
                first=first,
                end=first + int(inputs["job_slots"].values[job]),
            )
        )
    return make_plan(
        inputs,
        jobs,
        placed,
        mode=block("y").argmax(axis=2),
        overhead_kw=block("overhead").sum(axis=2),
        flows={name: np.maximum(block(name), 0.0) for name in FLOWS},
        stock_green_kwh=np.maximum(block("stock_green"), 0.0),
        stock_grey_kwh=np.maximum(block("stock_grey"), 0.0),
    )
