"""The report's page: sections in order, one template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from energy.plan import Plan
from energy.report import cards, style, tables
from energy.report.page import Key, Section, lines, render_page
from energy.report.view import NOTHING, View, figure_of, make_view, number, plain


def write_report(
    path: Path | str,
    *,
    plan: Plan,
    baseline: Plan,
    summary: Mapping,
    title: str,
    nodes: Mapping[str, tuple[str, str]],
    lang: str = "en",
) -> None:
    """Write the report of :func:`render_report` to ``path``."""
    text = render_report(plan=plan, baseline=baseline, summary=summary, title=title, nodes=nodes, lang=lang)
    Path(path).write_text(text, encoding="utf-8")


def render_report(
    *,
    plan: Plan,
    baseline: Plan,
    summary: Mapping,
    title: str,
    nodes: Mapping[str, tuple[str, str]],
    lang: str = "en",
) -> str:
    """The report as one HTML text; the same arguments give the same bytes.

    Parameters
    ----------
    plan, baseline
        The plan and first come, first served, on the same nodes and steps.
    summary
        ``summary.json``; any value may be None or absent, and is then shown as a dash or left out.
    title
        Name of the study.
    nodes
        Node id to English and Chinese name.
    lang
        ``en`` or ``zh``.

    Raises
    ------
    ConfigError
        Where ``lang`` is neither.
    """
    view = make_view(plan.data, nodes, lang)
    sections = _sections(plan, baseline, summary, view)
    context = {
        "t": view.texts,
        "view": view,
        "title": title,
        "window": _window(summary, view),
        "badge": cards.badge(summary, view),
        "synthetic": _synthetic(summary, view),
        "headline": cards.headline(summary, view),
        "cards": cards.cards(summary, view),
        "sections": {section.section_id: section for section in sections},
        "comparison": tables.comparison(summary, view),
        "unserved": [
            *((str(job), (summary.get("unserved_reasons") or {}).get(job, NOTHING)) for job in plan.unserved),
            *((str(job), view.texts["expired"]) for job in summary.get("expired") or ()),
        ],
        "warnings": lines(summary.get("warnings")),
        "audit": tables.audit_table(summary, view),
        "audit_notes": tables.audit_notes(summary, view),
        "checks": tables.check_rows(summary, view),
        "stages": tables.stage_table(summary, view),
        "notes": lines(summary.get("notes")),
        "inputs": _inputs(summary, view),
        "seed": _said(summary.get("seed"), view),
        "nothing": NOTHING,
    }
    return render_page("template.html", sections=sections, context=context)


def _sections(plan: Plan, baseline: Plan, summary: Mapping, view: View) -> list[Section]:
    """Every section that has something to show, in reading order."""
    from energy.report import figures

    t = view.texts
    target = figure_of((summary.get("targets") or {}).get("pue"), "target")
    heat = (figures.share_heat(plan, baseline, view),)
    share = Section(
        "share", t["share_title"], t["share_aid"], "wide", heat, (), tables.share_table(plan, baseline, view)
    )
    return [
        Section(
            "supply",
            t["supply_title"],
            t["supply_aid"],
            "wide",
            (figures.supply(plan, baseline, view),),
            _keys(view, SUPPLY_KEYS),
            tables.supply_table(plan, baseline, view),
        ),
        _gantt(plan, baseline, view),
        Section(
            "pue",
            t["pue_title"],
            t["pue_aid"],
            "many",
            tuple(figures.pue_by_node(plan, baseline, view, target=target)),
            _keys(view, PUE_KEYS if target else PUE_KEYS[:-1]),
            tables.pue_table(plan, baseline, view),
        ),
        Section(
            "price",
            t["price_title"],
            t["price_aid"],
            "many",
            tuple(figures.price_by_node(plan, baseline, view)),
            _keys(view, PRICE_KEYS),
            tables.price_table(plan, baseline, view),
        ),
        _money(summary, view),
        share,
        _battery(plan, view),
    ]


SUPPLY_KEYS = (
    ("import", style.SLATE, "area"),
    ("discharge_grey", style.GREY, "area"),
    ("discharge_green", style.GREEN_LIGHT, "area"),
    ("direct", style.GREEN, "area"),
    ("facility", style.INK, "line"),
    ("facility_base", style.INK, "dot"),
    ("available", style.FOREST, "dash"),
)
PUE_KEYS = (
    ("pue", style.PLAN, "line"),
    ("pue_base", style.BASELINE, "line"),
    ("setpoint", style.SETPOINT, "line"),
    ("wet_bulb", style.WET_BULB, "line"),
    ("pue_target", style.WARN, "dash"),
)
PRICE_KEYS = (
    ("import", "rgba(100,116,139,0.45)", "area"),
    ("import_base", style.BASELINE, "dot"),
    ("it", style.PLAN, "line"),
    ("price", style.PRICE, "line"),
)
STOCK_KEYS = (("stock_green", style.GREEN_LIGHT, "area"), ("stock_grey", style.GREY, "area"))
MONEY_KEYS = (("plan", style.PLAN, "area"), ("baseline", style.BASELINE, "area"))


def _keys(view: View, rows: tuple[tuple[str, str, str], ...]) -> tuple[Key, ...]:
    return tuple(Key(view.texts[name], colour, kind) for name, colour, kind in rows)


def _gantt(plan: Plan, baseline: Plan, view: View) -> Section:
    from energy.report.gantt import gantt

    t = view.texts
    segments = (plan.segments, baseline.segments)
    kinds = {str(kind) for table in segments for kind in table["gpu_type"]}
    colours = style.gpu_colours(sorted(kinds))
    keys = [
        Key(style.plain(style.GPU_NAMES.get(kind, kind)), colour, "area")
        for kind, colour in colours.items()
        if kind in kinds
    ]
    if any((table["slack_h"] < -1e-9).any() for table in segments if len(table)):
        keys.append(Key(t["late"], style.LATE, "outline"))
    most = min(len(plan.segments), tables.MOST_JOBS)
    note = t["rows_cut"].format(shown=number(most), all=number(len(plan.segments)))
    return Section(
        "gantt",
        t["gantt_title"],
        t["gantt_aid"],
        "pair",
        tuple(gantt(plan, baseline, view)),
        tuple(keys),
        tables.jobs_table(plan, baseline, view),
        note if most < len(plan.segments) else "",
    )


def _money(summary: Mapping, view: View) -> Section:
    from energy.report.money import cost_terms, waterfall

    t = view.texts
    fall, terms = waterfall(summary, view), cost_terms(summary, view)
    panels = [] if fall is None else [fall[0]]
    panels += [] if terms is None else [terms]
    aid = t["terms_aid"] if fall is None else t["cost_aid"]
    if any(figure_of(summary.get(part), "cost_demand_cny") for part in ("kpis", "baseline")):
        aid = f"{aid} {t['demand_note']}"
    if fall is not None and fall[1]:
        aid = f"{aid} {t['cut_axis']}"
    return Section("money", t["cost_title"], aid, "pair", tuple(panels), _keys(view, MONEY_KEYS), None)


def _battery(plan: Plan, view: View) -> Section:
    from energy.report.figures import battery_by_node

    t, panels = view.texts, tuple(battery_by_node(plan, view))
    table = tables.battery_table(plan, view) if panels else None
    aid = t["battery_aid"] if panels else t["no_battery"]
    return Section("battery", t["battery_title"], aid, "many", panels, _keys(view, STOCK_KEYS) if panels else (), table)


def _window(summary: Mapping, view: View) -> tuple[str, str]:
    t = view.texts
    start, end = view.edges[0], view.edges[-1]
    hours = view.step_h * len(view.stamps)
    return (
        t["window"].format(start=start, end=end),
        t["window_steps"].format(hours=f"{hours:g}", step=f"{view.step_h:g}"),
    )


def _synthetic(summary: Mapping, view: View) -> str:
    """What to say of weather that was made, "" where none was."""
    made = (summary.get("inputs") or {}).get("synthetic_weather") or []
    if not isinstance(made, list) or not made:
        return ""
    every = len(made) == len((summary.get("inputs") or {}).get("weather") or made)
    text = view.texts["synthetic"]
    return text if every else f"{text}: {', '.join(map(plain, made))}"


def _inputs(summary: Mapping, view: View) -> list[tuple[str, str]]:
    """Hashes and weather sources as pairs."""
    pairs = []
    for key, value in (summary.get("inputs") or {}).items():
        name = view.texts.get(f"i_{key}", str(key))
        if isinstance(value, Mapping):
            pairs += [(f"{name} · {part}", _said(item, view)) for part, item in value.items()]
        else:
            pairs.append((name, _said(value, view)))
    return pairs


def _said(value: object, view: View) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{view.texts.get(f'i_{key}', key)}: {_said(item, view)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    if isinstance(value, bool):
        return view.texts["yes" if value else "no"]
    return NOTHING if value is None else str(value)
