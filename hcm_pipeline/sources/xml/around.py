"""The groups around records whose tags are columns: which elements give them, and to the records of which group."""

from __future__ import annotations

from collections.abc import Sequence

from hcm_pipeline.profile import Source
from hcm_pipeline.sources.xml.document import OUTSIDE, RECORD, Document, Place
from hcm_pipeline.sources.xml.paths import Way, outer_of


class Around:
    """Makes places of a document that know their groups. `records_at`: the ways of the records."""

    def __init__(self, document: Document, records_at: Sequence[Way], source: Source) -> None:
        self._document, self._source = document, source
        self._outer, self._group_ways = _outer(records_at, source)

    def place(self, parent: Place, name: str) -> Place:
        """A new place, see `Document.place`."""
        made = self._document.place(parent, name)
        if made.kind in (OUTSIDE, RECORD):
            made.is_group = made.way in self._group_ways
            made.outer = [
                (attribute, place, _up_to(made, group)) for attribute, place, group in self._outer.get(made.way, ())
            ]
            if made.kind == RECORD:
                ways = (outer_of(made.way, path, self._source.wrappers) for path in self._source.enclosing)
                made.groups = tuple(_up_to(made, way.group) if way else self._document.top for way in ways)
        return made


def _up_to(place: Place, way: Way) -> Place:
    """The place itself, or the one around it, at a way."""
    while place.way != way:
        place = place.parent
    return place


def _outer(records_at: Sequence[Way], source: Source) -> tuple[dict[Way, list[tuple[str | None, int, Way]]], set[Way]]:
    """Way of an element to the columns that it gives to the records of a group; and the ways of all such groups."""
    found: dict[Way, list[tuple[str | None, int, Way]]] = {}
    groups = set()
    for place, path in enumerate(source.enclosing):
        for way in records_at:
            outer = outer_of(way, path, source.wrappers)
            given = (outer.attribute, place, outer.group) if outer else None
            if outer and given and given not in found.get(outer.element, []):
                found.setdefault(outer.element, []).append(given)
                groups.add(outer.group)
    return found, groups
