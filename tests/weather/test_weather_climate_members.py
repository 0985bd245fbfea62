"""The generator's ensemble and its promises to the last bit, through the public name."""

from datetime import date, timedelta

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from weather import Node, check_weather, generate_climate, load_nodes, open_weather
from weather.climate import climate_places
from weather.climate.noise import MEMORY_DAYS
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.conventions.variables import REQUIRED, VARIABLES

NODES = tuple(load_nodes().values())
WEEK = time_axis("2026-02-25", horizon_h=168)


def equal(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Every value the same, bit for bit; coordinates and attributes apart."""
    return all(np.array_equal(one[name].values, other[name].values) for name in REQUIRED)


@pytest.fixture(scope="module")
def ensemble() -> xr.Dataset:
    return generate_climate(NODES, time=WEEK, seed=7, members=30)


def test_ensemble_is_in_canonical_order_and_labelled(ensemble):
    assert tuple(ensemble.data_vars) == REQUIRED
    for name in REQUIRED:
        assert ensemble[name].dims == ("member", "node", "time")
        assert ensemble[name].attrs == VARIABLES[name].attrs()
    assert list(ensemble["member"].values) == list(range(30))
    assert ensemble.attrs["synthetic"] == 1 and type(ensemble.attrs["synthetic"]) is int
    assert str(ensemble["source"].sel(node="zhongwei").item()) == (
        "synthetic: embedded climate generator, normals of zhongwei"
    )
    for member in (0, 29):
        check_weather(ensemble.isel(member=member, drop=True))


def test_member_is_its_number_alone(ensemble, monkeypatch):
    alone = generate_climate(NODES, time=WEEK, seed=7)
    assert alone["ghi"].dims == ("node", "time") and "member" not in alone.coords
    assert alone.attrs == ensemble.attrs
    check_weather(alone)
    assert equal(alone, ensemble.isel(member=0))
    # neither how many are asked for nor how many are drawn at a time reaches a member: here 4, all 30 before
    monkeypatch.setattr("weather.climate.generate._DAYS_AT_ONCE", 4 * (8 + MEMORY_DAYS))
    few = generate_climate(NODES[3:], time=WEEK, seed=7, members=27)
    assert equal(few, ensemble.isel(member=slice(27), node=slice(3, None)))


def test_members_differ_as_seeds_do(ensemble):
    other = generate_climate(NODES, time=WEEK, seed=8, members=30)
    for name in ("ghi", "temp_air", "wind_speed", "relative_humidity"):
        flat = [made[name].isel(node=0).values.reshape(30, -1) for made in (ensemble, other)]
        apart = np.concatenate(flat)
        assert all(not np.array_equal(apart[i], apart[j]) for i in range(60) for j in range(i))
        # 30 weeks, a few days of each alike: 0.18 is one standard error of the ratio
        assert flat[0].std(axis=0).mean() == pytest.approx(flat[1].std(axis=0).mean(), rel=0.5)


def test_open_weather_gives_the_same_run_and_says_it_is_synthetic():
    opened = open_weather({node.node_id: "climate" for node in NODES}, NODES, time=WEEK, seed=7)
    alone = generate_climate(NODES, time=WEEK, seed=7)
    assert equal(opened, alone)
    assert list(opened["source"].values) == list(alone["source"].values)
    assert all(str(source).startswith("synthetic: ") for source in opened["source"].values)
    places = climate_places(NODES, time=WEEK, seed=7)
    assert list(places) == [node.node_id for node in NODES]
    for node_id, place in places.items():
        assert place.sizes == {"time": 168} and place.attrs["synthetic"] == 1
        assert equal(place, alone.sel(node=node_id))
        check_weather(place)


@given(
    first=st.dates(min_value=date(1935, 1, 1), max_value=date(2090, 12, 1)),
    before_h=st.integers(0, 900),
    after_h=st.integers(0, 900),
    length_h=st.integers(2, 60),
    seed=st.integers(0, 2**40),
    order=st.permutations(NODES[:3]),
)
def test_longer_window_more_nodes_and_members_hold_the_shorter_run(first, before_h, after_h, length_h, seed, order):
    start = np.datetime64(first, "ns") + np.timedelta64(5, "h")
    hour = np.timedelta64(1, "h")
    short = start + np.arange(length_h) * hour
    longer = start + np.arange(-before_h, length_h + after_h) * hour
    one = generate_climate(order[:1], time=short, seed=seed)
    many = generate_climate(order, time=longer, seed=seed, members=2)
    assert equal(one, many.isel(member=0, node=[0], time=slice(before_h, before_h + length_h)))


def test_a_year_ends_where_the_next_begins():
    """No seam at the turn of months and years: temperature steps there as anywhere."""
    weather = generate_climate(NODES[:1], time=time_axis("2023-01-01", horizon_h=24 * 1096), seed=7, members=8)
    steps = np.abs(np.diff(weather["temp_air"].isel(node=0).values, axis=1))
    days = [timedelta(days=int(n)) + date(2023, 1, 1) for n in range(1, 1096)]
    midnight = 24 * np.arange(1, 1096) - 1
    turns = np.array([day.day == 1 for day in days])
    seams, others = steps[:, midnight[turns]], steps[:, midnight[~turns]]
    assert seams.mean() == pytest.approx(others.mean(), rel=0.15)  # 280 seams; 5 % is one standard error
    assert seams.max() < others.max() * 1.2


@pytest.mark.parametrize("members", [0, -1, 2.0, True, "3"])
def test_members_must_be_a_whole_number(members):
    with pytest.raises(DataError, match=r"number of members .* whole number of 1 or more"):
        generate_climate(NODES[:1], time=WEEK, seed=7, members=members)


def test_nodes_must_be_given_once():
    with pytest.raises(DataError, match="no node was given"):
        generate_climate([], time=WEEK, seed=7)
    with pytest.raises(DataError, match="given twice: guian"):
        generate_climate([NODES[4], NODES[0], NODES[4]], time=WEEK, seed=7)
    beijing = Node("beijing", "Beijing", "北京", "Beijing", 39.9, 116.4, 44.0)
    with pytest.raises(DataError, match=r"'beijing' .* has no embedded climate"):
        generate_climate([beijing], time=WEEK, seed=7, members=2)


@pytest.mark.parametrize(
    "time",
    [
        WEEK + np.timedelta64(30, "m"),
        WEEK[::2],
        WEEK[[0, 1, 3]],
        WEEK[::-1],
    ],
)
def test_stamps_must_be_full_hours_in_a_row(time):
    with pytest.raises(DataError, match=r"1 h apart|equally spaced|step"):
        generate_climate(NODES[:1], time=time, seed=7)
