"""Two windows, the second from the state of the first: jobs, stocks, setpoints and peaks are kept to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from energy.config import load_study
from energy.day import DayRequest, DayResult, plan_day
from energy.state import NodeState, RunningJob, State, read_state, state_to_json
from energy.workload.jobs import Job
from weather.conventions.errors import DataError

NODE = NodeState(
    stock_green_kwh=12.5, stock_grey_kwh=0.0, setpoint_degc=20.0, setpoint_held_h=2.0, month_peak_kw=17.25,
    month="2026-07",
)  # fmt: skip
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
