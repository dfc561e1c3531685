"""The entries of one answer of a feed, in JSON or XML, each with the bytes that it came in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from hcm_pipeline.oracle.feed_content import Said

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(strict=False)
_NOT_XML = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.I
)
"""Control characters that XML 1.0 does not have, as they are or as references; blank, tab and the ends of lines stay."""
SEPARATOR = " "


class UnreadableFeed(ValueError):
    """An answer that is no feed. The text holds nothing of it."""


def entries_of(body: bytes, media_type: str) -> list[Said]:
    """The entries of an answer, in its order; none where the feed has none. Raises UnreadableFeed.

    The kind of answer is what it looks like; only where that says nothing, its content type decides.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise UnreadableFeed("the answer is empty")
    if text[:1] in (b"{", b"["):
        return _of_json(body)
    if text[:1] == b"<" or body[:2] in (b"\xff\xfe", b"\xfe\xff") or "xml" in media_type:
        return _of_xml(body)
    raise UnreadableFeed("the answer is neither JSON nor XML")


# --- JSON


def _of_json(body: bytes) -> list[Said]:
    try:
        text = body.decode("utf-8-sig")
        return [_said(value, text[start:end].encode()) for value, start, end in _entries(text)]
    except (ValueError, RecursionError, IndexError) as error:
        if isinstance(error, UnreadableFeed):
            raise
        raise UnreadableFeed("the answer is not JSON") from None


def _entries(text: str) -> list[tuple[Any, int, int]]:
    """The entries of `{"feed": {"entries": [...]}}`, each with its place in the text. The whole text is read."""
    at = _after_blanks(text, 0)
    found, end = _of_feed(text, at) if text[at : at + 1] == "{" else _elements(text, at)
    if _after_blanks(text, end) != len(text):
        raise ValueError("more after the end")
    return found


def _of_feed(text: str, at: int) -> tuple[list[tuple[Any, int, int]], int]:
    """The entries of the object that begins at a place, and where it ends; `feed` is entered."""
    found: list[tuple[Any, int, int]] = []
    at = _after_blanks(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _after_blanks(text, at)
        if not isinstance(name, str) or text[at] != ":":
            raise ValueError("no member")
        at = _after_blanks(text, at + 1)
        if name == "feed" and text[at] == "{":
            inner, at = _of_feed(text, at)
            found += inner
        elif name in ("entries", "entry") and text[at] == "[":
            inner, at = _elements(text, at)
            found += inner
        else:
            start = at
            value, at = _DECODER.raw_decode(text, at)
            if name in ("entries", "entry") and isinstance(value, dict):
                found.append((value, start, at))
        at = _after_blanks(text, at)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
        elif text[at] != "}":
            raise ValueError("no end of a member")
    return found, at + 1


def _elements(text: str, at: int) -> tuple[list[tuple[Any, int, int]], int]:
    found = []
    at = _after_blanks(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        found.append((value, at, end))
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
        elif text[at] != "]":
            raise ValueError("no end of an element")
    return found, at + 1


def _after_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _said(value: object, raw: bytes) -> Said:
    entry = value if isinstance(value, Mapping) else {}
    content = entry.get("content")
    if isinstance(content, Mapping) and not any("context" in str(key).lower() for key in content):
        content = content.get("value", content.get("text", content.get("content", content)))
    return Said(
        _of_text(entry.get("id")), _bare(entry.get("updated")), _bare(entry.get("published")), content,
        tuple(_links(entry.get("links", entry.get("link")))), raw,
    )  # fmt: skip


def _of_text(value: object) -> str:
    value = _bare(value)
    return str(value) if isinstance(value, str | int) else ""


def _bare(value: object) -> object:
    return value.get("value", value.get("text")) if isinstance(value, Mapping) else value


def _links(value: object) -> Iterator[tuple[str, str]]:
    for link in value if isinstance(value, list) else [value]:
        if isinstance(link, Mapping) and isinstance(link.get("href"), str):
            yield str(link.get("rel") or ""), link["href"]


# --- XML


def _of_xml(body: bytes) -> list[Said]:
    try:
        return _Feed(body).entries
    except LookupError:
        raise UnreadableFeed("the answer names an encoding that is unknown") from None
    except expat.ExpatError:
        scrubbed = _NOT_XML.sub(b" ", body)
        if scrubbed == body:
            raise UnreadableFeed("the answer is not XML") from None
    try:
        return _Feed(scrubbed).entries
    except expat.ExpatError:
        raise UnreadableFeed("the answer is not XML") from None


class _Feed:
    """One pass over a feed in XML. A DTD is refused, and with it every entity, expanding or external: Atom has none."""

    def __init__(self, body: bytes) -> None:
        self.entries: list[Said] = []
        self._body = body
        self._path: list[str] = []
        self._start = 0
        self._texts: dict[str, list[str]] = {}
        self._links: list[tuple[str, str]] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(body, True)

    @staticmethod
    def _refuse(*_: object) -> None:
        raise UnreadableFeed("the answer has a DTD, which is refused")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(SEPARATOR)[2].lower()
        if not self._path and local != "feed":
            raise UnreadableFeed("the answer is XML, but no feed")
        self._path.append(local)
        if self._path == ["feed", "entry"]:
            self._start = self._parser.CurrentByteIndex
            self._texts, self._links = {}, []
        elif self._path == ["feed", "entry", "link"] and "href" in attributes:
            self._links.append((attributes.get("rel", ""), attributes["href"]))

    def _text(self, text: str) -> None:
        if len(self._path) > 2 and self._path[1] == "entry":
            self._texts.setdefault(self._path[2], []).append(text)

    def _end(self, _: str) -> None:
        if self._path == ["feed", "entry"]:
            texts = {local: "".join(parts) for local, parts in self._texts.items()}
            self.entries.append(
                Said(
                    texts.get("id", "").strip(), texts.get("updated"), texts.get("published"), texts.get("content"),
                    tuple(self._links), self._raw(),
                )
            )  # fmt: skip
        self._path.pop()

    def _raw(self) -> bytes:
        """The bytes from the entry's start to the end of its closing tag; in UTF-16 a sign has two bytes."""
        at = self._parser.CurrentByteIndex
        closing = self._body.find(b">", at) + 1 or len(self._body)
        wide = self._body[:2] in (b"\xff\xfe", b"\xfe\xff")
        return self._body[self._start : closing + (wide and self._body[:2] == b"\xff\xfe")]
