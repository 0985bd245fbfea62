"""Cooling tower: leaving water, fan speed and make-up water from its design approach."""

from dataclasses import dataclass

import numpy as np

from models.cooling.exchanger import counterflow_effectiveness, counterflow_ntu, flow_step
from models.cooling.outdoor import CP_AIR, H_EVAPORATION
from models.cooling.tables import row

CP_WATER = 4.186  # kJ/(kg K), ASHRAE Fundamentals 2021 ch. 33, near 20 degC
_NEWTON_STEPS = 5
_SLOPE_PER_K = 0.035  # relative growth of `enthalpy_slope` per K near 10 degC: sets the step, not the result
_SETTLE = 3  # rounds of the air's rise against its slope: the last moves the leaving water by less than 0.03 K


@dataclass(frozen=True, slots=True)
class Tower:
    """Design point of a cooling tower.

    Attributes
    ----------
    approach_k, range_k : float
        Leaving water above wet bulb, and entering above leaving water, at rated heat, water and air flow. [K]
    wet_bulb_degc : float
        Wet bulb of that point. [degC]
    water_air_ratio : float
        Mass flow of water over air at rated flows. [-]
    """

    approach_k: float
    range_k: float
    wet_bulb_degc: float
    water_air_ratio: float


def tower_of(plant) -> Tower:
    """The tower of a plant with such fields, at its design point."""
    return Tower(
        approach_k=plant.tower_approach_k,
        range_k=plant.tower_range_k,
        wet_bulb_degc=plant.tower_wet_bulb_degc,
        water_air_ratio=plant.tower_water_air_ratio,
    )


@dataclass(frozen=True, slots=True)
class TowerAir:
    """Air of the tower at given flows: slope of its enthalpy [kJ/(kg K)] and rise of its wet bulb [K]."""

    slope: np.ndarray
    rise_k: np.ndarray


def enthalpy_slope(wet_bulb, pressure):
    """Slope of the enthalpy of saturated air over its temperature: the tower air's effective heat capacity.

    Parameters
    ----------
    wet_bulb : numeric
        Middle of the air's way. [degC]
    pressure : numeric
        [Pa]

    Returns
    -------
    numeric
        [kJ/(kg K)]

    Notes
    -----
    ``1.006 + 1.86 W + (2501 + 1.86 T) dW/dT``, ``W = 0.621945 e / (p - e)``, ``e`` by Magnus over water (within
    0.3 % of the saturation pressure of `weather.derive` from 0 to 50 degC). 1.7 at 0 degC, 5.2 at 30 degC, 101 kPa;
    thin air holds more, so a tower needs less of it.

    References
    ----------
    WMO No. 8 (2018), annex 4.B (Magnus); ASHRAE Fundamentals (2017) ch. 1, eq. 20 and 30.

    Examples
    --------
    >>> round(float(enthalpy_slope(20.0, 101325.0)), 3)
    3.389
    """
    temp, pressure = np.asarray(wet_bulb, dtype=float), np.asarray(pressure, dtype=float)
    vapour = 611.2 * np.exp(17.62 * temp / (243.12 + temp))
    dry = pressure - vapour
    moisture = 0.621945 * vapour / dry
    by_degree = 0.621945 * pressure / dry**2 * vapour * 17.62 * 243.12 / (243.12 + temp) ** 2
    return CP_AIR + 1.86 * moisture + (2501.0 + 1.86 * temp) * by_degree


def rated_capacity(tower: Tower, pressure):
    """Heat capacity rate of the tower's air over the water's at rated flows. [-]

    Notes
    -----
    ``m = slope / (cp_w L/G)``, the slope in the middle of the air's way, which is ``range / m`` long.
    """
    slope = enthalpy_slope(tower.wet_bulb_degc + 0.5 * tower.range_k, pressure)
    for _ in range(_SETTLE):
        rise = tower.range_k * CP_WATER * tower.water_air_ratio / slope
        slope = enthalpy_slope(tower.wet_bulb_degc + 0.5 * rise, pressure)
    return slope / (CP_WATER * tower.water_air_ratio)


