"""From inputs to a proven plan.

Three objectives in order: 1. serve the jobs (GPU-hours left undone), 2. miss the targets least (kWh),
3. least cost (CNY). The search runs on their weighted sum - an undone GPU-hour and a missed kWh weigh
many times what they could save - so that it need not start over at each stage. The proof does not rely
on the weights: each stage's bound is the least value it can have *given what the published plan reaches
in the stages before*, from the linear relaxation or, where it is stronger, HiGHS's own bound.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from energy.planner.board import Board, fill_early, possible
from energy.planner.clusters import assign_clusters
from energy.planner.energy_cost import EnergyCost
from energy.planner.placements import Placements, all_placements
from energy.planner.plant import load_limits_kw
from energy.planner.problem import PlanProblem, build_problem
from energy.planner.search import Schedule, Window, dive, improve, relieve, serve, settle
from energy.planner.solver import ModelArrays, Solve, relative_gap, solve
from weather.conventions.errors import SolverFailed

SERVE_ROUNDS_PER_JOB = 30  # rounds of the search for room
ROUNDS_PER_JOB = 40  # rounds of the search for savings, and the most of them
MOST_ROUNDS = 6000
ATTEMPTS = 3  # searches at most, each from the one before; with a wider margin while a target within reach is missed
BRANCH_PLACEMENTS = 4000  # above, branch and bound gains less in the time than it costs
RELAXATION_SHARE = 0.4  # of the time limit, for the first relaxation
SEARCH_SHARE = 0.55  # of the time limit, after which the search for savings ends: the rest is for the proof
LEAST_PROOF_S = 15.0  # a stage's bound is looked for at least so long, even past the time limit
ROUNDING = 1e-6  # relative, on what later stages may not worsen

Progress = Callable[[str, float, float, float], None]  # phase, incumbent, bound, seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """One objective: value reached, proven lower bound, whether the bound is met within the gap asked."""

    name: str
    value: float
    bound: float
    status: str

    @property
    def gap(self) -> float:
        return relative_gap(self.value, self.bound)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The chosen placements and the solved energy plan.

    ``column_of``: job -> placement column; ``cluster_of``: job -> cluster id; ``values``: the whole model's
    solution; ``stages``: the three objectives in order; ``seconds``: where the time went.
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
    start: Outcome | None = None,
    rounds_per_job: int = ROUNDS_PER_JOB,
    prove: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Plan the window over all placements, to a proven gap.

    Parameters
    ----------
    inputs
        The window (:mod:`energy.inputs`).
    gap
        Relative gap of the cost stage to prove.
    time_limit_s
        Wall clock for the whole search [s].
    seed
        Of the neighbourhoods and of HiGHS: same inputs, seed and versions give the same plan unless the
        clock ends the search.
    start
        A plan of the same jobs on the same pools whose schedule to begin from, instead of the relaxation's.
    rounds_per_job
        Length of the search.
    prove
        False leaves out branch and bound and the stages' bounds, for what-if figures beside a proven plan.

    Raises
    ------
    SolverFailed
        When no feasible plan exists or none is found (for instance where an import limit cannot carry
        the reserved load).
    """
    clock = _Clock(time_limit_s)
    tell = _Teller(progress, clock)
    placements = possible(inputs, all_placements(inputs))
    problem = build_problem(inputs, placements)
    model, early = weighted_model(inputs, placements, problem)
    window = Window(inputs, placements, problem, model, seed)
    clock.mark("declare")
    relaxed = solve(model, relax=True, time_limit_s=clock.before(RELAXATION_SHARE))
    if relaxed.values is None and relaxed.status == "infeasible":
        raise SolverFailed(_no_plan(relaxed.status, inputs))
    bound, goal = -math.inf, -math.inf  # too large to relax in the time: searched all the same, without a goal
    if relaxed.values is not None:
        bound = relaxed.objective
        goal = bound + 0.9 * gap * abs(float(problem.cost_cny @ relaxed.values) + problem.cost_constant_cny)
    clock.mark("relaxation")
    tell("first schedule", math.inf, bound)
    board = _board(inputs, placements, model.upper[window.x] > 0)
    if start is not None:
        board.put_named(start.column_of, start.cluster_of)
    elif relaxed.values is not None:
        dive(window, board, left=lambda: clock.left(0.5))
    clock.mark("first schedule")
    rounds = min(rounds_per_job * inputs.sizes["job"], MOST_ROUNDS)
    best = _searched(window, board, early, relaxed, rounds=rounds, goal=goal, clock=clock, tell=tell)
    small = len(placements) <= BRANCH_PLACEMENTS
    if prove and small and window.weighted(best.values) > goal and clock.left() > 1.0:
        best, bound = _branch(window, best, bound, gap, clock, tell)
        clock.mark("branch and bound")
    best = replace(best, values=polished(window, best.values))
    stages = _prove(window, best.values, bound, gap, clock) if prove else ()
    clock.mark("proof")
    status = "optimal" if stages and all(stage.status == "proven" for stage in stages) else "feasible"
    return Outcome(
        problem, placements, best.column_of, best.cluster_of, best.values, stages, status, dict(clock.phases)
    )


