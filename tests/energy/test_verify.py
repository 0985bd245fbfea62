"""Every fault in a plan is named by its own law, and by no other."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energy.simulate import audit_plant
from energy.state import State
from energy.workload.jobs import Job

_spec = importlib.util.spec_from_file_location("verify_made", Path(__file__).with_name("test_verify_made.py"))
_made = importlib.util.module_from_spec(_spec)
sys.modules["verify_made"] = _made  # dataclasses look their module up
_spec.loader.exec_module(_made)
Made, OPENS, SLOTS, failed, hours = _made.Made, _made.OPENS, _made.SLOTS, _made.failed, _made.hours


@pytest.fixture(scope="module")
def made():
    return _made.make_plan()


def changed(made: Made, **places) -> tuple:
    """The plan with amounts added: name=(node, slot, amount)."""
    plan = made.plan()
    for name, (node, slot, amount) in places.items():
        plan[name].values[node, slot] += amount
    return plan, None


def with_column(made: Made, job_id: str, **values) -> tuple:
    segments = made.segments()
    for name, value in values.items():
        segments.loc[segments["job_id"] == job_id, name] = value
    return None, segments


FLOW_FAULTS = {
    "flows not negative": {"exported_kw": (0, 8, -1.0), "curtailed_kw": (0, 8, 1.0)},
    "power balance": {"import_kw": (0, 0, 1e-5)},
    "renewable split": {"curtailed_kw": (0, 8, 1e-5)},
    "PV and wind from the weather": {
        "wind_kw": (1, 3, 1e-5),
        "renewable_direct_kw": (1, 3, 1e-5),
        "import_kw": (1, 3, -1e-5),
    },
    "facility power": {"facility_kw": (0, 0, 1e-5), "import_kw": (0, 0, 1e-5)},
    "PUE of each step": {"pue": (1, 4, 1e-5)},
    "battery account": {"stock_grey_kwh": (0, 4, 1e-5)},
    "grid limits": {"exported_kw": (0, 10, 5.1), "curtailed_kw": (0, 10, -5.1)},
    "one direction at the meter": {
        "exported_kw": (1, 3, 1.0),
        "renewable_direct_kw": (1, 3, -1.0),
        "import_kw": (1, 3, 1.0),
    },
    "setpoints of the study": {"mode": (0, 0, 1)},
    "prices and carbon factors": {"price_cny_per_kwh": (1, 5, 1e-5)},
    "outdoor temperatures": {"wet_bulb_degc": (1, 5, 1e-5)},
    "server inlet and fans": {"inlet_degc": (0, 5, 1e-5)},
    "GPUs of each pool": {"reserved_gpus": (1, 5, 1.0)},
}


ONE_SIDED = ("flows not negative", "grid limits", "one direction at the meter", "setpoints of the study")


@pytest.mark.parametrize(
    ("law", "sign"),
    [(law, sign) for law in FLOW_FAULTS for sign in (1, -1) if sign > 0 or law not in ONE_SIDED],
)
def test_a_wrong_number_is_found_by_its_law(made, law, sign):
    amounts = {name: (node, slot, sign * amount) for name, (node, slot, amount) in FLOW_FAULTS[law].items()}
    plan, _ = changed(made, **amounts)
    assert failed(made.check(plan)) == [law]


MORE_FAULTS = [
    ("GPUs of each pool", "used_gpus", -1.0),
    ("outdoor temperatures", "temp_air_degc", -1e-5),
    ("prices and carbon factors", "green_price_cny_per_kwh", -1e-5),
]


@pytest.mark.parametrize(("law", "name", "amount"), MORE_FAULTS)
def test_every_number_of_a_law_counts(made, law, name, amount):
    plan, _ = changed(made, **{name: (0, 7, amount)})
    assert failed(made.check(plan)) == [law]


def test_renewables_do_not_enter_the_battery_as_grey(made):
    plan, _ = changed(made, charge_grey_kw=(0, 7, 10.0), renewable_direct_kw=(0, 7, 10.0), curtailed_kw=(0, 7, -10.0))
    found = failed(made.check(plan))
    assert "grey charge" in found
    assert not {"power balance", "renewable split"} & set(found)


@pytest.mark.parametrize("name", ["charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw"])
def test_a_node_without_a_battery_stores_nothing(made, name):
    plan, _ = changed(made, **{name: (1, 6, 0.5)})
    assert {"battery account", "battery power"} <= set(failed(made.check(plan)))


@pytest.mark.parametrize(("name", "amount"), [("carbon_kg_per_kwh", 1e-5), ("pool_gpus", -1.0)])
def test_figures_of_nodes_and_pools_count(made, name, amount):
    plan = made.plan()
    plan[name].values[1] += amount
    law = {"carbon_kg_per_kwh": "prices and carbon factors", "pool_gpus": "GPUs of each pool"}[name]
    assert failed(made.check(plan)) == [law]


JOB_FAULTS = [
    ("each job once", "half", {"segment": 2}),
    ("whole gangs", "half", {"cap": 0.9}),
    ("whole gangs", "half", {"gpu_type": "small"}),
    ("cluster capacity", "half", {"cluster": "alpha/bigx8/3"}),  # the last cluster serves from 06:00 on
    ("durations", "long", {"remaining_h": 23.0}),
    ("durations", "long", {"slack_h": 1.0}),
    ("durations", "half", {"slack_h": 1.0}),
    ("durations", "half", {"deadline": pd.Timestamp(OPENS) + pd.Timedelta(hours=30)}),
    ("durations", "half", {"deadline": pd.NaT}),
    ("durations", "long", {"deadline": pd.Timestamp(OPENS) + pd.Timedelta(hours=90)}),
    ("power of jobs", "half", {"power_kw": 3.3}),
]


@pytest.mark.parametrize(("law", "job_id", "values"), JOB_FAULTS)
def test_a_wrong_segment_is_found_by_its_law(made, law, job_id, values):
    _, segments = with_column(made, job_id, **values)
    assert failed(made.check(segments=segments)) == [law]


def _job(made: Made, job_id: str, **values) -> tuple[Job, ...]:
    return tuple(replace(job, **values) if job.job_id == job_id else job for job in made.jobs)


def _node_state(made: Made, **values) -> State:
    nodes = {**made.state.nodes, "alpha": replace(made.state.nodes["alpha"], **values)}
    return replace(made.state, nodes=nodes)


def _setpoints(*alpha: float) -> np.ndarray:
    return np.array([alpha, [18.0] * SLOTS])


def _starts(made: Made, **moved) -> dict:
    return {**made.starts, **moved}


DECISIONS = {
    "battery gives back": lambda m: {"battery": {**m.battery, ("discharge_grey", 11): 20.0}},
    "battery capacity": lambda m: {"battery": m.battery | {("charge_grey", slot): 45.0 for slot in (3, 4, 5, 6)}},
    "battery power": lambda m: {"battery": {**m.battery, ("charge_grey", 1): 51.0}},
    "battery one way": lambda m: {"battery": {**m.battery, ("charge_grey", 2): 1.0}},
    "setpoint dwell": lambda m: {"setpoints": _setpoints(*[20.0] * 4, *[24.0] * 2, *[20.0] * 6)},
    "setpoint dwell (carried in, left at once)": lambda m: {"setpoints": _setpoints(*[24.0] * 12)},
    "setpoint dwell (carried in, left early)": lambda m: {"setpoints": _setpoints(20.0, *[24.0] * 11)},
    "setpoint rate": lambda m: {"setpoints": _setpoints(*[20.0] * 4, *[14.0] * 8)},
    "setpoint rate (carried in)": lambda m: {
        "setpoints": _setpoints(*[14.0] * 12),
        "state": _node_state(m, setpoint_held_h=3.0),
    },
    "setpoints of the study": lambda m: {"setpoints": np.array([m.setpoints[0], [18.01] * SLOTS])},
    "IT power": lambda m: {"it_off_kw": 0.01},
    "overhead table against the nonlinear plant": lambda m: {"overhead_factor": 1.021},
    "cluster capacity": lambda m: {"starts": _starts(m, whole=("alpha/bigx8/1", 6))},
    "cluster capacity (free pool)": lambda m: {
        "jobs": _job(m, "running", gpus=13),
        "state": replace(m.state, running=(replace(m.state.running[0], job=replace(m.jobs[1], gpus=13)),)),
    },
    "allowed nodes": lambda m: {"jobs": _job(m, "half", nodes=("beta",))},
    "releases": lambda m: {"jobs": _job(m, "whole", release=OPENS + hours(1.01))},
    "deadlines": lambda m: {"jobs": _job(m, "whole", deadline=OPENS + hours(3.99))},
    "deadlines (after the window)": lambda m: {"jobs": _job(m, "long", deadline=OPENS + hours(35.9))},
    "running jobs": lambda m: {"starts": _starts(m, running=("beta/small", 1))},
    "running jobs (moved)": lambda m: {
        "state": replace(m.state, running=(replace(m.state.running[0], cluster="beta/other"),))
    },
    "running jobs (dropped)": lambda m: {"starts": {k: v for k, v in m.starts.items() if k != "running"}},
    "durations": lambda m: {"starts": _starts(m, long=("alpha/bigx8/2", 5.5))},
}


@pytest.mark.parametrize("fault", DECISIONS)
def test_a_wrong_decision_is_found_by_its_law(made, fault):
    wrong = replace(made, **DECISIONS[fault](made))
    if fault == "durations":  # off the grid of steps: the sums over steps are those of the plan on the grid
        on_grid = replace(made, starts=_starts(made, long=("alpha/bigx8/2", 5)))
        names = failed(made.check(on_grid.plan(), wrong.segments()))
        assert "durations" in names and "releases" not in names
        return
    assert failed(wrong.check()) == [fault.split(" (")[0]]


def test_it_power_above_the_rating_is_found(made):
    most = float(made.plan()["it_kw"][0].max())
    lower = made.study.nodes[0].electrical.model_copy(update={"rated_kw": most * 0.999})
    study = made.study.model_copy(
        update={"nodes": (made.study.nodes[0].model_copy(update={"electrical": lower}), made.study.nodes[1])}
    )
    assert failed(replace(made, study=study).check()) == ["IT within the plant's rating"]


def test_numbers_that_are_none_and_missing_variables_are_found(made):
    plan = made.plan()
    plan["extra_kw"] = plan["it_kw"] * np.nan
    assert failed(made.check(plan)) == ["finite numbers"]
    result = made.check(made.plan().drop_vars("pue"))
    assert failed(result) == ["plan complete"] and "no pue" in result.worst().where


def test_water_and_cooling_are_held_against_the_plant(made):
    plan = made.plan()
    audit = audit_plant(plan, study=made.study, weather=made.weather, step_h=1.0)
    plan["cooling_kw"] = audit["cooling_kw"]
    assert made.check(plan).clean
    plan["cooling_kw"].values[1, 2] += 1e-5
    assert failed(made.check(plan)) == ["cooling and water of the plant"]
