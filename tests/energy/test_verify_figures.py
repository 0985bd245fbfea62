"""A clean plan is called clean; a figure, target or list that is not the plan's is found."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from energy.state import NodeState, RunningJob, State

_spec = importlib.util.spec_from_file_location("verify_made", Path(__file__).with_name("test_verify_made.py"))
_made = importlib.util.module_from_spec(_spec)
sys.modules["verify_made"] = _made  # dataclasses look their module up
_spec.loader.exec_module(_made)
failed, summary_of = _made.failed, _made.summary_of


@pytest.fixture(scope="module")
def made():
    return _made.make_plan()


def test_the_plan_made_by_hand_is_clean(made):
    plan = made.plan()
    assert plan["curtailed_kw"].values[0, 10] > 10  # the faults below need room for exports
    result = made.check(summary=summary_of(plan))
    assert failed(result) == []
    assert result.clean and len(result.checks) > 35
    assert result.pue == pytest.approx(float(plan["facility_kw"].sum() / plan["it_kw"].sum()), rel=1e-12)
    assert result.pue_plant == pytest.approx(result.pue, rel=1e-12)


KPIS = {
    "cost terms": (
        "cost_cny",
        "cost_energy_cny",
        "cost_demand_cny",
        "cost_green_cny",
        "revenue_export_cny",
        "cost_carbon_cny",
        "cost_wear_cny",
    ),
    "energy figures": (
        "pue",
        "pue_with_storage",
        "battery_loss_kwh",
        "pue_reference_inlet",
        "renewable_share",
        "hourly_matched_share",
        "curtailed_share",
        "co2_kg",
        "cue_location",
        "cue_market",
        "ref",
        "it_kwh",
        "facility_kwh",
        "import_kwh",
        "green_kwh",
        "available_kwh",
        "exported_kwh",
        "curtailed_kwh",
        "peak_import_kw",
    ),
    "job figures": (
        "jobs_total",
        "jobs_placed",
        "jobs_unserved",
        "jobs_late",
        "gpu_h_served",
        "gpu_h_unserved",
        "gpu_h_carried_out",
        "gpu_utilisation",
    ),
    "plant figures": ("pue_plant", "renewable_share_plant", "water_l", "wue"),
}


@pytest.mark.parametrize(("law", "name"), [(law, name) for law, names in KPIS.items() for name in names])
def test_a_wrong_figure_is_found(made, law, name):
    summary = summary_of(made.plan())
    value = summary["kpis"][name]
    summary["kpis"][name] = value * 1.00001 + 1e-5
    assert failed(made.check(summary=summary)) == [law]
    del summary["kpis"][name]
    assert failed(made.check(summary=summary)) == [law]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("renewable_share", {"met": False}),
        ("renewable_share", {"value": 0.5}),
        ("renewable_share", {"target": 0.2}),
        ("renewable_share", {"missed_kwh": 3.0}),
        ("renewable_share", {"missed_by": 0.01}),
        ("renewable_share", {"missed_by": None}),
        ("pue", {"missed_by": 0.01}),
        ("pue", {"value_plant": 1.05}),
        ("renewable_share", {"value_plant": 0.9}),
    ],
)
def test_a_target_told_wrongly_is_found(made, name, change):
    summary = summary_of(made.plan())
    assert summary["targets"]["renewable_share"]["met"]
    told = summary["targets"][name]
    told |= change
    for key in [key for key, value in change.items() if value is None]:
        del told[key]
    assert failed(made.check(summary=summary)) == ["targets told as they are"]


@pytest.mark.parametrize(
    "change",
    [
        {"start": "2026-07-15T01:00:00+08:00"},
        {"end": "2026-07-15T13:00:00+08:00"},
        {"step_h": 0.5},
        {"date": "2026-07-14"},
        {"timezone": "UTC"},
        {"end": None},
    ],
)
def test_another_window_is_found(made, change):
    summary = summary_of(made.plan())
    summary["window"] |= change
    assert failed(made.check(summary=summary)) == ["window told as it is"]


@pytest.mark.parametrize("unserved", [[], ["left", "half"], ["left", "left"]])
def test_jobs_left_out_in_silence_are_found(made, unserved):
    summary = summary_of(made.plan()) | {"unserved": unserved}
    assert failed(made.check(summary=summary)) == ["unserved jobs listed"]


def full_summary(plan) -> dict:
    """With a proof to 1 %, a split and a baseline 25 CNY dearer that does the same work."""
    summary = summary_of(plan)
    cost, missed = summary["kpis"]["cost_cny"], sum(t["missed_kwh"] for t in summary["targets"].values())
    baseline = summary["kpis"] | {"cost_cny": cost + 25.0}
    undone = 8.0 * 4 + 4 * 6  # "left" of 4 h finds no place, "long" could have run 6 h more
    stages = [
        {"name": "served", "value": undone, "bound": undone, "gap": 0.0, "status": "proven"},
        {"name": "missed", "value": missed, "bound": missed, "gap": 0.0, "status": "proven"},
        {"name": "cost", "value": cost, "bound": 0.99 * cost, "gap": 0.01, "status": "proven"},
    ]
    solver = {"objective": cost, "bound": 0.99 * cost, "gap": 0.01, "gap_asked": 0.01, "stages": stages}
    solver["saving_captured"] = 25.0 / (25.0 + 0.01 * cost)
    # saved by placement 18, setpoint 2, battery 3, the pairs 21, 22, 6, all 27: by the six orders of switching on
    split = {"placement_cny": 58 / 3, "setpoint_cny": 10 / 3, "battery_cny": 13 / 3}
    saved = {"": 0, "p": 18, "s": 2, "b": 3, "ps": 21, "pb": 22, "sb": 6, "psb": 27}
    rows = [
        {"placement": "p" in on, "setpoint": "s" in on, "battery": "b" in on, "cost_cny": cost + 25.0 - value}
        for on, value in saved.items()
    ]
    split |= {"targets_cny": 2.0, "total_cny": 25.0, "combinations": rows}
    return summary | {
        "status": "optimal",
        "baseline": baseline,
        "solver": solver,
        "same_work": True,
        "attribution": split,
    }


def test_a_proof_and_a_split_that_are_right_are_clean(made):
    summary = full_summary(made.plan())
    assert failed(made.check(summary=summary)) == []
    unproven = summary["solver"] | {"bound": None, "gap": None, "saving_captured": None}
    unproven["stages"] = [*summary["solver"]["stages"][:2], summary["solver"]["stages"][2] | {"status": "limit"}]
    unproven["stages"][2] |= {"bound": None, "gap": None}
    assert failed(made.check(summary=summary | {"status": "feasible", "solver": unproven})) == []
    apart = summary | {"attribution": None, "same_work": False}
    apart["baseline"] = summary["baseline"] | {"gpu_h_served": 100.0}
    apart["solver"] = summary["solver"] | {"saving_captured": None}
    assert failed(made.check(summary=apart)) == []


def _bound(summary: dict, bound: float) -> None:
    """A bound with all that follows from it."""
    cost = summary["kpis"]["cost_cny"]
    for told in (summary["solver"], summary["solver"]["stages"][2]):
        told |= {"bound": bound, "gap": (cost - bound) / cost}
    summary["solver"]["saving_captured"] = 25.0 / (25.0 + cost - bound)


PROOFS = {
    "proven at half the cost": lambda s: _bound(s, 0.5 * s["kpis"]["cost_cny"]),
    "not proven within the gap": lambda s: (
        s["solver"]["stages"][0].update(status="limit"),
        s.update(status="feasible"),
    ),
    "no gap asked": lambda s: s["solver"].pop("gap_asked"),
    "gap asked of no sense": lambda s: s["solver"].update(gap_asked=2.0),
    "another state of a stage": lambda s: s["solver"]["stages"][0].update(status="done"),
    "more undone": lambda s: s["solver"]["stages"][0].update(value=5000.0, bound=5000.0),
    "less undone": lambda s: s["solver"]["stages"][0].update(value=0.0, bound=0.0),
    "a stage twice": lambda s: s["solver"]["stages"].append(s["solver"]["stages"][2]),
    "another cost": lambda s: s["solver"].update(objective=s["kpis"]["cost_cny"] + 1),
    "a better bound than the stage's": lambda s: s["solver"].update(bound=s["solver"]["bound"] + 1),
    "a smaller gap": lambda s: s["solver"].update(gap=0.001),
    "a smaller gap of the stage": lambda s: (s["solver"].update(gap=0.001), s["solver"]["stages"][2].update(gap=0.001)),
    "a bound above the value": lambda s: s["solver"]["stages"][0].update(bound=58.0),
    "optimal unproven": lambda s: s["solver"]["stages"][0].update(status="limit"),
    "less missed": lambda s: s["solver"]["stages"][1].update(value=-1.0, bound=-1.0),
    "no cost stage": lambda s: s["solver"]["stages"].pop(),
    "proven without a bound": lambda s: s["solver"]["stages"][0].update(bound=None, gap=None),
}


@pytest.mark.parametrize("fault", sorted(PROOFS))
def test_a_proof_of_something_else_is_found(made, fault):
    summary = full_summary(made.plan())
    PROOFS[fault](summary)
    found = failed(made.check(summary=summary))
    assert found[:1] == ["proof told as it is"] and found[1:] in ([], ["saving adds up"])  # captured is of the bound


def _split(**added):
    """CNY added to entries of the split."""
    return lambda s: s["attribution"].update({f"{k}_cny": s["attribution"][f"{k}_cny"] + v for k, v in added.items()})


def _combinations(change):
    return lambda s: s["attribution"].update(combinations=change(s["attribution"]["combinations"]))


def _dearer(number: int, cny: float):
    return lambda rows: [row | {"cost_cny": row["cost_cny"] + cny * (n == number)} for n, row in enumerate(rows)]


SAVINGS = {
    "a lever more": _split(placement=1.0),
    "from one lever to another": _split(placement=-3.0, battery=3.0),
    "free targets": _split(targets=-2.0),
    "free targets, a lever less": _split(targets=-2.0, placement=-2.0),
    "total": _split(total=5.0),
    "no combinations": _combinations(lambda rows: []),
    "one combination less": _combinations(lambda rows: rows[:3] + rows[4:]),
    "one combination twice": _combinations(lambda rows: [*rows, rows[3]]),
    "one in the place of another": _combinations(lambda rows: [*rows[:3], rows[4], *rows[4:]]),
    "no lever on, another cost": _combinations(_dearer(0, 1.0)),
    "half the cost": _combinations(
        lambda rows: [*rows[:3], rows[3] | {"cost_cny": rows[3]["cost_cny"] / 2}, *rows[4:]]
    ),
    "more captured": lambda s: s["solver"].update(saving_captured=1.0),
    "captured without being told": lambda s: s["solver"].update(saving_captured=None),
    "the same work denied": lambda s: s.update(same_work=False),
    "the same work untold": lambda s: s.pop("same_work"),
    "a dearer baseline": lambda s: s.update(attribution=None, baseline=s["baseline"] | {"cost_cny": 1e4}),
}


@pytest.mark.parametrize("fault", sorted(SAVINGS))
def test_a_saving_that_does_not_add_up_is_found(made, fault):
    summary = full_summary(made.plan())
    SAVINGS[fault](summary)
    assert failed(made.check(summary=summary)) == ["saving adds up"]


def test_all_levers_dearer_than_some_are_found_whatever_the_split(made):
    """More levers can leave the others alone; the split here follows from the costs as they are told."""
    summary = full_summary(made.plan())
    summary["attribution"]["combinations"] = _dearer(7, 6.0)(summary["attribution"]["combinations"])
    _split(placement=-2.0, setpoint=-2.0, battery=-2.0, targets=-6.0)(summary)
    check = next(c for c in made.check(summary=summary).checks if c.name == "saving adds up")
    assert "battery+placement+setpoint costs" in check.where and "all levers on cost" in check.where


def test_a_split_of_different_work_is_found(made):
    summary = full_summary(made.plan())
    summary["baseline"]["gpu_h_served"] += 8
    assert failed(made.check(summary=summary)) == ["saving adds up"]


def state_after_by_hand(made) -> State:
    plan, held = made.plan(), made.state.nodes
    stock = {colour: float(plan[f"stock_{colour}_kwh"].values[0, -1]) for colour in ("green", "grey")}
    peak = plan["import_kw"].max("time").values
    alpha = NodeState(stock["green"], stock["grey"], 20.0, 4.0, max(30.0, float(peak[0])), "2026-07")
    beta = replace(held["beta"], setpoint_held_h=21.0, month_peak_kw=max(1.0, float(peak[1])), month="2026-07")
    long = next(job for job in made.jobs if job.job_id == "long")
    job = replace(long, state="running", remaining_h=24.0, started=_made.OPENS + timedelta(hours=6), nodes=("alpha",))
    return State(
        at=_made.OPENS + timedelta(hours=12),
        running=(RunningJob(job, "alpha", "alpha/bigx8/1"),),
        nodes={"alpha": alpha, "beta": beta},
        ended=("half", "running", "whole"),
    )


def test_the_state_that_the_plan_ends_with_is_clean(made):
    assert failed(made.check(after=state_after_by_hand(made))) == []


def _node(name: str, **changed):
    return lambda s: replace(s, nodes=s.nodes | {name: replace(s.nodes[name], **changed)})


def _running(**changed):
    return lambda s: replace(s, running=(replace(s.running[0], **changed),))


def _job(**changed):
    return lambda s: replace(s, running=(replace(s.running[0], job=replace(s.running[0].job, **changed)),))


STATES = {
    "another hour": lambda s: replace(s, at=s.at + timedelta(hours=1)),
    "a node less": lambda s: replace(s, nodes={"alpha": s.nodes["alpha"]}),
    "more green": _node("alpha", stock_green_kwh=99.0),
    "less grey": _node("alpha", stock_grey_kwh=0.0),
    "another setpoint": _node("alpha", setpoint_degc=24.0),
    "held longer": _node("alpha", setpoint_held_h=12.0),
    "what was held before forgotten": _node("beta", setpoint_held_h=12.0),
    "a lower peak": _node("alpha", month_peak_kw=1.0),
    "the month before": _node("beta", month="2026-06"),
    "a job lost": lambda s: replace(s, running=()),
    "another cluster": _running(cluster="alpha/bigx8/2"),
    "another node": _running(node="beta"),
    "a job twice": lambda s: replace(s, running=s.running * 2),
    "a job ended twice": lambda s: replace(s, ended=(*s.ended, "half")),
    "less power": _job(power_frac=0.5),
    "fewer GPUs": _job(gpus=2),
    "a deadline": _job(deadline=_made.OPENS + timedelta(hours=40)),
    "another type": _job(gpu_type="small"),
    "longer": _job(duration_h=31.0),
    "still pending": _job(state="pending"),
    "nothing left": _job(remaining_h=None),
    "less left": _job(remaining_h=1.0),
    "started later": _job(started=_made.OPENS + timedelta(hours=7)),
    "free to move": _job(nodes=()),
    "an ended job forgotten": lambda s: replace(s, ended=("half", "whole")),
    "a job said to have ended": lambda s: replace(s, ended=(*s.ended, "left")),
}


@pytest.mark.parametrize("fault", sorted(STATES))
def test_a_state_that_is_not_the_plan_s_end_is_found(made, fault):
    assert failed(made.check(after=STATES[fault](state_after_by_hand(made)))) == ["state handed on"]


def running_longer(made, hours: float):
    """The same plan with its running job in need of more than the window; its state is the earlier one's."""
    jobs = tuple(replace(job, remaining_h=hours) if job.job_id == "running" else job for job in made.jobs)
    held = replace(made.state, running=(replace(made.state.running[0], job=jobs[1]),))
    return replace(made, jobs=jobs, state=held)


