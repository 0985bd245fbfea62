"""Canonical weather in NetCDF-4: written by `write_netcdf`, read with every value checked."""

import os
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError, OutputError
from weather.conventions.schema import check_weather
from weather.conventions.units import to_canonical
from weather.conventions.variables import VARIABLES

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_BYTES = 2 * 1024**3
MAX_CELLS = 50_000_000
_COORDS = ("node", "time", "latitude", "longitude", "altitude_m", "source")


def read_netcdf(path: str | Path) -> xr.Dataset:
    """Weather of a canonical NetCDF-4 file, dims (node, time) or (time).

    A variable in another known unit is converted; variables outside the registry are left behind.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Dataset, loaded in memory, dims (node, time) or (time)

    Raises
    ------
    DataError
        When the file is not HDF5, is larger in memory than 2 GiB or 50 million cells (found before
        anything is loaded), is damaged, or breaks the weather schema.
    """
    file = Path(path)
    _check_signature(file)
    try:
        with xr.open_dataset(file, engine="h5netcdf", decode_timedelta=False) as opened:
            chosen = _choose(file, opened)
            _check_size(file, chosen)
            loaded = chosen.load()
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise DataError(f"{file}: cannot be read as NetCDF-4 ({error}); it is damaged, write it again.") from error
    converted = _canonical_units(file, loaded)
    if "time" in converted.coords:
        converted = converted.assign_coords(time=timeaxis.as_stamps(converted["time"].values))
    for name in ("node", "source"):
        if name in converted.coords:
            converted = converted.assign_coords({name: converted[name].astype(str)})
    try:
        return check_weather(converted)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def write_netcdf(weather: xr.Dataset, path: str | Path) -> None:
    """Write a canonical weather Dataset, whole or not at all.

    The file appears under its name only when it is complete: it is written beside it and renamed.

    Parameters
    ----------
    weather : Dataset, dims (node, time) or (time)
    path : str or Path

    Raises
    ------
    DataError
        When the Dataset breaks the weather schema.
    OutputError
        When the folder cannot be written.
    """
    check_weather(weather)
    file = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error}); check the folder and its rights.") from error
    os.close(handle)
    part = Path(name)
    try:
        weather.to_netcdf(part, engine="h5netcdf")
        part.replace(file)
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error}); check the space left and the rights.") from error
    finally:
        part.unlink(missing_ok=True)


def _check_signature(file: Path) -> None:
    if not file.is_file():
        raise DataError(f"{file}: no such file; give the path of a .nc file.")
    with file.open("rb") as stream:
        head = stream.read(len(_HDF5_SIGNATURE))
    if head != _HDF5_SIGNATURE:
        raise DataError(
            f"{file}: starts with {head!r}, a NetCDF-4 file with {_HDF5_SIGNATURE!r}. "
            "Write it as NetCDF-4 (classic NetCDF-3 is not read), or fetch it again."
        )


def _choose(file: Path, opened: xr.Dataset) -> xr.Dataset:
    names = [name for name in VARIABLES if name in opened.data_vars]
    if not names:
        found = ", ".join(map(str, opened.data_vars)) or "no variable"
        raise DataError(f"{file}: holds {found}; expected weather variables: {', '.join(VARIABLES)}.")
    kept = opened[names]
    strange = [name for name in kept.coords if name not in _COORDS]
    for name in names:
        if kept[name].dtype.kind not in "fiu":
            raise DataError(f"{file}: {name} holds {kept[name].dtype}; numbers are required.")
    return kept.drop_vars(strange)


def _check_size(file: Path, chosen: xr.Dataset) -> None:
    cells = sum(array.size for array in chosen.variables.values())
    if chosen.nbytes > MAX_BYTES or cells > MAX_CELLS:
        raise DataError(
            f"{file}: declares {chosen.nbytes / 1e9:.1f} GB in {cells:,} cells; allowed 2.1 GB, {MAX_CELLS:,} cells. "
            "Cut it to the nodes and hours needed."
        )


def _canonical_units(file: Path, loaded: xr.Dataset) -> xr.Dataset:
    arrays = {}
    for name in loaded.data_vars:
        row = VARIABLES[str(name)]
        unit = loaded[name].attrs.get("units")
        if unit is None:
            raise DataError(f"{file}: {name} has no attribute 'units'; set it, for example {row.units!r}.")
        values = to_canonical(
            np.asarray(loaded[name].values, dtype=float),
            unit=str(unit),
            canonical=row.units,
            where=f"{file}, {name}",
        )
        arrays[name] = (loaded[name].dims, values, row.attrs())
    return loaded.assign(arrays)
