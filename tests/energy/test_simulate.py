"""A plan replayed by the nonlinear plant: itself in its own weather, within its limits in any other."""

from __future__ import annotations

import ast
import copy
import importlib.util
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import energy.audit as audit_module
from energy import day
from energy.audit import (
    audit,
    audit_lines,
    compared,
    replay_figures,
    shortfall_notes,
    shortfall_warnings,
)
from energy.baselines import first_come_first_served
from energy.config import load_study
from energy.inputs import build_inputs, study_pools
from energy.simulate import audit_plant, simulate
from energy.verify.case import Case
from energy.verify.plant import audit_told
from energy.workload.synthetic import synthetic_jobs
from models.meter import facility
from models.solar import pv_power
from models.wind import wind_power
from weather import open_weather
from weather.conventions.errors import DataError, InfeasiblePlan
from weather.conventions.timeaxis import time_axis

_spec = importlib.util.spec_from_file_location("verify_made", Path(__file__).with_name("test_verify_made.py"))
_made = importlib.util.module_from_spec(_spec)
sys.modules["verify_made"] = _made  # dataclasses look their module up
_spec.loader.exec_module(_made)
SLOTS, TIME = _made.SLOTS, _made.TIME
FLOWS = (
    "it_kw", "it_reference_kw", "overhead_kw", "facility_kw", "pv_kw", "wind_kw", "renewable_direct_kw",
    "charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw", "stock_green_kwh",
    "stock_grey_kwh", "import_kw",
    "exported_kw", "curtailed_kw", "pue",
)  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return _made.make_plan()


def replayed(made, plan=None, weather=None, study=None, step_h=1.0) -> xr.Dataset:
    return simulate(
        made.plan() if plan is None else plan,
        study=study or made.study,
        weather=made.weather if weather is None else weather,
        step_h=step_h,
    )


def balanced(flows: xr.Dataset) -> None:
    come = sum(flows[name] for name in ("import_kw", "renewable_direct_kw", "discharge_green_kw", "discharge_grey_kw"))
    go = flows["facility_kw"] + flows["charge_grey_kw"]
    np.testing.assert_allclose((come + flows["shortfall_kw"]).values, go.values, atol=1e-9)
    used = sum(flows[name] for name in ("renewable_direct_kw", "charge_green_kw", "exported_kw", "curtailed_kw"))
    np.testing.assert_allclose(used.values, (flows["pv_kw"] + flows["wind_kw"]).values, atol=1e-9)
    assert all(float(flows[name].min()) >= -1e-12 for name in FLOWS)
    if flows.attrs["step_h"] <= 1.0:  # a step is one piece: one meter, one way
        assert float((flows["import_kw"] * flows["exported_kw"]).max()) == 0.0


def warmer(weather: xr.Dataset, by_k: float) -> xr.Dataset:
    return weather.assign(temp_air=weather["temp_air"] + by_k, temp_dew=weather["temp_dew"] + by_k)


def test_in_its_own_weather_a_plan_made_of_the_plant_is_returned(made):
    """The plan's overhead is the plant's own: the replay gives the plan, flow by flow."""
    plan = made.plan()
    again = replayed(made)
    for name in FLOWS:
        np.testing.assert_allclose(again[name].values, plan[name].values, rtol=1e-9, atol=1e-7, err_msg=name)
    assert float(again["shortfall_kw"].max()) == 0.0
    assert float(again["exported_kw"].sum()) == pytest.approx(5.0)  # the plan's own export, of a larger surplus
    balanced(again)


def test_what_the_planner_was_wrong_about_ends_at_the_meter(made):
    """A table 5 % too low: the replay draws what the plant takes, and the audit says so."""
    low = replace(made, overhead_factor=0.95).plan()
    told = audit(low, study=made.study, weather=made.weather, step_h=1.0)
    plant = audit_plant(low, study=made.study, weather=made.weather, step_h=1.0)
    missing = float((plant["overhead_plant_kw"] - low["overhead_kw"]).sum())
    assert missing > 1.0
    planned, audited = told["planned"], told["audited"]
    assert audited["facility_kwh"] - planned["facility_kwh"] == pytest.approx(missing, rel=1e-9)
    assert told["facility_off"] == pytest.approx(missing / planned["facility_kwh"], rel=1e-9)
    assert audited["pue"] == pytest.approx(1 + float(plant["overhead_plant_kw"].sum()) / planned["it_kwh"], rel=1e-9)
    more = audited["import_kwh"] + audited["green_kwh"] - planned["import_kwh"] - planned["green_kwh"]
    assert more == pytest.approx(missing, rel=1e-6)
    at = told["worst"]
    off = (plant["facility_plant_kw"] - low["facility_kw"]).sel(node=at["node"])
    assert at["audited_kw"] - at["planned_kw"] == pytest.approx(float(off.max()), rel=1e-9)
    assert float(off.max()) == pytest.approx(float((plant["facility_plant_kw"] - low["facility_kw"]).max()), rel=1e-12)


