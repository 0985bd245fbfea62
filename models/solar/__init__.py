"""Photovoltaic plant: sun, rows, sky, dust and snow, cells, inverter.

Geometry is one-dimensional per place and broadcast over anything in front of it.
"""

from models.solar.plant import PVLosses, PVPlant, Snow, Soiling
from models.solar.power import pv_power

__all__ = ["PVLosses", "PVPlant", "Snow", "Soiling", "pv_power"]
