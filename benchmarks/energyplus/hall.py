"""The two-zone hall with air economiser: run by EnergyPlus, compared with its reference year and with our air plant."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from energyplus.compare import PlantYear
from energyplus.engine import EngineError, Run, run
from energyplus.loads import HOURS, ArgumentError

from models.cooling import AirEconomiserPlant
from weather.derive import standard_pressure

CP_AIR, R_AIR = 1.006, 287.058  # kJ/(kg K), J/(kg K)
REFERENCE_LIFT_K = 25.0  # lift at which `carnot_cop` takes its fraction
REFRIGERANT_APPROACH_K = 1.5  # between refrigerant and leaving water, both ends: the default of our plants

OUTPUTS = (
    "Fan Electricity Rate",
    "Pump Electricity Rate",
    "Evaporative Cooler Electricity Rate",
    "Chiller Electricity Rate",
    "Cooling Tower Fan Electricity Rate",
    "Cooling Tower Basin Heater Electricity Rate",
    "Cooling Coil Total Cooling Rate",
    "Air System Outdoor Air Flow Fraction",
    "Cooling Tower Make Up Water Volume Flow Rate",
    "Evaporative Cooler Water Volume",
)
# What our plants feel -> the engine's variable
OUTDOOR = {
    "temp_air": "Site Outdoor Air Drybulb Temperature",
    "wet_bulb": "Site Outdoor Air Wetbulb Temperature",
    "temp_dew": "Site Outdoor Air Dewpoint Temperature",
    "pressure": "Site Outdoor Air Barometric Pressure",
}
# Column of the reference year -> variable, key and tolerance (the file's rounding)
REFERENCE = {
    "drybulb_c": ("Site Outdoor Air Drybulb Temperature", "Environment"),
    "wetbulb_c": ("Site Outdoor Air Wetbulb Temperature", "Environment"),
    "it_and_building_w": ("Facility Total Building Electricity Demand Rate", "Whole Building"),
    "hvac_w": ("Facility Total HVAC Electricity Demand Rate", "Whole Building"),
    "total_w": ("Facility Total Electricity Demand Rate", "Whole Building"),
    "east_zone_c": ("Zone Air Temperature", "East Zone"),
    "west_zone_c": ("Zone Air Temperature", "West Zone"),
}
ROUNDING = 6e-4


def read_model(file: Path) -> dict:
    """An epJSON file.

    Raises
    ------
    ArgumentError
        Not there, or no epJSON of a hall with the objects needed here.
    """
    if not file.is_file():
        raise ArgumentError(f"--model {file}: no such file")
    try:
        model = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArgumentError(f"--model {file}: not an epJSON file ({error})") from error
    needed = ("Controller:OutdoorAir", "Fan:VariableVolume", "Chiller:Electric", "CoolingTower:VariableSpeed")
    missing = [kind for kind in needed if kind not in model]
    if missing:
        raise ArgumentError(f"--model {file}: has no {', '.join(missing)}; it is not the two-zone hall or one like it")
    return model


def run_hall(model: dict, weather: Path, *, progress: Callable[[str], None] | None = None) -> Run:
    """Run the hall with the outputs this comparison reads added to its own."""
    wanted = {name for name, _ in REFERENCE.values()} | set(OUTPUTS) | set(OUTDOOR.values())
    outputs = {f"hall {n}": _output(name) for n, name in enumerate(sorted(wanted))}
    result = run(model | {"Output:Variable": outputs}, weather, progress=progress, label=weather.name[:28])
    hours = next(iter(result.columns.values())).size
    if hours != HOURS:
        raise EngineError(f"EnergyPlus gave {hours} hours, expected {HOURS}: look at the model's RunPeriod")
    return result


def _output(variable: str) -> dict:
    return {"key_value": "*", "variable_name": variable, "reporting_frequency": "Hourly"}


def felt_weather(result: Run, weather: xr.Dataset) -> xr.Dataset:
    """The weather the engine's steps felt, as hourly means: it blends neighbouring hours of the file into its steps."""
    fields = {name: ("time", result.find(variable, "Environment")) for name, variable in OUTDOOR.items()}
    return xr.Dataset(fields, coords=weather.coords)


def against_reference(result: Run, file: Path) -> dict[str, float]:
    """Largest hourly difference to a reference year, by its column.

    Raises
    ------
    ArgumentError
        The file is not such a reference year.
    """
    if not file.is_file():
        raise ArgumentError(f"--reference {file}: no such file")
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = list(csv.DictReader(handle))
    if len(rows) != HOURS or not set(REFERENCE) <= set(rows[0]):
        raise ArgumentError(
            f"--reference {file}: {len(rows)} rows, expected {HOURS} with the columns {', '.join(REFERENCE)}"
        )
    return {
        column: float(np.max(np.abs(result.find(*named) - np.array([float(row[column]) for row in rows]))))
        for column, named in REFERENCE.items()
    }


@dataclass(frozen=True, slots=True)
class HallYear:
    """Their year, with what our plants do not have set apart.

    Attributes
    ----------
    plant : PlantYear
        Without the basin heater.
    basin_kw, evaporative_kw : ndarray (time,)
        Basin heater of the tower; sprays and secondary fans (inside the plant's pumps). [kW]
    heat_kw : ndarray (time,)
        IT and lights. [kW]
    temp_air : ndarray (time,)
        Outdoors. [degC]
    """

    plant: PlantYear
    basin_kw: np.ndarray
    evaporative_kw: np.ndarray
    heat_kw: np.ndarray
    temp_air: np.ndarray


