"""A state is of one fleet and one moment: refused where study, clusters, month or queue are others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from energy.requests import STEPS_MIN
from energy.state import LONGEST_STEP, NodeState, RunningJob, State, check_state, state_to_json
from energy.workload.jobs import Job
from energy.workload.record import CIVIL
from weather.conventions.errors import DataError

NOON = datetime(2026, 7, 15, 4, tzinfo=UTC)
BIG_JOB = Job(
    job_id="train", gpu_type="big", gpus=8, duration_h=9.5, state="running", remaining_h=4.0,
    started=NOON - timedelta(hours=6), nodes=("alpha",),
)  # fmt: skip
NODE = NodeState(
    stock_green_kwh=12.5, stock_grey_kwh=0.0, setpoint_degc=20.0, setpoint_held_h=2.0, month_peak_kw=17.25,
    month="2026-07",
)  # fmt: skip
CLUSTERS = {"alpha": {f"alpha/bigx8/{n}": ("big", 8) for n in (1, 2, 3)}, "beta": {"beta/small": ("small", 16)}}
SETPOINTS = {"alpha": (14.0, 20.0, 24.0), "beta": (12.0, 18.0, 20.0)}


def _state(**changed) -> State:
    running = RunningJob(job=BIG_JOB, node="alpha", cluster="alpha/bigx8/2")
    return replace(State(at=NOON, running=(running,), nodes={"alpha": NODE, "beta": NODE}), **changed)


def _check(state: State, **more) -> list[str]:
    return check_state(state, clusters=CLUSTERS | more, setpoints=SETPOINTS)


def _running(*jobs: Job, cluster: str = "alpha/bigx8/2", node: str = "alpha") -> tuple[RunningJob, ...]:
    return tuple(RunningJob(job=job, node=node, cluster=cluster) for job in jobs)


def test_the_state_of_this_fleet_passes():
    assert _check(_state()) == []
    pair = (replace(BIG_JOB, gpus=5), replace(BIG_JOB, job_id="other", gpus=3))
    assert _check(_state(running=_running(*pair), ended=("a", "b"))) == []  # side by side, together the whole cluster


def test_a_state_of_nothing_is_a_cold_start_of_any_fleet():
    assert _check(State(NOON, (), {}, ended=("a",))) == []
    assert _check(State(NOON, (), {}), gamma={}) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (_state(nodes={"gamma": NODE}), "'gamma'; the study has alpha, beta"),
        (_state(running=(RunningJob(job=BIG_JOB, node="gamma", cluster="g"),)), "'gamma'"),
        (_state(running=(RunningJob(job=BIG_JOB, node="alpha", cluster="alpha/bigx8/4"),)), "alpha/bigx8/4"),
        (_state(running=(RunningJob(job=BIG_JOB, node="beta", cluster="alpha/bigx8/1"),)), "clusters of beta"),
        (_state(running=(RunningJob(job=BIG_JOB, node="beta", cluster="beta/small"),)), "which has small"),
        (_state(running=_running(replace(BIG_JOB, nodes=("beta",)))), "runs at alpha, but its own `nodes` say beta"),
        (_state(nodes={"alpha": NODE}), "it lacks beta of the study's nodes alpha, beta"),
        (_state(nodes={"beta": NODE}, running=()), "it lacks alpha of the study's nodes"),
        (_state(nodes={}), "it lacks alpha, beta of the study's nodes"),
    ],
)
def test_the_state_of_another_fleet_is_refused(state, words):
    with pytest.raises(DataError) as told:
        _check(state)
    assert words in str(told.value)
    assert "without --state" in str(told.value)


def test_a_node_the_study_has_since_gained_is_refused():
    with pytest.raises(DataError, match="it lacks gamma of the study's nodes alpha, beta, gamma"):
        _check(_state(), gamma={})


def test_jobs_that_together_exceed_their_cluster_are_refused():
    """Each fits by itself; one of them would have been lost."""
    other = replace(BIG_JOB, job_id="other", gpus=1)
    with pytest.raises(DataError) as told:
        _check(_state(running=_running(BIG_JOB, other)))
    said = "cluster 'alpha/bigx8/2' of node alpha take 9 big GPUs together, but it has 8: train (8), other (1)."
    assert said in str(told.value)
    apart = (*_running(BIG_JOB), *_running(other, cluster="alpha/bigx8/3"))
    assert _check(_state(running=apart)) == []


def test_only_the_first_of_many_jobs_are_named():
    many = [replace(BIG_JOB, job_id=f"j{n}", gpus=1) for n in range(12)]
    with pytest.raises(DataError, match=r"take 12 big GPUs.* j9 \(1\) and 2 more\."):
        _check(_state(running=_running(*many)))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (_state(ended=("train",)), "job 'train' is in `running` and in `ended`"),
        (_state(running=2 * _running(replace(BIG_JOB, gpus=4))), "job 'train' runs more than once"),
        (_state(ended=("a", "b", "a")), "job 'a' ended more than once"),
    ],
)
def test_a_job_listed_twice_is_refused(state, words):
    with pytest.raises(DataError) as told:
        _check(state)
    assert words in str(told.value)


def _of_month(at: datetime, month: str) -> State:
    return State(at, (), {name: replace(NODE, month=month) for name in CLUSTERS})


@pytest.mark.parametrize(
    ("at", "good", "bad"),
    [
        (NOON, {"2026-07"}, {"2026-06", "2026-08", "2025-07"}),
        # 1 August 00:00 civil: the last step began in July
        (datetime(2026, 7, 31, 16, tzinfo=UTC), {"2026-07"}, {"2026-08", "2026-06"}),
        # 1 August 02:00 civil: in July or, of steps that short, in August
        (datetime(2026, 7, 31, 18, tzinfo=UTC), {"2026-07", "2026-08"}, {"2026-06", "2026-09"}),
        # 1 August 05:00 civil: no step is so long
        (datetime(2026, 7, 31, 21, tzinfo=UTC), {"2026-08"}, {"2026-07"}),
    ],
)
def test_the_month_is_that_of_the_last_step(at, good, bad):
    for month in good:
        assert _check(_of_month(at, month)) == []
    for month in bad:
        with pytest.raises(DataError) as told:
            _check(_of_month(at, month))
        assert f"node alpha is of {month}, but a state of {at.astimezone(CIVIL).isoformat()} is of" in str(told.value)
        assert "a peak of another month would be billed again" in str(told.value)


def test_the_longest_step_is_the_one_the_months_reckon_with():
    assert timedelta(minutes=max(STEPS_MIN)) == LONGEST_STEP


def test_a_setpoint_the_study_does_not_list_is_told():
    nodes = {"alpha": replace(NODE, setpoint_degc=99.0), "beta": NODE}
    assert _check(_state(nodes=nodes)) == [
        "state: node alpha holds 99 degC, which its setpoints 14, 20, 24 do not list; how long it has been held is "
        "forgotten"
    ]


def test_a_faulty_running_job_is_called_one_of_the_state(attempt, tmp_path):
    """Not row 1 of a queue that has no such row."""
    job = replace(BIG_JOB, started=NOON - timedelta(hours=18), deadline=NOON - timedelta(hours=10))
    state = _state(at=NOON - timedelta(hours=12), running=_running(job))
    (tmp_path / "state.json").write_text(state_to_json(state), encoding="utf-8")
    ran = attempt("--state", tmp_path / "state.json", jobs="synthetic:1")
    ran.refused(3, "running job 'train' of the state, deadline: '2026-07-15T02:00:00+08:00'; it runs 4 h from")


def test_an_overfull_cluster_ends_the_command_with_three(attempt, tmp_path):
    jobs = (replace(BIG_JOB, started=None), replace(BIG_JOB, job_id="other", started=None))
    nodes = {name: replace(NODE, stock_green_kwh=0.0) for name in CLUSTERS}
    state = _state(at=NOON - timedelta(hours=12), running=_running(*jobs), nodes=nodes)
    (tmp_path / "state.json").write_text(state_to_json(state), encoding="utf-8")
    ran = attempt("--state", tmp_path / "state.json", jobs="synthetic:1")
    ran.refused(3, "alpha/bigx8/2", "train (8), other (8)", "16 big GPUs", "it has 8")


def test_a_stock_the_battery_cannot_hold_is_refused(attempt, tmp_path):
    nodes = {"alpha": replace(NODE, stock_green_kwh=250.0), "beta": replace(NODE, stock_green_kwh=0.0)}
    path = tmp_path / "state.json"
    path.write_text(state_to_json(State(NOON - timedelta(hours=12), (), nodes)), encoding="utf-8")
    attempt("--state", path, jobs="synthetic:1").refused(3, "alpha", "250.0 kWh", "200.0 kWh")


def test_a_job_in_the_queue_that_the_state_already_runs_is_taken_once(attempt, tmp_path):
    nodes = {name: replace(NODE, stock_green_kwh=0.0) for name in CLUSTERS}
    state = State(NOON - timedelta(hours=12), _state().running, nodes)
    job = replace(BIG_JOB, started=NOON - timedelta(hours=18))
    state = replace(state, running=(replace(state.running[0], job=job),))
    (tmp_path / "state.json").write_text(state_to_json(state), encoding="utf-8")
    jobs = tmp_path / "queue.csv"
    jobs.write_text("job_id,gpu_type,gpus,duration_h\ntrain,big,8,9.5\nnew,big,8,2\n", encoding="utf-8")
    ran = attempt("--state", tmp_path / "state.json", "--json", jobs=jobs)
    assert ran.code in (0, 5), ran.err
    assert ran.json["kpis"]["jobs_total"] == 2
    assert ran.json["verification"]["clean"] is True
