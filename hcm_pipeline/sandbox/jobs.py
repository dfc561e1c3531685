"""The synchronization job and its schema, as Graph shows them."""

from __future__ import annotations

from typing import Any

from hcm_pipeline.sandbox.ad_accounts import ad_change
from hcm_pipeline.sandbox.attribute_mapping import AD_CUSTOM_TARGETS, AD_TARGETS, CUSTOM_TARGETS, REQUIRED, TARGETS
from hcm_pipeline.sandbox.bulk import ENTERPRISE
from hcm_pipeline.sandbox.clock import iso, micros
from hcm_pipeline.sandbox.job import Execution, Quarantine
from hcm_pipeline.sandbox.log_service import TEMPLATES
from hcm_pipeline.sandbox.service import Sandbox

CUSTOM_URN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
"""Stands in the schema for whatever URN an organisation chose: hire and termination date are matched by their name."""

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


def schema_resource(sandbox: Sandbox) -> Json:
    """`synchronizationSchema`: the mappings this sandbox applies, with externalId to the employee number as the match."""
    to_ad = sandbox.rules.target == "ad"
    own = AD_CUSTOM_TARGETS if to_ad else CUSTOM_TARGETS
    mappings = {
        **(AD_TARGETS if to_ad else TARGETS),
        **{f"{CUSTOM_URN}:{name}": target for name, target in own.items()},
    }
    if not sandbox.rules.map_mobile:
        mappings = {source: target for source, target in mappings.items() if target != "mobile"}
    flows = {source: _flows(source, target, sandbox) for source, target in mappings.items()}
    if to_ad:
        mappings = {source: ad_change((target, None, None))[0] for source, target in mappings.items()}
    kind, _, _ = sandbox.identity.job_id.partition(".")
    target_system = TEMPLATES[kind][2]
    return {
        "id": sandbox.identity.job_id,
        "version": "v1",
        "directories": [
            _directory("API", ENTERPRISE, flows),
            _directory(target_system, "User", dict.fromkeys(mappings.values(), False)),
        ],
        "synchronizationRules": [
            {
                "id": kind,
                "name": "USER_INBOUND_USER",
                "priority": 1,
                "editable": True,
                "sourceDirectoryName": "API",
                "targetDirectoryName": target_system,
                "objectMappings": [
                    {
                        "name": f"Provision API {ENTERPRISE}s",
                        "enabled": True,
                        "flowTypes": "Add, Update, Delete",
                        "sourceObjectName": ENTERPRISE,
                        "targetObjectName": "User",
                        "scope": None,
                        "attributeMappings": [_mapping(source, target) for source, target in mappings.items()],
                    }
                ],
            }
        ],
    }


def _flows(source: str, target: str, sandbox: Sandbox) -> bool:
    """Whether the switch of a source attribute is on. Nobody can switch it on to any effect where the target needs a value."""
    return target not in REQUIRED and sandbox.rules.flows_nulls(source)


def _directory(name: str, object_name: str, attributes: dict[str, bool]) -> Json:
    """`directoryDefinition`. `attributes`: by name, whether nulls flow."""
    return {
        "id": name,
        "name": name,
        "readOnly": False,
        "objects": [
            {
                "name": object_name,
                "attributes": [
                    {
                        "name": attribute,
                        "type": _type(attribute),
                        "anchor": attribute == "externalId",
                        "caseExact": False,
                        "required": False,
                        "multivalued": False,
                        "mutability": "ReadWrite",
                        "flowNullValues": flows,
                    }
                    for attribute, flows in attributes.items()
                ],
            }
        ],
    }


def _type(attribute: str) -> str:
    if attribute in ("active", "accountEnabled", "accountDisabled"):
        return "Boolean"
    return "Reference" if attribute.rpartition(":")[2] == "manager" else "String"


def _mapping(source: str, target: str) -> Json:
    return {
        "source": {"expression": f"[{source}]", "name": source, "type": "Attribute", "parameters": []},
        "targetAttributeName": target,
        "defaultValue": None,
        "matchingPriority": 1 if source == "externalId" else 0,
        "flowType": "Always",
        "flowBehavior": "FlowWhenChanged",
    }
