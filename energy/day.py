"""One day's plan from end to end: study, weather and jobs in; a verified, published-ready result out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import xarray as xr

from energy.attribution import attribute_saving
from energy.audit import compared, shortfall_notes, shortfall_warnings
from energy.baselines import first_come_first_served
from energy.carry import state_after
from energy.config import Study, study_hash
from energy.config_checks import study_warnings
from energy.inputs import build_inputs
from energy.kpis import plan_kpis, replay_misses, target_results
from energy.plan import Plan
from energy.planner.result import plan_of
from energy.planner.stages import Outcome, plan_window
from energy.remarks import (
    baseline_warnings,
    lost_warnings,
    named,
    ramp_notes,
    refuse_stale_tariffs,
    replay_warnings,
    rounding_note,
    synthetic_nodes,
    tariff_warnings,
    tariffs_of_window,
    unserved_reasons,
    weather_notes,
    work_warnings,
)
from energy.simulate import simulate
from energy.state import State
from energy.verify import Verification, verify_plan
from energy.weather_window import opened_weather, whole_hours
from energy.window_jobs import jobs_of_window
from energy.workload.jobs import Job
from weather.conventions.errors import GreenDCError, InfeasiblePlan, SolverFailed
from weather.conventions.timeaxis import time_axis

SCHEMA_VERSION = 1


class PlanNotVerified(GreenDCError):
    """The plan broke a law when re-checked; a fault of greendc, never published."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class DayRequest:
    """What is asked: the window, and how well and how long to search.

    ``start``: civil time the window opens at, naive; ``horizon_h`` [h]; ``step_h`` [h]; ``gap``: relative;
    ``time_limit_s``: wall clock for the plan; ``strict``: missed targets or unserved jobs refuse the plan;
    ``attribution``: split the saving.
    """

    start: datetime
    horizon_h: float
    step_h: float
    seed: int
    gap: float
    time_limit_s: float
    strict: bool
    attribution: bool


@dataclass(frozen=True, slots=True)
class DayResult:
    """A verified plan, its baseline, and everything the files say of them."""

    plan: Plan
    baseline: Plan
    summary: dict
    state: State
    seconds: dict[str, float]


def window_axis(request: DayRequest) -> np.ndarray:
    """Stamps of the plan's steps, naive UTC."""
    return time_axis(request.start, horizon_h=request.horizon_h, step_h=request.step_h)


