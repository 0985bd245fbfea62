"""What is published of the proof, the saving and the state handed on, held against the plan and itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from energy.state import State
from energy.verify.case import CIVIL, Case, billed_kw
from energy.verify.result import Check, sentences

ROUNDING = 1e-6  # relative, of sums of CNY
LEVERS = ("placement", "setpoint", "battery")


def proof(case: Case, summary: Mapping) -> Check:
    """The proof is of this plan: its objective is the plan's cost, its gaps are those of value and bound."""
    return sentences(
        "proof told as it is",
        list(_proof_faults(case, summary)),
        unit="faults",
        law="The objective is the plan's cost; every bound is at most its value; gap = (value - bound) / value; "
        "optimal says that every stage is proven; kWh missed are those of the targets.",
    )


def _proof_faults(case: Case, summary: Mapping) -> Iterator[str]:
    solver, cost = summary["solver"], float(summary["kpis"]["cost_cny"])
    stages = {stage["name"]: stage for stage in solver["stages"]}
    if _apart(solver["objective"], cost):
        yield f"objective {solver['objective']:.9g}, cost of the plan {cost:.9g}"
    last = stages.get("cost", {"value": math.nan, "bound": math.nan})
    for own, staged in (("objective", "value"), ("bound", "bound"), ("gap", "gap")):
        if _apart(solver[own], last.get(staged, math.nan)):
            yield f"{own} {solver[own]}, of the cost stage {last.get(staged)}"
    for name, stage in stages.items():
        if stage["bound"] is None:
            if stage["gap"] is not None or stage["status"] == "proven":
                yield f"stage {name}: gap {stage['gap']}, {stage['status']}, without a bound"
            continue
        value, bound = float(stage["value"]), float(stage["bound"])
        if bound > value + ROUNDING * max(1.0, abs(value)):
            yield f"stage {name}: bound {bound:.9g} above the value {value:.9g}"
        gap = max(0.0, value - bound) / max(abs(value), 1e-9)
        if _apart(stage["gap"], gap):
            yield f"stage {name}: gap {stage['gap']}, {gap:.9g} from value and bound"
    if (summary["status"] == "optimal") != all(stage["status"] == "proven" for stage in stages.values()):
        yield f"status {summary['status']} with stages {', '.join(s['status'] for s in stages.values())}"
    it, facility = float(case.of("it_kw").sum()), float(case.of("facility_kw").sum())
    green = float((case.of("renewable_direct_kw") + case.of("discharge_green_kw")).sum())
    goal = case.study.targets
    missed = max(0.0, facility - goal.pue * it) + max(0.0, goal.renewable_share * facility - green)
    told = float(stages["missed"]["value"]) if "missed" in stages else math.nan
    if not abs(told - missed * case.step_h) <= 1e-5 * max(1.0, facility * case.step_h / 1e3):
        yield f"stage missed: {told:.9g} kWh told, {missed * case.step_h:.9g} kWh found"


def saving(summary: Mapping) -> Check:
    """The split of the saving adds up to the difference of the two costs."""
    return sentences(
        "saving adds up",
        list(_saving_faults(summary)),
        unit="faults",
        law="Placement + setpoint + battery - targets is the baseline's cost less the plan's; no lever on is the "
        "baseline; only costs of the same work are split.",
    )


def _saving_faults(summary: Mapping) -> Iterator[str]:
    split = summary.get("attribution")
    if split is None:
        return
    plan, base = (float(summary[of]["cost_cny"]) for of in ("kpis", "baseline"))
    off = [row["cost_cny"] for row in split["combinations"] if not any(row[lever] for lever in LEVERS)]
    if len(off) != 1 or _apart(off[0], base):
        yield f"no lever on costs {off}, the baseline {base:.9g}"
    total = sum(float(split[f"{lever}_cny"]) for lever in LEVERS) - float(split["targets_cny"])
    for name, value in (("total", split["total_cny"]), ("sum of the levers less the targets", total)):
        if abs(value - (base - plan)) > ROUNDING * max(1.0, abs(base), abs(plan)):
            yield f"{name} is {value:.9g} CNY, the costs differ by {base - plan:.9g}"
    if abs(summary["kpis"]["gpu_h_served"] - summary["baseline"]["gpu_h_served"]) >= 0.5:
        yield "a saving is split though plan and baseline do not serve the same work"


