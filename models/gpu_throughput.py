"""What GPUs get done: training throughput under a power cap, pauses, elastic scaling; the table they come from."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import xarray as xr

from weather.conventions.errors import DataError


@cache
def gpu_data() -> dict:
    """Every table of ``models/data/gpu.toml``."""
    text = resources.files("models").joinpath("data/gpu.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def refuse_outside(value, low: float, high: float, name: str, unit: str) -> None:
    """Raise a DataError for values of a figure outside its range, or missing."""
    values = np.asarray(value, dtype=float)
    bad = ~((values >= low) & (values <= high))
    if np.any(bad):
        first = values[bad].flat[0] if values.ndim else float(values)
        raise DataError(
            f"GPU: got {int(np.sum(bad))} values of {name} (first {first:g} {unit}), allowed {low:g} to {high:g} "
            f"{unit}. Correct them."
        )


def as_numbers(value):
    """A list as an array; scalars, arrays and DataArrays as they are."""
    return value if isinstance(value, xr.DataArray) or np.ndim(value) == 0 else np.asarray(value, dtype=float)


def throughput_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Published points of throughput under a power cap: set to (cap_frac, throughput), both ascending.

    Examples
    --------
    >>> list(throughput_sets())
    ['typical', 'pessimistic']
    """
    return {row["set"]: (np.array(row["cap_frac"]), np.array(row["throughput"])) for row in gpu_data()["throughput"]}


def throughput(cap_frac, *, curve_set: str = "typical") -> xr.DataArray:
    """Training throughput under a power cap, relative to none.

    Parameters
    ----------
    cap_frac : numeric or DataArray, any shape
        Cap over TDP, 0.5 to 1. [-]
    curve_set : str
        ``"typical"`` (agrees with Puget's 95 % at 0.80) or ``"pessimistic"`` (an H100 that loses 10-15 % at 0.86).

    Returns
    -------
    DataArray
        Shape and labels of ``cap_frac``; ``attrs["throughput_set"]`` says which set it is of. [-]

    Raises
    ------
    DataError
        For a cap outside 0.5..1, where nothing was published, or an unknown set.

    Notes
    -----
    Linear between the rows of ``models/data/gpu.toml``; rises with the cap. "typical" is concave; "pessimistic" is not
    at 0.9 (slope 0.8 below, 1.0 above), see `throughput_segments`. The sets differ by 0.17 at a cap of 0.5 and 0.085
    at 0.9: that is how well this is known. For training; decoding of language models draws 137 to 300 W of a 700 W
    board, so caps do not bind there (arXiv 2605.11999).

    Examples
    --------
    >>> [round(float(throughput(0.86, curve_set=name)), 3) for name in ("typical", "pessimistic")]
    [0.971, 0.868]
    """
    caps, shares = _throughput_points(curve_set)
    refuse_outside(cap_frac, caps[0], caps[-1], "cap_frac", "-")
    given = cap_frac if isinstance(cap_frac, xr.DataArray) else xr.DataArray(np.asarray(cap_frac, dtype=float))
    found = given.copy(data=np.interp(given.to_numpy(), caps, shares)).rename("throughput")
    found.attrs = {"units": "1", "throughput_set": curve_set}
    return found


def throughput_segments(*, curve_set: str = "typical") -> xr.Dataset:
    """The least concave curve over a throughput set, as segments a linear planner can take.

    Parameters
    ----------
    curve_set : str
        As in `throughput`.

    Returns
    -------
    Dataset (segment,)
        ``cap_frac`` and ``throughput`` at each segment's end, ``slope`` (falling), coordinates at its start in
        ``cap_from`` and ``throughput_from``; ``attrs`` say the set and ``lifted``, the most this lies above the
        published points: 0 for "typical", 0.0133 for "pessimistic". [-]

    Raises
    ------
    DataError
        For an unknown set.

    Examples
    --------
    >>> throughput_segments(curve_set="typical")["slope"].values.round(2)
    array([1.1 , 0.7 , 0.5 , 0.35, 0.15])
    """
    caps, shares = _throughput_points(curve_set)
    corners = [0]
    while corners[-1] < len(caps) - 1:  # of all points ahead, the one seen steepest
        here = corners[-1]
        slopes = (shares[here + 1 :] - shares[here]) / (caps[here + 1 :] - caps[here])
        steepest = np.flatnonzero(slopes >= slopes.max() - 1e-12)[-1]
        corners.append(here + 1 + int(steepest))
    at, height = caps[corners], shares[corners]
    lifted = float(np.max(np.interp(caps, at, height) - shares))
    data = {
        "cap_from": at[:-1],
        "cap_frac": at[1:],
        "throughput_from": height[:-1],
        "throughput": height[1:],
        "slope": np.diff(height) / np.diff(at),
    }
    return xr.Dataset(
        {name: ("segment", values, {"units": "1"}) for name, values in data.items()},
        attrs={"throughput_set": curve_set, "lifted": lifted},
    )


