"""Provincial tariffs against the facts they carry, what a delivered kWh costs, carbon factors."""

import csv
import datetime as dt

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.grid import (
    builtin_tariff,
    builtin_tariff_ids,
    carbon_factor,
    check_tariff,
    contract_price,
    contract_prices,
    delivered_price,
    demand_charge_cny,
    energy_price,
    network_charges,
    provincial_tariff,
    residual_factor,
)
from models.grid.provincial import NetworkCharges
from weather.conventions.errors import ConfigError
from weather.conventions.timeaxis import time_axis

NAMES = {
    "Ningxia": "ningxia",
    "Gansu": "gansu",
    "Guizhou": "guizhou",
    "Inner Mongolia West": "inner_mongolia_west",
    "Inner Mongolia East": "inner_mongolia_east",
    "Qinghai": "qinghai",
    "Sichuan": "sichuan",
    "Shaanxi": "shaanxi",
}


def facts(folder, name):
    return list(csv.DictReader((folder / "facts" / name).read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("tariff_id", builtin_tariff_ids())
def test_every_built_in_tariff_covers_every_day_once_and_is_dated(tariff_id):
    tariff = builtin_tariff(tariff_id)
    check_tariff(tariff)
    assert tariff.tariff_id == tariff_id and len(tariff.source) > 40
    assert (tariff.valid_from, tariff.valid_to) == (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert "assumption: held for 2026" in tariff.source
    day = energy_price(time_axis("2026-03-05", horizon_h=24), tariff)
    assert 0.1 < day.min() < day.max() < 1.2


def test_listed_prices_are_the_facts(shared_data_dir):
    """March 2026 at 1-10 kV; Ningxia's peak and flat are swapped back."""
    seen = 0
    for row in facts(shared_data_dir, "tou_prices_2026-03.csv"):
        grid = NAMES.get(row["grid"].replace(" (excl. Yulin)", ""))
        if grid is None:
            continue
        labels = {"peak": "peak", "flat": "flat", "valley": "valley"}
        if grid == "ningxia":
            labels |= {"peak": "flat", "flat": "peak"}
        listed = {labels[key]: float(row[f"{key}_cny_kwh"]) for key in labels}
        periods = provincial_tariff(grid, voltage="1-10 kV", month="2026-03").periods
        found = {p.label: p.price_cny_per_kwh for p in periods if 3 in p.months}
        assert found == listed, grid
        assert found["peak"] > found["flat"] > found["valley"]
        seen += 1
    assert seen == len(NAMES)


def test_network_charges_are_the_facts(shared_data_dir):
    seen = 0
    for row in facts(shared_data_dir, "tariffs_2025_2026.csv"):
        if row["item"] != "T&D energy price, two-part" or row["grid"] not in {*NAMES, "Xinjiang"}:
            continue
        charges = network_charges(row["grid"], voltage=row["voltage"])
        assert charges.transmission_cny_per_kwh == float(row["value"]), row
        seen += 1
    assert seen == 24
    ningxia = network_charges("Ningxia", voltage="110 kV")
    assert (ningxia.line_loss_frac, ningxia.funds_cny_per_kwh) == (0.0258, 0.021325)
    assert (ningxia.demand_cny_per_kw_month, ningxia.capacity_cny_per_kva_month) == (25.6, 16.0)
    assert ningxia.valid_from == dt.date(2026, 8, 1)
    assert network_charges("Ningxia", voltage="1-10kv").demand_cny_per_kw_month is None


def test_carbon_factors_are_the_facts(shared_data_dir):
    seen = 0
    for row in facts(shared_data_dir, "grid_emission_factors_cn.csv"):
        if row["level"] != "national":
            found = carbon_factor(row["area"], year=int(row["year"]))
            assert found.kg_per_kwh == float(row["kgco2_per_kwh"]) and found.area == row["area"]
            seen += 1
    assert seen == 74


def test_carbon_factor_is_the_latest_unless_asked():
    assert (carbon_factor("ningxia").kg_per_kwh, carbon_factor("Ningxia").year) == (0.6187, 2023)
    assert carbon_factor("Yunnan").year == 2022
    assert carbon_factor("China", year=2023).kg_per_kwh == 0.5306
    assert (residual_factor().kg_per_kwh, residual_factor().year) == (0.5856, 2022)
    with pytest.raises(ConfigError, match=r"no row for area 'Taiwan'.*Ningxia"):
        carbon_factor("Taiwan")
    with pytest.raises(ConfigError, match="in year 2019, allowed 2021, 2022, 2023"):
        carbon_factor("Gansu", year=2019)
    with pytest.raises(ConfigError, match="in year 2023, allowed 2022"):
        residual_factor(year=2023)


def test_floats_give_back_the_listed_prices_of_their_season():
    """flat + base x (factor - 1): published floats and prices agree to 0.0003 CNY/kWh where both are known."""
    factors = {
        "inner_mongolia_west": (0.3125, 1.68, 0.48), "inner_mongolia_east": (0.195, 1.68, 0.48),
        "qinghai": (0.2842, 1.63, 0.35), "guizhou": (0.404, 1.6, 0.4), "sichuan": (0.586, 1.6, 0.4),
        "shaanxi": (0.3376, 1.7, 0.3),
    }  # fmt: skip
    for grid, (base, peak, valley) in factors.items():
        prices = {
            p.label: p.price_cny_per_kwh for p in provincial_tariff(grid, voltage="1-10kv").periods if 3 in p.months
        }
        for label, factor in (("peak", peak), ("valley", valley)):
            assert abs(prices["flat"] + base * (factor - 1) - prices[label]) <= 3.1e-4, (grid, label)


def test_sharp_peaks_and_deep_valleys_are_carved_out():
    july = energy_price(time_axis("2026-07-15", horizon_h=24), builtin_tariff("inner_mongolia_west-1-10kv"))
    base, rest = 0.3125, 0.4524 - 0.3125
    assert july[19] == july[20] == pytest.approx(rest + 1.54 * 1.2 * base, abs=1e-4)
    assert july[13] == july[14] == pytest.approx(rest + 0.44 * 0.8 * base, abs=1e-4)
    assert july[18] == july[21] == pytest.approx(rest + 1.54 * base, abs=1e-4)
    march = energy_price(time_axis("2026-03-15", horizon_h=24), builtin_tariff("inner_mongolia_west-1-10kv"))
    assert march[19] == march[18] == 0.6651 and march[13] == march[12] == 0.29
    shaanxi = builtin_tariff("shaanxi-1-10kv")
    winter, autumn = (energy_price(time_axis(day, horizon_h=24), shaanxi) for day in ("2026-12-15", "2026-10-15"))
    assert winter[18] > winter[17] == autumn[18]


def test_a_month_asked_for_holds_in_that_month_alone():
    march = provincial_tariff("Inner Mongolia West", voltage="110 kV", month="2026-03")
    assert (march.valid_from, march.valid_to) == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))
    assert "assumption: held" not in march.source
    assert "assumption: published row has peak below flat" in provincial_tariff("Ningxia", month="2026-03").source


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: provincial_tariff("Xinjiang"), "no rows for 'Xinjiang', allowed ningxia, gansu"),
        (lambda: provincial_tariff("Ningxia", voltage="20kv"), "voltage: got '20kv', allowed 1-10kv, 35kv"),
        (lambda: provincial_tariff("Ningxia", month="2026-04"), "no price list .* '2026-04', allowed 2026-03"),
        (lambda: provincial_tariff("Sichuan", voltage="110kv"), "sichuan has no transmission price at 110kv"),
        (lambda: builtin_tariff("ningxia-500kv"), "'ningxia-500kv' is not built in, allowed ningxia-1-10kv"),
        (lambda: network_charges("Shaanxi"), "network charges: no rows for 'Shaanxi'"),
        (lambda: demand_charge_cny(network_charges("Ningxia"), basis="peak", peak_kw=1.0), "'peak', allowed demand or"),
        (lambda: demand_charge_cny(network_charges("Ningxia"), basis="capacity", peak_kw=9.0), "transformer_kva=0"),
        (
            lambda: demand_charge_cny(network_charges("Ningxia", voltage="1-10kv"), basis="demand", peak_kw=1.0),
            "ningxia at 1-10kv has no figure",
        ),
        (lambda: NetworkCharges("x", "35kv", 0.1, 2.58, 0.0, None, None, dt.date.min, dt.date.max, "s"), "line_loss"),
    ],
)
def test_what_is_not_known_is_refused(call, text):
    with pytest.raises(ConfigError, match=text):
        call()


