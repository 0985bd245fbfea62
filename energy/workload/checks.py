"""Checks of a queue against the fleet and the window, before any planning."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from energy.workload.packing import Pool
from energy.workload.record import Fault, Job, civil_time, is_aware, job_faults, raise_faults, shown
from weather.conventions.errors import DataError


def check_jobs(
    jobs: Sequence[Job],
    *,
    pools: Iterable[Pool],
    node_ids: Collection[str],
    gpu_types: Collection[str],
    window_start: datetime,
    window_end: datetime,
) -> None:
    """Refuse jobs that no plan from this window on could run.

    Parameters
    ----------
    jobs
        The queue.
    pools
        All pools of the fleet.
    node_ids, gpu_types
        The nodes and the GPU types the study knows.
    window_start, window_end
        The planned window, aware times.

    Raises
    ------
    DataError
        Listing the first 20 offending jobs: repeated ids, broken rules of a single job, unknown node or
        GPU type, a gang larger than every cluster it may use, a deadline that cannot be met from the
        window's start on. A job released after the window is no fault: a later plan runs it.
    """
    for name, time in (("window_start", window_start), ("window_end", window_end)):
        if not is_aware(time):
            raise DataError(f"{name}: {time} has no time zone; an aware time is needed; attach UTC")
    if window_end <= window_start:
        raise DataError(
            f"window_end: {civil_time(window_end)} is not after {civil_time(window_start)}; "
            "give a window of some length"
        )
    pools = tuple(pools)
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, job in enumerate(jobs, start=1):
        row = f"job {number} ({shown(job.job_id)})"
        if job.job_id in seen:
            rule = f"job {seen[job.job_id]} has the same job_id"
            faults.append(Fault(row, "job_id", job.job_id, rule, "give every job its own"))
        seen.setdefault(job.job_id, number)
        faults.extend(job_faults(job, row, not_before=window_start))
        faults.extend(_fleet_faults(job, row, pools, node_ids, gpu_types))
        faults.extend(_window_faults(job, row, window_start))
    raise_faults(faults, "jobs")


def _fleet_faults(
    job: Job, row: str, pools: tuple[Pool, ...], node_ids: Collection[str], gpu_types: Collection[str]
) -> Iterator[Fault]:
    unknown = [node for node in job.nodes if node not in node_ids]
    for node in unknown:
        yield Fault(row, "nodes", node, *_known(node, node_ids, "node"))
    if job.home_node and job.home_node not in node_ids:
        yield Fault(row, "home_node", job.home_node, *_known(job.home_node, node_ids, "node"))
    if job.gpu_type not in gpu_types:
        yield Fault(row, "gpu_type", job.gpu_type, *_known(job.gpu_type, gpu_types, "GPU type"))
        return
    of_type = [pool for pool in pools if pool.gpu_type == job.gpu_type]
    usable = [pool for pool in of_type if not job.nodes or pool.node in job.nodes]
    where = f" at {', '.join(job.nodes)}" if job.nodes else ""
    if not of_type:
        have = ", ".join(sorted({pool.gpu_type for pool in pools})) or "none"
        rule = f"no node of the study has {job.gpu_type} GPUs; types its nodes have: {have}"
        remedy = f"ask for one of these, or add a cluster of {job.gpu_type} to a node of the study"
        yield Fault(row, "gpu_type", job.gpu_type, rule, remedy)
    elif not usable and not unknown:
        have = ", ".join(sorted({pool.node for pool in of_type}))
        rule = f"there are no {job.gpu_type} GPUs{where}; nodes that have them: {have}"
        yield Fault(row, "nodes", ";".join(job.nodes), rule, "allow one of these")
    elif usable and job.gpus > max(pool.largest_gang for pool in usable):
        sizes = ", ".join(str(size) for size in sorted({pool.largest_gang for pool in usable}))
        rule = f"a gang runs inside one cluster; {job.gpu_type} clusters{where} have {sizes} GPUs"
        remedy = "ask for fewer GPUs, split the job, or allow another type or node"
        yield Fault(row, "gpus", job.gpus, rule, remedy)


def _known(found: str, allowed: Collection[str], what: str) -> tuple[str, str]:
    close = difflib.get_close_matches(found, sorted(allowed), n=1)
    remedy = f"did you mean {close[0]}?" if close else "use one of these"
    return f"known {what}s: {', '.join(sorted(allowed))}", remedy


def _window_faults(job: Job, row: str, start: datetime) -> Iterator[Fault]:
    if job.started is not None and is_aware(job.started) and job.started > start:
        rule = f"a running job began by the window's start, {shown(start)}"
        yield Fault(row, "started", job.started, rule, "correct it or set state to pending")


def check_running(jobs: Sequence[Job], *, node_ids: Collection[str], at: datetime) -> None:
    """Refuse running jobs of a state that no window can go on with, whatever the fleet's clusters.

    Parameters
    ----------
    jobs
        Jobs in progress at the moment `at` (aware).
    node_ids
        The nodes the study knows.

    Raises
    ------
    DataError
        Listing the first 20 faults: rules of a single job, a start after `at`, a deadline that cannot be met
        from then on, an unknown home node, values that are not planned yet.
    """
    faults: list[Fault] = []
    for job in jobs:
        row = f"running job {shown(job.job_id)} of the state"
        faults.extend(job_faults(job, row, not_before=at))
        faults.extend(_window_faults(job, row, at))
        if job.home_node and job.home_node not in node_ids:
            faults.append(Fault(row, "home_node", job.home_node, *_known(job.home_node, node_ids, "node")))
        faults.extend(_unplanned_faults(job, row))
    raise_faults(faults, "state")


def refuse_unplanned(jobs: Sequence[Job]) -> None:
    """Refuse jobs that ask for what is not planned yet: only rigid gangs inside one cluster are.

    Raises
    ------
    DataError
        Listing the first 20 values in columns that would be ignored, and asking to leave them empty.
    """
    faults = [
        fault
        for number, job in enumerate(jobs, start=1)
        for fault in _unplanned_faults(job, f"job {number} ({shown(job.job_id)})")
    ]
    raise_faults(faults, "jobs")


def _unplanned_faults(job: Job, row: str) -> Iterator[Fault]:
    asked = {
        "min_gpus": job.min_gpus not in (None, job.gpus),
        "max_gpus": job.max_gpus not in (None, job.gpus),
        "late_price": job.late_price is not None,
        "priority": job.priority != 0,
        "preemptible": job.preemptible,
        "checkpoint_h": job.checkpoint_h != 0,
        "restart_h": job.restart_h != 0,
        "min_run_h": job.min_run_h != 0,
        "cap_min_frac": job.cap_min_frac < 1,
        "may_span": job.may_span,
        "latency_ms": job.latency_ms is not None,
        "home_node": job.home_node != "",
        "dataset_gb": job.dataset_gb != 0,
    }
    rule = "this column is not planned yet: jobs run as rigid gangs"
    return (Fault(row, column, getattr(job, column), rule, "leave it empty") for column, used in asked.items() if used)
