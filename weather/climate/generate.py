"""Hourly weather of any window, from monthly normals and a seed.

The values of an hour depend on the seed, the node (its id, place and altitude) and the absolute time,
and on nothing else: not on the window, not on the other nodes. Whole blocks of 32 civil days (UTC+8)
are made and cut to the window.

What it leaves out: pressure is that of the standard atmosphere, constant; wind is independent of the
rest; the daily range of temperature follows clearness alone (correlation 0.8 to 0.9, in files 0.5 to 0.85);
no fronts, no snow, no dust days beyond what the monthly normals contain.

Measured over 80 years at the five hubs, against the normals of each month: ghi within 3.9 %, temperature
0.3 K, daily range 0.3 K, humidity 1.4 %, wind 3.1 %; over the year 0.8 %, 0.03 K, 0.07 K, 0.6 %, 0.5 %. Daily
clearness spreads by its statistic within 1.5 % and remembers the day before within 0.01 of its lag-1;
temperature within 2 % and 0.005. Means of two days from 15 July spread by 1.6 to 2.1 K.

Extremes are those of a Gaussian anomaly, fit for plans and not for sizing. The hottest hour of a year is 6.4
to 7.7 K above the mean daily maximum of the hottest month; in the records of five stations it is 5.1 to 8.6.
At Horinger and Ulanqab a fifth to a third of these hours fall before June. Winter is widened until the spread
of the year holds: the coldest hour is 6.2 to 10.8 K below the mean daily minimum of the coldest month, in the
records 5.5 to 8.9, so it is up to 2 K too cold at Ulanqab.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from weather.climate.calibrate import Calibrated, calibrate, diurnal_shape, sunrise_solar_h
from weather.climate.noise import BLOCK_DAYS, block_series, daily_with_neighbours
from weather.climate.normals import Normals, through_year
from weather.climate.sun import beam_and_diffuse, sun_over
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import CIVIL_OFFSET_H
from weather.derive import LAPSE_RATE_K_PER_KM, relative_humidity_from_dew, standard_pressure
from weather.nodes import Node
from weather.sources.assemble import place_dataset

_HOUR = np.timedelta64(1, "h")
_OFFSET = np.timedelta64(CIVIL_OFFSET_H, "h")
_BLOCK_HOURS = 24 * BLOCK_DAYS


def generate_climate(nodes: Sequence[Node], *, time: np.ndarray, seed: int) -> dict[str, xr.Dataset]:
    """Seeded weather of every node on hourly stamps.

    Parameters
    ----------
    nodes : sequence of Node
        Each within 75 km of an embedded place.
    time : ndarray of datetime64[ns], shape (time,), naive UTC
        Full hours, 1 h apart.
    seed : int, 0 or more

    Returns
    -------
    dict of node id to Dataset, dims (time)

    Raises
    ------
    DataError
        When the seed is not a whole number of 0 or more, or a node has no embedded climate.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise DataError(f"weather: seed {seed!r}; a whole number of 0 or more is needed.")
    hours = (time + _OFFSET - np.datetime64("1970-01-01", "ns")) // _HOUR
    blocks = range(int(hours[0]) // _BLOCK_HOURS, int(hours[-1]) // _BLOCK_HOURS + 1)
    # blocks outside, nodes inside: the field of a block is drawn once for all nodes
    made: dict[str, list[dict[str, np.ndarray]]] = {node.node_id: [] for node in nodes}
    for block in blocks:
        for node in nodes:
            made[node.node_id].append(_block_weather(node, block=block, seed=int(seed)))
    first = int(hours[0]) - blocks[0] * _BLOCK_HOURS
    window = slice(first, first + time.size)
    return {
        node.node_id: place_dataset(
            _joined(made[node.node_id], window),
            time=time,
            latitude=node.latitude,
            longitude=node.longitude,
            altitude_m=node.altitude_m,
            attrs=_attrs(node, int(seed)),
        )
        for node in nodes
    }


def _joined(parts: list[dict[str, np.ndarray]], window: slice) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts])[window] for name in parts[0]}


def _attrs(node: Node, seed: int) -> dict[str, str]:
    normals = calibrate(node).normals
    return {
        "source": f"embedded climate generator, normals of {normals.place}",
        "history": (
            f"generated with seed {seed} from {normals.source}; {_temperature_of(normals)}; {_moved(normals, node)}"
        ),
        "licence": "normals: NASA POWER and NOAA GSOD, public domain; series: synthetic",
    }


