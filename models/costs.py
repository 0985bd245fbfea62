"""Levelised cost of generation, for prices of plants the operator owns."""

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
        When the life is not positive or the rate is below zero.

    Notes
    -----
    ``rate / (1 - (1 + rate)**-years)``, and ``1 / years`` at rate 0.

    Examples
    --------
    >>> round(annuity_factor(0.07, 25), 6)
    0.085811
    """
    if not years > 0 or not rate >= 0:
        raise ConfigError(
            f"annuity: got rate={rate}, years={years}; allowed: rate >= 0 and years > 0. Correct the figures."
        )
    return 1.0 / years if rate == 0 else rate / (1.0 - (1.0 + rate) ** -years)


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
        When ``full_load_h`` is outside (0, 8784].

    Notes
    -----
    ``(annuity_factor * capex + om) / full_load_h``. Degradation, tax and land are left out.

    Examples
    --------
    >>> round(levelised_cost(2900, 45, years=25, rate=0.07, full_load_h=1600), 4)
    0.1837
    """
    if not 0 < full_load_h <= 8784:
        raise ConfigError(
            f"levelised cost: got full_load_h={full_load_h}, allowed more than 0 and at most 8784 h a year. "
            "Give the yearly full-load hours."
        )
    return (annuity_factor(rate, years) * capex_cny_per_kw + om_cny_per_kw_a) / full_load_h
