"""The numbers that guards compare: operations planned and sent, accounts, and the days of late, by group."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.profile import GuardKind
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

KNOWN_DAYS = 5
"""With fewer business dates on which something was delivered there is no history to compare with."""
COUNTED = {
    GuardKind.CREATE: f"kind = '{OperationKind.CREATE}'",
    GuardKind.DISABLE: f"kind = '{OperationKind.DISABLE}'",
    GuardKind.ENABLE: f"kind = '{OperationKind.ENABLE}'",
    GuardKind.MOVE: f"kind = '{OperationKind.MOVE}'",
    GuardKind.RENAME: "renamed",
    GuardKind.SEVERAL: "several",
    GuardKind.RESEND: "resent",
    GuardKind.UPDATE: f"kind in ('{OperationKind.UPDATE}', '{OperationKind.RENAME}', '{OperationKind.MOVE}')",
}
"""The operations that a limit's kind counts, as SQL over `grouped`."""
ATTRIBUTES = (GuardKind.CHANGE, GuardKind.CLEAR)
"""Kinds of limit that look at single attributes."""
NOTED = (*ATTRIBUTES, GuardKind.SEVERAL, GuardKind.RESEND)
"""Kinds of limit that look at more than an operation's own kind tells; kept in `counted_changes`."""
NOT_ENABLED, CHANGING, OLD = "not enabled", "changing", "old"
"""Counted beside the kinds: new accounts that would not be enabled, operations that change an account, all of an account."""
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
HARSHEST = (OperationKind.DISABLE, OperationKind.ENABLE, OperationKind.CREATE, OperationKind.RENAME, OperationKind.MOVE,
            OperationKind.UPDATE, OperationKind.RETRY)  # fmt: skip
"""Kinds of operation; what may be one of several counts as the first of them."""
_RANKED = f"[{', '.join(map(literal, HARSHEST))}]"
Counted = dict[str | None, dict[str, int]]
"""By group and by what is counted, as of `name_of`."""
ByField = dict[str | None, Counted]
"""The same by field; None: the whole target is one group."""
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
    several: int | None = None
    """So many attributes that change at once are counted."""
    who: tuple[str, ...] = ()
    """Columns of groups that say together who somebody is."""
    unknown: Relation | None = None
    """person_number of those of whom the target has another version than the delivered one; None: there is none."""
    reaches: bool = True
    """Whether it is looked at what changes how people are reached."""
    perhaps: Relation | None = None
    """Versions that the target may have by now, columns as of `delivered`, of a worker maybe several; None: there is none."""
    theirs: Relation | None = None
    """Of `delivered`, those of the workers of the operations, maybe with others; None: nobody has looked for them."""


