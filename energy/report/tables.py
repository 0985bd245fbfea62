"""The report's tables: comparison of figures, the numbers behind each chart, jobs, checks, proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from energy.audit import audit_rows
from energy.plan import Plan
from energy.report.laws import law_in, place_in, unit_in
from energy.report.messages import check_name, word
from energy.report.style import GPU_NAMES, plain
from energy.report.view import NOTHING, Table, View, difference, figure_of, number, percent, relative, signed

MOST_JOBS = 1000
BETTER, WORSE = "●", "○"


@dataclass(frozen=True, slots=True)
class Figure:
    """How a figure is shown: unit (``%`` for shares), digits, scale, and whether less (-1) or more (1) is better."""

    key: str
    unit: str
    digits: int
    better: int = 0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One row of the comparison, as text; ``mark`` is ``BETTER``, ``WORSE`` or nothing."""

    name: str
    unit: str
    baseline: str
    plan: str
    difference: str
    percent: str
    mark: str


RATIOS = ("%", "kWh/kWh", "kg/kWh", "L/kWh")  # units of figures that do not grow with the work done
GROUPS: tuple[tuple[str, tuple[Figure, ...]], ...] = (
    (
        "g_efficiency",
        (
            Figure("pue", "kWh/kWh", 3, -1),
            Figure("pue_with_storage", "kWh/kWh", 3, -1),
            Figure("pue_reference_inlet", "kWh/kWh", 3, -1),
            Figure("pue_plant", "kWh/kWh", 3, -1),
            Figure("it_kwh", "kWh", 0),
            Figure("facility_kwh", "kWh", 0, -1),
            Figure("battery_loss_kwh", "kWh", 0, -1),
            Figure("gpu_utilisation", "%", 1, 0, 100),
        ),
    ),
    (
        "g_renewables",
        (
            Figure("renewable_share", "%", 1, 1, 100),
            Figure("renewable_share_plant", "%", 1, 1, 100),
            Figure("hourly_matched_share", "%", 1, 1, 100),
            Figure("ref", "%", 1, 1, 100),
            Figure("curtailed_share", "%", 1, -1, 100),
            Figure("green_kwh", "kWh", 0, 1),
            Figure("import_kwh", "kWh", 0, -1),
            Figure("peak_import_kw", "kW", 0, -1),
        ),
    ),
    (
        "g_cost",
        (
            Figure("cost_cny", "unit_cny", 0, -1),
            Figure("cost_energy_cny", "unit_cny", 0),
            Figure("cost_demand_cny", "unit_cny", 0),
            Figure("cost_green_cny", "unit_cny", 0),
            Figure("cost_carbon_cny", "unit_cny", 0),
            Figure("cost_wear_cny", "unit_cny", 0),
            Figure("revenue_export_cny", "unit_cny", 0),
        ),
    ),
    (
        "g_environment",
        (
            Figure("co2_kg", "u_tonne", 2, -1, 0.001),
            Figure("cue_location", "kg/kWh", 3, -1),
            Figure("cue_market", "kg/kWh", 3, -1),
            Figure("water_l", "m³", 1, -1, 0.001),
            Figure("wue", "L/kWh", 3, -1),
        ),
    ),
    (
        "g_jobs",
        (
            Figure("jobs_placed", "u_jobs", 0, 1),
            Figure("jobs_late", "u_jobs", 0, -1),
            Figure("jobs_unserved", "u_jobs", 0, -1),
            Figure("gpu_h_served", "u_gpu_h", 0, 1),
            Figure("gpu_h_unserved", "u_gpu_h", 0, -1),
            Figure("gpu_h_carried_out", "u_gpu_h", 0, -1),
        ),
    ),
)


def comparison(summary: Mapping, view: View) -> list[tuple[str, list[Compared]]]:
    """Groups of figures, plan beside baseline, with the difference and whether it is for the better."""
    kpis, base = summary.get("kpis") or {}, summary.get("baseline") or {}
    same = summary.get("same_work") is not False  # ratios can be judged all the same, amounts cannot
    return [
        (view.texts[group], [_compared(f, kpis, base, view, judged=same or f.unit in RATIOS) for f in figures])
        for group, figures in GROUPS
    ]


def _compared(figure: Figure, kpis: Mapping, base: Mapping, view: View, *, judged: bool) -> Compared:
    now, then = figure_of(kpis, figure.key), figure_of(base, figure.key)
    scaled = [None if v is None else v * figure.scale for v in (then, now, difference(now, then))]
    before, after, change = scaled
    shown = signed(change, figure.digits)
    if figure.unit == "%" and change is not None:
        shown = f"{shown} {view.texts['u_points']}"
    share = relative(now, then)
    mark = ""
    if judged and figure.better and change is not None and number(abs(change), figure.digits).strip("0.,"):
        mark = BETTER if change * figure.better > 0 else WORSE
    return Compared(
        name=view.texts[f"k_{figure.key}"],
        unit=view.texts.get(figure.unit, figure.unit),
        baseline=number(before, figure.digits),
        plan=number(after, figure.digits),
        difference=shown,
        percent=NOTHING if share is None or figure.unit == "%" else signed(100 * share, 1),
        mark=mark,
    )


