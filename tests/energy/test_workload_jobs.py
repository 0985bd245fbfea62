"""The job file: what it takes, what it refuses and how it says so, and that writing it loses nothing."""

import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.workload import jobs as jobs_module
from energy.workload.jobs import COLUMNS, Job, read_jobs, write_jobs
from weather.conventions.errors import DataError, OutputError

CHINA = timezone(timedelta(hours=8))


def job_file(folder, text):
    path = folder / "jobs.csv"
    path.write_bytes(text.encode())
    return path


def refusal(folder, text, **options):
    with pytest.raises(DataError) as caught:
        read_jobs(job_file(folder, text), **options)
    return str(caught.value)


def test_four_columns_make_a_job(tmp_path):
    """A file of the required columns alone, with the byte order mark a spreadsheet puts in front."""
    (job,) = read_jobs(job_file(tmp_path, "\ufeffjob_id,gpu_type,gpus,duration_h\r\ntrain-7,h100,64,5.5\r\n"))
    assert job == Job(job_id="train-7", gpu_type="h100", gpus=64, duration_h=5.5)
    assert (job.state, job.release, job.deadline, job.nodes, job.power_frac) == ("pending", None, None, (), 0.8)


def test_columns_in_any_order_and_empty_cells_mean_the_default(tmp_path):
    text = (
        "nodes,deadline,gpus,job_id,duration_h,gpu_type,release,tenant,preemptible\n"
        'zhongwei;guian,2026-07-16T08:00:00+08:00,8,a,4,a100,2026-07-15T00:00:00.5Z,"team, one",TRUE\n'
        ",,8,b,4,a100,,,\n"
    )
    first, second = read_jobs(job_file(tmp_path, text))
    assert first.nodes == ("zhongwei", "guian")
    assert first.deadline == datetime(2026, 7, 16, tzinfo=UTC) and first.deadline.tzinfo is UTC
    assert first.release == datetime(2026, 7, 15, 0, 0, 0, 500_000, tzinfo=UTC)
    assert (first.tenant, first.preemptible) == ("team, one", True)
    assert second == Job(job_id="b", gpu_type="a100", gpus=8, duration_h=4.0)


HEAD = "job_id,gpu_type,gpus,duration_h,release,deadline,state,remaining_h,nodes,preemptible\n"


@pytest.mark.parametrize(
    ("row", "column", "got", "allowed"),
    [
        ("a,h100,0,4,,,,,,", "gpus", "0", "from 1 to 1000000"),
        ("a,h100,8.0,4,,,,,,", "gpus", "'8.0'", "a whole number"),
        ("a,h100,eight,4,,,,,,", "gpus", "'eight'", "a whole number"),
        ("a,h100,,4,,,,,,", "gpus", "''", "a value is required"),
        ("a,h100,8,0,,,,,,", "duration_h", "0", "above 0"),
        ("a,h100,8,-2,,,,,,", "duration_h", "-2", "above 0"),
        ("a,h100,8,nan,,,,,,", "duration_h", "'nan'", "a finite number"),
        ("a,h100,8,inf,,,,,,", "duration_h", "'inf'", "a finite number"),
        ("a,h100,8,1e999,,,,,,", "duration_h", "'1e999'", "a finite number"),
        ('a,h100,8,"4,5",,,,,,', "duration_h", "'4,5'", "a finite number"),
        ("a,h100,8,36000,,,,,,", "duration_h", "36000", "up to 8784"),
        (",h100,8,4,,,,,,", "job_id", "''", "a value is required"),
        ("a,h100,8,4,2026-07-15T00:00:00,,,,,", "release", "'2026-07-15T00:00:00'", "with its offset from UTC"),
        ("a,h100,8,4,15/07/2026,,,,,", "release", "'15/07/2026'", "RFC 3339"),
        ("a,h100,8,4,2026-02-30T00:00:00Z,,,,,", "release", "'2026-02-30T00:00:00Z'", "RFC 3339"),
        ("a,h100,8,4,2026-07-15T00:00:00Z,2026-07-14T00:00:00Z,,,,", "deadline", "2026-07-14", "after its deadline"),
        ("a,h100,8,4,2026-07-15T00:00:00Z,2026-07-15T03:59:00Z,,,,", "deadline", "15T11:59:00+08:00", "it runs 4 h"),
        ("a,h100,8,4,,,paused,,,", "state", "'paused'", "pending, running"),
        ("a,h100,8,4,,,running,,x,", "remaining_h", "None", "above 0 and up to duration_h = 4"),
        ("a,h100,8,4,,,running,5,x,", "remaining_h", "5", "above 0 and up to duration_h = 4"),
        ("a,h100,8,4,,,running,2,x;y,", "nodes", "'x;y'", "one node"),
        ("a,h100,8,4,,,,2,,", "remaining_h", "2", "only a running job"),
        ("a,h100,8,4,,,,,x;x,", "nodes", "'x;x'", "each node once"),
        ("a,h100,8,4,,,,,,yes", "preemptible", "'yes'", "true or false"),
        ("a,h100,8,4", "whole row", "4 cells", "10 cells"),
    ],
)
def test_bad_row_names_file_row_column_found_and_allowed(tmp_path, row, column, got, allowed):
    message = refusal(tmp_path, f"{HEAD}fine,h100,8,4,,,,,,\n{row}\n")
    assert str(tmp_path / "jobs.csv") in message
    line = next(line for line in message.splitlines() if f"row 3, {column}: " in line)
    found, rule = line.split(f"row 3, {column}: ")[1].split("; ", 1)
    assert got in found and allowed in rule
    assert rule.count("; ") >= 1  # a remedy follows the rule


