"""Cooling plants: air-side and water-side economisers, each with a chiller behind."""

from models.cooling.air import AirEconomiserPlant
from models.cooling.outdoor import outdoor_state
from models.cooling.plant import CoolingPlant, cooling_power, inlet_degc
from models.cooling.water import WaterEconomiserPlant

__all__ = [
    "AirEconomiserPlant",
    "WaterEconomiserPlant",
    "CoolingPlant",
    "cooling_power",
    "inlet_degc",
    "outdoor_state",
]
