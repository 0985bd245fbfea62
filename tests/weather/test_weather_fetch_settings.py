"""Where the services are: the environment before the file, the file before the defaults; wrong ones refused."""

from pathlib import Path

import pytest

from weather import WeatherWarning
from weather.conventions.errors import ConfigError
from weather.fetch.settings import NASA_POWER_URL, FetchSettings, load_settings


@pytest.fixture
def write(tmp_path):
    def make(text: str, *, mode: int = 0o600) -> dict[str, str]:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        return {"GREENDC_CONFIG": str(file), "XDG_CONFIG_HOME": str(tmp_path / "none")}

    return make


def empty(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "none")}


def test_without_configuration_the_public_hosts_are_asked(tmp_path):
    settings = load_settings(empty(tmp_path))
    assert settings.open_meteo("forecast") == "https://api.open-meteo.com/v1/forecast"
    assert settings.open_meteo("ensemble") == "https://ensemble-api.open-meteo.com/v1/ensemble"
    assert settings.open_meteo("previous_runs") == "https://previous-runs-api.open-meteo.com/v1/forecast"
    assert settings.nasa_power_url == NASA_POWER_URL
    assert settings.cache_folder.parts[-3:] == (".cache", "greendc", "weather")
    assert settings.cache_folder.is_absolute()


def test_a_key_opens_the_customers_hosts_but_not_in_place_of_an_own_one(tmp_path):
    environ = empty(tmp_path) | {"GREENDC_OPEN_METEO_API_KEY": "k", "GREENDC_OPEN_METEO_URL": "http://own.example/f"}
    settings = load_settings(environ)
    assert settings.open_meteo("forecast") == "http://own.example/f"
    assert settings.open_meteo("ensemble") == "https://customer-ensemble-api.open-meteo.com/v1/ensemble"
    assert "'k'" not in repr(settings)


def test_the_environment_goes_before_the_file(write):
    environ = write(
        '[fetch]\npvgis_url = "http://file.example/"\nnasa_power_url = "http://file.example/p"\ndeadline_s = 9\n'
    )
    settings = load_settings(environ | {"GREENDC_PVGIS_URL": "http://env.example/"})
    assert settings.pvgis_url == "http://env.example/"
    assert settings.nasa_power_url == "http://file.example/p"
    assert settings.deadline_s == 9.0


def test_the_usual_file_is_found(tmp_path):
    (tmp_path / "greendc").mkdir()
    (tmp_path / "greendc" / "config.toml").write_text('[fetch]\ncache_folder = "/somewhere"\n[other]\nx = 1\n')
    assert load_settings({"XDG_CONFIG_HOME": str(tmp_path)}).cache_folder == Path("/somewhere")
    assert load_settings({"XDG_CONFIG_HOME": str(tmp_path), "GREENDC_CACHE": "/else"}).cache_folder == Path("/else")


def test_the_cache_follows_the_platform(tmp_path):
    assert load_settings(empty(tmp_path) | {"XDG_CACHE_HOME": "/x"}).cache_folder == Path("/x/greendc/weather")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[fetch]\nopen_meteo = "http://x.example"\n', r"\[fetch\] has open_meteo; allowed: open_meteo_url, "),
        ("[fetch]\npvgis_url = 7\n", "pvgis_url is 7; allowed: text"),
        ('[fetch]\npvgis_url = "ftp://x.example"\n', "fetch setting pvgis_url is 'ftp://x.example'; allowed: http://"),
        ('[fetch]\ndeadline_s = "soon"\n', "deadline_s is 'soon'; allowed: a number"),
        ("[fetch]\ndeadline_s = -1\n", "deadline_s is -1.0; allowed: seconds, more than 0"),
        ("[fetch]\ndeadline_s = nan\n", "deadline_s is nan"),
        ("fetch = 3\n", r"fetch is int; write it as a table"),
        ("[fetch\n", "is no TOML"),
        ("x = '\udcff'\n", "is no TOML"),
        ("x = 1\n" + "#" * (1 << 20), "larger than 1 MB"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, text, told):
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=told):
        load_settings({"GREENDC_CONFIG": str(file)})


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml: the configuration cannot be read"):
        load_settings({"GREENDC_CONFIG": str(tmp_path / "absent.toml")})


@pytest.mark.parametrize("value", ["nonsense", "http://", "https://a b"])
def test_a_wrong_address_in_the_environment_is_refused(tmp_path, value):
    with pytest.raises(ConfigError, match="nasa_power_url is"):
        load_settings(empty(tmp_path) | {"GREENDC_NASA_POWER_URL": value})


def test_a_key_in_a_wrong_address_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        FetchSettings(pvgis_url="ftp://me:hidden@x.example/?token=s3cret")
    assert "hidden" not in str(caught.value) and "s3cret" not in str(caught.value)


def test_a_key_others_can_read_is_warned_of(write):
    environ = write('[fetch]\nopen_meteo_api_key = "k"\n', mode=0o644)
    with pytest.warns(WeatherWarning, match="can be read by other users; chmod 600"):
        load_settings(environ)
    assert load_settings(write('[fetch]\nopen_meteo_api_key = "k"\n')).open_meteo_api_key == "k"


def test_settings_are_of_the_process_where_none_are_given(monkeypatch, tmp_path):
    monkeypatch.setenv("GREENDC_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_settings().cache_folder == tmp_path
