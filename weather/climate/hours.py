"""The weather of one node hour by hour: random series laid on the node's parameters.

Arrays are (member, time) over whole civil days, or (time,) for what all members share: the sun, the season.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from weather.climate.calibrate import Calibrated, calibrate
from weather.climate.cycles import diurnal_shape, sunrise_solar_h, wave
from weather.climate.interpolation import through_days, through_year
from weather.climate.noise import (
    MEMORY_DAYS,
    MEMORY_H,
    OWN_HOURLY,
    SYNOPTIC,
    Span,
    field_draws,
    own_draws,
    remember,
    residual_draws,
    span_of,
    synoptic_innovations,
)
from weather.climate.sun import Sun, beam_and_diffuse, sun_over
from weather.climate.windiness import relative_wind, slow_weights
from weather.conventions.timeaxis import CIVIL_OFFSET_H
from weather.derive import relative_humidity_from_dew, standard_pressure
from weather.nodes import Node

_HOUR = np.timedelta64(1, "h")
_OWN_DAYS = -(-(MEMORY_H - 1) // 24)
_FIELD_OF = {"clearness": "clearness", "temperature": "temp", "dew": "temp", "wind": "wind"}
"""Whose length and share a quantity has in the statistics: air masses carry their moisture with them."""


@dataclass(frozen=True, slots=True)
class Season:
    """The hours of whole civil days `first` to before `last` (days since 1970), arrays of shape (time,).

    utc: start of each hour, naive. month: 0 to 11, of the hour; day_month: of the day before the first, each day
    and the day after the last, shape (days + 2,). year_month: place in the year in months, of the middle of the
    hour. civil_h: hour of the day at the middle.
    """

    first: int
    last: int
    utc: np.ndarray
    month: np.ndarray
    day_month: np.ndarray
    year_month: np.ndarray
    civil_h: np.ndarray


def season_of(first: int, last: int) -> Season:
    """Hours of the civil days first <= day < last, counted from 1970-01-01."""
    civil = np.datetime64("1970-01-01", "ns") + np.arange(first * 24, last * 24) * _HOUR
    index = pd.DatetimeIndex(civil)
    month, civil_h = index.month.to_numpy() - 1, index.hour.to_numpy() + 0.5
    days = np.arange(first - 1, last + 1).astype("datetime64[D]")
    return Season(
        first=first,
        last=last,
        utc=civil - CIVIL_OFFSET_H * _HOUR,
        month=month,
        day_month=days.astype("datetime64[M]").astype(int) % 12,
        year_month=month + (index.day.to_numpy() - 1 + civil_h / 24) / index.days_in_month.to_numpy(),
        civil_h=civil_h,
    )


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of the field, which all nodes share, for a span of days that reaches back by what is remembered."""

    seed: int
    members: range
    span: Span
    own_span: Span
    field: np.ndarray


def draw_field(season: Season, *, seed: int, members: range) -> Draws:
    """The field over the days of the season, and the days before that they remember."""
    span = span_of(season.first - 1 - MEMORY_DAYS, season.last + 1)
    return Draws(
        seed=seed,
        members=members,
        span=span,
        own_span=span_of(season.first - _OWN_DAYS, season.last),
        field=field_draws(seed, members=members, span=span),
    )


@dataclass(frozen=True, slots=True)
class _Series:
    """Standard normal series of one node. Daily ones at noon, (member, days + 2), with a day before and after.

    clear: of days' clearness; warm, warm_by_clear: of the temperature anomaly, its own and from the innovations of
    clearness; moist: of the dew point. wind_slow: (member, half-days + 1). gust, cloud, moisture: (member, hours).
    """

    clear: np.ndarray
    warm: np.ndarray
    warm_by_clear: np.ndarray
    moist: np.ndarray
    wind_slow: np.ndarray
    gust: np.ndarray
    cloud: np.ndarray
    moisture: np.ndarray


