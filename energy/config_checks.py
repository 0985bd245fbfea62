"""What one table of the study demands of another: references, duplicates, capacities, the clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING

from energy.config_grid import least_call_kw, network_of
from weather import kinds
from weather.conventions.errors import GreenDCError

if TYPE_CHECKING:
    from energy.config import Study
    from energy.config_nodes import NodeConfig


# what is outside is a slip of the unit: of kW and MW, a thousand apart
_LEAST_OF_HALL = 0.005  # of the hall's rating: PV or wind
_MOST_OVER_LIMIT = 100.0  # times the connection: every call of a file
_MOST_HEAT_OVER_IT = 20.0  # times the hall's rating: its cooling


def closest(word: str, choices: Iterable[str]) -> str:
    """' (did you mean "x"?)' for the nearest choice, or nothing."""
    near = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


def study_problems(study: Study) -> list[str]:
    """Every contradiction between tables, each with its dotted key; empty when there is none."""
    return [
        *_duplicates(study),
        *_planning(study),
        *_tariffs(study),
        *_weather(study),
        *(problem for node in study.nodes for problem in _node(node, study)),
    ]


def study_warnings(study: Study, step_h: float) -> list[str]:
    """What a plan in steps of that length [h] will be unable to do though the study seems to offer it, and figures that
    look like a slip of the unit.

    Setpoints move by at most `setpoint_rate_k_per_h` within any hour, and within one step where it is longer.
    """
    span_h = max(step_h, 1.0)
    most_k = study.planning.setpoint_rate_k_per_h * span_h
    found = []
    for node in study.nodes:
        pairs = list(pairwise(node.cooling.setpoints_degc))
        wide = [(low, high) for low, high in pairs if high - low > most_k + 1e-9]
        if not wide:
            continue
        widest = max(high - low for low, high in wide)
        gaps = ", ".join(f"{low:g} to {high:g}" for low, high in wide)
        fate = "can never move" if len(wide) == len(pairs) else f"can never move from {gaps} degC or back"
        found.append(
            f"node {node.id}: its setpoints lie up to {widest:g} K apart, but {span_h:g} h allow a move of "
            f"{most_k:g} K: it {fate}. Use setpoints at most {most_k:g} K apart in node.cooling.setpoints_degc, or "
            f"raise planning.setpoint_rate_k_per_h to {math.ceil(100 * widest / span_h - 1e-9) / 100:g}."
        )
    for node in study.nodes:
        found += [*_small_supply(node), *_calls_beyond(node)]
    return found


def _small_supply(node: NodeConfig) -> Iterator[str]:
    """PV or wind farms too small for the hall to notice, whose figure is as one would write it in MW."""
    hall_kw = node.electrical.rated_kw
    for table, plant in (("pv", node.pv), ("wind", node.wind)):
        if plant is not None and plant.capacity_kw < _LEAST_OF_HALL * hall_kw:
            yield (
                f"node {node.id}: node.{table}.capacity_kw = {plant.capacity_kw:g} kW is "
                f"{plant.capacity_kw / hall_kw:.2g} of the hall's {hall_kw:,.0f} kW. In MW? Give kW."
            )


def _calls_beyond(node: NodeConfig) -> Iterator[str]:
    """Calls that never bind, because the least of them lies above the connection's own limit."""
    if node.grid.import_limit_csv is None:
        return
    try:
        least_kw = least_call_kw(node.grid)
    except GreenDCError:
        return  # told as a problem, not as a warning
    if least_kw > _MOST_OVER_LIMIT * node.grid.import_limit_kw:
        yield (
            f"node {node.id}: node.grid.import_limit_csv never goes below {least_kw:,.0f} kW, far beyond the "
            f"connection's import_limit_kw = {node.grid.import_limit_kw:,.0f}, so it limits nothing. In kW though the "
            "column says MW? Name the column by its unit."
        )


def _duplicates(study: Study) -> Iterator[str]:
    groups = {
        "node": [node.id for node in study.nodes],
        "tariff": [tariff.id for tariff in study.tariffs],
        "gpu_type": [entry.gpu_type for entry in study.gpu_types],
    }
    for table, ids in groups.items():
        for name, times in Counter(ids).items():
            if times > 1:
                key = "gpu_type" if table == "gpu_type" else "id"
                yield f'{table}[{name}].{key}: "{name}" is given {times} times; each must be unique'


def _whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-9


def _planning(study: Study) -> Iterator[str]:
    plan = study.planning
    if not _whole(24 / plan.step_h):
        yield (
            f"planning.step_h: {plan.step_h:g} does not divide 24 h, so tariff hours would be cut; "
            "use 1, 0.5, 0.25, 2, ..."
        )
    if not _whole(plan.horizon_h / plan.step_h):
        yield (f"planning.horizon_h: {plan.horizon_h:g} is not a multiple of planning.step_h = {plan.step_h:g}")


