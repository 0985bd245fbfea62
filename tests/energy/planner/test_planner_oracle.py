"""The planner against brute force, against stock PuLP, and against what must hold when the window changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pulp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from energy.planner.placements import all_placements
from energy.planner.problem import build_problem
from energy.planner.solver import linear, solve
from energy.planner.stages import missed_cny_per_kwh, plan_window, undone_cny_per_gpu_h


def weighted(problem, inputs):
    penalty = missed_cny_per_kwh(inputs) * problem.missed_kwh + undone_cny_per_gpu_h(inputs) * problem.undone_gpu_h
    cost = problem.cost_cny + penalty
    return replace(problem.arrays, cost=cost, offset=problem.cost_constant_cny)


def matrix(model):
    return csr_array((model.value, model.index, model.start), shape=(model.rows, model.columns))


def brute_force(model, binaries) -> float:
    """Least objective over every assignment of the binaries, the rest by scipy's linear solver."""
    a, best = matrix(model), np.inf
    up, down = np.isfinite(model.row_upper), np.isfinite(model.row_lower)
    rows = np.vstack([a.toarray()[up], -a.toarray()[down]])
    limits = np.concatenate([model.row_upper[up], -model.row_lower[down]])
    for choice in product((0.0, 1.0), repeat=len(binaries)):
        lower, upper = model.lower.copy(), model.upper.copy()
        lower[binaries] = upper[binaries] = choice
        found = linprog(model.cost, A_ub=rows, b_ub=limits, bounds=np.column_stack([lower, upper]))
        if found.status == 0:
            best = min(best, found.fun + model.offset)
    return best


def objective(outcome, inputs) -> float:
    served, missed, cost = (stage.value for stage in outcome.stages)
    return cost + missed_cny_per_kwh(inputs) * missed + undone_cny_per_gpu_h(inputs) * served


def least(inputs) -> float:
    """Optimum of the weighted model, by scipy's own call of a solver on our arrays."""
    model = weighted(build_problem(inputs, all_placements(inputs)), inputs)
    found = milp(
        model.cost,
        integrality=model.integer,
        bounds=Bounds(model.lower, model.upper),
        constraints=LinearConstraint(matrix(model), model.row_lower, model.row_upper),
        options={"mip_rel_gap": 1e-9},
    )
    assert found.status == 0, found.message
    return found.fun + model.offset


@pytest.mark.parametrize(("pue_target", "months"), [(1.5, 1), (1.19, 1), (1.5, 2)])
def test_the_plan_is_what_brute_force_finds(toy, toy_job, pue_target, months):
    """One setpoint a node and no dwell: the binaries are four placements, two flags, three battery switches."""
    inputs = toy(
        (toy_job(4, 2, last_start=1, pools=(0,)), toy_job(8, 2, last_start=0)),
        mode_ok=[[True, False], [True, False]],
        initial_mode=-1,
        dwell_h=1.0,
        pue_target=pue_target,
        export_limit_kw=0.0,
        kinked=False,
        months=months,
    )
    model = weighted(build_problem(inputs, all_placements(inputs)), inputs)
    free = np.flatnonzero(model.integer & (model.lower < model.upper))
    modes = [number for name, number in model.position.items() if name.startswith("y_")]
    binaries = np.setdiff1d(free, modes)  # one mode allowed: y is 1 by law (6)
    assert len(binaries) <= 12
    found = plan_window(inputs, gap=1e-7)
    assert objective(found, inputs) == pytest.approx(brute_force(model, binaries), rel=1e-6)
    assert found.status == "optimal"


def test_the_arrays_are_the_declared_problem(toy, toy_job):
    """Solved by PuLP's own solver class from its own objects: the same optimum as from our arrays."""
    inputs = toy((toy_job(4, 2), toy_job(8, 1), toy_job(8, 2)), slots=4)
    problem = build_problem(inputs, all_placements(inputs))
    model = weighted(problem, inputs)
    ours = solve(model, gap=1e-9)
    variables = {variable.name: variable for variable in problem.problem.variables()}
    terms = [(model.cost[number], variables[name]) for name, number in model.position.items()]
    problem.problem.setObjective(linear(terms, model.offset))
    problem.problem.solve(pulp.HiGHS(msg=False, gapRel=1e-9))
    assert ours.status == "optimal"
    assert pulp.value(problem.problem.objective) == pytest.approx(ours.objective, rel=1e-6)


