"""Which jobs a window takes, and what is said of the others."""

from __future__ import annotations

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
    assert any(note.startswith("1 jobs are released after the last step") for note in ran.json["notes"])


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


def test_rounding_to_whole_steps_is_told(attempt, tmp_path):
    jobs = _jobs(tmp_path / "q.csv", "release", "a,big,8,1.5,2026-07-15T00:00:00+08:00", "b,big,4,2,")
    ran = attempt("--horizon", 6, "--json", jobs=jobs)
    assert "1 of 2 jobs were rounded up to whole steps of 1 h: 20 GPU-hours asked, 24 planned." in ran.json["notes"]


def test_weather_far_from_its_node_is_told(attempt, small_epw):
    """The file's place is alpha's; for beta it is 650 km away."""
    ran = attempt("--horizon", 6, "--json", "--weather", f"beta=epw:{small_epw}")
    assert ran.code in (0, 5), ran.err
    assert any("'beta'" in note and "km away" in note for note in ran.json["notes"])
    assert ran.err == ""
