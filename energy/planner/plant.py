"""From IT power to facility power: setpoint modes and the overhead table.

Data: base_it_kw[n,t] (idle servers, inference, storage and network at the reference inlet), it_cap_kw[n]
(most the plant is rated for), inlet_factor[n,k] (server fans at the mode's inlet temperature),
line_intercept_kw, line_slope [n,k,i,t] (the convex overhead table), setpoint_degc[n,k], mode_ok[n,k].
Variables: y[n,t,k] in {0,1}, it[n,t,k] >= 0 (IT at reference inlet while in mode k), overhead[n,t,k] >= 0.

(4) sum_k it[n,t,k] = base_it[n,t] + sum_{c at n,t} add_kw[c] x[c]
    lo[n,t] y <= it[n,t,k] <= hi[n,t] y        (the hull: each mode's own limits, never a global one)
(5) overhead[n,t,k] >= intercept[i] y[n,t,k] + slope[i] it[n,t,k]      for every line i
    overhead[n,t,k] <= the chord of the table from lo to hi            (a plant does not waste at will:
    burning surplus renewables in it would raise the renewable share)
(6) sum_k y[n,t,k] = 1
(7) begin[n,t,k] >= y[n,t,k] - y[n,t-1,k];  sum_{tau in (t-dwell, t]} begin[n,tau,k] <= y[n,t,k]
(8) y[n,t,k] + sum_{k': |T_k' - T_k| > rate x max(h, 1 h)} y[n,t+l,k'] <= 1    for every lag l within an hour;
    where a setpoint is held for an hour or more, l = 1 says it all

True IT power is sum_k inlet_factor[n,k] it[n,t,k]; facility power adds sum_k overhead[n,t,k].
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.placements import Placements
from energy.planner.serve import free_gpus
from energy.planner.solver import constrain, linear


def declare(variables, inputs: xr.Dataset) -> None:
    """y, begin, it and overhead, one of each per node, slot and allowed mode."""
    shape = (inputs.sizes["node"], inputs.sizes["time"], inputs.sizes["mode"])
    allowed = np.broadcast_to(inputs["mode_ok"].values[:, None, :], shape)
    variables.add("y", shape, binary=True, where=allowed)
    variables.add("it", shape, where=allowed)
    variables.add("overhead", shape, where=allowed)
    if dwell_slots(inputs) > 1:
        variables.add("begin", shape, upper=1.0, where=allowed)


def dwell_slots(inputs: xr.Dataset) -> int:
    """Slots a setpoint is held at least."""
    return max(1, int(np.ceil(inputs.attrs["setpoint_dwell_h"] / inputs.attrs["step_h"] - 1e-9)))


def it_bounds(inputs: xr.Dataset, placements: Placements) -> tuple[np.ndarray, np.ndarray]:
    """Least and most IT power at the reference inlet, each (node, time) in kW."""
    base = inputs["base_it_kw"].values
    low = base.copy()
    most = np.zeros_like(base)
    node_of = inputs["pool_node"].values
    free = free_gpus(inputs)
    per_gpu = np.zeros(free.shape)
    watts = inputs["job_add_kw"].values / inputs["job_gpus"].values
    by_job = np.zeros((inputs.sizes["job"], *base.shape))
    for job, pool, first, last in zip(
        placements.job, placements.pool, placements.first, placements.last, strict=True
    ):
        np.maximum(per_gpu[pool, first:last], watts[job], out=per_gpu[pool, first:last])
        by_job[job, node_of[pool], first:last] = inputs["job_add_kw"].values[job]
    for pool, node in enumerate(node_of):
        most[node] += free[pool] * per_gpu[pool]
    high = np.minimum(low + np.minimum(most, by_job.sum(axis=0)), inputs["it_cap_kw"].values[:, None])
    return low, np.maximum(high, low)


def load_limits_kw(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """IT power at the reference inlet that can be carried at best, and that can be for certain; (node, time) [kW].

    At best: the setpoint that takes least, all renewables, and the battery at full power beside the import limit.
    For certain: any setpoint, and no battery. Neither is above the plant's rating.
    """
    grid = (inputs["import_limit_kw"] + inputs["available_kw"]).transpose("node", "time").values
    drained = inputs["battery_kwh"].values * inputs["discharge_eff"].values / float(inputs.attrs["step_h"])
    battery = np.minimum(inputs["battery_kw"].values, drained)[:, None]
    per_kw = inputs["inlet_factor"].values[:, :, None, None] + inputs["line_slope"].values  # (node, mode, line, time)
    allowed = inputs["mode_ok"].values[:, :, None]

    def carried(supply: np.ndarray) -> np.ndarray:
        return ((supply[:, None, None, :] - inputs["line_intercept_kw"].values) / per_kw).min(axis=2)

    rating = inputs["it_cap_kw"].values[:, None]
    best = np.where(allowed, carried(grid + battery), -np.inf).max(axis=1)
    certain = np.where(allowed, carried(grid), np.inf).min(axis=1)
    return np.minimum(best, rating), np.minimum(certain, rating)


def add_it_by_mode(problem, variables, inputs: xr.Dataset, placements: Placements) -> None:
    """(4) The IT power of a node belongs to the mode it runs in."""
    it, y, x = (variables.block[name] for name in ("it", "y", "x"))
    low, high = it_bounds(inputs, placements)
    base, node_of, add = inputs["base_it_kw"].values, inputs["pool_node"].values, inputs["job_add_kw"].values
    running: dict[tuple[int, int], list] = {}
    spans = zip(placements.job, placements.pool, placements.first, placements.last, strict=True)
    for column, (job, pool, first, last) in enumerate(spans):
        for slot in range(first, last):
            running.setdefault((int(node_of[pool]), slot), []).append((-float(add[job]), x[column]))
    for node, slot in np.ndindex(*base.shape):
        modes = [(1.0, v) for v in it[node, slot] if v is not None]
        terms = modes + running.get((node, slot), [])
        constrain(problem, f"it_{node}_{slot}", linear(terms), "==", base[node, slot])
        for mode, variable in enumerate(it[node, slot]):
            if variable is None:
                continue
            name, on = f"{node}_{slot}_{mode}", y[node, slot, mode]
            constrain(problem, f"itlow_{name}", linear([(1, variable), (-low[node, slot], on)]), ">=", 0)
            constrain(problem, f"ithigh_{name}", linear([(1, variable), (-high[node, slot], on)]), "<=", 0)


def add_overhead(problem, variables, inputs: xr.Dataset, placements: Placements) -> None:
    """(5) Overhead lies between the plant's convex table and the chord over its ends."""
    it, y, overhead = (variables.block[name] for name in ("it", "y", "overhead"))
    intercept, slope = inputs["line_intercept_kw"].values, inputs["line_slope"].values
    low, high = it_bounds(inputs, placements)
    for node, slot, mode in np.ndindex(*it.shape):
        if it[node, slot, mode] is None:
            continue
        name, lines = f"{node}_{slot}_{mode}", (intercept[node, mode, :, slot], slope[node, mode, :, slot])
        for line, (a, b) in enumerate(sorted(set(zip(*lines, strict=True)))):
            terms = [(1, overhead[node, slot, mode]), (-a, y[node, slot, mode]), (-b, it[node, slot, mode])]
            constrain(problem, f"overhead_{name}_{line}", linear(terms), ">=", 0)
        a, b = _chord(*lines, low[node, slot], high[node, slot])
        terms = [(1, overhead[node, slot, mode]), (-a, y[node, slot, mode]), (-b, it[node, slot, mode])]
        rounding = 1e-9 * max(1.0, abs(a + b * high[node, slot]))
        constrain(problem, f"overmost_{name}", linear(terms), "<=", rounding)


