"""What a cooling plant feels of the weather, and the heat it carries off."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from models.given import refuse_dew_above_air, refuse_humidity_share, refuse_weather
from weather.conventions.errors import DataError
from weather.derive import saturation_pressure, wet_bulb

CP_AIR = 1.006  # kJ/(kg K), dry air near 20 degC, ASHRAE Fundamentals 2021 ch. 1
H_EVAPORATION = 2450.0  # kJ/kg, water near 20 degC, ASHRAE Fundamentals 2021 ch. 1

_PRESSURE_PA = (40_000.0, 112_000.0)  # 7 km up to the deepest mine
_WET_BULB_TOLERANCE_K = 0.1


@dataclass(frozen=True, slots=True)
class Outdoor:
    """Outdoor air as numpy arrays of one common shape.

    Attributes
    ----------
    temp_air, wet_bulb, temp_dew : ndarray
        [degC]
    pressure : ndarray
        [Pa]
    """

    temp_air: np.ndarray
    wet_bulb: np.ndarray
    temp_dew: np.ndarray
    pressure: np.ndarray


@dataclass(frozen=True, slots=True)
class HeatRemoval:
    """What removing the heat costs; arrays broadcastable with one another.

    Attributes
    ----------
    fan_kw : ndarray
        Fans that move hall air. [kW]
    pump_kw : ndarray
        Pumps of chilled, condenser, facility and spray water. [kW]
    tower_kw : ndarray
        Fans of heat rejection: tower, dry cooler, condenser, scavenger air. [kW]
    compressor_kw : ndarray
        [kW]
    water_l_per_h : ndarray
        Make-up water. [L/h]
    free_share : ndarray
        Share of the heat removed without compressor. [-]
    wetted : ndarray of bool
        Evaporative cooling of air at work: pad, wetted heat exchanger, adiabatic assist (a tower always is, and is
        not counted).
    """

    fan_kw: np.ndarray
    pump_kw: np.ndarray
    tower_kw: np.ndarray
    compressor_kw: np.ndarray
    water_l_per_h: np.ndarray
    free_share: np.ndarray
    wetted: np.ndarray

    @property
    def power_kw(self) -> np.ndarray:
        """Sum of the four parts. [kW]"""
        return self.fan_kw + self.pump_kw + self.tower_kw + self.compressor_kw


def cheapest(*routes: HeatRemoval) -> HeatRemoval:
    """Of several ways to run one plant, the one with the least power, point by point; the first where equal."""
    best = routes[0]
    for route in routes[1:]:
        better = route.power_kw < best.power_kw
        best = HeatRemoval(
            *(np.where(better, getattr(route, part), getattr(best, part)) for part in HeatRemoval.__slots__)
        )
    return best


def outdoor_state(weather: xr.Dataset) -> xr.Dataset:
    """The four outdoor variables a cooling plant needs, wet bulb included.

    Call it once and pass the result as ``weather`` where many cooling calls share one weather: the wet
    bulb is the costly part, and a Dataset that carries ``wet_bulb`` already is returned as it is.

    Parameters
    ----------
    weather : Dataset (..., time)
        ``temp_air``, ``temp_dew`` [degC], ``relative_humidity`` [%], ``pressure`` [Pa].

    Returns
    -------
    Dataset (..., time)
        ``temp_air``, ``wet_bulb``, ``temp_dew`` [degC], ``pressure`` [Pa].

    Raises
    ------
    DataError
        When a variable or a value is missing, there is no step, the pressure is no air pressure in Pa, the humidity a
        share of 1, or the dew point or a wet bulb given above the dry bulb.
    """
    wanted = ("temp_air", "temp_dew", "pressure")
    given = isinstance(weather, xr.Dataset) and "wet_bulb" in weather
    refuse_weather("cooling", weather, (*wanted, "wet_bulb" if given else "relative_humidity"))
    for name in wanted:
        bad = ~np.isfinite(weather[name].to_numpy())
        if bad.any():
            raise DataError(f"cooling: {int(bad.sum())} values of {name} are missing. Repair the weather first.")
    _check_pressure(weather["pressure"].to_numpy())
    if weather["temp_dew"].dims == weather["temp_air"].dims:
        refuse_dew_above_air("cooling", weather["temp_dew"].to_numpy(), weather["temp_air"].to_numpy())
    state = weather[list(wanted)]
    if given:
        _check_wet_bulb(weather["wet_bulb"], weather["temp_air"])
        return state.assign(wet_bulb=weather["wet_bulb"])
    refuse_humidity_share("cooling", weather["relative_humidity"].to_numpy())
    temp = weather["temp_air"]
    values = wet_bulb(temp.to_numpy(), weather["relative_humidity"].to_numpy(), weather["pressure"].to_numpy())
    return state.assign(wet_bulb=(temp.dims, values, {"units": "degC", "cell_methods": "time: mean"}))


def _check_pressure(pressure: np.ndarray) -> None:
    low, high = _PRESSURE_PA
    bad = (pressure < low) | (pressure > high)
    if bad.any():
        raise DataError(
            f"cooling: {int(bad.sum())} values of pressure are outside {low:g} to {high:g} Pa, the first "
            f"{pressure[bad].flat[0]:g}. Give Pa, not hPa."
        )


def _check_wet_bulb(wet: xr.DataArray, temp: xr.DataArray) -> None:
    bad = ~(wet <= temp + _WET_BULB_TOLERANCE_K) | ~np.isfinite(wet)
    if bool(bad.any()):
        raise DataError(
            f"cooling: {int(bad.sum())} values of wet_bulb are missing or above temp_air. Repair them, or leave "
            "wet_bulb out: it then follows from the humidity."
        )


def humidity_ratio(temp_dew, pressure):
    """Humidity ratio of moist air from its dew point.

    Parameters
    ----------
    temp_dew : numeric
        Dew point, frost point below 0 degC. [degC]
    pressure : numeric
        [Pa]

    Returns
    -------
    numeric
        Mass of water per mass of dry air. [kg/kg]

    Notes
    -----
    ``0.621945 e / (p - e)`` with the saturation pressure of `weather.derive`.

    References
    ----------
    ASHRAE Handbook Fundamentals (2017), ch. 1, eq. 20.

    Examples
    --------
    >>> round(float(humidity_ratio(15.0, 101325.0)), 5)
    0.01065
    """
    vapour = saturation_pressure(temp_dew)
    return 0.621945 * vapour / (np.asarray(pressure) - vapour)
