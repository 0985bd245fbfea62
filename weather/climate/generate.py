"""Hourly weather of any window, from monthly normals and a seed: synthetic, and labelled so.

The values of an hour depend on the seed, the member, the node (its id, place and altitude) and the absolute
time, and on nothing else: not on the window, not on the other nodes, not on how many members are asked for.

How it works, what it leaves out, what is assumed, and how its statistics stand beside their sources over thirty
years: docs/climate.md, whose tables `benchmarks/climate_table.py` writes.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from weather.climate.calibrate import calibrate
from weather.climate.hours import draw_field, node_sun, node_weather, season_of
from weather.climate.noise import MEMORY_DAYS
from weather.climate.normals import Normals
from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import REQUIRED, VARIABLES
from weather.derive import LAPSE_RATE_K_PER_KM
from weather.nodes import Node
from weather.sources.assemble import place_dataset

_HOUR = np.timedelta64(1, "h")
_OFFSET = np.timedelta64(timeaxis.CIVIL_OFFSET_H, "h")
_MOST_GB = 16.0
_DAYS_AT_ONCE = 10_000  # of all members together: bounds the field's draws to 70 MB, or one member's
_LICENCE = "normals: NASA POWER and NOAA GSOD, public domain; series: synthetic"


def generate_climate(nodes: Sequence[Node], *, time: np.ndarray, seed: int, members: int | None = None) -> xr.Dataset:
    """Seeded synthetic weather of every node on hourly stamps, of one run or of an ensemble.

    A longer window contains a shorter one, adding a node leaves the others' weather, and member 0 is the run
    without members, each to the last bit. A member depends on the seed and its number.

    Weather of different nodes is correlated by their distance through one random field over latitude and
    longitude; the field's lengths are assumptions between places nearer than those they were measured at.

    Parameters
    ----------
    nodes : sequence of Node
        Each within 75 km of an embedded place; ids that differ.
    time : ndarray of datetime64, shape (time,), naive UTC
        Full hours, 1 h apart; of any length and year.
    seed : int, 0 or more
    members : int, 1 or more, or None
        How many members; None for one run without that dimension.

    Returns
    -------
    Dataset, dims (node, time), or (member, node, time)
        All required variables of the registry; coords latitude, longitude, altitude_m, source (node,), member from
        0; attrs synthetic = 1. Of an ensemble of 50, a year and 8 nodes it is 225 MB.

    Raises
    ------
    DataError
        When the seed or the number of members is not such a whole number, a node is given twice, none is given, a
        node has no embedded climate, or the stamps are not full hours 1 h apart.

    Examples
    --------
    >>> from weather import load_nodes
    >>> from weather.conventions.timeaxis import time_axis
    >>> guian = [load_nodes()["guian"]]
    >>> weather = generate_climate(guian, time=time_axis("2026-07-15", horizon_h=48), seed=7, members=3)
    >>> dict(weather.sizes), weather.attrs["synthetic"]
    ({'member': 3, 'node': 1, 'time': 48}, 1)
    """
    stamps = _hours(time)
    _check_nodes(nodes)
    count = 1 if members is None else _whole(members, what="number of members", least=1)
    _check_size(count, len(nodes), np.size(time))
    seed = _whole(seed, what="seed", least=0)
    arrays = _arrays(nodes, stamps, seed=seed, members=count)
    lead = ("node", "time") if members is None else ("member", "node", "time")
    coords = _coords(nodes, stamps)
    if members is not None:
        coords["member"] = np.arange(count)
    joined = {
        name: "\n".join(f"{node.node_id}: {text(node)}" for node in nodes)
        for name, text in (("source", _source), ("history", lambda node: _history(node, seed)))
    }
    return xr.Dataset(
        {
            name: (lead, values[0] if members is None else values, VARIABLES[name].attrs())
            for name, values in arrays.items()
        },
        coords=coords,
        attrs=joined | {"licence": _LICENCE, "synthetic": 1},
    )


def climate_places(nodes: Sequence[Node], *, time: np.ndarray, seed: int) -> dict[str, xr.Dataset]:
    """Synthetic weather by node, for `open_weather`: member 0 of `generate_climate`.

    Parameters
    ----------
    nodes : sequence of Node
    time : ndarray of datetime64, shape (time,), naive UTC
        Full hours, 1 h apart.
    seed : int, 0 or more

    Returns
    -------
    dict of node id to Dataset, dims (time)

    Raises
    ------
    DataError
        As `generate_climate`.
    """
    stamps = _hours(time)
    _check_nodes(nodes)
    seed = _whole(seed, what="seed", least=0)
    arrays = _arrays(nodes, stamps, seed=seed, members=1)
    return {
        node.node_id: place_dataset(
            {name: values[0, row] for name, values in arrays.items()},
            time=stamps,
            latitude=node.latitude,
            longitude=node.longitude,
            altitude_m=node.altitude_m,
            attrs={
                "source": _source(node),
                "history": _history(node, seed),
                "licence": _LICENCE,
                "synthetic": 1,
            },
        )
        for row, node in enumerate(nodes)
    }


def _check_size(members: int, nodes: int, hours: int) -> None:
    size_gb = 8 * len(REQUIRED) * members * nodes * hours / 1e9
    if size_gb > _MOST_GB:
        raise DataError(
            f"weather: {members} member(s) of {nodes} node(s) over {hours} hours are {size_gb:,.0f} GB of weather; at "
            f"most {_MOST_GB:g} GB are made at once. Make fewer members, nodes or hours at a time."
        )


def _arrays(nodes: Sequence[Node], stamps: np.ndarray, *, seed: int, members: int) -> dict[str, np.ndarray]:
    """Variables in the order of the registry, shape (member, node, time)."""
    civil_h = (stamps + _OFFSET - np.datetime64("1970-01-01", "ns")) // _HOUR
    season = season_of(int(civil_h[0]) // 24, int(civil_h[-1]) // 24 + 1)
    before = int(civil_h[0]) - season.first * 24
    window = slice(before, before + stamps.size)
    suns = [node_sun(node, season) for node in nodes]  # refuses a node without a climate before anything is drawn
    arrays: dict[str, np.ndarray] = {}
    at_once = max(1, _DAYS_AT_ONCE // (season.last - season.first + MEMORY_DAYS))
    for begin in range(0, members, at_once):
        chosen = range(begin, min(begin + at_once, members))
        draws = draw_field(season, seed=seed, members=chosen)
        for row, (node, sun) in enumerate(zip(nodes, suns, strict=True)):
            for name, values in node_weather(node, season, sun=sun, draws=draws).items():
                if name not in arrays:
                    arrays[name] = np.empty((members, len(nodes), stamps.size))
                arrays[name][chosen.start : chosen.stop, row] = values[:, window]
    return {name: arrays[name] for name in VARIABLES if name in arrays}


def _coords(nodes: Sequence[Node], stamps: np.ndarray) -> dict[str, object]:
    """Labels of nodes and time, the places, and whose weather each is."""
    degrees_north = {"units": "degrees_north", "standard_name": "latitude"}
    degrees_east = {"units": "degrees_east", "standard_name": "longitude"}
    return {
        "node": [node.node_id for node in nodes],
        "time": stamps,
        "latitude": ("node", [float(node.latitude) for node in nodes], degrees_north),
        "longitude": ("node", [float(node.longitude) for node in nodes], degrees_east),
        "altitude_m": (
            "node",
            [float(node.altitude_m) for node in nodes],
            {"units": "m", "standard_name": "altitude"},
        ),
        "source": ("node", [_source(node) for node in nodes]),
    }


def _hours(time: np.ndarray) -> np.ndarray:
    stamps = timeaxis.as_stamps(time)
    step = timeaxis.step_h(stamps)
    if step != 1.0 or ((stamps - stamps.astype("datetime64[h]")) != np.timedelta64(0, "ns")).any():
        raise DataError(
            f"weather: stamps from {np.datetime_as_string(stamps[0], unit='m')}Z every {step:g} h; the climate "
            "generator is hourly: give stamps on the full hour, 1 h apart."
        )
    return stamps


def _check_nodes(nodes: Sequence[Node]) -> None:
    ids = [node.node_id for node in nodes]
    twice = sorted({node_id for node_id in ids if ids.count(node_id) > 1})
    if twice or not ids:
        found = f"node id given twice: {', '.join(twice)}" if twice else "no node was given"
        raise DataError(f"weather: {found}; give the climate generator one node or more, ids that differ.")


def _whole(value: int, *, what: str, least: int) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise DataError(f"weather: {what} {value!r}; a whole number of {least} or more is needed.")
    return int(value)


def _source(node: Node) -> str:
    return f"synthetic: embedded climate generator, normals of {calibrate(node).normals.place}"


def _history(node: Node, seed: int) -> str:
    normals = calibrate(node).normals
    return f"generated with seed {seed} from {normals.source}; {_temperature_of(normals)}; {_moved(normals, node)}"


def _temperature_of(normals: Normals) -> str:
    """Whose altitude the temperature is of, and by what assumption where it is not the grid cell's."""
    if normals.temp_altitude_m == normals.cell_altitude_m:
        return f"temperature is of the grid cell, at {normals.cell_altitude_m:g} m"
    return (
        f"temperature is taken as of {normals.temp_altitude_m:g} m, though the grid cell lies at "
        f"{normals.cell_altitude_m:g} m ({normals.temp_note})"
    )


def _moved(normals: Normals, node: Node) -> str:
    """What was done to bring the temperature to the node's altitude."""
    higher_m = node.altitude_m - normals.temp_altitude_m
    if higher_m == 0:
        return f"not moved, the node being at {node.altitude_m:g} m"
    return (
        f"moved to the node's {node.altitude_m:g} m by {LAPSE_RATE_K_PER_KM:g} K/km "
        f"({-LAPSE_RATE_K_PER_KM * higher_m / 1000:+.2f} K)"
    )
