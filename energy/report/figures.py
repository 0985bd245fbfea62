"""Charts over time: supply and load, PUE and setpoints, import and price, renewable share, batteries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from energy.plan import Plan
from energy.report import style
from energy.report.view import Panel, View

FLEET_HEIGHT = 380
NODE_HEIGHT = 330
UPPER, LOWER = (0.47, 1.0), (0.0, 0.36)  # a node's two panels share one time axis


def supply(plan: Plan, baseline: Plan, view: View) -> Panel:
    """Sources of the fleet's power stacked against what the facilities draw [kW]."""
    data, t = plan.data.sum("node"), view.texts
    figure = go.Figure()
    for name, variable, colour in (
        ("direct", "renewable_direct_kw", style.GREEN),
        ("discharge_green", "discharge_green_kw", style.GREEN_LIGHT),
        ("discharge_grey", "discharge_grey_kw", style.GREY),
        ("import", "import_kw", style.SLATE),
    ):
        figure.add_scatter(
            **steps(data[variable].values, view),
            name=t[name],
            stackgroup="supply",
            line={"width": 0, "shape": "hv"},
            fillcolor=colour,
            hovertemplate="%{y:,.0f} kW",
        )
    available = (data["pv_kw"] + data["wind_kw"]).values
    figure.add_scatter(**line(available, view, t["available"], style.FOREST, dash="dash", hover="%{y:,.0f} kW"))
    base = baseline.data["facility_kw"].sum("node").values
    figure.add_scatter(**line(base, view, t["facility_base"], style.INK, dash="dot", width=1.2, hover="%{y:,.0f} kW"))
    figure.add_scatter(
        **line(data["facility_kw"].values, view, t["facility"], style.INK, width=2.2, hover="%{y:,.0f} kW")
    )
    figure.update_layout(
        style.layout(
            FLEET_HEIGHT,
            xaxis=style.time_axis(view.edges, view.lang),
            yaxis=style.axis(rangemode="tozero", tickformat=",.0f", ticksuffix=""),
            shapes=style.midnights(view.edges),
        )
    )
    return panel("supply", "", t["supply_title"], figure, print_height=250)


def pue_by_node(plan: Plan, baseline: Plan, view: View, *, target: float | None) -> list[Panel]:
    """Each node's PUE above, its setpoint and the wet bulb below, on scales shared by all nodes."""
    t = view.texts
    pues = [plan.data["pue"].values, baseline.data["pue"].values, *([np.array([target])] if target else [])]
    pue_range = span(pues, floor=1.0)
    degrees = span([plan.data["setpoint_degc"].values, plan.data["wet_bulb_degc"].values])
    panels: list[Panel] = []
    for node, name in view.names.items():
        data, base = plan.data.sel(node=node), baseline.data.sel(node=node)
        figure = go.Figure()
        figure.add_scatter(
            **line(base["pue"].values, view, t["pue_base"], style.BASELINE, width=1.4, hover="%{y:.3f}", digits=4)
        )
        figure.add_scatter(**line(data["pue"].values, view, t["pue"], style.PLAN, hover="%{y:.3f}", digits=4))
        figure.add_scatter(
            **line(data["wet_bulb_degc"].values, view, t["wet_bulb"], style.WET_BULB, axis="y2", hover="%{y:.1f} °C")
        )
        figure.add_scatter(
            **line(data["setpoint_degc"].values, view, t["setpoint"], style.SETPOINT, axis="y2", hover="%{y:.1f} °C")
        )
        shapes = style.midnights(view.edges)
        if target:
            shapes.append(level(target))
        figure.update_layout(
            two_panels(view, shapes, (t["pue"], "°C"), yaxis={"range": pue_range, "tickformat": ".2f"}, lower=degrees)
        )
        panels.append(panel(f"pue-{len(panels)}", name, f"{t['pue_title']}: {name}", figure, print_height=235))
    return panels


