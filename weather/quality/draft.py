"""What a reader makes of a file before anything is judged: columns on the source's own stamps.

A reader decodes; `weather.quality.finish.finish` makes a Dataset of what it decoded, the same way for every source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

Label = Literal["start", "end", "middle", "instant"]
"""What a stamp is of its interval; "instant": the value is of the stamp itself, not a mean."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Columns of one place as decoded.

    Parameters
    ----------
    where : str
        File or address, as error texts name it.
    time : ndarray of datetime64[ns], shape (time,), naive UTC
        The source's own stamps in its own order; gaps and repetitions are settled later.
    values : mapping of variable name to ndarray, shape (time,) or (member, time)
        Names and units of the registry. NaN where the source has no value.
    label : mapping of variable name to Label
        What the stamps are to each variable. Means carried under different labels end on one axis.
    latitude, longitude : float [deg]
    altitude_m : float [m]
    attrs : mapping
        source, licence, history, utc_offset_h (of the source's clock) and typical_year = 1 where it is one.
    rows : ndarray of int, shape (time,), or None
        Row of the file that holds each stamp, for error texts.
    derived : tuple of str
        Variables the reader computed from others of the source.
    flagged : mapping of variable name to ndarray of uint8, shape as its values
        Flags the source itself carries.
    late : mapping of variable name to timedelta64
        How much later than its stamp a value at an instant is of, where that is another time for another variable.
    open_end : bool
        True for a forecast: what is missing at its end is cut off with a warning, not refused.
    over_water : bool
        True where the source's dew point is meant over liquid water below 0 degC too.
    step : timedelta64 or None
        Length of an interval, where the source says it; else the most frequent spacing of the stamps.
    history : tuple of str
        What the reader did, a line each.
    """

    where: str
    time: np.ndarray
    values: Mapping[str, np.ndarray]
    label: Mapping[str, Label]
    latitude: float
    longitude: float
    altitude_m: float
    attrs: Mapping[str, str | float | int]
    rows: np.ndarray | None = None
    derived: tuple[str, ...] = ()
    flagged: Mapping[str, np.ndarray] = field(default_factory=dict)
    late: Mapping[str, np.timedelta64] = field(default_factory=dict)
    open_end: bool = False
    over_water: bool = False
    step: np.timedelta64 | None = None
    history: tuple[str, ...] = field(default=())

    def without_empty(self) -> "Draft":
        """The draft without variables of which no value is there: they are not in the source."""
        held = {name: array for name, array in self.values.items() if not np.isnan(array).all()}
        gone = [name for name in self.values if name not in held]
        if not gone:
            return self
        return replace(self, values=held, history=(*self.history, f"no value in the source: {', '.join(gone)}"))

    def instants(self, name: str) -> np.ndarray:
        """The times a variable's instants are of, shape (time,)."""
        return self.time + self.late[name] if name in self.late else self.time

    def at(self, index: int) -> str:
        """Where a stamp stands, for error texts: "row 12 (2025-06-01T03:00Z)"."""
        stamp = f"{np.datetime_as_string(self.time[index], unit='m')}Z"
        return stamp if self.rows is None else f"row {int(self.rows[index])} ({stamp})"
