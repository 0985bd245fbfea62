"""A plan's figures beside those of its replay: what the audit prints, publishes and is held to."""

from __future__ import annotations

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


def audit(plan: xr.Dataset, *, study: Study, weather: xr.Dataset, step_h: float) -> dict:
    """A plan's figures and those of its replay by the nonlinear plant, and how far they are apart.

    Parameters
    ----------
    plan
        Content of plan.nc.
    study, weather, step_h
        As in `energy.simulate.simulate`.

    Returns
    -------
    dict
        ``planned``, ``audited``: `replay_figures`; ``facility_off``: audited facility energy less the planned, over
        the planned; ``worst``: the step and node where facility power is furthest off, with ``planned_kw``,
        ``audited_kw``; ``nodes``: node -> audited ``pue`` and ``renewable_share``; ``short``: node -> energy [kWh]
        and hours in which its connection cannot feed it, nodes without any left out.

    Raises
    ------
    DataError
        As `energy.simulate.simulate`.
    """
    replayed = simulate(plan, study=study, weather=weather, step_h=step_h)
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
        "short": _short(replayed, step_h),
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


def _short(replayed: xr.Dataset, step_h: float) -> dict[str, dict[str, float]]:
    short = replayed["shortfall_kw"].values
    return {
        str(node): {"kwh": float(short[n].sum()) * step_h, "hours": float((short[n] > 1e-6).sum()) * step_h}
        for n, node in enumerate(replayed["node"].values)
        if short[n].max() > 1e-6
    }


def audit_lines(made: dict, *, planned: str = "planned", audited: str = "audited") -> list[str]:
    """The audit as lines of text: figure, planned, audited, difference; then where it is furthest off."""
    form = ",.0f" if made["planned"]["facility_kwh"] >= 1e4 else ",.2f"
    rows = (
        ("PUE", "pue", ".4f", ""),
        ("PUE, reference inlet", "pue_reference_inlet", ".4f", ""),
        ("renewable share", "renewable_share", ".4f", ""),
        ("facility energy", "facility_kwh", form, "kWh"),
        ("renewables offered", "available_kwh", form, "kWh"),
        ("import", "import_kwh", form, "kWh"),
        ("exported", "exported_kwh", form, "kWh"),
        ("curtailed", "curtailed_kwh", form, "kWh"),
        ("CUE, location", "cue_location", ".4f", "kg/kWh"),
        ("CUE, market", "cue_market", ".4f", "kg/kWh"),
        ("REF", "ref", ".4f", ""),
        ("CO2", "co2_kg", form, "kg"),
        ("water", "water_l", form, "L"),
    )
    lines = [f"{'':22}{planned:>12}{audited:>12}{'difference':>12}"]
    for label, name, digits, unit in rows:
        one, two = made["planned"][name], made["audited"][name]
        change = f"{two - one:+{digits}}"
        if not change.strip("+-0.,"):
            change = change[1:]  # nothing has no sign
        lines.append(f"{label:22}{one:>12{digits}}{two:>12{digits}}{change:>12} {unit}".rstrip())
    worst = made["worst"]
    lines.append(
        f"furthest off: {worst['node']} at {worst['time'][:16].replace('T', ' ')}, facility "
        f"{worst['planned_kw']:,.1f} kW {planned}, {worst['audited_kw']:,.1f} kW {audited}"
    )
    return lines


def shortfall_warnings(made: dict) -> list[str]:
    """Nodes whose connection cannot feed what was planned, a sentence each."""
    return [
        f"At {node} the connection, the renewables and the battery lack {short['kwh']:,.1f} kWh over "
        f"{short['hours']:g} hours of the replay: the plan cannot be run there as it stands."
        for node, short in made["short"].items()
    ]
