"""Psychrometrics against published values and psychrolib."""

import numpy as np
import psychrolib
import pytest

from weather import derive
from weather.conventions.errors import DataError


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
