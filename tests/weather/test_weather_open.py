"""One call for all sources."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from weather import Node, WeatherWarning, check_weather, load_nodes, open_weather, read_epw, write_netcdf
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.conventions.variables import REQUIRED

ZHONGWEI, HORINGER, GUIAN = (load_nodes()[name] for name in ("zhongwei", "horinger", "guian"))
TIME = time_axis("2026-03-05", horizon_h=48)


@pytest.fixture(scope="module")
def epw(whole_year_rows, tmp_path_factory):
    """A year at Zhongwei's own place."""
    path = tmp_path_factory.mktemp("epw") / "zhongwei.epw"
    path.write_text("\n".join(whole_year_rows))
    return path


@pytest.fixture(scope="module")
def climate() -> xr.Dataset:
    nodes = (ZHONGWEI, HORINGER, GUIAN)
    return open_weather({node.node_id: "climate" for node in nodes}, nodes, time=TIME, seed=1)


@pytest.fixture(scope="module")
def netcdf(climate, tmp_path_factory):
    path = tmp_path_factory.mktemp("netcdf") / "weather.nc"
    write_netcdf(climate, path)
    return path


def opened(spec: str, *, node: Node = ZHONGWEI, time: np.ndarray = TIME) -> xr.Dataset:
    return open_weather({node.node_id: spec}, [node], time=time, seed=0)


def test_sources_may_be_mixed(climate, epw, netcdf):
    specs = {"guian": f"netcdf:{netcdf}", "zhongwei": f"epw:{epw}", "horinger": "climate"}
    weather = open_weather(specs, (HORINGER, ZHONGWEI, GUIAN), time=TIME, seed=1)
    assert check_weather(weather) is weather
    assert list(weather["node"].values) == ["horinger", "zhongwei", "guian"]  # as the nodes, not the specs
    assert weather["ghi"].dims == ("node", "time") and set(weather.data_vars) == set(REQUIRED)
    assert np.array_equal(weather["time"].values, TIME)
    for name in REQUIRED:
        assert np.array_equal(weather[name].sel(node="guian"), climate[name].sel(node="guian"))
        assert np.array_equal(weather[name].sel(node="horinger"), climate[name].sel(node="horinger"))
    assert weather["pressure"].sel(node="zhongwei").values == pytest.approx(87_000.0 + np.arange(48) % 24)
    sources = [str(text) for text in weather["source"].values]
    assert sources[0].startswith("synthetic: embedded climate generator")
    assert sources[1].startswith("EPW zhongwei.epw: Testville")
    assert sources[2].startswith(f"NetCDF {netcdf}: synthetic: embedded climate")
    for key in ("source", "history", "licence"):
        at = [weather.attrs[key].find(f"{node}: ") for node in ("horinger", "zhongwei", "guian")]
        assert at[0] == 0 and at == sorted(at)


def test_own_result_can_be_written_and_opened_again(climate, netcdf):
    nodes = (GUIAN, ZHONGWEI)
    weather = open_weather({node.node_id: f"netcdf:{netcdf}" for node in nodes}, nodes, time=TIME[3:20], seed=9)
    for name in REQUIRED:
        wanted = climate[name].sel(node=["guian", "zhongwei"], time=TIME[3:20])
        assert np.array_equal(weather[name].values, wanted.values)


def test_typical_year_in_netcdf_is_laid_like_the_file_it_came_from(epw, tmp_path):
    write_netcdf(read_epw(epw), tmp_path / "year.nc")
    time = time_axis("2027-12-31", horizon_h=48)
    ours, theirs = opened(f"netcdf:{tmp_path / 'year.nc'}", time=time), opened(f"epw:{epw}", time=time)
    for name in REQUIRED:
        assert np.array_equal(ours[name].values, theirs[name].values)


def test_place_is_the_file_s(epw):
    node = Node("near", "Near", "近", "Ningxia", 37.7, 105.3, 1300.0)
    weather = opened(f"epw:{epw}", node=node)
    found = [float(weather[name][0]) for name in ("latitude", "longitude", "altitude_m")]
    assert found == [37.50, 105.19, 1226.0]


@pytest.mark.parametrize(
    ("latitude", "altitude_m", "words"),
    [
        (38.2, 1226.0, "78 km away and \\+0 m"),
        (37.5, 1400.0, "0 km away and -174 m"),
        (37.5, 900.0, "0 km away and \\+326 m"),
    ],
)
def test_place_far_from_its_node_warns(epw, latitude, altitude_m, words):
    node = Node("far", "Far", "远", "Ningxia", latitude, 105.19, altitude_m)
    with pytest.warns(WeatherWarning, match=f"node 'far': its weather is of a place {words}") as caught:
        opened(f"epw:{epw}", node=node)
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]  # the caller's line


