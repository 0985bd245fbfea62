"""Wind: the maker's curve, density, and the edges of the curve."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.wind import WindPlant, hub_wind_speed, turbine_curve, wind_power
from weather.conventions.errors import ConfigError, DataError
from weather.derive import air_density

PLANT = WindPlant(
    capacity_kw=4200.0, turbine="E-141/4200", hub_height_m=100.0, shear_exponent=0.0, loss_frac=0.0
)
# The pressure and temperature at 2 m that make 1.225 kg/m3 at a hub of 100 m.
SEA = {"temp_air": 15.0 + 0.0065 * 98, "pressure": 101325.0 * float(np.exp(9.80665 / 287.058 * 98 / 288.787))}


def test_e141_curve_at_sea_level_density(make_weather):
    """Enercon's table, kW at 3 to 13 m/s, and rated to 25 m/s."""
    published = [104, 260, 523, 920, 1471, 2151, 2867, 3481, 3903, 4119, 4196]
    weather = make_weather(hours=11, wind_speed=np.arange(3.0, 14.0), **SEA)
    assert wind_power(weather, PLANT).to_numpy() == pytest.approx(published, rel=2e-5)
    fast = make_weather(hours=3, wind_speed=[14.0, 20.0, 25.0], **SEA)
    assert wind_power(fast, PLANT).to_numpy() == pytest.approx([4200.0] * 3)


def test_density_is_the_cube_root_correction(make_weather):
    """Zhongwei at 10 degC: rho 1.0758, (rho/1.225)**(1/3) = 0.9576; a hub at 10 m stays near that."""
    low = replace(PLANT, hub_height_m=10.0)
    weather = make_weather(hours=2, wind_speed=8.0, temp_air=10.0, pressure=87438.0)
    speed, share = turbine_curve("E-141/4200")
    expected = 4200.0 * np.interp(8.0 * 0.9576, speed, share)
    assert wind_power(weather, low).to_numpy() == pytest.approx([expected] * 2, rel=2e-3)
    assert air_density(10.0, 87438.0) == pytest.approx(1.0758, abs=5e-5)


def test_altitude_costs_eight_to_ten_percent_of_a_weibull_year(make_weather):
    rng = np.random.default_rng(5)
    speed = rng.weibull(2.0, 4000) * 7.5
    sea = make_weather(hours=4000, wind_speed=speed, **SEA)
    high = make_weather(hours=4000, wind_speed=speed, temp_air=10.0, pressure=87438.0)
    loss = 1.0 - float(wind_power(high, PLANT).sum() / wind_power(sea, PLANT).sum())
    assert 0.06 < loss < 0.11


def test_above_cut_out_is_zero_judged_on_the_raw_speed(make_weather):
    """Thin air: 25.1 m/s is equivalent to 24 m/s, and the machine stands all the same."""
    weather = make_weather(hours=4, wind_speed=[24.9, 25.1, 30.0, 60.0])
    power = wind_power(weather, PLANT).to_numpy()
    assert power[0] == pytest.approx(4200.0)
    assert np.all(power[1:] == 0.0)


def test_calm_is_exactly_zero(make_weather):
    assert np.all(wind_power(make_weather(hours=2, wind_speed=[0.0, 1.0]), PLANT).to_numpy() == 0.0)


def test_dense_cold_air_does_not_pass_the_rating(make_weather):
    cold = make_weather(hours=2, wind_speed=24.9, temp_air=-30.0, pressure=104000.0, relative_humidity=60.0)
    assert wind_power(cold, PLANT).to_numpy() == pytest.approx([4200.0] * 2)


def test_nearest_height_is_sheared(make_weather):
    plant = replace(PLANT, hub_height_m=120.0, shear_exponent=0.2)
    weather = make_weather(hours=2, wind_speed=5.0)
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx([5.0 * 12.0**0.2] * 2)
    with_100 = weather.assign(wind_speed_100m=weather["wind_speed"] * 0 + 7.0)
    assert hub_wind_speed(with_100, plant).to_numpy() == pytest.approx([7.0 * 1.2**0.2] * 2)


@given(low=st.floats(0.0, 20.0), more=st.floats(0.0, 3.0), loss=st.floats(0.0, 0.5))
@pytest.mark.parametrize("turbine", ["E-141/4200", "SWT142/3150", "V126/3450", "VS112/2500"])
def test_power_rises_with_wind_below_cut_out_and_keeps_its_limits(make_weather, turbine, low, more, loss):
    plant = replace(PLANT, turbine=turbine, loss_frac=loss, capacity_kw=1000.0)
    top = min(low + more, float(turbine_curve(turbine)[0][-1]))
    power = wind_power(make_weather(hours=2, wind_speed=[min(low, top), top]), plant).to_numpy()
    assert power[0] <= power[1] + 1e-9
    assert power[0] >= 0.0 and power[1] <= 1000.0 * (1 - loss) + 1e-9


def test_our_curve_reading_equals_windpowerlib(make_weather):
    power_output = pytest.importorskip("windpowerlib.power_output")
    speed = np.linspace(2.1, 24.9, 60)
    curve_speed, share = turbine_curve("V126/3450")
    inside = speed <= curve_speed[-1]
    theirs = power_output.power_curve(speed, curve_speed, share * 3450.0, density_correction=False)
    ours = wind_power(
        make_weather(hours=60, wind_speed=speed, **SEA),
        replace(PLANT, turbine="V126/3450", capacity_kw=3450.0),
    ).to_numpy()
    assert ours[inside] == pytest.approx(theirs[inside], rel=1e-4, abs=1e-3)


def test_faults_are_named(make_weather):
    with pytest.raises(ConfigError, match=r"E-141/4200, SWT142/3150"):
        wind_power(make_weather(), replace(PLANT, turbine="windmill"))
    with pytest.raises(DataError, match="2 wind speeds are missing or negative"):
        wind_power(make_weather(hours=3, wind_speed=[1.0, -1.0, np.nan]), PLANT)
    with pytest.raises(ConfigError, match="hub_height_m"):
        replace(PLANT, hub_height_m=0.0)
