"""How near the planner's overhead table is to the nonlinear plants, and what it costs to make.

    python benchmarks/overhead_table.py [--seed 7] [--year 2026] [--check] [--picture overhead_table.png]

Prints four tables:

1. Every kind of plant, 6 setpoints x 4 segments, 20 to 100 % load, over -30 to 40 degC and 2 to 100 % RH at 85.4 kPa:
   (wet bulbs above 36 degC, which no weather station has had, left out):
   the worst hour (table less plant in % of that load's IT power, where), and the error of the overhead's energy: with
   signs, which cancel over hours and loads, and of the errors' sizes.
2. The nodes of the default study over a year of the embedded climate, from their idle fleet to full load, at every
   setpoint of the study: the same, with the stamp of the worst hour.
3. First come, first served plans of the default study, a day in each month, 120 synthetic jobs: facility energy by the
   nonlinear plant (`energy.audit`) over the plan's own, and PUE of both.
4. The seconds of one core that the tables of a week, 5 nodes and 6 setpoints take: wet bulb, plants, fit.

`--check` ends with status 1 where an error passes 0.3 % of IT power or 0.5 % of energy (of sizes), or the tables take
more than a second. `--picture` draws the errors and three hours.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
from datetime import UTC

import numpy as np
import xarray as xr

from energy.audit import audit
from energy.baselines import first_come_first_served
from energy.config import load_study
from energy.config_load import base_it_kw, inlet_factors, it_cap_kw
from energy.inputs import build_inputs, reserved_gpus, study_pools
from energy.workload.synthetic import synthetic_jobs
from models.convex import convex_lines
from models.cooling import (
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    outdoor_state,
)
from models.electrical import ElectricalPlant
from models.overhead import NodePlant, overhead_curve, overhead_kw, overhead_table, table_overhead_kw
from weather import open_weather
from weather.conventions.timeaxis import time_axis
from weather.derive import dew_point

MOST_OF_IT, MOST_OF_ENERGY, MOST_SECONDS = 0.003, 0.005, 1.0
MOST_WET_BULB = 36.0  # no weather station has had more
RATED_KW, SEGMENTS, LOADS = 1000.0, 4, 81
AIRS, WATERS = (18.0, 20.0, 22.0, 24.0, 25.0, 27.0), (9.0, 12.0, 14.0, 16.0, 18.0, 21.0)
WARM = (20.0, 22.0, 25.0, 27.0, 30.0, 32.0)


def plants() -> dict[str, tuple[NodePlant, tuple[float, ...]]]:
    """Name -> plant of 1,000 kW IT and its setpoints [degC]."""
    heat = {"rated_heat_kw": 1.15 * RATED_KW}
    cooling = {
        "air economiser, pad": (AirEconomiserPlant(**heat), AIRS),
        "indirect evaporative": (IndirectEvaporativePlant(**heat), AIRS),
        "water economiser": (WaterEconomiserPlant(**heat), WATERS),
        "water economiser, DOE-2": (WaterEconomiserPlant(**heat, chiller="doe2"), WATERS),
        "chiller-led": (ChillerPlant(**heat), WATERS),
        "air-cooled chillers": (ChillerPlant(**heat, condenser="air"), WATERS),
        "air-cooled screw": (ChillerPlant(**heat, condenser="air", chiller="air_cooled_screw"), WATERS),
        "chiller-led, DOE-2": (ChillerPlant(**heat, chiller="doe2"), WATERS),
        "liquid, W32": (LiquidCooledPlant(**heat, air=AirEconomiserPlant(rated_heat_kw=0.3 * RATED_KW)), WARM),
    }
    electrical = ElectricalPlant(rated_kw=RATED_KW)
    return {name: (NodePlant(plant, electrical), setpoints) for name, (plant, setpoints) in cooling.items()}


def all_weather() -> xr.Dataset:
    """Every 1 K from -30 to 40 degC at twelve humidities, wet bulb at most `MOST_WET_BULB`, as if hour by hour."""
    temp, humidity = np.meshgrid(np.arange(-30.0, 41.0), [2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], indexing="ij")
    temp, humidity = temp.ravel(), humidity.ravel().astype(float)
    time = np.datetime64("2026-01-01", "ns") + np.arange(temp.size) * np.timedelta64(1, "h")
    dew = np.minimum(dew_point(temp, humidity), temp)
    values = {"temp_air": temp, "relative_humidity": humidity, "temp_dew": dew, "pressure": np.full(temp.size, 85400.0)}
    made = xr.Dataset({name: ("time", array) for name, array in values.items()}, coords={"time": time})
    state = outdoor_state(made).assign(relative_humidity=made["relative_humidity"])
    return state.isel(time=(state["wet_bulb"] <= MOST_WET_BULB).values)


def errors(
    weather: xr.Dataset, plant: NodePlant, setpoints, low, high
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Table less plant over IT power (mode, load, time), the loads (mode, load), and the error of energy: with signs,
    and of sizes."""
    table = overhead_table(weather, plant, setpoints_degc=setpoints, it_range_kw=(low, high), load_segments=SEGMENTS)
    low, high = (np.broadcast_to(end, (len(setpoints),)) for end in (low, high))
    loads = xr.DataArray(np.linspace(low, high, LOADS, axis=1), dims=("mode", "load"))
    truth = overhead_kw(weather, plant, loads, xr.DataArray(np.asarray(setpoints, float), dims="mode"))
    truth = truth.transpose("mode", "load", "time")
    off = table_overhead_kw(table, loads).transpose("mode", "load", "time").values - truth.values
    whole = truth.values.sum()
    return off / loads.values[..., None], loads.values, (float(off.sum() / whole), float(np.abs(off).sum() / whole))


