"""Cooling plants: what air-cooled chillers draw by default, and input no plant can have."""

import numpy as np
import pytest
import xarray as xr

from models.cooling import (
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    cooling_power,
    outdoor_state,
)
from weather.conventions.errors import DataError

TOWER = ChillerPlant(rated_heat_kw=1000.0)
AIR = ChillerPlant(rated_heat_kw=1000.0, condenser="air")


def test_air_cooled_chillers_have_the_cop_of_catalogues(make_weather):
    """35 degC outdoors, 7 degC water: 2.8 to 3.1 with the condenser's fans; a tower plant does better."""
    hot = make_weather(hours=2, temp_air=35.0, relative_humidity=40.0)
    by_air, by_tower = (cooling_power(hot, plant, 1000.0, 7.0).isel(time=0) for plant in (AIR, TOWER))
    chilled_pump = 16.0
    load = 1000.0 + float(by_air["fan_kw"]) + chilled_pump
    assert 2.8 < load / float(by_air["compressor_kw"] + by_air["tower_kw"]) < 3.1
    assert float(by_tower["power_kw"]) < 0.8 * float(by_air["power_kw"])


@pytest.mark.parametrize("wet", [np.nan, 20.2])
def test_a_wet_bulb_no_air_has_is_refused(make_weather, wet):
    state = outdoor_state(make_weather(hours=3, temp_air=20.0))
    state["wet_bulb"][1] = wet
    with pytest.raises(DataError, match="1 values of wet_bulb are missing or above temp_air"):
        cooling_power(state, TOWER, 500.0, 12.0)


def test_pressure_in_hpa_is_refused(make_weather):
    state = outdoor_state(make_weather(hours=3, temp_air=20.0))
    state["pressure"] = state["pressure"] / 100.0
    with pytest.raises(DataError, match=r"3 values of pressure are outside 40000 to 112000 Pa.*not hPa"):
        cooling_power(state, TOWER, 500.0, 12.0)


@pytest.mark.parametrize(("setpoint", "hint"), [(296.15, "not kelvin"), (3.9, "first 3.9")])
def test_setpoints_beyond_any_plant_are_refused(make_weather, setpoint, hint):
    with pytest.raises(DataError, match=hint):
        cooling_power(make_weather(hours=2), AirEconomiserPlant(rated_heat_kw=1000.0), 500.0, setpoint)


@pytest.mark.parametrize(
    ("plant", "setpoints"),
    [
        (IndirectEvaporativePlant(rated_heat_kw=1000.0), np.arange(18.0, 28.0)),
        (LiquidCooledPlant(rated_heat_kw=1000.0, air=AirEconomiserPlant(rated_heat_kw=260.0)), np.arange(18.0, 33.0)),
        (WaterEconomiserPlant(rated_heat_kw=1000.0), np.arange(8.0, 23.0)),
        (TOWER, np.arange(6.0, 21.0)),
        (AIR, np.arange(6.0, 21.0)),
    ],
)
def test_a_warmer_setpoint_is_never_dearer(make_weather, plant, setpoints):
    """At one weather and heat 1 K more takes at most 0.5 % more power (warmer hall air is thinner: fans)."""
    temp, humidity = (grid.ravel() for grid in np.meshgrid(np.linspace(-25, 40, 40), np.linspace(5, 100, 12)))
    weather = outdoor_state(make_weather(hours=temp.size, temp_air=temp, relative_humidity=humidity))
    for heat in (250.0, 600.0, 1000.0):
        power = cooling_power(weather, plant, heat, xr.DataArray(setpoints, dims="setpoint"))["power_kw"]
        power = power.transpose("setpoint", "time").to_numpy()
        assert np.max(power[1:] / power[:-1]) < 1.005
