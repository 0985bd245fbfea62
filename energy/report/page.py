"""What every page is made of: sections of charts, one template, everything inlined.

Nothing is fetched: plotly.js is inlined once and each chart is a row of one JSON block. The content
security policy admits the two scripts by their hash and nothing else, so that a name from a job or weather file
could not run even if escaping failed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from energy.report import style
from energy.report.view import Panel, Table

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend; ``kind``: area, outline, point, line, dash or dot."""

    name: str
    colour: str
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Section:
    """A chart or a family of small ones; ``shape``: wide, pair or many."""

    section_id: str
    title: str
    aid: str
    shape: str
    panels: tuple[Panel, ...]
    keys: tuple[Key, ...]
    table: Table | None
    note: str = ""


def render_page(template: str, *, sections: Sequence[Section], context: Mapping[str, object]) -> str:
    """A template filled, with the charts of the sections, the style, the scripts and their policy.

    Parameters
    ----------
    template
        File name beside this module.
    sections
        Those whose charts the page shows.
    context
        What the template says, but for `hashes`, `plotly_js`, `page_js`, `css` and `figures_json`.
    """
    from plotly.offline import get_plotlyjs

    shown = [panel for section in sections for panel in section.panels]
    figures = [{"id": panel.panel_id, "print": panel.print_height, **panel.figure} for panel in shown]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    plotly_js, page_js = get_plotlyjs(), (HERE / "script.html").read_text(encoding="utf-8")
    assets = {
        "hashes": [_script_hash(plotly_js), _script_hash(page_js)],
        "plotly_js": plotly_js,
        "page_js": page_js,
        "css": (HERE / "style.html").read_text(encoding="utf-8").replace("FONTS", style.FONTS),
        "figures_json": _inert(json.dumps(figures, ensure_ascii=False, allow_nan=False, separators=(",", ":"))),
    }
    return environment.get_template(template).render({**context, **assets})


def lines(texts: Sequence[str] | None) -> list[str]:
    """The lines of texts that say something."""
    return [line for text in texts or () for line in str(text).splitlines() if line.strip()]


def _script_hash(text: str) -> str:
    """Source expression of a policy that admits exactly this script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(text: str) -> str:
    """JSON that no HTML parser can read as markup, wherever it stands."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
