"""IT, setpoints and the nonlinear plant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view

from energy.audit import compared
from energy.simulate import simulate
from energy.verify.case import Case, added_kw, base_it_kw, by_id
from energy.verify.result import Check, numbers, sentences
from models.cooling import inlet_degc
from models.gpu import inlet_power_factor
from models.overhead import it_rating_kw

TABLE_LIMIT = 0.005  # share of overhead energy the planner's table may be off the plant


def it_power(case: Case, segments: pd.DataFrame) -> Check:
    """IT at the reference inlet is idle servers, inference, storage and the jobs that run."""
    expected = base_it_kw(case)
    jobs, node_ids = by_id(case.jobs), [node.id for node in case.study.nodes]
    for row in segments.itertuples():
        job = jobs.get(str(row.job_id))
        if job is None or row.node not in node_ids:
            continue  # what is wrong with the segment is another check's to say
        expected[node_ids.index(row.node)] += added_kw(job, case) * _running_share(case, row)
    return numbers(
        "IT power",
        np.abs(case.of("it_reference_kw") - expected),
        limit=case.tolerance,
        unit="kW",
        law="it_reference = other IT + idle draw of every GPU + inference and running jobs above idle.",
        at=case.at,
    )


def _running_share(case: Case, row) -> np.ndarray:
    """Share of each step a segment runs, (step,)."""
    hour = pd.Timedelta(hours=1)
    start, end = ((t - case.opens) / hour / case.step_h for t in (row.start, row.end))
    steps = np.arange(len(case.time))
    return np.clip(np.minimum(end, steps + 1) - np.maximum(start, steps), 0.0, 1.0)


def inlet(case: Case) -> Check:
    """The inlet follows from the setpoint, and the server fans from the inlet."""
    breach = np.zeros((2, *case.of("it_kw").shape))
    for n, node in enumerate(case.study.nodes):
        degrees = np.asarray(inlet_degc(node.cooling.plant(), case.of("setpoint_degc")[n]), dtype=float)
        breach[0, n] = np.abs(case.of("inlet_degc")[n] - degrees)
        fans = inlet_power_factor(degrees) * case.of("it_reference_kw")[n]
        breach[1, n] = np.abs(case.of("it_kw")[n] - fans)
    return numbers(
        "server inlet and fans",
        breach,
        limit=case.tolerance,
        unit="K, kW",
        law="inlet follows from the setpoint; it = it_reference x server power at that inlet.",
        at=lambda i: f"{('inlet_degc', 'it_kw')[i[0]]} {case.at(i[1:])}",
    )


def it_rating(case: Case) -> Check:
    """IT power keeps to what the node is built for."""
    rated = np.array([[it_rating_kw(node.node_plant())] for node in case.study.nodes])
    return numbers(
        "IT within the plant's rating",
        case.of("it_kw") - rated,
        limit=case.tolerance,
        unit="kW",
        law="it is at most what the electrical plant is rated for, and its hall's heat what the cooling is rated for.",
        at=case.at,
    )


def setpoints(case: Case) -> Check:
    """Only setpoints the study lists, and the mode is the setpoint's number."""
    faults = []
    for n, node in enumerate(case.study.nodes):
        listed = np.array(node.cooling.setpoints_degc)
        for slot, (degc, mode) in enumerate(zip(case.of("setpoint_degc")[n], case.of("mode")[n], strict=True)):
            here = np.flatnonzero(np.abs(listed - degc) <= case.tolerance)
            if not len(here):
                faults.append(f"{case.at((n, slot))}: {degc:g} degC is none of {listed.tolist()}")
            elif int(mode) != here[0]:
                faults.append(f"{case.at((n, slot))}: mode {int(mode)} is not that of {degc:g} degC")
    return sentences(
        "setpoints of the study",
        faults,
        unit="steps",
        law="Every setpoint is one the study lists for the node, and mode is its number in that list.",
    )


