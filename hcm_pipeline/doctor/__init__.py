"""The doctor: checks that look at one installation and its services, say what they found, what it means, and the mend.

It never writes: nothing in the home, and nothing at a service but the sign-in.
"""

from typing import TYPE_CHECKING, Any

from hcm_pipeline.doctor.dagster_state import DagsterState, Heartbeat, NoInstance
from hcm_pipeline.doctor.finding import Check, Finding, NotLookedAt, Outcome

if TYPE_CHECKING:
    from hcm_pipeline.doctor.all_checks import CHECKS, CHECKS_OF_A_TARGET
    from hcm_pipeline.doctor.examination import examine, worst
    from hcm_pipeline.doctor.examined import Examined, Means
    from hcm_pipeline.doctor.job_checks import TEMPLATES
    from hcm_pipeline.doctor.sign_in_checks import NEEDED, Needed

__all__ = [
    "CHECKS",
    "CHECKS_OF_A_TARGET",
    "NEEDED",
    "TEMPLATES",
    "Check",
    "DagsterState",
    "Examined",
    "Finding",
    "Heartbeat",
    "Means",
    "Needed",
    "NoInstance",
    "NotLookedAt",
    "Outcome",
    "examine",
    "worst",
]


def __getattr__(name: str) -> Any:
    """The checks, loaded when asked for: they bring DuckDB and an HTTP client."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hcm_pipeline.doctor import all_checks, examination, examined, job_checks, sign_in_checks

    parts = (all_checks, examination, examined, job_checks, sign_in_checks)
    return next(getattr(part, name) for part in parts if hasattr(part, name))
