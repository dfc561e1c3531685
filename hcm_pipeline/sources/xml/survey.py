"""The first pass over an XML file: whether it is whole, where its records stand, and which tags they have."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.characters import heading
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Description
from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import Parser, XmlFault
from hcm_pipeline.sources.source_format import ROW_NO
from hcm_pipeline.sources.unpack import Compression, unpacked
from hcm_pipeline.sources.xml import checking
from hcm_pipeline.sources.xml.checking import NotSound, checked
from hcm_pipeline.sources.xml.clean_text import Cleaner, DeclaredEncoding, declared
from hcm_pipeline.sources.xml.document import INSIDE, OLD, OUTSIDE, RECORD, Document, Place
from hcm_pipeline.sources.xml.paths import Wanted, Way, outer_of
from hcm_pipeline.sources.xml.plain_records import PlainScan, may_be_plain

ASKED = ("record", "tags", "enclosing", "old_values", "namespaces", "wrappers", "encoding")
_TOLD = 5
"""Paths that a message names."""


@dataclass(frozen=True)
class XmlShape:
    """How to read one file; plain values only."""

    compression: Compression
    encoding: str
    encoding_reason: str
    bom_bytes: int
    records_at: tuple[Way, ...]
    """The ways of the elements that are records."""
    beside: dict[str, int]
    """Groups beside the records that nobody reads: name to how many."""
    unseen: tuple[str, ...]
    """Tags of the profile that no record has."""
    asked: dict[str, object]
    """The keys of the source by which it was surveyed."""
    is_plain: bool
    """Records have nothing but tags and text, so that they can be read the fast way."""
    is_clean: bool
    """It is UTF-8 that needs no mending."""
    damaged: int
    """Bytes that are not valid in the encoding; the cells that hold them are held back."""

    @classmethod
    def of(cls, description: Description) -> XmlShape:
        """The shape that a description was made of."""
        own = dict(description.shape)
        own.pop("total_is_record")
        ways = own.pop("records_at")
        assert isinstance(ways, list | tuple)
        return cls(**own, records_at=tuple(tuple(way) for way in ways))  # type: ignore[arg-type]

    @property
    def declared(self) -> DeclaredEncoding:
        """The encoding to read it in."""
        return DeclaredEncoding(self.encoding, self.encoding_reason, self.bom_bytes)


def survey(path: Path, source: Source, name: str) -> Description:
    """Read the whole file once and say what it is.

    Raises ExtractRefused: empty_file, not_xml, undecodable, xml_document_type, xml_broken, xml_cut_short, xml_too_deep,
    xml_too_long, too_many_tags, no_record, duplicate_column, reserved_column, and what `unpacked` refuses.
    """
    with unpacked(path, name, source.max_bytes) as (compression, chunks):
        first = next(chunks, b"")
        if not first:
            raise ExtractRefused(name, "empty_file", "the file is empty; have the extract delivered again")
        encoding = declared(first, source, name)
    cleaner, seen = Cleaner(encoding, name), None
    if may_be_plain(source):
        try:
            with unpacked(path, name, source.max_bytes) as (_, chunks):
                is_large = path.stat().st_size >= checking.LARGE[compression]
                seen = _survey_as_is(source, encoding, chunks, name, is_large=is_large)
        except NotSound:
            with unpacked(path, name, source.max_bytes) as (_, chunks):
                seen = _survey_plain(source, cleaner, without(chunks, encoding.bom), name)
    is_plain = seen is not None
    if seen is None:
        with unpacked(path, name, source.max_bytes) as (_, chunks):
            cleaner = Cleaner(encoding, name)
            surveyor = _Surveyor(Document(Wanted.of(source), name))
            read_all(surveyor.parser, cleaner, without(chunks, encoding.bom), name)
        seen = _Seen(surveyor.document, tuple(surveyor.columns))
    records_at = tuple(place.way for place in seen.document.top.below() if place.kind == RECORD and place.count)
    columns, unseen = _columns(seen, source, records_at)
    _require_headings(columns, name)
    records = sum(place.count for place in seen.document.top.below() if place.kind == RECORD)
    if not records and source.content == "full":
        raise _no_record(seen.document, source, name)
    shape = {
        "compression": compression,
        "encoding": encoding.encoding,
        "encoding_reason": encoding.why,
        "bom_bytes": encoding.bom,
        "records_at": records_at,
        "beside": dict(_beside(seen.document, records_at)),
        "unseen": unseen,
        "damaged": cleaner.damaged,
        "asked": asked(source),
        "is_plain": is_plain,
        "is_clean": not cleaner.changed,
        "total_is_record": False,
    }
    return Description(columns, records, shape, is_open=True)


def asked(source: Source) -> dict[str, object]:
    """The words of a source about its XML, as plain values."""
    return source.model_dump(mode="json", include=set(ASKED))


@dataclass(frozen=True)
class _Seen:
    """The find of the first pass: places with their counts, and the columns as they first came."""

    document: Document
    columns: tuple[str, ...]

    @classmethod
    def of(cls, document: Document, scan: PlainScan) -> _Seen | None:
        """That of a scan; None where it was not plain."""
        columns = dict.fromkeys(document.heading(*leaf) for leaf in scan.leaves)
        return cls(document, tuple(columns)) if scan.plain else None


def without(chunks: Iterator[bytes], bom: int) -> Iterator[bytes]:
    """The chunks without the byte order mark, of so many bytes."""
    for chunk in chunks:
        yield chunk[bom:]
        bom = 0


def read_all(parser: Parser, cleaner: Cleaner, chunks: Iterator[bytes], name: str) -> None:
    """Feed a document to a parser. Raises ExtractRefused for one that is not read."""
    for _ in _fed(parser, cleaner, chunks, name):
        pass


def _survey_as_is(
    source: Source, encoding: DeclaredEncoding, chunks: Iterator[bytes], name: str, *, is_large: bool
) -> _Seen | None:
    """The find of the fast way in a file of UTF-8 in which nothing has to be mended: expat reads no other. None for one that it
    cannot read. Raises NotSound where the file must be mended or refused.
    """
    if encoding.encoding != "utf-8":
        raise NotSound
    document = Document(Wanted.of(source), name)
    scan = PlainScan(document, source)
    with contextlib.closing(checked(without(chunks, encoding.bom), large=is_large)) as texts:
        try:
            for _ in scan.pieces(texts, values=False):
                pass
        except Exception:  # the scan may be ahead of the check: what is wrong is found anew, in order
            raise NotSound from None
    return _Seen.of(document, scan)


def _survey_plain(source: Source, cleaner: Cleaner, chunks: Iterator[bytes], name: str) -> _Seen | None:
    """The find of the fast way; None for a file that it cannot read."""
    document = Document(Wanted.of(source), name)
    scan = PlainScan(document, source)
    try:
        for _ in scan.pieces(_fed(Parser(), cleaner, chunks, name), values=False):
            pass
    except XmlFault:  # of places: careful reading tells it
        return None
    return _Seen.of(document, scan)


def _fed(parser: Parser, cleaner: Cleaner, chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The clean text, a chunk behind the other, once the parser has read it too."""
    try:
        for text in cleaner.clean(chunks):
            parser.feed(text)
            yield text
        parser.finish()
    except XmlFault as fault:
        raise ExtractRefused(
            name, fault.rule, f"{fault.message}; nothing of it is read: have the extract delivered again"
        ) from None


