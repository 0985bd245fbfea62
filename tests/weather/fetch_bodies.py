"""Answers of the services in their recorded shape, made up under the true sun; and a server that misbehaves."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pandas as pd
import pvlib

LATITUDE, LONGITUDE, ALTITUDE_M = 37.5, 105.2, 1226.0
START = "2026-06-10"
HOURS = 72

OPEN_METEO_UNITS = {
    "shortwave_radiation": "W/m²",
    "direct_normal_irradiance": "W/m²",
    "diffuse_radiation": "W/m²",
    "temperature_2m": "°C",
    "dew_point_2m": "°C",
    "relative_humidity_2m": "%",
    "surface_pressure": "hPa",
    "wind_speed_10m": "m/s",
    "wind_speed_80m": "m/s",
    "wind_speed_100m": "m/s",
    "wind_direction_10m": "°",
}


@cache
def _sun(begin_min: int, end_min: int) -> dict[str, np.ndarray]:
    """Radiation [W/m2] from `begin_min` to `end_min` minutes around each full hour, HOURS + 1 of them."""
    minutes = np.arange(begin_min, end_min, 5) + 2.5 if end_min > begin_min else np.array([float(begin_min)])
    hours = pd.date_range(START, periods=HOURS + 1, freq="1h", tz="UTC")
    fine = pd.DatetimeIndex([hour + pd.Timedelta(minutes=float(m)) for hour in hours for m in minutes])
    zenith = pvlib.solarposition.spa_python(fine, LATITUDE, LONGITUDE, ALTITUDE_M)["zenith"].to_numpy()
    cosine = np.maximum(np.cos(np.radians(zenith)), 0.0)
    dni = np.where(cosine > 0.0, 900.0 * np.exp(-0.1 / np.maximum(cosine, 0.02)), 0.0)
    dhi = 110.0 * cosine
    means = {"ghi": dni * cosine + dhi, "dni": dni, "dhi": dhi}
    return {name: np.round(array.reshape(-1, minutes.size).mean(axis=1), 1) for name, array in means.items()}


def state(shift_h: float = 0.0) -> dict[str, np.ndarray]:
    """Temperature and the rest at each full hour plus `shift_h`, HOURS + 1 of them."""
    hour = np.arange(HOURS + 1) + shift_h
    temp_air = np.round(20.0 + 7.0 * np.sin(2.0 * np.pi * (hour - 2.0) / 24.0), 2)
    temp_dew = np.round(6.0 + np.cos(2.0 * np.pi * hour / 24.0), 2)
    steam = [611.2 * np.exp(17.62 * t / (243.12 + t)) for t in (temp_dew, temp_air)]
    return {
        "temp_air": temp_air,
        "temp_dew": temp_dew,
        "relative_humidity": np.round(100.0 * steam[0] / steam[1], 1),
        "pressure": np.round(87_500.0 + 100.0 * np.cos(hour / 9.0), 0),
        "wind_speed": np.round(3.0 + np.cos(hour / 5.0), 2),
        "wind_direction": np.round((200.0 + 10.0 * hour) % 360.0, 0),
    }


def open_meteo_columns() -> dict[str, list[float]]:
    """Hourly columns by the service's names: radiation of the hour before, the rest of the stamp."""
    sun, air = _sun(-60, 0), state()
    columns = {
        "shortwave_radiation": sun["ghi"],
        "direct_normal_irradiance": sun["dni"],
        "diffuse_radiation": sun["dhi"],
        "temperature_2m": air["temp_air"],
        "dew_point_2m": air["temp_dew"],
        "relative_humidity_2m": air["relative_humidity"],
        "surface_pressure": np.round(air["pressure"] / 100.0, 1),
        "wind_speed_10m": air["wind_speed"],
        "wind_speed_80m": np.round(air["wind_speed"] * 1.3, 2),
        "wind_speed_100m": np.round(air["wind_speed"] * 1.35, 2),
        "wind_direction_10m": air["wind_direction"],
    }
    return {name: array.tolist() for name, array in columns.items()}


def open_meteo(*, suffix: str = "", latitude: float = LATITUDE, longitude: float = LONGITUDE) -> dict:
    """An answer of the forecast service; `suffix` as of the previous-runs service."""
    first = int(pd.Timestamp(START, tz="UTC").timestamp())
    columns = open_meteo_columns()
    # heights this model does not have
    missing = {f"wind_speed_{height}m{suffix}": [None] * (HOURS + 1) for height in (120, 180)}
    units = {f"{name}{suffix}": OPEN_METEO_UNITS[name] for name in columns}
    return {
        "latitude": latitude,
        "longitude": longitude,
        "generationtime_ms": 0.3,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": ALTITUDE_M,
        "hourly_units": {"time": "unixtime", **units, **dict.fromkeys(missing, "undefined")},
        "hourly": {
            "time": [first + 3600 * hour for hour in range(HOURS + 1)],
            **{f"{name}{suffix}": values for name, values in columns.items()},
            **missing,
        },
    }


