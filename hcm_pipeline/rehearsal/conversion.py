"""A result as the target's attribute takes it: its type, its length, its form; or the code of the log with which it is refused.

Sources: `attributeDefinition` of the Graph reference (types); "howto-analyze-provisioning-logs" and "hr-user-creation-issues"
(codes).
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from hcm_pipeline.expressions import Value, as_text, is_random
from hcm_pipeline.rehearsal.prepared import Limit, PreparedMapping, Target
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, Kind

NOT_TAKEN: dict[Kind | None, str] = {ACTIVE_DIRECTORY: "HybridSynchronizationActiveDirectoryInvalidParameter"}
"""The code for a value that an attribute does not take; of Entra ID it is the one below."""
ONLY_ACCEPTS = "SchemaPropertyCanOnlyAcceptValue"
BAD_NAME, BAD_DOMAIN = "AzureActiveDirectoryInvalidUserPrincipalName", "InvalidDomain"
DATES = frozenset(("employeehiredate", "employeeleavedatetime"))
"""The dates of an account of Entra ID, in lower case."""


class Refused(Exception):
    """Ends the conversion of a value that the target would refuse."""

    def __init__(self, why: str, code: str) -> None:
        self.why, self.code = why, code
        super().__init__(why)


class NotSure(Exception):
    """Ends a conversion of which the documentation does not say how it ends."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def converted(value: Value, one: PreparedMapping, kind: Kind | None, target: Target) -> Value:
    """The value that is written. Raises Refused and NotSure; `value` is there, and not dropped."""
    code = NOT_TAKEN.get(kind, ONLY_ACCEPTS)
    several = one.attribute is not None and one.attribute.multivalued
    if isinstance(value, tuple):
        if not several:
            raise Refused("it has several values, and the attribute takes one", code)
        return value
    if isinstance(value, dt.datetime) and (_is_date(one) or one.attribute is None):
        raise NotSure("the documentation does not say in which form a date of an expression is written")
    text = as_text(value) or ""
    if several:
        return (text,)
    if is_random(text):
        return text
    kind_of_value = one.attribute.type if one.attribute is not None else "String"
    if _is_date(one):
        return _moment(text, code)
    if kind_of_value == "Boolean":
        if text.lower() not in ("true", "false"):
            raise Refused("it is neither True nor False, and the attribute is a Boolean", code)
        return text.lower() == "true"
    if kind_of_value == "Integer":
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            raise Refused("it is no whole number, and the attribute is an Integer", code)
        return int(text)
    return _limited(text, one, kind, target)


def _is_date(one: PreparedMapping) -> bool:
    return one.key in DATES or (one.attribute is not None and one.attribute.type == "DateTime")


def _moment(text: str, code: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused("it is no date in ISO 8601, and the attribute is a date", code) from None
    utc = moment.astimezone(dt.UTC) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%dT%H:%M:%S}Z"


def _limited(text: str, one: PreparedMapping, kind: Kind | None, target: Target) -> str:
    limit, code = target.limits.get(one.key, _NONE), NOT_TAKEN.get(kind, ONLY_ACCEPTS)
    longest = min((each for each in (limit.longest, _longest(one)) if each is not None), default=None)
    is_upn = one.key == "userprincipalname"
    if limit.form is not None and not _form(limit.form).fullmatch(text):
        raise Refused(
            "it has not the form that the attribute takes", BAD_NAME if is_upn and kind != ACTIVE_DIRECTORY else code
        )
    if longest is not None and len(text.encode("utf-16-le")) // 2 > longest:
        raise Refused(f"it is longer than the {longest:,} characters that the attribute takes", code)
    if is_upn and kind != ACTIVE_DIRECTORY and target.domains is not None and not _verified(text, target):
        raise Refused("its domain is not verified in the tenant", BAD_DOMAIN)
    return text


def _verified(user_name: str, target: Target) -> bool:
    domain = user_name.rpartition("@")[2].lower()
    return domain in (target.domains or ()) or domain.endswith(".onmicrosoft.com")


def _longest(one: PreparedMapping) -> int | None:
    """The length that the schema itself says, as metadata of the attribute."""
    listed = one.attribute.raw.get("metadata") if one.attribute is not None else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and entry.get("key") == "MaximumLength" and str(entry.get("value")).isdigit():
            return int(str(entry["value"]))
    return None


_NONE = Limit()


@lru_cache(maxsize=64)
def _form(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: re.escape(chr(int(found[1], 16))), text))
