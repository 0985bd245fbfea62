"""Charts of the wind: speeds with their Weibull distribution, where it blows from, how often how strongly."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.place_data import PlaceData
from energy.report.place_figures import COLOURS, HEIGHT, exceedance
from energy.report.view import Panel, Table, number
from energy.weather_facts import YEAR_H

CALM_M_S = 0.5  # below, a vane does not tell a direction (WMO-No. 8, 5.1: starting threshold of 0.5 m/s)
_CLASSES = (2.0, 4.0, 6.0, 8.0, 12.0, math.inf)  # upper edges of the rose's speeds [m/s]
_CLASS_COLOURS = ("#CFE6DB", "#9CCFB8", "#5FB391", "#1E8E63", "#0B5C3B", "#06281B")


def speed_bins(speed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges [m/s] and share of the hours in each bin [%]; bins of 1 m/s around whole numbers, half a one for calms.

    Stations round to whole m/s, or to tenths from whole knots: an edge on a whole number would split them unevenly.
    """
    edges = np.concatenate([[0.0], np.arange(0.5, math.floor(float(speed.max()) + 0.5) + 1.0)])
    counts, _ = np.histogram(speed, edges)
    return edges, 100.0 * counts / speed.size


def weibull_shares(data: PlaceData, edges: np.ndarray) -> np.ndarray | None:
    """Share of the hours the fitted distribution puts between edges [%], calms apart; None where there is no fit."""
    shape, scale = (data.facts.figures[f"wind_speed_weibull_{name}"] for name in ("k", "a_m_s"))
    if not math.isfinite(shape):
        return None
    below = 1.0 - np.exp(-((edges / scale) ** shape))
    return 100.0 * (1.0 - calm_share(data)) * np.diff(below)


def calm_share(data: PlaceData) -> float:
    """Share of the hours without any wind, which the fit leaves out."""
    return float((data.values["wind_speed"] == 0.0).mean())


def wind(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Panel]:
    """The distribution of speeds, and the rose or, without directions, the duration curve."""
    second = _rose(data, t, lang) if "wind_direction" in data.values else _curve(data, t)
    return [_histogram(data, t), second]


def _histogram(data: PlaceData, t: Mapping[str, str]) -> Panel:
    edges, shares = speed_bins(data.values["wind_speed"])
    middle, widths = (edges[:-1] + edges[1:]) / 2.0, np.diff(edges)
    figure = go.Figure(
        go.Bar(
            x=style.rounded(middle, 2),
            y=style.rounded(shares / widths, 3),
            name=t["measured"],
            width=style.rounded(0.94 * widths),
            marker={"color": COLOURS["wind_speed"], "opacity": 0.65},
            hovertemplate=f"%{{y:.1f}} {t['per_speed']}",
        )
    )
    fine = np.linspace(0.0, edges[-1], 161)
    fit = weibull_shares(data, fine)
    if fit is not None:
        density = fit / (fine[1] - fine[0])
        figure.add_scatter(
            x=style.rounded((fine[:-1] + fine[1:]) / 2.0, 3),
            y=style.rounded(density, 3),
            name=t["weibull"],
            mode="lines",
            line={"color": style.INK, "width": 2},
            hovertemplate=f"%{{y:.1f}} {t['per_speed']}",
        )
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            bargap=0.0,
            xaxis=style.axis(
                range=[0, float(edges[-1])], showgrid=False, nticks=12, title=style.axis_title(t["speed_axis"])
            ),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            annotations=[style.panel_note(t["per_speed"], 1.0)],
        )
    )
    return panel("wind-speed", t["wind_hist"], t["wind_hist"], figure, print_height=230)


def rose_sectors(direction: np.ndarray) -> int:
    """How many sectors count a file's directions evenly: 16 for compass points, else 12, which tens of degrees fit.

    Told by the points no ten is near, as 22.5 degrees: by chance 16 of 360 whole degrees, twice that is no chance.

    >>> rose_sectors(np.array([0.0, 22.0, 45.0, 338.0])), rose_sectors(np.arange(0.0, 360.0, 10.0))
    (16, 12)
    """
    halves = (direction - 22.5) / 45.0
    at_point = np.abs(halves - np.rint(halves)) * 45.0 <= 0.51
    return 16 if at_point.mean() > 2 * 16 / 360 else 12


