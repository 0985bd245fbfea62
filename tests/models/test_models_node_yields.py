"""Yields of the default study's plants in the embedded climate: within the recommended bands at all five nodes."""

import csv
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from energy.config import load_study
from models.solar import pv_power
from models.wind import wind_power
from weather import open_weather
from weather.conventions.timeaxis import time_axis

ROWS = list(csv.DictReader(resources.files("models").joinpath("data/node_yields.csv").read_text("utf-8").splitlines()))
NODES = ("zhongwei", "horinger", "ulanqab", "qingyang", "guian")


def row(node, quantity):
    (found,) = [entry for entry in ROWS if (entry["node"], entry["quantity"]) == (node, quantity)]
    return found


@pytest.fixture(scope="module")
def study():
    return load_study(None)


@pytest.fixture(scope="module")
def year(study):
    time = time_axis("2026-01-01", horizon_h=8760)
    return open_weather(study.weather.specs, [node.node() for node in study.nodes], time=time, seed=1)


def wind_plant(study, node):
    """The study's; at Gui'an, which has no wind contract, the other nodes' with that node's own factor."""
    plant = study.node(node).wind_plant()
    if plant is None:
        plant = replace(study.node("zhongwei").wind_plant(), speed_factor=float(row(node, "speed_factor")["value"]))
    return plant


@pytest.mark.parametrize("node", NODES)
def test_a_year_of_wind_is_within_the_recommended_band(study, year, node):
    plant, band = wind_plant(study, node), row(node, "wind_hours")
    hours = float(wind_power(year.sel(node=node), plant).sum()) / plant.capacity_kw
    assert float(band["low"]) <= hours <= float(band["high"])
    assert hours == pytest.approx(float(band["value"]), rel=0.13)


@pytest.mark.parametrize("node", NODES)
def test_a_year_of_pv_is_within_the_recommended_band(study, year, node):
    plant, band = study.node(node).pv_plant(), row(node, "pv_yield")
    per_kwp = float(pv_power(year.sel(node=node), plant).sum()) / plant.dc_kw
    assert float(band["low"]) <= per_kwp <= float(band["high"])
    assert per_kwp == pytest.approx(float(band["value"]), rel=0.13)


@pytest.mark.parametrize("node", NODES)
def test_the_wind_factor_is_that_of_the_sources(study, node):
    """Hub wind of the recommended hours over MERRA-2 wind sheared to the same height."""
    factor = float(row(node, "speed_factor")["value"])
    wanted = float(row(node, "hub_wind_of_hours")["value"]) / float(row(node, "hub_wind_sheared")["value"])
    assert factor == pytest.approx(wanted, abs=0.0051)
    if study.node(node).wind:
        assert study.node(node).wind.speed_factor == factor


def test_the_rows_are_the_recommended_ones_of_the_collected_facts(shared_data_dir):
    with (shared_data_dir / "facts" / "node_wind_solar_hours.csv").open(encoding="utf-8", newline="") as lines:
        facts = [entry for entry in csv.DictReader(lines) if "RECOMMENDED" in entry["quantity"]]
    assert len(facts) == 10
    for fact in facts:
        ours = row(fact["node"], "wind_hours" if fact["technology"] == "wind" else "pv_yield")
        low, high = fact["note"].split("low/high: ")[1].split(";")[0].split(" / ")
        assert [float(ours[key]) for key in ("value", "low", "high")] == [float(fact["value"]), float(low), float(high)]


def test_every_row_has_a_source_and_a_sense():
    for entry in ROWS:
        assert len(entry["source"]) >= 15 and entry["unit"], entry
        if entry["low"]:
            assert float(entry["low"]) < float(entry["value"]) < float(entry["high"])
    assert {entry["node"] for entry in ROWS} == set(NODES)


def test_a_farm_is_not_a_weather_station(study, year):
    """Without the farm's factor and the machine's fit to the wind, the band would not hold: the test can fail."""
    plant = replace(wind_plant(study, "qingyang"), speed_factor=1.0)
    hours = float(wind_power(year.sel(node="qingyang"), plant).sum()) / plant.capacity_kw
    assert hours < float(row("qingyang", "wind_hours")["low"]) and np.isfinite(hours)
