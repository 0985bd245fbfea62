"""Which jobs a window takes: those that run already, those of the queue it can serve, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from energy.config import Study
from energy.inputs import study_pools
from energy.remarks import named
from energy.state import State, check_state
from energy.workload.jobs import Job, check_jobs, refuse_unplanned
from weather.conventions.errors import DataError, InfeasiblePlan

CIVIL = timezone(timedelta(hours=8))


def jobs_of_window(
    study: Study, jobs: Sequence[Job], state: State | None, *, time: np.ndarray, step_h: float, strict: bool
) -> tuple[list[Job], list[str], list[str]]:
    """Running jobs of the state and the given jobs that are released inside the window, checked.

    Returns
    -------
    jobs : list of Job
        Running ones first.
    expired : list of str
        Ids of jobs that can no longer meet the deadline.
    warnings : list of str
        What of the queue and the state the window does not take, and why, in sentences.

    Raises
    ------
    DataError
        For jobs or a state that cannot be planned from.
    InfeasiblePlan
        Under ``strict``, for a job that can no longer meet its deadline.
    """
    opens, close = _aware(time[0]), _aware(time[-1] + np.timedelta64(round(step_h * 3600), "s"))
    if state is not None and state.at != opens:
        raise DataError(
            f"state: it was carried out at {_civil(state.at)}, but this window opens at {_civil(opens)}. "
            "Give the state of the plan that ends where this one begins, or plan without --state."
        )
    pools, told = study_pools(study), []
    if state is not None:
        clusters = {node.id: {} for node in study.nodes}
        for pool in pools:
            clusters[pool.node] |= dict.fromkeys(pool.cluster_ids, (pool.gpu_type, pool.largest_gang))
        setpoints = {node.id: node.cooling.setpoints_degc for node in study.nodes}
        told += check_state(state, clusters=clusters, setpoints=setpoints)
    running = [] if state is None else [r.job for r in state.running]
    known = {job.job_id for job in running}
    ended = frozenset() if state is None else frozenset(state.ended)
    done = [job.job_id for job in jobs if job.job_id in ended]
    pending = [job for job in jobs if job.job_id not in known and job.job_id not in ended]
    refuse_unplanned(pending)
    expired = [job.job_id for job in pending if _expired(job, opens)]
    if expired and strict:
        raise InfeasiblePlan(
            f"{_jobs(expired)} can no longer meet the deadline from {_civil(opens)} on: {named(expired)}. "
            "Nothing was published. Take them out of the queue or move their deadline, or plan without --strict."
        )
    pending = [job for job in pending if not _expired(job, opens)]
    check_jobs(
        pending,
        pools=pools,
        node_ids=[node.id for node in study.nodes],
        gpu_types=tuple(study.gpu_table()),
        window_start=opens,
        window_end=close,
    )
    last = _aware(time[-1])  # a job waits for the beginning of a step
    inside = [job for job in pending if job.release is None or job.release <= last]
    if expired:
        told.append(
            f"{_jobs(expired)} can no longer meet the deadline from {_civil(opens)} on, left out: {named(expired)}."
        )
    if done:
        told.append(f"{_jobs(done)} of the queue ended in earlier windows, left out: {named(done)}.")
    own = {job.job_id: job for job in running}
    changed = [job.job_id for job in jobs if job.job_id in known and _differs(job, own[job.job_id])]
    if changed:
        told.append(
            f"{_jobs(changed)} of the queue already running will go on as begun, whatever the queue says now: "
            f"{named(changed)}."
        )
    if len(inside) < len(pending):
        later = [job.job_id for job in pending if job not in inside]
        told.append(
            f"{_jobs(later)} released after the last step of the window has begun must wait for the next: "
            f"{named(later)}."
        )
    return [*running, *inside], expired, told


def _jobs(ids: Sequence[str]) -> str:
    return f"{len(ids)} job" if len(ids) == 1 else f"{len(ids)} jobs"


def _expired(job: Job, opens: datetime) -> bool:
    """Whether a job that its own release would let finish in time can no longer do so from the window's start."""
    if job.deadline is None or job.state != "pending" or job.deadline >= opens + timedelta(hours=job.duration_h):
        return False
    return job.release is None or job.release + timedelta(hours=job.duration_h) <= job.deadline


def _differs(job: Job, running: Job) -> bool:
    """Whether a row of the queue asks for something else than the job of its name that runs."""
    asked = ("gpu_type", "gpus", "duration_h", "deadline", "power_frac", "tenant")
    return any(getattr(job, name) != getattr(running, name) for name in asked)


def _aware(stamp: np.datetime64) -> datetime:
    return stamp.astype("datetime64[us]").item().replace(tzinfo=UTC)


def _civil(moment: datetime) -> str:
    return moment.astimezone(CIVIL).isoformat()