def test_other_weather_moves_supply_and_overhead_and_nothing_that_was_decided(made):
    weather = warmer(made.weather, 9.0).assign(wind_speed=made.weather["wind_speed"] * 0.5)
    weather["wind_speed"].attrs["height_m"] = 10
    plan, again = made.plan(), replayed(made, weather=weather)
    balanced(again)
    for n, node in enumerate(made.study.nodes):
        here = weather.isel(node=n)
        alone = facility(plan["it_reference_kw"].values[n], here, node.node_plant(), plan["setpoint_degc"].values[n])
        np.testing.assert_allclose(again["facility_kw"].values[n], alone["facility_kw"].values, rtol=1e-9)
        np.testing.assert_allclose(again["wind_kw"].values[n], wind_power(here, node.wind_plant()).values, rtol=1e-12)
        if node.pv:
            np.testing.assert_allclose(again["pv_kw"].values[n], pv_power(here, node.pv_plant()).values, rtol=1e-12)
    assert float(again["wind_kw"].sum()) < 0.6 * float(plan["wind_kw"].sum())
    assert float(again["import_kw"].sum()) > float(plan["import_kw"].sum())
    assert float(again["facility_kw"].sum()) > float(plan["facility_kw"].sum())
    for name in ("it_kw", "charge_grey_kw", "discharge_grey_kw"):
        np.testing.assert_allclose(again[name].values, plan[name].values, rtol=1e-12, atol=1e-9)


def test_a_battery_charges_and_discharges_only_what_there_is(made):
    """Without sun or wind nothing charges green; what was to be discharged of it is not there."""
    calm = made.weather.assign({name: 0.0 * made.weather[name] for name in ("ghi", "dni", "dhi", "wind_speed")})
    calm["wind_speed"].attrs["height_m"] = 10
    wanted = {("charge_green", 1): 40.0, ("discharge_green", 3): 50.0}
    wanting = replace(made, battery=wanted | {("discharge_grey", slot): 50.0 for slot in (4, 5)})
    plan, again = wanting.plan(), replayed(made, plan=wanting.plan(), weather=calm)
    balanced(again)
    assert float(plan["charge_green_kw"].sum()) == 40.0 and float(again["charge_green_kw"].sum()) == 0.0
    # alpha holds 20 kWh green and 60 grey: 0.9 of what is left after standing loss comes out
    assert float(again["discharge_green_kw"].sum()) == pytest.approx(0.9 * 20.0 * 0.999**4, rel=1e-9)
    assert float(again["discharge_grey_kw"].sum()) == pytest.approx(min(0.9 * 60.0, 100.0), rel=0.01)
    assert float(again["stock_green_kwh"].isel(node=0, time=-1)) == pytest.approx(0.0, abs=1e-9)
    assert float(again["stock_grey_kwh"].min()) >= 0.0


