"""Guards: which operations of a plan wait for an approval, judged before anything is sent.

A limit counts the operations of one kind in a group, and trips when they are too many: in number, as a share of the accounts
that there are, or against the highest day of late. A group is the target itself, or those who share a value of a worker field
(a legal employer, a country). The operations that a tripped limit counted are held, and no others.

Operations that were sent for the same business date without anybody's approval count as well, so that a plan made in the middle
of an upload, or many small plans, are judged as one would have been. An operation belongs to the group that its worker is in now
and to the one that the worker was in when last delivered: a file whose columns are shifted has no group of its own to hide in.

The share of a limit is judged over a week and a month as well (`guards.windows`), and its floor is lower in a small company
(`guards.small_percent`). Other guards look at who an operation is about (see `people`). Of all these only what trips is told.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan.guard_counts import NOT_ENABLED, Census, Scene, grouped, name_of, predicate
from hcm_pipeline.delivery.plan.people import exchanged, protected_operations
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import GuardKind, GuardLimit, Guards, GuardWindow
from hcm_pipeline.warehouse import Relation, Scratch, literal

OTHERS = "others"
HELD_FOR = (GuardKind.PROTECTED, GuardKind.EXCHANGE, GuardKind.DISABLE, GuardKind.ENABLE, GuardKind.CREATE, GuardKind.RENAME,
            GuardKind.MOVE, GuardKind.CLEAR, GuardKind.SEVERAL, GuardKind.CHANGE, GuardKind.UPDATE, OTHERS)  # fmt: skip
"""The reasons for which operations are held; one that several limits counted is held for the first of them."""
ATTRIBUTES = (GuardKind.CHANGE, GuardKind.CLEAR)
"""Kinds of limit that look at single attributes."""
LEAST = 5
"""No share of a small company stops fewer operations than these."""
FIRST_LOAD = 10
"""A first load of fewer accounts is not asked about."""
SMALL, ENABLED = "small", "enabled"
"""Rules: a limit whose floor is lower because the company is small, and a first load of whom hardly anybody would be enabled."""
PEOPLE = {
    GuardKind.PROTECTED: "{} disable, enable, rename or move protected accounts, or change a phone number or mail address",
    GuardKind.EXCHANGE: "{} are of workers with names that another one had until now: did they exchange their numbers?",
    ENABLED: "{} of a first load would make disabled accounts",
}
"""Sentences of the guards that are no limits."""


_WOULD = {
    GuardKind.CREATE: "be created",
    GuardKind.UPDATE: "change",
    GuardKind.DISABLE: "be disabled",
    GuardKind.ENABLE: "be enabled",
    GuardKind.MOVE: "move",
    GuardKind.RENAME: "get another user name",
    GuardKind.CHANGE: "get another {}",
    GuardKind.CLEAR: "lose their {}",
    GuardKind.SEVERAL: "change in several attributes at once",
    GuardKind.PROTECTED: "change although they are protected",
    GuardKind.EXCHANGE: "change with another worker's name",
}
"""The effect on accounts that a limit counts; the attribute goes into the braces."""


@dataclass(frozen=True)
class Verdict:
    """A limit's verdict on one group of operations.

    `cohort` and `value` name the group (None: the whole target), `attribute` what changes or is cleared. `operations` may be
    at most `allowed`; `base` is the number of accounts that they are a share of. `rule` is what set `allowed`: max, percent,
    history, everybody, small, `7 days` (of a window), protected, exchange, enabled, or none where there is nothing to compare with.
    """

    kind: GuardKind
    attribute: str | None
    cohort: str | None
    value: str | None
    operations: int
    base: int
    allowed: int
    rule: str
    tripped: bool
    others_go_on: bool = True
    bound: float | None = None
    """The number in the profile that `allowed` comes from: a percentage or a factor, as `rule` says. Known until it is written."""

    def as_row(self) -> dict[str, Any]:
        """For JSON and tables."""
        row = asdict(self)
        del row["bound"]  # the bytes of `plan.json` are part of a manifest's id
        return {**row, "kind": str(self.kind), "verdict": "tripped" if row.pop("tripped") else "passed"}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Verdict:
        """The verdict that `as_row` made a row of."""
        given = {**row, "kind": GuardKind(row["kind"]), "tripped": row["verdict"] == "tripped"}
        return cls(**{name: given[name] for name in (each.name for each in fields(cls)) if name in given})

    def under(self, guards: Guards) -> Verdict:
        """The same with the profile's number behind it, where one limit alone can have set it: `plan.json` does not keep it."""
        per = (None,) if self.cohort is None else ("cohort", self.cohort)
        numbers = {
            limit.percent if self.rule == "percent" else limit.factor
            for limit in guards.limits
            if limit.kind is self.kind and limit.per in per
        } - {None}
        return replace(self, bound=numbers.pop()) if self.rule in ("percent", "history") and len(numbers) == 1 else self

    def describe(self, *, values: bool) -> str:
        """In words, with a verdict; without `values` it names no value of a worker's field, and is fit for a log."""
        if self.rule in PEOPLE:
            held = " Held." if self.tripped else ""
            return f"{PEOPLE[self.rule].format(counted(self.operations, 'operation'))}.{held}"
        group = f" in {self.cohort} {self.value}" if values else f" in one {self.cohort}"
        share = f" ({_percent(self.operations, self.base)})" if self.base else ""
        group = group if self.cohort else ""
        would = f"would {_WOULD[self.kind].format(self.attribute)}"
        within = f" within {self.rule}" if self._over_days else ""
        end = "" if not self.tripped else " Held." if self.others_go_on else " Held, and all else of the plan with it."
        if self.kind is GuardKind.CREATE:
            there = "is 1" if self.base == 1 else f"are {self.base:,}" if self.base else "are none"
            created = f"{counted(self.operations, 'account')} {would}{within}{group}"
            return f"{created}, where there {there}; {self._limit()}.{end}"
        of = f"{self.operations:,} of {counted(self.base, 'account')}{group}"
        return f"{of} {would}{within}{share}; {self._limit()}.{end}"

    @property
    def _over_days(self) -> bool:
        """Whether operations of earlier days were counted, too."""
        return self.rule.endswith(" days")

    def _limit(self) -> str:
        if self.rule == "everybody":
            return "nobody would be left" if self.tripped else "somebody must be left"
        if self.rule == "none":
            return "there is nothing to compare with"
        if self.rule == SMALL:
            return f"the limit is {self.allowed:,} in so small a company"
        if self.bound is None or self.rule == "max" or self._over_days:
            return f"the limit is {self.allowed:,}"
        of = f"{self.bound:g} %" if self.rule == "percent" else f"{self.bound:g} times the highest day of late"
        return f"the limit is {of}, here {self.allowed:,}"


