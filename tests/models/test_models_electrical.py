"""Electrical chain: published efficiencies, all load behind the transformer, convex and rising."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.electrical import (
    ElectricalPlant,
    distribution_loss_kw,
    electrical_loss,
    hall_loss,
    other_kw,
    transformer_loss_kw,
    transformer_loss_terms,
    ups_loss_kw,
    ups_loss_terms,
)
from weather.conventions.errors import ConfigError, DataError

PLANT = ElectricalPlant(rated_kw=1000.0)
ALONE = replace(PLANT, ups_modules_share=1.0, distribution_frac=0.0)
PLANTS = st.builds(
    ElectricalPlant,
    rated_kw=st.floats(10, 1e5),
    ups_loss=st.tuples(st.floats(0, 0.05), st.floats(0, 0.05), st.floats(0, 0.05)),
    ups_modules_share=st.sampled_from([0.5, 0.75, 1.0]),
    transformer_no_load_frac=st.floats(0, 0.01),
    transformer_load_frac=st.floats(0, 0.05),
    distribution_frac=st.floats(0, 0.05),
    other_frac_of_rated=st.floats(0, 0.02),
    transformer_modules_share=st.sampled_from([0.5, 1.0]),
)


@pytest.mark.parametrize(
    ("mode", "published"),
    [
        ("double_conversion", {0.25: 94.4, 0.5: 95.9, 1.0: 96.2}),
        ("double_conversion_97", {0.5: 97.1, 1.0: 97.1}),
        ("eco", {0.25: 98.5, 0.5: 99.0, 1.0: 99.0}),
    ],
)
def test_ups_efficiency_at_published_loads(mode, published):
    """Double conversion 94-96 %, eco 98-99 %, makers up to 97 % in double conversion: within 0.1 points."""
    plant = replace(ALONE, ups_loss=ups_loss_terms(mode))
    for load, percent in published.items():
        it = load * plant.rated_kw
        assert 100 * it / (it + ups_loss_kw(it, plant)) == pytest.approx(percent, abs=0.1)


def test_default_is_a_row_of_the_data():
    assert PLANT.ups_loss == ups_loss_terms("double_conversion")
    assert (PLANT.transformer_no_load_frac, PLANT.transformer_load_frac) == transformer_loss_terms("dry_default")


def test_2n_halves_the_load_of_each_system_and_doubles_what_runs_idle():
    two, terms = replace(ALONE, ups_modules_share=0.5), PLANT.ups_loss
    each = 1000.0 * (terms[0] + terms[1] * 0.25 + terms[2] * 0.25**2)
    assert ups_loss_kw(500.0, two) == pytest.approx(2 * each)
    one, both = (replace(PLANT, transformer_modules_share=share) for share in (1.0, 0.5))
    iron = PLANT.transformer_no_load_frac * PLANT.transformer_kw
    assert transformer_loss_kw(0.0, both) == pytest.approx(2 * iron) == 2 * transformer_loss_kw(0.0, one)
    copper = transformer_loss_kw(900.0, one) - iron
    assert transformer_loss_kw(900.0, both) - 2 * iron == pytest.approx(copper / 2)


def test_a_transformer_at_its_rating_loses_what_its_rating_plate_says():
    """EU 548/2014 tier 2, 1,000 kVA dry: 1,395 W + 9,000 W; 2,500 kVA: 2,790 W + 19,000 W."""
    for name, kva, watts in (("dry_1000kva_ecodesign2", 1000.0, 10_395), ("dry_2500kva_ecodesign2", 2500.0, 21_790)):
        iron, copper = transformer_loss_terms(name)
        plant = replace(
            PLANT,
            transformer_no_load_frac=iron,
            transformer_load_frac=copper,
            transformer_rated_kw=kva,
            transformer_modules_share=1.0,
        )
        assert 1000 * transformer_loss_kw(kva, plant) == pytest.approx(watts)


def test_the_transformer_carries_all_that_hangs_behind_it():
    it, cooling = 800.0, 150.0
    behind = it + hall_loss(it, PLANT) + cooling + other_kw(PLANT)
    assert electrical_loss(it, PLANT, cooling_kw=cooling) == pytest.approx(
        hall_loss(it, PLANT) + transformer_loss_kw(behind, PLANT)
    )
    # at full load and 0.2 kW/kW the cooling's share of the copper loss is 0.15 % of IT
    more = electrical_loss(1000.0, PLANT, cooling_kw=200.0) - electrical_loss(1000.0, PLANT)
    assert more / 1000.0 == pytest.approx(0.0015, abs=1e-4)


def test_what_feeds_the_servers_passes_the_distribution_and_the_ups():
    plant = replace(ALONE, distribution_frac=0.02)
    assert distribution_loss_kw(500.0, plant) == pytest.approx(10.0)
    assert ups_loss_kw(500.0, plant) == pytest.approx(1.02 * ups_loss_kw(500.0, ALONE))
    assert hall_loss(500.0, plant) == pytest.approx(10.0 + ups_loss_kw(500.0, plant))


@given(plant=PLANTS, loads=st.lists(st.floats(0, 1.2), min_size=3, max_size=3), cooling=st.floats(0, 0.5))
def test_losses_are_convex_and_rise_with_the_load(plant, loads, cooling):
    low, middle, high = sorted(loads)
    it, cool = plant.rated_kw * np.array([low, middle, high]), plant.rated_kw * cooling
    at = electrical_loss(it, plant, cooling_kw=cool)
    room = 1e-9 * plant.rated_kw
    assert np.all(np.diff(at) >= -room)
    if high > low:
        along = (middle - low) / (high - low)
        assert at[1] <= at[0] + along * (at[2] - at[0]) + room
    assert electrical_loss(it[1], plant, cooling_kw=1.1 * cool) >= at[1] - room


@given(plant=PLANTS, load=st.floats(0, 1.0), cooling=st.floats(0, 0.5))
def test_scalar_is_vector_is_labelled(plant, load, cooling):
    it, cool = load * plant.rated_kw, cooling * plant.rated_kw
    one = float(electrical_loss(it, plant, cooling_kw=cool))
    labels = {"node": ["a", "b"], "time": [0, 1, 2]}
    table = xr.DataArray(np.full((2, 3), it), coords=labels, dims=("node", "time"))
    many = electrical_loss(table, plant, cooling_kw=table * 0 + cool)
    assert many.dims == ("node", "time") and list(many["node"].values) == ["a", "b"]
    assert np.all(np.abs(many.values - one) <= 1e-12 * max(1.0, one))
    assert np.all(electrical_loss(np.full((2, 3), it), plant, cooling_kw=cool) == many.values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rated_kw", 0.0),
        ("ups_loss", (0.01, 0.01)),
        ("ups_loss", (0.01, 0.6, 0.01)),
        ("ups_modules_share", 0.0),
        ("transformer_modules_share", 1.5),
        ("transformer_no_load_frac", -0.1),
        ("transformer_load_frac", float("nan")),
        ("distribution_frac", 0.5),
        ("other_frac_of_rated", -0.01),
        ("transformer_rated_kw", -5.0),
    ],
)
def test_impossible_plants_are_refused_by_field(field, value):
    with pytest.raises(ConfigError, match=f"got {field}="):
        replace(PLANT, **{field: value})


def test_impossible_powers_and_names_are_refused():
    for bad in (-1.0, np.nan, np.array([[1.0, -2.0]])):
        with pytest.raises(DataError, match="values of it_kw are missing or negative"):
            electrical_loss(bad, PLANT)
    with pytest.raises(DataError, match=r"1 values of cooling_kw .*first -3"):
        electrical_loss(np.ones(2), PLANT, cooling_kw=np.array([1.0, -3.0]))
    with pytest.raises(ConfigError, match="double_conversion, double_conversion_97, eco"):
        ups_loss_terms("bypass")
    with pytest.raises(ConfigError, match="dry_default"):
        transformer_loss_terms("oil")


@pytest.mark.parametrize(
    "loss",
    [electrical_loss, hall_loss, ups_loss_kw, transformer_loss_kw, distribution_loss_kw],
    ids=lambda f: f.__name__,
)
def test_a_labelled_loss_has_its_own_name_and_units(loss):
    it = xr.DataArray(
        [500.0, 800.0], dims="node", coords={"node": ["a", "b"]}, name="it_power",
        attrs={"units": "MW", "long_name": "power of the servers", "standard_name": "x"},
    )  # fmt: skip
    found = loss(it, ElectricalPlant(rated_kw=1000.0))
    assert found.name == loss.__name__ and found.attrs["units"] == "kW" and "standard_name" not in found.attrs
    assert found.attrs["long_name"].startswith("loss") and list(found["node"].values) == ["a", "b"]
    assert it.name == "it_power" and it.attrs["units"] == "MW"


@pytest.mark.parametrize(
    ("field", "value"),
    [("rated_kw", "1000"), ("rated_kw", True), ("distribution_frac", None), ("ups_loss", 0.05),
     ("ups_loss", ("0.01", 0.0, 0.0)), ("transformer_rated_kw", "2 MVA")],
)  # fmt: skip
def test_what_is_no_number_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=f"electrical plant: got {field}="):
        ElectricalPlant(**({"rated_kw": 1000.0} | {field: value}))
