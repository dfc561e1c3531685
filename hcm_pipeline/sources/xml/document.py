"""The elements of a document as a tree of places: one for each way of names, however many elements stand there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hcm_pipeline.characters import heading
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.safe_xml import DEEPEST, too_deep
from hcm_pipeline.sources.xml.paths import Wanted, Way, is_data

OUTSIDE, RECORD, INSIDE, OLD = range(4)
Kind = Literal[0, 1, 2, 3]
MOST_PLACES = 20_000
"""Different ways in one file: more are no tags, but data in the place of tags."""


class Place:
    """The elements with the same names from the root down."""

    __slots__ = (
        "attributes", "column", "count", "depth", "groups", "instance", "is_group", "is_total", "kids", "kind", "name", "nested",
        "outer", "parent", "way",
    )  # fmt: skip

    def __init__(self, name: str, parent: Place | None, kind: int, way: Way) -> None:
        self.name = name
        self.parent: Place = parent or self
        self.kind = kind
        self.way = way
        self.depth = len(way)
        self.kids: dict[str, Place] = {}
        self.attributes: dict[str, int] = {}
        """Attribute to its column; -1: it is none."""
        self.column = -1
        """The column of its text; -1: none, or not known yet."""
        self.count = 0
        self.nested = False
        """A record would begin here, within a record."""
        self.is_total = False
        self.is_group = False
        self.instance = 0
        """The number of the group that is open here."""
        self.groups: tuple[Place, ...] = ()
        """Of a record: the group of each outer column."""
        self.outer: list[tuple[str | None, int, Place]] = []
        """Outer columns that this place gives: attribute or text, number of the column, and the group."""

    def below(self) -> Iterator[Place]:
        """The place and all below it, in the order in which they first came."""
        yield self
        for kid in self.kids.values():
            yield from kid.below()


class Document:
    """Makes places as names come."""

    def __init__(self, wanted: Wanted, name: str) -> None:
        self.wanted = wanted
        self.top = Place("", None, OUTSIDE, ())
        self._name = name
        self._places = 0

    def place(self, parent: Place, name: str) -> Place:
        """The new place of an element. Raises XmlFault for one too deep, and ExtractRefused for too many."""
        self._places += 1
        if self._places > MOST_PLACES:
            raise ExtractRefused(
                self._name,
                "too_many_tags",
                f"its tags have more than {MOST_PLACES:,} different paths; data stand where names of tags should",
            )
        if parent.depth >= DEEPEST:
            raise too_deep()
        wanted = self.wanted
        shown = wanted.names.shown(name)
        way = (*parent.way, shown)
        is_record = wanted.record.fits(way)
        kind = OUTSIDE
        if wanted.old.element(shown):
            kind = OLD
        elif parent.kind in (RECORD, INSIDE):
            kind = INSIDE
        elif is_record:
            kind = RECORD
        made = Place(name, parent, kind, way)
        made.nested = kind == INSIDE and is_record
        made.is_total = kind == OUTSIDE and wanted.total is not None and wanted.total.fits(way)
        parent.kids[name] = made
        return made

    def heading(self, place: Place, attribute: str | None = None) -> str:
        """The column of a place in a record, or of its attribute; empty for one that is none."""
        record = place
        while record.kind != RECORD:
            record = record.parent
        path = "/".join(place.way[record.depth :])
        if attribute is None:
            return heading(path)
        shown = self.wanted.names.shown(attribute)
        if not is_data(attribute) or self.wanted.old.attribute(shown):
            return ""
        return heading(f"{path}/@{shown}" if path else f"@{shown}")
