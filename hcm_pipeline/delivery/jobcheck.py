"""Whether the synchronization job works off what it is sent."""

from __future__ import annotations

from hcm_pipeline.entra.client import JobStatus

QUARANTINED = "Quarantine"
NOT_STARTED = ("NotConfigured", "NotRun")
STOPPED = ("Paused", "Disabled")


def refuse_unless_running(job: JobStatus) -> str | None:
    """Why nothing should be uploaded to a job in this state, and what to do; None: it runs.

    A job that does not run still answers 202 and queues, and a restart of it throws the queue away (entra-docs,
    `inbound-provisioning-api-faqs.md`). A started job that has had no cycle yet shows NotRun with an active schedule. A
    state without a name is no reason to stop.
    """
    if job.code == QUARANTINED:
        why = f" ({job.quarantine_reason})" if job.quarantine_reason else ""
        return f"the job is in quarantine{why}: mend the cause and restart the job in the portal, then upload again"
    if job.code == "Paused" or job.schedule in STOPPED:
        return "the job is paused: it would queue what it is sent and do nothing; start provisioning in the portal"
    if job.code in NOT_STARTED and job.schedule != "Active":
        return "the job was never started: complete its configuration and start provisioning in the portal"
    return None
