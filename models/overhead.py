"""Everything between the servers and the meter, and its piecewise-linear table for the planner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import xarray as xr

from models.convex import convex_lines
from models.cooling.plant import CoolingPlant, cooling_power, labelled
from models.electrical import (
    ElectricalPlant,
    distribution_loss_kw,
    hall_loss,
    other_kw,
    transformer_loss_kw,
    ups_loss_kw,
)
from models.given import beside, config_numbers, is_number, refuse_other_plant, refuse_weather, timed, untimed
from models.grid import GridConnection
from weather.conventions.errors import ConfigError, DataError

if TYPE_CHECKING:
    from models.solar import PVPlant
    from models.wind import WindPlant

_MODE = "mode_number"  # the dim mode while the cooling plant, which has a variable of that name, is asked
LOAD_KNOTS = 45  # loads at which the plant is evaluated for the table


@dataclass(frozen=True, slots=True)
class NodePlant:
    """The plant of one node: all that stands between the servers and the meter, and what feeds it.

    Attributes
    ----------
    cooling : CoolingPlant
    electrical : ElectricalPlant
    pv, wind : PVPlant, WindPlant or None
        Generation behind the meter; none where not given.
    grid : GridConnection or None
        Connection and carbon factors, for the carbon figures of `models.meter.facility`.
    """

    cooling: CoolingPlant
    electrical: ElectricalPlant
    pv: PVPlant | None = None
    wind: WindPlant | None = None
    grid: GridConnection | None = None

    def __post_init__(self) -> None:
        allowed = {"cooling": CoolingPlant, "electrical": ElectricalPlant, "grid": GridConnection | None}
        # what a node without them never needs is not imported
        if self.pv is not None:
            from models.solar import PVPlant

            allowed["pv"] = PVPlant
        if self.wind is not None:
            from models.wind import WindPlant

            allowed["wind"] = WindPlant
        for name, kinds in allowed.items():
            if not isinstance(getattr(self, name), kinds):
                words = " or ".join(kind.__name__ for kind in get_args(kinds) or (kinds,))
                raise ConfigError(
                    f"node plant: got {name}={type(getattr(self, name)).__name__}, allowed {words}. Give one of them."
                )


def hall_heat_kw(it_kw, plant: NodePlant):
    """Heat to cool: IT, the losses in the hall, lighting. The transformer stands outside. [kW]"""
    return it_kw + hall_loss(it_kw, plant.electrical) + other_kw(plant.electrical)


def it_rating_kw(plant: NodePlant) -> float:
    """True IT power the node is rated for: its electrical plant's rating, or less where the hall's heat at it is
    more than the cooling's rating. [kW]"""
    rated_heat, most = plant.cooling.rated_heat_kw, plant.electrical.rated_kw
    if hall_heat_kw(most, plant) <= rated_heat:
        return most
    low, high = 0.0, most  # heat rises with IT power: halve to the last digit
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if hall_heat_kw(middle, plant) <= rated_heat else (low, middle)
    return low


