"""Records of a delimited file: how text becomes rows of fields, and which number a row has.

The grammar is RFC 4180 where the file keeps it, and literal where it does not (Oracle EText quotes nothing):

- A line ends with LF, CRLF or CR. A line without any character is blank: no record, but it takes a row number, as it
  takes a row in a spreadsheet. A row's number is its number in a spreadsheet: the first line is row 1, and a line break
  inside quotes starts no row.
- A field that begins with a quote runs to the first delimiter or line end with an even number of quotes before it in
  the field. When it is quoted as RFC 4180 says, the quotes are taken off and doubled ones made single. When it is
  not (`"JJ" Jan`), it is kept as it stands.
- In any other field a quote is a character like every other (`Jan "JJ"`), spaces before a quote included.
- A quoted field that runs over lines must be closed as RFC 4180 says; else the rest of the file cannot be trusted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.sources.text_lines import MAX_RECORD_CHARS

_CSV_FIELD_LIMIT = 131_072
"""csv.field_size_limit() as Python starts; longer lines are split here, so that the global stays as it is."""

Record = tuple[int, list[str], str]
"""Row number, fields, and the text of the record without its line end."""


class Splitter:
    """Turns lines into records; holds what a record that spans lines needs between them."""

    def __init__(self, delimiter: str, name: str, *, regular: bool = False, literal: bool = False) -> None:
        """`regular`: all quoting is known to be as in RFC 4180, so that the csv module, which is faster, agrees.
        `literal`: there is no quoting, and a quote is a character."""
        self._literal = literal
        self.row = 0
        """Number of the last row that was begun."""
        self._delimiter = delimiter
        self._name = name
        self._line = ""
        self._reader = csv.reader(iter(lambda: self._line, None), delimiter=delimiter, strict=True) if regular else None
        self._fields: list[str] = []
        self._open: list[str] = []
        self._open_row = 0
        self._held: list[str] = []
        self._held_chars = 0

    def feed(self, cut: Iterable[str]) -> list[Record]:
        """Records completed by these lines, in order. Raises ExtractRefused (unterminated_quote)."""
        delimiter = self._delimiter
        done: list[Record] = []
        for line in cut:
            if self._open:
                if self._quoted(line):
                    done.append(self._complete())
                continue
            self.row += 1
            body = line.rstrip("\r\n")
            if not body:
                continue
            if self._literal or '"' not in body:
                done.append((self.row, body.split(delimiter), body))
            elif self._reader and len(body) < _CSV_FIELD_LIMIT and not body.count('"') & 1:
                self._line = body
                done.append((self.row, next(self._reader), body))
            elif self._quoted(line):
                done.append(self._complete())
        return done

    def finish(self) -> None:
        """Must be called behind the last line. Raises ExtractRefused (unterminated_quote)."""
        if self._open:
            raise self._unterminated("and never closed")

    def _complete(self) -> Record:
        record = (self.row, self._fields, "".join(self._held).rstrip("\r\n"))
        self._fields, self._held, self._held_chars = [], [], 0
        return record

    def _quoted(self, line: str) -> bool:
        """Take one line of a record with quotes; true when the record ends with it."""
        self._held.append(line)
        self._held_chars += len(line)
        if self._held_chars > MAX_RECORD_CHARS:
            raise self._unterminated(f"and not closed within {MAX_RECORD_CHARS:,} characters")
        pieces, fields, delimiter = self._open, self._fields, self._delimiter
        spans = bool(pieces)
        if spans and '"' not in line:
            pieces.append(line)
            return False
        body = line.rstrip("\r\n")
        glue = ""
        for part in body.split(delimiter):
            if pieces:
                pieces.append(glue + part)
                if part.count('"') & 1:
                    fields.append(self._unquoted("".join(pieces), spans))
                    pieces.clear()
                    spans = False
            elif part[:1] != '"':
                fields.append(part)
            elif part.count('"') & 1:
                pieces.append(part)
                self._open_row = self.row
            else:
                fields.append(self._unquoted(part, False))
            glue = delimiter
        if pieces:
            pieces.append(line[len(body) :])
            return False
        return True

    def _unquoted(self, text: str, spans: bool) -> str:
        inner = text[1:-1]
        if text[-1] == '"' and ('"' not in inner or '"' not in inner.replace('""', "")):
            return inner.replace('""', '"')
        if spans:
            raise self._unterminated("and followed by text where it is closed")
        return text

    def _unterminated(self, how: str) -> ExtractRefused:
        return ExtractRefused(
            self._name,
            "unterminated_quote",
            f"a quote is opened in row {self._open_row} {how}, so the rows behind it cannot be told apart; "
            "the file was cut short or is not quoted properly: have it delivered again",
        )
