"""The sandbox's options and their defaults: the service's documented limits, with a fast cycle."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeVar

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

TENANT_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5801"
CLIENT_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5802"
SERVICE_PRINCIPAL_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5803"
JOB_GUID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5804"

UPLOAD = "SynchronizationData-User.Upload"
PERMISSIONS = (
    UPLOAD,
    "ProvisioningLog.Read.All",
    "Synchronization.ReadWrite.All",
    "User.Read.All",
    "GroupMember.Read.All",
    "Domain.Read.All",
    "RoleManagement.Read.Directory",
    "Application.Read.All",
    "Organization.Read.All",
)
FIXED = ("tenant_id", "client_id", "client_secret", "service_principal_id", "job_guid", "target", "set_up", "company")
"""Options of a fresh directory; it keeps those it began with."""

Model = TypeVar("Model")
Seconds = Annotated[float, Field(ge=0, lt=1e9)]
Count = Annotated[int, Field(ge=0, lt=10**9)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SandboxOptions:
    """How the sandbox behaves. Those of `FIXED` count for a fresh directory only; the others may change while it runs.

    Times are seconds on the sandbox's clock, except `latency_seconds`, which are real ones. Raises pydantic's
    ValidationError, a ValueError, for a value that is not allowed.
    """

    tenant_id: str = TENANT_ID
    client_id: str = CLIENT_ID
    client_secret: str | None = None
    """None: a random one."""
    service_principal_id: str = SERVICE_PRINCIPAL_ID
    job_guid: str = JOB_GUID
    target: Literal["entra", "ad"] = "entra"
    """The target of the job: Microsoft Entra ID (API2AAD), or Active Directory behind an agent (API2AD)."""

    set_up: bool = True
    """False: a tenant without the gallery application and its job; `instantiate` and `POST jobs` make them."""

    company: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """People of a simulated company in the Oracle HCM of a fresh directory; 0: nobody is there."""

    cycle_seconds: Annotated[float, Field(gt=0, lt=1e9)] = 1.0
    """From the start of one provisioning cycle to the start of the next."""
    log_lag_seconds: Seconds = 0.0
    """How long a log entry stays invisible after the fact; 300 to 600 on the real service."""
    calls_per_5s: Count = 40
    daily_quota: Count = 2000
    """bulkUpload calls in any 24 hours; 6000 with an Entra ID Governance licence."""
    log_calls_per_10s: Count = 5
    retry_after: bool = True
    """Whether a 429 carries Retry-After."""
    bucket_records: Count | None = None
    """Records the ingestion queue holds before it answers that the bucket is full; None: no bound."""
    bucket_retry_after: Count | None = None
    """Seconds that the answer of a full bucket asks to wait; None: it does not say."""

    strict: bool = True
    """Refuse what the reference forbids; False accepts the deviations found in Microsoft's own samples."""
    delete_method: Literal["reject", "ignore"] | None = None
    """The fate of a DELETE operation; None: reject when strict, else accept and ignore."""
    active_omitted: Literal["unchanged", "disable"] = "unchanged"
    """The effect of a matched record without `active` on the account."""
    flow_nulls: bool | frozenset[str] = False
    """Whether null and "" clear an attribute on update, or the source attributes that they clear, as the job's schema names them.
    Where they do not, null is skipped, and "" too or, in Active Directory, fails. The log calls it success either way."""
    omission_clears: bool = False
    """Where nulls flow: an attribute left out of a present parent is cleared too, as the preview documents."""
    map_mobile: bool = True
    """Whether phoneNumbers[type eq "mobile"] is processed besides the "work" ones."""
    mail: Literal["writable", "create_only", "ignored"] = "writable"
    """Whether emails flow to `mail`: the tutorial maps them, while Exchange owns the attribute once there is a mailbox."""
    unchanged_record: Literal["skipped", "update"] = "skipped"
    """How a record that changes nothing is logged; the service writes some attributes each time and calls it an update."""
    verified_domains: frozenset[str] | None = None
    """Domains a userPrincipalName may have, besides any *.onmicrosoft.com; None: any that is legally spelled."""
    unverified_domains: frozenset[str] = frozenset()
    """Domains that the tenant has and nobody has verified: a userPrincipalName may not have one."""
    default_domain: str | None = None
    """The domain that `DefaultDomain()` and the list of domains call the default; None: the initial one."""
    target_directory: str | None = None
    """How the schema calls the target directory; None: Azure Active Directory, or Active Directory."""
    default_container: str = "OU=Users,DC=contoso,DC=com"
    """Active Directory: where an account goes whose record names no parentDistinguishedName."""
    containers: frozenset[str] | None = None
    """Active Directory: the containers that exist, besides the default one; None: any that is legally spelled."""

    notification_email: bool = True
    """Whether the job has an address to notify; without one it is quarantined when it is started."""
    agent: Literal["running", "down"] = "running"
    """Active Directory: the provisioning agent. Down: uploads are accepted, and nothing is processed."""
    agent_down_shows: Literal["nothing", "warnings", "quarantine"] = "quarantine"
    """The sign of an agent that is down, for none is documented: nothing, warnings in the log, or a quarantine."""
    quarantine_failures: Count | None = 5000
    """Failures in a cycle from which a job is quarantined, when they are over 40 % of its records; None: never."""
    retry_failed_seconds: Annotated[float, Field(ge=1, lt=1e9)] | None = None
    """After which a failed record is tried again by itself (2400 is documented), staying in the bucket; None: never."""

    withheld_permissions: frozenset[str] = frozenset()
    """Permissions nobody consented to: calls that need one answer 403."""
    further_permissions: frozenset[str] = frozenset()
    """Permissions that the client has besides its own."""
    secret_days: Annotated[float, Field(gt=-10_000, lt=100_000)] = 365.0
    """Days from now until the client secret expires; below 0 it has, and no sign-in by it succeeds."""
    certificate_days: Annotated[float, Field(gt=-10_000, lt=100_000)] | None = None
    """The same of the certificates; None: as they say themselves."""
    clock_skew_seconds: Annotated[float, Field(gt=-1e9, lt=1e9)] = 0.0
    """How far the Date header of Graph's answers is ahead of the sandbox's clock."""
    license: Literal["none", "p1", "p2", "governance"] = "p1"
    """The licence of the tenant: `assignedPlans` of the organization, and `subscribedSkus`."""
    license_seats: Count | None = None
    """Accounts that the licence is enough for; the next one fails with LicenseLimitExceeded. None: any number."""
    token_seconds: Annotated[int, Field(gt=0, lt=10**9)] = 3599
    latency_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Added to every Graph call."""

    @property
    def job_id(self) -> str:
        """The job of a fresh directory."""
        api = "API2AD" if self.target == "ad" else "API2AAD"
        return f"{api}.{self.tenant_id.replace('-', '')}.{self.job_guid}"

    def flows_nulls(self, source: str) -> bool:
        """Whether null clears what a source attribute is mapped to. An organisation's own is known by the last part of its name."""
        if isinstance(self.flow_nulls, bool):
            return self.flow_nulls
        own = source.startswith("urn:") and ":extension:enterprise:" not in source
        last = source.rpartition(":")[2]
        return source in self.flow_nulls or (own and any(name.rpartition(":")[2] == last for name in self.flow_nulls))

    @property
    def rejects_delete(self) -> bool:
        """Whether a DELETE operation makes the request invalid."""
        return self.strict if self.delete_method is None else self.delete_method == "reject"


