"""The few writes by which a tenant is set up for provisioning. Each is one call, made once; the caller has been told to.

Sources: the Graph reference, v1.0: `applicationTemplate: instantiate`, `synchronizationJob: create, start`, `synchronization:
secrets`, `appRoleAssignment: create`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import orjson

from hcm_pipeline.entra.credentials import EntraConnection
from hcm_pipeline.entra.graph_errors import read_reply
from hcm_pipeline.entra.tenant import Json, reading_client
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.http import NoAnswer, utc_now


class TenantSetup:
    """Calls that set up a tenant, with a token that was had before. Raises ServiceRefused, and NoAnswer when there is none."""

    def __init__(self, connection: EntraConnection, token: str) -> None:
        self._root = connection.graph_url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._http = reading_client(connection)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def instantiate(self, template: str, name: str) -> str:
        """Make the app of a gallery template; the object id of its service principal."""
        made = self._send("POST", f"applicationTemplates/{template}/instantiate", {"displayName": name})
        principal = made.get("servicePrincipal")
        return str(principal.get("id")) if isinstance(principal, dict) else ""

    def create_job(self, principal: str, template: str) -> str:
        """Make a job of a synchronization template of the app; its id."""
        made = self._send("POST", f"{_synchronization(principal)}/jobs", {"templateId": template})
        return str(made.get("id") or "")

    def keep_secrets(self, principal: str, pairs: Mapping[str, str]) -> None:
        """Replace the settings that are kept as secrets of the synchronization, all of them."""
        value = [{"key": key, "value": text} for key, text in pairs.items()]
        self._send("PUT", f"{_synchronization(principal)}/secrets", {"value": value})

    def grant(self, principal: str, graph: str, role: str) -> None:
        """Give an app one of Graph's application permissions, by the id of its app role."""
        body = {"principalId": principal, "resourceId": graph, "appRoleId": role}
        self._send("POST", f"servicePrincipals/{quote(principal, safe='')}/appRoleAssignments", body)

    def start(self, principal: str, job: str) -> None:
        """Start a job."""
        self._send("POST", f"{_synchronization(principal)}/jobs/{quote(job, safe='')}/start", None)

    def _send(self, method: str, path: str, body: Json | None) -> Json:
        content = b"" if body is None else orjson.dumps(body)
        headers = {**self._headers, "client-request-id": str(uuid.uuid4())}
        try:
            response = self._http.request(method, f"{self._root}/{path}", content=content, headers=headers)
        except httpx.TransportError as error:
            raise NoAnswer(
                f"{path}: no answer ({type(error).__name__}); look whether it was done before it is done again",
                sent=True,
            ) from error
        reply = read_reply(response, utc_now())
        if not reply.accepted:
            raise ServiceRefused(f"{path}: {reply.describe()}", reply.status, reply.code)
        try:
            told = orjson.loads(response.content) if response.content else {}
        except orjson.JSONDecodeError:
            told = {}
        return told if isinstance(told, dict) else {}


def _synchronization(principal: str) -> str:
    return f"servicePrincipals/{quote(principal, safe='')}/synchronization"
