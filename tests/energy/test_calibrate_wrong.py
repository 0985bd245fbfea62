"""`greendc calibrate` with meters that are wrong: refused, left out by name, or shown for what they are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from energy.calibrate import Calibration, Fitted, Score, calibrate
from energy.calibrate_figures import parameters, predicted, with_values
from energy.calibrate_meters import Meters
from energy.calibrate_site import _own_weather, why_not
from energy.config import load_study
from models.cooling import outdoor_state
from weather import open_weather
from weather.conventions.errors import DataError

POWERS = ("facility_kw", "cooling_kw", "fan_kw", "ups_loss_kw")
TRUE = {"fan_pressure_pa": 520.0, "ups_loss[0]": 0.02}


@pytest.fixture(scope="module")
def study(study_file):
    return load_study(study_file)


@pytest.fixture(scope="module")
def made_meters(study):
    """Meters of alpha with some figures changed, each reading off by a random per cent."""
    node = study.node("alpha")

    def made(changes: dict, *, start: str = "2026-05-01", weeks: int = 4) -> Meters:
        time = np.datetime64(start, "ns") + np.arange(weeks * 168) * np.timedelta64(1, "h")
        weather = open_weather({"alpha": "climate"}, [node.node()], time=time, seed=2).isel(node=0)
        rng = np.random.default_rng(5)
        it = 50.0 * (0.6 + 0.15 * np.sin(2 * np.pi * np.arange(len(time)) / 24) + 0.15 * rng.random(len(time)))
        chosen = [p for p in parameters(node.node_plant()) if p.field in changes]
        true = with_values(node.node_plant(), chosen, [changes[p.field] for p in chosen])
        shown = predicted(outdoor_state(weather), true, it, np.full(len(time), 20.0))
        columns = {"it_kw": it, "setpoint_degc": np.full(len(time), 20.0)}
        columns |= {name: weather[name].values for name in ("temp_air", "relative_humidity", "pressure")}
        columns |= {name: shown[name] * (1 + 0.01 * rng.standard_normal(len(time))) for name in POWERS}
        return Meters(Path("meters.csv"), time, columns)

    return made


@pytest.fixture(scope="module")
def good(made_meters):
    return made_meters(TRUE)


@pytest.fixture(scope="module")
def fit(study):
    def fitted(meters: Meters, **changed):
        meters = replace(meters, columns={k: v for k, v in (meters.columns | changed).items() if v is not None})
        plant = study.node("alpha").node_plant()
        return calibrate(meters, plant, _own_weather(meters), meters.columns["setpoint_degc"])

    return fitted


def found(made) -> dict:
    return {f.parameter.field: f for f in made.fitted}


# ------------------------------------------------------------------------------------------------ units
@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (dict.fromkeys(("it_kw", *POWERS), 1e-3), r"column it_kw: at most 0\.0\d+ kW in 672 hours.*50\.0 kW.*In MW\?"),
        ({"facility_kw": 1e3}, r"column facility_kw: .* whatever its figures\. In W\? Give kW"),
        ({"cooling_kw": 1e-3, "fan_kw": 1e-3}, r"column cooling_kw: 0\.00\d+ kW on average .* In MW\? Give kW"),
    ],
)
def test_a_main_meter_in_another_unit_is_refused(fit, good, factors, words):
    with pytest.raises(DataError, match=words):
        fit(good, **{name: good.columns[name] * factor for name, factor in factors.items()})


def test_a_part_meter_in_another_unit_is_left_out_and_spoils_nothing(fit, good):
    alone, spoilt = fit(good, ups_loss_kw=None), fit(good, ups_loss_kw=good.columns["ups_loss_kw"] / 1000.0)
    assert "In MW? Give kW." in spoilt.left_out["ups_loss_kw"]
    assert [(f.value, f.spread) for f in spoilt.fitted] == [(f.value, f.spread) for f in alone.fitted]


# ------------------------------------------------------------------------------------- broken meters
def test_a_meter_that_stands_still_is_left_out_or_loses_these_hours(fit, good):
    fans = good.columns["fan_kw"]
    stuck = fit(good, fan_kw=np.full(len(fans), float(fans.mean())))
    assert list(stuck.left_out) == ["fan_kw"] and "stands still in 672 of 672 hours" in stuck.left_out["fan_kw"]
    part = fit(good, fan_kw=np.where(np.arange(len(fans)) < 100, 1.3, fans))
    assert not part.left_out and part.dropped == (
        "100 of 672 hours of fan_kw were dropped: it stands still for a day or more there, while the plant's load "
        "changes.",
    )
    assert found(part)["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.02)


@pytest.mark.nightly
def test_a_coarse_meter_does_not_stand_still(fit, good):
    losses = np.round(good.columns["ups_loss_kw"] * 2.0) / 2.0
    assert len(np.unique(losses)) <= 3
    made = fit(good, ups_loss_kw=losses)
    assert not made.dropped and not made.left_out


@pytest.mark.parametrize(
    "spoil",
    [lambda fans: fans / 2.0, pytest.param(lambda fans: np.roll(fans, 8), marks=pytest.mark.nightly)],
    ids=["half", "clock"],
)
def test_a_part_meter_that_does_not_go_with_the_others_is_left_out(fit, good, spoil):
    made = fit(good, fan_kw=spoil(good.columns["fan_kw"]))
    assert list(made.left_out) == ["fan_kw"] and "does not go with the others" in made.left_out["fan_kw"]
    assert found(made)["fan_pressure_pa"].value == pytest.approx(520.0, rel=0.02) and made.better


def test_what_meters_are_apart_is_in_what_is_said_of_a_parameter(fit, good):
    """Fans metered 6 % low, the rest right: no fan pressure suits both, and the +- says so and who says what."""
    agree, apart = (found(fit(good, fan_kw=good.columns["fan_kw"] * factor)) for factor in (1.0, 0.94))
    assert agree["fan_pressure_pa"].quarrel == ()
    assert apart["ups_loss[0]"].spread < 1.5 * agree["ups_loss[0]"].spread and not apart["ups_loss[0]"].quarrel
    fans = apart["fan_pressure_pa"]
    assert fans.quarrel == ("cooling_kw", "fan_kw")
    assert fans.spread > 1.5 * agree["fan_pressure_pa"].spread and abs(fans.value - 520.0) < fans.spread
    assert fans.sources["apart"] > fans.sources["meters"] > agree["fan_pressure_pa"].sources["apart"] == 0.0


# ------------------------------------------------------------------------------------------------ edges
def test_a_loss_of_zero_is_no_edge_and_a_meter_that_wants_less_is(fit, made_meters):
    none = made_meters({"other_frac_of_rated": 0.0, "ups_loss[1]": 0.0})
    made = fit(none)
    assert not [f.parameter.field for f in made.fitted if f.at_edge]
    assert found(made)["ups_loss[1]"].value < 0.003
    fewer = found(fit(none, ups_loss_kw=None, facility_kw=none.columns["facility_kw"] - 0.5, cooling_kw=None))
    assert [name for name, f in fewer.items() if f.at_edge]


def test_a_pad_never_used_is_not_told_and_one_that_suffices_is_at_least_so_good(fit, made_meters):
    winter = found(fit(made_meters(TRUE, start="2026-12-01")))["evaporative_eff"]
    assert not winter.told and not winter.at_edge and winter.value == winter.parameter.study
    ample = found(fit(made_meters({"evaporative_eff": 0.98}, weeks=6)))["evaporative_eff"]
    assert ample.limit == "at least" and 0.75 < ample.value <= 0.98 and not ample.at_edge


def test_a_part_the_plant_does_not_have_is_not_fitted(study):
    plant = study.node("alpha").node_plant()
    none = replace(plant, cooling=replace(plant.cooling, evaporative_eff=0.0))
    there, rest = ({p.field for p in parameters(of)} for of in (plant, none))
    assert there - rest == {"evaporative_eff"} and rest <= there


# ---------------------------------------------------------------------------------------------- verdict
def test_a_meter_is_worse_beyond_its_noise():
    score = Score("fan_kw", 100, 0.0, 0.03, 0.0, 0.03, weighed_before=0.030, weighed_after=0.0324)
    assert not score.worse
    assert replace(score, weighed_after=0.0326).worse


def test_a_large_error_may_not_rise_by_its_twentieth():
    """1 point of nRMSE and 0.1 % of what is shown, of 196.8 %, where the meter reads a third of the plant's."""
    score = Score("cooling_kw", 100, 0.0, 1.968, 0.0, 1.97, weighed_before=0.656, weighed_after=0.660)
    assert not score.worse  # 0.656 (1 + 0.01 / 1.968) + 0.001 = 0.6603
    assert replace(score, weighed_after=0.661).worse
    assert replace(score, nrmse_after=2.061, weighed_after=0.687).worse
    assert not replace(score, nrmse_before=0.0, weighed_before=0.0, weighed_after=0.0009).worse


