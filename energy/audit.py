"""A plan's figures beside those of its replay: what the audit prints, publishes and is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.config import Study
from energy.simulate import simulate
from models.grid import contracted_green_kw, market_kg_per_h
from weather.conventions.timeaxis import CIVIL_OFFSET_H

# energies [kWh] of a plan, and the flow each is the sum of
_ENERGIES = {
    "it_kwh": "it_kw",
    "facility_kwh": "facility_kw",
    "available_kwh": "available_kw",
    "import_kwh": "import_kw",
    "exported_kwh": "exported_kw",
    "curtailed_kwh": "curtailed_kw",
    "green_kwh": "green_kw",
}

SOLVER_SHARE = 1e-6  # of the facility's power: what a solver leaves of a connection's limit


@dataclass(frozen=True, slots=True)
class Audited:
    """A row of the audit: the figure's key and name, unit, digits after the point, both values (None: unsaid)."""

    key: str
    name: str
    unit: str
    digits: int
    planned: float | None
    audited: float | None


def replay_figures(flows: xr.Dataset, study: Study, step_h: float) -> dict[str, float]:
    """Energies, ratios of energies and CO2 of a plan or of its replay over the window, all nodes.

    Parameters
    ----------
    flows
        Content of plan.nc, or what `energy.simulate.simulate` returns.
    study
        Gives each node's green contract and residual mix.
    step_h
        Length of a step [h].

    Returns
    -------
    dict
        Names as in `energy.kpis`; ``shortfall_kwh`` and ``water_l`` are 0 where the flows have none.
    """
    available = flows["pv_kw"] + flows["wind_kw"]
    green = flows["renewable_direct_kw"] + flows["discharge_green_kw"]
    made = flows.assign(available_kw=available, green_kw=green)
    energy = {name: float(made[flow].sum()) * step_h for name, flow in _ENERGIES.items()}
    it, facility = energy["it_kwh"], energy["facility_kwh"]
    co2 = float((flows["import_kw"] * flows["carbon_kg_per_kwh"]).sum()) * step_h
    bought = [(flows["import_kw"].sel(node=node.id), node.grid_connection()) for node in study.nodes]
    contracted = sum(float(contracted_green_kw(kw, grid).sum()) for kw, grid in bought) * step_h
    market = sum(float(market_kg_per_h(kw, grid).sum()) for kw, grid in bought) * step_h
    water = float(flows["water_l"].sum()) if "water_l" in flows else 0.0
    return {
        "pue": facility / it,
        "pue_reference_inlet": facility / (float(flows["it_reference_kw"].sum()) * step_h),
        "renewable_share": energy["green_kwh"] / facility,
        "hourly_matched_share": float(np.minimum(available, flows["facility_kw"]).sum()) * step_h / facility,
        **energy,
        "co2_kg": co2,
        "cue_location": co2 / it,
        "cue_market": market / it,
        "ref": min(1.0, (energy["green_kwh"] + contracted) / facility),
        "water_l": water,
        "wue": water / it,
        "shortfall_kwh": float(flows["shortfall_kw"].sum()) * step_h if "shortfall_kw" in flows else 0.0,
    }


def audit(plan: xr.Dataset, *, study: Study, weather: xr.Dataset, step_h: float, another: str = "") -> dict:
    """A plan's figures and those of its replay by the nonlinear plant, and how far they are apart.

    Parameters
    ----------
    plan
        Content of plan.nc.
    study, weather, step_h
        As in `energy.simulate.simulate`.
    another
        As in `compared`.

    Returns
    -------
    dict
        As `compared`.

    Raises
    ------
    DataError
        As `energy.simulate.simulate`.
    """
    replayed = simulate(plan, study=study, weather=weather, step_h=step_h)
    return compared(plan, replayed, study=study, step_h=step_h, another=another)


