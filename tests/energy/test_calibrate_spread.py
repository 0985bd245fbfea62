"""What `greendc calibrate` says of a figure, held against how far off it is: linear cases, and plants off the study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from energy.calibrate import calibrate
from energy.calibrate_figures import parameters, predicted, with_values
from energy.calibrate_meters import Meters
from energy.calibrate_site import _doubts, _own_weather, said_of_spread
from energy.calibrate_spread import (
    PRIOR,
    Spread,
    causes_held,
    misfit,
    moved_by,
    noise_of,
    standard_errors,
    summed,
)
from energy.config import load_study
from models.cooling import outdoor_state
from weather import open_weather

HOURS = np.arange(56 * 24)
POWERS = ("facility_kw", "cooling_kw", "fan_kw", "ups_loss_kw")
RIGHT = (0.7, 1.3)  # root mean square of error over one standard deviation: 1 is right


def slopes(rng: np.random.Generator, figures: int) -> np.ndarray:
    """Slopes that change by the hour of the day and by the week."""
    daily = np.sin(2 * np.pi * HOURS[:, None] / 24 + rng.random(figures) * 6)
    return 8.0 * (1.0 + daily + np.repeat(rng.standard_normal((8, figures)), 168, axis=0))


def solved(known: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(known, -residuals, rcond=None)[0]


# ------------------------------------------------------------------------------------------------ linear cases
@pytest.mark.parametrize("alike", [1, 24], ids=["hours", "days"])
def test_noise_is_said_as_large_as_it_is_whether_hours_or_days_err(alike):
    """Over sites: neither the days' error is said as if each hour told anew, nor the hours' as if a day told once."""
    rng, over = np.random.default_rng(3), []
    for _ in range(60):
        known = slopes(rng, 3)
        noise = np.repeat(rng.standard_normal(len(HOURS) // alike), alike)
        error = solved(known, noise)
        left = noise + known @ error
        over.append(error / noise_of(known, left, np.ones(len(HOURS)), HOURS))
    assert RIGHT[0] < np.sqrt(np.mean(np.square(over))) < RIGHT[1]


def test_a_figure_held_at_the_study_is_in_the_spread_of_the_others():
    """Two figures fitted, three held that are anywhere in their range: 95 % inside two standard deviations."""
    rng, over, without = np.random.default_rng(4), [], []
    ones = np.ones(len(HOURS))
    for _ in range(80):
        every = slopes(rng, 5)
        known, held = every[:, :2], 0.03 * every[:, 2:]  # hardly seen: the residuals do not give them away
        off = held @ (rng.random(3) - 0.5) + rng.standard_normal(len(HOURS))
        error = solved(known, off)
        left = off + known @ error
        noise = noise_of(known, left, ones, HOURS)
        moved = moved_by(known, ones, causes_held(known, held, left, ones))
        over.append(error / np.hypot(noise, moved))
        without.append(error / noise)
    assert np.mean(np.abs(over) < 2.0) > 0.93 and np.max(np.abs(over)) < 4.0
    assert np.sqrt(np.mean(np.square(over))) > 0.6
    assert np.mean(np.abs(without) < 2.0) < 0.9


def test_a_held_figure_that_the_residuals_give_away_moves_the_others_by_what_they_show():
    rng = np.random.default_rng(5)
    every, ones = slopes(rng, 2), np.ones(len(HOURS))
    known, held = every[:, :1], every[:, 1:]
    off = held @ np.array([0.4])
    error = solved(known, off)
    moved = moved_by(known, ones, causes_held(known, held, off + known @ error, ones))
    assert moved == pytest.approx(np.abs(error), rel=0.05)
    assert moved_by(known, ones, causes_held(known, held[:, :0], off, ones)) == pytest.approx(0.0)


def test_a_gain_moves_a_figure_that_is_the_gain_by_itself():
    known = np.full((100, 1), 50.0)
    assert moved_by(known, np.ones(100), [np.full(100, 0.5)]) == pytest.approx(0.01, rel=1e-3)


def test_a_day_that_errs_alike_is_a_misfit_and_white_noise_is_none():
    rng = np.random.default_rng(6)
    white = rng.standard_normal(len(HOURS))
    assert not misfit(white, HOURS)
    assert misfit(white + np.repeat(0.5 * rng.standard_normal(56), 24), HOURS)
    assert summed(np.array([1.0, 2.0, 4.0]), np.array([7, 7, 9])).tolist() == [3.0, 4.0]


def test_sources_add_up_and_no_spread_is_beyond_the_range():
    three = Spread(*(np.array([size, 0.4]) for size in (0.03, 0.04, 0.0, 0.0, 0.12)))
    assert three.total == pytest.approx([0.13, np.sqrt(PRIOR)])
    assert three.of(0, 10.0)["held"] == pytest.approx(0.8) and list(three.of(0, 1.0))[-1] == "apart"


def test_the_errors_of_meter_and_thermometer_are_said():
    assert standard_errors() == {"meter": 0.01, "temp_air": 0.5}
    assert "1%" in said_of_spread() and "0.5 K" in said_of_spread() and "Not in it" in said_of_spread()


# ------------------------------------------------------------------------------------------------ plants
@pytest.fixture(scope="module")
def study(study_file):
    return load_study(study_file)


@pytest.fixture(scope="module")
def off_the_study(study):
    """Meters of a plant with every figure up to 30 % off the study's, each meter off by its class, the thermometer by
    its own; and the true figures."""

    def made(
        node_id: str, seed: int, *, weeks: int, right: bool = False, start: str = "2026-05-01", **set_to: float
    ) -> tuple[Meters, dict]:
        node, rng = study.node(node_id), np.random.default_rng(100 + seed)
        time = np.datetime64(start, "ns") + np.arange(weeks * 168) * np.timedelta64(1, "h")
        weather = open_weather({node_id: "climate"}, [node.node()], time=time, seed=2).isel(node=0)
        tried = parameters(node.node_plant())
        true = [float(np.clip(p.study * (1 + 0.3 * rng.uniform(-1, 1)), p.low, p.high)) for p in tried]
        true = [set_to.get(p.field, value) for p, value in zip(tried, true, strict=True)]
        daily = 0.15 * np.sin(2 * np.pi * np.arange(len(time)) / 24)
        it = node.electrical.rated_kw * (0.6 + daily + 0.15 * rng.random(len(time)))
        degc = np.full(len(time), node.cooling.mid_setpoint_degc)
        shown = predicted(outdoor_state(weather), with_values(node.node_plant(), tried, true), it, degc)
        columns = {name: weather[name].values for name in ("temp_air", "relative_humidity", "pressure")}
        columns |= {"it_kw": it, "setpoint_degc": degc}
        columns |= {name: shown[name] * (1 + 0.01 * rng.standard_normal(len(time))) for name in POWERS}
        if not right:
            columns |= {name: columns[name] * (1 + 0.01 * rng.standard_normal()) for name in ("it_kw", *POWERS)}
            columns["temp_air"] = columns["temp_air"] + 0.5 * rng.standard_normal()
        return Meters(Path("meters.csv"), time, columns), {p.field: v for p, v in zip(tried, true, strict=True)}

    return made


@pytest.fixture(scope="module")
def errors(study, off_the_study):
    """Errors over what is said of them, of every figure told on both sides."""

    def found(sites: list[tuple[str, int]], *, weeks: int, right: bool = False) -> np.ndarray:
        over = []
        for node_id, seed in sites:
            meters, true = off_the_study(node_id, seed, weeks=weeks, right=right)
            degc = meters.columns["setpoint_degc"]
            made = calibrate(meters, study.node(node_id).node_plant(), _own_weather(meters), degc)
            told = [f for f in made.fitted if f.told and not f.limit]
            assert len(told) >= 4
            over += [(f.value - true[f.parameter.field]) / f.spread for f in told]
        return np.array(over)

    return found


def test_what_is_said_of_plants_off_the_study_holds(errors):
    over = errors([("alpha", 0), ("beta", 2)], weeks=4)
    assert np.mean(np.abs(over) < 1.0) >= 0.9 and np.max(np.abs(over)) < 2.0
    assert np.sqrt(np.mean(over**2)) > 0.15


@pytest.mark.nightly
@pytest.mark.parametrize("right", [False, True], ids=["meters off", "meters right"])
def test_what_is_said_of_many_plants_off_the_study_holds(errors, right):
    """Linearised, and some plants are not: two figures of a hundred may be further off than twice what is said."""
    over = errors([(node, seed) for seed in range(15) for node in ("alpha", "beta")], weeks=6, right=right)
    assert np.mean(np.abs(over) < 1.0) > 0.93 and np.mean(np.abs(over) > 2.0) <= 0.02
    assert 0.15 < np.sqrt(np.mean(over**2)) < 0.7


def test_a_thermometer_half_a_degree_off_is_in_what_is_said(study, off_the_study):
    meters, true = off_the_study("alpha", 3, weeks=4, right=True, start="2026-06-15", evaporative_eff=0.5)
    warm = replace(meters, columns=meters.columns | {"temp_air": meters.columns["temp_air"] + 0.5})
    made = calibrate(warm, study.node("alpha").node_plant(), _own_weather(warm), warm.columns["setpoint_degc"])
    pad = next(f for f in made.fitted if f.parameter.field == "evaporative_eff")
    off = abs(pad.value - true["evaporative_eff"])
    assert pad.spread > off > 5.0 * pad.sources["noise"]


def test_one_meter_five_per_cent_high_is_within_twice_what_is_said(study, off_the_study):
    meters, true = off_the_study("alpha", 4, weeks=4, right=True)
    parts = {name: values for name, values in meters.columns.items() if name not in POWERS}
    high = replace(meters, columns=parts | {"cooling_kw": 1.05 * meters.columns["cooling_kw"]})
    made = calibrate(high, study.node("alpha").node_plant(), _own_weather(high), high.columns["setpoint_degc"])
    fans = next(f for f in made.fitted if f.parameter.field == "fan_pressure_pa")
    assert fans.told and abs(fans.value - true["fan_pressure_pa"]) < 2.0 * fans.spread < 0.5 * fans.value


def test_an_end_is_warned_of_where_the_residuals_are_more_than_noise(study, off_the_study):
    """A degree too warm: the air-cooled condenser would be as cold as it may be."""
    warmest = {"evaporative_eff": 0.5, "condensing_above_outdoor_k": 7.0}
    meters, _ = off_the_study("alpha", 0, weeks=4, right=True, start="2026-06-15", **warmest)
    warm = replace(meters, columns=meters.columns | {"temp_air": meters.columns["temp_air"] + 1.5})
    made = calibrate(warm, study.node("alpha").node_plant(), _own_weather(warm), warm.columns["setpoint_degc"])
    told = [f for f in made.fitted if f.told and f.value and not f.limit]
    ends = [f for f in told if f.value in (f.parameter.low, f.parameter.high)]
    assert ends and all(f.at_edge for f in ends)
    assert any("At an end of the range" in words and ends[0].parameter.field in words for words in _doubts(made))
