"""Weather that is known at every minute, and what each format would hold of it.

`Truth` is analytic: the true sun, a slow haze, smooth temperature, humidity, pressure and wind. Each `write_*` lays
down what its format carries, rounded as the format rounds, and nothing else. `late_h` stamps everything too late by so
much: what a reader that is off by it would make of the right file.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import xarray as xr

from weather.conventions.variables import VARIABLES
from weather.derive import relative_humidity_from_dew, standard_pressure
from weather.sources.assemble import place_dataset

H, MIN = np.timedelta64(1, "h"), np.timedelta64(1, "m")
OFFSET = np.timedelta64(8, "h")  # of every local clock here
DAYS = 5
HOURS = 24 * DAYS


@dataclass(frozen=True)
class Truth:
    """Five local days from local midnight of `first` on."""

    first: np.datetime64
    latitude: float
    longitude: float
    altitude_m: float
    late_h: float = 0.0

    @property
    def starts(self) -> np.ndarray:
        """Start of every hour, UTC, shape (HOURS,)."""
        return (self.first - OFFSET).astype("datetime64[ns]") + np.arange(HOURS) * H

    def at(self, time: np.ndarray) -> dict[str, np.ndarray]:
        """Every variable at instants."""
        time = np.asarray(time).astype("datetime64[ns]") - np.timedelta64(round(self.late_h * 3600), "s")
        index = pd.DatetimeIndex(time).tz_localize("UTC")
        sun = pvlib.solarposition.ephemeris(index, self.latitude, self.longitude)["elevation"].to_numpy()
        cosine = np.maximum(np.sin(np.radians(sun)), 0.0)
        hours = (time - self.starts[0]) / H
        haze = 0.08 * np.sin(2 * np.pi * hours / 31.0)
        dni = np.where(cosine > 0.0, 880.0 * np.exp(-0.09 / np.maximum(cosine, 1e-3)) * (1.0 - haze), 0.0)
        dhi = 110.0 * (1.0 + haze) * cosine**0.8
        temp = 14.0 + 7.0 * np.sin(2 * np.pi * (hours - 9.0) / 24.0) + 2.0 * np.sin(2 * np.pi * hours / 100.0)
        dew = 3.0 + 2.0 * np.sin(2 * np.pi * hours / 40.0)
        turn = 2 * np.pi * hours / 19.0
        return {
            "ghi": dni * cosine + dhi,
            "dni": dni,
            "dhi": dhi,
            "beam": dni * cosine,
            "temp_air": temp,
            "temp_dew": dew,
            "relative_humidity": relative_humidity_from_dew(temp, dew),
            "pressure": standard_pressure(self.altitude_m) + 300.0 * np.sin(2 * np.pi * hours / 50.0),
            "wind_speed": 5.0 + 2.0 * np.sin(turn) + np.sin(2 * np.pi * hours / 24.0),
            "wind_speed_100m": 1.4 * (5.0 + 2.0 * np.sin(turn) + np.sin(2 * np.pi * hours / 24.0)),
            "wind_direction": (350.0 + 40.0 * np.sin(2 * np.pi * hours / 24.0)) % 360.0,
        }

    def means(self, starts: np.ndarray) -> dict[str, np.ndarray]:
        """Every variable's mean over the hours that start there; of a direction, the mean way."""
        fine = self.at((starts[:, None] + (np.arange(60) * MIN + np.timedelta64(30, "s"))).ravel())
        found = {name: array.reshape(-1, 60).mean(axis=1) for name, array in fine.items()}
        turned = np.radians(fine["wind_direction"].reshape(-1, 60))
        mean = np.degrees(np.arctan2(np.sin(turned).mean(axis=1), np.cos(turned).mean(axis=1)))
        return found | {"wind_direction": mean % 360.0}

    def dataset(self) -> xr.Dataset:
        """What every format should decode to, but for its rounding: hour means on `starts`."""
        means = self.means(self.starts)
        return place_dataset(
            {name: means[name] for name in VARIABLES if name in means},
            time=self.starts,
            latitude=self.latitude,
            longitude=self.longitude,
            altitude_m=self.altitude_m,
            attrs={"source": "truth", "history": "", "licence": "none", "utc_offset_h": 8.0},
        )


