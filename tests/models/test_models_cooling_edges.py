"""Cooling parts beyond their ratings and fits: what must go on rising, what must not fall."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from models.cooling import (
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    coolant_degc,
    cooling_power,
    outdoor_state,
)
from models.cooling.checks import _RANGES
from models.cooling.chilled import WATER_LIFT_LOSS_K, compressor_kw, pump_kw, tower_of, tower_state
from models.cooling.chiller import carnot_cop, doe2_cop, doe2_power, load_chiller
from models.cooling.exchanger import counterflow_effectiveness
from models.cooling.outdoor import Outdoor
from models.cooling.tower import tower_water
from weather.conventions.errors import ConfigError, DataError

LED, WATER = ChillerPlant(rated_heat_kw=1000.0), WaterEconomiserPlant(rated_heat_kw=1000.0)
AIR, INDIRECT = AirEconomiserPlant(rated_heat_kw=1000.0), IndirectEvaporativePlant(rated_heat_kw=1000.0)
LIQUID = LiquidCooledPlant(rated_heat_kw=1000.0, air=LED)
# a liquid plant's water warms by 2 to 30 K
OWN_RANGES = {("water_range_k", LiquidCooledPlant)}
DOE2, SCREW = load_chiller("doe2"), load_chiller("air_cooled_screw")


def _power(heat, chilled, condenser, curves):
    return np.asarray(doe2_power(heat, chilled, condenser, reference_kw=1250.0, count=4, curves=curves))


@pytest.mark.parametrize(("machine", "chilled"), [(DOE2, 7.22), (DOE2, 12.78), (SCREW, 5.0), (SCREW, 10.0)])
def test_power_goes_on_rising_above_the_warm_edge(machine, chilled):
    """Straight on: near the edge as steep as just below it, and never flat."""
    edge = machine.condenser_range_degc[1]
    power = _power(900.0, chilled, edge + np.arange(-0.5, 10.0, 0.5), machine)
    steps = np.diff(power)
    assert np.all(steps > 0.8 * steps[0])
    assert steps[1] == pytest.approx(steps[0], rel=0.08)


@pytest.mark.parametrize(
    ("condenser", "held", "quadratic"), [(29.0, 0.07, 0.004), (31.0, 0.13, 0.014), (33.0, 0.19, 0.032)]
)
def test_the_straight_line_against_the_held_edge_and_the_quadratic(condenser, held, quadratic):
    """The figures of `doe2_cop`: the worst over chilled water and loads."""
    chilled, heat = np.meshgrid(np.linspace(7.22, 12.78, 8), np.linspace(400.0, 1000.0, 7))
    ours = _power(heat, chilled, condenser, DOE2)
    flat = _power(heat, chilled, condenser, replace(DOE2, beyond_range="hold")) / ours - 1.0
    further = ours / _power(heat, chilled, condenser, replace(DOE2, condenser_range_degc=(12.78, 60.0))) - 1.0
    assert flat.min() == pytest.approx(-held, abs=0.006) and flat.max() < 0.0
    assert further.min() == pytest.approx(-quadratic, abs=0.002) and further.max() <= 0.0


def test_edge_slopes_by_hand():
    """At 10 and 30 degC: the edge's value and c4 + 2 c5 26.67 + c6 10 per kelvin; CAPFT likewise, one machine full."""

    def straight(c):
        at_edge = c[0] + 10 * c[1] + 100 * c[2] + 26.67 * c[3] + 26.67**2 * c[4] + 266.7 * c[5]
        return at_edge + 3.33 * (c[3] + 2 * c[4] * 26.67 + 10 * c[5])

    eir, cap = straight(DOE2.eirft), straight(DOE2.capft)
    full = sum(DOE2.eirfplr)
    assert float(doe2_cop(10.0, 30.0, 1.0)) == pytest.approx(6.57 / (eir * full), rel=1e-12)
    power = doe2_power(1000.0 * cap, 10.0, 30.0, reference_kw=1000.0, count=1)
    assert float(power) == pytest.approx(1000.0 * cap * eir * full / 6.57, rel=1e-12)


def test_the_cold_side_of_the_condenser_and_warm_water_are_held():
    assert doe2_cop(10.0, 5.0, 0.7) == doe2_cop(10.0, 12.78, 0.7)
    assert doe2_cop(20.0, 20.0, 0.7) == doe2_cop(12.78, 20.0, 0.7)
    assert doe2_cop(5.0, 20.0, 0.7) < doe2_cop(7.22, 20.0, 0.7) * 0.99


def test_a_slope_of_the_wrong_sign_is_held():
    """The screw's fit takes more power for warmer water in mild air; below its cold edge that must not help."""
    assert doe2_cop(3.0, 29.44, 1.0, curves=SCREW) == doe2_cop(4.44, 29.44, 1.0, curves=SCREW)
    assert doe2_cop(3.0, 46.11, 1.0, curves=SCREW) < doe2_cop(4.44, 46.11, 1.0, curves=SCREW)


