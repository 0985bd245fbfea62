"""Prices, carbon factors and curtailment calls by slot, built-in and stale tariffs: from the study file to the plan."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from energy.config import load_study, study_from_text, study_hash
from energy.config_grid import carbon_factors, import_limits, import_price
from energy.config_load import beyond_battery
from energy.config_supply import BatteryConfig
from energy.verify.case import Case
from energy.verify.flows import grid_limits
from energy.verify.money import prices, tariffs_told
from models.grid import delivered_price, network_charges
from weather.conventions.errors import ConfigError
from weather.conventions.timeaxis import time_axis

DAY = datetime(2026, 7, 14, 16, tzinfo=UTC)  # 15 July, 00:00 civil
TARIFF = 'tariff = "day"'
SPOT = [0.3 + 0.01 * n for n in range(96)]


def by_slot(path: Path, column: str, values, *, minutes: int = 15, first: datetime = DAY) -> Path:
    """A CSV file of slots from 15 July 2026, 00:00 civil, in UTC."""
    rows = [f"{(first + n * timedelta(minutes=minutes)).isoformat()},{value}" for n, value in enumerate(values)]
    path.write_text("\n".join([f"time,{column}", *rows]) + "\n", encoding="utf-8")
    return path


def planned(ran, study: Path) -> tuple[xr.Dataset, dict]:
    """plan.nc and summary.json of a run."""
    assert ran.code in (0, 5), ran.err
    folder = Path(ran.json["run"])
    with xr.open_dataset(folder / "plan.nc", engine="h5netcdf", decode_timedelta=False) as data:
        return data.load(), json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def case_of(plan: xr.Dataset, study) -> Case:
    return Case(plan=plan, study=study, weather=xr.Dataset(), jobs=(), state=None, step_h=1.0, tolerance=1e-6)


def test_prices_by_slot_reach_the_plan_and_its_costs(attempt, edited_study, tmp_path):
    by_slot(tmp_path / "spot.csv", "price_cny_per_kwh", SPOT)
    study = edited_study((TARIFF, 'price_csv = "spot.csv"'))
    plan, summary = planned(attempt("--horizon", 6, "--json", study=study), study)
    hourly = np.reshape(SPOT, (24, 4)).mean(axis=1)[:6]
    assert plan["price_cny_per_kwh"].sel(node="alpha").values == pytest.approx(hourly, abs=1e-12)
    paid = float((plan["import_kw"] * plan["price_cny_per_kwh"]).sum())
    assert summary["kpis"]["cost_energy_cny"] == pytest.approx(paid)
    assert summary["inputs"]["tariffs"]["alpha"] == {
        "prices": "spot.csv", "valid": "by slot", "stale": False, "source": "file",
    }  # fmt: skip
    wrong = plan.assign(price_cny_per_kwh=plan["price_cny_per_kwh"] + 1e-4)
    assert prices(case_of(plan, load_study(study))).ok
    assert not prices(case_of(wrong, load_study(study))).ok


def test_market_prices_get_network_and_premium_on_top(edited_study, tmp_path):
    by_slot(tmp_path / "spot.csv", "price_cny_per_mwh", [1000 * price for price in SPOT])
    market = (
        'price_csv = "spot.csv", price_of = "market", network = "ningxia-110kv", system_operation_cny_per_kwh = 0.02'
    )
    green = "green_contract_share = 0.5, green_premium_cny_per_kwh = 0.03"
    study = load_study(edited_study((TARIFF, f"{market}, {green}")))
    time = time_axis("2026-07-15", horizon_h=24)
    hourly = np.reshape(SPOT, (24, 4)).mean(axis=1)
    charges = network_charges("Ningxia", voltage="110kv")
    found = import_price(study, study.node("alpha"), time, 1.0)
    assert found == pytest.approx(delivered_price(hourly, charges, system_operation_cny_per_kwh=0.02) + 0.015)
    assert study.node("alpha").grid_connection().green_contract_share == 0.5


def test_a_green_contract_counts_by_market_and_in_ref(attempt, edited_study):
    green = "green_contract_share = 0.75, green_premium_cny_per_kwh = 0.03, residual_kg_per_kwh = 0.6"
    study = edited_study((TARIFF, f"{TARIFF}, {green}"))
    plan, summary = planned(attempt("--horizon", 6, "--json", study=study), study)
    kpis, bought = summary["kpis"], plan["import_kw"].sum("time").values
    assert plan["price_cny_per_kwh"].values[:, 0] == pytest.approx([0.3 + 0.75 * 0.03, 0.3])
    assert kpis["cue_market"] == pytest.approx((0.25 * 0.6 * bought[0] + 0.5856 * bought[1]) / kpis["it_kwh"])
    assert kpis["ref"] == pytest.approx((kpis["green_kwh"] + 0.75 * bought[0]) / kpis["facility_kwh"])
    assert kpis["renewable_share"] < kpis["ref"] <= 1
    assert summary["verification"]["clean"]


def test_a_curtailment_call_binds_and_is_checked(attempt, edited_study, tmp_path, published):
    free = published.plan().isel(time=slice(6))
    before = free["import_kw"].sel(node="alpha").values
    calls = np.full(48, 1e4)
    calls[2 * 1 : 2 * 3] = 10.0  # from 01:00 to 03:00, in half hours
    by_slot(tmp_path / "calls.csv", "import_limit_kw", calls, minutes=30)
    study = edited_study(("import_limit_kw = 150.0", 'import_limit_kw = 150.0, import_limit_csv = "calls.csv"'))
    plan, summary = planned(attempt("--horizon", 6, "--json", study=study), study)
    drawn = plan["import_kw"].sel(node="alpha").values
    assert np.all(drawn[1:3] <= 10 + 1e-6) and np.all(before[1:3] > 20)
    assert summary["verification"]["clean"]
    loaded = load_study(study)
    limits = import_limits(loaded.node("alpha"), plan["time"].values, 1.0)
    assert limits[:4].tolist() == [150, 10, 10, 150]
    assert grid_limits(case_of(plan, loaded)).ok
    broken = grid_limits(case_of(free, loaded))
    assert not broken.ok and "import alpha 2026-07-15 0" in broken.where


def test_a_call_nobody_can_follow_is_named(attempt, edited_study, tmp_path):
    by_slot(tmp_path / "calls.csv", "import_limit_kw", [100.0, 0.0, 100.0], minutes=240)
    study = edited_study(("import_limit_kw = 40.0", 'import_limit_kw = 40.0, import_limit_csv = "calls.csv"'))
    attempt(study=study).refused(
        3,
        "node[beta]",
        "at 2026-07-15 0",
        "0.0 kW by node.grid.import_limit_csv (calls.csv: the least value in a step of 1 h)",
        "Raise import_limit_csv to at least",
    )  # fmt: skip


def test_short_calls_a_battery_cannot_bridge_name_the_file_and_the_rule(attempt, edited_study, tmp_path):
    """Five minutes without import each hour are an hour without where the step is one."""
    by_slot(tmp_path / "calls.csv", "import_limit_kw", ([0.0] + [150.0] * 11) * 24, minutes=5)
    study = edited_study(("import_limit_kw = 150.0", 'import_limit_kw = 150.0, import_limit_csv = "calls.csv"'))
    attempt(study=study).refused(
        3, "node[alpha]", "import_limit_csv (calls.csv), of which the least value in a step of 1 h counts",
        "is empty at", "Take shorter steps, raise node.grid.import_limit_csv or",
    )  # fmt: skip


def night(battery: BatteryConfig | None, lack_kw: list[float], stock_kwh: float) -> str:
    node = load_study(None).nodes[0]
    node = node.model_copy(update={"battery": battery})
    steps, limit = len(lack_kw), node.grid.import_limit_kw
    return beyond_battery(
        node, limit + np.array(lack_kw), np.zeros(steps), step_h=1.0, when=[f"hour {n}" for n in range(steps)],
        import_limit_kw=np.full(steps, limit), stock_kwh=stock_kwh,
    )  # fmt: skip


def test_what_a_battery_bridges_by_hand():
    """100 kWh at 80 % each way: 40 kW lacking take 50 kWh of stock an hour, 50 kW to spare give 40 kWh back."""
    its = BatteryConfig(
        energy_kwh=100.0, power_kw=50.0, charge_eff=0.8, discharge_eff=0.8, self_discharge_per_h=0.0,
        wear_cny_per_kwh=0.0, source="test",
    )  # fmt: skip
    assert night(None, [40.0], 0.0) == "" and night(its, [40.0, -90.0, -90.0], 50.0) == ""
    assert "is empty at hour 1" in night(its, [40.0, 40.0, -90.0], 99.0)
    assert "holds at most 40.0 kWh at the end, where 50.0 kWh are to be given back" in night(its, [40.0, -90.0], 50.0)
    assert night(its, [40.0, 40.0, -90.0, -90.0, -90.0], 100.0) == ""  # never more than it holds
    assert "2 of 3 steps, 80 kWh in all, 40.0 kW at most" in night(its, [40.0, 40.0, -90.0], 99.0)


def test_carbon_by_slot_makes_the_co2(attempt, edited_study, tmp_path):
    grams = [300 + 20 * n for n in range(24)]
    by_slot(tmp_path / "carbon.csv", "carbon_g_per_kwh", grams, minutes=60)
    study = edited_study(("carbon_kg_per_kwh = 0.6", 'carbon_kg_per_kwh = 0.6, carbon_csv = "carbon.csv"'))
    plan, summary = planned(attempt("--horizon", 6, "--json", study=study), study)
    assert plan["carbon_kg_per_kwh"].dims == ("node", "time")
    assert plan["carbon_kg_per_kwh"].sel(node="alpha").values == pytest.approx(np.array(grams[:6]) / 1000)
    assert plan["carbon_kg_per_kwh"].sel(node="beta").values.tolist() == [0.5] * 6
    emitted = float((plan["import_kw"] * plan["carbon_kg_per_kwh"]).sum())
    assert summary["kpis"]["co2_kg"] == pytest.approx(emitted)
    assert summary["kpis"]["cost_carbon_cny"] == pytest.approx(0.05 * emitted)
    wrong = plan.assign(carbon_kg_per_kwh=plan["carbon_kg_per_kwh"] * 1.001)
    assert not prices(case_of(wrong, load_study(study))).ok


def test_steps_longer_and_shorter_than_the_slots(edited_study, tmp_path):
    by_slot(tmp_path / "carbon.csv", "carbon_kg_per_kwh", [0.2, 0.6] * 12, minutes=60)
    by_slot(tmp_path / "calls.csv", "import_limit_kw", [100.0, 60.0] * 12, minutes=60)
    csv = 'import_limit_kw = 150.0, carbon_csv = "carbon.csv", import_limit_csv = "calls.csv"'
    node = load_study(edited_study(("import_limit_kw = 150.0", csv))).node("alpha")
    for step_h, carbon, limit in ((2.0, [0.4, 0.4], [60.0, 60.0]), (0.5, [0.2, 0.2, 0.6, 0.6], [100, 100, 60, 60])):
        time = time_axis("2026-07-15", horizon_h=step_h * len(carbon), step_h=step_h)
        assert carbon_factors(node, time, step_h) == pytest.approx(carbon)
        assert import_limits(node, time, step_h).tolist() == limit


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("price_csv", "time,price\n2026-07-15T00:00:00,0.3\n", ["row 2", "no offset from UTC"]),
        (
            "price_csv",
            "time,price\n2026-07-15T00:00:00Z,0.3\n2026-07-15T01:00:00Z,0.3\n2026-07-15T03:00:00Z,0.3\n",
            ["row 4", "comes 120 min after the row before it", "Fill the gap"],
        ),
        ("price_csv", "time,price\n2026-07-15T00:00:00Z,300\n2026-07-15T01:00:00Z,300\n", ["row 2", "per MWh"]),
        ("carbon_csv", "time,carbon_kg_per_kwh\n2026-07-15T00:00:00Z,x\n2026-07-15T01:00:00Z,1\n", ["row 2", "'x'"]),
        ("import_limit_csv", "time,limit\n2026-07-15T00:00:00Z,1\n", ["got columns ['time', 'limit']"]),
    ],
)
def test_a_bad_file_is_refused_by_check_and_plan(attempt, greendc, edited_study, tmp_path, key, text, words):
    (tmp_path / "grid.csv").write_text(text, encoding="utf-8")
    entry = f'{key} = "grid.csv"' if key == "price_csv" else f'{TARIFF}, {key} = "grid.csv"'
    study = edited_study((TARIFF, entry))
    attempt(study=study).refused(3, str(tmp_path / "grid.csv"), *words)
    greendc("check", study).refused(3, f"node[alpha].grid.{key}", str(tmp_path / "grid.csv"), *words)


def test_a_file_that_does_not_cover_the_window_says_from_when(attempt, greendc, edited_study, tmp_path):
    by_slot(tmp_path / "spot.csv", "price", [0.3] * 6, minutes=60, first=DAY + timedelta(hours=3))
    study = edited_study((TARIFF, 'price_csv = "spot.csv"'))
    assert greendc("check", study).code == 0
    attempt(study=study).refused(
        3,
        "spot.csv: covers 2026-07-15 03:00 to 2026-07-15 09:00, but the window is 2026-07-15 00:00 to 2026-07-15 12:00",
    )


def test_a_file_that_changed_is_read_again(edited_study, tmp_path):
    study = load_study(edited_study((TARIFF, 'price_csv = "spot.csv"')))
    time = time_axis("2026-07-15", horizon_h=24)
    for price in (0.25, 0.125, 0.5):
        by_slot(tmp_path / "spot.csv", "price", [price] * 24, minutes=60)
        assert import_price(study, study.node("alpha"), time, 1.0).tolist() == [price] * 24


def test_a_relative_file_needs_a_folder_to_start_from(study_file):
    text = study_file.read_text(encoding="utf-8").replace(TARIFF, 'price_csv = "spot.csv"', 1)
    with pytest.raises(ConfigError, match=r'"spot\.csv" is relative, but the study has no folder'):
        study_from_text(text)


def test_a_file_that_is_missing_is_named(attempt, edited_study, tmp_path):
    study = edited_study((TARIFF, 'price_csv = "none.csv"'))
    attempt(study=study).refused(3, f"{tmp_path / 'none.csv'}: cannot be read")


STALE = "Tariff day of alpha, beta is stale: it holds 2026-01-01 to 2026-12-31, the window is 2027-01-15. "


def test_a_stale_tariff_is_named_everywhere(attempt):
    ran = attempt("--date", "2027-01-15", "--horizon", 4)
    assert ran.code in (0, 5) and STALE in ran.err
    folder = Path(re.search(r"(\S+)/report\.html", ran.out)[1])
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [text for text in summary["warnings"] if STALE in text]
    assert summary["inputs"]["tariffs"]["beta"]["stale"] is True
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert STALE in page
    assert "prices: day; valid: 2026-01-01 to 2026-12-31; stale: yes; source: test" in page


def test_a_tariff_told_wrong_is_found(published, study_file):
    case, told = case_of(published.plan(), load_study(study_file)), published.read("summary.json")["inputs"]["tariffs"]
    assert tariffs_told(case, told).ok
    for node, key, value in (("alpha", "stale", True), ("beta", "stale", None), ("beta", "prices", "other")):
        wrong = told | {node: told[node] | {key: value}}
        found = tariffs_told(case, wrong)
        assert not found.ok and f"{node}: {key} is {value!r}" in found.where, found
    assert not tariffs_told(case, {"alpha": told["alpha"]}).ok
    assert not tariffs_told(case, told | {"gamma": told["alpha"]}).ok


def test_a_stale_tariff_is_refused_under_strict(attempt):
    attempt("--date", "2027-01-15", "--horizon", 4, "--strict").refused(7, STALE, "Nothing was published", "--strict")
    attempt("--date", "2026-12-31T22:00", "--horizon", 4, "--strict").refused(7, "2026-12-31 to 2027-01-01")


def test_a_tariff_of_the_window_is_not_stale(attempt):
    ran = attempt("--date", "2026-12-31T20:00", "--horizon", 4, "--json")
    assert ran.code in (0, 5) and not any("stale" in text or "dated" in text for text in ran.json["warnings"])


def test_a_tariff_without_dates_is_told(attempt, edited_study):
    undated = edited_study(("valid_from = 2026-01-01\nvalid_to = 2026-12-31\n", ""))
    ran = attempt("--horizon", 4, "--json", study=undated)
    assert any("Tariff day of alpha, beta is not dated" in text for text in ran.json["warnings"])
    assert ran.json["inputs"]["tariffs"]["alpha"]["stale"] is None


def test_a_built_in_tariff_is_found_by_its_id(attempt, edited_study):
    study = edited_study((TARIFF, 'tariff = "qinghai-35kv"'))
    plan, summary = planned(attempt("--horizon", 6, "--json", study=study), study)
    assert plan["price_cny_per_kwh"].sel(node="alpha").values == pytest.approx(
        [0.4362] * 6
    )  # 0.4422 - (0.0871 - 0.0811)
    assert summary["inputs"]["tariffs"]["alpha"]["valid"] == "2026-01-01 to 2026-12-31"


def test_days_off_of_ones_own_change_the_price(edited_study, tmp_path):
    (tmp_path / "days.csv").write_text("first,last,kind\n2027-05-01,2027-05-05,holiday\n", encoding="utf-8")
    holiday = '{ label = "feast", months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], hours = ["00:00-24:00"], '
    holiday += 'day_types = ["holiday"], price_cny_per_kwh = 0.1 },\n]'
    others = ', day_types = ["workday", "weekend"], price_cny'
    study = load_study(
        edited_study(
            ("schema_version = 1", 'schema_version = 1\nholidays_csv = "days.csv"'),
            ('hours = ["22:00-06:00"], price_cny', f'hours = ["22:00-06:00"]{others}'),
            ('hours = ["06:00-22:00"], price_cny', f'hours = ["06:00-22:00"]{others}'),
            ("},\n]", "},\n" + holiday),
        )
    )
    for day, noon in (("2027-04-30", 0.5), ("2027-05-03", 0.1), ("2026-10-01", 0.1)):
        assert import_price(study, study.node("alpha"), time_axis(f"{day}T12:00", horizon_h=2), 1.0)[0] == noon


def test_a_bad_holiday_file_is_refused_by_check(greendc, edited_study, tmp_path):
    (tmp_path / "days.csv").write_text("first,last,kind\n2027-05-01,2027-05-05,feast\n", encoding="utf-8")
    study = edited_study(("schema_version = 1", 'schema_version = 1\nholidays_csv = "days.csv"'))
    greendc("check", study).refused(3, "holidays_csv:", f"{tmp_path / 'days.csv'}, row 2", "'feast'")


def test_check_says_of_which_days_the_prices_are(greendc, study_file):
    rows = greendc("check", study_file, "--json").json["nodes"]
    assert [row["prices"] for row in rows] == ["day (2026-01-01 to 2026-12-31)"] * 2


def test_the_hash_knows_the_files_but_not_the_folder(tmp_path, study_file):
    hashes = []
    for name, price in (("a", "spot.csv"), ("b", "spot.csv"), ("c", "other.csv")):
        folder = tmp_path / name
        folder.mkdir()
        text = study_file.read_text(encoding="utf-8").replace(TARIFF, f'price_csv = "{price}"')
        (folder / "study.toml").write_text(text, encoding="utf-8")
        study = load_study(folder / "study.toml")
        assert study.node("alpha").grid.price_csv == str(folder / price)
        hashes.append(study_hash(study))
    assert hashes[0] == hashes[1] != hashes[2]


def test_where_selling_costs_nothing_is_sold(attempt, edited_study, published):
    """At 0.6 CNY/kWh beta sells its surplus; below 0 it is curtailed, and all checks stay clean."""
    free = published.plan().sel(node="beta")
    study = edited_study(("export_price_cny_per_kwh = 0.6", "export_price_cny_per_kwh = -0.1"))
    assert load_study(study).node("beta").grid_connection().export_price_cny_per_kwh == -0.1
    plan, summary = planned(attempt("--horizon", free.sizes["time"], "--json", study=study), study)
    here = plan.sel(node="beta")
    assert float(free["exported_kw"].sum()) > 0.5 and float(free["curtailed_kw"].sum()) < 1e-6
    assert float(here["curtailed_kw"].sum()) > 0.5 and float(here["exported_kw"].sum()) < 1e-6
    assert summary["verification"]["clean"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("export_price_cny_per_kwh = 0.6", "export_price_cny_per_kwh = -5.1", "export_price_cny_per_kwh"),
        (
            TARIFF,
            'price_csv = "spot.csv", price_of = "market", network = "ningxia"',
            'network = "ningxia"; allowed: province-voltage, such as "ningxia-110kv"',
        ),
    ],
)
def test_a_mistake_of_the_grid_table_names_its_key(edited_study, old, new, told):
    with pytest.raises(ConfigError) as refused:
        load_study(edited_study((old, new)))
    assert told in str(refused.value)
