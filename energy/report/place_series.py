"""Charts of a short window: the course of the weather over time, or of the spread of an ensemble."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from energy.report import style
from energy.report.figures import panel
from energy.report.page import Key
from energy.report.place_data import PlaceData
from energy.report.place_figures import COLOURS, variable_name
from energy.report.view import NOTHING, Panel, Table, number
from energy.weather_facts import FREE_COOLING_DEGC
from weather.conventions.variables import RADIATION, VARIABLES, WINDS

MOST_ROWS = 1000
"""Of a table: the page would grow past what is sent by mail."""

_HEIGHT = 280
_WIND_COLOURS = ("#1E8E63", "#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9")
_SHOWN_PERCENT = (0, 10, 50, 90, 100)


def edges_of(data: PlaceData) -> list[str]:
    """Starts of the intervals and the window's end on the shown clock, as the charts write them."""
    step = np.timedelta64(round(data.step_h * 3600), "s")
    edges = np.append(data.stamps, data.stamps[-1] + step)
    return [str(edge).replace("T", " ")[:16] for edge in edges]


def wind_names(data: PlaceData) -> list[str]:
    """Wind speeds the weather holds, lowest first."""
    return sorted((name for name in WINDS if name in data.values), key=lambda name: VARIABLES[name].height_m or 0.0)


def series(data: PlaceData, t: Mapping[str, str], lang: str) -> dict[str, Panel]:
    """Radiation, temperature, wind and humidity over the window, by the name of their section."""
    return {key: _panel(data, key, names, unit, t, lang) for key, (names, unit) in _shown(data).items()}


def _shown(data: PlaceData) -> dict[str, tuple[tuple[str, ...], str]]:
    """Variables of each section, and their unit; of an ensemble one each: bands of several would hide each other."""
    winds = wind_names(data)
    if data.ensemble:
        single = {"radiation": "ghi", "temp": "temp_air", "wind": winds[-1], "humidity": "relative_humidity"}
        wanted: dict[str, tuple[str, ...]] = {key: (name,) for key, name in single.items()}
    else:
        wanted = {
            "radiation": RADIATION,
            "temp": ("temp_air", "wet_bulb", "temp_dew"),
            "wind": tuple(winds),
            "humidity": ("relative_humidity",),
        }
    units = {"radiation": "W/m²", "temp": "°C", "wind": "m/s", "humidity": "%"}
    return {key: (names, units[key]) for key, names in wanted.items()}


def _colour(key: str, name: str, which: int) -> str:
    return _WIND_COLOURS[which % len(_WIND_COLOURS)] if key == "wind" else COLOURS[name]


def _faded(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _panel(data: PlaceData, key: str, names: tuple[str, ...], unit: str, t: Mapping[str, str], lang: str) -> Panel:
    edges = edges_of(data)
    figure = go.Figure()
    for which, name in enumerate(names):
        colour = _colour(key, name, which)
        if data.ensemble:
            _add_spread(figure, data.values[name], edges, variable_name(name, t), colour, unit, t)
        else:
            _add_line(figure, data.values[name], edges, variable_name(name, t), colour, unit)
    if key == "radiation":
        _add_line(figure, data.clear, edges, t["clear_sky"], style.INK, unit, dash="dot", width=1.4)
    shapes = style.midnights(edges)
    if key == "temp" and not data.ensemble:
        shapes.append(_level(FREE_COOLING_DEGC))
    from_zero = {} if key == "temp" else {"rangemode": "tozero"}
    figure.update_layout(
        style.layout(
            _HEIGHT,
            margin={"t": 26},
            xaxis=style.time_axis(edges, lang, clock=data.offset_text),
            yaxis=style.axis(nticks=6, **from_zero),
            shapes=shapes,
            annotations=[style.panel_note(unit, 1.0)],
        )
    )
    return panel(f"series-{key}", "", t[f"series_{key}"], figure, print_height=200)


def _add_line(
    figure: go.Figure,
    values: np.ndarray,
    edges: list[str],
    name: str,
    colour: str,
    unit: str,
    *,
    dash: str = "solid",
    width: float = 2.0,
) -> None:
    y = style.rounded(values, 2)
    figure.add_scatter(
        x=edges,
        y=[*y, y[-1]],
        name=name,
        mode="lines",
        line={"color": colour, "width": width, "dash": dash, "shape": "hv"},
        hovertemplate=f"%{{y:.1f}} {unit}",
    )


def _add_spread(
    figure: go.Figure,
    members: np.ndarray,
    edges: list[str],
    name: str,
    colour: str,
    unit: str,
    t: Mapping[str, str],
) -> None:
    """The median with two bands around it."""
    low, p10, p50, p90, high = np.percentile(members, _SHOWN_PERCENT, axis=0)
    for below, above, alpha, said in (
        (low, high, 0.14, ("lowest", "highest")),
        (p10, p90, 0.28, ("p10", "p90")),
    ):
        for values, fill, part in ((below, None, said[0]), (above, "tonexty", said[1])):
            y = style.rounded(values, 2)
            figure.add_scatter(
                x=edges,
                y=[*y, y[-1]],
                name=t[part],
                mode="lines",
                line={"width": 0, "shape": "hv", "color": colour},
                fill=fill,
                fillcolor=_faded(colour, alpha),
                hovertemplate=f"%{{y:.1f}} {unit}",
            )
    _add_line(figure, p50, edges, f"{name}, {t['median']}", colour, unit)


def _level(value: float) -> dict:
    line = {"color": style.MUTED, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def series_table(data: PlaceData, key: str, t: Mapping[str, str]) -> Table:
    """What a section's chart shows, interval by interval; of an ensemble its percentiles."""
    names, _ = _shown(data)[key]
    digits = 0 if key in ("radiation", "humidity") else 1
    if data.ensemble:
        spread = np.percentile(data.values[names[0]], _SHOWN_PERCENT, axis=0)
        columns = dict(zip((t[part] for part in ("lowest", "p10", "median", "p90", "highest")), spread, strict=True))
    else:
        columns = {variable_name(name, t): data.values[name] for name in names}
    stamps = edges_of(data)[:-1][:MOST_ROWS]
    rows = tuple(
        (stamp, *(number(values[i], digits) if np.isfinite(values[i]) else NOTHING for values in columns.values()))
        for i, stamp in enumerate(stamps)
    )
    return Table(f"series-{key}", (t["c_time"].format(clock=data.offset_text), *columns), rows)


def keys_of(data: PlaceData, key: str, t: Mapping[str, str]) -> tuple[Key, ...]:
    """The legend of a section."""
    names, _ = _shown(data)[key]
    keys = [Key(variable_name(name, t), _colour(key, name, which)) for which, name in enumerate(names)]
    if data.ensemble:
        colour = _colour(key, names[0], 0)
        keys += [Key(t["p10_90"], _faded(colour, 0.42), "area"), Key(t["lowest_highest"], _faded(colour, 0.14), "area")]
    if key == "radiation":
        keys.append(Key(t["clear_sky"], style.INK, "dot"))
    if key == "temp" and not data.ensemble:
        keys.append(Key(t["free_cooling"].format(limit=f"{FREE_COOLING_DEGC:g}"), style.MUTED, "dash"))
    return tuple(keys)
