"""A plan made by hand for the tests of the verifier: two nodes, twelve hours.

It is worked out from round figures, with the models only for what the weather does (yield, overhead).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from energy.config import Study, load_study
from energy.simulate import simulate
from energy.state import NodeState, RunningJob, State
from energy.verify import Verification, verify_plan
from energy.workload.jobs import Job
from models.gpu import inlet_power_factor
from models.overhead import overhead_flows, overhead_kw
from models.solar import pv_power
from models.wind import wind_power
from weather import derive

SLOTS = 12
OPENS = datetime(2026, 7, 14, 16, tzinfo=UTC)  # 00:00 civil on the 15th
TIME = np.datetime64("2026-07-14T16:00", "ns") + np.arange(SLOTS) * np.timedelta64(1, "h")
STUDY = Path(__file__).with_name("test_verify_two.toml")
POWER = {"big": (0.8, 0.6), "small": (0.2, 0.15)}  # kW per GPU at power_frac 0.8: drawn, and above idle


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def make_weather() -> xr.Dataset:
    sun = np.array([0, 0, 0, 0, 0, 0, 50, 200, 400, 550, 700, 800.0])
    temp = np.array(
        [[14, 13, 13, 12, 12, 13, 15, 18, 21, 24, 26, 27.0], [18, 17, 17, 16, 16, 17, 19, 21, 23, 25, 26, 27]]
    )
    wind = np.array([[5, 5, 5, 5, 5, 6, 7, 8, 9, 9, 9, 9.0], [6, 6, 6, 5, 5, 5, 5, 6, 6, 6, 6, 6]])
    flat = np.ones((2, SLOTS))
    values = {
        "ghi": sun * flat,
        "dni": 0.7 * sun * flat,
        "dhi": 0.4 * sun * flat,
        "temp_air": temp,
        "temp_dew": temp - 6,
        "relative_humidity": 60 * flat,
        "pressure": 88_000 * flat,
        "wind_speed": wind,
    }
    weather = xr.Dataset(
        {k: (("node", "time"), v) for k, v in values.items()}, coords={"node": ["alpha", "beta"], "time": TIME}
    )
    weather["wind_speed"].attrs["height_m"] = 10
    where = {"latitude": [38.0, 40.0], "longitude": [105.0, 111.0], "altitude_m": [1200.0, 1000.0]}
    return weather.assign_coords({name: ("node", value) for name, value in where.items()})


def make_jobs() -> tuple[Job, ...]:
    return (
        Job(
            job_id="whole",
            gpu_type="big",
            gpus=8,
            duration_h=2.5,
            release=OPENS + hours(0.5),
            deadline=OPENS + hours(9),
        ),
        Job(
            job_id="running",
            gpu_type="small",
            gpus=6,
            duration_h=9,
            state="running",
            remaining_h=4,
            started=OPENS - hours(5),
            nodes=("beta",),
        ),
        Job(job_id="long", gpu_type="big", gpus=4, duration_h=30),
        Job(job_id="half", gpu_type="big", gpus=4, duration_h=2, nodes=("alpha",), deadline=OPENS + hours(20)),
        Job(job_id="left", gpu_type="big", gpus=8, duration_h=4, deadline=OPENS + hours(5)),
    )


def make_state(jobs: tuple[Job, ...]) -> State:
    alpha = NodeState(
        stock_green_kwh=20.0,
        stock_grey_kwh=60.0,
        setpoint_degc=20.0,
        setpoint_held_h=1.0,
        month_peak_kw=30.0,
        month="2026-07",
    )
    beta = NodeState(
        stock_green_kwh=0.0,
        stock_grey_kwh=0.0,
        setpoint_degc=18.0,
        setpoint_held_h=9.0,
        month_peak_kw=5.0,
        month="2026-06",
    )
    running = RunningJob(job=jobs[1], node="beta", cluster="beta/small")
    return State(at=OPENS, running=(running,), nodes={"alpha": alpha, "beta": beta})


@dataclass(frozen=True)
class Made:
    """What is decided, and the plan that follows."""

    study: Study
    weather: xr.Dataset
    jobs: tuple[Job, ...]
    state: State
    starts: dict
    setpoints: np.ndarray
    battery: dict
    exported: np.ndarray
    overhead_factor: float = 1.0
    it_off_kw: float = 0.0

    def segments(self) -> pd.DataFrame:
        rows = []
        for job in self.jobs:
            if job.job_id not in self.starts:
                continue
            cluster, slot = self.starts[job.job_id]
            run = int(np.ceil(job.remaining_h or job.duration_h))
            start, end, close = (pd.Timestamp(OPENS) + pd.Timedelta(hours=h) for h in (slot, slot + run, SLOTS))
            deadline = job.deadline and pd.Timestamp(job.deadline)
            rows.append(
                {
                    "job_id": job.job_id,
                    "segment": 1,
                    "node": cluster.split("/")[0],
                    "cluster": cluster,
                    "gpu_type": job.gpu_type,
                    "gpus": job.gpus,
                    "cap": 1.0,
                    "start": start,
                    "end": min(end, close),
                    "power_kw": job.gpus * POWER[job.gpu_type][0],
                    "deadline": deadline,
                    "slack_h": (deadline - end) / pd.Timedelta(hours=1) if deadline else np.nan,
                    "remaining_h": max(0.0, float(slot + run - SLOTS)),
                }
            )
        return pd.DataFrame(rows)

    def plan(self) -> xr.Dataset:
        inference = np.where(np.arange(SLOTS) >= 6, 8, 0)
        reference = (
            np.array([20 + 24 * 0.2 + inference * 0.3, np.full(SLOTS, 10 + 16 * 0.05 + 4 * 0.1)]) + self.it_off_kw
        )
        used = np.zeros((2, SLOTS))
        for row in self.segments().itertuples():
            node, first = ["alpha", "beta"].index(row.node), int((row.start - OPENS) / hours(1))
            last = int((row.end - OPENS) / hours(1))
            used[node, first:last] += row.gpus
            reference[node, first:last] += row.gpus * POWER[row.gpu_type][1]
        inlet = self.setpoints + np.array([[0.0], [6.0]])
        it = reference * inlet_power_factor(inlet)
        pv, wind, overhead = (np.zeros((2, SLOTS)) for _ in range(3))
        for n, node in enumerate(self.study.nodes):
            here = self.weather.isel(node=n)
            pv[n] = pv_power(here, node.pv_plant()).values if node.pv else 0.0
            wind[n] = wind_power(here, node.wind_plant()).values
            overhead[n] = self.overhead_factor * overhead_kw(here, node.node_plant(), it[n], self.setpoints[n]).values
        facility = it + overhead
        flow = {
            name: np.zeros((2, SLOTS)) for name in ("charge_green", "charge_grey", "discharge_green", "discharge_grey")
        }
        for (name, slot), power in self.battery.items():
            flow[name][0, slot] = power
        stock = {"green": [20.0], "grey": [60.0]}
        for colour, held in stock.items():
            for slot in range(SLOTS):
                moved = 0.9 * flow[f"charge_{colour}"][0, slot] - flow[f"discharge_{colour}"][0, slot] / 0.9
                held.append(held[-1] * 0.999 + moved)
        drawn = flow["discharge_green"] + flow["discharge_grey"]
        direct = np.minimum(pv + wind - flow["charge_green"] - self.exported, facility - drawn)
        bought = facility + flow["charge_grey"] - direct - drawn
        wet = derive.wet_bulb(*(self.weather[v].values for v in ("temp_air", "relative_humidity", "pressure")))
        price = np.where(np.arange(SLOTS) < 6, 0.3, 0.5) * np.ones((2, 1))
        arrays = {
            "it_kw": it,
            "it_reference_kw": reference,
            "overhead_kw": overhead,
            "facility_kw": facility,
            "pue": facility / it,
            "pv_kw": pv,
            "wind_kw": wind,
            "renewable_direct_kw": direct,
            "import_kw": bought,
            "exported_kw": self.exported,
            "curtailed_kw": pv + wind - direct - flow["charge_green"] - self.exported,
            "setpoint_degc": self.setpoints,
            "inlet_degc": inlet,
            "price_cny_per_kwh": price,
            "green_price_cny_per_kwh": np.divide(0.2 * pv + 0.25 * wind, pv + wind),
            "temp_air_degc": self.weather["temp_air"].values,
            "wet_bulb_degc": wet,
            "mode": (self.setpoints > [[14], [12]]) * 1 + (self.setpoints > [[20], [18]]) * 1,
            **{f"stock_{c}_kwh": np.array([held[1:], [0.0] * SLOTS]) for c, held in stock.items()},
            **{f"{name}_kw": values for name, values in flow.items()},
        }
        data = {name: (("node", "time"), np.array(values)) for name, values in arrays.items()}
        data["carbon_kg_per_kwh"] = (("node", "time"), np.repeat([[0.6], [0.5]], SLOTS, axis=1))
        data["used_gpus"] = (("pool", "time"), used)
        data["reserved_gpus"] = (("pool", "time"), np.array([inference, np.full(SLOTS, 4)]).astype(float))
        data["pool_gpus"] = ("pool", np.array([24.0, 16.0]))
        coords = {"node": ["alpha", "beta"], "pool": ["alpha/bigx8", "beta/small"], "time": TIME}
        return xr.Dataset(data, coords=coords, attrs={"step_h": 1.0})

    def check(self, plan=None, segments=None, **given) -> Verification:
        return verify_plan(
            self.plan() if plan is None else plan,
            self.segments() if segments is None else segments,
            study=self.study,
            weather=self.weather,
            jobs=self.jobs,
            state=self.state,
            **given,
        )


def make_plan() -> Made:
    """The plan without a fault."""
    jobs = make_jobs()
    exported = np.zeros((2, SLOTS))
    exported[0, 10] = 5.0
    return Made(
        study=load_study(STUDY),
        weather=make_weather(),
        jobs=jobs,
        state=make_state(jobs),
        starts={
            "whole": ("alpha/bigx8/1", 1),
            "running": ("beta/small", 0),
            "long": ("alpha/bigx8/1", 6),
            "half": ("alpha/bigx8/1", 6),
        },
        setpoints=np.array([[20.0] * 4 + [24.0] * 4 + [20.0] * 4, [18.0] * SLOTS]),
        battery={
            ("charge_grey", 1): 40.0,
            ("discharge_grey", 2): 20.0,
            ("charge_green", 10): 10.0,
            ("discharge_green", 11): 5.0,
        },
        exported=exported,
    )


def failed(verification: Verification) -> list[str]:
    return [check.name for check in verification.checks if not check.ok]


def plant_figures(plan: xr.Dataset) -> dict[str, float]:
    """PUE and water by the models, hour by hour."""
    study, weather = load_study(STUDY), make_weather()
    overhead, water, it = 0.0, 0.0, float(plan["it_kw"].sum())
    for n, node in enumerate(study.nodes):
        given = weather.isel(node=n), node.node_plant(), plan["it_kw"].values[n], plan["setpoint_degc"].values[n]
        flows = overhead_flows(*given)
        overhead += float(flows["overhead_kw"].sum())
        water += float(flows["water_l_per_h"].sum())
    flows = simulate(plan, study=study, weather=weather, step_h=float(plan.attrs["step_h"]))
    green = float((flows["renewable_direct_kw"] + flows["discharge_green_kw"]).sum())
    share = green / float(flows["facility_kw"].sum())
    return {"pue_plant": 1 + overhead / it, "renewable_share_plant": share, "water_l": water, "wue": water / it}


def summary_of(plan: xr.Dataset) -> dict:
    """Costs and figures by the test study's own round prices."""
    it, facility = float(plan["it_kw"].sum()), float(plan["facility_kw"].sum())
    green = float((plan["renewable_direct_kw"] + plan["discharge_green_kw"]).sum())
    offered = plan["pv_kw"] + plan["wind_kw"]
    taken = (plan["renewable_direct_kw"] + plan["charge_green_kw"] + plan["exported_kw"]) / offered
    bought, sold = plan["import_kw"], plan["exported_kw"]
    co2 = float((bought * np.array([[0.6], [0.5]])).sum())
    peak = bought.max("time").values
    stood = 20.0 + 60.0 + sum(float(plan[f"stock_{c}_kwh"].values[0, :-1].sum()) for c in ("green", "grey"))
    # 50 kWh charged at 0.9, 25 discharged at 0.9, a thousandth of what stands lost in each hour
    lost = 50.0 * 0.1 + 25.0 * (1 / 0.9 - 1) + 0.001 * stood
    kpis = {
        "cost_energy_cny": float(0.3 * bought[:, :6].sum() + 0.5 * bought[:, 6:].sum()),
        "cost_demand_cny": 30.0 * (max(peak[0], 30.0) - 30.0 + max(peak[1], 1.0) - 1.0),
        "cost_green_cny": float((taken * (0.2 * plan["pv_kw"] + 0.25 * plan["wind_kw"])).sum()),
        "revenue_export_cny": float(0.2 * sold[0].sum() + 0.6 * sold[1].sum()),
        "cost_carbon_cny": 0.05 * co2,
        "cost_wear_cny": 0.1 * 25.0,
        "pue": facility / it,
        "pue_with_storage": (facility + lost) / it,
        "battery_loss_kwh": lost,
        "pue_reference_inlet": facility / float(plan["it_reference_kw"].sum()),
        "renewable_share": green / facility,
        "hourly_matched_share": float(np.minimum(offered, plan["facility_kw"]).sum()) / facility,
        "curtailed_share": float(plan["curtailed_kw"].sum() / offered.sum()),
        "it_kwh": it,
        "facility_kwh": facility,
        "green_kwh": green,
        "available_kwh": float(offered.sum()),
        "import_kwh": float(bought.sum()),
        "exported_kwh": float(sold.sum()),
        "curtailed_kwh": float(plan["curtailed_kw"].sum()),
        "co2_kg": co2,
        "cue_location": co2 / it,
        "cue_market": 0.5856 * float(bought.sum()) / it,
        "ref": green / facility,
        "peak_import_kw": float(peak.sum()),
        "jobs_total": 5,
        "jobs_placed": 4,
        "jobs_unserved": 1,
        "jobs_late": 0,
        "gpu_h_served": 8 * 3 + 6 * 4 + 4 * 6 + 4 * 2,
        "gpu_h_unserved": 8 * 4,
        "gpu_h_carried_out": 4 * 24,
        "gpu_utilisation": (80 + 8 * 6 + 4 * 12) / (40 * 12),
        **plant_figures(plan),
    }
    costs = ("cost_energy_cny", "cost_demand_cny", "cost_green_cny", "cost_carbon_cny", "cost_wear_cny")
    kpis["cost_cny"] = sum(kpis[name] for name in costs) - kpis["revenue_export_cny"]
    over, under = max(facility - 1.3 * it, 0.0), max(0.3 * facility - green, 0.0)
    targets = {
        "pue": {
            "target": 1.3,
            "value": facility / it,
            "value_plant": kpis["pue_plant"],
            "met": over == 0,
            "missed_kwh": over,
            "missed_by": over / it,
        },
        "renewable_share": {
            "target": 0.3,
            "value": green / facility,
            "value_plant": kpis["renewable_share_plant"],
            "met": under == 0,
            "missed_kwh": under,
            "missed_by": under / facility,
        },
    }
    window = {
        "date": "2026-07-15",
        "start": "2026-07-15T00:00:00+08:00",
        "end": "2026-07-15T12:00:00+08:00",
        "step_h": 1.0,
        "timezone": "Asia/Shanghai",
    }
    return {"kpis": kpis, "targets": targets, "unserved": ["left"], "window": window}
