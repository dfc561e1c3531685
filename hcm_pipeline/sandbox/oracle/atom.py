"""The Atom servlet: feeds and single entries, in XML and JSON, with the parameters of `Reading_a_Feed` and its neighbours."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from hcm_pipeline.sandbox.oracle.entries import FEEDS, OTHER_FEEDS, TITLES
from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply
from hcm_pipeline.sandbox.oracle.stamps import feed_stamp, moment

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

DAY = 86_400_000_000
DEFAULT_SIZE = 10
ORDERS = {
    "updated:asc": "updated, seq", "updated": "updated, seq", "updated:desc": "updated DESC, seq DESC",
    "published:asc": "published, seq", "published": "published, seq", "published:desc": "published DESC, seq DESC",
}  # fmt: skip
BOUNDS = {
    "updated-min": "updated > ?", "updated-max": "updated <= ?",
    "published-min": "published > ?", "published-max": "published <= ?",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry as it is shown."""

    name: str
    facts: dict[str, Any]


def read_feed(hcm: Hcm, asked: Asked, root: str, workspace: str, feed: str) -> Reply:
    """One page of a feed. Raises Refused."""
    if feed in hcm.options.disabled_feeds:
        raise Refused(404, f"The collection {feed} is not enabled.")
    if workspace == "employee" and feed in FEEDS:
        entries = _page(hcm, asked, feed)
    elif feed in OTHER_FEEDS.get(workspace, ()):
        entries = []
    else:
        raise Refused(404, f"The collection {feed} does not exist in the workspace {workspace}.")
    here = f"{asked.base}/{root}/atomservlet/{workspace}/{feed}"
    if _wants_json(asked):
        return Reply(content=orjson.dumps({"feed": _feed_json(hcm, asked, here, feed, entries)}))
    return Reply(content=_feed_xml(hcm, asked, here, feed, entries).encode(), kind="application/atom+xml;charset=UTF-8")


def read_entry(hcm: Hcm, asked: Asked, root: str, feed: str, name: str) -> Reply:
    """One entry by the last part of its id, archived or not. Raises Refused."""
    now = hcm.now()
    rows = hcm.store.rows(
        "SELECT name, facts FROM hcm_entries WHERE feed = ? AND name = ? AND visible <= ? "
        "AND max(updated, published) > ? ORDER BY seq LIMIT 1",
        (feed, name, now, now - hcm.options.purge_days * DAY),
    )
    if feed not in FEEDS or not rows:
        raise Refused(404, "The entry does not exist.")
    entry = Entry(rows[0]["name"], orjson.loads(rows[0]["facts"]))
    here = f"{asked.base}/{root}/atomservlet/employee/{feed}"
    if _wants_json(asked):
        return Reply(content=orjson.dumps({"entry": _entry_json(hcm, asked, here, feed, entry)}))
    text = _entry_xml(hcm, asked, here, feed, entry).replace("<entry>", '<entry xmlns="http://www.w3.org/2005/Atom">')
    return Reply(content=(PROLOG + text).encode(), kind="application/atom+xml;charset=UTF-8")


def _page(hcm: Hcm, asked: Asked, feed: str) -> list[Entry]:
    now, options = hcm.now(), hcm.options
    given = {name: text for name in BOUNDS if (text := asked.value(name)) is not None}
    conditions, parameters = ["feed = ?", "visible <= ?"], [feed, now]
    for name, text in given.items():
        conditions.append(BOUNDS[name])
        try:
            parameters.append(moment(text))
        except ValueError:
            raise Refused(400, f"The value of {name} is no date and time in the form of ISO 8601.") from None
    if not any(name.startswith("published") for name in given) and "updated-max" not in given:
        conditions.append("updated <= ?")
        parameters.append(now)
    archived = (asked.value("archive") or "no").lower() in ("yes", "true")
    age = "max(updated, published)"
    since = now - options.archive_days * DAY
    conditions.append(f"{age} > ?" + (f" AND {age} <= {since}" if archived else ""))
    parameters.append(max(now - options.purge_days * DAY, -(2**62)) if archived else since)
    hidden = sorted(options.hidden_people)
    conditions.append(f"person_number NOT IN ({', '.join('?' * len(hidden))})")
    order = ORDERS.get(asked.value("orderBy") or "updated:desc")
    if order is None:
        raise Refused(400, "orderBy takes updated:asc or published:asc.")
    size = min(_whole(asked, "page-size", DEFAULT_SIZE), options.page_size_cap)
    offset = (_whole(asked, "page", 1) - 1) * size
    rows = hcm.store.rows(
        f"SELECT name, facts FROM hcm_entries WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT ? OFFSET ?",
        (*parameters, *hidden, size, offset),
    )
    return [Entry(row["name"], orjson.loads(row["facts"])) for row in rows]


