"""A seeded queue with the shape of a real one, of which every job is known to have a place.

Laws and their sources. Philly is the public trace of a Microsoft GPU cluster (github.com/msr-fiddle/
philly-traces, CC BY 4.0; Jeon et al., Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training
Workloads, USENIX ATC 2019); its figures were counted over jobs of 2 GPUs or more submitted from
2017-10-03 on.

- Run times are lognormal: the spread of the logarithm is that of Philly's gangs of at least 1 h (1.35;
  2,555 jobs). Assumption: the median is 6 h, not Philly's 21.6 h, so that most jobs end in a two-day window.
- Sizes are multiples of 8 GPUs (one server) with power-law frequencies, small ones commoner; the exponent
  is chosen to reach the asked utilisation. Assumption: 3 % of the gangs fill a whole cluster.
- Assumption: 2 % of the jobs outlast the window. (In Philly 24 % of the gangs run over 24 h and hold 87 %
  of the GPU-hours.)
- Arrivals swing by 35 % about their mean over the civil day, as gang submissions in Philly do. Assumption:
  the peak is at 15:00, a fifth waits when the window opens, none arrives in its last third.
- Assumption: deadlines leave a slack of 0.5 to 1.5 times the duration, at least 4 h and at most 24 h; a
  tenth of the jobs have none.
- Power is 0.76-0.82 of the server peak (measured in training: arXiv 2506.14551, arXiv 2412.08602).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from energy.workload.packing import Pool, free_gpus_by_cluster
from energy.workload.record import Job, is_aware
from weather.conventions.errors import DataError

MEDIAN_H = 6.0
LOG_SPREAD = 1.35
SHORTEST_H, LONGEST_H = 1.0, 96.0
WHOLE_CLUSTER_SHARE = 0.03
OUTLASTING_SHARE = 0.02
WAITING_SHARE = 0.2
NO_DEADLINE_SHARE = 0.1
ARRIVAL_SWING, ARRIVAL_PEAK_H, ARRIVALS_UNTIL_SHARE = 0.35, 15.0, 2 / 3
SLACK_TIMES, SLACK_H = (0.5, 1.5), (4.0, 24.0)
POWER_FRAC = (0.76, 0.82)
SERVER_GPUS = 8
LARGEST_FREE_GANG = 256  # assumption: gangs of freely allocated cards stay within 32 servers
_CIVIL_OFFSET_H = 8  # Asia/Shanghai, no daylight saving


@dataclass(frozen=True, slots=True)
class _Draw:
    """What is drawn for every job before sizes and places are settled; arrays of shape (job,)."""

    pool: np.ndarray
    size_rank: np.ndarray
    whole_cluster: np.ndarray
    hours: np.ndarray
    outlasts: np.ndarray
    release_h: np.ndarray
    slack_times: np.ndarray
    due: np.ndarray
    power_frac: np.ndarray
    tenant: np.ndarray


class _Board:
    """Free GPUs of every cluster over the slots: the witness that every job has a place."""

    def __init__(self, pools: Sequence[Pool], reserved: Mapping[str, np.ndarray], slots: int) -> None:
        self.free = [
            free_gpus_by_cluster(pool, reserved.get(pool.pool_id, np.zeros(slots, dtype=int)))
            for pool in pools
        ]
        self.slots = slots

    def earliest(self, pool: int, gpus: int, first: int, length: int) -> tuple[int, int] | None:
        """(start, cluster) of the earliest place from slot `first` on, or None in this window."""
        blocked = np.cumsum(self.free[pool] < gpus, axis=1)
        blocked = np.concatenate([np.zeros((len(blocked), 1), dtype=int), blocked], axis=1)
        starts = np.arange(first, self.slots)
        clear = blocked[:, np.minimum(starts + length, self.slots)] == blocked[:, starts]
        found = np.flatnonzero(clear.any(axis=0))
        if not len(found):
            return None
        return int(starts[found[0]]), int(np.flatnonzero(clear[:, found[0]])[0])

    def take(self, pool: int, cluster: int, start: int, length: int, gpus: int) -> None:
        """Occupy GPUs."""
        self.free[pool][cluster, start : start + length] -= gpus


def synthetic_jobs(
    count: int,
    *,
    pools: Sequence[Pool],
    window_start: datetime,
    horizon_h: float,
    seed: int,
    utilisation: float = 0.5,
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
        closely as `count` jobs of 8 GPUs to one cluster can; above about 0.8 jobs are made smaller until
        they fit.
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
        For a count, utilisation or horizon outside its range, a naive start, unknown pools in `reserved`, or
        pools without free GPUs.

    Notes
    -----
    Every job is put on a board of clusters and slots while the queue is drawn, largest first, and its
    deadline is never before the end it has there. So a plan that serves all of them exists.
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
    board = _Board(pools, reserved, slots)
    supply = np.array([free.sum() * step_h for free in board.free], dtype=float)
    if supply.sum() <= 0:
        raise DataError("synthetic jobs: inference leaves no GPU free; lower the reserved GPUs")
    rng = np.random.default_rng(seed)
    start = window_start.astimezone(UTC)
    draw = _draw(rng, count, supply, horizon_h, start)
    gpus, hours = _sizes(draw, pools, horizon_h, utilisation * supply.sum())
    jobs = {
        number: _job(number, draw, pools, board, gpus=gpus, hours=hours, start=start, step_h=step_h)
        for number in sorted(range(count), key=lambda job: (-gpus[job] * hours[job], job))
    }
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
    if not 1 <= count <= 1_000_000:
        raise DataError(f"synthetic jobs: count is {count}; 1 to 1,000,000 are made; give such a number")
    if not 0 < utilisation <= 1:
        raise DataError(
            f"synthetic jobs: utilisation is {utilisation}; above 0 and up to 1 is possible; give 0.5"
        )
    if not is_aware(start):
        raise DataError(f"synthetic jobs: window_start {start} has no time zone; attach UTC")
    slots = round(horizon_h / step_h) if step_h > 0 else 0
    if slots < 1 or abs(slots * step_h - horizon_h) > 1e-9:
        raise DataError(f"synthetic jobs: {horizon_h} h is no whole number of {step_h} h steps; change one")
    if not pools:
        raise DataError("synthetic jobs: there are no pools; give the fleet's pools")
    unknown = sorted(set(reserved) - {pool.pool_id for pool in pools})
    if unknown:
        raise DataError(
            f"synthetic jobs: reserved names unknown pools: {', '.join(unknown)}; use the pools' ids"
        )
    for pool_id, kept in reserved.items():
        if np.shape(kept) != (slots,):
            raise DataError(
                f"synthetic jobs: reserved[{pool_id!r}] has shape {np.shape(kept)}; one value for each of the "
                f"{slots} slots is needed"
            )
    return slots


def _draw(
    rng: np.random.Generator, count: int, supply: np.ndarray, horizon_h: float, start: datetime
) -> _Draw:
    outlasts = np.zeros(count, dtype=bool)
    outlasts[rng.permutation(count)[: round(OUTLASTING_SHARE * count)]] = True
    hours = np.clip(MEDIAN_H * np.exp(LOG_SPREAD * rng.standard_normal(count)), SHORTEST_H, LONGEST_H)
    return _Draw(
        pool=rng.choice(len(supply), size=count, p=supply / supply.sum()),
        size_rank=rng.random(count),
        whole_cluster=rng.random(count) < WHOLE_CLUSTER_SHARE,
        hours=np.where(outlasts, horizon_h * (1 + 0.5 * rng.random(count)), hours),
        outlasts=outlasts,
        release_h=_arrivals(rng, count, horizon_h, start),
        slack_times=rng.uniform(*SLACK_TIMES, count),
        due=rng.random(count) >= NO_DEADLINE_SHARE,
        power_frac=np.round(rng.uniform(*POWER_FRAC, count), 2),
        tenant=rng.integers(1, 9, count),
    )


def _arrivals(rng: np.random.Generator, count: int, horizon_h: float, start: datetime) -> np.ndarray:
    """Hours after the window's start, whole minutes; NaN for jobs that already wait."""
    minutes = np.arange(max(1, int(ARRIVALS_UNTIL_SHARE * horizon_h * 60)))
    civil_h = start.hour + start.minute / 60 + _CIVIL_OFFSET_H + minutes / 60
    rate = 1 + ARRIVAL_SWING * np.cos(2 * np.pi * (civil_h - ARRIVAL_PEAK_H) / 24)
    drawn = rng.choice(minutes, size=count, p=rate / rate.sum()) / 60
    return np.where(rng.random(count) < WAITING_SHARE, np.nan, drawn)


