"""The answer to a query as weather: young and kept, else fetched, else old and kept and named so."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from weather.conventions import WeatherWarning
from weather.conventions.errors import ConfigError, DataError, SourceUnavailable
from weather.fetch.cache import Entry, load_entry, store_entry
from weather.fetch.http import LIMITS, Query, fetch_bytes, parse_json
from weather.fetch.settings import FetchSettings

Build = Callable[[Any], xr.Dataset]
"""From the JSON of an answer to weather; raises DataError where it cannot be used."""


def weather_of(
    query: Query,
    *,
    build: Build,
    settings: FetchSettings,
    cache: str | Path | None,
    offline: bool,
    max_age_h: float,
) -> xr.Dataset:
    """Weather from what was kept or from the network.

    An answer is kept only when weather could be made of it: a bad one never takes the place of a good one.

    Parameters
    ----------
    query : Query
    build : Build
    settings : FetchSettings
    cache : path or None
        Folder of kept answers; None for that of the settings.
    offline : bool
        True: what was kept, of any age; no socket is touched.
    max_age_h : float [h]
        A kept answer up to this age is used without asking again.

    Returns
    -------
    Dataset
        With attrs fetched_at (UTC, ISO 8601) and stale (1 where older than `max_age_h`, 0 otherwise), and a line of
        history.

    Raises
    ------
    SourceUnavailable
        When neither network nor folder have an answer.
    DataError
        When the answer is whole but cannot be used.

    Warns
    -----
    WeatherWarning
        When an old answer is used, naming its age; when a kept one is damaged, or one cannot be kept.
    """
    if not max_age_h >= 0.0:
        raise ConfigError(f"max_age_h is {max_age_h}; allowed: hours, 0 or more.")
    folder = Path(cache).expanduser() if cache is not None else settings.cache_folder
    kept = load_entry(folder, query)
    if kept is not None and (offline or _age_h(kept) <= max_age_h):
        weather = _from_young(kept, query, build=build, offline=offline, max_age_h=max_age_h)
        if weather is not None:
            return weather
        kept = None
    if offline:
        raise SourceUnavailable(
            f"{query.shown}: no answer to this query is kept in {folder}, and offline was asked for. Fetch it once "
            "with network, with the same place, days and model, or give the folder it was kept in (GREENDC_CACHE)."
        )
    try:
        entry = Entry(fetch_bytes(query, limits=replace(LIMITS, deadline_s=settings.deadline_s)), _now())
        data = _whole(entry, query)
    except SourceUnavailable as error:
        if kept is None:
            raise
        return _from_old(kept, query, build=build, reason=error)
    weather = build(data)
    store_entry(folder, query, entry)
    return _dated(weather, query, entry, stale=False)


def _from_young(kept: Entry, query: Query, *, build: Build, offline: bool, max_age_h: float) -> xr.Dataset | None:
    """Weather of a kept answer; None where it is of no use and another can be fetched."""
    old = not _age_h(kept) <= max_age_h
    try:
        weather = build(_whole(kept, query))
    except (DataError, SourceUnavailable) as error:
        if offline:
            raise
        warnings.warn(f"the kept answer cannot be used and is fetched again: {error}", WeatherWarning, stacklevel=4)
        return None
    if old:
        warnings.warn(f"{_old_words(kept, query)}, used offline.", WeatherWarning, stacklevel=4)
    return _dated(weather, query, kept, stale=old)


def _from_old(kept: Entry, query: Query, *, build: Build, reason: SourceUnavailable) -> xr.Dataset:
    weather = build(_whole(kept, query))
    warnings.warn(f"{_old_words(kept, query)}, used because the network failed: {reason}", WeatherWarning, stacklevel=4)
    return _dated(weather, query, kept, stale=True)


def _whole(entry: Entry, query: Query) -> Any:
    """The JSON of an answer; an error told with status 200 counts as no answer."""
    data = parse_json(entry.body, where=query.shown)
    if isinstance(data, dict) and data.get("error"):
        raise SourceUnavailable(
            f"{query.shown}: the service answers with an error: {str(data.get('reason', data['error']))[:300]}. "
            "Correct the query, or try again later."
        )
    return data


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _age_h(entry: Entry) -> float:
    """Age [h]; infinite for an answer from the future: its clock, or this one, was wrong."""
    age_h = (_now() - entry.fetched_at).total_seconds() / 3600.0
    return age_h if age_h > -0.1 else math.inf


def _old_words(entry: Entry, query: Query) -> str:
    age_h = _age_h(entry)
    age = f"{age_h:.1f} h old" if math.isfinite(age_h) else "dated in the future"
    return f"{query.shown}: the weather is stale, {age} (fetched {_text(entry.fetched_at)})"


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _dated(weather: xr.Dataset, query: Query, entry: Entry, *, stale: bool) -> xr.Dataset:
    line = f"fetched {_text(entry.fetched_at)} from {query.shown}{', stale when used' if stale else ''}"
    history = "\n".join(part for part in (line, str(weather.attrs.get("history", ""))) if part)
    return weather.assign_attrs(fetched_at=_text(entry.fetched_at), stale=int(stale), history=history)