def test_above_the_largest_part_load_power_grows_faster_than_heat():
    heat = np.array([1000.0, 1150.0, 1300.0])
    cost = _power(heat, 10.0, 26.67, replace(DOE2, plr_max=1.0)) / heat
    assert np.all(np.diff(cost) > 0.0)
    assert cost == pytest.approx(_power(heat, 10.0, 26.67, DOE2) / heat, rel=1e-12)


def test_curves_without_capacity_are_refused():
    with pytest.raises(DataError, match=r"in 1 values chiller 'centrifugal.*no capacity left"):
        doe2_cop(10.0, np.array([30.0, 120.0]), 0.8)
    with pytest.raises(ConfigError, match=r"beyond_range='flat', allowed 'slope' or 'hold'"):
        replace(DOE2, beyond_range="flat")


def _at_wet_bulb(make_weather, wet):
    """A warm day's air with its wet bulb set."""
    state = outdoor_state(make_weather(hours=1, temp_air=34.0, relative_humidity=50.0))
    return state.assign(wet_bulb=state["wet_bulb"] * 0.0 + wet)


def test_beyond_its_rating_a_tower_has_no_more_air_than_full_fans_give(make_weather):
    """Heat 1.15 of what the tower is built for: fans stand at full, the water comes as 1 / 1.15 of the air lets it."""
    small = replace(LED, rejected_over_heat=1.0, tower_fan_frac=0.02)
    day = _at_wet_bulb(make_weather, 22.0)
    result = cooling_power(day, small, 950.0, 12.0).isel(time=0)
    load = 950.0 + float(result["fan_kw"]) + float(pump_kw(small, 0.016, 0.95))
    over = (load + float(result["compressor_kw"])) / 1000.0
    assert 1.1 < over < 1.2
    water, _ = tower_water(
        tower_of(small), range_k=5.0, air_per_water=1.0 / over, wet_bulb=22.0, pressure=float(day["pressure"][0])
    )
    assert float(water) - 26.0 > 0.5
    assert float(result["compressor_kw"]) == pytest.approx(float(compressor_kw(small, load, 12.0, water)), rel=2e-4)
    assert float(result["tower_kw"]) == pytest.approx(20.0, rel=1e-3)


@pytest.mark.parametrize(("most", "used"), [(1.0, 1.0), (2.4, 2.4), (4.5, 2.5), (20.0, 2.5)])
def test_little_water_does_not_make_a_better_tower_than_the_fill_allows(most, used):
    """Fans at full on a least flow of 5 % are 20 of the rated air per water: the fill gets 2.5, the fans slow."""
    air = Outdoor(*(np.array([value]) for value in (34.0, 20.0, 15.0, 95_000.0)))
    water, flow, _ = tower_state(WATER, air, range_k=5.0, most_air=most, coldest_degc=5.0)
    wanted, _ = tower_water(tower_of(WATER), range_k=5.0, air_per_water=used, wet_bulb=20.0, pressure=95_000.0)
    assert flow == pytest.approx([used]) and water == pytest.approx([float(wanted)], rel=1e-12)
    unwetted, _ = tower_water(tower_of(WATER), range_k=5.0, air_per_water=most, wet_bulb=20.0, pressure=95_000.0)
    assert (float(water[0]) > float(unwetted) + 0.3) == (most > 2.5)


def test_coolant_by_the_exchanger_law():
    """eps = NTU / (1 + NTU) at equal capacity rates: 4 K over 10 K of range is NTU 2.5; x 2**0.3 at half the flows."""
    air = ChillerPlant(rated_heat_kw=300.0)
    hall = LiquidCooledPlant(rated_heat_kw=1000.0, air=air)
    eps = counterflow_effectiveness(2.5 * 2.0**0.3, 1.0)
    assert coolant_degc(hall, 32.0, 0.5) == pytest.approx(32.0 + 10.0 / float(eps) - 10.0, rel=1e-12)
    loads = np.array([0.0, 0.1, 0.2, 1.0])
    above = coolant_degc(hall, np.full(4, 30.0), loads) - 30.0
    assert above[[0, 3]] == pytest.approx([0.0, 4.0]) and above[1] == pytest.approx(above[2] / 2.0, rel=1e-12)
    constant_ua = replace(hall, cdu_flow_exponent=0.0)
    assert coolant_degc(constant_ua, 32.0, 0.5) == pytest.approx(34.0)
    with pytest.raises(ConfigError, match=r"cdu_flow_exponent=1\.5, allowed 0 to 1"):
        replace(hall, cdu_flow_exponent=1.5)


def test_an_air_plant_too_small_for_its_share_is_told_in_figures():
    with pytest.raises(ConfigError) as caught:
        LiquidCooledPlant(rated_heat_kw=1000.0, air=ChillerPlant(rated_heat_kw=200.0))
    text = str(caught.value)
    assert "air with rated_heat_kw=200, allowed 250 or more" in text and "liquid_share=0.75" in text
    assert "ChillerPlant(" not in text and len(text) < 250


