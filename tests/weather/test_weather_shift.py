"""The clock of the radiation: found, told, and mended without losing energy."""

import warnings

import numpy as np
import pandas as pd
import pvlib
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from weather import WeatherWarning, label_shift_hours, read_epw, repair_log
from weather.conventions.errors import DataError
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.quality.shift import find_shift, move_radiation
from weather.quality.sunlight import sunlight

FILES = {  # shift, closure once mended at most [W/m2]
    "CHN_XZ_Urumqi-Diwopu.AP.514635_TMYx.epw": (1.5, 15.0),
    "CHN_SC_Chengdu-Shuangliu.AP.562940_TMYx.2009-2023.epw": (0.5, 15.0),
    "CHN_YN_Kunming-Wujiaba.AP.567780_TMYx.epw": (0.5, 15.0),
    "CHN_SX_Taiyuan.537720_TMYx.epw": (0.0, 29.0),
    "CHN_CQ_Chongqing.Shapingba.575160_CSWD.epw": (0.0, 15.0),
}
CLOCK_WORDS = ("stamped", "was moved")


def independent_closure(weather: xr.Dataset) -> float:
    """Closure [W/m2 rmse] over hours with sun, by the SPA algorithm on five minutes: none of the product's code."""
    minutes = np.arange(0, 60, 5) * 60 + 150
    fine = (weather["time"].values[:, None] + minutes.astype("timedelta64[s]")).ravel()
    sun = pvlib.solarposition.spa_python(
        pd.DatetimeIndex(fine).tz_localize("UTC"), float(weather["latitude"]), float(weather["longitude"])
    )
    cosine = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy())), 0.0).reshape(-1, 12).mean(axis=1)
    residual = weather["dni"].values * cosine + weather["dhi"].values - weather["ghi"].values
    return float(np.sqrt(np.mean(residual[cosine > 0.0] ** 2)))


