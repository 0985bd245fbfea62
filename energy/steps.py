"""Steps of a plan against the hours of its weather."""

from __future__ import annotations

import numpy as np

_NOTHING = 1e-12  # share of a step that is rounding


def hours_share(time: np.ndarray, step_h: float, hours: np.ndarray) -> np.ndarray:
    """Share of each step that lies in each hour, (step, hour); rows sum to 1 where the hours cover the step."""
    hour = np.timedelta64(1, "h")
    step_from = (time - hours[0]) / hour
    hour_from = (hours - hours[0]) / hour
    begin = np.maximum(step_from[:, None], hour_from[None, :])
    end = np.minimum(step_from[:, None] + step_h, hour_from[None, :] + 1.0)
    return np.maximum(end - begin, 0.0) / step_h


def pieces_of(time: np.ndarray, step_h: float, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pieces of steps that lie inside one hour each, in order.

    Returns
    -------
    step, hour, share : ndarray, shape (piece,)
        Number of the step and of the hour a piece is of, and its share of the step: a mean over a step is the sum of
        ``share`` times the value of its pieces.
    """
    share = hours_share(time, step_h, hours)
    step, hour = np.nonzero(share > _NOTHING)
    return step, hour, share[step, hour]
