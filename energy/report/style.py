"""One look for every chart: colours per series, fonts, axes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

# Told apart by colour-blind readers (Okabe and Ito 2008), and the same series has the same colour everywhere.
INK = "#17212E"
MUTED = "#5A6675"
GRID = "#E6E9EE"
GREEN = "#1E8E63"  # renewables used directly, green stock
FOREST = "#0B5C3B"  # renewables available
GREEN_LIGHT = "#8CCBAE"  # the same through a battery
GREY = "#B4BBC6"  # grid energy through a battery
SLATE = "#64748B"  # grid
PLAN = "#0B5A94"
BASELINE = "#8A94A3"
WARN = "#C2410C"
LATE = "#B91C1C"  # outline of a late job
SETPOINT = "#8A3B78"
WET_BULB = "#56A8D8"
PRICE = "#B7791F"
# light enough throughout for the ink of the numbers in the cells
SHARE_SCALE = ((0.0, "#F3F5F7"), (0.25, "#D6EBE0"), (0.5, "#A9D8C0"), (0.75, "#76C09B"), (1.0, "#43A578"))

GPU_COLOURS = {"h100": "#0072B2", "a100": "#56B4E9", "ascend910b": "#D55E00", "a10": "#CC79A7", "rtx4090": "#E69F00"}
GPU_NAMES = {"h100": "H100", "a100": "A100", "ascend910b": "Ascend 910B", "a10": "A10", "rtx4090": "RTX 4090"}
_MORE = ("#999933", "#332288", "#882255", "#44AA99", "#661100")

FONTS = (
    '"Segoe UI", "Helvetica Neue", Helvetica, Arial, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", '
    '"Noto Sans CJK SC", "Source Han Sans SC", sans-serif'
)
LONGEST_LABEL = 80


def plain(text: object, longest: int = LONGEST_LABEL) -> str:
    """A name as a chart label: without markup characters and control characters, and not endless.

    >>> plain("job<b>7</b>&")
    'jobb7/b'
    """
    kept = "".join(c for c in str(text) if c not in "<>&" and unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def gpu_colours(kinds: Sequence[str]) -> dict[str, str]:
    """A colour for each GPU type; the built-in types always have their own."""
    others = sorted(set(kinds) - set(GPU_COLOURS))
    return GPU_COLOURS | {kind: _MORE[i % len(_MORE)] for i, kind in enumerate(others)}


def rounded(values: np.ndarray, digits: int = 3) -> list:
    """Numbers short enough to be written out; what is not finite is a gap."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in np.asarray(values, dtype=float)]


def axis(**more: object) -> dict:
    """A quiet axis."""
    return {
        "gridcolor": GRID,
        "linecolor": "#C5CBD4",
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": MUTED},
        "automargin": False,
        "ticklabelstandoff": 4,
        "fixedrange": True,
        **more,
    }


def axis_title(text: str) -> dict:
    """A quiet title of an axis, for ``title=``."""
    return {"text": text, "font": {"size": 11, "color": MUTED}, "standoff": 6}


def time_axis(edges: Sequence[str], lang: str, *, narrow: bool = False, clock: str = "UTC+8", **more: object) -> dict:
    """The time axis over the whole window, on the clock named (civil time of China)."""
    hours = max(1.0, (np.datetime64(edges[-1]) - np.datetime64(edges[0])) / np.timedelta64(1, "h"))
    choices = (1, 2, 3, 6, 12, 24, 48, 168, 336, 720)
    most = 5 if narrow else 12
    step = next((c for c in choices if hours / c <= most), 1440)
    day = "%-m月%-d日" if lang == "zh" else "%-d %b"
    form = day if step >= 24 else (f"%H:%M\n{day}" if not narrow else f"%H h\n{day}")
    return axis(
        type="date",
        range=[edges[0], edges[-1]],
        tick0=edges[0],
        dtick=step * 3600000,
        tickformat=form,
        hoverformat=f"%Y-%m-%d %H:%M {clock}",
        showgrid=True,
        **more,
    )


def layout(height: int, *, margin: Mapping[str, int] | None = None, **more: object) -> dict:
    """What every chart's layout begins with."""
    return {
        "template": "none",
        "height": height,
        "autosize": True,
        "margin": {"l": 52, "r": 14, "t": 18, "b": 40} | dict(margin or {}),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONTS, "size": 12, "color": INK},
        "separators": ".,",
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#FFFFFF", "bordercolor": "#C5CBD4", "font": {"family": FONTS, "size": 12}},
        "dragmode": False,
        **more,
    }


def panel_note(text: str, y: float) -> dict:
    """The unit of a panel, at its upper left corner."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": y,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": MUTED},
    }


def midnights(edges: Sequence[str]) -> list[dict]:
    """Thin lines where a civil day begins inside the window."""
    day = np.timedelta64(1, "D")
    days = np.arange(np.datetime64(edges[0], "D") + day, np.datetime64(edges[-1], "D") + day)
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": f"{day} 00:00",
            "x1": f"{day} 00:00",
            "y0": 0,
            "y1": 1,
            "line": {"color": "#AEB6C1", "width": 1},
            "layer": "below",
        }
        for day in days
        if np.datetime64(edges[0]) < day < np.datetime64(edges[-1])
    ]