def _menu(pool: Pool) -> np.ndarray:
    """Gang sizes of a pool: whole servers up to one cluster."""
    largest = min(pool.largest_gang, LARGEST_FREE_GANG) if pool.free else pool.largest_gang
    return np.arange(SERVER_GPUS, largest + 1, SERVER_GPUS) if largest >= SERVER_GPUS else np.array([largest])


def _sizes(
    draw: _Draw, pools: Sequence[Pool], horizon_h: float, target_gpu_h: float
) -> tuple[np.ndarray, np.ndarray]:
    """GPUs and hours of every job such that the GPU-hours inside the window come near the target."""
    left_h = horizon_h - np.nan_to_num(draw.release_h)
    menus = [_menu(pool) for pool in pools]

    def sizes(exponent: float) -> np.ndarray:
        gpus = np.zeros(len(draw.pool), dtype=int)
        for number, (pool, menu) in enumerate(zip(pools, menus, strict=True)):
            weight = (menu / menu[0]) ** exponent
            edges = np.cumsum(weight / weight.sum())
            mine = draw.pool == number
            picked = menu[np.minimum(np.searchsorted(edges, draw.size_rank[mine]), len(menu) - 1)]
            whole = draw.whole_cluster[mine] & (not pool.free)
            gpus[mine] = np.where(whole, pool.largest_gang, picked)
        return gpus

    def hours(stretch: float) -> np.ndarray:
        stretched = np.clip(draw.hours * stretch, SHORTEST_H, max(LONGEST_H, horizon_h))
        return np.round(np.where(draw.outlasts, draw.hours, stretched), 2)

    def work(gpus: np.ndarray, run_h: np.ndarray) -> float:
        return float((gpus * np.minimum(run_h, left_h)).sum())

    exponent = _bisect(lambda x: work(sizes(x), hours(1.0)) < target_gpu_h, -4.0, 4.0)
    gpus = sizes(exponent)
    # sizes come in steps, and few (many) jobs cannot reach the target at their own run times
    stretch = _bisect(lambda x: work(gpus, hours(np.exp(x))) < target_gpu_h, -3.0, 3.0)
    return gpus, hours(np.exp(stretch))


