"""What one plan hands to the next: running and ended jobs, battery stocks, setpoints, the month's peak.

The file ``state.json`` is written with every plan and read with ``--state``. Times are RFC 3339.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from energy.workload.job_json import job_from_record, job_to_record
from energy.workload.jobs import Job
from weather.conventions.errors import DataError

SCHEMA_VERSION = 1


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
        Naming the file and what in it is missing or wrong.
    """
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path}: the state file cannot be read ({error.strerror}). Give the state.json of a run."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({error}). Give the state.json a run wrote, unchanged.") from error
    if not isinstance(body, dict) or body.get("schema_version") != SCHEMA_VERSION:
        found = body.get("schema_version") if isinstance(body, dict) else type(body).__name__
        raise DataError(
            f"{path}: schema_version is {found!r}, this version reads {SCHEMA_VERSION}. Plan once without --state."
        )
    try:
        at = datetime.fromisoformat(body["at"])
        if at.tzinfo is None:
            raise ValueError(f"'at' is {body['at']!r}, a time with an offset is needed")
        running = tuple(
            RunningJob(job=job_from_record(r["job"]), node=str(r["node"]), cluster=str(r["cluster"]))
            for r in body["running"]
        )
        ended = tuple(body["ended"])
        if not isinstance(body["ended"], list) or not all(isinstance(job_id, str) for job_id in ended):
            raise ValueError("'ended' is not a list of job ids")
        nodes = {
            str(node): _node_state(str(node), held) for node, held in body["nodes"].items()
        }
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: the state is incomplete or malformed ({type(error).__name__}: {error}). "
            "Give the state.json a run wrote, unchanged, or plan without --state."
        ) from error
    for r in running:
        if r.job.state != "running":
            raise DataError(
                f"{path}: job {r.job.job_id} is listed as running, but its state is {r.job.state!r}. "
                "Give the state.json a run wrote, unchanged, or plan without --state."
            )
    return State(at=at, running=running, ended=ended, nodes=nodes)


def _node_state(node: str, held: Mapping) -> NodeState:
    """One node's entry; every figure finite, and none below 0 but a setpoint."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", held["month"]):
        raise ValueError(f"node {node}: month is {held['month']!r}, a month such as 2026-07 is needed")
    for name, value in held.items():
        if name == "month":
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (value < 0 and name != "setpoint_degc"):
            raise ValueError(f"node {node}: {name} is {value!r}, a finite number is needed, 0 or more unless degrees")
    return NodeState(**{name: value if name == "month" else float(value) for name, value in held.items()})


def check_state(state: State, *, clusters: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse a state of another fleet.

    Parameters
    ----------
    state
        What the last plan carried out.
    clusters
        Node id -> cluster id -> GPU type, of the fleet to plan.

    Raises
    ------
    DataError
        For a node the fleet lacks, or a running job in a cluster the node does not have or of another GPU type.
    """
    remedy = "Give the state of a plan of this study, or plan without --state."
    for node in (*state.nodes, *(r.node for r in state.running)):
        if node not in clusters:
            raise DataError(f"state: it has the node {node!r}; the study has {', '.join(clusters)}. {remedy}")
    for r in state.running:
        found = clusters[r.node].get(r.cluster)
        if found is None:
            have = ", ".join(clusters[r.node]) or "none"
            raise DataError(
                f"state: job {r.job.job_id} runs in cluster {r.cluster!r}; the clusters of {r.node} are {have}. "
                + remedy
            )
        if found != r.job.gpu_type:
            raise DataError(
                f"state: job {r.job.job_id} runs on {r.job.gpu_type} in cluster {r.cluster!r}, which has {found}. "
                + remedy
            )

