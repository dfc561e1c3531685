"""Regular expressions of .NET, as far as mappings and scoping filters use them, in Python's."""

from __future__ import annotations

import re
from functools import cache

_NAMED = re.compile(r"\(\?(?:<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')")
_REFERENCE = re.compile(r"\\k<(\w+)>")
_PART = re.compile(r"\$(?:(\$)|(&)|(\d+)|\{(\w+)\})")


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """A pattern of .NET, compiled: groups are named `(?<name>` or `(?'name'`. Raises re.error."""
    named = _NAMED.sub(lambda match: f"(?P<{match.group(1) or match.group(2)}>", text)
    return re.compile(_REFERENCE.sub(r"(?P=\1)", named))


def _group(match: re.Match[str], name: str) -> str:
    """A group by name or number, where .NET counts those with names last."""
    named = match.re.groupindex
    if name in named:
        return match.group(name) or ""
    if not name.isdecimal():
        return f"${{{name}}}"
    unnamed = [number for number in range(1, match.re.groups + 1) if number not in named.values()]
    order = [0, *unnamed, *sorted(named.values())]
    return (match.group(order[int(name)]) or "") if int(name) < len(order) else f"${name}"


def replace_matches(pattern: str, replacement: str, text: str) -> str:
    """Each match replaced; `${name}`, `$1` and `$&` stand for groups."""

    def written(match: re.Match[str]) -> str:
        def part(found: re.Match[str]) -> str:
            dollar, whole, number, name = found.groups()
            return "$" if dollar else match.group() if whole else _group(match, number or name)

        return _PART.sub(part, replacement)

    return pattern_of(pattern).sub(written, text)


def replace_group(pattern: str, group: str, replacement: str, text: str) -> str:
    """In each match the value of a group replaced. A pattern without such a group changes nothing."""
    compiled = pattern_of(pattern)
    if group not in compiled.groupindex:
        return text

    def written(match: re.Match[str]) -> str:
        began, ended = match.span(group)
        if began < 0:
            return match.group()
        return text[match.start() : began] + replacement + text[ended : match.end()]

    return compiled.sub(written, text)


def value_of_group(pattern: str, group: str, text: str) -> str:
    """The value of a group in the first match; empty: there is none."""
    match = pattern_of(pattern).search(text)
    return "" if match is None or group not in match.re.groupindex else match.group(group) or ""
