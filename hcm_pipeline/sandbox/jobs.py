"""The synchronization job and its schema, as Graph shows them."""

from __future__ import annotations

from typing import Any

from hcm_pipeline.sandbox.bulk import ENTERPRISE
from hcm_pipeline.sandbox.mapping import CUSTOM_TARGETS, TARGETS
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.service import QUARANTINE, Sandbox

CUSTOM_URN = "urn:ietf:params:scim:schemas:extension:oracle:1.0:User"
"""Stands in the schema for whatever URN an organisation chose: hire and termination date are matched by their name."""

_SCHEDULE = {"Active": "Active", "Paused": "Paused", "Quarantine": "Active"}

Json = dict[str, Any]


def job_resource(sandbox: Sandbox) -> Json:
    """`synchronizationJob`."""
    status = sandbox.job_status
    quarantine = {"reason": "QuarantinedOnDemand", "error": None} if status == QUARANTINE else None
    return {
        "id": sandbox.identity.job_id,
        "templateId": "API2AAD",
        "schedule": {
            "expiration": None,
            "interval": f"PT{max(1, round(sandbox.rules.cycle_seconds))}S",
            "state": _SCHEDULE[status],
        },
        "status": {
            "code": status,
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": False,
            "quarantine": quarantine,
            "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z",
            "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
            "progress": [],
            "synchronizedEntryCountByType": [
                {"key": "User", "value": sandbox.store.number("SELECT count(*) FROM users WHERE provisioned")}
            ],
        },
    }


def schema_resource(sandbox: Sandbox) -> Json:
    """`synchronizationSchema`: the mappings this sandbox applies, with externalId to employeeId as the matching one."""
    mappings = {**TARGETS, **{f"{CUSTOM_URN}:{name}": target for name, target in CUSTOM_TARGETS.items()}}
    if not sandbox.rules.map_mobile:
        mappings = {source: target for source, target in mappings.items() if target != "mobile"}
    return {
        "id": sandbox.identity.job_id,
        "version": "v1",
        "directories": [
            _directory("API", ENTERPRISE, list(mappings), sandbox.rules),
            _directory("Azure Active Directory", "User", list(mappings.values()), sandbox.rules),
        ],
        "synchronizationRules": [
            {
                "id": "API2AAD",
                "name": "USER_INBOUND_USER",
                "priority": 1,
                "editable": True,
                "sourceDirectoryName": "API",
                "targetDirectoryName": "Azure Active Directory",
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


def _directory(name: str, object_name: str, attributes: list[str], rules: SandboxOptions) -> Json:
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
                        "flowNullValues": rules.flow_nulls,
                    }
                    for attribute in attributes
                ],
            }
        ],
    }


def _type(attribute: str) -> str:
    if attribute in ("active", "accountEnabled"):
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