def grouped(t: Scratch, scene: Scene) -> Relation:
    """A row for each operation: person_number, kind (the harshest that it may be), known (the target has the account), renamed,
    `new <field>` and `old <field>` (the groups now and when last delivered), changed (INTEGER[]: of each attribute that changes
    twice its number, and one more where it is cleared; null: none), several (so many of them change), enabled (the account would
    be), resent (see `_resent_sql`), reaches (a phone number, a mail address or the userName changes), delivered_on (the business
    date of the account's version), who_now and who_before (null: not known)."""
    new = "".join(f", now.{quote(f)}::varchar as {quote(f'new {f}')}" for f in scene.fields)
    old = "".join(f", before.{quote(f)}::varchar as {quote(f'old {f}')}" for f in scene.fields)
    changes = ", ".join(
        f"case when operation.{quote(a)} is distinct from account.{quote(a)}"
        f" then {2 * i} + (operation.{quote(a)} is null)::integer end"
        for i, a in enumerate(scene.attributes)
    )
    # of a first load nothing is compared, and the wide columns are not read
    known = t.first(f"select 1 from {scene.delivered} limit 1") is not None
    there = "account.person_number is not null" if known else "false"
    changed = f"case when {there} then list_filter([{changes}], lambda one: one is not null) end" if changes else "null"
    who_now, who_before = (
        f"case when {there} and {version}.person_number is not null then {_who_sql(scene, version)} end"
        if scene.who
        else "null::varchar"
        for version in ("now", "before")
    )
    # of the many versions, once
    of_groups = ", ".join(
        map(quote, dict.fromkeys(["person_number", "valid_from", "valid_to", *scene.fields, *scene.who]))
    )
    groups = f"""with groups as materialized (
            select {of_groups} from {scene.groups} semi join {scene.operations} using (person_number))"""
    in_groups = """left join groups now on now.person_number = operation.person_number and now.valid_to is null
            left join groups before on before.person_number = operation.person_number
                and before.valid_from <= manifest.business_date
                and (before.valid_to is null or before.valid_to > manifest.business_date)"""
    groups, in_groups = (groups, in_groups) if scene.fields or scene.who else ("", "")
    several = f"coalesce(len(changed) >= {scene.several}, false)" if scene.several else "false"
    unknown = (
        f"left join {scene.unknown} unknown on unknown.person_number = operation.person_number" if scene.unknown else ""
    )
    perhaps = (
        f"left join ({_harshest_sql(scene)}) perhaps on perhaps.person_number = operation.person_number"
        if scene.perhaps
        else ""
    )
    return t.make(
        "grouped",
        f"""{groups}
        select *, {several} as several from (
            select operation.person_number, {_kind_sql(scene)} as kind, {there} as known,
                {there} and ({_differs_sql(scene.target, OperationKind.RENAME)}) as renamed {new} {old},
                ({changed})::integer[] as changed, {_resent_sql(scene)} as resent,
                {scene.target.enabled_sql("operation")} as enabled,
                {there} and ({_differs_sql(scene.target, OperationKind.RENAME, reaches=scene.reaches)}) as reaches,
                manifest.business_date as delivered_on, {who_now} as who_now, {who_before} as who_before
            from {scene.operations} operation
            left join {scene.theirs or scene.delivered} account on account.person_number = operation.person_number
            left join manifests manifest on manifest.plan_no = account.plan_no
            {in_groups} {unknown} {perhaps})
        """,
    )


def _kind_sql(scene: Scene) -> str:
    """SQL: an operation's kind. Of one whose account may have other versions by now: the harshest of what it does to each."""
    if scene.perhaps is None:
        return "operation.kind"
    harsher = f"least(list_position({_RANKED}, operation.kind), perhaps.harshest)"
    return f"if(perhaps.person_number is null or account.person_number is null, operation.kind, {_RANKED}[{harsher}])"


def _harshest_sql(scene: Scene) -> str:
    """SELECT: person_number, harshest (the place in HARSHEST of the harshest that an operation does to the versions that may be
    there)."""
    same = " and ".join(
        f"operation.{quote(c.name)} is not distinct from version.{quote(c.name)}"
        for c in scene.target.columns
        if not c.noted
    )
    kind = f"if({same}, {literal(OperationKind.RETRY)}, {scene.target.change_sql('operation', 'version')})"
    return f"""select operation.person_number, min(list_position({_RANKED}, {kind})) as harshest
        from {scene.operations} operation join {scene.perhaps} version using (person_number) group by 1"""


def _resent_sql(scene: Scene) -> str:
    """SQL (BOOLEAN): the record goes to an account of which the target has a version that this home does not know.

    A disabled account that stays so by a person's word is not asked about again.
    """
    if scene.unknown is None:
        return "false"
    decided = f"operation.kind = {literal(OperationKind.RETRY)} and manifest.held_for is not null"
    return f"unknown.person_number is not null and not ({decided} and not {scene.target.enabled_sql('operation')})"


def _differs_sql(target: Target, kind: OperationKind, *, reaches: bool = False) -> str:
    """SQL (BOOLEAN): a value of the kind, or one by which people are reached, is another than the account has."""
    names = [quote(c.name) for c in target.columns if c.kind is kind or (reaches and c.reaches)]
    return " or ".join(f"operation.{name} is distinct from account.{name}" for name in names) or "false"


