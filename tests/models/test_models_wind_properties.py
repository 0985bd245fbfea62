"""Wind: laws that hold for any valid weather and any valid farm."""

from dataclasses import replace

import numpy as np
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from models.wind import WindLosses, WindPlant, hub_density, load_turbines, wind_power
from models.wind.power import _latched

STEPS = 12
shares = st.floats(0.0, 0.3)
speeds = st.lists(st.floats(0.0, 45.0), min_size=STEPS, max_size=STEPS)


@st.composite
def plants(draw):
    losses = {"loss_frac": draw(st.floats(0.0, 0.6))}
    if draw(st.booleans()):
        losses = {"losses": WindLosses(draw(shares), draw(shares), draw(shares), draw(shares))}
    return WindPlant(
        capacity_kw=draw(st.floats(0.0, 1e6)),
        turbine=draw(st.sampled_from([None, *load_turbines()])),
        hub_height_m=draw(st.floats(10.0, 250.0)),
        shear_exponent=draw(st.floats(0.0, 0.6)),
        speed_factor=draw(st.floats(0.3, 3.0)),
        density_correction=draw(st.booleans()),
        turbulence_intensity=draw(st.one_of(st.none(), st.floats(0.01, 0.25))),
        storm=draw(st.sampled_from(["cut_out", "hysteresis", "ramp"])),
        low_temperature_stop_degc=draw(st.one_of(st.none(), st.floats(-60.0, 0.0))),
        **losses,
    )


def weather_of(speed, temp=8.0, pressure=87_000.0):
    time = np.datetime64("2026-01-01", "ns") + np.arange(len(speed)) * np.timedelta64(1, "h")
    columns = {"wind_speed": speed, "temp_air": temp, "pressure": pressure}
    arrays = {
        name: ("time", np.broadcast_to(np.asarray(values, dtype=float), time.shape).copy())
        for name, values in columns.items()
    }
    return xr.Dataset(arrays, coords={"time": time})


@given(plant=plants(), speed=speeds, temp=st.floats(-50.0, 50.0), pressure=st.floats(50_000.0, 108_000.0))
def test_power_is_a_number_within_the_rating(plant, speed, temp, pressure):
    power = wind_power(weather_of(speed, temp, pressure), plant).values
    assert np.all(np.isfinite(power)) and np.all(power >= 0.0)
    assert np.all(power <= plant.capacity_kw * (1.0 - plant.total_loss_frac) * (1.0 + 1e-12))


@given(plant=plants(), low=st.floats(0.0, 25.0), more=st.floats(0.0, 5.0))
def test_power_rises_with_wind_where_no_storm_is_near(plant, low, more):
    edge = plant.storm_ramp[0] if plant.storm == "ramp" else plant.cut_out
    climb = plant.speed_factor * (plant.hub_height_m / 10.0) ** plant.shear_exponent
    top = min(low + more, (1.0 - 1e-12) * edge / climb)
    power = wind_power(weather_of([min(low, top), top]), plant).values
    assert power[0] <= power[1] + 1e-9 * plant.capacity_kw


@given(plant=plants(), speed=st.floats(0.0, 20.0), thin=st.floats(60_000.0, 100_000.0), denser=st.floats(0.0, 8_000.0))
def test_denser_air_never_gives_less(plant, speed, thin, denser):
    low, high = (wind_power(weather_of([speed], 8.0, pressure), plant).values[0] for pressure in (thin, thin + denser))
    assert low <= high + 1e-9 * plant.capacity_kw


@given(plant=plants(), speed=speeds)
def test_one_step_is_the_vectors_step_without_memory(plant, speed):
    """Scalar = vector = DataArray of nodes and members, where the storm has no memory and frost none."""
    assume(plant.storm != "hysteresis")
    weather = weather_of(speed)
    whole = wind_power(weather, plant)
    for step in (0, STEPS // 2, STEPS - 1):
        assert float(wind_power(weather.isel(time=step), plant)) == float(whole[step])
    both = xr.concat([weather, weather.isel(time=slice(None, None, -1)).assign_coords(time=weather["time"])], "node")
    found = wind_power(both.expand_dims(member=[7]), plant)
    assert found.dims == ("member", "node", "time")
    assert np.array_equal(found.values[0], [whole.values, whole.values[::-1]])


@given(plant=plants(), speed=speeds)
def test_a_storm_that_remembers_takes_at_least_as_much(plant, speed):
    """Hysteresis stands whenever the sharp cut-out stands, and runs as it wherever it runs."""
    sharp = wind_power(weather_of(speed), replace(plant, storm="cut_out")).values
    held = wind_power(weather_of(speed), replace(plant, storm="hysteresis")).values
    assert np.all((held == sharp) | (held == 0.0))


@given(
    stops=st.lists(st.booleans(), min_size=STEPS, max_size=STEPS),
    releases=st.lists(st.booleans(), min_size=STEPS, max_size=STEPS),
)
def test_the_latch_is_the_loop(stops, releases):
    stops, releases = np.array(stops), np.array(releases) & ~np.array(stops)
    held, wanted = False, []
    for stop, release in zip(stops, releases, strict=True):
        held = stop or (held and not release)
        wanted.append(held)
    assert list(_latched(stops, releases, 0)) == wanted
    two = _latched(np.array([stops, stops]).T, np.array([releases, releases]).T, 0)
    assert np.array_equal(two, np.array([wanted, wanted]).T)


@given(temp=st.floats(-50.0, 50.0), pressure=st.floats(50_000.0, 108_000.0), hub=st.floats(10.0, 250.0))
def test_air_thins_with_the_hub(temp, pressure, hub):
    ground, aloft = (float(hub_density(np.array(temp), np.array(pressure), height)) for height in (2.0, hub))
    assert 0.965 * ground < aloft < ground
