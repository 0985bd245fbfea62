"""The errors greendc raises on purpose. Everything else is a bug.

Each message says what is wrong, where, what was found, what is allowed and what to do. The command
line maps each class to one exit code; nothing else decides exit codes.
"""


class GreenDCError(Exception):
    """Base of every error a user can cause or act on."""

    exit_code = 1


class DataError(GreenDCError):
    """Input data (weather, jobs, state) cannot be used as given."""

    exit_code = 3


class ConfigError(GreenDCError):
    """The study file or an option is wrong."""

    exit_code = 3


class InfeasiblePlan(GreenDCError):
    """A hard target or limit cannot be met; nothing was published."""

    exit_code = 4


class SourceUnavailable(GreenDCError):
    """A data source is stale, missing or does not answer."""

    exit_code = 7


class OutputError(GreenDCError):
    """The output folder cannot be written."""

    exit_code = 8


class SolverFailed(GreenDCError):
    """The solver is missing, crashed, or ended without a usable answer."""

    exit_code = 9


class RunLocked(GreenDCError):
    """Another run holds the lock of the output folder."""

    exit_code = 75
