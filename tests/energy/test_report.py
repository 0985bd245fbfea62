"""The report page: everything is there, nothing is fetched, no name runs, and the same plan gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.audit import audit_rows
from energy.plan import SEGMENT_COLUMNS, Plan
from energy.report import render_report, write_report
from energy.report.gantt import pack_lanes
from energy.report.laws import LAWS_ZH
from energy.report.messages import CHECKS_ZH, LANGUAGES, MESSAGES, messages
from energy.report.tables import check_rows
from energy.report.view import make_view
from weather.conventions.errors import ConfigError

NODES = {
    "zhongwei": ("Zhongwei", "中卫"),
    "horinger": ("Horinger", "和林格尔"),
    "ulanqab": ("Ulanqab", "乌兰察布"),
    "qingyang": ("Qingyang", "庆阳"),
    "guian": ("Gui'an", "贵安"),
}
KINDS = ("h100", "a100", "ascend910b", "a10", "rtx4090")
STEPS, JOBS = 48, 120
SECTIONS = (
    "cards", "supply", "gantt", "pue", "price", "money", "kpis", "share", "battery", "unserved", "audit", "checks",
    "proof", "notes", "inputs",
)  # fmt: skip


def made_plan(seed: int, *, unserved: tuple[str, ...] = ()) -> Plan:
    """A plan whose flows balance, of five nodes, 48 h and 120 jobs."""
    rng = np.random.default_rng(seed)
    shape, hour = (len(NODES), STEPS), np.arange(STEPS) % 24
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(STEPS) * np.timedelta64(3600, "s")
    it = 800 + 150 * rng.random(shape)
    pue = 1.2 + 0.15 * rng.random(shape)
    pv = 900 * np.maximum(0, np.sin((hour - 6) / 12 * np.pi)) * rng.random((len(NODES), 1))
    direct = np.minimum(pv, it * pue)
    zero = np.zeros(shape)
    arrays = {
        "it_kw": it,
        "facility_kw": it * pue,
        "pue": pue,
        "pv_kw": np.broadcast_to(pv, shape),
        "wind_kw": zero,
        "renewable_direct_kw": direct,
        "discharge_green_kw": zero,
        "discharge_grey_kw": zero,
        "import_kw": it * pue - direct,
        "setpoint_degc": np.full(shape, 20.0),
        "wet_bulb_degc": 15 + 5 * np.sin(hour / 24 * 2 * np.pi) + zero,
        "price_cny_per_kwh": 0.3 + 0.2 * (hour > 17) + zero,
        "stock_green_kwh": 500 * rng.random(shape),
        "stock_grey_kwh": 300 * rng.random(shape),
    }
    data = xr.Dataset(
        {name: (("node", "time"), values) for name, values in arrays.items()},
        coords={"node": list(NODES), "time": time},
        attrs={"step_h": 1.0},
    )
    return Plan(data, made_segments(rng), unserved)


def made_segments(rng: np.random.Generator) -> pd.DataFrame:
    opens = pd.Timestamp("2026-07-14T16:00", tz="UTC")
    rows = []
    for i in range(JOBS):
        node, kind = str(rng.choice(list(NODES))), str(rng.choice(KINDS))
        first, hours = int(rng.integers(0, 40)), int(rng.integers(1, 12))
        start = opens + pd.Timedelta(hours=first)
        rows.append(
            {
                "job_id": f"job-{i:03d}",
                "segment": 1,
                "node": node,
                "cluster": f"{node}/{kind}x200/1",
                "gpu_type": kind,
                "gpus": 8,
                "cap": 1.0,
                "start": start,
                "end": start + pd.Timedelta(hours=hours),
                "power_kw": 8.5,
                "deadline": opens + pd.Timedelta(hours=45) if i % 3 else pd.NaT,
                "slack_h": 45.0 - first - hours if i % 3 else np.nan,
                "remaining_h": float(max(0, first + hours - STEPS)),
            }
        )
    return pd.DataFrame(rows, columns=list(SEGMENT_COLUMNS)).astype(
        {"deadline": "datetime64[ns, UTC]", "start": "datetime64[ns, UTC]", "end": "datetime64[ns, UTC]"}
    )


def made_kpis(cost: float, pue: float, share: float) -> dict:
    shares = dict.fromkeys(("hourly_matched_share", "curtailed_share", "gpu_utilisation"), 0.25)
    energies = {"it_kwh": 200000.0, "facility_kwh": 200000.0 * pue, "green_kwh": 80000.0, "import_kwh": 150000.0}
    costs = {"cost_energy_cny": 0.7 * cost, "cost_demand_cny": 0.1 * cost, "cost_green_cny": 0.2 * cost}
    jobs = {"jobs_total": 120, "jobs_placed": 120, "jobs_late": 0, "jobs_unserved": 0}
    rest = {"co2_kg": cost, "cue_location": 0.4, "water_l": 1e5, "wue": 0.5, "peak_import_kw": 4000.0}
    return {"pue": pue, "renewable_share": share, "cost_cny": cost, **shares, **energies, **costs, **jobs, **rest}


def made_summary() -> dict:
    split = {"placement_cny": 20000.0, "setpoint_cny": 3000.0, "battery_cny": 8000.0, "targets_cny": 1000.0}
    law = {
        "name": "power balance",
        "worst": 6.8e-13,
        "limit": 1e-6,
        "where": "zhongwei",
        "unit": "kW",
        "law": "in = out",
    }
    stage = {"name": "cost", "value": 90000.0, "bound": 89700.0, "gap": 0.0033, "status": "proven"}
    return {
        "schema_version": 1,
        "status": "optimal",
        "window": {"start": "2026-07-15T00:00:00+08:00", "end": "2026-07-17T00:00:00+08:00", "step_h": 1.0},
        "kpis": made_kpis(90000.0, 1.246, 0.387),
        "baseline": made_kpis(120000.0, 1.269, 0.371),
        "targets": {
            "pue": {"target": 1.25, "value": 1.246, "met": True, "missed_by": 0.0, "missed_kwh": 0.0},
            "renewable_share": {"target": 0.4, "value": 0.387, "met": False, "missed_by": 0.013, "missed_kwh": 3236.0},
        },
        "solver": {"objective": 90000.0, "bound": 89700.0, "gap": 0.0033, "saving_captured": 0.99, "stages": [stage]},
        "attribution": {**split, "total_cny": 30000.0, "combinations": []},
        "audit": {
            "planned": {"pue": 1.24600, "renewable_share": 0.38700, "facility_kwh": 250000.0, "co2_kg": 90000.0},
            "audited": {"pue": 1.24712, "renewable_share": 0.38650, "facility_kwh": 250225.0, "co2_kg": 90081.0},
        },
        "same_work": True,
        "unserved_reasons": {},
        "warnings": ["Weather far away."],
        "notes": ["Jobs: synthetic.", "Weather: first line\nsecond line"],
        "verification": {"clean": False, "checks": [{**law, "ok": True}, {**law, "name": "deadlines", "ok": False}]},
        "seed": 7,
        "inputs": {"study_sha256": "ab12", "weather": {"zhongwei": "climate"}},
    }


@pytest.fixture(scope="module")
def plans() -> tuple[Plan, Plan]:
    return made_plan(1, unserved=("job-lost",)), made_plan(2)


def page(plans: tuple[Plan, Plan], *, lang: str = "en", summary: dict | None = None, title: str = "Five hubs") -> str:
    told = made_summary() if summary is None else summary
    return render_report(plan=plans[0], baseline=plans[1], summary=told, title=title, nodes=NODES, lang=lang)


@pytest.fixture(scope="module")
def english(plans: tuple[Plan, Plan]) -> str:
    return page(plans)


class Seen(HTMLParser):
    """Tags, ids, visible text and scripts, as a browser's parser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.where = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.where = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.where = ""

    def handle_data(self, data: str) -> None:
        if self.where == "script":
            self.scripts[-1] += data
        elif self.where != "style":
            self.text.append(data)


