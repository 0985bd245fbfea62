"""Jobs out of public cluster traces, with everything that had to be assumed said."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import numpy as np

from energy.workload.packing import Pool, free_gpus_by_cluster
from energy.workload.record import MOST_GPUS, TRAINING_POWER_FRAC, Fault, Job, is_aware, raise_faults, shown
from weather.conventions.errors import DataError

PHILLY_COLUMNS = ("job_id", "submit_time", "duration_s", "gpu_num")
PHILLY_SOURCE = "Microsoft Philly trace (github.com/msr-fiddle/philly-traces, CC BY 4.0; Jeon et al., USENIX ATC 2019)"
_SUBMITTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
MOST_BYTES = 100_000_000
LEAST_SLACK_H, MOST_SLACK_H = 12.0, 24.0  # assumption, stated in every report


@dataclass(frozen=True, slots=True)
class TraceReport:
    """What was taken from a trace and what had to be assumed.

    `jobs`, `gpu_hours`: number of jobs and their GPUs x duration, after scaling [GPU-h]; `gpu_factor`: GPUs
    planned per GPU of the trace; `assumptions`: sentences to print beside every result.
    """

    jobs: int
    gpu_hours: float
    gpu_factor: float
    assumptions: tuple[str, ...]


def read_philly(
    path: str | Path,
    *,
    start: datetime,
    end: datetime,
    window_start: datetime,
    min_gpus: int = 2,
    gpu_factor: float = 1,
    pools: Sequence[Pool],
    seed: int,
    slack_h: tuple[float, float] = (LEAST_SLACK_H, MOST_SLACK_H),
    reserved: Mapping[str, np.ndarray] | None = None,
) -> tuple[tuple[Job, ...], TraceReport]:
    """Jobs of the Philly trace, moved into the planning window and completed by stated assumptions.

    Parameters
    ----------
    path
        CSV with columns job_id, submit_time ("2017-11-11 08:15:00"), duration_s, gpu_num.
    start, end
        Jobs submitted in [start, end) of the trace's own clock (naive) are taken.
    window_start
        The moment of the plan that `start` becomes (aware).
    min_gpus
        Smallest job taken, in GPUs of the trace.
    gpu_factor
        GPUs planned per GPU of the trace; must give whole GPUs.
    pools
        The fleet. The trace does not name GPU types: in order of submission, each job goes to the type
        asked for least so far, in GPU-hours of the interval per free GPU, among those of which one cluster holds
        the gang.
    seed
        Seed of the deadlines; a job's depends on the seed and its job_id only.
    slack_h
        Least and most slack of the assumed deadlines [h].
    reserved
        Per pool id the GPUs kept for inference in each slot, shape (time,), counted as not free when types
        are chosen.

    Returns
    -------
    (jobs, report)
        Jobs in order of submission; their durations are exact (the planner rounds up to its steps).

    Raises
    ------
    DataError
        For an unreadable or malformed trace (first 20 rows listed), an interval the trace does not cover or
        without jobs, an impossible factor, or gangs that no cluster can hold.
    """
    _check_interval(start, end, window_start, slack_h)
    if not 0 < gpu_factor <= MOST_GPUS or min_gpus < 1:
        raise DataError(
            f"{path}: gpu_factor {gpu_factor} and min_gpus {min_gpus} must be above 0, gpu_factor at most "
            f"{MOST_GPUS:,}; correct them"
        )
    rows = [row for row in _covering(Path(path), start, end) if row.gpus >= min_gpus]
    if not rows:
        raise DataError(
            f"{path}: no job of at least {min_gpus} GPUs was submitted from {start} to {end}; "
            "lower min_gpus or take another interval"
        )
    free = _free_by_pool(pools, reserved or {})
    origin = window_start.astimezone(UTC)
    asked: dict[str, float] = {}
    jobs: list[Job] = []
    faults: list[Fault] = []
    for row in rows:
        gpus = round(row.gpus * gpu_factor, 9)
        fitting = _types_that_fit(gpus, free)
        if gpus != int(gpus):
            rule = f"times gpu_factor {gpu_factor:g} is no whole number"
            faults.append(Fault(f"row {row.number}", "gpu_num", row.gpus, rule, "choose a whole gpu_factor"))
        elif not fitting:
            rule = f"times gpu_factor {gpu_factor:g} is {gpus:g} GPUs, more than any one cluster has free"
            faults.append(Fault(f"row {row.number}", "gpu_num", row.gpus, rule, "lower gpu_factor"))
        else:
            work = gpus * min(row.duration_h, (end - row.submitted) / timedelta(hours=1))
            kind = min(fitting, key=lambda name: ((asked.get(name, 0.0) + work) / fitting[name], name))
            asked[kind] = asked.get(kind, 0.0) + work
            release = origin + (row.submitted - start)
            jobs.append(_trace_job(row, int(gpus), kind, release=release, seed=seed, slack_h=slack_h))
    raise_faults(faults, str(path))
    gpu_hours = math.fsum(job.gpus * job.duration_h for job in jobs)
    said = _assumptions(start, end, min_gpus=min_gpus, gpu_factor=gpu_factor, slack_h=slack_h)
    return tuple(jobs), TraceReport(len(jobs), gpu_hours, gpu_factor, said)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    job_id: str
    submitted: datetime
    duration_h: float
    gpus: int


def _check_interval(start: datetime, end: datetime, window_start: datetime, slack_h: tuple[float, float]) -> None:
    if is_aware(start) or is_aware(end):
        raise DataError(f"trace interval {start} to {end}: the trace's clock has no offset; give naive times")
    if start >= end:
        raise DataError(f"trace interval {start} to {end} is empty; the end must be later than the start")
    if not is_aware(window_start):
        raise DataError(f"window_start: {window_start} has no time zone; an aware time is needed; attach UTC")
    if not 0 <= slack_h[0] <= slack_h[1] < math.inf:
        raise DataError(f"slack_h: {slack_h}; least and most hours are needed, 0 or more, in this order")


def _covering(path: Path, start: datetime, end: datetime) -> list[_Row]:
    """Rows submitted in [start, end), after checking that the trace covers these days."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: over {MOST_BYTES} bytes; cut the trace to the days needed")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(_rows(stream, path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give the path of the trace") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; give the trace's CSV file") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file ({error}); give the trace's CSV file") from error
    if not rows:
        raise DataError(f"{path}: the trace has no jobs; give the whole trace")
    first = min(row.submitted for row in rows)
    last = max(row.submitted for row in rows)
    if start.date() < first.date() or end > datetime.combine(last.date(), datetime.min.time()) + timedelta(days=1):
        raise DataError(
            f"{path}: the trace covers {first.date()} to {last.date()}, asked for {start} to {end}; "
            "take an interval inside it"
        )
    inside = [row for row in rows if start <= row.submitted < end]
    return sorted(inside, key=lambda row: (row.submitted, row.number))


def _rows(stream: TextIO, path: Path) -> Iterator[_Row]:
    lines = csv.reader(stream, strict=True)
    header = next(lines, [])
    missing = [name for name in PHILLY_COLUMNS if name not in header]
    if missing:
        raise DataError(
            f"{path}, row 1: columns missing: {', '.join(missing)}; found {shown(','.join(header))}; give the trace's "
            f"CSV with {', '.join(PHILLY_COLUMNS)}"
        )
    at = [header.index(name) for name in PHILLY_COLUMNS]
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines, start=2):
        if not cells:
            continue
        row = f"row {number}"
        if len(cells) != len(header):
            rule = f"{len(header)} cells, as many as the header"
            faults.append(Fault(row, "whole row", f"{len(cells)} cells", rule, "restore the row or remove it"))
            continue
        job_id, submitted, duration, gpus = (cells[column] for column in at)
        if job_id in seen or not job_id.strip():
            rule = f"row {seen[job_id]} has the same job_id" if job_id in seen else "a job_id is required"
            faults.append(Fault(row, "job_id", job_id, rule, "remove the repeated row or name it"))
        seen.setdefault(job_id, number)
        found = _parsed(row, submitted, duration, gpus)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        yield _Row(number, job_id, *found)
    raise_faults(faults, str(path))


