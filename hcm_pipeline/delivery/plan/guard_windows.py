"""The memory of guards: how many operations of the days before went out without a word, by group and by what they change.

Of each plan two things are kept: how many of its free operations there are of each kind in each group (`plan_counts`), and which
attributes each of them changes (`counted_changes`). The first says at most how many went out within some days: nearly always that
is too few to look further. Else the workers are counted, each of them once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan.guard_counts import (
    ATTRIBUTES,
    COUNTS_AS,
    NOTED,
    ByField,
    Census,
    Scene,
    base_of,
    in_group_sql,
    name_of,
    not_in_sql,
    planned_sql,
)
from hcm_pipeline.profile import GuardKind
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

GUARD_KINDS = frozenset(map(str, GuardKind))
Key = tuple[str | None, str | None]
"""A group and an attribute."""


@dataclass(frozen=True)
class OverDays:
    """Workers of one group within some days: `operations` that were accepted or are planned; `base`: the accounts that they are a
    share of."""

    operations: int
    base: int


class Windows:
    """Counts over the business dates before a plan, made when they are first asked for. `days` are all that are ever asked for."""

    def __init__(self, t: Scratch, scene: Scene, judged: Relation, census: Census, days: Sequence[int]) -> None:
        self._t = t
        self._scene = scene
        self._judged = judged
        self._census = census
        self._days = tuple(days)
        self._most: dict[int, ByField] | None = None
        self._exact: dict[tuple[str | None, GuardKind], dict[Key, dict[int, tuple[int, int]]]] = {}
        self._accounts: dict[str | None, dict[str | None, tuple[int, ...]]] = {}

    def at_most(self, field: str | None, value: str | None, name: str, days: int) -> int:
        """No more operations than these were accepted within so many days, this one among them, without having been held."""
        if field is None and name == GuardKind.CREATE:
            return self._census.made_since(self._scene.day - dt.timedelta(days=days - 1))
        if self._most is None:
            self._most = self._planned_lately()
        return self._most[days].get(field, {}).get(value, {}).get(name, 0)

    def base(self, kind: GuardKind, field: str | None, value: str | None, days: int, sent: int = 0) -> int:
        """The accounts at the beginning, of which `sent` had an operation since.

        A change is a share of the enabled ones: who has left is not changed any more, and would hide it. Where most of a group's
        accounts were made since, it is a share of those that there are: else nothing would guard a group in the month behind its
        first load.
        """
        if field not in self._accounts:
            self._accounts[field] = {group: tuple(numbers) for group, *numbers in self._census.accounts(field)}
        accounts = self._accounts[field].get(value)
        if accounts is None:
            return 0
        made = self.at_most(field, value, GuardKind.CREATE, days)
        if kind in (GuardKind.CREATE, GuardKind.DISABLE, GuardKind.ENABLE, GuardKind.RESEND):
            before: dict[str, int] = {kind: sent, GuardKind.CREATE: made}
            return base_of(kind, accounts, before)
        enabled = accounts[1]
        return enabled - made if 2 * made <= enabled else enabled

    def count(
        self, kind: GuardKind, attribute: str | None, field: str | None, value: str | None, days: int
    ) -> OverDays:
        """Workers of a group with an operation that was accepted within so many days or is planned, each of them once."""
        if (field, kind) not in self._exact:
            self._exact[field, kind] = self._count_workers(kind, field)
        sent, both = self._exact[field, kind].get((value, attribute), {}).get(days, (0, 0))
        return OverDays(both, self.base(kind, field, value, days, sent))

    def _planned_lately(self) -> dict[int, ByField]:
        since = _since(self._scene.day, self._days)
        counts = ", ".join(
            f"coalesce(sum(counts.operations) filter (manifest.business_date >= date '{date}'), 0)::bigint"
            for date in since
        )
        values = {"target": self._scene.target.key, "since": min(since), "day": self._scene.day}
        most: dict[int, ByField] = {days: {} for days in self._days}
        for field, value, kind, attribute, *numbers in self._t.rows(
            query(__package__, "planned_lately", counts=counts), values
        ):
            for days, number in zip(self._days, numbers, strict=True):
                most[days].setdefault(field, {}).setdefault(value, {})[name_of(kind, attribute)] = number
        return most

    def _count_workers(self, kind: GuardKind, field: str | None) -> dict[Key, dict[int, tuple[int, int]]]:
        t, since = self._t, _since(self._scene.day, self._days)
        values = {"target": self._scene.target.key, "since": min(since), "day": self._scene.day}
        decided = t.make("decided", query(__package__, "windows_decided"),
                         {"target": self._scene.target.key, "kind": str(kind), "cohort": field})  # fmt: skip
        counts = ", ".join(
            f"count(*) filter (last_sent >= date '{date}'), count(*) filter (last >= date '{date}')" for date in since
        )
        now, then, in_group = "null::varchar", "null", ""
        if field is not None:
            now = f"unnest(list_distinct([{quote(f'new {field}')}, {quote(f'old {field}')}]))"
            then = f"member.{quote(field)}::varchar"
            in_group = in_group_sql(self._scene.groups, "sent", "manifest.business_date")
        sent = t.view("sent", _sent_sql(kind))
        planned = t.view("planned_of_kind", planned_sql(self._scene, self._judged, kind))
        select = f"""with event as (
                select person_number, {now} as "value", attribute, null::integer as plan_no, $day::date as date from {planned}
                union all
                select sent.person_number, {then}, sent.attribute, sent.plan_no, manifest.business_date
                from {sent} sent
                join manifests manifest on manifest.plan_no = sent.plan_no
                join accepted_requests accepted on accepted.plan_no = sent.plan_no and accepted.request_no = sent.request_no
                {in_group}
                where manifest.target = $target and manifest.held_for is null and manifest.business_date between $since and $day
                    and {not_in_sql(self._census.undone, "sent")}),
            worker as (
                select event.person_number, event."value", event.attribute, max(event.date) as last,
                    max(event.date) filter (event.plan_no is not null) as last_sent
                from event where event.plan_no is null or not exists (from {decided} decided
                    where decided.until >= event.plan_no and decided.attribute is not distinct from event.attribute
                        and (decided.everybody or decided."value" = event."value"))
                group by all)
            select "value", attribute, {counts} from worker group by all"""
        found: dict[Key, dict[int, tuple[int, int]]] = {}
        for value, attribute, *numbers in t.rows(select, values):
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            found[value, attribute] = dict(zip(self._days, pairs, strict=True))
        return found


def _since(day: dt.date, windows: Sequence[int]) -> list[dt.date]:
    return [day - dt.timedelta(days=days - 1) for days in windows]


def _sent_sql(kind: GuardKind) -> str:
    """SELECT: plan_no, request_no, person_number, attribute of all operations that a kind of limit counts."""
    if kind in NOTED:
        return f"select plan_no, request_no, person_number, attribute from counted_changes where kind = {literal(kind)}"
    kinds = ", ".join(literal(one) for one in OperationKind if kind in COUNTS_AS[one])
    return (
        f"select plan_no, request_no, person_number, null::varchar as attribute from operations where kind in ({kinds})"
    )


# --- what is kept


@dataclass(frozen=True)
class Kept:
    """Facts to be remembered of the operations of a plan that no guard holds: `counts` as of `planned`; `changes`: person_number,
    kind (one of `NOTED`), attribute; None: there is none."""

    counts: ByField
    changes: Relation | None = None


def noted(t: Scratch, scene: Scene, judged: Relation, where: str) -> Relation:
    """The changes of the operations in `grouped` of which `where` is true, as of `Kept`."""
    parts = [
        f"select person_number, {literal(kind)} as kind, attribute from ({planned_sql(scene, judged, kind)}) where {where}"
        for kind in (*(ATTRIBUTES if scene.attributes else ()), GuardKind.SEVERAL, GuardKind.RESEND)
    ]
    return t.make("noted", " union all ".join(parts))


def _rows(counts: ByField) -> Iterator[tuple[str, str | None, str | None, str | None, int]]:
    """(kind, attribute, cohort, value, operations)."""
    for field, groups in counts.items():
        for value, numbers in groups.items():
            for name, number in numbers.items():
                kind, _, attribute = name.partition(" ")
                if number and kind in GUARD_KINDS:
                    yield kind, attribute or None, field, value, number


def remember(t: Scratch, kept: Kept, target: str, plan_no: int, since: dt.date) -> None:
    """Keep what is to be remembered of the operations of a plan; one that is made again takes the place of the first. `since`:
    no window reaches back farther."""
    gone = """plan_no = $plan or plan_no in (select plan_no from manifests where target = $target and (business_date < $since
        or (plan_no not in (select plan_no from accepted_requests) and plan_no not in (select plan_no from planned))))"""
    values = {"plan": plan_no, "target": target, "since": since}
    for name in ("plan_counts", "counted_changes"):
        t.run(f"delete from {name} where {gone}", values)
    rows = list(_rows(kept.counts))
    if rows:
        columns = zip(*rows, strict=True)
        counts = t.of_arrow("counts", pa.table(
            dict(zip(("kind", "attribute", "cohort", "value", "operations"),
                     (pa.array(column, pa.int64() if i == 4 else pa.string()) for i, column in enumerate(columns)), strict=True))
        ))  # fmt: skip
        t.run(f"insert into plan_counts by name select ? as plan_no, * from {counts}", [plan_no])
    if kept.changes is not None:
        t.run(
            f"""insert into counted_changes by name
            select operation.plan_no, operation.request_no, change.* from {kept.changes} change
            join operations operation on operation.plan_no = ? and operation.person_number = change.person_number""",
            [plan_no],
        )
