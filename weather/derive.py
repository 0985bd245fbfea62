"""Quantities that follow from others: psychrometrics, air density, the split of global irradiance, wind shear.

Plain numpy in and out, everything broadcasts. Saturation over ice below 0 degC, over liquid above.
"""

import numpy as np
from numpy.typing import ArrayLike

from weather.conventions.errors import DataError
from weather.conventions.units import KELVIN_OFFSET

# ASHRAE Handbook Fundamentals 2017, ch. 1, eq. 5 (ice) and 6 (liquid water): coefficients of ln p_ws(T)
_ICE = (-5.6745359e3, 6.3925247, -9.677843e-3, 6.2215701e-7, 2.0747825e-9, -9.484024e-13, 4.1635019)
_LIQUID = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
_TRIPLE_POINT_C = 0.01
_MOLAR_MASS_RATIO = 0.621945  # water to dry air, same chapter, eq. 20
GAS_CONSTANT_DRY_AIR = 287.058
"""Specific gas constant of dry air [J/(kg K)]: universal 8.314462 over 28.9645 g/mol (US Standard Atmosphere 1976)."""
SEA_LEVEL_PRESSURE_PA = 101_325.0
LAPSE_RATE_K_PER_KM = 6.5
"""Fall of temperature with height in the ICAO standard troposphere [K/km] (ISO 2533)."""

_BISECTIONS = 34  # 45 K halved 34 times is 3e-9 K
_CLEANEST_AIR = 0.10  # optical depth of air that only scatters by its molecules, at sea level (Rayleigh, broadband)
_LEAST_COSINE = 0.0523  # of a sun 3 deg high; a beam through less is noise over almost nothing