def compared(plan: xr.Dataset, replayed: xr.Dataset, *, study: Study, step_h: float, another: str = "") -> dict:
    """`audit` of a plan whose replay is there already.

    Parameters
    ----------
    plan
        Content of plan.nc. ``table_error_of_it`` (node, time) is how far the planner's table is off the plant at the
        step's setpoint and the worst load, in shares of IT power; a plan without it is taken for one whose overhead is
        the plant's.
    replayed
        What `energy.simulate.simulate` makes of it.
    study, step_h
        As there.
    another
        What is not what the plan was made with, such as "weather": the cause of what is short then. Empty: nothing.

    Returns
    -------
    dict
        ``planned``, ``audited``: `replay_figures`; ``facility_off``: audited facility energy less the planned, over
        the planned; ``worst``: the step and node where facility power is furthest off, with ``planned_kw``,
        ``audited_kw``; ``nodes``: node -> audited ``pue`` and ``renewable_share``; ``short``: what its connection
        cannot feed, node -> ``kwh``, ``hours``, ``most_share`` (of the facility's power, in the worst step),
        ``table_error_of_it`` (most of these steps), ``within_rounding`` (whether no step lacks more than its table's
        error, and with a battery those of the steps before) and ``said``, the sentence; nodes without any left out.
    """
    planned, audited = (replay_figures(flows, study, step_h) for flows in (plan, replayed))
    for name in ("water_l", "wue"):  # a plan has water only from its plant
        if "water_l" not in plan:
            planned[name] = audited[name]
    return {
        "planned": planned,
        "audited": audited,
        "facility_off": audited["facility_kwh"] / planned["facility_kwh"] - 1.0,
        "worst": _worst(plan, replayed),
        "nodes": _by_node(replayed),
        "short": _short(plan, replayed, step_h, another),
    }


def _worst(plan: xr.Dataset, replayed: xr.Dataset) -> dict:
    planned = plan["facility_kw"].sel(node=replayed["node"].values).transpose("node", "time").values
    found = replayed["facility_kw"].values
    n, slot = np.unravel_index(int(np.abs(found - planned).argmax()), found.shape)
    civil = plan["time"].values[slot] + np.timedelta64(CIVIL_OFFSET_H, "h")
    return {
        "node": str(replayed["node"].values[n]),
        "time": f"{civil.astype('datetime64[s]')}+08:00",
        "planned_kw": float(planned[n, slot]),
        "audited_kw": float(found[n, slot]),
    }


def _by_node(replayed: xr.Dataset) -> dict[str, dict[str, float]]:
    whole = replayed["facility_kw"].sum("time").values
    pue = whole / replayed["it_kw"].sum("time").values
    share = (replayed["renewable_direct_kw"] + replayed["discharge_green_kw"]).sum("time").values / whole
    return {
        str(node): {"pue": float(pue[n]), "renewable_share": float(share[n])}
        for n, node in enumerate(replayed["node"].values)
    }


def _short(plan: xr.Dataset, replayed: xr.Dataset, step_h: float, another: str) -> dict[str, dict]:
    lacking, whole, it = (replayed[name].values for name in ("shortfall_kw", "facility_kw", "it_kw"))
    table = None
    if "table_error_of_it" in plan:
        table = plan["table_error_of_it"].sel(node=replayed["node"].values).transpose("node", "time").values
    found: dict[str, dict] = {}
    for n, node in enumerate(map(str, replayed["node"].values)):
        steps = lacking[n] > 1e-6
        if not steps.any():
            continue
        off = table[n] if table is not None else np.zeros_like(it[n])
        let_pass = off * it[n] + SOLVER_SHARE * whole[n]
        if _stores(plan, node):  # what the table was off by before is missing in the battery now
            let_pass += np.cumsum(off * it[n]) - off * it[n]
        short = {
            "kwh": float(lacking[n].sum()) * step_h,
            "hours": float(steps.sum()) * step_h,
            "most_share": float((lacking[n][steps] / whole[n][steps]).max()),
            "table_error_of_it": float(off[steps].max()),
            "within_rounding": bool(np.all(lacking[n] <= let_pass)),
        }
        found[node] = {**short, "said": _said(node, short, another)}
    return found


