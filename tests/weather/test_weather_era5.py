"""ERA5: hours by their ends, sums that are none of an hour, cells of a grid, heights, damage."""

from pathlib import Path

import numpy as np
import pytest
import true_weather as tw
import xarray as xr

from weather import label_shift_hours, read_era5
from weather.conventions import flags
from weather.conventions.errors import DataError

TRUTH = tw.Truth(np.datetime64("2025-06-20"), 37.5, 105.25, 1226.0)


@pytest.fixture
def write(tmp_path):
    def write(cell: xr.Dataset) -> Path:
        path = tmp_path / "era5.nc"
        cell.to_netcdf(path, engine="h5netcdf")
        return path

    return write


def grid() -> xr.Dataset:
    """Two by three cells, latitude falling, longitude of 0 to 360, each with its own temperature."""
    one = tw.era5_cell(TRUTH).drop_vars(["latitude", "longitude"])
    cells = one.expand_dims(latitude=[37.75, 37.5], longitude=[105.0, 105.25, 105.5])
    cells = cells.transpose("valid_time", "latitude", "longitude", ...)
    cells["t2m"] = cells["t2m"] + xr.DataArray([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], dims=("latitude", "longitude"))
    cells["t2m"].attrs = one["t2m"].attrs
    cells["z"] = one["z"] + 9.80665 * xr.DataArray([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], dims=("latitude", "longitude"))
    cells["z"].attrs = one["z"].attrs
    return cells


def test_the_first_hour_is_lost_and_no_more(write):
    found = read_era5(write(tw.era5_cell(TRUTH)))
    assert found["time"].values[0] == TRUTH.starts[0] and found.sizes["time"] == tw.HOURS
    assert label_shift_hours(found) == 0.0
    assert (found["flag_dni"].values & flags.DERIVED).all() and "flag_ghi" not in found


def test_the_cell_nearest_to_the_place_is_taken_with_its_own_height(write):
    found = read_era5(write(grid()), latitude=37.58, longitude=105.4)
    assert (float(found["latitude"]), float(found["longitude"])) == (37.5, 105.5)
    assert float(found["altitude_m"]) == pytest.approx(1226.0 + 5.0, abs=0.01)
    here = read_era5(write(tw.era5_cell(TRUTH)))
    assert found["temp_air"].values - here["temp_air"].values == pytest.approx(5.0, abs=1e-4)


def test_a_grid_needs_a_place(write):
    with pytest.raises(DataError, match="a grid of 2 x 3 cells; give latitude and longitude"):
        read_era5(write(grid()))
    with pytest.raises(DataError, match=r"nearest cell is 37.75 N 105 E, 2.25 degrees from the place asked"):
        read_era5(write(grid()), latitude=40.0, longitude=105.0)
    with pytest.raises(DataError, match="latitude is '137'"):
        read_era5(write(grid()), latitude=137, longitude=105.0)


def test_the_height_must_be_known(write):
    cell = tw.era5_cell(TRUTH).drop_vars("z")
    with pytest.raises(DataError, match="holds no geopotential z"):
        read_era5(write(cell))
    assert float(read_era5(write(cell), altitude_m=1200.0)["altitude_m"]) == 1200.0


def test_western_longitudes_count_from_0_to_360(write):
    truth = tw.Truth(np.datetime64("2025-06-20"), 37.5, -100.0, 500.0)
    cell = tw.era5_cell(truth).assign_coords(longitude=260.0)
    assert float(read_era5(write(cell))["longitude"]) == -100.0


def test_the_older_name_of_the_time_axis(write):
    assert read_era5(write(tw.era5_cell(TRUTH).rename(valid_time="time"))).sizes["time"] == tw.HOURS


def test_dims_of_one_value_are_no_matter(write):
    cell = tw.era5_cell(TRUTH).expand_dims(number=[0]).assign_coords(expver=("valid_time", ["0001"] * (tw.HOURS + 1)))
    assert read_era5(write(cell)).sizes["time"] == tw.HOURS
    two = xr.concat([tw.era5_cell(TRUTH)] * 2, dim="number")
    with pytest.raises(DataError, match=r"more than one value along number \(2\)"):
        read_era5(write(two))


def test_noise_below_zero_is_rounding(write):
    cell = tw.era5_cell(TRUTH)
    cell["ssrd"].values[cell["ssrd"].values == 0.0] = -0.25
    found = read_era5(write(cell))
    assert found["ghi"].values.min() == 0.0 and (found["flag_ghi"].values & flags.CLIPPED).any()


def summed(cell: xr.Dataset, per_h: int) -> xr.Dataset:
    """As ERA5-Land and forecasts give it: since the last start, every `per_h` hours."""
    for name in ("ssrd", "fdir"):
        hourly = cell[name].values.astype(float)
        since, total = 0.0, np.zeros_like(hourly)
        hours = cell["valid_time"].values.astype("datetime64[h]").astype(int)
        for index, value in enumerate(hourly):
            since = value if (hours[index] - 1) % per_h == 0 or index == 0 else since + value
            total[index] = since
        cell[name] = (cell[name].dims, total, cell[name].attrs)
    return cell


