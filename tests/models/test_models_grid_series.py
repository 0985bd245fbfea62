"""Series by slot: read without guessing, taken to any step without loss."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from models.grid import least_on, mean_on, read_carbon, read_import_limit, read_prices
from weather.conventions.errors import DataError

GOOD = """time,price_cny_per_kwh
2026-07-15T00:00:00+08:00,0.30
2026-07-15T00:15:00+08:00,-0.05
2026-07-15T00:30:00+08:00,0.50
2026-07-15T00:45:00+08:00,0.45
"""


def written(tmp_path, text, name="spot.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_price_file_is_read_in_utc_with_its_step(tmp_path):
    prices = read_prices(written(tmp_path, GOOD))
    assert prices.dims == ("time",) and prices.name == "price_cny_per_kwh"
    assert str(prices["time"].values[0]) == "2026-07-14T16:00:00.000000000"
    assert prices.attrs["step_h"] == 0.25 and prices.attrs["units"] == "CNY/kWh"
    assert prices.values.tolist() == [0.30, -0.05, 0.50, 0.45]


def test_units_are_said_by_the_column(tmp_path):
    per_mwh = GOOD.replace("_kwh", "_mwh").replace("0.30", "300")
    assert read_prices(written(tmp_path, per_mwh)).values[0] == pytest.approx(0.3)
    plain = GOOD.replace("price_cny_per_kwh", "price")
    assert read_prices(written(tmp_path, plain)).values[0] == 0.30
    grams = "time,carbon_g_per_kwh\n2026-07-15T00:00:00Z,480\n2026-07-15T01:00:00Z,520\n"
    assert read_carbon(written(tmp_path, grams)).values.tolist() == pytest.approx([0.48, 0.52])
    mw = "node,time,import_limit_mw\na,2026-07-15T00:00:00Z,2.5\na,2026-07-15T01:00:00Z,0\n"
    assert read_import_limit(written(tmp_path, mw)).values.tolist() == [2500.0, 0.0]


def test_offsets_may_differ_and_blank_lines_are_let_be(tmp_path):
    text = (
        "\ufefftime,price\n2026-07-15T08:00:00+08:00,0.3\n\n2026-07-15T01:00:00Z,0.4\n2026-07-14T20:00:00-06:00,0.5\n"
    )
    prices = read_prices(written(tmp_path, text))
    assert prices.values.tolist() == [0.3, 0.4, 0.5] and prices.attrs["step_h"] == 1.0


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("00:15:00+08:00", "00:15:00", "row 3: time '2026-07-15T00:15:00' has no offset from UTC"),
        ("2026-07-15T00:15:00+08:00", "15/07/2026 00:15", "row 3: time '15/07/2026 00:15' cannot be read"),
        ("2026-07-15T00:15:00+08:00", "0001-01-01T00:15:00+08:00", "row 3: time .* beyond the calendar"),
        ("2026-07-15T00:15:00+08:00,-0.05\n", "", "row 4: 2026-07-15 00:45 comes 15 min .*slots of 30 min"),
        ("00:15:00", "00:00:00", "row 3: 2026-07-15 00:00 is not after the row before it"),
        ("00:45:00", "00:15:00", "row 5: 2026-07-15 00:15 is not after the row before it"),
        ("-0.05", "n/a", "row 3: got 'n/a', allowed a number in CNY/kWh"),
        ("-0.05", "nan", "row 3: got nan CNY/kWh, allowed -5 to 5"),
        ("-0.05", "inf", "row 3: got inf"),
        (
            "0.50",
            "463",
            "row 4: got 463 CNY/kWh, allowed -5 to 5. A price per MWh goes into a column price_cny_per_mwh",
        ),
        (",0.50", "", "row 4: got 1 cells, allowed 2"),
        ("price_cny_per_kwh", "preis", r"got columns \['time', 'preis'\], allowed time and one of price_cny_per_kwh"),
        ("time,", "stamp,", "allowed time and one of"),
    ],
)
def test_bad_price_files_are_explained(tmp_path, old, new, found):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(DataError, match=f"spot.csv.*{found}"):
        read_prices(written(tmp_path, text))


def test_a_gap_is_named_by_its_row(tmp_path):
    hourly = "time,price\n" + "".join(f"2026-07-15T{h:02d}:00:00+08:00,0.3\n" for h in (0, 1, 2, 5, 6))
    with pytest.raises(DataError, match=r"row 5: 2026-07-15 05:00 comes 180 min .* slots of 60 min .*1 rows are wrong"):
        read_prices(written(tmp_path, hourly))


@pytest.mark.parametrize("text", ["", "time,price\n", "time,price\n2026-07-15T00:00:00Z,0.3\n"])
def test_a_file_without_two_rows_is_refused(tmp_path, text):
    with pytest.raises(DataError, match="allowed"):
        read_prices(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"no\.csv: cannot be read"):
        read_prices(tmp_path / "no.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_prices(tmp_path)
    (tmp_path / "latin.csv").write_bytes(b"time,price\n\xe9\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_prices(tmp_path / "latin.csv")
    limits = "time,import_limit_kw\n2026-07-15T00:00:00Z,-1\n2026-07-15T01:00:00Z,5\n"
    with pytest.raises(DataError, match="row 2: got -1 kW, allowed 0 to"):
        read_import_limit(written(tmp_path, limits))


def slots(values, minutes):
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(len(values)) * np.timedelta64(minutes, "m")
    attrs = {"step_h": minutes / 60, "units": "CNY/kWh", "source": "spot.csv"}
    return xr.DataArray(np.array(values, dtype=float), coords={"time": time}, dims="time", attrs=attrs)


def axis(count, minutes, shift=0):
    first = np.datetime64("2026-07-14T16:00", "ns") + np.timedelta64(shift, "m")
    return first + np.arange(count) * np.timedelta64(minutes, "m")


@given(
    values=st.lists(st.floats(-1, 5), min_size=12, max_size=12),
    slot=st.sampled_from([15, 20, 30, 60]),
    step=st.sampled_from([5, 15, 30, 45, 60, 90, 180]),
    shift=st.sampled_from([0, 5, 30]),
)
def test_steps_are_the_means_of_their_minutes(values, slot, step, shift):
    """Against the slow way: every minute has its slot's value."""
    series = slots(values, slot)
    count = (12 * slot - shift) // step
    if count < 1:
        return
    by_minute = np.repeat(values, slot)[shift : shift + count * step].reshape(count, step)
    time = axis(count, step, shift)
    assert mean_on(series, time, step / 60) == pytest.approx(by_minute.mean(axis=1), abs=1e-9)
    assert least_on(series, time, step / 60).tolist() == by_minute.min(axis=1).tolist()


