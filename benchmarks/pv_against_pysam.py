"""The PV chain against NREL PVWatts v8 (NREL-PySAM) on the same weather: energy and hourly error, fixed and tracking.

    python benchmarks/pv_against_pysam.py [FILE.epw ...] [--picture FILE.png] [--check]

Both get the same arrays: dni, dhi, air temperature, wind, pressure of a year; PVWatts with the minute 30, so that its
sun stands at mid-interval. Same plant: 1,250 kW of modules, 1,000 kW AC, coverage 0.4, albedo 0.2, -0.37 %/K, 12 %
losses; nothing is fitted. Without files, the embedded climate at the five hubs. Files are read with repair: radiation
stamped on another clock than the sun's is moved, and both sides get the moved arrays; what was moved or replaced is
printed under the file's name. PVWatts on the file as it stands is another comparison.

Printed: PVWatts' energy, ours against it, the root mean square error over the AC rating, and the same with our sun
moved by half an hour, which must break the bands. The bands are for the default sky, Perez-Driesse, fixed and tracking;
Hay-Davies (another sky), bifacial plants (0.7) and a tracker whose axis is tilted by 25 deg are shown, not held.
--check ends with 1 where a fixed or tracking plant is off by 1 % in energy or 1.2 % in hourly error, or the moved sun
is not.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from models.solar import PVPlant, pv_power
from weather import load_nodes, open_weather, read_epw
from weather.conventions.timeaxis import CIVIL_OFFSET_H, time_axis

MOST_ENERGY, MOST_RMSE = 0.01, 0.012
TRACKER = PVPlant(dc_kw=1250.0, temp_coeff_per_k=-0.0037, loss_frac=0.12, rear_loss_frac=0.0)
FIXED = replace(TRACKER, tracking="fixed", tilt_deg=35.0)
HELD = {"fixed": FIXED, "tracker": TRACKER}
SHOWN = {
    "tracker, axis 25 deg": replace(TRACKER, tilt_deg=25.0),
    "fixed, bifacial": replace(FIXED, bifaciality=0.7),
    "tracker, bifacial": replace(TRACKER, bifaciality=0.7),
    "fixed, Hay-Davies": replace(FIXED, transposition="haydavies"),
    "tracker, Hay-Davies": replace(TRACKER, transposition="haydavies"),
}


def pvwatts(weather: xr.Dataset, plant: PVPlant) -> np.ndarray:
    """AC power of PVWatts v8 for a year of one place from 1 January, 00:00 civil time [kW], shape (time,)."""
    import PySAM.Pvwattsv8 as pvwattsv8

    local = pd.DatetimeIndex(weather["time"].to_numpy()) + pd.Timedelta(hours=CIVIL_OFFSET_H)
    calendar = {name: getattr(local, name).tolist() for name in ("year", "month", "day", "hour")}
    columns = {"dn": "dni", "df": "dhi", "gh": "ghi", "tdry": "temp_air", "wspd": "wind_speed"}
    resource = {short: weather[name].to_numpy().tolist() for short, name in columns.items()}
    resource |= calendar | {"minute": [30] * len(local), "pres": (weather["pressure"].to_numpy() / 100.0).tolist()}
    resource |= {"lat": float(weather["latitude"]), "lon": float(weather["longitude"]), "tz": CIVIL_OFFSET_H}
    model = pvwattsv8.new()
    model.SolarResource.solar_resource_data = resource | {"elev": float(weather["altitude_m"])}
    model.SolarResource.assign({"albedo": [plant.albedo] * 12, "use_wf_albedo": 0})
    model.SystemDesign.assign(
        {
            "system_capacity": plant.dc_kw,
            "dc_ac_ratio": plant.dc_ac_ratio,
            "module_type": 0,  # standard: -0.37 %/K, coated glass
            "array_type": 3 if plant.tracking == "single_axis" else 0,
            "tilt": plant.tilt_deg,
            "azimuth": plant.azimuth_deg,
            "gcr": plant.gcr,
            "rotlim": plant.max_angle_deg,
            "losses": 100.0 * plant.dc_loss_frac,
            "inv_eff": 100.0 * plant.inverter_eff,
            "bifaciality": plant.bifaciality,
        }
    )
    model.AdjustmentFactors.assign({"adjust_constant": 0.0})
    model.execute()
    return np.array(model.Outputs.ac) / 1000.0


def compare(ours: np.ndarray, reference: np.ndarray, ac_kw: float) -> tuple[float, float]:
    """Energy against the reference less 1, and the root mean square error over the AC rating."""
    return float(ours.sum() / reference.sum() - 1), float(np.sqrt(np.mean((ours - reference) ** 2)) / ac_kw)


def sun_moved(weather: xr.Dataset) -> xr.Dataset:
    """The weather with the sun half an hour late."""
    return weather.assign_coords(longitude=float(weather["longitude"]) - 7.5)


def inside(found: tuple[float, float]) -> bool:
    """Whether energy and hourly error are within the bands."""
    return abs(found[0]) <= MOST_ENERGY and found[1] <= MOST_RMSE


def years(files: list[Path]) -> dict[str, xr.Dataset]:
    """Name -> a year of weather."""
    if files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what was repaired is told by `greendc weather`
            return {file.name.split(".")[0]: read_epw(file, repair=True) for file in files}
    nodes = load_nodes()
    time = time_axis("2026-01-01", horizon_h=8760)
    weather = open_weather(dict.fromkeys(nodes, "climate"), list(nodes.values()), time=time, seed=1)
    return {node: weather.sel(node=node) for node in nodes}


def repairs(weather: xr.Dataset) -> list[str]:
    """What reading moved or replaced."""
    return [line for line in weather.attrs.get("history", "").split("\n") if line.startswith(("shifted", "replaced"))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    broken, pairs = [], {}
    print(f"{'weather':25}{'plant':22}{'PVWatts':>12}{'energy':>9}{'RMSE':>8}{'sun 30 min off':>18}")
    for place, weather in years(asked.files).items():
        for line in repairs(weather):
            print(f"{place}: {line}")
        for name, plant in (HELD | SHOWN).items():
            reference, ours = pvwatts(weather, plant), pv_power(weather, plant).to_numpy()
            found = compare(ours, reference, plant.ac_kw)
            moved = compare(pv_power(sun_moved(weather), plant).to_numpy(), reference, plant.ac_kw)
            print(
                f"{place:25}{name:22}{reference.sum() / 1000:8.0f} MWh{found[0]:+9.2%}{found[1]:8.2%}"
                f"{moved[0]:+10.2%}{moved[1]:8.2%}",
                flush=True,
            )
            if name in HELD:
                pairs[place, name] = (reference, ours)
                if not inside(found) or inside(moved):
                    broken.append(f"{place} {name}")
    if asked.picture:
        draw(pairs, asked.picture)
    if asked.check and broken:
        sys.exit(f"outside the bands: {', '.join(broken)}")


def draw(pairs: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], file: Path) -> None:
    """Hours against hours, and the mean error by hour of the day."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.6), dpi=100)
    for (place, name), (reference, ours) in pairs.items():
        left.plot(reference, ours, ",", color="C0" if name == "fixed" else "C1")
        by_hour = 100.0 * (ours - reference).reshape(-1, 24).mean(axis=0) / 1000.0
        style = "-" if name == "fixed" else "--"
        right.plot(np.arange(24) + 0.5, by_hour, style, linewidth=1, label=f"{place[:16]}, {name}")
    left.plot([0, 1000], [0, 1000], color="black", linewidth=0.7)
    left.set(xlabel="PVWatts v8, hourly [kW]", ylabel="models.solar [kW]", title="fixed (blue), tracker (orange)")
    right.set(xlabel="civil time [h]", ylabel="mean difference [% of AC rating]", xlim=(5, 22))
    right.axhline(0.0, color="black", linewidth=0.7)
    left.legend(*right.get_legend_handles_labels(), fontsize=6, frameon=False)
    figure.tight_layout()
    figure.savefig(file)
    Image.open(file).convert("RGB").quantize(64).save(file, optimize=True)
    print(f"written: {file}")


if __name__ == "__main__":
    main()
