"""The sources of mappings: `attributeMappingSource` as an expression, whether its text and its parsed form agree, and its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hcm_pipeline.sandbox.expression_catalogue import FUNCTIONS
from hcm_pipeline.sandbox.expressions import (
    Attribute,
    Call,
    Comparison,
    Constant,
    ExpressionFault,
    Node,
    functions_in,
    mapping_source,
    read_expression,
)

Json = Mapping[str, Any]


def node_of(source: Json) -> Node:
    """The expression of a source: of its text where it has one, else of its parsed form. Raises ExpressionFault."""
    if source.get("type") == "Attribute":
        return Attribute(str(source.get("name")))
    text = source.get("expression")
    if source.get("type") == "Constant":
        return _constant(str(source.get("name") or ""), text)
    if isinstance(text, str) and text.strip():
        return read_expression(text)
    return _of_parameters(source)


def _constant(name: str, text: object) -> Constant:
    """A constant as its text spells it; without a text that spells one, its name."""
    try:
        node = read_expression(text) if isinstance(text, str) else None
    except ExpressionFault:
        node = None
    return node if isinstance(node, Constant) else Constant(name)


def _of_parameters(source: Json) -> Node:
    name = str(source.get("name"))
    if name not in FUNCTIONS:
        raise ExpressionFault(0, f"there is no function '{name}'")
    keys = [parameter.key for parameter in FUNCTIONS[name].parameters]
    arguments: list[Node | None] = []
    for parameter in source.get("parameters") or []:
        key = parameter["key"]
        if key not in keys:
            raise ExpressionFault(0, f"{name} has no parameter '{key}'")
        arguments += [None] * (keys.index(key) - len(arguments))
        arguments.append(node_of(parameter["value"]))
    return Call(name, tuple(arguments))


def fault_of(source: Json, *, matching: bool) -> str | None:
    """Why a source of the type Function is none. `matching`: its target is matched by."""
    try:
        node = node_of(source)
    except ExpressionFault as error:
        return str(error)
    functions = functions_in(node)
    if "SelectUniqueValue" in functions[1:]:
        return "SelectUniqueValue must be at the top level"
    if matching and "SelectUniqueValue" in functions:
        return "SelectUniqueValue is not for an attribute with a matching precedence"
    if source.get("parameters") and not _agrees(source, mapping_source(node), node):
        return "the expression and its parameters do not agree"
    return None


def _agrees(given: Json, told: Json, node: Node) -> bool:
    """Whether a parsed form says what the text says; how a comparison is told is not published."""
    if isinstance(node, Comparison):
        return True
    if (given.get("type"), given.get("name")) != (told["type"], told["name"]):
        return False
    values = [parameter.get("value") or {} for parameter in given.get("parameters") or []]
    parts = [argument for argument in node.arguments if argument is not None] if isinstance(node, Call) else []
    return len(values) == len(parts) and all(
        _agrees(value, mapping_source(part), part) for value, part in zip(values, parts, strict=True)
    )