def kinds_of_plant() -> tuple[list[bool], dict[str, np.ndarray]]:
    """Print table 1; whether each plant keeps the bounds, and the errors of each."""
    weather, kept, found = all_weather(), [], {}
    print(f"{'plant':25}{'worst, % of IT':>15}{'setpoint':>10}{'degC':>7}{'RH':>6}{'load, kW':>10}{'energy, %':>11}"
          f"{'sizes, %':>10}")  # fmt: skip
    for name, (plant, setpoints) in plants().items():
        share, loads, energy = errors(weather, plant, setpoints, 0.2 * RATED_KW, RATED_KW)
        mode, load, hour = np.unravel_index(np.abs(share).argmax(), share.shape)
        here = weather.isel(time=hour)
        print(
            f"{name:25}{100 * share[mode, load, hour]:>15.3f}{setpoints[mode]:>10g}{float(here['temp_air']):>7g}"
            f"{float(here['relative_humidity']):>6g}{loads[mode, load]:>10.0f}{100 * energy[0]:>11.3f}"
            f"{100 * energy[1]:>10.3f}",
            flush=True,
        )
        kept.append(bool(np.abs(share).max() <= MOST_OF_IT and energy[1] <= MOST_OF_ENERGY))
        found[name] = share
    return kept, found


def default_study(seed: int, year: int) -> list[bool]:
    """Print table 2; whether each node keeps the bounds."""
    study, kept = load_study(None), []
    types, time = study.gpu_table(), time_axis(f"{year}-01-01", horizon_h=8760)
    specs = dict.fromkeys((node.id for node in study.nodes), "climate")
    weather = open_weather(specs, [node.node() for node in study.nodes], time=time, seed=seed)
    print(
        f"\n{'node':12}{'loads, kW':>16}{'worst, % of IT':>15}{'setpoint':>10}{'load, kW':>10}  {'hour (UTC)':18}"
        f"{'energy, %':>9}{'sizes, %':>10}"
    )
    for node in study.nodes:
        _, factors = inlet_factors(node)
        idle = base_it_kw(node, types, np.arange(24).reshape(-1, 1)).min()
        full = sum(p.cluster_gpus * p.count * types[p.gpu_type].peak_kw for p in node.pools()) + node.other_it_kw
        low, high = idle * factors, min(full, it_cap_kw(node)) * factors
        here = outdoor_state(weather.sel(node=node.id))
        setpoints = node.cooling.setpoints_degc
        share, loads, energy = errors(here, node.node_plant(), setpoints, low, high)
        mode, load, hour = np.unravel_index(np.abs(share).argmax(), share.shape)
        stamp = str(time[hour].astype("datetime64[m]"))
        print(
            f"{node.id:12}{f'{low.min():.0f} to {high.max():.0f}':>16}{100 * share[mode, load, hour]:>15.3f}"
            f"{setpoints[mode]:>10g}{loads[mode, load]:>10.0f}  {stamp:18}{100 * energy[0]:>9.3f}"
            f"{100 * energy[1]:>10.3f}",
            flush=True,
        )
        kept.append(bool(np.abs(share).max() <= MOST_OF_IT and energy[1] <= MOST_OF_ENERGY))
    return kept