def rose_shares(data: PlaceData) -> np.ndarray:
    """Share of all hours by class of speed and sector, calms left out, shape (class, sector) [%]."""
    speed, direction = data.values["wind_speed"], data.values["wind_direction"]
    blows = speed >= CALM_M_S
    sectors = rose_sectors(direction[blows])
    sector = np.rint(direction[blows] / (360.0 / sectors)).astype(int) % sectors
    of_class = np.searchsorted(np.array(_CLASSES), speed[blows], side="right")
    counts = np.bincount(of_class * sectors + sector, minlength=len(_CLASSES) * sectors)
    return 100.0 * counts.reshape(len(_CLASSES), sectors) / speed.size


def _rose(data: PlaceData, t: Mapping[str, str], lang: str) -> Panel:
    names = ("北", "东", "南", "西") if lang == "zh" else ("N", "E", "S", "W")
    figure = go.Figure()
    for number_, shares in enumerate(rose_shares(data)):
        if shares.any():
            figure.add_barpolar(
                r=style.rounded(shares, 3),
                theta=[360.0 / shares.size * sector for sector in range(shares.size)],
                width=[360.0 / shares.size * 0.92] * shares.size,
                name=f"{_class_name(number_)} m/s",
                marker={"color": _CLASS_COLOURS[number_]},
                hovertemplate="%{theta:.0f}°: %{r:.1f} %",
            )
    ticks = {"tickfont": {"size": 11, "color": style.MUTED}, "gridcolor": style.GRID, "linecolor": style.GRID}
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"l": 30, "r": 120, "t": 24, "b": 24},
            hovermode="closest",
            showlegend=True,
            legend={"x": 1.06, "y": 1.0, "font": {"size": 11}, "traceorder": "reversed"},
            polar={
                "bgcolor": "rgba(0,0,0,0)",
                "angularaxis": {
                    "direction": "clockwise",
                    "rotation": 90,
                    "tickvals": [0, 90, 180, 270],
                    "ticktext": list(names),
                    **ticks,
                },
                "radialaxis": {"ticksuffix": " %", "nticks": 4, "angle": 45, "tickangle": 45, **ticks},
            },
        )
    )
    return panel("wind-rose", t["wind_rose"], t["wind_rose"], figure, print_height=230)


def _class_name(number_: int) -> str:
    low = CALM_M_S if number_ == 0 else _CLASSES[number_ - 1]
    high = _CLASSES[number_]
    return f"≥ {low:g}" if math.isinf(high) else f"{low:g}–{high:g}"


def _curve(data: PlaceData, t: Mapping[str, str]) -> Panel:
    total = min(data.hours, YEAR_H)
    x, y = exceedance(data.values["wind_speed"], total)
    figure = go.Figure(
        go.Scatter(
            x=x,
            y=y,
            name=t["wind_at"].format(height="10"),
            mode="lines",
            line={"color": COLOURS["wind_speed"], "width": 2},
            hovertemplate="%{y:.1f} m/s",
        )
    )
    hours = t["hours_year_axis"] if data.hours >= YEAR_H else t["hours_axis"]
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            xaxis=style.axis(range=[0, round(total, 1)], nticks=10, tickformat=",", title=style.axis_title(hours)),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            annotations=[style.panel_note("m/s", 1.0)],
        )
    )
    return panel("wind-curve", t["wind_curve"], t["wind_curve"], figure, print_height=230)


def wind_table(data: PlaceData, t: Mapping[str, str]) -> Table:
    """The distribution of speeds in figures."""
    edges, shares = speed_bins(data.values["wind_speed"])
    fit = weibull_shares(data, edges)
    above = 100.0 - np.cumsum(shares) + shares
    total = min(data.hours, YEAR_H)
    rows = tuple(
        (
            f"{edges[i]:g}–{edges[i + 1]:g}",
            number(shares[i], 2),
            number(None if fit is None else fit[i], 2),
            number(above[i] / 100.0 * total),
        )
        for i in range(shares.size)
    )
    return Table("wind", (t["c_speed"], t["c_share"], t["c_fit"], t["c_exceeded"]), rows)
