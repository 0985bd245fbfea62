"""From study, weather, jobs and carried state to the one Dataset the planner, the baseline and the
verifier see. This is the only bridge between the world and the plan.

Dims: ``node, pool, mode, segment, job, month, time`` (time: naive UTC, left label, ``attrs["step_h"]``; month:
civil, such as 2026-07, a step being of the month it begins in).
Everything is computed at hourly weather and then held (shorter steps) or averaged (longer steps), so
energy is the same at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from energy.config import Study
from energy.config_grid import carbon_factors, import_limits, import_price
from energy.config_load import (
    base_it_kw,
    beyond_battery,
    beyond_rating,
    beyond_supply,
    inlet_factors,
    it_cap_kw,
    supply_kw,
)
from energy.state import State
from energy.workload.jobs import Job
from energy.workload.packing import Pool
from models.gpu import GPUType
from models.overhead import overhead_curve, overhead_lines
from weather import derive
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import civil_hour

LINES = 4  # of the convex overhead table, between the least and the most IT power of a node
_CIVIL = np.timedelta64(8, "h")


@dataclass(frozen=True, slots=True)
class Rounding:
    """What rounding jobs to whole steps did: how many jobs, GPU-hours before and after."""

    jobs: int
    gpu_h_asked: float
    gpu_h_planned: float


def study_pools(study: Study) -> tuple[Pool, ...]:
    """Every pool of the fleet, node by node."""
    return tuple(
        Pool(pool_id=pool_id, node=node.id, gpu_type=kind, cluster_gpus=gpus, clusters=count, free=free)
        for node in study.nodes
        for pool_id, kind, gpus, count, free in node.pools()
    )


def build_inputs(
    study: Study,
    weather: xr.Dataset,
    jobs: Sequence[Job],
    *,
    time: np.ndarray,
    step_h: float,
    state: State | None = None,
) -> xr.Dataset:
    """The planner's Dataset for one window.

    Parameters
    ----------
    study
        The study; its nodes in order give the ``node`` dim.
    weather
        Hourly weather (node, time) covering the window (:func:`weather.open_weather`).
    jobs
        Pending and running jobs, already checked (:func:`energy.workload.jobs.check_jobs`).
    time, step_h
        Stamps of the plan's steps [naive UTC] and their length [h].
    state
        What the last plan carried out; None for a cold start.

    Raises
    ------
    ConfigError
        Where a node's reserved load exceeds what its plant is rated for, or what can be brought to it.
    DataError
        Where a job needs a power below its servers' idle draw.
    """
    pools = study_pools(study)
    to_step = _Stepper(weather["time"].values, time, step_h)
    data = _grid_and_supply(study, weather, time, step_h, to_step)
    data.update(_fleet(study, pools, time, step_h))
    data.update(_plant(study, weather, data, to_step))
    data.update(_battery(study, state))
    months, of_step = np.unique(civil_months(time), return_inverse=True)
    data["month_of_step"] = ("time", of_step)
    data["month_peak_kw"] = (("node", "month"), _month_peaks(study, months, state))
    data.update(_jobs(jobs, pools, time, step_h, state, study.gpu_table()))
    inputs = xr.Dataset(
        data,
        coords={
            "node": [node.id for node in study.nodes],
            "pool": [pool.pool_id for pool in pools],
            "month": months,
            "time": time,
        },
        attrs={
            "step_h": float(step_h),
            "pue_target": study.targets.pue,
            "share_target": study.targets.renewable_share,
            "setpoint_dwell_h": study.planning.setpoint_dwell_h,
            "setpoint_rate_k_per_h": study.planning.setpoint_rate_k_per_h,
        },
    )
    _carry_modes(inputs, study, state)
    _refuse_unfed(study, inputs)
    return inputs


class _Stepper:
    """Takes hourly arrays (..., hour) to the plan's steps: held if shorter, averaged if longer."""

    def __init__(self, hours: np.ndarray, time: np.ndarray, step_h: float) -> None:
        part_h = min(step_h, 1.0)
        self._held, self._averaged = round(1 / part_h), round(step_h / part_h)
        first = round((time[0] - hours[0]) / np.timedelta64(1, "h") / part_h)
        self._parts = slice(first, first + len(time) * self._averaged)

    def __call__(self, hourly: np.ndarray) -> np.ndarray:
        parts = np.repeat(np.asarray(hourly, dtype=float), self._held, axis=-1)[..., self._parts]
        return parts.reshape(*parts.shape[:-1], -1, self._averaged).mean(axis=-1)