def test_repeated_job_names_both_rows(tmp_path):
    message = refusal(tmp_path, "job_id,gpu_type,gpus,duration_h\na,h100,8,4\nb,h100,8,4\na,a100,8,4\n")
    assert "row 4, job_id: 'a'; row 2 has the same job_id" in message


def test_every_bad_row_is_counted_and_twenty_are_listed(tmp_path):
    rows = "".join(f"j{n},h100,0,-1\n" for n in range(25))
    message = refusal(tmp_path, "job_id,gpu_type,gpus,duration_h\n" + rows)
    assert "50 value(s)" in message and "... and 30 more" in message
    assert len(message.splitlines()) == 1 + 20 + 1


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("job_id,gpu_type,gpus,duration", "unknown column 'duration'; did you mean duration_h?"),
        ("job_id,gpu_type,gpus,duration_h,wombat", "unknown column 'wombat'; known columns: job_id"),
        ("job_id,gpu_type,gpus", "missing: duration_h"),
        ("job_id,gpu_type,gpus,duration_h,gpus", "column gpus appears 2 times"),
        ("", "its first row names columns"),
    ],
)
def test_header_is_checked(tmp_path, header, said):
    assert said in refusal(tmp_path, header)


def test_no_file_no_text_no_csv_are_said(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv: cannot be read"):
        read_jobs(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_jobs(tmp_path)
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"job_id,gpu_type,gpus,duration_h\n\xff\xfe,h100,8,4\n")
    with pytest.raises(DataError, match=r"b\.csv: byte \d+ is not UTF-8"):
        read_jobs(binary)
    assert "not a CSV file" in refusal(tmp_path, 'job_id,gpu_type,gpus,duration_h\n"a"b,h100,8,4\n')


def test_caps_refuse_the_file_before_it_is_parsed(tmp_path, monkeypatch):
    text = "job_id,gpu_type,gpus,duration_h\na,h100,8,4\nb,h100,8,4\nc,h100,8,4\n"
    monkeypatch.setattr(jobs_module, "MOST_ROWS", 2)
    assert "over 2 rows" in refusal(tmp_path, text)
    monkeypatch.setattr(jobs_module, "MOST_ROWS", 3)
    assert len(read_jobs(job_file(tmp_path, text))) == 3
    monkeypatch.setattr(jobs_module, "MOST_BYTES", len(text) - 1)
    assert f"{len(text)} bytes; at most {len(text) - 1}" in refusal(tmp_path, text)


def test_clock_refuses_what_has_become_impossible(tmp_path):
    text = "job_id,gpu_type,gpus,duration_h,deadline\na,h100,8,4,2026-07-15T05:00:00Z\n"
    at_one = datetime(2026, 7, 15, 1, tzinfo=UTC)
    assert len(read_jobs(job_file(tmp_path, text), clock=at_one)) == 1
    assert "row 2, deadline" in refusal(tmp_path, text, clock=at_one + timedelta(minutes=1))
    assert "has no time zone" in refusal(tmp_path, text, clock=at_one.replace(tzinfo=None))


def test_formulas_do_not_reach_a_spreadsheet(tmp_path):
    """Cells a spreadsheet would run are written with an apostrophe, and so are texts that look escaped."""
    texts = ["=1+1", "+1", "-1", "@sum", "\tx", "'=1", "'plain", "a,b", 'say "x"', "line\nbreak", " =1"]
    jobs = tuple(
        Job(job_id=f"j{n}", tenant=text, gpu_type="h100", gpus=8, duration_h=1.0) for n, text in enumerate(texts)
    )
    path = tmp_path / "out.csv"
    write_jobs(jobs, path)
    cells = path.read_text(encoding="utf-8")
    for text in texts[:4]:
        assert f",'{text}," in cells
        assert f",{text}," not in cells
    assert read_jobs(path) == jobs


def test_written_times_are_utc_and_defaults_are_empty(tmp_path):
    due = datetime(2026, 7, 16, 9, 30, tzinfo=CHINA)
    write_jobs([Job(job_id="a", gpu_type="h100", gpus=8, duration_h=1.0, deadline=due)], tmp_path / "a.csv")
    header, row = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    given = {name: cell for name, cell in zip(header.split(","), row.split(","), strict=True) if cell}
    assert tuple(header.split(",")) == COLUMNS
    assert given == {
        "job_id": "a", "gpu_type": "h100", "gpus": "8", "duration_h": "1.0", "deadline": "2026-07-16T01:30:00Z",
    }  # fmt: skip


def test_nothing_unreadable_is_written(tmp_path):
    bad = Job(job_id="a", gpu_type="h100", gpus=8, duration_h=float("nan"))
    with pytest.raises(DataError, match=r"job 'a', duration_h: nan"):
        write_jobs([bad], tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()
    with pytest.raises(OutputError, match="cannot be written"):
        write_jobs([], tmp_path / "no" / "folder.csv")


TEXT = st.text(alphabet=string.printable + "é中'=", max_size=12)
NAME = st.text(alphabet=string.ascii_letters + string.digits + "=+-@'_.中", min_size=1, max_size=10)
HOURS = st.floats(min_value=0.001, max_value=8784, allow_nan=False)
TIMES = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC))