def _rated(tower: Tower, pressure):
    """Rated capacity ratio, NTU of the water, slope of the air's enthalpy."""
    capacity = rated_capacity(tower, pressure)
    ntu = counterflow_ntu(tower.range_k / (tower.range_k + tower.approach_k), 1.0 / capacity)
    return capacity, ntu, capacity * (CP_WATER * tower.water_air_ratio)


def _film(tower: Tower, wet_bulb):
    """NTU at a wet bulb over that at the design point, and the power of air flow the water's NTU goes with."""
    film = row("tower", "film")
    colder = np.clip(tower.wet_bulb_degc - np.asarray(wet_bulb), *film["wet_bulb_range_k"])
    return 1.0 + film["wet_bulb_slope_per_k"] * colder, 1.0 - film["air_exponent"]


def tower_water(tower: Tower, *, range_k, air_per_water, wet_bulb, pressure):
    """Leaving water of a tower at given flows, effectiveness-NTU on the air's enthalpy.

    Parameters
    ----------
    tower : Tower
    range_k : numeric
        Water cooled by this much. [K]
    air_per_water : numeric
        Air flow ratio over water flow ratio, above 0. [-]
    wet_bulb, pressure : numeric
        [degC], [Pa]

    Returns
    -------
    water_degc : ndarray
        [degC]
    air : TowerAir

    Notes
    -----
    Air is a gas of heat capacity ``slope`` (`enthalpy_slope` in the middle of its way) that enters at the wet bulb:
    ``eps = counterflow(NTU_0 f (slope/slope_0) u**0.6, 1 / (m_0 (slope/slope_0) u))``, ``u`` air per water,
    ``water = wet bulb + range (1 / eps - 1)``. NTU of the air goes with ``u**-0.4``, not with the slope, and by
    ``f = 1 + 0.0081 (design wet bulb - wet bulb)``, the difference held to -10 to 25 K. A tower designed for 4 K at
    22 degC comes within 9 K only at 5 degC and the same heat: cold air holds less. Against an integration of
    Merkel's equation with the same rating and ``f`` the leaving water is within 0.2 K from 10 to 28 degC wet bulb,
    0.3 K at 5 and 0.6 K at -3 degC, at the rated to 2.5 times the rated air per water (tested); against
    EnergyPlus's regression of real towers (YorkCalc) it is 0.7 to 1.7 K warmer from 19 to -1 degC at full air.

    References
    ----------
    Braun, Klein, Mitchell, Effectiveness models for cooling towers and cooling coils, ASHRAE Trans. 95(2), 1989;
    EnergyPlus Engineering Reference, one-speed tower (air as a gas), CoolingTower:VariableSpeed:Merkel (``f``).

    Examples
    --------
    >>> tower = Tower(approach_k=4.0, range_k=5.0, wet_bulb_degc=22.0, water_air_ratio=1.2)
    >>> water, _ = tower_water(tower, range_k=5.0, air_per_water=1.0, wet_bulb=22.0, pressure=87438.0)
    >>> round(float(water), 2)
    26.0
    """
    capacity, ntu, slope_rated = _rated(tower, pressure)
    per_slope = range_k / (capacity * air_per_water)
    rise = np.minimum(per_slope, 30.0)
    for _ in range(_SETTLE):
        heat = per_slope * slope_rated / (rise * enthalpy_slope(wet_bulb + 0.5 * np.minimum(rise, 80.0), pressure))
        rise = rise * heat ** (1.0 / (1.0 + 0.5 * _SLOPE_PER_K * rise))
    slope = per_slope * slope_rated / rise
    factor = slope / slope_rated
    colder, exponent = _film(tower, wet_bulb)
    ntu = ntu * factor * colder * air_per_water**exponent
    eps = counterflow_effectiveness(ntu, 1.0 / (capacity * factor * air_per_water))
    return wet_bulb + range_k * (1.0 / eps - 1.0), TowerAir(slope, rise)


