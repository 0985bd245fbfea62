"""What is published of the proof, the saving, the window and the state handed on, held against the plan and itself.

Not held, for nothing that is given says what is right: the bounds themselves (the solver proves them; here only that
value, bound and gap belong together), what some levers alone cost (that takes a plan of its own; here only that the
split follows), the gap asked, the seed, hashes, the solver's name and its model's placements, rows and columns.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from itertools import combinations

import pandas as pd

from energy.state import RunningJob, State
from energy.verify.case import CIVIL, Case, by_id, drawn_before_kw
from energy.verify.money import workable_h
from energy.verify.result import Check, Verification, sentences
from energy.workload.jobs import Job

ROUNDING = 1e-6  # relative, of sums of CNY
SAME_WORK_GPU_H = 0.5
LEVERS = ("placement", "setpoint", "battery")
STAGES = ["served", "missed", "cost"]
# of a plan that keeps no limits: its figures, and the accounts they are made from
FIGURES = (
    "plan complete",
    "finite numbers",
    "flows not negative",
    "power balance",
    "renewable split",
    "PV and wind from the weather",
    "facility power",
    "prices and carbon factors",
    "IT power",
    "server inlet and fans",
    "cooling and water of the plant",
    "each job once",
    "durations",
    "cost terms",
    "energy figures",
    "job figures",
    "plant figures",
)


def proof(case: Case, segments: pd.DataFrame, summary: Mapping) -> Check:
    """The proof is of this plan: its values are the plan's, its gaps follow, and proven is what is within the gap."""
    faults = [*_stage_faults(summary), *_proof_faults(summary), *_value_faults(case, segments, summary)]
    return sentences(
        "proof told as it is",
        faults,
        unit="faults",
        law="The objective is the plan's cost; GPU-hours undone are those of the job table and the queue, kWh missed "
        "those of the targets; every bound is at most its value; gap = (value - bound) / value; a stage is proven "
        "where value less bound is within the gap asked; optimal says that every stage is proven.",
    )


def _stage_faults(summary: Mapping) -> Iterator[str]:
    solver = summary["solver"]
    asked = solver.get("gap_asked")
    if not isinstance(asked, int | float) or not 0 <= asked <= 1:
        yield f"the gap asked is {asked}"
        asked = math.nan
    if [stage["name"] for stage in solver["stages"]] != STAGES:
        yield f"the stages are {', '.join(stage['name'] for stage in solver['stages'])}"
    for stage in solver["stages"]:
        name, value = stage["name"], float(stage["value"])
        if stage["bound"] is None:
            if stage["gap"] is not None or stage["status"] != "limit":
                yield f"stage {name}: gap {stage['gap']}, {stage['status']}, without a bound"
            continue
        bound, whole = float(stage["bound"]), max(1.0, abs(value))
        if bound > value + ROUNDING * whole:
            yield f"stage {name}: bound {bound:.9g} above the value {value:.9g}"
        gap = max(0.0, value - bound) / max(abs(value), 1e-9)
        if _apart(stage["gap"], gap):
            yield f"stage {name}: gap {stage['gap']}, {gap:.9g} from value and bound"
        over = value - bound - asked * (abs(value) if name == "cost" else whole)
        if not (over <= 1e-9 * whole if stage["status"] == "proven" else over >= -1e-9 * whole):
            yield f"stage {name}: {stage['status']}, {value - bound:.9g} between value and bound, gap asked {asked:g}"
        if stage["status"] not in ("proven", "limit"):
            yield f"stage {name}: status {stage['status']}"


def _proof_faults(summary: Mapping) -> Iterator[str]:
    solver, cost = summary["solver"], float(summary["kpis"]["cost_cny"])
    stages = {stage["name"]: stage for stage in solver["stages"]}
    if _apart(solver["objective"], cost):
        yield f"objective {solver['objective']:.9g}, cost of the plan {cost:.9g}"
    last = stages.get("cost", {"value": math.nan, "bound": math.nan})
    for own, staged in (("objective", "value"), ("bound", "bound"), ("gap", "gap")):
        if _apart(solver[own], last.get(staged, math.nan)):
            yield f"{own} {solver[own]}, of the cost stage {last.get(staged)}"
    if (summary["status"] == "optimal") != all(stage["status"] == "proven" for stage in stages.values()):
        yield f"status {summary['status']} with stages {', '.join(s['status'] for s in stages.values())}"