def supply_table(plan: Plan, baseline: Plan, view: View) -> Table:
    """The fleet's flows step by step [kW]."""
    data, t = plan.data.sum("node"), view.texts
    columns = {
        t["direct"]: data["renewable_direct_kw"],
        t["discharge_green"]: data["discharge_green_kw"],
        t["discharge_grey"]: data["discharge_grey_kw"],
        t["import"]: data["import_kw"],
        t["facility"]: data["facility_kw"],
        t["available"]: data["pv_kw"] + data["wind_kw"],
        t["facility_base"]: baseline.data["facility_kw"].sum("node"),
    }
    return _over_time("supply", {name: (values.values, 1) for name, values in columns.items()}, view)


def pue_table(plan: Plan, baseline: Plan, view: View) -> Table:
    """PUE, setpoint and wet bulb of every node step by step."""
    t, columns = view.texts, {}
    for node, name in view.names.items():
        data = plan.data.sel(node=node)
        columns[f"{name}: {t['pue']}"] = (data["pue"].values, 3)
        columns[f"{name}: {t['pue_base']}"] = (baseline.data["pue"].sel(node=node).values, 3)
        columns[f"{name}: {t['setpoint']} (°C)"] = (data["setpoint_degc"].values, 1)
        columns[f"{name}: {t['wet_bulb']} (°C)"] = (data["wet_bulb_degc"].values, 1)
    return _over_time("pue", columns, view)


def price_table(plan: Plan, baseline: Plan, view: View) -> Table:
    """Import, IT load and price of every node step by step."""
    t, columns = view.texts, {}
    for node, name in view.names.items():
        data = plan.data.sel(node=node)
        columns[f"{name}: {t['import']} (kW)"] = (data["import_kw"].values, 1)
        columns[f"{name}: {t['import_base']} (kW)"] = (baseline.data["import_kw"].sel(node=node).values, 1)
        columns[f"{name}: {t['it']} (kW)"] = (data["it_kw"].values, 1)
        columns[f"{name}: {t['price']} ({t['unit_price']})"] = (data["price_cny_per_kwh"].values, 4)
    return _over_time("price", columns, view)


def share_table(plan: Plan, baseline: Plan, view: View) -> Table:
    """Renewable share of every node and of the fleet step by step [%]."""
    columns = {
        f"{view.texts['fleet']}, {view.texts['baseline_short']}": (_share(baseline.data.sum("node")), 1),
        f"{view.texts['fleet']}, {view.texts['plan']}": (_share(plan.data.sum("node")), 1),
    }
    columns |= {name: (_share(plan.data.sel(node=node)), 1) for node, name in view.names.items()}
    return _over_time("share", columns, view)


def battery_table(plan: Plan, view: View) -> Table:
    """Stocks of every node at the end of each step [kWh]."""
    columns = {}
    for node, name in view.names.items():
        for stock in ("stock_green", "stock_grey"):
            columns[f"{name}: {view.texts[stock]}"] = (plan.data[f"{stock}_kwh"].sel(node=node).values, 1)
    return _over_time("battery", columns, view, stamps=view.edges[1:])


def _share(data: xr.Dataset) -> np.ndarray:
    green = (data["renewable_direct_kw"] + data["discharge_green_kw"]).values
    facility = data["facility_kw"].values
    return np.divide(100 * green, facility, out=np.full(green.shape, np.nan), where=facility > 0)


def _over_time(name: str, columns: dict, view: View, stamps: tuple[str, ...] | None = None) -> Table:
    times = view.stamps if stamps is None else stamps
    rows = tuple(
        (stamp, *(number(values[i], digits) for values, digits in columns.values())) for i, stamp in enumerate(times)
    )
    return Table(name, (view.texts["time"], *columns), rows)


def jobs_table(plan: Plan, baseline: Plan, view: View) -> Table:
    """Every job of the plan, and where and when the baseline runs it."""
    t = view.texts
    before = {str(row.job_id): row for row in baseline.segments.itertuples()}
    keys: tuple[str, ...] = (
        "c_job",
        "c_node",
        "c_cluster",
        "c_gpu",
        "c_start",
        "c_end",
        "c_deadline",
        "c_base_node",
        "c_base_start",
    )
    keys += ("c_gpus", "c_power", "c_slack", "c_left")
    rows = []
    for row in plan.segments.head(MOST_JOBS).itertuples():
        base = before.get(str(row.job_id))
        rows.append(
            (
                str(row.job_id),
                view.names.get(str(row.node), str(row.node)),
                str(row.cluster),
                GPU_NAMES.get(str(row.gpu_type), str(row.gpu_type)),
                _civil(row.start),
                _civil(row.end),
                _civil(row.deadline),
                NOTHING if base is None else view.names.get(str(base.node), str(base.node)),
                NOTHING if base is None else _civil(base.start),
                number(row.gpus),
                number(row.power_kw, 1),
                number(row.slack_h, 1),
                number(row.remaining_h, 1),
            )
        )
    return Table("jobs", tuple(t[key] for key in keys), tuple(rows), text_columns=9)


