"""The wind table of the study: every field of the plant can be set, losses by name, mistakes told once."""

from dataclasses import fields

import pytest

from energy.config import load_study, west_toml
from energy.config_supply import BatteryConfig, WindConfig, WindLossesConfig
from models.battery import Battery
from models.wind import WindLosses, WindPlant
from weather.conventions.errors import ConfigError

SHEAR = 'shear_exponent = 0.143      # 1/7; or "measured" where the weather has two heights\n'
STORM = 'storm = "cut_out"           # above the machine\'s limit; or "hysteresis", "ramp"\n'
TURBINE = (
    'turbine = "V126/3000"      # 241 W/m2 of rotor; '
    "or power_curve = [[3.0, 8.0, 12.0, 22.0], [0.0, 900.0, 2000.0, 2000.0]]\n"
)
LOSSES = "losses = { wake_frac = 0.08, availability_frac = 0.03, electrical_frac = 0.025, blade_frac = 0.015, "


def zhongwei(tmp_path, *changes):
    """The first node's wind plant of the default study with texts replaced."""
    text = west_toml()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_study(file).nodes[0].wind_plant()


def test_every_figure_of_the_plant_can_be_set():
    study_only = {"source", "note", "price_cny_per_kwh"}
    assert set(WindConfig.model_fields) - study_only == {field.name for field in fields(WindPlant)}
    assert set(WindLossesConfig.model_fields) - study_only == {field.name for field in fields(WindLosses)}


def test_the_example_in_the_comment_is_a_curve(tmp_path):
    curve = TURBINE.split("or ")[1]
    plant = zhongwei(tmp_path, (TURBINE, curve))
    assert plant.power_curve == ((3.0, 8.0, 12.0, 22.0), (0.0, 900.0, 2000.0, 2000.0)) and plant.turbine is None


def test_losses_left_out_take_the_plants_own(tmp_path):
    assert zhongwei(tmp_path).losses == WindLosses()
    plant = zhongwei(tmp_path, (LOSSES, "losses = { wake_frac = 0.11, "))
    assert plant.losses == WindLosses(wake_frac=0.11)


def test_storms_and_shear_reach_the_plant(tmp_path):
    plant = zhongwei(
        tmp_path, (STORM, 'storm = "ramp"\nstorm_ramp_m_s = [21.0, 25.0]\n'), (SHEAR, 'shear_exponent = "measured"\n')
    )
    assert (plant.storm, plant.storm_ramp, plant.shear_exponent) == ("ramp", (21.0, 25.0), "measured")


def test_frost_can_be_switched_off_and_moved(tmp_path):
    assert zhongwei(tmp_path).frost == (-30.0, -28.0)
    assert zhongwei(tmp_path, (STORM, STORM + 'low_temperature_stop_degc = "never"\n')).frost is None
    assert zhongwei(tmp_path, (STORM, STORM + "low_temperature_stop_degc = -20.0\n")).frost == (-20.0, -18.0)


def test_a_battery_loses_at_rest_what_the_models_battery_does():
    table = {"energy_kwh": 10.0, "power_kw": 5.0, "charge_eff": 0.9, "discharge_eff": 0.9, "wear_cny_per_kwh": 0.1}
    battery = BatteryConfig(**table, source="test").model()
    assert battery.self_discharge_per_h == Battery(energy_kwh=10.0, power_kw=5.0).self_discharge_per_h == 2e-5


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (SHEAR, 'shear_exponent = "often"\n', "wind: wind plant: shear_exponent: got 'often', allowed 0 to 0.6 or"),
        (SHEAR, SHEAR + "loss_frac = 0.1\n", "wind: wind plant: loss_frac and losses are both given"),
        (TURBINE, TURBINE + "power_curve = [[3.0, 8.0, 9.0], [0.0, 1.0, 1.0]]\n", "turbine and power_curve are both"),
        (STORM, 'storm = "calm"\n', 'wind.storm: found "calm"'),
        (STORM, STORM + "storm_restart_m_s = 20.0\n", 'storm_restart_m_s: given, allowed with storm = "hysteresis"'),
        (STORM, STORM + 'low_temperature_stop_degc = "no"\n', 'stop_degc = "no"; allowed: -60 to 0 degC or "never"'),
        (
            STORM,
            STORM + "low_temperature_stop_degc = -70.0\n",
            "low_temperature_stop_degc: got -70.0, allowed -60 to 0",
        ),
        (LOSSES, "losses = { wake_frac = 0.9, ", "wind.losses.wake_frac"),
    ],
)
def test_a_mistake_is_told_once_with_its_key(tmp_path, old, new, told):
    with pytest.raises(ConfigError) as refused:
        zhongwei(tmp_path, (old, new))
    assert told in str(refused.value) and "1 problem " in str(refused.value)
