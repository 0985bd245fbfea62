"""What every part of the report needs to know of a plan: language, names, the civil time axis, and number formats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import xarray as xr

from energy.report.messages import messages
from energy.report.style import plain
from weather.conventions.timeaxis import civil

NOTHING = "–"
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class View:
    """``texts``: messages of one language; ``names``: node id to the name shown, in the plan's order;
    ``stamps``: civil start of each step; ``edges``: the same and the window's end (ISO text)."""

    lang: str
    texts: Mapping[str, str]
    names: Mapping[str, str]
    stamps: tuple[str, ...]
    edges: tuple[str, ...]
    step_h: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: the id of its element, a heading (may be empty), what it shows in words, its figure,
    and its height on paper [px]."""

    panel_id: str
    heading: str
    said: str
    figure: dict
    print_height: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text; columns from ``text_columns`` on hold numbers (``NOTHING`` where there is none)."""

    table_id: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: int = 1


def make_view(data: xr.Dataset, nodes: Mapping[str, tuple[str, str]], lang: str) -> View:
    """The view of a plan's Dataset (dims node, time)."""
    step_h = float(data.attrs["step_h"])
    starts = civil(data["time"].values).tz_localize(None).to_numpy("datetime64[s]")
    edges = np.append(starts, starts[-1] + np.timedelta64(round(step_h * 3600), "s"))
    shown = tuple(str(edge).replace("T", " ")[:16] for edge in edges)
    names = {}
    for node in data["node"].values.astype(str):
        english, chinese = nodes.get(node, (node, ""))
        names[node] = plain(f"{english} {chinese}".strip())
    return View(lang, messages(lang), names, shown[:-1], shown, step_h)


def number(value: object, digits: int = 0) -> str:
    """A number for reading: thousands separators, a true minus sign, a dash for nothing.

    >>> number(-1234.5, 1)
    '−1,234.5'
    >>> number(None)
    '–'
    """
    if not _is_number(value):
        return NOTHING
    text = f"{float(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: object, digits: int = 0) -> str:
    """A difference with its sign.

    >>> signed(12.0), signed(-0.5, 1), signed(0.0)
    ('+12', '−0.5', '0')
    """
    text = number(value, digits)
    positive = _is_number(value) and float(value) > 0 and text.strip("0.,")
    return f"+{text}" if positive else text


def percent(value: object, digits: int = 1) -> str:
    """A share as per cent.

    >>> percent(0.386)
    '38.6 %'
    """
    return f"{number(100 * float(value), digits)} %" if _is_number(value) else NOTHING


def figure_of(mapping: Mapping | None, key: str) -> float | None:
    """A number of a summary, or None where it is absent, null or not finite."""
    value = (mapping or {}).get(key)
    return float(value) if _is_number(value) else None


def difference(value: float | None, reference: float | None) -> float | None:
    """``value - reference``, or None."""
    return None if value is None or reference is None else value - reference


def relative(value: float | None, reference: float | None) -> float | None:
    """Change relative to the reference, or None."""
    change = difference(value, reference)
    return None if change is None or not reference else change / abs(reference)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(float(value))
