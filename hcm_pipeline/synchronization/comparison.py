"""The differences between the schema that a job has and the one that is wanted, attribute by attribute, in words.

Order, ids, fields that say their default, and forms of an expression that mean the same make no difference. Nor does
a mapping that the job has besides: nothing that is not ours is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from hcm_pipeline import expressions
from hcm_pipeline.synchronization.schema_model import (
    Attribute,
    AttributeMapping,
    FlowType,
    Group,
    ObjectMapping,
    People,
    Schema,
    SchemaFault,
)


class DifferenceKind(StrEnum):
    """The thing that differs."""

    NO_MAPPING_OF_PEOPLE = "mapping of people missing"
    ATTRIBUTE_MISSING = "attribute missing"
    ATTRIBUTE_OTHER = "attribute other"
    MAPPING_MISSING = "mapping missing"
    EXPRESSION = "expression other"
    DEFAULT = "default value other"
    MATCHING = "matching other"
    CREATE_ONLY_MISSING = "create-only missing"
    FLOW_TYPE = "flow type other"
    FLOW_BEHAVIOR = "flow behaviour other"
    REFERENCES = "missing references other"
    NULL_FLOW_OFF = "null flow off"
    NULL_FLOW_ON = "null flow on"
    SCOPE = "scope other"
    SWITCHED_OFF = "switched off"
    ACTIONS = "actions other"
    ATTRIBUTE_BESIDES = "attribute besides"
    MAPPING_BESIDES = "mapping besides"
    REST = "rest other"


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `side`: source, target or scope. `has` is what the job says, `wanted` what is wanted; None: nothing.

    `sentence` says all of it.
    """

    kind: DifferenceKind
    side: str
    attribute: str
    has: str | None
    wanted: str | None
    sentence: str = field(compare=False)


def compare(present: Schema, wanted: Schema, *, whole: bool = False) -> tuple[Difference, ...]:
    """Everything that `wanted` has and `present` has not, or has otherwise; of the `whole`, the things that `present` has besides.

    Raises SchemaFault when nothing in `wanted` makes people.
    """
    goal = wanted.people
    try:
        have = present.people
    except SchemaFault as fault:
        sentence = f"the job's schema has no mapping of people that could be changed: {fault.allowed}"
        return (Difference(DifferenceKind.NO_MAPPING_OF_PEOPLE, "target", "", None, goal.mapping.name, sentence),)
    return (*_differences(have, goal), *(_besides(have, goal) if whole else ()))


def _differences(have: People, goal: People) -> Iterator[Difference]:
    if goal.mapping.enabled and not have.mapping.enabled:
        yield Difference(
            DifferenceKind.SWITCHED_OFF, "target", "", "off", "on", "the mapping of people is switched off in the job"
        )
    if lost := goal.mapping.flow_types - have.mapping.flow_types:
        yield Difference(
            DifferenceKind.ACTIONS, "target", "", ", ".join(sorted(have.mapping.flow_types)),
            ", ".join(sorted(goal.mapping.flow_types)), f"the actions {', '.join(sorted(lost))} are off in the job",
        )  # fmt: skip
    for name, attribute in goal.source.items():
        yield from _attribute(have.source.get(name), attribute)
    for mapping in goal.mapping.mappings:
        yield from _mapping(have.mapping.of_target(mapping.target), mapping)
    yield from _scope(have.mapping, goal.mapping)


