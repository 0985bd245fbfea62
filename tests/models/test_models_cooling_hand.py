"""Air-side and liquid-cooled plants hour by hour: every figure worked out here, apart from the code under test.

Air 1.006 kJ/(kg K) and 287.058 J/(kg K), evaporation 2450 kJ/kg; the wet bulb of each hour is given, the pressure is
87,438 Pa.
"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from models.cooling import (
    MODES,
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    cooling_power,
)

CARNOT = {"carnot_eff": 0.5, "cop_max": 12.0, "lift_loss_k": 0.0}
AIR = AirEconomiserPlant(rated_heat_kw=1000.0, **CARNOT)
EVAPORATIVE = IndirectEvaporativePlant(rated_heat_kw=1000.0, **CARNOT)
OPEN = ChillerPlant(rated_heat_kw=260.0, condenser="air", **CARNOT)
LIQUID = LiquidCooledPlant(
    rated_heat_kw=1000.0, air=OPEN, air_setpoint_degc=12.0, carnot_eff=0.5, cop_max=12.0, water_class="W32"
)
PRESSURE = 87438.0
HALL_FLOW = 1000.0 / (1.006 * 12.0)  # kg/s of air at 1000 kW and 12 K


def _hour(make_weather, temp: float, wet: float, dew: float = 0.0) -> xr.Dataset:
    return make_weather(hours=1, temp_air=temp, temp_dew=dew).assign(wet_bulb=("time", [wet]))


def _holds(result: xr.Dataset, mode: str, rel: float = 1e-9, **wanted: float) -> None:
    assert {name: float(result[name][0]) for name in wanted} == pytest.approx(wanted, rel=rel, abs=1e-9)
    assert MODES[int(result["mode"][0])] == mode


def _density(temp: float) -> float:
    return PRESSURE / (287.058 * (temp + 273.15))


def _fan(ratio: float) -> float:
    """EnergyPlus's cubic of a variable-speed fan."""
    return 0.00153028 + 0.00520806 * ratio + 1.1086242 * ratio**2 - 0.11635563 * ratio**3


def _hall_fan(ratio: float, supply: float, *, pascal: float, eff: float, rated_kw: float = 1000.0) -> float:
    return rated_kw / (1.006 * 12.0) / _density(supply) * pascal / eff / 1000.0 * _fan(ratio)


def _pump(ratio: float) -> float:
    return 0.3 * ratio + 0.7 * ratio**3


def _eps(ntu: float, c: float) -> float:
    """Counter flow, of the stream whose NTU it is; ``c`` its capacity over the other's, not 1."""
    return (1 - np.exp(-ntu * (1 - c))) / (1 - c * np.exp(-ntu * (1 - c)))


def _ntu(eps: float, c: float) -> float:
    return np.log((1 - c * eps) / (1 - eps)) / (1 - c)


def _root(function, low: float, high: float) -> float:
    """Where a rising function passes 0."""
    assert function(low) < 0.0 < function(high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) < 0.0 else (low, middle)
    return middle


def _enthalpy_slope(temp: float) -> float:
    """Of saturated air, by difference of its enthalpy, vapour pressure by Magnus."""

    def enthalpy(t: float) -> float:
        vapour = 611.2 * np.exp(17.62 * t / (243.12 + t))
        moisture = 0.621945 * vapour / (PRESSURE - vapour)
        return 1.006 * t + moisture * (2501.0 + 1.86 * t)

    return (enthalpy(temp + 1e-3) - enthalpy(temp - 1e-3)) / 2e-3


# air economiser


def test_winter_air_is_moistened_to_the_least_dew_point(make_weather):
    """-20 degC with a dew point of -25: moistened to -12. ASHRAE Fundamentals 2017 ch. 1 table 3, over ice: 63.29 and
    217.32 Pa, so 1.099 g/kg are added to the outside air that cools 35 to the target."""
    added = 0.621945 * (217.32 / (PRESSURE - 217.32) - 63.29 / (PRESSURE - 63.29))
    fan = _hall_fan(0.8, 23.0, pascal=300.0, eff=0.65)
    flow = 0.8 * HALL_FLOW
    outside = flow * (12.0 + fan / (flow * 1.006)) / (35.0 + 20.0)
    result = cooling_power(_hour(make_weather, -20.0, -20.5, -25.0), AIR, 800.0, 23.0)
    _holds(result, "free", rel=1e-9, fan_kw=fan, pump_kw=0.0, tower_kw=0.0, compressor_kw=0.0, free_share=1.0)
    _holds(result, "free", rel=5e-4, water_l_per_h=outside * added * 3600.0 * 5 / 4)


