"""The parts of an expression of attribute mappings, and how each is written.

Source: "Reference for writing expressions for attribute mappings in Microsoft Entra Application Provisioning" (08/2024).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hcm_pipeline.errors import PipelineError

LONGEST = 10_000
"""Characters of an expression, at most."""
DEEPEST = 100
"""Functions inside each other, at most. The service's own bound is not documented."""
OPERATORS = ("<>", ">=", "<=", "=", ">", "<")
"""The comparison operators, the longer before those that they begin with."""


class ExpressionFault(PipelineError):
    """An expression that cannot be read. `position` is the character, counted from 1, at which it ends to make sense."""

    def __init__(self, why: str, position: int) -> None:
        self.why = why
        self.position = position
        super().__init__(f"character {position:,} of the expression: {why}")


@dataclass(frozen=True)
class Attribute:
    """A reference to an attribute of the source, as `[userName]`."""

    name: str

    def __str__(self) -> str:
        return f"[{self.name}]"


@dataclass(frozen=True)
class Constant:
    """A constant. `bare`: written without quotation marks, as numbers and True are; the value is the same.

    Graph's parsed form knows quoted ones alone, so that two constants are equal when their values are.
    """

    value: str
    bare: bool = False

    def __str__(self) -> str:
        return self.value if self.bare else quoted(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True)
class Comparison:
    """Two operands that are compared, as `[country]="USA"`; only an argument of a function can be one."""

    operator: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Call:
    """A function with its arguments; None where a slot is empty."""

    name: str
    arguments: tuple[Argument | None, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join('' if each is None else str(each) for each in self.arguments)})"


Operand = Attribute | Constant | Call
Argument = Operand | Comparison


@dataclass(frozen=True)
class Expression:
    """A whole expression. Its text is what the service would print: one blank after each comma, none before."""

    root: Operand

    def __str__(self) -> str:
        return str(self.root)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The names of the source attributes that the expression uses, each once, in their order."""
        return tuple(dict.fromkeys(node.name for node in parts(self.root) if isinstance(node, Attribute)))

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that it uses, each once, the outer before the inner."""
        return tuple(dict.fromkeys(node.name for node in parts(self.root) if isinstance(node, Call)))

    @property
    def direct(self) -> str | None:
        """The attribute that it is, without any function; None for all others."""
        return self.root.name if isinstance(self.root, Attribute) else None


def parts(node: Argument | None) -> Iterator[Argument]:
    """A node and all below it, the outer before the inner."""
    waiting: list[Argument | None] = [node]
    while waiting:
        each = waiting.pop()
        if each is None:
            continue
        yield each
        if isinstance(each, Call):
            waiting += reversed(each.arguments)
        elif isinstance(each, Comparison):
            waiting += (each.right, each.left)


def quoted(value: str) -> str:
    """A string constant as it is written: a backslash before each backslash and each quotation mark."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
