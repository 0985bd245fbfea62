"""Sun, sky and rows of the PV chain against pvlib's own functions, which it does not call for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.solar import PVPlant, rows
from models.solar.geometry import _pose, light, plant_geometry
from models.solar.sky import sky_parts
from models.solar.sun import Sun, sun_of_intervals
from weather.derive import standard_pressure

TILT, GCR = st.floats(0.0, 90.0), st.floats(0.02, 0.98)
TILTED = st.floats(0.5, 89.5)  # where rows are all but flat, pvlib's sum over points breaks down
DRAW = np.random.default_rng(7)
ZENITH, AZIMUTH = DRAW.uniform(5.0, 80.0, 300), DRAW.uniform(60.0, 300.0, 300)
DNI, DHI = DRAW.uniform(0.0, 900.0, 300), DRAW.uniform(5.0, 350.0, 300)
EXTRA = 1361.0
PLANTS = [
    PVPlant(dc_kw=1.0, bifaciality=1.0, spectrum=None),
    PVPlant(dc_kw=1.0, bifaciality=1.0, spectrum=None, tracking="fixed", tilt_deg=35.0),
    PVPlant(dc_kw=1.0, bifaciality=1.0, spectrum=None, tracking="fixed", tilt_deg=20.0, azimuth_deg=240.0, gcr=0.7),
]


def given_sun() -> Sun:
    one = np.ones((1, ZENITH.size))
    return Sun(ZENITH[None], AZIMUTH[None], one, np.full(ZENITH.size, EXTRA))


@given(tilt=TILTED, gcr=GCR)
def test_view_factors_are_pvlibs(tilt, gcr):
    """The sky's to the digit; the ground's as far as pvlib's sum over points goes."""
    from pvlib.bifacial.utils import vf_row_ground_2d_integ, vf_row_sky_2d_integ

    for face in (tilt, 180.0 - tilt):
        assert float(rows.sky_view(face, gcr)) == pytest.approx(float(vf_row_sky_2d_integ(face, gcr)), abs=1e-9)
        assert float(rows.ground_view(face, gcr)) == pytest.approx(float(vf_row_ground_2d_integ(face, gcr)), abs=2e-3)


@given(tilt=TILT, gcr=GCR)
def test_all_of_the_sky_goes_somewhere(tilt, gcr):
    """Sky to both faces and to the ground is 1; a lone row sees half a sky's cosine share."""
    to_rows = gcr * float(rows.sky_view(tilt, gcr) + rows.sky_view(180.0 - tilt, gcr))
    assert to_rows + float(rows.ground_sky_view(tilt, gcr)) == pytest.approx(1.0, abs=1e-12)
    assert float(rows.sky_view(tilt, 1e-9)) == pytest.approx((1 + np.cos(np.radians(tilt))) / 2, abs=1e-8)
    assert 0.0 <= float(rows.ground_sky_view(tilt, gcr)) <= 1.0


def test_light_of_the_ground_is_pvlibs_whatever_the_height():
    from pvlib.bifacial.utils import vf_ground_sky_2d_integ

    tilts = np.array([1.0, 15.0, 35.0, 60.0])
    for height in (1.5, 4.0):
        found = vf_ground_sky_2d_integ(tilts, 0.4, height, 5.0, max_rows=200)
        assert rows.ground_sky_view(tilts, 0.4) == pytest.approx(found, abs=2e-4)


@given(tilt=st.floats(0.0, 89.0), gcr=GCR, profile=st.floats(-89.0, 89.0))
def test_beam_is_on_rows_or_on_the_ground(tilt, gcr, profile):
    """What one row casts beyond a pitch is shade on the next: lit face and lit ground make a pitch."""
    tan = np.tan(np.radians(profile))
    facing = np.cos(np.radians(tilt)) + tan * np.sin(np.radians(tilt))
    shade, ground = float(rows.shaded_share(tan, tilt, gcr)), float(rows.sunny_ground(tan, tilt, gcr))
    if facing > 0:
        assert gcr * facing * (1.0 - shade) + ground == pytest.approx(1.0, abs=1e-9)
    else:
        assert shade == 0.0