def audited_days(seed: int, year: int) -> list[bool]:
    """Print table 3; whether each day's plan keeps the bound on energy."""
    study, kept = load_study(None), []
    specs, pools = dict.fromkeys((node.id for node in study.nodes), "climate"), study_pools(study)
    print(f"\n{'day':12}{'PUE planned':>12}{'audited':>9}{'facility energy, %':>20}{'worst node, %':>15}")
    for month in range(1, 13):
        time = time_axis(f"{year}-{month:02d}-15", horizon_h=24)
        weather = open_weather(specs, [node.node() for node in study.nodes], time=time, seed=seed)
        kept_gpus = dict(zip((pool.pool_id for pool in pools), reserved_gpus(study, pools, time, 1.0), strict=True))
        opens = time[0].astype("datetime64[us]").item().replace(tzinfo=UTC)
        jobs = synthetic_jobs(120, pools=pools, window_start=opens, horizon_h=24.0, seed=seed, reserved=kept_gpus)
        plan = first_come_first_served(build_inputs(study, weather, jobs, time=time, step_h=1.0), jobs).data
        made = audit(plan, study=study, weather=weather, step_h=1.0)
        by_node = [
            made["nodes"][str(node)]["pue"] / float(here["facility_kw"].sum() / here["it_kw"].sum()) - 1.0
            for node, here in plan.groupby("node")
        ]
        worst = max(by_node, key=abs)
        print(
            f"{year}-{month:02d}-15  {made['planned']['pue']:>12.4f}{made['audited']['pue']:>9.4f}"
            f"{100 * made['facility_off']:>20.3f}{100 * worst:>15.3f}",
            flush=True,
        )
        kept.append(abs(worst) <= MOST_OF_ENERGY)
    return kept


def seconds(seed: int) -> float:
    """Print table 4; seconds of one core for the tables of a week, 5 nodes and 6 setpoints, the least of 3."""
    study, best = load_study(None), {}
    time = time_axis("2026-07-06", horizon_h=168)
    specs = dict.fromkeys((node.id for node in study.nodes), "climate")
    weather = open_weather(specs, [node.node() for node in study.nodes], time=time, seed=seed)
    for _ in range(3):
        took = dict.fromkeys(("wet bulb", "plants", "fit", "all"), 0.0)
        for node in study.nodes:
            plant, first = node.node_plant(), node.cooling.setpoints_degc[0]
            setpoints = first + np.linspace(0.0, node.cooling.setpoints_degc[-1] - first, 6)
            ends = (0.2 * it_cap_kw(node), it_cap_kw(node))
            begun = clock.process_time()
            state = outdoor_state(weather.sel(node=node.id))
            wet = clock.process_time()
            curve = overhead_curve(state, plant, setpoints_degc=setpoints, it_range_kw=ends)
            evaluated = clock.process_time()
            convex_lines(curve["it_kw"].values[:, None], np.moveaxis(curve.values, -2, -1), lines=SEGMENTS)
            fitted = clock.process_time()
            overhead_table(weather.sel(node=node.id), plant, setpoints_degc=setpoints, it_range_kw=ends)
            whole = clock.process_time() - fitted
            for name, part in zip(took, (wet - begun, evaluated - wet, fitted - evaluated, whole), strict=True):
                took[name] += part
        best = {name: min(part, best.get(name, np.inf)) for name, part in took.items()}
    print("\na week, 5 nodes, 6 setpoints: " + ", ".join(f"{name} {part:.3f} s" for name, part in best.items()))
    return best["all"]


