"""Levelised cost of generation, for prices of plants the operator owns."""

import math
from numbers import Real

from weather.conventions.errors import ConfigError


def annuity_factor(rate: float, years: float) -> float:
    """Yearly payment per unit borrowed, capital recovery factor.

    Parameters
    ----------
    rate : float
        Real discount rate; 0 is allowed. [1/a]
    years : float
        Economic life. [a]

    Returns
    -------
    float
        Annuity factor. [1/a]

    Raises
    ------
    ConfigError
        Naming the rate that is not within 0 to 1, or the life that is not above 0 and at most 200 years.

    Notes
    -----
    ``rate / (1 - (1 + rate)**-years)``, and ``1 / years`` at rate 0; computed with expm1 and log1p, so that small rates
    lose no digits.

    Examples
    --------
    >>> round(annuity_factor(0.07, 25), 6)
    0.085811
    """
    _check("annuity", "rate", rate, 0.0, 1.0)
    _check("annuity", "years", years, 0.0, 200.0, above=True)
    return 1.0 / years if rate == 0 else rate / -math.expm1(-years * math.log1p(rate))


def levelised_cost(
    capex_cny_per_kw: float, om_cny_per_kw_a: float, *, years: float, rate: float, full_load_h: float
) -> float:
    """Levelised cost of energy of a wind or solar plant.

    Parameters
    ----------
    capex_cny_per_kw : float
        Installed cost. [CNY/kW]
    om_cny_per_kw_a : float
        Fixed operation and maintenance. [CNY/kW per year]
    years, rate : float
        Economic life [a] and real discount rate [1/a].
    full_load_h : float
        Yearly energy over capacity. [h/a]

    Returns
    -------
    float
        Cost. [CNY/kWh]

    Raises
    ------
    ConfigError
        Naming a cost that is missing or negative, ``full_load_h`` outside (0, 8784], or as `annuity_factor`.

    Notes
    -----
    ``(annuity_factor * capex + om) / full_load_h``. Degradation, tax and land are left out.

    Examples
    --------
    >>> round(levelised_cost(2900, 45, years=25, rate=0.07, full_load_h=1600), 4)
    0.1837
    """
    _check("levelised cost", "capex_cny_per_kw", capex_cny_per_kw, 0.0, 1e6)
    _check("levelised cost", "om_cny_per_kw_a", om_cny_per_kw_a, 0.0, 1e6)
    _check("levelised cost", "full_load_h", full_load_h, 0.0, 8784.0, above=True)
    return (annuity_factor(rate, years) * capex_cny_per_kw + om_cny_per_kw_a) / full_load_h


def _check(what: str, name: str, value: object, low: float, high: float, *, above: bool = False) -> None:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not low <= value <= high or (above and value == low):
        allowed = f"{'more than ' if above else ''}{low:g} to {high:g}"
        raise ConfigError(f"{what}: got {name}={value!r}, allowed {allowed}. Correct the figure.")
