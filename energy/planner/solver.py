"""The one place that knows PuLP and HiGHS.

A model is declared in PuLP (3.3 or 4.x, which differ in how expressions are built and handed over)
and solved by HiGHS through its own arrays. PuLP's solver classes are bypassed on purpose: they say
"Optimal" at a time limit, leave zeros after a failed solve, and hand a model over column by column.
Here the arrays go over once, a solve may start from a known solution, and the answer carries the
status, the bound and the gap that HiGHS itself reports.
"""

from __future__ import annotations

import functools
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pulp

from weather.conventions.errors import SolverFailed

try:
    import highspy
except ImportError as missing:  # pragma: no cover - highspy is a declared dependency
    raise SolverFailed(
        f"The solver HiGHS cannot be loaded: {missing}. Install it into this Python: pip install highspy"
    ) from missing

THREADS = 1  # one count for the life of a process: HiGHS refuses a change silently; 1 repeats exactly


# ---------------------------------------------------------------------------------- declaring a model
def new_problem(name: str) -> pulp.LpProblem:
    """An empty minimisation problem."""
    return pulp.LpProblem(name, pulp.LpMinimize)


def linear(terms: Sequence[tuple[float, pulp.LpVariable]], constant: float = 0.0):
    """The expression ``sum(coefficient * variable) + constant``.

    PuLP 3 takes pairs in its constructor, PuLP 4 has ``from_list``; both are many times faster than
    adding terms one by one.
    """
    pairs = [(variable, float(coefficient)) for coefficient, variable in terms if coefficient]
    if hasattr(pulp.LpAffineExpression, "from_list"):
        return pulp.LpAffineExpression.from_list(pairs, constant=float(constant))
    return pulp.LpAffineExpression(pairs, constant=float(constant))


def constrain(problem: pulp.LpProblem, name: str, expression, sense: str, bound: float) -> None:
    """Add ``expression sense bound`` with sense one of ``<=``, ``>=``, ``==``.

    Constraints go through this one helper because a comparison with a numpy scalar on the left turns
    silently into a boolean.
    """
    bound = float(bound)
    if not math.isfinite(bound):
        raise SolverFailed(f"Row {name} has the bound {bound}; a bound must be a finite number.")
    if sense == "<=":
        row = expression <= bound
    elif sense == ">=":
        row = expression >= bound
    elif sense == "==":
        row = expression == bound
    else:
        raise ValueError(f"sense must be <=, >= or ==, got {sense!r}")
    problem.addConstraint(row, name=name)


