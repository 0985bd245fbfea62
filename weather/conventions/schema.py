"""The weather schema: what a Dataset must be before anything computes with it."""

import numpy as np
import xarray as xr

from weather.conventions import flags, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import REQUIRED, VARIABLES

DIMS = ("member", "node", "time")
"""Every dim a weather Dataset may have, in canonical order; time is always there."""

_PLACE = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "altitude_m": (-430.0, 9000.0)}


def check_weather(weather: xr.Dataset) -> xr.Dataset:
    """The same Dataset, proven to obey the weather schema.

    Checked: dims (node, time) or (time), with members before them in an ensemble; node labels that differ; every
    required variable with its unit; coordinates of the place, within the Earth's, and attributes of the same name
    that agree with them; an equally spaced naive UTC axis; no NaN or infinity; hard limits of the registry; flags
    that belong to a variable and hold known bits alone.

    Parameters
    ----------
    weather : Dataset, dims (node, time) or (time), or (member, node, time) or (member, time)

    Returns
    -------
    Dataset
        The argument, unchanged.

    Raises
    ------
    DataError
        Naming variable, node, first time, count, what was found and what is allowed.
    """
    check_structure(weather)
    timeaxis.step_h(weather["time"].values)
    for name in VARIABLES:
        if name in weather.data_vars:
            _check_values(weather, name)
    for name in map(str, weather.data_vars):
        if name.startswith(flags.PREFIX):
            _check_flags(weather, name)
    return weather


def check_structure(weather: xr.Dataset) -> None:
    """The part of `check_weather` that looks at no value: dims, labels, required variables, the place.

    Raises
    ------
    DataError
    """
    if "time" not in weather.sizes or not set(weather.sizes) <= set(DIMS):
        raise DataError(
            f"weather: dims are {tuple(weather.sizes)}; allowed: ('node', 'time') or ('time',), after 'member' in an "
            "ensemble."
        )
    if "time" not in weather.coords:
        raise DataError("weather: no coordinate 'time'; give naive UTC stamps, the start of each interval.")
    if "node" in weather.dims and "node" not in weather.coords:
        raise DataError("weather: dimension 'node' has no labels; give the node ids as its coordinate.")
    if "node" in weather.dims and not weather.indexes["node"].is_unique:
        twice = sorted({str(name) for name in weather.indexes["node"][weather.indexes["node"].duplicated()]})
        raise DataError(f"weather: node label given twice: {', '.join(twice)}; labels must differ.")
    missing = [name for name in REQUIRED if name not in weather.data_vars]
    if missing:
        raise DataError(f"weather: variables missing: {', '.join(missing)}; required: {', '.join(REQUIRED)}.")
    expected = tuple(dim for dim in DIMS if dim in weather.dims)
    for name in VARIABLES:
        if name in weather.data_vars and weather[name].dims != expected:
            raise DataError(f"weather: {name} has dims {weather[name].dims}; expected {expected}, in this order.")
    lacking = [name for name in _PLACE if name not in weather.coords]
    if lacking:
        raise DataError(
            f"weather: coordinates of the place missing: {', '.join(lacking)}; give them per node (or as scalars)."
        )
    for name, (low, high) in _PLACE.items():
        _check_place(weather, name, low=low, high=high)
    _check_clock(weather)


def _check_clock(weather: xr.Dataset) -> None:
    said = weather.attrs.get("utc_offset_h")
    if said is not None and not (isinstance(said, int | float | np.number) and -12.0 <= float(said) <= 14.0):
        raise DataError(
            f"weather: attribute utc_offset_h is {said!r}; allowed: hours from -12 to 14, how far the source's "
            "clock is ahead of UTC. Correct or remove it."
        )


def _check_place(weather: xr.Dataset, name: str, *, low: float, high: float) -> None:
    coordinate = weather[name]
    if coordinate.dims not in ((), ("node",)) or coordinate.dtype.kind not in "fiu":
        raise DataError(
            f"weather: coordinate {name} has dims {coordinate.dims} of {coordinate.dtype}; give one number per node "
            "(or a scalar)."
        )
    values = np.atleast_1d(coordinate.values)
    bad = ~((values >= low) & (values <= high))
    if bad.any():
        raise DataError(
            f"weather: coordinate {name} is {values[bad][0]:g} in {int(bad.sum())} place(s); allowed {low:g} to "
            f"{high:g}. The sun is computed from it: give the place of the weather."
        )
    said = weather.attrs.get(name)
    if said is not None and not (isinstance(said, int | float | np.number) and np.all(values == float(said))):
        raise DataError(
            f"weather: attribute {name} is {said!r}, the coordinate {values[0]:g}; they must agree. Set both, or "
            "remove the attribute."
        )


def _check_values(weather: xr.Dataset, name: str) -> None:
    row = VARIABLES[name]
    array = weather[name]
    unit = array.attrs.get("units")
    if unit != row.units:
        raise DataError(f"weather: {name} has units {unit!r}; required: {row.units!r}. Convert it and set attrs.")
    values = array.values
    if values.dtype.kind not in "fiu":
        raise DataError(f"weather: {name} holds {values.dtype}; numbers are required.")
    bad = ~np.isfinite(values)
    if bad.any():
        raise DataError(
            f"weather: {name} is missing or infinite {_where(weather, bad)}; every interval needs a value. "
            "Fill the gap from another source or choose a source without gaps."
        )
    bad = (values < row.lowest) | (values > row.highest)
    if bad.any():
        first = float(values[bad][0])
        raise DataError(
            f"weather: {name} is out of range {_where(weather, bad)}: got {first:g}, allowed "
            f"{row.lowest:g} to {row.highest:g} {row.units}. Check the unit and the missing-value codes of the source."
        )


def _check_flags(weather: xr.Dataset, name: str) -> None:
    of = name.removeprefix(flags.PREFIX)
    if of not in VARIABLES or of not in weather.data_vars:
        raise DataError(f"weather: {name} flags {of!r}, which the Dataset does not hold. Remove it.")
    array = weather[name]
    if array.dims != weather[of].dims or array.dtype != np.uint8:
        raise DataError(
            f"weather: {name} has dims {array.dims} of {array.dtype}; expected {weather[of].dims} of uint8, as {of}."
        )
    strange = np.unique(array.values[(array.values & ~flags.ALL) > 0])
    if strange.size:
        raise DataError(
            f"weather: {name} holds {int(strange[0])}; allowed are sums of {', '.join(map(str, flags.MEANINGS))} "
            f"({', '.join(flags.MEANINGS.values())})."
        )


def _where(weather: xr.Dataset, bad: np.ndarray) -> str:
    """ "at node 'x', first 2026-01-01T00:00Z, 3 values in all" for a mask in canonical dims."""
    first = np.argwhere(bad)[0]
    stamp = np.datetime_as_string(weather["time"].values[first[-1]].astype("datetime64[ns]"), unit="m")
    names = [dim for dim in DIMS[:-1] if dim in weather.dims]
    place = [
        f"at {dim} {str(weather[dim].values[row])!r}, " if dim in weather.coords else f"at {dim} {int(row)}, "
        for dim, row in zip(names, first, strict=False)
    ]
    return f"{''.join(place)}first at {stamp}Z, {int(bad.sum())} value(s) in all"
