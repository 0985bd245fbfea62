"""Courses of the day that do not depend on the weather: the temperature's, and when the sun rises."""

import numpy as np


def sunrise_solar_h(latitude: float, day_of_year: np.ndarray) -> np.ndarray:
    """Solar hour of sunrise [h], from Cooper's declination; within 0.2 h between 25 and 45 N.

    References
    ----------
    P. I. Cooper, The absorption of radiation in solar stills, Solar Energy 12 (1969) 333-346.
    """
    declination = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day_of_year) / 365.0))
    cosine = np.clip(-np.tan(np.radians(latitude)) * np.tan(declination), -0.95, 0.95)
    return 12.0 - np.degrees(np.arccos(cosine)) / 15.0


def diurnal_shape(solar_h: np.ndarray, *, sunrise_h: np.ndarray, peak_h: float) -> np.ndarray:
    """Daily temperature cycle between 0 at sunrise and 1 at its peak in the afternoon.

    Parameters
    ----------
    solar_h : ndarray [h], 0 to 24
    sunrise_h : ndarray [h], broadcast against it
    peak_h : float [h]

    Returns
    -------
    ndarray, 0 to 1

    Notes
    -----
    Half a cosine up; down half a cosine in the 0.8th power of time, so that the mean lies at 0.46 of the
    range, as in the normals (0.42 to 0.52).
    """
    up = (solar_h - sunrise_h) / (peak_h - sunrise_h)
    since_peak = np.mod(solar_h - peak_h, 24.0) / (24.0 + sunrise_h - peak_h)
    rising = (up >= 0.0) & (up < 1.0)
    fall = np.clip(since_peak, 0.0, 1.0) ** 0.8
    return np.where(rising, 0.5 - 0.5 * np.cos(np.pi * up), 0.5 + 0.5 * np.cos(np.pi * fall))


def wave(solar_h: np.ndarray, *, peak_h: float) -> np.ndarray:
    """First harmonic of the day, 1 at its peak."""
    return np.cos(2.0 * np.pi * (solar_h - peak_h) / 24.0)
