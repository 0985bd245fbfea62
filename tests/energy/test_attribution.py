"""Where the saving comes from: the parts sum to the whole, and a lever that is not there saves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from energy.attribution import LEVERS, attribute_saving, switch_levers
from energy.baselines import first_come_first_served
from energy.config import load_study
from energy.day import DayRequest, plan_day
from energy.inputs import build_inputs
from energy.kpis import plan_kpis
from energy.planner.result import plan_of
from energy.planner.stages import plan_window
from energy.workload.jobs import Job
from weather import open_weather
from weather.conventions.timeaxis import time_axis

SPECS = {"alpha": "climate", "beta": "climate"}


def _costs(split: dict) -> dict[tuple[bool, ...], float]:
    return {tuple(row[name] for name in LEVERS): row["cost_cny"] for row in split["combinations"]}


@pytest.fixture(scope="module")
def window(study_file) -> SimpleNamespace:
    """Six hours of the small study with three jobs."""
    study = load_study(study_file)
    jobs = [
        Job(job_id="a", gpu_type="big", gpus=8, duration_h=3),
        Job(job_id="b", gpu_type="big", gpus=4, duration_h=2, release=datetime(2026, 7, 14, 17, tzinfo=UTC)),
        Job(job_id="c", gpu_type="small", gpus=6, duration_h=4),
    ]
    time = time_axis(date(2026, 7, 15), horizon_h=6.0)
    weather = open_weather(SPECS, [node.node() for node in study.nodes], time=time, seed=7)
    inputs = build_inputs(study, weather, jobs, time=time, step_h=1.0)
    return SimpleNamespace(jobs=jobs, inputs=inputs, baseline=first_come_first_served(inputs, jobs))


def test_the_parts_sum_to_the_whole(published):
    summary = published.read("summary.json")
    split, saved = summary["attribution"], summary["baseline"]["cost_cny"] - summary["kpis"]["cost_cny"]
    parts = sum(split[f"{name}_cny"] for name in LEVERS)
    assert split["total_cny"] == pytest.approx(saved, abs=1e-6)
    assert parts - split["targets_cny"] == pytest.approx(saved, abs=1e-6)
    assert split["targets_cny"] >= 0


def test_all_levers_off_is_first_come_first_served(published):
    summary = published.read("summary.json")
    assert _costs(summary["attribution"])[(False, False, False)] == pytest.approx(
        summary["baseline"]["cost_cny"], rel=1e-12
    )


def test_more_levers_are_never_dearer(published):
    costs = _costs(published.read("summary.json")["attribution"])
    assert len(costs) == 8
    for on, also in product(costs, repeat=2):
        if all(b or not a for a, b in zip(on, also, strict=True)):
            assert costs[also] <= costs[on] + 1e-9


def test_the_parts_are_shapley_values(published):
    """By the other formula: marginal savings weighted by how many levers are on before (1/3, 1/6, 1/6, 1/3)."""
    split = published.read("summary.json")["attribution"]
    costs = _costs(split)
    for number, name in enumerate(LEVERS):
        value = 0.0
        for others in product((False, True), repeat=2):
            without = (*others[:number], False, *others[number:])
            having = (*others[:number], True, *others[number:])
            value += (costs[without] - costs[having]) * (1 / 6 if sum(others) == 1 else 1 / 3)
        assert split[f"{name}_cny"] == pytest.approx(value, abs=1e-9)


def test_a_battery_that_is_not_there_saves_nothing(study_file, edited_study, window):
    text = study_file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines(keepends=True) if line.startswith("battery = "))
    study = load_study(edited_study((line, "")))
    request = DayRequest(
        start=datetime(2026, 7, 15), horizon_h=6.0, step_h=1.0, seed=7, gap=0.005, time_limit_s=30.0, strict=False,
        attribution=True,
    )  # fmt: skip
    split = plan_day(study, window.jobs, request, weather_specs=SPECS).summary["attribution"]
    assert split["battery_cny"] == pytest.approx(0.0, abs=1e-6)
    assert split["setpoint_cny"] + split["placement_cny"] - split["targets_cny"] == pytest.approx(split["total_cny"])
    without = plan_day(study, window.jobs, replace(request, attribution=False), weather_specs=SPECS)
    assert without.summary["attribution"] is None


def _planned(window, **levers):
    limited = switch_levers(window.inputs, window.baseline, **levers)
    outcome = plan_window(limited, gap=0.001, time_limit_s=30.0, seed=7)
    return limited, plan_of(outcome, limited, window.jobs)


def test_without_placement_every_job_stays_where_first_come_first_served_put_it(window):
    _, plan = _planned(window, placement=False, setpoint=True, battery=True)
    columns = ["job_id", "node", "start", "end"]
    expected = window.baseline.segments[columns].sort_values("job_id", ignore_index=True)
    assert plan.segments[columns].sort_values("job_id", ignore_index=True).equals(expected)
    assert plan.unserved == window.baseline.unserved


def test_without_setpoints_the_middle_one_is_kept(window):
    _, plan = _planned(window, placement=True, setpoint=False, battery=True)
    middle = np.array([20.0, 18.0])[:, None]
    assert (plan.data["setpoint_degc"].values == middle).all()


def test_without_the_battery_nothing_is_stored(window):
    _, plan = _planned(window, placement=True, setpoint=True, battery=False)
    for name in ("charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw"):
        assert float(np.abs(plan.data[name]).max()) <= 1e-9


def test_without_any_lever_the_plan_is_first_come_first_served(window):
    """Where nothing is exported, fixing all three leaves no choice and the cost is the baseline's."""
    inputs = window.inputs.assign(export_limit_kw=("node", np.zeros(2)))
    baseline = first_come_first_served(inputs, window.jobs)
    limited = switch_levers(inputs, baseline, placement=False, setpoint=False, battery=False)
    outcome = plan_window(limited, gap=0.0, time_limit_s=30.0, seed=7)
    cost = plan_kpis(plan_of(outcome, limited, window.jobs), limited)["cost_cny"]
    assert cost == pytest.approx(plan_kpis(baseline, inputs)["cost_cny"], rel=1e-6)


def test_switching_levers_changes_no_input_in_place(window):
    before = window.inputs.copy(deep=True)
    for on in product((False, True), repeat=3):
        switch_levers(window.inputs, window.baseline, **dict(zip(LEVERS, on, strict=True)))
    assert window.inputs.identical(before)


def test_every_combination_is_reported_once(window):
    told = []
    outcome = plan_window(window.inputs, gap=0.01, time_limit_s=30.0, seed=7)
    cost = plan_kpis(plan_of(outcome, window.inputs, window.jobs), window.inputs)["cost_cny"]
    split = attribute_saving(
        window.inputs, window.jobs, window.baseline, plan=outcome, plan_cost_cny=cost, gap=0.01, time_limit_s=30.0,
        seed=7, report=told.append,
    )  # fmt: skip
    assert len(told) == len(set(told)) == 8
    assert told[0] == "baseline"
    assert told[-1] == "placement+setpoint+battery"
    assert sum(split[f"{name}_cny"] for name in LEVERS) - split["targets_cny"] == pytest.approx(split["total_cny"])
