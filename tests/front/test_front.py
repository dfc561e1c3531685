"""The front: only its own hosts, nothing by GET, changes from the same origin only, and the name that a proxy hands over."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hcm_pipeline.errors import UsageError
from hcm_pipeline.front import Caller, Front, Gate, Way, caller_of, loopback

PORT = 3000
MUTATION = "mutation{launchRun{__typename}}"
PROXIED = Front(PORT, hosts=("dagster.example.org",), user_header="X-Forwarded-User")


async def _server(request: Request) -> Response:
    caller = caller_of(request.scope)
    return JSONResponse({"way": caller and caller.way, "name": caller and caller.name})


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


def server(front: Front) -> Gate:
    """A server that answers everything with its caller, behind the front."""
    every = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    routes = [WebSocketRoute("/graphql", _socket), Route("/{path:path}", _server, methods=every)]
    return Gate(Starlette(routes=routes), front)


def ask(
    method: str = "GET", path: str = "/", front: Front | None = None, peer: str = "127.0.0.1",
    host: str | None = f"127.0.0.1:{PORT}", **options: Any,
) -> httpx.Response:  # fmt: skip
    """One request; its host is what `host` says."""
    headers = [*options.pop("headers", {}).items(), *([("Host", host)] if host else [])]

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(server(front or Front(PORT)), client=(peer, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://own.invalid") as client:
            return await client.request(method, path, headers=headers, **options)

    return asyncio.run(call())


def post(headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
    """One mutation."""
    return ask("POST", "/graphql", json={"query": MUTATION}, headers=headers or {}, **options)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "LOCALHOST:3000", "localhost.:3000"]
)
def test_the_server_answers_to_its_own_names(host: str) -> None:
    assert ask(host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1", "127.0.0.1:3001", "127.0.0.1.evil.example:3000",
             "localhost@evil.example:3000", "127.0.0.1:3000/x", "0.0.0.0:3000", "", "[::1", "localhost:3000, evil"],
)  # fmt: skip
def test_a_page_that_rebinds_its_name_reads_nothing(host: str) -> None:
    found = ask(host=host)
    assert found.status_code == 403
    assert found.headers["content-type"].startswith("text/plain")


def test_a_refusal_says_what_would_mend_it() -> None:
    assert "--allowed-host dagster.example.org" in ask(host="dagster.example.org").text
    assert "<script>" not in ask(host="<script>alert").text


@pytest.mark.parametrize("host", ["dagster.example.org", "dagster.example.org:443", "Dagster.example.org:3000"])
def test_the_operator_names_more_hosts(host: str) -> None:
    front = Front(PORT, hosts=("dagster.example.org",))
    assert ask(host=host, front=front).status_code == 200
    assert ask(host="dagster.example.org:8443", front=front).status_code == 403
    assert (
        ask(host="dagster.example.org:8443", front=Front(PORT, hosts=("dagster.example.org:8443",))).status_code == 200
    )


def test_a_server_that_listens_on_one_address_answers_to_it() -> None:
    assert ask(host="10.0.0.7:3000", front=Front(PORT, "10.0.0.7")).status_code == 200
    assert ask(host="0.0.0.0:3000", front=Front(PORT, "0.0.0.0")).status_code == 403


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphql?query=" + MUTATION, "/graphql/", "/%67raphql?query={x}", "/pre/graphql"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_is_done_or_asked_by_get(method: str, path: str) -> None:
    assert ask(method, path, headers={"Accept": "text/html"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:3000"}, {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-origin"},
     {"Sec-Fetch-Site": "none"}],
)  # fmt: skip
def test_the_servers_own_pages_and_programs_post(headers: dict[str, str]) -> None:
    assert post(headers).json() == {"way": "ui", "name": None}


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:3001"},
     {"Origin": "http://localhost:3000"}, {"Origin": "file://"}, {"Origin": "http://127.0.0.1:3000.evil.example"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
     {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "cross-site"}],
)  # fmt: skip
def test_a_page_of_another_origin_changes_nothing(headers: dict[str, str]) -> None:
    assert post(headers).status_code == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/graphql",
             "text/plain; application/json", "text/plain;x=application/json", "application/jsonp", ""],
)  # fmt: skip
def test_a_form_of_a_web_page_is_no_json(kind: str) -> None:
    found = ask("POST", "/graphql", content=json.dumps({"query": MUTATION}), headers={"Content-Type": kind})
    assert found.status_code == 403
    assert ask("POST", "/report_asset_materialization/receipts", headers={"Content-Type": kind}).status_code == 403


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_not_served(method: str) -> None:
    found = ask(method, "/graphql", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
    assert found.status_code == 403
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_a_link_of_another_page_opens_a_page_and_loads_nothing_else() -> None:
    assert ask(headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert ask(headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert ask(headers={"Origin": "http://evil.example"}).status_code == 403
    assert ask().headers["x-frame-options"] == "DENY"


def test_the_proxy_hands_over_who_is_signed_in() -> None:
    signed_in = {"Origin": "https://dagster.example.org", "X-Forwarded-User": "ada@example.org"}
    for host in ("dagster.example.org", "127.0.0.1:3000"):  # a proxy keeps the host, or puts its own in its place
        assert post(signed_in, front=PROXIED, host=host).json() == {"way": "proxy", "name": "ada@example.org"}


def test_no_header_is_believed_that_the_operator_has_not_named() -> None:
    assert post({"X-Forwarded-User": "cfo"}).json() == {"way": "ui", "name": None}
    assert post({"X-Forwarded-User": "ada", "X-Remote-User": "cfo"}, front=PROXIED).json()["name"] == "ada"


@pytest.mark.parametrize("name", ["", " ", "a\x1b[31mb", "x" * 201])
def test_without_a_name_from_the_proxy_nothing_is_served_but_the_page_for_monitors(name: str) -> None:
    assert post({"X-Forwarded-User": name}, front=PROXIED).status_code == 403
    assert ask(front=PROXIED, headers={"X-Forwarded-User": name}).status_code == 403
    assert ask(path="/server_info", front=PROXIED).status_code == 200


def test_a_name_that_came_twice_is_none() -> None:
    both = [("Host", "dagster.example.org"), ("X-Forwarded-User", "ada"), ("X-Forwarded-User", "cfo")]

    async def call() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server(PROXIED))) as client:
            return (await client.get("http://dagster.example.org/", headers=both)).status_code

    assert asyncio.run(call()) == 403


def test_only_the_proxy_is_believed() -> None:
    signed_in = {"X-Forwarded-User": "ada"}
    assert post(signed_in, front=PROXIED, peer="10.0.0.9").status_code == 403
    behind = Front(PORT, hosts=PROXIED.hosts, user_header=PROXIED.user_header, proxies=("10.0.0.0/24",))
    assert post(signed_in, front=behind, peer="10.0.0.9").json()["name"] == "ada"
    assert post(signed_in, front=behind, peer="::ffff:10.0.0.9").json()["name"] == "ada"
    assert post(signed_in, front=behind).status_code == 403


def test_a_name_of_another_alphabet_is_read_as_it_was_sent() -> None:
    name = "Zoë Ångström"
    found = ask("POST", "/", front=PROXIED, json={}, headers={"X-Forwarded-User": name.encode()})
    assert found.json()["name"] == name


def test_options_that_cannot_be_meant_are_wrong_usage() -> None:
    for wrong in ({"hosts": ("https://x",)}, {"user_header": "X User"}, {"proxies": ("proxy.example",)}):
        with pytest.raises(UsageError):
            Front(PORT, **wrong)


def test_what_is_reached_from_other_machines_is_known() -> None:
    assert all(map(loopback, ("127.0.0.1", "localhost", "::1", "127.1.2.3")))
    assert not any(map(loopback, ("0.0.0.0", "::", "10.0.0.7", "build.example")))


def subscribe(*texts: str, headers: dict[str, str] | None = None, answers_http: bool = True) -> list[tuple[str, Any]]:
    """The answers that a websocket with these messages gets: each message's type, and its text, code or status."""
    named = {"Host": "127.0.0.1:3000", **(headers or {})}
    scope = {
        "type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "", "subprotocols": [],
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()], "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", PORT), "scheme": "ws", "extensions": {"websocket.http.response": {}} if answers_http else {},
    }  # fmt: skip
    waiting = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]
    got: list[tuple[str, Any]] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        found = message.get("text") or message.get("code") or message.get("status")
        got.append((message["type"].removeprefix("websocket."), found))

    asyncio.run(server(Front(PORT))(scope, receive, send))
    return got


