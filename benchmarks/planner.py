"""The planner at fleet scale: one instance of the family below, one JSON line.

    python benchmarks/planner.py --jobs 1000 --slots 96 --nodes 5 --seed 1 --seconds 30
        [--utilisation 0.5] [--bind share|pue] [--method priced|direct]

The family: the embedded study's nodes with their plants, prices and batteries, in hourly steps of the embedded climate
from 15 April 2026 on (seed: of weather and jobs), four setpoints a node held for three hours, both targets on. No
inference; storage, network and idle servers draw 28 % of the mean load. Jobs are rigid gangs of 1 to 64 GPUs of four
types, in proportion to the fleet; run times are lognormal (spread of the logarithm 0.8) and scaled until the jobs take
the utilisation asked for of every type's GPU-slots, at most 60 % of the window; a quarter is there at once; each may
start within one to four run times and four hours; a quarter is due at the end. All can be placed.

`--bind` makes one target binding: halfway between what the plan reaches without it and the most it reaches for its
sake alone, both searched for a fifth of the seconds, outside the clock.

Printed: objective and bound [CNY], their gap, the share of the possible saving captured (first come, first served less
objective, over first come, first served less bound), jobs placed, targets and what is missed of them, seconds in all
and by phase, largest memory [MB]. The seconds leave out the compiler: the regime's loops are run once before. `--method
direct` hands all placements to HiGHS as one PuLP programme, for comparison.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from energy.baselines import first_come_first_served
from energy.config import load_study
from energy.day import DayRequest, window_axis
from energy.inputs import build_inputs, study_pools
from energy.kpis import plan_kpis
from energy.planner import stages
from energy.planner.placements import all_placements
from energy.planner.priced.plan import plan_priced
from energy.planner.priced.regime import Effort
from energy.planner.problem import build_problem
from energy.planner.solver import solve
from energy.requests import weather_specs
from energy.workload.record import Job
from weather import open_weather

SIZES, WEIGHTS = np.array([1, 2, 4, 8, 16, 32, 64]), np.array([1, 1, 1, 3, 3, 3, 2]) / 14
BASE_SHARE = 0.28  # of the mean load
START = datetime(2026, 4, 15)
MODES = 4


def instance(jobs: int, slots: int, nodes: int, seed: int, utilisation: float) -> tuple[xr.Dataset, list[Job]]:
    """The window as the planner sees it, and its jobs."""
    study = load_study(None)
    study = study.model_copy(update={"nodes": study.nodes[:nodes]})
    request = DayRequest(
        start=START, horizon_h=float(slots), step_h=1.0, seed=seed, gap=0.0, time_limit_s=0.0, strict=False,
        attribution=False,
    )  # fmt: skip
    axis = window_axis(request)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weather = open_weather(weather_specs(study, []), [n.node() for n in study.nodes], time=axis, seed=seed)
    drawn = drawn_jobs(study, jobs, slots, seed, utilisation, axis[0])
    inputs = build_inputs(study, weather, drawn, time=axis, step_h=1.0)
    inputs["reserved_gpus"] = inputs["reserved_gpus"] * 0
    kinds, types = inputs["pool_gpu_type"].values, study.gpu_table()
    per_gpu = np.array([0.8 * types[kind].peak_kw - types[kind].idle_kw for kind in kinds])
    busy = utilisation * inputs["pool_gpus"].values * per_gpu
    mean = np.bincount(inputs["pool_node"].values, busy, minlength=nodes)
    inputs["base_it_kw"] = (("node", "time"), np.repeat(BASE_SHARE / (1 - BASE_SHARE) * mean[:, None], slots, axis=1))
    inputs = inputs.isel(mode=slice(0, MODES))
    return inputs.assign(mid_mode=("node", np.full(nodes, (MODES - 1) // 2))), drawn


def drawn_jobs(study, count: int, slots: int, seed: int, utilisation: float, opens: np.datetime64) -> list[Job]:
    """The family's jobs."""
    rng = np.random.default_rng(seed)
    fleet: dict[str, int] = {}
    for pool in study_pools(study):
        fleet[pool.gpu_type] = fleet.get(pool.gpu_type, 0) + pool.gpus
    kinds = sorted(fleet)
    share = np.array([fleet[kind] for kind in kinds]) / sum(fleet.values())
    kind = rng.choice(len(kinds), size=count, p=share)
    gpus = SIZES[rng.choice(len(SIZES), size=count, p=WEIGHTS)]
    if gpus.mean() > utilisation * sum(fleet.values()) * slots / count / 3:  # runs would be shorter than three slots
        gpus = np.maximum(gpus // 2, 1)
    spread, length = np.exp(0.8 * rng.standard_normal(count)), np.ones(count, dtype=int)
    for k in range(len(kinds)):
        mine, scale = kind == k, 1.0
        wanted = utilisation * fleet[kinds[k]] * slots
        for _ in range(100):
            length[mine] = np.clip(np.round(scale * spread[mine]), 1, int(0.6 * slots))
            scale *= (wanted / (gpus[mine] * length[mine]).sum()) ** 0.7
    at_once = rng.random(count) < 0.25
    release = np.where(at_once, 0, rng.integers(0, np.maximum(1, (0.75 * (slots - length)).astype(int))))
    last = release + (rng.uniform(1.0, 4.0, count) * length).astype(int) + 4
    last = np.where(rng.random(count) < 0.25, slots, last)
    deadline = np.minimum(last, slots - length) + length
    power = rng.uniform(0.76, 0.82, count)
    hour = [opens + np.timedelta64(h, "h") for h in range(slots + 1)]

    def aware(h: int) -> datetime:
        return hour[h].astype("datetime64[us]").item().replace(tzinfo=UTC)

    return [
        Job(
            job_id=f"job-{j}", gpu_type=kinds[kind[j]], gpus=int(gpus[j]), duration_h=float(length[j]),
            release=aware(release[j]), deadline=aware(deadline[j]), power_frac=float(power[j]),
        )
        for j in range(count)
    ]  # fmt: skip


def bound_to(inputs: xr.Dataset, target: str, seconds: float, seed: int) -> xr.Dataset:
    """The window with one target between what comes by itself and the most there is; the other off."""
    off = {"share_target": 0.0, "pue_target": 10.0}
    reached = []
    for asked in (off, off | {"share": {"share_target": 1.0}, "pue": {"pue_target": 1.0}}[target]):
        plan = plan_priced(inputs.assign_attrs(asked), time_limit_s=seconds, seed=seed)
        reached.append(_ratios(plan, inputs)[target])
    name = {"share": "share_target", "pue": "pue_target"}[target]
    return inputs.assign_attrs({name: float(np.mean(reached))})


def _ratios(plan, inputs: xr.Dataset) -> dict[str, float]:
    values, column = plan.values, plan.problem.column
    flow = {name: values[column[name][column[name] >= 0]].sum() for name in ("renewable_direct", "discharge_green")}
    it = (values[np.maximum(column["it"], 0)] * (column["it"] >= 0)) * inputs["inlet_factor"].values[:, None]
    facility = it.sum() + values[column["overhead"][column["overhead"] >= 0]].sum()
    return {"share": float(sum(flow.values()) / facility), "pue": float(facility / it.sum())}


def direct(inputs: xr.Dataset, seconds: float, seed: int) -> dict:
    """All placements as one programme, handed to HiGHS."""
    began = time.monotonic()
    placements = all_placements(inputs)
    problem = build_problem(inputs, placements)
    model, _ = stages.weighted_model(inputs, placements, problem)
    built = time.monotonic() - began
    found = solve(model, gap=1e-4, time_limit_s=max(1.0, seconds - built), seed=seed)
    phases = {"declare": round(built, 2), "solve": round(found.seconds, 2)}
    return {"objective": found.objective, "bound": found.bound, "phases": phases}


def main() -> None:
    """Draw, plan, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=96)
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--utilisation", type=float, default=0.5)
    parser.add_argument("--bind", choices=("share", "pue"))
    parser.add_argument("--method", choices=("priced", "direct"), default="priced")
    asked = parser.parse_args()
    inputs, jobs = instance(asked.jobs, asked.slots, asked.nodes, asked.seed, asked.utilisation)
    small, _ = instance(30, 24, asked.nodes, 0, 0.3)
    plan_priced(small, time_limit_s=20.0, effort=Effort(5, (2, 2, 2), 5, (2, 2, 2)))  # compiled
    if asked.bind:
        inputs = bound_to(inputs, asked.bind, asked.seconds / 5, asked.seed)
    line = {name: getattr(asked, name) for name in ("jobs", "slots", "nodes", "seed", "utilisation", "bind", "method")}
    began = time.monotonic()
    if asked.method == "direct":
        line |= direct(inputs, asked.seconds, asked.seed)
    else:
        plan = plan_priced(inputs, time_limit_s=asked.seconds, seed=asked.seed)
        _, missed, cost = plan.stages
        line |= {
            "objective": cost.value,
            "bound": cost.bound,
            "placed": len(plan.column_of),
            "missed_kwh": round(missed.value, 3),
            **{name: round(value, 4) for name, value in _ratios(plan, inputs).items()},
            "phases": {name: round(seconds, 2) for name, seconds in plan.seconds.items()},
        }
    seconds = time.monotonic() - began
    first_come = plan_kpis(first_come_first_served(inputs, jobs), inputs)["cost_cny"]
    line |= {
        "gap": (line["objective"] - line["bound"]) / abs(line["objective"]),
        "captured": (first_come - line["objective"]) / (first_come - line["bound"]),
        "first_come": first_come,
        "share_target": round(float(inputs.attrs["share_target"]), 4),
        "pue_target": round(float(inputs.attrs["pue_target"]), 4),
        "seconds": round(seconds, 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
