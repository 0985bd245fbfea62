"""Wind farms: the hub's wind and air, the machine's curve, storms, frost and losses.

`plant` describes a farm, `curves` its machines, `hub` brings the weather to the hub, `power` makes kilowatts of it.
"""

from models.wind.curves import Turbine, load_turbines, turbine_curve
from models.wind.hub import hub_density, hub_wind_speed
from models.wind.plant import WindLosses, WindPlant
from models.wind.power import wind_power

__all__ = [
    "Turbine",
    "WindLosses",
    "WindPlant",
    "hub_density",
    "hub_wind_speed",
    "load_turbines",
    "turbine_curve",
    "wind_power",
]
