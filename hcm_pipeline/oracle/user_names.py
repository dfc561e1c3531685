"""User names, which workers do not have: of the resource `userAccounts`, else of the legacy `emps`, else unknown."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.oracle import privileges
from hcm_pipeline.oracle.rest_queries import TOO_MUCH, UNASKED, Item, RestQueries, quoted
from hcm_pipeline.oracle.transport import Call
from hcm_pipeline.oracle.worker_rows import text_of, yes

ACCOUNTS = "userAccounts"
EMPLOYEES = "emps"
_CALL = Call("user accounts", privileges.ACCOUNTS, frozenset({403, 404}))


class UserNames:
    """The user names of one service; a resource that is refused is not asked again. Any thread may ask."""

    def __init__(self, queries: RestQueries) -> None:
        self._queries = queries
        self._lock = threading.Lock()
        self._sources = [(name, key) for name in (ACCOUNTS, EMPLOYEES) for key in ("PersonId", "PersonNumber")]
        """Resources, and by what they are asked; the first first, until it is refused."""

    def of(self, people: Mapping[str, str]) -> Mapping[str, str]:
        """User names by person id; "" for a person without an account. An id that is not in it: nothing is known.

        `people`: person numbers by person id.
        """
        while self._sources:
            source = self._sources[0]
            try:
                return self._asked(*source, people)
            except ServiceRefused as refused:
                if refused.status not in (403, 404, *TOO_MUCH):
                    raise
                with self._lock:  # a form of the question that is refused, or the whole resource
                    self._sources = [
                        one for one in self._sources
                        if one[0] != source[0] or (one != source and refused.status in TOO_MUCH and refused.code != UNASKED)
                    ]  # fmt: skip
        return {}

    def _asked(self, source: str, key: str, people: Mapping[str, str]) -> Mapping[str, str]:
        if key == "PersonId":
            wanted = {f"PersonId={one}": one for one in people if one.isdigit()}
        else:
            wanted = {f"PersonNumber={quoted(number)}": one for one, number in people.items()}
        by_number = {number: person_id for person_id, number in people.items()}
        names: dict[str, str] = {}
        held: dict[str, list[Item]] = {}
        for group in self._queries.matching(_CALL, source, list(wanted), [], lambda _: True):
            if group.fault is not None:
                continue
            theirs = set(map(wanted.__getitem__, group.clauses))
            if source == ACCOUNTS:  # whoever is not in the answer has no account; `emps` knows employees alone
                names |= dict.fromkeys(theirs, "")
            for item in group.items:
                person_id = text_of(item.get("PersonId")) or by_number.get(text_of(item.get("PersonNumber")), "")
                if person_id not in theirs:  # then the answer says nothing about those who are not in it either
                    raise ServiceRefused(f"{source}: shows accounts that were not asked for", 400, UNASKED)
                held.setdefault(person_id, []).append(item)
        for person_id, items in held.items():
            if any("Username" in one or "UserName" in one for one in items):
                best = min(items, key=lambda one: (yes(one.get("SuspendedFlag")), not _name(one), _name(one)))
                names[person_id] = _name(best)
            else:
                names.pop(person_id, None)
        return names


def _name(item: Item) -> str:
    return text_of(item.get("Username")) or text_of(item.get("UserName"))