def test_every_section_and_every_chart_has_its_place(english: str) -> None:
    seen = Seen(english)
    assert [name for name in SECTIONS if name not in seen.ids] == []
    assert len(seen.ids) == len(set(seen.ids))
    charts = [chart["id"] for chart in json.loads(seen.scripts[0])]
    assert [name for name in charts if name not in seen.ids] == []
    counted = {kind: sum(f"chart-{kind}" in name for name in charts) for kind in ("gantt", "pue", "price", "battery")}
    assert counted == {"gantt": 2, "pue": 5, "price": 5, "battery": 5}
    assert {"chart-supply", "chart-waterfall", "chart-terms", "chart-share"} <= set(charts)


def test_the_page_says_the_verdict(english: str) -> None:
    said = " ".join(Seen(english).text)
    assert "90,000 CNY, 30,000 CNY (25.0 %) less than first come, first served" in said
    assert "The renewable target is missed by 1.3 pp." in said
    assert "broken laws: do not use this plan" in said
    assert "2026-07-15 00:00 to 2026-07-17 00:00, local time (UTC+8)" in said
    assert "Zhongwei 中卫" in said and "job-lost" in said and "second line" in said


def test_costs_of_different_work_are_not_compared(plans: tuple[Plan, Plan]) -> None:
    plan, baseline = plans
    summary = made_summary() | {"same_work": False, "unserved_reasons": {"j1": "taken <by> others"}}
    summary["kpis"]["gpu_h_served"], summary["baseline"]["gpu_h_served"] = 900.0, 1000.0
    text = page((replace(plan, unserved=("j1", "j2")), baseline), summary=summary)
    assert "Their costs are not of the same work: 900 GPU-hours against 1,000." in text
    assert text.count("not the same work") == 2  # cost and CO2
    assert "taken &lt;by&gt; others" in text
    assert "Weather far away." in text


