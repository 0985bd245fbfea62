"""The command line with input as it should not be: one message, the right exit code, nothing half written.

The fixture ``attempt`` holds after every refusal that the earlier run and ``latest`` are untouched and that
nothing but the lock has been added.
"""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest

from energy.workload.jobs import COLUMNS

HEADER = "job_id,gpu_type,gpus,duration_h"


# ------------------------------------------------------------------------------------------- the study
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("other_it_kw = 20.0", "other_it_kv = 20.0", ["node[alpha].other_it_kv", 'did you mean "other_it_kw"']),
        ("other_it_kw = 20.0", 'other_it_kw = "20"', ["other_it_kw", '"20"', "must be a number, without quotes"]),
        ("renewable_share = 0.3", "renewable_share = 30", ["targets.renewable_share", "30", "must be <= 1"]),
        ("pue = 1.3\n", "pue = 0.9\n", ["targets.pue", "0.9"]),
        ("pue = 1.3\n", "pue = nan\n", ["targets.pue", "nan", "must be finite"]),
        ('hours = ["06:00-22:00"]', 'hours = ["06:00-21:00"]', ["tariff", "day", "21:00"]),
        ("[targets]", "[targets", ["not valid TOML", "line"]),
        ('tariff = "day", demand', 'tariff = "dai", demand', ["dai", "day"]),
        ("schema_version = 1", "schema_version = 9", ["schema_version", "9"]),
        ('gpu_type = "big", gpus = 8, count = 3', 'gpu_type = "bag", gpus = 8, count = 3', ["bag", "big"]),
    ],
)
def test_a_wrong_study_is_refused(attempt, greendc, edited_study, old, new, words):
    study = edited_study((old, new))
    attempt(study=study).refused(3, str(study), *words)
    greendc("check", study).refused(3, str(study), *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pv = { capacity_kw = 40.0", "pv = { capacity_kw = 1e12", ["pv.capacity_kw", "10,000,000", "the unit"]),
        ("energy_kwh = 200.0", "energy_kwh = 1e12", ["battery.energy_kwh", "100,000,000", "the unit"]),
        ("other_it_kw = 20.0", "other_it_kw = 1e12", ["node[alpha].other_it_kw", "10,000,000"]),
        ("import_limit_kw = 150.0", "import_limit_kw = 1e300", ["grid.import_limit_kw", "10,000,000"]),
        ("rated_kw = 50.0", "rated_kw = 1e12", ["electrical.rated_kw", "10,000,000"]),
        ("price_cny_per_kwh = 0.25", "price_cny_per_kwh = 1e9", ["wind.price_cny_per_kwh", "must be <= 100"]),
        ("_kw_month = 30.0", "_kw_month = 1e9", ["demand_price_cny_per_kw_month", "must be <= 10,000"]),
        ("gpus = 8, count = 3", "gpus = 8, count = 1000000", ["cluster[0]", "8,000,000 GPUs", "1,000,000"]),
        ("charge_eff = 0.9", "charge_eff = 1e-300", ["battery.charge_eff", "must be >= 0.01"]),
    ],
)
def test_a_figure_beyond_sense_is_bad_input(attempt, greendc, edited_study, old, new, words):
    study = edited_study((old, new))
    attempt(study=study).refused(3, "node[alpha].", *words)
    greendc("check", study).refused(3, "node[alpha].", *words)


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ("energy_kwh = 200.0", "battery.energy_kwh"),
        ("power_kw = 50.0", "battery.power_kw"),
        ("pv = { capacity_kw = 40.0", "pv.capacity_kw"),
        ("wind = { capacity_kw = 60.0", "wind.capacity_kw"),
    ],
)
def test_a_plant_of_size_zero_is_to_be_left_out(greendc, edited_study, old, key):
    table, name = key.split(".")
    none = edited_study((old, f"{old.rpartition(' = ')[0]} = 0.0"))
    words = f"node[alpha].{key}: found 0.0; must be > 0; leave out [node.{table}] where there is none"
    greendc("check", none).refused(3, words)
    below = edited_study((old, f"{old.rpartition(' = ')[0]} = -1.0"))
    ran = greendc("check", below)
    ran.refused(3, f"node[alpha].{key}: found -1.0; must be > 0")
    assert name in ran.err and "leave out" not in ran.err


