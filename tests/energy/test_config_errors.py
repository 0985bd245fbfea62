"""Every mistake in a study file is explained: file, dotted key, found, allowed, remedy."""

import pytest

from energy.config import Study, load_study, study_from_text, study_hash, west_toml
from energy.config_checks import study_warnings
from weather import kinds
from weather.conventions.errors import ConfigError


def changed(old, new, *, times=1):
    """The embedded study with the first occurrences of a text replaced."""
    text = west_toml()
    assert old in text, f"the embedded study has no {old!r}"
    return text.replace(old, new, times)


def message(text):
    with pytest.raises(ConfigError) as caught:
        study_from_text(text, name="mine.toml")
    return str(caught.value)


MORE_TARIFFS = """[[tariff]]
id = "ningxia"
source = "test"
[[tariff.period]]
label = "all"
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
hours = ["00:00-24:00"]
price_cny_per_kwh = 0.4
"""
SMALL_GPU = """[[gpu_type]]
gpu_type = "small"
name = "Small"
gpus_per_server = 8
server_peak_kw = 4.0
server_idle_kw = 0.8
tflops_fp16 = 100.0
tdp_w = 300.0
gpu_idle_w = {idle}
source = "test"
"""
GUIAN_TARIFF = 'tariff = "guizhou-110kv"'
CASES = {
    "tariff and price file": (
        (GUIAN_TARIFF, GUIAN_TARIFF + '\nprice_csv = "p.csv"'),
        ["node[guian].grid: both of tariff and price_csv given; allowed: one of them"],
    ),
    "no price at all": ((GUIAN_TARIFF, ""), ["node[guian].grid: neither of tariff and price_csv given"]),
    "market price without a network": (
        (GUIAN_TARIFF, 'price_csv = "/p.csv"\nprice_of = "market"'),
        ["node[guian].grid", 'price_of = "market" needs price_csv, and network'],
    ),
    "network of no province": (
        (GUIAN_TARIFF, 'price_csv = "/p.csv"\nprice_of = "market"\nnetwork = "guangdong-110kv"'),
        ["node[guian].grid.network", "'guangdong'", "guizhou"],
    ),
    "network beside a tariff": (
        (GUIAN_TARIFF, GUIAN_TARIFF + '\nnetwork = "guizhou-110kv"'),
        ["node[guian].grid: network is added to market prices alone"],
    ),
    "tariff that ends before it begins": (
        ("valid_to = 2026-12-31", "valid_to = 2025-12-31"),
        ["tariff[ningxia]: valid_to = 2025-12-31 is before valid_from = 2026-01-01"],
    ),
    "tariff dates in quotes": (
        ("valid_to = 2026-12-31", 'valid_to = "2026-12-31"'),
        ['tariff[ningxia].valid_to: found "2026-12-31"; must be a date without quotes'],
    ),
    "type of day": (
        ('label = "flat"', 'label = "flat"\nday_types = ["sunday"]'),
        ["tariff[ningxia].period[1].day_types[0]", "'workday', 'weekend' or 'holiday'"],
    ),
    "day type without a price": (
        ('label = "flat"', 'label = "flat"\nday_types = ["workday", "weekend"]'),
        ["tariff[ningxia].period", "month 1 at 00:00 is covered by 0 periods on a holiday"],
    ),
    "green share above one": (
        (GUIAN_TARIFF, GUIAN_TARIFF + "\ngreen_contract_share = 30"),
        ["node[guian].grid.green_contract_share: found 30; must be <= 1"],
    ),
    "GPU powers the server cannot hold": (
        ("\n[[tariff]]", "\n" + SMALL_GPU.format(idle=200.0) + "[[tariff]]"),
        ["gpu_type[small]: GPU type 'small'", "rest of the server is -0.8 kW idle"],
    ),
    "half of the GPU powers": (
        ("\n[[tariff]]", "\n" + SMALL_GPU.replace("gpu_idle_w = {idle}\n", "") + "[[tariff]]"),
        ["gpu_type[small]: GPU type 'small': got gpu_idle_w=None, tdp_w=300.0; allowed: both or neither"],
    ),
    "unknown key": (
        ("capacity_kw = 2000.0", "capasity_kw = 2000.0"),
        [
            "node[zhongwei].pv.capasity_kw",
            "unknown key",
            'did you mean "capacity_kw"?',
            "valid keys:",
            "node[zhongwei].pv.capacity_kw: missing",
        ],
    ),
    "unknown key at the top": (
        ("schema_version = 1", 'titel = "x"\nschema_version = 1'),
        ["titel: unknown key", '"title"'],
    ),
    "unknown key in cooling": (
        ('kind = "air_economiser"', 'kind = "air_economiser"\nrated_heat = 3.0'),
        ["node[zhongwei].cooling.rated_heat: unknown key", '"rated_heat_kw"'],
    ),
    "number in quotes": (
        ("capacity_kw = 2000.0", 'capacity_kw = "2000"'),
        ['node[zhongwei].pv.capacity_kw: found "2000"; must be a number, without quotes'],
    ),
    "negative size": (
        ("capacity_kw = 2000.0", "capacity_kw = -5"),
        ["node[zhongwei].pv.capacity_kw: found -5; must be > 0"],
    ),
    "no solar plant": (
        ("capacity_kw = 2000.0", "capacity_kw = 0"),
        ["node[zhongwei].pv.capacity_kw: found 0; must be > 0; leave out [node.pv] where there is none"],
    ),
    "not finite": (
        ("capacity_kw = 2000.0", "capacity_kw = nan"),
        ["node[zhongwei].pv.capacity_kw: found nan"],
    ),
    "share above one": (
        ("renewable_share = 0.30 ", "renewable_share = 30 "),
        ["targets.renewable_share: found 30; must be <= 1"],
    ),
    "pue below one": (("pue = 1.25 ", "pue = 0.9 "), ["targets.pue: found 0.9; must be >= 1"]),
    "flag as text": (("hard = false", 'hard = "no"'), ['targets.hard: found "no"; must be true or false']),
    "no source": (
        ('source = "assumption: office-hour', 'note = "assumption: office-hour'),
        ["inference[1].source: missing", '"assumption: "'],
    ),
    "unknown tariff": (
        ('tariff = "gansu-110kv"', 'tariff = "gangsu-110kv"'),
        ['node[qingyang].grid.tariff: no tariff "gangsu-110kv" (did you mean "gansu-110kv"?)', "ningxia"],
    ),
    "unknown gpu type": (
        ('gpu_type = "h100"', 'gpu_type = "h200"'),
        ['node[zhongwei].cluster[0].gpu_type: unknown GPU type "h200"', "ascend910b", "[[gpu_type]]"],
    ),
    "unknown cooling": (
        ('kind = "air_economiser"', 'kind = "immersion"'),
        ["node[zhongwei].cooling", '"immersion"', "'air_economiser'", "'water_economiser'"],
    ),
    "duplicate node": (
        ('id = "horinger"', 'id = "zhongwei"'),
        ['node[zhongwei].id: "zhongwei" is given 2 times'],
    ),
    "duplicate tariff": (
        ('[[tariff]]\nid = "ningxia"', MORE_TARIFFS + '[[tariff]]\nid = "ningxia"'),
        ['tariff[ningxia].id: "ningxia" is given 2 times'],
    ),
    "bad id": (('id = "horinger"', 'id = "Horinger/1"'), ["node[Horinger/1].id", "lower-case"]),
    "pool twice": (
        ('gpu_type = "a100"\ngpus = 50\ncount = 1', 'gpu_type = "a100"\ngpus = 150\ncount = 1'),
        ["node[ulanqab].cluster: pool ulanqab/a100x150 is given 2 times"],
    ),
    "descending setpoints": (
        ("setpoints_degc = [18.0, 19.0", "setpoints_degc = [19.0, 18.0"),
        ["node[zhongwei].cooling.setpoints_degc: setpoints must ascend"],
    ),
    "even setpoints": (
        ("setpoints_degc = [18.0, 19.0", "setpoints_degc = [19.0"),
        ["node[zhongwei].cooling.setpoints_degc: an odd number"],
    ),
    "horizon not a multiple": (
        ("horizon_h = 48.0", "horizon_h = 47.5"),
        ["planning.horizon_h: 47.5 is not a multiple of planning.step_h = 1"],
    ),
    "step does not divide the day": (
        ("step_h = 1.0", "step_h = 0.7"),
        ["planning.step_h: 0.7 does not divide 24 h"],
    ),
    "tariff gap": (
        ('hours = ["23:00-07:00"]', 'hours = ["23:00-06:00"]'),
        ["tariff[ningxia].period", "06:00", "covered by 0"],
    ),
    "tariff overlap": (
        ('hours = ["23:00-07:00"]', 'hours = ["22:00-07:00"]'),
        ["tariff[ningxia].period", "22:00", "covered by 2"],
    ),
    "tariff hours unreadable": (
        ('hours = ["23:00-07:00"]', 'hours = ["11pm-7am"]'),
        ["tariff[ningxia].period[1].hours", '"11pm-7am"', "HH:MM"],
    ),
    "tariff past midnight": (
        ('hours = ["23:00-07:00"]', 'hours = ["23:00-24:30"]'),
        ["tariff[ningxia].period[1].hours", "24:00 ends the day"],
    ),
    "month 13": (
        ("months = [1, 2, 3,", "months = [13, 2, 3,"),
        ["tariff[ningxia].period[0].months[0]: found 13"],
    ),
    "weather of no node": (
        ("# [weather.specs]", '[weather.specs]\nzhongwie = "climate"'),
        ['weather.specs.zhongwie: no node "zhongwie" (did you mean "zhongwei"?)'],
    ),
    "weather source": (
        ('default = "climate"', 'default = "grib:x"'),
        ['weather.default: "grib:x" is no weather source', "epw:PATH"],
    ),
    "weather source without a file": (
        ('default = "climate"', 'default = "netcdf:  "'),
        ['weather.default: "netcdf:  " is no weather source', "netcdf:PATH"],
    ),
    "peak above the connection": (
        ("import_limit_kw = 2500.0", "import_limit_kw = 10.0"),
        ["node[zhongwei].grid: month_peak_kw", "import_limit_kw = 10"],
    ),
    "stocks beyond the battery": (
        ("initial_green_frac = 0.0", "initial_green_frac = 0.9"),
        ["node[zhongwei].battery: initial_green_frac"],
    ),
    "unknown turbine": (
        ('turbine = "V126/3000"', 'turbine = "E-999"'),
        ["node[zhongwei].wind: wind plant: turbine: got 'E-999'", "E-141/4200"],
    ),
    "a limit of the plant's own": (
        ("delta_k = 11.0", "delta_k = 99.0"),
        ["node[zhongwei].cooling: air economiser plant: got delta_k=99.0, allowed 3 to 30"],
    ),
    "a number for a table": (
        ("schema_version = 1", "schema_version = 1\ngpu_type = [3]"),
        ["gpu_type[0]: found 3; must be a table"],
    ),
    "a table for a number": (
        ("altitude_m = 1226.0", "altitude_m = { m = 1226.0 }"),
        ["node[zhongwei].site.altitude_m: found a table; must be a number"],
    ),
    "a text for a list": (
        ('hours = ["23:00-07:00"]', 'hours = "23:00-07:00"'),
        ['tariff[ningxia].period[1].hours: found "23:00-07:00"; must be a list'],
    ),
    "a flag for a number": (
        ("fan_pressure_pa = 500.0", "fan_pressure_pa = true"),
        ["node[zhongwei].cooling.fan_pressure_pa: found true; must be a number"],
    ),
    "schema version": (("schema_version = 1", "schema_version = 2"), ["schema_version: found 2; allowed: 1"]),
    "a fraction of a cluster": (("gpus = 200", "gpus = 200.5"), ["cluster[0].gpus", "whole number"]),
}


