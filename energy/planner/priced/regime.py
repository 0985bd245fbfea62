"""The priced regime from end to end: prices and schedule, one after the other, then the plan in whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.planner.priced.bound import PricedEnergy, Prices, climb, most_load_kw
from energy.planner.priced.cells import CellTables
from energy.planner.priced.choices import choices_of
from energy.planner.priced.hull import energy_hull
from energy.planner.priced.loaded import LoadedEnergy
from energy.planner.priced.search import Found, Search
from energy.planner.serve import free_gpus

MOVES = 1000  # of ruin and recreate, after which the load is judged
SMOOTHING = 0.02  # of the energy plan around which cell tables are made


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each phase is, in passes and rounds, so that a plan can be repeated; the clock only stops."""

    first_passes: int = 150
    first_blocks: int = 100
    climbs: int = 800
    passes: int = 200
    blocks: int = 400


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
    search.settle_down(passes=effort.first_passes, hot=0.02 * typical, cold=0.001 * typical, left=lambda: left(0.15))
    search.pack()
    hot = {"hot": 0.005 * typical, "cold": 0.0003 * typical, "moves": MOVES}
    search.rearrange(None, None, blocks=effort.first_blocks, left=lambda: left(0.2), **hot)
    mark("first schedule")
    tell("first schedule", search.best.cost_cny, -np.inf)
    # where one schedule leaves nothing out, none that does can be better
    all_served = search.leaves_nothing
    priced = PricedEnergy(inputs, choices, hull, free, all_served=all_served)
    by_node = loaded.load_price()
    found = climb(
        priced,
        Prices(by_node[node] * priced.typical_kw[:, None], by_node, -np.inf),
        goal=lambda: search.best.cost_cny,
        rounds=effort.climbs,
        left=lambda: left(0.6),
        report=lambda bound: tell("prices", search.best.cost_cny, bound),
    )
    mark("prices")
    if found.drawn:
        search.draw(found.drawn)
        loaded.begin_from(found.values, found.dual)
        search.settle_down(passes=effort.passes, hot=0.02 * typical, cold=0.001 * typical, left=lambda: left(0.75))
        search.pack()
        mark("annealing")
    search.rearrange(
        priced,
        found.prices,
        blocks=effort.blocks,
        left=lambda: left(0.95),
        report=lambda cost: tell("improving", cost, found.prices.bound),
        **hot,
    )
    mark("improving")
    return Priced(search.best, found.prices, search.names)


def _typical_cost(inputs: xr.Dataset, choices) -> float:
    """Cost of a middling job's energy [CNY]: the scale of temperatures."""
    one = choices.begin[:-1][np.diff(choices.begin) > 0]
    energy = float((choices.add_kw[one] * choices.slots[one]).mean()) * float(inputs.attrs["step_h"])
    return energy * float(inputs["price_cny_per_kwh"].mean())
