"""The connection: contracts, carbon by location and by market."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.grid import GridConnection, contracted_green_kw, location_kg_per_h, market_kg_per_h, residual_factor
from weather.conventions.errors import ConfigError, DataError

PLAIN = GridConnection(location_kg_per_kwh=0.6423)
IMPORTS = st.lists(st.floats(0, 1e5), min_size=1, max_size=6)


def test_the_residual_mix_is_the_row_of_the_data():
    assert PLAIN.residual_kg_per_kwh == residual_factor().kg_per_kwh


@given(bought=IMPORTS, share=st.floats(0, 1))
def test_a_share_takes_that_share_out_of_the_market_figure_alone(bought, share):
    bought = np.array(bought)
    contract = GridConnection(location_kg_per_kwh=0.5, green_contract_share=share)
    assert contracted_green_kw(bought, contract) == pytest.approx(share * bought)
    assert market_kg_per_h(bought, contract) == pytest.approx((1 - share) * bought * 0.5856, abs=1e-9)
    assert location_kg_per_h(bought, contract) == pytest.approx(0.5 * bought)


@given(bought=IMPORTS, contracted=st.floats(1, 1e5))
def test_a_contract_in_kw_covers_no_more_than_is_bought(bought, contracted):
    bought = np.array(bought)
    contract = GridConnection(location_kg_per_kwh=0.5, green_contract_kw=contracted)
    green = contracted_green_kw(bought, contract)
    assert np.all(green <= bought) and np.all(green <= contracted)
    assert np.all((green == bought) | (green == contracted))
    assert np.all(market_kg_per_h(bought, contract) >= 0)


def test_labels_are_kept_and_a_factor_by_slot_is_taken():
    bought = xr.DataArray([[100.0, 200.0]], coords={"node": ["a"], "time": [0, 1]}, dims=("node", "time"))
    contract = GridConnection(location_kg_per_kwh=0.5, green_contract_kw=150.0)
    assert contracted_green_kw(bought, contract).values.tolist() == [[100.0, 150.0]]
    assert market_kg_per_h(bought, contract).dims == ("node", "time")
    hourly = xr.DataArray([0.2, 0.8], coords={"time": [0, 1]}, dims="time")
    assert location_kg_per_h(bought, PLAIN, factor_kg_per_kwh=hourly).values.tolist() == [[20.0, 160.0]]
    assert location_kg_per_h(100.0, PLAIN) == pytest.approx(64.23)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("location_kg_per_kwh", -0.1),
        ("location_kg_per_kwh", 642.3),
        ("residual_kg_per_kwh", float("nan")),
        ("import_limit_kw", -1.0),
        ("export_limit_kw", -1.0),
        ("export_price_cny_per_kwh", 260.0),
        ("green_contract_share", 30.0),
        ("green_contract_kw", -1.0),
        ("green_premium_cny_per_kwh", -0.01),
    ],
)
def test_impossible_connections_are_refused_by_field(field, value):
    with pytest.raises(ConfigError, match=f"got {field}="):
        GridConnection(**({"location_kg_per_kwh": 0.6} | {field: value}))


def test_a_contract_is_a_share_or_a_power():
    with pytest.raises(ConfigError, match=r"green_contract_share=0.3 and green_contract_kw=10.0; allowed one"):
        GridConnection(location_kg_per_kwh=0.6, green_contract_share=0.3, green_contract_kw=10.0)


@pytest.mark.parametrize("call", [contracted_green_kw, location_kg_per_h, market_kg_per_h])
def test_an_import_below_zero_is_no_import(call):
    with pytest.raises(DataError, match=r"1 values are missing or negative.*Export is a flow of its own"):
        call(np.array([1.0, -2.0]), PLAIN)


@pytest.mark.parametrize("field", ["location_kg_per_kwh", "import_limit_kw", "green_contract_share"])
@pytest.mark.parametrize("value", ["0.5", True, None])
def test_a_figure_that_is_no_number_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=rf"grid connection: got {field}={value!r}, allowed"):
        GridConnection(**({"location_kg_per_kwh": 0.6} | {field: value}))
