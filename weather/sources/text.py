"""Text of a file or an answer into numbers, or one clear error: what every reader of text shares."""

import codecs
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from weather.conventions.errors import DataError
from weather.sources.files import read_bytes

LARGEST_BYTES = 64 * 1024 * 1024
"""A quarter of a century of hours of ten variables as JSON is 40 MB."""

MOST_ROWS, LONGEST_ROW = 1_000_000, 20_000
"""Of a table: a century of hours, and hundreds of columns."""

LISTED = 20
"""Offending rows named in an error."""

# of a JSON text: a row of weather is one object; a quarter of a century of hours of ten variables is 2.2 million values
_MOST_BRACKETS, _MOST_VALUES = 2_000_000, 8_000_000
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})


def read_text(file: Path, *, kind: str) -> str:
    """The whole text of a file.

    Parameters
    ----------
    file : Path
    kind : str
        What is expected, with its article, for error texts: "a TMY3 file".

    Raises
    ------
    DataError
        When it cannot be read, is larger than 64 MiB, or is not UTF-8 (naming row and byte).
    """
    raw = read_bytes(file, kind=kind, most=LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise DataError(f"{file}: larger than 64 MiB, at most so much of {kind} is read. Cut it to the years needed.")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file}, row {row}: byte 0x{raw[error.start]:02X} is not UTF-8 text. Save it as UTF-8 (names in Chinese "
            "are often GB18030, in Europe Latin-1), unpack it where it is an archive, or fetch it again."
        ) from error


def rows_of(text: str, *, where: str) -> list[str]:
    """The lines of a table, told apart by line ends alone; other signs that Python splits at stay in their line.

    Raises
    ------
    DataError
        When there are more than a million, or one is longer than 20,000 characters.
    """
    if text.count("\n") + text.count("\r") > 2 * MOST_ROWS:
        raise DataError(f"{where}: more than {MOST_ROWS:,} rows; allowed are as many. Cut it to the years needed.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MOST_ROWS:
        raise DataError(f"{where}: {len(lines):,} rows; allowed {MOST_ROWS:,}. Cut it to the years needed.")
    longest = max(range(len(lines)), key=lambda row: len(lines[row]))
    if len(lines[longest]) > LONGEST_ROW:
        raise DataError(
            f"{where}, row {longest + 1}: {len(lines[longest]):,} characters; allowed {LONGEST_ROW:,}. It is no table "
            "of weather, or its line ends are lost."
        )
    return lines


def parse_json(text: str, *, where: str) -> dict:
    """The object of a JSON text.

    Raises
    ------
    DataError
        When it is no JSON, no object at its top, or one of millions of small parts that would fill the memory.
    """
    parts, values = text.count("{") + text.count("["), text.count(",")
    if parts > _MOST_BRACKETS or values > _MOST_VALUES:
        raise DataError(
            f"{where}: JSON of {parts:,} objects and lists and {values:,} values; allowed {_MOST_BRACKETS:,} and "
            f"{_MOST_VALUES:,}. Cut it to fewer years."
        )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: is not JSON ({str(error)[:120]}); it is cut or damaged, fetch it again.") from error
    if not isinstance(data, dict):
        raise DataError(
            f"{where}: JSON with a {type(data).__name__} at its top; an object is expected. Fetch it again."
        )
    return data


def member(data: object, *names: str, where: str) -> object:
    """What stands under nested names of a JSON object.

    Raises
    ------
    DataError
        Naming the part that is missing.
    """
    found = data
    for depth, name in enumerate(names, start=1):
        if not isinstance(found, Mapping) or name not in found:
            held = ", ".join(map(str, list(found)[:8])) if isinstance(found, Mapping) else type(found).__name__
            raise DataError(
                f"{where}: holds no {'.'.join(names[:depth])} (but {held or 'nothing'}); it is not what this source "
                "gives, or cut. Check the kind of the source, or fetch it again."
            )
        found = found[name]
    return found


def mapping(data: object, *names: str, where: str) -> Mapping[str, object]:
    """An object under nested names of a JSON object; DataError where it is missing or none."""
    found = member(data, *names, where=where)
    if not isinstance(found, Mapping):
        raise DataError(f"{where}: {'.'.join(names)} is a {type(found).__name__}, expected an object. Fetch it again.")
    return found


def number(value: object, *, where: str, name: str, low: float, high: float) -> float:
    """A finite number within limits, of a number or its text.

    Raises
    ------
    DataError
    """
    try:
        found = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not low <= found <= high:
        raise DataError(
            f"{where}: {name} is {str(value)[:40]!r}; expected a number from {low:g} to {high:g}. Correct it."
        )
    return found


def floats(values: Sequence[object], *, where: str, name: str, at: Callable[[int], str]) -> np.ndarray:
    """A column of numbers or their text, NaN where there is none ("", NaN, NA, null).

    Parameters
    ----------
    values : sequence of float, int, str or None
    where, name : str
        File and column, for error texts.
    at : callable
        Where value i stands: "row 12".

    Raises
    ------
    DataError
        Naming the first 20 places that hold text or an infinite number.
    """
    kinds = {type(value) for value in values}
    if kinds <= {float, int}:
        try:
            column = np.array(values, dtype=float)
        except OverflowError:
            column = np.array([_float(value) for value in values])
    elif kinds == {str} and not any("_" in str(value) for value in values):
        try:
            column = np.array(values, dtype=object).astype(float)
        except ValueError:
            column = np.array([_float(value) for value in values])
    else:
        column = np.array([_float(value) for value in values], dtype=float)
    bad = np.flatnonzero(np.isinf(column))
    if bad.size:
        more = "".join(f", {at(int(i))}" for i in bad[1:LISTED])
        rest = f" and {bad.size - LISTED} more" if bad.size > LISTED else ""
        raise DataError(
            f"{where}, {at(int(bad[0]))}{more}{rest}: {name} is {str(values[int(bad[0])])[:40]!r}; expected a finite "
            f"number with a decimal point, or nothing where it is missing. {bad.size} such value(s) in all. Correct it."
        )
    return column


def _float(value: object) -> float:
    """A number, NaN where the value means none, infinity where it is neither."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        if value.strip().lower() in _MISSING:
            return math.nan
        if "_" in value:  # Python reads 1_000 as a number, no weather file means it
            return math.inf
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return math.inf
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.inf