# ----------------------------------------------------------------------------------- a model as arrays
@dataclass(frozen=True, slots=True)
class ModelArrays:
    """A problem in HiGHS's own form: ``row_lower <= A x <= row_upper``, ``lower <= x <= upper``.

    ``start, index, value`` hold A by rows; ``integer`` marks integer columns; ``position`` maps a PuLP
    variable's name to its column.
    """

    cost: np.ndarray
    offset: float
    lower: np.ndarray
    upper: np.ndarray
    integer: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    start: np.ndarray
    index: np.ndarray
    value: np.ndarray
    row_names: tuple[str, ...]
    position: dict[str, int]

    @property
    def columns(self) -> int:
        return len(self.cost)

    @property
    def rows(self) -> int:
        return len(self.row_lower)

    def costs_of(self, expression) -> tuple[np.ndarray, float]:
        """Cost vector and constant of a PuLP expression over this model's columns."""
        cost = np.zeros(self.columns)
        for variable, coefficient in expression.items():
            cost[self.position[variable.name]] += coefficient
        return cost, float(expression.constant)

    def with_row(self, name: str, coefficients: np.ndarray, lower: float, upper: float) -> ModelArrays:
        """The model with one more row ``lower <= coefficients @ x <= upper``."""
        nonzero = np.flatnonzero(coefficients)
        return replace(
            self,
            row_lower=np.append(self.row_lower, lower),
            row_upper=np.append(self.row_upper, upper),
            start=np.append(self.start, len(self.index) + len(nonzero)).astype(np.int32),
            index=np.concatenate([self.index, nonzero]).astype(np.int32),
            value=np.concatenate([self.value, coefficients[nonzero]]),
            row_names=(*self.row_names, name),
        )

    def without_columns(self, dropped: np.ndarray) -> ModelArrays:
        """The model without some columns (taken as 0), and without the rows that had no others."""
        keep = np.ones(self.columns, dtype=bool)
        keep[dropped] = False
        number = np.cumsum(keep) - 1
        row_of = np.repeat(np.arange(self.rows), np.diff(self.start))
        entry = keep[self.index]
        length = np.bincount(row_of[entry], minlength=self.rows)
        rows = np.flatnonzero(length)
        return replace(
            self,
            cost=self.cost[keep],
            lower=self.lower[keep],
            upper=self.upper[keep],
            integer=self.integer[keep],
            row_lower=self.row_lower[rows],
            row_upper=self.row_upper[rows],
            start=np.append(0, np.cumsum(length[rows])).astype(np.int32),
            index=number[self.index[entry]].astype(np.int32),
            value=self.value[entry],
            row_names=tuple(self.row_names[row] for row in rows),
            position={name: int(number[column]) for name, column in self.position.items() if keep[column]},
        )

    def without_rows(self, dropped: np.ndarray) -> ModelArrays:
        """The model without some rows: a relaxation."""
        rows = np.setdiff1d(np.arange(self.rows), dropped)
        length = np.diff(self.start)
        entry = np.repeat(np.isin(np.arange(self.rows), rows), length)
        return replace(
            self,
            row_lower=self.row_lower[rows],
            row_upper=self.row_upper[rows],
            start=np.append(0, np.cumsum(length[rows])).astype(np.int32),
            index=self.index[entry],
            value=self.value[entry],
            row_names=tuple(self.row_names[row] for row in rows),
        )

    def residual(self, x: np.ndarray) -> float:
        """Largest violation of any row or bound at ``x`` (absolute)."""
        activity = np.add.reduceat(np.append(self.value * x[self.index], 0.0), self.start[:-1])
        activity[np.diff(self.start) == 0] = 0.0
        worst = 0.0
        for low, got, high in (
            (self.row_lower, activity, self.row_upper),
            (self.lower, x, self.upper),
        ):
            worst = max(worst, float(np.max(low - got, initial=0.0)), float(np.max(got - high, initial=0.0)))
        return worst


def model_arrays(problem: pulp.LpProblem, variables: Sequence[pulp.LpVariable]) -> ModelArrays:
    """Collect a PuLP problem into arrays, once, with the columns in the order of ``variables``."""
    position = {variable.name: column for column, variable in enumerate(variables)}
    if len(position) != len(variables):
        raise SolverFailed("Two variables of the model share a name; names must be unique.")
    inf = highspy.kHighsInf
    lengths, index, value, low, high, names = [0], [], [], [], [], []
    for row in problem.constraints():
        terms = row.items()
        lengths.append(len(terms))
        for variable, coefficient in terms:
            index.append(position[variable.name])
            value.append(coefficient)
        lower, upper = row.getLb(), row.getUb()
        low.append(-inf if lower is None else lower)
        high.append(inf if upper is None else upper)
        names.append(row.name)
    return ModelArrays(
        cost=np.zeros(len(variables)),
        offset=0.0,
        lower=np.array([-inf if v.lowBound is None else v.lowBound for v in variables], dtype=float),
        upper=np.array([inf if v.upBound is None else v.upBound for v in variables], dtype=float),
        integer=np.array([v.cat == pulp.LpInteger for v in variables], dtype=bool),
        row_lower=np.array(low, dtype=float),
        row_upper=np.array(high, dtype=float),
        start=np.cumsum(lengths).astype(np.int32),
        index=np.array(index, dtype=np.int32),
        value=np.array(value, dtype=float),
        row_names=tuple(names),
        position=position,
    )


