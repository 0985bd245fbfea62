"""The queue: jobs, where they come from, and their packing into clusters."""

from energy.workload.jobs import Job, check_jobs, read_jobs, refuse_unplanned, write_jobs
from energy.workload.packing import Packing, Pool, pack_gangs, packing_weights
from energy.workload.spec import JobsSpec, parse_jobs_spec
from energy.workload.synthetic import synthetic_jobs
from energy.workload.traces import TraceReport, read_philly

__all__ = [
    "Job",
    "JobsSpec",
    "Packing",
    "Pool",
    "TraceReport",
    "check_jobs",
    "pack_gangs",
    "packing_weights",
    "parse_jobs_spec",
    "read_jobs",
    "read_philly",
    "refuse_unplanned",
    "synthetic_jobs",
    "write_jobs",
]
