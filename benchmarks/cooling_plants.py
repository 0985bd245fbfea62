"""Cooling plants: their parts against references, their laws on a grid, their year.

    python benchmarks/cooling_plants.py [--check] [--picture FILE.png] [--node zhongwei] [--seed 1]

Prints
- parts: largest error of wet bulb, chiller points, fan laws, exchanger, tower and make-up water against PsychroLib,
  published curves, formulas by hand, Merkel's equation and figures EnergyPlus gave, each with its band;
- plants on -30 to 40 degC, 2 to 100 % humidity, 20 to 100 % heat: how far a chord of power over heat may lie below it
  (what a convex table cannot hold) in percent of the heat, and microseconds per value;
- plants over a year of the embedded climate at 70 % heat: power over heat, water, hours in each mode.

With ``--check`` the exit status is 1 where a part leaves its band or a chord gap passes 0.6 %. The picture: power over
heat against wet bulb through that year, and the tower's approach against wet bulb.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import xarray as xr

from models.cooling import (
    MODES,
    AirEconomiserPlant,
    ChillerPlant,
    IndirectEvaporativePlant,
    LiquidCooledPlant,
    WaterEconomiserPlant,
    cooling_power,
    outdoor_state,
)
from models.cooling.chilled import WATER_LIFT_LOSS_K
from models.cooling.chiller import carnot_cop, doe2_cop, doe2_power
from models.cooling.exchanger import counterflow_effectiveness, flow_for_effectiveness
from models.cooling.fans import fan_curve, hall_air
from models.cooling.tower import CP_WATER, Tower, make_up_water, tower_air_flow, tower_water
from weather import load_nodes, open_weather
from weather.conventions.timeaxis import time_axis
from weather.derive import dew_point, saturation_pressure, wet_bulb

HEAT_KW, RATED_KW = 700.0, 1000.0
TOWER = Tower(approach_k=4.0, range_k=5.0, wet_bulb_degc=22.0, water_air_ratio=1.25)
# EnergyPlus 25.2, CoolingTower:VariableSpeed (YorkCalc), 4 K at 22 degC, 5 K range, full air and heat, 94 kPa:
# leaving water above wet bulb [K]; and make-up water [L/kWh] at Urumqi, 5 cycles, with the dry bulbs of that year
YORK_APPROACH = {-1.3: 9.4, 1.5: 8.5, 4.5: 7.5, 7.5: 6.6, 10.6: 5.7, 13.5: 5.0, 16.4: 4.4, 19.0: 4.0}
ENERGYPLUS_WATER = {-10.6: (1.1, 0.86), -4.6: (1.5, 0.97), 1.5: (2.4, 1.13), 7.5: (6.3, 1.60), 13.5: (8.7, 1.90)}
CHILLER_POINTS = ((7.22, 20, 1.0, 6.756), (10, 26.67, 1.0, 6.390), (10, 20, 0.8, 8.263), (12, 18, 0.6, 10.331))


def plants() -> dict[str, tuple]:
    """By name: plant, setpoint."""
    rest = 0.26 * RATED_KW
    return {
        "air economiser, pad": (AirEconomiserPlant(RATED_KW), 23.0),
        "air economiser, dry": (AirEconomiserPlant(RATED_KW, evaporative_eff=0.0), 23.0),
        "indirect evaporative": (IndirectEvaporativePlant(RATED_KW), 23.0),
        "water economiser": (WaterEconomiserPlant(RATED_KW), 18.0),
        "water economiser, DOE-2": (WaterEconomiserPlant(RATED_KW, chiller="doe2"), 12.0),
        "chillers, tower": (ChillerPlant(RATED_KW), 12.0),
        "chillers, tower, DOE-2": (ChillerPlant(RATED_KW, chiller="doe2"), 12.0),
        "chillers, air-cooled": (ChillerPlant(RATED_KW, condenser="air"), 12.0),
        "liquid W32, air rest": (LiquidCooledPlant(RATED_KW, air=AirEconomiserPlant(rest)), 30.0),
        "liquid W45, water rest": (
            LiquidCooledPlant(
                RATED_KW,
                air=WaterEconomiserPlant(rest),
                air_setpoint_degc=18.0,
                water_class="W45",
                adiabatic_eff=0.0,
            ),
            40.0,
        ),
    }


def _enthalpy(temp, pressure):
    vapour = saturation_pressure(temp)
    return 1.006 * temp + 0.621945 * vapour / (pressure - vapour) * (2501.0 + 1.86 * temp)


def merkel_approach(wet: float, pressure: float, air_per_water: float = 1.0) -> float:
    """Leaving water above wet bulb by integrating Merkel's equation from the same rating."""

    def number(water, wet_bulb_degc, water_air):
        temp = np.linspace(water, water + TOWER.range_k, 200)
        entering = _enthalpy(np.array(wet_bulb_degc), pressure)
        driving = _enthalpy(temp, pressure) - entering - CP_WATER * water_air * (temp - water)
        if driving.min() <= 0.0:
            return np.inf
        return float(np.trapezoid(CP_WATER / driving, temp))

    design = TOWER.wet_bulb_degc
    rated = number(design + TOWER.approach_k, design, TOWER.water_air_ratio)
    wanted = rated * (1.0 + 0.0081 * min(max(design - wet, -10.0), 25.0)) * air_per_water**0.6
    low, high = wet + 1e-4, wet + 40.0
    for _ in range(45):
        middle = 0.5 * (low + high)
        few = number(middle, wet, TOWER.water_air_ratio / air_per_water) > wanted
        low, high = (middle, high) if few else (low, middle)
    return high - wet


