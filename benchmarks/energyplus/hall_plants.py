"""Our air-side plants with the figures of the two-zone hall's own objects and sizes; nothing from its output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from energyplus.engine import Run
from energyplus.hall import HallYear
from energyplus.loads import ArgumentError

from models.cooling import AirEconomiserPlant, IndirectEvaporativePlant
from weather.derive import standard_pressure

CP_AIR, R_AIR = 1.006, 287.058  # kJ/(kg K), J/(kg K)
REFERENCE_LIFT_K = 25.0  # lift at which `carnot_cop` takes its fraction
REFRIGERANT_APPROACH_K = 1.5  # between refrigerant and leaving water, both ends: the default of our plants
_DAMPERS, _DIRECT = "Controller:OutdoorAir", "EvaporativeCooler:Direct:ResearchSpecial"
_INDIRECT = "EvaporativeCooler:Indirect:ResearchSpecial"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the hall's objects and sizes say, whatever cools its air.

    Attributes
    ----------
    supply_degc : ndarray (time,)
        Supply air. [degC]
    common : dict
        Fields our air-side plants share.
    """

    supply_degc: np.ndarray
    common: dict[str, float | str]


def figures(model: dict, result: Run, year: HallYear, *, altitude_m: float) -> Figures:
    """Air, supply temperature and trim chiller of the hall.

    Notes
    -----
    - Air: sized flow at the engine's standard density, always at its maximum: the reset asks for 18 degC at most, and
      at that the hall would need more than the fans give. So the supply is ``thermostat - heat / (m cp)``, kept in
      12-18 degC.
    - Chiller: fraction of Carnot and lift loss from its own coefficients at the hall's heat and its water setpoint
      (`carnot_figures`); condenser at wet bulb, plus the sized tower's approach and the condenser's rise scaled from
      rated heat to the hall's (both are autosized to about four times the load). Tower fans and condenser pump run
      full with the chiller; ours follow its load.
    """
    heat = float(year.heat_kw.max())
    density = float(standard_pressure(altitude_m)) / (R_AIR * 293.15)  # what the engine makes mass of volume with
    flow = result.sized("Fan:VariableVolume", "maximum_flow_rate") * density
    fan, chiller = first(model, "Fan:VariableVolume"), first(model, "Chiller:Electric")
    reset = first(model, "SetpointManager:SingleZone:Cooling")
    thermostat, chilled = _schedule_value(model, "Cooling Setpoints"), _schedule_value(model, "CW Loop Temp Schedule")
    supply = np.clip(
        thermostat - year.heat_kw / (flow * CP_AIR),
        reset["minimum_supply_air_temperature"],
        reset["maximum_supply_air_temperature"],
    )
    capacity = result.sized("Chiller:Electric", "Nominal Capacity") / 1000.0
    share = heat / capacity
    rise = share * _sizing_rise(model, "Condenser")
    approach = share * first(model, "CoolingTower:VariableSpeed").get("design_approach_temperature", 3.9)
    coldest = first(model, "SetpointManager:FollowOutdoorAirTemperature")["minimum_setpoint_temperature"]
    carnot_eff, lift_loss_k = carnot_figures(
        chiller, chilled_degc=chilled, coldest_degc=coldest, share=share, rise_k=rise
    )
    pumps = result.sized("Pump:VariableSpeed", "Design Power Consumption") / 1000.0
    condenser_pump = result.sized("Pump:VariableSpeed", "Design Power Consumption", name="Cond Circ Pump") / 1000.0
    common = {
        "rated_heat_kw": 1.001 * heat,
        "delta_k": 1.001 * heat / (flow * CP_AIR),
        "fan_pressure_pa": fan["pressure_rise"],
        "fan_eff": fan["fan_total_efficiency"],
        "fan_min_flow": 1.0,
        "carnot_eff": carnot_eff,
        "lift_loss_k": lift_loss_k,
        "evaporating_below_supply_k": float(supply.mean()) - (chilled - REFRIGERANT_APPROACH_K),
        "condensing_reference": "wet_bulb",
        "condensing_above_outdoor_k": approach + rise + REFRIGERANT_APPROACH_K,
        "condensing_min_degc": coldest + rise + REFRIGERANT_APPROACH_K,
        "condenser_fan_frac": result.sized("CoolingTower:VariableSpeed", "Fan Power at Design") / 1000.0 / heat,
        "chilled_pump_frac": condenser_pump / heat + (pumps - condenser_pump) / capacity,
    }
    return Figures(supply, common)


def air_plant(model: dict, found: Figures) -> AirEconomiserPlant:
    """Our air economiser with their fixed limits of dry bulb and dew point and their direct cooler's effectiveness."""
    controller = first(model, "Controller:OutdoorAir")
    cooler = first(model, "EvaporativeCooler:Direct:ResearchSpecial")
    return AirEconomiserPlant(
        **found.common,
        evaporative_eff=cooler["cooler_design_effectiveness"],
        fan_curve="inlet_vane",
        dew_point_max_degc=controller["economizer_maximum_limit_dewpoint_temperature"],
        dew_point_min_degc=-60.0,
        outdoor_max_degc=controller["economizer_maximum_limit_dry_bulb_temperature"],
        cycles=cooler["blowdown_concentration_ratio"],
    )