def test_charts_carry_the_plan(plans: tuple[Plan, Plan], english: str) -> None:
    charts = {chart["id"]: chart for chart in json.loads(Seen(english).scripts[0])}
    facility = next(trace for trace in charts["chart-supply"]["data"] if trace["name"] == "Facility load")
    assert facility["x"][0] == "2026-07-15 00:00" and facility["x"][-1] == "2026-07-17 00:00"
    np.testing.assert_allclose(facility["y"][:-1], plans[0].data["facility_kw"].sum("node"), atol=0.006)
    bars = charts["chart-gantt-plan"]["data"]
    drawn_h = sum(sum(trace["x"]) for trace in bars) / 3.6e6
    close = pd.Timestamp("2026-07-16T16:00", tz="UTC")
    segments = plans[0].segments
    expected = (segments["end"].clip(upper=close) - segments["start"]).dt.total_seconds().sum() / 3600
    assert drawn_h == pytest.approx(expected, rel=1e-12)


def test_gantt_bars_of_a_lane_do_not_overlap(english: str) -> None:
    charts = {chart["id"]: chart for chart in json.loads(Seen(english).scripts[0])}
    for name in ("chart-gantt-plan", "chart-gantt-baseline"):
        bars = sorted(
            (lane, np.datetime64(start), length)
            for trace in charts[name]["data"]
            for lane, start, length in zip(trace["y"], trace["base"], trace["x"], strict=True)
        )
        assert len(bars) == JOBS
        for (lane, start, length), (next_lane, next_start, _) in pairwise(bars):
            assert lane != next_lane or start + np.timedelta64(int(length), "ms") <= next_start


def test_lanes_are_as_many_as_jobs_at_once() -> None:
    rng = np.random.default_rng(3)
    starts = rng.integers(0, 40, 200)
    ends = starts + rng.integers(1, 9, 200)
    at_once = max(int(((starts <= t) & (ends > t)).sum()) for t in range(50))
    assert pack_lanes(starts, ends).max() + 1 == at_once


def test_waterfall_runs_from_baseline_to_plan(english: str) -> None:
    charts = {chart["id"]: chart for chart in json.loads(Seen(english).scripts[0])}
    bar = charts["chart-waterfall"]["data"][0]
    assert bar["x"] == ["Baseline", "Placement", "Setpoints", "Battery", "Targets", "Plan"]
    assert bar["base"] == [0.0, 100000.0, 97000.0, 89000.0, 89000.0, 0.0]
    assert bar["y"] == [120000.0, 20000.0, 3000.0, 8000.0, 1000.0, 90000.0]