def approach(wet, pressure):
    """The model's, at full air and heat. [K]"""
    return tower_water(TOWER, range_k=5.0, air_per_water=1.0, wet_bulb=wet, pressure=pressure)[0] - wet


def _wet_bulb_error() -> float:
    import psychrolib

    psychrolib.SetUnitSystem(psychrolib.SI)
    rng = np.random.default_rng(5)
    values = rng.uniform(-30, 40, 4000), rng.uniform(2, 100, 4000), rng.uniform(8e4, 1.01e5, 4000)
    theirs = np.array([psychrolib.GetTWetBulbFromRelHum(t, h / 100.0, p) for t, h, p in zip(*values, strict=True)])
    ours = wet_bulb(*values)
    return float(np.abs(ours - theirs)[(np.abs(theirs) > 0.7) & (np.abs(ours) > 0.7)].max())


def _exchanger_error() -> float:
    rng = np.random.default_rng(2)
    ntu, capacity, share = rng.uniform(0.3, 6, 20_000), rng.uniform(0.3, 3, 20_000), rng.uniform(0.02, 0.98, 20_000)
    full = counterflow_effectiveness(ntu, 1.0 / capacity)
    flow = flow_for_effectiveness(share * full, ntu_rated=ntu, capacity_rated=capacity, exponent=0.4)
    return float(np.abs(counterflow_effectiveness(ntu * flow**0.4, 1.0 / (capacity * flow)) - share * full).max())


def _carnot_error() -> float:
    chilled, condenser = np.meshgrid(np.linspace(7.22, 12.78, 20), np.linspace(12.78, 33.0, 20))
    cop = carnot_cop(chilled - 1.5, condenser + 6.5, carnot_eff=0.814, cop_max=99.0, lift_loss_k=WATER_LIFT_LOSS_K)
    truth = HEAT_KW / doe2_power(HEAT_KW, chilled, condenser, reference_kw=1250.0, count=4)
    return float(np.abs(cop / truth - 1.0).max())


