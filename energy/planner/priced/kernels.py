"""The inner loops, compiled by Numba: pricing of jobs, annealing, packing (:mod:`.ruin` has ruin and recreate).

Imported in the priced regime alone (Numba takes seconds to load, and some more at the first use after an install).
All loops work on plain arrays, gathered in the tuples below:

``ways``  what jobs may choose (:class:`.choices.Choices`)
``Cells`` cost of added load by node, slot and grid point (:mod:`.cells`), grid points per kW, (node,)
``Room``  free GPUs of clusters (cluster, time); clusters of pool p are ``begin[p]:begin[p + 1]``
``State`` the schedule: choice (-1: left out), start and cluster (-1: none yet) of each job; load (node, time) [kW],
          GPUs used (cluster, time)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

NONE = -1


class Cells(NamedTuple):
    """Cost of added load [CNY], (node, time, grid), and grid points per kW, (node,)."""

    cost: np.ndarray
    per_kw: np.ndarray


class Room(NamedTuple):
    """Free GPUs (cluster, time); first cluster of each pool, and one past the last; cluster a job must take (or -1)."""

    cluster: np.ndarray
    begin: np.ndarray
    fixed: np.ndarray


class State(NamedTuple):
    """A schedule and what it uses."""

    choice: np.ndarray
    start: np.ndarray
    cluster: np.ndarray
    load_kw: np.ndarray
    used_cluster: np.ndarray


compiled = numba.njit(cache=True, nogil=True)


@compiled
def seed(number):
    """Seed Numba's generator."""
    np.random.seed(number)


# ----------------------------------------------------------------------------------------------- pricing
@compiled
def price_jobs(ways, kw_price, gpu_price, choice, start, load, used):
    """Cheapest way of every job at the prices; returns the sum of costs.

    ``kw_price, gpu_price`` (pool, time + 1): prices summed up to each slot. Fills ``choice, start`` (job) and what
    they make, ``load`` [kW] and ``used`` [GPUs], both (pool, time).
    """
    slots = load.shape[1]
    total = 0.0
    load[:] = 0.0
    used[:] = 0.0
    for job in range(len(ways.begin) - 1):
        best, best_choice, best_start = ways.left_out_cny[job], NONE, 0
        fewest = fewest_past(ways, job, slots)
        for c in range(ways.begin[job], ways.begin[job + 1]):
            pool, length, kw, gpus = ways.pool[c], ways.slots[c], ways.add_kw[c], ways.gpus[c]
            for first in range(ways.first[c], ways.last[c] + 1):
                end = min(first + length, slots)
                cost = kw * (kw_price[pool, end] - kw_price[pool, first])
                cost += gpus * (gpu_price[pool, end] - gpu_price[pool, first])
                cost += past_cny(ways, c, first, slots, fewest)
                if cost < best:
                    best, best_choice, best_start = cost, c, first
        choice[job], start[job] = best_choice, best_start
        total += best
        if best_choice != NONE:
            pool = ways.pool[best_choice]
            for t in range(best_start, min(best_start + ways.slots[best_choice], slots)):
                load[pool, t] += ways.add_kw[best_choice]
                used[pool, t] += ways.gpus[best_choice]
    return total


@compiled
def costs_at(ways, kw_price, gpu_price, choice, start):
    """Cost of each job at prices summed up to each slot: at its choice and start, or its cheapest where it has none."""
    slots = kw_price.shape[1] - 1
    found = ways.left_out_cny.copy()
    for job in range(len(choice)):
        fewest = fewest_past(ways, job, slots)
        given = choice[job] != NONE
        first_choice, last_choice = ways.begin[job], ways.begin[job + 1]
        if given:
            first_choice, last_choice = choice[job], choice[job] + 1
        best = math.inf if given else ways.left_out_cny[job]
        for c in range(first_choice, last_choice):
            first, last = ways.first[c], ways.last[c]
            if given:
                first, last = start[job], start[job]
            for begin in range(first, last + 1):
                end, pool = min(begin + ways.slots[c], slots), ways.pool[c]
                cost = ways.add_kw[c] * (kw_price[pool, end] - kw_price[pool, begin])
                cost += ways.gpus[c] * (gpu_price[pool, end] - gpu_price[pool, begin])
                cost += past_cny(ways, c, begin, slots, fewest)
                best = min(best, cost)
        found[job] = best
    return found


@compiled
def fewest_past(ways, job, slots):
    """Slots that every way of a job lies past the window's end, at least."""
    fewest = 1 << 60
    for c in range(ways.begin[job], ways.begin[job + 1]):
        fewest = min(fewest, ways.first[c] + ways.slots[c] - slots)
    return max(fewest, 0)