def read_quietly(path, **how) -> tuple[xr.Dataset, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        weather = read_epw(path, **how)
    assert all(warning.category is WeatherWarning for warning in caught)
    return weather, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("name", FILES)
def test_shift_of_measured_files_is_found_told_and_mended(shared_data_dir, name):
    shift, closes_to = FILES[name]
    path = shared_data_dir / "weather" / name
    stamped, said = read_quietly(path)
    assert label_shift_hours(stamped) == shift
    told = [text for text in said if any(word in text for word in CLOCK_WORDS)]
    if shift:
        assert len(told) == 1 and f"stamped {shift:g} h too early" in told[0] and "--repair" in told[0]
    else:
        assert told == []

    mended, said = read_quietly(path, repair=True)
    assert label_shift_hours(mended) == 0.0
    assert independent_closure(mended) < closes_to
    assert any("was moved" in text for text in said) == bool(shift)
    assert ("shifted: ghi, dni, dhi by" in mended.attrs["history"]) == bool(shift)
    flagged = {entry.variable for entry in repair_log(mended) if entry.meaning == "shifted"}
    assert flagged == ({"ghi", "dni", "dhi"} if shift else set())
    for variable in ("ghi", "dni", "dhi"):
        assert float(mended[variable].sum()) == pytest.approx(float(stamped[variable].sum()), rel=1e-9)
    for variable in ("temp_air", "wind_speed", "pressure"):
        assert np.array_equal(mended[variable].values, stamped[variable].values)


def test_months_of_taiyuan_have_clocks_of_their_own(shared_data_dir):
    """Its months are of different years, four stamped half an hour early and eight half an hour late: that is why it
    closes to 28 W/m2 only. Two witnesses agree: closure, and the symmetry of clear days that needs no dni."""
    path = shared_data_dir / "weather" / "CHN_SX_Taiyuan.537720_TMYx.epw"
    stamped, _ = read_quietly(path)
    early, late = "Jan, Jul, Aug, Sep +0.5 h", "Feb, Mar, Apr, May, Jun, Oct, Nov, Dec -0.5 h"
    assert early in stamped.attrs["history"] and late in stamped.attrs["history"]
    civil = pd.DatetimeIndex(stamped["time"].values + np.timedelta64(8, "h")).month
    july, april = (stamped[["ghi"]].isel(time=np.flatnonzero(civil == month)) for month in (7, 4))
    assert (label_shift_hours(july), label_shift_hours(april)) == (0.5, -0.5)
    mended, said = read_quietly(path, repair="months")
    assert any("each month by its own" in text and "11 W/m2 moved" in text for text in said)
    assert independent_closure(mended) < 12.0 < 28.0 < independent_closure(stamped) < 29.0
    for variable in ("ghi", "dni", "dhi"):
        assert float(mended[variable].sum()) == pytest.approx(float(stamped[variable].sum()), rel=1e-9)


def clear_weather(
    *, latitude: float, longitude: float, start: str, days: int, step_min: int, shift_min: int, cloud: float, seed: int
) -> xr.Dataset:
    """Days of a clear sky (Ineichen through SPA, minute by minute) with cloudy ones among them; stamped `shift_min` too
    early."""
    minutes = pd.date_range(start, periods=days * 1440, freq="1min", tz="UTC") + pd.Timedelta(minutes=shift_min)
    site = pvlib.location.Location(latitude, longitude, altitude=1000.0)
    sky = site.get_clearsky(minutes[::5] + pd.Timedelta(minutes=2.5), linke_turbidity=3.0)
    zenith = site.get_solarposition(sky.index)["zenith"].to_numpy()
    rng = np.random.default_rng(seed)
    share = np.where(rng.random(days) < cloud, rng.uniform(0.1, 0.6, days), 1.0)
    index = np.repeat(share, 288) * np.where(np.repeat(share, 288) < 1.0, rng.uniform(0.5, 1.5, days * 288), 1.0)
    dni = sky["dni"].to_numpy() * np.where(index < 1.0, index**2, 1.0)
    dhi = sky["dhi"].to_numpy() * np.where(index < 1.0, 1.3 * index, 1.0)
    ghi = dni * np.maximum(np.cos(np.radians(zenith)), 0.0) + dhi
    stamps = pd.date_range(start, periods=days * 1440 // step_min, freq=f"{step_min}min")
    means = {
        name: array.reshape(stamps.size, -1).mean(axis=1) for name, array in (("ghi", ghi), ("dni", dni), ("dhi", dhi))
    }
    return xr.Dataset(
        {name: ("time", array, {"units": "W/m2"}) for name, array in means.items()},
        coords={"time": stamps.to_numpy(), "latitude": latitude, "longitude": longitude, "altitude_m": 1000.0},
    )


places = {
    "latitude": st.floats(18.0, 50.0),
    "longitude": st.floats(73.0, 135.0),
    "start": st.dates(pd.Timestamp("2024-01-01").date(), pd.Timestamp("2027-12-20").date()).map(str),
    "seed": st.integers(0, 1000),
}


@given(**places, step_min=st.sampled_from([15, 30, 60]), quarters=st.integers(-8, 8))
def test_any_shift_of_clear_days_is_found_by_either_witness(latitude, longitude, start, seed, step_min, quarters):
    weather = clear_weather(
        latitude=latitude,
        longitude=longitude,
        start=start,
        days=8,
        step_min=step_min,
        shift_min=15 * quarters,
        cloud=0.4,
        seed=seed,
    )
    closure, clear_days = label_shift_hours(weather), label_shift_hours(weather[["ghi"]])
    true = 0.25 * quarters
    for found in (closure, clear_days):
        # within a quarter of an hour, of which less than the whole may be told as none
        assert np.isnan(found) or abs(found - true) <= 0.25, (closure, clear_days)
    assert np.isfinite(closure)


@given(**places, step_min=st.sampled_from([60, 180]), days=st.integers(1, 12), cloud=st.floats(0.0, 1.0))
def test_a_right_clock_is_never_accused(latitude, longitude, start, seed, step_min, days, cloud):
    weather = clear_weather(
        latitude=latitude,
        longitude=longitude,
        start=start,
        days=days,
        step_min=step_min,
        shift_min=0,
        cloud=cloud,
        seed=seed,
    )
    for held in (weather, weather[["ghi"]]):
        found = label_shift_hours(held)
        assert np.isnan(found) or found == 0.0, found


def test_nodes_are_judged_each_for_itself():
    right, early = (
        clear_weather(
            latitude=37.5, longitude=105.2, start="2026-06-01", days=8, step_min=60, shift_min=shift, cloud=0.2, seed=1
        )
        for shift in (0, 60)
    )
    both = xr.concat([right, early], dim="node", coords="minimal", compat="override").assign_coords(node=["a", "b"])
    both = both.assign_coords(latitude=("node", [37.5, 37.5]), longitude=("node", [105.2, 105.2]))
    found = label_shift_hours(both)
    assert found.dims == ("node",) and list(found.values) == [0.0, 1.0] and found.attrs["units"] == "h"


def test_night_and_dark_days_tell_nothing():
    weather = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=3, step_min=60, shift_min=0, cloud=0.0, seed=1
    )
    dark = weather * 0.0
    assert np.isnan(label_shift_hours(dark))
    with pytest.raises(DataError, match="from ghi"):
        label_shift_hours(weather[["dni"]])


@pytest.mark.parametrize("ring", [True, False])
def test_moving_keeps_every_component_s_energy_and_moves_back(ring):
    time = np.datetime64("2001-01-01", "ns") + np.arange(8760) * np.timedelta64(1, "h")
    sun = sunlight(time, latitude=37.5, longitude=105.2)
    rng = np.random.default_rng(3)
    share = np.repeat(rng.uniform(0.2, 1.0, 365), 24)
    values = {name: sun.over(sun.clear[name], shift=6) * share for name in ("ghi", "dni", "dhi")}
    moved, kept = move_radiation(values, hours=np.full(8760, 1.5), sun=sun, ring=ring)
    assert (kept.start, kept.stop) == ((0, 8760) if ring else (2, 8760))
    for name, array in moved.items():
        lost = 0.0 if ring else values[name][-2:].sum()
        assert array.sum() == pytest.approx(values[name].sum() - lost, rel=1e-12)
        # of a sky whose clear-sky index holds over days, what comes out is that index times clear sky
        wanted = sun.over(sun.clear[name]) * share
        hour = np.arange(8760) % 24
        inside = np.flatnonzero((hour > 3) & (hour < 21))[24:-24]
        assert array[inside] == pytest.approx(wanted[inside], abs=0.02 * wanted.max())
    same, _ = move_radiation(values, hours=np.zeros(8760), sun=sun, ring=ring)
    for name in values:
        assert same[name] == pytest.approx(values[name], rel=1e-12)


def draft_of(weather: xr.Dataset, **change) -> Draft:
    size = weather.sizes["time"]
    rest = {"temp_air": 20.0, "relative_humidity": 40.0, "pressure": 90_000.0, "wind_speed": 3.0}
    values = {name: weather[name].values for name in weather.data_vars} | {n: np.full(size, v) for n, v in rest.items()}
    given_ = {
        "where": "made.csv",
        "time": weather["time"].values.astype("datetime64[ns]"),
        "values": values,
        "label": dict.fromkeys(values, "start"),
        "latitude": float(weather["latitude"]),
        "longitude": float(weather["longitude"]),
        "altitude_m": 1000.0,
        "attrs": {"source": "made", "licence": "none", "history": "", "utc_offset_h": 0.0},
    }
    return Draft(**(given_ | change))


def test_a_clock_hours_off_is_refused_even_with_repair():
    local = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=8, step_min=60, shift_min=-480, cloud=0.2, seed=1
    )
    for repair in (False, True):
        with pytest.raises(DataError, match=r"8 h too late .* local time taken for UTC"):
            finish(draft_of(local), repair=repair)


