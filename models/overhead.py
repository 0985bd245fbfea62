"""Everything between the servers and the meter, and its piecewise-linear table for the planner."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from models.cooling.outdoor import outdoor_state
from models.cooling.plant import CoolingPlant, cooling_power, labelled
from models.electrical import ElectricalPlant, electrical_loss, hall_loss, other_kw
from weather.conventions.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class NodePlant:
    """Cooling and electrical plant of one node."""

    cooling: CoolingPlant
    electrical: ElectricalPlant


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


def cooling_kw(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.DataArray:
    """Cooling power of a node; the parameters are those of `overhead_kw`. [kW]"""
    return _node_cooling(weather, plant, it_kw, setpoint_degc)["power_kw"].rename("cooling_kw")


def water_l_per_h(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.DataArray:
    """Make-up water of a node; the parameters are those of `overhead_kw`. [L/h]"""
    return _node_cooling(weather, plant, it_kw, setpoint_degc)["water_l_per_h"]


def _true_it(weather: xr.Dataset, it_kw) -> xr.DataArray:
    it = labelled(it_kw, weather["temp_air"])
    bad = ~(it.to_numpy() >= 0)
    if bad.any():
        raise DataError(
            f"overhead: {int(bad.sum())} values of IT power are missing or negative, allowed >= 0 kW."
        )
    return it


def _node_cooling(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.Dataset:
    it = _true_it(weather, it_kw)
    heat = it.copy(data=np.asarray(hall_heat_kw(it.to_numpy(), plant)))
    return cooling_power(weather, plant.cooling, heat, setpoint_degc)


def overhead_kw(weather: xr.Dataset, plant: NodePlant, it_kw, setpoint_degc) -> xr.DataArray:
    """Facility power less IT power of a node, the nonlinear truth.

    Battery, PV and inverter losses are outside it, as they are outside the PUE ratio.

    Parameters
    ----------
    weather : Dataset (..., time)
        One place, as in `cooling_power`.
    plant : NodePlant
    it_kw : float, ndarray or DataArray
        True IT power: at the reference inlet times `inlet_power_factor`. [kW]
    setpoint_degc : float, ndarray or DataArray
        In the cooling plant's own meaning. [degC]

    Returns
    -------
    DataArray
        Cooling, electrical losses, lighting and other; > 0, so PUE > 1. [kW]

    Raises
    ------
    DataError
        IT power missing, negative, or more than the cooling plant's rated heat with its losses.

    Notes
    -----
    ``cooling(it + hall losses + other) + electrical losses(it) + other``: losses in the hall are cooled
    as well.
    """
    it = _true_it(weather, it_kw)
    losses = it.copy(data=np.asarray(electrical_loss(it.to_numpy(), plant.electrical)))
    total = cooling_kw(weather, plant, it, setpoint_degc)
    total = total + losses + other_kw(plant.electrical)
    return total.rename("overhead_kw").assign_attrs(units="kW", cell_methods="time: mean")


def lower_hull(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lower convex hull of a function given at knots, evaluated at the knots.

    Parameters
    ----------
    knots : ndarray, shape (knot,)
        Strictly ascending.
    values : ndarray, shape (..., knot)

    Returns
    -------
    ndarray, shape (..., knot)
        The greatest convex function not above ``values``; equal to it where it is convex.

    Notes
    -----
    At a knot: the least over all chords between a knot at or before it and one at or after it.

    Examples
    --------
    >>> lower_hull(np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 2.0]))
    array([0., 1., 2.])
    """
    hull = values.copy()
    slopes = np.diff(values, axis=-1) / np.diff(knots)
    if np.all(np.diff(slopes, axis=-1) >= 0.0):
        return hull
    for at in range(1, len(knots) - 1):
        for left in range(at):
            for right in range(at + 1, len(knots)):
                weight = (knots[at] - knots[left]) / (knots[right] - knots[left])
                chord = (1 - weight) * values[..., left] + weight * values[..., right]
                hull[..., at] = np.minimum(hull[..., at], chord)
    return hull


def overhead_table(weather: xr.Dataset, plant: NodePlant, *, setpoints_degc, it_knots_kw) -> xr.Dataset:
    """Overhead at load knots for each setpoint, convex in the load, for a linear planner.

    Parameters
    ----------
    weather : Dataset (time,)
        One place.
    plant : NodePlant
    setpoints_degc : sequence of float, shape (mode,)
        In the cooling plant's own meaning. [degC]
    it_knots_kw : sequence of float, shape (knot,)
        True IT power, strictly ascending, at least two. [kW]

    Returns
    -------
    Dataset
        ``it_kw (knot)`` [kW], ``setpoint_degc (mode)`` [degC], ``overhead_kw (mode, knot, time)`` [kW],
        ``convexification_error_kw`` [kW]: the most the hull lies below the truth at a knot.

    Raises
    ------
    ConfigError
        Fewer than two knots, or knots that do not ascend.
    DataError
        As `overhead_kw`.

    Notes
    -----
    At the knots the table is the truth less the convexification error (0 where the plant is convex in
    load). Between knots linear interpolation lies above a convex truth.
    """
    knots = np.asarray(it_knots_kw, dtype=float)
    if knots.ndim != 1 or knots.size < 2 or not np.all(np.diff(knots) > 0):
        raise ConfigError(
            f"overhead table: got knots {knots.tolist()}, allowed at least two, ascending. Correct them."
        )
    it = xr.DataArray(knots, dims="knot")
    setpoints = xr.DataArray(np.asarray(setpoints_degc, dtype=float), dims="mode")
    truth = overhead_kw(outdoor_state(weather), plant, it, setpoints).transpose("mode", "knot", "time")
    values = np.moveaxis(truth.to_numpy(), 1, -1)
    hull = np.moveaxis(lower_hull(knots, values), -1, 1)
    return xr.Dataset(
        {
            "it_kw": it.assign_attrs(units="kW"),
            "setpoint_degc": setpoints.assign_attrs(units="degC"),
            "overhead_kw": truth.copy(data=hull),
            "convexification_error_kw": ((), float(np.max(truth.to_numpy() - hull)), {"units": "kW"}),
        }
    )
