"""Physics of cooling written out a second time, for hours worked out by hand; nothing here is of the code under test.

Air 1.006 kJ/(kg K) and 287.058 J/(kg K), evaporation 2450 kJ/kg, water 4.186 kJ/(kg K), pressure 87,438 Pa.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import xarray as xr

PRESSURE = 87438.0
MODES = ("off", "free", "evaporative", "partial", "mechanical")
HALL_FLOW = 1000.0 / (1.006 * 12.0)  # kg/s of air at 1000 kW and 12 K


def hour(make_weather: Callable, temp: float, wet: float, dew: float = 0.0) -> xr.Dataset:
    """One hour whose wet bulb is given, whatever its dew point below the air's temperature."""
    return make_weather(hours=1, temp_air=temp, temp_dew=min(dew, temp)).assign(wet_bulb=("time", [wet]))


def holds(result: xr.Dataset, mode: str, rel: float = 1e-9, **wanted: float) -> None:
    """The hour's figures and its mode are these."""
    got = {name: float(result[name][0]) for name in wanted}
    assert got == pytest.approx(wanted, rel=rel, abs=1e-9), f"{got} for {wanted}"
    assert MODES[int(result["mode"][0])] == mode, MODES[int(result["mode"][0])]


def density(temp: float) -> float:
    return PRESSURE / (287.058 * (temp + 273.15))


def fan(ratio: float) -> float:
    """EnergyPlus's cubic of a variable-speed fan."""
    return 0.00153028 + 0.00520806 * ratio + 1.1086242 * ratio**2 - 0.11635563 * ratio**3


def tower_fan(ratio: float) -> float:
    """EnergyPlus's cubic of a variable-speed tower fan, cut at 0."""
    return max(-0.00931516301535 + 0.0512333965844 * ratio - 0.0838364671382 * ratio**2 + 1.04191823357 * ratio**3, 0.0)


def hall_fan(ratio: float, supply: float, *, pascal: float, eff: float, rated_kw: float = 1000.0) -> float:
    return rated_kw / (1.006 * 12.0) / density(supply) * pascal / eff / 1000.0 * fan(ratio)


def pump(ratio: float) -> float:
    """A pump with 0.3 of its head constant."""
    return 0.3 * ratio + 0.7 * ratio**3


def effectiveness(ntu: float, c: float) -> float:
    """Counter flow, of the stream whose NTU it is; ``c`` its capacity over the other's, not 1."""
    return (1 - np.exp(-ntu * (1 - c))) / (1 - c * np.exp(-ntu * (1 - c)))


def transfer_units(eps: float, c: float) -> float:
    return np.log((1 - c * eps) / (1 - eps)) / (1 - c)


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function passes 0."""
    assert function(low) < 0.0 < function(high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) < 0.0 else (low, middle)
    return middle


def enthalpy_slope(temp: float) -> float:
    """Of saturated air, by difference of its enthalpy, vapour pressure by Magnus. [kJ/(kg K)]"""

    def enthalpy(t: float) -> float:
        vapour = 611.2 * np.exp(17.62 * t / (243.12 + t))
        moisture = 0.621945 * vapour / (PRESSURE - vapour)
        return 1.006 * t + moisture * (2501.0 + 1.86 * t)

    return (enthalpy(temp + 1e-3) - enthalpy(temp - 1e-3)) / 2e-3


def tower_air(air_per_water: float, range_k: float, wet: float) -> Mapping[str, float]:
    """Slope and rise of the air of a tower of 1.2 kg water per kg air: it takes up what the water gives."""
    rise = root(
        lambda k: enthalpy_slope(wet + 0.5 * k) * k * air_per_water / 1.2 - 4.186 * range_k, 1e-3, 200.0 - max(wet, 0.0)
    )
    return {"slope": enthalpy_slope(wet + 0.5 * rise), "rise": rise}


def tower_water(air_per_water: float, range_k: float, wet: float) -> float:
    """Leaving water of a tower of 4 K at 22 degC wet bulb and 5 K: NTU of the water with the slope of the air, the air
    flow to 0.6 and 0.81 % more per K of colder wet bulb. [degC]"""
    rated, here = tower_air(1.0, 5.0, 22.0)["slope"], tower_air(air_per_water, range_k, wet)["slope"]
    ntu = transfer_units(5.0 / 9.0, 4.186 * 1.2 / rated)
    ntu *= here / rated * (1.0 + 0.0081 * (22.0 - wet)) * air_per_water**0.6
    return wet + range_k * (1.0 / effectiveness(ntu, 4.186 * 1.2 / (here * air_per_water)) - 1.0)


def tower_make_up(rejected_kw: float, air: Mapping[str, float], temp: float, wet: float, *, cycles: float = 5.0):
    """Water for a heat, saturated air leaving at its rise over the wet bulb; blow-down. [L/h]"""
    latent = 1.0 - 1.006 * (wet + air["rise"] - temp) / (air["slope"] * air["rise"])
    return latent * rejected_kw / 2450.0 * 3600.0 * cycles / (cycles - 1.0)
