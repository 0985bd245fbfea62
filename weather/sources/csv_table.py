"""A CSV table cut into what it says of itself, its header and its rows, and its columns of numbers."""

import contextlib
import io
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from weather.conventions import WeatherWarning, flags
from weather.conventions.errors import DataError
from weather.conventions.variables import VARIABLES
from weather.sources.text import floats, rows_of

# from 3.1 on pandas reads every digit without being asked, and warns when asked
_EXACT = {"float_precision": "round_trip"} if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1) else {}
_NONE = ["", "NaN", "nan", "NA", "N/A", "null"]


@dataclass(frozen=True, slots=True)
class Table:
    """A file cut into what it says of itself, its header and its rows; `first` is the number of the first row."""

    where: str
    comments: dict[str, str]
    header: list[str]
    lines: list[str]
    first: int

    def at(self, index: int) -> str:
        """Where a row stands: "row 12"."""
        return f"row {self.first + index}"


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is read: its place, its name in the header, its unit ("" where none is known)."""

    column: int
    name: str
    unit: str


def cut_table(text: str, where: str) -> Table:
    """The parts of a table, every row as wide as the header.

    Raises
    ------
    DataError
        When it has more than a million rows, a row of more than 20,000 characters, no header or no row, other
        separators than commas, or a row of another width.
    """
    lines = rows_of(text, where=where)
    while lines and not lines[-1].strip():
        lines.pop()
    head = next((row for row, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    if head + 1 >= len(lines):
        raise DataError(f"{where}: {len(lines)} row(s); expected a header (time,ghi [W/m2],...) and rows of weather.")
    header = [name.strip().strip('"').strip() for name in lines[head].split(",")]
    if len(header) == 1:
        other = next((words for mark, words in ((";", "semicolons"), ("\t", "tabs")) if mark in lines[head]), "")
        raise DataError(
            f"{where}, row {head + 1}: the header {lines[head][:60]!r} is one column{f' with {other}' if other else ''}"
            "; columns are parted by commas and numbers have a decimal point. Save it as 'CSV (comma delimited)', or "
            "convert it: pandas.read_csv(FILE, sep=';', decimal=',').to_csv(NEW, index=False)."
        )
    body = [line.rstrip() for line in lines[head + 1 :]]
    commas = len(header) - 1
    uneven = next((row for row, line in enumerate(body) if line.count(",") != commas), None)
    if uneven is not None:
        raise DataError(
            f"{where}, row {head + 2 + uneven}: {body[uneven].count(',') + 1} columns, the header has {len(header)}. "
            "The row is cut, or numbers have a decimal comma: write them with a point."
        )
    return Table(where, _comments(lines[:head]), header, body, head + 2)


def _comments(lines: list[str]) -> dict[str, str]:
    """What the lines `# name: value` say; text in double quotes is JSON text."""
    said = {}
    for line in lines:
        match = re.fullmatch(r"#\s*([A-Za-z_.0-9]+)\s*:\s*(.*?)\s*", line)
        if match is None:
            continue
        value = match[2]
        if value.startswith('"'):
            with contextlib.suppress(ValueError):
                value = str(json.loads(value))
        said[match[1]] = value
    return said


def name_fields(table: Table, columns: Mapping[str, str], units: Mapping[str, str]) -> dict[str, Field]:
    """The columns that are read, by variable; "time" among them."""
    known = {"time", *VARIABLES, *(f"{flags.PREFIX}{name}" for name in VARIABLES)}
    strange = [f"columns: {name}" for name in columns.values() if name not in known]
    strange += [f"units: {name}" for name in units if name not in VARIABLES]
    if strange:
        raise DataError(
            f"{table.where}: no variable of weather: {', '.join(strange)}; known: {', '.join(sorted(known))}."
        )
    found: dict[str, Field] = {}
    left, used = [], set()
    for column, text in enumerate(table.header):
        match = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]", text)
        bare, unit = (match[1], match[2].strip()) if match else (text, "")
        own = text if text in columns else bare
        used.add(own)
        name = columns.get(own, bare)
        if name not in known:
            left.append(text)
        elif name in found:
            raise DataError(
                f"{table.where}, row {table.first - 1}: {name} is there twice: {found[name].name!r} and {text!r}."
            )
        else:
            found[name] = Field(column, text, units.get(name, unit))
    lost = [name for name in columns if name not in used]
    if lost or "time" not in found:
        raise DataError(
            f"{table.where}, row {table.first - 1}: no column {lost[0] if lost else 'time'!r}; it holds "
            f"{', '.join(table.header)[:200]}."
        )
    if left:
        warnings.warn(
            f"{table.where}: columns left out, no variables of weather: {', '.join(left)[:200]}; known: "
            f"{', '.join(VARIABLES)}. Name them by columns= if they are.",
            WeatherWarning,
            stacklevel=3,
        )
    return found


def read_numbers(table: Table, fields: Mapping[str, Field]) -> dict[str, np.ndarray]:
    """Columns of numbers: all at once where they are sound, else one by one to name what is not."""
    places = {field.column: name for name, field in fields.items()}
    if not places:
        return {}
    try:
        frame = pd.read_csv(
            io.StringIO("\n".join(table.lines)),
            header=None,
            usecols=list(places),
            dtype=float,
            na_values=_NONE,
            keep_default_na=False,
            skip_blank_lines=False,
            **_EXACT,
        )
        found = {name: frame[column].to_numpy(copy=True) for column, name in places.items()}
        if all(array.size == len(table.lines) and not np.isinf(array).any() for array in found.values()):
            return found
    except (ValueError, KeyError, OverflowError, pd.errors.ParserError):
        pass  # what is wrong is found below
    texts = [[cell.strip().strip('"').strip() for cell in line.split(",")] for line in table.lines]
    return {
        name: floats([row[field.column] for row in texts], where=table.where, name=field.name, at=table.at)
        for name, field in fields.items()
    }


def read_flags(table: Table, fields: Mapping[str, Field], values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of flags, as `write_csv` writes them."""
    held = {name: field for name, field in fields.items() if name.startswith(flags.PREFIX)}
    found = {}
    for name, array in read_numbers(table, held).items():
        of = name.removeprefix(flags.PREFIX)
        if of not in values or not np.isin(array, np.arange(int(flags.ALL) + 1)).all():
            raise DataError(
                f"{table.where}: {name} must flag a column of the file ({', '.join(values)}) with whole numbers from 0 "
                f"to {int(flags.ALL)} in every row. Remove it, or correct it."
            )
        found[of] = array.astype(np.uint8)
    return found
