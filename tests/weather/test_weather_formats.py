"""One synthetic day, written in each format, decodes to one Dataset.

What a format carries as means of intervals must come back to the format's rounding; what it carries as instants, or not
at all, within the error stated here and in the reader. Everything is tight enough that a slip of half an hour, of any
reader, shows: the last tests make that slip and see it found.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
import true_weather as tw
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import weather
from weather.conventions import WeatherWarning, flags
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.sources.open_meteo import read_open_meteo

HIGH_DEG = 10.0
"""Sun above which, at both ends of an hour, a beam that is derived or of instants is held to `high`."""

# half of the last digit, and of a mean of lines between instants half a digit too
MEANS_1W = {"ghi": 0.51, "dni": 0.51, "dhi": 0.51}
EXACT = dict.fromkeys(("ghi", "dni", "dhi", "temp_air", "temp_dew", "relative_humidity", "wind_speed"), 1e-3)
# means of straight lines between hourly instants of this weather: curvature x 1 h2 / 12, and rounding beside it
LINES = {"temp_air": 0.05, "temp_dew": 0.01, "relative_humidity": 0.3, "pressure": 0.6, "wind_speed": 0.03}
LINES |= {"wind_direction": 0.3}
HUB = {"wind_speed_100m": 0.04}


@dataclass(frozen=True)
class Format:
    """write lays the truth down; bounds: largest error by variable, high: under a high sun; absent: not in the file."""

    write: Callable[[object, Path], None]
    read: Callable[[Path], xr.Dataset]
    bounds: dict[str, float]
    high: dict[str, float] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    typical: bool = False


def text(make: Callable[[object], str]) -> Callable[[object, Path], None]:
    return lambda truth, path: path.write_text(make(truth)) and None


def js(make: Callable[[object], dict]) -> Callable[[object, Path], None]:
    return lambda truth, path: tw.dump(make(truth), path)


INSTANTS_SUN = {"ghi": 6.0, "dhi": 12.0}
INSTANTS_HIGH = {"ghi": 1.5, "dni": 14.0, "dhi": 4.0}
CSV = EXACT | {"pressure": 0.06, "wind_direction": 1e-3}
FORMATS = {
    "epw": Format(
        tw.write_epw,
        weather.read_epw,
        MEANS_1W
        | {"temp_air": 0.051, "temp_dew": 0.051, "relative_humidity": 0.51, "pressure": 0.51, "wind_speed": 0.051}
        | {"wind_direction": 0.51},
        typical=True,
    ),
    "tmy3": Format(
        tw.write_tmy3,
        weather.read_tmy3,
        MEANS_1W
        | {"temp_air": 0.1, "temp_dew": 0.06, "relative_humidity": 0.8, "pressure": 51.0, "wind_speed": 0.08}
        | {"wind_direction": 0.8},
        typical=True,
    ),
    "pvgis series, satellite": Format(
        js(tw.pvgis_series),
        weather.read_pvgis,
        INSTANTS_SUN | {"temp_air": 0.05, "wind_speed": 0.03},
        INSTANTS_HIGH,
        absent=("pressure", "temp_dew", "relative_humidity"),
    ),
    "pvgis series, reanalysis, table": Format(
        text(lambda truth: tw.pvgis_table(tw.pvgis_series(truth, minute=30, database="PVGIS-ERA5"))),
        weather.read_pvgis,
        {"ghi": 0.02, "dhi": 0.01, "temp_air": 0.05, "wind_speed": 0.03},
        {"dni": 14.0},
        absent=("pressure", "temp_dew", "relative_humidity"),
    ),
    "pvgis year, satellite": Format(
        js(tw.pvgis_year), weather.read_pvgis, INSTANTS_SUN | LINES | {"temp_dew": 0.06}, INSTANTS_HIGH, typical=True
    ),
    "pvgis year, image before the hour": Format(
        js(lambda truth: tw.pvgis_year(truth, offset_h=-0.1955)),
        weather.read_pvgis,
        INSTANTS_SUN | LINES | {"temp_dew": 0.06},
        INSTANTS_HIGH,
        typical=True,
    ),
    "pvgis year, reanalysis, table": Format(
        text(lambda truth: tw.pvgis_table(tw.pvgis_year(truth, offset_h=0.5))),
        weather.read_pvgis,
        {"ghi": 0.01, "dni": 0.01, "dhi": 0.01} | LINES | {"temp_dew": 0.06},
        typical=True,
    ),
    "nasa power": Format(
        js(tw.nasa_power),
        weather.read_nasa_power,
        dict.fromkeys(EXACT, 0.006) | {"pressure": 5.1, "wind_direction": 0.01},
    ),
    "nasa power, solar time, table": Format(
        text(lambda truth: tw.nasa_table(tw.nasa_power(truth, standard="LST"))),
        weather.read_nasa_power,
        dict.fromkeys(EXACT, 0.006) | {"pressure": 5.1, "wind_direction": 0.01},
    ),
    "era5": Format(
        lambda truth, path: tw.era5_cell(truth).to_netcdf(path, engine="h5netcdf"),
        weather.read_era5,
        {"ghi": 0.01, "dhi": 0.01} | LINES | HUB,
        {"dni": 14.0},
    ),
    "era5, table without beam": Format(
        text(tw.era5_table), weather.read_era5, {"ghi": 0.01} | LINES | HUB, absent=("dni", "dhi")
    ),
    "netcdf": Format(
        lambda truth, path: weather.write_netcdf(truth.dataset(), path),
        weather.read_netcdf,
        dict.fromkeys((*EXACT, "pressure", "wind_direction", "wind_speed_100m"), 1e-9),
    ),
    "csv": Format(text(tw.own_csv), weather.read_csv, CSV),
    "csv, ends": Format(
        text(lambda truth: tw.own_csv(truth, label="end", zone="Asia/Shanghai")), weather.read_csv, CSV
    ),
    "csv, middles": Format(text(lambda truth: tw.own_csv(truth, label="middle")), weather.read_csv, CSV),
    "csv, instants": Format(
        text(lambda truth: tw.own_csv(truth, label="instant")), weather.read_csv, INSTANTS_SUN | LINES, INSTANTS_HIGH
    ),
    "csv as written": Format(
        lambda truth, path: weather.write_csv(truth.dataset(), path),
        weather.read_csv,
        dict.fromkeys((*EXACT, "pressure", "wind_direction", "wind_speed_100m"), 1e-12),
    ),
    "open-meteo": Format(
        js(tw.open_meteo),
        read_open_meteo,
        dict.fromkeys(("ghi", "dni", "dhi"), 0.051)
        | {"temp_air": 0.1, "temp_dew": 0.06, "relative_humidity": 0.8, "pressure": 6.0, "wind_speed": 0.03}
        | {"wind_direction": 0.8},
    ),
}
REAL_YEARS = [name for name, row in FORMATS.items() if not row.typical]

latitudes = st.floats(18.0, 50.0).map(lambda value: round(value, 3))
longitudes = st.one_of(st.just(87.0), st.floats(73.0, 135.0).map(lambda value: round(value, 3)))
altitudes = st.integers(0, 3500).map(float)
# five days are written and the middle one compared; a typical year is a ring that a file of days is not
days = st.integers(0, 359).map(lambda number: np.datetime64("2001-01-02") + np.timedelta64(number, "D"))
leap_days = st.one_of(
    st.just(np.datetime64("2024-02-27")),
    st.integers(0, 720).map(lambda number: np.datetime64("2023-12-28") + np.timedelta64(number, "D")),
)


def errors(found: xr.Dataset, truth: object) -> dict[str, np.ndarray]:
    """Of the middle day, by variable."""
    wanted = truth.dataset().isel(time=slice(48, 72))
    day = found.sel(time=wanted["time"].values)
    held = {name: np.abs(day[name].values - wanted[name].values) for name in wanted.data_vars if name in day.data_vars}
    if "wind_direction" in held:
        held["wind_direction"] = np.minimum(held["wind_direction"], 360.0 - held["wind_direction"])
    return held


def sun_is_high(truth: object) -> np.ndarray:
    def elevation(stamps: np.ndarray) -> np.ndarray:
        index = pd.DatetimeIndex(stamps).tz_localize("UTC")
        return pvlib.solarposition.ephemeris(index, truth.latitude, truth.longitude)["elevation"].to_numpy()

    starts = truth.starts[48:72]
    return (elevation(starts) > HIGH_DEG) & (elevation(starts + tw.H) > HIGH_DEG)


def faults(name: str, truth: object, folder: Path, *, against: object | None = None) -> list[str]:
    """What of the decoded day is further from the truth than its format allows."""
    row = FORMATS[name]
    path = folder / "file"
    row.write(truth, path)
    with warnings.catch_warnings():
        if "temp_dew" in row.absent:
            warnings.filterwarnings("ignore", "(?s).*dew point taken as", WeatherWarning)
        found = errors(row.read(path), truth if against is None else against)
    high = sun_is_high(truth if against is None else against)
    told = [f"{key}: {found[key].max():g} > {most}" for key, most in row.bounds.items() if not found[key].max() <= most]
    return told + [
        f"{key} (high sun): {found[key][high].max():g} > {most}"
        for key, most in row.high.items()
        if high.any() and not found[key][high].max() <= most
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("formats")


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), latitude=latitudes, longitude=longitudes, altitude_m=altitudes)
def test_a_day_decodes_to_the_truth(folder, name, data, latitude, longitude, altitude_m):
    day = data.draw(days if FORMATS[name].typical else st.one_of(days, leap_days))
    assert faults(name, tw.Truth(day, latitude, longitude, altitude_m), folder) == []


@pytest.mark.parametrize("name", REAL_YEARS)
@pytest.mark.parametrize("longitude", [87.0, 105.2])
def test_the_29th_of_february_decodes_to_the_truth(folder, name, longitude):
    truth = tw.Truth(np.datetime64("2024-02-27"), 37.5, longitude, 1200.0)
    assert str(truth.starts[48] + tw.OFFSET).startswith("2024-02-29T00")
    assert faults(name, truth, folder) == []


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("longitude", [87.0, 121.0])
@pytest.mark.parametrize("late_h", [-1.0, -0.5, 0.5, 1.0])
def test_half_an_hour_off_would_be_seen(folder, name, longitude, late_h):
    """The comparison has teeth: a file whose stamps are off is not taken for the truth, be it told aloud or not."""
    truth = tw.Truth(np.datetime64("2001-03-10"), 37.5, longitude, 1200.0)
    assert faults(name, truth, folder) == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)
        try:
            told = faults(name, tw.slipped(truth, late_h), folder, against=truth)
        except DataError as error:
            assert re.search(r"dni (exceeds|is out of range)", str(error))  # more beam than there is sun
            return
    assert any(line.startswith(("ghi", "dni", "dhi")) for line in told)
    assert any(line.startswith("temp_air") for line in told)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "era5, table without beam"])
def test_every_format_says_the_same_of_the_place(folder, name):
    truth = tw.Truth(np.datetime64("2001-07-10"), 43.9, 87.0, 900.0)
    FORMATS[name].write(truth, folder / "file")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*dew point taken as", WeatherWarning)
        found = FORMATS[name].read(folder / "file")
    assert [found.attrs[key] for key in ("latitude", "longitude", "altitude_m")] == pytest.approx([43.9, 87.0, 900.0])
    assert {"source", "history", "licence", "utc_offset_h"} <= set(found.attrs)
    assert isinstance(found.attrs["utc_offset_h"], float)
    assert (found.attrs.get("typical_year") == 1) == FORMATS[name].typical
    assert weather.label_shift_hours(found) == 0.0
    assert weather.check_weather(found) is found


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_does_not_hold_is_flagged(folder, name):
    truth = tw.Truth(np.datetime64("2001-07-10"), 43.9, 87.0, 900.0)
    FORMATS[name].write(truth, folder / "file")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*dew point taken as", WeatherWarning)
        found = FORMATS[name].read(folder / "file")
    for variable in FORMATS[name].absent:
        assert (found[f"flag_{variable}"].values & flags.DERIVED).all()
    for variable in FORMATS[name].bounds:
        held = found.get(f"flag_{variable}")
        if FORMATS[name].bounds[variable] in (LINES.get(variable), INSTANTS_SUN.get(variable)):
            assert (held.values & (flags.FROM_INSTANTS | flags.DERIVED)).all()


SPECS = {
    "epw": "epw",
    "tmy3": "tmy3",
    "pvgis series, satellite": "pvgis",
    "pvgis year, reanalysis, table": "pvgis",
    "nasa power, solar time, table": "nasa_power",
    "era5": "era5",
    "netcdf": "netcdf",
    "csv, ends": "csv",
    "open-meteo": "open_meteo",
}


@pytest.mark.parametrize("name", SPECS)
def test_a_plan_opens_every_format_on_its_window(folder, name):
    truth = tw.Truth(np.datetime64("2001-07-10"), 43.9, 87.0, 900.0)
    FORMATS[name].write(truth, folder / "file")
    year = 2026 if FORMATS[name].typical else 2001
    window = time_axis(f"{year}-07-12", horizon_h=24)
    node = weather.Node("here", "Here", "此", "Xinjiang", 43.9, 87.0, 900.0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*dew point taken as", WeatherWarning)
        opened = weather.open_weather({"here": f"{SPECS[name]}:{folder / 'file'}"}, [node], time=window, seed=0)
        own = FORMATS[name].read(folder / "file")
    assert np.array_equal(opened["time"].values, window)
    wanted = own["ghi"].sel(time=truth.starts[48:72]).values
    assert np.array_equal(opened["ghi"].values[0], wanted)
    assert "file" in str(opened["source"].values[0])  # the name of the file it came from