# ---------------------------------------------------------------------------------------------- search
def missed_cny_per_kwh(inputs: xr.Dataset) -> float:
    """Weight of a missed kWh in the search: what a kWh can cost where it also sets the month's peak."""
    peak = float(inputs["demand_price_cny_per_kw_month"].max()) / float(inputs.attrs["step_h"])
    return float((inputs["price_cny_per_kwh"] + inputs["carbon_cny_per_kwh"]).max()) + peak


def undone_cny_per_gpu_h(inputs: xr.Dataset) -> float:
    """Weight of a GPU-hour left undone in the search: forty times what its energy costs, all of it missed."""
    kw_per_gpu = (inputs["job_add_kw"].values / inputs["job_gpus"].values).max(initial=0.0)
    return 40.0 * missed_cny_per_kwh(inputs) * float(kw_per_gpu)


def _board(inputs: xr.Dataset, placements: Placements, allowed: np.ndarray) -> Board:
    return Board(inputs, placements, allowed=allowed, undone_cny_per_gpu_h=undone_cny_per_gpu_h(inputs))


def weighted_model(inputs, placements: Placements, problem: PlanProblem) -> tuple[ModelArrays, dict]:
    """The weighted objective, and the schedule that places jobs as early as they fit.

    Where that schedule leaves nothing undone and can be carried for certain, no optimum of the first objective
    leaves anything: placements that would are taken out of the model.
    """
    undone = problem.undone_gpu_h
    cost = problem.cost_cny + missed_cny_per_kwh(inputs) * problem.missed_kwh + undone_cny_per_gpu_h(inputs) * undone
    model = replace(problem.arrays, cost=cost, offset=problem.cost_constant_cny)
    board = _board(inputs, placements, np.ones(len(placements), dtype=bool))
    fill_early(board)
    if not board.sure:
        return model, board.snapshot()
    if board.undone_cost <= 1e-6:
        return replace(model, upper=np.where(undone > 0, 0.0, model.upper)), board.snapshot()
    upper = model.upper.copy()  # running jobs come first on the early board: those that fit are not dropped
    stays = [job for job in np.flatnonzero(inputs["job_running"].values) if job in board.column_of]
    upper[problem.column["unserved"][stays]] = 0.0
    return replace(model, upper=upper), board.snapshot()


def _searched(
    window: Window, board: Board, early: dict, relaxed: Solve, *, rounds: int, goal: float, clock: _Clock, tell
) -> Schedule:
    """The dive's schedule - or the early one where that leaves less undone - first completed, then improved."""
    energy = EnergyCost(window.model, window.job_columns(), board.load_kw.shape)
    energy.at(board.load_kw)
    dived, undone = board.snapshot(), board.undone_cost
    board.restore(early)
    if undone <= board.undone_cost:
        board.restore(dived)
    relieve(board, lambda: bool(np.isfinite(energy.at(board.load_kw)[0])))
    jobs, bound = window.inputs.sizes["job"], -math.inf if relaxed.values is None else relaxed.objective
    floor = 0.0
    if relaxed.values is not None:
        floor = undone_cny_per_gpu_h(window.inputs) * float(window.problem.undone_gpu_h @ relaxed.values)
    serve(
        board,
        energy,
        floor=floor,
        rounds=SERVE_ROUNDS_PER_JOB * jobs,
        seed=window.seed,
        left=lambda: clock.left(0.5),
    )
    clock.mark("serving")
    least_missed, margin, best = _goal_missed_kwh(window, relaxed), 0.0, None
    for attempt in range(ATTEMPTS):
        improve(
            board,
            energy,
            goal=goal,
            goal_missed_kwh=least_missed,
            rounds=rounds,
            seed=window.seed + attempt,
            left=lambda: clock.before(SEARCH_SHARE),
            report=lambda value: tell("improving", value, bound),
        )
        clock.mark("improving")
        schedule = settle(window, board, gap=1e-4, time_limit_s=max(10.0, clock.left(0.5)))
        while schedule is None and board.relieve():  # whole setpoints and their moves carry a little less
            schedule = settle(window, board, gap=1e-4, time_limit_s=max(10.0, clock.left(0.5)))
        clock.mark("setpoints")
        if schedule is None:
            raise SolverFailed(_no_plan("no setpoints found for any schedule", window.inputs))
        missed = float(window.problem.missed_kwh @ schedule.values)
        within_reach = missed > 1e-6 and least_missed == 0.0
        # a target within reach that is missed by ever so little is worse than any cost
        rank = (within_reach, window.weighted(schedule.values))
        if best is None or rank < best[0]:
            best = rank, schedule
        if best[0] <= (False, goal) or clock.before(SEARCH_SHARE) <= 0.0:
            break
        if within_reach:
            # whole setpoints lose a little of what the relaxed ones reach: search on with that as a margin
            margin += 1.5 * missed
            energy.tighten(margin)
    return best[1]


