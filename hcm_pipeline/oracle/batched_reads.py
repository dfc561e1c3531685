"""Workers as they were asked for: in batches, each worker reduced to a row, several batches at once."""

from __future__ import annotations

import datetime as dt
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from hcm_pipeline.errors import ServiceError, ServiceRefused
from hcm_pipeline.oracle import privileges
from hcm_pipeline.oracle.manager_numbers import ManagerNumbers
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.rest_queries import TOO_MUCH, UNASKED, Item, RestQueries, quoted
from hcm_pipeline.oracle.transport import BrokenAnswer, Call, Transport
from hcm_pipeline.oracle.user_names import ACCOUNTS, UserNames
from hcm_pipeline.oracle.worker_children import WorkerChildren, WorkerParts
from hcm_pipeline.oracle.worker_reading import Person, Reading
from hcm_pipeline.oracle.worker_rows import MANAGERS, Reduced, UnreadableWorker, reduced, text_of

WORKERS = Call("workers", privileges.WORKERS)
BROKEN = "the service's answer about this worker is broken"
ABSENT = "the service shows no such worker: it is gone, not there yet, or outside of what our account may see"

_BARE = re.compile(r"[\w.-]+", re.ASCII)
T = TypeVar("T")
Found = tuple[Person, Item | str]
"""A worker as the service shows it, or why it cannot be read."""


