"""Cooling plants: what each does in which weather, and the laws every one must keep."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.cooling import (
    MODES,
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    coolant_degc,
    cooling_power,
    inlet_degc,
    load_chiller,
    outdoor_state,
)
from models.cooling.evaporative import sprays_above_degc
from models.cooling.liquid import pads_above_degc
from models.cooling.outdoor import Outdoor
from models.cooling.water import exchanger_effectiveness
from weather.conventions.errors import ConfigError, DataError
from weather.derive import relative_humidity_from_dew

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
PLANTS = {
    "air": (AIR, 23.0),
    "air_no_pad": (replace(AIR, evaporative_eff=0.0), 23.0),
    "air_on_tower": (replace(AIR, condensing_reference="wet_bulb", outdoor_max_degc=24.0), 23.0),
    "evaporative": (EVAPORATIVE, 24.0),
    "water": (WATER, 18.0),
    "water_doe2": (replace(WATER, chiller="doe2"), 11.0),
    "chiller": (LED, 12.0),
    "chiller_doe2": (replace(LED, chiller="doe2"), 12.0),
    "chiller_air": (replace(LED, condenser="air"), 12.0),
    "chiller_screw": (replace(LED, condenser="air", chiller="air_cooled_screw"), 8.0),
    "liquid": (LIQUID, 28.0),
    "liquid_warm": (WARM_LIQUID, 40.0),
}
plants = pytest.mark.parametrize(("plant", "setpoint"), PLANTS.values(), ids=PLANTS.keys())
PARTS = ("fan_kw", "pump_kw", "tower_kw", "compressor_kw")


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
    water = result["water_l_per_h"].to_numpy()
    assert water[0] == 0.0 and water[1] > 100.0 and water[3] == 0.0
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


def test_dry_frost_is_moistened(make_weather):
    dry = make_weather(hours=2, temp_air=-20.0, relative_humidity=50.0)
    result = cooling_power(dry, AIR, 800.0, 23.0)
    assert float(result["water_l_per_h"][0]) > 0.0 and modes(result) == ["free", "free"]


def test_evaporative_regimes(make_weather):
    """Dry exchanger in the cold, sprayed when warm, trimmed when damp and hot."""
    weather = make_weather(
        hours=4, temp_air=[-15.0, 2.0, 32.0, 40.0], relative_humidity=np.array([60.0, 60.0, 20.0, 60.0])
    )
    result = cooling_power(weather, EVAPORATIVE, 900.0, 24.0)
    assert modes(result) == ["free", "free", "evaporative", "partial"]
    start = float(sprays_above_degc(EVAPORATIVE, Outdoor(*np.full((4, 1), 20.0)[:3], np.array([87438.0])), 24.0)[0])
    assert start == pytest.approx(36.0 - (12.0 + float(_rated_fan_rise(make_weather))) / 0.6, abs=0.01)
    water = result["water_l_per_h"].to_numpy()
    assert water[0] == water[1] == 0.0
    carried = 900.0 + float(result["fan_kw"][2])
    assert water[2] == pytest.approx(carried / 2450.0 * 3600.0 * 1.25, rel=1e-9)
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
    assert relative_humidity_from_dew(20.0, 20.0) == 100.0


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
    for plant, setpoint in (
        (LED, 12.0),
        *((replace(PLANTS[k][0], economiser=False), 23.0) for k in ("air", "evaporative")),
    ):
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
    assert float(result["water_l_per_h"][1]) > 100.0


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
    assert liquid_compressor[0] == 0.0 and liquid_compressor[1] > 0.0


def test_a_cooler_without_chiller_refuses_what_it_cannot_hold(make_weather):
    weather = make_weather(hours=2, temp_air=36.0, relative_humidity=60.0)
    bare = replace(WARM_LIQUID, chiller=False)
    with pytest.raises(DataError, match=r"in 2 values the dry cooler cannot hold.*chiller=True"):
        cooling_power(weather, bare, 1000.0, 36.0)
    assert float(cooling_power(weather, bare, 1000.0, 45.0)["power_kw"][0]) > 0.0
    wetted = replace(bare, adiabatic_eff=0.8)
    dry_heat = make_weather(hours=2, temp_air=36.0, relative_humidity=15.0)
    result = cooling_power(dry_heat, wetted, 900.0, 36.0)
    assert float(result["water_l_per_h"].min()) > 200.0


def test_facility_water_keeps_to_its_class(make_weather):
    with pytest.raises(DataError, match=r"class W32.*33\.0 degC, allowed at most 32\.0"):
        cooling_power(make_weather(hours=2), LIQUID, 500.0, 33.0)
    assert coolant_degc(LIQUID, 32.0, 0.5) == 34.0


def slack(plant, heat_kw) -> np.ndarray:
    """Relative: DOE-2 curves of one machine near its least load draw up to 0.2 % less as condenser water warms."""
    curves = getattr(plant, "chiller", "carnot") not in ("carnot", True)
    return np.where(curves & (np.asarray(heat_kw) < 100.0), 2e-3, 2e-5)


any_plant = st.sampled_from(sorted(PLANTS))
temps, humidities, heats_kw = st.floats(-25, 42), st.floats(3, 100), st.floats(0, 1000)


@given(name=any_plant, temp=temps, humidity=st.tuples(humidities, humidities), heat=heats_kw)
def test_power_does_not_rise_as_the_wet_bulb_falls(make_weather, name, temp, humidity, heat):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=np.sort(humidity))
    drier, wetter = cooling_power(weather, PLANTS[name][0], heat, PLANTS[name][1])["power_kw"].to_numpy()
    assert drier <= wetter * (1 + slack(PLANTS[name][0], heat)) + 1e-9


@given(name=any_plant, pair=st.tuples(temps, temps), humidity=st.floats(5, 95), heat=heats_kw)
def test_power_does_not_rise_as_the_day_cools(make_weather, name, pair, humidity, heat):
    weather = make_weather(hours=2, temp_air=np.sort(pair), relative_humidity=humidity)
    plant, setpoint = PLANTS[name]
    cooler, warmer = cooling_power(weather, plant, heat, setpoint)["power_kw"].to_numpy()
    assert cooler <= warmer * (1 + slack(plant, heat)) or bool(_at_frost(outdoor_state(weather), plant, setpoint)[0])


def _at_frost(state: xr.Dataset, plant, setpoint: float) -> np.ndarray:
    """Pairs (of neighbours in time) between which the wet bulb passes from ASHRAE's ice to its water branch (they
    differ by up to 0.6 K), or sprays and pads start."""
    wet, temp = state["wet_bulb"].to_numpy().reshape(-1, 2), state["temp_air"].to_numpy().reshape(-1, 2)
    passes = (wet[:, 0] <= 0.0) & (wet[:, 1] > -0.7) & (wet[:, 1] < 0.7)
    if isinstance(plant, LiquidCooledPlant):
        start = float(pads_above_degc(plant, setpoint))
    elif isinstance(plant, IndirectEvaporativePlant):
        air = Outdoor(*(state[name].to_numpy().reshape(-1, 2)[:, 0] for name in Outdoor.__slots__))
        start = sprays_above_degc(plant, air, setpoint)
    else:
        return passes
    return passes | ((temp[:, 0] <= start) & (temp[:, 1] > start))


@given(name=any_plant, temp=temps, humidity=humidities, pair=st.tuples(heats_kw, heats_kw))
def test_more_heat_takes_more_power(make_weather, name, temp, humidity, pair):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    plant, setpoint = PLANTS[name]
    low, high = (cooling_power(weather, plant, heat, setpoint)["power_kw"].to_numpy()[0] for heat in sorted(pair))
    assert low <= high * (1 + 1e-9)


@given(name=any_plant, temp=temps, humidity=humidities, heat=heats_kw)
def test_parts_are_sound_and_add_up(make_weather, name, temp, humidity, heat):
    plant, setpoint = PLANTS[name]
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    result = cooling_power(weather, plant, heat, setpoint)
    parts = np.array([result[part].to_numpy() for part in PARTS])
    assert np.all(np.isfinite(parts)) and np.all(parts >= 0.0)
    assert parts.sum(axis=0) == pytest.approx(result["power_kw"].to_numpy(), rel=1e-12, abs=1e-12)
    share, water = result["free_share"].to_numpy(), result["water_l_per_h"].to_numpy()
    assert np.all((share >= 0.0) & (share <= 1.0)) and np.all((water >= 0.0) & np.isfinite(water))
    free = np.isin(result["mode"].to_numpy(), [MODES.index("free"), MODES.index("evaporative")])
    assert np.all((result["compressor_kw"].to_numpy() <= 1e-6 * heat) == (free | (heat == 0.0)))
    assert np.all(result["power_kw"].to_numpy() < 0.75 * heat + 0.05 * plant.rated_heat_kw)


@plants
def test_laws_on_thousands_of_hours(make_weather, plant, setpoint):
    """The same laws on random pairs of hours and loads, all at once."""
    rng = np.random.default_rng(11)
    pairs = 3000
    heat = np.repeat(rng.uniform(0, 1000, pairs), 2)
    temp = np.repeat(rng.uniform(-25, 42, pairs), 2)
    humidity = np.repeat(rng.uniform(5, 95, pairs), 2)

    def power(hours: xr.Dataset, heat_kw, kind=plant) -> np.ndarray:
        return cooling_power(hours, kind, heat_kw, setpoint)["power_kw"].to_numpy().reshape(pairs, 2)

    drier = np.sort(rng.uniform(3, 100, (pairs, 2)), axis=1).ravel()
    weather = outdoor_state(make_weather(hours=2 * pairs, temp_air=temp, relative_humidity=drier))
    by_humidity = power(weather, heat)
    assert np.all(by_humidity[:, 0] <= by_humidity[:, 1] * (1 + slack(plant, heat[::2])) + 1e-9)
    one_hour = weather.isel(time=np.repeat(np.arange(0, 2 * pairs, 2), 2)).assign_coords(time=weather["time"])
    by_heat = power(one_hour, np.sort(rng.uniform(0, 1000, (pairs, 2)), axis=1).ravel())
    assert np.all(by_heat[:, 0] <= by_heat[:, 1] * (1 + 1e-9))
    cooler = np.sort(rng.uniform(-25, 42, (pairs, 2)), axis=1).ravel()
    weather = outdoor_state(make_weather(hours=2 * pairs, temp_air=cooler, relative_humidity=humidity))
    by_temp = power(weather, heat)
    falls = by_temp[:, 0] <= by_temp[:, 1] * (1 + slack(plant, heat[::2])) + 1e-9
    assert np.all(falls | _at_frost(weather, plant, setpoint))
    sprayed = isinstance(plant, IndirectEvaporativePlant | LiquidCooledPlant)
    assert falls.mean() > (0.75 if sprayed else 0.998)
    if hasattr(plant, "economiser"):
        shut = power(weather, heat, replace(plant, economiser=False))
        assert np.all(by_temp <= shut * (1 + 1e-12))
        assert np.mean(by_temp < 0.99 * shut) > 0.3


@plants
def test_power_is_nearly_convex_in_heat(make_weather, plant, setpoint):
    """From 20 to 100 % of the heat a chord lies at most 0.4 % of the heat below the curve: the planner's lines."""
    temp, humidity = (grid.ravel() for grid in np.meshgrid(np.linspace(-30, 40, 15), np.linspace(5, 95, 7)))
    weather = make_weather(hours=temp.size, temp_air=temp, relative_humidity=humidity)
    heats = np.linspace(200.0, 1000.0, 25)
    power = cooling_power(weather, plant, xr.DataArray(heats, dims="knot"), setpoint)["power_kw"]
    curve = power.transpose("time", "knot").to_numpy()
    worst = 0.0
    for low in range(24):
        for high in range(low + 2, 25):
            weight = (heats[low : high + 1] - heats[low]) / (heats[high] - heats[low])
            chord = curve[:, [low]] * (1 - weight) + curve[:, [high]] * weight
            worst = max(worst, float(np.max((curve[:, low : high + 1] - chord) / heats[low : high + 1])))
    assert worst < 0.004


