"""Jobs on GPUs: what runs where and when. Each function is one law."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from energy.state import RunningJob
from energy.verify.case import (
    Case,
    added_kw,
    base_it_kw,
    by_id,
    clusters,
    hours_left,
    reserved_gpus,
    steps_of,
)
from energy.verify.result import Check, numbers, sentences
from energy.workload.jobs import Job
from models.overhead import it_rating_kw

HOUR = pd.Timedelta(hours=1)
SECOND_H = 1e-6  # h; times are stated to the second or better


def _pairs(case: Case, segments: pd.DataFrame) -> list[tuple[Job, object]]:
    """Segments with their jobs; rows of unknown jobs are another check's to report."""
    jobs = by_id(case.jobs)
    return [(jobs[str(row.job_id)], row) for row in segments.itertuples() if str(row.job_id) in jobs]


def _hours(later, earlier) -> float:
    return (pd.Timestamp(later) - pd.Timestamp(earlier)) / HOUR


def once(case: Case, segments: pd.DataFrame) -> Check:
    """A job runs in one piece, and only jobs of the queue run."""
    known = by_id(case.jobs)
    counts = Counter(str(job_id) for job_id in segments["job_id"])
    faults = [f"job {job_id} has {times} segments" for job_id, times in counts.items() if times > 1]
    faults += [f"job {job_id} is not in the queue" for job_id in counts if job_id not in known]
    faults += [f"job {row.job_id}: segment {row.segment}" for row in segments.itertuples() if row.segment != 1]
    return sentences("each job once", faults, unit="jobs", law="A job of the queue has at most one segment, number 1.")


def whole_gangs(case: Case, segments: pd.DataFrame) -> Check:
    """A gang runs whole, on GPUs of its type, in a cluster that exists and is large enough."""
    by_node = {node.id: clusters(node) for node in case.study.nodes}
    faults = []
    for job, row in _pairs(case, segments):
        pool = by_node.get(row.node, {}).get(str(row.cluster))
        if pool is None:
            faults.append(f"job {job.job_id}: node {row.node} has no cluster {row.cluster}")
            continue
        if not (pool.gpu_type == job.gpu_type == row.gpu_type):
            faults.append(f"job {job.job_id}: wants {job.gpu_type}, {row.cluster} has {pool.gpu_type}")
        if int(row.gpus) != job.gpus:
            faults.append(f"job {job.job_id}: runs on {row.gpus} of its {job.gpus} GPUs")
        if job.gpus > pool.cluster_gpus:
            faults.append(f"job {job.job_id}: {job.gpus} GPUs in {row.cluster} of {pool.cluster_gpus}")
        if abs(row.cap - 1.0) > SECOND_H:
            faults.append(f"job {job.job_id}: power cap {row.cap:g}")
    return sentences(
        "whole gangs",
        faults,
        unit="jobs",
        law="A gang runs with all its GPUs, uncapped, in one existing cluster of its type that holds it.",
    )


def cluster_capacity(case: Case, segments: pd.DataFrame) -> Check:
    """No cluster runs more than it has, and inference keeps its clusters or GPUs."""
    load: dict[str, np.ndarray] = {}
    slots = len(case.time)
    for row in segments.itertuples():
        first = int(np.floor(_hours(row.start, case.opens) / case.step_h + 1e-9))
        last = int(np.ceil(_hours(row.end, case.opens) / case.step_h - 1e-9))
        taken = load.setdefault(str(row.cluster), np.zeros(slots))
        taken[max(first, 0) : max(last, 0)] += row.gpus
    pinned = set() if case.state is None else {running.cluster for running in case.state.running}
    kept, names, rows = reserved_gpus(case), [], []
    for node in case.study.nodes:
        of_pool: dict[str, list[str]] = {}
        for cluster, pool in clusters(node).items():
            of_pool.setdefault(pool.pool_id, []).append(cluster)
        for pool in node.pools():
            free = _free_gpus(pool, kept[pool.pool_id], of_pool[pool.pool_id], pinned)
            for cluster, room in free.items():
                names.append(cluster)
                rows.append(load.get(cluster, np.zeros(slots)) - room)
    return numbers(
        "cluster capacity",
        np.array(rows),
        limit=SECOND_H,
        unit="GPUs",
        law="Gangs in a cluster use at most its GPUs; of a gang pool inference keeps whole clusters, the last first "
        "and those of running gangs last; of a free pool it keeps GPUs.",
        at=lambda i: f"{names[i[0]]} {case.civil(i[1])}",
    )