def indirect_model(model: dict) -> dict:
    """The hall with its dampers shut and its direct coolers off: the indirect coolers work on return air alone."""
    shut = {name: item | {"economizer_control_type": "NoEconomizer"} for name, item in model[_DAMPERS].items()}
    off = {name: item | {"availability_schedule_name": "Never"} for name, item in model[_DIRECT].items()}
    schedules = model.get("Schedule:Constant", {}) | {"Never": {"hourly_value": 0.0}}
    return model | {_DAMPERS: shut, _DIRECT: off, "Schedule:Constant": schedules}


def indirect_plant(model: dict, result: Run, found: Figures) -> IndirectEvaporativePlant:
    """Our indirect evaporative plant with their coolers' effectivenesses, flow, fans and pumps.

    Notes
    -----
    Their secondary fans give a power per volume flow: that is pressure over efficiency. The scavenger has the hall's
    fan curve in ours, so both get a variable-speed one; at their constant full flow the hall's fans do not feel it.
    """
    coolers = list(model[_INDIRECT].values())
    cooler = coolers[0]
    efficiency = float(found.common["fan_eff"])
    pumps_kw = result.sized(_INDIRECT, "Recirculating Pump Power") / 1000.0
    wet_above = "evaporative_operation_minimum_limit_secondary_air_drybulb_temperature"
    return IndirectEvaporativePlant(
        **found.common,
        wet_eff=cooler["cooler_wetbulb_design_effectiveness"],
        dry_eff=cooler["cooler_drybulb_design_effectiveness"],
        wet_above_degc=float(np.mean([each[wet_above] for each in coolers])),
        spray_design_degc=max(float(found.supply_degc.mean()), 10.0),
        scavenger_flow_ratio=cooler["secondary_air_flow_scaling_factor"],
        scavenger_pressure_pa=cooler["secondary_air_fan_sizing_specific_power"] * efficiency,
        spray_pump_frac=pumps_kw / float(found.common["rated_heat_kw"]),
        cycles=3.0,
    )


def chiller_cop(chiller: dict, *, chilled_degc: float, condenser_degc: float, share: float) -> float:
    """COP of a Chiller:Electric by its own coefficients, at a share of its nominal capacity.

    EnergyPlus Engineering Reference, Electric Chiller Model: temperature difference, available capacity, full-load
    power, part-load power.
    """

    def polynomial(name: str, x: float) -> float:
        a, b, c = (chiller[f"coefficient_{n}_of_{name}_ratio_curve"] for n in (1, 2, 3))
        return a + b * x + c * x**2

    difference = (condenser_degc - chiller["design_condenser_inlet_temperature"]) / chiller[
        "temperature_rise_coefficient"
    ] - (chilled_degc - chiller["design_chilled_water_outlet_temperature"])
    capacity = polynomial("capacity", difference)
    part = share / capacity
    power = polynomial("power", capacity) * capacity * polynomial("full_load", part) / chiller["nominal_cop"]
    return share / power


def carnot_figures(
    chiller: dict, *, chilled_degc: float, coldest_degc: float, share: float, rise_k: float
) -> tuple[float, float]:
    """The two figures of `carnot_cop` that meet `chiller_cop` at the coldest and at the rated condenser water."""
    evaporating = chilled_degc - REFRIGERANT_APPROACH_K
    points = []
    for water in (coldest_degc, chiller["design_condenser_inlet_temperature"]):
        cop = chiller_cop(chiller, chilled_degc=chilled_degc, condenser_degc=water, share=share)
        points.append((cop, water + rise_k + REFRIGERANT_APPROACH_K - evaporating))
    (cold_cop, cold_lift), (rated_cop, rated_lift) = points
    loss = (rated_cop * rated_lift - cold_cop * cold_lift) / (cold_cop - rated_cop)
    reference = REFERENCE_LIFT_K / (REFERENCE_LIFT_K + loss)
    return cold_cop * (cold_lift + loss) / (evaporating + 273.15) * reference, loss


def first(model: dict, kind: str) -> dict:
    return next(iter(model[kind].values()))


def _schedule_value(model: dict, name: str) -> float:
    """A constant schedule's value; it must be one all year."""
    numbers = {
        float(value) for item in model["Schedule:Compact"][name]["data"] for value in item.values() if _number(value)
    }
    if len(numbers) != 1:
        raise ArgumentError(f"--model: schedule {name!r} holds {sorted(numbers)}; this comparison needs one value")
    return numbers.pop()


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _sizing_rise(model: dict, loop_type: str) -> float:
    return next(s for s in model["Sizing:Plant"].values() if s["loop_type"] == loop_type)[
        "loop_design_temperature_difference"
    ]
