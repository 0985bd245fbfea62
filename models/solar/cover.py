"""What lies on the modules: dust since the last rain or washing, and snow since the last fall. States along time."""

from __future__ import annotations

import numpy as np

from models.solar.constants import row
from models.solar.plant import Snow, Soiling
from weather.conventions.errors import ConfigError
from weather.conventions.timeaxis import as_stamps


def soiling_frac(time: np.ndarray, precipitation: np.ndarray | None, *, step_h: float, soiling: Soiling) -> np.ndarray:
    """Share of the front's light that dust keeps off, at mid-interval [-] (Kimber).

    Parameters
    ----------
    time : array of datetime64, shape (time,)
    precipitation : array, shape (..., time), or None
        Mean rate over the interval. [mm/h]
    step_h : float
        [h]
    soiling : Soiling

    Returns
    -------
    ndarray, shape (..., time), or (time,) without precipitation

    Raises
    ------
    ConfigError
        When neither precipitation nor a cleaning interval tells when the dust is gone.

    Notes
    -----
    ``min(rate_per_day * days, most_frac)``, days since the end of the last interval whose rain of 24 h reached the
    threshold, plus `grace_days`, or since the last washing, whichever is later. Before the first of them the dust grows
    from `initial_frac`. Rain of the 24 h before the first stamp is not known and counts as none. Sub-daily steps; at
    longer ones the rain of one step is the day's. Equal to pvlib.soiling.kimber within half a step's dust.

    References
    ----------
    Kimber, Mitchell, Nogradi, Wenger, IEEE 4th World Conf. on PV Energy Conversion (2006) 2391,
    doi:10.1109/WCPEC.2006.279690.

    Examples
    --------
    >>> days = np.datetime64("2026-03-01", "ns") + np.arange(4) * np.timedelta64(24, "h")
    >>> rain = np.array([0.0, 0.5, 0.0, 0.0])  # 12 mm on the second day
    >>> soiling_frac(days, rain, step_h=24.0, soiling=Soiling(rate_per_day=0.01, grace_days=0.0)).round(4)
    array([0.005, 0.   , 0.005, 0.015])
    """
    if precipitation is None and soiling.cleaning_interval_days is None:
        raise ConfigError(
            "PV soiling: got cleaning_interval_days=None and a weather without precipitation, allowed one of the two: "
            "nothing tells when the dust is gone. Give a cleaning interval, or weather with precipitation."
        )
    stamps = as_stamps(time)
    day = (stamps - np.datetime64(soiling.cleaned_on, "ns")).astype(np.int64) / 86_400e9 + step_h / 48.0
    every = soiling.cleaning_interval_days
    washed = np.full(day.shape, -np.inf) if every is None else np.floor(day / every) * every
    started = washed
    if precipitation is not None:
        steps = max(1, round(24.0 / step_h))
        total = np.cumsum(precipitation * step_h, axis=-1)
        recent = total.copy()
        recent[..., steps:] -= total[..., :-steps]
        rained = recent >= soiling.rain_threshold_mm * (1.0 - 1e-9)  # the running sum rounds
        ended = np.where(rained, day + step_h / 48.0 + soiling.grace_days, -np.inf)
        started = np.maximum(washed, np.maximum.accumulate(ended, axis=-1))
    with np.errstate(invalid="ignore"):
        since = soiling.rate_per_day * np.maximum(day - started, 0.0)
    before = soiling.initial_frac + soiling.rate_per_day * (day - day[0] + step_h / 48.0)
    return np.minimum(np.where(np.isfinite(started), since, before), soiling.most_frac)


def snow_cover(
    snow_depth: np.ndarray, plane: np.ndarray, temp_air: np.ndarray, tilt: np.ndarray, *, step_h: float, snow: Snow
) -> np.ndarray:
    """Share of a row's slant height under snow at the end of the interval [-] (Marion).

    Parameters
    ----------
    snow_depth : array, shape (..., time)
        On the ground. [m]
    plane, temp_air : arrays, shape (..., time)
        Irradiance in the plane [W/m2], air temperature [degC].
    tilt : array, shape (..., time) or (time,)
        Of the modules; at a tracker that of each interval. [deg]
    step_h : float
        [h]
    snow : Snow

    Returns
    -------
    ndarray, shape (..., time)

    Notes
    -----
    1 where the depth grows by `fall_m_per_h`; then it slides by ``slide_share_per_h sin(tilt)`` an hour while
    ``temp_air > plane / can_slide_w_m2k``; 0 from when the depth is below `least_depth_m`. The modules are free at the
    first stamp. Made for tilts of 10 to 45 deg and hourly steps; a flat module keeps its snow until the ground is bare.
    Equal to pvlib.snow.coverage_nrel within 1e-9; not measured here against a snowed plant.

    References
    ----------
    Marion et al., Solar Energy 97 (2013) 112, doi:10.1016/j.solener.2013.07.029. Ryberg and Freeman,
    NREL/TP-6A20-68705 (2017).

    Examples
    --------
    >>> depth, sun, air = np.array([0.0, 0.05, 0.05, 0.05]), np.full(4, 300.0), np.full(4, 1.0)
    >>> snow_cover(depth, sun, air, np.full(4, 30.0), step_h=1.0, snow=Snow()).round(4)
    array([0.    , 1.    , 0.9015, 0.803 ])
    """
    marion = row("snow", "marion")
    lying = snow_depth >= snow.least_depth_m
    fell = np.zeros(snow_depth.shape, dtype=bool)
    fell[..., 1:] = np.diff(snow_depth, axis=-1) >= snow.fall_m_per_h * step_h * (1.0 - 1e-9)
    fell &= lying
    loose = temp_air > plane / marion["can_slide_w_m2k"]
    slide = np.where(loose, marion["slide_share_per_h"] * np.sin(np.radians(tilt)) * step_h, 0.0)
    slid = np.cumsum(slide, axis=-1)
    steps = np.arange(snow_depth.shape[-1])
    last = np.maximum.accumulate(np.where(fell | ~lying, steps, 0), axis=-1)
    left = 1.0 - (slid - np.take_along_axis(slid, last, axis=-1))
    return np.where(np.take_along_axis(fell, last, axis=-1), np.clip(left, 0.0, 1.0), 0.0)


def snow_loss(cover: np.ndarray, snow: Snow) -> np.ndarray:
    """Share of DC power that snow takes [-]: a string covered in part yields nothing.

    Parameters
    ----------
    cover : array
        Of the row's slant height. [-]
    snow : Snow

    Examples
    --------
    >>> snow_loss(np.array([0.0, 0.3, 0.8]), Snow(strings_per_row=2))
    array([0. , 0.5, 1. ])
    """
    return np.abs(np.ceil(cover * snow.strings_per_row - 1e-9)) / snow.strings_per_row


def ground_albedo(snow_depth: np.ndarray, albedo: float) -> np.ndarray:
    """Albedo of the ground [-], shape of `snow_depth`: at least that of snow where snow lies.

    Examples
    --------
    >>> ground_albedo(np.array([0.0, 0.1]), 0.2)
    array([0.2, 0.6])
    """
    marion = row("snow", "marion")
    return np.where(snow_depth >= marion["snowy_depth_m"], max(albedo, marion["snowy_albedo"]), albedo)
