"""Wind: the hub's wind and air, density, the edges of the curve, losses, labels."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from models.wind import WindLosses, WindPlant, hub_density, hub_wind_speed, turbine_curve, wind_power
from weather.conventions.errors import ConfigError, DataError
from weather.derive import air_density, standard_pressure

PLANT = WindPlant(capacity_kw=4200.0, turbine="E-141/4200", hub_height_m=100.0, shear_exponent=0.0, loss_frac=0.0)
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


def test_density_at_the_hub_is_that_of_the_standard_atmosphere_there():
    """ISO 2533: air that is standard at 1,226 m is so 118 m higher too."""
    ground, hub = 1226.0, 1226.0 + 118.0
    temp = 15.0 - 0.0065 * ground
    found = hub_density(np.array(temp), standard_pressure(ground), 120.0)
    wanted = air_density(15.0 - 0.0065 * hub, standard_pressure(hub))
    assert found == pytest.approx(wanted, rel=1e-4)
    assert found < 0.991 * air_density(temp, standard_pressure(ground))


@pytest.mark.parametrize("altitude_m", [1050.0, 1226.0, 1250.0, 1420.0])
def test_density_off_shows_what_altitude_takes(make_weather, altitude_m):
    """At the nodes' altitudes full-load hours without the correction are 8 to 12 percent too many."""
    rng = np.random.default_rng(5)
    speed = rng.weibull(2.0, 8000) * 6.5
    weather = make_weather(hours=8000, wind_speed=speed, temp_air=8.0, pressure=float(standard_pressure(altitude_m)))
    plant = replace(PLANT, turbine="VS112/2500")
    with_it, without = (float(wind_power(weather, replace(plant, density_correction=on)).sum()) for on in (True, False))
    assert 0.08 < without / with_it - 1.0 < 0.12
    at_sea = make_weather(hours=8000, wind_speed=speed, **SEA)
    assert without == pytest.approx(float(wind_power(at_sea, plant).sum()), rel=1e-4)


@pytest.mark.parametrize("density_correction", [True, False])
@pytest.mark.parametrize("pressure", [60_000.0, 87_438.0, 108_000.0])
def test_cut_in_and_cut_out_are_judged_on_the_raw_speed_at_any_density(make_weather, pressure, density_correction):
    """Thin air: 25.1 m/s is equivalent to 21 m/s, and the machine stands all the same; dense: 24.9 still runs."""
    weather = make_weather(hours=6, wind_speed=[24.9, 25.0, 25.1, 30.0, 60.0, 1.0], pressure=pressure, temp_air=-20.0)
    plant = replace(PLANT, density_correction=density_correction)
    power = wind_power(weather, plant).to_numpy()
    assert power[:2] == pytest.approx([4200.0] * 2)
    assert np.all(power[2:] == 0.0)


def test_calm_is_exactly_zero(make_weather):
    assert np.all(wind_power(make_weather(hours=2, wind_speed=[0.0, 1.0]), PLANT).to_numpy() == 0.0)


def test_dense_cold_air_does_not_pass_the_rating(make_weather):
    cold = make_weather(hours=2, wind_speed=24.9, temp_air=-28.0, pressure=104000.0, relative_humidity=60.0)
    assert wind_power(cold, PLANT).to_numpy() == pytest.approx([4200.0] * 2)


def test_the_nearest_height_is_sheared(make_weather):
    plant = replace(PLANT, hub_height_m=120.0, shear_exponent=0.2)
    weather = make_weather(hours=2, wind_speed=5.0)
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx([5.0 * 12.0**0.2] * 2)
    more = weather.assign(
        wind_speed_50m=weather["wind_speed"] * 0 + 6.0,
        wind_speed_100m=weather["wind_speed"] * 0 + 7.0,
        wind_speed_180m=weather["wind_speed"] * 0 + 8.0,
    )
    for hub, height, speed in ((120.0, 100.0, 7.0), (160.0, 180.0, 8.0), (60.0, 50.0, 6.0), (12.0, 10.0, 5.0)):
        found = hub_wind_speed(more, replace(plant, hub_height_m=hub))
        assert found.to_numpy() == pytest.approx([speed * (hub / height) ** 0.2] * 2), hub
        assert found.attrs["height_m"] == hub and found.attrs["units"] == "m/s"


