"""Steps of other lengths, what the state carries in, and how a verification is told."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energy.simulate import audit_plant
from energy.state import RunningJob
from energy.steps import hours_share
from energy.verify.case import Case, base_it_kw, reserved_gpus
from energy.verify.jobs import durations
from energy.verify.money import cost_terms, energies
from energy.verify.plant import setpoint_rate
from energy.workload.jobs import Job

_spec = importlib.util.spec_from_file_location("verify_made", Path(__file__).with_name("test_verify_made.py"))
_made = importlib.util.module_from_spec(_spec)
sys.modules["verify_made"] = _made  # dataclasses look their module up
_spec.loader.exec_module(_made)
OPENS, SLOTS, TIME, failed, hours = _made.OPENS, _made.SLOTS, _made.TIME, _made.failed, _made.hours


@pytest.fixture(scope="module")
def made():
    return _made.make_plan()


@pytest.mark.parametrize(
    ("step_h", "row"), [(1.0, [0, 1, 0, 0]), (0.5, [1, 0, 0, 0]), (2.0, [0, 0, 0.5, 0.5]), (1.5, [0, 1 / 3, 2 / 3, 0])]
)
def test_a_step_is_the_mean_of_its_hours(step_h, row):
    steps = TIME[0] + np.arange(2) * np.timedelta64(round(step_h * 3600), "s")
    share = hours_share(steps, step_h, TIME[:4])
    np.testing.assert_allclose(share[1], row, atol=1e-12)
    np.testing.assert_allclose(share.sum(axis=1), 1.0, atol=1e-12)


def case_of(made, *, step_h: float) -> Case:
    steps = round(SLOTS / step_h)
    time = TIME[0] + np.arange(steps) * np.timedelta64(round(step_h * 3600), "s")
    plan = made.plan().isel(time=np.zeros(steps, dtype=int)).assign_coords(time=time)
    plan.attrs["step_h"] = step_h
    return Case(plan, made.study, made.weather, made.jobs, made.state, step_h, 1e-6)


def test_inference_over_a_long_step_keeps_its_largest_hour_and_draws_its_mean(made):
    case = case_of(made, step_h=4.0)  # alpha's inference takes 8 GPUs from 06:00 on
    np.testing.assert_array_equal(reserved_gpus(case)["alpha/bigx8"], [0, 8, 8])
    np.testing.assert_array_equal(reserved_gpus(case)["beta/small"], [4, 4, 4])
    np.testing.assert_allclose(base_it_kw(case)[0], [24.8, 24.8 + 1.2, 24.8 + 2.4], rtol=1e-12)
    np.testing.assert_allclose(base_it_kw(case)[1], [11.2] * 3, rtol=1e-12)


@pytest.mark.parametrize("step_h", [0.5, 2.0])
def test_the_plant_is_asked_at_hourly_weather_whatever_the_step(made, step_h):
    hourly = made.plan()
    hourly["it_kw"][:], hourly["setpoint_degc"][:] = 30.0, 20.0
    hourly["it_kw"].values[1] = 12.0
    other = case_of(made, step_h=step_h).plan.copy(deep=True)
    other["it_kw"].values[:] = [[30.0], [12.0]]
    other["setpoint_degc"].values[:] = 20.0
    fine = audit_plant(hourly, study=made.study, weather=made.weather, step_h=1.0)
    mean = audit_plant(other, study=made.study, weather=made.weather, step_h=step_h)
    for name in ("overhead_plant_kw", "cooling_kw"):
        here = mean[name].values.sum(axis=1) * step_h
        np.testing.assert_allclose(here, fine[name].values.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(mean["water_l"].values.sum(axis=1), fine["water_l"].values.sum(axis=1), rtol=1e-12)
    assert mean["water_l"].values[1].sum() > 0  # beta has a tower


def test_figures_do_not_depend_on_how_the_hours_are_cut(made):
    whole = case_of(made, step_h=1.0)
    plan = made.plan()
    halves = TIME[0] + np.arange(2 * SLOTS) * np.timedelta64(1800, "s")
    plan = plan.isel(time=np.repeat(np.arange(SLOTS), 2)).assign_coords(time=halves)
    half = replace(whole, plan=plan.assign_attrs(step_h=0.5), step_h=0.5)
    whole = replace(whole, plan=made.plan())
    for figures in (cost_terms, energies):
        expected = figures(whole)
        assert figures(half) == pytest.approx(expected, rel=1e-12)
        assert sum(value > 0 for value in expected.values()) == len(expected)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("does not cover", {"weather": lambda w: w.isel(time=slice(0, -1))}),
        ("does not cover", {"weather": lambda w: w.isel(time=slice(1, None))}),
        ("not hourly", {"weather": lambda w: w.isel(time=[0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11])}),
        ("no weather of node beta", {"weather": lambda w: w.isel(node=[0])}),
        ("steps are not all 1 h", {"plan": lambda p: p.isel(time=[0, 1, 2, 4])}),
        ("step_h is None", {"plan": lambda p: p.drop_attrs()}),
        ("nodes are not the study's", {"plan": lambda p: p.isel(node=[1, 0])}),
        ("pools are not the study's", {"plan": lambda p: p.isel(pool=[0])}),
        ("carbon_kg_per_kwh has dims", {"plan": lambda p: p.assign(carbon_kg_per_kwh=p["it_kw"].isel(time=0))}),
        ("no column cap", {"segments": lambda s: s.drop(columns="cap")}),
        ("has no time zone", {"segments": lambda s: s.assign(start=s["start"].dt.tz_localize(None))}),
    ],
)
def test_what_cannot_be_checked_is_said(made, fault, change):
    weather = change.get("weather", lambda w: w)(made.weather)
    plan = change.get("plan", lambda p: p)(made.plan())
    segments = change.get("segments", lambda s: s)(made.segments())
    result = replace(made, weather=weather).check(plan, segments)
    assert failed(result) == ["plan complete"] and len(result.checks) == 1
    assert fault in result.worst().where


def with_running(made, job_id: str, cluster: str, **values):
    """One more running job, carried in by the state, starting with the window."""
    node = cluster.split("/")[0]
    job = Job(
        job_id=job_id,
        gpu_type="big",
        gpus=8,
        duration_h=20,
        state="running",
        remaining_h=12,
        started=OPENS - hours(8),
        nodes=(node,),
        **values,
    )
    running = (*made.state.running, RunningJob(job=job, node=node, cluster=cluster))
    return replace(
        made,
        jobs=(*made.jobs, job),
        state=replace(made.state, running=running),
        starts={**made.starts, job_id: (cluster, 0)},
    )


def test_inference_leaves_running_gangs_their_cluster(made):
    stays = with_running(made, "stays", "alpha/bigx8/3")
    assert failed(stays.check()) == []
    second = replace(stays, starts={**stays.starts, "half": ("alpha/bigx8/2", 6)})  # the one inference takes instead
    result = second.check()
    assert failed(result) == ["cluster capacity"]
    assert result.worst().where.startswith("alpha/bigx8/2 2026-07-15 06:00")


@pytest.mark.parametrize("place", [{"node": "gamma"}, {"cluster": "beta/gone"}])
def test_a_state_of_another_fleet_is_a_finding_and_no_crash(made, place):
    """The job it holds is neither run nor can be told to have had room."""
    running = (replace(made.state.running[0], **place),)
    starts = {name: where for name, where in made.starts.items() if name != "running"}
    check = replace(made, state=replace(made.state, running=running), starts=starts).check()
    (finding,) = [c for c in check.checks if c.name == "running jobs"]
    assert not finding.ok
    assert "which the study does not have" in finding.where


def test_a_running_job_may_be_dropped_only_where_nothing_leaves_it_room(made):
    full = made
    for number in (1, 2, 3):  # three clusters, one of which inference needs from 06:00 on
        full = with_running(full, f"gang{number}", f"alpha/bigx8/{number}")
    starts = {"running": ("beta/small", 0), "gang1": ("alpha/bigx8/1", 0), "gang2": ("alpha/bigx8/2", 0)}
    assert failed(replace(full, starts=starts).check()) == []
    starts = {"running": ("beta/small", 0), "gang2": ("alpha/bigx8/2", 0), "gang3": ("alpha/bigx8/3", 0)}
    assert failed(replace(full, starts=starts).check()) == ["cluster capacity", "running jobs"]


def test_without_a_state_stocks_are_the_study_s_and_the_first_setpoint_is_free(made):
    jobs = tuple(job for job in made.jobs if job.state == "pending")
    early = np.array([[20.0] + [24.0] * 11, [18.0] * SLOTS])
    starts = {name: place for name, place in made.starts.items() if name != "running"}
    cold = replace(made, jobs=jobs, state=None, starts=starts, setpoints=early)
    result = cold.check()
    assert failed(result) == ["battery account"]
    off = next(check for check in result.checks if check.name == "battery account")
    assert off.worst == pytest.approx(0.999 * (60 - 20), rel=1e-9)  # the study starts with 20 kWh grey, none green


def test_a_setpoint_the_study_no_longer_has_binds_nothing(made):
    gone = replace(made.state.nodes["alpha"], setpoint_degc=30.0, setpoint_held_h=0.0)
    state = replace(made.state, nodes={**made.state.nodes, "alpha": gone})
    assert failed(replace(made, state=state).check()) == []


def test_deadlines_are_asked_of_the_plan_only(made):
    late = tuple(replace(j, deadline=OPENS + hours(3)) if j.job_id == "whole" else j for j in made.jobs)
    late = replace(made, jobs=late)
    assert failed(late.check()) == ["deadlines"]
    assert failed(late.check(deadlines=False)) == []


def test_a_power_the_plant_cannot_carry_is_a_broken_law_not_a_crash(made):
    plan = made.plan()
    plan["it_kw"].values[0, 0] = np.nan
    result = made.check(plan)
    assert not result.clean
    assert "overhead table against the nonlinear plant" in failed(result)
    told = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert told["clean"] is False and told["pue"] is None
    assert {check["name"]: check["worst"] for check in told["checks"]}["facility power"] is None


def test_the_worst_check_and_the_number_of_breaches_are_told(made):
    plan = made.plan()
    plan["import_kw"].values[1, 3:6] += [0.1, 0.3, 0.2]
    worst = made.check(plan).worst()
    assert (worst.name, worst.ok, worst.unit) == ("power balance", False, "kW")
    assert worst.worst == pytest.approx(0.3, rel=1e-9)
    assert worst.where == "beta 2026-07-15 04:00 (and 2 more)"


def test_rate_and_grid_of_starts_count_in_hours(made):
    case = case_of(made, step_h=0.5)
    case.plan["setpoint_degc"].values[0] = [20.0] * 12 + [25.0] * 12  # 5 K at once: 5 K in an hour, which is allowed
    assert setpoint_rate(case).ok
    case.plan["setpoint_degc"].values[0] = [20.0] * 12 + [23.0] + [26.0] * 11  # two moves of 3 K in an hour
    rate = setpoint_rate(case)
    assert not rate.ok and rate.worst == pytest.approx(1.0, rel=1e-9)
    segments = made.segments()
    segments["start"] += pd.Timedelta(minutes=30)
    segments["end"] += pd.Timedelta(minutes=30)
    jobs = tuple(replace(job, deadline=None) for job in made.jobs)
    segments["slack_h"], segments["deadline"] = np.nan, pd.NaT
    segments = segments[segments["job_id"] == "half"]
    assert durations(replace(case, jobs=jobs), segments).ok  # half past is on the grid of half hours
    on_hours = durations(replace(case, jobs=jobs, step_h=1.0, plan=made.plan()), segments)
    assert not on_hours.ok and on_hours.worst == pytest.approx(0.5) and "starts between steps" in on_hours.where
