"""The figures of a plan, named after the standards they follow. Ratios are of energies over the window,
never means of ratios.

=====================  =====================================================================================
pue                    facility energy / IT energy: the planner's target. Facility is what IT, cooling and the
                       electrical plant draw; battery and converter losses lie outside it
pue_with_storage       (facility energy + battery losses) / IT energy: ISO/IEC 30134-2 counts all energy at the
                       data centre's boundary, storage losses too (it asks a year; this is the window's ratio)
battery_loss_kwh       charged - discharged - rise of both stocks
pue_reference_inlet    facility energy / IT energy at the reference inlet: server fans of a warm inlet sit
                       inside IT and would flatter `pue`
renewable_share        (renewables used directly + discharged from the green stock) / facility energy
hourly_matched_share   sum over nodes and steps of min(available renewables, facility) / facility energy
cue_location           grid import times the province's factor / IT energy [kg/kWh] (30134-8, location)
cue_market             import without its contracted green part, times the residual mix / IT energy (30134-8, market)
ref                    (green_kwh + contracted green import) / facility energy, at most 1 (ISO/IEC 30134-3, whose
                       certificates must be owned and retired; it asks a year, this is the window's ratio)
wue                    cooling water / IT energy [L/kWh] (ISO/IEC 30134-9; added by `day` from the nonlinear plant)
gpu_utilisation        GPU-hours of jobs and inference / GPU-hours installed
=====================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from energy.plan import Plan

RESOLUTION = 5e-4  # the third decimal of PUE and share: what the planner's table can be off the plant


def plan_kpis(plan: Plan, inputs: xr.Dataset) -> dict[str, float | int]:
    """Every figure of one plan over its window (units in the names; shares 0 to 1)."""
    data, step_h = plan.data, float(inputs.attrs["step_h"])
    energy = {name: float(data[name].sum()) * step_h for name in data.data_vars if str(name).endswith("_kw")}
    it, facility = energy["it_kw"], energy["facility_kw"]
    green = energy["renewable_direct_kw"] + energy["discharge_green_kw"]
    available = energy["pv_kw"] + energy["wind_kw"]
    matched = float(np.minimum(data["pv_kw"] + data["wind_kw"], data["facility_kw"]).sum()) * step_h
    co2 = float((data["import_kw"] * data["carbon_kg_per_kwh"]).sum()) * step_h
    contracted = data["import_kw"] * inputs["green_contract_share"]
    market = float(((data["import_kw"] - contracted) * inputs["residual_kg_per_kwh"]).sum()) * step_h
    cost = cost_terms(plan, inputs)
    lost = battery_loss_kwh(plan, inputs)
    segments = plan.segments
    late = int((segments["slack_h"] < -1e-9).sum())
    done_h = (segments["end"] - segments["start"]).dt.total_seconds() / 3600 if len(segments) else 0.0
    served = float((done_h * segments["gpus"]).sum()) if len(segments) else 0.0
    left = float((segments["remaining_h"] * segments["gpus"]).sum())
    slots = inputs.sizes["time"]
    could = np.minimum(inputs["job_slots"].values, slots - np.maximum(inputs["job_release"].values, 0))
    missing = np.isin(inputs["job"].values.astype(str), plan.unserved)
    busy = float((data["used_gpus"] + data["reserved_gpus"]).sum()) * step_h
    return {
        "pue": facility / it,
        "pue_with_storage": (facility + lost) / it,
        "pue_reference_inlet": facility / energy["it_reference_kw"],
        "renewable_share": green / facility,
        "hourly_matched_share": matched / facility,
        "curtailed_share": energy["curtailed_kw"] / available if available else 0.0,
        "gpu_utilisation": busy / (float(data["pool_gpus"].sum()) * slots * step_h),
        "it_kwh": it,
        "facility_kwh": facility,
        "battery_loss_kwh": lost,
        "green_kwh": green,
        "available_kwh": available,
        "import_kwh": energy["import_kw"],
        "exported_kwh": energy["exported_kw"],
        "curtailed_kwh": energy["curtailed_kw"],
        "co2_kg": co2,
        "cue_location": co2 / it,
        "cue_market": market / it,
        "ref": min(1.0, (green + float(contracted.sum()) * step_h) / facility),
        "peak_import_kw": float(data["import_kw"].max("time").sum()),
        "cost_cny": sum(cost.values()),
        "cost_energy_cny": cost["energy"],
        "cost_demand_cny": cost["demand"],
        "cost_green_cny": cost["green"],
        "revenue_export_cny": -cost["export"],
        "cost_carbon_cny": cost["carbon"],
        "cost_wear_cny": cost["wear"],
        "jobs_total": int(inputs.sizes["job"]),
        "jobs_placed": len(segments),
        "jobs_unserved": len(plan.unserved),
        "jobs_late": late,
        "gpu_h_served": served,
        "gpu_h_unserved": float((np.maximum(could, 0) * inputs["job_gpus"].values)[missing].sum()) * step_h,
        "gpu_h_carried_out": left,
    }


def battery_loss_kwh(plan: Plan, inputs: xr.Dataset) -> float:
    """What batteries and their converters lose over the window [kWh], all nodes.

    Notes
    -----
    ``loss = h * sum(charge_green + charge_grey) - h * sum(discharge_green + discharge_grey)
    - sum(stock_green[end] + stock_grey[end] - initial_green - initial_grey)``, sums over nodes (and steps of ``h``
    hours). Powers are at the meter, stocks in the cells, so this holds conversion both ways and standing loss, and
    is 0 or more. By each node's balance facility + loss is what crosses the boundary, import + renewables used and
    stored, less the rise of the stocks.
    """
    data, step_h = plan.data, float(inputs.attrs["step_h"])
    charged, discharged, rise = 0.0, 0.0, 0.0
    for colour in ("green", "grey"):
        charged += float(data[f"charge_{colour}_kw"].sum()) * step_h
        discharged += float(data[f"discharge_{colour}_kw"].sum()) * step_h
        end = data[f"stock_{colour}_kwh"].isel(time=-1)
        rise += float(end.sum()) - float(inputs[f"initial_{colour}_kwh"].sum())
    return charged - discharged - rise


def cost_terms(plan: Plan, inputs: xr.Dataset) -> dict[str, float]:
    """Cost of the window by term [CNY]; export is negative. The terms sum to the planner's objective."""
    data, step_h = plan.data, float(inputs.attrs["step_h"])
    taken = data["renewable_direct_kw"] + data["charge_green_kw"] + data["exported_kw"]
    new_peak = month_peaks_kw(plan, inputs) - inputs["month_peak_kw"].values
    discharged = data["discharge_green_kw"] + data["discharge_grey_kw"]
    return {
        "energy": float((data["import_kw"] * data["price_cny_per_kwh"]).sum()) * step_h,
        "demand": float(inputs["demand_price_cny_per_kw_month"].values @ new_peak.sum(axis=1)),
        "green": float((taken * data["green_price_cny_per_kwh"]).sum()) * step_h,
        "export": -float((data["exported_kw"] * inputs["export_price_cny_per_kwh"]).sum()) * step_h,
        "carbon": float((data["import_kw"] * inputs["carbon_cny_per_kwh"]).sum()) * step_h,
        "wear": float((discharged * inputs["wear_cny_per_kwh"]).sum()) * step_h,
    }


