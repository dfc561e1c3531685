"""Rules of the traps of the service: mail, entries that are not of work, the direction of the status, nulls, scoping filters.

A rule is given what is judged and yields what is broken; `rules.RULES` says in one sentence what each asks, and its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hcm_pipeline import expressions
from hcm_pipeline.synchronization.judged import Judged, Said, near, parsed_of
from hcm_pipeline.synchronization.schema_model import AttributeMapping, Clause
from hcm_pipeline.synchronization.target_kind import ENTRA

ENABLED, DISABLED = "accountenabled", "accountdisabled"
ACTIVE = "active"
UNSCOPED = frozenset(("usertype", "manager", "approleassignments"))
OPERATORS: dict[str, tuple[str, ...]] = {
    "EQUALS": (), "NOT EQUALS": (), "IS TRUE": ("Boolean",), "IS FALSE": ("Boolean",), "IS NULL": (), "IS NOT NULL": (),
    "REGEX MATCH": ("String",), "NOT REGEX MATCH": ("String",), "Greater_Than": ("Integer",),
    "Greater_Than_OR_EQUALS": ("Integer",),
    "Includes": ("String",), "ENDS_WITH": ("String",), "&": ("Integer",), "!&": ("Integer",),
}  # fmt: skip
"""The operators of scoping filters, and the types that they compare (none: all)."""
_TYPED = re.compile(r'\[\s*type\s+eq\s+"([^"]*)"\s*\]', re.IGNORECASE)


# --- the traps of the service


def mail(on: Judged) -> Iterator[Said]:
    if on.kind is not ENTRA:
        return
    for path, one in on.mappings:
        if one.target.lower() == "mail":
            yield (
                "warning", f"{path}.targetAttributeName", one.target,
                "Exchange owns mail in Entra ID: provisioning neither sets nor changes it, so that the mapping does nothing",
                "take the mapping out",
            )  # fmt: skip


def work_entries(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        for name in one.sources:
            typed = _TYPED.search(name)
            if typed is not None and typed[1].lower() != "work":
                yield (
                    "warning", f"{path}.source", one.target,
                    f"{name}: of addresses, emails and phoneNumbers only the entries of type work are read",
                    "send the value as a custom attribute, and map that",
                )  # fmt: skip


def status(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        name = one.target.lower()
        if name not in (ENABLED, DISABLED):
            continue
        wanted = {True: name == ENABLED, False: name == DISABLED}
        if ACTIVE not in one.sources:
            if one.sources or one.default_value is not None:
                yield (
                    "warning" if one.sources else "error", f"{path}.source", one.target,
                    "does not come from active: a worker who leaves keeps an open account", "make it from active",
                )  # fmt: skip
        elif any(_status_for(one, active) == (not value) for active, value in wanted.items()):
            turned = 'Switch([active], , "False", "True", "True", "False")'
            yield (
                "error", f"{path}.source", one.target,
                "is the wrong way round: it closes the accounts of those who work here, and opens those of leavers",
                f"map {turned}" if name == DISABLED else "map [active]",
            )  # fmt: skip
        elif one.create_only:
            yield (
                "error", f"{path}.flowType", one.target,
                "is written when the account is made, and never after: a leaver's stays open", "let it flow always",
            )  # fmt: skip


def _status_for(mapping: AttributeMapping, active: bool) -> bool | None:
    """The flag that a mapping makes of `active`; None: it depends on more."""
    if mapping.direct == ACTIVE:
        return active
    parsed = parsed_of(mapping)
    return _flag(parsed.root, active) if parsed is not None else None


def _flag(node: object, active: bool) -> bool | None:
    """The value of the simplest expressions over `active`: itself, Not, and Switch over constants."""
    if isinstance(node, expressions.Attribute):
        return active if node.name == ACTIVE else None
    if isinstance(node, expressions.Constant):
        return {"true": True, "false": False, "1": True, "0": False}.get(node.value.lower())
    if not isinstance(node, expressions.Call):
        return None
    given = node.arguments
    if node.name == "Not" and len(given) == 1:
        inner = _flag(given[0], active)
        return None if inner is None else not inner
    if node.name == "Switch" and len(given) >= 2 and given[0] == expressions.Attribute(ACTIVE):
        for key, value in zip(given[2::2], given[3::2], strict=False):
            if isinstance(key, expressions.Constant) and key.value == str(active):
                return _flag(value, active)
        return _flag(given[1], active)
    return None


def nulls(on: Judged) -> Iterator[Said]:
    readers: dict[str, list[tuple[str, AttributeMapping]]] = {}
    for path, one in on.mappings:
        for name in one.sources:
            readers.setdefault(name, []).append((path, one))
    for path, one in on.mappings:
        if not one.flow_nulls:
            continue
        yield from _never_null(path, one, on)
        off = [
            name for name in one.sources if name in on.people.source and on.people.source[name].flow_nulls is not True
        ]
        for name in off:
            yield (
                "warning", path, one.target,
                f"nulls flow through the mapping and not at the source attribute {name}: both switches are needed",
                "switch Flow null values on at the source attribute, too",
            )  # fmt: skip
    for name, using in readers.items():
        source = on.people.source.get(name)
        if source is None or source.flow_nulls is not True:
            continue
        for path, one in using:
            if one.flow_nulls is False and not one.matching and not one.create_only:
                yield (
                    "warning", path, one.target,
                    f"nulls flow at the source attribute {name} and not through the mapping: both switches are needed",
                    "switch Flow null values on at the mapping, too",
                )  # fmt: skip
            elif one.flow_nulls is None:
                yield from _never_null(path, one, on)


def _never_null(path: str, one: AttributeMapping, on: Judged) -> Iterator[Said]:
    target = on.target(one.target)
    sources = [on.people.source[name] for name in one.sources if name in on.people.source]
    what = (
        "an account is found by it" if one.matching
        else "no account is without it" if target is not None and target.required
        else "only attributes with one value are cleared" if any(each.multivalued for each in sources)
        else None
    )  # fmt: skip
    if what is not None:
        yield (
            "error", path, one.target, f"Flow null values is on, and {what}",
            "switch it off for this attribute, at the source and at the mapping",
        )  # fmt: skip


def scope(on: Judged) -> Iterator[Said]:
    for i, group in enumerate(on.people.mapping.scope.groups):
        for j, clause in enumerate(group.clauses):
            path = f"{on.people.path}.scope.groups[{i}].clauses[{j}]"
            yield from _clause(clause, path, on)


def _clause(clause: Clause, path: str, on: Judged) -> Iterator[Said]:
    source = on.people.source.get(clause.source)
    last = clause.source.rpartition(":")[2].lower()
    if last in UNSCOPED or (source is not None and source.type in ("DateTime", "Reference")):
        yield (
            "error", path, clause.source, "scoping filters cannot judge userType, manager, appRoleAssignments or dates",
            "filter by another attribute, or by [scope] of the profile, which judges before anything is sent",
        )  # fmt: skip
    elif source is not None and source.multivalued:
        yield "error", path, clause.source, "scoping filters cannot judge several values", "filter by another attribute"
    elif source is None and on.people.source:
        yield (
            "error", f"{path}.sourceOperandName", clause.source,
            f"the source directory has no attribute {clause.source}{near(clause.source, on.people.source)}: the clause is false"
            " for everybody, who are then disabled",
            "filter by an attribute that the source sends",
        )  # fmt: skip
    types = OPERATORS.get(clause.operator)
    if types is None:
        yield (
            "error", f"{path}.operatorName", clause.source, f"there is no operator {clause.operator!r}",
            f"one of {', '.join(OPERATORS)}, as `schema/filterOperators` lists them",
        )  # fmt: skip
        return
    if types and source is not None and source.type not in types:
        yield (
            "warning", f"{path}.operatorName", clause.source,
            f"{clause.operator} compares {' and '.join(types)}; {clause.source} is of type {source.type}",
            "take an operator that compares this type",
        )  # fmt: skip
    takes = not clause.operator.startswith("IS ")
    if takes and not clause.values:
        yield (
            "error",
            f"{path}.targetOperand",
            clause.source,
            f"{clause.operator} compares with nothing",
            "give a value",
        )
    if clause.operator in ("REGEX MATCH", "NOT REGEX MATCH"):
        for value in clause.values:
            try:
                re.compile(value)
            except re.error:
                yield (
                    "error", f"{path}.targetOperand", clause.source, "the value is no regular expression", "mend it"
                )  # fmt: skip
