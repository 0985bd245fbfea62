"""The embedded default weather: a seeded hourly generator from monthly normals."""

from weather.climate.generate import generate_climate

__all__ = ["generate_climate"]
