"""Delimited files as a source's format."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hcm_pipeline.extracts import Description
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.delimited.detect import examine
from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.sources.delimited.staging import read_lines, read_records
from hcm_pipeline.sources.delimited.trailer import take_trailer
from hcm_pipeline.sources.source_format import FileFormat, Lines, SourceFormat, StagedExtract
from hcm_pipeline.warehouse import Scratch, literal

_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


class Delimited(FileFormat):
    """Comma, semicolon, tab or pipe; whatever encoding; packed or not."""

    keys: ClassVar = frozenset({"delimiter", "quote", "encoding", "fallback_encoding", "max_field_chars", "trailer"})

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """See `examine`."""
        return examine(stored, source, name=name).described()

    def summary(self, description: Description) -> str:
        """Encoding, delimiter, line ends, packing, columns and rows."""
        shape = Shape.of(description)
        delimiter = _DELIMITER_NAMES.get(shape.delimiter, shape.delimiter)
        packed = f", {shape.compression}" if shape.compression != "none" else ""
        rows = f", {counted(shape.records, 'row')}" if shape.records is not None else ""
        taken = " (it is not UTF-8)" if shape.fallback else ""
        return f"{shape.encoding}{taken}, {delimiter}, {shape.newline}{packed}, {counted(len(shape.header), 'column')}{rows}"

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """See `read_records`. The last record is taken out where it is the source's trailer.

        A file whose encoding was taken for want of another is read in the one that the source has named since, and so is one whose
        quotes are characters since then, or are none any more.
        """
        shape = Shape.of(description)
        as_characters = source.quote == "none"
        if shape.literal != as_characters or (shape.fallback and _named_otherwise(source, shape.encoding)):
            shape = examine(stored, source, name=name)
        read = read_records(t, stored, shape, folder, max_field_chars=source.max_field_chars, name=name)
        total = take_trailer(t, read.rows, read.rejects, shape, source.trailer) if source.trailer is not None else None
        records = read.counts.rows + read.counts.rejected - (total is not None)
        guessed = shape.encoding if shape.fallback and "fallback_encoding" not in source.model_fields_set else None
        between = literal(shape.delimiter)
        return StagedExtract(read.rows, read.rejects, records, total, read.torn, guessed, between=between)

    def lines(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, folder: Path
    ) -> Lines | None:
        """See `read_lines`; None where the last record may be a trailer, or the encoding is a guess."""
        shape = Shape.of(description)
        if source.trailer is not None or shape.fallback or shape.literal != (source.quote == "none"):
            return None
        return read_lines(t, stored, shape, folder, max_field_chars=source.max_field_chars)


def _named_otherwise(source: Source, encoding: str) -> bool:
    if source.encoding == "auto":
        taken = "windows-1252" if encoding == "latin-1" else encoding  # where bytes have no meaning in windows-1252
        return source.fallback_encoding not in (encoding, taken)
    return source.encoding != encoding


DELIMITED: SourceFormat = Delimited()
