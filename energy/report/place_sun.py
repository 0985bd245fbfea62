"""Charts of the radiation against the sun: clearness, and the clock it is stamped by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.place_data import PlaceData
from energy.report.place_figures import COLOURS, HEIGHT, SEASON_COLOURS, hour_axis, month_form
from energy.report.view import Panel, Table, number
from weather.conventions import flags

LEAST_DAYS = 3
"""Whole days from which the mean course of clear days is drawn."""

_CLEAREST = 0.1
_LEAST_SENT = 20.0  # W/m2, mean of a day outside the atmosphere: of less (polar winter) a ratio says nothing
_BIN, _MOST_KT = 0.1, 1.5  # above, as wrong units or clocks make, a day counts in the last class
_REACH_H = 3.0  # of the closure curve, both ways


def daily_clearness(data: PlaceData) -> tuple[np.ndarray, np.ndarray]:
    """Whole days and the clearness of each: radiation over what the sun sends outside the atmosphere."""
    days, index = data.days()
    sent = data.sent[index].sum(axis=1)
    got = data.values["ghi"][index].sum(axis=1)
    lit = sent > _LEAST_SENT * data.per_day
    return days[lit], got[lit] / sent[lit]


def clearness_shares(data: PlaceData) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Edges of the classes of clearness, and the share of each season's days in them [%]."""
    days, kt = daily_clearness(data)
    season = data.season(days.astype("datetime64[M]").astype(int) % 12 + 1)
    kt = np.minimum(kt, _MOST_KT)
    edges = _BIN * np.arange(max(round(1.0 / _BIN), math.ceil(kt.max() / _BIN - 1e-9)) + 1)
    return edges, {
        int(which): 100.0 * np.histogram(kt[season == which], edges)[0] / (season == which).sum()
        for which in np.unique(season)
    }


def bin_name(edges: np.ndarray, which: int) -> str:
    """A class by its edges."""
    return f"{edges[which]:.1f}–{edges[which + 1]:.1f}"


def clearness(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Panel]:
    """How often how clear, by season; and the clearness of every day."""
    days, kt = daily_clearness(data)
    edges, by_season = clearness_shares(data)
    shares = go.Figure()
    for which, column in by_season.items():
        shares.add_bar(
            x=[bin_name(edges, i) for i in range(column.size)],
            y=style.rounded(column, 2),
            name=t[f"season_{which}"],
            marker={"color": SEASON_COLOURS[which]},
            hovertemplate="%{y:.1f} %",
        )
    shares.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            barmode="group",
            bargap=0.25,
            xaxis=style.axis(type="category", showgrid=False, title=style.axis_title(t["kt_axis"])),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            annotations=[style.panel_note("%", 1.0)],
        )
    )
    return [
        panel("kt-share", t["kt_hist"], t["kt_hist"], shares, print_height=230),
        _every_day(days, kt, data, t, lang),
    ]


def _every_day(days: np.ndarray, kt: np.ndarray, data: PlaceData, t: Mapping[str, str], lang: str) -> Panel:
    figure = go.Figure(
        go.Scatter(
            x=[str(day) for day in days],
            y=style.rounded(kt, 3),
            name=t["kt_day"],
            mode="markers",
            marker={"size": 4, "color": COLOURS["ghi"], "opacity": 0.7},
            hovertemplate="%{y:.2f}",
        )
    )
    window = min(31, kt.size)
    mean = np.convolve(kt, np.ones(window) / window, mode="valid")
    figure.add_scatter(
        x=[str(day) for day in days[window // 2 : window // 2 + mean.size]],
        y=style.rounded(mean, 3),
        name=t["kt_mean"],
        mode="lines",
        line={"color": style.INK, "width": 2},
        hovertemplate="%{y:.2f}",
    )
    several = days[-1] - days[0] > np.timedelta64(400, "D")
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            xaxis=style.axis(
                type="date", nticks=8, tickformat="%Y-%m" if several else month_form(data, lang), showgrid=False
            ),
            yaxis=style.axis(range=[0, round(max(1.0, min(float(kt.max()), _MOST_KT) * 1.03), 2)], nticks=6),
            annotations=[style.panel_note(t["ratio"], 1.0)],
        )
    )
    return panel("kt-days", t["kt_year"], t["kt_year"], figure, print_height=230)


@dataclass(frozen=True, slots=True)
class ClearCourse:
    """Mean course of the clearest days: ghi by interval, clear sky by piece of the sun's grid, both [W/m2] with one
    energy; how many days, and their share of clear sky."""

    ghi: np.ndarray
    sky: np.ndarray
    days: int
    level: float


def clear_course(data: PlaceData) -> ClearCourse | None:
    """The clearest tenth of each month's days, one at least; None where there are too few whole days, or no sun."""
    days, index = data.days()
    if days.size < LEAST_DAYS:
        return None
    got, sky = data.values["ghi"][index].sum(axis=1), data.clear[index].sum(axis=1)
    level = np.where(sky > 0.0, got / np.maximum(sky, 1e-9), 0.0)
    month = days.astype("datetime64[M]").astype(int) % 12
    chosen: list[int] = []
    for which in np.unique(month):
        rows = np.flatnonzero((month == which) & (level > 0.0))
        chosen += list(rows[np.argsort(-level[rows], kind="stable")][: max(1, int(_CLEAREST * rows.size))])
    if not chosen:
        return None
    rows = index[np.sort(chosen)]
    ghi = data.values["ghi"][rows].mean(axis=0)
    fine = data.pieces[rows].mean(axis=0)
    share = float(ghi.sum() / fine.mean(axis=1).sum())
    return ClearCourse(ghi, share * fine.ravel(), len(chosen), share)


