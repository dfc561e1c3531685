"""The Active Directory target: worksheet 4 of the Oracle HCM tutorial, and what a domain refuses.

Accounts are kept by the names that Microsoft Entra ID gives their attributes once they are synchronized (worksheet 5);
`ad_attributes` tells them by Active Directory's. Limits: the user class of the Active Directory schema, and "Prepare
directory attributes". That a container is missing or a sAMAccountName is taken has no documented code of its own;
InvalidParameter stands for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hcm_pipeline.sandbox.attribute_mapping import Change, Value
from hcm_pipeline.sandbox.log_codes import INVALID_PARAMETER, UPN_NOT_UNIQUE, Failure, failure
from hcm_pipeline.sandbox.options import SandboxOptions

SAM, DN, CN, PARENT = "onPremisesSamAccountName", "onPremisesDistinguishedName", "cn", "parentDistinguishedName"

NAMES = {
    "employeeId": "employeeID", "surname": "sn", "jobTitle": "title", "city": "l", "state": "st", "country": "co",
    "companyName": "company", "employeeOrgData.division": "division", "employeeHireDate": "extensionAttribute2",
    "employeeLeaveDateTime": "extensionAttribute3", SAM: "sAMAccountName", DN: "distinguishedName",
}  # fmt: skip
"""Active Directory's names of attributes, where they differ."""

MANDATORY = ("userPrincipalName", "givenName", "surname", CN, SAM)
LONGEST_SAM, LONGEST_CN = 20, 64
_SAM = re.compile(r"""[^"/\\\[\]:;|=,+*?<>@\x00-\x1f]*[^"/\\\[\]:;|=,+*?<>@\x00-\x1f. ]""")
_RDN = r"(?:[^,\\]|\\.)+"
_CONTAINER = re.compile(rf"(?:(?:OU|CN)={_RDN},)*(?:DC={_RDN})(?:,DC={_RDN})*", re.IGNORECASE)


def ad_change(change: Change) -> Change:
    """A change by Active Directory's names; `accountDisabled` says the opposite of `accountEnabled`."""
    name, old, new = change
    if name == "accountEnabled":
        return "accountDisabled", _opposite(old), _opposite(new)
    return NAMES.get(name, name), old, new


def ad_attributes(attributes: dict[str, Value]) -> dict[str, Value]:
    """An account by Active Directory's names."""
    return {name: value for name, _, value in (ad_change((name, None, value)) for name, value in attributes.items())}


def _opposite(value: Value) -> Value:
    return None if value is None else not value


def place(after: dict[str, Value], wanted: dict[str, Value], rules: SandboxOptions) -> None:
    """Fill in what Active Directory derives: a common name, the container, the distinguished name."""
    if not after.get(CN) or (CN not in wanted and "displayName" in wanted):
        after[CN] = after.get("displayName")
    after[PARENT] = after.get(PARENT) or rules.default_container
    after[DN] = f"CN={_escaped(str(after[CN] or ''))},{after[PARENT]}"


def _escaped(text: str) -> str:
    """A value within a distinguished name (RFC 4514, 2.4)."""
    text = re.sub(r'([,+"\\<>;=])', r"\\\1", text)
    text = re.sub(r"^([ #])", r"\\\1", text)
    return re.sub(r" $", r"\\ ", text)


def ad_refusal(
    own_id: str | None,
    after: dict[str, Value],
    holder_of: Callable[[str, str], str | None],
    longest: dict[str, int],
    rules: SandboxOptions,
) -> Failure | None:
    """Why the domain would not take the account as it would become. `holder_of` an attribute and its value."""
    missing = [NAMES.get(name, name) for name in MANDATORY if not str(after.get(name) or "").strip()]
    if missing:
        return failure("MandatoryFieldsMissing", f"Required and absent: {', '.join(missing)}.")
    if "" in after.values():
        return failure("InvalidAttributeSyntax")
    sam, parent = str(after[SAM]), str(after[PARENT])
    if len(sam) > LONGEST_SAM or not _SAM.fullmatch(sam):
        return failure(INVALID_PARAMETER, f"sAMAccountName: at most {LONGEST_SAM} characters, all of them legal ones.")
    if not _CONTAINER.fullmatch(parent) or not _exists(parent, rules):
        return failure(INVALID_PARAMETER, "parentDistinguishedName: there is no such container.")
    for name, most in {**longest, CN: LONGEST_CN}.items():
        if len(str(after.get(name) or "")) > most:
            return failure(INVALID_PARAMETER, f"{NAMES.get(name, name)}: at most {most} characters.")
    for name in ("userPrincipalName", SAM, DN):
        if holder_of(name, str(after[name])) not in (None, own_id):
            code = UPN_NOT_UNIQUE if name == "userPrincipalName" else INVALID_PARAMETER
            return failure(code, f"{NAMES.get(name, name)}: another object has it.")
    return None


def _exists(container: str, rules: SandboxOptions) -> bool:
    there = rules.containers
    return there is None or container.lower() in {name.lower() for name in (*there, rules.default_container)}
