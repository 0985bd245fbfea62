"""What one window hands to the next, read off its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import xarray as xr

from energy.plan import Plan
from energy.state import NodeState, RunningJob, State
from energy.workload.jobs import Job


def state_after(inputs: xr.Dataset, jobs: Sequence[Job], plan: Plan, *, before: State | None) -> State:
    """The fleet at the window's end: running jobs, jobs ended, stocks, setpoints, the month's peak.

    Parameters
    ----------
    inputs, plan
        The window and its plan.
    jobs
        The jobs of the window, in the order of the inputs.
    before
        What the window itself was handed; None for a cold start.
    """
    step_h, data = float(inputs.attrs["step_h"]), plan.data
    closes = inputs["time"].values[-1] + np.timedelta64(round(step_h * 3600), "s")
    month = str(inputs["month"].values[-1])
    last = data["import_kw"].isel(time=inputs["month_of_step"].values == inputs.sizes["month"] - 1)
    drawn = last.transpose("node", "time").max("time").values
    nodes = {}
    for n, node in enumerate(inputs["node"].values.astype(str)):
        degrees = data["setpoint_degc"].values[n]
        nodes[node] = NodeState(
            stock_green_kwh=float(data["stock_green_kwh"].values[n, -1]),
            stock_grey_kwh=float(data["stock_grey_kwh"].values[n, -1]),
            setpoint_degc=float(degrees[-1]),
            setpoint_held_h=_held_h(degrees, step_h, None if before is None else before.nodes.get(node)),
            month_peak_kw=max(float(drawn[n]), _drawn_before(before, node, month)),
            month=month,
        )
    running, ended = _running_and_ended(jobs, plan)
    if before is not None:
        ended = {*before.ended, *ended}
    return State(
        at=closes.astype("datetime64[us]").item().replace(tzinfo=UTC),
        running=running,
        ended=tuple(sorted(ended)),
        nodes=nodes,
    )


def _drawn_before(before: State | None, node: str, month: str) -> float:
    """Highest import of the month before the window, as far as it is known [kW]."""
    held = None if before is None else before.nodes.get(node)
    return held.month_peak_kw if held is not None and held.month == month else 0.0


def _held_h(degrees: np.ndarray, step_h: float, carried: NodeState | None) -> float:
    """For how long the last setpoint has been held, before the window too where it was not moved in it [h]."""
    moved = np.flatnonzero(degrees != degrees[-1])
    if len(moved):
        return step_h * (len(degrees) - moved[-1] - 1)
    same = carried is not None and abs(carried.setpoint_degc - degrees[-1]) < 1e-6
    return step_h * len(degrees) + (carried.setpoint_held_h if same else 0.0)


def _running_and_ended(jobs: Sequence[Job], plan: Plan) -> tuple[tuple[RunningJob, ...], set[str]]:
    by_id, running, ended = {job.job_id: job for job in jobs}, [], set()
    for row in plan.segments.itertuples():
        job_id = str(row.job_id)
        if row.remaining_h <= 1e-9:
            ended.add(job_id)
            continue
        job = by_id[job_id]
        started: datetime | None = job.started if job.state == "running" else row.start.to_pydatetime()
        job = replace(job, state="running", remaining_h=float(row.remaining_h), started=started, nodes=(str(row.node),))
        running.append(RunningJob(job=job, node=str(row.node), cluster=str(row.cluster)))
    return tuple(running), ended