def plan_day(
    study: Study,
    jobs: Sequence[Job],
    request: DayRequest,
    *,
    weather_specs: Mapping[str, str],
    state: State | None = None,
    notes: Sequence[str] = (),
    progress: Callable[[str, float, float, float], None] | None = None,
    phase: Callable[[str], None] | None = None,
) -> DayResult:
    """Plan one window and re-check it.

    Raises
    ------
    DataError, ConfigError
        Input that cannot be planned.
    SourceUnavailable
        A tariff that is stale, under ``strict``.
    InfeasiblePlan
        A hard target (or any, under ``strict``) missed, or an unserved job under ``strict``.
    PlanNotVerified
        The independent check found a broken law.
    """
    tell = phase or (lambda _: None)
    time = window_axis(request)
    tariffs = tariffs_of_window(study, time, request.step_h)
    if request.strict:
        refuse_stale_tariffs(tariffs, time, request.step_h)
    tell("weather and supply")
    weather, seen = opened_weather(study, weather_specs, whole_hours(request.start, request.horizon_h), request.seed)
    chosen, expired, left_out = jobs_of_window(
        study, jobs, state, time=time, step_h=request.step_h, strict=request.strict
    )
    inputs = build_inputs(study, weather, chosen, time=time, step_h=request.step_h, state=state)
    tell("first come, first served")
    baseline = first_come_first_served(inputs, chosen)
    tell("planning")
    outcome = plan_window(
        inputs, gap=request.gap, time_limit_s=request.time_limit_s, seed=request.seed, progress=progress
    )
    plan = plan_of(outcome, inputs, chosen)
    plan, kpis, flows = _audited(plan, plan_kpis(plan, inputs), study, weather)
    baseline, base, _ = _audited(baseline, plan_kpis(baseline, inputs), study, weather)
    replayed = compared(plan.data, flows, study=study, step_h=request.step_h)
    _refuse_missed(study, request, target_results(kpis, inputs), plan)
    _refuse_short(request, replayed)
    same_work = abs(kpis["gpu_h_served"] - base["gpu_h_served"]) < 0.5
    split, unsplit = None, []
    if request.attribution and same_work:
        split, unsplit = _split(inputs, chosen, baseline, outcome, kpis["cost_cny"], request, tell)
    tell("checking")
    given = {"study": study, "weather": weather, "jobs": chosen, "state": state}
    first_come = verify_plan(baseline.data, baseline.segments, summary={"kpis": base}, deadlines=False, **given)
    summary = {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "title": study.title,
        "status": outcome.status,
        "window": _window_figures(request, time),
        "kpis": kpis,
        "baseline": base,
        "targets": target_results(kpis, inputs),
        "audit": replayed,
        "solver": _solver_figures(outcome, kpis, base, same_work=same_work, gap_asked=request.gap),
        "same_work": same_work,
        "attribution": split,
        "unserved": list(plan.unserved),
        "unserved_reasons": unserved_reasons(inputs, chosen, plan),
        "expired": expired,
        "warnings": [
            *study_warnings(study, request.step_h),
            *tariff_warnings(tariffs, time, request.step_h),
            *seen,
            *left_out,
            *unsplit,
            *lost_warnings(chosen, plan.unserved),
            *work_warnings(same_work, kpis, base),
            *baseline_warnings(first_come),
            *replay_warnings(plan.data, flows, replayed, request.step_h),
            *shortfall_warnings(replayed),
        ],
        "notes": [
            *notes,
            *weather_notes(weather),
            rounding_note(inputs),
            *ramp_notes(plan, study, request.step_h),
            *shortfall_notes(replayed),
        ],
        "seed": request.seed,
        "inputs": {
            "study_sha256": study_hash(study),
            "weather": dict(sorted(weather_specs.items())),
            "weather_repair": study.weather.repair,
            "synthetic_weather": synthetic_nodes(weather),
            "tariffs": tariffs,
            "window_sha256": _dataset_hash(inputs),
        },
    }
    after = state_after(inputs, chosen, plan, before=state)
    check = verify_plan(plan.data, plan.segments, summary=summary, after=after, first_come=first_come, **given)
    summary["verification"] = check.as_dict()
    _refuse_unclean(check)
    return DayResult(plan, baseline, summary, after, dict(outcome.seconds))


def _split(
    inputs: xr.Dataset,
    jobs: Sequence[Job],
    baseline: Plan,
    outcome: Outcome,
    cost_cny: float,
    request: DayRequest,
    tell: Callable[[str], None],
) -> tuple[dict | None, list[str]]:
    """The saving split by levers, or None and why not: the plan stands without."""
    tell("where the saving comes from")
    try:
        split = attribute_saving(
            inputs,
            jobs,
            baseline,
            plan=outcome,
            plan_cost_cny=cost_cny,
            gap=request.gap,
            time_limit_s=request.time_limit_s,
            seed=request.seed,
            report=lambda text: tell(f"where the saving comes from: {text}"),
        )
    except SolverFailed:
        return None, [
            "The saving was not split: some combination of levers has no feasible plan in this window (first come, "
            "first served breaks a limit)."
        ]
    return split, []


def _window_figures(request: DayRequest, time: np.ndarray) -> dict:
    return {
        "date": request.start.date().isoformat(),
        "start": _rfc3339(time[0]),
        "end": _rfc3339(time[-1] + np.timedelta64(round(request.step_h * 3600), "s")),
        "step_h": request.step_h,
        "timezone": "Asia/Shanghai",
    }


def _refuse_unclean(check: Verification) -> None:
    if check.clean:
        return
    worst = "; ".join(f"{c.name}: {_amount(c.worst, c.unit)} at {c.where}" for c in check.checks if not c.ok)
    raise PlanNotVerified(
        f"The plan was not published: the independent check found {worst}. This is a fault of greendc; "
        "please report it with the study and the jobs."
    )


def _amount(worst: float, unit: str) -> str:
    """How far off a check is: what has no unit is a share, told as percent."""
    return f"{worst:.3%}" if unit in ("1", "relative") else f"{worst:g} {unit}"


