"""The search behind :mod:`energy.workload.packing`: items with a size and a span into rows of free GPUs.

An assignment is an array of cluster numbers, one per item, -1 for none. All orders are total and nothing
is drawn at random, so the same items always end in the same clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Item:
    """A gang: `gpus` over slots [first, last), in `cluster` if that is not -1."""

    gpus: int
    first: int
    last: int
    cluster: int = -1

    @property
    def work(self) -> int:
        """GPU-slots."""
        return self.gpus * (self.last - self.first)


_ORDERS: tuple[Callable[[Item], tuple], ...] = (
    lambda item: (item.first, -item.gpus, -item.last),
    lambda item: (-item.gpus, item.first, -item.last),
    lambda item: (-item.work, item.first),
    lambda item: (-(item.last - item.first), -item.gpus, item.first),
    lambda item: (-item.last, -item.gpus, item.first),
)


def room_in(free: np.ndarray, item: Item) -> np.ndarray:
    """GPUs of each cluster that are free throughout the item's span, shape (cluster,)."""
    return free[:, item.first : item.last].min(axis=1)


def left_over(items: Sequence[Item], assigned: np.ndarray) -> int:
    """GPU-slots of the items without a cluster."""
    return sum(item.work for item, cluster in zip(items, assigned, strict=True) if cluster < 0)


def best_start(items: Sequence[Item], free: np.ndarray) -> np.ndarray:
    """The best of first fit and best fit over all orders: fewest GPU-slots left over."""
    best: np.ndarray | None = None
    for order in _ORDERS:
        for tightest in (False, True):
            assigned = _fit(items, free, order, tightest)
            if best is None or left_over(items, assigned) < left_over(items, best):
                best = assigned
            if not (best < 0).any():
                return best
    return best


