"""Managers as person numbers: an assignment names its manager by another assignment, which is somebody's."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.oracle import privileges
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.rest_queries import TOO_MUCH, Item, Query, RestQueries, quoted, rows_in
from hcm_pipeline.oracle.transport import Call
from hcm_pipeline.oracle.worker_rows import ASSIGNMENTS, RELATIONSHIPS, ManagerKey, text_of

_BY_NUMBER = f"{RELATIONSHIPS}.{ASSIGNMENTS}.AssignmentNumber"
_BY_ID = f"{RELATIONSHIPS}.{ASSIGNMENTS}.AssignmentId"
AHEAD = dt.timedelta(days=366)
"""How far ahead somebody may be hired and named as a manager already."""
ALONE = 200
"""Managers who are asked for one at a time; more are not shown to us at all, and cost four calls each."""
_CALL = Call("managers", privileges.WORKERS, version=2)
"""Version 1 knows no questions about children."""


class ManagerNumbers:
    """The owners of assignments, as far as they were seen or asked for. Any thread may ask."""

    def __init__(self, queries: RestQueries, rules: ReadingRules) -> None:
        self._queries = queries
        self._batch = rules.batch
        self._lock = threading.Lock()
        self._by_id: dict[str, str] = {}
        self._by_number: dict[str, str] = {}
        self._unknown: set[ManagerKey] = set()
        self._alone = 0
        self._refused: set[str] = set()
        """Attributes by which the service does not find workers."""

    def learn(self, workers: Iterable[Item]) -> None:
        """Remember whose assignments these are; children may be lists or collections."""
        seen = [(id_, number, person) for person, id_, number in _assignments(workers)]
        with self._lock:
            for id_, number, person in seen:
                if id_:
                    self._by_id[id_] = person
                if number:
                    self._by_number[number] = person

    def resolve(self, keys: Iterable[ManagerKey], on: dt.date) -> Mapping[ManagerKey, str]:
        """The person numbers of managers. A key that is not in it cannot be resolved: nobody is shown under it."""
        wanted = sorted(set(keys), key=lambda key: (key.assignment_number, key.assignment_id))
        as_of = [("effectiveDate", on.isoformat())]
        self._ask(
            _BY_NUMBER, [quoted(key.assignment_number) for key in self._open(wanted) if key.assignment_number], as_of
        )
        self._ask(_BY_ID, [key.assignment_id for key in self._open(wanted) if key.assignment_id.isdigit()], as_of)
        for key in self._open(wanted):
            if self._alone < ALONE:
                self._alone += 1
                self._ask_alone(key, on)
        with self._lock:
            found = {key: number for key in wanted if (number := self._known(key))}
            self._unknown |= set(wanted) - set(found)
        return found

    def _open(self, keys: Iterable[ManagerKey]) -> list[ManagerKey]:
        with self._lock:
            return [key for key in keys if key not in self._unknown and not self._known(key)]

    def _known(self, key: ManagerKey) -> str | None:
        return self._by_id.get(key.assignment_id) or self._by_number.get(key.assignment_number)

    def _ask(self, attribute: str, values: Sequence[str], query: Query) -> list[Item]:
        """The workers with these assignments, who are remembered."""
        found: list[Item] = []
        if attribute in self._refused:
            return found
        values = sorted(set(values))
        query = [("expand", f"{RELATIONSHIPS}.{ASSIGNMENTS}"), *query]
        try:
            for start in range(0, len(values), self._batch):
                clauses = [f"{attribute}={value}" for value in values[start : start + self._batch]]
                for group in self._queries.matching(_CALL, "workers", clauses, query, lambda _: True):
                    found += group.items
        except ServiceRefused as refused:
            if refused.status not in TOO_MUCH:
                raise
            self._refused.add(attribute)
        self.learn(found)
        return found

    def _ask_alone(self, key: ManagerKey, on: dt.date) -> None:
        """One manager as of other days: the assignment may not show on this one, and who begins later shows only then."""
        for query in ([], [("effectiveDate", (on + AHEAD).isoformat())]):
            if key.assignment_number:
                found = self._ask(_BY_NUMBER, [quoted(key.assignment_number)], query)
            elif key.assignment_id.isdigit():
                found = self._ask(_BY_ID, [key.assignment_id], query)
            else:
                return
            people = {text_of(one.get("PersonNumber")) for one in found}
            if len(people) == 1 and (number := people.pop()):
                with self._lock:
                    if key.assignment_id:
                        self._by_id.setdefault(key.assignment_id, number)
                    else:
                        self._by_number.setdefault(key.assignment_number, number)
                return


def _assignments(workers: Iterable[Item]) -> Iterator[tuple[str, str, str]]:
    """Person number, assignment id and assignment number of each assignment."""
    for worker in workers:
        person = text_of(worker.get("PersonNumber"))
        for relationship in (rows_in(worker.get(RELATIONSHIPS))[0] or []) if person else []:
            for one in rows_in(relationship.get(ASSIGNMENTS))[0] or []:
                yield person, text_of(one.get("AssignmentId")), text_of(one.get("AssignmentNumber"))
