"""What no weather can be: units that slipped, values outside the possible, more radiation than the sun sends."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weather.conventions import WeatherWarning, flags
from weather.conventions.errors import DataError
from weather.conventions.variables import RADIATION, VARIABLES
from weather.derive import relative_humidity_from_dew, standard_pressure
from weather.quality.draft import Draft

_LISTED = 20  # offending rows named in an error
_CLIPPED: dict[str, tuple[float, float]] = {  # how far outside the limits is rounding or an instrument's zero
    "ghi": (5.0, 0.0),
    "dni": (5.0, 0.0),
    "dhi": (5.0, 0.0),
    "relative_humidity": (0.0, 5.0),
}
_REPLACED_SHARE_MAX = 0.01  # assumption: more than this is not a sunset artefact but a broken column
_PRESSURE_OFF_AT_SEA, _LEVELS_APART_M = 0.035, 400.0  # where the two levels are 4.7 % apart, and weather is within 3
_PRESSURE_OFF = 0.12  # of the standard atmosphere: no weather does that; 1000 m of altitude do
# percentage points between relative humidity as given and as dew point and temperature say: 0.2 to 0.3 in five
# station files, 1.5 with whole degrees, 5 to 9 with both temperatures in degF, 50 and more with one of them
_HUMIDITY_OFF, _HUMIDITY_FAR = 4.0, 10.0
_WIND_MEAN_MAX = 9.0  # m/s at 10 m over a month: above any inhabited place (Wellington 7, Alashankou 6)
_MONTH_H, _DAY_H = 30 * 24.0, 24.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A draft whose values are possible (NaN where one was not and may be bridged), and what was done to them."""

    values: dict[str, np.ndarray]
    flagged: dict[str, np.ndarray]
    history: tuple[str, ...]


def judge_values(draft: Draft, *, repair: bool, step_h: float, units: bool) -> Judged:
    """Values of a draft held against the registry's limits.

    A little outside (radiation above -5 W/m2, humidity up to 105 %) is set to the limit and flagged. A beam stronger
    than the sun, in at most 1 % of the intervals, is taken as none and all of ghi as diffuse: some sources divide by
    the sine of a sun on the horizon. Anything else is refused, or, with `repair`, treated as missing.

    Parameters
    ----------
    draft : Draft
        On a settled axis.
    repair : bool
    step_h : float
    units : bool
        Whether to look for units that slipped within the limits.

    Raises
    ------
    DataError
        Naming file, variable, the first 20 rows, what was found and what is allowed.
    """
    values = {name: np.array(array, dtype=float) for name, array in draft.values.items()}
    none = {name: np.zeros(array.shape, dtype=np.uint8) for name, array in values.items()}
    flagged = {name: none[name] | draft.flagged.get(name, none[name]) for name in values}
    if units:
        check_units(draft, step_h=step_h)
    history: list[str] = []
    _replace_beam(draft, values, flagged, history)
    for name in VARIABLES:
        if name in values:
            _settle(draft, name, values, flagged, history, repair=repair)
    return Judged(values, flagged, tuple(history))


def _replace_beam(draft: Draft, values: dict, flagged: dict, history: list[str]) -> None:
    if not all(name in values for name in RADIATION):
        return
    highest = VARIABLES["dni"].highest
    impossible = values["dni"] > highest
    count = int(impossible.sum())
    if count == 0 or count > _REPLACED_SHARE_MAX * impossible.size:
        return
    first = draft.at(_first(impossible))
    found = (
        f"dni above {highest:g} W/m2 in {count} interval(s), first in {first} ({np.nanmax(values['dni']):g} at most)"
    )
    warnings.warn(f"{draft.where}: {found}; taken as dni 0 and dhi = ghi.", WeatherWarning, stacklevel=5)
    values["dni"] = np.where(impossible, 0.0, values["dni"])
    values["dhi"] = np.where(impossible, values["ghi"], values["dhi"])
    for name in ("dni", "dhi"):
        flagged[name] |= flags.REPLACED * impossible
    history.append(f"replaced: {found}, taken as dni 0 and dhi = ghi")


def _settle(draft: Draft, name: str, values: dict, flagged: dict, history: list[str], *, repair: bool) -> None:
    row, array = VARIABLES[name], values[name]
    below, above = _CLIPPED.get(name, (0.0, 0.0))
    low = (array < row.lowest) & (array >= row.lowest - below)
    high = (array > row.highest) & (array <= row.highest + above)
    if low.any() or high.any():
        values[name] = array = np.where(low, row.lowest, np.where(high, row.highest, array))
        flagged[name] |= flags.CLIPPED * (low | high)
        history.append(
            f"clipped: {name} to {row.lowest:g} to {row.highest:g} {row.units} in {int((low | high).sum())} interval(s)"
        )
    bad = (array < row.lowest) | (array > row.highest)
    if not bad.any():
        return
    if not repair and row.required:
        raise DataError(
            f"{draft.where}, {_rows(draft, bad)}: {name} is out of range in {int(bad.sum())} value(s): got "
            f"{array[bad].flat[0]:g}, allowed {row.lowest:g} to {row.highest:g} {row.units}. "
            f"{_hint(name, array)}Check the unit and the missing-value codes of the source; with repair, such "
            "values are taken as missing."
        )
    values[name] = np.where(bad, np.nan, array)
    history.append(
        f"taken as missing: {name} outside {row.lowest:g} to {row.highest:g} {row.units} in {int(bad.sum())} value(s)"
    )


def _first(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask.reshape(-1, mask.shape[-1]).any(axis=0))[0])


