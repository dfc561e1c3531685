"""A walk over a feed: page by page until a page is empty, complete whatever the service's order and page size.

How it stays complete:

- Both ends of the window are the same on every page, so that entries that arrive above it shift nothing.
- Only a page without entries ends a walk: a short one may be the service's own limit.
- Entries that become visible within the window while it is walked (committed late, taking effect) shift others to later pages,
  which are still read: some come twice, none is lost.
- Entries that leave the window meanwhile (archived, purged) would shift others to pages that were read already. So the first
  page is read again at the end, and when it shows other entries than before, the walk begins again.
- A service that ignores `page` is noticed, for it would answer for ever.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from hcm_pipeline.errors import ServiceError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.oracle import privileges
from hcm_pipeline.oracle.feed_answers import UnreadableFeed, entries_of
from hcm_pipeline.oracle.feed_content import entries_about
from hcm_pipeline.oracle.feed_entry import Entry, Page, Window
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.stamps import written
from hcm_pipeline.oracle.transport import JSON, Answer, Call, Transport

USUAL_ROOT = "/hcmRestApi/atomservlet"
OTHER_ROOT = "/hcmCoreApi/atomservlet"
XML = "application/atom+xml"
FRUITLESS = 25
"""Pages in a row without one entry that is new. A feed may tell some entries twice, even on pages of one entry each."""
ROUNDS = 6
"""How often a walk begins again because entries left the feed meanwhile."""
IDLE_ROUNDS = 4
"""Walks in a row without an entry that is new: then the first page differs for another reason, such as no order among ties."""
_FEED = Call("feed", privileges.FEEDS)
_FIRST = Call("feed", privileges.FEEDS, frozenset({400, 404, 406}))
_TIME = Call("time", privileges.FEEDS, frozenset({400, 404, 406}))


class FeedWalker:
    """The feeds of one service; what was learned of it is kept from walk to walk. For one thread."""

    def __init__(self, transport: Transport, rules: ReadingRules) -> None:
        self._transport = transport
        self._root = rules.atom_root
        self._other_root: str | None = OTHER_ROOT if rules.atom_root != OTHER_ROOT else USUAL_ROOT
        """The root that may still turn out to be the right one; None as soon as one of them has answered."""
        self._accept = JSON
        self._sizes: list[int | None] = [rules.page_size, *([25] if rules.page_size > 25 else []), None]
        """Page sizes to ask for, the first first; one that is refused leaves the list. None: the service's own."""
        self._ordered = True

    def service_time(self) -> dt.datetime:
        """The service's clock now. Any answer tells it, that of a feed that is switched off too."""
        query = [("page", "1"), ("page-size", "1"), ("orderBy", "updated:asc")]
        return self._transport.get(_TIME, f"{self._root}/employee/newhire", query).service_time

    def walk(self, window: Window) -> Iterator[Page]:
        """See `OracleClient.walk`."""
        seen: set[int] = set()
        number = idle = 0
        for _ in range(ROUNDS):
            before, first, this_round, at, fruitless = len(seen), set[int](), set[int](), 0, 0
            while entries := self._page(window, at := at + 1):
                number += 1
                yield Page(number, entries)
                keys = set(map(_key, entries))
                first = first or keys
                fruitless = 0 if keys - this_round else fruitless + 1
                if fruitless >= FRUITLESS:
                    raise ServiceError(
                        f"{window.feed}: {FRUITLESS} pages in a row, up to page {at}, brought nothing but what came before: the"
                        " service ignores `page`, and the feed cannot be read to its end"
                    )
                this_round |= keys
            seen |= this_round
            idle = idle + 1 if len(seen) == before else 0
            if at == 1 or idle == IDLE_ROUNDS or set(map(_key, self._page(window, 1))) == first:
                return
        raise ServiceUnavailable(f"{window.feed}: entries leave the feed faster than its pages can be read")

    def _page(self, window: Window, at: int) -> tuple[Entry, ...]:
        fault = ""
        for other in (False, False, True):  # a page that is broken twice may be whole in the other format
            answer = self._answer(window, at) if not other else self._in_the_other_format(window, at)
            try:
                if answer.status < 400:
                    said = [] if answer.status == 204 else entries_of(answer.body, answer.media_type)
                    return tuple(entry for one in said for entry in entries_about(window.feed, one))
            except UnreadableFeed as unreadable:
                fault = fault or str(unreadable)
        raise ServiceError(f"{window.feed}: page {at} cannot be read: {fault}")

    def _in_the_other_format(self, window: Window, at: int) -> Answer:
        other = XML if self._accept == JSON else JSON
        return self._transport.get(_FIRST, self._path(window), self._query(window, at), {"Accept": other})

    def _answer(self, window: Window, at: int) -> Answer:
        """One page's answer. A wish that the service refuses is given up, and the feed asked again without it."""
        call = _FIRST if at == 1 else _FEED
        swapped = False
        while True:
            path = self._path(window)
            answer = self._transport.get(call, path, self._query(window, at), {"Accept": self._accept})
            if answer.status == 404 and self._other_root and not swapped:
                self._root, self._other_root, swapped = self._other_root, self._root, True
            elif answer.status == 404:
                raise ServiceRefused(
                    f"{self._path(window)}: 404: there is no such feed, or it is switched off (task Manage HCM Atom Feeds)", 404, ""
                )  # fmt: skip
            elif answer.status == 406 and self._accept == JSON:
                self._accept = XML
            elif answer.status == 400 and len(self._sizes) > 1:
                self._sizes.pop(0)
            elif answer.status == 400 and self._ordered:
                self._ordered = False
            elif answer.status >= 400:
                raise ServiceRefused(f"{path}: {answer.status}: the question was refused", answer.status, "")
            else:
                self._other_root = None
                return answer

    def _path(self, window: Window) -> str:
        return f"{self._root}/{window.feed}" if "/" in window.feed else f"{self._root}/employee/{window.feed}"

    def _query(self, window: Window, at: int) -> Sequence[tuple[str, str]]:
        query = [(f"{window.clock}-min", written(window.since))] if window.since else []
        query += [(f"{window.clock}-max", written(window.until)), ("page", str(at))]
        if self._sizes[0] is not None:
            query.append(("page-size", str(self._sizes[0])))
        if self._ordered:
            query.append(("orderBy", f"{window.clock}:asc"))
        return [*query, ("archive", "yes")] if window.archived else query


def _key(entry: Entry) -> int:
    return hash((entry.entry_id, entry.content_sha256, entry.updated))
