"""A result as the target's attribute takes it: its type, its length, its form; or the code of the log with which it is refused.

Sources: `attributeDefinition` of the Graph reference (types); "howto-analyze-provisioning-logs" and "hr-user-creation-issues"
(codes).
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from hcm_pipeline.expressions import Value, as_text, is_random
from hcm_pipeline.rehearsal.prepared import PreparedMapping, Target
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, Kind

NOT_TAKEN: dict[Kind | None, str] = {ACTIVE_DIRECTORY: "HybridSynchronizationActiveDirectoryInvalidParameter"}
"""The code for a value that an attribute does not take; of Entra ID it is the one below."""
ONLY_ACCEPTS = "SchemaPropertyCanOnlyAcceptValue"
BAD_NAME, BAD_DOMAIN = "AzureActiveDirectoryInvalidUserPrincipalName", "InvalidDomain"


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
    code, type_ = NOT_TAKEN.get(kind, ONLY_ACCEPTS), one.type
    several = one.attribute is not None and one.attribute.multivalued
    if isinstance(value, tuple):
        if not several:
            raise Refused("it has several values, and the attribute takes one", code)
        return value
    if isinstance(value, dt.datetime) and type_ == "DateTime":
        raise NotSure("the documentation does not say in which form a date of an expression is written")
    text = as_text(value) or ""
    if several:
        return (text,)
    if is_random(text):
        return text
    if type_ == "String":
        return _limited(text, one, kind, target)
    if type_ == "DateTime":
        return _moment(text, code)
    if type_ == "Boolean":
        if text.lower() not in ("true", "false"):
            raise Refused("it is neither True nor False, and the attribute is a Boolean", code)
        return text.lower() == "true"
    if type_ == "Integer":
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            raise Refused("it is no whole number, and the attribute is an Integer", code)
        return int(text)
    return _limited(text, one, kind, target)


USUAL = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
"""The forms of ISO 8601 that the documentation has for dates."""


def _moment(text: str, code: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused("it is no date in ISO 8601, and the attribute is a date", code) from None
    if not USUAL.fullmatch(text):
        raise NotSure("it is a date in a form of ISO 8601 that the documentation does not have")
    try:
        utc = moment.astimezone(dt.UTC) if moment.tzinfo else moment
    except OverflowError:
        raise Refused("the date is outside of the calendar", code) from None
    return f"{utc.year:04}-{utc:%m-%dT%H:%M:%S}Z"


def _limited(text: str, one: PreparedMapping, kind: Kind | None, target: Target) -> str:
    is_upn = one.key == "userprincipalname"
    if is_upn and kind == ACTIVE_DIRECTORY:
        return text  # a domain takes any; a tenant that it is synchronized to does not
    limit = target.limits.get(one.key)
    if limit is not None and limit.form is not None and not _form(limit.form).fullmatch(text):
        raise Refused(
            "it has not the form that the attribute takes", BAD_NAME if is_upn else NOT_TAKEN.get(kind, ONLY_ACCEPTS)
        )
    for longest in (one.longest, limit.longest if limit is not None else None):
        if (
            longest is not None
            and len(text) * 2 > longest
            and len(text.encode("utf-16-le", "surrogatepass")) // 2 > longest
        ):
            why = f"it is longer than the {longest:,} characters that the attribute takes"
            raise Refused(why, NOT_TAKEN.get(kind, ONLY_ACCEPTS))
    if is_upn and target.domains is not None and not _verified(text, target):
        raise Refused("its domain is not verified in the tenant", BAD_DOMAIN)
    return text


def _verified(user_name: str, target: Target) -> bool:
    domain = user_name.rpartition("@")[2].lower()
    return domain in (target.domains or ()) or domain.endswith(".onmicrosoft.com")


@lru_cache(maxsize=64)
def _form(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: re.escape(chr(int(found[1], 16))), text))
