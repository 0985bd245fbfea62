"""A small study, a few jobs and the command line in-process, for the tests of the outer shell."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from energy.cli import main

STUDY = Path(__file__).with_name("test_cli_two.toml")
JOBS = """job_id,gpu_type,gpus,duration_h,release,deadline,nodes
train,big,8,5,2026-07-15T00:00:00+08:00,2026-07-15T11:00:00+08:00,
tune,big,4,3.5,2026-07-15T01:30:00+08:00,,alpha
serve,small,8,4,2026-07-15T02:00:00+08:00,2026-07-15T12:00:00+08:00,beta
batch,small,6,9,2026-07-15T05:00:00+08:00,,
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """Standard output as the one JSON object it must be."""
        return json.loads(self.out)

    def refused(self, code: int, *words: str) -> None:
        """Hold a refusal to its form: exit code, one message on standard error that has the words, nothing else."""
        assert self.code == code, f"exit {self.code}, expected {code}: {self.err}"
        assert self.out == ""
        assert "Traceback" not in self.err
        assert self.err.count("greendc: ") == 1 if code != 2 else self.err.count("Error:") == 1
        lacking = [word for word in words if word not in " ".join(self.err.split())]
        assert not lacking, f"{lacking} not in: {self.err}"


def _run(*arguments: object) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return Ran(end.value.code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def greendc() -> Callable[..., Ran]:
    """Run a command through the real entry point."""
    return _run


@pytest.fixture(scope="session")
def study_file() -> Path:
    """Two nodes, 24 and 16 GPUs, with the embedded climate."""
    return STUDY


@pytest.fixture
def jobs_file(tmp_path: Path) -> Path:
    """Four jobs for the small study on 15 July 2026."""
    path = tmp_path / "jobs.csv"
    path.write_text(JOBS, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Published:
    """A finished run: its output folder, its own folder, its jobs, and what the command said."""

    out: Path
    folder: Path
    jobs: Path
    ran: Ran

    def read(self, name: str) -> dict:
        """A JSON file of the run."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def plan(self) -> xr.Dataset:
        """plan.nc, loaded."""
        with xr.open_dataset(self.folder / "plan.nc", engine="h5netcdf", decode_timedelta=False) as data:
            return data.load()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """One plan of twelve hours with the saving split, made once and only looked at."""
    home = tmp_path_factory.mktemp("published")
    jobs, out = home / "jobs.csv", home / "runs"
    jobs.write_text(JOBS, encoding="utf-8")
    ran = _run(*plan_arguments(out, jobs), "--attribution", "--json")
    assert ran.code in (0, 5), ran.err
    return Published(out, Path(ran.json["run"]), jobs, ran)


def plan_arguments(out: Path, jobs: Path | str, study: Path = STUDY) -> tuple[object, ...]:
    """Twelve hours of 15 July 2026."""
    return ("plan", "--study", study, "--jobs", jobs, "--date", "2026-07-15", "--horizon", 12, "--out", out)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """An output folder with an earlier run in it, which no failing command may touch."""
    out = tmp_path / "runs"
    old = out / "2026-07-14_20260713T120000_abcdef"
    old.mkdir(parents=True)
    (old / "summary.json").write_text("{}\n", encoding="utf-8")
    (out / "latest").symlink_to(old.name, target_is_directory=True)
    return out


def contents(folder: Path) -> dict[str, object]:
    """Every file with its bytes and every link with its target, but for the lock."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "folder"
    return {name: what for name, what in found.items() if name != ".lock"}


@dataclass(frozen=True)
class Attempt:
    """Plans the small window into a folder with an earlier run; every option may be replaced."""

    out: Path
    jobs: Path

    def __call__(self, *more: object, study: Path = STUDY, jobs: Path | str | None = None) -> Ran:
        """Run the command and see that nothing in the output folder changed unless it succeeded."""
        before = contents(self.out)
        ran = _run(*plan_arguments(self.out, self.jobs if jobs is None else jobs, study), *more)
        if ran.code not in (0, 5):
            assert contents(self.out) == before
        return ran


@pytest.fixture
def attempt(earlier: Path, jobs_file: Path) -> Attempt:
    """A plan that a test spoils; what fails must leave the earlier run as it was."""
    return Attempt(earlier, jobs_file)


@pytest.fixture
def edited_study(tmp_path: Path) -> Callable[..., Path]:
    """The small study with pieces of its text replaced."""

    def edit(*replacements: tuple[str, str]) -> Path:
        text = STUDY.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, f"{old!r} is not in the study"
            text = text.replace(old, new, 1)
        path = tmp_path / "edited.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return edit


@pytest.fixture
def small_epw(tmp_path: Path) -> Path:
    """An EPW file of 13 to 17 July at alpha's place: round figures, sun from 6 to 20 o'clock."""
    rows = [
        "LOCATION,Alpha,NX,CHN,made,000000,37.50,105.20,8.0,1230.0",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,made for a test",
        "COMMENTS 2,",
        "DATA PERIODS,1,1,Data,Sunday,7/13,7/17",
    ]
    for day in range(13, 18):
        for hour in range(1, 25):
            sun = max(0.0, float(np.sin(np.pi * (hour - 6.5) / 14)))
            values = [2001, 7, day, hour, 0, "?", 20 + 8 * sun, 12.0, 45, 87500, 0, 0, 350, round(900 * sun),
                      round(600 * sun), round(300 * sun), 0, 0, 0, 0, 180, 5.0]  # fmt: skip
            rows.append(",".join(str(value) for value in values))
    path = tmp_path / "alpha.epw"
    path.write_text("\n".join(rows) + "\n", encoding="latin-1")
    return path
