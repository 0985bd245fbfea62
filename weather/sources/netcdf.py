"""Canonical weather in NetCDF-4: written by `write_netcdf`, read with every value checked."""

import hashlib
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from weather.conventions import flags, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.schema import check_structure, check_weather
from weather.conventions.units import to_canonical
from weather.conventions.variables import VARIABLES
from weather.quality.draft import Draft
from weather.quality.finish import finish
from weather.sources.assemble import PLACE
from weather.sources.files import read_bytes, whole_file
from weather.sources.hdf5 import check_heaps

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_BYTES = 2 * 1024**3
MAX_CELLS = 50_000_000
_DIGEST = "content_sha256"
_COORDS = ("member", "node", "time", *PLACE, "source")


def read_netcdf(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of a canonical NetCDF-4 file, dims (node, time) or (time), after the members in an ensemble.

    A variable in another known unit is converted; variables outside the registry are left behind. Where
    the file carries the digest `write_netcdf` puts in it, its content must still have that digest. Gaps, limits and the
    clock of the radiation are judged as for every source (`weather.quality.finish`), place by place; of an ensemble
    the schema alone.

    Parameters
    ----------
    path : str or Path
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        Move radiation whose clock is wrong; see `weather.quality.finish`.

    Returns
    -------
    Dataset, loaded in memory

    Raises
    ------
    DataError
        When the file is not HDF5, is larger in memory than 2 GiB or 50 million cells (found before
        anything is loaded), is damaged, or breaks the weather schema.
    """
    file = Path(path)
    _check_signature(file)
    check_heaps(file)
    try:
        # h5netcdf leaves an unraisable exception behind when HDF5 cannot give it the file or its root attribute
        with h5py.File(file, "r") as probe:
            probe.attrs.get("_nc3_strict")
        with xr.open_dataset(file, engine="h5netcdf", decode_timedelta=False) as opened:
            chosen = _choose(file, opened)
            _check_size(file, chosen)
            loaded = chosen.load()
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, ImportError) as error:
        # what the HDF5 and xarray layers raise on damaged bytes; ImportError is a damaged calendar name
        raise DataError(f"{file}: cannot be read as NetCDF-4 ({error}); it is damaged, write it again.") from error
    try:
        plain = _plain_coordinates(loaded)
        _check_digest(file, plain)
        plain.attrs.pop(_DIGEST, None)
        canonical = _canonical_units(file, plain)
        return check_weather(canonical if "member" in canonical.dims else _finished(file, canonical, check, repair))
    except DataError as error:
        raise error if str(file) in str(error) else DataError(f"{file}: {error}") from error


def read_netcdf_source(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """`read_netcdf` for a plan's weather: every source names the file before what the file says of itself."""
    weather = read_netcdf(path, check=check, repair=repair)
    named = weather.assign_attrs(source=f"NetCDF {path}: {weather.attrs.get('source', path)}")
    if "source" not in weather.coords:
        return named
    held = weather["source"]
    return named.assign_coords(source=(held.dims, np.char.add(f"NetCDF {path}: ", held.values.astype(str))))


def _finished(file: Path, weather: xr.Dataset, check: bool, repair: bool | str) -> xr.Dataset:
    """The weather with each of its places judged, and mended where that is allowed or asked."""
    check_structure(weather)
    if "node" not in weather.dims:
        return _finished_place(weather, str(file), check, repair)
    rows = range(weather.sizes["node"])
    names = [str(name) for name in weather["node"].values]
    done = [
        _finished_place(weather.isel(node=row), f"{file}, node {name}", check, repair)
        for row, name in zip(rows, names, strict=True)
    ]
    begin, end = max(place["time"].values[0] for place in done), min(place["time"].values[-1] for place in done)
    parts = [place.sel(time=slice(begin, end)) for place in done]
    said = str(weather.attrs.get("history", ""))
    lines = [
        f"{name}: {line}"
        for name, place in zip(names, parts, strict=True)
        for line in str(place.attrs["history"]).removeprefix(said).strip("\n").split("\n")
        if line
    ]
    kept = [name for name in VARIABLES if all(name in place.data_vars for place in parts)]
    stacked = {name: ("node", "time") for name in kept}
    arrays = {
        name: (dims, np.stack([place[name].values for place in parts]), VARIABLES[name].attrs())
        for name, dims in stacked.items()
    }
    for flag in (f"{flags.PREFIX}{name}" for name in kept):
        if any(flag in place.data_vars for place in parts):
            none = np.zeros(parts[0].sizes["time"], dtype=np.uint8)
            held = [place[flag].values if flag in place.data_vars else none for place in parts]
            arrays[flag] = (("node", "time"), np.stack(held), flags.attrs())
    coords = {name: weather.coords[name] for name in weather.coords if name != "time"}
    attrs = dict(weather.attrs) | ({"history": "\n".join([said, *lines]).strip("\n")} if lines else {})
    return xr.Dataset(arrays, coords={"time": parts[0]["time"].values, **coords}, attrs=attrs)


def _finished_place(place: xr.Dataset, where: str, check: bool, repair: bool | str) -> xr.Dataset:
    names = [name for name in VARIABLES if name in place.data_vars]
    draft = Draft(
        where=where,
        time=place["time"].values,
        values={name: place[name].values for name in names},
        label=dict.fromkeys(names, "start"),
        latitude=float(place["latitude"]),
        longitude=float(place["longitude"]),
        altitude_m=float(place["altitude_m"]),
        attrs=dict(place.attrs),
        flagged={
            name: place[f"{flags.PREFIX}{name}"].values for name in names if f"{flags.PREFIX}{name}" in place.data_vars
        },
    )
    done = finish(draft, check=check, repair=repair)
    kept = {name: place.coords[name] for name in place.coords if name not in ("time", *PLACE)}
    return done.assign_coords(kept)


def _plain_coordinates(loaded: xr.Dataset) -> xr.Dataset:
    """Stamps in ns, labels as text, attributes as plain numbers, whatever the file stored them as."""
    coords: dict = {}
    if "time" in loaded.coords:
        coords["time"] = timeaxis.as_stamps(loaded["time"].values)
    for name in ("node", "source"):
        if name in loaded.coords:
            coords[name] = loaded[name].astype(str)
    plain = loaded.assign_coords(coords)
    plain.attrs = {key: value.item() if isinstance(value, np.generic) else value for key, value in loaded.attrs.items()}
    return plain


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
    with whole_file(file) as part:
        weather.assign_attrs({_DIGEST: _digest(weather)}).to_netcdf(part, engine="h5netcdf")


def _check_signature(file: Path) -> None:
    head = read_bytes(file, kind="a .nc file", most=len(_HDF5_SIGNATURE))
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
    marks = [f"{flags.PREFIX}{name}" for name in names if f"{flags.PREFIX}{name}" in opened.data_vars]
    kept = opened[names + marks]
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
        if str(name).startswith(flags.PREFIX):
            continue
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


def _digest(weather: xr.Dataset) -> str:
    """SHA-256 over names, dims, values and attributes of every variable, and over the file's attributes."""
    digest = hashlib.sha256()
    for name in sorted(map(str, weather.variables)):
        array = weather[name]
        values = array.values
        if values.dtype.kind == "M":
            values = values.astype("datetime64[ns]").astype(np.int64)
        digest.update(f"{name}{array.dims}{array.shape}".encode())
        for key in sorted(map(str, array.attrs)):
            digest.update(f"{key}={array.attrs[key]}".encode("utf-8", "surrogateescape"))
        if values.dtype.kind in "fiu":
            digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        else:
            digest.update("|".join(map(str, values.ravel())).encode("utf-8", "surrogateescape"))
    for key in sorted(map(str, weather.attrs)):
        if key != _DIGEST:
            digest.update(f"{key}={weather.attrs[key]}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _check_digest(file: Path, weather: xr.Dataset) -> None:
    wanted = weather.attrs.get(_DIGEST)
    if wanted is not None and wanted != _digest(weather):
        raise DataError(
            f"{file}: its content does not have the digest in its attribute {_DIGEST}; the file is damaged or was "
            "edited. Fetch it again, or remove the attribute if the change was meant."
        )