def their_year(result: Run) -> HallYear:
    """Parts of the hall's HVAC power; they sum to EnergyPlus's own total.

    Modes as in our plant: free where the coil does less than 2 % of the heat, mechanical where it works and the dampers
    are shut (the indirect coolers may help it), partial between.
    """
    kilo = 1000.0
    fan, pump, evaporative, compressor, tower, basin = (result.total(name) / kilo for name in OUTPUTS[:6])
    heat = result.find(*REFERENCE["it_and_building_w"]) / kilo
    whole = result.find(*REFERENCE["hvac_w"]) / kilo
    rest = float(np.max(np.abs(fan + pump + evaporative + compressor + tower + basin - whole)))
    if rest > 0.01:
        raise EngineError(f"the parts of the hall's HVAC power miss its total by up to {rest:.3f} kW: other equipment?")
    coil = result.total("Cooling Coil Total Cooling Rate") / kilo
    free = np.clip(1.0 - coil / (heat + fan), 0.0, 1.0)
    outside = result.total("Air System Outdoor Air Flow Fraction")
    shut = outside < 0.02  # of both zones' systems together
    tower_m3_s, cooler_m3 = (result.total(name) for name in OUTPUTS[-2:])
    plant = PlantYear(
        power_kw=whole - basin,
        fan_kw=fan,
        pump_kw=pump + evaporative,
        tower_kw=tower,
        compressor_kw=compressor,
        water_l_per_h=3.6e6 * tower_m3_s + kilo * cooler_m3,
        free_share=np.where(shut & (free < 0.98), 0.0, free),
    )
    return HallYear(plant, basin, evaporative, heat, result.find(*REFERENCE["drybulb_c"]))


def air_plant(model: dict, result: Run, year: HallYear, *, altitude_m: float) -> tuple[AirEconomiserPlant, np.ndarray]:
    """Our air economiser with the figures of the hall's objects and sizes, and its supply temperature by hour.

    Notes
    -----
    - Air: sized flow at the engine's standard density, always at its maximum: the reset asks for 18 degC at most, and
      at that the hall would need more than the fans give. So the supply is ``thermostat - heat / (m cp)``, kept in
      12-18 degC.
    - Economiser: their fixed limits of dry bulb and dew point; direct cooler's effectiveness.
    - Chiller: fraction of Carnot and lift loss from its own coefficients at the hall's heat and its water setpoint
      (`carnot_figures`); condenser at wet bulb, plus the sized tower's approach and the condenser's rise scaled from
      rated heat to the hall's (both are autosized to about four times the load). Tower fans and condenser pump run
      full with the chiller; ours follow its load.
    """
    heat = float(year.heat_kw.max())
    density = float(standard_pressure(altitude_m)) / (R_AIR * 293.15)  # what the engine makes mass of volume with
    flow = result.sized("Fan:VariableVolume", "maximum_flow_rate") * density
    fan, controller = _first(model, "Fan:VariableVolume"), _first(model, "Controller:OutdoorAir")
    chiller, tower = _first(model, "Chiller:Electric"), _first(model, "CoolingTower:VariableSpeed")
    reset = _first(model, "SetpointManager:SingleZone:Cooling")
    thermostat, chilled = _schedule_value(model, "Cooling Setpoints"), _schedule_value(model, "CW Loop Temp Schedule")
    supply = np.clip(
        thermostat - year.heat_kw / (flow * CP_AIR),
        reset["minimum_supply_air_temperature"],
        reset["maximum_supply_air_temperature"],
    )
    capacity = result.sized("Chiller:Electric", "Nominal Capacity") / 1000.0
    share = heat / capacity
    rise = share * _sizing_rise(model, "Condenser")
    approach = share * tower.get("design_approach_temperature", 3.9)
    evaporating = chilled - REFRIGERANT_APPROACH_K
    coldest = _first(model, "SetpointManager:FollowOutdoorAirTemperature")["minimum_setpoint_temperature"]
    carnot_eff, lift_loss_k = carnot_figures(
        chiller, chilled_degc=chilled, coldest_degc=coldest, share=share, rise_k=rise
    )
    pumps = result.sized("Pump:VariableSpeed", "Design Power Consumption") / 1000.0
    condenser_pump = result.sized("Pump:VariableSpeed", "Design Power Consumption", name="Cond Circ Pump") / 1000.0
    plant = AirEconomiserPlant(
        rated_heat_kw=1.001 * heat,
        evaporative_eff=_first(model, "EvaporativeCooler:Direct:ResearchSpecial")["cooler_design_effectiveness"],
        delta_k=1.001 * heat / (flow * CP_AIR),
        fan_pressure_pa=fan["pressure_rise"],
        fan_eff=fan["fan_total_efficiency"],
        fan_min_flow=1.0,
        fan_curve="inlet_vane",
        dew_point_max_degc=controller["economizer_maximum_limit_dewpoint_temperature"],
        dew_point_min_degc=-60.0,
        outdoor_max_degc=controller["economizer_maximum_limit_dry_bulb_temperature"],
        carnot_eff=carnot_eff,
        lift_loss_k=lift_loss_k,
        evaporating_below_supply_k=float(supply.mean()) - evaporating,
        condensing_reference="wet_bulb",
        condensing_above_outdoor_k=approach + rise + REFRIGERANT_APPROACH_K,
        condensing_min_degc=coldest + rise + REFRIGERANT_APPROACH_K,
        condenser_fan_frac=result.sized("CoolingTower:VariableSpeed", "Fan Power at Design") / 1000.0 / heat,
        chilled_pump_frac=condenser_pump / heat + (pumps - condenser_pump) / capacity,
        cycles=_first(model, "EvaporativeCooler:Direct:ResearchSpecial")["blowdown_concentration_ratio"],
    )
    return plant, supply


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


def _first(model: dict, kind: str) -> dict:
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
