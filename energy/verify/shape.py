"""Whether a plan is complete enough to be held against the laws at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from energy.config import Study
from energy.verify.flows import FLOWS
from energy.verify.result import Check, sentences

VARIABLES = (
    *FLOWS, "pue", "setpoint_degc", "inlet_degc", "mode", "price_cny_per_kwh", "green_price_cny_per_kwh",
    "carbon_kg_per_kwh", "wet_bulb_degc", "temp_air_degc",
)  # fmt: skip
POOL_VARIABLES = {"used_gpus": {"pool", "time"}, "reserved_gpus": {"pool", "time"}, "pool_gpus": {"pool"}}
COLUMNS = (
    "job_id", "segment", "node", "cluster", "gpu_type", "gpus", "cap", "start", "end", "power_kw", "deadline",
    "slack_h", "remaining_h",
)  # fmt: skip


def complete(plan: xr.Dataset, segments: pd.DataFrame, study: Study, weather: xr.Dataset) -> Check:
    """Variables, labels and columns are there, the axis is equally spaced, the weather covers it."""
    faults = [*_variables(plan), *_labels(plan, study)]
    faults += [f"jobs.csv has no column {name}" for name in COLUMNS if name not in segments.columns]
    if not faults:
        faults = [*_axis(plan, weather), *_segment_times(segments)]
        missing = [node.id for node in study.nodes if node.id not in weather["node"].values]
        faults += [f"no weather of node {name}" for name in missing]
    return sentences(
        "plan complete",
        faults,
        unit="faults",
        law="Every variable and column is there, nodes and pools are the study's, steps are equal and have weather.",
    )


def _variables(plan: xr.Dataset) -> list[str]:
    wanted = {name: {"node", "time"} for name in VARIABLES} | POOL_VARIABLES
    faults = [f"plan.nc has no {name}" for name in wanted if name not in plan]
    for name, dims in wanted.items():
        if name in plan and set(plan[name].dims) != dims:
            faults.append(f"{name} has dims {plan[name].dims}")
    return faults


def _labels(plan: xr.Dataset, study: Study) -> list[str]:
    nodes = [node.id for node in study.nodes]
    pools = sorted(pool.pool_id for node in study.nodes for pool in node.pools())
    faults = []
    if "node" not in plan.coords or list(plan["node"].values) != nodes:
        faults.append(f"nodes are not the study's {nodes}")
    if "pool" not in plan.coords or sorted(map(str, plan["pool"].values)) != pools:
        faults.append(f"pools are not the study's {pools}")
    return faults


def _axis(plan: xr.Dataset, weather: xr.Dataset) -> list[str]:
    time, step_h = plan["time"].values, plan.attrs.get("step_h")
    if not isinstance(step_h, int | float | np.floating) or not step_h > 0 or len(time) == 0:
        return [f"step_h is {step_h!r} over {len(time)} steps"]
    step = np.timedelta64(round(float(step_h) * 3600), "s")
    faults = []
    if np.any(np.diff(time) != step):
        faults.append(f"steps are not all {step_h:g} h")
    hours = weather["time"].values
    if np.any(np.diff(hours) != np.timedelta64(1, "h")):
        faults.append("the weather is not hourly")
    if not len(hours) or hours[0] > time[0] or hours[-1] + np.timedelta64(1, "h") < time[-1] + step:
        faults.append("the weather does not cover the window")
    return faults


def _segment_times(segments: pd.DataFrame) -> list[str]:
    faults = []
    for name in ("start", "end"):
        zone = getattr(segments[name].dtype, "tz", None)
        if len(segments) and (zone is None or segments[name].isna().any()):
            faults.append(f"{name} of a segment is missing or has no time zone")
    return faults