def test_no_heat_is_off(make_weather):
    weather = make_weather(hours=3, temp_air=[-10.0, 15.0, 35.0])
    for plant, setpoint in PLANTS.values():
        result = cooling_power(weather, plant, 0.0, setpoint)
        assert modes(result) == ["off"] * 3
        assert all(float(np.abs(result[name]).max()) == 0.0 for name in (*PARTS, "power_kw", "water_l_per_h"))


def test_warmer_setpoint_is_cheaper_in_summer(make_weather):
    summer = make_weather(hours=2, temp_air=32.0, relative_humidity=45.0)
    for plant, setpoints in (
        (AIR, [19.0, 23.0, 27.0]),
        (EVAPORATIVE, [19.0, 23.0, 27.0]),
        (WATER, [14.0, 18.0, 22.0]),
        (replace(LED, chiller="doe2"), [8.0, 10.0, 12.0]),
        (LIQUID, [22.0, 27.0, 32.0]),
    ):
        power = cooling_power(summer, plant, 800.0, xr.DataArray(setpoints, dims="mode"))["power_kw"]
        assert power.dims == ("mode", "time") and "mode" not in power.coords
        assert np.all(np.diff(power.to_numpy()[:, 0]) < 0.0)


@plants
def test_nodes_members_and_scalars_give_the_same(make_weather, plant, setpoint):
    """(node, time), (member, node, time), a plain array, a scalar and a DataArray: one law, labels kept."""
    north = make_weather(hours=5, temp_air=np.linspace(-10, 30, 5), relative_humidity=40.0)
    south = make_weather(hours=5, temp_air=np.linspace(10, 38, 5), relative_humidity=70.0)
    both = xr.concat([north, south], dim="node").assign_coords(node=["n", "s"])
    members = xr.concat([both, both], dim="member").assign_coords(member=[3, 7])
    single = cooling_power(south, plant, 600.0, setpoint)
    nodes = cooling_power(both, plant, 600.0, setpoint)
    assert nodes["power_kw"].dims == ("node", "time") and nodes["node"].values.tolist() == ["n", "s"]
    heat = xr.DataArray(np.full((2, 2, 5), 600.0), dims=("member", "node", "time"), coords=members["temp_air"].coords)
    whole = cooling_power(members, plant, heat, setpoint)
    assert whole["mode"].dims == ("member", "node", "time") and whole["member"].values.tolist() == [3, 7]
    for name in ("power_kw", "water_l_per_h", "free_share", "mode"):
        wanted = pytest.approx(single[name].to_numpy(), rel=1e-12)
        assert nodes[name].sel(node="s").to_numpy() == wanted
        assert whole[name].sel(node="s", member=7).to_numpy() == wanted
    plain = cooling_power(both, plant, np.full((2, 5), 600.0), setpoint)["power_kw"]
    assert plain.to_numpy() == pytest.approx(nodes["power_kw"].to_numpy(), rel=1e-12)


