"""Charts of cost: from the baseline to the plan lever by lever, and term by term."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.view import Panel, View, figure_of, number, signed

HEIGHT = 330
LEVERS = ("placement", "setpoint", "battery", "targets")
TERMS = (
    ("t_energy", "cost_energy_cny", 1),
    ("t_demand", "cost_demand_cny", 1),
    ("t_green", "cost_green_cny", 1),
    ("t_carbon", "cost_carbon_cny", 1),
    ("t_wear", "cost_wear_cny", 1),
    ("t_export", "revenue_export_cny", -1),
)
CUT_BELOW = 0.12  # a saving smaller than this share of the cost is not seen on an axis from zero


def waterfall(summary: Mapping, view: View) -> tuple[Panel, bool] | None:
    """Baseline, what each lever saves, what the targets cost, plan [CNY], and whether the axis is cut.

    None without an attribution. The step of the targets is left out where they cost nothing.
    """
    split, t = summary.get("attribution"), view.texts
    start, end = figure_of(summary.get("baseline"), "cost_cny"), figure_of(summary.get("kpis"), "cost_cny")
    if not split or start is None or end is None:
        return None
    changes = {lever: -(figure_of(split, f"{lever}_cny") or 0.0) for lever in LEVERS}
    changes["targets"] = -changes["targets"]  # a cost, not a saving
    if abs(changes["targets"]) < 0.5:
        del changes["targets"]
    names, bases, tops, colours, labels = [t["baseline_short"]], [0.0], [start], [style.BASELINE], [number(start)]
    levels = [start]
    for lever, change in changes.items():
        names.append(t[f"w_{lever}"])
        levels.append(levels[-1] + change)
        bases.append(min(levels[-2:]))
        tops.append(max(levels[-2:]))
        colours.append(style.GREEN if change <= 0 else style.WARN)
        labels.append(signed(change))
    names.append(t["plan"])
    bases.append(0.0)
    tops.append(end)
    colours.append(style.PLAN)
    labels.append(number(end))
    low, high = min([*levels, end]), max([*levels, end])
    cut = high > 0 and (high - low) < CUT_BELOW * high
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[top - base for top, base in zip(tops, bases, strict=True)],
            base=bases,
            marker={"color": colours},
            width=0.62,
            hovertemplate="%{x}: %{customdata}<extra></extra>",
            customdata=[f"{label} {t['unit_cny']}" for label in labels],
        )
    )
    air = high - low if cut else high
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"l": 64, "t": 10, "b": 34},
            hovermode="closest",
            xaxis=style.axis(showgrid=False, tickfont={"size": 12, "color": style.INK}),
            yaxis=style.axis(tickformat=",.0f", range=[low - 0.3 * air if cut else min(0.0, low), high + 0.13 * air]),
            annotations=[_above(x, y, text) for x, y, text in zip(names, tops, labels, strict=True)],
            shapes=[_connector(i, y) for i, y in enumerate(levels)],
        )
    )
    return panel("waterfall", t["fall_heading"], t["cost_title"], figure, print_height=250), cut


def cost_terms(summary: Mapping, view: View) -> Panel | None:
    """Each term of the cost, plan beside baseline [CNY]; terms that are nothing in both are left out."""
    t, rows = view.texts, []
    for label, key, sign in TERMS:
        plan, base = (figure_of(summary.get(part), key) for part in ("kpis", "baseline"))
        if abs(plan or 0.0) >= 0.5 or abs(base or 0.0) >= 0.5:
            rows.append((t[label], sign * (plan or 0.0), sign * (base or 0.0)))
    if not rows:
        return None
    names = [name for name, _, _ in rows]
    figure = go.Figure()
    sides = (
        ("plan", style.PLAN, [now for _, now, _ in rows]),
        ("baseline", style.BASELINE, [before for _, _, before in rows]),
    )
    for label, colour, values in sides:
        figure.add_bar(
            x=names,
            y=[round(value, 2) for value in values],
            name=t[label],
            marker={"color": colour},
            text=[number(value) for value in values],
            textposition="outside",
            textfont={"size": 11, "color": style.INK},
            cliponaxis=False,
            hovertemplate=f"%{{x}}: %{{y:,.0f}} {t['unit_cny']}<extra>{t[label]}</extra>",
        )
    high = max(max(values) for _, _, values in sides)
    low = min(0.0, *(min(values) for _, _, values in sides))
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"l": 64, "t": 10, "b": 34},
            barmode="group",
            bargap=0.3,
            bargroupgap=0.06,
            hovermode="closest",
            xaxis=style.axis(showgrid=False, tickfont={"size": 12, "color": style.INK}),
            yaxis=style.axis(
                tickformat=",.0f", range=[1.15 * low, 1.13 * high or 1.0], zeroline=True, zerolinecolor="#C5CBD4"
            ),
        )
    )
    return panel("terms", t["terms_heading"], t["terms_aid"], figure, print_height=250)


def _above(x: str, y: float, text: str) -> dict:
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "yanchor": "bottom",
        "yshift": 2,
        "font": {"size": 12, "color": style.INK},
    }


def _connector(index: int, y: float) -> dict:
    return {
        "type": "line",
        "x0": index + 0.31,
        "x1": index + 0.69,
        "y0": y,
        "y1": y,
        "line": {"color": style.MUTED, "width": 1},
    }
