"""Prices, cost terms, figures and targets, worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone

import numpy as np
import pandas as pd

from energy.config_grid import import_price
from energy.verify.case import Case, by_id, hours_share, initial_stocks, peaks_added_kw, reserved_gpus, steps_of
from energy.verify.flows import carbon_kg_per_kwh
from energy.verify.result import Check, numbers, sentences
from energy.workload.jobs import Job
from weather import derive


def prices(case: Case) -> Check:
    """Prices and the carbon factor are the study's."""
    tariff, green = tariff_prices(case), green_prices(case)
    off = np.array(
        [
            np.abs(case.of("price_cny_per_kwh") - tariff),
            np.abs(case.of("green_price_cny_per_kwh") - green),
            np.abs(case.of("carbon_kg_per_kwh") - carbon_kg_per_kwh(case)),
        ]
    )
    kinds = ("import price", "green price", "carbon factor")
    return numbers(
        "prices and carbon factors",
        off,
        limit=case.tolerance,
        unit="CNY/kWh, kg/kWh",
        law="Import price by the node's tariff in civil time or its price file, with its green contract's premium; "
        "green price by the mix of PV and wind; carbon factor by node or its file.",
        at=lambda i: f"{kinds[i[0]]} {case.at(i[1:])}",
    )


def tariff_prices(case: Case) -> np.ndarray:
    """Import price of every node and step [CNY/kWh]."""
    return np.array([import_price(case.study, node, case.time, case.step_h) for node in case.study.nodes])


def green_prices(case: Case) -> np.ndarray:
    """Price of a kWh of the mix of PV and wind [CNY/kWh]; 0 where there is none."""
    pv, wind = case.of("pv_kw"), case.of("wind_kw")
    owed = [
        p * (node.pv.price_cny_per_kwh if node.pv else 0.0) + w * (node.wind.price_cny_per_kwh if node.wind else 0.0)
        for node, p, w in zip(case.study.nodes, pv, wind, strict=True)
    ]
    total = pv + wind
    return np.divide(np.array(owed), total, out=np.zeros_like(total), where=total > 0)


def outdoor(case: Case) -> Check:
    """Temperatures shown are the weather's."""
    order = [node.id for node in case.study.nodes]
    weather = case.weather.sel(node=order).transpose("node", "time")
    share = hours_share(case.time, case.step_h, weather["time"].values).T
    wet = derive.wet_bulb(*(weather[v].values for v in ("temp_air", "relative_humidity", "pressure")))
    off = np.array(
        [
            np.abs(case.of("temp_air_degc") - weather["temp_air"].values @ share),
            np.abs(case.of("wet_bulb_degc") - wet @ share),
        ]
    )
    return numbers(
        "outdoor temperatures",
        off,
        limit=case.tolerance,
        unit="K",
        law="temp_air and wet_bulb are the weather's, averaged over the step.",
        at=lambda i: f"{('temp_air', 'wet_bulb')[i[0]]} {case.at(i[1:])}",
    )


def cost_terms(case: Case) -> dict[str, float]:
    """Cost of the window by term [CNY], from flows and the study's prices."""
    wear = np.array([[node.battery.wear_cny_per_kwh if node.battery else 0.0] for node in case.study.nodes])
    bought, sold = case.of("import_kw"), case.of("exported_kw")
    taken = case.of("renewable_direct_kw") + case.of("charge_green_kw") + sold
    drawn = case.of("discharge_green_kw") + case.of("discharge_grey_kw")
    carbon_price = case.study.planning.carbon_price_cny_per_kg * carbon_kg_per_kwh(case)
    terms = {
        "cost_energy_cny": np.sum(bought * tariff_prices(case)) * case.step_h,
        "cost_demand_cny": np.sum(peaks_added_kw(case) * case.grid("demand_price_cny_per_kw_month")[:, 0]),
        "cost_green_cny": np.sum(taken * green_prices(case)) * case.step_h,
        "revenue_export_cny": np.sum(sold * case.grid("export_price_cny_per_kwh")) * case.step_h,
        "cost_carbon_cny": np.sum(bought * carbon_price) * case.step_h,
        "cost_wear_cny": np.sum(drawn * wear) * case.step_h,
    }
    terms = {name: float(value) for name, value in terms.items()}
    terms["cost_cny"] = sum(terms.values()) - 2 * terms["revenue_export_cny"]
    return terms


def battery_losses(case: Case) -> np.ndarray:
    """What each node's battery took in at the meter and neither gave back nor holds, (node,) [kWh]."""
    before = initial_stocks(case)
    lost = np.zeros(len(case.study.nodes))
    for colour in ("green", "grey"):
        net_kw = case.of(f"charge_{colour}_kw") - case.of(f"discharge_{colour}_kw")
        lost += net_kw.sum(axis=1) * case.step_h + before[colour] - case.of(f"stock_{colour}_kwh")[:, -1]
    return lost


