"""Hourly load of a hall from what the command line gave, and the weather both models run on."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from models.cooling import outdoor_state
from weather import WeatherWarning, read_epw

HOURS = 8760
# Share of the rated heat by the civil hour: the day of the shared two-zone hall (its CPU loading schedule).
_DAY = np.repeat([0.5, 0.75, 1.0, 0.8], [6, 2, 10, 6])


class ArgumentError(ValueError):
    """Something given on the command line cannot be used; the text says what is allowed."""


def load_share(spec: str) -> np.ndarray:
    """Share of the rated heat by hour of the year.

    Parameters
    ----------
    spec : str
        A number above 0, at most 1: constant. ``profile``: a daily profile of 0.5 to 1. Else a file of 8760 rows, the
        last column of each the share; a heading is allowed.

    Returns
    -------
    ndarray (8760,)

    Raises
    ------
    ArgumentError
    """
    if spec == "profile":
        return np.tile(_DAY, HOURS // 24)
    try:
        constant = float(spec)
    except ValueError:
        return _check(_read_shares(Path(spec)), spec)
    return _check(np.full(HOURS, constant), spec)


def _read_shares(file: Path) -> np.ndarray:
    if not file.is_file():
        raise ArgumentError(f"--load {file}: neither a number, nor 'profile', nor a file that exists")
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = [row for row in csv.reader(handle) if row and row[-1].strip()]
    if rows and not _is_number(rows[0][-1]):
        rows = rows[1:]
    bad = [at for at, row in enumerate(rows) if not _is_number(row[-1])]
    if bad:
        raise ArgumentError(f"--load {file}: data row {bad[0] + 1} ends with {rows[bad[0]][-1]!r}, expected a number")
    return np.array([float(row[-1]) for row in rows])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check(share: np.ndarray, spec: str) -> np.ndarray:
    if share.size != HOURS:
        raise ArgumentError(f"--load {spec}: {share.size} values, expected {HOURS}, one per hour of a year of 365 days")
    good = np.isfinite(share) & (share > 0) & (share <= 1)
    if not good.all():
        at = int(np.argmin(good))
        raise ArgumentError(f"--load {spec}: got {share[at]} in hour {at + 1}, allowed more than 0, at most 1")
    return share


def outdoor(file: Path) -> xr.Dataset:
    """What a plant feels of an EPW file, hour h of the file at index h - 1; nothing is moved or repaired.

    Raises
    ------
    ArgumentError
        The file does not hold a whole year.
    """
    if not file.is_file():
        raise ArgumentError(f"--weather {file}: no such file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeatherWarning)  # radiation's clock does not matter to a cooling plant
        weather = read_epw(file, check=False)
    if weather.sizes["time"] != HOURS:
        raise ArgumentError(f"--weather {file}: {weather.sizes['time']} hours, expected a year of {HOURS}")
    return outdoor_state(weather).assign_coords(altitude_m=weather["altitude_m"])
