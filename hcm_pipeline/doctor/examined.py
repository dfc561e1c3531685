"""The subject of the checks: the settings, and facts that are found out once, by whichever check asks first.

A fact that cannot be had raises NotLookedAt, with the reason; the one check whose business it is asks for it in a way that tells
the fault itself. So one fault is one finding. Nothing here writes.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from hcm_pipeline.doctor.dagster_state import DagsterState
from hcm_pipeline.doctor.finding import NotLookedAt
from hcm_pipeline.doctor.once import Once
from hcm_pipeline.doctor.warehouse_facts import WarehouseFacts, read_facts
from hcm_pipeline.entra import EntraConnection, Json, TenantReader, Wire, claims_of, reading_client, try_wire
from hcm_pipeline.errors import HomeError, PipelineError, ServiceError, ServiceRefused, UsageError
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, NoAnswer, utc_now
from hcm_pipeline.profile import LoadedProfile, Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.sources import Opener

T = TypeVar("T")

LONGEST_EMPLOYEE_ID = 16
"""Characters of employeeId in Entra ID."""
NO_TARGET = (
    "no target is set (HCM_PIPELINE_SERVICE_PRINCIPAL_ID), and the home's own sandbox does not run; `hcm-pipeline sandbox`"
    " starts it"
)


@dataclass(frozen=True)
class Means:
    """How the doctor gets at what lies outside this room."""

    load_profile: Callable[[], LoadedProfile]
    opener: Opener
    dagster: Callable[[], DagsterState] | None = None
    """Raises NoInstance."""
    clock: Clock = utc_now


class Examined:
    """One installation, as far as it can be looked at. Any thread may ask."""

    def __init__(
        self, settings: Settings, connection: EntraConnection | None, others: Sequence[EntraConnection], means: Means
    ) -> None:
        self.settings = settings
        self.home: Home = settings.home
        self._connection = connection
        self.other_sign_ins = tuple(others)
        self.means = means
        self.clock = means.clock
        self._loaded = Once(means.load_profile)
        self._token = Once(self._sign_in)
        self._reader = Once(self._read_tenant)
        self._wires = Once(self._try_wires)
        self._facts = Once(self._read_warehouse)
        self._roles = Once(self._read_roles)
        self._job = Once(self._read_job)
        self._schema = Once(lambda: self.read(f"{self.job_path}/schema", "Synchronization.Read.All"))
        self._principal = Once(lambda: self.read(self.principal_path, "Application.Read.All"))
        self._application = Once(self._read_application)
        self._users = Once(self._read_users)
        self._lock = threading.Lock()
        self._more: dict[str, Once[Any]] = {}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The fact that `make` finds out, the first time that the name is asked for. Raises what it raised, each time."""
        with self._lock:
            known = self._more.setdefault(name, Once(make))
        found: T = known()
        return found

    def close(self) -> None:
        """Close the connections, if there are any."""
        if (reader := self._reader.found) is not None:
            reader.close()

    # --- here

    def load(self) -> LoadedProfile:
        """The profile. Raises ProfileError, for the check whose business it is."""
        return self._loaded()

    @property
    def profile(self) -> Profile:
        """The profile's values. Raises NotLookedAt."""
        try:
            return self._loaded().profile
        except PipelineError:
            raise NotLookedAt("the profile cannot be read: see `profile`") from None

    @property
    def warehouse(self) -> WarehouseFacts:
        """All that the read copy tells. Raises NotLookedAt."""
        try:
            return self._facts()
        except HomeError as error:
            raise NotLookedAt(" ".join(error.lines)) from None

    def find_warehouse(self) -> WarehouseFacts:
        """The same, for the check whose business it is: raises HomeError."""
        return self._facts()

    def _read_warehouse(self) -> WarehouseFacts:
        key = self._connection.key if self._connection else ""
        return read_facts(self.home, key, LONGEST_EMPLOYEE_ID)

    # --- the target

    @property
    def connection(self) -> EntraConnection:
        """The target. Raises NotLookedAt."""
        if self._connection is None:
            raise NotLookedAt(NO_TARGET)
        return self._connection

    @property
    def principal_path(self) -> str:
        """The service principal of the provisioning app, below Graph's version."""
        return f"servicePrincipals/{quote(self.connection.service_principal_id, safe='')}"

    @property
    def job_path(self) -> str:
        """The synchronization job."""
        return f"{self.principal_path}/synchronization/jobs/{quote(self.connection.job_id, safe='')}"

    def wires(self) -> tuple[Wire, Wire]:
        """The lines to the authority and to Graph, tried without signing in."""
        return self._wires()

    def _try_wires(self) -> tuple[Wire, Wire]:
        to = self.connection
        authority = f"{to.authority_host}/{quote(to.tenant_id, safe='')}/v2.0/.well-known/openid-configuration"
        try:
            with reading_client(to) as client:
                return try_wire(client, authority, self.clock), try_wire(
                    client, f"{to.graph_url}/organization", self.clock
                )
        except UsageError as error:  # the CA file, or NO_PROXY: no line can be tried
            of_proxies = str(error).startswith("NO_PROXY")
            hosts = (urlsplit(url).netloc for url in (authority, to.graph_url))
            one, other = (Wire(host, fault=str(error), untrusted=not of_proxies) for host in hosts)
            return one, other

    def lines(self) -> tuple[tuple[str, Wire], ...]:
        """The lines that are needed, with the addresses that they lead to: a managed identity asks no authority."""
        authority, graph = self.wires()
        to = self.connection
        needed = ((to.authority_host, authority), (to.graph_url, graph))
        return needed[1:] if to.managed_identity else needed

    def token(self) -> str:
        """A token of the way that counts. Raises SignInFailed and NoAnswer, for the check whose business it is; NotLookedAt."""
        return self._token()

    def _sign_in(self) -> str:
        from hcm_pipeline.entra import token_of  # loads MSAL

        to, (authority, _) = self.connection, self.wires()
        if authority.fault is not None and not to.managed_identity:
            raise NotLookedAt(f"{authority.fault}: see `{'certificates' if authority.untrusted else 'reach'}`")
        return token_of(to)

    @property
    def graph(self) -> TenantReader:
        """Graph, read as the pipeline's app. Raises NotLookedAt."""
        return self._reader()

    def _read_tenant(self) -> TenantReader:
        _, graph = self.wires()
        try:
            token = self.token()
        except ServiceError:
            raise NotLookedAt("nobody is signed in: see `sign-in`") from None
        if graph.fault is not None:
            raise NotLookedAt(f"{graph.fault}: see `{'certificates' if graph.untrusted else 'reach'}`")
        return TenantReader(self.connection, token, clock=self.clock)

    def read(self, path: str, permission: str, query: Mapping[str, str] | None = None, *, beta: bool = False) -> Json:
        """A resource of Graph. Raises NotLookedAt where there is no right to it or no answer, and ServiceRefused otherwise."""
        with _told(self, permission):
            return self.graph.get(path, query, beta=beta)

    def values(
        self, path: str, permission: str, query: Mapping[str, str] | None = None, *, beta: bool = False
    ) -> list[Json]:
        """A list of Graph. Raises as `read`."""
        with _told(self, permission):
            return self.graph.values(path, query, beta=beta)

    def roles(self) -> frozenset[str]:
        """The permissions in the token. Raises NotLookedAt."""
        return self._roles()

    def _read_roles(self) -> frozenset[str]:
        _ = self.graph
        claims = claims_of(self.token())
        if not claims:
            raise NotLookedAt("the token is of a form that does not tell which permissions it carries")
        told = claims.get("roles")  # a token without any permission has no such claim
        return frozenset(str(one) for one in told) if isinstance(told, list) else frozenset()

    def job(self) -> Json:
        """The job's resource. Raises NotLookedAt, also where it is not there: see `job`."""
        try:
            return self._job()
        except ServiceRefused:
            raise NotLookedAt("the job is not there: see `job`") from None

    def find_job(self) -> Json:
        """The same, for the check whose business it is: raises ServiceRefused."""
        return self._job()

    def _read_job(self) -> Json:
        return self.read(self.job_path, "Synchronization.Read.All")

    def principal(self) -> Json:
        """The service principal of the provisioning app. Raises NotLookedAt and ServiceRefused."""
        return self._principal()

    def schema(self) -> Json:
        """The job's schema, as Graph's JSON. Raises NotLookedAt."""
        self.job()
        try:
            return self._schema()
        except ServiceRefused as refused:
            raise NotLookedAt(f"the job's schema was refused ({refused.status})") from None

    def application(self) -> Json:
        """The registration of the pipeline's own app: its secrets and certificates. Raises NotLookedAt."""
        return self._application()

    def _read_application(self) -> Json:
        client = self.connection.client_id.replace("'", "''")
        query = {
            "$filter": f"appId eq '{client}'",
            "$select": "id,appId,displayName,passwordCredentials,keyCredentials",
        }
        try:
            found = self.values("applications", "Application.Read.All", query)
        except ServiceRefused as refused:
            raise NotLookedAt(f"the app registration was refused ({refused.status})") from None
        if not found:
            raise NotLookedAt("the app has no registration in this tenant, so that its credentials are kept elsewhere")
        return found[0]

    def users(self) -> list[Json]:
        """The accounts of the tenant, with person number and user name: where no directory has been read. Raises NotLookedAt."""
        return self._users()

    def _read_users(self) -> list[Json]:
        query = {"$select": "id,employeeId,userPrincipalName,userType", "$top": "999"}
        return self.values("users", "User.Read.All", query)

    @property
    def to_active_directory(self) -> bool:
        """Whether the job writes to Active Directory, by its id."""
        return self.connection.job_id.upper().startswith("API2AD.")

    @property
    def graph_host(self) -> str:
        """Graph's host, for messages."""
        return urlsplit(self.connection.graph_url).netloc

    def today(self) -> dt.datetime:
        """Now."""
        return self.clock()


class _told:
    """The border of one reading: no right, and no answer, are reasons why nothing was looked at."""

    def __init__(self, seen: Examined, permission: str) -> None:
        self._seen, self._permission = seen, permission

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ServiceRefused) and error.status in (401, 403):
            may = self._permission in self._seen.roles()
            why = f"it is refused ({error.status}) all the same" if may else "it is missing"
            raise NotLookedAt(f"the app may not read it: {self._permission} is needed, and {why}") from None
        if isinstance(error, NoAnswer) or (isinstance(error, ServiceError) and not isinstance(error, ServiceRefused)):
            raise NotLookedAt(f"Graph gave no answer that can be read: {error}") from None
