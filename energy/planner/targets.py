"""Fleet targets over the window, as ratios multiplied out, with a slack in energy units.

Variables: missed_pue, missed_share >= 0 [kWh].

(16) h sum facility <= pue_target h sum it + missed_pue
(17) h sum (renewable_direct + discharge_green) + missed_share >= share_target h sum facility

The slacks are minimised before cost and after the jobs are served; a target that is missed is
published as missed, by how much.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.plant import facility_terms, it_terms
from energy.planner.solver import constrain, linear


def declare(variables) -> None:
    """The two slacks."""
    variables.add("missed_pue", (1,))
    variables.add("missed_share", (1,))


def add_pue(problem, variables, inputs: xr.Dataset) -> None:
    """(16) Facility energy is at most the PUE target times IT energy."""
    step_h, target = float(inputs.attrs["step_h"]), float(inputs.attrs["pue_target"])
    terms = [(-1.0, variables.block["missed_pue"][0])]
    for node, slot in np.ndindex(*variables.block["grid_import"].shape):
        terms += [(step_h * c, v) for c, v in facility_terms(variables, inputs, node, slot)]
        terms += [(-step_h * target * c, v) for c, v in it_terms(variables, inputs, node, slot)]
    constrain(problem, "target_pue", _gathered(terms), "<=", 0)


def add_renewable_share(problem, variables, inputs: xr.Dataset) -> None:
    """(17) Green energy used is at least the target share of facility energy."""
    step_h, target = float(inputs.attrs["step_h"]), float(inputs.attrs["share_target"])
    block = variables.block
    terms = [(1.0, block["missed_share"][0])]
    for node, slot in np.ndindex(*block["grid_import"].shape):
        terms.append((step_h, block["renewable_direct"][node, slot]))
        if block["discharge_green"][node, slot] is not None:
            terms.append((step_h, block["discharge_green"][node, slot]))
        terms += [(-step_h * target * c, v) for c, v in facility_terms(variables, inputs, node, slot)]
    constrain(problem, "target_share", _gathered(terms), ">=", 0)


def missed_kwh(variables):
    """Second objective: energy by which the targets are missed, both counted alike."""
    return linear([(1, variables.block["missed_pue"][0]), (1, variables.block["missed_share"][0])])


def _gathered(terms: list):
    """The expression with each variable once."""
    total: dict[str, list] = {}
    for coefficient, variable in terms:
        entry = total.setdefault(variable.name, [0.0, variable])
        entry[0] += coefficient
    return linear([(coefficient, variable) for coefficient, variable in total.values()])
