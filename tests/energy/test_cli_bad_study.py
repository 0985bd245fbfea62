"""The command line with a study file as it should not be: one message, the right exit code, nothing half written.

The fixture ``attempt`` holds after every refusal that the earlier run and ``latest`` are untouched and that
nothing but the lock has been added.
"""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("other_it_kw = 20.0", "other_it_kv = 20.0", ["node[alpha].other_it_kv", 'did you mean "other_it_kw"']),
        ("other_it_kw = 20.0", 'other_it_kw = "20"', ["other_it_kw", '"20"', "must be a number, without quotes"]),
        ("renewable_share = 0.3", "renewable_share = 30", ["targets.renewable_share", "30", "must be <= 1"]),
        ("pue = 1.3\n", "pue = 0.9\n", ["targets.pue", "0.9"]),
        ("pue = 1.3\n", "pue = nan\n", ["targets.pue", "nan", "must be finite"]),
        ('hours = ["06:00-22:00"]', 'hours = ["06:00-21:00"]', ["tariff", "day", "21:00"]),
        (
            "electrical = { rated_kw = 50.0",
            "electrical = { rated_kw = 50.0, transformer_rated_kw = 0.05",
            ["node[alpha].electrical", "transformer_rated_kw=0.05", "at least 25 kW"],
        ),
        ("[targets]", "[targets", ["not valid TOML", "line"]),
        ('tariff = "day", demand', 'tariff = "dai", demand', ["dai", "day"]),
        ("schema_version = 1", "schema_version = 9", ["schema_version", "9"]),
        ('gpu_type = "big", gpus = 8, count = 3', 'gpu_type = "bag", gpus = 8, count = 3', ["bag", "big"]),
    ],
)
def test_a_wrong_study_is_refused(attempt, greendc, edited_study, old, new, words):
    study = edited_study((old, new))
    attempt(study=study).refused(3, str(study), *words)
    greendc("check", study).refused(3, str(study), *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pv = { capacity_kw = 40.0", "pv = { capacity_kw = 1e12", ["pv.capacity_kw", "10,000,000", "the unit"]),
        ("energy_kwh = 200.0", "energy_kwh = 1e12", ["battery.energy_kwh", "100,000,000", "the unit"]),
        ("other_it_kw = 20.0", "other_it_kw = 1e12", ["node[alpha].other_it_kw", "10,000,000"]),
        ("import_limit_kw = 150.0", "import_limit_kw = 1e300", ["grid.import_limit_kw", "10,000,000"]),
        ("rated_kw = 50.0", "rated_kw = 1e12", ["electrical.rated_kw", "10,000,000"]),
        ("price_cny_per_kwh = 0.25", "price_cny_per_kwh = 1e9", ["wind.price_cny_per_kwh", "must be <= 100"]),
        ("_kw_month = 30.0", "_kw_month = 1e9", ["demand_price_cny_per_kw_month", "must be <= 10,000"]),
        ("gpus = 8, count = 3", "gpus = 8, count = 1000000", ["cluster[0]", "8,000,000 GPUs", "1,000,000"]),
        ("charge_eff = 0.9", "charge_eff = 1e-300", ["battery.charge_eff", "must be >= 0.01"]),
    ],
)
def test_a_figure_beyond_sense_is_bad_input(attempt, greendc, edited_study, old, new, words):
    study = edited_study((old, new))
    attempt(study=study).refused(3, "node[alpha].", *words)
    greendc("check", study).refused(3, "node[alpha].", *words)


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ("energy_kwh = 200.0", "battery.energy_kwh"),
        ("power_kw = 50.0", "battery.power_kw"),
        ("pv = { capacity_kw = 40.0", "pv.capacity_kw"),
        ("wind = { capacity_kw = 60.0", "wind.capacity_kw"),
    ],
)
def test_a_plant_of_size_zero_is_to_be_left_out(greendc, edited_study, old, key):
    table, name = key.split(".")
    none = edited_study((old, f"{old.rpartition(' = ')[0]} = 0.0"))
    words = f"node[alpha].{key}: found 0.0; must be > 0; leave out [node.{table}] where there is none"
    greendc("check", none).refused(3, words)
    below = edited_study((old, f"{old.rpartition(' = ')[0]} = -1.0"))
    ran = greendc("check", below)
    ran.refused(3, f"node[alpha].{key}: found -1.0; must be > 0")
    assert name in ran.err and "leave out" not in ran.err


def test_a_zero_where_a_plant_needs_a_number_is_no_missing_plant(greendc, edited_study):
    ran = greendc("check", edited_study(("pv = { capacity_kw = 40.0", "pv = { gcr = 0.0, capacity_kw = 40.0")))
    ran.refused(3, "node[alpha].pv: PV plant: got gcr=0.0, allowed more than 0, at most 1")
    assert "leave out" not in ran.err


@pytest.mark.parametrize(
    ("planning", "options", "words"),
    [
        ("step_h = 0.3", (), ["planning.step_h: got 0.3 h (18 minutes), allowed 0.25, 0.5, 1", "or give --step"]),
        ("horizon_h = 400.0", (), ["planning.horizon_h: got 400 h", "from 2 to 336"]),
        ("horizon_h = 6.0", ("--step", "240"), ["planning.horizon_h: got 6 h with steps of 4 h (--step)"]),
        ("step_h = 4.0", ("--horizon", "6"), ["--horizon: got 6 h with steps of 4 h (planning.step_h)"]),
    ],
)
def test_a_value_is_named_by_where_it_is_from(greendc, edited_study, tmp_path, planning, options, words):
    study = edited_study(("[planning]", f"[planning]\n{planning}"))
    greendc("plan", "--study", study, "--out", tmp_path / "runs", *options).refused(3, *words)


