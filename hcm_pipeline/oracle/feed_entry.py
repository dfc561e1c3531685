"""A question to an Atom feed, and the entries of its answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Stamp = Literal["updated", "published"]
"""`published` is when the transaction was made; `updated` is when it takes effect, as far as that lies ahead."""


@dataclass(frozen=True)
class Entry:
    """One entry: a hint that a worker has changed. Nothing is decided from its words alone.

    `feed`: the collection, such as `newhire`. `entry_id`: as the feed has it, a path that is printed twice folded.
    `updated`, `published`: None where the stamp is missing or no time. `raw`: the entry as it came, JSON or XML.
    `content_sha256`: of what the content says, the same in JSON and XML. `effective_dates`: ascending; of the context and of
    the changed attributes, open ends left out. `fault`: why its content could not be read; the entry is kept all the same,
    and `person_id` then comes from its link, if it has one.
    """

    feed: str
    entry_id: str
    updated: dt.datetime | None
    published: dt.datetime | None
    raw: bytes
    content_sha256: str
    person_id: str | None
    person_number: str | None
    effective_dates: tuple[dt.date, ...]
    period_of_service_id: str | None
    period_type: str | None
    dml: str | None
    fault: str | None


@dataclass(frozen=True)
class Window:
    """The question of one walk: entries of a feed after `since` and up to and including `until`, by one of the two stamps.

    `feed`: a collection of the workspace `employee`, or `workspace/collection`. `since`: None for as far back as there are
    entries. `archived`: the archived entries, and only those.
    """

    feed: str
    clock: Stamp
    since: dt.datetime | None
    until: dt.datetime
    archived: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a walk. `number` counts from 1, and goes on counting where a walk begins again."""

    number: int
    entries: tuple[Entry, ...]