def test_shade_of_row_on_row_is_pvlibs():
    from pvlib.shading import shaded_fraction1d

    for tilt, azimuth, gcr in ((35.0, 180.0, 0.5), (20.0, 240.0, 0.8)):
        found = shaded_fraction1d(ZENITH, AZIMUTH, azimuth - 90.0, tilt, collector_width=gcr, pitch=1.0)
        across = np.tan(np.radians(ZENITH)) * np.cos(np.radians(AZIMUTH - azimuth))
        struck = np.cos(np.radians(tilt)) + across * np.sin(np.radians(tilt)) > 0
        ours = rows.shaded_share(across, tilt, gcr)
        assert np.sum(found[struck] > 0) > 20
        assert ours[struck] == pytest.approx(found[struck], abs=1e-9)


@pytest.mark.parametrize("plant", PLANTS, ids=["tracker", "fixed", "dense"])
def test_both_faces_get_the_light_of_infinite_sheds(plant):
    """Front and rear in the plane, Hay and Davies, within 0.1 W/m2 (pvlib counts ten rows, we all of them)."""
    from dataclasses import replace

    from pvlib.bifacial.infinite_sheds import get_irradiance

    plant = replace(plant, transposition="haydavies")
    geometry = plant_geometry(given_sun(), np.array([87_000.0]), plant)
    parts = sky_parts(DNI[None], DHI[None], geometry, plant)
    pose = _pose(given_sun(), plant)
    level = DNI * np.cos(np.radians(ZENITH)) + DHI
    found = get_irradiance(
        pose.tilt[0],
        pose.azimuth[0],
        ZENITH,
        AZIMUTH,
        plant.gcr,
        1.5,
        4.0,
        level,
        DHI,
        DNI,
        plant.albedo,
        model="haydavies",
        dni_extra=np.full(DNI.size, EXTRA),
        bifaciality=1.0,
        shade_factor=0.0,
    )
    for face, name in ((geometry.front, "poa_front"), (geometry.rear, "poa_back")):
        ours = light(face.plane, parts, albedo=plant.albedo)[0]
        assert ours.mean() > 20.0
        assert ours == pytest.approx(found[name], abs=0.1)


@pytest.mark.parametrize("model", ["perez_driesse", "haydavies"])
def test_a_lone_tilted_plane_gets_pvlibs_diffuse_light(model):
    from pvlib import irradiance

    plant = PVPlant(dc_kw=1.0, tracking="fixed", tilt_deg=40.0, gcr=1e-6, albedo=0.0, transposition=model)
    geometry = plant_geometry(given_sun(), np.array([87_000.0]), plant)
    parts = sky_parts(DNI[None], DHI[None], geometry, plant)
    ours = light(geometry.front.plane, parts, albedo=0.0)[0]
    sky = irradiance.get_sky_diffuse(
        40.0, 180.0, ZENITH, AZIMUTH, DNI, DNI + DHI, DHI, dni_extra=EXTRA, model=model.replace("_", "-")
    )
    beam = DNI * np.maximum(np.cos(np.radians(irradiance.aoi(40.0, 180.0, ZENITH, AZIMUTH))), 0.0)
    assert ours == pytest.approx(beam + np.asarray(sky), abs=0.05)


def test_the_sun_is_pvlibs_at_mid_interval_and_in_the_sunny_part_at_dawn():
    import pandas as pd
    from pvlib.solarposition import get_solarposition

    time = np.datetime64("2026-03-03T16:00", "ns") + np.arange(24) * np.timedelta64(1, "h")
    latitude, longitude, altitude = np.array([37.5, 26.45]), np.array([105.19, 106.62]), np.array([1226.0, 1250.0])
    pressure = standard_pressure(altitude)
    sun = sun_of_intervals(time, latitude, longitude, step_h=1.0, altitude_m=altitude, pressure_pa=pressure)
    for node in range(2):
        fine = pd.DatetimeIndex(time[0] + np.arange(24 * 60) * np.timedelta64(60, "s")).tz_localize("UTC")
        place = latitude[node], longitude[node], altitude[node]
        exact = get_solarposition(fine + pd.Timedelta("30s"), *place, pressure=pressure[node])
        zenith = exact["apparent_zenith"].to_numpy().reshape(24, 60)
        share = (zenith < 90.0).mean(axis=1)
        assert sun.up_share[node] == pytest.approx(share, abs=0.02)
        assert set(np.unique(sun.up_share[node][share == 0])) == {0.0}
        whole = share == 1.0
        at_middle = get_solarposition(fine[::60][whole] + pd.Timedelta("30min"), *place, pressure=pressure[node])
        assert sun.zenith[node][whole] == pytest.approx(at_middle["apparent_zenith"].to_numpy(), abs=1e-9)
        partly = (share > 0) & (share < 1)
        middle = np.ma.masked_greater(zenith, 90.0).mean(axis=1)
        assert partly.sum() == 2
        assert sun.zenith[node][partly] == pytest.approx(np.asarray(middle[partly]), abs=0.3)


