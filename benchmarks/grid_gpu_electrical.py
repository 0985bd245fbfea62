"""Electrical chain, GPU servers and tariffs against what was published of them.

    python benchmarks/grid_gpu_electrical.py [--facts DIR] [--picture FILE.png] [--check]

Prints the UPS's efficiency by mode and load beside the published range; what the transformer loses when it carries the
cooling too; server power and throughput under caps beside published points; what each built-in tariff is, how far its
floats are from the listed prices, and what a market price becomes at the meter. With --facts (a folder with
tariffs_2025_2026.csv) the built-in 110 kV prices are held against its indicative rows. --check exits 1 where a stated
band is broken.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from models.electrical import ElectricalPlant, electrical_loss, ups_loss_kw, ups_loss_terms
from models.gpu import load_gpu_types, server_power_kw, throughput, throughput_segments
from models.grid import builtin_tariff, builtin_tariff_ids, delivered_price, energy_price, network_charges, validity
from weather.conventions.timeaxis import time_axis

LOADS = (0.25, 0.5, 0.75, 1.0)
# mode: least and most efficiency published, and the loads they are meant for
PUBLISHED = {
    "double_conversion": (0.94, 0.965, (0.25, 0.5, 0.75, 1.0)),
    "double_conversion_97": (0.965, 0.975, (0.5, 0.75, 1.0)),
    "eco": (0.98, 0.992, (0.25, 0.5, 0.75, 1.0)),
}
# set: cap, least and most throughput published there
POINTS = {"typical": (0.80, 0.95, 1.0, "Puget, RTX 3090"), "pessimistic": (0.86, 0.85, 0.90, "factryze, H100")}
HUBS = ("ningxia-110kv", "inner_mongolia_west-110kv", "gansu-110kv", "guizhou-110kv")


def main() -> None:
    """Print the tables; leave with 1 under --check where a band is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, default=None)
    parser.add_argument("--picture", type=Path, default=None)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    broken = [*_ups(), *_transformer(), *_gpu(), *_tariffs()]
    if asked.facts is not None:
        broken += _indicative(asked.facts)
    if asked.picture is not None:
        draw(asked.picture)
    for text in broken:
        print(f"BROKEN: {text}")
    if asked.check and broken:
        sys.exit(1)


def ups_eff(mode: str, load) -> np.ndarray:
    """Efficiency of one UPS system at loads over its rating."""
    plant = replace(
        ElectricalPlant(rated_kw=1.0), ups_loss=ups_loss_terms(mode), ups_modules_share=1.0, distribution_frac=0.0
    )
    load = np.asarray(load, dtype=float)
    return load / (load + ups_loss_kw(load, plant))


def _ups() -> list[str]:
    print("UPS efficiency        " + "".join(f"{load:>8.0%}" for load in LOADS) + "   published")
    broken = []
    for mode, (low, high, at) in PUBLISHED.items():
        found = ups_eff(mode, LOADS)
        print(f"{mode:22}" + "".join(f"{value:8.2%}" for value in found) + f"   {low:.1%} to {high:.1%}")
        outside = [load for load, value in zip(LOADS, found, strict=True) if load in at and not low <= value <= high]
        broken += [f"UPS {mode} at {load:.0%} load lies outside the published range" for load in outside]
    return broken


def _transformer() -> list[str]:
    plant, it = ElectricalPlant(rated_kw=1000.0), np.array([200.0, 500.0, 1000.0])
    alone, whole = electrical_loss(it, plant), electrical_loss(it, plant, cooling_kw=0.2 * it)
    print("\nlosses, % of IT, at   " + "".join(f"{load:>8.0%}" for load in it / 1000))
    print("without cooling       " + "".join(f"{value:8.2%}" for value in alone / it))
    print("cooling of 0.2 kW/kW  " + "".join(f"{value:8.2%}" for value in whole / it))
    more = float((whole - alone)[-1] / it[-1])
    return [] if 0.0012 < more < 0.0018 else [f"the cooling's part of the copper loss is {more:.2%}, 0.15 % stated"]


def _gpu() -> list[str]:
    types, broken = load_gpu_types(), []
    print("\nserver, kW      idle   u=0.5     u=1  cap 0.7   (full use, GPUs capped at 70 % of TDP)")
    for key, gpu in types.items():
        half, full = (float(server_power_kw(gpu, use)) for use in (0.5, 1.0))
        capped = float(server_power_kw(gpu, 1.0, cap_w=0.7 * gpu.tdp_w))
        print(f"{key:12}{float(server_power_kw(gpu, 0.0)):8.2f}{half:8.2f}{full:8.2f}{capped:9.2f}")
    print("\nthroughput at cap     0.5     0.6     0.7     0.8     0.9   energy per work at 0.7, H100")
    for name, (cap, low, high, whom) in POINTS.items():
        caps = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
        h100 = types["h100"]
        power = float(server_power_kw(h100, 1.0, cap_w=0.7 * h100.tdp_w)) / h100.server_peak_kw
        work = power / float(throughput(0.7, curve_set=name))
        shares = throughput(caps, curve_set=name).values
        print(f"{name:16}" + "".join(f"{value:8.3f}" for value in shares) + f"   {work:.3f}")
        at = float(throughput(cap, curve_set=name))
        print(f"{'':16}at {cap:.2f}: {at:.3f}, published {low:.2f} to {high:.2f} ({whom}); lifted to be concave by "
              f"{throughput_segments(curve_set=name).attrs['lifted']:.4f}")  # fmt: skip
        if not low - 1e-9 <= at <= high:
            broken.append(f"throughput {name} at {cap} is {at:.3f}, published {low} to {high}")
    return broken


