"""Accounts that matter: those that the profile's `guards.protected` names by what a directory says of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hcm_pipeline.directory.distinguished_names import key, key_sql
from hcm_pipeline.directory.folding import folded_sql
from hcm_pipeline.profile import Protected
from hcm_pipeline.warehouse import literal

_COMMON_NAME = r"regexp_extract(held, '^[Cc][Nn]=((?:[^,\\]|\\.)*),', 1)"


def protected_sql(rules: Sequence[Protected], account: str) -> str:
    """SQL (BOOLEAN, never null) over an alias with the columns of `directory_objects`: the account is a protected one."""
    local = f"split_part({account}.user_principal_name, '@', 1)"
    texts = [
        local,
        *(f"{account}.{name}" for name in ("user_principal_name", "sam_account_name", "common_name", "display_name")),
    ]
    found = [
        named_sql(rules, texts),
        contained_sql(rules, f"regexp_replace({account}.distinguished_name, {_FIRST}, '')"),
    ]
    if any(rule.admin_count for rule in rules):
        found.append(f"coalesce({account}.admin_count, false)")
    groups = _one_of([pattern for rule in rules for pattern in rule.groups])
    if groups is not None:
        fits = f"regexp_full_match(held, {groups}) or regexp_full_match({_COMMON_NAME}, {groups})"
        found.append(f"len(list_filter(coalesce({account}.member_of, []), lambda held: {fits})) > 0")
    return f"({' or '.join(found)})"


def named_sql(rules: Sequence[Protected], texts: Sequence[str]) -> str:
    """SQL (BOOLEAN, never null): one of the SQL texts fits a pattern of `names`."""
    pattern = _one_of([name for rule in rules for name in rule.names])
    return (
        "false"
        if pattern is None
        else " or ".join(f"coalesce(regexp_full_match({text}, {pattern}), false)" for text in texts)
    )


def contained_sql(rules: Sequence[Protected], container: str) -> str:
    """SQL (BOOLEAN, never null): the distinguished name `container` (SQL) is one of `containers`, or lies below one."""
    kept = [key(container) for rule in rules for container in rule.containers]
    held = folded_sql(f"(',' || {key_sql(container)})")
    inside = " or ".join(f"ends_with({held}, {folded_sql(literal(f',{name}'))})" for name in kept)
    return f"coalesce({inside}, false)" if inside else "false"


_FIRST = r"'^(?:[^,\\]|\\.)*,'"
"""The relative name at the beginning of a distinguished name, as a pattern."""


def _one_of(patterns: Sequence[str]) -> str | None:
    """A regular expression, as an SQL literal, for patterns with `*` and `?`; None without any."""
    if not patterns:
        return None
    made = "|".join(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns)
    return literal(f"(?is)(?:{made})")
