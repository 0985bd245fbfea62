"""What a plan is held against, worked out again from the study, the weather, the jobs and the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from energy.config import Study
from energy.config_nodes import NodeConfig, PoolSpec
from energy.state import NodeState, State
from energy.steps import hours_share
from energy.workload.jobs import Job

CIVIL = np.timedelta64(8, "h")


@dataclass(frozen=True, slots=True)
class Case:
    """A plan's window with everything that is given from outside.

    ``plan``: plan.nc, dims node, time in the study's order of nodes; ``tolerance``: rounding that is let
    pass, in the unit of the quantity, and relative for sums.
    """

    plan: xr.Dataset
    study: Study
    weather: xr.Dataset
    jobs: tuple[Job, ...]
    state: State | None
    step_h: float
    tolerance: float

    @property
    def time(self) -> np.ndarray:
        """Stamps of the steps, naive UTC."""
        return self.plan["time"].values

    @property
    def opens(self) -> datetime:
        """Start of the window, aware UTC."""
        return self.time[0].astype("datetime64[us]").item().replace(tzinfo=UTC)

    @property
    def closes(self) -> datetime:
        """End of the window, aware UTC."""
        return self.opens + timedelta(hours=self.step_h * len(self.time))

    def of(self, name: str) -> np.ndarray:
        """A variable of the plan (node, time)."""
        return self.plan[name].transpose("node", "time").values

    def at(self, place: tuple) -> str:
        """Node and civil time of an index (node, time)."""
        node, slot = place[0], place[1]
        return f"{self.study.nodes[node].id} {self.civil(slot)}"

    def civil(self, slot: int) -> str:
        """Civil time of a step, to the minute."""
        return str((self.time[slot] + CIVIL).astype("datetime64[m]")).replace("T", " ")

    def carried(self, node_id: str) -> NodeState | None:
        """What the state carries into a node."""
        return None if self.state is None else self.state.nodes.get(node_id)

    def grid(self, name: str) -> np.ndarray:
        """A figure of every node's connection, shape (node, 1)."""
        return np.array([[float(getattr(node.grid, name))] for node in self.study.nodes])


def window_hours(case: Case) -> np.ndarray:
    """Full hours that cover the window."""
    hour = np.timedelta64(1, "h")
    first = case.time[0].astype("datetime64[h]").astype(case.time.dtype)
    count = int(np.ceil((case.time[0] - first) / hour + len(case.time) * case.step_h - 1e-9))
    return first + np.arange(count) * hour


def reserved_gpus(case: Case) -> dict[str, np.ndarray]:
    """GPUs each pool keeps for inference, pool id -> (step,): the most of any hour the step touches.

    Gang pools keep whole clusters.
    """
    hours = window_hours(case)
    touched = hours_share(case.time, case.step_h, hours) > 1e-12
    civil = ((hours + CIVIL).astype("datetime64[h]").astype(np.int64)) % 24
    kept = {}
    for node in case.study.nodes:
        pools = {pool.pool_id: pool for pool in node.pools()}
        kept |= {pool_id: np.zeros(len(case.time)) for pool_id in pools}
        for load in node.inference:
            pool = pools[node.inference_pool(load)]
            hourly = np.array(load.gpus_by_hour, dtype=float)[civil]
            if not pool.free:
                hourly = np.ceil(hourly / pool.cluster_gpus) * pool.cluster_gpus
            kept[pool.pool_id] = kept[pool.pool_id] + np.where(touched, hourly[None, :], 0.0).max(axis=1)
    return kept


def base_it_kw(case: Case) -> np.ndarray:
    """IT power without jobs at the reference inlet: other, idle servers, inference; (node, time) [kW]."""
    types = case.study.gpu_table()
    hours = window_hours(case)
    share = hours_share(case.time, case.step_h, hours)
    civil = ((hours + CIVIL).astype("datetime64[h]").astype(np.int64)) % 24
    rows = []
    for node in case.study.nodes:
        idle = sum(pool.cluster_gpus * pool.count * types[pool.gpu_type].idle_kw for pool in node.pools())
        hourly = np.full(len(hours), node.other_it_kw + idle)
        for load in node.inference:
            gpu = types[load.gpu_type]
            busy = np.array(load.gpus_by_hour, dtype=float)[civil]
            hourly = hourly + busy * (load.power_frac * gpu.peak_kw - gpu.idle_kw)
        rows.append(share @ hourly)
    return np.array(rows)


def clusters(node: NodeConfig) -> dict[str, PoolSpec]:
    """Pool of every cluster id of a node; a free pool is one cluster of the pool's name."""
    found = {}
    for pool in node.pools():
        names = [pool.pool_id] if pool.free else [f"{pool.pool_id}/{i}" for i in range(1, pool.count + 1)]
        found |= dict.fromkeys(names, pool)
    return found


def added_kw(job: Job, case: Case) -> float:
    """What a running job's servers draw above idle at the reference inlet [kW]."""
    gpu = case.study.gpu_table()[job.gpu_type]
    return job.gpus * (job.power_frac * gpu.peak_kw - gpu.idle_kw)


def hours_left(job: Job) -> float:
    """What a job has to run, by itself [h]."""
    return float(job.remaining_h if job.state == "running" else job.duration_h)


def steps_of(job: Job, case: Case) -> int:
    """Whole steps a job takes: what it has left, rounded up, one at least."""
    hours = hours_left(job)
    return max(1, int(np.ceil(float(hours) / case.step_h - 1e-9)))


def billed_kw(case: Case, node_id: str, month: str) -> float:
    """Peak a month is billed for anyway [kW]: the study's, or the state's if it is of that month and higher."""
    return max(case.study.node(node_id).grid.month_peak_kw, drawn_before_kw(case, node_id, month))


def drawn_before_kw(case: Case, node_id: str, month: str) -> float:
    """Highest import of a month before the window, as the state knows it [kW]."""
    held = case.carried(node_id)
    return held.month_peak_kw if held is not None and held.month == month else 0.0


def peaks_added_kw(case: Case) -> np.ndarray:
    """What the window adds to the billed peak import of its civil months, (node,) [kW], summed over months."""
    months = [str(m) for m in (case.time + CIVIL).astype("datetime64[M]")]
    drawn, added = case.of("import_kw"), np.zeros(len(case.study.nodes))
    for n, node in enumerate(case.study.nodes):
        for month in set(months):
            top = max(kw for kw, its in zip(drawn[n], months, strict=True) if its == month)
            added[n] += max(0.0, top - billed_kw(case, node.id, month))
    return added


def initial_stocks(case: Case) -> dict[str, np.ndarray]:
    """Green and grey stock before the window, (node,) [kWh]: the state's, or else the study's."""
    stocks: dict[str, list[float]] = {"green": [], "grey": []}
    for node in case.study.nodes:
        held = case.carried(node.id)
        for colour, values in stocks.items():
            if node.battery is None:
                values.append(0.0)
            elif held is not None:
                values.append(float(getattr(held, f"stock_{colour}_kwh")))
            else:
                values.append(getattr(node.battery, f"initial_{colour}_frac") * node.battery.energy_kwh)
    return {colour: np.array(values) for colour, values in stocks.items()}


def by_id(jobs: Sequence[Job]) -> dict[str, Job]:
    """Jobs by their id."""
    return {job.job_id: job for job in jobs}
