"""The second pass over an XML file: each record becomes a row or a reject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hcm_pipeline.characters import SEVERAL, heading
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import Parser
from hcm_pipeline.sources.arrow_arrays import integers
from hcm_pipeline.sources.column_writer import writing_columns
from hcm_pipeline.sources.row_writer import RAW_CHARS, RowWriter
from hcm_pipeline.sources.unpack import unpacked
from hcm_pipeline.sources.xml.around import Around
from hcm_pipeline.sources.xml.clean_text import Cleaner
from hcm_pipeline.sources.xml.document import INSIDE, OLD, OUTSIDE, RECORD, Document, Place
from hcm_pipeline.sources.xml.group_values import GroupValues, NotYetKnown
from hcm_pipeline.sources.xml.paths import NIL, Wanted
from hcm_pipeline.sources.xml.plain_records import PlainPiece, PlainScan
from hcm_pipeline.sources.xml.survey import XmlShape, read_all, without
from hcm_pipeline.warehouse import Relation, Scratch

MAX_RECORD_CHARS = 1 << 26
"""A record longer than this is no record: the file is refused instead of filling the memory."""
LONGEST_TEXT = 1 << 24
"""Characters between two tags."""
_GROUPS = {"place": "integer", "instance": "bigint", "value": "varchar"}
_GROUPS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class ReadRecords:
    """Rows with the columns of the file."""

    writer: RowWriter
    groups: Relation | None
    """The values of groups, where rows have the numbers of the groups around them, `group_<n>`, in the place of their columns."""
    total: int | None


def read_records(
    t: Scratch, stored: Path, shape: XmlShape, header: Sequence[str], source: Source, *, name: str
) -> ReadRecords:
    """Read every record. Of the header the last columns are those of groups around the record, as many as the source names.

    Rules of rejects: stray_text, nested_record, field_too_long. Raises ExtractRefused (record_too_long), and where the stored file
    is no longer read as it was.
    """
    if shape.is_plain and (plain := _read_plain(t, stored, shape, header, source, name)):
        return plain
    own = header[: len(header) - len(source.enclosing)]
    writer = RowWriter(t, own, _ids(source))
    reader = _Reader(Document(Wanted.of(source), name), own, shape, source, writer, t, name)
    with unpacked(stored, name, source.max_bytes) as (_, chunks):
        read_all(reader.parser, Cleaner(shape.declared, name), without(chunks, shape.bom_bytes), name)
    writer.flush()
    reader.flush()
    return ReadRecords(writer, reader.groups, reader.total)


def _read_plain(
    t: Scratch, stored: Path, shape: XmlShape, header: Sequence[str], source: Source, name: str
) -> ReadRecords | None:
    """The records by the fast way; None for a file that it cannot read."""
    try:
        return _scanned(t, stored, shape, header, source, name, GroupValues(len(source.enclosing)))
    except NotYetKnown:
        return _scanned(t, stored, shape, header, source, name, None)


def _scanned(
    t: Scratch, stored: Path, shape: XmlShape, header: Sequence[str], source: Source, name: str, known: GroupValues | None
) -> ReadRecords | None:  # fmt: skip
    """See `_read_plain`. `known`: gives rows the values of the groups around them; None: the groups are put down beside them."""
    own, document = header[: len(header) - len(source.enclosing)], Document(Wanted.of(source), name)
    writer = RowWriter(t, header) if known is not None else RowWriter(t, own, _ids(source))
    groups = t.empty("groups", _GROUPS) if known is None else None
    scan = PlainScan(document, source, Around(document, shape.records_at, source).place)
    try:
        with (
            unpacked(stored, name, source.max_bytes) as (_, chunks),
            writing_columns(t, writer, all_said=source.content == "full") as rows,
        ):
            texts = without(chunks, shape.bom_bytes)
            if not shape.is_clean:
                texts = Cleaner(shape.declared, name).clean(texts)
            for piece in scan.pieces(texts, values=True):
                values: dict[str, pa.Array] = {}
                for leaf, found in piece.values.items():
                    column = document.heading(*leaf)
                    values[column] = pc.coalesce(values[column], found) if column in values else found
                columns = [values.get(column) for column in own]
                if known is not None:
                    rows.keep(piece.records, [*columns, *known.columns_of(piece)], piece.size)
                if groups is not None:
                    rows.keep(piece.records, columns, piece.size, piece.groups)
                    for table in _group_tables(piece):
                        rows.add(groups, table)
    except NotYetKnown:
        t.drop(writer.rows, writer.rejects, writer.unsaid, writer.torn)
        raise
    if not scan.plain:
        t.drop(writer.rows, writer.rejects, writer.unsaid, writer.torn, *([groups] if groups else []))
        return None
    return ReadRecords(writer, groups, scan.total)


def _group_tables(piece: PlainPiece) -> Iterator[pa.Table]:
    for place, instances, texts in piece.around:
        numbers = integers(np.full(len(texts), place, np.int64))
        yield pa.Table.from_arrays([numbers, integers(instances), texts], names=list(_GROUPS))


def _ids(source: Source) -> list[str]:
    return [f"group_{place}" for place in range(len(source.enclosing))]


class _Reader:
    def __init__(
        self,
        document: Document,
        own: Sequence[str],
        shape: XmlShape,
        source: Source,
        writer: RowWriter,
        t: Scratch,
        name: str,
    ) -> None:
        self.document = document
        self.total: int | None = None
        self.groups = t.empty("groups", _GROUPS)
        self._t = t
        self._own = {column: place for place, column in enumerate(own)}
        self._header = list(own)
        self._around = Around(self.document, shape.records_at, source)
        self._repeated = {
            self._own[heading(tag)]: rule for tag, rule in source.repeated.items() if heading(tag) in self._own
        }
        self._source = source
        self._writer = writer
        self._name = name
        self._values: list[tuple[int, int, str]] = []
        self.parser = Parser()
        self._listen()

    def _place(self, parent: Place, name: str) -> Place:
        """A new place, with what its elements mean for the rows."""
        made = self._around.place(parent, name)
        if made.kind == INSIDE:
            made.column = self._own.get(self.document.heading(made), -1)
        return made

    def _listen(self) -> None:
        make, old, names = self._place, self.document.wanted.old, self.document.wanted.names
        marks = bool(old.marks)
        no_outer = [None] * len(self._source.enclosing)
        blank: list[str | None] = [None] * len(self._header)
        longest, repeated = self._source.max_field_chars, self._repeated
        says_all = self._source.content == "full"
        at, leaf, skipped, nil = self.document.top, False, 0, False
        text, number, chars, instances = "", 0, 0, 0
        values: list[str | None] = blank
        fault: tuple[str, str | None, str] | None = None

        def keep(column: int, value: str) -> None:
            nonlocal chars, fault
            chars += len(value)
            if len(value) > longest and fault is None:
                fault = ("field_too_long", self._header[column], f"{len(value):,} characters, {longest:,} allowed")
            before = values[column]
            if before is None:
                values[column] = value
            elif before != value:
                rule = repeated.get(column)
                if rule is None:
                    values[column] = f"{before}{SEVERAL}{value}"
                elif rule == "last":
                    values[column] = value
            if chars > MAX_RECORD_CHARS:
                raise ExtractRefused(
                    self._name,
                    "record_too_long",
                    f"record {number:,} is longer than {MAX_RECORD_CHARS:,} characters; correct `record` of the source",
                )

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal at, leaf, skipped, nil, text, number, chars, values, fault, instances
            if skipped:
                skipped += 1
                return
            place = at.kids.get(name)
            if place is None:
                place = make(at, name)
            if place.kind == OLD or (marks and attributes and old.marked(attributes, names)):
                skipped = 1
                return
            if place.kind == INSIDE:
                if text and fault is None and not text.isspace():
                    fault = ("stray_text", None, "text beside the tags of a group")
                if place.nested and fault is None:
                    fault = ("nested_record", None, "a record within a record")
            elif place.kind == RECORD:
                number += 1
                chars, fault = 0, None
                values = blank.copy()
            if place.is_group:
                instances += 1
                place.instance = instances
            at, leaf, text = place, True, ""
            if attributes:
                nil = attributes.get(NIL) in ("true", "1")
                if place.kind == OUTSIDE:
                    self._give(place, attributes)
                else:
                    known = place.attributes
                    for key, value in attributes.items():
                        column = known.get(key)
                        if column is None:
                            column = known[key] = self._own.get(self.document.heading(place, key), -1)
                        if column >= 0:
                            keep(column, value)
            elif nil:
                nil = False

        def data(found: str) -> None:
            nonlocal text
            if skipped:
                return
            text = text + found if text else found
            if len(text) > LONGEST_TEXT:
                raise ExtractRefused(
                    self._name,
                    "record_too_long",
                    f"a text is longer than {LONGEST_TEXT:,} characters: it is no extract",
                )

        def end(_name: str) -> None:
            nonlocal at, leaf, skipped, nil, text, fault
            if skipped:
                skipped -= 1
                return
            place = at
            if place.kind == INSIDE:
                if leaf:
                    if place.column >= 0:
                        keep(place.column, "" if nil else text)
                elif text and fault is None and not text.isspace():
                    fault = ("stray_text", None, "text beside the tags of a group")
            elif place.kind == RECORD:
                if text and fault is None and not text.isspace():
                    fault = ("stray_text", None, "text beside the tags of a record")
                if fault is None:
                    self._writer.keep(number, values, chars, [group.instance for group in place.groups])
                    if not says_all and None in values:
                        left_out = zip(self._header, values, strict=True)
                        self._writer.leave_unsaid(number, [column for column, value in left_out if value is None])
                else:
                    self._writer.reject((number, *fault, self._raw(values)), [*values, *no_outer])
            elif leaf:
                self._give_text(place, "" if nil else text)
            at, leaf, nil, text = place.parent, False, False, ""

        self.parser.expat.StartElementHandler = start
        self.parser.expat.EndElementHandler = end
        self.parser.expat.CharacterDataHandler = data

    def _raw(self, values: Sequence[str | None]) -> str:
        """A rejected record as far as it is kept: a line for each tag that has a value."""
        lines = (f"{column}: {value}" for column, value in zip(self._header, values, strict=True) if value)
        return "\n".join(lines).replace(SEVERAL, " | ")[:RAW_CHARS]

    def _give(self, place: Place, attributes: Mapping[str, str]) -> None:
        for attribute, column, group in place.outer:
            for key, value in attributes.items():
                if attribute is not None and self.document.wanted.names.shown(key) == attribute:
                    self._enter(column, group, value)

    def _give_text(self, place: Place, text: str) -> None:
        for attribute, column, group in place.outer:
            if attribute is None:
                self._enter(column, group, text)
        if place.is_total and text.strip().isdecimal():
            self.total = int(text)

    def _enter(self, column: int, group: Place, value: str) -> None:
        self._values.append((column, group.instance, value[: self._source.max_field_chars + 1]))
        if len(self._values) >= _GROUPS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Put down the values of groups."""
        if self._values:
            kinds = (pa.int32(), pa.int64(), pa.string())
            columns = zip(zip(*self._values, strict=True), kinds, strict=True)
            self._t.append(self.groups, pa.Table.from_arrays([pa.array(c, k) for c, k in columns], names=list(_GROUPS)))
            self._values = []
