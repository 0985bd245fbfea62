"""The weather schema: what a Dataset must be before anything computes with it."""

import numpy as np
import xarray as xr

from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import REQUIRED, VARIABLES

_PLACE = ("latitude", "longitude", "altitude_m")


def check_weather(weather: xr.Dataset) -> xr.Dataset:
    """The same Dataset, proven to obey the weather schema.

    Checked: dims (node, time) or (time); every required variable with its unit; coordinates of the
    place; an equally spaced naive UTC axis; no NaN or infinity; hard limits of the registry.

    Parameters
    ----------
    weather : Dataset, dims (node, time) or (time)

    Returns
    -------
    Dataset
        The argument, unchanged.

    Raises
    ------
    DataError
        Naming variable, node, first time, count, what was found and what is allowed.
    """
    _check_structure(weather)
    timeaxis.step_h(weather["time"].values)
    for name in VARIABLES:
        if name in weather.data_vars:
            _check_values(weather, name)
    return weather


def _check_structure(weather: xr.Dataset) -> None:
    if set(weather.sizes) not in ({"time"}, {"node", "time"}):
        raise DataError(f"weather: dims are {tuple(weather.sizes)}; allowed: ('node', 'time') or ('time',).")
    if "time" not in weather.coords:
        raise DataError("weather: no coordinate 'time'; give naive UTC stamps, the start of each interval.")
    if "node" in weather.dims and "node" not in weather.coords:
        raise DataError("weather: dimension 'node' has no labels; give the node ids as its coordinate.")
    missing = [name for name in REQUIRED if name not in weather.data_vars]
    if missing:
        raise DataError(f"weather: variables missing: {', '.join(missing)}; required: {', '.join(REQUIRED)}.")
    expected = tuple(dim for dim in ("node", "time") if dim in weather.dims)
    for name in VARIABLES:
        if name in weather.data_vars and weather[name].dims != expected:
            raise DataError(f"weather: {name} has dims {weather[name].dims}; expected {expected}, in this order.")
    lacking = [name for name in _PLACE if name not in weather.coords]
    if lacking:
        raise DataError(
            f"weather: coordinates of the place missing: {', '.join(lacking)}; give them per node (or as scalars)."
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


def _where(weather: xr.Dataset, bad: np.ndarray) -> str:
    """ "at node 'x', first 2026-01-01T00:00Z, 3 values in all" for a mask in canonical dims."""
    first = np.argwhere(bad)[0]
    stamp = np.datetime_as_string(weather["time"].values[first[-1]].astype("datetime64[ns]"), unit="m")
    node = f"at node {str(weather['node'].values[first[0]])!r}, " if bad.ndim == 2 else ""
    return f"{node}first at {stamp}Z, {int(bad.sum())} value(s) in all"