def _at(weather: xr.Dataset, node_id: str) -> xr.Dataset:
    return weather.sel(node=node_id)


def _grid_and_supply(
    study: Study, weather: xr.Dataset, time: np.ndarray, step_h: float, to_step: _Stepper
) -> dict:
    rows: dict[str, list[np.ndarray]] = {
        name: []
        for name in (
            "pv_kw", "wind_kw", "green_price_cny_per_kwh", "price_cny_per_kwh", "import_limit_kw", "carbon_kg_per_kwh",
        )
    }  # fmt: skip
    for node in study.nodes:
        pv, wind = (to_step(hourly) for hourly in supply_kw(node, _at(weather, node.id)))
        owed = pv * (node.pv.price_cny_per_kwh if node.pv else 0) + wind * (
            node.wind.price_cny_per_kwh if node.wind else 0
        )
        total = pv + wind
        rows["pv_kw"].append(pv)
        rows["wind_kw"].append(wind)
        # PV and wind are taken in proportion, so a kWh of the mix costs their weighted price
        rows["green_price_cny_per_kwh"].append(np.divide(owed, total, out=np.zeros_like(total), where=total > 0))
        rows["price_cny_per_kwh"].append(import_price(study, node, time, step_h))
        rows["import_limit_kw"].append(import_limits(node, time, step_h))
        rows["carbon_kg_per_kwh"].append(carbon_factors(node, time, step_h))
    dims = ("node", "time")
    data = {name: (dims, np.array(values)) for name, values in rows.items()}
    data["available_kw"] = (dims, data["pv_kw"][1] + data["wind_kw"][1])
    wet = derive.wet_bulb(*(weather[v].values for v in ("temp_air", "relative_humidity", "pressure")))
    order = [list(weather["node"].values).index(node.id) for node in study.nodes]
    data["wet_bulb_degc"] = (dims, to_step(wet[order]))
    data["temp_air_degc"] = (dims, to_step(weather["temp_air"].values[order]))
    grid = {
        name: ("node", np.array([float(getattr(node.grid, name)) for node in study.nodes]))
        for name in (
            "export_limit_kw", "export_price_cny_per_kwh", "demand_price_cny_per_kw_month", "residual_kg_per_kwh",
            "green_contract_share",
        )
    }
    data["carbon_cny_per_kwh"] = (dims, study.planning.carbon_price_cny_per_kg * data["carbon_kg_per_kwh"][1])
    return data | grid


