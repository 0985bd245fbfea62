"""Odd input of the facility: another plant, missing variables, text, kelvin, no steps, one instant."""

import pytest
import xarray as xr

from models import (
    AirEconomiserPlant,
    ChillerPlant,
    ElectricalPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    NodePlant,
    PVPlant,
    WaterEconomiserPlant,
    WindPlant,
    facility,
)
from weather.conventions.errors import ConfigError, DataError

RATED = 1150.0
AIR = AirEconomiserPlant(rated_heat_kw=RATED)
COOLING = (
    (AIR, 22.0),
    (IndirectEvaporativePlant(rated_heat_kw=RATED), 22.0),
    (WaterEconomiserPlant(rated_heat_kw=RATED), 18.0),
    (ChillerPlant(rated_heat_kw=RATED), 12.0),
    (LiquidCooledPlant(rated_heat_kw=RATED, air=AIR), 30.0),
)


def _node(cooling=AIR):
    pv, wind = PVPlant(dc_kw=500.0), WindPlant(capacity_kw=300.0)
    return NodePlant(cooling, ElectricalPlant(rated_kw=1000.0), pv=pv, wind=wind)


@pytest.mark.parametrize(("cooling", "setpoint"), COOLING, ids=[type(plant).__name__ for plant, _ in COOLING])
def test_one_instant_is_its_hour_of_the_series(clear_day, cooling, setpoint):
    series = facility(700.0, clear_day, _node(cooling), setpoint)
    one = facility(700.0, clear_day.isel(time=12), _node(cooling), setpoint, step_h=1.0)
    assert "time" not in one.dims and one["facility_kw"].dims == ()
    assert float(one["pv_kw"]) > 0.0
    hourly = [name for name, flow in series.items() if "time" in flow.dims]
    xr.testing.assert_allclose(one[hourly], series[hourly].isel(time=12), rtol=1e-9)
    assert float(one["pue"]) == pytest.approx(float(series["pue_step"][12]), rel=1e-9)


@pytest.mark.parametrize("name", ["temp_air", "temp_dew", "relative_humidity", "pressure", "dni", "wind_speed"])
def test_a_missing_variable_is_named(clear_day, name):
    named = "none of wind_speed|no wind_speed" if name == "wind_speed" else f"the weather has no {name}"
    with pytest.raises(DataError, match=named):
        facility(700.0, clear_day.drop_vars(name), _node(), 22.0)


def test_what_is_no_plant_no_weather_no_number_is_named(clear_day):
    with pytest.raises(ConfigError, match="facility: got a plant of type NoneType, allowed NodePlant"):
        facility(700.0, clear_day, None, 22.0)
    with pytest.raises(DataError, match="facility: got a weather of type NoneType"):
        facility(700.0, None, _node(), 22.0)
    with pytest.raises(DataError, match="got it_kw='700', allowed numbers in kW"):
        facility("700", clear_day, _node(), 22.0)
    with pytest.raises(DataError, match="got setpoint_degc='22', allowed numbers in degC"):
        facility(700.0, clear_day, _node(), "22")
    with pytest.raises(DataError, match="got step_h='1', allowed a number of hours"):
        facility(700.0, clear_day, _node(), 22.0, step_h="1")
    with pytest.raises(DataError, match=r"got 291 degC, .*not kelvin"):
        facility(700.0, clear_day, _node(), 291.0)
    with pytest.raises(DataError, match="no values along time"):
        facility(700.0, clear_day.isel(time=slice(0)), _node(), 22.0)
