"""From a draft to a Dataset, the same way for every source.

In order: one axis of stamps; values within what is possible; means over the intervals; the clock of the radiation;
gaps; what the source does not hold, from what it holds; radiation against the sun; the schema. Every value that is not
the source's own is flagged, every step that did something is a line of `history`, and what the user should know is
warned of.
"""

import warnings

import numpy as np
import xarray as xr

from weather.conventions import WeatherWarning, flags
from weather.conventions.errors import DataError
from weather.conventions.schema import check_weather
from weather.conventions.variables import RADIATION, REQUIRED, VARIABLES
from weather.quality.axis import (
    interval_starts,
    mean_of_instants,
    mean_of_radiation,
    on_starts,
    seconds,
    settle_axis,
)
from weather.quality.complete import complete
from weather.quality.draft import Draft
from weather.quality.gaps import LONGEST_GAP_H, fill_gaps, runs
from weather.quality.limits import judge_values
from weather.quality.making import Making
from weather.quality.shift import Shift, find_shift, move_radiation, solar_clock, suspect_columns
from weather.quality.sun_limit import check_against_sun
from weather.sources.assemble import place_dataset

_H = np.timedelta64(3_600_000_000_000, "ns")

MOST_FILLED_SHARE = 0.25
"""Assumption: beyond it a series of bridged gaps is more guessed than given."""

WRONG_CLOCK_H = 3.0
"""From this on it is not the label of the radiation that is wrong but the clock of the whole source [h]."""


