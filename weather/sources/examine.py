"""Can the weather of a study be read? Asked before a window is known."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from weather import kinds
from weather.conventions import WeatherWarning
from weather.conventions.errors import DataError
from weather.nodes import Node
from weather.sources import of_file, read_file, warn_far

_DAY = np.datetime64("2026-06-21T00", "ns") + np.arange(24) * np.timedelta64(1, "h")


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a study's weather.

    ``covers``: per node that can be served, what its source covers. ``day``: its first day there, dims (time), of
    made weather a day in June: what the source has, and plants may lack. ``problems``, ``warnings``: sentences, one
    for each fault of a file, however many nodes share it.
    """

    covers: dict[str, str]
    day: dict[str, xr.Dataset]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def examine_weather(specs: Mapping[str, str], nodes: Sequence[Node], *, repair: bool | str = False) -> Examined:
    """Read every file wholly and once, and ask of weather that is made whether it can be for its nodes.

    A file that passes may still lack hours of a window.

    Parameters
    ----------
    specs : mapping of node id to spec
        As `open_weather` takes them.
    nodes : sequence of Node
    repair : bool or "months"
        As `open_weather` takes it.
    """
    content: dict[str, xr.Dataset | DataError] = {}
    covers: dict[str, str] = {}
    day: dict[str, xr.Dataset] = {}
    faults: dict[str, list[str]] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", WeatherWarning)
        for node in nodes:
            spec = specs[node.node_id]
            try:
                covers[node.node_id], day[node.node_id] = _covers(spec, node, content, repair=repair)
            except DataError as error:
                faults.setdefault(str(error), []).append(node.node_id)
    told = {text.removeprefix("weather: "): ", ".join(ids) for text, ids in faults.items()}
    return Examined(
        covers=covers,
        day=day,
        problems=tuple(f"weather of {ids}: {text}" for text, ids in told.items()),
        warnings=tuple(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, WeatherWarning))),
    )


def _covers(
    spec: str, node: Node, content: dict[str, xr.Dataset | DataError], *, repair: bool | str
) -> tuple[str, xr.Dataset]:
    """What a source covers, and a day of it."""
    parsed = kinds.parse_spec(spec)
    if parsed is None:
        raise DataError(f"weather: {spec!r} is no source; allowed kinds: {', '.join(kinds.forms())}. Correct it.")
    kind, path = parsed
    if not kind.needs_path:
        kinds.load(kind.look_up)(node)
        made = kinds.load(kind.reader)([node], time=_DAY, seed=0)[node.node_id]
        return f"{kind.name}, any window", made
    if spec not in content:
        content[spec] = _read(kind, path, repair=repair)
    found = content[spec]
    if isinstance(found, DataError):
        raise found
    place = of_file(found, path, node=node, time=None)
    warn_far(node, place)
    stamps, day = place["time"].values, place.isel(time=slice(0, 24))
    if found.attrs.get("typical_year"):
        civil = stamps + np.timedelta64(round(float(found.attrs["utc_offset_h"])), "h")
        days = [np.datetime_as_string(stamp, unit="D")[5:] for stamp in (civil.min(), civil.max())]
        return f"{spec}: a typical year, {stamps.size} h of {days[0]} to {days[1]}", day
    first, last = (np.datetime_as_string(stamp, unit="m") for stamp in (stamps[0], stamps[-1] + np.timedelta64(1, "h")))
    return f"{spec}: {stamps.size} h from {first}Z to {last}Z", day


def _read(kind: kinds.Kind, path: str, *, repair: bool | str) -> xr.Dataset | DataError:
    try:
        return read_file(kind, path, repair=repair)
    except DataError as error:
        return error
    except OSError as error:  # what a reader did not explain
        return DataError(f"{path}: cannot be read ({error.strerror or error}). Give a file you may read.")
