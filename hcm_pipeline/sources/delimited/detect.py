"""Detection: what a delivered file is. Packing, encoding, delimiter, header, and whether its structure is regular.

One pass over the bytes, in chunks. Everything is counted on UTF-8 or a single-byte encoding, where delimiter, quote and
line ends are single bytes that mean nothing else; UTF-16 is turned into UTF-8 on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from hcm_pipeline.characters import escaped, heading, trimmed
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import beside
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.delimited.records import Splitter
from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.sources.delimited.structure import Scan
from hcm_pipeline.sources.encodings import AS_BYTES, LONE, Evidence, as_utf8, assume, decide, undecodable
from hcm_pipeline.sources.source_format import ROW_NO
from hcm_pipeline.sources.text_lines import lines
from hcm_pipeline.sources.unpack import CHUNK, unpacked

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARS = 1 << 16
_SAMPLE_RECORDS = 100


def examine(path: Path, source: Source, *, name: str | None = None) -> Shape:
    """Read the whole file once and say what it is. `name` is what messages call the file, by default its own name.

    Raises ExtractRefused: empty_file, no_header, duplicate_column, reserved_column, unpacked_too_large, broken_archive,
    several_members, encrypted_archive, unsafe_member, undecodable, record_too_long. A file with a header and no records
    passes.
    """
    name = name or path.name
    with unpacked(path, name, source.max_bytes) as (compression, chunks):
        first = next(chunks, b"")
        if not first:
            raise ExtractRefused(name, "empty_file", "the file is empty; have the extract delivered again")
        assumed, why, bom = assume(first, source, name)
        evidence = Evidence()
        scanned = _Counted(chain([first[bom:]], chunks))
        texts = as_utf8(scanned, assumed, name)
        beginning = _beginning(texts, source, name)
        literal = source.quote == "none"
        scan = Scan(beginning.delimiter, literal=literal)
        with beside(evidence.feed) as judge:
            for chunk in chain(beginning.chunks, texts):
                if assumed != "latin-1":  # in which every byte has a meaning
                    judge(chunk)
                scan.feed(chunk)
        evidence.finish()
        scan.finish()
    encoding, reason, damaged = decide(assumed, why, evidence, source, name)
    fallback = assumed == "utf-8" and encoding != assumed
    if encoding not in AS_BYTES and fallback:  # its bytes mean something else than was counted
        named = source.model_copy(update={"encoding": encoding})
        return replace(examine(path, named, name=name), encoding_reason=reason, fallback=True)
    cells = tuple(_recoded(cell, encoding if assumed in AS_BYTES else "utf-8", name) for cell in beginning.cells)
    header = _names(cells, name)
    irregular = scan.irregular(len(header), damaged)
    return Shape(
        compression=compression,
        encoding=encoding,
        encoding_reason=reason,
        bom_bytes=bom,
        delimiter=beginning.delimiter,
        newline=scan.newline(),
        header=header,
        cells=cells,
        header_row=beginning.header_row,
        unpacked_bytes=bom + scanned.total,
        records=None if scan.irregular_quotes else scan.filled - 1,
        longest_record=scan.longest,
        has_nul=scan.has_nul,
        damaged=damaged,
        quoted=scan.quotes > 0,
        irregular=irregular,
        fallback=fallback,
        literal=literal,
    )


@dataclass(frozen=True)
class _Beginning:
    """The first chunks of a file, as UTF-8, and what they show: the delimiter, and the header's row number and cells."""

    chunks: tuple[bytes, bytes]
    delimiter: str
    header_row: int
    cells: list[str]


def _beginning(texts: Iterator[bytes], source: Source, name: str) -> _Beginning:
    head = next(texts, b"")
    if not head:
        raise ExtractRefused(name, "empty_file", "the file holds a byte order mark and nothing else")
    second = next(texts, b"")
    provisional = head.decode("utf-8", "surrogateescape")
    delimiter = source.delimiter if source.delimiter != "auto" else _delimiter(provisional, not second, source, name)
    header_row, cells = _first_record(provisional, not second, delimiter, source, name)
    return _Beginning((head, second), delimiter, header_row, cells)


