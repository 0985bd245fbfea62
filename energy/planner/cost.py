"""The cost of a window in CNY, term by term (18). The terms sum to the objective.

energy   grid import at the province's time-of-use price
demand   the part of each month's peak this window adds, at the demand price per kW and month
green    renewable energy taken (used, stored or exported) at its contract or levelised price
export   revenue of exported renewables (negative)
carbon   carbon price times grid import times the province's emission factor
wear     battery wear per kWh discharged
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.solver import linear


def cost_terms(variables, inputs: xr.Dataset, *, demand_charge: bool = True) -> dict[str, object]:
    """Each cost term of the window as a PuLP expression [CNY]."""
    step_h, block = float(inputs.attrs["step_h"]), variables.block
    ones = np.ones(block["grid_import"].shape)

    def energy(price: np.ndarray, *names: str):
        return [
            (step_h * price[place], block[name][place])
            for name in names
            for place in np.ndindex(*price.shape)
            if block[name][place] is not None
        ]

    floor = inputs["month_peak_kw"].values  # (node, month)
    peak_price = np.broadcast_to(inputs["demand_price_cny_per_kw_month"].values[:, None], floor.shape)
    peak_price = peak_price * float(demand_charge)
    return {
        "energy": linear(energy(inputs["price_cny_per_kwh"].values, "grid_import")),
        "demand": linear(
            list(zip(peak_price.flat, block["peak"].flat, strict=True)), -float((peak_price * floor).sum())
        ),
        "green": linear(
            energy(
                inputs["green_price_cny_per_kwh"].values, "renewable_direct", "charge_green", "exported"
            )
        ),
        "export": linear(energy(-inputs["export_price_cny_per_kwh"].values[:, None] * ones, "exported")),
        "carbon": linear(energy(inputs["carbon_cny_per_kwh"].values, "grid_import")),
        "wear": linear(
            energy(inputs["wear_cny_per_kwh"].values[:, None] * ones, "discharge_green", "discharge_grey")
        ),
    }