def test_one_meter_worse_spoils_the_fit_though_the_sum_falls(study):
    def score(meter: str, before: float, after: float) -> Score:
        return Score(meter, 100, 0.0, before, 0.0, after, before, after)

    plant = study.node("alpha").node_plant()
    made = Calibration(plant, (), (score("facility_kw", 0.3, 0.01), score("fan_kw", 0.02, 0.03)), 9, 9, "", {}, ())
    assert not made.better and made.worse == ("fan_kw",)
    assert "rises at fan_kw from 2.00% to 3.00%" in why_not(made)
    fine = replace(made, scores=(made.scores[0], score("fan_kw", 0.02, 0.0205)))
    assert fine.better and fine.worse == ()
    none = replace(made, scores=(score("facility_kw", 0.3, 0.3),))
    assert not none.better and "does not fall" in why_not(none)


def test_a_main_meter_far_off_is_not_keptthough_the_error_falls(study):
    def made(meter: str, after: float) -> Calibration:
        score = Score(meter, 100, 0.0, 2.0, 0.0, after, 2.0, after)
        return Calibration(study.node("alpha").node_plant(), (), (score,), 9, 9, "", {}, ())

    for meter, most in (("cooling_kw", 0.25), ("facility_kw", 0.10)):
        far, near = made(meter, most + 0.01), made(meter, most - 0.01)
        assert far.better and not far.trusted and far.far_off == (meter,)
        assert f"{meter} is {most + 0.01:.0%} off (nRMSE; at most {most:.0%} is allowed)" in why_not(far)
        assert near.trusted and why_not(near) == ""
    assert made("water_l", 0.9).trusted


