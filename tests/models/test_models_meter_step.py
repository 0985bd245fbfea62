"""A facility of one stamp: how long it is cannot be read from the stamps, and is given."""

from dataclasses import replace

import numpy as np
import pytest

from models.cooling import AirEconomiserPlant
from models.electrical import ElectricalPlant
from models.meter import facility
from models.overhead import NodePlant
from models.solar import PVPlant
from weather.conventions.errors import DataError

PLAIN = NodePlant(AirEconomiserPlant(rated_heat_kw=1150.0), ElectricalPlant(rated_kw=1000.0))
SUNNY = replace(PLAIN, pv=PVPlant(dc_kw=1500.0, dc_ac_ratio=1.25, tilt_deg=30.0, azimuth_deg=180.0))


@pytest.fixture(scope="module")
def day(make_clear_day):
    return make_clear_day("2025-06-20T16:00")


@pytest.mark.parametrize("hour", [0, 8, 14])
def test_a_stamp_alone_gives_what_it_gives_among_others(day, hour):
    whole = facility(600.0, day, SUNNY, 22.0)
    alone = facility(600.0, day.isel(time=[hour]), SUNNY, 22.0, step_h=1.0)
    for name in ("pv_kw", "facility_kw", "import_kw", "renewable_direct_kw"):
        assert alone[name].to_numpy() == pytest.approx(whole[name].to_numpy()[[hour]], rel=1e-9)
    assert np.isfinite(float(alone["ref"]))


def test_a_stamp_of_unknown_length_is_refused_only_with_pv(day):
    alone = day.isel(time=[12])
    with pytest.raises(DataError, match="Give step_h"):
        facility(600.0, alone, SUNNY, 22.0)
    with pytest.raises(DataError, match=r"step_h=0\.5"):
        facility(600.0, day, SUNNY, 22.0, step_h=0.5)
    assert float(facility(600.0, alone, PLAIN, 22.0)["pue"]) > 1.0


@pytest.mark.parametrize("plant", [PLAIN, SUNNY])
def test_steps_that_are_none_not_theirs_or_unequal_are_refused_with_and_without_pv(day, plant):
    for step_h in (-1.0, 0.0, np.nan, np.inf):
        with pytest.raises(DataError, match="allowed more than 0 h"):
            facility(600.0, day, plant, 22.0, step_h=step_h)
    with pytest.raises(DataError, match=r"step_h=0\.25 and stamps 1 h apart"):
        facility(600.0, day, plant, 22.0, step_h=0.25)
    with pytest.raises(DataError, match="differ from the first step of 2 h"):
        facility(600.0, day.isel(time=[0, 2, 3]), plant, 22.0)
    given, found = (facility(600.0, day, plant, 22.0, step_h=step_h) for step_h in (1.0, None))
    assert float(given["pue"]) == float(found["pue"])
