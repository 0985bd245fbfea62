"""Wind power: shear to the hub, density correction, sea-level power curve scaled to the plant."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import xarray as xr

from weather.conventions.errors import ConfigError, DataError
from weather.derive import air_density

_RHO_REFERENCE = 1.225  # kg/m3, ISO 2533 sea level: the density power curves are stated at
_LAPSE_K_PER_M = 0.0065  # ISO 2533 troposphere
_G_OVER_R = 9.80665 / 287.058  # K/m, hydrostatic decrease of pressure in dry air


@dataclass(frozen=True, slots=True)
class WindPlant:
    """A wind farm at one place.

    Attributes
    ----------
    capacity_kw : float
        Rated power at the meter before losses. [kW]
    turbine : str
        Name of a curve in ``models/data/turbines.csv``.
    hub_height_m : float
        [m]
    shear_exponent : float
        Exponent of the power law between the measuring height and the hub. [-]
    loss_frac : float
        Wake, availability, electrical and blade losses together. [-]
    """

    capacity_kw: float
    turbine: str = "E-141/4200"
    hub_height_m: float = 120.0
    shear_exponent: float = 0.14
    loss_frac: float = 0.14

    def __post_init__(self) -> None:
        good = (
            self.capacity_kw >= 0
            and 10 <= self.hub_height_m <= 250
            and 0 <= self.shear_exponent <= 0.6
            and 0 <= self.loss_frac < 1
        )
        if not good:
            raise ConfigError(
                f"wind plant: got {self}; allowed: capacity_kw >= 0, hub_height_m 10-250, "
                "shear_exponent 0-0.6, loss_frac in [0, 1). Correct the figure."
            )


@cache
def _curves() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    text = resources.files("models").joinpath("data/turbines.csv").read_text(encoding="utf-8")
    rows: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        rows.setdefault(row["turbine"], []).append((float(row["wind_speed_m_s"]), float(row["power_kw"])))
    return {
        name: tuple(np.array(column) for column in zip(*points, strict=True)) for name, points in rows.items()
    }


def turbine_curve(turbine: str) -> tuple[np.ndarray, np.ndarray]:
    """Sea-level power curve by name.

    Parameters
    ----------
    turbine : str

    Returns
    -------
    wind_speed, power : ndarray
        Hub wind speed [m/s] and power as a share of the curve's own maximum [-].

    Raises
    ------
    ConfigError
        For an unknown name; the message lists the known ones.
    """
    curves = _curves()
    if turbine not in curves:
        raise ConfigError(
            f"wind turbine: got {turbine!r}, allowed {', '.join(sorted(curves))}. Choose one of these curves."
        )
    speed, power_kw = curves[turbine]
    return speed, power_kw / power_kw.max()


def hub_wind_speed(weather: xr.Dataset, plant: WindPlant) -> xr.DataArray:
    """Wind speed at the hub by the power law, from the nearest height in the weather.

    Parameters
    ----------
    weather : Dataset (..., time)
        ``wind_speed`` with ``attrs["height_m"]`` (10 m when absent) and, where known, ``wind_speed_100m``.
    plant : WindPlant

    Returns
    -------
    DataArray (..., time)
        [m/s]

    Notes
    -----
    ``V = V_ref * (hub_height / height_ref)**shear_exponent``. From 10 m to 120 m an exponent wrong by 0.05
    is a speed wrong by 12 %: prefer a 100 m speed.
    """
    speed = weather["wind_speed"]
    height = float(speed.attrs.get("height_m", 10.0))
    if "wind_speed_100m" in weather and abs(plant.hub_height_m - 100.0) < abs(plant.hub_height_m - height):
        speed, height = weather["wind_speed_100m"], 100.0
    return speed * (plant.hub_height_m / height) ** plant.shear_exponent


def wind_power(weather: xr.Dataset, plant: WindPlant) -> xr.DataArray:
    """Wind farm power by the IEC density-corrected curve.

    Use it for hourly means of one farm. Left out: wakes by direction, storm hysteresis, icing, and the
    curve's bend within the hour (the mean of the cube is not the cube of the mean).

    Parameters
    ----------
    weather : Dataset (..., time)
        ``wind_speed`` [m/s], ``temp_air`` [degC], ``pressure`` [Pa]; optionally ``wind_speed_100m`` [m/s].
    plant : WindPlant

    Returns
    -------
    DataArray (..., time)
        Power at the meter, ``0 <= power <= capacity_kw * (1 - loss_frac)``. [kW]

    Raises
    ------
    ConfigError
        Unknown turbine.
    DataError
        A negative or missing wind speed.

    Notes
    -----
    1. ``V`` at the hub by `hub_wind_speed`.
    2. Density at the hub: air 6.5 K/km colder and hydrostatically thinner than at 2 m.
    3. ``V_eq = V * (rho / 1.225)**(1/3)`` into the sea-level curve (pitch-regulated machines).
    4. 0 below the curve's first and above its last speed, both judged on ``V`` itself: control systems
       measure wind, not its density equivalent.

    References
    ----------
    IEC 61400-12-1:2017, section 9.1.5 (normalisation to a reference density).
    """
    speed_curve, share_curve = turbine_curve(plant.turbine)
    speed_hub = hub_wind_speed(weather, plant)
    speed = speed_hub.to_numpy()
    if not np.all(speed >= 0):
        raise DataError(
            f"wind power: {int(np.sum(~(speed >= 0)))} wind speeds are missing or negative, "
            "allowed >= 0 m/s. Repair the weather first."
        )
    temp_k = weather["temp_air"].to_numpy() + 273.15
    rise_m = plant.hub_height_m - 2.0
    temp_hub = temp_k - _LAPSE_K_PER_M * rise_m
    pressure_hub = weather["pressure"].to_numpy() * np.exp(-_G_OVER_R * rise_m / temp_k)
    rho = air_density(temp_hub - 273.15, pressure_hub)
    share = np.interp(speed * np.cbrt(rho / _RHO_REFERENCE), speed_curve, share_curve)
    turning = (speed > speed_curve[0]) & (speed <= speed_curve[-1])
    power = np.where(turning, share, 0.0) * plant.capacity_kw * (1.0 - plant.loss_frac)
    return (
        speed_hub.copy(data=power)
        .rename("wind_power")
        .assign_attrs(units="kW", cell_methods="time: mean", long_name="wind farm power at the meter")
    )
