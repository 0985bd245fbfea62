"""A plan, whoever made it: the optimiser, or first come first served.

``Plan.data`` is the content of ``plan.nc`` (dims node, time; pool, time), ``Plan.segments`` that of
``jobs.csv`` (a row per job segment). Both makers fill the same fields, so that every figure, check and
picture treats them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from energy.workload.jobs import Job

FLOWS = (
    "grid_import", "renewable_direct", "exported", "charge_green", "charge_grey", "discharge_green",
    "discharge_grey",
)  # fmt: skip
SEGMENT_COLUMNS = (
    "job_id", "segment", "node", "cluster", "gpu_type", "gpus", "cap", "start", "end", "power_kw", "deadline",
    "slack_h", "remaining_h",
)  # fmt: skip
_UNITS = {"_kw": "kW", "_kwh": "kWh", "_degc": "degC", "_gpus": "1"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A job's one segment: cluster, first slot, and end slot (exclusive, not clipped to the window)."""

    job: int
    pool: int
    cluster: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """``data``: plan.nc; ``segments``: jobs.csv; ``unserved``: ids of jobs without a place in the window."""

    data: xr.Dataset
    segments: pd.DataFrame
    unserved: tuple[str, ...]


def make_plan(
    inputs: xr.Dataset,
    jobs: Sequence[Job],
    placed: Sequence[Placed],
    *,
    mode: np.ndarray,
    overhead_kw: np.ndarray,
    flows: Mapping[str, np.ndarray],
    stock_green_kwh: np.ndarray,
    stock_grey_kwh: np.ndarray,
) -> Plan:
    """Assemble a plan from decisions.

    Parameters
    ----------
    inputs
        The window's Dataset (:mod:`energy.inputs`).
    jobs
        The jobs, in the order of the inputs' ``job`` dim.
    placed
        Where each served job runs.
    mode
        Setpoint mode (node, time).
    overhead_kw
        Power between IT and the meter (node, time) [kW].
    flows
        The flows of :data:`FLOWS`, each (node, time) [kW].
    stock_green_kwh, stock_grey_kwh
        Battery stocks at the end of each step (node, time) [kWh].
    """
    slots = inputs.sizes["time"]
    used = np.zeros((inputs.sizes["pool"], slots))
    it_reference = inputs["base_it_kw"].values.copy()
    for item in placed:
        span = slice(item.first, min(item.end, slots))
        used[item.pool, span] += inputs["job_gpus"].values[item.job]
        it_reference[inputs["pool_node"].values[item.pool], span] += inputs["job_add_kw"].values[item.job]
    nodes = np.arange(inputs.sizes["node"])[:, None]
    it = it_reference * inputs["inlet_factor"].values[nodes, mode]
    facility = it + overhead_kw
    curtailed = inputs["available_kw"].values - flows["renewable_direct"] - flows["charge_green"] - flows["exported"]
    arrays = {
        "it_kw": it,
        "it_reference_kw": it_reference,
        "overhead_kw": overhead_kw,
        "facility_kw": facility,
        "pue": facility / it,
        "pv_kw": inputs["pv_kw"].values,
        "wind_kw": inputs["wind_kw"].values,
        "renewable_direct_kw": flows["renewable_direct"],
        "charge_green_kw": flows["charge_green"],
        "charge_grey_kw": flows["charge_grey"],
        "discharge_green_kw": flows["discharge_green"],
        "discharge_grey_kw": flows["discharge_grey"],
        "stock_green_kwh": stock_green_kwh,
        "stock_grey_kwh": stock_grey_kwh,
        "import_kw": flows["grid_import"],
        "exported_kw": flows["exported"],
        "curtailed_kw": np.maximum(curtailed, 0.0),
        "setpoint_degc": inputs["setpoint_degc"].values[nodes, mode],
        "inlet_degc": inputs["inlet_degc"].values[nodes, mode],
        "mode": mode,
        "price_cny_per_kwh": inputs["price_cny_per_kwh"].values,
        "carbon_kg_per_kwh": _by_slot(inputs, "carbon_kg_per_kwh"),
        "green_price_cny_per_kwh": inputs["green_price_cny_per_kwh"].values,
        "wet_bulb_degc": inputs["wet_bulb_degc"].values,
        "temp_air_degc": inputs["temp_air_degc"].values,
        "table_error_of_it": inputs["table_error_of_it"].values[nodes, mode, np.arange(slots)],
    }
    data = xr.Dataset(
        {name: (("node", "time"), np.asarray(values, dtype=float)) for name, values in arrays.items()}
        | {
            "used_gpus": (("pool", "time"), used),
            "reserved_gpus": (("pool", "time"), inputs["reserved_gpus"].values.astype(float)),
            "pool_gpus": ("pool", inputs["pool_gpus"].values.astype(float)),
        },
        coords={name: inputs[name].values for name in ("node", "pool", "time")},
        attrs={"Conventions": "CF-1.11", "step_h": float(inputs.attrs["step_h"])},
    )
    data["mode"] = data["mode"].astype(int)
    for name, variable in data.data_vars.items():
        variable.attrs = {"units": _unit(str(name))}
        if variable.dims[-1] == "time":
            variable.attrs["cell_methods"] = "time: point (end)" if name.startswith("stock") else "time: mean"
    placed_ids = {item.job for item in placed}
    unserved = tuple(job.job_id for number, job in enumerate(jobs) if number not in placed_ids)
    return Plan(data, _segments(inputs, jobs, placed), unserved)


