"""Which jobs a window takes, and what is said of the others."""

from __future__ import annotations

import json

import pytest

HEADER = "job_id,gpu_type,gpus,duration_h"


def _jobs(path, columns: str, *rows: str):
    path.write_text("\n".join([f"{HEADER},{columns}", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_job_released_after_the_last_step_waits_for_the_next_window(attempt, tmp_path):
    """The window's last step begins at 05:00: a job of 05:00 may run, one of 05:30 would begin with the next."""
    jobs = _jobs(
        tmp_path / "q.csv", "release", "in,big,4,1,2026-07-15T05:00:00+08:00", "out,big,4,1,2026-07-15T05:30:00+08:00"
    )
    ran = attempt("--horizon", 6, "--json", jobs=jobs)
    assert ran.code in (0, 5), ran.err
    assert ran.json["kpis"]["jobs_total"] == 1
    assert ran.json["unserved"] == []
    waits = "1 job released after the last step of the window has begun must wait for the next: out."
    assert waits in ran.json["warnings"]
    assert ran.err == f"greendc: warning: {waits}\n"


def test_a_job_that_goes_past_the_window_is_carried_out(attempt, tmp_path):
    jobs = _jobs(tmp_path / "q.csv", "release", "long,big,8,20,2026-07-15T00:00:00+08:00")
    ran = attempt("--horizon", 6, "--json", jobs=jobs)
    kpis = ran.json["kpis"]
    assert kpis["jobs_placed"] == 1
    assert kpis["gpu_h_served"] + kpis["gpu_h_carried_out"] == pytest.approx(8 * 20)
    assert kpis["gpu_h_carried_out"] >= 8 * 14


def test_a_due_job_that_finds_no_room_is_named(attempt, tmp_path):
    """Four gangs of six hours want three clusters of which inference keeps one from 06:00."""
    due = "2026-07-15T06:00:00+08:00"
    jobs = _jobs(tmp_path / "q.csv", "deadline", *(f"j{n},big,8,6,{due}" for n in range(4)))
    ran = attempt("--json", jobs=jobs)
    summary = ran.json
    assert summary["kpis"]["jobs_placed"] == 3
    assert summary["kpis"]["jobs_unserved"] == len(summary["unserved"]) == 1
    assert summary["kpis"]["gpu_h_unserved"] == 48.0
    assert summary["verification"]["clean"] is True
    assert list(summary["unserved_reasons"]) == summary["unserved"]
    assert "taken by other jobs" in summary["unserved_reasons"][summary["unserved"][0]]


def test_the_reason_for_a_job_without_a_place_is_its_own(attempt, tmp_path):
    """Whole steps too few; inference in the way at every start; and what first come, first served does instead."""
    jobs = _jobs(
        tmp_path / "q.csv", "release,deadline,nodes",
        "tight,big,4,1.5,2026-07-15T00:30:00+08:00,2026-07-15T02:00:00+08:00,",
        "wide,small,14,3,2026-07-15T00:00:00+08:00,2026-07-15T06:00:00+08:00,beta",
    )  # fmt: skip
    ran = attempt("--horizon", 6, "--attribution", jobs=jobs)
    summary = json.loads((attempt.out / "latest" / "summary.json").read_text(encoding="utf-8"))
    reasons = summary["unserved_reasons"]
    assert sorted(reasons) == ["tight", "wide"]
    assert reasons["tight"].startswith("it takes 2 whole steps of 1 h (1.5 h rounded up), and fewer lie between")
    assert reasons["wide"].startswith("even without other jobs no cluster it may use has 14 small GPUs free")
    for job_id, reason in reasons.items():
        assert f"{job_id}: {reason}" in ran.out
    # the baseline runs the tight job late: the costs are not compared, the difference is not split
    assert summary["baseline"]["jobs_late"] == 1 and summary["same_work"] is False
    assert summary["attribution"] is None and summary["solver"]["saving_captured"] is None
    assert "not of the same work" in ran.err


def test_rounding_to_whole_steps_is_told(attempt, tmp_path):
    jobs = _jobs(tmp_path / "q.csv", "release", "a,big,8,1.5,2026-07-15T00:00:00+08:00", "b,big,4,2,")
    ran = attempt("--horizon", 6, "--json", jobs=jobs)
    assert "1 of 2 jobs were rounded up to whole steps of 1 h: 20 GPU-hours asked, 24 planned." in ran.json["notes"]


def test_weather_far_from_its_node_is_told(attempt, small_epw):
    """The file's place is alpha's; for beta it is 650 km away."""
    ran = attempt("--horizon", 6, "--json", "--weather", f"beta=epw:{small_epw}")
    assert ran.code in (0, 5), ran.err
    assert any("'beta'" in text and "km away" in text for text in ran.json["warnings"])
    assert ran.err.startswith("greendc: warning: ") and "km away" in ran.err


@pytest.mark.parametrize("deadline", ["2026-07-14T01:00:00+08:00", "2026-07-15T01:00:00+08:00"])
def test_a_job_whose_deadline_has_become_impossible_stops_no_one(attempt, tmp_path, deadline):
    """Of an earlier day, or of this night: the rest of the queue is planned, and the operator is told."""
    jobs = _jobs(tmp_path / "q.csv", "deadline", f"old,big,8,2,{deadline}", "new,big,8,2,")
    ran = attempt("--horizon", 6, "--json", jobs=jobs)
    assert ran.code in (0, 5), ran.err
    assert ran.json["kpis"]["jobs_total"] == ran.json["kpis"]["jobs_placed"] == 1
    assert "1 job can no longer meet the deadline from 2026-07-15T00:00:00+08:00 on, left out: old." in ran.err
    assert ran.json["expired"] == ["old"]
    attempt("--horizon", 6, "--strict", jobs=jobs).refused(4, "can no longer meet the deadline", "old")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_nearly_idle_fleet_is_planned_on_a_table_that_holds(greendc, tmp_path, count):
    """The default study with next to nothing to run: the table is near the plant at the idle end too."""
    jobs = f"synthetic:{count}" if count else _jobs(tmp_path / "none.csv", "release")
    ran = greendc(
        "plan", "--date", "2026-01-15", "--horizon", 4, "--jobs", jobs, "--out", tmp_path / "runs", "--json",
    )  # fmt: skip
    assert ran.code in (0, 5), ran.err
    law = next(c for c in ran.json["verification"]["checks"] if c["name"].startswith("overhead table"))
    assert law["ok"] and law["worst"] < 0.0035


def test_what_an_import_limit_cannot_feed_is_left_out_and_said(greendc, edited_study, tmp_path):
    """Alpha may buy 37 kW: with three gangs the node would need more, with fewer it does not."""
    study = edited_study(
        ("import_limit_kw = 150.0", "import_limit_kw = 37.0"),
        ("capacity_kw = 40.0", "capacity_kw = 1.0"),
        ("capacity_kw = 60.0", "capacity_kw = 1.0"),
    )
    jobs = _jobs(tmp_path / "q.csv", "nodes", *(f"j{n},big,8,6,alpha" for n in range(3)))
    ran = greendc("plan", "--study", study, "--jobs", jobs, "--date", "2026-07-15", "--horizon", 6, "--out",
                  tmp_path / "runs", "--json")  # fmt: skip
    assert ran.code in (0, 5), ran.err
    assert 0 < ran.json["kpis"]["jobs_placed"] < 3
    assert ran.json["status"] == "optimal"
    assert all("taken by other jobs" in reason for reason in ran.json["unserved_reasons"].values())
    grid = next(c for c in ran.json["verification"]["checks"] if c["name"] == "grid limits")
    assert grid["ok"]


def test_a_node_its_battery_cannot_bridge_is_named(greendc, edited_study, tmp_path):
    """Without wind and sun alpha may buy less than its idle servers and inference take; the battery holds 200 kWh."""
    study = edited_study(
        ("import_limit_kw = 150.0", "import_limit_kw = 27.0"),
        ("capacity_kw = 40.0", "capacity_kw = 0.001"),
        ("capacity_kw = 60.0", "capacity_kw = 0.001"),
    )
    ran = greendc(
        "plan", "--study", study, "--jobs", _jobs(tmp_path / "q.csv", "nodes"), "--date", "2026-07-15", "--horizon",
        24, "--out", tmp_path / "runs",
    )  # fmt: skip
    ran.refused(
        3, "node[alpha]: ", "kWh in all", "its battery of 200 kWh, which opens with 20 kWh, is empty at 2026-07-15 1",
        "Raise node.grid.import_limit_kw or",
    )  # fmt: skip
    assert "node[beta]" not in ran.err and "csv" not in ran.err