def _fixed(items: Sequence[Item], free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room left and assignment after the items with a given cluster; one that does not fit stays at -1."""
    room, assigned = free.copy(), np.full(len(items), -1)
    for number, item in enumerate(items):
        if item.cluster >= 0 and room_in(room, item)[item.cluster] >= item.gpus:
            room[item.cluster, item.first : item.last] -= item.gpus
            assigned[number] = item.cluster
    return room, assigned


def _fit(
    items: Sequence[Item], free: np.ndarray, order: Callable[[Item], tuple], tightest: bool
) -> np.ndarray:
    room, assigned = _fixed(items, free)
    loose = [number for number, item in enumerate(items) if item.cluster < 0]
    for number in sorted(loose, key=lambda number: (order(items[number]), number)):
        _place(items, room, assigned, number, tightest)
    return assigned


def _place(
    items: Sequence[Item], room: np.ndarray, assigned: np.ndarray, number: int, tightest: bool = True
) -> bool:
    """Put an item into the first (or tightest) cluster that has room; changes `room` and `assigned`."""
    item = items[number]
    available = room_in(room, item)
    fits = np.flatnonzero(available >= item.gpus)
    if not len(fits):
        return False
    cluster = int(fits[np.argmin(available[fits])]) if tightest else int(fits[0])
    room[cluster, item.first : item.last] -= item.gpus
    assigned[number] = cluster
    return True


def repair(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray, *, passes: int = 3) -> np.ndarray:
    """Make room for items left over by emptying the way in one cluster and re-packing what stood there.

    For each item left over and each cluster, the smallest items in its way are taken out until it fits;
    those then look for another cluster, once more allowed to displace smaller ones. A change that leaves
    more GPU-slots over is undone.
    """
    best = assigned.copy()
    for _ in range(passes):
        before = left_over(items, best)
        missing = [number for number in np.flatnonzero(best < 0) if items[number].cluster < 0]
        for number in sorted(missing, key=lambda number: (-items[number].work, number)):
            best = _insert(items, free, best, int(number))
        if not (best < 0).any() or left_over(items, best) >= before:
            break
    return best


def _insert(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray, number: int) -> np.ndarray:
    item, least = items[number], left_over(items, assigned)
    best = assigned
    for cluster in range(len(free)):
        if free[cluster, item.first : item.last].min() < item.gpus:
            continue
        trial = assigned.copy()
        out = _clear(items, free, trial, number, cluster)
        if out is None:
            continue
        room = _room(items, free, trial)
        for displaced in sorted(out, key=lambda other: (-items[other].gpus, items[other].first, other)):
            if not _place(items, room, trial, displaced):
                _displace_smaller(items, free, trial, displaced)
                room = _room(items, free, trial)
        for other in np.flatnonzero(trial < 0):
            if items[other].cluster < 0:
                _place(items, room, trial, int(other))
        if left_over(items, trial) < least:
            best, least = trial, left_over(items, trial)
        if least == 0:
            break
    return best


def _room(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray) -> np.ndarray:
    room = free.copy()
    for item, cluster in zip(items, assigned, strict=True):
        if cluster >= 0:
            room[cluster, item.first : item.last] -= item.gpus
    return room


def _clear(
    items: Sequence[Item], free: np.ndarray, assigned: np.ndarray, number: int, cluster: int
) -> list[int] | None:
    """Put the item into the cluster and take out the least work in its way; None if fixed work is."""
    item = items[number]
    room = _room(items, free, assigned)[cluster]
    out: list[int] = []
    standing = [
        other
        for other in np.flatnonzero(assigned == cluster)
        if items[other].cluster < 0 and items[other].first < item.last and items[other].last > item.first
    ]
    for other in sorted(standing, key=lambda other: (items[other].work, other)):
        if room[item.first : item.last].min() >= item.gpus:
            break
        span = slice(max(items[other].first, item.first), min(items[other].last, item.last))
        if room[span].min() >= item.gpus:
            continue  # it is in nobody's way
        room[items[other].first : items[other].last] += items[other].gpus
        assigned[other] = -1
        out.append(int(other))
    if room[item.first : item.last].min() < item.gpus:
        return None
    assigned[number] = cluster
    return out


def _displace_smaller(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray, number: int) -> None:
    """Second step of a chain: the item pushes out work smaller than itself that fits elsewhere at once."""
    for cluster in range(len(free)):
        trial = assigned.copy()
        if free[cluster, items[number].first : items[number].last].min() < items[number].gpus:
            continue
        out = _clear(items, free, trial, number, cluster)
        if out is None or sum(items[other].work for other in out) >= items[number].work:
            continue
        room = _room(items, free, trial)
        if all(_place(items, room, trial, other) for other in out):
            assigned[:] = trial
            return


def complete_search(items: Sequence[Item], free: np.ndarray, *, nodes: int) -> tuple[np.ndarray | None, bool]:
    """Depth-first search for a packing of every item.

    Items enter by start; of clusters with equal room from that start on only the first is tried, since
    exchanging their futures changes nothing.

    Returns
    -------
    (assignment or None, complete)
        `complete` with None proves that no packing exists; without it the search ran out of nodes.
    """
    room, assigned = _fixed(items, free)
    if any(item.cluster >= 0 and assigned[number] < 0 for number, item in enumerate(items)):
        return None, True
    order = sorted(
        (number for number, item in enumerate(items) if item.cluster < 0),
        key=lambda number: (items[number].first, -items[number].gpus, -items[number].last, number),
    )
    if (_demand(items, free.shape[1]) > free.sum(axis=0)).any():
        return None, True
    choices = [_choices(items[order[0]], room)] if order else []
    tried = 0
    while choices:
        depth = len(choices) - 1
        item = items[order[depth]]
        if assigned[order[depth]] >= 0:
            room[assigned[order[depth]], item.first : item.last] += item.gpus
            assigned[order[depth]] = -1
        if not choices[-1]:
            choices.pop()
            continue
        if tried >= nodes:
            return None, False
        tried += 1
        cluster = choices[-1].pop()
        room[cluster, item.first : item.last] -= item.gpus
        assigned[order[depth]] = cluster
        if depth + 1 == len(order):
            return assigned, True
        choices.append(_choices(items[order[depth + 1]], room))
    return (assigned, True) if not order else (None, True)


def _demand(items: Sequence[Item], slots: int) -> np.ndarray:
    """GPUs wanted, shape (time,)."""
    demand = np.zeros(slots, dtype=int)
    for item in items:
        demand[item.first : item.last] += item.gpus
    return demand


def _choices(item: Item, room: np.ndarray) -> list[int]:
    """Clusters the item may enter, tightest last (it is tried first), equal futures once."""
    available = room_in(room, item)
    seen: set[bytes] = set()
    distinct: list[int] = []
    for cluster in np.flatnonzero(available >= item.gpus):
        future = room[cluster, item.first :].tobytes()
        if future not in seen:
            seen.add(future)
            distinct.append(int(cluster))
    return sorted(distinct, key=lambda cluster: (-available[cluster], -cluster))
