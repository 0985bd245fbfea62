"""Rows of data/pv.toml: constants of cell temperature, spectrum, inverter, glass, snow, each with its source."""

import tomllib
from functools import cache
from importlib import resources

from weather.conventions.errors import ConfigError


@cache
def _tables() -> dict[str, dict[str, dict]]:
    text = resources.files("models").joinpath("data/pv.toml").read_text(encoding="utf-8")
    return {kind: {row["name"]: row for row in rows} for kind, rows in tomllib.loads(text).items()}


def names(kind: str) -> tuple[str, ...]:
    """Names of the rows of one kind, in file order.

    Examples
    --------
    >>> names("cell")[0]
    'faiman'
    """
    return tuple(_tables()[kind])


def row(kind: str, name: str) -> dict:
    """One row.

    Raises
    ------
    ConfigError
        When no row of this kind has this name.

    Examples
    --------
    >>> row("cell", "faiman")["u1_ws_m3k"]
    6.84
    """
    rows = _tables()[kind]
    if name not in rows:
        raise ConfigError(f"PV plant: got {kind}={name!r}, allowed {', '.join(rows)}. Correct the name.")
    return rows[name]