@compiled
def past_cny(ways, c, start, slots, fewest):
    """Weight of the slots a placement lies past the window's end beyond the fewest its job must."""
    return max(start + ways.slots[c] - slots - fewest, 0) * ways.past_cny[c]


# ------------------------------------------------------------------------------------------------ moves
@compiled
def cell_cost(cells, node, slot, load):
    """Cost of a load [kW] in a cell, linear between grid points and beyond the last."""
    place = load * cells.per_kw[node]
    low = min(max(int(place), 0), cells.cost.shape[2] - 2)
    left = cells.cost[node, slot, low]
    return left + (place - low) * (cells.cost[node, slot, low + 1] - left)


@compiled
def occupy(ways, state, job, sign):
    """Add (or take off) what a job uses; nothing for one that is left out."""
    c = state.choice[job]
    if c == NONE:
        return
    node, cluster = ways.node[c], state.cluster[job]
    for t in range(state.start[job], min(state.start[job] + ways.slots[c], state.load_kw.shape[1])):
        state.load_kw[node, t] += sign * ways.add_kw[c]
        if cluster != NONE:
            state.used_cluster[cluster, t] += sign * ways.gpus[c]


@compiled
def own_cost(ways, cells, state, job):
    """What a job that is taken out would cost at the place it had."""
    c = state.choice[job]
    if c == NONE:
        return ways.left_out_cny[job]
    slots = state.load_kw.shape[1]
    node, kw, cost = ways.node[c], ways.add_kw[c], 0.0
    for t in range(state.start[job], min(state.start[job] + ways.slots[c], slots)):
        load = state.load_kw[node, t]
        cost += cell_cost(cells, node, t, load + kw) - cell_cost(cells, node, t, load)
    return cost + past_cny(ways, c, state.start[job], slots, fewest_past(ways, job, slots))


@compiled
def past_cost(ways, state):
    """Weight of all work that placed jobs leave past the window's end beyond the fewest they must."""
    slots, total = state.load_kw.shape[1], 0.0
    for job in range(len(state.choice)):
        c = state.choice[job]
        if c != NONE:
            total += past_cny(ways, c, state.start[job], slots, fewest_past(ways, job, slots))
    return total


@compiled
def sum_added(ways, cells, state, c, added):
    """Cost of a choice's power by slot, summed up: ``added[e] - added[s]`` is that of slots s to e."""
    node, kw = ways.node[c], ways.add_kw[c]
    total = 0.0
    added[ways.first[c]] = 0.0
    for t in range(ways.first[c], min(ways.last[c] + ways.slots[c], state.load_kw.shape[1])):
        load = state.load_kw[node, t]
        total += cell_cost(cells, node, t, load + kw) - cell_cost(cells, node, t, load)
        added[t + 1] = total


@compiled
def anneal(order, temperature, crowding_cny, ways, cells, room, state):
    """One pass: each job leaves its place and takes one drawn by exp(-cost / temperature); returns moves.

    Clusters may be overfull here, at ``crowding_cny`` per kW and slot of the crowding job's power.
    """
    slots = state.load_kw.shape[1]
    added, crowd = np.zeros(slots + 1), np.zeros(slots + 1)
    most = 1
    for job in order:
        size = 1
        for c in range(ways.begin[job], ways.begin[job + 1]):
            clusters = room.begin[ways.pool[c] + 1] - room.begin[ways.pool[c]]
            size += clusters * (ways.last[c] - ways.first[c] + 1)
        most = max(most, size)
    costs, choices = np.empty(most), np.empty(most, np.int64)
    starts, clusters_at = np.empty(most, np.int64), np.empty(most, np.int64)
    moved = 0
    for job in order:
        occupy(ways, state, job, -1)
        fewest = fewest_past(ways, job, slots)
        costs[0], choices[0], starts[0], clusters_at[0] = ways.left_out_cny[job], NONE, 0, NONE
        found, best, node, kw = 1, costs[0], NONE, -1.0
        for c in range(ways.begin[job], ways.begin[job + 1]):
            pool, gpus, length = ways.pool[c], ways.gpus[c], ways.slots[c]
            if ways.node[c] != node or ways.add_kw[c] != kw:
                node, kw = ways.node[c], ways.add_kw[c]
                sum_added(ways, cells, state, c, added)
            for k in range(room.begin[pool], room.begin[pool + 1]):
                if room.fixed[job] != NONE and room.fixed[job] != k:
                    continue
                total = 0.0
                crowd[ways.first[c]] = 0.0
                for t in range(ways.first[c], min(ways.last[c] + length, slots)):
                    over = state.used_cluster[k, t] + gpus - room.cluster[k, t]
                    if over > 0:
                        total += crowding_cny * kw * min(over / gpus, 1.0)
                    crowd[t + 1] = total
                for first in range(ways.first[c], ways.last[c] + 1):
                    end = min(first + length, slots)
                    cost = added[end] - added[first] + crowd[end] - crowd[first]
                    cost += past_cny(ways, c, first, slots, fewest)
                    costs[found], choices[found], starts[found], clusters_at[found] = cost, c, first, k
                    best = min(best, cost)
                    found += 1
        pick = _drawn(costs, found, best, temperature)
        moved += choices[pick] != state.choice[job] or starts[pick] != state.start[job]
        state.choice[job], state.start[job], state.cluster[job] = choices[pick], starts[pick], clusters_at[pick]
        occupy(ways, state, job, 1)
    return moved