@dataclass(frozen=True)
class Group:
    """One group of operations, counted. `recent` is the highest business date of late, None when there is no history."""

    value: str | None
    operations: int
    base: int
    recent: int | None


@dataclass(frozen=True)
class Judged:
    """`verdicts`: of every limit what tripped, or else the group that came nearest.

    `held_back`: person_number, held_for of the operations that tripped limits counted, one row for a worker.
    """

    verdicts: tuple[Verdict, ...]
    held_back: Relation


def judge_group(
    limit: GuardLimit,
    group: Group,
    *,
    attribute: str | None = None,
    cohort: str | None = None,
    others_go_on: bool = True,
) -> Verdict:
    """Judge a group by a limit: the smallest of its bounds decides.

    A share of no accounts is no share: a first load, or a company that is new, is judged by `max` alone.
    """
    bounds: list[tuple[int, str]] = []
    numbers = {"percent": limit.percent, "history": limit.factor}
    if limit.max is not None:
        bounds.append((limit.max, "max"))
    if limit.percent is not None and group.base > 0:
        bounds.append((max(int(group.base * limit.percent / 100), limit.at_least - 1), "percent"))
    if limit.factor is not None and group.recent is not None:
        bounds.append((max(int(group.recent * limit.factor), limit.at_least - 1), "history"))
    allowed, rule = min(bounds, default=(group.operations, "none"))
    go_on = others_go_on if limit.others_go_on is None else limit.others_go_on
    return Verdict(limit.kind, attribute, cohort, group.value, group.operations, group.base, allowed, rule,
                   group.operations > allowed, go_on, numbers.get(rule))  # fmt: skip


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return "under 1 %" if 0 < share < 1 else f"{share:.0f} %"


def judge_window(limit: GuardLimit, window: GuardWindow, group: Group, floor: int) -> tuple[int, str]:
    """How many operations of a group a limit allows over a window, and the name of the rule.

    `group` has the operations of all its days, and the accounts at its beginning; `floor` is what `at_least` comes to on one day.
    """
    share = min(100.0, (limit.percent or 0) * window.factor)
    floor = math.ceil(floor * min(2.0, (1 + window.factor) / 2))  # no more: in a small company it would let too many go
    return max(int(group.base * share / 100), floor - 1), f"{window.days} days"


