"""Records, bulk requests and a signed-in client for the sandbox's tests."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from hcm_pipeline.sandbox import SandboxHandle
from hcm_pipeline.sandbox.bulk import BULK_REQUEST, CORE, ENTERPRISE

SCIM = "application/scim+json"


def record(number: str, **given: Any) -> dict[str, Any]:
    """A worker's record with what the directory needs; `given` replaces or adds, `manager` and others by short name."""
    enterprise: dict[str, Any] = {
        name: given.pop(name) for name in ("department", "division", "organization") if name in given
    }
    if "manager" in given:
        enterprise["manager"] = {"value": given.pop("manager")}
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": number,
        "userName": f"worker{number}@contoso.com",
        "displayName": f"Worker {number}",
        "active": True,
        ENTERPRISE: enterprise,
        **given,
    }


def operation(data: dict[str, Any], bulk_id: str = "") -> dict[str, Any]:
    """One bulk operation."""
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id or f"op-{data.get('externalId')}", "data": data}


def bulk(*records: dict[str, Any]) -> bytes:
    """A bulk request body."""
    operations = [operation(data, f"{place}") for place, data in enumerate(records)]
    return orjson.dumps({"schemas": [BULK_REQUEST], "Operations": operations, "failOnErrors": None})


@dataclass
class Tenant:
    """A running sandbox as a signed-in caller sees it."""

    handle: SandboxHandle
    http: httpx.Client

    @property
    def graph(self) -> str:
        return self.handle.target.graph_url

    @property
    def job_url(self) -> str:
        target = self.handle.target
        return f"{self.graph}/servicePrincipals/{target.service_principal_id}/synchronization/jobs/{target.job_id}"

    def upload(self, *records: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"{self.job_url}/bulkUpload", content=bulk(*records), headers={"Content-Type": SCIM})

    def provision(self, *records: dict[str, Any]) -> list[dict[str, Any]]:
        """Upload, run the cycles due within a minute, and return the log entries they wrote, oldest first."""
        before = {entry["id"] for entry in self.log()}
        assert self.upload(*records).status_code == 202
        self.advance(60)
        return [entry for entry in self.log() if entry["id"] not in before]

    def log(self, **query: str) -> list[dict[str, Any]]:
        options = {"$orderby": "activityDateTime asc", "$top": "1000"} | {
            f"${name}": text for name, text in query.items()
        }
        answer = self.http.get(f"{self.graph}/auditLogs/provisioning", params=options)
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["value"]
        return entries

    def user(self, number: str) -> dict[str, Any]:
        select = (
            "id,employeeId,userPrincipalName,displayName,accountEnabled,jobTitle,department,givenName,mobilePhone,"
            "businessPhones,city,mailNickname,employeeHireDate,employeeLeaveDateTime,employeeOrgData,companyName"
        )
        query = {"$filter": f"employeeId eq '{number}'", "$select": select, "$expand": "manager($select=employeeId)"}
        [user] = self.http.get(f"{self.graph}/users", params=query).json()["value"]
        assert isinstance(user, dict)
        return user

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.handle.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def advance(self, seconds: float) -> None:
        """Move the clock and sign in anew, for a token lives by it."""
        self.control("clock", advance_seconds=seconds)
        sign_in(self.handle, self.http)

    def state(self) -> dict[str, Any]:
        content: dict[str, Any] = self.http.get(f"{self.handle.url}/sandbox/state").json()
        return content


def trusting(handle: SandboxHandle) -> httpx.Client:
    """A client that trusts this sandbox and nothing else, with the token of the control plane and not signed in."""
    context = ssl.create_default_context(cafile=handle.target.ca_file)

    def steer(request: httpx.Request) -> None:
        if request.url.path.startswith("/sandbox/"):
            request.headers["Authorization"] = f"Bearer {handle.token}"

    return httpx.Client(verify=context, trust_env=False, timeout=30, event_hooks={"request": [steer]})


def token_form(handle: SandboxHandle, **changed: str) -> dict[str, str]:
    """A token request by secret."""
    target = handle.target
    return {
        "grant_type": "client_credentials",
        "client_id": target.client_id,
        "client_secret": target.client_secret or "",
        "scope": "https://graph.microsoft.com/.default",
        **changed,
    }


def token_url(handle: SandboxHandle) -> str:
    return f"{handle.target.authority_host}/{handle.target.tenant_id}/oauth2/v2.0/token"


def sign_in(handle: SandboxHandle, client: httpx.Client) -> None:
    """Put a fresh token on the client."""
    answer = client.post(token_url(handle), data=token_form(handle))
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
