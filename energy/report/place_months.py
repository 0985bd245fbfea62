"""Charts of a long window by month, by day where it is too short for months, and by year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.place_data import PlaceData, mean_by
from energy.report.place_figures import COLOURS, HEIGHT, day_form
from energy.report.view import Panel
from energy.weather_facts import YEAR_H
from weather.conventions.variables import RADIATION

_MOST_MONTHS = 13  # more, and they are averaged by calendar month
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_groups(data: PlaceData) -> tuple[list[str], np.ndarray, bool]:
    """Names of the months shown (as "2026-07", or "07" where several years are averaged; days of a window too short for
    months, as "2026-07-15"), the group of each interval, and whether years are averaged."""
    if data.by_day:
        days, group = np.unique(data.stamps.astype("datetime64[D]"), return_inverse=True)
        return [str(day) for day in days], group, False
    months = data.stamps.astype("datetime64[M]")
    found, group = np.unique(months, return_inverse=True)
    if data.facts.typical_year or found.size > _MOST_MONTHS:
        return [f"{month:02d}" for month in range(1, 13)], data.month - 1, not data.facts.typical_year
    return [str(month) for month in found], group, False


def group_mean(data: PlaceData, values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Mean in each of the groups of `month_groups`; NaN for a day the window cuts and a month with little."""
    means = mean_by(values, group, groups)
    held = np.bincount(group, minlength=groups)
    least = data.per_day if data.by_day else 0.5 * np.median(held)
    return np.where(held < least, np.nan, means)


def month_label(name: str, lang: str) -> str:
    """A month as the axis shows it.

    >>> month_label("2026-07", "en"), month_label("07", "zh")
    ('Jul 2026', '7月')
    """
    if name.count("-") == 2:
        return name
    year, _, month = name.rpartition("-")
    text = f"{int(month)}月" if lang == "zh" else _MONTHS[int(month) - 1]
    if not year:
        return text
    return f"{year}年{text}" if lang == "zh" else f"{text} {year}"


def months(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Panel]:
    """Energy of a mean day by month, and the temperature beside it."""
    names, group, averaged = month_groups(data)
    labels = axis_labels(names, lang)
    bars = go.Figure()
    for name in RADIATION:
        means = 0.024 * group_mean(data, data.values[name], group, len(names))
        spread = _spread(data, name, means) if averaged and name == "ghi" else {}
        bars.add_bar(
            x=labels,
            y=style.rounded(means, 3),
            name=t[name],
            marker={"color": COLOURS[name]},
            hovertemplate=f"%{{y:.2f}} {t['kwh_day']}",
            **spread,
        )
    bars.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26},
            barmode="group",
            bargap=0.28,
            xaxis=_group_axis(data, lang),
            yaxis=style.axis(rangemode="tozero", nticks=6),
            annotations=[style.panel_note(t["kwh_day"], 1.0)],
        )
    )
    return [
        panel("months", t["energy"], t["months_title"], bars, print_height=230),
        _temperature_months(data, t, lang, labels, group),
    ]


def axis_labels(names: list[str], lang: str) -> list[str]:
    """Labels of months, with the year on the first of each only: twelve years in a row would not fit."""
    if names[0].count("-") == 2:
        return names
    labels = []
    for number, name in enumerate(names):
        year, _, month = name.rpartition("-")
        first = number == 0 or names[number - 1].rpartition("-")[0] != year
        short = month_label(month, lang)
        labels.append(f"{short}<br>{year}" if year and first else short if not year else f"{short}<br> ")
    return labels if len(set(labels)) == len(labels) else [month_label(name, lang) for name in names]


def _group_axis(data: PlaceData, lang: str) -> dict:
    if data.by_day:
        return style.axis(type="date", showgrid=False, nticks=8, tickformat=day_form(lang))
    return style.axis(type="category", showgrid=False)


