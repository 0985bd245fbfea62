"""`greendc replay`: a run read back as published, replayed in its own and in other weather, refused with reasons."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import energy.replay as replay_module
from energy.config import load_study
from energy.replay import read_run
from weather.conventions.errors import DataError


@pytest.fixture
def run(published, tmp_path) -> Path:
    """A copy of the published run, to spoil."""
    folder = tmp_path / "run"
    shutil.copytree(published.folder, folder)
    return folder


def told(greendc, *arguments) -> dict:
    ran = greendc("replay", *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def test_in_its_own_weather_a_run_gives_the_audit_it_was_published_with(greendc, published, study_file):
    before = {path.name: path.read_bytes() for path in published.folder.iterdir()}
    made = told(greendc, published.out / "latest", "--study", study_file)
    audit = published.read("summary.json")["audit"]
    assert made["audit"]["worst"]["node"] == audit["worst"]["node"]
    for side in ("planned", "audited"):
        assert made["audit"][side] == pytest.approx(audit[side], rel=1e-12)
    assert audit["planned"]["pue"] == pytest.approx(published.read("summary.json")["kpis"]["pue"], rel=1e-12)
    assert audit["audited"]["pue"] == pytest.approx(published.read("summary.json")["kpis"]["pue_plant"], rel=1e-9)
    assert abs(audit["facility_off"]) < 0.005
    assert made["warnings"] == [] and made["seed"] == published.read("summary.json")["seed"]
    assert {path.name: path.read_bytes() for path in published.folder.iterdir()} == before


def test_other_weather_changes_its_own_node_alone(greendc, published, study_file, small_epw):
    own = told(greendc, published.folder, "--study", study_file)["audit"]
    made = told(greendc, published.folder, "--study", study_file, "--weather", f"alpha=epw:{small_epw}")
    assert made["weather"] == {"alpha": f"epw:{small_epw}", "beta": "climate"}
    assert made["audit"]["nodes"]["beta"] == pytest.approx(own["nodes"]["beta"], rel=1e-12)
    assert made["audit"]["nodes"]["alpha"] != pytest.approx(own["nodes"]["alpha"], rel=1e-3)
    assert made["audit"]["audited"]["available_kwh"] != pytest.approx(own["audited"]["available_kwh"], rel=1e-3)
    assert made["audit"]["planned"] == own["planned"]


def test_another_seed_is_another_climate(greendc, published, study_file):
    one, two = (told(greendc, published.folder, "--study", study_file, "--seed", seed) for seed in (7, 11))
    assert one["audit"]["audited"]["pue"] != two["audit"]["audited"]["pue"] and two["seed"] == 11


def test_what_is_short_is_laid_to_the_weather_only_where_that_is_another(run, study_file, small_epw, monkeypatch):
    """Each way a replay's weather or study may differ, as the audit is told of it."""
    asked = []

    def audit(*_, another, **given):
        asked.append(another)
        return {"short": {}}

    monkeypatch.setattr(replay_module, "audit", audit)
    study, own = load_study(study_file), read_run(run)
    replay_module.replay(own, study, specs={})
    replay_module.replay(own, study, specs={"alpha": f"epw:{small_epw}"})
    replay_module.replay(own, study, specs={}, seed=int(own.summary["seed"]) + 1)
    told = own.summary | {"inputs": own.summary["inputs"] | {"study_sha256": "another"}}
    replay_module.replay(replace(own, summary=told), study, specs={})
    warmer = own.plan.assign(temp_air_degc=own.plan["temp_air_degc"] + 0.1)  # as if its forecast were of yesterday
    replay_module.replay(replace(own, plan=warmer), study, specs={})
    assert asked == ["", "weather", "weather", "study", "weather"]
    assert (own.plan["table_error_of_it"].values < 0.003).all() and (own.plan["table_error_of_it"].values > 0).all()