def dwell(case: Case) -> Check:
    """A setpoint is held for the dwell time, counting what the state carried in."""
    need = case.study.planning.setpoint_dwell_h
    short, names = [], []
    for n, node in enumerate(case.study.nodes):
        degrees = case.of("setpoint_degc")[n]
        changes = [0, *(np.flatnonzero(np.abs(np.diff(degrees)) > 1e-9) + 1)]
        held = case.carried(node.id)
        carried = held is not None and _listed(node, held.setpoint_degc)
        if carried and abs(degrees[0] - held.setpoint_degc) > 1e-6:
            short.append(need - held.setpoint_held_h)
            names.append(f"{case.at((n, 0))}: {held.setpoint_degc:g} degC left after {held.setpoint_held_h:g} h")
        for first, after in pairwise(changes):
            hours = (after - first) * case.step_h
            if first == 0 and not carried:
                continue  # for how long it had been held before is not known
            if first == 0 and abs(degrees[0] - held.setpoint_degc) <= 1e-6:
                hours += held.setpoint_held_h
            short.append(need - hours)
            names.append(f"{case.at((n, after))}: {degrees[first]:g} degC left after {hours:g} h")
    return numbers(
        "setpoint dwell",
        np.array(short),
        limit=1e-6,
        unit="h",
        law="A setpoint that begins is held for the dwell time or to the window's end; the state's setpoint counts on.",
        at=lambda i: names[i[0]],
    )


def setpoint_rate(case: Case) -> Check:
    """Inlet air changes no faster than the study allows."""
    degrees = case.of("setpoint_degc")
    hour = max(1, int(1.0 / case.step_h + 0.5))
    first = np.repeat(degrees[:, :1], hour, axis=1)
    for n, node in enumerate(case.study.nodes):
        held = case.carried(node.id)
        if held is not None and _listed(node, held.setpoint_degc):
            first[n] = held.setpoint_degc
    spans = sliding_window_view(np.concatenate([first, degrees], axis=1), hour + 1, axis=1)  # each step and its hour
    change = np.abs(spans[..., :-1] - spans[..., -1:]).max(axis=-1) / max(case.step_h, 1.0)
    return numbers(
        "setpoint rate",
        change - case.study.planning.setpoint_rate_k_per_h,
        limit=case.tolerance,
        unit="K/h",
        law="Within any hour (any step, where steps are longer), and from the state's setpoint, a setpoint moves at "
        "most at the study's rate.",
        at=case.at,
    )


def _listed(node, degc: float) -> bool:
    """Whether the study still has the setpoint the state carries: one it no longer has binds nothing."""
    return any(abs(degc - listed) < 1e-6 for listed in node.cooling.setpoints_degc)


def table_against_plant(case: Case, audit: xr.Dataset) -> Check:
    """The planner's convex table is near the plant it stands for."""
    plant = audit["overhead_plant_kw"].values
    off = np.abs(case.of("overhead_kw") - plant)
    share = off.sum() / plant.sum() if plant.sum() > 0 else np.inf
    place = np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), off.shape)
    return numbers(
        "overhead table against the nonlinear plant",
        np.array([share]),
        limit=TABLE_LIMIT,
        unit="1",
        law="Summed over the window, overhead is off the nonlinear plant by at most 0.5 % of its energy.",
        at=lambda _: f"most {off[place]:.3g} kW of {plant[place]:.4g} kW, {case.at(place)}",
    )


def audit_published(case: Case, audit: xr.Dataset) -> Check:
    """What the plan says of cooling and water is what the plant says."""
    names = [name for name in ("overhead_plant_kw", "cooling_kw", "water_l") if name in case.plan]
    gaps = [np.abs(case.of(name) - audit[name].values) for name in names]
    return numbers(
        "cooling and water of the plant",
        np.array(gaps),
        limit=case.tolerance,
        unit="kW, L",
        law="Published cooling power, plant overhead and water are those of the nonlinear plant.",
        at=lambda i: f"{names[i[0]]} {case.at(i[1:])}",
    )


