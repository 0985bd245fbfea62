"""Levelised cost: the loan is repaid, what is spent comes back."""

import pytest

from models.costs import annuity_factor, levelised_cost
from weather.conventions.errors import ConfigError


def test_annuity_repays_the_loan():
    """Year by year: what is left after 25 payments is nothing."""
    left = 1000.0
    for _ in range(25):
        left = left * 1.07 - 1000.0 * annuity_factor(0.07, 25)
    assert left == pytest.approx(0.0, abs=1e-9)
    assert annuity_factor(0.0, 20) == pytest.approx(0.05)
    assert annuity_factor(1e-9, 20) == pytest.approx(0.05, rel=1e-6)


def test_levelised_cost_returns_what_was_spent():
    """Energy sold at the levelised cost has the present value of capex and O&M."""
    price = levelised_cost(4200.0, 90.0, years=20, rate=0.07, full_load_h=2500.0)
    income = sum((price * 2500.0 - 90.0) / 1.07**year for year in range(1, 21))
    assert income == pytest.approx(4200.0, rel=1e-9)
    with pytest.raises(ConfigError, match="full_load_h"):
        levelised_cost(1.0, 1.0, years=20, rate=0.07, full_load_h=0.0)
    with pytest.raises(ConfigError, match="years=0"):
        annuity_factor(0.07, 0)
