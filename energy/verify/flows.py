"""Power: supply, balance, battery and grid. Each function is one law."""

from __future__ import annotations

import numpy as np

from energy.config_grid import carbon_factors, import_limits
from energy.verify.case import Case, hours_share, initial_stocks
from energy.verify.result import Check, numbers
from models.solar import pv_power
from models.wind import wind_power

FLOWS = (
    "it_kw", "it_reference_kw", "overhead_kw", "facility_kw", "pv_kw", "wind_kw", "renewable_direct_kw",
    "charge_green_kw", "charge_grey_kw", "discharge_green_kw", "discharge_grey_kw", "stock_green_kwh",
    "stock_grey_kwh", "import_kw", "exported_kw", "curtailed_kw",
)  # fmt: skip


def import_limits_kw(case: Case) -> np.ndarray:
    """Most that can be imported, (node, time) [kW]: the connection, or what a curtailment call leaves of it."""
    return np.array([import_limits(node, case.time, case.step_h) for node in case.study.nodes])


def carbon_kg_per_kwh(case: Case) -> np.ndarray:
    """Carbon factor of every node's grid by location, (node, time) [kg/kWh]."""
    return np.array([carbon_factors(node, case.time, case.step_h) for node in case.study.nodes])


def finite(case: Case) -> Check:
    """Every number of the plan is a number."""
    faults = [
        np.sum(~np.isfinite(variable.values)) for variable in case.plan.data_vars.values() if variable.dtype.kind == "f"
    ]
    names = [str(name) for name, variable in case.plan.data_vars.items() if variable.dtype.kind == "f"]
    return numbers(
        "finite numbers",
        np.array(faults),
        limit=0.0,
        unit="values",
        law="No variable of the plan holds NaN or infinity.",
        at=lambda i: names[i[0]],
    )


def non_negative(case: Case) -> Check:
    """Direction is in the name, so no flow and no stock is below zero."""
    below = np.array([-case.of(name) for name in FLOWS])
    return numbers(
        "flows not negative",
        np.nan_to_num(below),
        limit=case.tolerance,
        unit="kW",
        law="Every flow and every stock is at least 0.",
        at=lambda i: f"{FLOWS[i[0]]} {case.at(i[1:])}",
    )


def balance(case: Case) -> Check:
    """What comes in feeds the facility or charges the grey stock."""
    come = sum(
        case.of(name) for name in ("import_kw", "renewable_direct_kw", "discharge_green_kw", "discharge_grey_kw")
    )
    go = case.of("facility_kw") + case.of("charge_grey_kw")
    return numbers(
        "power balance",
        np.abs(come - go),
        limit=case.tolerance,
        unit="kW",
        law="import + renewable_direct + discharge_green + discharge_grey = facility + charge_grey.",
        at=case.at,
    )


def renewable_split(case: Case) -> Check:
    """Renewable power is used, stored, exported or curtailed, and nothing else."""
    parts = ("renewable_direct_kw", "charge_green_kw", "exported_kw", "curtailed_kw")
    used = sum(case.of(name) for name in parts)
    return numbers(
        "renewable split",
        np.abs(used - case.of("pv_kw") - case.of("wind_kw")),
        limit=case.tolerance,
        unit="kW",
        law="renewable_direct + charge_green + exported + curtailed = pv + wind.",
        at=case.at,
    )


def supply(case: Case) -> Check:
    """PV and wind are what the plants yield in this weather."""
    share = hours_share(case.time, case.step_h, case.weather["time"].values).T
    breach = np.zeros((2, *case.of("pv_kw").shape))
    for n, node in enumerate(case.study.nodes):
        here = case.weather.sel(node=node.id)
        pv = pv_power(here, node.pv_plant()).values @ share if node.pv else 0.0
        wind = wind_power(here, node.wind_plant()).values @ share if node.wind else 0.0
        breach[0, n] = np.abs(case.of("pv_kw")[n] - pv)
        breach[1, n] = np.abs(case.of("wind_kw")[n] - wind)
    return numbers(
        "PV and wind from the weather",
        breach,
        limit=case.tolerance,
        unit="kW",
        law="pv and wind are the hourly yield of the study's plants in the weather, averaged over the step.",
        at=lambda i: f"{('pv', 'wind')[i[0]]} {case.at(i[1:])}",
    )


def facility(case: Case) -> Check:
    """The meter sees IT and everything between."""
    gap = np.abs(case.of("facility_kw") - case.of("it_kw") - case.of("overhead_kw"))
    return numbers(
        "facility power",
        gap,
        limit=case.tolerance,
        unit="kW",
        law="facility = it + overhead.",
        at=case.at,
    )