def _parsed(row: str, submitted: str, duration: str, gpus: str) -> tuple[datetime, float, int] | Fault:
    try:
        time = datetime.fromisoformat(submitted if _SUBMITTED.fullmatch(submitted) else "")
    except ValueError:
        return Fault(row, "submit_time", submitted, "a time as 2017-11-11 08:15:00", "correct it or remove the row")
    try:
        seconds = float(duration)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        return Fault(row, "duration_s", duration, "seconds above 0", "correct it or remove the row")
    if not re.fullmatch(r"[0-9]{1,6}", gpus) or int(gpus) < 1:
        return Fault(row, "gpu_num", gpus, "a whole number of at least 1", "correct it or remove the row")
    return time, seconds / 3600, int(gpus)


def _free_by_pool(pools: Sequence[Pool], reserved: Mapping[str, np.ndarray]) -> list[tuple[Pool, float, int]]:
    """(pool, mean free GPUs, largest gang it can ever run beside inference)."""
    table = []
    for pool in pools:
        free = free_gpus_by_cluster(pool, np.atleast_1d(reserved.get(pool.pool_id, 0)))
        table.append((pool, float(free.sum(axis=0).mean()), int(free.max(initial=0))))
    return table


def _types_that_fit(gpus: float, free: Sequence[tuple[Pool, float, int]]) -> dict[str, float]:
    """Free GPUs of every type of which one cluster (or a free pool) holds the gang."""
    fitting = {pool.gpu_type for pool, _, largest in free if gpus <= largest}
    totals: dict[str, float] = {}
    for pool, mean, _ in free:
        if pool.gpu_type in fitting:
            totals[pool.gpu_type] = totals.get(pool.gpu_type, 0.0) + mean
    return dict(sorted(totals.items()))


