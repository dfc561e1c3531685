"""Provisioning log entries: kept as facts, told as Graph tells them (`provisioningObjectSummary`)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import orjson

from hcm_pipeline.sandbox.ad_accounts import ad_change
from hcm_pipeline.sandbox.attribute_mapping import Change, Value
from hcm_pipeline.sandbox.bulk import ENTERPRISE
from hcm_pipeline.sandbox.clock import iso
from hcm_pipeline.sandbox.log_codes import failure
from hcm_pipeline.sandbox.odata import (
    Field,
    known_options,
    parse_filter,
    parse_order,
    parse_top,
    read_skip_token,
    where,
)
from hcm_pipeline.sandbox.provision import Account, Outcome
from hcm_pipeline.sandbox.state import Store

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
TEMPLATES = {
    "API2AAD": (
        "40d8f01e-b0d7-4b4f-938b-05190712e598",
        "API-driven provisioning to Microsoft Entra ID",
        "Azure Active Directory",
    ),
    "API2AD": (
        "ec7c5431-5d84-453f-80d3-e3385e284eef",
        "API-driven provisioning to on-premises Active Directory",
        "Active Directory",
    ),
}
"""By the first part of the job id: the gallery template, its name, and the target system's."""

Json = dict[str, Any]


@dataclass(frozen=True)
class JobFacts:
    """The part of every entry that describes the job."""

    tenant_id: str
    service_principal_id: str
    job_id: str

    @property
    def template(self) -> str:
        """The name of the gallery template in the job id."""
        return self.job_id.partition(".")[0]

    @property
    def active_directory(self) -> bool:
        """Whether entries speak of Active Directory's attributes."""
        return self.template == "API2AD"


def facts_of(outcome: Outcome, account: Account | None, milliseconds: int) -> bytes:
    """The facts kept of a processed record; `account` is the one created, matched or, after a failure, none."""
    return orjson.dumps(
        {
            "received": outcome.received,
            "changes": outcome.changes,
            "unresolved": outcome.unresolved,
            "error": astuple(outcome.failure) if outcome.failure else None,
            "target": _target(account),
            "matched": outcome.action != "create",
            "ms": milliseconds,
            **({} if outcome.in_scope else {"scope": False}),
            **({"skip": outcome.skip_reason} if outcome.skip_reason != "RedundantExport" else {}),
        }
    )


def twin_facts(account: Account, change: Change) -> bytes:
    """The facts kept of a manager found later in the cycle."""
    return orjson.dumps({"changes": [change], "target": _target(account), "twin": True, "ms": 1})


def _target(account: Account | None) -> Json | None:
    if account is None:
        return None
    return {
        "id": account.object_id,
        "name": account.attributes.get("displayName"),
        "upn": account.attributes.get("userPrincipalName"),
    }


def render(row: sqlite3.Row, job: JobFacts, version: str) -> Json:
    """The entry as Graph prints it. beta adds the two older names `action` and `statusInfo`."""
    facts: Json = orjson.loads(row["facts"])
    if job.active_directory:
        facts["changes"] = [ad_change((name, old, new)) for name, old, new in facts.get("changes") or []]
    status = _status(row["status"], facts.get("error"))
    entry: Json = {
        "id": row["id"],
        "activityDateTime": iso(row["at"]),
        "tenantId": job.tenant_id,
        "jobId": job.job_id,
        "cycleId": row["cycle_id"],
        "changeId": row["change_id"],
        "provisioningAction": row["action"],
        "durationInMilliseconds": facts["ms"],
        **_systems(job),
        "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
        "sourceIdentity": {"id": row["source_id"], "displayName": "", "identityType": ENTERPRISE, "details": {}},
        "targetIdentity": _target_identity(facts["target"]),
        "provisioningStatusInfo": status,
        "provisioningSteps": _steps(row, facts, TEMPLATES[job.template][2]),
        "modifiedProperties": [
            {"displayName": name, "oldValue": _text(old), "newValue": _text(new)}
            for name, old, new in facts.get("changes") or []
        ],
    }
    if version == "beta":
        entry["action"] = row["action"].capitalize()
        entry["statusInfo"] = status
    return entry


