"""From the linear relaxation to a packed schedule, and from there to a better one.

:func:`dive` fixes the jobs the relaxation is sure of, re-solves, and goes on until every job has a
cluster. :func:`improve` is ruin and recreate with annealing: a few jobs are taken out and put back where
the whole plan gets cheapest, each schedule judged by the exact value of its energy plan
(:class:`energy.planner.energy_cost.EnergyCost`). :func:`settle` then decides setpoints and battery in
whole numbers. What they find is judged by bounds they have no part in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from energy.planner.board import Board
from energy.planner.energy_cost import EnergyCost
from energy.planner.placements import Placements
from energy.planner.problem import PlanProblem
from energy.planner.solver import ModelArrays, ResidentRelaxation, solve

SURE = 0.99  # a placement the relaxation chooses this far is fixed
FIX_SHARE = 0.1  # of the undecided jobs, fixed per round beside the sure ones
MOST_TAKEN_OUT = 10  # jobs per ruin
BLINK = 0.05  # chance that a recreate overlooks a place
HOT, COLD = 3e-4, 5e-6  # first and last temperature, as shares of the schedule's cost


@dataclass(frozen=True, slots=True)
class Schedule:
    """A packed, solved plan: job -> column, job -> cluster id, and the model's values."""

    column_of: dict[int, int]
    cluster_of: dict[int, str]
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Window:
    """What the search works on: the inputs, the columns, the declared problem and the weighted model."""

    inputs: xr.Dataset
    placements: Placements
    problem: PlanProblem
    model: ModelArrays
    seed: int

    @property
    def x(self) -> np.ndarray:
        return self.problem.column["x"]

    def weighted(self, values: np.ndarray) -> float:
        """The weighted objective at ``values``."""
        return float(self.model.cost @ values) + self.model.offset

    def binary_point(self, column_of: dict[int, int]) -> np.ndarray:
        """Zero everywhere but at the chosen placements and the jobs without one."""
        point = np.zeros(self.model.columns)
        for job in range(self.inputs.sizes["job"]):
            chosen = job in column_of
            point[self.x[column_of[job]] if chosen else self.problem.column["unserved"][job]] = 1.0
        return point

    def job_columns(self) -> np.ndarray:
        """Model columns of all placements and of all unserved flags."""
        return np.concatenate([self.x, self.problem.column["unserved"]])


def dive(window: Window, board: Board, *, left: Callable[[], float]) -> None:
    """Round the relaxation in steps onto the board: fix, re-solve, fix; jobs without room stay off it."""
    resident = ResidentRelaxation(window.model)
    inputs, x, unserved = window.inputs, window.x, window.problem.column["unserved"]
    running, size = inputs["job_running"].values, inputs["job_gpus"].values * inputs["job_slots"].values
    open_jobs = set(range(inputs.sizes["job"])) - board.column_of.keys()
    values, price = np.zeros(window.model.columns), np.zeros(window.model.columns)
    while open_jobs:
        found = resident.solve(time_limit_s=left())
        if found is not None:
            values, price = found.values, found.reduced_cost
        weight = {job: float(values[x[board.columns_of[job]]].max(initial=0.0)) for job in open_jobs}
        # decided first: running jobs (they cannot move), then by how sure the relaxation is, then by size
        order = sorted(open_jobs, key=lambda j: (not running[j], -round(min(weight[j], SURE), 6), -size[j], j))
        sure = sum(weight[job] >= SURE or running[job] for job in order)
        count = len(order) if found is None else max(sure, 1 + int(FIX_SHARE * len(order)))
        fixed: list[int] = []
        at: list[float] = []
        for job in order[:count]:
            columns, clusters = board.places(job)
            if len(columns):
                best = np.lexsort((columns, price[x[columns]], -np.round(values[x[columns]], 6)))[0]
                board.put(job, int(columns[best]), int(clusters[best]))
            open_jobs.discard(job)
            chosen = board.column_of.get(job, -1)
            fixed += [*x[board.columns_of[job]], unserved[job]]
            at += [float(c == chosen) for c in board.columns_of[job]] + [float(chosen < 0)]
        resident.fix(np.array(fixed), np.array(at))


def settle(window: Window, board: Board, *, gap: float, time_limit_s: float) -> Schedule | None:
    """Setpoints, battery and grid for the board's schedule; None where the limits forbid it.

    First without missing any target; only where that cannot be, with what must be missed at its weight.
    """
    point, fixed = window.binary_point(board.column_of), window.job_columns()
    lower, upper = window.model.lower.copy(), window.model.upper.copy()
    lower[fixed] = upper[fixed] = point[fixed]
    met = upper.copy()
    met[window.problem.missed_kwh > 0] = 0.0
    for limit in (met, upper):
        model = replace(window.model, lower=lower, upper=limit)
        found = solve(model, gap=gap, time_limit_s=time_limit_s, seed=window.seed)
        if found.values is not None:
            return Schedule(dict(board.column_of), board.clusters_by_name(), found.values)
    return None


def relieve(board: Board, carried: Callable[[], bool]) -> None:
    """Take jobs off the board until its load can be carried, where most is asked beyond what is sure."""
    while not board.sure and not carried() and board.relieve():
        pass


