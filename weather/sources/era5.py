"""ERA5 hourly, as NetCDF-4 of the Climate Data Store (one cell or a grid) or the CSV of its time series.

Radiation (ssrd, fdir) is the energy of the hour that ends at the stamp [J/m2]. Temperature, dew point, pressure and
wind are instants at the stamp. Time is UTC.
"""

import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.units import to_canonical
from weather.conventions.variables import VARIABLES
from weather.quality.draft import Draft, Label
from weather.quality.finish import finish
from weather.sources.files import read_bytes
from weather.sources.hdf5 import check_heaps
from weather.sources.text import floats, number, read_text, rows_of

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ENERGY, _SPEED, _HEIGHT = ("J m**-2", "J m-2"), ("m s**-1", "m s-1"), ("m**2 s**-2", "m2 s-2")
# what we call it -> the names ERA5 files use, and their units (the first is what CSV is in)
_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "temp_air": (("t2m", "2m_temperature"), ("K",)),
    "temp_dew": (("d2m", "2m_dewpoint_temperature"), ("K",)),
    "pressure": (("sp", "surface_pressure"), ("Pa",)),
    "ssrd": (("ssrd", "surface_solar_radiation_downwards"), _ENERGY),
    "fdir": (("fdir", "total_sky_direct_solar_radiation_at_surface"), _ENERGY),
    "u10": (("u10", "10m_u_component_of_wind"), _SPEED),
    "v10": (("v10", "10m_v_component_of_wind"), _SPEED),
    "u100": (("u100", "100m_u_component_of_wind"), _SPEED),
    "v100": (("v100", "100m_v_component_of_wind"), _SPEED),
    "tp": (("tp", "total_precipitation"), ("m",)),
    "z": (("z", "geopotential", "geopotential_at_surface"), _HEIGHT),
}
_TIMES = ("valid_time", "time")
_MOST_STEPS, _MOST_CELLS = 1_000_000, 10_000_000  # a century of hours, of ten variables
_STANDARD_GRAVITY = 9.80665
"""m/s2, by which ECMWF divides geopotential (ISO 80000-3 / CGPM 1901)."""

_S_PER_H = 3600.0
_FALLS = 3.0  # a day of hourly sums falls in each hour of its afternoon; one summed up since a start falls at the start
_FAR_DEG = 0.5  # two cells of the 0.25 degree grid
_LICENCE = "contains Copernicus Climate Change Service information (ERA5), CC BY 4.0; ECMWF and EC are not responsible"
_DAMAGE = (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, ImportError)