def _spread(data: PlaceData, name: str, means: np.ndarray) -> dict:
    """Whiskers from the lowest to the highest year of each calendar month."""
    by_year, of = np.unique(data.stamps.astype("datetime64[M]"), return_inverse=True)
    each = 0.024 * mean_by(data.values[name], of, by_year.size)
    calendar = by_year.astype(int) % 12
    low = np.array([each[calendar == month].min() for month in range(12)])
    high = np.array([each[calendar == month].max() for month in range(12)])
    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": style.rounded(high - means),
            "arrayminus": style.rounded(means - low),
            "color": style.INK,
            "thickness": 1,
            "width": 2,
        }
    }


def daily_extremes(data: PlaceData, groups: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean daily minimum and maximum of the temperature in each group of intervals [degC]."""
    _, index = data.days()
    temp = data.values["temp_air"][index]
    group = groups[index[:, data.per_day // 2]]
    return mean_by(temp.min(axis=1), group, count), mean_by(temp.max(axis=1), group, count)


def _temperature_months(
    data: PlaceData, t: Mapping[str, str], lang: str, labels: list[str], group: np.ndarray
) -> Panel:
    low, high = daily_extremes(data, group, len(labels))
    mean = group_mean(data, data.values["temp_air"], group, len(labels))
    figure = go.Figure()
    edge = {"mode": "lines", "line": {"width": 0}, "showlegend": False}
    figure.add_scatter(x=labels, y=style.rounded(low, 2), name=t["c_mean_min"], **edge, hovertemplate="%{y:.1f} °C")
    figure.add_scatter(
        x=labels,
        y=style.rounded(high, 2),
        name=t["c_mean_max"],
        fill="tonexty",
        fillcolor="rgba(179,38,30,0.16)",
        **edge,
        hovertemplate="%{y:.1f} °C",
    )
    figure.add_scatter(
        x=labels,
        y=style.rounded(mean, 2),
        name=t["c_mean_temp"],
        mode="lines+markers",
        line={"color": COLOURS["temp_air"], "width": 2.2},
        hovertemplate="%{y:.1f} °C",
    )
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26},
            xaxis=_group_axis(data, lang),
            yaxis=style.axis(nticks=7),
            annotations=[style.panel_note("°C", 1.0)],
        )
    )
    return panel("months-temp", t["temp_air"], t["temp_air"], figure, print_height=230)


def whole_years(data: PlaceData) -> list[int]:
    """Calendar years the window covers wholly."""
    year = data.stamps.astype("datetime64[Y]").astype(int) + 1970
    found, count = np.unique(year, return_counts=True)
    return [int(y) for y, n in zip(found, count, strict=True) if n * data.step_h >= YEAR_H]


def yearly(data: PlaceData) -> dict[int, tuple[float, float]]:
    """Irradiation [kWh/m2] and mean temperature [degC] of each whole year; nothing where there are not two."""
    shown = whole_years(data)
    if len(shown) < 2 or data.facts.typical_year:
        return {}
    year = data.stamps.astype("datetime64[Y]").astype(int) + 1970
    ghi, temp = data.values["ghi"], data.values["temp_air"]
    return {y: (float(ghi[year == y].sum()) * data.step_h / 1000.0, float(temp[year == y].mean())) for y in shown}


def years(data: PlaceData, t: Mapping[str, str]) -> list[Panel]:
    """Irradiation and mean temperature of each whole year."""
    found = yearly(data)
    shown = list(found)
    panels = []
    for which, (name, unit) in enumerate((("ghi", t["per_year"]), ("temp_air", "°C")) if found else ()):
        means = [pair[which] for pair in found.values()]
        figure = go.Figure(
            go.Scatter(
                x=[str(y) for y in shown],
                y=style.rounded(np.array(means), 2),
                mode="lines+markers",
                name=t[name],
                line={"color": COLOURS[name], "width": 2},
                hovertemplate=f"%{{y:,.1f}} {unit}",
            )
        )
        figure.update_layout(
            style.layout(
                220,
                margin={"t": 26},
                xaxis=style.axis(type="category", showgrid=False, nticks=12),
                yaxis=style.axis(nticks=5, tickformat=","),
                annotations=[style.panel_note(unit, 1.0)],
            )
        )
        panels.append(panel(f"years-{name}", t[name], t["years_title"], figure, print_height=170))
    return panels
