"""Lines of fixed length as a source's format: the profile says where each column stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Description
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.encodings import LONE, Evidence, as_utf8, assume, decide, decoder_of, marked, visible
from hcm_pipeline.sources.row_writer import RAW_CHARS, Reject, RowWriter
from hcm_pipeline.sources.source_format import ROW_NO, FileFormat, SourceFormat, StagedExtract
from hcm_pipeline.sources.text_lines import lines
from hcm_pipeline.sources.unpack import Compression, unpacked
from hcm_pipeline.warehouse import Scratch

_ASKED = (
    "layout", "record_lines", "other_lines", "header_lines", "encoding", "fallback_encoding", "trailer",
)  # fmt: skip
_MOST_COLUMNS = 2000
_WIDEST = 1_000_000


@dataclass(frozen=True)
class FixedShape:
    """How to read one file; plain values only."""

    compression: Compression
    encoding: str
    encoding_reason: str
    bom_bytes: int
    damaged: bool
    """Some lines hold what is not valid in the encoding: these cells are held back, and lines of another length are rejected."""
    fallback: bool
    """The encoding is that which the source names for files that are not UTF-8."""
    width: int
    """Characters of a record."""
    asked: dict[str, object]
    """The keys of the source by which it was described."""
    total_is_record: bool = False

    @classmethod
    def of(cls, description: Description) -> FixedShape:
        """The shape that a description was made of."""
        own: dict[str, Any] = dict(description.shape)
        return cls(**own)


@dataclass(frozen=True)
class Spans:
    """The columns of a layout: where each begins and ends in a line, and how long a line is."""

    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, source: Source) -> Spans:
        """Those of a source; a column without a start stands behind the one before it."""
        spans, at = [], 0
        for field in source.layout:
            begin = at if field.start is None else field.start - 1
            at = begin + field.length
            spans.append((begin, at))
        return cls(tuple(field.name for field in source.layout), tuple(spans))

    @property
    def width(self) -> int:
        """Characters of a line."""
        return max((end for _, end in self.spans), default=0)


class Fixed(FileFormat):
    """Files of fixed-length lines, EText among them."""

    keys: ClassVar = frozenset(
        {"layout", "record_lines", "other_lines", "header_lines", "encoding", "fallback_encoding", "trailer"}
    )

    def faults(self, source: Source) -> Iterator[tuple[str, str, str]]:
        """A layout is needed; its columns have names of their own, and none stands in the place of another."""
        spans = Spans.of(source)
        if not source.layout:
            yield (
                "layout",
                "[]",
                "the columns of a line, each with name, length and, unless it follows the one before it, start",
            )
        if len(source.layout) > _MOST_COLUMNS or spans.width > _WIDEST:
            yield (
                "layout",
                f"{len(source.layout):,} columns",
                f"at most {_MOST_COLUMNS:,} of them, in {_WIDEST:,} characters",
            )
            return
        counted = Counter(name.lower() for name in spans.names)
        for place, (name, (begin, end)) in enumerate(zip(spans.names, spans.spans, strict=True)):
            if counted[name.lower()] > 1 or name.lower() == ROW_NO:
                yield f"layout[{place}].name", repr(name), f"names that differ from each other, and from {ROW_NO}"
            for before, (first, last) in zip(spans.names[:place], spans.spans[:place], strict=True):
                if begin < last and first < end:
                    yield (
                        f"layout[{place}]",
                        f"{begin + 1} to {end}",
                        f"no overlap: {before} is {first + 1} to {last}",
                    )
                    break
        for prefix in source.other_lines:
            own = source.record_lines
            if own is not None and (own.startswith(prefix) or prefix.startswith(own)):
                yield "other_lines", repr(prefix), f"beginnings by which they can be told from {own!r}"

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """Read the file for its encoding, and its lines for their number. Raises ExtractRefused: empty_file, undecodable and what
        `unpacked` refuses."""
        spans = Spans.of(source)
        shape = _shape(stored, source, spans.width, name)
        told = _Lines(source)
        records = sum(1 for _ in told.records(_texts(stored, shape, name, source.max_bytes)))
        return Description(spans.names, records, asdict(shape))

    def summary(self, description: Description) -> str:
        """Encoding, packing, length, columns and records."""
        shape = FixedShape.of(description)
        packed = f", {shape.compression}" if shape.compression != "none" else ""
        taken = " (it is not UTF-8)" if shape.fallback else ""
        columns, records = counted(len(description.columns), "column"), counted(description.records or 0, "record")
        return f"{shape.encoding}{taken}, lines of {counted(shape.width, 'character')}{packed}, {columns}, {records}"

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """Rows and rejects; `row_no` is the number of the line.

        Rules of rejects: undecodable, nul_byte, unknown_line, line_length.
        """
        del folder
        return t.fill(lambda: self._staged(t, stored, description, source, name))

    def _staged(self, t: Scratch, stored: Path, description: Description, source: Source, name: str) -> StagedExtract:
        shape, spans = FixedShape.of(description), Spans.of(source)
        if shape.asked != _asked(source):
            shape = _shape(stored, source, spans.width, name)
        writer, told = RowWriter(t, spans.names), _Lines(source)
        for number, line in told.records(_texts(stored, shape, name, source.max_bytes)):
            fault = _fault(line, source, spans.width)
            if fault is None:
                text = line if line.isascii() and "\0" not in line else marked(line)
                writer.keep(number, [text[begin:end].strip(" ") for begin, end in spans.spans], len(line))
            else:
                cells = [line[begin:end].strip(" ") for begin, end in spans.spans]
                # one more than there are columns: nobody knows where the line was torn
                writer.reject(
                    _reject(number, line, fault), None if fault[0] == "unknown_line" else [*map(marked, cells), ""]
                )
        writer.flush()
        guessed = shape.encoding if shape.fallback and "fallback_encoding" not in source.model_fields_set else None
        return StagedExtract(
            writer.rows, writer.rejects, writer.kept + writer.rejected, told.total, torn=writer.torn, guessed=guessed
        )


class _Lines:
    """Tells records from headers, trailers and blank lines; the total is that of the last trailer."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.total: int | None = None

    def records(self, texts: Iterator[str]) -> Iterator[tuple[int, str]]:
        """Number and text of each line that is a record or ought to be one."""
        source = self._source
        held: tuple[int, str] | None = None
        number = 0
        for cut in lines(texts, source.name):
            for line in cut:
                number += 1
                body = line.rstrip("\r\n")
                if number <= source.header_lines or not body.strip(" "):
                    continue
                if source.other_lines and body.startswith(source.other_lines):
                    self._count(body)
                    continue
                if held is not None:
                    yield held
                held = (number, body)
        if held is not None and not self._count(held[1]):  # the last line may be a trailer
            yield held

    def _count(self, body: str) -> bool:
        if self._source.trailer is None:
            return False
        found = re.search(self._source.trailer, body)
        if found is None or not (found[1] or "").isdecimal():
            return False
        self.total = int(found[1])
        return True