def test_many_jobs_keep_their_bars_apart_without_outlines(plans: tuple[Plan, Plan]) -> None:
    base = plans[0].segments
    many = pd.concat([base.assign(job_id=base["job_id"] + f"-{copy}") for copy in range(4)], ignore_index=True)
    crowd = Plan(plans[0].data, many, ())
    charts = {chart["id"]: chart for chart in json.loads(Seen(page((crowd, crowd))).scripts[0])}
    bars = charts["chart-gantt-plan"]["data"]
    assert sum(len(trace["y"]) for trace in bars) == 4 * JOBS
    assert "#FFFFFF" not in {colour for trace in bars for colour in trace["marker"]["line"]["color"]}
    drawn_h = sum(sum(trace["x"]) for trace in bars) / 3.6e6
    trimmed_h = 4 * JOBS * 0.003 * STEPS
    full_h = 4 * sum(sum(trace["x"]) for trace in _gantt_bars(page(plans))) / 3.6e6
    assert full_h - trimmed_h - 1e-6 <= drawn_h < full_h


def _gantt_bars(text: str) -> list[dict]:
    charts = {chart["id"]: chart for chart in json.loads(Seen(text).scripts[0])}
    return charts["chart-gantt-plan"]["data"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("optimal", "Optimality proven to 0.33 %"),
        ("feasible", "Best plan found, within 0.33 % of the proven bound"),
        ("time_limit", "Time limit reached, gap 0.33 %"),
    ],
)
def test_every_status_of_the_planner_is_said_in_words(plans: tuple[Plan, Plan], status: str, said: str) -> None:
    summary = made_summary()
    summary["status"] = status
    assert said in Seen(page(plans, summary=summary)).text


def test_same_arguments_give_the_same_bytes(plans: tuple[Plan, Plan], english: str, tmp_path) -> None:
    path = tmp_path / "report.html"
    write_report(path, plan=plans[0], baseline=plans[1], summary=made_summary(), title="Five hubs", nodes=NODES)
    assert path.read_bytes() == english.encode()
    assert len(english.encode()) <= 6_000_000


def test_nothing_is_fetched_and_only_hashed_scripts_run(english: str) -> None:
    seen = Seen(english)
    named = {name for name, _ in seen.attributes}
    assert not named & {"src", "href", "srcset", "data", "action"}
    assert not {"link", "img", "iframe", "object", "base"} & set(seen.tags)
    assert not re.search(r"@import|url\(", "".join(re.findall(r"<style>(.*?)</style>", english, re.S)))
    policy = next(value for name, value in seen.attributes if name == "content" and "default-src" in (value or ""))
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "connect-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0] and "unsafe-eval" not in policy
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in seen.scripts[1:]]
    assert [f"'sha256-{value}'" in policy for value in hashes] == [True, True]
    assert "\r" not in english  # a parser would change it, and with it the hash


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<b>bold</b>&amp;",
        "{{ 7 * 7 }}",
        "<!--<script>",
        "' onmouseover='alert(1)",
        "\u2028alert(1)",
    ],
)
def test_no_name_becomes_markup(plans: tuple[Plan, Plan], english: str, payload: str) -> None:
    segments = plans[0].segments.copy()
    segments.loc[0, ["job_id", "cluster"]] = payload
    segments.loc[1, "gpu_type"] = payload
    summary = made_summary()
    summary["notes"] = [payload]
    summary["status"] = payload
    summary["inputs"] = {payload: {payload: payload}}
    for check in summary["verification"]["checks"]:
        check.update(name=payload, law=payload, where=payload, unit=payload)
    summary["solver"]["stages"][0].update(name=payload, status=payload)
    text = render_report(
        plan=Plan(plans[0].data, segments, (payload,)),
        baseline=plans[1],
        summary=summary,
        title=payload,
        nodes={**NODES, "zhongwei": (payload, payload)},
    )
    seen, usual = Seen(text), Seen(english)
    assert {name for name, _ in seen.attributes} <= {name for name, _ in usual.attributes}
    assert set(seen.tags) <= set(usual.tags)
    assert seen.scripts[1:] == usual.scripts[1:]
    assert not set("<>&\u2028\u2029") & set(seen.scripts[0])
    for chart in json.loads(seen.scripts[0]):
        for trace in chart["data"]:
            assert not set("<>&") & set(trace.get("name") or "")
            for label in trace.get("customdata", []):
                plain = re.sub(r"^<b>([^<]*)</b>", r"\1", label).replace("<br>", "")
                assert not set("<>&") & set(plain)