@pytest.mark.parametrize("case", CASES)
def test_mistake_is_explained(case):
    (old, new), expected = CASES[case]
    text = message(changed(old, new))
    assert text.startswith("mine.toml: ")
    for part in expected:
        assert part in text, text


def inference(old, new):
    text = west_toml()
    start = text.index("[[node.inference]]")
    return text[:start] + text[start:].replace(old, new, 1)


def test_serving_wants_24_hours():
    text = message(inference("gpus_by_hour = [150, ", "gpus_by_hour = ["))
    assert "node[zhongwei].inference[0].gpus_by_hour: needs at least 24 entries, has 23" in text


def test_serving_within_the_pool():
    text = message(inference("gpus_by_hour = [150, ", "gpus_by_hour = [750, "))
    assert "node[zhongwei].inference[0].gpus_by_hour: 750 GPUs at hour 0, but zhongwei/a100x150 has only 600" in text


def test_serving_takes_whole_clusters():
    text = message(inference("gpus_by_hour = [150, ", "gpus_by_hour = [100, "))
    assert "multiples of 150" in text and "free = true" in text


def test_serving_of_a_type_with_two_pools_names_one():
    entry = (
        '\n[[node.inference]]\ngpu_type = "a100"\ngpus_by_hour = [' + ", ".join(["50"] * 24) + "]\n"
        'power_frac = 0.6\nsource = "assumption: test"\n\n[node.pv]\ncapacity_kw = 1200.0'
    )
    old = "\n[node.pv]\ncapacity_kw = 1200.0"
    assert "2 pools of a100" in message(changed(old, entry))
    study = study_from_text(changed(old, entry.replace('"a100"\n', '"a100"\npool = "a100x50"\n')))
    assert study.node("ulanqab").reserved_gpus()["ulanqab/a100x50"] == (50,) * 24
    wrong = message(changed(old, entry.replace('"a100"\n', '"a100"\npool = "a100x60"\n')))
    assert 'inference[1]: pool "a100x60" is none of the a100 pools' in wrong


