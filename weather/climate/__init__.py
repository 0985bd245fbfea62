"""The embedded default weather: a seeded hourly generator from monthly normals."""

from weather.climate.generate import climate_places, generate_climate

__all__ = ["climate_places", "generate_climate"]
