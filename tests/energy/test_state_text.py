"""What one plan hands to the next as text: written, read back, refused where it is faulty."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.state import NodeState, RunningJob, State, read_state, state_to_json
from energy.workload.jobs import Job
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
