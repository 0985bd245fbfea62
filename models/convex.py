"""The nearest maximum of a few lines to a curve given at knots: how a linear planner sees a plant.

Pure numpy; every function takes any leading dims and the knots last.
"""

import numpy as np

_BLOCK = 4096  # curves fitted at once: bounds the memory to 100 MB at 45 knots
_FLAT = 1e-12  # bends below this share of the steepest slope are rounding


def lower_hull(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lower convex hull of a function given at knots, evaluated at the knots.

    Parameters
    ----------
    knots : ndarray, shape (..., knot)
        Strictly ascending.
    values : ndarray, shape (..., knot)

    Returns
    -------
    ndarray, shape (..., knot)
        The greatest convex function not above ``values``; equal to it where it is convex.

    Notes
    -----
    At a knot: the least over all chords between a knot before it and one after it.

    Examples
    --------
    >>> lower_hull(np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 2.0]))
    array([0., 1., 2.])
    """
    hull = np.array(values, dtype=float)
    x = np.broadcast_to(knots, hull.shape)
    slopes = np.diff(hull, axis=-1) / np.diff(x, axis=-1)
    steepest = np.abs(slopes).max(axis=-1, keepdims=True)
    bent = np.any(np.diff(slopes, axis=-1) < -_FLAT * steepest, axis=-1)
    if not bent.any():
        return hull
    given, place, least = hull[bent], x[bent], hull[bent].copy()
    for left in range(x.shape[-1] - 2):
        for right in range(left + 2, x.shape[-1]):
            inside, ends = slice(left + 1, right), (slice(left, left + 1), slice(right, right + 1))
            low, high = (place[:, end] for end in ends)
            along = (place[:, inside] - low) / (high - low)
            chord = given[:, ends[0]] * (1.0 - along) + given[:, ends[1]] * along
            np.minimum(least[:, inside], chord, out=least[:, inside])
    hull[bent] = least
    return hull


def convex_lines(knots: np.ndarray, values: np.ndarray, *, lines: int) -> tuple[np.ndarray, np.ndarray]:
    """The lines whose maximum is nearest to a curve in the largest error relative to the abscissa.

    Use it where a planner needs a convex table of a plant: intercept and slope of each line, per curve. Every curve
    has breaks of its own.

    Parameters
    ----------
    knots : ndarray, shape (..., knot)
        Loads, >= 0, strictly ascending. The error is measured in shares of the load: 0.3 % of 200 kW at 200 kW.
        From load 0 on, in shares of the load and a hundredth of the largest.
    values : ndarray, shape (..., knot)
        The curve at the knots.
    lines : int
        How many lines, from 1 to one fewer than knots.

    Returns
    -------
    intercept, slope : ndarray, shape (..., lines)

    Notes
    -----
    Scale ``s(x) = x``, hull ``h`` of the curve ``f``. A line that is nowhere above ``h + e s`` (else the maximum would
    be, somewhere) can be at or above ``f - e s`` from knot ``i`` to knot ``j`` exactly if every chord of ``f`` between
    two knots ``a <= b`` of them, lowered by ``e s``, is not above ``h + e s``: the points below and the convex bound
    above can be parted by a line. So the least error of a span is

        ``e(i, j) = max over a <= k <= b of (chord_ab(k) - h(k)) / (2 s(k))``

    and the line is the chord of the ``a, b`` that need it, lowered by ``e s``. Of all divisions of the knots into
    spans that share their ends the one with the least largest ``e`` is taken (dynamic programming): for breaks at
    knots no maximum of so many lines is nearer, whether the curve is convex or not. Where it is not, half its
    largest distance above the hull is an error no convex table can mend. Below the first knot and beyond the last
    the outer lines go on.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> intercept, slope = convex_lines(x, np.abs(x - 2.0), lines=2)
    >>> np.round(intercept, 6), np.round(slope, 6)
    (array([ 2., -2.]), array([-1.,  1.]))
    """
    values = np.asarray(values, dtype=float)
    hull = lower_hull(knots, values)
    # knots first: a span of knots is then one piece of memory
    x, f, hull = (
        np.ascontiguousarray(np.broadcast_to(array, values.shape).reshape(-1, values.shape[-1]).T)
        for array in (knots, values, hull)
    )
    parts = [slice(first, first + _BLOCK) for first in range(0, f.shape[1], _BLOCK)]
    fitted = [_fitted(x[:, part], f[:, part], hull[:, part], lines) for part in parts]
    shape = (*values.shape[:-1], lines)
    intercept, slope = (np.concatenate([part[k] for part in fitted], axis=1).T.reshape(shape) for k in (0, 1))
    return intercept, slope


def _fitted(x, f, hull, lines: int) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope, (lines, curve), of curves given as (knot, curve)."""
    scale = np.where(x[:1] > 0, x, x + 0.01 * x[-1:])
    error, chord = _span_errors(x, f, hull, scale)
    cuts = _divided(error, lines)
    row = np.arange(f.shape[1])
    begin, end = cuts[:-1], cuts[1:]
    e, (a, b) = error[begin, end, row], np.divmod(chord[begin, end, row], len(f))
    slope, height = _chords(x, f, hull, a, b)
    steep = (scale[1] - scale[0]) / (x[1] - x[0])
    # a point above the hull, not a chord, needs the error: the hull's own line, raised
    up = np.where(a == b, 1.0, -1.0) * e
    return height - slope * x[a, row] + up * (scale[0] - steep * x[0]), slope + up * steep


