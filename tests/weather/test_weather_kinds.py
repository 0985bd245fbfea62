"""One table of kinds: a row is all that the rest needs to know of a source of weather."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from weather import Node, kinds, load_nodes, open_weather, read_epw
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.sources.assemble import place_dataset
from weather.sources.examine import examine_weather

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ("tmy3:PATH", "pvgis:PATH", "nasa_power:PATH", "era5:PATH", "csv:PATH", "open_meteo:PATH")
GUIAN = load_nodes()["guian"]
TIME = time_axis("2026-03-05", horizon_h=24)
FILE_KIND = kinds.Kind(
    name="tmy",
    needs_path=True,
    reader="kinds_of_a_test:read_year",
    typical_year=True,
    look_up="",
    example="tmy:/data/{node}.csv",
    words="a year of a test",
)
MADE_KIND = kinds.Kind(
    name="still",
    needs_path=False,
    reader="kinds_of_a_test:make_still",
    typical_year=False,
    look_up="kinds_of_a_test:only_in_the_south",
    example="still",
    words="one mild hour for ever",
)


def only_in_the_south(node: Node) -> None:
    if node.latitude > 35:
        raise DataError(f"weather: nothing is still at {node.node_id!r}.")


def make_still(nodes, *, time, seed):
    one = {"ghi": 0.0, "dni": 0.0, "dhi": 0.0, "temp_air": 15.0 + seed, "temp_dew": 5.0, "relative_humidity": 51.2}
    one |= {"pressure": 88_000.0, "wind_speed": 3.0}
    return {
        node.node_id: place_dataset(
            {name: np.full(time.size, value) for name, value in one.items()},
            time=time,
            latitude=node.latitude,
            longitude=node.longitude,
            altitude_m=node.altitude_m,
            attrs={"source": "still air", "history": "made by a test", "licence": "none"},
        )
        for node in nodes
    }


@pytest.fixture
def more_kinds(monkeypatch):
    """The table with a kind of file and a kind of made weather more, whose code is this file's."""
    home = type(sys)("kinds_of_a_test")
    home.make_still, home.only_in_the_south = make_still, only_in_the_south

    def read_year(path, *, check=True, repair=False):
        year = read_epw(path, check=check, repair=repair)
        # a reader that leaves it to the table to say that this is a typical year
        del year.attrs["typical_year"]
        return year.assign_attrs(source=f"year {Path(path).name}")

    home.read_year = read_year
    monkeypatch.setitem(sys.modules, "kinds_of_a_test", home)
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, FILE_KIND, MADE_KIND))


@pytest.fixture
def year_file(whole_year_rows, tmp_path):
    path = tmp_path / "year.tmy"
    path.write_text("\n".join(whole_year_rows))
    return path


def test_every_row_is_whole():
    names = [kind.name for kind in kinds.KINDS]
    files = ["epw", "netcdf", "tmy3", "pvgis", "nasa_power", "era5", "csv", "open_meteo"]
    assert names == ["climate", *files]
    for kind in kinds.KINDS:
        assert ":" not in kind.name and kind.words and callable(kinds.load(kind.reader))
        assert (kind.look_up == "") == kind.needs_path
        assert kind.needs_path or callable(kinds.load(kind.look_up))
        assert kinds.parse_spec(kind.example.format(node="guian"))[0] is kind


@pytest.mark.parametrize("spec", ["moon", "climate:guian", "climate:", "epw", "epw:", "netcdf: ", "EPW:/x.epw", "", 3])
def test_what_is_no_spec(spec):
    assert kinds.parse_spec(spec) is None


def test_a_path_may_hold_colons():
    assert kinds.parse_spec("epw:C:/a:b.epw")[1] == "C:/a:b.epw"


def test_a_kind_added_to_the_table_is_opened(more_kinds, year_file):
    place = Node("here", "Here", "此", "Ningxia", 37.50, 105.19, 1226.0)
    weather = open_weather({"here": f"tmy:{year_file}", "guian": "still"}, [place, GUIAN], time=TIME, seed=2)
    assert list(weather["source"].values) == ["year year.tmy", "still air"]
    theirs = open_weather({"here": f"epw:{year_file}"}, [place], time=TIME, seed=2)
    assert np.array_equal(weather["temp_air"].values[0], theirs["temp_air"].values[0])
    assert np.unique(weather["temp_air"].values[1]) == pytest.approx([17.0])


def test_a_kind_added_to_the_table_is_examined(more_kinds, year_file):
    here, north = (Node(name, "N", "名", "P", 37.5, 105.19, 1226.0) for name in ("here", "north"))
    found = examine_weather({"here": f"tmy:{year_file}", "guian": "still", "north": "still"}, (here, GUIAN, north))
    assert found.covers == {
        "here": f"tmy:{year_file}: a typical year, 8760 h of 01-01 to 12-31",
        "guian": "still, any window",
    }
    assert found.problems == ("weather of north: nothing is still at 'north'.",)


def test_a_kind_added_to_the_table_is_named_where_kinds_are(more_kinds):
    words = f"allowed kinds: climate, epw:PATH, netcdf:PATH, {', '.join(OTHERS)}, tmy:PATH, still"
    with pytest.raises(DataError, match=re.escape(words)):
        open_weather({"guian": "moon"}, [GUIAN], time=TIME, seed=0)
    choice = ', "csv:/data/guian.csv", "open_meteo:/data/guian.json", "tmy:/data/guian.csv" or "still"'
    with pytest.raises(DataError, match=re.escape(choice)):
        open_weather({}, [GUIAN], time=TIME, seed=0)
    far = Node("far", "Far", "远", "P", 20.0, 80.0, 100.0)
    with pytest.raises(
        DataError, match=re.escape(f"Give it a weather file: epw:PATH, netcdf:PATH, {', '.join(OTHERS)} or tmy:PATH.")
    ):
        open_weather({"far": "climate"}, [far], time=TIME, seed=0)


def test_the_table_is_light():
    code = "import sys, weather.kinds; print(sorted({'numpy', 'pandas', 'xarray', 'pvlib', 'h5py'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_no_other_module_names_a_kind():
    """Outside the table a kind is neither compared with nor listed; a reader's own module may say what it reads."""
    names = {text for kind in kinds.KINDS for text in (kind.name, f"{kind.name}:", kind.form)}
    found = []
    for package in ("weather", "models", "energy"):
        # energy reads tables of jobs too, a kind of job source of the same name, and offers tables to download
        shared = {"csv", "csv:"} if package == "energy" else set()
        for path in (ROOT / package).rglob("*.py"):
            # services are fetched from under names of their own, one of them that of a kind
            if path in (ROOT / "weather" / "kinds.py", ROOT / "energy" / "weather_services.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and node.value in names - shared:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value}")
    assert found == []


def test_the_help_of_the_command_line_is_made_from_the_table():
    code = (
        "import sys\n"
        "from weather import kinds\n"
        f"kinds.KINDS = (*kinds.KINDS, kinds.Kind(**{_fields(FILE_KIND)!r}))\n"
        "from energy.cli import main\n"
        "main(['plan', '--help'])\n"
    )
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    said = " ".join(ran.stdout.replace("│", " ").split())
    assert ran.returncode == 0, ran.stderr
    assert "SOURCE is climate (made from embedded monthly normals and the seed), epw:PATH (" in said
    assert "or tmy:PATH (a year of a test). Default: the study's weather table." in said


def _fields(kind: kinds.Kind) -> dict:
    return {name: getattr(kind, name) for name in kind.__slots__}


def test_functions_are_loaded_by_name():
    assert kinds.load("weather.sources.epw:read_epw") is read_epw
