"""What each cooling plant does in which weather, by hand."""

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
    WaterEconomiserPlant,
    coolant_degc,
    cooling_power,
    load_chiller,
    outdoor_state,
)
from models.cooling.evaporative import sprays_above_degc
from models.cooling.fans import air_density_at, fan_curve
from models.cooling.outdoor import Outdoor
from models.cooling.tower import enthalpy_slope
from models.cooling.water import exchanger_effectiveness
from weather.conventions.errors import DataError

AIR = AirEconomiserPlant(rated_heat_kw=1000.0)
EVAPORATIVE = IndirectEvaporativePlant(rated_heat_kw=1000.0)
WATER = WaterEconomiserPlant(rated_heat_kw=1000.0)
LED = ChillerPlant(rated_heat_kw=1000.0)
LIQUID = LiquidCooledPlant(rated_heat_kw=1000.0, air=replace(AIR, rated_heat_kw=260.0))
WARM_LIQUID = LiquidCooledPlant(
    rated_heat_kw=1000.0,
    air=replace(WATER, rated_heat_kw=260.0),
    air_setpoint_degc=18.0,
    water_class="W45",
    adiabatic_eff=0.0,
)


def modes(result: xr.Dataset) -> list[str]:
    return [MODES[code] for code in result["mode"].to_numpy().ravel()]


def test_air_side_regimes(make_weather):
    """Cold: mixed, free. Warm and dry: pad, drinks. Warmer: trimmed. Damp: closed."""
    weather = make_weather(
        hours=4, temp_air=[0.0, 28.0, 40.0, 28.0], relative_humidity=np.array([60.0, 20.0, 10.0, 75.0])
    )
    result = cooling_power(weather, AIR, 800.0, 23.0)
    assert modes(result) == ["free", "evaporative", "partial", "mechanical"]
    free = result["free_share"].to_numpy()
    assert free[0] == free[1] == 1.0 and free[3] == 0.0
    assert 0.5 < free[2] < 1.0
    fan, wet = float(result["fan_kw"][2]), float(outdoor_state(weather)["wet_bulb"][2])
    wetted_k = np.array([0.0, 5.0 + 12.0 * fan / 800.0, 0.7 * (40.0 - wet), 0.0])
    litres = 800.0 / 12.0 * wetted_k / 2450.0 * 3600.0 * 5 / 4
    assert result["water_l_per_h"].to_numpy() == pytest.approx(litres, rel=1e-9)
    power = result["power_kw"].to_numpy()
    assert power[0] == pytest.approx(power[1])
    assert power[0] < power[2] < power[3]
    shut = cooling_power(weather, replace(AIR, outdoor_max_degc=25.0), 800.0, 23.0)
    assert modes(shut) == ["free", "mechanical", "mechanical", "mechanical"]


def test_pad_water_carries_the_heat_it_should(make_weather):
    """All heat at 28 degC is rejected in outside air; the pad evaporates what cools 28 to the target."""
    weather = make_weather(hours=2, temp_air=28.0, relative_humidity=20.0)
    result = cooling_power(weather, AIR, 1000.0, 23.0)
    fan = result["power_kw"].to_numpy()[0]
    flow = 1000.0 / (1.006 * 12.0)
    target = 23.0 - fan / (flow * 1.006)
    evaporated = flow * 1.006 * (28.0 - target) / 2450.0 * 3600.0
    assert result["water_l_per_h"].to_numpy()[0] == pytest.approx(evaporated * 5 / 4, rel=1e-9)


def test_trim_carries_what_outside_air_leaves(make_weather):
    """By hand: m cp (T - target) over the COP of 14 -> 42 degC at half of Carnot."""
    weather = make_weather(hours=2, temp_air=30.0, relative_humidity=20.0)
    result = cooling_power(weather, replace(AIR, evaporative_eff=0.0), 1000.0, 23.0).isel(time=0)
    flow = 1000.0 / (1.006 * 12.0)
    target = 23.0 - float(result["fan_kw"]) / (flow * 1.006)
    mechanical = flow * 1.006 * (30.0 - target)
    assert float(result["compressor_kw"]) == pytest.approx(mechanical / (0.5 * 287.15 / 28.0), rel=1e-9)
    assert float(result["tower_kw"]) == pytest.approx(0.025 * mechanical, rel=1e-9)
    assert float(result["pump_kw"]) == pytest.approx(0.015 * mechanical, rel=1e-9)


