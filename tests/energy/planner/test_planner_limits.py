"""Import limits by slot: a curtailment call binds in its slot, and a limit that never changes is one figure."""

from __future__ import annotations

import numpy as np
import pytest

from energy.planner import stages
from energy.planner.plant import load_limits_kw
from energy.planner.result import plan_of


def limited(inputs, limits):
    """The window with import limits (node, time) [kW]."""
    return inputs.assign(import_limit_kw=(("node", "time"), np.asarray(limits, dtype=float)))


def imports(inputs, jobs):
    plan = plan_of(stages.plan_window(inputs, gap=1e-6), inputs, jobs)
    return plan.data["import_kw"].transpose("node", "time").values, plan


class Named:
    """What `plan_of` asks of a job."""

    def __init__(self, number: int) -> None:
        self.job_id, self.gpu_type, self.gpus, self.deadline = f"job{number}", "a100", (4, 8)[number], None


JOBS = (Named(0), Named(1))


def test_the_same_limit_in_every_slot_is_one_limit(toy):
    inputs = toy(kinked=False)
    by_slot = limited(inputs, np.full((2, 3), 300.0))
    one, many = (stages.plan_window(window, gap=1e-6).stages for window in (inputs, by_slot))
    assert [s.value for s in one] == [s.value for s in many]
    for a, b in zip(load_limits_kw(inputs), load_limits_kw(by_slot), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_call_binds_in_its_slot_alone(toy):
    inputs = toy(kinked=False)
    free, _ = imports(inputs, JOBS)
    limits = np.full((2, 3), 300.0)
    limits[0, 1] = free[0, 1] - 5.0
    held, _ = imports(limited(inputs, limits), JOBS)
    assert held[0, 1] <= limits[0, 1] + 1e-6 < free[0, 1]
    assert held[0].max() > limits[0, 1]


def test_a_call_is_seen_by_what_can_be_carried(toy):
    limits = np.full((2, 3), 300.0)
    limits[1, 2] = 10.0
    best, certain = load_limits_kw(limited(toy(), limits))
    assert certain[1, 2] < certain[1, 1] and best[1, 2] < best[1, 1]
    np.testing.assert_array_equal(certain[0], load_limits_kw(toy())[1][0])


def test_the_carbon_factor_is_published_by_step(toy):
    inputs = toy(kinked=False)
    _, plan = imports(inputs, JOBS)
    assert plan.data["carbon_kg_per_kwh"].values.tolist() == [[0.7] * 3, [0.4] * 3]
    hourly = np.array([[0.7, 0.6, 0.5], [0.4, 0.4, 0.4]])
    _, plan = imports(inputs.assign(carbon_kg_per_kwh=(("node", "time"), hourly)), JOBS)
    assert plan.data["carbon_kg_per_kwh"].values == pytest.approx(hourly)
