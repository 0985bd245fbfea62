"""From the servers to the meter: losses, PUE, and the planner's table."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.cooling import AirEconomiserPlant, WaterEconomiserPlant, cooling_power, outdoor_state
from models.electrical import ElectricalPlant, electrical_loss, hall_loss, other_kw
from models.overhead import (
    NodePlant,
    cooling_kw,
    hall_heat_kw,
    it_rating_kw,
    lower_hull,
    overhead_kw,
    overhead_table,
    water_l_per_h,
)
from weather.conventions.errors import ConfigError, DataError

ELECTRICAL = ElectricalPlant(rated_kw=1000.0)
AIR = NodePlant(AirEconomiserPlant(rated_heat_kw=1100.0), ELECTRICAL)
WATER = NodePlant(WaterEconomiserPlant(rated_heat_kw=1100.0), ELECTRICAL)
OLD = NodePlant(WaterEconomiserPlant(rated_heat_kw=1100.0, economiser=False, chiller="doe2"), ELECTRICAL)
node_plants = pytest.mark.parametrize(
    ("plant", "setpoint"), [(AIR, 23.0), (WATER, 18.0), (OLD, 12.0)], ids=["air", "water", "old"]
)


@pytest.mark.parametrize(("load", "efficiency"), [(0.25, 0.944), (0.5, 0.959), (1.0, 0.962)])
def test_one_ups_has_the_usual_efficiency(load, efficiency):
    """Double conversion: 94.4 % at quarter, 95.9 % at half, 96.2 % at full load, cut to a tenth."""
    single = replace(ELECTRICAL, ups_modules_share=1.0, distribution_frac=0.0)
    it = 1000.0 * load
    assert it / (it + hall_loss(it, single)) == pytest.approx(efficiency, abs=1e-3)


def test_2n_is_two_systems_at_half_load():
    """Each system sees half the load; together they lose twice what one loses there."""
    single = replace(ELECTRICAL, ups_modules_share=1.0, distribution_frac=0.0)
    double = replace(ELECTRICAL, distribution_frac=0.0)
    assert hall_loss(600.0, double) == pytest.approx(2.0 * hall_loss(300.0, single))


def test_electrical_loss_by_hand_and_at_no_load():
    ups = 2000.0 * (0.010 + 0.015 * 0.25 + 0.015 * 0.0625)
    transformer = 1000.0 * (0.0018 + 0.010 * 0.25)
    assert electrical_loss(500.0, ELECTRICAL) == pytest.approx(ups + transformer + 5.0)
    assert electrical_loss(0.0, ELECTRICAL) == pytest.approx(20.0 + 1.8)
    assert other_kw(ELECTRICAL) == pytest.approx(5.0)


@pytest.mark.parametrize(("rated_heat", "binds"), [(1100.0, "electrical"), (900.0, "heat"), (20.0, "losses")])
def test_the_it_rating_is_what_hall_and_electrics_carry(rated_heat, binds):
    plant = NodePlant(AirEconomiserPlant(rated_heat_kw=rated_heat), ELECTRICAL)
    rating = it_rating_kw(plant)
    if binds == "electrical":
        assert rating == 1000.0 and hall_heat_kw(rating, plant) < rated_heat
    elif binds == "heat":
        assert hall_heat_kw(rating, plant) == pytest.approx(rated_heat, rel=1e-12)
        assert rating < 0.97 * rated_heat
    else:
        assert rating == pytest.approx(0.0, abs=1e-9)  # what the idle hall loses is more than that


def test_impossible_electrical_plants_are_refused():
    for bad in (
        {"rated_kw": 0.0},
        {"ups_modules_share": 0.0},
        {"distribution_frac": -0.1},
        {"ups_loss": (0.1, 0.1)},
    ):
        with pytest.raises(ConfigError, match="electrical plant"):
            replace(ELECTRICAL, **bad)


@node_plants
def test_overhead_is_the_sum_of_its_parts_and_losses_are_cooled(make_weather, plant, setpoint):
    weather = make_weather(hours=3, temp_air=[0.0, 20.0, 35.0])
    it = 600.0
    heat = it + hall_loss(it, ELECTRICAL) + other_kw(ELECTRICAL)
    assert hall_heat_kw(it, plant) == pytest.approx(heat)
    cooling = cooling_power(weather, plant.cooling, heat, setpoint)
    total = overhead_kw(weather, plant, it, setpoint).to_numpy()
    parts = cooling["power_kw"].to_numpy() + electrical_loss(it, ELECTRICAL) + other_kw(ELECTRICAL)
    assert total == pytest.approx(parts, abs=1e-9)
    assert cooling_kw(weather, plant, it, setpoint).to_numpy() == pytest.approx(
        cooling["power_kw"].to_numpy()
    )
    assert water_l_per_h(weather, plant, it, setpoint).to_numpy() == pytest.approx(
        cooling["water_l_per_h"].to_numpy()
    )


@given(it=st.floats(1.0, 1000.0), temp=st.floats(-30, 42), humidity=st.floats(3, 100))
@node_plants
def test_pue_is_above_one(make_weather, plant, setpoint, it, temp, humidity):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    pue = 1.0 + overhead_kw(weather, plant, it, setpoint).to_numpy() / it
    # Losses of the chain alone leave at least 4 %; nothing sensible passes 2 above half load.
    assert np.all(pue >= 1.04)
    assert it < 500.0 or np.all(pue < 1.6)


def test_lower_hull_of_convex_points_is_themselves_and_of_others_is_below():
    knots = np.array([0.0, 1.0, 3.0, 4.0])
    convex = knots**2
    assert lower_hull(knots, convex) == pytest.approx(convex, abs=0.0)
    assert lower_hull(knots, np.sqrt(knots)) == pytest.approx(knots / 2.0)


@given(values=st.lists(st.floats(-100, 100), min_size=3, max_size=7))
def test_lower_hull_is_convex_below_and_touches_the_ends(values):
    knots = np.cumsum(1.0 + np.arange(len(values)) % 3)
    points = np.array(values)
    hull = lower_hull(knots, points)
    assert np.all(hull <= points)
    assert hull[0] == points[0] and hull[-1] == points[-1]
    slopes = np.diff(hull) / np.diff(knots)
    assert all(left <= right + 1e-9 for left, right in pairwise(slopes))
    assert lower_hull(knots, hull) == pytest.approx(hull, abs=1e-9)


@node_plants
def test_table_is_the_truth_at_the_knots_up_to_the_hull(make_weather, plant, setpoint):
    weather = make_weather(hours=6, temp_air=np.linspace(-10, 35, 6), relative_humidity=45.0)
    knots = [50.0, 200.0, 450.0, 700.0, 1000.0]
    setpoints = [setpoint - 2.0, setpoint, setpoint + 2.0]
    table = overhead_table(weather, plant, setpoints_degc=setpoints, it_knots_kw=knots)
    assert table["overhead_kw"].dims == ("mode", "knot", "time")
    error = float(table["convexification_error_kw"])
    below = 0.0
    for mode, degc in enumerate(setpoints):
        for knot, it in enumerate(knots):
            truth = overhead_kw(weather, plant, it, degc).to_numpy()
            gap = truth - table["overhead_kw"][mode, knot].to_numpy()
            assert np.all(gap >= -1e-9) and np.all(gap <= error + 1e-9)
            below = max(below, gap.max())
    assert below == pytest.approx(error, abs=1e-9)
    assert error < 0.005 * 1000.0
    slopes = table["overhead_kw"].diff("knot").to_numpy() / np.diff(knots)[None, :, None]
    assert np.all(np.diff(slopes, axis=1) >= -1e-9)


def test_coarse_knots_of_cycling_chillers_leave_a_stated_error(make_weather):
    """One chiller cycling below a fifth of its load is not convex: the table says by how much it lies."""
    one = replace(OLD, cooling=replace(OLD.cooling, chiller_count=1))
    weather = make_weather(hours=2, temp_air=25.0)
    table = overhead_table(weather, one, setpoints_degc=[12.0], it_knots_kw=np.linspace(10.0, 1000.0, 30))
    assert 1.0 < float(table["convexification_error_kw"]) < 30.0


def test_precomputed_wet_bulb_changes_nothing(make_weather):
    weather = make_weather(hours=4, temp_air=np.linspace(0, 30, 4))
    direct = overhead_kw(weather, WATER, 500.0, 18.0).to_numpy()
    assert overhead_kw(outdoor_state(weather), WATER, 500.0, 18.0).to_numpy() == pytest.approx(
        direct, abs=0.0
    )


def test_nodes_keep_their_axis(make_weather):
    north = make_weather(hours=4, temp_air=10.0)
    south = make_weather(hours=4, temp_air=30.0, relative_humidity=80.0)
    both = xr.concat([north, south], dim="node")
    total = overhead_kw(both, WATER, 500.0, 18.0)
    assert total.dims == ("node", "time") and total.attrs["units"] == "kW"
    modes = overhead_kw(both, WATER, 500.0, xr.DataArray([17.0, 18.0], dims="mode"))
    assert modes.dims == ("node", "mode", "time")
    assert modes[1, 1].to_numpy() == pytest.approx(total[1].to_numpy())
    assert total[1].to_numpy() == pytest.approx(overhead_kw(south, WATER, 500.0, 18.0).to_numpy())


def test_faults_are_named(make_weather):
    weather = make_weather(hours=2)
    with pytest.raises(ConfigError, match="ascending"):
        overhead_table(weather, AIR, setpoints_degc=[23.0], it_knots_kw=[100.0, 100.0])
    with pytest.raises(DataError, match="IT power are missing or negative"):
        overhead_kw(weather, AIR, -5.0, 23.0)
    with pytest.raises(DataError, match="rated_heat_kw"):
        overhead_kw(weather, AIR, 2000.0, 23.0)


def test_year_on_the_embedded_climate_lands_where_such_halls_do():
    """Economiser 1.11-1.2 a year in the dry cold climate; chiller-led 1.2-1.29, and 1.22-1.32 in July."""
    from weather import load_nodes, open_weather

    node = load_nodes()["zhongwei"]
    time = np.datetime64("2025-12-31T16:00", "ns") + np.arange(8760) * np.timedelta64(1, "h")
    weather = outdoor_state(open_weather({"zhongwei": "climate"}, [node], time=time, seed=1).isel(node=0))
    july = (weather["time"] + np.timedelta64(8, "h")).dt.month == 7
    led = replace(WATER, cooling=replace(WATER.cooling, economiser=False))
    for plant, setpoint, low, high in (
        (AIR, 23.0, 1.11, 1.17),
        (WATER, 18.0, 1.12, 1.20),
        (led, 12.0, 1.20, 1.29),
    ):
        overhead = overhead_kw(weather, plant, 650.0, setpoint)
        annual = 1.0 + float(overhead.mean()) / 650.0
        in_july = 1.0 + float(overhead.where(july, drop=True).mean()) / 650.0
        assert low <= annual <= high
        assert annual < in_july <= 1.32
        if plant is led:
            assert in_july >= 1.22