def _tariffs() -> list[str]:
    day, broken = time_axis("2026-07-15", horizon_h=24), []
    print("\ntariff, July          least    mean    most   valid (CNY/kWh)")
    for tariff_id in builtin_tariff_ids():
        if not tariff_id.endswith(("-110kv", "east-1-10kv", "sichuan-1-10kv", "shaanxi-1-10kv")):
            continue
        tariff = builtin_tariff(tariff_id)
        price = energy_price(day, tariff)
        least, mean, most = price.min(), price.mean(), price.max()
        print(f"{tariff_id:27}{least:.4f}{mean:8.4f}{most:8.4f}   {validity(tariff)}")
    charges = network_charges("Inner Mongolia West", voltage="1-10kv")
    rest = 0.4524 - delivered_price(0.3125, charges)
    print(f"Inner Mongolia West, March 2026, flat, 1-10 kV: listed 0.4524, of it {rest:.4f} for system operation")
    if not 0.02 < rest < 0.04:
        broken.append(f"delivered price leaves {rest:.4f} CNY/kWh, 0.03 stated")
    return broken


def _indicative(folder: Path) -> list[str]:
    """Built-in 110 kV prices against the indicative rows of a facts file; they must agree to the last digit."""
    names = {
        "Ningxia": "ningxia", "Gansu": "gansu", "Guizhou": "guizhou", "Inner Mongolia West": "inner_mongolia_west",
    }  # fmt: skip
    text = (folder / "tariffs_2025_2026.csv").read_text(encoding="utf-8")
    off = []
    for row in csv.DictReader(text.splitlines()):
        if not row["item"].startswith("INDICATIVE"):
            continue
        month = 7 if "June-August" in row["item"] else 3
        label = row["item"].rpartition(", ")[2]
        periods = builtin_tariff(f"{names[row['grid']]}-110kv").periods
        ours = {p.price_cny_per_kwh for p in periods if p.label == label and month in p.months}
        off.append((abs(ours.pop() - float(row["value"])), row["grid"], row["item"]))
    worst = max(off)
    print(f"{len(off)} indicative prices of the facts: largest difference {worst[0]:.4f} CNY/kWh")
    return [f"{grid}, {item}: {gap:.4f} CNY/kWh off" for gap, grid, item in off if gap > 1e-9]


def draw(path: Path) -> None:
    """Efficiencies, throughputs and a day of prices, each with what was published."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11.0, 4.2), dpi=85, layout="constrained")
    load = np.linspace(0.1, 1.0, 91)
    for (mode, (low, high, at)), colour in zip(PUBLISHED.items(), ("tab:blue", "tab:green", "tab:orange"), strict=True):
        axes[0].plot(load, 100 * ups_eff(mode, load), color=colour, label=mode.replace("_", " "))
        axes[0].fill_between(at, 100 * low, 100 * high, color=colour, alpha=0.15)
    axes[0].set(title="UPS (bands: published)", xlabel="load / rating [-]", ylabel="efficiency [%]", ylim=(88, 100))
    axes[0].legend(loc="lower right", fontsize=8)
    caps = np.linspace(0.5, 1.0, 51)
    for (name, (cap, low, high, whom)), colour in zip(POINTS.items(), ("tab:blue", "tab:red"), strict=True):
        axes[1].plot(caps, throughput(caps, curve_set=name), color=colour, label=name)
        axes[1].errorbar(
            cap,
            (low + high) / 2,
            yerr=(high - low) / 2,
            color=colour,
            capsize=5,
            fmt="none",
            label=f"published: {whom}",
        )
    axes[1].set(title="Training under a power cap", xlabel="cap / TDP [-]", ylabel="throughput [-]")
    axes[1].legend(loc="lower right", fontsize=8)
    quarters = time_axis("2026-07-15", horizon_h=24, step_h=0.25)
    for tariff_id in HUBS:
        price = energy_price(quarters, builtin_tariff(tariff_id))
        axes[2].step(np.arange(96) / 4, price, where="post", label=tariff_id)
    axes[2].set(
        title="Built-in tariffs, July", xlabel="civil hour", ylabel="price [CNY/kWh]", xlim=(0, 24), ylim=(0, 1.2)
    )
    axes[2].set_xticks(range(0, 25, 4))
    axes[2].legend(loc="upper left", fontsize=8)
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    main()
