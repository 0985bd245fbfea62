"""The PV table of the study: every field of the plant can be set, losses, dust and snow by name, mistakes told once."""

from dataclasses import fields

import pytest

from energy.config import load_study, west_toml
from energy.config_supply import PVConfig, PVLossesConfig, SnowConfig, SoilingConfig
from models.solar import PVLosses, PVPlant, Snow, Soiling
from weather.conventions.errors import ConfigError

LOSS = next(line for line in west_toml().splitlines(keepends=True) if line.startswith("losses = { soiling"))
ALBEDO = "albedo = 0.2\n"
SOURCE = 'source = "assumption: test"'


def zhongwei(tmp_path, *changes):
    """The first node's PV plant of the default study with texts replaced."""
    text = west_toml()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_study(file).nodes[0].pv_plant()


@pytest.mark.parametrize(
    ("table", "plant", "renamed"),
    [
        (PVConfig, PVPlant, {"capacity_kw": "dc_kw"}),
        (PVLossesConfig, PVLosses, {}),
        (SoilingConfig, Soiling, {}),
        (SnowConfig, Snow, {}),
    ],
)
def test_every_figure_of_the_plant_can_be_set(table, plant, renamed):
    study_only = {"source", "note", "price_cny_per_kwh"}
    keys = {renamed.get(name, name) for name in set(table.model_fields) - study_only}
    assert keys == {field.name for field in fields(plant)}


def test_what_the_study_leaves_out_is_the_plants_own(tmp_path):
    plant = zhongwei(tmp_path, (LOSS, ""), (ALBEDO, ""))
    bare = PVPlant(dc_kw=1.0)
    assert plant.losses is None and plant.loss_frac is None and plant.dc_loss_frac == bare.dc_loss_frac
    assert plant.albedo == bare.albedo


def test_losses_dust_snow_and_rear_side_reach_the_plant(tmp_path):
    made = (
        f"losses = {{ soiling = 0.0, age = 0.02, {SOURCE} }}\n"
        f"soiling = {{ rate_per_day = 0.003, cleaning_interval_days = 30, {SOURCE} }}\n"
        f"snow = {{ strings_per_row = 2, {SOURCE} }}\n"
        "bifaciality = 0.75\n"
    )
    plant = zhongwei(tmp_path, (LOSS, made))
    assert plant.losses == PVLosses(soiling=0.0, age=0.02)
    assert plant.soiling == Soiling(rate_per_day=0.003, cleaning_interval_days=30)
    assert plant.snow == Snow(strings_per_row=2)
    assert plant.bifaciality == 0.75


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (LOSS, LOSS + "loss_frac = 0.14\n", "only one of loss_frac and losses"),
        (LOSS, "loss_frac = 1.2\n", "loss_frac=1.2, allowed 0 to below 1"),
        (ALBEDO, "albedo = 2\n", "albedo=2"),
        (ALBEDO, 'cell = "hot"\n', "cell='hot', allowed one of"),
        (ALBEDO, ALBEDO + f"soiling = {{ rate_per_day = 7, {SOURCE} }}\n", "PV soiling: got rate_per_day=7"),
        (ALBEDO, ALBEDO + f"snow = {{ strings_per_row = 0, {SOURCE} }}\n", "strings_per_row"),
        (ALBEDO, "albedos = 0.2\n", "albedo"),
    ],
)
def test_a_mistake_is_told_once_with_its_key(tmp_path, old, new, told):
    with pytest.raises(ConfigError) as refused:
        zhongwei(tmp_path, (old, new))
    assert told in str(refused.value) and "1 problem " in str(refused.value)


def test_a_plan_names_the_node_whose_weather_lacks_what_its_plant_needs(greendc, tmp_path):
    text = west_toml().replace(ALBEDO, ALBEDO + f"snow = {{ {SOURCE} }}\n", 1)
    (tmp_path / "snow.toml").write_text(text, encoding="utf-8")
    ran = greendc("plan", "--study", tmp_path / "snow.toml", "--date", "2026-01-15", "--out", tmp_path / "runs")
    ran.refused(3, "node zhongwei: PV power: the weather has no snow_depth")
