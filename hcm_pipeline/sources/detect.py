"""Finds out what a delivered file is: packing, encoding, delimiter, header, and whether its structure is regular.

One pass over the bytes, in chunks. Everything is counted on UTF-8 or a single-byte encoding, where delimiter, quote and
line ends are single bytes that mean nothing else; UTF-16 is turned into UTF-8 on the way.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile import Source
from hcm_pipeline.sources._unpack import CHUNK, Compression, unpacked
from hcm_pipeline.sources.records import Splitter, lines

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "windows-1252", "latin-1"]
Newline = Literal["lf", "crlf", "cr", "mixed"]

DELIMITERS = (",", ";", "\t", "|")
OWN_COLUMN = "row_no"
"""The staging table's own column; no file may bring one of this name."""

_BOMS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNDEFINED_IN_1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
_ESCAPED = re.compile("[\udc80-\udcff]")
_SAMPLE_CHARS = 1 << 16
_SAMPLE_RECORDS = 100
_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Shape:
    """How to read one file; plain values only, so that it can be kept as JSON."""

    compression: Compression
    encoding: Encoding
    encoding_reason: str
    bom_bytes: int
    """Bytes of the byte order mark, to be skipped before decoding."""
    delimiter: str
    newline: Newline
    header: tuple[str, ...]
    """Column names: trimmed; a blank one is called `column_<n>`."""
    cells: tuple[str, ...]
    """The header row as written, trimmed: what a repeated header is compared with."""
    header_row: int
    """Row number of the header; above 1 when blank lines stand before it."""
    unpacked_bytes: int
    records: int | None
    """Records below the header, counted independently of any reader; None when quoting is not regular."""
    longest_record: int
    """Bytes (as UTF-8, or in the file's single-byte encoding) of the longest record."""
    has_nul: bool
    damaged: bool
    """Some rows hold what is not valid in the encoding; these rows are rejected one by one."""
    quoted: bool
    """Some field is quoted."""
    irregular: tuple[str, ...]
    """Why the file must be read with care; empty when its structure is regular throughout."""


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
        assumed, why, bom = _assume(first, source, name)
        evidence = _Evidence()
        scanned = _Counted(chain([first[bom:]], chunks))
        texts = _as_utf8(scanned, assumed, name)
        head = next(texts, b"")
        if not head:
            raise ExtractRefused(name, "empty_file", "the file holds a byte order mark and nothing else")
        second = next(texts, b"")
        provisional = head.decode("utf-8", "surrogateescape")
        delimiter = source.delimiter if source.delimiter != "auto" else _delimiter(provisional, not second, name)
        header_row, raw_cells = _first_record(provisional, not second, delimiter, name)
        scan = _Scan(delimiter)
        for chunk in chain([head, second], texts):
            if assumed in ("utf-8", "utf-16-le", "utf-16-be") or source.encoding == "windows-1252":
                evidence.feed(chunk)
            scan.feed(chunk)
        evidence.finish()
        scan.finish()
    encoding, reason, damaged = _decide(assumed, why, evidence, source, name)
    wide = assumed in ("utf-16-le", "utf-16-be")
    cells = tuple(_recoded(cell, "utf-8" if wide else encoding, name) for cell in raw_cells)
    header = _names(cells, name)
    irregular = scan.irregular(len(header), damaged)
    return Shape(
        compression=compression,
        encoding=encoding,
        encoding_reason=reason,
        bom_bytes=bom,
        delimiter=delimiter,
        newline=scan.newline(),
        header=header,
        cells=cells,
        header_row=header_row,
        unpacked_bytes=bom + scanned.total,
        records=None if scan.irregular_quotes else scan.filled - 1,
        longest_record=scan.longest,
        has_nul=scan.has_nul,
        damaged=damaged,
        quoted=scan.quotes > 0,
        irregular=irregular,
    )


class _Counted:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.total = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.total += len(chunk)
            yield chunk


