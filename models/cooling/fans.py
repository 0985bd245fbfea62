"""Air movement: fan power of a hall at altitude."""

import numpy as np

from models.cooling.outdoor import CP_AIR
from weather.derive import GAS_CONSTANT_DRY_AIR

# EnergyPlus example file 2ZoneDataCenterHVAC_wEconomizer_CW, Fan:VariableVolume coefficients.
_FAN_CURVE = (0.3507, 0.3085, -0.5414, 0.8720)


def fan_curve(flow_ratio):
    """Fan power ratio of a variable-volume fan, EnergyPlus cubic.

    Parameters
    ----------
    flow_ratio : numeric
        Flow over rated flow, 0 to 1.1. [-]

    Returns
    -------
    numeric
        Power over rated power. [-]

    Examples
    --------
    >>> round(float(fan_curve(0.5)), 5)
    0.4786
    """
    c0, c1, c2, c3 = _FAN_CURVE
    ratio = np.asarray(flow_ratio)
    return c0 + ratio * (c1 + ratio * (c2 + ratio * c3))


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
        Total pressure at rated flow [Pa], fan and motor efficiency [-], lowest flow ratio [-].
    supply_degc, pressure : numeric
        Supply air temperature [degC] and station pressure [Pa]: thin air is more volume.

    Returns
    -------
    mass_flow, fan_kw : ndarray
        [kg/s], [kW]

    Notes
    -----
    ``m_rated = Q / (cp dT)``, ``P_rated = m_rated / rho * dp / eta``, flow proportional to heat down to
    the least flow. At fixed pressure fan power goes with 1/rho, +16 % at 1,226 m.
    """
    density = np.asarray(pressure) / (GAS_CONSTANT_DRY_AIR * (np.asarray(supply_degc) + 273.15))
    rated_flow = rated_heat_kw / (CP_AIR * delta_k)
    ratio = np.maximum(np.asarray(heat_kw) / rated_heat_kw, fan_min_flow)
    rated_kw = rated_flow / density * fan_pressure_pa / fan_eff / 1000.0
    return ratio * rated_flow, rated_kw * fan_curve(ratio)