def _systems(job: JobFacts) -> Json:
    """The application of a job, and the systems between which it provisions."""
    template_id, app_name, target_name = TEMPLATES[job.template]
    return {
        "servicePrincipal": {"id": job.service_principal_id, "displayName": app_name},
        "sourceSystem": {"id": job.service_principal_id, "displayName": "API", "details": {}},
        "targetSystem": {
            "id": job.tenant_id,
            "displayName": target_name,
            "details": {
                "ApplicationId": template_id,
                "ServicePrincipalId": job.service_principal_id,
                "ServicePrincipalDisplayName": app_name,
            },
        },
    }


def _target_identity(target: Json | None) -> Json:
    """The account that an entry is about, if there is one."""
    if target is None:
        return {"id": "", "displayName": "", "identityType": "User", "details": {}}
    details = {
        "id": target["id"], "odatatype": "User", "DisplayName": target["name"], "UserPrincipalName": target["upn"],
    }  # fmt: skip
    return {"id": target["id"], "displayName": target["name"] or "", "identityType": "User", "details": details}


def _status(status: str, error: list[Any] | None) -> Json:
    if error is None:
        return {"status": status, "errorInformation": None}
    found = failure(*error)
    return {
        "status": status,
        "errorInformation": {
            "errorCode": found.code,
            "reason": found.reason,
            "additionalDetails": None,
            "errorCategory": found.category,
            "recommendedAction": found.advice,
        },
    }


def _text(value: Value) -> str | None:
    return str(value) if value is not None else None


def _key(name: str) -> str:
    """Detail keys lose their punctuation, except where a collection element is named."""
    return name if "[" in name else re.sub(r"[^A-Za-z0-9]", "", name)


def _details(values: Mapping[str, Value]) -> dict[str, str]:
    return {_key(name): str(value) for name, value in values.items() if value is not None}


def _step(name: str, kind: str, status: str, description: str, details: Mapping[str, Value]) -> Json:
    return {
        "name": name,
        "provisioningStepType": kind,
        "status": status,
        "description": description,
        "details": dict(details),
    }


def _steps(row: sqlite3.Row, facts: Json, system: str) -> list[Json]:
    if facts.get("twin"):
        return [_export_update(row, facts, system)]
    received = _step(
        "EntryImportAdd", "import", "success", f"Received User '{row['source_id']}' change of type (Add) from API",
        _details(facts["received"]),
    )  # fmt: skip
    steps = [received, *_matching_steps(row["source_id"], facts)]
    if row["status"] == "skipped":
        skip = {"SkipReason": facts.get("skip", "RedundantExport")}
        return [*steps, _step("EntrySynchronizationSkip", "processing", "skipped", facts["error"][1], skip)]
    if facts.get("unresolved"):
        left_out: Json = {
            facts["unresolved"]: "manager Add", "PropertyName": "manager",
            "SkipReason": "UnableToResolveReferenceAttributeValue",
        }  # fmt: skip
        why = "The manager could not be resolved yet"
        steps.append(_step("EntrySynchronizationSkip", "processing", "success", why, left_out))
    return steps + _export_steps(row, facts, system)


