"""The sun over a place on a grid finer than the weather, and its means over intervals.

A mean over an hour, at sunrise above all, is not the value at the middle of the hour: closure, night and the limit
by the extraterrestrial are judged on means of quarter hours.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pvlib

from weather.conventions.variables import RADIATION

QUARTER = np.timedelta64(15, "m")
SOLAR_CONSTANT = 1361.0
"""Total solar irradiance at 1 au [W/m2] (Kopp & Lean 2011); within the year 1316 to 1407."""

_PAD_H = 15  # a shift of half a day, the two hours searched around it, and a piece beside them
_MOST_PIECES = 20_000_000  # half a century of quarter hours


@dataclass(frozen=True, slots=True)
class Sunlight:
    """Sun of one place on a fine grid around an axis of weather.

    per_step: pieces of an interval; pad: pieces before the first interval. cos_zenith, extraterrestrial [W/m2 on the
    horizontal], clear (a shape of clear sky for each of ghi, dni, dhi) [W/m2]: shape (fine,), mid-piece.
    """

    time: np.ndarray
    piece: np.timedelta64
    per_step: int
    pad: int
    steps: int
    cos_zenith: np.ndarray
    extraterrestrial: np.ndarray
    clear: dict[str, np.ndarray]

    def over(self, values: np.ndarray, *, shift: int = 0) -> np.ndarray:
        """Means of fine values over the intervals moved by `shift` pieces (later positive), shape (time,)."""
        first = self.pad + shift
        if self.per_step == 1:
            return values[first : first + self.steps]
        total = np.concatenate([[0.0], np.cumsum(values)])
        edges = first + self.per_step * np.arange(self.steps + 1)
        return np.maximum(np.diff(total[edges]), 0.0) / self.per_step

    def hours(self, pieces: int | float) -> float:
        """Length of that many pieces [h]."""
        return float(pieces * (self.piece / np.timedelta64(1, "h")))


def sunlight(time: np.ndarray, *, latitude: float, longitude: float) -> Sunlight:
    """Sun of a place around an axis, on pieces that divide the step and a quarter of an hour alike.

    Parameters
    ----------
    time : ndarray of datetime64[ns], shape (time,), naive UTC, equally spaced, start of each interval
    latitude, longitude : float [deg]

    Notes
    -----
    Clear shapes, with c = cos(zenith): ghi 1098 c exp(-0.057 / c) (Haurwitz); dni 1000 exp(-0.10 / c), a beam through
    as much air as the inverse of c; dhi as ghi. They carry the course of the sun through an interval, not its strength:
    whatever they are used for divides by them first.

    References
    ----------
    B. Haurwitz, Insolation in relation to cloudiness and cloud density, J. Meteorology 2 (1945) 154-166. Position by
    pvlib.solarposition.ephemeris, within 0.02 deg of the SPA algorithm.
    """
    step = time[1] - time[0]
    whole, quarter = (int(span / np.timedelta64(1, "ns")) for span in (step, QUARTER))
    per_step = whole // math.gcd(whole, quarter)
    if time.size * per_step > _MOST_PIECES:
        per_step = 1  # an odd step: the middle of its interval must do
    piece = step // per_step
    pad = int(np.timedelta64(_PAD_H, "h") // piece)
    fine = time[0] + (np.arange(time.size * per_step + 2 * pad) - pad) * piece + piece // 2
    index = pd.DatetimeIndex(fine).tz_localize("UTC")
    with warnings.catch_warnings():
        # pvlib 0.16.1 still calls a pandas method that pandas 4 will change
        warnings.simplefilter("ignore", DeprecationWarning)
        elevation = pvlib.solarposition.ephemeris(index, latitude, longitude)["elevation"].to_numpy()
    cosine = np.sin(np.radians(elevation))
    up = np.maximum(cosine, 0.0)
    extra = np.asarray(pvlib.irradiance.get_extra_radiation(index.day_of_year.to_numpy(), SOLAR_CONSTANT), dtype=float)
    safe = np.where(up > 1e-3, up, 1.0)
    horizontal = np.where(up > 1e-3, 1098.0 * up * np.exp(-0.057 / safe), 0.0)
    beam = np.where(up > 1e-3, 1000.0 * np.exp(-0.10 / safe), 0.0)
    shapes = dict(zip(RADIATION, (horizontal, beam, horizontal), strict=True))
    return Sunlight(
        time=fine,
        piece=piece,
        per_step=per_step,
        pad=pad,
        steps=time.size,
        cos_zenith=cosine,
        extraterrestrial=extra * up,
        clear=shapes,
    )
