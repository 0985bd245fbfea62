"""Plant models: photovoltaics, wind, batteries, servers, cooling, losses, tariffs, and what a whole node draws.

Each model is a pure function of one place's weather and a frozen plant description. Nothing here knows the study file
or the planner. Nothing heavy is imported until a model is called for.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "PVPlant": "models.solar",
    "PVLosses": "models.solar",
    "Soiling": "models.solar",
    "Snow": "models.solar",
    "pv_power": "models.solar",
    "WindPlant": "models.wind",
    "WindLosses": "models.wind",
    "Turbine": "models.wind",
    "wind_power": "models.wind",
    "hub_wind_speed": "models.wind",
    "load_turbines": "models.wind",
    "AirEconomiserPlant": "models.cooling",
    "IndirectEvaporativePlant": "models.cooling",
    "WaterEconomiserPlant": "models.cooling",
    "ChillerPlant": "models.cooling",
    "LiquidCooledPlant": "models.cooling",
    "cooling_power": "models.cooling",
    "inlet_degc": "models.cooling",
    "ElectricalPlant": "models.electrical",
    "electrical_loss": "models.electrical",
    "NodePlant": "models.overhead",
    "overhead_kw": "models.overhead",
    "overhead_table": "models.overhead",
    "facility": "models.meter",
    "GPUType": "models.gpu",
    "load_gpu_types": "models.gpu",
    "server_power_kw": "models.gpu",
    "inlet_power_factor": "models.gpu",
    "throughput": "models.gpu_throughput",
    "pause_cost": "models.gpu_throughput",
    "scaling_speedup": "models.gpu_throughput",
    "Battery": "models.battery",
    "wear_cost": "models.battery",
    "GridConnection": "models.grid",
    "Tariff": "models.grid",
    "TariffPeriod": "models.grid",
    "energy_price": "models.grid",
    "provincial_tariff": "models.grid",
    "delivered_price": "models.grid",
    "carbon_factor": "models.grid",
    "read_prices": "models.grid",
    "annuity_factor": "models.costs",
    "levelised_cost": "models.costs",
}

__all__ = [
    "PVPlant",
    "PVLosses",
    "Soiling",
    "Snow",
    "pv_power",
    "WindPlant",
    "WindLosses",
    "Turbine",
    "wind_power",
    "hub_wind_speed",
    "load_turbines",
    "AirEconomiserPlant",
    "IndirectEvaporativePlant",
    "WaterEconomiserPlant",
    "ChillerPlant",
    "LiquidCooledPlant",
    "cooling_power",
    "inlet_degc",
    "ElectricalPlant",
    "electrical_loss",
    "NodePlant",
    "overhead_kw",
    "overhead_table",
    "facility",
    "GPUType",
    "load_gpu_types",
    "server_power_kw",
    "inlet_power_factor",
    "throughput",
    "pause_cost",
    "scaling_speedup",
    "Battery",
    "wear_cost",
    "GridConnection",
    "Tariff",
    "TariffPeriod",
    "energy_price",
    "provincial_tariff",
    "delivered_price",
    "carbon_factor",
    "read_prices",
    "annuity_factor",
    "levelised_cost",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