def pue_published(case: Case) -> Check:
    """The PUE of a step is the ratio of its powers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = case.of("facility_kw") / case.of("it_kw")
    return numbers(
        "PUE of each step",
        np.abs(case.of("pue") - ratio),
        limit=case.tolerance,
        unit="1",
        law="pue = facility / it in every step.",
        at=case.at,
    )


def stock_account(case: Case) -> Check:
    """Each stock keeps its own account, with losses in, out and while held."""
    breach = np.zeros((2, *case.of("pv_kw").shape))
    before = initial_stocks(case)
    for k, colour in enumerate(("green", "grey")):
        stock = case.of(f"stock_{colour}_kwh")
        held = np.concatenate([before[colour][:, None], stock[:, :-1]], axis=1)
        for n, node in enumerate(case.study.nodes):
            charge, discharge = case.of(f"charge_{colour}_kw")[n], case.of(f"discharge_{colour}_kw")[n]
            if node.battery is None:
                breach[k, n] = np.abs(stock[n]) + np.abs(charge) + np.abs(discharge)
                continue
            kept = held[n] * (1.0 - node.battery.self_discharge_per_h) ** case.step_h
            moved = node.battery.charge_eff * charge - discharge / node.battery.discharge_eff
            breach[k, n] = np.abs(stock[n] - kept - case.step_h * moved)
    return numbers(
        "battery account",
        breach,
        limit=case.tolerance,
        unit="kWh",
        law="stock = stock before x (1 - self discharge)^h + h x (charge_eff x charge - discharge / discharge_eff), "
        "green and grey each, from the state's stock or the study's; nothing without a battery.",
        at=lambda i: f"{('green', 'grey')[i[0]]} {case.at(i[1:])}",
    )


def stock_return(case: Case) -> Check:
    """The window gives back each stock it was given."""
    before, hours = initial_stocks(case), case.step_h * len(case.time)
    standing = [node.battery_model().self_discharge_per_h if node.battery else 0.0 for node in case.study.nodes]
    untouched = (1.0 - np.array(standing)) ** hours
    short = np.zeros((2, len(case.study.nodes)))
    for k, colour in enumerate(("green", "grey")):
        short[k] = before[colour] * untouched - case.of(f"stock_{colour}_kwh")[:, -1]
    return numbers(
        "battery gives back",
        short,
        limit=case.tolerance,
        unit="kWh",
        law="Each stock ends the window with at least what its standing loss would leave of what it began with.",
        at=lambda i: f"{('green', 'grey')[i[0]]} {case.study.nodes[i[1]].id}",
    )


def battery_energy(case: Case) -> Check:
    """Both stocks share the cells."""
    size = np.array([[node.battery.energy_kwh if node.battery else 0.0] for node in case.study.nodes])
    return numbers(
        "battery capacity",
        case.of("stock_green_kwh") + case.of("stock_grey_kwh") - size,
        limit=case.tolerance,
        unit="kWh",
        law="stock_green + stock_grey is at most the battery's energy.",
        at=case.at,
    )


def battery_power(case: Case) -> Check:
    """Charge and discharge each keep to the converter's rating."""
    most = np.array([[node.battery.power_kw if node.battery else 0.0] for node in case.study.nodes])
    charge, discharge = _battery_flows(case)
    return numbers(
        "battery power",
        np.maximum(charge, discharge) - most,
        limit=case.tolerance,
        unit="kW",
        law="Charge, and discharge, of both stocks together is at most the battery's power.",
        at=case.at,
    )


def battery_one_way(case: Case) -> Check:
    """A battery charges or discharges, never both."""
    return numbers(
        "battery one way",
        np.minimum(*_battery_flows(case)),
        limit=case.tolerance,
        unit="kW",
        law="In a step a battery charges or discharges, green and grey together, not both.",
        at=case.at,
    )


def grey_is_bought(case: Case) -> Check:
    """Renewables enter the battery as green; what charges the grey stock was bought."""
    return numbers(
        "grey charge",
        case.of("charge_grey_kw") - case.of("import_kw"),
        limit=case.tolerance,
        unit="kW",
        law="charge_grey is at most the import.",
        at=case.at,
    )


def _battery_flows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    charge = case.of("charge_green_kw") + case.of("charge_grey_kw")
    return charge, case.of("discharge_green_kw") + case.of("discharge_grey_kw")


def grid_limits(case: Case) -> Check:
    """The connection's two limits."""
    over = np.array(
        [
            case.of("import_kw") - import_limits_kw(case),
            case.of("exported_kw") - case.grid("export_limit_kw"),
        ]
    )
    return numbers(
        "grid limits",
        over,
        limit=case.tolerance,
        unit="kW",
        law="import and exported are at most the connection's limits, import also what a curtailment call leaves.",
        at=lambda i: f"{('import', 'exported')[i[0]]} {case.at(i[1:])}",
    )


def one_direction(case: Case) -> Check:
    """Imports do not free renewables for sale where selling pays as much as buying costs."""
    carbon = case.study.planning.carbon_price_cny_per_kg * carbon_kg_per_kwh(case)
    pays = case.grid("export_price_cny_per_kwh") >= case.of("price_cny_per_kwh") + carbon
    both = np.minimum(case.of("import_kw"), case.of("exported_kw"))
    return numbers(
        "one direction at the meter",
        np.where(pays, both, 0.0),
        limit=case.tolerance,
        unit="kW",
        law="Where the export price reaches the import price (carbon included), a node does not do both in a step.",
        at=case.at,
    )