def _throughput_points(curve_set: str) -> tuple[np.ndarray, np.ndarray]:
    sets = throughput_sets()
    if curve_set not in sets:
        raise DataError(f"throughput: no curve_set {curve_set!r}, allowed {', '.join(sets)}. Correct the name.")
    return sets[curve_set]


@dataclass(frozen=True, slots=True)
class PauseCost:
    """What stopping a training job and going on costs.

    Attributes
    ----------
    kind : str
        ``"planned"`` (saved before it stops) or ``"unplanned"``.
    save_h, restart_h, rollback_h : float
        Saving; loading, connecting and warming up; work done again. Hours in which the job draws its full power and
        gets no further. [h]
    """

    kind: str
    save_h: float
    restart_h: float
    rollback_h: float

    @property
    def hours(self) -> float:
        """Hours lost by one pause. [h]"""
        return self.save_h + self.restart_h + self.rollback_h


def pause_cost(kind: str = "planned") -> PauseCost:
    """Checkpoint and restart cost of one pause, rows ``pause`` of ``models/data/gpu.toml``.

    Raises
    ------
    DataError
        For an unknown kind.

    Examples
    --------
    >>> round(pause_cost("planned").hours, 3), round(pause_cost("unplanned").hours, 3)
    (0.183, 0.65)
    """
    rows = {row["kind"]: row for row in gpu_data()["pause"]}
    if kind not in rows:
        raise DataError(f"pause: no kind {kind!r}, allowed {', '.join(rows)}. Correct the name.")
    row = rows[kind]
    return PauseCost(kind, row["save_h"], row["restart_h"], row["rollback_h"])


def pause_energy_kwh(job_kw, *, kind: str = "planned"):
    """Energy one pause of a job costs: its power over the hours lost.

    Parameters
    ----------
    job_kw : numeric or DataArray, any shape
        Power of the running job. [kW]
    kind : str
        As in `pause_cost`.

    Returns
    -------
    numeric or DataArray
        [kWh]

    Raises
    ------
    DataError
        Power that is missing or negative, or an unknown kind.

    Examples
    --------
    >>> round(pause_energy_kwh(1000.0), 3)
    183.0
    """
    refuse_outside(job_kw, 0.0, np.inf, "job_kw", "kW")
    return as_numbers(job_kw) * pause_cost(kind).hours


def scaling_speedup(gpu_ratio, *, placement: str = "pod"):
    """Throughput of an elastic job on ``gpu_ratio`` times the GPUs, relative to once.

    Parameters
    ----------
    gpu_ratio : numeric or DataArray, any shape
        GPUs over the job's own number, more than 0. [-]
    placement : str
        ``"pod"``: all inside one pod of fast interconnect; ``"across"``: over several.

    Returns
    -------
    numeric or DataArray
        Concave and rising; ``speedup / gpu_ratio`` is the scaling efficiency. [-]

    Raises
    ------
    DataError
        For a ratio of 0 or less, or an unknown placement.

    Notes
    -----
    ``gpu_ratio**a`` with ``a`` of ``models/data/gpu.toml`` (0.90 in a pod, range 0.85-0.95; 0.78 across, 0.70-0.85): at
    eight times the GPUs the range is 5.9 to 7.2 and 4.3 to 5.9. Meant for 1/8 to 8 times the job's own number.

    Examples
    --------
    >>> round(scaling_speedup(2.0, placement="pod"), 3), round(scaling_speedup(2.0, placement="across"), 3)
    (1.866, 1.717)
    """
    rows = {row["placement"]: row["exponent"] for row in gpu_data()["scaling"]}
    if placement not in rows:
        raise DataError(f"scaling: no placement {placement!r}, allowed {', '.join(rows)}. Correct the name.")
    if not np.all(np.asarray(gpu_ratio, dtype=float) > 0):
        raise DataError(f"scaling: got gpu_ratio down to {np.min(gpu_ratio):g}, allowed more than 0. Correct it.")
    return as_numbers(gpu_ratio) ** rows[placement]