def finish(draft: Draft, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """The Dataset of a draft.

    Parameters
    ----------
    draft : Draft
    check : bool
        False leaves out what costs time and changes nothing: the search for a shift of the radiation's clock, for units
        that slipped, and the comparison with the sun. Limits and schema are always held.
    repair : bool or "months"
        True moves radiation whose clock is found wrong and takes impossible values as missing; "months" moves each
        month by its own shift (typical years are put together of months that were not stamped alike).

    Returns
    -------
    Dataset, dims (time) or (member, time)
        On [t, t + step) in naive UTC; attrs latitude, longitude, altitude_m, utc_offset_h, source, history, licence.

    Raises
    ------
    DataError
        When the source cannot be used as it is.

    Warns
    -----
    WeatherWarning
        When rows were out of order or repeated, gaps were filled, values clipped, the radiation's clock is wrong.
    """
    if repair not in (False, True, "months"):
        raise DataError(f"repair is {repair!r}; allowed: False, True or 'months'.")
    draft = draft.without_empty()
    lacking = [name for name in ("ghi", "temp_air") if name not in draft.values and not _can_do_without(name, draft)]
    if lacking:
        raise DataError(
            f"{draft.where}: holds no {' and no '.join(lacking)}, only {', '.join(draft.values) or 'nothing known'}; "
            "they cannot be computed from the rest. Add them, or check their names."
        )
    settled = settle_axis(draft)
    step_h = float(settled.step / _H)
    judged = judge_values(settled, repair=bool(repair), step_h=step_h, units=check)
    making = _on_intervals(settled, judged.values, judged.flagged)
    making.history += [*draft.history, *judged.history]
    shift = _find_shift(making) if check else None
    _bridge(making, shift)
    if shift is not None:
        _refuse_far(making, shift)
        if repair:
            _move(making, shift, by_month=repair == "months")
        else:
            _tell(making, shift)
    complete(making)
    if check:
        moved = 0.0 if shift is None or repair or np.isnan(shift.hours) else shift.hours
        check_against_sun(making, shift_h=moved, repair=bool(repair))
        if shift is not None and shift.columns_disagree:
            _tell_columns(making, shift)
    return _dataset(making)


def _can_do_without(name: str, draft: Draft) -> bool:
    return name == "ghi" and "dni" in draft.values and "dhi" in draft.values


def _on_intervals(draft: Draft, values: dict[str, np.ndarray], flagged: dict[str, np.ndarray]) -> Making:
    starts = interval_starts(draft)
    making = Making(draft, starts, {}, {}, [])
    for name, array in values.items():
        if draft.label[name] == "instant":
            making.values[name], marks = _from_instants(draft, name, array, flagged[name], making)
        else:
            rows = on_starts(draft, name, starts)
            making.values[name], marks = array[..., rows], flagged[name][..., rows]
        making.flagged[name] = marks
    return making


def _from_instants(
    draft: Draft, name: str, array: np.ndarray, marks: np.ndarray, making: Making
) -> tuple[np.ndarray, np.ndarray]:
    """Interval means of a variable held at instants, and their flags: those of the instants they rest on."""
    most = int(LONGEST_GAP_H * _H // draft.step)
    time = draft.instants(name)
    clear = np.interp(seconds(time), seconds(making.sun.time), making.sun.clear[name]) if name in RADIATION else None
    means, made = [], []
    holes = np.zeros(time.size, dtype=bool)
    for row, mark in zip(np.atleast_2d(array), np.atleast_2d(marks), strict=True):
        filled_row, filled = fill_gaps(row, most=most, clear=clear, circle=_circle(name))
        holes |= filled
        touched = mark | flags.FILLED * filled.astype(np.uint8)
        common = {"time": time, "starts": making.time, "ring": making.ring}
        if name in RADIATION:
            mean = mean_of_radiation(filled_row, sun=making.sun, name=name, **common)
        elif _circle(name):
            parts = [mean_of_instants(part(np.radians(filled_row)), **common) for part in (np.sin, np.cos)]
            mean = np.degrees(np.arctan2(*parts)) % 360.0
        else:
            mean = mean_of_instants(filled_row, **common)
        mixed = np.zeros(mean.size, dtype=np.uint8)
        for mask in flags.MEANINGS:
            mixed |= mask * (mean_of_instants(((touched & mask) > 0).astype(float), **common) > 0.0).astype(np.uint8)
        means.append(mean)
        made.append(mixed | flags.FROM_INSTANTS)
    if holes.any():
        making.history.append(
            f"filled: {name} at {int(holes.sum())} instant(s), first {_text(time[np.flatnonzero(holes)[0]])}"
        )
    if array.ndim == 1:
        return means[0], made[0]
    return np.stack(means), np.stack(made)


def _circle(name: str) -> float | None:
    return 360.0 if name == "wind_direction" else None


def _find_shift(making: Making) -> Shift | None:
    held = {
        name: making.values[name]
        for name in RADIATION
        if name in making.values and name not in making.draft.derived and not _wholly_derived(making.flagged.get(name))
    }
    if "ghi" not in held or held["ghi"].ndim == 2:
        return None
    return find_shift(held, sun=making.sun, clock=solar_clock(making.time, making.draft.longitude))


def _refuse_invented(making: Making, groups: dict[tuple[int, int], list[str]]) -> None:
    """Short gaps that are much of a series are not bridged: what came out would be invented."""
    for (count, first), names in groups.items():
        size = making.values[names[0]].size
        if making.time.size >= 24 and count > MOST_FILLED_SHARE * size:
            raise DataError(
                f"{making.where}: {', '.join(names)} would be filled in {count} of {size} interval(s), first "
                f"{_text(making.time[first])}; at most {MOST_FILLED_SHARE:.0%} are. Give a source with fewer holes, or "
                "resample it to the step its values have."
            )


def _wholly_derived(marks: np.ndarray | None) -> bool:
    return marks is not None and bool(((marks & flags.DERIVED) > 0).all())


def _bridge(making: Making, shift: Shift | None) -> None:
    """Gaps of up to three hours, bridged; longer ones refused, or cut off at the end of a forecast."""
    most = int(LONGEST_GAP_H / making.step_h + 1e-9)
    moved = 0 if shift is None or not shift.found else round(shift.hours / making.sun.hours(1))
    groups: dict[tuple[int, int], list[str]] = {}  # by how many and the first: gaps are mostly those of whole rows
    for name, array in making.values.items():
        if not np.isnan(array).any():
            continue
        clear = making.sun.over(making.sun.clear[name], shift=moved) if name in RADIATION else None
        rows = [fill_gaps(row, most=most, clear=clear, circle=_circle(name)) for row in np.atleast_2d(array)]
        filled = np.stack([where for _, where in rows]).reshape(array.shape)
        making.values[name] = np.stack([row for row, _ in rows]).reshape(array.shape)
        if filled.any():
            making.mark(name, flags.FILLED, filled)
            first = int(np.flatnonzero(filled.reshape(-1, making.time.size).any(axis=0))[0])
            groups.setdefault((int(filled.sum()), first), []).append(name)
    _refuse_invented(making, groups)
    told = [
        f"filled: {', '.join(names)} in {count} interval(s), first {_text(making.time[first])}"
        for (count, first), names in groups.items()
    ]
    # what was bridged between instants stands in the history already
    told = [line for line in making.history if line.startswith("filled: ")] + told
    if told:
        told[-1] += f" (gaps up to {LONGEST_GAP_H:g} h; radiation through its clear-sky index)"
        making.history[:] = [line for line in making.history if not line.startswith("filled: ")] + told
        warnings.warn(f"{making.where}: {'; '.join(told)}.", WeatherWarning, stacklevel=4)
    if making.draft.open_end:
        # before an optional variable is dropped for the end that all of them lack
        _cut_end(making)
    _drop_optional(making)
    _refuse_gaps(making)


def _drop_optional(making: Making) -> None:
    """A variable nobody must have is left out where it has holes that cannot be bridged."""
    for name in [name for name in making.values if name not in REQUIRED and np.isnan(making.values[name]).any()]:
        holes = int(np.isnan(making.values.pop(name)).sum())
        making.flagged.pop(name, None)
        making.history.append(f"left out: {name}, missing in {holes} interval(s)")
        warnings.warn(
            f"{making.where}: {name} is missing in {holes} interval(s) and left out.", WeatherWarning, stacklevel=5
        )


def _cut_end(making: Making) -> None:
    whole = np.ones(making.time.size, dtype=bool)
    for name in [name for name in making.values if name in REQUIRED]:
        whole &= np.isfinite(np.atleast_2d(making.values[name])).all(axis=0)
    if whole.all() or not whole.any():
        return
    first, last = np.flatnonzero(whole)[[0, -1]]
    kept = slice(int(first), int(last) + 1)
    lost = making.time.size - (kept.stop - kept.start)
    if lost == 0 or kept.stop - kept.start < 2:
        return
    message = (
        f"cut off: {lost} interval(s) at the ends, where a variable has no values; what is left ends at "
        f"{_text(making.time[last] + (making.time[1] - making.time[0]))}"
    )
    making.keep(kept)
    making.history.append(message)
    warnings.warn(f"{making.where}: {message}.", WeatherWarning, stacklevel=5)


def _refuse_gaps(making: Making) -> None:
    for name, array in making.values.items():
        missing = np.isnan(array).reshape(-1, making.time.size).any(axis=0)
        if missing.any():
            gaps = runs(missing)
            first, last = max(gaps, key=lambda gap: gap[1] - gap[0])
            raise DataError(
                f"{making.where}: {name} is missing in {int(missing.sum())} interval(s) that cannot be bridged, in "
                f"{len(gaps)} gap(s); the longest is {(last - first) * making.step_h:g} h from "
                f"{_text(making.time[first])}. Up to {LONGEST_GAP_H:g} h between two values are bridged. Fill it from "
                "another source, or choose a source or a window without the gap."
            )


def _move(making: Making, shift: Shift, *, by_month: bool) -> None:
    hours = np.full(making.time.size, shift.hours if shift.found else 0.0)
    if by_month:
        clock = solar_clock(making.time, making.draft.longitude)
        months = clock.astype("datetime64[M]").astype(np.int64) % 12
        own = np.array(shift.by_month)[months]
        hours = np.where(np.isnan(own), hours, own)
    if not hours.any():
        return
    for name in [name for name in RADIATION if name != "ghi" and _wholly_derived(making.flagged.get(name))]:
        # it was computed under the sun of the wrong clock; it is computed again from what is moved
        del making.values[name], making.flagged[name]
    held = {name: making.values[name] for name in RADIATION if name in making.values}
    moved, kept = move_radiation(held, hours=hours, sun=making.sun, ring=making.ring)
    for name, array in moved.items():
        making.values[name] = array
        making.mark(name, flags.SHIFTED, hours != 0.0)
    told = ", ".join(f"{value:+g} h" for value in np.unique(hours[hours != 0.0]))
    now = find_shift(moved, sun=making.sun, clock=solar_clock(making.time, making.draft.longitude))
    message = f"{', '.join(moved)} by {told}{', each month by its own' if by_month else ''}, found by {shift.witness}"
    message += _closure_words(shift, moved=now.closure_as_stamped)
    making.history.append(f"shifted: {message}")
    if (kept.start, kept.stop) != (0, making.time.size):
        making.keep(kept)
        making.history.append("cut off: the intervals at the ends that the shift left without values")
    rest = f"; {months_in_words(shift)}" if shift.months_disagree and not by_month else ""
    warnings.warn(f"{making.where}: radiation was moved: {message}{rest}.", WeatherWarning, stacklevel=4)


def _refuse_far(making: Making, shift: Shift) -> None:
    """A clock that is hours off is that of the whole source: moving the radiation alone would part it from the rest."""
    if shift.found and abs(shift.hours) >= WRONG_CLOCK_H:
        way = "too early" if shift.hours > 0 else "too late"
        raise DataError(
            f"{making.where}: the radiation is stamped {abs(shift.hours):g} h {way} for the sun at "
            f"{making.draft.latitude:g} N {making.draft.longitude:g} E, as its {shift.witness} {_shows(shift)}. "
            "So much is not the label of an interval but the clock of the whole source, or its place: local time taken "
            "for UTC, an offset with the wrong sign, longitude west given as east, latitude south as north. Correct "
            "the time zone or the place."
        )


def _tell_columns(making: Making, shift: Shift) -> None:
    """Three components that no clock makes one sky: a column is not what it is called, or off by a factor."""
    held = {name: making.values[name] for name in RADIATION}
    suspect = suspect_columns(held, sun=making.sun)
    message = (
        f"ghi, dni and dhi do not belong together: dni cos(zenith) + dhi is {shift.closure_as_stamped:.0f} W/m2 "
        f"(rmse) from ghi as stamped, {shift.closure_shifted:.0f} under the best clock"
        f"{'; ' + suspect if suspect else ''}. They are used as given: check the columns, or leave out the one that "
        "cannot be trusted, it is then computed"
    )
    making.history.append(f"found: {message}")
    warnings.warn(f"{making.where}: {message}.", WeatherWarning, stacklevel=4)


def _tell(making: Making, shift: Shift) -> None:
    if shift.found:
        way = "too early" if shift.hours > 0 else "too late"
        message = (
            f"the radiation is stamped {abs(shift.hours):g} h {way}, as its {shift.witness} {_shows(shift)}"
            f"{_closure_words(shift, moved=shift.closure_shifted)}; a shift of {shift.hours:+g} h fits. It is used as "
            "stamped: read it with repair (--repair) to move it"
        )
        if shift.months_disagree:
            message += f". But {months_in_words(shift)}"
        making.history.append(f"found: {message}")
        warnings.warn(f"{making.where}: {message}.", WeatherWarning, stacklevel=4)
    elif shift.months_disagree:
        making.history.append(f"found: {months_in_words(shift)}; used as stamped, repair 'months' moves them")


def _shows(shift: Shift) -> str:
    return "show" if shift.witness.endswith("s") else "shows"


def months_in_words(shift: Shift) -> str:
    """Which months have a clock of their own, in words."""
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    groups: dict[float, list[str]] = {}
    for name, hours in zip(names, shift.by_month, strict=True):
        if np.isfinite(hours) and hours != 0.0:
            groups.setdefault(hours, []).append(name)
    told = "; ".join(f"{', '.join(group)} {hours:+g} h" for hours, group in sorted(groups.items()))
    right = [name for name, hours in zip(names, shift.by_month, strict=True) if hours == 0.0]
    stay = f"; {', '.join(right)} are right" if right else ""
    summer = (
        " It looks like daylight-saving stamps under a fixed offset: give the zone." if set(groups) == {-1.0} else ""
    )
    whole = "" if shift.found else ", though the whole needs no shift"
    return (
        f"the radiation of single months fits the sun when moved by themselves ({told}{stay}){whole}"
        f"{'.' + summer if summer else ''}"
    )


def _closure_words(shift: Shift, *, moved: float) -> str:
    if np.isnan(moved):
        return ""
    return f" (closure {shift.closure_as_stamped:.0f} W/m2 as stamped, {moved:.0f} W/m2 moved)"


def _dataset(making: Making) -> xr.Dataset:
    attrs = dict(making.draft.attrs)
    said = str(attrs.get("history", ""))
    # a file that was written by us has told it already
    lines = [said, *(line for line in making.history if line not in said.split("\n"))]
    attrs["history"] = "\n".join(line for line in lines if line)
    dataset = place_dataset(
        {name: making.values[name] for name in VARIABLES if name in making.values},
        time=making.time,
        latitude=making.draft.latitude,
        longitude=making.draft.longitude,
        altitude_m=making.draft.altitude_m,
        attrs=attrs,
        flagged=making.flagged,
    )
    try:
        return check_weather(dataset)
    except DataError as error:
        raise DataError(f"{making.where}: {error}") from error


def _text(stamp: np.datetime64) -> str:
    return f"{np.datetime_as_string(stamp, unit='m')}Z"