def test_trim_on_a_tower_loses_at_small_lift(make_weather):
    """Closed dampers, condensing 11 + 4 over 14 degC: 1 K of lift, capped at 12; with the loss a COP of 7.2."""
    weather = outdoor_state(make_weather(hours=1, temp_air=30.0))
    weather = weather.assign(wet_bulb=weather["wet_bulb"] * 0.0 + 11.0)
    shut = replace(
        AIR, economiser=False, condensing_reference="wet_bulb", condensing_above_outdoor_k=4.0, condensing_min_degc=10.0
    )
    load = 500.0 + float(cooling_power(weather, shut, 500.0, 23.0)["fan_kw"][0])
    with_loss = cooling_power(weather, replace(shut, lift_loss_k=95.0), 500.0, 23.0)
    assert float(with_loss["compressor_kw"][0]) == pytest.approx(load / (0.5 * 120 / 25 * 287.15 / 96.0), rel=1e-9)
    assert float(cooling_power(weather, shut, 500.0, 23.0)["compressor_kw"][0]) == pytest.approx(load / 12.0)


def test_evaporative_regimes(make_weather):
    """Dry exchanger in the cold, sprayed when warm, trimmed when damp and hot."""
    weather = make_weather(
        hours=4, temp_air=[-15.0, 2.0, 32.0, 40.0], relative_humidity=np.array([60.0, 60.0, 20.0, 60.0])
    )
    result = cooling_power(weather, EVAPORATIVE, 900.0, 24.0)
    assert modes(result) == ["free", "free", "evaporative", "partial"]
    start = float(
        sprays_above_degc(
            replace(EVAPORATIVE, spray_design_degc=24.0), Outdoor(*np.full((4, 1), 20.0)[:3], np.array([87438.0]))
        )[0]
    )
    assert start == pytest.approx(36.0 - (12.0 + float(_rated_fan_rise(make_weather))) / 0.6, abs=0.01)
    water = result["water_l_per_h"].to_numpy()
    assert water[0] == water[1] == 0.0
    carried = 900.0 + float(result["fan_kw"][2])
    state = outdoor_state(weather).isel(time=2)
    wet, pressure = float(state["wet_bulb"]), float(state["pressure"])
    rated = 1000.0 / (1.006 * 12.0)
    flows = np.linspace(0.05, 1.0, 20000)
    drawn = rated / air_density_at(32.0, pressure) * 200.0 / 0.65 / 1000.0 * fan_curve(flows, "variable_speed")
    scavenger = rated * float(np.interp(float(result["tower_kw"][2]), drawn, flows))
    out = wet + carried / (scavenger * float(enthalpy_slope(wet, pressure)))
    evaporated = (carried + scavenger * 1.006 * (32.0 - out)) / 2450.0
    assert water[2] == pytest.approx(evaporated * 3600.0 * 1.25, rel=1e-4)
    assert evaporated > 1.1 * carried / 2450.0, "the hot dry air is cooled itself"
    assert np.all(np.diff(result["tower_kw"].to_numpy()[:2]) > 0.0), "the scavenger slows in the cold"


def _rated_fan_rise(make_weather) -> float:
    rated = cooling_power(make_weather(hours=1, temp_air=0.0), EVAPORATIVE, 1000.0, 24.0)
    return float(rated["fan_kw"][0]) / (1000.0 / 12.0)


def test_evaporative_exchanger_gives_its_rated_effectiveness(make_weather):
    """Rated flows, dry, too warm to hold the target: hall air leaves at back - 0.6 (back - T)."""
    weather = make_weather(hours=2, temp_air=22.0, relative_humidity=99.0)
    dry = replace(EVAPORATIVE, wet_above_degc=60.0)
    result = cooling_power(weather, dry, 1000.0, 24.0).isel(time=0)
    assert modes(cooling_power(weather, dry, 1000.0, 24.0))[0] == "partial"
    span = 24.0 + 12.0 - 22.0
    wanted = 12.0 + float(result["fan_kw"]) / (1000.0 / 12.0)
    assert float(result["free_share"]) == pytest.approx(0.6 * span / wanted, rel=1e-9)


