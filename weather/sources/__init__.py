"""Sources of weather, one adapter each, behind one call.

A source is named by a spec; the table of kinds is `weather.kinds`.
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import cache, partial

import numpy as np
import xarray as xr

from weather import kinds
from weather.conventions import WeatherWarning, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.schema import check_weather
from weather.nodes import Node, distance_km
from weather.sources.assemble import PLACE, stack_nodes
from weather.sources.typical import map_typical_year

FAR_KM = 50.0
FAR_M = 150.0


def open_weather(
    specs: Mapping[str, str],
    nodes: Sequence[Node],
    *,
    time: np.ndarray,
    seed: int,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of every node on exactly the wanted hourly stamps, dims (node, time).

    A typical year (a kind that is one, as EPW, or a file with attrs typical_year = 1) is laid onto the
    stamps by the file's own civil month, day and hour; 29 February takes 28 February. Any other file must hold
    every stamp. Coordinates are the weather's own place: a file far from its node is used with a warning,
    and the place of the file decides the sun.

    Parameters
    ----------
    specs : mapping of node id to spec
        Of a kind in `weather.kinds`. In a file with a node dimension the row with the node's id is taken.
    nodes : sequence of Node
        The order of the result.
    time : ndarray of datetime64, shape (time,), naive UTC
        Start of each interval; hourly, on full hours.
    seed : int, 0 or more
        Seed of the climate generator; files ignore it.
    repair : bool or "months"
        Move radiation whose clock is found wrong and take impossible values of files as missing, see
        `weather.quality.finish`; False only tells of them.

    Returns
    -------
    Dataset, dims (node, time)
        All required variables of the registry; coords latitude, longitude, altitude_m, source (node,).

    Raises
    ------
    DataError
        When a node has no spec, a spec names an unknown kind, the axis is not hourly, or a file
        cannot be used.

    Warns
    -----
    WeatherWarning
        When the weather's place is more than 50 km, or 150 m in altitude, from its node; and what the readers warn of.
    """
    stamps = _check_axis(time)
    asked = _parsed(specs, nodes)
    places: dict[str, xr.Dataset] = {}
    for made in dict.fromkeys(kind for kind, path in asked.values() if not path):
        served = [node for node in nodes if asked[node.node_id][0] is made]
        places |= kinds.load(made.reader)(served, time=stamps, seed=seed)
    # one file may hold or serve many nodes: it is read once
    read = cache(partial(read_file, repair=repair))
    for node in nodes:
        kind, path = asked[node.node_id]
        if path:
            places[node.node_id] = of_file(read(kind, path), path, node=node, time=stamps)
        warn_far(node, places[node.node_id])
    return check_weather(stack_nodes({node.node_id: places[node.node_id] for node in nodes}))


def _check_axis(time: np.ndarray) -> np.ndarray:
    stamps = timeaxis.as_stamps(time)
    step = timeaxis.step_h(stamps)
    into_hour = stamps - stamps.astype("datetime64[h]").astype("datetime64[ns]")
    if step != 1.0 or into_hour.astype(np.int64).any():
        raise DataError(
            f"weather: stamps from {np.datetime_as_string(stamps[0], unit='m')}Z every {step:g} h; "
            "sources are hourly: give stamps on the full hour, 1 h apart."
        )
    return stamps


def _parsed(specs: Mapping[str, str], nodes: Sequence[Node]) -> dict[str, tuple[kinds.Kind, str]]:
    """Kind and path of every node's weather."""
    if not nodes:
        raise DataError("weather: no node was given; at least one is needed.")
    ids = [node.node_id for node in nodes]
    twice = sorted({node_id for node_id in ids if ids.count(node_id) > 1})
    if twice:
        raise DataError(f"weather: node id given twice: {', '.join(twice)}; ids must differ.")
    found = {}
    for node_id in ids:
        if node_id not in specs:
            choice = kinds.listed([f'"{example}"' for example in kinds.examples(node_id)])
            raise DataError(
                f"weather: node {node_id!r} has no weather source; add one to [weather.specs], for example "
                f"{node_id} = {choice}."
            )
        parsed = kinds.parse_spec(specs[node_id])
        if parsed is None:
            raise DataError(
                f"weather: node {node_id!r} has source {specs[node_id]!r}; allowed kinds: {', '.join(kinds.forms())}. "
                "Correct it in the study's [weather.specs] table or in --weather."
            )
        found[node_id] = parsed
    return found


