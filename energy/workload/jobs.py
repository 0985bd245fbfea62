"""The job file: CSV, one row per job, columns named after the fields of :class:`Job`.

Only job_id, gpu_type, gpus and duration_h are required. Times are RFC 3339 with an offset
("2026-01-15T08:00:00+08:00"), lists of nodes are separated by semicolons, flags are true or false.
Text that a spreadsheet would run as a formula is written with a leading apostrophe, which reading undoes.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from numbers import Integral
from pathlib import Path
from typing import TextIO

from energy.workload.cells import (
    BadCell,
    parse_flag,
    parse_nodes,
    parse_number,
    parse_text,
    parse_time,
    parse_whole,
    quoted_text,
)
from energy.workload.checks import check_jobs, refuse_unplanned
from energy.workload.job_json import job_from_record, job_to_record
from energy.workload.record import Fault, Job, job_faults, raise_faults, shown
from weather.conventions.errors import DataError, OutputError

__all__ = [
    "COLUMNS",
    "Job",
    "check_jobs",
    "job_from_record",
    "job_to_record",
    "read_jobs",
    "refuse_unplanned",
    "write_jobs",
]

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Job))
REQUIRED = ("job_id", "gpu_type", "gpus", "duration_h")
MOST_ROWS = 1_000_000
MOST_BYTES = 100_000_000

_PARSE: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("job_id", "tenant", "state", "gpu_type", "home_node"), parse_text),
    **dict.fromkeys(("gpus", "min_gpus", "max_gpus", "priority"), parse_whole),
    **dict.fromkeys(("started", "release", "deadline"), parse_time),
    **dict.fromkeys(("preemptible", "may_span"), parse_flag),
    "nodes": parse_nodes,
}


def read_jobs(path: str | Path, *, clock: datetime | None = None) -> tuple[Job, ...]:
    """Jobs of a CSV file, checked row by row.

    Parameters
    ----------
    path
        The file: UTF-8 with or without a byte order mark, at most 1,000,000 rows and 100 MB.
    clock
        The moment the plan starts (aware). When given, a job that can no longer meet its deadline from
        then on is refused; without it only deadlines that contradict the row itself are.

    Returns
    -------
    tuple of Job
        In file order.

    Raises
    ------
    DataError
        For an unreadable file, a missing, unknown or repeated column, or rows that break a rule; the
        first 20 are listed with row number (the header is row 1), column, value, rule and remedy.
    """
    path = Path(path)
    if clock is not None and clock.utcoffset() is None:
        raise DataError(f"clock: {clock} has no time zone; an aware time is needed; use datetime.now(UTC)")
    _check_size(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_rows(stream, path, clock)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give a readable CSV file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; save the file as CSV UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file ({error}); save it as CSV UTF-8 with commas") from error


def _check_size(path: Path) -> None:
    """Refuse a file over the cap before parsing any of it."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give the path of a job file") from error
    if size > MOST_BYTES:
        raise DataError(f"{path}: {size} bytes; at most {MOST_BYTES} are read; split the queue into files")


def _read_rows(stream: TextIO, path: Path, clock: datetime | None) -> tuple[Job, ...]:
    rows = csv.reader(stream, strict=True)
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: the file is empty; its first row names columns: {', '.join(REQUIRED)}, ...")
    _check_header(header, path)
    jobs: list[Job] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=2):
        if not cells:
            continue
        if number > MOST_ROWS + 1:
            raise DataError(f"{path}: over {MOST_ROWS} rows; at most these are read; split the queue into files")
        job, found = _read_row(cells, header, number, clock)
        faults.extend(found)
        if job is None:
            continue
        if job.job_id in seen:
            rule = f"row {seen[job.job_id]} has the same job_id"
            faults.append(Fault(f"row {number}", "job_id", job.job_id, rule, "give every job its own"))
        seen.setdefault(job.job_id, number)
        jobs.append(job)
    raise_faults(faults, str(path))
    return tuple(jobs)


def _check_header(header: list[str], path: Path) -> None:
    for name in header:
        if name not in COLUMNS:
            close = difflib.get_close_matches(name.strip().lower(), COLUMNS, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"known columns: {', '.join(COLUMNS)}"
            raise DataError(f"{path}, row 1: unknown column {shown(name)}; {remedy}")
        if header.count(name) > 1:
            raise DataError(f"{path}, row 1: column {name} appears {header.count(name)} times; keep one")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DataError(f"{path}, row 1: required column(s) missing: {', '.join(missing)}; add them")


def _read_row(
    cells: list[str], header: list[str], number: int, clock: datetime | None
) -> tuple[Job | None, list[Fault]]:
    """The job of one row, or None with the faults that prevent it."""
    row = f"row {number}"
    if len(cells) != len(header):
        rule = f"{len(header)} cells, as many as the header"
        return None, [Fault(row, "whole row", f"{len(cells)} cells", rule, "quote cells that hold commas")]
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for column, cell in zip(header, cells, strict=True):
        if cell == "":
            if column in REQUIRED:
                faults.append(Fault(row, column, cell, "a value is required", "fill it in"))
            continue
        try:
            values[column] = _PARSE.get(column, parse_number)(cell)
        except BadCell as bad:
            faults.append(Fault(row, column, cell, bad.rule, bad.remedy))
    if faults:
        return None, faults
    job = Job(**values)
    return job, list(job_faults(job, row, not_before=clock))


def write_jobs(jobs: Iterable[Job], path: str | Path) -> None:
    """Write jobs as a CSV file that :func:`read_jobs` reads back equal.

    Times are written in UTC. Cells that equal a field's default are left empty.

    Raises
    ------
    OutputError
        When the file cannot be written.
    DataError
        When a job breaks a rule that reading would refuse it for.
    """
    jobs = tuple(jobs)
    faults = [fault for job in jobs for fault in job_faults(job, f"job {shown(job.job_id)}")]
    raise_faults(faults, f"jobs for {path}")
    lines = [",".join(COLUMNS), *(",".join(_cells(job)) for job in jobs)]
    try:
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error


_DEFAULT = {field.name: field.default for field in fields(Job)}


def _cells(job: Job) -> Iterator[str]:
    for column in COLUMNS:
        value = getattr(job, column)
        if value is None or value == _DEFAULT[column]:
            yield ""
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, datetime):
            yield value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        elif isinstance(value, str | tuple):
            yield quoted_text(value if isinstance(value, str) else ";".join(value))
        else:
            # a plain number also for numpy scalars, whose repr names their type
            yield str(int(value)) if isinstance(value, Integral) else repr(float(value))
