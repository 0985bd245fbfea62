"""Toy windows small enough to reason about: two nodes, a few slots, two setpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr


class ToyJob(NamedTuple):
    """GPUs, slots of run time, first and last start, power each job adds [kW], pools it may use."""

    gpus: int
    slots: int
    release: int = 0
    last_start: int = 99
    add_kw: float = 40.0
    pools: tuple[int, ...] = (0, 1)
    running_on: str = ""


TWO_JOBS = ToyJob(4, 2), ToyJob(8, 1)


def toy_window(
    jobs: list[ToyJob] | tuple[ToyJob, ...] = TWO_JOBS,
    *,
    slots: int = 3,
    step_h: float = 1.0,
    pue_target: float = 1.3,
    share_target: float = 0.3,
    dwell_h: float = 2.0,
    rate_k_per_h: float = 3.0,
    kinked: bool = True,
    months: int = 1,
    **changed: object,
) -> xr.Dataset:
    """Two nodes with two clusters of 8 GPUs each; node 0 has cheap power and a poor plant, node 1 the sun."""
    hours = np.arange(slots)
    base = np.repeat([[60.0], [50.0]], slots, axis=1)
    per_node = {
        "import_limit_kw": [300.0, 300.0],
        "export_limit_kw": [0.0, 50.0],
        "export_price_cny_per_kwh": [0.0, 0.2],
        "demand_price_cny_per_kw_month": [30.0, 25.0],
        "carbon_kg_per_kwh": [0.7, 0.4],
        "it_cap_kw": [160.0, 150.0],
        "mid_mode": [0, 0],
        "battery_kwh": [80.0, 0.0],
        "battery_kw": [40.0, 0.0],
        "charge_eff": [0.9, 1.0],
        "discharge_eff": [0.9, 1.0],
        "self_discharge_per_h": [1e-3, 0.0],
        "wear_cny_per_kwh": [0.05, 0.0],
        "initial_green_kwh": [0.0, 0.0],
        "initial_grey_kwh": [20.0, 0.0],
        "initial_mode": [-1, 0],
        "initial_mode_slots_left": [0, 1],
    }
    data: dict[str, tuple] = {name: ("node", np.array(value)) for name, value in per_node.items()}
    # a second month begins with the last slot; nothing of it is billed yet at node 1
    data["month_peak_kw"] = (("node", "month"), np.array([[110.0, 70.0], [90.0, 0.0]])[:, :months])
    data["month_of_step"] = ("time", np.where(hours == slots - 1, months - 1, 0))
    sun = np.array([20.0 + 10 * np.sin(hours), 70.0 + 40 * np.cos(hours)])
    price = np.array([0.3 + 0.1 * (hours % 2), 0.6 - 0.1 * (hours % 3)])
    for name, value in {
        "pv_kw": sun,
        "wind_kw": 0 * sun,
        "available_kw": sun,
        "green_price_cny_per_kwh": 0 * sun + 0.2,
        "price_cny_per_kwh": price,
        "carbon_cny_per_kwh": 0 * sun,
        "base_it_kw": base,
        "wet_bulb_degc": 0 * sun + 15,
        "temp_air_degc": 0 * sun + 20,
    }.items():
        data[name] = (("node", "time"), value)
    # overhead falls with the warmer setpoint and rises faster than the load (two lines)
    intercept = np.array([[[12.0, 4.0], [8.0, 1.0]], [[6.0, 0.0], [5.0, -1.0]]])
    slope = np.array([[[0.15, 0.25], [0.14, 0.22]], [[0.10, 0.18], [0.09, 0.17]]])
    if not kinked:  # a plant exactly linear in the load: the model has no gap to the table
        intercept, slope = np.repeat(intercept[..., :1], 2, axis=2), np.repeat(slope[..., :1], 2, axis=2)
    for name, value in {"line_intercept_kw": intercept, "line_slope": slope}.items():
        data[name] = (("node", "mode", "segment", "time"), np.repeat(value[..., None], slots, axis=3))
    data["table_error_of_it"] = (("node", "mode", "time"), np.zeros((2, 2, slots)))
    for name, value in {
        "setpoint_degc": [[20.0, 24.0], [20.0, 22.0]],
        "inlet_degc": [[20.0, 24.0], [20.0, 22.0]],
        "inlet_factor": [[1.0, 1.01], [1.0, 1.0]],
        "mode_ok": [[True, True], [True, True]],
    }.items():
        data[name] = (("node", "mode"), np.array(value))
    for name, value in {
        "pool_gpus": [16, 16],
        "pool_cluster_gpus": [8, 8],
        "pool_clusters": [2, 2],
        "pool_free": [False, False],
        "pool_node": [0, 1],
        "pool_idle_kw": [0.1, 0.1],
        "pool_gpu_type": np.array(["a100", "a100"], dtype=object),
    }.items():
        data[name] = ("pool", np.array(value))
    reserved = np.zeros((2, slots), dtype=int)
    reserved[1, slots // 2 :] = 8
    data["reserved_gpus"] = (("pool", "time"), reserved)
    ok = np.array([[pool in job.pools for pool in range(2)] for job in jobs], dtype=bool).reshape(len(jobs), 2)
    data |= {
        "job_gpus": ("job", np.array([job.gpus for job in jobs], dtype=int)),
        "job_slots": ("job", np.array([job.slots for job in jobs], dtype=int)),
        "job_release": ("job", np.array([job.release for job in jobs], dtype=int)),
        "job_last_start": ("job", np.array([min(job.last_start, slots - 1) for job in jobs], dtype=int)),
        "job_add_kw": ("job", np.array([job.add_kw for job in jobs], dtype=float)),
        "job_hours": ("job", np.array([job.slots * step_h for job in jobs], dtype=float)),
        "job_running": ("job", np.array([bool(job.running_on) for job in jobs], dtype=bool)),
        "job_cluster": ("job", np.array([job.running_on for job in jobs], dtype=object)),
        "job_pool_ok": (("job", "pool"), ok),
        "job": ("job", np.array([f"job{number}" for number in range(len(jobs))], dtype=object)),
    }
    for name, value in changed.items():
        dims, old = data[name]
        data[name] = (dims, np.broadcast_to(np.asarray(value, dtype=np.asarray(old).dtype), np.shape(old)).copy())
    return xr.Dataset(
        data,
        coords={
            "node": ["west", "south"],
            "pool": ["west/a100x8", "south/a100x8"],
            "time": np.datetime64("2026-07-14T16:00", "ns") + hours * np.timedelta64(round(step_h * 3600), "s"),
        },
        attrs={
            "step_h": step_h,
            "pue_target": pue_target,
            "share_target": share_target,
            "setpoint_dwell_h": dwell_h,
            "setpoint_rate_k_per_h": rate_k_per_h,
        },
    )


@pytest.fixture(scope="session")
def toy() -> Callable[..., xr.Dataset]:
    """:func:`toy_window`."""
    return toy_window


@pytest.fixture(scope="session")
def toy_job() -> type[ToyJob]:
    """:class:`ToyJob`."""
    return ToyJob