def _value_faults(case: Case, segments: pd.DataFrame, summary: Mapping) -> Iterator[str]:
    """What the first two stages reach, worked out from the plan."""
    told = {stage["name"]: float(stage["value"]) for stage in summary["solver"]["stages"]}
    it, facility = float(case.of("it_kw").sum()), float(case.of("facility_kw").sum())
    green = float((case.of("renewable_direct_kw") + case.of("discharge_green_kw")).sum())
    goal = case.study.targets
    missed = max(0.0, facility - goal.pue * it) + max(0.0, goal.renewable_share * facility - green)
    value = told.get("missed", math.nan)
    if not abs(value - missed * case.step_h) <= 1e-5 * max(1.0, facility * case.step_h / 1e3):
        yield f"stage missed: {value:.9g} kWh told, {missed * case.step_h:.9g} kWh found"
    undone, value = undone_gpu_h(case, segments), told.get("served", math.nan)
    if not abs(value - undone) <= ROUNDING * max(1.0, undone) + ROUNDING:
        yield f"stage served: {value:.9g} GPU-hours told, {undone:.9g} found undone"


def undone_gpu_h(case: Case, segments: pd.DataFrame) -> float:
    """GPU-hours the jobs could do in the window from their releases on, less those they do."""
    hour, done = pd.Timedelta(hours=1), Counter()
    for row in segments.itertuples():
        done[str(row.job_id)] += (row.end - row.start) / hour
    return float(sum(job.gpus * (workable_h(case, job) - done[job.job_id]) for job in case.jobs))


def saving(summary: Mapping) -> Check:
    """Costs are compared only of the same work, and the split of the saving adds up."""
    faults = [*_comparison_faults(summary)]
    if summary.get("attribution") is not None:
        faults += [*_combination_faults(summary), *_split_faults(summary)]
    return sentences(
        "saving adds up",
        faults,
        unit="faults",
        law="Only costs of the same work are compared and split; no lever on is the baseline, all on costs at most the "
        "plan, more levers never cost more; each lever has its Shapley value, and they sum to the baseline's cost less "
        "the plan's and what the targets cost.",
    )


def _comparison_faults(summary: Mapping) -> Iterator[str]:
    plan, base = summary["kpis"], summary["baseline"]
    same = abs(plan["gpu_h_served"] - base["gpu_h_served"]) < SAME_WORK_GPU_H
    if summary.get("same_work") != same:
        yield f"same_work is {summary.get('same_work')}: GPU-hours {plan['gpu_h_served']:g}, {base['gpu_h_served']:g}"
    if summary.get("attribution") is not None and not same:
        yield "a saving is split though plan and baseline do not serve the same work"
    bound, told = summary["solver"]["bound"], summary["solver"].get("saving_captured")
    possible = -math.inf if bound is None else base["cost_cny"] - bound
    captured = (base["cost_cny"] - plan["cost_cny"]) / possible if same and possible > 0 else None
    if _apart(told, captured):
        yield f"saving_captured is {told}, {captured} from the two costs and the bound"


def _costs(summary: Mapping) -> dict[frozenset[str], float]:
    rows = summary["attribution"]["combinations"]
    return {frozenset(name for name in LEVERS if row[name]): float(row["cost_cny"]) for row in rows}


def _combination_faults(summary: Mapping) -> Iterator[str]:
    """Each combination once, and none dearer than one with fewer levers."""
    cost, rounding = _costs(summary), _rounding(summary)
    told = len(summary["attribution"]["combinations"])
    if len(cost) != 2 ** len(LEVERS) or told != len(cost):
        yield f"{told} combinations of levers, {len(cost)} of them different"
    for fewer, more in combinations(sorted(cost, key=len), 2):
        if fewer < more and cost[more] > cost[fewer] + rounding:
            yield f"{'+'.join(sorted(more))} costs {cost[more]:.9g}, with fewer levers {cost[fewer]:.9g}"


def _split_faults(summary: Mapping) -> Iterator[str]:
    split, cost, rounding = summary["attribution"], _costs(summary), _rounding(summary)
    plan, base = (float(summary[of]["cost_cny"]) for of in ("kpis", "baseline"))
    none, every = cost.get(frozenset(), math.nan), cost.get(frozenset(LEVERS), math.nan)
    if not abs(none - base) <= rounding:
        yield f"no lever on costs {none:.9g}, the baseline {base:.9g}"
    if not every <= plan + rounding:
        yield f"all levers on cost {every:.9g}, the plan {plan:.9g}"
    own = {lever: _shapley(lever, cost) for lever in LEVERS} | {"targets": plan - every, "total": base - plan}
    for name, value in own.items():
        if not abs(float(split[f"{name}_cny"]) - value) <= rounding:
            yield f"{name} is {split[f'{name}_cny']:.9g} CNY, {value:.9g} by the costs of the combinations"


