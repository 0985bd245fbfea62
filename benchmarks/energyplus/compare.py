"""Two hourly years of a cooling plant set side by side."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

MODES = ("free", "partial", "mechanical")
PARTS = ("fan_kw", "pump_kw", "tower_kw", "compressor_kw")
_EDGE = 0.02  # a share of free cooling within 2 % of 0 or 1 counts as none or all


@dataclass(frozen=True, slots=True)
class PlantYear:
    """One hourly year of a plant, whoever computed it.

    Attributes
    ----------
    power_kw, fan_kw, pump_kw, tower_kw, compressor_kw : ndarray (time,)
        The whole and its parts. [kW]
    water_l_per_h : ndarray (time,)
        Make-up water. [L/h]
    free_share : ndarray (time,)
        Share of the heat removed without compressor. [-]
    """

    power_kw: np.ndarray
    fan_kw: np.ndarray
    pump_kw: np.ndarray
    tower_kw: np.ndarray
    compressor_kw: np.ndarray
    water_l_per_h: np.ndarray
    free_share: np.ndarray

    def at(self, hours: np.ndarray) -> PlantYear:
        """The hours chosen by a mask."""
        return PlantYear(**{field.name: getattr(self, field.name)[hours] for field in fields(self)})

    def mode(self) -> np.ndarray:
        """Index into `MODES` by hour."""
        free, mechanical = self.free_share >= 1 - _EDGE, self.free_share <= _EDGE
        return np.where(free, 0, np.where(mechanical, 2, 1))

    def mode_hours(self) -> tuple[int, int, int]:
        """Hours free, partial, mechanical."""
        free, partial, mechanical = np.bincount(self.mode(), minlength=len(MODES))
        return int(free), int(partial), int(mechanical)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Measures of ours against theirs.

    Attributes
    ----------
    theirs_mwh, ours_mwh : float
        Year's energy of the plant. [MWh]
    difference : float
        Ours over theirs, less 1. [-]
    rmse, bias : float
        Hourly, per heat of the hour. [kW/kW]
    theirs_mean, ours_mean : float
        Year's energy over the year's heat. [kW/kW]
    theirs_hours, ours_hours : tuple of int
        Free, partial, mechanical.
    same_mode : float
        Share of the hours in which both run in the same mode. [-]
    theirs_water, ours_water : float
        Litres per kWh of heat removed. [L/kWh]
    parts : dict of str to tuple of float
        Name in `PARTS` -> (theirs, ours), energy over heat. [kW/kW]
    """

    theirs_mwh: float
    ours_mwh: float
    difference: float
    rmse: float
    bias: float
    theirs_mean: float
    ours_mean: float
    theirs_hours: tuple[int, int, int]
    ours_hours: tuple[int, int, int]
    same_mode: float
    theirs_water: float
    ours_water: float
    parts: dict[str, tuple[float, float]]

    @property
    def mode_gaps(self) -> tuple[int, ...]:
        """Hours of each mode, ours less theirs."""
        return tuple(ours - theirs for theirs, ours in zip(self.theirs_hours, self.ours_hours, strict=True))

    def part_gap(self, part: str) -> tuple[float, float]:
        """Ours less theirs of one part: over theirs of that part, and over theirs of the whole plant. [-]"""
        theirs, ours = self.parts[part]
        return (ours / theirs - 1.0 if theirs else 0.0 if ours == 0 else np.inf), (ours - theirs) / self.theirs_mean


def compare(theirs: PlantYear, ours: PlantYear, *, heat_kw: np.ndarray) -> Comparison:
    """Set ours against theirs; the hourly measure is power over the heat of the same hour."""
    gap = (ours.power_kw - theirs.power_kw) / heat_kw
    heat = float(heat_kw.sum())
    energy = float(theirs.power_kw.sum()), float(ours.power_kw.sum())
    return Comparison(
        theirs_mwh=energy[0] / 1000.0,
        ours_mwh=energy[1] / 1000.0,
        difference=energy[1] / energy[0] - 1.0,
        rmse=float(np.sqrt(np.mean(gap**2))),
        bias=float(gap.mean()),
        theirs_mean=energy[0] / heat,
        ours_mean=energy[1] / heat,
        theirs_hours=theirs.mode_hours(),
        ours_hours=ours.mode_hours(),
        same_mode=float(np.mean(theirs.mode() == ours.mode())),
        theirs_water=float(theirs.water_l_per_h.sum()) / heat,
        ours_water=float(ours.water_l_per_h.sum()) / heat,
        parts={part: tuple(float(getattr(year, part).sum()) / heat for year in (theirs, ours)) for part in PARTS},
    )


def same_order(theirs: list[float], ours: list[float], *, resolution: float) -> bool:
    """Whether both rank the cases alike; cases that theirs puts within `resolution` may stand either way."""
    pairs = [(i, j) for i in range(len(theirs)) for j in range(i)]
    return all(
        abs(theirs[i] - theirs[j]) <= resolution or (theirs[i] - theirs[j]) * (ours[i] - ours[j]) > 0 for i, j in pairs
    )
