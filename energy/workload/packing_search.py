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


def _fit(items: Sequence[Item], free: np.ndarray, order: Callable[[Item], tuple], tightest: bool) -> np.ndarray:
    room, assigned = _fixed(items, free)
    loose = [number for number, item in enumerate(items) if item.cluster < 0]
    for number in sorted(loose, key=lambda number: (order(items[number]), number)):
        _place(items, room, assigned, number, tightest)
    return assigned


def _place(items: Sequence[Item], room: np.ndarray, assigned: np.ndarray, number: int, tightest: bool = True) -> bool:
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


def repair(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray, *, rounds: int) -> np.ndarray:
    """Ruin and recreate: empty a few clusters around an item left over, and pack what stood there anew.

    Each round takes one item left over, forces it into a cluster after taking out the movable items there,
    takes out the items of up to two more clusters over a somewhat longer time, and puts all of them back
    tightest first in a perturbed order of size. A round that leaves more over than before is undone; one
    that leaves as much is kept, so the search wanders. Its draws come from a fixed seed.
    """
    rng = np.random.default_rng(0)
    first = np.array([item.first for item in items])
    last = np.array([item.last for item in items])
    work = np.array([item.work for item in items])
    movable = np.array([item.cluster < 0 for item in items])
    state = assigned.copy()
    room = _room(items, free, state)
    lost = work[state < 0].sum()
    best, least = state.copy(), lost
    for _ in range(rounds):
        missing = np.flatnonzero((state < 0) & movable)
        if not len(missing):
            break
        target = int(rng.choice(missing))
        hosts = np.flatnonzero(room_in(free, items[target]) >= items[target].gpus)
        if not len(hosts):
            movable[target] = False  # no cluster is ever free enough: nothing can be repaired
            continue
        host = int(rng.choice(hosts))
        more = rng.choice(len(free), size=min(len(free), int(rng.integers(1, 3))), replace=False)
        around = int(rng.integers(0, 1 + items[target].last - items[target].first + free.shape[1] // 8))
        close = (first < items[target].last + around) & (last > items[target].first - around)
        overlaps = (first < items[target].last) & (last > items[target].first)
        out = movable & (((state == host) & overlaps) | (np.isin(state, more) & close))
        before = state.copy(), room.copy()
        for number in np.flatnonzero(out):
            room[state[number], first[number] : last[number]] += items[number].gpus
            state[number] = -1
        if room[host, items[target].first : items[target].last].min() < items[target].gpus:
            state, room = before
            continue
        room[host, items[target].first : items[target].last] -= items[target].gpus
        state[target] = host
        waiting = np.flatnonzero((state < 0) & movable)
        sizes = np.array([items[number].gpus for number in waiting]) * rng.uniform(0.6, 1.4, len(waiting))
        for number in waiting[np.argsort(-sizes, kind="stable")]:
            _place(items, room, state, int(number))
        now = work[state < 0].sum()
        if now > lost:
            state, room = before
            continue
        lost = now
        if lost < least:
            best, least = state.copy(), lost
    return best


def _room(items: Sequence[Item], free: np.ndarray, assigned: np.ndarray) -> np.ndarray:
    """GPUs of each cluster the assigned items leave, shape (cluster, time)."""
    room = free.copy()
    for item, cluster in zip(items, assigned, strict=True):
        if cluster >= 0:
            room[cluster, item.first : item.last] -= item.gpus
    return room


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