CHANGEABLE = tuple(field.name for field in dataclasses.fields(SandboxOptions) if field.name not in FIXED)
"""Options that may change while the sandbox runs."""


def option_values(options: SandboxOptions) -> dict[str, object]:
    """Those that may change, as JSON has them; sets in their order."""
    plain: dict[str, object] = TypeAdapter(SandboxOptions).dump_python(options, mode="json")
    return {name: sorted(value) if isinstance(value := plain[name], list) else value for name in CHANGEABLE}


def with_changes(options: SandboxOptions, changes: Mapping[str, object]) -> SandboxOptions:
    """The options with some of them changed, by name. Raises ValueError that says what is allowed."""
    for name in changes:
        if name in FIXED:
            raise ValueError(f"{name}: counts for a fresh directory only, and cannot change while the sandbox runs")
        if name not in CHANGEABLE:
            raise ValueError(f"{name}: not known; allowed: {', '.join(CHANGEABLE)}")
    return checked(SandboxOptions, {**dataclasses.asdict(options), **changes})


def from_words(words: Iterable[str]) -> dict[str, object]:
    """Options as a command line has them, `key=value` with the value as JSON or as it is. Raises ValueError."""
    given: dict[str, object] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or name not in SandboxOptions.__dataclass_fields__:
            allowed = ", ".join(SandboxOptions.__dataclass_fields__)
            raise ValueError(f"{word}: an option is written key=value; the keys are {allowed}")
        try:
            given[name] = orjson.loads(text)
        except orjson.JSONDecodeError:
            given[name] = text
    return given


def checked(model: type[Model], given: Mapping[str, object]) -> Model:
    """A model of what JSON gave. Raises ValueError that names each wrong value and what is allowed."""
    try:
        return TypeAdapter(model).validate_json(orjson.dumps(given, default=list), strict=True)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_input=False)]
        raise ValueError("; ".join(f"{place}: {text}" if place else text for place, text in faults)) from None
