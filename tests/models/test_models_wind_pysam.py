"""Wind power against NREL's SAM on the same weather, through the runner of benchmarks/wind_against_pysam.py."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.wind import hub_wind_speed, wind_power
from weather import load_nodes, open_weather, read_epw
from weather.conventions.timeaxis import time_axis

pytest.importorskip("PySAM")
FILES = ("CHN_YN_Kunming-Wujiaba.AP.567780_TMYx.epw", "CHN_SX_Taiyuan.537720_TMYx.epw")
TURBINES = ("V126/3000", "NREL196/6000", "E-141/4200")


def runner():
    """The benchmark as a module; the dataclass machinery needs it among the modules."""
    name = "wind_against_pysam"
    if name not in sys.modules:
        file = Path(__file__).resolve().parents[2] / "benchmarks" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="module")
def year():
    nodes = load_nodes()
    time = time_axis("2026-01-01", horizon_h=8760)
    return open_weather(dict.fromkeys(nodes, "climate"), list(nodes.values()), time=time, seed=3)


def hours(power):
    return float(np.sum(power)) / 1000.0


@pytest.mark.parametrize("turbine", TURBINES)
@pytest.mark.parametrize("node", ["ulanqab", "guian"])
def test_full_load_hours_are_sams(year, node, turbine):
    """0.2 percent in sum, and 0.1 percent of the rating in every hour below the cut-out."""
    weather, plant = year.sel(node=node), runner().bare_plant(turbine, speed_factor=1.0)
    ours, sam = wind_power(weather, plant).values, runner().sam_at_hub(weather, plant)
    assert hours(ours) == pytest.approx(hours(sam), rel=0.005) and hours(ours) > 1000.0
    running = hub_wind_speed(weather, plant).values <= plant.cut_out
    assert np.abs(ours - sam)[running].max() < 1.0


@pytest.mark.parametrize("file", FILES)
def test_full_load_hours_are_sams_on_epw_files(shared_data_dir, file):
    weather = read_epw(shared_data_dir / "weather" / file, check=False)  # the radiation's clock is no matter of wind
    for turbine in TURBINES:
        plant = runner().bare_plant(turbine)
        ours, sam = wind_power(weather, plant).values, runner().sam_at_hub(weather, plant)
        assert hours(ours) == pytest.approx(hours(sam), rel=0.005), turbine
        flat = wind_power(weather, replace(plant, density_correction=False)).values
        assert hours(flat) > 1.04 * hours(sam), "without density the comparison must fail"


def test_sams_own_shear_from_ten_metres_agrees_too(year):
    """SAM takes the weather as it is, at 10 m, to a hub at 45 m; what is left is our thinner air 43 m up."""
    weather = year.sel(node="zhongwei")
    plant = replace(runner().bare_plant("V126/3000", speed_factor=1.0), hub_height_m=45.0, shear_exponent=0.2)
    sam = runner().sam_power(
        *(weather[name].values for name in ("wind_speed", "temp_air", "pressure")), plant=plant, height_m=10.0
    )
    ours = wind_power(weather, plant).values
    assert -0.005 < hours(ours) / hours(sam) - 1.0 < -0.001


def test_where_sam_passes_the_cut_out_we_stand(year):
    """SAM judges the cut-out on the density-corrected speed: in thin air it runs on in wind that stops a machine."""
    weather = year.sel(node="ulanqab")
    plant = runner().bare_plant("NREL196/6000", speed_factor=1.3)
    above = hub_wind_speed(weather, plant).values > plant.cut_out
    assert above.sum() > 20
    assert np.all(wind_power(weather, plant).values[above] == 0.0)
    assert np.sum(runner().sam_at_hub(weather, plant)[above] > 990.0) > 10


def test_windpowerlib_is_within_two_percent_at_the_nodes(year):
    """Its exponent grows from 1/3 to 2/3 between 7.5 and 12.5 m/s: fewer hours in thin air, and the same without."""
    pytest.importorskip("windpowerlib")
    for node in ("ulanqab", "guian"):
        for turbine in TURBINES:
            plant = runner().bare_plant(turbine, speed_factor=1.0)
            weather = year.sel(node=node)
            theirs = hours(runner().windpowerlib_power(weather, plant))
            assert -0.02 < theirs / hours(wind_power(weather, plant).values) - 1.0 < 0.0, (node, turbine)