def test_the_table_names_sources_figures_and_nodes(greendc, published, study_file, small_epw):
    ran = greendc("replay", published.folder, "--study", study_file, "--weather", f"alpha=epw:{small_epw}")
    assert ran.code == 0, ran.err
    assert f"weather of alpha: epw:{small_epw}\n" in ran.out and "weather of beta: climate (as planned)" in ran.out
    audited = told(greendc, published.folder, "--study", study_file, "--weather", f"alpha=epw:{small_epw}")["audit"]
    lines = {line.split("  ")[1]: line.split() for line in ran.out.splitlines() if line.startswith("  ")}
    assert lines["PUE"][-2] == f"{audited['audited']['pue']:.4f}"
    assert any(
        line.startswith("beta") and f"{audited['nodes']['beta']['pue']:.4f}" in line for line in ran.out.splitlines()
    )


def test_the_plan_prints_the_audit(published, greendc, tmp_path):
    ran = greendc("plan", "--study", Path(__file__).with_name("test_cli_two.toml"), "--jobs", published.jobs, "--date",
                  "2026-07-15", "--horizon", 12, "--out", tmp_path / "runs")  # fmt: skip
    assert ran.code in (0, 5), ran.err
    audit = published.read("summary.json")["audit"]
    (line,) = [line for line in ran.out.splitlines() if line.startswith("  audit ")]
    assert f"PUE {audit['planned']['pue']:.4f} planned, {audit['audited']['pue']:.4f} by the nonlinear plant" in line
    assert f"{audit['audited']['renewable_share']:.4f}" in line


def test_a_study_changed_since_is_told_and_another_study_refused(greendc, run, edited_study):
    air = 'cooling = { kind = "air_economiser",'
    changed = edited_study((air, f"{air} fan_pressure_pa = 900.0,"))
    made = told(greendc, run, "--study", changed)
    assert len(made["warnings"]) == 1 and "planned with" in made["warnings"][0]
    assert made["audit"]["audited"]["facility_kwh"] > made["audit"]["planned"]["facility_kwh"] * 1.005
    greendc("replay", run).refused(3, "alpha, beta", "zhongwei", "--study")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda run: shutil.rmtree(run), ["is not there", "a run is a folder"]),
        (lambda run: (run / "manifest.json").unlink(), ["manifest.json", "cannot be read"]),
        (lambda run: (run / "manifest.json").write_text("{"), ["manifest.json", "not JSON"]),
        (lambda run: (run / "manifest.json").write_text("[]"), ["manifest.json", "list", "not an object"]),
        (lambda run: (run / "manifest.json").write_text("{}"), ["sha256", "changed or damaged"]),
        (lambda run: (run / "plan.nc").unlink(), ["plan.nc", "cannot be read"]),
        (lambda run: flip(run / "plan.nc"), ["plan.nc", "sha256", "changed or damaged"]),
        (lambda run: flip(run / "summary.json"), ["summary.json", "changed or damaged"]),
    ],
    ids=[
        "gone",
        "no manifest",
        "bad manifest",
        "list manifest",
        "empty manifest",
        "no plan",
        "flipped plan",
        "flipped",
    ],
)
def test_what_is_no_run_is_refused(greendc, run, study_file, spoil, words):
    spoil(run)
    greendc("replay", run, "--study", study_file).refused(3, str(run), *words)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_a_file_is_no_run(published):
    with pytest.raises(DataError, match="is a file; a run is a folder"):
        read_run(published.folder / "plan.nc")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("nowhere=climate", ["nowhere", "alpha, beta"]),
        ("alpha", ["NODE=SOURCE"]),
        ("alpha=epw:/not/there.epw", ["/not/there.epw"]),
    ],
)
def test_bad_weather_is_refused(greendc, published, study_file, option, words):
    greendc("replay", published.folder, "--study", study_file, "--weather", option).refused(3, *words)


def test_what_read_run_gives_is_what_was_published(published):
    run = read_run(published.folder)
    assert run.plan.identical(published.plan()) and run.step_h == 1.0
    assert run.summary == json.loads((published.folder / "summary.json").read_text())
    assert run.specs == {"alpha": "climate", "beta": "climate"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("summary.json", b'{"title": "by hand"}', "it has no window, inputs, seed"),
        ("plan.nc", b"not a file of ours", "cannot be read as NetCDF"),
    ],
)
def test_a_folder_made_by_hand_is_refused_though_its_hashes_are_right(greendc, run, study_file, name, content, words):
    (run / name).write_bytes(content)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    greendc("replay", run, "--study", study_file).refused(3, name, words)
