"""Where the services are and which key opens them: from the environment, else a configuration file, else the defaults.

The file is named by GREENDC_CONFIG, or is ~/.config/greendc/config.toml where that exists::

    [fetch]
    open_meteo_url = "https://weather.example.org/v1/forecast"
    open_meteo_api_key = "..."
    cache_folder = "/var/cache/greendc"

Each key has an environment variable that goes before it: GREENDC_OPEN_METEO_URL for open_meteo_url, and so on;
GREENDC_CACHE for cache_folder.
"""

import math
import os
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from weather.conventions import WeatherWarning
from weather.conventions.errors import ConfigError
from weather.fetch.http import check_url

OpenMeteoKind = Literal["forecast", "ensemble", "previous_runs"]

# Open-Meteo (https://open-meteo.com/en/terms): without a key for non-commercial use only, fewer than 10,000 calls a
# day, 5,000 an hour, 600 a minute; data under CC BY 4.0, to be attributed. With a key other hosts serve.
_OPEN_METEO = {
    "forecast": "https://api.open-meteo.com/v1/forecast",
    "ensemble": "https://ensemble-api.open-meteo.com/v1/ensemble",
    "previous_runs": "https://previous-runs-api.open-meteo.com/v1/forecast",
}
_OPEN_METEO_CUSTOMERS = {kind: url.replace("https://", "https://customer-") for kind, url in _OPEN_METEO.items()}

NASA_POWER_URL = "https://power.larc.nasa.gov/api/temporal/hourly/point"
"""NASA POWER: open data without a key, to be acknowledged (https://power.larc.nasa.gov/docs/referencing/)."""

PVGIS_URL = "https://re.jrc.ec.europa.eu/api/"
"""PVGIS of the European Commission, Joint Research Centre: free without a key, 30 calls a second at most; the answers
may be reused with the source named (https://joint-research-centre.ec.europa.eu/pvgis)."""

_URLS = ("open_meteo_url", "open_meteo_ensemble_url", "open_meteo_previous_runs_url", "nasa_power_url", "pvgis_url")
_CONFIG_MAX = 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Addresses, key, folder and patience of every getter.

    Parameters
    ----------
    open_meteo_url, open_meteo_ensemble_url, open_meteo_previous_runs_url : str
        "" for the public host, or the customers' host where there is a key.
    open_meteo_api_key : str
    nasa_power_url, pvgis_url : str
        The second is the base that `tmy` and `seriescalc` are appended to.
    cache_folder : Path
    deadline_s : float [s]
        Longest time for one call, tries and waits included.

    Raises
    ------
    ConfigError
        When an address is none, or the deadline is not a positive number.
    """

    open_meteo_url: str = ""
    open_meteo_ensemble_url: str = ""
    open_meteo_previous_runs_url: str = ""
    open_meteo_api_key: str = field(default="", repr=False)
    nasa_power_url: str = NASA_POWER_URL
    pvgis_url: str = PVGIS_URL
    cache_folder: Path = Path("~/.cache/greendc/weather")
    deadline_s: float = 80.0

    def __post_init__(self) -> None:
        for name in _URLS:
            if getattr(self, name):
                check_url(getattr(self, name), of=f"fetch setting {name}")
        if not (math.isfinite(self.deadline_s) and self.deadline_s > 0.0):
            raise ConfigError(f"fetch setting deadline_s is {self.deadline_s}; allowed: seconds, more than 0.")

    def open_meteo(self, kind: OpenMeteoKind) -> str:
        """Address of one of the services of Open-Meteo."""
        own = {
            "forecast": self.open_meteo_url,
            "ensemble": self.open_meteo_ensemble_url,
            "previous_runs": self.open_meteo_previous_runs_url,
        }[kind]
        return own or (_OPEN_METEO_CUSTOMERS if self.open_meteo_api_key else _OPEN_METEO)[kind]


_NAMES = tuple(entry.name for entry in fields(FetchSettings))


def variable(name: str) -> str:
    """The environment variable of a setting.

    Examples
    --------
    >>> variable("pvgis_url")
    'GREENDC_PVGIS_URL'
    """
    return {"cache_folder": "GREENDC_CACHE", "deadline_s": "GREENDC_FETCH_DEADLINE_S"}.get(
        name, f"GREENDC_{name.upper()}"
    )


def load_settings(environ: Mapping[str, str] | None = None) -> FetchSettings:
    """Settings from the environment, the configuration file and the defaults, in this order.

    Parameters
    ----------
    environ : mapping of str to str, or None
        None for the environment of the process.

    Raises
    ------
    ConfigError
        When the file named by GREENDC_CONFIG is absent, a file is no TOML, a key is unknown or a value unfit.

    Warns
    -----
    WeatherWarning
        When a file that holds a key can be read by other users.
    """
    environ = os.environ if environ is None else environ
    found: dict[str, Any] = _from_file(environ)
    if environ.get("XDG_CACHE_HOME") and "cache_folder" not in found:
        found["cache_folder"] = Path(environ["XDG_CACHE_HOME"]) / "greendc" / "weather"
    for name in _NAMES:
        said = environ.get(variable(name), "")
        if said:
            found[name] = _typed(name, said, of=variable(name))
    settings = FetchSettings(**found)
    return _at_home(settings)


def _at_home(settings: FetchSettings) -> FetchSettings:
    try:
        folder = settings.cache_folder.expanduser()
    except RuntimeError:  # a user without a home
        folder = Path("greendc-cache")
    return FetchSettings(**{name: getattr(settings, name) for name in _NAMES} | {"cache_folder": folder})


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get("GREENDC_CONFIG", "")
    file = Path(named) if named else _usual(environ)
    if file is None:
        return {}
    try:
        with file.open("rb") as stream:
            raw = stream.read(_CONFIG_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{file}: the configuration cannot be read ({error}). Correct GREENDC_CONFIG.") from error
    if len(raw) > _CONFIG_MAX:
        raise ConfigError(f"{file}: larger than 1 MB; a configuration is a few lines. Correct GREENDC_CONFIG.")
    try:
        table = tomllib.loads(raw.decode("utf-8")).get("fetch", {})
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML
        raise ConfigError(f"{file}: is no TOML ({error}). Correct it.") from error
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: fetch is {type(table).__name__}; write it as a table, [fetch].")
    unknown = sorted(set(table) - set(_NAMES))
    if unknown:
        raise ConfigError(f"{file}: [fetch] has {', '.join(unknown)}; allowed: {', '.join(_NAMES)}. Correct the key.")
    found = {name: _typed(name, value, of=f"{file}: {name}") for name, value in table.items()}
    if found.get("open_meteo_api_key"):
        _warn_readable(file)
    return found


def _usual(environ: Mapping[str, str]) -> Path | None:
    base = environ.get("XDG_CONFIG_HOME", "")
    try:
        file = (Path(base) if base else Path("~/.config").expanduser()) / "greendc" / "config.toml"
        return file if file.is_file() else None
    except (OSError, RuntimeError):  # not searchable; no home
        return None


def _warn_readable(file: Path) -> None:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        warnings.warn(
            f"{file}: holds a key and can be read by other users; chmod 600 it, or give the key by "
            f"{variable('open_meteo_api_key')}.",
            WeatherWarning,
            stacklevel=2,
        )


def _typed(name: str, value: Any, *, of: str) -> Any:
    if name == "deadline_s":
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{of} is {value!r}; allowed: a number of seconds.") from error
    if not isinstance(value, str):
        raise ConfigError(f"{of} is {value!r}; allowed: text.")
    return Path(value) if name == "cache_folder" else value
