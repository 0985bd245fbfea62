"""The places: the five hub nodes of western China, and the shape of any other."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from weather.conventions.errors import DataError

_EARTH_RADIUS_KM = 6371.0  # IUGG mean radius


@dataclass(frozen=True, slots=True)
class Node:
    """One place with a datacentre.

    Parameters
    ----------
    node_id : str
        Short key used everywhere.
    name_en, name_zh, province : str
    latitude, longitude : float [deg], north and east positive
    altitude_m : float [m] above sea level
    """

    node_id: str
    name_en: str
    name_zh: str
    province: str
    latitude: float
    longitude: float
    altitude_m: float

    def __post_init__(self) -> None:
        for name, low, high in (("latitude", -90, 90), ("longitude", -180, 180), ("altitude_m", -430, 6000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise DataError(f"node {self.node_id!r}: {name} is {value}; allowed {low} to {high}.")


@cache
def load_nodes() -> dict[str, Node]:
    """The hub nodes of the embedded registry, by id.

    Examples
    --------
    >>> load_nodes()["zhongwei"].name_zh
    '中卫'
    """
    text = resources.files("weather").joinpath("data/nodes.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["node"]
    fields = ("node_id", "name_en", "name_zh", "province", "latitude", "longitude", "altitude_m")
    return {row["node_id"]: Node(*(row[field] for field in fields)) for row in rows}


def distance_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Great-circle distance of two places [km] on a sphere (haversine).

    Parameters
    ----------
    latitude_a, longitude_a, latitude_b, longitude_b : float [deg]

    Examples
    --------
    >>> round(distance_km(40.38, 111.82, 41.00, 113.10))
    128
    """
    phi_a, phi_b = math.radians(latitude_a), math.radians(latitude_b)
    half_lat = (phi_b - phi_a) / 2
    half_lon = math.radians(longitude_b - longitude_a) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(chord))
