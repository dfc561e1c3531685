"""The control plane: state, clock, faults and the rest, for tests and people. Loopback belongs to every user and every web page
of the machine, so that it answers only those who hold the token of `endpoint.json`, or for the page that of its link."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hcm_pipeline.sandbox.clock import MANUAL, REAL
from hcm_pipeline.sandbox.delta import forget
from hcm_pipeline.sandbox.faults import read_fault
from hcm_pipeline.sandbox.job import Reason, Status
from hcm_pipeline.sandbox.options import checked, option_values
from hcm_pipeline.sandbox.oracle.steering import steer
from hcm_pipeline.sandbox.page import page
from hcm_pipeline.sandbox.schema_changes import changed
from hcm_pipeline.sandbox.schema_form import check_schema
from hcm_pipeline.sandbox.service import Sandbox

Json = dict[str, Any]
Work = Callable[[Sandbox, Request, Json], Json | bytes]

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
MOST_LISTED = 10_000_000


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class WantedJob:
    """The state that the job is set to. `lasts`: judgements that leave a quarantine in effect; None: until a start or restart.
    `disabled`: its schedule is off besides."""

    status: Status
    reason: Reason = "QuarantinedOnDemand"
    lasts: Annotated[int, Field(ge=0)] | None = None
    disabled: bool = False


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ForeignToken:
    """A token that another issuer is to have made, and for how many seconds from now it is good."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"
    seconds: float = 3600.0


