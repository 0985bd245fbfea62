"""A seeded queue with the shape of a real one, of which every job is known to have a place.

Laws and their sources. Philly is the public trace of a Microsoft GPU cluster (github.com/msr-fiddle/
philly-traces, CC BY 4.0; Jeon et al., Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training
Workloads, USENIX ATC 2019); its figures were counted over jobs of 2 GPUs or more submitted from
2017-10-03 on.

- Run times are lognormal with the centre (20.9 h) and the spread of the logarithm (1.19) of Philly's gangs
  of at least 2 h (2,353 jobs). Assumption: cut to 2-30 h, and to what still ends in the window 4 h before
  its close; the half of the jobs then runs under about 11 h. (In Philly's 2-30 h the median is 9.2 h.)
- Assumption: 12 % of the jobs outlast the window. They arrive in the last third of the arrivals and run
  1.1 to 1.6 times what is left of it. (In Philly 24 % of the gangs run over 24 h.)
- Assumption: gangs are whole servers of 8 GPUs: 70 % of 8-96 GPUs, 23 % of 104-144, 7 % of 160-256, where a
  cluster holds so many, else the band below. The frequency is a power of the size, within the bands if its
  exponent is positive, over all of them if it is negative; the exponent follows from the utilisation asked
  for. (Philly's gangs are smaller: 95 % have 2 to 8 GPUs.)
- Assumption: GPU types are asked for in proportion to the GPUs inference leaves free of each.
- Arrivals swing by 35 % about their mean over the civil day, as gang submissions in Philly do. Assumption:
  the peak is at 15:00, a fifth waits when the window opens, none arrives in its last 40 %.
- Assumption: a job is due after 1.5 to 4 times its run time, and never sooner than 4 h after the earliest
  end; a quarter of the jobs, among them all that outlast the window, have no deadline.
- Power is 0.76-0.82 of the server peak (measured in training: arXiv 2506.14551, arXiv 2412.08602).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import numpy as np

from energy.workload.packing import Pool, free_gpus_by_cluster
from energy.workload.record import MOST_JOBS, Job, is_aware
from weather.conventions.errors import DataError

CENTRE_H, LOG_SPREAD = 20.9, 1.19
SHORTEST_H, LONGEST_H = 2.0, 30.0
OUTLASTING_SHARE, OUTLASTING_TIMES, OUTLASTING_ARRIVE_LAST = 0.12, (1.1, 1.6), 1 / 3
NO_DEADLINE_SHARE = 0.25  # those that outlast the window included
DUE_TIMES, LEAST_SLACK_H = (1.5, 4.0), 4.0
WAITING_SHARE = 0.2
ARRIVAL_SWING, ARRIVAL_PEAK_H, ARRIVALS_UNTIL_SHARE = 0.35, 15.0, 0.6
SERVER_GPUS = 8
SIZE_BANDS = ((0.70, 8, 96), (0.23, 104, 144), (0.07, 160, 256))  # share of the jobs, GPUs from, GPUs to
EXPONENT = (-4.0, 2.0)  # of size in its frequency
POWER_FRAC = (0.76, 0.82)
_CIVIL_OFFSET_H = 8  # Asia/Shanghai, no daylight saving


@dataclass(frozen=True, slots=True)
class _Draw:
    """What is drawn for every job before types and sizes are settled; arrays of shape (job,)."""

    release_h: np.ndarray
    waits: np.ndarray
    hours: np.ndarray
    outlasts: np.ndarray
    due_times: np.ndarray
    due: np.ndarray
    rank: np.ndarray
    power_frac: np.ndarray
    tenant: np.ndarray


class _Board:
    """Free GPUs of every cluster of a GPU type over the slots, in the order of the pools."""

    def __init__(self, pools: Sequence[Pool], reserved: Mapping[str, np.ndarray], slots: int) -> None:
        none = np.zeros(slots, dtype=int)
        self.free = np.concatenate([free_gpus_by_cluster(pool, reserved.get(pool.pool_id, none)) for pool in pools])
        self.largest = max(pool.largest_gang for pool in pools)
        self.slots = slots

    def take_earliest(self, gpus: int, *, first: int, length: int, latest: int) -> bool:
        """Occupy the first cluster that has room earliest, from slot `first` and starting by `latest`."""
        starts = np.arange(first, min(latest, self.slots - 1) + 1)
        blocked = np.cumsum(self.free < gpus, axis=1)
        blocked = np.concatenate([np.zeros((len(blocked), 1), dtype=int), blocked], axis=1)
        clear = blocked[:, np.minimum(starts + length, self.slots)] == blocked[:, starts]
        found = np.flatnonzero(clear.any(axis=0))
        if not len(found):
            return False
        cluster, start = np.argmax(clear[:, found[0]]), starts[found[0]]
        self.free[cluster, start : start + length] -= gpus
        return True


def synthetic_jobs(
    count: int,
    *,
    pools: Sequence[Pool],
    window_start: datetime,
    horizon_h: float,
    seed: int,
    utilisation: float = 0.43,
    reserved: Mapping[str, np.ndarray] | None = None,
    step_h: float | None = None,
) -> tuple[Job, ...]:
    """Seeded mix of rigid gangs that all have a place in the window; laws and sources in the module text.

    Parameters
    ----------
    count
        Number of jobs, at least 1.
    pools
        Pools of the fleet.
    window_start, horizon_h
        Start of the window (aware) and its length [h].
    seed
        Same seed, same jobs.
    utilisation
        GPU-hours of the jobs inside the window over the GPU-hours inference leaves free (0-1). Approached as
        closely as `count` jobs by the laws of size can: few jobs ask for less. Jobs that find no place in
        time are made smaller.
    reserved
        Per pool id the GPUs kept for inference in each slot, shape (time,); pools not named keep none.
    step_h
        Slot length of `reserved` and of the places found [h]. None: the horizon over the slots of
        `reserved`, or 1 h without it.

    Returns
    -------
    tuple of Job
        In order of job_id.

    Raises
    ------
    DataError
        For a count, utilisation or horizon outside its range, a naive start, unknown pools in `reserved`,
        pools without free GPUs, or more jobs than find a place.

    Notes
    -----
    The queue is drawn together with a witness: each job in order of release takes the earliest place in
    the first cluster of its type that has room, rounded up to whole slots. A gang is halved until its place
    ends by its deadline and in the window; one that outlasts the window must start when it is released. So
    a plan that serves all jobs on time exists, and serving them first come, first served is one, unless
    the power of a node is short.
    """
    reserved = {} if reserved is None else reserved
    if step_h is None:
        lengths = [np.size(kept) for kept in reserved.values() if np.size(kept)]
        step_h = horizon_h / lengths[0] if lengths else 1.0
    slots = _check_request(
        count,
        pools=pools,
        start=window_start,
        horizon_h=horizon_h,
        utilisation=utilisation,
        reserved=reserved,
        step_h=step_h,
    )
    kinds = tuple(dict.fromkeys(pool.gpu_type for pool in pools))
    boards = [_Board([pool for pool in pools if pool.gpu_type == kind], reserved, slots) for kind in kinds]
    supply = np.array([board.free.sum() * step_h for board in boards])
    if supply.sum() <= 0:
        raise DataError("synthetic jobs: inference leaves no GPU free; lower inference.gpus_by_hour of the nodes")
    start = window_start.astimezone(UTC)
    draw = _draw(np.random.default_rng(seed), count, horizon_h=horizon_h, last_slot_h=horizon_h - step_h, start=start)
    order = sorted(range(count), key=lambda job: (_slots_up(draw.release_h[job], step_h), job))
    target = utilisation * float(supply.sum())
    kind_of, gpus = _types_and_sizes(draw, order, boards, supply, target=target, horizon_h=horizon_h)
    jobs: dict[int, Job] = {}
    for number in order:
        due_h = _due_h(draw, number, step_h)
        found = _place(draw, number, boards, kind=kind_of[number], gpus=gpus[number], due_h=due_h, step_h=step_h)
        if found is None:
            raise DataError(
                f"synthetic jobs: {len(jobs):,} of {count:,} jobs fill the fleet so far that the next finds no place "
                "in time; ask for fewer jobs or a longer horizon, or add GPUs to the study"
            )
        kind, size = found
        jobs[number] = Job(
            job_id=f"syn-{number + 1:0{len(str(count))}d}",
            tenant=f"tenant-{draw.tenant[number]}",
            gpu_type=kinds[kind],
            gpus=size,
            duration_h=float(draw.hours[number]),
            release=None if draw.waits[number] else start + timedelta(hours=float(draw.release_h[number])),
            deadline=start + timedelta(hours=due_h) if draw.due[number] else None,
            power_frac=float(draw.power_frac[number]),
        )
    return tuple(jobs[number] for number in range(count))


def _check_request(
    count: int,
    *,
    pools: Sequence[Pool],
    start: datetime,
    horizon_h: float,
    utilisation: float,
    reserved: Mapping[str, np.ndarray],
    step_h: float,
) -> int:
    """Slots of the window, after checking what was asked for."""
    if not 1 <= count <= MOST_JOBS:
        raise DataError(f"synthetic jobs: count is {count}; 1 to {MOST_JOBS:,} are made; give such a number")
    if not 0 < utilisation <= 1:
        raise DataError(f"synthetic jobs: utilisation is {utilisation}; above 0 and up to 1 is possible; give 0.43")
    if not is_aware(start):
        raise DataError(f"synthetic jobs: window_start {start} has no time zone; attach UTC")
    slots = round(horizon_h / step_h) if step_h > 0 else 0
    if slots < 1 or abs(slots * step_h - horizon_h) > 1e-9:
        raise DataError(f"synthetic jobs: {horizon_h} h is no whole number of {step_h} h steps; change one")
    if not pools:
        raise DataError("synthetic jobs: there are no pools; give the fleet's pools")
    unknown = sorted(set(reserved) - {pool.pool_id for pool in pools})
    if unknown:
        raise DataError(f"synthetic jobs: reserved names unknown pools: {', '.join(unknown)}; use the pools' ids")
    for pool_id, kept in reserved.items():
        if np.shape(kept) != (slots,):
            raise DataError(
                f"synthetic jobs: reserved[{pool_id!r}] has shape {np.shape(kept)}; one value for each of the "
                f"{slots} slots is needed"
            )
    free = sum(pool.gpus for pool in pools) * slots - sum(int(np.sum(kept)) for kept in reserved.values())
    if count > free > 0:
        raise DataError(
            f"synthetic jobs: count is {count:,}; each takes a GPU for a step or longer, and inference leaves free "
            f"{free:,} GPUs times steps; ask for fewer jobs or a longer horizon"
        )
    return slots


def _draw(rng: np.random.Generator, count: int, *, horizon_h: float, last_slot_h: float, start: datetime) -> _Draw:
    lot = rng.permutation(count)
    outlasts = lot < round(OUTLASTING_SHARE * count)
    # a later release would round up beyond the last slot
    until_h = min(ARRIVALS_UNTIL_SHARE * horizon_h, last_slot_h)
    release_h, waits = _arrivals(rng, outlasts, until_h, start)
    left_h = horizon_h - release_h
    hours = np.where(outlasts, left_h * rng.uniform(*OUTLASTING_TIMES, count), _run_times(rng, left_h))
    return _Draw(
        release_h=release_h,
        waits=waits,
        hours=np.maximum(np.round(hours, 2), 0.01),
        outlasts=outlasts,
        due_times=rng.uniform(*DUE_TIMES, count),
        due=lot >= round(NO_DEADLINE_SHARE * count),
        rank=rng.random(count),
        power_frac=np.round(rng.uniform(*POWER_FRAC, count), 2),
        tenant=rng.integers(1, 9, count),
    )


def _arrivals(
    rng: np.random.Generator, outlasts: np.ndarray, until_h: float, start: datetime
) -> tuple[np.ndarray, np.ndarray]:
    """Hours after the window's start, whole minutes; and which jobs already wait when it opens."""
    minutes = np.arange(max(1, int(until_h * 60)))
    civil_h = start.hour + start.minute / 60 + _CIVIL_OFFSET_H + minutes / 60
    rate = 1 + ARRIVAL_SWING * np.cos(2 * np.pi * (civil_h - ARRIVAL_PEAK_H) / 24)
    late = rate * (minutes >= (1 - OUTLASTING_ARRIVE_LAST) * len(minutes))
    late = late if late.any() else rate
    count = len(outlasts)
    drawn = rng.choice(minutes, size=count, p=rate / rate.sum())
    drawn = np.where(outlasts, rng.choice(minutes, size=count, p=late / late.sum()), drawn) / 60
    waits = (rng.random(count) < WAITING_SHARE) & ~outlasts
    return np.where(waits, 0.0, drawn), waits


