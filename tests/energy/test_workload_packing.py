"""Packing of gangs into clusters: never over capacity, complete on small cases, and the valid inequalities."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.workload.packing import (
    Packing,
    Pool,
    free_gpus_by_cluster,
    pack_gangs,
    packing_faults,
    packing_weights,
)
from weather.conventions.errors import DataError


def gang_pool(cluster_gpus=150, clusters=3):
    return Pool(pool_id="n/a", node="n", gpu_type="a", cluster_gpus=cluster_gpus, clusters=clusters)


FREE_POOL = Pool(pool_id="n/a10", node="n", gpu_type="a10", cluster_gpus=100, free=True)
SIZES = (8, 16, 24, 32, 48, 64, 96, 104, 128, 144)


def over_capacity(packing, segments, pool, reserved):
    """Slots in which some cluster runs more than inference leaves it, counted on arrays."""
    fixed = frozenset(segment[4] for segment in segments if len(segment) == 5 and segment[4])
    room = free_gpus_by_cluster(pool, reserved, fixed_clusters=fixed)
    for job_id, gpus, first, last, *_ in segments:
        if job_id in packing.cluster_of:
            room[pool.cluster_ids.index(packing.cluster_of[job_id]), first:last] -= gpus
    return np.flatnonzero((room < 0).any(axis=0)).tolist()


def feasible(pool, *, slots, gangs, seed, longest=20):
    """Gangs put at random into clusters that have room, with the places forgotten."""
    rng = np.random.default_rng(seed)
    room = np.full((pool.clusters, slots), pool.cluster_gpus)
    segments = []
    for _ in range(100 * gangs):
        first = int(rng.integers(0, slots - 1))
        last = min(slots, first + int(rng.integers(2, longest)))
        gpus, cluster = int(rng.choice(SIZES)), int(rng.integers(pool.clusters))
        if len(segments) < gangs and room[cluster, first:last].min() >= gpus:
            room[cluster, first:last] -= gpus
            segments.append((f"j{len(segments)}", gpus, first, last))
    return [segments[number] for number in rng.permutation(len(segments))]


@st.composite
def cases(draw):
    pool = gang_pool(draw(st.integers(1, 8)), draw(st.integers(1, 4)))
    slots = draw(st.integers(1, 6))
    spans = st.tuples(st.integers(0, slots - 1), st.integers(1, slots)).filter(lambda span: span[0] < span[1])
    cluster = st.none() | st.sampled_from(pool.cluster_ids)
    rows = draw(st.lists(st.tuples(st.integers(1, pool.cluster_gpus + 1), spans, cluster), max_size=8))
    segments = [(f"j{n}", gpus, *span, fixed) for n, (gpus, span, fixed) in enumerate(rows)]
    reserved = np.array(draw(st.lists(st.integers(0, pool.gpus), min_size=slots, max_size=slots)))
    return segments, pool, reserved


@given(cases())
def test_no_cluster_runs_more_than_it_has(case):
    segments, pool, reserved = case
    packing = pack_gangs(segments, pool, reserved, search_nodes=200, repair_rounds=30)
    assert over_capacity(packing, segments, pool, reserved) == []
    assert packing_faults(packing, segments, pool, reserved) == ()
    assert set(packing.cluster_of) | set(packing.unpacked) == {segment[0] for segment in segments}
    assert not set(packing.cluster_of) & set(packing.unpacked)
    for job_id, _, _, _, fixed in segments:
        assert fixed is None or packing.cluster_of.get(job_id, fixed) == fixed


def some_packing_exists(segments, pool, reserved):
    """Every assignment of gangs to clusters, tried."""
    fixed = frozenset(segment[4] for segment in segments if segment[4])
    room = free_gpus_by_cluster(pool, reserved, fixed_clusters=fixed)
    allowed = [[pool.cluster_ids.index(cluster)] if cluster else range(pool.clusters) for *_, cluster in segments]
    for clusters in product(*allowed):
        load = np.zeros_like(room)
        for (_, gpus, first, last, _), cluster in zip(segments, clusters, strict=True):
            load[cluster, first:last] += gpus
        if (load <= room).all():
            return True
    return False


@given(cases().filter(lambda case: len(case[0]) <= 5))
def test_small_cases_are_settled_as_brute_force_settles_them(case):
    packing = pack_gangs(*case, repair_rounds=5)
    exists = some_packing_exists(*case)
    assert exists == (packing.unpacked == ())
    assert packing.proven == (not exists)


@pytest.mark.parametrize("seed", range(6))
def test_a_day_that_is_known_to_fit_is_packed(seed):
    """Five clusters of 150 over two days at some two thirds of their GPU-hours."""
    segments = feasible(gang_pool(clusters=5), slots=48, gangs=60, seed=seed)
    assert len(segments) == 60
    assert pack_gangs(segments, gang_pool(clusters=5), np.zeros(48)).unpacked == ()


@pytest.mark.parametrize("seed", range(3))
def test_four_hundred_gangs_over_the_fleet_are_packed(seed):
    """Sixteen pools of five clusters with 25 gangs each."""
    for pool in range(16):
        segments = feasible(gang_pool(clusters=5), slots=48, gangs=25, seed=100 * seed + pool)
        assert pack_gangs(segments, gang_pool(clusters=5), np.zeros(48)).unpacked == ()


def test_a_full_pool_is_settled_by_the_complete_search():
    """First fit and best fit leave gangs over in these full pairs of clusters; a packing of all is found."""
    pool = gang_pool(clusters=2)
    left_over = 0
    for seed in range(4):
        segments = feasible(pool, slots=48, gangs=70, seed=seed)
        assert pack_gangs(segments, pool, np.zeros(48), repair_rounds=0).unpacked == ()
        left_over += len(pack_gangs(segments, pool, np.zeros(48), search_nodes=0, repair_rounds=0).unpacked)
    assert left_over > 0


def test_equal_clusters_are_tried_once():
    """Seven gangs of more than half a cluster in six clusters: refuted without trying their 6! orders."""
    gangs = [(f"j{n}", 60, 0, 2) for n in range(7)]
    assert pack_gangs(gangs, gang_pool(100, 6), np.zeros(2), search_nodes=20).proven


def test_repair_packs_what_first_fit_leaves_over():
    pool = gang_pool(clusters=5)
    for seed in range(3):
        segments = feasible(pool, slots=48, gangs=110, seed=seed)
        assert pack_gangs(segments, pool, np.zeros(48), search_nodes=0, repair_rounds=0).unpacked != ()
        assert pack_gangs(segments, pool, np.zeros(48), search_nodes=0).unpacked == ()


def test_the_same_gangs_end_in_the_same_clusters():
    segments = feasible(gang_pool(clusters=5), slots=48, gangs=120, seed=7)
    first = pack_gangs(segments, gang_pool(clusters=5), np.zeros(48))
    assert pack_gangs(segments, gang_pool(clusters=5), np.zeros(48)) == first


def test_free_pool_is_one_cluster_of_all_its_gpus():
    gangs = [("x", 60, 0, 3), ("y", 41, 2, 4), ("z", 40, 0, 2)]
    packing = pack_gangs(gangs, FREE_POOL, np.zeros(4))
    assert packing.unpacked == ("y",) and packing.cluster_of == {"x": "n/a10", "z": "n/a10"}
    assert packing.proven
    assert pack_gangs(gangs[::2], FREE_POOL, np.array([0, 0, 40, 100])).unpacked == ()
    assert pack_gangs(gangs[::2], FREE_POOL, np.array([1, 0, 0, 0])).unpacked == ("z",)


def test_inference_takes_whole_clusters_from_the_last():
    pool = gang_pool(100, 3)
    free = free_gpus_by_cluster(pool, np.array([0, 1, 100, 101, 300]))
    assert free.tolist() == [[100, 100, 100, 100, 0], [100, 100, 100, 0, 0], [100, 0, 0, 0, 0]]
    kept = free_gpus_by_cluster(pool, np.array([100, 200, 300]), fixed_clusters=frozenset({"n/a/3"}))
    assert kept.tolist() == [[100, 0, 0], [0, 0, 0], [100, 100, 0]]


def test_a_running_gang_keeps_its_cluster():
    pool = gang_pool(100, 2)
    packing = pack_gangs([("r", 60, 0, 4, "n/a/2"), ("x", 90, 0, 4)], pool, np.zeros(4))
    assert packing.cluster_of == {"r": "n/a/2", "x": "n/a/1"}
    # inference moves to the other cluster, so the waiting gang is the one without a place
    packing = pack_gangs([("r", 60, 0, 4, "n/a/2"), ("x", 90, 0, 4)], pool, np.full(4, 100))
    assert packing.cluster_of == {"r": "n/a/2"} and packing.unpacked == ("x",)


def test_faults_are_found_slot_by_slot():
    pool = gang_pool(100, 2)
    gangs = [("x", 60, 0, 2), ("y", 60, 1, 3)]
    wrong = Packing(cluster_of={"x": "n/a/1", "y": "n/a/1"}, unpacked=())
    assert packing_faults(wrong, gangs, pool, np.zeros(3)) == ("slot 1: 120 GPUs in a cluster of 100",)
    apart = Packing(cluster_of={"x": "n/a/1", "y": "n/a/2"}, unpacked=())
    assert packing_faults(apart, gangs, pool, np.array([0, 100, 0])) == ("slot 1: 0 clusters empty, 100 GPUs reserved",)
    forgotten = Packing(cluster_of={"x": "n/a/1"}, unpacked=())
    assert "'y' is not in exactly one" in packing_faults(forgotten, gangs, pool, np.zeros(3))[0]
    moved = packing_faults(apart, [("x", 60, 0, 2, "n/a/2"), gangs[1]], pool, np.zeros(3))
    assert moved == ("job 'x' is in n/a/1, fixed to n/a/2",)


@pytest.mark.parametrize(
    ("segments", "reserved", "said"),
    [
        ([("x", 1, 0, 2), ("x", 1, 0, 2)], [0, 0], "'x': appears twice"),
        ([("x", 0, 0, 2)], [0, 0], "0 GPUs in slots [0, 2)"),
        ([("x", 1, 1, 1)], [0, 0], "in slots [1, 1)"),
        ([("x", 1, 0, 3)], [0, 0], "span inside [0, 2)"),
        ([("x", 1, 0, 2, "n/a/9")], [0, 0], "fixed to cluster 'n/a/9'"),
        ([], [0, 451], "from 0 to 450"),
        ([], [0, -1], "from 0 to 450"),
        ([], [0, np.nan], "from 0 to 450"),
    ],
)
def test_senseless_segments_are_refused(segments, reserved, said):
    with pytest.raises(DataError) as caught:
        pack_gangs(segments, gang_pool(), np.array(reserved))
    assert said in str(caught.value)


@given(st.integers(1, 200), st.data())
def test_gangs_that_share_clusters_obey_every_inequality(cluster_gpus, data):
    """Any sets of gangs that fit m clusters: the weights sum to at most m, for k = 1, 2, 3."""
    clusters = data.draw(st.integers(1, 4))
    totals = [Fraction(0)] * 3
    for _ in range(clusters):
        left = cluster_gpus
        while left and data.draw(st.booleans()):
            gpus = data.draw(st.integers(1, left))
            left -= gpus
            weights = packing_weights(gpus, cluster_gpus)
            totals = [t + Fraction(w).limit_denominator(10**6) for t, w in zip(totals, weights, strict=True)]
    assert all(total <= clusters for total in totals)


def test_weights_are_the_published_functions():
    """u_k(x) of Fekete and Schepers 2001, at points on both sides of its steps."""
    assert packing_weights(50, 100) == (0.5, 0.5, 0.5)
    assert packing_weights(51, 100) == (1.0, 0.5, 2 / 3)
    assert packing_weights(49, 100) == (0.0, 0.5, 1 / 3)
    assert packing_weights(67, 100) == (1.0, 1.0, 2 / 3)
    assert packing_weights(76, 100) == (1.0, 1.0, 1.0)
    assert packing_weights(24, 100) == (0.0, 0.0, 0.0)
    assert packing_weights(100, 100) == (1.0, 1.0, 1.0)
    for gpus in (0, 101):
        with pytest.raises(DataError, match=f"a gang of {gpus} GPUs in clusters of 100"):
            packing_weights(gpus, 100)


def test_pool_names_its_clusters():
    assert gang_pool(150, 2).cluster_ids == ("n/a/1", "n/a/2")
    assert (gang_pool(150, 2).gpus, gang_pool(150, 2).largest_gang) == (300, 150)
    assert (FREE_POOL.cluster_ids, FREE_POOL.gpus, FREE_POOL.largest_gang) == (("n/a10",), 100, 100)