def routes() -> list[BaseRoute]:
    """Every route of the control plane, and the page for people."""
    return [
        Route("/sandbox/state", _endpoint(_state)),
        Route("/sandbox/clock", _endpoint(_clock), methods=["GET", "POST"]),
        Route("/sandbox/options", _endpoint(_options), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/faults", _endpoint(_faults), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/received", _endpoint(_received)),
        Route("/sandbox/users", _endpoint(_users), methods=["GET", "POST"]),
        Route("/sandbox/users/delete", _endpoint(_delete_user), methods=["POST"]),
        Route("/sandbox/users/alter", _endpoint(_alter_user), methods=["POST"]),
        Route("/sandbox/groups", _endpoint(_add_groups), methods=["POST"]),
        Route("/sandbox/groups/delete", _endpoint(_delete_group), methods=["POST"]),
        Route("/sandbox/delta/forget", _endpoint(_forget), methods=["POST"]),
        Route("/sandbox/job", _endpoint(_set_job), methods=["POST"]),
        Route("/sandbox/schema", _endpoint(_schema), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/connections", _endpoint(_connect), methods=["POST"]),
        Route("/sandbox/secrets", _endpoint(_secrets), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/federation", _endpoint(_foreign_token), methods=["POST"]),
        Route("/sandbox/reset", _endpoint(_reset), methods=["POST"]),
        Route("/sandbox/hcm/{name}", _endpoint(_hcm), methods=["GET", "POST", "DELETE"]),
        Route("/", _page),
    ]


def _endpoint(work: Work) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        status = 200
        sandbox: Sandbox = request.app.state.sandbox
        if not _same(request.headers.get("authorization", ""), f"Bearer {sandbox.control_token}"):
            error = "the token of endpoint.json is needed: Authorization: Bearer ..."
            return _json({"error": error}, 401, {"WWW-Authenticate": "Bearer"})
        if request.method not in ("GET", "HEAD") and not _own_origin(request):
            return _json({"error": "a page of another origin may change nothing here"}, 403)
        try:
            content = await request.body()
            body = _object(content)
            answer: Json | bytes = await run_in_threadpool(work, sandbox, request, body)
        except ValueError as error:
            status, answer = 400, {"error": str(error)}
        if isinstance(answer, bytes):
            return Response(answer, status, {"Content-Type": "application/octet-stream"})
        return _json(answer, status)

    return endpoint


def _json(answer: Json, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(answer), status, {"Content-Type": "application/json", **(headers or {})})


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _own_origin(request: Request) -> bool:
    """Whether no browser says that the request comes from a page of somebody else."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    return origin in (None, f"{request.url.scheme}://{request.url.netloc}") and site in ("none", "same-origin")


def _object(content: bytes) -> Json:
    body = orjson.loads(content or b"{}")
    return body if isinstance(body, dict) else {}


def _state(sandbox: Sandbox, _request: Request, _body: Json) -> Json:
    return sandbox.counts()


def _clock(sandbox: Sandbox, request: Request, body: Json) -> Json:
    if request.method == "POST":
        mode, seconds = body.get("mode", sandbox.clock.mode), body.get("advance_seconds", 0)
        if mode not in (REAL, MANUAL):
            raise ValueError("mode: real or manual")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
            raise ValueError("advance_seconds: a number from 0")
        if mode != sandbox.clock.mode:
            sandbox.clock.switch(mode)
        if seconds:
            sandbox.advance(seconds)
    return {**sandbox.counts()["clock"], "secondsToCycle": sandbox.seconds_to_cycle()}


def _faults(sandbox: Sandbox, request: Request, body: Json) -> Json:
    if request.method == "DELETE":
        sandbox.faults.disarm()
    elif request.method == "POST":
        fault = read_fault(body)
        if fault.kind == "revoke_tokens" and not fault.after and fault.share == 1.0:
            sandbox.revoke_tokens()
        else:
            sandbox.faults.arm(fault)
    return sandbox.faults.report()


def _options(sandbox: Sandbox, request: Request, body: Json) -> Json:
    if request.method == "DELETE":
        sandbox.restore_options()
    elif request.method == "POST":
        sandbox.change_options(body)
    return {"options": option_values(sandbox.rules)}


def _received(sandbox: Sandbox, request: Request, _body: Json) -> Json:
    return {"received": sandbox.received(_number(request, "limit", 100, least=1))}


def _number(request: Request, name: str, default: int, *, least: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= MOST_LISTED:
        raise ValueError(f"{name}: a number from {least} to {MOST_LISTED}")
    return int(text)


def _users(sandbox: Sandbox, request: Request, body: Json) -> Json:
    if request.method == "GET":
        after, limit = _number(request, "after", 0, least=0), _number(request, "limit", 100, least=1)
        accounts, more = sandbox.accounts(after, limit)
        return {"users": accounts, "next": more}
    users = body.get("users")
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise ValueError("users: an array of objects")
    return {"ids": sandbox.add_users(users)}


def _delete_user(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    return {"id": sandbox.delete_user(str(body.get("userPrincipalName")), for_good=body.get("for_good") is True)}


def _alter_user(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    values = body.get("set")
    if not isinstance(values, dict) or not values:
        raise ValueError("set: values by provisioning name")
    return {"id": sandbox.alter_user(str(body.get("userPrincipalName")), values)}


def _delete_group(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    return {"id": sandbox.delete_group(str(body.get("id")))}


def _forget(sandbox: Sandbox, _request: Request, _body: Json) -> Json:
    forget(sandbox.store)
    return {}


def _add_groups(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    groups = body.get("groups")
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise ValueError("groups: an array of objects")
    return {"ids": sandbox.add_groups(groups)}


def _set_job(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    wanted = checked(WantedJob, body)
    sandbox.set_job(wanted.status, wanted.reason, wanted.lasts, disabled=wanted.disabled)
    return sandbox.counts()["job"]  # type: ignore[no-any-return]


def _schema(sandbox: Sandbox, request: Request, body: Json) -> Json:
    """The job's schema: read, set or changed as by hand, or put back to the default one."""
    if request.method == "DELETE":
        sandbox.set_schema(None)
    elif isinstance(body.get("schema"), dict):
        check_schema(body["schema"])
        sandbox.set_schema(body["schema"])
    elif request.method == "POST":
        attribute = body.get("attribute")
        sandbox.set_schema(changed(sandbox.schema, str(body.get("change")), attribute and str(attribute)))
    return sandbox.schema


def _foreign_token(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    """A token of another issuer, for workload federation."""
    wanted = checked(ForeignToken, body)
    return {"token": sandbox.authority.foreign_token(wanted.issuer, wanted.subject, wanted.audience, wanted.seconds)}


def _connect(sandbox: Sandbox, _request: Request, body: Json) -> Json:
    return {"id": sandbox.connect(str(body.get("externalId")), str(body.get("userPrincipalName")))}


def _secrets(sandbox: Sandbox, request: Request, body: Json) -> Json:
    """The secrets of the synchronization, as `PUT secrets` keeps them."""
    if request.method == "DELETE":
        sandbox.tenant.keep("secrets", None)
    elif request.method == "POST":
        if not all(isinstance(value, str) for value in body.values()):
            raise ValueError("texts by key")
        sandbox.tenant.keep_secrets({**sandbox.tenant.secrets(), **body})
    return dict(sandbox.tenant.secrets())


def _reset(sandbox: Sandbox, _request: Request, _body: Json) -> Json:
    sandbox.reset()
    return sandbox.counts()


def _hcm(sandbox: Sandbox, request: Request, body: Json) -> Json | bytes:
    return steer(sandbox.hcm, request.path_params["name"], request.method, dict(request.query_params), body)


async def _page(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    if not _same(request.query_params.get("token", ""), sandbox.page_token):
        return PlainTextResponse(
            "open the link that `sandbox` printed when it was started: it holds the page's token", 401
        )
    try:
        after, refresh = (_number(request, name, 0, least=0) for name in ("after", "refresh"))
    except ValueError as error:
        return PlainTextResponse(str(error), 400)
    content = await run_in_threadpool(page, sandbox, after, refresh)
    return HTMLResponse(content, headers=PAGE_HEADERS)
