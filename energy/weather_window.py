"""The weather of a window: whole hours that cover it, opened from the sources of a study's nodes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import xarray as xr

from energy.config import Study
from weather import open_weather
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis


def whole_hours(start: datetime, horizon_h: float) -> np.ndarray:
    """Stamps of the hours that cover a window, naive UTC.

    Parameters
    ----------
    start
        Civil time the window opens at, naive.
    horizon_h
        Its length [h].
    """
    first = start.replace(minute=0, second=0, microsecond=0)
    covered = (start - first) / timedelta(hours=1) + horizon_h
    return time_axis(first, horizon_h=float(np.ceil(covered - 1e-9)), step_h=1.0)


def opened_weather(
    study: Study, specs: Mapping[str, str], hours: np.ndarray, seed: int
) -> tuple[xr.Dataset, list[str]]:
    """Weather of the hours at every node of the study, and what its sources warn of.

    Parameters
    ----------
    study
        Gives the nodes, and whether files are mended.
    specs
        Node id -> source.
    hours
        From :func:`whole_hours`.
    seed
        Of made weather.

    Raises
    ------
    DataError, ConfigError, SourceUnavailable
        A source that cannot be used, or does not cover the hours.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            nodes = [node.node() for node in study.nodes]
            weather = open_weather(specs, nodes, time=hours, seed=seed, repair=study.weather.repair)
        except OSError as error:  # what a reader did not explain; without this it would pass for a full disk
            raise DataError(
                f"weather: {error.filename or 'a file'} cannot be read ({error.strerror or error}). "
                "Give files you may read."
            ) from error
    return weather, list(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning)))
