"""Jobs as JSON objects, for the state one plan hands to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from numbers import Integral, Real

from energy.workload.cells import parse_time
from energy.workload.record import Job, job_faults, raise_faults, shown
from weather.conventions.errors import DataError

_TIMES = ("started", "release", "deadline")
_WHOLE = ("gpus", "min_gpus", "max_gpus", "priority")
_FLAGS = ("preemptible", "may_span")
_TEXTS = ("job_id", "tenant", "state", "gpu_type", "home_node")


def job_to_record(job: Job) -> dict[str, object]:
    """A job as a JSON object: its fields in order, those at their default left out, times in UTC."""
    record: dict[str, object] = {}
    for field in fields(Job):
        value = getattr(job, field.name)
        if value == field.default:
            continue
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Real) and not isinstance(value, bool):
            # numpy scalars are no JSON numbers
            value = int(value) if isinstance(value, Integral) else float(value)
        record[field.name] = value
    return record


def job_from_record(record: Mapping[str, object]) -> Job:
    """The job a JSON object describes; the inverse of :func:`job_to_record`.

    Raises
    ------
    DataError
        For an unknown or missing key, a value of another type, or a job that breaks a rule.
    """
    if not isinstance(record, Mapping):
        raise DataError(f"job: {shown(record)} is not an object of job fields")
    where = f"job {shown(record.get('job_id'))}"
    known = {field.name: field for field in fields(Job)}
    missing = [name for name, field in known.items() if field.default is MISSING and name not in record]
    unknown = [str(name) for name in record if name not in known]
    if missing or unknown:
        what = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        raise DataError(f"{where}: keys {'; '.join(what)}; known keys: {', '.join(known)}")
    job = Job(**{name: _value(name, value, where) for name, value in record.items()})
    raise_faults(list(job_faults(job, where)), "state")
    return job


def _value(name: str, value: object, where: str) -> object:
    if name in _TIMES and isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError as error:
            raise DataError(f"{where}, {name}: {shown(value)}: {error}") from error
    if name == "nodes" and isinstance(value, list) and all(isinstance(node, str) for node in value):
        return tuple(value)
    flag = isinstance(value, bool)
    whole = isinstance(value, int) and not flag
    if name in _TEXTS:
        fits = isinstance(value, str)
    elif name in _FLAGS:
        fits = flag
    elif name in _WHOLE:
        fits = whole
    else:
        # JSON knows whole numbers of any length
        fits = name not in (*_TIMES, "nodes") and (isinstance(value, float) or (whole and abs(value) < 2**63))
        value = float(value) if fits else value
    if fits:
        return value
    raise DataError(f"{where}, {name}: {shown(value)} is of the wrong type")
