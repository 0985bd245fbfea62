"""The nearest maximum of a few lines to a curve given at knots: how a linear planner sees a plant.

Pure numpy; every function takes any leading dims and the knots last.
"""

import numpy as np

_BISECTIONS = 24  # the bracket shrinks to 6e-8 of itself: far below what the curve is known to
_ROUNDS = 6  # of centring; the gain of a seventh is below a hundredth of the error on the default plants
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

    Use it where a planner needs a convex table of a plant: intercept and slope of each line, per curve. Breaks
    fall where each curve bends, not at knots, and are different for every curve.

    Parameters
    ----------
    knots : ndarray, shape (..., knot)
        Loads, >= 0, strictly ascending. The error is measured in shares of the load: 0.3 % of 200 kW at 200 kW.
        From load 0 on, in shares of the load and a hundredth of the largest.
    values : ndarray, shape (..., knot)
        The curve at the knots; straight between them.
    lines : int
        How many lines, at least 1. A curve that needs fewer repeats its last one.

    Returns
    -------
    intercept, slope : ndarray, shape (..., lines)

    Notes
    -----
    With scale ``s(x) = x`` (affine, so a line less ``e s`` is a line) the maximum of lines is to lie between
    ``h - e s`` and ``h + e s``, ``h`` the hull of the curve. For a given ``e`` the least number of lines comes of
    walking: from the lower bound at the first knot along the steepest line that stays below the upper bound, until
    it meets the lower bound again, and on from there. The smallest ``e`` that reaches the last knot with ``lines``
    lines is found by bisection: for a convex curve no lines are nearer at the knots.

    A curve that is not convex lies up to ``g s`` above its hull, and half of ``g`` is an error no convex table can
    mend. There each line is moved to the middle of its own errors (`_centred`); the error is at most ``e + g / 2``.
    Below the first knot and beyond the last the outer lines go on.

    References
    ----------
    Imai and Iri, An optimal algorithm for approximating a piecewise linear function, J. Inf. Process. 9 (1986): the
    tunnel between two bounds.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> intercept, slope = convex_lines(x, np.abs(x - 2.0), lines=2)
    >>> np.round(intercept, 6), np.round(slope, 6)
    (array([ 2., -2.]), array([-1.,  1.]))
    """
    values = np.asarray(values, dtype=float)
    flat = values.reshape(-1, values.shape[-1])
    x = np.broadcast_to(knots, values.shape).reshape(flat.shape).astype(float)
    scale = np.where(x[:, :1] > 0, x, x + 0.01 * x[:, -1:])
    hull = lower_hull(x, flat)
    along = (x - x[:, :1]) / (x[:, -1:] - x[:, :1])
    chord = hull[:, :1] * (1.0 - along) + hull[:, -1:] * along
    enough = np.max((chord - hull) / scale, axis=1)  # one line does with half of that
    enough = enough + 1e-12 * np.max(np.abs(flat) / scale, axis=1)
    too_little = np.zeros_like(enough)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (too_little + enough)
        *_, reached = _walk(x, hull, middle[:, None] * scale, lines)
        enough, too_little = np.where(reached, middle, enough), np.where(reached, too_little, middle)
    intercept, slope, _ = _walk(x, hull, enough[:, None] * scale, lines)
    bent = np.any(flat > hull, axis=1)
    if bent.any():
        intercept[bent], slope[bent] = _centred(x[bent], flat[bent], scale[bent], intercept[bent], slope[bent])
    shape = (*values.shape[:-1], lines)
    return intercept.reshape(shape), slope.reshape(shape)


def _centred(x, values, scale, intercept, slope):
    """Each line moved to the middle of its errors where it is the highest; the best of a few rounds, per curve."""
    steep_of_scale = np.diff(scale[:, :2], axis=1) / np.diff(x[:, :2], axis=1)
    rest_of_scale = scale[:, :1] - steep_of_scale * x[:, :1]
    best, least = (intercept, slope), np.full(len(x), np.inf)
    for _ in range(_ROUNDS):
        height = intercept[..., None] + slope[..., None] * x[:, None, :]
        off = (height.max(axis=1) - values) / scale
        worst = np.abs(off).max(axis=1)
        better = (worst < least)[:, None]
        best = tuple(np.where(better, new, old) for new, old in zip((intercept, slope), best, strict=True))
        least = np.minimum(worst, least)
        highest = height.argmax(axis=1)[:, None, :] == np.arange(slope.shape[1])[:, None]
        most, fewest = (np.where(highest, off[:, None, :], end) for end in (-np.inf, np.inf))
        ends = np.stack([most.max(axis=2), fewest.min(axis=2)])
        move = np.where(highest.any(axis=2), ends, 0.0).mean(axis=0)  # a line that is nowhere highest stays
        intercept, slope = intercept - move * rest_of_scale, slope - move * steep_of_scale
    return best


def _walk(x: np.ndarray, hull: np.ndarray, width: np.ndarray, lines: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines within a width of a convex curve, each as long as can be, and whether they reach the end.

    Shapes: x, hull, width (curve, knot); intercept, slope (curve, lines); reached (curve,).
    """
    upper, lower = hull + width, hull - width
    count = len(x)
    row, end = np.arange(count), x[:, -1]
    at, height = x[:, 0].copy(), lower[:, 0].copy()
    intercept, slope = np.empty((count, lines)), np.empty((count, lines))
    for line in range(lines):
        run = x - at[:, None]
        ahead = run > 1e-9 * end[:, None]
        steep = np.min((upper - height[:, None]) / np.where(ahead, run, 1.0), axis=1, where=ahead, initial=np.inf)
        begin = height - steep * at
        if line:  # where the end has been reached the last line stands for the rest
            over = ~np.isfinite(steep)
            steep, begin = np.where(over, slope[:, line - 1], steep), np.where(over, intercept[:, line - 1], begin)
        intercept[:, line], slope[:, line] = begin, steep
        above = begin[:, None] + steep[:, None] * x - lower
        under = ahead & (above < 0.0)
        ends, first = ~under.any(axis=1), np.maximum(under.argmax(axis=1), 1)
        here, before = above[row, first], above[row, first - 1]
        part = np.clip(before / np.where(before > here, before - here, 1.0), 0.0, 1.0)
        met = x[row, first - 1] + part * (x[row, first] - x[row, first - 1])
        at = np.where(ends, end, np.maximum(met, at))
        height = begin + steep * at
    return intercept, slope, at >= end * (1.0 - 1e-12)
