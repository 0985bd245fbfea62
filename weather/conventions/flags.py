"""Flags: what was done to single values, kept beside them.

A variable `ghi` of which any value was touched has a companion `flag_ghi` of the same dims, uint8, each bit
a reason (CF flag_masks). A variable without companion stands as its source gave it, in another unit at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

PREFIX = "flag_"
FILLED, CLIPPED, SHIFTED, REPLACED, DERIVED, FROM_INSTANTS = (np.uint8(1 << bit) for bit in range(6))

MEANINGS: Mapping[np.uint8, str] = {
    FILLED: "filled",  # was missing, bridged from its neighbours
    CLIPPED: "clipped",  # a little outside what is possible, set to the limit
    SHIFTED: "shifted",  # moved in time
    REPLACED: "replaced",  # impossible, taken from other variables of the same interval
    DERIVED: "derived",  # the source does not hold it; computed from what it holds
    FROM_INSTANTS: "from_instants",  # interval mean estimated from values at instants
}
ALL = np.uint8(sum(int(mask) for mask in MEANINGS))


@dataclass(frozen=True, slots=True)
class Repair:
    """One line of the repair log: `count` values of `variable` are `meaning`, the intervals of `first` to `last`."""

    variable: str
    meaning: str
    count: int
    first: np.datetime64
    last: np.datetime64


def attrs() -> dict[str, object]:
    """Attributes of every flag variable."""
    return {
        "units": "1",
        "standard_name": "status_flag",
        "flag_masks": np.array(list(MEANINGS), dtype=np.uint8),
        "flag_meanings": " ".join(MEANINGS.values()),
    }


def repair_log(weather: xr.Dataset) -> tuple[Repair, ...]:
    """What was done to the values of a Dataset, read from its flags, in the order of the variables.

    Parameters
    ----------
    weather : Dataset, trailing dim time

    Returns
    -------
    tuple of Repair
        One entry for each variable and reason, counted over every node and member.
    """
    entries = []
    for name in map(str, weather.data_vars):
        if not name.startswith(PREFIX):
            continue
        values = weather[name].values
        for mask, meaning in MEANINGS.items():
            held = (values & mask) > 0
            if held.any():
                stamps = weather["time"].values[held.reshape(-1, held.shape[-1]).any(axis=0)]
                entries.append(Repair(name.removeprefix(PREFIX), meaning, int(held.sum()), stamps[0], stamps[-1]))
    return tuple(entries)
