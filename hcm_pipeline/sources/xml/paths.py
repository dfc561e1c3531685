"""The paths of a profile held against the elements of a document, by names as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import NAMESPACE_END

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
_NOT_DATA = (f"{XSI}{NAMESPACE_END}", f"{XML}{NAMESPACE_END}")
NIL = f"{XSI}{NAMESPACE_END}nil"
"""The attribute that says that an element has no value."""

Way = tuple[str, ...]
"""Names of elements from the root down."""


@dataclass(frozen=True)
class RecordPattern:
    """A path of a profile: it fits an element by the last names of its way or, `whole`, by all of them."""

    steps: Way
    whole: bool
    wrappers: frozenset[str]

    @classmethod
    def of(cls, path: str, wrappers: Sequence[str]) -> RecordPattern:
        """That of a path such as `DATA_DS/G_1`, `/DATA_DS/G_1` or `//G_1`."""
        steps = tuple(path.strip("/").split("/"))
        return cls(steps, path.startswith("/") and not path.startswith("//"), frozenset(wrappers) - set(steps))

    def fits(self, way: Way) -> bool:
        """Whether the element at the end of a way is meant; wrappers on the way do not count."""
        names = [name for name in way if name not in self.wrappers]
        if not names or way[-1] in self.wrappers or len(names) < len(self.steps):
            return False
        if self.whole and len(names) != len(self.steps):
            return False
        last = names[-len(self.steps) :]
        return all(step in ("*", name) for step, name in zip(self.steps, last, strict=True))


@dataclass(frozen=True)
class Old:
    """Elements and attributes that hold what was."""

    elements: tuple[str, ...]
    attributes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    """Attribute and value that mark an element as old."""

    @classmethod
    def of(cls, patterns: Sequence[str]) -> Old:
        """That of a profile's patterns."""
        marks = tuple(tuple(one[1:].split("=", 1)) for one in patterns if "=" in one)
        plain = [one for one in patterns if "=" not in one]
        return cls(
            tuple(one for one in plain if not one.startswith("@")),
            tuple(one[1:] for one in plain if one.startswith("@")),
            tuple((mark[0], mark[1]) for mark in marks),
        )

    def element(self, name: str) -> bool:
        """Whether an element of this name is an old one."""
        return any(fnmatchcase(name, pattern) for pattern in self.elements)

    def attribute(self, name: str) -> bool:
        """Whether an attribute of this name is an old one."""
        return any(fnmatchcase(name, pattern) for pattern in self.attributes)

    def marked(self, attributes: Mapping[str, str], names: Names) -> bool:
        """Whether an element with these attributes is an old one."""
        return any(
            fnmatchcase(names.shown(key), mark) and value == marking
            for key, value in attributes.items()
            for mark, marking in self.marks
        )


@dataclass(frozen=True)
class Names:
    """Names as people write them: with the profile's prefix where it has one for the namespace, else the local name."""

    prefixes: Mapping[str, str]
    """Address of a namespace to prefix."""

    def shown(self, name: str) -> str:
        """The name for one of expat's, which is `uri}local` or `local`."""
        address, end, local = name.rpartition(NAMESPACE_END)
        prefix = self.prefixes.get(address) if end else None
        return f"{prefix}:{local}" if prefix else local


def is_data(attribute: str) -> bool:
    """Whether an attribute is one of the record's, and none of XML's own."""
    return not attribute.startswith(_NOT_DATA)


@dataclass(frozen=True)
class Wanted:
    """All that a profile says of the elements of its XML."""

    record: RecordPattern
    total: RecordPattern | None
    old: Old
    names: Names

    @classmethod
    def of(cls, source: Source) -> Wanted:
        """That of a source which `faults` has judged."""
        return cls(
            RecordPattern.of(source.record or "*", source.wrappers),
            RecordPattern.of(source.total, source.wrappers) if source.total else None,
            Old.of(source.old_values),
            Names({address: prefix for prefix, address in source.namespaces.items()}),
        )


@dataclass(frozen=True)
class Outer:
    """A column in a group around a record: the way of the group, that of the element, and the attribute where it is one."""

    group: Way
    element: Way
    attribute: str | None


def outer_of(record: Way, path: str, wrappers: Sequence[str]) -> Outer | None:
    """The place of a path such as `../../RUN/@id` for records at a way; None where there are not so many groups around them."""
    group = list(record)
    steps = path.split("/")
    while steps[0] == "..":
        steps.pop(0)
        if len(group) < 2:
            return None
        group.pop()
        while len(group) > 1 and group[-1] in wrappers:
            group.pop()
    attribute = steps.pop()[1:] if steps[-1].startswith("@") else None
    return Outer(tuple(group), (*group, *steps), attribute)
