"""The numbers that guards compare: operations planned and sent, accounts, and the days of late, by group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.profile import GuardKind
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

KNOWN_DAYS = 5
"""With fewer business dates on which something was delivered there is no history to compare with."""
COUNTED = {
    GuardKind.CREATE: f"kind = '{OperationKind.CREATE}'",
    GuardKind.DISABLE: f"kind = '{OperationKind.DISABLE}'",
    GuardKind.ENABLE: f"kind = '{OperationKind.ENABLE}'",
    GuardKind.MOVE: f"kind = '{OperationKind.MOVE}'",
    GuardKind.RENAME: "renamed",
    GuardKind.SEVERAL: "several",
    GuardKind.UPDATE: f"kind in ('{OperationKind.UPDATE}', '{OperationKind.RENAME}', '{OperationKind.MOVE}')",
}
"""The operations that a limit's kind counts, as SQL over `grouped`."""
NOT_ENABLED = "not enabled"
"""New accounts that would not be enabled, counted beside the kinds."""
COUNTS_AS = {
    OperationKind.CREATE: (GuardKind.CREATE,),
    OperationKind.DISABLE: (GuardKind.DISABLE,),
    OperationKind.ENABLE: (GuardKind.ENABLE,),
    OperationKind.MOVE: (GuardKind.MOVE, GuardKind.UPDATE),
    OperationKind.RENAME: (GuardKind.RENAME, GuardKind.UPDATE),
    OperationKind.UPDATE: (GuardKind.UPDATE,),
    OperationKind.RETRY: (),
}
"""The same for an operation's kind."""
Counted = dict[str | None, dict[str, int]]
"""By group and by what is counted."""
Accounts = tuple[str | None, int, int, int]
"""A group, its accounts, and how many of them are enabled and not."""


@dataclass(frozen=True)
class Scene:
    """A plan to be judged. `operations`: person_number, kind and every value; `delivered`: those that the target has;
    `groups` as of `Facts`. `fields` are the columns of groups that count, `attributes` the values whose changes are counted."""

    target: Target
    day: dt.date
    operations: Relation
    delivered: Relation
    groups: Relation
    fields: tuple[str, ...]
    attributes: tuple[str, ...]
    accounts: int
    """That the target has."""
    attributes_told: bool = True
    """Whether limits of single attributes are told when they pass."""
    several: int | None = None
    """So many attributes that change at once are counted."""


def grouped(t: Scratch, scene: Scene) -> Relation:
    """A row for each operation: person_number, kind, known (the target has the account), renamed, `new <field>` and `old <field>`
    (the groups now and when last delivered), `change <i>` and `clear <i>` (of the attribute with that number), several (so many of
    them change) and enabled (the account would be)."""
    new = "".join(f", now.{quote(f)}::varchar as {quote(f'new {f}')}" for f in scene.fields)
    old = "".join(f", before.{quote(f)}::varchar as {quote(f'old {f}')}" for f in scene.fields)
    flags = "".join(
        f", known and operation.{quote(a)} is distinct from account.{quote(a)} as {quote(f'change {i}')}"
        f", known and operation.{quote(a)} is null and account.{quote(a)} is not null as {quote(f'clear {i}')}"
        for i, a in enumerate(scene.attributes)
    )
    changed = [f"(operation.{quote(a)} is distinct from account.{quote(a)})::integer" for a in scene.attributes]
    several = f"known and {' + '.join(changed)} >= {scene.several}" if changed and scene.several else "false"
    return t.make(
        "grouped",
        f"""
        select operation.person_number, operation.kind, account.person_number is not null as known,
            known and ({_renamed_sql(scene.target)}) as renamed {new} {old} {flags},
            {several} as several, {scene.target.enabled_sql("operation")} as enabled
        from {scene.operations} operation
        left join {scene.delivered} account on account.person_number = operation.person_number
        left join {scene.groups} now on now.person_number = operation.person_number and now.valid_to is null
        left join manifests manifest on manifest.plan_no = account.plan_no
        left join {scene.groups} before on before.person_number = operation.person_number
            and before.valid_from <= manifest.business_date
            and (before.valid_to is null or before.valid_to > manifest.business_date)
        """,
    )


def _renamed_sql(target: Target) -> str:
    names = [quote(column.name) for column in target.columns if column.kind is OperationKind.RENAME]
    return " or ".join(f"operation.{name} is distinct from account.{name}" for name in names) or "false"