def _span_errors(x, f, hull, scale) -> tuple[np.ndarray, np.ndarray]:
    """Least error of a line over each span of knots, and the chord that needs it as a * knots + b.

    Shapes: x, f, hull, scale (knot, curve); both results (first knot, last knot, curve).
    """
    count, half = len(f), 0.5 / scale
    error = np.zeros((count, count, f.shape[1]))
    chord = np.zeros(error.shape, dtype=np.int32)
    for i in range(count):
        error[i, i], chord[i, i] = (f[i] - hull[i]) * half[i], i * count + i
    for width in range(1, count):
        for i in range(count - width):
            j = i + width
            steep = (f[j] - f[i]) / (x[j] - x[i])
            off = (x[i + 1 : j] - x[i]) * steep
            off += f[i] - hull[i + 1 : j]
            off *= half[i + 1 : j]
            here = off.max(axis=0, initial=0.0)
            error[i, j], chord[i, j] = here, i * count + j
            for inner in ((i + 1, j), (i, j - 1)):
                more = error[inner] > error[i, j]
                np.copyto(error[i, j], error[inner], where=more)
                np.copyto(chord[i, j], chord[inner], where=more)
    return error, chord


def _divided(error: np.ndarray, lines: int) -> np.ndarray:
    """The knots that divide each curve into spans of the least largest error, shape (lines + 1, curve)."""
    count = len(error)
    least, begins = error[0], []  # of the first span, by the knot it ends at
    for _ in range(lines - 1):
        through = [np.maximum(least[: j + 1], error[: j + 1, j]) for j in range(count)]
        begins.append(np.array([spans.argmin(axis=0) for spans in through]))
        least = np.array([spans.min(axis=0) for spans in through])
    row = np.arange(error.shape[2])
    cuts = [np.full(len(row), count - 1)]
    for begin in reversed(begins):
        cuts.append(begin[cuts[-1], row])
    cuts.append(np.zeros(len(row), dtype=int))
    return np.array(cuts[::-1])


def _chords(x, f, hull, a, b) -> tuple[np.ndarray, np.ndarray]:
    """Slope and height at ``a`` of the chord from knot a to knot b, or of the hull at a where they are one."""
    row, last = np.arange(f.shape[1]), len(f) - 1
    one = a == b
    before, after = np.where(one, np.maximum(a - 1, 0), a), np.where(one, np.minimum(b + 1, last), b)
    y = np.where(one, hull[after, row] - hull[before, row], f[after, row] - f[before, row])
    return y / (x[after, row] - x[before, row]), np.where(one, hull[a, row], f[a, row])
