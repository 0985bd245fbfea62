"""The outdoor temperature of meters: a wrong unit, place or clock is refused by its cause, true weather is not."""

from __future__ import annotations

import numpy as np
import pytest

from energy.calibrate_weather import day_course, refuse_strange_weather
from energy.config import load_study
from weather import open_weather
from weather.conventions.errors import DataError
from weather.sources.epw import read_epw

HOUR = np.timedelta64(1, "h")
FORTNIGHT = 336


@pytest.fixture(scope="module")
def hubs():
    """Time, and per hub of the default study its node and a year of its made temperature."""
    study = load_study(None)
    time = np.datetime64("2025-01-01", "ns") + np.arange(8760) * HOUR
    nodes = [node.node() for node in study.nodes]
    made = open_weather({node.node_id: "climate" for node in nodes}, nodes, time=time, seed=4)["temp_air"]
    return time, [(node, made.sel(node=node.id).values) for node in study.nodes]


def pieces(count: int):
    return [slice(first, first + FORTNIGHT) for first in range(0, count - FORTNIGHT, FORTNIGHT)]


def test_made_weather_of_every_hub_is_accepted(hubs):
    time, of_nodes = hubs
    for node, temp in of_nodes:
        for piece in (slice(None), *pieces(len(time))):
            assert refuse_strange_weather(time[piece], temp[piece], node, "m.csv") == []


def test_fahrenheit_is_refused_by_name_in_every_fortnight(hubs):
    time, of_nodes = hubs
    for node, temp in of_nodes:
        for piece in pieces(len(time)):
            with pytest.raises(DataError, match=rf"m\.csv: temp_air is .*climate of {node.id} .* In degF\? Give degC"):
                refuse_strange_weather(time[piece], temp[piece] * 1.8 + 32.0, node, "m.csv")


def test_mild_weather_of_another_place_is_not_taken_for_fahrenheit(hubs):
    """Twelve degrees too warm for a winter, days of half the swing: no unit does that."""
    time, of_nodes = hubs
    (node, temp), january = of_nodes[0], slice(0, FORTNIGHT)
    mild = temp[january].mean() + 14.0 + 0.5 * (temp[january] - temp[january].mean())
    with pytest.raises(DataError, match="Of another place") as refused:
        refuse_strange_weather(time[january], mild, node, "m.csv")
    assert "degF" not in str(refused.value)


@pytest.mark.parametrize(("hours", "words"), [(8, "UTC beside meters in local time"), (-8, "local time, taken for")])
def test_a_clock_eight_hours_off_is_refused_by_name_in_every_fortnight(hubs, hours, words):
    time, of_nodes = hubs
    for node, temp in of_nodes:
        for piece in pieces(len(time)):
            with pytest.raises(DataError, match=rf"temp_air is warmest at (0\d|2\d):\d\d of the day.*{words}"):
                refuse_strange_weather(time[piece], np.roll(temp, -hours)[piece], node, "m.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda temp: np.roll(temp, 4380), "these months; at most 10 K .* Of another place, other months"),
        (lambda temp: np.repeat(temp.reshape(-1, 24).mean(axis=1), 24), r"moves by .* one value a day\?"),
        (lambda temp: temp.mean() + 3.0 * (temp - temp.mean()), r"moves by .* in the sun or exhaust air\?"),
    ],
    ids=["half a year", "daily means", "sun"],
)
def test_what_the_climate_does_not_have_is_refused(hubs, change, words):
    time, of_nodes = hubs
    node, temp = of_nodes[0]
    july = slice(181 * 24, 195 * 24)
    changed = change(temp) if "months" in words else temp.copy()
    if "months" not in words:
        changed[july] = change(temp[july])
    with pytest.raises(DataError, match=words):
        refuse_strange_weather(time[july], changed[july], node, "m.csv")


def test_what_cannot_be_looked_at_is_said(hubs):
    time, of_nodes = hubs
    node, temp = of_nodes[0]
    far = node.model_copy(update={"site": node.site.model_copy(update={"latitude": 10.0})})
    (said,) = refuse_strange_weather(time[:FORTNIGHT], temp[:FORTNIGHT] * 1.8 + 32.0, far, "m.csv")
    assert "not held against a climate" in said
    working = (time - time[0]) / HOUR % 24 < 12  # no day has most of its hours
    (said,) = refuse_strange_weather(time[working], temp[working], node, "m.csv")
    assert "clock" in said and "fewer than 7 days" in said


def test_a_day_without_a_course_has_no_hour():
    time = np.datetime64("2026-01-01", "ns") + np.arange(480) * HOUR
    course = day_course(time, np.random.default_rng(3).standard_normal(480), 100.0)
    assert course.swing_k < 0.5 and course.error_h > 1.0
    assert day_course(time, np.full(480, 5.0), 100.0).error_h == np.inf
    assert day_course(time[:120], np.zeros(120), 100.0) is None


@pytest.mark.filterwarnings("ignore::weather.conventions.WeatherWarning")  # of radiation, not looked at here
def test_typical_years_of_stations_are_accepted_and_their_utc_is_not(shared_data_dir):
    """By the clock alone: the stations are not the hubs, whose climate is the only one there is."""
    hub = load_study(None).nodes[0]
    files = sorted((shared_data_dir / "weather").glob("*.epw"))
    assert len(files) >= 5
    for path in files:
        year = read_epw(path, check=False)
        place = {"latitude": 10.0, "longitude": float(year["longitude"])}
        node = hub.model_copy(update={"site": hub.site.model_copy(update=place)})
        temp = year["temp_air"].values.reshape(-1)
        for piece in (slice(None), *pieces(len(temp))):
            refuse_strange_weather(year["time"].values[piece], temp[piece], node, path.name)
        with pytest.raises(DataError, match="clock"):
            refuse_strange_weather(year["time"].values, np.roll(temp, -8), node, path.name)


def test_the_command_names_the_column_file(greendc, study_file, hubs, tmp_path):
    """Winter in degF: all of it within the limits of a temperature in degC."""
    time, of_nodes = hubs
    (temp,) = [temp for node, temp in of_nodes if node.id == "zhongwei"]
    path, fahrenheit = tmp_path / "meters.csv", temp[:FORTNIGHT] * 1.8 + 32.0
    assert fahrenheit.max() < 60.0
    rows = [f"{at.astype('datetime64[s]')}Z,30,36,{degf:.2f},50,87000" for at, degf in zip(time, fahrenheit)]  # noqa: B905
    path.write_text("\n".join(["time,it_kw,facility_kw,temp_air,relative_humidity,pressure", *rows]), encoding="utf-8")
    out = tmp_path / "alpha.toml"
    ran = greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path, "--out", out)
    ran.refused(3, f"{path}: temp_air", "In degF? Give degC.")
    assert not out.exists()
