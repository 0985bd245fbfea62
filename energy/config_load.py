"""What a node draws with no job running, and whether its plant is rated for it and its connections carry it.

`greendc check` and the plan ask the same functions: what one refuses, the other refuses in the same words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from energy.config_grid import series_problems
from weather.conventions.errors import GreenDCError

if TYPE_CHECKING:
    import xarray as xr

    from energy.config import Study
    from energy.config_nodes import NodeConfig
    from models.gpu import GPUType


def base_it_kw(node: NodeConfig, types: dict[str, GPUType], hours: np.ndarray) -> np.ndarray:
    """IT power of a node with no job running, at the reference inlet [kW].

    Parameters
    ----------
    node, types
        The node and the study's GPU types.
    hours
        Civil hours each step covers (0-23), shape (step, hours of a step).

    Returns
    -------
    ndarray, shape (step,)
        Idle servers, reserved inference and `other_it_kw`, the mean over the hours of each step.
    """
    base = np.full(len(hours), float(node.other_it_kw))
    for load in node.inference:
        gpu = types[load.gpu_type]
        running = np.array(load.gpus_by_hour)[hours].mean(axis=1)
        base += running * (load.power_frac * gpu.peak_kw - gpu.idle_kw)
    for pool in node.pools():
        base += pool.cluster_gpus * pool.count * types[pool.gpu_type].idle_kw
    return base


def inlet_factors(node: NodeConfig) -> tuple[np.ndarray, np.ndarray]:
    """Server inlet [degC] and power over that at the reference inlet, at each setpoint; shape (setpoint,) both."""
    from models.cooling import inlet_degc
    from models.gpu import inlet_power_factor

    plant = node.cooling.plant()
    inlets = np.array([float(inlet_degc(plant, degc)) for degc in node.cooling.setpoints_degc])
    return inlets, np.array([float(inlet_power_factor(inlet)) for inlet in inlets])


def it_cap_kw(node: NodeConfig) -> float:
    """IT power at the reference inlet the plant is rated for at every setpoint [kW]."""
    from models.overhead import it_rating_kw

    _, factors = inlet_factors(node)
    return it_rating_kw(node.node_plant()) / factors.max()


def beyond_rating(node: NodeConfig, base_kw: np.ndarray) -> str:
    """Why the plant cannot carry what runs without any job, or nothing where it can.

    Parameters
    ----------
    base_kw
        From `base_it_kw`, shape (step,).
    """
    cap, most = it_cap_kw(node), float(base_kw.max())
    if most <= cap:
        return ""
    return (
        f"node[{node.id}]: the idle servers, the reserved inference load and other_it_kw reach {most:,.0f} kW of IT "
        f"power, but the plant is rated for {cap:,.0f} kW at its warmest setpoint. Raise node.electrical.rated_kw "
        "and node.cooling.rated_heat_kw, or reserve less."
    )


def beyond_supply(
    node: NodeConfig,
    need_kw: np.ndarray,
    renewable_kw: np.ndarray,
    *,
    step_h: float,
    when: list[str] | None = None,
    import_limit_kw: np.ndarray | None = None,
) -> str:
    """Why what runs without any job cannot be fed, or nothing where the connections may do.

    Judged step by step: what the grid, the renewables and the battery (full, if need be) can bring at once.
    A battery that runs empty over several steps is not seen.

    Parameters
    ----------
    need_kw
        Least power taken in each step, shape (step,) [kW].
    renewable_kw
        Most PV and wind there can be in each step, shape (step,) [kW].
    step_h
        Length of a step [h].
    when
        Civil time of each step, for the text.
    import_limit_kw
        Most that can be imported in each step, shape (step,) [kW]; the connection's limit when not given.
    """
    battery_kw = 0.0
    if node.battery:
        drained_kw = node.battery.energy_kwh * node.battery.discharge_eff / step_h
        battery_kw = min(node.battery.power_kw, drained_kw)
    limit_kw = np.full(len(need_kw), node.grid.import_limit_kw) if import_limit_kw is None else import_limit_kw
    allowed_kw = limit_kw + renewable_kw + battery_kw
    lacking = need_kw - allowed_kw
    step = int(np.argmax(lacking))
    if lacking[step] <= 1e-6 * need_kw[step]:
        return ""
    least = math.ceil(10 * (limit_kw[step] + lacking[step])) / 10  # never rounded below what is needed
    called = limit_kw[step] != node.grid.import_limit_kw
    key = "import_limit_csv" if called else "import_limit_kw"
    rule = f" ({_calls_file(node)}: the least value in a step of {step_h:g} h)" if called else ""
    return (
        f"node[{node.id}]: the idle servers, the reserved inference load, other_it_kw and their overhead take at "
        f"least {need_kw[step]:,.1f} kW{' at ' + when[step] if when else ''}, but at most {allowed_kw[step]:,.1f} kW "
        f"can come in: {limit_kw[step]:,.1f} kW by node.grid.{key}{rule}, "
        f"{renewable_kw[step]:,.1f} kW of PV and wind, {battery_kw:,.1f} kW from the battery. Raise {key} "
        f"to at least {least:,.1f}, reserve less inference, or add renewables or a battery."
    )


def beyond_battery(
    node: NodeConfig,
    need_kw: np.ndarray,
    renewable_kw: np.ndarray,
    *,
    step_h: float,
    when: list[str],
    import_limit_kw: np.ndarray,
    stock_kwh: float,
) -> str:
    """Why the battery cannot bridge what the connections lack over a window, or nothing where it can.

    The battery is charged with all that is left over and discharged only where something lacks, which keeps it as full
    as it can be: what fails so fails with any plan.

    Parameters
    ----------
    need_kw, renewable_kw, step_h, when, import_limit_kw
        As in `beyond_supply`, which has found that each step by itself can be fed.
    stock_kwh
        What the battery holds as the window opens.
    """
    if node.battery is None:
        return ""
    its = node.battery
    lacking = need_kw - import_limit_kw - renewable_kw
    kept, stock, opened = (1.0 - its.self_discharge_per_h) ** step_h, stock_kwh, stock_kwh
    for step, lack in enumerate(lacking):
        flow = -lack / its.discharge_eff if lack > 0 else its.charge_eff * min(its.power_kw, -lack)
        stock, opened = min(its.energy_kwh, stock * kept + step_h * flow), opened * kept
        if stock < -1e-6 * its.energy_kwh:
            fate = f"is empty at {when[step]}"
            break
    else:
        if stock >= opened - 1e-6 * its.energy_kwh:
            return ""
        fate = f"holds at most {stock:,.1f} kWh at the end, where {opened:,.1f} kWh are to be given back"
    short = lacking > 0
    called = bool(np.any(import_limit_kw[short] != node.grid.import_limit_kw))
    calls = f"import_limit_csv ({_calls_file(node)}), of which the least value in a step of {step_h:g} h counts,"
    remedy = "Take shorter steps, raise node.grid.import_limit_csv" if called else "Raise node.grid.import_limit_kw"
    return (
        f"node[{node.id}]: the idle servers, the reserved inference load, other_it_kw and their overhead take more "
        f"than node.grid.{calls if called else 'import_limit_kw'} and renewables bring in {short.sum():d} of "
        f"{len(short)} steps, {lacking[short].sum() * step_h:,.0f} kWh in all, {lacking.max():,.1f} kW at most: its "
        f"battery of {its.energy_kwh:,.0f} kWh, which opens with {stock_kwh:,.0f} kWh, {fate}. {remedy} or "
        "node.battery.energy_kwh, add renewables, or reserve less inference."
    )


def _calls_file(node: NodeConfig) -> str:
    return Path(str(node.grid.import_limit_csv)).name


def supply_kw(node: NodeConfig, weather: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """PV and wind power of a node in its weather [kW], shape (time,) both; zeros where it has no such plant.

    Parameters
    ----------
    node
        The node.
    weather
        Hourly, dims (time,).

    Raises
    ------
    DataError, ConfigError
        Weather without what the plants need (snow asks for snow_depth, dust for precipitation or a cleaning interval);
        the text begins with the node, which the models do not know.
    """
    from models.solar import pv_power
    from models.wind import wind_power

    nothing = np.zeros(weather.sizes["time"])
    try:
        pv = pv_power(weather, node.pv_plant()).values if node.pv else nothing
        wind = wind_power(weather, node.wind_plant()).values if node.wind else nothing
    except GreenDCError as error:
        raise type(error)(f"node {node.id}: {error}") from error
    return pv, wind


def supply_problems(study: Study, weather: Mapping[str, xr.Dataset]) -> Iterator[str]:
    """Plants whose weather lacks what they need, a sentence a node: that with which `supply_kw` refuses a plan.

    ``weather``: node id -> some hours of its weather, from `weather.sources.examine.examine_weather`.
    """
    for node in study.nodes:
        if node.id in weather:
            try:
                supply_kw(node, weather[node.id])
            except GreenDCError as error:
                yield str(error)


def load_problems(study: Study) -> Iterator[str]:
    """Nodes that cannot run even without jobs, in no weather at all, and grid files nobody can read; one sentence each.

    The hours of a civil day are judged in the study's own steps. PV and wind count at their full rating, so a
    node that passes here may still lack power in the weather of a window.
    """
    yield from series_problems(study)
    types = study.gpu_table()
    together = max(1, round(study.planning.step_h))
    hours = np.arange(24).reshape(-1, together if 24 % together == 0 else 1)
    for node in study.nodes:
        base = base_it_kw(node, types, hours)
        rated_out = sum(plant.capacity_kw for plant in (node.pv, node.wind) if plant)
        _, factors = inlet_factors(node)
        need = base * factors.min()
        yield from filter(
            None,
            (
                beyond_rating(node, base),
                # IT power alone: overhead depends on the weather
                beyond_supply(node, need, np.full(len(need), rated_out), step_h=study.planning.step_h),
            ),
        )
