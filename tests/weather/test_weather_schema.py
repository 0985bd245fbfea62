import numpy as np
import pytest
import xarray as xr

from weather import check_weather, load_nodes, open_weather
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis
from weather.conventions.units import to_canonical
from weather.conventions.variables import REQUIRED, VARIABLES


@pytest.fixture(scope="module")
def good() -> xr.Dataset:
    nodes = [load_nodes()[name] for name in ("zhongwei", "guian")]
    specs = {node.node_id: "climate" for node in nodes}
    return open_weather(specs, nodes, time=time_axis("2026-03-05", horizon_h=24), seed=1)


def spoilt(good: xr.Dataset, name: str, value: float) -> xr.Dataset:
    bad = good.copy(deep=True)
    bad[name][1, 5:8] = value
    return bad


def test_good_weather_passes_unchanged(good):
    before = good.copy(deep=True)
    assert check_weather(good) is good
    assert good.identical(before)
    assert check_weather(good.isel(node=0)).sizes == {"time": 24}


def test_every_variable_carries_its_attributes(good):
    assert set(good.data_vars) == set(REQUIRED)
    for name in good.data_vars:
        assert {"units", "standard_name", "cell_methods"} <= set(good[name].attrs)
    assert good["wind_speed"].attrs["height_m"] == 10.0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temp_air", np.nan, "temp_air is missing"),
        ("ghi", np.inf, "ghi is missing or infinite"),
        ("temp_air", 290.0, "got 290, allowed -90 to 60 degC"),
        ("pressure", 875.0, "got 875, allowed 45000 to 110000 Pa"),
        ("relative_humidity", 130.0, "allowed 0 to 100 %"),
        ("wind_speed", -1.0, "wind_speed is out of range"),
        ("dni", 9999.0, "dni is out of range"),
    ],
)
def test_bad_value_is_named_with_place_and_count(good, name, value, words):
    with pytest.raises(DataError) as caught:
        check_weather(spoilt(good, name, value))
    text = str(caught.value)
    assert words in text
    assert "node 'guian'" in text and "2026-03-04T21:00Z" in text and "3 value(s)" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.drop_vars("dhi"), "missing: dhi"),
        (lambda ds: ds.transpose("time", "node"), "expected \\('node', 'time'\\)"),
        (lambda ds: ds.expand_dims(scenario=2), "dims are"),
        (lambda ds: ds.drop_vars("altitude_m"), "altitude_m"),
        (lambda ds: ds.drop_vars("node"), "no labels"),
        (lambda ds: ds.assign_coords(node=["zhongwei"] * 2), "label given twice: zhongwei"),
        (lambda ds: ds.assign_coords(latitude=("node", [37.5, np.nan])), "latitude is nan in 1 place"),
        (lambda ds: ds.assign_coords(longitude=("node", [375.0, 106.6])), "longitude is 375 .* allowed -180 to 180"),
        (lambda ds: ds.assign_coords(altitude_m=("node", ["low", "high"])), "altitude_m has dims .*give one number"),
        (lambda ds: ds.assign_coords(latitude=("time", np.full(24, 37.5))), "latitude has dims \\('time',\\)"),
        (lambda ds: ds.drop_vars("time"), "no coordinate 'time'"),
        (lambda ds: ds.isel(time=[0, 1, 3]), "differ from the first step"),
        (lambda ds: ds.assign(ghi=ds.ghi.assign_attrs(units="kW/m2")), "required: 'W/m2'"),
        (lambda ds: ds.assign(ghi=ds.ghi.astype(str).assign_attrs(units="W/m2")), "numbers are required"),
    ],
)
def test_broken_structure_is_refused(good, change, words):
    with pytest.raises(DataError, match=words):
        check_weather(change(good))


def test_registry_rows_are_complete():
    for name, row in VARIABLES.items():
        assert row.name == name and row.source and row.lowest < row.highest


def test_units_convert_exactly_or_not_at_all():
    values = np.array([273.15, 300.15])
    assert to_canonical(values, unit="K", canonical="degC", where="x") == pytest.approx([0.0, 27.0], abs=1e-12)
    assert float(to_canonical(np.array(36.0), unit="km/h", canonical="m/s", where="x")) == pytest.approx(10.0)
    with pytest.raises(DataError, match="allowed: Pa, hPa, kPa, mbar"):
        to_canonical(values, unit="K", canonical="Pa", where="x")
    with pytest.raises(DataError, match="'furlong'"):
        to_canonical(values, unit="furlong", canonical="m/s", where="x")
