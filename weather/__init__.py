"""Weather on a common axis: readers, derived quantities, and a seeded climate generator.

Nothing heavy is imported until a reader or the generator is called.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "read_epw": "weather.sources.epw",
    "label_shift_hours": "weather.quality.shift",
    "repair_log": "weather.conventions.flags",
    "read_netcdf": "weather.sources.netcdf",
    "write_netcdf": "weather.sources.netcdf",
    "open_weather": "weather.sources",
    "check_weather": "weather.conventions.schema",
    "Node": "weather.nodes",
    "load_nodes": "weather.nodes",
    "WeatherWarning": "weather.conventions",
}

__all__ = [
    "read_epw",
    "label_shift_hours",
    "repair_log",
    "read_netcdf",
    "write_netcdf",
    "open_weather",
    "check_weather",
    "Node",
    "load_nodes",
    "WeatherWarning",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'weather' has no attribute {name!r}")
