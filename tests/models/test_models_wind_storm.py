"""Wind: storms, frost, the blur of turbulence, and plants that are refused."""

from dataclasses import replace

import numpy as np
import pytest

from models.wind import WindLosses, WindPlant, wind_power
from weather.conventions.errors import ConfigError

PLANT = WindPlant(capacity_kw=100.0, turbine="VS112/2500", shear_exponent=0.0, loss_frac=0.0)  # cut-out 25 m/s
GUST = [20.0, 24.9, 25.1, 24.0, 22.5, 21.9, 24.0, 23.0, 26.0, 5.0]


def running(make_weather, plant, speed, **given):
    weather = make_weather(hours=len(speed), wind_speed=speed, **given)
    return wind_power(weather, plant).to_numpy() > 0


def test_a_sharp_cut_out_stops_the_step_alone(make_weather):
    assert list(running(make_weather, PLANT, GUST)) == [True, True, False, True, True, True, True, True, False, True]


def test_hysteresis_holds_until_the_wind_is_below_the_restart(make_weather):
    """Off at 25.1, still off at 24.0 and 22.5, on again at 21.9 (22 = 25 - 3), on at 24; off at 26, on at 5."""
    plant = replace(PLANT, storm="hysteresis")
    on = running(make_weather, plant, GUST)
    assert list(on) == [True, True, False, False, False, True, True, True, False, True]
    later = running(make_weather, replace(plant, storm_restart_m_s=24.5), GUST)
    assert list(later) == [True, True, False, True, True, True, True, True, False, True]


def test_hysteresis_is_the_loop_over_the_hours(make_weather):
    rng = np.random.default_rng(3)
    speed = 24.0 + 3.0 * rng.standard_normal(3000)
    found = running(make_weather, replace(PLANT, storm="hysteresis"), speed)
    off, wanted = False, []
    for value in speed:
        off = True if value > 25.0 else (False if value < 22.0 else off)
        wanted.append(not off)
    assert list(found) == wanted and 0.2 < np.mean(found) < 0.8


def test_the_storm_ramp_falls_linearly_and_ends_in_nothing(make_weather):
    plant = replace(PLANT, storm="ramp", storm_ramp_m_s=(22.0, 28.0))
    weather = make_weather(hours=6, wind_speed=[21.9, 22.0, 25.0, 27.0, 28.0, 40.0])
    assert wind_power(weather, plant).to_numpy() == pytest.approx([100.0, 100.0, 50.0, 100.0 / 6, 0.0, 0.0])
    assert replace(PLANT, storm="ramp").storm_ramp == (22.0, 28.0)


def test_an_own_cut_out_takes_the_place_of_the_curves(make_weather):
    assert list(running(make_weather, replace(PLANT, cut_out_m_s=22.0), [21.9, 22.1])) == [True, False]
    assert list(running(make_weather, replace(PLANT, cut_out_m_s=28.0), [27.9, 28.1])) == [True, False]


def test_frost_stops_the_farm_until_it_is_warmer(make_weather):
    """Hub at 120 m: 0.77 K colder than at 2 m. Off below -30, on above -28 there."""
    temp = np.array([-20.0, -29.2, -29.3, -28.5, -27.3, -27.2, -29.0, -40.0])
    on = running(make_weather, PLANT, [10.0] * 8, temp_air=temp, relative_humidity=60.0)
    assert list(on) == [True, True, False, False, False, True, True, False]
    never = replace(PLANT, low_temperature_stop_degc=None)
    assert np.all(running(make_weather, never, [10.0] * 8, temp_air=temp, relative_humidity=60.0))
    tight = replace(PLANT, low_temperature_restart_degc=-30.0)
    on = running(make_weather, tight, [10.0] * 8, temp_air=temp, relative_humidity=60.0)
    assert list(on) == [True, True, False, True, True, True, True, False]


def test_turbulence_blurs_the_curve_but_no_edge(make_weather):
    blurred = replace(PLANT, turbulence_intensity=0.12)
    speed = [3.0, 5.0, 11.0, 24.9, 25.1]
    weather = make_weather(hours=5, wind_speed=speed)
    sharp, soft = (wind_power(weather, plant).to_numpy() for plant in (PLANT, blurred))
    assert soft[0] == soft[4] == 0.0, "edges are of the mean speed"
    assert soft[3] == pytest.approx(100.0, abs=1e-6)
    assert soft[1] > sharp[1] and soft[2] < sharp[2] - 2.0


