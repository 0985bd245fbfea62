"""The weather at the hub of a wind farm: speed by the power law, density by the standard atmosphere."""

import numpy as np
import xarray as xr

from models.given import refuse_other_plant, refuse_weather
from models.wind.plant import WindPlant
from weather.conventions.errors import DataError
from weather.conventions.units import KELVIN_OFFSET
from weather.conventions.variables import VARIABLES, WIND_HEIGHT_M, WINDS
from weather.derive import GAS_CONSTANT_DRY_AIR, LAPSE_RATE_K_PER_KM, air_density, shear_exponent

_GRAVITY = 9.80665  # m/s2, standard gravity, ISO 80000-3
_THERMOMETER_M = 2.0  # WMO-No. 8: air temperature is measured 1.25 to 2 m above the ground
_NEUTRAL_SHEAR = 1.0 / 7.0  # where a calm has no profile; it makes no power either way
_LEAST_SHEAR, _MOST_SHEAR = 0.02, 0.45  # assumption: beyond both heights, no profile goes on more steeply
_LEAST_M, _MOST_M = 1.0, 300.0  # assumption: a wind measured outside these heights is a slip of the unit


def wind_heights(weather: xr.Dataset) -> dict[str, float]:
    """Names of the wind speeds of a Dataset and their heights above the ground [m].

    That of ``wind_speed`` is its attrs ``height_m`` (10 m when absent); the others say theirs in their names.

    Raises
    ------
    DataError
        Where that attribute is no number from 1 to 300 m.
    """
    heights = {name: VARIABLES[name].height_m for name in WINDS if name in weather}
    if "wind_speed" in heights:
        given = weather["wind_speed"].attrs.get("height_m", WIND_HEIGHT_M)
        number = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
        if not number or not _LEAST_M <= given <= _MOST_M:
            raise DataError(
                f"wind power: attribute height_m of wind_speed: got {given!r}, allowed {_LEAST_M:g} to {_MOST_M:g} m. "
                "Give the height of the anemometer."
            )
        heights["wind_speed"] = float(given)
    return heights


def refuse_values(values: xr.DataArray, good: np.ndarray, *, what: str, allowed: str) -> None:
    """DataError where not all is good: how many, the first one, where it stands."""
    if np.all(good):
        return
    first = np.unravel_index(int(np.argmin(good)), good.shape)
    place = values.isel(dict(zip(values.dims, first, strict=True)))
    where = ", ".join(f"{dim} {place[dim].values!s}" for dim in values.dims if dim in place.coords)
    raise DataError(
        f"wind power: {int(np.sum(~good))} value(s) of {what} are missing or out of range, first "
        f"{float(place):g} at {where or 'the only step'}; allowed {allowed}. Repair the weather first."
    )


def hub_wind_speed(weather: xr.Dataset, plant: WindPlant) -> xr.DataArray:
    """Wind speed at the hub by the power law, from the height of the weather that is nearest to it.

    Parameters
    ----------
    weather : Dataset (..., time)
        ``wind_speed`` [m/s] with ``attrs["height_m"]`` (10 m when absent) and, where known, ``wind_speed_50m``,
        ``_80m``, ``_100m``, ``_120m``, ``_180m``.
    plant : WindPlant

    Returns
    -------
    DataArray (..., time)
        [m/s]

    Raises
    ------
    DataError
        Without any wind speed; with one height alone where ``shear_exponent = "measured"``; a wind speed used that is
        missing or outside its range (0 to 60 m/s of ``wind_speed``, 0 to 80 m/s of the others); a ``height_m`` outside
        1 to 300 m.

    Notes
    -----
    ``V = speed_factor * V_ref * (hub_height_m / height_ref)**shear_exponent``, ``height_ref`` the nearest in the
    logarithm, in which the law's error grows. From 10 m to 120 m an exponent wrong by 0.05 is a speed wrong by 13 %,
    from 100 m one wrong by 0.9 %.

    With ``"measured"`` the exponent is that of each hour between the two heights that bracket the hub, so the wind at
    the hub lies between theirs. Where all heights are on one side it is that of the two nearest to the hub, kept within
    0.02 to 0.45. It is 1/7 where either wind is below 1 m/s.

    References
    ----------
    IEC 61400-1:2019, section 6.3.2.2 (power law of the normal wind profile).

    Examples
    --------
    >>> weather = xr.Dataset({"wind_speed": ("time", [5.0])}, coords={"time": [np.datetime64("2026-01-01", "ns")]})
    >>> hub_wind_speed(weather, WindPlant(capacity_kw=1.0, hub_height_m=100.0, shear_exponent=1 / 7)).values.round(2)
    array([6.95])
    """
    refuse_other_plant("wind power", plant, WindPlant)
    refuse_weather("wind power", weather, ())
    heights = wind_heights(weather)
    if not heights:
        raise DataError(f"wind power: the weather has none of {', '.join(WINDS)}. Give wind_speed at least.")
    near = min(heights, key=lambda name: abs(np.log(plant.hub_height_m / heights[name])))
    speed, rise = weather[near], plant.hub_height_m / heights[near]
    _refuse_speed(speed)
    if plant.shear_exponent == "measured":
        far = _partner(heights, near, plant.hub_height_m)
        _refuse_speed(weather[far])
        speed, other = xr.broadcast(speed, weather[far])
        exponent = _measured_shear(speed.to_numpy(), other.to_numpy(), heights[near], heights[far])
        if (heights[near] - plant.hub_height_m) * (heights[far] - plant.hub_height_m) > 0.0:  # both on one side
            exponent = np.clip(exponent, _LEAST_SHEAR, _MOST_SHEAR)
        climb = rise**exponent
    else:
        climb = np.asarray(rise**plant.shear_exponent)
    return (
        speed.copy(data=speed.to_numpy() * climb * plant.speed_factor)
        .rename("hub_wind_speed")
        .assign_attrs(units="m/s", height_m=plant.hub_height_m)
    )


