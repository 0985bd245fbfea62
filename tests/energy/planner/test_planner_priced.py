"""The priced regime against the declared problem, brute force, and its own books."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.planner.clusters import clusters_of
from energy.planner.energy_cost import EnergyCost
from energy.planner.placements import all_placements
from energy.planner.plant import it_bounds
from energy.planner.priced import kernels
from energy.planner.priced.bound import PricedEnergy, Prices, climb, most_load_kw, summed
from energy.planner.priced.cells import GRID, CellTables
from energy.planner.priced.choices import choices_of
from energy.planner.priced.hull import energy_hull
from energy.planner.priced.loaded import LoadedEnergy
from energy.planner.priced.plan import plan_priced
from energy.planner.priced.regime import Effort
from energy.planner.priced.search import Search
from energy.planner.problem import build_problem
from energy.planner.serve import free_gpus
from energy.planner.solver import solve
from energy.planner.stages import missed_cny_per_kwh, undone_cny_per_gpu_h

SHORT = Effort(first_passes=20, climbs=(30, 30, 30), passes=20, blocks=(3, 5, 5))


def weighted(problem, inputs):
    penalty = missed_cny_per_kwh(inputs) * problem.missed_kwh + undone_cny_per_gpu_h(inputs) * problem.undone_gpu_h
    return replace(problem.arrays, cost=problem.cost_cny + penalty, offset=problem.cost_constant_cny)


def least(inputs) -> float:
    """Optimum of the declared problem over all placements."""
    found = solve(weighted(build_problem(inputs, all_placements(inputs)), inputs), gap=1e-9)
    assert found.status == "optimal"
    return found.objective


def objective(outcome, inputs) -> float:
    served, missed, cost = (stage.value for stage in outcome.stages)
    return cost + missed_cny_per_kwh(inputs) * missed + undone_cny_per_gpu_h(inputs) * served


def some_jobs(toy_job, rng: np.random.Generator, count: int, slots: int) -> list:
    """Gangs of 1 to 8 GPUs with a window of starts each, some bound to one node."""
    found = []
    for _ in range(count):
        length, release = int(rng.integers(1, 4)), int(rng.integers(0, slots - 2))
        last = int(rng.integers(release, slots))
        pools = ((0, 1), (0, 1), (0,), (1,))[rng.integers(4)]
        gpus = int(rng.integers(1, 9))
        found.append(toy_job(gpus, length, release, last, add_kw=gpus * float(rng.uniform(3.5, 5.0)), pools=pools))
    return found


def parts(inputs):
    """Choices, hull and free GPUs of a window."""
    choices = choices_of(inputs, undone_cny_per_gpu_h=undone_cny_per_gpu_h(inputs))
    free, node = free_gpus(inputs), inputs["pool_node"].values
    rating = inputs["it_cap_kw"].values[:, None] - inputs["base_it_kw"].values
    most = np.minimum(most_load_kw(choices, free, node, 2), np.maximum(rating, 0.0))
    return choices, energy_hull(inputs, most, missed_cny_per_kwh=missed_cny_per_kwh(inputs)), free


def searched(inputs, seed: int = 0) -> Search:
    choices, hull, _ = parts(inputs)
    search = Search(inputs, choices, LoadedEnergy(inputs, hull, smoothing=0.1), CellTables(inputs, hull), seed=seed)
    search.settle_down(passes=10, hot=20.0, cold=1.0, left=lambda: np.inf)
    search.pack()
    search.rearrange(None, None, blocks=5, moves=200, hot=20.0, cold=1.0, left=lambda: np.inf)
    return search


@pytest.mark.parametrize("months", [1, 2])
@given(data=st.data())
def test_a_load_costs_what_the_declared_problem_says(data, months, toy, toy_job):
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    inputs = toy(
        some_jobs(toy_job, rng, 6, 5),
        slots=5,
        months=months,
        pue_target=data.draw(st.floats(1.1, 1.4)),
        share_target=data.draw(st.floats(0.1, 0.9)),
    )
    placements = all_placements(inputs)
    problem = build_problem(inputs, placements)
    low, high = it_bounds(inputs, placements)
    jobs = np.concatenate([problem.column["x"], problem.column["unserved"]])
    declared = EnergyCost(weighted(problem, inputs), jobs, low.shape)
    hull = energy_hull(inputs, high - low, missed_cny_per_kwh=missed_cny_per_kwh(inputs))
    ours = LoadedEnergy(inputs, hull, smoothing=1.0)
    for _ in range(3):
        added = rng.uniform(0.0, 1.0, low.shape) * (high - low)
        assert ours.cost(added) == pytest.approx(declared.at(low + added)[0], rel=1e-7, abs=1e-6)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 3.0))
def test_any_prices_prove_a_bound(seed, scale, toy, toy_job):
    rng = np.random.default_rng(seed)
    inputs = toy(some_jobs(toy_job, rng, 4, 4), slots=4, share_target=float(rng.uniform(0.1, 0.8)))
    choices, hull, free = parts(inputs)
    energy = PricedEnergy(inputs, choices, hull, free, all_served=False)
    prices = Prices(scale * rng.normal(2.0, 2.0, free.shape), scale * rng.normal(0.4, 0.4, (2, 4)), -np.inf)
    found = climb(energy, prices, goal=lambda: 1e4, rounds=1, left=lambda: np.inf).prices
    assert np.isfinite(found.bound)
    assert found.bound <= least(inputs) + 1e-6


@given(seed=st.integers(0, 10_000))
def test_the_interval_holds_the_optimum(seed, toy, toy_job):
    rng = np.random.default_rng(seed)
    inputs = toy(some_jobs(toy_job, rng, 5, 4), slots=4, share_target=float(rng.uniform(0.1, 0.8)))
    plan, optimum = plan_priced(inputs, effort=SHORT, seed=seed), least(inputs)
    weights = undone_cny_per_gpu_h(inputs), missed_cny_per_kwh(inputs)
    served, missed, cost = plan.stages
    assert objective(plan, inputs) >= optimum - 1e-6
    assert cost.bound + weights[0] * served.value + weights[1] * missed.value <= optimum + 1e-5


def test_climbing_comes_near_the_relaxation(toy, toy_job):
    """Where some hundred rounds suffice, the bound reaches that of the linear relaxation (packing rows apart)."""
    rng = np.random.default_rng(3)
    inputs = toy(some_jobs(toy_job, rng, 12, 8), slots=8, pool_free=[True, True])
    choices, hull, free = parts(inputs)
    energy = PricedEnergy(inputs, choices, hull, free, all_served=False)
    model = weighted(build_problem(inputs, all_placements(inputs)), inputs)
    moves = [row for row, name in enumerate(model.row_names) if name.startswith(("begin", "dwell", "held", "rate"))]
    relaxed = solve(model.without_rows(np.array(moves, dtype=int)), relax=True).objective
    start = Prices(np.full(free.shape, 2.0), np.full((2, 8), 0.4), -np.inf)
    found = climb(energy, start, goal=lambda: relaxed, rounds=2000, left=lambda: np.inf).prices
    assert relaxed - 0.02 * abs(relaxed) <= found.bound <= relaxed + 1e-6


def test_the_books_agree_with_the_schedule(toy, toy_job):
    rng = np.random.default_rng(5)
    inputs = toy(some_jobs(toy_job, rng, 25, 10), slots=10)
    search = searched(inputs)
    state, ways = search.state, search.ways
    load = np.zeros_like(state.load_kw)
    cluster = np.zeros_like(state.used_cluster)
    for job in np.flatnonzero(state.choice >= 0):
        c = state.choice[job]
        assert ways.begin[job] <= c < ways.begin[job + 1]
        assert ways.first[c] <= state.start[job] <= ways.last[c]
        assert search.room.begin[ways.pool[c]] <= state.cluster[job] < search.room.begin[ways.pool[c] + 1]
        span = slice(state.start[job], state.start[job] + ways.slots[c])
        load[ways.node[c], span] += ways.add_kw[c]
        cluster[state.cluster[job], span] += ways.gpus[c]
    assert state.load_kw == pytest.approx(load, abs=1e-9)
    assert np.array_equal(state.used_cluster, cluster)
    assert np.all(cluster <= clusters_of(inputs).free)
    assert (state.choice >= 0).sum() > 10


def test_a_running_job_stays_in_its_cluster(toy, toy_job):
    runs = toy_job(8, 3, 0, 0, pools=(0,), running_on="west/a100x8/2")
    jobs = [runs, *some_jobs(toy_job, np.random.default_rng(1), 12, 6)]
    inputs = toy(jobs, slots=6)
    search = searched(inputs)
    assert search.names[search.state.cluster[0]] == "west/a100x8/2"
    assert search.state.start[0] == 0


def test_one_seed_gives_one_schedule(toy, toy_job):
    inputs = toy(some_jobs(toy_job, np.random.default_rng(2), 20, 8), slots=8)
    first, again, other = searched(inputs, 4).best, searched(inputs, 4).best, searched(inputs, 5).best
    assert np.array_equal(first.choice, again.choice) and np.array_equal(first.start, again.start)
    assert first.cost_cny == again.cost_cny
    assert not np.array_equal(first.start, other.start)


def test_cells_say_what_a_load_costs_where_nothing_couples_them(toy, toy_job):
    """Without battery, demand charge and targets every cell is on its own, and its table is exact."""
    inputs = toy(
        some_jobs(toy_job, np.random.default_rng(0), 8, 5),
        slots=5,
        share_target=0.0,
        pue_target=9.0,
        battery_kwh=[0.0, 0.0],
        demand_price_cny_per_kw_month=[0.0, 0.0],
        export_limit_kw=[0.0, 0.0],
    )
    _, hull, _ = parts(inputs)
    energy, tables = LoadedEnergy(inputs, hull, smoothing=1.0), CellTables(inputs, hull)
    start = 0.25 * hull.most_kw
    energy.learn(start)
    cells = tables.around(energy.values, energy.dual, (0.0, 0.0))
    for node in range(2):
        for slot in range(5):
            at = np.array([16, 40]) / cells.per_kw[node]
            if at[1] > hull.most_kw[node, slot]:
                continue
            low, high = start.copy(), start.copy()
            low[node, slot], high[node, slot] = at
            told = cells.cost[node, slot, 40] - cells.cost[node, slot, 16]
            assert told == pytest.approx(energy.cost(high) - energy.cost(low), rel=2e-3)


def test_cells_are_convex(toy, toy_job):
    inputs = toy(some_jobs(toy_job, np.random.default_rng(7), 10, 6), slots=6)
    _, hull, _ = parts(inputs)
    energy, tables = LoadedEnergy(inputs, hull, smoothing=1.0), CellTables(inputs, hull)
    energy.learn(0.3 * hull.most_kw)
    cost = tables.around(energy.values, energy.dual, (0.1, 0.2)).cost
    assert cost.shape == (2, 6, GRID)
    assert np.min(np.diff(cost, n=2, axis=2)) > -1e-6
    assert np.all(np.diff(cost, axis=2) > 0.0)


def test_prices_are_paid_slot_by_slot(toy, toy_job):
    """Cost of a job by hand: its GPUs and power at the prices of the slots it runs in."""
    inputs = toy([toy_job(4, 2, 0, 1, add_kw=20.0, pools=(0,))], slots=4)
    choices, _, free = parts(inputs)
    kw, gpu = np.array([[1.0, 2.0, 0.5, 9.0]] * 2), np.array([[0.1, 0.2, 0.3, 0.4]] * 2)
    choice, start = np.zeros(1, np.int64), np.zeros(1, np.int64)
    load, used = np.zeros(free.shape), np.zeros(free.shape)
    cost = kernels.price_jobs(choices, summed(kw), summed(gpu), choice, start, load, used)
    # first slot: 20 (1 + 2) + 4 (0.1 + 0.2) = 61.2; second: 20 (2 + 0.5) + 4 (0.2 + 0.3) = 52
    assert cost == pytest.approx(52.0)
    assert start[0] == 1
    assert load[0].tolist() == [0.0, 20.0, 20.0, 0.0]
    assert used[0].tolist() == [0.0, 4.0, 4.0, 0.0]
    none = np.full(1, -1)
    assert kernels.costs_at(choices, summed(kw), summed(gpu), none, start)[0] == pytest.approx(52.0)
    assert kernels.costs_at(choices, summed(kw), summed(gpu), choice, np.zeros(1, np.int64))[0] == pytest.approx(61.2)


def test_targets_are_learnt_where_they_bind(toy, toy_job):
    """A share the schedule misses gets a price, one it exceeds by far loses it."""
    inputs = toy(some_jobs(toy_job, np.random.default_rng(4), 10, 6), slots=6, share_target=0.95)
    _, hull, _ = parts(inputs)
    energy = LoadedEnergy(inputs, hull, smoothing=0.5)
    for _ in range(5):
        energy.learn(0.8 * hull.most_kw, rate=1.0)
    assert energy.targets[1] > 0.5
    easy = LoadedEnergy(inputs.assign_attrs(share_target=0.0), hull, smoothing=0.5)
    easy.begin_from(energy.values, energy.dual[: hull.model.rows])
    for _ in range(5):
        easy.learn(0.8 * hull.most_kw, rate=1.0)
    assert easy.targets[1] == 0.0
    assert replace(hull, most_kw=hull.most_kw).shape == (2, 6)


def test_a_plan_that_ends_by_its_counts_can_be_repeated(toy, toy_job):
    """Prices and search on threads of their own, exchanging at the ends of stages alone: the same to the last digit."""
    inputs = toy(some_jobs(toy_job, np.random.default_rng(8), 15, 8), slots=8)
    first, again = (plan_priced(inputs, effort=SHORT, seed=3, time_limit_s=600.0) for _ in range(2))
    assert first.column_of == again.column_of and first.cluster_of == again.cluster_of
    assert np.array_equal(first.values, again.values)
    assert [stage.bound for stage in first.stages] == [stage.bound for stage in again.stages]