def _shapley(lever: str, cost: Mapping[frozenset[str], float]) -> float:
    """Mean saving of a lever [CNY]: over the sets S of the others, weighted |S|! (n - 1 - |S|)! / n!."""
    others = [name for name in LEVERS if name != lever]
    value, orders = 0.0, math.factorial(len(LEVERS))
    for size in range(len(LEVERS)):
        weight = math.factorial(size) * math.factorial(len(others) - size) / orders
        for chosen in map(frozenset, combinations(others, size)):
            value += weight * (cost.get(chosen, math.nan) - cost.get(chosen | {lever}, math.nan))
    return value


def _rounding(summary: Mapping) -> float:
    return ROUNDING * max(1.0, *(abs(summary[of]["cost_cny"]) for of in ("kpis", "baseline")))


def baseline(first_come: Verification) -> Check:
    """The baseline's figures are right, whatever limits its plan breaks."""
    found = {check.name: check for check in first_come.checks}
    faults = [f"{name} is not checked" for name in FIGURES if name not in found]
    faults += [f"{name}: {found[name].where}" for name in FIGURES if name in found and not found[name].ok]
    return sentences(
        "figures of first come, first served",
        faults,
        unit="faults",
        law="The figures the plan is compared with are those of a plan whose powers, prices and jobs add up; limits it "
        "may break.",
    )


def window(case: Case, told: Mapping) -> Check:
    """The window published is the plan's."""
    opens, closes = (at.astimezone(timezone(timedelta(hours=8))) for at in (case.opens, case.closes))
    own = {
        "date": opens.date().isoformat(),
        "start": opens.isoformat(),
        "end": closes.isoformat(),
        "step_h": case.step_h,
        "timezone": "Asia/Shanghai",
    }
    return sentences(
        "window told as it is",
        [f"{name} is {told.get(name)}, of the plan {value}" for name, value in own.items() if told.get(name) != value],
        unit="faults",
        law="Date, start and end are those of the plan's steps in civil time, step_h is their length.",
    )


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
        "month_peak_kw": max(*drawn, drawn_before_kw(case, node_id, months[-1])),
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
    for job_id, times in Counter(r.job.job_id for r in after.running).items():
        if times > 1:
            yield f"job {job_id} is carried {times} times"
    for job_id in sorted(onward ^ set(running)):
        yield f"job {job_id} {'goes on and is not carried' if job_id in onward else 'is carried and does not go on'}"
    queue = by_id(case.jobs) | ({} if case.state is None else {r.job.job_id: r.job for r in case.state.running})
    for job_id in sorted(onward & set(running) & set(queue)):
        yield from _carried_faults(case, rows[job_id], running[job_id], queue[job_id])
    earlier = set() if case.state is None else set(case.state.ended)
    expected = earlier | (set(rows) - onward)
    for job_id in sorted(expected ^ set(after.ended)):
        yield f"job {job_id} {'has ended and is not said to' if job_id in expected else 'is said to have ended'}"
    if len(set(after.ended)) < len(after.ended):
        yield "a job is said twice to have ended"


def _carried_faults(case: Case, row, held: RunningJob, before: Job) -> Iterator[str]:
    """A carried job is the one it was, but for running, where it runs, since when and what it has left."""
    if (held.node, held.cluster) != (str(row.node), str(row.cluster)):
        yield f"job {row.job_id} is carried in {held.cluster}, it runs in {row.cluster}"
    left = held.job.remaining_h
    if left is None or not abs(left - row.remaining_h) <= case.tolerance:
        yield f"job {row.job_id} is carried with {left} h left, it has {row.remaining_h:g}"
    since: datetime | None = before.started if before.state == "running" else row.start.to_pydatetime()
    own = replace(before, state="running", remaining_h=left, started=since, nodes=(str(row.node),))
    for name in (field.name for field in fields(Job)):
        if getattr(held.job, name) != getattr(own, name):
            yield f"job {row.job_id}: {name} is carried as {getattr(held.job, name)}, it is {getattr(own, name)}"


def _apart(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is not other
    return not abs(one - other) <= ROUNDING * max(1.0, abs(other))
