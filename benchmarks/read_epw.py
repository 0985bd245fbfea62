"""What reading an EPW file costs, as a ratio to pvlib's own reader.

    python benchmarks/read_epw.py [FILE ...] [--rounds 7] [--check]

A line per file: pvlib.iotools.read_epw [ms]; weather.read_epw without checks, with all checks, and with repair, each as
a ratio to it. The readers take turns, the least of the rounds counts. Without a file, a year of the embedded climate is
written as one. --check ends with 1 where a ratio exceeds 1.5 (without checks) or 8 (with all checks).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from weather import load_nodes, open_weather, read_epw

MOST = {"unchecked": 1.5, "checked": 8.0}
READERS = {
    "pvlib": lambda file: pvlib.iotools.read_epw(file),
    "unchecked": lambda file: read_epw(file, check=False),
    "checked": lambda file: read_epw(file),
    "repaired": lambda file: read_epw(file, repair=True),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    worst = dict.fromkeys(MOST, 0.0)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = asked.files or [write_year(Path(folder) / "climate_zhongwei.epw")]
        print(f"{'file':54}{'pvlib':>9}{'unchecked':>11}{'checked':>9}{'repaired':>10}")
        for file in files:
            took = {name: least for name, least in _least_seconds(file, asked.rounds).items()}
            ratio = {name: took[name] / took["pvlib"] for name in READERS}
            print(
                f"{file.name[:52]:54}{1000 * took['pvlib']:6.0f} ms{ratio['unchecked']:11.2f}{ratio['checked']:9.2f}"
                f"{ratio['repaired']:10.2f}"
            )
            worst = {name: max(worst[name], ratio[name]) for name in worst}
    broken = [f"{name} {worst[name]:.2f} > {most}" for name, most in MOST.items() if worst[name] > most]
    if asked.check and broken:
        sys.exit(f"too slow: {'; '.join(broken)}")


def _least_seconds(file: Path, rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, read in READERS.items():
            began = time.perf_counter()
            read(file)
            taken[name].append(time.perf_counter() - began)
    return {name: min(seconds) for name, seconds in taken.items()}


def write_year(file: Path) -> Path:
    """A year of the embedded climate at Zhongwei as an EPW file of 35 columns."""
    node = load_nodes()["zhongwei"]
    hours = np.datetime64("2000-12-31T16:00", "ns") + np.arange(8760) * np.timedelta64(1, "h")
    weather = open_weather({node.node_id: "climate"}, [node], time=hours, seed=7).isel(node=0)
    civil = pd.DatetimeIndex(hours) + pd.Timedelta(hours=8)
    head = [
        f"LOCATION,{node.name_en},{node.province},CHN,synthetic,0,{node.latitude},{node.longitude},8.0,{node.altitude_m}",
        *(
            "DESIGN CONDITIONS,0",
            "TYPICAL/EXTREME PERIODS,0",
            "GROUND TEMPERATURES,0",
            "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        ),
        *("COMMENTS 1,made by a benchmark", "COMMENTS 2,", "DATA PERIODS,1,1,Data,Sunday,1/1,12/31"),
    ]
    columns = {name: weather[name].values for name in ("temp_air", "temp_dew", "relative_humidity", "pressure")}
    rows = [
        f"{at.year},{at.month},{at.day},{at.hour + 1},0,?9,"
        f"{columns['temp_air'][i]:.1f},{columns['temp_dew'][i]:.1f},{columns['relative_humidity'][i]:.0f},"
        f"{columns['pressure'][i]:.0f},0,0,300,{weather['ghi'].values[i]:.0f},{weather['dni'].values[i]:.0f},"
        f"{weather['dhi'].values[i]:.0f},0,0,0,0,180,{weather['wind_speed'].values[i]:.1f},5,5,9999,99999,9,999999999,10,"
        "0.1,0,88,0.2,0,0"
        for i, at in enumerate(civil)
    ]
    file.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    main()
