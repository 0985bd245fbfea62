"""The search's parts: the board keeps clusters whole, the cuts never lie, stages prove what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.planner import search, stages
from energy.planner.board import Board, fill_early
from energy.planner.energy_cost import EnergyCost
from energy.planner.placements import all_placements
from energy.planner.problem import build_problem
from energy.planner.solver import solve
from weather.conventions.errors import SolverFailed


def board_of(inputs, placements):
    allowed = np.ones(len(placements), dtype=bool)
    return Board(inputs, placements, allowed=allowed, undone_cny_per_gpu_h=1000.0)


def window_of(inputs, seed=0):
    placements = all_placements(inputs)
    problem = build_problem(inputs, placements)
    model, _ = stages.weighted_model(inputs, placements, problem)
    return search.Window(inputs, placements, problem, model, seed)


def used_gpus(inputs, placements, board):
    """GPUs in use per cluster and slot, counted again from the schedule."""
    used = np.zeros_like(board.free)
    for job, column in board.column_of.items():
        span = slice(placements.first[column], placements.last[column])
        used[board.cluster_of[job], span] += inputs["job_gpus"].values[job]
    return used


@given(
    jobs=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=10),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 99)), max_size=30),
)
def test_the_board_counts_what_it_holds(jobs, steps, request):
    toy, toy_job = request.getfixturevalue("toy"), request.getfixturevalue("toy_job")
    inputs = toy([toy_job(gpus, slots, release, add_kw=gpus) for gpus, slots, release in jobs], slots=6)
    placements = all_placements(inputs)
    board = board_of(inputs, placements)
    empty, base = board.free.copy(), board.load_kw.copy()
    for put, job, pick in steps:
        job %= len(jobs)
        board.take_out(job)
        columns, clusters = board.places(job)
        if put and len(columns):
            board.put(job, int(columns[pick % len(columns)]), int(clusters[pick % len(columns)]))
        assert board.free.min() >= 0
    np.testing.assert_array_equal(empty - board.free, used_gpus(inputs, placements, board))
    served = sum(inputs["job_gpus"].values[job] * 0 + 1 for job in board.column_of)
    assert served == len(board.cluster_of)
    kept = board.snapshot()
    for job in list(board.column_of):
        board.take_out(job)
    np.testing.assert_array_equal(board.free, empty)
    np.testing.assert_allclose(board.load_kw, base, atol=1e-9)
    board.restore(kept)
    assert board.snapshot() == kept


def test_places_are_exactly_those_with_room(toy, toy_job):
    """Against a slot-by-slot count, cluster by cluster, for every column of every job."""
    inputs = toy([toy_job(5, 2), toy_job(8, 3), toy_job(3, 4), toy_job(6, 9), toy_job(4, 1, 2, 3)], slots=6)
    placements = all_placements(inputs)
    board = board_of(inputs, placements)
    board.put(0, int(board.columns_of[0][1]), 0)
    board.put(2, int(board.columns_of[2][-1]), 2)
    for job in (1, 3, 4):
        columns, clusters = board.places(job)
        found = dict(zip(columns.tolist(), clusters.tolist(), strict=True))
        for column in board.columns_of[job]:
            span = slice(placements.first[column], placements.last[column])
            rows = [0, 1] if placements.pool[column] == 0 else [2, 3]
            room = {row: board.free[row, span].min() for row in rows}
            fits = {row: least for row, least in room.items() if least >= inputs["job_gpus"].values[job]}
            assert (column in found) == bool(fits)
            if fits:
                assert room[found[column]] == min(fits.values()), "the tightest cluster that fits"


def test_a_node_is_never_loaded_beyond_its_plant(toy, toy_job):
    inputs = toy([toy_job(4, 2, add_kw=60.0, pools=(0,)), toy_job(4, 2, add_kw=60.0, pools=(0,))], slots=2)
    board = board_of(inputs, all_placements(inputs))  # 60 kW of base load, 160 kW of plant
    fill_early(board)
    assert len(board.column_of) == 1


def test_cuts_lie_below_the_cost_and_touch_it(toy, toy_job):
    window = window_of(toy([toy_job(4, 2), toy_job(8, 1)], slots=5, pue_target=1.2, share_target=0.5))
    base = window.inputs["base_it_kw"].values
    energy = EnergyCost(window.model, window.job_columns(), base.shape)
    rng = np.random.default_rng(1)
    loads = [base + rng.uniform(0, 30, base.shape) for _ in range(30)]
    values = [energy.at(load)[0] for load in loads]
    assert np.ptp(values) > 10
    for load, value in zip(loads, values, strict=True):
        assert energy.estimate(load) == pytest.approx(value, rel=1e-9)
    for _ in range(20):
        load = base + rng.uniform(0, 30, base.shape)
        below = energy.estimate(load)
        assert below <= energy.at(load)[0] + 1e-6
    spans = np.array([0, 1, 2]), np.array([2, 3, 5])
    estimates = energy.estimates_with(base, 1, *spans, 12.0)
    for first, last, estimate in zip(*spans, estimates, strict=True):
        more = base.copy()
        more[1, first:last] += 12.0
        assert estimate == pytest.approx(energy.estimate(more), rel=1e-9)


def test_the_energy_part_is_the_model_with_its_jobs_fixed(toy, toy_job):
    jobs = toy_job(4, 2), toy_job(8, 1), toy_job(6, 3)
    window = window_of(toy(jobs, slots=5, dwell_h=1.0, rate_k_per_h=99.0, initial_mode=-1))
    board = board_of(window.inputs, window.placements)
    fill_early(board)
    point, fixed = window.binary_point(board.column_of), window.job_columns()
    lower, upper = window.model.lower.copy(), window.model.upper.copy()
    lower[fixed] = upper[fixed] = point[fixed]
    whole = solve(replace(window.model, lower=lower, upper=upper), relax=True)
    energy = EnergyCost(window.model, fixed, board.load_kw.shape)
    assert energy.at(board.load_kw)[0] == pytest.approx(whole.objective, rel=1e-9)


def test_the_energy_part_never_costs_more_than_the_plan(toy, toy_job):
    """It leaves out what setpoints cost to move, so it lies below the settled plan, and not by much."""
    window = window_of(toy([toy_job(4, 2), toy_job(8, 1), toy_job(6, 3)], slots=5, dwell_h=4.0, pue_target=1.2))
    board = board_of(window.inputs, window.placements)
    fill_early(board)
    settled = search.settle(window, board, gap=1e-9, time_limit_s=10.0)
    energy = EnergyCost(window.model, window.job_columns(), board.load_kw.shape)
    value = energy.at(board.load_kw)[0]
    assert 0.9 * window.weighted(settled.values) <= value <= window.weighted(settled.values) + 1e-6


def test_a_load_no_plant_carries_costs_infinitely_much(toy):
    window = window_of(toy())
    energy = EnergyCost(window.model, window.job_columns(), window.inputs["base_it_kw"].shape)
    assert energy.at(window.inputs["base_it_kw"].values + 500.0)[0] == np.inf


def test_what_cannot_all_be_served_loses_the_least_work(toy, toy_job):
    """Three gangs of a whole cluster for all three slots, two clusters: the longest two are served."""
    jobs = [toy_job(8, 3, 0, 0, pools=(0,)), toy_job(8, 2, 0, 0, pools=(0,)), toy_job(8, 3, 0, 0, pools=(0,))]
    found = stages.plan_window(toy(jobs), gap=1e-6)
    assert set(found.column_of) == {0, 2}
    assert found.stages[0].value == pytest.approx(16.0)
    assert found.stages[0].status == "proven"


def test_serving_moves_jobs_out_of_each_others_way(toy, toy_job):
    """A first schedule in the way of a job is taken apart: the fixed one can only run where the other stands."""
    jobs = [toy_job(8, 2, 0, 4, pools=(0,)), toy_job(8, 2, 0, 4, pools=(0,)), toy_job(8, 3, 1, 1, pools=(0,))]
    inputs = toy(jobs, slots=5)
    window = window_of(inputs)
    board = board_of(inputs, window.placements)
    for job, (first, cluster) in {0: (2, 0), 1: (2, 1)}.items():
        column = next(c for c in board.columns_of[job] if window.placements.first[c] == first)
        board.put(job, int(column), cluster)
    assert not len(board.places(2)[0])
    energy = EnergyCost(window.model, window.job_columns(), board.load_kw.shape)
    search.serve(board, energy, floor=0.0, rounds=400, seed=3, left=lambda: 10.0)
    assert len(board.column_of) == 3


def test_a_running_job_stays_on_its_cluster(toy, toy_job):
    jobs = [toy_job(8, 2, 0, 0, pools=(0,), running_on="west/a100x8/2"), toy_job(8, 3), toy_job(8, 2, 0, 0, pools=(0,))]
    found = stages.plan_window(toy(jobs), gap=1e-6)
    assert found.cluster_of[0] == "west/a100x8/2"
    assert found.cluster_of[2] == "west/a100x8/1"
    assert len(found.column_of) == 3


@pytest.mark.parametrize("dwell_h", [1.0, 2.0])
def test_a_setpoint_carried_in_is_held_out(toy, dwell_h):
    """Also where the dwell of this window is a single slot."""
    inputs = toy(slots=4, dwell_h=dwell_h, initial_mode=[0, 0], initial_mode_slots_left=[2, 0], rate_k_per_h=99.0)
    found = stages.plan_window(inputs, gap=1e-6)
    modes = found.values[found.problem.column["y"]].argmax(axis=2)
    assert modes[0, :2].tolist() == [0, 0]
    assert modes[0, 2] == 1, "the warmer setpoint is cheaper and taken when free"


def test_no_bound_is_no_proof():
    assert stages._stage("cost", 100.0, np.inf, 0.5).status == "limit"
    assert stages._stage("cost", 100.0, -np.inf, 0.5).status == "limit"
    assert stages._stage("cost", 100.0, 99.9, 0.5).status == "proven"


def test_targets_come_before_cost_and_are_missed_least(toy):
    """An unreachable share is missed by as little as the sun allows; a reachable PUE is kept at a price."""
    short = stages.plan_window(toy(share_target=0.95, kinked=False), gap=1e-6)
    missed = short.stages[1]
    assert missed.value > 1.0
    assert missed.bound == pytest.approx(missed.value, rel=0.02)
    loose = stages.plan_window(toy(pue_target=1.5, share_target=0.0, kinked=False), gap=1e-6).stages
    tight = stages.plan_window(toy(pue_target=1.21, share_target=0.0, kinked=False), gap=1e-6).stages
    assert loose[1].value == tight[1].value == 0.0
    assert tight[2].value >= loose[2].value - 1e-6


def test_a_reserved_load_beyond_the_connection_says_so(toy):
    with pytest.raises(SolverFailed, match="import_limit_kw"):
        stages.plan_window(toy(import_limit_kw=5.0))


def test_no_jobs_is_a_plan_too(toy):
    found = stages.plan_window(toy(()), gap=1e-6)
    assert found.status == "optimal" and found.column_of == {}


def test_the_same_seed_gives_the_same_plan(toy, toy_job):
    drawn = np.random.default_rng(5).integers((1, 1, 0), (9, 4, 4), (6, 3)).tolist()
    inputs = toy([toy_job(*figures) for figures in drawn], slots=6)
    one, two = (stages.plan_window(inputs, gap=1e-3, seed=11) for _ in range(2))
    assert one.column_of == two.column_of and one.cluster_of == two.cluster_of
    np.testing.assert_array_equal(one.values, two.values)
