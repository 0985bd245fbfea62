"""The nearest maximum of lines: exact where it can be worked out, never far from the best where it cannot."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from models.convex import convex_lines, lower_hull


def highest(x, intercept, slope):
    """The maximum of the lines at x, leading dims those of the lines."""
    return (intercept[..., None] + slope[..., None] * x[..., None, :]).max(axis=-2)


def worst(x, f, lines):
    intercept, slope = convex_lines(x, f, lines=lines)
    return np.max(np.abs(highest(x, intercept, slope) - f) / x, axis=-1)


def test_lower_hull_of_convex_points_is_themselves_and_of_others_is_below():
    knots = np.array([0.0, 1.0, 3.0, 4.0])
    convex = knots**2
    assert lower_hull(knots, convex) == pytest.approx(convex, abs=0.0)
    assert lower_hull(knots, np.sqrt(knots)) == pytest.approx(knots / 2.0)


@given(values=st.lists(st.floats(-100, 100), min_size=3, max_size=9))
def test_lower_hull_is_convex_below_and_touches_the_ends(values):
    knots = np.cumsum(1.0 + np.arange(len(values)) % 3)
    points = np.array(values)
    hull = lower_hull(knots, points)
    assert np.all(hull <= points)
    assert hull[0] == points[0] and hull[-1] == points[-1]
    slopes = np.diff(hull) / np.diff(knots)
    assert all(left <= right + 1e-9 for left, right in pairwise(slopes))
    assert lower_hull(knots, hull) == pytest.approx(hull, abs=1e-9)


def test_the_parabola_has_the_error_of_equal_spans():
    """f/x of x**2 is x: with scale x, four spans of [1, 5] whose chords bulge alike, e = (sqrt(b) - sqrt(a))**2 / 2."""
    x = np.linspace(1.0, 5.0, 2001)
    # chord of x^2 over [a, b] less x^2 is (x - a)(b - x), over x at most (sqrt(b) - sqrt(a))^2
    cut = np.linspace(1.0, np.sqrt(5.0), 5)
    expected = (cut[1] - cut[0]) ** 2 / 2
    x = np.unique(np.concatenate([np.linspace(1.0, 5.0, 161), cut**2]))
    assert worst(x, x**2, 4) == pytest.approx(expected, rel=2e-3)


def test_lines_that_are_lines_are_found_exactly():
    x = np.linspace(200.0, 1000.0, 37)
    f = np.maximum.reduce([50.0 + 0.05 * x, 10.0 + 0.15 * x, -150.0 + 0.4 * x])
    at_knots = worst(x, f, 3)
    assert at_knots < 0.002  # breaks fall between knots
    assert worst(x, f, 1) > 0.04
    exact = np.array([100.0, 200.0, 300.0, 400.0, 500.0])
    broken = np.maximum(30.0 + 0.1 * exact, -30.0 + 0.3 * exact)  # break at the knot 300
    assert worst(exact, broken, 2) == pytest.approx(0.0, abs=1e-12)


def best_convex(x, f):
    """Least largest relative error of any convex function of the knots: a linear programme."""
    n = len(x)
    rows, bounds = [], []
    for sign in (1.0, -1.0):
        block = np.hstack([sign * np.eye(n), -x[:, None]])
        rows.append(block)
        bounds.append(sign * f)
    bend = np.zeros((n - 2, n + 1))
    for k in range(1, n - 1):
        before, after = x[k] - x[k - 1], x[k + 1] - x[k]
        bend[k - 1, k - 1 : k + 2] = [-1 / before, 1 / before + 1 / after, -1 / after]
    rows.append(bend)
    bounds.append(np.zeros(n - 2))
    cost = np.zeros(n + 1)
    cost[-1] = 1.0
    found = linprog(cost, A_ub=np.vstack(rows), b_ub=np.concatenate(bounds), bounds=[(None, None)] * n + [(0, None)])
    return found.fun


@given(
    values=st.lists(st.floats(0.0, 100.0), min_size=6, max_size=6),
    steps=st.lists(st.floats(0.5, 3.0), min_size=6, max_size=6),
)
def test_with_enough_lines_nothing_convex_is_nearer(values, steps):
    """As many lines as gaps between knots: the best convex function there is, by a linear programme."""
    x, f = np.cumsum(steps), np.array(values)
    assert worst(x, f, 5) == pytest.approx(best_convex(x, f), abs=1e-6)


def brute(x, f, lines):
    """Least error over all divisions into spans that share ends; each span's line by a linear programme."""
    hull = lower_hull(x, f)

    def span(i, j):
        n = len(x)
        inside = np.arange(i, j + 1)
        above = np.column_stack([-np.ones(len(inside)), -x[inside], -x[inside]])
        below = np.column_stack([np.ones(n), x, -x])
        limits = np.concatenate([-f[inside], hull])
        made = linprog([0, 0, 1], A_ub=np.vstack([above, below]), b_ub=limits,
                       bounds=[(None, None), (None, None), (0, None)])  # fmt: skip
        return made.fun

    cost = {(i, j): span(i, j) for i in range(len(x)) for j in range(i + 1, len(x))}

    def best(end, left):
        if left == 1:
            return cost[0, end]
        return min(max(best(cut, left - 1), cost[cut, end]) for cut in range(left - 1, end))

    return best(len(x) - 1, lines)


@given(values=st.lists(st.floats(0.0, 20.0), min_size=6, max_size=6), lines=st.integers(1, 3))
def test_no_division_into_spans_is_nearer(values, lines):
    x = np.array([1.0, 1.5, 2.5, 3.0, 4.5, 5.0])
    f = np.array(values)
    assert worst(x, f, lines) <= brute(x, f, lines) + 1e-6


@given(
    values=st.lists(st.lists(st.floats(0.0, 50.0), min_size=8, max_size=8), min_size=1, max_size=4),
    lines=st.integers(1, 7),
)
def test_more_lines_are_never_further_and_the_maximum_is_convex(values, lines):
    x, f = np.linspace(2.0, 10.0, 8), np.array(values)
    intercept, slope = convex_lines(x, f, lines=lines)
    assert intercept.shape == slope.shape == (len(values), lines)
    table = highest(np.broadcast_to(x, f.shape), intercept, slope)
    assert np.all(np.diff(np.diff(table, axis=-1), axis=-1) >= -1e-9 * (1.0 + np.abs(table).max()))
    if lines > 1:
        fewer = worst(x, f, lines - 1)
        assert np.all(worst(x, f, lines) <= fewer + 1e-9)


def test_every_curve_is_fitted_as_if_it_were_alone():
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(1.0, 9.0, (2, 1, 9)), axis=-1)
    f = np.cumsum(rng.uniform(0.0, 2.0, (2, 3, 9)), axis=-1)
    intercept, slope = convex_lines(x, f, lines=3)
    assert intercept.shape == (2, 3, 3)
    for mode in range(2):
        for hour in range(3):
            alone = convex_lines(x[mode, 0], f[mode, hour], lines=3)
            np.testing.assert_allclose(intercept[mode, hour], alone[0], rtol=1e-12)
            np.testing.assert_allclose(slope[mode, hour], alone[1], rtol=1e-12)


def test_a_plant_without_load_has_a_table_too():
    x = np.concatenate([[0.0], np.linspace(10.0, 1000.0, 20)])
    f = 20.0 + 0.1 * x + 1e-4 * x**2
    intercept, slope = convex_lines(x, f, lines=4)
    off = highest(x, intercept, slope) - f
    assert np.all(np.abs(off) <= 0.01 * (x + 10.0)) and np.abs(off[0]) < 0.1
