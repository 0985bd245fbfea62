"""A clean plan is called clean; a figure, target or list that is not the plan's is found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from energy.verify import audit_plant

_spec = importlib.util.spec_from_file_location("verify_made", Path(__file__).with_name("test_verify_made.py"))
_made = importlib.util.module_from_spec(_spec)
sys.modules["verify_made"] = _made  # dataclasses look their module up
_spec.loader.exec_module(_made)
failed, summary_of = _made.failed, _made.summary_of


@pytest.fixture(scope="module")
def made():
    return _made.make_plan()


def test_the_plan_made_by_hand_is_clean(made):
    plan = made.plan()
    assert plan["curtailed_kw"].values[0, 10] > 10  # the faults below need room for exports
    result = made.check(summary=summary_of(plan))
    assert failed(result) == []
    assert result.clean and len(result.checks) > 35
    assert result.pue == pytest.approx(float(plan["facility_kw"].sum() / plan["it_kw"].sum()), rel=1e-12)
    assert result.pue_plant == pytest.approx(result.pue, rel=1e-12)


KPIS = {
    "cost terms": (
        "cost_cny",
        "cost_energy_cny",
        "cost_demand_cny",
        "cost_green_cny",
        "revenue_export_cny",
        "cost_carbon_cny",
        "cost_wear_cny",
    ),
    "energy figures": (
        "pue",
        "pue_reference_inlet",
        "renewable_share",
        "hourly_matched_share",
        "curtailed_share",
        "co2_kg",
        "cue_location",
        "it_kwh",
        "facility_kwh",
        "import_kwh",
        "green_kwh",
        "available_kwh",
        "exported_kwh",
        "curtailed_kwh",
        "peak_import_kw",
    ),
    "job figures": ("jobs_total", "jobs_placed", "jobs_unserved", "jobs_late", "gpu_h_served", "gpu_h_carried_out"),
}


@pytest.mark.parametrize(("law", "name"), [(law, name) for law, names in KPIS.items() for name in names])
def test_a_wrong_figure_is_found(made, law, name):
    summary = summary_of(made.plan())
    value = summary["kpis"][name]
    summary["kpis"][name] = value * 1.00001 + 1e-5
    assert failed(made.check(summary=summary)) == [law]
    del summary["kpis"][name]
    assert failed(made.check(summary=summary)) == [law]


@pytest.mark.parametrize("change", [{"met": False}, {"value": 0.5}, {"target": 0.2}, {"missed_kwh": 3.0}])
def test_a_target_told_wrongly_is_found(made, change):
    summary = summary_of(made.plan())
    assert summary["targets"]["renewable_share"]["met"]
    summary["targets"]["renewable_share"] |= change
    assert failed(made.check(summary=summary)) == ["targets told as they are"]


@pytest.mark.parametrize("unserved", [[], ["left", "half"], ["left", "left"]])
def test_jobs_left_out_in_silence_are_found(made, unserved):
    summary = summary_of(made.plan()) | {"unserved": unserved}
    assert failed(made.check(summary=summary)) == ["unserved jobs listed"]


@pytest.mark.parametrize("name", ["pue_plant", "water_l", "wue"])
def test_what_is_published_of_the_plant_is_held_against_it(made, name):
    plan, summary = made.plan(), summary_of(made.plan())
    audit = audit_plant(plan, study=made.study, weather=made.weather, step_h=1.0)
    it, water = float(plan["it_kw"].sum()), float(audit["water_l"].sum())
    right = {"pue_plant": 1 + float(audit["overhead_plant_kw"].sum()) / it, "water_l": water, "wue": water / it}
    summary["kpis"] |= right
    assert made.check(plan, summary=summary).clean
    summary["kpis"][name] = right[name] * 1.00001
    assert failed(made.check(plan, summary=summary)) == ["plant figures"]
