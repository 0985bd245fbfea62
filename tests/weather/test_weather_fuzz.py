"""Damaged files of every kind: a DataError or weather that passes its own check, never anything else.

Bytes are flipped, cut out, doubled and cut off; cells of tables and parts of JSON are replaced by what does not belong
there. A reader that hung or filled the memory would end the run.
"""

import copy
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import true_weather as tw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import weather
from weather.conventions import WeatherWarning
from weather.conventions.errors import DataError
from weather.sources.open_meteo import read_open_meteo

TRUTH = tw.Truth(np.datetime64("2001-06-20"), 37.5, 105.2, 1226.0)
WHOLE = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def _by(write: Callable[[object, Path], object], folder: Path) -> bytes:
    path = folder / "sound"
    write(TRUTH, path)
    return path.read_bytes()


TABLES: dict[str, tuple[Callable[[Path], object], Callable[[Path], bytes]]] = {
    "epw": (weather.read_epw, lambda folder: _by(tw.write_epw, folder)),
    "tmy3": (weather.read_tmy3, lambda folder: _by(tw.write_tmy3, folder)),
    "pvgis series": (weather.read_pvgis, lambda _: tw.pvgis_table(tw.pvgis_series(TRUTH)).encode()),
    "pvgis year": (weather.read_pvgis, lambda _: tw.pvgis_table(tw.pvgis_year(TRUTH)).encode()),
    "nasa power": (weather.read_nasa_power, lambda _: tw.nasa_table(tw.nasa_power(TRUTH)).encode()),
    "era5": (weather.read_era5, lambda _: tw.era5_table(TRUTH).encode()),
    "csv": (weather.read_csv, lambda _: tw.own_csv(TRUTH).encode()),
    "csv as written": (
        weather.read_csv,
        lambda folder: _by(lambda truth, path: weather.write_csv(truth.dataset(), path), folder),
    ),
}
TREES: dict[str, tuple[Callable[[Path], object], Callable[[], dict]]] = {
    "pvgis series": (weather.read_pvgis, lambda: tw.pvgis_series(TRUTH)),
    "pvgis year": (weather.read_pvgis, lambda: tw.pvgis_year(TRUTH)),
    "nasa power": (weather.read_nasa_power, lambda: tw.nasa_power(TRUTH)),
    "open-meteo": (read_open_meteo, lambda: tw.open_meteo(TRUTH)),
}
BINARIES: dict[str, tuple[Callable[[Path], object], Callable[[object, Path], object]]] = {
    "era5": (weather.read_era5, lambda truth, path: tw.era5_cell(truth).to_netcdf(path, engine="h5netcdf")),
    "netcdf": (weather.read_netcdf, lambda truth, path: weather.write_netcdf(truth.dataset(), path)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def sound(folder) -> Callable[[str], bytes]:
    held = {name: make(folder) for name, (_, make) in TABLES.items()}
    held |= {f"{name} binary": _by(write, folder) for name, (_, write) in BINARIES.items()}
    held |= {f"{name} tree": json.dumps(make()).encode() for name, (_, make) in TREES.items()}
    return held.__getitem__


def read_or_refuse(read: Callable[[Path], object], content: bytes, folder: Path) -> None:
    path = folder / "damaged"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", WeatherWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        try:
            found = read(path)
        except DataError as error:
            assert str(path) in str(error) and len(str(error)) < 5000
            return
    weather.check_weather(found)


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Up to four hurts of a file."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        how = draw(st.sampled_from(["flip", "cut", "drop", "double", "insert"]))
        if how == "flip":
            content = content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
        elif how == "cut":
            content = content[:at]
        elif how == "drop":
            content = content[:at] + content[at + draw(st.integers(1, 200)) :]
        elif how == "double":
            content = content[:at] + content[max(0, at - draw(st.integers(1, 300))) :]
        else:
            content = content[:at] + draw(st.binary(min_size=1, max_size=8)) + content[at:]
    return content


STRANGE = st.one_of(
    st.sampled_from(["", "nan", "inf", "-inf", "1e999", "-1e5", "9999", "-99", "1e-400", "1_0", "9" * 400, "true"]),
    st.sampled_from(["29/02/2001", "2001-02-29T00:00", "24:00", "+08:00", "Asia/Shanghai", "[W/m2]", "#", '"', "=1+1"]),
    st.sampled_from(["\ufeff", "١٢", "\x00", "\u2028", "\r"]),
    st.text(max_size=6),
    st.floats().map(repr),
    st.integers(-(10**30), 10**30).map(str),
)


@pytest.mark.parametrize("name", TABLES)
@WHOLE
@given(data=st.data())
def test_tables_with_hurt_bytes(folder, sound, name, data):
    read_or_refuse(TABLES[name][0], data.draw(damage(sound(name))), folder)


@pytest.mark.parametrize("name", TABLES)
@WHOLE
@given(data=st.data())
def test_tables_with_strange_cells(folder, sound, name, data):
    lines = sound(name).decode().splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        # the rows that say what the file is are as likely as all the rest
        row = data.draw(st.one_of(st.integers(0, min(len(lines) - 1, 20)), st.integers(0, len(lines) - 1)))
        parts = lines[row].split(",") if data.draw(st.booleans()) else lines[row].split(":")
        mark = "," if "," in lines[row] else ":"
        parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(STRANGE)
        lines[row] = mark.join(parts)
    read_or_refuse(TABLES[name][0], "\n".join(lines).encode("utf-8", "surrogatepass"), folder)


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**25), 10**25), st.floats(), st.text(max_size=5), STRANGE),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=4,
)


