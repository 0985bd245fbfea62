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


def their_year(result: Run, *, dampers: bool = True) -> HallYear:
    """Parts of the hall's HVAC power; they sum to EnergyPlus's own total.

    Modes as in our plant: free where the coil does less than 2 % of the heat, mechanical where it works and the dampers
    are shut (the indirect coolers may help it), partial between. Without dampers the indirect coolers are what is free.
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
        free_share=np.where(dampers & shut & (free < 0.98), 0.0, free),
    )
    return HallYear(plant, basin, evaporative, heat, result.find(*REFERENCE["drybulb_c"]))
