"""Cooling plants: outside air, indirect evaporation, tower and chillers, liquid cooling, behind one call."""

from models.cooling.air import AirEconomiserPlant
from models.cooling.chilled import ChillerPlant
from models.cooling.chiller import ChillerCurves, load_chiller
from models.cooling.envelope import Envelope, load_envelope
from models.cooling.evaporative import IndirectEvaporativePlant
from models.cooling.liquid import LiquidCooledPlant, coolant_degc
from models.cooling.outdoor import outdoor_state
from models.cooling.plant import MODES, CoolingPlant, cooling_power, inlet_degc
from models.cooling.water import WaterEconomiserPlant

__all__ = [
    "AirEconomiserPlant",
    "IndirectEvaporativePlant",
    "WaterEconomiserPlant",
    "ChillerPlant",
    "LiquidCooledPlant",
    "ChillerCurves",
    "CoolingPlant",
    "Envelope",
    "MODES",
    "coolant_degc",
    "cooling_power",
    "inlet_degc",
    "load_chiller",
    "load_envelope",
    "outdoor_state",
]
