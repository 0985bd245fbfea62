"""One job of the queue, the rules every job obeys by itself, and how offending rows are reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from weather.conventions.errors import DataError

STATES = ("pending", "running")
LONGEST_H = 8784.0  # a leap year: anything longer is seconds or minutes written in the hours column
MOST_GPUS = 1_000_000
MOST_JOBS = 1_000_000
LISTED_ROWS = 20
CIVIL = timezone(timedelta(hours=8))  # Asia/Shanghai has no daylight saving
_SHOWN_CHARS = 60
_ROUNDING = 1 + 1e-9  # what is left is found by subtraction

# measured peak of DGX H100 in training over its rating: 8.4 kW / 10.2 kW = 0.82 (Latif et al., IEEE Access
# 13, 2025, arXiv 2412.08602); 0.76-0.82 in compute-bound training (arXiv 2506.14551)
TRAINING_POWER_FRAC = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: a gang of GPUs of one type for a duration. Times are aware UTC.

    Parameters
    ----------
    job_id, tenant
        Name of the job (unique in a plan) and whose it is.
    state
        "pending", or "running" (then `nodes` names the one node it runs on and `remaining_h` is set).
    gpu_type, gpus
        GPUs the gang takes together, all of one type.
    min_gpus, max_gpus
        Width range of an elastic job; None means `gpus`.
    duration_h, remaining_h
        Run time at full width [h]; what is left of it for a running job [h].
    started, release, deadline
        When it began; before when it may not start (None: the start of the window); by when it must end
        (None: no due date).
    late_price
        What an hour of lateness costs [CNY/h]; None: the deadline is hard.
    priority
        Larger goes first.
    preemptible, checkpoint_h, restart_h, min_run_h
        Whether it may pause, and what a pause costs and requires [h].
    cap_min_frac
        Least power cap it tolerates, as a fraction of the GPU's rating; 1: none.
    power_frac
        Power while running over the server peak, as a fraction: the job draws `power_frac` x peak per GPU.
    nodes
        Allowed nodes, () for all.
    may_span
        Whether the gang may be spread over clusters.
    latency_ms
        Largest tolerated round trip to its users [ms]; None: any.
    home_node, dataset_gb
        Where its data lie and how much must move when it runs elsewhere [GB].
    """

    job_id: str
    tenant: str = ""
    state: str = "pending"
    gpu_type: str
    gpus: int
    min_gpus: int | None = None
    max_gpus: int | None = None
    duration_h: float
    remaining_h: float | None = None
    started: datetime | None = None
    release: datetime | None = None
    deadline: datetime | None = None
    late_price: float | None = None
    priority: int = 0
    preemptible: bool = False
    checkpoint_h: float = 0.0
    restart_h: float = 0.0
    min_run_h: float = 0.0
    cap_min_frac: float = 1.0
    power_frac: float = TRAINING_POWER_FRAC
    nodes: tuple[str, ...] = ()
    may_span: bool = False
    latency_ms: float | None = None
    home_node: str = ""
    dataset_gb: float = 0.0

    @property
    def hours_left(self) -> float:
        """Hours it still has to run [h]: `remaining_h` of a running job, else `duration_h`."""
        return self.duration_h if self.remaining_h is None else self.remaining_h


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one value of one row cannot be used."""

    row: str
    column: str
    found: object
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.row}, {self.column}: {shown(self.found)}; {self.rule}; {self.remedy}"


def civil_time(time: datetime) -> str:
    """A time as every message shows it: RFC 3339 in civil time, or as it is where it has no offset."""
    try:
        return (time.astimezone(CIVIL) if is_aware(time) else time).isoformat()
    except OverflowError:  # the last hours of the year 9999
        return time.isoformat()


def shown(value: object) -> str:
    """A value as it stands in a message: quoted, on one line, cut when long; times in civil time."""
    text = civil_time(value) if isinstance(value, datetime) else value
    text = repr(text) if isinstance(text, str) else str(text)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."


def raise_faults(faults: Sequence[Fault], where: str) -> None:
    """Raise one DataError that lists the first 20 faults, or return when there is none.

    Raises
    ------
    DataError
        When `faults` is not empty.
    """
    if not faults:
        return
    lines = [f"{where}: {len(faults)} value(s) cannot be used"]
    lines.extend(f"  {fault}" for fault in faults[:LISTED_ROWS])
    if len(faults) > LISTED_ROWS:
        lines.append(f"  ... and {len(faults) - LISTED_ROWS} more")
    raise DataError("\n".join(lines))


def is_aware(time: datetime) -> bool:
    """Whether a datetime knows its offset from UTC."""
    return time.utcoffset() is not None


def job_faults(job: Job, row: str, *, not_before: datetime | None = None) -> Iterator[Fault]:
    """Everything wrong with a job taken by itself.

    Parameters
    ----------
    job
        The job.
    row
        How a message names it, e.g. "row 7 (job 'a')".
    not_before
        Earliest moment it can run from (the window's start), if known.
    """
    yield from _text_faults(job, row)
    yield from _number_faults(job, row)
    yield from _time_faults(job, row, not_before)


def _text_faults(job: Job, row: str) -> Iterator[Fault]:
    if not job.job_id.strip() or not job.job_id.isprintable():
        rule = "a name of printable characters is required"
        yield Fault(row, "job_id", job.job_id, rule, "name the job")
    if not job.gpu_type:
        yield Fault(row, "gpu_type", job.gpu_type, "a GPU type is required", "name one the study has")
    if job.state not in STATES:
        yield Fault(row, "state", job.state, f"one of {', '.join(STATES)}", "write one or leave it empty")
    if job.state == "running" and len(job.nodes) != 1:
        rule = "a running job occupies one node"
        yield Fault(row, "nodes", ";".join(job.nodes), rule, "name the node it runs on")
    if any(not node or ";" in node or node != node.strip() for node in job.nodes) or _repeats(job.nodes):
        rule = "each node once, separated by ;"
        yield Fault(row, "nodes", ";".join(job.nodes), rule, "remove the repeated or empty one")
    for column in ("tenant", "gpu_type", "home_node", "nodes"):
        if any("\0" in text for text in getattr(job, column)):
            yield Fault(row, column, getattr(job, column), "text without NUL characters", "remove them")


def _repeats(names: tuple[str, ...]) -> bool:
    return len(set(names)) != len(names)


def _number_faults(job: Job, row: str) -> Iterator[Fault]:
    for column in ("gpus", "min_gpus", "max_gpus"):
        value = getattr(job, column)
        if value is not None and not 1 <= value <= MOST_GPUS:
            yield Fault(row, column, value, f"a whole number from 1 to {MOST_GPUS}", "give the gang's GPUs")
    if (job.min_gpus or job.gpus) > job.gpus:
        yield Fault(row, "min_gpus", job.min_gpus, f"at most gpus = {job.gpus}", "lower it or leave it empty")
    if (job.max_gpus or job.gpus) < job.gpus:
        rule = f"at least gpus = {job.gpus}"
        yield Fault(row, "max_gpus", job.max_gpus, rule, "raise it or leave it empty")
    if not 0 < job.duration_h <= LONGEST_H:
        rule = f"hours above 0 and up to {LONGEST_H:g}"
        yield Fault(row, "duration_h", job.duration_h, rule, "give hours, not minutes or seconds")
    yield from _remaining_faults(job, row)
    for column in ("checkpoint_h", "restart_h", "min_run_h", "dataset_gb", "late_price", "latency_ms"):
        value = getattr(job, column)
        if value is not None and not 0 <= value < math.inf:
            yield Fault(row, column, value, "a number of at least 0", "correct it or leave it empty")
    for column in ("cap_min_frac", "power_frac"):
        value = getattr(job, column)
        if not 0 < value <= 1:
            yield Fault(row, column, value, "a fraction above 0 and up to 1", "write 0.8 for 80 %")


def _remaining_faults(job: Job, row: str) -> Iterator[Fault]:
    if job.state != "running":
        if job.remaining_h is not None:
            rule = "only a running job has hours remaining"
            yield Fault(row, "remaining_h", job.remaining_h, rule, "leave it empty or set state to running")
        if job.started is not None:
            rule = "only a running job has started"
            yield Fault(row, "started", job.started, rule, "leave it empty or set state to running")
    elif job.remaining_h is None or not 0 < job.remaining_h <= job.duration_h * _ROUNDING:
        rule = f"a running job has hours remaining, above 0 and up to duration_h = {job.duration_h:g}"
        remedy = "give the hours it still runs, or leave a finished job out"
        yield Fault(row, "remaining_h", job.remaining_h, rule, remedy)


def _time_faults(job: Job, row: str, not_before: datetime | None) -> Iterator[Fault]:
    naive = [
        column
        for column in ("started", "release", "deadline")
        if (time := getattr(job, column)) is not None and not is_aware(time)
    ]
    for column in naive:
        rule = "a time with its offset from UTC"
        yield Fault(row, column, getattr(job, column), rule, "give it a time zone")
    if naive or job.deadline is None or not 0 < job.hours_left <= LONGEST_H:
        return
    # a running job only needs its remaining hours from now on; its release lies behind it
    known = [job.release if job.state == "pending" else None, not_before]
    begins = [time for time in known if time is not None]
    if not begins:
        return
    first = max(begins)
    if job.deadline < first:
        rule = f"it cannot start before {shown(first)}, after its deadline"
        yield Fault(row, "deadline", job.deadline, rule, "correct release or deadline")
    elif job.deadline < first + timedelta(hours=job.hours_left):
        rule = f"it runs {job.hours_left:g} h from {shown(first)} at the earliest"
        yield Fault(row, "deadline", job.deadline, rule, "move deadline or release, or leave deadline empty")