def _assume(first: bytes, source: Source, name: str) -> tuple[Encoding, str, int]:
    """Encoding to scan with, why, and the length of the byte order mark."""
    marked = next(((len(mark), encoding) for mark, encoding in _BOMS if first.startswith(mark)), None)
    if source.encoding == "auto":
        if marked:
            return marked[1], "byte order mark", marked[0]
        wide = _wide(first)
        if wide:
            return wide, "every other byte is NUL", 0
        return "utf-8", "valid throughout", 0
    why = "fixed by the source"
    family = "utf-16" if marked and marked[1] != "utf-8" else "utf-8" if marked else None
    if family not in (None, source.encoding):
        raise ExtractRefused(
            name,
            "undecodable",
            f"its byte order mark says {family}, the source says {source.encoding}; "
            "correct the source's encoding in the profile, or set it to auto",
        )
    if source.encoding == "utf-16":
        encoding = marked[1] if marked else _wide(first)
        if encoding is None:
            raise _undecodable(name, "utf-16", "it has no byte order mark and does not look like it")
        return encoding, why, marked[0] if marked else 0
    return source.encoding, why, marked[0] if marked else 0


def _wide(first: bytes) -> Encoding | None:
    """UTF-16 without a mark: nearly all of one half of the bytes are NUL, and hardly any of the other."""
    sample = first[: 1 << 12]
    pairs = len(sample) // 2
    if not pairs:
        return None
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if odd > 0.6 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if even > 0.6 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def _as_utf8(chunks: Iterable[bytes], encoding: Encoding, name: str) -> Iterator[bytes]:
    if encoding not in ("utf-16-le", "utf-16-be"):
        yield from (chunk for chunk in chunks if chunk)
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text.encode("utf-8", "surrogatepass")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _undecodable(name, "utf-16", "it ends in the middle of a character") from error


def _decide(assumed: Encoding, why: str, evidence: _Evidence, source: Source, name: str) -> tuple[Encoding, str, bool]:
    """Encoding, the reason for it, and whether some rows are damaged."""
    fixed = source.encoding != "auto"
    if assumed == "windows-1252" and evidence.undefined:
        raise _undecodable(name, assumed, "it holds bytes that have no meaning there")
    if assumed in ("windows-1252", "latin-1") or not evidence.bad:
        if assumed == "utf-8" and not fixed and why != "byte order mark" and not evidence.good:
            why = "plain ASCII"
        return assumed, why, False
    if fixed:
        raise _undecodable(name, source.encoding, f"the first fault is at byte {evidence.first_bad:,}")
    # Accents of a single-byte encoding hardly ever form UTF-8 by chance. Where many did, the file is UTF-8 with damaged
    # rows (cut in the middle of a character, two files joined): a fallback would silently garble every right name.
    if assumed != "utf-8" or why == "byte order mark" or evidence.good * 4 >= evidence.bad:
        return assumed, f"{why}; {evidence.bad:,} damaged characters", True
    reason = f"not UTF-8 (first fault at byte {evidence.first_bad:,}): fallback of the source"
    if source.fallback_encoding == "windows-1252" and evidence.undefined:
        return "latin-1", f"{reason}, and bytes that windows-1252 does not define", False
    return source.fallback_encoding, reason, False


def _undecodable(name: str, encoding: str, what: str) -> ExtractRefused:
    return ExtractRefused(
        name,
        "undecodable",
        f"it cannot be read as {encoding}: {what}; "
        "have it delivered again, or correct the source's encoding in the profile",
    )


class _Evidence:
    """Counts what speaks for and against UTF-8."""

    def __init__(self) -> None:
        self.good = 0
        """Bytes that continue a valid character."""
        self.bad = 0
        """Bytes that belong to no valid character."""
        self.first_bad = 0
        self.undefined = False
        """Bytes that windows-1252 does not define were seen."""
        self._tail = b""
        self._offset = 0

    def feed(self, chunk: bytes) -> None:
        if not self._tail and chunk.isascii():
            self._offset += len(chunk)
            return
        data = self._tail + chunk
        cut = _whole_characters(data)
        self._tail = data[cut:]
        self._judge(data[:cut])

    def finish(self) -> None:
        self._judge(self._tail)
        self._tail = b""

    def _judge(self, data: bytes) -> None:
        if not data:
            return
        self.undefined = self.undefined or any(byte in data for byte in _UNDEFINED_IN_1252)
        if _is_utf8(data):
            self.good += int(np.count_nonzero(np.frombuffer(data, np.int8) < -64))
        else:
            text = data.decode("utf-8", "surrogateescape")
            bad = _ESCAPED.findall(text)
            if not self.bad:
                self.first_bad = self._offset + len(text[: text.index(bad[0])].encode("utf-8"))
            self.bad += len(bad)
            self.good += len(data) - len(text)
        self._offset += len(data)


