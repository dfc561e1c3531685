"""The rules of a synchronization schema, judged without any service: over any schema that was exported or generated.

Each rule yields findings: where in the JSON, which attribute, what is wrong, and the mend. Sources: [8.3] the checks that the
fact sheet recommends for a validator, and the pages of Microsoft's documentation that `described` names for each rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Literal

from hcm_pipeline import expressions
from hcm_pipeline.synchronization.schema_model import (
    Attribute,
    AttributeMapping,
    Clause,
    People,
    Schema,
    SchemaFault,
)
from hcm_pipeline.synchronization.target_kind import ACTIVE_DIRECTORY, ENTRA, Kind, kind_of

LONGEST_EXPRESSION = 10_000
"""Characters of an expression."""
NAMES = frozenset(("userprincipalname", "samaccountname"))
RANDOM = frozenset(("RandomString",))
UNIQUE = "SelectUniqueValue"
ENABLED, DISABLED = "accountenabled", "accountdisabled"
ACTIVE = "active"
NEEDED: dict[Kind, tuple[str, ...]] = {
    ENTRA: ("userPrincipalName", "displayName", "accountEnabled"),
    ACTIVE_DIRECTORY: ("cn", "accountDisabled"),
}
"""Attributes without which no account is made, or none closed; the schema itself marks others as required."""
UNSCOPED = frozenset(("usertype", "manager", "approleassignments"))
OPERATORS: dict[str, tuple[str, ...]] = {
    "EQUALS": (), "NOT EQUALS": (), "IS TRUE": ("Boolean",), "IS FALSE": ("Boolean",), "IS NULL": (), "IS NOT NULL": (),
    "REGEX MATCH": ("String",), "NOT REGEX MATCH": ("String",), "Greater_Than": ("Integer",),
    "Greater_Than_OR_EQUALS": ("Integer",),
    "Includes": ("String",), "ENDS_WITH": ("String",), "&": ("Integer",), "!&": ("Integer",),
}  # fmt: skip
"""The operators of scoping filters, and the types that they compare (none: all)."""
FITS: dict[str, frozenset[str]] = {
    "String": frozenset(("String", "DateTime")),
    "DateTime": frozenset(("DateTime", "String")),
    "Boolean": frozenset(("Boolean", "String")),
    "Integer": frozenset(("Integer", "String")),
    "Reference": frozenset(("Reference",)),
    "Binary": frozenset(("Binary",)),
}
"""By the type of a source attribute, the types of attribute that take every one of its values as it is."""
CORE_URN = "urn:ietf:params:scim:schemas:core:2.0:user"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
_TYPED = re.compile(r'\[\s*type\s+eq\s+"([^"]*)"\s*\]', re.IGNORECASE)
_EXTENSION = re.compile(r"extensionattribute(1[0-5]|[1-9])", re.IGNORECASE)

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One broken rule. `path`: where in the JSON; `attribute`: of the account or, where there is none, of the source.

    `severity`: an error loses, refuses or rewrites something; a warning may, by what is sent.
    """

    rule: str
    severity: Severity
    path: str
    attribute: str
    sentence: str
    mend: str


@dataclass(frozen=True)
class Judged:
    """The things that every rule is given: the schema, its mapping of people, and the kind of its target."""

    schema: Schema
    people: People
    kind: Kind | None

    @property
    def mappings(self) -> Iterator[tuple[str, AttributeMapping]]:
        """The attribute mappings with their places."""
        for i, one in enumerate(self.people.mapping.mappings):
            yield f"{self.people.path}.attributeMappings[{i}]", one

    def target(self, name: str) -> Attribute | None:
        """An attribute of the target directory, whatever the case of its name."""
        return self.schema.target_attribute(name)


Said = tuple[Severity, str, str, str, str]
"""Severity, path, attribute, sentence, mend."""
Check = Callable[[Judged], Iterator[Said]]


@dataclass(frozen=True)
class SchemaRule:
    """A rule: its name, what it asks for in one sentence, and the source that asks for it."""

    name: str
    asks: str
    source: str
    check: Check


