"""What one plan hands to the next: written, read back, refused where it is of another fleet, and kept to."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from energy.config import load_study
from energy.day import DayRequest, DayResult, plan_day
from energy.requests import STEPS_MIN
from energy.state import LONGEST_STEP, NodeState, RunningJob, State, check_state, read_state, state_to_json
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
RUNS = {
    "job_id": "train", "state": "running", "gpu_type": "big", "gpus": 8, "duration_h": 9.5, "remaining_h": 4.0,
    "nodes": ["alpha"],
}  # fmt: skip


def _state(**changed) -> State:
    running = RunningJob(job=BIG_JOB, node="alpha", cluster="alpha/bigx8/2")
    return replace(State(at=NOON, running=(running,), nodes={"alpha": NODE, "beta": NODE}), **changed)


def _record(**changed) -> dict:
    return json.loads(state_to_json(_state())) | changed


@pytest.fixture
def write(tmp_path):
    """Write an object as a state file."""

    def to_file(body: object):
        path = tmp_path / "state.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        return path

    return to_file


# -------------------------------------------------------------------------------------- as text
def test_a_state_reads_back_equal_and_writes_the_same_again(tmp_path):
    path = tmp_path / "state.json"
    text = state_to_json(_state())
    path.write_text(text, encoding="utf-8")
    again = read_state(path)
    assert again == _state()
    assert state_to_json(again) == text
    assert text == state_to_json(_state(nodes={"beta": NODE, "alpha": NODE}))  # in whatever order the nodes came


finite = st.floats(0, 1e9)


@given(
    node=st.builds(
        NodeState, stock_green_kwh=finite, stock_grey_kwh=finite, setpoint_degc=st.floats(-40, 60),
        setpoint_held_h=finite, month_peak_kw=finite, month=st.dates(date(1900, 1, 1)).map(lambda d: f"{d:%Y-%m}"),
    ),
    remaining=st.floats(0.01, 8000), moment=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)),
)  # fmt: skip
def test_any_state_reads_back_equal(tmp_path_factory, node, remaining, moment):
    at = moment.replace(microsecond=0, tzinfo=UTC)
    job = replace(BIG_JOB, remaining_h=remaining, duration_h=remaining + 1, started=at - timedelta(hours=1))
    state = State(at=at, running=(RunningJob(job=job, node="alpha", cluster="alpha/bigx8/1"),), nodes={"n": node})
    path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_text(state_to_json(state), encoding="utf-8")
    assert read_state(path) == state


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"at": "2026-07-15T12:00:00"}, "offset from UTC is needed"),
        ({"at": 5}, "at is 5, text is needed"),
        ({"at": "noon"}, "at is 'noon': a date and time by RFC 3339 is needed"),
        ({"running": None}, "running is None, a JSON list is needed"),
        ({"running": [3]}, "running[0] is 3, a JSON object is needed"),
        ({"running": [{"node": "alpha", "cluster": "x"}]}, "running[0] lacks job"),
        ({"running": [{"node": "alpha", "cluster": "x", "job": {"job_id": "a"}}]}, "missing: gpu_type"),
        ({"running": [{"node": 1, "cluster": "x", "job": RUNS}]}, "running[0], node, is 1, text is needed"),
        ({"nodes": []}, "nodes is [], a JSON object is needed"),
        ({"ended": "abc"}, "ended is 'abc', a JSON list is needed"),
        ({"ended": [1]}, "an entry of ended is 1, text is needed"),
        ({"nodes": {"alpha": {}}}, "node 'alpha' lacks stock_green_kwh, stock_grey_kwh, setpoint_degc"),
        ({"nodes": {"alpha": 5}}, "node 'alpha' is 5, a JSON object is needed"),
        ({"schema_version": 2}, "schema_version is 2"),
        ({"schema_version": None}, "schema_version is None"),
    ],
)
def test_a_state_that_lacks_something_is_refused(write, changed, words):
    path = write(_record(**changed))
    with pytest.raises(DataError) as told:
        read_state(path)
    assert str(told.value).startswith(f"{path}: ")
    assert words in str(told.value)


@pytest.mark.parametrize("field", [field.name for field in fields(NodeState)])
def test_a_node_without_a_field_is_refused_by_name(write, field):
    body = _record()
    del body["nodes"]["alpha"][field]
    with pytest.raises(DataError) as told:
        read_state(write(body))
    assert f"state.json: node 'alpha' lacks {field}; it needs stock_green_kwh" in str(told.value)
    assert "__init__" not in str(told.value)


@pytest.mark.parametrize(
    ("place", "where"),
    [((), "the state"), (("running", 0), "running[0]"), (("nodes", "beta"), "node 'beta'")],
)
def test_an_unknown_key_is_refused_at_every_level(write, place, where):
    body = _record()
    held = body
    for step in place:
        held = held[step]
    held["colour"] = 1.0
    with pytest.raises(DataError) as told:
        read_state(write(body))
    assert f"state.json: {where} has the unknown key 'colour'; known keys: " in str(told.value)


def test_an_unknown_key_of_a_job_is_refused(write):
    body = _record()
    body["running"][0]["job"]["colour"] = 1.0
    with pytest.raises(DataError, match="job 'train': keys unknown: colour"):
        read_state(write(body))


def test_a_key_given_twice_is_refused(tmp_path):
    """JSON would take the second without a word."""
    path = tmp_path / "state.json"
    path.write_text(state_to_json(_state()).replace('"beta": {', '"alpha": {'), encoding="utf-8")
    with pytest.raises(DataError, match="the key 'alpha' stands twice in one object"):
        read_state(path)


@pytest.mark.parametrize(("body", "kind"), [([], "a JSON list"), ("x", "text"), (5, "a number"), (None, "null")])
def test_a_file_that_holds_no_object_is_told_so(write, body, kind):
    with pytest.raises(DataError, match=f"it holds {kind}, not a JSON object"):
        read_state(write(body))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stock_green_kwh", -1.0), ("stock_grey_kwh", float("nan")), ("setpoint_degc", float("inf")),
        ("setpoint_held_h", -0.5), ("month_peak_kw", "17"), ("month_peak_kw", True), ("month", "2026-13"),
        ("month", "July"), ("month", 7), ("month_peak_kw", 10**400), ("colour", 1.0),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_refused(write, field, value):
    body = _record()
    body["nodes"]["alpha"][field] = value
    with pytest.raises(DataError) as told:
        read_state(write(body))
    assert field in str(told.value)


def test_a_frost_setpoint_is_a_number_like_any_other(write):
    body = _record()
    body["nodes"]["alpha"]["setpoint_degc"] = -5.0
    assert read_state(write(body)).nodes["alpha"].setpoint_degc == -5.0


def test_a_pending_job_is_not_running(write):
    body = _record()
    pending = {"job_id": "a", "gpu_type": "big", "gpus": 8, "duration_h": 2.0}
    body["running"][0]["job"] = pending
    with pytest.raises(DataError, match="job a is listed as running, but its state is 'pending'"):
        read_state(write(body))


# ---------------------------------------------------------------------------------- of this fleet
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


# ------------------------------------------------------------------------------------- two windows
SPECS = {"alpha": "climate", "beta": "climate"}


def _request(day: datetime) -> DayRequest:
    return DayRequest(
        start=day, horizon_h=24.0, step_h=1.0, seed=7, gap=0.01, time_limit_s=30.0, strict=False, attribution=False
    )


def _at(day: int, hour: float) -> datetime:
    return datetime(2026, 7, day, tzinfo=UTC) - timedelta(hours=8) + timedelta(hours=hour)


@pytest.fixture(scope="module")
def chain(study_file, tmp_path_factory) -> SimpleNamespace:
    """15 and 16 July, the second with the state the first one wrote."""
    study = load_study(study_file)
    jobs = (
        Job(job_id="long", gpu_type="big", gpus=8, duration_h=33.5, release=_at(15, 2), deadline=_at(17, 0)),
        Job(job_id="late", gpu_type="big", gpus=4, duration_h=10, release=_at(15, 16), nodes=("alpha",)),
        Job(job_id="small", gpu_type="small", gpus=6, duration_h=30, release=_at(15, 1), deadline=_at(16, 20)),
        Job(job_id="short", gpu_type="small", gpus=4, duration_h=3, release=_at(15, 3), deadline=_at(15, 20)),
    )
    new = (Job(job_id="new", gpu_type="big", gpus=8, duration_h=4, release=_at(16, 6), deadline=_at(16, 23)),)
    first = plan_day(study, jobs, _request(datetime(2026, 7, 15)), weather_specs=SPECS)
    path = tmp_path_factory.mktemp("chain") / "state.json"
    path.write_text(state_to_json(first.state), encoding="utf-8")
    state = read_state(path)
    second = plan_day(study, new, _request(datetime(2026, 7, 16)), weather_specs=SPECS, state=state)
    return SimpleNamespace(study=study, jobs=jobs, new=new, first=first, state=state, second=second)


def _segment(result: DayResult, job_id: str):
    segments = result.plan.segments
    return segments[segments["job_id"] == job_id].iloc[0]


def test_both_windows_are_verified(chain):
    assert chain.first.summary["verification"]["clean"]
    assert chain.second.summary["verification"]["clean"]
    assert chain.state == chain.first.state
    assert chain.state.at == _at(16, 0)


def test_running_jobs_go_on_where_they_are_with_what_they_have_left(chain):
    running = {r.job.job_id: r for r in chain.state.running}
    assert {"long", "small"} <= running.keys()
    assert "short" not in running
    for job_id, r in running.items():
        before, after = _segment(chain.first, job_id), _segment(chain.second, job_id)
        assert before["cluster"] == after["cluster"] == r.cluster
        assert after["start"].to_pydatetime() == _at(16, 0)
        assert r.job.remaining_h == before["remaining_h"] > 0
        hours = (after["end"] - after["start"]).total_seconds() / 3600 + after["remaining_h"]
        assert hours == np.ceil(r.job.remaining_h)
        assert r.job.started == before["start"].to_pydatetime()
    done = sum((s["end"] - s["start"]).total_seconds() / 3600 for s in _both(chain, "long"))
    assert done + _segment(chain.second, "long")["remaining_h"] == 34  # 33.5 h, rounded up to whole steps once


def _both(chain, job_id: str):
    return _segment(chain.first, job_id), _segment(chain.second, job_id)


def test_a_job_goes_on_being_started_when_it_first_was(study_file):
    """30 h of work over two windows of 4 h: the second state still says when the job began, not when the window did."""
    study = load_study(study_file)
    job = Job(job_id="long", gpu_type="big", gpus=8, duration_h=30.0, release=_at(15, 1))
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=4.0)
    first = plan_day(study, (job,), request, weather_specs=SPECS)
    onward = replace(request, start=datetime(2026, 7, 15, 4))
    second = plan_day(study, (), onward, weather_specs=SPECS, state=first.state)
    began = _segment(first, "long")["start"].to_pydatetime()
    assert [r.job.started for r in first.state.running] == [began]
    assert began < second.state.at - timedelta(hours=4)
    (carried,) = second.state.running
    assert carried.job == replace(first.state.running[0].job, remaining_h=carried.job.remaining_h)
    assert carried.job.started == began


def test_a_running_job_without_room_is_not_lost_in_silence(study_file):
    """Three gangs fill alpha's three clusters; at 06:00 inference takes one of them."""
    study = load_study(study_file)
    jobs = tuple(
        Job(
            job_id=f"gang{n}", gpu_type="big", gpus=8, duration_h=20.0, state="running", remaining_h=10.5 - n,
            started=_at(15, 0) - timedelta(hours=9), nodes=("alpha",),
        )
        for n in (1, 2, 3)
    )  # fmt: skip
    running = tuple(RunningJob(job=j, node="alpha", cluster=f"alpha/bigx8/{n}") for n, j in enumerate(jobs, start=1))
    nodes = {name: replace(NODE, stock_green_kwh=0.0) for name in SPECS}
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=8.0)
    result = plan_day(study, (), request, weather_specs=SPECS, state=State(_at(15, 0), running, nodes))
    assert result.summary["verification"]["clean"]
    (lost,) = result.plan.unserved
    assert lost not in {r.job.job_id for r in result.state.running} | set(result.state.ended)
    told = [text for text in result.summary["warnings"] if "running jobs find no room to go on" in text]
    hours = next(j.remaining_h for j in jobs if j.job_id == lost)
    assert len(told) == 1 and told[0].startswith("1 running jobs ")
    assert f"{lost} ({8 * hours:.1f} GPU-hours left: 8 GPUs for {hours:g} h)" in told[0]
    assert "back in the queue" in told[0]
    fewer = plan_day(study, (), request, weather_specs=SPECS, state=State(_at(15, 0), running[:2], nodes))
    assert not any("find no room to go on" in text for text in fewer.summary["warnings"])