def _besides(have: People, goal: People) -> Iterator[Difference]:
    for name, attribute in have.source.items():
        if name not in goal.source:
            yield Difference(
                DifferenceKind.ATTRIBUTE_BESIDES, "source", name, attribute.type, None,
                f"the source directory has {name}, which would go",
            )  # fmt: skip
        elif attribute.flow_nulls and goal.source[name].flow_nulls is None:
            yield from _null_flow("source", name, True, False)
    for mapping in have.mapping.mappings:
        if goal.mapping.of_target(mapping.target) is None:
            yield Difference(
                DifferenceKind.MAPPING_BESIDES, "target", mapping.target, shown(mapping), None,
                f"{mapping.target} is made from {shown(mapping)}, which would go",
            )  # fmt: skip
    if goal.mapping.flow_types < have.mapping.flow_types:
        yield Difference(
            DifferenceKind.ACTIONS, "target", "", ", ".join(sorted(have.mapping.flow_types)),
            ", ".join(sorted(goal.mapping.flow_types)), "actions are on in the job that would be off",
        )  # fmt: skip
    if have.mapping.enabled and not goal.mapping.enabled:
        yield Difference(
            DifferenceKind.SWITCHED_OFF, "target", "", "on", "off", "the mapping of people would be switched off"
        )


def _attribute(have: Attribute | None, goal: Attribute) -> Iterator[Difference]:
    name = goal.name
    if have is None:
        yield Difference(
            DifferenceKind.ATTRIBUTE_MISSING, "source", name, None, goal.type,
            f"the source directory lacks {name} ({goal.type}): whatever is sent of it is ignored",
        )  # fmt: skip
        return
    for what, has, wants in (
        ("type", have.type, goal.type),
        ("several values", have.multivalued, goal.multivalued),
    ):
        if has != wants:
            yield Difference(
                DifferenceKind.ATTRIBUTE_OTHER, "source", name, str(has), str(wants),
                f"{name} of the source directory has {what} {has}, and not {wants}",
            )  # fmt: skip
    yield from _null_flow("source", name, have.flow_nulls, goal.flow_nulls)


def _null_flow(side: str, name: str, has: bool | None, wants: bool | None) -> Iterator[Difference]:
    """A switch that the schema does not mention is off; what is wanted says nothing where its field is not known."""
    if wants is None or (has or False) == wants:
        return
    at = "the source attribute" if side == "source" else "the mapping of"
    if wants:
        yield Difference(
            DifferenceKind.NULL_FLOW_OFF,
            side,
            name,
            "off",
            "on",
            f"nulls do not flow: the switch at {at} {name} is off",
        )
    else:
        yield Difference(
            DifferenceKind.NULL_FLOW_ON,
            side,
            name,
            "on",
            "off",
            f"nulls flow where none may: the switch at {at} {name} is on",
        )


def _mapping(have: AttributeMapping | None, goal: AttributeMapping) -> Iterator[Difference]:
    name, wants = goal.target, shown(goal)
    if have is None:
        yield Difference(
            DifferenceKind.MAPPING_MISSING,
            "target",
            name,
            None,
            wants,
            f"nothing is mapped to {name}; {wants} is wanted",
        )
        return
    if not same_source(have, goal):
        has = shown(have)
        sentence = (
            f"{name} is made from {has}, and not from {wants}" if _agrees(have)
            else f"the parsed form of {name} says something else than its text, {has}; {wants} is wanted"
        )  # fmt: skip
        yield Difference(DifferenceKind.EXPRESSION, "target", name, has, wants, sentence)
    elif have.expression and goal.expression and (have.default_value or None) != (goal.default_value or None):
        yield Difference(
            DifferenceKind.DEFAULT, "target", name, have.default_value, goal.default_value,
            f"the default value of {name} is {_said(have.default_value)}, and not {_said(goal.default_value)}",
        )  # fmt: skip
    if have.matching_priority != goal.matching_priority:
        yield Difference(
            DifferenceKind.MATCHING, "target", name, str(have.matching_priority), str(goal.matching_priority),
            f"{name} {_matches(have.matching_priority)}, and {_should(goal.matching_priority)}",
        )  # fmt: skip
    if have.flow_type != goal.flow_type:
        once = goal.flow_type == FlowType.OBJECT_ADD_ONLY
        yield Difference(
            DifferenceKind.CREATE_ONLY_MISSING if once else DifferenceKind.FLOW_TYPE, "target", name, str(have.flow_type),
            str(goal.flow_type),
            f"{name} is written on every change, and not only when the account is made" if once
            else f"{name} flows {have.flow_type}, and not {goal.flow_type}",
        )  # fmt: skip
    if have.flow_behavior != goal.flow_behavior:
        yield Difference(
            DifferenceKind.FLOW_BEHAVIOR, "target", name, have.flow_behavior, goal.flow_behavior,
            f"{name} has the flow behaviour {have.flow_behavior}, and not {goal.flow_behavior}",
        )  # fmt: skip
    if have.export_missing_references != goal.export_missing_references:
        yield Difference(
            DifferenceKind.REFERENCES, "target", name, str(have.export_missing_references),
            str(goal.export_missing_references),
            f"{name} has exportMissingReferences {have.export_missing_references}, and not {goal.export_missing_references}",
        )  # fmt: skip
    yield from _null_flow("target", name, have.flow_nulls, goal.flow_nulls)


