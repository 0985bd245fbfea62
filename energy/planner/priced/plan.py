"""From the priced regime's schedule to a plan: setpoints, batteries and grid in whole numbers, by the PuLP programme.

The programme is that of the exact regime over the placements chosen, one a job; its optimum at these placements is the
plan, and the bound of the prices stands for every other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from energy.planner.board import Board
from energy.planner.placements import Placements
from energy.planner.priced.choices import choices_of
from energy.planner.priced.regime import Effort, Priced, search_and_bound
from energy.planner.problem import build_problem
from energy.planner.search import Window, settle
from energy.planner.stages import Outcome, Stage, missed_cny_per_kwh, polished, undone_cny_per_gpu_h
from weather.conventions.errors import SolverFailed

SETTLE_SHARE = 0.15  # of the time limit, kept for setpoints in whole numbers
SETTLE_GAP = 1e-4


def plan_priced(
    inputs: xr.Dataset,
    *,
    gap: float = 0.005,
    time_limit_s: float = 60.0,
    seed: int = 0,
    effort: Effort | None = None,
    progress: Callable[[str, float, float, float], None] | None = None,
) -> Outcome:
    """Plan a window of many jobs to a proven gap.

    Parameters
    ----------
    inputs
        The window (:mod:`energy.inputs`).
    gap
        Relative gap below which a stage counts as proven.
    time_limit_s
        Wall clock [s]; where it ends a phase, the plan cannot be repeated to the byte.
    seed
        Of all draws.
    effort
        Length of the phases.
    progress
        Called with (phase, cost, bound, seconds).

    Raises
    ------
    SolverFailed
        Where no setpoints and battery flows carry the schedule.
    """
    began = time.monotonic()
    phases: dict[str, float] = {}
    last = began

    def mark(phase: str) -> None:
        nonlocal last
        now = time.monotonic()
        phases[phase], last = now - last, now

    def tell(phase: str, cost: float, bound: float) -> None:
        if progress is not None:
            progress(phase, cost, bound, time.monotonic() - began)

    missed, undone = missed_cny_per_kwh(inputs), undone_cny_per_gpu_h(inputs)
    found = search_and_bound(
        inputs,
        missed_cny_per_kwh=missed,
        undone_cny_per_gpu_h=undone,
        seed=seed,
        effort=effort or Effort(),
        left=lambda share: began + share * (1.0 - SETTLE_SHARE) * time_limit_s - time.monotonic(),
        tell=tell,
        mark=mark,
    )
    placements = _placements(inputs, found)
    problem = build_problem(inputs, placements)
    cost = problem.cost_cny + missed * problem.missed_kwh + undone * problem.undone_gpu_h
    model = replace(problem.arrays, cost=cost, offset=problem.cost_constant_cny)
    window = Window(inputs, placements, problem, model, seed)
    board = Board(inputs, placements, allowed=np.ones(len(placements), dtype=bool), undone_cny_per_gpu_h=undone)
    columns = {int(job): column for column, job in enumerate(placements.job)}
    clusters = {job: found.cluster_names[found.schedule.cluster[job]] for job in columns}
    board.put_named(columns, clusters)
    schedule = settle(window, board, gap=SETTLE_GAP, time_limit_s=max(10.0, began + time_limit_s - time.monotonic()))
    if schedule is None:
        raise SolverFailed(
            "No setpoints and battery flows were found that carry the schedule: raise --time-limit or import limits."
        )
    values = polished(window, schedule.values)
    mark("setpoints")
    return Outcome(
        problem=problem,
        placements=placements,
        column_of=columns,
        cluster_of=clusters,
        values=values,
        stages=_stages(problem, values, found.prices.bound, (undone, missed), gap),
        status="feasible",
        seconds=phases,
    )


def _placements(inputs: xr.Dataset, found: Priced) -> Placements:
    """The chosen placements, one a job that is placed."""
    slots, step_h = inputs.sizes["time"], float(inputs.attrs["step_h"])
    ways = choices_of(inputs, undone_cny_per_gpu_h=1.0)
    jobs = np.flatnonzero(found.schedule.choice >= 0)
    choice, first = found.schedule.choice[jobs], found.schedule.start[jobs]
    length = ways.slots[choice]
    earliest = np.maximum(inputs["job_release"].values[jobs], 0)
    inside, most = np.minimum(length, slots - first), np.minimum(length, slots - earliest)
    left = (most - inside) * ways.gpus[choice] * step_h
    return Placements(jobs, ways.pool[choice], first, first + inside, left.astype(float))


def _stages(problem, values: np.ndarray, bound: float, weights: tuple[float, float], gap: float) -> tuple[Stage, ...]:
    """The three stages; a bound of the weighted objective, less the penalties of the plan, bounds its cost."""
    undone, missed = float(problem.undone_gpu_h @ values), float(problem.missed_kwh @ values)
    cost = float(problem.cost_cny @ values) + problem.cost_constant_cny
    least = bound - weights[0] * undone - weights[1] * missed
    found = (("served", undone, 0.0, gap), ("missed", missed, 0.0, gap), ("cost", cost, least, gap * abs(cost)))
    return tuple(
        Stage(name, value, min(low, value), "proven" if value - low <= allowed else "limit")
        for name, value, low, allowed in found
    )
