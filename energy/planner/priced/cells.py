"""Cost of added load, cell by cell: the energy part around one plan of it, as tables the search can read.

In a cell (node, slot) the plan's battery flows stand, but for a few percent of the battery's power that may move at
the value of what is stored (the duals of the stocks); the month's peak stands, but for its price spread over the steps
that make it (the duals of the peak), and the whole price beyond; the targets stand at their multipliers. What is left
is a merit order: the power a load needs is taken from the cheapest of surplus renewables, grid, and battery. Its cost
is convex in the load where the facility's power is, and exact where the plan around which it is made is optimal.

The search moves jobs by these tables and asks :class:`.loaded.LoadedEnergy` for the truth after every pass.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.power import battery_nodes, import_limits
from energy.planner.priced.hull import EnergyHull
from energy.planner.priced.kernels import Cells

GRID = 65  # points of a cell's table
TRUST = 0.03  # of the battery's power may move in a cell
BEYOND_PEAK = 0.3  # of the demand price, on every kW and slot above the peak of the plan
BEYOND_LIMIT = 50.0  # CNY per kWh that cannot be brought


class CellTables:
    """Makes :class:`Cells` around plans of the energy part.

    Parameters
    ----------
    inputs, hull
        The window and its energy part.
    """

    def __init__(self, inputs: xr.Dataset, hull: EnergyHull) -> None:
        self._inputs, self._hull = inputs, hull
        shape = hull.shape
        most = np.maximum(hull.most_kw.max(axis=1), 1e-6)
        self.per_kw = (GRID - 1) / most
        added = np.linspace(0.0, 1.0, GRID)[None, None] * most[:, None, None]
        reference = inputs["base_it_kw"].values[:, :, None] + added
        factor = inputs["inlet_factor"].values
        self._it = np.full((factor.shape[1], *shape, GRID), np.nan)
        self._facility = np.full_like(self._it, np.inf)
        for mode in range(factor.shape[1]):
            lines = (inputs[name].values[:, mode][..., None] for name in ("line_intercept_kw", "line_slope"))
            intercept, slope = lines
            it = factor[:, mode][:, None, None] * reference
            facility = it + (intercept + slope * reference[:, None]).max(axis=1)
            ok = inputs["mode_ok"].values[:, mode]
            self._it[mode][ok], self._facility[mode][ok] = it[ok], facility[ok]
        self._bought = inputs["price_cny_per_kwh"].values + inputs["carbon_cny_per_kwh"].values
        self._limit = import_limits(inputs)
        self._has = battery_nodes(inputs)

    def around(self, values: np.ndarray, dual: np.ndarray, targets: tuple[float, float]) -> Cells:
        """Cells around a plan.

        Parameters
        ----------
        values, dual
            Point and row duals of the hull's programme.
        targets
            Multipliers of PUE and share [CNY per kWh missed].
        """
        facility, it = self._chosen(targets)
        needed = facility - self._given(values)
        cost, size = self._merit_order(values, dual, targets[1])
        order = np.argsort(cost, axis=-1)
        cost, size = (np.take_along_axis(part, order, axis=-1) for part in (cost, size))
        below = np.cumsum(size, axis=-1) - size
        step_h = float(self._inputs.attrs["step_h"])
        total = np.zeros_like(needed)
        for source in range(cost.shape[-1]):
            taken = np.clip(needed - below[..., source, None], 0.0, size[..., source, None])
            total += cost[..., source, None] * taken
        pue, share = float(self._inputs.attrs["pue_target"]), float(self._inputs.attrs["share_target"])
        total += targets[1] * share * facility + targets[0] * (facility - pue * it)
        return Cells(np.ascontiguousarray(step_h * total), self.per_kw)

    def _chosen(self, targets: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Facility and IT power at the mode that suits each cell and load best."""
        worth = self._facility
        if targets[0] > 0:
            pue = float(self._inputs.attrs["pue_target"])
            price = self._bought[None, :, :, None] + targets[1] * float(self._inputs.attrs["share_target"])
            worth = price * self._facility + targets[0] * (self._facility - pue * np.nan_to_num(self._it))
        best = worth.argmin(axis=0)[None]
        return tuple(np.take_along_axis(part, best, axis=0)[0] for part in (self._facility, self._it))

    def _flow(self, values: np.ndarray, name: str) -> np.ndarray:
        column = self._hull.column[name]
        return np.where(column >= 0, values[np.maximum(column, 0)], 0.0)

    def _bounds(self, values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What a battery flow may be, given what it is."""
        power = (self._inputs["battery_kw"].values * self._has)[:, None]
        now = self._flow(values, name)
        return np.clip(now - TRUST * power, 0.0, power), np.clip(now + TRUST * power, 0.0, power)

    def _given(self, values: np.ndarray) -> np.ndarray:
        """Power that is there in any case: the least the battery gives, (node, time, 1)."""
        least = sum(self._bounds(values, name)[0] for name in ("discharge_green", "discharge_grey"))
        return least[:, :, None]

    def _merit_order(self, values: np.ndarray, dual: np.ndarray, share_price: float) -> tuple[np.ndarray, np.ndarray]:
        """Price [CNY/kWh] and size [kW] of each source of a cell, (node, time, source)."""
        inputs, row = self._inputs, self._hull.row
        shape, step_h = self._hull.shape, float(inputs.attrs["step_h"])
        stored = {}
        for colour in ("green", "grey"):
            stored[colour] = np.zeros(shape)
            stored[colour][self._has] = -dual[row[f"stock_{colour}"]]
        charge, discharge = (inputs[name].values[:, None] for name in ("charge_eff", "discharge_eff"))
        wear = inputs["wear_cny_per_kwh"].values[:, None]
        green = inputs["green_price_cny_per_kwh"].values
        sold = np.broadcast_to(inputs["export_price_cny_per_kwh"].values[:, None], shape)
        exports = (inputs["export_limit_kw"].values > 0)[:, None]
        used = np.where(exports, np.maximum(sold, green), green) - share_price
        demand = inputs["demand_price_cny_per_kw_month"].values[:, None] / step_h
        peak = values[self._hull.column["peak"]][:, inputs["month_of_step"].values]
        spread = np.abs(dual[row["peak"]]) / step_h
        low, high = {}, {}
        for name in ("charge_green", "charge_grey", "discharge_green", "discharge_grey"):
            low[name], high[name] = self._bounds(values, name)
        available = inputs["available_kw"].values
        high["charge_green"] = np.minimum(high["charge_green"], available)
        grey = high["charge_grey"]
        sources = (
            (self._bought + spread, np.minimum(peak, self._limit) - grey),
            (self._bought + spread + BEYOND_PEAK * demand, self._limit - np.maximum(grey, peak)),
            (self._bought + BEYOND_LIMIT, np.full(shape, 1e9)),
            (used, available - high["charge_green"]),
            (stored["grey"] * charge, high["charge_grey"] - low["charge_grey"]),
            (stored["green"] * charge - share_price, high["charge_green"] - low["charge_green"]),
            (wear + stored["green"] / discharge - share_price, high["discharge_green"] - low["discharge_green"]),
            (wear + stored["grey"] / discharge, high["discharge_grey"] - low["discharge_grey"]),
        )
        cost = np.stack([np.broadcast_to(price, shape) for price, _ in sources], axis=-1)
        size = np.stack([np.maximum(np.broadcast_to(kw, shape), 0.0) for _, kw in sources], axis=-1)
        return cost, size
