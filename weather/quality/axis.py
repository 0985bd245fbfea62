"""From the source's stamps to one axis: sorted, without repetition, without holes, means over [t, t + step)."""

import warnings
from dataclasses import replace

import numpy as np

from weather.conventions import WeatherWarning
from weather.conventions.errors import DataError
from weather.quality.draft import Draft
from weather.quality.gaps import LIT
from weather.quality.sunlight import Sunlight

_LONG_RUN = 6  # equal gaps after each other that are a step, not holes
_LONGEST = 1_000_000  # intervals: 114 years of hours; a wrong stamp would ask for more
_H = np.timedelta64(3_600_000_000_000, "ns")


def settle_axis(draft: Draft) -> Draft:
    """The draft on sorted, equally spaced stamps; NaN where a stamp was missing.

    Rows in another order are sorted and identical rows dropped, both with a warning.

    Raises
    ------
    DataError
        When a stamp comes twice with different values, stamps do not lie on one step, or more is missing than there is.
    """
    if draft.time.size < 2:
        raise DataError(
            f"{draft.where}: {draft.time.size} row(s) of weather; at least two are needed to tell the step."
        )
    order = np.argsort(draft.time, kind="stable")
    if (np.diff(draft.time) < np.timedelta64(0, "ns")).any():
        warnings.warn(f"{draft.where}: rows are not in order of time; they were sorted.", WeatherWarning, stacklevel=2)
        draft = _taken(draft, order)
    gaps = np.diff(draft.time)
    again = np.flatnonzero(gaps == np.timedelta64(0, "ns"))
    if again.size:
        draft = _without_repetition(draft, again)
        gaps = np.diff(draft.time)
        if draft.time.size < 2:
            raise DataError(f"{draft.where}: all rows have one stamp, {draft.at(0)}; at least two stamps are needed.")
    step = draft.step if draft.step is not None else _usual(gaps)
    places = (draft.time - draft.time[0]) // step
    off = np.flatnonzero((draft.time - draft.time[0]) % step != np.timedelta64(0, "ns"))
    if off.size:
        raise DataError(
            f"{draft.where}, {draft.at(int(off[0]))}: {off.size} stamp(s) do not lie on the step of "
            f"{step / _H:g} h that starts at {draft.at(0)}; expected equally spaced stamps. Correct or resample them."
        )
    _refuse_changed_step(draft, gaps, step)
    total = int(places[-1]) + 1
    if total > min(_LONGEST, 2 * draft.time.size + 100):
        widest = int(gaps.argmax())
        raise DataError(
            f"{draft.where}: {draft.time.size} stamps on an axis of {total} steps of {step / _H:g} h; the widest hole "
            f"lies after {draft.at(widest)}. Correct the stamps, or cut the file into its parts."
        )
    return replace(_spread(draft, places.astype(int), total, step), step=step)


