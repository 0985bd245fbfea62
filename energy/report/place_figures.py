"""Charts of a long window: every day and hour, durations, the mean day; and what all charts of a place share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.place_data import SEASONS, PlaceData, mean_by
from energy.report.view import Panel
from energy.weather_facts import FREE_COOLING_DEGC, YEAR_H
from weather.conventions.variables import VARIABLES, WINDS

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
                hovertemplate=f"%{{x|{day_form(lang)}}}, %{{y:.1f}} h {data.offset_text}: %{{z}} {unit}<extra></extra>",
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
        return day_form(lang)
    return "%-m月" if lang == "zh" else "%b"


def day_form(lang: str) -> str:
    """How an axis writes a day of a year."""
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
