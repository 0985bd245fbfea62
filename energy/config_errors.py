"""Validation errors of the study file in the user's words: dotted key, found, allowed, remedy."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from energy.config_checks import closest

_MAX_SHOWN = 20
_HUGE = 1000  # limits from here on are of sense, not of law: whoever passes one has mistaken the unit
_UNIT = "; is the unit right?"
# what a node may do without: its size of 0 means that there is none, which is said by leaving the table out
_OPTIONAL = {"battery": ("energy_kwh", "power_kw"), "pv": ("capacity_kw",), "wind": ("capacity_kw",)}


def describe(error: ValidationError, *, data: dict[str, Any], model: type[BaseModel], name: str) -> str:
    """One message for a failed study: the file, then one line per problem (the first 20)."""
    lines = [line for item in error.errors() if not _phantom(item) for line in _lines(item, data, model)]
    shown = lines[:_MAX_SHOWN]
    if len(lines) > _MAX_SHOWN:
        shown.append(f"... and {len(lines) - _MAX_SHOWN} more")
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    # a study is looked at in stages, each on what the one before found sound
    whole = all(item["type"] == "value_error" and not item["loc"] for item in error.errors())
    rest = "plants, connections and weather files" if whole else "references, plants, connections and weather files"
    return "\n  ".join([f"{name}: {count} in the study file", *shown, f"({rest} are looked at once this is mended)"])


def _phantom(item: dict[str, Any]) -> bool:
    """Whether a list only seems too short: pydantic does not count faulty entries, which are told by themselves."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _lines(item: dict[str, Any], data: dict[str, Any], model: type[BaseModel]) -> list[str]:
    keys, table = _walk(item["loc"], data, model)
    if item["type"] == "value_error":
        found = str(item["ctx"]["error"])
        # contradictions between tables are found on the whole study and carry their own keys
        return found.split("\n") if not keys else [f"{keys}: {found}"]
    return [f"{keys}: {_explain(item, table)}"]


def _explain(item: dict[str, Any], table: type[BaseModel] | None) -> str:
    kind, got, limits = item["type"], item["input"], item.get("ctx", {})
    if kind == "extra_forbidden":
        valid = _key_names(table) if table else []
        return f"unknown key{closest(str(item['loc'][-1]), valid)}; valid keys: {', '.join(valid)}"
    if kind == "missing":
        return "missing, but required" + (
            ' (text; begin it with "assumption: " where nobody published the number)'
            if item["loc"][-1] == "source"
            else ""
        )
    if kind == "union_tag_not_found":
        return f"key {limits['discriminator']} is missing, but required"
    if kind == "union_tag_invalid":
        return f'"{limits["tag"]}" is unknown; allowed: {limits["expected_tags"]}'
    found = _toml_like(got)
    allowed = {
        "greater_than": lambda: f"must be > {limits['gt']:,.9g}" + _none_there(item),
        "greater_than_equal": lambda: f"must be >= {limits['ge']:,.9g}",
        "less_than": lambda: f"must be < {limits['lt']:,.9g}",
        "less_than_equal": lambda: f"must be <= {limits['le']:,.9g}" + _UNIT * (limits["le"] >= _HUGE),
        "literal_error": lambda: f"allowed: {limits['expected']}",
        "string_pattern_mismatch": lambda: "allowed: lower-case letters, digits and _, beginning with a letter",
        "too_short": lambda: f"needs at least {limits['min_length']} entries, has {len(got)}",
        "too_long": lambda: f"at most {limits['max_length']} entries allowed, has {limits['actual_length']}",
        "string_too_short": lambda: "must not be empty",
        "float_type": lambda: "must be a number, without quotes",
        "int_type": lambda: "must be a whole number, without quotes or decimals",
        "bool_type": lambda: "must be true or false, without quotes",
        "string_type": lambda: "must be text in quotes",
        "finite_number": lambda: "must be finite",
        "date_type": lambda: "must be a date without quotes, such as 2026-01-01",
        "model_type": lambda: "must be a table",
        "model_attributes_type": lambda: "must be a table",
        "dict_type": lambda: "must be a table",
        "tuple_type": lambda: "must be a list",
    }.get(kind, lambda: item["msg"])()
    if kind in ("too_short", "too_long"):
        return allowed
    return f"found {found}; {allowed}"


def _none_there(item: dict[str, Any]) -> str:
    """The remedy for a plant of size 0, or nothing."""
    table, key = item["loc"][-2:] if len(item["loc"]) > 1 else ("", "")
    return f"; leave out [node.{table}] where there is none" * (item["input"] == 0 and key in _OPTIONAL.get(table, ()))


def _toml_like(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def _walk(
    loc: tuple[str | int, ...], data: dict[str, Any], model: type[BaseModel]
) -> tuple[str, type[BaseModel] | None]:
    """Dotted key of an error, and the table that holds its last key."""
    text, here, table, held = "", data, model, model
    for step in loc:
        if isinstance(step, int):
            here = here[step] if isinstance(here, (list, tuple)) and step < len(here) else None
            text += f"[{_label(here, step, top='.' not in text)}]"
            continue
        if isinstance(table, tuple) and isinstance(here, dict) and here.get("kind") == step:
            table = _tagged(table, step)  # pydantic puts a union's tag into the path; a key may have the same name
            continue
        held = table if isinstance(table, type) else None
        text += f".{step}" if text else step
        here = here.get(step) if isinstance(here, dict) else None
        table = _field_type(held, step)
    return text, held


def _label(entry: Any, index: int, *, top: bool) -> str:
    # nodes, tariffs and GPU types are known by name; clusters and periods only by their place
    name = entry.get("id", entry.get("gpu_type")) if top and isinstance(entry, dict) else None
    return name if isinstance(name, str) else str(index)


def _tables(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        return [table for part in get_args(annotation) for table in _tables(part)]
    return []


def _field_type(table: type[BaseModel] | None, key: str) -> Any:
    for name, field in table.model_fields.items() if table else ():
        if key in (name, field.alias):
            tables = _tables(field.annotation)
            return tables[0] if len(tables) == 1 else tuple(tables) or None
    return None


def _tagged(table: Any, tag: str) -> type[BaseModel] | None:
    choices = table if isinstance(table, tuple) else (table,)
    for choice in choices:
        if choice is not None and tag in get_args(choice.model_fields["kind"].annotation):
            return choice
    return None


def _key_names(table: type[BaseModel]) -> list[str]:
    names = [field.alias or name for name, field in table.model_fields.items()]
    return sorted(names, key=("source", "note").__contains__)  # a table's own keys first
