"""Hourly meters of a site: the CSV that `greendc calibrate` reads, checked row by row.

One row an hour, comma-separated UTF-8, the first row names the columns:

==================  =====  ================================================================================
time                       start of the hour, RFC 3339 with offset: 2026-01-15T08:00:00+08:00; ascending
it_kw               kW     power of the servers, as their feeds see it
facility_kw         kW     power at the meter: everything (this, or cooling_kw, or both)
cooling_kw          kW     power of the cooling plant: fans, pumps, towers, chillers
fan_kw              kW     power of the hall's fans (optional)
ups_loss_kw         kW     UPS input less UPS output (optional)
water_l             L      make-up water in the hour (optional)
setpoint_degc       degC   setpoint in the cooling plant's own meaning (optional; else the study's middle one)
temp_air            degC   outdoor air (optional, with the next two; else the node's weather)
relative_humidity   %
pressure            Pa     station pressure
==================  =====  ================================================================================

An empty cell is an hour that meter did not see. Hours may be missing. Where a part reads over 1.05 of its whole
(fan_kw of cooling_kw; cooling_kw and ups_loss_kw of facility less IT) in at most 2 % of the hours, both cells of
these hours are dropped and counted; in more, the file is refused.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from energy.workload.cells import BadCell, parse_number, parse_time
from energy.workload.record import Fault, raise_faults, shown
from weather.conventions.errors import DataError
from weather.sources.files import read_bytes

METERS = ("facility_kw", "cooling_kw", "fan_kw", "ups_loss_kw", "water_l")
WEATHER = ("temp_air", "relative_humidity", "pressure")
COLUMNS = ("time", "it_kw", *METERS, "setpoint_degc", *WEATHER)
LEAST_HOURS = 336  # two weeks: less does not tell a season's weather from the plant
_MOST_BYTES = 100_000_000
_SLACK = 1.05  # a part may read this over its whole: two meters of 2 % each do
_MOST_DROPPED = 0.02  # assumption: share of hours in which a part may read more; beyond, a meter or its unit is wrong
_MOSTLY = 0.9  # of the hours: no meter's noise breaks a law so often
_RANGES = {
    **dict.fromkeys(("it_kw", *METERS), (0.0, 1e9)),
    "setpoint_degc": (4.0, 60.0),  # what `models.cooling` takes
    "temp_air": (-60.0, 60.0),
    "relative_humidity": (0.0, 100.0),
    "pressure": (40_000.0, 110_000.0),
}


@dataclass(frozen=True, slots=True)
class Meters:
    """Hours of a site, ascending: ``time`` (naive UTC), and every column's value in each, NaN where empty; and a
    sentence for each part that was dropped with its whole."""

    path: Path
    time: np.ndarray
    columns: dict[str, np.ndarray]
    dropped: tuple[str, ...] = ()

    def has_weather(self) -> bool:
        """Whether the site measured its own weather."""
        return all(name in self.columns for name in WEATHER)


def read_meters(path: Path) -> Meters:
    """Meters of a CSV file, only hours that can be used: IT power and some other meter, and weather where it has any.

    Raises
    ------
    DataError
        An unreadable file, a missing, unknown or repeated column, fewer than :data:`LEAST_HOURS` hours, or rows
        that break a rule (the first 20 with row, column, value, rule and remedy; the header is row 1).
    """
    content = read_bytes(path, kind="a CSV file of meters", most=_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DataError(f"{path}: more than {_MOST_BYTES:,} bytes; a year of hours is below 2 MB. Cut the file.")
    try:
        text = content.decode("utf-8-sig")
        rows = [row for row in enumerate(csv.reader(text.splitlines(), strict=True), start=1) if row[1]]
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; save the file as CSV UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file ({error}); save it as CSV UTF-8 with commas.") from error
    if not rows:
        raise DataError(f"{path}: the file is empty; its first row names the columns: {', '.join(COLUMNS)}.")
    header = [name.strip() for name in rows[0][1]]
    _refuse_separator(rows[0][1], path)
    _check_header(header, path)
    faults: list[Fault] = []
    times, values, numbers = [], [], []
    for number, cells in rows[1:]:
        time, row = _read_row(header, number, cells, faults)
        if time is not None:
            times.append(time)
            values.append(row)
            numbers.append(number)
    faults += _order_faults(times, numbers)
    columns = {
        name: np.array([row.get(name, np.nan) for row in values], dtype=float) for name in header[:] if name != "time"
    }
    dropped = _drop_few(columns)
    faults += _sense_faults(columns, numbers)
    raise_faults(faults, str(path))
    _refuse_share(columns, path)
    return _usable(path, np.array(times, dtype="datetime64[ns]"), columns, dropped)


def _refuse_separator(cells: list[str], path: Path) -> None:
    """Another separator is not guessed: with it come decimal commas, and 1,234 is 1.234 or 1234."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(mark in cell for cell in cells):
            raise DataError(
                f"{path}, row 1: columns are separated by {name}, allowed: commas. It may be the export of a "
                "spreadsheet that also writes numbers as 12,5. Save it as CSV with commas between cells and a decimal "
                "point in numbers."
            )


