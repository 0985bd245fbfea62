"""The search beside HiGHS on the whole model, the same windows and the same seconds.

    python benchmarks/search_against_exact.py [--jobs 60 120] [--seeds 7 8] [--seconds 30]

Prints, per window, the gap to one common bound (the better of the two proofs) that each reaches in the given time, and
their ratio. Windows are drawn from the embedded study by seed; none is tuned to.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from energy.config import load_study
from energy.day import DayRequest, window_axis
from energy.inputs import build_inputs
from energy.planner import stages
from energy.planner.placements import all_placements
from energy.planner.problem import build_problem
from energy.planner.solver import solve
from energy.requests import load_jobs, weather_specs
from weather import open_weather


def window(jobs: int, seed: int, day: datetime):
    """The planner's Dataset of a synthetic window."""
    study = load_study(None)
    request = DayRequest(
        start=day, horizon_h=48.0, step_h=1.0, seed=seed, gap=0.0, time_limit_s=0.0, strict=False, attribution=False
    )
    time = window_axis(request)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weather = open_weather(weather_specs(study, []), [n.node() for n in study.nodes], time=time, seed=seed)
    queue, _ = load_jobs(f"synthetic:{jobs}", study, request)
    return build_inputs(study, weather, queue, time=time, step_h=1.0)


def gaps(inputs, seconds: float, seed: int) -> tuple[float, float]:
    """Gap of the search and of HiGHS alone, each to the better bound, as a share of the cost."""
    ours = stages.plan_window(inputs, gap=1e-4, time_limit_s=seconds, seed=seed)
    placements = all_placements(inputs)
    problem = build_problem(inputs, placements)
    model, _ = stages.weighted_model(inputs, placements, problem)
    alone = solve(model, gap=1e-4, time_limit_s=seconds, seed=seed)
    weighted = float(model.cost @ ours.values) + model.offset
    relaxed = solve(model, relax=True).objective
    bound, scale = max(relaxed, alone.bound), abs(ours.stages[-1].value)
    return (weighted - bound) / scale, (alone.objective - bound) / scale


def main() -> None:
    """Run the windows and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[60, 120])
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    print(f"{'jobs':>5} {'day':>10} {'seed':>4} {'search':>8} {'HiGHS':>8} {'ratio':>6}")
    for jobs in asked.jobs:
        for day in (datetime(2026, 7, 15), datetime(2026, 1, 15)):
            for seed in asked.seeds:
                ours, alone = gaps(window(jobs, seed, day), asked.seconds, seed)
                ratio = ours / alone if np.isfinite(alone) and alone > 0 else 0.0
                found = f"{alone:8.2%}" if np.isfinite(alone) else "    none"
                print(f"{jobs:5d} {day} {seed:4d} {ours:8.2%} {found} {ratio:6.2f}", flush=True)


if __name__ == "__main__":
    main()
