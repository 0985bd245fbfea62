"""One year of the chilled-water plant by each of the two models, from the same design figures and weather."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr
from energyplus.compare import PlantYear
from energyplus.curves import ChillerSet
from energyplus.engine import EngineError, Run, run
from energyplus.plant_design import SCHEDULE_FILE, PlantDesign, load_file, tower_setpoint
from energyplus.plant_model import plant_model

from models.cooling import ChillerCurves, ChillerPlant, WaterEconomiserPlant, cooling_power

_LITRES = 3.6e6  # m3/s to L/h
_BALANCE, _LEAST_SETTLED = 0.05, 0.8


def energyplus_year(
    design: PlantDesign,
    chiller: ChillerSet,
    weather: Path,
    outdoor: xr.Dataset,
    *,
    load_share: np.ndarray,
    setpoint_degc: float,
    economiser: bool,
    progress: Callable[[str], None] | None = None,
) -> tuple[PlantYear, np.ndarray, str]:
    """Run EnergyPlus; `outdoor` gives the wet bulb its tower control follows.

    Returns
    -------
    year : PlantYear
    settled : ndarray (time,)
        Hours whose own heat balances: exchanger and chiller remove the load and the pump's heat within 5 %. In the
        others (up to 6 % of the year, at the edge of full free cooling) the exchanger reports less heat than the
        chilled water lost: a chiller that has just stopped still holds condenser flow, taken from the exchanger after
        its outlet had been computed.
    version : str

    Raises
    ------
    EngineError
        Also when more than a fifth of the hours did not settle.
    """
    model = plant_model(design, chiller, setpoint_degc=setpoint_degc, economiser=economiser)
    tower = tower_setpoint(
        design, load_share, outdoor["wet_bulb"].to_numpy(), setpoint_degc=setpoint_degc, economiser=economiser
    )
    label = f"{weather.name[:28]} {setpoint_degc:g} degC {'with' if economiser else 'without'} economiser"
    files = {SCHEDULE_FILE: load_file(load_share, tower, design)}
    result = run(model, weather, files=files, progress=progress, label=label)
    year = _their_year(result, economiser)
    removed = result.total("Chiller Evaporator Cooling Rate")
    if economiser:
        removed = removed + result.total("Fluid Heat Exchanger Heat Transfer Rate")
    wanted = 1000 * design.heat_kw * load_share + result.find("Pump Electricity Rate", "Chilled Pump")
    settled = np.abs(removed - wanted) <= _BALANCE * wanted
    if settled.mean() < _LEAST_SETTLED:
        raise EngineError(
            f"EnergyPlus ({label}): its heat balances in {100 * settled.mean():.0f} % of the hours only, expected "
            f"{100 * _LEAST_SETTLED:.0f} % or more; its plant loop did not settle. Try another setpoint or load."
        )
    return year, settled, result.version


def _their_year(result: Run, economiser: bool) -> PlantYear:
    kilo = 1000.0
    chiller_heat = result.total("Chiller Evaporator Cooling Rate") / kilo
    free_heat = result.total("Fluid Heat Exchanger Heat Transfer Rate") / kilo if economiser else 0.0 * chiller_heat
    pump = result.total("Pump Electricity Rate") / kilo
    tower = result.total("Cooling Tower Fan Electricity Rate") / kilo
    compressor = result.total("Chiller Electricity Rate") / kilo
    return PlantYear(
        power_kw=pump + tower + compressor,
        fan_kw=np.zeros_like(pump),
        pump_kw=pump,
        tower_kw=tower,
        compressor_kw=compressor,
        water_l_per_h=_LITRES * result.total("Cooling Tower Make Up Water Volume Flow Rate"),
        free_share=free_heat / np.maximum(free_heat + chiller_heat, 1e-6),
    )


def own_plant(
    design: PlantDesign, chiller: ChillerSet, *, economiser: bool, hold_curve: bool = False
) -> WaterEconomiserPlant | ChillerPlant:
    """Our plant with the same figures: no hall fans, constant UA as in EnergyPlus."""
    figures = {
        "rated_heat_kw": design.heat_kw,
        "fan_pressure_pa": 0.0,
        "water_range_k": design.water_range_k,
        "chilled_pump_frac": design.chilled_pump_frac,
        "condenser_pump_frac": design.condenser_pump_frac,
        "pump_min_flow": design.pump_min_flow,
        "pump_static_share": design.pump_static_share,
        "tower_approach_k": design.tower_approach_k,
        "tower_range_k": design.tower_range_k,
        "tower_wet_bulb_degc": design.tower_wet_bulb_degc,
        "tower_fan_frac": design.tower_fan_frac,
        "tower_floor_degc": design.tower_floor_degc,
        "condenser_floor_degc": design.condenser_floor_degc,
        "rejected_over_heat": design.rejected_ratio,
        "cycles": design.cycles,
        "drift_frac": 0.0,
        "chiller": chiller_curves(chiller, hold_curve=hold_curve),
        "chiller_count": 1,
        "chiller_size_ratio": design.chiller_size_ratio,
    }
    if not economiser:
        return ChillerPlant(**figures)
    free = {
        "hx_approach_k": design.hx_approach_k,
        "hx_pump_frac": 0.0,
        "hx_flow_exponent": 0.0,
        "free_fan_exponent": design.free_fan_exponent,
    }
    return WaterEconomiserPlant(**figures, **free)


def chiller_curves(
    chiller: ChillerSet, *, hold_curve: bool = False, condenser: Literal["water", "air"] = "water"
) -> ChillerCurves:
    """The same machine as our plants take it; with `hold_curve` flat beyond its fit, as EnergyPlus has it."""
    return ChillerCurves(
        name=chiller.name,
        condenser=condenser,
        cop_reference=chiller.reference_cop,
        capft=chiller.capft[:6],
        eirft=chiller.eirft[:6],
        eirfplr=chiller.eirfplr[:3],
        chilled_range_degc=chiller.eirft[6:8],
        condenser_range_degc=chiller.eirft[8:10],
        plr_min=chiller.plr_min,
        plr_max=chiller.plr_max,
        beyond_range="hold" if hold_curve else "slope",
    )


def own_year(plant, outdoor: xr.Dataset, heat_kw: np.ndarray, setpoint_degc) -> PlantYear:
    """A year of any of our plants."""
    result = cooling_power(outdoor, plant, heat_kw, setpoint_degc)
    return PlantYear(
        **{
            name: result[name].to_numpy()
            for name in (
                "power_kw",
                "fan_kw",
                "pump_kw",
                "tower_kw",
                "compressor_kw",
                "water_l_per_h",
                "free_share",
            )
        }
    )
