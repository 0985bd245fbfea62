"""Photovoltaics: published values of the links, and what the chain must do at the edges."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.solar import PVPlant, pv_power
from weather.conventions.errors import ConfigError, DataError

PLANT = PVPlant(capacity_kw=1000.0)
FIXED = PVPlant(capacity_kw=1000.0, tracking="fixed", tilt_deg=35.0)


def test_links_give_the_published_figures():
    """Figures of pvlib's own test suite for the functions the chain calls."""
    from pvlib import inverter, pvsystem, temperature

    assert pvsystem.pvwatts_dc(900.0, 30.0, 100.0, -0.003) == pytest.approx(88.65, abs=1e-9)
    assert inverter.pvwatts(90.0, 100.0, 0.95) == pytest.approx(85.58556604752516, rel=1e-12)
    assert temperature.faiman(800.0, 20.0, 2.0) == pytest.approx(20 + 800 / (25 + 6.84 * 2), rel=1e-12)


def test_night_is_exactly_zero_and_noon_is_not(clear_day):
    power = pv_power(clear_day, PLANT).to_numpy()
    assert np.all(power[:5] == 0.0) and np.all(power[21:] == 0.0)
    assert power[13] > 700.0


def test_stray_light_at_night_gives_nothing(make_weather):
    night = make_weather("2025-06-20T16:00", hours=4, ghi=150.0, dni=0.0, dhi=150.0)
    assert np.all(pv_power(night, PLANT).to_numpy() == 0.0)


def test_one_noon_hour_by_hand(make_weather):
    """Fixed, horizontal, diffuse only: no transposition, no beam; every later link by hand."""
    from pvlib import iam

    noon = make_weather(
        "2025-06-21T05:00", hours=2, ghi=400.0, dni=0.0, dhi=400.0, temp_air=20.0, wind_speed=3.0
    )
    plant = replace(FIXED, tilt_deg=0.0, loss_frac=0.1, dc_ac_ratio=1.2)
    effective = 400.0 * iam.marion_diffuse("physical", 0.0)["sky"]
    cell = 20.0 + 400.0 / (25.0 + 6.84 * 3.0)
    dc = effective / 1000 * 1200.0 * (1 - 0.0035 * (cell - 25.0)) * 0.9
    zeta = dc / (1000.0 / 0.98)
    expected = 0.98 / 0.9637 * (-0.0162 * zeta - 0.0059 / zeta + 0.9858) * dc
    assert pv_power(noon, plant).to_numpy() == pytest.approx([expected] * 2, rel=1e-9)


def test_inverter_clips_at_the_ac_capacity(clear_day):
    big = replace(PLANT, dc_ac_ratio=3.0, loss_frac=0.0)
    power = pv_power(clear_day, big).to_numpy()
    assert power.max() == pytest.approx(1000.0, rel=1e-12)
    assert np.sum(power > 999.999) >= 6


def test_sun_is_taken_at_the_middle_of_the_interval(clear_day, make_clear_day):
    """Twelve 5-minute means averaged are the truth an hourly mean stands for."""
    fine = make_clear_day("2025-06-20T16:00", step_min=5)
    truth = pv_power(fine, FIXED).to_numpy().reshape(24, 12).mean(axis=1)
    hourly_means = fine[["ghi", "dni", "dhi"]].coarsen(time=12).mean()
    hourly = clear_day.assign({name: ("time", hourly_means[name].to_numpy()) for name in hourly_means})
    ours = pv_power(hourly, FIXED).to_numpy()
    assert np.abs(ours - truth).max() < 0.02 * truth.max()
    assert ours.sum() == pytest.approx(truth.sum(), rel=0.01)


def test_tracker_beats_fixed_in_midsummer_and_peaks_no_higher(clear_day):
    tracked, fixed = pv_power(clear_day, PLANT), pv_power(clear_day, FIXED)
    assert float(tracked.sum()) > 1.15 * float(fixed.sum())
    assert float(tracked.max()) <= 1000.0


