"""The fast way through an XML file: the tags of a piece of it are found at once, as arrays, and not one after the other.

It is for plain records only: tags with their attributes, whatever their prefixes, and text, as it is or in CDATA; comments and
instructions are taken out. At the first thing that is something else the scan stops being `plain`, and the file is read with
care. That a file is well-formed is expat's to say. For every file that both ways can read, both give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hcm_pipeline.characters import SEVERAL, heading
from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import DEEPEST, NAMESPACE_END
from hcm_pipeline.sources.arrow_arrays import integers, keep_freed_memory, numbers_of, strings
from hcm_pipeline.sources.xml.document import INSIDE, OLD, OUTSIDE, RECORD, Document, Place
from hcm_pipeline.sources.xml.paths import NIL, XML

PIECE = 1 << 20
"""Bytes that are looked through at once."""
LONGEST_HELD = 1 << 24
"""Bytes in which a record ends, at the latest."""
_LT, _GT, _SLASH, _EQUALS, _BANG, _QUESTION, _AMPERSAND, _RETURN = (ord(character) for character in "<>/=!?&\r")
_MARKS = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_ATTRIBUTES = re.compile(rf"(?:{_ATTRIBUTE.pattern})*\s*")
_LINES = str.maketrans("\t\r\n", "   ")
_REFERENCE = re.compile("&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|quot|apos|amp));")
_NAMED = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_SPACE = " \t\r\n"
_IS_SPACE = np.isin(np.arange(256), [ord(character) for character in _SPACE])
_LONGEST_INDENT = 8
"""Characters of white space between tags that are looked at one by one."""
_CELLS = 1 << 18
"""Cells of a table that are filled at once."""
_LAST = 1 << 20
"""Behind all attributes of an element: its text."""
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class _NotPlain(Exception):
    """A piece has something that only careful reading understands."""


Leaf = tuple[Place, str | None]
"""A place whose text is a value, or an attribute of a place."""


@dataclass(frozen=True)
class PlainPiece:
    """Whole records."""

    records: int
    """How many."""
    size: int
    """Their bytes, and those between them."""
    values: dict[Leaf, pa.Array]
    """Those of each leaf; null where a record has none, "" for an empty one."""
    groups: Sequence[Ints] = ()
    """Of each column of a group around the records, the number of the group of each record."""
    around: Sequence[tuple[int, Ints, pa.Array]] = ()
    """Values of such columns: the column, the numbers of their groups, and the texts."""
    groups_before: int = 0
    """The greatest number of a group that began in an earlier piece; all of them began before the records of this one."""
    open_groups: Sequence[int] = ()
    """The numbers of the groups that may go on in the next piece."""


def may_be_plain(source: Source) -> bool:
    """Whether files of a source can be read so at all: what is asked of them is the text of tags, and no more."""
    name = (source.record or "").rpartition("/")[2]
    plain_name = bool(name) and ":" not in name
    return plain_name and not source.namespaces


class PlainScan:
    """Finds places and records in chunks of UTF-8. `leaves`: those of values, in the order in which they first came."""

    def __init__(self, document: Document, source: Source, make: Callable[[Place, str], Place] | None = None) -> None:
        """`make`: makes a new place, `document.place` where nobody asks for groups around the records."""
        self.plain = may_be_plain(source)
        self.leaves: dict[Leaf, None] = {}
        self.total: int | None = None
        """The number of records by the file's own count, where it has one and the source names it."""
        self._document = document
        self._make = make or document.place
        self._enclosing = len(source.enclosing) if make else 0
        self._groups: dict[Place, int] = {}
        """The number of the group that is open at a place."""
        self._instances = 0
        self._end = f"{(source.record or '').rpartition('/')[2]}>".encode()
        self._prefixes = {"xml": XML}
        """Prefix to the namespace that it stands for; one that stands for several is not plain."""
        self._longest = source.max_field_chars
        self._marks = any("=" in pattern for pattern in source.old_values)
        self._repeated = {heading(tag): rule for tag, rule in source.repeated.items()}
        self._open = [0]
        """Numbers of the places of the elements that are open, from the top."""
        self._places = [document.top]
        self._numbers = {document.top: 0}
        self._names: dict[str, int] = {}

    def pieces(self, chunks: Iterator[bytes], *, values: bool) -> Iterator[PlainPiece]:
        """All records; `values`: with their values. It ends early when the scan is not plain any more."""
        held: list[bytes] = []
        size = 0
        keep_freed_memory()
        try:
            for chunk in chunks:
                held.append(chunk)
                size += len(chunk)
                if not self.plain:
                    return
                if size < PIECE:
                    continue
                data, rest = _without_marks(b"".join(held))
                cut = self._last_end(data)
                if not cut:
                    self.plain = size <= LONGEST_HELD
                else:
                    yield from self._piece(data[:cut], values)
                held, size = [data[cut:] + rest], len(data) - cut + len(rest)
            data, rest = _without_marks(b"".join(held))
            if rest.strip():
                self.plain = False
            else:
                yield from self._piece(data, values)
        except _NotPlain:
            self.plain = False

    def _last_end(self, data: bytes) -> int:
        """The place behind the last record that ends; 0: none does."""
        end = len(data)
        while (place := data.rfind(self._end, 0, end)) >= 0:
            before = data[data.rfind(b"<", 0, place) : place]
            if before == b"</" or (before.startswith(b"</") and before.endswith(b":") and b">" not in before):
                return place + len(self._end)
            end = place
        return 0

    def _piece(self, data: bytes, values: bool) -> Iterator[PlainPiece]:
        tokens = _Tokens.of(data)
        if tokens is None:
            return
        at, parents = self._places_of(tokens)
        if self._marks and tokens.attributed.any():
            raise _NotPlain
        yield self._records(tokens, at, parents, len(data), values)

    def _places_of(self, tokens: _Tokens) -> tuple[Ints, Ints]:
        """The number of the place of each element, and of the one around it. All that is below old values is of their place."""
        codes = self._codes(tokens)
        depth, names = tokens.depth + len(self._open) - 1, list(self._names)
        if depth.min(initial=1) < 1:
            raise _NotPlain
        at, parents = np.zeros(codes.size, np.int64), np.zeros(codes.size, np.int64)
        is_upper: Flags = np.empty(0, np.bool_)
        upper: Ints = np.empty(0, np.int64)
        for level in range(int(depth.min(initial=DEEPEST)), int(depth.max(initial=0)) + 1):
            is_here = depth == level
            here = np.flatnonzero(is_here)
            known = self._open[level - 1] if level <= len(self._open) else -1
            above = np.append(known, at[upper])  # the place that is open at first, and those of the level above
            parent = above[np.cumsum(is_upper)[here]] if upper.size else np.full(here.size, known, np.int64)
            parents[here] = parent
            keys = parent * len(names) + codes[here]
            if keys.size and keys.min() < 0:
                raise _NotPlain
            if keys.size:
                numbers = np.full(int(keys.max()) + 1, -1, np.int64)
                present = np.flatnonzero(np.bincount(keys)).tolist()
                if any(names[key % len(names)] not in self._places[key // len(names)].kids for key in present):
                    present.sort(
                        key=lambda key: int(np.argmax(keys == key))
                    )  # new ones in the order in which they come
                for key in present:
                    numbers[key] = self._number(self._places[key // len(names)], names[key % len(names)])
                at[here] = numbers[keys]
            is_upper, upper = is_here, here
        self._remember(tokens, depth, at)
        return at, parents

    def _codes(self, tokens: _Tokens) -> Ints:
        """A number for the name of each element."""
        encoded = tokens.names.dictionary_encode()
        tokens.written = numbers_of(encoded.indices)
        known = []
        for written in encoded.dictionary.to_pylist():
            name = written.removesuffix("/").split(None, 1)[0] if written.strip("/ \t\r\n") else ""
            rest = written[len(name) :].removesuffix("/")
            if not name or (rest and not _ATTRIBUTES.fullmatch(rest)):
                raise _NotPlain
            tokens.attributes.append(self._attributes_in(rest) if rest else {})
            local = name.rpartition(":")[2]  # the source names no namespace
            known.append(self._names.setdefault(local, len(self._names)))
        tokens.know_nil()
        found: Ints = np.asarray(known, np.int64)[tokens.written]
        return found

    def _attributes_in(self, written: str) -> dict[str, str]:
        """The attributes of a tag by their names as expat tells them, without declarations of namespaces. Raises _NotPlain."""
        named = []
        for name, quoted in _ATTRIBUTE.findall(written):
            value = _REFERENCE.sub(_character, quoted[1:-1].replace("\r\n", "\n").translate(_LINES))
            prefix, colon, local = name.rpartition(":")
            if name == "xmlns":
                continue
            if prefix == "xmlns":
                if self._prefixes.setdefault(local, value) != value:
                    raise _NotPlain
            else:
                named.append((prefix if colon else "", local, value))
        found = {}
        for prefix, local, value in named:
            address = self._prefixes.get(prefix) if prefix else ""
            if address is None:
                raise _NotPlain  # it is declared further up, in a tag that this piece has written later
            found[f"{address}{NAMESPACE_END}{local}" if address else local] = value
        return found

    def _number(self, parent: Place, name: str) -> int:
        if parent.kind == OLD:
            return self._numbers[parent]
        place = parent.kids.get(name) or self._make(parent, name)
        if place.nested or (place.kind == OLD and (parent.kind == INSIDE or parent.outer or parent.is_total)):
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
        if self._places[self._open[-1]].kind in (RECORD, INSIDE, OLD):
            raise _NotPlain

    def _records(self, tokens: _Tokens, at: Ints, parents: Ints, size: int, values: bool) -> PlainPiece:
        kinds_of = np.array([place.kind for place in self._places])
        kinds = kinds_of[at]
        is_record, inside = kinds == RECORD, kinds == INSIDE
        if np.any(is_record & (tokens.empty | tokens.leaf)):
            raise _NotPlain
        if not tokens.is_blank_around(is_record, inside, (kinds == OLD) & (kinds_of[parents] != OLD)):
            raise _NotPlain
        for number, count in enumerate(np.bincount(at, minlength=len(self._places)).tolist()):
            place = self._places[number]
            place.count += count * (place.kind != OLD)
            if count and place.is_total:
                for text in tokens.written_texts(np.flatnonzero((at == number) & tokens.leaf)):
                    self.total = int(text) if text.strip().isdecimal() else self.total
        records, number_of = int(np.count_nonzero(is_record)), np.cumsum(is_record) - 1
        leaf = inside & (tokens.leaf | tokens.empty)
        found: dict[Leaf, pa.Array] = {}
        firsts: dict[Leaf, tuple[int, int]] = {}
        leaves = np.flatnonzero(leaf)
        if tokens.longest(leaves) > self._longest:
            raise _NotPlain
        of_leaves = at[leaves]
        first = np.full(len(self._places), -1, np.int64)
        first[of_leaves[::-1]] = leaves[::-1]
        numbers = np.flatnonzero(first >= 0)
        for number in numbers.tolist():
            firsts[self._places[number], None] = int(first[number]), len(firsts) + _LAST
        if values and leaves.size:
            found = self._columns(numbers, of_leaves, tokens.texts(leaves), number_of[leaves], records)
        for place, attribute, texts, here in self._attributes(
            tokens, at, np.flatnonzero(tokens.attributed & (is_record | inside))
        ):
            firsts[place, attribute] = int(here[0]), len(firsts)
            if values:
                found[place, attribute] = self._column(place, attribute, texts, number_of[here], records)
        self.leaves |= dict.fromkeys(sorted(firsts, key=firsts.__getitem__))
        if not (values and self._enclosing):
            return PlainPiece(records, size, found)
        before, around = self._instances, self._groups_around(tokens, at, np.flatnonzero(is_record))
        return PlainPiece(records, size, found, *around, before, list(self._groups.values()))

    def _groups_around(
        self, tokens: _Tokens, at: Ints, records: Ints
    ) -> tuple[list[Ints], list[tuple[int, Ints, pa.Array]]]:
        """The groups of records, and the values that elements around them give to groups."""
        begun: dict[Place, tuple[Ints, Ints]] = {}
        for number, place in enumerate(self._places):
            if place.is_group:
                here = np.flatnonzero(at == number)
                before = np.array([self._groups.get(place, 0)], np.int64)
                begun[place] = here, np.append(before, np.arange(here.size) + self._instances + 1)
                self._instances += here.size
                self._groups[place] = int(begun[place][1][-1])

        def group_of(place: Place, elements: Ints) -> Ints:
            """The number of the group at a place that is open at each element."""
            if place not in begun:
                return np.zeros(elements.size, np.int64)
            here, numbers = begun[place]
            return numbers[np.searchsorted(here, elements, "right")]

        groups = [np.zeros(records.size, np.int64) for _ in range(self._enclosing)]
        for number in np.unique(at[records]).tolist():
            of_place = at[records] == number
            for column, group in enumerate(self._places[number].groups):
                groups[column][of_place] = group_of(group, records[of_place])
        around = []
        for number, place in enumerate(self._places):
            if place.kind != OUTSIDE or not place.outer:
                continue
            here = np.flatnonzero(at == number)
            for attribute, column, group in place.outer:
                if attribute is None:
                    elements = here[(tokens.leaf | tokens.empty)[here]]
                    around.append((column, group_of(group, elements), tokens.texts(elements).take()))
                else:
                    given = [(int(one), text) for one in here for text in self._named(tokens, int(one), attribute)]
                    elements = np.array([one for one, _ in given], np.int64)
                    around.append((column, group_of(group, elements), strings([text for _, text in given])))
        longest = self._longest + 1
        return groups, [(*one, pc.utf8_slice_codeunits(texts, 0, longest)) for *one, texts in around if len(texts)]

    def _named(self, tokens: _Tokens, element: int, attribute: str) -> Iterator[str]:
        for name, value in tokens.attributes[tokens.written[element]].items():
            if self._document.wanted.names.shown(name) == attribute:
                yield value

    def _attributes(self, tokens: _Tokens, at: Ints, elements: Ints) -> Iterator[tuple[Place, str, _Values, Ints]]:
        """The attributes of elements that are data: place, name, the value of each element that has one, and those elements."""
        of_places = at[elements]
        for number in np.flatnonzero(np.bincount(of_places)).tolist():
            place, here = self._places[number], elements[of_places == number]
            written = tokens.written[here]
            codes, firsts = np.unique(written, return_index=True)
            names = (name for code in codes[np.argsort(firsts)].tolist() for name in tokens.attributes[code])
            columns = set()
            for name in dict.fromkeys(names):
                if column := self._document.heading(place, name):
                    if column in columns:
                        raise _NotPlain
                    columns.add(column)
                    values = [tokens.attributes[code].get(name) for code in codes.tolist()]
                    if max(len(value or "") for value in values) > self._longest:
                        raise _NotPlain
                    given = np.array([value is not None for value in values])[np.searchsorted(codes, written)]
                    of = np.searchsorted(codes, written[given])
                    yield place, name, _Values(strings([value or "" for value in values]), of), here[given]

    def _columns(
        self, numbers: Ints, of_leaves: Ints, texts: _Values, number_of: Ints, records: int
    ) -> dict[Leaf, pa.Array]:
        """The texts of leaves, as `_column` has them, for all places at once: a table of the places by the records is filled."""
        found: dict[Leaf, pa.Array] = {}
        at_once = max(1, _CELLS // max(1, records))
        for begin in range(0, numbers.size, at_once):
            block = numbers[begin : begin + at_once]
            slots = np.full(len(self._places), -1, np.int64)
            slots[block] = np.arange(block.size)
            slot = slots[of_leaves]
            own: Ints | slice = np.flatnonzero(slot >= 0) if block.size < numbers.size else slice(None)
            cells, wanted = slot[own] * records + number_of[own], texts.of[own]
            of, lacking = np.zeros(block.size * records, np.int64), np.ones(block.size * records, np.bool_)
            of[cells], lacking[cells] = wanted, False
            again = np.flatnonzero(np.bincount(slot[own][of[cells] != wanted], minlength=block.size)).tolist()
            filled = texts.known.take(integers(of, lacking))
            for column, number in enumerate(block.tolist()):
                found[self._places[number], None] = filled.slice(column * records, records)
            for column in again:
                here = np.flatnonzero(of_leaves == block[column])
                place, several = self._places[block[column]], _Values(texts.known, texts.of[here])
                found[place, None] = self._column(place, None, several, number_of[here], records)
        return found

    def _column(self, place: Place, attribute: str | None, texts: _Values, of: Ints, records: int) -> pa.Array:
        """The values of elements, each of a record, for all records; of several in one record as the source says."""
        places, lacking = np.zeros(records, np.int64), np.ones(records, np.bool_)
        again = of[1:] == of[:-1]
        if not again.any():
            places[of], lacking[of] = np.arange(of.size), False
            return texts.take(places, lacking)
        first = np.flatnonzero(np.append(True, ~again))
        rule = self._repeated.get(self._document.heading(place, attribute))
        merged = []
        several = np.flatnonzero(np.diff(np.append(first, of.size)) > 1)
        for number in several.tolist():
            end = int(first[number + 1]) if number + 1 < first.size else of.size
            chosen, *others = texts.take(np.arange(first[number], end)).to_pylist()
            for other in others:
                if other != chosen and rule != "first":
                    chosen = other if rule == "last" else f"{chosen}{SEVERAL}{other}"
            merged.append(chosen)
        places[of[first]], lacking[of[first]] = first, False
        single = texts.take(places, lacking)
        places, lacking = np.zeros(records, np.int64), np.ones(records, np.bool_)
        places[of[first[several]]], lacking[of[first[several]]] = np.arange(several.size), False
        return pc.coalesce(strings(merged).take(integers(places, lacking)), single)


@dataclass(frozen=True)
class _Values:
    """Texts of elements: `of` has the number of each in those that are `known`."""

    known: pa.StringArray
    of: Ints

    def take(self, places: Ints | slice = slice(None), lacking: Flags | None = None) -> pa.Array:
        """Those of the elements in these places; null where one is `lacking`."""
        return self.known.take(integers(self.of[places], lacking))


class _Tokens:
    """The tags of a piece of text, as arrays. Each element is told by its opening tag, or by one that is empty."""

    def __init__(self, data: bytes, begins: Ints, ends: Ints) -> None:
        self._data = data
        self._seen = seen = np.frombuffer(data, np.uint8)
        first = seen[begins + 1]
        self._begins, self._ends = begins, ends
        self._following: Ints = np.append(begins[1:], len(data))
        if np.any((first == _BANG) | (first == _QUESTION)) or np.any(ends > self._following):
            raise _NotPlain
        self._closing: Flags = first == _SLASH
        empty = (seen[ends - 1] == _SLASH) & ~self._closing
        rises = np.cumsum(1 - 2 * self._closing.view(np.int8) - empty.view(np.int8), dtype=np.int64)
        self.opening: Ints = np.flatnonzero(~self._closing)
        """Of each element, the number of its tag."""
        self._levels: Ints = rises + (empty | self._closing)
        self.depth: Ints = self._levels[self.opening]
        """Of each element, counted from the level at which the piece begins."""
        self.rise = int(rises[-1])
        self.empty: Flags = empty[self.opening]
        self.leaf: Flags = np.append(self._closing, False)[self.opening + 1] & ~self.empty
        attributed = np.zeros(begins.size, np.bool_)
        if b"=" in data:
            equals = np.flatnonzero(seen == _EQUALS)
            tag = np.maximum(np.searchsorted(begins, equals, "right") - 1, 0)
            attributed[tag[equals < ends[tag]]] = True
        self.attributed: Flags = attributed[self.opening]
        self.written: npt.NDArray[np.int32] = np.empty(0, np.int32)
        """Of each element, the number of the way in which its tag is written."""
        self.attributes: list[dict[str, str]] = []
        """Of each way of writing, its attributes."""
        self._nil: Flags = np.empty(0, np.bool_)
        self._lengths: Ints = self._following - ends - 1
        self.names: pa.StringArray = _slices(data, begins[self.opening] + 1, ends[self.opening]).take()

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

    def know_nil(self) -> None:
        """Note which ways of writing a tag say that there is no value."""
        self._nil = np.array([one.get(NIL) in ("true", "1") for one in self.attributes], np.bool_)

    def is_blank_around(self, is_record: Flags, inside: Flags, old: Flags) -> bool:
        """Whether a record has nothing but white space beside its tags and their text. `old`: those whose text does not count."""
        leaf = self.leaf & inside
        groups = (is_record | inside) & ~self.leaf & ~self.empty
        behind = [
            self.opening[groups],
            self.opening[(inside | old) & self.empty],
            self.opening[leaf | (old & self.leaf)] + 1,
            self._ends_of((inside & groups) | (old & ~self.leaf & ~self.empty)),
        ]
        texts = np.concatenate(behind)
        begins, lengths = self._ends[texts] + 1, self._lengths[texts]
        for place in range(_LONGEST_INDENT):
            begins, lengths = begins[lengths > place], lengths[lengths > place]
            if not begins.size:
                return True
            if not _IS_SPACE[self._seen[begins + place]].all():
                return False
        begins.sort()
        rest = _slices(self._data, begins + _LONGEST_INDENT, self._following[np.searchsorted(self._ends, begins)])
        return all(not text.strip(_SPACE) for text in rest.take().unique().to_pylist())

    def _ends_of(self, groups: Flags) -> Ints:
        """The closing tags of elements that hold others."""
        found = [np.empty(0, np.int64)]
        for level in np.unique(self.depth[groups]).tolist():
            begun = self.opening[groups & (self.depth == level)]
            ends = np.flatnonzero(self._closing & (self._levels == level))
            found.append(ends[np.searchsorted(ends, begun)])
        return np.concatenate(found)

    def longest(self, elements: Ints) -> int:
        """Bytes of the longest text of some elements."""
        return int(self._lengths[self.opening[elements]].max(initial=0))

    def written_texts(self, elements: Ints) -> list[str]:
        """Those of some elements, as they are written."""
        tags = self.opening[elements]
        slices = zip((self._ends[tags] + 1).tolist(), self._following[tags].tolist(), strict=True)
        return [self._data[begin:end].decode() for begin, end in slices]

    def texts(self, elements: Ints) -> _Values:
        """Those of elements in their order, as they are meant; "" of an empty one."""
        tags = self.opening[elements]
        begins = self._ends[tags] + 1
        nothing = self.empty[elements]
        if self._nil.any():
            nothing = nothing | self._nil[self.written[elements]]
        ends = np.where(nothing, begins, self._following[tags])
        signed = [np.flatnonzero(self._seen == sign) for sign in (_AMPERSAND, _RETURN) if bytes((sign,)) in self._data]
        if not (signed and elements.size):
            return _slices(self._data, begins, ends)
        return self._mended(begins, ends, np.concatenate(signed))

    def _mended(self, begins: Ints, ends: Ints, signed: Ints) -> _Values:
        """Texts as they are meant; `signed`: where something stands for something else."""
        of = np.searchsorted(begins, signed, "right") - 1
        marked = np.unique(of[(of >= 0) & (signed < ends[of])])
        slices = zip(begins[marked].tolist(), ends[marked].tolist(), strict=True)
        written = [self._data[begin:end].decode() for begin, end in slices]
        meant = {text: _meant(text) for text in set(written)}
        return _slices(self._data, begins, ends, marked, [meant[text] for text in written])


def _slices(data: bytes, begins: Ints, ends: Ints, others: Ints | None = None, meant: Sequence[str] = ()) -> _Values:
    """Slices of a text, none of which begins before the end of the one before; `others` of them have another text."""
    offsets, of = np.empty(2 * begins.size, np.int32), 2 * np.arange(begins.size)
    offsets[0::2], offsets[1::2] = begins, ends
    if others is not None and others.size:
        more = [text.encode() for text in meant]
        of[others] = offsets.size + np.arange(others.size)
        lengths = np.cumsum([len(data), *map(len, more)], dtype=np.int32)
        data, offsets = b"".join([data, *more]), np.concatenate([offsets, lengths])
    if not offsets.size:
        return _Values(strings([]), of)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return _Values(pa.Array.from_buffers(pa.string(), offsets.size - 1, buffers), of)


def _without_marks(data: bytes) -> tuple[bytes, bytes]:
    """The text without comments and instructions, with CDATA as usual text; and its end from a mark on that is not finished."""
    if (b"!" not in data or b"<!" not in data) and (
        b"?" not in data or b"<?" not in data
    ):  # one byte is found faster than two
        return data, b""
    held = data[-1:] if data.endswith(b"\r") else b""  # a line feed may follow
    text = data[: len(data) - len(held)]
    if b"\r" in text:  # what a mark stands between is not one end of a line
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = _MARKS.sub(_unmarked, text)
    begun = [place for place in (text.find(b"<!"), text.find(b"<?")) if place >= 0]
    end = min(begun, default=len(text))
    return text[:end], text[end:] + held


def _unmarked(found: re.Match[bytes]) -> bytes:
    text: bytes = found[1] or b""
    return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _meant(text: str) -> str:
    """A text with one sign for the end of a line, and with the characters that references stand for."""
    return _REFERENCE.sub(_character, text.replace("\r\n", "\n").replace("\r", "\n"))


def _character(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))
