"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from contextlib import suppress

from weather.conventions.errors import OutputError

_WIDE = 1000  # columns of a table nobody looks at on a screen
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain(text: str) -> str:
    """Text whose control, format and separator characters stand as escapes, but for new lines and tabs.

    A title, a job's id or a path may hold a direction mark or an escape sequence: raw, they would turn or colour what
    follows at a terminal. JSON stays the JSON it was.

    Examples
    --------
    >>> plain("a\\u202eb")
    'a\\\\u202eb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if c not in "\n\t" and unicodedata.category(c) in _UNSEEN else c for c in text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def say(text: str, *, done: str = "") -> None:
    """Print on standard output at once; where that fails, the error says what has been done nevertheless.

    Raises
    ------
    OutputError
        When standard output cannot be written (a full disk); a closed pipe raises BrokenPipeError.
    """
    _put(plain(text), done)


def _put(text: str, done: str = "") -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _no_stdout(error, done) from error


def warn(text: str) -> None:
    """Print on standard error, if there is one: that nobody can be told is no reason to fail."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(plain(text), file=sys.stderr, flush=True)


def print_table(rows: list[dict]) -> None:
    """Rows of equal keys as a table on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for key in rows[0]:
        numeric = all(isinstance(row[key], int | float) and not isinstance(row[key], bool) for row in rows)
        table.add_column(key, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    # whoever reads a pipe or a file looks for whole words; only a terminal has an edge
    at_terminal = sys.stdout is not None and sys.stdout.isatty()
    # brackets and colons of an id are its own, not markup
    console = Console(soft_wrap=False, width=None if at_terminal else _WIDE, markup=False, emoji=False)
    with console.capture() as table_text:
        console.print(table)
    _put("\n".join(line.rstrip() for line in table_text.get().split("\n")).rstrip("\n"))  # cells are plain already


def drop_stdout() -> None:
    """Send what is still buffered nowhere, or the interpreter fails when it flushes it at the end."""
    if sys.stdout is not None:
        with suppress(OSError):  # a stand-in for a file has no number
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _no_stdout(error: OSError, done: str = "") -> OutputError:
    drop_stdout()
    text = f"standard output cannot be written ({error.strerror or error})."
    return OutputError(f"{text} {done} Give an output with room, or none.".replace("  ", " "))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "ok" if value else "NOT OK"
    return f"{value:,.4g}" if isinstance(value, float) else plain(str(value))