def overhead_flows(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.Dataset:
    """Every flow between the servers and the meter at a true IT power, by the nonlinear plant.

    Battery, PV and inverter losses are outside it, as they are outside the PUE ratio.

    Parameters
    ----------
    weather : Dataset (..., time)
        As in `cooling_power`.
    plant : NodePlant
    it_kw : float, ndarray or DataArray
        True IT power: at the reference inlet times `inlet_power_factor`. [kW]
    setpoint_degc : float, ndarray or DataArray
        In the cooling plant's own meaning. [degC]

    Returns
    -------
    Dataset
        Cooling and its parts as `cooling_power` names them (``power_kw`` is ``cooling_kw`` here), ``ups_loss_kw``,
        ``distribution_loss_kw``, ``transformer_loss_kw``, ``other_kw`` and their sum with the cooling,
        ``overhead_kw`` [kW]; ``water_l_per_h`` [L/h], ``free_share`` [-], ``cooling_mode`` (its ``mode``: a dim of
        setpoints is called mode too). Dims as `cooling_power`; losses of the hall have those of ``it_kw``.

    Raises
    ------
    DataError
        IT power missing, negative, or more than the cooling plant's rated heat with its losses.

    Notes
    -----
    ``cooling(it + ups + distribution + other) + ups + distribution + other + transformer(all of these)``: losses in
    the hall are cooled as well; the transformer stands outside and carries the cooling too.
    """
    refuse_other_plant("overhead", plant, NodePlant)
    weather, instant = timed(weather)
    refuse_weather("overhead", weather, ("temp_air",))
    it_kw, setpoint_degc = beside(it_kw, instant), beside(setpoint_degc, instant)
    it = _true_it(weather, it_kw)
    hall = {
        "ups_loss_kw": it.copy(data=np.asarray(ups_loss_kw(it.to_numpy(), plant.electrical))),
        "distribution_loss_kw": it.copy(data=np.asarray(distribution_loss_kw(it.to_numpy(), plant.electrical))),
        "other_kw": xr.full_like(it, other_kw(plant.electrical)),
    }
    warm = sum(hall.values())
    setpoint = labelled(setpoint_degc, weather["temp_air"], name="setpoint_degc", unit="degC")
    cooled = _cooling(weather, plant, it + warm, setpoint)
    behind = (it + warm + cooled["cooling_kw"]).transpose(*cooled["cooling_kw"].dims)
    lost = behind.copy(data=np.asarray(transformer_loss_kw(behind.to_numpy(), plant.electrical)))
    parts = {**hall, "transformer_loss_kw": lost, "overhead_kw": behind - it + lost}
    for flow in parts.values():
        flow.attrs = {"units": "kW", "cell_methods": "time: mean"}
    return untimed(cooled.assign(parts), instant)


def _cooling(weather: xr.Dataset, plant: NodePlant, heat: xr.DataArray, setpoint: xr.DataArray) -> xr.Dataset:
    """`cooling_power` with ``cooling_kw`` and ``cooling_mode``, whether or not a dim is called mode."""
    heat, setpoint = (a.rename(mode=_MODE) if "mode" in a.dims else a for a in (heat, setpoint))
    cooled = cooling_power(weather, plant.cooling, heat, setpoint).rename(power_kw="cooling_kw", mode="cooling_mode")
    return cooled.rename({_MODE: "mode"}) if _MODE in cooled.dims else cooled


def overhead_kw(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.DataArray:
    """Facility power less IT power of a node, the nonlinear truth: ``overhead_kw`` of `overhead_flows`. [kW]"""
    return overhead_flows(weather, plant, it_kw, setpoint_degc)["overhead_kw"]


def _true_it(weather: xr.Dataset, it_kw) -> xr.DataArray:
    it = labelled(it_kw, weather["temp_air"], name="it_kw", unit="kW")
    bad = ~(it.to_numpy() >= 0)
    if bad.any():
        raise DataError(
            f"overhead: {int(bad.sum())} values of IT power are missing or negative, allowed >= 0 kW. Correct them."
        )
    return it


def _range_ends(setpoints: np.ndarray, it_range_kw) -> list[np.ndarray]:
    """Lowest and highest load of each setpoint."""
    allowed = f"a pair (lowest, highest) of IT power in kW, one figure each or one for each of {setpoints.size} modes"
    wrong = f"overhead table: got it_range_kw={it_range_kw!r}, allowed {allowed}. Correct it."
    if isinstance(it_range_kw, str) or not hasattr(it_range_kw, "__len__") or len(it_range_kw) != 2:
        raise ConfigError(wrong)
    ends = [config_numbers("overhead table", "it_range_kw", end, allowed) for end in it_range_kw]
    if any(end.shape not in ((), (1,), setpoints.shape) for end in ends):
        raise ConfigError(wrong)
    return [np.broadcast_to(end, setpoints.shape) for end in ends]


def _load_knots(setpoints: np.ndarray, it_range_kw) -> np.ndarray:
    """Loads the plant is evaluated at, (mode, knot): evenly spaced in their logarithm, as the error is relative."""
    if not (setpoints.ndim == 1 and setpoints.size and np.all(np.isfinite(setpoints))):
        raise ConfigError(
            f"overhead table: got setpoints_degc={setpoints.tolist()}, allowed a list of at least one finite "
            "temperature. Correct it."
        )
    low, high = _range_ends(setpoints, it_range_kw)
    if not np.all((low >= 0) & (low < high) & np.isfinite(high)):
        raise ConfigError(
            f"overhead table: got it_range_kw from {low.tolist()} to {high.tolist()}, allowed 0 <= lowest < highest "
            "IT power, for each setpoint. Correct it."
        )
    part = np.linspace(0.0, 1.0, LOAD_KNOTS)
    begin = np.maximum(low, 0.01 * high)[:, None]  # a plant without load is its first knot alone
    knots = begin * (high[:, None] / begin) ** part
    knots[:, 0], knots[:, -1] = low, high
    return knots


def overhead_curve(weather: xr.Dataset, plant: NodePlant, *, setpoints_degc, it_range_kw) -> xr.DataArray:
    """Overhead of the nonlinear plant over a range of loads, at each setpoint.

    Parameters
    ----------
    weather : Dataset (..., time)
    plant : NodePlant
    setpoints_degc : sequence of float, shape (mode,)
        In the cooling plant's own meaning. [degC]
    it_range_kw : pair (lowest, highest)
        True IT power, one figure each or one for each setpoint. [kW]

    Returns
    -------
    DataArray (..., mode, knot, time)
        Overhead, with coords ``setpoint_degc (mode)`` and ``it_kw (mode, knot)``. [kW]

    Raises
    ------
    ConfigError
        No setpoint, or a range that is not one.
    DataError
        As `overhead_kw`.
    """
    weather, instant = timed(weather)
    setpoints = config_numbers("overhead table", "setpoints_degc", setpoints_degc, "a list of temperatures in degC")
    knots = _load_knots(setpoints, it_range_kw)
    degrees = xr.DataArray(setpoints, dims="mode")
    curve = overhead_kw(weather, plant, xr.DataArray(knots, dims=("mode", "knot")), degrees)
    coords = {
        "setpoint_degc": ("mode", setpoints, {"units": "degC"}),
        "it_kw": (("mode", "knot"), knots, {"units": "kW"}),
    }
    before = [name for name in curve.dims if name not in ("mode", "knot", "time")]
    return untimed(curve.transpose(*before, "mode", "knot", "time").assign_coords(coords), instant)


def overhead_lines(curve: xr.DataArray, *, load_segments: int = 4) -> xr.Dataset:
    """The convex table nearest to a curve of `overhead_curve`, with its error.

    Apart from `overhead_table` for whoever averages the curve over longer steps first: an average of convex
    tables is not the table of the average.

    Parameters
    ----------
    curve : DataArray (..., mode, knot, time)
        From `overhead_curve`, or means of it over steps. [kW]
    load_segments : int
        Lines, 1 to 12.

    Returns
    -------
    Dataset
        As `overhead_table`.

    Raises
    ------
    ConfigError
        When ``load_segments`` is out of range.
    """
    whole = is_number(load_segments) and float(load_segments).is_integer()
    if not (whole and 1 <= load_segments <= 12):
        raise ConfigError(f"overhead table: got load_segments={load_segments!r}, allowed 1 to 12, whole. Correct it.")
    instant = "time" not in curve.dims
    curve = curve.expand_dims("time", axis=-1) if instant else curve
    values = np.moveaxis(curve.to_numpy(), -2, -1)  # (..., mode, time, knot)
    knots = curve["it_kw"].to_numpy()[:, None, :]
    intercept, slope = convex_lines(knots, values, lines=int(load_segments))
    table = np.max(intercept[..., None] + slope[..., None] * knots[..., None, :], axis=-2)
    before = curve.dims[:-3]
    lines = (*before, "mode", "segment", "time")
    data = {
        "intercept_kw": (lines, np.moveaxis(intercept, -1, -2), {"units": "kW", "cell_methods": "time: mean"}),
        "slope": (lines, np.moveaxis(slope, -1, -2), {"units": "1", "cell_methods": "time: mean"}),
        **_errors(table, values, np.broadcast_to(knots, values.shape), before),
    }
    made = xr.Dataset(data, coords={name: at for name, at in curve.coords.items() if "knot" not in at.dims})
    ends = {"it_low_kw": curve["it_kw"].isel(knot=0), "it_high_kw": curve["it_kw"].isel(knot=-1)}
    made = made.assign({name: at.drop_vars("it_kw") for name, at in ends.items()}).assign(
        _worst(made, curve["time"] if "time" in curve.coords else None)
    )
    return untimed(made, instant)


def _errors(table: np.ndarray, truth: np.ndarray, loads: np.ndarray, before: tuple) -> dict:
    """Table less plant: the worst load of each hour, and the energy over all loads; arrays (..., mode, time, knot)."""
    off = table - truth
    share = np.divide(off, loads, out=np.zeros_like(off), where=loads > 0)
    worst = np.abs(share).argmax(axis=-1)[..., None]
    at = (*before, "mode", "time")
    pick = {name: np.take_along_axis(array, worst, -1)[..., 0] for name, array in
            (("error_of_it", share), ("error_at_kw", loads))}  # fmt: skip
    whole = truth.sum(axis=(-3, -2, -1))
    signed, absolute = (part.sum(axis=(-3, -2, -1)) / whole for part in (off, np.abs(off)))
    return {
        "error_of_it": (at, pick["error_of_it"], {"units": "1", "long_name": "table less plant over IT, worst load"}),
        "error_at_kw": (at, pick["error_at_kw"], {"units": "kW", "long_name": "IT power of the worst load"}),
        "error_of_energy": (before, signed, {"units": "1", "long_name": "table less plant over plant, all loads"}),
        "absolute_error_of_energy": (
            before,
            absolute,
            {"units": "1", "long_name": "size of table less plant over plant, all loads"},
        ),
    }


def _worst(made: xr.Dataset, time: xr.DataArray | None) -> dict:
    """The worst hour of all: error, setpoint, load and stamp."""
    error = made["error_of_it"].to_numpy()
    place = np.unravel_index(int(np.abs(error).argmax()), error.shape)
    mode, hour = place[-2], place[-1]
    found = {
        "worst_error_of_it": ((), float(error[place]), {"units": "1"}),
        "worst_at_kw": ((), float(made["error_at_kw"].to_numpy()[place]), {"units": "kW"}),
        "worst_setpoint_degc": ((), float(made["setpoint_degc"].to_numpy()[mode]), {"units": "degC"}),
    }
    return found if time is None else found | {"worst_time": ((), time.to_numpy()[hour])}


def overhead_table(
    weather: xr.Dataset, plant: NodePlant, *, setpoints_degc, it_range_kw, load_segments: int = 4
) -> xr.Dataset:
    """Overhead as the maximum of a few lines in the load, per setpoint and hour, for a linear planner.

    Parameters
    ----------
    weather : Dataset (..., time)
        Dims (time,), (node, time) or (member, node, time).
    plant : NodePlant
    setpoints_degc : sequence of float, shape (mode,)
        In the cooling plant's own meaning. [degC]
    it_range_kw : pair (lowest, highest)
        True IT power, one figure each or one for each setpoint. [kW]
    load_segments : int
        Lines, 1 to 12.

    Returns
    -------
    Dataset
        ``intercept_kw`` [kW] and ``slope`` [kW/kW] (..., mode, segment, time): overhead is the maximum over the
        segments of ``intercept_kw + slope * it`` (`table_overhead_kw`), convex in the load; ``it_low_kw``,
        ``it_high_kw`` (mode) [kW], ``setpoint_degc`` (mode).
        Error against the nonlinear plant, measured at `LOAD_KNOTS` loads: ``error_of_it`` (..., mode, time), the
        largest of any load as a share of that load's IT power, with its sign, and ``error_at_kw``, where;
        ``error_of_energy`` (...), over all hours, setpoints and loads with their signs, which cancel, and
        ``absolute_error_of_energy`` (...), the same of the errors' sizes; ``worst_error_of_it``, ``worst_at_kw``,
        ``worst_setpoint_degc``, ``worst_time``: the worst hour of all.

    Raises
    ------
    ConfigError
        No setpoint, a range that is not one, or segments out of range.
    DataError
        As `overhead_kw`: IT power above what the plant can cool.

    Notes
    -----
    `overhead_curve` (the plant at `LOAD_KNOTS` loads, the wet bulb once), then `models.convex.convex_lines`: lines
    whose largest error in shares of the load is the least possible where the plant is convex, with breaks where
    each hour's own curve bends. See `benchmarks/overhead_table.py` for the error of each plant between the knots.
    The table is good from ``it_low_kw`` to ``it_high_kw``; beyond, the outer lines go on.
    """
    curve = overhead_curve(weather, plant, setpoints_degc=setpoints_degc, it_range_kw=it_range_kw)
    return overhead_lines(curve, load_segments=load_segments)


def table_overhead_kw(table: xr.Dataset, it_kw) -> xr.DataArray:
    """Overhead by a table of `overhead_table`: the highest of its lines.

    Parameters
    ----------
    table : Dataset
    it_kw : float or DataArray
        True IT power; dims beside the table's are added. [kW]

    Returns
    -------
    DataArray (..., mode, time)
        [kW]
    """
    return (
        (table["intercept_kw"] + table["slope"] * it_kw).max("segment").rename("overhead_kw").assign_attrs(units="kW")
    )