def test_battery_stocks_are_carried(chain):
    """The first step's account begins with what the state holds."""
    battery = chain.study.node("alpha").battery
    for colour in ("green", "grey"):
        last = chain.first.plan.data[f"stock_{colour}_kwh"].sel(node="alpha").values[-1]
        carried = getattr(chain.state.nodes["alpha"], f"stock_{colour}_kwh")
        assert carried == last
        data = chain.second.plan.data.sel(node="alpha").isel(time=0)
        charged = float(data[f"charge_{colour}_kw"]) * battery.charge_eff
        drawn = float(data[f"discharge_{colour}_kw"]) / battery.discharge_eff
        expected = carried * (1 - battery.self_discharge_per_h) + charged - drawn
        assert float(data[f"stock_{colour}_kwh"]) == pytest.approx(expected, abs=1e-6)


def test_setpoints_are_carried(chain):
    """A setpoint not yet held for the dwell time goes on; none moves faster than the study lets it."""
    planning = chain.study.planning
    for node, held in chain.state.nodes.items():
        before = chain.first.plan.data["setpoint_degc"].sel(node=node).values
        after = chain.second.plan.data["setpoint_degc"].sel(node=node).values
        assert held.setpoint_degc == before[-1]
        tail = before[::-1] != before[-1]
        assert held.setpoint_held_h == (tail.argmax() if tail.any() else len(before))
        must_stay = int(np.ceil(max(0.0, planning.setpoint_dwell_h - held.setpoint_held_h)))
        assert (after[:must_stay] == held.setpoint_degc).all()
        assert abs(after[0] - held.setpoint_degc) <= planning.setpoint_rate_k_per_h + 1e-9


