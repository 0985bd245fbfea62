"""Charts of a long window: months, years, every day and hour, durations, the mean day."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.place_data import SEASONS, PlaceData, mean_by
from energy.report.view import Panel
from energy.weather_facts import FREE_COOLING_DEGC, YEAR_H
from weather.conventions.variables import RADIATION, VARIABLES, WINDS

# Okabe and Ito (2008), told apart by colour-blind readers; every quantity keeps its colour over the page
COLOURS: Mapping[str, str] = {
    "ghi": "#D98A00",
    "dni": "#A63A0A",
    "dhi": "#7FB5D5",
    "temp_air": "#B3261E",
    "wet_bulb": style.WET_BULB,
    "temp_dew": "#0B5A94",
    "relative_humidity": "#0B5A94",
    "wind_speed": style.GREEN,
}
SEASON_COLOURS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7")
SUN_SCALE = ((0.0, "#EEF1F4"), (0.08, "#FBE9C6"), (0.35, "#F5BE5B"), (0.65, "#E07B1F"), (1.0, "#7E2509"))
HEAT_SCALE = ((0.0, "#1F4E8C"), (0.3, "#9CC3E0"), (0.5, "#F7F3D6"), (0.75, "#F0A04B"), (1.0, "#9C1C17"))
HEIGHT = 300
DAY_UNITS: Mapping[str, str] = {"ghi": "W/m²", "temp_air": "°C", "wind_speed": "m/s"}
"""What a mean day is drawn of, with its unit."""

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
    """Mean in each of the groups of `month_groups`; NaN for a day the window cuts."""
    means = mean_by(values, group, groups)
    cut = np.bincount(group, minlength=groups) < data.per_day
    return np.where(cut, np.nan, means) if data.by_day else means


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
        return style.axis(type="date", showgrid=False, nticks=8, tickformat=_day_form(lang))
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


def heat_maps(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Panel]:
    """Global radiation and temperature by day and hour, with sunrise and sunset."""
    dates, grid = day_hour(data, {name: data.values[name] for name in ("ghi", "temp_air")})
    rise, fall = _sun_lines(data, dates)
    temp = grid["temp_air"][np.isfinite(grid["temp_air"])]
    panels = []
    for name, unit, scale, low, high in (
        ("ghi", "W/m²", SUN_SCALE, 0.0, max(float(np.nanmax(grid["ghi"])), 1.0)),
        ("temp_air", "°C", HEAT_SCALE, float(temp.min()), float(temp.max())),
    ):
        figure = go.Figure(
            go.Heatmap(
                z=[style.rounded(row, 0 if name == "ghi" else 1) for row in grid[name]],
                x=[str(day) for day in dates],
                y=style.rounded((np.arange(len(grid[name])) + 0.5) * 24.0 / len(grid[name]), 2),
                zmin=round(low, 1),
                zmax=round(high, 1),
                colorscale=[list(stop) for stop in scale],
                colorbar={
                    "thickness": 10,
                    "outlinewidth": 0,
                    "tickfont": {"size": 11, "color": style.MUTED},
                    "title": {"text": unit, "font": {"size": 11, "color": style.MUTED}},
                    "x": 1.01,
                    "xpad": 4,
                },
                hoverongaps=False,
                hovertemplate=f"%{{x|{_day_form(lang)}}}, %{{y:.1f}} h {data.offset_text}: "
                f"%{{z}} {unit}<extra></extra>",
            )
        )
        for edge in (rise, fall):
            figure.add_scatter(
                x=[str(day) for day in dates],
                y=style.rounded(edge, 2),
                mode="lines",
                line={"color": "#0B0F14", "width": 1.2},
                hoverinfo="skip",
                connectgaps=False,
            )
        figure.update_layout(
            style.layout(
                HEIGHT,
                margin={"l": 40, "r": 58, "t": 10, "b": 34},
                hovermode="closest",
                xaxis=style.axis(type="date", showgrid=False, **_day_ticks(data, lang)),
                yaxis=style.axis(range=[0, 24], tickvals=[0, 6, 12, 18, 24], showgrid=False),
            )
        )
        panels.append(panel(f"heat-{name}", t[name], f"{t['heat_title']}: {t[name]}", figure, print_height=230))
    return panels


def day_hour(data: PlaceData, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Arrays as grids of hour and day, NaN where nothing is held; several years averaged by date.

    Rows are hours, or the steps of a day where they are longer, shape (row, day). The days are dates of the window or,
    where years are averaged, of a leap year.
    """
    dates = data.stamps.astype("datetime64[D]")
    if not data.facts.typical_year and data.hours > YEAR_H + 24.0:
        months = dates.astype("datetime64[M]")
        into = dates - months.astype("datetime64[D]")
        leap = np.datetime64("2000-01", "M") + months.astype(int) % 12
        dates = leap.astype("datetime64[D]") + into
    found, day = np.unique(dates, return_inverse=True)
    rows = min(24, data.per_day)
    cell = data.hour.astype(int) * rows // 24 * found.size + day
    grids = {name: mean_by(array, cell, rows * found.size).reshape(rows, found.size) for name, array in arrays.items()}
    return found, grids