def _refuse_changed_step(draft: Draft, gaps: np.ndarray, step: np.timedelta64) -> None:
    """Stamps that go on in another step are means of other intervals, not a series with holes."""
    longer = gaps > step
    alike = np.concatenate([[False], longer[1:] & (gaps[1:] == gaps[:-1]), [False]])
    edges = np.flatnonzero(np.diff(alike.astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first + 1 >= _LONG_RUN:
            raise DataError(
                f"{draft.where}, {draft.at(int(first))}: from here {int(last - first) + 1} stamps follow each other by "
                f"{gaps[first] / _H:g} h, most others by {step / _H:g} h. A mean of a longer interval is not one of a "
                "shorter: cut the file where its step changes, and give each part by itself."
            )


def _usual(gaps: np.ndarray) -> np.timedelta64:
    steps, counts = np.unique(gaps, return_counts=True)
    return steps[counts.argmax()]


def _taken(draft: Draft, rows: np.ndarray) -> Draft:
    return replace(
        draft,
        time=draft.time[rows],
        values={name: array[..., rows] for name, array in draft.values.items()},
        flagged={name: array[..., rows] for name, array in draft.flagged.items()},
        rows=None if draft.rows is None else draft.rows[rows],
    )


def _without_repetition(draft: Draft, again: np.ndarray) -> Draft:
    for name, array in draft.values.items():
        one, other = array[..., again], array[..., again + 1]
        differ = ~((one == other) | (np.isnan(one) & np.isnan(other)))
        if differ.any():
            at = int(again[np.flatnonzero(differ.reshape(-1, again.size).any(axis=0))[0]])
            first, second = (float(np.atleast_2d(array)[0, index]) for index in (at, at + 1))
            raise DataError(
                f"{draft.where}, {draft.at(at + 1)}: the stamp is there twice with different values ({name} "
                f"{first:g} and {second:g}); {again.size} repeated stamp(s) in all. Keep the right row of each. Local "
                "stamps that change to winter time repeat an hour: give them with their offset."
            )
    warnings.warn(
        f"{draft.where}: {again.size} row(s) are there twice with the same values, first {draft.at(int(again[0]))}; "
        "the second was dropped.",
        WeatherWarning,
        stacklevel=3,
    )
    keep = np.ones(draft.time.size, dtype=bool)
    keep[again + 1] = False
    return _taken(draft, np.flatnonzero(keep))


def _spread(draft: Draft, places: np.ndarray, total: int, step: np.timedelta64) -> Draft:
    if total == draft.time.size:
        return draft
    values, flagged = {}, {}
    for name, array in draft.values.items():
        values[name] = np.full((*array.shape[:-1], total), np.nan)
        values[name][..., places] = array
    for name, array in draft.flagged.items():
        flagged[name] = np.zeros((*array.shape[:-1], total), dtype=np.uint8)
        flagged[name][..., places] = array
    time = draft.time[0] + np.arange(total) * step
    rows = None
    if draft.rows is not None:
        # a stamp that is missing is told by the row after which it belongs
        rows = draft.rows[np.searchsorted(draft.time, time, side="right") - 1]
    return replace(draft, time=time, values=values, flagged=flagged, rows=rows)


def interval_starts(draft: Draft) -> np.ndarray:
    """Starts of the intervals that every variable can cover, shape (time,), of a draft with a settled axis.

    Means under an end label begin one step before their stamps. Instants cover an interval between them; where they lie
    inside their intervals (as ten past the hour) the first and last are held to the interval's edge.
    """
    step = draft.step
    spans = []
    for name in draft.values:
        first, last = draft.time[0], draft.time[-1]
        if draft.label[name] == "instant":
            first, last = draft.instants(name)[[0, -1]]
            inside = (first - first.astype("datetime64[D]")) % step
            last_start = last - inside - (step if inside == np.timedelta64(0, "ns") else np.timedelta64(0, "ns"))
            spans.append((first - inside, last - inside if draft.attrs.get("typical_year") else last_start))
        else:
            back = {"start": 0 * step, "end": step, "middle": step // 2}[draft.label[name]]
            spans.append((first - back, last - back))
    begin, end = max(span[0] for span in spans), min(span[1] for span in spans)
    uneven = [name for name, span in zip(draft.values, spans, strict=True) if (span[0] - begin) % step]
    if uneven or end < begin + step:
        raise DataError(
            f"{draft.where}: {', '.join(uneven) or 'its variables'} cannot be laid onto intervals of "
            f"{step / _H:g} h from {np.datetime_as_string(begin, unit='m')}Z to "
            f"{np.datetime_as_string(end, unit='m')}Z. Give more stamps, or stamps on full intervals."
        )
    return np.arange(begin, end + step, step)


def on_starts(draft: Draft, name: str, starts: np.ndarray) -> np.ndarray:
    """Index into the draft's stamps of each interval's mean; for variables that are means."""
    back = {"start": 0 * draft.step, "end": draft.step, "middle": draft.step // 2}[draft.label[name]]
    return ((starts + back - draft.time[0]) // draft.step).astype(int)


def mean_of_radiation(
    values: np.ndarray, *, time: np.ndarray, starts: np.ndarray, sun: Sunlight, name: str, ring: bool
) -> np.ndarray:
    """Mean over each interval of radiation at instants, its clear-sky index on straight lines, shape (time,) [W/m2].

    Parameters
    ----------
    values : ndarray, shape (instant,) [W/m2]; NaN spoils the intervals it touches
    time, starts, ring
        As `mean_of_instants`.
    sun : Sunlight
        On the axis `starts`.
    name : str
        ghi, dni or dhi: whose clear sky.
    """
    at = seconds(time)
    clear = np.interp(at, seconds(sun.time), sun.clear[name])
    lit = np.isfinite(values) & (clear > LIT)
    if not lit.any():
        return np.where(_touched(np.isnan(values), time=time, starts=starts, ring=ring), np.nan, 0.0)
    index = np.interp(seconds(sun.time), at[lit], values[lit] / clear[lit])
    means = sun.over(index * sun.clear[name])
    return np.where(_touched(np.isnan(values), time=time, starts=starts, ring=ring), np.nan, means)


def _touched(missing: np.ndarray, *, time: np.ndarray, starts: np.ndarray, ring: bool) -> np.ndarray:
    return np.isnan(mean_of_instants(np.where(missing, np.nan, 0.0), time=time, starts=starts, ring=ring))


def seconds(time: np.ndarray) -> np.ndarray:
    """Stamps as float seconds since 1970, for interpolation."""
    return (time - np.datetime64(0, "s")) / np.timedelta64(1, "s")


def mean_of_instants(values: np.ndarray, *, time: np.ndarray, starts: np.ndarray, ring: bool) -> np.ndarray:
    """Mean over each interval of the straight lines between instants, shape (time,).

    Parameters
    ----------
    values : ndarray, shape (instant,); NaN spoils the intervals it touches
    time : ndarray of datetime64[ns], shape (instant,), equally spaced
    starts : ndarray of datetime64[ns], shape (time,)
    ring : bool
        True for a typical year, whose end meets its start.

    Notes
    -----
    A lone peak between two instants is cut, by an eighth of the second difference: 0.1 K for temperature.
    """
    step = time[1] - time[0]
    if ring:
        values, time = np.append(values, values[0]), np.append(time, time[-1] + step)
    inside = float(((time[0] - starts[0]) % step) / step)  # of the instant in its interval, in steps
    first = round(float((starts[0] - time[0]) / step) + inside)
    index = first + np.arange(starts.size)
    last = values.size - 1
    before, here, after = (values[np.clip(index + k, 0, last)] for k in (-1, 0, 1))
    # from the interval's start to the instant, and from it to the interval's end
    left = inside * (here + (before - here) * inside / 2.0)
    right = (1.0 - inside) * (here + (after - here) * (1.0 - inside) / 2.0)
    return np.where(inside > 0.0, left, 0.0) + right
