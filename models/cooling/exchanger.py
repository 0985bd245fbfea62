"""Counter-flow heat exchange by effectiveness and number of transfer units, and its inverse."""

import numpy as np

_NEWTON_STEPS = 8  # from the lower bound; 8 leave less than 1e-9 at the exponents used here
_LEAST = 1e-9  # effectiveness below which no flow is needed
_EVEN = 1e-5  # capacity ratios this near 1 are moved off it: the general formula is 0/0 there


def counterflow_effectiveness(ntu, capacity_ratio):
    """Effectiveness of a counter-flow heat exchanger on the stream whose NTU is given.

    Parameters
    ----------
    ntu : numeric
        UA over the capacity rate of the stream that is served. [-]
    capacity_ratio : numeric
        Capacity rate of the served stream over the other's, above 0; may pass 1. [-]

    Returns
    -------
    numeric
        Temperature change of the served stream over the difference of the two inlets. [-]

    Notes
    -----
    ``eps = (1 - E) / (1 - c E)``, ``E = exp(-NTU (1 - c))``; ``NTU / (1 + NTU)`` at ``c = 1``. For ``c > 1`` it is
    written with ``1 / E``, so nothing overflows; it tends to ``1 / c`` there: the other stream's capacity.

    References
    ----------
    Incropera et al., Fundamentals of Heat and Mass Transfer (2007), table 11.3, eq. 11.29a.

    Examples
    --------
    >>> round(float(counterflow_effectiveness(2.0, 0.5)), 4)
    0.7746
    >>> round(float(counterflow_effectiveness(3.0, 1.0)), 4)
    0.75
    """
    ntu, c = np.asarray(ntu, dtype=float), np.asarray(capacity_ratio, dtype=float)
    decay = np.exp(-ntu * np.abs(1.0 - c))
    uneven = (1.0 - decay) / np.where(np.abs(1.0 - c) < 1e-9, 1.0, np.where(c < 1.0, 1.0 - c * decay, c - decay))
    return np.where(np.abs(1.0 - c) < 1e-9, ntu / (1.0 + ntu), uneven)


def counterflow_ntu(effectiveness, capacity_ratio):
    """Transfer units that give a counter-flow effectiveness; the inverse of `counterflow_effectiveness`.

    Parameters
    ----------
    effectiveness : numeric
        Of the served stream, at least 0 and below ``min(1, 1 / capacity_ratio)``. [-]
    capacity_ratio : numeric
        As there. [-]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``NTU = ln((1 - c eps) / (1 - eps)) / (1 - c)``.

    Examples
    --------
    >>> round(float(counterflow_ntu(0.7746, 0.5)), 2)
    2.0
    """
    eps, c = np.asarray(effectiveness, dtype=float), np.asarray(capacity_ratio, dtype=float)
    even = np.abs(1.0 - c) < 1e-9
    return np.where(even, eps / (1.0 - eps), np.log((1.0 - c * eps) / (1.0 - eps)) / np.where(even, 1.0, 1.0 - c))


def flow_for_effectiveness(effectiveness, *, ntu_rated, capacity_rated, exponent: float):
    """Flow ratio of the other stream at which the served stream gets a wanted effectiveness.

    How far a fan can slow: cooling towers, dry coolers, scavenger air.

    Parameters
    ----------
    effectiveness : numeric
        Wanted on the served stream, below 1. [-]
    ntu_rated : numeric
        NTU of the served stream at flow ratio 1. [-]
    capacity_rated : numeric
        Capacity rate of the other stream over the served one's at flow ratio 1. [-]
    exponent : float
        NTU goes with flow ratio to this power. [-]

    Returns
    -------
    ndarray
        Flow ratio, 0 where the effectiveness is 0; may pass 1: then the rated flow does not reach it. [-]

    Notes
    -----
    Solves ``eps(NTU u**x, 1 / (C u)) = eps`` for ``u`` by Newton's method on logarithms. ``ln eps`` is concave in
    ``ln u``, so from the lower bound ``u = eps / C`` (the other stream leaves at the served one's inlet) the steps
    rise to the root and never pass it. The effectiveness after them is within 1e-9 at exponents of 0.4 to 0.6 and
    5e-6 at 0.3 (tested).

    Examples
    --------
    >>> u = flow_for_effectiveness(0.5, ntu_rated=2.0, capacity_rated=1.0, exponent=0.6)
    >>> round(float(counterflow_effectiveness(2.0 * u**0.6, 1.0 / u)), 6)
    0.5
    """
    wanted = np.maximum(np.asarray(effectiveness, dtype=float), _LEAST)
    log_u = np.log(wanted / capacity_rated)
    log_wanted = np.log(wanted)
    for _ in range(_NEWTON_STEPS):
        log_u = flow_step(log_u, log_wanted, ntu_rated=ntu_rated, capacity_rated=capacity_rated, exponent=exponent)
    return np.where(np.asarray(effectiveness) < _LEAST, 0.0, np.exp(log_u))


def flow_step(log_flow, log_effectiveness, *, ntu_rated, capacity_rated, exponent: float):
    """One Newton step of `flow_for_effectiveness`, for callers whose rated figures move with the flow."""
    eps, slope = _log_slope(log_flow, ntu_rated, capacity_rated, exponent)
    return log_flow - (np.log(eps) - log_effectiveness) / slope


def _log_slope(log_u, ntu_rated, capacity_rated, exponent: float):
    """Effectiveness, and d ln eps / d ln u."""
    ntu = ntu_rated * np.exp(exponent * log_u)
    c = np.exp(-log_u) / capacity_rated
    s = 1.0 - c
    s = np.where(np.abs(s) < _EVEN, _EVEN, s)
    c = 1.0 - s
    decay = np.exp(np.minimum(-ntu * s, 300.0))
    span = 1.0 - c * decay
    eps = (1.0 - decay) / span
    by_ntu = s * s * decay / span**2
    by_c = decay * (1.0 - decay - s * ntu) / span**2
    return eps, (by_ntu * exponent * ntu - by_c * c) / eps