def energies(case: Case) -> dict[str, float]:
    """Energies of the window [kWh] and the ratios of them."""
    h = case.step_h
    it, facility = float(case.of("it_kw").sum()) * h, float(case.of("facility_kw").sum()) * h
    direct, stored = case.of("renewable_direct_kw"), case.of("discharge_green_kw")
    green = float((direct + stored).sum()) * h
    available = case.of("pv_kw") + case.of("wind_kw")
    matched = float(np.minimum(available, case.of("facility_kw")).sum()) * h
    curtailed, offered = float(case.of("curtailed_kw").sum()) * h, float(available.sum()) * h
    co2 = float((case.of("import_kw") * carbon_kg_per_kwh(case)).sum()) * h
    contracted = case.of("import_kw") * case.grid("green_contract_share")
    market = float(((case.of("import_kw") - contracted) * case.grid("residual_kg_per_kwh")).sum()) * h
    lost = float(battery_losses(case).sum())
    return {
        "pue": facility / it,
        "pue_with_storage": (facility + lost) / it,
        "pue_reference_inlet": facility / (float(case.of("it_reference_kw").sum()) * h),
        "renewable_share": green / facility,
        "hourly_matched_share": matched / facility,
        "curtailed_share": curtailed / offered if offered > 0 else 0.0,
        "it_kwh": it,
        "facility_kwh": facility,
        "battery_loss_kwh": lost,
        "green_kwh": green,
        "available_kwh": offered,
        "import_kwh": float(case.of("import_kw").sum()) * h,
        "exported_kwh": float(case.of("exported_kw").sum()) * h,
        "curtailed_kwh": curtailed,
        "co2_kg": co2,
        "cue_location": co2 / it,
        "cue_market": market / it,
        "ref": min(1.0, (green + float(contracted.sum()) * h) / facility),
        "peak_import_kw": float(case.of("import_kw").max(axis=1).sum()),
    }


def job_figures(case: Case, segments: pd.DataFrame) -> dict[str, float]:
    """Counts and GPU-hours of jobs, from the job table and the queue."""
    hour, jobs = pd.Timedelta(hours=1), by_id(case.jobs)
    rows = [(jobs[str(row.job_id)], row) for row in segments.itertuples() if str(row.job_id) in jobs]
    late = sum(1 for _, row in rows if row.slack_h < -1e-9)
    return {
        "jobs_total": len(jobs),
        "jobs_placed": len(rows),
        "jobs_unserved": len(jobs) - len(rows),
        "jobs_late": late,
        "gpu_h_served": float(sum(job.gpus * ((row.end - row.start) / hour) for job, row in rows)),
        "gpu_h_carried_out": float(sum(job.gpus * row.remaining_h for job, row in rows)),
    }


def _compared(case: Case, name: str, own: Mapping[str, float], given: Mapping, law: str) -> Check:
    """Figures against the published ones, relative to the larger of 1 and the figure."""
    names = list(own)
    off = []
    for key in names:
        value = given.get(key)
        missing = not isinstance(value, int | float)
        off.append(np.inf if missing else abs(value - own[key]) / max(1.0, abs(own[key])))
    return numbers(
        name,
        np.array(off),
        limit=case.tolerance,
        unit="relative",
        law=law,
        at=lambda i: f"{names[i[0]]}: published {given.get(names[i[0]])}, recomputed {own[names[i[0]]]:.9g}",
    )


def published_costs(case: Case, kpis: Mapping) -> Check:
    """Every cost term is what flows and prices make, and they sum to the cost."""
    law = (
        "Each cost term follows from flows and the study's prices; the cost is energy + demand + green - export "
        "+ carbon + wear."
    )
    return _compared(case, "cost terms", cost_terms(case), kpis, law)


def published_energies(case: Case, kpis: Mapping) -> Check:
    """Energies, ratios and CO2 are what the flows make."""
    law = "PUE, shares, energies and CO2 are sums and ratios of sums of the plan's own powers."
    return _compared(case, "energy figures", energies(case), kpis, law)


