"""When and where jobs run: bars packed into lanes by node and GPU type, the plan and the baseline on the same lanes."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from energy.plan import Plan
from energy.report import style
from energy.report.figures import panel
from energy.report.view import NOTHING, Panel, View, number

LANE_PX = (15.0, 4.0)  # a lane's height where few are needed, and where very many are
TALLEST_PX = 1500
TALLEST_PRINT_PX = 585
THIN_PX = 6.0  # a printed lane below this height: a white outline would eat the bar,
TRIM_SHARE = 0.003  # so bars end this share of the window early, at most a fifth of themselves, to be told apart


def gantt(plan: Plan, baseline: Plan, view: View) -> list[Panel]:
    """Two panels, plan and baseline, with the same lanes; empty where neither places a job."""
    tables = {"plan": _clipped(plan.segments, view), "baseline": _clipped(baseline.segments, view)}
    lanes = {key: _lanes(table) for key, table in tables.items()}
    kinds = sorted({kind for table in tables.values() for kind in table["gpu_type"]}, key=_kind_order)
    if not kinds:
        return []
    bands, centres, total = _bands(lanes, list(view.names), kinds)
    pixels = float(np.clip(900 / max(total, 1), LANE_PX[1], LANE_PX[0]))
    height = int(min(TALLEST_PX, 50 + pixels * total))
    return [
        _panel(key, tables[key], lanes[key], bands, centres, total, height=height, kinds=kinds, view=view)
        for key in ("plan", "baseline")
    ]


def pack_lanes(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The lowest free lane for each interval; the number of lanes is the greatest number at once.

    >>> pack_lanes(np.array([0, 1, 2]), np.array([2, 3, 4])).tolist()
    [0, 1, 0]
    """
    lane = np.zeros(len(starts), dtype=int)
    free: list[int] = []
    busy: list[tuple] = []
    used = 0
    for i in np.lexsort((ends, starts)):
        while busy and busy[0][0] <= starts[i]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane[i] = heapq.heappop(free)
        else:
            lane[i], used = used, used + 1
        heapq.heappush(busy, (ends[i], int(lane[i])))
    return lane


def _kind_order(kind: str) -> tuple[int, str]:
    known = list(style.GPU_COLOURS)
    return (known.index(kind) if kind in known else len(known), kind)


def _clipped(segments: pd.DataFrame, view: View) -> pd.DataFrame:
    """Segments in civil time, cut at the window's edges, of the plan's nodes."""
    table = segments[segments["node"].astype(str).isin(list(view.names))].copy()
    for name in ("start", "end"):
        table[name] = pd.to_datetime(table[name], utc=True).dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        table[name] = table[name].clip(pd.Timestamp(view.edges[0]), pd.Timestamp(view.edges[-1]))
    for name in ("job_id", "node", "cluster", "gpu_type"):
        table[name] = table[name].astype(str)
    return table[table["end"] > table["start"]].reset_index(drop=True)


def _lanes(table: pd.DataFrame) -> pd.Series:
    """Lane of each row within its node and GPU type."""
    lanes = pd.Series(0, index=table.index)
    for _, group in table.groupby(["node", "gpu_type"], sort=True):
        lanes[group.index] = pack_lanes(
            group["start"].to_numpy("datetime64[s]").astype(np.int64),
            group["end"].to_numpy("datetime64[s]").astype(np.int64),
        )
    lanes.attrs["rows"] = {
        key: int(lanes[group.index].max()) + 1 for key, group in table.groupby(["node", "gpu_type"], sort=True)
    }
    return lanes


