"""Light and shade between long parallel rows: two-dimensional view factors, closed forms.

Lengths are in units of the row pitch: the slant length of a row is ``gcr``. Every factor is the mean over the slant
length. Rows reflect nothing onto each other.
"""

from __future__ import annotations

import numpy as np


def sky_view(tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """View factor from a row's face to the sky past the next row [-].

    The rear of a row at tilt b is a face at tilt 180 - b. Uniform sky; at gcr -> 0 it is (1 + cos b) / 2.

    Parameters
    ----------
    tilt_deg : array, 0 to 180 [deg]
    gcr : float

    Returns
    -------
    ndarray of the shape of `tilt_deg`

    Notes
    -----
    Hottel's crossed strings for the triangle of the face, the aperture between the tops of two rows (length 1) and
    the string d from the face's bottom to the top of the next row::

        F = (gcr + 1 - d) / (2 gcr),  d^2 = 1 - 2 gcr cos(b) + gcr^2

    Equal to pvlib.bifacial.utils.vf_row_sky_2d_integ within 1e-9.

    References
    ----------
    Hottel, Radiant heat transmission, in McAdams, Heat Transmission (1954). Mikofski et al., Bifacial performance
    modeling in large arrays, IEEE PVSC 46 (2019), doi:10.1109/PVSC40753.2019.8980572.

    Examples
    --------
    >>> round(float(sky_view(30.0, 0.4)), 4), round(float(sky_view(150.0, 0.4)), 4)
    (0.8956, 0.0485)
    """
    return (1.0 + np.cos(np.radians(tilt_deg))) / 2 * seen_past(tilt_deg, gcr)


def seen_past(tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """Share of a lone face's view of the sky that the next row leaves it [-].

    Parameters
    ----------
    tilt_deg : array, -180 to 360 [deg]
        To the plane of the rows. That of the ground: 180 less it.
    gcr : float

    Returns
    -------
    ndarray of the shape of `tilt_deg`

    Notes
    -----
    ``2 / (gcr + 1 + d)``, d as in :func:`sky_view`: its F over (1 + cos b) / 2, by the conjugate of gcr + 1 - d, which
    loses digits where gcr is small.

    Examples
    --------
    >>> round(float(seen_past(30.0, 0.4)), 4), round(float(seen_past(30.0, 1e-9)), 4)
    (0.9599, 1.0)
    """
    d = np.sqrt(1.0 - 2.0 * gcr * np.cos(np.radians(tilt_deg)) + gcr**2)
    return 2.0 / (gcr + 1.0 + d)


def ground_view(tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """View factor from a row's face to the ground between the rows [-].

    By symmetry that of the other face to the sky: what is neither sky nor ground is the next row. Exact, where
    pvlib.bifacial.utils.vf_row_ground_2d_integ sums points and is off by up to 0.001.

    Parameters
    ----------
    tilt_deg : array, 0 to 180 [deg]
    gcr : float

    Returns
    -------
    ndarray of the shape of `tilt_deg`

    Examples
    --------
    >>> round(float(ground_view(30.0, 0.4)), 4)
    0.0485
    """
    return sky_view(180.0 - np.asarray(tilt_deg), gcr)


def ground_sky_view(tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """View factor from the ground, mean over a pitch, to the sky [-].

    What of the sky neither face of the rows sees reaches the ground (reciprocity): whatever the rows' height.

    Parameters
    ----------
    tilt_deg : array, 0 to 90 [deg]
    gcr : float

    Returns
    -------
    ndarray of the shape of `tilt_deg`

    Examples
    --------
    >>> round(float(ground_sky_view(0.0, 0.4)), 4)
    0.6
    """
    return 1.0 - gcr * (sky_view(tilt_deg, gcr) + sky_view(180.0 - np.asarray(tilt_deg), gcr))


def shaded_share(tan_profile: np.ndarray, tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """Share of a row's face that the row in front of it shades from the beam [-].

    Parameters
    ----------
    tan_profile : array
        Tangent of the sun's zenith angle projected on the plane across the rows, positive where the sun stands
        the face's tilt turns to.
    tilt_deg : array, -180 to 360 [deg]
        Or a rotation about the rows' axis, in the plane across it.
    gcr : float

    Returns
    -------
    ndarray, broadcast shape
        0 where the beam does not strike the face at all.

    Notes
    -----
    The beam between two rows is 1 wide along the ground, and a face casts ``cast = gcr |cos b + tan_profile sin b|``
    on it: what is more than 1 is shade. Linear in the area: no more is lost electrically than the shaded area
    (half-cut modules in portrait with bypass at the middle, or shade along strings); a full-cell module in portrait
    loses more. NREL PVWatts v8 makes the same assumption.

    Examples
    --------
    >>> round(float(shaded_share(np.tan(np.radians(80.0)), 35.0, 0.4)), 4)
    0.3861
    """
    cast = gcr * (np.cos(np.radians(tilt_deg)) + tan_profile * np.sin(np.radians(tilt_deg)))
    with np.errstate(divide="ignore"):
        return np.where(cast > 1.0, 1.0 - 1.0 / cast, 0.0)


def sunny_ground(tan_profile: np.ndarray, tilt_deg: np.ndarray, gcr: float) -> np.ndarray:
    """Share of the ground that the beam reaches between the rows [-].

    Parameters
    ----------
    tan_profile, tilt_deg, gcr
        As in :func:`shaded_share`.

    Returns
    -------
    ndarray, broadcast shape

    Examples
    --------
    >>> round(float(sunny_ground(0.0, 0.0, 0.4)), 4)
    0.6
    """
    cast = gcr * np.abs(np.cos(np.radians(tilt_deg)) + tan_profile * np.sin(np.radians(tilt_deg)))
    return np.maximum(1.0 - cast, 0.0)
