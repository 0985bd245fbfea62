"""The climate generator beside its sources: the tables of docs/climate.md.

    python benchmarks/climate_table.py [--years 30] [--seed 7] [--first-year 1991] [--nodes ...] [--write]

Generates the years through the public `weather.generate_climate` and computes each statistic as its source did: of
wind and daily clearness about the mean of each month of each year, pairs over a month's end left out. Exits 1 when
a band is broken. --write puts the tables between the markers of docs/climate.md.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from weather import Node, generate_climate, load_nodes
from weather.climate.normals import nearest_normals, statistic_sources
from weather.climate.pieces import within_months
from weather.conventions.timeaxis import civil, time_axis
from weather.derive import LAPSE_RATE_K_PER_KM

DOCUMENT = Path(__file__).parents[1] / "docs" / "climate.md"
BEGIN, END = "<!-- climate_table.py: begin -->", "<!-- climate_table.py: end -->"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its source; month 0 to 11, None for the whole; band None where none is asked.

    deviation: in the unit of the band, % where relative.
    """

    statistic: str
    node: str
    month: int | None
    unit: str
    found: float
    wanted: float
    source: str
    band: float | None
    relative: bool = False

    @property
    def deviation(self) -> float:
        """Found less wanted, or that in percent of the wanted."""
        return 100.0 * (self.found / self.wanted - 1.0) if self.relative else self.found - self.wanted

    @property
    def broken(self) -> bool:
        """Whether it lies outside its band."""
        return self.band is not None and not abs(self.deviation) <= self.band


def extraterrestrial_wh(latitude: float, day_of_year: np.ndarray) -> np.ndarray:
    """Daily irradiation above the air [Wh/m2] (Duffie & Beckman, eq. 1.10.3), apart from the generator's sun."""
    phi, angle = np.radians(latitude), 2.0 * np.pi * day_of_year / 365.0
    tilt = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day_of_year) / 365.0))
    sunset = np.arccos(-np.tan(phi) * np.tan(tilt))
    shape = np.cos(phi) * np.cos(tilt) * np.sin(sunset) + sunset * np.sin(phi) * np.sin(tilt)
    return 24.0 / np.pi * 1367.0 * (1.0 + 0.033 * np.cos(angle)) * shape


def statistics_of(weather: xr.Dataset, node: Node) -> list[Row]:
    """Every statistic of one node; weather: dims (time), whole civil years of that node."""
    normals = nearest_normals(node)
    monthly, statistics = normals.monthly, normals.statistics
    sources = statistic_sources(normals.place)
    when = civil(weather["time"].values)
    hour_month = (when.year * 12 + when.month).to_numpy()
    day_month, of_year = hour_month[::24], when.day_of_year.to_numpy()[::24]
    days = {name: weather[name].values.reshape(-1, 24) for name in weather.data_vars}

    def by_month(daily: np.ndarray) -> np.ndarray:
        return np.array([daily[(day_month - 1) % 12 == month].mean() for month in range(12)])

    higher_m = node.altitude_m - normals.temp_altitude_m
    moved = f"; moved by {-LAPSE_RATE_K_PER_KM * higher_m / 1000:+.2f} K to {node.altitude_m:g} m" if higher_m else ""
    temp_range = monthly["t_max_c"] - monthly["t_min_c"]
    temp = monthly["t_mean_c"] - LAPSE_RATE_K_PER_KM * higher_m / 1000
    rows = [
        Row(name, node.node_id, month, unit, float(found[month]), float(wanted[month]), source, band, relative)
        for name, unit, found, wanted, source, band, relative in (
            ("ghi", "kWh/m2 a day", by_month(days["ghi"].sum(axis=1)) / 1000, monthly["ghi_kwh_m2_d"],
             normals.source, 3.0, True),
            ("temperature", "degC", by_month(days["temp_air"].mean(axis=1)), temp, normals.source + moved, 0.5, False),
            ("daily range of temperature", "K", by_month(np.ptp(days["temp_air"], axis=1)), temp_range,
             normals.source, 1.0, False),
        )
        for month in range(12)
    ]  # fmt: skip
    clearness = days["ghi"].sum(axis=1) / extraterrestrial_wh(node.latitude, of_year)
    kt_std, kt_lag1 = within_months(clearness, day_month, 1)
    wind, humidity = weather["wind_speed"].values, weather["relative_humidity"].values
    whole = (
        ("kt, standard deviation of days", "kt_daily_std", "1", kt_std, 0.03),
        ("kt, lag-1 of days", "kt_daily_lag1", "1", kt_lag1, 0.08),
        ("wind, lag-1 of hours", "wind_hourly_lag1", "1", within_months(wind, hour_month, 1)[1], 0.05),
        ("wind, lag-24 of hours", "wind_hourly_lag24", "1", within_months(wind, hour_month, 24)[1], 0.05),
    )
    rows += [
        Row(name, node.node_id, None, unit, found, statistics[key], sources[key], band)
        for name, key, unit, found, band in whole
    ]
    return [
        *rows,
        Row("wind, mean", node.node_id, None, "m/s", float(wind.mean()), _year(monthly["wind10_mean_ms"]),
            normals.source, 3.0, True),
        Row("relative humidity, mean", node.node_id, None, "%", float(humidity.mean()), _year(monthly["rh_pct"]),
            normals.source, None),
    ]  # fmt: skip