def _tariffs(study: Study) -> Iterator[str]:
    from models.grid import check_tariff

    for entry in study.tariffs:
        try:
            check_tariff(entry.model())
        except GreenDCError as error:
            yield f"tariff[{entry.id}].period: {error}"


def _weather(study: Study) -> Iterator[str]:
    ids = [node.id for node in study.nodes]
    specs = {f"weather.specs.{name}": spec for name, spec in study.weather.specs.items()}
    for key, spec in {"weather.default": study.weather.default, **specs}.items():
        if kinds.parse_spec(spec) is None:
            yield f'{key}: "{spec}" is no weather source; allowed: {", ".join(kinds.forms())}'
    for name in study.weather.specs:
        if name not in ids:
            yield f'weather.specs.{name}: no node "{name}"{closest(name, ids)}; nodes: {", ".join(ids)}'


def _node(node: NodeConfig, study: Study) -> Iterator[str]:
    where = f"node[{node.id}]"
    yield from _grid(node, study, where)
    types = list(study.gpu_table())
    for table, entries in (("cluster", node.clusters), ("inference", node.inference)):
        for index, entry in enumerate(entries):
            if entry.gpu_type not in types:
                yield (
                    f'{where}.{table}[{index}].gpu_type: unknown GPU type "{entry.gpu_type}"'
                    f"{closest(entry.gpu_type, types)}; allowed: {', '.join(types)}, or add a [[gpu_type]]"
                )
    for pool_id, times in Counter(pool.pool_id for pool in node.pools()).items():
        if times > 1:
            yield f"{where}.cluster: pool {pool_id} is given {times} times; add up `count` in one entry"
    yield from _inference(node, where)
    yield from _plants(node, where)
    heat_kw, rated_kw = node.cooling.rated_heat_kw, node.electrical.rated_kw
    if heat_kw > _MOST_HEAT_OVER_IT * rated_kw:
        yield (
            f"{where}.cooling.rated_heat_kw: {heat_kw:,.9g} is {heat_kw / rated_kw:,.0f} times electrical.rated_kw = "
            f"{rated_kw:,.9g}; allowed: at most {_MOST_HEAT_OVER_IT:g} times; is the unit right?"
        )


def _grid(node: NodeConfig, study: Study, where: str) -> Iterator[str]:
    from models.grid import builtin_tariff_ids

    tariffs = [*(tariff.id for tariff in study.tariffs), *builtin_tariff_ids()]
    if node.grid.tariff is not None and node.grid.tariff not in tariffs:
        yield (
            f'{where}.grid.tariff: no tariff "{node.grid.tariff}"{closest(node.grid.tariff, tariffs)}; '
            f"allowed: {', '.join(tariffs)}"
        )
    if node.grid.network is not None:
        try:
            network_of(node.grid)
        except GreenDCError as error:
            yield f"{where}.grid.network: {error}"


def _inference(node: NodeConfig, where: str) -> Iterator[str]:
    pools = {pool.pool_id: pool for pool in node.pools()}
    seen: Counter[str] = Counter()
    for index, entry in enumerate(node.inference):
        key = f"{where}.inference[{index}]"
        try:
            pool = pools[node.inference_pool(entry)]
        except ValueError as error:
            yield f"{key}: {error}"
            continue
        seen[pool.pool_id] += 1
        if seen[pool.pool_id] > 1:
            yield f"{key}: pool {pool.pool_id} has an earlier inference entry; add the hours up in one"
        installed = pool.cluster_gpus * pool.count
        hour, most = max(enumerate(entry.gpus_by_hour), key=lambda item: item[1])
        if most > installed:
            yield (f"{key}.gpus_by_hour: {most} GPUs at hour {hour}, but {pool.pool_id} has only {installed}")
        if not pool.free and any(gpus % pool.cluster_gpus for gpus in entry.gpus_by_hour):
            yield (
                f"{key}.gpus_by_hour: must be multiples of {pool.cluster_gpus}, because serving takes whole "
                f"clusters of pool {pool.pool_id}; or declare the cluster `free = true`"
            )


def _plants(node: NodeConfig, where: str) -> Iterator[str]:
    # the models state their own limits; asking them here puts the study's key into the message
    builders = {
        "site": node.node,
        "pv": node.pv_plant,
        "wind": node.wind_plant,
        "battery": node.battery_model,
        "cooling": node.cooling.plant,
        "electrical": node.electrical_plant,
        "grid": node.grid_connection,
    }
    for table, build in builders.items():
        try:
            build()
        except GreenDCError as error:
            yield f"{where}.{table}: {error}"