def _run_times(rng: np.random.Generator, left_h: np.ndarray) -> np.ndarray:
    """Lognormal run times between the shortest and what leaves the slack before the window's end [h]."""
    law = NormalDist(np.log(CENTRE_H), LOG_SPREAD)
    most = np.minimum(LONGEST_H, np.maximum(left_h - LEAST_SLACK_H, left_h / 2))
    least = np.minimum(SHORTEST_H, most / 2)
    low, high = (np.array([law.cdf(x) for x in np.log(edge)]) for edge in (least, most))
    chance = low + (high - low) * rng.random(len(left_h))
    return np.clip(np.exp([law.inv_cdf(p) for p in chance]), least, most)


def _types_and_sizes(
    draw: _Draw,
    order: Sequence[int],
    boards: Sequence[_Board],
    supply: np.ndarray,
    *,
    target: float,
    horizon_h: float,
) -> tuple[list[int], list[int]]:
    """Type (number) and GPUs of every job such that the GPU-hours inside the window come near the target."""
    inside_h = np.minimum(draw.hours, horizon_h - draw.release_h)

    def asked(exponent: float) -> tuple[list[int], list[int], float]:
        """Each job goes to the type that has been asked for least of what it has."""
        sizes = [_sizes(board.largest, draw.rank, exponent) for board in boards]
        filled = np.zeros(len(boards))
        share = np.where(supply > 0, 0.0, np.inf)
        kind_of, gpus = [0] * len(order), [0] * len(order)
        for number in order:
            kind = int(np.argmin(share))
            kind_of[number], gpus[number] = kind, int(sizes[kind][number])
            filled[kind] += gpus[number] * inside_h[number]
            share[kind] = filled[kind] / supply[kind]
        return kind_of, gpus, float(filled.sum())

    low, high = EXPONENT
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if asked(middle)[2] < target else (low, middle)
    kind_of, gpus, total = asked(low)
    while total > 1.1 * target and max(gpus) > 1:  # more jobs than servers can carry: parts of servers
        gpus = [max(1, size // 2) for size in gpus]
        total = float(inside_h @ gpus)
    return kind_of, gpus


def _sizes(largest: int, rank: np.ndarray, exponent: float) -> np.ndarray:
    """GPUs of every job if it asked for a type whose largest gang is given, shape (job,)."""
    if largest < SERVER_GPUS:
        return np.full(len(rank), largest)
    menu, weight = [], []
    for share, least, most in SIZE_BANDS:
        band = np.arange(least, min(most, largest) + 1, SERVER_GPUS)
        if len(band):
            frequency = band ** max(exponent, 0.0)
            menu.append(band)
            # a negative exponent also moves jobs to the bands below
            weight.append(share * frequency / frequency.sum() * (band / SERVER_GPUS) ** min(exponent, 0.0))
        else:
            weight[-1] = weight[-1] * (1 + share / SIZE_BANDS[len(menu) - 1][0])
    edges = np.cumsum(np.concatenate(weight))
    return np.concatenate(menu)[np.searchsorted(edges[:-1] / edges[-1], rank, side="right")]


def _slots_up(hours: float, step_h: float) -> int:
    return int(np.ceil(hours / step_h - 1e-9))


def _due_h(draw: _Draw, number: int, step_h: float) -> float:
    """Hours after the window's start by which the job is due, whole minutes; inf without deadline."""
    if not draw.due[number]:
        return np.inf
    release_h, run_h = float(draw.release_h[number]), float(draw.hours[number])
    wanted = release_h + max(run_h * draw.due_times[number], run_h + LEAST_SLACK_H)
    rounded = (_slots_up(release_h, step_h) + _slots_up(run_h, step_h)) * step_h
    return float(np.ceil(60 * max(wanted, rounded) - 1e-6) / 60)


def _place(
    draw: _Draw, number: int, boards: Sequence[_Board], *, kind: int, gpus: int, due_h: float, step_h: float
) -> tuple[int, int] | None:
    """Type and GPUs of a place now taken in time: of the type drawn, then smaller gangs, then other types; None
    where there is none left."""
    slots = boards[0].slots
    first, length = (_slots_up(hours[number], step_h) for hours in (draw.release_h, draw.hours))
    latest = first if draw.outlasts[number] else slots - length if first + length <= slots else slots - 1
    if due_h < np.inf:
        latest = min(latest, int(np.floor(due_h / step_h + 1e-9)) - length)
    sizes = [gpus]
    while sizes[-1] > 1:
        half = sizes[-1] // 2
        sizes.append(half // SERVER_GPUS * SERVER_GPUS if half >= SERVER_GPUS else half)
    for candidate in [kind, *(other for other in range(len(boards)) if other != kind)]:
        for size in sizes:
            if boards[candidate].take_earliest(size, first=first, length=length, latest=latest):
                return candidate, size
    return None
