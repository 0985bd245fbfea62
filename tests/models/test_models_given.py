"""Odd input of the public functions of models: text, missing variables, other plants, no steps, one instant."""

import numpy as np
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
    Tariff,
    TariffPeriod,
    WaterEconomiserPlant,
    WindPlant,
    carbon_factor,
    cooling_power,
    electrical_loss,
    energy_price,
    inlet_degc,
    inlet_power_factor,
    overhead_kw,
    overhead_table,
    provincial_tariff,
    pv_power,
    wind_power,
)
from weather.conventions.errors import ConfigError, DataError

RATED = 1150.0
COOLING = {
    "air": AirEconomiserPlant(rated_heat_kw=RATED),
    "indirect": IndirectEvaporativePlant(rated_heat_kw=RATED),
    "water": WaterEconomiserPlant(rated_heat_kw=RATED),
    "chiller": ChillerPlant(rated_heat_kw=RATED),
    "liquid": LiquidCooledPlant(rated_heat_kw=RATED, air=AirEconomiserPlant(rated_heat_kw=RATED)),
}
NODE = NodePlant(COOLING["air"], ElectricalPlant(rated_kw=1000.0))
PV, WIND = PVPlant(dc_kw=1000.0), WindPlant(capacity_kw=1000.0)
TABLE = {"setpoints_degc": [20.0, 24.0], "it_range_kw": (100.0, 1000.0)}
FLAT = Tariff("flat", (TariffPeriod("flat", tuple(range(1, 13)), 0, 24, 0.4),), "example")
CALLS = {
    "pv": lambda weather, plant=PV: pv_power(weather, plant),
    "wind": lambda weather, plant=WIND: wind_power(weather, plant),
    "cooling": lambda weather, plant=COOLING["air"]: cooling_power(weather, plant, 700.0, 23.0),
    "overhead": lambda weather, plant=NODE: overhead_kw(weather, plant, 700.0, 23.0),
    "table": lambda weather, plant=NODE: overhead_table(weather, plant, **TABLE),
}
NEEDS = {
    "pv": ("dni", "dhi", "temp_air", "wind_speed"),
    "wind": ("temp_air", "pressure"),
    "cooling": ("temp_air", "temp_dew", "relative_humidity", "pressure"),
    "overhead": ("temp_air", "temp_dew", "relative_humidity", "pressure"),
    "table": ("temp_air", "temp_dew", "relative_humidity", "pressure"),
}


@pytest.mark.parametrize(("call", "name"), [(call, name) for call, names in NEEDS.items() for name in names])
def test_a_missing_variable_is_named(make_weather, call, name):
    with pytest.raises(DataError, match=f"the weather has no {name}. Give it"):
        CALLS[call](make_weather(hours=3).drop_vars(name))
    text = make_weather(hours=3).assign({name: ("time", ["1.0", "2.0", "3.0"])})
    with pytest.raises(DataError, match=f"{name} of the weather is of <U3, allowed numbers"):
        CALLS[call](text)


@pytest.mark.parametrize("call", CALLS)
def test_no_steps_are_refused(make_weather, call):
    with pytest.raises(DataError, match="no values along time"):
        CALLS[call](make_weather(hours=3).isel(time=slice(0)))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "other", [None, "Ningxia", ElectricalPlant(rated_kw=1000.0)], ids=["none", "text", "electrical"]
)
def test_another_plant_or_another_weather_is_named(make_weather, call, other):
    with pytest.raises(ConfigError, match=f"got a plant of type {type(other).__name__}, allowed "):
        CALLS[call](make_weather(hours=3), other)
    with pytest.raises(DataError, match=f"got a weather of type {type(other).__name__}, allowed an xarray Dataset"):
        CALLS[call](other)


def test_wind_without_density_needs_no_air(make_weather):
    weather = make_weather(hours=3, wind_speed=8.0)
    plain = WindPlant(capacity_kw=1000.0, density_correction=False, low_temperature_stop_degc=None)
    lean = weather[["wind_speed"]]
    assert float(wind_power(lean, plain).min()) > 0.0
    assert np.array_equal(wind_power(lean, plain), wind_power(weather, plain))
    cold = WindPlant(capacity_kw=1000.0, density_correction=False, low_temperature_stop_degc=-20.0)
    with pytest.raises(DataError, match="no temp_air"):
        wind_power(lean, cold)
    assert np.array_equal(wind_power(weather.drop_vars("pressure"), cold), wind_power(weather, plain))