def test_water_side_regimes(make_weather):
    """Cold: tower alone. Between: exchanger and chillers. Warm: chillers alone."""
    weather = make_weather(hours=4, temp_air=30.0, relative_humidity=50.0)
    wet = xr.DataArray([0.0, 11.0, 14.0, 22.0], dims="time", coords={"time": weather["time"]})
    result = cooling_power(outdoor_state(weather).assign(wet_bulb=wet), WATER, 900.0, 18.0)
    assert modes(result) == ["free", "partial", "partial", "mechanical"]
    free = result["free_share"].to_numpy()
    assert free[0] == 1.0 and 0.2 < free[2] < free[1] and free[3] == 0.0
    assert result["compressor_kw"].to_numpy()[0] == 0.0
    assert result["tower_kw"].to_numpy()[0] < 0.7 * result["tower_kw"].to_numpy()[1], "fans slow in the cold"


def test_exchanger_of_the_economiser_by_hand():
    """eps = 0.75 at rated flow, so NTU = ln((1 - c eps)/(1 - eps))/(1 - c) with c = 5/6; at half flow NTU x 2**0.3."""
    c = 5.0 / 6.0
    ntu = np.log((1 - c * 0.75) / 0.25) / (1 - c) * 2.0**0.3
    decay = np.exp(-ntu * (1 - c))
    assert exchanger_effectiveness(WATER, 1.0) == pytest.approx(0.75, rel=1e-12)
    assert exchanger_effectiveness(WATER, 0.5) == pytest.approx((1 - decay) / (1 - c * decay), rel=1e-12)


def test_free_cooling_ends_where_tower_and_exchanger_say(make_weather):
    """At full load all is free just while tower water at full fans, 2 K below the supply, still comes."""
    from models.cooling.chilled import tower_of
    from models.cooling.tower import tower_water

    weather = make_weather(hours=400, temp_air=30.0, relative_humidity=50.0)
    wet = xr.DataArray(np.linspace(-2.0, 18.0, 400), dims="time", coords={"time": weather["time"]})
    result = cooling_power(outdoor_state(weather).assign(wet_bulb=wet), WATER, 950.0, 18.0)
    last_free = float(wet[result["free_share"].to_numpy() == 1.0].max())
    load = 950.0 + float(result["fan_kw"][0]) + 0.016 * 1000.0 * (0.95 * (0.3 + 0.7 * 0.95**2))
    flow = load / 1200.0
    pressure = float(weather["pressure"][0])
    water, _ = tower_water(
        tower_of(WATER), range_k=5.0, air_per_water=flow**-0.5, wet_bulb=last_free, pressure=pressure
    )
    effectiveness = float(exchanger_effectiveness(WATER, load / 1000.0))
    assert float(water) == pytest.approx(24.0 - 6.0 / effectiveness, abs=0.08)


def test_chillers_alone_never_cool_free(make_weather):
    cold = make_weather(hours=2, temp_air=-15.0, relative_humidity=60.0)
    shut = [(replace(plant, economiser=False), 23.0) for plant in (AIR, EVAPORATIVE)]
    for plant, setpoint in [(LED, 12.0), *shut]:
        result = cooling_power(cold, plant, 500.0, setpoint)
        assert np.all(result["free_share"].to_numpy() == 0.0)
        assert set(modes(result)) == {"mechanical"}


def test_a_shut_economiser_is_a_chiller_plant(make_weather):
    weather = make_weather(hours=30, temp_air=np.linspace(-20, 38, 30), relative_humidity=55.0)
    shut = cooling_power(weather, replace(WATER, economiser=False), 700.0, 12.0)
    assert shut.identical(cooling_power(weather, LED, 700.0, 12.0))


