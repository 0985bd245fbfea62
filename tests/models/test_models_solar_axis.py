"""Rows whose axis is tilted, and the single factors of a face, against pvlib's own functions."""

import numpy as np
import pytest

from models.solar import PVPlant
from models.solar.geometry import _pose, plant_geometry
from models.solar.sun import Sun

DRAW = np.random.default_rng(11)
ZENITH, AZIMUTH = DRAW.uniform(5.0, 85.0, 400), DRAW.uniform(60.0, 300.0, 400)
PRESSURE = np.array([87_000.0])


def sun_at(zenith, azimuth) -> Sun:
    zenith, azimuth = np.atleast_1d(zenith)[None], np.atleast_1d(azimuth)[None] % 360.0
    return Sun(zenith, azimuth, np.ones(zenith.shape), np.full(zenith.size, 1361.0))


@pytest.mark.parametrize("backtrack", [True, False])
@pytest.mark.parametrize(("tilt", "facing"), [(25.0, 180.0), (15.0, 0.0), (30.0, 215.0)])
def test_rows_of_tilted_axes_are_posed_and_shaded_as_pvlib_says(tilt, facing, backtrack):
    """Beam in the plane: pvlib's angle of incidence and its shade across the axis; facing 0 is the southern half."""
    from pvlib import tracking
    from pvlib.shading import shaded_fraction1d

    plant = PVPlant(dc_kw=1.0, tilt_deg=tilt, azimuth_deg=facing, gcr=0.5, backtrack=backtrack, max_angle_deg=70.0)
    sun = sun_at(ZENITH, AZIMUTH + facing - 180.0)
    azimuth = sun.azimuth[0]
    found = tracking.singleaxis(ZENITH, azimuth, tilt, facing, 70.0, backtrack, 0.5)
    shade = shaded_fraction1d(
        ZENITH, azimuth, facing, found["tracker_theta"], axis_tilt=tilt, collector_width=0.5, pitch=1.0
    )
    struck = np.maximum(np.cos(np.radians(found["aoi"])), 0.0)
    beam = plant_geometry(sun, PRESSURE, plant).front.plane.beam[0]
    assert np.sum(struck > 0.5) > 200
    assert backtrack or np.sum((shade > 0.05) & (shade < 0.95)) > 30
    assert beam == pytest.approx(struck * (1.0 - shade), abs=2e-5)


def test_lone_rows_see_sky_and_ground_by_the_modules_own_tilt():
    for tilt in (0.0, 25.0):
        plant = PVPlant(dc_kw=1.0, tilt_deg=tilt, gcr=1e-7, backtrack=False)
        pose, plane = _pose(sun_at(ZENITH, AZIMUTH), plant), plant_geometry(sun_at(ZENITH, AZIMUTH), PRESSURE, plant)
        slope = np.cos(np.radians(pose.tilt))
        assert pose.tilt.min() >= tilt - 1e-9 and pose.tilt.max() > 55.0
        assert plane.front.plane.uniform == pytest.approx((1.0 + slope) / 2, abs=1e-6)
        assert plane.front.plane.ground_sky == pytest.approx((1.0 - slope) / 2, abs=1e-6)


def test_tables_that_lie_in_one_slope_hide_nothing_from_one_another():
    """The sun in the plane of axis and zenith: rotation 0, no view lost, however dense the rows."""
    plane = plant_geometry(sun_at(30.0, 180.0), PRESSURE, PVPlant(dc_kw=1.0, tilt_deg=25.0, gcr=0.8)).front.plane
    assert float(plane.uniform[0, 0]) == pytest.approx((1.0 + np.cos(np.radians(25.0))) / 2, abs=1e-9)
    assert float(plane.beam[0, 0]) == pytest.approx(np.cos(np.radians(5.0)), abs=1e-9)
    assert float(plane.ground_beam[0, 0] / plane.ground_sky[0, 0]) == pytest.approx(np.cos(np.radians(30.0)), rel=1e-9)


@pytest.mark.parametrize("gcr", [1e-6, 0.4, 0.8])
def test_the_band_at_the_horizon_is_hidden_by_rows_as_the_sky_is(gcr):
    from pvlib.bifacial.utils import vf_row_sky_2d_integ

    plant = PVPlant(dc_kw=1.0, tracking="fixed", tilt_deg=40.0, gcr=gcr)
    plane = plant_geometry(sun_at(ZENITH, AZIMUTH), PRESSURE, plant).front.plane
    seen = float(vf_row_sky_2d_integ(40.0, gcr)) / ((1.0 + np.cos(np.radians(40.0))) / 2)
    assert plane.rim == pytest.approx(np.full(plane.rim.shape, np.sin(np.radians(40.0)) * seen), abs=1e-9)


@pytest.mark.parametrize("coated", [True, False])
def test_the_beam_passes_glass_and_spectrum_by_pvlibs_figures(coated):
    """In the cells over in the plane: reflection at the beam's own angle, air mass at the place's pressure."""
    from pvlib import iam, irradiance
    from pvlib.atmosphere import get_absolute_airmass, get_relative_airmass

    plant = PVPlant(dc_kw=1.0, tracking="fixed", tilt_deg=35.0, gcr=1e-6, anti_reflective=coated)
    face = plant_geometry(sun_at(ZENITH, AZIMUTH), np.array([65_000.0]), plant).front
    angle = irradiance.aoi(35.0, 180.0, ZENITH, AZIMUTH)
    air_mass = get_absolute_airmass(get_relative_airmass(ZENITH, "kastenyoung1989"), 65_000.0)
    spectral = np.polynomial.polynomial.polyval(air_mass, [0.918093, 0.086257, -0.024459, 0.002816, -0.000126])
    glass = iam.physical(angle, n=1.526, n_ar=1.29 if coated else None, K=4.0, L=0.002)
    struck = angle < 89.0
    assert np.sum(angle[struck] > 60.0) > 50 and np.ptp(glass[struck]) > 0.5
    through = face.cells.beam[0, struck] / face.plane.beam[0, struck]
    assert through == pytest.approx((glass * spectral)[struck], rel=1e-9)
