"""What a source does not hold, computed from what it holds, and flagged as such."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from weather.conventions import flags
from weather.conventions.errors import DataError
from weather.conventions.variables import RADIATION, REQUIRED, VARIABLES, WINDS
from weather.derive import decompose_ghi, dew_point, relative_humidity_from_dew, standard_pressure, wind_at_height
from weather.quality.making import Making
from weather.quality.sunlight import Sunlight

SHEAR_EXPONENT = 1.0 / 7.0
"""Assumption: open land of neutral stability, where a source has no wind at 10 m but at another height."""

_DRIEST = 0.1  # %; the dew point of drier air is not told by any instrument


def complete(making: Making) -> None:
    """Add every required variable that is missing, marking it; and flag what the reader derived.

    Raises
    ------
    DataError
        When one cannot be computed: wind without any height, or both humidity and dew point missing.
    """
    values, draft = making.values, making.draft
    made: list[str] = []

    def add(name: str, array: np.ndarray, how: str) -> None:
        values[name] = array
        making.mark(name, flags.DERIVED)
        made.append(f"{name} {how}")

    if not all(name in values for name in RADIATION):
        _radiation(values, add, sun=making.sun, time=making.time)
    if "relative_humidity" not in values and "temp_dew" in values:
        wet = relative_humidity_from_dew(values["temp_air"], values["temp_dew"], over_water=draft.over_water)
        add("relative_humidity", wet, "from the dew point")
    if "temp_dew" not in values and "relative_humidity" in values:
        humidity = np.maximum(values["relative_humidity"], _DRIEST)
        add("temp_dew", dew_point(values["temp_air"], humidity), "from relative humidity")
    if "pressure" not in values:
        level = float(standard_pressure(draft.altitude_m))
        add("pressure", np.full(values["temp_air"].shape, level), "of the standard atmosphere at the altitude")
    if "wind_speed" not in values:
        _wind(values, add)
    lacking = [name for name in REQUIRED if name not in values]
    if lacking:
        raise DataError(
            f"{draft.where}: holds no {', no '.join(lacking)} and nothing to compute it from; it holds "
            f"{', '.join(draft.values)}. Add it, or check the names of the columns."
        )
    for name in draft.derived:
        making.mark(name, flags.DERIVED)
    if made:
        making.history.append(f"derived: {'; '.join(made)}")


def _radiation(values: dict[str, np.ndarray], add: Callable[..., None], *, sun: Sunlight, time: np.ndarray) -> None:
    cosine = sun.over(np.maximum(sun.cos_zenith, 0.0))
    held = {name for name in RADIATION if name in values}
    if "ghi" not in held:
        add("ghi", values["dni"] * cosine + values["dhi"], "from dni and dhi by closure")
    elif "dni" not in held and "dhi" in held:
        beam = np.maximum(values["ghi"] - values["dhi"], 0.0)
        high = cosine > np.sin(np.radians(3.0))
        dni = np.minimum(np.where(high, beam / np.where(high, cosine, 1.0), 0.0), VARIABLES["dni"].highest)
        add("dni", dni, "from ghi and dhi by closure")
    elif "dhi" not in held and "dni" in held:
        add("dhi", np.clip(values["ghi"] - values["dni"] * cosine, 0.0, values["ghi"]), "from ghi and dni by closure")
    elif held == {"ghi"}:
        dni, dhi = decompose_ghi(values["ghi"], cosine, pd.DatetimeIndex(time).day_of_year.to_numpy())
        add("dni", dni, "from ghi (Erbs-Driesse)")
        add("dhi", dhi, "from ghi (Erbs-Driesse)")


def _wind(values: dict[str, np.ndarray], add: Callable[..., None]) -> None:
    others = [name for name in WINDS if name in values]
    if not others:
        return
    nearest = min(others, key=lambda name: abs(VARIABLES[name].height_m - VARIABLES["wind_speed"].height_m))
    speed = wind_at_height(
        values[nearest],
        height_m=VARIABLES[nearest].height_m,
        to_m=VARIABLES["wind_speed"].height_m,
        shear=SHEAR_EXPONENT,
    )
    add("wind_speed", speed, f"from {nearest} by the power law with exponent 1/7 (assumption)")
