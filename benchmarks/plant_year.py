"""PUE and water of the default plants over a year and over July at the five hubs, by `models.meter`.

    python benchmarks/plant_year.py [--seed 1] [--year 2026] [--check]

A hall of 1,000 kW at 65 % load on the embedded climate. Prints two tables: PUE of the year / of July, and litres of
make-up water per kWh of IT over the year. `--check` ends with status 1 where a year's PUE is outside what such halls
are known for (`BANDS`).
"""

from __future__ import annotations

import argparse
import sys

from models.cooling import (
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    outdoor_state,
)
from models.electrical import ElectricalPlant
from models.meter import facility
from models.overhead import NodePlant
from weather import load_nodes, open_weather
from weather.conventions.timeaxis import civil, time_axis

RATED_KW, LOAD = 1000.0, 0.65
# Year's PUE by plant. What such halls are known for: Meta Lulea 1.07 and Google 1.09-1.10 are the best with outside air
# or economisers, the best rooms at Zhangbei and Ulanqab 1.1-1.2; chilled water without economiser 1.2-1.3, air-cooled
# up to 1.35; NREL's warm-water hall 1.04, cold-plate sites with UPS and trim from 1.08.
BANDS = {
    "air economiser with pad, 23 degC air": (1.09, 1.18),
    "indirect evaporative units, 23 degC air": (1.09, 1.15),
    "water economiser, 18 degC water": (1.11, 1.20),
    "chiller-led, Carnot, 12 degC water": (1.20, 1.28),
    "air-cooled chiller, Carnot, 12 degC water": (1.25, 1.35),
    "chiller-led, DOE-2 variable speed, 12 degC": (1.19, 1.26),
    "liquid to 75 %, 27 degC facility water": (1.06, 1.13),
}


def plants() -> dict[str, tuple[NodePlant, float]]:
    """Name -> plant and setpoint [degC]."""
    electrical, heat = ElectricalPlant(rated_kw=RATED_KW), {"rated_heat_kw": 1.1 * RATED_KW}
    cooling = {
        "air economiser with pad, 23 degC air": (AirEconomiserPlant(**heat), 23.0),
        "indirect evaporative units, 23 degC air": (IndirectEvaporativePlant(**heat), 23.0),
        "water economiser, 18 degC water": (WaterEconomiserPlant(**heat), 18.0),
        "chiller-led, Carnot, 12 degC water": (ChillerPlant(**heat), 12.0),
        "air-cooled chiller, Carnot, 12 degC water": (ChillerPlant(**heat, condenser="air"), 12.0),
        "chiller-led, DOE-2 variable speed, 12 degC": (ChillerPlant(**heat, chiller="doe2"), 12.0),
        "liquid to 75 %, 27 degC facility water": (
            LiquidCooledPlant(**heat, air=AirEconomiserPlant(rated_heat_kw=0.3 * RATED_KW)), 27.0,
        ),
    }  # fmt: skip
    return {name: (NodePlant(plant, electrical), setpoint) for name, (plant, setpoint) in cooling.items()}


def main() -> int:
    """Print the tables; 1 where a band is left and --check is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--year", type=int, default=2026)
    parser.add_argument("--check", action="store_true", help="status 1 where a year's PUE leaves its band")
    asked = parser.parse_args()
    nodes = list(load_nodes().values())
    time = time_axis(f"{asked.year}-01-01", horizon_h=8760)
    weather = open_weather(dict.fromkeys(load_nodes(), "climate"), nodes, time=time, seed=asked.seed)
    weather = outdoor_state(weather)
    july = weather.isel(time=civil(time).month == 7)
    head = "| plant | " + " | ".join(node.name_en for node in nodes) + " |\n" + "|---" * (len(nodes) + 1) + "|"
    outside, waters = [], []
    print(head)
    for name, (plant, setpoint) in plants().items():
        year, month = (facility(LOAD * RATED_KW, part, plant, setpoint) for part in (weather, july))
        pues = zip(year["pue"].values, month["pue"].values, strict=True)
        print(f"| {name} | " + " | ".join(f"{whole:.3f} / {part:.3f}" for whole, part in pues) + " |", flush=True)
        waters.append(f"| {name} | " + " | ".join(f"{wue:.2f}" for wue in year["wue"].values) + " |")
        low, high = BANDS[name]
        outside += [f"{name} at {node}" for node, pue in zip(year["node"].values, year["pue"].values, strict=True)
                    if not low <= pue <= high]  # fmt: skip
    print("\nwater, L/kWh of IT\n\n" + "\n".join([head, *waters]))
    print("\nbands: " + ("all kept" if not outside else f"left by {', '.join(outside)}"))
    return 1 if outside and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
