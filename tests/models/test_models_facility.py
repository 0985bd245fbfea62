"""From servers to meter: flows that add up, and the standards' ratios by hand."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.cooling import AirEconomiserPlant, WaterEconomiserPlant
from models.electrical import ElectricalPlant
from models.gpu import inlet_power_factor
from models.grid import GridConnection
from models.meter import facility, window_figures
from models.overhead import NodePlant, overhead_kw
from models.solar import PVPlant, pv_power
from models.wind import WindPlant, wind_power
from weather.conventions.errors import ConfigError, DataError

ELECTRICAL = ElectricalPlant(rated_kw=1000.0)
AIR = NodePlant(AirEconomiserPlant(rated_heat_kw=1150.0), ELECTRICAL)
WATER = NodePlant(WaterEconomiserPlant(rated_heat_kw=1150.0, air_approach_k=6.0), ELECTRICAL)
GRID = GridConnection(location_kg_per_kwh=0.6, residual_kg_per_kwh=0.5, green_contract_share=0.25)
GREEN = replace(
    AIR,
    pv=PVPlant(dc_kw=1500.0, dc_ac_ratio=1.25, tracking="single_axis", tilt_deg=0.0, azimuth_deg=180.0),
    wind=WindPlant(turbine="VS112/2500", capacity_kw=400.0, hub_height_m=100.0),
    grid=GRID,
)
WINDOW = ("pue", "pue_reference_inlet", "wue", "ref", "hourly_matched_share", "cue_location", "cue_market")


@pytest.fixture(scope="module")
def day(make_clear_day):
    return make_clear_day("2025-06-20T16:00").assign(
        wind_speed=("time", np.linspace(0.0, 14.0, 24), {"height_m": 10.0})
    )


@pytest.mark.parametrize(
    ("plant", "setpoint"), [(AIR, 30.0), (WATER, 18.0), (GREEN, 22.0)], ids=["air", "water", "green"]
)
def test_flows_add_up_to_the_meter(day, plant, setpoint):
    it = np.linspace(200.0, 900.0, 24)
    made = facility(it, day, plant, setpoint)
    factor = float(inlet_power_factor(setpoint + (6.0 if plant is WATER else 0.0)))
    assert made["it_reference_kw"].to_numpy() == pytest.approx(it)
    assert made["it_kw"].to_numpy() == pytest.approx(factor * it, rel=1e-12)
    assert made["server_fan_kw"].to_numpy() == pytest.approx((factor - 1.0) * it, abs=1e-9)
    assert made["overhead_kw"].to_numpy() == pytest.approx(overhead_kw(day, plant, factor * it, setpoint).to_numpy())
    losses = ("ups_loss_kw", "distribution_loss_kw", "transformer_loss_kw")
    parts = sum(made[name] for name in ("it_kw", "cooling_kw", "other_kw", *losses))
    assert made["facility_kw"].to_numpy() == pytest.approx(parts.to_numpy(), rel=1e-12)
    inside = sum(made[name] for name in ("fan_kw", "pump_kw", "tower_kw", "compressor_kw"))
    assert made["cooling_kw"].to_numpy() == pytest.approx(inside.to_numpy(), rel=1e-9)
    assert made["pue_step"].to_numpy() == pytest.approx(made["facility_kw"].to_numpy() / (factor * it), rel=1e-12)


def test_supply_is_used_first_and_the_rest_is_bought_or_left_over(day):
    made = facility(300.0, day, GREEN, 22.0)
    assert made["pv_kw"].to_numpy() == pytest.approx(pv_power(day, GREEN.pv).to_numpy())
    assert made["wind_kw"].to_numpy() == pytest.approx(wind_power(day, GREEN.wind).to_numpy())
    available = (made["pv_kw"] + made["wind_kw"]).to_numpy()
    need = made["facility_kw"].to_numpy()
    used, left, bought = (made[name].to_numpy() for name in ("renewable_direct_kw", "surplus_kw", "import_kw"))
    assert used == pytest.approx(np.minimum(available, need)) and used.max() > 0
    assert used + left == pytest.approx(available) and left.max() > 100.0
    assert used + bought == pytest.approx(need) and bought.max() > 100.0
    assert np.all(left * bought == 0.0)


def test_ratios_are_of_energies_and_by_hand(day):
    it = np.where(np.arange(24) < 12, 100.0, 900.0)
    made = facility(it, day.assign(temp_air=day["temp_air"] + 15.0), GREEN, 28.0)
    total = {name: float(made[name].sum()) for name in made if "time" in made[name].dims}
    true, whole, bought = total["it_kw"], total["facility_kw"], total["import_kw"]
    assert float(made["pue"]) == pytest.approx(whole / true, rel=1e-12)
    assert abs(float(made["pue"]) - float(made["pue_step"].mean())) > 0.02
    assert float(made["pue_reference_inlet"]) == pytest.approx(whole / it.sum(), rel=1e-12)
    assert float(made["pue_reference_inlet"]) > 1.005 * float(made["pue"])
    assert float(made["wue"]) == pytest.approx(total["water_l_per_h"] / true, rel=1e-12)
    assert float(made["cue_location"]) == pytest.approx(0.6 * bought / true, rel=1e-12)
    assert float(made["cue_market"]) == pytest.approx(0.75 * 0.5 * bought / true, rel=1e-12)
    direct = total["renewable_direct_kw"]
    assert float(made["ref"]) == pytest.approx((direct + 0.25 * bought) / whole, rel=1e-12)
    assert float(made["hourly_matched_share"]) == pytest.approx(direct / whole, rel=1e-12)


def test_a_surplus_is_no_renewable_energy_of_the_site_and_ref_stops_at_one(day):
    twice = replace(GREEN, pv=replace(GREEN.pv, dc_kw=2 * GREEN.pv.dc_kw), wind=None)
    dark = {name: xr.where(np.arange(24) < 12, 0.0, day[name]) for name in ("ghi", "dni", "dhi")}
    one, two = (facility(300.0, day.assign(dark), plant, 22.0) for plant in (replace(GREEN, wind=None), twice))
    assert float(two["surplus_kw"].sum()) > 1.5 * float(one["surplus_kw"].sum()) > 0
    assert float(two["ref"]) < 1.0 and float(two["ref"] - one["ref"]) < 0.1
    bought = replace(AIR, grid=replace(GRID, green_contract_share=1.0))
    assert float(facility(300.0, day, bought, 22.0)["ref"]) == 1.0
    assert float(facility(300.0, day, bought, 22.0)["cue_market"]) == 0.0


def test_without_connection_no_carbon_and_without_plants_no_supply(day):
    made = facility(300.0, day, AIR, 22.0)
    assert not {"cue_location", "cue_market", "pv_kw", "wind_kw"} & set(made)
    assert float(made["ref"]) == 0.0
    assert made["import_kw"].to_numpy() == pytest.approx(made["facility_kw"].to_numpy())


def test_nodes_and_members_keep_their_axes_and_are_what_each_alone_is(day):
    warm = day.assign(temp_air=day["temp_air"] + 8.0)
    nodes = xr.concat([day, warm], dim="node", coords="minimal", compat="override")
    members = xr.concat([nodes, nodes.assign(wind_speed=0.5 * nodes["wind_speed"].assign_attrs(height_m=10.0))],
                        dim="member", coords="minimal", compat="override", combine_attrs="override")  # fmt: skip
    members["wind_speed"].attrs["height_m"] = 10.0
    it = xr.DataArray([300.0, 700.0], dims="node")
    for weather, dims in ((nodes, ("node", "time")), (members, ("member", "node", "time"))):
        made = facility(it, weather, GREEN, 24.0)
        for name in (
            "facility_kw",
            "it_kw",
            "import_kw",
            "pv_kw",
            "wind_kw",
            "pue_step",
            "inlet_degc",
            "water_l_per_h",
        ):
            assert made[name].dims == dims, name
        assert all(made[name].dims == dims[:-1] for name in WINDOW)
    alone = facility(700.0, warm, GREEN, 24.0)
    second = made.isel(member=0, node=1)
    for name in ("facility_kw", "import_kw", "pv_kw", *WINDOW):
        assert second[name].to_numpy() == pytest.approx(alone[name].to_numpy(), rel=1e-9), name
    assert not np.allclose(made["import_kw"].isel(member=1), made["import_kw"].isel(member=0))


def test_number_array_and_labels_say_the_same(day):
    number = facility(400.0, day, GREEN, 22.0)
    array = facility(np.full(24, 400.0), day, GREEN, np.full(24, 22.0))
    labelled = facility(xr.DataArray(np.full(24, 400.0), dims="time", coords={"time": day["time"]}), day, GREEN, 22.0)
    for other in (array, labelled):
        assert set(other) == set(number)
        for name in number.data_vars:
            np.testing.assert_allclose(other[name].to_numpy(), number[name].to_numpy(), rtol=1e-12, err_msg=name)


@given(it=st.floats(10.0, 950.0), temp=st.floats(-30, 40), humidity=st.floats(2, 100), setpoint=st.floats(16, 27))
def test_ratios_keep_their_order(make_weather, it, temp, humidity, setpoint):
    weather = make_weather(hours=2, temp_air=[temp, 0.5 * temp], relative_humidity=humidity, wind_speed=9.0)
    made = facility(it, weather, replace(GREEN, pv=None), setpoint)
    assert 1.0 < float(made["pue"]) <= float(made["pue_reference_inlet"])
    assert 0.0 < float(made["hourly_matched_share"]) <= float(made["ref"]) <= 1.0
    assert 0.0 <= float(made["cue_market"]) <= float(made["cue_location"])
    assert float(made["wue"]) >= 0.0
    assert all(np.all(np.isfinite(made[name])) for name in made.data_vars)


def test_a_window_without_it_has_no_ratio(day):
    with pytest.raises(DataError, match="no IT energy"):
        facility(0.0, day, AIR, 22.0)
    some = facility(np.where(np.arange(24) == 3, 0.0, 500.0), day, AIR, 22.0)
    assert np.isnan(some["pue_step"][3]) and float(some["pue"]) > 1.0
    with pytest.raises(DataError, match="missing or negative"):
        facility(-1.0, day, AIR, 22.0)


def test_it_above_the_electrical_rating_is_refused(day):
    """The cooling could carry it: the rating of the feeds is what it is held to, at the servers' own inlet."""
    roomy = replace(AIR, cooling=AirEconomiserPlant(rated_heat_kw=2000.0))
    assert float(facility(1000.0, day, roomy, 22.0)["pue"]) > 1.0
    with pytest.raises(DataError, match=r"up to 1,001.0 kW .*, allowed 1,000.0 kW.*electrical.rated_kw"):
        facility(1001.0, day, roomy, 22.0)
    factor = float(inlet_power_factor(30.0))
    assert factor > 1.0
    with pytest.raises(DataError, match=r"allowed 1,000.0 kW"):
        facility(1000.5 / factor, day, roomy, 30.0)
    small = replace(AIR, cooling=AirEconomiserPlant(rated_heat_kw=500.0))
    with pytest.raises(DataError, match=r"allowed 4\d\d.\d kW.*rated_heat_kw"):
        facility(500.0, day, small, 22.0)


