"""The name of a file says which source it belongs to, and which day it speaks for."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from hcm_pipeline.profile import BusinessDate, Source

PACKED = (".gz", ".zip", ".pgp", ".gpg", ".asc")
"""Endings that stand behind a name for the way in which the file is packed, encryption among them."""


def name_fault(name: str) -> str | None:
    """Why a file cannot be taken under its name; None: it can. Databases keep no other names than those of UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name holds bytes that are no UTF-8: have it delivered under another one"
    return None


def match_source(name: str, sources: Iterable[Source]) -> Source | None:
    """The first source whose glob matches the name, upper and lower case alike.

    `.gz`, `.zip`, `.pgp` and the like behind the name do not count, unless the glob itself mentions one.
    """
    lower = name.lower()
    unpacked = [lower]
    while packed := next((ending for ending in PACKED if unpacked[-1].endswith(ending)), None):
        unpacked.append(unpacked[-1].removesuffix(packed))
    for source in sources:
        glob = source.glob.lower()
        tried = unpacked[:1] if any(ending in glob for ending in PACKED) else unpacked
        if any(fnmatchcase(candidate, glob) for candidate in tried):
            return source
    return None


def read_business_date(name: str, source: Source) -> tuple[dt.date | None, str]:
    """The day, and where it comes from; or None, and why there is none.

    Only the first match of the pattern counts: a later one is no substitute for an impossible date. With the default
    format, 2026-11-01 and 20261101 are both read.
    """
    rule = source.business_date
    if rule.from_ == "given":
        return None, f"source {source.name} takes its date from --date only"
    match = re.search(rule.pattern, name)
    if match is None:
        return None, f"the name holds no date that matches {rule.pattern}; name the day with --date"
    text = match[1] if match.re.groups and match[1] is not None else match[0]
    for layout in _formats(rule):
        try:
            return dt.datetime.strptime(text, layout).date(), "the file's name"  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None, f"{text} is no date in the format {rule.format}; name the day with --date"


def _formats(rule: BusinessDate) -> tuple[str, ...]:
    default = BusinessDate.model_fields["format"].default
    return (rule.format, "%Y%m%d") if rule.format == default else (rule.format,)