def start(query: object) -> str:
    """The message that begins an operation."""
    return json.dumps({"id": "1", "type": "start", "payload": {"query": query, "variables": {}}})


def test_subscriptions_pass_over_a_websocket() -> None:
    texts = [
        '{"type": "connection_init"}',
        start("subscription X { a } fragment F on T { mutation }"),
        '{"type": "stop"}',
    ]
    got = subscribe(*texts, headers={"Origin": "http://127.0.0.1:3000"})
    assert got == [("accept", None), *(("send", text) for text in texts)]


@pytest.mark.parametrize(
    "query",
    [
        MUTATION,
        "subscription A { a } mutation B { b }",
        "# subscription\nmutation { a }",
        "mutation {",
        7,
        ["mutation"],
    ],
)
def test_no_change_passes_over_a_websocket(query: object) -> None:
    assert subscribe(start(query)) == [("accept", None), ("close", 1008)]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_websocket_of_another_origin_is_refused(headers: dict[str, str]) -> None:
    assert subscribe(start("subscription { a }"), headers=headers)[0] == ("http.response.start", 403)
    assert subscribe(start("subscription { a }"), headers=headers, answers_http=False) == [("close", 1008)]


def test_a_client_cannot_say_who_it_is() -> None:
    assert caller_of({"headers": [(b"hcm_pipeline.caller", b"cfo")], "hcm_pipeline.caller": "cfo"}) is None
    assert caller_of({"hcm_pipeline.caller": Caller(Way.PROXY, "ada")}) == Caller(Way.PROXY, "ada")


def test_the_servers_own_beginning_and_end_pass() -> None:
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return {}

    asyncio.run(Gate(inner, Front(PORT))({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]
