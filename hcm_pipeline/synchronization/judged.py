"""The things that every rule of a schema is given, what it says, and what several rules ask of a mapping or a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from hcm_pipeline import expressions
from hcm_pipeline.synchronization.schema_model import Attribute, AttributeMapping, People, Schema
from hcm_pipeline.synchronization.target_kind import Kind

UNIQUE = "SelectUniqueValue"
CORE_URN = "urn:ietf:params:scim:schemas:core:2.0:user"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"


Severity = Literal["error", "warning"]


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


def parsed_of(mapping: AttributeMapping) -> expressions.Expression | None:
    """The expression of a mapping; None for none, and for one that cannot be read."""
    if mapping.expression is None:
        return None
    with suppress(expressions.ExpressionFault):
        return expressions.parse(mapping.expression)
    return None


def functions_of(mapping: AttributeMapping) -> tuple[str, ...]:
    """The functions of an expression, each once, the outer before the inner."""
    parsed = parsed_of(mapping)
    return mapping.functions if parsed is None else parsed.functions


def nested(mapping: AttributeMapping) -> bool:
    """Whether SelectUniqueValue stands inside another function, or inside itself."""
    parsed = parsed_of(mapping)
    if parsed is None:
        return False
    if not isinstance(parsed.root, expressions.Call) or parsed.root.name != UNIQUE:
        return True
    inner = (one for one in parsed.root.arguments if isinstance(one, expressions.Call))
    return any(UNIQUE in expressions.Expression(one).functions for one in inner)


def own(name: str) -> bool:
    urn = name.rpartition(":")[0].lower()
    return name.lower().startswith("urn:") and not urn.startswith((CORE_URN, ENTERPRISE_URN))


def near(name: str, known: Mapping[str, Attribute]) -> str:
    alike = next((one for one in known if one.lower() == name.lower()), None)
    alike = alike or next(iter(get_close_matches(name, known, 1, 0.85)), None)
    return f" (it has {alike})" if alike else ""
