"""Lines and bands of a comparison of two plants: the whole, its parts, its modes, the order of the setpoints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from energyplus.compare import MODES, PARTS, Comparison, PlantYear, same_order

MOST_RMSE = 0.02
LEAST_ALIKE = 0.90
SAME_ENERGY = 0.005  # setpoints this near to each other in EnergyPlus have no order

HEADING = (
    f"{'weather, economiser, degC':34}{'kW/kW heat: theirs':>19}{'ours':>8}{'diff':>8}{'RMSE':>8}   "
    f"{'hours ' + '/'.join(MODES) + ': theirs, ours less theirs':58}{'alike':>6}{'out':>5}{'water L/kWh':>13}   "
    "parts, W per kW of heat: theirs/ours"
)


@dataclass(frozen=True, slots=True)
class Bands:
    """How far ours may be from theirs.

    Attributes
    ----------
    energy : float
        Plant energy of the hours compared. [-]
    rmse : float
        [kW/kW]
    parts : dict of str to float
        Name of a part -> its own energy. [-] A part within `least` of the whole plant's energy passes whatever its own
        difference is (a compressor that hardly runs).
    least : float
        [-]
    """

    energy: float
    rmse: float
    parts: dict[str, float]
    least: float


# By economiser. A plant whose tower fans or pumps are left out is within the band of the whole, hence the parts.
PLANT_BANDS = {
    False: Bands(0.05, MOST_RMSE, {"pump_kw": 0.02, "tower_kw": 0.15, "compressor_kw": 0.02}, 0.005),
    True: Bands(0.15, MOST_RMSE, {"pump_kw": 0.06, "tower_kw": 0.15, "compressor_kw": 0.10}, 0.02),
}


def line(case: str, found: Comparison, left_out: int) -> str:
    """One case; energies are of the hours compared."""
    hours = "/".join(map(str, found.theirs_hours)) + "  " + _signed(found)
    parts = ", ".join(f"{part[:-3]} {_part(found, part)}" for part in PARTS if any(found.parts[part]))
    return (
        f"{case:34}{found.theirs_mean:19.4f}{found.ours_mean:8.4f}{100 * found.difference:+7.1f}%{found.rmse:8.4f}   "
        f"{hours:58}{100 * found.same_mode:5.0f}%{left_out:5d}"
        f"{found.theirs_water:7.2f}{found.ours_water:6.2f}   {parts}"
    )


def _signed(found: Comparison) -> str:
    gaps = zip(found.mode_gaps, found.theirs_hours, strict=True)
    return "/".join(f"{gap:+d}" + (f" ({100 * gap / hours:+.0f}%)" if hours else "") for gap, hours in gaps)


def _part(found: Comparison, part: str) -> str:
    theirs, ours = found.parts[part]
    return f"{1000 * theirs:.1f}/{1000 * ours:.1f} ({100 * found.part_gap(part)[0]:+.0f}%)"


def out_of_band(case: str, found: Comparison, bands: Bands) -> list[str]:
    """What of a case is outside its bands, in words."""
    broken = []
    if abs(found.difference) > bands.energy:
        broken.append(f"{case}: energy {100 * found.difference:+.1f} %")
    if found.rmse > bands.rmse:
        broken.append(f"{case}: RMSE {found.rmse:.4f}")
    if found.same_mode < LEAST_ALIKE:
        broken.append(f"{case}: hours {found.theirs_hours} against {found.ours_hours}, {found.same_mode:.0%} alike")
    for part, most in bands.parts.items():
        own, of_plant = found.part_gap(part)
        if abs(own) > most and abs(of_plant) > bands.least:
            broken.append(f"{case}: {part[:-3]} {100 * own:+.0f} %, {100 * of_plant:+.1f} % of the plant")
    return broken


def setpoint_order(
    years: dict[float, tuple[PlantYear, PlantYear, np.ndarray]], where: str, *, heat_kw: np.ndarray
) -> tuple[str, list[str]]:
    """Whether both put the setpoints in one order, over the hours settled at all of them.

    Parameters
    ----------
    years : dict of float to tuple
        Setpoint [degC] -> (theirs, ours, settled hours).

    Returns
    -------
    said : str
        Line to print, "" with fewer than two setpoints.
    broken : list of str
    """
    if len(years) < 2:
        return "", []
    common = np.logical_and.reduce([settled for _, _, settled in years.values()])
    heat = float(heat_kw[common].sum())
    theirs, ours = ([float(each[k].power_kw[common].sum()) / heat for each in years.values()] for k in (0, 1))
    same = same_order(theirs, ours, resolution=SAME_ENERGY * max(theirs))
    each = ", ".join(f"{s:g}: {a:.4f}/{b:.4f}" for s, a, b in zip(years, theirs, ours, strict=True))
    said = (
        f"{where}: setpoints in {'the same order' if same else 'ANOTHER ORDER'} over the {int(common.sum())} hours "
        f"settled at all; degC: theirs/ours kW/kW {each}"
    )
    return said, [] if same else [f"{where}: order of the setpoints"]
