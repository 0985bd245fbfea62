"""Photovoltaics: published values of the links, and what the chain must do at the edges."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.solar import PVLosses, PVPlant, Snow, Soiling, pv_power
from weather.conventions.errors import ConfigError, DataError

# no spectrum, no coating: every later link has a figure that pvlib gives
PLAIN = {"spectrum": None, "anti_reflective": False, "transposition": "haydavies"}
PLANT = PVPlant(dc_kw=1250.0, loss_frac=0.12)
FIXED = PVPlant(dc_kw=1250.0, loss_frac=0.12, tracking="fixed", tilt_deg=35.0)


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

    noon = make_weather("2025-06-21T05:00", hours=2, ghi=400.0, dni=0.0, dhi=400.0, temp_air=20.0, wind_speed=3.0)
    plant = replace(FIXED, tilt_deg=0.0, loss_frac=0.1, dc_kw=1200.0, dc_ac_ratio=1.2, **PLAIN)
    effective = 400.0 * iam.marion_diffuse("physical", 0.0)["sky"]
    cell = 20.0 + 400.0 / (25.0 + 6.84 * 3.0)
    dc = effective / 1000 * 1200.0 * (1 - 0.0035 * (cell - 25.0)) * 0.9
    zeta = dc / (1000.0 / 0.98)
    expected = 0.98 / 0.9637 * (-0.0162 * zeta - 0.0059 / zeta + 0.9858) * dc
    assert pv_power(noon, plant).to_numpy() == pytest.approx([expected] * 2, rel=1e-9)


def test_inverter_clips_at_the_ac_capacity(clear_day):
    big = replace(PLANT, dc_kw=3000.0, dc_ac_ratio=3.0, loss_frac=0.0)
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


@given(
    scale=st.just(0.0) | st.floats(0.01, 1.2),
    ac_kw=st.floats(0.0, 5000.0),
    tracking=st.sampled_from(["fixed", "single_axis"]),
    tilt=st.floats(0.0, 90.0),
    facing=st.floats(0.0, 360.0),
    gcr=st.floats(0.01, 1.0),
    bifaciality=st.sampled_from([0.0, 0.8]),
    transposition=st.sampled_from(["perez_driesse", "haydavies"]),
    cell=st.sampled_from(["faiman", "pvsyst_free", "sapm_glass_polymer"]),
)
def test_power_is_a_number_within_the_rating_and_scales_with_it(clear_day, scale, ac_kw, **given_figures):
    figures = dict(given_figures)
    figures |= {"tilt_deg": figures.pop("tilt"), "azimuth_deg": figures.pop("facing")}
    if figures["tracking"] == "single_axis":
        figures["tilt_deg"] /= 3.0
    dim = clear_day.assign({name: clear_day[name] * scale for name in ("ghi", "dni", "dhi")})
    plant = PVPlant(dc_kw=1.25 * ac_kw, **figures)
    power = pv_power(dim, plant).to_numpy()
    assert np.all(np.isfinite(power)) and np.all(power >= 0.0) and np.all(power <= ac_kw * (1 + 1e-12))
    assert np.all(power[:5] == 0.0)
    per_mw = pv_power(dim, replace(plant, dc_kw=1250.0)).to_numpy()
    assert power == pytest.approx(per_mw * ac_kw / 1000.0, rel=1e-9, abs=1e-9)


@given(more=st.floats(1.0, 300.0), cloud=st.floats(0.0, 1.0), hour=st.integers(6, 19))
def test_more_beam_gives_more_power_where_the_sun_is_before_the_modules(clear_day, more, cloud, hour):
    base = clear_day.assign(dni=clear_day["dni"] * cloud)
    lit = base["time"] == base["time"][hour]
    brighter = base.assign(dni=base["dni"] + more * lit)
    sparse = replace(PLANT, gcr=0.1)  # a tracker that does not turn back faces the sun at all hours
    assert (pv_power(brighter, sparse) - pv_power(base, sparse)).to_numpy()[hour] >= 0.0


def test_more_beam_behind_a_fixed_module_may_give_less(make_weather):
    """The law's limit, as the docstring says it: the sun stands north-east, the module faces south (Hay-Davies)."""
    morning = make_weather("2025-06-20T23:00", hours=2, dni=[300.0, 300.0], dhi=[150.0, 150.0], ghi=0.0)
    steep = replace(FIXED, tilt_deg=60.0, transposition="haydavies")
    base, brighter = (pv_power(morning.assign(dni=morning["dni"] + d), steep).to_numpy() for d in (0.0, 300.0))
    assert brighter[0] < base[0]


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
    with pytest.raises(DataError, match="1 values of dni are missing, the first at 2025-06-20T19:00Z"):
        pv_power(clear_day.assign(dni=clear_day["dni"].where(clear_day["time"] != clear_day["time"][3])), PLANT)
    with pytest.raises(
        DataError, match="24 values of wind_speed are out of range, first -1 m/s at 2025-06-20T16:00Z; allowed 0 to 60"
    ):
        pv_power(clear_day.assign(wind_speed=clear_day["wind_speed"] * 0 - 1.0), PLANT)
    nodes = xr.concat([clear_day, clear_day], dim="node").transpose("time", "node")
    with pytest.raises(DataError, match="Transpose"):
        pv_power(nodes, PLANT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dc_kw", -1.0),
        ("dc_kw", float("inf")),
        ("dc_kw", "5"),
        ("dc_kw", True),
        ("dc_kw", None),
        ("gcr", "0.4"),
        ("loss_frac", False),
        ("dc_ac_ratio", 0.0),
        ("tracking", "two_axis"),
        ("tilt_deg", float("nan")),
        ("azimuth_deg", -10.0),
        ("gcr", 0.0),
        ("max_angle_deg", 91.0),
        ("temp_coeff_per_k", 0.004),
        ("inverter_eff", 98.0),
        ("loss_frac", 1.0),
        ("losses", 0.1),
        ("bifaciality", 1.2),
        ("albedo", -0.1),
        ("rear_loss_frac", 1.0),
        ("transposition", "perez"),
        ("cell", "noct"),
        ("spectrum", "am"),
        ("anti_reflective", 1),
        ("backtrack", None),
        ("soiling", 0.02),
        ("snow", True),
    ],
)
def test_impossible_plants_are_refused_by_the_fields_name(field, value):
    with pytest.raises(ConfigError, match=rf"PV plant: got {field}=.*, allowed "):
        replace(PVPlant(dc_kw=1250.0), **{field: value})


