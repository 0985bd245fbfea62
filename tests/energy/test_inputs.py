"""The bridge from weather and study to the planner's Dataset: steps, months and where a window opens."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
import xarray as xr

from energy.config import load_study
from energy.inputs import build_inputs
from weather import open_weather
from weather.conventions.timeaxis import time_axis

SPECS = {"alpha": "climate", "beta": "climate"}


def _inputs(study_file, start: datetime, *, horizon_h: float, step_h: float) -> xr.Dataset:
    study = load_study(study_file)
    hours = time_axis(start.replace(minute=0), horizon_h=float(np.ceil(horizon_h + start.minute / 60)))
    weather = open_weather(SPECS, [node.node() for node in study.nodes], time=hours, seed=7)
    time = time_axis(start, horizon_h=horizon_h, step_h=step_h)
    return build_inputs(study, weather, (), time=time, step_h=step_h)


@pytest.mark.parametrize(
    ("opens", "step_h"), [((12, 0), 1.0), ((12, 30), 0.5), ((12, 15), 0.25), ((12, 0), 4.0), ((14, 0), 2.0)]
)
def test_a_window_that_opens_later_is_the_later_part_of_one_from_midnight(study_file, opens, step_h):
    whole = _inputs(study_file, datetime(2026, 7, 15), horizon_h=24.0, step_h=step_h)
    left_h = 24.0 - opens[0] - opens[1] / 60
    late = _inputs(study_file, datetime(2026, 7, 15, *opens), horizon_h=left_h, step_h=step_h)
    part = whole.isel(time=slice(-late.sizes["time"], None))
    np.testing.assert_array_equal(late["time"].values, part["time"].values)
    for name in ("available_kw", "temp_air_degc", "wet_bulb_degc", "price_cny_per_kwh", "reserved_gpus", "base_it_kw"):
        np.testing.assert_allclose(late[name].values, part[name].values, rtol=1e-12, err_msg=name)


def test_energy_is_the_same_at_every_step(study_file):
    sums = {
        step_h: float(_inputs(study_file, datetime(2026, 7, 15), horizon_h=24.0, step_h=step_h)["available_kw"].sum())
        * step_h
        for step_h in (0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
    }
    assert min(sums.values()) > 0
    assert list(sums.values()) == pytest.approx([sums[1.0]] * len(sums), rel=1e-12)


def test_a_step_is_of_the_civil_month_it_begins_in(study_file):
    inputs = _inputs(study_file, datetime(2026, 7, 31, 22), horizon_h=4.0, step_h=1.0)
    assert list(inputs["month"].values) == ["2026-07", "2026-08"]
    assert list(inputs["month_of_step"].values) == [0, 0, 1, 1]
    assert inputs["month_peak_kw"].dims == ("node", "month")