@given(
    warmer_k=st.floats(-20, 12), sun=st.just(0) | st.floats(0.05, 1.2), wind=st.floats(0, 2.5), limit=st.floats(5, 150),
    charge=st.lists(st.floats(-80, 80), min_size=SLOTS, max_size=SLOTS), green=st.booleans(),
)  # fmt: skip
def test_whatever_the_weather_powers_balance_and_limits_hold(made, warmer_k, sun, wind, limit, charge, green):
    colour = "green" if green else "grey"
    plan = made.plan()
    for name, sign in ((f"charge_{colour}_kw", 1.0), (f"discharge_{colour}_kw", -1.0)):
        plan[name].values[0] = np.maximum(0.0, sign * np.array(charge))
    weather = warmer(made.weather, warmer_k).assign(
        {
            name: factor * made.weather[name]
            for name, factor in (("ghi", sun), ("dni", sun), ("dhi", sun), ("wind_speed", wind))
        }
    )
    weather["wind_speed"].attrs["height_m"] = 10
    node = made.study.nodes[0]
    tight = node.grid.model_copy(update={"import_limit_kw": limit, "month_peak_kw": 0.0})
    study = made.study.model_copy(update={"nodes": (node.model_copy(update={"grid": tight}),)})
    again = replayed(made, plan=plan, weather=weather, study=study)
    balanced(again)
    here, battery = again.isel(node=0), node.battery
    assert float(here["import_kw"].max()) <= limit + 1e-9
    assert float(here["exported_kw"].max()) <= node.grid.export_limit_kw + 1e-9
    stock = here["stock_green_kwh"] + here["stock_grey_kwh"]
    assert float(stock.max()) <= battery.energy_kwh + 1e-6
    into = here["charge_green_kw"] + here["charge_grey_kw"]
    out = here["discharge_green_kw"] + here["discharge_grey_kw"]
    assert float(into.max()) <= battery.power_kw + 1e-9 and float(out.max()) <= battery.power_kw + 1e-9
    assert float(np.minimum(into, out).max()) <= 1e-6
    assert float((here["charge_grey_kw"] - here["import_kw"]).max()) <= 1e-9
    short = here["shortfall_kw"] > 1e-9
    assert float((here["exported_kw"] + here["curtailed_kw"] + here["charge_green_kw"]).where(short, 0.0).max()) <= 1e-9


def test_a_surplus_the_plan_had_not_is_sold_where_that_pays_up_to_the_limit(made):
    """Alpha's kWh of PV and wind cost 0.20 to 0.25 CNY."""
    windy = made.weather.assign(wind_speed=1.6 * made.weather["wind_speed"])
    windy["wind_speed"].attrs["height_m"] = 10
    node = made.study.nodes[0]

    def exported(price: float) -> xr.Dataset:
        grid = node.grid.model_copy(update={"export_price_cny_per_kwh": price, "export_limit_kw": 4.0})
        study = made.study.model_copy(update={"nodes": (node.model_copy(update={"grid": grid}),)})
        return replayed(made, weather=windy, study=study).isel(node=0)

    plan = made.plan().isel(node=0)
    without = ((plan["exported_kw"] + plan["curtailed_kw"]) < 1e-9).values
    dear, cheap = exported(0.3), exported(0.1)
    surplus = (dear["exported_kw"] + dear["curtailed_kw"]).values
    assert np.any(without & (surplus > 5.0))
    np.testing.assert_allclose(dear["exported_kw"].values[without], np.minimum(surplus, 4.0)[without], atol=1e-9)
    assert np.all(cheap["exported_kw"].values[without] == 0.0)
    assert float(dear["exported_kw"].max()) == pytest.approx(4.0)  # the plan's own 5 kW of slot 10 are cut too


