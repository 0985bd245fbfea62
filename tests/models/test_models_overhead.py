"""From the servers to the meter: losses, PUE, and the planner's table."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.cooling import AirEconomiserPlant, WaterEconomiserPlant, cooling_power, outdoor_state
from models.electrical import ElectricalPlant, hall_loss, other_kw, transformer_loss_kw
from models.overhead import (
    NodePlant,
    hall_heat_kw,
    it_rating_kw,
    overhead_flows,
    overhead_kw,
)
from weather.conventions.errors import DataError

ELECTRICAL = ElectricalPlant(rated_kw=1000.0)
AIR = NodePlant(AirEconomiserPlant(rated_heat_kw=1100.0), ELECTRICAL)
WATER = NodePlant(WaterEconomiserPlant(rated_heat_kw=1100.0), ELECTRICAL)
OLD = NodePlant(WaterEconomiserPlant(rated_heat_kw=1100.0, economiser=False, chiller="doe2"), ELECTRICAL)
node_plants = pytest.mark.parametrize(
    ("plant", "setpoint"), [(AIR, 23.0), (WATER, 18.0), (OLD, 12.0)], ids=["air", "water", "old"]
)


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


@node_plants
def test_overhead_is_the_sum_of_its_parts_and_losses_are_cooled(make_weather, plant, setpoint):
    weather = make_weather(hours=3, temp_air=[0.0, 20.0, 35.0])
    it = 600.0
    heat = it + hall_loss(it, ELECTRICAL) + other_kw(ELECTRICAL)
    assert hall_heat_kw(it, plant) == pytest.approx(heat)
    cooling = cooling_power(weather, plant.cooling, heat, setpoint)
    flows = overhead_flows(weather, plant, it, setpoint)
    kw = cooling["power_kw"].to_numpy()
    behind = it + hall_loss(it, ELECTRICAL) + other_kw(ELECTRICAL) + kw
    expected = behind - it + transformer_loss_kw(behind, ELECTRICAL)
    assert overhead_kw(weather, plant, it, setpoint).to_numpy() == pytest.approx(expected, abs=1e-9)
    assert flows["cooling_kw"].to_numpy() == pytest.approx(kw, abs=1e-12)
    parts = ("cooling_kw", "ups_loss_kw", "distribution_loss_kw", "transformer_loss_kw", "other_kw")
    assert sum(flows[name] for name in parts).to_numpy() == pytest.approx(expected, abs=1e-9)
    assert flows["water_l_per_h"].to_numpy() == pytest.approx(cooling["water_l_per_h"].to_numpy())


@given(it=st.floats(1.0, 1000.0), temp=st.floats(-30, 42), humidity=st.floats(3, 100))
@node_plants
def test_pue_is_above_one(make_weather, plant, setpoint, it, temp, humidity):
    weather = make_weather(hours=2, temp_air=temp, relative_humidity=humidity)
    pue = 1.0 + overhead_kw(weather, plant, it, setpoint).to_numpy() / it
    # Losses of the chain alone leave at least 4 %; nothing sensible passes 2 above half load.
    assert np.all(pue >= 1.04)
    assert it < 500.0 or np.all(pue < 1.6)


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
    with pytest.raises(DataError, match="IT power are missing or negative"):
        overhead_kw(weather, AIR, -5.0, 23.0)
    with pytest.raises(DataError, match="rated_heat_kw"):
        overhead_kw(weather, AIR, 2000.0, 23.0)


def test_year_on_the_embedded_climate_lands_where_such_halls_do():
    """Economiser 1.10-1.2 a year in the dry cold climate; chiller-led 1.2-1.29, and 1.22-1.32 in July."""
    from weather import load_nodes, open_weather

    node = load_nodes()["zhongwei"]
    time = np.datetime64("2025-12-31T16:00", "ns") + np.arange(8760) * np.timedelta64(1, "h")
    weather = outdoor_state(open_weather({"zhongwei": "climate"}, [node], time=time, seed=1).isel(node=0))
    july = (weather["time"] + np.timedelta64(8, "h")).dt.month == 7
    led = replace(WATER, cooling=replace(WATER.cooling, economiser=False))
    for plant, setpoint, low, high in (
        (AIR, 23.0, 1.10, 1.17),
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