def clock(data: PlaceData, course: ClearCourse, t: Mapping[str, str]) -> list[Panel]:
    """The clear days against clear sky, and the closure of the parts by shift: a wrong label is seen."""
    panels = [_course(data, course, t)]
    curve = closure_curve(data)
    if curve is not None:
        panels.append(_closure(data, curve, t))
    return panels


def _course(data: PlaceData, course: ClearCourse, t: Mapping[str, str]) -> Panel:
    edges = np.arange(course.ghi.size + 1) * data.step_h
    figure = go.Figure(
        go.Scatter(
            x=style.rounded(edges, 3),
            y=style.rounded(np.append(course.ghi, course.ghi[-1]), 1),
            name=t["as_stamped"],
            mode="lines",
            line={"color": COLOURS["ghi"], "width": 1.5, "shape": "hv"},
            fill="tozeroy",
            fillcolor="rgba(217,138,0,0.25)",
            hovertemplate="%{y:.0f} W/m²",
        )
    )
    hours = (np.arange(course.sky.size) + 0.5) * 24.0 / course.sky.size
    figure.add_scatter(
        x=style.rounded(hours, 3),
        y=style.rounded(course.sky, 1),
        name=t["clear_sky"],
        mode="lines",
        line={"color": style.INK, "width": 2.2},
        hovertemplate="%{y:.0f} W/m²",
    )
    shift = data.facts.shift
    if shift is not None and shift.found:
        figure.add_scatter(
            x=style.rounded(hours - shift.hours, 3),
            y=style.rounded(course.sky, 1),
            name=moved_name(shift.hours, t),
            mode="lines",
            line={"color": style.WARN, "width": 1.8, "dash": "dash"},
            hovertemplate="%{y:.0f} W/m²",
        )
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            xaxis=hour_axis(title=style.axis_title(t["hour_axis"].format(clock=data.offset_text))),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            annotations=[style.panel_note("W/m²", 1.0)],
        )
    )
    return panel("clock-days", t["clock_days"], t["clock_days"], figure, print_height=230)


def moved_name(hours: float, t: Mapping[str, str]) -> str:
    """Clear sky as a clock that is wrong by `hours` would stamp it."""
    return t["clear_moved"].format(hours=f"{abs(hours):g}", way=t["early"] if hours > 0 else t["late"])


def closure_curve(data: PlaceData) -> tuple[np.ndarray, np.ndarray] | None:
    """Shifts [h] and the closure of the three parts at each [W/m2]; None where a part is computed from the others."""
    weather, sun = data.weather, data.sun
    for name in ("ghi", "dni", "dhi"):
        flag = weather.get(f"{flags.PREFIX}{name}")
        if flag is not None and ((flag.values & flags.DERIVED) > 0).all():
            return None
    left = weather["dhi"].values - weather["ghi"].values
    reach = int(_REACH_H / sun.hours(1))
    pieces = np.arange(-reach, reach + 1)
    found = []
    for shift in pieces:
        up = sun.over(np.maximum(sun.cos_zenith, 0.0), shift=int(shift))
        lit = (up > 0.0) | (left < 0.0)
        found.append(np.sqrt(np.mean((weather["dni"].values[lit] * up[lit] + left[lit]) ** 2)) if lit.any() else np.nan)
    return sun.hours(1) * pieces, np.array(found)


def _closure(data: PlaceData, curve: tuple[np.ndarray, np.ndarray], t: Mapping[str, str]) -> Panel:
    hours, rmse = curve
    figure = go.Figure(
        go.Scatter(
            x=style.rounded(hours, 3),
            y=style.rounded(rmse, 2),
            name=t["c_rmse"],
            mode="lines+markers",
            line={"color": COLOURS["dni"], "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.1f} W/m²",
        )
    )
    shift = data.facts.shift
    shapes, notes = [_upright(0.0, style.INK)], [_note(t["as_stamped"], 0.0, 1.0)]
    if shift is not None and shift.found:
        shapes.append(_upright(shift.hours, style.WARN, "dash"))
        notes.append(_note(t["best_shift"].format(hours=f"{shift.hours:+g}"), shift.hours, 0.9))
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            xaxis=style.axis(
                range=[-_REACH_H, _REACH_H], dtick=1, title=style.axis_title(t["shift_axis"]), tickformat="+"
            ),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            shapes=shapes,
            annotations=[style.panel_note("W/m²", 1.0), *notes],
        )
    )
    return panel("clock-closure", t["clock_closure"], t["clock_closure"], figure, print_height=230)


def _upright(x: float, colour: str, dash: str = "solid") -> dict:
    line = {"color": colour, "width": 1.2, "dash": dash}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line}


def _note(text: str, x: float, y: float) -> dict:
    return {
        "text": text,
        "xref": "x",
        "yref": "paper",
        "x": x,
        "y": y,
        "xanchor": "left",
        "yanchor": "top",
        "xshift": 5,
        "showarrow": False,
        "font": {"size": 11, "color": style.MUTED},
        "bgcolor": "rgba(255,255,255,0.8)",
    }


def clock_table(data: PlaceData, t: Mapping[str, str]) -> Table | None:
    """The closure by shift in figures."""
    curve = closure_curve(data)
    if curve is None:
        return None
    rows = tuple((number(hours, 2), number(rmse, 1)) for hours, rmse in zip(*curve, strict=True))
    return Table("clock", (t["c_shift"], t["c_rmse"]), rows)
