"""Rules of the values that flow: their types, their expressions, and those that are written once.

A rule is given what is judged and yields what is broken; `rules.RULES` says in one sentence what each asks, and its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hcm_pipeline import expressions
from hcm_pipeline.synchronization.judged import UNIQUE, Judged, Said, functions_of, nested
from hcm_pipeline.synchronization.schema_model import Attribute
from hcm_pipeline.synchronization.target_kind import ENTRA

LONGEST_EXPRESSION = 10_000
"""Characters of an expression."""
NAMES = frozenset(("userprincipalname", "samaccountname"))
RANDOM = frozenset(("RandomString",))
FITS: dict[str, frozenset[str]] = {
    "String": frozenset(("String", "DateTime")),
    "DateTime": frozenset(("DateTime", "String")),
    "Boolean": frozenset(("Boolean", "String")),
    "Integer": frozenset(("Integer", "String")),
    "Reference": frozenset(("Reference",)),
    "Binary": frozenset(("Binary",)),
}
"""By the type of a source attribute, the types of attribute that take every one of its values as it is."""


# --- values fit


def types_fit(on: Judged) -> Iterator[Said]:
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


def manager(on: Judged) -> Iterator[Said]:
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


def expression_form(on: Judged) -> Iterator[Said]:
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


def expression_length(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        if one.expression is not None and len(one.expression) > LONGEST_EXPRESSION:
            yield (
                "error", f"{path}.source.expression", one.target,
                f"the expression has {len(one.expression):,} characters; {LONGEST_EXPRESSION:,} are the most",
                "compute a part of it before it is sent, and map that",
            )  # fmt: skip


# --- written once


def create_only(on: Judged) -> Iterator[Said]:
    mend = "apply it only during object creation (ObjectAddOnly)"
    for path, one in on.mappings:
        if one.create_only or not one.sources:
            continue
        functions = set(functions_of(one))
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


def select_unique(on: Judged) -> Iterator[Said]:
    for path, one in on.mappings:
        functions = functions_of(one)
        if UNIQUE not in functions:
            continue
        at = f"{path}.source"
        if on.kind is ENTRA:
            yield (
                "error", at, one.target, "SelectUniqueValue is for Active Directory alone; Entra ID does not support it",
                "send a name that is unique already, and map it directly",
            )  # fmt: skip
        if nested(one):
            yield (
                "error", at, one.target, "SelectUniqueValue stands inside another function; it must be the outermost",
                "put the other functions inside its arguments",
            )  # fmt: skip
        if one.matching:
            yield (
                "error", at, one.target, "a matching attribute cannot be chosen by SelectUniqueValue",
                "match by an attribute that the source sends",
            )  # fmt: skip