@pytest.mark.parametrize("node_id", list(load_nodes()))
def test_measured_year_serves_a_node(shared_data_dir, node_id):
    files = {
        "zhongwei": "CHN_XZ_Urumqi-Diwopu.AP.514635_TMYx.epw",
        "horinger": "CHN_SX_Taiyuan.537720_TMYx.epw",
        "ulanqab": "CHN_CQ_Chongqing.Shapingba.575160_CSWD.epw",
        "qingyang": "CHN_SC_Chengdu-Shuangliu.AP.562940_TMYx.2009-2023.epw",
        "guian": "CHN_YN_Kunming-Wujiaba.AP.567780_TMYx.epw",
    }
    path = shared_data_dir / "weather" / files[node_id]
    time = time_axis("2027-12-31", horizon_h=72)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        weather = opened(f"epw:{path}", node=load_nodes()[node_id], time=time)
    assert any(f"node '{node_id}': its weather is of a place" in str(warning.message) for warning in caught)
    assert all(warning.category is WeatherWarning for warning in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)
        year = read_epw(path)
    for name in REQUIRED:
        wanted = np.concatenate([year[name].values[-24:], year[name].values[:48]])
        assert np.array_equal(weather[name].values[0], wanted)


@pytest.mark.parametrize("spec", ["moon", "climate:zhongwei", "epw", "epw:", "netcdf: ", "EPW:/x.epw", "", 3])
def test_unknown_kind_lists_the_kinds(spec):
    words = f"node 'zhongwei' has source {spec!r}; allowed kinds: climate, epw:PATH, netcdf:PATH"
    with pytest.raises(DataError, match=re.escape(words)):
        opened(spec)


def test_node_without_source_is_told_how_to_give_one():
    with pytest.raises(DataError, match=r"node 'guian' has no weather source; add one .* guian = .climate"):
        open_weather({"zhongwei": "climate"}, [ZHONGWEI, GUIAN], time=TIME, seed=0)


def test_nodes_must_be_some_and_differ():
    with pytest.raises(DataError, match="at least one"):
        open_weather({}, [], time=TIME, seed=0)
    with pytest.raises(DataError, match="given twice: zhongwei"):
        open_weather({"zhongwei": "climate"}, [ZHONGWEI, ZHONGWEI], time=TIME, seed=0)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (time_axis("2026-03-05", horizon_h=2, step_h=0.5), "every 0.5 h; sources are hourly"),
        (TIME[::3], "every 3 h; sources are hourly"),
        (TIME + np.timedelta64(30, "m"), "2026-03-04T16:30Z every 1 h; .* full hour"),
        (TIME[:1], "at least two"),
        (TIME[[0, 1, 3]], "differ from the first step"),
        (np.arange(48), "naive UTC datetime64"),
    ],
)
@pytest.mark.parametrize("kind", ["climate", "epw", "netcdf"])
def test_axis_must_be_hourly(epw, netcdf, kind, time, words):
    spec = {"climate": "climate", "epw": f"epw:{epw}", "netcdf": f"netcdf:{netcdf}"}[kind]
    with pytest.raises(DataError, match=words):
        opened(spec, time=time)


@pytest.mark.parametrize("kind", ["epw", "netcdf"])
def test_file_not_found_is_named(tmp_path, kind):
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'none.dat'}: no such file")):
        opened(f"{kind}:{tmp_path / 'none.dat'}")


def test_epw_cut_in_the_middle_is_named(epw, tmp_path):
    content = epw.read_bytes()
    (tmp_path / "cut.epw").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"cut.epw: \d{4} data rows, expected 8760 .* the last row read is \d{4}"):
        opened(f"epw:{tmp_path / 'cut.epw'}")


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2026-03-06", "24 of 48 wanted hours are not in it, first 2026-03-06T16:00Z"),
        ("2026-03-04", "24 of 48 wanted hours are not in it, first 2026-03-03T16:00Z"),
        ("2027-03-05", "48 of 48 wanted hours are not in it"),
    ],
)
def test_hours_outside_the_file_are_told(netcdf, date, words):
    covered = "the file covers 2026-03-04T16:00Z to 2026-03-06T15:00Z"
    with pytest.raises(DataError, match=f"for node 'zhongwei': {re.escape(words)}.*{covered}"):
        opened(f"netcdf:{netcdf}", time=time_axis(date, horizon_h=48))


def test_node_outside_the_file_is_told(netcdf):
    with pytest.raises(DataError, match="no node 'qingyang'; the file holds zhongwei, horinger, guian"):
        opened(f"netcdf:{netcdf}", node=load_nodes()["qingyang"])


