"""A queue against the fleet and the window, and the refusal of what is not planned yet."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from energy.workload import Job, Pool, check_jobs, refuse_unplanned
from energy.workload.checks import check_running
from weather.conventions.errors import DataError

OPENS = datetime(2026, 7, 14, 16, tzinfo=UTC)
JOB = Job(job_id="a", gpu_type="h100", gpus=64, duration_h=4.0)
POOLS = (
    Pool(pool_id="zhongwei/h100x200", node="zhongwei", gpu_type="h100", cluster_gpus=200, clusters=2),
    Pool(pool_id="guian/h100x100", node="guian", gpu_type="h100", cluster_gpus=100),
    Pool(pool_id="guian/a10", node="guian", gpu_type="a10", cluster_gpus=300, clusters=2, free=True),
)


def check(*jobs, start=OPENS, end=OPENS + timedelta(hours=48)):
    check_jobs(
        jobs,
        pools=POOLS,
        node_ids=("zhongwei", "guian", "qingyang"),
        gpu_types=("h100", "a10", "ascend910b"),
        window_start=start,
        window_end=end,
    )


def refusal(*jobs, **window):
    with pytest.raises(DataError) as caught:
        check(*jobs, **window)
    return str(caught.value)


def test_jobs_the_fleet_can_run_pass():
    check()
    check(
        JOB,
        replace(JOB, job_id="largest", gpus=200),
        replace(JOB, job_id="free pools hold gangs across clusters", gpu_type="a10", gpus=600),
        replace(JOB, job_id="either", nodes=("guian", "zhongwei"), gpus=150),
        replace(JOB, job_id="later window", release=OPENS + timedelta(days=9)),
        replace(JOB, job_id="just in time", deadline=OPENS + timedelta(hours=4)),
        replace(JOB, job_id="r", state="running", remaining_h=1.0, started=OPENS, nodes=("guian",)),
    )


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"gpus": 201}, "gpus: 201", "h100 clusters have 100, 200 GPUs"),
        ({"gpus": 101, "nodes": ("guian",)}, "gpus: 101", "h100 clusters at guian have 100 GPUs"),
        ({"gpus": 601, "gpu_type": "a10"}, "gpus: 601", "a10 clusters have 600 GPUs"),
        ({"gpu_type": "h1000"}, "gpu_type: 'h1000'", "did you mean h100?"),
        ({"gpu_type": "tpu"}, "gpu_type: 'tpu'", "known GPU types: a10, ascend910b, h100; use one of these"),
        ({"gpu_type": "ascend910b"}, "gpu_type: 'ascend910b'", "no node of the study has ascend910b GPUs"),
        ({"gpu_type": "ascend910b"}, "gpu_type: 'ascend910b'", "types its nodes have: a10, h100; ask for one of these"),
        ({"gpu_type": "ascend910b", "nodes": ("guian",)}, "gpu_type: 'ascend910b'", "add a cluster of ascend910b"),
        ({"nodes": ("zhongwe",)}, "nodes: 'zhongwe'", "did you mean zhongwei?"),
        ({"nodes": ("qingyang",)}, "nodes: 'qingyang'", "nodes that have them: guian, zhongwei"),
        ({"home_node": "guain"}, "home_node: 'guain'", "did you mean guian?"),
        ({"gpus": 0}, "gpus: 0", "from 1 to"),
        ({"duration_h": float("nan")}, "duration_h: nan", "hours above 0"),
        ({"power_frac": float("nan")}, "power_frac: nan", "above 0 and up to 1"),
        ({"power_frac": 80.0}, "power_frac: 80.0", "write 0.8 for 80 %"),
        ({"late_price": float("inf")}, "late_price: inf", "at least 0"),
        ({"deadline": OPENS + timedelta(hours=3.9)}, "deadline", "it runs 4 h from"),
        ({"deadline": OPENS - timedelta(hours=1)}, "deadline", "cannot start before"),
        (
            {"release": OPENS + timedelta(hours=2), "deadline": OPENS + timedelta(hours=1)},
            "deadline",
            "after its deadline",
        ),
        ({"deadline": datetime(2026, 7, 20)}, "deadline", "with its offset from UTC"),
        ({"state": "running", "remaining_h": 1.0}, "nodes: ''", "occupies one node"),
        ({"state": "running", "nodes": ("guian",)}, "remaining_h: None", "has hours remaining"),
        (
            {"state": "running", "nodes": ("guian",), "remaining_h": 1.0, "started": OPENS + timedelta(hours=1)},
            "started",
            "began by the window's start",
        ),
    ],
)
def test_jobs_no_plan_could_run_are_refused(change, column, said):
    message = refusal(replace(JOB, job_id="fine"), replace(JOB, **change))
    line = next(line for line in message.splitlines() if line.startswith(f"  job 2 ('a'), {column}"))
    assert said in line


def test_repeated_ids_and_senseless_windows():
    assert "job 3 ('a'), job_id: 'a'; job 1 has the same job_id" in refusal(JOB, replace(JOB, job_id="b"), JOB)
    assert "is not after" in refusal(JOB, end=OPENS)
    assert "has no time zone" in refusal(JOB, start=OPENS.replace(tzinfo=None))


def test_times_are_told_in_civil_time():
    """What was typed in civil time, or in UTC, reads the same."""
    message = refusal(replace(JOB, deadline=datetime(2026, 7, 14, 19, tzinfo=UTC)))
    assert "deadline: '2026-07-15T03:00:00+08:00'" in message
    assert "from '2026-07-15T00:00:00+08:00' at the earliest" in message
    assert "2026-07-15T00:00:00+08:00 is not after" in refusal(JOB, end=OPENS)


def test_the_last_hours_of_all_time_are_told_as_they_are():
    late = datetime(9999, 12, 31, 20, tzinfo=UTC)
    assert "'9999-12-31T20:00:00+00:00'" in refusal(replace(JOB, gpus=8, deadline=late, state="running", started=late))


RUNNING = replace(JOB, state="running", remaining_h=1.0, started=OPENS, nodes=("guian",))


def test_running_jobs_of_a_state_that_can_go_on_pass():
    check_running([RUNNING, replace(RUNNING, job_id="b", started=None)], node_ids=["guian"], at=OPENS)
    check_running([], node_ids=["guian"], at=OPENS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"started": OPENS + timedelta(hours=1)}, "started: '2026-07-15T01:00:00+08:00'; a running job began by"),
        ({"deadline": OPENS + timedelta(minutes=30)}, "deadline: '2026-07-15T00:30:00+08:00'; it runs 1 h from"),
        ({"remaining_h": None}, "remaining_h: None; a running job has hours remaining"),
        ({"home_node": "guain"}, "home_node: 'guain'; known nodes: guian; did you mean guian?"),
        ({"priority": 2}, "priority: 2; this column is not planned yet"),
    ],
)
def test_a_faulty_running_job_is_called_one_of_the_state(change, said):
    with pytest.raises(DataError) as told:
        check_running([replace(RUNNING, **change)], node_ids=["guian"], at=OPENS)
    assert f"  running job 'a' of the state, {said}" in str(told.value)


UNPLANNED = {
    "min_gpus": 32,
    "max_gpus": 128,
    "late_price": 10.0,
    "priority": 1,
    "preemptible": True,
    "checkpoint_h": 0.1,
    "restart_h": 0.1,
    "min_run_h": 1.0,
    "cap_min_frac": 0.7,
    "may_span": True,
    "latency_ms": 20.0,
    "home_node": "guian",
    "dataset_gb": 5.0,
}
PLANNED = {"job_id", "tenant", "state", "gpu_type", "gpus", "duration_h", "remaining_h", "started", "release"}
PLANNED |= {"deadline", "power_frac", "nodes"}


def test_every_column_is_either_planned_or_refused():
    assert PLANNED | set(UNPLANNED) == {field.name for field in fields(Job)}
    assert not PLANNED & set(UNPLANNED)


@pytest.mark.parametrize("column", UNPLANNED)
def test_a_column_of_later_features_is_refused(column):
    with pytest.raises(DataError) as caught:
        refuse_unplanned([replace(JOB, job_id="fine"), replace(JOB, **{column: UNPLANNED[column]})])
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  job 2 ('a'), {column}: ")
    assert "not planned yet" in line and "leave it empty" in line


def test_defaults_and_planned_columns_are_taken():
    width = replace(JOB, min_gpus=64, max_gpus=64, nodes=("guian",), tenant="t", deadline=OPENS, power_frac=0.5)
    refuse_unplanned([JOB, width, replace(JOB, state="running", remaining_h=1.0, started=OPENS, release=OPENS)])


def test_twenty_refusals_are_listed():
    with pytest.raises(DataError, match=r"(?s)60 value\(s\).*and 40 more"):
        refuse_unplanned([replace(JOB, priority=2, preemptible=True)] * 30)
