"""The whole check of a plan, law by law."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
import xarray as xr

from energy.config import Study
from energy.simulate import audit_plant, simulate
from energy.state import State
from energy.verify import flows, money, plant, published
from energy.verify import jobs as gangs
from energy.verify.case import Case
from energy.verify.result import Check, Verification, sentences
from energy.verify.shape import complete
from energy.workload.jobs import Job
from weather.conventions.errors import GreenDCError

FLOW_LAWS = (
    flows.finite,
    flows.non_negative,
    flows.balance,
    flows.renewable_split,
    flows.supply,
    flows.facility,
    flows.pue_published,
    flows.stock_account,
    flows.stock_return,
    flows.battery_energy,
    flows.battery_power,
    flows.battery_one_way,
    flows.grey_is_bought,
    flows.grid_limits,
    flows.one_direction,
    plant.inlet,
    plant.it_rating,
    plant.setpoints,
    plant.dwell,
    plant.setpoint_rate,
    money.prices,
    money.outdoor,
)
JOB_LAWS = (
    plant.it_power,
    gangs.once,
    gangs.whole_gangs,
    gangs.cluster_capacity,
    gangs.gpus_published,
    gangs.allowed_nodes,
    gangs.releases,
    gangs.durations,
    gangs.job_power,
    gangs.running_stay,
)


def verify_plan(
    plan: xr.Dataset,
    segments: pd.DataFrame,
    *,
    study: Study,
    weather: xr.Dataset,
    jobs: Sequence[Job],
    state: State | None = None,
    summary: Mapping | None = None,
    after: State | None = None,
    first_come: Verification | None = None,
    deadlines: bool = True,
    tolerance: float = 1e-6,
) -> Verification:
    """Hold a plan against every law, from the study, the weather, the jobs and the carried state alone.

    Shares no code with what made the plan.

    Parameters
    ----------
    plan
        Content of plan.nc (node, time; pool, time), ``attrs["step_h"]`` [h].
    segments
        Content of jobs.csv, a row per job segment, times aware.
    study, weather, jobs, state
        What the plan was made from; weather hourly (node, time).
    summary
        What is published of the plan: ``kpis``, ``targets``, ``audit``, ``window``, ``unserved``, and with
        ``solver`` the proof, ``baseline``, ``same_work`` and ``attribution`` are checked where given, as are
        the tariffs of ``inputs``.
    after
        The state handed on, where there is one.
    first_come
        What was found of the plan the summary's ``baseline`` is of, with those figures as its ``kpis``.
    deadlines
        False for a plan that does not look at deadlines (first come, first served).
    tolerance
        Rounding let pass, in the quantity's unit; relative for sums. The plant's table has its own limit.

    Returns
    -------
    Verification
        One :class:`Check` per law; a plan that lacks variables has the one check that says so.
    """
    whole = complete(plan, segments, study, weather)
    if not whole.ok:
        return Verification((whole,))
    case = Case(plan, study, weather, tuple(jobs), state, float(plan.attrs["step_h"]), tolerance)
    checks = [whole]
    checks += [_held(law, case) for law in FLOW_LAWS]
    checks += [_held(law, case, segments) for law in JOB_LAWS]
    if deadlines:
        checks.append(_held(gangs.deadlines, case, segments))
    audit = _audit(case)
    given = summary or {}
    if isinstance(audit, Check):
        checks.append(audit)
        figures, replayed = {}, None
    else:
        checks += [_held(plant.table_against_plant, case, audit), _held(plant.audit_published, case, audit)]
        replayed = _replayed(case)
        figures = _plant_figures(case, audit, replayed)
    if "kpis" in given:
        checks += [
            _held(money.published_costs, case, given["kpis"]),
            _held(money.published_energies, case, given["kpis"]),
            _held(money.published_jobs, case, segments, given["kpis"]),
            _held(money.published_plant, case, figures, given["kpis"]),
        ]
    if "targets" in given:
        checks.append(_held(money.targets, case, figures, given["targets"]))
    if "audit" in given:
        checks.append(_held(plant.audit_told, case, given["audit"], replayed))
    if "unserved" in given:
        checks.append(_held(gangs.unserved_listed, case, segments, list(given["unserved"])))
    if "solver" in given:
        checks += [_held(published.proof, case, segments, given), _held(published.saving, given)]
    if "tariffs" in given.get("inputs", {}):
        checks.append(_held(money.tariffs_told, case, given["inputs"]["tariffs"]))
    if "window" in given:
        checks.append(_held(published.window, case, given["window"]))
    if first_come is not None:
        checks.append(_held(published.baseline, first_come))
    if after is not None:
        checks.append(_held(published.handed_on, case, segments, after))
    it = float(case.of("it_kw").sum())
    pue = float(case.of("facility_kw").sum()) / it if it > 0 else math.nan
    return Verification(tuple(checks), pue, figures.get("pue_plant", math.nan))


def _held(law, *given) -> Check:
    """The law's check; a plan the models refuse outright breaks the law that asked them."""
    try:
        return law(*given)
    except GreenDCError as error:
        name = law.__name__.replace("_", " ")
        return sentences(name, [str(error)], unit="faults", law=(law.__doc__ or "").strip())


def _audit(case: Case) -> xr.Dataset | Check:
    try:
        return audit_plant(case.plan, study=case.study, weather=case.weather, step_h=case.step_h)
    except GreenDCError as error:
        return sentences(
            "overhead table against the nonlinear plant",
            [str(error)],
            unit="faults",
            law="The plant can carry the plan's IT power at its setpoints.",
        )


def _replayed(case: Case) -> xr.Dataset | None:
    """The plan's replay, None where it cannot be replayed."""
    with suppress(GreenDCError):
        return simulate(case.plan, study=case.study, weather=case.weather, step_h=case.step_h)
    return None


def _plant_figures(case: Case, audit: xr.Dataset, replayed: xr.Dataset | None) -> dict[str, float]:
    it = float(case.of("it_kw").sum()) * case.step_h
    water = float(np.sum(audit["water_l"].values))
    overhead = float(audit["overhead_plant_kw"].sum()) * case.step_h
    figures = {"pue_plant": 1 + overhead / it, "water_l": water, "wue": water / it}
    if replayed is not None:  # what cannot be replayed has no share: every target on it is missed
        green = float((replayed["renewable_direct_kw"] + replayed["discharge_green_kw"]).sum())
        figures["renewable_share_plant"] = green / float(replayed["facility_kw"].sum())
    return figures