def test_all_problems_come_at_once_and_are_capped():
    text = message(changed("pue = 1.25 ", "pue = 0.5 ").replace("hard = false", "hard = 1"))
    assert "2 problems" in text and "targets.pue" in text and "targets.hard" in text
    many = message(west_toml().replace("source = ", "sauce = "))
    assert "more" in many.splitlines()[-2] and len(many.splitlines()) == 23
    assert many.splitlines()[-1].endswith("weather files are looked at once this is mended)")


def one_node(old, new):
    """The embedded study cut to Zhongwei and its tariff, with a text replaced."""
    text = west_toml()
    whole = "\n[[node]]\n".join(text.split("\n[[node]]\n")[:2])
    assert whole.count(old) >= 1
    return whole.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("capacity_kw = 2000.0", "capacity_kw = -5", "node[zhongwei].pv.capacity_kw: found -5"),
        ("price_cny_per_kwh = 0.4620", "price_cny_per_kwh = 99", "tariff[ningxia].period[0].price_cny_per_kwh"),
        ("gpus_by_hour = [150, ", "gpus_by_hour = [-1, ", "inference[0].gpus_by_hour[0]: found -1"),
    ],
)
def test_one_bad_value_is_one_problem(old, new, key):
    """A list of one with a fault in it is not said to be empty too."""
    study_from_text(one_node("schema_version", "schema_version"), name="mine.toml")
    text = message(one_node(old, new))
    assert "1 problem in" in text and key in text and "entries" not in text, text


