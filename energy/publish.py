"""The files of a run, and the verdict in words."""

from __future__ import annotations

import io
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import xarray as xr

from energy import runs
from energy.config import Study, study_hash
from energy.day import DayResult
from energy.kpis import replay_misses
from energy.plan import SEGMENT_COLUMNS
from energy.report import render_report
from energy.state import state_to_json
from energy.workload.cells import quoted_text

ENCODING = {"zlib": True, "complevel": 4, "fletcher32": True}
MOST_UNSERVED = 10  # jobs named at the terminal
PACKAGES = ("greendc", "numpy", "pandas", "xarray", "pvlib", "pulp", "highspy", "pydantic", "plotly")


def publish_day(result: DayResult, study: Study, out: Path, *, lang: str = "en") -> Path:
    """Write a day's result as one run; returns its folder."""
    names = {node.id: (node.site.name_en, node.site.name_zh) for node in study.nodes}
    report = render_report(
        plan=result.plan, baseline=result.baseline, summary=result.summary, title=study.title, nodes=names, lang=lang
    )
    files = {
        "plan.nc": netcdf_bytes(result.plan.data),
        "jobs.csv": segments_csv(result.plan.segments).encode(),
        "state.json": state_to_json(result.state).encode(),
        "summary.json": (json.dumps(result.summary, indent=1, ensure_ascii=False) + "\n").encode(),
        "report.html": report.encode(),
    }
    digest = study_hash(study)
    opens = result.summary["window"]["start"][: len("2026-07-15T12:00")].removesuffix("T00:00").replace(":", "")
    run_id = runs.new_run_id(out, opens=opens, config_hash=digest)
    manifest = {
        "schema_version": 1,
        "run_id": run_id,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": result.seconds,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "study_sha256": digest,
    }
    return runs.publish(out, run_id, files, manifest)


def netcdf_bytes(data: xr.Dataset) -> bytes:
    """A Dataset as NetCDF-4 with checksums, the same bytes for the same content."""
    buffer = io.BytesIO()
    encoding: dict[str, dict] = {str(name): dict(ENCODING) for name in data.data_vars}
    encoding["time"] = {"units": "seconds since 1970-01-01", "dtype": "int64"}
    data.to_netcdf(buffer, engine="h5netcdf", encoding=encoding)
    return buffer.getvalue()


def segments_csv(segments: pd.DataFrame) -> str:
    """The job table with RFC 3339 times in civil time; text cells cannot act as formulas."""
    table = segments[list(SEGMENT_COLUMNS)].copy()
    for name in ("start", "end", "deadline"):
        table[name] = [
            "" if pd.isna(t) else pd.Timestamp(t).tz_convert("Asia/Shanghai").isoformat() for t in table[name]
        ]
    for name in ("job_id", "node", "cluster", "gpu_type"):
        table[name] = [quoted_text(str(text)) for text in table[name]]
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n")


def _mark(name: str, target: dict) -> str:
    """Whether a target is met; where the plan meets it and its replay does not, what the replay says."""
    if target["met"]:
        return "met"
    missed = f"MISSED by {target['missed_by']:.3f}"
    if replay_misses(name, target):
        return f"{missed} when replayed ({target['value_plant']:.3f})"
    return missed


