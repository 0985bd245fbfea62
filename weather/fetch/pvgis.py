"""PVGIS of the European Commission: a typical year, or years of hours.

`pvlib.iotools.get_pvgis_tmy` and `get_pvgis_hourly` ask the same addresses, but without a deadline for the whole, a
limit of size or a rule for redirects: the answer is fetched by `weather.fetch.http` and decoded by the reader of saved
answers.
"""

from pathlib import Path
from typing import Any, Literal

import xarray as xr

from weather.conventions.errors import ConfigError
from weather.fetch.answer import weather_of
from weather.fetch.http import Query
from weather.fetch.place import check_place, degrees
from weather.fetch.settings import FetchSettings, load_settings
from weather.quality.finish import finish
from weather.sources.pvgis import parse_pvgis

FIRST_YEAR = 2005
"""Hourly radiation begins here in PVGIS 5.2 and 5.3."""

_MONTH_H = 30 * 24.0


def fetch_pvgis(
    *,
    latitude: float,
    longitude: float,
    kind: Literal["tmy", "hourly"] = "tmy",
    start: int | None = None,
    end: int | None = None,
    settings: FetchSettings | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    max_age_h: float = _MONTH_H,
    check: bool = True,
    repair: bool | str = False,
) -> xr.Dataset:
    """Weather of a place from PVGIS, dims (time): a typical year, or the hours of whole years.

    The typical year holds all that a plan needs. The hourly series holds radiation, temperature and wind: what else is
    required is derived, as `weather.read_pvgis` says. The horizon of the terrain is counted in.

    Parameters
    ----------
    latitude, longitude : float [deg]
    kind : "tmy" or "hourly"
    start, end : int or None
        First and last year; of "tmy" the years its months are chosen from. None: all there are.
    settings, cache, offline, max_age_h, check, repair
        As `weather.fetch_open_meteo`; max_age_h [h] is a month here.

    Returns
    -------
    Dataset, dims (time)
        A typical year has attrs typical_year = 1; attrs fetched_at and stale beside those of every source.

    Raises
    ------
    ConfigError
        When an argument or a setting is out of range.
    SourceUnavailable
        When neither the service nor the folder of kept answers have an answer.
    DataError
        When the answer cannot be used.

    Warns
    -----
    WeatherWarning
        When the answer is stale, what the reader warns of.

    References
    ----------
    European Commission, Joint Research Centre, PVGIS 5.3, non-interactive service, tools `tmy` and `seriescalc`.
    """
    settings = load_settings() if settings is None else settings
    check_place(latitude, longitude)
    years = _years(kind, start, end)
    place = {"lat": degrees(latitude), "lon": degrees(longitude), "outputformat": "json", "usehorizon": "1"}
    # the parts of the radiation on a horizontal plane
    plane = {"components": "1", "angle": "0", "aspect": "0", "trackingtype": "0", "pvcalculation": "0"}
    params = place | years | (plane if kind == "hourly" else {})
    tool = {"tmy": "tmy", "hourly": "seriescalc"}[kind]
    query = Query(f"{settings.pvgis_url.rstrip('/')}/{tool}", tuple(params.items()))

    def build(data: Any) -> xr.Dataset:
        where = f"{query.shown} for {degrees(latitude)}, {degrees(longitude)}"
        return finish(parse_pvgis(data, where=where), check=check, repair=repair)

    return weather_of(query, build=build, settings=settings, cache=cache, offline=offline, max_age_h=max_age_h)


def _years(kind: str, start: int | None, end: int | None) -> dict[str, str]:
    if kind not in ("tmy", "hourly"):
        raise ConfigError(f"kind is {kind!r}; allowed: tmy, hourly.")
    for name, year in (("start", start), ("end", end)):
        if year is not None and (type(year) is not int or not FIRST_YEAR <= year <= 2100):
            raise ConfigError(f"{name} is {year!r}; allowed: a year from {FIRST_YEAR} on.")
    if start is not None and end is not None and start > end:
        raise ConfigError(f"start is {start}, end is {end}; start must not be after end.")
    return {name: str(year) for name, year in (("startyear", start), ("endyear", end)) if year is not None}