def test_chiller_power_by_hand(make_weather):
    """Air-cooled: Te 10.5, Tc = 30 + 12; half full load pumps; fans of the condenser on heat and compressor."""
    weather = make_weather(hours=2, temp_air=30.0, relative_humidity=40.0)
    plant = replace(LED, condenser="air", carnot_eff=0.45)
    result = cooling_power(weather, plant, 500.0, 12.0).isel(time=0)
    pump = 16.0 * 0.5 * (0.3 + 0.7 * 0.25)
    load = 500.0 + float(result["fan_kw"]) + pump
    compressor = load / (0.45 * 283.65 / 31.5)
    assert float(result["pump_kw"]) == pytest.approx(pump, rel=1e-12)
    assert float(result["compressor_kw"]) == pytest.approx(compressor, rel=1e-9)
    assert float(result["tower_kw"]) == pytest.approx(0.025 * (load + compressor), rel=1e-9)


def test_own_curves_are_taken(make_weather):
    weather = make_weather(hours=3, temp_air=[10.0, 20.0, 30.0])
    named = cooling_power(weather, replace(LED, chiller="doe2"), 600.0, 10.0)
    given_curves = cooling_power(weather, replace(LED, chiller=load_chiller("doe2")), 600.0, 10.0)
    assert named.identical(given_curves)
    better = replace(load_chiller("doe2"), cop_reference=2 * 6.57)
    halved = cooling_power(weather, replace(LED, chiller=better), 600.0, 10.0)
    assert halved["compressor_kw"].to_numpy() == pytest.approx(0.5 * named["compressor_kw"].to_numpy(), rel=1e-9)


def test_liquid_regimes(make_weather):
    """W32: dry in the cold, wetted pads in the heat, chiller only for cold water in damp heat."""
    weather = make_weather(hours=3, temp_air=[0.0, 34.0, 38.0], relative_humidity=np.array([60.0, 20.0, 70.0]))
    hall = replace(LIQUID, air=replace(AIR, rated_heat_kw=260.0, dew_point_max_degc=24.0))
    result = cooling_power(weather, hall, 900.0, 30.0)
    assert modes(result)[:2] == ["free", "evaporative"]
    assert float(result["free_share"][2]) < 1.0 and float(result["water_l_per_h"][0]) == 0.0
    rest = cooling_power(weather, hall.air, 225.0, 24.0).isel(time=1)
    wet = float(outdoor_state(weather)["wet_bulb"][1])
    drawn = float(result["tower_kw"][1]) - float(rest["tower_kw"])
    wetted_k = 0.7 * (34.0 - wet)
    litres = _cooler_air(drawn, 34.0 - wetted_k) * 1.006 * wetted_k / 2450.0 * 3600.0 * 4 / 3
    assert float(result["water_l_per_h"][1]) == pytest.approx(litres + float(rest["water_l_per_h"]), rel=1e-5)


def _cooler_air(fan_kw: float, temp: float) -> float:
    """Air of a dry cooler of 750 kW and 9 K whose fans draw this much. [kg/s]"""
    flows, rated = np.linspace(0.05, 1.0, 20000), 750.0 / (1.006 * 9.0)
    drawn = rated / air_density_at(temp, 87438.0) * 100.0 / 0.55 / 1000.0 * fan_curve(flows, "variable_speed")
    return rated * float(np.interp(fan_kw, drawn, flows))


def test_liquid_hall_is_loop_plus_its_air_plant(make_weather):
    weather = make_weather(hours=3, temp_air=[-5.0, 12.0, 30.0], relative_humidity=35.0)
    whole = cooling_power(weather, LIQUID, 800.0, 30.0)
    rest = cooling_power(weather, LIQUID.air, 200.0, 24.0)
    pumps = 1000.0 * 0.75 * 0.015 * 0.8 * (0.3 + 0.7 * 0.64)
    assert (whole["pump_kw"] - rest["pump_kw"]).to_numpy() == pytest.approx(pumps, rel=1e-9)
    assert whole["fan_kw"].to_numpy() == pytest.approx(rest["fan_kw"].to_numpy())
    share = 0.75 * 1.0 + 0.25 * rest["free_share"].to_numpy()
    assert whole["free_share"].to_numpy() == pytest.approx(share)