JOBS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3), st.floats(5.0, 60.0)),
    min_size=1,
    max_size=4,
)


@given(jobs=JOBS, share=st.sampled_from([0.0, 0.5]), pue=st.sampled_from([1.18, 1.4]))
def test_the_search_reaches_the_optimum_of_small_windows(jobs, share, pue, request):
    toy, toy_job = request.getfixturevalue("toy"), request.getfixturevalue("toy_job")
    asked = [toy_job(gpus, slots, release, release + slack, add) for gpus, slots, release, slack, add in jobs]
    inputs = toy(asked, slots=5, share_target=share, pue_target=pue, kinked=False)
    found = plan_window(inputs, gap=1e-6)
    assert objective(found, inputs) == pytest.approx(least(inputs), rel=2e-6, abs=1e-4)
    assert all(stage.bound <= stage.value + 1e-6 * max(1.0, abs(stage.value)) for stage in found.stages)
    assert found.problem.arrays.residual(found.values) <= 1e-6


CHANGES = {
    "more sun": lambda inputs: inputs.assign(available_kw=inputs["available_kw"] * 1.3),
    "a bigger battery": lambda inputs: inputs.assign(
        battery_kwh=inputs["battery_kwh"] * 2, battery_kw=inputs["battery_kw"] * 2
    ),
    "later deadlines": lambda inputs: inputs.assign(
        job_last_start=np.minimum(inputs["job_last_start"] + 2, inputs.sizes["time"] - 1)
    ),
    "a looser PUE target": lambda inputs: inputs.assign_attrs(pue_target=inputs.attrs["pue_target"] + 0.05),
    "a wider rate limit": lambda inputs: inputs.assign_attrs(setpoint_rate_k_per_h=20.0),
    "a shorter dwell": lambda inputs: inputs.assign_attrs(setpoint_dwell_h=1.0),
    "a higher peak so far": lambda inputs: inputs.assign(month_peak_kw=inputs["month_peak_kw"] + 20),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_looser_window_never_costs_more(toy, toy_job, change):
    jobs = toy_job(4, 2, 0, 1), toy_job(8, 1, 1, 2), toy_job(6, 3, 0, 0), toy_job(8, 2, 2, 3)
    inputs = toy(jobs, slots=5, pue_target=1.19, share_target=0.5)
    before, after = least(inputs), least(CHANGES[change](inputs))
    assert after <= before + 1e-6 * abs(before)
    if change == "more sun":
        assert after < before - 1.0, "sun is taken where the share is short"


def test_the_order_of_nodes_changes_nothing(toy, toy_job):
    inputs = toy((toy_job(4, 2), toy_job(8, 1), toy_job(8, 3)), slots=5, kinked=False)
    turned = inputs.isel(node=[1, 0]).assign(pool_node=("pool", 1 - inputs["pool_node"].values))
    assert least(turned) == pytest.approx(least(inputs), rel=1e-7)
    one, two = (objective(plan_window(given, gap=1e-6), given) for given in (inputs, turned))
    assert one == pytest.approx(two, rel=2e-6)


@pytest.mark.parametrize(
    ("dwell_h", "rate", "rows"),
    [
        (0.25, 3.0, 2 * (5 + 4 + 3 + 2)),  # 4 K apart: not within an hour, at lags of 1 to 4 quarters
        (1.0, 3.0, 2 * 5),  # held for an hour: no second move in it
        (0.25, 4.0, 0),  # 4 K in an hour may be moved at once
    ],
)
def test_the_rate_limit_is_of_any_hour(toy, dwell_h, rate, rows):
    inputs = toy(slots=6, step_h=0.25, dwell_h=dwell_h, rate_k_per_h=rate)
    names = build_problem(inputs, all_placements(inputs)).arrays.row_names
    assert sum(name.startswith("rate_0_") for name in names) == rows
    assert not any(name.startswith("rate_1_") for name in names)  # 2 K apart