def test_an_empty_list_is_told_still():
    text = message(one_node("setpoints_degc = [18.0, 19.0, 20.0, 21.0, 22.0]", "setpoints_degc = []"))
    assert "node[zhongwei].cooling.setpoints_degc: needs at least 1 entries, has 0" in text
    short = message(one_node("gpus_by_hour = [150, 150, ", "gpus_by_hour = [-1, "))
    assert "gpus_by_hour: needs at least 24 entries, has 23" in short and "gpus_by_hour[0]: found -1" in short


def setpoints(text, *, rate=5.0):
    study = one_node("setpoints_degc = [18.0, 19.0, 20.0, 21.0, 22.0]", f"setpoints_degc = {text}")
    return study_from_text(study.replace("setpoint_rate_k_per_h = 5.0", f"setpoint_rate_k_per_h = {rate}"))


def test_setpoints_too_far_apart_are_warned_of():
    """The planner allows `rate` K within any hour, and within a step where that is longer (planner.plant, law 8)."""
    assert study_warnings(load_study(None), 0.25) == study_warnings(load_study(None), 1.0) == []
    frozen = setpoints("[16.0, 18.0, 20.0]", rate=1.25)
    (text,) = study_warnings(frozen, 0.25)
    assert text == (
        "node zhongwei: its setpoints lie up to 2 K apart, but 1 h allow a move of 1.25 K: it can never move. Use "
        "setpoints at most 1.25 K apart in node.cooling.setpoints_degc, or raise planning.setpoint_rate_k_per_h to 2."
    )
    assert study_warnings(frozen, 1.0) == [text]
    assert study_warnings(frozen, 2.0) == []
    assert study_warnings(setpoints("[16.0, 18.0, 20.0]", rate=2.0), 0.25) == []
    (text,) = study_warnings(setpoints("[14.0, 20.0, 24.0]"), 1.0)
    assert "can never move from 14 to 20 degC or back" in text and "to 6." in text
    assert study_warnings(setpoints("[20.0]", rate=0.001), 1.0) == []


