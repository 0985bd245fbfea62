"""Placements: the columns of the plan.

A placement of a job is (pool, first slot): where and when its gang runs. A job whose run reaches past
the window occupies its GPUs to the window's end; the rest of its work is carried out of the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr


@dataclass(frozen=True, slots=True)
class Placements:
    """All placements of all jobs, one entry per column.

    ``job, pool``: indices into the inputs; ``first, last``: slots [first, last) inside the window;
    ``left_gpu_h``: GPU-hours this placement leaves undone at the window's end beyond the fewest any
    placement of the job leaves (0 for the earliest start, and for every start that ends in the window).
    """

    job: np.ndarray
    pool: np.ndarray
    first: np.ndarray
    last: np.ndarray
    left_gpu_h: np.ndarray

    def __len__(self) -> int:
        return len(self.job)

    def columns_of(self) -> list[np.ndarray]:
        """Column numbers of each job that has any, in job order (index = job number)."""
        count = int(self.job.max(initial=-1)) + 1
        order = np.argsort(self.job, kind="stable")
        return np.split(order, np.searchsorted(self.job[order], np.arange(1, count)))


def all_placements(inputs: xr.Dataset) -> Placements:
    """Every placement of every job: each allowed pool times each allowed start.

    Parameters
    ----------
    inputs
        The planner's Dataset (see :mod:`energy.inputs`): ``job_release``, ``job_last_start`` and
        ``job_slots`` [slots], ``job_gpus``, ``job_pool_ok`` (job, pool).
    """
    slots = inputs.sizes["time"]
    step_h = float(inputs.attrs["step_h"])
    parts: list[tuple[np.ndarray, ...]] = []
    pool_ok = inputs["job_pool_ok"].values
    columns = zip(
        inputs["job_release"].values,
        inputs["job_last_start"].values,
        inputs["job_slots"].values,
        inputs["job_gpus"].values,
        strict=True,
    )
    for job, (release, last_start, length, gpus) in enumerate(columns):
        starts = np.arange(max(int(release), 0), min(int(last_start), slots - 1) + 1)
        pools = np.flatnonzero(pool_ok[job])
        if not len(starts) or not len(pools):
            continue
        last = np.minimum(starts + int(length), slots)
        left = ((last - starts).max() - (last - starts)) * float(gpus) * step_h
        grid = np.repeat(pools, len(starts)), np.tile(starts, len(pools))
        repeated = np.tile(last, len(pools)), np.tile(left, len(pools))
        parts.append((np.full(len(grid[0]), job), grid[0], grid[1], *repeated))
    if not parts:
        empty = np.zeros(0, dtype=int)
        return Placements(empty, empty, empty, empty, np.zeros(0))
    job, pool, first, last, left = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Placements(job, pool, first, last, left)
