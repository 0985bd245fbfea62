"""What the PV chain costs per member, as a ratio to pvlib's ModelChain, and a year of eight nodes and fifty members.

    python benchmarks/pv_speed.py [--members 50] [--nodes 8] [--rounds 3] [--check]

One thread (set OMP_NUM_THREADS=1 to be sure; neither uses more). A year of hours of the embedded climate, its nodes
repeated up to --nodes, its radiation scaled by a draw for each member. pvlib runs ModelChain for one node and member:
single-axis tracker, Hay-Davies, physical reflection, Faiman, PVWatts DC, losses and inverter. They take turns, the
least of the rounds counts. --check ends with 1 where the chain, with Hay-Davies or Perez-Driesse, is less than 15 times
faster per node, member and year.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from models.solar import PVPlant, pv_power
from weather import load_nodes, open_weather
from weather.conventions.timeaxis import time_axis

LEAST = 15.0
NEEDED = ["dni", "dhi", "ghi", "temp_air", "wind_speed"]
PLANT = PVPlant(dc_kw=1250.0)


def members(nodes: int, count: int) -> xr.Dataset:
    """A year, (member, node, time)."""
    names = load_nodes()
    stamps = time_axis("2026-01-01", horizon_h=8760)
    one = open_weather(dict.fromkeys(names, "climate"), list(names.values()), time=stamps, seed=1)[NEEDED]
    one = one.isel(node=np.arange(nodes) % len(names)).assign_coords(node=np.arange(nodes))
    scale = xr.DataArray(np.random.default_rng(1).uniform(0.7, 1.0, count), dims="member")
    spread = one.assign({name: one[name] * scale for name in ("dni", "dhi", "ghi")})
    spread = spread.assign({name: one[name].expand_dims(member=count) for name in ("temp_air", "wind_speed")})
    return spread.transpose("member", "node", "time")


def modelchain(weather: xr.Dataset) -> Callable[[], object]:
    """One node and member through pvlib's ModelChain."""
    from pvlib import location, modelchain, pvsystem

    mount = pvsystem.SingleAxisTrackerMount(axis_tilt=0, axis_azimuth=180, max_angle=60, backtrack=True, gcr=0.4)
    array = pvsystem.Array(
        mount,
        albedo=0.2,
        module_parameters={"pdc0": PLANT.dc_kw, "gamma_pdc": PLANT.temp_coeff_per_k},
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
    )
    system = pvsystem.PVSystem(
        arrays=[array],
        inverter_parameters={"pdc0": PLANT.ac_kw / PLANT.inverter_eff, "eta_inv_nom": PLANT.inverter_eff},
        losses_parameters={},
    )
    place = [float(weather[name]) for name in ("latitude", "longitude", "altitude_m")]
    chain = modelchain.ModelChain(
        system,
        location.Location(*place[:2], tz="UTC", altitude=place[2]),
        transposition_model="haydavies",
        aoi_model="physical",
        spectral_model="no_loss",
        temperature_model="faiman",
        dc_model="pvwatts",
        ac_model="pvwatts",
        losses_model="pvwatts",
    )
    index = pd.DatetimeIndex(weather["time"].to_numpy()).tz_localize("UTC") + pd.Timedelta(minutes=30)
    frame = pd.DataFrame({name: weather[name].to_numpy() for name in NEEDED}, index=index)
    return lambda: chain.run_model(frame)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    weather = members(asked.nodes, asked.members)
    one = weather.isel(member=0, node=0)
    plants = {
        "Perez-Driesse (default)": PVPlant(dc_kw=1250.0),
        "Hay-Davies": PVPlant(dc_kw=1250.0, transposition="haydavies"),
        "bifacial": PVPlant(dc_kw=1250.0, bifaciality=0.7),
    }
    runs: dict[str, Callable[[], object]] = {"pvlib ModelChain, one": modelchain(one)}
    runs |= {f"{name}, all": lambda plant=plant: pv_power(weather, plant) for name, plant in plants.items()}
    runs |= {f"{name}, one": lambda plant=plant: pv_power(one, plant) for name, plant in plants.items()}
    least = dict.fromkeys(runs, np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(asked.rounds):
            for name, run in runs.items():
                start = clock.process_time()
                run()
                least[name] = min(least[name], clock.process_time() - start)
    years = asked.nodes * asked.members
    base = least["pvlib ModelChain, one"]
    print(f"{asked.nodes} nodes, {asked.members} members, {weather.sizes['time']} h; processor time, one thread")
    ratios = {}
    for name, seconds in least.items():
        each = seconds / (years if name.endswith("all") else 1)
        ratios[name] = base / each
        print(
            f"{name:32}{seconds:8.3f} s{1000 * each:10.2f} ms a node, member and year{ratios[name]:9.1f} x ModelChain"
        )
    slow = [name for name in ("Perez-Driesse (default), all", "Hay-Davies, all") if ratios[name] < LEAST]
    if asked.check and slow:
        sys.exit(f"less than {LEAST:g} x: {', '.join(slow)}")


if __name__ == "__main__":
    main()
