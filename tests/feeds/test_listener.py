"""Entries that an integration hands over: the token, the bodies, and what becomes of them."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.applications import Starlette

from hcm_pipeline.flow.feed_listener import LONGEST, listener, token_file
from hcm_pipeline.flow.feeding import drain

from .simulated import START, Simulated, home_of, known_of

CONTEXT = {"PersonNumber": "100", "PersonId": "3100", "EffectiveDate": "2026-03-02"}
ATOM = {
    "id": "atomservlet:newhire:EMP1", "updated": "2026-03-02T05:00:00Z", "published": "2026-03-02T05:00:00Z",
    "content": orjson.dumps({"Context": [CONTEXT]}).decode(),
}  # fmt: skip
XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<entry xmlns="http://www.w3.org/2005/Atom"><id>atomservlet:newhire:EMP1</id><updated>2026-03-02T05:00:00Z</updated>
<content type="text">{orjson.dumps({"Context": [CONTEXT]}).decode()}</content></entry>"""
ADAPTER = {"EmployeeNewHireFeedResponse": {"EmployeeNewHireFeed_Update": [{"EmployeeNewHireFeed_Context": CONTEXT}]}}


@dataclass
class Office:
    """Posts to a listener in this process."""

    application: Starlette
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, content=content, headers={**self.headers, **(headers or {})})

        return asyncio.run(call())

    def post(self, path: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("POST", path, content, headers)


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    home = home_of(tmp_path)
    token = token_file(home).read_text().strip()
    return Office(listener(home), {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    "body",
    [orjson.dumps(ATOM), orjson.dumps({"feed": {"entries": [ATOM]}}), XML.encode(), orjson.dumps(ADAPTER)],
    ids=["entry", "feed", "xml", "adapter"],
)
def test_a_posted_entry_is_a_hint_that_the_next_poll_follows(tmp_path: Path, office: Office, body: bytes) -> None:
    answer = office.post("/feeds/newhire", content=body)
    assert (answer.status_code, answer.json()) == (202, {"entries": 1, "new": 1})
    assert office.post("/feeds/newhire", content=body).json() == {"entries": 1, "new": 0}
    hcm = Simulated()
    hcm.hire("100", START.date(), silent=True)
    assert drain(home_of(tmp_path), opened=hcm.opened).workers == 1
    assert set(known_of(tmp_path / "landing")) == {"100"}


def test_nothing_is_taken_without_the_token_or_without_a_worker(tmp_path: Path, office: Office) -> None:
    body = orjson.dumps(ATOM)
    for header in ("", "Bearer", "Bearer wrong", "Basic x"):
        assert office.post("/feeds/newhire", content=body, headers={"Authorization": header}).status_code == 401
    assert office.post("/feeds/payupdate", content=body).status_code == 404
    assert office.post("/feeds/newhire", content=b"x" * (LONGEST + 1)).status_code == 413
    assert office.ask("GET", "/feeds/newhire").status_code == 405
    bodies = (
        b"",
        b"{",
        b"<x",
        b"[]",
        b'{"a": {"b": 1}}',
        b"\xff\xfe\x00",
        b'<!DOCTYPE a [<!ENTITY e "x">]><entry>&e;</entry>',
    )
    for bad in bodies:
        assert office.post("/feeds/newhire", content=bad).status_code == 400, bad
    assert stat.S_IMODE(token_file(home_of(tmp_path)).stat().st_mode) == 0o600