@compiled
def _drawn(costs, found, best, temperature):
    """An index, by exp(-cost / temperature)."""
    total = 0.0
    for k in range(found):
        total += math.exp(-min((costs[k] - best) / temperature, 700.0))
    left = np.random.random() * total
    for k in range(found):
        left -= math.exp(-min((costs[k] - best) / temperature, 700.0))
        if left <= 0.0:
            return k
    return int(np.argmin(costs[:found]))


# ---------------------------------------------------------------------------------------------- clusters
@compiled
def best_place(job, ways, cells, room, state, added, full):
    """Cheapest placement of a job that is out which finds a cluster: cost, choice, start, cluster.

    Left out is one of the choices. Of several clusters, the one with the least room left.
    """
    slots = state.load_kw.shape[1]
    fewest = fewest_past(ways, job, slots)
    best, choice, start, cluster = ways.left_out_cny[job], NONE, 0, NONE
    least, node, kw = 1 << 60, NONE, -1.0
    for c in range(ways.begin[job], ways.begin[job + 1]):
        pool, gpus, length = ways.pool[c], ways.gpus[c], ways.slots[c]
        if ways.node[c] != node or ways.add_kw[c] != kw:
            node, kw = ways.node[c], ways.add_kw[c]
            sum_added(ways, cells, state, c, added)
        for k in range(room.begin[pool], room.begin[pool + 1]):
            if room.fixed[job] != NONE and room.fixed[job] != k:
                continue
            count = 0
            full[ways.first[c]] = 0
            for t in range(ways.first[c], min(ways.last[c] + length, slots)):
                count += state.used_cluster[k, t] + gpus > room.cluster[k, t]
                full[t + 1] = count
            for first in range(ways.first[c], ways.last[c] + 1):
                end = min(first + length, slots)
                if full[end] > full[first]:
                    continue
                cost = added[end] - added[first]
                cost += past_cny(ways, c, first, slots, fewest)
                if cost < best - 1e-12:
                    best, choice, start, cluster = cost, c, first, k
                    least = _left_over(room, state, k, first, end)
                elif c == choice and first == start:
                    left = _left_over(room, state, k, first, end)
                    if left < least:
                        cluster, least = k, left
    return best, choice, start, cluster


@compiled
def _left_over(room, state, cluster, first, end):
    """GPU-slots free on a cluster over [first, end)."""
    left = 0
    for t in range(first, end):
        left += room.cluster[cluster, t] - state.used_cluster[cluster, t]
    return left


@compiled
def pack(order, ways, cells, room, state):
    """Take off what overfills clusters, the last of ``order`` first, and place it anew; returns how many."""
    slots = state.load_kw.shape[1]
    added, full = np.zeros(slots + 1), np.zeros(slots + 1, np.int64)
    homeless = np.zeros(len(order), np.int64)
    count = 0
    for place in range(len(order) - 1, -1, -1):
        job = order[place]
        c, k = state.choice[job], state.cluster[job]
        if c == NONE:
            continue
        for t in range(state.start[job], min(state.start[job] + ways.slots[c], slots)):
            if k == NONE or state.used_cluster[k, t] > room.cluster[k, t]:
                occupy(ways, state, job, -1)
                state.choice[job], state.cluster[job] = NONE, NONE
                homeless[count] = job
                count += 1
                break
    for place in range(count - 1, -1, -1):
        job = homeless[place]
        _, state.choice[job], state.start[job], state.cluster[job] = best_place(
            job, ways, cells, room, state, added, full
        )
        occupy(ways, state, job, 1)
    return count
