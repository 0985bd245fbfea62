"""The command line where the plan misses a target, is not proven, breaks a law or cannot be made.

The fixture ``attempt`` holds after every refusal that the earlier run and ``latest`` are untouched and that
nothing but the lock has been added.
"""

from __future__ import annotations

import re

import pytest

HEADER = "job_id,gpu_type,gpus,duration_h"


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
    ran.refused(4, "renewable_share is 0.", "at least 0.9500 asked", "kWh short", "Nothing was published", "--strict")


def test_a_hard_target_refuses_as_strict_does(attempt, edited_study):
    study = edited_study(("renewable_share = 0.3", "renewable_share = 0.95\nhard = true"))
    attempt(study=study).refused(4, "renewable_share is 0.", "targets.hard = false")


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


def test_a_battery_too_small_for_the_window_is_refused_before_the_search(attempt, edited_study):
    """Every single step could be fed, the window cannot."""
    study = edited_study(("import_limit_kw = 150.0", "import_limit_kw = 1.5"))
    attempt(study=study).refused(
        3, "node[alpha]", "battery of 200 kWh", "is empty at", "Raise node.grid.import_limit_kw"
    )


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