def _is_utf8(data: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _whole_characters(data: bytes) -> int:
    """Length without a UTF-8 character that goes on behind the end."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if size > back else len(data)
    return len(data)


def _recoded(cell: str, encoding: Encoding, name: str) -> str:
    try:
        text = cell.encode("utf-8", "surrogateescape").decode(encoding).strip()
    except UnicodeError as error:
        raise _undecodable(name, encoding, "its header row is damaged") from error
    if "\0" in text:
        raise ExtractRefused(name, "undecodable", "its header row holds NUL bytes; have it delivered again as text")
    return text


def _names(cells: tuple[str, ...], name: str) -> tuple[str, ...]:
    if not any(cells):
        raise ExtractRefused(name, "no_header", "its first row names no column; the first row must hold column names")
    header = tuple(cell or f"column_{position}" for position, cell in enumerate(cells, 1))
    counted = Counter(column.lower() for column in header)
    twice = sorted({column for column in header if counted[column.lower()] > 1})
    if twice:
        raise ExtractRefused(
            name,
            "duplicate_column",
            f"the header names a column twice (upper and lower case count as one): {', '.join(twice)}; "
            "name every column once",
        )
    if OWN_COLUMN in counted:
        raise ExtractRefused(
            name,
            "reserved_column",
            f"the header names a column {OWN_COLUMN}, which is the pipeline's own; rename it in the extract",
        )
    return header


def _first_record(head: str, whole: bool, delimiter: str, name: str) -> tuple[int, list[str]]:
    """Row number and fields of the header. `whole`: nothing stands behind `head`."""
    splitter = Splitter(delimiter, name)
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


def _delimiter(head: str, whole: bool, name: str) -> str:
    """The candidate that cuts the most records into as many fields as the header; one column when none cuts it."""
    sample = head[:_SAMPLE_CHARS]
    whole = whole and len(sample) == len(head)
    best, best_score = DELIMITERS[0], (0.0, 1)
    for candidate in DELIMITERS:
        counts = _field_counts(sample, candidate, name, whole)
        if counts and counts[0] > 1:
            score = (sum(count == counts[0] for count in counts) / len(counts), counts[0])
            if score > best_score:
                best, best_score = candidate, score
    return best


def _field_counts(sample: str, delimiter: str, name: str, whole: bool) -> list[int]:
    splitter = Splitter(delimiter, name)
    counts: list[int] = []
    for cut in lines([sample], name):
        try:
            counts += [len(fields) for _, fields, _ in splitter.feed(cut)]
        except ExtractRefused:  # judged again, with the chosen delimiter, when the file is read
            break
    if not whole and len(counts) > 1:
        counts.pop()
    return counts[:_SAMPLE_RECORDS]


class _Scan:
    """Counts records, delimiters and line ends outside quotes, and finds quotes that stand where RFC 4180 has none.

    While quoting is regular, a byte is inside quotes exactly when an odd number of quotes stands before it; a doubled
    quote closes and opens. Regular: what opens stands behind a delimiter, a line end or the quote it doubles, and what
    closes stands before one.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = ord(delimiter)
        self._held = b""
        self._before = b"\n"
        self._offset = 0
        self._line_start = 0
        self._inside = 0
        self._blank_pending = False
        self._ends = {"lf": 0, "crlf": 0, "cr": 0}
        self._delimiters = 0
        self._blank_between = False
        self.irregular_quotes = False
        self.has_nul = False
        self.quotes = 0
        self.filled = 0
        self.longest = 0

    def feed(self, chunk: bytes) -> None:
        data = self._held + chunk
        self._held = data[-1:]
        if len(data) > 1:
            self._count(data[:-1], data[-1:])

    def finish(self) -> None:
        if self._held:
            self._count(self._held, b'"')  # a quote: what may stand behind a closing one, and no line end
        if self._inside:
            self.irregular_quotes = True
        if self._offset > self._line_start:
            self._lines(np.array([self._offset - self._line_start], np.int64))

    def newline(self) -> Newline:
        kinds = [kind for kind, count in self._ends.items() if count]
        if not kinds:
            return "lf"
        if len(kinds) > 1:
            return "mixed"
        return "lf" if kinds[0] == "lf" else "crlf" if kinds[0] == "crlf" else "cr"

    def irregular(self, columns: int, damaged: bool) -> tuple[str, ...]:
        found = {
            "quotes": self.irregular_quotes,
            "field counts": not self.irregular_quotes and self._delimiters != (columns - 1) * self.filled,
            "line ends": self.newline() in ("mixed", "cr"),
            "blank lines": self._blank_between,
            "one column": columns == 1,
            "NUL bytes": self.has_nul,
            "damaged characters": damaged,
        }
        return tuple(reason for reason, applies in found.items() if applies)

    def _count(self, body: bytes, after: bytes) -> None:
        around = np.frombuffer(self._before + body + after, np.uint8)
        here = around[1:-1]
        size = len(body)
        quotes = np.flatnonzero(here == _QUOTE)
        edges = self._quoted_spans(around, quotes, size)
        is_delimiter = here == self._delimiter
        self._delimiters += int(np.count_nonzero(is_delimiter))
        ends = np.flatnonzero(here == _LF)
        lone = np.empty(0, np.int64)
        if _CR in body:
            returns = np.flatnonzero(here == _CR)
            lone = returns[around[returns + 2] != _LF]
        if edges.size:
            starts = np.maximum(edges if edges[-1] < size else edges[:-1], 0)
            inside = np.add.reduceat(is_delimiter.view(np.uint8), starts, dtype=np.int64)[::2]
            self._delimiters -= int(inside.sum())
            ends = ends[np.searchsorted(edges, ends) % 2 == 0]
            lone = lone[np.searchsorted(edges, lone) % 2 == 0]
        paired = around[ends] == _CR
        crlf = int(np.count_nonzero(paired))
        self._ends["crlf"] += crlf
        self._ends["lf"] += int(ends.size) - crlf
        if lone.size:
            self._ends["cr"] += int(lone.size)
            merged = np.concatenate([ends, lone])
            order = np.argsort(merged, kind="stable")
            ends, paired = merged[order], np.concatenate([paired, np.zeros(lone.size, np.bool_)])[order]
        if ends.size:
            starts = np.concatenate([np.array([self._line_start - self._offset], np.int64), ends[:-1] + 1])
            self._lines(ends - starts - paired)
            self._line_start = self._offset + int(ends[-1]) + 1
        self.has_nul = self.has_nul or 0 in body
        self._offset += size
        self._before = body[-1:]

    def _quoted_spans(
        self, around: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], size: int
    ) -> npt.NDArray[np.int64]:
        """Positions of opening and closing quotes in turn, without the pairs that enclose nothing."""
        if not quotes.size:
            whole = [-1, size] if self._inside else []
            return np.array(whole, np.int64)
        opening, closing = quotes[self._inside :: 2], quotes[1 - self._inside :: 2]
        regular = self._neighbours(around[opening]) and self._neighbours(around[closing + 2])
        self.irregular_quotes = self.irregular_quotes or not regular
        self.quotes += int(quotes.size)
        edges = quotes
        if self._inside:
            edges = np.concatenate([np.array([-1], np.int64), edges])
        self._inside = int(edges.size) % 2
        if self._inside:
            edges = np.concatenate([edges, np.array([size], np.int64)])
        pairs = edges.reshape(-1, 2)
        kept: npt.NDArray[np.int64] = pairs[pairs[:, 1] - pairs[:, 0] > 1].reshape(-1)
        return kept

    def _neighbours(self, found: npt.NDArray[np.uint8]) -> bool:
        allowed = np.zeros(256, np.bool_)
        allowed[[self._delimiter, _LF, _CR, _QUOTE]] = True
        return bool(allowed[found].all())

    def _lines(self, lengths: npt.NDArray[np.int64]) -> None:
        """Count completed lines by their length in bytes; a blank one with a filled one behind it is noted."""
        blank = lengths <= 0
        filled = int(lengths.size) - int(np.count_nonzero(blank))
        if filled and (self._blank_pending or filled < lengths.size):
            last = int(np.flatnonzero(~blank)[-1])
            self._blank_between = self._blank_between or self._blank_pending or bool(blank[:last].any())
            self._blank_pending = bool(blank[last + 1 :].any())
        elif not filled:
            self._blank_pending = True
        self.filled += filled
        self.longest = max(self.longest, int(lengths.max()))