def _bisect(too_small: Callable[[float], bool], low: float, high: float) -> float:
    """Where a monotone test turns from true to false, or the nearer end."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return high


def _place(
    number: int,
    draw: _Draw,
    pools: Sequence[Pool],
    board: _Board,
    *,
    gpus: int,
    first: int,
    length: int,
) -> tuple[Pool, int, int]:
    """Pool, GPUs and first slot of a place now taken: the drawn pool, others of its type, then smaller gangs."""
    wanted = int(draw.pool[number])
    kind = pools[wanted].gpu_type
    same = [p for p, pool in enumerate(pools) if pool.gpu_type == kind and p != wanted]
    other = [p for p, pool in enumerate(pools) if pool.gpu_type != kind]
    size = gpus
    while size >= 1:
        for candidate in [wanted, *same] if size > SERVER_GPUS else [wanted, *same, *other]:
            found = board.earliest(candidate, size, first, length)
            if found is not None:
                begin, cluster = found
                board.take(candidate, cluster, begin, length, size)
                return pools[candidate], size, begin
        size = max(SERVER_GPUS, size // 2 // SERVER_GPUS * SERVER_GPUS) if size > SERVER_GPUS else size // 2
    raise DataError(
        f"synthetic jobs: job {number + 1} finds no place; ask for fewer jobs, a longer window or a lower utilisation"
    )


def _job(
    number: int,
    draw: _Draw,
    pools: Sequence[Pool],
    board: _Board,
    *,
    gpus: np.ndarray,
    hours: np.ndarray,
    start: datetime,
    step_h: float,
) -> Job:
    """The job with a place on the board, due no earlier than it ends there."""
    waits = bool(np.isnan(draw.release_h[number]))
    release_h = 0.0 if waits else float(draw.release_h[number])
    run_h = float(hours[number])
    first, length = (int(np.ceil(value / step_h - 1e-9)) for value in (release_h, run_h))
    pool, size, begin = _place(number, draw, pools, board, gpus=int(gpus[number]), first=first, length=length)
    slack_h = float(np.clip(draw.slack_times[number] * run_h, *SLACK_H))
    due_h = np.ceil(60 * max(release_h + run_h + slack_h, (begin + length) * step_h)) / 60
    return Job(
        job_id=f"syn-{number + 1:0{len(str(len(gpus)))}d}",
        tenant=f"tenant-{draw.tenant[number]}",
        gpu_type=pool.gpu_type,
        gpus=size,
        duration_h=run_h,
        release=None if waits else start + timedelta(hours=release_h),
        deadline=start + timedelta(hours=due_h) if draw.due[number] else None,
        power_frac=float(draw.power_frac[number]),
    )