def _chord(intercept: np.ndarray, slope: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Intercept and slope of the line through the table's values at two loads."""
    at_low, at_high = (float((intercept + slope * load).max()) for load in (low, high))
    steep = (at_high - at_low) / (high - low) if high > low else 0.0
    return at_low - steep * low, steep


def add_one_mode(problem, variables) -> None:
    """(6) A node runs at one setpoint at a time."""
    y = variables.block["y"]
    for node, slot in np.ndindex(*y.shape[:2]):
        terms = [(1, v) for v in y[node, slot] if v is not None]
        constrain(problem, f"mode_{node}_{slot}", linear(terms), "==", 1)


def add_dwell(problem, variables, inputs: xr.Dataset) -> None:
    """(7) A setpoint is held for the dwell time; a mode carried in with time left to hold stays."""
    dwell, y = dwell_slots(inputs), variables.block["y"]
    carried = inputs["initial_mode"].values
    held = inputs["initial_mode_slots_left"].values
    for node, slot, mode in np.ndindex(*y.shape):
        if y[node, slot, mode] is not None and carried[node] == mode and slot < held[node]:
            constrain(problem, f"held_{node}_{slot}_{mode}", linear([(1, y[node, slot, mode])]), "==", 1)
    if dwell == 1:
        return
    begin = variables.block["begin"]
    for node, slot, mode in np.ndindex(*y.shape):
        if y[node, slot, mode] is None:
            continue
        name = f"{node}_{slot}_{mode}"
        start = (1, begin[node, slot, mode])
        if slot:
            terms = [start, (-1, y[node, slot, mode]), (1, y[node, slot - 1, mode])]
            constrain(problem, f"begin_{name}", linear(terms), ">=", 0)
        elif carried[node] >= 0 and carried[node] != mode:
            constrain(problem, f"begin_{name}", linear([start, (-1, y[node, 0, mode])]), ">=", 0)
        recent = [(1, begin[node, tau, mode]) for tau in range(max(0, slot - dwell + 1), slot + 1)]
        constrain(problem, f"dwell_{name}", linear([*recent, (-1, y[node, slot, mode])]), "<=", 0)


def add_rate_limit(problem, variables, inputs: xr.Dataset) -> None:
    """(8) Inlet air changes within any hour by no more than the limit [K] (ASHRAE TC 9.9: 5 with tape, 20 without)."""
    y, degc = variables.block["y"], inputs["setpoint_degc"].values
    step_h = float(inputs.attrs["step_h"])
    widest = inputs.attrs["setpoint_rate_k_per_h"] * max(step_h, 1.0) + 1e-9
    hour = max(1, round(1.0 / step_h))
    lags = range(1, 2 if dwell_slots(inputs) >= hour else hour + 1)
    carried = inputs["initial_mode"].values
    for node, slot, mode in np.ndindex(*y.shape):
        if y[node, slot, mode] is None:
            continue
        far = [k for k in range(y.shape[2]) if abs(degc[node, k] - degc[node, mode]) > widest]
        if slot < len(lags) and carried[node] in far:
            constrain(problem, f"rate0_{node}_{slot}_{mode}", linear([(1, y[node, slot, mode])]), "==", 0)
        for lag in lags:
            if slot + lag < y.shape[1] and far:
                after = [(1, y[node, slot + lag, k]) for k in far if y[node, slot + lag, k] is not None]
                terms = [(1, y[node, slot, mode]), *after]
                constrain(problem, f"rate_{node}_{slot}_{lag}_{mode}", linear(terms), "<=", 1)


def it_terms(variables, inputs: xr.Dataset, node: int, slot: int) -> list:
    """True IT power of a node in a slot [kW], as terms."""
    factor = inputs["inlet_factor"].values[node]
    return [
        (factor[mode], v)
        for mode, v in enumerate(variables.block["it"][node, slot])
        if v is not None
    ]


def facility_terms(variables, inputs: xr.Dataset, node: int, slot: int) -> list:
    """Facility power of a node in a slot [kW], as terms: IT and overhead."""
    overhead = [(1.0, v) for v in variables.block["overhead"][node, slot] if v is not None]
    return it_terms(variables, inputs, node, slot) + overhead
