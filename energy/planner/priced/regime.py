"""Prices and schedule side by side, in three stages; after each, they exchange what they found."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.planner.priced.bound import FIRST_STEP, PricedEnergy, Prices, climb, most_load_kw
from energy.planner.priced.cells import CellTables
from energy.planner.priced.choices import choices_of
from energy.planner.priced.hull import energy_hull
from energy.planner.priced.loaded import LoadedEnergy
from energy.planner.priced.search import Found, Search
from energy.planner.serve import free_gpus

STAGES = (0.5, 0.8, 1.0)  # of the time, at which prices and schedule meet
RESTART = 0.3  # of the first step, with which the next stage goes on at least
MOVES = 1000  # of ruin and recreate, after which the load is judged
SMOOTHING = 0.02  # of the energy plan around which cell tables are made


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each part is, in passes and rounds, so that a plan can be repeated; the clock only stops.

    ``first_passes``: annealing of the first schedule; ``climbs``: rounds of prices in each of the three stages;
    ``passes``: annealing in the first two stages; ``blocks``: blocks of ruin and recreate in each stage.
    """

    first_passes: int = 100
    climbs: tuple[int, int, int] = (900, 900, 900)
    passes: int = 200
    blocks: tuple[int, int, int] = (100, 400, 800)


@dataclass(frozen=True, slots=True)
class Priced:
    """What the regime found: the schedule, the prices with their bound, cluster names."""

    schedule: Found
    prices: Prices
    cluster_names: tuple[str, ...]


def search_and_bound(
    inputs: xr.Dataset,
    *,
    missed_cny_per_kwh: float,
    undone_cny_per_gpu_h: float,
    seed: int,
    effort: Effort,
    left: Callable[[float], float],
    tell: Callable[[str, float, float], None] = lambda *_: None,
    mark: Callable[[str], None] = lambda _: None,
) -> Priced:
    """A schedule and a lower bound of the weighted objective.

    Parameters
    ----------
    left
        Seconds left until a share of the time has gone.
    tell, mark
        Progress (phase, cost, bound), and the end of a phase.
    """
    choices = choices_of(inputs, undone_cny_per_gpu_h=undone_cny_per_gpu_h)
    free = free_gpus(inputs)
    node, shape = inputs["pool_node"].values, inputs["base_it_kw"].shape
    rating = np.maximum(inputs["it_cap_kw"].values[:, None] - inputs["base_it_kw"].values, 0.0)
    most = np.minimum(most_load_kw(choices, free, node, shape[0]), rating)
    hull = energy_hull(inputs, most, missed_cny_per_kwh=missed_cny_per_kwh)
    loaded = LoadedEnergy(inputs, hull, smoothing=SMOOTHING)
    search = Search(inputs, choices, loaded, CellTables(inputs, hull), seed=seed)
    typical = _typical_cost(inputs, choices)
    mark("declare")
    warm, hot = {"hot": 0.02 * typical, "cold": 0.001 * typical}, {"hot": 0.005 * typical, "cold": 0.0003 * typical}
    search.settle_down(passes=effort.first_passes, left=lambda: left(0.1), **warm)
    search.pack()
    mark("first schedule")
    tell("first schedule", search.best.cost_cny, -np.inf)
    # where one schedule leaves nothing out, none that does can be better
    priced = PricedEnergy(inputs, choices, hull, free, all_served=search.leaves_nothing)
    by_node = loaded.load_price()
    prices = Prices(by_node[node] * priced.typical_kw[:, None], by_node, -np.inf)
    step, found = FIRST_STEP, None
    for stage, share in enumerate(STAGES):
        # prices and schedule on a core each: both work in compiled code, and meet at the end of the stage alone
        best = search.best.cost_cny
        with ThreadPoolExecutor(1) as beside:
            rising = beside.submit(
                climb,
                priced,
                prices,
                goal=lambda best=best: best,
                rounds=effort.climbs[stage],
                left=lambda share=share: left(share),
                step=step,
            )
            if found is not None and found.drawn:  # around the energy side's mean plan, which the search drifts from
                loaded.begin_from(found.values, found.dual)
            if found is not None and stage == 1 and found.drawn:
                search.draw(found.drawn)
                search.settle_down(passes=effort.passes, left=lambda share=share: left(share), **warm)
                search.pack()
            search.rearrange(
                priced if found is not None else None,
                prices if found is not None else None,
                blocks=effort.blocks[stage],
                moves=MOVES,
                left=lambda share=share: left(share),
                report=lambda cost, bound=prices.bound: tell("improving", cost, bound),
                **hot,
            )
            found = rising.result()
        prices, step = found.prices, max(found.step, RESTART * FIRST_STEP)
        mark(f"stage {stage + 1}")
        tell("prices", search.best.cost_cny, prices.bound)
    return Priced(search.best, prices, search.names)


def _typical_cost(inputs: xr.Dataset, choices) -> float:
    """Cost of a middling job's energy [CNY]: the scale of temperatures."""
    one = choices.begin[:-1][np.diff(choices.begin) > 0]
    energy = float((choices.add_kw[one] * choices.slots[one]).mean()) * float(inputs.attrs["step_h"])
    return energy * float(inputs["price_cny_per_kwh"].mean())
