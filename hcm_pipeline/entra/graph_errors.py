"""An answer of Microsoft Graph, without the parts of it that may hold personal data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import orjson

from hcm_pipeline.http import Reply, date_of, identifier, retry_after_of

if TYPE_CHECKING:
    import httpx

BUCKET_FULL = (
    "The bucket that stores the ingested data is full, please wait for the synchronization service to process the "
    "ingested data and retry this request."
)
FIXED_TEXTS = ("Invalid Data Format", "Access token has expired or is not yet valid.", BUCKET_FULL)
"""Messages that the documentation prints word for word; any other may quote what was sent."""


def is_bucket_full(reply: Reply) -> bool:
    """Whether the job's ingestion queue is full: a 500 that takes minutes to pass."""
    return reply.status == 500 and reply.message == BUCKET_FULL


def read_reply(response: httpx.Response, now: dt.datetime) -> Reply:
    """Read status, headers and the error body (Graph's `concepts/errors.md`) of a response."""
    service_time = date_of(response.headers.get("Date")) or now
    code, text, inner_id = ("", "", "") if response.is_success else _error(response.content)
    return Reply(
        status=response.status_code,
        request_id=identifier(response.headers.get("request-id", "")) or inner_id,
        service_time=service_time,
        retry_after=retry_after_of(response.headers.get("Retry-After"), service_time),
        code=code,
        message=next((fixed for fixed in FIXED_TEXTS if text.startswith(fixed)), ""),
        detail=text,
    )


def _error(body: bytes) -> tuple[str, str, str]:
    try:
        root = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", "", ""
    error = root.get("error") if isinstance(root, dict) else None
    if not isinstance(error, dict):
        return "", "", ""
    inner = error.get("innerError")
    inner_id = inner.get("request-id") if isinstance(inner, dict) else ""
    message = error.get("message")
    return identifier(error.get("code")), message[:2000] if isinstance(message, str) else "", identifier(inner_id)
