"""The effect of one record on the directory: the rules of a provisioning cycle for a single user, as a function of data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hcm_pipeline.sandbox.ad_accounts import ad_refusal, place
from hcm_pipeline.sandbox.attribute_mapping import (
    AD_TARGETS,
    DATES,
    REQUIRED,
    TARGETS,
    Change,
    Value,
    flatten,
    parent_of,
    target_of,
)
from hcm_pipeline.sandbox.bulk import Record
from hcm_pipeline.sandbox.log_codes import SKIPPED, Failure, failure
from hcm_pipeline.sandbox.options import SandboxOptions

LONGEST = {
    "employeeId": 16,
    "displayName": 256, "givenName": 64, "surname": 64, "jobTitle": 128, "department": 64, "companyName": 64,
    "streetAddress": 1024, "city": 128, "state": 128, "country": 128, "postalCode": 40, "mobile": 64,
}  # fmt: skip
"""Characters a property holds, from the Graph reference of the user resource."""

_LOCAL = re.compile(r"[A-Za-z0-9'.\-_!#^~]{1,64}", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.ASCII)


@dataclass(frozen=True)
class Account:
    """A user of the directory: object id and attributes by provisioning name (`manager` holds an object id)."""

    object_id: str
    attributes: dict[str, Value]


@dataclass(frozen=True)
class Directory:
    """Lookups that the rules need: the holder of a userPrincipalName, and the account of a manager's externalId.

    `holder_of_name` is asked for the other names that are unique in Active Directory, by attribute and value.
    """

    holder_of: Callable[[str], str | None]
    managed_by: Callable[[str], str | None]
    holder_of_name: Callable[[str, str], str | None] = lambda _name, _value: None


@dataclass(frozen=True)
class Outcome:
    """The result of a record. `unresolved`: the externalId of a manager who is not there yet; `skip_reason`, of a skipped one."""

    action: str
    status: str
    received: dict[str, Value]
    attributes: dict[str, Value] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    unresolved: str | None = None
    failure: Failure | None = None
    skip_reason: str = "RedundantExport"
    in_scope: bool = True


def apply_record(current: Account | None, record: Record, directory: Directory, rules: SandboxOptions) -> Outcome:
    """Create (no account matched) or update. Nothing is written here; a failure leaves the account as it was."""
    received = flatten(record, mobile=rules.map_mobile)
    before = current.attributes if current else {}
    after = dict(before)
    wanted = _wanted(received, before, created=current is None, rules=rules)
    unresolved = None
    if "manager" in wanted:
        named = wanted.pop("manager")
        found = directory.managed_by(str(named)) if named is not None else None
        if named is None or found is not None:
            after["manager"] = found
        else:
            unresolved = str(named)
    if rules.target == "ad":
        after.update(wanted)
        place(after, wanted, rules)
        refusal = ad_refusal(current.object_id if current else None, after, directory.holder_of_name, LONGEST, rules)
    else:
        refusal = _normalise(wanted)
        after.update(wanted)
        refusal = refusal or entra_refusal(current, after, directory, rules)
    action = "update" if current else "create"
    if refusal:
        return Outcome(action, "failure", received, before, failure=refusal)
    after = {name: value for name, value in after.items() if value is not None}
    changes = [
        (name, before.get(name), after.get(name))
        for name in (*after, *(name for name in before if name not in after))
        if before.get(name) != after.get(name)
    ]
    if current and not changes and unresolved is None and rules.unchanged_record == "skipped":
        redundant = failure(SKIPPED, "The account already is as the record says.")
        return Outcome("other", "skipped", received, before, failure=redundant)
    if current and before.get("accountEnabled") is True and after.get("accountEnabled") is False:
        action = "disable"
    return Outcome(action, "success", received, after, changes, unresolved)


def _wanted(
    received: dict[str, Value], before: dict[str, Value], *, created: bool, rules: SandboxOptions
) -> dict[str, Value]:
    """The properties this record sets, None for those it clears."""
    wanted: dict[str, Value] = {}
    for source, value in received.items():
        target = target_of(source, rules.target)
        if target is None or (target == "mail" and not _mail_flows(created=created, rules=rules)):
            continue
        flows = rules.flows_nulls(source)
        if value == "" and rules.target == "ad" and not flows:
            wanted[target] = ""
        elif value is None or value == "":
            if not created and flows and target not in REQUIRED:
                wanted[target] = None
        else:
            wanted[target] = value
    if rules.flow_nulls and rules.omission_clears and not created:
        wanted |= dict.fromkeys(_omitted(received, before, rules))
    if created:
        user_name = wanted.get("userPrincipalName")
        wanted.setdefault("accountEnabled", True)
        if rules.target == "entra":
            wanted.setdefault("preferredLanguage", "en-US")
            wanted["mailNickname"] = str(user_name).partition("@")[0] if user_name else None
    elif "accountEnabled" not in wanted and rules.active_omitted == "disable":
        wanted["accountEnabled"] = False
    return wanted


def _omitted(received: dict[str, Value], before: dict[str, Value], rules: SandboxOptions) -> list[str]:
    """The properties that a record clears by leaving them out of a parent that is there."""
    present = {parent_of(source) for source in received}
    return [
        target
        for source, target in (AD_TARGETS if rules.target == "ad" else TARGETS).items()
        if source not in received and target in before and target not in REQUIRED and parent_of(source) in present
        and rules.flows_nulls(source)
    ]  # fmt: skip


def _mail_flows(*, created: bool, rules: SandboxOptions) -> bool:
    return rules.mail == "writable" or (rules.mail == "create_only" and created)


def _normalise(wanted: dict[str, Value]) -> Failure | None:
    """Dates as Graph keeps them, in place; a failure for what cannot be read."""
    for name in DATES & wanted.keys():
        value = wanted[name]
        if value is None:
            continue
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return failure("SchemaPropertyCanOnlyAcceptValue", f"{name} must be an ISO 8601 date.")
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
        wanted[name] = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    return None


def entra_refusal(
    current: Account | None, after: dict[str, Value], directory: Directory, rules: SandboxOptions
) -> Failure | None:
    """Why the directory would not take the account as it would become."""
    if current is not None and current.attributes.get("onPremisesSyncEnabled") is True:
        return failure("AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises")
    missing = [name for name in ("userPrincipalName", "displayName") if not str(after.get(name) or "").strip()]
    if missing:
        return failure("MandatoryFieldsMissing", f"Required and absent: {', '.join(missing)}.")
    user_name = str(after["userPrincipalName"])
    if current is None or current.attributes.get("userPrincipalName") != user_name:
        refusal = user_principal_name_refusal(user_name, rules)
        if refusal:
            return refusal
        holder = directory.holder_of(user_name)
        if holder is not None and (current is None or holder != current.object_id):
            return failure("Conflict", "Another object with the same value for property userPrincipalName exists.")
    for name, longest in LONGEST.items():
        if len(str(after.get(name) or "")) > longest:
            return failure("SchemaPropertyCanOnlyAcceptValue", f"{name} can only hold {longest} characters.")
    return None


def user_principal_name_refusal(user_name: str, rules: SandboxOptions) -> Failure | None:
    """The fault in the spelling of a userPrincipalName: 64 characters, @, 48 characters of a usable domain."""
    local, _, domain = user_name.rpartition("@")
    if not _LOCAL.fullmatch(local) or local.endswith(".") or len(domain) > 48 or not _DOMAIN.fullmatch(domain):
        return failure("AzureActiveDirectoryInvalidUserPrincipalName", "The userPrincipalName is not a legal one.")
    usable = rules.verified_domains
    if domain.lower() in rules.unverified_domains:
        return failure("InvalidDomain", "The domain of the userPrincipalName is not verified in this tenant.")
    if usable is not None and domain.lower() not in usable and not domain.lower().endswith(".onmicrosoft.com"):
        return failure("InvalidDomain", "The domain of the userPrincipalName is not verified in this tenant.")
    return None