def test_head_pressure_holds_the_trim_chiller_in_the_cold(make_weather):
    """Dampers shut at 5 degC: condensing at 25 and not at 17, evaporating at 20 - 9."""
    fan = _hall_fan(0.6, 20.0, pascal=300.0, eff=0.65)
    load = 600.0 + fan
    result = cooling_power(_hour(make_weather, 5.0, 3.0), replace(AIR, economiser=False), 600.0, 20.0)
    _holds(
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
        load = 600.0 + _hall_fan(0.6, supply, pascal=300.0, eff=0.65)
        _holds(
            cooling_power(_hour(make_weather, 5.0, 3.0), shut, 600.0, supply), "mechanical", compressor_kw=load / cop
        )


def test_outside_air_at_a_tenth_of_the_heat(make_weather):
    """The least flow of a fifth returns 6 K warmer, not 12; 25 degC outside leaves the chiller 2 K and the fan."""
    fan, flow = _hall_fan(0.2, 23.0, pascal=300.0, eff=0.65), 0.2 * HALL_FLOW
    mechanical = flow * 1.006 * 2.0 + fan
    result = cooling_power(_hour(make_weather, 25.0, 15.0), replace(AIR, evaporative_eff=0.0), 100.0, 23.0)
    _holds(
        result,
        "partial",
        fan_kw=fan,
        pump_kw=0.015 * mechanical,
        tower_kw=0.025 * mechanical,
        compressor_kw=mechanical * (37.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=0.0,
        free_share=1.0 - mechanical / (100.0 + fan),
    )


def test_air_warmer_than_the_hall_stays_outside(make_weather):
    """The pad gives 45 - 0.7 x 20 = 31 degC, the hall returns 29: shut, and the pad drinks nothing."""
    load = 100.0 + _hall_fan(0.2, 23.0, pascal=300.0, eff=0.65)
    _holds(
        cooling_power(_hour(make_weather, 45.0, 25.0), AIR, 100.0, 23.0),
        "mechanical",
        tower_kw=0.025 * load,
        compressor_kw=load * (57.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=0.0,
        free_share=0.0,
    )


def test_a_pad_too_weak_drinks_all_it_can(make_weather):
    """40 degC, wet bulb 18: the pad gives 24.6, the chiller the rest; water for all of its 15.4 K."""
    fan = _hall_fan(1.0, 23.0, pascal=300.0, eff=0.65)
    mechanical = HALL_FLOW * 1.006 * 1.6 + fan
    _holds(
        cooling_power(_hour(make_weather, 40.0, 18.0), AIR, 1000.0, 23.0),
        "partial",
        compressor_kw=mechanical * (52.0 - 14.0) / (0.5 * 287.15),
        water_l_per_h=1000.0 * 15.4 / 12.0 / 2450.0 * 3600.0 * 5 / 4,
        free_share=1.0 - mechanical / (1000.0 + fan),
    )


def test_limits_of_outside_air_are_inclusive(make_weather):
    limited = replace(AIR, outdoor_max_degc=18.0)
    for temp, dew, mode in ((18.0, 15.0, "free"), (18.1, 15.0, "mechanical"), (18.0, 15.1, "mechanical")):
        _holds(cooling_power(_hour(make_weather, temp, 16.0, dew), limited, 500.0, 23.0), mode)


# indirect evaporation


def _scavenged(plant, outside: float, rated_eff: float, capacity: float, *, ratio: float, back: float, wanted: float):
    """Scavenger flow over rated, and K by which it cools the hall's air: as slow as the wanted K allow."""
    ntu = _ntu(rated_eff, 1.0 / capacity) * ratio**-0.6

    def cooled(flow: float) -> float:
        return _eps(ntu * flow**0.4, ratio / (capacity * flow)) * (back - outside)

    most = ratio**0.5
    if cooled(most) < wanted:
        return most, cooled(most)
    return _root(lambda flow: cooled(flow) - wanted, 1e-4, most), wanted


def _scavenger_fan(flow: float, temp: float, rated_ratio: float = 1.0) -> float:
    return rated_ratio * HALL_FLOW / _density(temp) * 200.0 / 0.65 / 1000.0 * _fan(flow)


def _spray_water(carried_kw: float, flow: float, temp: float, wet: float, capacity: float) -> float:
    """Saturated leaving air: its heat less what it brought. [L/h] at 5 cycles"""
    leaving = wet + carried_kw / (flow * 1.006 * capacity)
    return (carried_kw + flow * 1.006 * (temp - leaving)) / 2450.0 * 3600.0 * 5 / 4


@pytest.mark.parametrize(("heat", "ratio"), [(600.0, 0.6), (100.0, 0.2)])
def test_sprayed_exchanger_slows_its_scavenger(make_weather, heat, ratio):
    """32 degC, wet bulb 17: air that is saturated carries more per kg; below a fifth of the heat the flow is held."""
    fan = _hall_fan(ratio, 23.0, pascal=350.0, eff=0.65)
    hall = ratio * HALL_FLOW * 1.006
    back, wanted = 23.0 + heat / hall, (heat + fan) / hall
    slope = _enthalpy_slope(17.0) / 1.006
    flow, cooled = _scavenged(EVAPORATIVE, 17.0, 0.70, slope, ratio=ratio, back=back, wanted=wanted)
    assert cooled == wanted and flow < 0.8 * ratio**0.5
    _holds(
        cooling_power(_hour(make_weather, 32.0, 17.0), EVAPORATIVE, heat, 23.0),
        "evaporative",
        rel=1e-6,
        fan_kw=fan,
        pump_kw=3.0 * ratio,
        tower_kw=_scavenger_fan(flow, 32.0),
        compressor_kw=0.0,
        water_l_per_h=_spray_water(heat + fan, flow * HALL_FLOW, 32.0, 17.0, slope),
        free_share=1.0,
    )


def test_sprayed_exchanger_beyond_its_means(make_weather):
    """38 degC, wet bulb 26, scavenger 1.4 of hall air: 0.7 x 9 K at rated flows, condensing 50 over 14 for the rest."""
    plant = replace(EVAPORATIVE, scavenger_flow_ratio=1.4, chilled_pump_frac=0.01)
    fan = _hall_fan(1.0, 23.0, pascal=350.0, eff=0.65)
    carried = 1000.0 * 0.7 * 9.0 / 12.0
    rest = 1000.0 + fan - carried
    capacity = _enthalpy_slope(26.0) / 1.006
    _holds(
        cooling_power(_hour(make_weather, 38.0, 26.0), plant, 1000.0, 23.0),
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
    fan = _hall_fan(ratio, 23.0, pascal=350.0, eff=0.65)
    wanted = 12.0 * (1.0 + fan / heat)
    flow, cooled = _scavenged(plant, temp, 0.60, rated_ratio, ratio=ratio, back=35.0, wanted=wanted)
    assert cooled == wanted
    _holds(
        cooling_power(_hour(make_weather, temp, temp - 1.0), plant, heat, 23.0),
        "free",
        rel=1e-6,
        fan_kw=fan,
        pump_kw=0.0,
        tower_kw=_scavenger_fan(flow, temp, rated_ratio),
        compressor_kw=0.0,
        water_l_per_h=0.0,
    )


def test_sprays_start_where_dry_operation_ends_or_frost_does(make_weather):
    """36 - (12 K and the fans') / 0.6 for 24 degC air; at a colder design the frost limit of 3 degC stands."""
    fan = _hall_fan(1.0, 24.0, pascal=350.0, eff=0.65)
    start = 36.0 - (12.0 + 12.0 * fan / 1000.0) / 0.6
    for design, limit in ((24.0, start), (10.0, 3.0)):
        plant = replace(EVAPORATIVE, spray_design_degc=design)
        below, above = (
            cooling_power(_hour(make_weather, temp, 1.0), plant, 1000.0, 13.0) for temp in (limit - 1e-6, limit + 1e-6)
        )
        assert [float(result["water_l_per_h"][0]) > 100.0 for result in (below, above)] == [False, True]
        assert float(below["water_l_per_h"][0]) == 0.0


# liquid


def _rest(temp: float, heat: float) -> dict[str, float]:
    """A quarter of the hall's heat by 260 kW of air-cooled chillers: 12 degC water, 18 degC air, 1.5 K at the
    refrigerant, condensing 12 K above the air but not below 25 degC."""
    ratio = max(heat / 260.0, 0.2)
    fan = _hall_fan(ratio, 18.0, pascal=250.0, eff=0.6, rated_kw=260.0)
    pump = 260.0 * 0.016 * _pump(ratio)
    load = heat + fan + pump
    compressor = load * (max(temp + 12.0, 25.0) - 10.5) / (0.5 * 283.65)
    return {"fan": fan, "pump": pump, "compressor": compressor, "condenser": 0.025 * (load + compressor)}


def _liquid_holds(result, mode: str, heat: float, rest: dict, *, cooler: float, mechanical: float, cop: float, **more):
    _holds(
        result,
        mode,
        rel=1e-6,
        fan_kw=rest["fan"],
        pump_kw=750.0 * 0.015 * _pump(max(heat / 1000.0, 0.2)) + rest["pump"],
        tower_kw=cooler + 0.025 * mechanical + rest["condenser"],
        compressor_kw=mechanical / cop + rest["compressor"],
        free_share=0.75 * (1.0 - mechanical / (0.75 * heat)),
        **more,
    )


def _cooler_fan(flow: float, temp: float) -> float:
    return 750.0 / (1.006 * 9.0) / _density(temp) * 100.0 / 0.55 / 1000.0 * _fan(flow)


def test_wet_pads_of_the_dry_cooler(make_weather):
    """36 degC, wet bulb 20: air enters at 24.8; of the 15.2 K to the return the cooler's 0.625 takes 9.5 of 10 K. All
    its 750/9 kW/K of air is wetted by 11.2 K."""
    _liquid_holds(
        cooling_power(_hour(make_weather, 36.0, 20.0), LIQUID, 1000.0, 30.0),
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
        cooling_power(_hour(make_weather, 41.0, 30.0), replace(LIQUID, adiabatic_eff=0.0), 1000.0, 30.0),
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
            _hour(make_weather, 10.0, 8.0), replace(LIQUID, water_class="W17", adiabatic_eff=0.0), 1000.0, 14.0
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
    ntu = _ntu(10.0 / 16.0, 0.9) / water
    flow = _root(lambda u: _eps(ntu * u**0.4, 0.9 * water / u) - drop / (30.0 + drop - temp), 1e-4, water**0.5)
    _liquid_holds(
        cooling_power(_hour(make_weather, temp, 12.0), LIQUID, heat, 30.0),
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
    ntu = _ntu(10.0 / 16.0, 0.9) / 0.5
    share = _eps(ntu * 0.5**0.2, 0.9 * 0.5**0.5) * (30.0 + 10.0 - 28.5) / 10.0
    assert share < 1.0
    _liquid_holds(
        cooling_power(_hour(make_weather, 28.5, 20.0), replace(LIQUID, adiabatic_eff=0.0), 500.0, 30.0),
        "partial",
        500.0,
        _rest(28.5, 125.0),
        cooler=_cooler_fan(0.5**0.5, 28.5),
        mechanical=(1.0 - share) * 375.0,
        cop=12.0,
        water_l_per_h=0.0,
    )


def test_pads_start_where_the_class_or_frost_says(make_weather):
    """W32 less 5 K less the cooler's 6 K; water of 13 degC instead lets only frost, 5 degC, hold them."""
    for plant, limit in ((LIQUID, 21.0), (replace(LIQUID, pad_design_degc=10.0), 5.0)):
        below, above = (
            cooling_power(_hour(make_weather, temp, limit - 8.0), plant, 1000.0, limit + 4.0)["water_l_per_h"][0]
            for temp in (limit - 1e-6, limit + 1e-6)
        )
        assert float(below) == 0.0 and float(above) > 100.0


def test_water_and_flags_of_the_air_plant_count_in_a_liquid_hall(make_weather):
    """25 degC, wet bulb 16: the air plant's pad cools by 2 K and the fans' heat; the dry cooler holds 32 degC dry."""
    hall = replace(LIQUID, air=replace(AIR, rated_heat_kw=250.0), air_setpoint_degc=23.0, pad_design_degc=60.0)
    fan = _hall_fan(0.8, 23.0, pascal=300.0, eff=0.65, rated_kw=250.0)
    _holds(
        cooling_power(_hour(make_weather, 25.0, 16.0), hall, 800.0, 32.0),
        "evaporative",
        fan_kw=fan,
        compressor_kw=0.0,
        water_l_per_h=(200.0 / 12.0 * 2.0 + fan) / 2450.0 * 3600.0 * 5 / 4,
        free_share=1.0,
    )
