"""The random part of the generator by itself: field, streams, memory, balanced years."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weather import load_nodes
from weather.climate.noise import (
    BALANCED_YEARS,
    OWN_HOURLY,
    SYNOPTIC,
    field_basis,
    field_draws,
    own_draws,
    remember,
    residual_draws,
    span_of,
    synoptic_innovations,
)

ZHONGWEI = load_nodes()["zhongwei"]
ONE = range(1)


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def innovations(quantity="temperature", *, node=ZHONGWEI, seed=1, members=ONE, span=None, shared=0.9, length_km=700.0):
    span = span or span_of(day("2000-01-01"), day("2008-01-01"))
    return synoptic_innovations(
        node,
        quantity,
        field=field_draws(seed, members=members, span=span),
        residual=residual_draws(node, seed=seed, members=members, span=span),
        span=span,
        shared=shared,
        length_km=length_km,
    )


def test_field_keeps_its_kernel():
    # stated: at most 0.05 off the Gaussian kernel for 530 km, 0.035 from 670 km on, out to 2000 km
    rng = np.random.default_rng(2)
    latitude, longitude = rng.uniform(25.0, 43.0, 60), rng.uniform(100.0, 118.0, 60)
    east, north = longitude * 111.195 * np.cos(np.radians(35.0)), latitude * 111.195
    away2 = (east[:, None] - east) ** 2 + (north[:, None] - north) ** 2
    for length, stated in ((530.0, 0.05), (670.0, 0.035), (940.0, 0.035)):
        basis = np.array([field_basis(*place, length) for place in zip(latitude, longitude, strict=True)])
        assert (basis**2).sum(axis=1) == pytest.approx(1.0, abs=1e-12)
        error = np.abs(basis @ basis.T - np.exp(-away2 / (2.0 * length**2)))
        assert error[away2 < 2000.0**2].max() < stated


@given(first=st.integers(-40_000, 40_000), days=st.integers(1, 900))
def test_span_holds_its_days_in_order(first, days):
    span = span_of(first, first + days)
    months = np.array([np.datetime64(month, "M") for month, _, _ in span.months])
    by_month = months.astype("datetime64[D]").astype(int)[:, None] + np.arange(31)
    assert np.array_equal(span.joined(by_month, 1), np.arange(first, first + days))
    twice = np.repeat(by_month, 2, axis=1)
    assert np.array_equal(span.joined(twice, 2), np.repeat(np.arange(first, first + days), 2))


def test_memory_is_that_of_an_ar1():
    drawn = np.random.default_rng(3).standard_normal((2, 3000))
    for lag1 in (0.0, 0.4, 0.85):
        series = remember(drawn, lag1=lag1, steps=64)
        assert series.shape == (2, 3000 - 63)
        # the recursion from rest, once it has forgotten its start: 0.85^64 is 3e-5
        expected = np.zeros_like(drawn)
        for step in range(drawn.shape[1]):
            expected[:, step] = lag1 * expected[:, step - 1] + np.sqrt(1.0 - lag1**2) * drawn[:, step]
        assert series[:, 1000:] == pytest.approx(expected[:, 1063:], abs=3e-4)


@given(
    lag1=st.floats(0.0, 0.9),
    first=st.integers(0, 40),
    extra=st.integers(0, 40),
    seed=st.integers(0, 2**32),
)
def test_memory_begins_anywhere(lag1, first, extra, seed):
    drawn = np.random.default_rng(seed).standard_normal((3, 120 + extra), dtype=np.float32)
    whole = remember(drawn, lag1=lag1, steps=16)
    part = remember(drawn[1:2, first : 80 + first], lag1=lag1, steps=16)
    assert np.array_equal(whole[1:2, first : first + part.shape[1]], part)


def test_innovations_are_standard_and_uncorrelated():
    for quantity, per_day in SYNOPTIC.items():
        found = innovations(quantity)[0]
        assert found.size == per_day * 2922
        # one standard error is 0.018 of the mean (years are balanced: less), 0.013 of the spread
        assert abs(found.mean()) < 0.05 and found.std() == pytest.approx(1.0, abs=0.05)
        assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.07


def test_eight_years_sum_to_nothing_and_each_is_its_own():
    found = innovations(span=span_of(day("2000-01-01"), day("2016-01-01")))[0]
    first = day("2000-01-01")
    # 1 March to 31 December: the same days of every year
    years = np.array([found[day(f"{year}-03-01") - first :][:306] for year in range(2000, 2016)])
    for cycle in (years[:BALANCED_YEARS], years[BALANCED_YEARS:]):
        assert cycle.sum(axis=0) == pytest.approx(0.0, abs=1e-5)
        alike = np.corrcoef(cycle)[np.triu_indices(BALANCED_YEARS, 1)]
        assert alike.mean() == pytest.approx(-1.0 / 7.0, abs=0.01)
        assert np.abs(alike + 1.0 / 7.0).max() < 0.2  # 0.057 is one standard error; 28 pairs
    across = np.corrcoef(years)[:BALANCED_YEARS, BALANCED_YEARS:]
    assert np.abs(across).max() < 0.23  # 64 pairs


def test_streams_draw_apart():
    first = innovations("clearness")[0]
    twin = dataclasses.replace(ZHONGWEI, node_id="twin")
    members = innovations("clearness", members=range(3))
    assert np.array_equal(members[0], first)
    others = [innovations("temperature")[0], innovations("dew")[0], innovations("clearness", seed=2)[0], *members[1:]]
    others.append(innovations("clearness", node=twin, shared=0.0)[0])
    for other in others:
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.08  # 0.018 is one standard error


def test_own_hours_draw_apart_and_are_balanced_over_nothing():
    span = span_of(day("2026-01-10"), day("2026-04-10"))
    found = own_draws(ZHONGWEI, seed=1, members=range(2), span=span)
    assert found.shape == (len(OWN_HOURLY), 2, 90 * 24)
    flat = found.reshape(-1, 90 * 24)
    assert np.abs(np.corrcoef(flat) - np.eye(len(flat))).max() < 0.09  # 0.022 is one standard error
    assert flat.std(axis=1) == pytest.approx(1.0, abs=0.06)
    later = own_draws(ZHONGWEI, seed=1, members=range(1, 2), span=span_of(day("2026-02-20"), day("2026-03-02")))
    start = (day("2026-02-20") - day("2026-01-10")) * 24
    assert np.array_equal(later[:, 0], found[:, 1, start : start + 240])


def test_share_of_the_field_is_what_two_nodes_at_one_place_have_in_common():
    twin = dataclasses.replace(ZHONGWEI, node_id="twin")
    for shared in (0.0, 0.5, 0.9):
        one, other = (innovations(node=node, shared=shared)[0] for node in (ZHONGWEI, twin))
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(shared, abs=0.06)