def _temperature_of(normals: Normals) -> str:
    """Whose altitude the temperature is of, and by what assumption where it is not the grid cell's."""
    if normals.temp_altitude_m == normals.cell_altitude_m:
        return f"temperature is of the grid cell, at {normals.cell_altitude_m:g} m"
    return (
        f"temperature is taken as of {normals.temp_altitude_m:g} m, though the grid cell lies at "
        f"{normals.cell_altitude_m:g} m ({normals.temp_note})"
    )


def _moved(normals: Normals, node: Node) -> str:
    """What was done to bring the temperature to the node's altitude."""
    higher_m = node.altitude_m - normals.temp_altitude_m
    if higher_m == 0:
        return f"not moved, the node being at {node.altitude_m:g} m"
    return (
        f"moved to the node's {node.altitude_m:g} m by {LAPSE_RATE_K_PER_KM:g} K/km "
        f"({-LAPSE_RATE_K_PER_KM * higher_m / 1000:+.2f} K)"
    )


def _block_weather(node: Node, *, block: int, seed: int) -> dict[str, np.ndarray]:
    """All variables of one block at one node, arrays of shape (768,)."""
    parameters = calibrate(node)
    statistics = parameters.normals.statistics
    civil = np.datetime64("1970-01-01", "ns") + (block * _BLOCK_HOURS + np.arange(_BLOCK_HOURS)) * _HOUR
    utc = civil - _OFFSET
    index = pd.DatetimeIndex(civil)
    month = index.month.to_numpy() - 1
    day_of_month = index.day.to_numpy() - 1 + (index.hour.to_numpy() + 0.5) / 24
    year_month = month + day_of_month / index.days_in_month.to_numpy()
    solar_h = np.mod(index.hour.to_numpy() + 0.5 - CIVIL_OFFSET_H + node.longitude / 15.0, 24.0)
    sun = sun_over(node, utc, linke_turbidity=statistics["envelope_linke_turbidity"])
    sky = _daily(node, "clearness", block=block, seed=seed, lag1=parameters.clearness.lag1)
    ghi = sun.envelope * _hourly_clearness(node, parameters, sky, month, block=block, seed=seed)
    dni, dhi = beam_and_diffuse(ghi, sun)
    clear_now = _through_days(_clear_days(parameters, sky, civil))
    temp, warm = _temperature(node, parameters, clear_now, year_month, solar_h, sun.day_of_year, block=block, seed=seed)
    moist = _through_days(_daily(node, "dew", block=block, seed=seed, lag1=statistics["dew_daily_lag1"]))
    dew = (
        through_year(parameters.dew_mean, year_month)
        + statistics["dew_per_temp"] * warm
        + statistics["dew_daily_std"] * moist
        + statistics["dew_per_clearness"] * clear_now
    )
    dew = np.minimum(dew, temp)
    return {
        "ghi": ghi,
        "dni": dni,
        "dhi": dhi,
        "temp_air": temp,
        "temp_dew": dew,
        "relative_humidity": relative_humidity_from_dew(temp, dew),
        "pressure": np.full(_BLOCK_HOURS, float(standard_pressure(node.altitude_m))),
        "wind_speed": _wind(node, parameters, year_month, solar_h, block=block, seed=seed),
    }


def _daily(node: Node, quantity: str, *, block: int, seed: int, lag1: float) -> np.ndarray:
    """Standard normal daily values of a block and its two neighbouring days, shape (34,)."""
    statistics = calibrate(node).normals.statistics
    field = "clearness" if quantity == "clearness" else "temp"  # air masses carry their moisture with them
    return daily_with_neighbours(
        node,
        seed=seed,
        quantity=quantity,
        block=block,
        lag1=lag1,
        shared=statistics[f"{field}_shared"],
        length_km=statistics[f"{field}_length_km"],
    )


def _through_days(daily: np.ndarray) -> np.ndarray:
    """Daily values at civil noon, linear between: (34,) to (768,)."""
    noon = np.arange(-1, BLOCK_DAYS + 1) + 0.5
    return np.interp((np.arange(_BLOCK_HOURS) + 0.5) / 24.0, noon, daily)


