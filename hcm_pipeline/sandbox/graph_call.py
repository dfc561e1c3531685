"""One call to Graph and its answer, and what its endpoints share: permissions, pages, the job that an address names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request

from hcm_pipeline.sandbox.odata import skip_token
from hcm_pipeline.sandbox.refusals import GraphError, not_found
from hcm_pipeline.sandbox.service import Sandbox

OWNED = "Application.ReadWrite.OwnedBy"
READ_JOBS = frozenset({"Synchronization.Read.All", "Synchronization.ReadWrite.All", OWNED})
WRITE_JOBS = frozenset({"Synchronization.ReadWrite.All", OWNED})

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One authenticated call, body read."""

    sandbox: Sandbox
    request: Request
    version: str
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """Query options, decoded."""
        return dict(self.request.query_params)

    def link(self, **changed: str) -> str:
        """This call's address with other query options."""
        url = self.request.url
        query = urlencode({**self.query, **changed}, quote_via=quote, safe="$'")
        return f"{url.scheme}://{url.netloc}{url.path}?{query}"

    def json(self) -> Json:
        """The body as a JSON object; an empty one is an empty object. Raises GraphError."""
        try:
            body = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from None
        if not isinstance(body, dict):
            raise GraphError(400, "BadRequest", "Empty Payload. JSON content expected.")
        return body


@dataclass(frozen=True)
class Answer:
    """The answer to a call. `payload` None: no body."""

    payload: dict[str, Any] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


GraphRoute = tuple[str, str, str, frozenset[str], Callable[[Call], Answer]]
"""Method, path, the call as faults name it, the permissions of which one is needed (none: any token), and the work."""


def page_of(call: Call, context: str, entries: list[Json], more: tuple[int, ...] | None = None) -> Answer:
    """A collection, and behind `more` the address of its next page."""
    url = call.request.url
    payload: Json = {"@odata.context": f"{url.scheme}://{url.netloc}/{call.version}/$metadata#{context}"}
    if more is not None:
        payload["@odata.nextLink"] = call.link(**{"$skiptoken": skip_token(*more)})
    return Answer({**payload, "value": entries})


def check_job(call: Call) -> None:
    """The address names the tenant's service principal, and its job. Raises GraphError."""
    sandbox, path = call.sandbox, call.request.path_params
    identity = sandbox.identity
    if path["principal"].lower() != identity.service_principal_id.lower() or not sandbox.tenant.app_is_there:
        raise not_found("service principal")
    if "job" in path and (path["job"] != identity.job_id or not sandbox.tenant.job_is_there):
        raise not_found("synchronization job")