@pytest.mark.parametrize(("mean_m_s", "change"), [(7.5, -0.012), (5.0, 0.005)])
def test_turbulence_changes_a_year_as_the_docstring_says(make_weather, mean_m_s, change):
    """Weibull 2.0, 254 W/m2, sea level; Gamma(1.5) = 0.8862."""
    speed = mean_m_s / 0.8862 * (-np.log(1 - (np.arange(8760) + 0.5) / 8760)) ** 0.5
    weather = make_weather(hours=8760, wind_speed=speed, pressure=101_325.0, temp_air=10.0)
    sharp, soft = (
        float(wind_power(weather, replace(PLANT, turbulence_intensity=intensity)).sum()) for intensity in (None, 0.12)
    )
    assert soft / sharp - 1.0 == pytest.approx(change, abs=0.002)


GOOD_CURVE = ((3.0, 8.0, 12.0, 25.0), (0.0, 900.0, 2000.0, 2000.0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity_kw", -1.0), ("capacity_kw", float("nan")), ("capacity_kw", "many"), ("hub_height_m", 0.0),
        ("hub_height_m", 400.0), ("shear_exponent", 0.9), ("shear_exponent", "guessed"), ("loss_frac", 1.0),
        ("loss_frac", -0.1), ("turbulence_intensity", 0.5), ("turbulence_intensity", 0.0), ("speed_factor", 0.0),
        ("storm", "hope"), ("cut_out_m_s", 9.0), ("storm_restart_m_s", 20.0), ("storm_ramp_m_s", (22.0, 28.0)),
        ("low_temperature_stop_degc", 30.0), ("low_temperature_restart_degc", -31.0),
    ],
)  # fmt: skip
def test_invalid_plants_are_refused_with_the_field(field, value):
    with pytest.raises(ConfigError, match=f"wind plant: {field}: (got|given)"):
        replace(PLANT, **{field: value})


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ("E-141", "equally long lists"),
        (((3.0, 8.0), (0.0, 1.0)), "at least 3 points"),
        (((3.0, 8.0, 12.0), (0.0, 1.0)), "equally long"),
        (((3.0, 8.0, 8.0), (0.0, 1.0, 2.0)), "speeds that rise"),
        (((3.0, 8.0, 12.0), (0.0, -1.0, 2.0)), "power of at least 0"),
        (((3.0, 8.0, 12.0), (1.0, 1.5, 2.0)), "no power at the first speed"),
        (((3.0, 8.0, 12.0), (0.0, 2.0, 0.0)), "the cut-out"),
        (((3.0, 8.0, float("nan")), (0.0, 1.0, 2.0)), "finite"),
        (((3.0, 8.0, 120.0), (0.0, 1.0, 2.0)), "0 to 60 m/s"),
    ],
)
def test_own_curves_that_are_none_are_refused(curve, why):
    with pytest.raises(ConfigError, match=f"power_curve: got .*{why}"):
        replace(PLANT, turbine=None, power_curve=curve)


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(ConfigError, match="turbine and power_curve are both given"):
        replace(PLANT, power_curve=GOOD_CURVE)
    with pytest.raises(ConfigError, match="loss_frac and losses are both given"):
        replace(PLANT, losses=WindLosses())
    with pytest.raises(ConfigError, match="low_temperature_restart_degc: given without"):
        replace(PLANT, low_temperature_stop_degc=None, low_temperature_restart_degc=-20.0)
    with pytest.raises(ConfigError, match=r"storm_ramp_m_s: got \(28"):
        replace(PLANT, storm="ramp", storm_ramp_m_s=(28.0, 22.0))
    for ramp in ((22.0,), ("slow", "fast"), (22.0, float("nan"))):
        with pytest.raises(ConfigError, match=r"storm_ramp_m_s: got .*two rising speeds"):
            replace(PLANT, storm="ramp", storm_ramp_m_s=ramp)
    with pytest.raises(ConfigError, match="storm_restart_m_s: got 26"):
        replace(PLANT, storm="hysteresis", storm_restart_m_s=26.0)
    with pytest.raises(ConfigError, match="wind losses: wake_frac: got -0"):
        WindLosses(wake_frac=-0.1)
    with pytest.raises(ConfigError, match="got 'windmill', allowed"):
        replace(PLANT, turbine="windmill")


def test_an_own_curve_may_be_lists_and_leaves_the_plant_hashable():
    plant = replace(PLANT, turbine=None, power_curve=[[3, 8, 12, 25], [0, 900, 2000, 2000]])
    assert plant.power_curve == GOOD_CURVE and hash(plant) == hash(replace(plant))
    assert (plant.cut_in, plant.cut_out, plant.curve[1][-1]) == (3.0, 25.0, 1.0)
