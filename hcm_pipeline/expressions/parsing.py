"""From the text of an expression to its parts.

Names are case-sensitive; `[...]` names an attribute and may hold a filter in brackets of its own; a string constant has a backslash
before each backslash and quotation mark, and nowhere else; an argument may be left out. Anything that the documentation does not
have is a fault with its position.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hcm_pipeline.expressions.syntax import (
    DEEPEST,
    LONGEST,
    OPERATORS,
    Argument,
    Attribute,
    Call,
    Comparison,
    Constant,
    Expression,
    ExpressionFault,
    Operand,
)

BARE_WORDS = frozenset({"True", "False", "vbTextCompare", "vbBinaryCompare"})
"""The words that stand without quotation marks in the documentation."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?)(?![A-Za-z0-9_.])|&H[0-9A-Fa-f]+(?![A-Za-z0-9_])")
BLANK = re.compile(r"\s*")
PLAIN = re.compile(r'[^"\\]*')


def parse(text: str) -> Expression:
    """Read an expression. Raises ExpressionFault with the position of what cannot be read."""
    if len(text) > LONGEST:
        raise ExpressionFault(f"it has {len(text):,} characters, and {LONGEST:,} are allowed", LONGEST + 1)
    reader = _Reader(text)
    reader.skip()
    if reader.done:
        raise ExpressionFault("there is nothing", 1)
    root = reader.operand(0)
    reader.skip()
    if not reader.done:
        raise reader.fault("the expression has ended, and there is more; a comparison stands inside a function only")
    return Expression(root)


@dataclass
class _Reader:
    text: str
    at: int = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def skip(self) -> None:
        found = BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def fault(self, why: str) -> ExpressionFault:
        return ExpressionFault(why, self.at + 1)

    def take(self, what: str) -> bool:
        """Whether `what` stands next; then it is passed."""
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def operand(self, depth: int) -> Operand:
        """An attribute, a constant or a function."""
        if self.done:
            raise self.fault("an attribute, a constant or a function is missing")
        here = self.text[self.at]
        if here == "[":
            return self.attribute()
        if here == '"':
            return self.string()
        number = NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Constant(number[0], bare=True)
        name = NAME.match(self.text, self.at)
        if name is None:
            raise self.fault(f"{here!r} begins neither an attribute nor a constant nor a function")
        start, self.at = self.at, name.end()
        self.skip()
        if self.take("("):
            return self.call(name[0], start, depth + 1)
        self.at = name.end()
        if name[0] in BARE_WORDS:
            return Constant(name[0], bare=True)
        self.at = start
        raise self.fault("a name without parentheses: attributes stand in brackets, strings in quotation marks")

    def call(self, name: str, start: int, depth: int) -> Call:
        """The arguments of a function, after its parenthesis."""
        if depth > DEEPEST:
            raise ExpressionFault(f"more than {DEEPEST} functions stand inside each other", start + 1)
        arguments: list[Argument | None] = []
        self.skip()
        if self.take(")"):
            return Call(name, ())
        while True:
            self.skip()
            if self.done:
                raise ExpressionFault(f"the parenthesis of {name} is not closed", start + 1)
            empty = self.text[self.at] in ",)"
            arguments.append(None if empty else self.argument(depth))
            self.skip()
            if self.take(")"):
                return Call(name, tuple(arguments))
            if self.done:
                raise ExpressionFault(f"the parenthesis of {name} is not closed", start + 1)
            if not self.take(","):
                raise self.fault("a comma or a closing parenthesis is missing")

    def argument(self, depth: int) -> Argument:
        """An operand, or two that are compared."""
        left = self.operand(depth)
        self.skip()
        for operator in OPERATORS:
            if self.take(operator):
                self.skip()
                return Comparison(operator, left, self.operand(depth))
        return left

    def attribute(self) -> Attribute:
        """The name between brackets; a filter's own brackets, and strings in those, belong to the name."""
        start, inside, at = self.at, 0, self.at
        while at < len(self.text):
            here = self.text[at]
            if here == '"' and inside > 1:
                closing = self.text.find('"', at + 1)
                at = closing if closing > 0 else len(self.text)
            elif here == "[":
                inside += 1
            elif here == "]":
                inside -= 1
                if not inside:
                    name = self.text[start + 1 : at]
                    if not name.strip():
                        raise self.fault("the brackets name no attribute")
                    self.at = at + 1
                    return Attribute(name)
            at += 1
        raise self.fault("the bracket is not closed")

    def string(self) -> Constant:
        """A string constant; of backslashes it takes those alone that the documentation has."""
        start, pieces = self.at, []
        self.at += 1
        while True:
            plain = PLAIN.match(self.text, self.at)
            if plain:
                pieces.append(plain[0])
                self.at = plain.end()
            if self.take('"'):
                return Constant("".join(pieces))
            if self.take('\\"'):
                pieces.append('"')
            elif self.take("\\\\"):
                pieces.append("\\")
            elif self.done:
                raise ExpressionFault("the quotation mark is not closed", start + 1)
            else:
                raise self.fault("a backslash stands only before a backslash or a quotation mark; write it twice")
