"""Air-side plants hour by hour: every figure worked out by the physics of `cooling_by_hand`."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from models.cooling import AirEconomiserPlant, IndirectEvaporativePlant, cooling_power

_spec = importlib.util.spec_from_file_location("cooling_by_hand", Path(__file__).with_name("cooling_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
hour, holds, hall_fan = by_hand.hour, by_hand.holds, by_hand.hall_fan
PRESSURE, HALL_FLOW = by_hand.PRESSURE, by_hand.HALL_FLOW

CARNOT = {"carnot_eff": 0.5, "cop_max": 12.0, "lift_loss_k": 0.0}
AIR = AirEconomiserPlant(rated_heat_kw=1000.0, **CARNOT)
EVAPORATIVE = IndirectEvaporativePlant(rated_heat_kw=1000.0, **CARNOT)


# air economiser


@pytest.mark.parametrize(("heat", "ratio"), [(800.0, 0.8), (100.0, 0.2)])
def test_winter_air_is_moistened_to_the_least_dew_point(make_weather, heat, ratio):
    """-20 degC with a dew point of -25: moistened to -12. ASHRAE Fundamentals 2017 ch. 1 table 3, over ice: 63.29 and
    217.32 Pa, so 1.099 g/kg are added to the outside air that cools the return to the target; at a tenth of the heat
    the return is 29 degC, not 35."""
    added = 0.621945 * (217.32 / (PRESSURE - 217.32) - 63.29 / (PRESSURE - 63.29))
    fan = hall_fan(ratio, 23.0, pascal=300.0, eff=0.65)
    flow = ratio * HALL_FLOW
    outside = (heat + fan) / 1.006 / (23.0 + heat / (flow * 1.006) + 20.0)
    result = cooling_power(hour(make_weather, -20.0, -20.5, -25.0), AIR, heat, 23.0)
    holds(result, "free", rel=1e-9, fan_kw=fan, pump_kw=0.0, tower_kw=0.0, compressor_kw=0.0, free_share=1.0)
    holds(result, "free", rel=5e-4, water_l_per_h=outside * added * 3600.0 * 5 / 4)


def test_head_pressure_holds_the_trim_chiller_in_the_cold(make_weather):
    """Dampers shut at 5 degC: condensing at 25 and not at 17, evaporating at 20 - 9."""
    fan = hall_fan(0.6, 20.0, pascal=300.0, eff=0.65)
    load = 600.0 + fan
    result = cooling_power(hour(make_weather, 5.0, 3.0), replace(AIR, economiser=False), 600.0, 20.0)
    holds(
        result,
        "mechanical",
        fan_kw=fan,
        pump_kw=0.015 * load,
        tower_kw=0.025 * load,
        compressor_kw=load * 14.0 / (0.5 * 284.15),
        water_l_per_h=0.0,
        free_share=0.0,
    )


def test_the_trim_chiller_has_a_highest_cop(make_weather):
    """At 16 - 9 = 7 over 25 degC it would be 7.8; at 25 - 9 = 16 over 25, 16.1: held at 12."""
    shut = replace(AIR, economiser=False)
    for supply, cop in ((16.0, 0.5 * 280.15 / 18.0), (25.0, 12.0)):
        load = 600.0 + hall_fan(0.6, supply, pascal=300.0, eff=0.65)
        holds(cooling_power(hour(make_weather, 5.0, 3.0), shut, 600.0, supply), "mechanical", compressor_kw=load / cop)


def test_outside_air_at_a_tenth_of_the_heat(make_weather):
    """The least flow of a fifth returns 6 K warmer, not 12; 25 degC outside leaves the chiller 2 K and the fan."""
    fan, flow = hall_fan(0.2, 23.0, pascal=300.0, eff=0.65), 0.2 * HALL_FLOW
    mechanical = flow * 1.006 * 2.0 + fan
    result = cooling_power(hour(make_weather, 25.0, 15.0), replace(AIR, evaporative_eff=0.0), 100.0, 23.0)
    holds(
        result,
        "partial",
        fan_kw=fan,
        pump_kw=0.015 * mechanical,
        tower_kw=0.025 * mechanical,
        compressor_kw=mechanical * (37.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=0.0,
        free_share=1.0 - mechanical / (100.0 + fan),
    )


def test_a_thousandth_of_the_heat_and_a_hundredth_of_it_free(make_weather):
    """1 kW warms the least flow by 0.06 K. Outside air between return and target takes 1 % of it and the fans' heat off
    the chiller: partial, however little."""
    fan, flow = hall_fan(0.2, 23.0, pascal=300.0, eff=0.65), 0.2 * HALL_FLOW
    total = 1.0 + fan
    temp = 23.0 + 1.0 / (flow * 1.006) - 0.01 * total / (flow * 1.006)
    holds(
        cooling_power(hour(make_weather, temp, 15.0), replace(AIR, evaporative_eff=0.0), 1.0, 23.0),
        "partial",
        fan_kw=fan,
        compressor_kw=0.99 * total * (temp + 12.0 - 14.0) / (0.5 * 287.15),
        free_share=0.01,
    )


def test_air_warmer_than_the_hall_stays_outside(make_weather):
    """The pad gives 45 - 0.7 x 20 = 31 degC, the hall returns 29: shut, and the pad drinks nothing."""
    load = 100.0 + hall_fan(0.2, 23.0, pascal=300.0, eff=0.65)
    holds(
        cooling_power(hour(make_weather, 45.0, 25.0), AIR, 100.0, 23.0),
        "mechanical",
        tower_kw=0.025 * load,
        compressor_kw=load * (57.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=0.0,
        free_share=0.0,
    )


def test_a_pad_too_weak_drinks_all_it_can(make_weather):
    """40 degC, wet bulb 18: the pad gives 24.6, the chiller the rest; water for all of its 15.4 K."""
    fan = hall_fan(1.0, 23.0, pascal=300.0, eff=0.65)
    mechanical = HALL_FLOW * 1.006 * 1.6 + fan
    holds(
        cooling_power(hour(make_weather, 40.0, 18.0), AIR, 1000.0, 23.0),
        "partial",
        compressor_kw=mechanical * (52.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=1000.0 * 15.4 / 12.0 / 2450.0 * 3600.0 * 5 / 4,
        free_share=1.0 - mechanical / (1000.0 + fan),
    )


def test_a_pad_in_saturated_air_does_nothing(make_weather):
    """14 degC and as high a wet bulb, 12 degC wanted: 2 K and the fans' heat for the chiller, no water."""
    fan = hall_fan(1.0, 12.0, pascal=300.0, eff=0.65)
    mechanical = 1000.0 * 2.0 / 12.0 + fan
    holds(
        cooling_power(hour(make_weather, 14.0, 14.0, 14.0), AIR, 1000.0, 12.0),
        "partial",
        compressor_kw=mechanical * (26.0 - 3.0) / (0.5 * 276.15),
        water_l_per_h=0.0,
    )