def test_the_dataset_says_what_it_holds(make_weather):
    result = cooling_power(make_weather(hours=2), WATER, 500.0, 18.0)
    assert {name: result[name].attrs["units"] for name in (*PARTS, "power_kw")} == dict.fromkeys(
        (*PARTS, "power_kw"), "kW"
    )
    assert result["water_l_per_h"].attrs["units"] == "L/h"
    assert result["mode"].dtype == np.int8
    assert result["mode"].attrs["flag_meanings"].split() == list(MODES)
    assert result["mode"].attrs["flag_values"].tolist() == [0, 1, 2, 3, 4]


def test_arrays_broadcast_as_their_rows(make_weather):
    weather = make_weather(hours=6, temp_air=np.linspace(5, 30, 6), relative_humidity=40.0)
    heat = np.array([[200.0], [700.0]]) * np.ones(6)
    together = cooling_power(weather, WATER, heat, 18.0)["power_kw"]
    assert together.shape == (2, 6) and together.dims[-1] == "time"
    one = cooling_power(weather, WATER, 700.0, 18.0)["power_kw"]
    assert together[1].to_numpy() == pytest.approx(one.to_numpy(), rel=1e-14)
    column = cooling_power(weather, WATER, np.array([[200.0], [700.0]]), 18.0)["power_kw"]
    assert column.to_numpy() == pytest.approx(together.to_numpy(), rel=1e-14)


