"""GPU servers: published powers, the curve's shape, throughput under caps, pauses, scaling, warm inlets."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.gpu import (
    GPUType,
    gpu_figures,
    inlet_power_factor,
    load_gpu_types,
    pause_cost,
    pause_energy_kwh,
    scaling_speedup,
    server_power_kw,
    throughput,
    throughput_segments,
    throughput_sets,
)
from weather.conventions.errors import DataError

TYPES = load_gpu_types()
H100 = TYPES["h100"]
ANY = st.sampled_from(list(TYPES.values()))
SETS = ("typical", "pessimistic")


def test_server_types_carry_their_figures():
    """Latif et al. 2025: an 8-GPU H100 node is rated 10.2 kW."""
    assert list(TYPES) == ["h100", "a100", "ascend910b", "a10", "rtx4090"]
    assert {key: (value.server_peak_kw, value.tdp_w, value.gpu_idle_w) for key, value in TYPES.items()} == {
        "h100": (10.2, 700.0, 72.0),
        "a100": (6.5, 400.0, 58.0),
        "ascend910b": (5.2, 350.0, 90.0),
        "a10": (2.0, 150.0, 18.0),
        "rtx4090": (4.5, 450.0, 20.0),
    }
    assert H100.peak_kw == pytest.approx(1.275) and H100.tflops_fp16 == 989.0
    for value in TYPES.values():
        assert 0.1 < value.idle_kw / value.peak_kw < 0.35


def test_training_share_of_the_nameplate_is_the_measured_one():
    """Latif et al.: highest draw in training 8.4 kW, 18 % below the rating."""
    assert gpu_figures()["training_power_frac_high"] * H100.server_peak_kw == pytest.approx(8.4, abs=0.05)
    assert gpu_figures()["training_power_frac_low"] == 0.76


@pytest.mark.parametrize("gpu", TYPES.values(), ids=list(TYPES))
def test_power_runs_from_idle_to_nameplate(gpu):
    assert server_power_kw(gpu, 0.0) == pytest.approx(gpu.server_idle_kw)
    assert server_power_kw(gpu, 1.0) == pytest.approx(gpu.server_peak_kw)
    assert server_power_kw(gpu, 1.0, cap_w=2 * gpu.tdp_w) == pytest.approx(gpu.server_peak_kw)  # binds no more


@given(gpu=ANY, use=st.lists(st.floats(0, 1), min_size=3, max_size=3), cap=st.floats(0.2, 1.3))
def test_power_is_concave_and_rises_with_use(gpu, use, cap):
    low, middle, high = sorted(use)
    cap_w = max(cap * gpu.tdp_w, gpu.gpu_idle_w)
    at = server_power_kw(gpu, np.array([low, middle, high]), cap_w=cap_w)
    assert np.all(np.diff(at) >= -1e-12)
    if high > low:
        along = (middle - low) / (high - low)
        assert at[1] >= at[0] + along * (at[2] - at[0]) - 1e-9


@given(gpu=ANY, use=st.floats(0, 1), caps=st.lists(st.floats(0, 1.5), min_size=3, max_size=3))
def test_power_is_concave_and_rises_with_the_cap(gpu, use, caps):
    cap_w = gpu.gpu_idle_w + np.sort(caps) * (gpu.tdp_w - gpu.gpu_idle_w)
    at = server_power_kw(gpu, use, cap_w=cap_w)
    assert np.all(np.diff(at) >= -1e-12)
    assert np.all(at <= gpu.server_peak_kw + 1e-12) and np.all(at >= gpu.server_idle_kw - 1e-12)
    if cap_w[2] > cap_w[0]:
        along = (cap_w[1] - cap_w[0]) / (cap_w[2] - cap_w[0])
        assert at[1] >= at[0] + along * (at[2] - at[0]) - 1e-9


def test_power_keeps_shape_and_labels():
    use = xr.DataArray([[0.1, 0.5], [0.9, 1.0]], coords={"node": ["a", "b"], "time": [0, 1]}, dims=("node", "time"))
    power = server_power_kw(H100, use, cap_w=500.0)
    assert power.dims == use.dims and power.attrs["units"] == "kW"
    assert power.values == pytest.approx(server_power_kw(H100, use.values, cap_w=500.0))
    assert float(power[1, 0]) == pytest.approx(float(server_power_kw(H100, 0.9, cap_w=500.0)))


def test_a_cap_of_500_w_takes_what_the_gpus_do_not_draw():
    assert server_power_kw(H100, 1.0) - server_power_kw(H100, 1.0, cap_w=500.0) == pytest.approx(8 * 0.2)


@pytest.mark.parametrize("name", SETS)
def test_throughput_goes_through_the_published_points(name):
    caps, shares = throughput_sets()[name]
    found = throughput(caps, curve_set=name)
    assert found.values == pytest.approx(shares) and found.attrs == {"units": "1", "throughput_set": name}
    assert float(throughput(1.0, curve_set=name)) == 1.0


def test_throughput_agrees_with_what_was_published():
    """Puget, RTX 3090 at 80 %: 95 % or more. Factryze, H100 at 86 %: 10 to 15 % lost."""
    assert float(throughput(0.80)) >= 0.95 - 1e-9
    assert throughput(0.80).attrs["throughput_set"] == "typical"
    assert 0.85 <= float(throughput(0.86, curve_set="pessimistic")) <= 0.90
    assert float(throughput(0.86, curve_set="typical")) > 0.96


@given(name=st.sampled_from(SETS), caps=st.lists(st.floats(0.5, 1.0), min_size=2, max_size=8))
def test_throughput_rises_and_is_dearer_than_nothing(name, caps):
    found = throughput(np.sort(caps), curve_set=name).values
    assert np.all(np.diff(found) >= 0) and np.all(found <= 1.0)
    assert np.all(found >= np.sort(caps) - 1e-12), "a cap never costs more throughput than power"


def test_throughput_keeps_labels_and_takes_scalars():
    caps = xr.DataArray([[0.6, 0.7]], coords={"node": ["a"], "time": [0, 1]}, dims=("node", "time"))
    found = throughput(caps, curve_set="pessimistic")
    assert found.dims == caps.dims and found["node"].item() == "a"
    assert found.values.tolist() == [
        [float(throughput(0.6, curve_set="pessimistic")), float(throughput(0.7, curve_set="pessimistic"))]
    ]


@given(cap=st.floats(0.5, 1.0), name=st.sampled_from(SETS))
def test_segments_are_the_least_concave_curve_above_the_points(cap, name):
    segments = throughput_segments(curve_set=name)
    assert np.all(np.diff(segments["slope"].values) < 0)
    corners = np.append(segments["cap_from"].values, 1.0)
    heights = np.append(segments["throughput_from"].values, segments["throughput"].values[-1])
    above = np.interp(cap, corners, heights) - float(throughput(cap, curve_set=name))
    assert -1e-12 <= above <= segments.attrs["lifted"] + 1e-12


def test_one_published_set_is_not_concave_and_says_so():
    assert throughput_segments(curve_set="typical").attrs == {"throughput_set": "typical", "lifted": 0.0}
    assert throughput_segments(curve_set="pessimistic").attrs["lifted"] == pytest.approx(0.0133, abs=1e-4)


def test_a_pause_costs_a_tenth_to_a_quarter_of_an_hour():
    assert 0.1 <= pause_cost("planned").hours <= 0.25
    assert pause_cost("planned").rollback_h == 0.0
    assert pause_cost("unplanned").hours > pause_cost("planned").hours
    assert pause_energy_kwh(np.array([0.0, 200.0])).tolist() == [0.0, 200.0 * pause_cost().hours]


@given(k=st.floats(0.125, 8), placement=st.sampled_from(["pod", "across"]))
def test_scaling_is_concave_and_passes_through_one(k, placement):
    speed = scaling_speedup(np.array([k, 1.0, 2 * k]), placement=placement)
    assert speed[1] == 1.0
    assert speed[0] < speed[2] < 2 * speed[0]
    if k > 1:
        assert scaling_speedup(k, placement="across") < scaling_speedup(k, placement="pod") < k


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: server_power_kw(H100, 1.01), "utilisation"),
        (lambda: server_power_kw(H100, np.nan), "utilisation"),
        (lambda: server_power_kw(H100, 0.5, cap_w=50.0), "cap_w"),
        (lambda: server_power_kw(replace(H100, tdp_w=None, gpu_idle_w=None), 0.5), "got tdp_w=None"),
        (lambda: throughput(0.4), "cap_frac"),
        (lambda: throughput(np.array([0.9, 1.1])), r"1 values of cap_frac \(first 1.1"),
        (lambda: throughput(0.9, curve_set="best"), "allowed typical, pessimistic"),
        (lambda: throughput_segments(curve_set="best"), "allowed typical, pessimistic"),
        (lambda: pause_cost("sudden"), "allowed planned, unplanned"),
        (lambda: pause_energy_kwh(-1.0), "job_kw"),
        (lambda: scaling_speedup(0.0), "gpu_ratio"),
        (lambda: scaling_speedup(2.0, placement="wan"), "allowed pod, across"),
    ],
)
def test_what_nothing_is_known_of_is_refused(call, text):
    with pytest.raises(DataError, match=text):
        call()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"server_idle_kw": 11.0}, "0 <= idle <= peak"),
        ({"gpus_per_server": 0}, "at least one GPU"),
        ({"tdp_w": 60.0}, "0 <= idle < TDP"),
        ({"tdp_w": None}, "both or neither"),
        ({"gpu_idle_w": 300.0}, "rest of the server is -0.4 kW idle"),
        ({"tdp_w": 1200.0}, "0.6 kW at full use"),
    ],
)
def test_impossible_servers_are_refused(changes, text):
    with pytest.raises(DataError, match=text):
        replace(H100, **changes)


def test_a_type_may_leave_its_gpu_powers_out():
    plain = GPUType("x", "x", gpus_per_server=8, server_peak_kw=2.0, server_idle_kw=1.0, tflops_fp16=1.0)
    assert (plain.peak_kw, plain.idle_kw) == (0.25, 0.125)


def test_warm_inlet_raises_server_power():
    """GRC against 27 degC: 29 +1 %, 31 +3 %, 33 +5 %, 35 +8 %, 37 +12 %."""
    assert np.all(inlet_power_factor(np.array([-5.0, 18.0, 25.0])) == 1.0)
    measured = inlet_power_factor(np.array([29.0, 31.0, 33.0, 35.0, 37.0])) / inlet_power_factor(27.0)
    assert measured == pytest.approx([1.01, 1.03, 1.05, 1.08, 1.12], abs=1e-3)
    assert np.all(np.diff(inlet_power_factor(np.linspace(25, 37, 50))) > 0)
    labelled = inlet_power_factor(xr.DataArray([27.0, 31.0], coords={"time": [0, 1]}, dims="time"))
    assert (
        labelled.dims == ("time",) and labelled.values.tolist() == inlet_power_factor(np.array([27.0, 31.0])).tolist()
    )
    for bad in (38.0, float("nan")):
        with pytest.raises(DataError, match="Lower the setpoint"):
            inlet_power_factor(bad)


def test_the_rest_of_the_server_rises_in_proportion_to_use():
    """H100: 2.0 - 8 x 0.072 = 1.424 kW idle, 10.2 - 8 x 0.7 = 4.6 kW full; half use half way, the GPUs by u**0.9."""
    idle, full = 2.0 - 8 * 0.072, 10.2 - 8 * 0.7
    for use in (0.1, 0.25, 0.5, 0.8):
        gpus = 8 * (0.072 + (0.7 - 0.072) * use**0.9)
        assert server_power_kw(H100, use) == pytest.approx(idle + (full - idle) * use + gpus, rel=1e-12)
    # capped to idle, the GPUs draw the same at any use: what is left is the straight line
    capped = server_power_kw(H100, np.array([0.0, 0.5, 1.0]), cap_w=72.0)
    assert np.diff(capped) == pytest.approx([(full - idle) / 2] * 2, rel=1e-12)


def test_lists_are_taken_as_arrays():
    assert server_power_kw(H100, [0.1, 0.9], cap_w=[500, 600]) == pytest.approx(
        [server_power_kw(H100, 0.1, cap_w=500), server_power_kw(H100, 0.9, cap_w=600)]
    )
    assert scaling_speedup([1, 2]) == pytest.approx([1.0, scaling_speedup(2)])
    assert pause_energy_kwh([100, 200]) == pytest.approx([pause_energy_kwh(100), pause_energy_kwh(200)])
    assert throughput([0.8, 1.0]).values == pytest.approx([float(throughput(0.8)), 1.0])
