"""Bare arrays and a place into a weather Dataset with the attributes of the registry."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from weather.conventions import flags
from weather.conventions.variables import VARIABLES

PLACE = ("latitude", "longitude", "altitude_m")


def place_dataset(
    arrays: Mapping[str, np.ndarray],
    *,
    time: np.ndarray,
    latitude: float,
    longitude: float,
    altitude_m: float,
    attrs: Mapping[str, str | float | int],
    flagged: Mapping[str, np.ndarray] | None = None,
) -> xr.Dataset:
    """Weather of one place, dims (time), or (member, time) where the arrays have two.

    Parameters
    ----------
    arrays : mapping of variable name to ndarray, shape (time,) or (member, time), canonical units
    time : ndarray of datetime64[ns], shape (time,), naive UTC, start of each interval
    latitude, longitude : float [deg]
    altitude_m : float [m]
    attrs : mapping
        Dataset attributes; `source`, `history` and `licence` at least. The place is added to them.
    flagged : mapping of variable name to ndarray of uint8, shape as its array
        Flags of the variables that have any.

    Returns
    -------
    Dataset, dims (time) or (member, time)
    """
    names = [name for name in VARIABLES if name in arrays]
    dims = ("member", "time") if np.ndim(arrays[names[0]]) == 2 else ("time",)
    marks = {
        f"{flags.PREFIX}{name}": (dims, flagged[name], flags.attrs())
        for name in names
        if flagged is not None and name in flagged and flagged[name].any()
    }
    return xr.Dataset(
        {name: (dims, arrays[name], VARIABLES[name].attrs()) for name in names} | marks,
        coords={
            "time": time,
            "latitude": ((), float(latitude), {"units": "degrees_north", "standard_name": "latitude"}),
            "longitude": ((), float(longitude), {"units": "degrees_east", "standard_name": "longitude"}),
            "altitude_m": ((), float(altitude_m), {"units": "m", "standard_name": "altitude"}),
        },
        attrs=dict(attrs)
        | {"latitude": float(latitude), "longitude": float(longitude), "altitude_m": float(altitude_m)},
    )


def stack_nodes(places: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Places on one time axis into one Dataset, dims (node, time), in the order of the mapping.

    An optional variable is kept only when every place has it; flags are kept where any place has them. The
    attribute `source` of each place becomes the (node,) coordinate `source`; `history` and `licence` are joined,
    node by node; `synthetic` = 1 stays where any place is made.
    """
    order = list(places)
    names = [name for name in VARIABLES if all(name in places[node].data_vars for node in order)]
    time = places[order[0]]["time"].values
    coords = {
        name: (
            "node",
            np.array([float(places[node][name]) for node in order]),
            dict(places[order[0]][name].attrs),
        )
        for name in PLACE
    }
    coords["source"] = ("node", np.array([str(places[node].attrs["source"]) for node in order]))
    joined = {
        key: "\n".join(f"{node}: {places[node].attrs.get(key, 'not stated')}" for node in order)
        for key in ("source", "history", "licence")
    }
    arrays = {
        name: (
            ("node", "time"),
            np.stack([places[node][name].values for node in order]),
            VARIABLES[name].attrs(),
        )
        for name in names
    }
    for flag in (f"{flags.PREFIX}{name}" for name in names):
        if any(flag in places[node].data_vars for node in order):
            none = np.zeros(time.size, dtype=np.uint8)
            held = [places[node][flag].values if flag in places[node].data_vars else none for node in order]
            arrays[flag] = (("node", "time"), np.stack(held), flags.attrs())
    if any(places[node].attrs.get("synthetic") for node in order):
        joined["synthetic"] = 1  # some of it, at least; `source` says which
    return xr.Dataset(
        arrays,
        coords={"node": np.array(order), "time": time, **coords},
        attrs=joined,
    )