def reserved_gpus(study: Study, pools: Sequence[Pool], time: np.ndarray, step_h: float) -> np.ndarray:
    """GPUs each pool keeps for latency-bound inference, shape (pool, time): the most of the step's hours.

    Gang pools give whole clusters (rounded up), so that what is left stays whole; free pools give GPUs.
    """
    number = {pool.pool_id: p for p, pool in enumerate(pools)}
    hours = _civil_hours(time, step_h)
    reserved = np.zeros((len(pools), len(time)), dtype=int)
    for node in study.nodes:
        for load in node.inference:
            p = number[node.inference_pool(load)]
            reserved[p] += np.array(load.gpus_by_hour)[hours].max(axis=1)
    for p, pool in enumerate(pools):
        unit = 1 if pool.free else pool.cluster_gpus
        reserved[p] = np.minimum(-(-reserved[p] // unit) * unit, pool.gpus)
    return reserved


def _civil_hours(time: np.ndarray, step_h: float) -> np.ndarray:
    """Civil hours each step covers (0-23), shape (time, hours of a step)."""
    hours = np.arange(max(1, round(step_h))) + np.floor(civil_hour(time))[:, None]
    return hours.astype(int) % 24


def _fleet(study: Study, pools: Sequence[Pool], time: np.ndarray, step_h: float) -> dict:
    types = study.gpu_table()
    node_ids = [node.id for node in study.nodes]
    reserved = reserved_gpus(study, pools, time, step_h)
    hours = _civil_hours(time, step_h)
    base = np.array([base_it_kw(node, types, hours) for node in study.nodes])
    return {
        "base_it_kw": (("node", "time"), base),
        "reserved_gpus": (("pool", "time"), reserved),
        "pool_gpus": ("pool", np.array([pool.gpus for pool in pools])),
        "pool_cluster_gpus": ("pool", np.array([pool.cluster_gpus for pool in pools])),
        "pool_clusters": ("pool", np.array([pool.clusters for pool in pools])),
        "pool_free": ("pool", np.array([pool.free for pool in pools])),
        "pool_node": ("pool", np.array([node_ids.index(pool.node) for pool in pools])),
        "pool_idle_kw": ("pool", np.array([types[pool.gpu_type].idle_kw for pool in pools])),
        "pool_gpu_type": ("pool", np.array([pool.gpu_type for pool in pools], dtype=object)),
    }


def _plant(study: Study, weather: xr.Dataset, data: dict, to_step: _Stepper) -> dict:
    types = study.gpu_table()
    modes = max(len(node.cooling.setpoints_degc) for node in study.nodes)
    shape = (len(study.nodes), modes)
    setpoint, factor = np.full(shape, np.nan), np.ones(shape)
    inlet, cap = np.full(shape, np.nan), np.zeros(shape[0])
    hours = len(to_step(np.zeros(weather.sizes["time"])))
    intercept = np.zeros((*shape, LINES, hours))
    slope, off = np.zeros_like(intercept), np.zeros((*shape, hours))
    node_of, kinds, gpus = (data[name][1] for name in ("pool_node", "pool_gpu_type", "pool_gpus"))
    for n, node in enumerate(study.nodes):
        plant = node.node_plant()
        degrees = np.array(node.cooling.setpoints_degc, dtype=float)
        inlets, factors = inlet_factors(node)
        here = slice(0, len(degrees))
        setpoint[n, here], factor[n, here], inlet[n, here] = degrees, factors, inlets
        cap[n], base = it_cap_kw(node), data["base_it_kw"][1][n]
        if problem := beyond_rating(node, base):
            raise ConfigError(problem)
        full = sum(
            g * types[k].peak_kw for g, k, m in zip(gpus, kinds, node_of, strict=True) if m == n
        ) + node.other_it_kw
        most = min(max(full, base.max() * 1.001), cap[n])
        least = min(base.min(), 0.999 * most)
        curve = overhead_curve(
            _at(weather, node.id), plant, setpoints_degc=degrees, it_range_kw=(least * factors, most * factors)
        )
        stepped = xr.DataArray(to_step(curve.values), dims=curve.dims, coords=curve.drop_vars("time").coords)
        table = overhead_lines(stepped, load_segments=LINES)
        intercept[n, here] = table["intercept_kw"].values
        off[n, here] = np.abs(table["error_of_it"].values)
        # the planner's lines are over IT at the reference inlet
        slope[n, here] = table["slope"].values * factors[:, None, None]
    lines = ("node", "mode", "segment", "time")
    return {
        "setpoint_degc": (("node", "mode"), setpoint),
        "inlet_degc": (("node", "mode"), inlet),
        "inlet_factor": (("node", "mode"), factor),
        "mode_ok": (("node", "mode"), np.isfinite(setpoint)),
        "mid_mode": ("node", np.array([(len(node.cooling.setpoints_degc) - 1) // 2 for node in study.nodes])),
        "it_cap_kw": ("node", cap),
        "table_error_of_it": (("node", "mode", "time"), off),
        "line_intercept_kw": (lines, intercept),
        "line_slope": (lines, slope),
    }


def _refuse_unfed(study: Study, inputs: xr.Dataset) -> None:
    """Refuse a window in which a node has less power than it takes without any job, or its battery runs empty so."""
    base = inputs["base_it_kw"].values[:, None, :]
    lines = inputs["line_intercept_kw"].values + inputs["line_slope"].values * base[:, :, None]
    need = inputs["inlet_factor"].values[:, :, None] * base + lines.max(axis=2)
    least = np.where(inputs["mode_ok"].values[:, :, None], need, np.inf).min(axis=1)
    civil = [str(t).replace("T", " ") for t in (inputs["time"].values + _CIVIL).astype("datetime64[m]")]
    step_h = float(inputs.attrs["step_h"])
    stock_kwh = (inputs["initial_green_kwh"] + inputs["initial_grey_kwh"]).values
    problems = []
    for n, node in enumerate(study.nodes):
        at = {"step_h": step_h, "when": civil, "import_limit_kw": inputs["import_limit_kw"].values[n]}
        powers = node, least[n], inputs["available_kw"].values[n]
        problems.append(beyond_supply(*powers, **at) or beyond_battery(*powers, **at, stock_kwh=float(stock_kwh[n])))
    if any(problems):
        raise ConfigError("\n".join(filter(None, problems)))


def _battery(study: Study, state: State | None) -> dict:
    names = ("battery_kwh", "battery_kw", "charge_eff", "discharge_eff", "self_discharge_per_h", "wear_cny_per_kwh")
    values = {name: [] for name in (*names, "initial_green_kwh", "initial_grey_kwh")}
    for node in study.nodes:
        if node.battery is None:
            row = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
        else:
            b = node.battery_model()
            green, grey = node.battery.initial_green_frac * b.energy_kwh, node.battery.initial_grey_frac * b.energy_kwh
            if state is not None and node.id in state.nodes:
                green, grey = state.nodes[node.id].stock_green_kwh, state.nodes[node.id].stock_grey_kwh
                if green + grey > b.energy_kwh + 1e-6:
                    raise DataError(
                        f"state: node {node.id} carries {green + grey:.1f} kWh, more than its battery holds "
                        f"({b.energy_kwh:.1f} kWh). Correct the stocks in the state file or the battery in the study."
                    )
            row = (
                b.energy_kwh, b.power_kw, b.charge_eff, b.discharge_eff, b.self_discharge_per_h, b.wear_cny_per_kwh,
                green, grey,
            )  # fmt: skip
        for name, value in zip(values, row, strict=True):
            values[name].append(float(value))
    return {name: ("node", np.array(column)) for name, column in values.items()}


def _jobs(
    jobs: Sequence[Job],
    pools: Sequence[Pool],
    time: np.ndarray,
    step_h: float,
    state: State | None,
    types: dict[str, GPUType],
) -> dict:
    opens = time[0].astype("datetime64[us]").item().replace(tzinfo=UTC)
    slots = len(time)
    cluster_of = {} if state is None else {r.job.job_id: r.cluster for r in state.running}
    pool_of_cluster = {c: number for number, pool in enumerate(pools) for c in pool.cluster_ids}
    columns: dict[str, list] = {
        name: []
        for name in ("job_gpus", "job_slots", "job_release", "job_last_start", "job_add_kw", "job_running", "job_hours")
    }
    allowed = np.zeros((len(jobs), len(pools)), dtype=bool)
    for number, job in enumerate(jobs):
        gpu = types[job.gpu_type]
        add_kw = job.gpus * (job.power_frac * gpu.peak_kw - gpu.idle_kw)
        if add_kw < 0:
            raise DataError(
                f"job {job.job_id}: power_frac {job.power_frac} asks {job.power_frac * gpu.peak_kw:.3f} kW per GPU, "
                f"less than the {gpu.idle_kw:.3f} kW an idle {gpu.name} draws. Give a power_frac of at least "
                f"{gpu.idle_kw / gpu.peak_kw:.2f}."
            )
        running = job.state == "running"
        hours = job.remaining_h if running else job.duration_h
        length = max(1, int(np.ceil(hours / step_h - 1e-9)))
        release = 0 if running else _first_slot(job.release, opens, step_h)
        columns["job_gpus"].append(job.gpus)
        columns["job_slots"].append(length)
        columns["job_release"].append(release)
        latest = 0 if running else min(_last_slot(job.deadline, opens, step_h, length), slots - 1)
        columns["job_last_start"].append(latest)
        columns["job_add_kw"].append(add_kw)
        columns["job_running"].append(running)
        columns["job_hours"].append(hours)
        for p, pool in enumerate(pools):
            fits = pool.gpu_type == job.gpu_type and job.gpus <= pool.cluster_gpus
            allowed[number, p] = fits and (not job.nodes or pool.node in job.nodes)
        if cluster_of.get(job.job_id):
            allowed[number] = np.arange(len(pools)) == pool_of_cluster[cluster_of[job.job_id]]
    dtypes = {"job_add_kw": float, "job_running": bool, "job_hours": float}
    data = {name: ("job", np.array(column, dtype=dtypes.get(name, int))) for name, column in columns.items()}
    data["job_pool_ok"] = (("job", "pool"), allowed)
    data["job_cluster"] = ("job", np.array([cluster_of.get(job.job_id, "") for job in jobs], dtype=object))
    data["job"] = ("job", np.array([job.job_id for job in jobs], dtype=object))
    return data


def _first_slot(release: datetime | None, opens: datetime, step_h: float) -> int:
    if release is None:
        return 0
    return max(0, int(np.ceil((release - opens) / timedelta(hours=step_h) - 1e-9)))


def _last_slot(deadline: datetime | None, opens: datetime, step_h: float, length: int) -> int:
    if deadline is None:
        return np.iinfo(np.int32).max
    return int(np.floor((deadline - opens) / timedelta(hours=step_h) + 1e-9)) - length


def _carry_modes(inputs: xr.Dataset, study: Study, state: State | None) -> None:
    """Add the setpoint carried in and the slots it must still be held."""
    mode = np.full(inputs.sizes["node"], -1)
    left = np.zeros(inputs.sizes["node"], dtype=int)
    for n, node in enumerate(study.nodes):
        carried = None if state is None else state.nodes.get(node.id)
        if carried is None:
            continue
        nearest = np.nanargmin(np.abs(inputs["setpoint_degc"].values[n] - carried.setpoint_degc))
        if abs(inputs["setpoint_degc"].values[n, nearest] - carried.setpoint_degc) < 1e-6:
            mode[n] = int(nearest)
            still = inputs.attrs["setpoint_dwell_h"] - carried.setpoint_held_h
            left[n] = max(0, int(np.ceil(still / inputs.attrs["step_h"] - 1e-9)))
    inputs["initial_mode"] = ("node", mode)
    inputs["initial_mode_slots_left"] = ("node", left)


def civil_months(time: np.ndarray) -> np.ndarray:
    """Civil month each step begins in, as 2026-07; shape (time,)."""
    return (time + _CIVIL).astype("datetime64[M]").astype(str)


def _month_peaks(study: Study, months: np.ndarray, state: State | None) -> np.ndarray:
    """Import each month is billed for anyway, whatever this window does [kW], (node, month).

    The study's own figure, the peak every month is expected to reach, or what has been drawn already in the
    month the state is of, if that is more.
    """
    floor = np.repeat([[node.grid.month_peak_kw] for node in study.nodes], len(months), axis=1).astype(float)
    for n, node in enumerate(study.nodes):
        carried = None if state is None else state.nodes.get(node.id)
        if carried is not None:
            same = months == carried.month
            if same.any() and carried.month_peak_kw > node.grid.import_limit_kw * (1 + 1e-9):
                raise DataError(
                    f"state: node {node.id} has drawn {carried.month_peak_kw:,.1f} kW this month, more than its "
                    f"connection can bring (node.grid.import_limit_kw = {node.grid.import_limit_kw:,.1f}). Correct "
                    "month_peak_kw in the state file, or the limit in the study."
                )
            floor[n, same] = np.maximum(floor[n, same], carried.month_peak_kw)
    return floor


def rounding(inputs: xr.Dataset) -> Rounding:
    """How much the jobs grew by being rounded up to whole steps."""
    step_h = inputs.attrs["step_h"]
    asked = inputs["job_hours"].values * inputs["job_gpus"].values
    planned = inputs["job_slots"].values * step_h * inputs["job_gpus"].values
    return Rounding(int(np.sum(planned > asked + 1e-9)), float(asked.sum()), float(planned.sum()))