def verdict(summary: dict, folder: Path) -> str:
    """The result in a dozen lines for a person at a terminal."""
    k, b, targets, solver = (summary[name] for name in ("kpis", "baseline", "targets", "solver"))
    marks = {name: _mark(name, t) for name, t in targets.items()}
    saved, saved_peak = b["cost_cny"] - k["cost_cny"], b["cost_demand_cny"] - k["cost_demand_cny"]
    # no share of a cost of 0 or less, which selling power can make, nor of a cost of other work
    part = f" ({abs(saved) / b['cost_cny']:.1%})" if b["cost_cny"] > 0 and summary["same_work"] else ""
    lines = [
        f"{summary['title']}: {summary['window']['start']} to {summary['window']['end']}",
        f"  status            {summary['status']}, {_proof(solver)}, "
        f"verifier {'clean' if summary['verification']['clean'] else 'NOT CLEAN'}",
        *_open_stages(solver),
        f"  jobs              {k['jobs_placed']} of {k['jobs_total']} placed, {k['jobs_late']} late{_expired(summary)}"
        f" (first come, first served: {b['jobs_placed']} placed, {b['jobs_late']} late)",
        f"  PUE               {k['pue']:.3f} against {targets['pue']['target']:g}: {marks['pue']}"
        f" (first come, first served {b['pue']:.3f})",
        f"  renewable share   {k['renewable_share']:.3f} against {targets['renewable_share']['target']:g}: "
        f"{marks['renewable_share']} (first come, first served {b['renewable_share']:.3f})",
        _audited(summary["audit"]),
        *(f"  {'short':<17} {short['said']}" for short in (summary["audit"].get("short") or {}).values()),
        f"  cost              {k['cost_cny']:,.0f} CNY, {abs(saved):,.0f}{part} {'above' if saved < 0 else 'below'} "
        f"first come, first served{_other_work(summary)}",
        f"  without demand    {k['cost_cny'] - k['cost_demand_cny']:,.0f} CNY against "
        f"{b['cost_cny'] - b['cost_demand_cny']:,.0f}: the month's peak "
        + (f"is {saved_peak:,.0f} CNY of the saving" if saved_peak >= 0 else f"costs {-saved_peak:,.0f} CNY more"),
        f"  CO2               {k['co2_kg'] / 1000:,.1f} t (first come, first served {b['co2_kg'] / 1000:,.1f} t)",
    ]
    if not summary["same_work"]:
        lines.append(f"  work              {k['gpu_h_served']:,.0f} GPU-hours against {b['gpu_h_served']:,.0f}")
    made = summary["inputs"]["synthetic_weather"]
    if made:
        every = len(made) == len(summary["inputs"]["weather"])
        at = "" if every else f" at {', '.join(made)}"
        lines.append(f"  weather           synthetic{at}, seed {summary['seed']}")
    split = summary["attribution"]
    if split:
        lines.append(
            f"  saving            placement {split['placement_cny']:,.0f}, setpoint {split['setpoint_cny']:,.0f}, "
            f"battery {split['battery_cny']:,.0f} CNY; the targets cost {split['targets_cny']:,.0f}"
        )
    reasons = list(summary["unserved_reasons"].items())
    for number, (job_id, reason) in enumerate(reasons[:MOST_UNSERVED]):
        lines.append(f"  {'unserved' if number == 0 else '':<17} {job_id}: {reason}")
    if len(reasons) > MOST_UNSERVED:
        lines.append(f"  {'':<17} and {len(reasons) - MOST_UNSERVED} more: see the report")
    lines.append(f"  report            {folder / 'report.html'}")
    return "\n".join(lines)


def _audited(audit: dict) -> str:
    """The plan beside its replay by the nonlinear plant."""
    planned, audited = audit["planned"], audit["audited"]
    return (
        f"  audit             PUE {planned['pue']:.4f} planned, {audited['pue']:.4f} by the nonlinear plant; facility "
        f"{planned['facility_kwh'] / 1000:,.2f} and {audited['facility_kwh'] / 1000:,.2f} MWh "
        f"({audit['facility_off']:+.2%}); renewable share {planned['renewable_share']:.4f} and "
        f"{audited['renewable_share']:.4f}"
    )


def _expired(summary: dict) -> str:
    return f", {len(summary['expired'])} expired before the window" if summary["expired"] else ""


def _open_stages(solver: dict) -> list[str]:
    """What is not proven to the gap asked, a line each."""
    said = {"served": ("GPU-hours undone", 0), "missed": ("kWh of targets missed", 0), "cost": ("CNY", 0)}
    lines = []
    for stage in solver["stages"]:
        if stage["status"] == "proven":
            continue
        unit, digits = said[stage["name"]]
        bound = "no bound" if stage["bound"] is None else f"at least {stage['bound']:,.{digits}f} proven"
        asked = f"gap asked {solver['gap_asked']:.2%}"
        lines.append(f"  not proven        {stage['value']:,.{digits}f} {unit}, {bound} ({asked})")
    return lines


def _other_work(summary: dict) -> str:
    if summary["same_work"]:
        return ""
    more = summary["baseline"]["gpu_h_served"] - summary["kpis"]["gpu_h_served"]
    return f", which serves {abs(more):,.0f} GPU-hours {'more' if more > 0 else 'fewer'}"


def _proof(solver: dict) -> str:
    if solver["bound"] is None:
        return "gap not known (no bound was proven in the time)"
    return f"gap {solver['gap']:.2%} (proven bound {solver['bound']:,.0f} CNY)"