def write_epw(truth: Truth, path: Path) -> None:
    means = truth.means(truth.starts)
    local = pd.DatetimeIndex(truth.starts + OFFSET)
    first, last = (f"{stamp.month}/{stamp.day}" for stamp in (local[0], local[-1]))
    place = f"{truth.latitude},{truth.longitude},8.0,{truth.altitude_m}"
    rows = [f"LOCATION,Testville,Ningxia,CHN,synthetic,000001,{place}"]
    rows += ["DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0"]
    rows += ["HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,", "COMMENTS 2,"]
    rows += [f"DATA PERIODS,1,1,Data,Sunday,{first},{last}"]
    for i, stamp in enumerate(local):
        head = f"{1990 + stamp.month},{stamp.month},{stamp.day},{stamp.hour + 1},0,?9"
        v = {name: array[i] for name, array in means.items()}
        state = f"{v['temp_air']:.1f},{v['temp_dew']:.1f},{v['relative_humidity']:.0f},{v['pressure']:.0f}"
        sun = f"0,0,300,{v['ghi']:.0f},{v['dni']:.0f},{v['dhi']:.0f}"
        wind = f"{v['wind_direction']:.0f},{v['wind_speed']:.1f}"
        rows.append(f"{head},{state},{sun},0,0,0,0,{wind},5,5,9999,99999,9,999999999,10,0.1,0,88,0.2,0,0")
    path.write_text("\n".join(rows) + "\n")


TMY3_HEADER = (
    "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),GHI source,DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Dew-point (C),"
    "RHum (%),Pressure (mbar),Wdir (degrees),Wspd (m/s)"
)


def write_tmy3(truth: Truth, path: Path) -> None:
    means, ends = truth.means(truth.starts), truth.at(truth.starts + H)
    place = f"{truth.latitude},{truth.longitude},{truth.altitude_m}"
    rows = [f'000001,"TESTVILLE",NX,8.0,{place}', TMY3_HEADER]
    for i, stamp in enumerate(pd.DatetimeIndex(truth.starts + OFFSET)):
        date = f"{stamp.month:02d}/{stamp.day:02d}/{1980 + stamp.month}"
        m, e = ({name: array[i] for name, array in held.items()} for held in (means, ends))
        sun = f"{m['ghi']:.0f},1,{m['dni']:.0f},{m['dhi']:.0f}"
        state = f"{e['temp_air']:.1f},{e['temp_dew']:.1f},{e['relative_humidity']:.0f},{e['pressure'] / 100:.0f}"
        rows.append(f"{date},{stamp.hour + 1:02d}:00,{sun},{state},{e['wind_direction']:.0f},{e['wind_speed']:.1f}")
    path.write_text("\n".join(rows) + "\n")


def _pvgis_inputs(truth: Truth, database: str, **more: float) -> dict:
    place = {"latitude": truth.latitude, "longitude": truth.longitude, "elevation": truth.altitude_m}
    return {
        "location": place | more,
        "meteo_data": {"radiation_db": database, "meteo_db": "ERA5"},
        "mounting_system": {"fixed": {"slope": {"value": 0, "optimal": False}, "type": "free-standing"}},
    }


def pvgis_series(truth: Truth, *, minute: int = 10, database: str = "PVGIS-SARAH3") -> dict:
    stamps = truth.starts + minute * MIN
    now = truth.at(stamps)
    sun = truth.means(truth.starts) if "ERA5" in database else now
    rows = [
        {
            "time": pd.Timestamp(stamp).strftime("%Y%m%d:%H%M"),
            "Gb(i)": round(float(sun["beam"][i]), 2),
            "Gd(i)": round(float(sun["dhi"][i]), 2),
            "Gr(i)": 0.0,
            "H_sun": 0.0,
            "T2m": round(float(now["temp_air"][i]), 2),
            "WS10m": round(float(now["wind_speed"][i]), 2),
            "Int": 0.0,
        }
        for i, stamp in enumerate(stamps)
    ]
    units = {"Gb(i)": "W/m2", "Gd(i)": "W/m2", "T2m": "degree Celsius", "WS10m": "m/s"}
    said = {"hourly": {"variables": {name: {"description": "x", "units": unit} for name, unit in units.items()}}}
    meta = {"inputs": {}, "outputs": said}
    return {"inputs": _pvgis_inputs(truth, database), "outputs": {"hourly": rows}, "meta": meta}


def pvgis_year(truth: Truth, *, offset_h: float = 0.1761) -> dict:
    """A typical year's form; the radiation of an offset of half an hour is the hour's mean, as of ERA5."""
    now = truth.at(truth.starts)
    late = np.timedelta64(round(offset_h * 3600), "s")
    sun = truth.means(truth.starts) if offset_h == 0.5 else truth.at(truth.starts + late)
    columns = {"T2m": "temp_air", "RH": "relative_humidity", "WS10m": "wind_speed", "WD10m": "wind_direction"}
    rows = []
    for i, stamp in enumerate(truth.starts):
        row = {"time(UTC)": pd.Timestamp(stamp).replace(year=2012).strftime("%Y%m%d:%H%M")}
        row |= {ours: round(float(now[name][i]), 2) for ours, name in (columns | {"SP": "pressure"}).items()}
        row |= {"G(h)": round(float(sun["ghi"][i]), 2), "Gb(n)": round(float(sun["dni"][i]), 2)}
        rows.append(row | {"Gd(h)": round(float(sun["dhi"][i]), 2), "IR(h)": 300.0})
    inputs = _pvgis_inputs(truth, "PVGIS-SARAH3", irradiance_time_offset=offset_h)
    return {"inputs": inputs, "outputs": {"months_selected": [], "tmy_hourly": rows}}