class _Counted:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.total = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.total += len(chunk)
            yield chunk


def _recoded(cell: str, encoding: str, name: str) -> str:
    """A heading in the file's encoding. A byte without a meaning there becomes U+FFFD (see `with_headings` of the extracts)."""
    raw = cell.encode("utf-8", "surrogateescape")
    texts = (_decoded(raw, encoding, errors) for errors in ("strict", "surrogatepass", "surrogateescape"))
    text = next((LONE.sub("\ufffd", each) for each in texts if each is not None), None)
    if text is None:
        raise undecodable(name, encoding, "its header row is damaged")
    if "\0" in text:
        raise ExtractRefused(name, "undecodable", "its header row holds NUL bytes; have it delivered again as text")
    return trimmed(text)


def _decoded(raw: bytes, encoding: str, errors: str) -> str | None:
    try:
        return raw.decode(encoding, errors)
    except UnicodeError:
        return None


def _unseen(twice: list[tuple[str, str]]) -> str:
    """Those headings, where they differ by what nobody sees. Others are not told: a row may stand in the header's place."""
    if not any("\\" in text for _, text in twice):
        return ""
    return f": {', '.join(sorted({text for _, text in twice}))}"


def _names(cells: tuple[str, ...], name: str) -> tuple[str, ...]:
    if not any(cells):
        raise ExtractRefused(name, "no_header", "its first row names no column; the first row must hold column names")
    header = tuple(heading(cell) or f"column_{position}" for position, cell in enumerate(cells, 1))
    counted = Counter(column.lower() for column in header)
    twice = [
        (str(place), escaped(cell or column))
        for place, (column, cell) in enumerate(zip(header, cells, strict=True), 1)
        if counted[column.lower()] > 1
    ]
    if twice:
        raise ExtractRefused(
            name,
            "duplicate_column",
            "the header names a column twice (upper and lower case count as one, and so do headings that are seen alike): "
            f"the headings at the places {', '.join(place for place, _ in twice)} are the same{_unseen(twice)}; "
            "name every column once",
        )
    if ROW_NO in counted:
        raise ExtractRefused(
            name,
            "reserved_column",
            f"the header names a column {ROW_NO}, which is the pipeline's own; rename it in the extract",
        )
    return header


def _first_record(head: str, whole: bool, delimiter: str, source: Source, name: str) -> tuple[int, list[str]]:
    """Row number and fields of the header. `whole`: nothing stands behind `head`."""
    splitter = Splitter(delimiter, name, literal=source.quote == "none")
    cuts = lines([head], name)
    for cut in cuts if whole else [next(cuts)]:
        for line in cut:
            for row, fields, _ in splitter.feed([line]):
                return row, fields
    if not whole:
        raise ExtractRefused(
            name, "no_header", f"its first row does not end within {CHUNK:,} bytes; this is not a delimited text file"
        )
    splitter.finish()
    raise ExtractRefused(name, "no_header", "it holds blank lines only; the first row must hold column names")


def _delimiter(head: str, whole: bool, source: Source, name: str) -> str:
    """The candidate that cuts the most records into as many fields as the header; one column when none cuts it."""
    sample = head[:_SAMPLE_CHARS]
    whole = whole and len(sample) == len(head)
    best, best_score = DELIMITERS[0], (0.0, 1)
    for candidate in DELIMITERS:
        counts = _field_counts(sample, candidate, source, name, whole)
        if counts and counts[0] > 1:
            score = (sum(count == counts[0] for count in counts) / len(counts), counts[0])
            if score > best_score:
                best, best_score = candidate, score
    return best


def _field_counts(sample: str, delimiter: str, source: Source, name: str, whole: bool) -> list[int]:
    splitter = Splitter(delimiter, name, literal=source.quote == "none")
    counts: list[int] = []
    for cut in lines([sample], name):
        try:
            counts += [len(fields) for _, fields, _ in splitter.feed(cut)]
        except ExtractRefused:  # judged again, with the chosen delimiter, when the file is read
            break
    if not whole and len(counts) > 1:
        counts.pop()
    return counts[:_SAMPLE_RECORDS]
