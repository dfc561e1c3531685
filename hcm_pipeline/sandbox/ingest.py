"""One bulkUpload call, from throttle to queue, with every way it can end noted."""

from __future__ import annotations

import hashlib

from hcm_pipeline.sandbox.bulk import InvalidDataFormat, Operation, read_bulk
from hcm_pipeline.sandbox.faults import AFTER, BEFORE, BUCKET_FULL, DROP_RECORD, Fault, Faults
from hcm_pipeline.sandbox.refusals import ConnectionDropped, GraphError, throttled
from hcm_pipeline.sandbox.service import Sandbox


def upload(sandbox: Sandbox, content_type: str | None, body: bytes) -> None:
    """Take a bulk request: when this returns, its records are committed. Raises GraphError or ConnectionDropped."""
    digest = hashlib.sha256(body).hexdigest()
    with sandbox.admission:
        try:
            fault = _take(sandbox, content_type, body, digest)
        except GraphError as error:
            sandbox.note_refused(error.status, digest)
            raise
    if fault is not None and fault.kind == "reset_after":
        raise ConnectionDropped
    if fault is not None and fault.kind == "status_after":
        raise GraphError.of(fault)


def _take(sandbox: Sandbox, content_type: str | None, body: bytes, digest: str) -> Fault | None:
    """Queue the records; returns the fault that befalls the call afterwards."""
    fault = sandbox.faults.take("bulkUpload", *BEFORE)
    if fault is not None and fault.kind == "reset_before":
        sandbox.note_refused(0, digest)
        raise ConnectionDropped
    if fault is not None:
        raise GraphError.of(fault)
    wait = sandbox.refused_for()
    if wait is not None:
        raise throttled(wait, sandbox.rules)
    try:
        operations = read_bulk(content_type, body, sandbox.rules)
    except InvalidDataFormat as error:
        raise GraphError(400, "BadRequest", str(error)) from None
    if sandbox.bucket_is_full(len(operations)):
        wait = sandbox.rules.bucket_retry_after
        raise GraphError(500, "InternalServerError", BUCKET_FULL, {} if wait is None else {"Retry-After": str(wait)})
    fault = sandbox.faults.take("bulkUpload", *AFTER)
    kept = _kept(sandbox.faults, operations, fault)
    sandbox.accept(operations, kept, digest, answered=fault is None or fault.kind == "drop_request")
    return fault


def _kept(faults: Faults, operations: list[Operation], fault: Fault | None) -> list[Operation]:
    """The operations that are queued: not the ignored ones, nor those that a fault drops without a word."""
    if fault is not None and fault.kind == "drop_request":
        faults.note(fault, (operation.external_id for operation in operations))
        return []
    return [one for one in operations if not one.ignored and not faults.strike(one.external_id, DROP_RECORD)]
