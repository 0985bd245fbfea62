"""A study to edit, and a study in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date
from pathlib import Path

from energy.config import Study, load_study, west_toml
from energy.config_nodes import NodeConfig
from energy.inputs import reserved_gpus, study_pools
from energy.workload.jobs import write_jobs
from energy.workload.synthetic import synthetic_jobs
from weather.conventions.errors import OutputError
from weather.conventions.timeaxis import time_axis

STARTER_DATE = date(2026, 7, 15)
STARTER_HOURS = 48.0
STARTER_JOBS = 60


def write_starter(folder: Path) -> list[Path]:
    """Write ``study.toml`` (the embedded study) and ``jobs.csv`` (synthetic) into a folder.

    Raises
    ------
    OutputError
        Where a file of that name is there already, or the folder cannot be written.
    """
    study_file, jobs_file = folder / "study.toml", folder / "jobs.csv"
    for path in (study_file, jobs_file):
        if path.exists():
            raise OutputError(f"{path}: is there already and was left alone. Give another folder, or move it away.")
    study = load_study(None)
    pools, time = study_pools(study), time_axis(STARTER_DATE, horizon_h=STARTER_HOURS)
    kept = reserved_gpus(study, pools, time, 1.0)
    jobs = synthetic_jobs(
        STARTER_JOBS,
        pools=pools,
        window_start=time[0].astype("datetime64[us]").item().replace(tzinfo=UTC),
        horizon_h=STARTER_HOURS,
        seed=1,
        reserved={pool.pool_id: kept[number] for number, pool in enumerate(pools)},
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_jobs(jobs, jobs_file)
        study_file.write_text(west_toml(), encoding="utf-8")
    except (OSError, OutputError) as error:
        for path in (study_file, jobs_file):  # neither was there before
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder}: cannot be written ({error.strerror}). Give a folder you may write to.") from error
    return [study_file, jobs_file]


def describe_study(study: Study) -> list[dict]:
    """One row a node: GPUs, PV, wind, battery, cooling, and where its prices are from, of which days."""
    gpus: dict[str, int] = {}
    for pool in study_pools(study):
        gpus[pool.node] = gpus.get(pool.node, 0) + pool.gpus
    return [
        {
            "node": node.id,
            "name": f"{node.site.name_en} {node.site.name_zh}",
            "GPUs": gpus.get(node.id, 0),
            "PV kW": node.pv.capacity_kw if node.pv else 0.0,
            "wind kW": node.wind.capacity_kw if node.wind else 0.0,
            "battery kWh": node.battery.energy_kwh if node.battery else 0.0,
            "cooling": node.cooling.kind,
            "prices": _prices(study, node),
        }
        for node in study.nodes
    ]


def _prices(study: Study, node: NodeConfig) -> str:
    from models.grid import validity

    if node.grid.tariff is None:
        return f"{node.grid.priced_by} (by slot)"
    return f"{node.grid.tariff} ({validity(study.tariff(node.grid.tariff))})"
