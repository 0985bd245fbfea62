"""The table of docs/climate.md: what the generator's statistics are beside their sources."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from weather import generate_climate, load_nodes
from weather.conventions.timeaxis import time_axis

ROOT = Path(__file__).parents[2]
STATISTICS = {  # of the generator, with the band each is held to
    "ghi": "3 %",
    "temperature": "0.5 degC",
    "daily range of temperature": "1 K",
    "kt, standard deviation of days": "0.03",
    "kt, lag-1 of days": "0.08",
    "wind, mean": "3 %",
    "wind, lag-1 of hours": "0.05",
}


@pytest.fixture(scope="module")
def table():
    place = ROOT / "benchmarks" / "climate_table.py"
    spec = importlib.util.spec_from_file_location("climate_table", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(table):
    """Thirty years of the sunniest and the cloudiest hub, of another seed and other years than the committed table."""
    nodes = [load_nodes()["ulanqab"], load_nodes()["guian"]]
    return table.measured(nodes, years=30, seed=3, first_year=2001)


def test_thirty_years_lie_within_every_band(rows):
    assert {(row.statistic, row.node, row.month) for row in rows if row.band is not None} >= {
        (name, node, month)
        for node in ("ulanqab", "guian")
        for name in STATISTICS
        for month in (range(12) if name.startswith(("ghi", "temp", "daily")) else (None,))
    }
    broken = [(row.statistic, row.node, row.month, row.found, row.wanted) for row in rows if row.broken]
    assert not broken


def test_rows_compute_what_they_say(table):
    """A year whose statistics are known: constant weather but for a square wave of wind."""
    node = load_nodes()["zhongwei"]
    weather = (
        generate_climate([node], time=time_axis("2001-01-01", horizon_h=8760), seed=1).isel(node=0).copy(deep=True)
    )
    hour = np.arange(8760)
    weather["wind_speed"].values[:] = 4.0 + np.where(hour % 2 == 0, 1.0, -1.0)
    weather["temp_air"].values[:] = 10.0 + np.where(hour % 24 == 12, 24.0, 0.0)
    weather["ghi"].values[:] = 100.0
    found = {(row.statistic, row.month): row.found for row in table.statistics_of(weather, node)}
    assert found["wind, lag-1 of hours", None] == pytest.approx(-1.0)
    assert found["wind, lag-24 of hours", None] == pytest.approx(1.0)
    assert found["wind, mean", None] == pytest.approx(4.0)
    for month in range(12):
        assert found["ghi", month] == pytest.approx(2.4)
        assert found["temperature", month] == pytest.approx(11.0)
        assert found["daily range of temperature", month] == pytest.approx(24.0)


def test_a_broken_band_is_seen(table, rows):
    row = next(row for row in rows if row.statistic == "ghi" and row.month == 0)
    assert not replace(row, found=row.wanted * 1.029).broken
    assert replace(row, found=row.wanted * 1.031).broken
    assert replace(row, found=float("nan")).broken
    text = table.tables([replace(row, found=row.wanted * 1.031)] * 12, years=1, seed=1, first_year=2000)
    assert "(+3.1 %)**" in text


def test_committed_table_names_every_statistic_and_breaks_no_band():
    text = (ROOT / "docs" / "climate.md").read_text(encoding="utf-8")
    _, inside = text.split("<!-- climate_table.py: begin -->")
    inside, _ = inside.split("<!-- climate_table.py: end -->")
    assert "--years 30 " in inside
    parts = dict(re.findall(r"^### (.+?) \[.*?\]\n(.*?)(?=^### |\Z)", inside, flags=re.M | re.S))
    for name, band in STATISTICS.items():
        assert f"Band: {band}." in parts[name], name
        for node in load_nodes():
            assert re.search(rf"\b{node}\b", parts[name]), (name, node)
    assert "**" not in inside  # how a broken band is printed