def test_the_peak_of_the_month_is_carried_and_paid_once(chain):
    peaks = {}
    for node, held in chain.state.nodes.items():
        drawn = float(chain.first.plan.data["import_kw"].sel(node=node).max())
        assert held.month == "2026-07"
        assert held.month_peak_kw == max(drawn, chain.study.node(node).grid.month_peak_kw)
        peaks[node] = max(0.0, float(chain.second.plan.data["import_kw"].sel(node=node).max()) - held.month_peak_kw)
    owed = sum(chain.study.node(node).grid.demand_price_cny_per_kw_month * more for node, more in peaks.items())
    assert chain.second.summary["kpis"]["cost_demand_cny"] == pytest.approx(owed, abs=1e-6)
    assert chain.second.summary["kpis"]["cost_demand_cny"] < chain.first.summary["kpis"]["cost_demand_cny"]


def test_a_job_that_has_ended_is_not_run_again(chain):
    """The whole queue of the first day given again: what ended is left out, what runs goes on, the rest is new."""
    assert set(chain.state.ended) | {r.job.job_id for r in chain.state.running} == {"long", "late", "small", "short"}
    assert "short" in chain.state.ended
    given = [job for job in chain.jobs if job.deadline is None or job.deadline > _at(16, 20) or job.job_id == "short"]
    again = plan_day(
        chain.study, (*given, *chain.new), _request(datetime(2026, 7, 16)), weather_specs=SPECS, state=chain.state
    )
    assert set(again.plan.segments["job_id"]) == set(chain.second.plan.segments["job_id"])
    assert any(text.startswith("1 job of the queue ended in earlier windows") for text in again.summary["warnings"])
    assert set(chain.state.ended) < set(again.state.ended)