# -------------------------------------------------------------------------------------------- solving
@dataclass(frozen=True, slots=True)
class Solve:
    """What one solve gave.

    ``status``: optimal (within the gap asked), feasible (stopped earlier with a solution), infeasible,
    or none (stopped without a solution). ``values`` is None unless a feasible point is at hand.
    ``bound`` is a proven lower bound of the objective (-inf if none).
    """

    status: str
    objective: float
    bound: float
    values: np.ndarray | None
    seconds: float
    row_dual: np.ndarray | None = None
    reduced_cost: np.ndarray | None = None

    @property
    def gap(self) -> float:
        """(objective - bound) / |objective|; 0 when both are 0."""
        return relative_gap(self.objective, self.bound)


def relative_gap(objective: float, bound: float) -> float:
    """(objective - bound) / |objective|, never negative; inf without a bound or a solution."""
    if not (math.isfinite(objective) and math.isfinite(bound)):
        return math.inf
    return max(0.0, objective - bound) / max(abs(objective), 1e-9)


Progress = Callable[[float, float, float], None]  # incumbent, bound, seconds since the solve began


def solve(
    model: ModelArrays,
    *,
    relax: bool = False,
    interior: bool = False,
    gap: float = 1e-6,
    time_limit_s: float = math.inf,
    start: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solve:
    """Minimise the model with HiGHS.

    Parameters
    ----------
    relax
        Drop integrality: the linear relaxation, with row duals and reduced costs.
    interior
        For a relaxation: by the interior-point method with crossover, faster on dense coupling rows.
    gap
        Relative gap at which to stop.
    time_limit_s
        Wall-clock limit in seconds; HiGHS may overrun it by the length of one linear solve.
    start
        A feasible point to begin from, shape (columns,).
    progress
        Called with (incumbent, bound, seconds) as HiGHS reports.

    Raises
    ------
    SolverFailed
        When HiGHS refuses the model or an option, or ends in an error state.
    """
    began = time.monotonic()
    if time_limit_s <= 0:
        return Solve("none", math.inf, -math.inf, None, 0.0)
    _swallow_banner()
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    options = {
        "threads": THREADS,
        "random_seed": int(seed) % 2_147_483_647,
        "mip_rel_gap": float(gap),
        "mip_abs_gap": 1e-7,
    }
    if interior:
        options["solver"] = "ipm"
    if math.isfinite(time_limit_s):
        options["time_limit"] = float(time_limit_s)
    for name, setting in options.items():
        if highs.setOptionValue(name, setting) != highspy.HighsStatus.kOk:
            raise SolverFailed(f"HiGHS {highs.version()} refused the option {name} = {setting}.")
    if highs.passModel(_highs_lp(model, relax=relax)) == highspy.HighsStatus.kError:
        raise SolverFailed("HiGHS refused the model; this is a fault of greendc, please report it.")
    if start is not None and not relax:
        columns = np.arange(model.columns, dtype=np.int32)
        highs.setSolution(model.columns, columns, np.asarray(start, dtype=float))
    _watch(highs, began, time_limit_s, progress)
    highs.run()
    return _answer(highs, model, relax=relax, seconds=time.monotonic() - began)


@functools.cache
def _swallow_banner() -> None:
    """Make the first HiGHS of the process with standard output closed: it greets there, once, unasked."""
    sys.stdout.flush()
    saved, devnull = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 1)
        highspy.Highs()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(devnull)


def _highs_lp(model: ModelArrays, *, relax: bool) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.columns, model.rows
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.offset_ = model.offset
    lp.sense_ = highspy.ObjSense.kMinimize
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = model.columns, model.rows
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = model.start, model.index, model.value
    if not relax and model.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in model.integer]
    return lp


