"""PUE of the default plants over a year and over July at the five hubs, as models/README.md shows it.

    python benchmarks/plant_year.py [--seed 1] [--year 2026]

A hall of 1,000 kW at 65 % load on the embedded climate: setpoints 23 degC air, 18 degC water with economiser,
12 degC chiller-led.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from models.cooling import AirEconomiserPlant, WaterEconomiserPlant, outdoor_state
from models.electrical import ElectricalPlant
from models.overhead import NodePlant, overhead_kw
from weather import load_nodes, open_weather
from weather.conventions.timeaxis import civil, time_axis

RATED_KW, LOAD = 1000.0, 0.65


def plants() -> dict[str, tuple[NodePlant, float]]:
    """Name -> plant and setpoint [degC]."""
    electrical = ElectricalPlant(rated_kw=RATED_KW)
    water = WaterEconomiserPlant(rated_heat_kw=1.1 * RATED_KW)
    led = replace(water, economiser=False)
    return {
        "air economiser with pad": (NodePlant(AirEconomiserPlant(rated_heat_kw=1.1 * RATED_KW), electrical), 23.0),
        "water economiser": (NodePlant(water, electrical), 18.0),
        "chiller-led, Carnot 0.55": (NodePlant(led, electrical), 12.0),
        "chiller-led, DOE-2, variable speed": (NodePlant(replace(led, chiller="doe2"), electrical), 12.0),
    }


def main() -> None:
    """Print the table, year / July."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--year", type=int, default=2026)
    asked = parser.parse_args()
    nodes = list(load_nodes().values())
    time = time_axis(f"{asked.year}-01-01", horizon_h=8760)
    july = civil(time).month == 7
    weather = open_weather(dict.fromkeys(load_nodes(), "climate"), nodes, time=time, seed=asked.seed)
    it_kw = LOAD * RATED_KW
    print("| plant | " + " | ".join(node.name_en for node in nodes) + " |")
    print("|---" * (len(nodes) + 1) + "|")
    for name, (plant, setpoint) in plants().items():
        cells = []
        for node in nodes:
            overhead = overhead_kw(outdoor_state(weather.sel(node=node.node_id)), plant, it_kw, setpoint).values
            cells.append(" / ".join(f"{1 + float(np.mean(part)) / it_kw:.2f}" for part in (overhead, overhead[july])))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