def test_what_a_job_has_left_is_of_its_own_hours_not_of_whole_steps(chain):
    """33.5 hours from wherever it began: what the window did not do of them, to the half hour."""
    row = _segment(chain.first, "long")
    held = next(r.job for r in chain.state.running if r.job.job_id == "long")
    ran_h = (_at(16, 0) - row["start"].to_pydatetime()).total_seconds() / 3600
    assert held.remaining_h == pytest.approx(33.5 - ran_h, abs=1e-9)
    assert held.remaining_h % 1 == 0.5


def test_a_setpoint_not_moved_since_before_the_window_has_been_held_for_both(chain):
    for node, held in chain.second.state.nodes.items():
        after = chain.second.plan.data["setpoint_degc"].sel(node=node).values
        before = chain.state.nodes[node]
        if (after == before.setpoint_degc).all():
            assert held.setpoint_held_h == before.setpoint_held_h + 24
        else:
            assert held.setpoint_held_h <= 24


def test_a_short_window_does_not_forget_what_was_before_it(study_file):
    """Held 2 h before and 2 h in the window: past a dwell time of 3 h, and so the state says 4 h."""
    study = load_study(study_file)
    nodes = {
        "alpha": replace(NODE, setpoint_degc=14.0, setpoint_held_h=0.0, month_peak_kw=39.0, stock_green_kwh=0.0),
        "beta": replace(NODE, setpoint_degc=12.0, setpoint_held_h=0.5, stock_green_kwh=0.0),
    }
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=2.0)
    result = plan_day(study, (), request, weather_specs=SPECS, state=State(_at(15, 0), (), nodes))
    # three hours to hold and two in the window: both stay where they were
    assert result.state.nodes["alpha"].setpoint_degc == 14.0
    assert result.state.nodes["alpha"].setpoint_held_h == 2.0
    assert result.state.nodes["beta"].setpoint_degc == 12.0
    assert result.state.nodes["beta"].setpoint_held_h == 2.5
    # nor the peak of a month in which more has been drawn than now
    assert float(result.plan.data["import_kw"].max()) < 39.0 == result.state.nodes["alpha"].month_peak_kw
    assert result.summary["verification"]["clean"]


