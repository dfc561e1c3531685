"""Reading an HTTP answer without repeating what may be personal."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from hcm_pipeline.entra import BUCKET_FULL, is_bucket_full, read_reply
from hcm_pipeline.http import Reply

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def error(status: int, message: str = "", code: str = "SomeCode", **headers: str) -> Reply:
    """The answer to a Graph error body."""
    inner = {"date": "2026-11-23T12:00:00", "request-id": "5d0c3f5e-5c1f-4f6f-9d6e-000000000001"}
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    return read_reply(
        httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}), NOW
    )


@pytest.mark.parametrize(("header", "seconds"), [("0", 0.0), ("17", 17.0), ("1.5", 1.5), ("soon", None)])
def test_retry_after_in_seconds_is_read(header: str, seconds: float | None) -> None:
    assert error(429, retry_after=header).retry_after == seconds


def test_retry_after_as_a_date_is_read_against_the_services_clock() -> None:
    answer = error(429, date="Mon, 23 Nov 2026 08:00:00 GMT", retry_after="Mon, 23 Nov 2026 08:01:30 GMT")
    assert answer.retry_after == 90.0
    assert answer.service_time == dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def test_a_retry_after_in_the_past_means_now() -> None:
    assert error(503, retry_after="Mon, 23 Nov 2026 11:00:00 GMT").retry_after == 0.0


def test_without_a_date_header_the_machines_clock_counts() -> None:
    assert read_reply(httpx.Response(202), NOW).service_time == NOW


def test_a_full_bucket_is_known_by_its_documented_text() -> None:
    assert is_bucket_full(error(500, BUCKET_FULL))
    assert not is_bucket_full(error(500, "Something else"))


def test_a_message_is_repeated_only_when_it_is_a_documented_text() -> None:
    quoting = error(400, "Invalid Data Format. jane.doe@contoso.com is not a name")
    assert quoting.message == "Invalid Data Format"
    prose = error(409, "jane.doe@contoso.com exists", code="jane.doe@contoso.com exists")
    for answer in (quoting, prose):
        assert "jane" not in answer.describe()
        assert "jane" not in repr(answer)
        assert "jane" in answer.detail


def test_what_support_asks_for_is_described() -> None:
    assert error(403).describe() == "403 SomeCode, request-id 5d0c3f5e-5c1f-4f6f-9d6e-000000000001"


def test_the_request_id_header_goes_before_the_body() -> None:
    assert error(403, request_id="from-the-header").request_id == "from-the-header"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "text"}', b'{"error": {"code": 7}}'])
def test_an_error_without_graphs_shape_is_still_an_answer(body: bytes) -> None:
    assert read_reply(httpx.Response(502, content=body), NOW).describe() == "502"


def test_what_passes_is_told_from_what_does_not() -> None:
    statuses = (400, 401, 403, 404, 408, 409, 413, 429, 500, 503)
    assert [status for status in statuses if error(status).passing] == [408, 429, 500, 503]
