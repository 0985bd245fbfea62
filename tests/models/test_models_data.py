"""Every data row says where it is from, and the package keeps the import law."""

import ast
import csv
import tomllib
from importlib import resources
from pathlib import Path

import pytest

DATA = resources.files("models").joinpath("data")
FILES = sorted(entry.name for entry in DATA.iterdir() if not entry.name.startswith((".", "__")))
ALLOWED = {"numpy", "pandas", "pvlib", "xarray", "models"}
PACKAGE = Path(str(resources.files("models")))


def rows(name: str) -> list[dict]:
    text = DATA.joinpath(name).read_text(encoding="utf-8")
    if name.endswith(".csv"):
        return list(csv.DictReader(text.splitlines()))
    return [row for table in tomllib.loads(text).values() for row in table]


def test_the_known_data_files_are_there():
    known = {
        "battery.toml", "electrical.toml", "gpu.toml", "grid_carbon.csv", "grid_contracts_cn.csv", "holidays_cn.csv",
        "tariff_hours_cn.csv", "tariff_network_cn.csv", "tariff_prices_cn.csv", "turbines.csv",
    }  # fmt: skip
    assert known <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_row_has_a_source(name):
    found = rows(name)
    assert len(found) >= 5
    for row in found:
        assert len(row["source"].strip()) >= 15, row


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_models_import_only_what_the_law_allows(path):
    standard = __import__("sys").stdlib_module_names
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            ours = name.startswith(("weather.conventions", "weather.derive"))
            assert ours or top in ALLOWED or top in standard, f"{path.name} imports {name}"


def test_importing_models_does_not_load_pvlib():
    import subprocess
    import sys

    code = (
        "import models, models.solar, models.wind, models.overhead, models.grid, models.gpu, sys;"
        "sys.exit('pvlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False).returncode == 0