def test_fixed_modules_must_name_their_tilt_and_an_axis_is_level_unless_told():
    with pytest.raises(ConfigError, match="got tilt_deg=None, allowed 0 to 90, and fixed modules must name it"):
        PVPlant(dc_kw=1.0, tracking="fixed")
    assert PVPlant(dc_kw=1.0).tilt_deg == 0.0 == PVPlant(dc_kw=1.0, tracking="fixed", tilt_deg=0).tilt_deg


def test_dust_losses_and_snow_refuse_what_is_no_number():
    for made, field in (
        (Soiling, "rate_per_day"),
        (PVLosses, "age"),
        (Snow, "fall_m_per_h"),
        (Snow, "strings_per_row"),
    ):
        for value in ("0.1", True, None):
            with pytest.raises(ConfigError, match=f"got {field}=.*, allowed a number"):
                made(**{field: value})


def test_a_study_switches_the_spectrum_off_by_the_word_none():
    from energy.config_supply import PVConfig

    told = {"capacity_kw": 100.0, "price_cny_per_kwh": 0.2, "source": "assumption: test"}
    assert PVConfig(spectrum="none", **told).plant().spectrum is None
    assert PVConfig(spectrum="de_soto", **told).plant().spectrum == "de_soto" == PVConfig(**told).plant().spectrum


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("latitude", np.nan, "-90 to 90"),
        ("latitude", 95.0, "-90 to 90"),
        ("longitude", 181.0, "-180 to 180"),
        ("altitude_m", 50_000.0, "-430 to 9000"),
    ],
)
def test_places_off_the_earth_are_refused(clear_day, name, value, allowed):
    with pytest.raises(DataError, match=f"got {name}={value:g} at 1 of 1 places, allowed {allowed}"):
        pv_power(clear_day.assign_coords({name: value}), PLANT)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("temp_air", 300.0, "-90 to 60"),
        ("dni", 50_000.0, "0 to 1400"),
        ("dhi", 1300.0, "0 to 1200"),
        ("wind_speed", 90.0, "0 to 60"),
    ],
)
def test_weather_of_no_place_on_earth_is_refused(clear_day, name, value, allowed):
    hour = clear_day["time"] == clear_day["time"][5]
    with pytest.raises(
        DataError, match=f"1 values of {name} are out of range, first {value:g} .* at .*T21:00Z; allowed {allowed}"
    ):
        pv_power(clear_day.assign({name: clear_day[name].where(~hour, value)}), PLANT)


