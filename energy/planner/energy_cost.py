"""Least cost of a given IT load: the energy part of the plan as a linear programme kept in HiGHS.

With the jobs placed, everything else is a linear programme in which the load stands on the right-hand side
of law (4): battery, grid, targets at their penalty, and setpoints, which are relaxed here and free of dwell
and rate limits (what they cost is hundredths of a percent). Its value E(load) is convex, and the duals of (4)
are a subgradient:

    E(load') >= E(load) + sum_{n,t} price[n,t] (load'[n,t] - load[n,t])

Every evaluation thus yields a cut, and the highest cut is a lower estimate of the cost of any other
load, in microseconds instead of milliseconds: what the cuts already show to be dearer is not solved.
"""

from __future__ import annotations

import numpy as np

from energy.planner.solver import ModelArrays, ResidentRelaxation

KEPT_CUTS = 48
SETPOINT_MOVES = ("begin_", "dwell_", "held_", "rate_", "rate0_")


class EnergyCost:
    """E(load) with its prices, and the cuts gathered so far.

    Parameters
    ----------
    model
        The whole model with the objective to judge by.
    job_columns
        Columns of the model that say where jobs run; the rest is the energy part.
    shape
        (node, time) of the load.

    Attributes
    ----------
    missed_kwh
        Energy by which the targets are missed at the load evaluated last.
    """

    def __init__(self, model: ModelArrays, job_columns: np.ndarray, shape: tuple[int, int]) -> None:
        self._shape = shape
        begin = [number for name, number in model.position.items() if name.startswith("begin_")]
        energy = model.without_columns(np.concatenate([job_columns, np.array(begin, dtype=int)]))
        moves = [number for number, name in enumerate(energy.row_names) if name.startswith(SETPOINT_MOVES)]
        energy = energy.without_rows(np.array(moves, dtype=int))
        row = {name: number for number, name in enumerate(energy.row_names)}
        nodes, slots = shape
        self._rows = np.array([row[f"it_{n}_{t}"] for n in range(nodes) for t in range(slots)])
        self._targets = [row["target_pue"], row["target_share"]]
        self._limits = [(energy.row_lower[r], energy.row_upper[r]) for r in self._targets]
        self._resident = ResidentRelaxation(energy)
        self._values = np.full(KEPT_CUTS, -np.inf)  # each cut at load 0
        self._prices = np.zeros((KEPT_CUTS, nodes, slots + 1))  # price summed up to each slot, for spans
        self._flat = np.zeros((KEPT_CUTS, nodes * slots))
        self._next = 0
        self._missed = [energy.position[name] for name in ("missed_pue_0", "missed_share_0")]
        self.missed_kwh = np.inf

    def at(self, load_kw: np.ndarray, *, time_limit_s: float = np.inf) -> tuple[float, np.ndarray]:
        """E(load) and its price [CNY per kW in the slot], (node, time); inf where the load cannot be carried."""
        self._resident.set_rows(self._rows, load_kw.ravel())
        found = self._resident.solve(time_limit_s=time_limit_s)
        if found is None:
            return np.inf, np.zeros(self._shape)
        self.missed_kwh = float(found.values[self._missed].sum())
        price = found.row_dual[self._rows]
        self._keep(found.objective, price, load_kw)
        return found.objective, price.reshape(self._shape)

    def tighten(self, margin_kwh: float) -> None:
        """Ask both targets for a margin, to cover what whole setpoints lose; earlier cuts stay below."""
        for target, (lower, upper) in zip(self._targets, self._limits, strict=True):
            self._resident.limit_row(target, lower + margin_kwh, upper - margin_kwh)

    def estimate(self, load_kw: np.ndarray) -> float:
        """A lower bound of E(load) from the cuts."""
        return float(np.max(self._values + self._flat @ load_kw.ravel()))

    def estimates_with(
        self, load_kw: np.ndarray, node: int, first: np.ndarray, last: np.ndarray, add_kw: float
    ) -> np.ndarray:
        """Lower bounds of E(load + add_kw at the node over [first, last)), one per span."""
        now = self._values + self._flat @ load_kw.ravel()
        prices = self._prices[:, node]
        return np.max(now[:, None] + add_kw * (prices[:, last] - prices[:, first]), axis=0)

    def _keep(self, value: float, price: np.ndarray, load_kw: np.ndarray) -> None:
        place, self._next = self._next, (self._next + 1) % KEPT_CUTS
        self._values[place] = value - float(price @ load_kw.ravel())
        self._flat[place] = price
        self._prices[place, :, 1:] = np.cumsum(price.reshape(self._shape), axis=1)