def _water_error() -> float:
    worst = 0.0
    for wet, (above, litres) in ENERGYPLUS_WATER.items():
        at = {"range_k": 5.0, "wet_bulb": wet, "pressure": 93_500.0}
        if wet < 4.5:
            _, air = tower_air_flow(TOWER, available_k=13.0 - wet, **at)
        else:
            _, air = tower_water(TOWER, air_per_water=1.0, **at)
        flow = 1.0 / (CP_WATER * 5.0)
        drunk = make_up_water(1.0, air, temp_air=wet + above, wet_bulb=wet, cycles=5.0, drift_frac=5e-5, flow_kg_s=flow)
        worst = max(worst, abs(float(drunk) / litres - 1.0))
    return worst


def parts() -> list[tuple[str, str, float, float, str]]:
    """Rows of: part, against, largest error, band, unit."""
    chiller = max(abs(float(doe2_cop(*point[:3])) / point[3] - 1.0) for point in CHILLER_POINTS)
    cube = abs(float(fan_curve(0.5, "cube")) / 0.125 - 1.0)
    common = {"rated_heat_kw": 1.0, "delta_k": 12.0, "fan_pressure_pa": 300.0, "fan_eff": 0.6, "fan_min_flow": 0.2}
    thin, sea = (hall_air(1.0, pressure=p, supply_degc=22.0, **common)[1] for p in (87_438.0, 101_325.0))
    warm = np.array([10.6, 13.5, 16.4, 19.0, 26.0])
    merkel = np.array([merkel_approach(float(wet), 94_000.0) for wet in warm])
    york = np.array([approach(wet, 94_000.0) - theirs for wet, theirs in YORK_APPROACH.items()])
    return [
        ("wet bulb", "PsychroLib, 4000 hours", _wet_bulb_error(), 0.05, "K"),
        ("chiller COP, DOE-2", "published points", chiller, 0.005, "1"),
        ("chiller COP, Carnot", "DOE-2 machine at 700 of 1,250 kW", _carnot_error(), 0.17, "1"),
        ("fan law, cube", "affinity", cube, 0.005, "1"),
        ("fan power, 1,226 m", "density ratio 1.1588", abs(float(thin / sea) / 1.1588 - 1.0), 0.005, "1"),
        ("exchanger and inverse", "effectiveness-NTU", _exchanger_error(), 1e-4, "1"),
        ("tower approach", "Merkel, 10 to 26 degC", float(np.abs(approach(warm, 94_000.0) - merkel).max()), 0.2, "K"),
        ("tower approach", "EnergyPlus YorkCalc, -1 to 19 degC", float(np.abs(york).max()), 1.8, "K"),
        ("make-up water", "EnergyPlus, -11 to 14 degC", _water_error(), 0.1, "1"),
    ]


def grid() -> xr.Dataset:
    """Weather of all temperatures and humidities at 85.4 kPa."""
    temp, humidity = (values.ravel() for values in np.meshgrid(np.linspace(-30, 40, 36), np.linspace(2, 100, 25)))
    columns = {
        "temp_air": temp,
        "relative_humidity": humidity,
        "temp_dew": dew_point(temp, humidity),
        "pressure": np.full(temp.size, 85_400.0),
    }
    return outdoor_state(xr.Dataset({name: ("time", values) for name, values in columns.items()}))


def chord_gap(weather: xr.Dataset, plant, setpoint: float) -> tuple[float, float]:
    """Largest gap of a chord below power, over heat [%], and microseconds per value."""
    heats = np.linspace(0.2 * RATED_KW, RATED_KW, 33)
    start = time.perf_counter()
    power = cooling_power(weather, plant, xr.DataArray(heats, dims="knot"), setpoint)["power_kw"]
    spent = (time.perf_counter() - start) / power.size * 1e6
    curve = power.transpose("time", "knot").to_numpy()
    worst = 0.0
    for low in range(len(heats) - 2):
        for high in range(low + 2, len(heats)):
            weight = (heats[low : high + 1] - heats[low]) / (heats[high] - heats[low])
            chord = curve[:, [low]] * (1.0 - weight) + curve[:, [high]] * weight
            worst = max(worst, float(np.max((curve[:, low : high + 1] - chord) / heats[low : high + 1])))
    return 100.0 * worst, spent