def price_by_node(plan: Plan, baseline: Plan, view: View) -> list[Panel]:
    """Each node's import and IT load above, its price below."""
    t = view.texts
    powers = [plan.data["import_kw"].values, plan.data["it_kw"].values, baseline.data["import_kw"].values]
    top = [0.0, span([*powers, np.zeros(1)])[1]]
    prices = span([plan.data["price_cny_per_kwh"].values, np.zeros(1)])
    panels: list[Panel] = []
    for node, name in view.names.items():
        data, base = plan.data.sel(node=node), baseline.data.sel(node=node)
        figure = go.Figure()
        bought = line(data["import_kw"].values, view, t["import"], style.SLATE, width=0.8, hover="%{y:,.0f} kW")
        figure.add_scatter(**bought, fill="tozeroy", fillcolor="rgba(100,116,139,0.45)")
        figure.add_scatter(
            **line(
                base["import_kw"].values,
                view,
                t["import_base"],
                style.BASELINE,
                dash="dot",
                width=1.4,
                hover="%{y:,.0f} kW",
            )
        )
        figure.add_scatter(**line(data["it_kw"].values, view, t["it"], style.PLAN, hover="%{y:,.0f} kW"))
        price = data["price_cny_per_kwh"].values
        figure.add_scatter(
            **line(price, view, t["price"], style.PRICE, axis="y2", hover=f"%{{y:.4f}} {t['unit_price']}", digits=5)
        )
        figure.update_layout(
            two_panels(
                view,
                style.midnights(view.edges),
                ("kW", t["unit_price"]),
                yaxis={"range": top, "tickformat": ",.0f"},
                lower=prices,
            )
        )
        panels.append(panel(f"price-{len(panels)}", name, f"{t['price_title']}: {name}", figure, print_height=235))
    return panels


def share_heat(plan: Plan, baseline: Plan, view: View) -> Panel:
    """Renewable share by day and hour: fleet and baseline, and every node where the window is short [%]."""
    t = view.texts
    days = sorted({stamp[:10] for stamp in view.stamps})
    hours = sorted({int(stamp[11:13]) for stamp in view.stamps})
    every_node = len(days) * len(view.names) <= 40
    sources: list[tuple[str, xr.Dataset]] = [
        (f"{t['fleet']}, {t['baseline_short']}", baseline.data.sum("node")),
        (f"{t['fleet']}, {t['plan']}", plan.data.sum("node")),
    ]
    if every_node:
        sources += [(name, plan.data.sel(node=node)) for node, name in view.names.items()]
    labels, rows = [], []
    for name, data in sources:
        for day in days:
            labels.append(f"{name} · {day[5:]}")
            rows.append(_hourly_share(data, view, day, hours))
    figure = go.Figure(
        go.Heatmap(
            z=rows,
            x=[f"{hour:02d}" for hour in hours],
            y=labels,
            zmin=0,
            zmax=100,
            colorscale=[list(stop) for stop in style.SHARE_SCALE],
            texttemplate="%{z:.0f}",
            textfont={"size": 10, "color": style.INK},
            xgap=1,
            ygap=1,
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{y}, %{x}:00 UTC+8: %{z:.1f} %<extra></extra>",
        )
    )
    groups = [len(days) * i - 0.5 for i in range(1, len(sources))]
    figure.update_layout(
        style.layout(
            56 + 22 * len(labels),
            margin={"l": 176, "t": 8, "b": 34},
            hovermode="closest",
            xaxis=style.axis(type="category", showgrid=False),
            yaxis=style.axis(autorange="reversed", type="category", showgrid=False, automargin=True),
            shapes=[
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": y,
                    "y1": y,
                    "line": {"color": "#fff", "width": 5},
                }
                for y in groups
            ],
        )
    )
    return panel("share", "", t["share_title"], figure, print_height=min(330, 56 + 22 * len(labels)))


def _hourly_share(data: xr.Dataset, view: View, day: str, hours: Sequence[int]) -> list[float | None]:
    green = (data["renewable_direct_kw"] + data["discharge_green_kw"]).values
    facility = data["facility_kw"].values
    row: list[float | None] = []
    for hour in hours:
        inside = [i for i, stamp in enumerate(view.stamps) if stamp[:10] == day and int(stamp[11:13]) == hour]
        drawn = facility[inside].sum()
        row.append(round(float(100 * green[inside].sum() / drawn), 2) if drawn > 0 else None)
    return row