def findings(schema: Schema) -> tuple[Finding, ...]:
    """Every rule that a schema breaks, in the order of the rules. Without one mapping of people that alone is said."""
    try:
        people = schema.people
    except SchemaFault as fault:
        mend = "map the SCIM user to the account in one enabled object mapping, as the job's template does"
        return (Finding(ONE_MAPPING, "error", fault.path, "", f"{fault.allowed}", mend),)
    judged = Judged(schema, people, kind_of(schema))
    return tuple(Finding(rule.name, *said) for rule in RULES for said in rule.check(judged))


def described() -> Iterator[SchemaRule]:
    """The rules in their order, for the reference page."""
    yield SchemaRule(ONE_MAPPING, "One enabled object mapping makes people.", "[8.3]", lambda _: iter(()))
    yield from RULES


# --- the mapping and its directories


def _enabled(on: Judged) -> Iterator[Said]:
    if not on.people.mapping.enabled:
        yield (
            "error", f"{on.people.path}.enabled", "", "the mapping of people is switched off: the job makes and changes nobody",
            "switch it on (enabled: true)",
        )  # fmt: skip


def _actions(on: Judged) -> Iterator[Said]:
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


def _directories(on: Judged) -> Iterator[Said]:
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


def _matching(on: Judged) -> Iterator[Said]:
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


def _one_mapping_each(on: Judged) -> Iterator[Said]:
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


def _sources_exist(on: Judged) -> Iterator[Said]:
    if not on.people.source:
        return  # said by the rule of directories
    for path, one in on.mappings:
        for name in one.sources:
            if name not in on.people.source:
                yield (
                    "error", f"{path}.source", one.target,
                    f"the source directory has no attribute {name}{_near(name, on.people.source)}: it is always empty",
                    f"add it to the source directory {on.people.rule.source_directory!r}, or map one that is there",
                )  # fmt: skip


def _targets_exist(on: Judged) -> Iterator[Said]:
    if not on.people.target:
        return
    for path, one in on.mappings:
        if on.target(one.target) is None:
            yield (
                "error", f"{path}.targetAttributeName", one.target,
                f"the target directory has no attribute {one.target}{_near(one.target, on.people.target)}",
                f"map an attribute that {on.people.rule.target_directory!r} has",
            )  # fmt: skip


def _targets_writable(on: Judged) -> Iterator[Said]:
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


def _required_filled(on: Judged) -> Iterator[Said]:
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


# --- values fit


