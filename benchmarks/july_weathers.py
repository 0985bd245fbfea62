"""The demo's window in twelve weathers: how often the default study meets its targets in July.

    python benchmarks/july_weathers.py [--seeds 1 2 3 ...] [--date 2026-07-10]

One line per seed of the embedded climate (the queue is of the same seed): plan beside first come, first served. About
45 s per seed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from energy.config import load_study
from energy.day import DayRequest, plan_day
from energy.requests import load_jobs, weather_specs, window_start

JOBS = "synthetic:120"


def main() -> None:
    """Print a line per seed, then how many windows meet each target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 13)))
    parser.add_argument("--date", default="2026-07-10")
    asked = parser.parse_args()
    study, met = load_study(None), {"pue": 0, "renewable_share": 0}
    print("seed  outdoor degC   PUE  (FCFS)   share (FCFS)   cost below FCFS   gap    jobs")
    for seed in asked.seeds:
        request = DayRequest(
            start=window_start(asked.date, step_h=1.0), horizon_h=48.0, step_h=1.0, seed=seed,
            gap=study.planning.gap, time_limit_s=study.planning.time_limit_s, strict=False, attribution=False,
        )  # fmt: skip
        jobs, _ = load_jobs(JOBS, study, request)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = plan_day(study, jobs, request, weather_specs=weather_specs(study, []))
        k, b, solver = (result.summary[name] for name in ("kpis", "baseline", "solver"))
        for name in met:
            met[name] += result.summary["targets"][name]["met"]
        below = 1 - k["cost_cny"] / b["cost_cny"]
        gap = "-" if solver["gap"] is None else f"{solver['gap']:.2%}"
        print(
            f"{seed:4d}  {float(result.plan.data['temp_air_degc'].mean()):12.1f}   {k['pue']:.3f} ({b['pue']:.3f})  "
            f"{k['renewable_share']:.3f} ({b['renewable_share']:.3f})  {below:15.1%}   {gap:>6}  "
            f"{k['jobs_placed']}/{k['jobs_total']}",
            flush=True,
        )
    print("; ".join(f"{name} target met in {count} of {len(asked.seeds)}" for name, count in met.items()))


if __name__ == "__main__":
    main()
