"""Plants on chilled water hour by hour: every figure worked out by the physics of `cooling_by_hand`."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.cooling import ChillerCurves, ChillerPlant, WaterEconomiserPlant, cooling_power

_spec = importlib.util.spec_from_file_location("cooling_by_hand", Path(__file__).with_name("cooling_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
hour, holds, pump = by_hand.hour, by_hand.holds, by_hand.pump

CARNOT = {"carnot_eff": 0.6, "cop_max": 25.0, "lift_loss_k": 0.0}
LED = ChillerPlant(rated_heat_kw=1000.0, drift_frac=0.0, **CARNOT)
WATER = WaterEconomiserPlant(rated_heat_kw=1000.0, drift_frac=0.0, **CARNOT)
OPEN = ChillerPlant(rated_heat_kw=1000.0, condenser="air", **CARNOT)


def _load(heat: float, chilled: float, least: float = 0.2) -> dict[str, float]:
    """Hall fans at 6 K above the water, chilled-water pump of a least flow, and the load with both."""
    fan = by_hand.hall_fan(max(heat / 1000.0, 0.2), chilled + 6.0, pascal=250.0, eff=0.6)
    chilled_pump = 16.0 * pump(max(heat / 1000.0, least))
    return {"fan": fan, "pump": chilled_pump, "load": heat + fan + chilled_pump}


def _exchanger(ratio: float) -> float:
    """Effectiveness on the chilled water: 6 of 8 K at rated flows and c = 5/6, NTU in the flow to -0.3."""
    return by_hand.effectiveness(by_hand.transfer_units(0.75, 5 / 6) * ratio**-0.3, 5 / 6)


# chillers and a tower


@pytest.mark.parametrize(("heat", "rejected_ratio_held"), [(1000.0, False), (600.0, False), (100.0, True)])
def test_chillers_at_the_towers_design_wet_bulb(make_weather, heat, rejected_ratio_held):
    """22 degC: water at 26, 5 K of range, 1.5 K at the refrigerant, so 32.5 over 10.5 degC; fans and pumps as the heat
    rejected, not below a fifth."""
    known = _load(heat, 12.0)
    compressor = known["load"] * 22.0 / (0.6 * 283.65)
    rejected = known["load"] + compressor
    flow = max(rejected / 1200.0, 0.2)
    assert (flow == 0.2) == rejected_ratio_held
    holds(
        cooling_power(hour(make_weather, 30.0, 22.0), LED, heat, 12.0),
        "mechanical",
        rel=5e-4,
        fan_kw=known["fan"],
        pump_kw=known["pump"] + 14.0 * pump(flow),
        tower_kw=15.0 * by_hand.tower_fan(flow),
        compressor_kw=compressor,
        water_l_per_h=by_hand.tower_make_up(rejected, by_hand.tower_air(1.0, 5.0, 22.0), 30.0, 22.0),
        free_share=0.0,
    )


def test_a_tower_beyond_the_heat_it_is_built_for(make_weather):
    """Built for 1000 kW, 18 % more rejected: fans stop at full, so there is less air per water and the water is warmer;
    the heat that makes is put in once."""
    known = _load(1000.0, 12.0)
    air, compressors = 1.0, []
    for _ in range(2):
        water = by_hand.tower_water(air, 5.0, 22.0)
        compressors.append(known["load"] * (water + 6.5 - 10.5) / (0.6 * 283.65))
        air = 1000.0 / (known["load"] + compressors[0])
    rejected = known["load"] + compressors[1]
    assert water > 26.5 and rejected > 1170.0
    holds(
        cooling_power(hour(make_weather, 30.0, 22.0), replace(LED, rejected_over_heat=1.0), 1000.0, 12.0),
        "mechanical",
        rel=1e-3,
        pump_kw=known["pump"] + 14.0 * pump(rejected / 1000.0),
        tower_kw=15.0 * by_hand.tower_fan(1.0),
        compressor_kw=compressors[1],
        water_l_per_h=by_hand.tower_make_up(rejected, by_hand.tower_air(air, 5.0, 22.0), 30.0, 22.0),
    )


def _air_for(water: float, range_k: float, wet: float) -> float:
    """Air per water at which a tower gives this water."""
    return by_hand.root(lambda u: water - by_hand.tower_water(u, range_k, wet), 0.05, 3.0)


@pytest.mark.parametrize(
    ("changed", "water", "cop"),
    [
        ({"condenser_floor_degc": 28.0}, 28.0, 0.6 * 283.65 / 24.0),
        ({"cop_max": 8.0}, 10.5 + 0.6 * 283.65 / 8.0 - 6.5, 8.0),
    ],
)
def test_tower_fans_slow_where_colder_water_gains_nothing(make_weather, changed, water, cop):
    """At the condenser's floor, and where the COP is at its cap: 8 at a lift of 21.3 K from 10.5 degC, 6.5 K of it
    between entering water and refrigerant."""
    known = _load(800.0, 12.0)
    compressor = known["load"] / cop
    flow = (known["load"] + compressor) / 1200.0
    air = _air_for(water, 5.0, 16.0)
    assert 0.3 < air < 0.8
    result = cooling_power(hour(make_weather, 20.0, 16.0), replace(LED, **changed), 800.0, 12.0)
    holds(result, "mechanical", fan_kw=known["fan"], compressor_kw=compressor, free_share=0.0)
    holds(
        result,
        "mechanical",
        rel=0.01,
        pump_kw=known["pump"] + 14.0 * pump(flow),
        tower_kw=15.0 * by_hand.tower_fan(air * flow),
        water_l_per_h=by_hand.tower_make_up(1200.0 * flow, by_hand.tower_air(air, 5.0, 16.0), 20.0, 16.0),
    )


def test_drift_is_of_the_water_that_runs(make_weather):
    """50 cycles blow down 2 % of the evaporation; 0.5 % of the water in flow is more."""
    plant = replace(LED, cycles=50.0, drift_frac=0.005)
    known = _load(600.0, 12.0)
    rejected = known["load"] * (1.0 + 22.0 / (0.6 * 283.65))
    evaporated = by_hand.tower_make_up(rejected, by_hand.tower_air(1.0, 5.0, 22.0), 30.0, 22.0, cycles=1e12)
    holds(
        cooling_power(hour(make_weather, 30.0, 22.0), plant, 600.0, 12.0),
        "mechanical",
        rel=5e-4,
        water_l_per_h=evaporated + 0.005 * rejected / (4.186 * 5.0) * 3600.0,
    )


CENTRIFUGAL = {
    "cap": (0.7939538, 0.04096493, -0.001419397, -0.001639813, -0.0005220497, 0.001348786),
    "eir": (0.947558, -0.01187942, 8.799326e-5, 2.250775e-4, 1.815775e-4, 2.178409e-4),
    "plr": (0.1408822, -0.1578153, 1.014316),
    "cop": 6.57,
}
SCREW = {
    "cap": (0.8343186211, 0.0408897839, -0.0002163354, 0.0050371379, -0.0001450957, -0.0004074753),
    "eir": (-0.2232103204, 0.0612014705, 0.0004179763, 0.0353346651, 0.0000358004, -0.0020233327),
    "plr": (0.0, 1.0, 0.0),
    "cop": 3.1,
}


def _machines(curves: dict, load: float, chilled: float, condenser: float, *, each_kw: float, running: int) -> float:
    """Power of some equal machines by the published curves."""
    terms = (1.0, chilled, chilled**2, condenser, condenser**2, chilled * condenser)
    capacity, eir = (sum(c * t for c, t in zip(curves[name], terms, strict=True)) for name in ("cap", "eir"))
    plr = load / (running * each_kw * capacity)
    d1, d2, d3 = curves["plr"]
    if plr > 1.0:
        return np.inf
    return running * each_kw * capacity * eir * (d1 + d2 * plr + d3 * plr**2) / curves["cop"]


@pytest.mark.parametrize(("heat", "running"), [(900.0, 3), (400.0, 2), (150.0, 1)])
def test_published_centrifugal_machines_on_a_tower(make_weather, heat, running):
    """Three machines of 1400 kW together, 10 degC water, condenser water held at 20."""
    plant = replace(LED, chiller="doe2", chiller_count=3, chiller_size_ratio=1.4, condenser_floor_degc=20.0)
    load = _load(heat, 10.0)["load"]
    each = [_machines(CENTRIFUGAL, load, 10.0, 20.0, each_kw=1400.0 / 3.0, running=n) for n in (1, 2, 3)]
    power = each[running - 1]
    assert power == min(each)
    result = cooling_power(hour(make_weather, 10.0, 5.0), plant, heat, 10.0)
    holds(result, "mechanical", compressor_kw=power)


@pytest.mark.parametrize("heat", [900.0, 250.0])
def test_published_screw_machines_in_the_open(make_weather, heat):
    """Part load does not change their efficiency; 8 degC water at 35 degC air; their power has the fans in it."""
    plant = replace(OPEN, chiller="air_cooled_screw", chiller_count=3, chiller_size_ratio=1.5)
    known = _load(heat, 8.0)
    power = _machines(SCREW, known["load"], 8.0, 35.0, each_kw=500.0, running=3 if heat > 500.0 else 1)
    holds(
        cooling_power(hour(make_weather, 35.0, 20.0), plant, heat, 8.0),
        "mechanical",
        fan_kw=known["fan"],
        pump_kw=known["pump"],
        tower_kw=0.0,
        compressor_kw=power,
        water_l_per_h=0.0,
    )


def test_machines_of_ones_own_in_the_open(make_weather):
    """Three of 1400 kW at 35 degC, 1470 at 30, full load best: two at 0.96 draw less than three at 0.64; one below its
    least load of 0.2 draws in proportion."""
    own = ChillerCurves(
        name="made for the test",
        condenser="air",
        cop_reference=3.2,
        capft=(1.35, 0.0, 0.0, -0.01, 0.0, 0.0),
        eirft=(0.3, 0.0, 0.0, 0.02, 0.0, 0.0),
        eirfplr=(0.4, 0.2, 0.4),
        chilled_range_degc=(5.0, 15.0),
        condenser_range_degc=(20.0, 45.0),
        plr_min=0.2,
        plr_max=1.0,
    )
    load = _load(900.0, 8.0)["load"]
    two, three = (
        n * 490.0 * 0.9 / 3.2 * (0.4 + 0.2 * (load / n / 490.0) + 0.4 * (load / n / 490.0) ** 2) for n in (2, 3)
    )
    assert 0.95 < load / 980.0 < 1.0 and two < 0.95 * three
    cycling = 490.0 * 0.9 / 3.2 * (0.4 + 0.04 + 0.016) * _load(50.0, 8.0)["load"] / 490.0 / 0.2
    plant = replace(OPEN, chiller=own, chiller_count=3, chiller_size_ratio=1.4)
    for heat, power in ((900.0, two), (50.0, cycling)):
        holds(cooling_power(hour(make_weather, 30.0, 20.0), plant, heat, 8.0), "mechanical", compressor_kw=power)


def test_tower_fans_slow_at_the_edge_of_published_curves(make_weather):
    """The centrifugal machine's fit ends at 12.78 degC: with a floor of 8 degC the fans hold that edge."""
    plant = replace(LED, chiller="doe2", chiller_count=1, chiller_size_ratio=1.5, condenser_floor_degc=8.0)
    load = _load(800.0, 10.0)["load"]
    power = _machines(CENTRIFUGAL, load, 10.0, 12.78, each_kw=1500.0, running=1)
    air = _air_for(12.78, 5.0, 0.0)
    result = cooling_power(hour(make_weather, 1.0, 0.0), plant, 800.0, 10.0)
    holds(result, "mechanical", compressor_kw=power)
    holds(result, "mechanical", rel=0.01, tower_kw=15.0 * by_hand.tower_fan(air * (load + power) / 1200.0))


