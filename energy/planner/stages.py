"""From inputs to a proven plan: three objectives in order, each with its bound.

1. serve the jobs (GPU-hours left undone),  2. miss the targets least (kWh),  3. least cost (CNY).

Each stage takes the value reached by the one before as a limit. A stage whose least conceivable value
(zero, or the linear relaxation's) is reached by the schedule at hand is proven without a search.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from energy.planner.packing_check import assign_clusters
from energy.planner.placements import Placements, all_placements
from energy.planner.problem import PlanProblem, build_problem
from energy.planner.solver import ModelArrays, Solve, relative_gap, solve
from energy.planner.start import schedule_by_preference
from weather.conventions.errors import SolverFailed

MISS_PENALTY_CNY_PER_KWH = 100.0  # only orders the search for a first schedule; never in a published cost
SERVED_TOLERANCE = 1e-6  # GPU-hours
MISS_TOLERANCE_SHARE = 1e-4  # of the window's facility energy: how closely a missed target is held in stage 3

Progress = Callable[[str, float, float, float], None]  # stage, incumbent, bound, seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """One objective's outcome: value reached, proven bound, gap, seconds, and how it was proven."""

    name: str
    value: float
    bound: float
    seconds: float
    status: str

    @property
    def gap(self) -> float:
        return relative_gap(self.value, self.bound)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The chosen placements and the solved energy plan.

    ``column_of``: job -> placement column; ``cluster_of``: job -> cluster id; ``values``: the whole model's
    solution; ``stages``: the three objectives in order.
    """

    problem: PlanProblem
    placements: Placements
    column_of: dict[int, int]
    cluster_of: dict[int, str]
    values: np.ndarray
    stages: tuple[Stage, ...]
    status: str
    seconds: dict[str, float] = field(default_factory=dict)


def plan_window(
    inputs: xr.Dataset,
    *,
    gap: float = 0.005,
    time_limit_s: float = 120.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Outcome:
    """Plan the window: all placements generated, three stages solved, gangs packed into clusters.

    Raises
    ------
    SolverFailed
        When HiGHS ends without any feasible plan (for instance where import limits cannot carry the
        reserved load).
    """
    clock = _Clock(time_limit_s)
    placements = all_placements(inputs)
    problem = build_problem(inputs, placements)
    clock.mark("build")
    search = _Search(inputs, placements, problem, clock, seed=seed, gap=gap, progress=progress)
    stages = [search.serve_jobs(), search.miss_targets_least(), search.least_cost()]
    status = "optimal" if stages[-1].gap <= gap and all(s.status != "limit" for s in stages[:2]) else "time_limit"
    return Outcome(
        problem=problem,
        placements=placements,
        column_of=search.column_of,
        cluster_of=search.cluster_of,
        values=search.values,
        stages=tuple(stages),
        status=status,
        seconds=dict(clock.phases),
    )


class _Clock:
    """The time budget and where it went."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s
        self._last = time.monotonic()
        self.phases: dict[str, float] = {}

    def left(self, share: float = 1.0) -> float:
        return max(0.0, self._end - time.monotonic()) * share

    def mark(self, phase: str) -> float:
        now = time.monotonic()
        spent, self._last = now - self._last, now
        self.phases[phase] = self.phases.get(phase, 0.0) + spent
        return spent


