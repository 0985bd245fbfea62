"""What the options of a plan mean: weather per node, jobs from a file, a trace or a seed, the window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from energy.config import Study
from energy.day import DayRequest, window_axis
from energy.inputs import reserved_gpus, study_pools
from energy.workload.jobs import Job, read_jobs
from energy.workload.spec import parse_jobs_spec
from energy.workload.synthetic import synthetic_jobs
from energy.workload.traces import read_philly
from weather import kinds
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import civil_start

STEPS_MIN = (15, 30, 60, 120, 180, 240)
LEAST_H, MOST_H = 2, 14 * 24  # two stamps are the fewest that tell a weather file's step
FIRST_YEAR, LAST_YEAR = 1900, 2199  # well inside what 64-bit nanoseconds reach


def window(study: Study, *, horizon_h: float | None, step_min: int | None) -> tuple[float, float]:
    """Length of the window and of its steps [h], from the options or else the study.

    Raises
    ------
    ConfigError
        For a step outside :data:`STEPS_MIN` or a horizon that is not a whole number of steps and hours.
    """
    horizon = study.planning.horizon_h if horizon_h is None else horizon_h
    step_h = study.planning.step_h if step_min is None else step_min / 60
    if round(step_h * 60, 6) not in STEPS_MIN:
        if step_min is None:
            allowed = ", ".join(f"{minutes / 60:g}" for minutes in STEPS_MIN)
            raise ConfigError(
                f"planning.step_h: got {step_h:g} h ({step_h * 60:g} minutes), allowed {allowed} (hours); correct it "
                "in the study, or give --step in minutes."
            )
        raise ConfigError(
            f"--step: got {step_min:g} minutes, allowed {', '.join(map(str, STEPS_MIN))} (--step is in minutes)."
        )
    steps = horizon / step_h
    whole = math.isfinite(horizon) and horizon == round(horizon) and abs(steps - round(steps)) < 1e-9
    if not whole or not LEAST_H <= horizon <= MOST_H or steps < 2:
        key = "planning.horizon_h" if horizon_h is None else "--horizon"
        step_from = "planning.step_h" if step_min is None else "--step"
        raise ConfigError(
            f"{key}: got {horizon:g} h with steps of {step_h:g} h ({step_from}); allowed: whole hours "
            f"from {LEAST_H} to {MOST_H}, two or more whole steps."
        )
    return float(horizon), float(step_h)


def window_start(text: str, *, step_h: float) -> datetime:
    """The civil time the window opens at, naive, from ``YYYY-MM-DD`` or ``YYYY-MM-DDTHH:MM``.

    Raises
    ------
    ConfigError
        When it cannot be read, lies outside :data:`FIRST_YEAR` to :data:`LAST_YEAR` (time stamps would wrap
        around), or is not on a full hour or, with shorter steps, a whole step.
    """
    try:
        start = civil_start(text)
    except DataError as error:
        raise ConfigError(f"--date: {error}") from error
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ConfigError(f"--date: got {text}, allowed are the years {FIRST_YEAR} to {LAST_YEAR}.")
    part_h = min(step_h, 1.0)
    parts = (start.minute * 60 + start.second + start.microsecond / 1e6) / (3600 * part_h)
    if abs(parts - round(parts)) > 1e-9:
        raise ConfigError(
            f"--date: got {text}; a window opens on a full hour or, with steps shorter than that, on a whole step "
            f"({60 * part_h:g} minutes here)."
        )
    return start


def weather_specs(study: Study, options: Sequence[str]) -> dict[str, str]:
    """Weather source of every node: the study's [weather] table, overridden by NODE=SOURCE options."""
    nodes = [node.id for node in study.nodes]
    specs = {node: study.weather.specs.get(node, study.weather.default) for node in nodes}
    for option in options:
        node, equals, source = option.partition("=")
        if not equals or not source:
            raise ConfigError(
                f"--weather: got {option!r}, expected NODE=SOURCE such as {nodes[0]}={kinds.DEFAULT_SPEC}; "
                f"allowed sources: {', '.join(kinds.forms())}."
            )
        if node not in nodes:
            raise ConfigError(f"--weather: {node!r} is not a node of the study; its nodes are {', '.join(nodes)}.")
        specs[node] = source
    return specs


def with_repair(study: Study) -> Study:
    """The study with its weather files mended, by month where it says so already."""
    return study.model_copy(
        update={"weather": study.weather.model_copy(update={"repair": study.weather.repair or True})}
    )


def load_jobs(spec: str, study: Study, request: DayRequest) -> tuple[tuple[Job, ...], list[str]]:
    """Jobs of a CSV, a public trace or a seeded mix, with the sentences the output must carry about them."""
    asked = parse_jobs_spec(spec)
    time = window_axis(request)
    opens = time[0].astype("datetime64[us]").item().replace(tzinfo=UTC)
    pools = study_pools(study)
    if asked.kind == "csv":
        jobs = read_jobs(asked.path)
        return jobs, [f"Jobs: {len(jobs)} read from {asked.path.name}."]
    reserved = reserved_gpus(study, pools, time, request.step_h)
    by_pool = {pool.pool_id: reserved[p] for p, pool in enumerate(pools)}
    if asked.kind == "synthetic":
        jobs = synthetic_jobs(
            asked.count,
            pools=pools,
            window_start=opens,
            horizon_h=request.horizon_h,
            seed=request.seed,
            reserved=by_pool,
        )
        laws = "their laws are assumptions (energy/workload/synthetic.py)"
        return jobs, [f"Jobs: {len(jobs)} synthetic jobs, seed {request.seed}; {laws}."]
    jobs, report = read_philly(
        asked.path, window_start=opens, pools=pools, reserved=by_pool, seed=request.seed, **asked.options
    )
    free_gpu_h = float(sum(pool.gpus * len(time) - r.sum() for pool, r in zip(pools, reserved, strict=True)))
    free_gpu_h *= request.step_h
    inside = sum(
        job.gpus * max(0.0, min(job.duration_h, request.horizon_h - (job.release - opens).total_seconds() / 3600))
        for job in jobs
    )
    share = f"Inside the window they ask for {inside:,.0f} GPU-hours"
    part = f", {inside / free_gpu_h:.0%} of what inference leaves free." if free_gpu_h else "; inference leaves none."
    return jobs, [*report.assumptions, share + part]
