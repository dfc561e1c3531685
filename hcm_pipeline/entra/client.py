"""Microsoft Graph as far as provisioning needs it: upload, log, users and the job's state."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

import httpx
import orjson

from hcm_pipeline.entra.credentials import EntraConnection
from hcm_pipeline.entra.graph_errors import read_reply
from hcm_pipeline.entra.graph_permissions import (
    DOMAINS_PERMISSION,
    GROUPS_PERMISSION,
    JOB_PERMISSION,
    JOB_WRITE_PERMISSION,
    LOG_PERMISSION,
    ROLES_PERMISSION,
    USERS_PERMISSION,
)
from hcm_pipeline.entra.job_schema import SourceAttribute, source_attributes
from hcm_pipeline.entra.limits import LOG_RATE
from hcm_pipeline.entra.provisioning_log import LogPage, read_entries
from hcm_pipeline.errors import ServiceError, ServiceRefused, ServiceUnavailable, UsageError
from hcm_pipeline.http import CallGate, Clock, NoAnswer, OwnGate, Patience, Reply, TryAgain, trust, untrusted, utc_now

Json = Mapping[str, object]
TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=60.0, pool=10.0)
"""Seconds. An upload may be held while the service takes fifty records in."""

CONNECTIONS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=50.0)
"""Kept between two bursts of an upload, which are five seconds apart, so that no call pays for a new handshake."""

LOG_PAGE = "999"
"""Entries asked for at once: at five readings in ten seconds, pages of the service's own size take ten times as long."""

# httpx logs every address at INFO, and the filter of a users query is personal data.
logging.getLogger("httpx").setLevel(logging.WARNING)


_LOST = frozenset({"resyncrequired", "syncstatenotfound", "syncstateinvalid"})
"""Codes, in lower case, of a link that is of no use any more; so is any 410 ("Use delta query", Synchronization reset)."""


class ChangesLost(ServiceRefused):
    """The service can no longer say what has changed since; everything has to be read again."""


@dataclass(frozen=True)
class JobStatus:
    """The synchronization job's state.

    `code`: NotConfigured, NotRun, Active, Paused or Quarantine. `schedule`: Active, Disabled or Paused.
    """

    code: str
    schedule: str
    quarantine_reason: str | None


