"""Picture of two hourly years: through the year, and against the wet bulb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from energyplus.compare import PlantYear

_THEIRS, _OURS = "#e08a4f", "#16466b"


def draw(
    file: Path, theirs: PlantYear, ours: PlantYear, *, heat_kw: np.ndarray, wet_bulb: np.ndarray, title: str
) -> None:
    """Daily means through the year on the left, every hour against the wet bulb on the right; 900 x 420 px."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 4.2), dpi=100, width_ratios=(1.5, 1.0), sharey=True)
    days = heat_kw.size // 24
    heat = heat_kw[: 24 * days].reshape(days, 24).sum(axis=1)
    for year, colour, name, width in ((theirs, _THEIRS, "EnergyPlus", 2.6), (ours, _OURS, "greendc", 1.0)):
        daily = year.power_kw[: 24 * days].reshape(days, 24).sum(axis=1) / heat
        left.plot(np.arange(days) + 0.5, daily, color=colour, linewidth=width, label=name)
        right.scatter(wet_bulb, year.power_kw / heat_kw, s=2, color=colour, alpha=0.25, linewidths=0, rasterized=True)
    firsts = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])
    left.set_xticks(firsts[::2], ["Jan", "Mar", "May", "Jul", "Sep", "Nov"])
    left.set_xlim(0, days)
    left.set_ylabel("plant power per heat, kW/kW")
    left.set_title("daily mean", fontsize=10)
    left.legend(frameon=False, loc="upper left")
    right.set_xlabel("wet bulb, °C")
    right.set_title("every hour", fontsize=10)
    left.set_ylim(bottom=0)
    for axis in (left, right):
        axis.grid(color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    _save_small(figure, file)
    plt.close(figure)


def _save_small(figure, file: Path) -> None:
    """PNG with 48 colours: a third of the size, and the scatter looks the same."""
    import io

    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(drawn).convert("RGB").quantize(48, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
