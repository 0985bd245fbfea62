"""Figures of a plant that may be fitted, their ranges, and what its meters would show.

Ranges come from ``energy/data/calibration.csv``; whatever field of the node's plants it names is tried.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np
import xarray as xr

from models.overhead import NodePlant, overhead_flows

_FLOWS = {
    "facility_kw": "facility_kw",
    "cooling_kw": "cooling_kw",
    "fan_kw": "fan_kw",
    "ups_loss_kw": "ups_loss_kw",
    "water_l": "water_l_per_h",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure of a plant that may be fitted: its table and field in the study (``ups_loss[0]``: the first of
    several), its range, unit and meaning, and the study's value."""

    table: str
    field: str
    low: float
    high: float
    unit: str
    meaning: str
    study: float


@cache
def _ranges() -> tuple[dict[str, str], ...]:
    text = resources.files("energy").joinpath("data/calibration.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _place(field: str) -> tuple[str, int | None]:
    """Field and position: ``ups_loss[1]`` is the second of ``ups_loss``."""
    found = re.fullmatch(r"(\w+)\[(\d+)\]", field)
    return (found[1], int(found[2])) if found else (field, None)


def parameters(plant: NodePlant) -> tuple[Parameter, ...]:
    """Every figure of a plant that has a range to be fitted in; a study's value outside it widens the range.

    A figure of the cooling that is 0 is a part the plant does not have, a pad or a pump: it is not fitted.
    """
    found = []
    for row in _ranges():
        name, at = _place(row["field"])
        value = getattr(getattr(plant, row["table"]), name, None)
        value = value if at is None or value is None else value[at]
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if row["table"] == "cooling" and value == 0:
            continue
        low, high = min(float(row["low"]), value), max(float(row["high"]), value)
        found.append(Parameter(row["table"], row["field"], low, high, row["unit"], row["meaning"], float(value)))
    return tuple(found)


def with_values(plant: NodePlant, chosen: Sequence[Parameter], values: Sequence[float]) -> NodePlant:
    """The plant with some parameters at other values."""
    changes: dict[str, dict] = {"cooling": {}, "electrical": {}}
    for parameter, value in zip(chosen, values, strict=True):
        name, at = _place(parameter.field)
        fields = changes[parameter.table]
        if at is None:
            fields[name] = float(value)
        else:
            terms = list(fields.get(name, getattr(getattr(plant, parameter.table), name)))
            terms[at] = float(value)
            fields[name] = tuple(terms)
    return replace(plant, **{table: replace(getattr(plant, table), **fields) for table, fields in changes.items()})


def predicted(weather: xr.Dataset, plant: NodePlant, it_kw: np.ndarray, setpoint_degc: np.ndarray) -> dict:
    """What each meter would show: name -> (hour,)."""
    flows = overhead_flows(weather, plant, it_kw, setpoint_degc)
    flows = flows.assign(facility_kw=flows["overhead_kw"] + it_kw)
    return {meter: flows[flow].values for meter, flow in _FLOWS.items()}
