"""Values at mid-month and at noon, laid linearly between, and what means they then have."""

import numpy as np

_HALVINGS = 40


def mean_preserving_nodes(monthly: np.ndarray) -> np.ndarray:
    """Values at mid-month whose linear interpolation over the year has the given monthly means.

    Parameters
    ----------
    monthly : ndarray, shape (12,), any unit

    Returns
    -------
    ndarray, shape (12,), same unit

    Notes
    -----
    The mean of a month is 1/8 of the previous node, 3/4 of its own, 1/8 of the next (a ring).

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.allclose(mean_preserving_nodes(np.full(12, 5.0)), 5.0))
    True
    """
    ring = 0.75 * np.eye(12) + 0.125 * (np.roll(np.eye(12), 1, axis=1) + np.roll(np.eye(12), -1, axis=1))
    return np.linalg.solve(ring, monthly)


def through_year(nodes: np.ndarray, year_month: np.ndarray) -> np.ndarray:
    """Mid-month values interpolated on a ring.

    Parameters
    ----------
    nodes : ndarray, shape (12,)
    year_month : ndarray, any shape
        Place in the year in months, 0 at the start of January, 12 at the end of December.
    """
    return np.interp(year_month, np.arange(-0.5, 13.0), np.concatenate([nodes[-1:], nodes, nodes[:1]]))


def through_days(noons: np.ndarray) -> np.ndarray:
    """Hourly means of daily values that hold at noon, linear between.

    Parameters
    ----------
    noons : ndarray, shape (..., days + 2)
        With the day before the first and the day after the last.

    Returns
    -------
    ndarray, shape (..., days x 24)
    """
    after = (np.arange(24) + 0.5) / 24.0 - 0.5  # of the way from this noon to the next, or back to the last
    before, noon, next_noon = (values[..., None] for values in (noons[..., :-2], noons[..., 1:-1], noons[..., 2:]))
    hours = noon * (1.0 - np.abs(after)) + before * np.maximum(-after, 0.0) + next_noon * np.maximum(after, 0.0)
    return hours.reshape(*hours.shape[:-2], -1)


def noon_series(lag1: float, std: float) -> tuple[float, float]:
    """Lag-1 and spread of a series at noon whose linear interpolation has daily means of the given ones.

    Notes
    -----
    The mean of a day is 1/8, 3/4, 1/8 of the noons around it. With c = (0.59375, 0.1875, 0.015625), the
    autocorrelation of these weights, and a the lag-1 at noon: variance c0 + 2 c1 a + 2 c2 a2, covariance of
    neighbouring days c0 a + c1 (1 + a2) + c2 (a + a3). Their ratio rises with a.
    """
    zero, one, two = 0.59375, 0.1875, 0.015625
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        noon = 0.5 * (low + high)
        variance = zero + 2.0 * one * noon + 2.0 * two * noon**2
        covariance = zero * noon + one * (1.0 + noon**2) + two * (noon + noon**3)
        low, high = (low, noon) if covariance > lag1 * variance else (noon, high)
    noon = 0.5 * (low + high)
    return noon, std / float(np.sqrt(zero + 2.0 * one * noon + 2.0 * two * noon**2))
