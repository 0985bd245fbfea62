"""Weather examined before a window is known: what it covers, or all that is wrong with it."""

import numpy as np
import pytest

from weather import Node, load_nodes, open_weather, write_netcdf
from weather.conventions.timeaxis import time_axis
from weather.sources import examine, read_file
from weather.sources.examine import examine_weather

ZHONGWEI, HORINGER, GUIAN = (load_nodes()[name] for name in ("zhongwei", "horinger", "guian"))
NODES = (ZHONGWEI, HORINGER, GUIAN)
NOWHERE = Node("kashgar", "Kashgar", "喀什", "Xinjiang", 39.5, 76.0, 1290.0)


@pytest.fixture
def epw(whole_year_rows, tmp_path):
    path = tmp_path / "zhongwei.epw"
    path.write_text("\n".join(whole_year_rows))
    return path


@pytest.fixture
def netcdf(tmp_path):
    path = tmp_path / "weather.nc"
    nodes = (ZHONGWEI, HORINGER)
    time = time_axis("2026-03-05", horizon_h=48)
    write_netcdf(open_weather({node.node_id: "climate" for node in nodes}, nodes, time=time, seed=1), path)
    return path


def test_what_each_source_covers(epw, netcdf):
    found = examine_weather({"zhongwei": f"epw:{epw}", "horinger": f"netcdf:{netcdf}", "guian": "climate"}, NODES)
    assert found.problems == () and found.warnings == ()
    assert found.covers == {
        "zhongwei": f"epw:{epw}: a typical year, 8760 h of 01-01 to 12-31",
        "horinger": f"netcdf:{netcdf}: 48 h from 2026-03-04T16:00Z to 2026-03-06T16:00Z",
        "guian": "climate, any window",
    }


def test_every_fault_is_found_and_told_once(epw, netcdf, tmp_path):
    epw.write_text("\n".join(epw.read_text().splitlines()[:5000]))
    missing = tmp_path / "missing.nc"
    specs = {"zhongwei": f"epw:{epw}", "horinger": f"epw:{epw}", "guian": f"netcdf:{netcdf}", "kashgar": "climate"}
    other = Node("other", "O", "乙", "P", 40.0, 110.0, 1000.0)
    found = examine_weather({**specs, "other": f"netcdf:{missing}"}, (*NODES, NOWHERE, other))
    assert found.covers == {}
    assert len(found.problems) == 4
    for text, words in zip(
        found.problems,
        (
            ["weather of zhongwei, horinger: ", str(epw), "cut short"],
            ["weather of guian: ", str(netcdf), "no node 'guian'", "zhongwei, horinger"],
            ["weather of kashgar: ", "no embedded climate within 75 km", "epw:PATH"],
            ["weather of other: ", str(missing), "no such file"],
        ),
        strict=True,
    ):
        assert [word for word in words if word not in text] == [], text


def test_a_file_is_read_once_however_many_nodes_it_serves(netcdf, monkeypatch):
    read = []
    monkeypatch.setattr(
        examine, "read_file", lambda kind, path, **how: read.append(path) or read_file(kind, path, **how)
    )
    found = examine_weather({"zhongwei": f"netcdf:{netcdf}", "horinger": f"netcdf:{netcdf}"}, NODES[:2])
    assert len(found.covers) == 2
    assert read == [str(netcdf)]


def test_a_far_place_is_a_warning(epw):
    found = examine_weather({"guian": f"epw:{epw}"}, (GUIAN,))
    assert found.problems == () and list(found.covers) == ["guian"]
    assert len(found.warnings) == 1 and "'guian'" in found.warnings[0] and "km away" in found.warnings[0]


@pytest.mark.parametrize(("step", "words"), [(30, "intervals of 0.5 h"), (60, "on the full hour")])
def test_stamps_no_window_could_take(tmp_path, step, words):
    weather = open_weather({"guian": "climate"}, (GUIAN,), time=time_axis("2026-03-05", horizon_h=6), seed=1)
    late = weather["time"].values[0] + np.timedelta64(30, "m") + np.arange(6) * np.timedelta64(step, "m")
    path = tmp_path / "half.nc"
    write_netcdf(weather.assign_coords(time=late), path)
    (problem,) = examine_weather({"guian": f"netcdf:{path}"}, (GUIAN,)).problems
    assert str(path) in problem and words in problem


def test_a_disk_that_fails_is_a_problem_of_the_file(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(examine, "read_file", broken)
    (problem,) = examine_weather({"guian": f"epw:{tmp_path}/g.epw"}, (GUIAN,)).problems
    assert "g.epw" in problem and "Input/output error" in problem
