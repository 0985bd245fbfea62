"""What must be said beside a plan's figures, in sentences: warnings to look at, notes for the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from energy.config import Study
from energy.inputs import rounding
from energy.plan import Plan
from energy.planner.clusters import clusters_of
from energy.planner.plant import load_limits_kw
from energy.verify import Verification
from energy.workload.jobs import Job
from models.grid import holds_on, validity
from weather.conventions.errors import SourceUnavailable

_CIVIL = np.timedelta64(8, "h")
# first come, first served holds the middle setpoint from its first hour, whatever was carried in
HELD_APART = frozenset({"setpoint dwell", "setpoint rate"})
# how far a replay may be from its plan before that is said: share as a difference, energies relative to the planned.
# In steps of an hour or less the planner's table of the overhead explains less than that
SHARE_APART, FACILITY_APART, IMPORT_APART = 0.005, 0.005, 0.01
_LEAST_OF_FACILITY = 0.001  # a difference of import below this part of the facility's energy is not told


def named(ids: Sequence[str], most: int = 20) -> str:
    """Job ids in a sentence: the first few, and how many more."""
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def work_warnings(same_work: bool, kpis: dict, baseline: dict) -> list[str]:
    """That costs are not of the same work, where they are not."""
    if same_work:
        return []
    return [
        f"The plan serves {kpis['gpu_h_served']:,.0f} GPU-hours in the window and first come, first served "
        f"{baseline['gpu_h_served']:,.0f}: their costs are not of the same work, and the difference is not split."
    ]


def replay_warnings(plan: xr.Dataset, replayed: xr.Dataset, made: Mapping, step_h: float) -> list[str]:
    """That the replay by the nonlinear plants differs from the plan, and what the difference costs: one sentence.

    Parameters
    ----------
    plan, replayed
        Content of plan.nc, and what `energy.simulate.simulate` makes of it.
    made
        `energy.audit.compared` of both.
    step_h
        Length of a step [h]. In steps longer than an hour a plan nets the surplus of one hour with the lack of
        another, which its replay, hour by hour, does not.

    Returns
    -------
    list of str
        Empty where the share is within `SHARE_APART`, facility energy within `FACILITY_APART` and import within
        `IMPORT_APART` (or 0.1 % of the facility's energy) of what was planned.
    """
    planned, audited = made["planned"], made["audited"]
    share = audited["renewable_share"] - planned["renewable_share"]
    more_kwh = audited["import_kwh"] - planned["import_kwh"]
    bought = max(IMPORT_APART * planned["import_kwh"], _LEAST_OF_FACILITY * planned["facility_kwh"])
    if abs(share) <= SHARE_APART and abs(made["facility_off"]) <= FACILITY_APART and abs(more_kwh) <= bought:
        return []
    import_kw, price, carbon = (
        plan[name].sel(node=replayed["node"].values).transpose("node", "time").values
        for name in ("import_kw", "price_cny_per_kwh", "carbon_kg_per_kwh")
    )
    more_kw = replayed["import_kw"].transpose("node", "time").values - import_kw
    cny, kg = (float((more_kw * factor).sum()) * step_h for factor in (price, carbon))
    told = (
        f"The replay hour by hour differs from the plan: renewable share {audited['renewable_share']:.1%} instead of "
        f"{planned['renewable_share']:.1%}, facility energy {_change(made['facility_off'])}, import {more_kwh:+,.0f} "
        f"kWh, which is {cny:+,.0f} CNY at the prices of those steps and {kg:+,.0f} kg of CO2. "
    )
    if step_h <= 1.0:
        return [told + "Cost, CO2 and share of the plan are off by that."]
    return [
        f"{told}Steps of {step_h:g} h net an hour's surplus with the lack of another: cost, CO2 and share of the plan "
        "are better than they will be by that. Plan with --step 60."
    ]


def _change(share: float) -> str:
    """A relative change as signed percent; nothing has no sign."""
    text = f"{share:+.2%}"
    return text if text.strip("+-0.%") else text[1:]


def lost_warnings(jobs: Sequence[Job], unserved: Sequence[str]) -> list[str]:
    """That running jobs without a place are not carried on: each by name, for no file keeps what it has left."""
    lost = [job for job in jobs if job.state == "running" and job.job_id in unserved]
    left = (
        f"{job.job_id} ({job.gpus * job.hours_left:,.1f} GPU-hours left: {job.gpus} GPUs for {job.hours_left:g} h)"
        for job in lost
    )
    return [
        f"{len(lost)} running jobs find no room to go on and are not in the state handed on: {', '.join(left)}. "
        "Put what they have left back in the queue, as pending jobs, or it is lost."
    ] * bool(lost)


def baseline_warnings(found: Verification) -> list[str]:
    """Laws the baseline breaks and the plan keeps, which make it look better than it could be."""
    return [
        f"First come, first served breaks a law the plan keeps: {check.name}."
        for check in found.checks
        if not check.ok and check.name not in HELD_APART
    ]


def tariffs_of_window(study: Study, time: np.ndarray, step_h: float) -> dict[str, dict]:
    """Where every node's prices come from and whether they are of the window, for summary.json: node id -> facts.

    ``stale`` is True where the tariff's dates leave out a civil day of the window, None where it has no dates. Prices
    from a file by slot are never stale: a file that does not cover the window is refused.
    """
    first, last = _civil_days(time, step_h)
    found: dict[str, dict] = {}
    for node in study.nodes:
        if node.grid.tariff is None:
            found[node.id] = {"prices": node.grid.priced_by, "valid": "by slot", "stale": False, "source": "file"}
            continue
        tariff = study.tariff(node.grid.tariff)
        undated = tariff.valid_from is None and tariff.valid_to is None
        found[node.id] = {
            "prices": tariff.tariff_id,
            "valid": validity(tariff),
            "stale": None if undated else not holds_on(tariff, first, last),
            "source": tariff.source,
        }
    return found


def tariff_warnings(facts: Mapping[str, dict], time: np.ndarray, step_h: float) -> list[str]:
    """That tariffs are not of the window's days, or not dated: a sentence for each tariff, from `tariffs_of_window`."""
    first, last = _civil_days(time, step_h)
    window = f"{first}" if first == last else f"{first} to {last}"
    nodes: dict[tuple, list[str]] = {}
    for node_id, its in facts.items():
        nodes.setdefault((its["prices"], its["valid"], its["stale"]), []).append(node_id)
    told = []
    for (tariff_id, valid, stale), at in nodes.items():
        if stale:
            told.append(
                f"Tariff {tariff_id} of {', '.join(at)} is stale: it holds {valid}, the window is {window}. "
                "Costs are of other days' prices; give the tariff of these days, or price_csv."
            )
        elif stale is None:
            told.append(
                f"Tariff {tariff_id} of {', '.join(at)} is not dated: nobody knows whether its prices are of {window}. "
                "Give it valid_from and valid_to."
            )
    return told


def refuse_stale_tariffs(facts: Mapping[str, dict], time: np.ndarray, step_h: float) -> None:
    """Under ``--strict``, refuse a window a tariff is known not to be of.

    Raises
    ------
    SourceUnavailable
        Naming tariffs, their dates and the window.
    """
    stale = {node_id: its for node_id, its in facts.items() if its["stale"]}
    if stale:
        told = " ".join(tariff_warnings(stale, time, step_h))
        raise SourceUnavailable(f"{told} Nothing was published; plan without --strict to take them nevertheless.")


def _civil_days(time: np.ndarray, step_h: float) -> tuple[dt.date, dt.date]:
    """First and last civil day of a window."""
    ends = time[-1] + np.timedelta64(round(step_h * 3600) - 1, "s")
    first, last = (as_civil.astype("datetime64[D]").item() for as_civil in (time[0] + _CIVIL, ends + _CIVIL))
    return first, last


def weather_notes(weather: xr.Dataset) -> list[str]:
    """The source of every node's weather, and what was done to it."""
    names = weather["source"].values.astype(str) if "source" in weather.coords else []
    notes = [f"Weather of {node}: {name}." for node, name in zip(weather["node"].values, names, strict=False)]
    return notes + [text for text in (str(weather.attrs.get("history", "")),) if text]


def synthetic_nodes(weather: xr.Dataset) -> list[str]:
    """Nodes whose weather was made, not measured or forecast: those whose source says so."""
    names = weather["source"].values.astype(str) if "source" in weather.coords else []
    return [str(node) for node, name in zip(weather["node"].values, names, strict=False) if "synthetic: " in name]


def rounding_note(inputs: xr.Dataset) -> str:
    """What rounding jobs to whole steps did."""
    rounded, step_h = rounding(inputs), float(inputs.attrs["step_h"])
    return (
        f"{rounded.jobs} of {inputs.sizes['job']} jobs were rounded up to whole steps of {step_h:g} h: "
        f"{rounded.gpu_h_asked:,.0f} GPU-hours asked, {rounded.gpu_h_planned:,.0f} planned."
    )


def ramp_notes(plan: Plan, study: Study, step_h: float) -> list[str]:
    """Setpoint moves of long steps that must be made gradually: a sentence, or none.

    In steps longer than an hour a plan may move a setpoint by the rate times the step; a controller that jumps at the
    step's edge would break the limit of any hour.
    """
    rate = study.planning.setpoint_rate_k_per_h
    setpoints = plan.data["setpoint_degc"].transpose("node", "time")
    moves = np.abs(np.diff(setpoints.values, axis=1))
    fast = moves > rate + 1e-9
    if step_h <= 1.0 or not fast.any():
        return []
    n, slot = np.unravel_index(int(np.argmax(moves)), moves.shape)
    when = str((setpoints["time"].values[slot + 1] + _CIVIL).astype("datetime64[m]")).replace("T", " ")
    widest = float(moves[n, slot])
    return [
        f"{int(fast.sum())} setpoint moves are larger than the {rate:g} K allowed within an hour, the largest "
        f"{widest:g} K at {setpoints['node'].values[n]} from {when} on: let the controller ramp them at {rate:g} K/h "
        f"(here over {widest / rate:.2g} h), which the steps of {step_h:g} h do not show."
    ]


def unserved_reasons(inputs: xr.Dataset, jobs: Sequence[Job], plan: Plan) -> dict[str, str]:
    """Why each unserved job has no place, job id -> sentence: its own clock, the fleet without any other job,
    or the other jobs."""
    number = {job.job_id: i for i, job in enumerate(jobs)}
    return {job_id: _reason(inputs, jobs[number[job_id]], number[job_id]) for job_id in plan.unserved}


def _reason(inputs: xr.Dataset, job: Job, number: int) -> str:
    step_h = float(inputs.attrs["step_h"])
    first, last, length = (int(inputs[name].values[number]) for name in ("job_release", "job_last_start", "job_slots"))
    if last < first:
        needed = f"it takes {length} whole steps of {step_h:g} h"
        hours = job.remaining_h if job.state == "running" else job.duration_h
        if hours < length * step_h - 1e-9:
            needed += f" ({hours:g} h rounded up)"
        return f"{needed}, and fewer lie between the beginning of the next step after its release and its deadline"
    within = "in this window" if job.deadline is None else "before its deadline"
    if not _fits_alone(inputs, number, range(first, last + 1), length):
        return (
            f"even without other jobs no cluster it may use has {job.gpus} {job.gpu_type} GPUs free of inference, at a "
            f"node that can cool and feed it, for its whole run {within}"
        )
    return f"the GPUs, or the cooling and power behind them, are taken by other jobs at every start {within}"


def _fits_alone(inputs: xr.Dataset, number: int, starts: range, length: int) -> bool:
    clusters, slots = clusters_of(inputs), inputs.sizes["time"]
    gpus, add_kw = int(inputs["job_gpus"].values[number]), float(inputs["job_add_kw"].values[number])
    room_kw = load_limits_kw(inputs)[0] - inputs["base_it_kw"].values
    for pool in np.flatnonzero(inputs["job_pool_ok"].values[number]):
        node = inputs["pool_node"].values[pool]
        free = clusters.free[clusters.of_pool[pool]]
        for first in starts:
            span = slice(first, min(first + length, slots))
            if free[:, span].min(axis=1).max() >= gpus and room_kw[node, span].min() >= add_kw - 1e-9:
                return True
    return False