def pvgis_table(data: dict) -> str:
    """The CSV form of either."""
    place, outputs = data["inputs"]["location"], data["outputs"]
    typical = "tmy_hourly" in outputs
    rows = outputs["tmy_hourly" if typical else "hourly"]
    head = [
        f"Latitude (decimal degrees):\t{place['latitude']}",
        f"Longitude (decimal degrees):\t{place['longitude']}",
        f"Elevation (m):\t{place['elevation']}",
    ]
    if typical:
        head += [f"Irradiance Time Offset (h): {place['irradiance_time_offset']}", "month,year", "1,2012"]
    else:
        head += [f"Radiation database:\t{data['inputs']['meteo_data']['radiation_db']}", "", ""]
        head += ["Slope: 0 deg. ", "Azimuth: 0 deg. "]
    table = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    foot = ["", "T2m: 2-m air temperature (degree Celsius)", "", "PVGIS (c) European Union, 2001-2026"]
    return "\r\n".join([*head, *table, *foot])


NASA = {
    "ALLSKY_SFC_SW_DWN": ("ghi", "Wh/m^2", 1.0),
    "ALLSKY_SFC_SW_DNI": ("dni", "Wh/m^2", 1.0),
    "ALLSKY_SFC_SW_DIFF": ("dhi", "Wh/m^2", 1.0),
    "T2M": ("temp_air", "C", 1.0),
    "T2MDEW": ("temp_dew", "C", 1.0),
    "RH2M": ("relative_humidity", "%", 1.0),
    "PS": ("pressure", "kPa", 1e-3),
    "WS10M": ("wind_speed", "m/s", 1.0),
    "WD10M": ("wind_direction", "Degrees", 1.0),
}


def nasa_power(truth: Truth, *, standard: str = "UTC") -> dict:
    means = truth.means(truth.starts)
    local = truth.starts + np.timedelta64(round(truth.longitude / 15.0) if standard == "LST" else 0, "h")
    stamps = [pd.Timestamp(stamp).strftime("%Y%m%d%H") for stamp in local]
    values = {
        name: {stamp: round(float(value * factor), 2) for stamp, value in zip(stamps, means[ours], strict=True)}
        for name, (ours, _, factor) in NASA.items()
    }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [truth.longitude, truth.latitude, truth.altitude_m]},
        "properties": {"parameter": values},
        "header": {"title": "NASA/POWER", "fill_value": -999.0, "time_standard": standard},
        "parameters": {name: {"units": unit, "longname": name} for name, (_, unit, _) in NASA.items()},
    }


def nasa_table(data: dict) -> str:
    longitude, latitude, altitude = data["geometry"]["coordinates"]
    series = data["properties"]["parameter"]
    head = [
        "-BEGIN HEADER-",
        "NASA/POWER Source Native Resolution Hourly Data ",
        f"Dates (month/day/year): 01/01/2001 through 01/05/2001 in {data['header']['time_standard']}",
        f"Location: Latitude  {latitude}   Longitude {longitude} ",
        f"Elevation from MERRA-2: Average for 0.5 x 0.625 degree lat/lon region = {altitude} meters",
        "The value for missing source data that cannot be computed or is outside of the sources availability range: "
        f"{data['header']['fill_value']:g} ",
        "Parameter(s): ",
        *(f"{name}     MERRA-2 something ({said['units']}) " for name, said in data["parameters"].items()),
        "-END HEADER-",
    ]
    stamps = list(next(iter(series.values())))
    table = [",".join(["YEAR", "MO", "DY", "HR", *series])]
    for stamp in stamps:
        cells = [str(int(part)) for part in (stamp[:4], stamp[4:6], stamp[6:8], stamp[8:])]
        table.append(",".join([*cells, *(str(column[stamp]) for column in series.values())]))
    return "\n".join([*head, *table]) + "\n"