@st.composite
def job_of(draw, number):
    gpus, duration = draw(st.integers(1, 10_000)), draw(HOURS)
    release = draw(st.none() | TIMES)
    deadline = draw(st.none() | st.just((release or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(hours=duration + 1)))
    running = draw(st.booleans())
    return Job(
        job_id=f"{draw(NAME)}{number}",
        tenant=draw(TEXT),
        state="running" if running else "pending",
        gpu_type=draw(NAME),
        gpus=gpus,
        min_gpus=draw(st.none() | st.integers(1, gpus)),
        max_gpus=draw(st.none() | st.integers(gpus, 20_000)),
        duration_h=duration,
        remaining_h=duration * draw(st.floats(0.1, 1)) if running else None,
        started=release if running else None,
        release=release,
        deadline=deadline,
        late_price=draw(st.none() | st.floats(0, 1e6)),
        priority=draw(st.integers(-(10**9), 10**9)),
        preemptible=draw(st.booleans()),
        cap_min_frac=draw(st.floats(0.01, 1)),
        power_frac=draw(st.floats(0.01, 1)),
        nodes=(draw(NAME),) if running else tuple(draw(st.lists(NAME, unique=True, max_size=3))),
        may_span=draw(st.booleans()),
        latency_ms=draw(st.none() | st.floats(0, 1e4)),
        home_node=draw(NAME | st.just("")),
        dataset_gb=draw(st.floats(0, 1e6)),
    )


@given(data=st.data())
def test_round_trip_loses_nothing(tmp_path_factory, data):
    jobs = tuple(data.draw(job_of(number)) for number in range(data.draw(st.integers(0, 4))))
    path = tmp_path_factory.mktemp("round") / "jobs.csv"
    write_jobs(jobs, path)
    assert read_jobs(path) == jobs
