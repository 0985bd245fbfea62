"""The grid: tariffs by month and day type, series by slot, what a delivered kWh costs, the connection, carbon."""

from models.grid.calendar import DAY_TYPES, HolidayCalendar, day_type, national_holidays, read_holidays
from models.grid.carbon import CarbonFactor, carbon_factor, residual_factor
from models.grid.connection import GridConnection, contracted_green_kw, location_kg_per_h, market_kg_per_h
from models.grid.contracts import ContractPrice, contract_price, contract_prices
from models.grid.provincial import (
    NetworkCharges,
    builtin_tariff,
    builtin_tariff_ids,
    delivered_price,
    demand_charge_cny,
    network_charges,
    provincial_tariff,
)
from models.grid.series import least_on, mean_on, read_carbon, read_import_limit, read_prices
from models.grid.tariff import Tariff, TariffPeriod, check_tariff, energy_price, holds_on, validity

__all__ = [
    "DAY_TYPES",
    "CarbonFactor",
    "ContractPrice",
    "GridConnection",
    "HolidayCalendar",
    "NetworkCharges",
    "Tariff",
    "TariffPeriod",
    "builtin_tariff",
    "builtin_tariff_ids",
    "carbon_factor",
    "check_tariff",
    "contract_price",
    "contract_prices",
    "contracted_green_kw",
    "day_type",
    "delivered_price",
    "demand_charge_cny",
    "energy_price",
    "holds_on",
    "least_on",
    "location_kg_per_h",
    "market_kg_per_h",
    "mean_on",
    "national_holidays",
    "network_charges",
    "provincial_tariff",
    "read_carbon",
    "read_holidays",
    "read_import_limit",
    "read_prices",
    "residual_factor",
    "validity",
]
