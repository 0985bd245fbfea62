"""Cooling tables of the study file make the plants of `models.cooling`."""

import pytest
from pydantic import TypeAdapter, ValidationError

from energy.config_cooling import CoolingConfig
from models.cooling import ChillerPlant, IndirectEvaporativePlant, LiquidCooledPlant, WaterEconomiserPlant
from weather.conventions.errors import ConfigError, DataError

STUDY = TypeAdapter(CoolingConfig)
COMMON = {"rated_heat_kw": 500.0, "setpoints_degc": (18.0, 20.0, 22.0), "source": "test"}


def test_study_tables_make_the_plants():
    evaporative = STUDY.validate_python({"kind": "indirect_evaporative", **COMMON, "wet_eff": 0.72}).plant()
    assert evaporative == IndirectEvaporativePlant(rated_heat_kw=500.0, wet_eff=0.72)
    chiller = STUDY.validate_python({"kind": "chiller", **COMMON, "condenser": "air", "chiller_count": 2}).plant()
    assert chiller == ChillerPlant(rated_heat_kw=500.0, condenser="air", chiller_count=2)
    water = STUDY.validate_python({"kind": "water_economiser", **COMMON, "chiller": "doe2"}).plant()
    assert water == WaterEconomiserPlant(rated_heat_kw=500.0, chiller="doe2")
    air = {"kind": "indirect_evaporative", "rated_heat_kw": 150.0, "dry_eff": 0.5}
    liquid = STUDY.validate_python({"kind": "liquid", **COMMON, "air": air, "water_class": "W40"}).plant()
    assert liquid == LiquidCooledPlant(
        rated_heat_kw=500.0, air=IndirectEvaporativePlant(rated_heat_kw=150.0, dry_eff=0.5), water_class="W40"
    )


def test_the_air_plant_of_a_liquid_one_may_say_its_source():
    """The other tables must; within a liquid plant's table it is free to."""
    air = {"kind": "chiller", "rated_heat_kw": 150.0, "chiller_count": 2}
    bare, sourced = (
        STUDY.validate_python({"kind": "liquid", **COMMON, "air": air | said})
        for said in ({}, {"source": "data sheet", "note": "two machines"})
    )
    assert sourced.air.source == "data sheet" and bare.air.source is None
    assert sourced.plant() == bare.plant()
    with pytest.raises(ValidationError, match=r"chiller.source"):
        STUDY.validate_python({"kind": "chiller", "rated_heat_kw": 500.0, "setpoints_degc": (9.0,)})


def test_setpoints_above_the_water_class_are_found_with_the_study():
    warm = {"kind": "liquid", **COMMON, "setpoints_degc": (30.0, 35.0, 40.0), "water_class": "W32"}
    air = {"kind": "chiller", "rated_heat_kw": 150.0}
    with pytest.raises(DataError, match=r"2 setpoints are above facility-water class W32, got up to 40.0 degC"):
        STUDY.validate_python({**warm, "air": air}).plant()
    assert STUDY.validate_python({**warm, "air": air, "water_class": "W40"}).plant().water_class == "W40"


def test_study_tables_refuse_what_is_no_plant():
    with pytest.raises(ValidationError, match="latent_share"):
        STUDY.validate_python({"kind": "water_economiser", **COMMON, "latent_share": 0.8})
    with pytest.raises(ValidationError, match=r"air"):
        STUDY.validate_python({"kind": "liquid", **COMMON})
    with pytest.raises(ValidationError, match=r"setpoints_degc"):
        STUDY.validate_python(
            {"kind": "liquid", **COMMON, "air": {"kind": "chiller", "rated_heat_kw": 150.0, "setpoints_degc": (9.0,)}}
        )
    small = {"kind": "liquid", **COMMON, "air": {"kind": "chiller", "rated_heat_kw": 50.0}}
    with pytest.raises(ConfigError, match=r"air with rated_heat_kw=50, allowed 125 or more.*liquid_share=0.75"):
        STUDY.validate_python(small).plant()


@pytest.mark.parametrize(
    ("kind", "condenser", "machines"),
    [
        ("chiller", None, "water-cooled condensers: carnot, doe2"),
        ("chiller", "air", "air-cooled condensers: carnot, air_cooled_screw"),
        ("water_economiser", None, "water-cooled condensers: carnot, doe2"),
    ],
)
def test_an_unknown_chiller_is_answered_with_those_there_are(kind, condenser, machines):
    table = {"kind": kind, **COMMON, "chiller": "centrifugal"} | ({"condenser": condenser} if condenser else {})
    with pytest.raises(ConfigError) as caught:
        STUDY.validate_python(table).plant()
    assert f'chiller: got "centrifugal", allowed with {machines}. Choose' in str(caught.value)


def test_a_chiller_of_the_other_condenser_is_refused():
    with pytest.raises(ConfigError, match="allowed with air-cooled condensers: carnot, air_cooled_screw"):
        STUDY.validate_python({"kind": "chiller", **COMMON, "condenser": "air", "chiller": "doe2"}).plant()