def test_dry_cooler_gives_its_rated_approach(make_weather):
    """At rated heat the fans run full exactly when air is cooler_approach_k below the setpoint."""
    weather = make_weather(hours=2, temp_air=[33.9, 34.1], relative_humidity=10.0)
    result = cooling_power(weather, WARM_LIQUID, 1000.0, 40.0)
    rest = cooling_power(weather, WARM_LIQUID.air, 250.0, 18.0)
    cooler = (result["tower_kw"] - rest["tower_kw"]).to_numpy()
    density = 87438.0 / (287.058 * (33.9 + 273.15))
    rated = 750.0 / (1.006 * 9.0) / density * 100.0 / 0.55 / 1000.0 * 0.99900691
    assert 0.9 * rated < cooler[0] < rated
    liquid_compressor = (result["compressor_kw"] - rest["compressor_kw"]).to_numpy()
    left = 750.0 * (1.0 - 0.625 * (50.0 - 34.1) / 10.0)
    assert liquid_compressor == pytest.approx([0.0, left / 12.0], rel=1e-9, abs=1e-9)


def test_a_cooler_without_chiller_refuses_what_it_cannot_hold(make_weather):
    weather = make_weather(hours=2, temp_air=36.0, relative_humidity=60.0)
    bare = replace(WARM_LIQUID, chiller=False)
    with pytest.raises(DataError, match=r"in 2 values the dry cooler cannot hold.*chiller=True"):
        cooling_power(weather, bare, 1000.0, 36.0)
    assert cooling_power(weather, bare, 1000.0, 45.0).identical(cooling_power(weather, WARM_LIQUID, 1000.0, 45.0))
    wetted = replace(bare, adiabatic_eff=0.8)
    dry_heat = make_weather(hours=1, temp_air=36.0, relative_humidity=15.0)
    result = cooling_power(dry_heat, wetted, 900.0, 36.0)
    rest = cooling_power(dry_heat, wetted.air, 225.0, 18.0)
    wetted_k = 0.8 * (36.0 - float(outdoor_state(dry_heat)["wet_bulb"][0]))
    litres = _cooler_air(float((result["tower_kw"] - rest["tower_kw"])[0]), 36.0 - wetted_k) * 1.006 * wetted_k / 2450.0
    drunk = float((result["water_l_per_h"] - rest["water_l_per_h"])[0])
    assert drunk == pytest.approx(litres * 3600.0 * 4 / 3, rel=1e-5)


def test_facility_water_keeps_to_its_class(make_weather):
    with pytest.raises(DataError, match=r"class W32.*33\.0 degC, allowed at most 32\.0"):
        cooling_power(make_weather(hours=2), LIQUID, 500.0, 33.0)
    assert coolant_degc(LIQUID, 32.0, 0.5) == pytest.approx(32.0 + 4.0 * 0.5**0.3, rel=1e-12)


def test_pad_stops_at_the_dew_point_limit(make_weather):
    """30 degC, dew point 13: the pad may add moisture up to 15 degC of dew point only, the coil does the rest."""
    from models.cooling.outdoor import humidity_ratio

    weather = make_weather(hours=1, temp_air=30.0, temp_dew=13.0)
    result = cooling_power(weather, replace(AIR, evaporative_eff=0.9), 900.0, 20.0).isel(time=0)
    pressure = float(weather["pressure"][0])
    flow = 0.9 * 1000.0 / (1.006 * 12.0)
    room = float(humidity_ratio(15.0, pressure) - humidity_ratio(13.0, pressure))
    mechanical = flow * 1.006 * (30.0 - room * 2450.0 / 1.006 - (20.0 - float(result["fan_kw"]) / (flow * 1.006)))
    assert float(result["tower_kw"]) == pytest.approx(0.025 * mechanical, rel=1e-9)
    assert float(result["water_l_per_h"]) == pytest.approx(flow * room * 3600.0 * 1.25, rel=1e-9)


