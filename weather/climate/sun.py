"""The sun over a node: extraterrestrial and clearest-air irradiance, and the beam split."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pvlib

from weather.derive import standard_pressure
from weather.nodes import Node

_HALF_HOUR = np.timedelta64(30, "m")


@dataclass(frozen=True, slots=True)
class Sun:
    """Sun at the middle of each hour, arrays of shape (time,)."""

    zenith_deg: np.ndarray
    extraterrestrial: np.ndarray  # on the horizontal [W/m2]
    envelope: np.ndarray  # horizontal irradiance under the clearest air [W/m2]
    day_of_year: np.ndarray

    def only(self, chosen: np.ndarray) -> "Sun":
        """The sun in the chosen hours; chosen: ndarray of bool, shape (time,)."""
        return Sun(
            zenith_deg=self.zenith_deg[chosen],
            extraterrestrial=self.extraterrestrial[chosen],
            envelope=self.envelope[chosen],
            day_of_year=self.day_of_year[chosen],
        )


def sun_over(node: Node, hours: np.ndarray, *, linke_turbidity: float) -> Sun:
    """Sun and clearest-air irradiance at the middle of hourly intervals.

    Parameters
    ----------
    node : Node
    hours : ndarray of datetime64[ns], shape (time,), naive UTC, start of each hour
    linke_turbidity : float [1]
        Turbidity of the clearest air.

    Returns
    -------
    Sun

    References
    ----------
    P. Ineichen, R. Perez, A new airmass independent formulation for the Linke turbidity coefficient, Solar
    Energy 73 (2002) 151-157; position by the SPA algorithm (Reda & Andreas 2004), both through pvlib.
    """
    middle = pd.DatetimeIndex(hours + _HALF_HOUR).tz_localize("UTC")
    pressure = float(standard_pressure(node.altitude_m))
    position = pvlib.solarposition.spa_python(
        middle, node.latitude, node.longitude, altitude=node.altitude_m, pressure=pressure
    )
    zenith = position["zenith"].to_numpy()
    up = zenith < 90.0
    # below the horizon the formulas divide by zero; any sun will do there, the result is dropped
    apparent = np.where(up, position["apparent_zenith"].to_numpy(), 0.0)
    day_of_year = middle.day_of_year.to_numpy()
    extra = np.asarray(pvlib.irradiance.get_extra_radiation(day_of_year), dtype=float)
    airmass = pvlib.atmosphere.get_absolute_airmass(pvlib.atmosphere.get_relative_airmass(apparent), pressure)
    clear = pvlib.clearsky.ineichen(
        apparent,
        airmass,
        linke_turbidity,
        altitude=node.altitude_m,
        dni_extra=extra,
    )
    horizontal = np.where(up, extra * np.cos(np.radians(zenith)), 0.0)
    envelope = np.where(up, np.minimum(np.asarray(clear["ghi"], dtype=float), horizontal), 0.0)
    return Sun(zenith_deg=zenith, extraterrestrial=horizontal, envelope=envelope, day_of_year=day_of_year)


def beam_and_diffuse(ghi: np.ndarray, sun: Sun) -> tuple[np.ndarray, np.ndarray]:
    """Direct normal and diffuse horizontal irradiance [W/m2] of global irradiance, Erbs.

    The parts close: dni cos(zenith) + dhi = ghi. Above 87 deg zenith all is diffuse.

    Parameters
    ----------
    ghi : ndarray [W/m2], shape (..., time)
    sun : Sun

    References
    ----------
    D. G. Erbs, S. A. Klein, J. A. Duffie, Estimation of the diffuse radiation fraction, Solar Energy 28
    (1982) 293-302, eq. 1.
    """
    split = pvlib.irradiance.erbs(ghi, sun.zenith_deg, sun.day_of_year)
    return np.asarray(split["dni"], dtype=float), np.asarray(split["dhi"], dtype=float)
