"""Envelope of inlet air: classes, altitude, dew point, rate of change."""

import numpy as np
import pytest
import xarray as xr

from models.cooling import load_envelope
from models.cooling.envelope import (
    allowable_max_degc,
    change_limit_k_per_h,
    check_rate_of_change,
    envelope_ids,
    flag_envelope,
    largest_change_k_per_h,
)
from models.cooling.tables import row, row_ids
from weather.conventions.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("name", "recommended", "allowable"),
    [
        ("A1", (18.0, 27.0), (15.0, 32.0)),
        ("A2", (18.0, 27.0), (10.0, 35.0)),
        ("A3", (18.0, 27.0), (5.0, 40.0)),
        ("A4", (18.0, 27.0), (5.0, 45.0)),
        ("H1", (18.0, 22.0), (15.0, 25.0)),
    ],
)
def test_classes_are_the_published_ones(name, recommended, allowable):
    """ASHRAE TC 9.9, 5th edition (2021), reference card."""
    envelope = load_envelope(name)
    assert (envelope.recommended_degc, envelope.allowable_degc) == (recommended, allowable)
    assert envelope.dew_point_recommended_degc == (-9.0, 15.0)
    assert envelope.envelope_id in envelope_ids() and envelope.altitude_max_m == 3050.0


@pytest.mark.parametrize(("altitude", "most"), [(0.0, 32.0), (900.0, 32.0), (1226.0, 30.9), (1421.0, 30.3)])
def test_thin_air_lowers_the_maximum(altitude, most):
    """A1: 30.9 degC at Zhongwei, 30.3 at Qingyang."""
    assert allowable_max_degc(load_envelope("A1"), altitude) == pytest.approx(most, abs=0.05)


def test_altitude_beyond_the_class_is_refused():
    with pytest.raises(DataError, match=r"altitude 3600 m, allowed at most 3050"):
        allowable_max_degc(load_envelope("A3"), np.array([100.0, 3600.0]))


def test_flags_of_temperature_dew_point_and_humidity():
    envelope = load_envelope("A1")
    inlet = xr.DataArray([14.9, 22.0, 31.5, 22.0, 22.0], dims="time")
    dew = xr.DataArray([5.0, 5.0, 5.0, 18.0, -13.0], dims="time")
    flags = flag_envelope(inlet, dew, envelope, altitude_m=1226.0)
    assert flags.dims == ("time",) and flags.values.tolist() == [True, False, True, True, True]
    low = flag_envelope(inlet, dew, envelope, altitude_m=0.0)
    assert low.values.tolist() == [True, False, False, True, True], "not derated at sea level"
    inner = flag_envelope(np.array([27.0, 27.5]), 15.0, envelope, altitude_m=1226.0, recommended=True)
    assert inner.tolist() == [False, True]
    humid = flag_envelope(22.0, 10.0, envelope, altitude_m=0.0, relative_humidity=np.array([7.0, 50.0, 81.0]))
    assert humid.tolist() == [True, False, True]


def test_rate_of_change_within_any_hour():
    assert (change_limit_k_per_h("tape"), change_limit_k_per_h("disk")) == (5.0, 20.0)
    time = np.datetime64("2026-01-01T00", "ns") + np.arange(6) * np.timedelta64(15, "m")
    inlet = xr.DataArray([20.0, 22.0, 24.0, 26.0, 26.0, 26.0], dims="time", coords={"time": time})
    change = largest_change_k_per_h(inlet, step_h=0.25)
    assert change.values.tolist() == [0.0, 2.0, 4.0, 6.0, 6.0, 4.0]
    with pytest.raises(DataError, match=r"2 steps.*first 2026-01-01T00:45: got 6\.0 K.*allowed 5 K"):
        check_rate_of_change(inlet, step_h=0.25, limit_k_per_h=5.0)
    check_rate_of_change(inlet, step_h=0.25, limit_k_per_h=20.0)
    slow = largest_change_k_per_h(inlet, step_h=2.0)
    assert slow.values.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    nodes = xr.concat([inlet, inlet * 0 + 20.0], dim="node")
    assert largest_change_k_per_h(nodes, step_h=0.25)[1].values.tolist() == [0.0] * 6
    with pytest.raises(ConfigError, match="step_h=0"):
        largest_change_k_per_h(inlet, step_h=0)


def test_unknown_rows_are_refused():
    with pytest.raises(ConfigError, match=r"envelope 'B1', allowed A1, A2"):
        load_envelope("B1")
    assert [row("water_class", name)["supply_max_degc"] for name in row_ids("water_class")] == [17, 27, 32, 40, 45]
