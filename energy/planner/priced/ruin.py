"""Ruin and recreate, compiled by Numba: force a job to a cheap place and put those in its way elsewhere.

Works on the tuples of :mod:`energy.planner.priced.kernels`. Jobs stand in clusters before and after; what a round did
is undone to the last digit where it is not accepted.
"""

from __future__ import annotations

import math

import numpy as np

from energy.planner.priced.kernels import NONE, best_place, compiled, fewest_past, occupy, own_cost, past_cny, sum_added


@compiled
def ruin_and_recreate(rounds, temperature, weight, most_out, ways, cells, room, state):
    """Force a job to a cheap place, put those in its way elsewhere; accepted by Metropolis. Returns how many were.

    ``weight`` (job): how often a job is chosen, summed up. ``most_out``: jobs moved aside, at most.
    """
    slots, jobs = state.load_kw.shape[1], len(state.choice)
    added, full = np.zeros(slots + 1), np.zeros(slots + 1, np.int64)
    out = np.zeros(most_out + 1, np.int64)
    before = np.zeros((most_out + 1, 3), np.int64)
    near = np.zeros(jobs, np.int64)
    accepted = 0
    for _ in range(rounds):
        if np.random.random() < 0.7:
            job = min(np.searchsorted(weight, np.random.random() * weight[-1]), jobs - 1)
        else:
            job = np.random.randint(jobs)
        if ways.begin[job] == ways.begin[job + 1]:
            continue
        count, change = 0, 0.0
        change -= _take_out(job, 0, out, before, ways, cells, state)
        count = 1
        choice, start = _wished(job, 3.0 * temperature, ways, cells, state, added)
        if choice == NONE:
            _put_back(count, count, out, before, ways, state)
            continue
        cluster = _least_crowded(job, choice, start, ways, room, state)
        fits, count, change = _make_room(
            job, choice, start, cluster, count, change, most_out, out, before, near, ways, cells, room, state
        )
        placed = 0
        if fits:
            state.choice[job], state.start[job], state.cluster[job] = choice, start, cluster
            change += own_cost(ways, cells, state, job)
            occupy(ways, state, job, 1)
            placed = 1
            for k in range(1, count):
                _largest_to(k, count, out, before, ways)
                other = out[k]
                cost, state.choice[other], state.start[other], state.cluster[other] = best_place(
                    other, ways, cells, room, state, added, full
                )
                change += cost
                occupy(ways, state, other, 1)
                placed += 1
        if fits and (change <= 0.0 or np.random.random() < math.exp(-change / temperature)):
            accepted += 1
        else:
            _put_back(placed, count, out, before, ways, state)
    return accepted


@compiled
def _take_out(job, number, out, before, ways, cells, state):
    """Take a job off, remember where it was; returns what its place costs."""
    out[number] = job
    before[number, 0], before[number, 1], before[number, 2] = state.choice[job], state.start[job], state.cluster[job]
    occupy(ways, state, job, -1)
    cost = own_cost(ways, cells, state, job)
    state.choice[job], state.cluster[job] = NONE, NONE
    return cost


@compiled
def _put_back(placed, count, out, before, ways, state):
    """Undo: take off the first ``placed`` jobs, put all ``count`` back where they were."""
    for k in range(placed):
        occupy(ways, state, out[k], -1)
    for k in range(count):
        job = out[k]
        state.choice[job], state.start[job], state.cluster[job] = before[k, 0], before[k, 1], before[k, 2]
        occupy(ways, state, job, 1)


@compiled
def _wished(job, blur, ways, cells, state, added):
    """A cheap choice and start, other jobs' GPUs apart, costs blurred by an exponential."""
    slots = state.load_kw.shape[1]
    fewest = fewest_past(ways, job, slots)
    best, choice, start, node, kw = 1e300, NONE, 0, NONE, -1.0
    for c in range(ways.begin[job], ways.begin[job + 1]):
        if ways.node[c] != node or ways.add_kw[c] != kw:
            node, kw = ways.node[c], ways.add_kw[c]
            sum_added(ways, cells, state, c, added)
        for first in range(ways.first[c], ways.last[c] + 1):
            cost = added[min(first + ways.slots[c], slots)] - added[first]
            cost += past_cny(ways, c, first, slots, fewest)
            cost -= blur * math.log(np.random.random() + 1e-300)
            if cost < best:
                best, choice, start = cost, c, first
    return choice, start


@compiled
def _least_crowded(job, choice, start, ways, room, state):
    """The cluster of the choice's pool where the fewest GPU-slots are missing."""
    pool, end = ways.pool[choice], min(start + ways.slots[choice], state.load_kw.shape[1])
    found, least = NONE, 1 << 60
    for k in range(room.begin[pool], room.begin[pool + 1]):
        if room.fixed[job] != NONE and room.fixed[job] != k:
            continue
        missing, short = 0, False
        for t in range(start, end):
            missing += max(0, state.used_cluster[k, t] + ways.gpus[choice] - room.cluster[k, t])
            short = short or ways.gpus[choice] > room.cluster[k, t]
        if not short and missing < least:
            found, least = k, missing
    return found


@compiled
def _make_room(job, choice, start, cluster, count, change, most_out, out, before, near, ways, cells, room, state):
    """Take jobs off a cluster until a choice fits there, and now and then one or two more."""
    if cluster == NONE:
        return False, count, change
    slots = state.load_kw.shape[1]
    end, gpus = min(start + ways.slots[choice], slots), ways.gpus[choice]
    found = 0
    for other in range(len(state.choice)):
        c = state.choice[other]
        there = other != job and c != NONE and state.cluster[other] == cluster
        if there and state.start[other] < end and state.start[other] + ways.slots[c] > start:
            near[found] = other
            found += 1
    more = np.random.randint(0, 3)
    slot = start
    while True:
        while slot < end and state.used_cluster[cluster, slot] + gpus <= room.cluster[cluster, slot]:
            slot += 1
        if slot >= end and more <= 0:
            return True, count, change
        if found == 0 or count > most_out:
            return slot >= end, count, change
        pick = np.random.randint(found)
        if slot < end:  # one that stands in the way there
            tries = 0
            while tries < 50 and not _runs_at(near[pick], slot, ways, state):
                pick = np.random.randint(found)
                tries += 1
        else:
            more -= 1
        change -= _take_out(near[pick], count, out, before, ways, cells, state)
        count += 1
        found -= 1
        near[pick] = near[found]


@compiled
def _runs_at(job, slot, ways, state):
    c = state.choice[job]
    return c != NONE and state.start[job] <= slot < state.start[job] + ways.slots[c]


@compiled
def _largest_to(k, count, out, before, ways):
    """Bring the largest of the jobs from k on (sizes blurred) to place k."""
    best, size = k, -1.0
    for other in range(k, count):
        c = before[other, 0]
        big = 0.0 if c == NONE else ways.gpus[c] * ways.slots[c] * (0.5 + np.random.random())
        if big > size:
            best, size = other, big
    out[k], out[best] = out[best], out[k]
    for field in range(3):
        before[k, field], before[best, field] = before[best, field], before[k, field]
