"""What the arguments of the weather commands mean: a source, a node, a window, a member."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from weather import kinds
from weather.conventions import WeatherWarning, timeaxis
from weather.conventions.errors import ConfigError, DataError
from weather.nodes import Node, load_nodes
from weather.sources import warn_far
from weather.sources.assemble import PLACE
from weather.sources.typical import map_typical_year

MADE_DATE = "2026-01-01"
"""Where weather that is made begins when no --date is given."""

MADE_DAYS = 365
FIRST_YEAR, LAST_YEAR = 1900, 2199  # well inside what 64-bit nanoseconds reach
MOST_DAYS = 366 * 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What is asked of a source.

    node: id of the registry, or of a file with nodes. repair: False, True or "months". latitude, longitude [deg],
    altitude_m, tz, label: what a file of the user's own may not say. date, days: civil window, None for all. seed: of
    made weather. member: of an ensemble, None for all.
    """

    node: str | None = None
    repair: bool | str = False
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    tz: str | None = None
    label: str | None = None
    date: str | None = None
    days: float | None = None
    seed: int = 7
    member: int | None = None

    def told(self) -> dict[str, float | str]:
        """What was given of what a reader may be told about its file."""
        given = {name: getattr(self, name) for name in ("latitude", "longitude", "altitude_m", "tz", "label")}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Source:
    """Weather that was read or made: dims ([member,] [node,] time).

    spec: in full. note: how its kind was found, "" where it was said. warnings: what its reading warned of.
    """

    spec: str
    note: str
    weather: xr.Dataset
    warnings: tuple[str, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Ids of its nodes, none where it is of one place without a name."""
        return tuple(map(str, self.weather["node"].values)) if "node" in self.weather.dims else ()


def known_node(node_id: str) -> Node:
    """The registry's node.

    Raises
    ------
    ConfigError
        When there is none of that id.
    """
    nodes = load_nodes()
    if node_id not in nodes:
        raise ConfigError(f"--node: {node_id!r} is not a known node; known: {', '.join(nodes)}. Or give its place.")
    return nodes[node_id]


def full_spec(text: str) -> tuple[kinds.Kind, str, str]:
    """Kind and path of a spec or bare path, and a note where the kind was taken from the file's name.

    Raises
    ------
    ConfigError
        When it is no spec and its name does not tell its kind.
    """
    parsed = kinds.parse_spec(text)
    if parsed is not None:
        return (*parsed, "")
    head, colon, _ = text.partition(":")
    if colon and head in {kind.name for kind in kinds.KINDS}:
        raise ConfigError(f"{text!r} is no weather source; write one of {kinds.listed(kinds.forms())}.")
    kind = kinds.by_ending(text)
    if kind is not None:
        ending = Path(text).suffix
        return kind, text, f"taken as {kind.name} by its ending {ending}; write KIND:PATH if it is another kind"
    files = kinds.listed([form.replace("PATH", text) for form in kinds.forms(files_only=True)])
    raise ConfigError(f"{text!r}: its name does not tell what kind of weather file it is. Say it: {files}.")


def read_source(text: str, reading: Reading) -> Source:
    """The weather of a spec or bare path, cut to the window and member asked; every node unless one is asked.

    Raises
    ------
    ConfigError
        For an unknown kind, node or window, and options its reader does not take.
    DataError
        When it cannot be used.
    """
    kind, path, note = full_spec(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", WeatherWarning)
        try:
            weather = _window(_read(kind, path, reading), reading, text) if kind.needs_path else _made(kind, reading)
        except DataError as error:
            if not note:
                raise
            raise DataError(f"{error} (It was {note}.)") from error
        weather = _member(_node(weather, reading, text), reading, text)
        if kind.needs_path and reading.node in load_nodes() and "node" not in weather.dims:
            warn_far(known_node(reading.node), weather)
    told = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, WeatherWarning))
    spec = f"{kind.name}:{path}" if kind.needs_path else kind.name
    return Source(spec, note, weather, tuple(told))


def one_place(source: Source, node: str | None = None) -> xr.Dataset:
    """The weather of one place of a source, dims ([member,] time), with its place and source as attributes.

    Raises
    ------
    ConfigError
        When the source has several nodes and none is named.
    """
    return _place(source.weather, source.spec, node)


def _place(weather: xr.Dataset, where: str, node: str | None) -> xr.Dataset:
    if "node" in weather.dims:
        held = [str(name) for name in weather["node"].values]
        if node is None and len(held) > 1:
            raise ConfigError(f"{where}: holds several nodes: {', '.join(held)}. Choose one with --node.")
        if node is not None and node not in held:
            raise ConfigError(f"{where}: holds no node {node!r}; it holds {', '.join(held)}.")
        weather = weather.isel(node=held.index(node) if node is not None else 0)
    told = str(weather["source"].item()) if "source" in weather.coords else str(weather.attrs.get("source", where))
    place = {name: float(weather[name]) for name in PLACE}
    coordinates = [name for name in ("node", "source") if name in weather.coords]
    return weather.drop_vars(coordinates).assign_attrs(place, source=told)


def _read(kind: kinds.Kind, path: str, reading: Reading) -> xr.Dataset:
    reader = kinds.load(kind.reader)
    takes = inspect.signature(reader).parameters
    asked = reading.told()
    strange = [name for name in asked if name not in takes]
    if strange:
        options = ", ".join(f"--{name.removesuffix('_m')}" for name in strange)
        raise ConfigError(
            f"{kind.name}:{path}: a file of this kind says itself what {options} would say; leave the option out."
        )
    if reading.repair and "repair" not in takes:
        raise ConfigError(f"{kind.name}:{path}: files of this kind are not repaired; leave --repair out.")
    if reading.repair:
        asked["repair"] = reading.repair
    weather = reader(path, **asked)
    return weather if kind.typical_year is None else weather.assign_attrs(typical_year=int(kind.typical_year))


def _made(kind: kinds.Kind, reading: Reading) -> xr.Dataset:
    if reading.told() or reading.repair:
        raise ConfigError(
            f"{kind.name}: weather that is made takes neither a place nor --repair; give --node, --date, --days or "
            "--seed."
        )
    if reading.node is None:
        raise ConfigError(f"{kind.name}: is made for a node; name it with --node ({', '.join(load_nodes())}).")
    node = known_node(reading.node)
    days = MADE_DAYS if reading.days is None else reading.days
    time = _axis(MADE_DATE if reading.date is None else reading.date, days)
    return kinds.load(kind.reader)([node], time=time, seed=reading.seed)[node.node_id]


def _axis(date: str, days: float) -> np.ndarray:
    if not (1 / 24 < days <= MOST_DAYS) or abs(days * 24 - round(days * 24)) > 1e-9:
        raise ConfigError(f"--days: got {days:g}; allowed: more than an hour, whole hours, at most {MOST_DAYS} days.")
    try:
        start = timeaxis.civil_start(date)
    except DataError as error:
        raise ConfigError(f"--date: {error}") from error
    if not FIRST_YEAR <= start.year <= LAST_YEAR or start.minute or start.second or start.microsecond:
        raise ConfigError(
            f"--date: got {date}; allowed: a civil day or full hour of the years {FIRST_YEAR} to {LAST_YEAR}."
        )
    return timeaxis.time_axis(start, horizon_h=round(days * 24.0))


def _window(weather: xr.Dataset, reading: Reading, text: str) -> xr.Dataset:
    """The hours from --date on, --days long; of a file; other weather is made for them."""
    if reading.date is None and reading.days is None:
        return weather
    stamps = weather["time"].values.astype("datetime64[ns]")
    step = stamps[1] - stamps[0]
    hours = float((stamps[-1] + step - stamps[0]) / np.timedelta64(1, "h"))
    if reading.date is None:
        axis = _axis(MADE_DATE, reading.days)  # holds --days to its limits
        begin, end = stamps[0], stamps[0] + (axis[-1] - axis[0]) + np.timedelta64(1, "h")
    else:
        first = _axis(reading.date, 1)[0]
        typical = bool(weather.attrs.get("typical_year"))
        left = hours if typical else float((stamps[-1] + step - first) / np.timedelta64(1, "h"))
        axis = _axis(reading.date, (left if left > 1 else 24.0) / 24 if reading.days is None else reading.days)
        if typical:
            return map_typical_year(weather, time=axis, where=text)
        begin, end = axis[0], axis[-1] + np.timedelta64(1, "h")
    kept = (stamps >= begin) & (stamps + step <= end)
    if stamps[0] > begin or stamps[-1] + step < end or kept.sum() < 2:
        raise DataError(
            f"{text}: the window {_text(begin)} to {_text(end)} is not in it; it covers {_text(stamps[0])} to "
            f"{_text(stamps[-1] + step)}. Choose --date (civil, UTC+8) and --days within."
        )
    return weather.isel(time=kept)


def _node(weather: xr.Dataset, reading: Reading, text: str) -> xr.Dataset:
    return weather if reading.node is None or "node" not in weather.dims else _place(weather, text, reading.node)


def _member(weather: xr.Dataset, reading: Reading, text: str) -> xr.Dataset:
    if reading.member is None:
        return weather
    if "member" not in weather.dims:
        raise ConfigError(f"--member: {text} is one weather, not an ensemble; leave the option out.")
    if not 0 <= reading.member < weather.sizes["member"]:
        raise ConfigError(f"--member: got {reading.member}; {text} has members 0 to {weather.sizes['member'] - 1}.")
    chosen = weather.isel(member=reading.member)
    return chosen.drop_vars("member") if "member" in chosen.coords else chosen


def named(weather: xr.Dataset, node: Node) -> xr.Dataset:
    """The weather of one place with the node's id on it, dims ([member,] node, time): no other node can take it."""
    wide = weather.expand_dims(node=[node.node_id])
    order = [dim for dim in ("member", "node", "time") if dim in wide.dims]
    arrays = {name: wide[name].transpose(*order) for name in wide.data_vars}
    places = {name: ("node", [float(weather[name])], dict(weather[name].attrs)) for name in PLACE}
    return wide.assign(arrays).assign_coords(places)


def names_of(weather: xr.Dataset, node_id: str | None) -> tuple[str, str]:
    """What to call a place, in English and Chinese ("" where it is the same)."""
    nodes: Mapping[str, Node] = load_nodes()
    if node_id in nodes:
        return nodes[node_id].name_en, nodes[node_id].name_zh
    if node_id:
        return node_id, ""
    said = str(weather.attrs.get("source", "")).rpartition(": ")[2].strip()
    return said or f"{float(weather['latitude']):.2f} N {float(weather['longitude']):.2f} E", ""


def _text(stamp: np.datetime64) -> str:
    return f"{np.datetime_as_string(stamp, unit='m')}Z"
