import math
import tomllib
from importlib import resources

import pytest

from weather import Node, load_nodes
from weather.conventions.errors import DataError
from weather.nodes import distance_km


def test_the_five_hubs_are_where_they_are():
    nodes = load_nodes()
    found = {name: (node.name_zh, node.latitude, node.longitude, node.altitude_m) for name, node in nodes.items()}
    assert found == {
        "zhongwei": ("中卫", 37.50, 105.19, 1226.0),
        "horinger": ("和林格尔", 40.38, 111.82, 1050.0),
        "ulanqab": ("乌兰察布", 41.00, 113.10, 1420.0),
        "qingyang": ("庆阳", 35.73, 107.64, 1421.0),
        "guian": ("贵安", 26.45, 106.62, 1250.0),
    }
    assert all(node.node_id == name for name, node in nodes.items())


def test_every_row_of_the_registry_says_where_it_is_from():
    text = resources.files("weather").joinpath("data/nodes.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["node"]
    assert len(rows) == len(load_nodes()) == 5
    assert all(len(row["source"]) > 10 for row in rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"latitude": 105.0}, "node 'x': latitude is 105.0; allowed -90 to 90"),
        ({"longitude": -181.0}, "longitude is -181.0; allowed -180 to 180"),
        ({"altitude_m": 9000.0}, "altitude_m is 9000.0; allowed -430 to 6000"),
        ({"latitude": math.nan}, "latitude is nan"),
    ],
)
def test_node_off_the_earth_is_refused(change, words):
    good = {"latitude": 37.5, "longitude": 105.2, "altitude_m": 1226.0}
    with pytest.raises(DataError, match=words):
        Node(node_id="x", name_en="X", name_zh="某", province="Ningxia", **(good | change))


def test_distance_on_the_sphere():
    # a quarter of a meridian of a sphere of 6371 km, and the antipode
    assert distance_km(0.0, 0.0, 90.0, 50.0) == pytest.approx(math.pi / 2 * 6371.0, rel=1e-12)
    assert distance_km(10.0, -170.0, -10.0, 10.0) == pytest.approx(math.pi * 6371.0, rel=1e-7)
    assert distance_km(26.45, 106.62, 26.45, 106.62) == 0.0
    # across the date line the short way
    assert distance_km(0.0, 179.5, 0.0, -179.5) == pytest.approx(math.pi / 180 * 6371.0, rel=1e-9)