def test_a_loss_holds_the_cop_at_small_lift(make_weather):
    """0.3 at 25 K with a loss of 25 K; water of 20 degC, evaporating at 18.5: condenser water below 13 degC would be no
    lift, so the fans hold that, and the COP of 1 K is 0.3 x 50 / 25 x 291.65 / 26."""
    plant = replace(LED, carnot_eff=0.3, lift_loss_k=25.0, condenser_floor_degc=8.0)
    known = _load(700.0, 20.0)
    compressor = known["load"] * 26.0 / (0.6 * 291.65)
    flow = (known["load"] + compressor) / 1200.0
    result = cooling_power(hour(make_weather, 1.0, 0.0), plant, 700.0, 20.0)
    holds(result, "mechanical", compressor_kw=compressor, pump_kw=known["pump"] + 14.0 * pump(flow))
    holds(result, "mechanical", rel=0.01, tower_kw=15.0 * by_hand.tower_fan(_air_for(13.0, 5.0, 0.0) * flow))


def test_chillers_left_open_are_those_of_the_docstring(make_weather):
    """A fraction of Carnot of 0.68 at 25 K with a loss of 25 K on a tower, 0.50 in the open, capped at 15."""
    weather = make_weather(hours=4, temp_air=[0.0, 12.0, 24.0, 36.0])
    for condenser, eff, loss in (("water", 0.68, 25.0), ("air", 0.50, 0.0)):
        open_ = ChillerPlant(rated_heat_kw=1000.0, condenser=condenser)
        told = replace(open_, carnot_eff=eff, lift_loss_k=loss, cop_max=15.0)
        assert cooling_power(weather, open_, 700.0, 12.0).identical(cooling_power(weather, told, 700.0, 12.0))