def test_a_zero_where_a_plant_needs_a_number_is_no_missing_plant(greendc, edited_study):
    ran = greendc("check", edited_study(("pv = { capacity_kw = 40.0", "pv = { gcr = 0.0, capacity_kw = 40.0")))
    ran.refused(3, "node[alpha].pv: PV plant: got gcr=0.0, allowed more than 0, at most 1")
    assert "leave out" not in ran.err


@pytest.mark.parametrize(
    ("planning", "options", "words"),
    [
        ("step_h = 0.3", (), ["planning.step_h: got 0.3 h (18 minutes), allowed 0.25, 0.5, 1", "or give --step"]),
        ("horizon_h = 400.0", (), ["planning.horizon_h: got 400 h", "from 2 to 336"]),
        ("horizon_h = 6.0", ("--step", "240"), ["planning.horizon_h: got 6 h with steps of 4 h (--step)"]),
        ("step_h = 4.0", ("--horizon", "6"), ["--horizon: got 6 h with steps of 4 h (planning.step_h)"]),
    ],
)
def test_a_value_is_named_by_where_it_is_from(greendc, edited_study, tmp_path, planning, options, words):
    study = edited_study(("[planning]", f"[planning]\n{planning}"))
    greendc("plan", "--study", study, "--out", tmp_path / "runs", *options).refused(3, *words)


def test_check_finds_all_that_would_stop_a_plan(attempt, greendc, edited_study, tmp_path):
    """Plant, connection, climate and file at once; the plan refuses each of them too, one after the other."""
    overloaded = ("rated_kw = 50.0", "rated_kw = 20.0")
    nowhere = ("longitude = 105.2", "longitude = 85.2")
    starved = ("import_limit_kw = 40.0", "import_limit_kw = 1.0")
    calm = ("wind = { capacity_kw = 20.0", "wind = { capacity_kw = 2.0")
    no_file = ("[[tariff]]", '[weather.specs]\nbeta = "epw:beta.epw"\n[[tariff]]')
    window = ("[planning]", "[planning]\nstep_h = 1.5")
    study = edited_study(overloaded, nowhere, starved, calm, no_file, window)
    words = {
        overloaded: "node[alpha]: the idle servers, the reserved inference load and other_it_kw reach",
        starved: "1.0 kW by node.grid.import_limit_kw, 2.0 kW of PV and wind",
        nowhere: "weather of alpha: node 'alpha' at 37.5 N 85.2 E has no embedded climate",
        no_file: f"weather of beta: {tmp_path}/beta.epw: no such file",
        window: "planning.step_h: got 1.5 h (90 minutes), allowed 0.25, 0.5, 1, 2, 3, 4 (hours)",
    }
    greendc("check", study).refused(3, f"{study}: 5 problems that would stop a plan", *words.values())
    greendc("check", study, "--json").refused(3, "5 problems")
    for part in words:
        alone = edited_study(*((part, calm) if part == starved else (part,)))
        assert attempt(study=alone).code == 3
        greendc("check", alone).refused(3, "1 problem that would stop a plan", words[part])


def test_check_opens_the_weather_files(greendc, edited_study, small_epw):
    """What `plan` would find wrong with a file, `check` finds; of a good one it says what it covers."""
    study = edited_study(("[[tariff]]", '[weather.specs]\nalpha = "epw:alpha.epw"\n[[tariff]]'))
    ran = greendc("check", study)
    assert ran.code == 0
    assert f"weather of alpha: epw:{small_epw}: a typical year, 120 h of 07-13 to 07-17" in ran.out
    assert greendc("check", study, "--json").json["weather"]["beta"] == "climate, any window"
    whole = small_epw.read_bytes()
    small_epw.write_bytes(whole[: len(whole) // 2])
    greendc("check", study).refused(3, "weather of alpha", str(small_epw), "cut short")
    small_epw.write_text("no weather\n", encoding="utf-8")
    greendc("check", study).refused(3, "weather of alpha", str(small_epw), "expected 'LOCATION,...'")


@pytest.mark.parametrize("source", ["climate", "epw"])
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("snow", "node alpha: PV power: the weather has no snow_depth."),
        ("soiling", "node alpha: PV soiling: got cleaning_interval_days=None and a weather without precipitation"),
    ],
)
def test_check_finds_what_the_weather_lacks(attempt, greendc, edited_study, small_epw, source, part, words):
    """Snow and dust need what a source need not have: said by the function with which `plan` refuses."""
    whole = "pv = { capacity_kw = 40.0,"
    table = "" if source == "climate" else '[weather.specs]\nalpha = "epw:alpha.epw"\n'
    asks = (whole, f'{whole} {part} = {{ source = "assumption: test" }},')
    study = edited_study(asks, ("[[tariff]]", f"{table}[[tariff]]"))
    greendc("check", study).refused(3, f"{study}: 1 problem that would stop a plan", words)
    attempt(study=study).refused(3, words)


