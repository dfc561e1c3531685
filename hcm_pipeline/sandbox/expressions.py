"""The mapping language: read, written back, and told as Graph's `attributeMappingSource`.

Source: "Reference for writing expressions for attribute mappings in Microsoft Entra ID". An expression is an attribute in
brackets, a constant in quotes (a backslash before `\\` and `"`), a number, a word, or a function with arguments, of which any may
be empty. A condition compares two of them by one operator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from hcm_pipeline.sandbox.expression_catalogue import FUNCTIONS

LONGEST = 10_000
"""Characters of an expression."""
OPERATORS = ("<>", ">=", "<=", "=", ">", "<")
WORDS = ("IgnoreAttributeFlow", "IgnoreObjectFlow", "vbTextCompare", "vbBinaryCompare", "True", "False")

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?|&H[0-9A-Fa-f]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Json = dict[str, Any]


class ExpressionFault(Exception):
    """The text is no expression. `position` counts characters from 0."""

    def __init__(self, position: int, rule: str) -> None:
        self.position = position
        super().__init__(f"Invalid expression at position {position}: {rule}")


@dataclass(frozen=True)
class Attribute:
    """An attribute of the source."""

    name: str


@dataclass(frozen=True)
class Constant:
    """A text, a number or a word. `written`: without quotes."""

    value: str
    written: bool = False


@dataclass(frozen=True)
class Call:
    """A function and its arguments; None: an empty one."""

    name: str
    arguments: tuple[Node | None, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Comparison:
    """Two values and the operator between them."""

    operator: str
    left: Node
    right: Node


Node = Attribute | Constant | Call | Comparison


def read_expression(text: str) -> Node:
    """Read a whole expression. Raises ExpressionFault."""
    if len(text) > LONGEST:
        raise ExpressionFault(LONGEST, f"an expression has at most {LONGEST} characters")
    reader = _Reader(text)
    node = reader.value()
    reader.skip()
    if reader.place < len(text):
        raise ExpressionFault(reader.place, "the expression should end here")
    return node


class _Reader:
    """The text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def skip(self) -> None:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    def at(self, mark: str) -> bool:
        self.skip()
        return self.text.startswith(mark, self.place)

    def value(self) -> Node:
        """One value, or two and an operator."""
        left = self._single()
        operator = next((one for one in OPERATORS if self.at(one)), None)
        if operator is None:
            return left
        self.place += len(operator)
        return Comparison(operator, left, self._single())

    def _single(self) -> Node:
        self.skip()
        if self.at("["):
            return self._attribute()
        if self.at('"'):
            return self._text()
        number = _NUMBER.match(self.text, self.place)
        if number:
            self.place = number.end()
            return Constant(number.group(), written=True)
        name = _NAME.match(self.text, self.place)
        if name is None:
            raise ExpressionFault(self.place, "an attribute, a constant or a function should stand here")
        began, self.place = self.place, name.end()
        if self.at("("):
            return self._call(name.group(), began)
        if name.group() in WORDS:
            return Constant(name.group(), written=True)
        raise ExpressionFault(began, f"'{name.group()}' is neither a function with arguments nor a known word")

    def _attribute(self) -> Attribute:
        """Brackets within a name come in pairs: `[addresses[type eq "work"].country]`."""
        began, depth = self.place, 0
        for place in range(began, len(self.text)):
            depth += {"[": 1, "]": -1}.get(self.text[place], 0)
            if depth == 0:
                self.place = place + 1
                name = self.text[began + 1 : place].strip()
                if not name:
                    raise ExpressionFault(began, "an attribute has a name")
                return Attribute(name)
        raise ExpressionFault(began, "the bracket is not closed")

    def _text(self) -> Constant:
        began, place, found = self.place, self.place + 1, ""
        while place < len(self.text):
            mark = self.text[place]
            if mark == '"':
                self.place = place + 1
                return Constant(found)
            if mark == "\\" and self.text[place + 1 : place + 2] in ("\\", '"'):
                place += 1
                mark = self.text[place]
            found += mark
            place += 1
        raise ExpressionFault(began, "the quote is not closed")

    def _call(self, name: str, began: int) -> Call:
        if name not in FUNCTIONS:
            raise ExpressionFault(began, f"there is no function '{name}'")
        self.place += 1
        arguments: list[Node | None] = []
        while True:
            arguments.append(None if self.at(",") or self.at(")") else self.value())
            if self.at(","):
                self.place += 1
            elif self.at(")"):
                self.place += 1
                break
            else:
                raise ExpressionFault(self.place, "a comma or the closing parenthesis should stand here")
        if arguments == [None]:
            arguments = []
        _check_arguments(name, arguments, began)
        return Call(name, tuple(arguments))