def read_era5(
    path: str | Path,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    altitude_m: float | None = None,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of an ERA5 file, dims (time).

    Global radiation is the model's own hour mean; the beam follows from fdir (beam on the horizontal) over the mean
    cosine of the zenith of the same hour, or, without fdir, from ghi (Erbs-Driesse). The rest is made means of the
    straight lines between the instants, and flagged so; the first hour of the file is lost, it has no instant at its
    start. Humidity follows from the dew point, both over
    liquid water at any temperature, as ECMWF defines the 2 m dew point.

    On smooth weather the means of instants are within 0.05 K, 0.3 % of humidity, 0.6 Pa and 0.03 m/s of the true ones.
    The beam from fdir is within 14 W/m2 where the sun is above 10 degrees; in the hour of sunrise or sunset it is that
    of the time with sun, which carries the same energy. Without fdir see `weather.derive.decompose_ghi`.

    Parameters
    ----------
    path : str or Path
    latitude, longitude : float [deg] or None
        The place, in a grid: its nearest cell is taken, and the weather is of the cell's own coordinates.
    altitude_m : float [m] or None
        Of the cell; needed where the file holds no geopotential z and (CSV) no comment "# altitude_m: ...".
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time)
        Also wind_speed_100m where the file has u100 and v100, precipitation where it has tp.

    Raises
    ------
    DataError
        When the file is damaged, classic NetCDF, GRIB or an archive; holds many cells and no place is asked; is not
        hourly; or its radiation is summed up since a start (ERA5-Land, forecasts), which looks like hours and is not.

    References
    ----------
    ECMWF, "ERA5: data documentation", section "Mean rates/fluxes and accumulations": accumulations are over the hour
    that ends at the validity date and time. Hersbach et al., Quart. J. Roy. Met. Soc. 146 (2020) 1999, doi
    10.1002/qj.3803.
    """
    file = Path(path)
    where = str(file)
    head = read_bytes(file, kind="an ERA5 .nc or .csv file", most=len(_HDF5_SIGNATURE))
    for name, value, most in (
        ("latitude", latitude, 90.0),
        ("longitude", longitude, 180.0),
        ("altitude_m", altitude_m, 9e3),
    ):
        if value is not None:
            number(value, where=where, name=name, low=-most if name != "altitude_m" else -430.0, high=most)
    if head == _HDF5_SIGNATURE:
        held = _of_netcdf(file, latitude, longitude)
    else:
        held = _of_table(file, head)
        _check_near(where, (held["latitude"], held["longitude"]), latitude, longitude)
    return finish(_draft(held, altitude_m, where), check=check, repair=repair)


def _draft(held: dict, altitude_m: float | None, where: str) -> Draft:
    columns, time = held["columns"], held["time"]
    altitude = altitude_m if altitude_m is not None else held["altitude_m"]
    if altitude is None:
        raise DataError(
            f"{where}: holds no geopotential z, from which the cell's altitude follows. Give altitude_m, fetch "
            'geopotential along, or, in CSV, put a row "# altitude_m: 1226" before the header.'
        )
    values = {
        name: to_canonical(columns[name], unit=_NAMES[name][1][0], canonical=VARIABLES[name].units, where=where)
        for name in ("temp_air", "temp_dew", "pressure")
        if name in columns
    }
    label: dict[str, Label] = dict.fromkeys(values, "instant")
    if "ssrd" in columns:
        for name in {"ssrd", "fdir"} & set(columns):
            _check_hourly(columns[name], time, name, where)
        values["ghi"], label["ghi"] = columns["ssrd"] / _S_PER_H, "end"
        if "fdir" in columns:
            values["dhi"], label["dhi"] = (columns["ssrd"] - columns["fdir"]) / _S_PER_H, "end"
    if "tp" in columns:
        # m in the hour before the stamp; packed files hold a zero a little below it
        values["precipitation"], label["precipitation"] = np.maximum(columns["tp"], 0.0) * 1000.0, "end"
    for height, name in ((10, "wind_speed"), (100, "wind_speed_100m")):
        if {f"u{height}", f"v{height}"} <= set(columns):
            east, north = columns[f"u{height}"], columns[f"v{height}"]
            values[name], label[name] = np.hypot(east, north), "instant"
            if height == 10:
                values["wind_direction"] = (180.0 + np.degrees(np.arctan2(east, north))) % 360.0
                label["wind_direction"] = "instant"
    return Draft(
        where=where,
        time=time,
        values=values,
        label=label,
        latitude=held["latitude"],
        longitude=held["longitude"],
        altitude_m=number(altitude, where=where, name="altitude_m", low=-430.0, high=9000.0),
        attrs={
            "source": f"ERA5 cell {held['latitude']:g} N {held['longitude']:g} E ({where})",
            "history": f"read from {where}",
            "licence": _LICENCE,
            "utc_offset_h": 0.0,
        },
        rows=held.get("rows"),
        over_water=True,
    )


def _check_hourly(energy: np.ndarray, time: np.ndarray, name: str, where: str) -> None:
    """Refuse sums that are not of the hour before each stamp."""
    order = np.argsort(time, kind="stable")
    steps = np.diff(time[order])
    usual = np.median(steps.astype(np.int64)) / 3.6e12 if steps.size else 1.0
    if usual != 1.0:
        raise DataError(
            f"{where}: stamps are {usual:g} h apart; {name} is the energy of the hour before each stamp, so that hours "
            "between them are missing. Fetch every hour."
        )
    sums = energy[order]
    lit = np.isfinite(sums) & (sums > _S_PER_H)
    days = np.unique(time[order][lit].astype("datetime64[D]")).size
    falls = int((np.diff(sums) < -_S_PER_H).sum())
    if days and lit.sum() >= 12 and falls < _FALLS * days:
        raise DataError(
            f"{where}: {name} falls {falls} time(s) on {days} day(s) with sun; sums of single hours fall all afternoon."
            " It looks summed up since the start of a day or forecast, as in ERA5-Land. Take differences within each "
            "start, or fetch ERA5 (reanalysis-era5-single-levels)."
        )


def _of_netcdf(file: Path, latitude: float | None, longitude: float | None) -> dict:
    check_heaps(file)
    try:
        # h5netcdf leaves an unraisable exception behind when HDF5 cannot give it the file or its root attribute
        with h5py.File(file, "r") as probe:
            probe.attrs.get("_nc3_strict")
            _check_axes(file, probe)
        with xr.open_dataset(file, engine="h5netcdf", decode_timedelta=False) as opened:
            return _of_cell(file, opened, latitude, longitude)
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{file}: cannot be read as NetCDF-4 ({error}); it is damaged, fetch it again.") from error


def _check_axes(file: Path, probe: h5py.File) -> None:
    """Refuse axes that xarray would load whole when it opens the file: a few bytes may declare any length."""
    lengths = [held.size for held in probe.values() if isinstance(held, h5py.Dataset) and held.ndim == 1]
    if max(lengths, default=0) > _MOST_STEPS:
        raise DataError(
            f"{file}: an axis of {max(lengths):,} steps; allowed {_MOST_STEPS:,}, a century of hours. Cut it."
        )


def _of_cell(file: Path, opened: xr.Dataset, latitude: float | None, longitude: float | None) -> dict:
    held = {ours: next((n for n in names if n in opened.variables), None) for ours, (names, _) in _NAMES.items()}
    held = {ours: name for ours, name in held.items() if name is not None}
    axis = next((name for name in _TIMES if name in opened.dims and name in opened.coords), None)
    if axis is None or not held:
        raise DataError(
            f"{file}: holds {', '.join(map(str, opened.variables))[:200]}; expected a coordinate valid_time or time "
            f"and variables of ERA5 ({', '.join(names[0] for names, _ in _NAMES.values())})."
        )
    cell, place = _cell(file, opened[list(held.values())], latitude, longitude)
    many = [f"{dim} ({size})" for dim, size in cell.sizes.items() if dim != axis and size > 1]
    if many:
        raise DataError(f"{file}: has more than one value along {', '.join(many)}; choose one before reading.")
    cell = cell.squeeze([dim for dim in cell.dims if dim != axis])
    if sum(array.size for array in cell.variables.values()) > _MOST_CELLS:
        raise DataError(
            f"{file}: {cell.sizes[axis]:,} hours of many variables; allowed {_MOST_CELLS:,} numbers in all. Cut it."
        )
    columns: dict[str, np.ndarray] = {}
    for ours, name in held.items():
        unit, allowed = cell[name].attrs.get("units"), _NAMES[ours][1]
        if unit not in allowed:
            raise DataError(f"{file}: {name} has units {unit!r}; ERA5 gives it in {allowed[0]!r}. Fetch it again.")
        if cell[name].dtype.kind not in "fiu":
            raise DataError(f"{file}: {name} holds {cell[name].dtype}; numbers are expected. Fetch it again.")
        columns[ours] = np.asarray(cell[name].values, dtype=float)
    geopotential = columns.pop("z", None)
    flat = [name for name, array in columns.items() if array.shape != (cell.sizes[axis],)]
    if flat:
        raise DataError(f"{file}: {', '.join(flat)} does not vary with {axis}; expected a value per hour.")
    known = None if geopotential is None else np.atleast_1d(geopotential)[np.isfinite(np.atleast_1d(geopotential))]
    return place | {
        "time": timeaxis.as_stamps(opened[axis].values),
        "columns": columns,
        "altitude_m": float(known[0]) / _STANDARD_GRAVITY if known is not None and known.size else None,
    }


def _cell(
    file: Path, grid: xr.Dataset, latitude: float | None, longitude: float | None
) -> tuple[xr.Dataset, dict[str, float]]:
    """The grid's only cell, or the one nearest to the place asked for; and its own place."""
    axes = {}
    for name in ("latitude", "longitude"):
        if name not in grid.coords or grid[name].ndim > 1 or grid[name].dtype.kind not in "fiu":
            raise DataError(
                f"{file}: has no coordinate {name} of a regular grid; fetch it from the Climate Data Store."
            )
        axes[name] = np.atleast_1d(grid[name].values).astype(float)
    axes["longitude"] = (axes["longitude"] + 180.0) % 360.0 - 180.0
    sizes = [axis.size for axis in axes.values()]
    if (latitude is None or longitude is None) and max(sizes) > 1:
        raise DataError(f"{file}: a grid of {sizes[0]} x {sizes[1]} cells; give latitude and longitude of the place.")
    if 0 in sizes:
        raise DataError(f"{file}: a grid without cells. Fetch it again.")
    wanted = {"latitude": latitude, "longitude": longitude}
    chosen = {
        name: 0 if wanted[name] is None else int(np.abs(axis - wanted[name]).argmin()) for name, axis in axes.items()
    }
    place = {name: number(axes[name][chosen[name]], where=str(file), name=name, low=-180, high=180) for name in axes}
    _check_near(str(file), (place["latitude"], place["longitude"]), latitude, longitude)
    picks = {name: index for name, index in chosen.items() if name in grid.dims}
    return grid.isel(picks), place