def _matching_steps(source: str, facts: Json) -> list[Json]:
    """The steps that find the account, or find that there is none."""
    passed = {
        "Active in the source system": "True", "Scoping filter evaluation passed": "True", "ScopeEvaluationResult": "{}",
    }  # fmt: skip
    scoping = _step(
        "EntrySynchronizationScoping", "scoping", "success", f"The User '{source}' passed the scoping filters", passed
    )
    if facts.get("scope") is False:
        failed = {**passed, "Scoping filter evaluation passed": "False"}
        told = f"The User '{source}' did not pass the scoping filters"
        return [_step("EntrySynchronizationScoping", "scoping", "success", told, failed)]
    target = facts["target"]
    if facts["matched"] and target:
        old = {_key(name): _text(old) or "" for name, old, _ in facts["changes"]}
        old |= {"objectId": target["id"], "originalUserPrincipalName": old.get("userPrincipalName") or target["upn"]}
        return [
            _step("EntryImport", "matching", "success", f"Retrieved User '{source}' from the target", old),
            scoping,
        ]
    adding = f"User '{source}' will be created in the target"
    return [scoping, _step("EntrySynchronizationAdd", "matching", "success", adding, {"externalId": source})]


def _export_steps(row: sqlite3.Row, facts: Json, system: str) -> list[Json]:
    """The step that writes the account, if there is anything to write."""
    if row["status"] == "failure":
        code, reason, *_ = facts["error"]
        name = "EntryExportUpdate" if facts["matched"] else "EntryExportAdd"
        return [_step(name, "export", "failure", reason, {"ErrorCode": code})]
    if facts["matched"]:
        return [_export_update(row, facts, system)] if facts["changes"] else []
    target = facts["target"]
    if not target:
        return []
    created = {
        **_written(facts), "IsSoftDeleted": "False", "passwordProfilepassword": "[Redacted]",
        "ReportableIdentifier": target["upn"],
    }  # fmt: skip
    return [_step("EntryExportAdd", "export", "success", f"User '{row['source_id']}' was created in {system}", created)]


def _export_update(row: sqlite3.Row, facts: Json, system: str) -> Json:
    done = f"User '{row['source_id']}' was updated in {system}"
    return _step("EntryExportUpdate", "export", "success", done, _written(facts))


def _written(facts: Json) -> dict[str, str]:
    """The new values, by their detail keys."""
    return {_key(name): _text(new) or "" for name, _, new in facts.get("changes", [])}


def log_fields(job: JobFacts) -> dict[str, Field]:
    """The fields that the log can be filtered by. jobId and servicePrincipal/id are the same in every entry of a sandbox."""
    job_id, principal = (
        Field("'" + value.replace("'", "''") + "'") for value in (job.job_id, job.service_principal_id)
    )
    status = Field("status")
    return {
        "jobid": job_id, "jobId": job_id, "servicePrincipal/id": principal,
        "activityDateTime": Field("at", "time"),
        "id": Field("id"), "cycleId": Field("cycle_id"), "changeId": Field("change_id"),
        "sourceIdentity/id": Field("source_id"), "provisioningAction": Field("action"),
        "statusInfo/status": status, "provisioningStatusInfo/status": status,
    }  # fmt: skip


def read_log(
    store: Store, query: Mapping[str, str], job: JobFacts, version: str, visible_until: int
) -> tuple[list[Json], tuple[int, int] | None]:
    """One page of entries, and the position of the next. Raises BadQuery."""
    known_options(query, {"$filter", "$orderby", "$top", "$skiptoken"})
    fields = log_fields(job)
    comparisons = parse_filter(query["$filter"], fields) if "$filter" in query else []
    conditions, values = where(comparisons, fields)
    descending = parse_order(query.get("$orderby"), "activityDateTime")
    page = parse_top(query.get("$top"), DEFAULT_PAGE, LARGEST_PAGE)
    conditions.append("visible_at <= ?")
    values.append(visible_until)
    if "$skiptoken" in query:
        conditions.append(f"(at, seq) {'<' if descending else '>'} (?, ?)")
        values.extend(read_skip_token(query["$skiptoken"], 2))
    order = "DESC" if descending else "ASC"
    sql = f"SELECT * FROM log WHERE {' AND '.join(conditions)} ORDER BY at {order}, seq {order} LIMIT {page + 1}"
    rows = store.rows(sql, tuple(values))
    more = (rows[page - 1]["at"], rows[page - 1]["seq"]) if len(rows) > page else None
    return [render(row, job, version) for row in rows[:page]], more