def _refuse_missed(study: Study, request: DayRequest, targets: dict, plan: Plan) -> None:
    hard = request.strict or study.targets.hard
    missed = {name: t for name, t in targets.items() if not t["met"]}
    if hard and missed:
        told = "; ".join(_missed_said(name, t) for name, t in missed.items())
        # what only the replay misses may be a matter of the step: see `energy.kpis.target_results`
        coarse = request.step_h > 1.0 and any(replay_misses(name, t) for name, t in missed.items())
        raise InfeasiblePlan(
            f"A hard target is not met in this window at steps of {request.step_h:g} h: {told}. Nothing was published. "
            + "Shorter steps may meet it: plan with --step 60. " * coarse
            + "Plan without --strict (and with targets.hard = false) to get the best plan there is."
        )
    if request.strict and plan.unserved:
        raise InfeasiblePlan(
            f"{len(plan.unserved)} jobs find no place before their deadline: {named(plan.unserved)}. "
            "Nothing was published. Plan without --strict to publish the plan without them."
        )


def _missed_said(name: str, target: Mapping) -> str:
    reached = f"{name} is {target['value']:.4f} as planned and {target['value_plant']:.4f} when replayed"
    asked = f"{'at most' if name == 'pue' else 'at least'} {target['target']:.4f} asked"
    return f"{reached}, {asked} ({target['missed_kwh']:,.0f} kWh short)"


def _refuse_short(request: DayRequest, replayed: Mapping) -> None:
    short = shortfall_warnings(replayed)
    if request.strict and short:
        raise InfeasiblePlan(
            f"{' '.join(short)} Nothing was published. Plan with shorter steps or more import, or without --strict to "
            "publish the plan nevertheless."
        )


def _audited(plan: Plan, kpis: dict, study: Study, weather: xr.Dataset) -> tuple[Plan, dict, xr.Dataset]:
    """The plan with what the nonlinear plant says of it: cooling power, water, PUE, share; and its whole replay."""
    step_h = float(plan.data.attrs["step_h"])
    flows = simulate(plan.data, study=study, weather=weather, step_h=step_h)
    data = plan.data.copy()
    for name, flow in (("overhead_plant_kw", "overhead_kw"), ("cooling_kw", "cooling_kw"), ("water_l", "water_l")):
        data[name] = (("node", "time"), flows[flow].values, flows[flow].attrs)
    it = kpis["it_kwh"]
    water = float(flows["water_l"].sum())
    green = float((flows["renewable_direct_kw"] + flows["discharge_green_kw"]).sum())
    more = {
        "pue_plant": 1 + float(flows["overhead_kw"].sum()) * step_h / it,
        "renewable_share_plant": green / float(flows["facility_kw"].sum()),
        "water_l": water,
        "wue": water / it,
    }
    return replace(plan, data=data), kpis | more, flows


def _solver_figures(outcome: Outcome, kpis: dict, baseline: dict, *, same_work: bool, gap_asked: float) -> dict:
    last = outcome.stages[-1]
    possible = baseline["cost_cny"] - last.bound  # infinite without a bound
    known = same_work and 0 < possible < np.inf
    captured = (baseline["cost_cny"] - kpis["cost_cny"]) / possible if known else None
    return {
        "name": "HiGHS",
        "objective": last.value,
        "bound": _finite(last.bound),
        "gap": _finite(last.gap),
        "gap_asked": gap_asked,
        "saving_captured": captured,
        "placements": len(outcome.placements),
        "rows": outcome.problem.arrays.rows,
        "columns": outcome.problem.arrays.columns,
        "stages": [
            {"name": s.name, "value": s.value, "bound": _finite(s.bound), "gap": _finite(s.gap), "status": s.status}
            for s in outcome.stages
        ],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _rfc3339(stamp: np.datetime64) -> str:
    return str((stamp + np.timedelta64(8, "h")).astype("datetime64[s]")) + "+08:00"


def _aware(stamp: np.datetime64) -> datetime:
    return stamp.astype("datetime64[us]").item().replace(tzinfo=UTC)


def _dataset_hash(dataset: xr.Dataset) -> str:
    """sha256 over the names and bytes of a Dataset's variables."""
    digest = hashlib.sha256(json.dumps({k: str(v) for k, v in sorted(dataset.attrs.items())}).encode())
    for name in sorted(map(str, dataset.variables)):
        values = dataset[name].values
        content = json.dumps(values.astype(str).tolist()).encode() if values.dtype.kind in "OU" else values.tobytes()
        digest.update(name.encode() + content)
    return digest.hexdigest()