def _who_sql(scene: Scene, version: str) -> str:
    parts = ", ".join(f"lower(trim({version}.{quote(field)}::varchar))" for field in scene.who)
    return f"concat_ws(chr(31), {parts})"


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
    """Counts of a scene, made when they are first asked for. `field` None: the whole target is one group."""

    def __init__(
        self, t: Scratch, scene: Scene, judged: Relation, history_days: int, windows: Sequence[int] = ()
    ) -> None:
        self._t = t
        self._scene = scene
        self._judged = judged
        self._history = scene.day - dt.timedelta(days=history_days)
        self._since = min([self._history, *(scene.day - dt.timedelta(days=days - 1) for days in windows)])
        self._accounts: dict[str | None, list[Accounts]] = _accounts(t, scene)
        self.planned = planned(t, scene, judged, fields=scene.fields if self.size else ())
        """As of `planned`; of a first load, where no share is one of a group's accounts, for the whole target alone."""
        self.undone = _taken_back(t, scene)
        self._days = list(_accepted(t, scene, self.undone, None, self._since, scene.day))
        self._tallies: dict[str | None, Tally] = {}

    @property
    def size(self) -> int:
        """The accounts that the target has."""
        return sum(whole for _, whole, _, _ in self._accounts[None])

    def tally(self, field: str | None) -> Tally:
        """The operations planned and sent, and the accounts, by the groups of a field."""
        if field not in self.planned:
            self.planned = planned(self._t, self._scene, self._judged, fields=self._scene.fields)
        if field not in self._tallies:
            sent = self._sent(field)
            self._tallies[field] = Tally(self.planned.get(field, {}), sent, _bases(self.accounts(field), sent))
        return self._tallies[field]

    def accounts(self, field: str | None) -> list[Accounts]:
        """The accounts by the groups of a field, as they are now."""
        if field is not None and field not in self._accounts:
            self._accounts |= _accounts_by_field(self._t, self._scene, self._judged)
        return self._accounts[field]

    def highest(self, kind: GuardKind, field: str | None) -> dict[str | None, int] | None:
        """The highest business date of late by group; None when too few are known."""
        since, until = self._history, self._scene.day - dt.timedelta(days=1)
        known = self._t.first(
            """select count(distinct business_date) from manifests semi join accepted_requests using (plan_no)
            where target = ? and business_date between ? and ?""",
            [self._scene.target.key, since, until],
        )
        if not known or known[0] < KNOWN_DAYS:
            return None
        days: dict[tuple[str | None, dt.date], int] = {}
        accepted = self._days if field is None else _accepted(self._t, self._scene, self.undone, field, since, until)
        for date, value, counted, count in accepted:
            if counted == kind and since <= date <= until:
                days[value, date] = days.get((value, date), 0) + count
        highest: dict[str | None, int] = {}
        for (value, _), count in days.items():
            highest[value] = max(highest.get(value, 0), count)
        return highest

    def made_since(self, since: dt.date) -> int:
        """Accounts that were made from a business date on, which is one that was asked for."""
        return sum(count for date, _, name, count in self._days if name == GuardKind.CREATE and date >= since)

    def _sent(self, field: str | None) -> Counted:
        """The operations of this business date that were sent already, by group."""
        day = self._scene.day
        if not any(date == day for date, *_ in self._days):
            return {}
        kinds = self._days if field is None else _accepted(self._t, self._scene, self.undone, field, day, day)
        noted = _accepted(self._t, self._scene, self.undone, field, day, day, self._judged)
        sent: Counted = {}
        for date, value, name, count in itertools.chain(kinds, noted):
            if date == day:
                group = sent.setdefault(value, {})
                group[name] = group.get(name, 0) + count
        return sent


# --- planned


def planned(t: Scratch, scene: Scene, judged: Relation, where: str = "true", *, fields: Sequence[str]) -> ByField:
    """Operations by field, group and what is counted; a worker counts in the group of now and in the one before. `where`: SQL over
    `grouped`."""
    counted = {str(kind): sql for kind, sql in COUNTED.items()}
    counted[NOT_ENABLED] = f"{COUNTED[GuardKind.CREATE]} and enabled is not true"
    counted[CHANGING] = f"kind not in ({literal(OperationKind.CREATE)}, {literal(OperationKind.RETRY)})"
    counted[OLD] = f"kind <> {literal(OperationKind.CREATE)}"
    counts = ", ".join(f"count(*) filter ({predicate})" for predicate in counted.values())
    found: ByField = {None: {None: dict.fromkeys(counted, 0)}, **{field: {} for field in fields}}
    for field, value, _, numbers in _by_group(t, fields, judged, where, "null::integer as one", counts):
        _add(found, field, value, dict(zip(counted, numbers, strict=True)))
    if found[None][None][CHANGING] or found[None][None][GuardKind.UPDATE]:
        attributes = [name_of(kind, a) for a in scene.attributes for kind in (GuardKind.CHANGE, GuardKind.CLEAR)]
        changes = f"changed is not null and ({where})"
        for field, value, one, numbers in _by_group(t, fields, judged, changes, "unnest(changed) as one", "count(*)"):
            change = one or 0
            _add(found, field, value, {attributes[change - change % 2]: numbers[0]})
            if change % 2:
                _add(found, field, value, {attributes[change]: numbers[0]})
    return found


