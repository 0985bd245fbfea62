"""`greendc calibrate`: a plant found again in the meters it made, and everything refused that is no meter."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from energy.calibrate import _spread_evenly, calibrate, set_aside
from energy.calibrate_figures import parameters, predicted, with_values
from energy.calibrate_meters import Meters, read_meters
from energy.calibrate_site import _own_weather
from energy.config import load_study
from models.cooling import outdoor_state
from weather import open_weather
from weather.conventions.errors import ConfigError, DataError

WEEKS = 8
TRUE_AIR = {"fan_pressure_pa": 520.0, "evaporative_eff": 0.5, "ups_loss[0]": 0.02, "distribution_frac": 0.015}
TRUE_WATER = {"fan_pressure_pa": 420.0, "tower_approach_k": 7.0, "ups_loss[0]": 0.02}
METERS = ("facility_kw", "cooling_kw", "fan_kw", "ups_loss_kw")


def site(study, node_id: str, changes: dict, *, weeks: int = WEEKS, seed: int = 5, noise: float = 0.01) -> Meters:
    """Meters of a node whose plant is the study's with some figures changed, each off by a random per cent."""
    node = study.node(node_id)
    time = np.datetime64("2026-05-01T00:00", "ns") + np.arange(weeks * 168) * np.timedelta64(1, "h")
    weather = open_weather({node_id: "climate"}, [node.node()], time=time, seed=2).isel(node=0)
    rng = np.random.default_rng(seed)
    rated = node.electrical.rated_kw
    it = rated * (0.6 + 0.15 * np.sin(2 * np.pi * np.arange(len(time)) / 24) + 0.15 * rng.random(len(time)))
    plant = node.node_plant()
    chosen = [p for p in parameters(plant) if p.field in changes]
    assert len(chosen) == len(changes)
    true = with_values(plant, chosen, [changes[p.field] for p in chosen])
    degc = np.full(len(time), node.cooling.mid_setpoint_degc)
    shown = predicted(outdoor_state(weather), true, it, degc)
    columns = {"it_kw": it, "setpoint_degc": degc}
    columns |= {name: weather[name].values for name in ("temp_air", "relative_humidity", "pressure")}
    columns |= {name: shown[name] * (1 + noise * rng.standard_normal(len(time))) for name in METERS}
    return Meters(Path("meters.csv"), time, columns)


