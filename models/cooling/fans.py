"""Fans and pumps: part load, and fan power of a hall at altitude."""

import numpy as np

from models.cooling.outdoor import CP_AIR
from models.cooling.tables import row
from weather.derive import GAS_CONSTANT_DRY_AIR


def fan_curve(flow_ratio, curve: str = "variable_speed"):
    """Fan power ratio at a flow ratio, a published cubic.

    Parameters
    ----------
    flow_ratio : numeric
        Flow over rated flow, 0 to 1. [-]
    curve : str
        Row of `models/data/cooling.toml`: ``"variable_speed"`` (EC or inverter fans), ``"inlet_vane"``,
        ``"cube"``, ``"tower"``.

    Returns
    -------
    numeric
        Power over rated power, not below 0; 0 for a fan that stands still. [-]

    Raises
    ------
    ConfigError
        When there is no such curve.

    Examples
    --------
    >>> round(float(fan_curve(0.5)), 5)
    0.26675
    >>> round(float(fan_curve(0.5, "inlet_vane")), 5)
    0.47862
    """
    c0, c1, c2, c3 = row("fan_curve", curve)["coefficients"]
    ratio = np.asarray(flow_ratio)
    return np.where(ratio > 0.0, np.maximum(c0 + ratio * (c1 + ratio * (c2 + ratio * c3)), 0.0), 0.0)


def pump_ratio(flow_ratio, *, static_share: float):
    """Power ratio of a variable-speed pump on a system with a constant part of the head.

    Parameters
    ----------
    flow_ratio : numeric
        Flow over rated flow. [-]
    static_share : float
        Share of the rated head that does not fall with flow: lift, pressure held across valves. [-]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``w (s + (1 - s) w**2)`` at constant efficiency: ``s = 1`` is a linear curve, ``s = 0`` the affinity cube.
    Altitude does not change it: water is as dense as at sea level.

    Examples
    --------
    >>> round(float(pump_ratio(0.5, static_share=0.3)), 4)
    0.2375
    """
    ratio = np.asarray(flow_ratio)
    return ratio * (static_share + (1.0 - static_share) * ratio**2)


def most_fans(flow_ratio, exponent: float = 0.5):
    """Fastest the fans of free cooling run at a flow ratio of what they cool. [-]

    Notes
    -----
    ``flow**exponent``, at most 1; exponent 0 is full fans at any load. Where a chiller does the rest, a fan pays as
    long as its power grows less than the chiller's falls: with power in ``r**3`` and an approach in ``flow / r`` the
    balance is at ``r`` in proportion to the root of the heat, near full at full heat for fans of 1-2 % of it. Full
    fans at a fifth of the heat would cost more than they save.

    Examples
    --------
    >>> float(most_fans(0.25))
    0.5
    """
    return np.minimum(np.asarray(flow_ratio) ** exponent, 1.0)


def air_density_at(temp_air, pressure):
    """Density of dry air. [kg/m3]

    Humid air of a hall is up to 1 % lighter, left out.

    Examples
    --------
    >>> round(float(air_density_at(20.0, 101325.0)), 4)
    1.2041
    """
    return np.asarray(pressure) / (GAS_CONSTANT_DRY_AIR * (np.asarray(temp_air) + 273.15))


def hall_air(
    heat_kw,
    *,
    rated_heat_kw: float,
    delta_k: float,
    fan_pressure_pa: float,
    fan_eff: float,
    fan_min_flow: float,
    supply_degc,
    pressure,
    fan_curve_name: str = "variable_speed",
):
    """Air mass flow of a hall and the power of its fans.

    Parameters
    ----------
    heat_kw : numeric
        Heat of the hall without its fans. [kW]
    rated_heat_kw : float
        Heat at which the air warms by ``delta_k`` at rated flow. [kW]
    delta_k : float
        Air temperature rise across the servers. [K]
    fan_pressure_pa, fan_eff, fan_min_flow : float
        Total pressure at rated flow, in the site's own air [Pa]; efficiency of fan, motor and drive [-];
        lowest flow ratio [-].
    supply_degc, pressure : numeric
        Supply air temperature [degC] and station pressure [Pa]: thin air is more volume.
    fan_curve_name : str
        As in `fan_curve`.

    Returns
    -------
    mass_flow, fan_kw : ndarray
        [kg/s], [kW]

    Notes
    -----
    ``m_rated = Q / (cp dT)``, ``P_rated = m_rated / rho * dp / eta``, flow proportional to heat down to the least
    flow. At fixed pressure drop fan power goes with 1/rho: +16 % at 1,226 m. The same filters and ducts as at
    sea level would also need dp times rho_0/rho for the same mass flow (+34 %): raise ``fan_pressure_pa`` then.

    Examples
    --------
    >>> flow, fan = hall_air(1000.0, rated_heat_kw=1000.0, delta_k=12.0, fan_pressure_pa=300.0, fan_eff=0.65,
    ...     fan_min_flow=0.2, supply_degc=22.0, pressure=101325.0)
    >>> round(float(flow), 2), round(float(fan), 2)
    (82.84, 31.94)
    """
    rated_flow = rated_heat_kw / (CP_AIR * delta_k)
    ratio = np.maximum(np.asarray(heat_kw) / rated_heat_kw, fan_min_flow)
    rated_kw = rated_flow / air_density_at(supply_degc, pressure) * fan_pressure_pa / fan_eff / 1000.0
    return ratio * rated_flow, rated_kw * fan_curve(ratio, fan_curve_name)
