"""The folder of runs: published whole or not at all.

A run is written to ``<out>/<id>.tmp/``, every file flushed to disk, then the folder is renamed once to
``<out>/<id>/`` and the link ``latest`` is replaced by a rename. One lock file per output folder keeps two
runs apart; the lock dies with its process, and leftovers of a killed run are swept by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from weather.conventions.errors import OutputError, RunLocked

LOCK = ".lock"
LATEST = "latest"
# what new_run_id makes, and the link on its way: nothing else in the folder is ever swept
_LEFTOVER = re.compile(rf"(\d{{4}}-\d\d-\d\d(T\d{{4}})?_\d{{8}}T\d{{6}}_[0-9a-f]{{6}}(-\d+)?|{LATEST})\.tmp")


@contextmanager
def locked(out: Path) -> Iterator[Path]:
    """Hold the output folder (made if absent) for one run; sweeps what a killed run left.

    Raises
    ------
    OutputError
        Where the folder cannot be made or written.
    RunLocked
        Where another run holds it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(_cannot_write(out, error)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunLocked(
                f"{out}: another greendc run is writing here. Wait for it to end, or give another --out folder."
            ) from error
        except OSError as error:
            raise OutputError(
                f"{out}: the folder cannot be locked ({error.strerror or error}). Give one on a local disk with --out."
            ) from error
        _sweep(out)
        yield out
    finally:
        os.close(handle)


def _sweep(out: Path) -> None:
    """Remove what a killed run left unfinished."""
    try:
        for stale in [path for path in out.iterdir() if _LEFTOVER.fullmatch(path.name)]:
            if stale.is_dir() and not stale.is_symlink():
                shutil.rmtree(stale)
            else:
                stale.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(_cannot_write(out, error)) from error


def publish(out: Path, run_id: str, files: Mapping[str, bytes], manifest: Mapping[str, object]) -> Path:
    """Write a run's files and its manifest, then make them visible at once; returns the run's folder.

    Parameters
    ----------
    out
        The locked output folder.
    run_id
        Folder name of the run.
    files
        File name -> content. ``manifest.json`` is added: the sha256 of each, and what ``manifest`` holds.

    Raises
    ------
    OutputError
        Where something cannot be written; nothing of the run is left behind.
    """
    staging, final = out / f"{run_id}.tmp", out / run_id
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    body = json.dumps({**manifest, "sha256": sums}, indent=1, ensure_ascii=False) + "\n"
    before = _link_target(out / LATEST)
    try:
        staging.mkdir()
        for name, content in {**files, "manifest.json": body.encode()}.items():
            _write(staging / name, content)
        _sync(staging)
        staging.rename(final)
        _sync(out)
        _point(out / LATEST, run_id)
        _sync(out)
    except OSError as error:
        _withdraw(out, run_id, before)
        raise OutputError(_cannot_write(out, error)) from error
    except BaseException:  # an interrupt too leaves nothing half made
        _withdraw(out, run_id, before)
        raise
    return final


def _link_target(link: Path) -> str | None:
    return str(link.readlink()) if link.is_symlink() else None


def _point(link: Path, run_id: str) -> None:
    """Let the link name the run, replaced at once."""
    made = link.with_name(f"{link.name}.tmp")
    made.unlink(missing_ok=True)
    made.symlink_to(run_id, target_is_directory=True)
    made.replace(link)


def _withdraw(out: Path, run_id: str, before: str | None) -> None:
    """Leave the folder as it was before the run: the link first, so that it never names a run that is gone."""
    link = out / LATEST
    with suppress(OSError):
        (out / f"{LATEST}.tmp").unlink(missing_ok=True)
    with suppress(OSError):
        if _link_target(link) == run_id:
            if before is None:
                link.unlink()
            else:
                _point(link, before)
    if _link_target(link) != run_id:
        shutil.rmtree(out / run_id, ignore_errors=True)
    shutil.rmtree(out / f"{run_id}.tmp", ignore_errors=True)


def new_run_id(out: Path, *, opens: str, config_hash: str, now: datetime | None = None) -> str:
    """``<date (and time) the window opens>_<when made, UTC>_<first of the study's hash>``, unused in ``out``."""
    made = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
    stem = f"{opens}_{made}_{config_hash[:6]}"
    name, number = stem, 1
    while (out / name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(out: Path, error: OSError) -> str:
    return (
        f"{out}: cannot be written ({error.strerror or error}). Nothing was published and earlier runs are untouched. "
        "Give a folder you may write to with --out, or free some space."
    )
