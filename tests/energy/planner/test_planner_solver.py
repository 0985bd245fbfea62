"""The adapter: honest status, one text of the model under every PuLP, nothing on standard output."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from energy.planner.solver import (
    ResidentRelaxation,
    constrain,
    linear,
    model_arrays,
    new_problem,
    relative_gap,
    solve,
)
from weather.conventions.errors import SolverFailed


def knapsack(values=(6.0, 5.0, 4.0), weights=(3.0, 2.0, 2.0), room=4.0):
    problem = new_problem("knapsack")
    items = [problem.add_variable(f"take_{n}", 0, 1, cat="Binary") for n in range(len(values))]
    constrain(problem, "room", linear(list(zip(weights, items, strict=True))), "<=", room)
    model = model_arrays(problem, items)
    cost, constant = model.costs_of(linear([(-v, item) for v, item in zip(values, items, strict=True)], 1.0))
    return replace(model, cost=cost, offset=constant)


def test_the_optimum_its_bound_and_its_gap():
    found = solve(knapsack())
    assert (found.status, found.objective, found.bound) == ("optimal", -8.0, -8.0)
    assert found.gap == 0.0
    np.testing.assert_allclose(found.values, [0, 1, 1])


def test_the_relaxation_bounds_the_optimum_and_has_duals():
    found = solve(knapsack(), relax=True)
    assert found.objective == pytest.approx(1 - 5 - 4, abs=1e-9) or found.objective < -8.0
    assert found.objective <= -8.0
    assert found.row_dual.shape == (1,) and found.reduced_cost.shape == (3,)


def test_infeasible_is_said_and_has_no_values():
    model = knapsack()
    found = solve(replace(model, lower=np.ones(3)))
    assert found.status == "infeasible" and found.values is None and found.gap == np.inf


def test_no_time_is_no_solution_rather_than_zeros():
    found = solve(knapsack(), time_limit_s=0.0)
    assert found.status == "none" and found.values is None and found.bound == -np.inf


def test_a_start_is_taken():
    rng = np.random.default_rng(0)
    model = knapsack(tuple(rng.uniform(5, 9, 60)), tuple(rng.uniform(1, 9, 60)), 90.0)
    best = solve(model, gap=1e-9)
    seen = []
    again = solve(model, gap=1e-9, start=best.values, progress=lambda *figures: seen.append(figures))
    assert again.objective == pytest.approx(best.objective, rel=1e-9)


def test_a_refused_option_is_an_error():
    with pytest.raises(SolverFailed, match="mip_rel_gap"):
        solve(knapsack(), gap=-1.0)


def test_two_variables_of_one_name_are_an_error():
    problem = new_problem("twice")
    x = problem.add_variable("x", 0, 1)
    with pytest.raises(SolverFailed, match="share a name"):
        model_arrays(problem, [x, x])


@pytest.mark.parametrize("bound", [np.inf, -np.inf, np.nan])
def test_a_row_needs_a_finite_bound(bound):
    problem = new_problem("row")
    x = problem.add_variable("x", 0, 1)
    with pytest.raises(SolverFailed, match="finite"):
        constrain(problem, "row", linear([(1, x)]), "<=", bound)


def test_columns_taken_out_leave_the_rest_as_it_was():
    model = knapsack()
    less = model.without_columns(np.array([1]))
    assert less.columns == 2 and less.rows == 1
    np.testing.assert_array_equal(less.value, [3.0, 2.0])
    assert less.position == {"take_0": 0, "take_2": 1}
    nothing = model.without_columns(np.arange(3))
    assert nothing.columns == 0 and nothing.rows == 0


def test_a_resident_relaxation_follows_its_bounds():
    model = knapsack()
    resident = ResidentRelaxation(model)
    assert resident.solve().objective == pytest.approx(solve(model, relax=True).objective)
    resident.set_rows(np.array([0]), np.array([2.0]))  # the room is filled exactly
    assert resident.solve().objective == pytest.approx(1 - 5.0)
    resident.fix(np.array([1]), np.array([0.0]))
    assert resident.solve().objective == pytest.approx(1 - 4.0)
    resident.set_rows(np.array([0]), np.array([9.0]))
    assert resident.solve() is None


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [(100.0, 99.0, 0.01), (-100.0, -101.0, 0.01), (5.0, 6.0, 0.0), (np.inf, 1.0, np.inf), (1.0, -np.inf, np.inf)],
)
def test_the_gap(objective, bound, gap):
    assert relative_gap(objective, bound) == pytest.approx(gap)


def test_nothing_is_printed_by_the_solver():
    code = (
        "from energy.planner.solver import *\n"
        "p = new_problem('p'); x = p.add_variable('x', 0, 1, cat='Binary')\n"
        "constrain(p, 'r', linear([(1, x)]), '<=', 1)\n"
        "solve(model_arrays(p, [x]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "" and done.stderr == ""