def _places(tree: object, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    children = tree.items() if isinstance(tree, dict) else enumerate(tree[:5]) if isinstance(tree, list) else ()
    for index, (key, value) in enumerate(children):
        if index < 12:
            found += _places(value, (*path, key))
    return found


@pytest.mark.parametrize("name", TREES)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, 10**6), st.sampled_from(["drop", "rename", "replace"]), JSON_VALUES, st.text(max_size=9)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_json_with_strange_parts(folder, sound, name, edits):
    tree = json.loads(sound(f"{name} tree"))
    for place, how, value, key in edits:
        places = _places(tree)
        if not places:
            break
        *path, last = places[place % len(places)]
        held = tree
        for part in path:
            held = held[part]
        if how == "replace" or isinstance(held, list):
            held[last] = copy.deepcopy(value)
        else:
            taken = held.pop(last)
            if how == "rename":
                held[key] = taken
    read_or_refuse(TREES[name][0], json.dumps(tree).encode(), folder)


@pytest.mark.parametrize("name", TREES)
@WHOLE
@given(data=st.data())
def test_json_with_hurt_bytes(folder, sound, name, data):
    read_or_refuse(TREES[name][0], data.draw(damage(sound(f"{name} tree"))), folder)


@pytest.mark.parametrize("name", BINARIES)
@WHOLE
@given(data=st.data())
def test_netcdf_with_hurt_bytes(folder, sound, name, data):
    read_or_refuse(BINARIES[name][0], data.draw(damage(sound(f"{name} binary"))), folder)


READERS = {
    name: read
    for name, read in (
        *((name, row[0]) for name, row in TABLES.items()),
        *((f"{name}, JSON", row[0]) for name, row in TREES.items()),
        *((f"{name}, NetCDF", row[0]) for name, row in BINARIES.items()),
    )
}


@pytest.mark.parametrize("name", READERS)
@given(content=st.binary(max_size=300))
def test_any_bytes_at_all(folder, name, content):
    read_or_refuse(READERS[name], content, folder)


@pytest.mark.parametrize("name", READERS)
def test_each_reader_given_the_files_of_the_others(folder, sound, name):
    for other in (*TABLES, *(f"{tree} tree" for tree in TREES), *(f"{binary} binary" for binary in BINARIES)):
        read_or_refuse(READERS[name], sound(other), folder)
