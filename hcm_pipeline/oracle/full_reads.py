"""Every worker there is, page by page, whoever comes or goes meanwhile.

Pages follow each other by key: those whose PersonId is above the last one, in the order of PersonId. Nobody can be skipped or
come twice then. A service that does not take such a question, that keeps no order, that shows fewer than it counts, or that does
not count is read by offset: pages overlap, so that somebody who left is noticed by what no longer overlaps.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from hcm_pipeline.errors import ServiceError, ServiceRefused
from hcm_pipeline.oracle.batched_reads import BROKEN, WORKERS, Found
from hcm_pipeline.oracle.privileges import OracleRefused
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.rest_queries import STEADY, TOO_MUCH, Item, RestQueries
from hcm_pipeline.oracle.transport import BrokenAnswer
from hcm_pipeline.oracle.worker_children import WorkerParts
from hcm_pipeline.oracle.worker_reading import Person
from hcm_pipeline.oracle.worker_rows import text_of

LEAST_LIMIT = 499
OVERLAP = 10
STEPS_BACK = 20
"""How often a reading by offset goes back a page because its pages do not overlap any more."""
ROUNDS = 4
"""How often a service that keeps no order is read by offset, until nobody new is met."""
REPEATS = 4
"""Equal pages in a row. One may be chance: as many came as the offset went on."""
COUNTED = ("totalResults", "true")
KEYS = (("fields", "PersonId,PersonNumber"),)
_ID = re.compile(rb'"PersonId"\s*:\s*"?(\d{1,30})\b')
_NUMBER = re.compile(rb'"PersonNumber"\s*:\s*"([^"\\]{1,60})"')


class _NotByKey(Exception):
    """The service does not page by key."""


class FullReads:
    """The workers of one service. For one thread."""

    def __init__(self, queries: RestQueries, rules: ReadingRules, parts: WorkerParts) -> None:
        self._queries = queries
        self._limit = rules.limit
        self._parts = parts
        self._steady = True
        self._total = 0
        """How many workers there were when the reading began, as far as the service told."""

    def pages(self, on: dt.date) -> Iterator[list[Found]]:
        """Yield everybody, nobody twice. A page whose answer is broken is divided down to the worker who breaks it."""
        seen: set[str] = set()
        self._total = 0
        try:
            yield from self._by_key(on, seen)
        except _NotByKey:
            yield from self._by_offset(on, seen)

    def _by_key(self, on: dt.date, seen: set[str]) -> Iterator[list[Found]]:
        last, unnamed, limit, pages = 0, 0, self._limit, 0
        while True:
            query = (
                [("q", f"PersonId > {last}"), ("offset", str(unnamed))] if unnamed else [("q", f"PersonId > {last}")]
            )
            try:
                items, more = self._page(query if last or unnamed else [*query, COUNTED], limit, on)
            except BrokenAnswer as broken:
                if limit == 1:
                    person = self._named(broken, query, on)
                    if person.person_id is None:
                        unnamed += 1
                    elif _number(person.person_id) > last:
                        last, unnamed = _number(person.person_id), 0
                    else:
                        raise _NotByKey from None
                    yield from _new([(person, BROKEN)], seen)
                    self._queries.judge(broken)
                limit = self._limit if limit == 1 else limit // 2
                continue
            except ServiceRefused as refused:
                if isinstance(refused, OracleRefused) or refused.status not in TOO_MUCH or last:
                    raise
                if limit <= LEAST_LIMIT:
                    raise _NotByKey from None
                limit = self._limit = LEAST_LIMIT  # 500 may be one too many
                continue
            ids = [_number(item.get("PersonId")) for item in items]
            if not ids and not last:
                raise _NotByKey  # nobody at all: is the question understood?
            if ids and (min(ids) <= last or (more and ids != sorted(ids))):
                raise _NotByKey
            yield from _new([(_person(item), item) for item in items], seen)
            pages += 1
            if not more or not items:
                if len(seen) + unnamed < self._total:
                    raise _NotByKey  # what the service takes for larger is not what a number says
                if pages > 1 and not self._total:
                    raise _NotByKey  # nothing proves that the order was kept: those whom no page showed are looked for
                return
            last, unnamed, limit = max(ids), 0, min(self._limit, limit * 2)

    def _by_offset(self, on: dt.date, seen: set[str]) -> Iterator[list[Found]]:
        for _ in range(ROUNDS):
            before, in_order = len(seen), True
            for page, ordered in self._round_by_offset(on):
                in_order = in_order and ordered
                yield from _new(page, seen)
            if in_order or len(seen) == before:
                return
        raise ServiceError("workers: the service keeps no order, and each reading of all pages meets somebody new")

    def _round_by_offset(self, on: dt.date) -> Iterator[tuple[list[Found], bool]]:
        """All pages once, and of each whether it keeps the order."""
        met: set[str] = set()
        offset, limit, back, last, repeats = 0, self._limit, 0, 0, 0
        before: list[str] = []
        stepped = False
        while True:
            query = [("offset", str(offset))] if offset else []
            try:
                items, more = self._page(query, limit, on)
            except BrokenAnswer as broken:
                if limit == 1:
                    yield [(self._named(broken, query, on), BROKEN)], True
                    self._queries.judge(broken)
                    offset += 1
                limit = self._limit if limit == 1 else limit // 2
                continue
            ids = [text_of(item.get("PersonId")) or text_of(item.get("PersonNumber")) for item in items]
            repeats = repeats + 1 if ids and ids == before else 0
            if repeats == REPEATS:
                raise ServiceError("workers: the service shows the same page for every offset")
            if items and offset and before and len(before) > 1 and not met & set(ids) and back < STEPS_BACK:
                back, stepped = back + 1, True
                offset = max(0, offset - len(before))
                continue
            numbers = [_number(one) for one in ids]
            in_order = numbers == sorted(numbers) and (stepped or not numbers or numbers[-1] >= last)
            stepped = False
            yield [(_person(item), item) for item in items], in_order
            if not more or not items:
                return
            met |= set(ids)
            before, last = ids, max(last, *numbers)
            offset += len(items) - min(OVERLAP, len(items) // 2)
            limit = min(self._limit, limit * 2)

    def _page(self, query: list[tuple[str, str]], limit: int, on: dt.date) -> tuple[list[Item], bool]:
        asked = [
            *query,
            ("expand", self._parts.expansion),
            ("effectiveDate", on.isoformat()),
            ("limit", str(limit)),
        ]
        if self._steady:
            try:
                return self._rows([*asked, STEADY])
            except ServiceRefused as refused:
                if isinstance(refused, OracleRefused) or refused.status not in TOO_MUCH or query:
                    raise
                self._steady = False
        return self._rows(asked)

    def _rows(self, query: list[tuple[str, str]]) -> tuple[list[Item], bool]:
        page = self._queries.page(WORKERS, "workers", query)
        self._total = page.total or self._total
        return page.items, page.more

    def _named(self, broken: BrokenAnswer, query: list[tuple[str, str]], on: dt.date) -> Person:
        """The one worker whose answer is broken: by asking for nothing but the keys, or by the broken answer itself."""
        asked = [*query, *KEYS, ("effectiveDate", on.isoformat()), ("limit", "1"), *([STEADY] if self._steady else [])]
        try:
            items = self._queries.page(WORKERS, "workers", asked, keys=True).items
            if len(items) == 1 and text_of(items[0].get("PersonId")):
                return _person(items[0])
        except OracleRefused:
            raise
        except (BrokenAnswer, ServiceRefused):
            pass
        id_, number = _ID.search(broken.body), _NUMBER.search(broken.body)
        return Person(id_[1].decode() if id_ else None, number[1].decode(errors="replace") if number else None)


def _new(page: list[Found], seen: set[str]) -> Iterator[list[Found]]:
    """Those of a page who were not met before; somebody who cannot be named may always be new."""
    new = []
    for person, item in page:
        key = person.person_id or person.person_number
        if key is None or key not in seen:
            new.append((person, item))
        if key is not None:
            seen.add(key)
    if new:
        yield new


def _person(item: Item) -> Person:
    return Person(text_of(item.get("PersonId")) or None, text_of(item.get("PersonNumber")) or None)


def _number(value: object) -> int:
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 40 else 0
