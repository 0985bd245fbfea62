"""The energy part of the plan as a linear programme over corners of the plant: what a load costs.

Given a node's added IT load [kW], the rest of the plan - setpoint, overhead, grid, battery, targets - is the energy
part. Here it is relaxed: setpoints may be mixed within a step and move freely between steps (what that gives away
is hundredths of a percent; :func:`energy.planner.search.settle` decides them whole). A mode's overhead is a convex
piecewise-linear function of load, so the mixture of all modes is the convex hull of their corners:

(P1) sum_v w[n,t,v] = 1                                       v: corners (mode, load) of node n in slot t
(P2) import + renewable_direct + discharge = charge_grey + sum_v facility_kw[v] w[n,t,v]
(P3) added load = sum_v load_kw[v] w[n,t,v]

with laws (10) to (14), (16) and (17) of :mod:`energy.planner.problem` as they stand there; the switches of (12) and
(15) are relaxed. The optimum at a given load equals that of the declared problem with its integrality and setpoint
moves dropped (a test holds both together), at a quarter of the rows: it is solved thousands of times.

Rows are made as arrays, since this programme is a bound and never a plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from energy.planner.power import battery_nodes, import_limits
from energy.planner.solver import ModelArrays


@dataclass(frozen=True, slots=True)
class EnergyHull:
    """The programme without its load, and where things stand in it.

    ``model``: rows (P1), (P2), (10)-(14), (16), (17). ``node, slot, load_kw, it_kw, facility_kw``: of each corner,
    whose weight is column ``weight``. ``column``: flows by name, (node, time), -1 where a node has none;
    ``row``: rows by name. ``most_kw``: largest added load (node, time) [kW].
    """

    model: ModelArrays
    node: np.ndarray
    slot: np.ndarray
    load_kw: np.ndarray
    it_kw: np.ndarray
    facility_kw: np.ndarray
    weight: np.ndarray
    column: dict[str, np.ndarray]
    row: dict[str, np.ndarray]
    most_kw: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.most_kw.shape


class Rows:
    """Gathers columns and rows of a programme block by block, on top of a model if one is given."""

    def __init__(self, base: ModelArrays | None = None) -> None:
        self.columns = self.rows = 0
        self._cost, self._lower, self._upper = [], [], []
        self._row_lower, self._row_upper = [], []
        self._at, self._of, self._value = [], [], []
        if base is not None:
            self.columns, self.rows = base.columns, base.rows
            self._cost, self._lower, self._upper = [base.cost], [base.lower], [base.upper]
            self._row_lower, self._row_upper = [base.row_lower], [base.row_upper]
            self._at = [np.repeat(np.arange(base.rows), np.diff(base.start))]
            self._of, self._value = [base.index], [base.value]

    def add_columns(self, shape: tuple[int, ...], *, upper=np.inf, lower=0.0, cost=0.0) -> np.ndarray:
        """A block of columns; bounds and cost broadcast."""
        block = self.columns + np.arange(int(np.prod(shape))).reshape(shape)
        self.columns += block.size
        for kept, given in ((self._cost, cost), (self._lower, lower), (self._upper, upper)):
            kept.append(np.broadcast_to(np.asarray(given, dtype=float), shape).ravel())
        return block

    def add_rows(self, shape: tuple[int, ...], *terms: tuple, lower=-np.inf, upper=np.inf) -> np.ndarray:
        """A block of rows ``lower <= sum of value * column <= upper``; a term: columns, values[, rows of the block]."""
        block = self.rows + np.arange(int(np.prod(shape))).reshape(shape)
        self.rows += block.size
        for kept, given in ((self._row_lower, lower), (self._row_upper, upper)):
            kept.append(np.broadcast_to(np.asarray(given, dtype=float), shape).ravel())
        for columns, values, *where in terms:
            rows = block if not where else block.ravel()[where[0]]  # else one term per row
            there = np.broadcast_to(columns >= 0, np.broadcast_shapes(np.shape(columns), rows.shape))
            self._at.append(np.broadcast_to(rows, there.shape)[there])
            self._of.append(np.broadcast_to(columns, there.shape)[there])
            self._value.append(np.broadcast_to(np.asarray(values, dtype=float), there.shape)[there])
        return block

    def model(self, offset: float) -> ModelArrays:
        """The programme as arrays."""
        entries = (np.concatenate(self._value), (np.concatenate(self._at), np.concatenate(self._of)))
        matrix = sparse.csr_matrix(entries, shape=(self.rows, self.columns))
        return ModelArrays(
            cost=np.concatenate(self._cost),
            offset=offset,
            lower=np.concatenate(self._lower),
            upper=np.concatenate(self._upper),
            integer=np.zeros(self.columns, dtype=bool),
            row_lower=np.concatenate(self._row_lower),
            row_upper=np.concatenate(self._row_upper),
            start=matrix.indptr.astype(np.int32),
            index=matrix.indices.astype(np.int32),
            value=matrix.data,
            row_names=tuple(f"r{row}" for row in range(self.rows)),
            position={},
        )


def energy_hull(inputs: xr.Dataset, most_kw: np.ndarray, *, missed_cny_per_kwh: float) -> EnergyHull:
    """The energy part over the corners of the plant.

    Parameters
    ----------
    inputs
        The planner's Dataset.
    most_kw
        Largest added IT load to be represented, (node, time) [kW], such as all jobs that could run at once.
    missed_cny_per_kwh
        Weight of energy by which a target is missed.
    """
    rows = Rows()
    node, slot, load, it, facility = _corners(inputs, most_kw)
    shape = inputs["base_it_kw"].shape
    weight = rows.add_columns(node.shape)
    column = _flows(rows, inputs, shape, missed_cny_per_kwh)
    cell = node * shape[1] + slot
    row = {"one": rows.add_rows(shape, (weight, 1.0, cell), lower=1.0, upper=1.0)}
    _add_balance(rows, row, inputs, column, (weight, -facility, cell))
    _add_battery(rows, row, inputs, column)
    step_h, month = float(inputs.attrs["step_h"]), inputs["month_of_step"].values
    row["peak"] = rows.add_rows(shape, (column["peak"][:, month], 1.0), (column["grid_import"], -1.0), lower=0.0)
    pue, share = float(inputs.attrs["pue_target"]), float(inputs.attrs["share_target"])
    first = np.zeros(weight.size, dtype=int)
    row["pue"] = rows.add_rows(
        (1,), (weight, step_h * (facility - pue * it), first), (column["missed"][:1], -1.0), upper=0.0
    )
    green = [column[name][column[name] >= 0] for name in ("renewable_direct", "discharge_green")]
    row["share"] = rows.add_rows(
        (1,),
        (weight, -step_h * share * facility, first),
        *((used, step_h, np.zeros(used.size, dtype=int)) for used in green),
        (column["missed"][1:], 1.0),
        lower=0.0,
    )
    price = inputs["demand_price_cny_per_kw_month"].values
    offset = -float((price[:, None] * inputs["month_peak_kw"].values).sum())
    return EnergyHull(rows.model(offset), node, slot, load, it, facility, weight, column, row, most_kw)


def _corners(inputs: xr.Dataset, most_kw: np.ndarray) -> tuple[np.ndarray, ...]:
    """Node, slot, added load, IT power and facility power of the ends and bends of every mode's table."""
    base = inputs["base_it_kw"].values
    found: list[tuple[np.ndarray, ...]] = []
    intercept, slope = inputs["line_intercept_kw"].values, inputs["line_slope"].values  # (node, mode, line, time)
    factor = inputs["inlet_factor"].values
    for n, k in zip(*np.nonzero(inputs["mode_ok"].values), strict=True):
        order = np.argsort(slope[n, k], axis=0)
        a, b = (np.take_along_axis(lines[n, k], order, axis=0) for lines in (intercept, slope))
        low, high = base[n], base[n] + most_kw[n]
        steeper = np.diff(b, axis=0)
        bends = np.divide(-np.diff(a, axis=0), steeper, out=np.full_like(steeper, np.nan), where=steeper > 1e-12)
        loads = np.concatenate([low[None], np.clip(bends, low, high), high[None]])
        overhead = (a[:, None] + b[:, None] * loads[None]).max(axis=0)
        keep = np.isfinite(loads)
        keep[1:-1] &= (bends > low + 1e-9) & (bends < high - 1e-9)
        keep[-1] &= high > low
        at, t = np.nonzero(keep)
        x = loads[at, t]
        found.append((np.full(len(t), n), t, x - low[t], factor[n, k] * x, factor[n, k] * x + overhead[at, t]))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _flows(rows: Rows, inputs: xr.Dataset, shape: tuple[int, int], missed_cny_per_kwh: float) -> dict[str, np.ndarray]:
    """Columns of the flows [kW], stocks [kWh], peaks [kW] and missed energy [kWh], with their costs."""
    step_h = float(inputs.attrs["step_h"])
    bought = inputs["price_cny_per_kwh"].values + inputs["carbon_cny_per_kwh"].values
    green = inputs["green_price_cny_per_kwh"].values
    wear = np.broadcast_to(inputs["wear_cny_per_kwh"].values[:, None], shape)
    sold = inputs["export_price_cny_per_kwh"].values[:, None]
    power, energy = (inputs[name].values[:, None] for name in ("battery_kw", "battery_kwh"))
    column = {
        "grid_import": rows.add_columns(shape, upper=import_limits(inputs), cost=step_h * bought),
        "renewable_direct": rows.add_columns(shape, upper=inputs["available_kw"].values, cost=step_h * green),
        "exported": rows.add_columns(
            shape, upper=inputs["export_limit_kw"].values[:, None], cost=step_h * (green - sold)
        ),
    }
    has = battery_nodes(inputs)
    for name, upper, cost in (
        ("charge_green", power, step_h * green),
        ("charge_grey", power, np.zeros(shape)),
        ("discharge_green", power, step_h * wear),
        ("discharge_grey", power, step_h * wear),
        ("stock_green", energy, np.zeros(shape)),
        ("stock_grey", energy, np.zeros(shape)),
    ):
        column[name] = np.full(shape, -1)
        column[name][has] = rows.add_columns(
            (int(has.sum()), shape[1]), upper=np.broadcast_to(upper, shape)[has], cost=cost[has]
        )
    price = inputs["demand_price_cny_per_kw_month"].values[:, None]
    floor = inputs["month_peak_kw"].values
    column["peak"] = rows.add_columns(floor.shape, lower=floor, cost=np.broadcast_to(price, floor.shape))
    column["missed"] = rows.add_columns((2,), cost=missed_cny_per_kwh)
    return column