def test_a_long_step_ends_with_the_stock_of_its_last_hour(made):
    plan = made.plan().coarsen(time=2).mean().assign_coords(time=TIME[::2]).assign_attrs(step_h=2.0)
    plan["setpoint_degc"].values[:] = made.plan()["setpoint_degc"].values[:, ::2]
    again = replayed(made, plan=plan, step_h=2.0).isel(node=0)
    stock, before = again["stock_grey_kwh"].values, None
    for slot in range(1, SLOTS // 2):
        before = stock[slot - 1] * 0.999**2
        moved = 2 * (0.9 * again["charge_grey_kw"].values[slot] - again["discharge_grey_kw"].values[slot] / 0.9)
        assert stock[slot] == pytest.approx(before + moved, abs=0.05)
    assert float(again["charge_grey_kw"].max()) > 5.0 and float(again["discharge_grey_kw"].max()) > 5.0


def test_a_full_battery_takes_no_more(made):
    node = made.study.nodes[0]
    small = node.battery.model_copy(update={"energy_kwh": 90.0})
    study = made.study.model_copy(update={"nodes": (node.model_copy(update={"battery": small}), made.study.nodes[1])})
    again = replayed(made, study=study)
    stock = (again["stock_green_kwh"] + again["stock_grey_kwh"]).isel(node=0)
    assert float(stock.max()) == pytest.approx(90.0) and float(made.plan()["stock_grey_kwh"].max()) > 90.0
    balanced(again)


def test_a_connection_too_small_is_told_and_renewables_left_before_are_used_first(made):
    node = made.study.nodes[0]
    tight = node.grid.model_copy(update={"import_limit_kw": 5.0, "month_peak_kw": 0.0})
    study = made.study.model_copy(update={"nodes": (node.model_copy(update={"grid": tight}), made.study.nodes[1])})
    calm = made.weather.assign(wind_speed=0.3 * made.weather["wind_speed"])
    calm["wind_speed"].attrs["height_m"] = 10
    again = replayed(made, study=study, weather=calm)
    balanced(again)
    assert float(again["import_kw"].isel(node=0).max()) == pytest.approx(5.0)
    out = (again["discharge_green_kw"] + again["discharge_grey_kw"]).isel(node=0)
    stock = (again["stock_green_kwh"] + again["stock_grey_kwh"]).isel(node=0)
    at_end = again["shortfall_kw"].isel(node=0) > 1e-6  # nothing lacks while the battery could give it
    assert np.all((stock.values < 1e-6) | (out.values > node.battery.power_kw - 1e-6) | ~at_end.values)
    assert float(stock.isel(time=0)) > 1.0 and bool(at_end.any())
    short = again["shortfall_kw"]
    assert float(short.isel(node=0).max()) > 1.0 and float(short.isel(node=1).max()) == 0.0
    left = again["curtailed_kw"] + again["exported_kw"]
    assert float(left.where(short > 1e-9, 0.0).max()) == pytest.approx(0.0, abs=1e-9)
    told = audit(made.plan(), study=study, weather=calm, step_h=1.0)
    assert set(told["short"]) == {"alpha"}
    assert told["short"]["alpha"]["kwh"] == pytest.approx(float(short.sum()))
    (warning,) = shortfall_warnings(told)
    assert "alpha" in warning and "CANNOT BE RUN" in warning


def without_battery(plan):
    """The plan with nothing ever in a battery, so that a step's error stays its own."""
    return plan.assign({name: 0.0 * plan[name] for name in ("stock_green_kwh", "stock_grey_kwh")})


def test_a_battery_carries_what_the_table_was_off_by_into_later_steps(made):
    plan, again = made.plan(), replayed(made)
    assert float(plan["stock_grey_kwh"][0].max() + plan["stock_green_kwh"][0].max()) > 0.0
    plan["table_error_of_it"] = 0.0 * plan["it_kw"] + 0.01
    it = again["it_kw"].values[0]
    for part, kept in ((0.99, True), (1.01, False)):  # of the errors of the first six steps, all in the sixth
        again["shortfall_kw"][0, :] = 0.0
        again["shortfall_kw"][0, 5] = part * 0.01 * it[:6].sum()
        assert compared(plan, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"] is kept
    alone = without_battery(plan)
    again["shortfall_kw"][0, 5] = 0.02 * it[5]
    assert compared(alone, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"] is False


@pytest.mark.parametrize("table", [0.0006, 0.023])
@pytest.mark.parametrize(("part", "refused"), [(0.95, False), (1.05, True)])
def test_short_within_the_nodes_own_table_is_a_note_and_beyond_it_a_refusal_under_strict(made, table, part, refused):
    """One law for warning, note, lines and ``--strict``: what lacks in a step against the table's error there."""
    plan, again = without_battery(made.plan()), replayed(made)
    plan["table_error_of_it"] = 0.0 * plan["it_kw"] + 0.5
    plan["table_error_of_it"][0, 3] = table
    again["shortfall_kw"][0, 3] = part * table * float(again["it_kw"][0, 3])
    told = compared(plan, again, study=made.study, step_h=1.0)
    short = told["short"]["alpha"]
    most = float((again["shortfall_kw"] / again["facility_kw"])[0, 3])
    assert short["most_share"] == pytest.approx(most) and short["within_rounding"] is not refused
    assert short["table_error_of_it"] == table
    grave, slight = shortfall_warnings(told), shortfall_notes(told)
    assert (grave, slight) == (([short["said"]], []) if refused else ([], [short["said"]]))
    assert audit_lines(told)[-1] == short["said"] and ("CANNOT BE RUN" in short["said"]) is refused
    assert (f"off by up to {table:.2%} of IT power" in short["said"]) is not refused
    assert "another weather" not in short["said"] and "kWh over 1 h" in short["said"]
    day._refuse_short(asked(strict=False), told)
    with pytest.raises(InfeasiblePlan, match="alpha") if refused else nullcontext():
        day._refuse_short(asked(strict=True), told)


def test_one_step_beyond_the_table_is_enough_and_a_plan_without_a_table_has_only_the_solvers_rounding(made):
    plan, again = without_battery(made.plan()), replayed(made)
    plan["table_error_of_it"] = 0.0 * plan["it_kw"] + 0.01
    it = again["it_kw"].values[0]
    again["shortfall_kw"][0, 2:4] = 0.009 * it[2:4]
    assert compared(plan, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"]
    again["shortfall_kw"][0, 5] = 0.011 * it[5]
    assert not compared(plan, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"]
    again["shortfall_kw"][0, :] = 0.9e-6 * again["facility_kw"].values[0]
    bare = plan.drop_vars("table_error_of_it")
    assert compared(bare, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"]
    again["shortfall_kw"][0, 5] = 1e-5 * it[5]
    assert not compared(bare, again, study=made.study, step_h=1.0)["short"]["alpha"]["within_rounding"]


@pytest.mark.parametrize("part", [0.5, 2.0])
def test_in_another_weather_the_weather_is_the_cause_and_not_the_table(made, part):
    plan, again = without_battery(made.plan()), replayed(made)
    plan["table_error_of_it"] = 0.0 * plan["it_kw"] + 0.01
    again["shortfall_kw"][0, 3] = part * 0.01 * float(again["it_kw"][0, 3])
    said = compared(plan, again, study=made.study, step_h=1.0, another="weather")["short"]["alpha"]["said"]
    assert said.endswith("it was planned with another weather.") and "table" not in said and "rounding" not in said
    assert ("CANNOT BE RUN with this weather" in said) is (part > 1.0)


def asked(*, strict: bool) -> day.DayRequest:
    return day.DayRequest(datetime(2026, 7, 15), 12.0, 1.0, 7, 0.01, 10.0, strict, False)


def test_a_plan_that_leaves_renewables_for_cheaper_grid_power_goes_on_leaving_its_share(made):
    plan = made.plan()
    half = 0.5 * plan["renewable_direct_kw"]
    plan["renewable_direct_kw"] = plan["renewable_direct_kw"] - half
    plan["import_kw"] = plan["import_kw"] + half
    plan["curtailed_kw"] = plan["curtailed_kw"] + plan["exported_kw"] + half
    plan["exported_kw"] = 0.0 * plan["exported_kw"]  # which would be used before anything is imported
    again = replayed(made, plan=plan)
    np.testing.assert_allclose(again["renewable_direct_kw"].values, half.values, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(again["import_kw"].values, plan["import_kw"].values, rtol=1e-9, atol=1e-9)


def test_a_surplus_feeds_the_planned_grey_charge_before_it_is_sold(made):
    """More wind than planned in the hour of a grey charge: the charge is green, and nothing is bought to sell."""
    node = made.study.nodes[0]
    grid = node.grid.model_copy(update={"export_price_cny_per_kwh": 5.0, "export_limit_kw": 500.0})
    wind = node.wind.model_copy(update={"capacity_kw": 10 * node.wind.capacity_kw})
    more = node.model_copy(update={"grid": grid, "wind": wind})
    study = made.study.model_copy(update={"nodes": (more, made.study.nodes[1])})
    windy = made.weather.assign(wind_speed=0.0 * made.weather["wind_speed"] + 13.0)
    windy["wind_speed"].attrs["height_m"] = 10
    plan, again = made.plan().isel(node=0), replayed(made, weather=windy, study=study)
    balanced(again)
    here = again.isel(node=0)
    grey = (plan["charge_grey_kw"] > 1.0).values & (plan["exported_kw"] + plan["curtailed_kw"] < 1e-9).values
    assert grey.any()
    for name, value in (("charge_grey_kw", 0.0), ("import_kw", 0.0)):
        np.testing.assert_allclose(here[name].values[grey], value, atol=1e-9)
    wanted = (plan["charge_grey_kw"] + plan["charge_green_kw"]).values[grey]
    np.testing.assert_allclose(here["charge_green_kw"].values[grey], wanted, rtol=1e-9)
    assert float(here["exported_kw"].values[grey].min()) > 1.0
    assert float(here["stock_green_kwh"].isel(time=-1)) > float(plan["stock_green_kwh"].isel(time=-1)) + 1.0


@pytest.mark.parametrize("energy_kwh", [70.0, None])
def test_a_plan_that_begins_with_more_than_the_battery_holds_is_refused(made, energy_kwh):
    node = made.study.nodes[0]
    battery = node.battery.model_copy(update={"energy_kwh": energy_kwh}) if energy_kwh else None
    study = made.study.model_copy(update={"nodes": (node.model_copy(update={"battery": battery}),)})
    words = "holds 70.0 kWh" if energy_kwh else "it has no battery"
    with pytest.raises(DataError, match=rf"alpha it begins with [78]\d\.\d kWh .*{words}.*node\.battery\.energy_kwh"):
        replayed(made, study=study)


def test_a_solvers_rounding_does_not_cancel_a_charge(made):
    plan = made.plan()
    at = int(np.argmax(plan["charge_grey_kw"].values[0]))
    plan["discharge_grey_kw"].values[0, at] = 2e-6
    again = replayed(made, plan=plan)
    balanced(again)
    assert float(again["charge_grey_kw"][0, at]) == pytest.approx(float(plan["charge_grey_kw"][0, at]), rel=1e-9)
    assert float(again["discharge_grey_kw"][0, at]) == 0.0


@pytest.mark.parametrize(("step_h", "energy"), [(0.5, 1e-9), (0.25, 1e-9), (2.0, 2e-3), (4.0, 8e-3)])
def test_steps_of_another_length_are_replayed_at_the_hours_weather(made, step_h, energy):
    """The same decisions cut or joined: facility energy is that of the hours."""
    plan, hourly = made.plan(), replayed(made)
    time = TIME[0] + np.arange(round(SLOTS / step_h)) * np.timedelta64(round(step_h * 3600), "s")
    if step_h < 1:
        other = plan.isel(time=np.repeat(np.arange(SLOTS), round(1 / step_h))).assign_coords(time=time)
    else:
        other = plan.coarsen(time=round(step_h)).mean().assign_coords(time=time)
        other["setpoint_degc"].values[:] = plan["setpoint_degc"].values[:, :: round(step_h)]
    again = replayed(made, plan=other.assign_attrs(step_h=step_h), step_h=step_h)
    assert again.sizes["time"] == len(time)
    balanced(again)
    for name in ("facility_kw", "pv_kw", "wind_kw"):
        there = float(again[name].sum()) * step_h
        assert there == pytest.approx(float(hourly[name].sum()), rel=energy), name
    assert float(again["water_l"].sum()) == pytest.approx(float(hourly["water_l"].sum()), rel=max(energy, 1e-9) * 5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plan": lambda p: p.drop_vars("stock_green_kwh")}, ["stock_green_kwh", "plan.nc"]),
        ({"plan": lambda p: p.isel(node=[0])}, ["plan", "beta"]),
        ({"weather": lambda w: w.isel(node=[1])}, ["weather", "alpha"]),
        ({"weather": lambda w: w.isel(time=slice(1, None))}, ["covers from", "plan's window"]),
        ({"weather": lambda w: w.isel(time=[0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11])}, ["not hourly"]),
        ({"plan": lambda p: p.assign(it_kw=100.0 * p["it_kw"])}, ["alpha", "rated for"]),
        ({"plan": lambda p: p.isel(time=[0, 1, 2, 4, 5])}, ["after the stamp", "without gaps"]),
        ({"plan": lambda p: p.expand_dims(member=2)}, ["member", "allowed node, time"]),
        ({"weather": lambda w: w.expand_dims(member=2)}, ["weather", "member", "allowed node, time"]),
        (
            {"plan": lambda p: p.assign(charge_grey_kw=p["charge_grey_kw"].where(p["charge_grey_kw"] < 1))},
            ["charge_grey_kw is missing in"],
        ),
        ({"plan": lambda p: p.assign(charge_green_kw=p["charge_green_kw"] - 1.0)}, ["charge_green_kw", "-1 kW"]),
    ],
)
def test_what_cannot_be_replayed_is_said(made, change, words):
    plan = change.get("plan", lambda p: p)(made.plan())
    weather = change.get("weather", lambda w: w)(made.weather)
    with pytest.raises(DataError) as told:
        replayed(made, plan=plan, weather=weather)
    assert all(word in str(told.value) for word in words), told.value


def test_a_plan_carries_the_error_of_its_own_tables_at_its_own_setpoints_and_keeps_it(made):
    """In a hall for 100 kW fans that turn no slower than half bend the curve back, and lines are far off there."""
    node, worst = made.study.nodes[0], {}
    for least_flow in (0.15, 0.5):
        cooling = node.cooling.model_copy(update={"fan_min_flow": least_flow, "rated_heat_kw": 100.0})
        own = node.model_copy(update={"cooling": cooling})
        study = made.study.model_copy(update={"nodes": (own, made.study.nodes[1])})
        inputs = build_inputs(study, made.weather, made.jobs[2:3], time=TIME, step_h=1.0)
        plan = first_come_first_served(inputs, made.jobs[2:3]).data
        told, again = plan["table_error_of_it"], replayed(made, plan=plan, study=study)
        assert told.dims == ("node", "time") and bool((told > 0).all())
        off = np.abs(again["facility_kw"] - plan["facility_kw"]) / plan["it_kw"]
        assert bool((off <= 1.1 * told + 1e-6).all()), (off / told).max()  # the load lies between the table's knots
        assert float((off / told).max()) > 0.1
        worst[least_flow] = float(inputs["table_error_of_it"].sel(node="alpha").max())
        degc = plan["setpoint_degc"].isel(node=0).values
        for mode, degrees in enumerate(cooling.setpoints_degc):
            here = degc == degrees
            np.testing.assert_array_equal(told[0].values[here], inputs["table_error_of_it"].values[0, mode, here])
    assert worst[0.15] < 1e-4 and worst[0.5] > 5e-3


def test_the_lines_say_both_figures_and_the_difference(made):
    low = replace(made, overhead_factor=0.95).plan()
    told = audit(low, study=made.study, weather=made.weather, step_h=1.0)
    lines = audit_lines(told)
    assert lines[0].split() == ["planned", "audited", "difference"]
    for label, name, digits, unit in (("PUE", "pue", 4, []), ("import", "import_kwh", 2, ["kWh"])):
        (line,) = [line for line in lines if line.startswith(f"{label} ")]
        one, two = (told[side][name] for side in ("planned", "audited"))
        assert line.split()[1:] == [f"{one:.{digits}f}", f"{two:.{digits}f}", f"{two - one:+.{digits}f}", *unit]
    (line,) = [line for line in lines if line.startswith("water")]
    water = f"{told['audited']['water_l']:.2f}"
    assert line.split()[1:] == [water, water, "0.00", "L"]
    assert told["worst"]["node"] in lines[-1]


@pytest.mark.parametrize("date", ["2026-01-15", "2026-07-15"])
def test_plans_of_the_default_study_audit_to_within_half_a_percent(date):
    """Table against plant at the fleet's own loads: within 0.5 % at each node, and 0.05 % over the fleet."""
    study = load_study(None)
    time = time_axis(date, horizon_h=24)
    nodes = [node.node() for node in study.nodes]
    weather = open_weather(dict.fromkeys((node.id for node in study.nodes), "climate"), nodes, time=time, seed=7)
    opens = time[0].astype("datetime64[us]").item().replace(tzinfo=_made.UTC)
    jobs = synthetic_jobs(60, pools=study_pools(study), window_start=opens, horizon_h=24.0, seed=7, reserved={
        pool.pool_id: np.zeros(24, dtype=int) for pool in study_pools(study)})  # fmt: skip
    inputs = build_inputs(study, weather, jobs, time=time, step_h=1.0)
    plan = first_come_first_served(inputs, jobs).data
    told = audit(plan, study=study, weather=weather, step_h=1.0)
    assert abs(told["facility_off"]) < 0.0005
    again = simulate(plan, study=study, weather=weather, step_h=1.0)
    planned = plan["facility_kw"].transpose("node", "time").sum("time").values
    assert np.all(np.abs(again["facility_kw"].sum("time").values / planned - 1.0) < 0.005)
    assert replay_figures(again, study, 1.0)["renewable_share"] == pytest.approx(
        told["planned"]["renewable_share"], abs=0.002
    )


def test_an_audit_told_as_it_is_passes_and_every_change_to_it_is_found(made):
    own = audit(made.plan(), study=made.study, weather=made.weather, step_h=1.0)
    assert made.check(summary={"audit": own}).clean

    case = Case(made.plan(), made.study, made.weather, made.jobs, made.state, 1.0, 1e-6)

    def spoilt(change) -> bool:
        told = copy.deepcopy(own)
        change(told)
        return not audit_told(case, told).ok

    assert not spoilt(lambda _: None)
    told = copy.deepcopy(own)
    told["audited"]["pue"] += 1e-3
    assert _made.failed(made.check(summary={"audit": told})) == ["audit told as it is"]
    for side in ("planned", "audited"):
        for name, value in own[side].items():
            assert spoilt(lambda t, s=side, n=name, v=value: t[s].update({n: v * 1.00001 + 1e-5})), (side, name)
    assert spoilt(lambda t: t.update(facility_off=0.01))
    assert spoilt(lambda t: t["worst"].update(node="gamma"))
    assert spoilt(lambda t: t["worst"].update(audited_kw=own["worst"]["audited_kw"] + 1e-3))
    assert spoilt(lambda t: t["nodes"]["beta"].update(pue=1.1))
    assert spoilt(lambda t: t["nodes"].pop("alpha"))
    assert spoilt(lambda t: t["short"].update(alpha={"kwh": 1.0, "hours": 1.0}))
    assert spoilt(lambda t: t["audited"].update(pue=None))
    assert spoilt(lambda t: t.pop("audited"))


@pytest.mark.parametrize(
    "name",
    ["pue", "pue_reference_inlet", "renewable_share", "hourly_matched_share", "cue_location", "cue_market", "ref"],
)
def test_a_ratio_that_the_audit_itself_gets_wrong_is_found(made, monkeypatch, name):
    """Told and audited by the same wrong lines: the verifier's own lines say otherwise."""
    right = audit_module.replay_figures
    monkeypatch.setattr(
        audit_module, "replay_figures", lambda *given: right(*given) | {name: 1.01 * right(*given)[name]}
    )
    nodes = tuple(
        node.model_copy(update={"grid": node.grid.model_copy(update={"green_contract_share": share})})
        for node, share in zip(made.study.nodes, (0.3, 0.0), strict=True)
    )
    study = made.study.model_copy(update={"nodes": nodes})
    case = Case(made.plan(), study, made.weather, made.jobs, made.state, 1.0, 1e-6)
    told = audit(made.plan(), study=study, weather=made.weather, step_h=1.0)
    wrong = audit_told(case, told)
    assert not wrong.ok and f"audited.{name}" in str(wrong)
    monkeypatch.setattr(audit_module, "replay_figures", right)
    assert audit_told(case, audit(made.plan(), study=study, weather=made.weather, step_h=1.0)).ok


@pytest.mark.nightly
@pytest.mark.parametrize("date", ["2026-01-15", "2026-04-15", "2026-07-15", "2026-10-15"])
def test_optimised_plans_of_the_default_study_audit_to_within_half_a_percent(greendc, tmp_path, date):
    ran = greendc("plan", "--date", date, "--horizon", 24, "--jobs", "synthetic:80", "--time-limit", 60, "--out",
                  tmp_path, "--json")  # fmt: skip
    assert ran.code in (0, 5), ran.err
    made = ran.json["audit"]
    assert abs(made["facility_off"]) < 0.005
    with xr.open_dataset(Path(ran.json["run"]) / "plan.nc", engine="h5netcdf", decode_timedelta=False) as plan:
        for node, found in made["nodes"].items():
            here = plan.sel(node=node)
            assert found["pue"] == pytest.approx(float(here["facility_kw"].sum() / here["it_kw"].sum()), rel=0.005)


@pytest.mark.parametrize("name", ["steps", "simulate", "simulate_checks", "audit", "replay"])
def test_the_replay_shares_nothing_with_the_planner(name):
    """As the verifier, it knows the study, the models and the weather alone."""
    text = Path(audit_module.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    found = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    forbidden = ("energy.planner", "energy.inputs", "energy.plan", "energy.kpis", "energy.day", "energy.baselines")
    assert found and not [module for module in found if module.startswith(forbidden)]
