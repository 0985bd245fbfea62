"""Cells of a job file: text to values and back. Each parser refuses what it would have to guess."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


class BadCell(ValueError):
    """A cell that does not parse: the rule it breaks and the remedy."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule} is needed; {remedy}")
        self.rule, self.remedy = rule, remedy


def parse_text(cell: str) -> str:
    """Text, without the apostrophe that kept a spreadsheet from running it."""
    if "\0" in cell:
        raise BadCell("text without NUL characters", "remove them")
    return cell[1:] if _ESCAPED.match(cell) else cell


def parse_number(cell: str) -> float:
    """A finite decimal number."""
    value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
    if not math.isfinite(value):
        raise BadCell("a finite number", "write digits with a decimal point, without a unit")
    return value


def parse_whole(cell: str) -> int:
    """A whole number."""
    if not _WHOLE.fullmatch(cell):
        raise BadCell("a whole number", "write digits only, 8 rather than 8.0")
    return int(cell)


def parse_flag(cell: str) -> bool:
    """true or false."""
    if cell.lower() not in ("true", "false"):
        raise BadCell("true or false", "write one of them or leave it empty")
    return cell.lower() == "true"


def parse_time(cell: str) -> datetime:
    """An RFC 3339 time with offset, as aware UTC."""
    if _NAIVE.fullmatch(cell):
        raise BadCell("a time with its offset from UTC", "append it, as in 2026-01-15T08:00:00+08:00")
    try:
        if _RFC3339.fullmatch(cell):
            return datetime.fromisoformat(cell.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # 30 February, or the year 0: refused below like any other text
    raise BadCell("a date and time by RFC 3339", "write it as 2026-01-15T08:00:00+08:00")


def parse_nodes(cell: str) -> tuple[str, ...]:
    """Node ids separated by semicolons."""
    return tuple(node.strip() for node in parse_text(cell).split(";"))


def quoted_text(text: str) -> str:
    """A text cell: no formula, quoted where CSV needs it."""
    safe = "'" + text if _FORMULA.match(text) else text
    return '"' + safe.replace('"', '""') + '"' if any(mark in safe for mark in ',"\r\n') else safe