def read_file(kind: kinds.Kind, path: str, *, repair: bool | str = False) -> xr.Dataset:
    """A weather file, dims (time) or (node, time); attrs typical_year = 1 where its kind, or the file, is one."""
    weather = kinds.load(kind.reader)(path, repair=repair)
    return weather if kind.typical_year is None else weather.assign_attrs(typical_year=int(kind.typical_year))


def of_file(weather: xr.Dataset, path: str, *, node: Node, time: np.ndarray | None) -> xr.Dataset:
    """What a file that was read by `read_file` holds for a node, dims (time).

    Parameters
    ----------
    weather, path
        The file's content, and the path for error texts.
    node
        The node it is for.
    time : ndarray of datetime64, shape (time,), naive UTC, or None
        The wanted stamps, hourly on full hours; None for the file's own.

    Raises
    ------
    DataError
        When the file lacks the node or a wanted hour, or is not hourly.
    """
    place = _row_of(weather, path, node)
    if time is not None:
        return _on_stamps(place, path, node, time)
    own = place["time"].values.astype("datetime64[ns]")
    place = _on_stamps(place, path, node, own)
    try:
        _check_axis(own)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return place


def _row_of(weather: xr.Dataset, path: str, node: Node) -> xr.Dataset:
    """The node's row, its source and its place as attributes."""
    if "member" in weather.dims:
        raise DataError(
            f"{path}: an ensemble of {weather.sizes['member']} members; a plan takes one weather. Pick a member "
            "(weather.isel(member=0)) and write it to a file of its own."
        )
    if "node" in weather.dims:
        held = [str(name) for name in weather["node"].values]
        if node.node_id not in held:
            raise DataError(f"{path}: no node {node.node_id!r}; the file holds {', '.join(held)}.")
        weather = weather.isel(node=held.index(node.node_id))
    source = str(weather["source"].item()) if "source" in weather.coords else str(weather.attrs.get("source", path))
    weather = weather.drop_vars([name for name in ("node", "source") if name in weather.coords])
    place = {name: float(weather[name]) for name in PLACE}
    return weather.assign_attrs(place, source=source)


def _on_stamps(weather: xr.Dataset, path: str, node: Node, stamps: np.ndarray) -> xr.Dataset:
    if weather.attrs.get("typical_year"):
        return map_typical_year(weather, time=stamps, where=f"{path} for node {node.node_id!r}")
    held_stamps = weather["time"].values.astype("datetime64[ns]")
    rows = np.searchsorted(held_stamps, stamps).clip(max=held_stamps.size - 1)
    lacking = held_stamps[rows] != stamps
    if lacking.any():
        raise DataError(
            f"{path} for node {node.node_id!r}: {int(lacking.sum())} of {stamps.size} wanted hours are not in it, "
            f"first {_text(stamps[lacking][0])}; the file covers {_text(held_stamps[0])} to {_text(held_stamps[-1])}. "
            "Give a file that covers the window."
        )
    step = timeaxis.step_h(held_stamps)
    if step != 1.0:
        raise DataError(f"{path}: intervals of {step:g} h; hourly means are needed. Resample the file to 1 h.")
    return weather.isel(time=rows)


def warn_far(node: Node, place: xr.Dataset) -> None:
    """Warn where a node's weather is of a place more than 50 km, or 150 m in altitude, away."""
    away_km = distance_km(node.latitude, node.longitude, float(place["latitude"]), float(place["longitude"]))
    higher_m = float(place["altitude_m"]) - node.altitude_m
    if away_km > FAR_KM or abs(higher_m) > FAR_M:
        warnings.warn(
            f"node {node.node_id!r}: its weather is of a place {away_km:.0f} km away and {higher_m:+.0f} m in altitude "
            f"({place.attrs['source']}); within {FAR_KM:.0f} km and {FAR_M:.0f} m would be close.",
            WeatherWarning,
            stacklevel=3,
        )


def _text(stamp: np.datetime64) -> str:
    return f"{np.datetime_as_string(stamp, unit='m')}Z"