def evaluate(
    t: Scratch, target: Target, guards: Guards, day: dt.date, operations: Relation, delivered: Relation, groups: Relation,
    protected: Relation | None = None,
) -> Judged:  # fmt: skip
    """Judge the operations of a plan for a business date.

    `operations`: person_number, kind and every value; `delivered`: those that the target has, with plan_no; `groups` and
    `protected` as of `Facts`.
    """
    attributes: tuple[str, ...] = ()
    accounts = t.count(delivered)
    changes = _changes(t, operations)
    if changes >= min([*_fewest_changes(guards, accounts), guards.several.at_least if guards.several else changes + 1]):
        attributes = tuple(column.name for column in target.columns if column.kind is None and not column.noted)
    scene = Scene(
        target, day, operations, delivered, groups, _fields(guards, groups), attributes, accounts,
        attributes_told=changes >= min(_fewest_changes(guards, None)),
        several=guards.several.attributes if guards.several else None,
    )  # fmt: skip
    judged = grouped(t, scene)
    census = Census(t, scene, judged, guards.history_days, [window.days for window in guards.windows])
    found, people = _of_people(t, scene, guards, protected)
    verdicts = (*found, *_all(guards, scene, census))
    held_back = _held_back(t, scene, judged, verdicts, people)
    t.drop(judged)
    return Judged(verdicts, held_back)


def _of_people(
    t: Scratch, scene: Scene, guards: Guards, protected: Relation | None
) -> tuple[list[Verdict], dict[GuardKind, Relation]]:
    """The verdicts of the guards that look at people, and the workers that each holds."""
    held: dict[GuardKind, Relation] = {}
    if protected is not None:
        held[GuardKind.PROTECTED] = protected_operations(t, scene.target, scene.operations, scene.delivered, protected)
    if guards.exchange and _may_exchange(t, scene.operations):
        held[GuardKind.EXCHANGE] = exchanged(t, scene.operations, scene.delivered, scene.groups, guards.exchange)
    counts = {kind: t.count(people) for kind, people in held.items()}
    return [
        Verdict(kind, None, None, None, count, scene.accounts, 0, kind.value, True, guards.others_go_on)
        for kind, count in counts.items()
        if count
    ], held


def record(t: Scratch, verdicts: Sequence[Verdict], target: str, plan_no: int, now: dt.datetime) -> None:
    """Keep what the guards said of a plan; a plan that is made again under its number takes the place of the first."""
    t.run("delete from guard_verdicts where plan_no = ?", [plan_no])
    for verdict in verdicts:
        row = verdict.as_row()
        t.run(
            "insert into guard_verdicts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [target, plan_no, now, *(row[name] for name in ("kind", "attribute", "cohort", "value", "operations", "base",
                                                            "allowed", "rule", "verdict"))],
        )  # fmt: skip


def _fields(guards: Guards, groups: Relation) -> tuple[str, ...]:
    """The columns of groups that some limit looks at; a field that the profile maps to nothing is passed over."""
    named = (*guards.cohorts, *(limit.per for limit in guards.limits if limit.per not in (None, "cohort")))
    return tuple(dict.fromkeys(field for field in named if field in groups.columns))


def _fewest(limit: GuardLimit, floor: int | None = None) -> int:
    """So many operations it takes at least to trip over a limit, whose `at_least` comes to `floor`."""
    floor = limit.at_least if floor is None else floor
    return floor if limit.max is None else min(floor, limit.max + 1)


def floor_of(guards: Guards, at_least: int, accounts: int) -> int:
    """The number that `at_least` comes to in a company of so many accounts."""
    if guards.small_percent is None:
        return at_least
    return min(at_least, max(LEAST, math.ceil(accounts * guards.small_percent / 100)))


def _floor(guards: Guards, limit: GuardLimit, accounts: int) -> int:
    return limit.at_least if limit.kind is GuardKind.CREATE else floor_of(guards, limit.at_least, accounts)


def _changes(t: Scratch, operations: Relation) -> int:
    kinds = ", ".join(map(literal, (OperationKind.CREATE, OperationKind.RETRY)))
    return t.count(f"(select 1 from {operations} where kind not in ({kinds}))")


def _may_exchange(t: Scratch, operations: Relation) -> bool:
    """It takes two accounts that were there before."""
    return t.count(f"(select 1 from {operations} where kind <> {literal(OperationKind.CREATE)} limit 2)") > 1


def _fewest_changes(guards: Guards, accounts: int | None) -> list[float]:
    """With fewer changes no limit of one attribute can trip: comparing them all takes its time. None: as `at_least` is given."""
    limits = [limit for limit in guards.limits if limit.kind in ATTRIBUTES]
    return [_fewest(limit, None if accounts is None else _floor(guards, limit, accounts)) for limit in limits] or [
        math.inf
    ]