def test_long_steps_are_refused_with_the_remedy(clear_day):
    for step in (2, 3, 6):
        with pytest.raises(DataError, match=f"the steps are {step} h long, .*at most 1 h.*Give hourly weather"):
            pv_power(clear_day.isel(time=slice(None, None, step)), PLANT)


def test_one_stamp_is_computed_where_its_length_is_told(clear_day):
    day = pv_power(clear_day, PLANT).to_numpy()
    one = clear_day.isel(time=[8])
    assert pv_power(one, PLANT, step_h=1.0).to_numpy() == pytest.approx(day[8:9], rel=1e-12)
    with pytest.raises(DataError, match=r"1 stamp\(s\) do not tell .*Give step_h"):
        pv_power(one, PLANT)
    with pytest.raises(DataError, match=r"got step_h=0\.5 and stamps 1 h apart"):
        pv_power(clear_day, PLANT, step_h=0.5)
    with pytest.raises(DataError, match="the steps are 24 h long"):
        pv_power(one, PLANT, step_h=24.0)


def test_losses_are_given_once():
    with pytest.raises(ConfigError, match="only one of loss_frac and losses"):
        replace(PLANT, losses=PVLosses())
    with pytest.raises(ConfigError, match=r"PV losses: got wiring=-0\.01"):
        PVLosses(wiring=-0.01)


def test_named_losses_multiply_and_those_after_the_inverter_lower_the_peak(clear_day):
    """PVWatts' own defaults with its 3 % of shade make the published 14.08 %."""
    own = PVLosses(transformer=0.0)
    whole = 1 - (1 - own.dc_frac) * (1 - own.ac_frac) * (1 - 0.03)
    assert whole == pytest.approx(0.140757, abs=5e-6)
    big = PVPlant(dc_kw=3000.0, dc_ac_ratio=3.0, losses=PVLosses(availability=0.1, transformer=0.02))
    assert pv_power(clear_day, big).to_numpy().max() == pytest.approx(1000.0 * 0.9 * 0.98, rel=1e-12)
    one = PVPlant(dc_kw=1250.0, loss_frac=PVLosses().dc_frac)
    named = PVPlant(dc_kw=1250.0)
    kept = 1.0 - PVLosses().ac_frac
    assert pv_power(clear_day, named).to_numpy() == pytest.approx(pv_power(clear_day, one).to_numpy() * kept, rel=1e-12)


def test_attributes_say_what_it_is(clear_day):
    power = pv_power(clear_day, PLANT)
    assert power.attrs["units"] == "kW" and power.dims == ("time",) and power.name == "pv_power"


def test_a_plant_of_nothing_yields_nothing(clear_day):
    assert np.all(pv_power(clear_day, replace(PLANT, dc_kw=0.0)).to_numpy() == 0.0)


def test_one_place_for_all_nodes_and_weather_of_fewer_dims(clear_day):
    """Radiation by member, temperature the same for all: as if it were written out."""
    member = xr.DataArray([1.0, 0.6], dims="member", coords={"member": [3, 7]})
    mixed = clear_day.assign({name: clear_day[name] * member for name in ("ghi", "dni", "dhi")})
    mixed = mixed.transpose("member", "time")
    found = pv_power(mixed, PLANT)
    assert found.dims == ("member", "time") and list(found["member"].to_numpy()) == [3, 7]
    assert found.sel(member=3).to_numpy() == pytest.approx(pv_power(clear_day, PLANT).to_numpy(), rel=1e-12)


def test_a_window_gives_what_the_year_gives_there(clear_day):
    part = clear_day.isel(time=slice(7, 12))
    assert pv_power(part, PLANT).to_numpy() == pytest.approx(pv_power(clear_day, PLANT).to_numpy()[7:12], rel=1e-12)


def test_a_place_per_member_is_refused(clear_day):
    members = xr.concat([clear_day, clear_day], dim="member").expand_dims("node", axis=1)
    placed = members.assign_coords(latitude=("member", [30.0, 40.0]))
    with pytest.raises(DataError, match="latitude has dims"):
        pv_power(placed, PLANT)
    with pytest.raises(DataError, match="no coordinate altitude_m"):
        pv_power(clear_day.drop_vars("altitude_m"), PLANT)
    with pytest.raises(DataError, match="has no wind_speed"):
        pv_power(clear_day.drop_vars("wind_speed"), PLANT)