def test_null_and_absent_values_are_shown_as_nothing(plans: tuple[Plan, Plan]) -> None:
    def nulled(value: object) -> object:
        return {key: nulled(item) for key, item in value.items()} if isinstance(value, dict) else None

    for summary in (nulled(made_summary()), {}, {**made_summary(), "attribution": None, "verification": None}):
        text = page(plans, summary=summary)  # type: ignore[arg-type]
        seen = Seen(text)
        assert [name for name in SECTIONS if name not in seen.ids] == []
        assert not re.search(r"\b(None|nan|NaN|inf)\b", " ".join(seen.text))


def test_plan_without_jobs_batteries_or_renewables(plans: tuple[Plan, Plan]) -> None:
    data = plans[0].data.copy()
    for name in ("stock_green_kwh", "stock_grey_kwh", "pv_kw", "renewable_direct_kw"):
        data[name] = data[name] * 0
    empty = Plan(data, plans[0].segments.iloc[:0], ())
    said = " ".join(Seen(page((empty, empty))).text)
    assert "No battery holds energy in this window." in said and "Every job has a place." in said


@pytest.mark.parametrize("minutes", [15, 120])
def test_other_steps(plans: tuple[Plan, Plan], minutes: int) -> None:
    data = plans[0].data.copy()
    opens = data["time"].values[0]
    data = data.assign_coords(time=opens + np.arange(STEPS) * np.timedelta64(minutes, "m"))
    data.attrs["step_h"] = minutes / 60
    plan = Plan(data, plans[0].segments, ())
    charts = {chart["id"]: chart for chart in json.loads(Seen(page((plan, plan))).scripts[0])}
    heat = charts["chart-share"]["data"][0]
    assert len(heat["x"]) == 12  # hours of the day that steps begin in
    green, drawn = (data[name].sum("node").values for name in ("renewable_direct_kw", "facility_kw"))
    steps = 4 if minutes == 15 else 1
    assert heat["z"][0][0] == pytest.approx(100 * green[:steps].sum() / drawn[:steps].sum(), abs=0.006)


def test_chinese_page(plans: tuple[Plan, Plan]) -> None:
    text = page(plans, lang="zh")
    said = " ".join(Seen(text).text)
    assert '<html lang="zh-CN">' in text and "可再生能源目标未达到" in said and "功率平衡" in said
    words = {pair[0] for key, pair in MESSAGES.items() if pair[0] != pair[1] and len(pair[0]) > 12}
    assert [word for word in words if f">{word}<" in text] == []


def test_messages_are_complete_in_both_languages() -> None:
    assert LANGUAGES == ("en", "zh")
    for key, pair in MESSAGES.items():
        assert len(pair) == 2 and all(text.strip() for text in pair), key
        fields = [sorted(re.findall(r"{(\w+)}", text)) for text in pair]
        assert fields[0] == fields[1], key
        assert not re.search(r"[\u4e00-\u9fff]", pair[0]), key
    with pytest.raises(ConfigError, match=r"'fr'.*en, zh"):
        messages("fr")


@pytest.mark.parametrize(
    ("made", "english", "chinese"),
    [
        ([], None, None),
        (["alpha", "beta"], "Synthetic weather<", "合成天气<"),
        (["alpha"], "Synthetic weather: alpha<", "合成天气: alpha<"),
    ],
)
def test_made_weather_is_called_synthetic_at_the_top(plans: tuple[Plan, Plan], made, english, chinese) -> None:
    for lang, words in (("en", english), ("zh", chinese)):
        summary = made_summary()
        summary["inputs"] = {"weather": {"alpha": "climate", "beta": "x"}, "synthetic_weather": made}
        text = render_report(plan=plans[0], baseline=plans[1], summary=summary, title="T", nodes=NODES, lang=lang)
        head = text[text.index("<header>") : text.index("</header>")]
        assert (words in head) if words else ("badge synthetic" not in head)


