"""Cooling tower: water temperature, fan power, make-up water."""

import numpy as np

from models.cooling.outdoor import H_EVAPORATION

# EnergyPlus example file 2ZoneDataCenterHVAC_wEconomizer_CW, CoolingTower:VariableSpeed fan curve.
_FAN_CURVE = (-0.0093, 0.0512, -0.0838, 1.0419)


def tower_water(wet_bulb, *, approach_k: float, floor_degc: float):
    """Temperature of the water leaving the tower, constant approach. [degC]

    Notes
    -----
    ``max(wet_bulb + approach_k, floor_degc)``; the floor keeps the basin from freezing. The approach
    at part load is smaller in truth: the plant is taken to slow its fans instead.

    Examples
    --------
    >>> float(tower_water(10.0, approach_k=4.0, floor_degc=5.0))
    14.0
    """
    return np.maximum(np.asarray(wet_bulb) + approach_k, floor_degc)


def tower_fan_ratio(rejected_ratio, available_k, *, approach_k: float):
    """Tower fan power over rated power.

    Parameters
    ----------
    rejected_ratio : numeric
        Heat rejected over rated. [-]
    available_k : numeric
        Water temperature wanted less wet bulb: more than the approach lets the fans slow. [K]
    approach_k : float
        Design approach. [K]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    Air flow ratio ``r = rejected_ratio * approach / max(available, approach)``, power
    ``-0.0093 + 0.0512 r - 0.0838 r**2 + 1.0419 r**3``, not below 0.

    Examples
    --------
    >>> round(float(tower_fan_ratio(1.0, 4.0, approach_k=4.0)), 4)
    1.0
    """
    flow = np.asarray(rejected_ratio) * approach_k / np.maximum(available_k, approach_k)
    c0, c1, c2, c3 = _FAN_CURVE
    return np.maximum(c0 + flow * (c1 + flow * (c2 + flow * c3)), 0.0)


def make_up_water(rejected_kw, *, latent_share: float, cycles: float):
    """Make-up water of a tower: evaporation and blow-down. [L/h]

    Parameters
    ----------
    rejected_kw : numeric
        [kW]
    latent_share : float
        Share of the heat rejected by evaporation. [-]
    cycles : float
        Cycles of concentration, more than 1. [-]

    Notes
    -----
    ``3600 / h_fg * latent_share * cycles / (cycles - 1)``. With 0.8 and 5 cycles 1.47 L/kWh, where
    EnergyPlus gave 1.41-1.49 with economiser; the latent share is held constant, so frosty hours are
    overstated.

    Examples
    --------
    >>> round(float(make_up_water(1.0, latent_share=0.8, cycles=5.0)), 3)
    1.469
    """
    return np.asarray(rejected_kw) * 3600.0 / H_EVAPORATION * latent_share * cycles / (cycles - 1.0)
