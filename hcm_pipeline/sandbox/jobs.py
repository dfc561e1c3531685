"""The synchronization job, as Graph shows it."""

from __future__ import annotations

from typing import Any

from hcm_pipeline.sandbox.clock import iso, micros
from hcm_pipeline.sandbox.job import Execution, Quarantine
from hcm_pipeline.sandbox.service import Sandbox

NEVER = "0001-01-01T00:00:00Z"

Json = dict[str, Any]


def job_resource(sandbox: Sandbox) -> Json:
    """`synchronizationJob`."""
    job = sandbox.job
    execution = job.last
    return {
        "id": sandbox.identity.job_id,
        "templateId": sandbox.identity.job_id.partition(".")[0],
        "schedule": {
            "expiration": None,
            "interval": f"PT{max(1, round(sandbox.rules.cycle_seconds))}S",
            "state": job.schedule,
        },
        "status": {
            "code": job.status,
            "countSuccessiveCompleteFailures": job.failed_in_a_row,
            "escrowsPruned": False,
            "lastExecution": _execution(execution),
            "lastSuccessfulExecution": _execution(job.last_success),
            "lastSuccessfulExecutionWithExports": _execution(job.last_exports),
            "progress": [],
            "quarantine": _quarantine(job.quarantine),
            "steadyStateFirstAchievedTime": NEVER if execution is None else _time(execution.ended),
            "steadyStateLastAchievedTime": NEVER if execution is None else _time(execution.ended),
            "synchronizedEntryCountByType": [
                {"key": "User", "value": sandbox.store.number("SELECT count(*) FROM users WHERE provisioned")}
            ],
            "troubleshootingUrl": None,
        },
        "synchronizationJobSettings": [{"name": "QuarantineTooManyDeletesThreshold", "value": "500"}],
    }


def _execution(execution: Execution | None) -> Json | None:
    """`synchronizationTaskExecution`."""
    if execution is None:
        return None
    return {
        "activityIdentifier": execution.cycle_id,
        "countEntitled": execution.imported,
        "countEntitledForProvisioning": execution.imported,
        "countEscrowed": execution.escrowed,
        "countEscrowedRaw": execution.escrowed,
        "countExported": execution.exported,
        "countExports": execution.exported,
        "countImported": execution.imported,
        "countImportedDeltas": 0,
        "countImportedReferenceDeltas": 0,
        "error": None,
        "state": execution.state,
        "timeBegan": _time(execution.began),
        "timeEnded": _time(execution.ended),
    }


def _quarantine(quarantine: Quarantine | None) -> Json | None:
    """`synchronizationQuarantine`."""
    if quarantine is None:
        return None
    error = {"code": quarantine.code, "message": quarantine.message, "tenantActionable": True}
    return {
        "currentBegan": _time(quarantine.current),
        "nextAttempt": NEVER if quarantine.next_attempt is None else _time(quarantine.next_attempt),
        "reason": quarantine.reason,
        "seriesBegan": _time(quarantine.began),
        "seriesCount": quarantine.count,
        "error": error if quarantine.code or quarantine.message else None,
    }


def _time(moment: float) -> str:
    return iso(micros(moment))
