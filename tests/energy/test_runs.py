"""The folder of runs: whole or not at all, whatever fails and whenever the process dies."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from energy import runs
from weather.conventions.errors import OutputError, RunLocked, SolverFailed

ROOT = Path(__file__).resolve().parents[2]
FILES = {"plan.nc": b"\x89HDF", "jobs.csv": b"job_id\n"}
OLD, NEW = "2026-07-14_20260713T120000_abcdef", "2026-07-15_20260714T120000_abcdef"


def contents(folder: Path) -> dict[str, object]:
    """Every file with its bytes and every link with its target, but for the lock."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock"
    }


def whole_run(folder: Path) -> bool:
    """Whether a run's folder has its manifest and every file the manifest names, unchanged."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
    return sums == manifest["sha256"] and {path.name for path in folder.iterdir()} == {*sums, "manifest.json"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with one published run."""
    with runs.locked(tmp_path / "runs") as folder:
        runs.publish(folder, OLD, FILES, {"run_id": OLD})
    return tmp_path / "runs"


# ----------------------------------------------------------------------------------------- publishing
def test_a_run_is_published_whole(out):
    with runs.locked(out):
        made = runs.publish(out, NEW, FILES, {"run_id": NEW, "study": "中卫"})
    assert made == out / NEW
    assert whole_run(made)
    assert json.loads((made / "manifest.json").read_text(encoding="utf-8"))["study"] == "中卫"
    assert (out / "latest").readlink() == Path(NEW)
    assert whole_run(out / OLD)
    assert {path.name for path in out.iterdir()} == {".lock", OLD, NEW, "latest"}


def test_a_run_never_replaces_another(out):
    before = contents(out)
    with runs.locked(out), pytest.raises(OutputError, match="Nothing was published"):
        runs.publish(out, OLD, {"plan.nc": b"other"}, {})
    assert contents(out) == before


CALLS = [(Path, "mkdir"), (Path, "open"), (os, "fsync"), (Path, "rename"), (Path, "symlink_to"), (Path, "replace")]


class FailsAt:
    """Stands for a function of the file system: passes calls on, but for one that fails."""

    def __init__(self, original, number: int, error: BaseException) -> None:
        self.original, self.number, self.error, self.count = original, number, error, 0

    def bound(self):
        """The function to put in place of the original (a plain one, so that it binds as a method)."""

        def call(*args, **kwargs):
            self.count += 1
            if self.count == self.number:
                raise self.error
            return self.original(*args, **kwargs)

        return call


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize(("owner", "name"), CALLS, ids=[name for _, name in CALLS])
@pytest.mark.parametrize("first", [False, True], ids=["second run", "first run"])
def test_whatever_fails_leaves_the_folder_as_it_was(out, monkeypatch, owner, name, error, first):
    """Every call of every kind fails once; the folder is as before, and the next run succeeds."""
    if first:
        (out / "latest").unlink()
    before = contents(out)
    number = 0
    while True:
        number += 1
        with monkeypatch.context() as patch:
            fails = FailsAt(getattr(owner, name), number, error)
            patch.setattr(owner, name, fails.bound())
            try:
                runs.publish(out, NEW, FILES, {})
            except (OutputError, KeyboardInterrupt) as raised:
                wanted = OutputError if isinstance(error, OSError) else KeyboardInterrupt
                assert isinstance(raised, wanted)
                failed = True
            else:
                failed = False
        if not failed:
            assert fails.count == number - 1  # no call was left to fail
            break
        if isinstance(error, OSError):
            assert contents(out) == before, f"{name}, call {number}"
    assert number > 1  # at least one call of this kind failed
    assert whole_run(out / NEW)
    assert (out / "latest").readlink() == Path(NEW)


