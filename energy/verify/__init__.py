"""The independent check of a plan: every law again, from study, weather, jobs and state alone.

Shares no code with the planner: it imports the study, the jobs, the state, the models and the weather,
and nothing that made the plan.
"""

from energy.verify.result import Check, Verification
from energy.verify.whole import verify_plan

__all__ = ["verify_plan", "Verification", "Check"]
