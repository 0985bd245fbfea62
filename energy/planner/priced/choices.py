"""What each job may choose: ways to run, each with a range of starts.

A choice is one way to run a job on one pool: its GPUs, power and length. With a start it is a placement. The
rigid gang has one choice per pool; a job with several widths or power caps has one per pool and way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr


class Choices(NamedTuple):
    """All choices of all jobs, job by job, the choices of one node together.

    Arrays over choices: ``pool, node``: indices of the inputs; ``gpus`` [GPUs]; ``add_kw``: IT power over idle
    [kW]; ``slots``: length; ``first, last``: earliest and latest start; ``past_cny``: weight of a slot the run lies
    past the window's end, beyond the fewest any choice of the job leaves. ``begin``: choices of job j are
    ``begin[j]:begin[j + 1]``. ``left_out_cny``: weight of leaving a job out, over jobs. A plain tuple, since the
    compiled loops take it as it is.
    """

    pool: np.ndarray
    node: np.ndarray
    gpus: np.ndarray
    add_kw: np.ndarray
    slots: np.ndarray
    first: np.ndarray
    last: np.ndarray
    past_cny: np.ndarray
    begin: np.ndarray
    left_out_cny: np.ndarray

    @property
    def jobs(self) -> int:
        return len(self.begin) - 1


def choices_of(inputs: xr.Dataset, *, undone_cny_per_gpu_h: float) -> Choices:
    """The choices of a window's jobs (see :mod:`energy.inputs` for the fields).

    Parameters
    ----------
    inputs
        The planner's Dataset.
    undone_cny_per_gpu_h
        Weight of a GPU-hour left undone [CNY].
    """
    slots, step_h = inputs.sizes["time"], float(inputs.attrs["step_h"])
    first = np.maximum(inputs["job_release"].values, 0)
    last = np.minimum(inputs["job_last_start"].values, slots - 1)
    allowed = inputs["job_pool_ok"].values & (last >= first)[:, None]
    job, pool = np.nonzero(allowed)
    length, gpus = inputs["job_slots"].values, inputs["job_gpus"].values
    could = np.maximum(np.minimum(length, slots - first), 1)
    return Choices(
        pool=pool.astype(np.int64),
        node=inputs["pool_node"].values[pool].astype(np.int64),
        gpus=gpus[job].astype(np.int64),
        add_kw=inputs["job_add_kw"].values[job].astype(float),
        slots=length[job].astype(np.int64),
        first=first[job].astype(np.int64),
        last=last[job].astype(np.int64),
        past_cny=gpus[job] * step_h * undone_cny_per_gpu_h,
        begin=np.append(0, np.cumsum(allowed.sum(axis=1))).astype(np.int64),
        left_out_cny=gpus * could * step_h * undone_cny_per_gpu_h,
    )