class _Search:
    """The state of one solve: the model with the limits set so far, and the best plan at hand."""

    def __init__(self, inputs, placements, problem, clock, *, seed, gap, progress) -> None:
        self.inputs, self.placements, self.problem = inputs, placements, problem
        self.clock, self.seed, self.gap, self.progress = clock, seed, gap, progress
        self.model: ModelArrays = problem.arrays
        self.column_of: dict[int, int] = {}
        self.cluster_of: dict[int, str] = {}
        self.values: np.ndarray | None = None
        self._x = problem.column["x"]

    # ------------------------------------------------------------------------------------ stage 1
    def serve_jobs(self) -> Stage:
        """GPU-hours left undone; zero is reached in most windows by taking starts that leave nothing."""
        undone = self.problem.unserved_gpu_h
        price = self.placements.left_gpu_h * 1e6 + self.placements.first
        first = schedule_by_preference(
            self.inputs, self.placements, weight=np.zeros(len(self.placements)), price=price
        )
        reached = float(undone @ self._binary_point(first))
        if reached <= SERVED_TOLERANCE:
            self._forbid(undone > 0)
            return Stage("served", 0.0, 0.0, self.clock.mark("served"), "optimal")
        start = self._energy_plan(first, self.model, objective=self.problem.missed_kwh)
        model = replace(self.model, cost=undone)
        found = solve(
            model,
            gap=1e-4,
            time_limit_s=self.clock.left(0.4),
            start=None if start is None else start.values,
            seed=self.seed,
            progress=self._report("served"),
        )
        if found.values is None:
            raise SolverFailed(_no_plan(found))
        best = min(found.objective, reached if start is not None else math.inf)
        self.model = self.model.with_row("stage_served", undone, 0.0, best + SERVED_TOLERANCE)
        self._adopt(found.values)
        status = "optimal" if found.status == "optimal" else "limit"
        return Stage("served", best, max(0.0, found.bound), self.clock.mark("served"), status)

    # ------------------------------------------------------------------------------------ stage 2
    def miss_targets_least(self) -> Stage:
        """Energy by which the targets are missed; proven at once where the relaxation's value is reached."""
        missed = self.problem.missed_kwh
        floor = solve(replace(self.model, cost=missed), relax=True, time_limit_s=self.clock.left(0.3))
        if floor.status == "infeasible":
            raise SolverFailed(_no_plan(floor))
        allowed = self._miss_tolerance()
        low = max(0.0, floor.bound) if floor.values is not None else 0.0
        self.clock.mark("missed")
        self._first_plan(limit=low)
        reached = float(missed @ self.values)
        bound, status = low, "optimal"
        if reached > low + allowed:
            found = solve(
                replace(self.model, cost=missed),
                gap=1e-3,
                time_limit_s=self.clock.left(0.5),
                start=self.values,
                seed=self.seed,
                progress=self._report("missed"),
            )
            if found.values is not None and found.objective < reached:
                self._adopt(found.values)
                reached = float(missed @ self.values)
            bound = max(low, found.bound)
            status = "optimal" if reached <= bound + allowed else "limit"
        limit = reached + (allowed if reached > 1e-6 else 1e-6)
        self.model = self.model.with_row("stage_missed", missed, 0.0, limit)
        return Stage("missed", reached, min(bound, reached), self.clock.mark("missed"), status)

    # ------------------------------------------------------------------------------------ stage 3
    def least_cost(self) -> Stage:
        """Cost, from the schedule at hand; the gap is what the published plan misses the bound by."""
        model = replace(self.model, cost=self.problem.cost_cny, offset=self.problem.cost_constant_cny)
        found = solve(
            model,
            gap=self.gap * 0.5,
            time_limit_s=self.clock.left(),
            start=self.values,
            seed=self.seed,
            progress=self._report("cost"),
        )
        bound = max(found.bound, self._cost_floor)
        if found.values is not None and found.objective < self._cost(self.values) - 1e-9:
            self._adopt(found.values)
        self.values = self._polished(model, self.values)
        value = self._cost(self.values)
        status = "optimal" if relative_gap(value, bound) <= self.gap else "limit"
        return Stage("cost", value, min(bound, value), self.clock.mark("cost"), status)

    # ------------------------------------------------------------------------------------- pieces
    def _first_plan(self, *, limit: float) -> None:
        """Relax cost with the targets held, round it into clusters, solve the energy part exactly."""
        cost = self.problem.cost_cny
        missed = self.problem.missed_kwh
        held = self.model.with_row("hold", missed, 0.0, limit + self._miss_tolerance())
        relaxed = solve(
            replace(held, cost=cost, offset=self.problem.cost_constant_cny),
            relax=True,
            time_limit_s=self.clock.left(0.4),
        )
        self.clock.mark("relaxation")
        self._cost_floor = relaxed.bound
        if relaxed.values is None:
            weight, price = np.zeros(len(self.placements)), self.placements.first.astype(float)
        else:
            weight, price = relaxed.values[self._x], relaxed.reduced_cost[self._x]
        forbidden = self.model.upper[self._x] <= 0
        price = np.where(forbidden, 1e12, price)
        candidate = schedule_by_preference(self.inputs, self.placements, weight=weight, price=price)
        served = float(self.problem.unserved_gpu_h @ self._binary_point(candidate))
        before = math.inf
        if self.values is not None:
            before = float(self.problem.unserved_gpu_h @ self.values)
        if served <= min(before, self._served_limit()) + SERVED_TOLERANCE:
            found = self._energy_plan(candidate, self.model, objective=None)
            if found is not None and found.values is not None:
                self._adopt(found.values)
        self.clock.mark("first plan")
        if self.values is None:
            raise SolverFailed(
                "No plan was found: jobs can be placed, but the nodes' import limits, plant ratings or setpoint "
                "rules cannot carry them. Raise node.grid.import_limit_kw or node.cooling.rated_heat_kw in the "
                "study, or plan fewer jobs."
            )

    def _served_limit(self) -> float:
        rows = [i for i, name in enumerate(self.model.row_names) if name == "stage_served"]
        return float(self.model.row_upper[rows[0]]) if rows else 0.0

    def _energy_plan(self, chosen: dict[int, int], model: ModelArrays, *, objective) -> Solve | None:
        """Setpoints, battery and grid with the jobs fixed; targets by penalty, then cost."""
        point = self._binary_point(chosen)
        fixed = np.concatenate([self._x, self.problem.column["unserved"]])
        lower, upper = model.lower.copy(), model.upper.copy()
        lower[fixed] = upper[fixed] = point[fixed]
        cost = objective
        if cost is None:
            cost = self.problem.cost_cny + MISS_PENALTY_CNY_PER_KWH * self.problem.missed_kwh
        found = solve(
            replace(model, cost=cost, lower=lower, upper=upper),
            gap=min(1e-3, self.gap / 5),
            time_limit_s=self.clock.left(0.25),
            seed=self.seed,
        )
        return found if found.values is not None else None

    def _adopt(self, values: np.ndarray) -> None:
        """Take a solution of the model as the plan at hand, packed into clusters (repaired where needed)."""
        x = values[self._x]
        chosen = {int(self.placements.job[c]): int(c) for c in np.flatnonzero(x > 0.5)}
        packed = assign_clusters(self.inputs, self.placements, chosen)
        if packed is None:
            weight = np.where(x > 0.5, 1.0, 0.0)
            price = np.where(self.model.upper[self._x] <= 0, 1e12, np.abs(self._shift(chosen)))
            repaired = schedule_by_preference(self.inputs, self.placements, weight=weight, price=price)
            undone = float(self.problem.unserved_gpu_h @ self._binary_point(repaired))
            if undone > self._served_limit() + SERVED_TOLERANCE and self.values is not None:
                return
            packed = assign_clusters(self.inputs, self.placements, repaired)
            found = self._energy_plan(repaired, self.model, objective=None)
            if packed is None or found is None:
                return
            if self.values is not None and self._worse(found.values, self.values):
                return
            values, chosen = found.values, repaired
        self.values, self.column_of, self.cluster_of = values, chosen, packed

    def _worse(self, new: np.ndarray, old: np.ndarray) -> bool:
        keys = [self.problem.unserved_gpu_h, self.problem.missed_kwh, self.problem.cost_cny]
        for key, tolerance in zip(keys, (SERVED_TOLERANCE, self._miss_tolerance(), 0.0), strict=True):
            if abs(float(key @ (new - old))) > tolerance:
                return float(key @ (new - old)) > 0
        return True

    def _shift(self, chosen: dict[int, int]) -> np.ndarray:
        """How far each column starts from the start its job was given [slots]."""
        wanted = np.full(self.inputs.sizes["job"], 0)
        for job, column in chosen.items():
            wanted[job] = self.placements.first[column]
        return self.placements.first - wanted[self.placements.job]

    def _polished(self, model: ModelArrays, values: np.ndarray) -> np.ndarray:
        """The energy part once more as an LP at rounded binaries, overhead exactly on the plant's table."""
        lower, upper = model.lower.copy(), model.upper.copy()
        whole = np.round(values[model.integer])
        lower[model.integer] = upper[model.integer] = whole
        exact, columns = self._overhead_on_table(values)
        lower[columns] = upper[columns] = exact
        found = solve(replace(model, lower=lower, upper=upper, integer=np.zeros_like(model.integer)))
        if found.values is None or model.residual(found.values) > 1e-5:
            raise SolverFailed(
                "The plan could not be settled at whole decisions; this is a fault of greendc, please report it."
            )
        return found.values

    def _overhead_on_table(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        column, inputs = self.problem.column, self.inputs
        place = np.argwhere(column["y"] >= 0)
        node, slot, mode = place.T
        on = np.round(values[column["y"][node, slot, mode]])
        base, add = inputs["base_it_kw"].values.copy(), inputs["job_add_kw"].values
        chosen = np.flatnonzero(values[self._x] > 0.5)
        for c in chosen:
            n = inputs["pool_node"].values[self.placements.pool[c]]
            base[n, self.placements.first[c] : self.placements.last[c]] += add[self.placements.job[c]]
        lines = (
            inputs["line_intercept_kw"].values[node, mode, :, slot]
            + inputs["line_slope"].values[node, mode, :, slot] * base[node, slot][:, None]
        )
        return on * lines.max(axis=1), column["overhead"][node, slot, mode]

    def _binary_point(self, chosen: dict[int, int]) -> np.ndarray:
        """Zero everywhere but at the chosen placements and the jobs without one."""
        point = np.zeros(self.problem.arrays.columns)
        for job in range(self.inputs.sizes["job"]):
            where = self._x[chosen[job]] if job in chosen else self.problem.column["unserved"][job]
            point[where] = 1.0
        return point

    def _forbid(self, columns: np.ndarray) -> None:
        upper = self.model.upper.copy()
        upper[columns] = 0.0
        self.model = replace(self.model, upper=upper)

    def _cost(self, values: np.ndarray) -> float:
        return float(self.problem.cost_cny @ values) + self.problem.cost_constant_cny

    def _miss_tolerance(self) -> float:
        energy = float(self.inputs["base_it_kw"].sum()) * float(self.inputs.attrs["step_h"])
        return MISS_TOLERANCE_SHARE * energy

    def _report(self, stage: str):
        if self.progress is None:
            return None
        return lambda incumbent, bound, seconds: self.progress(stage, incumbent, bound, seconds)


def _no_plan(found: Solve) -> str:
    return (
        f"HiGHS found no feasible plan (state: {found.status}). The reserved load alone may exceed an import limit "
        "or a plant rating: compare node.grid.import_limit_kw and node.cooling.rated_heat_kw with the node's load, "
        "or raise --time-limit."
    )
