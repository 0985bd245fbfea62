"""A plan replayed hour by hour by the nonlinear plant, in the weather it was made for or in any other.

What is kept of the plan: IT power, setpoints, and what it does with renewables and batteries, as far as the weather and
the stocks let it. What is worked out anew: overhead, PV and wind, the stocks, and at the meter import, export and
curtailment. Shares no code with the planner and takes nothing from its table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from energy.config import Study
from energy.config_grid import import_limits
from energy.config_nodes import NodeConfig
from energy.simulate_checks import BATTERY, NOISE, TINY_KW, refuse_unfit
from energy.steps import pieces_of
from models.battery import Battery, stock_end, stock_retention
from models.cooling import outdoor_state
from models.overhead import overhead_flows
from models.solar import pv_power
from models.wind import wind_power
from weather.conventions.errors import DataError

_NO_BATTERY = Battery(energy_kwh=0.0, power_kw=0.0, charge_eff=1.0, discharge_eff=1.0, self_discharge_per_h=0.0)


def audit_plant(plan: xr.Dataset, *, study: Study, weather: xr.Dataset, step_h: float) -> xr.Dataset:
    """What the nonlinear plant makes of a plan's IT power and setpoints in the hourly weather.

    Parameters
    ----------
    plan
        Content of plan.nc: ``it_kw``, ``setpoint_degc`` (node, time).
    study
        Gives the plants.
    weather
        Hourly weather (node, time) that covers the plan.
    step_h
        Length of a step [h].

    Returns
    -------
    Dataset (node, time)
        ``overhead_plant_kw``, ``cooling_kw``, ``facility_plant_kw`` [kW], ``water_l`` [L per step] and
        ``pue_plant`` [-]. Steps longer than an hour are means over their hours; in shorter ones the
        hour's weather holds.

    Raises
    ------
    DataError
        IT power that is missing, negative, or more than the cooling plant is rated for.
    """
    pieces = _Pieces.of(plan, weather, step_h)
    names = {"overhead_plant_kw": "overhead_kw", "cooling_kw": "cooling_kw", "water_l": "water_l_per_h"}
    rows: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for node in study.nodes:
        flows = _plant(node, plan, weather, pieces)
        for name, flow in names.items():
            rows[name].append(pieces.mean(flows[flow].values) * (step_h if name == "water_l" else 1.0))
    it = plan["it_kw"].sel(node=[node.id for node in study.nodes]).transpose("node", "time").values
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays["facility_plant_kw"] = it + arrays["overhead_plant_kw"]
    with np.errstate(divide="ignore", invalid="ignore"):
        arrays["pue_plant"] = arrays["facility_plant_kw"] / it
    return _labelled(arrays, study, plan)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Steps cut at the hours: number of step and hour of each piece, its share of the step, the length of a step."""

    step: np.ndarray
    hour: np.ndarray
    share: np.ndarray
    step_h: float

    @classmethod
    def of(cls, plan: xr.Dataset, weather: xr.Dataset, step_h: float) -> _Pieces:
        return cls(*pieces_of(plan["time"].values, step_h, weather["time"].values), step_h)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Means over the steps of values of the pieces."""
        return np.bincount(self.step, weights=self.share * values)

    def last(self, values: np.ndarray) -> np.ndarray:
        """Values at the end of each step."""
        return values[np.flatnonzero(np.diff(self.step, append=self.step[-1] + 1))]


def _plant(node: NodeConfig, plan: xr.Dataset, weather: xr.Dataset, pieces: _Pieces) -> xr.Dataset:
    """Every flow between servers and meter in each piece."""
    here = outdoor_state(weather.sel(node=node.id)).isel(time=pieces.hour)
    # the pieces are not equally spaced stamps: they are told apart by number
    here = here.assign_coords(time=np.arange(len(pieces.step)))
    it, setpoint = (plan[name].sel(node=node.id).values[pieces.step] for name in ("it_kw", "setpoint_degc"))
    return overhead_flows(here, node.node_plant(), it, setpoint)


def simulate(plan: xr.Dataset, *, study: Study, weather: xr.Dataset, step_h: float) -> xr.Dataset:
    """Replay a plan by the nonlinear plant in a weather.

    Use it to audit a plan in its own weather, or to see what becomes of it in another. Left out: demand response of
    any kind (jobs and setpoints stay as planned) and prices.

    Parameters
    ----------
    plan
        Content of plan.nc, whoever made it.
    study
        Gives plants, batteries and connections; its nodes in order give the result's.
    weather
        Hourly weather (node, time) that covers the plan's steps.
    step_h
        Length of a step of the plan [h].

    Returns
    -------
    Dataset (node, time), the plan's steps
        [kW], means over the step: ``it_kw``, ``it_reference_kw`` (the plan's), ``overhead_kw``, ``cooling_kw``,
        ``facility_kw``, ``pv_kw``, ``wind_kw``, ``renewable_direct_kw``, the four battery flows, ``import_kw``,
        ``exported_kw``, ``curtailed_kw``, ``shortfall_kw``; ``stock_green_kwh``, ``stock_grey_kwh`` at the step's end;
        ``water_l`` [L per step]; ``pue`` of each step; ``carbon_kg_per_kwh`` as in the plan.

    Raises
    ------
    DataError
        A plan that lacks a variable or a node, has other dims than (node, time), gaps in its stamps, values missing,
        negative battery flows, or more in a battery at its start than the study's holds; weather that is not hourly,
        has other dims or does not cover it; IT power above what the plant is rated for
        (`models.overhead.it_rating_kw`; a millionth more is a solver's rounding).

    Notes
    -----
    In each piece of a step inside one hour, in this order:

    1. discharge as planned, at most what the stock holds, the battery's power and what the facility takes (one
       within 1e-5 of the battery's power beside a charge is the solver's rounding and is not followed);
    2. green charge as planned, at most the supply, the room left, and what leaves the facility fed;
    3. renewables used at once: the share of what could be used that the plan uses (1 unless the plan leaves some
       because the grid is cheaper), more where the connection would not do;
    4. import: the rest of the facility, up to the limit; then what the battery still holds, grey before green;
       what is missing even so is ``shortfall_kw``;
    5. grey charge as planned, within the import left;
    6. surplus, but for the share of it the plan curtails: takes the place of what is imported - the grey charge it
       feeds is green then - so that no piece both imports and exports;
    7. what is left of it: exported up to the limit - where the plan had no surplus, only if the export price is
       above the price of the green kWh - and the rest is curtailed.

    In the plan's own weather with a plant that is what the plan's overhead says, the result is the plan
    (`tests/energy/test_simulate.py`). The stock before the first step is worked back from the plan's first step.
    """
    refuse_unfit(plan, study, weather, step_h)
    pieces = _Pieces.of(plan, weather, step_h)
    rows: dict[str, list[np.ndarray]] = {}
    for node in study.nodes:
        for name, values in _node(node, plan, weather, pieces).items():
            rows.setdefault(name, []).append(values)
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays["pue"] = np.divide(
        arrays["facility_kw"], arrays["it_kw"], out=np.full_like(arrays["it_kw"], np.nan), where=arrays["it_kw"] > 0
    )
    made = _labelled(arrays, study, plan)
    made["carbon_kg_per_kwh"] = plan["carbon_kg_per_kwh"].sel(node=made["node"].values)
    return made.assign_attrs(step_h=float(step_h))


def _node(node: NodeConfig, plan: xr.Dataset, weather: xr.Dataset, pieces: _Pieces) -> dict[str, np.ndarray]:
    here = weather.sel(node=node.id)
    plant = _plant(node, plan, weather, pieces)
    it, reference = (plan[name].sel(node=node.id).values for name in ("it_kw", "it_reference_kw"))
    nothing = np.zeros(len(pieces.step))
    pv = pv_power(here, node.pv_plant()).values[pieces.hour] if node.pv else nothing
    wind = wind_power(here, node.wind_plant()).values[pieces.hour] if node.wind else nothing
    need = it[pieces.step] + plant["overhead_kw"].values
    limit = import_limits(node, plan["time"].values, pieces.step_h)[pieces.step]
    flows = _dispatch(node, _Wish.of(plan.sel(node=node.id)), (need, pv, wind, limit), pieces)
    powers = {
        "overhead_kw": plant["overhead_kw"].values,
        "cooling_kw": plant["cooling_kw"].values,
        "facility_kw": need,
        "pv_kw": pv,
        "wind_kw": wind,
        **{name: values for name, values in flows.items() if not name.startswith("stock")},
    }
    means = {name: pieces.mean(values) for name, values in powers.items()}
    means |= {name: pieces.last(values) for name, values in flows.items() if name.startswith("stock")}
    water = pieces.mean(plant["water_l_per_h"].values) * pieces.step_h
    return {"it_kw": it, "it_reference_kw": reference, "water_l": water, **means}


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a node's plan wants in each step: battery powers [kW], the share of usable renewables it uses, the share
    of the surplus it exports (NaN where it has none), and the stocks it began with [kWh]."""

    battery: dict[str, np.ndarray]
    used_share: np.ndarray
    exported_share: np.ndarray
    stock_green_kwh: float
    stock_grey_kwh: float
    first: tuple[float, float, float, float]

    @classmethod
    def of(cls, plan: xr.Dataset) -> _Wish:
        flow = {name: np.maximum(plan[name].values, 0.0) for name in BATTERY}
        available = plan["pv_kw"].values + plan["wind_kw"].values
        discharge = flow["discharge_green_kw"] + flow["discharge_grey_kw"]
        could = np.minimum(available - flow["charge_green_kw"], plan["facility_kw"].values - discharge)
        direct, exported = plan["renewable_direct_kw"].values, plan["exported_kw"].values
        surplus = exported + plan["curtailed_kw"].values
        one, none = np.ones_like(could), np.full_like(could, np.nan)
        return cls(
            battery=flow,
            used_share=np.clip(np.divide(direct, could, out=one, where=could > TINY_KW), 0.0, 1.0),
            exported_share=np.divide(exported, surplus, out=none, where=surplus > TINY_KW),
            stock_green_kwh=float(plan["stock_green_kwh"].values[0]),
            stock_grey_kwh=float(plan["stock_grey_kwh"].values[0]),
            first=tuple(float(flow[name][0]) for name in BATTERY),
        )

    def stocks_before(self, battery: Battery, step_h: float) -> tuple[float, float]:
        """Green and grey stock before the first step, worked back from its end [kWh]."""
        keep = stock_retention(battery, step_h)
        green_in, grey_in, green_out, grey_out = self.first
        ends = ((self.stock_green_kwh, green_in, green_out), (self.stock_grey_kwh, grey_in, grey_out))
        begun = ((end - float(stock_end(0.0, *moved, battery, step_h))) / keep for end, *moved in ends)
        green, grey = (max(0.0, stock) for stock in begun)
        return green, grey


def _dispatch(node: NodeConfig, wish: _Wish, given: tuple[np.ndarray, ...], pieces: _Pieces) -> dict[str, np.ndarray]:
    """Battery and meter, piece by piece, given facility power, PV, wind and import limit; `simulate` has the order."""
    need, pv, wind, limit = given
    battery = node.battery_model() or _NO_BATTERY
    stocks = _begun(node, battery, wish.stocks_before(battery, pieces.step_h))
    pays = _export_pays(node, pv, wind)
    names = (
        *BATTERY, "renewable_direct_kw", "import_kw", "shortfall_kw", "exported_kw", "curtailed_kw",
        "stock_green_kwh", "stock_grey_kwh",
    )  # fmt: skip
    made = {name: np.empty(len(need)) for name in names}
    for i, step in enumerate(pieces.step):
        hours = pieces.share[i] * pieces.step_h
        here = float(need[i]), float(pv[i] + wind[i]), float(limit[i])
        asked = tuple(float(wish.battery[name][step]) for name in BATTERY)
        flows = _piece(battery, stocks, here, asked, float(wish.used_share[step]), hours)
        share = float(wish.exported_share[step])
        had_none = np.isnan(share)
        flows |= _before_import(flows, (1.0 if had_none else share) * _surplus(flows, here[1]))
        surplus = _surplus(flows, here[1])
        left = max(0.0, flows.pop("to_export_kw"))
        exported = min(node.grid.export_limit_kw, left * (float(pays[i]) if had_none else 1.0))
        stocks = tuple(
            float(stock_end(stock, flows[f"charge_{colour}_kw"], flows[f"discharge_{colour}_kw"], battery, hours))
            for stock, colour in zip(stocks, ("green", "grey"), strict=True)
        )
        flows |= {"exported_kw": exported, "curtailed_kw": surplus - exported}
        flows |= {"stock_green_kwh": stocks[0], "stock_grey_kwh": stocks[1]}
        for name, value in flows.items():
            made[name][i] = value
    return made


def _begun(node: NodeConfig, battery: Battery, stocks: tuple[float, float]) -> tuple[float, float]:
    """The stocks a plan begins with, where the study's battery can hold them; a solver's rounding is taken off."""
    held = sum(stocks)
    if held <= battery.energy_kwh:
        return stocks
    if held - battery.energy_kwh > max(NOISE * battery.energy_kwh, TINY_KW):
        has = f"its battery holds {battery.energy_kwh:,.1f} kWh" if node.battery else "it has no battery"
        raise DataError(
            f"plan: at {node.id} it begins with {held:,.1f} kWh in the battery, in the study {has}. Give a study whose "
            "node.battery.energy_kwh is no less, or plan anew with this study."
        )
    green, grey = (stock * battery.energy_kwh / held for stock in stocks)
    return green, grey


def _piece(
    battery: Battery,
    stocks: tuple[float, float],
    given: tuple[float, float, float],
    asked: tuple[float, float, float, float],
    used_share: float,
    hours: float,
) -> dict[str, float]:
    """Steps 1 to 5 of `simulate`: battery, direct use and import in one piece [kW].

    `models.battery.within_limits` knows one stock; here two share a battery and the facility's need bounds them.
    """
    need, available, limit = given
    charge_green, charge_grey, discharge_green, discharge_grey = asked
    keep = stock_retention(battery, hours)
    green, grey = (max(0.0, stock * keep) for stock in stocks)
    noise = NOISE * battery.power_kw
    if charge_green + charge_grey > noise >= discharge_green + discharge_grey:
        discharge_green = discharge_grey = 0.0
    drawn_green = min(discharge_green, battery.power_kw, green * battery.discharge_eff / hours, need)
    most_grey = min(battery.power_kw, need) - drawn_green
    drawn_grey = max(0.0, min(discharge_grey, most_grey, grey * battery.discharge_eff / hours))
    rest = need - drawn_green - drawn_grey
    idle = drawn_green + drawn_grey <= TINY_KW  # a battery goes one way at a time
    room = max(0.0, battery.energy_kwh - green - grey) / (battery.charge_eff * hours)
    most = min(battery.power_kw, room) if idle else 0.0
    charged_green = max(0.0, min(charge_green, most, available, available + limit - rest))
    could = max(0.0, min(available - charged_green, rest))
    direct = min(could, max(used_share * could, rest - limit))
    bought = min(rest - direct, limit)
    short = rest - direct - bought
    if short > TINY_KW:  # nothing is charged then
        held = (grey * battery.discharge_eff / hours - drawn_grey, green * battery.discharge_eff / hours - drawn_green)
        more_grey = max(0.0, min(short, held[0], battery.power_kw - drawn_green - drawn_grey))
        more_green = max(0.0, min(short - more_grey, held[1], battery.power_kw - drawn_green - drawn_grey - more_grey))
        drawn_grey, drawn_green = drawn_grey + more_grey, drawn_green + more_green
        short -= more_grey + more_green
    charged_grey = max(0.0, min(charge_grey, most - charged_green, limit - bought))
    return {
        "charge_green_kw": charged_green,
        "charge_grey_kw": charged_grey,
        "discharge_green_kw": drawn_green,
        "discharge_grey_kw": drawn_grey,
        "renewable_direct_kw": direct,
        "import_kw": bought + charged_grey,
        "shortfall_kw": short,
    }


def _surplus(flows: dict[str, float], available: float) -> float:
    return max(0.0, available - flows["charge_green_kw"] - flows["renewable_direct_kw"])


def _before_import(flows: dict[str, float], offered: float) -> dict[str, float]:
    """Step 6 of `simulate`: what is offered of the surplus in place of import, the facility's first [kW]."""
    charge = flows["charge_grey_kw"]
    to_facility = min(offered, flows["import_kw"] - charge)
    to_charge = min(offered - to_facility, charge)
    return {
        "renewable_direct_kw": flows["renewable_direct_kw"] + to_facility,
        "charge_green_kw": flows["charge_green_kw"] + to_charge,
        "charge_grey_kw": charge - to_charge,
        "import_kw": flows["import_kw"] - to_facility - to_charge,
        "to_export_kw": offered - to_facility - to_charge,
    }


def _export_pays(node: NodeConfig, pv: np.ndarray, wind: np.ndarray) -> np.ndarray:
    """Whether a kWh of the mix of PV and wind sells for more than it costs, (piece,)."""
    owed = pv * (node.pv.price_cny_per_kwh if node.pv else 0.0) + wind * (
        node.wind.price_cny_per_kwh if node.wind else 0.0
    )
    return node.grid.export_price_cny_per_kwh * (pv + wind) > owed


def _labelled(arrays: dict[str, np.ndarray], study: Study, plan: xr.Dataset) -> xr.Dataset:
    units = {"water_l": ("L", "time: sum"), "pue": ("1", "time: mean"), "pue_plant": ("1", "time: mean")}
    data = {}
    for name, values in arrays.items():
        unit, method = units.get(name, ("kW", "time: mean"))
        if name.endswith("_kwh"):
            unit, method = "kWh", "time: point (end)"
        data[name] = (("node", "time"), values, {"units": unit, "cell_methods": method})
    return xr.Dataset(data, coords={"node": [node.id for node in study.nodes], "time": plan["time"].values})