@dataclass(frozen=True)
class Tally:
    """The numbers of a field's groups: planned, sent already for the same business date, accounts before both."""

    planned: Counted
    sent: Counted
    bases: Counted

    def operations(self, value: str | None, name: str) -> int:
        """Planned and sent of one group."""
        return self.planned.get(value, {}).get(name, 0) + self.sent.get(value, {}).get(name, 0)

    def base(self, value: str | None, kind: str) -> int:
        """The accounts of one group that operations of a kind are a share of."""
        return self.bases.get(value, {}).get(kind, 0)


class Census:
    """Counts of a scene, made when they are first asked for. `field` None: the whole target is one group. `windows` are the numbers
    of days that are ever asked for."""

    def __init__(
        self, t: Scratch, scene: Scene, judged: Relation, history_days: int, windows: Sequence[int] = ()
    ) -> None:
        self._t = t
        self._scene = scene
        self._judged = judged
        self._history_days = history_days
        self._days = tuple(windows)
        self._accounts: dict[str | None, list[Accounts]] = {}
        self._tallies: dict[str | None, Tally] = {}
        self._highest: dict[str | None, Counted | None] = {}
        self._windows: dict[tuple[str | None, int], Tally] = {}
        self._lately: Relation | None = None

    def tally(self, field: str | None) -> Tally:
        """The operations planned and sent, and the accounts, by the groups of a field."""
        if field not in self._tallies:
            sent = _sent(self._t, self._scene, field)
            bases = _bases(self._accounts_by(field), sent)
            self._tallies[field] = Tally(_planned(self._t, self._scene, self._judged, field), sent, bases)
        return self._tallies[field]

    def window(self, field: str | None, days: int) -> Tally:
        """The same for so many business dates, this one among them: workers that are planned or were sent, each of them once."""
        if (field, days) not in self._windows:
            if self._lately is None:
                since = self._scene.day - dt.timedelta(days=max(self._days) - 1)
                self._lately = _sent_lately(self._t, self._scene, since)
            counted = _over_days(self._t, self._scene, self._judged, self._lately, field, self._days)
            for window, (sent, both) in counted.items():
                self._windows[field, window] = Tally(both, {}, _bases(self._accounts_by(field), sent, over_days=True))
        return self._windows[field, days]

    def _accounts_by(self, field: str | None) -> list[Accounts]:
        if not self._accounts:
            self._accounts = _accounts(self._t, self._scene)
        if field is not None and field not in self._accounts:
            self._accounts |= _accounts_by_field(self._t, self._scene, self._judged)
        return self._accounts[field]

    def highest(self, field: str | None) -> Counted | None:
        """The highest business date of late, by group and kind; None when too few are known."""
        if field not in self._highest:
            self._highest[field] = _highest(self._t, self._scene, field, self._history_days)
        return self._highest[field]


def _planned(t: Scratch, scene: Scene, judged: Relation, field: str | None) -> Counted:
    """Operations by group and by what is counted."""
    flags = [f"{kind} {i}" for kind in (GuardKind.CHANGE, GuardKind.CLEAR) for i in range(len(scene.attributes))]
    counted = {**{str(kind): sql for kind, sql in COUNTED.items()}, **{flag: quote(flag) for flag in flags}}
    counted[NOT_ENABLED] = f"{COUNTED[GuardKind.CREATE]} and enabled is not true"
    counts = ", ".join(f"count(*) filter ({predicate})" for predicate in counted.values())
    value = "null"
    if field is not None:
        value = f"unnest(list_distinct([{quote(f'new {field}')}, {quote(f'old {field}')}]))"
    rows = t.rows(f'select "value", {counts} from (select *, {value} as "value" from {judged}) group by 1 order by 1')
    return {row[0]: dict(zip(counted, row[1:], strict=True)) for row in rows}


def _accounts(t: Scratch, scene: Scene) -> dict[str | None, list[Accounts]]:
    """The whole target as a group."""
    enabled = scene.target.enabled_sql("account")
    whole = t.first(f"""
        select null, count(*), count(*) filter (enabled), count(*) filter (enabled is not true)
        from (select {enabled} as enabled from {scene.delivered} account)""")
    return {None: [whole] if whole and whole[1] else []}