def test_a_new_month_begins_its_peak_anew(study_file):
    """State of July, window of 1 August: the study's own peak so far counts, not July's."""
    study = load_study(study_file)
    nodes = {name: replace(NODE, stock_green_kwh=0.0, month_peak_kw=35.0) for name in SPECS}
    opens = datetime(2026, 7, 31, 16, tzinfo=UTC)
    request = replace(_request(datetime(2026, 8, 1)), horizon_h=4.0)
    result = plan_day(study, (), request, weather_specs=SPECS, state=State(opens, (), nodes))
    drawn = {name: float(result.plan.data["import_kw"].sel(node=name).max()) for name in SPECS}
    assert {name: held.month for name, held in result.state.nodes.items()} == dict.fromkeys(SPECS, "2026-08")
    for name, held in result.state.nodes.items():
        assert held.month_peak_kw == max(drawn[name], 1.0) < 35.0
    owed = sum(30.0 * max(0.0, peak - 1.0) for peak in drawn.values())
    assert result.summary["kpis"]["cost_demand_cny"] == pytest.approx(owed, abs=1e-6)


def test_a_window_over_the_end_of_a_month_pays_both_peaks_and_carries_the_second(study_file):
    """31 July 22:00 to 1 August 02:00: July's peak so far is the state's, August's the study's."""
    study = load_study(study_file)
    nodes = {name: replace(NODE, stock_green_kwh=0.0, month_peak_kw=3.0) for name in SPECS}
    opens = datetime(2026, 7, 30, 16, tzinfo=UTC)
    request = replace(_request(datetime(2026, 7, 31)), horizon_h=30.0)
    result = plan_day(study, (), request, weather_specs=SPECS, state=State(opens, (), nodes))
    drawn = result.plan.data["import_kw"]
    july, august = drawn.isel(time=slice(0, 24)).max("time"), drawn.isel(time=slice(24, 30)).max("time")
    owed = 30.0 * float(np.maximum(july - 3.0, 0.0).sum() + np.maximum(august - 1.0, 0.0).sum())
    kpis = result.summary["kpis"]
    assert kpis["cost_demand_cny"] == pytest.approx(owed, abs=1e-6) and owed > 0
    assert result.summary["solver"]["objective"] == pytest.approx(kpis["cost_cny"], rel=1e-6)
    assert result.summary["verification"]["clean"]
    for name, held in result.state.nodes.items():
        assert held.month == "2026-08"
        assert held.month_peak_kw == max(1.0, float(august.sel(node=name)))
    # what the first window paid for August is not paid again by the one that opens where it ended
    onward = replace(request, start=datetime(2026, 8, 1, 6), horizon_h=12.0)
    again = plan_day(study, (), onward, weather_specs=SPECS, state=result.state)
    assert again.summary["window"]["start"] == "2026-08-01T06:00:00+08:00"
    assert again.summary["verification"]["clean"]
    added = again.plan.data["import_kw"].max("time") - xr.DataArray(
        [result.state.nodes[name].month_peak_kw for name in again.plan.data["node"].values], dims="node"
    )
    assert again.summary["kpis"]["cost_demand_cny"] == pytest.approx(30.0 * float(np.maximum(added, 0).sum()), abs=1e-6)