def _civil(stamp: object) -> str:
    return NOTHING if pd.isna(stamp) else pd.Timestamp(stamp).tz_convert("Asia/Shanghai").strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One law of the independent check, as text."""

    name: str
    law: str
    law_lang: str
    ok: bool
    worst: str
    limit: str
    unit: str
    where: str


def check_rows(summary: Mapping, view: View) -> list[CheckRow]:
    """The laws, broken ones first."""
    rows = []
    for check in (summary.get("verification") or {}).get("checks") or []:
        name = str(check.get("name") or NOTHING)
        law, law_lang = law_in(name, str(check.get("law") or ""), view.lang)
        rows.append(
            CheckRow(
                name=check_name(name, view.lang),
                law=law,
                law_lang=law_lang,
                ok=bool(check.get("ok")),
                worst=_small(figure_of(check, "worst")),
                limit=_small(figure_of(check, "limit")),
                unit=unit_in(str(check.get("unit") or ""), view.lang),
                where=place_in(str(check.get("where") or ""), view.lang),
            )
        )
    return sorted(rows, key=lambda row: row.ok)


def _small(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2g}".replace("-", "\u2212")


def stage_table(summary: Mapping, view: View) -> Table:
    """The solver's stages: value, proven bound, gap."""
    t, rows = view.texts, []
    for stage in (summary.get("solver") or {}).get("stages") or []:
        rows.append(
            (
                word(plain(stage.get("name") or NOTHING), view.lang),
                word(plain(stage.get("status") or NOTHING), view.lang),
                number(stage.get("value"), 2),
                number(stage.get("bound"), 2),
                percent(stage.get("gap"), 3),
            )
        )
    names = tuple(t[key] for key in ("c_stage", "c_result", "c_value", "c_bound", "c_gap"))
    return Table("stages", names, tuple(rows), text_columns=2)


# units, digits and scale in which the report shows a figure of the audit; else those of the audit itself
AUDIT_UNITS = {
    "renewable_share": ("%", 2, 100.0),
    "hourly_matched_share": ("%", 2, 100.0),
    "ref": ("%", 2, 100.0),
    "co2_kg": ("u_tonne", 2, 0.001),
    "water_l": ("m³", 1, 0.001),
}


def audit_table(summary: Mapping, view: View) -> Table:
    """The plan beside its replay by the nonlinear plant; no rows where the summary has no audit."""
    t, audit = view.texts, summary.get("audit") or {}
    names = tuple(t[key] for key in ("c_figure", "c_unit", "c_planned", "c_audited", "c_difference"))
    rows = []
    for row in audit_rows(audit) if audit else ():
        unit, digits, scale = AUDIT_UNITS.get(row.key, (row.unit or "kWh/kWh", row.digits, 1.0))
        one, two = (None if value is None else value * scale for value in (row.planned, row.audited))
        shown = number(one, digits), number(two, digits), signed(difference(two, one), digits)
        rows.append((t[f"k_{row.key}"], t.get(unit, unit), *shown))
    return Table("audit", names, tuple(rows), text_columns=2)


def audit_notes(summary: Mapping, view: View) -> list[str]:
    """Where the audit is furthest off, and which nodes are short of power."""
    t, audit = view.texts, summary.get("audit") or {}
    worst, notes = audit.get("worst"), []
    if worst:
        place = {"node": view.names.get(worst["node"], worst["node"]), "time": worst["time"][:16].replace("T", " ")}
        kw = {side: number(worst[f"{side}_kw"], 1) for side in ("planned", "audited")}
        notes.append(t["audit_worst"].format(**place, **kw))
    for node, short in (audit.get("short") or {}).items():
        if view.lang == "en":
            notes.append(str(short["said"]))
            continue
        said = t["audit_rounding"] if short["within_rounding"] else t["audit_short"]
        kwh, most = number(short["kwh"], 1 if short["kwh"] >= 0.05 else 4), percent(short["most_share"], 2)
        told = {"kwh": kwh, "hours": f"{short['hours']:g}", "most": most}
        table = percent(figure_of(short, "table_error_of_it"), 2)
        notes.append(said.format(node=view.names.get(node, node), table=table, **told))
    return notes
