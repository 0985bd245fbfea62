"""Power between the meter, the renewables, the battery and the facility.

Data: available_kw, import_limit_kw [n,t]; export_limit_kw [n]; month_peak_kw[n,m], month_of_step[t];
battery_kwh, battery_kw, charge_eff, discharge_eff, self_discharge_per_h, initial_green_kwh,
initial_grey_kwh [n].
Variables [kW]: grid_import, renewable_direct, exported, charge_green, charge_grey, discharge_green,
discharge_grey (n,t); stocks stock_green, stock_grey [kWh] at the end of each slot; charging[n,t] in
{0,1}; exporting[n,t] in {0,1} where both directions could pay; peak[n,m],
m the civil months of the window.

(9)  import + renewable_direct + discharge_green + discharge_grey = facility + charge_grey
(10) renewable_direct + charge_green + exported <= available          (the rest is curtailed)
(11) stock[t] = (1 - sigma)^h stock[t-1] + h (eta_c charge - discharge / eta_d)     green and grey each
(12) stock_green + stock_grey <= battery_kwh; charge <= battery_kw charging; discharge <= battery_kw (1 - charging);
     charge_grey <= import       (grey is what the grid sells: renewables enter the battery as green)
(13) stock at the end >= what is left of the stock at the start when it is not touched, green and grey each
(14) peak[month of the step] >= import, peak >= month_peak
(15) exported <= export_limit exporting; import <= import_limit (1 - exporting)

The green stock holds renewable energy only and starts empty unless carried in, so that a green share
is never given away for free. Battery and inverter losses lie outside the PUE ratio.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from energy.planner.plant import facility_terms
from energy.planner.solver import constrain, linear

FLOWS = ("grid_import", "renewable_direct", "exported")
BATTERY_FLOWS = ("charge_green", "charge_grey", "discharge_green", "discharge_grey")


def declare(variables, inputs: xr.Dataset) -> None:
    """Flows, stocks and the battery's and the grid's switches."""
    shape = (inputs.sizes["node"], inputs.sizes["time"])
    limit = {
        "grid_import": import_limits(inputs),
        "renewable_direct": inputs["available_kw"].values,
        "exported": inputs["export_limit_kw"].values[:, None],
    }
    for name in FLOWS:
        variables.add(name, shape, upper=limit[name])
    has_battery = np.broadcast_to(battery_nodes(inputs)[:, None], shape)
    for name in BATTERY_FLOWS:
        variables.add(name, shape, upper=inputs["battery_kw"].values[:, None], where=has_battery)
    for name in ("stock_green", "stock_grey"):
        variables.add(name, shape, upper=inputs["battery_kwh"].values[:, None], where=has_battery)
    variables.add("charging", shape, binary=True, where=has_battery)
    variables.add("exporting", shape, binary=True, where=export_could_pay(inputs))
    variables.add("peak", inputs["month_peak_kw"].shape, lower=inputs["month_peak_kw"].values)


def import_limits(inputs: xr.Dataset) -> np.ndarray:
    """Most that can be imported, (node, time) [kW]: curtailment calls make it differ from step to step."""
    return inputs["import_limit_kw"].broadcast_like(inputs["available_kw"]).transpose("node", "time").values


def battery_nodes(inputs: xr.Dataset) -> np.ndarray:
    """Which nodes have a battery that can be used."""
    return (inputs["battery_kwh"].values > 0) & (inputs["battery_kw"].values > 0)


def export_could_pay(inputs: xr.Dataset) -> np.ndarray:
    """Where importing in order to export could pay, so that a switch must forbid it; (node, time).

    Exported renewables displaced by imports earn the export price and save nothing else, so this needs
    an export price above the price of import less what the green kWh would have cost either way.
    """
    price = inputs["price_cny_per_kwh"].values + inputs["carbon_cny_per_kwh"].values
    export = inputs["export_price_cny_per_kwh"].values[:, None]
    allowed = inputs["export_limit_kw"].values[:, None] > 0
    return np.broadcast_to(allowed, price.shape) & (export >= price)


def add_balance(problem, variables, inputs: xr.Dataset) -> None:
    """(9) What comes in feeds the facility or charges the grey stock."""
    block = variables.block
    for node, slot in np.ndindex(*block["grid_import"].shape):
        supply = [(1, block["grid_import"][node, slot]), (1, block["renewable_direct"][node, slot])]
        if block["charging"][node, slot] is not None:
            supply += [(1, block[name][node, slot]) for name in ("discharge_green", "discharge_grey")]
            supply.append((-1, block["charge_grey"][node, slot]))
        demand = [(-c, v) for c, v in facility_terms(variables, inputs, node, slot)]
        constrain(problem, f"balance_{node}_{slot}", linear(supply + demand), "==", 0)


def add_renewable_split(problem, variables, inputs: xr.Dataset) -> None:
    """(10) Renewable power is used, stored or exported; what is left is curtailed."""
    block, available = variables.block, inputs["available_kw"].values
    for node, slot in np.ndindex(*available.shape):
        terms = [(1, block["renewable_direct"][node, slot]), (1, block["exported"][node, slot])]
        if block["charging"][node, slot] is not None:
            terms.append((1, block["charge_green"][node, slot]))
        constrain(problem, f"renewable_{node}_{slot}", linear(terms), "<=", available[node, slot])


def add_stocks(problem, variables, inputs: xr.Dataset) -> None:
    """(11) Each stock keeps its own account, with losses on the way in, on the way out and while held."""
    step_h = float(inputs.attrs["step_h"])
    for colour in ("green", "grey"):
        stock, charge, discharge = (
            variables.block[f"{kind}_{colour}"] for kind in ("stock", "charge", "discharge")
        )
        initial = inputs[f"initial_{colour}_kwh"].values
        for node, slot in np.ndindex(*stock.shape):
            if stock[node, slot] is None:
                continue
            keep = (1.0 - float(inputs["self_discharge_per_h"].values[node])) ** step_h
            terms = [
                (1, stock[node, slot]),
                (-step_h * float(inputs["charge_eff"].values[node]), charge[node, slot]),
                (step_h / float(inputs["discharge_eff"].values[node]), discharge[node, slot]),
            ]
            carried = keep * initial[node] if slot == 0 else 0.0
            if slot:
                terms.append((-keep, stock[node, slot - 1]))
            constrain(problem, f"stock_{colour}_{node}_{slot}", linear(terms), "==", carried)


def add_battery_limits(problem, variables, inputs: xr.Dataset) -> None:
    """(12) Both stocks share the battery's energy and power; it charges or discharges, not both."""
    block = variables.block
    power, energy = inputs["battery_kw"].values, inputs["battery_kwh"].values
    for node, slot in np.ndindex(*block["charging"].shape):
        on = block["charging"][node, slot]
        if on is None:
            continue
        name = f"{node}_{slot}"
        stocks = [(1, block["stock_green"][node, slot]), (1, block["stock_grey"][node, slot])]
        constrain(problem, f"energy_{name}", linear(stocks), "<=", energy[node])
        charge = [(1, block["charge_green"][node, slot]), (1, block["charge_grey"][node, slot])]
        constrain(problem, f"charge_{name}", linear([*charge, (-power[node], on)]), "<=", 0)
        bought = [(1, block["charge_grey"][node, slot]), (-1, block["grid_import"][node, slot])]
        constrain(problem, f"grey_{name}", linear(bought), "<=", 0)
        discharge = [(1, block["discharge_green"][node, slot]), (1, block["discharge_grey"][node, slot])]
        constrain(problem, f"discharge_{name}", linear([*discharge, (power[node], on)]), "<=", power[node])


