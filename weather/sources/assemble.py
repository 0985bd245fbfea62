"""Bare arrays and a place into a weather Dataset with the attributes of the registry."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from weather.conventions.variables import VARIABLES


def place_dataset(
    arrays: Mapping[str, np.ndarray],
    *,
    time: np.ndarray,
    latitude: float,
    longitude: float,
    altitude_m: float,
    attrs: Mapping[str, str | float | int],
) -> xr.Dataset:
    """Weather of one place, dims (time).

    Parameters
    ----------
    arrays : mapping of variable name to ndarray, shape (time,), canonical units
    time : ndarray of datetime64[ns], shape (time,), naive UTC, start of each interval
    latitude, longitude : float [deg]
    altitude_m : float [m]
    attrs : mapping
        Dataset attributes; `source`, `history` and `licence` at least.

    Returns
    -------
    Dataset, dims (time)
    """
    return xr.Dataset(
        {name: ("time", arrays[name], VARIABLES[name].attrs()) for name in VARIABLES if name in arrays},
        coords={
            "time": time,
            "latitude": ((), float(latitude), {"units": "degrees_north", "standard_name": "latitude"}),
            "longitude": ((), float(longitude), {"units": "degrees_east", "standard_name": "longitude"}),
            "altitude_m": ((), float(altitude_m), {"units": "m", "standard_name": "altitude"}),
        },
        attrs=dict(attrs),
    )


def stack_nodes(places: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Places on one time axis into one Dataset, dims (node, time), in the order of the mapping.

    An optional variable is kept only when every place has it. The attribute `source` of each place
    becomes the (node,) coordinate `source`; `history` and `licence` are joined, node by node.
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
        for name in ("latitude", "longitude", "altitude_m")
    }
    coords["source"] = ("node", np.array([str(places[node].attrs["source"]) for node in order]))
    joined = {
        key: "\n".join(f"{node}: {places[node].attrs.get(key, 'not stated')}" for node in order)
        for key in ("source", "history", "licence")
    }
    return xr.Dataset(
        {
            name: (
                ("node", "time"),
                np.stack([places[node][name].values for node in order]),
                VARIABLES[name].attrs(),
            )
            for name in names
        },
        coords={"node": np.array(order), "time": time, **coords},
        attrs=joined,
    )