def battery_by_node(plan: Plan, view: View) -> list[Panel]:
    """Green and grey stock of every node whose battery holds energy [kWh]."""
    t, stocks = view.texts, plan.data["stock_green_kwh"] + plan.data["stock_grey_kwh"]
    top = [0.0, span([stocks.values, np.zeros(1)])[1]]
    panels: list[Panel] = []
    for node, name in view.names.items():
        if float(stocks.sel(node=node).max()) <= 0:
            continue
        figure = go.Figure()
        for label, variable, colour in (
            ("stock_green", "stock_green_kwh", style.GREEN_LIGHT),
            ("stock_grey", "stock_grey_kwh", style.GREY),
        ):
            figure.add_scatter(
                x=list(view.edges[1:]),
                y=style.rounded(plan.data[variable].sel(node=node).values, 2),
                name=t[label],
                mode="lines",
                stackgroup="stock",
                line={"width": 0.8, "color": colour},
                fillcolor=colour,
                hovertemplate="%{y:,.0f} kWh",
            )
        figure.update_layout(
            style.layout(
                210,
                xaxis=style.time_axis(view.edges, view.lang, narrow=True),
                yaxis=style.axis(range=top, tickformat=",.0f", nticks=5),
                shapes=style.midnights(view.edges),
            )
        )
        panels.append(panel(f"battery-{len(panels)}", name, f"{t['battery_title']}: {name}", figure, print_height=165))
    return panels


def steps(values: np.ndarray, view: View, digits: int = 2) -> dict:
    """Interval means drawn as steps: the last value reaches to the window's end."""
    y = style.rounded(values, digits)
    return {"x": list(view.edges), "y": [*y, y[-1]], "mode": "lines"}


def line(
    values: np.ndarray,
    view: View,
    name: str,
    colour: str,
    *,
    hover: str,
    dash: str = "solid",
    width: float = 1.8,
    axis: str = "y",
    digits: int = 2,
) -> dict:
    """A stepped line of interval means."""
    return {
        **steps(values, view, digits),
        "name": name,
        "line": {"color": colour, "width": width, "dash": dash, "shape": "hv"},
        "yaxis": axis,
        "hovertemplate": hover,
    }


def two_panels(view: View, shapes: list[dict], units: tuple[str, str], *, yaxis: dict, lower: Sequence[float]) -> dict:
    """Layout of a node's two panels, one above the other on one time axis."""
    return style.layout(
        NODE_HEIGHT,
        margin={"l": 46, "r": 8, "t": 22},
        xaxis=style.time_axis(view.edges, view.lang, narrow=True, anchor="y2"),
        yaxis=style.axis(domain=list(UPPER), nticks=6, **yaxis),
        yaxis2=style.axis(domain=list(LOWER), nticks=4, range=list(lower)),
        shapes=shapes,
        annotations=[style.panel_note(units[0], UPPER[1]), style.panel_note(units[1], LOWER[1])],
    )


def level(value: float) -> dict:
    """A target as a dashed level across the upper panel."""
    return {
        "type": "line",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"color": style.WARN, "width": 1, "dash": "dash"},
    }


def span(arrays: Sequence[np.ndarray], floor: float | None = None) -> list[float]:
    """A range around all finite values with a little air, beginning at ``floor`` where given."""
    values = np.concatenate([np.ravel(np.asarray(a, dtype=float)) for a in arrays])
    values = values[np.isfinite(values)]
    if not values.size:
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    air = 0.06 * (high - low) or 0.5
    low = min(low, floor) if floor is not None else low - air
    return [round(low, 4), round(high + air, 4)]


def panel(panel_id: str, heading: str, said: str, figure: go.Figure, *, print_height: int) -> Panel:
    """A figure as plain data, its element named, so that the same plan gives the same bytes."""
    return Panel(f"chart-{panel_id}", heading, said, figure.to_plotly_json(), print_height)