def _check_near(where: str, cell: tuple[float, float], latitude: float | None, longitude: float | None) -> None:
    away = [abs(held - asked) for held, asked in zip(cell, (latitude, longitude), strict=True) if asked is not None]
    if away and max(away) > _FAR_DEG:
        raise DataError(
            f"{where}: its nearest cell is {cell[0]:g} N {cell[1]:g} E, {max(away):.2f} degrees from the place asked; "
            f"allowed {_FAR_DEG:g}. Fetch the cell around the place."
        )


def _of_table(file: Path, head: bytes) -> dict:
    """The CSV of one cell: valid_time, latitude, longitude and columns by their short names."""
    where = str(file)
    kinds = {b"CDF": "classic NetCDF-3", b"GRIB": "GRIB", b"PK": "a ZIP archive"}
    kind = next((words for mark, words in kinds.items() if head.startswith(mark)), None)
    if kind is not None:
        raise DataError(
            f"{file}: is {kind}; NetCDF-4 or CSV is read. Unpack an archive (and merge its NetCDF files of instants "
            "and accumulations into one); convert the others, for example xarray.open_dataset(...).to_netcdf(...)."
        )
    lines = rows_of(read_text(file, kind="an ERA5 .nc or .csv file"), where=where)
    comments = [line for line in lines if line.startswith("#")]
    names = [name.strip() for name in lines[len(comments)].split(",")] if len(lines) > len(comments) else []
    axis = next((name for name in _TIMES if name in names), None)
    if axis is None or not {"latitude", "longitude"} <= set(names) or len(set(names)) < len(names):
        raise DataError(
            f"{where}: its header is {','.join(names)[:100]!r}; expected valid_time, latitude, longitude and variables "
            "of ERA5, each once, as the time series of the Climate Data Store give them."
        )
    parts = [line.split(",") for line in lines[len(comments) + 1 :] if line.strip()]
    first = len(comments) + 2
    uneven = next((row for row, part in enumerate(parts, start=first) if len(part) != len(names)), None)
    if uneven is not None or not parts:
        raise DataError(
            f"{where}, row {uneven or first}: not {len(names)} columns as in the header; it is cut. Fetch it."
        )
    table = dict(zip(names, zip(*parts, strict=True), strict=True))
    columns = {
        ours: floats(table[name], where=where, name=name, at=lambda index: f"row {first + index}")
        for ours, (spellings, _) in _NAMES.items()
        for name in spellings
        if name in table
    }
    geopotential = columns.pop("z", None)
    place = {name: _only(table[name], name, where) for name in ("latitude", "longitude")}
    return place | {
        "time": _stamps(table[axis], where, first),
        "columns": columns,
        "rows": first + np.arange(len(parts)),
        "altitude_m": _altitude(comments, geopotential),
    }