def _goal_missed_kwh(window: Window, relaxed: Solve) -> float:
    """None where the relaxation meets the targets; else a hundredth above what the relaxation misses."""
    least = 0.0 if relaxed.values is None else float(window.problem.missed_kwh @ relaxed.values)
    return 0.0 if least <= 1e-6 else 1.01 * least


def _branch(window, best: Schedule, bound: float, gap: float, clock: _Clock, tell) -> tuple[Schedule, float]:
    """Branch and bound on the whole model from the schedule at hand, for what time is left."""
    cost = float(window.problem.cost_cny @ best.values) + window.problem.cost_constant_cny
    found = solve(
        window.model,
        gap=0.9 * gap * abs(cost) / max(1.0, abs(window.weighted(best.values))),
        time_limit_s=clock.left(0.95),
        start=best.values,
        seed=window.seed,
        progress=lambda incumbent, low, _: tell("branch and bound", incumbent, max(low, bound)),
    )
    bound = max(bound, found.bound) if math.isfinite(found.bound) else bound
    if found.values is not None and window.weighted(found.values) < window.weighted(best.values) - 1e-6:
        x = found.values[window.x]
        chosen = {int(window.placements.job[c]): int(c) for c in np.flatnonzero(x > 0.5)}
        clusters = assign_clusters(window.inputs, window.placements, chosen)
        if clusters is not None:
            best = Schedule(chosen, clusters, found.values)
    return best, bound


def polished(window: Window, values: np.ndarray) -> np.ndarray:
    """The energy part once more as an LP at whole decisions, overhead exactly on the plant's table."""
    model = window.model
    lower, upper = model.lower.copy(), model.upper.copy()
    whole = np.round(values[model.integer])
    lower[model.integer] = upper[model.integer] = whole
    exact, columns = _overhead_on_table(window, values)
    lower[columns] = upper[columns] = exact
    found = solve(replace(model, lower=lower, upper=upper, integer=np.zeros_like(model.integer)))
    if found.values is None or model.residual(found.values) > 1e-5:
        raise SolverFailed(
            "The plan could not be settled at whole decisions; this is a fault of greendc, please report it."
        )
    return found.values