def _rows(draft: Draft, mask: np.ndarray) -> str:
    """The first rows of a mask: "row 9 (2025-06-01T00:00Z)", with the numbers of up to 19 more."""
    at = np.flatnonzero(mask.reshape(-1, mask.shape[-1]).any(axis=0))
    more = at[1:_LISTED]
    if not more.size:
        return draft.at(int(at[0]))
    told = [str(int(draft.rows[i])) for i in more] if draft.rows is not None else [draft.at(int(i)) for i in more]
    rest = f" and {at.size - _LISTED} more" if at.size > _LISTED else ""
    return f"{draft.at(int(at[0]))} and {', '.join(told)}{rest}"


def _hint(name: str, array: np.ndarray) -> str:
    """The unit the values look like, as a sentence; "" where none comes to mind."""
    middle, top = float(np.nanmedian(array)), float(np.nanmax(array))
    looks = ""
    if name in ("temp_air", "temp_dew"):
        looks = "K" if middle > 150.0 else "degF" if 60.0 < top < 140.0 and middle > 30.0 else ""
    elif name == "pressure":
        looks = "kPa" if middle < 200.0 else "hPa" if middle < 2000.0 else ""
    elif name.startswith("wind_speed"):
        looks = "km/h" if top < 250.0 and middle > 5.0 else ""
    elif name in RADIATION:
        looks = "kJ/m2 an hour" if 1400.0 < top < 5500.0 else ""
    return f"It looks like {looks}. " if looks else ""


def check_units(draft: Draft, *, step_h: float) -> None:
    """Refuse a column whose values are possible but only in another unit.

    Raises
    ------
    DataError
        Humidity as a fraction; radiation in kW/m2 or MJ/m2; pressure of another altitude, or of sea level; wind in km/h
        (a month with a mean above 9 m/s at 10 m); humidity, dew point and temperature that contradict each other, as
        degF read as degC does.
    """
    values = draft.values
    _check_fraction(draft, step_h)
    if "pressure" in values:
        _check_pressure(draft, values["pressure"])
    wind = values.get("wind_speed")
    if wind is not None and wind.shape[-1] * step_h >= _MONTH_H and np.nanmean(wind) > _WIND_MEAN_MAX:
        raise DataError(
            f"{draft.where}: wind_speed has a mean of {np.nanmean(wind):.1f} m/s at 10 m; no inhabited place has more "
            f"than {_WIND_MEAN_MAX:g}. It looks like km/h ({np.nanmean(wind) / 3.6:.1f} m/s) or a greater height: "
            "give its unit, or name the variable by its height."
        )
    if all(name in values for name in ("temp_air", "temp_dew", "relative_humidity")):
        _check_humidity(draft, values)


def _check_fraction(draft: Draft, step_h: float) -> None:
    humidity = draft.values.get("relative_humidity")
    if humidity is not None and np.isfinite(humidity).any() and 0.0 < np.nanmax(humidity) <= 1.5:
        raise DataError(
            f"{draft.where}: relative_humidity is at most {np.nanmax(humidity):g}; it looks like a fraction. Give it "
            "in %, or its unit as '1'."
        )
    ghi = draft.values.get("ghi")
    if ghi is not None and ghi.shape[-1] * step_h >= _DAY_H and abs(draft.latitude) < 60.0:
        top = float(np.nanmax(ghi)) if np.isfinite(ghi).any() else 0.0
        if 0.0 < top <= 4.0:
            raise DataError(
                f"{draft.where}: ghi is at most {top:g} W/m2; it looks like "
                f"{'kW/m2' if top <= 1.5 else 'MJ/m2 an hour'}. Give its unit, or convert it to W/m2."
            )


def _check_pressure(draft: Draft, pressure: np.ndarray) -> None:
    if not np.isfinite(pressure).any():
        return
    middle, standard = float(np.nanmedian(pressure)), float(standard_pressure(draft.altitude_m))
    at_sea = abs(middle / 101_325.0 - 1.0) < 0.03
    off = _PRESSURE_OFF_AT_SEA if at_sea and draft.altitude_m > _LEVELS_APART_M else _PRESSURE_OFF
    if abs(middle / standard - 1.0) > off and 45_000.0 <= middle <= 110_000.0:
        hint = " It looks like pressure reduced to sea level." if at_sea else ""
        raise DataError(
            f"{draft.where}: pressure is {middle:.0f} Pa in the middle, {standard:.0f} Pa belong to its altitude of "
            f"{draft.altitude_m:g} m.{hint} Give the pressure at the place itself, or correct the altitude."
        )


def _check_humidity(draft: Draft, values: Mapping[str, np.ndarray]) -> None:
    temp, dew, humidity = (values[name] for name in ("temp_air", "temp_dew", "relative_humidity"))
    # below freezing some sources mean ice and some water, which are 10 % apart at -10 degC
    usable = np.isfinite(temp + dew + humidity) & (temp > 0.0) & (temp < 60.0) & (dew > -60.0) & (dew < 60.0)
    if usable.sum() < 12:
        return
    told, given = relative_humidity_from_dew(temp[usable], dew[usable]), humidity[usable]
    off = float(np.median(np.abs(told - given)))
    if off <= _HUMIDITY_OFF:
        return
    in_c = [(array[usable] - 32.0) / 1.8 for array in (temp, dew)]
    fits = np.median(np.abs(relative_humidity_from_dew(*in_c) - given)) <= off / 3.0
    if not fits and off <= _HUMIDITY_FAR:
        return
    fit = " They fit if both temperatures are in degF." if fits else ""
    raise DataError(
        f"{draft.where}: relative_humidity differs by {off:.0f} percentage points in the middle from what temp_air and "
        f"temp_dew say.{fit} Check the units of the three; leave one out if it cannot be trusted, it is then computed."
    )
