"""Canonical weather written and read back."""

import re
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from weather import WeatherWarning, check_weather, load_nodes, open_weather, read_netcdf, write_netcdf
from weather.conventions.errors import DataError, OutputError
from weather.conventions.timeaxis import time_axis
from weather.conventions.variables import REQUIRED, VARIABLES
from weather.sources import netcdf


@pytest.fixture(scope="module")
def good() -> xr.Dataset:
    nodes = [load_nodes()[name] for name in ("zhongwei", "guian")]
    specs = {node.node_id: "climate" for node in nodes}
    return open_weather(specs, nodes, time=time_axis("2026-03-05", horizon_h=36), seed=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weather.nc"


def foreign(weather: xr.Dataset, file: Path, **encoding: dict) -> Path:
    """A file of another writer: without the digest."""
    weather.to_netcdf(file, engine="h5netcdf", encoding=encoding)
    return file


def refused(file: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_netcdf(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_round_trip_changes_nothing(good, file):
    before = good.copy(deep=True)
    write_netcdf(good, file)
    assert good.identical(before)
    back = read_netcdf(file)
    assert back.identical(good)
    assert back["time"].dtype == np.dtype("datetime64[ns]")


def test_round_trip_of_one_place(good, file):
    place = good.isel(node=1).drop_vars(["node", "source"]).assign_attrs(typical_year=1, utc_offset_h=8.0)
    write_netcdf(place, file)
    back = read_netcdf(file)
    where = {name: float(place[name]) for name in ("latitude", "longitude", "altitude_m")}
    assert back.identical(place.assign_attrs(where))
    assert isinstance(back.attrs["typical_year"], int) and back.attrs["utc_offset_h"] == 8.0


def test_same_weather_gives_the_same_bytes_and_replaces_the_file(good, tmp_path):
    first, second = tmp_path / "a.nc", tmp_path / "b.nc"
    second.write_bytes(b"something older")
    write_netcdf(good, first)
    write_netcdf(good, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nc", "b.nc"]  # no remains of the writing
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(first.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_optional_variable_survives(good, file):
    upper = xr.DataArray(good["wind_speed"].values * 1.4, dims=("node", "time"))
    upper.attrs = VARIABLES["wind_speed_100m"].attrs()
    more = good.assign(wind_speed_100m=upper)
    write_netcdf(more, file)
    assert read_netcdf(file).identical(more)


def test_only_sound_weather_is_written(good, file):
    with pytest.raises(DataError, match="variables missing: dni"):
        write_netcdf(good.drop_vars("dni"), file)
    assert not file.exists()


def test_folder_that_is_not_there_is_told(good, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_netcdf(good, tmp_path / "none" / "weather.nc")


def test_failed_writing_leaves_the_old_file(good, tmp_path):
    target = tmp_path / "weather.nc"
    target.mkdir()  # cannot be replaced by a file
    with pytest.raises(OutputError, match="cannot be written"):
        write_netcdf(good, target)
    assert [path.name for path in tmp_path.iterdir()] == ["weather.nc"]


# ---- content that is not what was written ------------------------------------------------------


def test_changed_value_breaks_the_digest(good, file):
    write_netcdf(good, file)
    with h5py.File(file, "r+") as opened:
        opened["temp_air"][1, 7] += 1e-9
    text = refused(file)
    assert "content_sha256" in text and "damaged or was edited" in text


def test_changed_place_or_attribute_breaks_the_digest(good, file):
    for change in (
        lambda opened: opened["latitude"].__setitem__(0, 37.51),
        lambda opened: opened.attrs.__setitem__("licence", "mine"),
        lambda opened: opened["latitude"].attrs.__setitem__("units", "degrees_south"),
    ):
        write_netcdf(good, file)
        with h5py.File(file, "r+") as opened:
            change(opened)
        assert "content_sha256" in refused(file)


def test_edit_without_digest_is_taken(good, file):
    write_netcdf(good, file)
    with h5py.File(file, "r+") as opened:
        opened["temp_air"][1, 7] = 21.5
        del opened.attrs["content_sha256"]
    assert float(read_netcdf(file)["temp_air"][1, 7]) == 21.5


def test_every_cut_is_refused(good, file):
    write_netcdf(good, file)
    whole = file.read_bytes()
    for share in (0.001, 0.1, 0.4, 0.7, 0.95, 0.999):
        file.write_bytes(whole[: int(len(whole) * share)])
        refused(file)


def test_flipped_bits_are_refused_or_harmless(good, file):
    write_netcdf(good, file)
    whole = file.read_bytes()
    rng = np.random.default_rng(5)
    told = 0
    for _ in range(40):
        spoilt = bytearray(whole)
        spoilt[rng.integers(8, len(whole))] ^= 1 << rng.integers(8)
        file.write_bytes(spoilt)
        try:
            assert read_netcdf(file).identical(good)
        except DataError as error:
            told += 1
            assert str(file) in str(error)
    assert told >= 5


@pytest.mark.parametrize("length", [0, 2**64 - 24])
def test_heap_that_the_library_would_walk_for_ever_is_refused(good, file, length):
    write_netcdf(good, file)
    spoilt = bytearray(file.read_bytes())
    heap = spoilt.find(b"GCOL\x01")
    assert heap > 0
    index = b"\x00\x00" if length == 0 else b"\x01\x00"
    spoilt[heap + 16 : heap + 18] = index
    spoilt[heap + 24 : heap + 32] = length.to_bytes(8, "little")
    file.write_bytes(spoilt)
    assert f"global heap at byte {heap} is damaged" in refused(file)


# ---- files of other writers ----------------------------------------------------------------------


def test_missing_variable_is_named(good, file):
    assert "variables missing: dhi, pressure" in refused(foreign(good.drop_vars(["dhi", "pressure"]), file))


def test_other_variables_are_left_behind(good, file):
    more = good.assign(snow=good["ghi"] * 0.0, day=("time", np.arange(36))).assign_coords(scenario=3)
    assert read_netcdf(foreign(more, file)).identical(good)


def test_file_of_something_else_is_refused(good, file):
    assert "holds snow; expected weather variables: ghi" in refused(foreign(good[["ghi"]].rename(ghi="snow"), file))


def test_known_units_are_converted(good, file):
    other = good.copy(deep=True)
    other["temp_air"] = (good["temp_air"] + 273.15).assign_attrs(units="K")
    other["pressure"] = (good["pressure"] / 100.0).assign_attrs(units="hPa")
    back = read_netcdf(foreign(other, file))
    assert back["temp_air"].values == pytest.approx(good["temp_air"].values, abs=1e-9)
    assert back["pressure"].values == pytest.approx(good["pressure"].values, rel=1e-12)
    assert back["temp_air"].attrs == good["temp_air"].attrs
    check_weather(back)


def test_single_precision_is_read_as_double(good, file):
    coarse = good.map(lambda array: array.astype("float32"), keep_attrs=True)
    back = read_netcdf(foreign(coarse, file))
    assert back["ghi"].dtype == np.float64
    assert back["ghi"].values == pytest.approx(good["ghi"].values, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.assign(ghi=ds.ghi.drop_attrs()), "ghi has no attribute 'units'"),
        (lambda ds: ds.assign(ghi=ds.ghi.assign_attrs(units="J/m2")), "'J/m2' cannot be read as W/m2"),
        (lambda ds: ds.assign(ghi=ds.ghi.astype(str)), "ghi holds .*numbers are required"),
        (
            lambda ds: ds.assign(temp_air=ds.temp_air.where((ds.time < ds.time[4]) | (ds.time > ds.time[7]))),
            "node zhongwei: temp_air is missing in 4 interval.*from 2026-03-04T20:00Z",
        ),
        (lambda ds: ds.isel(time=[0, 1, 2, 7, 8]), "node zhongwei: ghi is missing in 4 interval.*2026-03-04T19:00Z"),
        (lambda ds: ds.drop_vars("time"), "no coordinate 'time'"),
        (lambda ds: ds.assign_coords(time=np.arange(36.0)), "expected a 1-D array of naive UTC datetime64"),
        (lambda ds: ds.assign(dni=(ds.dni + 9999.0).assign_attrs(units="W/m2")), "dni is out of range"),
        (lambda ds: ds.drop_vars("latitude"), "coordinates of the place missing: latitude"),
        (lambda ds: ds.assign_coords(node=["guian", "guian"]), "given twice: guian"),
        (lambda ds: ds.expand_dims(scenario=2), "dims are"),
    ],
)
def test_unsound_file_is_explained(good, file, change, words):
    text = refused(foreign(change(good), file))
    assert re.search(words, text, re.S), text


def test_gap_of_three_hours_is_bridged_in_every_node_and_flagged(good, file):
    foreign(good.isel(time=[*range(20), *range(23, 36)]), file)
    with pytest.warns(WeatherWarning, match="filled: ghi, dni, dhi, temp_air, .* in 3 interval"):
        back = read_netcdf(file)
    assert np.array_equal(back["time"].values, good["time"].values)
    for name in REQUIRED:
        flags = back[f"flag_{name}"].values
        assert np.array_equal(flags, np.tile(np.isin(np.arange(36), [20, 21, 22]).astype(np.uint8), (2, 1)))
        assert np.array_equal(back[name].values[flags == 0], good[name].values[flags == 0])
    write_netcdf(back, file)
    assert read_netcdf(file).identical(back)  # flags are kept, and nothing is found twice


def test_rows_in_another_order_are_sorted_aloud(good, file):
    foreign(good.isel(time=slice(None, None, -1)), file)
    with pytest.warns(WeatherWarning, match="not in order of time"):
        back = read_netcdf(file)
    assert np.array_equal(back["ghi"].values, good["ghi"].values)


def test_ensemble_is_read_with_its_members(good, file):
    members = xr.concat([good, good], dim="member").transpose("member", "node", "time")
    for name in members.data_vars:
        members[name].attrs = VARIABLES[name].attrs()
    write_netcdf(members, file)
    back = read_netcdf(file)
    assert back["ghi"].dims == ("member", "node", "time")
    assert np.array_equal(back["ghi"].values[1], good["ghi"].values)


def test_time_with_a_zone_in_its_unit_is_read_as_utc(good, file):
    foreign(good, file, time={"units": "hours since 2026-03-05", "dtype": "int64"})
    with h5py.File(file, "r+") as opened:
        hours = opened["time"][...]
        opened["time"][...] = hours + 8
        opened["time"].attrs["units"] = "hours since 2026-03-05T00:00:00+08:00"
    assert np.array_equal(read_netcdf(file)["time"].values, good["time"].values)


def test_aware_stamps_are_refused_before_a_file_appears(good, file):
    aware = good["time"].to_index().tz_localize("UTC")
    with pytest.raises(DataError, match="naive UTC"):
        write_netcdf(good.assign_coords(time=aware), file)
    assert not file.exists()


def test_calendar_without_leap_days_is_refused(good, file):
    foreign(good, file)
    with h5py.File(file, "r+") as opened:
        opened["time"].attrs["calendar"] = "360_day"
    assert "time" in refused(file)


# ---- not NetCDF-4 at all -------------------------------------------------------------------------


def test_other_formats_and_places_are_refused(tmp_path, file):
    file.write_bytes(b"CDF\x01" + bytes(100))
    assert "classic NetCDF-3 is not read" in refused(file)
    file.write_bytes(b"")
    refused(file)
    file.write_bytes(b"\x89HDF\r\n\x1a\n")
    refused(file)
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    refused(file)
    with pytest.raises(DataError, match="no such file"):
        read_netcdf(tmp_path / "none.nc")
    with pytest.raises(DataError, match="is a folder"):
        read_netcdf(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        read_netcdf(file / "below.nc")


def test_size_is_checked_before_loading(good, file):
    with h5py.File(file, "w") as opened:
        # declared, never stored: 8 TB that take no room on the disk
        huge = opened.create_dataset("ghi", shape=(1_000_000, 1_000_000), chunks=(1000, 1000), dtype="f8")
        for axis, name in enumerate(("node", "time")):
            opened.create_dataset(name, data=np.arange(1), maxshape=(None,))
            del opened[name]
            scale = opened.create_dataset(name, shape=(1_000_000,), chunks=(1000,), dtype="f8")
            scale.make_scale(name)
            huge.dims[axis].attach_scale(scale)
    assert "declares 8000.0 GB" in refused(file)
    assert netcdf.MAX_BYTES < 8e12


def test_many_hours_above_the_cap_are_refused(good, file, monkeypatch):
    write_netcdf(good, file)
    monkeypatch.setattr(netcdf, "MAX_CELLS", 500)
    assert "allowed 2.1 GB, 500 cells" in refused(file)