@pytest.mark.parametrize("kind", COOLING)
def test_one_instant_is_its_hour_of_the_series(make_weather, kind):
    weather = make_weather(hours=4, temp_air=np.array([-5.0, 10.0, 25.0, 34.0]))
    plant, setpoint = COOLING[kind], 30.0 if kind == "liquid" else 20.0
    series, one = (cooling_power(w, plant, 700.0, setpoint) for w in (weather, weather.isel(time=2)))
    assert one["power_kw"].dims == ()
    xr.testing.assert_allclose(one, series.isel(time=2), rtol=1e-9)
    node = NodePlant(plant, ElectricalPlant(rated_kw=1000.0))
    heat = xr.DataArray([300.0, 700.0], dims="pool", coords={"time": weather["time"][2]})
    at_once = overhead_kw(weather.isel(time=2), node, heat, setpoint)
    assert at_once.dims == ("pool",)
    assert float(at_once[1]) == pytest.approx(float(overhead_kw(weather, node, 700.0, setpoint)[2]), rel=1e-9)


def test_a_table_of_one_instant_and_pv_of_one(make_weather, clear_day):
    weather = make_weather(hours=4, temp_air=np.array([-5.0, 10.0, 25.0, 34.0]))
    series, one = (overhead_table(w, NODE, **TABLE) for w in (weather, weather.isel(time=2)))
    assert one["slope"].dims == ("mode", "segment")
    assert one["intercept_kw"].to_numpy() == pytest.approx(series["intercept_kw"].isel(time=2).to_numpy(), rel=1e-9)
    noon = pv_power(clear_day.isel(time=12), PV, step_h=1.0)
    assert noon.dims == ()
    assert float(noon) == pytest.approx(float(pv_power(clear_day, PV)[12]), rel=1e-9)


@pytest.mark.parametrize(
    "figures",
    [{"load_segments": value} for value in (2.5, "4", True, 0, float("nan"))]
    + [{"it_range_kw": value} for value in (900, "900", (1, 2, 3), ([1.0, 2.0, 3.0], 900.0), (None, 900.0), (9.0, 1.0))]
    + [{"setpoints_degc": value} for value in (["a"], [], [None], [[20.0], [20.0, 21.0]], 20.0)],
    ids=repr,
)
def test_odd_arguments_of_the_table_are_named(make_weather, figures):
    with pytest.raises(ConfigError, match=f"got {next(iter(figures))}"):
        overhead_table(make_weather(hours=2), NODE, **(TABLE | figures))


@pytest.mark.parametrize("kind", COOLING)
@pytest.mark.parametrize("value", ["x", None, True, [1.0]], ids=repr)
def test_a_rating_that_is_no_number_is_named(kind, value):
    rest = {"air": COOLING["air"]} if kind == "liquid" else {}
    with pytest.raises(ConfigError, match=r"got rated_heat_kw=.*allowed a number"):
        type(COOLING[kind])(rated_heat_kw=value, **rest)


@pytest.mark.parametrize("value", ["700", ["700"], True, None, np.datetime64("2026-01-01")], ids=repr)
def test_heat_and_power_that_are_no_numbers_are_refused(make_weather, value):
    weather = make_weather(hours=1)
    with pytest.raises(DataError, match=r"got heat_kw=.*allowed numbers in kW"):
        cooling_power(weather, COOLING["air"], value, 23.0)
    with pytest.raises(DataError, match=r"got setpoint_degc=.*allowed numbers in degC"):
        cooling_power(weather, COOLING["air"], 700.0, value)
    with pytest.raises(DataError, match=r"got it_kw=.*allowed numbers in kW"):
        overhead_kw(weather, NODE, value, 23.0)
    with pytest.raises(DataError, match=r"got it_kw=.*allowed numbers in kW"):
        electrical_loss(value, NODE.electrical)


def test_an_inlet_in_kelvin_is_called_so():
    with pytest.raises(DataError, match=r"got 291 degC, allowed at most 37 degC .*not kelvin"):
        inlet_power_factor(np.array([291.0]))
    with pytest.raises(DataError, match=r"got 40 degC.*Lower the setpoint"):
        inlet_power_factor(40.0)
    with pytest.raises(DataError, match="got inlet_degc="):
        inlet_power_factor("25")
    with pytest.raises(ConfigError, match="inlet: got a plant of type NoneType"):
        inlet_degc(None, 20.0)