def _clear_days(parameters: Calibrated, sky: np.ndarray, civil: np.ndarray) -> np.ndarray:
    """How much clearer than the month each day is, in standard deviations, shape (34,).

    Bounded, unlike the Gaussian series behind it: no day is clearer than the clearest air, so heat has a
    ceiling that cloud does not give to cold.
    """
    days = civil[0] + (np.arange(-1, BLOCK_DAYS + 1) * 24) * _HOUR
    month = pd.DatetimeIndex(days).month.to_numpy() - 1
    clearness = parameters.clearness
    share = 1.0 / (1.0 + np.exp(-clearness.location[month] - clearness.scale[month] * sky))
    return (share - clearness.day_mean[month]) / clearness.day_std[month]


def _hourly_clearness(
    node: Node, parameters: Calibrated, sky: np.ndarray, month: np.ndarray, *, block: int, seed: int
) -> np.ndarray:
    """Share of the clearest-air irradiance in each hour: logit-normal between days and within them."""
    statistics = parameters.normals.statistics
    cloud = block_series(
        node,
        seed=seed,
        quantity="cloud",
        block=block,
        steps_per_day=24,
        lag1=statistics["cloud_hourly_lag1"],
        shared=0.0,
        length_km=1.0,
    )
    day = np.repeat(sky[1:-1], 24)
    spread = day + statistics["cloud_hourly_ratio"] * cloud
    logit = parameters.clearness.location[month] + parameters.clearness.scale[month] * spread
    return 1.0 / (1.0 + np.exp(-logit))


def _temperature(
    node: Node,
    parameters: Calibrated,
    clear_now: np.ndarray,
    year_month: np.ndarray,
    solar_h: np.ndarray,
    day_of_year: np.ndarray,
    *,
    block: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Air temperature [degC] and its day-to-day anomaly [K], shapes (768,).

    The anomaly remembers, at its own pace, air masses and the innovations of clearness: sunny days of summer
    are warm and so is the day after.
    """
    statistics = parameters.normals.statistics
    own, by_clearness = (
        _through_days(_daily(node, quantity, block=block, seed=seed, lag1=parameters.temp_lag1))
        for quantity in ("temperature", "clearness")
    )
    share = through_year(parameters.temp_by_clearness, year_month)
    anomaly = share * by_clearness + np.sqrt(1.0 - share**2) * own
    warm = through_year(parameters.temp_std, year_month) * anomaly
    cycle = diurnal_shape(
        solar_h,
        sunrise_h=sunrise_solar_h(node.latitude, day_of_year.astype(float)),
        peak_h=statistics["temp_peak_solar_h"],
    )
    around_mean = cycle - np.repeat(cycle.reshape(BLOCK_DAYS, 24).mean(axis=1), 24)
    # symmetric bounds keep the mean range: a day is never without a cycle, never with twice the usual
    wide = np.clip(1.0 + statistics["range_per_clearness"] * clear_now, 0.2, 1.8)
    swing = through_year(parameters.temp_range, year_month) * wide * around_mean
    return through_year(parameters.temp_mean, year_month) + warm + swing, warm


def _wind(
    node: Node,
    parameters: Calibrated,
    year_month: np.ndarray,
    solar_h: np.ndarray,
    *,
    block: int,
    seed: int,
) -> np.ndarray:
    """Wind speed at 10 m [m/s], shape (768,).

    Notes
    -----
    Two independent Gaussian components u, v with hourly correlation a: (u2 + v2) / 2 is exponential, its
    1/k-th power exactly Weibull. Speed correlates with nearly a2 from hour to hour, so a^48 = lag24.
    """
    statistics = parameters.normals.statistics
    u, v = (
        block_series(
            node,
            seed=seed,
            quantity=quantity,
            block=block,
            steps_per_day=24,
            lag1=statistics["wind_lag24"] ** (1.0 / 48.0),
            shared=statistics["wind_shared"],
            length_km=statistics["wind_length_km"],
        )
        for quantity in ("wind_u", "wind_v")
    )
    shape = statistics["wind_weibull_k"]
    gust = ((u**2 + v**2) / 2.0) ** (1.0 / shape) / math.gamma(1.0 + 1.0 / shape)
    hour_angle = 2.0 * np.pi * (solar_h - statistics["wind_peak_solar_h"]) / 24.0
    cycle = 1.0 + statistics["wind_diurnal_amplitude"] * np.cos(hour_angle)
    return through_year(parameters.wind_mean, year_month) * cycle * gust