def test_demand_charge_by_both_bases():
    charges = network_charges("Gansu", voltage="110kv")
    assert demand_charge_cny(charges, basis="demand", peak_kw=2000.0) == pytest.approx(32.8 * 2000)
    assert demand_charge_cny(charges, basis="capacity", transformer_kva=2500.0) == pytest.approx(20.5 * 2500)


def test_delivered_price_adds_up_to_the_listed_one():
    """Inner Mongolia West, March 2026, flat, 1-10 kV: what is left for system operation and the older period's prices
    is 0.03 CNY/kWh."""
    charges = network_charges("Inner Mongolia West", voltage="1-10kv")
    assert 0.4524 - delivered_price(0.3125, charges) == pytest.approx(0.030, abs=1e-3)
    fee = delivered_price(0.3125, charges, system_operation_cny_per_kwh=0.0297)
    assert fee == pytest.approx(0.4524, abs=1e-3)


@given(spot=st.floats(-1, 2), more=st.floats(0, 1))
def test_delivered_price_rises_with_the_market_and_keeps_labels(spot, more):
    charges = network_charges("Guizhou", voltage="110kv")
    step = delivered_price(spot + more, charges) - delivered_price(spot, charges)
    assert step == pytest.approx(more / (1 - 0.045), abs=1e-9)
    table = xr.DataArray([[spot, spot + more]], coords={"node": ["guian"], "time": [0, 1]}, dims=("node", "time"))
    found = delivered_price(table, charges)
    assert found.dims == table.dims
    assert found.values.tolist() == delivered_price(table.values, charges).tolist()


