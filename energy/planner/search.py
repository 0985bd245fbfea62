"""From the linear relaxation to a packed schedule, and from there to a better one.

:func:`dive` fixes the jobs the relaxation is sure of, re-solves, and goes on until every job has a
cluster. :func:`improve` frees a few jobs at a time - those whose place costs most above their cheapest
at the relaxation's prices, and their neighbours - and lets HiGHS place them anew, everything else held.
Both work on one weighted objective; what they find is judged by bounds they have no part in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from energy.planner.packing_check import assign_clusters
from energy.planner.placements import Placements
from energy.planner.problem import PlanProblem
from energy.planner.solver import ModelArrays, ResidentRelaxation, Solve, solve
from energy.planner.start import Board

SURE = 0.99  # a placement the relaxation chooses this far is fixed
FIX_SHARE = 0.1  # of the undecided jobs, fixed per round beside the sure ones
NEIGHBOURS = 12  # jobs freed at a time
SUB_GAP = 5e-4
SUB_SECONDS = 3.0


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


def dive(window: Window, *, left: Callable[[], float]) -> dict[int, int]:
    """Round the relaxation in steps: fix, re-solve, fix; job -> column (jobs without room are absent)."""
    resident = ResidentRelaxation(window.model)
    board, gpus = Board(window.inputs), window.inputs["job_gpus"].values
    place, unserved = window.placements, window.problem.column["unserved"]
    columns_of = place.columns_of()
    columns_of += [np.zeros(0, dtype=int)] * (window.inputs.sizes["job"] - len(columns_of))
    open_jobs, chosen = set(range(window.inputs.sizes["job"])), {}
    forbidden = window.model.upper[window.x] <= 0
    values, price = np.zeros(window.model.columns), np.zeros(window.model.columns)
    while open_jobs:
        found = resident.solve(time_limit_s=left())
        if found is not None:
            values, price, _ = found
        weight = {job: float(values[window.x[columns_of[job]]].max(initial=0.0)) for job in open_jobs}
        # decided first: running jobs (they cannot move), then by how sure the relaxation is, then by size
        order = sorted(
            open_jobs,
            key=lambda job: (
                not window.inputs["job_running"].values[job],
                -round(min(weight[job], SURE), 6),
                -gpus[job] * window.inputs["job_slots"].values[job],
                job,
            ),
        )
        sure = [job for job in order if weight[job] >= SURE or window.inputs["job_running"].values[job]]
        count = len(order) if found is None else max(len(sure), 1 + int(FIX_SHARE * len(order)))
        fixed: list[int] = []
        at: list[float] = []
        for job in order[:count]:
            columns = columns_of[job][~forbidden[columns_of[job]]]
            column = _first_that_fits(board, place, columns, int(gpus[job]), values[window.x], price[window.x])
            open_jobs.discard(job)
            fixed += [*window.x[columns_of[job]], unserved[job]]
            at += [float(c == column) for c in columns_of[job]] + [float(column < 0)]
            if column >= 0:
                chosen[job] = column
        resident.fix(np.array(fixed), np.array(at))
    return chosen


def _first_that_fits(
    board: Board, place: Placements, columns: np.ndarray, gpus: int, weight: np.ndarray, price: np.ndarray
) -> int:
    """The best column that finds a cluster (which is then taken), or -1."""
    ranked = columns[np.lexsort((columns, price[columns], -np.round(weight[columns], 6)))]
    for column in ranked:
        first, last = int(place.first[column]), int(place.last[column])
        cluster = board.best_cluster(int(place.pool[column]), gpus, first, last)
        if cluster >= 0:
            board.take(cluster, gpus, first, last)
            return int(column)
    return -1


def settle(window: Window, column_of: dict[int, int], *, gap: float, time_limit_s: float) -> Schedule | None:
    """Setpoints, battery and grid for given placements; None where packing or the limits forbid them."""
    clusters = assign_clusters(window.inputs, window.placements, column_of)
    if clusters is None:
        return None
    point, fixed = window.binary_point(column_of), window.job_columns()
    lower, upper = window.model.lower.copy(), window.model.upper.copy()
    lower[fixed] = upper[fixed] = point[fixed]
    found = solve(replace(window.model, lower=lower, upper=upper), gap=gap, time_limit_s=time_limit_s, seed=window.seed)
    return None if found.values is None else Schedule(column_of, clusters, found.values)


def improve(
    window: Window,
    schedule: Schedule,
    *,
    price: np.ndarray,
    bound: float,
    goal: float,
    rounds: int,
    left: Callable[[], float],
    report: Callable[[float], None],
) -> Schedule:
    """Free some jobs, place them anew, keep what is better; stops at ``goal`` (weighted objective).

    Parameters
    ----------
    price
        Reduced cost of every placement at the relaxation's optimum.
    bound
        Weighted objective of the relaxation; nothing below it can be found.
    rounds
        Most neighbourhoods to try.
    left
        Seconds left.
    """
    rng = np.random.default_rng(window.seed)
    columns_of = window.placements.columns_of()
    cheapest = np.array([price[c].min(initial=0.0) if len(c) else 0.0 for c in columns_of])
    since = 0
    for _ in range(rounds):
        if window.weighted(schedule.values) <= max(goal, bound) or left() <= 0.5 or since >= 12:
            break
        freed = _neighbourhood(window, schedule, price, cheapest, rng)
        found = _replace_jobs(window, schedule, freed, time_limit_s=min(SUB_SECONDS, left()))
        better = None
        if found is not None and window.weighted(found.values) < window.weighted(schedule.values) - 1e-3:
            better = found
        since = 0 if better is not None else since + 1
        if better is not None:
            schedule = better
            report(window.weighted(schedule.values))
    return schedule


def _neighbourhood(
    window: Window, schedule: Schedule, price: np.ndarray, cheapest: np.ndarray, rng: np.random.Generator
) -> list[int]:
    """A job drawn by how much its place costs above its cheapest, and jobs that stand in its way."""
    jobs = np.array(sorted(schedule.column_of))
    columns = np.array([schedule.column_of[job] for job in jobs])
    regret = np.maximum(price[columns] - cheapest[jobs], 0.0)
    odds = regret + 0.02 * regret.max(initial=0.0) + 1e-9
    seed = int(rng.choice(len(jobs), p=odds / odds.sum()))
    place = window.placements
    span = place.first[columns], place.last[columns]
    overlap = np.minimum(span[1], span[1][seed]) - np.maximum(span[0], span[0][seed])
    kind = window.inputs["pool_gpu_type"].values[place.pool[columns]]
    near = odds / odds.mean() + 2.0 * (kind == kind[seed]) + 1.0 * (overlap > 0)
    others = np.delete(np.arange(len(jobs)), seed)
    count = min(NEIGHBOURS - 1, len(others))
    weight = near[others] / near[others].sum()
    drawn = rng.choice(others, size=count, replace=False, p=weight) if count else []
    unserved = [job for job in range(window.inputs.sizes["job"]) if job not in schedule.column_of]
    return [int(jobs[seed]), *(int(jobs[d]) for d in drawn), *unserved[:NEIGHBOURS]]


def _replace_jobs(window: Window, schedule: Schedule, freed: list[int], *, time_limit_s: float) -> Schedule | None:
    """Solve with only the freed jobs free, each choosing a cluster too; the others and the setpoints held.

    A placement x[c] of a freed job is split over the clusters q it fits beside the held jobs, x[c] =
    sum_q z[c,q], and every cluster's GPUs are kept in every slot: what comes out is packed already.
    """
    model, column, place = window.model, window.problem.column, window.placements
    board, gpus = _board_with(window, schedule, without=freed), window.inputs["job_gpus"].values
    lower, upper = model.lower.copy(), model.upper.copy()
    held = np.concatenate([column[name][column[name] >= 0].ravel() for name in ("x", "unserved", "y")])
    lower[held] = upper[held] = np.round(schedule.values[held])
    start = np.round(schedule.values[window.x])
    split: list[tuple[int, int]] = []  # (placement, cluster) of each new column
    rows: list[tuple[np.ndarray, np.ndarray, float, float]] = []
    for c in np.flatnonzero(np.isin(place.job, freed)):
        if model.upper[window.x[c]] <= 0:
            continue
        clusters = board.clusters_that_fit(
            int(place.pool[c]), int(gpus[place.job[c]]), int(place.first[c]), int(place.last[c])
        )
        lower[window.x[c]], upper[window.x[c]] = 0.0, float(len(clusters) > 0)
        if len(clusters):
            new = model.columns + len(split) + np.arange(len(clusters))
            split += [(int(c), int(q)) for q in clusters]
            rows.append((np.append(new, window.x[c]), np.append(np.ones(len(new)), -1.0), 0.0, 0.0))
    unserved = column["unserved"][np.array(freed, dtype=int)]
    lower[unserved], upper[unserved] = model.lower[unserved], model.upper[unserved]
    rows += _cluster_rows(window, board, split)
    larger = replace(model, lower=lower, upper=upper).with_binaries(len(split), rows)
    chosen_before = {(schedule.column_of[job], schedule.cluster_of[job]) for job in freed if job in schedule.column_of}
    z = [float((c, board.names[q]) in chosen_before and start[c] > 0.5) for c, q in split]
    found = solve(
        larger,
        gap=SUB_GAP,
        time_limit_s=time_limit_s,
        start=np.append(schedule.values, z),
        seed=window.seed,
    )
    if found.values is None:
        return None
    chosen = np.flatnonzero(found.values[model.columns :] > 0.5)
    kept = {job: c for job, c in schedule.column_of.items() if job not in set(freed)}
    clusters_of = {job: schedule.cluster_of[job] for job in kept}
    for number in chosen:
        c, q = split[number]
        kept[int(place.job[c])] = c
        clusters_of[int(place.job[c])] = board.names[q]
    return Schedule(kept, clusters_of, found.values[: model.columns])


def _board_with(window: Window, schedule: Schedule, *, without: list[int]) -> Board:
    """The board with every job of the schedule on it but some."""
    board, place = Board(window.inputs), window.placements
    number = {name: q for q, name in enumerate(board.names)}
    gpus = window.inputs["job_gpus"].values
    for job, c in schedule.column_of.items():
        if job not in without:
            board.take(number[schedule.cluster_of[job]], int(gpus[job]), int(place.first[c]), int(place.last[c]))
    return board


def _cluster_rows(window: Window, board: Board, split: list[tuple[int, int]]) -> list[tuple]:
    """Rows that keep each cluster's GPUs in each slot, where the freed jobs could exceed them."""
    place, gpus = window.placements, window.inputs["job_gpus"].values
    using: dict[tuple[int, int], list[int]] = {}
    for number, (c, q) in enumerate(split):
        for slot in range(int(place.first[c]), int(place.last[c])):
            using.setdefault((q, slot), []).append(number)
    rows = []
    for (q, slot), numbers in using.items():
        size = {int(place.job[split[n][0]]): float(gpus[place.job[split[n][0]]]) for n in numbers}
        if sum(size.values()) > board.free[q, slot]:
            columns = window.model.columns + np.array(numbers)
            weight = np.array([size[int(place.job[split[n][0]])] for n in numbers])
            rows.append((columns, weight, -np.inf, float(board.free[q, slot])))
    return rows
