"""The fast way through an XML file: the tags of a piece of it are found at once, as arrays, and not one after the other.

It is for plain records only: tags and text, and no tag twice in one of them. At the first thing that is something else the scan
stops being `plain`, and the file is read with care. That a file is well-formed is expat's to say. For every file that both ways can
read, both give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import DEEPEST
from hcm_pipeline.sources.arrow_arrays import integers, numbers_of, strings
from hcm_pipeline.sources.xml.document import INSIDE, OLD, RECORD, Document, Place

PIECE = 1 << 20
"""Bytes that are looked through at once."""
LONGEST_HELD = 1 << 24
"""Bytes in which a record ends, at the latest."""
_LT, _GT, _SLASH, _EQUALS, _BANG, _QUESTION = (ord(character) for character in "<>/=!?")
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")
_REFERENCE = re.compile("&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|quot|apos|amp));")
_NAMED = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_SPACE = " \t\r\n"
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class _NotPlain(Exception):
    """A piece has something that only careful reading understands."""


@dataclass(frozen=True)
class PlainPiece:
    """Whole records: how many, and the values of each place in them; null where a record has none, or an empty one."""

    records: int
    values: dict[Place, pa.Array]


def may_be_plain(source: Source) -> bool:
    """Whether files of a source can be read so at all: what is asked of them is the text of tags, and no more."""
    name = (source.record or "").rpartition("/")[2]
    plain_name = bool(name) and ":" not in name
    return plain_name and not (source.enclosing or source.namespaces or source.content != "full")


class PlainScan:
    """Finds places and records in chunks of UTF-8. `leaves`: the places of values, in the order in which they first came."""

    def __init__(self, document: Document, source: Source) -> None:
        self.plain = may_be_plain(source)
        self.leaves: dict[Place, None] = {}
        self.total: int | None = None
        """The number of records by the file's own count, where it has one and the source names it."""
        self._document = document
        self._end = f"</{(source.record or '').rpartition('/')[2]}>".encode()
        self._longest = source.max_field_chars
        self._marks = any("=" in pattern for pattern in source.old_values)
        self._begun = False
        self._open = [0]
        """Numbers of the places of the elements that are open, from the top."""
        self._places = [document.top]
        self._numbers = {document.top: 0}
        self._names: dict[str, int] = {}

    def pieces(self, chunks: Iterator[bytes], *, values: bool) -> Iterator[PlainPiece]:
        """All records; `values`: with their values. It ends early when the scan is not plain any more."""
        held: list[bytes] = []
        size = 0
        try:
            for chunk in chunks:
                held.append(chunk)
                size += len(chunk)
                if not self.plain:
                    return
                if size < PIECE:
                    continue
                data = b"".join(held)
                cut = data.rfind(self._end) + len(self._end)
                if cut < len(self._end):
                    cut = 0
                    self.plain = size <= LONGEST_HELD
                else:
                    yield from self._piece(data[:cut], values)
                held, size = [data[cut:]], len(data) - cut
            yield from self._piece(b"".join(held), values)
        except _NotPlain:
            self.plain = False

    def _piece(self, data: bytes, values: bool) -> Iterator[PlainPiece]:
        if not self._begun:
            self._begun = True
            if found := _DECLARATION.match(data):
                data = data[found.end() :]
        tokens = _Tokens.of(data)
        if tokens is None:
            return
        at = self._places_of(tokens)
        if self._marks and tokens.attributed.any():
            raise _NotPlain
        yield self._records(tokens, at, values)

    def _places_of(self, tokens: _Tokens) -> Ints:
        """The number of the place of each element."""
        codes = self._codes(tokens)
        depth, names = tokens.depth + len(self._open) - 1, list(self._names)
        if depth.min(initial=1) < 1:
            raise _NotPlain
        at = np.zeros(codes.size, np.int64)
        upper: Ints = np.empty(0, np.int64)
        for level in range(int(depth.min(initial=DEEPEST)), int(depth.max(initial=0)) + 1):
            here = np.flatnonzero(depth == level)
            parent = np.full(here.size, self._open[level - 1] if level <= len(self._open) else -1, np.int64)
            if upper.size:
                last = np.searchsorted(upper, here) - 1
                parent = np.where(last >= 0, at[upper[np.maximum(last, 0)]], parent)
            keys = parent * len(names) + codes[here]
            if keys.size and keys.min() < 0:
                raise _NotPlain
            if keys.size:
                numbers = np.full(int(keys.max()) + 1, -1, np.int64)
                for key in np.flatnonzero(np.bincount(keys)).tolist():
                    numbers[key] = self._number(self._places[key // len(names)], names[key % len(names)])
                at[here] = numbers[keys]
            upper = here
        self._remember(tokens, depth, at)
        return at

    def _codes(self, tokens: _Tokens) -> Ints:
        """A number for the name of each element."""
        encoded = tokens.names.dictionary_encode()
        known = []
        for written in encoded.dictionary.to_pylist():
            name, *attributes = written.removesuffix("/").split(None, 1)[:2] or [""]
            rest = attributes[0] if attributes else ""
            if not name or ":" in name or rest.count('"') % 2 or rest.count("'") % 2:
                raise _NotPlain
            known.append(self._names.setdefault(name, len(self._names)))
        found: Ints = np.asarray(known, np.int64)[numbers_of(encoded.indices)]
        return found

    def _number(self, parent: Place, name: str) -> int:
        place = parent.kids.get(name) or self._document.place(parent, name)
        if place.kind == OLD or place.nested:
            raise _NotPlain
        if place not in self._numbers:
            self._numbers[place] = len(self._places)
            self._places.append(place)
        return self._numbers[place]

    def _remember(self, tokens: _Tokens, depth: Ints, at: Ints) -> None:
        """Note which elements are open behind the piece."""
        level = len(self._open) - 1 + tokens.rise
        for deep in range(1, level + 1):
            opened = np.flatnonzero((depth == deep) & ~tokens.empty)
            if opened.size:
                self._open[deep:] = [int(at[opened[-1]])]
        del self._open[level + 1 :]
        if self._places[self._open[-1]].kind in (RECORD, INSIDE):
            raise _NotPlain

    def _records(self, tokens: _Tokens, at: Ints, values: bool) -> PlainPiece:
        kinds = np.array([place.kind for place in self._places])[at]
        is_record, inside = kinds == RECORD, kinds == INSIDE
        if np.any(tokens.attributed & (is_record | inside)) or np.any(is_record & (tokens.empty | tokens.leaf)):
            raise _NotPlain
        if not tokens.is_blank_around(is_record, inside):
            raise _NotPlain
        for number, count in enumerate(np.bincount(at, minlength=len(self._places)).tolist()):
            place = self._places[number]
            place.count += count
            if count and place.is_total:
                for text in tokens.texts(np.flatnonzero((at == number) & tokens.leaf)):
                    self.total = int(text) if text.strip().isdecimal() else self.total
        records, number_of = int(np.count_nonzero(is_record)), np.cumsum(is_record) - 1
        leaf = inside & (tokens.leaf | tokens.empty)
        found: dict[Place, pa.Array] = {}
        firsts: dict[Place, int] = {}
        leaves = np.flatnonzero(leaf)
        if tokens.longest(leaves) > self._longest:
            raise _NotPlain
        of_leaves = at[leaves]
        for number in np.flatnonzero(np.bincount(of_leaves)).tolist():
            place, here = self._places[number], leaves[of_leaves == number]
            of = number_of[here]
            if np.any(of[1:] == of[:-1]):
                raise _NotPlain
            firsts[place] = int(here[0])
            if values:
                found[place] = tokens.values(here, of, records)
        self.leaves |= dict.fromkeys(sorted(firsts, key=firsts.__getitem__))
        return PlainPiece(records, found)


class _Tokens:
    """The tags of a piece of text, as arrays. Each element is told by its opening tag, or by one that is empty."""

    def __init__(self, data: bytes, begins: Ints, ends: Ints) -> None:
        seen = np.frombuffer(data, np.uint8)
        first = seen[begins + 1]
        following = np.append(begins[1:], len(data))
        if np.any((first == _BANG) | (first == _QUESTION)) or np.any(ends > following):
            raise _NotPlain
        self._closing: Flags = first == _SLASH
        empty = (seen[ends - 1] == _SLASH) & ~self._closing
        rises = np.cumsum(np.where(self._closing, -1, np.where(empty, 0, 1)))
        self.opening: Ints = np.flatnonzero(~self._closing)
        """Of each element, the number of its tag."""
        self._levels: Ints = rises + (empty | self._closing)
        self.depth: Ints = self._levels[self.opening]
        """Of each element, counted from the level at which the piece begins."""
        self.rise = int(rises[-1])
        self.empty: Flags = empty[self.opening]
        self.leaf: Flags = np.append(self._closing[1:], False)[self.opening] & ~self.empty
        attributed = np.zeros(begins.size, np.bool_)
        if b"=" in data:
            equals = np.flatnonzero(seen == _EQUALS)
            tag = np.maximum(np.searchsorted(begins, equals, "right") - 1, 0)
            attributed[tag[equals < ends[tag]]] = True
        self.attributed: Flags = attributed[self.opening]
        offsets = np.empty(4 * begins.size + 1, np.int32)
        offsets[0:-1:4], offsets[1::4], offsets[2::4], offsets[3::4], offsets[-1] = (
            begins + 1,
            ends,
            ends + 1,
            following,
            len(data),
        )
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        self._parts = pa.Array.from_buffers(pa.string(), 4 * begins.size, buffers)
        """Of each tag: its inside, its end, the text behind it, and the beginning of the next one."""
        self._lengths: Ints = following - ends - 1
        self._data = data
        self.names: pa.StringArray = self._parts.take(integers(self.opening * 4))

    @classmethod
    def of(cls, data: bytes) -> _Tokens | None:
        """Those of a piece that ends behind a tag; None: it has none."""
        seen = np.frombuffer(data, np.uint8)
        begins, closes = np.flatnonzero(seen == _LT), np.flatnonzero(seen == _GT)
        if not begins.size:
            return None
        if closes.size == begins.size and np.all(closes > begins) and np.all(closes[:-1] < begins[1:]):
            return cls(data, begins, closes)  # each `>` ends a tag
        found = np.searchsorted(closes, begins)
        if found[-1] >= closes.size:
            raise _NotPlain
        return cls(data, begins, closes[found])

    def is_blank_around(self, is_record: Flags, inside: Flags) -> bool:
        """Whether a record has nothing but white space beside its tags and their text."""
        leaf = self.leaf & inside
        groups = (is_record | inside) & ~self.leaf & ~self.empty
        behind = [
            self.opening[groups],
            self.opening[inside & self.empty],
            self.opening[leaf] + 1,
            self._ends(inside & groups),
        ]
        texts = np.concatenate(behind)
        texts = texts[self._lengths[texts] > 0]
        return all(not text.strip(_SPACE) for text in self._parts.take(integers(texts * 4 + 2)).unique().to_pylist())

    def _ends(self, groups: Flags) -> Ints:
        """The closing tags of elements that hold others."""
        found = [np.empty(0, np.int64)]
        for level in np.unique(self.depth[groups]).tolist():
            begun = self.opening[groups & (self.depth == level)]
            ends = np.flatnonzero(self._closing & (self._levels == level))
            found.append(ends[np.searchsorted(ends, begun)])
        return np.concatenate(found)

    def texts(self, elements: Ints) -> list[str]:
        """Those of some elements, as they are written."""
        found: list[str] = self._parts.take(integers(self.opening[elements] * 4 + 2)).to_pylist()
        return found

    def longest(self, elements: Ints) -> int:
        """Bytes of the longest text of some elements."""
        return int(self._lengths[self.opening[elements]].max(initial=0))

    def values(self, elements: Ints, of: Ints, records: int) -> pa.Array:
        """The text of elements, each of a record, for all records; null where there is none."""
        filled = ~self.empty[elements]
        places, lacking = np.zeros(records, np.int64), np.ones(records, np.bool_)
        places[of[filled]] = self.opening[elements[filled]] * 4 + 2
        lacking[of[filled]] = False
        found = self._parts.take(integers(places, lacking))
        if b"\r" in self._data:
            found = pc.replace_substring(pc.replace_substring(found, "\r\n", "\n"), "\r", "\n")
        if b"&" in self._data and pc.any(pc.match_substring(found, "&")).as_py():
            found = _dereferenced(found)
        return found


def _dereferenced(texts: pa.Array) -> pa.Array:
    """The texts with the characters that references stand for."""
    encoded = texts.dictionary_encode()
    meant = [_REFERENCE.sub(_character, text) for text in encoded.dictionary.to_pylist()]
    return strings(meant).take(encoded.indices)


def _character(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))