def test_a_job_running_since_before_the_window_keeps_when_it_began(made):
    longer = running_longer(made, 15.0)
    state = state_after_by_hand(longer)
    job = replace(longer.jobs[1], remaining_h=3.0)
    assert job.started == _made.OPENS - timedelta(hours=5)
    right = RunningJob(job, "beta", "beta/small")
    right = replace(state, running=(*state.running, right), ended=("half", "whole"))
    assert failed(longer.check(after=right)) == []
    for wrong in (replace(job, started=_made.OPENS), replace(job, priority=3), replace(job, remaining_h=15.0)):
        changed = replace(right, running=(right.running[0], RunningJob(wrong, "beta", "beta/small")))
        assert failed(longer.check(after=changed)) == ["state handed on"]


@pytest.mark.parametrize(
    ("below", "factor", "found"), [(0.0001, 0.999, []), (0.0007, 0.9955, ["targets told as they are"])]
)
def test_a_pue_only_the_table_reaches_is_not_met(made, below, factor, found):
    """The target lies below what the plant needs, above what the table says; to the third decimal they may differ."""
    plan = made.plan()
    target = 1 + float(plan["overhead_kw"].sum() / plan["it_kw"].sum()) - below
    targets = made.study.targets.model_copy(update={"pue": target})
    slim = replace(made, study=made.study.model_copy(update={"targets": targets}), overhead_factor=factor)
    told = summary_of(slim.plan())
    assert told["kpis"]["facility_kwh"] < target * told["kpis"]["it_kwh"]
    told["targets"]["pue"] |= {"target": target, "met": True, "missed_kwh": 0.0, "missed_by": 0.0}
    assert failed(slim.check(summary=told)) == found
