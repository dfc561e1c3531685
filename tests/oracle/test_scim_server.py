"""Oracle's SCIM against a server of RFC 7644 that is not ours, as far as the dialect allows.

Oracle speaks a draft: other URNs, and a partial user in the place of a PatchOp (RFC 7644, 3.5.2). `Dialect` turns one into the
other and nothing else: paths, filters, escapes, listings, errors and the user are the server's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from scim2_models import ScimProvider
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

from hcm_pipeline.oracle import OracleConnection
from hcm_pipeline.oracle.hcm_calls import HcmCalls
from hcm_pipeline.oracle.worker_writes import SCIM_ROOT, SCIM_USER, NotWritten, Passing, Wish, WorkerWriter, Written
from hcm_pipeline.oracle.write_rules import WriteRules
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from tests.sandbox.hcm_support import URL, Office, office

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def independent() -> httpx.Client:
    """An empty SCIM server with the schemas of RFC 7643."""
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=load_default_service_provider_config(),
    )
    application = WSGIApplication(InMemoryStorage(), provider, ScimService(provider, secret="a secret"))
    return httpx.Client(transport=httpx.WSGITransport(application), base_url="http://scim.test/v2")


@dataclass
class Dialect(httpx.BaseTransport):
    """Oracle HCM whose SCIM is the server's. `lost`: so many answers to a PATCH do not come."""

    inner: HcmTransport
    server: httpx.Client
    spoken: bool = True
    lost: int = 0
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/hcmRestApi/resources/11.13.18.05/userAccounts"):
            return httpx.Response(403, request=request)
        if not path.startswith(SCIM_ROOT):
            return self.inner.handle_request(request)
        self.asked.append(f"{request.method} {path}")
        body = request.read()
        if request.method == "PATCH" and self.spoken:
            part = orjson.loads(body)
            assert part.pop("schemas") == [SCIM_USER]
            change = [{"op": "replace", "value": part}]
            body = orjson.dumps({"schemas": [PATCH], "Operations": change})
        headers = {"Content-Type": "application/scim+json"} if body else {}
        answer = self.server.request(
            request.method, path.removeprefix(SCIM_ROOT), params=request.url.params, content=body, headers=headers
        )
        if request.method == "PATCH" and self.lost:
            self.lost -= 1
            raise httpx.ReadError("the connection was cut", request=request)
        text = answer.content.replace(b"urn:ietf:params:scim:schemas:", b"urn:scim:schemas:")
        return httpx.Response(
            answer.status_code, headers={"Content-Type": "application/json"}, content=text, request=request
        )


@dataclass
class Desk:
    """The writer, and the SCIM server on the other side."""

    office: Office
    wire: Dialect
    writer: WorkerWriter

    def account(self, name: str, **more: Any) -> str:
        user = {
            "schemas": [USER],
            "userName": name,
            "emails": [{"value": "old@x.test", "type": "W", "primary": True}],
            **more,
        }
        answer = self.wire.server.post("/Users", json=user, headers={"Content-Type": "application/scim+json"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def user(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wire.server.get(f"/Users/{key}").json()
        return found

    def write(self, was: str, **wishes: str) -> dict[str, Written]:
        return self.writer.write(
            "100", {name: Wish(now, was if name == "user_name" else None) for name, now in wishes.items()}
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as here, independent() as server:
        held = here.hcm.sign_in.credentials
        wire = Dialect(HcmTransport(here.hcm, sleep=lambda _: None), server)
        clock = lambda: dt.datetime.fromtimestamp(here.clock.now(), dt.UTC)  # noqa: E731
        connection = OracleConnection(URL, held.username, held.password)
        calls = HcmCalls(connection, framework_version=4, timeout=5, width=1, clock=clock, wire=wire)
        here.hire("100", username="kim", email="kim@old.test")
        yield Desk(here, wire, WorkerWriter(calls, WriteRules(account_mail=True), dt.datetime.date))
        calls.close()


@pytest.mark.parametrize("old", ["kim", 'O"Neil\\kim', "Ann (x) eq y", "zoë"])
def test_a_user_is_found_by_name_and_renamed_once(desk: Desk, old: str) -> None:
    key, other = desk.account(old, displayName="Kim"), desk.account("kim2")
    done = desk.write(old, user_name="kim@new.test", work_mail="kim@new.test")
    assert (done["user_name"].before, done["user_name"].after, done["user_name"].how) == (
        old,
        "kim@new.test",
        "PATCH scim",
    )
    user = desk.user(key)
    assert (user["userName"], user["displayName"]) == ("kim@new.test", "Kim")
    assert [(one["value"], one["type"]) for one in user["emails"]] == [("kim@new.test", "W")]
    assert desk.user(other)["userName"] == "kim2"
    again = desk.write(old, user_name="kim@new.test")["user_name"]
    assert (again.how, sum(one.startswith("PATCH") for one in desk.wire.asked)) == ("", 1)


def test_a_rename_whose_answer_does_not_come_is_settled_by_reading(desk: Desk) -> None:
    key = desk.account("kim")
    desk.wire.lost = 1
    assert desk.write("kim", user_name="kim@new.test")["user_name"].after == "kim@new.test"
    assert desk.user(key)["userName"] == "kim@new.test"


def test_a_name_that_another_account_has_is_refused_and_nothing_changes(desk: Desk) -> None:
    key = desk.account("kim")
    desk.account("kim@new.test")
    with pytest.raises((NotWritten, Passing)) as failed:
        desk.write("kim", user_name="kim@new.test")
    assert "kim@new.test" not in str(failed.value)
    assert desk.user(key)["userName"] == "kim"


def test_somebody_without_an_account_is_told(desk: Desk) -> None:
    with pytest.raises(NotWritten) as failed:
        desk.write("kim", user_name="kim@new.test")
    assert failed.value.code == "NoUserAccount"


def test_a_server_that_takes_no_partial_user_refuses_it_and_nothing_is_taken_for_written(desk: Desk) -> None:
    key = desk.account("kim")
    desk.wire.spoken = False
    with pytest.raises(NotWritten) as failed:
        desk.write("kim", user_name="kim@new.test")
    assert failed.value.code == "Refused"
    assert desk.user(key)["userName"] == "kim"
