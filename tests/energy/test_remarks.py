"""What is said beside the figures: setpoints to be ramped, and what a plan short of power is told under --strict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from energy import day
from energy.kpis import replay_misses
from energy.remarks import ramp_notes, replay_warnings
from weather.conventions.errors import InfeasiblePlan


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


def replayed_day(import_kw: list[float], green_kw: list[float]) -> xr.Dataset:
    """A node of 100 kW whose import and renewables are given, at 0.5 and 1.0 CNY/kWh."""
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(2) * np.timedelta64(4, "h")
    flows = {"import_kw": import_kw, "price_cny_per_kwh": [0.5, 1.0], "carbon_kg_per_kwh": [0.6, 0.6]}
    assert np.add(import_kw, green_kw).tolist() == [100.0, 100.0]
    return xr.Dataset({k: (("node", "time"), [v]) for k, v in flows.items()}, coords={"node": ["alpha"], "time": time})


def figures(flows: xr.Dataset) -> dict[str, float]:
    bought = 4.0 * float(flows["import_kw"].sum())
    return {"renewable_share": 1.0 - bought / 800.0, "import_kwh": bought, "facility_kwh": 800.0}


def replay_said(planned: list[float], found: list[float], step_h: float = 4.0) -> list[str]:
    plan, replay = (replayed_day(bought, [100.0 - kw for kw in bought]) for bought in (planned, found))
    made = {"planned": figures(plan), "audited": figures(replay), "facility_off": -1e-6}
    return replay_warnings(plan, replay, made, step_h)


def test_a_replay_that_imports_more_is_priced_at_its_steps():
    """10 kW more in the second step of 4 h: 40 kWh at 1 CNY and 0.6 kg."""
    (said,) = replay_said([50.0, 40.0], [50.0, 50.0])
    assert "renewable share 50.0% instead of 55.0%, facility energy 0.00%, import" in said
    assert "import +40 kWh, which is +40 CNY at the prices of those steps and +24 kg of CO2" in said
    assert "Steps of 4 h net" in said and said.endswith("Plan with --step 60.")


def test_a_replay_near_its_plan_is_not_told():
    assert replay_said([50.0, 40.0], [50.0, 40.4]) == []
    assert len(replay_said([50.0, 40.0], [50.0, 41.2])) == 1


def test_a_longer_step_is_not_blamed_where_there_is_none():
    (said,) = replay_said([50.0, 40.0], [50.0, 50.0], step_h=1.0)
    assert "--step" not in said


def test_a_small_import_is_not_told_for_its_relative_change():
    """0.1 kW where 0.05 were planned is twice as much and nothing."""
    assert replay_said([0.0, 0.05], [0.0, 0.1]) == []


PV_ROOF = ("pv = { capacity_kw = 40.0", "pv = { capacity_kw = 120.0")
HARD = ("renewable_share = 0.3", "renewable_share = {share}\nhard = true")


def test_a_share_missed_by_the_replay_alone_is_refused_as_such(attempt, edited_study):
    """Steps of 4 h net the sun of one hour with the night of another: the replay's figure is the one refused."""
    relaxed = edited_study(PV_ROOF)
    summary = attempt("--horizon", 24, "--step", 240, "--json", study=relaxed).json
    share = summary["targets"]["renewable_share"]
    assert share["value"] - share["value_plant"] > 0.01
    (said,) = [text for text in summary["warnings"] if "replay hour by hour differs" in text]
    assert f"{share['value_plant']:.1%} instead of {share['value']:.1%}" in said
    between = f"{(share['value'] + share['value_plant']) / 2:.3f}"
    study = edited_study(PV_ROOF, (HARD[0], HARD[1].format(share=between)))
    asked = attempt("--horizon", 24, "--step", 240, study=study)
    asked.refused(
        4, "not met in this window at steps of 4 h", "when replayed", f"at least {between}0 asked", "--step 60"
    )


def test_a_target_the_plan_itself_misses_is_not_blamed_on_the_step():
    target = {"target": 0.6, "value": 0.5, "value_plant": 0.5, "met": False, "missed_by": 0.1, "missed_kwh": 7.0}
    asked = SimpleNamespace(strict=True, step_h=4.0)
    with pytest.raises(InfeasiblePlan) as caught:
        day._refuse_missed(SimpleNamespace(targets=None), asked, {"renewable_share": target}, SimpleNamespace())
    assert "is 0.5000 as planned" in str(caught.value) and "--step" not in str(caught.value)
    assert not replay_misses("renewable_share", target)
    assert replay_misses("renewable_share", target | {"value": 0.61})
    assert not replay_misses("pue", {"target": 1.2, "value": 1.25, "met": False})
    assert replay_misses("pue", {"target": 1.2, "value": 1.19, "met": False})


def test_shares_of_a_check_are_told_as_percent():
    assert day._amount(0.00934521, "1") == "0.935%" and day._amount(0.1, "kW") == "0.1 kW"