class GraphClient:
    """Graph as one app may use it, for the time of a `with` block. For one thread, except `bulk_upload`, which any may call.

    Reading calls repeat themselves as patiently as `patience` says; `bulk_upload` never does, for every attempt has to
    be journaled by its caller. Calls of the log pass `log_gate`, which others may share; by default the client's own.
    """

    def __init__(
        self, connection: EntraConnection, *, patience: Patience | None = None, clock: Clock = utc_now,
        log_gate: CallGate | None = None,
    ) -> None:  # fmt: skip
        from hcm_pipeline.entra.signin import SignIn  # loads MSAL, which most commands do not need

        self._connection = connection
        self._patience = patience or Patience()
        self._clock = clock
        self._signin = SignIn(connection)
        self._log_gate = log_gate or OwnGate(LOG_RATE, clock, self._patience.sleep)
        self._answered_at = clock()
        """The service's clock at the last page that was read."""
        try:
            self._http = httpx.Client(
                verify=trust(connection.ca_file), timeout=TIMEOUT, limits=CONNECTIONS, trust_env=not connection.sandbox,
                follow_redirects=False,
            )  # fmt: skip
        except (ValueError, ImportError, httpx.InvalidURL):  # how httpx reports a proxy that it cannot use
            raise UsageError(  # the settings have judged the proxies themselves
                "NO_PROXY: cannot be used; name hosts, domains or networks, separated by commas, or unset it"
            ) from None

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self._signin.close()

    @property
    def answered_at(self) -> dt.datetime:
        """The service's clock at the last page that was read; ours before the first."""
        return self._answered_at

    def sign_in(self) -> str:
        """A token. Raises SignInFailed, or NoAnswer when the authority cannot be reached."""
        return self._signin.token()

    def forget_token(self) -> None:
        """Have the next call ask for a fresh token: the service answered 401 to this one."""
        self._signin.forget()

    def bulk_upload(self, body: bytes, token: str) -> Reply:
        """Post one bulk request, exactly these bytes, once, with a token of `sign_in`. Any status is an answer.

        Raises NoAnswer when the connection failed; its `sent` says whether the request may have arrived.
        """
        headers = {**_headers(token), "Content-Type": "application/scim+json"}
        try:
            response = self._http.post(f"{self._job_url()}/bulkUpload", content=body, headers=headers)
        except httpx.TransportError as error:
            raise self._lost(error) from error
        return read_reply(response, self._clock())

    def provisioning_log(self, since: dt.datetime) -> Iterator[LogPage]:
        """Yield the job's log entries from `since` on, page by page, in the service's order (none is documented).

        The log lags by 5 to 10 minutes, so that entries older than the newest may still appear. A service that does not
        take so large a page is asked for pages of its own size.
        """
        moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        job = self._connection.job_id.replace("'", "''")
        query = {"$filter": f"jobid eq '{job}' and activityDateTime ge {moment}"}
        try:
            yield from self._log_pages({**query, "$top": LOG_PAGE})
        except ServiceRefused as refused:
            if refused.status != 400:
                raise
            yield from self._log_pages(query)

    def _log_pages(self, query: Mapping[str, str]) -> Iterator[LogPage]:
        path = "auditLogs/provisioning"
        for page in self._walk(path, f"{self._connection.graph_url}/{path}", query, LOG_PERMISSION, log=True):
            entries, unreadable = read_entries(self._entries(path, page))
            yield LogPage(entries, self._answered_at, unreadable)

    def users(self, select: Sequence[str], filter: str | None = None) -> Iterator[dict[str, object]]:
        """Yield users with the selected properties; `filter` is an OData expression (a ' within a text is doubled)."""
        query = {"$select": ",".join(select), "$top": "999"} | ({"$filter": filter} if filter else {})
        for user in self._pages("users", query, USERS_PERMISSION):
            if isinstance(user, dict):
                yield user

    def deleted_users(self, select: Sequence[str]) -> Iterator[Mapping[str, object]]:
        """Yield soft-deleted users ("List deletedItems": what was deleted in the last 30 days)."""
        query = {"$select": ",".join(select), "$top": "999"}
        for user in self._pages("directory/deletedItems/microsoft.graph.user", query, USERS_PERMISSION):
            if isinstance(user, dict):
                yield user

    def changes(
        self, resource: Literal["users", "groups"], select: Sequence[str], link: str | None = None
    ) -> Generator[Mapping[str, object], None, str]:
        """Yield every user or group, or with `link` what has changed since; returns the link for the next time.

        An entry is an id with the selected properties: null is cleared, one that is missing has not changed or was never
        set. An entry with `@removed` is gone. The same may come several times. A link is a path without its host, so that
        the host may move. Raises ChangesLost when the service does not know the link any more.
        """
        permission = USERS_PERMISSION if resource == "users" else GROUPS_PERMISSION
        if link is None:
            url, query = f"{self._connection.graph_url}/{resource}/delta", {"$select": ",".join(select)}
        else:
            url, query = self._same_origin(resource, urljoin(self._connection.graph_url, link)), {}
        try:
            for page in self._walk(resource, url, query, permission):
                for entry in self._entries(resource, page):
                    if isinstance(entry, dict):
                        yield entry
                last = page.get("@odata.deltaLink")
        except ServiceRefused as refused:
            if refused.status == 410 or refused.code.lower() in _LOST:
                raise ChangesLost(str(refused), refused.status, refused.code) from refused
            raise
        if not isinstance(last, str) or not last:
            raise ServiceError(f"{resource}: the last page has no link for the changes to come")
        parts = urlsplit(self._same_origin(resource, urljoin(url, last)))
        return f"{parts.path}?{parts.query}"

    def domains(self) -> dict[str, bool]:
        """Every domain of the tenant, and whether it is verified."""
        listed = self._pages("domains", {}, DOMAINS_PERMISSION)
        return {
            str(one["id"]): one.get("isVerified") is True for one in listed if isinstance(one, dict) and one.get("id")
        }

    def role_members(self) -> dict[str, list[str]]:
        """The names of the roles that are assigned to each user and group itself, by their ids."""
        definitions = self._pages(
            "roleManagement/directory/roleDefinitions", {"$select": "id,displayName"}, ROLES_PERMISSION
        )
        names = {
            one["id"]: str(one["displayName"])
            for one in definitions
            if isinstance(one, dict) and one.get("displayName")
        }
        found: dict[str, list[str]] = {}
        query = {"$select": "principalId,roleDefinitionId"}
        for one in self._pages("roleManagement/directory/roleAssignments", query, ROLES_PERMISSION):
            if isinstance(one, dict) and one.get("principalId") and one.get("roleDefinitionId") in names:
                found.setdefault(str(one["principalId"]), []).append(names[one["roleDefinitionId"]])
        return found

    def members(self, group: str) -> list[str]:
        """The ids of all members of a group, of groups in it too."""
        listed = self._pages(
            f"groups/{quote(group, safe='')}/transitiveMembers", {"$select": "id", "$top": "999"}, GROUPS_PERMISSION
        )
        return [str(one["id"]) for one in listed if isinstance(one, dict) and one.get("id")]

    def synchronization_settings(self) -> dict[str, str]:
        """The settings that the app's job has beside its schema (`synchronization/secrets`), by key; secret ones come disguised."""
        url = f"{self._job_url().partition('/jobs/')[0]}/secrets"
        listed = self._get(url, {}, JOB_PERMISSION).get("value")
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return {str(one["key"]): str(one.get("value") or "") for one in found if one.get("key")}

    def job_status(self, give_up_after: float | None = None) -> JobStatus:
        """The synchronization job's state now. `give_up_after`: seconds of waiting, for less patience than the client has."""
        patience = self._patience if give_up_after is None else replace(self._patience, give_up_after=give_up_after)
        job = self._get(self._job_url(), {}, JOB_PERMISSION, patience=patience)
        status, schedule = _object(job.get("status")), _object(job.get("schedule"))
        quarantine = _object(status.get("quarantine"))
        return JobStatus(
            code=str(status.get("code") or ""),
            schedule=str(schedule.get("state") or ""),
            quarantine_reason=str(quarantine["reason"]) if quarantine.get("reason") else None,
        )

    def source_attributes(
        self, mapping_field: str | None = None, give_up_after: float | None = None
    ) -> list[SourceAttribute]:
        """The attributes that the job's mappings use, and whether a null of them clears (see `job_schema.source_attributes`)."""
        patience = self._patience if give_up_after is None else replace(self._patience, give_up_after=give_up_after)
        schema = self._get(f"{self._job_url()}/schema", {}, JOB_PERMISSION, patience=patience)
        return source_attributes(schema, mapping_field)

    def job_call(
        self, method: Literal["GET", "PUT", "DELETE", "POST"], part: str, body: object = None, *,
        give_up_after: float | None = None, beta: bool = False,
    ) -> Json:  # fmt: skip
        """One call of a part of the job, such as `schema`; the answer's object, empty where the service answers nothing.

        `beta`: the part is of Graph's beta version alone. The call is repeated like a reading call, so that it has to be harmless
        twice. Raises ServiceRefused and what `job_status` raises.
        """
        content = None if body is None else orjson.dumps(body)
        patience = self._patience if give_up_after is None else replace(self._patience, give_up_after=give_up_after)
        permission = JOB_PERMISSION if (method, part) == ("GET", "schema") else JOB_WRITE_PERMISSION
        job = self._job_url(beta=beta)
        return self._call(method, f"{job}/{part}", {}, permission, content=content, patience=patience)

    def _job_url(self, *, beta: bool = False) -> str:
        to = self._connection
        graph = f"{to.graph_url.removesuffix('/v1.0')}/beta" if beta else to.graph_url
        principal, job = quote(to.service_principal_id, safe=""), quote(to.job_id, safe="")
        return f"{graph}/servicePrincipals/{principal}/synchronization/jobs/{job}"

    def _pages(self, path: str, query: Mapping[str, str], permission: str, *, log: bool = False) -> Iterator[object]:
        for page in self._walk(path, f"{self._connection.graph_url}/{path}", query, permission, log=log):
            yield from self._entries(path, page)

    def _walk(
        self, path: str, url: str, query: Mapping[str, str], permission: str, *, log: bool = False
    ) -> Iterator[Mapping[str, object]]:
        """The pages from `url` on."""
        seen = set[str]()
        while True:
            page = self._get(url, query, permission, log=log)
            yield page
            link = page.get("@odata.nextLink")
            if not isinstance(link, str) or not link:
                return
            url, query = self._same_origin(path, urljoin(url, link)), {}
            if url in seen:
                raise ServiceError(f"{path}: the service's pages lead in a circle")
            seen.add(url)

    @staticmethod
    def _entries(path: str, page: Mapping[str, object]) -> list[object]:
        entries = page.get("value")
        if not isinstance(entries, list):
            raise ServiceError(f"{path}: the answer has no list of values")
        return entries

    def _same_origin(self, path: str, link: str) -> str:
        """A page elsewhere would be handed our token."""
        there, here = urlsplit(link), urlsplit(self._connection.graph_url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise ServiceError(f"{path}: the next page is on another host ({there.netloc}); it was not followed")
        return link

    def _get(
        self,
        url: str,
        query: Mapping[str, str],
        permission: str,
        *,
        log: bool = False,
        patience: Patience | None = None,
    ) -> Mapping[str, object]:
        return self._call("GET", url, query, permission, log=log, patience=patience)

    def _call(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        permission: str,
        *,
        content: bytes | None = None,
        log: bool = False,
        patience: Patience | None = None,
    ) -> Json:
        path = urlsplit(url).path
        try:
            answer, told = (patience or self._patience).attempts()(self._settled, method, url, query, content, log)
        except TryAgain as last:
            raise ServiceUnavailable(f"{path}: gave up: {last.reason}") from last
        self._answered_at = answer.service_time
        if answer.status not in (200, 204):
            mend = f"; the app needs the permission {permission}, with admin consent" if answer.status == 403 else ""
            raise ServiceRefused(f"{path}: {answer.describe()}{mend}", answer.status, answer.code)
        if not told and method != "GET":
            return {}
        try:
            return _object(orjson.loads(told))
        except orjson.JSONDecodeError as error:
            raise ServiceError(f"{path}: the answer is not JSON") from error

    def _settled(
        self, method: str, url: str, query: Mapping[str, str], content: bytes | None, log: bool
    ) -> tuple[Reply, bytes]:
        """One answer that will not pass. A token refused before its time is renewed once."""
        answer, told = self._once(method, url, query, content, log=log)
        if answer.status == 401:
            self.forget_token()
            answer, told = self._once(method, url, query, content, log=log)
        if answer.passing:
            raise TryAgain(answer.describe(), answer.retry_after)
        return answer, told

    def _once(
        self, method: str, url: str, query: Mapping[str, str], content: bytes | None, *, log: bool
    ) -> tuple[Reply, bytes]:
        try:
            headers = _headers(self._signin.token())
            if content is not None:
                headers["Content-Type"] = "application/json"
            with self._log_gate.call() if log else nullcontext():
                response = self._http.request(method, url, params=query or None, headers=headers, content=content)
        except NoAnswer as error:
            raise TryAgain(str(error)) from error
        except httpx.TransportError as error:
            lost = self._lost(error)
            raise (TryAgain(str(lost)) if isinstance(lost, NoAnswer) else lost) from error
        return read_reply(response, self._clock()), response.content

    def _lost(self, error: httpx.TransportError) -> ServiceError:
        host = urlsplit(self._connection.graph_url).netloc
        if untrusted(error):
            return ServiceError(f"{host}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust")
        never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
        what = "cannot be reached" if never_sent else "broke the connection before it answered"
        return NoAnswer(f"{host} {what} ({type(error).__name__})", sent=not never_sent)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "client-request-id": str(uuid.uuid4())}


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
