"""The day plan as a mixed-integer linear programme.

Sets: node n, slot t (length h hours), pool p = clusters of one GPU type and size at one node, setpoint
mode k of a node, line i of the plant's convex overhead table, job j, placement c of a job.

The laws, in the order they are added (each equation number stands in the module named):

=====  =================================================================  ==================
1-3    every job once; GPUs of a pool; gangs into whole clusters           serve.py
4-8    IT power by mode; overhead; one mode; dwell; rate of change         plant.py
9-15   power balance; renewables; green and grey stocks; battery; grid     power.py
16-17  fleet PUE; renewable share                                          targets.py
18     cost                                                                cost.py
=====  =================================================================  ==================

Every flow is >= 0 and its direction is in its name. Weather enters as data only: the overhead table
comes from the nonlinear plant, so setpoint times load is no longer bilinear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pulp
import xarray as xr

from energy.planner import cost, plant, power, serve, targets
from energy.planner.placements import Placements
from energy.planner.solver import ModelArrays, model_arrays, new_problem


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """The declared problem, its variables by name, and its arrays.

    ``column``: for each named variable block an array of column numbers in the model (-1 where the
    block has no variable there). ``stages``: cost vectors of the three objectives. ``terms``: cost
    vector and constant of every cost term [CNY].
    """

    problem: pulp.LpProblem
    arrays: ModelArrays
    column: dict[str, np.ndarray]
    undone_gpu_h: np.ndarray
    missed_kwh: np.ndarray
    cost_cny: np.ndarray
    cost_constant_cny: float
    terms: dict[str, tuple[np.ndarray, float]]


class Variables:
    """Declares variables block by block and remembers their columns."""

    def __init__(self, problem: pulp.LpProblem) -> None:
        self._problem = problem
        self.every: list[pulp.LpVariable] = []
        self.block: dict[str, np.ndarray] = {}

    def add(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        upper: np.ndarray | float | None = None,
        lower: np.ndarray | float = 0.0,
        binary: bool = False,
        where: np.ndarray | None = None,
    ) -> np.ndarray:
        """An object array of variables ``lower <= v <= upper``; None where ``where`` is false."""
        block = np.full(shape, None, dtype=object)
        low = np.broadcast_to(lower, shape)
        high = None if upper is None else np.broadcast_to(upper, shape)
        for number, place in enumerate(np.ndindex(*shape)):
            if where is not None and not where[place]:
                continue
            if binary:
                variable = self._problem.add_variable(f"{name}_{number}", 0, 1, cat=pulp.LpBinary)
            else:
                bound = None if high is None or not np.isfinite(high[place]) else float(high[place])
                variable = self._problem.add_variable(f"{name}_{number}", float(low[place]), bound)
            block[place] = variable
            self.every.append(variable)
        self.block[name] = block
        return block

    def columns(self) -> dict[str, np.ndarray]:
        """Column numbers of every block, -1 where there is no variable."""
        position = {variable.name: column for column, variable in enumerate(self.every)}
        return {
            name: np.array([-1 if v is None else position[v.name] for v in block.ravel()], dtype=int).reshape(
                block.shape
            )
            for name, block in self.block.items()
        }


def build_problem(
    inputs: xr.Dataset, placements: Placements, *, demand_charge: bool = True
) -> PlanProblem:
    """Declare the whole day plan over the given placements.

    Parameters
    ----------
    inputs
        The planner's Dataset (:mod:`energy.inputs`).
    placements
        The columns jobs may choose from.
    demand_charge
        Whether the month's peak is charged (it is, unless a study of its value says otherwise).
    """
    problem = new_problem("greendc_day_plan")
    variables = Variables(problem)

    serve.declare(variables, inputs, placements)
    plant.declare(variables, inputs)
    power.declare(variables, inputs)
    targets.declare(variables)

    serve.add_every_job_once(problem, variables, placements)
    serve.add_pool_capacity(problem, variables, inputs, placements)
    serve.add_whole_clusters(problem, variables, inputs, placements)

    plant.add_it_by_mode(problem, variables, inputs, placements)
    plant.add_overhead(problem, variables, inputs, placements)
    plant.add_one_mode(problem, variables)
    plant.add_dwell(problem, variables, inputs)
    plant.add_rate_limit(problem, variables, inputs)

    power.add_balance(problem, variables, inputs)
    power.add_renewable_split(problem, variables, inputs)
    power.add_stocks(problem, variables, inputs)
    power.add_battery_limits(problem, variables, inputs)
    power.add_stock_return(problem, variables, inputs)
    power.add_peak(problem, variables, inputs)
    power.add_no_export_while_importing(problem, variables, inputs)

    targets.add_pue(problem, variables, inputs)
    targets.add_renewable_share(problem, variables, inputs)

    arrays = model_arrays(problem, variables.every)
    terms = {
        name: arrays.costs_of(expression)
        for name, expression in cost.cost_terms(variables, inputs, demand_charge=demand_charge).items()
    }
    return PlanProblem(
        problem=problem,
        arrays=arrays,
        column=variables.columns(),
        undone_gpu_h=arrays.costs_of(serve.undone_gpu_h(variables, inputs, placements))[0],
        missed_kwh=arrays.costs_of(targets.missed_kwh(variables))[0],
        cost_cny=sum(vector for vector, _ in terms.values()),
        cost_constant_cny=sum(constant for _, constant in terms.values()),
        terms=terms,
    )