def _check_arguments(name: str, arguments: list[Node | None], began: int) -> None:
    """Enough and not too many; what is required is not empty. Empty ones at the end may be left out, or stand there."""
    parameters = FUNCTIONS[name].parameters
    often = bool(parameters) and parameters[-1].often
    given = list(arguments)
    while given and given[-1] is None and len(given) > len(parameters):
        given.pop()
    if len(given) > len(parameters) and not often:
        raise ExpressionFault(began, f"{name} takes {len(parameters)} arguments")
    for number, parameter in enumerate(parameters):
        if parameter.required and (number >= len(given) or given[number] is None):
            raise ExpressionFault(began, f"{name} lacks the argument '{parameter.key}'")
    if name == "Switch" and len(given) % 2:
        raise ExpressionFault(began, "Switch takes an even number of arguments")
    if name == "SelectUniqueValue" and len(given) < 2:
        raise ExpressionFault(began, "SelectUniqueValue takes two arguments or more")


def write(node: Node | None) -> str:
    """The expression as Graph spells it."""
    if node is None:
        return ""
    if isinstance(node, Attribute):
        return f"[{node.name}]"
    if isinstance(node, Constant):
        if node.written:
            return node.value
        escaped = node.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(node, Comparison):
        return f"{write(node.left)} {node.operator} {write(node.right)}"
    return f"{node.name}({', '.join(write(argument) for argument in node.arguments)})"


def mapping_source(node: Node) -> Json:
    """`attributeMappingSource`: empty arguments are left out."""
    told: Json = {"expression": write(node), "parameters": []}
    if isinstance(node, Attribute):
        return {**told, "name": node.name, "type": "Attribute"}
    if isinstance(node, Constant):
        return {**told, "name": node.value, "type": "Constant"}
    if isinstance(node, Comparison):
        sides = [("left", node.left), ("right", node.right)]
        parameters = [{"key": key, "value": mapping_source(side)} for key, side in sides]
        return {**told, "name": node.operator, "type": "Function", "parameters": parameters}
    keys = [parameter.key for parameter in FUNCTIONS[node.name].parameters]
    parameters = [
        {"key": keys[min(number, len(keys) - 1)], "value": mapping_source(argument)}
        for number, argument in enumerate(node.arguments)
        if argument is not None
    ]
    return {**told, "name": node.name, "type": "Function", "parameters": parameters}


def attributes_in(node: Node | None) -> set[str]:
    """The attributes of the source that an expression uses."""
    if isinstance(node, Attribute):
        return {node.name}
    if isinstance(node, Comparison):
        return attributes_in(node.left) | attributes_in(node.right)
    if isinstance(node, Call):
        return {name for argument in node.arguments for name in attributes_in(argument)}
    return set()


def functions_in(node: Node | None) -> list[str]:
    """The functions that an expression uses, from the outermost."""
    if isinstance(node, Comparison):
        return functions_in(node.left) + functions_in(node.right)
    if isinstance(node, Call):
        return [node.name, *(name for argument in node.arguments for name in functions_in(argument))]
    return []
