"""Jobs through the state file, and the line that names a queue."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from energy.workload import Job, JobsSpec, parse_jobs_spec
from energy.workload.job_json import job_from_record, job_to_record
from weather.conventions.errors import DataError

NOON = datetime(2026, 7, 15, 4, tzinfo=UTC)
JOB = Job(job_id="a", gpu_type="h100", gpus=64, duration_h=4.0)
FULL = Job(
    job_id="训练-1",
    tenant="=t",
    state="running",
    gpu_type="a100",
    gpus=16,
    min_gpus=8,
    max_gpus=32,
    duration_h=10.1,
    remaining_h=3.3,
    started=NOON,
    release=NOON - timedelta(hours=1),
    deadline=NOON + timedelta(days=1, microseconds=7),
    late_price=2.5,
    priority=-3,
    preemptible=True,
    checkpoint_h=0.1,
    restart_h=0.2,
    min_run_h=1.0,
    cap_min_frac=0.6,
    power_frac=0.77,
    nodes=("guian",),
    may_span=True,
    latency_ms=30.0,
    home_node="zhongwei",
    dataset_gb=12.0,
)


@pytest.mark.parametrize("job", [JOB, FULL])
def test_a_job_survives_json(job):
    assert job_from_record(json.loads(json.dumps(job_to_record(job)))) == job


def test_record_is_short_plain_and_utc():
    china = timezone(timedelta(hours=8))
    job = replace(JOB, gpus=np.int64(64), duration_h=np.float64(4.5), release=NOON.astimezone(china))
    assert json.dumps(job_to_record(job)) == (
        '{"job_id": "a", "gpu_type": "h100", "gpus": 64, "duration_h": 4.5, "release": "2026-07-15T04:00:00Z"}'
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gpus": 64.0}, "job 'a', gpus: 64.0 is of the wrong type"),
        ({"gpus": True}, "gpus: True is of the wrong type"),
        ({"duration_h": "4"}, "duration_h: '4' is of the wrong type"),
        ({"duration_h": 10**400}, "duration_h: 1000"),
        ({"duration_h": float("nan")}, "duration_h: nan; hours above 0"),
        ({"preemptible": 1}, "preemptible: 1 is of the wrong type"),
        ({"tenant": None}, "tenant: None is of the wrong type"),
        ({"nodes": "guian"}, "nodes: 'guian' is of the wrong type"),
        ({"nodes": [1]}, "nodes: [1] is of the wrong type"),
        ({"release": 0}, "release: 0 is of the wrong type"),
        ({"release": "2026-07-15T04:00:00"}, "a time with its offset from UTC is needed"),
        ({"state": "running"}, "remaining_h: None; a running job has hours remaining"),
        ({"colour": "red"}, "unknown: colour"),
    ],
)
def test_a_changed_record_is_refused(change, said):
    with pytest.raises(DataError) as caught:
        job_from_record(job_to_record(JOB) | change)
    assert said in str(caught.value)


def test_missing_keys_and_no_object_are_refused():
    with pytest.raises(DataError, match="missing: gpu_type, gpus, duration_h"):
        job_from_record({"job_id": "a"})
    with pytest.raises(DataError, match="is not an object of job fields"):
        job_from_record(["a"])


FROM, TO = datetime(2017, 11, 11), datetime(2017, 11, 13)
TRACE = "philly:/data/trace.csv,from=2017-11-11,to=2017-11-13"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("jobs.csv", JobsSpec("csv", Path("jobs.csv"), {})),
        ("csv:my jobs, new.csv", JobsSpec("csv", Path("my jobs, new.csv"), {})),
        (r"C:\queue\jobs.csv", JobsSpec("csv", Path(r"C:\queue\jobs.csv"), {})),
        ("synthetic:120", JobsSpec("synthetic", None, {}, 120)),
        (TRACE, JobsSpec("philly", Path("/data/trace.csv"), {"start": FROM, "end": TO})),
        (
            "philly:a,b.csv,from=2017-11-11T06:30,to=2017-11-13,min_gpus=2,gpu_factor=18",
            JobsSpec(
                "philly",
                Path("a,b.csv"),
                {"start": datetime(2017, 11, 11, 6, 30), "end": TO, "min_gpus": 2, "gpu_factor": 18.0},
            ),
        ),
    ],
)
def test_a_line_names_a_queue(text, spec):
    assert parse_jobs_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing is given; use FILE.csv"),
        ("helios:x.csv", "unknown kind 'helios'"),
        ("csv:", "names no file"),
        ("philly:,from=2017-11-11,to=2017-11-13", "names no file"),
        ("philly:x.csv", "lacks from and to"),
        ("philly:x.csv,from=2017-11-11", "lacks to"),
        (TRACE + ",factor=3", "no option 'factor'; did you mean gpu_factor? options: from, to, min_gpus, gpu_factor"),
        (TRACE + ",wombat=3", "no option 'wombat'; options: from, to, min_gpus, gpu_factor"),
        (TRACE + ",to=2017-11-14", "option to is given twice"),
        (TRACE + ",min_gpus=0", "option min_gpus is '0'; a whole number of at least 1"),
        (TRACE + ",min_gpus=2.5", "option min_gpus is '2.5'"),
        (TRACE + ",gpu_factor=nan", "option gpu_factor is 'nan'; a number above 0"),
        (TRACE.replace("2017-11-13", "13.11.2017"), "option to is '13.11.2017'; a date or time of the trace"),
        (TRACE.replace("2017-11-13", "2017-11-13T00:00Z"), "option to is '2017-11-13T00:00Z'"),
        ("synthetic:many", "asks for 'many' jobs"),
        ("synthetic:0", "asks for '0' jobs; a whole number from 1 to 1,000,000 is needed"),
        ("synthetic:-1", "asks for '-1' jobs; a whole number from 1 to 1,000,000 is needed"),
        ("synthetic:1000001", "asks for '1000001' jobs; a whole number from 1 to 1,000,000 is needed"),
        ("synthetic:1000000000", "asks for '1000000000' jobs; a whole number from 1 to 1,000,000 is needed"),
        (TRACE + ",gpu_factor=1e308", "option gpu_factor is '1e308'; a number above 0 and up to 1,000,000"),
        ("synthetic:12,seed=3", "synthetic has no option 'seed'; it has none"),
    ],
)
def test_a_line_that_names_none_says_what_would(text, said):
    with pytest.raises(DataError) as caught:
        parse_jobs_spec(text)
    assert said in str(caught.value)