def _free_gpus(pool, kept: np.ndarray, names: list[str], pinned: set[str]) -> dict[str, np.ndarray]:
    """GPUs each cluster of a pool has for gangs in every step."""
    if pool.free:
        return {names[0]: pool.cluster_gpus - kept}
    queue = [name for name in reversed(names) if name not in pinned] + [
        name for name in reversed(names) if name in pinned
    ]
    whole = np.ceil(kept / pool.cluster_gpus)
    return {name: np.where(place < whole, 0.0, pool.cluster_gpus) for place, name in enumerate(queue)}


def gpus_published(case: Case, segments: pd.DataFrame) -> Check:
    """The GPU counts of plan.nc are those of the job table and the study."""
    pools = [pool for node in case.study.nodes for pool in node.pools()]
    pool_of = {name: pool.pool_id for node in case.study.nodes for name, pool in clusters(node).items()}
    names = [pool.pool_id for pool in pools]
    used = {name: np.zeros(len(case.time)) for name in names}
    for row in segments.itertuples():
        first, last = (round(_hours(t, case.opens) / case.step_h) for t in (row.start, row.end))
        if str(row.cluster) in pool_of:
            used[pool_of[str(row.cluster)]][max(first, 0) : max(last, 0)] += row.gpus
    kept, plan = reserved_gpus(case), case.plan
    breach = np.zeros((3, len(names), len(case.time)))
    for p, pool in enumerate(pools):
        here = plan.sel(pool=pool.pool_id)
        breach[0, p] = np.abs(here["used_gpus"].values - used[pool.pool_id])
        breach[1, p] = np.abs(here["reserved_gpus"].values - kept[pool.pool_id])
        breach[2, p] = abs(float(here["pool_gpus"]) - pool.cluster_gpus * pool.count)
    kinds = ("used", "reserved", "installed")
    return numbers(
        "GPUs of each pool",
        breach,
        limit=SECOND_H,
        unit="GPUs",
        law="used_gpus are the segments', reserved_gpus the study's inference (its largest hour in a step), pool_gpus "
        "the study's.",
        at=lambda i: f"{kinds[i[0]]} {names[i[1]]} {case.civil(i[2])}",
    )


def allowed_nodes(case: Case, segments: pd.DataFrame) -> Check:
    """A job runs at a node it allows."""
    faults = [
        f"job {job.job_id}: runs at {row.node}, allows {', '.join(job.nodes)}"
        for job, row in _pairs(case, segments)
        if job.nodes and row.node not in job.nodes
    ]
    return sentences("allowed nodes", faults, unit="jobs", law="A job that lists nodes runs at one of them.")


def releases(case: Case, segments: pd.DataFrame) -> Check:
    """No job starts before it is released or before the window."""
    pairs = _pairs(case, segments)
    early = [
        _hours(case.opens if job.release is None or job.state == "running" else max(job.release, case.opens), row.start)
        for job, row in pairs
    ]
    return numbers(
        "releases",
        np.array(early),
        limit=SECOND_H,
        unit="h",
        law="A job starts at or after its release and the window's start.",
        at=lambda i: f"job {pairs[i[0]][0].job_id}",
    )


def deadlines(case: Case, segments: pd.DataFrame) -> Check:
    """A job ends by its deadline, also when it ends after the window."""
    pairs = [(job, row) for job, row in _pairs(case, segments) if job.deadline is not None and job.state != "running"]
    late = [_hours(row.start, job.deadline) + steps_of(job, case) * case.step_h for job, row in pairs]
    return numbers(
        "deadlines",
        np.array(late),
        limit=SECOND_H,
        unit="h",
        law="A job not yet running, rounded up to whole steps, ends by its deadline, inside the window or after it.",
        at=lambda i: f"job {pairs[i[0]][0].job_id}",
    )


def durations(case: Case, segments: pd.DataFrame) -> Check:
    """A job runs its rounded-up time without a break; what is left at the window's end is carried out."""
    pairs = _pairs(case, segments)
    breach, kinds = [], ("starts between steps", "length", "remaining_h", "slack_h", "deadline")
    for job, row in pairs:
        offset = _hours(row.start, case.opens) / case.step_h
        full = pd.Timestamp(row.start) + steps_of(job, case) * case.step_h * HOUR
        breach.append(
            [
                abs(offset - round(offset)) * case.step_h,
                abs(_hours(row.end, min(full, pd.Timestamp(case.closes)))),
                abs(row.remaining_h - max(0.0, hours_left(job) - _hours(case.closes, pd.Timestamp(row.start)))),
                _slack_off(job, full, row.slack_h),
                _deadline_off(job, row.deadline),
            ]
        )
    return numbers(
        "durations",
        np.array(breach),
        limit=SECOND_H,
        unit="h",
        law="A segment starts on a step and lasts the job's rounded-up hours or to the window's end; remaining_h is "
        "what is left of its own hours then, slack_h what lies between its end and the deadline, which is the job's.",
        at=lambda i: f"job {pairs[i[0]][0].job_id}: {kinds[i[1]]}",
    )