def _accounts_by_field(t: Scratch, scene: Scene, judged: Relation) -> dict[str | None, list[Accounts]]:
    """By field, all in one pass over the accounts. Those whose group is another by now count in the one they were in, too."""
    fields = "".join(f", now.{quote(field)}::varchar as {quote(f'in {field}')}" for field in scene.fields)
    members = " union all ".join(
        f"""select {place} as field, {quote(f"in {field}")} as "value", enabled from account
        union all select {place}, judged.{quote(f"old {field}")}, account.enabled
        from account join {judged} judged using (person_number)
        where judged.{quote(f"old {field}")} is distinct from judged.{quote(f"new {field}")}
            and judged.{quote(f"old {field}")} is not null"""
        for place, field in enumerate(scene.fields)
    )
    rows = t.rows(f"""
        with account as materialized (
            select account.person_number, {scene.target.enabled_sql("account")} as enabled {fields}
            from {scene.delivered} account
            join {scene.groups} now on now.person_number = account.person_number and now.valid_to is null)
        select field, "value", count(*), count(*) filter (enabled), count(*) filter (enabled is not true)
        from ({members}) group by all""")
    found: dict[str | None, list[Accounts]] = {field: [] for field in scene.fields}
    for place, *counts in rows:
        found[scene.fields[place]].append((counts[0], counts[1], counts[2], counts[3]))
    return found


def _bases(accounts: Sequence[Accounts], sent: Counted, *, over_days: bool = False) -> Counted:
    """Accounts by group before the operations that were `sent`, for each kind that is a share of them.

    `over_days`: where all accounts were made in these days, what becomes of them is a share of those that were made: else nothing
    would guard a group in the month behind its first load.
    """
    found: Counted = {}
    for group, whole, enabled_ones, disabled in accounts:
        before = sent.get(group, {})
        accounts_before = whole - before.get(GuardKind.CREATE, 0)
        found[group] = {
            **dict.fromkeys(GuardKind, whole if over_days and accounts_before <= 0 else accounts_before),
            GuardKind.CREATE: accounts_before,
            GuardKind.DISABLE: enabled_ones + before.get(GuardKind.DISABLE, 0),
            GuardKind.ENABLE: disabled + before.get(GuardKind.ENABLE, 0),
        }
    return found


def _accepted(
    t: Scratch, scene: Scene, field: str | None, since: dt.date, until: dt.date
) -> Iterator[tuple[dt.date, str | None, GuardKind, int]]:
    """(business date, group, what is counted, operations) that were accepted without having been held."""
    value, in_group = "null", ""
    if field is not None:
        value = f"member.{quote(field)}::varchar"
        in_group = f"""left join {scene.groups} member on member.person_number = operation.person_number
            and member.valid_from <= manifest.business_date
            and (member.valid_to is null or member.valid_to > manifest.business_date)"""
    rows = t.rows(
        f"""select manifest.business_date, {value} as "value", operation.kind, count(*)
        from manifests manifest join operations operation using (plan_no)
        join accepted_requests accepted using (plan_no, request_no) {in_group}
        where manifest.target = ? and manifest.held_for is null and manifest.business_date between ? and ? group by all""",
        [scene.target.key, since, until],
    )
    for date, group, kind, count in rows:
        for counted in COUNTS_AS[OperationKind(kind)]:
            yield date, group, counted, count


def _sent_lately(t: Scratch, scene: Scene, since: dt.date) -> Relation:
    """person_number, kind, date and `in <field>` (the group then) of operations that were accepted without having been held."""
    fields = "".join(f", member.{quote(field)}::varchar as {quote(f'in {field}')}" for field in scene.fields)
    in_group = f"""left join {scene.groups} member on member.person_number = operation.person_number
        and member.valid_from <= manifest.business_date
        and (member.valid_to is null or member.valid_to > manifest.business_date)"""
    return t.make(
        "sent_lately",
        f"""select operation.person_number, operation.kind, manifest.business_date as date {fields}
        from manifests manifest join operations operation using (plan_no)
        join accepted_requests accepted using (plan_no, request_no) {in_group if scene.fields else ""}
        where manifest.target = ? and manifest.held_for is null and manifest.business_date between ? and ?""",
        [scene.target.key, since, scene.day],
    )