def test_a_mast_of_another_height_is_believed(make_weather):
    weather = make_weather(hours=2, wind_speed=6.0)
    weather["wind_speed"].attrs["height_m"] = 80.0
    plant = replace(PLANT, hub_height_m=120.0, shear_exponent=0.2)
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx([6.0 * 1.5**0.2] * 2)


def test_the_site_factor_multiplies_the_speed_not_the_power(make_weather):
    weather = make_weather(hours=3, wind_speed=[5.0, 8.0, 20.0], **SEA)
    plant = replace(PLANT, speed_factor=1.3)
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx([6.5, 10.4, 26.0])
    assert wind_power(weather, plant).to_numpy()[2] == 0.0


def test_measured_shear_follows_the_hours(make_weather):
    """5 m/s at 10 m and 5 * 10**0.3 at 100 m: an exponent of 0.3, on to 120 m; calm and absurd ones are held."""
    weather = make_weather(hours=4, wind_speed=[5.0, 5.0, 0.4, 2.0])
    aloft = np.array([5.0 * 10.0**0.3, 5.0 * 10.0**0.1, 3.0, 20.0])
    weather = weather.assign(wind_speed_100m=("time", aloft))
    plant = replace(PLANT, hub_height_m=120.0, shear_exponent="measured")
    expected = aloft * 1.2 ** np.array([0.3, 0.1, 1 / 7, 0.45])
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx(expected)
    both = xr.concat([weather, weather.assign(wind_speed=weather["wind_speed"] * 0.9)], dim="node")
    turned = both.assign(wind_speed_100m=both["wind_speed_100m"].transpose("time", "node"))
    xr.testing.assert_allclose(hub_wind_speed(turned, plant).transpose("node", "time"), hub_wind_speed(both, plant))
    assert hub_wind_speed(both, plant).values[0] == pytest.approx(expected)
    with pytest.raises(DataError, match="two heights, got wind_speed at 10 m alone"):
        hub_wind_speed(weather.drop_vars("wind_speed_100m"), plant)


def test_losses_by_name_multiply_and_come_off_at_all_speeds(make_weather):
    weather = make_weather(hours=2, wind_speed=[8.0, 20.0], **SEA)
    losses = WindLosses(wake_frac=0.1, availability_frac=0.05, electrical_frac=0.02, blade_frac=0.0)
    assert losses.total_frac == pytest.approx(1 - 0.9 * 0.95 * 0.98)
    named = wind_power(weather, replace(PLANT, loss_frac=None, losses=losses)).to_numpy()
    assert named == pytest.approx([2151 * 0.8379, 4200 * 0.8379], rel=1e-4)
    unsaid = wind_power(weather, replace(PLANT, loss_frac=None)).to_numpy()
    assert unsaid[1] == pytest.approx(4200 * (1 - WindLosses().total_frac))


def test_an_own_curve_is_scaled_to_the_plant(make_weather):
    own = ((3.0, 8.0, 12.0, 22.0), (0.0, 810.0, 1800.0, 1800.0))
    plant = WindPlant(capacity_kw=10_000.0, power_curve=own, hub_height_m=100.0, shear_exponent=0.0, loss_frac=0.0)
    weather = make_weather(hours=5, wind_speed=[3.0, 8.0, 10.0, 22.0, 22.1], **SEA)
    assert wind_power(weather, plant).to_numpy() == pytest.approx([0.0, 4500.0, 7250.0, 10_000.0, 0.0], rel=1e-4)