def _ln_saturation(temp_c: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    kelvin = temp_c + KELVIN_OFFSET
    inverse, constant, first, second, third, fourth, logarithm = coefficients
    powers = constant + kelvin * (first + kelvin * (second + kelvin * (third + kelvin * fourth)))
    return inverse / kelvin + powers + logarithm * np.log(kelvin)


def saturation_pressure(temp_air: ArrayLike) -> np.ndarray:
    """Saturation pressure of water vapour over ice or liquid water [Pa], ASHRAE.

    Parameters
    ----------
    temp_air : array [degC], valid from -100 to 200

    Returns
    -------
    ndarray [Pa]

    References
    ----------
    ASHRAE Handbook Fundamentals (2017), ch. 1, eq. 5 and 6.

    Examples
    --------
    >>> round(float(saturation_pressure(20.0)), 1)
    2338.8
    """
    temp = np.asarray(temp_air, dtype=float)
    ice = temp <= _TRIPLE_POINT_C
    return np.exp(np.where(ice, _ln_saturation(temp, _ICE), _ln_saturation(temp, _LIQUID)))


def _humidity_ratio(vapour_pa: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    return _MOLAR_MASS_RATIO * vapour_pa / (pressure - vapour_pa)


def wet_bulb(temp_air: ArrayLike, relative_humidity: ArrayLike, pressure: ArrayLike) -> np.ndarray:
    """Thermodynamic wet-bulb temperature [degC] at the site's own pressure, ASHRAE.

    Solved by bisection. Within 1e-6 K of psychrolib above 0 degC; below, the ice branch is used where
    the wet bulb itself is at or below 0 degC, as there.

    Parameters
    ----------
    temp_air : array [degC]
    relative_humidity : array [%], 0 to 100
    pressure : array [Pa]

    Returns
    -------
    ndarray [degC], broadcast shape

    Raises
    ------
    DataError
        When a relative humidity is outside 0 to 100, a temperature outside -100 to 100 degC, or a pressure outside
        30 to 120 kPa: kelvin and hPa would give an answer too.

    Notes
    -----
    W = ((h1 - h2 Tw) Ws(Tw) - 1.006 (T - Tw)) / (h1 + 1.86 T - h3 Tw), with h1 = 2501, h2 = 2.326,
    h3 = 4.186 above 0 degC and 2830, 0.24, 2.1 below. The right side rises with Tw, so the bracket
    [T - 45 K, T] is halved; no air on Earth's surface has a wet-bulb depression of 45 K.

    References
    ----------
    ASHRAE Handbook Fundamentals (2017), ch. 1, eq. 33 and 35.

    Examples
    --------
    >>> round(float(wet_bulb(28.0, 35.0, 87500.0)), 2)
    17.03
    """
    temp, humidity, pressure_pa = np.broadcast_arrays(
        np.asarray(temp_air, dtype=float), _humidity(relative_humidity), np.asarray(pressure, dtype=float)
    )
    for name, array, lowest, highest, unit in (
        ("temperature", temp, -100.0, 100.0, "degC"),
        ("pressure", pressure_pa, 30_000.0, 120_000.0, "Pa"),
    ):
        bad = ~((array >= lowest) & (array <= highest))
        if bad.any():
            raise DataError(
                f"{name} is outside {lowest:g} to {highest:g} {unit} in {int(bad.sum())} value(s), first "
                f"{array[bad].flat[0]:g}. Convert it to {unit}."
            )
    wanted = _humidity_ratio(humidity / 100.0 * saturation_pressure(temp), pressure_pa)
    low, high = temp - 45.0, temp.copy()
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        too_wet = _ratio_at_wet_bulb(temp, middle, pressure_pa) > wanted
        high = np.where(too_wet, middle, high)
        low = np.where(too_wet, low, middle)
    return 0.5 * (low + high)


def _ratio_at_wet_bulb(temp: np.ndarray, wet: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    saturated = _humidity_ratio(saturation_pressure(wet), pressure)
    ice = wet <= 0.0
    latent = np.where(ice, 2830.0 - 0.24 * wet, 2501.0 - 2.326 * wet)
    below = np.where(ice, 2830.0 + 1.86 * temp - 2.1 * wet, 2501.0 + 1.86 * temp - 4.186 * wet)
    return (latent * saturated - 1.006 * (temp - wet)) / below


def dew_point(temp_air: ArrayLike, relative_humidity: ArrayLike) -> np.ndarray:
    """Dew point (frost point below 0 degC) of moist air [degC]: saturation pressure inverted by Newton.

    Parameters
    ----------
    temp_air : array [degC]
    relative_humidity : array [%], above 0 up to 100

    Returns
    -------
    ndarray [degC], broadcast shape; never above `temp_air`

    Raises
    ------
    DataError
        When a relative humidity is not above 0 and at most 100 (dry air has no dew point).

    References
    ----------
    ASHRAE Handbook Fundamentals (2017), ch. 1, eq. 5, 6 and 22.

    Examples
    --------
    >>> round(float(dew_point(20.0, 50.0)), 2)
    9.27
    """
    temp = np.asarray(temp_air, dtype=float)
    humidity = _humidity(relative_humidity)
    if (humidity <= 0.0).any():
        raise DataError(
            f"relative humidity is 0 % in {int((humidity <= 0.0).sum())} value(s); air without water has no dew point."
        )
    wanted = np.log(humidity / 100.0) + np.log(saturation_pressure(temp))
    # below this the root lies on the ice curve; the branch is known before the first step
    ice = wanted <= _ln_saturation(np.asarray(_TRIPLE_POINT_C), _ICE)
    log_ratio = (wanted - np.log(611.2)) / 17.62  # Magnus form gives the first guess within 2 K
    guess = 243.12 * log_ratio / (1.0 - log_ratio)
    for _ in range(6):
        value = np.where(ice, _ln_saturation(guess, _ICE), _ln_saturation(guess, _LIQUID))
        ahead = guess + 1e-3
        slope = (np.where(ice, _ln_saturation(ahead, _ICE), _ln_saturation(ahead, _LIQUID)) - value) / 1e-3
        guess = guess - (value - wanted) / slope
    return np.minimum(guess, temp)


def relative_humidity_from_dew(temp_air: ArrayLike, temp_dew: ArrayLike, *, over_water: bool = False) -> np.ndarray:
    """Relative humidity [%] from temperature and dew point, 100 where the dew point is not below.

    Parameters
    ----------
    temp_air, temp_dew : array [degC]
    over_water : bool
        True where dew point and humidity are meant over liquid water below 0 degC too, as meteorological services and
        ERA5 have them; False for ice, as ASHRAE has it. 5 percent of the vapour pressure at -5 degC.

    Returns
    -------
    ndarray [%], broadcast shape, 0 < value <= 100

    Examples
    --------
    >>> round(float(relative_humidity_from_dew(20.0, 9.27)), 1)
    50.0
    >>> round(float(relative_humidity_from_dew(5.0, -5.0, over_water=True)), 1)
    48.3
    """
    if over_water:
        dew, air = (_ln_saturation(np.asarray(temp, dtype=float), _LIQUID) for temp in (temp_dew, temp_air))
        return np.minimum(100.0, 100.0 * np.exp(dew - air))
    return np.minimum(100.0, 100.0 * saturation_pressure(temp_dew) / saturation_pressure(temp_air))


def air_density(temp_air: ArrayLike, pressure: ArrayLike) -> np.ndarray:
    """Density of air [kg/m3], dry ideal gas.

    Moisture is left out: at 25 degC and 80 % it makes air 1 % lighter, at 10 degC and 50 % 0.3 %.

    Parameters
    ----------
    temp_air : array [degC]
    pressure : array [Pa]

    Returns
    -------
    ndarray [kg/m3], broadcast shape

    Examples
    --------
    >>> round(float(air_density(10.0, 87438.0)), 4)
    1.0758
    """
    return np.asarray(pressure, dtype=float) / (
        GAS_CONSTANT_DRY_AIR * (np.asarray(temp_air, dtype=float) + KELVIN_OFFSET)
    )


def standard_pressure(altitude_m: ArrayLike) -> np.ndarray:
    """Pressure of the standard atmosphere [Pa] at an altitude up to 11 km.

    Parameters
    ----------
    altitude_m : array [m]

    Returns
    -------
    ndarray [Pa]

    References
    ----------
    ISO 2533:1975; ASHRAE Handbook Fundamentals (2017), ch. 1, eq. 3.

    Examples
    --------
    >>> round(float(standard_pressure(1226.0)))
    87438
    """
    return SEA_LEVEL_PRESSURE_PA * (1.0 - 2.25577e-5 * np.asarray(altitude_m, dtype=float)) ** 5.25588


def decompose_ghi(ghi: ArrayLike, cos_zenith: ArrayLike, day_of_year: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Direct normal and diffuse horizontal irradiance [W/m2] of global irradiance, Erbs-Driesse.

    The parts close: dni cos_zenith + dhi = ghi. On measured hours the root mean square error of dni is about 90 W/m2
    (Golden, Colorado); single hours of broken cloud are off by far more.

    Parameters
    ----------
    ghi : array [W/m2]
    cos_zenith : array
        Mean over the interval of max(cos(zenith), 0); of the sun, not of its middle, where the sun rises or sets in it.
    day_of_year : array, 1 to 366

    Returns
    -------
    dni, dhi : ndarray [W/m2], broadcast shape
        All diffuse where the sun is lower than 3 deg. dni is at most what the cleanest air lets through,
        extraterrestrial exp(-0.10 / cos_zenith): cloud edges and a ghi of another clock ask for more at low sun.

    References
    ----------
    A. Driesse, A. R. Jensen, R. Perez, A continuous form of the Perez diffuse sky model for forward and reverse
    transposition, Solar Energy 267 (2024) 112093, doi 10.1016/j.solener.2023.112093; D. G. Erbs, S. A. Klein,
    J. A. Duffie, Solar Energy 28 (1982) 293-302, eq. 1. Through pvlib.irradiance.erbs_driesse.

    Examples
    --------
    >>> dni, dhi = decompose_ghi(600.0, 0.8, 172)
    >>> round(float(dni)), round(float(dhi)), round(float(dni * 0.8 + dhi))
    (366, 307, 600)
    """
    import pvlib  # heavy, and most callers need no split

    total, cosine, day = np.broadcast_arrays(
        np.asarray(ghi, dtype=float), np.asarray(cos_zenith, dtype=float), np.asarray(day_of_year, dtype=float)
    )
    zenith = np.degrees(np.arccos(np.clip(cosine, 0.0, 1.0)))
    extra = np.asarray(pvlib.irradiance.get_extra_radiation(day), dtype=float)
    split = pvlib.irradiance.erbs_driesse(total, zenith, dni_extra=extra)
    high = cosine > _LEAST_COSINE
    beam = np.where(high, (total - np.asarray(split["dhi"], dtype=float)) / np.where(high, cosine, 1.0), 0.0)
    dni = np.clip(beam, 0.0, extra * np.exp(-_CLEANEST_AIR / np.where(high, cosine, 1.0)))
    return dni, total - dni * np.where(high, cosine, 0.0)


def shear_exponent(
    speed_low: ArrayLike, speed_high: ArrayLike, *, height_low_m: float, height_high_m: float
) -> np.ndarray:
    """Exponent of the power law of wind over height from the speeds at two heights.

    Parameters
    ----------
    speed_low, speed_high : array [m/s]
    height_low_m, height_high_m : float [m], the second greater

    Returns
    -------
    ndarray, broadcast shape
        NaN where either speed is below 1 m/s: calms have no profile.

    Raises
    ------
    DataError
        When the heights are not positive and rising.

    Notes
    -----
    ln(high / low) / ln(height_high / height_low). About 1/7 over open land by day, 0.2 to 0.4 on clear nights.

    Examples
    --------
    >>> round(float(shear_exponent(5.0, 6.95, height_low_m=10.0, height_high_m=100.0)), 3)
    0.143
    """
    _check_heights(height_low_m, height_high_m)
    low, high = np.broadcast_arrays(np.asarray(speed_low, dtype=float), np.asarray(speed_high, dtype=float))
    blows = (low >= 1.0) & (high >= 1.0)
    ratio = np.where(blows, high, 1.0) / np.where(blows, low, 1.0)
    return np.where(blows, np.log(ratio) / np.log(height_high_m / height_low_m), np.nan)


def wind_at_height(speed: ArrayLike, *, height_m: float, to_m: float, shear: ArrayLike) -> np.ndarray:
    """Wind speed at another height [m/s] by the power law.

    Parameters
    ----------
    speed : array [m/s] at `height_m`
    height_m, to_m : float [m]
    shear : array
        Exponent, as of `shear_exponent`.

    Returns
    -------
    ndarray [m/s], broadcast shape

    Examples
    --------
    >>> round(float(wind_at_height(5.0, height_m=10.0, to_m=100.0, shear=1 / 7)), 2)
    6.95
    """
    _check_heights(min(height_m, to_m), max(height_m, to_m) + 1e-9)
    return np.asarray(speed, dtype=float) * (to_m / height_m) ** np.asarray(shear, dtype=float)


def _check_heights(low_m: float, high_m: float) -> None:
    if not 0.0 < low_m < high_m:
        raise DataError(f"wind heights {low_m:g} and {high_m:g} m; both must be above 0, the second the greater.")


def _humidity(relative_humidity: ArrayLike) -> np.ndarray:
    humidity = np.asarray(relative_humidity, dtype=float)
    bad = ~((humidity >= 0.0) & (humidity <= 100.0))
    if bad.any():
        raise DataError(
            f"relative humidity is outside 0 to 100 % in {int(bad.sum())} value(s), first {humidity[bad].flat[0]:g}. "
            "It is a percentage, not a fraction above 1."
        )
    return humidity
