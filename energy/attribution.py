"""Where the saving comes from: placement of jobs, setpoints, battery - and what the targets cost.

The window is planned without targets for every on/off combination of the three levers (off: jobs where
and when first come first served puts them; the middle setpoint; an idle battery). The Shapley value of
a lever is its mean marginal saving over the orders in which the levers can be switched on, so the three
sum to the whole saving (Shapley 1953, doi 10.1515/9781400881970-018). What the plan with targets costs
above the cheapest plan without is the price of the targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations, product

import numpy as np
import xarray as xr

from energy.kpis import plan_kpis
from energy.plan import Plan
from energy.planner.result import plan_of
from energy.planner.stages import Outcome, plan_window
from energy.workload.jobs import Job

LEVERS = ("placement", "setpoint", "battery")
NO_PUE_TARGET = 100.0
ROUNDS_PER_JOB = 6  # a short search: it begins from the plan's own schedule


def attribute_saving(
    inputs: xr.Dataset,
    jobs: Sequence[Job],
    baseline: Plan,
    *,
    plan: Outcome,
    plan_cost_cny: float,
    gap: float,
    time_limit_s: float,
    seed: int,
    report: Callable[[str], None] | None = None,
) -> dict:
    """Shapley values of the levers [CNY], every combination's cost, and the price of the targets.

    Combinations with free placement begin from the plan's own schedule.

    A combination with more levers can copy one with fewer, so its cost is never taken higher: what the
    solver's gap leaves is not attributed to any lever.
    """
    cost: dict[tuple[bool, ...], float] = {}
    for on in sorted(product((False, True), repeat=3), key=sum):
        if report is not None:
            report("+".join(name for name, flag in zip(LEVERS, on, strict=True) if flag) or "baseline")
        if not any(on):
            found = plan_kpis(baseline, inputs)["cost_cny"]
        else:
            limited = switch_levers(inputs, baseline, **dict(zip(LEVERS, on, strict=True)))
            start = plan if on[0] else None
            outcome = plan_window(
                limited,
                gap=gap,
                time_limit_s=time_limit_s,
                seed=seed,
                start=start,
                rounds_per_job=ROUNDS_PER_JOB,
                prove=False,
            )
            found = plan_kpis(plan_of(outcome, limited, jobs), limited)["cost_cny"]
        fewer = [tuple(f and g for f, g in zip(on, mask, strict=True)) for mask in product((0, 1), repeat=3)]
        cost[on] = min([found, *(cost[f] for f in map(_bools, fewer) if f in cost)])
    cost[(True,) * 3] = min(cost[(True,) * 3], plan_cost_cny)
    saving = dict.fromkeys(LEVERS, 0.0)
    for order in permutations(range(3)):
        on = [False] * 3
        for lever in order:
            before = cost[tuple(on)]
            on[lever] = True
            saving[LEVERS[lever]] += (before - cost[tuple(on)]) / 6
    return {
        **{f"{name}_cny": saving[name] for name in LEVERS},
        "targets_cny": plan_cost_cny - cost[(True,) * 3],
        "total_cny": cost[(False,) * 3] - plan_cost_cny,
        "combinations": [
            {**dict(zip(LEVERS, on, strict=True)), "cost_cny": value} for on, value in sorted(cost.items())
        ],
    }


def _bools(flags: Sequence) -> tuple[bool, ...]:
    return tuple(bool(flag) for flag in flags)


def switch_levers(
    inputs: xr.Dataset, baseline: Plan, *, placement: bool, setpoint: bool, battery: bool
) -> xr.Dataset:
    """The window without targets, with only some levers free."""
    limited = inputs.copy()
    limited.attrs = {**inputs.attrs, "pue_target": NO_PUE_TARGET, "share_target": 0.0}
    if not setpoint:
        modes = np.arange(inputs.sizes["mode"])
        limited["mode_ok"] = (("node", "mode"), modes == inputs["mid_mode"].values[:, None])
        limited["initial_mode"] = ("node", np.full(inputs.sizes["node"], -1))
    if not battery:
        for name in ("battery_kw", "battery_kwh", "initial_green_kwh", "initial_grey_kwh"):
            limited[name] = ("node", np.zeros(inputs.sizes["node"]))
    if not placement:
        _fix_jobs(limited, baseline)
    return limited


def _fix_jobs(inputs: xr.Dataset, plan: Plan) -> None:
    """Leave every job only the place it has in the plan; jobs without one get none."""
    number = {job: i for i, job in enumerate(inputs["job"].values.astype(str))}
    pool_number = {str(pool): p for p, pool in enumerate(inputs["pool"].values)}
    first = np.zeros(inputs.sizes["job"], dtype=int)
    last = np.full(inputs.sizes["job"], -1)
    allowed = np.zeros((inputs.sizes["job"], inputs.sizes["pool"]), dtype=bool)
    cluster = np.full(inputs.sizes["job"], "", dtype=object)
    opens, step = inputs["time"].values[0], np.timedelta64(round(inputs.attrs["step_h"] * 3600), "s")
    segments = plan.segments
    starts = segments["start"].dt.tz_localize(None).to_numpy("datetime64[s]") if len(segments) else []
    for job_id, name, start in zip(segments["job_id"], segments["cluster"], starts, strict=True):
        job = number[str(job_id)]
        first[job] = last[job] = int((start - opens) / step)
        allowed[job, pool_number[_pool_id(name, pool_number)]] = True
        cluster[job] = name
    inputs["job_release"] = ("job", first)
    inputs["job_last_start"] = ("job", last)
    inputs["job_pool_ok"] = (("job", "pool"), allowed)
    inputs["job_cluster"] = ("job", cluster)


def _pool_id(cluster: str, known: dict[str, int]) -> str:
    """A free pool is its own cluster; a cluster of a gang pool is named pool/number."""
    return cluster if cluster in known else cluster.rpartition("/")[0]


__all__ = ["LEVERS", "attribute_saving", "switch_levers"]