def _over_days(
    t: Scratch, scene: Scene, judged: Relation, lately: Relation, field: str | None, windows: Sequence[int]
) -> dict[int, tuple[Counted, Counted]]:
    """For each number of days the workers by group and kind: with operations that were accepted in the last days without having
    been held, and those with planned ones as well. A worker counts once in each, but with every creation.

    `lately` as of `_sent_lately`.
    """
    now = "null" if field is None else f"unnest(list_distinct([{quote(f'new {field}')}, {quote(f'old {field}')}]))"
    then = "null" if field is None else quote(f"in {field}")
    create = f"'{OperationKind.CREATE}'"
    counts_as = " ".join(
        f"when {literal(kind)} then [{', '.join(map(literal, counted))}]"
        for kind, counted in COUNTS_AS.items()
        if counted
    )
    counted = ", ".join(
        f"case when {condition} then {literal(kind)} end"
        for kind, condition in COUNTED.items()
        if kind is not GuardKind.CREATE
    )
    since = {days: scene.day - dt.timedelta(days=days - 1) for days in windows}
    workers = ", ".join(
        f"count(*) filter (last_sent >= $since_{days}), count(*) filter (last >= $since_{days})" for days in windows
    )
    created = ", ".join(
        f"coalesce(sum(n) filter (sent and date >= $since_{days}), 0), coalesce(sum(n) filter (date >= $since_{days}), 0)"
        for days in windows
    )
    rows = t.rows(
        f"""with event as (
            select person_number, {now} as "value", counted, null::date as sent_on, $day::date as date
            from (select *, unnest([{counted}]) as counted from {judged}) where counted is not null
            union all
            select person_number, {then}, unnest(case kind {counts_as} end), date, date from {lately} where kind <> {create}),
        creation as (  -- a worker has one: in a first load they are many
            select "value", date, true as sent, count(*) as n
            from (select {then} as "value", date from {lately} where kind = {create}) group by all
            union all
            select "value", $day::date, false, count(*)
            from (select {now} as "value" from {judged} where kind = {create}) group by all)
        select "value", counted, {workers}
        from (select person_number, "value", counted, max(date) as last, max(sent_on) as last_sent from event group by all)
        group by all
        union all
        select "value", '{GuardKind.CREATE}', {created} from creation group by all""",
        {"day": scene.day, **{f"since_{days}": date for days, date in since.items()}},
    )
    found: dict[int, tuple[Counted, Counted]] = {days: ({}, {}) for days in windows}
    for group, kind, *numbers in rows:
        for (sent, both), before, in_all in zip(found.values(), numbers[::2], numbers[1::2], strict=True):
            if in_all:
                sent.setdefault(group, {})[kind] = before
                both.setdefault(group, {})[kind] = in_all
    return found


def _sent(t: Scratch, scene: Scene, field: str | None) -> Counted:
    """Operations of this business date that were sent already, by group and kind."""
    sent: Counted = {}
    for _, value, counted, count in _accepted(t, scene, field, scene.day, scene.day):
        group = sent.setdefault(value, {})
        group[counted] = group.get(counted, 0) + count
    return sent


def _highest(t: Scratch, scene: Scene, field: str | None, history_days: int) -> Counted | None:
    since, until = scene.day - dt.timedelta(days=history_days), scene.day - dt.timedelta(days=1)
    known = t.first(
        """select count(distinct business_date) from manifests semi join accepted_requests using (plan_no)
        where target = ? and business_date between ? and ?""",
        [scene.target.key, since, until],
    )
    if not known or known[0] < KNOWN_DAYS:
        return None
    days: dict[tuple[str | None, str, dt.date], int] = {}
    for date, value, counted, count in _accepted(t, scene, field, since, until):
        days[value, counted, date] = days.get((value, counted, date), 0) + count
    highest: Counted = {}
    for (value, kind, _), count in days.items():
        group = highest.setdefault(value, {})
        group[kind] = max(group.get(kind, 0), count)
    return highest


def predicate(scene: Scene, kind: str, attribute: str | None, field: str | None, value: str | None) -> str:
    """SQL over `grouped`: the operations of a kind, of a group when a field is given."""
    counted = COUNTED[GuardKind(kind)] if attribute is None else quote(name_of(scene, kind, attribute))
    if field is None:
        return counted
    group = literal(str(value))
    return f"{counted} and ({quote(f'new {field}')} = {group} or {quote(f'old {field}')} = {group})"


def name_of(scene: Scene, kind: str, attribute: str | None) -> str:
    """The name under which a limit's operations are counted: of `change` and `clear` a column of `grouped`."""
    return kind if attribute is None else f"{kind} {scene.attributes.index(attribute)}"
