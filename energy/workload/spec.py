"""The text by which a queue is named on the command line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from energy.workload.record import MOST_GPUS, MOST_JOBS, shown
from weather.conventions.errors import DataError


@dataclass(frozen=True, slots=True)
class JobsSpec:
    """Where a queue comes from.

    `kind`: "csv", "philly" or "synthetic"; `path`: the file, None for synthetic; `options`: for philly the
    keyword arguments of :func:`energy.workload.traces.read_philly` that were given; `count`: jobs asked for,
    synthetic only.
    """

    kind: str
    path: Path | None
    options: Mapping[str, datetime | int | float]
    count: int | None = None


def _date(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        raise ValueError("the trace's clock has no offset")
    return time


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("below 1")
    return value


def _factor(text: str) -> float:
    value = float(text)
    if not 0 < value <= MOST_GPUS:
        raise ValueError("not above 0, or more GPUs than any job has")
    return value


_OPTIONS: dict[str, dict[str, tuple[Callable[[str], datetime | int | float], str]]] = {
    "philly": {
        "from": (_date, "a date or time of the trace, 2017-11-11"),
        "to": (_date, "a date or time of the trace, 2017-11-13"),
        "min_gpus": (_positive, "a whole number of at least 1"),
        "gpu_factor": (_factor, f"a number above 0 and up to {MOST_GPUS:,}"),
    },
    "synthetic": {},
}
_ARGUMENT = {"from": "start", "to": "end"}  # `from` is a word of the language
_FORMS = "FILE.csv, philly:FILE.csv,from=DATE,to=DATE[,min_gpus=N][,gpu_factor=X], synthetic:COUNT"


def parse_jobs_spec(text: str) -> JobsSpec:
    """Where to take jobs from, out of one line of text.

    Parameters
    ----------
    text
        "jobs.csv", "philly:PATH,from=2017-11-11,to=2017-11-13,min_gpus=2,gpu_factor=18" or "synthetic:200".

    Raises
    ------
    DataError
        For an unknown kind, a missing part, an unknown, repeated or malformed option; lists what there is.

    Examples
    --------
    >>> parse_jobs_spec("synthetic:200").count
    200
    """
    kind, colon, rest = text.partition(":")
    if not colon or not re.fullmatch(r"[a-z_]{2,}", kind):
        if not text.strip():
            raise DataError(f"jobs: nothing is given; use {_FORMS}")
        return JobsSpec("csv", Path(text), {})
    if kind == "csv":
        return JobsSpec("csv", Path(_named(rest, text)), {})
    if kind not in _OPTIONS:
        raise DataError(f"jobs: {shown(text)} has the unknown kind {kind!r}; use {_FORMS}")
    # a comma belongs to the path unless an option follows it
    head, *parts = re.split(r",(?=[A-Za-z_]+=)", rest)
    options = _options(kind, parts, text)
    if kind == "synthetic":
        if not re.fullmatch(r"[0-9]{1,7}", head) or not 1 <= int(head) <= MOST_JOBS:
            raise DataError(
                f"jobs: {shown(text)} asks for {shown(head)} jobs; a whole number from 1 to {MOST_JOBS:,} is needed, "
                "written in digits; for example synthetic:120"
            )
        return JobsSpec(kind, None, {}, int(head))
    missing = [name for name in ("from", "to") if _ARGUMENT[name] not in options]
    if missing:
        raise DataError(f"jobs: {shown(text)} lacks {' and '.join(missing)}; use {_FORMS}")
    return JobsSpec(kind, Path(_named(head, text)), options)


def _named(path: str, text: str) -> str:
    if not path:
        raise DataError(f"jobs: {shown(text)} names no file; use {_FORMS}")
    return path


def _options(kind: str, parts: Sequence[str], text: str) -> dict[str, datetime | int | float]:
    known = _OPTIONS[kind]
    options: dict[str, datetime | int | float] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            have = f"options: {', '.join(known)}" if known else "it has none"
            raise DataError(f"jobs: {kind} has no option {shown(name)}; {hint}{have}")
        argument = _ARGUMENT.get(name, name)
        if argument in options:
            raise DataError(f"jobs: option {name} is given twice in {shown(text)}; give it once")
        parse, allowed = known[name]
        try:
            options[argument] = parse(value)
        except ValueError as error:
            raise DataError(f"jobs: option {name} is {shown(value)}; {allowed} is needed; correct it") from error
    return options