def test_check_finds_all_that_would_stop_a_plan(attempt, greendc, edited_study, tmp_path):
    """Plant, connection, climate and file at once; the plan refuses each of them too, one after the other."""
    overloaded = ("rated_kw = 50.0", "rated_kw = 20.0")
    nowhere = ("longitude = 105.2", "longitude = 85.2")
    starved = ("import_limit_kw = 40.0", "import_limit_kw = 1.0")
    calm = ("wind = { capacity_kw = 20.0", "wind = { capacity_kw = 2.0")
    no_file = ("[[tariff]]", '[weather.specs]\nbeta = "epw:beta.epw"\n[[tariff]]')
    window = ("[planning]", "[planning]\nstep_h = 1.5")
    study = edited_study(overloaded, nowhere, starved, calm, no_file, window)
    words = {
        overloaded: "node[alpha]: the idle servers, the reserved inference load and other_it_kw reach",
        starved: "1.0 kW by node.grid.import_limit_kw, 2.0 kW of PV and wind",
        nowhere: "weather of alpha: node 'alpha' at 37.5 N 85.2 E has no embedded climate",
        no_file: f"weather of beta: {tmp_path}/beta.epw: no such file",
        window: "planning.step_h: got 1.5 h (90 minutes), allowed 0.25, 0.5, 1, 2, 3, 4 (hours)",
    }
    greendc("check", study).refused(3, f"{study}: 5 problems that would stop a plan", *words.values())
    greendc("check", study, "--json").refused(3, "5 problems")
    for part in words:
        alone = edited_study(*((part, calm) if part == starved else (part,)))
        assert attempt(study=alone).code == 3
        greendc("check", alone).refused(3, "1 problem that would stop a plan", words[part])


def test_check_opens_the_weather_files(greendc, edited_study, small_epw):
    """What `plan` would find wrong with a file, `check` finds; of a good one it says what it covers."""
    study = edited_study(("[[tariff]]", '[weather.specs]\nalpha = "epw:alpha.epw"\n[[tariff]]'))
    ran = greendc("check", study)
    assert ran.code == 0
    assert f"weather of alpha: epw:{small_epw}: a typical year, 120 h of 07-13 to 07-17" in ran.out
    assert greendc("check", study, "--json").json["weather"]["beta"] == "climate, any window"
    whole = small_epw.read_bytes()
    small_epw.write_bytes(whole[: len(whole) // 2])
    greendc("check", study).refused(3, "weather of alpha", str(small_epw), "cut short")
    small_epw.write_text("no weather\n", encoding="utf-8")
    greendc("check", study).refused(3, "weather of alpha", str(small_epw), "expected 'LOCATION,...'")


@pytest.mark.parametrize("source", ["climate", "epw"])
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("snow", "node alpha: PV power: the weather has no snow_depth."),
        ("soiling", "node alpha: PV soiling: got cleaning_interval_days=None and a weather without precipitation"),
    ],
)
def test_check_finds_what_the_weather_lacks(attempt, greendc, edited_study, small_epw, source, part, words):
    """Snow and dust need what a source need not have: said by the function with which `plan` refuses."""
    whole = "pv = { capacity_kw = 40.0,"
    table = "" if source == "climate" else '[weather.specs]\nalpha = "epw:alpha.epw"\n'
    asks = (whole, f'{whole} {part} = {{ source = "assumption: test" }},')
    study = edited_study(asks, ("[[tariff]]", f"{table}[[tariff]]"))
    greendc("check", study).refused(3, f"{study}: 1 problem that would stop a plan", words)
    attempt(study=study).refused(3, words)


def test_check_warns_of_setpoints_that_cannot_move(greendc, study_file, edited_study):
    stiff = edited_study(("setpoint_rate_k_per_h = 6.0", "setpoint_rate_k_per_h = 5.0"))
    ran = greendc("check", stiff)
    assert ran.code == 0
    assert "node alpha: its setpoints lie up to 6 K apart, but 1 h allow a move of 5 K" in ran.err
    assert greendc("check", stiff, "--json").json["warnings"] == [
        line.removeprefix("greendc: warning: ") for line in ran.err.splitlines()
    ]
    assert greendc("check", study_file).err == ""


def test_a_study_that_is_not_there(attempt, greendc, tmp_path):
    missing = tmp_path / "missing.toml"
    attempt(study=missing).refused(3, str(missing), "No such file", "give the path of a study file")
    greendc("check", missing, "--json").refused(3, str(missing), "No such file")


def test_a_study_that_is_a_folder(attempt, tmp_path):
    attempt(study=tmp_path).refused(3, str(tmp_path), "Is a directory", "give the path of a study file")


def test_a_study_that_is_not_utf8(attempt, tmp_path):
    study = tmp_path / "gbk.toml"
    study.write_bytes('title = "中卫"\n'.encode("gbk"))
    attempt(study=study).refused(3, str(study), "not UTF-8", "byte 9")


def test_a_plant_too_small_for_what_is_reserved(attempt, edited_study):
    study = edited_study(("rated_kw = 50.0", "rated_kw = 20.0"))
    attempt(study=study).refused(3, "alpha", "rated", "Raise node.electrical.rated_kw")
