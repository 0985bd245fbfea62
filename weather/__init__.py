"""Weather on a common axis: readers, derived quantities, and a seeded climate generator.

Nothing heavy is imported until a reader or the generator is called.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "read_epw": "weather.sources.epw",
    "read_tmy3": "weather.sources.tmy3",
    "read_pvgis": "weather.sources.pvgis",
    "read_nasa_power": "weather.sources.nasa_power",
    "read_era5": "weather.sources.era5",
    "read_csv": "weather.sources.csv",
    "write_csv": "weather.sources.csv_write",
    "label_shift_hours": "weather.quality.shift",
    "repair_log": "weather.conventions.flags",
    "read_netcdf": "weather.sources.netcdf",
    "write_netcdf": "weather.sources.netcdf",
    "open_weather": "weather.sources",
    "generate_climate": "weather.climate",
    "read_open_meteo": "weather.sources.open_meteo",
    "fetch_open_meteo": "weather.fetch.open_meteo",
    "fetch_open_meteo_nodes": "weather.fetch.open_meteo",
    "fetch_nasa_power": "weather.fetch.nasa_power",
    "fetch_pvgis": "weather.fetch.pvgis",
    "check_weather": "weather.conventions.schema",
    "wet_bulb": "weather.derive",
    "dew_point": "weather.derive",
    "relative_humidity_from_dew": "weather.derive",
    "air_density": "weather.derive",
    "decompose_ghi": "weather.derive",
    "shear_exponent": "weather.derive",
    "wind_at_height": "weather.derive",
    "Node": "weather.nodes",
    "load_nodes": "weather.nodes",
    "WeatherWarning": "weather.conventions",
}

__all__ = [
    "read_epw",
    "read_tmy3",
    "read_pvgis",
    "read_nasa_power",
    "read_era5",
    "read_csv",
    "write_csv",
    "label_shift_hours",
    "repair_log",
    "read_netcdf",
    "write_netcdf",
    "open_weather",
    "generate_climate",
    "read_open_meteo",
    "fetch_open_meteo",
    "fetch_open_meteo_nodes",
    "fetch_nasa_power",
    "fetch_pvgis",
    "check_weather",
    "wet_bulb",
    "dew_point",
    "relative_humidity_from_dew",
    "air_density",
    "decompose_ghi",
    "shear_exponent",
    "wind_at_height",
    "Node",
    "load_nodes",
    "WeatherWarning",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'weather' has no attribute {name!r}")