def same_source(one: AttributeMapping, other: AttributeMapping) -> bool:
    """Whether two mappings take the same: blanks, empty arguments at the end and the way the form is written do not count."""
    if one.expression is None or other.expression is None:
        return _constant(one) == _constant(other)
    return meaning(one.expression) == meaning(other.expression) and _agrees(one) and _agrees(other)


def _constant(mapping: AttributeMapping) -> object:
    """A constant is a source of its own, or a default value without a source."""
    if mapping.expression is None:
        return mapping.default_value or ""
    found = meaning(mapping.expression)
    return found.value if isinstance(found, expressions.Constant) else found


def _agrees(mapping: AttributeMapping) -> bool:
    """Whether the parsed form says what the text says; the service may execute either."""
    if mapping.source is None or not mapping.source.get("type"):
        return True
    try:
        expressions.from_source(mapping.source)
    except expressions.ExpressionFault:
        return mapping.source.get("type") == "Function" and _unknown(mapping)
    return True


def _unknown(mapping: AttributeMapping) -> bool:
    """Whether a text cannot be read here: then nothing speaks against its parsed form."""
    try:
        expressions.parse(mapping.expression or "")
    except expressions.ExpressionFault:
        return True
    return False


def meaning(text: str) -> object:
    """The parts of an expression, without empty arguments at the end; the bare text of one that cannot be read."""
    try:
        return _trimmed(expressions.parse(text).root)
    except expressions.ExpressionFault:
        return " ".join(text.split())


def _trimmed(node: object) -> object:
    if not isinstance(node, expressions.Call):
        return node
    arguments = [None if one is None else _trimmed(one) for one in node.arguments]
    while arguments and arguments[-1] is None:
        arguments.pop()
    return node.name, tuple(arguments)


def shown(mapping: AttributeMapping) -> str:
    """A mapping's source as a person reads it: its expression, or its constant in quotes."""
    return _said(mapping.default_value) if mapping.expression is None else mapping.expression


def _said(value: str | None) -> str:
    return "nothing" if value is None else f'"{value}"'


def _matches(priority: int) -> str:
    return f"matches with precedence {priority}" if priority else "is not matched by"


def _should(priority: int) -> str:
    return f"should with precedence {priority}" if priority else "should not"


# --- scope


def _scope(have: ObjectMapping, goal: ObjectMapping) -> Iterator[Difference]:
    has, wants = have.scope.groups, goal.scope.groups
    if {_group(one) for one in has} == {_group(one) for one in wants}:
        return
    yield Difference(
        DifferenceKind.SCOPE, "scope", "", scope_text(has), scope_text(wants),
        f"the scope is {scope_text(has) or 'everybody'}, and not {scope_text(wants) or 'everybody'}",
    )  # fmt: skip


def _group(group: Group) -> frozenset[tuple[str, str, tuple[str, ...]]]:
    return frozenset((one.source, one.operator, one.values) for one in group.clauses)


def scope_text(groups: tuple[Group, ...]) -> str | None:
    """Scoping filters as a person reads them; None without any."""
    said = [
        " and ".join(" ".join((one.source, one.operator, *map(repr, one.values))) for one in group.clauses)
        for group in groups
    ]
    return " or ".join(f"({one})" for one in said) or None
