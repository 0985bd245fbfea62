"""What was fetched, kept: one file for each query, with the query, the time and the bytes of the answer.

A file appears under its name only when it is whole, so two processes may keep the same answer at once; one that is
damaged is told of and counts as absent. Keys are neither in a file nor in its name.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import os
import secrets
import warnings
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weather.conventions import WeatherWarning
from weather.fetch.http import LIMITS, Query, redact

_FORMAT = "greendc weather cache 1"
_FILE_MAX = 2 * LIMITS.most_bytes  # an answer that cannot be compressed, as base64


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept answer: its bytes and when they were fetched (aware, UTC)."""

    body: bytes
    fetched_at: datetime


def entry_path(folder: Path, query: Query) -> Path:
    """Where the answer to a query is kept."""
    asked = json.dumps(_asked(query), sort_keys=True, ensure_ascii=True)
    return folder / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"


def _asked(query: Query) -> dict[str, Any]:
    """The query as it may be kept: sorted, without key."""
    return {
        "url": redact(query.url, query),
        "params": sorted([name, redact(value, query)] for name, value in query.params),
    }


def load_entry(folder: Path, query: Query) -> Entry | None:
    """The kept answer to a query; None where there is none.

    Warns
    -----
    WeatherWarning
        When there is one that is damaged or cannot be read; it is left aside.
    """
    file = entry_path(folder, query)
    try:
        with file.open("rb") as stream:
            raw = stream.read(_FILE_MAX + 1)
        return _unpacked(raw, query)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = f"cannot be read ({error.strerror or type(error).__name__})"
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
        reason = f"is damaged ({error})"
    warnings.warn(f"{file}: the kept answer {reason} and is left aside.", WeatherWarning, stacklevel=3)
    return None


def _unpacked(raw: bytes, query: Query) -> Entry:
    if len(raw) > _FILE_MAX:
        raise ValueError("too large")
    held = json.loads(raw)
    if not isinstance(held, dict) or held.get("format") != _FORMAT:
        raise ValueError("another format")
    if {name: held[name] for name in ("url", "params")} != _asked(query):
        raise ValueError("of another query")
    fetched_at = datetime.fromisoformat(held["fetched_at"])
    if fetched_at.tzinfo is None:
        raise ValueError("no UTC time")
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(base64.b64decode(held["body"], validate=True), LIMITS.most_bytes + 1)
    if len(body) > LIMITS.most_bytes:
        raise ValueError("it unpacks to more than an answer may hold")
    if hashlib.sha256(body).hexdigest() != held["sha256"]:
        raise ValueError("its content does not have its digest")
    return Entry(body, fetched_at.astimezone(UTC))


def store_entry(folder: Path, query: Query, entry: Entry) -> None:
    """Keep an answer, whole or not at all.

    Warns
    -----
    WeatherWarning
        When the folder cannot be written: the answer is used all the same.
    """
    file = entry_path(folder, query)
    held = _asked(query) | {
        "format": _FORMAT,
        "fetched_at": entry.fetched_at.astimezone(UTC).isoformat(timespec="seconds"),
        "sha256": hashlib.sha256(entry.body).hexdigest(),
        "body": binascii.b2a_base64(zlib.compress(entry.body), newline=False).decode(),
    }
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as stream:
            json.dump(held, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        warnings.warn(
            f"{folder}: the answer cannot be kept ({error.strerror or type(error).__name__}); it is used, and lost for "
            "work without network. Give a folder that can be written by GREENDC_CACHE.",
            WeatherWarning,
            stacklevel=3,
        )