def _add_balance(rows: Rows, row: dict, inputs: xr.Dataset, column: dict, demand: tuple) -> None:
    """(P2) and (10)."""
    shape = inputs["base_it_kw"].shape
    row["balance"] = rows.add_rows(
        shape,
        demand,
        *((column[name], 1.0) for name in ("grid_import", "renewable_direct", "discharge_green", "discharge_grey")),
        (column["charge_grey"], -1.0),
        lower=0.0,
        upper=0.0,
    )
    row["renewable"] = rows.add_rows(
        shape,
        *((column[name], 1.0) for name in ("renewable_direct", "exported", "charge_green")),
        upper=inputs["available_kw"].values,
    )


def _add_battery(rows: Rows, row: dict, inputs: xr.Dataset, column: dict) -> None:
    """(11), (12) without its switch, (13)."""
    has = np.flatnonzero(battery_nodes(inputs))
    step_h, slots = float(inputs.attrs["step_h"]), inputs.sizes["time"]
    shape = (len(has), slots)
    of = {name: block[has] for name, block in column.items() if block.shape == inputs["base_it_kw"].shape}
    keep = ((1.0 - inputs["self_discharge_per_h"].values[has]) ** step_h)[:, None]
    into = step_h * inputs["charge_eff"].values[has][:, None]
    out = step_h / inputs["discharge_eff"].values[has][:, None]
    for colour in ("green", "grey"):
        stock, initial = of[f"stock_{colour}"], inputs[f"initial_{colour}_kwh"].values[has]
        before = np.concatenate([np.full((len(has), 1), -1), stock[:, :-1]], axis=1)
        carried = np.zeros(shape)
        carried[:, 0] = keep[:, 0] * initial
        row[f"stock_{colour}"] = rows.add_rows(
            shape,
            (stock, 1.0),
            (before, -keep),
            (of[f"charge_{colour}"], -into),
            (of[f"discharge_{colour}"], out),
            lower=carried,
            upper=carried,
        )
        left = keep[:, 0] ** slots * initial
        rows.add_rows((len(has),), (stock[:, -1], 1.0), lower=left)
    rows.add_rows(
        shape, (of["stock_green"], 1.0), (of["stock_grey"], 1.0), upper=inputs["battery_kwh"].values[has][:, None]
    )
    flows = [(of[f"{way}_{colour}"], 1.0) for way in ("charge", "discharge") for colour in ("green", "grey")]
    row["battery_power"] = rows.add_rows(shape, *flows, upper=inputs["battery_kw"].values[has][:, None])
    rows.add_rows(shape, (of["charge_grey"], 1.0), (of["grid_import"], -1.0), upper=0.0)
