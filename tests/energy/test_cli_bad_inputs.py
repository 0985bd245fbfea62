"""The command line with weather, jobs or a state as they should not be: one message, exit 3, nothing half written.

The fixture ``attempt`` holds after every refusal that the earlier run and ``latest`` are untouched and that
nothing but the lock has been added.
"""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from energy.workload.jobs import COLUMNS

HEADER = "job_id,gpu_type,gpus,duration_h"


# --------------------------------------------------------------------------------------- the weather
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("gamma=climate", ["--weather", "'gamma'", "alpha, beta"]),
        ("alpha", ["--weather", "'alpha'", "NODE=SOURCE"]),
        ("alpha=", ["--weather", "'alpha='", "NODE=SOURCE"]),
        ("alpha=tmy:file", ["alpha", "tmy:file", "climate", "epw:PATH", "netcdf:PATH"]),
        ("alpha=epw:/missing/alpha.epw", ["/missing/alpha.epw", "no such file"]),
        ("alpha=netcdf:/missing/w.nc", ["/missing/w.nc", "no such file"]),
        ("alpha=epw:/", ["/: is a folder", "path of an .epw file"]),
    ],
)
def test_weather_that_is_not_there(attempt, option, words):
    attempt("--weather", option).refused(3, *words)


def test_an_epw_file_cut_in_the_middle(attempt, small_epw):
    whole = small_epw.read_bytes()
    small_epw.write_bytes(whole[: len(whole) // 2])
    attempt("--weather", f"alpha=epw:{small_epw}").refused(3, str(small_epw), "expected 120", "cut short")


def test_a_year_of_measured_weather_cut_in_the_middle(attempt, shared_data_dir, tmp_path):
    found = sorted(shared_data_dir.rglob("*.epw"))
    if not found:
        pytest.skip("no EPW file among the measured data sets")
    cut = tmp_path / "cut.epw"
    whole = found[0].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    attempt("--weather", f"alpha=epw:{cut}").refused(3, str(cut), "row")


def test_an_epw_file_without_the_days(attempt, small_epw):
    """The file ends with 17 July; the window is in September."""
    ran = attempt("--weather", f"alpha=epw:{small_epw}", "--date", "2026-09-01")
    ran.refused(3, str(small_epw), "alpha")


def _weather_file(study_file, path, nodes=("alpha", "beta"), hours=12):
    from energy.config import load_study
    from weather import open_weather, write_netcdf

    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(hours) * np.timedelta64(1, "h")
    places = [load_study(study_file).node(node).node() for node in nodes]
    write_netcdf(open_weather(dict.fromkeys(nodes, "climate"), places, time=time, seed=1), path)
    return path


def test_a_netcdf_file_without_the_node(attempt, study_file, tmp_path):
    file = _weather_file(study_file, tmp_path / "w.nc", nodes=("beta",))
    attempt("--weather", f"alpha=netcdf:{file}").refused(3, str(file), "no node 'alpha'", "beta")


def test_a_netcdf_file_that_ends_before_the_window(attempt, study_file, tmp_path):
    file = _weather_file(study_file, tmp_path / "w.nc", hours=8)
    attempt("--weather", f"alpha=netcdf:{file}").refused(3, str(file), "alpha", "4 of 12", "2026-07-15T00:00Z")


def test_a_netcdf_file_cut_in_the_middle(attempt, study_file, tmp_path):
    file = _weather_file(study_file, tmp_path / "w.nc")
    file.write_bytes(file.read_bytes()[:6000])
    attempt("--weather", f"alpha=netcdf:{file}").refused(3, str(file), "damaged")


def test_a_netcdf_file_that_is_text(attempt, tmp_path):
    (tmp_path / "w.nc").write_text("no weather\n", encoding="utf-8")
    attempt("--weather", f"alpha=netcdf:{tmp_path}/w.nc").refused(3, "w.nc", "NetCDF-4")


def test_a_node_where_no_climate_is_embedded(attempt, edited_study):
    study = edited_study(("longitude = 105.2", "longitude = 85.2"))
    attempt(study=study).refused(3, "alpha", "no embedded climate", "epw:PATH")


def test_weather_that_may_not_be_read(attempt, small_epw):
    small_epw.chmod(0)
    if os.access(small_epw, os.R_OK):
        pytest.skip("this user, as root, may read every file")
    attempt("--weather", f"alpha=epw:{small_epw}").refused(3, str(small_epw), "permission")


def test_a_read_error_is_no_write_error(attempt, small_epw, monkeypatch):
    """A disk that fails while weather is read: bad input, not a full disk."""
    import energy.weather_window

    def broken(*_, **__):
        raise OSError(5, "Input/output error", str(small_epw))

    monkeypatch.setattr(energy.weather_window, "open_weather", broken)
    attempt().refused(3, "weather", str(small_epw), "Input/output error")


# ------------------------------------------------------------------------------------------ the jobs
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([HEADER, "a,big,9,2"], ["gpus", "9", "one cluster", "8 GPUs"]),
        ([HEADER, "a,huge,1,2"], ["gpu_type", "huge", "big"]),
        ([HEADER, "a,big,eight,2"], ["row 2", "gpus", "eight"]),
        ([HEADER, "a,big,8,-2"], ["row 2", "duration_h", "-2"]),
        ([HEADER, "a,big,8,nan"], ["row 2", "duration_h", "nan"]),
        ([HEADER, "a,big,8,2", "a,big,8,2"], ["row 3", "job_id", "row 2 has the same"]),
        (
            [f"{HEADER},release,deadline", "a,big,8,2,2026-07-15T08:00:00+08:00,2026-07-15T07:00:00+08:00"],
            ["row 2", "deadline", "2026-07-15T07:00:00+08:00", "2026-07-15T08:00:00+08:00"],
        ),
        ([f"{HEADER},release", "a,big,8,2,2026-07-15T08:00:00"], ["row 2", "release", "offset"]),
        ([f"{HEADER},nodes", "a,big,8,2,beta"], ["nodes", "beta", "no big GPUs", "alpha"]),
        ([f"{HEADER},nodes", "a,big,8,2,alfa"], ["nodes", "alfa", "did you mean alpha"]),
        ([f"{HEADER},colour", "a,big,8,2,red"], ["row 1", "unknown column", "colour"]),
        (["job_id,gpu_type,gpus", "a,big,8"], ["row 1", "duration_h", "missing"]),
        ([HEADER, "a,big,8"], ["row 2", "3 cells"]),
        ([], ["empty", "job_id"]),
    ],
)
def test_jobs_that_cannot_be(attempt, jobs_file, rows, words):
    jobs_file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    attempt().refused(3, *words)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("min_gpus", "4"), ("max_gpus", "16"), ("late_price", "1.5"), ("priority", "2"), ("preemptible", "True"),
        ("checkpoint_h", "1"), ("restart_h", "0.5"), ("min_run_h", "2"), ("cap_min_frac", "0.6"), ("may_span", "True"),
        ("latency_ms", "30"), ("home_node", "alpha"), ("dataset_gb", "10"),
    ],
)  # fmt: skip
def test_a_column_that_would_be_ignored_is_refused(attempt, jobs_file, column, value):
    assert column in COLUMNS
    needs = ",checkpoint_h" if column == "restart_h" else ""
    jobs_file.write_text(f"{HEADER},{column}{needs}\na,big,8,2,{value.lower()}{',1' * bool(needs)}\n", encoding="utf-8")
    attempt().refused(3, column, value, "a")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("/missing/jobs.csv", ["/missing/jobs.csv", "No such file"]),
        ("/", ["/", "cannot be read"]),
        ("synthetic:none", ["none", "a whole number"]),
        ("synthetic:0", ["0", "a whole number from 1 to 1,000,000"]),
        ("synthetic:-1", ["-1", "a whole number from 1 to 1,000,000"]),
        ("synthetic:1000000000", ["1000000000", "a whole number from 1 to 1,000,000"]),
        ("synthetic:1000000", ["synthetic jobs", "count is 1,000,000", "fewer jobs"]),
        ("synthetic:5000", ["synthetic jobs", "fewer jobs"]),
        ("slurm:file", ["slurm", "philly", "synthetic"]),
        ("philly:trace.csv", ["lacks from and to"]),
        ("philly:/missing.csv,from=2017-11-11,to=2017-11-13", ["/missing.csv"]),
        ("", ["nothing is given"]),
    ],
)
def test_a_queue_that_is_not_there(attempt, spec, words):
    attempt(jobs=spec).refused(3, *words)


