"""Every law of the model, alone on a two-node, three-slot window, as text that is read and agreed.

To renew after an intended change: GREENDC_WRITE_GOLDEN=1 pytest tests/energy/planner, then read the diff.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import numpy as np
import pytest

from energy.planner import cost, plant, power, serve, targets
from energy.planner.placements import all_placements
from energy.planner.problem import Variables
from energy.planner.solver import model_arrays, new_problem

GOLDEN = Path(__file__).parents[2] / "golden"
BLOCKS = (serve, plant, power, targets)
LAWS = {name: (block, law) for block in BLOCKS for name, law in vars(block).items() if name.startswith("add_")}


def declared(inputs):
    problem, placements = new_problem("toy"), all_placements(inputs)
    variables = Variables(problem)
    serve.declare(variables, inputs, placements)
    plant.declare(variables, inputs)
    power.declare(variables, inputs)
    targets.declare(variables)
    return problem, variables, placements


def text_of(problem, variables) -> str:
    """Rows sorted by name, terms by variable, coefficients to nine digits: the same under every PuLP."""
    arrays = model_arrays(problem, variables.every)
    names = [variable.name for variable in variables.every]
    lines = []
    for row, name in enumerate(arrays.row_names):
        span = slice(arrays.start[row], arrays.start[row + 1])
        terms = sorted(zip((names[i] for i in arrays.index[span]), arrays.value[span], strict=True))
        low, high = arrays.row_lower[row], arrays.row_upper[row]
        sense = "=" if low == high else (">=" if np.isfinite(low) else "<=")
        bound = (low if np.isfinite(low) else high) + 0.0  # no negative zero
        lines.append(f"{name}: {' '.join(f'{value:+.9g} {term}' for term, value in terms)} {sense} {bound:.9g}")
    return "\n".join(sorted(lines)) + "\n"


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.lp"
    if os.environ.get("GREENDC_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} has no golden file"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(LAWS))
def test_each_law_is_the_agreed_text(toy, toy_job, name):
    # the third job makes capacity rows bind; export dear enough to buy for
    jobs = toy_job(5, 2), toy_job(8, 1), toy_job(6, 2, pools=(0,))
    inputs = toy(jobs, months=2, import_limit_kw=200.0, export_price_cny_per_kwh=[0.0, 0.7])
    problem, variables, placements = declared(inputs)
    have = {"problem": problem, "variables": variables, "inputs": inputs, "placements": placements}
    law = LAWS[name][1]
    law(**{parameter: have[parameter] for parameter in inspect.signature(law).parameters})
    text = text_of(problem, variables)
    assert text.strip(), "the law adds no row here"
    assert_golden(name, text)


def test_each_cost_term_is_the_agreed_text(toy):
    inputs = toy(months=2, carbon_cny_per_kwh=0.07)
    _, variables, _ = declared(inputs)
    lines = []
    for name, expression in cost.cost_terms(variables, inputs).items():
        terms = sorted((variable.name, value) for variable, value in expression.items() if value)
        lines.append(f"{name}: {' '.join(f'{v:+.9g} {n}' for n, v in terms)} {expression.constant:+.9g}")
    assert_golden("cost_terms", "\n".join(lines) + "\n")


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.lp")} == {*LAWS, "cost_terms"}
