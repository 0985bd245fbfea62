"""Cooling plants: the laws every one must keep, the Dataset, faults."""

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
    cooling_power,
    inlet_degc,
    outdoor_state,
)
from models.cooling.evaporative import sprays_above_degc
from models.cooling.liquid import pads_above_degc
from models.cooling.outdoor import Outdoor
from weather.conventions.errors import ConfigError, DataError

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
    "evaporative_dry": (replace(EVAPORATIVE, wet_above_degc=60.0), 24.0),
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
SPRAYS_SAVE = (
    0.0153  # kW/kW the faster dry fans take just below the start: 0.0152 indirect, 0.0090 liquid, at full heat
)


def modes(result: xr.Dataset) -> list[str]:
    return [MODES[code] for code in result["mode"].to_numpy().ravel()]


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
    colder, starts = (
        bool(pair[0]) for pair in (_cools(outdoor_state(weather)), _starts(outdoor_state(weather), plant))
    )
    more = SPRAYS_SAVE * heat if starts else 0.0
    assert not colder or cooler <= warmer * (1 + slack(plant, heat)) + more + 1e-9


def _pairs(state: xr.Dataset, name: str) -> np.ndarray:
    return state[name].to_numpy().reshape(-1, 2)


def _cools(state: xr.Dataset) -> np.ndarray:
    """Pairs (of neighbours in time) whose cooler hour has the colder wet bulb too: at one humidity all but those about
    0 degC, where a wet bulb on ASHRAE's ice branch lies up to 0.8 K below one on its water branch."""
    wet = _pairs(state, "wet_bulb")
    return wet[:, 0] <= wet[:, 1]


def _starts(state: xr.Dataset, plant) -> np.ndarray:
    """Pairs between which sprays or pads start."""
    if isinstance(plant, LiquidCooledPlant):
        start = float(pads_above_degc(plant)) if plant.adiabatic_eff > 0.0 else np.inf
    elif isinstance(plant, IndirectEvaporativePlant):
        start = sprays_above_degc(plant, Outdoor(*(_pairs(state, name)[:, 0] for name in Outdoor.__slots__)))
    else:
        start = np.inf
    temp = _pairs(state, "temp_air")
    return (temp[:, 0] <= start) & (temp[:, 1] > start)


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
    colder, starts = _cools(weather), _starts(weather, plant)
    more = SPRAYS_SAVE * heat[::2] * starts
    assert np.all(~colder | (by_temp[:, 0] <= by_temp[:, 1] * (1 + slack(plant, heat[::2])) + more + 1e-9))
    assert colder.mean() > 0.999 and np.mean(by_temp[:, 0] > by_temp[:, 1] * 1.002) < 0.02
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
    with pytest.raises(ConfigError, match=f"plant: got {field}(=| with)"):
        replace(plant, **{field: value})


def test_a_tower_beyond_its_air_is_refused():
    """1 K of approach over 5 K of range asks more than air at 1.2 kg water per kg can carry."""
    with pytest.raises(ConfigError, match=r"tower_range_k=5\.0.*smaller tower_water_air_ratio"):
        replace(LED, tower_approach_k=1.0)
    assert replace(LED, tower_approach_k=1.0, tower_water_air_ratio=0.9).tower_approach_k == 1.0