def test_figures_of_several_nodes_are_of_their_sums(day):
    nodes = xr.concat(
        [day, day.assign(temp_air=day["temp_air"] + 10.0)], dim="node", coords="minimal", compat="override"
    )
    made = facility(xr.DataArray([100.0, 900.0], dims="node"), nodes, AIR, 22.0)
    fleet = window_figures(made, over=("node", "time"))
    assert float(fleet["pue"]) == pytest.approx(float(made["facility_kw"].sum() / made["it_kw"].sum()), rel=1e-12)
    assert float(made["pue"].min()) < float(fleet["pue"]) < float(made["pue"].max())


@pytest.mark.parametrize(
    ("field", "wrong", "allowed"),
    [
        ("cooling", ELECTRICAL, "AirEconomiserPlant or"),
        ("electrical", AIR.cooling, "ElectricalPlant"),
        ("electrical", None, "ElectricalPlant"),
        ("pv", 1500.0, "PVPlant"),
        ("wind", ELECTRICAL, "WindPlant"),
        ("grid", 0.6, "GridConnection or NoneType"),
    ],
)
def test_a_plant_in_the_wrong_place_is_refused_by_its_field(field, wrong, allowed):
    with pytest.raises(ConfigError, match=rf"got {field}={type(wrong).__name__}, allowed .*{allowed}"):
        replace(GREEN, **{field: wrong})
