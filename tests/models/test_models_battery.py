"""Battery: the energy balance, the round trip, wear, and what a stock allows."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.battery import (
    Battery,
    battery_capex,
    battery_figures,
    round_trip_eff,
    stock_end,
    stock_retention,
    wear_cost,
    within_limits,
)
from weather.conventions.errors import ConfigError, DataError

BATTERY = Battery(energy_kwh=1000.0, power_kw=500.0)
POWER = st.floats(0, 2000)


@given(
    stock=st.floats(0, 1000),
    powers=st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=24),
    step=st.sampled_from([0.25, 0.5, 1.0]),
)
def test_battery_energy_balances(stock, powers, step):
    """Charged = discharged + conversion losses + standing loss + change of the stock."""
    battery = replace(BATTERY, self_discharge_per_h=0.01)
    level, charged, discharged, conversion, standing = stock, 0.0, 0.0, 0.0, 0.0
    for charge, discharge in powers:
        charged += charge * step
        discharged += discharge * step
        conversion += charge * step * (1 - battery.charge_eff)
        conversion += discharge * step * (1 / battery.discharge_eff - 1)
        standing += level * (1 - stock_retention(battery, step))
        level = stock_end(level, charge, discharge, battery, step)
    assert charged == pytest.approx(discharged + conversion + standing + level - stock, abs=1e-6)


def test_round_trip_is_what_filling_and_emptying_gives():
    battery = replace(BATTERY, self_discharge_per_h=0.001)
    stored = stock_end(0.0, 100.0, 0.0, battery, 1.0)
    for _ in range(10):
        stored = stock_end(stored, 0.0, 0.0, battery, 1.0)
    given_back = stored * battery.discharge_eff
    assert given_back / 100.0 == pytest.approx(round_trip_eff(battery, held_h=10.0), rel=1e-12)
    assert round_trip_eff(battery) == pytest.approx(0.933**2)
    with pytest.raises(DataError, match="held_h=-1"):
        round_trip_eff(battery, held_h=-1.0)


def test_the_default_is_the_round_trip_of_the_data():
    assert round_trip_eff(BATTERY) == pytest.approx(battery_figures()["round_trip_eff"], abs=1e-3)
    assert BATTERY.self_discharge_per_h == battery_figures()["self_discharge_per_h"]


def test_two_half_steps_are_one_step_at_rest():
    battery = replace(BATTERY, self_discharge_per_h=0.1)
    half = stock_end(800.0, 0.0, 0.0, battery, 0.5)
    assert stock_end(half, 0.0, 0.0, battery, 0.5) == pytest.approx(stock_end(800.0, 0.0, 0.0, battery, 1.0))


def test_battery_takes_arrays():
    ends = stock_end(np.array([1.0, 2.0]), np.array([10.0, 0.0]), 0.0, BATTERY, 1.0)
    assert ends == pytest.approx([stock_end(1.0, 10.0, 0.0, BATTERY, 1.0), stock_end(2.0, 0.0, 0.0, BATTERY, 1.0)])


@given(stock=st.floats(0, 1000), charge=POWER, discharge=POWER, step=st.sampled_from([0.25, 1.0, 3.0]))
def test_what_a_battery_follows_keeps_its_stock_and_its_rating(stock, charge, discharge, step):
    into, out = (float(power) for power in within_limits(stock, charge, discharge, BATTERY, step))
    assert min(into, out) == 0.0
    assert 0 <= into <= min(BATTERY.power_kw, max(charge - discharge, 0.0))
    assert 0 <= out <= min(BATTERY.power_kw, max(discharge - charge, 0.0))
    end = stock_end(stock, into, out, BATTERY, step)
    assert -1e-9 <= end <= BATTERY.energy_kwh + 1e-9
    # less than asked only where the rating, the room or the stock is used up
    if into < max(charge - discharge, 0.0) - 1e-9:
        assert into == BATTERY.power_kw or end == pytest.approx(BATTERY.energy_kwh)
    if out < max(discharge - charge, 0.0) - 1e-9:
        assert out == BATTERY.power_kw or end == pytest.approx(0.0, abs=1e-9)


def test_a_battery_follows_arrays_as_it_follows_scalars():
    stock, charge, discharge = np.array([0.0, 950.0, 40.0]), np.array([50.0, 300.0, 0.0]), np.array([0.0, 0.0, 90.0])
    into, out = within_limits(stock, charge, discharge, BATTERY, 1.0)
    for i in range(3):
        one = within_limits(stock[i], charge[i], discharge[i], BATTERY, 1.0)
        assert (into[i], out[i]) == tuple(float(power) for power in one)


@pytest.mark.parametrize(
    ("stock", "charge", "discharge", "text"),
    [
        (0.0, -1.0, 0.0, "charge is missing or negative"),
        (0.0, 0.0, np.nan, "discharge is missing"),
        (1001.0, 0.0, 0.0, "stock"),
    ],
)
def test_impossible_powers_and_stocks_are_refused(stock, charge, discharge, text):
    with pytest.raises(DataError, match=text):
        within_limits(stock, charge, discharge, BATTERY, 1.0)


def test_wear_pays_for_the_next_battery():
    """Cycled to its end, what each kWh at the meter was charged adds up to the price."""
    price, cycles, depth, end = 544.0, 6000, 0.9, 0.8
    per_kwh = wear_cost(price, cycles=cycles, depth_frac=depth, discharge_eff=0.933, end_of_life_frac=end)
    capacity = np.linspace(1.0, end, cycles + 1)
    drawn = np.sum(depth * (capacity[:-1] + capacity[1:]) / 2) * 0.933
    assert per_kwh * drawn == pytest.approx(price, rel=1e-9)
    figures = battery_figures()
    own = wear_cost(
        battery_capex()["lfp_2h"],
        cycles=figures["cycles"],
        depth_frac=figures["depth_frac"],
        discharge_eff=0.933,
        end_of_life_frac=figures["end_of_life_frac"],
    )
    assert own == pytest.approx(per_kwh)


@pytest.mark.parametrize("name", ["cycles", "depth_frac", "discharge_eff", "end_of_life_frac", "capex_cny_per_kwh"])
def test_wear_refuses_figures_out_of_range(name):
    good = {"cycles": 6000, "depth_frac": 0.9, "discharge_eff": 0.93, "end_of_life_frac": 0.8}
    capex = -1.0 if name == "capex_cny_per_kwh" else 500.0
    bad = {} if name == "capex_cny_per_kwh" else {name: 0.0}
    with pytest.raises(ConfigError, match=f"got {name}="):
        wear_cost(capex, **(good | bad))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("charge_eff", 1.2),
        ("discharge_eff", 0.0),
        ("energy_kwh", -1.0),
        ("power_kw", float("nan")),
        ("self_discharge_per_h", 1.0),
        ("wear_cny_per_kwh", -0.1),
    ],
)
def test_impossible_batteries_are_refused(field, value):
    with pytest.raises(ConfigError, match=f"got {field}="):
        replace(BATTERY, **{field: value})


def labelled(values, dims):
    labels = {"node": ["a", "b"], "time": np.datetime64("2026-01-01", "ns") + np.arange(3) * np.timedelta64(1, "h")}
    return xr.DataArray(
        values, dims=dims, coords={dim: labels[dim] for dim in dims}, name="other", attrs={"units": "K"}
    )


def test_labelled_powers_are_matched_by_the_names_of_their_dims():
    """(time, node), (node, time) and (node,) together: each element as its own scalars give."""
    charge = labelled(np.arange(6.0).reshape(3, 2) * 100.0, ("time", "node"))
    discharge = labelled(np.arange(6.0).reshape(2, 3)[::-1] * 40.0, ("node", "time"))
    stock = labelled(np.array([900.0, 10.0]), ("node",))
    end = stock_end(stock, charge, discharge, BATTERY, 1.0)
    into, out = within_limits(stock, charge, discharge, BATTERY, 1.0)
    assert end.dims == into.dims == out.dims == ("time", "node")
    assert (end.name, end.attrs["units"], into.name, out.attrs["units"]) == (
        "battery_stock", "kWh", "battery_charge", "kW",
    )  # fmt: skip
    for node in "ab":
        for hour in range(3):
            here = {"node": node, "time": charge["time"][hour]}
            one = [float(stock.sel(node=node)), float(charge.sel(here)), float(discharge.sel(here))]
            assert float(end.sel(here)) == pytest.approx(stock_end(*one, BATTERY, 1.0), rel=1e-14)
            wanted = [float(power) for power in within_limits(*one, BATTERY, 1.0)]
            assert [float(into.sel(here)), float(out.sel(here))] == pytest.approx(wanted, rel=1e-14)
    assert stock_end(stock, 0.0, 0.0, BATTERY, 1.0)["node"].values.tolist() == ["a", "b"]


@pytest.mark.parametrize("follow", [stock_end, within_limits])
def test_labels_that_differ_are_refused(follow):
    stock = labelled(np.array([900.0, 10.0]), ("node",))
    with pytest.raises(DataError, match="different labels"):
        follow(stock, stock.assign_coords(node=["b", "a"]) * 0.1, 0.0, BATTERY, 1.0)
    with pytest.raises(DataError, match=r"shape \(2,\) without labels"):
        follow(stock, np.array([1.0, 2.0]), 0.0, BATTERY, 1.0)


@pytest.mark.parametrize(
    ("charge", "discharge", "text"),
    [(-1.0, 0.0, "charge is"), (0.0, np.nan, "discharge is"), (0, -2.0, "discharge is")],
)
def test_a_stock_is_not_rolled_with_powers_that_are_none(charge, discharge, text):
    with pytest.raises(DataError, match=f"{text} missing or negative in 1 places"):
        stock_end(5.0, charge, discharge, BATTERY, 1.0)
    assert stock_end(0.0, -1e-9, 0.0, BATTERY, 1.0) == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("field", ["energy_kwh", "power_kw", "charge_eff", "wear_cny_per_kwh"])
@pytest.mark.parametrize("value", [True, "0.5", None])
def test_what_is_no_number_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=rf"battery: got {field}={value!r}, allowed"):
        replace(BATTERY, **{field: value})
