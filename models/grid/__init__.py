"""The grid: tariffs by month and day type, series by slot, what a delivered kWh costs, the connection, carbon."""

from models.grid.connection import GridConnection, contracted_green_kw, location_kg_per_h, market_kg_per_h
from models.grid.tariff import Tariff, TariffPeriod, check_tariff, energy_price

__all__ = [
    "GridConnection",
    "Tariff",
    "TariffPeriod",
    "check_tariff",
    "contracted_green_kw",
    "energy_price",
    "location_kg_per_h",
    "market_kg_per_h",
]
