"""The queue: jobs, where they come from, and their packing into clusters."""

from energy.workload.jobs import Job, check_jobs, read_jobs, refuse_unplanned, write_jobs
from energy.workload.packing import Packing, Pool, pack_gangs, packing_weights
from energy.workload.synthetic import synthetic_jobs

__all__ = [
    "Job",
    "Packing",
    "Pool",
    "check_jobs",
    "pack_gangs",
    "packing_weights",
    "read_jobs",
    "refuse_unplanned",
    "synthetic_jobs",
    "write_jobs",
]
