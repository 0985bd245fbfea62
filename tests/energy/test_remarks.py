"""What is said beside the figures: setpoints to be ramped, and what a plan short of power is told under --strict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from energy import day
from energy.remarks import ramp_notes


def study(rate: float) -> SimpleNamespace:
    return SimpleNamespace(planning=SimpleNamespace(setpoint_rate_k_per_h=rate))


def plan(step_h: int) -> SimpleNamespace:
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(4) * np.timedelta64(step_h, "h")
    degc = [[16.0, 16.0, 24.0, 22.0], [18.0, 18.0, 18.0, 24.0]]
    data = xr.Dataset({"setpoint_degc": (("node", "time"), degc)}, coords={"node": ["alpha", "beta"], "time": time})
    return SimpleNamespace(data=data)


def test_a_jump_beyond_an_hour_s_limit_is_to_be_ramped():
    """From 16 to 24 degC at the edge of the third step of 4 h: 8 K where 5 K are allowed in an hour."""
    (note,) = ramp_notes(plan(4), study(5.0), 4.0)
    assert note.startswith("2 setpoint moves are larger than the 5 K allowed within an hour, the largest 8 K at alpha")
    assert "from 2026-07-15 08:00 on" in note and "(here over 1.6 h)" in note and "steps of 4 h" in note


@pytest.mark.parametrize(("step_h", "rate"), [(4, 8.0), (1, 5.0)])
def test_no_note_where_no_move_is_larger_or_the_planner_holds_the_hour(step_h, rate):
    assert ramp_notes(plan(step_h), study(rate), float(step_h)) == []


def test_a_plan_that_cannot_be_run_is_told(attempt, monkeypatch):
    said = "At alpha the plan CANNOT BE RUN as it stands."
    monkeypatch.setattr(day, "shortfall_warnings", lambda _: [said])
    relaxed = attempt("--horizon", 6, "--json")
    assert relaxed.code in (0, 5) and said in relaxed.json["warnings"]


def test_a_plan_that_cannot_be_run_is_refused_under_strict(attempt, monkeypatch):
    said = "At alpha the plan CANNOT BE RUN as it stands."
    monkeypatch.setattr(day, "shortfall_warnings", lambda _: [said])
    monkeypatch.setattr(day, "_refuse_missed", lambda *_: None)
    attempt("--horizon", 6, "--strict").refused(4, said, "Nothing was published")
