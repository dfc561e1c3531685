"""Entries that an integration hands over instead of being asked: a feed, one entry, or the words of Oracle Integration Cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from hcm_pipeline.oracle.feed_answers import UnreadableFeed, entries_of
from hcm_pipeline.oracle.feed_content import Said, entries_about
from hcm_pipeline.oracle.feed_entry import Entry

_NAMES = ("personid", "personnumber")
DEPTH = 12


def entries_posted(feed: str, body: bytes, media_type: str) -> tuple[Entry, ...]:
    """The entries of a request's body. Raises ValueError (in words, without a value) where it names no worker.

    An Atom feed or entry, in JSON or XML, is read as a feed's answer is. In any other JSON each object with a PersonId or a
    PersonNumber is an entry: the adapter of Oracle Integration Cloud has them in `…_Update/…_Context`.
    """
    found = tuple(entry for said in _said(body, media_type) for entry in entries_about(feed, said))
    if not any(entry.person_id or entry.person_number for entry in found):
        raise ValueError("the body names no worker: neither PersonId nor PersonNumber")
    return found


def _said(body: bytes, media_type: str) -> list[Said]:
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] not in (b"{", b"["):
        whole = text if b"<feed" in text[:500] or b":feed" in text[:500] else _as_feed(text)
        try:
            return entries_of(whole, media_type)
        except UnreadableFeed as error:
            raise ValueError(str(error)) from None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("the body is neither JSON nor XML") from None
    if isinstance(value, dict) and "content" in value:
        value = {"feed": {"entries": [value]}}
    if isinstance(value, dict) and isinstance(value.get("feed"), dict):
        try:
            return entries_of(orjson.dumps(value), "application/json")
        except UnreadableFeed as error:
            raise ValueError(str(error)) from None
    return [
        Said("", one.get("updated"), one.get("published"), {"Context": [one]}, (), orjson.dumps(one))
        for one in _naming(value, DEPTH)
    ]


def _as_feed(text: bytes) -> bytes:
    """A single entry in XML as the only one of a feed."""
    if text.startswith(b"<?"):
        text = text.partition(b"?>")[2].strip()
    return b'<feed xmlns="http://www.w3.org/2005/Atom">' + text + b"</feed>"


def _naming(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The objects that name a worker, the outermost of each branch."""
    if isinstance(value, Mapping):
        if any(str(key).replace(" ", "").lower() in _NAMES for key in value):
            yield value
        elif depth:
            for one in value.values():
                yield from _naming(one, depth - 1)
    elif isinstance(value, list) and depth:
        for one in value:
            yield from _naming(one, depth - 1)