@pytest.mark.parametrize(("temp", "condensing"), [(5.0, 25.0), (30.0, 42.0)])
def test_air_cooled_chillers_and_their_head_pressure(make_weather, temp, condensing):
    """Condensing 12 K above the air but not below 25 degC, evaporating at 12 - 1.5."""
    known = _load(700.0, 12.0)
    compressor = known["load"] * (condensing - 10.5) / (0.6 * 283.65)
    holds(
        cooling_power(hour(make_weather, temp, temp - 3.0), OPEN, 700.0, 12.0),
        "mechanical",
        fan_kw=known["fan"],
        pump_kw=known["pump"],
        tower_kw=0.025 * (known["load"] + compressor),
        compressor_kw=compressor,
        water_l_per_h=0.0,
    )


# heat exchanger on the tower


@pytest.mark.parametrize(
    ("heat", "wet", "least"), [(700.0, 2.0, 0.2), (1000.0, 6.0, 0.2), (100.0, 8.0, 0.2), (300.0, 11.0, 0.6)]
)
def test_the_tower_alone_in_the_cold(make_weather, heat, wet, least):
    """18 degC water: the tower is only as cold as the exchanger needs; three pumps run, none below its least flow, at
    which the water warms by less than its range."""
    known = _load(heat, 18.0, least)
    ratio, rejected = known["load"] / 1000.0, known["load"] / 1200.0
    flow, water_flow = max(ratio, least), max(rejected, least)
    drop, range_k = 6.0 * ratio / flow, 5.0 * rejected / water_flow
    water = 18.0 + drop - drop / _exchanger(flow)
    air = _air_for(water, range_k, wet)
    assert air < water_flow**-0.5
    result = cooling_power(hour(make_weather, wet + 2.0, wet), replace(WATER, pump_min_flow=least), heat, 18.0)
    holds(
        result,
        "free",
        fan_kw=known["fan"],
        pump_kw=known["pump"] + 14.0 * pump(water_flow) + 3.0 * pump(flow),
        compressor_kw=0.0,
        free_share=1.0,
    )
    holds(
        result,
        "free",
        rel=0.01,
        tower_kw=15.0 * by_hand.tower_fan(air * water_flow),
        water_l_per_h=by_hand.tower_make_up(known["load"], by_hand.tower_air(air, range_k, wet), wet + 2.0, wet),
    )


