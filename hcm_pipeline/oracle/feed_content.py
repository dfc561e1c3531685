"""The content of an entry: JSON inside JSON or XML, in all the shapes that pods send."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from hcm_pipeline.oracle.feed_entry import Entry
from hcm_pipeline.oracle.stamps import OPEN_END, day, moment
from hcm_pipeline.oracle.transport import parsed_json

RELATED = ("related", "workers", "emps")
_KEYED = re.compile(r"[:/]")
_CERTAIN_ID = re.compile(r"[A-Za-z_.-]+\d+|\d{4,}", re.ASCII)
_OF_A_PERSON = re.compile(r"PersonId\s*=\s*['\"]?(\d{1,30})", re.IGNORECASE)
_BY_NUMBER = re.compile(r"PersonNumber\s*=\s*['\"]((?:[^'\"]|'')+)['\"]", re.IGNORECASE)
_IN_PATH = re.compile(r"/(?:workers|emps|publicWorkers)/(\d{6,30})/?$")
_ID_IN_TEXT = re.compile(r'"PersonId"\s*:\s*(?:"(\d{1,30})"|(\d{1,30})\s*[,}])', re.IGNORECASE)
_NO_EFFECT = re.compile(r"birth|death", re.IGNORECASE)
_OF_A_DAY = re.compile(r"date|start|end", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """An entry as its feed carries it. `content`: text, or what JSON had in its place. `links`: rel and address."""

    id: str
    updated: object
    published: object
    content: object
    links: tuple[tuple[str, str], ...]
    raw: bytes


def entries_about(feed: str, said: Said) -> Iterator[Entry]:
    """An entry, once for each worker whom its contexts name: documented is one, and none is lost of several."""
    first = entry_of(feed, said)
    yield first
    met = {first.person_id, first.person_number} - {None}
    content, _ = _content(said.content)
    for place, context in enumerate(map(_plain, _objects(_value(content, "Context"))[1:]), 2):
        person_id, number = _person_id(context.get("personid")), _text(context.get("personnumber"))
        if (person_id or number) and not met & {person_id, number}:
            met |= {person_id, number} - {None}
            yield replace(first, entry_id=f"{first.entry_id}#{place}", person_id=person_id, person_number=number)


def entry_of(feed: str, said: Said) -> Entry:
    """An entry with its hint as far as it can be read. It never fails: `fault` says what could not be read."""
    content, fault = _content(said.content)
    contexts = [_plain(one) for one in _objects(_value(content, "Context"))]
    context = contexts[0] if contexts else {}
    if fault is None and not contexts:
        fault = "the content has no context"
    person_id, person_number = _person_id(context.get("personid")), _text(context.get("personnumber"))
    if person_id is None and person_number is None:
        person_id, person_number = _from_links(said)
        if person_id is None and isinstance(said.content, str) and (found := _ID_IN_TEXT.search(said.content)):
            person_id = found[1] or found[2]
        if person_id is None and person_number is None:
            fault = fault or "the entry names no worker"
    return Entry(
        feed=feed,
        entry_id=entry_id(feed, said),
        updated=moment(said.updated),
        published=moment(said.published),
        raw=said.raw,
        content_sha256=_digest(said.content, content, fault),
        person_id=person_id,
        person_number=person_number,
        effective_dates=tuple(sorted(set(_dates(contexts, content)) or set(_dates_of_links(said)))),
        period_of_service_id=_text(context.get("periodofserviceid")),
        period_type=_text(context.get("periodtype")),
        dml=(_text(context.get("dmloperation")) or "").upper() or None,
        fault=fault,
    )


def entry_id(feed: str, said: Said) -> str:
    """The id, in one form for one entry: `atomservlet:<collection>:<key>`, however often or as what a pod prints the path.

    An id whose end is no key with a number stays as it is.
    """
    collection = feed.rpartition("/")[2]
    edit = next((href for rel, href in said.links if rel == "edit"), "")
    for text in (said.id.strip(), urlsplit(edit).path if said.id.strip() == "" else ""):
        key = _KEYED.split(text.rstrip("/"))[-1]
        if key and _CERTAIN_ID.fullmatch(key):
            return f"atomservlet:{collection}:{key}"
        if text:
            return text
    return f"atomservlet:{collection}:sha256-{hashlib.sha256(said.raw).hexdigest()}"


def _content(given: object) -> tuple[Mapping[str, Any], str | None]:
    for _ in range(3):  # a text may hold a text that holds the object
        if isinstance(given, str):
            if not given.strip():
                return {}, "the content is blank"
            try:
                given = parsed_json(given.encode("utf-8", "surrogatepass"))
            except ValueError:
                return {}, "the content is not JSON"
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, Mapping):
        return given, None
    return {}, "the entry has no content" if given is None else "the content is no object"


def _value(content: Mapping[str, Any], name: str) -> object:
    wanted = _squeezed(name)
    return next((value for key, value in content.items() if _squeezed(key) == wanted), None)


def _squeezed(key: object) -> str:
    return re.sub(r"[\s_]", "", str(key)).lower()


def _objects(value: object) -> list[Mapping[str, Any]]:
    many = value if isinstance(value, list) else [value]
    return [one for one in many if isinstance(one, Mapping)]


def _plain(context: Mapping[str, Any]) -> dict[str, Any]:
    """A context by its keys without blanks and case: some pods write `Assignment Id`, others `AssignmentId`."""
    return {_squeezed(key): value for key, value in context.items()}


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value).strip() or None


def _person_id(value: object) -> str | None:
    text = _text(value)
    return text if text and text.isascii() and text.isdigit() else None


def _from_links(said: Said) -> tuple[str | None, str | None]:
    """The worker that the link to the resource asks for."""
    for rel, href in said.links:
        if rel.lower() in RELATED:
            try:
                parts = urlsplit(href)
                query = parse_qs(parts.query)
            except ValueError:
                continue
            if found := _IN_PATH.search(parts.path):
                return found[1], None
            for q in query.get("q", []):
                if found := _OF_A_PERSON.search(q):
                    return found[1], None
                if found := _BY_NUMBER.search(q):
                    return None, found[1].replace("''", "'")
    return None, None


def _dates_of_links(said: Said) -> Iterator[dt.date]:
    """The dates that the links to the resource ask for: all that is known of an entry whose content cannot be read."""
    for rel, href in said.links:
        if rel.lower() in RELATED:
            try:
                asked = parse_qs(urlsplit(href).query)
            except ValueError:
                continue
            for name, values in asked.items():
                if name.lower() == "effectivedate":
                    for value in values:
                        yield from _day(value)


def _dates(contexts: Iterable[Mapping[str, Any]], content: Mapping[str, Any]) -> Iterator[dt.date]:
    for context in contexts:
        for name in ("effectivedate", "effectivestartdate"):
            yield from _day(context.get(name))
    for changed in _objects(_value(content, "Changed Attributes")):
        for name, value in changed.items():
            if _OF_A_DAY.search(str(name)) and not _NO_EFFECT.search(str(name)):
                for one in value.values() if isinstance(value, Mapping) else (value,):
                    yield from _day(one)


def _day(value: object) -> Iterator[dt.date]:
    found = day(value)
    if found is not None and found.year < OPEN_END:
        yield found


def _digest(given: object, content: Mapping[str, Any], fault: str | None) -> str:
    """Of the content's meaning, so that JSON and XML of one entry agree; of its text, where it has none."""
    try:
        if content or fault is None:
            return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except (TypeError, ValueError):  # a lone surrogate, a number of 65 bits
        pass
    text = given if isinstance(given, str) else repr(given)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