def test_finer_file_is_not_taken_for_hourly(climate, tmp_path):
    fine = climate.isel(node=0, drop=False).drop_vars(["node", "source"])
    halves = TIME[0] + np.arange(48) * np.timedelta64(30, "m")
    fine = fine.assign_coords(time=halves)
    for name in ("ghi", "dni", "dhi"):
        fine[name] = fine[name] * 0.0
        fine[name].attrs = climate[name].attrs
    write_netcdf(fine, tmp_path / "fine.nc")
    with pytest.raises(DataError, match=r"intervals of 0\.5 h; hourly means are needed"):
        opened(f"netcdf:{tmp_path / 'fine.nc'}", time=TIME[:20])


def test_optional_variable_is_kept_only_where_all_have_it(climate, tmp_path):
    high = (climate["wind_speed"] * 1.4).assign_attrs(height_m=100.0)
    write_netcdf(climate.assign(wind_speed_100m=high), tmp_path / "high.nc")
    spec = f"netcdf:{tmp_path / 'high.nc'}"
    both = open_weather({"zhongwei": spec, "guian": spec}, [ZHONGWEI, GUIAN], time=TIME, seed=0)
    assert both["wind_speed_100m"].values == pytest.approx(both["wind_speed"].values * 1.4)
    mixed = open_weather({"zhongwei": spec, "guian": "climate"}, [ZHONGWEI, GUIAN], time=TIME, seed=0)
    assert set(mixed.data_vars) == set(REQUIRED)


def test_import_is_light():
    code = "import sys, weather; print(sorted({'pvlib', 'pandas', 'xarray', 'h5py'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_unknown_public_name_is_an_attribute_error():
    import weather

    assert {name for name in weather.__all__ if getattr(weather, name, None) is None} == set()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = weather.nothing


def test_leap_day_and_new_year_come_from_the_typical_year(epw, expected_values):
    leap = opened(f"epw:{epw}", time=time_axis("2028-02-28", horizon_h=72))["temp_air"].values.reshape(3, 24)
    assert np.array_equal(leap[0], leap[1])
    assert leap[2][0] == pytest.approx(expected_values(60, 0)["temp_air"])
    turn = opened(f"epw:{epw}", time=time_axis("2026-12-31", horizon_h=48))["temp_air"].values.reshape(2, 24)
    assert turn[0][23] == pytest.approx(expected_values(365, 23)["temp_air"])
    assert turn[1][0] == pytest.approx(expected_values(1, 0)["temp_air"])


def test_file_is_read_once_for_all_its_nodes(epw, monkeypatch):
    import weather.sources.epw as home

    reads = []
    monkeypatch.setattr(home, "read_epw", lambda path, **how: reads.append(path) or read_epw(path, **how))
    with pytest.warns(WeatherWarning):
        specs = {node.node_id: f"epw:{epw}" for node in (ZHONGWEI, HORINGER, GUIAN)}
        open_weather(specs, [ZHONGWEI, HORINGER, GUIAN], time=TIME, seed=0)
    assert reads == [str(epw)]


def test_file_weather_does_not_depend_on_the_seed(epw):
    one, other = (open_weather({"zhongwei": f"epw:{epw}"}, [ZHONGWEI], time=TIME, seed=seed) for seed in (1, 2))
    assert one.identical(other)


def test_stamps_of_another_resolution_are_the_same_stamps():
    wanted = opened("climate")
    for time in (TIME.astype("datetime64[s]"), TIME.astype("datetime64[us]"), TIME.astype("datetime64[h]")):
        assert opened("climate", time=time).identical(wanted)


def test_file_of_every_second_hour_lacks_the_others(climate, tmp_path):
    coarse = climate.resample(time="2h").mean(keep_attrs=True)
    write_netcdf(coarse.transpose("node", "time"), tmp_path / "coarse.nc")
    with pytest.raises(DataError, match="24 of 48 wanted hours are not in it, first 2026-03-04T17:00Z"):
        opened(f"netcdf:{tmp_path / 'coarse.nc'}")


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        (9, "870", "row 4000 (2001-06-15T23:00Z): pressure is out of range"),
        (6, "NaN", "row 4000: temp_air is 'NaN'; expected a number"),
        (21, "2.5,0", "row 4000: 36 columns, expected 35 as in row 9"),
    ],
)
def test_spoilt_hour_anywhere_in_the_year_is_named(whole_year_rows, tmp_path, column, text, words):
    parts = whole_year_rows[3999].split(",")
    parts[column] = text
    path = tmp_path / "spoilt.epw"
    path.write_text("\n".join([*whole_year_rows[:3999], ",".join(parts), *whole_year_rows[4000:]]))
    # an hour in June is spoilt and a window in March refused: a file is good or it is not
    with pytest.raises(DataError, match=re.escape(f"{path}, {words}")):
        opened(f"epw:{path}")