# --- limits


def _all(guards: Guards, scene: Scene, census: Census) -> Iterator[Verdict]:
    cohorts = [field for field in scene.fields if field in guards.cohorts]
    for limit in guards.limits:
        groups: Sequence[str | None] = [limit.per] if limit.per in (None, *scene.fields) else []
        if limit.per == "cohort":
            groups = cohorts
        attributes: Sequence[str | None] = scene.attributes if limit.kind in ATTRIBUTES else [None]
        yield from _of_interest(
            [
                judged
                for attribute in attributes
                for field in groups
                for judged in _groups(guards, limit, scene, census, attribute, field)
            ]
        )
    if guards.whole_cohort is not None:
        yield from _of_interest([(v, True) for v in _emptied(guards, guards.whole_cohort, cohorts, census)])
        yield from _emptied_by_and_by(guards, guards.whole_cohort, cohorts, census)
    yield from _several(guards, scene, census)
    yield from _hardly_enabled(guards, census)


def _of_interest(judged: list[tuple[Verdict, bool]]) -> Iterator[Verdict]:
    """All that tripped, or else the one that came nearest of those that are told although they passed."""
    tripped = [verdict for verdict, _ in judged if verdict.tripped]
    told = [verdict for verdict, is_told in judged if is_told]
    if not tripped and any(verdict.operations for verdict in told):
        yield max(told, key=lambda verdict: (verdict.operations - verdict.allowed, verdict.operations))
    yield from tripped


def _groups(
    guards: Guards, limit: GuardLimit, scene: Scene, census: Census, attribute: str | None, field: str | None
) -> Iterator[tuple[Verdict, bool]]:
    """A limit's verdict on each group of a field, and whether it is told although it passed."""
    name = name_of(scene, limit.kind, attribute)
    total, floor = census.tally(None).operations(None, name), _floor(guards, limit, scene.accounts)
    usual = total >= _fewest(limit)
    windows = _windows(guards, limit, census, floor) if attribute is None else ()
    enough = total >= _fewest(limit, floor)
    if field is not None and not (enough or windows):
        return  # no group of it can trip
    told = usual or field is None
    counts = census.tally(field)
    recent = census.highest(field) if enough and limit.factor is not None else None
    for value in counts.planned if field else [None]:
        operations = counts.operations(value, name)
        if operations or field is None:
            highest = None if recent is None else recent.get(value, {}).get(limit.kind, 0)
            group = Group(value, operations, counts.base(value, limit.kind), highest)
            verdict = judge_group(
                limit, group if usual else replace(group, recent=None), attribute=attribute, cohort=field,
                others_go_on=guards.others_go_on,
            )  # fmt: skip
            if not verdict.tripped and floor < limit.at_least:
                verdict = _stricter(verdict, _small(limit, group, floor))
            if not verdict.tripped and counts.planned.get(value, {}).get(name, 0):
                for window in windows:
                    verdict = _over(verdict, limit, window, census, floor)
            yield verdict, told and (limit.kind not in ATTRIBUTES or scene.attributes_told)


def _small(limit: GuardLimit, group: Group, floor: int) -> Verdict:
    return replace(judge_group(limit.model_copy(update={"at_least": floor}), group), rule=SMALL)


def _stricter(verdict: Verdict, other: Verdict) -> Verdict:
    """The verdict with the numbers of another one, where that one trips."""
    if verdict.tripped or not other.tripped:
        return verdict
    return replace(
        verdict, operations=other.operations, base=other.base, allowed=other.allowed, rule=other.rule, tripped=True,
        bound=other.bound,
    )  # fmt: skip


def _windows(guards: Guards, limit: GuardLimit, census: Census, floor: int) -> Sequence[GuardWindow]:
    """The windows over which a limit could trip at all."""
    if limit.percent is None or not census.tally(None).planned.get(None, {}).get(limit.kind, 0):
        return ()
    return [w for w in guards.windows if census.window(None, w.days).operations(None, limit.kind) >= floor]


def _over(verdict: Verdict, limit: GuardLimit, window: GuardWindow, census: Census, floor: int) -> Verdict:
    """The verdict over a window, where it trips and the day's own did not."""
    counts = census.window(verdict.cohort, window.days)
    operations, base = counts.operations(verdict.value, limit.kind), counts.base(verdict.value, limit.kind)
    if verdict.tripped or base <= 0:
        return verdict
    allowed, rule = judge_window(limit, window, Group(verdict.value, operations, base, None), floor)
    return _stricter(
        verdict,
        replace(verdict, operations=operations, base=base, allowed=allowed, rule=rule, tripped=operations > allowed),
    )