def _types_fit(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        target, name = on.target(one.target), one.direct
        if target is None:
            continue
        if one.default_value is not None and (wrong := _misfit(one.default_value, target)):
            yield (
                "error",
                f"{path}.defaultValue",
                one.target,
                f"the default value is not {wrong}",
                f"give it as {wrong}",
            )
        source = on.people.source.get(name) if name is not None else None
        if source is None:
            continue
        if source.multivalued and not target.multivalued:
            yield (
                "error", path, one.target, f"{source.name} has several values, and {target.name} takes one",
                "make one of them by an expression, or map another attribute",
            )  # fmt: skip
        elif target.type not in FITS.get(source.type, frozenset((source.type,))):
            both = f"{source.name} is of type {source.type}, and {target.name} of type {target.type}"
            if "Reference" in (source.type, target.type) or source.type != "String":
                yield "error", path, one.target, both, "map an attribute of the same type, or make one by an expression"
            else:
                yield (
                    "warning", path, one.target, f"{both}: a text that does not read as one fails",
                    f"define the source attribute as {target.type}",
                )  # fmt: skip


def _misfit(value: str, target: Attribute) -> str | None:
    if target.type == "Boolean" and value.lower() not in ("true", "false"):
        return "True or False"
    if target.type == "Integer" and not re.fullmatch(r"[+-]?\d+", value):
        return "a whole number"
    return None


def _manager(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        target = on.target(one.target)
        if one.target.lower() != "manager" and (target is None or target.type != "Reference"):
            continue
        name = one.direct
        if name is None:
            yield (
                "error", f"{path}.source", one.target, "a reference is mapped by an expression or a constant: it finds nobody",
                "map it directly, from the enterprise attribute manager",
            )  # fmt: skip
        elif (source := on.people.source.get(name)) is not None and source.type != "Reference":
            yield (
                "error", f"{path}.source", one.target, f"{name} is of type {source.type}, and refers to nobody",
                "map the source's attribute of type Reference, the enterprise attribute manager",
            )  # fmt: skip


def _expressions(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        if one.expression is None or len(one.expression) > LONGEST_EXPRESSION:
            continue
        try:
            parsed = expressions.parse(one.expression)
        except expressions.ExpressionFault as fault:
            yield (
                "error", f"{path}.source.expression", one.target,
                f"cannot be read at character {fault.position:,}: {fault.why}", "mend the expression",
            )  # fmt: skip
            continue
        for name in parsed.functions:
            if name not in expressions.FUNCTIONS:
                alike = next((known for known in expressions.FUNCTIONS if known.lower() == name.lower()), None)
                yield (
                    "error" if alike else "warning", f"{path}.source.expression", one.target,
                    f"the documentation knows no function {name}" + (f" (names are exact: {alike})" if alike else ""),
                    f"write {alike}" if alike else "ask the service to parse it (parseExpression)",
                )  # fmt: skip
        if one.source is not None and one.source.get("expression"):
            try:
                expressions.from_source(one.source)
            except expressions.ExpressionFault as fault:
                yield (
                    "error", f"{path}.source", one.target, f"{fault.why}: which of them the service executes is left open",
                    "write the parsed form anew from the text (parseExpression)",
                )  # fmt: skip


def _length(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        if one.expression is not None and len(one.expression) > LONGEST_EXPRESSION:
            yield (
                "error", f"{path}.source.expression", one.target,
                f"the expression has {len(one.expression):,} characters; {LONGEST_EXPRESSION:,} are the most",
                "compute a part of it before it is sent, and map that",
            )  # fmt: skip


# --- written once


def _create_only(on: Judged) -> Iterator[Said]:
    mend = "apply it only during object creation (ObjectAddOnly)"
    for path, one in on.mappings:
        if one.create_only or not one.sources:
            continue
        functions = set(_functions(one))
        if functions & RANDOM:
            yield (
                "error", f"{path}.flowType", one.target, "a random value is written anew with every change of the record", mend
            )  # fmt: skip
        elif UNIQUE in functions:
            yield (
                "error", f"{path}.flowType", one.target,
                "SelectUniqueValue chooses when an account is made, and the mapping writes on every change", mend,
            )  # fmt: skip
        elif one.target.lower() in NAMES and one.direct is None:
            yield (
                "error", f"{path}.flowType", one.target,
                "the name is computed from other attributes on every change: a new department or last name renames the account",
                mend,
            )  # fmt: skip
        elif one.target.lower() in NAMES:
            yield (
                "warning", f"{path}.flowType", one.target,
                f"the name follows {one.direct} on every change: another value renames the account", mend,
            )  # fmt: skip


def _select_unique(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        functions = _functions(one)
        if UNIQUE not in functions:
            continue
        at = f"{path}.source"
        if on.kind is ENTRA:
            yield (
                "error", at, one.target, "SelectUniqueValue is for Active Directory alone; Entra ID does not support it",
                "send a name that is unique already, and map it directly",
            )  # fmt: skip
        if _nested(one):
            yield (
                "error", at, one.target, "SelectUniqueValue stands inside another function; it must be the outermost",
                "put the other functions inside its arguments",
            )  # fmt: skip
        if one.matching:
            yield (
                "error", at, one.target, "a matching attribute cannot be chosen by SelectUniqueValue",
                "match by an attribute that the source sends",
            )  # fmt: skip


# --- the traps of the service


def _mail(on: Judged) -> Iterator[Said]:
    if on.kind is not ENTRA:
        return
    for path, one in on.mappings:
        if one.target.lower() == "mail":
            yield (
                "warning", f"{path}.targetAttributeName", one.target,
                "Exchange owns mail in Entra ID: provisioning neither sets nor changes it, so that the mapping does nothing",
                "take the mapping out",
            )  # fmt: skip


def _work_entries(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        for name in one.sources:
            typed = _TYPED.search(name)
            if typed is not None and typed[1].lower() != "work":
                yield (
                    "warning", f"{path}.source", one.target,
                    f"{name}: of addresses, emails and phoneNumbers only the entries of type work are read",
                    "send the value as a custom attribute, and map that",
                )  # fmt: skip


def _status(on: Judged) -> Iterator[Said]:
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


def _nulls(on: Judged) -> Iterator[Said]:
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


def _scope(on: Judged) -> Iterator[Said]:
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
            f"the source directory has no attribute {clause.source}{_near(clause.source, on.people.source)}: the clause is false"
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


# --- names


def _custom(on: Judged) -> Iterator[Said]:
    directory = next(i for i, one in enumerate(on.schema.directories) if one.name == on.people.rule.source_directory) if (
        on.people.source
    ) else 0  # fmt: skip
    for name, one in on.people.source.items():
        if not _own(name):
            continue
        if one.type == "Reference" or one.multivalued:
            what = "refers to another object" if one.type == "Reference" else "has several values"
            yield (
                "error", f"directories[{directory}]", name, f"a custom attribute that {what} is not supported",
                "define it with one value, as String, Integer, Boolean or DateTime",
            )  # fmt: skip


def _misprints(on: Judged) -> Iterator[Said]:
    named: dict[str, tuple[str, str]] = {}
    for name in on.people.source:
        named.setdefault(name, (f"directories of {on.people.rule.source_directory!r}", name))
    for path, one in on.mappings:
        for name in one.sources:
            named.setdefault(name, (f"{path}.source", one.target))
    for name, (path, attribute) in named.items():
        if name.lower().startswith("urn:") and re.search(r"\s", name.partition("[")[0]):
            yield (
                "error", path, attribute, f"{name}: the URN is split by a blank, as the tutorial prints it",
                f"write {re.sub(chr(92) + 's+', '', name)}",
            )  # fmt: skip
        if "COMPANYAME" in name:
            yield (
                "error", path, attribute, f"{name}: COMPANYAME is a misprint of the tutorial",
                "write the name of your own schema, the same for every custom attribute",
            )  # fmt: skip
        elif "COMPANYNAME" in name:
            yield (
                "warning", path, attribute, f"{name}: COMPANYNAME stands for your own name in the tutorial",
                "write the name of your own schema, as the payload has it",
            )  # fmt: skip
    yield from _lookalikes(named)
    for path, one in on.mappings:
        if one.target.lower() in ("displayname", "cn") and (one.direct or "").lower() == "username":
            yield (
                "error", f"{path}.source", one.target,
                "takes the user name: worksheet 2 of the tutorial calls it displayName, and people see it as a person's name",
                "map displayName",
            )  # fmt: skip


def _lookalikes(named: Mapping[str, tuple[str, str]]) -> Iterator[Said]:
    """Two own namespaces that differ by a letter or two are one and a misprint of it."""
    urns = sorted({name.rpartition(":")[0] for name in named if _own(name) and "COMPANYAME" not in name})
    for i, urn in enumerate(urns):
        for other in urns[i + 1 :]:
            if urn.lower() == other.lower() or SequenceMatcher(None, urn, other).ratio() > 0.97:
                name = next(one for one in named if one.rpartition(":")[0] == other)
                yield (
                    "warning", *named[name], f"{other} and {urn} differ by a letter or two: one may be a misprint",
                    "write the name of your schema as the payload has it",
                )  # fmt: skip


# --- helpers


def parsed_of(mapping: AttributeMapping) -> expressions.Expression | None:
    """The expression of a mapping; None for none, and for one that cannot be read."""
    if mapping.expression is None:
        return None
    with suppress(expressions.ExpressionFault):
        return expressions.parse(mapping.expression)
    return None


def _functions(mapping: AttributeMapping) -> tuple[str, ...]:
    """The functions of an expression, each once, the outer before the inner."""
    parsed = parsed_of(mapping)
    return mapping.functions if parsed is None else parsed.functions


def _nested(mapping: AttributeMapping) -> bool:
    """Whether SelectUniqueValue stands inside another function, or inside itself."""
    parsed = parsed_of(mapping)
    if parsed is None:
        return False
    if not isinstance(parsed.root, expressions.Call) or parsed.root.name != UNIQUE:
        return True
    inner = (one for one in parsed.root.arguments if isinstance(one, expressions.Call))
    return any(UNIQUE in expressions.Expression(one).functions for one in inner)


def _own(name: str) -> bool:
    urn = name.rpartition(":")[0].lower()
    return name.lower().startswith("urn:") and not urn.startswith((CORE_URN, ENTERPRISE_URN))


def _near(name: str, known: Mapping[str, Attribute]) -> str:
    alike = next((one for one in known if one.lower() == name.lower()), None)
    alike = alike or next(iter(get_close_matches(name, known, 1, 0.85)), None)
    return f" (it has {alike})" if alike else ""


ONE_MAPPING = "one_mapping_of_people"
_FUNCTIONS = "functions-for-customizing-application-data"
RULES: tuple[SchemaRule, ...] = (
    SchemaRule("mapping_enabled", "The mapping of people is switched on.", "objectMapping", _enabled),
    SchemaRule("actions", "The mapping carries out Add and Update.", "objectMapping, flowTypes", _actions),
    SchemaRule("directories", "Both directories and their objects are defined.", "[8.3], directoryDefinition", _directories),
    SchemaRule("matching_chain", "One chain of matching attributes, each with a source and a precedence of its own; none of"
               " extensionAttribute1 to 15.", "[8.3], known-issues", _matching),
    SchemaRule("one_mapping_each", "One mapping fills an attribute.", "azure-docs issue 20635", _one_mapping_each),
    SchemaRule("source_exists", "The source directory has every attribute that a mapping reads.", "[8.3]", _sources_exist),
    SchemaRule("target_exists", "The target directory has every attribute that is mapped.", "[8.3]", _targets_exist),
    SchemaRule("target_writable", "No mapping writes what is ReadOnly, and none rewrites what is Immutable.",
               "[8.3], attributeDefinition", _targets_writable),
    SchemaRule("required_filled", "A mapping fills what no account can be without.", "hr-user-creation-issues", _required_filled),
    SchemaRule("types_fit", "An attribute takes every value of the attribute that flows to it as it is.", "[8.3]", _types_fit),
    SchemaRule("manager_direct", "A reference is mapped directly, from a reference.", "hr-manager-update-issues", _manager),
    SchemaRule("expression_form", "An expression can be read, calls documented functions, and its parsed form says the same.",
               _FUNCTIONS, _expressions),
    SchemaRule("expression_length", "An expression has at most 10,000 characters.", _FUNCTIONS, _length),
    SchemaRule("create_only", "userPrincipalName, sAMAccountName and random values are written when the account is made alone.",
               "[8.3], inbound provisioning FAQ", _create_only),
    SchemaRule("select_unique", "SelectUniqueValue is the outermost function, for Active Directory, of no matching attribute.",
               _FUNCTIONS, _select_unique),
    SchemaRule("mail_not_writable", "No mapping fills mail of Entra ID.", "hr-user-update-issues", _mail),
    SchemaRule("work_entries", "A mapping reads the entries of type work alone.", "inbound-provisioning-api-issues", _work_entries),
    SchemaRule("status_direction", "The account is open for those who are active, and closed for those who are not.",
               "inbound provisioning FAQ, Oracle tutorial (worksheet 4)", _status),
    SchemaRule("null_switches", "Both switches of null flow are on, or both off; never for a matching, required or multi-valued"
               " attribute.", "clear-attribute-values", _nulls),
    SchemaRule("scope_attributes", "Scoping filters judge attributes that exist and that they can judge, by operators of their"
               " type.", "define-conditional-rules-for-provisioning-user-accounts, known-issues", _scope),
    SchemaRule("custom_attributes", "A custom attribute has one value, and refers to nothing.",
               "inbound-provisioning-api-custom-attributes", _custom),
    SchemaRule("misprints", "No name has a misprint of the tutorial: COMPANYAME, a URN split by a blank, the user name as display"
               " name.", "Oracle tutorial (worksheets 2 and 6)", _misprints),
)  # fmt: skip
