"""Questions to REST resources: many keys at once where the service takes it, fewer where it does not, and page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hcm_pipeline.errors import ServiceError, ServiceRefused
from hcm_pipeline.oracle.privileges import OracleRefused
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.transport import BrokenAnswer, Call, Transport

Item = Mapping[str, Any]
Query = Sequence[tuple[str, str]]

OTHER_ROOT = "/hcmRestApi/resources/latest"
TOO_MUCH = (400, 413, 414)
"""Statuses of a question that asks for too much at once, or in a form that the service does not know."""
UNASKED = "unasked"
DOUBTS = 3
SPOILED = 30
STEADY = ("orderBy", "PersonId")


@dataclass(frozen=True)
class Group:
    """Keys that were asked for together, as clauses of `q`, and their rows; or one key and why it cannot be answered."""

    clauses: Sequence[str]
    items: Sequence[Item]
    fault: ServiceError | None = None


@dataclass(frozen=True)
class Rows:
    """One page of a resource: its rows, whether there are more, and how many there are in all where the service says so."""

    items: list[Item]
    more: bool
    total: int | None


class RestQueries:
    """The resources of one service; what was learned of it is kept. Any thread may ask."""

    def __init__(self, transport: Transport, rules: ReadingRules) -> None:
        self._transport = transport
        self._rules = rules
        self._root = rules.rest_root
        self._other_root: str | None = OTHER_ROOT
        """The root that may still turn out to be the right one; None as soon as one has answered."""
        self._one_by_one: set[tuple[str, str]] = set()
        """Resources and attributes that are not asked for several values at once."""
        self._unordered: set[tuple[str, str]] = set()
        """Resources and attributes that are not asked for in an order, for it is refused."""
        self._broken = 0
        """Broken answers about one thing since the last whole one."""
        self._doubts: dict[tuple[str, str], int] = {}
        """How many more answers about several values are checked by asking for some alone."""
        self._answered: set[tuple[str, str]] = set()

    def page(self, call: Call, resource: str, query: Query, *, keys: bool = False) -> Rows:
        """One page of a resource. `keys`: of which no more than keys was asked for, so that it proves little.

        Raises ServiceRefused for 4xx, those that the call tolerates included, BrokenAnswer, and what `Transport.get` raises.
        """
        root = self._root
        tolerant = replace(call, tolerated=call.tolerated | {404, *TOO_MUCH}, divisible=True)
        answer, body = self._transport.get_json(tolerant, f"{root}/{resource}", query)
        if answer.status == 404 and self._other_root and root != self._other_root:
            other, self._other_root = self._other_root, None
            again, body = self._transport.get_json(tolerant, f"{other}/{resource}", query)
            if again.status != 404:
                answer, self._root = again, other
        if answer.status >= 400:
            why = "there is no such resource" if answer.status == 404 else "the question was refused"
            raise ServiceRefused(f"{self._root}/{resource}: {answer.status}: {why}", answer.status, "")
        items, more = rows_in(body)
        if items is None:
            raise BrokenAnswer(f"{self._root}/{resource}: the answer has no rows", answer.body)
        self._other_root = None
        self._broken = 0 if items and not keys else self._broken
        total = body.get("totalResults") if isinstance(body, Mapping) else None
        return Rows(items, more, total if isinstance(total, int) else None)

    def child_page(self, call: Call, path: str, query: Query) -> tuple[list[Item], bool] | None:
        """One page of a child by a link of the service; None where it shows nothing there.

        Raises ServiceRefused where our account may not see it, of a call that tolerates 403.
        """
        answer, body = self._transport.get_json(call, path, query)
        if answer.status == 403:
            raise ServiceRefused("a child of a worker: our account may not see it", answer.status, "")
        if answer.status >= 400:
            return None
        items, more = rows_in(body)
        return None if items is None else (items, more)

    def answers(self, call: Call, resource: str, query: Query) -> bool:
        """Whether a question is answered at all, and not refused with a status that the call tolerates."""
        try:
            self.page(call, resource, query, keys=True)
        except ServiceRefused as refused:
            if isinstance(refused, OracleRefused) or refused.status not in call.tolerated:
                raise
            return False
        except BrokenAnswer:
            return True  # about somebody
        return True

    def matching(
        self, call: Call, resource: str, clauses: Sequence[str], query: Query, asked: Callable[[Item], bool]
    ) -> Iterator[Group]:
        """Yield the rows that fit any of some clauses, each of which compares one and the same attribute, in groups.

        A clause is in exactly one group. `asked` says whether a row fits, for a service that does not know `q` shows everybody.
        Raises ServiceRefused when a single clause is refused and no other was ever answered.
        """
        if not clauses:
            return
        kind = resource, clauses[0].partition("=")[0].strip()
        if len(clauses) > 1 and kind in self._one_by_one:
            for clause in clauses:
                yield from self.matching(call, resource, [clause], query, asked)
            return
        steady = [] if kind in self._unordered else [STEADY]
        try:
            items = list(self._all(call, resource, [("q", " or ".join(clauses)), *query, *steady], len(clauses), asked))
        except BrokenAnswer as broken:
            if len(clauses) == 1:
                self.judge(broken)
                yield Group(clauses, (), broken)
                return
        except ServiceRefused as refused:
            if refused.status not in TOO_MUCH:
                raise
            if len(clauses) == 1:
                yield self._refused_alone(call, resource, clauses[0], query, asked, refused)
                return
        else:
            self._answered.add(kind)
            if self._whole(call, resource, clauses, query, asked, items):
                yield Group(clauses, items)
                return
            self._one_by_one.add(kind)
            yield from self.matching(call, resource, clauses, query, asked)
            return
        half = len(clauses) // 2
        groups = [
            group for part in (clauses[:half], clauses[half:])
            for group in self.matching(call, resource, part, query, asked)
        ]  # fmt: skip
        if len(clauses) == 2 and all(group.fault is None for group in groups):
            self._one_by_one.add(kind)  # each of two is understood, but not both together
        yield from groups

    def judge(self, broken: BrokenAnswer) -> None:
        """Note that the answer about one thing is broken. Raises ServiceError when many were, and none between them whole: then
        it is the service, and nothing that was asked for."""
        self._broken += 1
        if self._broken > SPOILED:
            raise ServiceError(f"{broken} (nor could any of {SPOILED} others in a row be read)") from broken

    def _whole(
        self, call: Call, resource: str, clauses: Sequence[str], query: Query, asked: Callable[[Item], bool],
        items: Sequence[Item],
    ) -> bool:  # fmt: skip
        """Whether the answer about several clauses may be believed: a service may take `or` for a part of the first value.

        Two rows prove it. Until they do, some are asked for alone, now and then.
        """
        kind = resource, clauses[0].partition("=")[0].strip()
        shown = set(map(_key, items))
        if len(shown) > 1:
            self._doubts[kind] = 0
        if len(clauses) == 1 or self._doubts.setdefault(kind, DOUBTS) == 0:
            return True
        self._doubts[kind] -= 1
        for clause in {clauses[0], clauses[len(clauses) // 2], clauses[-1]}:
            for group in self.matching(call, resource, [clause], query, asked):
                if {_key(one) for one in group.items} - shown:
                    return False
        return True

    def _refused_alone(
        self, call: Call, resource: str, clause: str, query: Query, asked: Callable[[Item], bool], refused: ServiceRefused
    ) -> Group:  # fmt: skip
        """One clause was refused: it is asked for without an order, for that may be what the service does not take."""
        kind = resource, clause.partition("=")[0].strip()
        if kind not in self._unordered and refused.code != UNASKED:
            try:
                items = list(self._all(call, resource, [("q", clause), *query], 1, asked))
            except ServiceRefused as again:
                if again.status not in TOO_MUCH:
                    raise
            else:
                self._unordered.add(kind)
                self._answered.add(kind)
                return Group([clause], items)
        if kind in self._answered and refused.code != UNASKED:
            return Group([clause], (), refused)
        raise refused

    def _all(
        self, call: Call, resource: str, query: Query, asked_for: int, asked: Callable[[Item], bool]
    ) -> Iterator[Item]:
        """The rows of all pages that were asked for."""
        limit, offset = min(500, max(25, 2 * asked_for)), 0
        before: list[Item] = []
        while True:
            paging = [("limit", str(limit)), *([("offset", str(offset))] if offset else [])]
            page = self.page(call, resource, [*query, *paging])
            items, more = page.items, page.more
            fitting = [one for one in items if asked(one)]
            if items and not fitting and (more or len(items) > asked_for):
                raise ServiceRefused(
                    f"{resource}: shows rows that were not asked for: it does not know `q`", 400, UNASKED
                )
            if items and items == before:
                raise ServiceError(f"{resource}: shows the same page for every offset")
            yield from fitting
            if not more or not items:
                return
            offset += len(items)
            before = items


def rows_in(body: object) -> tuple[list[Item] | None, bool]:
    """The rows of a collection, as an object with `items` or as a plain list, and whether there are more.

    None: it is no collection. Where an answer does not say whether there are more, there are, until a page is empty.
    """
    if isinstance(body, list):
        return [one for one in body if isinstance(one, Mapping)], False
    if not isinstance(body, Mapping):
        return None, False
    items = body.get("items", [] if "count" in body or "hasMore" in body else None)
    if not isinstance(items, list):
        return None, False
    more = body.get("hasMore", True)
    return [one for one in items if isinstance(one, Mapping)], more in (True, "true")


def _key(item: Item) -> tuple[str, ...]:
    return tuple(str(item.get(name)) for name in ("PersonId", "PersonNumber", "GUID"))


def quoted(text: str) -> str:
    """A text within `q`: in apostrophes, its own doubled."""
    return "'" + text.replace("'", "''") + "'"
