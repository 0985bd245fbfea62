"""Dust and snow on PV modules: against pvlib's own models, and the laws of their states."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.solar import PVPlant, Snow, Soiling, pv_power
from models.solar.cover import ground_albedo, snow_cover, snow_loss, soiling_frac
from weather.conventions.errors import ConfigError, DataError

PLANT = PVPlant(dc_kw=1250.0, tracking="fixed", tilt_deg=35.0)
HOURS = 24 * 90
TIME = np.datetime64("2026-01-01", "ns") + np.arange(HOURS) * np.timedelta64(1, "h")


def showers(seed: int) -> np.ndarray:
    """Rain [mm/h]: dry, with a few wet days."""
    rng = np.random.default_rng(seed)
    wet = np.repeat(rng.random(HOURS // 24) < 0.07, 24)
    return np.where(wet, rng.exponential(0.6, HOURS), 0.0)


def test_soiling_is_kimbers():
    """pvlib.soiling.kimber, which counts dust at the end of a step; ours in its middle: half an hour's dust apart."""
    from pvlib.soiling import kimber

    rain = pd.Series(showers(3), index=pd.DatetimeIndex(TIME))
    rule = Soiling(rate_per_day=0.004, grace_days=5.0, most_frac=0.1)
    ours = soiling_frac(TIME, rain.to_numpy(), step_h=1.0, soiling=rule)
    theirs = kimber(
        rain, cleaning_threshold=6.0, soiling_loss_rate=0.004, grace_period=5, max_soiling=0.1, rain_accum_period=24
    )
    assert 0.03 < ours.max() <= 0.1 and np.sum(ours == 0.0) > 24 * 10
    # pvlib's grace window and ours may open an hour apart
    assert ours == pytest.approx(theirs.to_numpy(), abs=0.004 * 2.0 / 24)


@given(rate=st.floats(0.0, 0.02), every=st.one_of(st.none(), st.floats(2.0, 60.0)), seed=st.integers(0, 50))
def test_dust_grows_until_it_is_gone(rate, every, seed):
    rule = Soiling(rate_per_day=rate, cleaning_interval_days=every, grace_days=3.0)
    dust = soiling_frac(TIME, showers(seed), step_h=1.0, soiling=rule)
    steps = np.diff(dust)
    assert np.all(dust >= 0.0) and np.all(dust <= rule.most_frac)
    grown = steps[steps > 0]
    assert np.all(grown <= rate / 24 + 1e-12)
    if every is not None:
        assert dust.max() <= min(rate * every, rule.most_frac) + 1e-12


def test_washing_is_of_the_calendar_and_rain_of_its_day():
    rule = Soiling(rate_per_day=0.01, cleaning_interval_days=30.0, cleaned_on="2026-01-11")
    dust = soiling_frac(TIME, None, step_h=1.0, soiling=rule)
    assert dust[0] == pytest.approx(0.01 * (20 + 0.5 / 24))
    assert dust[240] == pytest.approx(0.01 * 0.5 / 24) and dust[239] > 0.299
    assert soiling_frac(TIME[500:], None, step_h=1.0, soiling=rule) == pytest.approx(dust[500:], rel=1e-12)
    rain = np.zeros(HOURS)
    rain[480:504] = 0.25  # 6 mm in a day, to the digit
    rained = soiling_frac(TIME, rain, step_h=1.0, soiling=replace(rule, grace_days=0.0))
    assert rained[502] > 0.09 and rained[503] == 0.0


def test_dust_without_an_end_is_refused(clear_day):
    dusty = replace(PLANT, soiling=Soiling())
    with pytest.raises(ConfigError, match="got cleaning_interval_days=None and a weather without precipitation"):
        pv_power(clear_day, dusty)
    with pytest.raises(ConfigError, match=r"PV soiling: got initial_frac=0\.1"):
        Soiling(cleaning_interval_days=30.0, initial_frac=0.1)
    with pytest.raises(ConfigError, match="PV soiling: got cleaned_on='2026-13-01'"):
        Soiling(cleaned_on="2026-13-01")
    with pytest.raises(ConfigError, match="PV snow: got strings_per_row=0"):
        Snow(strings_per_row=0)


def test_rain_cleans_members_one_by_one(clear_day):
    rain = np.zeros((2, 24))
    rain[1, :6] = 2.0
    rule = Soiling(rate_per_day=0.0, initial_frac=0.2, grace_days=0.0)
    members = xr.concat([clear_day, clear_day], dim="member").assign(precipitation=(("member", "time"), rain))
    members = members.assign_coords({name: clear_day[name] for name in ("latitude", "longitude", "altitude_m")})
    dusty, clean = pv_power(members, replace(PLANT, soiling=rule)).to_numpy()
    bare = pv_power(clear_day, PLANT).to_numpy()
    assert clean == pytest.approx(bare, rel=1e-12)
    assert dusty[13] < 0.83 * bare[13]