def _only(texts: tuple[str, ...], name: str, where: str) -> float:
    held = sorted(set(texts))
    if len(held) > 1:
        raise DataError(f"{where}: {name} is {held[0]} and {held[1]}; expected one cell. Cut the file to one.")
    value = number(held[0], where=where, name=name, low=-180.0, high=360.0)
    return (value + 180.0) % 360.0 - 180.0 if name == "longitude" else value


def _stamps(texts: tuple[str, ...], where: str, first: int) -> np.ndarray:
    pattern = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.0+)?)?(Z|\+00:00)?")
    found = pd.to_datetime(
        pd.Series([text if pattern.fullmatch(text) else None for text in texts], dtype=object),
        format="ISO8601",
        errors="coerce",
        utc=True,
    )
    wrong = np.flatnonzero(found.isna())
    if wrong.size:
        raise DataError(
            f"{where}, row {first + int(wrong[0])}: its time is {texts[int(wrong[0])][:30]!r}; expected UTC as "
            f"YYYY-MM-DD hh:mm:ss. {wrong.size} such row(s) in all."
        )
    return timeaxis.as_stamps(found.dt.tz_localize(None).to_numpy())


def _altitude(comments: list[str], geopotential: np.ndarray | None) -> float | str | None:
    said = [line.partition(":")[2].strip() for line in comments if re.match(r"#\s*altitude_m\s*:", line)]
    if said:
        return said[0]
    known = None if geopotential is None else geopotential[np.isfinite(geopotential)]
    return float(known[0]) / _STANDARD_GRAVITY if known is not None and known.size else None