def _series(node: Node, parameters: Calibrated, season: Season, draws: Draws) -> _Series:
    statistics = parameters.normals.statistics
    residual = residual_draws(node, seed=draws.seed, members=draws.members, span=draws.span)
    innovations = {
        quantity: synoptic_innovations(
            node,
            quantity,
            field=draws.field,
            residual=residual,
            span=draws.span,
            shared=statistics[f"{_FIELD_OF[quantity]}_shared"],
            length_km=statistics[f"{_FIELD_OF[quantity]}_length_km"],
        )
        for quantity in SYNOPTIC
    }

    def daily(quantity: str, lag1: float) -> np.ndarray:
        days = season.last - season.first + 2
        return remember(innovations[quantity], lag1=lag1, steps=MEMORY_DAYS)[..., -days:]

    per_day = SYNOPTIC["wind"]
    half_days = (season.last - season.first) * per_day + 1
    slow = remember(innovations["wind"], lag1=parameters.wind.slow_lag1, steps=MEMORY_DAYS * per_day)
    # the last drawn day lies after the season; of it the first value alone is needed
    slow = slow[..., slow.shape[-1] - per_day + 1 - half_days : slow.shape[-1] - per_day + 1]
    drawn = own_draws(node, seed=draws.seed, members=draws.members, span=draws.own_span)
    own = dict(zip(OWN_HOURLY, drawn, strict=True))
    hours = season.utc.size

    def hourly(quantity: str, lag1: float) -> np.ndarray:
        return remember(own[quantity], lag1=lag1, steps=MEMORY_H)[..., -hours:]

    return _Series(
        clear=daily("clearness", parameters.clearness.lag1),
        warm=daily("temperature", parameters.temp_lag1),
        warm_by_clear=daily("clearness", parameters.temp_lag1),
        moist=daily("dew", parameters.moisture.noon_lag1),
        wind_slow=slow,
        gust=hourly("gust", parameters.wind.fast_lag1),
        cloud=hourly("cloud", statistics["cloud_hourly_lag1"]),
        moisture=hourly("moisture", parameters.moisture.hourly_lag1),
    )


def node_sun(node: Node, season: Season) -> Sun:
    """The sun over a node in the hours of a season, the same for every member."""
    turbidity = calibrate(node).normals.statistics["envelope_linke_turbidity"]
    return sun_over(node, season.utc, linke_turbidity=turbidity)


def node_weather(node: Node, season: Season, *, sun: Sun, draws: Draws) -> dict[str, np.ndarray]:
    """All variables of a node over whole civil days, arrays of shape (member, time).

    Parameters
    ----------
    node : Node
    season : Season
    sun : Sun
        From `node_sun` of the same node and season.
    draws : Draws
        From `draw_field` of the same season.

    Raises
    ------
    DataError
        When the node has no embedded climate.
    """
    parameters = calibrate(node)
    series = _series(node, parameters, season, draws)
    solar_h = np.mod(season.civil_h - CIVIL_OFFSET_H + node.longitude / 15.0, 24.0)
    up = sun.envelope > 0.0
    weather = {name: np.zeros(series.gust.shape) for name in ("ghi", "dni", "dhi")}
    # the night, half of all hours, is dark in every member
    ghi = sun.envelope[up] * _clearness(parameters, series, season, up)
    beam = beam_and_diffuse(ghi, sun.only(up))
    for name, values in zip(weather, (ghi, *beam), strict=True):
        weather[name][:, up] = values
    clear_now = through_days(_clear_days(parameters, series.clear, season))
    temp, warm = _temperature(node, parameters, series, season, clear_now, solar_h, sun.day_of_year)
    dew = _dew_point(parameters, series, season, clear_now, warm, solar_h)
    np.minimum(dew, temp, out=dew)
    return weather | {
        "temp_air": temp,
        "temp_dew": dew,
        "relative_humidity": relative_humidity_from_dew(temp, dew),
        "pressure": np.full(temp.shape, float(standard_pressure(node.altitude_m))),
        "wind_speed": _wind(parameters, series, season, solar_h),
    }


