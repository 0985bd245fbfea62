"""Small weather made here, so that the models are tested alone."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from weather.derive import dew_point, relative_humidity_from_dew

STANDARD = {
    "ghi": 0.0,
    "dni": 0.0,
    "dhi": 0.0,
    "temp_air": 15.0,
    "temp_dew": 5.0,
    "pressure": 87438.0,
    "wind_speed": 4.0,
}


def build_weather(
    start: str = "2025-06-20T16:00", hours: int = 24, step_min: int = 60, **given: object
) -> xr.Dataset:
    """One place (Zhongwei unless given) with constant or given variables."""
    time = np.datetime64(start, "ns") + np.arange(hours * 60 // step_min) * np.timedelta64(step_min, "m")
    place = {name: float(given.pop(name, value)) for name, value in PLACE.items()}
    dew_given = "temp_dew" in given
    values = {
        name: np.broadcast_to(np.asarray(given.pop(name, value), dtype=float), time.shape).copy()
        for name, value in STANDARD.items()
    }
    if not dew_given:
        values["temp_dew"] = np.minimum(values["temp_dew"], values["temp_air"])
    humidity = given.pop("relative_humidity", None)
    if humidity is None:
        humidity = relative_humidity_from_dew(values["temp_air"], values["temp_dew"])
    else:
        values["temp_dew"] = np.broadcast_to(dew_point(values["temp_air"], humidity), time.shape)
    values["relative_humidity"] = np.broadcast_to(humidity, time.shape)
    assert not given, f"unknown {sorted(given)}"
    weather = xr.Dataset({k: ("time", v) for k, v in values.items()}, coords={"time": time, **place})
    weather["wind_speed"].attrs["height_m"] = 10.0
    return weather


PLACE = {"latitude": 37.50, "longitude": 105.19, "altitude_m": 1226.0}


@pytest.fixture(scope="session")
def make_weather() -> Callable[..., xr.Dataset]:
    """Builder of one place's weather: ``make_weather(hours=24, temp_air=..., ...)``."""
    return build_weather


@pytest.fixture(scope="session")
def clear_day() -> xr.Dataset:
    """A cloudless midsummer day at Zhongwei from 00:00 civil time, by pvlib's Haurwitz clear sky."""
    return clear_sky_day("2025-06-20T16:00")


@pytest.fixture(scope="session")
def make_clear_day() -> Callable[..., xr.Dataset]:
    """Builder of a clear day: ``make_clear_day(start, step_min=60)``."""
    return clear_sky_day


def clear_sky_day(start: str, *, step_min: int = 60) -> xr.Dataset:
    import pandas as pd
    from pvlib import clearsky, irradiance, solarposition

    weather = build_weather(start, step_min=step_min)
    middle = pd.DatetimeIndex(weather["time"].to_numpy()) + pd.Timedelta(minutes=step_min / 2)
    sun = solarposition.get_solarposition(middle.tz_localize("UTC"), PLACE["latitude"], PLACE["longitude"])
    ghi = clearsky.haurwitz(sun["apparent_zenith"])["ghi"].to_numpy()
    split = irradiance.erbs(ghi, sun["zenith"].to_numpy(), middle.day_of_year.to_numpy())
    return weather.assign(
        ghi=("time", ghi), dni=("time", np.asarray(split["dni"])), dhi=("time", np.asarray(split["dhi"]))
    )
