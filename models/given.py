"""What the public functions of `models` ask of what they are given: numbers, a plant, a weather with what is needed.

One law for all: what cannot be used is refused before it is computed with, by a ConfigError (arguments, plants) or a
DataError (weather, powers) that names it.
"""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import xarray as xr

from weather.conventions.errors import ConfigError, DataError

_DEW_ABOVE_AIR_K = 0.5  # sums of rounded readings
# air saturated over water has its frost point above itself, by 0.106 K per K of frost at -10 degC (Goff-Gratch)
_FROST_POINT_K_PER_K = 0.12


def is_number(value: object) -> bool:
    """Whether a figure is one number: text, truth values and None are none.

    Examples
    --------
    >>> is_number(1.5), is_number("1.5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def refuse_no_numbers(where: str, owner: object) -> None:
    """ConfigError on the first field of a dataclass that should be a number and is not.

    Called before a figure is compared with its limits; None is allowed where the field allows it.
    """
    for field in fields(owner):
        value, wanted = getattr(owner, field.name), field.type
        if wanted not in (float, int, float | None) or (value is None and wanted == float | None):
            continue
        if not is_number(value):
            raise ConfigError(
                f"{where}: got {field.name}={value!r}, allowed a number. Give it as a number, without quotes."
            )


def refuse_other_plant(where: str, plant: object, *kinds: type) -> None:
    """ConfigError where a plant is none of the classes a function is for."""
    if not isinstance(plant, kinds):
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ConfigError(f"{where}: got a plant of type {type(plant).__name__}, allowed {names}. Give one of them.")


def numbers(where: str, name: str, values, *, unit: str) -> np.ndarray:
    """Values as an array of floats; text, truth values, None and dates are refused, not read as numbers.

    Raises
    ------
    DataError

    Examples
    --------
    >>> numbers("cooling", "heat_kw", [1, 2.5], unit="kW")
    array([1. , 2.5])
    """
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        got = f"{values!r}" if np.ndim(values) == 0 or not hasattr(values, "dtype") else f"an array of {array.dtype}"
        raise DataError(f"{where}: got {name}={got[:60]}, allowed numbers in {unit}. Give numbers, without quotes.")
    return array.astype(float, copy=False)


def config_numbers(where: str, name: str, values, allowed: str) -> np.ndarray:
    """An argument as an array of floats; ConfigError with what is allowed where it is none."""
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise ConfigError(f"{where}: got {name}={values!r}, allowed {allowed}. Correct it.")
    return array.astype(float)


def refuse_weather(where: str, weather: object, wanted: Sequence[str]) -> None:
    """DataError where a weather is no Dataset, has no steps, or lacks a variable (or has one that is not numbers)."""
    if not isinstance(weather, xr.Dataset):
        raise DataError(
            f"{where}: got a weather of type {type(weather).__name__}, allowed an xarray Dataset with "
            f"{', '.join(wanted)}. Give one, as open_weather makes it."
        )
    for name in wanted:
        if name not in weather:
            raise DataError(f"{where}: the weather has no {name}. Give it, or a plant that does not need it.")
        values = weather[name]
        if values.dtype.kind not in "iuf":
            raise DataError(f"{where}: {name} of the weather is of {values.dtype}, allowed numbers. Convert it.")
        if values.size == 0:
            empty = ", ".join(str(dim) for dim, size in values.sizes.items() if size == 0)
            raise DataError(
                f"{where}: the weather has no values along {empty}, allowed at least one. Select a window that is not "
                "empty."
            )


def refuse_humidity_share(where: str, humidity: np.ndarray) -> None:
    """DataError on relative humidity as a share of 1: it reads as air drier than any on Earth.

    Parameters
    ----------
    where : str
    humidity : ndarray
        [%]; what is missing is passed over.
    """
    there = humidity[np.isfinite(humidity)]
    if there.size and there.max() <= 1.0:
        raise DataError(
            f"{where}: relative_humidity is at most {there.max():g} % in all of {there.size} values, allowed 0 to 100 "
            "%, and above 1 % in some. As a share of 1? Give percent."
        )


def refuse_dew_above_air(where: str, temp_dew: np.ndarray, temp_air: np.ndarray) -> None:
    """DataError on a dew point above the air's temperature.

    Allowed is 0.5 K, and 0.12 K more per K of frost: air saturated over water has its frost point that much above.
    """
    most = temp_air + _DEW_ABOVE_AIR_K + _FROST_POINT_K_PER_K * np.maximum(-temp_air, 0.0)
    bad = temp_dew > most
    if bad.any():
        dew, air = (np.broadcast_to(values, bad.shape)[bad].flat[0] for values in (temp_dew, temp_air))
        raise DataError(
            f"{where}: {int(bad.sum())} values of temp_dew are above temp_air, the first {dew:g} in air of {air:g} "
            "degC; allowed at most the air's temperature. Repair the weather or its units first."
        )


def timed(weather: xr.Dataset) -> tuple[xr.Dataset, bool]:
    """A weather with its dimension time, and whether it is one instant that had none (taken as a window of one step).

    Examples
    --------
    >>> one = xr.Dataset({"temp_air": 20.0})
    >>> timed(one)[0]["temp_air"].dims, timed(one)[1]
    (('time',), True)
    """
    instant = isinstance(weather, xr.Dataset) and "time" not in weather.dims
    return (weather.expand_dims("time", axis=-1), True) if instant else (weather, False)


def beside(value, instant: bool):
    """What goes with a weather of `timed`: an instant's scalar label of time would clash with the dimension."""
    clash = instant and isinstance(value, xr.DataArray) and "time" in value.coords and "time" not in value.dims
    return value.drop_vars("time") if clash else value


def untimed(made, instant: bool):
    """A result of a weather of `timed`, without the dimension that was added to it."""
    return made.isel(time=0) if instant and "time" in made.dims else made