def test_toml_error_names_the_line():
    text = message("schema_version = 1\nname = \n")
    assert text.startswith("mine.toml: not valid TOML") and "line 2" in text


def test_files_that_are_no_study(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read \(No such file"):
        load_study(tmp_path / "nothing.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_study(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'name = "\xff\xfe"')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_study(binary)
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 5_000_001)
    with pytest.raises(ConfigError, match="larger than"):
        load_study(huge)
    with pytest.raises(ConfigError, match="6 problems"):
        study_from_text("")


def test_weather_paths_start_at_the_study_file(tmp_path):
    text = changed("# [weather.specs]", '[weather.specs]\nguian = "epw:weather/g.epw"\nhoringer = "netcdf:/data/h.nc"')
    places = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "study.toml").write_text(text, encoding="utf-8")
        places.append(load_study(folder / "study.toml"))
    specs = places[0].weather.specs
    assert specs == {
        "zhongwei": "climate",
        "horinger": "netcdf:/data/h.nc",
        "ulanqab": "climate",
        "qingyang": "climate",
        "guian": f"epw:{tmp_path / 'a' / 'weather' / 'g.epw'}",
    }
    assert study_hash(places[0]) == study_hash(places[1])
    assert "relative" in message(text)


def test_a_kind_of_weather_added_to_the_table_is_a_source(monkeypatch):
    """weather/kinds.py is the only place: a row there makes a kind known to the study."""
    text = changed('default = "climate"', 'default = "tmy:/data/year.csv"')
    assert "allowed: climate, epw:PATH, netcdf:PATH" in message(text)
    row = kinds.Kind(
        name="tmy",
        needs_path=True,
        reader="nowhere:read",
        typical_year=True,
        look_up="",
        example="tmy:/data/y.csv",
        words="a year of a test",
    )
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, row))
    assert set(study_from_text(text).weather.specs.values()) == {"tmy:/data/year.csv"}
    wrong = changed('default = "climate"', 'default = "moon"')
    assert f"allowed: {', '.join(kinds.forms())}" in message(wrong)
    assert kinds.forms()[-1] == "tmy:PATH"


