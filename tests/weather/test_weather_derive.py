"""Psychrometrics against published values and psychrolib; the split of ghi; wind over height."""

import numpy as np
import psychrolib
import pytest

from weather import derive
from weather.conventions.errors import DataError
from weather.derive import decompose_ghi, shear_exponent, wind_at_height


@pytest.mark.parametrize(
    ("temp", "humidity", "pressure", "wet"),
    [  # PsychroLib 2.5.0
        (28, 35, 87500, 17.032),
        (32, 25, 87500, 17.533),
        (-15, 60, 87500, -16.026),
        (24, 75, 87000, 20.610),
        (35, 15, 101325, 17.438),
        (35, 15, 81000, 16.088),
    ],
)
def test_wet_bulb_reference_values(temp, humidity, pressure, wet):
    assert float(derive.wet_bulb(temp, humidity, pressure)) == pytest.approx(wet, abs=0.001)


@pytest.fixture(scope="module")
def air():
    rng = np.random.default_rng(11)
    return rng.uniform(-30, 45, 800), rng.uniform(3, 100, 800), rng.uniform(81_000, 102_000, 800)


def test_wet_bulb_agrees_with_psychrolib_but_on_the_ice_branch(air):
    psychrolib.SetUnitSystem(psychrolib.SI)
    ours = derive.wet_bulb(*air)
    theirs = np.array([psychrolib.GetTWetBulbFromRelHum(t, h / 100, p) for t, h, p in zip(*air, strict=True)])
    # psychrolib stops at 1e-3 K; where the wet bulb is within 0.7 K of freezing either phase may be meant
    assert np.abs(ours - theirs)[np.abs(theirs) > 0.7].max() < 1e-3
    assert np.abs(ours - theirs).max() < 0.7


def test_dew_point_agrees_with_psychrolib(air):
    psychrolib.SetUnitSystem(psychrolib.SI)
    temp, humidity, _ = air
    theirs = [psychrolib.GetTDewPointFromRelHum(t, h / 100) for t, h in zip(temp, humidity, strict=True)]
    assert derive.dew_point(temp, humidity) == pytest.approx(theirs, abs=1e-3)


def test_dew_point_and_humidity_are_inverse(air):
    temp, humidity, _ = air
    back = derive.relative_humidity_from_dew(temp, derive.dew_point(temp, humidity))
    # the ice and liquid curves meet at the triple point to 2e-5 only
    assert back == pytest.approx(humidity, rel=5e-5)


def test_order_of_the_three_temperatures(air):
    temp, humidity, pressure = air
    wet, dew = derive.wet_bulb(temp, humidity, pressure), derive.dew_point(temp, humidity)
    assert (wet <= temp).all() and (dew <= temp).all()
    above = dew > 0.7
    assert (dew[above] <= wet[above] + 1e-6).all()


def test_saturated_air_has_one_temperature():
    temp = np.array([-20.0, 5.0, 30.0])
    assert derive.wet_bulb(temp, 100.0, 87_000.0) == pytest.approx(temp, abs=1e-6)
    assert derive.dew_point(temp, 100.0) == pytest.approx(temp, abs=1e-6)
    assert (derive.relative_humidity_from_dew(temp, temp + 1.0) == 100.0).all()


def test_everything_broadcasts():
    wet = derive.wet_bulb(np.full((3, 1), 20.0), np.full((1, 4), 50.0), 87_000.0)
    assert wet.shape == (3, 4)


@pytest.mark.parametrize(
    ("altitude_m", "pressure", "density"),
    [(1226, 87438, 1.0758), (1050, 89331, 1.0990), (1420, 85390, 1.0506), (1250, 87183, 1.0726)],
)
def test_pressure_and_density_of_the_hubs(altitude_m, pressure, density):
    found = float(derive.standard_pressure(altitude_m))
    assert found == pytest.approx(pressure, abs=1)
    assert float(derive.air_density(10.0, found)) == pytest.approx(density, abs=1e-4)


@pytest.mark.parametrize("humidity", [-1.0, 101.0, np.nan])
def test_impossible_humidity_is_refused(humidity):
    with pytest.raises(DataError, match="0 to 100"):
        derive.wet_bulb(20.0, humidity, 87_000.0)


def test_dry_air_has_no_dew_point():
    with pytest.raises(DataError, match="without water"):
        derive.dew_point(20.0, 0.0)


def test_split_closes_and_stays_within_the_sun():
    rng = np.random.default_rng(5)
    cosine = rng.uniform(0.0, 1.0, 2000)
    ghi = rng.uniform(0.0, 1.3, 2000) * 1361.0 * cosine
    dni, dhi = decompose_ghi(ghi, cosine, rng.integers(1, 367, 2000))
    cleanest = 1361.0 * 1.04 * np.exp(-0.10 / np.maximum(cosine, 0.0523))
    assert (dni >= 0.0).all() and (dni <= cleanest + 1e-9).all() and (dhi >= 0.0).all()
    beam = np.where(cosine > 0.0523, cosine, 0.0)
    assert dni * beam + dhi == pytest.approx(ghi, abs=1e-9)
    assert (dni[cosine < 0.05] == 0.0).all()
    overcast = decompose_ghi(100.0, 0.9, 172)
    assert float(overcast[1]) == pytest.approx(100.0, abs=2.0)  # Erbs: kt of 0.08 is all cloud


def test_shear_of_two_heights_is_that_of_the_law():
    speed = np.array([1.5, 4.0, 12.0])
    for alpha in (0.05, 1.0 / 7.0, 0.4):
        high = wind_at_height(speed, height_m=10.0, to_m=100.0, shear=alpha)
        assert shear_exponent(speed, high, height_low_m=10.0, height_high_m=100.0) == pytest.approx(alpha, rel=1e-12)
        assert wind_at_height(high, height_m=100.0, to_m=10.0, shear=alpha) == pytest.approx(speed)
    calm = shear_exponent(np.array([0.4, 3.0]), np.array([3.0, 0.9]), height_low_m=10.0, height_high_m=80.0)
    assert np.isnan(calm).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (10.0, 10.0), (100.0, 10.0), (np.nan, 10.0)])
def test_heights_that_make_no_sense_are_refused(low, high):
    with pytest.raises(DataError, match="wind heights"):
        shear_exponent(3.0, 4.0, height_low_m=low, height_high_m=high)


@pytest.mark.parametrize(
    ("temp", "pressure", "words"),
    [(300.0, 101_325.0, "temperature is outside"), (30.0, 1013.0, "pressure is outside"), (np.nan, 9e4, "temperature")],
)
def test_wet_bulb_of_a_unit_that_slipped_is_refused(temp, pressure, words):
    with pytest.raises(DataError, match=words):
        derive.wet_bulb(temp, 50.0, pressure)


@pytest.mark.parametrize(("temp", "dew", "ice", "water"), [(5.0, -5.0, 46.0, 48.35), (-10.0, -15.0, 63.6, 66.8)])
def test_humidity_below_freezing_is_of_ice_or_of_water(temp, dew, ice, water):
    """Water: Sonntag 1990 gives 48.4 and 66.9."""
    assert float(derive.relative_humidity_from_dew(temp, dew)) == pytest.approx(ice, abs=0.1)
    assert float(derive.relative_humidity_from_dew(temp, dew, over_water=True)) == pytest.approx(water, abs=0.1)
    warm = derive.relative_humidity_from_dew(20.0, 5.0), derive.relative_humidity_from_dew(20.0, 5.0, over_water=True)
    assert float(warm[0]) == pytest.approx(float(warm[1]), rel=1e-12)