def test_humidity_as_a_share_of_one_is_refused(make_weather):
    weather = make_weather(hours=3)
    share = weather.assign(relative_humidity=weather["relative_humidity"] / 100.0)
    with pytest.raises(DataError, match=r"relative_humidity is at most .*Give percent"):
        cooling_power(share, COOLING["water"], 700.0, 18.0)
    dry = weather.assign(relative_humidity=("time", [0.5, 0.9, 20.0]))  # one dry hour is no unit
    assert np.all(cooling_power(dry, COOLING["water"], 700.0, 18.0)["power_kw"] > 0)


def test_a_dew_point_above_the_air_is_refused_but_for_frost(make_weather):
    weather = make_weather(hours=1, temp_air=20.0, temp_dew=19.0)
    with pytest.raises(DataError, match="1 values of temp_dew are above temp_air, the first 25 in air of 20 degC"):
        cooling_power(weather.assign(temp_dew=("time", [25.0])), COOLING["air"], 700.0, 23.0)
    frost = make_weather(hours=1, temp_air=-20.0, temp_dew=-18.1)  # saturated over water
    assert float(cooling_power(frost, COOLING["air"], 700.0, 23.0)["power_kw"][0]) > 0


def test_light_in_kilowatts_is_refused_and_residues_are_not(clear_day):
    kilo = clear_day.assign({name: clear_day[name] / 1000.0 for name in ("dni", "dhi")})
    with pytest.raises(DataError, match="In kW/m2"):
        pv_power(kilo, PV)
    night = kilo.isel(time=slice(0, 5))
    dawn = night.assign(dhi=("time", [0.0, 0.0, 0.0, 0.0, 0.4]))
    assert np.all(pv_power(dawn, PV) >= 0)
    residue = clear_day.assign(dni=clear_day["dni"].where(clear_day["dni"] > 0, -7e-15))
    assert pv_power(residue, PV).equals(pv_power(clear_day, PV))
    with pytest.raises(DataError, match="values of dni are out of range"):
        pv_power(clear_day.assign(dni=clear_day["dni"] - 0.001), PV)


@pytest.mark.parametrize("step_h", ["1", True, [1.0]], ids=repr)
def test_a_step_that_is_no_number_is_refused(clear_day, step_h):
    with pytest.raises(DataError, match="got step_h="):
        pv_power(clear_day, PV, step_h=step_h)
    with pytest.raises(DataError, match="got step_h="):
        energy_price(clear_day["time"].to_numpy(), FLAT, step_h=step_h)


def test_names_that_are_no_text_are_refused():
    for odd in (None, 110):
        with pytest.raises(ConfigError, match="carbon factor: got area="):
            carbon_factor(odd)
        with pytest.raises(ConfigError, match="voltage: got"):
            provincial_tariff("Ningxia", voltage=odd)
        with pytest.raises(ConfigError, match="provincial tariff: got province="):
            provincial_tariff(odd)
    with pytest.raises(ConfigError, match="got a tariff of type str"):
        energy_price(np.array(["2026-01-01"], "datetime64[ns]"), "ningxia-110kv")


def test_a_transformer_too_small_for_its_share_of_the_servers_is_refused():
    with pytest.raises(ConfigError, match=r"transformer_rated_kw=1.5, allowed at least 500 kW, not MW"):
        ElectricalPlant(rated_kw=1000.0, transformer_rated_kw=1.5)
    with pytest.raises(ConfigError, match=r"allowed at least 1000 kW, the servers it carries"):
        ElectricalPlant(rated_kw=1000.0, transformer_rated_kw=900.0, transformer_modules_share=1.0)
    assert ElectricalPlant(rated_kw=1000.0, transformer_rated_kw=500.0).transformer_kw == 500.0


def test_prices_and_losses_of_labelled_input_are_labelled(clear_day):
    time = clear_day["time"]
    price = energy_price(time, FLAT)
    assert price.dims == ("time",) and price.attrs["units"] == "CNY/kWh"
    assert price["time"].equals(time) and np.all(price == 0.4)
    assert isinstance(energy_price(time.to_numpy(), FLAT), np.ndarray)
    power = xr.DataArray([300.0, 700.0], dims="pool", coords={"pool": ["a", "b"]})
    loss = electrical_loss(power, NODE.electrical)
    assert loss.dims == ("pool",) and loss["pool"].equals(power["pool"])
