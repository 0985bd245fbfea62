"""Jobs of the Philly trace: what is taken, what is assumed, and what is refused."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.workload import Pool, read_philly
from weather.conventions.errors import DataError

OPENS = datetime(2026, 7, 14, 16, tzinfo=UTC)
POOLS = (
    Pool(pool_id="zhongwei/h100x200", node="zhongwei", gpu_type="h100", cluster_gpus=200, clusters=3),
    Pool(pool_id="guian/a100x150", node="guian", gpu_type="a100", cluster_gpus=150, clusters=6),
    Pool(pool_id="guian/a10", node="guian", gpu_type="a10", cluster_gpus=1500, free=True),
)
HEAD = "job_id,submit_time,duration_s,gpu_num,vc\n"
ROWS = """0,2017-11-10 08:00:00,3600,8,v
1,2017-11-11 00:00:00,7200,8,v
2,2017-11-11 06:30:00,1800,1,v
3,2017-11-12 23:59:59,360000,16,v
4,2017-11-13 00:00:00,3600,8,v
"""


def trace(folder, text):
    path = folder / "philly.csv"
    path.write_bytes(text.encode())
    return path


def read(path, **options):
    asked = {"start": datetime(2017, 11, 11), "end": datetime(2017, 11, 13), "pools": POOLS, "seed": 1}
    return read_philly(path, window_start=OPENS, **asked | options)


def test_the_public_trace_gives_its_jobs(shared_data_dir):
    """A real weekend: 320 gangs of 2 GPUs or more; types and deadlines assumed, and said to be."""
    path = shared_data_dir / "gpu_traces" / "philly_2017_jobs.csv"
    jobs, report = read(path, min_gpus=2, gpu_factor=18)
    assert (len(jobs), report.jobs, report.gpu_factor) == (320, 320, 18)
    assert report.gpu_hours == pytest.approx(math.fsum(job.gpus * job.duration_h for job in jobs), rel=1e-12)
    assert len({job.job_id for job in jobs}) == 320
    assert all(job.gpus % 18 == 0 and job.gpus >= 36 for job in jobs)
    assert all(OPENS <= job.release < OPENS + timedelta(days=2) for job in jobs)
    assert [job.release for job in jobs] == sorted(job.release for job in jobs)
    largest = {pool.gpu_type: pool.largest_gang for pool in POOLS}
    assert all(job.gpus <= largest[job.gpu_type] for job in jobs)
    for job in jobs:
        slack_h = (job.deadline - job.release) / timedelta(hours=1) - job.duration_h
        assert 4 - 1e-6 <= slack_h <= 24 + 1e-6
    said = " ".join(report.assumptions)
    for word in ("Philly", "18 GPUs", "no GPU type", "no deadlines", "0.8 of the server peak", "CC BY 4.0"):
        assert word in said


def test_interval_size_and_clock(tmp_path):
    """[start, end) of the trace's clock becomes the window; smaller jobs are left; durations stay exact."""
    jobs, report = read(trace(tmp_path, HEAD + ROWS))
    assert [job.job_id for job in jobs] == ["philly-1", "philly-3"]
    assert [job.release for job in jobs] == [OPENS, OPENS + timedelta(hours=47, minutes=59, seconds=59)]
    assert [job.duration_h for job in jobs] == [2.0, 100.0]
    assert [job.gpus for job in jobs] == [8, 16]
    assert report.gpu_hours == 8 * 2 + 16 * 100
    assert "GPU numbers are those of the trace." in report.assumptions
    with_small, _ = read(trace(tmp_path, HEAD + ROWS), min_gpus=1)
    assert [job.job_id for job in with_small] == ["philly-1", "philly-2", "philly-3"]


def test_the_deadline_of_a_job_is_its_own(tmp_path):
    """Same seed, same job, whichever other jobs are taken; another seed moves deadlines."""
    path = trace(tmp_path, HEAD + ROWS)
    some, _ = read(path)
    more, _ = read(path, min_gpus=1)
    assert [job.deadline for job in more if job.gpus >= 2] == [job.deadline for job in some]
    others = [read(path, seed=seed)[0] for seed in range(2, 8)]
    assert len({tuple(job.deadline for job in jobs) for jobs in [some, *others]}) > 1


