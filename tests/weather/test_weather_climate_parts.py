"""Parts of the generator that are plain mathematics: pieces, wind, interpolation, daily course."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weather import generate_climate, load_nodes
from weather.climate.calibrate import calibrate
from weather.climate.cycles import diurnal_shape, sunrise_solar_h
from weather.climate.interpolation import mean_preserving_nodes, noon_series, through_days, through_year
from weather.climate.noise import remember
from weather.climate.normals import load_normals
from weather.climate.pieces import within, within_months
from weather.climate.windiness import relative_wind, slow_weights, windiness
from weather.conventions.timeaxis import time_axis

ZHONGWEI = load_nodes()["zhongwei"]


def ar1(lag1: float, size: int, seed: int) -> np.ndarray:
    return remember(np.random.default_rng(seed).standard_normal(size + 127), lag1=lag1, steps=128)


@pytest.mark.parametrize(("lag1", "lag", "length"), [(0.3, 1, 30), (0.8, 1, 30), (0.9, 24, 240)])
def test_pieces_show_what_the_formula_says(lag1, lag, length):
    pieces = 2000
    series = ar1(lag1, pieces * length, seed=5)
    std, found = within_months(series, np.repeat(np.arange(pieces), length), lag)
    left, expected = within(lag1 ** np.arange(length), lag)
    assert std == pytest.approx(np.sqrt(left), rel=0.01)
    assert found == pytest.approx(expected, abs=0.01)
    assert expected < lag1**lag and left < 1.0


@given(
    values=st.lists(st.floats(-50, 50), min_size=12, max_size=12),
    lag=st.integers(1, 2),
    shift=st.floats(-100, 100),
)
def test_what_a_month_has_in_common_shows_nowhere(values, lag, shift):
    series = np.array(values) + 0.1 * np.arange(12) ** 2
    month = np.repeat([7, 8, 9], 4)
    moved = series + shift * np.repeat([1.0, -2.0, 0.5], 4)
    std, found = within_months(series, month, lag)
    std_moved, found_moved = within_months(moved, month, lag)
    assert std_moved == pytest.approx(std, abs=1e-9)
    assert std**2 * found_moved == pytest.approx(std**2 * found, abs=1e-6)


def test_relative_wind_is_weibull_of_mean_one():
    z = np.random.default_rng(1).standard_normal(400_000)
    for shape in (1.5, 2.0, 2.6):
        speed = relative_wind(z, shape)
        scale = 1.0 / math.gamma(1.0 + 1.0 / shape)
        assert speed.mean() == pytest.approx(1.0, abs=0.005)
        for share in (0.05, 0.5, 0.95, 0.999):  # the quantile of Weibull: scale (-ln(1 - p))^(1/k)
            quantile = scale * (-math.log(1.0 - share)) ** (1.0 / shape)
            assert np.mean(speed <= quantile) == pytest.approx(share, abs=4.0 * np.sqrt(share * (1 - share) / z.size))


def test_slow_wind_keeps_its_variance_between_the_values_drawn():
    slow = ar1(0.7, 40_000, seed=2)
    before, after = slow_weights(0.7)
    hours = slow[:-1, None] * before + slow[1:, None] * after
    assert hours.std(axis=0) == pytest.approx(1.0, abs=0.03)
    assert before + after == pytest.approx((before + after)[::-1])  # alike seen from either side


@given(
    lag1=st.floats(0.68, 0.85),
    lag24=st.floats(0.12, 0.25),
    shape=st.floats(1.5, 2.4),
    amplitude=st.floats(0.05, 0.25),
)
def test_wind_has_the_memory_asked_for(lag1, lag24, shape, amplitude):
    """The correlations of the parameters, computed anew by two-dimensional quadrature instead of Hermite terms."""
    wind = windiness(lag1=lag1, lag24=lag24, weibull_k=shape, amplitude=amplitude, slow_h=36.0)
    points, weights = np.polynomial.hermite_e.hermegauss(48)
    weights = weights / weights.sum()
    variation = weights @ (relative_wind(points, shape) - 1.0) ** 2

    def speed_correlation(gauss: float) -> float:
        other = gauss * points[:, None] + np.sqrt(1.0 - gauss**2) * points
        return float(
            weights
            @ ((relative_wind(points, shape)[:, None] - 1.0) * (relative_wind(other, shape) - 1.0))
            @ weights
            / variation
        )

    before, after = slow_weights(wind.slow_lag1)

    def slow(hour: int, lag: int) -> float:
        (one, at), (two, to) = divmod(hour, 12), divmod(hour + lag, 12)
        pairs = (
            (a, one + i, b, two + j)
            for i, a in enumerate((before[at], after[at]))
            for j, b in enumerate((before[to], after[to]))
        )
        return sum(a * b * wind.slow_lag1 ** abs(i - j) for a, i, b, j in pairs)

    # lag 1 and 24 within months hang on all lags; here by the straight formula over 240 h
    lags = np.arange(240)
    gauss = np.array(
        [
            np.mean([wind.slow_share * slow(hour, lag) for hour in range(12)])
            + (1 - wind.slow_share) * wind.fast_lag1**lag
            for lag in lags
        ]
    )
    gust = np.zeros(730)
    gust[:240] = [speed_correlation(min(value, 1.0)) for value in gauss]
    covariance = (1 + 0.5 * amplitude**2 * np.cos(np.pi * np.arange(730) / 12)) * (1 + variation * gust) - 1
    for lag, wanted in ((1, lag1), (24, lag24)):
        assert within(covariance / covariance[0], lag)[1] == pytest.approx(wanted, abs=0.006)


def test_every_place_has_a_wind_that_can_be_had():
    for node in load_nodes().values():
        wind = calibrate(node).wind
        assert 0.1 < wind.slow_share < 0.6 and 0.3 < wind.fast_lag1 < 0.85


def test_days_between_noons_are_straight_lines():
    noons = np.random.default_rng(4).normal(size=(2, 7))
    middle = (np.arange(5 * 24) + 0.5) / 24.0
    expected = [np.interp(middle, np.arange(-1, 6) + 0.5, row) for row in noons]
    assert through_days(noons) == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize("lag1", [0.5, 0.73, 0.78])
def test_noons_give_days_their_memory_and_spread(lag1):
    noon_lag1, noon_std = noon_series(lag1, 3.0)
    days = through_days(noon_std * ar1(noon_lag1, 60_000, seed=6)).reshape(-1, 24).mean(axis=1)
    assert days.std() == pytest.approx(3.0, rel=0.02)
    assert np.corrcoef(days[1:], days[:-1])[0, 1] == pytest.approx(lag1, abs=0.012)


def test_interpolation_keeps_monthly_means():
    monthly = load_normals()["ulanqab"].monthly["t_mean_c"]
    nodes = mean_preserving_nodes(monthly)
    fine = (np.arange(12 * 1000) + 0.5) / 1000.0
    assert through_year(nodes, fine).reshape(12, 1000).mean(axis=1) == pytest.approx(monthly, abs=1e-5)


def test_daily_cycle_runs_from_sunrise_to_the_afternoon():
    hours = np.arange(0.0, 24.0, 0.01)
    cycle = diurnal_shape(hours, sunrise_h=np.array(6.0), peak_h=14.5)
    assert cycle.min() >= 0.0 and cycle.max() <= 1.0
    assert hours[cycle.argmax()] == pytest.approx(14.5, abs=0.02)
    assert hours[cycle.argmin()] == pytest.approx(6.0, abs=0.1)
    assert np.abs(np.diff(cycle, append=cycle[0])).max() < 0.003  # continuous, over midnight too
    assert cycle.mean() == pytest.approx(0.46, abs=0.03)


def test_sunrise_at_solstice_and_equinox():
    # cos w = -tan(latitude) tan(declination), 23.45 deg at the solstice (day 172)
    night = np.degrees(np.arccos(-np.tan(np.radians(40.0)) * np.tan(np.radians(23.45)))) / 15.0
    assert float(sunrise_solar_h(40.0, np.array(172.0))) == pytest.approx(12.0 - night, abs=0.01)
    assert float(sunrise_solar_h(40.0, np.array(81.0))) == pytest.approx(6.0, abs=0.02)


def test_clear_summer_days_swing_wider_and_are_drier():
    made = generate_climate([ZHONGWEI], time=time_axis("2001-06-01", horizon_h=24 * 61), seed=3, members=10)
    days = {name: made[name].values.reshape(-1, 24) for name in made.data_vars}
    light = days["ghi"].sum(axis=1)
    swing = days["temp_air"].max(axis=1) - days["temp_air"].min(axis=1)
    # 0.46 to 0.85 in typical years; tighter here, where the range has no cause beside clearness and passing warmth
    assert 0.4 < np.corrcoef(light, swing)[0, 1] < 0.95
    assert np.corrcoef(light, days["relative_humidity"].mean(axis=1))[0, 1] < -0.1