@given(value=st.floats(-5, 5), minutes=st.sampled_from([5, 15, 60]))
def test_a_step_inside_one_slot_has_exactly_its_value(value, minutes):
    series = slots([0.1, value, 0.7], 60)
    inside = mean_on(series, axis(60 // minutes, minutes, 60), minutes / 60)
    assert inside.tolist() == [value] * (60 // minutes)


@pytest.mark.parametrize(("count", "shift"), [(4, 0), (3, -60), (1, 180)])
def test_a_window_that_is_not_covered_says_from_when_to_when(count, shift):
    series = slots([0.1, 0.2, 0.3], 60)
    for take in (mean_on, least_on):
        with pytest.raises(
            DataError, match=r"spot\.csv: covers 2026-07-15 00:00 to 2026-07-15 03:00, but the window is"
        ):
            take(series, axis(count, 60, shift), 1.0)
    assert mean_on(series, axis(3, 60), 1.0).tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("reader", "column", "values", "found"),
    [
        (read_prices, "price_cny_per_mwh", (0.4, 0.3), r"no value is above 0\.4, which is 0\.0004 CNY/kWh"),
        (read_prices, "price_cny_per_mwh", (-0.4, 0.0), "Name the column price_cny_per_kwh"),
        (read_carbon, "carbon_g_per_kwh", (0.6, 0.58), r"above 0\.6.*of 2 or more.*column carbon_kg_per_kwh"),
    ],
)
def test_a_column_of_another_unit_than_its_values_is_named(tmp_path, reader, column, values, found):
    with pytest.raises(DataError, match=f"spot.csv, column {column}: .*{found}"):
        reader(written(tmp_path, two_slots(column, *values)))


@pytest.mark.parametrize(("column", "values"), [("price_cny_per_mwh", (0, 0)), ("price_cny_per_mwh", (0.4, 300)),
                                                ("price", (0.001, 0.002))])  # fmt: skip
def test_small_prices_are_let_be(tmp_path, column, values):
    """A window of free power, an hour that is nearly free, and prices in CNY/kWh itself."""
    assert read_prices(written(tmp_path, two_slots(column, *values))).sizes["time"] == 2


def two_slots(column, first, second):
    return f"time,{column}\n2026-07-15T00:00:00Z,{first}\n2026-07-15T01:00:00Z,{second}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "the file is empty, allowed a first row that names time and one of price_cny_per_kwh"),
        ("\n , \n", "the file is empty"),
        (GOOD.replace(",", ";"), "row 1: columns are separated by semicolons, allowed: commas"),
        (GOOD.replace(",", "\t"), "row 1: columns are separated by tabs"),
    ],
)
def test_files_without_columns_are_told_why(tmp_path, text, found):
    with pytest.raises(DataError, match=f"spot.csv.*{found}"):
        read_prices(written(tmp_path, text))


def test_two_price_columns_are_refused(tmp_path):
    both = "time,price_cny_per_mwh,price\n2026-07-15T00:00:00Z,300,0.4\n2026-07-15T01:00:00Z,300,0.4\n"
    with pytest.raises(DataError, match="one of price_cny_per_kwh, price_cny_per_mwh, price, each once"):
        read_prices(written(tmp_path, both))
    twice = both.replace("price_cny_per_mwh", "price")
    with pytest.raises(DataError, match="each once"):
        read_prices(written(tmp_path, twice))


def test_a_digit_separator_of_python_is_no_number(tmp_path):
    with pytest.raises(DataError, match="row 3: got '1_0e-1', allowed a number"):
        read_prices(written(tmp_path, GOOD.replace("-0.05", "1_0e-1")))


@pytest.mark.parametrize("text", ["2026-12-31T24:00:00+08:00", "2026-12-31 24:00+08:00", "2026-12-31T24:00:00.0+0800"])
def test_24_hours_are_the_next_midnight(tmp_path, text):
    prices = read_prices(written(tmp_path, f"time,price\n2026-12-31T23:00:00+08:00,0.3\n{text},0.4\n"))
    assert str(prices["time"].values[1])[:16] == "2026-12-31T16:00" and prices.attrs["step_h"] == 1.0
    with pytest.raises(DataError, match="cannot be read"):
        read_prices(written(tmp_path, f"time,price\n{text.replace('24:00', '24:30')},0.3\n{text},0.4\n"))
    with pytest.raises(DataError, match="no offset"):
        read_prices(written(tmp_path, "time,price\n2026-12-31T24:00,0.3\n2027-01-01T01:00,0.4\n"))