def test_check_warns_of_setpoints_that_cannot_move(greendc, study_file, edited_study):
    stiff = edited_study(("setpoint_rate_k_per_h = 6.0", "setpoint_rate_k_per_h = 5.0"))
    ran = greendc("check", stiff)
    assert ran.code == 0
    assert "node alpha: its setpoints lie up to 6 K apart, but 1 h allow a move of 5 K" in ran.err
    assert greendc("check", stiff, "--json").json["warnings"] == [
        line.removeprefix("greendc: warning: ") for line in ran.err.splitlines()
    ]
    assert greendc("check", study_file).err == ""


def test_a_study_that_is_not_there(attempt, greendc, tmp_path):
    missing = tmp_path / "missing.toml"
    attempt(study=missing).refused(3, str(missing), "No such file", "give the path of a study file")
    greendc("check", missing, "--json").refused(3, str(missing), "No such file")


def test_a_study_that_is_a_folder(attempt, tmp_path):
    attempt(study=tmp_path).refused(3, str(tmp_path), "Is a directory", "give the path of a study file")


def test_a_study_that_is_not_utf8(attempt, tmp_path):
    study = tmp_path / "gbk.toml"
    study.write_bytes('title = "中卫"\n'.encode("gbk"))
    attempt(study=study).refused(3, str(study), "not UTF-8", "byte 9")


def test_a_plant_too_small_for_what_is_reserved(attempt, edited_study):
    study = edited_study(("rated_kw = 50.0", "rated_kw = 20.0"))
    attempt(study=study).refused(3, "alpha", "rated", "Raise node.electrical.rated_kw")


# ----------------------------------------------------------------------------------------- the weather
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


# -------------------------------------------------------------------------------------------- the jobs
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


# ----------------------------------------------------------------------------------------- the options
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


# -------------------------------------------------------------------------------------- the output folder
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


# ------------------------------------------------------------------------------------------- the targets
UNREACHABLE = ("renewable_share = 0.3", "renewable_share = 0.95")


def test_an_unreachable_target_is_published_and_said(attempt, edited_study):
    ran = attempt("--json", study=edited_study(UNREACHABLE))
    summary = ran.json
    share = summary["targets"]["renewable_share"]
    kpis = summary["kpis"]
    assert ran.code == (0 if summary["status"] == "optimal" else 5)
    assert share["met"] is False
    assert share["target"] == 0.95
    reached = min(kpis["renewable_share"], kpis["renewable_share_plant"])  # by the plan, and by its replay
    assert share["missed_by"] == pytest.approx(0.95 - reached, abs=1e-9)
    assert share["missed_kwh"] == pytest.approx((0.95 - reached) * kpis["facility_kwh"], rel=1e-9)
    assert summary["targets"]["pue"]["met"] is True
    assert summary["verification"]["clean"] is True
    # what misses the target least comes before what costs least
    assert kpis["renewable_share"] >= summary["baseline"]["renewable_share"] - 1e-9


def test_the_verdict_says_missed(attempt, edited_study):
    ran = attempt("--horizon", 4, study=edited_study(UNREACHABLE))
    assert ran.code in (0, 5)
    assert re.search(r"renewable share +0\.\d{3} against 0\.95: MISSED by 0\.\d{3}", ran.out)


def test_strict_refuses_a_missed_target(attempt, edited_study):
    ran = attempt("--strict", study=edited_study(UNREACHABLE))
    ran.refused(4, "renewable_share reaches 0.", "against 0.9500", "kWh short", "Nothing was published", "--strict")


