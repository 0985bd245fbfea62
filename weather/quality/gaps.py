"""Gaps: up to three hours are bridged, radiation through its clear-sky index; longer ones are not invented."""

import numpy as np

LONGEST_GAP_H = 3.0
LIT = 20.0
"""Clear sky from which an index to it means something [W/m2]."""


def runs(missing: np.ndarray) -> list[tuple[int, int]]:
    """First and one-past-last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def fill_gaps(
    values: np.ndarray, *, most: int, clear: np.ndarray | None = None, circle: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Values with gaps of up to `most` steps bridged, and where.

    Parameters
    ----------
    values : ndarray, shape (time,); NaN where missing
    most : int
        Longest gap that is bridged, in steps; a gap at either end is left.
    clear : ndarray, shape (time,) [W/m2], or None
        Clear sky of the same intervals, for radiation: the ratio to it is bridged, and night is night.
    circle : float or None
        Full turn of a direction, which is bridged the short way round.

    Returns
    -------
    values, filled : ndarray, shape (time,)
        The second bool.
    """
    missing = np.isnan(values)
    filled = np.zeros(values.size, dtype=bool)
    if not missing.any():
        return values, filled
    for first, last in runs(missing):
        if last - first <= most and first > 0 and last < values.size:
            filled[first:last] = True
    bridged = _through(values, filled, circle=circle) if clear is None else _by_clear_sky(values, filled, clear)
    return np.where(filled, bridged, values), filled


def _through(values: np.ndarray, filled: np.ndarray, *, circle: float | None) -> np.ndarray:
    known = np.flatnonzero(np.isfinite(values))
    if circle is None:
        return np.interp(np.arange(values.size), known, values[known])
    turned = np.unwrap(values[known], period=circle)
    return np.mod(np.interp(np.arange(values.size), known, turned), circle)


def _by_clear_sky(values: np.ndarray, filled: np.ndarray, clear: np.ndarray) -> np.ndarray:
    lit = np.flatnonzero(np.isfinite(values) & (clear > LIT))
    if lit.size == 0:
        return np.where(clear > 0.0, np.nan, 0.0) if (clear[filled] > LIT).any() else np.zeros(values.size)
    return np.interp(np.arange(values.size), lit, values[lit] / clear[lit]) * clear
