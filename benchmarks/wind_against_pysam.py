"""Wind power against NREL's SAM (PySAM Windpower) and windpowerlib, on EPW files or the embedded climate.

    python benchmarks/wind_against_pysam.py [FILE.epw ...] [--turbines NAME ...] [--picture FILE.png] [--check]

A line per weather and machine: full-load hours of this model, of SAM on the same hub wind, temperature and pressure, of
windpowerlib's density correction, and of this model without density correction (what altitude takes); and the hours in
which SAM runs although the wind is above the cut-out, because it judges the cut-out on the density-corrected speed.
No losses; hub 100 m. The wind of a file is taken 1.3 times, so that a town's anemometer visits the whole curve. Without
a file: a year of the embedded climate at each node, its wind as it is. --check ends with 1 where SAM is more than 0.5 %
off.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from models.wind import WindPlant, hub_density, hub_wind_speed, turbine_curve, wind_power
from models.wind.hub import hub_pressure, hub_temperature
from weather import load_nodes, open_weather, read_epw
from weather.conventions.timeaxis import time_axis

MOST = 0.005
RATED_KW = 1000.0
TURBINES = ("V126/3000", "NREL196/6000", "E-141/4200")
STANDARD_ATMOSPHERE_PA = 101_325.0
SAM_LOSSES = (
    "avail_bop_loss", "avail_grid_loss", "avail_turb_loss", "elec_eff_loss", "elec_parasitic_loss", "env_degrad_loss",
    "env_env_loss", "env_exposure_loss", "env_icing_loss", "ops_env_loss", "ops_grid_loss", "ops_load_loss",
    "ops_strategies_loss", "turb_generic_loss", "turb_hysteresis_loss", "turb_perf_loss", "turb_specific_loss",
    "wake_ext_loss", "wake_future_loss", "wake_int_loss", "en_icing_cutoff", "en_low_temp_cutoff",
)  # fmt: skip


def bare_plant(turbine: str, *, speed_factor: float = 1.3) -> WindPlant:
    """A machine without losses or frost, so that curve and air alone are compared."""
    return WindPlant(
        capacity_kw=RATED_KW, turbine=turbine, hub_height_m=100.0, shear_exponent=0.14, speed_factor=speed_factor,
        loss_frac=0.0, low_temperature_stop_degc=None,
    )  # fmt: skip


def sam_power(
    speed: np.ndarray, temp_degc: np.ndarray, pressure_pa: np.ndarray, *, plant: WindPlant, height_m: float
) -> np.ndarray:
    """SAM's power [kW] of one machine with the plant's curve, shape (8760,); all quantities of one height."""
    import PySAM.Windpower

    model = PySAM.Windpower.new()
    model.Resource.wind_resource_model_choice = 0
    rows = np.column_stack([temp_degc, pressure_pa / STANDARD_ATMOSPHERE_PA, speed, np.zeros_like(speed)])
    model.Resource.wind_resource_data = {"heights": [height_m] * 4, "fields": [1, 2, 3, 4], "data": rows.tolist()}
    speeds, shares = plant.curve
    model.Turbine.wind_turbine_powercurve_windspeeds = (*speeds, plant.cut_out, plant.cut_out + 1e-3, 60.0)
    model.Turbine.wind_turbine_powercurve_powerout = tuple(
        plant.capacity_kw * np.array([*shares, shares[-1], 0.0, 0.0])
    )
    model.Turbine.wind_turbine_hub_ht = plant.hub_height_m
    model.Turbine.wind_resource_shear = float(plant.shear_exponent)
    model.Turbine.wind_turbine_rotor_diameter = 100.0  # matters to wakes only
    model.Turbine.wind_turbine_max_cp = 0.45
    model.Farm.system_capacity = plant.capacity_kw
    model.Farm.wind_farm_wake_model = 0
    model.Farm.wind_farm_xCoordinates = model.Farm.wind_farm_yCoordinates = (0.0,)
    model.Farm.wind_resource_turbulence_coeff = 0.1
    for loss in SAM_LOSSES:
        setattr(model.Losses, loss, 0.0)
    model.AdjustmentFactors.adjust_constant = 0.0
    model.execute(0)
    return np.array(model.Outputs.gen)


def sam_at_hub(weather: xr.Dataset, plant: WindPlant) -> np.ndarray:
    """SAM's power [kW] from the wind, temperature and pressure at the hub."""
    temp = weather["temp_air"].to_numpy()
    return sam_power(
        hub_wind_speed(weather, plant).to_numpy(),
        hub_temperature(temp, plant.hub_height_m),
        hub_pressure(weather["pressure"].to_numpy(), temp, plant.hub_height_m),
        plant=plant,
        height_m=plant.hub_height_m,
    )


def windpowerlib_power(weather: xr.Dataset, plant: WindPlant) -> np.ndarray:
    """Power [kW] by windpowerlib's density-corrected curve."""
    import pandas as pd
    from windpowerlib import power_output

    speed, share = turbine_curve(plant.turbine)
    density = hub_density(weather["temp_air"].to_numpy(), weather["pressure"].to_numpy(), plant.hub_height_m)
    return power_output.power_curve(
        pd.Series(hub_wind_speed(weather, plant).to_numpy()), pd.Series(speed), pd.Series(share * plant.capacity_kw),
        density=pd.Series(density), density_correction=True,
    ).to_numpy()  # fmt: skip