class _Surveyor:
    """Counts elements by place, and notes the columns in the order in which they first come."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.columns: dict[str, None] = {}
        self.parser = Parser()
        self._listen()

    def _listen(self) -> None:
        document, columns = self.document, self.columns
        make, old = document.place, document.wanted.old
        marks, names = bool(old.marks), document.wanted.names
        at, leaf, skipped = document.top, False, 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal at, leaf, skipped
            if skipped:
                skipped += 1
                return
            place = at.kids.get(name) or make(at, name)
            if place.kind == OLD or (marks and attributes and old.marked(attributes, names)):
                skipped = 1
                return
            place.count += 1
            at, leaf = place, True
            if attributes and place.kind != OUTSIDE:
                for key in attributes:
                    if key not in place.attributes:
                        place.attributes[key] = 0
                        if found := document.heading(place, key):
                            columns[found] = None

        def end(_name: str) -> None:
            nonlocal at, leaf, skipped
            if skipped:
                skipped -= 1
                return
            if leaf:
                leaf = False
                if at.column < 0:
                    at.column = 0
                    if at.kind == INSIDE:
                        columns[document.heading(at)] = None
            at = at.parent

        self.parser.expat.StartElementHandler = start
        self.parser.expat.EndElementHandler = end


def _columns(seen: _Seen, source: Source, records_at: Sequence[Way]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a file, and those of them that no record has."""
    wanted = tuple(dict.fromkeys(map(heading, source.tags))) if source.tags is not None else tuple(seen.columns)
    there = {place.way for place in seen.document.top.below()}
    outer = dict.fromkeys(source.enclosing, False)
    for path in source.enclosing:
        for way in records_at:
            way_of = outer_of(way, path, source.wrappers)
            outer[path] = outer[path] or (way_of is not None and way_of.element in there)
    unseen = [tag for tag in wanted if tag not in seen.columns] + [path for path, found in outer.items() if not found]
    return (*wanted, *outer), tuple(unseen)


def _require_headings(columns: Sequence[str], name: str) -> None:
    counted = Counter(column.lower() for column in columns)
    twice = [column for column in columns if counted[column.lower()] > 1]
    if twice:
        raise ExtractRefused(
            name,
            "duplicate_column",
            f"tags differ in upper and lower case only, which count as one: {', '.join(twice[:_TOLD])}; "
            "name those that are wanted in tags of the source",
        )
    if ROW_NO in counted:
        raise ExtractRefused(
            name,
            "reserved_column",
            f"a tag is called {ROW_NO}, which is the pipeline's own; name those that are wanted in tags",
        )


def _no_record(document: Document, source: Source, name: str) -> ExtractRefused:
    """The refusal of a full extract without records; it names the ways that there are, as far as they are few."""
    ways = ["/".join(place.way) for place in document.top.below() if place.kids and place.way]
    shown = f"it has {', '.join(ways[:_TOLD])}" if ways else "it has no element that holds others"
    return ExtractRefused(
        name,
        "no_record",
        f"it holds no element {source.record}: {shown}; correct `record` of the source, or have the extract delivered again."
        " A full extract without anybody is not believed",
    )


def _beside(document: Document, records_at: Sequence[Way]) -> Counter[str]:
    """The groups that stand beside records, or beside what holds them."""
    parents = {way[:depth] for way in records_at for depth in range(len(way))}
    outside = [place for place in document.top.below() if place.kind == OUTSIDE and place.way[:-1] in parents]
    groups = {place.way for place in outside if place.kids and not _leads(place, records_at)}
    found: Counter[str] = Counter()
    for place in outside:
        if place.way in groups:  # names that differ in their namespaces only have one way, and a place each
            found[place.way[-1]] += place.count
    return found


def _leads(place: Place, records_at: Sequence[Way]) -> bool:
    return any(way[: place.depth] == place.way for way in records_at)
