"""Bytes of a file the user named, or one clear error; and files that appear whole or not at all."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weather.conventions.errors import DataError, OutputError


def read_bytes(file: Path, *, kind: str, most: int) -> bytes:
    """The first `most` bytes of a regular file, all of it where it is shorter.

    Parameters
    ----------
    file : Path
    kind : str
        What is expected, with its article, for the error text: "an .epw file".
    most : int

    Raises
    ------
    DataError
        When there is no such file, it is a folder or a device, or it cannot be read.
    """
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{file}: is a folder; give the path of {kind}, not of the folder it is in.")
        if not stat.S_ISREG(mode):
            # a pipe would wait for its writer for ever
            raise DataError(f"{file}: is a pipe or a device, not a regular file; give the path of {kind}.")
        with file.open("rb") as stream:
            return stream.read(most)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{file}: no such file; give the path of {kind}.") from error
    except PermissionError as error:
        raise DataError(
            f"{file}: no permission to read it; {kind} must be readable (and its folders searchable) for the user "
            "greendc runs as. Change its rights, for example: chmod a+r FILE."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise DataError(f"{file}: cannot be read ({error}); give the path of {kind}.") from error


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """A path beside `file` to write to; at the end of the block it takes the place of `file`, or vanishes.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    # not mkstemp: its files are readable by their owner alone
    if not file.parent.is_dir():
        raise OutputError(f"{file}: cannot be written, there is no folder {file.parent}. Make it first.")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        raise OutputError(
            f"{file}: cannot be written ({error.strerror or error}); check the folder, its rights and the space left."
        ) from error
    finally:
        part.unlink(missing_ok=True)
