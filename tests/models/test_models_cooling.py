"""Cooling: published chiller figures, and the laws every plant must keep."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from models.cooling import (
    AirEconomiserPlant,
    WaterEconomiserPlant,
    cooling_power,
    inlet_degc,
    outdoor_state,
)
from models.cooling.chiller import carnot_cop, doe2_cop, doe2_power
from models.cooling.fans import fan_curve, hall_air
from models.cooling.outdoor import humidity_ratio
from models.cooling.tower import make_up_water, tower_fan_ratio, tower_water
from weather.conventions.errors import ConfigError, DataError

AIR = AirEconomiserPlant(rated_heat_kw=1000.0)
WATER = WaterEconomiserPlant(rated_heat_kw=1000.0)
OLD = replace(WATER, economiser=False, chiller="doe2")
PLANTS = {
    "air": (AIR, 23.0),
    "air_no_pad": (replace(AIR, evaporative_eff=0.0), 23.0),
    "water": (WATER, 18.0),
    "water_doe2": (replace(WATER, chiller="doe2"), 11.0),
    "chiller_led": (replace(WATER, economiser=False), 12.0),
    "old": (OLD, 12.0),
}
plants = pytest.mark.parametrize(("plant", "setpoint"), PLANTS.values(), ids=PLANTS.keys())


@pytest.mark.parametrize(
    ("chilled", "condenser", "plr", "cop"),
    [
        (7, 20, 1.0, 6.756),
        (10, 26.67, 1.0, 6.390),
        (10, 20, 0.8, 8.263),
        (12, 18, 0.6, 10.331),
        (12.78, 12.78, 0.5, 11.854),
    ],
)
def test_doe2_chiller_reference_cops(chilled, condenser, plr, cop):
    """EnergyPlus data set Chillers.idf, 1143 kW centrifugal with variable-speed drive."""
    assert doe2_cop(chilled, condenser, plr) == pytest.approx(cop, abs=5e-4)


def test_doe2_is_clamped_to_its_range():
    assert doe2_cop(18.0, 20.0, 1.0) == doe2_cop(12.78, 20.0, 1.0)
    assert doe2_cop(10.0, 5.0, 1.0) == doe2_cop(10.0, 12.78, 1.0)


def test_one_chiller_at_full_load_draws_heat_over_cop():
    capacity = 1000.0  # CAPFT at (10, 26.67) is within 3 % of 1
    power = doe2_power(capacity, 10.0, 26.67, reference_kw=1000.0, count=1)
    assert power == pytest.approx(capacity / doe2_cop(10.0, 26.67, 1.0), rel=0.03)


@given(low=st.floats(0, 1000), high=st.floats(0, 1000), condenser=st.floats(5, 35), count=st.integers(1, 6))
def test_staged_chillers_draw_more_for_more_heat(low, high, condenser, count):
    assume(low <= high)
    powers = doe2_power(np.array([low, high]), 10.0, condenser, reference_kw=1250.0, count=count)
    assert powers[0] <= powers[1] * (1 + 1e-12) + 1e-12


def test_carnot_fraction_by_hand_and_its_cap():
    assert carnot_cop(16.5, 26.5, carnot_eff=0.5, cop_max=99.0) == pytest.approx(0.5 * 289.65 / 10.0)
    assert carnot_cop(16.5, 10.0, carnot_eff=0.5, cop_max=15.0) == 15.0


def test_fan_and_tower_curves_at_published_points():
    """Coefficient sums of the two EnergyPlus curves, and the floor and approach of the tower."""
    assert fan_curve(1.0) == pytest.approx(0.9898)
    assert fan_curve(0.0) == pytest.approx(0.3507)
    assert tower_fan_ratio(1.0, 4.0, approach_k=4.0) == pytest.approx(1.0)
    assert tower_fan_ratio(1.0, 8.0, approach_k=4.0) == pytest.approx(
        -0.0093 + 0.0512 / 2 - 0.0838 / 4 + 1.0419 / 8
    )
    assert tower_fan_ratio(0.0, 4.0, approach_k=4.0) == 0.0
    assert tower_water(-20.0, approach_k=4.0, floor_degc=5.0) == 5.0
    assert 1.41 <= make_up_water(1.0, latent_share=0.8, cycles=5.0) <= 1.49


def test_fan_power_by_hand_and_thin_air():
    """dp / (eta rho cp dT) at rated flow; +16 % at 1,226 m at fixed pressure."""
    common = {
        "rated_heat_kw": 1000.0,
        "delta_k": 12.0,
        "fan_pressure_pa": 300.0,
        "fan_eff": 0.65,
        "fan_min_flow": 0.4,
        "supply_degc": 22.0,
    }
    flow, fan = hall_air(1000.0, pressure=101325.0, **common)
    density = 101325.0 / (287.058 * 295.15)
    assert flow == pytest.approx(1000.0 / (1.006 * 12.0))
    assert fan == pytest.approx(0.9898 * 300.0 / (0.65 * density * 1006.0 * 12.0) * 1000.0)
    _, high = hall_air(1000.0, pressure=87438.0, **common)
    assert high / fan == pytest.approx(1.1588, abs=1e-4)
    idle_flow, _ = hall_air(10.0, pressure=101325.0, **common)
    assert idle_flow == pytest.approx(0.4 * flow)


def test_humidity_ratio_of_saturated_air():
    """ASHRAE Fundamentals 2017 ch. 1 table 2: saturated air at 20 degC and 101325 Pa, 0.014761 kg/kg."""
    assert humidity_ratio(20.0, 101325.0) == pytest.approx(0.014761, rel=7e-3)


def test_air_side_regimes(make_weather):
    """Cold: mixed, free. Warm and dry: pad, free, drinks. Warmer: trimmed. Damp: closed."""
    weather = make_weather(
        hours=4, temp_air=[0.0, 28.0, 40.0, 28.0], relative_humidity=np.array([60.0, 20.0, 10.0, 75.0])
    )
    result = cooling_power(weather, AIR, 800.0, 23.0)
    free = result["free_share"].to_numpy()
    assert free[0] == free[1] == 1.0
    assert 0.5 < free[2] < 1.0
    assert free[3] == pytest.approx(0.0, abs=1e-12)
    water = result["water_l_per_h"].to_numpy()
    assert water[0] == 0.0 and water[1] > 100.0 and water[3] == 0.0
    power = result["power_kw"].to_numpy()
    assert power[0] == pytest.approx(power[1])
    assert power[0] < power[2] < power[3]


def test_pad_water_carries_the_heat_it_should(make_weather):
    """All heat at 28 degC is rejected in outside air; the pad evaporates what cools 28 to the target."""
    weather = make_weather(hours=2, temp_air=28.0, relative_humidity=20.0)
    result = cooling_power(weather, AIR, 1000.0, 23.0)
    fan = result["power_kw"].to_numpy()[0]
    flow = 1000.0 / (1.006 * 12.0)
    target = 23.0 - fan / (flow * 1.006)
    evaporated = flow * 1.006 * (28.0 - target) / 2450.0 * 3600.0
    assert result["water_l_per_h"].to_numpy()[0] == pytest.approx(evaporated * 5 / 4, rel=1e-9)


def test_dry_frost_is_moistened(make_weather):
    dry = make_weather(hours=2, temp_air=-20.0, relative_humidity=50.0)
    assert float(cooling_power(dry, AIR, 800.0, 23.0)["water_l_per_h"][0]) > 0.0


def test_water_side_regimes(make_weather):
    """Full free cooling while wet bulb + 4 + 2 <= 18, none once it passes the return of 24."""
    from weather.derive import relative_humidity_from_dew

    weather = make_weather(hours=4, temp_air=30.0, relative_humidity=50.0)
    wet = xr.DataArray([5.0, 12.0, 15.0, 18.5], dims="time", coords={"time": weather["time"]})
    state = outdoor_state(weather).assign(wet_bulb=wet)
    free = cooling_power(state, WATER, 800.0, 18.0)["free_share"].to_numpy()
    assert free == pytest.approx([1.0, 1.0, 0.5, 0.0])
    assert relative_humidity_from_dew(20.0, 20.0) == 100.0


def test_chiller_led_hall_never_cools_free(make_weather):
    cold = make_weather(hours=2, temp_air=-15.0, relative_humidity=60.0)
    for plant, setpoint in ((OLD, 12.0), (replace(AIR, economiser=False), 23.0)):
        assert np.all(np.abs(cooling_power(cold, plant, 500.0, setpoint)["free_share"].to_numpy()) < 1e-12)


@given(
    temp=st.floats(-25, 42),
    humidity=st.tuples(st.floats(3, 100), st.floats(3, 100)),
    heat=st.floats(0, 1000),
)
@plants
def test_power_does_not_rise_as_the_wet_bulb_falls(make_weather, plant, setpoint, temp, humidity, heat):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=np.sort(humidity))
    drier, wetter = cooling_power(weather, plant, heat, setpoint)["power_kw"].to_numpy()
    assert drier <= wetter * (1 + 1e-9)


@given(
    temps=st.tuples(st.floats(-25, 42), st.floats(-25, 42)),
    humidity=st.floats(5, 95),
    heat=st.floats(0, 1000),
)
@plants
def test_power_does_not_rise_as_the_day_cools(make_weather, plant, setpoint, temps, humidity, heat):
    weather = make_weather(hours=2, temp_air=np.sort(temps), relative_humidity=humidity)
    cooler, warmer = cooling_power(weather, plant, heat, setpoint)["power_kw"].to_numpy()
    assert cooler <= warmer * (1 + 1e-9)


@given(temp=st.floats(-25, 42), humidity=st.floats(3, 100), heat=st.floats(0, 1000))
@plants
def test_economiser_is_never_dearer_than_the_chiller(make_weather, plant, setpoint, temp, humidity, heat):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    free = cooling_power(weather, replace(plant, economiser=True), heat, setpoint)
    led = cooling_power(weather, replace(plant, economiser=False), heat, setpoint)
    assert np.all(free["power_kw"].to_numpy() <= led["power_kw"].to_numpy() * (1 + 1e-12))
    for name in ("power_kw", "water_l_per_h"):
        assert np.all(free[name].to_numpy() >= 0.0)
    share = free["free_share"].to_numpy()
    assert np.all((share >= -1e-12) & (share <= 1.0))


@given(
    heats=st.tuples(st.floats(0, 1000), st.floats(0, 1000)),
    temp=st.floats(-25, 42),
    humidity=st.floats(5, 95),
)
@plants
def test_more_heat_takes_more_power(make_weather, plant, setpoint, heats, temp, humidity):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    low, high = (
        cooling_power(weather, plant, heat, setpoint)["power_kw"].to_numpy()[0] for heat in sorted(heats)
    )
    assert low <= high * (1 + 1e-9)


def test_warmer_setpoint_is_cheaper_in_summer(make_weather):
    summer = make_weather(hours=2, temp_air=32.0, relative_humidity=45.0)
    for plant, setpoints in (
        (AIR, [19.0, 23.0, 27.0]),
        (WATER, [14.0, 18.0, 22.0]),
        (OLD, [8.0, 10.0, 12.0]),
    ):
        power = cooling_power(summer, plant, 800.0, xr.DataArray(setpoints, dims="mode"))["power_kw"]
        assert power.dims == ("mode", "time")
        assert np.all(np.diff(power.to_numpy()[:, 0]) < 0.0)


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
    assert inlet_degc(AIR, 24.0) == 24.0
    assert inlet_degc(WATER, 18.0) == 18.0 + WATER.air_approach_k
    assert "supply air" in AIR.setpoint_meaning and "chilled water" in WATER.setpoint_meaning


def test_faults_are_named(make_weather):
    weather = make_weather(hours=3)
    with pytest.raises(DataError, match=r"1200\.0 kW of heat.*rated_heat_kw = 1000\.0"):
        cooling_power(weather, AIR, 1200.0, 23.0)
    with pytest.raises(DataError, match="1 values of heat are missing or negative"):
        cooling_power(weather, AIR, -1.0, 23.0)
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
        (WATER, "chiller", "magic"),
        (WATER, "condenser_floor_degc", 2.0),
        (WATER, "chiller_size_ratio", 1.0),
        (WATER, "tower_fan_frac", float("nan")),
    ],
)
def test_impossible_plants_are_refused(plant, field, value):
    with pytest.raises(ConfigError, match=field):
        replace(plant, **{field: value})
