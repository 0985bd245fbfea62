"""The PV chain against NREL PVWatts v8 on the same weather: energy within 1 %, hours within 1.2 % of the AC rating.

The comparison is the one of benchmarks/pv_against_pysam.py, which prints it for any weather file.
"""

import importlib.util
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.solar import pv_power

pytest.importorskip("PySAM")

_FILE = Path(__file__).parents[2] / "benchmarks" / "pv_against_pysam.py"
_spec = importlib.util.spec_from_file_location("pv_against_pysam", _FILE)
pysam = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pysam)

FILES = ["CHN_XZ_Urumqi-Diwopu.AP.514635_TMYx", "CHN_SC_Chengdu-Shuangliu.AP.562940_TMYx.2009-2023"]


@pytest.fixture(scope="module")
def climate_year():
    from weather import load_nodes, open_weather
    from weather.conventions.timeaxis import time_axis

    node = load_nodes()["zhongwei"]
    time = time_axis("2026-01-01", horizon_h=8760)
    return open_weather({"zhongwei": "climate"}, [node], time=time, seed=1).sel(node="zhongwei")


def assert_agrees_and_notices_the_sun(weather, plant):
    reference = pysam.pvwatts(weather, plant)
    assert reference.sum() > 500_000.0
    energy, hourly = pysam.compare(pv_power(weather, plant).to_numpy(), reference, plant.ac_kw)
    assert abs(energy) <= 0.01
    assert hourly <= 0.007, "the issue's band is 0.012; measured 0.0023 to 0.0057 at ten sites"
    moved = pysam.compare(pv_power(pysam.sun_moved(weather), plant).to_numpy(), reference, plant.ac_kw)
    assert not pysam.inside(moved), "half an hour of the sun must not pass unnoticed"
    assert moved[1] > 3.0 * hourly


@pytest.mark.parametrize("name", list(pysam.HELD))
def test_a_year_of_the_embedded_climate_agrees(climate_year, name):
    assert_agrees_and_notices_the_sun(climate_year, pysam.HELD[name])


@pytest.mark.parametrize("half", ["north", "south"])
def test_a_tracker_with_a_tilted_axis_agrees(climate_year, half):
    """The axis falls towards the equator; in the south the same sky half a year later."""
    weather, facing = climate_year, 180.0
    if half == "south":
        later = {name: ("time", np.roll(weather[name].to_numpy(), 183 * 24)) for name in weather.data_vars}
        weather, facing = weather.assign(later).assign_coords(latitude=-float(weather["latitude"])), 0.0
    plant = replace(pysam.TRACKER, tilt_deg=25.0, azimuth_deg=facing)
    level = float(pv_power(weather, pysam.TRACKER).sum())
    assert float(pv_power(weather, plant).sum()) > 1.05 * level, "the axis leans to the sun"
    assert_agrees_and_notices_the_sun(weather, plant)


@pytest.mark.parametrize("name", list(pysam.HELD))
@pytest.mark.parametrize("file", FILES)
def test_a_year_of_a_weather_file_agrees(shared_data_dir, file, name):
    from weather import read_epw

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the repair of the file's clock
        weather = read_epw(shared_data_dir / "weather" / f"{file}.epw", repair=True)
    assert_agrees_and_notices_the_sun(weather, pysam.HELD[name])


@pytest.mark.parametrize("name", ["fixed, bifacial", "tracker, bifacial"])
def test_the_rear_side_gains_what_pvwatts_gives_it_within_three_points(climate_year, name):
    """PVWatts warns that its rear side is made for fixed rows; ours is that of pvlib's infinite sheds."""
    plant, front = pysam.SHOWN[name], pysam.HELD[name.split(",")[0]]
    ours = pv_power(climate_year, plant).sum() / pv_power(climate_year, front).sum() - 1
    theirs = pysam.pvwatts(climate_year, plant).sum() / pysam.pvwatts(climate_year, front).sum() - 1
    assert 0.03 < float(theirs) < float(ours) < float(theirs) + 0.03