def test_backtracking_gives_up_morning_power_on_dense_rows(clear_day):
    dense, sparse = (pv_power(clear_day, replace(PLANT, gcr=g)).to_numpy() for g in (0.6, 0.2))
    assert dense[7] < sparse[7]
    assert dense[13] == pytest.approx(sparse[13], rel=1e-9)


def test_losses_and_heat_lower_power(clear_day):
    base = pv_power(clear_day, FIXED)
    hot = pv_power(clear_day.assign(temp_air=clear_day["temp_air"] + 20.0), FIXED)
    assert float(hot.sum()) < 0.95 * float(base.sum())
    assert float(pv_power(clear_day, replace(FIXED, loss_frac=0.3)).sum()) < float(base.sum())


@given(scale=st.floats(0.0, 1.0), capacity=st.floats(0.0, 5000.0))
def test_power_is_within_its_limits_and_scales_with_capacity(clear_day, scale, capacity):
    dim = clear_day.assign({name: clear_day[name] * scale for name in ("ghi", "dni", "dhi")})
    power = pv_power(dim, replace(PLANT, capacity_kw=capacity)).to_numpy()
    assert np.all(power >= 0.0) and np.all(power <= capacity * (1 + 1e-12))
    assert power == pytest.approx(pv_power(dim, PLANT).to_numpy() * capacity / 1000.0, rel=1e-9, abs=1e-9)


def test_nodes_and_members_are_computed_as_one_by_one(clear_day):
    other = clear_day.assign_coords(latitude=26.45, longitude=106.62, altitude_m=1250.0)
    nodes = xr.concat([clear_day, other], dim="node")
    members = xr.concat([nodes, nodes.assign(ghi=nodes["ghi"] * 0.5, dni=nodes["dni"] * 0.3)], dim="member")
    members = members.assign_coords({name: nodes[name] for name in ("latitude", "longitude", "altitude_m")})
    together = pv_power(members, PLANT)
    assert together.dims == ("member", "node", "time")
    assert together[0, 1].to_numpy() == pytest.approx(pv_power(other, PLANT).to_numpy(), rel=1e-12)
    assert together[0, 0].to_numpy() == pytest.approx(pv_power(clear_day, PLANT).to_numpy(), rel=1e-12)
    assert float(together[1].sum()) < float(together[0].sum())


def test_missing_values_and_wrong_order_are_refused(clear_day):
    with pytest.raises(DataError, match="1 values of dni are missing"):
        pv_power(
            clear_day.assign(dni=clear_day["dni"].where(clear_day["time"] != clear_day["time"][3])), PLANT
        )
    nodes = xr.concat([clear_day, clear_day], dim="node").transpose("time", "node")
    with pytest.raises(DataError, match="Transpose"):
        pv_power(nodes, PLANT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity_kw", -1.0),
        ("tracking", "two_axis"),
        ("gcr", 0.0),
        ("loss_frac", 1.0),
        ("tilt_deg", float("nan")),
    ],
)
def test_impossible_plants_are_refused(field, value):
    with pytest.raises(ConfigError, match=field):
        replace(PLANT, **{field: value})


def test_attributes_say_what_it_is(clear_day):
    power = pv_power(clear_day, PLANT)
    assert power.attrs["units"] == "kW" and power.dims == ("time",)


@pytest.mark.parametrize(
    ("plant", "annual_mwh"), [(PLANT, 2149.646), (FIXED, 1977.892)], ids=["single_axis", "fixed"]
)
def test_year_agrees_with_pvwatts_v8(shared_data_dir, plant, annual_mwh):
    """NREL PVWatts v8 (PySAM 7.1.1) run on this file with the same figures, losses 12 %, premium module."""
    from weather import read_epw

    year = read_epw(shared_data_dir / "weather" / "CHN_SX_Taiyuan.537720_TMYx.epw")
    assert float(pv_power(year, plant).sum()) / 1000.0 == pytest.approx(annual_mwh, rel=0.01)