def _watch(highs: highspy.Highs, began: float, time_limit_s: float, progress: Progress | None) -> None:
    """Let HiGHS report, and stop it at the limit wherever it asks whether it should."""

    def interrupt(event) -> None:
        if time.monotonic() - began > time_limit_s:
            event.interrupt()

    def report(event) -> None:
        data = event.data_out
        progress(data.mip_primal_bound, data.mip_dual_bound, time.monotonic() - began)

    highs.cbMipInterrupt += interrupt
    highs.cbSimplexInterrupt += interrupt
    if progress is not None:
        highs.cbMipLogging += report


def _answer(highs: highspy.Highs, model: ModelArrays, *, relax: bool, seconds: float) -> Solve:
    status = highs.getModelStatus()
    info = highs.getInfo()
    states = highspy.HighsModelStatus
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return Solve("infeasible", math.inf, math.inf, None, seconds)
    if status in (states.kLoadError, states.kModelError, states.kSolveError, states.kPresolveError):
        raise SolverFailed(f"HiGHS ended in the state '{highs.modelStatusToString(status)}'.")
    feasible = info.primal_solution_status == 2  # HiGHS: 2 = a feasible point is at hand
    integer_model = not relax and bool(model.integer.any())
    values = np.array(highs.getSolution().col_value) if feasible else None
    objective = float(info.objective_function_value) if feasible else math.inf
    relaxed_bound = objective if status == states.kOptimal else -math.inf
    bound = float(info.mip_dual_bound) if integer_model else relaxed_bound
    if not feasible:
        return Solve("none", math.inf, bound if integer_model else -math.inf, None, seconds)
    name = "optimal" if status == states.kOptimal else "feasible"
    if integer_model:
        return Solve(name, objective, bound, values, seconds)
    solution = highs.getSolution()
    return Solve(
        name, objective, bound, values, seconds, np.array(solution.row_dual), np.array(solution.col_dual)
    )


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Optimum of a resident relaxation: value, point, duals of rows and reduced costs of columns."""

    objective: float
    values: np.ndarray
    row_dual: np.ndarray
    reduced_cost: np.ndarray


class ResidentRelaxation:
    """A linear relaxation kept in HiGHS, so that a change of bounds re-solves from the last basis."""

    def __init__(self, model: ModelArrays) -> None:
        _swallow_banner()
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", THREADS)
        if self._highs.passModel(_highs_lp(model, relax=True)) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS refused the model; this is a fault of greendc, please report it.")

    def fix(self, columns: np.ndarray, values: np.ndarray) -> None:
        """Fix columns at values."""
        columns = np.asarray(columns, dtype=np.int32)
        values = np.asarray(values, dtype=float)
        self._highs.changeColsBounds(len(columns), columns, values, values)

    def set_costs(self, columns: np.ndarray, costs: np.ndarray) -> None:
        """Set the objective of columns."""
        columns = np.asarray(columns, dtype=np.int32)
        self._highs.changeColsCost(len(columns), columns, np.asarray(costs, dtype=float))

    def limit_row(self, row: int, lower: float, upper: float) -> None:
        """Set the bounds of one row."""
        self._highs.changeRowBounds(int(row), float(lower), float(upper))

    def set_rows(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Set the right-hand side of equations."""
        rows = np.asarray(rows, dtype=np.int32)
        values = np.asarray(values, dtype=float)
        self._highs.changeRowsBounds(len(rows), rows, values, values)

    def solve(self, *, time_limit_s: float = math.inf) -> Relaxed | None:
        """The optimum, or None when infeasible or out of time."""
        if math.isfinite(time_limit_s):
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + max(0.01, time_limit_s))
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        objective = float(self._highs.getInfo().objective_function_value)
        parts = (np.array(part) for part in (solution.col_value, solution.row_dual, solution.col_dual))
        return Relaxed(objective, *parts)