def test_most_thermal_figures_at_an_end_are_not_written(study):
    plant = study.node("alpha").node_plant()
    cooling = [p for p in parameters(plant) if p.table == "cooling"][:4]
    losses = [p for p in parameters(plant) if p.table == "electrical"][:4]
    score = Score("cooling_kw", 100, 0.0, 0.5, 0.0, 0.05, 0.5, 0.05)

    def made(ends: int, told: int) -> Calibration:
        figures = [Fitted(p, p.high, 0.1 if k < told else None, at_edge=k < ends) for k, p in enumerate(cooling)]
        figures += [Fitted(p, p.low, 0.1, at_edge=False) for p in losses]
        return Calibration(plant, tuple(figures), (score,), 9, 9, "", {}, ())

    assert len(cooling) == len(losses) == 4
    for ends, told, kept in ((3, 4, False), (2, 2, False), (2, 4, True), (1, 1, True), (0, 4, True)):
        assert made(ends, told).trusted is kept, (ends, told)
    assert cooling[0].field in why_not(made(3, 4)) and "an end of their ranges" in why_not(made(3, 4))


def written(meters: Meters, path: Path, *, separator: str = ",") -> Path:
    names = list(meters.columns)
    rows = [separator.join(["time", *names])]
    for i, time in enumerate(meters.time):
        cells = [f"{time.astype('datetime64[s]')}Z", *(f"{meters.columns[name][i]:.8g}" for name in names)]
        rows.append(separator.join(cell.replace(".", ",") if separator == ";" else cell for cell in cells))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


# -------------------------------------------------------------------------------------------- the command
def test_weather_twice_is_refused(greendc, study_file, good, tmp_path):
    path = written(good, tmp_path / "meters.csv")
    ran = greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path, "--weather", "epw:x.epw")
    ran.refused(3, "--weather epw:x.epw", "weather of its own", "Leave --weather out")


def test_semicolons_and_tabs_are_told(greendc, study_file, good, tmp_path):
    path = written(good, tmp_path / "meters.csv", separator=";")
    given = ("calibrate", "--study", study_file, "--node", "alpha", "--meters", path)
    greendc(*given).refused(3, str(path), "semicolons", "decimal point")
    path.write_text(path.read_text(encoding="utf-8").replace(";", "\t"), encoding="utf-8")
    greendc(*given).refused(3, str(path), "tabs")


def test_no_step_of_the_fit_overloads_the_cooling(study, good):
    """Cooling rated for the hall at the study's losses and hardly more: higher losses are not tried, nor refused."""
    plant = study.node("alpha").node_plant()
    most = float(good.columns["it_kw"].max())
    tight = replace(plant, cooling=replace(plant.cooling, rated_heat_kw=most + 2.9))
    weather: xr.Dataset = _own_weather(good)
    made = calibrate(good, tight, weather, good.columns["setpoint_degc"])
    assert found(made)["ups_loss[0]"].told and made.better


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [row + "," for row in rows], ["row 1", "a column without a name"]),
        (lambda rows: [*rows[:50], rows[49], *rows[50:]], ["row 51", "2026-05-03T00:00Z", "clocks were put back"]),
        (lambda rows: [rows[0], *rows[:0:-1]], ["row 3", "earlier than the row before", "sort the rows"]),
    ],
)
def test_rows_that_are_out_of_order_are_told_with_their_cause(greendc, study_file, good, tmp_path, change, words):
    path = written(good, tmp_path / "meters.csv")
    rows = change(path.read_text(encoding="utf-8").splitlines())
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path).refused(3, str(path), *words)


@pytest.mark.parametrize(
    ("column", "factor", "words"),
    [
        ("relative_humidity", 0.01, ["column relative_humidity", "As a share of 1? Give percent"]),
        ("setpoint_degc", 0.1, ["row 2, setpoint_degc", "4 to 60"]),
        ("facility_kw", 0.001, ["row 2, facility_kw", "in another unit? Give kW"]),
    ],
)
def test_columns_in_another_unit_are_refused_by_name(greendc, study_file, good, tmp_path, column, factor, words):
    wrong = replace(good, columns=good.columns | {column: good.columns[column] * factor})
    path = written(wrong, tmp_path / "meters.csv")
    greendc("calibrate", "--study", study_file, "--node", "alpha", "--meters", path).refused(3, str(path), *words)