def test_the_tower_carries_the_compressors_heat(make_weather):
    """Chiller-led, tower water above its floor: condenser pump and tower fan at heat and compressor over rated."""
    weather = make_weather(hours=1, temp_air=28.0, relative_humidity=60.0)
    result = cooling_power(weather, LED, 800.0, 12.0).isel(time=0)
    chilled_pump = 16.0 * 0.8 * (0.3 + 0.7 * 0.64)
    load = 800.0 + float(result["fan_kw"]) + chilled_pump
    flow = (load + float(result["compressor_kw"])) / 1200.0
    assert float(result["pump_kw"]) == pytest.approx(chilled_pump + 14.0 * flow * (0.3 + 0.7 * flow**2), rel=1e-9)
    cube = -0.009315163 + flow * (0.0512333966 + flow * (-0.0838364671 + flow * 1.0419182336))
    assert float(result["tower_kw"]) == pytest.approx(15.0 * cube, rel=1e-6)


def test_economised_chillers_warm_the_tower(make_weather):
    """The share at one repetition is within 0.008 of the one a loop of its own settles at."""
    from models.cooling.chilled import compressor_kw, hall_fans, pump_kw, tower_of
    from models.cooling.tower import tower_water

    weather = outdoor_state(make_weather(hours=1, temp_air=20.0))
    weather = weather.assign(wet_bulb=weather["wet_bulb"] * 0.0 + 13.0)
    poor = replace(WATER, carnot_eff=0.25)
    result = cooling_power(weather, poor, 950.0, 18.0).isel(time=0)
    air = Outdoor(*(np.array([float(weather[name][0])]) for name in ("temp_air", "wet_bulb", "temp_dew", "pressure")))
    fans = hall_fans(poor, air, np.array(950.0), 24.0)[1]
    load = 950.0 + float(fans[0]) + float(pump_kw(poor, 0.016, 0.95))
    effectiveness, extra = float(exchanger_effectiveness(poor, load / 1000.0)), 0.0
    for _ in range(30):
        flow = (load + extra) / 1200.0
        water, _ = tower_water(
            tower_of(poor), range_k=5.0, air_per_water=flow**-0.5, wet_bulb=13.0, pressure=float(air.pressure[0])
        )
        share = effectiveness * (24.0 - float(water)) / 6.0
        extra = float(compressor_kw(poor, (1 - share) * load, 18.0, float(water)))
    assert 0.3 < share < 0.9
    assert float(result["free_share"]) == pytest.approx(share, abs=0.008)


def test_tower_water_is_never_colder_than_chillers_can_use(make_weather):
    """In frost the fans of a chiller-led tower hold 13 degC: power stays, fans slow; a lower floor gains 0.2 %."""
    frost = make_weather(hours=3, temp_air=[-20.0, -10.0, 0.0], relative_humidity=60.0)
    plant = replace(LED, chiller="doe2")
    result = cooling_power(frost, plant, 800.0, 12.0)
    compressor, tower = result["compressor_kw"].to_numpy(), result["tower_kw"].to_numpy()
    assert compressor == pytest.approx(compressor[0], rel=1e-12) and np.all(np.diff(tower) > 0.0)
    lower = cooling_power(frost, replace(plant, condenser_floor_degc=6.0), 800.0, 12.0)
    assert lower["compressor_kw"].to_numpy() == pytest.approx(compressor, rel=3e-3)
    assert lower["tower_kw"].to_numpy() == pytest.approx(tower, rel=0.06), "fans hold the curve's own edge, 12.78"
    assert tower[2] < 0.2 * 15.0 and tower[0] < 0.05 * 15.0


def test_slower_hall_air_is_exchanged_better(make_weather):
    """Half the hall air has more transfer units: the scavenger takes a larger share at the same flow per air."""
    weather = make_weather(hours=1, temp_air=22.0, relative_humidity=99.0)
    dry = replace(EVAPORATIVE, wet_above_degc=60.0)
    ntu = 0.6 / 0.4 * 0.5**-0.6
    most = 0.5**0.5
    ntu, capacity = ntu * most**0.4, most / 0.5
    decay = np.exp(-ntu * (1 - 1 / capacity))
    eps = (1 - decay) / (1 - decay / capacity)
    result = cooling_power(weather, dry, 500.0, 20.0).isel(time=0)
    span, wanted = 32.0 - 22.0, 12.0 + float(result["fan_kw"]) / (500.0 / 12.0)
    assert float(result["free_share"]) == pytest.approx(eps * span / wanted, rel=1e-6)