def handed_on(case: Case, segments: pd.DataFrame, after: State) -> Check:
    """The state handed on is the plan's end."""
    faults = [*_moment_faults(case, after), *_job_faults(case, segments, after)]
    for n, node in enumerate(case.study.nodes):
        faults += _node_faults(case, n, node.id, after)
    return sentences(
        "state handed on",
        faults,
        unit="faults",
        law="state.json opens where the window closes and carries its stocks, its setpoints and for how long they have "
        "been held, its last month's peak, every job that goes on with what it has left, and those that have ended.",
    )


def _moment_faults(case: Case, after: State) -> Iterator[str]:
    if after.at != case.closes:
        yield f"it opens at {after.at.isoformat()}, the window closes at {case.closes.isoformat()}"
    if set(after.nodes) != {node.id for node in case.study.nodes}:
        yield f"its nodes are {', '.join(sorted(after.nodes))}"


def _node_faults(case: Case, n: int, node_id: str, after: State) -> Iterator[str]:
    held = after.nodes.get(node_id)
    if held is None:
        return
    degrees = case.of("setpoint_degc")[n]
    steps = 1
    while steps < len(degrees) and abs(degrees[-1 - steps] - degrees[-1]) < case.tolerance:
        steps += 1
    held_h = steps * case.step_h
    before = case.carried(node_id)
    if steps == len(degrees) and before is not None and abs(before.setpoint_degc - degrees[-1]) < case.tolerance:
        held_h += before.setpoint_held_h
    months = [str(month) for month in (case.time + CIVIL).astype("datetime64[M]")]
    drawn = [kw for kw, month in zip(case.of("import_kw")[n], months, strict=True) if month == months[-1]]
    expected = {
        "stock_green_kwh": case.of("stock_green_kwh")[n, -1],
        "stock_grey_kwh": case.of("stock_grey_kwh")[n, -1],
        "setpoint_degc": degrees[-1],
        "setpoint_held_h": held_h,
        "month_peak_kw": max(*drawn, billed_kw(case, node_id, months[-1])),
    }
    for name, value in expected.items():
        if not abs(getattr(held, name) - value) <= case.tolerance * max(1.0, abs(value)):
            yield f"{node_id}: {name} is {getattr(held, name):.9g}, the plan ends with {value:.9g}"
    if held.month != months[-1]:
        yield f"{node_id}: month is {held.month}, the window ends in {months[-1]}"


def _job_faults(case: Case, segments: pd.DataFrame, after: State) -> Iterator[str]:
    rows = {str(row.job_id): row for row in segments.itertuples()}
    onward = {job_id for job_id, row in rows.items() if row.remaining_h > 1e-9}
    running = {r.job.job_id: r for r in after.running}
    for job_id in sorted(onward ^ set(running)):
        yield f"job {job_id} {'goes on and is not carried' if job_id in onward else 'is carried and does not go on'}"
    for job_id in sorted(onward & set(running)):
        row, held = rows[job_id], running[job_id]
        if (held.node, held.cluster) != (str(row.node), str(row.cluster)):
            yield f"job {job_id} is carried in {held.cluster}, it runs in {row.cluster}"
        if not abs(held.job.remaining_h - row.remaining_h) <= case.tolerance or held.job.started != row.start:
            yield f"job {job_id} is carried with {held.job.remaining_h:g} h left since {held.job.started}"
    earlier = set() if case.state is None else set(case.state.ended)
    expected = earlier | (set(rows) - onward)
    for job_id in sorted(expected ^ set(after.ended)):
        yield f"job {job_id} {'has ended and is not said to' if job_id in expected else 'is said to have ended'}"


def _apart(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is not other
    return not abs(one - other) <= ROUNDING * max(1.0, abs(other))