def add_stock_return(problem, variables, inputs: xr.Dataset) -> None:
    """(13) The window gives back each stock it was given, less what stands in it loses by itself."""
    for colour in ("green", "grey"):
        stock, initial = variables.block[f"stock_{colour}"], inputs[f"initial_{colour}_kwh"].values
        keep = (1.0 - inputs["self_discharge_per_h"].values) ** (float(inputs.attrs["step_h"]) * stock.shape[1])
        for node in range(stock.shape[0]):
            if stock[node, -1] is not None:
                left = keep[node] * initial[node]
                constrain(problem, f"return_{colour}_{node}", linear([(1, stock[node, -1])]), ">=", left)


def add_peak(problem, variables, inputs: xr.Dataset) -> None:
    """(14) A month's peak so far, or the window's import in that month if that is higher."""
    peak, grid_import = variables.block["peak"], variables.block["grid_import"]
    month = inputs["month_of_step"].values
    for node, slot in np.ndindex(*grid_import.shape):
        terms = [(1, peak[node, month[slot]]), (-1, grid_import[node, slot])]
        constrain(problem, f"peak_{node}_{slot}", linear(terms), ">=", 0)


def add_no_export_while_importing(problem, variables, inputs: xr.Dataset) -> None:
    """(15) One direction at the meter at a time, where both together could pay."""
    block = variables.block
    most_in, most_out = import_limits(inputs), inputs["export_limit_kw"].values
    for node, slot in np.ndindex(*block["exporting"].shape):
        out = block["exporting"][node, slot]
        if out is None:
            continue
        exported = [(1, block["exported"][node, slot]), (-most_out[node], out)]
        constrain(problem, f"out_{node}_{slot}", linear(exported), "<=", 0)
        imported = [(1, block["grid_import"][node, slot]), (most_in[node, slot], out)]
        constrain(problem, f"in_{node}_{slot}", linear(imported), "<=", most_in[node, slot])
