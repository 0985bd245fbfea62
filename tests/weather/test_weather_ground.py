"""Rain and snow on the ground: one shower under the clock and unit of each source that has them."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from fetch_bodies import HOURS, NASA_UNITS, nasa_power, open_meteo
from true_weather import Truth, era5_cell

from weather import read_csv, read_epw, read_era5, read_nasa_power, read_open_meteo, write_csv
from weather.conventions.errors import DataError

SHOWER = 30  # the interval it rains in, counted from the first
MM = 4.2


def test_open_meteo_gives_the_sum_of_the_hour_before(tmp_path):
    body = open_meteo()
    rain = [0.0] * (HOURS + 1)
    rain[SHOWER + 1] = MM  # under the end of its hour
    body["hourly"] |= {"precipitation": rain, "snow_depth": [0.12] * (HOURS + 1)}
    body["hourly_units"] |= {"precipitation": "mm", "snow_depth": "m"}
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(body))
    weather = read_open_meteo(file)
    at = int(np.flatnonzero(weather["precipitation"].values)[0])
    assert weather["time"].values[at] == np.datetime64("2026-06-10") + np.timedelta64(SHOWER, "h")
    assert float(weather["precipitation"].sum()) == pytest.approx(MM)
    assert weather["precipitation"].attrs["units"] == "mm/h"
    assert weather["snow_depth"].values == pytest.approx(0.12)


def test_open_meteo_in_inches_is_refused(tmp_path):
    body = open_meteo()
    body["hourly"]["precipitation"] = [0.1] * (HOURS + 1)
    body["hourly_units"]["precipitation"] = "inch"
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(body))
    with pytest.raises(DataError, match="precipitation is in 'inch'; expected 'mm'"):
        read_open_meteo(file)


def test_nasa_power_gives_the_rate_of_the_hour_from_its_stamp(tmp_path):
    body = nasa_power()
    stamps = list(body["properties"]["parameter"]["T2M"])
    rates = dict.fromkeys(stamps, 0.0) | {stamps[SHOWER]: MM}
    body["properties"]["parameter"]["PRECTOTCORR"] = rates
    units = NASA_UNITS | {"PRECTOTCORR": "mm/hour"}
    body["parameters"] = {name: {"units": unit, "longname": name} for name, unit in units.items()}
    file = tmp_path / "power.json"
    file.write_text(json.dumps(body))
    rain = read_nasa_power(file)["precipitation"]
    assert float(rain[SHOWER]) == MM and float(rain.sum()) == MM


def test_era5_gives_metres_of_the_hour_before(tmp_path):
    truth = Truth(np.datetime64("2025-06-20"), 37.5, 105.25, 1226.0)
    cell = era5_cell(truth)
    metres = np.zeros(cell.sizes["valid_time"])
    metres[SHOWER + 1], metres[SHOWER + 2] = MM / 1000.0, -1e-9  # packing leaves a zero a little off
    cell["tp"] = ("valid_time", metres, {"units": "m"})
    file = tmp_path / "era5.nc"
    cell.to_netcdf(file, engine="h5netcdf")
    rain = read_era5(file)["precipitation"]
    at = int(np.argmax(rain.values))
    assert rain["time"].values[at] == cell["valid_time"].values[SHOWER]
    assert float(rain[at]) == pytest.approx(MM) and float(rain.sum()) == pytest.approx(MM)


def _with_ground(rows: list[str], *, snow: str, rain: str) -> list[str]:
    """Rows of an EPW file whose fields N30 and N33 are set at SHOWER and zero elsewhere."""
    told = rows[:8]  # the header
    for number, row in enumerate(rows[8:]):
        parts = row.split(",")
        parts[30], parts[33] = (snow, rain) if number == SHOWER else ("0", "0")
        told.append(",".join(parts))
    return told


def test_epw_gives_millimetres_of_the_hour_and_centimetres_of_snow(write_epw, whole_year_rows):
    weather = read_epw(write_epw(_with_ground(whole_year_rows, snow="5", rain=str(MM))))
    assert float(weather["precipitation"][SHOWER]) == MM and float(weather["precipitation"].sum()) == MM
    assert float(weather["snow_depth"][SHOWER]) == pytest.approx(0.05)


@pytest.mark.parametrize("rain", ["0", "999", "none"])
def test_epw_without_rain_in_a_year_has_no_rain_column(write_epw, whole_year_rows, rain):
    weather = read_epw(write_epw(_with_ground(whole_year_rows, snow="0", rain=rain)))
    assert not {"precipitation", "snow_depth"} & set(weather.data_vars)


def test_rain_of_a_measured_year_is_that_of_the_file(shared_data_dir):
    file = shared_data_dir / "weather" / "CHN_SX_Taiyuan.537720_TMYx.epw"
    weather = read_epw(file)
    told = pd.read_csv(file, skiprows=8, header=None, usecols=[30, 33])
    assert np.array_equal(weather["precipitation"].values, told[33].to_numpy(float))
    assert weather["snow_depth"].values == pytest.approx(told[30].to_numpy(float) / 100.0)


def test_own_table_keeps_rain(tmp_path, whole_year_rows, write_epw):
    weather = read_epw(write_epw(_with_ground(whole_year_rows, snow="5", rain=str(MM))))
    write_csv(weather, tmp_path / "own.csv")
    back = read_csv(tmp_path / "own.csv")
    xr.testing.assert_allclose(back["precipitation"], weather["precipitation"])
    xr.testing.assert_allclose(back["snow_depth"], weather["snow_depth"])
