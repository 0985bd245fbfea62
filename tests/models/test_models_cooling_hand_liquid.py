"""Liquid-cooled halls hour by hour: every figure worked out by the physics of `cooling_by_hand`."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from models.cooling import AirEconomiserPlant, ChillerPlant, LiquidCooledPlant, coolant_degc, cooling_power, inlet_degc

_spec = importlib.util.spec_from_file_location("cooling_by_hand", Path(__file__).with_name("cooling_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
hour, holds, hall_fan, pump = by_hand.hour, by_hand.holds, by_hand.hall_fan, by_hand.pump

OPEN = ChillerPlant(rated_heat_kw=260.0, condenser="air", carnot_eff=0.5, cop_max=12.0, lift_loss_k=0.0)
LIQUID = LiquidCooledPlant(
    rated_heat_kw=1000.0, air=OPEN, air_setpoint_degc=12.0, carnot_eff=0.5, cop_max=12.0, water_class="W32"
)
NTU = by_hand.transfer_units(10.0 / 16.0, 0.9)  # dry cooler: 10 of 16 K, air warms by 9


def _rest(temp: float, heat: float) -> dict[str, float]:
    """A quarter of the hall's heat by 260 kW of air-cooled chillers: 12 degC water, 18 degC air, 1.5 K at the
    refrigerant, condensing 12 K above the air but not below 25 degC."""
    ratio = max(heat / 260.0, 0.2)
    fan = hall_fan(ratio, 18.0, pascal=250.0, eff=0.6, rated_kw=260.0)
    chilled_pump = 260.0 * 0.016 * pump(ratio)
    load = heat + fan + chilled_pump
    compressor = load * (max(temp + 12.0, 25.0) - 10.5) / (0.5 * 283.65)
    return {"fan": fan, "pump": chilled_pump, "compressor": compressor, "condenser": 0.025 * (load + compressor)}


def _liquid_holds(result, mode: str, heat: float, rest: dict, *, cooler: float, mechanical: float, cop: float, **more):
    holds(
        result,
        mode,
        rel=1e-6,
        fan_kw=rest["fan"],
        pump_kw=750.0 * 0.015 * pump(max(heat / 1000.0, 0.2)) + rest["pump"],
        tower_kw=cooler + 0.025 * mechanical + rest["condenser"],
        compressor_kw=mechanical / cop + rest["compressor"],
        free_share=0.75 * (1.0 - mechanical / (0.75 * heat)),
        **more,
    )


def _cooler_fan(flow: float, temp: float) -> float:
    return 750.0 / (1.006 * 9.0) / by_hand.density(temp) * 100.0 / 0.55 / 1000.0 * by_hand.fan(flow)


def test_wet_pads_of_the_dry_cooler(make_weather):
    """36 degC, wet bulb 20: air enters at 24.8; of the 15.2 K to the return the cooler's 0.625 takes 9.5 of 10 K. All
    its 750/9 kW/K of air is wetted by 11.2 K."""
    _liquid_holds(
        cooling_power(hour(make_weather, 36.0, 20.0), LIQUID, 1000.0, 30.0),
        "partial",
        1000.0,
        _rest(36.0, 250.0),
        cooler=_cooler_fan(1.0, 24.8),
        mechanical=37.5,
        cop=0.5 * 301.15 / 20.0,
        water_l_per_h=750.0 / 9.0 * 11.2 / 2450.0 * 3600.0 * 4 / 3,
    )


def test_the_chiller_of_the_facility_water_alone(make_weather):
    """41 degC is warmer than the return: 750 kW between 28 and 53 degC."""
    _liquid_holds(
        cooling_power(hour(make_weather, 41.0, 30.0), replace(LIQUID, adiabatic_eff=0.0), 1000.0, 30.0),
        "mechanical",
        1000.0,
        _rest(41.0, 250.0),
        cooler=0.0,
        mechanical=750.0,
        cop=0.5 * 301.15 / 25.0,
        water_l_per_h=0.0,
    )


def test_head_pressure_holds_the_liquid_chiller_in_the_cold(make_weather):
    """10 degC air, 14 degC water: 0.625 of 14 K, so 8.75 of 10 K; the rest from 12 to 25 degC, not to 22."""
    _liquid_holds(
        cooling_power(
            hour(make_weather, 10.0, 8.0), replace(LIQUID, water_class="W17", adiabatic_eff=0.0), 1000.0, 14.0
        ),
        "partial",
        1000.0,
        _rest(10.0, 250.0),
        cooler=_cooler_fan(1.0, 10.0),
        mechanical=0.125 * 750.0,
        cop=0.5 * 285.15 / 13.0,
        water_l_per_h=0.0,
    )


@pytest.mark.parametrize(("heat", "temp"), [(1000.0, 20.5), (600.0, 20.0), (100.0, 20.0)])
def test_the_dry_cooler_slows_its_fans(make_weather, heat, temp):
    """10 K of water in 0.6 of the flow; at a tenth of the heat 5 K in a fifth. NTU at rated flows from 10 / 16 at a
    capacity ratio of 0.9, then over the water's flow and with the air's to 0.4."""
    ratio = heat / 1000.0
    water = max(ratio, 0.2)
    drop = 10.0 * ratio / water
    ntu = NTU / water
    flow = by_hand.root(
        lambda u: by_hand.effectiveness(ntu * u**0.4, 0.9 * water / u) - drop / (30.0 + drop - temp), 1e-4, water**0.5
    )
    _liquid_holds(
        cooling_power(hour(make_weather, temp, 12.0), LIQUID, heat, 30.0),
        "partial",
        heat,
        _rest(temp, 0.25 * heat),
        cooler=_cooler_fan(flow, temp),
        mechanical=0.0,
        cop=1.0,
        water_l_per_h=0.0,
    )


def test_the_fastest_fans_at_half_the_heat(make_weather):
    """28.5 degC air, 30 degC water: the fans stop at the root of the load, 0.707 of full speed; the chiller helps,
    its COP held at 12 (12.05 by Carnot)."""
    ntu = NTU / 0.5
    share = by_hand.effectiveness(ntu * 0.5**0.2, 0.9 * 0.5**0.5) * (30.0 + 10.0 - 28.5) / 10.0
    assert share < 1.0
    _liquid_holds(
        cooling_power(hour(make_weather, 28.5, 20.0), replace(LIQUID, adiabatic_eff=0.0), 500.0, 30.0),
        "partial",
        500.0,
        _rest(28.5, 125.0),
        cooler=_cooler_fan(0.5**0.5, 28.5),
        mechanical=(1.0 - share) * 375.0,
        cop=12.0,
        water_l_per_h=0.0,
    )


def test_pads_start_where_the_class_or_frost_says(make_weather):
    """W32 less 5 K less the cooler's 6 K; water of 13 degC instead lets only frost, 5 degC, hold them. With a wet bulb
    8 K colder and water 4 K warmer than the air the wet cooler needs 10 of 19.6 K."""
    flow = by_hand.root(lambda u: by_hand.effectiveness(NTU * u**0.4, 0.9 / u) - 10.0 / 19.6, 1e-4, 1.0)
    litres = flow * 750.0 / 9.0 * 5.6 / 2450.0 * 3600.0 * 4 / 3
    for plant, limit in ((LIQUID, 21.0), (replace(LIQUID, pad_design_degc=10.0), 5.0)):
        drunk = [
            float(cooling_power(hour(make_weather, temp, limit - 8.0), plant, 1000.0, limit + 4.0)["water_l_per_h"][0])
            for temp in (limit - 1e-6, limit + 1e-6)
        ]
        assert drunk == pytest.approx([0.0, litres], rel=1e-6)


def test_pads_in_saturated_air_do_nothing(make_weather):
    """At 24 degC and as high a wet bulb the pads evaporate nothing, and the cooler is as if it had none."""
    weather, dry = hour(make_weather, 24.0, 24.0), replace(LIQUID, adiabatic_eff=0.0)
    wetted, without = (cooling_power(weather, plant, 1000.0, 28.0) for plant in (LIQUID, dry))
    assert float(without["free_share"][0]) == pytest.approx(0.75 * 0.625 * 1.4)
    assert wetted["power_kw"].to_numpy() == pytest.approx(without["power_kw"].to_numpy(), rel=1e-12)
    assert float(wetted["water_l_per_h"][0]) == 0.0


def test_water_and_flags_of_the_air_plant_count_in_a_liquid_hall(make_weather):
    """25 degC, wet bulb 16: the air plant's pad cools by 2 K and the fans' heat; the dry cooler holds 32 degC dry."""
    hall = replace(LIQUID, air=AirEconomiserPlant(rated_heat_kw=250.0), air_setpoint_degc=23.0, pad_design_degc=60.0)
    fan = hall_fan(0.8, 23.0, pascal=300.0, eff=0.65, rated_kw=250.0)
    holds(
        cooling_power(hour(make_weather, 25.0, 16.0), hall, 800.0, 32.0),
        "evaporative",
        fan_kw=fan,
        compressor_kw=0.0,
        water_l_per_h=(200.0 / 12.0 * 2.0 + fan) / 2450.0 * 3600.0 * 5 / 4,
        free_share=1.0,
    )


def test_coolant_and_inlet_of_a_liquid_hall():
    """4 K of a CDU at full load is its range over its NTU, which goes with the flow to -0.3; at a tenth of the heat a
    fifth of the flow has half the range. The air plant's 12 degC water gives 18 degC at the inlet."""
    assert coolant_degc(LIQUID, 30.0) == 34.0
    cold = [float(coolant_degc(LIQUID, 30.0, ratio)) for ratio in (0.5, 0.1)]
    assert cold == pytest.approx([30.0 + 4.0 / 0.5**-0.3, 30.0 + 0.5 * 4.0 / 0.2**-0.3], rel=1e-12)
    assert inlet_degc(LIQUID, 30.0) == inlet_degc(LIQUID, 20.0) == 18.0