def test_a_peak_that_is_only_expected_is_not_handed_on_as_drawn(edited_study):
    """A month expected to reach 39 kW anyway: less costs nothing, and the state says what was really drawn."""
    study = load_study(edited_study(*[("month_peak_kw = 1.0", "month_peak_kw = 39.0")] * 2))  # both nodes
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=4.0)
    first = plan_day(study, (), request, weather_specs=SPECS)
    drawn = {name: float(first.plan.data["import_kw"].sel(node=name).max()) for name in SPECS}
    assert max(drawn.values()) < 39.0
    assert first.summary["kpis"]["cost_demand_cny"] == 0.0
    assert {name: held.month_peak_kw for name, held in first.state.nodes.items()} == drawn
    # and what was drawn before and is below the expected peak costs nothing either
    onward = replace(request, start=datetime(2026, 7, 15, 4))
    second = plan_day(study, (), onward, weather_specs=SPECS, state=first.state)
    assert second.summary["kpis"]["cost_demand_cny"] == 0.0
    for name, held in second.state.nodes.items():
        assert held.month_peak_kw == max(drawn[name], float(second.plan.data["import_kw"].sel(node=name).max()))


def test_a_state_of_a_quarter_of_an_hour_is_gone_on_from(study_file):
    """12:15 to 14:15 in steps of 15 minutes, then on from there: a job runs through."""
    study = load_study(study_file)
    job = Job(job_id="through", gpu_type="big", gpus=8, duration_h=3.0, deadline=_at(15, 15.25))
    request = replace(_request(datetime(2026, 7, 15, 12, 15)), horizon_h=2.0, step_h=0.25)
    first = plan_day(study, (job,), request, weather_specs=SPECS)
    assert first.state.at == _at(15, 14.25)
    second = plan_day(
        study, (), replace(request, start=datetime(2026, 7, 15, 14, 15)), weather_specs=SPECS, state=first.state
    )
    assert first.summary["verification"]["clean"] and second.summary["verification"]["clean"]
    before, after = _segment(first, "through"), _segment(second, "through")
    assert after["cluster"] == before["cluster"]
    assert (after["end"] - before["start"]).total_seconds() == 3 * 3600


def test_a_state_without_jobs_or_nodes_is_a_cold_start(study_file):
    study = load_study(study_file)
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=4.0)
    cold = plan_day(study, (), request, weather_specs=SPECS)
    empty = plan_day(study, (), request, weather_specs=SPECS, state=State(_at(15, 0), (), {}))
    assert empty.summary["kpis"] == cold.summary["kpis"]
    assert empty.state == cold.state


def test_a_peak_above_the_connection_is_refused(study_file):
    """Every plan of the month would take the demand charge for paid."""
    study = load_study(study_file)
    nodes = {name: replace(NODE, stock_green_kwh=0.0, month_peak_kw=99999.0) for name in SPECS}
    request = replace(_request(datetime(2026, 7, 15)), horizon_h=4.0)
    with pytest.raises(DataError, match=r"node alpha has drawn 99,999.0 kW this month.*import_limit_kw = 150.0"):
        plan_day(study, (), request, weather_specs=SPECS, state=State(_at(15, 0), (), nodes))
