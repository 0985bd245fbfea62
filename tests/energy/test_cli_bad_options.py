"""The command line with options or output folders as they should not be: one message, nothing half written.

The fixture ``attempt`` holds after every refusal that the earlier run and ``latest`` are untouched and that
nothing but the lock has been added.
"""

from __future__ import annotations

import os

import pytest


# --------------------------------------------------------------------------------------- the options
@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (3, ("--step", "7"), ["--step", "7 minutes", "15, 30, 60"]),
        (3, ("--step", "0"), ["--step", "0 minutes"]),
        (3, ("--horizon", "0"), ["--horizon", "got 0 h", "from 2 to 336"]),
        (3, ("--horizon", "1"), ["--horizon", "got 1 h"]),
        (3, ("--horizon", "-4"), ["--horizon", "got -4 h"]),
        (3, ("--horizon", "6.5"), ["--horizon", "got 6.5 h", "whole hours"]),
        (3, ("--horizon", "nan"), ["--horizon", "nan"]),
        (3, ("--horizon", "inf"), ["--horizon", "inf"]),
        (3, ("--horizon", "6", "--step", "240"), ["--horizon", "got 6 h with steps of 4 h"]),
        (3, ("--horizon", "4", "--step", "240"), ["--horizon", "two or more"]),
        (3, ("--horizon", "1e9"), ["--horizon", "1e+09"]),
        (3, ("--gap", "2"), ["--gap", "got 2", "0 to 1"]),
        (3, ("--gap", "-0.1"), ["--gap", "-0.1"]),
        (3, ("--gap", "nan"), ["--gap", "nan"]),
        (3, ("--time-limit", "0"), ["--time-limit", "got 0"]),
        (3, ("--date", "0001-01-01"), ["--date", "0001-01-01", "1900 to 2199"]),
        (3, ("--date", "9999-12-31"), ["--date", "9999-12-31"]),
        (3, ("--date", "nonsense"), ["--date", "nonsense", "YYYY-MM-DDTHH:MM"]),
        (3, ("--date", "2026-02-30"), ["--date", "2026-02-30", "day is out of range for month"]),
        (3, ("--date", "2026-07-15T12:30"), ["--date", "got 2026-07-15T12:30", "full hour"]),
        (3, ("--date", "2026-07-15T12:10", "--step", "15"), ["--date", "15 minutes"]),
        (3, ("--date", "2026-07-15T12:00Z"), ["--date", "offset", "YYYY-MM-DDTHH:MM"]),
        (2, ("--lang", "fr"), ["--lang", "'fr'", "en, zh"]),
        (2, ("--horizon", "long"), ["--horizon", "number"]),
        (2, ("--step", "1.5"), ["--step", "integer"]),
        (2, ("--seed", "-1"), ["--seed", "0"]),
        (2, ("--colour", "red"), ["--colour"]),
        (2, ("surplus",), ["surplus"]),
    ],
)
def test_options_that_cannot_be(attempt, code, arguments, words):
    attempt(*arguments).refused(code, *words)


def test_a_command_that_is_not(greendc):
    greendc("plann").refused(2, "plann")


def test_no_command_shows_the_help(greendc):
    ran = greendc()
    assert ran.code == 2
    assert "plan" in ran.out + ran.err


# --------------------------------------------------------------------------------- the output folder
def test_out_is_a_file(greendc, study_file, jobs_file, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine\n", encoding="utf-8")
    for out in (file, file / "below"):
        ran = greendc("plan", "--study", study_file, "--jobs", jobs_file, "--out", out)
        ran.refused(8, str(out), "cannot be written", "earlier runs are untouched", "--out")
    assert file.read_text(encoding="utf-8") == "mine\n"


def test_the_lock_is_a_folder(attempt):
    (attempt.out / ".lock").mkdir()
    ran = attempt()
    ran.refused(8, str(attempt.out), "cannot be written")


def test_out_may_not_be_written(attempt):
    attempt.out.chmod(0o555)
    try:
        if os.access(attempt.out, os.W_OK):
            pytest.skip("this user, as root, may write every folder")
        attempt().refused(8, str(attempt.out), "Permission denied", "--out")
    finally:
        attempt.out.chmod(0o755)


def test_latest_is_a_folder_of_somebody(attempt, greendc):
    """A real folder called latest is not removed; the run is withdrawn."""
    (attempt.out / "latest").unlink()
    (attempt.out / "latest").mkdir()
    (attempt.out / "latest" / "mine").write_text("mine\n", encoding="utf-8")
    attempt("--horizon", 2, jobs="synthetic:1").refused(8, str(attempt.out), "Nothing was published")


@pytest.mark.parametrize("name", ["study.toml", "jobs.csv"])
def test_init_leaves_alone_what_is_there(greendc, tmp_path, name):
    (tmp_path / name).write_text("mine\n", encoding="utf-8")
    greendc("init", tmp_path).refused(8, str(tmp_path / name), "is there already")
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {name: "mine\n"}


def test_init_into_a_file(greendc, tmp_path):
    (tmp_path / "file").write_text("mine\n", encoding="utf-8")
    greendc("init", tmp_path / "file").refused(8, "file", "cannot be written")


def test_init_on_a_full_disk_leaves_nothing(greendc, tmp_path, monkeypatch):
    from pathlib import Path

    whole = Path.write_text

    def full(self, text, *args, **kwargs):
        if self.name == "study.toml":
            whole(self, text[:100], *args, **kwargs)
            raise OSError(28, "No space left on device", str(self))
        return whole(self, text, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    greendc("init", tmp_path / "new").refused(8, "No space left on device")
    assert list((tmp_path / "new").iterdir()) == []
