"""Rules of the mapping of people: its switches, its directories, its matching, and that both sides of each mapping exist.

A rule is given what is judged and yields what is broken; `rules.RULES` says in one sentence what each asks, and its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hcm_pipeline.synchronization.judged import Judged, Said, near
from hcm_pipeline.synchronization.schema_model import AttributeMapping
from hcm_pipeline.synchronization.target_kind import ACTIVE_DIRECTORY, ENTRA, Kind

NEEDED: dict[Kind, tuple[str, ...]] = {
    ENTRA: ("userPrincipalName", "displayName", "accountEnabled"),
    ACTIVE_DIRECTORY: ("cn", "accountDisabled"),
}
"""Attributes without which no account is made, or none closed; the schema itself marks others as required."""
_EXTENSION = re.compile(r"extensionattribute(1[0-5]|[1-9])", re.IGNORECASE)


# --- the mapping and its directories


def enabled(on: Judged) -> Iterator[Said]:
    if not on.people.mapping.enabled:
        yield (
            "error", f"{on.people.path}.enabled", "", "the mapping of people is switched off: the job makes and changes nobody",
            "switch it on (enabled: true)",
        )  # fmt: skip


def actions(on: Judged) -> Iterator[Said]:
    lost = {
        "Add": "nobody who is new gets an account",
        "Update": "no change flows, and no leaver's account is disabled",
    }
    for action, what in lost.items():
        if action not in on.people.mapping.flow_types:
            yield (
                "error", f"{on.people.path}.flowTypes", "", f"the action {action} is off: {what}",
                f"switch {action} on in the mapping's target object actions",
            )  # fmt: skip


def directories(on: Judged) -> Iterator[Said]:
    rule, mapping = on.people.rule, on.people.mapping
    sides = (
        ("sourceDirectoryName", rule.source_directory, mapping.source_object),
        ("targetDirectoryName", rule.target_directory, mapping.target_object),
    )
    at = on.people.path.partition(".")[0]
    for field, name, object_name in sides:
        directory = on.schema.directory(name)
        if directory is None:
            known = ", ".join(repr(one.name) for one in on.schema.directories) or "none"
            yield (
                "error", f"{at}.{field}", "", f"the schema defines no directory {name!r}; it has {known}",
                "name a directory of the schema: they are found by name, never by place or id",
            )  # fmt: skip
        elif not directory.attributes(object_name):
            yield (
                "error", f"{at}.{field}", "", f"the directory {name!r} describes no attributes of {object_name!r}",
                "export the schema again, whole; a directory that is not discovered describes nothing",
            )  # fmt: skip


# --- matching


def matching(on: Judged) -> Iterator[Said]:
    chain = [(path, one) for path, one in on.mappings if one.matching]
    if not chain:
        yield (
            "error", f"{on.people.path}.attributeMappings", "", "no mapping matches: every record makes another account",
            "give the mapping of externalId to the employee id the matching precedence 1",
        )  # fmt: skip
        return
    by_priority: dict[int, list[tuple[str, AttributeMapping]]] = {}
    for path, one in chain:
        by_priority.setdefault(one.matching_priority, []).append((path, one))
    for priority, same in sorted(by_priority.items()):
        for path, one in same[1:]:
            yield (
                "error", f"{path}.matchingPriority", one.target,
                f"{same[0][1].target} has the matching precedence {priority} already: which of them decides is left open",
                "give each matching attribute a precedence of its own: 1, 2, ...",
            )  # fmt: skip
    ordered = sorted(by_priority)
    if ordered != list(range(1, len(ordered) + 1)):
        path, one = by_priority[ordered[0] if ordered[0] != 1 else ordered[-1]][0]
        yield (
            "warning", f"{path}.matchingPriority", one.target,
            f"the matching precedences are {', '.join(map(str, ordered))}, and not 1, 2, ... without a gap",
            "number the matching attributes from 1 on",
        )  # fmt: skip
    for path, one in chain:
        if not one.sources:
            yield (
                "error", path, one.target, "the matching attribute has a constant: one account matches everybody",
                "match by an attribute that the source sends, such as externalId",
            )  # fmt: skip
        elif _EXTENSION.fullmatch(one.target):
            yield (
                "error", path, one.target, "extensionAttribute1 to 15 cannot be matching attributes",
                "match by employeeId",
            )  # fmt: skip


def one_mapping_each(on: Judged) -> Iterator[Said]:
    first: dict[str, str] = {}
    for path, one in on.mappings:
        name = one.target.lower()
        if name in first:
            yield (
                "error", f"{path}.targetAttributeName", one.target, f"{first[name]} fills this attribute already",
                "leave one mapping for each attribute of the account",
            )  # fmt: skip
        first.setdefault(name, path.rpartition(".")[2])


# --- both sides exist


def sources_exist(on: Judged) -> Iterator[Said]:
    if not on.people.source:
        return  # said by the rule of directories
    for path, one in on.mappings:
        for name in one.sources:
            if name not in on.people.source:
                yield (
                    "error", f"{path}.source", one.target,
                    f"the source directory has no attribute {name}{near(name, on.people.source)}: it is always empty",
                    f"add it to the source directory {on.people.rule.source_directory!r}, or map one that is there",
                )  # fmt: skip


def targets_exist(on: Judged) -> Iterator[Said]:
    if not on.people.target:
        return
    for path, one in on.mappings:
        if on.target(one.target) is None:
            yield (
                "error", f"{path}.targetAttributeName", one.target,
                f"the target directory has no attribute {one.target}{near(one.target, on.people.target)}",
                f"map an attribute that {on.people.rule.target_directory!r} has",
            )  # fmt: skip


def targets_writable(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        target = on.target(one.target)
        if target is None:
            continue
        if target.mutability == "ReadOnly":
            yield (
                "error", f"{path}.targetAttributeName", one.target, "the target directory does not let it be written (ReadOnly)",
                "take the mapping out",
            )  # fmt: skip
        elif target.mutability == "Immutable" and not one.create_only:
            yield (
                "error", f"{path}.flowType", one.target,
                "the target directory lets it be written once (Immutable), and the mapping writes on every change",
                "apply it only during object creation (ObjectAddOnly)",
            )  # fmt: skip


def required_filled(on: Judged) -> Iterator[Said]:
    for name in NEEDED.get(on.kind, ()) if on.kind is not None else ():
        if on.people.mapping.of_target(name) is None:
            yield (
                "error", f"{on.people.path}.attributeMappings", name, _MISSING.get(name, "no account is made without it"),
                f"map {name}",
            )  # fmt: skip
    listed = {one.lower() for one in NEEDED.get(on.kind, ())} if on.kind is not None else set()
    for target in on.people.target.values():
        mapped = on.people.mapping.of_target(target.name) is not None
        if target.required and not mapped and target.name.lower() not in listed and target.mutability != "ReadOnly":
            yield (
                "warning", f"{on.people.path}.attributeMappings", target.name,
                "the target directory requires it, and nothing fills it", f"map {target.name}, or a constant",
            )  # fmt: skip


_MISSING = {
    "accountEnabled": "nothing opens or closes accounts: a leaver's stays open",
    "accountDisabled": "nothing opens or closes accounts: a leaver's stays open",
}
