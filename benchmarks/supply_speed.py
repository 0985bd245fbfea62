"""What PV and wind of an ensemble cost: 8 nodes x 8,760 h x 50 members on one core, beside pvlib's ModelChain.

    python benchmarks/supply_speed.py [--nodes 8] [--members 50] [--hours 8760] [--rounds 3] [--check]

Prints CPU seconds of `pv_power` and `wind_power` over the whole ensemble in one call each, the weather already made: of
the first call, which imports and tabulates what it needs, and the least of the next ones; of one `ModelChain` run of
one node-year (PVWatts, single-axis tracker; the least of the rounds); and the ratio of PV per node-year. They take
turns in one process of one thread. --check ends with 1 where the first calls of PV and wind together take longer than
4 s or that of PV is less than 15 times as fast as ModelChain.
"""

# ruff: noqa: E402 (the threads are set before numpy is imported)
from __future__ import annotations

import os
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy starts its threads

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from models.solar import PVPlant, pv_power
from models.wind import WindPlant, wind_power
from weather import generate_climate, load_nodes
from weather.conventions.timeaxis import time_axis
from weather.nodes import Node

MOST_S, LEAST_RATIO = 4.0, 15.0
PV = PVPlant(dc_kw=1200.0, tracking="single_axis")
WIND = WindPlant(capacity_kw=1000.0, turbine="V126/3000", turbulence_intensity=0.12, storm="hysteresis")


def places(count: int) -> list[Node]:
    """The built-in nodes, then neighbours 20 km north of them, as many as asked."""
    built_in = list(load_nodes().values())
    rounds = range(-(-count // len(built_in)))
    return [
        replace(node, node_id=f"{node.node_id}_{n}", latitude=node.latitude + 0.18 * n)
        for n in rounds
        for node in built_in
    ][:count]


def chain_run(weather: xr.Dataset) -> Callable[[], object]:
    """A ModelChain and one place's year, ready to run."""
    from pvlib.location import Location
    from pvlib.modelchain import ModelChain
    from pvlib.pvsystem import Array, PVSystem, SingleAxisTrackerMount

    mount = SingleAxisTrackerMount(axis_azimuth=180, max_angle=PV.max_angle_deg, gcr=PV.gcr)
    array = Array(
        mount=mount,
        module_parameters={"pdc0": PV.dc_kw, "gamma_pdc": PV.temp_coeff_per_k},
        temperature_model_parameters={"a": -3.47, "b": -0.0594, "deltaT": 3},
    )
    system = PVSystem([array], inverter_parameters={"pdc0": PV.dc_kw / PV.dc_ac_ratio, "eta_inv_nom": PV.inverter_eff})
    place = Location(
        *(float(weather[name]) for name in ("latitude", "longitude")), altitude=float(weather["altitude_m"])
    )
    chain = ModelChain.with_pvwatts(system, place)
    index = pd.DatetimeIndex(weather["time"].to_numpy()).tz_localize("UTC") + pd.Timedelta(minutes=30)
    frame = pd.DataFrame(
        {name: weather[name].to_numpy() for name in ("ghi", "dni", "dhi", "temp_air", "wind_speed")}, index
    )
    return lambda: chain.run_model(frame)


def seconds(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each call in each round; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.process_time()
            call()
            taken[name].append(time.process_time() - begin)
    return taken


def main() -> None:
    """Print seconds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    weather = generate_climate(
        places(asked.nodes), time=time_axis("2026-01-01", horizon_h=asked.hours), seed=1, members=asked.members
    )
    one = weather.isel(member=0, node=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pvlib with new pandas
        took = seconds(
            {
                "pv": lambda: pv_power(weather, PV),
                "wind": lambda: wind_power(weather, WIND),
                "one pv": lambda: pv_power(one, PV),
                "chain": chain_run(one),
            },
            asked.rounds,
        )
    runs, chain = asked.nodes * asked.members, min(took["chain"])
    print(f"{asked.nodes} nodes x {asked.members} members x {asked.hours} h, one core, CPU seconds")
    print(f"ModelChain, one node and member: {1000 * chain:.1f} ms")
    for when, pick in (("first call", lambda values: values[0]), ("again", lambda values: min(values[1:] or values))):
        pv, wind, one_pv = (pick(took[name]) for name in ("pv", "wind", "one pv"))
        print(
            f"{when:>10}: PV {pv:.2f} s, wind {wind:.2f} s; PV per node and member {1000 * pv / runs:.2f} ms, "
            f"{chain * runs / pv:.0f} times as fast as ModelChain (a node and member alone {chain / one_pv:.1f})"
        )
    together, ratio = took["pv"][0] + took["wind"][0], chain * runs / took["pv"][0]
    broken = []
    if together > MOST_S:
        broken.append(f"{together:.1f} s > {MOST_S:g} s")
    if ratio < LEAST_RATIO:
        broken.append(f"{ratio:.1f} times < {LEAST_RATIO:g}")
    if asked.check and broken:
        sys.exit(f"too slow: {'; '.join(broken)}")


if __name__ == "__main__":
    main()