def test_a_hard_target_refuses_as_strict_does(attempt, edited_study):
    study = edited_study(("renewable_share = 0.3", "renewable_share = 0.95\nhard = true"))
    attempt(study=study).refused(4, "renewable_share reaches 0.", "targets.hard = false")


def test_strict_refuses_an_unserved_job(attempt, jobs_file):
    due = "2026-07-15T06:00:00+08:00"
    rows = [f"{name},big,8,6,{due}" for name in ("a", "b", "c", "d")]
    jobs_file.write_text("\n".join([f"{HEADER},deadline", *rows]) + "\n", encoding="utf-8")
    ran = attempt("--json")
    assert ran.code in (0, 5)
    assert len(ran.json["unserved"]) == ran.json["kpis"]["jobs_unserved"] >= 1
    attempt("--strict").refused(4, "find no place before their deadline", ran.json["unserved"][0])


def test_a_met_target_passes_strict(attempt, edited_study):
    study = edited_study(("renewable_share = 0.3", "renewable_share = 0.01\nhard = true"))
    ran = attempt("--strict", "--horizon", 4, "--json", study=study)
    assert ran.code in (0, 5)
    assert all(target["met"] for target in ran.json["targets"].values())


def test_an_unproven_gap_is_published_with_exit_five(attempt, monkeypatch):
    import dataclasses

    import energy.day

    planned = energy.day.plan_window

    def unproven(*given, **named):
        outcome = planned(*given, **named)
        *before, last = outcome.stages
        # the check holds the status against the stages, and theirs against value and bound
        last = dataclasses.replace(last, status="limit", bound=last.value - 0.1 * abs(last.value))
        return dataclasses.replace(outcome, status="feasible", stages=(*before, last))

    monkeypatch.setattr(energy.day, "plan_window", unproven)
    ran = attempt("--json", "--horizon", 4)
    assert ran.code == 5
    assert ran.json["status"] == "feasible"
    assert (attempt.out / "latest").readlink().name == ran.json["run"].rpartition("/")[2]


def test_an_import_limit_below_the_reserved_load(attempt, edited_study):
    """No plan exists in some step whatever is decided; the refusal names node, time, both powers and the way out."""
    study = edited_study(("import_limit_kw = 40.0", "import_limit_kw = 2.0"))
    ran = attempt(study=study)
    ran.refused(3, "node[beta]", "at 2026-07-15 ", "2.0 kW by node.grid.import_limit_kw", "from the battery", "Raise")
    asked, allowed, raised = (
        float(re.search(pattern, ran.err)[1])
        for pattern in (r"take at least ([\d.]+) kW", r"at most ([\d.]+) kW", r"to at least ([\d.]+),")
    )
    assert asked > allowed
    assert raised == pytest.approx(2.0 + asked - allowed, abs=0.11)
    enough = edited_study(("import_limit_kw = 40.0", f"import_limit_kw = {raised}"))
    assert attempt(study=enough, jobs="synthetic:1").code in (0, 5)


def test_a_battery_too_small_for_the_window_is_the_solvers_to_find(attempt, edited_study):
    """Every single step could be fed, the window cannot: the text says what is likely."""
    study = edited_study(("import_limit_kw = 150.0", "import_limit_kw = 1.5"))
    attempt(study=study).refused(9, "state: infeasible", "battery", "node.grid.import_limit_kw")


def test_a_plan_that_breaks_a_law_is_never_published(attempt, monkeypatch):
    """The independent check sees a plan the planner got wrong."""
    import energy.day

    made = energy.day.plan_of

    def wrong(*given):
        plan = made(*given)
        plan.data["import_kw"] = plan.data["import_kw"] * 0.9
        return plan

    monkeypatch.setattr(energy.day, "plan_of", wrong)
    attempt("--horizon", 4).refused(1, "was not published", "power balance", "fault of greendc")


def test_a_bug_says_so_and_shows_where(attempt, monkeypatch):
    import energy.day

    def broken(*_, **__):
        raise ZeroDivisionError("made for the test")

    monkeypatch.setattr(energy.day, "build_inputs", broken)
    ran = attempt()
    assert ran.code == 1
    assert ran.out == ""
    assert "ZeroDivisionError: made for the test" in ran.err
    assert ran.err.rstrip().endswith("Please report it with the text above.")


# --------------------------------------------------------------------------------------------- the state
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