def test_what_a_series_loses_at_its_ends_by_repair_is_cut_off():
    early = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=8, step_min=60, shift_min=90, cloud=0.0, seed=1
    )
    with pytest.warns(WeatherWarning, match=r"radiation was moved: ghi, dni, dhi by \+1\.5 h"):
        mended = finish(draft_of(early), repair=True)
    assert mended.sizes["time"] == 8 * 24 - 2
    assert mended["time"].values[0] == np.datetime64("2026-06-01T02:00")
    assert "cut off" in mended.attrs["history"]
    assert (mended["flag_ghi"].values == 4).all()


def test_without_checks_nothing_is_looked_for():
    early = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=8, step_min=60, shift_min=60, cloud=0.0, seed=1
    )
    plain = finish(draft_of(early), check=False)
    assert np.array_equal(plain["ghi"].values, early["ghi"].values)
    with pytest.warns(WeatherWarning, match=r"stamped 1 h too early"):
        finish(draft_of(early))


def test_radiation_the_reader_derived_is_no_witness():
    """dni and dhi made from ghi close under any clock: the verdict must come from ghi alone."""
    early = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=12, step_min=60, shift_min=60, cloud=0.2, seed=1
    )
    with pytest.warns(WeatherWarning, match=r"stamped 1 h too early, as its clear days show"):
        weather = finish(draft_of(early[["ghi"]]))
    assert label_shift_hours(weather) == 1.0


def test_the_shift_is_of_the_values_that_are_there():
    early = clear_weather(
        latitude=37.5, longitude=105.2, start="2026-06-01", days=8, step_min=60, shift_min=60, cloud=0.0, seed=1
    )
    holed = {name: early[name].values.copy() for name in early.data_vars}
    holed["ghi"][30:33] = np.nan
    sun = sunlight(early["time"].values.astype("datetime64[ns]"), latitude=37.5, longitude=105.2)
    found = find_shift(holed, sun=sun, clock=early["time"].values)
    assert (found.hours, found.witness) == (1.0, "closure")
    assert found.closure_shifted < 0.2 * found.closure_as_stamped
