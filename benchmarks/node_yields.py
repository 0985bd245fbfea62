"""Yearly yields of the default study's plants in the embedded climate, beside the recommended and the projects' ones.

    python benchmarks/node_yields.py [--years 8] [--first 2021] [--seed 1] [--picture FILE.png] [--check]

Per node: PV yield [kWh per kWp of modules] and wind full-load hours [h], the mean of the years with the least and the
greatest, beside the recommended low / middle / high and the projects of models/data/node_yields.csv; how many single
years are outside the band; then how unsteady the made wind power is from hour to hour. Gui'an has no wind contract in
the study: there the machine of the other nodes under Gui'an's own speed factor. --check ends with 1 where a mean is
outside its band.

The PV yields are computed and nothing of them is fitted. The wind hours are no validation: each node's speed factor is
scaled to the recommended hours, so that they lie in their band shows only that the chain is whole (climate, shear,
machine, losses). The independent check of wind is the project column.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from energy.config import Study, load_study
from models.solar import pv_power
from models.wind import WindPlant, wind_power
from weather import open_weather
from weather.conventions.timeaxis import time_axis

PROJECTS = {
    "pv_yield": {"project_pv_hours_ac": "{:.0f} h AC"},
    "wind_hours": {"project_wind_hours": "{:.0f} h"},
}


def reference() -> dict[tuple[str, str], dict[str, str]]:
    """Rows of models/data/node_yields.csv by node and quantity."""
    text = resources.files("models").joinpath("data/node_yields.csv").read_text(encoding="utf-8")
    return {(row["node"], row["quantity"]): row for row in csv.DictReader(text.splitlines())}


def wind_plant(study: Study, node: str, rows: dict[tuple[str, str], dict[str, str]]) -> WindPlant:
    """The node's; where it has none, the machine of the first node that has one, under the node's own factor."""
    own = study.node(node).wind_plant()
    if own is not None:
        return own
    other = next(entry.wind_plant() for entry in study.nodes if entry.wind)
    return replace(other, speed_factor=float(rows[node, "speed_factor"]["value"]))


def yields(study: Study, years: range, seed: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Node, quantity, yield of each year and wind power as a share of rated (year, hour); the latter of wind only."""
    rows, nodes = reference(), [entry.node() for entry in study.nodes]
    found: dict[tuple[str, str], list[float]] = {}
    shares: dict[str, list[np.ndarray]] = {}
    for year in years:
        time = time_axis(f"{year}-01-01", horizon_h=8760)
        weather = open_weather(study.weather.specs, nodes, time=time, seed=seed)
        for entry in study.nodes:
            here, pv, wind = weather.sel(node=entry.id), entry.pv_plant(), wind_plant(study, entry.id, rows)
            if pv is not None:
                found.setdefault((entry.id, "pv_yield"), []).append(float(pv_power(here, pv).sum()) / pv.dc_kw)
            share = wind_power(here, wind).to_numpy() / wind.capacity_kw
            found.setdefault((entry.id, "wind_hours"), []).append(float(share.sum()))
            shares.setdefault(entry.id, []).append(share)
    for (node, quantity), values in found.items():
        yield node, quantity, np.array(values), np.array(shares[node] if quantity == "wind_hours" else [])


def main() -> None:
    """Print the table, then whether the means are within the bands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=8)
    parser.add_argument("--first", type=int, default=2021)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    rows, outside, unsteady = reference(), [], []
    print(
        f"{'node':10} {'quantity':11}{'ours (least-greatest)':>25}{'low / recommended / high':>27}"
        "  years outside  project"
    )
    years = range(asked.first, asked.first + asked.years)
    found = sorted(yields(load_study(None), years, asked.seed), key=lambda row: row[1])
    if asked.picture:
        draw(found, rows, asked.picture)
    for node, quantity, values, share in found:
        band = rows[node, quantity]
        low, high = float(band["low"]), float(band["high"])
        projects = [
            form.format(float(rows[node, name]["value"]))
            for name, form in PROJECTS[quantity].items()
            if (node, name) in rows
        ]
        limits = f"{low:.0f} / {band['value']} / {high:.0f}"
        ours = f"{values.mean():.0f} ({values.min():.0f}-{values.max():.0f})"
        print(
            f"{node:10} {quantity:11}{ours:>25}{limits:>27}"
            f"{int(np.sum((values < low) | (values > high))):8d} of {values.size:<4d} {', '.join(projects) or '-'}"
        )
        if not low <= values.mean() <= high:
            outside.append(f"{node} {quantity} {values.mean():.0f}")
        if share.size:
            steps = np.diff(share, axis=1)
            lag1 = np.mean([np.corrcoef(year[1:], year[:-1])[0, 1] for year in share])
            unsteady.append(f"{node} {lag1:.2f}, {steps.std():.2f}")
    print(
        "wind_hours: scaled to the recommended hours by each node's speed_factor, no validation; the independent check"
    )
    print("  is the project column. pv_yield: computed, nothing fitted.")
    print("made wind power from hour to hour (lag-1 correlation, standard deviation of the change over rated): ")
    print("  " + "; ".join(unsteady))
    if asked.check and outside:
        sys.exit(f"outside the recommended band: {'; '.join(outside)}")


def draw(
    found: list[tuple[str, str, np.ndarray, np.ndarray]], rows: dict[tuple[str, str], dict[str, str]], file: Path
) -> None:
    """Recommended bands as bars, ours as points with the range of years, projects as diamonds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9.0, 5.0), dpi=100)
    labels = {
        "pv_yield": "PV yield [kWh per kWp of modules and year]",
        "wind_hours": "wind full-load hours [h/a], scaled to the recommended",
    }
    for axis, (quantity, label) in zip(axes, labels.items(), strict=True):
        chosen = [row for row in found if row[1] == quantity]
        for place, (node, _, values, _) in enumerate(chosen):
            low, middle, high = (float(rows[node, quantity][key]) for key in ("low", "value", "high"))
            first = place == 0
            axis.bar(place, high - low, 0.5, low, color="0.85", label="recommended band" if first else None)
            axis.hlines(middle, place - 0.25, place + 0.25, color="0.4", label="recommended" if first else None)
            spread = [[values.mean() - values.min()], [values.max() - values.mean()]]
            axis.errorbar(
                place, values.mean(), spread, fmt="o", color="tab:blue", capsize=4,
                label="greendc, mean and range of years" if first else None,
            )  # fmt: skip
            project = rows.get((node, "project_wind_hours"))
            if quantity == "wind_hours" and project:
                axis.plot(place, float(project["value"]), "D", color="tab:orange", label="project" if first else None)
        axis.set_xticks(range(len(chosen)), [row[0] for row in chosen], fontsize=9)
        axis.set(ylabel=label, ylim=(0, None))
        axis.legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    figure.savefig(file)


if __name__ == "__main__":
    main()
