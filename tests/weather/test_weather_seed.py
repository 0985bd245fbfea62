"""Figures that pin the generator's random streams."""

import numpy as np
import pytest

from weather import load_nodes, open_weather


def test_seed_gives_the_same_hours_in_every_version():
    # a change of these figures changes every result that stands on the embedded climate: say so when it is meant
    nodes = [load_nodes()[name] for name in ("zhongwei", "guian")]
    noon = np.datetime64("2026-02-25T04", "ns") + np.arange(2) * np.timedelta64(1, "h")
    weather = open_weather({node.node_id: "climate" for node in nodes}, nodes, time=noon, seed=1).isel(time=0)
    found = {name: [float(value) for value in weather[name]] for name in ("ghi", "temp_air", "wind_speed")}
    assert found == {
        "ghi": [pytest.approx(733.64, abs=0.02), pytest.approx(295.39, abs=0.02)],
        "temp_air": [pytest.approx(-0.93, abs=0.02), pytest.approx(12.84, abs=0.02)],
        "wind_speed": [pytest.approx(3.23, abs=0.02), pytest.approx(3.86, abs=0.02)],
    }