def _year(monthly: np.ndarray) -> float:
    """Mean of a common year of monthly means."""
    return float(np.average(monthly, weights=[31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]))


def measured(nodes: list[Node], *, years: int, seed: int, first_year: int) -> list[Row]:
    """Every statistic of every node over whole civil years."""
    days = (pd.Timestamp(first_year + years, 1, 1) - pd.Timestamp(first_year, 1, 1)).days
    time = time_axis(f"{first_year}-01-01", horizon_h=24.0 * days)
    weather = generate_climate(nodes, time=time, seed=seed)
    return [row for node in nodes for row in statistics_of(weather.sel(node=node.node_id), node)]


def in_band(row: Row) -> str:
    """Found / wanted (deviation), bold where the band is broken."""
    digits = 3 if row.unit == "1" else 2
    unit = " %" if row.relative else ""
    deviation = f"{row.deviation:+.1f}{unit}" if row.relative else f"{row.deviation:+.{digits}f}"
    text = f"{row.found:.{digits}f} / {row.wanted:.{digits}f} ({deviation})"
    return f"**{text}**" if row.broken else text


def tables(rows: list[Row], *, years: int, seed: int, first_year: int) -> str:
    """The tables in Markdown."""
    nodes = list(dict.fromkeys(row.node for row in rows))
    lines = [
        f"`python benchmarks/climate_table.py --years {years} --seed {seed} --first-year {first_year}`: "
        f"{years} years from {first_year}, seed {seed}. Each cell is generated / source (deviation).",
        "",
    ]
    for name in dict.fromkeys(row.statistic for row in rows):
        chosen = [row for row in rows if row.statistic == name]
        one = chosen[0]
        band = "none asked"
        if one.band is not None:
            band = f"{one.band:g} {'%' if one.relative else one.unit}".removesuffix(" 1")
        worst = max(chosen, key=lambda row: abs(row.deviation))
        lines += [f"### {name} [{one.unit}]", ""]
        lines += [f"Band: {band}. Largest deviation: {in_band(worst)}, {worst.node}.", ""]
        if one.month is None:
            lines += ["| node | generated / source | source |", "|---|---|---|"]
            lines += [f"| {row.node} | {in_band(row)} | {row.source} |" for row in chosen]
        else:
            lines += [f"| month | {' | '.join(nodes)} |", "|---" * (len(nodes) + 1) + "|"]
            for month in range(12):
                cells = [in_band(row) for row in chosen if row.month == month]
                lines.append(f"| {MONTHS[month]} | {' | '.join(cells)} |")
            lines += ["", *(f"* {row.node}: {row.source}" for row in chosen if row.month == 0)]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Print or write the tables; 1 where a band is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first-year", type=int, default=1991)
    parser.add_argument("--nodes", nargs="+", default=list(load_nodes()), choices=list(load_nodes()))
    parser.add_argument("--write", action="store_true", help="put the tables into docs/climate.md")
    asked = parser.parse_args()
    window = {"years": asked.years, "seed": asked.seed, "first_year": asked.first_year}
    rows = measured([load_nodes()[name] for name in asked.nodes], **window)
    text = tables(rows, **window)
    if asked.write:
        before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}", encoding="utf-8")
    else:
        print(text)
    broken = [row for row in rows if row.broken]
    for row in broken:
        month = "" if row.month is None else f" {MONTHS[row.month]}"
        print(f"band broken: {row.statistic}, {row.node}{month}: {in_band(row)}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
