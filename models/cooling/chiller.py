"""Chillers: the Carnot fraction, and one measured machine by the DOE-2 curves."""

import numpy as np

# EnergyPlus data set Chillers.idf, a 1143 kW centrifugal chiller with variable-speed drive, reference
# COP 6.57 at 10 degC leaving chilled and 26.67 degC entering condenser water.
_CAPFT = (0.7939538, 0.04096493, -0.001419397, -0.001639813, -0.0005220497, 0.001348786)
_EIRFT = (0.947558, -0.01187942, 8.799326e-5, 2.250775e-4, 1.815775e-4, 2.178409e-4)
_EIRFPLR = (0.1408822, -0.1578153, 1.014316)
_COP_REFERENCE = 6.57
_CHILLED_RANGE = (7.22, 12.78)
_CONDENSER_RANGE = (12.78, 26.67)
_PLR_MIN = 0.2


def _biquadratic(coefficients, x, y):
    c1, c2, c3, c4, c5, c6 = coefficients
    return c1 + c2 * x + c3 * x**2 + c4 * y + c5 * y**2 + c6 * x * y


def _doe2_temperatures(chilled_degc, condenser_degc):
    chilled = np.clip(chilled_degc, *_CHILLED_RANGE)
    condenser = np.clip(condenser_degc, *_CONDENSER_RANGE)
    return _biquadratic(_CAPFT, chilled, condenser), _biquadratic(_EIRFT, chilled, condenser)


def _part_load(plr):
    """Power at a part-load ratio; below the least ratio the machine cycles, down to 0 in proportion."""
    d1, d2, d3 = _EIRFPLR
    running = np.maximum(plr, _PLR_MIN)
    return (d1 + d2 * running + d3 * running**2) * np.minimum(plr / _PLR_MIN, 1.0)


def doe2_cop(chilled_degc, condenser_degc, plr):
    """COP of a variable-speed centrifugal chiller, DOE-2 curves.

    Use it for chilled water up to 12.78 degC. Warmer water is clamped to that, so above it the COP is
    on the safe side; condenser water above 26.67 degC is clamped too, where the COP is too good.

    Parameters
    ----------
    chilled_degc : numeric
        Leaving chilled water, clamped to 7.22-12.78. [degC]
    condenser_degc : numeric
        Entering condenser water, clamped to 12.78-26.67. [degC]
    plr : numeric
        Part-load ratio, heat over the capacity at these temperatures, more than 0; cycling below 0.2. [-]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``COP = COP_ref * PLR / (EIRFT * EIRFPLR)``.

    References
    ----------
    EnergyPlus Engineering Reference, Chiller:Electric:EIR; data set Chillers.idf.

    Examples
    --------
    >>> round(float(doe2_cop(10.0, 20.0, 0.8)), 3)
    8.263
    """
    _, eirft = _doe2_temperatures(chilled_degc, condenser_degc)
    return _COP_REFERENCE * np.asarray(plr) / (eirft * _part_load(np.asarray(plr)))


def doe2_power(heat_kw, chilled_degc, condenser_degc, *, reference_kw: float, count: int):
    """Compressor power of several equal chillers staged for least power, DOE-2 curves.

    Parameters
    ----------
    heat_kw : numeric
        Heat to remove. [kW]
    chilled_degc, condenser_degc : numeric
        As in `doe2_cop`. [degC]
    reference_kw : float
        Reference capacity of all the chillers together. [kW]
    count : int
        Number of chillers.

    Returns
    -------
    numeric
        [kW]

    Notes
    -----
    The least over ``n`` running machines of ``n * P(Q / n)`` among those not overloaded; with all
    running the curve is followed above full load too, so the caller sizes the plant. Each term rises
    with ``Q`` and the choice narrows with ``Q``, so the least rises with ``Q``.
    """
    capft, eirft = _doe2_temperatures(chilled_degc, condenser_degc)
    heat = np.asarray(heat_kw, dtype=float)
    best = np.full(np.broadcast_shapes(heat.shape, np.shape(capft)), np.inf)
    for running in range(1, count + 1):
        capacity = running / count * reference_kw * capft
        plr = heat / capacity
        power = capacity * eirft * _part_load(plr) / _COP_REFERENCE
        allowed = (plr <= 1.0) | (running == count)
        best = np.where(allowed, np.minimum(best, power), best)
    return best


def carnot_cop(evaporating_degc, condensing_degc, *, carnot_eff: float, cop_max: float):
    """COP of a chiller as a fraction of Carnot's.

    Use it for warm chilled water (15-20 degC), where no published curve reaches, and for air-cooled
    machines. The efficiency is the same at every load: no gain of variable speed at part load.

    Parameters
    ----------
    evaporating_degc, condensing_degc : numeric
        Refrigerant temperatures. [degC]
    carnot_eff : float
        Fraction of Carnot; 0.55-0.65 for water-cooled centrifugal machines (0.56 reproduces the DOE-2
        machine at its rating). [-]
    cop_max : float
        Cap at small lift. [-]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``min(carnot_eff * (Te + 273.15) / max(Tc - Te, 1), cop_max)``.

    Examples
    --------
    >>> round(float(carnot_cop(8.5, 33.17, carnot_eff=0.56, cop_max=15.0)), 2)
    6.39
    """
    lift = np.maximum(np.asarray(condensing_degc) - np.asarray(evaporating_degc), 1.0)
    return np.minimum(carnot_eff * (np.asarray(evaporating_degc) + 273.15) / lift, cop_max)