def _stores(plan: xr.Dataset, node: str) -> bool:
    """Whether the plan ever holds energy in the node's battery."""
    stocks = [plan[name].sel(node=node).values for name in ("stock_green_kwh", "stock_grey_kwh") if name in plan]
    return any(bool(np.any(stock > 0.0)) for stock in stocks)


def _said(node: str, short: Mapping, another: str) -> str:
    kwh, hours, most = (short[name] for name in ("kwh", "hours", "most_share"))
    # what would be told as 0.0 kWh is told by its digits
    amount = f"{f'{kwh:,.1f}' if kwh >= 0.05 else f'{kwh:.1g}'} kWh over {hours:g} h"
    if short["within_rounding"]:
        table = f"the planner's table of its overhead is off by up to {short['table_error_of_it']:.2%} of IT power"
        cause = f"it was planned with another {another}" if another else table
        return (
            f"At {node} the replay is short by {amount}, {'' if another else 'within rounding: '}at most {most:.2%} of "
            f"the facility's power in a step; {cause}."
        )
    how = f"with this {another}" if another else "as it stands"
    cause = f"; it was planned with another {another}" if another else ""
    return (
        f"At {node} the plan CANNOT BE RUN {how}: its replay is short by {amount}, up to {most:.2%} of the facility's "
        f"power in a step, which connection, renewables and battery do not bring{cause}."
    )


def audit_rows(made: Mapping) -> list[Audited]:
    """The audit's rows, those of the terminal and of the report."""
    planned, audited = (made.get(side) or {} for side in ("planned", "audited"))
    digits = 0 if (planned.get("facility_kwh") or 0.0) >= 1e4 else 2
    rows = (
        ("pue", "PUE", "", 4),
        ("pue_reference_inlet", "PUE, reference inlet", "", 4),
        ("renewable_share", "renewable share", "", 4),
        ("hourly_matched_share", "hourly matched share", "", 4),
        ("facility_kwh", "facility energy", "kWh", digits),
        ("available_kwh", "renewables offered", "kWh", digits),
        ("green_kwh", "renewables used", "kWh", digits),
        ("import_kwh", "import", "kWh", digits),
        ("exported_kwh", "exported", "kWh", digits),
        ("curtailed_kwh", "curtailed", "kWh", digits),
        ("shortfall_kwh", "short", "kWh", max(1, digits)),
        ("cue_location", "CUE, location", "kg/kWh", 4),
        ("cue_market", "CUE, market", "kg/kWh", 4),
        ("ref", "REF", "", 4),
        ("co2_kg", "CO2", "kg", digits),
        ("water_l", "water", "L", digits),
        ("wue", "WUE", "L/kWh", 4),
    )
    return [Audited(*row, planned.get(row[0]), audited.get(row[0])) for row in rows]


def audit_lines(made: Mapping, *, planned: str = "planned", audited: str = "audited") -> list[str]:
    """The audit as lines of text: figure, planned, audited, difference; where it is furthest off, and what is short."""
    lines = [f"{'':22}{planned:>12}{audited:>12}{'difference':>12}"]
    for row in audit_rows(made):
        digits = f",.{row.digits}f"
        change = f"{row.audited - row.planned:+{digits}}"
        if not change.strip("+-0.,"):
            change = change[1:]  # nothing has no sign
        lines.append(f"{row.name:22}{row.planned:>12{digits}}{row.audited:>12{digits}}{change:>12} {row.unit}".rstrip())
    worst = made["worst"]
    lines.append(
        f"furthest off: {worst['node']} at {worst['time'][:16].replace('T', ' ')}, facility "
        f"{worst['planned_kw']:,.1f} kW {planned}, {worst['audited_kw']:,.1f} kW {audited}"
    )
    return lines + [short["said"] for short in made["short"].values()]


def shortfall_warnings(made: Mapping) -> list[str]:
    """Nodes whose connection cannot feed what was planned, beyond rounding, a sentence each."""
    return [short["said"] for short in made["short"].values() if not short["within_rounding"]]


def shortfall_notes(made: Mapping) -> list[str]:
    """Nodes short within rounding, a sentence each."""
    return [short["said"] for short in made["short"].values() if short["within_rounding"]]