def _bands(lanes: dict, nodes: list[str], kinds: list[str]) -> tuple[dict, dict, int]:
    """First lane of each (node, GPU type), the middle and end of each node's band, and the number of lanes."""
    first: dict[tuple[str, str], int] = {}
    centres: dict[str, tuple[float, int]] = {}
    at = 0
    for node in nodes:
        top = at
        for kind in kinds:
            first[node, kind] = at
            at += max(found.attrs["rows"].get((node, kind), 0) for found in lanes.values())
        at = max(at, top + 2)  # a node without jobs keeps room for its name
        centres[node] = ((top + at - 1) / 2, at)
        at += 1
    return first, centres, at - 1


def _length_ms(rows: pd.DataFrame) -> list[float]:
    return [(end - start) / pd.Timedelta(milliseconds=1) for start, end in zip(rows["start"], rows["end"], strict=True)]


def _panel(
    key: str,
    table: pd.DataFrame,
    lanes: pd.Series,
    bands: dict,
    centres: dict,
    total: int,
    *,
    height: int,
    kinds: list[str],
    view: View,
) -> Panel:
    colours, t = style.gpu_colours(kinds), view.texts
    thin = min(height, TALLEST_PRINT_PX) - 50 < THIN_PX * total
    # an outline no reader sees keeps plotly from growing thin bars to whole pixels, over their neighbours
    outline, trim = (0.02, TRIM_SHARE * view.step_h * len(view.stamps) * 3.6e6) if thin else (0.4, 0.0)
    figure = go.Figure()
    for kind in kinds:
        rows = table[table["gpu_type"] == kind]
        late = (rows["slack_h"] < -1e-9).to_numpy()
        figure.add_bar(
            orientation="h",
            base=[str(start)[:16] for start in rows["start"]],
            x=[length - min(trim, 0.2 * length) for length in _length_ms(rows)],
            y=[bands[row.node, kind] + int(lanes[row.Index]) for row in rows.itertuples()],
            width=0.7 if thin else 0.84,
            name=style.plain(style.GPU_NAMES.get(kind, kind)),
            marker={
                "color": colours[kind],
                "line": {
                    "color": [style.LATE if x else "rgba(0,0,0,0)" if thin else "#FFFFFF" for x in late],
                    "width": [(1 if thin else 2) if x else outline for x in late],
                },
            },
            customdata=[_said(row, view) for row in rows.itertuples()],
            hovertemplate="%{customdata}<extra></extra>",
        )
    lines = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": end,
            "y1": end,
            "line": {"color": "#C5CBD4", "width": 1},
        }
        for _, end in list(centres.values())[:-1]
    ]
    names = [view.names[node].rpartition(" ") for node in centres]
    figure.update_layout(
        style.layout(
            height,
            margin={"l": 84, "r": 8, "t": 6, "b": 40},
            barmode="overlay",
            hovermode="closest",
            xaxis=style.time_axis(view.edges, view.lang, narrow=True),
            yaxis=style.axis(
                range=[total - 0.3, -0.7],
                tickmode="array",
                tickvals=[middle for middle, _ in centres.values()],
                ticktext=[f"{first}<br>{last}" if first else last for first, _, last in names],
                automargin=True,
                showgrid=False,
            ),
            shapes=[*style.midnights(view.edges), *lines],
        )
    )
    printed = min(height, TALLEST_PRINT_PX)
    return panel(f"gantt-{key}", t[key], f"{t['gantt_title']}: {t[key]}", figure, print_height=printed)


def _said(row: Any, view: View) -> str:
    """A bar in words."""
    t = view.texts
    slack = NOTHING if pd.isna(row.slack_h) else f"{number(row.slack_h, 1)} h"
    parts = [
        f"<b>{style.plain(row.job_id)}</b>",
        f"{style.plain(row.cluster)} · {number(row.gpus)} GPU · {number(row.power_kw, 1)} kW",
        f"{str(row.start)[5:16]} – {str(row.end)[5:16]} UTC+8",
        f"{t['c_slack']}: {slack}",
    ]
    if row.remaining_h > 1e-9:
        parts.append(f"{t['c_left']}: {number(row.remaining_h, 1)}")
    return "<br>".join(parts)