def test_dims_come_out_in_canonical_order(make_weather):
    """Weather of two nodes, heat of three members, setpoints of two modes: member, node, mode, time, each as alone."""
    places = [make_weather(hours=4, temp_air=np.linspace(low, low + 25.0, 4)) for low in (-5.0, 10.0)]
    weather = xr.concat(places, dim="node").assign_coords(node=["n", "s"])
    heats = np.linspace(200.0, 900.0, 24).reshape(3, 2, 4)
    heat = xr.DataArray(heats, dims=("member", "node", "time"), coords={"member": [3, 5, 7], "node": ["n", "s"]})
    setpoints = xr.DataArray([14.0, 18.0], dims="mode", coords={"mode": ["cold", "warm"]})
    result = cooling_power(weather, WATER, heat, setpoints)
    assert result["power_kw"].dims == result["cooling_mode"].dims == ("member", "node", "mode", "time")
    assert cooling_power(weather, WATER, heat, 18.0)["power_kw"].dims == ("member", "node", "time")
    alone = cooling_power(places[1], WATER, heats[2, 1], 18.0)["power_kw"]
    assert result["power_kw"].sel(member=7, node="s", mode="warm").to_numpy() == pytest.approx(alone.to_numpy())
    turned = cooling_power(places[0], WATER, heat.transpose("time", "node", "member"), setpoints)
    assert turned["power_kw"].dims == ("member", "node", "mode", "time")
    knots = xr.DataArray([300.0, 600.0], dims="knot")
    assert cooling_power(weather, WATER, knots, setpoints)["power_kw"].dims == ("node", "mode", "knot", "time")
    plain = cooling_power(weather, WATER, heats, 18.0)["power_kw"]
    assert plain.dims == ("dim_0", "node", "time")
    places = weather.rename(node="site")
    assert cooling_power(places, WATER, 500.0, setpoints)["power_kw"].dims == ("site", "mode", "time")


def test_the_screws_setpoints_stand_in_reverse_in_mild_air():
    """What its row and `load_chiller` warn of: more power for warmer water up to 30 degC, less only from 34 degC on."""
    water = np.array([4.5, 5.5, 8.9, 9.9])

    def by_kelvin(air):
        return np.log(_power(700.0, water, air, SCREW))[[1, 3]] - np.log(_power(700.0, water, air, SCREW))[[0, 2]]

    assert np.all(by_kelvin(29.44) > 0.005) and np.all(by_kelvin(29.44) < 0.011)
    assert np.all(by_kelvin(10.0) == by_kelvin(29.44)) and np.all(by_kelvin(35.0) < 0.0)


def test_the_default_fraction_of_carnot_at_constant_heat():
    """The centrifugal machine at 700 of 1,250 kW: 16 % of COP at worst, 5 % rms; other losses are worse."""
    chilled, condenser = np.meshgrid(np.linspace(7.22, 12.78, 12), np.linspace(12.78, 33.0, 12))
    truth = 700.0 / _power(700.0, chilled, condenser, DOE2)
    errors = {}
    for loss in (0.0, WATER_LIFT_LOSS_K, 95.0):
        # a tenth of it, or the share of Carnot's allowed would be met
        tenth = carnot_cop(chilled - 1.5, condenser + 6.5, carnot_eff=0.1, cop_max=99.0, lift_loss_k=loss)
        off = np.log(10.0 * tenth / truth)
        errors[loss] = float(off.std()), float(np.abs(np.expm1(off - off.mean())).max())
        if loss == WATER_LIFT_LOSS_K:
            assert np.exp(-off.mean()) == pytest.approx(0.814, abs=0.003)
    assert errors[WATER_LIFT_LOSS_K] == (pytest.approx(0.048, abs=0.002), pytest.approx(0.147, abs=0.015))
    assert min(errors[0.0][0], errors[95.0][0]) > 1.1 * errors[WATER_LIFT_LOSS_K][0]


def test_warmer_water_saves_what_machines_save():
    """1 K warmer chilled water, 1 K colder condenser water: 2 to 3 % less power of a Carnot machine in summer."""
    known = {"carnot_eff": 0.68, "cop_max": 15.0, "lift_loss_k": WATER_LIFT_LOSS_K}
    base, warmer, colder = (
        float(carnot_cop(10.0 + chilled - 1.5, 25.0 + condenser + 6.5, **known))
        for chilled, condenser in ((0, 0), (1, 0), (0, -1))
    )
    assert 0.02 < warmer / base - 1.0 < 0.03 and 0.018 < colder / base - 1.0 < 0.03


@pytest.mark.parametrize("plant", [LED, WATER, AIR, INDIRECT, LIQUID], ids=lambda plant: type(plant).__name__)
def test_every_shared_range_is_held_by_every_plant_with_the_field(plant):
    """Just beyond either end is refused by name, both ends are not refused for that field."""
    for name, (low, high) in _RANGES.items():
        if not hasattr(plant, name) or (name, type(plant)) in OWN_RANGES:
            continue
        step = 1 if name == "chiller_count" else 1e-6
        for value in (low - step, high + step, float("nan")):
            with pytest.raises(ConfigError, match=f"plant: got {name}="):
                replace(plant, **{name: value})
        for value in (low, high):
            try:
                replace(plant, **{name: value})
            except ConfigError as error:  # another field's limit may hang on this one
                assert f"got {name}=" not in str(error)
