"""What a load costs: the energy part with the load given."""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.priced.hull import EnergyHull, Rows
from energy.planner.solver import ResidentRelaxation


class LoadedEnergy:
    """Least cost of a load, kept in HiGHS twice: the energy part with the load on the right-hand side of (P3).

    Once with the targets as rows, a miss at its weight: the cost. And once with the targets at multipliers [CNY per kWh
    missed]: the plan the search works around. As rows their duals jump between 0 and the weight of a miss from one
    schedule to the next; the multipliers move only as far as :meth:`learn` lets them.

    Attributes
    ----------
    values, dual
        Point and row duals of the last plans at multipliers, smoothed over loads by exponential averaging.
    targets
        Multipliers of PUE and share [CNY/kWh], (2,).
    """

    def __init__(self, inputs: xr.Dataset, hull: EnergyHull, *, smoothing: float) -> None:
        rows = Rows(hull.model)
        cell = hull.node * hull.shape[1] + hull.slot
        self._rows = rows.add_rows(hull.shape, (hull.weight, hull.load_kw, cell), lower=0.0, upper=0.0)
        self._model = rows.model(hull.model.offset)
        self._hull, self._smoothing = hull, smoothing
        self._step_h = float(inputs.attrs["step_h"])
        pue, share = float(inputs.attrs["pue_target"]), float(inputs.attrs["share_target"])
        self._over_pue = self._step_h * (hull.facility_kw - pue * hull.it_kw)
        self._over_share = self._step_h * share * hull.facility_kw
        self._green = np.concatenate(
            [hull.column[name][hull.column[name] >= 0] for name in ("renewable_direct", "discharge_green")]
        )
        self._exact, self._priced = ResidentRelaxation(self._model), ResidentRelaxation(self._model)
        for name in ("pue", "share"):
            self._priced.limit_row(int(hull.row[name][0]), -np.inf, np.inf)
        self.targets = np.zeros(2)
        self.values = self.dual = None

    def begin_from(self, values: np.ndarray, dual: np.ndarray) -> None:
        """Take a plan of the hull's programme, with its duals and the targets' multipliers, as the smoothed plan."""
        self.values, self.dual = values, np.concatenate([dual, np.zeros(self._rows.size)])
        self._price(np.abs([dual[int(self._hull.row[name][0])] for name in ("pue", "share")]))

    def load_price(self) -> np.ndarray:
        """What a kW more costs at the smoothed plan, (node, time) [CNY]."""
        return self.dual[self._rows]

    def cost(self, load_kw: np.ndarray) -> float:
        """Least cost of a load [CNY], missed targets at their weight; load that cannot be carried is cut off."""
        found = self._solved(self._exact, load_kw)
        return np.inf if found is None else found.objective

    def learn(self, load_kw: np.ndarray, *, rate: float = 0.0) -> None:
        """Take the plan of a load into the smoothed one; move the multipliers by ``rate`` CNY/kWh per part missed."""
        found = self._solved(self._priced, load_kw)
        if found is None:
            return
        share = 1.0 if self.values is None else self._smoothing
        old = (found.values, found.row_dual) if self.values is None else (self.values, self.dual)
        self.values = (1 - share) * old[0] + share * found.values
        self.dual = (1 - share) * old[1] + share * found.row_dual
        corner = found.values[self._hull.weight]
        missed = np.array([self._over_pue @ corner, self._over_share @ corner])
        missed[1] -= found.values[self._green].sum() * self._step_h
        energy = self._step_h * float(self._hull.facility_kw @ corner)
        moved = np.maximum(self.targets + rate * missed / energy, 0.0)
        if np.any(moved != self.targets):
            self._price(moved)

    def _price(self, targets: np.ndarray) -> None:
        self.targets = np.asarray(targets, dtype=float)
        (pue, share), cost, weight = self.targets, self._model.cost, self._hull.weight
        self._priced.set_costs(weight, cost[weight] + pue * self._over_pue + share * self._over_share)
        self._priced.set_costs(self._green, cost[self._green] - share * self._step_h)

    def _solved(self, resident: ResidentRelaxation, load_kw: np.ndarray):
        resident.set_rows(self._rows.ravel(), np.clip(load_kw, 0.0, self._hull.most_kw).ravel())
        return resident.solve()