def _whole(asked: Asked, name: str, default: int) -> int:
    text = asked.value(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise Refused(400, f"The value of {name} is no number from 1.")
    return int(text)


def _wants_json(asked: Asked) -> bool:
    return "json" in asked.headers.get("accept", "")


def _id(hcm: Hcm, feed: str, entry: Entry) -> str:
    plain = f"atomservlet:{feed}:{entry.name}"
    return plain * 2 if entry.facts["doubled"] or hcm.options.entry_id_form == "doubled" else plain


def _links(hcm: Hcm, asked: Asked, here: str, entry: Entry) -> list[dict[str, str]]:
    worker = f"{asked.base}/hcmRestApi/resources/11.13.18.05/emps?q=PersonId={entry.facts['person_id']}"
    dated = f"&effectiveDate={entry.facts['effective']}" if entry.facts["effective"] else ""
    return [
        {"rel": "edit", "href": f"{here}/{entry.name}"},
        {"rel": hcm.options.related_rel, "href": worker + dated},
    ]


def _feed_id(here: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, here.partition("://")[2].partition("/")[2]).urn


def _titles(feed: str) -> tuple[str, str]:
    return TITLES[feed][:2] if feed in TITLES else (feed, feed)


def _feed_json(hcm: Hcm, asked: Asked, here: str, feed: str, entries: list[Entry]) -> dict[str, Any]:
    title, subtitle = _titles(feed)
    shown = [_entry_json(hcm, asked, here, feed, entry) for entry in entries]
    return {
        "id": _feed_id(here),
        "title": title,
        "subtitle": subtitle,
        "updated": feed_stamp(hcm.now()),
        "authors": [{"name": "SEED_DATA_FROM_APPLICATION"}],
        "links": [{"rel": "self", "href": here}],
        **({"entries": shown} if shown else {}),
    }


def _entry_json(hcm: Hcm, asked: Asked, here: str, feed: str, entry: Entry) -> dict[str, Any]:
    facts = entry.facts
    content: object = facts["content"]
    if hcm.options.json_content == "object" and not facts["broken"]:
        content = orjson.loads(facts["content"])
    return {
        "id": _id(hcm, feed, entry),
        **{name: facts[name] for name in ("title", "summary", "updated", "published")},
        "content": content,
        "links": _links(hcm, asked, here, entry),
        "authors": [{"name": facts["author"]}],
    }


PROLOG = "<?xml version='1.0' encoding='UTF-8'?>\n"


def _feed_xml(hcm: Hcm, asked: Asked, here: str, feed: str, entries: list[Entry]) -> str:
    title, subtitle = _titles(feed)
    return (
        f'{PROLOG}<feed xmlns="http://www.w3.org/2005/Atom" xmlns:app="http://www.w3.org/2007/app">'
        f'<author><name>SEED_DATA_FROM_APPLICATION</name></author><subtitle type="text">{subtitle}</subtitle>'
        f'<title type="text">{title}</title><id>{_feed_id(here)}</id><updated>{feed_stamp(hcm.now())}</updated>'
        f'<link href={quoteattr(here)} rel="self"/>'
        + "".join(_entry_xml(hcm, asked, here, feed, entry) for entry in entries)
        + "</feed>"
    )


def _entry_xml(hcm: Hcm, asked: Asked, here: str, feed: str, entry: Entry) -> str:
    facts = {name: _legal(value) for name, value in entry.facts.items() if isinstance(value, str)}
    links = "".join(
        f'<link href={quoteattr(link["href"])} rel="{link["rel"]}"/>' for link in _links(hcm, asked, here, entry)
    )
    kind = ' type="text"' if hcm.options.content_type == "text" else ""
    return (
        f'<entry>{links}<id>{escape(_id(hcm, feed, entry))}</id><title type="text">{escape(facts["title"])}</title>'
        f'<summary type="text">{escape(facts["summary"])}</summary><updated>{facts["updated"]}</updated>'
        f"<published>{facts['published']}</published><author><name>{escape(facts['author'])}</name></author>"
        f"<content{kind}>{escape(facts['content'])}</content></entry>"
    )


def _legal(text: str) -> str:
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")
