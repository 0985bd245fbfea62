"""What a check says, and how a check is made of numbers or of sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Check:
    """One law held against the plan.

    ``worst``: the largest breach found, in ``unit``; ``limit``: how much is rounding; ``where``: node, job
    and time of the worst (or how many breaches there are); ``law``: the law in one sentence.
    """

    name: str
    ok: bool
    worst: float
    limit: float
    where: str
    unit: str
    law: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one plan, and what the nonlinear plant says of it (``pue_plant`` beside ``pue``)."""

    checks: tuple[Check, ...]
    pue: float = math.nan
    pue_plant: float = math.nan

    @property
    def clean(self) -> bool:
        """Whether every law holds."""
        return all(check.ok for check in self.checks)

    def worst(self) -> Check:
        """The check nearest to, or furthest beyond, its limit."""
        return max(self.checks, key=lambda check: (not check.ok, _over(check)))

    def as_dict(self) -> dict:
        """For ``summary.json``: numbers that are not finite become None."""
        return {
            "clean": self.clean,
            "pue": _finite(self.pue),
            "pue_plant": _finite(self.pue_plant),
            "checks": [
                {
                    "name": check.name,
                    "ok": check.ok,
                    "worst": _finite(check.worst),
                    "limit": check.limit,
                    "unit": check.unit,
                    "where": check.where,
                    "law": check.law,
                }
                for check in self.checks
            ],
        }


def numbers(name: str, breach: np.ndarray, *, limit: float, unit: str, law: str, at: Callable[[tuple], str]) -> Check:
    """A check of an array of breaches; NaN counts as an endless breach.

    Parameters
    ----------
    name, unit, law
        See :class:`Check`.
    breach
        By how much the law is broken, any shape; 0 or less is kept.
    limit
        What is put down to rounding.
    at
        Names an index of ``breach``.
    """
    breach = np.asarray(breach, dtype=float)
    if breach.size == 0:
        return Check(name, True, 0.0, limit, "", unit, law)
    breach = np.where(np.isnan(breach), np.inf, breach)
    place = np.unravel_index(int(np.argmax(breach)), breach.shape)
    worst = max(0.0, float(breach[place]))
    broken = int(np.sum(breach > limit))
    where = at(tuple(int(i) for i in place)) if worst > 0 else ""
    if broken > 1:
        where += f" (and {broken - 1} more)"
    return Check(name, broken == 0, worst, limit, where, unit, law)


def sentences(name: str, faults: Sequence[str], *, unit: str, law: str) -> Check:
    """A check that is kept when there is nothing to say; ``worst`` counts the faults."""
    where = "; ".join(faults[:3]) + (f" (and {len(faults) - 3} more)" if len(faults) > 3 else "")
    return Check(name, not faults, float(len(faults)), 0.0, where, unit, law)


def _over(check: Check) -> float:
    return check.worst / check.limit if check.limit > 0 else check.worst


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