def test_jobs_that_are_not_utf8(attempt, jobs_file):
    jobs_file.write_bytes(f"{HEADER}\n".encode() + "训练,big,8,2\n".encode("gbk"))
    attempt().refused(3, str(jobs_file), "not UTF-8")


def test_every_bad_row_is_listed_at_once(attempt, jobs_file):
    jobs_file.write_text(f"{HEADER}\na,big,x,2\nb,big,8,y\nc,big,8,0\n", encoding="utf-8")
    attempt().refused(3, "3 value(s)", "row 2", "row 3", "row 4")


# ----------------------------------------------------------------------------------------- the state
def _state(published, **changed):
    return json.dumps({**published.read("state.json"), **changed})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["not valid JSON", "unchanged"]),
        ("[]", ["it holds a JSON list, not a JSON object"]),
        ('{"schema_version": 99}', ["schema_version is 99", "reads 1"]),
        ('{"schema_version": 1}', ["the state lacks at, running, ended, nodes"]),
        ("[" * 100_000, ["not valid JSON"]),
        ("\udcff", ["not valid JSON"]),
    ],
)
def test_a_state_that_is_none(attempt, tmp_path, text, words):
    file = tmp_path / "state.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    attempt("--state", file).refused(3, str(file), *words)


def test_a_state_file_that_is_not_there(attempt, tmp_path):
    attempt("--state", tmp_path / "state.json").refused(3, "state.json", "No such file")
    attempt("--state", tmp_path).refused(3, str(tmp_path), "Is a directory")


def test_a_state_cut_in_the_middle(attempt, published, tmp_path):
    file = tmp_path / "state.json"
    whole = (published.folder / "state.json").read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    attempt("--state", file).refused(3, str(file), "not valid JSON")


def test_the_state_of_another_moment(attempt, published):
    """It is of noon; the window begins at midnight."""
    state = published.folder / "state.json"
    attempt("--state", state).refused(3, "2026-07-15T12:00:00+08:00", "2026-07-15T00:00:00+08:00", "without --state")


def test_the_state_of_another_study(attempt, published, edited_study, tmp_path):
    file = tmp_path / "state.json"
    file.write_text(_state(published, at="2026-07-14T16:00:00+00:00"), encoding="utf-8")
    renamed = edited_study(('id = "beta"', 'id = "delta"'))
    attempt("--state", file, study=renamed, jobs="synthetic:2").refused(3, "'beta'", "alpha, delta", "without --state")