def written(meters: Meters, path: Path, *, without: tuple[str, ...] = ()) -> Path:
    names = [name for name in meters.columns if name not in without]
    rows = [",".join(["time", *names])]
    for i, time in enumerate(meters.time):
        stamp = f"{(time + np.timedelta64(8, 'h')).astype('datetime64[s]')}+08:00"
        rows.append(",".join([stamp, *(f"{meters.columns[name][i]:.8g}" for name in names)]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def study(study_file):
    return load_study(study_file)


@pytest.fixture(scope="module")
def air(study) -> Meters:
    return site(study, "alpha", TRUE_AIR)


def fitted(made) -> dict:
    return {f.parameter.field: f for f in made.fitted}


def test_the_plant_that_made_the_meters_is_found_again(study, air):
    """One per cent of noise on every meter: fans within 2 %, the pad within 0.01, UPS within 0.002 of its rating."""
    plant = study.node("alpha").node_plant()
    made = calibrate(air, plant, _own_weather(air), air.columns["setpoint_degc"])
    found = fitted(made)
    assert found["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.02)
    assert found["evaporative_eff"].value == pytest.approx(0.5, abs=0.01)
    assert found["ups_loss[0]"].value == pytest.approx(0.02, abs=0.002)
    for name in ("fan_pressure_pa", "evaporative_eff", "ups_loss[0]"):
        assert abs(found[name].value - TRUE_AIR[name]) < found[name].spread
        assert found[name].told and not found[name].at_edge
    assert made.plant.cooling.fan_pressure_pa == found["fan_pressure_pa"].value
    assert made.plant.electrical.ups_loss[0] == found["ups_loss[0]"].value
    assert made.better and made.hours_aside == 2 * 168 and made.hours_fitted == 6 * 168
    scores = {score.meter: score for score in made.scores}
    assert set(scores) == set(METERS)
    for score in scores.values():
        assert score.nrmse_after == pytest.approx(0.01, rel=0.35) and abs(score.bias_after) < 0.003
        assert score.nrmse_before > 3 * score.nrmse_after
    assert scores["cooling_kw"].bias_before < -0.2


def test_what_the_meters_cannot_tell_stays_and_is_named(study, air):
    """At the meter alone, lights, iron and the UPS's own draw are one constant: only one of them is moved."""
    plant = study.node("alpha").node_plant()
    alone = Meters(air.path, air.time, {k: v for k, v in air.columns.items() if k not in METERS[1:]})
    made = calibrate(alone, plant, _own_weather(air), air.columns["setpoint_degc"])
    found = fitted(made)
    constants = ("ups_loss[0]", "transformer_no_load_frac", "other_frac_of_rated")
    assert sum(found[name].told for name in constants) == 1
    stay = [f for f in made.fitted if not f.told]
    assert len(stay) >= 5 and all(f.value == f.parameter.study for f in stay)
    assert made.better and made.scores[0].nrmse_after < 0.012
    assert made.scores[0].nrmse_before > 0.03


def test_a_water_plant_finds_its_tower(study):
    meters = site(study, "beta", TRUE_WATER, weeks=4)
    made = calibrate(meters, study.node("beta").node_plant(), _own_weather(meters), meters.columns["setpoint_degc"])
    found = fitted(made)
    assert found["tower_approach_k"].value == pytest.approx(7.0, abs=0.35)
    assert found["fan_pressure_pa"].value == pytest.approx(420.0, rel=0.03)
    assert made.better and {s.meter: s for s in made.scores}["cooling_kw"].nrmse_after < 0.013


@pytest.mark.nightly
def test_gross_errors_of_a_meter_do_not_draw_the_fit(study):
    air = site(study, "alpha", TRUE_AIR, weeks=4)
    wild = {name: values.copy() for name, values in air.columns.items()}
    wild["fan_kw"][::15] *= 0.2
    wild["cooling_kw"][::15] = np.nan
    plant = study.node("alpha").node_plant()
    made = calibrate(Meters(air.path, air.time, wild), plant, _own_weather(air), air.columns["setpoint_degc"])
    assert fitted(made)["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.02)


def test_weeks_are_kept_aside_in_turn_or_the_last_quarter():
    hour = np.timedelta64(1, "h")
    aside, how = set_aside(np.datetime64("2026-01-01", "ns") + np.arange(9 * 168) * hour)
    assert np.flatnonzero(aside).tolist() == [*range(3 * 168, 4 * 168), *range(7 * 168, 8 * 168)] and "week" in how
    aside, how = set_aside(np.datetime64("2026-01-01", "ns") + np.arange(400) * hour)
    assert np.flatnonzero(aside).tolist() == list(range(300, 400)) and "quarter" in how


def test_weeks_without_meters_do_not_leave_nothing_aside():
    """Every fourth week is missing: the weeks that are there take turns."""
    time = np.datetime64("2026-01-01", "ns") + np.arange(16 * 168) * np.timedelta64(1, "h")
    time = time[np.arange(len(time)) // 168 % 4 != 3]
    aside, how = set_aside(time)
    assert int(aside.sum()) == 3 * 168 and "week" in how


@pytest.mark.parametrize(
    ("name", "hours", "words"),
    [
        ("cooling_kw", lambda aside: aside, "it shows 0 in all 168 hours kept aside"),
        pytest.param(
            "cooling_kw", lambda aside: ~aside, "it shows 0 in all 504 hours that are fitted", marks=pytest.mark.nightly
        ),
        pytest.param("water_l", lambda aside: aside | ~aside, "it shows 0 in all", marks=pytest.mark.nightly),
    ],
)
def test_a_meter_that_shows_nothing_is_left_out_and_named(study, name, hours, words):
    meters = site(study, "alpha", TRUE_AIR, weeks=4)
    aside, _ = set_aside(meters.time)
    columns = {"water_l": np.ones(len(aside))} | meters.columns
    spoilt = replace(meters, columns=columns | {name: np.where(hours(aside), 0.0, columns[name])})
    spoilt.columns.pop("water_l" if name != "water_l" else "cooling_kw")
    made = calibrate(spoilt, study.node("alpha").node_plant(), _own_weather(meters), meters.columns["setpoint_degc"])
    assert list(made.left_out) == [name] and words in made.left_out[name]
    assert name not in {score.meter for score in made.scores} and made.better
    assert fitted(made)["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.03)
    alone = replace(meters, columns={"it_kw": meters.columns["it_kw"], "cooling_kw": 0.0 * meters.columns["it_kw"]})
    with pytest.raises(DataError, match=r"no meter can be both fitted .*cooling_kw: it shows 0"):
        calibrate(alone, study.node("alpha").node_plant(), _own_weather(meters), meters.columns["setpoint_degc"])


@pytest.mark.nightly
def test_a_meter_that_reads_next_to_nothing_decides_nothing(study):
    meters = site(study, "alpha", TRUE_AIR, weeks=4)
    stuck = replace(meters, columns=meters.columns | {"water_l": np.full(len(meters.time), 1e-4)})
    made = calibrate(stuck, study.node("alpha").node_plant(), _own_weather(meters), meters.columns["setpoint_degc"])
    assert list(made.left_out) == ["water_l"] and "0.0001 L on average" in made.left_out["water_l"]
    assert made.better and fitted(made)["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.03)


def test_more_hours_than_are_fitted_are_thinned_evenly_over_the_day():
    for count in (2501, 5000, 6570):
        kept = _spread_evenly(np.arange(count))
        assert len(kept) == pytest.approx(2500, abs=3)
        for part in np.array_split(kept, 4):  # in every season
            of_day = np.bincount(part % 24, minlength=24)
            assert of_day.min() > 0.7 * len(part) / 24 and of_day.max() < 1.5 * len(part) / 24
    assert len(_spread_evenly(np.arange(2500))) == 2500


def test_every_range_is_of_a_field_and_a_study_outside_it_widens_it(study):
    plant = study.node("alpha").node_plant()
    names = [p.field for p in parameters(plant)]
    assert {"fan_pressure_pa", "evaporative_eff", "ups_loss[2]", "other_frac_of_rated"} <= set(names)
    assert "tower_approach_k" not in names and len(names) == len(set(names))
    high = with_values(plant, [p for p in parameters(plant) if p.field == "fan_pressure_pa"], [1900.0])
    (wide,) = [p for p in parameters(high) if p.field == "fan_pressure_pa"]
    assert wide.high == wide.study == 1900.0


# ------------------------------------------------------------------------------------------- the command
def test_the_command_prints_writes_and_the_study_takes_it(greendc, study_file, edited_study, air, tmp_path):
    path, out = written(air, tmp_path / "meters.csv"), tmp_path / "alpha.toml"
    given = ("calibrate", "--study", study_file, "--node", "alpha", "--meters", path, "--out", out)
    ran = greendc(*given)
    assert ran.code == 0, ran.err
    assert "1008 hours of meters.csv fitted, 336 kept aside" in ran.out and f"wrote {out}" in ran.out
    assert any(line.startswith("cooling.fan_pressure_pa") for line in ran.out.splitlines())
    assert "+-: two standard deviations" in ran.out and "Not in it" in ran.out
    assert "not told by these meters" in ran.out and "columns of meters.csv" in ran.out
    made = tomllib.loads(out.read_text(encoding="utf-8"))["node"]
    assert made["cooling"]["fan_pressure_pa"] == pytest.approx(520.0, rel=0.02)
    assert "336 hours not used" in made["cooling"]["source"] and "fan_kw" in made["cooling"]["source"]
    cooling = ", ".join(f"{k} = {v}" for k, v in made["cooling"].items() if k not in ("source", "note"))
    changed = edited_study(
        ('cooling = { kind = "air_economiser",', f'cooling = {{ kind = "air_economiser", {cooling},'),
        ("ups_loss = [0.01, 0.01, 0.01]", f"ups_loss = {made['electrical']['ups_loss']}"),
    )
    plant = load_study(changed).node("alpha").node_plant()
    assert plant.cooling.evaporative_eff == pytest.approx(0.5, abs=0.01)
    assert plant.electrical.ups_loss[0] == pytest.approx(0.02, abs=0.002)
    before = out.read_bytes()
    greendc(*given).refused(8, str(out), "already")
    assert out.read_bytes() == before


def test_the_figures_are_written_only_where_the_error_falls(greendc, study_file, study, tmp_path):
    """Meters of the study's own plant, spoilt in the weeks that are fitted: nothing is gained on the others."""
    meters = site(study, "alpha", {}, weeks=8)
    aside, _ = set_aside(meters.time)
    for name in ("fan_kw", "cooling_kw", "facility_kw"):
        meters.columns[name][~aside] *= 1.15 if name != "facility_kw" else 1.05
    path, out = written(meters, tmp_path / "meters.csv"), tmp_path / "alpha.toml"
    ran = greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path, "--out", out, "--json")
    assert ran.code == 3 and ran.json["better"] is False and not out.exists()
    assert "is not written" in ran.err and "the error rises at" in ran.err
    assert "fan_kw" in ran.json["worse"]
    assert ran.json["scores"]["fan_kw"]["nrmse_after"] > ran.json["scores"]["fan_kw"]["nrmse_before"]


def test_weather_of_a_source_serves_where_the_meters_have_none(greendc, study_file, small_epw, tmp_path, air):
    path = written(air, tmp_path / "meters.csv", without=("temp_air", "relative_humidity", "pressure"))
    given = ("calibrate", "--study", study_file, "--node", "alpha", "--meters", path)
    greendc(*given).refused(3, "climate is made, not measured", "--weather")
    greendc(*given, "--weather", "epw:/not/there.epw").refused(3, "/not/there.epw")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: ["time,facility_kw", *rows[1:]], ["row 1", "it_kw"]),
        (lambda rows: ["time,it_kw,fan_kw", *rows[1:]], ["row 1", "facility_kw nor cooling_kw"]),
        (lambda rows: ["time,it_kw,facilty_kw", *rows[1:]], ["row 1", "facilty_kw", "did you mean facility_kw"]),
        (lambda rows: ["time,it_kw,it_kw", *rows[1:]], ["row 1", "2 times"]),
        (lambda rows: ["time,it_kw,facility_kw,temp_air", *rows[1:]], ["row 1", "only temp_air", "pressure"]),
        (lambda rows: rows[:300], ["299 hours", "336"]),
        (lambda rows: [*rows[:4], rows[4].replace("+08:00", ""), *rows[5:]], ["row 5", "time", "offset"]),
        (lambda rows: [*rows[:4], rows[4].replace(":00:00+", ":30:00+"), *rows[5:]], ["row 5", "full hour"]),
        (lambda rows: [*rows[:4], rows[3], *rows[5:]], ["row 5", "same hour"]),
        (lambda rows: [*rows[:4], rows[2], *rows[5:]], ["row 5", "earlier"]),
        (lambda rows: [*rows[:4], rows[4] + ",1", *rows[5:]], ["row 5", "4 cells", "3 cells"]),
        (lambda rows: [*rows[:4], rows[4].split(",")[0] + ",30,25", *rows[5:]], ["row 5", "facility_kw", "the IT"]),
        (lambda rows: [*rows[:4], rows[4].split(",")[0] + ",-3,25", *rows[5:]], ["row 5", "it_kw", "-3", "0 to"]),
        (lambda rows: [*rows[:4], rows[4].split(",")[0] + ",n/a,25", *rows[5:]], ["row 5", "it_kw", "n/a", "number"]),
        (lambda _: [], ["empty"]),
        (lambda rows: rows[:1], ["0 hours have IT power and another meter", "Give a longer record"]),
    ],
)  # fmt: skip
def test_what_is_no_meter_is_refused_with_file_and_row(greendc, study_file, tmp_path, change, words):
    stamps = np.datetime64("2026-05-01T00", "s") + np.arange(400) * np.timedelta64(1, "h")
    rows = ["time,it_kw,facility_kw", *(f"{stamp}+08:00,30,{36 + i % 5}" for i, stamp in enumerate(stamps))]
    path = tmp_path / "meters.csv"
    text = "\n".join(change(rows))
    path.write_text(text + "\n" if text else "", encoding="utf-8")
    given = ("calibrate", "--study", study_file, "--node", "alpha", "--meters", path)
    greendc(*given).refused(3, str(path), *words)


def test_it_beyond_the_plant_is_refused_with_its_hour(study, air):
    high = air.columns | {"it_kw": np.where(np.arange(len(air.time)) == 7, 500.0, air.columns["it_kw"])}
    with pytest.raises(Exception, match=r"1 hours of it_kw are above .* first 500.0 kW at 2026-05-01T07:00Z"):
        calibrate(Meters(air.path, air.time, high), study.node("alpha").node_plant(), _own_weather(air),
                  air.columns["setpoint_degc"])  # fmt: skip


def test_other_nonsense_is_refused(greendc, study_file, tmp_path, air):
    path = written(air, tmp_path / "meters.csv")
    greendc("calibrate", "--study", study_file, "--node", "gamma", "--meters", path).refused(3, "gamma", "alpha, beta")
    greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", tmp_path).refused(3, "folder")
    greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", tmp_path / "no").refused(
        3, "no such file"
    )
    assert ConfigError.exit_code == 3


def test_meters_that_contradict_each_other_are_refused(tmp_path, air):
    for name, factor, words in (("cooling_kw", 9.0, "facility less IT"), ("fan_kw", 99.0, "cooling power"),
                                ("ups_loss_kw", 99.0, "facility less IT")):  # fmt: skip
        wrong = Meters(air.path, air.time, air.columns | {name: air.columns[name] * factor})
        with pytest.raises(Exception, match=words):
            read_meters(written(wrong, tmp_path / f"{name}.csv"))


def test_few_hours_of_a_part_over_its_whole_are_dropped_and_counted(greendc, study_file, tmp_path, air):
    """One hour of noise does not cost the record; 3 % of the hours do, by row."""
    fans = air.columns["fan_kw"].copy()
    fans[[7, 90]] = 1.2 * air.columns["cooling_kw"][[7, 90]]
    path = written(replace(air, columns=air.columns | {"fan_kw": fans}), tmp_path / "meters.csv")
    meters = read_meters(path)
    assert len(meters.dropped) == 1 and f"2 of {len(air.time)} hours of fan_kw and cooling_kw" in meters.dropped[0]
    assert np.flatnonzero(np.isnan(meters.columns["fan_kw"])).tolist() == [7, 90]
    assert np.flatnonzero(np.isnan(meters.columns["cooling_kw"])).tolist() == [7, 90]
    ran = greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path)
    assert ran.code == 0 and "2 of 1344 hours of fan_kw" in ran.err
    fans[: len(fans) * 3 // 100] = 9e3
    many = replace(air, columns=air.columns | {"fan_kw": fans})
    with pytest.raises(DataError, match=r"row 2\b.*fan_kw"):
        read_meters(written(many, tmp_path / "many.csv"))


def test_a_fit_that_stays_far_off_is_warned_of_and_not_written(greendc, study_file, tmp_path, study):
    meters = site(study, "alpha", TRUE_AIR, weeks=4)
    cooling = meters.columns["cooling_kw"] * np.where(np.arange(len(meters.time)) % 2, 0.5, 1.0)
    path, out = tmp_path / "meters.csv", tmp_path / "alpha.toml"
    written(replace(meters, columns=meters.columns | {"cooling_kw": cooling}), path, without=("fan_kw",))
    ran = greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path, "--out", out, "--json")
    assert "cooling_kw is still" in ran.err and "facility_kw is still" not in ran.err
    assert ran.code == 3 and not out.exists() and "at most 25% is allowed" in ran.err
    assert ran.json["far_off"] == ["cooling_kw"] and ran.json["better"] and not ran.json["trusted"]


def test_empty_cells_and_missing_hours_are_left_out(tmp_path, air):
    path = written(air, tmp_path / "meters.csv")
    rows = path.read_text(encoding="utf-8").splitlines()
    del rows[10]
    rows[20] = ",".join("" if i == 1 else cell for i, cell in enumerate(rows[20].split(",")))  # no IT power
    rows[30] = ",".join("" if i == len(rows[0].split(",")) - 1 else cell for i, cell in enumerate(rows[30].split(",")))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    meters = read_meters(path)
    assert len(meters.time) == len(air.time) - 2
    assert int(np.isnan(meters.columns["ups_loss_kw"]).sum()) == 1 and meters.has_weather()
