"""What a plan and weather must be to be replayed: `energy.simulate` has the replay."""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.config import Study
from models.overhead import it_rating_kw
from weather.conventions.errors import DataError

BATTERY = ("charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw")
NEEDED = (
    "it_kw", "it_reference_kw", "setpoint_degc", "facility_kw", "pv_kw", "wind_kw", "renewable_direct_kw",
    "exported_kw", "curtailed_kw", "stock_green_kwh", "stock_grey_kwh", "carbon_kg_per_kwh", *BATTERY,
)  # fmt: skip
TINY_KW = 1e-6  # what the solver leaves of nothing
NOISE = 1e-5  # of a battery's power or energy: what a solver leaves of its switch and of its stocks


def refuse_unfit(plan: xr.Dataset, study: Study, weather: xr.Dataset, step_h: float) -> None:
    """Refuse a plan or weather that `energy.simulate.simulate` cannot replay; its Raises has the list."""
    missing = [name for name in NEEDED if name not in plan]
    if missing:
        raise DataError(f"plan: it has no {', '.join(missing)}. Give the plan.nc of a run, unchanged.")
    nodes = [node.id for node in study.nodes]
    _refuse_dims("plan", plan, NEEDED)
    _refuse_dims("weather", weather, ("temp_air",))
    for what, found in (("plan", plan), ("weather", weather)):
        absent = [node for node in nodes if node not in found["node"].values]
        if absent:
            raise DataError(
                f"{what}: it has no node {', '.join(absent)}; the study's nodes are {', '.join(nodes)}. Give the study "
                "the plan was made from."
            )
    _refuse_values(plan.sel(node=nodes), study)
    time, hours = plan["time"].values, weather["time"].values
    hour, step = np.timedelta64(1, "h"), np.timedelta64(round(step_h * 3600), "s")
    gaps = np.flatnonzero(np.diff(time) != step)
    if len(gaps):
        raise DataError(
            f"plan: after the stamp {time[gaps[0]]} (UTC) comes {time[gaps[0] + 1]}, allowed one every {step_h:g} h, "
            "without gaps. Give the plan.nc of a run, unchanged, and its step."
        )
    if len(hours) > 1 and np.any(np.diff(hours) != hour):
        raise DataError("weather: it is not hourly throughout. Resample it to full hours.")
    if not len(hours) or hours[0] > time[0] or hours[-1] + hour < time[-1] + step:
        covers = f"from {hours[0]} to {hours[-1] + hour}" if len(hours) else "nothing"
        raise DataError(
            f"weather: it covers {covers} (UTC), the plan runs from {time[0]} to {time[-1] + step}. Give weather of "
            "the plan's window."
        )


def _refuse_dims(what: str, data: xr.Dataset, names: tuple[str, ...]) -> None:
    for name in names:
        if set(data[name].dims) != {"node", "time"}:
            raise DataError(
                f"{what}: {name} has the dims {', '.join(map(str, data[name].dims)) or 'none'}, allowed node, time. "
                "Select one member, or give every node its own."
            )


def _refuse_values(plan: xr.Dataset, study: Study) -> None:
    """Values missing, IT power above the rating, and battery flows below what a solver leaves of nothing."""
    for name in NEEDED:
        missing = int(plan[name].isnull().sum())
        if missing:
            raise DataError(f"plan: {name} is missing in {missing} places. Give the plan.nc of a run, unchanged.")
    for node in study.nodes:
        it, most = float(plan["it_kw"].sel(node=node.id).max()), it_rating_kw(node.node_plant())
        if it > most + TINY_KW * max(1.0, most):
            raise DataError(
                f"plan: at {node.id} IT power goes up to {it:,.1f} kW, the plant is rated for {most:,.1f} kW. Raise "
                "node.electrical.rated_kw and node.cooling.rated_heat_kw in the study, or plan anew."
            )
        least = -max(TINY_KW, NOISE * (node.battery.power_kw if node.battery else 0.0))
        for name in BATTERY:
            found = float(plan[name].sel(node=node.id).min())
            if found < least:
                raise DataError(
                    f"plan: {name} of {node.id} goes down to {found:g} kW, allowed 0 or more. Give the plan.nc of a "
                    "run, unchanged."
                )
