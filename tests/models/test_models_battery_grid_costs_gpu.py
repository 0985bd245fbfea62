"""Battery balance, tariffs to the minute, levelised cost, servers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.battery import Battery, stock_end, stock_retention
from models.costs import annuity_factor, levelised_cost
from models.gpu import GPUType, inlet_power_factor, load_gpu_types
from models.grid import Tariff, TariffPeriod, check_tariff, energy_price
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import time_axis

ALL = tuple(range(1, 13))
BATTERY = Battery(energy_kwh=1000.0, power_kw=500.0)


@given(
    stock=st.floats(0, 1000),
    powers=st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=24),
    step=st.sampled_from([0.25, 0.5, 1.0]),
)
def test_battery_energy_balances(stock, powers, step):
    """Charged = discharged + conversion losses + standing loss + change of the stock."""
    battery = replace(BATTERY, self_discharge_per_h=0.01)
    level, charged, discharged, conversion, standing = stock, 0.0, 0.0, 0.0, 0.0
    for charge, discharge in powers:
        charged += charge * step
        discharged += discharge * step
        conversion += charge * step * (1 - battery.charge_eff)
        conversion += discharge * step * (1 / battery.discharge_eff - 1)
        standing += level * (1 - stock_retention(battery, step))
        level = stock_end(level, charge, discharge, battery, step)
    assert charged == pytest.approx(discharged + conversion + standing + level - stock, abs=1e-6)


def test_round_trip_is_the_product_of_the_efficiencies():
    battery = replace(BATTERY, self_discharge_per_h=0.0)
    stored = stock_end(0.0, 100.0, 0.0, battery, 1.0)
    assert stock_end(stored, 0.0, stored * battery.discharge_eff, battery, 1.0) == pytest.approx(
        0.0, abs=1e-12
    )
    assert stored * battery.discharge_eff / 100.0 == pytest.approx(0.933**2)


def test_two_half_steps_are_one_step_at_rest():
    battery = replace(BATTERY, self_discharge_per_h=0.1)
    half = stock_end(800.0, 0.0, 0.0, battery, 0.5)
    assert stock_end(half, 0.0, 0.0, battery, 0.5) == pytest.approx(stock_end(800.0, 0.0, 0.0, battery, 1.0))


def test_battery_takes_arrays():
    ends = stock_end(np.array([1.0, 2.0]), np.array([10.0, 0.0]), 0.0, BATTERY, 1.0)
    assert ends == pytest.approx(
        [stock_end(1.0, 10.0, 0.0, BATTERY, 1.0), stock_end(2.0, 0.0, 0.0, BATTERY, 1.0)]
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("charge_eff", 1.2), ("discharge_eff", 0.0), ("energy_kwh", -1.0), ("power_kw", -1.0)],
)
def test_impossible_batteries_are_refused(field, value):
    with pytest.raises(ConfigError, match=field):
        replace(BATTERY, **{field: value})


def tariff(*periods: TariffPeriod) -> Tariff:
    return Tariff("ningxia", periods, "test")


NINGXIA = tariff(
    TariffPeriod("flat", ALL, 0, 7, 0.4),
    TariffPeriod("peak", ALL, 7, 9, 0.6),
    TariffPeriod("valley", ALL, 9, 17, 0.2),
    TariffPeriod("peak", ALL, 17, 23, 0.6),
    TariffPeriod("flat", ALL, 23, 24, 0.4),
)


def test_price_is_taken_in_civil_time():
    prices = energy_price(time_axis("2026-03-05", horizon_h=24), NINGXIA)
    assert prices.tolist() == [0.4] * 7 + [0.6] * 2 + [0.2] * 8 + [0.6] * 6 + [0.4]


def test_price_of_an_interval_over_a_change_is_the_mean_of_its_minutes():
    split = tariff(TariffPeriod("a", ALL, 0, 10 + 1 / 60, 0.0), TariffPeriod("b", ALL, 10 + 1 / 60, 24, 0.6))
    prices = energy_price(time_axis("2026-03-05", horizon_h=24), split)
    assert prices[10] == pytest.approx(0.6 * 59 / 60)
    assert prices[9] == 0.0 and prices[11] == pytest.approx(0.6)


@pytest.mark.parametrize("step", [0.25, 0.5, 2.0, 3.0, 24.0])
def test_any_step_has_the_same_daily_mean(step):
    day = energy_price(time_axis("2026-03-05", horizon_h=24, step_h=step), NINGXIA, step_h=step)
    assert day.mean() == pytest.approx((0.4 * 8 + 0.6 * 8 + 0.2 * 8) / 24)


def test_month_turns_at_civil_midnight():
    seasonal = tariff(
        TariffPeriod("winter", (1, 2, 3, 4, 5, 9, 10, 11, 12), 0, 24, 0.5),
        TariffPeriod("summer", (6, 7, 8), 0, 24, 0.3),
    )
    prices = energy_price(np.array(["2026-05-31T15:00", "2026-05-31T16:00"], "datetime64[ns]"), seasonal)
    assert prices.tolist() == pytest.approx([0.5, 0.3])


@pytest.mark.parametrize(
    ("periods", "text"),
    [
        ([TariffPeriod("a", ALL, 0, 23, 0.1)], "month 1 at 23:00 is covered by 0 periods"),
        (
            [TariffPeriod("a", ALL, 0, 24, 0.1), TariffPeriod("b", (3,), 8, 9, 0.1)],
            "month 3 at 08:00 .* 2 periods",
        ),
        ([TariffPeriod("a", ALL, 23, 7, 0.1)], "as two periods"),
        ([TariffPeriod("a", (0,), 0, 24, 0.1)], "months"),
        ([TariffPeriod("a", ALL, 0, 24, float("nan"))], "finite"),
        ([TariffPeriod("a", ALL, 0, 0.005, 0.1)], "whole minutes"),
    ],
)
def test_bad_tariffs_are_named(periods, text):
    with pytest.raises(ConfigError, match=text):
        check_tariff(tariff(*periods))


def test_price_refuses_what_it_cannot_know():
    one = np.array(["2026-01-01T00:00"], "datetime64[ns]")
    with pytest.raises(DataError, match="Give step_h"):
        energy_price(one, NINGXIA)
    assert energy_price(one, NINGXIA, step_h=1.0).tolist() == [0.6]  # 08:00 civil
    with pytest.raises(DataError, match="whole minutes"):
        energy_price(one, NINGXIA, step_h=0.001)
    with pytest.raises(DataError, match="whole minute"):
        energy_price(one + np.timedelta64(30, "s"), NINGXIA, step_h=1.0)


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


def test_server_types_carry_their_figures():
    """Latif et al. 2025: an 8-GPU H100 node is rated 10.2 kW."""
    types = load_gpu_types()
    assert list(types) == ["h100", "a100", "ascend910b", "a10", "rtx4090"]
    assert {key: value.server_peak_kw for key, value in types.items()} == {
        "h100": 10.2,
        "a100": 6.5,
        "ascend910b": 5.2,
        "a10": 2.0,
        "rtx4090": 4.5,
    }
    assert types["h100"].peak_kw == pytest.approx(1.275) and types["h100"].tflops_fp16 == 989.0
    for value in types.values():
        assert 0.1 < value.idle_kw / value.peak_kw < 0.35
    with pytest.raises(DataError, match="0 <= idle <= peak"):
        GPUType("x", "x", gpus_per_server=8, server_peak_kw=1.0, server_idle_kw=2.0, tflops_fp16=1.0)


def test_warm_inlet_raises_server_power():
    """GRC against 27 degC: 29 +1 %, 31 +3 %, 33 +5 %, 35 +8 %, 37 +12 %."""
    assert np.all(inlet_power_factor(np.array([-5.0, 18.0, 25.0])) == 1.0)
    measured = inlet_power_factor(np.array([29.0, 31.0, 33.0, 35.0, 37.0])) / inlet_power_factor(27.0)
    assert measured == pytest.approx([1.01, 1.03, 1.05, 1.08, 1.12], abs=1e-3)
    assert np.all(np.diff(inlet_power_factor(np.linspace(25, 37, 50))) > 0)
    for bad in (38.0, float("nan")):
        with pytest.raises(DataError, match="Lower the setpoint"):
            inlet_power_factor(bad)
