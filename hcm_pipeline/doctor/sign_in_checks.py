"""Sign-in: each way that is set up, when its secret or certificate expires, and which permissions the token carries.

Sources: the pages on granting access to API-driven provisioning and on federated credentials, and the permissions reference.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from shlex import quote

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.phrases import SOON, days_until, moment_of, some
from hcm_pipeline.entra import EntraConnection, Json, SignInWay, claims_of
from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.profile import Profile

PORTAL_APP = "Entra admin center > App registrations > the app > Certificates & secrets"
_SETS = {
    SignInWay.CERTIFICATE: "AZURE_CLIENT_CERTIFICATE_PATH",
    SignInWay.SECRET: "AZURE_CLIENT_SECRET",
    SignInWay.FEDERATED: "AZURE_FEDERATED_TOKEN_FILE",
    SignInWay.MANAGED: "AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential",
}


@dataclass(frozen=True)
class Needed:
    """A permission that the pipeline uses. `any_of`: one of them is enough, the least first. `must`: nothing goes without."""

    any_of: tuple[str, ...]
    what_for: str
    must: Callable[[Profile], bool]

    @property
    def name(self) -> str:
        """The least that is enough."""
        return self.any_of[0]


def _always(profile: Profile) -> bool:
    del profile
    return True


def _reads_accounts(profile: Profile) -> bool:
    kinds = {directory.kind for directory in profile.identity.directories.values()}
    return "entra" in kinds or profile.writeback is not None


def _never(profile: Profile) -> bool:
    del profile
    return False


NEEDED = (
    Needed(("SynchronizationData-User.Upload", "SynchronizationData-User.Upload.OwnedBy"), "sending (upload)", _always),
    Needed(
        ("ProvisioningLog.Read.All", "AuditLog.Read.All"),
        "reading outcomes, and knowing what the target was sent before", _always,
    ),
    Needed(
        ("Synchronization.Read.All", "Synchronization.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
        "reading the job, its schema, and the attributes whose nulls clear", _never,
    ),
    Needed(
        ("User.Read.All", "Directory.Read.All"),
        "finding names that are taken and accounts to adopt, and writing back", _reads_accounts,
    ),
    Needed(("GroupMember.Read.All", "Directory.Read.All"), "guards that protect members of groups", _never),
    Needed(("RoleManagement.Read.Directory", "Directory.Read.All"), "guards that protect administrators", _never),
    Needed(("Domain.Read.All", "Directory.Read.All"), "checking the domains of user names", _never),
    Needed(("Application.Read.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"), "seeing when secrets expire", _never),
    Needed(("Organization.Read.All", "Directory.Read.All"), "comparing licences with people", _never),
)  # fmt: skip
ALLOWED = frozenset({
    "Synchronization.ReadWrite.All", "LicenseAssignment.Read.All", "User-LifeCycleInfo.Read.All",
    "OnPremisesPublishingProfiles.ReadWrite.All",
})  # fmt: skip
"""Permissions besides, which verbs of the target (`target apply`, `target setup`) and some checks use."""


def _sign_in(seen: Examined) -> Iterator[Said]:
    way = seen.connection.way
    try:
        token = seen.token()
    except NotLookedAt as reason:
        yield not_looked_at(str(reason))
    except ServiceError as error:
        yield failed(
            f"no sign-in by {way}: {error}",
            "nothing can be sent, and nothing of the tenant can be read",
            f"Mend what the code names, at {PORTAL_APP}, or in {_SETS[way]}",
        )
    else:
        yield ok(f"signed in by {way}{_lasting(token, seen.today())}")
        yield from _expiry(seen, seen.connection)
    for other in seen.other_sign_ins:
        yield from _other(seen, other)


def _lasting(token: str, now: dt.datetime) -> str:
    until = claims_of(token).get("exp")
    if not isinstance(until, int):
        return ""
    minutes = (dt.datetime.fromtimestamp(until, dt.UTC) - now) / dt.timedelta(minutes=1)
    return f", with a token for {minutes:.0f} minutes"


def _other(seen: Examined, other: EntraConnection) -> Iterator[Said]:
    """A way that is set up and does not count now: it is there for the day when the first one fails."""
    from hcm_pipeline.entra import token_of

    if seen.wires()[0].fault is not None and not other.managed_identity:
        return
    try:
        token_of(other)
    except SignInFailed as error:
        yield warning(
            f"{other.way} is set up besides and does not sign in: {error}",
            f"it does not count now, for {seen.connection.way} goes before it",
            f"Mend it, or unset {_SETS[other.way]}",
        )
        return
    except ServiceError as error:
        yield not_looked_at(f"{other.way}: {error}")
        return
    yield ok(f"{other.way} is set up besides and would sign in, too")
    yield from _expiry(seen, other)


def _expiry(seen: Examined, by: EntraConnection) -> Iterator[Said]:
    if by.way is SignInWay.CERTIFICATE:
        yield from _certificate_expiry(seen, by)
    elif by.way is SignInWay.SECRET:
        try:
            yield from _secret_expiry(seen.application(), by.client_secret or "", seen.today())
        except NotLookedAt as reason:
            yield not_looked_at(f"when the client secret expires: {reason}")


def _certificate_expiry(seen: Examined, by: EntraConnection) -> Iterator[Said]:
    from hcm_pipeline.entra import certificate_facts

    assert by.certificate_path is not None
    if by.certificate_path.stat().st_mode & 0o077:
        yield warning(
            f"{by.certificate_path} holds the private key, and other accounts may read it", "they could sign in as the pipeline",
            f"chmod go= {quote(str(by.certificate_path))}",
        )  # fmt: skip
    facts = certificate_facts(by.certificate_path, by.certificate_password)
    ends = facts.not_after
    try:
        registered = [
            moment
            for key in _credentials(seen.application(), "keyCredentials")
            if (moment := _names(key, facts.thumbprint))
        ]
        ends = min([ends, *registered])
    except NotLookedAt:
        pass  # the file itself tells
    yield _expires(
        "the certificate",
        ends,
        seen.today(),
        f"`hcm-pipeline target setup --certificate` makes a new one; register it: {PORTAL_APP}",
    )


def _names(credential: Json, thumbprint: str) -> dt.datetime | None:
    """When a registered key expires, if it has this thumbprint: Graph gives it in base64, of the bytes or of their text."""
    import base64
    import binascii

    told = credential.get("customKeyIdentifier")
    try:
        raw = base64.b64decode(told) if isinstance(told, str) else b""
    except binascii.Error:
        return None
    same = thumbprint in (raw.hex().upper(), raw.decode("ascii", "replace").upper(), str(told).upper())
    return moment_of(credential.get("endDateTime")) if same else None


def _secret_expiry(application: Json, secret: str, now: dt.datetime) -> Iterator[Said]:
    """The registration tells how each secret begins (`hint`): of several that begin alike the last to expire counts."""
    ends = [
        moment for one in _credentials(application, "passwordCredentials")
        if one.get("hint") and secret.startswith(str(one["hint"])) and (moment := moment_of(one.get("endDateTime")))
    ]  # fmt: skip
    if not ends:
        yield not_looked_at(
            "when the client secret expires: the registration lists none that begins as AZURE_CLIENT_SECRET does"
        )
        return
    yield _expires(
        "the client secret", max(ends), now, f"Make a new one and set AZURE_CLIENT_SECRET to its value: {PORTAL_APP}"
    )


def _credentials(application: Json, name: str) -> list[Json]:
    listed = application.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _expires(what: str, ends: dt.datetime, now: dt.datetime, mend: str) -> Said:
    if ends - now > SOON:
        return ok(f"{what} expires {days_until(ends, now)}")
    said = failed if ends <= now else warning
    return said(
        f"{what} expires {days_until(ends, now)}", "from then on nobody is signed in, and nothing is sent", mend
    )


def _permissions(seen: Examined) -> Iterator[Said]:
    roles, profile = seen.roles(), seen.profile
    for needed in NEEDED:
        if roles.intersection(needed.any_of):
            continue
        alternatives = f" (or {' or '.join(needed.any_of[1:])})" if needed.any_of[1:] else ""
        mend = (
            "`hcm-pipeline target setup` prints the commands; or Entra admin center > App registrations > the app > API permissions"
            f" > Microsoft Graph > Application permissions > {needed.name} > Grant admin consent"
        )
        if needed.must(profile):
            yield failed(f"{needed.name}{alternatives} is missing", f"it is needed for {needed.what_for}", mend)
        else:
            yield warning(f"{needed.name}{alternatives} is missing", f"it goes without: {needed.what_for}", mend)
    used = {name for needed in NEEDED for name in needed.any_of} | ALLOWED
    if surplus := sorted(roles - used):
        yield warning(
            f"the app may more than it uses: {some(surplus)}",
            "a stolen secret would be good for that, too",
            "Entra admin center > App registrations > the app > API permissions: remove them",
        )
    yield ok(f"{len(roles & used)} permissions are there that are used")


CHECKS = (
    Check(
        "sign-in",
        "target",
        "the sign-in, each way that is set up, and when its secret or certificate expires",
        _sign_in,
    ),
    Check(
        "permissions",
        "target",
        "the permissions in the token (roles), against those that the pipeline uses",
        _permissions,
    ),
)