def _by_slot(inputs: xr.Dataset, name: str) -> np.ndarray:
    """A figure of the connection in every step, (node, time), also where the inputs hold one per node."""
    return inputs[name].broadcast_like(inputs["available_kw"]).transpose("node", "time").values


def _unit(name: str) -> str:
    if name.endswith("cny_per_kwh"):
        return "CNY/kWh"
    if name.endswith("kg_per_kwh"):
        return "kg/kWh"
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return unit
    return "1"


def _segments(inputs: xr.Dataset, jobs: Sequence[Job], placed: Sequence[Placed]) -> pd.DataFrame:
    step_h = float(inputs.attrs["step_h"])
    opens = pd.Timestamp(inputs["time"].values[0], tz="UTC")
    close = opens + pd.Timedelta(hours=step_h * inputs.sizes["time"])
    rows, hour = [], pd.Timedelta(hours=1)
    for item in sorted(placed, key=lambda p: (p.first, jobs[p.job].job_id)):
        job = jobs[item.job]
        start = opens + pd.Timedelta(hours=step_h * item.first)
        end = opens + pd.Timedelta(hours=step_h * item.end)
        deadline = None if job.deadline is None else pd.Timestamp(job.deadline)
        rows.append(
            {
                "job_id": job.job_id,
                "segment": 1,
                "node": inputs["node"].values[inputs["pool_node"].values[item.pool]],
                "cluster": item.cluster,
                "gpu_type": job.gpu_type,
                "gpus": job.gpus,
                "cap": 1.0,
                "start": start,
                "end": min(end, close),
                "power_kw": _job_power_kw(inputs, item),
                "deadline": deadline,
                "slack_h": np.nan if deadline is None else (deadline - end) / pd.Timedelta(hours=1),
                # of its own hours, not of the whole steps they are rounded up to: each window rounds anew
                "remaining_h": max(0.0, float(inputs["job_hours"].values[item.job]) - (close - start) / hour),
            }
        )
    return pd.DataFrame(rows, columns=list(SEGMENT_COLUMNS))


def _job_power_kw(inputs: xr.Dataset, item: Placed) -> float:
    """Power of a job's servers above idle, plus their idle draw, at the reference inlet [kW]."""
    idle = inputs["pool_idle_kw"].values[item.pool] * inputs["job_gpus"].values[item.job]
    return float(inputs["job_add_kw"].values[item.job] + idle)
