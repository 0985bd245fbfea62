"""A published run read back, and replayed in its own or another weather."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import xarray as xr

from energy.audit import audit, shortfall_warnings
from energy.config import Study, study_hash
from energy.simulate_checks import refuse_unfit
from energy.steps import pieces_of
from energy.weather_window import opened_weather, whole_hours
from weather.conventions.errors import DataError

_FILES = ("plan.nc", "summary.json")
_NEEDED = ("title", "window", "inputs", "seed")  # of summary.json
_MOST_BYTES = 1 << 29  # a fortnight of quarter hours at 50 nodes is a hundredth of it
_OTHER_STUDY = (
    "The study {!r} is not, or not any more, the one the run was planned with: plants and connections are those of "
    "the study given."
)
_REMEDY = "Give the folder of a run, such as runs/latest, unchanged."


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back: its folder, ``plan.nc`` and ``summary.json``."""

    folder: Path
    plan: xr.Dataset
    summary: dict

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return float(self.plan.attrs["step_h"])

    @property
    def specs(self) -> dict[str, str]:
        """Weather source of every node the plan was made with."""
        return dict(self.summary["inputs"]["weather"])


@dataclass(frozen=True, slots=True)
class Replay:
    """What a run makes of a weather: the audit (`energy.audit.audit`), the sources, and what must be said."""

    audit: dict
    specs: dict[str, str]
    seed: int
    warnings: tuple[str, ...]


def read_run(folder: Path) -> Run:
    """A run as it was published.

    Parameters
    ----------
    folder
        The run's folder, or the link to it.

    Raises
    ------
    DataError
        Where it is no run, a file is missing, larger than any run's, or not the one that was published.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise DataError(f"{folder}: {what}; a run is a folder. {_REMEDY}")
    manifest = _json(folder / "manifest.json", _bytes(folder / "manifest.json"))
    sums = manifest.get("sha256")
    files = {}
    for name in _FILES:
        content = _bytes(folder / name)
        found = hashlib.sha256(content).hexdigest()
        if not isinstance(sums, dict) or sums.get(name) != found:
            raise DataError(
                f"{folder / name}: its sha256 is {found[:12]}..., not what manifest.json says; the file was changed or "
                f"damaged after it was published. {_REMEDY}"
            )
        files[name] = content
    summary = _json(folder / "summary.json", files["summary.json"])
    lacking = [key for key in _NEEDED if key not in summary]
    if lacking:
        raise DataError(f"{folder / 'summary.json'}: it has no {', '.join(lacking)}. {_REMEDY}")
    try:
        with xr.open_dataset(io.BytesIO(files["plan.nc"]), engine="h5netcdf", decode_timedelta=False) as data:
            return Run(folder, data.load(), summary)
    except (OSError, ValueError, KeyError) as error:  # a folder made by hand: the hash only says that it is unchanged
        raise DataError(f"{folder / 'plan.nc'}: cannot be read as NetCDF ({str(error)[:120]}). {_REMEDY}") from error


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise DataError(f"{path}: {size:,} bytes, more than any run's ({_MOST_BYTES:,}). {_REMEDY}")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}). {_REMEDY}") from error


def _json(path: Path, content: bytes) -> dict:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise DataError(f"{path}: it is not JSON ({error}). {_REMEDY}") from error
    if not isinstance(body, dict):
        raise DataError(f"{path}: it holds a {type(body).__name__}, not an object. {_REMEDY}")
    return body


def replay(run: Run, study: Study, *, specs: Mapping[str, str], seed: int | None = None) -> Replay:
    """Replay a run by the nonlinear plants of a study in a weather.

    Parameters
    ----------
    run
        From :func:`read_run`.
    study
        Gives plants, batteries and connections: the plan's own, or one with the same nodes.
    specs
        Sources of the nodes whose weather is not the run's own.
    seed
        Of made weather; the run's own where None.

    Raises
    ------
    DataError, ConfigError, SourceUnavailable
        Weather that cannot be used or does not cover the plan; a study without the plan's nodes.
    """
    missing = [node.id for node in study.nodes if node.id not in run.specs]
    if missing or len(study.nodes) != len(run.specs):
        raise DataError(
            f"{run.folder}: it plans the nodes {', '.join(run.specs)}, the study {study.name!r} has "
            f"{', '.join(node.id for node in study.nodes)}. Give the run's own study with --study."
        )
    used, seed = run.specs | dict(specs), int(run.summary["seed"]) if seed is None else seed
    start = datetime.fromisoformat(run.summary["window"]["start"]).replace(tzinfo=None)
    hours = whole_hours(start, run.step_h * run.plan.sizes["time"])
    weather, seen = opened_weather(study, used, hours, seed)
    refuse_unfit(run.plan, study, weather, run.step_h)
    same_study = study_hash(study) == run.summary["inputs"]["study_sha256"]
    same_weather = used == run.specs and seed == int(run.summary["seed"]) and _as_warm(run, study, weather)
    another = " and ".join(name for name, same in (("weather", same_weather), ("study", same_study)) if not same)
    made = audit(run.plan, study=study, weather=weather, step_h=run.step_h, another=another)
    other = [] if same_study else [_OTHER_STUDY.format(study.name)]
    return Replay(made, used, seed, (*other, *seen, *shortfall_warnings(made)))


def _as_warm(run: Run, study: Study, weather: xr.Dataset) -> bool:
    """Whether the air is as warm as in the plan: a forecast of the same source is another one tomorrow."""
    if "temp_air_degc" not in run.plan:
        return True
    step, hour, share = pieces_of(run.plan["time"].values, run.step_h, weather["time"].values)
    for node in study.nodes:
        hourly = weather["temp_air"].sel(node=node.id).values
        degc = np.bincount(step, weights=share * hourly[hour])
        if not np.allclose(degc, run.plan["temp_air_degc"].sel(node=node.id).values, rtol=0.0, atol=1e-6):
            return False
    return True


def node_rows(made: dict, plan: xr.Dataset) -> list[dict]:
    """A row a node: PUE and renewable share as planned and as replayed."""
    rows = []
    for node, found in made["nodes"].items():
        data = plan.sel(node=node)
        facility = float(data["facility_kw"].sum())
        green = float((data["renewable_direct_kw"] + data["discharge_green_kw"]).sum())
        rows.append(
            {
                "node": node,
                "PUE planned": f"{facility / float(data['it_kw'].sum()):.4f}",
                "replayed": f"{found['pue']:.4f}",
                "renewable share planned": f"{green / facility:.4f}",
                "replayed ": f"{found['renewable_share']:.4f}",
            }
        )
    return rows
