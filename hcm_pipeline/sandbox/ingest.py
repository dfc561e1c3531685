"""One bulkUpload call, from throttle to queue, with every way it can end noted."""

from __future__ import annotations

import hashlib

from hcm_pipeline.sandbox.bulk import InvalidDataFormat, read_bulk
from hcm_pipeline.sandbox.faults import BUCKET_FULL
from hcm_pipeline.sandbox.refusals import ConnectionDropped, GraphError, throttled
from hcm_pipeline.sandbox.service import Sandbox


def upload(sandbox: Sandbox, content_type: str | None, body: bytes) -> None:
    """Take a bulk request: when this returns, its records are committed. Raises GraphError or ConnectionDropped."""
    digest = hashlib.sha256(body).hexdigest()
    with sandbox.admission:
        try:
            _upload(sandbox, content_type, body, digest)
        except GraphError as error:
            sandbox.note_refused(error.status, digest)
            raise


def _upload(sandbox: Sandbox, content_type: str | None, body: bytes, digest: str) -> None:
    fault = sandbox.faults.take("bulkUpload", "status", "reset_before", "reset_after")
    if fault is not None and fault.kind == "reset_before":
        sandbox.note_refused(0, digest)
        raise ConnectionDropped
    if fault is not None and fault.kind == "status":
        raise GraphError.of(fault)
    wait = sandbox.refused_for()
    if wait is not None:
        raise throttled(wait, sandbox.rules)
    try:
        operations = read_bulk(content_type, body, sandbox.rules)
    except InvalidDataFormat as error:
        raise GraphError(400, "BadRequest", str(error)) from None
    if sandbox.bucket_is_full(len(operations)):
        raise GraphError(500, "InternalServerError", BUCKET_FULL)
    sandbox.accept(operations, digest, answered=fault is None)
    if fault is not None:
        raise ConnectionDropped
