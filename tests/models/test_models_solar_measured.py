"""How benchmarks/pv_measured.py finds curtailment: from measured power and light, by the first year's median."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

_FILE = Path(__file__).parents[2] / "benchmarks" / "pv_measured.py"
_spec = importlib.util.spec_from_file_location("pv_measured", _FILE)
measured = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(measured)


@pytest.fixture
def table():
    """Two days, one in each year, with 600 W/m2 and 30 MW from 08:00 to 16:00."""
    days = [pd.date_range(day, periods=96, freq="15min") for day in ("2019-06-01", "2020-06-01")]
    local = pd.Series(days[0].append(days[1]))
    lit = local.dt.hour.between(8, 15)
    out = pd.DataFrame({"local": local, "good": True, "plane": 600.0 * lit, "power": 30_000.0 * lit})
    assert not measured.held_back(out, 2019).any()
    return out


def test_an_hour_below_half_of_the_usual_power_per_light_is_held_back(table):
    rows = slice(96 + 40, 96 + 44)
    table.loc[rows.start : rows.stop - 1, "power"] = 14_900.0
    found = measured.held_back(table, 2019)
    assert list(np.flatnonzero(found)) == list(range(136, 140))
    table.loc[rows.start : rows.stop - 1, "power"] = 15_100.0
    assert not measured.held_back(table, 2019).any()


@pytest.mark.parametrize(("change", "why"), [("short", "three quarter hours"), ("dim", "little light"), ("bad", "gap")])
def test_what_is_short_dim_or_missing_is_not(table, change, why):
    table.loc[136:139, "power"] = 0.0
    assert measured.held_back(table, 2019).sum() == 4
    if change == "short":
        table.loc[139, "power"] = 30_000.0
    elif change == "dim":
        table.loc[136:139, "plane"] = 199.0
    else:
        table.loc[137, "good"] = False
    assert not measured.held_back(table, 2019).any(), why


def test_the_scored_year_does_not_set_its_own_rule(table):
    """A second year that is held back nearly always is found by the first year's median."""
    second = table["local"].dt.year == 2020
    table.loc[second & (table["plane"] > 0), "power"] = 10_000.0
    assert measured.held_back(table, 2019).sum() == 32
    assert not measured.held_back(table, 2020).any()