def test_fixed_rows_lose_to_shade_and_the_rear_gains(clear_day):
    from dataclasses import replace

    from models.solar import pv_power

    fixed = PVPlant(dc_kw=1250.0, tracking="fixed", tilt_deg=45.0, gcr=0.3)
    dense = pv_power(clear_day, replace(fixed, gcr=0.9)).sum() / pv_power(clear_day, fixed).sum()
    assert 0.9 < float(dense) < 0.98
    fixed = replace(fixed, dc_ac_ratio=1.0)  # does not clip
    gain = [float(pv_power(clear_day, replace(fixed, bifaciality=b)).sum()) for b in (0.0, 0.4, 0.8)]
    assert 0.02 < gain[1] / gain[0] - 1 < 0.15
    assert gain[2] - gain[1] == pytest.approx(gain[1] - gain[0], rel=0.05)
    bright = float(pv_power(clear_day, replace(fixed, bifaciality=0.8, albedo=0.6)).sum())
    assert bright > 1.05 * gain[2]


def test_a_tracker_that_does_not_turn_back_is_shaded(clear_day):
    from dataclasses import replace

    from models.solar import pv_power

    turning = PVPlant(dc_kw=1250.0, gcr=0.6)
    power = {back: pv_power(clear_day, replace(turning, backtrack=back)).to_numpy() for back in (True, False)}
    assert power[True][12] == pytest.approx(power[False][12], rel=1e-9)
    geometry = {
        back: plant_geometry(given_sun(), np.array([87_000.0]), replace(turning, backtrack=back, max_angle_deg=90.0))
        for back in (True, False)
    }
    # what backtracking gives up in angle it wins in shade: the beam on the row is the same
    assert geometry[True].front.plane.beam == pytest.approx(geometry[False].front.plane.beam, abs=1e-9)
    assert np.abs(geometry[True].tilt - geometry[False].tilt).max() > 5.0


def test_the_rear_adds_its_light_times_what_it_is_worth(clear_day):
    """Light of both faces and the links after them, by hand, at one hour without clipping."""
    from models.solar import pv_power
    from models.solar.electric import cell_temperature, dc_power, inverter_power

    plant = PVPlant(dc_kw=1250.0, dc_ac_ratio=1.0, loss_frac=0.1, bifaciality=0.8, rear_loss_frac=0.1, albedo=0.3)
    place = {name: np.array([float(clear_day[name])]) for name in ("latitude", "longitude", "altitude_m")}
    pressure = standard_pressure(place["altitude_m"])
    time = clear_day["time"].to_numpy()
    sun = sun_of_intervals(
        time,
        place["latitude"],
        place["longitude"],
        step_h=1.0,
        altitude_m=place["altitude_m"],
        pressure_pa=pressure,
    )
    geometry = plant_geometry(sun, pressure, plant)
    dni, dhi, air, wind = (clear_day[name].to_numpy() for name in ("dni", "dhi", "temp_air", "wind_speed"))
    parts = sky_parts(dni[None], dhi[None], geometry, plant)
    plane, cells = (
        light(getattr(geometry.front, to), parts, albedo=0.3)
        + 0.8 * 0.9 * light(getattr(geometry.rear, to), parts, albedo=0.3)
        for to in ("plane", "cells")
    )
    dc_kw = dc_power(cells[0], cell_temperature(plane[0], air, wind, "faiman"), plant) * 0.9
    assert pv_power(clear_day, plant).to_numpy() == pytest.approx(inverter_power(dc_kw, plant), rel=1e-9, abs=1e-9)
    assert 50.0 < (plane - light(geometry.front.plane, parts, albedo=0.3))[0, 12] < 200.0
