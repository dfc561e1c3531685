"""Guards: which operations of a plan wait for a person's word, judged before anything is sent.

A limit counts the operations of one kind in a group, and trips when they are too many: in number, as a share of the accounts
that there are, or against the highest day of late. A group is the target itself, or those who share a value of a worker field
(a legal employer, a country). Whoever a tripped limit counted is held; nobody else is.

What was sent for the same business date without anybody's approval counts as well, so that a plan made in the middle of an
upload, or many small plans, are judged as one would have been. An operation belongs to the group that its worker is in now and
to the one that the worker was in when last delivered: a file whose columns are shifted has no group of its own to hide in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import duckdb

from hcm_pipeline.profile import GuardLimit, Profile
from hcm_pipeline.targets.entra.scim_mapping import Mapping as ScimMapping
from hcm_pipeline.warehouse import first, literal, quote

OTHERS = "others"
HELD_FOR = ("disable", "enable", "create", "rename", "move", "clear", "change", "update", OTHERS)
"""What operations are held for; one that several limits counted is held for the first of them."""
OWN_GUARD = ("active", "userName")
"""Attributes whose changes are kinds of their own."""
KNOWN_DAYS = 5
"""With fewer business dates on which something was delivered there is no history to compare with."""


@dataclass(frozen=True)
class Verdict:
    """What a limit says about one group of operations.

    `cohort` and `value` name the group (None: the whole target), `attribute` what changes or is cleared. `operations` may be
    at most `allowed`; `base` is the number of accounts that they are a share of. `rule` is what set `allowed`: max, percent,
    history, everybody, or none where there is nothing to compare with.
    """

    kind: str
    attribute: str | None
    cohort: str | None
    value: str | None
    operations: int
    base: int
    allowed: int
    rule: str
    tripped: bool
    others_go_on: bool = True

    def as_row(self) -> dict[str, Any]:
        """For JSON and tables."""
        row = asdict(self)
        return {**row, "verdict": "tripped" if row.pop("tripped") else "passed"}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Verdict:
        """What `as_row` made."""
        given = {**row, "tripped": row["verdict"] == "tripped"}
        return cls(**{name: given[name] for name in (each.name for each in fields(cls))})

    def describe(self, *, values: bool) -> str:
        """One sentence; without `values` it names no value of a worker's field, and is fit for a log."""
        of = f" of {self.attribute}" if self.attribute else ""
        group = f" in {self.cohort} {self.value}" if values else f" in one {self.cohort}"
        group = group if self.cohort else ""
        bound = "nobody would be left" if self.rule == "everybody" else f"{self.allowed:,} are allowed ({self.rule})"
        counted = f"{self.operations:,} operations, where there are {self.base:,} accounts"
        return f"{self.kind}{of}: {counted}{group}; {bound}"


Counted = dict[str | None, dict[str, int]]
"""By group and by what is counted."""


@dataclass(frozen=True)
class _Counts:
    """What is known of the groups of a field: planned, sent already for the same business date, accounts before both."""

    planned: Counted
    sent: Counted
    bases: Counted

    def operations(self, value: str | None, name: str) -> int:
        return self.planned.get(value, {}).get(name, 0) + self.sent.get(value, {}).get(name, 0)

    def base(self, value: str | None, kind: str) -> int:
        return self.bases.get(value, {}).get(kind, 0)


@dataclass(frozen=True)
class Group:
    """One group of operations, counted. `recent` is the highest business date of late, None when there is no history."""

    value: str | None
    operations: int
    base: int
    recent: int | None


def judge_group(limit: GuardLimit, group: Group, *, attribute: str | None = None, cohort: str | None = None,
                others_go_on: bool = True) -> Verdict:  # fmt: skip
    """What a limit says about a group: the smallest of its bounds decides.

    A share of no accounts is no share: a first load, or a company that is new, is judged by `max` alone.
    """
    bounds: list[tuple[int, str]] = []
    if limit.max is not None:
        bounds.append((limit.max, "max"))
    if limit.percent is not None and group.base > 0:
        bounds.append((max(int(group.base * limit.percent / 100), limit.at_least - 1), "percent"))
    if limit.factor is not None and group.recent is not None:
        bounds.append((max(int(group.recent * limit.factor), limit.at_least - 1), "history"))
    allowed, rule = min(bounds, default=(group.operations, "none"))
    go_on = others_go_on if limit.others_go_on is None else limit.others_go_on
    return Verdict(limit.kind, attribute, cohort, group.value, group.operations, group.base, allowed, rule,
                   group.operations > allowed, go_on)  # fmt: skip


