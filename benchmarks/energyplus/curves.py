"""Chiller curve sets of the installed engine's own data set, read at run time."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from energyplus.engine import EngineError, payload

DEFAULT_CHILLER = "ElectricEIRChiller Carrier 19XR 1143kW/6.57COP/VSD"
_UNITS = ("Temperature", "Dimensionless")  # what some of the data sets name the axes of a curve by


@dataclass(frozen=True, slots=True)
class ChillerSet:
    """One machine of Chillers.idf.

    Attributes
    ----------
    name : str
    reference_kw, reference_cop : float
        [kW], [-]
    reference_chilled_degc, reference_condenser_degc : float
        Leaving chilled and entering condenser water. [degC]
    chilled_m3_s, condenser_m3_s : float
        Reference flows. [m3/s]
    plr_min, plr_max : float
        Least (cycling below) and largest part-load ratio. [-]
    capft, eirft : tuple of float
        Coefficients 1 to 6, then least and largest x, least and largest y.
    eirfplr : tuple of float
        Coefficients 1 to 3, then least and largest x.
    """

    name: str
    reference_kw: float
    reference_cop: float
    reference_chilled_degc: float
    reference_condenser_degc: float
    chilled_m3_s: float
    condenser_m3_s: float
    plr_min: float
    plr_max: float
    capft: tuple[float, ...]
    eirft: tuple[float, ...]
    eirfplr: tuple[float, ...]


def idf_objects(text: str) -> list[list[str]]:
    """Objects of an IDF text: each a list of its fields, comments dropped."""
    bare = "\n".join(line.split("!", 1)[0] for line in text.splitlines())
    return [[field.strip() for field in item.split(",")] for item in bare.split(";") if item.strip()]


def chiller_set(name: str = DEFAULT_CHILLER, *, file: Path | None = None) -> ChillerSet:
    """The named electric chiller and its three curves.

    Raises
    ------
    EngineError
        No machine of that name, with some that exist.
    """
    file = file or payload() / "DataSets" / "Chillers.idf"
    objects = idf_objects(file.read_text(encoding="utf-8", errors="replace"))
    machines = {fields[1]: fields for fields in objects if fields[0].lower() == "chiller:electric:eir"}
    if name not in machines:
        near = difflib.get_close_matches(name, machines, n=5, cutoff=0.0)
        raise EngineError(f"{file.name} has no chiller {name!r}. It has, among others: {'; '.join(near)}")
    curves = {
        fields[1]: [float(field) for field in fields[2:] if field and field not in _UNITS]
        for fields in objects
        if fields[0].startswith("Curve:")
    }
    _, _, *rest = machines[name]
    capft, eirft, eirfplr = (tuple(curves[curve]) for curve in rest[6:9])
    watts, cop, chilled, condenser, flow, condenser_flow = (float(field) for field in rest[:6])
    return ChillerSet(
        name=name,
        reference_kw=watts / 1000.0,
        reference_cop=cop,
        reference_chilled_degc=chilled,
        reference_condenser_degc=condenser,
        chilled_m3_s=flow,
        condenser_m3_s=condenser_flow,
        plr_min=float(rest[9]),
        plr_max=float(rest[10]),
        capft=capft,
        eirft=eirft,
        eirfplr=eirfplr,
    )