def _overhead_on_table(window: Window, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Overhead of each (node, slot, mode) at the chosen placements, and its columns."""
    column, inputs, place = window.problem.column, window.inputs, window.placements
    node, slot, mode = np.argwhere(column["y"] >= 0).T
    on = np.round(values[column["y"][node, slot, mode]])
    it = inputs["base_it_kw"].values.copy()
    for c in np.flatnonzero(values[window.x] > 0.5):
        at = inputs["pool_node"].values[place.pool[c]]
        it[at, place.first[c] : place.last[c]] += inputs["job_add_kw"].values[place.job[c]]
    intercept = inputs["line_intercept_kw"].values[node, mode, :, slot]
    slope = inputs["line_slope"].values[node, mode, :, slot]
    lines = intercept + slope * it[node, slot][:, None]
    return on * lines.max(axis=1), column["overhead"][node, slot, mode]


# ----------------------------------------------------------------------------------------------- proof
def _prove(window: Window, values: np.ndarray, bound: float, gap: float, clock: _Clock) -> tuple[Stage, ...]:
    """The three stages with their bounds, each given what the plan reaches in the stages before.

    ``bound`` is a lower bound of the weighted objective; less the published penalties it bounds the cost.
    """
    problem = window.problem
    undone, missed = float(problem.undone_gpu_h @ values), float(problem.missed_kwh @ values)
    cost = float(problem.cost_cny @ values) + problem.cost_constant_cny
    model = replace(problem.arrays, offset=0.0)
    small = len(window.placements) <= BRANCH_PLACEMENTS
    start = values if small else None
    least_undone = _least(model, problem.undone_gpu_h, undone, clock, start=start)
    model = model.with_row("served", problem.undone_gpu_h, 0.0, undone + ROUNDING * max(1.0, undone))
    least_missed = _least(model, problem.missed_kwh, missed, clock, interior=True, start=start)
    model = model.with_row("missed", problem.missed_kwh, 0.0, missed + ROUNDING * max(1.0, missed))
    penalties = undone_cny_per_gpu_h(window.inputs) * undone + missed_cny_per_kwh(window.inputs) * missed
    short = undone > 1e-6 or missed > 1e-6  # the two rows then couple everything, and simplex crawls
    relaxed_cost = _least(model, problem.cost_cny, math.inf, clock, interior=short) + problem.cost_constant_cny
    least_cost = max(relaxed_cost, bound - penalties)
    return (
        _stage("served", undone, least_undone, gap * max(1.0, undone)),
        _stage("missed", missed, least_missed, gap * max(1.0, missed)),
        _stage("cost", cost, least_cost, gap * abs(cost)),
    )


def _least(
    model: ModelArrays,
    objective: np.ndarray,
    reached: float,
    clock: _Clock,
    *,
    interior: bool = False,
    start: np.ndarray | None = None,
) -> float:
    """Lower bound of an objective by linear relaxation, or by branch and bound from a ``start`` where that says more;
    -inf without one; 0 is known where 0 is reached."""
    if reached <= 1e-6:
        return 0.0
    model = replace(model, cost=objective)
    found = solve(model, relax=True, interior=interior, time_limit_s=max(LEAST_PROOF_S, clock.left()))
    if start is None or found.bound >= reached - 1e-6 or clock.left() <= 1.0:
        return found.bound
    whole = solve(model, gap=1e-6, time_limit_s=clock.left(0.5), start=start)
    return max(found.bound, whole.bound) if math.isfinite(whole.bound) else found.bound


def _stage(name: str, value: float, bound: float, allowed: float) -> Stage:
    value = 0.0 if abs(value) < 1e-6 else value
    if not math.isfinite(bound):
        bound = -math.inf  # no proof is no bound
    elif bound > value + 1e-5 * max(1.0, abs(value)):
        raise SolverFailed(
            f"The bound of the stage {name} ({bound:.9g}) lies above the value of the plan ({value:.9g}): one of them "
            "is wrong. This is a fault of greendc or of the solver, please report it."
        )
    bound = min(bound, value)
    return Stage(name, value, bound, "proven" if value - bound <= allowed else "limit")


# ---------------------------------------------------------------------------------------- bookkeeping
class _Clock:
    """The time budget and where it went."""

    def __init__(self, limit_s: float) -> None:
        self.began = time.monotonic()
        self._end = self.began + limit_s
        self._last = self.began
        self.phases: dict[str, float] = {}

    def left(self, share: float = 1.0) -> float:
        return max(0.0, self._end - time.monotonic()) * share

    def before(self, share: float) -> float:
        """Seconds left until that share of the limit has gone."""
        return max(0.0, self.began + share * (self._end - self.began) - time.monotonic())

    def mark(self, phase: str) -> None:
        now = time.monotonic()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self._last
        self._last = now


class _Teller:
    """Passes progress on with the seconds since the search began."""

    def __init__(self, progress: Progress | None, clock: _Clock) -> None:
        self._progress, self._clock = progress, clock

    def __call__(self, phase: str, incumbent: float, bound: float) -> None:
        if self._progress is not None:
            self._progress(phase, incumbent, bound, time.monotonic() - self._clock.began)


def _no_plan(status: str, inputs: xr.Dataset) -> str:
    short = _short_without_battery(inputs)
    if status == "infeasible" or short:
        why = (
            "Every step by itself can be fed, so the likely cause is a battery that cannot bridge all the hours in "
            "which a node's reserved load needs more than its import limit and renewables bring, or cannot be filled "
            f"again by the end{': ' + '; '.join(short) if short else ''}. Raise node.grid.import_limit_kw or "
            "node.battery.energy_kwh, add renewables, or reserve less inference."
        )
    else:
        why = (
            "The time may be too short for this window: raise --time-limit, or plan fewer jobs or longer steps. If it "
            "ended long before, the study's figures differ so much in size that the solver loses its digits: check "
            "their units."
        )
    return f"No feasible plan was found (state: {status}). {why}"


def _short_without_battery(inputs: xr.Dataset) -> list[str]:
    """Nodes that lean on their battery with no job running: in how many steps, and by how much IT energy."""
    step_h, base = float(inputs.attrs["step_h"]), inputs["base_it_kw"].values
    beyond = np.maximum(base - load_limits_kw(inputs)[1], 0.0)
    return [
        f"{node} in {int((row > 1e-6).sum())} of {len(row)} steps, {row.sum() * step_h:,.0f} kWh of IT in all, "
        f"{row.max():,.0f} kW at most, against a battery of {float(held):,.0f} kWh"
        for node, row, held in zip(inputs["node"].values, beyond, inputs["battery_kwh"].values, strict=True)
        if row.max() > 1e-6
    ]