def tower_air_flow(tower: Tower, *, range_k, available_k, wet_bulb, pressure):
    """Air per water that brings the leaving water to a wanted temperature: the inverse of `tower_water`.

    Parameters
    ----------
    tower : Tower
    range_k : numeric
        Water cooled by this much. [K]
    available_k : numeric
        Wanted leaving water above the wet bulb, more than 0. [K]
    wet_bulb, pressure : numeric
        [degC], [Pa]

    Returns
    -------
    air_per_water : ndarray
        Air flow ratio over water flow ratio. [-]
    air : TowerAir

    Notes
    -----
    Newton's method as in `flow_for_effectiveness`, the slope of the air's enthalpy brought up to date in each step;
    put back into `tower_water` the water comes within 0.03 K at 0.2 to 3 times the rated air per water (tested).

    Examples
    --------
    >>> tower = Tower(approach_k=4.0, range_k=5.0, wet_bulb_degc=22.0, water_air_ratio=1.2)
    >>> flow, _ = tower_air_flow(tower, range_k=5.0, available_k=8.0, wet_bulb=10.0, pressure=87438.0)
    >>> water, _ = tower_water(tower, range_k=5.0, air_per_water=flow, wet_bulb=10.0, pressure=87438.0)
    >>> round(float(water), 2)
    18.0
    """
    capacity, ntu, slope_rated = _rated(tower, pressure)
    colder, exponent = _film(tower, wet_bulb)
    ntu = ntu * colder
    eps = range_k / (range_k + available_k)
    most = range_k + available_k  # the air leaves no warmer than the water enters
    slope = enthalpy_slope(wet_bulb + 0.5 * most, pressure)
    log_u, log_eps = np.log(eps / (capacity * slope / slope_rated)), np.log(eps)
    for _ in range(_NEWTON_STEPS):
        factor = slope / slope_rated
        log_u = flow_step(log_u, log_eps, ntu_rated=ntu * factor, capacity_rated=capacity * factor, exponent=exponent)
        rise = np.minimum(range_k / (capacity * factor * np.exp(log_u)), most)
        slope = enthalpy_slope(wet_bulb + 0.5 * rise, pressure)
    return np.exp(log_u), TowerAir(slope, rise)


def make_up_water(rejected_kw, air: TowerAir, *, temp_air, wet_bulb, cycles: float, drift_frac: float, flow_kg_s):
    """Make-up water of a tower: evaporation, blow-down, drift. [L/h]

    Parameters
    ----------
    rejected_kw : numeric
        [kW]
    air : TowerAir
        At the same flows.
    temp_air, wet_bulb : numeric
        Outdoor air. [degC]
    cycles : float
        Cycles of concentration, more than 1. [-]
    drift_frac : float
        Water carried off as drops over water circulated. [-]
    flow_kg_s : numeric
        Water circulated. [kg/s]

    Notes
    -----
    The air leaves saturated at ``wet bulb + rise``; what warms it from ``temp_air`` is sensible, the rest is latent:
    ``latent share = 1 - cp (wet bulb + rise - temp_air) / (slope rise)``, not below 0. Hot dry air is cooled itself,
    so the share passes 1; in frost it falls to about a half. Evaporation ``share Q / h_fg``; blow-down
    ``evaporation / (cycles - 1)``, of which drift is a part.

    Examples
    --------
    >>> air = TowerAir(slope=np.array(3.6), rise_k=np.array(6.0))
    >>> round(float(make_up_water(1.0, air, temp_air=20.0, wet_bulb=15.0, cycles=5.0, drift_frac=0.0,
    ...     flow_kg_s=0.05)), 3)
    1.751
    """
    sensible = CP_AIR * (wet_bulb + air.rise_k - temp_air) / (air.slope * np.maximum(air.rise_k, 1e-9))
    evaporated = np.maximum(1.0 - sensible, 0.0) * np.asarray(rejected_kw) / H_EVAPORATION
    drift = drift_frac * np.asarray(flow_kg_s)
    return 3600.0 * (evaporated + np.maximum(evaporated / (cycles - 1.0), drift))
