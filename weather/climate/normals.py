"""Monthly normals and statistics of the embedded places, and the choice of a place for a node."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from weather import kinds
from weather.conventions.errors import DataError
from weather.nodes import Node, distance_km

NEAR_KM = 75.0
"""A node farther than this from every embedded place has no climate here (Horinger's cell is 51 km off)."""

_MONTHLY = ("kt", "ghi_kwh_m2_d", "t_mean_c", "t_max_c", "t_min_c", "rh_pct", "wind10_mean_ms")


@dataclass(frozen=True, slots=True)
class Normals:
    """Climate of one embedded place.

    `monthly` holds arrays of shape (12,): clearness index kt, ghi [kWh/m2 a day], temperatures [degC],
    relative humidity [%], wind at 10 m [m/s]. `statistics` holds scalars, the place's own over the
    common ones. `temp_spread`, shape (12,), is the day-to-day spread of temperature in a month over that of the year.
    `temp_altitude_m` is the altitude the temperatures are taken to be of, `cell_altitude_m` that of the grid cell
    the rest is of; `temp_note` says why they differ where they do.
    """

    place: str
    latitude: float
    longitude: float
    cell_altitude_m: float
    temp_altitude_m: float
    temp_note: str
    monthly: dict[str, np.ndarray]
    statistics: dict[str, float]
    temp_spread: np.ndarray
    source: str


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("weather.climate").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def load_normals() -> dict[str, Normals]:
    """Every embedded place, by name.

    Examples
    --------
    >>> load_normals()["guian"].monthly["kt"][0]
    np.float64(0.2784)
    """
    climate, statistics = _rows("climate.csv"), _rows("statistics.csv")
    shape = np.array([float(line["temp_spread"]) for line in _rows("seasons.csv")])
    normals = {}
    for row in _rows("places.csv"):
        place = row["place"]
        months = [line for line in climate if line["place"] == place]
        own = {line["quantity"]: float(line["value"]) for line in statistics if line["place"] in ("*", place)}
        normals[place] = Normals(
            place=place,
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            cell_altitude_m=float(row["cell_altitude_m"]),
            temp_altitude_m=float(row["temp_altitude_m"]),
            temp_note=row["note"],
            monthly={name: np.array([float(line[name]) for line in months]) for name in _MONTHLY},
            statistics=own,
            temp_spread=_temp_spread(shape, yearly=own["temp_daily_std"], summer=own["temp_summer_std"]),
            source=months[0]["source"],
        )
    return normals


@cache
def statistic_sources(place: str) -> dict[str, str]:
    """Where each statistic of an embedded place is from, by its name."""
    rows = [row for row in _rows("statistics.csv") if row["place"] in ("*", place)]
    return {row["quantity"]: row["source"] for row in rows}


def _temp_spread(shape: np.ndarray, *, yearly: float, summer: float) -> np.ndarray:
    """Spread of each month over that of the year, shape (12,).

    The pooled shape of the stations, its variance tilted from summer to winter by a yearly cosine until June
    to August have the place's own summer spread; the mean square of the months stays 1.
    """
    pooled = shape**2 / np.mean(shape**2)
    tilted = pooled * np.cos(2.0 * np.pi * (np.arange(12) - 6.0) / 12.0)
    share = (summer / yearly) ** 2
    tilt = (pooled[5:8].mean() - share) / (tilted[5:8].mean() - share * tilted.mean())
    variance = pooled - tilt * tilted
    return np.sqrt(variance / variance.mean())


def nearest_normals(node: Node) -> Normals:
    """Normals of the embedded place nearest to the node.

    Raises
    ------
    DataError
        When none is within 75 km: a climate is not guessed.
    """
    away = {
        place: distance_km(node.latitude, node.longitude, normals.latitude, normals.longitude)
        for place, normals in load_normals().items()
    }
    place = min(away, key=lambda name: (away[name], name))
    if away[place] > NEAR_KM:
        known = ", ".join(f"{name} {km:.0f} km" for name, km in sorted(away.items(), key=lambda item: item[1]))
        raise DataError(
            f"weather: node {node.node_id!r} at {node.latitude:g} N {node.longitude:g} E has no embedded climate "
            f"within {NEAR_KM:.0f} km ({known}). Give it a weather file: "
            f"{kinds.listed(kinds.forms(files_only=True))}."
        )
    return load_normals()[place]
