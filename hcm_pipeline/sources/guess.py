"""The format of a file that no profile knows yet, and the keys of a source that reads it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Description
from hcm_pipeline.profile import Source
from hcm_pipeline.safe_xml import DEEPEST, NAMESPACE_END, Parser, XmlFault, too_deep
from hcm_pipeline.sources.delimited import Shape
from hcm_pipeline.sources.unpack import unpacked

MOST_PLACES = 20_000
"""Different ways of elements in one file; more are data in the place of tags."""
USUAL = "windows-1252"
ENCODINGS = (USUAL, "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257",
             "shift_jis", "gb18030", "cp949", "big5", "euc_jp", "koi8-r", "iso-8859-2", "iso-8859-5", "iso-8859-6")  # fmt: skip
"""Encodings of files that are not Unicode; the earlier of two that tell the same is taken."""
_ENCRYPTED = b"-----BEGIN PGP"
_WORKBOOKS = ("xlsx", "xlsm", "xls", "ods", "numbers")
_LEAST_LEAVES = 2
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(rb"[\x00\s]*")


def guessed_source(
    path: Path, name: str, glob: str, is_key: Callable[[str], bool], is_known: Callable[[str], bool]
) -> Source:
    """A source that reads a file: delimited, XML or JSON lines, by its first character. `name` is for messages.

    `is_key`: a heading is that of a person number; of XML, the records are the elements that have one. `is_known`: a heading is a
    known one; a file that is not UTF-8 has the encoding in which most of its headings are. Raises ExtractRefused:
    empty_file, encrypted, workbook, json_not_lines, no_record, and what the file's packing and XML are refused for.
    """
    _refuse_others(name)
    with unpacked(path, name, None) as (_, chunks):
        first = next(chunks, b"")
    if first.startswith(_ENCRYPTED):
        raise ExtractRefused(
            name, "encrypted", "is encrypted: decrypt it first, and name its key in [pgp] of the profile"
        )
    begins = first
    for mark in _MARKS:
        first = first.removeprefix(mark)
    start = first[_CONTROL.match(first).end() :][:1]  # type: ignore[union-attr]
    if not start:
        raise ExtractRefused(name, "empty_file", "the file is empty; have the extract delivered again")
    values: dict[str, Any] = {"name": "workers", "glob": glob}
    if start == b"<":
        values |= {"format": "xml", "record": _record(path, name, is_key)}
    elif start == b"{":
        values |= {"format": "json_lines"}
    elif start == b"[":
        raise ExtractRefused(
            name,
            "json_not_lines",
            "is one JSON array; JSON is read as an object a line: `jq -c '.[]' FILE` makes such a file",
        )
    elif encoding := _encoding_of(begins, is_known):
        values |= {"encoding": encoding}
    return Source.model_validate(values)


def _refuse_others(name: str) -> None:
    """Raise ExtractRefused for files of programs that no format reads."""
    ending = name.lower().rpartition(".")[2]
    if ending in _WORKBOOKS:
        raise ExtractRefused(name, "workbook", "is a workbook: save the sheet of workers as CSV in UTF-8")
    if ending in ("pgp", "gpg", "asc"):
        raise ExtractRefused(
            name, "encrypted", "is encrypted: decrypt it first, and name its key in [pgp] of the profile"
        )


def _encoding_of(begins: bytes, is_known: Callable[[str], bool]) -> str | None:
    """The encoding of a file by its headings; None for Unicode, and where they do not tell."""
    if begins.startswith(_MARKS) or b"\0" in begins[:100] or _is_utf8(begins):
        return None
    line = begins.lstrip().splitlines()[0]
    known = {encoding: _known_in(line, encoding, is_known) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: known[encoding])
    return best if known[best] > known[USUAL] else None


def _is_utf8(begins: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begins)
    except UnicodeDecodeError:
        return False
    return True


def _known_in(line: bytes, encoding: str, is_known: Callable[[str], bool]) -> int:
    try:
        text = line.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return 0
    return sum(is_known(cell.strip(' "')) for cell in re.split(r"[,;|\t]", text))


def found_keys(source: Source, description: Description) -> dict[str, str]:
    """The keys of a source that its file has shown: format and record path, or delimiter and encoding. UTF-8 is not said: `auto`
    finds it."""
    if source.format != "delimited":
        keys = {"format": source.format}
        return keys | ({"record": source.record} if source.record else {})
    shape = Shape.of(description)
    keys = {"delimiter": shape.delimiter}
    return keys | ({} if shape.encoding.startswith("utf") else {"encoding": _encoding(shape.encoding)})


def is_guessed(source: Source, description: Description) -> bool:
    """Whether the encoding was taken for want of another."""
    return source.format == "delimited" and (Shape.of(description).fallback or source.encoding != "auto")


def _encoding(name: str) -> str:
    return "windows-1252" if name == "latin-1" else name


@dataclass
class _Element:
    """The elements of one way: how many there are, and the ways below it."""

    name: str
    way: tuple[str, ...]
    count: int = 0
    kids: dict[str, _Element] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)

    @property
    def leaves(self) -> list[str]:
        """Names of values: elements without others in them, and attributes."""
        return [kid.name for kid in self.kids.values() if not kid.kids] + sorted(self.attributes)


def _record(path: Path, name: str, is_key: Callable[[str], bool]) -> str:
    """The path of the elements that are records: of those that have a person number the most frequent, the outermost of equals."""
    candidates = [one for one in _elements(path, name) if len(one.leaves) >= _LEAST_LEAVES and one.way]
    with_key = [one for one in candidates if any(is_key(leaf) for leaf in one.leaves)]
    chosen = with_key or candidates
    if not chosen:
        raise ExtractRefused(name, "no_record", "has no element with values in it that could be a record")
    best = max(chosen, key=lambda one: (one.count, len(one.leaves), -len(one.way)))
    return "/".join(best.way)


def _elements(path: Path, name: str) -> list[_Element]:
    """The elements of a file by their ways. Raises ExtractRefused."""
    top = _Element("", ())
    open_: list[_Element] = [top]
    found: list[_Element] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(NAMESPACE_END)[2]
        above = open_[-1]
        element = above.kids.get(local)
        if element is None:
            if len(open_) > DEEPEST:
                raise too_deep()
            if len(found) >= MOST_PLACES:
                raise ExtractRefused(name, "too_many_tags", f"its tags have more than {MOST_PLACES:,} different paths")
            element = above.kids[local] = _Element(local, (*above.way, local))
            found.append(element)
        element.count += 1
        element.attributes.update(key for key in attributes if NAMESPACE_END not in key)
        open_.append(element)

    def end(tag: str) -> None:
        del tag
        open_.pop()

    parser = Parser(None)
    parser.expat.StartElementHandler, parser.expat.EndElementHandler = start, end
    try:
        with unpacked(path, name, None) as (_, chunks):
            for chunk in chunks:
                parser.feed(chunk)
            parser.finish()
    except XmlFault as fault:
        raise ExtractRefused(name, fault.rule, fault.message) from None
    return found
