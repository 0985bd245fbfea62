"""Gangs into clusters: interval packing after the placements are chosen.

A gang runs inside one cluster of its pool for its whole run. Given what runs when, :func:`pack_gangs`
finds a cluster for every gang, or says which are left over; :func:`packing_faults` checks the answer slot
by slot. :func:`packing_weights` are the valid inequalities that keep a plan near what packing can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energy.workload.packing_search import Item, best_start, complete_search, repair
from weather.conventions.errors import DataError

# (job_id, gpus, first slot, last slot exclusive), optionally with the id of the cluster it must be in
Segment = tuple[str, int, int, int] | tuple[str, int, int, int, str | None]


@dataclass(frozen=True, slots=True)
class Pool:
    """Identical clusters of one GPU type at one node, or GPUs allocated one by one (`free`).

    Parameters
    ----------
    pool_id, node, gpu_type
        Names.
    cluster_gpus, clusters
        GPUs of one cluster, number of clusters.
    free
        A gang may take any GPUs of the pool: the pool is one cluster of all its GPUs.
    """

    pool_id: str
    node: str
    gpu_type: str
    cluster_gpus: int
    clusters: int = 1
    free: bool = False

    @property
    def gpus(self) -> int:
        """All GPUs of the pool."""
        return self.cluster_gpus * self.clusters

    @property
    def largest_gang(self) -> int:
        """GPUs of the largest gang the empty pool can run: one cluster, or the whole of a free pool."""
        return self.gpus if self.free else self.cluster_gpus

    @property
    def cluster_ids(self) -> tuple[str, ...]:
        """Cluster names: "pool/1", "pool/2", ...; a free pool is one cluster named after the pool."""
        if self.free:
            return (self.pool_id,)
        return tuple(f"{self.pool_id}/{number}" for number in range(1, self.clusters + 1))


@dataclass(frozen=True, slots=True)
class Packing:
    """Which cluster each job runs in.

    `unpacked`: jobs without a cluster, in the order given. `proven`: no packing of all of them exists, with
    inference where :func:`free_gpus_by_cluster` puts it (true only with `unpacked` not empty); false with
    jobs left over means the search gave up.
    """

    cluster_of: dict[str, str]
    unpacked: tuple[str, ...]
    proven: bool = False


def free_gpus_by_cluster(
    pool: Pool, reserved: np.ndarray, *, fixed_clusters: frozenset[str] = frozenset()
) -> np.ndarray:
    """GPUs of each cluster that inference leaves to gangs, shape (cluster, time).

    Parameters
    ----------
    pool
        The pool.
    reserved
        GPUs kept for inference, shape (time,). On a gang pool they are whole clusters (a part of a cluster
        keeps all of it), counted from the last; on a free pool just GPUs.
    fixed_clusters
        Clusters that running gangs cannot leave: inference takes them after all others.

    Raises
    ------
    DataError
        When more is reserved than the pool has, or less than nothing.
    """
    reserved = np.asarray(reserved)
    if reserved.ndim != 1 or not np.all((reserved >= 0) & (reserved <= pool.gpus)):
        raise DataError(
            f"pool {pool.pool_id}: reserved GPUs must be one value per slot from 0 to {pool.gpus}; "
            f"found shape {reserved.shape}, range {reserved.min(initial=0)} to {reserved.max(initial=0)}; "
            "correct the inference table"
        )
    if pool.free:
        return np.floor(pool.gpus - reserved).astype(int)[None, :]
    kept = np.ceil(reserved / pool.cluster_gpus).astype(int)
    # position in the queue of clusters to be reserved: last cluster first, those with fixed gangs at its end
    queue = sorted(range(pool.clusters), key=lambda c: (pool.cluster_ids[c] in fixed_clusters, -c))
    place = np.empty(pool.clusters, dtype=int)
    place[queue] = np.arange(pool.clusters)
    return np.where(place[:, None] < kept[None, :], 0, pool.cluster_gpus)


def pack_gangs(
    segments: Sequence[Segment],
    pool: Pool,
    reserved: np.ndarray,
    *,
    search_nodes: int = 5_000,
    repair_rounds: int = 1_000,
) -> Packing:
    """Pack gangs into the clusters of a pool, each into one cluster for its whole run.

    First fit and best fit over several orders; where gangs are left over, a complete depth-first search of
    `search_nodes` nodes (it settles small pools, also that nothing fits), then `repair_rounds` rounds of
    ruin and recreate (they settle large ones). The answer is checked slot by slot.

    Parameters
    ----------
    segments
        (job_id, gpus, first slot, last slot exclusive[, cluster id or None]); a cluster id fixes the gang.
    pool
        The pool.
    reserved
        GPUs kept for inference, shape (time,); see :func:`free_gpus_by_cluster`.
    search_nodes, repair_rounds
        Effort of the two searches; 0 switches one off. At the defaults both together are some 0.3 s.

    Returns
    -------
    Packing
        With `unpacked` empty when all found a cluster, else the packing that leaves the fewest GPU-slots.

    Raises
    ------
    DataError
        For repeated ids, an empty or outside span, gpus below 1, an unknown fixed cluster, or bad
        `reserved`.

    Notes
    -----
    Without fixed gangs and with all gangs larger than half a cluster the first fit by start is optimal
    (interval graphs colour greedily). In general the problem is NP-hard: hence the search and its limit.

    Examples
    --------
    >>> pool = Pool(pool_id="a/h100x200", node="a", gpu_type="h100", cluster_gpus=200, clusters=2)
    >>> gangs = [("x", 120, 0, 3), ("y", 120, 1, 4), ("z", 80, 0, 4)]
    >>> pack_gangs(gangs, pool, np.zeros(4)).cluster_of
    {'x': 'a/h100x200/1', 'y': 'a/h100x200/2', 'z': 'a/h100x200/1'}
    """
    ids = pool.cluster_ids
    rows = [(*segment, None)[:5] for segment in segments]
    _check_segments(rows, pool, len(np.asarray(reserved)))
    fixed = frozenset(row[4] for row in rows if row[4])
    free = free_gpus_by_cluster(pool, reserved, fixed_clusters=fixed)
    items = [
        Item(gpus=gpus, first=first, last=last, cluster=ids.index(cluster) if cluster else -1)
        for _, gpus, first, last, cluster in rows
    ]
    assigned = best_start(items, free)
    proven = False
    if (assigned < 0).any():
        found, proven = complete_search(items, free, nodes=search_nodes)
        if found is None:
            # also when nothing can hold them all: the fewer left over, the better
            assigned = repair(items, free, assigned, rounds=repair_rounds)
        else:
            assigned, proven = found, False
    packing = Packing(
        cluster_of={row[0]: ids[c] for row, c in zip(rows, assigned, strict=True) if c >= 0},
        unpacked=tuple(row[0] for row, c in zip(rows, assigned, strict=True) if c < 0),
        proven=proven,
    )
    if faults := packing_faults(packing, segments, pool, reserved):
        raise RuntimeError(f"pool {pool.pool_id}: the packing found is wrong: {faults[0]}")
    return packing


def _check_segments(rows: Sequence[tuple], pool: Pool, slots: int) -> None:
    seen: set[str] = set()
    for job_id, gpus, first, last, cluster in rows:
        where = f"pool {pool.pool_id}, job {job_id!r}"
        if job_id in seen:
            raise DataError(f"{where}: appears twice; give one segment per job")
        seen.add(job_id)
        if gpus < 1 or not 0 <= first < last <= slots:
            raise DataError(
                f"{where}: {gpus} GPUs in slots [{first}, {last}); at least 1 GPU and a span inside "
                f"[0, {slots}) are needed; correct the segment"
            )
        if cluster and cluster not in pool.cluster_ids:
            raise DataError(
                f"{where}: fixed to cluster {cluster!r}, which the pool does not have; "
                f"its clusters: {', '.join(pool.cluster_ids)}; correct the carried state"
            )


def packing_faults(packing: Packing, segments: Sequence[Segment], pool: Pool, reserved: np.ndarray) -> tuple[str, ...]:
    """What is wrong with a packing, by a count over every slot and cluster; () when nothing is.

    Deliberately naive: it shares no code with the search. A gang pool is right in a slot when no cluster
    runs more than it has and the clusters left empty suffice for the clusters inference keeps.
    """
    faults: list[str] = []
    used: dict[tuple[str, int], int] = {}
    for job_id, gpus, first, last, *fixed in segments:
        cluster = packing.cluster_of.get(job_id)
        if (cluster is None) != (job_id in packing.unpacked):
            faults.append(f"job {job_id!r} is not in exactly one of cluster_of and unpacked")
        if cluster is None:
            continue
        if fixed and fixed[0] and cluster != fixed[0]:
            faults.append(f"job {job_id!r} is in {cluster}, fixed to {fixed[0]}")
        for slot in range(first, last):
            used[cluster, slot] = used.get((cluster, slot), 0) + gpus
    for slot, kept in enumerate(np.asarray(reserved).tolist()):
        loads = [used.get((cluster, slot), 0) for cluster in pool.cluster_ids]
        if pool.free:
            if sum(loads) + kept > pool.gpus:
                faults.append(f"slot {slot}: {sum(loads)} + {kept} reserved of {pool.gpus} GPUs")
            continue
        if max(loads) > pool.cluster_gpus:
            faults.append(f"slot {slot}: {max(loads)} GPUs in a cluster of {pool.cluster_gpus}")
        if loads.count(0) * pool.cluster_gpus < kept:
            faults.append(f"slot {slot}: {loads.count(0)} clusters empty, {kept} GPUs reserved")
    return tuple(faults)


def packing_weights(gpus: int, cluster_gpus: int) -> tuple[float, float, float]:
    """Weights u_1, u_2, u_3 of a gang in the packing inequalities of its pool.

    For gangs running at one time in m free clusters of `cluster_gpus` GPUs, the sum of u_k over the gangs
    is at most m, for each k: necessary for a packing to exist, not sufficient.

    Parameters
    ----------
    gpus
        GPUs of the gang, 1 to `cluster_gpus`.
    cluster_gpus
        GPUs of one cluster.

    Raises
    ------
    DataError
        When the gang is larger than the cluster or has no GPUs.

    Notes
    -----
    u_k(x) = x if (k + 1) x is a whole number, else floor((k + 1) x) / k, with x = gpus / cluster_gpus.
    u_k is dual feasible: numbers with sum at most 1 keep it. k = 1 says that two gangs of more than half a
    cluster never share one.

    References
    ----------
    S. P. Fekete, J. Schepers, New classes of fast lower bounds for bin packing problems, Mathematical
    Programming 91 (2001), doi 10.1007/s101070100243.

    Examples
    --------
    >>> packing_weights(120, 200)
    (1.0, 0.5, 0.6666666666666666)
    """
    if not 1 <= gpus <= cluster_gpus:
        raise DataError(f"a gang of {gpus} GPUs in clusters of {cluster_gpus}; 1 to {cluster_gpus} fit; split the job")
    weights = []
    for k in (1, 2, 3):
        whole, rest = divmod((k + 1) * gpus, cluster_gpus)
        weights.append(gpus / cluster_gpus if rest == 0 else whole / k)
    return weights[0], weights[1], weights[2]