def picture(path: str, year: xr.Dataset, results: dict[str, xr.Dataset], place: str) -> None:
    """Power over heat against wet bulb, and the tower's approach."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 5.0), gridspec_kw={"width_ratios": [1.7, 1]})
    wet = year["wet_bulb"].to_numpy()
    edges = np.arange(np.floor(wet.min()), np.ceil(wet.max()) + 1.0, 1.0)
    which = np.digitize(wet, edges)
    for name, result in results.items():
        ratio = result["power_kw"].to_numpy() / HEAT_KW
        means = [ratio[which == k].mean() if (which == k).any() else np.nan for k in range(1, len(edges))]
        left.plot(edges[:-1] + 0.5, means, label=name, linewidth=1.6)
    left.set(xlabel="wet bulb [°C]", ylabel="cooling power over heat [kW/kW]", ylim=(0, None))
    left.set_title(f"A year at {place}, 70 % heat", fontsize=10)
    left.legend(fontsize=7, loc="upper left")
    wets = np.linspace(-5.0, 26.0, 60)
    right.plot(wets, approach(wets, 94_000.0), label="model", linewidth=2)
    few = np.arange(-5.0, 27.0, 3.0)
    right.plot(
        few, [merkel_approach(float(w), 94_000.0) for w in few], "x", color="tab:red", label="Merkel, integrated"
    )
    right.plot(list(YORK_APPROACH), list(YORK_APPROACH.values()), "o", color="tab:gray", label="EnergyPlus YorkCalc")
    right.axhline(4.0, color="black", linewidth=0.7, linestyle=":")
    right.set(xlabel="wet bulb [°C]", ylabel="tower water above wet bulb [K]", ylim=(0, 14))
    right.set_title("Tower rated 4 K at 22 °C, full heat", fontsize=10)
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=82)


def main() -> int:
    """Print the three tables; 1 where a checked band is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--picture", metavar="FILE.png")
    parser.add_argument("--node", default="zhongwei")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    known = load_nodes()
    if asked.node not in known:
        parser.error(f"--node: got {asked.node!r}, allowed {', '.join(known)}")
    rows = parts()
    print(f"{'part':24}{'against':38}{'error':>9}{'band':>9}")
    for part, against, error, band, unit in rows:
        print(f"{part:24}{against:38}{error:9.4f}{band:9.4f} {unit}{'' if error <= band else '   OUTSIDE'}")
    node = known[asked.node]
    axis = time_axis("2026-01-01", horizon_h=8760)
    year = outdoor_state(open_weather({node.node_id: "climate"}, [node], time=axis, seed=asked.seed).isel(node=0))
    weather, results = grid(), {}
    hours = " ".join(f"{name[:6]:>6}" for name in MODES[1:])
    print(f"\n{'plant':26}{'degC':>5}{'gap %':>7}{'us':>6}{'kW/kW':>8}{'worst':>7}{'L/kWh':>7} {hours}")
    for name, (plant, setpoint) in plants().items():
        gap, spent = chord_gap(weather, plant, setpoint)
        results[name] = result = cooling_power(year, plant, HEAT_KW, setpoint)
        ratio = result["power_kw"].to_numpy() / HEAT_KW
        litres = float(result["water_l_per_h"].mean()) / HEAT_KW
        counts = " ".join(f"{int((result['mode'] == code).sum()):6d}" for code in range(1, len(MODES)))
        figures = f"{setpoint:5.0f}{gap:7.3f}{spent:6.2f}{ratio.mean():8.4f}{ratio.max():7.3f}{litres:7.2f}"
        print(f"{name:26}{figures} {counts}", flush=True)
        if gap > 0.6:
            rows.append((name, "convexity", gap, 0.6, "%"))
    if asked.picture:
        picture(asked.picture, year, results, node.name_en)
    return int(asked.check and any(error > band for _, _, error, band, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