def published_jobs(case: Case, segments: pd.DataFrame, kpis: Mapping) -> Check:
    """Counts and GPU-hours of jobs are those of the job table and the queue."""
    law = "Jobs placed, unserved and late, GPU-hours and GPU utilisation are those of the job table and the queue."
    own = job_figures(case, segments)
    placed = {str(job_id) for job_id in segments["job_id"]}
    left_out = (job.gpus * workable_h(case, job) for job in case.jobs if job.job_id not in placed)
    installed = sum(pool.cluster_gpus * pool.count for node in case.study.nodes for pool in node.pools())
    inference = sum(float(kept.sum()) for kept in reserved_gpus(case).values()) * case.step_h
    own["gpu_h_unserved"] = float(sum(left_out))
    own["gpu_utilisation"] = (own["gpu_h_served"] + inference) / (installed * len(case.time) * case.step_h)
    return _compared(case, "job figures", own, kpis, law)


def workable_h(case: Case, job: Job) -> float:
    """Hours of a job that fit in the window if it starts with the first step after its release [h]."""
    hour, slots = pd.Timedelta(hours=1), len(case.time)
    waits_h = 0.0
    if job.state != "running" and job.release is not None:
        waits_h = max(0.0, (pd.Timestamp(job.release) - pd.Timestamp(case.opens)) / hour)
    first = int(np.ceil(waits_h / case.step_h - 1e-9))
    return min(steps_of(job, case), max(0, slots - first)) * case.step_h


def tariffs_told(case: Case, told: Mapping) -> Check:
    """Every node's prices are told by name and dates, and whether those dates leave out a day of the window."""
    civil = timezone(timedelta(hours=8))
    first, last = case.opens.astimezone(civil).date(), (case.closes - timedelta(seconds=1)).astimezone(civil).date()
    faults = [f"{name} is no node" for name in told if name not in {node.id for node in case.study.nodes}]
    for node in case.study.nodes:
        right: dict[str, object] = {"prices": node.grid.priced_by, "stale": False}
        if node.grid.tariff is not None:
            tariff = case.study.tariff(node.grid.tariff)
            dates = tariff.valid_from, tariff.valid_to
            within = (dates[0] is None or dates[0] <= first) and (dates[1] is None or last <= dates[1])
            right["stale"] = not within if any(dates) else None
        given = told.get(node.id) or {}
        faults += [
            f"{node.id}: {key} is {given.get(key)!r}, {value!r} found"
            for key, value in right.items()
            if given.get(key, "nothing") != value
        ]
    return sentences(
        "tariffs told as they are",
        faults,
        unit="faults",
        law="Every node's tariff or price file is named; stale says whether its dates leave out a civil day of the "
        "window, and nothing where it has none.",
    )


def published_plant(case: Case, own: Mapping[str, float], kpis: Mapping) -> Check:
    """PUE, renewable share and water by the nonlinear plant."""
    law = "pue_plant, renewable_share_plant, water_l and wue are those of the nonlinear plant."
    return _compared(case, "plant figures", own, kpis, law)


def targets(case: Case, replayed: Mapping[str, float], published: Mapping) -> Check:
    """A target is published as met only where the plan and its replay by the nonlinear plants, to three decimals, meet
    it."""
    found, faults = energies(case), []
    asked = {"pue": case.study.targets.pue, "renewable_share": case.study.targets.renewable_share}
    short = {
        "pue": found["facility_kwh"] - asked["pue"] * found["it_kwh"],
        "renewable_share": asked["renewable_share"] * found["facility_kwh"] - found["green_kwh"],
    }
    by_plant = {name: replayed.get(f"{name}_plant", np.nan) for name in asked}
    lacking = {
        "pue": by_plant["pue"] - asked["pue"],
        "renewable_share": asked["renewable_share"] - by_plant["renewable_share"],
    }
    whole = {"pue": found["it_kwh"], "renewable_share": found["facility_kwh"]}
    for name, ratio in lacking.items():
        if not round(ratio - 0.5e-3, 12) <= 0:  # also where the plant refused the plan
            short[name] = max(short[name], ratio * whole[name])
    rounding = 1e-6 * found["facility_kwh"]
    for name, target in asked.items():
        given = published.get(name)
        if given is None:
            faults.append(f"{name} is not published")
            continue
        met = bool(short[name] <= rounding)
        if given.get("met") != met:
            faults.append(f"{name}: met is {given.get('met')}, {short[name]:.6g} kWh short")
        missed = 0.0 if met else short[name]
        told = {
            "target": (target, 1e-12),
            "value": (found[name], case.tolerance),
            "value_plant": (by_plant[name], case.tolerance),
            "missed_kwh": (missed, rounding),
            "missed_by": (missed / whole[name], rounding / whole[name]),
        }
        for key, (value, limit) in told.items():
            if not abs(given.get(key, np.nan) - value) <= limit:
                faults.append(f"{name}: {key} is {given.get(key)}, {value:.9g} found")
    return sentences(
        "targets told as they are",
        faults,
        unit="faults",
        law="A target is published with the study's value, the plan's value and its replay's, and whether and by "
        "how much it is missed.",
    )
