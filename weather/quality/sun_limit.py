"""Radiation held against the sun: no hour has much more than the extraterrestrial, night has none."""

import warnings

import numpy as np

from weather.conventions import WeatherWarning, flags
from weather.conventions.errors import DataError
from weather.quality.making import Making
from weather.quality.sunlight import SOLAR_CONSTANT

MOST_OF_EXTRATERRESTRIAL = 1.2
"""Cloud edges lift an hour above the extraterrestrial, hardly by a fifth."""

_ALLOWANCE = 20.0  # W/m2 beside it: twilight, and instruments at night
_CLOCK_H = 1.0  # the sun of the neighbouring hour counts too: whether the clock is right is asked elsewhere
_MENDED_SHARE_MAX = 0.005  # assumption: more impossible hours than this are a wrong unit or clock, not single faults


def check_against_sun(making: Making, *, shift_h: float, repair: bool) -> None:
    """Refuse radiation above 1.2 times the extraterrestrial, of the intervals or their neighbours.

    Parameters
    ----------
    making : Making
    shift_h : float [h]
        Shift of the radiation's clock that was found and left: the sun is taken there.
    repair : bool
        Set single impossible values to the limit, flagged, instead of refusing.

    Raises
    ------
    DataError
        Naming variable, first interval, count, value and limit.
    """
    sun = making.sun
    centre = round(shift_h / sun.hours(1))
    reach = max(1, round(_CLOCK_H / sun.hours(1)))
    around = np.max([sun.over(sun.extraterrestrial, shift=centre + k) for k in (-reach, 0, reach)], axis=0)
    most = MOST_OF_EXTRATERRESTRIAL * around + _ALLOWANCE
    limits = {
        "ghi": most,
        "dhi": most,
        "dni": np.where(around > 0.0, MOST_OF_EXTRATERRESTRIAL * SOLAR_CONSTANT, _ALLOWANCE),
    }
    for name, limit in limits.items():
        array = making.values[name]
        bad = array > limit
        if bad.any():
            _settle(making, name, bad, np.broadcast_to(limit, array.shape), repair=repair)


def _settle(making: Making, name: str, bad: np.ndarray, limit: np.ndarray, *, repair: bool) -> None:
    array = making.values[name]
    first = int(np.flatnonzero(bad.reshape(-1, making.time.size).any(axis=0))[0])
    stamp = f"{np.datetime_as_string(making.time[first], unit='m')}Z"
    worst = np.unravel_index(np.argmax(np.where(bad, array - limit, -np.inf)), array.shape)
    found = (
        f"{name} exceeds {MOST_OF_EXTRATERRESTRIAL:g} times what the sun sends outside the atmosphere in "
        f"{int(bad.sum())} interval(s), first at {stamp}; at worst {array[worst]:.0f} W/m2 where {limit[worst]:.0f} "
        "are allowed"
    )
    if not repair or bad.sum() > max(1, _MENDED_SHARE_MAX * bad.size):
        raise DataError(
            f"{making.draft.where}: {found}. Check the unit (W/m2), the clock (local time taken for UTC?) and the "
            "place; with repair, single such values are set to the limit."
        )
    making.values[name] = np.where(bad, limit, array)
    making.mark(name, flags.CLIPPED, bad)
    making.history.append(f"clipped: {found}")
    warnings.warn(f"{making.draft.where}: {found}; set to the limit.", WeatherWarning, stacklevel=4)