def _emptied_by_and_by(guards: Guards, at_least: int, cohorts: Sequence[str], census: Census) -> Iterator[Verdict]:
    """Groups that would be left without an enabled account, of those who were there at the beginning of a window."""
    if not census.tally(None).planned.get(None, {}).get(GuardKind.DISABLE, 0):
        return
    for window in guards.windows:
        if census.window(None, window.days).operations(None, GuardKind.DISABLE) < at_least:
            continue
        for field in cohorts:
            today, counts = census.tally(field), census.window(field, window.days)
            for value, planned in today.planned.items():
                if not planned[GuardKind.DISABLE]:
                    continue
                left = today.base(value, GuardKind.DISABLE) - today.operations(value, GuardKind.DISABLE)
                gone = counts.operations(value, GuardKind.DISABLE)
                if left <= 0 and at_least <= gone and today.operations(value, GuardKind.DISABLE) < at_least:
                    base = counts.base(value, GuardKind.DISABLE)
                    yield Verdict(GuardKind.DISABLE, None, field, value, gone, base, base - 1, f"{window.days} days", True,
                                  guards.others_go_on)  # fmt: skip


def _several(guards: Guards, scene: Scene, census: Census) -> Iterator[Verdict]:
    """Accounts of which several attributes change at once."""
    if guards.several is None or not scene.attributes:
        return
    counts = census.tally(None)
    operations, base = counts.operations(None, GuardKind.SEVERAL), counts.base(None, GuardKind.UPDATE)
    floor = floor_of(guards, guards.several.at_least, scene.accounts)
    allowed = max(int(base * guards.several.percent / 100), floor - 1)
    if operations > allowed:
        yield Verdict(
            GuardKind.SEVERAL, None, None, None, operations, base, allowed, "percent", True, guards.others_go_on
        )


def _hardly_enabled(guards: Guards, census: Census) -> Iterator[Verdict]:
    """A first load of whom hardly anybody would be enabled."""
    counts = census.tally(None)
    planned = counts.planned.get(None, {})
    made, disabled = planned.get(GuardKind.CREATE, 0), planned.get(NOT_ENABLED, 0)
    if guards.first_load_enabled_percent is None or counts.base(None, GuardKind.CREATE) > 0 or made < FIRST_LOAD:
        return
    if (made - disabled) * 100 < guards.first_load_enabled_percent * made:
        allowed = int(made * (100 - guards.first_load_enabled_percent) / 100)
        yield Verdict(GuardKind.CREATE, None, None, None, disabled, made, allowed, ENABLED, True, guards.others_go_on)


def _emptied(guards: Guards, at_least: int, cohorts: Sequence[str], census: Census) -> Iterator[Verdict]:
    """Groups that would be left without an enabled account."""
    if census.tally(None).operations(None, GuardKind.DISABLE) < at_least:
        return
    for field in (None, *cohorts):
        counts = census.tally(field)
        for value, planned in counts.planned.items():
            enabled, gone = counts.base(value, GuardKind.DISABLE), counts.operations(value, GuardKind.DISABLE)
            if planned[GuardKind.DISABLE]:
                yield Verdict(
                    GuardKind.DISABLE, None, field, value, gone, enabled, max(enabled, at_least) - 1, "everybody",
                    enabled >= at_least and gone >= enabled, guards.others_go_on,
                )  # fmt: skip


def _held_back(
    t: Scratch, scene: Scene, judged: Relation, verdicts: Sequence[Verdict], people: Mapping[GuardKind, Relation]
) -> Relation:
    """`people` are the workers that a kind holds by who they are; of every other kind its operations are counted again."""
    tripped = [verdict for verdict in verdicts if verdict.tripped]
    held: list[tuple[str, str]] = [
        (v.kind, f"person_number in (select person_number from {people[v.kind]})" if v.kind in people
         else predicate(scene, v.kind, v.attribute, v.cohort, v.value))
        for v in tripped
    ]  # fmt: skip
    if any(not verdict.others_go_on for verdict in tripped):
        held.append((OTHERS, "true"))
    if not held:
        return t.empty("held_back", {"person_number": "VARCHAR", "held_for": "VARCHAR"})
    counted = " union all ".join(
        f"select person_number, {literal(held_for)} as held_for from {judged} where {condition}"
        for held_for, condition in held
    )
    ranked = ", ".join(map(literal, HELD_FOR))
    return t.make(
        "held_back",
        f"""select person_number, arg_min(held_for, list_position([{ranked}], held_for)) as held_for
        from ({counted}) group by 1""",
    )
