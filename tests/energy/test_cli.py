"""The command line with input as it should be: what it prints, what it writes, and that it repeats."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import energy.cli
from energy.config import load_study, study_hash
from energy.day import plan_day
from energy.plan import SEGMENT_COLUMNS
from energy.workload.jobs import read_jobs

FILES = {"plan.nc", "jobs.csv", "state.json", "summary.json", "report.html", "manifest.json"}
PLAN_VARIABLES = {
    "it_kw", "overhead_kw", "cooling_kw", "facility_kw", "pue", "pv_kw", "wind_kw", "renewable_direct_kw",
    "charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw", "stock_green_kwh",
    "stock_grey_kwh", "import_kw", "exported_kw", "curtailed_kw", "setpoint_degc", "mode", "price_cny_per_kwh",
    "carbon_kg_per_kwh",
}  # fmt: skip
KPIS = {
    "pue", "renewable_share", "hourly_matched_share", "it_kwh", "facility_kwh", "cost_cny", "co2_kg", "jobs_total",
    "jobs_placed", "jobs_late",
}  # fmt: skip


# ------------------------------------------------------------------------------------ what is written
def test_a_run_has_its_six_files_and_latest_names_it(published):
    assert {path.name for path in published.folder.iterdir()} == FILES
    assert (published.out / "latest").is_symlink()
    assert (published.out / "latest").resolve() == published.folder.resolve()
    assert not (published.out / "latest").readlink().is_absolute()  # the folder of runs may be moved
    assert {path.name for path in published.out.iterdir()} == {".lock", "latest", published.folder.name}


def test_the_name_of_a_run_tells_the_day_the_moment_and_the_study(published):
    day, made, digest = published.folder.name.split("_")
    assert day == "2026-07-15"
    assert datetime.strptime(made, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) <= datetime.now(UTC)
    assert digest == published.read("manifest.json")["study_sha256"][:6]


def test_the_manifest_has_the_checksum_of_every_other_file(published):
    manifest = published.read("manifest.json")
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in published.folder.iterdir()
        if path.name != "manifest.json"
    }
    assert manifest["sha256"] == found
    assert manifest["run_id"] == published.folder.name
    assert manifest["versions"]["highspy"] == importlib.metadata.version("highspy")
    assert all(seconds >= 0 for seconds in manifest["seconds"].values())


def test_json_is_one_object_and_it_is_the_summary(published):
    printed = published.ran.json
    assert printed.pop("run") == str(published.folder)
    assert printed == published.read("summary.json")
    assert published.ran.out.count("\n") == 1
    assert published.ran.err == ""


def test_the_summary_has_every_key_it_promises(published):
    summary = published.read("summary.json")
    assert {
        "schema_version", "status", "window", "kpis", "baseline", "targets", "solver", "attribution", "inputs",
        "seed", "unserved", "unserved_reasons", "expired", "same_work", "warnings", "notes", "verification",
    } <= summary.keys()  # fmt: skip
    assert summary["window"] == {
        "date": "2026-07-15",
        "start": "2026-07-15T00:00:00+08:00",
        "end": "2026-07-15T12:00:00+08:00",
        "step_h": 1.0,
        "timezone": "Asia/Shanghai",
    }
    assert summary["kpis"].keys() >= KPIS
    assert summary["baseline"].keys() == summary["kpis"].keys()
    assert summary["verification"]["clean"] is True
    assert summary["seed"] == 7
    assert summary["inputs"]["study_sha256"] == study_hash(load_study(published_study()))
    assert summary["inputs"]["weather"] == {"alpha": "climate", "beta": "climate"}


def published_study() -> Path:
    return Path(__file__).with_name("test_cli_two.toml")


def test_targets_say_asked_reached_met_and_by_how_much(published):
    summary = published.read("summary.json")
    targets, kpis = summary["targets"], summary["kpis"]
    assert {name: t["target"] for name, t in targets.items()} == {"pue": 1.3, "renewable_share": 0.3}
    for name, target in targets.items():
        assert target["value"] == kpis[name]
        assert (target["missed_by"] == 0.0) == target["met"]
        assert target["met"] is (kpis["pue"] <= 1.3 if name == "pue" else kpis["renewable_share"] >= 0.3)


def test_the_solver_line_is_consistent(published):
    summary = published.read("summary.json")
    solver, cost = summary["solver"], summary["kpis"]["cost_cny"]
    assert solver["objective"] == pytest.approx(cost, rel=1e-9)
    assert solver["bound"] <= solver["objective"] + 1e-6
    assert solver["gap"] == pytest.approx((cost - solver["bound"]) / abs(cost), abs=1e-6)
    assert (summary["status"] == "optimal") == all(stage["status"] == "proven" for stage in solver["stages"])
    assert published.ran.code == (0 if summary["status"] == "optimal" else 5)
    assert cost < summary["baseline"]["cost_cny"]


def test_plan_nc_has_labelled_variables_with_units(published):
    plan = published.plan()
    assert set(plan.data_vars) >= PLAN_VARIABLES
    assert plan.sizes["time"] == 12
    assert list(plan["node"].values.astype(str)) == ["alpha", "beta"]
    assert plan["time"].values[0] == np.datetime64("2026-07-14T16:00")  # 00:00 civil
    assert plan.attrs["Conventions"] == "CF-1.11"
    assert [name for name in plan.data_vars if not plan[name].attrs.get("units")] == []
    with xr.open_dataset(published.folder / "plan.nc", engine="h5netcdf") as file:
        assert file["it_kw"].encoding["fletcher32"] is True
        assert file["it_kw"].encoding["complevel"] == 4


def test_jobs_csv_has_the_columns_and_agrees_with_the_queue(published):
    with (published.folder / "jobs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    asked = {job.job_id: job for job in read_jobs(published.jobs)}
    kpis = published.read("summary.json")["kpis"]
    assert list(rows[0]) == list(SEGMENT_COLUMNS)
    assert len(rows) == kpis["jobs_placed"] == kpis["jobs_total"] == len(asked)
    for row in rows:
        job = asked[row["job_id"]]
        start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
        assert start.utcoffset().total_seconds() == 8 * 3600
        assert int(row["gpus"]) == job.gpus
        assert start >= job.release
        assert (end - start).total_seconds() / 3600 + float(row["remaining_h"]) == np.ceil(job.duration_h)
        if job.deadline is not None:
            slack = (job.deadline - end).total_seconds() / 3600 - float(row["remaining_h"])
            assert float(row["slack_h"]) == pytest.approx(slack)
            assert slack >= 0


def test_the_report_is_about_this_plan(published):
    report = (published.folder / "report.html").read_text(encoding="utf-8")
    assert report.lstrip().lower().startswith("<!doctype html>")
    assert "Two nodes" in report
    assert all(job in report for job in ("train", "tune", "serve", "batch"))


def test_chinese_report(greendc, tmp_path, study_file, jobs_file):
    ran = greendc(
        "plan", "--study", study_file, "--jobs", jobs_file, "--date", "2026-07-15", "--horizon", 6,
        "--out", tmp_path / "runs", "--lang", "zh",
    )  # fmt: skip
    assert ran.code in (0, 5)
    report = (tmp_path / "runs" / "latest" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<html[^>]*lang=\"zh", report)


# --------------------------------------------------------------------------------------- what is said
def test_the_verdict_is_for_people(attempt):
    ran = attempt("--horizon", 6, "--no-attribution")
    assert ran.code in (0, 5)
    assert ran.err == ""
    summary = json.loads((attempt.out / "latest" / "summary.json").read_text(encoding="utf-8"))
    said = " ".join(ran.out.split())
    assert ran.out.startswith("Two nodes: 2026-07-15T00:00:00+08:00 to 2026-07-15T06:00:00+08:00")
    assert f"PUE {summary['kpis']['pue']:.3f} against 1.3: met" in said
    assert f"renewable share {summary['kpis']['renewable_share']:.3f} against 0.3" in said
    assert f"cost {summary['kpis']['cost_cny']:,.0f} CNY" in said
    assert "verifier clean" in said
    assert ran.out.rstrip().endswith("report.html")


def test_a_fleet_that_earns_has_a_verdict_too(greendc):
    """No share of a cost of nothing is given."""
    from energy.publish import verdict

    figures = {
        "cost_cny": 0.0, "jobs_placed": 0, "jobs_total": 0, "jobs_late": 0, "pue": 1.2, "renewable_share": 0.5,
        "co2_kg": 0.0, "cost_demand_cny": 0.0, "gpu_h_served": 100.0,
    }  # fmt: skip
    target = {"target": 1.0, "met": True, "missed_by": 0.0}
    summary = {
        "title": "T", "window": {"start": "a", "end": "b"}, "status": "optimal", "attribution": None, "unserved": [],
        "kpis": figures | {"cost_cny": -20.0}, "baseline": figures,
        "solver": {"gap": 0.0, "bound": -20.0, "stages": []},
        "targets": {"pue": target, "renewable_share": target}, "verification": {"clean": True},
        "same_work": True, "unserved_reasons": {}, "expired": [], "seed": 3,
        "audit": {
            "planned": {"pue": 1.2, "facility_kwh": 1200.0, "renewable_share": 0.5},
            "audited": {"pue": 1.212, "facility_kwh": 1212.0, "renewable_share": 0.49}, "facility_off": 0.01,
        },
        "inputs": {"weather": {"a": "climate", "b": "epw:b.epw"}, "synthetic_weather": ["a"]},
    }  # fmt: skip
    said = verdict(summary, Path("x"))
    assert "weather           synthetic at a, seed 3" in said
    assert (
        "audit             PUE 1.2000 planned, 1.2120 by the nonlinear plant; facility 1.20 and 1.21 MWh (+1.00%); "
        "renewable share 0.5000 and 0.4900" in said
    )
    assert "cost              -20 CNY, 20 below first come" in said
    assert "work" not in said
    summary["kpis"] |= {"gpu_h_served": 50.0, "cost_demand_cny": -30.0}
    said = verdict(summary | {"same_work": False}, Path("x"))
    assert "20 below first come, first served, which serves 50 GPU-hours more" in said
    assert "work              50 GPU-hours against 100" in said
    assert "without demand    10 CNY against 0: the month's peak is 30 CNY of the saving" in said


def test_a_plan_dearer_than_the_baseline_is_said_to_be(published):
    from energy.publish import verdict

    summary = published.read("summary.json")
    base = summary["baseline"]
    costs = {name: base[name] + more for name, more in (("cost_cny", 65.0), ("cost_demand_cny", 7.0))}
    many = {f"j{n}": "because" for n in range(12)}
    said = verdict(summary | {"kpis": summary["kpis"] | costs, "unserved_reasons": many}, Path("x"))
    assert f"{costs['cost_cny']:,.0f} CNY, 65 ({65 / base['cost_cny']:.1%}) above first come, first served\n" in said
    assert "the month's peak costs 7 CNY more" in said
    stage = {"name": "missed", "value": 40.4, "bound": 30.4, "gap": 0.2475, "status": "limit"}
    open_cost = {"name": "cost", "value": 500.0, "bound": None, "gap": None, "status": "limit"}
    solver = summary["solver"] | {"stages": [stage, open_cost], "gap_asked": 0.005, "bound": None}
    unproven = verdict(summary | {"solver": solver}, Path("x"))
    assert "gap not known (no bound was proven in the time)" in unproven
    assert "not proven        40 kWh of targets missed, at least 30 proven (gap asked 0.50%)" in unproven
    assert "not proven        500 CNY, no bound (gap asked 0.50%)" in unproven
    assert "unserved          j0: because" in said and "j9: because" in said and "j10" not in said
    assert "and 2 more: see the report" in said


def test_a_window_without_jobs_is_planned(attempt, tmp_path):
    none = tmp_path / "none.csv"
    none.write_text("job_id,gpu_type,gpus,duration_h\n", encoding="utf-8")
    ran = attempt("--horizon", 6, "--json", jobs=none)
    assert ran.code in (0, 5)
    assert ran.json["kpis"]["jobs_total"] == 0
    assert ran.json["kpis"]["facility_kwh"] > ran.json["kpis"]["it_kwh"] > 0


@pytest.mark.parametrize(("step", "horizon"), [(15, 3), (120, 12), (240, 12)])
def test_other_steps_keep_the_energy_that_is_there(attempt, published, step, horizon):
    """Renewables available do not depend on how the window is cut."""
    ran = attempt("--step", step, "--horizon", horizon, "--json", jobs="synthetic:3")
    assert ran.code in (0, 5)
    plan = published.plan().isel(time=slice(0, horizon))
    assert ran.json["window"]["step_h"] == step / 60
    assert ran.json["kpis"]["available_kwh"] == pytest.approx(float((plan["pv_kw"] + plan["wind_kw"]).sum()), rel=1e-9)


def test_weather_of_a_file_is_used_for_its_node(attempt, small_epw):
    ran = attempt("--horizon", 12, "--json", "--weather", f"alpha=epw:{small_epw}")
    assert ran.code in (0, 5)
    summary = ran.json
    assert summary["inputs"]["weather"] == {"alpha": f"epw:{small_epw}", "beta": "climate"}
    assert any("EPW alpha.epw" in note for note in summary["notes"])
    with xr.open_dataset(attempt.out / "latest" / "plan.nc", engine="h5netcdf") as plan:
        # the row of hour 1 of 15 July is the interval that begins at midnight, civil time
        assert float(plan["temp_air_degc"].sel(node="alpha")[0]) == pytest.approx(20.0, abs=0.3)


def test_weather_of_a_netcdf_file_gives_the_plan_of_its_source(attempt, tmp_path, study_file):
    """The climate written to a file and read back is the climate."""
    from weather import open_weather, write_netcdf

    study = load_study(study_file)
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(6) * np.timedelta64(1, "h")
    specs = {"alpha": "climate", "beta": "climate"}
    write_netcdf(open_weather(specs, [node.node() for node in study.nodes], time=time, seed=7), tmp_path / "w.nc")
    generated = attempt("--horizon", 6, "--json").json
    read = attempt(
        "--horizon", 6, "--json", "--weather", f"alpha=netcdf:{tmp_path}/w.nc", "--weather",
        f"beta=netcdf:{tmp_path}/w.nc",
    ).json  # fmt: skip
    assert read["kpis"]["available_kwh"] == pytest.approx(generated["kpis"]["available_kwh"], rel=1e-9)
    assert read["kpis"]["cost_cny"] == pytest.approx(generated["kpis"]["cost_cny"], rel=1e-6)


def test_a_plan_without_date_is_for_tomorrow_in_china(attempt, monkeypatch):
    """At 17:30 UTC it is past midnight in China: tomorrow is the day after."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 7, 14, 17, 30, tzinfo=UTC).astimezone(tz)

    seen = []
    monkeypatch.setattr(energy.cli, "datetime", Clock)
    monkeypatch.setattr(energy.cli, "_plan", lambda **options: seen.append(options["date"]))
    energy.cli.plan(study=None)
    assert [str(day) for day in seen] == ["2026-07-16"]