def test_limits_of_outside_air_are_inclusive(make_weather):
    limited = replace(AIR, outdoor_max_degc=18.0)
    for temp, dew, mode in ((18.0, 15.0, "free"), (18.1, 15.0, "mechanical"), (18.0, 15.1, "mechanical")):
        holds(cooling_power(hour(make_weather, temp, 16.0, dew), limited, 500.0, 23.0), mode)


# indirect evaporation


def _scavenged(outside: float, rated_eff: float, capacity: float, *, ratio: float, back: float, wanted: float):
    """Scavenger flow over rated, and K by which it cools the hall's air: as slow as the wanted K allow."""
    ntu = by_hand.transfer_units(rated_eff, 1.0 / capacity) * ratio**-0.6

    def cooled(flow: float) -> float:
        return by_hand.effectiveness(ntu * flow**0.4, ratio / (capacity * flow)) * (back - outside)

    most = ratio**0.5
    if cooled(most) < wanted:
        return most, cooled(most)
    return by_hand.root(lambda flow: cooled(flow) - wanted, 1e-4, most), wanted


def _scavenger_fan(flow: float, temp: float, rated_ratio: float = 1.0) -> float:
    return rated_ratio * HALL_FLOW / by_hand.density(temp) * 200.0 / 0.65 / 1000.0 * by_hand.fan(flow)


def _spray_water(carried_kw: float, flow: float, temp: float, wet: float, capacity: float) -> float:
    """Saturated leaving air: its heat less what it brought. [L/h] at 5 cycles"""
    leaving = wet + carried_kw / (flow * 1.006 * capacity)
    return (carried_kw + flow * 1.006 * (temp - leaving)) / 2450.0 * 3600.0 * 5 / 4


@pytest.mark.parametrize(("heat", "ratio", "rated_ratio"), [(600.0, 0.6, 1.0), (100.0, 0.2, 1.0), (800.0, 0.8, 1.3)])
def test_sprayed_exchanger_slows_its_scavenger(make_weather, heat, ratio, rated_ratio):
    """32 degC, wet bulb 17: air that is saturated carries more per kg; below a fifth of the heat the flow is held."""
    fan = hall_fan(ratio, 23.0, pascal=350.0, eff=0.65)
    hall = ratio * HALL_FLOW * 1.006
    back, wanted = 23.0 + heat / hall, (heat + fan) / hall
    slope = by_hand.enthalpy_slope(17.0) / 1.006
    plant = replace(EVAPORATIVE, scavenger_flow_ratio=rated_ratio)
    flow, cooled = _scavenged(17.0, 0.70, rated_ratio * slope, ratio=ratio, back=back, wanted=wanted)
    assert cooled == wanted and flow < 0.8 * ratio**0.5
    holds(
        cooling_power(hour(make_weather, 32.0, 17.0), plant, heat, 23.0),
        "evaporative",
        rel=1e-6,
        fan_kw=fan,
        pump_kw=3.0 * ratio,
        tower_kw=_scavenger_fan(flow, 32.0, rated_ratio),
        compressor_kw=0.0,
        water_l_per_h=_spray_water(heat + fan, flow * rated_ratio * HALL_FLOW, 32.0, 17.0, slope),
        free_share=1.0,
    )


