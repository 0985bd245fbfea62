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


@pytest.mark.parametrize("rate", [1e-17, 1e-15, 1e-12, 1e-6])
def test_a_rate_near_none_loses_no_digits(rate):
    """Series of the capital recovery factor at small rates: (1 + rate (years + 1) / 2) / years."""
    assert annuity_factor(rate, 25) == pytest.approx((1.0 + rate * 13.0) / 25.0, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"capex_cny_per_kw": float("nan")}, "got capex_cny_per_kw=nan"),
        ({"capex_cny_per_kw": -1.0}, "got capex_cny_per_kw=-1"),
        ({"om_cny_per_kw_a": -0.1}, "got om_cny_per_kw_a=-0.1"),
        ({"om_cny_per_kw_a": float("inf")}, "got om_cny_per_kw_a=inf"),
        ({"full_load_h": float("nan")}, "got full_load_h=nan"),
        ({"full_load_h": 8785.0}, "allowed more than 0 to 8784"),
        ({"rate": 7.0}, "got rate=7.0, allowed 0 to 1"),
        ({"rate": "7 %"}, "got rate='7 %'"),
        ({"years": float("inf")}, "got years=inf"),
    ],
)
def test_costs_that_are_none_are_refused_by_name(change, text):
    good = {"capex_cny_per_kw": 2900.0, "om_cny_per_kw_a": 45.0, "years": 25, "rate": 0.07, "full_load_h": 1600.0}
    with pytest.raises(ConfigError, match=text):
        levelised_cost(**(good | change))