def test_demo_is_a_plan_of_the_embedded_study(greendc, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(energy.cli, "_plan", lambda **options: seen.append(options))
    assert greendc("demo", "--out", tmp_path, "--seed", 3, "--lang", "zh", "--json").code == 0
    (options,) = seen
    assert (options["study_path"], options["jobs"], options["horizon"]) == (None, "synthetic:120", 48.0)
    assert (options["out"], options["seed"], options["lang"], options["as_json"]) == (tmp_path, 3, "zh", True)
    assert options["attribution"] is True


@pytest.mark.parametrize("command", ["demo", "plan", "init", "check", "doctor"])
def test_every_command_explains_itself(greendc, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    ran = greendc(command, "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert f"greendc {command}" in ran.out
    assert command in greendc("--help").out


def test_progress_is_for_terminals_only(monkeypatch, capsys):
    progress = energy.cli._Progress()
    progress.phase("planning")
    progress.solver("cost", 12.0, 10.0, 3.0)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "_shown", True)
    with progress:
        progress.solver("cost", 1200.0, 1188.0, 3.0)
        progress.solver("cost", float("inf"), float("-inf"), 0.0)
    lines = capsys.readouterr().err.split("\r")
    assert lines[1] == "planning, cost: best 1,200, bound 1,188, gap 1.00%, 3 s"
    assert lines[2].startswith("planning, cost: best none yet, bound -, gap -, 0 s")
    assert lines[-1] == ""


# ---------------------------------------------------------------------------- init, check and doctor
def test_init_writes_a_study_and_jobs_that_check_and_read(greendc, tmp_path):
    folder = tmp_path / "my study"
    ran = greendc("init", folder)
    assert ran.code == 0
    assert {path.name for path in folder.iterdir()} == {"study.toml", "jobs.csv"}
    assert study_hash(load_study(folder / "study.toml")) == study_hash(load_study(None))
    assert len(read_jobs(folder / "jobs.csv")) == 60
    assert f"greendc check '{folder}/study.toml'" in ran.out  # as a shell must have it
    checked = greendc("check", folder / "study.toml", "--json")
    assert checked.code == 0
    assert checked.json["ok"] is True
    assert [row["node"] for row in checked.json["nodes"]] == ["zhongwei", "horinger", "ulanqab", "qingyang", "guian"]


def test_check_tells_what_is_in_a_study(greendc, study_file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    ran = greendc("check", study_file)
    assert ran.code == 0
    assert ran.out.startswith(f"{study_file}: ok (Two nodes)")
    assert "targets: PUE <= 1.3, renewable share >= 0.3" in ran.out
    rows = greendc("check", study_file, "--json").json["nodes"]
    assert [(row["GPUs"], row["PV kW"], row["wind kW"], row["battery kWh"]) for row in rows] == [
        (24, 40.0, 60.0, 200.0),
        (16, 0.0, 20.0, 0.0),
    ]


def test_doctor_finds_this_machine_fit(greendc, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    ran = greendc("doctor", "--json")
    assert ran.code == 0, ran.out
    checks = {row["check"]: row for row in ran.json["checks"]}
    assert checks["highspy"]["found"] == importlib.metadata.version("highspy")
    assert "objective -2" in checks["solver"]["found"]
    assert {"python", "disk", "clock", "time zone", "browser"} <= checks.keys()
    assert "self-test objective -2" in greendc("doctor").out


def test_doctor_names_what_is_missing(greendc, monkeypatch):
    from energy import doctor

    def version(name):
        if name == "pvlib":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(doctor, "version", version)
    ran = greendc("doctor", "--json")
    assert ran.code == 1
    assert ran.json["ok"] is False
    (bad,) = [row for row in ran.json["checks"] if not row["ok"]]
    assert bad == {"check": "pvlib", "ok": False, "found": "missing; pip install pvlib"}


@pytest.mark.parametrize("command", [("doctor", "--json"), ("plan", "--jobs", "synthetic:2")])
def test_without_the_solver_the_exit_is_nine(command, tmp_path):
    code = "import sys; sys.modules['highspy'] = None\nfrom energy.cli import main\nmain(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 9
    assert "Traceback" not in done.stderr
    assert "pip install highspy" in done.stdout + done.stderr


# ------------------------------------------------------------------------------------ it repeats itself
def test_the_same_plan_gives_the_same_bytes_in_another_process(published, tmp_path, study_file):
    """Another process, another hash seed, another folder, another time zone: all but the manifest is equal."""
    environment = {**os.environ, "PYTHONHASHSEED": "4321", "TZ": "America/New_York", "LC_ALL": "C"}
    done = subprocess.run(
        [
            sys.executable, "-m", "energy.cli", "plan", "--study", study_file, "--jobs", published.jobs, "--date",
            "2026-07-15", "--horizon", "12", "--out", tmp_path / "again", "--attribution", "--json",
        ],
        capture_output=True, text=True, env=environment, timeout=300, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == published.ran.code, done.stderr
    again = Path(json.loads(done.stdout)["run"])
    differing = [
        name
        for name in sorted(FILES - {"manifest.json"})
        if (again / name).read_bytes() != (published.folder / name).read_bytes()
    ]
    assert differing == []
    assert json.loads((again / "manifest.json").read_text())["sha256"] == published.read("manifest.json")["sha256"]


def test_another_seed_is_another_climate(attempt, published):
    ran = attempt("--seed", 8, "--json", "--horizon", 6)
    plan = published.plan().isel(time=slice(0, 6))
    assert ran.json["seed"] == 8
    assert ran.json["kpis"]["available_kwh"] != pytest.approx(float((plan["pv_kw"] + plan["wind_kw"]).sum()), rel=1e-3)


def test_two_runs_in_the_same_second_have_two_names(tmp_path):
    from energy.runs import new_run_id

    now = datetime(2026, 7, 14, 3, 4, 5, tzinfo=UTC)
    names = []
    for _ in range(3):
        names.append(new_run_id(tmp_path, opens="2026-07-15", config_hash="abcdef99", now=now))
        (tmp_path / names[-1]).mkdir()
    first = "2026-07-15_20260714T030405_abcdef"
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_cells_of_the_job_table_cannot_be_formulas(tmp_path):
    from energy.publish import segments_csv

    row = dict.fromkeys(SEGMENT_COLUMNS, 1.0) | {
        "job_id": "=cmd|'/c calc'!A0", "node": "n", "cluster": "+c", "gpu_type": "@g", "deadline": None,
        "start": pd.Timestamp("2026-07-15", tz="UTC"), "end": pd.Timestamp("2026-07-15T01:00", tz="UTC"),
    }  # fmt: skip
    header, line = segments_csv(pd.DataFrame([row], columns=list(SEGMENT_COLUMNS))).splitlines()
    cells = dict(zip(header.split(","), next(csv.reader([line])), strict=True))
    assert cells["job_id"] == "'=cmd|'/c calc'!A0"
    assert (cells["cluster"], cells["gpu_type"], cells["node"]) == ("'+c", "'@g", "n")
    assert (cells["start"], cells["deadline"]) == ("2026-07-15T08:00:00+08:00", "")


def test_the_library_call_is_what_the_command_makes(published, study_file):
    """The command line adds nothing: the same request through the library gives the same summary."""
    from energy.day import DayRequest

    study = load_study(study_file)
    request = DayRequest(
        start=datetime(2026, 7, 15), horizon_h=12.0, step_h=1.0, seed=7, gap=study.planning.gap,
        time_limit_s=study.planning.time_limit_s, strict=False, attribution=False,
    )  # fmt: skip
    result = plan_day(study, read_jobs(published.jobs), request, weather_specs={"alpha": "climate", "beta": "climate"})
    summary = published.read("summary.json")
    for name in ("status", "window", "kpis", "baseline", "targets", "inputs"):
        assert result.summary[name] == summary[name], name
