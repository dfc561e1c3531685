"""The structure of a delimited file, counted on its bytes: records, delimiters, line ends and quotes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcm_pipeline.sources.delimited.shape import Newline

_LF, _CR, _QUOTE = 10, 13, 34


class Scan:
    """Counts records, delimiters and line ends outside quotes, and finds quotes that stand where RFC 4180 has none.

    While quoting is regular, a byte is inside quotes exactly when an odd number of quotes stands before it; a doubled
    quote closes and opens. Regular: what opens stands behind a delimiter, a line end or the quote it doubles, and what
    closes stands before one.
    """

    def __init__(self, delimiter: str, *, literal: bool = False) -> None:
        self._literal = literal
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
        """Count a chunk."""
        data = self._held + chunk
        self._held = data[-1:]
        if len(data) > 1:
            self._count(data[:-1], data[-1:])

    def finish(self) -> None:
        """Count the last line; call it behind the last chunk."""
        if self._held:
            self._count(self._held, b'"')  # a quote: what may stand behind a closing one, and no line end
        if self._inside:
            self.irregular_quotes = True
        if self._offset > self._line_start:
            self._lines(np.array([self._offset - self._line_start], np.int64))

    def newline(self) -> Newline:
        """The line end of the file; mixed when there are several kinds."""
        kinds = [kind for kind, count in self._ends.items() if count]
        if not kinds:
            return "lf"
        if len(kinds) > 1:
            return "mixed"
        return "lf" if kinds[0] == "lf" else "crlf" if kinds[0] == "crlf" else "cr"

    def irregular(self, columns: int, damaged: bool) -> tuple[str, ...]:
        """Every reason why the file must be read with care."""
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
        quotes = np.empty(0, np.int64) if self._literal else np.flatnonzero(here == _QUOTE)
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