def test_inlet_follows_the_setpoint():
    assert inlet_degc(AIR, 24.0) == inlet_degc(EVAPORATIVE, 24.0) == 24.0
    assert inlet_degc(WATER, 18.0) == inlet_degc(LED, 18.0) == 24.0
    assert inlet_degc(LIQUID, np.array([20.0, 30.0])).tolist() == [24.0, 24.0]
    assert inlet_degc(WARM_LIQUID, 40.0) == 24.0
    meanings = [plant.setpoint_meaning for plant in (AIR, EVAPORATIVE, WATER, LED, LIQUID)]
    assert [text.split()[0] for text in meanings] == ["supply", "supply", "chilled", "chilled", "facility"]


def test_faults_are_named(make_weather):
    weather = make_weather(hours=3)
    with pytest.raises(DataError, match=r"1200\.0 kW of heat.*rated_heat_kw = 1000\.0"):
        cooling_power(weather, AIR, 1200.0, 23.0)
    with pytest.raises(DataError, match="1 values of heat are missing or negative"):
        cooling_power(weather, AIR, -1.0, 23.0)
    with pytest.raises(DataError, match="1 setpoints are missing"):
        cooling_power(weather, AIR, 100.0, float("nan"))
    with pytest.raises(DataError, match="1 values of temp_dew are missing"):
        cooling_power(weather.assign(temp_dew=("time", [1.0, np.nan, 1.0])), AIR, 10.0, 23.0)
    with pytest.raises(DataError, match="shapes that end in"):
        cooling_power(weather, AIR, np.ones(5), 23.0)
    late = xr.DataArray(np.ones(3), dims="time", coords={"time": weather["time"] + np.timedelta64(1, "h")})
    with pytest.raises(DataError, match="Select the same stamps"):
        cooling_power(weather, AIR, late, 23.0)