def _slack_off(job: Job, full_end: pd.Timestamp, slack_h: float) -> float:
    """By how much a published slack is wrong [h]; without a deadline there is none."""
    if job.deadline is None:
        return 0.0 if pd.isna(slack_h) else np.inf
    return abs(_hours(job.deadline, full_end) - slack_h)


def _deadline_off(job: Job, told) -> float:
    """By how much a published deadline is wrong [h]."""
    if job.deadline is None or pd.isna(told):
        return 0.0 if job.deadline is None and pd.isna(told) else np.inf
    return abs(_hours(told, job.deadline))


def job_power(case: Case, segments: pd.DataFrame) -> Check:
    """A job draws its share of its servers' peak."""
    pairs, types = _pairs(case, segments), case.study.gpu_table()
    off = [abs(row.power_kw - job.gpus * job.power_frac * types[job.gpu_type].peak_kw) for job, row in pairs]
    return numbers(
        "power of jobs",
        np.array(off),
        limit=case.tolerance,
        unit="kW",
        law="power_kw of a segment = GPUs x power_frac x server peak per GPU.",
        at=lambda i: f"job {pairs[i[0]][0].job_id}",
    )


def running_stay(case: Case, segments: pd.DataFrame) -> Check:
    """A running gang is neither moved, nor paused, nor dropped."""
    held = {} if case.state is None else {r.job.job_id: r for r in case.state.running}
    where = {job_id: (r.node, r.cluster) for job_id, r in held.items()}
    faults, placed = [], {}
    for job, row in _pairs(case, segments):
        placed[job.job_id] = row
        if job.state != "running":
            continue
        if abs(_hours(row.start, case.opens)) > SECOND_H:
            faults.append(f"job {job.job_id} is running and starts at {row.start}")
        if job.job_id in where and (row.node, str(row.cluster)) != where[job.job_id]:
            faults.append(f"job {job.job_id} runs in {where[job.job_id][1]}, the plan moves it to {row.cluster}")
    known = by_id(case.jobs)
    of_node = {node.id: clusters(node) for node in case.study.nodes}
    for job_id, mine in held.items():
        if job_id not in known:
            faults.append(f"job {job_id} is running and not among the jobs")
        elif mine.cluster not in of_node.get(mine.node, {}):
            faults.append(f"job {job_id} runs in {mine.cluster} of {mine.node}, which the study does not have")
        elif job_id not in placed and _could_stay(case, known[job_id], mine):
            faults.append(f"job {job_id} is running and the plan drops it")
    return sentences(
        "running jobs",
        faults,
        unit="jobs",
        law="A running job starts with the window in the cluster the state names; it is dropped only where inference "
        "and the other running jobs leave no room for it.",
    )


def _could_stay(case: Case, job: Job, mine: RunningJob) -> bool:
    """Whether the running jobs alone, with inference, leave this one its GPUs and its power where it runs."""
    node = case.study.node(mine.node)
    of_cluster = clusters(node)
    pool = of_cluster[mine.cluster]
    slots = np.arange(len(case.time))
    gpus, load = np.zeros(len(slots)), base_it_kw(case)[case.study.nodes.index(node)]
    for other in case.state.running:
        here = slots < steps_of(other.job, case)
        gpus += other.job.gpus * here * (other.cluster == mine.cluster)
        load += added_kw(other.job, case) * here * (other.node == mine.node)
    names = [name for name, spec in of_cluster.items() if spec.pool_id == pool.pool_id]
    pinned = {other.cluster for other in case.state.running}
    room = _free_gpus(pool, reserved_gpus(case)[pool.pool_id], names, pinned)[mine.cluster]
    span = slots < steps_of(job, case)
    rated = it_rating_kw(node.node_plant())
    return bool(np.all((gpus <= room)[span]) and np.all((load <= rated)[span]))


def unserved_listed(case: Case, segments: pd.DataFrame, unserved: list[str]) -> Check:
    """Nothing is left out in silence."""
    placed, listed = {str(job_id) for job_id in segments["job_id"]}, Counter(unserved)
    faults = [f"job {job_id} is listed twice" for job_id, times in listed.items() if times > 1]
    for job_id in by_id(case.jobs):
        if job_id not in placed and job_id not in listed:
            faults.append(f"job {job_id} neither runs nor is listed as unserved")
    faults += [f"job {job_id} runs and is listed as unserved" for job_id in listed if job_id in placed]
    return sentences(
        "unserved jobs listed", faults, unit="jobs", law="Every job runs or is listed as unserved, never both."
    )
