"""Microsoft Graph's and the authority's addresses, as far as the pipeline's neighbours call them."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hcm_pipeline.sandbox import synchronization_app, tenant_app
from hcm_pipeline.sandbox.auth import SignInRefused, TokenRefused
from hcm_pipeline.sandbox.clock import http_date, iso, micros
from hcm_pipeline.sandbox.delta import changes
from hcm_pipeline.sandbox.graph_call import Answer, Call, GraphRoute, check_job, page_of
from hcm_pipeline.sandbox.ingest import upload
from hcm_pipeline.sandbox.log_service import read_log
from hcm_pipeline.sandbox.odata import BadQuery, known_options
from hcm_pipeline.sandbox.options import UPLOAD
from hcm_pipeline.sandbox.refusals import ConnectionDropped, GraphError, throttled
from hcm_pipeline.sandbox.service import Sandbox
from hcm_pipeline.sandbox.users import NotFound, list_deleted_users, list_groups, list_users, manager_of, one_user

MAX_BODY = 4 * 1024 * 1024
"""Graph's general bound on a request body; none is documented for this endpoint."""

READ_LOG = frozenset({"ProvisioningLog.Read.All", "AuditLog.Read.All"})
READ_USERS = frozenset({"User.Read.All"})
READ_GROUPS = frozenset({"GroupMember.Read.All"})
READ_ROLES = frozenset({"RoleManagement.Read.Directory"})


Work = Callable[[Call], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """Every route of Graph, in both versions, and of the authority."""
    job = "/servicePrincipals/{principal}/synchronization/jobs"
    graph: list[GraphRoute] = [
        ("POST", job + "/{job}/bulkUpload", "bulkUpload", frozenset({UPLOAD, f"{UPLOAD}.OwnedBy"}), _bulk_upload),
        *synchronization_app.routes(),
        *tenant_app.routes(),
        ("GET", "/auditLogs/provisioning", "log", READ_LOG, _log),
        ("GET", "/auditLogs/provisioning/", "log", READ_LOG, _log),
        ("GET", "/users", "users", READ_USERS, _users),
        ("GET", "/users/delta", "delta", READ_USERS, _user_changes),
        ("GET", "/groups/delta", "delta", READ_GROUPS, _group_changes),
        ("GET", "/roleManagement/directory/roleDefinitions", "users", READ_ROLES, _no_roles),
        ("GET", "/roleManagement/directory/roleAssignments", "users", READ_ROLES, _no_roles),
        ("GET", "/directory/deletedItems/microsoft.graph.user", "users", READ_USERS, _deleted_users),
        ("GET", "/groups", "groups", READ_GROUPS, _groups),
        ("GET", "/users/{key}", "users", READ_USERS, _user),
        ("GET", "/users/{key}/manager", "users", READ_USERS, _manager),
    ]
    return [
        *(
            Route(f"/{version}{path}", graph_endpoint(version, call, permissions, work), methods=[method])
            for version, there in (("v1.0", graph), ("beta", [*graph, *synchronization_app.beta_routes()]))
            for method, path, call, permissions, work in there
        ),
        Route("/common/discovery/instance", _instance_discovery),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _openid_configuration),
        Route("/{tenant}/oauth2/v2.0/token", _token, methods=["POST"]),
        Route("/msi/token", _identity_token),
    ]