def test_sprayed_exchanger_beyond_its_means(make_weather):
    """38 degC, wet bulb 26, scavenger 1.4 of hall air: 0.7 x 9 K at rated flows, condensing 50 over 14 for the rest."""
    plant = replace(EVAPORATIVE, scavenger_flow_ratio=1.4, chilled_pump_frac=0.01)
    fan = hall_fan(1.0, 23.0, pascal=350.0, eff=0.65)
    carried = 1000.0 * 0.7 * 9.0 / 12.0
    rest = 1000.0 + fan - carried
    capacity = by_hand.enthalpy_slope(26.0) / 1.006
    holds(
        cooling_power(hour(make_weather, 38.0, 26.0), plant, 1000.0, 23.0),
        "partial",
        rel=1e-6,
        fan_kw=fan,
        pump_kw=3.0 + 0.01 * rest,
        tower_kw=_scavenger_fan(1.0, 38.0, 1.4) + 0.025 * rest,
        compressor_kw=rest * 36.0 / (0.5 * 287.15),
        water_l_per_h=_spray_water(carried, 1.4 * HALL_FLOW, 38.0, 26.0, capacity),
        free_share=carried / (1000.0 + fan),
    )


@pytest.mark.parametrize(("temp", "heat", "rated_ratio"), [(5.0, 600.0, 1.3), (14.0, 1000.0, 1.3), (-15.0, 300.0, 0.7)])
def test_dry_exchanger_slows_its_scavenger(make_weather, temp, heat, rated_ratio):
    plant = replace(EVAPORATIVE, scavenger_flow_ratio=rated_ratio)
    ratio = heat / 1000.0
    fan = hall_fan(ratio, 23.0, pascal=350.0, eff=0.65)
    wanted = 12.0 * (1.0 + fan / heat)
    flow, cooled = _scavenged(temp, 0.60, rated_ratio, ratio=ratio, back=35.0, wanted=wanted)
    assert cooled == wanted
    holds(
        cooling_power(hour(make_weather, temp, temp - 1.0), plant, heat, 23.0),
        "free",
        rel=1e-6,
        fan_kw=fan,
        pump_kw=0.0,
        tower_kw=_scavenger_fan(flow, temp, rated_ratio),
        compressor_kw=0.0,
        water_l_per_h=0.0,
    )


def test_sprays_start_where_dry_operation_ends_or_frost_does(make_weather):
    """36 - (12 K and the fans') / 0.6 for 24 degC air; at a colder design the frost limit of 3 degC stands. Litres of a
    wet bulb of 1 degC at 13 degC supply."""
    start = 36.0 - 12.0 * (1.0 + hall_fan(1.0, 24.0, pascal=350.0, eff=0.65) / 1000.0) / 0.6
    fan = hall_fan(1.0, 13.0, pascal=350.0, eff=0.65)
    slope = by_hand.enthalpy_slope(1.0) / 1.006
    flow, _ = _scavenged(1.0, 0.70, slope, ratio=1.0, back=25.0, wanted=12.0 * (1.0 + fan / 1000.0))
    for design, limit in ((24.0, start), (10.0, 3.0)):
        plant = replace(EVAPORATIVE, spray_design_degc=design)
        drunk = [
            float(cooling_power(hour(make_weather, temp, 1.0), plant, 1000.0, 13.0)["water_l_per_h"][0])
            for temp in (limit - 1e-6, limit + 1e-6)
        ]
        assert drunk == pytest.approx([0.0, _spray_water(1000.0 + fan, flow * HALL_FLOW, limit, 1.0, slope)], rel=1e-6)


def test_the_fastest_scavenger_at_half_the_heat(make_weather):
    """24 degC at 23 degC supply, dry: fans at the root of the load, 0.707 of full; the trim chiller does the rest."""
    plant = replace(EVAPORATIVE, wet_above_degc=60.0)
    fan = hall_fan(0.5, 23.0, pascal=350.0, eff=0.65)
    wanted = 12.0 * (1.0 + fan / 500.0)
    flow, cooled = _scavenged(24.0, 0.60, 1.0 + 1e-9, ratio=0.5, back=35.0, wanted=wanted)
    assert flow == 0.5**0.5
    rest = (1.0 - cooled / wanted) * (500.0 + fan)
    holds(
        cooling_power(hour(make_weather, 24.0, 20.0), plant, 500.0, 23.0),
        "partial",
        rel=1e-6,
        tower_kw=_scavenger_fan(flow, 24.0) + 0.025 * rest,
        compressor_kw=rest * (36.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=0.0,
        free_share=cooled / wanted,
    )


def test_a_trim_chiller_on_a_tower(make_weather):
    """Condensing 12 K above a wet bulb of 20, not above 33 degC."""
    shut = replace(AIR, economiser=False, condensing_reference="wet_bulb")
    load = 500.0 + hall_fan(0.5, 23.0, pascal=300.0, eff=0.65)
    result = cooling_power(hour(make_weather, 33.0, 20.0), shut, 500.0, 23.0)
    holds(result, "mechanical", compressor_kw=load * (32.0 - 14.0) / (0.5 * 287.15))