def test_a_full_disk_is_told(out, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as told:
        runs.publish(out, NEW, FILES, {})
    assert str(told.value).startswith(f"{out}: cannot be written (No space left on device).")
    assert "free some space" in str(told.value)


def test_a_full_disk_ends_the_command_with_eight(attempt, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    attempt("--horizon", 2, jobs="synthetic:1").refused(8, str(attempt.out), "No space left on device")


# -------------------------------------------------------------------------------------------- the lock
def test_one_run_at_a_time(out):
    with runs.locked(out):
        with pytest.raises(RunLocked, match=r"another greendc run.*--out") as told, runs.locked(out):
            pass
        assert told.value.exit_code == 75
    with runs.locked(out) as again:
        assert again == out


def test_the_command_waits_for_nobody(attempt):
    with runs.locked(attempt.out):
        attempt().refused(75, str(attempt.out), "another greendc run", "--out")


def test_a_run_that_is_turned_away_sweeps_nothing(out):
    """What looks like a leftover is the other run's work."""
    with runs.locked(out):
        (out / f"{NEW}.tmp").mkdir()
        with pytest.raises(RunLocked), runs.locked(out):
            pass
        assert (out / f"{NEW}.tmp").is_dir()


def test_the_lock_goes_with_an_error(out):
    with pytest.raises(ValueError, match="x"), runs.locked(out):
        raise ValueError("x")
    with runs.locked(out):
        pass


def test_a_disk_that_cannot_lock_is_no_other_run(out, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(OutputError, match=r"cannot be locked.*local disk"), runs.locked(out):
        pass


def test_leftovers_are_swept_and_nothing_else(out):
    """The folder may be somebody's working folder."""
    (out / f"{NEW}.tmp").mkdir()
    (out / f"{NEW}.tmp" / "plan.nc").write_bytes(b"half")
    (out / f"{NEW}-2.tmp").mkdir()
    (out / "latest.tmp").symlink_to("nowhere")
    kept = {"notes.tmp": b"mine", "thesis.tmp/text": b"mine too", "latest.tmp.bak": b"mine"}
    for name, content in kept.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(content)
    with runs.locked(out):
        pass
    names = {path.name for path in out.iterdir()}
    assert names == {".lock", OLD, "latest", "notes.tmp", "thesis.tmp", "latest.tmp.bak"}
    assert all((out / name).read_bytes() == content for name, content in kept.items())


def test_sweeping_does_not_follow_links(out, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"mine")
    (out / f"{NEW}.tmp").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with runs.locked(out):
        pass
    assert not (out / f"{NEW}.tmp").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_bytes() == b"mine"


# ------------------------------------------------------------------------------------------- being killed
KILLED = """
import os, signal, sys
from pathlib import Path
from energy import runs
out, name, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0
def audit(event, args):
    global count
    if event in ("open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir"):
        if any(str(a).startswith(str(out)) for a in args if isinstance(a, (str, bytes, os.PathLike))):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
with runs.locked(out):
    sys.addaudithook(audit)
    runs.publish(out, name, {"plan.nc": b"new", "jobs.csv": b"new"}, {"run_id": name})
"""


def test_killed_before_any_step_of_publishing(out):
    """SIGKILL before the first, second, ... operation on the folder: old set or new set, never a mix."""
    outcomes = []
    for number in range(1, 40):
        name = f"2026-07-15_20260714T1200{number:02d}_abcdef"
        done = subprocess.run([sys.executable, "-c", KILLED, out, name, str(number)], cwd=ROOT, timeout=60)
        latest = (out / "latest").readlink().name
        outcomes.append(latest == name)
        assert whole_run(out / latest)
        visible = [path for path in out.iterdir() if not path.name.endswith(".tmp") and path.name[0] == "2"]
        assert all(whole_run(path) for path in visible)
        with runs.locked(out):  # the lock died with its process
            assert not [path.name for path in out.iterdir() if path.name.endswith(".tmp")]
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert done.returncode == 0
    assert outcomes[-1]
    assert outcomes.count(False) >= 6  # it was killed at many moments before the link moved


def _start(out: Path, study: Path, jobs: Path) -> subprocess.Popen:
    """A plan of its own process, which heeds Ctrl-C even where the tests run in the background."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from energy.cli import main; main(sys.argv[1:])"
    )
    arguments = ["plan", "--study", study, "--jobs", jobs, "--date", "2026-07-15", "--out", out, "--horizon", "48"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    for _ in range(600):
        if _held(out / ".lock"):
            return process
        time.sleep(0.05)
    process.kill()
    raise TimeoutError(process.communicate())


def _held(lock: Path) -> bool:
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_is_stopped_publishes_nothing(out, study_file, jobs_file, sent, code):
    before = contents(out)
    process = _start(out, study_file, jobs_file)
    process.send_signal(sent)
    said, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert said == ""
    assert contents(out) == before
    if sent == signal.SIGINT:
        assert told == "greendc: interrupted; no run is left half written.\n"
    with runs.locked(out):
        pass


@pytest.fixture
def heeds_ctrl_c():
    """Python's own handling of Ctrl-C, also where the tests were started in the background."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.mark.parametrize("swallowed", ["not at all", "as a solver error", "as a bug", "wholly"])
def test_ctrl_c_is_heeded_whatever_the_solver_makes_of_it(attempt, monkeypatch, heeds_ctrl_c, swallowed):
    """A solver's callback may turn the exception into an error, or lose it."""
    import energy.day

    planned = energy.day.plan_window

    def interrupted(*given, **named):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if swallowed == "not at all":
                raise
            if swallowed == "as a solver error":
                raise SolverFailed("HiGHS ended in the state 'Solve error'.") from None
            if swallowed == "as a bug":
                raise TypeError("made for the test") from None
        return planned(*given, **named)

    monkeypatch.setattr(energy.day, "plan_window", interrupted)
    attempt("--horizon", 2, jobs="synthetic:1").refused(130, "interrupted; no run is left half written")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr(energy.day, "plan_window", planned)
    assert attempt("--horizon", 2, jobs="synthetic:1").code in (0, 5)  # not remembered into the next command


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def _run_into(device: Path, *arguments: object, **streams: object) -> subprocess.CompletedProcess:
    with device.open("w", encoding="utf-8") as full:
        return subprocess.run(
            [sys.executable, "-m", "energy.cli", *map(str, arguments)],
            stdout=full, **{"stderr": subprocess.PIPE, **streams}, text=True, cwd=ROOT, timeout=120,
        )  # fmt: skip


@needs_full
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_full_standard_output_says_that_the_run_is_published(tmp_path, study_file, form):
    out = tmp_path / "runs"
    window = ("--date", "2026-07-15", "--horizon", 2)
    done = _run_into(FULL, "plan", "--study", study_file, "--jobs", "synthetic:1", *window, "--out", out, *form)
    assert done.returncode == 8
    (made,) = [path for path in out.iterdir() if path.name.startswith("2026-07-15_")]
    assert whole_run(made)
    assert [line for line in done.stderr.splitlines() if "warning" not in line] == [
        f"greendc: standard output cannot be written (No space left on device). The run is published at {made}. "
        "Give an output with room, or none."
    ]


@needs_full
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_full_standard_output_is_named(study_file, options):
    done = _run_into(FULL, "check", study_file, *options)
    assert done.returncode == 8
    assert done.stderr == (
        "greendc: standard output cannot be written (No space left on device). Give an output with room, or none.\n"
    )


@needs_full
def test_help_that_cannot_be_printed():
    done = _run_into(FULL, "--help")
    assert (done.returncode, done.stderr) == (8, "greendc: No space left on device\n")


@needs_full
def test_a_full_standard_error_changes_nothing(study_file, tmp_path):
    """What cannot be told is not told; the exit code stands."""
    with FULL.open("w", encoding="utf-8") as errors:
        done = _run_into(tmp_path / "told", "check", tmp_path / "missing.toml", stderr=errors)
        assert done.returncode == 3
        done = _run_into(FULL, "check", study_file, stderr=errors)
        assert done.returncode == 8


def test_a_closed_standard_output_is_nobody_to_tell(study_file):
    code = f"import sys; sys.stdout = None; from energy.cli import main; main(['check', {str(study_file)!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_without_a_name_is_not_laid_on_standard_output(attempt, monkeypatch):
    import energy.requests

    def broken(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(energy.requests, "load_jobs", broken)
    ran = attempt()
    ran.refused(8, "greendc: Input/output error")
    assert "standard output" not in ran.err


def test_a_table_in_a_pipe_keeps_its_words_whole(greendc, tmp_path, study_file, monkeypatch):
    """However narrow the screen: a row is a line."""
    monkeypatch.setenv("COLUMNS", "40")
    text = study_file.read_text(encoding="utf-8")
    study = tmp_path / "wide.toml"
    study.write_text(text.replace('name_en = "A"', f'name_en = "{"Far and wide " * 12}"'), encoding="utf-8")
    lines = greendc("check", study).out.splitlines()
    assert len(lines) == 5
    assert lines[1].split()[:3] == ["node", "name", "GPUs"]
    assert "Far and wide " * 11 in lines[2] and lines[2].endswith("air_economiser    day (2026-01-01 to 2026-12-31)")
    assert lines[3].endswith("water_economiser  day (2026-01-01 to 2026-12-31)")


def test_a_reader_that_goes_away_is_no_error(study_file):
    """As `greendc check STUDY | head -c 1` does."""
    code = textwrap.dedent(
        f"""
        import os, sys
        from energy.cli import main
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)
        main(["check", {str(study_file)!r}])
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0
    assert done.stderr == ""