def compared(weather: xr.Dataset, plant: WindPlant) -> dict[str, float]:
    """Full-load hours of the four, and the hours in which SAM passes the cut-out."""
    ours, sam = wind_power(weather, plant).to_numpy(), sam_at_hub(weather, plant)
    flat = wind_power(weather, replace(plant, density_correction=False)).to_numpy()
    above = hub_wind_speed(weather, plant).to_numpy() > plant.cut_out
    return {
        "ours": ours.sum() / RATED_KW,
        "sam": sam.sum() / RATED_KW,
        "windpowerlib": windpowerlib_power(weather, plant).sum() / RATED_KW,
        "no density": flat.sum() / RATED_KW,
        "above": float(np.sum(above & (sam > 0.01 * RATED_KW))),
        "else": float(np.max(np.abs(ours - sam)[~above], initial=0.0)) / RATED_KW,
    }


def weathers(files: list[Path]) -> Iterator[tuple[str, xr.Dataset]]:
    """Name and year of each EPW file, else of each node."""
    for file in files:
        yield file.name, read_epw(file)
    if not files:
        nodes = load_nodes()
        time = time_axis("2026-01-01", horizon_h=8760)
        made = open_weather(dict.fromkeys(nodes, "climate"), list(nodes.values()), time=time, seed=1)
        for node in nodes:
            yield node, made.sel(node=node)


def main() -> None:
    """Print the table, draw the picture, say whether the band holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--turbines", nargs="+", default=list(TURBINES))
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    rows: list[tuple[str, float, str, dict[str, float]]] = []
    factor = 1.3 if asked.files else 1.0
    print(f"{'weather':46}{'m':>6} {'machine':14}{'ours h':>8}{'SAM':>9}{'windpowerlib':>14}{'no density':>12}"
          f"{'SAM above cut-out':>19}{'worst other hour':>18}")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the files' clocks; of windpowerlib with new pandas
        for name, weather in weathers(asked.files):
            for turbine in asked.turbines:
                found = compared(weather, bare_plant(turbine, speed_factor=factor))
                rows.append((name, float(weather["altitude_m"]), turbine, found))
                off = {key: found[key] / found["ours"] - 1.0 for key in ("sam", "windpowerlib", "no density")}
                beyond = f"{found['above']:17.0f} h{found['else']:18.3%}"
                print(
                    f"{name[:44]:46}{rows[-1][1]:6.0f} {turbine:14}{found['ours']:8.0f}{off['sam']:+9.3%}"
                    f"{off['windpowerlib']:+14.2%}{off['no density']:+12.1%}{beyond}",
                    flush=True,
                )
    if asked.picture:
        draw(rows, asked.picture)
    worst = max(abs(found["ours"] / found["sam"] - 1.0) for *_, found in rows)
    print(f"full-load hours: at most {worst:.3%} from SAM")
    if asked.check and worst > MOST:
        sys.exit(f"full-load hours are {worst:.2%} from SAM, allowed {MOST:.1%}")


def draw(rows: list[tuple[str, float, str, dict[str, float]]], file: Path) -> None:
    """Left: a curve in thin air, ours as a line and SAM as points. Right: full-load hours by weather."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.0, 5.0), dpi=100, width_ratios=(1, 1.15))
    plant = replace(bare_plant(rows[0][2]), shear_exponent=0.0, speed_factor=1.0)
    speed = np.arange(8760) / 8759 * 27.0
    for pressure, label, colour in ((101_325.0, "sea level", "tab:blue"), (87_438.0, "1,226 m", "tab:orange")):
        weather = xr.Dataset(
            {"wind_speed": ("time", speed), "temp_air": ("time", np.full(8760, 10.0)),
             "pressure": ("time", np.full(8760, pressure))},
            coords={"time": time_axis("2026-01-01", horizon_h=8760)},
        )  # fmt: skip
        left.plot(speed, wind_power(weather, plant) / RATED_KW, color=colour, label=f"greendc, {label}, 10 °C")
        sam = sam_at_hub(weather, plant) / RATED_KW
        left.plot(speed[::200], sam[::200], "o", ms=3.5, mfc="none", color=colour, label=f"SAM, {label}")
    left.set(xlabel="hub wind speed [m/s]", ylabel="share of rated power [-]", title=plant.turbine)
    left.legend(fontsize=8, loc="center right")
    chosen = [row for row in rows if row[2] == rows[0][2]]
    place = np.arange(len(chosen))
    for n, (key, label) in enumerate(
        (("ours", "greendc"), ("sam", "SAM"), ("windpowerlib", "windpowerlib"), ("no density", "greendc, no density"))
    ):
        right.bar(place + (n - 1.5) * 0.2, [row[3][key] for row in chosen], 0.2, label=label)
    names = [f"{_short(row[0])}\n{row[1]:.0f} m" for row in chosen]
    right.set_xticks(place, names, fontsize=8)
    right.set(ylabel="full-load hours [h/a]", title=f"{rows[0][2]}, no losses")
    right.legend(fontsize=8, loc="upper left")
    figure.tight_layout()
    figure.savefig(file)


def _short(name: str) -> str:
    """The town in the name of an EPW file, or the node."""
    return name.split("_")[2].split(".")[0].split("-")[0] if name.endswith(".epw") else name


if __name__ == "__main__":
    main()