def _sun_lines(data: PlaceData, dates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hour of the day of sunrise and sunset of each day, by the centre of the sun; NaN where it is up over midnight."""
    sun = data.sun
    local = sun.time.astype("datetime64[s]") + np.timedelta64(round(data.offset_h * 3600), "s")
    days = local.astype("datetime64[D]")
    hour = (local - days) / np.timedelta64(3600, "s")
    half = sun.hours(1) / 2.0
    starts = np.flatnonzero(np.concatenate([[True], days[1:] != days[:-1]]))
    found = {}
    for first, last in zip(starts, [*starts[1:], days.size], strict=True):
        lit = first + np.flatnonzero(sun.cos_zenith[first:last] > 0.0)
        if lit.size and lit[0] > first and lit[-1] < last - 1:
            # one line for all years: the sun of a date differs by a minute between them
            found[str(days[first])[5:]] = (hour[lit[0]] - half, hour[lit[-1]] + half)
    edges = np.array([found.get(str(day)[5:], (np.nan, np.nan)) for day in dates])
    return edges[:, 0], edges[:, 1]


def _day_ticks(data: PlaceData, lang: str) -> dict:
    return {"nticks": 8 if data.by_day else 13, "tickformat": month_form(data, lang)}


def month_form(data: PlaceData, lang: str) -> str:
    """How an axis of days writes them: by their months, or one by one where there are few."""
    if data.by_day:
        return _day_form(lang)
    return "%-m月" if lang == "zh" else "%b"


def _day_form(lang: str) -> str:
    return "%-m月%-d日" if lang == "zh" else "%-d %b"


def duration(data: PlaceData, t: Mapping[str, str]) -> Panel:
    """Hours in which it is at least so warm, air and wet bulb."""
    figure = go.Figure()
    total = min(data.hours, YEAR_H)
    for name in ("temp_air", "wet_bulb"):
        x, y = exceedance(data.values[name], total)
        figure.add_scatter(
            x=x,
            y=y,
            name=t[name],
            mode="lines",
            line={"color": COLOURS[name], "width": 2},
            hovertemplate="%{y:.1f} °C",
        )
    figure.add_scatter(
        x=[0, round(total, 1)],
        y=[FREE_COOLING_DEGC] * 2,
        name=t["free_cooling"].format(limit=f"{FREE_COOLING_DEGC:g}"),
        mode="lines",
        line={"color": style.MUTED, "width": 1.2, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.update_layout(
        style.layout(
            HEIGHT,
            margin={"t": 26, "b": 46},
            xaxis=style.axis(
                range=[0, round(total, 1)],
                nticks=10,
                tickformat=",",
                title=style.axis_title(t["hours_year_axis"] if data.hours >= YEAR_H else t["hours_axis"]),
            ),
            yaxis=style.axis(nticks=8),
            annotations=[style.panel_note("°C", 1.0)],
        )
    )
    return panel("duration", "", t["duration_title"], figure, print_height=230)


def exceedance(values: np.ndarray, hours: float) -> tuple[list, list]:
    """Hours in which a value is reached or exceeded, at 241 quantiles: x [h], y falling."""
    share = np.linspace(0.0, 1.0, 241)
    return style.rounded(share * hours, 1), style.rounded(np.quantile(values, 1.0 - share), 2)


def season_days(data: PlaceData, name: str) -> np.ndarray:
    """The mean day of a variable in each season, shape (season, interval of the day); NaN where none is held."""
    cell = data.season(data.month) * data.per_day + _place_in_day(data)
    return mean_by(data.values[name], cell, len(SEASONS) * data.per_day).reshape(len(SEASONS), data.per_day)


def mean_days(data: PlaceData, t: Mapping[str, str]) -> list[Panel]:
    """The mean day of each season: radiation, temperature, wind."""
    panels = []
    for name, unit in DAY_UNITS.items():
        figure = go.Figure()
        means = season_days(data, name)
        hours = (np.arange(data.per_day) + 0.5) * data.step_h
        for number, row in enumerate(means):
            if np.isfinite(row).any():
                figure.add_scatter(
                    x=style.rounded(hours, 3),
                    y=style.rounded(row, 2),
                    name=t[f"season_{number}"],
                    mode="lines",
                    line={"color": SEASON_COLOURS[number], "width": 2},
                    hovertemplate=f"%{{y:.1f}} {unit}",
                )
        figure.update_layout(
            style.layout(
                260,
                margin={"l": 44, "t": 26, "b": 30},
                xaxis=hour_axis(),
                yaxis=style.axis(nticks=6, **({"rangemode": "tozero"} if name != "temp_air" else {})),
                annotations=[style.panel_note(unit, 1.0)],
            )
        )
        heading = variable_name(name, t)
        panels.append(panel(f"day-{name}", heading, f"{t['day_title']}: {heading}", figure, print_height=190))
    return panels


def variable_name(name: str, t: Mapping[str, str]) -> str:
    """What a variable is called; a wind by its height."""
    return t["wind_at"].format(height=f"{VARIABLES[name].height_m:g}") if name in WINDS else t[name]


def _place_in_day(data: PlaceData) -> np.ndarray:
    into = (data.stamps - data.stamps.astype("datetime64[D]")) / np.timedelta64(1, "s")
    return np.floor(into / (3600.0 * data.step_h)).astype(int)


def hour_axis(**more: object) -> dict:
    """The hours of a day."""
    ticks = [0, 6, 12, 18, 24]
    return style.axis(
        range=[0, 24], tickvals=ticks, ticktext=[f"{hour:02d}:00" for hour in ticks], hoverformat=".1f", **more
    )