@pytest.mark.parametrize("per_h", [24, 12])
@pytest.mark.parametrize("month", ["06", "12"])
def test_sums_since_a_start_are_refused(write, per_h, month):
    truth = tw.Truth(np.datetime64(f"2025-{month}-10"), 48.0, 87.0, 800.0)
    with pytest.raises(DataError, match="looks summed up since the start of a day or forecast, as in ERA5-Land"):
        read_era5(write(summed(tw.era5_cell(truth), per_h)))


@pytest.mark.parametrize("month", ["06", "12"])
@pytest.mark.parametrize("latitude", [18.0, 50.0])
def test_sums_of_hours_are_not_taken_for_such(write, month, latitude):
    truth = tw.Truth(np.datetime64(f"2025-{month}-10"), latitude, 120.0, 800.0)
    assert read_era5(write(tw.era5_cell(truth))).sizes["time"] == tw.HOURS


def test_every_third_hour_is_refused(write):
    with pytest.raises(DataError, match="stamps are 3 h apart; ssrd is the energy of the hour before"):
        read_era5(write(tw.era5_cell(TRUTH).isel(valid_time=slice(None, None, 3)).drop_vars("fdir")))


@pytest.mark.parametrize(
    ("name", "unit"), [("t2m", "degC"), ("ssrd", "W m**-2"), ("sp", "hPa"), ("u10", "km/h"), ("z", "m")]
)
def test_another_unit_is_refused(write, name, unit):
    cell = tw.era5_cell(TRUTH)
    cell[name].attrs["units"] = unit
    with pytest.raises(DataError, match=f"{name} has units '{unit}'".replace("*", r"\*")):
        read_era5(write(cell))
    del cell[name].attrs["units"]
    with pytest.raises(DataError, match=f"{name} has units None"):
        read_era5(write(cell))


def test_what_is_no_era5_is_explained(write, tmp_path):
    with pytest.raises(DataError, match="expected a coordinate valid_time or time"):
        read_era5(write(xr.Dataset({"a": ("x", [1.0])})))
    with pytest.raises(DataError, match="no coordinate latitude of a regular grid"):
        read_era5(write(tw.era5_cell(TRUTH).drop_vars("latitude")))
    with pytest.raises(DataError, match="holds no ghi"):
        read_era5(write(tw.era5_cell(TRUTH).drop_vars(["ssrd", "fdir"])))
    for head, words in ((b"CDF\x01", "classic NetCDF-3"), (b"GRIB", "GRIB"), (b"PK\x03\x04", "a ZIP archive")):
        (tmp_path / "x").write_bytes(head + bytes(50))
        with pytest.raises(DataError, match=words):
            read_era5(tmp_path / "x")


def test_a_size_bomb_is_refused_before_it_is_loaded(tmp_path):
    import h5py

    with h5py.File(tmp_path / "bomb.nc", "w") as file:
        for name, size in (("valid_time", 40_000_000), ("latitude", 1), ("longitude", 1)):
            scale = file.create_dataset(name, shape=(size,), dtype="i8", chunks=(min(size, 1_000_000),))
            scale.make_scale(name)
        file["valid_time"].attrs["units"] = "hours since 1970-01-01"
        bomb = file.create_dataset("t2m", shape=(40_000_000, 1, 1), dtype="f8", chunks=(1_000_000, 1, 1))
        bomb.attrs["units"] = "K"
        for axis, name in enumerate(("valid_time", "latitude", "longitude")):
            bomb.dims[axis].attach_scale(file[name])
    assert (tmp_path / "bomb.nc").stat().st_size < 100_000
    with pytest.raises(DataError, match="an axis of 40,000,000 steps; allowed 1,000,000"):
        read_era5(tmp_path / "bomb.nc", altitude_m=1.0)


def test_the_table_of_the_time_series(tmp_path):
    path = tmp_path / "era5.csv"
    text = tw.era5_table(TRUTH)
    path.write_text(text)
    found = read_era5(path)
    assert found.sizes["time"] == tw.HOURS and float(found["altitude_m"]) == 1226.0
    assert (found["flag_dni"].values & flags.DERIVED).all()
    path.write_text(text.partition("\n")[2])
    with pytest.raises(DataError, match="holds no geopotential z"):
        read_era5(path)
    assert float(read_era5(path, altitude_m=1200.0)["altitude_m"]) == 1200.0
    for change, words in (
        (lambda text: text.replace(",37.5,", ",37.75,", 1), "latitude is 37.5 and 37.75"),
        (lambda text: text[:-30], "columns as in the header"),
        (lambda text: text.replace("2025-06-20 00:00", "2025-06-20 25:00"), "its time is '2025-06-20 25:00:00'"),
        (lambda text: text.replace("2025-06-20 00:00:00", "2025-06-20 00:00:00+08:00"), "expected UTC as"),
        (lambda text: text.replace("valid_time", "stamp"), "expected valid_time, latitude, longitude"),
    ):
        path.write_text(change(text))
        with pytest.raises(DataError, match=words):
            read_era5(path)
    path.write_text(text)
    with pytest.raises(DataError, match="from the place asked"):
        read_era5(path, latitude=39.0, longitude=105.0)