@pytest.mark.parametrize(
    ("plant", "field", "value"),
    [
        (AIR, "rated_heat_kw", 0.0),
        (AIR, "dew_point_max_degc", -20.0),
        (AIR, "evaporative_eff", 1.2),
        (AIR, "fan_curve", "belt"),
        (AIR, "condensing_reference", "sea"),
        (AIR, "outdoor_max_degc", 99.0),
        (EVAPORATIVE, "dry_eff", 0.99),
        (EVAPORATIVE, "wet_eff", float("nan")),
        (WATER, "chiller", "magic"),
        (WATER, "chiller", "air_cooled_screw"),
        (WATER, "condenser_floor_degc", 2.0),
        (WATER, "chiller_size_ratio", 1.0),
        (WATER, "tower_fan_frac", float("nan")),
        (LED, "tower_range_k", 0.0),
        (WATER, "hx_approach_k", 0.0),
        (LED, "condenser", "sea"),
        (replace(LED, condenser="air"), "chiller", "doe2"),
        (LIQUID, "water_class", "W99"),
        (LIQUID, "liquid_share", 1.0),
        (LIQUID, "air", LIQUID),
        (LIQUID, "air", replace(AIR, rated_heat_kw=100.0)),
        (LIQUID, "cooler_air_rise_k", 20.0),
    ],
)
def test_impossible_plants_are_refused(plant, field, value):
    with pytest.raises(ConfigError, match=f"plant: got {field}="):
        replace(plant, **{field: value})


def test_a_tower_beyond_its_air_is_refused():
    """1 K of approach over 5 K of range asks more than air at 1.2 kg water per kg can carry."""
    with pytest.raises(ConfigError, match=r"tower_range_k=5\.0.*smaller tower_water_air_ratio"):
        replace(LED, tower_approach_k=1.0)
    assert replace(LED, tower_approach_k=1.0, tower_water_air_ratio=0.9).tower_approach_k == 1.0


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
