"""What one plan hands to the next: running and ended jobs, battery stocks, setpoints, the month's peak.

The file ``state.json`` is written with every plan and read with ``--state``. Times are RFC 3339.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from energy.workload.cells import parse_time
from energy.workload.checks import check_running
from energy.workload.job_json import job_from_record, job_to_record
from energy.workload.jobs import Job
from energy.workload.record import CIVIL, civil_time, shown
from weather.conventions.errors import DataError

T = TypeVar("T")

SCHEMA_VERSION = 1
LONGEST_STEP = timedelta(hours=4)  # of energy.requests.STEPS_MIN
_KEYS = ("schema_version", "at", "running", "ended", "nodes")
_SAME_K = 1e-6  # setpoints nearer than this are one
_MOST_NAMED = 10
_UNCHANGED = "Give the state.json a run wrote, unchanged, or plan without --state."
_OF_THIS_STUDY = "Give the state of a plan of this study, unchanged, or plan without --state."


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job in progress with the cluster it runs on; ``job.remaining_h`` is what it has left [h]."""

    job: Job
    node: str
    cluster: str


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node at the window's end: stocks [kWh], setpoint [degC] and for how long it has been held [h],
    the highest import of the civil month so far [kW], and that month (2026-07)."""

    stock_green_kwh: float
    stock_grey_kwh: float
    setpoint_degc: float
    setpoint_held_h: float
    month_peak_kw: float
    month: str


@dataclass(frozen=True, slots=True)
class State:
    """The fleet at one moment; ``ended``: ids of jobs that have run to their end, which no later window runs again."""

    at: datetime
    running: tuple[RunningJob, ...]
    nodes: dict[str, NodeState]
    ended: tuple[str, ...] = ()


def state_to_json(state: State) -> str:
    """The state as text, the same for the same state."""
    body = {
        "schema_version": SCHEMA_VERSION,
        "at": state.at.isoformat(),
        "running": [
            {"node": r.node, "cluster": r.cluster, "job": job_to_record(r.job)} for r in state.running
        ],
        "ended": list(state.ended),
        "nodes": {node: asdict(held) for node, held in sorted(state.nodes.items())},
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def read_state(path: Path) -> State:
    """Read a state file.

    Raises
    ------
    DataError
        Naming the file and what in it is missing, unknown or wrong.
    """
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_each_key_once)
    except OSError as error:
        raise DataError(
            f"{path}: the state file cannot be read ({error.strerror}). Give the state.json of a run."
        ) from error
    except DataError as error:
        raise DataError(f"{path}: {error}. {_UNCHANGED}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({error}). Give the state.json a run wrote, unchanged.") from error
    if not isinstance(body, dict):
        raise DataError(f"{path}: it holds {_json_kind(body)}, not a JSON object. {_UNCHANGED}")
    if body.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{path}: schema_version is {body.get('schema_version')!r}, this version reads {SCHEMA_VERSION}. "
            "Plan once without --state."
        )
    try:
        _check_keys(body, "the state", _KEYS)
        state = State(
            at=_moment(body["at"]),
            running=tuple(
                _running_job(entry, f"running[{number}]")
                for number, entry in enumerate(_of_kind(body["running"], "running", list))
            ),
            ended=tuple(_of_kind(entry, "an entry of ended", str) for entry in _of_kind(body["ended"], "ended", list)),
            nodes={node: _node_state(node, held) for node, held in _of_kind(body["nodes"], "nodes", dict).items()},
        )
    except DataError as error:
        raise DataError(f"{path}: {error}. {_UNCHANGED}") from error
    return state


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; JSON itself would take the last of two equal keys without a word."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise DataError(f"the key {shown(key)} stands twice in one object")
        found[key] = value
    return found


_KINDS = {dict: "a JSON object", list: "a JSON list", str: "text", bool: "true or false", type(None): "null"}


def _json_kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")


def _of_kind(value: object, where: str, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise DataError(f"{where} is {shown(value)}, {_KINDS[kind]} is needed")
    return value


def _check_keys(found: Mapping[str, object], where: str, known: Sequence[str]) -> None:
    lacking = [key for key in known if key not in found]
    unknown = [shown(key) for key in found if key not in known]
    if lacking:
        raise DataError(f"{where} lacks {', '.join(lacking)}; it needs {', '.join(known)}")
    if unknown:
        raise DataError(f"{where} has the unknown key {', '.join(unknown)}; known keys: {', '.join(known)}")


def _moment(value: object) -> datetime:
    try:
        return parse_time(_of_kind(value, "at", str))
    except ValueError as error:
        raise DataError(f"at is {shown(value)}: {error}") from error


def _running_job(entry: object, where: str) -> RunningJob:
    entry = _of_kind(entry, where, dict)
    _check_keys(entry, where, ("node", "cluster", "job"))
    job = job_from_record(entry["job"])
    if job.state != "running":
        raise DataError(f"job {job.job_id} is listed as running, but its state is {job.state!r}")
    node, cluster = (_of_kind(entry[key], f"{where}, {key},", str) for key in ("node", "cluster"))
    return RunningJob(job=job, node=node, cluster=cluster)


def _node_state(node: str, held: object) -> NodeState:
    """One node's entry; every figure finite, and none below 0 but a setpoint."""
    where = f"node {shown(node)}"
    held = _of_kind(held, where, dict)
    _check_keys(held, where, tuple(field.name for field in fields(NodeState)))
    month = _of_kind(held["month"], f"{where}: month", str)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month, re.ASCII):
        raise DataError(f"{where}: month is {shown(month)}, a month such as 2026-07 is needed")
    figures = {name: _figure(value, f"{where}: {name}", name) for name, value in held.items() if name != "month"}
    return NodeState(**figures, month=month)