def serve(board: Board, energy: EnergyCost, *, floor: float, rounds: int, seed: int, left: Callable[[], float]) -> None:
    """Leave less undone: take a few jobs out and put them back, ``rounds`` times; the board ends at the best.

    Parameters
    ----------
    floor
        Cost of undone work below which nothing can be found.
    left
        Seconds left; the search also stops at zero.
    """
    rng = np.random.default_rng(seed)
    now = best = board.undone_cost
    kept = board.snapshot()
    # a step back of a middling job is taken now and then at first, hardly ever at the end
    patience = 0.1 * board.middling_cost
    since = 0
    for number in range(rounds):
        if best <= floor + 1e-6 or since > rounds / 3 or left() <= 0.0:
            break
        since += 1
        undo = _ruin_and_recreate(board, energy, rng)
        better = board.undone_cost <= now + patience * (1 - number / rounds) * rng.exponential()
        if better and (board.sure or np.isfinite(energy.at(board.load_kw)[0])):
            now = board.undone_cost
            if now < best - 1e-6:
                best, kept, since = now, board.snapshot(), 0
        else:
            undo()
    board.restore(kept)


def improve(
    board: Board,
    energy: EnergyCost,
    *,
    goal: float,
    goal_missed_kwh: float,
    rounds: int,
    seed: int,
    left: Callable[[], float],
    report: Callable[[float], None],
) -> float:
    """Make the plan cheaper with no more undone: ruin and recreate under annealing; ends at the best found.

    Parameters
    ----------
    goal, goal_missed_kwh
        Weighted objective and missed energy at which to stop: cheap enough does not excuse a missed target.
    rounds
        How often; the temperature falls geometrically from HOT to COLD over them.
    left
        Seconds left; the search also stops at zero.

    Returns
    -------
    float
        Weighted objective of the best schedule, its setpoints relaxed.
    """
    rng = np.random.default_rng(seed)
    now = best = energy.at(board.load_kw)[0] + board.undone_cost
    missed = energy.missed_kwh
    undone, kept, scale = board.undone_cost, board.snapshot(), abs(now - board.undone_cost)
    for number in range(rounds):
        if (best <= goal and missed <= goal_missed_kwh + 1e-6) or left() <= 0.0:
            break
        undo = _ruin_and_recreate(board, energy, rng)
        accept_below = now + scale * HOT * (COLD / HOT) ** (number / rounds) * rng.exponential()
        trial = np.inf
        if board.undone_cost <= undone + 1e-6 and energy.estimate(board.load_kw) + board.undone_cost < accept_below:
            trial = energy.at(board.load_kw)[0] + board.undone_cost
        if trial < accept_below:
            now, undone = trial, board.undone_cost
            if now < best - 1e-6:
                best, kept, missed = now, board.snapshot(), energy.missed_kwh
                report(best)
        else:
            undo()
    board.restore(kept)
    return best


def _ruin_and_recreate(board: Board, energy: EnergyCost, rng: np.random.Generator) -> Callable[[], None]:
    """Take some jobs out and put them back; what is returned undoes it."""
    out = _ruin(board, rng)
    before = [(job, board.column_of[job], board.cluster_of[job]) for job in out if job in board.column_of]
    for job, _, _ in before:
        board.take_out(job)
    _recreate(board, energy, out, rng)

    def undo() -> None:
        for job in out:
            board.take_out(job)
        for place in before:
            board.put(*place)

    return undo


def _ruin(board: Board, rng: np.random.Generator) -> list[int]:
    """Jobs to take out: one by chance or one left over, and some that share its GPU type and its hours."""
    jobs = board.movable
    missing = [job for job in jobs if job not in board.column_of]
    first = int(rng.choice(missing if missing and rng.random() < 0.7 else jobs))
    count = int(rng.integers(1, MOST_TAKEN_OUT + 1)) if rng.random() < 0.7 or missing else 1
    if count == 1:
        return [first]
    column = board.column_of.get(first)
    if column is None:  # nowhere yet: look around one of the places it may take
        column = int(rng.choice(board.columns_of[first]))
    others = [job for job in jobs if job != first and job in board.column_of]
    near = np.array([board.nearness(column, board.column_of[job]) for job in others])
    drawn = np.argsort(-near * rng.random(len(near)) ** 0.5, kind="stable")[: count - 1]
    return [first, *(others[d] for d in drawn), *(job for job in missing if job != first)]


def _recreate(board: Board, energy: EnergyCost, out: list[int], rng: np.random.Generator) -> None:
    """Put jobs back one by one, largest first or in a random order, each where the plan gets cheapest."""
    order = sorted(out, key=board.size) if rng.random() < 0.6 else list(rng.permutation(out))
    for job in order:
        columns, clusters = board.places(int(job))
        if len(columns) > 1:
            seen = rng.random(len(columns)) >= BLINK
            columns, clusters = (columns[seen], clusters[seen]) if seen.any() else (columns, clusters)
        if len(columns):
            cost = board.scores(int(job), columns, energy)
            best = int(np.argmin(cost))
            board.put(int(job), int(columns[best]), int(clusters[best]))
