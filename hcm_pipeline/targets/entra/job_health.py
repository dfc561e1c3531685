"""Whether the synchronization job processes what it is sent. One that does not still answers 202, and what it holds is purged
when it is restarted.

The job itself tells (GET, where the permission is there). A job whose agent is down calls itself active: that is found by the
log, see `delivery.with_silence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hcm_pipeline.delivery import Health, HealthState
from hcm_pipeline.errors import ServiceError, ServiceRefused, SignInFailed

if TYPE_CHECKING:
    from hcm_pipeline.entra import GraphClient  # at run time it loads httpx

QUARANTINE_REASONS = frozenset(
    {"EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold", "EncounteredEscrowProportionThreshold",
     "EncounteredQuarantineException", "Unknown", "QuarantinedOnDemand", "TooManyDeletes", "IngestionInterrupted"}
)  # fmt: skip
"""The documented ones (`quarantineReason`); nothing else is passed on."""
HASTE = 10.0
"""Seconds of patience when the job is asked: whoever asks can do without the answer."""
_MENDS = {
    HealthState.PAUSED: "start provisioning in the portal; what was accepted is worked off then",
    HealthState.QUARANTINE: "look at the job in the portal, mend what it names (a notification e-mail address is required), and"
    " restart it; after a restart wait 40 minutes, and what was queued is gone: it will be found missing and sent again",
    HealthState.NOT_STARTED: "configure the app and start provisioning in the portal",
    HealthState.SILENT: "look at the job and, for Active Directory, at the provisioning agent",
    HealthState.UNKNOWN: "grant Synchronization.Read.All to have the job watched",
}


NOT_READABLE = Health(HealthState.UNKNOWN, "the app may not read it")
"""The permission is missing: told once, and no fault."""


def read_job(client: GraphClient) -> Health:
    """Ask the service. Where it does not tell (no permission, no answer), the job is unknown, which stops nothing."""
    try:
        job = client.job_status(give_up_after=HASTE)
    except SignInFailed:
        raise
    except ServiceRefused as refused:
        return (
            NOT_READABLE
            if refused.status == 403
            else Health(HealthState.UNKNOWN, f"the service answered {refused.status}")
        )
    except ServiceError:
        return Health(HealthState.UNKNOWN, "the service gave no answer that can be read")
    code, schedule = job.code.lower(), job.schedule.lower()
    if code == "quarantine":
        reason = job.quarantine_reason
        return Health(HealthState.QUARANTINE, reason if reason in QUARANTINE_REASONS else None)
    if code == "paused" or schedule in ("paused", "disabled"):
        return Health(HealthState.PAUSED, None if code == "paused" else f"its schedule is {schedule}")
    if code == "notconfigured" or (code == "notrun" and schedule != "active"):
        return Health(HealthState.NOT_STARTED)  # a started job that has had no cycle yet is NotRun, too
    if code in ("active", "notrun"):
        return Health(HealthState.RUNNING)
    return Health(HealthState.UNKNOWN, "the service calls it something that the documentation does not know")


def describe_health(health: Health) -> str:
    """State, reason and mend, in one sentence."""
    reason = f" ({health.reason})" if health.reason else ""
    mend = f": {_MENDS[health.state]}" if health.state in _MENDS else ""
    return f"the synchronization job is {health.state}{reason}{mend}"