@pytest.mark.parametrize(("heat", "exponent", "wet"), [(950.0, 0.5, 12.0), (600.0, 0.2, 13.5)])
def test_exchanger_first_and_chillers_for_the_rest(make_weather, heat, exponent, wet):
    """The exchanger on the return, chillers on the rest with their heat on the same tower, put in once."""
    known = _load(heat, 18.0)
    load, eps, compressor = known["load"], _exchanger(known["load"] / 1000.0), 0.0
    for _ in range(2):
        flow = (load + compressor) / 1200.0
        water = by_hand.tower_water(flow ** (exponent - 1.0), 5.0, wet)
        share = eps * (24.0 - water) / 6.0
        compressor = (1.0 - share) * load * (water + 6.5 - 16.5) / (0.6 * 289.65)
    assert 0.4 < share < 0.9 and water > 13.0
    air, flow = flow ** (exponent - 1.0), (load + compressor) / 1200.0
    holds(
        cooling_power(hour(make_weather, wet + 6.0, wet), replace(WATER, free_fan_exponent=exponent), heat, 18.0),
        "partial",
        rel=5e-3,
        fan_kw=known["fan"],
        pump_kw=known["pump"] + 14.0 * pump(flow) + 3.0 * pump(load / 1000.0),
        tower_kw=15.0 * by_hand.tower_fan(air * flow),
        compressor_kw=compressor,
        water_l_per_h=by_hand.tower_make_up(1200.0 * flow, by_hand.tower_air(air, 5.0, wet), wet + 6.0, wet),
        free_share=share,
    )


def test_the_towers_frost_limit_holds_the_exchanger(make_weather):
    """Water of 5 degC from -10 degC: 0.75 would want 3 degC of the tower, held at 5; chillers get 13."""
    known = _load(900.0, 5.0)
    load, ratio = known["load"], known["load"] / 1000.0
    share = _exchanger(ratio) * (11.0 - 5.0) / 6.0
    compressor = (1.0 - share) * load * (13.0 + 6.5 - 3.5) / (0.6 * 276.65)
    flow = (load + compressor) / 1200.0
    holds(
        cooling_power(hour(make_weather, -9.0, -10.0), WATER, 900.0, 5.0),
        "partial",
        fan_kw=known["fan"],
        pump_kw=known["pump"] + 14.0 * pump(flow) + 3.0 * pump(ratio),
        compressor_kw=compressor,
        free_share=share,
    )