def test_dims_order_and_coordinates_are_kept(make_weather):
    one = make_weather(hours=6, wind_speed=np.linspace(2.0, 27.0, 6))
    two = xr.concat([one, one.assign(wind_speed=one["wind_speed"] + 1.0)], dim=xr.Variable("node", ["a", "b"]))
    three = xr.concat([two, two.assign(wind_speed=two["wind_speed"] * 0.5)], dim=xr.Variable("member", [4, 9]))
    plant = replace(PLANT, storm="hysteresis", turbulence_intensity=0.1, losses=None)
    whole = wind_power(three, plant)
    assert whole.dims == ("member", "node", "time") and list(whole["member"].values) == [4, 9]
    assert whole["latitude"].equals(three["latitude"]) and whole.attrs["units"] == "kW"
    for member in (4, 9):
        for node in "ab":
            alone = wind_power(three.sel(member=member, node=node), plant)
            xr.testing.assert_allclose(whole.sel(member=member, node=node), alone, rtol=1e-14)
    turned = wind_power(three.transpose("time", "node", "member"), plant)
    assert turned.dims == ("time", "node", "member")
    xr.testing.assert_allclose(turned.transpose(*whole.dims), whole, rtol=1e-14)
    step = wind_power(one.isel(time=2), PLANT)
    assert step.dims == () and float(step) == pytest.approx(float(wind_power(one, PLANT)[2]), rel=1e-14)


def test_pressure_of_a_node_serves_all_members(make_weather):
    one = make_weather(hours=4, wind_speed=7.0)
    members = xr.DataArray(np.array([0.8, 1.2]), dims="member", coords={"member": [0, 1]})
    weather = one.assign(wind_speed=(members * one["wind_speed"]).assign_attrs(height_m=10.0))
    power = wind_power(weather, PLANT)
    assert power.dims == ("member", "time")
    turned = wind_power(weather.assign(wind_speed=weather["wind_speed"].transpose("time", "member")), PLANT)
    xr.testing.assert_equal(turned.transpose("member", "time"), power)
    alone = one.assign(wind_speed=one["wind_speed"] * 1.2)
    assert power.sel(member=1).values == pytest.approx(wind_power(alone, PLANT).values, rel=1e-14)


def test_faults_of_the_weather_are_named(make_weather):
    with pytest.raises(DataError, match=r"2 value\(s\) of wind speed .* first -1 at time 2025-06-20T17"):
        wind_power(make_weather(hours=3, wind_speed=[1.0, -1.0, np.nan]), PLANT)
    with pytest.raises(DataError, match=r"of pressure .*first 874.* allowed 30,000 to 120,000 Pa"):
        wind_power(make_weather(hours=3, pressure=[87400.0, 874.0, 87400.0]), PLANT)
    hot = make_weather(hours=3)
    hot["temp_air"][1] = 288.0
    with pytest.raises(DataError, match=r"1 value\(s\) of temp_air"):
        wind_power(hot, PLANT)
    with pytest.raises(DataError, match="none of wind_speed"):
        wind_power(make_weather(hours=3).drop_vars("wind_speed"), PLANT)


@pytest.mark.parametrize(
    ("hub_m", "pair"),
    [(140.0, (120, 180)), (110.0, (100, 120)), (60.0, (10, 100)), (120.0, (120, 180)), (200.0, (120, 180))],
)
def test_measured_shear_is_that_of_the_heights_about_the_hub(make_weather, hub_m, pair):
    """Four heights: those that bracket the hub, else the two nearest; not the farthest."""
    winds = {10: 4.0, 100: 7.3, 120: 8.2, 180: 8.7}
    weather = make_weather(hours=2, wind_speed=winds[10])
    extra = {f"wind_speed_{height}m": weather["wind_speed"] * 0 + winds[height] for height in (100, 120, 180)}
    plant = replace(PLANT, hub_height_m=hub_m, shear_exponent="measured")
    low, high = pair
    exponent = np.log(winds[high] / winds[low]) / np.log(high / low)
    found = hub_wind_speed(weather.assign(extra), plant).to_numpy()
    assert found == pytest.approx([winds[low] * (hub_m / low) ** exponent] * 2, rel=1e-12)