def _refuse_speed(speed: xr.DataArray) -> None:
    refuse_weather("wind power", speed.to_dataset(name=speed.name), (str(speed.name),))
    row, values = VARIABLES[str(speed.name)], speed.to_numpy()
    good = (values >= row.lowest) & (values <= row.highest)
    refuse_values(speed, good, what=f"wind speed {speed.name}", allowed=f"{row.lowest:g} to {row.highest:g} m/s")


def _partner(heights: dict[str, float], near: str, hub_m: float) -> str:
    """The height that brackets the hub together with the nearest one; else the nearest of the others."""
    others = [name for name in heights if heights[name] != heights[near]]
    if not others:
        raise DataError(
            f'wind power: shear_exponent = "measured" needs wind speeds at two heights, got {near} at '
            f"{heights[near]:g} m alone. Give one of {', '.join(WINDS)} more, or an exponent."
        )
    across = [name for name in others if (heights[name] - hub_m) * (heights[near] - hub_m) <= 0.0]
    return min(across or others, key=lambda name: abs(np.log(heights[name] / hub_m)))


def _measured_shear(near: np.ndarray, far: np.ndarray, near_m: float, far_m: float) -> np.ndarray:
    """Exponent of each hour between two heights, 1/7 in a calm."""
    (low_m, low), (high_m, high) = sorted(((near_m, near), (far_m, far)), key=lambda pair: pair[0])
    exponent = shear_exponent(low, high, height_low_m=low_m, height_high_m=high_m)
    return np.where(np.isnan(exponent), _NEUTRAL_SHEAR, exponent)


def hub_temperature(temp_air: np.ndarray, hub_height_m: float) -> np.ndarray:
    """Air temperature at the hub [degC]: 6.5 K/km below that at 2 m."""
    return temp_air - LAPSE_RATE_K_PER_KM / 1000.0 * (hub_height_m - _THERMOMETER_M)


def hub_pressure(pressure: np.ndarray, temp_air: np.ndarray, hub_height_m: float) -> np.ndarray:
    """Air pressure at the hub [Pa]: the surface's less the weight of the air between.

    Parameters
    ----------
    pressure : array [Pa], at the surface
    temp_air : array [degC], at 2 m
    hub_height_m : float [m]

    Returns
    -------
    ndarray [Pa], broadcast shape

    Notes
    -----
    ``pressure * exp(-g (hub_height_m - 2) / (R T))``; isothermal, 0.01 % off over 250 m.

    Examples
    --------
    >>> float(hub_pressure(np.array(87438.0), np.array(10.0), 120.0).round(0))
    86202.0
    """
    rise = hub_height_m - _THERMOMETER_M
    return pressure * np.exp(-_GRAVITY / GAS_CONSTANT_DRY_AIR * rise / (temp_air + KELVIN_OFFSET))


def hub_density(temp_air: np.ndarray, pressure: np.ndarray, hub_height_m: float) -> np.ndarray:
    """Density of air at the hub [kg/m3], dry: that of 120 m is 1 % below the ground's.

    Parameters
    ----------
    temp_air : array [degC], at 2 m
    pressure : array [Pa], at the surface
    hub_height_m : float [m]

    Returns
    -------
    ndarray [kg/m3], broadcast shape

    Examples
    --------
    >>> float(hub_density(np.array(10.0), np.array(87438.0), 120.0).round(4))
    1.0634
    """
    return air_density(hub_temperature(temp_air, hub_height_m), hub_pressure(pressure, temp_air, hub_height_m))