class WorkerReader:
    """Reads workers of one service. Its own threads end with each reading."""

    def __init__(self, transport: Transport, rules: ReadingRules) -> None:
        self._rules = rules
        self.queries = RestQueries(transport, rules)
        self.parts = WorkerParts(self.queries, rules)
        self._children = WorkerChildren(self.queries, rules, self.parts)
        self._user_names = UserNames(self.queries)
        self._managers = ManagerNumbers(self.queries, rules)

    def read(self, people: Sequence[Person], on: dt.date) -> Iterator[Reading]:
        """See `OracleClient.read`."""
        unique = sorted(set(people), key=lambda one: (one.person_id or "", one.person_number or ""))
        batches = chunks(unique, self._rules.batch)
        yield from self._at_once(lambda batch: self._batch(batch, on), batches)

    def read_found(self, pages: Iterable[Sequence[Found]], on: dt.date) -> Iterator[Reading]:
        """Readings of workers that were shown already, in their order."""
        batches = (batch for page in pages for batch in chunks(page, self._rules.batch))
        yield from self._at_once(lambda batch: self._readings(batch, on), batches)

    def _at_once(self, work: Callable[[T], list[Reading]], batches: Iterable[T]) -> Iterator[Reading]:
        """The readings of all batches in their order; as many batches under way as the rules say."""
        under_way: deque[Future[list[Reading]]] = deque()
        pool = ThreadPoolExecutor(self._rules.concurrency, thread_name_prefix="oracle")
        try:
            for batch in batches:
                under_way.append(pool.submit(work, batch))
                if len(under_way) > self._rules.concurrency:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _batch(self, people: Sequence[Person], on: dt.date) -> list[Reading]:
        by_id = {f"PersonId={one.person_id}": one.person_id or "" for one in people if _is_id(one.person_id)}
        found = self._asked_for(people, "PersonId", by_id, on)
        # Somebody who is not shown under the id may have another one by now: the number is what people know them by.
        found |= self._by_number([one for one in people if one.person_number and one not in found], on)
        shown: list[Found] = [(one, found[one]) for one in people if one in found]
        absent = [Reading(one, on, "absent", reason=ABSENT) for one in people if one not in found]
        return [*self._readings(shown, on), *absent]

    def _by_number(self, people: Sequence[Person], on: dt.date) -> dict[Person, Item | str]:
        """Workers by number: in apostrophes, or bare as framework version 1 has it; else in the other form, for services differ."""
        numbers = [one.person_number or "" for one in people]
        in_apostrophes = {f"PersonNumber={quoted(one)}": one for one in numbers}
        bare = {f"PersonNumber={one}": one for one in numbers if _BARE.fullmatch(one)}
        old = self._rules.framework_version == 1
        usual, other = (bare, in_apostrophes) if old else (in_apostrophes, bare)
        try:
            found = self._asked_for(people, "PersonNumber", usual, on)
        except ServiceRefused as refused:
            if refused.status not in TOO_MUCH or refused.code == UNASKED:
                raise
            return self._asked_for(people, "PersonNumber", other, on)
        still = {clause: one for clause, one in other.items() if not any(each.person_number == one for each in found)}
        if old and still:
            try:
                again = self._asked_for(people, "PersonNumber", still, on)
                found |= {one: item for one, item in again.items() if not isinstance(item, str)}
            except ServiceRefused as refused:
                if refused.status not in TOO_MUCH:
                    raise
        return found

    def _asked_for(
        self, people: Sequence[Person], attribute: str, clauses: Mapping[str, str], on: dt.date
    ) -> dict[Person, Item | str]:
        """The workers with the values that clauses ask for; somebody who is not shown is not in it."""
        theirs: dict[str, list[Person]] = {value: [] for value in clauses.values()}
        for one in people:
            value = one.person_id if attribute == "PersonId" else one.person_number
            theirs.get(value or "", []).append(one)
        found: dict[Person, Item | str] = {}
        query = [("expand", self.parts.expansion), ("effectiveDate", on.isoformat())]

        def asked(item: Item) -> bool:
            return text_of(item.get(attribute)) in theirs

        for group in self.queries.matching(WORKERS, "workers", list(clauses), query, asked):
            if group.fault is not None:
                found |= dict.fromkeys(theirs[clauses[group.clauses[0]]], reason_of(group.fault))
            for item in group.items:
                for one in theirs[text_of(item.get(attribute))]:
                    if found.setdefault(one, item) != item:
                        found[one] = f"the service shows several workers under one {attribute}"
        return found

    def _readings(self, found: Sequence[Found], on: dt.date) -> list[Reading]:
        readings: list[Reading] = []
        rows: list[tuple[Person, Item, Reduced]] = []
        for person, item in found:
            try:
                if isinstance(item, str):
                    raise UnreadableWorker(item)  # noqa: TRY301  (one way out for all that cannot be read)
                worker = self._children.complete(item, on)
                self._managers.learn([worker])
                rows.append((person, item, reduced(worker, self._rules, on)))
            except (UnreadableWorker, BrokenAnswer) as fault:
                reason = str(fault) if isinstance(fault, UnreadableWorker) else reason_of(fault)
                readings.append(_unreadable(person, item, on, reason))
        names = self._user_names.of({one.row["Person Id"]: one.row["Person Number"] for _, _, one in rows})
        managers = self._managers.resolve((one.manager for _, _, one in rows if one.manager), on)
        for person, _, one in rows:
            row, missing = one.row, list(one.missing)
            if one.manager is not None:
                if one.manager in managers:
                    row["Manager"] = managers[one.manager]
                else:
                    missing.append(MANAGERS)
            if row["Person Id"] in names:
                row["Username"] = names[row["Person Id"]]
            else:
                missing.append(ACCOUNTS)
            readings.append(
                Reading(
                    person, on, "found", row, row["Person Id"] or None, row["Person Number"], missing=tuple(missing)
                )
            )
        return readings


def reason_of(fault: ServiceError) -> str:
    """Why a worker cannot be read, without what the service said of it."""
    status = getattr(fault, "status", None)
    return f"the service refuses to show this worker ({status})" if status else BROKEN


def chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most so many things."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some


def _is_id(text: str | None) -> bool:
    return bool(text) and str(text).isascii() and str(text).isdigit()


def _unreadable(person: Person, item: Item | str, on: dt.date, reason: str) -> Reading:
    found = {} if isinstance(item, str) else item
    return Reading(
        person, on, "unreadable", reason=reason, found_id=text_of(found.get("PersonId")) or None,
        found_number=text_of(found.get("PersonNumber")) or None,
    )  # fmt: skip
