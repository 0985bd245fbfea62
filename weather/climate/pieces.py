"""What a statistic taken within months tells of the series it was taken from.

The mean of a month is part of the weather: taking it away takes away what lasts longer than the month. A series
whose days correlate by 0.30 shows 0.25 when its anomalies are taken about the mean of each month.
"""

import numpy as np

DAYS_OF_MONTH = 30
HOURS_OF_MONTH = 730


def within(correlations: np.ndarray, lag: int) -> tuple[float, float]:
    """Variance left and correlation found in pieces of a stationary series, about each piece's own mean.

    Parameters
    ----------
    correlations : ndarray, shape (length,)
        Autocorrelation of the series at lags 0 to length - 1, the length of a piece.
    lag : int

    Returns
    -------
    variance : float
        Share of the series' variance left in pieces.
    correlation : float
        Mean product of anomalies `lag` apart in one piece over the variance left.

    Notes
    -----
    With c(t) the covariance of the value at t with its piece's mean, V the mean of c (the variance of the mean)
    and n the length: the products average to r - (2 n V - sum of c over the first and last `lag` values) /
    (n - lag) + V, the variance to 1 - V.

    Examples
    --------
    Days of an AR(1) of 0.30, seen within months:

    >>> import numpy as np
    >>> [round(value, 3) for value in within(0.30 ** np.arange(30), 1)]
    [0.939, 0.254]
    """
    length = correlations.size
    ahead = np.cumsum(correlations)
    with_mean = (ahead + ahead[::-1] - 1.0) / length
    of_mean = with_mean.mean()
    edges = with_mean[:lag].sum() + with_mean[length - lag :].sum()
    product = correlations[lag] - (2.0 * length * of_mean - edges) / (length - lag) + of_mean
    return float(1.0 - of_mean), float(product / (1.0 - of_mean))


def within_months(values: np.ndarray, month: np.ndarray, lag: int) -> tuple[float, float]:
    """The same two of a series itself: standard deviation about the mean of each month, and correlation at a lag.

    Parameters
    ----------
    values : ndarray, shape (time,)
    month : ndarray of int, shape (time,)
        A number for each month of each year, rising.
    lag : int
        Pairs over a month's end are left out.

    Returns
    -------
    std : float, unit of values
    correlation : float
    """
    _, number, count = np.unique(month, return_inverse=True, return_counts=True)
    anomaly = values - (np.bincount(number, weights=values) / count)[number]
    inside = number[lag:] == number[:-lag]
    product = float(np.mean((anomaly[lag:] * anomaly[:-lag])[inside]))
    variance = float(np.mean(anomaly**2))
    return float(np.sqrt(variance)), product / variance