def graph_endpoint(version: str, call: str, permissions: frozenset[str], work: Work) -> Endpoint:
    """Wrap one piece of work in what all Graph calls share: ids, sign-in, faults, the error shape, the clock's date."""

    async def endpoint(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        request_id = str(uuid.uuid4())
        client_request_id = request.headers.get("client-request-id", request_id)
        try:
            _authorise(sandbox, request, permissions, call)
            body = await _body(request)
            await _delay(sandbox, call)
            if call != "bulkUpload":
                _fail_on_demand(sandbox, call)
            answer = await run_in_threadpool(_run, work, Call(sandbox, request, version, body))
        except ConnectionDropped:
            return await drop_connection(request)
        except GraphError as error:
            inner = {
                "date": iso(micros(sandbox.clock.now()))[:19],
                "request-id": request_id,
                "client-request-id": client_request_id,
            }
            payload = {"error": {"code": error.code, "message": str(error), "innerError": inner}}
            answer = Answer(payload, error.status, error.headers)
        ids = {"request-id": request_id, "client-request-id": client_request_id}
        content = b"" if answer.payload is None else orjson.dumps(answer.payload)
        kind = {} if answer.payload is None else {"Content-Type": "application/json"}
        now = sandbox.clock.now()
        headers = {**answer.headers, **ids, **kind, "Date": http_date(now + sandbox.rules.clock_skew_seconds)}
        return Response(content, answer.status, headers)

    return endpoint


async def drop_connection(request: Request) -> Response:
    """Cut the connection without an answer; the response returned goes nowhere."""
    transport: asyncio.Transport | None = request.scope.get("sandbox.transport")
    if transport is not None:
        transport.abort()
        while (await request.receive())["type"] != "http.disconnect":
            pass
    return Response(status_code=500)


def _authorise(sandbox: Sandbox, request: Request, permissions: frozenset[str], call: str) -> None:
    if sandbox.faults.take(call, "revoke_tokens"):
        sandbox.revoke_tokens()
    try:
        granted = sandbox.authority.permissions_of(request.headers.get("authorization"))
    except TokenRefused as error:
        raise GraphError(401, "InvalidAuthenticationToken", str(error), {"WWW-Authenticate": "Bearer"}) from None
    if permissions and not granted & permissions:
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY:
            raise GraphError(413, "RequestEntityTooLarge", f"The request body holds more than {MAX_BODY} bytes.")
    return bytes(content)


async def _delay(sandbox: Sandbox, call: str) -> None:
    fault = sandbox.faults.take(call, "latency")
    seconds = sandbox.rules.latency_seconds + (fault.seconds if fault else 0.0)
    if seconds:
        await asyncio.sleep(seconds)


def _fail_on_demand(sandbox: Sandbox, call: str) -> None:
    fault = sandbox.faults.take(call, "status", "reset_before", "reset_after")
    if fault is not None:
        raise GraphError.of(fault) if fault.kind == "status" else ConnectionDropped


def _run(work: Work, call: Call) -> Answer:
    try:
        return work(call)
    except BadQuery as error:
        raise GraphError(400, "BadRequest", str(error)) from None
    except NotFound:
        raise GraphError(404, "Request_ResourceNotFound", "The resource does not exist.") from None


def _bulk_upload(call: Call) -> Answer:
    check_job(call)
    upload(call.sandbox, call.request.headers.get("content-type"), call.body)
    url = call.request.url
    location = f"{url.scheme}://{url.netloc}/{call.version}/auditLogs/provisioning/?$filter=jobid%20eq%20"
    return Answer(status=202, headers={"Location": f"{location}'{call.sandbox.identity.job_id}'"})


def _log(call: Call) -> Answer:
    sandbox = call.sandbox
    wait = sandbox.log_refused_for()
    if wait is not None:
        raise throttled(wait, sandbox.rules)
    until = micros(sandbox.clock.now())
    entries, more = read_log(sandbox.store, call.query, sandbox.job_facts, call.version, until)
    disorder = sandbox.faults.take("log", "disorder")
    if disorder is not None:
        random.Random(disorder.seed).shuffle(entries)
    return page_of(call, "auditLogs/provisioning", entries, more)


def _users(call: Call) -> Answer:
    users, more = list_users(call.sandbox.store, call.query)
    return page_of(call, "users", users, None if more is None else (more,))


def _deleted_users(call: Call) -> Answer:
    users, more = list_deleted_users(call.sandbox.store, call.query)
    return page_of(call, "users", users, None if more is None else (more,))


def _groups(call: Call) -> Answer:
    groups, more = list_groups(call.sandbox.store, call.query)
    return page_of(call, "groups", groups, None if more is None else (more,))


def _user_changes(call: Call) -> Answer:
    return _changes(call, "users")


def _group_changes(call: Call) -> Answer:
    return _changes(call, "groups")


def _changes(call: Call, kind: str) -> Answer:
    sandbox, url = call.sandbox, call.request.url
    here = f"{url.scheme}://{url.netloc}{url.path}"
    prefer = call.request.headers.get("prefer", "")
    page = changes(sandbox.store, kind, call.query, prefer, sandbox.clock.now(), f"{here}?$deltatoken=")
    name, token = ("@odata.deltaLink", "$deltatoken") if page.last else ("@odata.nextLink", "$skiptoken")
    context = f"{url.scheme}://{url.netloc}/{call.version}/$metadata#{kind}"
    return Answer({"@odata.context": context, name: f"{here}?{token}={page.token}", "value": page.entries})


def _no_roles(call: Call) -> Answer:
    """A directory without administrators."""
    known_options(call.query, {"$select"})
    return page_of(call, "roleManagement", [], None)


def _user(call: Call) -> Answer:
    return Answer(one_user(call.sandbox.store, call.request.path_params["key"], call.query))


def _manager(call: Call) -> Answer:
    return Answer(manager_of(call.sandbox.store, call.request.path_params["key"], call.query))


async def unknown_address(_request: Request, error: Exception) -> Response:
    """An address or a method that does not exist here, in Graph's shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _json({"error": {"code": "BadRequest", "message": "Resource not found for the segment."}}, status)


# --- the authority


def _json(payload: dict[str, Any], status: int = 200) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(orjson.dumps(payload), status, headers)


def _host(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


async def _openid_configuration(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    tenant = request.path_params["tenant"]
    try:
        sandbox.authority.check_tenant(tenant)
    except SignInRefused as error:
        return _json(error.body(), error.status)
    base = f"{_host(request)}/{tenant}"
    return _json(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
        }
    )


async def _instance_discovery(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    base = f"{_host(request)}/{sandbox.identity.tenant_id}"
    netloc = request.url.netloc
    return _json(
        {
            "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": netloc, "preferred_cache": netloc, "aliases": [netloc]}],
        }
    )


async def _identity_token(request: Request) -> Response:
    """The endpoint of a managed identity, as App Service has it (IDENTITY_ENDPOINT); its header is the client's secret."""
    sandbox: Sandbox = request.app.state.sandbox
    header, resource = request.headers.get("x-identity-header"), request.query_params.get("resource", "")
    told = sandbox.authority.identity_token(header, resource)
    if told is None:
        return _json(
            {"statusCode": 400, "message": "No managed identity was found for the header and the resource."}, 400
        )
    return _json(told)


async def _token(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    try:
        await _delay(sandbox, "token")
        _fail_on_demand(sandbox, "token")
        form = dict(parse_qsl((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True))
        tenant = request.path_params["tenant"]
        return _json(await run_in_threadpool(sandbox.authority.sign_in, tenant, form, _host(request)))
    except ConnectionDropped:
        return await drop_connection(request)
    except SignInRefused as error:
        return _json(error.body(), error.status)
    except GraphError as error:
        refusal = {"error": "temporarily_unavailable", "error_description": str(error), "error_codes": [90033]}
        response = _json(refusal, error.status)
        response.headers.update(error.headers)
        return response
