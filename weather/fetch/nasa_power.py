"""NASA POWER's hourly service for a point.

`pvlib.iotools.get_nasa_power` asks the same address, but without a time limit, a limit of size or a rule for
redirects: the answer is fetched by `weather.fetch.http` and decoded by the reader of saved answers.
"""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from weather.conventions.errors import ConfigError
from weather.fetch.answer import weather_of
from weather.fetch.http import Query
from weather.fetch.place import check_date, check_place, degrees
from weather.fetch.settings import FetchSettings, load_settings
from weather.quality.finish import finish
from weather.sources.nasa_power import parse_nasa_power

FIRST_DAY = dt.date(2001, 1, 1)
"""Hourly data begin here (https://power.larc.nasa.gov/docs/services/api/temporal/hourly/)."""

# 10 of at most 15 parameters of one hourly query
_PARAMETERS = (
    "ALLSKY_SFC_SW_DWN",
    "ALLSKY_SFC_SW_DNI",
    "ALLSKY_SFC_SW_DIFF",
    "T2M",
    "T2MDEW",
    "RH2M",
    "PS",
    "WS10M",
    "WS50M",
    "WD10M",
    "PRECTOTCORR",
)


def fetch_nasa_power(
    *,
    latitude: float,
    longitude: float,
    start: str | dt.date,
    end: str | dt.date,
    settings: FetchSettings | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    max_age_h: float = 24.0,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of the past at a place, from NASA POWER (CERES radiation, MERRA-2 weather), dims (time).

    Cells are 1 degree wide for radiation and half a degree for weather: in mountains the altitude, and so temperature
    and pressure, may be those of another height. The last days and weeks are not there yet; they are cut off with a
    warning.

    Parameters
    ----------
    latitude, longitude : float [deg]
    start, end : str "YYYY-MM-DD" or date
        First and last day, UTC, from 2001 on.
    settings, cache, offline, max_age_h, check, repair
        As `weather.fetch_open_meteo`; max_age_h [h] is a day here.

    Returns
    -------
    Dataset, dims (time)
        Hourly means; attrs fetched_at and stale beside those of every source.

    Raises
    ------
    ConfigError
        When an argument or a setting is out of range.
    SourceUnavailable
        When neither the service nor the folder of kept answers have an answer.
    DataError
        When the answer cannot be used: unknown units, long gaps.

    Warns
    -----
    WeatherWarning
        When the answer is stale, or hours were cut off or bridged.

    References
    ----------
    NASA Langley Research Center, POWER Project, Hourly API.
    """
    settings = load_settings() if settings is None else settings
    check_place(latitude, longitude)
    first, last = check_date("start", start), check_date("end", end)
    if not FIRST_DAY <= first <= last:
        raise ConfigError(f"start is {first}, end is {last}; allowed: from {FIRST_DAY} on, and start not after end.")
    params = {
        "latitude": degrees(latitude),
        "longitude": degrees(longitude),
        "start": f"{first:%Y%m%d}",
        "end": f"{last:%Y%m%d}",
        "community": "re",
        "parameters": ",".join(_PARAMETERS),
        "format": "json",
        "header": "true",
        "time-standard": "utc",
    }
    query = Query(settings.nasa_power_url, tuple(params.items()))

    def build(data: Any) -> xr.Dataset:
        where = f"{query.shown} for {degrees(latitude)}, {degrees(longitude)}"
        return finish(replace(parse_nasa_power(data, where=where), open_end=True), check=check, repair=repair)

    return weather_of(query, build=build, settings=settings, cache=cache, offline=offline, max_age_h=max_age_h)