def _check_header(header: list[str], path: Path) -> None:
    for name in header:
        if not name:
            raise DataError(
                f"{path}, row 1: a column without a name; name it, or take the comma too many out of the rows."
            )
        if name not in COLUMNS:
            close = difflib.get_close_matches(name.lower(), COLUMNS, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"known columns: {', '.join(COLUMNS)}."
            raise DataError(f"{path}, row 1: unknown column {shown(name)}; {remedy}")
        if header.count(name) > 1:
            raise DataError(f"{path}, row 1: column {name} appears {header.count(name)} times; keep one.")
    missing = [name for name in ("time", "it_kw") if name not in header]
    if missing:
        raise DataError(f"{path}, row 1: required column(s) missing: {', '.join(missing)}; add them.")
    if not {"facility_kw", "cooling_kw"} & set(header):
        raise DataError(f"{path}, row 1: neither facility_kw nor cooling_kw is there; add at least one of them.")
    given = [name for name in WEATHER if name in header]
    if given and len(given) < len(WEATHER):
        raise DataError(
            f"{path}, row 1: of the weather only {', '.join(given)}; give temp_air, relative_humidity and pressure "
            "together, or none of them and the node's weather is taken."
        )


def _refuse_share(columns: dict[str, np.ndarray], path: Path) -> None:
    humidity = columns.get("relative_humidity", np.array([]))
    there = humidity[np.isfinite(humidity)]
    if len(there) and there.max() <= 1.0:
        raise DataError(
            f"{path}, column relative_humidity: at most {there.max():g} % in {len(there)} hours, allowed 0 to 100 %, "
            "and above 1 % in some hour. As a share of 1? Give percent."
        )


def _read_row(
    header: list[str], number: int, cells: list[str], faults: list[Fault]
) -> tuple[np.datetime64 | None, dict[str, float]]:
    """Time and numbers of a row; what is wrong is added to the faults."""
    row = f"row {number}"
    if len(cells) != len(header):
        rule = f"{len(header)} cells, as many as the header"
        faults.append(Fault(row, "whole row", f"{len(cells)} cells", rule, "mend the row"))
        return None, {}
    time, values = None, {}
    for column, cell in zip(header, (cell.strip() for cell in cells), strict=True):
        try:
            if column == "time":
                time = _hour(parse_time(cell))
            elif cell:
                values[column] = _in_range(column, parse_number(cell))
        except BadCell as bad:
            faults.append(Fault(row, column, cell, bad.rule, bad.remedy))
    return time, values


def _hour(time: datetime) -> np.datetime64:
    if time.minute or time.second or time.microsecond:
        raise BadCell("the start of a full hour", "average the meters over full hours")
    return np.datetime64(time.replace(tzinfo=None), "ns")


def _in_range(column: str, value: float) -> float:
    low, high = _RANGES[column]
    if not low <= value <= high:
        raise BadCell(f"{low:g} to {high:g}", "correct the value or its unit, or leave the cell empty")
    return value


def _order_faults(times: list[np.datetime64], numbers: list[int]) -> Iterator[Fault]:
    for before, after, number in zip(times, times[1:], numbers[1:], strict=False):
        if after <= before:
            same = after == before
            what = "the same hour as the row before" if same else "earlier than the row before"
            remedy = (
                "keep one an hour; where clocks were put back, the second has another offset"
                if same
                else "sort the rows"
            )
            yield Fault(
                f"row {number}",
                "time",
                f"{after.astype('datetime64[m]')}Z",
                f"{what}; hours ascend, each once",
                remedy,
            )


def _laws(columns: dict[str, np.ndarray]) -> Iterator[tuple[str, str, np.ndarray, str, np.ndarray]]:
    """Part, whole, where the part reads more than its whole, the rule in words, and the limit [kW]."""
    it = columns["it_kw"]
    whole, cooling = columns.get("facility_kw"), columns.get("cooling_kw")
    if whole is not None and cooling is not None:
        broken = it + cooling > whole * _SLACK
        yield "cooling_kw", "facility_kw", broken, "at most facility less IT power", whole - it
    if cooling is not None and "fan_kw" in columns:
        yield "fan_kw", "cooling_kw", columns["fan_kw"] > cooling * _SLACK, "at most the cooling power", cooling
    if whole is not None and "ups_loss_kw" in columns:
        broken = columns["ups_loss_kw"] > (whole - it) * _SLACK
        yield "ups_loss_kw", "facility_kw", broken, "at most facility less IT power", whole - it


def _drop_few(columns: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Empty the cells of parts that read more than their whole, and of the whole, in few hours: noise and clocks."""
    dropped = []
    for part, whole, broken, _, _ in [*_laws(columns)]:
        count, both = int(np.sum(broken)), int(np.sum(np.isfinite(columns[part]) & np.isfinite(columns[whole])))
        if 0 < count <= _MOST_DROPPED * both:
            columns[part][broken] = columns[whole][broken] = np.nan
            dropped.append(f"{count} of {both} hours of {part} and {whole} were dropped: the part reads more than its "
                           "whole there.")  # fmt: skip
    return tuple(dropped)


def _sense_faults(columns: dict[str, np.ndarray], numbers: list[int]) -> Iterator[Fault]:
    """Meters that contradict each other."""
    it, whole = columns["it_kw"], columns.get("facility_kw")
    laws = [(part, broken, rule, limit) for part, _, broken, rule, limit in _laws(columns)]
    if whole is not None:
        laws.insert(0, ("facility_kw", whole < it, "at least the IT power", it))
    for name, broken, rule, limit in laws:
        often = int(broken.sum()) > _MOSTLY * len(broken)
        remedy = (
            "mostly so: in another unit? Give kW" if often
            else "correct the meters, or empty the cells of hours that are not to be used"
        )  # fmt: skip
        for at in np.flatnonzero(broken):
            found = f"{columns[name][at]:g}"
            yield Fault(f"row {numbers[at]}", name, found, f"{rule}, {limit[at]:g} kW here", remedy)


def _usable(path: Path, time: np.ndarray, columns: dict[str, np.ndarray], dropped: tuple[str, ...]) -> Meters:
    some = np.any([np.isfinite(columns[name]) for name in METERS if name in columns], axis=0)
    good = np.isfinite(columns["it_kw"]) & (columns["it_kw"] > 0) & some
    for name in (*WEATHER, "setpoint_degc"):
        if name in columns:
            good = good & np.isfinite(columns[name])
    count = int(np.sum(good))
    if count < LEAST_HOURS:
        raise DataError(
            f"{path}: {count} hours have IT power and another meter{' and weather' if WEATHER[0] in columns else ''}; "
            f"at least {LEAST_HOURS} (two weeks) are needed. Give a longer record."
        )
    return Meters(path, time[good], {name: values[good] for name, values in columns.items()}, dropped)
