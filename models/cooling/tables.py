"""Rows of `models/data/cooling.toml`: the published figures of cooling plants."""

import tomllib
from functools import cache
from importlib import resources

from weather.conventions.errors import ConfigError


@cache
def _document() -> dict[str, list[dict]]:
    text = resources.files("models").joinpath("data/cooling.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def row_ids(table: str) -> tuple[str, ...]:
    """Names of the rows of a table, in the file's order.

    Examples
    --------
    >>> row_ids("change_limit")
    ('tape', 'disk')
    """
    return tuple(row["id"] for row in _document()[table])


def row(table: str, row_id: str) -> dict:
    """One row of published figures.

    Parameters
    ----------
    table : str
        ``"chiller"``, ``"fan_curve"``, ``"envelope"``, ``"change_limit"`` or ``"water_class"``.
    row_id : str

    Returns
    -------
    dict
        Keys as in the file, ``source`` and ``note`` among them. Not to be changed.

    Raises
    ------
    ConfigError
        When the table has no such row.
    """
    for found in _document()[table]:
        if found["id"] == row_id:
            return found
    raise ConfigError(
        f"models/data/cooling.toml: got {table} {row_id!r}, allowed {', '.join(row_ids(table))}. Name one of them."
    )


def check_fields(kind: str, plant: object, checks: dict[str, tuple[bool, str]]) -> None:
    """Raise on the first field of a plant that is not allowed.

    Parameters
    ----------
    kind : str
        The plant in words.
    plant : object
        Has the fields.
    checks : dict
        By field name: whether it is good, and what is allowed.

    Raises
    ------
    ConfigError
        With the field's name, what was got and what is allowed.
    """
    for name, (good, allowed) in checks.items():
        if not good:
            raise ConfigError(
                f"{kind} plant: got {name}={getattr(plant, name)!r}, allowed {allowed}. Correct the figure."
            )