def judge(
    con: duckdb.DuckDBPyConnection, profile: Profile, mapping: ScimMapping, target: str, day: dt.date, operations: str
) -> list[Verdict]:
    """Judge a plan: what tripped, and of every limit over which nothing tripped the group that came nearest.

    `operations` is a relation with person_number, kind and every mapped value. Leaves temp table
    `held_back(person_number, held_for)` with whom the tripped limits counted, one row each.
    """
    return _Judge(con, profile, mapping, target, day, operations).verdicts()


def record(
    con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], target: str, plan_no: int, now: dt.datetime
) -> None:
    """Keep what the guards said of a plan; a plan that is made again under its number takes the place of the first."""
    con.execute("delete from guard_verdicts where plan_no = ?", [plan_no])
    for verdict in verdicts:
        row = verdict.as_row()
        con.execute(
            "insert into guard_verdicts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [target, plan_no, now, *(row[name] for name in ("kind", "attribute", "cohort", "value", "operations", "base",
                                                            "allowed", "rule", "verdict"))],
        )  # fmt: skip


def _fewest(limit: GuardLimit) -> int:
    """So many operations it takes at least to trip over a limit."""
    return limit.at_least if limit.max is None else min(limit.at_least, limit.max + 1)


class _Judge:
    """One plan before its guards. Its tables are temporary: `judged` has a row for each operation."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, profile: Profile, mapping: ScimMapping, target: str, day: dt.date, operations: str
    ) -> None:  # fmt: skip
        self._con = con
        self._guards = profile.guards
        self._target = target
        self._day = day
        self._fields = [field for field in profile.guards.cohorts if field in profile.columns]
        self._fields += [
            limit.per for limit in profile.guards.limits
            if limit.per not in (None, "cohort", *self._fields) and limit.per in profile.columns
        ]  # fmt: skip
        self._attributes: list[str] = []
        if self._attributes_matter(operations):
            self._attributes = [leaf.column for leaf in mapping.leaves if leaf.column not in OWN_GUARD]
        self._fill(operations)
        self._known: dict[str | None, _Counts] = {}
        self._highest: dict[str | None, Counted | None] = {}

    def verdicts(self) -> list[Verdict]:
        self._con.execute("create or replace temp table held_back(person_number varchar, held_for varchar)")
        found = [verdict for verdict in self._all() if verdict is not None]
        if any(verdict.tripped and not verdict.others_go_on for verdict in found):
            self._hold(OTHERS, "true")
        ranked = ", ".join(map(literal, HELD_FOR))
        self._con.execute(f"""
            create or replace temp table held_back as
            select person_number, arg_min(held_for, list_position([{ranked}], held_for)) as held_for
            from held_back group by 1
        """)
        self._con.execute("drop table judged")
        return found

    # --- limits

    def _all(self) -> Iterator[Verdict]:
        for limit in self._guards.limits:
            fields: Sequence[str | None] = [limit.per]
            if limit.per == "cohort":
                fields = [field for field in self._fields if field in self._guards.cohorts]
            whats: Sequence[str | None] = [None] if limit.kind not in {"change", "clear"} else self._attributes
            judged = [verdict for what in whats for field in fields for verdict in self._groups(limit, what, field)]
            yield from self._told(judged)
        if self._guards.whole_cohort is not None:
            yield from self._told(list(self._lost(self._guards.whole_cohort)))

    def _told(self, judged: list[Verdict]) -> Iterator[Verdict]:
        tripped = [verdict for verdict in judged if verdict.tripped]
        for verdict in tripped:
            self._hold(verdict.kind, self._predicate(verdict))
        if not tripped and any(verdict.operations for verdict in judged):
            yield max(judged, key=lambda verdict: (verdict.operations - verdict.allowed, verdict.operations))
        yield from tripped

    def _groups(self, limit: GuardLimit, attribute: str | None, field: str | None) -> Iterator[Verdict]:
        name = self._name(limit.kind, attribute)
        total = self._counts(None).operations(None, name)
        enough = total >= _fewest(limit)
        if field is not None and not enough:
            return  # no group of it can trip
        counts = self._counts(field)
        recent = self._recent(field) if enough and limit.factor is not None else None
        for value in counts.planned if field else [None]:
            operations = counts.operations(value, name)
            if operations or field is None:
                highest = None if recent is None else recent.get(value, {}).get(limit.kind, 0)
                group = Group(value, operations, counts.base(value, limit.kind), highest)
                yield judge_group(
                    limit, group, attribute=attribute, cohort=field, others_go_on=self._guards.others_go_on
                )

    def _lost(self, at_least: int) -> Iterator[Verdict]:
        """Groups that would be left without an enabled account."""
        if self._counts(None).operations(None, "disable") < at_least:
            return
        for field in (None, *(field for field in self._fields if field in self._guards.cohorts)):
            counts = self._counts(field)
            for value, planned in counts.planned.items():
                enabled, gone = counts.base(value, "disable"), counts.operations(value, "disable")
                if planned["disable"]:
                    yield Verdict(
                        "disable", None, field, value, gone, enabled, max(enabled, at_least) - 1, "everybody",
                        enabled >= at_least and gone >= enabled, self._guards.others_go_on,
                    )  # fmt: skip

    # --- what is counted

    def _name(self, kind: str, attribute: str | None) -> str:
        return kind if attribute is None else f"{kind} {self._attributes.index(attribute)}"

    def _predicate(self, verdict: Verdict) -> str:
        """SQL over `judged`: the operations that a verdict counted."""
        counted = _KINDS.get(verdict.kind) or quote(self._name(verdict.kind, verdict.attribute))
        if verdict.cohort is None:
            return counted
        value = literal(str(verdict.value))
        field = verdict.cohort
        return f"{counted} and ({quote(f'new {field}')} = {value} or {quote(f'old {field}')} = {value})"

    def _hold(self, held_for: str, predicate: str) -> None:
        self._con.execute(f"insert into held_back select person_number, ? from judged where {predicate}", [held_for])

    def _attributes_matter(self, operations: str) -> bool:
        """Whether there are so many changes that a limit of one attribute could trip: comparing them all takes its time."""
        fewest = [_fewest(limit) for limit in self._guards.limits if limit.kind in {"change", "clear"}]
        found = first(self._con, f"select count(*) from ({operations}) where kind not in ('create', 'retry')") or (0,)
        return bool(fewest) and found[0] >= min(fewest)

    def _fill(self, operations: str) -> None:
        """`judged`: person_number, kind, renamed, the groups now and when last delivered, and what changes or is cleared."""
        new = "".join(f", v.{quote(f)}::varchar as {quote(f'new {f}')}" for f in self._fields)
        old = "".join(f", o.{quote(f)}::varchar as {quote(f'old {f}')}" for f in self._fields)
        flags = "".join(
            f", known and p.{quote(a)} is distinct from x.{quote(a)} as {quote(f'change {i}')}"
            f", known and p.{quote(a)} is null and x.{quote(a)} is not null as {quote(f'clear {i}')}"
            for i, a in enumerate(self._attributes)
        )
        self._con.execute(
            f"""
            create or replace temp table judged as
            select p.person_number, p.kind, x.person_number is not null as known,
                known and p."userName" is distinct from x."userName" as renamed {new} {old} {flags}
            from ({operations}) p
            left join (select * from delivered where target = ?) x on x.person_number = p.person_number
            left join worker_versions v on v.person_number = p.person_number and v.valid_to is null
            left join manifests m on m.plan_no = x.plan_no
            left join worker_versions o on o.person_number = p.person_number and o.valid_from <= m.business_date
                and (o.valid_to is null or o.valid_to > m.business_date)
            """,
            [self._target],
        )

    def _counts(self, field: str | None) -> _Counts:
        if field not in self._known:
            sent = self._sent(field)
            self._known[field] = _Counts(self._planned(field), sent, self._bases(field, sent))
        return self._known[field]

    def _planned(self, field: str | None) -> Counted:
        """Operations by group and by what is counted."""
        flags = [f"{kind} {i}" for kind in ("change", "clear") for i in range(len(self._attributes))]
        counted = {**_KINDS, **{flag: quote(flag) for flag in flags}}
        counts = ", ".join(f"count(*) filter ({predicate})" for predicate in counted.values())
        value = "null"
        if field is not None:
            value = f"unnest(list_distinct([{quote(f'new {field}')}, {quote(f'old {field}')}]))"
        rows = self._con.execute(
            f'select "value", {counts} from (select *, {value} as "value" from judged) group by 1 order by 1'
        ).fetchall()
        return {row[0]: dict(zip(counted, row[1:], strict=True)) for row in rows}

    def _bases(self, field: str | None, sent: Counted) -> Counted:
        """Accounts by group before this business date's operations, for each kind that is a share of them."""
        delivered = f"(select * from delivered where target = {literal(self._target)}) d"
        source = f'select null as "value", active from {delivered}'
        if field is not None:  # those whose group is another by now count in the one they were in, too
            new, old = quote(f"new {field}"), quote(f"old {field}")
            source = f"""
                select v.{quote(field)}::varchar as "value", d.active from {delivered}
                join worker_versions v on v.person_number = d.person_number and v.valid_to is null
                union all
                select j.{old}, d.active from {delivered} join judged j using (person_number)
                where j.{old} is distinct from j.{new} and j.{old} is not null"""
        rows = self._con.execute(f"""
            select "value", count(*), count(*) filter (active = 'true'), count(*) filter (active is distinct from 'true')
            from ({source}) group by 1""").fetchall()
        found: Counted = {}
        for group, accounts, enabled, disabled in rows:
            before = sent.get(group, {})
            whole = accounts - before.get("create", 0)
            found[group] = {
                **dict.fromkeys(("create", "update", "rename", "move", "change", "clear"), whole),
                "disable": enabled + before.get("disable", 0),
                "enable": disabled + before.get("enable", 0),
            }
        return found

    # --- what was delivered

    def _delivered(
        self, field: str | None, since: dt.date, until: dt.date
    ) -> Iterator[tuple[dt.date, str | None, str, int]]:
        """(business date, group, what is counted, operations) that were accepted without having been held."""
        value, join = "null", ""
        if field is not None:
            value = f"v.{quote(field)}::varchar"
            join = """left join worker_versions v on v.person_number = o.person_number
                and v.valid_from <= m.business_date and (v.valid_to is null or v.valid_to > m.business_date)"""
        rows = self._con.execute(
            f"""select m.business_date, {value} as "value", o.kind, count(*)
            from manifests m join operations o using (plan_no) join accepted_requests a using (plan_no, request_no) {join}
            where m.target = ? and m.held_for is null and m.business_date between ? and ? group by all""",
            [self._target, since, until],
        ).fetchall()
        for date, group, kind, count in rows:
            for counted in _COUNTS_AS.get(kind, ()):
                yield date, group, counted, count

    def _sent(self, field: str | None) -> Counted:
        """Operations of this business date that were sent already, by group and kind."""
        sent: Counted = {}
        for _, value, counted, count in self._delivered(field, self._day, self._day):
            group = sent.setdefault(value, {})
            group[counted] = group.get(counted, 0) + count
        return sent

    def _recent(self, field: str | None) -> Counted | None:
        """The highest business date of late, by group and kind; None when too few are known."""
        if field not in self._highest:
            self._highest[field] = self._highest_of(field)
        return self._highest[field]

    def _highest_of(self, field: str | None) -> Counted | None:
        since, until = self._day - dt.timedelta(days=self._guards.history_days), self._day - dt.timedelta(days=1)
        known = first(
            self._con,
            """select count(distinct business_date) from manifests semi join accepted_requests using (plan_no)
            where target = ? and business_date between ? and ?""",
            [self._target, since, until],
        )
        if not known or known[0] < KNOWN_DAYS:
            return None
        days: dict[tuple[str | None, str, dt.date], int] = {}
        for date, value, counted, count in self._delivered(field, since, until):
            days[value, counted, date] = days.get((value, counted, date), 0) + count
        highest: Counted = {}
        for (value, counted, _), count in days.items():
            group = highest.setdefault(value, {})
            group[counted] = max(group.get(counted, 0), count)
        return highest


_KINDS = {
    "create": "kind = 'create'",
    "disable": "kind = 'disable'",
    "enable": "kind = 'enable'",
    "move": "kind = 'move'",
    "rename": "renamed",
    "update": "kind in ('update', 'rename', 'move')",
}
"""What a limit's kind counts, as SQL over `judged`."""
_COUNTS_AS = {
    "create": ("create",),
    "disable": ("disable",),
    "enable": ("enable",),
    "move": ("move", "update"),
    "rename": ("rename", "update"),
    "update": ("update",),
}
"""The same for an operation's kind."""