def _asked(source: Source) -> dict[str, object]:
    return source.model_dump(mode="json", include=set(_ASKED))


def _shape(stored: Path, source: Source, width: int, name: str) -> FixedShape:
    with unpacked(stored, name, source.max_bytes) as (compression, chunks):
        first = next(chunks, b"")
        if not first:
            raise ExtractRefused(name, "empty_file", "the file is empty; have the extract delivered again")
        assumed, why, bom = assume(first, source, name)
        evidence = Evidence()
        for chunk in as_utf8(chain([first[bom:]], chunks), assumed, name):
            if assumed != "latin-1":  # in which every byte has a meaning
                evidence.feed(chunk)
        evidence.finish()
    encoding, reason, damaged = decide(assumed, why, evidence, source, name)
    fallback = assumed == "utf-8" and encoding != assumed
    return FixedShape(compression, encoding, reason, bom, damaged, fallback, width, _asked(source))


def _texts(stored: Path, shape: FixedShape, name: str, max_bytes: int) -> Iterator[str]:
    """The text in chunks; bytes that are not valid become lone surrogates."""
    decoder = decoder_of(shape.encoding)
    with unpacked(stored, name, max_bytes) as (_, chunks):
        skip = shape.bom_bytes
        for chunk in chunks:
            yield decoder.decode(chunk[skip:])
            skip = 0
        yield decoder.decode(b"", final=True)


def _fault(line: str, source: Source, width: int) -> tuple[str, str] | None:
    """The rule by which a line is no row, and what is wrong with it."""
    if source.record_lines is not None and not line.startswith(source.record_lines):
        return "unknown_line", "begins like no line of the profile"
    if len(line) != width:  # nobody can tell whose the characters are
        if not line.isascii() and LONE.search(line):
            return "undecodable", "bytes that are not valid in the file's encoding"
        if "\0" in line:
            return "nul_byte", "NUL byte"
        return "line_length", f"{len(line):,} characters, {width:,} in the layout"
    return None


def _reject(number: int, line: str, fault: tuple[str, str]) -> Reject:
    return number, fault[0], None, fault[1], visible(line[:RAW_CHARS])


FIXED: SourceFormat = Fixed()
