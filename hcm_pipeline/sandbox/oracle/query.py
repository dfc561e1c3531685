"""The query language of resources: `q` of framework version 1, and the row-match expressions from version 2 on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hcm_pipeline.sandbox.oracle.messages import Refused

Attributes = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """A resource or a child: its attributes with their defaults, the key of a row in a path, and its children."""

    name: str
    attributes: Mapping[str, Any]
    children: Mapping[str, Shape] = field(default_factory=dict)
    hashed: bool = True
    """Whether a row's key in a path is a hash instead of its id."""

    def at(self, path: tuple[str, ...]) -> Shape:
        """The child at a path. Raises Refused."""
        shape = self
        for name in path:
            if name not in shape.children:
                raise Refused(400, f"{'.'.join(path)}: {shape.name} has no child {name}.", "27520")
            shape = shape.children[name]
        return shape


@dataclass
class Node:
    """One row of a resource, with those of its children; `owner`: the person number of a worker."""

    key: str
    attributes: Attributes
    children: dict[str, list[Node]] = field(default_factory=dict)
    owner: str = ""


Test = Callable[[Node], bool]


@dataclass(frozen=True)
class Match:
    """A parsed `q`. `equal`: of the values by attribute path, one must be there; None: nothing is known."""

    test: Test
    equal: tuple[tuple[str, str], ...] | None = None


TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<sign><>|!=|<=|>=|=|<|>|\(|\)|;|,)|(?P<word>[^\s'\"<>!=();,]+))"
)
SIGNS = ("=", "!=", "<>", "<", ">", "<=", ">=")


def parse(text: str, shape: Shape, version: int, *, in_operator: bool) -> Match:
    """A `q` against a resource. Raises Refused, as the service does for what it does not know."""
    if version < 2:
        return _plain(text, shape)
    parser = _Parser(list(_tokens(text)), shape, in_operator)
    found = parser.either()
    if parser.left:
        raise parser.wrong()
    return found


def _plain(text: str, shape: Shape) -> Match:
    """Version 1: `Name=value`, joined by semicolons; neither quotes, words nor paths."""
    tests, equal = [], None
    for part in text.split(";"):
        found = re.fullmatch(r"\s*(\w+)\s*(=|!=|<>|<=|>=|<|>)\s*([^'\"]*?)\s*", part)
        if found is None or re.search(r"\s(and|or|like)\s", part, re.IGNORECASE):
            raise Refused(400, f"URL request parameter q with value {text} is not valid.")
        name, sign, value = found.groups()
        tests.append(_comparison(shape, (), name, sign, value))
        equal = ((name, value),) if sign == "=" and equal is None else equal
    return Match(lambda node: all(test(node) for test in tests), equal)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = TOKEN.match(text, place)
        if found is None:
            raise Refused(400, f"The expression {text} is not valid.", "27521")
        place = found.end()
        kind = str(found.lastgroup)
        value = found[kind]
        yield kind, value[1:-1].replace(value[0] * 2, value[0]) if kind == "text" else value


class _Parser:
    """Recursive descent over `or`, `and`, brackets and comparisons."""

    def __init__(self, tokens: list[tuple[str, str]], shape: Shape, in_operator: bool) -> None:
        self.left, self._shape, self._in = tokens, shape, in_operator

    def wrong(self) -> Refused:
        near = self.left[0][1] if self.left else "its end"
        return Refused(400, f"The expression is not valid near {near}.", "27521")

    def _word(self, *wanted: str) -> bool:
        if self.left and self.left[0][0] != "text" and self.left[0][1].lower() in wanted:
            self.left.pop(0)
            return True
        return False

    def either(self) -> Match:
        found = [self._both()]
        while self._word("or"):
            found.append(self._both())
        if len(found) == 1:
            return found[0]
        equal: tuple[tuple[str, str], ...] | None = ()
        for one in found:
            equal = None if equal is None or one.equal is None else (*equal, *one.equal)
        return Match(lambda node: any(one.test(node) for one in found), equal)

    def _both(self) -> Match:
        found = [self._one()]
        while self._word("and", ";"):
            found.append(self._one())
        if len(found) == 1:
            return found[0]
        equal = next((one.equal for one in found if one.equal is not None), None)
        return Match(lambda node: all(one.test(node) for one in found), equal)

    def _one(self) -> Match:
        if self._word("("):
            found = self.either()
            if not self._word(")"):
                raise self.wrong()
            return found
        if not self.left or self.left[0][0] != "word":
            raise self.wrong()
        *path, name = self.left.pop(0)[1].split(".")
        place = tuple(path)
        if self._word("is"):
            absent = not self._word("not")
            if not self._word("null"):
                raise self.wrong()
            return Match(_nullness(self._shape, place, name, absent))
        if self._in and self._word("in"):
            return self._among(place, name)
        like = self._word("like")
        sign = "like" if like else self.left.pop(0)[1] if self.left and self.left[0][1] in SIGNS else ""
        if not sign or not self.left or self.left[0][0] == "sign":
            raise self.wrong()
        value = self._value(place, name)
        equal = ((".".join((*place, name)), value),) if sign == "=" else None
        return Match(_comparison(self._shape, place, name, sign, value), equal)

    def _among(self, place: tuple[str, ...], name: str) -> Match:
        values = []
        if not self._word("("):
            raise self.wrong()
        while True:
            if not self.left or self.left[0][0] == "sign":
                raise self.wrong()
            values.append(self._value(place, name))
            if self._word(")"):
                break
            if not self._word(","):
                raise self.wrong()
        tests = [_comparison(self._shape, place, name, "=", value) for value in values]
        full = ".".join((*place, name))
        return Match(lambda node: any(test(node) for test in tests), tuple((full, value) for value in values))

    def _value(self, place: tuple[str, ...], name: str) -> str:
        kind, value = self.left.pop(0)
        text = not name.endswith("Id") and not name.endswith("Flag")
        if kind == "word" and text and self._shape.at(place):
            raise Refused(400, f"The value of {name} is to stand in quotes.", "27521")
        return value


def _attribute(shape: Shape, path: tuple[str, ...], name: str) -> None:
    if name not in shape.at(path).attributes:
        raise Refused(400, f"{name} is not an attribute of {'.'.join((shape.name, *path))}.", "27522")


def _nullness(shape: Shape, path: tuple[str, ...], name: str, absent: bool) -> Test:
    _attribute(shape, path, name)
    return lambda node: any((row.attributes[name] is None) == absent for row in _rows(node, path))


def _comparison(shape: Shape, path: tuple[str, ...], name: str, sign: str, value: str) -> Test:
    _attribute(shape, path, name)
    if sign == "like":
        pattern = re.compile(
            "".join(".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in value),
            re.DOTALL,
        )
        return lambda node: any(
            pattern.fullmatch(_text(row.attributes[name])) is not None
            for row in _rows(node, path)
            if row.attributes[name] is not None
        )
    return lambda node: any(_compares(row.attributes[name], sign, value) for row in _rows(node, path))


def _compares(held: Any, sign: str, value: str) -> bool:
    if held is None:
        return False
    left: Any = _text(held)
    right: Any = value
    if isinstance(held, bool):
        right = value.lower()
    elif isinstance(held, int):
        if not value.lstrip("-").isdecimal():
            return False
        left, right = held, int(value)
    if sign == "=":
        return bool(left == right)
    if sign in ("!=", "<>"):
        return bool(left != right)
    order = (left > right) - (left < right)
    return bool({"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[sign])


def _text(held: Any) -> str:
    return str(held).lower() if isinstance(held, bool) else str(held)


def _rows(node: Node, path: tuple[str, ...]) -> Iterator[Node]:
    if not path:
        yield node
    else:
        for child in node.children.get(path[0], ()):
            yield from _rows(child, path[1:])


def sort_key(value: Any) -> tuple[bool, Any]:
    """Rows without a value come last."""
    return (value is None, 0 if value is None else value)