def test_snow_is_marions():
    """pvlib.snow.coverage_nrel on a winter of falls, sun and thaw."""
    from pvlib.snow import coverage_nrel, dc_loss_nrel

    rng = np.random.default_rng(5)
    fall = np.where(rng.random(HOURS) < 0.02, rng.uniform(0.0, 0.04, HOURS), 0.0)
    fall[0] = 0.0
    depth = np.zeros(HOURS)
    for step in range(1, HOURS):
        depth[step] = max(0.0, depth[step - 1] + fall[step] - (0.0006 if fall[step] == 0 else 0.0))
    plane = np.maximum(0.0, 700.0 * np.sin(2 * np.pi * (np.arange(HOURS) % 24 - 6) / 24))
    air = rng.normal(-4.0, 5.0, HOURS)
    index = pd.DatetimeIndex(TIME)
    growth = np.diff(depth, prepend=0.0)
    theirs = coverage_nrel(
        pd.Series(100.0 * np.maximum(growth, 0.0), index),
        pd.Series(plane, index),
        pd.Series(air, index),
        35.0,
        snow_depth=pd.Series(100.0 * depth, index),
    )
    snow = Snow()
    ours = snow_cover(depth, plane, air, np.full(HOURS, 35.0), step_h=1.0, snow=snow)
    under = depth >= 0.01
    assert 0.1 < ours.mean() < 0.9
    assert ours[under] == pytest.approx(theirs.to_numpy()[under], abs=1e-9)
    assert np.all(ours[~under] == 0.0)
    strings = replace(snow, strings_per_row=4)
    assert snow_loss(ours, strings) == pytest.approx(np.asarray(dc_loss_nrel(pd.Series(ours), 4)), abs=1e-9)


def test_a_flat_module_keeps_its_snow_until_the_ground_is_bare():
    depth = np.concatenate([[0.0], np.full(30, 0.05), np.zeros(5)])
    sun, air = np.full(36, 500.0), np.full(36, 5.0)
    flat = snow_cover(depth, sun, air, np.zeros(36), step_h=1.0, snow=Snow())
    steep = snow_cover(depth, sun, air, np.full(36, 40.0), step_h=1.0, snow=Snow())
    assert np.all(flat[1:31] == 1.0) and np.all(flat[31:] == 0.0)
    assert steep[1] == 1.0 and np.all(np.diff(steep[1:]) <= 0.0) and steep[10] == 0.0


def test_snow_stops_the_plant_and_brightens_the_ground(clear_day):
    roomy = replace(PLANT, dc_ac_ratio=1.0)  # does not clip
    snowy = replace(roomy, snow=Snow())
    with pytest.raises(DataError, match="has no snow_depth"):
        pv_power(clear_day, snowy)
    bare = clear_day.assign(snow_depth=("time", np.zeros(24)))
    assert pv_power(bare, snowy).to_numpy() == pytest.approx(pv_power(clear_day, roomy).to_numpy(), rel=1e-12)
    lying = clear_day.assign(snow_depth=("time", np.full(24, 0.2)))  # no fall in the window: free modules
    bright = pv_power(lying, snowy).to_numpy()
    assert bright[13] > 1.01 * pv_power(clear_day, roomy).to_numpy()[13]
    fallen = lying.assign(snow_depth=("time", np.where(np.arange(24) < 10, 0.0, 0.2)), temp_air=lying["temp_air"] - 30)
    power = pv_power(fallen, snowy).to_numpy()
    assert power[9] > 0.0 and np.all(power[10:14] == 0.0)
    assert ground_albedo(np.array([0.0, 0.3]), 0.7).tolist() == [0.7, 0.7]


def test_snow_falls_on_members_and_nodes_one_by_one(clear_day):
    depth = np.zeros((2, 2, 24))
    depth[1, 0, 8:] = 0.1
    nodes = xr.concat([clear_day, clear_day], dim="node")
    members = xr.concat([nodes, nodes], dim="member").assign(snow_depth=(("member", "node", "time"), depth))
    members = members.assign_coords({name: nodes[name] for name in ("latitude", "longitude", "altitude_m")})
    cold = members.assign(temp_air=members["temp_air"] - 40.0)
    power = pv_power(cold, replace(PLANT, snow=Snow())).to_numpy()
    assert power[1, 0, 12] == 0.0
    assert power[0, 0] == pytest.approx(power[1, 1], rel=1e-12) and power[0, 1, 12] > 100.0
