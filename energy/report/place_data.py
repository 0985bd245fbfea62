"""The weather of a place on the clock of its reader, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.weather_facts import PlaceFacts, shown_offset_h
from weather.conventions import timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import VARIABLES
from weather.derive import wet_bulb
from weather.quality.sunlight import Sunlight, sunlight
from weather.sources.typical import NOMINAL_YEAR

LONG_DAYS = 28.0
"""From this on a window is shown by its months and hours of the day, before it as a course over time."""

MONTHS_FROM_DAYS = 92.0
"""From this on a long window is shown by its months, before it by its days."""

SEASONS: tuple[tuple[int, ...], ...] = ((12, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))


@dataclass(frozen=True, slots=True)
class PlaceData:
    """Arrays of one place in the order of the shown clock.

    stamps: start of each interval on that clock, datetime64[s], shape (time,). values: registry names and wet_bulb,
    shape (time,) or (member, time). sent, clear: radiation outside the atmosphere and of clear sky, means over the
    intervals [W/m2], shape (time,). pieces: clear sky in pieces of the sun's grid, shape (time, piece) [W/m2].
    """

    facts: PlaceFacts
    stamps: np.ndarray
    step_h: float
    offset_h: float
    values: Mapping[str, np.ndarray]
    sent: np.ndarray
    clear: np.ndarray
    pieces: np.ndarray
    sun: Sunlight
    weather: xr.Dataset

    @property
    def hours(self) -> float:
        """Length of the window [h]."""
        return self.stamps.size * self.step_h

    @property
    def long(self) -> bool:
        return self.hours >= 24.0 * LONG_DAYS

    @property
    def by_day(self) -> bool:
        """Whether a long window is too short for months."""
        return self.hours < 24.0 * MONTHS_FROM_DAYS

    @property
    def ensemble(self) -> bool:
        return self.facts.members > 1

    @property
    def per_day(self) -> int:
        """Intervals of a day."""
        return round(24.0 / self.step_h)

    @property
    def month(self) -> np.ndarray:
        """Calendar month of each interval, 1 to 12."""
        return self.stamps.astype("datetime64[M]").astype(int) % 12 + 1

    @property
    def hour(self) -> np.ndarray:
        """Whole hour of the day of each interval's start."""
        return (self.stamps - self.stamps.astype("datetime64[D]")) // np.timedelta64(3600, "s")

    @property
    def offset_text(self) -> str:
        """ "UTC+8"."""
        return f"UTC{self.offset_h:+g}" if self.offset_h else "UTC"

    def days(self) -> tuple[np.ndarray, np.ndarray]:
        """Days that are whole, and the intervals of each: datetime64[D], shape (day,); int, shape (day, per_day)."""
        dates = self.stamps.astype("datetime64[D]")
        found, first, count = np.unique(dates, return_index=True, return_counts=True)
        whole = count == self.per_day
        return found[whole], first[whole][:, None] + np.arange(self.per_day)

    def season(self, months: np.ndarray) -> np.ndarray:
        """Index into SEASONS."""
        return (months % 12) // 3


def place_data(weather: xr.Dataset, facts: PlaceFacts) -> PlaceData:
    """A Dataset on the shown clock; a typical year begins on its 1 January whatever clock it was written in.

    Raises
    ------
    DataError
        When an ensemble is longer than can be drawn as a course over time.
    """
    stamps = weather["time"].values.astype("datetime64[ns]")
    step_h = timeaxis.step_h(stamps)
    if facts.members > 1 and stamps.size * step_h >= 24.0 * LONG_DAYS:
        raise DataError(
            f"weather: an ensemble of {facts.members} members over {stamps.size * step_h / 24:.0f} days; from "
            f"{LONG_DAYS:g} days on one weather is drawn. Choose a member (--member 0 to {facts.members - 1}), or a "
            "shorter window (--days)."
        )
    offset_h = shown_offset_h(weather)
    local = stamps.astype("datetime64[s]") + np.timedelta64(round(offset_h * 3600), "s")
    if facts.typical_year:
        local = _within_year(local)
    order = np.argsort(local, kind="stable")
    sun = sunlight(stamps, latitude=facts.latitude, longitude=facts.longitude)
    values = {name: weather[name].values[..., order] for name in VARIABLES if name in weather.data_vars}
    values["wet_bulb"] = wet_bulb(values["temp_air"], values["relative_humidity"], values["pressure"])
    inner = slice(sun.pad, sun.pad + sun.steps * sun.per_step)
    return PlaceData(
        facts=facts,
        stamps=local[order],
        step_h=step_h,
        offset_h=offset_h,
        values=values,
        sent=sun.over(sun.extraterrestrial)[order],
        clear=sun.over(sun.clear["ghi"])[order],
        pieces=sun.clear["ghi"][inner].reshape(sun.steps, sun.per_step)[order],
        sun=sun,
        weather=weather,
    )


def _within_year(local: np.ndarray) -> np.ndarray:
    """Stamps of a typical year, those that another clock puts into a neighbouring year brought back."""
    year = local.astype("datetime64[Y]").astype(int) + 1970
    days = np.where(year > NOMINAL_YEAR, -365, np.where(year < NOMINAL_YEAR, 365, 0))
    return local + days * np.timedelta64(86400, "s")


def mean_by(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Mean of values in each of the groups 0 to groups - 1, NaN where one is empty."""
    count = np.bincount(group, minlength=groups)
    total = np.bincount(group, weights=values, minlength=groups)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