def test_own_gpu_type_extends_and_replaces():
    own = (
        '\n[[gpu_type]]\ngpu_type = "{}"\nname = "Test"\ngpus_per_server = 8\nserver_peak_kw = 8.0\n'
        'server_idle_kw = 1.6\ntflops_fp16 = 100.0\nsource = "assumption: test"\n'
    )
    study = study_from_text(west_toml() + own.format("b300"))
    assert study.gpu_table()["b300"].peak_kw == 1.0 and study.gpu_table()["h100"].peak_kw == 1.275
    assert study_from_text(west_toml() + own.format("h100")).gpu_table()["h100"].idle_kw == pytest.approx(0.2)
    assert "server_idle_kw = 9" in message(west_toml() + own.format("b300").replace("idle_kw = 1.6", "idle_kw = 9.0"))


def test_study_is_frozen_and_survives_a_round_trip():
    study = load_study(None)
    with pytest.raises(ValueError, match="frozen"):
        study.targets.pue = 1.1
    again = Study.model_validate(study.model_dump(by_alias=True))
    assert study_hash(again) == study_hash(study)


def test_unknown_names_are_explained():
    study = load_study(None)
    with pytest.raises(ConfigError, match=r'no node "xian".*zhongwei'):
        study.node("xian")
    with pytest.raises(ConfigError, match=r'no tariff "xian".*gansu-110kv'):
        study.tariff("xian")
    assert study.tariff("gansu-110kv").tariff_id == "gansu-110kv"


@pytest.mark.parametrize("said", ['"month"', '"yes"', '"true"', "2", "[]"])
def test_repair_is_one_of_three(tmp_path, said):
    text = west_toml()
    study = tmp_path / "study.toml"
    study.write_text(text.replace("\nrepair = false", f"\nrepair = {said}"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"weather\.repair: .*allowed: False, True or 'months'"):
        load_study(study)


def test_a_key_named_as_its_table_s_kind_is_a_key():
    """A chiller plant has a key `chiller`: what is wrong beside it keeps its path and its list of valid keys."""
    table = 'kind = "chiller"\nchiller = "doe2"\ncondensor = "air"'
    said = message(changed('kind = "water_economiser"', table))
    assert ".cooling.condensor: unknown key (did you mean" in said and "valid keys: rated_heat_kw" in said
    said = message(changed('kind = "water_economiser"', 'kind = "chiller"\nchiller = 3'))
    assert ".cooling.chiller: found 3; must be text in quotes" in said


def test_cooling_of_another_size_than_the_hall_is_a_slip_of_the_unit():
    said = message(changed("rated_heat_kw = 2000.0", "rated_heat_kw = 2e6"))
    assert ".cooling.rated_heat_kw: 2,000,000 is 1,081 times electrical.rated_kw = 1,850; allowed: at most 20 " in said


def test_small_supply_is_asked_about():
    """2 kW beside a hall of MW is what one writes who thinks in MW; none of the embedded plants is asked about."""
    study = load_study(None)
    node = next(node for node in study.nodes if node.pv is not None)
    small = node.model_copy(update={"pv": node.pv.model_copy(update={"capacity_kw": 2.0})})
    (said,) = study_warnings(study.model_copy(update={"nodes": (small,)}), 1.0)
    assert f"node {node.id}: node.pv.capacity_kw = 2 kW is" in said and said.endswith("In MW? Give kW.")
    fair = node.model_copy(update={"pv": node.pv.model_copy(update={"capacity_kw": 0.006 * node.electrical.rated_kw})})
    assert study_warnings(study.model_copy(update={"nodes": (fair,)}), 1.0) == []


@pytest.mark.parametrize(("least", "asked"), [(3e6, True), (4000.0, False), (0.0, False)])
def test_calls_far_beyond_the_connection_are_asked_about(tmp_path, least, asked):
    study = load_study(None)
    (tmp_path / "calls.csv").write_text(
        f"time,import_limit_kw\n2026-07-15T00:00:00Z,3e6\n2026-07-15T01:00:00Z,{least}\n", encoding="utf-8"
    )
    node = study.nodes[0]
    grid = node.grid.model_copy(update={"import_limit_csv": str(tmp_path / "calls.csv")})
    said = study_warnings(study.model_copy(update={"nodes": (node.model_copy(update={"grid": grid}),)}), 1.0)
    assert ["limits nothing" in text for text in said] == [True] * asked