def _by_group(
    t: Scratch, fields: Sequence[str], judged: Relation, where: str, one: str, counts: str
) -> Iterator[tuple[str | None, str | None, int | None, Sequence[int]]]:
    """(field, group, one, counts) of the operations of which `where` is true, in the groups that they are in now; and in those that
    they were in, where these are others."""
    now, old = ([quote(f"{version} {field}") for field in fields] for version in ("new", "old"))
    sets = "".join(f", (one, {column})" for column in now)
    which = "".join(f", grouping({column}), {column}" for column in now)
    whole = t.rows(
        f"""select one, {counts} {which} from (select *, {one} from {judged} where {where})
        group by grouping sets ((one) {sets})"""
    )
    for row in whole:
        numbers, groups = row[1 : len(row) - 2 * len(now)], row[len(row) - 2 * len(now) :]
        at = next((place for place in range(len(now)) if not groups[2 * place]), None)
        if at is None:
            yield None, None, row[0], numbers
        elif groups[2 * at + 1] is not None:
            yield fields[at], groups[2 * at + 1], row[0], numbers
    if not now:
        return
    others = [
        f"({then} is not null and {then} is distinct from {column})" for column, then in zip(now, old, strict=True)
    ]
    moved = " union all ".join(
        f'select {place} as place, {then} as "value", one, {counts} from moved where {other} group by all'
        for place, (then, other) in enumerate(zip(old, others, strict=True))
    )
    from_another = f"select *, {one} from {judged} where ({where}) and ({' or '.join(others)})"
    for place, value, one_of_them, *of_moved in t.rows(f"with moved as materialized ({from_another}) {moved}"):
        yield fields[place], value, one_of_them, of_moved


def _add(found: ByField, field: str | None, value: str | None, numbers: Mapping[str, int]) -> None:
    group = found[field].setdefault(value, {})
    for name, number in numbers.items():
        group[name] = group.get(name, 0) + number


# --- accounts


def _accounts(t: Scratch, scene: Scene) -> dict[str | None, list[Accounts]]:
    """The whole target as a group. An account that may be disabled by now counts as one that is not enabled, too."""
    enabled = scene.target.enabled_sql("account")
    whole = t.first(f"""
        select null, count(*), count(*) filter (enabled), count(*) filter (enabled is not true)
        from (select {enabled} as enabled from {scene.delivered} account)""")
    if not whole or not whole[1]:
        return {None: []}
    if scene.perhaps is None:
        return {None: [whole]}
    disabled = t.count(f"""{scene.delivered} account where {enabled} and exists (from {scene.perhaps} perhaps
        where perhaps.person_number = account.person_number and {scene.target.enabled_sql("perhaps")} is not true)""")
    return {None: [(*whole[:3], whole[3] + disabled)]}


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


def _bases(accounts: Sequence[Accounts], sent: Counted) -> Counted:
    """Accounts by group before the operations that were `sent`, for each kind that is a share of them."""
    return {
        group: {kind: base_of(kind, numbers, sent.get(group, {})) for kind in GuardKind} for group, *numbers in accounts
    }


def base_of(kind: GuardKind, accounts: Sequence[int], sent: Mapping[str, int]) -> int:
    """The accounts of a group that operations of a kind are a share of, before those that were `sent`.

    `accounts`: all, enabled and disabled ones.
    """
    whole, enabled_ones, disabled = accounts
    if kind is GuardKind.DISABLE:
        return enabled_ones + sent.get(GuardKind.DISABLE, 0)
    if kind is GuardKind.ENABLE:
        return disabled + sent.get(GuardKind.ENABLE, 0)
    return whole if kind is GuardKind.RESEND else whole - sent.get(GuardKind.CREATE, 0)


# --- sent


def _taken_back(t: Scratch, scene: Scene) -> Relation | None:
    """plan_no, person_number of operations that an undo has taken back; None: there is none."""
    if not t.first(
        """select 1 from manifests where target = ? and undoes is not null
        and plan_no in (select plan_no from accepted_requests) limit 1""",
        [scene.target.key],
    ):
        return None
    return t.make("taken_back", query(__package__, "taken_back"), {"target": scene.target.key})


