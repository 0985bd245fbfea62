"""What the weather of a place is, in figures: sums, means, hours, its clock and what was done to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from weather.conventions import flags, timeaxis
from weather.conventions.variables import RADIATION, WINDS
from weather.derive import air_density, wet_bulb
from weather.quality.shift import Shift, label_shift
from weather.quality.sunlight import sunlight

FREE_COOLING_DEGC = 12.0
"""Wet bulb up to which the default `models.cooling.WaterEconomiserPlant` makes chilled water of 18 degC without its
chillers at half its rated heat; at 70 % 10.7, at 95 % 9.1."""

REFERENCE_DENSITY = 1.225  # kg/m3, ISO 2533 at sea level: what power curves of turbines are stated at
YEAR_H = 8760.0
_CHINA_DEG = (73.0, 135.5)  # longitudes where civil time is UTC+8


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What is known of the weather of one place.

    first, end: naive UTC. clock_h: offset of the source's own clock, None where it is not said. shift: of the
    radiation as it stands in the Dataset, None for an ensemble. figures: by name, each ending in its unit.
    """

    source: str
    licence: str
    latitude: float
    longitude: float
    altitude_m: float
    clock_h: float | None
    typical_year: bool
    synthetic: bool
    members: int
    first: np.datetime64
    end: np.datetime64
    step_h: float
    intervals: int
    history: tuple[str, ...]
    shift: Shift | None
    repairs: tuple[flags.Repair, ...]
    figures: Mapping[str, float]


def place_facts(weather: xr.Dataset) -> PlaceFacts:
    """The facts of one place.

    Parameters
    ----------
    weather : Dataset, dims (time) or (member, time), that passes `check_weather`
        Of an ensemble, sums and means are over all members.
    """
    stamps = weather["time"].values.astype("datetime64[ns]")
    step = stamps[1] - stamps[0]
    attrs = weather.attrs
    ensemble = "member" in weather.dims
    return PlaceFacts(
        source=str(attrs.get("source", "not stated")),
        licence=str(attrs.get("licence", "not stated")),
        latitude=float(weather["latitude"]),
        longitude=float(weather["longitude"]),
        altitude_m=float(weather["altitude_m"]),
        clock_h=_number(attrs.get("utc_offset_h")),
        typical_year=bool(attrs.get("typical_year")),
        synthetic=is_synthetic(weather),
        members=weather.sizes["member"] if ensemble else 1,
        first=stamps[0],
        end=stamps[-1] + step,
        step_h=timeaxis.step_h(stamps),
        intervals=stamps.size,
        history=tuple(line.strip() for line in str(attrs.get("history", "")).splitlines() if line.strip()),
        shift=None if ensemble else label_shift(weather),
        repairs=flags.repair_log(weather),
        figures=place_figures(weather),
    )


def is_synthetic(weather: xr.Dataset) -> bool:
    """Whether the weather is made, not measured or modelled from measurements."""
    return bool(attr_number(weather, "synthetic")) or "synthetic: " in str(weather.attrs.get("source", ""))


def attr_number(weather: xr.Dataset, name: str) -> float:
    """An attribute as a number, 0 where it is none."""
    return _number(weather.attrs.get(name)) or 0.0


def place_figures(weather: xr.Dataset) -> dict[str, float]:
    """Sums, means, extremes and hours of a Dataset, each named with its unit.

    Sums of radiation are over the whole span (`_kwh_m2`), and for a mean year of 8760 h (`_kwh_m2_year`) where the span
    is that long.
    """
    step_h = timeaxis.step_h(weather["time"].values)
    hours = weather.sizes["time"] * step_h
    figures: dict[str, float] = {"hours": hours}
    for name in RADIATION:
        mean = float(weather[name].mean())
        figures[f"{name}_kwh_m2"] = mean * hours / 1000.0
        figures[f"{name}_kwh_m2_day"] = mean * 0.024
        if hours >= YEAR_H:
            figures[f"{name}_kwh_m2_year"] = mean * YEAR_H / 1000.0
    figures["clearness"] = clearness(weather)
    temp, pressure = weather["temp_air"].values, weather["pressure"].values
    wet = wet_bulb(temp, weather["relative_humidity"].values, pressure)
    figures |= {
        "temp_air_mean_degc": float(temp.mean()),
        "temp_air_min_degc": float(temp.min()),
        "temp_air_max_degc": float(temp.max()),
        "relative_humidity_mean_percent": float(weather["relative_humidity"].mean()),
        "wet_bulb_mean_degc": float(wet.mean()),
        "wet_bulb_max_degc": float(wet.max()),
        "free_cooling_h": float((wet <= FREE_COOLING_DEGC).mean() * hours),
        "free_cooling_share": float((wet <= FREE_COOLING_DEGC).mean()),
        "pressure_mean_pa": float(pressure.mean()),
        "air_density_mean_kg_m3": float(air_density(temp, pressure).mean()),
    }
    for name in WINDS:
        if name in weather.data_vars:
            figures[f"{name}_mean_m_s"] = float(weather[name].mean())
    if "precipitation" in weather.data_vars:
        figures["precipitation_mm"] = float(weather["precipitation"].mean()) * hours
    if "snow_depth" in weather.data_vars:
        figures["snow_cover_h"] = float((weather["snow_depth"].values > 0.0).mean()) * hours
    figures["wind_speed_max_m_s"] = float(weather["wind_speed"].max())
    shape, scale = fit_weibull(weather["wind_speed"].values)
    return figures | {"wind_speed_weibull_k": shape, "wind_speed_weibull_a_m_s": scale}