def test_higher_voltage_is_never_dearer():
    for grid in ("ningxia", "gansu", "inner_mongolia_west", "guizhou", "qinghai"):
        prices = [
            energy_price(time_axis("2026-03-05", horizon_h=24), builtin_tariff(f"{grid}-{level}"))
            for level in ("1-10kv", "35kv", "110kv", "220kv")
        ]
        assert np.all(np.diff(prices, axis=0) < 0), grid


def test_contract_prices_are_the_facts(shared_data_dir):
    rows = {(row["grid"], row["item"]): row for row in facts(shared_data_dir, "tariffs_2025_2026.csv")}
    premium = float(rows["Gansu", "green power premium over direct trade"]["value"])
    assert contract_price("green premium", grid="gansu").cny_per_kwh == premium
    certificate = float(rows["national", "green certificate, traded alone"]["value"]) / 1000
    assert contract_price("certificate").cny_per_kwh == pytest.approx(certificate)
    mechanism = float(rows["Guizhou", "mechanism (floor) price, existing renewables"]["value"])
    assert contract_price("export price", grid="guizhou").cny_per_kwh == mechanism


def test_a_contract_price_says_how_sure_it_is():
    assert {price.confidence for price in contract_prices()} == {"verified", "secondary", "derived"}
    with pytest.raises(ConfigError, match="no 'green premium' of 'ningxia', allowed green premium of gansu"):
        contract_price("green premium", grid="ningxia")