def draw(path: str, found: dict[str, np.ndarray]) -> None:
    """Errors of every plant over the load, and three hours of one plant with its table."""
    import io

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    loads = np.linspace(20.0, 100.0, LOADS)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.6), dpi=100)
    weather, plant = all_weather(), plants()["water economiser"][0]
    it = xr.DataArray(10.0 * loads, dims="load")
    for temp, humidity, colour in ((35.0, 30.0, "#b91c1c"), (14.0, 50.0, "#0f766e"), (-10.0, 60.0, "#1d4ed8")):
        near = np.abs(weather["temp_air"] - temp) + np.abs(weather["relative_humidity"] - humidity)
        hour = weather.isel(time=[int(near.values.argmin())])
        table = overhead_table(hour, plant, setpoints_degc=[16.0], it_range_kw=(200.0, 1000.0), load_segments=SEGMENTS)
        truth = overhead_kw(hour, plant, it, 16.0).transpose("load", "time").values[:, 0]
        lines = table_overhead_kw(table, it).transpose("load", "mode", "time").values[:, 0, 0]
        left.plot(loads, truth, color=colour, lw=3, alpha=0.35, label=f"plant, {temp:g} °C, {humidity:g} % RH")
        left.plot(loads, lines, color=colour, lw=1.2, ls="--")
    left.plot([], [], color="#111827", lw=1.2, ls="--", label="table, 4 lines")
    left.set(xlabel="IT load, % of rating", ylabel="overhead, kW (rating 1,000 kW IT)")
    left.set_title("Water economiser at 16 °C", fontsize=10)
    left.legend(fontsize=8, frameon=False)
    for number, (name, share) in enumerate(found.items()):
        colour = plt.get_cmap("tab10")(number)
        right.plot(loads, 100 * share.max(axis=(0, 2)), color=colour, lw=1.1, label=name)
        right.plot(loads, 100 * share.min(axis=(0, 2)), color=colour, lw=1.1)
    for bound in (-0.3, 0.3):
        right.axhline(bound, color="#b91c1c", lw=1, ls=":")
    right.set(xlabel="IT load, % of rating", ylabel="table less plant, % of IT power", ylim=(-0.42, 0.62))
    right.set_title("Largest and least error of all weather and setpoints", fontsize=10)
    right.legend(fontsize=7.5, frameon=False, ncols=2, loc="upper right")
    for axes in (left, right):
        axes.grid(color="#e5e7eb", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    drawn = io.BytesIO()
    figure.savefig(drawn)
    # 256 colours are enough, at half the size
    Image.open(drawn).convert("RGB").quantize(256).save(path, optimize=True)


def main() -> int:
    """Print the tables; 1 where a bound is broken and --check is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--year", type=int, default=2026)
    parser.add_argument("--check", action="store_true", help="status 1 where a bound is broken")
    parser.add_argument("--picture", metavar="FILE.png", help="draw errors and hours")
    asked = parser.parse_args()
    kept, found = kinds_of_plant()
    kept += default_study(asked.seed, asked.year)
    kept += audited_days(asked.seed, asked.year)
    kept.append(seconds(asked.seed) <= MOST_SECONDS)
    if asked.picture:
        draw(asked.picture, found)
    broken = kept.count(False)
    print(f"bounds: {100 * MOST_OF_IT:g} % of IT power, {100 * MOST_OF_ENERGY:g} % of energy, {MOST_SECONDS:g} s: "
          f"{'all kept' if not broken else f'{broken} broken'}")  # fmt: skip
    return 1 if broken and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