def open_meteo_ensemble(members: int = 3) -> dict:
    """An answer of the ensemble service: the control under the plain name, then _member01 and so on."""
    body = open_meteo()
    kept = [
        name
        for name in OPEN_METEO_UNITS
        if name not in ("direct_normal_irradiance", "diffuse_radiation", "wind_direction_10m")
    ]
    hourly, units = {"time": body["hourly"]["time"]}, {"time": "unixtime"}
    for name in kept:
        for member in range(members):
            key = name if member == 0 else f"{name}_member{member:02d}"
            # every member a little darker, and windier
            factor = {"shortwave": 1.0 - 0.05 * member, "wind": 1.0 + 0.1 * member}.get(name.split("_")[0], 1.0)
            hourly[key] = [round(value * factor, 2) for value in body["hourly"][name]]
            units[key] = OPEN_METEO_UNITS[name]
    return {**body, "hourly": hourly, "hourly_units": units}


NASA_UNITS = {
    "ALLSKY_SFC_SW_DWN": "Wh/m^2",
    "ALLSKY_SFC_SW_DNI": "Wh/m^2",
    "ALLSKY_SFC_SW_DIFF": "Wh/m^2",
    "T2M": "C",
    "T2MDEW": "C",
    "RH2M": "%",
    "PS": "kPa",
    "WS10M": "m/s",
    "WS50M": "m/s",
    "WD10M": "Degrees",
}


def nasa_power() -> dict:
    """An answer of the hourly service: means from the stamp on."""
    sun, air = _sun(0, 60), state(0.5)
    columns = {
        "ALLSKY_SFC_SW_DWN": sun["ghi"],
        "ALLSKY_SFC_SW_DNI": sun["dni"],
        "ALLSKY_SFC_SW_DIFF": sun["dhi"],
        "T2M": air["temp_air"],
        "T2MDEW": air["temp_dew"],
        "RH2M": air["relative_humidity"],
        "PS": air["pressure"] / 1000.0,
        "WS10M": air["wind_speed"],
        "WS50M": np.round(air["wind_speed"] * 1.25, 2),
        "WD10M": air["wind_direction"],
    }
    stamps = [f"{hour:%Y%m%d%H}" for hour in pd.date_range(START, periods=HOURS, freq="1h")]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [LONGITUDE, LATITUDE, ALTITUDE_M]},
        "properties": {
            "parameter": {
                name: dict(zip(stamps, array.tolist()[:HOURS], strict=True)) for name, array in columns.items()
            }
        },
        "header": {"title": "NASA/POWER", "fill_value": -999.0, "time_standard": "UTC", "start": "20260610"},
        "messages": [],
        "parameters": {name: {"units": unit, "longname": name} for name, unit in NASA_UNITS.items()},
        "times": {"data": 0.1, "process": 0.1},
    }


def pvgis(kind: str = "tmy") -> dict:
    """An answer of the tool tmy (three June days of it) or seriescalc: instants."""
    sun, air = _sun(0, 0), state()
    stamps = [f"{hour:%Y%m%d:%H%M}" for hour in pd.date_range(START, periods=HOURS + 1, freq="1h")]
    stamp = "time(UTC)" if kind == "tmy" else "time"
    columns = {"T2m": air["temp_air"], "WS10m": air["wind_speed"]}
    if kind == "tmy":
        columns |= {"RH": air["relative_humidity"], "SP": air["pressure"], "WD10m": air["wind_direction"]}
        columns |= {"G(h)": sun["ghi"], "Gb(n)": sun["dni"], "Gd(h)": sun["dhi"], "IR(h)": air["pressure"] * 0 + 300.0}
    else:
        columns |= {
            "Gb(i)": np.round(sun["ghi"] - sun["dhi"], 1),
            "Gd(i)": sun["dhi"],
            "Gr(i)": sun["dhi"] * 0,
            "Int": sun["dhi"] * 0,
        }
    rows = [
        {stamp: text, **{name: float(array[index]) for name, array in columns.items()}}
        for index, text in enumerate(stamps)
    ]
    location = {"latitude": LATITUDE, "longitude": LONGITUDE, "elevation": ALTITUDE_M}
    inputs = {"location": location, "meteo_data": {"radiation_db": "PVGIS-SARAH3", "meteo_db": "ERA5"}}
    if kind == "hourly":
        inputs["mounting_system"] = {"fixed": {"slope": {"value": 0, "optimal": False}, "azimuth": {"value": 0}}}
    return {"inputs": inputs, "outputs": {"tmy_hourly" if kind == "tmy" else "hourly": rows}, "meta": {}}


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """The address of a server that lets `answer(connection, number)` do whatever it wants, each call in a thread.

    The request has been read. Where the client has gone, or the test has ended, the call ends in an OSError.
    """
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_one(connection: socket.socket, number: int) -> None:
            with contextlib.suppress(OSError), connection:
                connection.recv(65536)
                answer(connection, number)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    threading.Thread(target=serve_one, args=(connection, len(held)), daemon=True).start()

        loop = threading.Thread(target=serve, daemon=True)
        loop.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for connection in held:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        listener.shutdown(socket.SHUT_RDWR)
    loop.join(5.0)