def test_the_audit_stands_beside_the_plan(plans: tuple[Plan, Plan], english: str) -> None:
    section = english.partition('<section id="audit"')[2].partition("</section>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", section)]
    shown = {row[0]: row[1:] for row in rows if row}
    assert shown["PUE"] == ["kWh/kWh", "1.2460", "1.2471", "+0.0011"]
    assert shown["Renewable share"] == ["%", "38.70", "38.65", "\u22120.05"]
    assert shown["Facility energy"] == ["kWh", "250,000", "250,225", "+225"]
    assert shown["CO₂ of grid import"] == ["t", "90.00", "90.08", "+0.08"]
    assert shown["Exported"] == ["kWh", "–", "–", "–"]
    assert list(shown) == [MESSAGES[f"k_{row.key}"][0] for row in audit_rows(made_summary()["audit"])]
    without = page(plans, summary={**made_summary(), "audit": None})
    section = without.partition('<section id="audit"')[2].partition("</section>")[0]
    assert "<td" not in section and MESSAGES["missing"][0] in section


def test_the_audit_s_notes_say_where_it_is_off_and_what_is_short(plans: tuple[Plan, Plan]) -> None:
    place = {"node": "zhongwei", "time": "2026-07-15T13:00:00+08:00", "planned_kw": 1000.0, "audited_kw": 1002.5}
    grave = {"kwh": 12.0, "hours": 2.0, "most_share": 0.04, "within_rounding": False, "said": "Grave, says the audit."}
    slight = {"kwh": 0.3, "hours": 1.0, "most_share": 0.001, "within_rounding": True, "said": "Slight, says the audit."}
    slight["table_error_of_it"] = 0.002
    told = made_summary()["audit"] | {"worst": place, "short": {"zhongwei": grave, "horinger": slight}}
    summary = made_summary() | {"audit": told}
    text = page(plans, summary=summary)
    worst = "Furthest off: Zhongwei 中卫 at 2026-07-15 13:00, facility 1,000.0 kW planned, 1,002.5 kW audited."
    assert all(f'<p class="aid">{said}</p>' in text for said in (worst, grave["said"], slight["said"]))
    chinese = page(plans, summary=summary, lang="zh")
    assert "Zhongwei 中卫：计划不可按原样执行：重放中缺电 12.0 kWh，历时 2 小时，单步最多缺设施功率的 4.00 %" in chinese
    assert "规划器的开销表与设备模型最多相差 IT 功率的 0.20 %" in chinese
    assert "Horinger 和林格尔：重放中缺电 0.3 kWh，历时 1 小时，属舍入误差：单步最多为设施功率的 0.10 %" in chinese


def test_the_check_is_in_chinese_wholly(plans: tuple[Plan, Plan], published) -> None:
    """Every law that holds a real plan has its name, its sentence and its unit in Chinese."""
    told = published.read("summary.json")["verification"]
    view = make_view(plans[0].data, NODES, "zh")
    for row, check in zip(check_rows({"verification": told}, view), told["checks"], strict=True):
        assert re.search(r"[\u4e00-\u9fff]|PUE", row.name) and row.law_lang == "zh-CN", check["name"]
        assert re.search(r"[\u4e00-\u9fff]", row.law), check["name"]
        assert not re.search(r"\b(faults|values|steps|jobs|relative)\b", row.unit), row.unit
        assert not re.match(r"(job|most|green|grey) ", row.where), row.where
    assert set(LAWS_ZH) == set(CHECKS_ZH)
    english = check_rows({"verification": told}, make_view(plans[0].data, NODES, "en"))
    assert [row.law for row in english] == [check["law"] for check in told["checks"]]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["missed by 1.1 pp", "When replayed: 38.9\u00a0%", "its replay hour by hour does not: 38.9\u00a0%"]),
        ("zh", ["差 1.1 个百分点", "重放后：38.9\u00a0%", "逐时重放未达到：38.9\u00a0%"]),
    ],
)
def test_a_target_that_the_replay_alone_misses_says_what_it_reaches(plans, lang, words):
    summary = made_summary()
    missed = {"target": 0.4, "value": 0.412, "value_plant": 0.389, "met": False, "missed_by": 0.011}
    summary["targets"]["renewable_share"] = missed
    seen = page(plans, summary=summary, lang=lang)
    assert [word for word in words if word not in seen] == []
    summary["targets"]["renewable_share"] = missed | {"value": 0.389}
    assert words[1] not in page(plans, summary=summary, lang=lang)
