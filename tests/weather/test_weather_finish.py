"""From a draft to a Dataset: axis, limits, instants, gaps, what is derived - each with its flag and its line."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weather import WeatherWarning, check_weather, repair_log
from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.derive import dew_point, relative_humidity_from_dew, standard_pressure
from weather.quality.axis import mean_of_instants
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.quality.gaps import fill_gaps
from weather.quality.sunlight import sunlight

PLACE = {"latitude": 37.5, "longitude": 105.2, "altitude_m": 1226.0}
HOUR = np.timedelta64(1, "h")


def draft(hours: int = 72, *, start: str = "2026-06-10T16:00", step: np.timedelta64 = HOUR, **change) -> Draft:
    """Clear June days, every variable the mean of its interval."""
    time = np.datetime64(start, "ns") + np.arange(hours) * step
    sun = sunlight(time, latitude=PLACE["latitude"], longitude=PLACE["longitude"])
    dni, dhi = sun.over(sun.clear["dni"]) * 0.8, sun.over(sun.clear["dhi"]) * 0.2
    # the beam's own mean over the interval, so that the parts close as a source's do
    ghi = sun.over(0.8 * sun.clear["dni"] * np.maximum(sun.cos_zenith, 0.0)) + dhi
    temp = 22.0 + 6.0 * np.sin(2.0 * np.pi * np.arange(hours) / 24.0)
    values = {
        "ghi": ghi,
        "dni": dni,
        "dhi": dhi,
        "temp_air": temp,
        "temp_dew": np.full(hours, 8.0),
        "relative_humidity": relative_humidity_from_dew(temp, 8.0),
        "pressure": np.full(hours, 87_400.0),
        "wind_speed": 3.0 + np.cos(np.arange(hours) / 5.0),
    }
    made = Draft(
        where="made.csv",
        time=time,
        values=values,
        label=dict.fromkeys(values, "start"),
        **PLACE,
        attrs={"source": "made", "licence": "none", "history": "made by a test", "utc_offset_h": 8.0},
        rows=np.arange(hours) + 2,
    )
    return replace(made, **change)


def with_values(made: Draft, **arrays: np.ndarray | None) -> Draft:
    """The draft with columns replaced, added, or (None) taken away."""
    values = {name: array for name, array in {**made.values, **arrays}.items() if array is not None}
    return replace(made, values=values, label={name: made.label.get(name, "start") for name in values})


def spoilt(made: Draft, name: str, rows: object, value: float) -> Draft:
    array = made.values[name].copy()
    array[rows] = value
    return with_values(made, **{name: array})


def without_rows(made: Draft, gone: list[int]) -> Draft:
    kept = np.setdiff1d(np.arange(made.time.size), gone)
    return replace(
        made,
        time=made.time[kept],
        rows=made.rows[kept],
        values={name: array[kept] for name, array in made.values.items()},
    )


def log(weather) -> list[tuple[str, str, int]]:
    return [(entry.variable, entry.meaning, entry.count) for entry in repair_log(weather)]


def test_a_sound_draft_passes_untouched():
    made = draft()
    weather = finish(made)
    assert check_weather(weather) is weather and log(weather) == []
    assert weather.attrs["history"] == "made by a test"
    for name, array in made.values.items():
        assert np.array_equal(weather[name].values, array)
    assert {name: weather.attrs[name] for name in PLACE} == PLACE
    assert {name: float(weather[name]) for name in PLACE} == PLACE


@pytest.mark.parametrize("hours", [1, 2, 3])
def test_rows_that_lack_up_to_three_hours_are_bridged(hours):
    made = draft()
    gone = list(range(33, 33 + hours))  # the forenoon of the second day
    with pytest.warns(WeatherWarning, match=rf"filled: ghi, dni, dhi, temp_air.*in {hours} interval"):
        weather = finish(without_rows(made, gone))
    assert np.array_equal(weather["time"].values, made.time)
    for name, array in made.values.items():
        assert np.array_equal(np.flatnonzero(weather[f"flag_{name}"].values == flags.FILLED), gone)
        assert weather[name].values[gone] == pytest.approx(array[gone], rel=0.05, abs=1.0), name


def test_radiation_is_bridged_through_the_clear_sky_not_by_a_line():
    made = draft()
    gone = [29, 30, 31]  # sunrise: a straight line would be far off
    with pytest.warns(WeatherWarning, match="filled"):
        weather = finish(without_rows(made, gone))
    line = np.interp(gone, [28, 32], made.values["ghi"][[28, 32]])
    error = np.abs(weather["ghi"].values[gone] - made.values["ghi"][gone]).max()
    assert error < 20.0 < 60.0 < np.abs(line - made.values["ghi"][gone]).max()


@pytest.mark.parametrize("gone", [[30, 31, 32, 33], [0, 1, 2, 3, 40, 41, 42, 43, 44]])
def test_a_longer_gap_is_refused(gone):
    gone = [row for row in gone if row > 3] or gone
    with pytest.raises(
        DataError, match=rf"missing in {len(gone)} interval.*the longest is {len(gone)} h from 2026-06-1"
    ):
        finish(without_rows(draft(), gone))


def test_gap_length_is_in_hours_not_rows():
    made = draft(288, step=np.timedelta64(15, "m"))
    with pytest.warns(WeatherWarning, match="in 12 interval"):
        finish(without_rows(made, list(range(120, 132))))
    with pytest.raises(DataError, match=r"3.25 h"):
        finish(without_rows(made, list(range(120, 133))))


def test_an_open_end_is_cut_off_aloud():
    made = spoilt(draft(), "wind_speed", slice(60, None), np.nan)
    with pytest.raises(DataError, match="wind_speed is missing in 12"):
        finish(made)
    with pytest.warns(WeatherWarning, match=r"cut off: 12 interval.*ends at 2026-06-13T04:00Z"):
        weather = finish(replace(made, open_end=True))
    assert weather.sizes["time"] == 60


def test_identical_rows_are_dropped_and_conflicting_ones_refused():
    made = draft()
    order = np.insert(np.arange(72), 10, 10)
    twice = replace(
        made,
        time=made.time[order],
        rows=np.arange(73) + 2,
        values={name: array[order] for name, array in made.values.items()},
    )
    with pytest.warns(WeatherWarning, match="there twice with the same values, first row 12"):
        weather = finish(twice)
    assert weather.sizes["time"] == 72
    with pytest.raises(
        DataError, match=r"made.csv, row 13 .*there twice with different values \(temp_air 2[0-9.]+ and 9\)"
    ):
        finish(spoilt(twice, "temp_air", 11, 9.0))


def test_unsorted_rows_are_sorted_aloud_and_uneven_stamps_refused():
    made = draft()
    order = np.random.default_rng(1).permutation(72)
    mixed = replace(
        made, time=made.time[order], rows=order + 2, values={name: array[order] for name, array in made.values.items()}
    )
    with pytest.warns(WeatherWarning, match="not in order of time"):
        weather = finish(mixed)
    assert np.array_equal(weather["ghi"].values, made.values["ghi"])
    uneven = made.time.copy()
    uneven[40] += np.timedelta64(7, "m")
    with pytest.raises(DataError, match=r"row 42 .*do not lie on the step of 1 h"):
        finish(replace(made, time=uneven))
    far = made.time.copy()
    far[-1] += np.timedelta64(4000, "D")
    with pytest.raises(DataError, match="the widest hole lies after row 72"):
        finish(replace(made, time=far))


def test_small_faults_are_clipped_and_flagged():
    made = spoilt(spoilt(draft(), "ghi", 2, -3.0), "relative_humidity", 5, 103.0)
    weather = finish(made)
    assert float(weather["ghi"][2]) == 0.0 and float(weather["relative_humidity"][5]) == 100.0
    assert log(weather) == [("ghi", "clipped", 1), ("relative_humidity", "clipped", 1)]
    assert weather.attrs["history"].count("clipped") == 2


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ghi", -6.0, "ghi is out of range in 1 value(s): got -6, allowed 0 to 1500 W/m2"),
        ("relative_humidity", 106.0, "got 106, allowed 0 to 100 %"),
        ("wind_speed", 61.0, "got 61, allowed 0 to 60 m/s"),
        ("pressure", 874.0, "got 874, allowed 45000 to 110000 Pa"),
        ("temp_air", np.inf, "got inf"),
    ],
)
def test_large_faults_are_refused_and_with_repair_taken_as_missing(name, value, words):
    made = spoilt(draft(), name, 40, value)
    with pytest.raises(DataError, match=re.escape("made.csv, row 42 (2026-06-12T08:00Z): ")) as caught:
        finish(made)
    assert words in str(caught.value)
    with pytest.warns(WeatherWarning, match=f"filled: {name} in 1 interval"):
        weather = finish(made, repair=True)
    assert (name, "filled", 1) in log(weather)
    assert "taken as missing" in weather.attrs["history"]


def test_twenty_rows_are_named_and_the_rest_counted():
    with pytest.raises(DataError) as caught:
        finish(spoilt(draft(), "wind_speed", slice(10, 40), 99.0))
    named = [int(number) for number in re.search(r"\) and ([\d, ]+) and 10 more", str(caught.value))[1].split(", ")]
    assert named == list(range(13, 32))


def test_radiation_beyond_the_sun_is_refused_and_with_repair_set_to_the_limit():
    night = spoilt(draft(), "ghi", 3, 60.0)  # local midnight and three hours
    with pytest.raises(
        DataError, match=r"ghi exceeds 1.2 times .* first at 2026-06-10T19:00Z; at worst 60 W/m2 where 20"
    ):
        finish(night)
    with pytest.warns(WeatherWarning, match="set to the limit"):
        weather = finish(night, repair=True)
    assert ("ghi", "clipped", 1) in log(weather) and float(weather["ghi"][3]) == 20.0
    everywhere = with_values(draft(), ghi=np.minimum(draft().values["ghi"] * 2.6, 1490.0))
    for repair in (False, True):
        with pytest.raises(DataError, match=r"ghi exceeds 1.2 times"):
            finish(everywhere, repair=repair)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temp_air": lambda x: x + 273.15}, "It looks like K"),
        ({"temp_air": lambda x: x * 1.8 + 32.0}, "It looks like degF"),
        ({"pressure": lambda x: x / 100.0}, "It looks like hPa"),
        ({"pressure": lambda x: x / 1000.0}, "It looks like kPa"),
        ({"pressure": lambda x: x * 101_325.0 / 87_400.0}, "reduced to sea level"),
        ({"relative_humidity": lambda x: x / 100.0}, "it looks like a fraction"),
        ({"ghi": lambda x: x / 1000.0}, "it looks like kW/m2"),
        ({"ghi": lambda x: x * 3.6}, "kJ/m2"),
        ({"ghi": lambda x: x * 0.0036}, "MJ/m2"),
        ({"wind_speed": lambda x: x * 36.0}, "It looks like km/h"),
    ],
)
def test_a_unit_that_slipped_is_named(change, words):
    made = draft()
    with pytest.raises(DataError, match=re.escape(words)):
        finish(with_values(made, **{name: convert(made.values[name]) for name, convert in change.items()}))


def test_fahrenheit_of_a_cold_month_is_found_by_humidity():
    made = draft(24 * 20)
    cool = with_values(made, temp_air=made.values["temp_air"] - 12.0, temp_dew=made.values["temp_dew"] - 4.0)
    cool = with_values(
        cool, relative_humidity=relative_humidity_from_dew(cool.values["temp_air"], cool.values["temp_dew"])
    )
    finish(cool)
    both = {name: cool.values[name] * 1.8 + 32.0 for name in ("temp_air", "temp_dew")}
    assert both["temp_air"].max() < 62.0
    with pytest.raises(DataError, match=r"degF|out of range"):
        finish(with_values(cool, **both))


def test_a_month_of_kilometres_per_hour():
    made = draft(24 * 31)
    finish(made)
    with pytest.raises(DataError, match=r"mean of 10\.8 m/s .*km/h \(3\.0 m/s\)"):
        finish(with_values(made, wind_speed=made.values["wind_speed"] * 3.6))


def test_what_is_missing_is_derived_and_flagged():
    made = draft()
    weather = finish(with_values(made, dni=None, dhi=None, temp_dew=None, pressure=None))
    assert log(weather) == [(name, "derived", 72) for name in ("temp_dew", "pressure", "dni", "dhi")] or sorted(
        log(weather)
    ) == sorted((name, "derived", 72) for name in ("dni", "dhi", "temp_dew", "pressure"))
    humidity = made.values["relative_humidity"]
    assert weather["temp_dew"].values == pytest.approx(dew_point(made.values["temp_air"], humidity))
    assert weather["pressure"].values == pytest.approx(float(standard_pressure(1226.0)))
    sun = sunlight(made.time, latitude=37.5, longitude=105.2)
    cosine = sun.over(np.maximum(sun.cos_zenith, 0.0))
    closed = weather["dni"].values * np.where(cosine > 0.0523, cosine, 0.0) + weather["dhi"].values
    assert closed == pytest.approx(made.values["ghi"], abs=1e-9)
    assert "Erbs-Driesse" in weather.attrs["history"]


@pytest.mark.parametrize("gone", ["ghi", "dni", "dhi"])
def test_one_of_three_radiations_comes_from_the_other_two(gone):
    made = draft()
    weather = finish(with_values(made, **{gone: None}))
    assert (gone, "derived", 72) in log(weather)
    assert weather[gone].values == pytest.approx(made.values[gone], abs=50.0)


def test_wind_of_another_height_is_brought_to_ten_metres():
    weather = finish(
        with_values(draft(), wind_speed=None, wind_speed_50m=np.full(72, 6.0), wind_speed_100m=np.full(72, 7.0))
    )
    assert weather["wind_speed"].values == pytest.approx(6.0 * (10.0 / 50.0) ** (1.0 / 7.0))
    assert "from wind_speed_50m by the power law with exponent 1/7 (assumption)" in weather.attrs["history"]


@pytest.mark.parametrize("gone", [["ghi", "dni"], ["temp_air"], ["wind_speed"], ["temp_dew", "relative_humidity"]])
def test_what_cannot_be_derived_is_asked_for(gone):
    with pytest.raises(DataError, match=f"holds no {gone[0]}"):
        finish(with_values(draft(), **dict.fromkeys(gone)))


def test_an_optional_variable_with_holes_is_left_out_aloud():
    high = np.full(72, 7.0)
    high[20:40] = np.nan
    with pytest.warns(WeatherWarning, match="wind_speed_100m is missing in 20 interval"):
        weather = finish(with_values(draft(), wind_speed_100m=high))
    assert "wind_speed_100m" not in weather and "left out: wind_speed_100m" in weather.attrs["history"]


def test_labels_meet_on_one_axis():
    """Means under start, end and middle labels and instants of the same hours become one Dataset."""
    made = draft()
    values, hours = dict(made.values), made.time
    stamps = hours + HOUR  # ends
    at_ends = lambda array: np.append(array[:-1] * 0.5 + array[1:] * 0.5, array[-1])  # noqa: E731
    label = dict.fromkeys(values, "end") | {"temp_air": "instant", "wind_speed": "instant"}
    values |= {name: at_ends(values[name]) for name in ("temp_air", "wind_speed")}
    weather = finish(replace(made, time=stamps, values=values, label=label))
    # an instant at the end of the first hour covers no interval before it
    assert weather["time"].values[0] == hours[1] and weather["time"].values[-1] == hours[-1]
    rows = slice(1, None)
    assert np.array_equal(weather["ghi"].values, made.values["ghi"][rows])
    assert weather["temp_air"].values[:-1] == pytest.approx(made.values["temp_air"][1:-1], abs=0.15)
    assert (weather["flag_temp_air"].values == flags.FROM_INSTANTS).all() and "flag_ghi" not in weather


@given(inside=st.integers(0, 59), slope=st.floats(-3.0, 3.0), seed=st.integers(0, 99))
def test_straight_lines_between_instants_are_met_exactly(inside, slope, seed):
    starts = np.datetime64("2026-01-01", "ns") + np.arange(30) * HOUR
    time = starts + np.timedelta64(inside, "m")
    hours = np.arange(30) + inside / 60.0
    means = mean_of_instants(5.0 + slope * hours, time=time, starts=starts, ring=False)
    assert means[1:-1] == pytest.approx(5.0 + slope * (np.arange(30) + 0.5)[1:-1], abs=1e-9)
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=30)
    ring = mean_of_instants(noise, time=time, starts=starts, ring=True)
    assert ring.mean() == pytest.approx(noise.mean() if inside == 0 else ring.mean(), abs=1e-12)


@given(values=st.lists(st.one_of(st.floats(-5, 40), st.just(np.nan)), min_size=4, max_size=60), most=st.integers(0, 4))
def test_gaps_are_bridged_wholly_or_not_at_all(values, most):
    array = np.array(values)
    if np.isnan(array).all():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bridged, filled = fill_gaps(array, most=most)
    assert np.array_equal(bridged[~filled], array[~filled], equal_nan=True)
    assert np.isnan(array[filled]).all() and np.isfinite(bridged[filled]).all()
    missing = np.flatnonzero(np.isnan(bridged))
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if missing.size else []
    assert all(run.size > most or run[0] == 0 or run[-1] == array.size - 1 for run in runs)
    known = array[np.isfinite(array)]
    assert (bridged[filled] >= known.min() - 1e-12).all() and (bridged[filled] <= known.max() + 1e-12).all()


def test_a_direction_is_bridged_the_short_way_round():
    bridged, filled = fill_gaps(np.array([350.0, np.nan, 10.0]), most=1, circle=360.0)
    assert list(filled) == [False, True, False] and bridged[1] == pytest.approx(0.0, abs=1e-9)


def test_members_go_through_together():
    made = draft()
    pair = {name: np.stack([array, array]) for name, array in made.values.items()}
    pair["temp_air"][1, 20:22] = np.nan
    with pytest.warns(WeatherWarning, match="filled: temp_air in 2 interval"):
        weather = finish(replace(made, values=pair))
    assert weather["ghi"].dims == ("member", "time")
    assert list(np.argwhere(weather["flag_temp_air"].values).ravel()) == [1, 20, 1, 21]


def test_repair_is_one_of_three():
    with pytest.raises(DataError, match="allowed: False, True or 'months'"):
        finish(draft(), repair="weeks")


def test_the_axis_may_cross_a_leap_day_and_a_year():
    for start in ("2028-02-28T16:00", "2027-12-30T16:00"):
        weather = finish(draft(start=start))
        assert (pd.Series(weather["time"].values).diff().dropna() == pd.Timedelta(hours=1)).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: {"dni": v["ghi"] - v["dhi"]}, "dni looks like the beam on the horizontal"),
        (lambda v: {"ghi": 0.6 * v["ghi"]}, "ghi looks too small by a factor of 1.67"),
        (lambda v: {"dni": v["dhi"], "dhi": v["dni"]}, "dni and dhi look exchanged"),
        (lambda v: {"dni": 0.0 * v["dni"]}, "do not belong together"),
        (lambda v: {"dhi": 4.0 * v["dhi"]}, "do not belong together"),
    ],
)
def test_columns_that_no_clock_makes_one_sky_are_told_not_blamed_on_the_clock(change, words):
    made = draft(240)
    with pytest.warns(WeatherWarning, match=re.escape(words)):
        weather = finish(with_values(made, **change(made.values)))
    assert "found: ghi, dni and dhi do not belong together" in weather.attrs["history"]
    assert "stamped" not in weather.attrs["history"].replace("as stamped", "")


@pytest.mark.parametrize("gone", ["pressure", "temp_dew", "relative_humidity", "dni", "dhi"])
def test_a_column_without_any_value_is_one_the_source_does_not_have(gone):
    made = draft()
    weather = finish(with_values(made, **{gone: np.full(72, np.nan)}))
    assert (gone, "derived", 72) in log(weather)
    assert f"no value in the source: {gone}" in weather.attrs["history"]
    for needed in ("temp_air", "wind_speed"):
        with pytest.raises(DataError, match=f"holds no {needed}"):
            finish(with_values(made, **{needed: np.full(72, np.nan)}))


def test_a_series_that_goes_on_in_another_step_is_refused():
    made = draft(240)
    kept = [*range(120), *range(120, 240, 3)]
    with pytest.raises(DataError, match=r"row 122 .* 3[0-9] stamps follow each other by 3 h, most others by 1 h"):
        finish(without_rows(made, [row for row in range(240) if row not in kept]))


def test_what_would_be_mostly_bridged_is_refused():
    made = spoilt(draft(240), "wind_speed", [row for row in range(1, 239) if row % 3], np.nan)
    with pytest.raises(DataError, match=r"wind_speed would be filled in 15[0-9] of 240 .* at most 25%"):
        finish(made)


def test_sea_level_pressure_is_told_from_four_hundred_metres_on():
    low = replace(draft(), altitude_m=450.0)
    with pytest.raises(DataError, match="reduced to sea level"):
        finish(with_values(low, pressure=np.full(72, 101_600.0)))
    finish(with_values(low, pressure=np.full(72, 96_500.0)))


@pytest.mark.parametrize("step_min", [10, 20, 40, 45, 80])
def test_odd_steps_have_a_sun_too(step_min):
    hours = 24 * 12 * 60 // step_min
    made = draft(hours, step=np.timedelta64(step_min, "m"))
    weather = finish(made)
    assert log(weather) == [] and weather.sizes["time"] == hours


def test_radiation_derived_under_a_wrong_clock_is_derived_again_once_that_is_mended():
    made = draft(24 * 30)
    early = replace(made, time=made.time - np.timedelta64(1, "h"))
    with pytest.warns(WeatherWarning, match="stamped 1 h too early"):
        stamped = finish(with_values(early, dni=None, dhi=None))
    again = replace(
        early,
        values={name: stamped[name].values for name in early.values},
        flagged={name: stamped[f"flag_{name}"].values for name in ("dni", "dhi")},
    )
    with pytest.warns(WeatherWarning, match="radiation was moved: ghi by"):
        mended = finish(again, repair=True)
    with pytest.warns(WeatherWarning, match="radiation was moved"):
        straight = finish(with_values(early, dni=None, dhi=None), repair=True)
    assert mended["dni"].values == pytest.approx(straight["dni"].values, abs=1e-9)
    assert (mended["flag_dni"].values == flags.DERIVED).all()


def test_ghi_alone_of_a_whole_year_is_never_refused_for_the_beam_made_of_it(shared_data_dir):
    from weather import read_epw

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)
        for path in sorted((shared_data_dir / "weather").glob("*.epw")):
            year = read_epw(path)
            names = ("ghi", "temp_air", "relative_humidity", "pressure", "wind_speed")
            values = {name: year[name].values for name in names}
            place = {name: float(year[name]) for name in PLACE}
            made = Draft(
                where=path.name, time=year["time"].values, values=values, label=dict.fromkeys(values, "start"),
                attrs=draft().attrs, **place,
            )  # fmt: skip
            whole = finish(made)
            assert float(whole["dni"].max()) < 1250.0
