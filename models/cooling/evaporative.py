"""Indirect evaporative plant: hall air against outdoor air in a heat exchanger, dry in the cold, wetted in the warm."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from models.cooling.checks import hall_checks, range_checks, trim_checks
from models.cooling.chilled import hall_fans
from models.cooling.exchanger import counterflow_effectiveness, counterflow_ntu, flow_for_effectiveness
from models.cooling.fans import air_density_at, fan_curve, most_fans
from models.cooling.outdoor import CP_AIR, H_EVAPORATION, HeatRemoval, Outdoor, cheapest
from models.cooling.tables import check_fields
from models.cooling.tower import enthalpy_slope
from models.cooling.trim import trim_kw
from models.given import refuse_no_numbers

_FLOW_EXPONENT = 0.4  # NTU with the scavenger's flow: one film of two in flow**0.8; assumption


@dataclass(frozen=True, slots=True)
class IndirectEvaporativePlant:
    """Hall air circulates through a heat exchanger whose other side is outdoor (scavenger) air, sprayed when warm.

    No outdoor air enters the hall, so neither its humidity nor its dust counts. Defaults without a source are
    assumptions: a packaged unit of the 2020s. ``fan_min_flow`` above 20 % makes a kink as in `AirEconomiserPlant`: the
    planner's four lines miss by 1.5 % of IT in the worst hour at 0.3, 3.3 % at 0.5, 0.15 % with the default.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    economiser : bool
        False: the trim chiller does all.
    wet_eff, dry_eff : float
        Cooling of hall air over its return temperature less outdoor wet bulb (0.6-0.75) or dry bulb, at rated flows.
        [-]
    wet_above_degc : float
        Sprays never run at or below this dry bulb, for frost; see `sprays_above_degc`. [degC]
    spray_design_degc : float
        Supply air that dry operation is to hold at rated heat: sprays may run above the dry bulb where it no longer
        does, whatever setpoint is chosen. Colder means less power, more water. [degC]
    scavenger_flow_ratio : float
        Rated scavenger over rated hall air, by mass. [-]
    scavenger_pressure_pa : float
        Pressure of the scavenger side at rated flow in the site's air. [Pa]
    spray_pump_frac : float
        Spray pumps over rated hall heat; units are staged with hall air. [-]
    delta_k, fan_pressure_pa, fan_eff, fan_min_flow, fan_curve : float, float, float, float, str
        Hall fans as in `AirEconomiserPlant`; scavenger fans have their efficiency and curve.
    carnot_eff, cop_max, evaporating_below_supply_k, condensing_above_outdoor_k, condensing_min_degc : float
    condensing_reference, lift_loss_k : str, float
        Trim chiller as in `AirEconomiserPlant`.
    condenser_fan_frac, chilled_pump_frac : float
        Power per heat the trim chiller removes, the fans rated at the site. [-]
    cycles : float
        Cycles of concentration of the spray water. [-]
    """

    rated_heat_kw: float
    economiser: bool = True
    wet_eff: float = 0.70
    dry_eff: float = 0.60
    wet_above_degc: float = 3.0
    spray_design_degc: float = 23.0
    scavenger_flow_ratio: float = 1.0
    scavenger_pressure_pa: float = 200.0
    spray_pump_frac: float = 0.003
    delta_k: float = 12.0
    fan_pressure_pa: float = 350.0
    fan_eff: float = 0.65
    fan_min_flow: float = 0.2
    fan_curve: str = "variable_speed"
    carnot_eff: float = 0.50
    cop_max: float = 12.0
    lift_loss_k: float = 0.0
    evaporating_below_supply_k: float = 9.0
    condensing_reference: Literal["dry_bulb", "wet_bulb"] = "dry_bulb"
    condensing_above_outdoor_k: float = 12.0
    condensing_min_degc: float = 25.0
    condenser_fan_frac: float = 0.025
    chilled_pump_frac: float = 0.0
    cycles: float = 5.0

    setpoint_meaning: ClassVar[str] = "supply air temperature at the server inlet"

    def __post_init__(self) -> None:
        refuse_no_numbers("indirect evaporative plant", self)
        most = min(0.95, 0.98 * self.scavenger_flow_ratio)
        check_fields(
            "indirect evaporative",
            self,
            {
                **hall_checks(self),
                "scavenger_flow_ratio": (0.3 <= self.scavenger_flow_ratio <= 3, "0.3 to 3"),
                "wet_eff": (0.1 <= self.wet_eff <= 0.95, "0.1 to 0.95"),
                "dry_eff": (0.1 <= self.dry_eff <= most, f"0.1 to {most:.3g} at this scavenger_flow_ratio"),
                **range_checks(self, "wet_above_degc"),
                "spray_design_degc": (10 <= self.spray_design_degc <= 45, "10 to 45"),
                "scavenger_pressure_pa": (0 < self.scavenger_pressure_pa <= 2000, "more than 0, at most 2000"),
                "spray_pump_frac": (0 <= self.spray_pump_frac <= 0.05, "0 to 0.05"),
                **trim_checks(self),
            },
        )


def _scavenger_kw(plant: IndirectEvaporativePlant, outdoor: Outdoor, flow_ratio):
    """Scavenger fans at a flow over rated. [kW]"""
    rated_flow = plant.scavenger_flow_ratio * plant.rated_heat_kw / (CP_AIR * plant.delta_k)
    density = air_density_at(outdoor.temp_air, outdoor.pressure)
    rated_kw = rated_flow / density * plant.scavenger_pressure_pa / plant.fan_eff / 1000.0
    return rated_kw * fan_curve(flow_ratio, plant.fan_curve)


def sprays_above_degc(plant: IndirectEvaporativePlant, outdoor: Outdoor):
    """Dry bulb above which sprays may run: where dry operation no longer holds the design supply. [degC]

    Notes
    -----
    ``max(back - (back - target) / dry_eff, wet_above_degc)`` at rated heat and ``spray_design_degc``. It saves the
    water of hours in which dry operation takes a little more fan power. It depends neither on the heat nor on the
    chosen setpoint, so that power rises with heat and does not rise as the setpoint does: over a year at two hubs a
    warmer setpoint (1 K, 18 to 27 degC, 60 % load) takes at most 0.25 % more in any hour.
    """
    flow, fan_kw = hall_fans(plant, outdoor, np.asarray(plant.rated_heat_kw), plant.spray_design_degc)
    back = plant.spray_design_degc + plant.delta_k
    dry_limit = back - (plant.delta_k + fan_kw / (flow * CP_AIR)) / plant.dry_eff
    return np.maximum(dry_limit, plant.wet_above_degc)


def _through_exchanger(plant, *, outside, rated_eff, capacity, hall_ratio, back, target):
    """Hall air after the exchanger [degC] and scavenger flow over rated, against outside air at a temperature.

    ``capacity``: capacity rate of the scavenger over the hall's at rated flows. The scavenger slows to what the
    target needs, runs at `most_fans` where that is not enough, and stands where outside air is no colder than return
    air.
    """
    # UA goes with both films: slower hall air has more transfer units
    ntu = counterflow_ntu(rated_eff, 1.0 / capacity) * hall_ratio ** (_FLOW_EXPONENT - 1.0)
    capacity, most = capacity / hall_ratio, most_fans(hall_ratio)
    full = counterflow_effectiveness(ntu * most**_FLOW_EXPONENT, 1.0 / (capacity * most))
    span = back - outside
    needed = (back - target) / np.maximum(span, 1e-9)
    enough, helps = needed < full, span > 0.0
    flow = flow_for_effectiveness(
        np.where(enough, needed, 0.0), ntu_rated=ntu, capacity_rated=capacity, exponent=_FLOW_EXPONENT
    )
    after = np.where(enough, target, np.where(helps, back - full * span, back))
    return after, np.where(enough, flow, np.where(helps, most, 0.0))


def _route(plant, outdoor: Outdoor, *, after, flow, pump, drunk, wetted, total, back, target, fan_kw, supply):
    """What one way of running the exchanger costs; the trim chiller does what it leaves."""
    share = np.clip((back - after) / (back - target), 0.0, 1.0)
    compressor, condenser_fans, trim_pump = trim_kw(plant, outdoor, (1.0 - share) * total, supply)
    scavenger = _scavenger_kw(plant, outdoor, flow)
    return HeatRemoval(fan_kw, pump + trim_pump, scavenger + condenser_fans, compressor, drunk, share, wetted)


def evaporative_cooling(plant: IndirectEvaporativePlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of an indirect evaporative plant at a supply temperature.

    Use it for hourly energy. Left out: heat through the casing, spray run-on, wetted surface below its rating.

    Parameters
    ----------
    plant : IndirectEvaporativePlant
    outdoor : Outdoor, arrays broadcastable with the next two
    heat_kw : ndarray
        Heat of the hall without its fans. [kW]
    setpoint_degc : ndarray
        Supply air at the server inlet. [degC]

    Returns
    -------
    HeatRemoval

    Notes
    -----
    1. Hall air returns at ``back = supply + heat / (m cp)`` and must come ``target = supply - fan / (m cp)`` cold to
       the fans.
    2. Dry: hall air leaves at ``back - eps (back - T)``; wet: ``back - eps (back - T_wb)``, above `sprays_above_degc`.
       ``eps`` is counter-flow; its NTU follows from the rated ``dry_eff`` or ``wet_eff`` and goes with scavenger flow
       to 0.4 and hall flow to -0.6. Wetted scavenger air has the capacity of saturated air (`enthalpy_slope` at its
       wet bulb) over that of dry.
    3. The scavenger slows from `most_fans` to what the target needs; the trim chiller (`trim_kw`) does what is missing.
    4. The cheapest of dry, wet and chiller alone runs.

    Water: the scavenger air leaves saturated (assumption, an upper bound) at ``T_wb + Q_wet / (m slope)``; what it
    gives up to come there from ``T`` evaporates too: ``(Q_wet + m cp (T - T_out)) / h_fg``, not below 0, with
    blow-down ``cycles / (cycles - 1)``. Hot dry air so takes more than ``Q_wet / h_fg``, cool damp air less. Power
    does not rise as the wet bulb falls at one dry bulb, nor as the day cools at one relative humidity, but where
    sprays stop: dry operation takes more fan power just below.

    References
    ----------
    EnergyPlus Engineering Reference, EvaporativeCooler:Indirect:ResearchSpecial (wet and dry effectiveness, 0.70 and
    0.72 in its data-hall example).
    """
    heat, supply = np.asarray(heat_kw, dtype=float), np.asarray(setpoint_degc, dtype=float)
    hall_flow, fan_kw = hall_fans(plant, outdoor, heat, supply)
    known = {
        "total": heat + fan_kw,
        "back": supply + heat / (hall_flow * CP_AIR),
        "target": supply - fan_kw / (hall_flow * CP_AIR),
        "fan_kw": fan_kw,
        "supply": supply,
    }
    back, target, total = known["back"], known["target"], known["total"]
    zero = np.zeros_like(total + outdoor.temp_air)
    never = zero > 0.0
    alone = _route(plant, outdoor, after=back, flow=zero, pump=zero, drunk=zero, wetted=never, **known)
    if not plant.economiser:
        return alone
    through = {
        "hall_ratio": hall_flow * CP_AIR * plant.delta_k / plant.rated_heat_kw,
        "back": back,
        "target": target,
    }
    after, flow = _through_exchanger(
        plant, outside=outdoor.temp_air, rated_eff=plant.dry_eff, capacity=plant.scavenger_flow_ratio, **through
    )
    dry = _route(plant, outdoor, after=after, flow=flow, pump=zero, drunk=zero, wetted=never, **known)
    slope = enthalpy_slope(outdoor.wet_bulb, outdoor.pressure) / CP_AIR
    after, flow = _through_exchanger(
        plant,
        outside=outdoor.wet_bulb,
        rated_eff=plant.wet_eff,
        capacity=plant.scavenger_flow_ratio * slope,
        **through,
    )
    allowed = outdoor.temp_air > sprays_above_degc(plant, outdoor)
    carried = np.clip((back - after) / (back - target), 0.0, 1.0) * total
    scavenger = flow * plant.scavenger_flow_ratio * plant.rated_heat_kw / (CP_AIR * plant.delta_k)
    leaving = outdoor.wet_bulb + carried / np.maximum(scavenger * slope * CP_AIR, 1e-9)
    evaporated = np.maximum(carried + scavenger * CP_AIR * (outdoor.temp_air - leaving), 0.0) / H_EVAPORATION
    drunk = evaporated * 3600.0 * plant.cycles / (plant.cycles - 1.0)
    sprays = plant.rated_heat_kw * plant.spray_pump_frac * through["hall_ratio"]
    pump = np.where(allowed, sprays, np.inf)  # where sprays stand the route is no choice
    wet = _route(plant, outdoor, after=after, flow=flow, pump=pump, drunk=drunk, wetted=~never, **known)
    return cheapest(dry, wet, alone)