def era5_cell(truth: Truth, *, beam: bool = True) -> xr.Dataset:
    """One cell in the units and labels of ERA5, whole hours of stamps from the first start to the last end."""
    stamps = truth.starts[0] + np.arange(HOURS + 1) * H
    now, before = truth.at(stamps), truth.means(stamps - H)
    toward = np.radians(now["wind_direction"])
    columns = {
        "t2m": (now["temp_air"] + 273.15, "K"),
        "d2m": (now["temp_dew"] + 273.15, "K"),
        "sp": (now["pressure"], "Pa"),
        "ssrd": (before["ghi"] * 3600.0, "J m**-2"),
        "u10": (-now["wind_speed"] * np.sin(toward), "m s**-1"),
        "v10": (-now["wind_speed"] * np.cos(toward), "m s**-1"),
        "u100": (-now["wind_speed_100m"] * np.sin(toward), "m s**-1"),
        "v100": (-now["wind_speed_100m"] * np.cos(toward), "m s**-1"),
    }
    if beam:
        columns["fdir"] = (before["beam"] * 3600.0, "J m**-2")
    cell = xr.Dataset(
        {name: ("valid_time", values.astype(np.float32), {"units": unit}) for name, (values, unit) in columns.items()},
        coords={"valid_time": stamps, "latitude": truth.latitude, "longitude": truth.longitude},
    )
    cell["z"] = ((), truth.altitude_m * 9.80665, {"units": "m**2 s**-2"})
    return cell


def era5_table(truth: Truth) -> str:
    cell = era5_cell(truth, beam=False).drop_vars("z")
    frame = cell.to_dataframe().reset_index()
    frame["valid_time"] = frame["valid_time"].dt.strftime("%Y-%m-%d %H:%M:%S")
    return f"# altitude_m: {truth.altitude_m}\n{frame.to_csv(index=False)}"


CSV_COLUMNS = {
    "ghi": "W/m2",
    "dni": "W/m2",
    "dhi": "W/m2",
    "temp_air": "degC",
    "temp_dew": "degC",
    "relative_humidity": "%",
    "pressure": "hPa",
    "wind_speed": "km/h",
    "wind_direction": "degree",
}
_IN_FILE = {"pressure": 0.01, "wind_speed": 3.6}


def own_csv(truth: Truth, *, label: str = "start", zone: str = "+08:00", names: tuple[str, ...] = ()) -> str:
    """The user's own table under any label: local stamps without offset, and the zone said once."""
    later = {"start": 0 * MIN, "end": 60 * MIN, "middle": 30 * MIN, "instant": 0 * MIN}[label]
    starts = truth.starts if label != "instant" else truth.starts[0] + np.arange(HOURS + 1) * H
    held = truth.at(starts) if label == "instant" else truth.means(starts)
    stamps = pd.DatetimeIndex(starts + later).tz_localize("UTC").tz_convert("Asia/Shanghai").tz_localize(None)
    chosen = names or tuple(CSV_COLUMNS)
    frame = pd.DataFrame({"time": stamps.strftime("%Y-%m-%dT%H:%M")})
    for name in chosen:
        frame[f"{name} [{CSV_COLUMNS[name]}]"] = np.round(held[name] * _IN_FILE.get(name, 1.0), 3)
    said = {"latitude": truth.latitude, "longitude": truth.longitude, "altitude_m": truth.altitude_m}
    said |= {"tz": zone, "label": label, "source": "a test"}
    return "".join(f"# {name}: {value}\n" for name, value in said.items()) + frame.to_csv(index=False)


def open_meteo(truth: Truth) -> dict:
    stamps = truth.starts[0] + np.arange(HOURS + 1) * H
    now, before = truth.at(stamps), truth.means(stamps - H)
    columns = {
        "shortwave_radiation": (before["ghi"], "W/m²", 1),
        "direct_normal_irradiance": (before["dni"], "W/m²", 1),
        "diffuse_radiation": (before["dhi"], "W/m²", 1),
        "temperature_2m": (now["temp_air"], "°C", 1),
        "dew_point_2m": (now["temp_dew"], "°C", 1),
        "relative_humidity_2m": (now["relative_humidity"], "%", 0),
        "surface_pressure": (now["pressure"] / 100.0, "hPa", 1),
        "wind_speed_10m": (now["wind_speed"], "m/s", 2),
        "wind_direction_10m": (now["wind_direction"], "°", 0),
    }
    seconds = (stamps - np.datetime64(0, "s")) // np.timedelta64(1, "s")
    return {
        "latitude": truth.latitude,
        "longitude": truth.longitude,
        "elevation": truth.altitude_m,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "hourly_units": {"time": "unixtime", **{name: unit for name, (_, unit, _) in columns.items()}},
        "hourly": {
            "time": seconds.tolist(),
            **{name: np.round(values, digits).tolist() for name, (values, _, digits) in columns.items()},
        },
    }


def dump(data: dict, path: Path) -> None:
    path.write_text(json.dumps(data))


def slipped(truth: Truth, hours: float) -> Truth:
    """The same weather, everything stamped too late by so many hours."""
    return replace(truth, late_h=hours)