def _trace_job(
    row: _Row,
    gpus: int,
    gpu_type: str,
    *,
    release: datetime,
    seed: int,
    slack_h: tuple[float, float],
) -> Job:
    # a stream of its own for every job: the words of its name follow the seed
    rng = np.random.default_rng([seed, *row.job_id.encode()])
    slack = float(rng.uniform(*slack_h))
    return Job(
        job_id=f"philly-{row.job_id}",
        gpu_type=gpu_type,
        gpus=gpus,
        duration_h=row.duration_h,
        release=release,
        deadline=release + timedelta(hours=row.duration_h + slack),
        power_frac=TRAINING_POWER_FRAC,
    )


def _assumptions(
    start: datetime, end: datetime, *, min_gpus: int, gpu_factor: float, slack_h: tuple[float, float]
) -> tuple[str, ...]:
    factor = (
        f"Every GPU of the trace stands for {gpu_factor:g} GPUs here."
        if gpu_factor != 1
        else "GPU numbers are those of the trace."
    )
    return (
        f"Jobs: {PHILLY_SOURCE}, submitted from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} of the trace's clock "
        f"with {min_gpus} GPUs or more; the start of this interval is taken as the start of the window.",
        factor,
        "Assumption: the trace names no GPU type; in order of submission each job goes to the type asked for least "
        "so far, in GPU-hours per free GPU, among those that can hold the gang in one cluster.",
        f"Assumption: the trace has no deadlines; each job is due its duration plus a slack after its release, the "
        f"slack drawn evenly from {slack_h[0]:g} h to {slack_h[1]:g} h.",
        f"Assumption: jobs draw {TRAINING_POWER_FRAC:g} of the server peak (measured in training on DGX H100: 0.82, "
        "arXiv 2412.08602).",
        "Assumption: the run time is known when the job is submitted, and jobs neither pause nor move.",
    )
