"""Design figures of the chilled-water plant, and what its control and load follow from them by hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CP_WATER = 4.19  # kJ/(kg K), at 5-30 degC within 0.3 %
RHO_WATER = 1000.0  # kg/m3, within 0.5 %
SCHEDULE_FILE = "load.csv"


@dataclass(frozen=True, slots=True)
class PlantDesign:
    """Design figures both models are built from.

    Attributes
    ----------
    heat_kw : float
        Heat of the hall the plant is built for. [kW]
    chiller_size_ratio : float
        Reference capacity of the chiller over `heat_kw`. [-]
    water_range_k, hx_approach_k : float
        Chilled-water rise in the hall; chilled water above tower water across the heat exchanger, at rated heat and
        flows. [K]
    tower_approach_k, tower_range_k, tower_wet_bulb_degc : float
        Tower at its rating: water above wet bulb, rise in the condensers, wet bulb.
    approach_reset : float
        Control: rise of the approach wanted per kelvin of wet bulb below the rating. [K/K] With air and water in
        proportion to heat a tower's approach depends on the wet bulb alone, so it is that of the full tower. Measured
        on EnergyPlus's own towers (fans full, water and heat at 0.94 of the rating, six weather bins): YorkCalc 3.7 K
        at 22.4 degC wet bulb, 5.8 at 12.8, 8.7 at 2.3, 10.2 at -2.1, 13.5 at -11; CoolToolsCrossFlow 3.7, 5.9, 8.6,
        10.7, 20. From 22 to 2 degC both rise by 0.25.
    free_fan_exponent : float
        Control: fastest tower fans of free cooling go with the heat to this power. [-]
    condenser_floor_degc, tower_floor_degc : float
        Coldest condenser water of a chiller-led plant; coldest tower water of all. [degC]
    rejected_ratio : float
        Heat the tower is built for over `heat_kw`. [-]
    tower_fan_frac, chilled_pump_frac, condenser_pump_frac : float
        Rated power over `heat_kw`. [-]
    pump_min_flow, pump_static_share : float
        Least flow ratio; power ratio ``w (s + (1 - s) w**2)`` at flow ratio ``w``. [-]
    cycles : float
        Cycles of concentration. [-]
    tower_model : {"YorkCalc", "CoolToolsCrossFlow"}
        EnergyPlus has two empirical variable-speed towers; they differ from each other by up to a quarter of the
        plant's energy at part load.
    """

    heat_kw: float = 1000.0
    chiller_size_ratio: float = 1.25
    water_range_k: float = 6.0
    hx_approach_k: float = 2.0
    tower_approach_k: float = 4.0
    tower_range_k: float = 5.0
    tower_wet_bulb_degc: float = 22.0
    approach_reset: float = 0.25
    free_fan_exponent: float = 0.5
    condenser_floor_degc: float = 13.0
    tower_floor_degc: float = 5.0
    rejected_ratio: float = 1.2
    tower_fan_frac: float = 0.015
    chilled_pump_frac: float = 0.016
    condenser_pump_frac: float = 0.014
    pump_min_flow: float = 0.2
    pump_static_share: float = 0.3
    cycles: float = 5.0
    tower_model: str = "YorkCalc"

    @property
    def chilled_m3_s(self) -> float:
        """Rated chilled-water flow."""
        return self.heat_kw / (CP_WATER * RHO_WATER * self.water_range_k)

    @property
    def condenser_m3_s(self) -> float:
        """Rated condenser-water flow."""
        return self.heat_kw * self.rejected_ratio / (CP_WATER * RHO_WATER * self.tower_range_k)

    @property
    def exchanger_m3_s(self) -> float:
        """Rated tower-water flow of the heat exchanger: the same heat at the tower's range."""
        return self.heat_kw / (CP_WATER * RHO_WATER * self.tower_range_k)

    @property
    def exchanger_kw_k(self) -> float:
        """Conductance of the counter-flow heat exchanger, by the logarithmic mean at its rating."""
        ends = self.hx_approach_k + self.water_range_k - self.tower_range_k, self.hx_approach_k
        if min(ends) <= 0:
            raise ValueError("water_range_k and hx_approach_k leave the warm end of the heat exchanger no difference")
        even = abs(ends[0] - ends[1]) < 1e-6
        return self.heat_kw / (ends[0] if even else (ends[0] - ends[1]) / np.log(ends[0] / ends[1]))


_ENABLE_K = 0.5  # the heat exchanger is tried where tower water could be this much colder than the return

_CHILLER_HEAT = 1.15  # heat rejected over heat removed of a chiller at COP 6.5, the least here
_MARGIN_K = 0.2  # tower water is wanted this much colder than the heat exchanger needs, or the chiller never rests


def tower_setpoint(
    design: PlantDesign, load_share: np.ndarray, wet_bulb: np.ndarray, *, setpoint_degc: float, economiser: bool
) -> np.ndarray:
    """Temperature the tower control asks for, by hour. [degC]

    Notes
    -----
    Chiller-led: air in proportion to heat, so the approach depends on the wet bulb alone (`approach_reset`), not below
    the condenser floor. In free cooling fans run at ``heat**free_fan_exponent`` at most (heat over the tower's rated),
    so the approach is that one times heat over air; not colder than all of the load needs. It is tried where that water
    is `_ENABLE_K` below the return.
    """
    drop = np.maximum(design.tower_wet_bulb_degc - wet_bulb, 0.0)
    approach = design.tower_approach_k + design.approach_reset * drop
    led = np.maximum(wet_bulb + approach, design.condenser_floor_degc)
    if not economiser:
        return led
    heat = load_share * (1.0 + design.chilled_pump_frac) / design.rejected_ratio
    reach = wet_bulb + approach * heat ** (1.0 - design.free_fan_exponent)
    colder = max(setpoint_degc - design.hx_approach_k - _MARGIN_K, design.tower_floor_degc)
    return np.where(reach < setpoint_degc + design.water_range_k - _ENABLE_K, np.maximum(reach, colder), led)


def load_file(load_share: np.ndarray, tower_degc: np.ndarray, design: PlantDesign) -> str:
    """Text of the schedule file: heat [W] (LoadProfile:Plant warms a loop if negative), flow share of the chilled
    water, tower setpoint, and most flow share of the condenser pump: what the whole load needs through the chiller."""
    flow = np.maximum(load_share, design.pump_min_flow)
    rejected = load_share * (1.0 + design.chilled_pump_frac) * _CHILLER_HEAT / design.rejected_ratio
    pump = np.clip(rejected, design.pump_min_flow, 1.0)
    rows = (
        f"{-1000 * design.heat_kw * load:.3f},{share:.6f},{tower:.4f},{most:.6f}"
        for load, share, tower, most in zip(load_share, flow, tower_degc, pump, strict=True)
    )
    return "\n".join(["heat_w,flow_share,tower_degc,pump_share", *rows]) + "\n"