def _figure(value: object, where: str, name: str) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):  # JSON knows whole numbers of any length
            number = float(value)
    if not math.isfinite(number) or (number < 0 and name != "setpoint_degc"):
        raise DataError(f"{where} is {shown(value)}, a finite number is needed, 0 or more unless degrees")
    return number


def check_state(
    state: State, *, clusters: Mapping[str, Mapping[str, tuple[str, int]]], setpoints: Mapping[str, Sequence[float]]
) -> list[str]:
    """Refuse a state that contradicts itself or is of another fleet.

    Parameters
    ----------
    state
        What the last plan carried out. Without any node and running job it is a cold start, of any fleet.
    clusters
        Node id -> cluster id -> (GPU type, GPUs), of the fleet to plan.
    setpoints
        Node id -> setpoints the node can hold [degC].

    Returns
    -------
    list of str
        What is left unused of the state, one sentence each.

    Raises
    ------
    DataError
        For a node the fleet lacks or the state does; a job listed twice; a month the state cannot be of; a
        running job that breaks a rule by itself, or in a cluster the node does not have, of another GPU type or
        with fewer GPUs than its jobs take together.
    """
    _check_nodes(state, clusters)
    _check_ids(state)
    _check_months(state)
    for r in state.running:
        _check_place(r, clusters[r.node])
    check_running([r.job for r in state.running], node_ids=tuple(clusters), at=state.at)
    _check_room(state.running, clusters)
    return [
        f"state: node {node} holds {held.setpoint_degc:g} degC, which its setpoints "
        f"{', '.join(f'{degc:g}' for degc in setpoints[node])} do not list; how long it has been held is forgotten"
        for node, held in state.nodes.items()
        if all(abs(degc - held.setpoint_degc) >= _SAME_K for degc in setpoints[node])
    ]


def _check_nodes(state: State, known: Collection[str]) -> None:
    for node in (*state.nodes, *(r.node for r in state.running)):
        if node not in known:
            raise DataError(f"state: it has the node {node!r}; the study has {', '.join(known)}. {_OF_THIS_STUDY}")
    lacking = [node for node in known if node not in state.nodes]
    if lacking and (state.nodes or state.running):
        raise DataError(
            f"state: it lacks {', '.join(lacking)} of the study's nodes {', '.join(known)}, and with that their "
            f"stocks, setpoints and peaks of the month. {_OF_THIS_STUDY}"
        )


def _check_ids(state: State) -> None:
    running = Counter(r.job.job_id for r in state.running)
    ended = Counter(state.ended)
    faults = {
        "runs more than once": [job_id for job_id, times in running.items() if times > 1],
        "ended more than once": [job_id for job_id, times in ended.items() if times > 1],
        "is in `running` and in `ended`": [job_id for job_id in running if job_id in ended],
    }
    for fault, job_ids in faults.items():
        if job_ids:
            raise DataError(f"state: job {shown(job_ids[0])} {fault}. {_OF_THIS_STUDY}")


def _check_months(state: State) -> None:
    """A state is of the month its last step began in, and no step is longer than :data:`LONGEST_STEP`."""
    ends = (state.at - timedelta(seconds=1), state.at - LONGEST_STEP)
    possible = tuple(dict.fromkeys(f"{time.astimezone(CIVIL):%Y-%m}" for time in ends))
    for node, held in state.nodes.items():
        if held.month not in possible:
            raise DataError(
                f"state: month_peak_kw of node {node} is of {held.month}, but a state of {civil_time(state.at)} is of "
                f"{' or '.join(possible)}; a peak of another month would be billed again. {_OF_THIS_STUDY}"
            )


def _check_place(r: RunningJob, clusters: Mapping[str, tuple[str, int]]) -> None:
    where = f"state: job {r.job.job_id}"
    if r.cluster not in clusters:
        have = ", ".join(clusters) or "none"
        raise DataError(
            f"{where} runs in cluster {r.cluster!r}; the clusters of {r.node} are {have}. {_OF_THIS_STUDY}"
        )
    gpu_type, _ = clusters[r.cluster]
    if gpu_type != r.job.gpu_type:
        raise DataError(
            f"{where} runs on {r.job.gpu_type} in cluster {r.cluster!r}, which has {gpu_type}. {_OF_THIS_STUDY}"
        )
    if r.job.nodes != (r.node,):
        raise DataError(
            f"{where} runs at {r.node}, but its own `nodes` say {', '.join(r.job.nodes)}. {_OF_THIS_STUDY}"
        )


def _check_room(running: Sequence[RunningJob], clusters: Mapping[str, Mapping[str, tuple[str, int]]]) -> None:
    """Whether the jobs of each cluster fit into it together: one of them would be lost otherwise."""
    jobs: dict[tuple[str, str], list[Job]] = {}
    for r in running:
        jobs.setdefault((r.node, r.cluster), []).append(r.job)
    for (node, cluster), here in jobs.items():
        asked, (gpu_type, has) = sum(job.gpus for job in here), clusters[node][cluster]
        if asked > has:
            named = ", ".join(f"{job.job_id} ({job.gpus})" for job in here[:_MOST_NAMED])
            more = f" and {len(here) - _MOST_NAMED} more" if len(here) > _MOST_NAMED else ""
            raise DataError(
                f"state: the jobs running in cluster {cluster!r} of node {node} take {asked} {gpu_type} GPUs together, "
                f"but it has {has}: {named}{more}. {_OF_THIS_STUDY}"
            )
