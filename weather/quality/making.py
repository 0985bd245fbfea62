"""A Dataset in the making: what the steps of `weather.quality.finish` hand from one to the next."""

from dataclasses import dataclass

import numpy as np

from weather.quality.draft import Draft
from weather.quality.sunlight import Sunlight, sunlight

_H = np.timedelta64(3_600_000_000_000, "ns")
_YEAR_H = 8760


@dataclass(slots=True)
class Making:
    """A Dataset in the making: arrays on the axis `time`, shape (time,) or (member, time)."""

    draft: Draft
    time: np.ndarray
    values: dict[str, np.ndarray]
    flagged: dict[str, np.ndarray]
    history: list[str]
    _sun: Sunlight | None = None

    @property
    def sun(self) -> Sunlight:
        """The sun on the axis; computed when first asked for, many files need none."""
        if self._sun is None:
            self._sun = sunlight(self.time, latitude=self.draft.latitude, longitude=self.draft.longitude)
        return self._sun

    @property
    def where(self) -> str:
        """File or address, as error texts name it."""
        return self.draft.where

    @property
    def ring(self) -> bool:
        """True for a typical year that is whole: its end meets its start."""
        return bool(self.draft.attrs.get("typical_year")) and self.time.size * self.step_h >= _YEAR_H

    @property
    def step_h(self) -> float:
        """Length of an interval [h]."""
        return float((self.time[1] - self.time[0]) / _H)

    def mark(self, name: str, mask: np.uint8, where: np.ndarray | bool = True) -> None:
        """Flag values of a variable."""
        held = self.flagged.setdefault(name, np.zeros(self.values[name].shape, dtype=np.uint8))
        self.flagged[name] = held | mask * np.broadcast_to(where, held.shape).astype(np.uint8)

    def keep(self, kept: slice) -> None:
        """Cut the axis to a part of itself."""
        self.time = self.time[kept]
        self.values = {name: array[..., kept] for name, array in self.values.items()}
        self.flagged = {name: array[..., kept] for name, array in self.flagged.items()}
        self._sun = None