def clearness(weather: xr.Dataset) -> float:
    """Global radiation over what the sun sends outside the atmosphere, of the whole span; NaN in polar night."""
    sun = sunlight(
        weather["time"].values.astype("datetime64[ns]"),
        latitude=float(weather["latitude"]),
        longitude=float(weather["longitude"]),
    )
    sent = float(sun.over(sun.extraterrestrial).sum())
    got = float(weather["ghi"].mean(dim=[dim for dim in weather["ghi"].dims if dim != "time"]).sum())
    return got / sent if sent > 0.0 else math.nan


def fit_weibull(speed: np.ndarray) -> tuple[float, float]:
    """Shape and scale [m/s] of the Weibull distribution of wind speeds by maximum likelihood, calms (0 m/s) left out.

    NaN where fewer than 100 values blow or they are all one value.

    Notes
    -----
    The shape k solves sum(v^k ln v) / sum(v^k) - 1 / k = mean(ln v); the scale is mean(v^k)^(1/k).

    References
    ----------
    A. C. Cohen, Maximum likelihood estimation in the Weibull distribution based on complete and on censored samples,
    Technometrics 7 (1965) 579-588.

    Examples
    --------
    >>> sample = 6.0 * (-np.log(1.0 - (np.arange(20000) + 0.5) / 20000)) ** (1 / 2.0)
    >>> [round(value, 2) for value in fit_weibull(sample)]
    [2.0, 6.0]
    """
    from scipy.optimize import brentq

    blowing = speed[speed > 0.0].ravel()
    if blowing.size < 100 or np.ptp(blowing) == 0.0:
        return math.nan, math.nan
    scaled = blowing / blowing.max()  # so that no power overflows
    logs = np.log(scaled)

    def excess(shape: float) -> float:
        weight = scaled**shape
        return float((weight * logs).sum() / weight.sum() - 1.0 / shape - logs.mean())

    low, high = 0.05, 50.0
    if excess(low) >= 0.0 or excess(high) <= 0.0:
        return math.nan, math.nan
    shape = float(brentq(excess, low, high, xtol=1e-8))
    return shape, float(blowing.max() * (scaled**shape).mean() ** (1.0 / shape))


def shown_offset_h(weather: xr.Dataset) -> float:
    """Offset of the clock a reader of this place expects [h]: civil time of China within its longitudes, else the
    source's own."""
    if _CHINA_DEG[0] <= float(weather["longitude"]) <= _CHINA_DEG[1]:
        return float(timeaxis.CIVIL_OFFSET_H)
    return attr_number(weather, "utc_offset_h")


def facts_json(facts: PlaceFacts) -> dict:
    """The facts as one JSON object; what is not known is null."""
    shift = facts.shift
    return {
        "place": {"latitude": facts.latitude, "longitude": facts.longitude, "altitude_m": facts.altitude_m},
        "source": facts.source,
        "licence": facts.licence,
        "utc_offset_h": facts.clock_h,
        "typical_year": facts.typical_year,
        "synthetic": facts.synthetic,
        "members": facts.members,
        "span": {
            "start": stamp_text(facts.first),
            "end": stamp_text(facts.end),
            "step_h": facts.step_h,
            "intervals": facts.intervals,
        },
        "label_shift": None
        if shift is None
        else {
            "hours": _finite(shift.hours),
            "witness": shift.witness or None,
            "closure_as_stamped_w_m2": _finite(shift.closure_as_stamped),
            "closure_moved_w_m2": _finite(shift.closure_shifted),
            "by_month_h": [_finite(hours) for hours in shift.by_month],
        },
        "repairs": [
            {
                "variable": repair.variable,
                "what": repair.meaning,
                "count": repair.count,
                "first": stamp_text(repair.first),
                "last": stamp_text(repair.last),
            }
            for repair in facts.repairs
        ],
        "history": list(facts.history),
        "figures": {name: _finite(value) for name, value in facts.figures.items()},
    }


def stamp_text(stamp: np.datetime64) -> str:
    """A stamp as RFC 3339 in UTC."""
    return f"{np.datetime_as_string(stamp, unit='s')}Z"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
