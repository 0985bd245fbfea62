"""How near the planner's overhead table is to the nonlinear plants of the default study.

    python benchmarks/overhead_table.py [--seed 7]

Table less plant in percent of overhead, over loads from idle to full, every setpoint, two days each of January, April,
July and October: largest and least of any load and hour, mean, and mean at the idle and at the full end.
"""

from __future__ import annotations

import argparse

import numpy as np

from energy.config import load_study
from energy.inputs import build_inputs
from models.overhead import overhead_kw
from weather import open_weather
from weather.conventions.timeaxis import time_axis

DATES = ("2026-01-15", "2026-04-15", "2026-07-15", "2026-10-15")
LOADS = 97


def main() -> None:
    """Print a line per node and date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    study = load_study(None)
    types = study.gpu_table()
    print(f"{'':23}{'largest':>8}{'least':>8}{'mean':>8}{'idle':>8}{'full':>8}")
    for date in DATES:
        time = time_axis(date, horizon_h=48)
        specs = dict.fromkeys((node.id for node in study.nodes), "climate")
        weather = open_weather(specs, [node.node() for node in study.nodes], time=time, seed=asked.seed)
        inputs = build_inputs(study, weather, (), time=time, step_h=1.0)
        for n, node in enumerate(study.nodes):
            at = inputs.isel(node=n)
            full = sum(p.cluster_gpus * p.count * types[p.gpu_type].peak_kw for p in node.pools()) + node.other_it_kw
            low = float(at["base_it_kw"].min())
            loads = np.linspace(low, min(full, float(at["it_cap_kw"])), LOADS)[:, None]
            off = []
            for mode in np.flatnonzero(at["mode_ok"].values):
                lines = at.isel(mode=mode)
                table = (
                    lines["line_intercept_kw"].values[:, None] + lines["line_slope"].values[:, None] * loads
                ).max(axis=0)
                it = loads * float(lines["inlet_factor"])
                here = weather.sel(node=node.id)
                plant = np.array(
                    [overhead_kw(here, node.node_plant(), row, float(lines["setpoint_degc"])).values for row in it]
                )
                off.append(100.0 * (table - plant) / plant)
            error = np.array(off)  # (mode, load, time)
            shown = (error.max(), error.min(), error.mean(), error[:, 0].mean(), error[:, -1].mean())
            print(f"{date}  {node.id:11}" + "".join(f"{value:8.2f}" for value in shown), flush=True)


if __name__ == "__main__":
    main()