def _clearness(parameters: Calibrated, series: _Series, season: Season, up: np.ndarray) -> np.ndarray:
    """Share of the clearest-air irradiance in the chosen hours: logit-normal between days and within them."""
    clearness, month = parameters.clearness, season.month[up]
    day = np.repeat(series.clear[:, 1:-1], 24, axis=1)[:, up]
    ratio = parameters.normals.statistics["cloud_hourly_ratio"]
    logit = clearness.location[month] + clearness.scale[month] * (day + ratio * series.cloud[:, up])
    return 1.0 / (1.0 + np.exp(-logit))


def _clear_days(parameters: Calibrated, clear: np.ndarray, season: Season) -> np.ndarray:
    """How much clearer than the month each day is, in standard deviations, shape (member, days + 2).

    Bounded, unlike the Gaussian series behind it: no day is clearer than the clearest air, so heat has a
    ceiling that cloud does not give to cold.
    """
    clearness, month = parameters.clearness, season.day_month
    share = 1.0 / (1.0 + np.exp(-clearness.location[month] - clearness.scale[month] * clear))
    return (share - clearness.day_mean[month]) / clearness.day_std[month]


def _temperature(
    node: Node,
    parameters: Calibrated,
    series: _Series,
    season: Season,
    clear_now: np.ndarray,
    solar_h: np.ndarray,
    day_of_year: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Air temperature [degC] and its day-to-day anomaly [K].

    The anomaly remembers, at its own pace, air masses and the innovations of clearness: sunny days of summer
    are warm and so is the day after.
    """
    statistics = parameters.normals.statistics
    share = through_year(parameters.temp_by_clearness, season.year_month)
    spread = through_year(parameters.temp_std, season.year_month)
    warm = spread * share * through_days(series.warm_by_clear)
    warm += spread * np.sqrt(1.0 - share**2) * through_days(series.warm)
    cycle = diurnal_shape(
        solar_h,
        sunrise_h=sunrise_solar_h(node.latitude, day_of_year.astype(float)),
        peak_h=statistics["temp_peak_solar_h"],
    )
    around_mean = cycle - np.repeat(cycle.reshape(-1, 24).mean(axis=1), 24)
    # symmetric bounds keep the mean range: a day is never without a cycle, never with twice the usual
    temp = np.clip(1.0 + statistics["range_per_clearness"] * clear_now, 0.2, 1.8)
    temp *= through_year(parameters.temp_range, season.year_month) * around_mean
    temp += through_year(parameters.temp_mean, season.year_month)
    temp += warm
    return temp, warm


def _dew_point(
    parameters: Calibrated,
    series: _Series,
    season: Season,
    clear_now: np.ndarray,
    warm: np.ndarray,
    solar_h: np.ndarray,
) -> np.ndarray:
    """Dew point before the cut at saturation [degC]."""
    statistics = parameters.normals.statistics
    dew = statistics["dew_per_temp"] * warm
    dew += statistics["dew_per_clearness"] * clear_now
    dew += parameters.moisture.noon_std * through_days(series.moist)
    dew += parameters.moisture.hourly_std * series.moisture
    dew += through_year(parameters.dew_mean, season.year_month)
    dew += statistics["dew_diurnal_amplitude"] * wave(solar_h, peak_h=statistics["dew_peak_solar_h"])
    return dew


def _wind(parameters: Calibrated, series: _Series, season: Season, solar_h: np.ndarray) -> np.ndarray:
    """Wind speed at 10 m [m/s]."""
    statistics, wind = parameters.normals.statistics, parameters.wind
    before, after = slow_weights(wind.slow_lag1)
    slow = series.wind_slow[..., :-1, None] * before + series.wind_slow[..., 1:, None] * after
    z = np.sqrt(wind.slow_share) * slow.reshape(series.gust.shape) + np.sqrt(1.0 - wind.slow_share) * series.gust
    cycle = 1.0 + statistics["wind_diurnal_amplitude"] * wave(solar_h, peak_h=statistics["wind_peak_solar_h"])
    return through_year(parameters.wind_mean, season.year_month) * cycle * relative_wind(z, wind.weibull_k)
