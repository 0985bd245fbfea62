"""The table of wind turbines: sources, physics of each curve, derived machines, the blur of turbulence."""

import numpy as np
import pytest

from models.wind import load_turbines, turbine_curve
from models.wind.curves import blurred_curve
from weather.conventions.errors import ConfigError

TURBINES = load_turbines()
BETZ = 16.0 / 27.0


def test_there_are_more_than_a_dozen_and_low_wind_machines_among_them():
    assert len(TURBINES) >= 20
    low = [name for name, machine in TURBINES.items() if machine.specific_power_w_per_m2 <= 230]
    assert len(low) >= 8
    large = [machine for machine in TURBINES.values() if machine.rated_kw >= 5000 and machine.rotor_m >= 190]
    assert min(machine.specific_power_w_per_m2 for machine in large) < 180


@pytest.mark.parametrize("name", TURBINES)
def test_a_curve_rises_from_nothing_to_rated_and_has_a_source(name):
    machine = TURBINES[name]
    speeds, power = np.array(machine.speeds_m_s), np.array(machine.power_kw)
    assert np.all(np.diff(speeds) > 0) and np.all(np.diff(power) > 0)
    assert power[0] == 0.0 and power[-1] == machine.rated_kw
    assert machine.cut_in_m_s == speeds[0] and speeds[-1] < machine.cut_out_m_s
    assert 1.0 <= machine.cut_in_m_s <= 3.0 and 20.0 <= machine.cut_out_m_s <= 25.0
    assert len(machine.source) >= 15 and len(machine.note) >= 15
    assert ("assumption" in machine.note) == (machine.name.startswith("LW") or "table starts" in machine.note) or (
        "our point" in machine.note
    )


@pytest.mark.parametrize("name", TURBINES)
def test_no_machine_takes_more_than_a_good_rotor_can(name):
    """Power coefficient: below 0.5 everywhere (Betz 0.593) and above 0.38 at its best."""
    machine = TURBINES[name]
    speeds, power = np.array(machine.speeds_m_s), np.array(machine.power_kw)
    area = np.pi / 4 * machine.rotor_m**2
    coefficient = 1000 * power / (0.5 * 1.225 * area * speeds**3)
    assert 0.38 < coefficient.max() < 0.50 < BETZ


def test_specific_power_of_the_table_is_that_of_its_rating_and_rotor():
    import csv
    from importlib import resources

    text = resources.files("models").joinpath("data/turbines.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        machine = TURBINES[row["turbine"]]
        assert float(row["w_per_m2"]) == pytest.approx(machine.specific_power_w_per_m2, abs=0.51)
        assert machine.rated_kw == pytest.approx(float(machine.name.split("/")[1]), rel=0.01)


@pytest.mark.parametrize("name", ["LW191/5000", "LW200/6700", "LW200/8000"])
def test_derived_machines_have_the_power_coefficient_of_their_base(name):
    base, machine = TURBINES["NREL196/6000"], TURBINES[name]
    stretch = (machine.specific_power_w_per_m2 / base.specific_power_w_per_m2) ** (1 / 3)
    assert f"{1 / stretch:.4f}" in machine.note
    shares = np.interp(np.array(machine.speeds_m_s[1:]) / stretch, base.speeds_m_s, base.power_kw) / base.rated_kw
    assert np.array(machine.power_kw[1:]) / machine.rated_kw == pytest.approx(shares, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "speed", "power_kw"),
    [
        ("E-141/4200", 8.0, 2151), ("E-141/4200", 13.0, 4196), ("VS112/2500", 8.0, 1290.1), ("SWT142/3150", 7.0, 1522),
        ("V126/3450", 8.5, 2104), ("NREL175/5500", 8.0, 2990), ("NREL196/6000", 7.0, 3007.5),
        ("IEA130/3370", 10.0, 3370),
    ],
)  # fmt: skip
def test_published_points(name, speed, power_kw):
    speeds, shares = turbine_curve(name)
    assert np.interp(speed, speeds, shares) * TURBINES[name].rated_kw == pytest.approx(power_kw, rel=2e-4)


def test_the_curve_of_old_ends_at_the_cut_out():
    speeds, shares = turbine_curve("N131/3000")
    assert (speeds[0], shares[0], speeds[-1], shares[-1]) == (2.5, 0.0, 20.0, 1.0)


def test_an_unknown_machine_is_named_beside_the_known():
    with pytest.raises(ConfigError, match=r"got 'windmill', allowed .*E-141/4200.*VS112/2500"):
        turbine_curve("windmill")


def test_the_blur_is_the_mean_over_a_normal_spread():
    """Against a million drawn winds; at rated speed it takes, well below it gives, and far above it is nothing."""
    speeds, shares = (tuple(column) for column in turbine_curve("VS112/2500"))
    mean, blurred = blurred_curve(speeds, shares, 0.12)
    rng = np.random.default_rng(4)
    for speed in (4.0, 7.0, 11.0, 20.0):
        gusts = speed * (1 + 0.12 * rng.standard_normal(400_000))
        drawn = np.interp(gusts, speeds, shares).mean()
        assert np.interp(speed, mean, blurred) == pytest.approx(drawn, abs=1e-3)
    change = np.interp([5.0, 11.0, 25.0], mean, blurred) - np.interp([5.0, 11.0, 25.0], speeds, shares)
    assert change[0] > 1e-3 and change[1] < -0.03 and abs(change[2]) < 1e-12
    assert np.all(np.diff(blurred) >= -1e-12) and blurred.max() <= 1.0 + 1e-12


def test_the_blur_is_windpowerlibs():
    """Its sum over the curve in strips, far enough below the cut-out, which it blurs too."""
    power_curves = pytest.importorskip("windpowerlib.power_curves")
    import pandas as pd

    speeds, shares = turbine_curve("V126/3000")
    even = np.arange(0.0, 22.6, 0.5)
    theirs = power_curves.smooth_power_curve(
        pd.Series(even), pd.Series(np.interp(even, speeds, shares)), block_width=0.1, wind_speed_range=6.0,
        standard_deviation_method="turbulence_intensity", turbulence_intensity=0.12, mean_gauss=0.0,
    ).to_numpy(dtype=float)  # fmt: skip
    mean, blurred = blurred_curve(tuple(speeds), tuple(shares), 0.12)
    below = (theirs[:, 0] >= 2.0) & (theirs[:, 0] <= 14.0)
    assert below.sum() == 25
    assert np.interp(theirs[below, 0], mean, blurred) == pytest.approx(theirs[below, 1], abs=1e-3)


def test_less_blur_is_nearer_the_curve():
    speeds, shares = (tuple(column) for column in turbine_curve("VS112/2500"))
    off = []
    for intensity in (0.02, 0.06, 0.12):
        mean, blurred = blurred_curve(speeds, shares, intensity)
        off.append(np.abs(blurred - np.interp(mean, speeds, shares)).max())
    assert off == sorted(off) and off[0] < 0.02 < 0.04 < off[2]