def month_peaks_kw(plan: Plan, inputs: xr.Dataset) -> np.ndarray:
    """What each civil month is billed for after the window, (node, month) [kW]: as before, or the import drawn now."""
    drawn, month = plan.data["import_kw"].transpose("node", "time").values, inputs["month_of_step"].values
    now = np.stack([drawn[:, month == m].max(axis=1) for m in range(inputs.sizes["month"])], axis=1)
    return np.maximum(now, inputs["month_peak_kw"].values)


def target_results(kpis: dict, inputs: xr.Dataset) -> dict[str, dict]:
    """Each target: asked, reached, met or not, and missed by how much (ratio, and kWh over the window).

    A target is met where the plan says so and its replay by the nonlinear plants, hour by hour (``pue_plant``,
    ``renewable_share_plant``), agrees to three decimals. In steps longer than an hour a plan nets the surplus of one
    hour with the lack of another, which its replay does not.
    """
    pue, share = float(inputs.attrs["pue_target"]), float(inputs.attrs["share_target"])
    over = kpis["facility_kwh"] - pue * kpis["it_kwh"]
    if kpis["pue_plant"] > pue + RESOLUTION:
        over = max(over, (kpis["pue_plant"] - pue) * kpis["it_kwh"])
    under = max(0.0, share * kpis["facility_kwh"] - kpis["green_kwh"])
    if kpis["renewable_share_plant"] < share - RESOLUTION:
        under = max(under, (share - kpis["renewable_share_plant"]) * kpis["facility_kwh"])
    tiny = 1e-6 * kpis["facility_kwh"]
    return {
        "pue": {
            "target": pue,
            "value": kpis["pue"],
            "value_plant": kpis["pue_plant"],
            "met": over <= tiny,
            "missed_by": over / kpis["it_kwh"] if over > tiny else 0.0,
            "missed_kwh": over if over > tiny else 0.0,
        },
        "renewable_share": {
            "target": share,
            "value": kpis["renewable_share"],
            "value_plant": kpis["renewable_share_plant"],
            "met": under <= tiny,
            "missed_by": under / kpis["facility_kwh"] if under > tiny else 0.0,
            "missed_kwh": under if under > tiny else 0.0,
        },
    }


def replay_misses(name: str, target: Mapping) -> bool:
    """Whether the plan itself meets a target of `target_results`, so that it is its replay that misses it."""
    beyond = (target["value"] - target["target"]) * (1.0 if name == "pue" else -1.0)
    return target.get("met") is False and beyond <= 0.0