def audit_told(case: Case, told: Mapping, replayed: xr.Dataset | None = None) -> Check:
    """The audit published is what the plan's replay by the nonlinear plant gives, and its ratios are those of the
    replay's flows by the lines here; the plan is replayed where ``replayed`` is not given."""
    if replayed is None:
        replayed = simulate(case.plan, study=case.study, weather=case.weather, step_h=case.step_h)
    own = compared(case.plan, replayed, study=case.study, step_h=case.step_h)
    flows = {"planned": case.plan, "audited": replayed}
    ratios = {side: _ratios(case, flows[side]) for side in flows}
    return sentences(
        "audit told as it is",
        [
            *_audit_faults(own, told, "audit", case.tolerance),
            *(fault for side in flows for fault in _ratio_faults(ratios[side], told, side, case.tolerance)),
        ],
        unit="faults",
        law="Planned and audited energies, PUE, renewable share, CO2 and water, and where they are furthest apart, are "
        "those of the plan and of its replay.",
    )


def _ratios(case: Case, flows: xr.Dataset) -> dict[str, float]:
    """PUE, shares and CUE over the window by their definitions, from the flows alone."""
    ids = [node.id for node in case.study.nodes]
    kw = {
        name: flows[name].sel(node=ids).transpose("node", "time").values
        for name in (
            "it_kw", "it_reference_kw", "facility_kw", "import_kw", "renewable_direct_kw", "discharge_green_kw",
            "carbon_kg_per_kwh", "pv_kw", "wind_kw",
        )
    }  # fmt: skip
    it, whole, bought = kw["it_kw"].sum(), kw["facility_kw"].sum(), kw["import_kw"]
    contracts = [node.grid_connection() for node in case.study.nodes]
    # a contract is of a share or of a power, the other is 0
    share, power = (np.array([[getattr(c, f"green_contract_{kind}")] for c in contracts]) for kind in ("share", "kw"))
    green = share * bought + np.minimum(power, bought)
    mix = np.array([[c.residual_kg_per_kwh] for c in contracts])
    own = kw["renewable_direct_kw"].sum() + kw["discharge_green_kw"].sum()
    return {
        "pue": whole / it,
        "pue_reference_inlet": whole / kw["it_reference_kw"].sum(),
        "renewable_share": own / whole,
        "hourly_matched_share": np.minimum(kw["pv_kw"] + kw["wind_kw"], kw["facility_kw"]).sum() / whole,
        "cue_location": (bought * kw["carbon_kg_per_kwh"]).sum() / it,
        "cue_market": ((bought - green) * mix).sum() / it,
        "ref": min(1.0, (own + green.sum()) / whole),
    }


def _ratio_faults(own: Mapping, told: Mapping, side: str, tolerance: float) -> Iterator[str]:
    """Ratios told that are not those of the flows; what is not told at all is said elsewhere."""
    there = told.get(side)
    for name, value in own.items():
        said = there.get(name) if isinstance(there, Mapping) else None
        if isinstance(said, int | float) and not abs(said - value) <= tolerance * max(1.0, abs(value)):
            yield f"audit.{side}.{name} is {said:.9g}, {value:.9g} by its definition"


def _audit_faults(own: object, told: object, name: str, tolerance: float) -> Iterator[str]:
    """Where what is told differs from our own: texts exactly, numbers relative to the larger of 1 and the number."""
    if isinstance(own, Mapping):
        keys = set(told) if isinstance(told, Mapping) else set()
        yield from (f"{name} has no {key}" for key in own if key not in keys)
        yield from (f"{name} has {key}" for key in sorted(keys - set(own)))
        for key in own.keys() & keys:
            yield from _audit_faults(own[key], told[key], f"{name}.{key}", tolerance)
    elif isinstance(own, float) and isinstance(told, int | float):
        if not abs(told - own) <= tolerance * max(1.0, abs(own)):
            yield f"{name} is {told:.9g}, {own:.9g} found"
    elif own != told:
        yield f"{name} is {told}, {own} found"
