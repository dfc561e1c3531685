"""JSON lines as a source's format: an object a line, as readings of Oracle HCM are kept.

Keys that begin with `_` say how an object was come by, and are no columns (see `told_by`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import orjson

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Description
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.encodings import Evidence, is_borne_out, marked, undecodable
from hcm_pipeline.sources.row_writer import RAW_CHARS, Reject, RowWriter
from hcm_pipeline.sources.source_format import ROW_NO, FileFormat, SourceFormat, StagedExtract
from hcm_pipeline.sources.unpack import unpacked
from hcm_pipeline.warehouse import Scratch

ASIDE = "_"
"""The first character of a key that is no column."""
TOLD = "_told"
"""The key of a list of sentences: how an object was come by."""
LONGEST_LINE = 1 << 24
"""Characters. A line beyond it is refused before it fills the memory."""


class JsonLines(FileFormat):
    """Every key of any object is a column. A line that is no object of plain values is a reject; a blank one is nothing.

    A key that an object lacks says nothing in a changes-only extract, and is blank in a full one; null and "" are blank in either.
    """

    keys: ClassVar = frozenset({"max_field_chars"})

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """Columns in the order in which they first come. Raises ExtractRefused (empty_file, record_too_long, undecodable)."""
        columns: dict[str, None] = {}
        records, damaged = 0, False
        for _, line in _lines(stored, source.max_bytes, name):
            records += 1
            found, odd = _loaded(line)
            damaged = damaged or odd
            for key in _plain(found) or ():
                if key not in columns and not key.startswith(ASIDE):
                    columns[key] = None
        if damaged:
            _require_utf8(stored, source.max_bytes, name)
        _require_names(columns, name)
        if not columns:
            raise ExtractRefused(name, "empty_file", "holds no JSON object; have the extract delivered again")
        return Description(tuple(columns), records, {"lines": "json"}, is_open=True)

    def summary(self, description: Description) -> str:
        """How many keys and lines."""
        return f"JSON lines, {len(description.columns)} keys, {counted(description.records or 0, 'line')}"

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """Rows and rejects (no_object, field_too_long) by line. Raises ExtractRefused (record_too_long)."""
        del folder
        return t.fill(lambda: self._staged(t, stored, description, source, name))

    def _staged(self, t: Scratch, stored: Path, description: Description, source: Source, name: str) -> StagedExtract:
        columns, writer, records = description.columns, RowWriter(t, description.columns), 0
        for number, line in _lines(stored, source.max_bytes, name):
            records += 1
            found = _object(line)
            if found is None:
                writer.reject(_reject(number, "no_object", None, "no object of plain values", line))
                continue
            values = [_text(found.get(column)) for column in columns]
            long = next((i for i, value in enumerate(values) if value and len(value) > source.max_field_chars), None)
            if long is not None:
                writer.reject(_reject(number, "field_too_long", columns[long], "too many characters", line), values)
                continue
            writer.keep(number, values, len(line))
            if left_out := [column for column in columns if column not in found]:
                writer.leave_unsaid(number, left_out)
        writer.flush()
        unsaid = None if source.content == "full" else writer.unsaid
        return StagedExtract(writer.rows, writer.rejects, records, torn=writer.torn, unsaid=unsaid)


def _require_utf8(stored: Path, max_bytes: int | None, name: str) -> None:
    """Raise ExtractRefused (undecodable) for lines in another encoding (RFC 8259, 8.1)."""
    evidence = Evidence()
    with unpacked(stored, name, max_bytes) as (_, chunks):
        for chunk in chunks:
            evidence.feed(chunk)
    evidence.finish()
    if not is_borne_out(evidence.good, evidence.bad, evidence.total):
        raise undecodable(name, "utf-8", f"the first fault is at byte {evidence.first_bad:,}")


def _require_names(columns: Iterable[str], name: str) -> None:
    """Raise ExtractRefused for keys that no column can have: blank, the pipeline's own, or two that differ in case only."""
    seen: set[str] = set()
    for column in columns:
        folded = column.lower()
        if not column.strip() or "\0" in column or folded == ROW_NO or folded in seen:
            raise ExtractRefused(
                name,
                "column_names",
                f"the key {column!r} cannot be a column: blank, {ROW_NO}, or there in another case",
            )
        seen.add(folded)


def told_by(stored: Path, row_no: int, max_bytes: int | None = None) -> tuple[str, ...]:
    """The sentences that say how the object of a line was come by; none where nobody has said it."""
    for number, line in _lines(stored, max_bytes, stored.name):
        if number == row_no:
            told = (_object(line) or {}).get(TOLD)
            return tuple(str(one) for one in told) if isinstance(told, list) else ()
    return ()


def _lines(stored: Path, max_bytes: int | None, name: str) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, with its number from 1. A byte order mark at the start is no text."""
    number, rest = 0, b""
    with unpacked(stored, name, max_bytes) as (_, chunks):
        for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise ExtractRefused(
                    name, "record_too_long", f"line {number + len(whole) + 1:,} does not end; is this a file of lines?"
                )
            for line in whole:
                number += 1
                if line.strip():
                    yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    if rest.strip():
        yield number + 1, rest.removeprefix(b"\xef\xbb\xbf") if number == 0 else rest


def _object(line: bytes) -> dict[str, Any] | None:
    return _plain(_loaded(line)[0])


def _plain(found: object) -> dict[str, Any] | None:
    """The object; None where it is none, or has values that are no plain ones in a column."""
    if not isinstance(found, dict):
        return None
    plain = all(key.startswith(ASIDE) or not isinstance(value, (dict, list)) for key, value in found.items())
    return found if plain else None


def _loaded(line: bytes) -> tuple[object, bool]:
    """The value of a line, and whether it is damaged: stray bytes, halves of UTF-16 pairs and control characters in a text are
    marked there. None for what is no JSON, and for what is damaged and no object."""
    try:
        return orjson.loads(line), False
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(line.decode("utf-8", "surrogateescape"), strict=False, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None, False
    if not isinstance(found, dict):
        return None, False
    return {marked(key): marked(value) if isinstance(value, str) else value for key, value in found.items()}, True


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _reject(number: int, rule: str, column: str | None, kind: str, line: bytes) -> Reject:
    return number, rule, column, kind, line[:RAW_CHARS].decode(errors="replace")


JSON_LINES: SourceFormat = JsonLines()