def test_types_are_loaded_in_proportion_to_the_free_gpus(tmp_path):
    """600 h100, 900 a100, 1500 a10, of which inference keeps 600: shares 0.25, 0.375, 0.375."""
    rows = "".join(f"{n},2017-11-11 00:00:00,3600,8,v\n" for n in range(2000)) + "x,2017-11-12 12:00:00,3600,8,v\n"
    jobs, _ = read(trace(tmp_path, HEAD + rows), reserved={"guian/a10": np.full(48, 600)})
    shares = {kind: number / len(jobs) for kind, number in Counter(job.gpu_type for job in jobs).items()}
    assert shares == pytest.approx({"h100": 0.25, "a100": 0.375, "a10": 0.375}, abs=0.001)
    # 8 x 22 = 176 GPUs: more than an a100 cluster holds
    large, _ = read(trace(tmp_path, HEAD + rows), gpu_factor=22)
    assert {job.gpu_type for job in large} == {"h100", "a10"}


@pytest.mark.parametrize(
    ("row", "column", "got", "allowed"),
    [
        ("9,2017-11-11T01:00:00,60,8,v", "submit_time", "'2017-11-11T01:00:00'", "2017-11-11 08:15:00"),
        ("9,2017-13-11 01:00:00,60,8,v", "submit_time", "'2017-13-11 01:00:00'", "2017-11-11 08:15:00"),
        ("9,2017-11-11 01:00:00,0,8,v", "duration_s", "'0'", "seconds above 0"),
        ("9,2017-11-11 01:00:00,nan,8,v", "duration_s", "'nan'", "seconds above 0"),
        ("9,2017-11-11 01:00:00,60,8.0,v", "gpu_num", "'8.0'", "a whole number of at least 1"),
        ("9,2017-11-11 01:00:00,60,0,v", "gpu_num", "'0'", "a whole number of at least 1"),
        ("1,2017-11-11 01:00:00,60,8,v", "job_id", "'1'", "row 3 has the same job_id"),
        ("9,2017-11-11 01:00:00,60", "whole row", "'3 cells'", "5 cells"),
    ],
)
def test_bad_rows_are_named(tmp_path, row, column, got, allowed):
    with pytest.raises(DataError) as caught:
        read(trace(tmp_path, HEAD + ROWS + row + "\n"))
    message = str(caught.value)
    assert str(tmp_path / "philly.csv") in message
    assert f"row 7, {column}: {got}; " in message and allowed in message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gpu_factor": 0}, "must be above 0"),
        ({"gpu_factor": math.inf}, "must be above 0"),
        ({"gpu_factor": 1e308}, "gpu_factor at most 1,000,000"),
        ({"min_gpus": 0}, "must be above 0"),
        ({"gpu_factor": 0.3}, "row 3, gpu_num: 8; times gpu_factor 0.3 is no whole number"),
        ({"gpu_factor": 100}, "row 5, gpu_num: 16; times gpu_factor 100 is 1600 GPUs, more than any one cluster"),
        ({"min_gpus": 64}, "no job of at least 64 GPUs"),
        ({"start": datetime(2017, 11, 13), "end": datetime(2017, 11, 13)}, "is empty"),
        ({"end": datetime(2017, 12, 13)}, "the trace covers 2017-11-10 to 2017-11-13"),
        ({"start": datetime(2017, 11, 9)}, "the trace covers 2017-11-10 to 2017-11-13"),
        ({"start": datetime(2017, 11, 11, tzinfo=UTC)}, "give naive times"),
        ({"slack_h": (5.0, 4.0)}, "least and most hours"),
    ],
)
def test_impossible_requests_are_refused(tmp_path, options, said):
    with pytest.raises(DataError) as caught:
        read(trace(tmp_path, HEAD + ROWS), **options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "columns missing: job_id, submit_time"),
        ("job_id,submit_time,gpu_num\n", "columns missing: duration_s"),
        (HEAD, "the trace has no jobs"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path, text, said):
    with pytest.raises(DataError) as caught:
        read(trace(tmp_path, text))
    assert said in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none.csv")
