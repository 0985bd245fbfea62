"""Water of the water-side economiser at low heat in hot dry air: what free cooling saves, and what it drinks."""

import numpy as np
import pytest
import xarray as xr

from models import ChillerPlant, WaterEconomiserPlant, cooling_power
from weather.derive import dew_point

HEAT = np.array([0.03, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0]) * 1100.0


def _water_and_power(plant, temp, humidity):
    one = {"temp_air": temp, "relative_humidity": humidity, "temp_dew": float(dew_point(temp, humidity))}
    weather = xr.Dataset({name: ("time", [value]) for name, value in (one | {"pressure": 87400.0}).items()})
    made = cooling_power(weather, plant, HEAT[:, None], 18.0).isel(time=0)
    return made["water_l_per_h"].to_numpy() / HEAT, made["power_kw"].to_numpy()


@pytest.mark.parametrize(("temp", "humidity"), [(35.0, 20.0), (35.0, 10.0), (40.0, 10.0), (30.0, 20.0), (25.0, 20.0)])
def test_hot_dry_air_does_not_run_away_with_water_at_low_heat(temp, humidity):
    drunk, power = _water_and_power(WaterEconomiserPlant(rated_heat_kw=1100.0), temp, humidity)
    alone, led = _water_and_power(ChillerPlant(rated_heat_kw=1100.0), temp, humidity)
    assert np.all(drunk <= 2.0 * alone)
    assert np.all(power <= led * (1 + 1e-9))
    assert np.all(np.diff(power) >= -1e-9)  # less heat never takes more power


def test_the_water_of_the_docstring():
    drunk, _ = _water_and_power(WaterEconomiserPlant(rated_heat_kw=1100.0), 35.0, 20.0)
    assert drunk[[6, 3, 1, 0]] == pytest.approx([3.0, 4.4, 5.2, 5.6], abs=0.06)