def test_a_wind_that_falls_with_height_stays_between_the_two(make_weather):
    """A low-level jet below the upper height: inside the pair it is followed, beyond it no exponent goes below 0.02."""
    weather = make_weather(hours=2, wind_speed=9.0)
    weather["wind_speed"].attrs["height_m"] = 100.0
    weather = weather.assign(wind_speed_180m=weather["wind_speed"] * 0 + 8.0)
    plant = replace(PLANT, hub_height_m=140.0, shear_exponent="measured")
    assert hub_wind_speed(weather, plant).to_numpy() == pytest.approx(
        [9.0 * (1.4) ** (np.log(8 / 9) / np.log(1.8))] * 2
    )
    above = replace(plant, hub_height_m=250.0)
    assert hub_wind_speed(weather, above).to_numpy() == pytest.approx([8.0 * (250 / 180) ** 0.02] * 2)


@pytest.mark.parametrize(("speed", "first"), [(np.inf, "inf"), (200.0, "200"), (60.1, "60.1")])
def test_a_wind_no_one_measured_is_refused(make_weather, speed, first):
    with pytest.raises(
        DataError, match=rf"1 value\(s\) of wind speed wind_speed .*first {first} .*allowed 0 to 60 m/s"
    ):
        wind_power(make_weather(hours=3, wind_speed=[1.0, speed, 2.0]), PLANT)
    aloft = make_weather(hours=3).assign(wind_speed_100m=("time", [5.0, 80.1, np.nan]))
    with pytest.raises(DataError, match=r"2 value\(s\) of wind speed wind_speed_100m .*first 80.1 .*0 to 80 m/s"):
        wind_power(aloft, PLANT)


@pytest.mark.parametrize("height_m", [0.0, -10.0, np.nan, "10 m", True, 400.0])
def test_a_height_no_mast_has_is_refused(make_weather, height_m):
    weather = make_weather(hours=2)
    weather["wind_speed"].attrs["height_m"] = height_m
    with pytest.raises(DataError, match=r"height_m of wind_speed: got .*allowed 1 to 300 m"):
        wind_power(weather, PLANT)


def test_derating_in_strong_wind_is_read_at_the_raw_speed(make_weather):
    """From 20 to 24 m/s down to half: thin air moves the rise of the curve, not its tail."""
    own = ((3.0, 12.0, 20.0, 24.0), (0.0, 1000.0, 1000.0, 500.0))
    plant = WindPlant(capacity_kw=1000.0, power_curve=own, hub_height_m=100.0, shear_exponent=0.0, loss_frac=0.0)
    speeds = [8.0, 19.0, 20.0, 22.0, 24.0, 24.1]
    thin = make_weather(hours=6, wind_speed=speeds, temp_air=10.0, pressure=80_000.0)
    found = wind_power(thin, plant).to_numpy()
    assert found[1:] == pytest.approx([1000.0, 1000.0, 750.0, 500.0, 0.0])
    factor = np.cbrt(float(hub_density(np.array(10.0), np.array(80_000.0), 100.0)) / 1.225)
    assert found[0] == pytest.approx((8.0 * factor - 3.0) / 9.0 * 1000.0) and found[0] < 5000.0 / 9.0
    at_sea = make_weather(hours=6, wind_speed=speeds, **SEA)
    assert wind_power(at_sea, plant).to_numpy()[1:] == pytest.approx(found[1:])
    blurred = replace(plant, turbulence_intensity=0.1)
    normal = np.random.default_rng(3).normal(1.0, 0.1, 200_000)
    wanted = np.interp(22.0 * normal, *own).mean()
    assert wind_power(at_sea, blurred).to_numpy()[3] == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize(
    ("field", "value"), [("losses", 0.1), ("losses", {"wake_frac": 0.1}), ("density_correction", "no")]
)
def test_a_field_of_another_kind_is_named(field, value):
    with pytest.raises(ConfigError, match=f"wind plant: {field}: got .*allowed"):
        WindPlant(capacity_kw=1.0, **{field: value})
