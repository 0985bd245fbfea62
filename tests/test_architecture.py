"""The house rules, read off the source: who imports whom, what is documented, where numbers come from."""

from __future__ import annotations

import ast
import csv
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("weather", "models", "energy")
MOST_LINES = 450
DATA_TABLES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("data/*") if path.suffix in (".toml", ".csv")
)
_SOURCE_COLUMNS = re.compile(r"(^|_)source(_|$)")


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def _imported(module: str) -> set[str]:
    """Modules a module imports anywhere in its text, as the longest name that is a module of ours."""
    found: set[str] = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".") if SOURCES[module].name == "__init__.py" else module.split(".")[:-1]
                base = ".".join([*above[: len(above) - node.level + 1], *([base] if base else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {name if name in SOURCES else base for name in names}
    return found


IMPORTS = {module: _imported(module) for module in SOURCES}


def _is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _ours(module: str) -> set[str]:
    return {other for other in IMPORTS[module] if _is_in(other, *PACKAGES)}


def _breaches(importers: tuple[str, ...], forbidden) -> list[str]:
    return [
        f"{module} imports {other}"
        for module in SOURCES
        if _is_in(module, *importers)
        for other in sorted(_ours(module))
        if forbidden(other)
    ]


def test_the_reader_of_imports_sees_every_form():
    """The tests below would pass on an empty list; these are known imports of three kinds."""
    assert "weather.derive" in IMPORTS["energy.inputs"]  # from weather import derive
    assert "weather.conventions.errors" in IMPORTS["energy.cli"]  # from a.b.c import Name
    assert "energy.day" in IMPORTS["energy.cli"]  # inside a function
    assert "highspy" in IMPORTS["energy.planner.solver"]  # import x inside try
    assert len(SOURCES) > 60


def test_weather_imports_nothing_of_ours():
    assert _breaches(("weather",), lambda other: _is_in(other, "models", "energy")) == []


def test_models_import_only_conventions_and_derivations_of_weather():
    allowed = ("models", "weather.conventions", "weather.derive")
    assert _breaches(("models",), lambda other: not _is_in(other, *allowed)) == []


def test_the_planner_sees_one_dataset_and_neither_study_nor_weather_nor_plants():
    allowed = ("energy.planner", "energy.plan", "energy.workload", "weather.conventions")
    assert _breaches(("energy.planner",), lambda other: not _is_in(other, *allowed)) == []


def test_the_verifier_shares_nothing_with_what_it_checks():
    shared = ("energy.planner", "energy.inputs", "energy.plan", "energy.baselines", "energy.kpis", "energy.day")
    assert _breaches(("energy.verify",), lambda other: _is_in(other, *shared)) == []


def test_the_audit_knows_nothing_of_the_planner():
    shared = ("energy.planner", "energy.inputs", "energy.baselines", "energy.day")
    assert _breaches(("energy.simulate", "energy.audit"), lambda other: _is_in(other, *shared)) == []


@pytest.mark.parametrize(
    ("leaf", "importers"),
    [
        ("energy.cli", ()),
        ("energy.report", ("energy.publish", "energy.report", "energy.weather_cli")),
        ("energy.weather_cli", ("energy.cli",)),
        ("energy.plant_cli", ("energy.cli",)),
        ("energy.publish", ("energy.cli",)),
        ("energy.doctor", ("energy.cli",)),
        ("energy.starter", ("energy.cli",)),
    ],
)
def test_leaves_are_imported_by_nobody_else(leaf, importers):
    found = [m for m in SOURCES if not _is_in(m, *importers, leaf) and any(_is_in(o, leaf) for o in IMPORTS[m])]
    assert found == []


def test_one_module_knows_the_solver():
    users = {module for module, found in IMPORTS.items() if any(_is_in(other, "highspy") for other in found)}
    assert users == {"energy.planner.solver"}


def test_no_module_imports_itself_in_a_circle_at_load_time():
    """Imports outside functions and outside TYPE_CHECKING form no circle."""
    graph = {module: {other for other in _at_load(module) if other in SOURCES} for module in SOURCES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in SOURCES:
        visit(module, ())


def _at_load(module: str) -> set[str]:
    found: set[str] = set()
    for node in TREES[module].body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in SOURCES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found - {module}


def test_everything_public_says_what_it_is():
    missing = []
    for module, tree in TREES.items():
        if not ast.get_docstring(tree) and tree.body:
            missing.append(module)
        missing += [f"{module}.{name}" for name in _undocumented(tree.body, "")]
    assert missing == []


def _undocumented(body: list[ast.stmt], within: str) -> list[str]:
    """Public functions, classes and methods; a property may be told of in its class."""
    found = []
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        is_property = any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
        if not ast.get_docstring(node) and not is_property:
            found.append(within + node.name)
        if isinstance(node, ast.ClassDef):
            found += _undocumented(node.body, f"{node.name}.")
    return found


def test_no_module_is_too_long():
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in SOURCES.items()}
    assert {module: lines for module, lines in lengths.items() if lines > MOST_LINES} == {}


def test_nothing_runs_text_or_loads_objects():
    """No eval, exec, pickle, shell: input is data, never a program."""
    found = []
    for module, tree in TREES.items():
        found += [f"{module} imports {name}" for name in IMPORTS[module] & {"pickle", "marshal", "shelve", "dill"}]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                found.append(f"{module}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle") and _is_true(node.value):
                found.append(f"{module}:{node.value.lineno} {node.arg}=True")
    assert found == []


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def test_input_is_not_checked_by_assert_nor_errors_caught_blindly():
    found = []
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                found.append(f"{module}:{node.lineno} assert")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                found.append(f"{module}:{node.lineno} except without a class")
    assert found == []


def _tables_without_source(value: object, where: str, inherited: bool) -> list[str]:
    """Tables that hold numbers while neither they nor the table around them name a source."""
    if isinstance(value, list):
        return [t for i, item in enumerate(value) for t in _tables_without_source(item, f"{where}[{i}]", inherited)]
    if not isinstance(value, dict):
        return []
    sourced = inherited or bool(str(value.get("source", "")).strip())
    numbers = [k for k, v in value.items() if _has_number(v) and k != "schema_version"]
    found = [f"{where}: {', '.join(numbers)}"] if numbers and not sourced else []
    for key, item in value.items():
        found += _tables_without_source(item, f"{where}.{key}", sourced)
    return found


def _has_number(value: object) -> bool:
    if isinstance(value, list):
        return any(_has_number(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def test_data_tables_are_found():
    assert {"gpu.toml", "turbines.csv", "nodes.toml", "west.toml"} <= {path.name for path in DATA_TABLES}


@pytest.mark.parametrize("path", DATA_TABLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_row_of_numbers_has_a_source(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        assert _tables_without_source(tomllib.loads(text), path.name, False) == []
        return
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    columns = [name for name in rows[0] if _SOURCE_COLUMNS.search(name)]
    if columns:
        bare = [i for i, row in enumerate(rows, 1) if not any(row[name].strip() for name in columns)]
        assert bare == []
    else:
        comments = " ".join(line for line in text.splitlines() if line.startswith("#"))
        assert re.search(r"source|assumption", comments, re.IGNORECASE), f"{path}: no source column, no source comment"


def test_the_source_test_would_notice():
    """A table of numbers without a source is named, one inside a sourced table is not."""
    assert _tables_without_source({"a": {"kw": 1.0}}, "f", False) == ["f.a: kw"]
    assert _tables_without_source({"a": {"kw": 1.0, "source": "x", "b": [{"h": 2}]}}, "f", False) == []
    assert _tables_without_source({"a": {"kw": 1.0, "source": " "}}, "f", False) == ["f.a: kw"]


def test_help_is_light():
    """--help imports nothing heavy: it would take seconds."""
    code = (
        "import sys\n"
        "from energy.cli import main\n"
        "try:\n    main(['plan', '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'pvlib', 'pandas', 'xarray', 'highspy', 'pulp', 'plotly', 'scipy', 'numpy'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))\n"
    )
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("heavy: []")
    assert "--weather" in done.stdout


def test_no_test_reaches_another_machine():
    """192.0.2.1 is an address for documentation (RFC 5737)."""
    with socket.socket() as outward, pytest.raises(RuntimeError, match="only this machine"):
        outward.connect(("192.0.2.1", 80))
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