def not_in_sql(undone: Relation | None, of: str) -> str:
    """SQL: an operation, by its alias, is none of those that were taken back."""
    if undone is None:
        return "true"
    same = f"undone.plan_no = {of}.plan_no and undone.person_number = {of}.person_number"
    return f"not exists (from {undone} undone where {same})"


def _accepted(
    t: Scratch, scene: Scene, undone: Relation | None, field: str | None, since: dt.date, until: dt.date,
    beside: Relation | None = None,
) -> Iterator[tuple[dt.date, str | None, str, int]]:  # fmt: skip
    """(business date, group, what is counted, operations) that were accepted without having been held, and not taken back.

    `beside`: the operations in `grouped` of a plan; then what is noted of the accepted ones beside their kinds is counted, each
    worker once, and nobody of whom the plan changes the same again.
    """
    value, in_group = "null", ""
    if field is not None:
        value, in_group = (
            f"member.{quote(field)}::varchar",
            in_group_sql(scene.groups, "event", "manifest.business_date"),
        )
    events, attribute, count, anew = "operations", "null", "count(*)", ""
    if beside is not None:
        events, attribute, count = "counted_changes", "event.attribute", "count(distinct event.person_number)"
        kinds = (*(ATTRIBUTES if scene.attributes else ()), GuardKind.SEVERAL, GuardKind.RESEND)
        again = " union all ".join(
            f"select person_number, {literal(kind)} as kind, attribute from ({planned_sql(scene, beside, kind)})"
            for kind in kinds
        )
        anew = f"""anti join ({again}) again on again.person_number = event.person_number and again.kind = event.kind
            and again.attribute is not distinct from event.attribute"""
    select = f"""select manifest.business_date, {value} as "value", event.kind, {attribute} as attribute, {count}
        from {events} event
        join manifests manifest on manifest.plan_no = event.plan_no
        join accepted_requests accepted on accepted.plan_no = event.plan_no and accepted.request_no = event.request_no
        {in_group} {anew}
        where manifest.target = $target and manifest.held_for is null and manifest.business_date between $since and $until
            and {not_in_sql(undone, "event")}
        group by all"""
    for date, group, kind, changed, number in t.rows(
        select, {"target": scene.target.key, "since": since, "until": until}
    ):
        for counted in (kind,) if beside is not None else COUNTS_AS[OperationKind(kind)]:
            yield date, group, name_of(counted, changed), number


def planned_sql(scene: Scene, judged: Relation, kind: GuardKind) -> str:
    """SELECT: person_number, attribute and the groups of the operations in `grouped` that a kind of limit counts."""
    if kind not in ATTRIBUTES:
        return f"select *, null::varchar as attribute from {judged} where {COUNTED[kind]}"
    names = ", ".join(map(literal, scene.attributes))
    cleared = "where one % 2 = 1" if kind is GuardKind.CLEAR else ""
    return f"select *, [{names}][1 + one // 2] as attribute from (select *, unnest(changed) as one from {judged}) {cleared}"


def in_group_sql(groups: Relation, of: str, date: str) -> str:
    """SQL: a join of the group, by the alias `member`, that a worker was in on a date."""
    return f"""left join {groups} member on member.person_number = {of}.person_number
        and member.valid_from <= {date} and (member.valid_to is null or member.valid_to > {date})"""


def predicate(scene: Scene, kind: str, attribute: str | None, field: str | None, value: str | None) -> str:
    """SQL over `grouped`: the operations of a kind, of a group when a field is given."""
    counted = COUNTED[GuardKind(kind)] if attribute is None else changed_sql(scene, kind, attribute)
    if field is None:
        return counted
    group = literal(str(value))
    return f"{counted} and ({quote(f'new {field}')} = {group} or {quote(f'old {field}')} = {group})"


def changed_sql(scene: Scene, kind: str, attribute: str) -> str:
    """SQL over `grouped`: one attribute changes, or is cleared."""
    number = 2 * scene.attributes.index(attribute)
    cleared = f"coalesce(list_contains(changed, {number + 1}), false)"
    return cleared if kind == GuardKind.CLEAR else f"(coalesce(list_contains(changed, {number}), false) or {cleared})"


def name_of(kind: str, attribute: str | None) -> str:
    """The name under which a limit's operations are counted."""
    return str(kind) if attribute is None else f"{kind} {attribute}"
