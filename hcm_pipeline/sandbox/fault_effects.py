"""The effect of an armed fault on a record in its cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hcm_pipeline.sandbox.bulk import ENTERPRISE, Record
from hcm_pipeline.sandbox.faults import Fault
from hcm_pipeline.sandbox.log_codes import SKIPPED, failure
from hcm_pipeline.sandbox.provision import Account, Directory, Outcome

DEFAULT_CODE = {
    "fail": "InternalServerError",
    "skip": SKIPPED,
    "warn": "InternalError",
    "fail_manager": "InternalError",
}


Apply = Callable[[Account | None, Record, Directory], Outcome]
"""The effect of a record on the account that is its own, or none."""


def spoiled(
    fault: Fault, current: Account | None, record: Record, directory: Directory, apply: Apply
) -> tuple[Outcome, bool]:
    """The record as it is logged, and whether the account is written all the same."""
    if fault.kind == "fail_manager":
        record = _without_manager(record)
    elif fault.kind == "no_twin":
        directory = replace(directory, managed_by=lambda _: None)
    outcome = apply(current, record, directory)
    written = outcome.status == "success"
    if fault.kind == "no_twin" or (outcome.status == "failure" and fault.kind not in ("fail", "skip")):
        return outcome, written
    found = failure(fault.code or DEFAULT_CODE[fault.kind], fault.message, fault.advice, fault.category)
    if fault.kind == "fail":
        before = current.attributes if current else {}
        return Outcome("update" if current else "create", "failure", outcome.received, before, failure=found), False
    if fault.kind == "skip":
        return Outcome("other", "skipped", outcome.received, outcome.attributes, failure=found), False
    status = "warning" if fault.kind == "warn" else "failure"
    return replace(outcome, status=status, failure=found), written


def _without_manager(record: Record) -> Record:
    enterprise = record.get(ENTERPRISE)
    if not isinstance(enterprise, dict):
        return record
    return {**record, ENTERPRISE: {name: value for name, value in enterprise.items() if name != "manager"}}
