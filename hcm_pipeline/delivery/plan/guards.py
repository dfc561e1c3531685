"""Guards: which operations of a plan wait for an approval, judged before anything is sent.

A limit counts the operations of one kind in a group, and trips when they are too many: in number, as a share of the accounts
that there are, or against the highest day of late. A group is the target itself, or those who share a value of a worker field
(a legal employer, a country). The operations that a tripped limit counted are held, and no others.

Operations that were sent for the same business date without anybody's approval count as well, so that a plan made in the middle
of an upload, or many small plans, are judged as one would have been. An operation belongs to the group that its worker is in now
and to the one that the worker was in when last delivered: a file whose columns are shifted has no group of its own to hide in.

The share of a limit is judged over a week and a month as well (`guards.windows`), and its floor is lower in a small company
(`guards.small_percent`). Other guards look at who an operation is about (see `people`), at how much of an account changes at once,
and at records for accounts of which the target has another version. Of all these only what trips is told.

An operation that is sent again because it failed counts where it counted first, and no second time. One that is sent again because
nobody knows whether it arrived is judged by both versions that the account may have. A person's word ends the count: neither an
approved manifest counts any more, nor the sum of a window that a person looked at; nor does an operation that an undo took back.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan.guard_counts import (
    ATTRIBUTES,
    CHANGING,
    NOT_ENABLED,
    OLD,
    Census,
    Counted,
    Scene,
    grouped,
    name_of,
    planned,
    predicate,
)
from hcm_pipeline.delivery.plan.guard_windows import Kept, Windows, noted, remember
from hcm_pipeline.delivery.plan.people import exchanged, protected_operations
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import GuardKind, GuardLimit, GuardResend, Guards, GuardSeveral, GuardWindow
from hcm_pipeline.warehouse import Relation, Scratch, literal

OTHERS = "others"
HELD_FOR = (GuardKind.POPULATION, GuardKind.PROTECTED, GuardKind.EXCHANGE, GuardKind.DISABLE, GuardKind.ENABLE, GuardKind.CREATE,
            GuardKind.RENAME, GuardKind.MOVE, GuardKind.RESEND, GuardKind.CLEAR, GuardKind.SEVERAL, GuardKind.CHANGE,
            GuardKind.UPDATE,
            OTHERS)  # fmt: skip
"""The reasons for which operations are held; one that several limits counted is held for the first of them."""
LEAST = 5
"""No share of a small company stops fewer operations than these."""
FIRST_LOAD = 10
"""A first load of fewer accounts is not asked about."""
SMALL, ENABLED = "small", "enabled"
"""Rules: a limit whose floor is lower because the company is small, and a first load of whom hardly anybody would be enabled."""
PEOPLE = {
    GuardKind.POPULATION: "{} would give an account here to workers who have one at another target",
    GuardKind.PROTECTED: "{} disable, enable, rename or move protected accounts, or change a phone number or mail address",
    GuardKind.EXCHANGE: "{} are of workers with names that another one had until now: did they exchange their numbers?",
    ENABLED: "{} of a first load would make disabled accounts",
}
"""Sentences of the guards that are no limits."""
_Share = GuardSeveral | GuardResend
"""A share of all accounts that something may be done to."""
_WOULD = {
    GuardKind.POPULATION: "get an account beside the one at another target",
    GuardKind.CREATE: "be created",
    GuardKind.UPDATE: "change",
    GuardKind.DISABLE: "be disabled",
    GuardKind.ENABLE: "be enabled",
    GuardKind.MOVE: "move",
    GuardKind.RENAME: "get another user name",
    GuardKind.CHANGE: "get another {}",
    GuardKind.CLEAR: "lose their {}",
    GuardKind.SEVERAL: "change in several attributes at once",
    GuardKind.RESEND: "be sent again although the target has another version of them than this home knows",
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
    kept: Kept | None = None
    """To be remembered when the plan is written; None: nothing was to be kept."""


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


def judge_window(limit: GuardLimit | _Share, window: GuardWindow, group: Group, floor: int) -> tuple[int, str]:
    """How many operations of a group a limit allows over a window, and the name of the rule.

    `group` has the operations of all its days, and the accounts at its beginning; `floor` is what `at_least` comes to on one day.
    The share goes no farther than half the way to everybody: most of a group in one day are too many over any number of days, too.
    """
    percent = limit.percent or 0
    share, grown = percent * window.factor, window.factor
    if percent and share > (100 + percent) / 2:
        share = (100 + percent) / 2
        grown = share / percent
    floor = math.ceil(floor * min(2.0, (1 + grown) / 2))  # no more: in a small company it would let too many go
    return max(int(group.base * share / 100), floor - 1), f"{window.days} days"


def evaluate(
    t: Scratch, target: Target, guards: Guards, day: dt.date, operations: Relation, delivered: Relation, groups: Relation,
    protected: Relation | None = None, perhaps: Relation | None = None, moving: Relation | None = None, *,
    share_of: int | None = None, keeps: bool = False, theirs: Relation | None = None,
) -> Judged:  # fmt: skip
    """Judge the operations of a plan for a business date.

    `operations`: person_number, kind and every value; `delivered`: those that the target has, with plan_no; `groups`,
    `protected` and `moving` as of `Facts`. `perhaps`: versions that the target may have by now, columns as of `delivered`; None:
    there is none. `share_of` as of `Rules`; `keeps`: whether `Judged.kept` is wanted. `theirs`: of
    `delivered`, those of the workers of `operations` at least; None: nobody has looked for them.
    """
    known = bool(t.first(f"select 1 from {operations} where kind <> {literal(OperationKind.CREATE)} limit 1"))
    of_groups = known or t.count(f"(select 1 from {delivered} limit 1)") > 0 or _create_by_group(guards)
    scene = Scene(
        target, day, operations, delivered, groups, _fields(guards, groups) if of_groups else (),
        # of a first load nothing is compared, and no group of it is judged
        tuple(column.name for column in target.columns if column.kind is None and not column.noted and known),
        several=guards.several.attributes if guards.several and known else None,
        who=guards.exchange if known and all(field in groups.columns for field in guards.exchange) else (),
        reaches=known, unknown=_unknown(t, target), perhaps=perhaps, theirs=theirs,
    )  # fmt: skip
    judged = grouped(t, scene)
    days = [window.days for window in guards.windows]
    census = Census(t, scene, judged, guards.history_days, days)
    windows = Windows(t, scene, judged, census, days)
    people = _of_people(t, scene, judged, census, protected, moving)
    verdicts = (*_held_of_people(t, guards, census, people), *_all(_Limits(guards, scene, census, windows, share_of)))
    held_back = _held_back(t, scene, judged, verdicts, people)
    kept = _kept(t, scene, judged, census, held_back) if keeps else None
    t.drop(judged)
    return Judged(
        verdicts, held_back or t.empty("held_back", {"person_number": "VARCHAR", "held_for": "VARCHAR"}), kept
    )


def _unknown(t: Scratch, target: Target) -> Relation | None:
    """person_number of all of whom the target has another version; None: there is none."""
    if not t.first("select 1 from unknown_versions where target = ? limit 1", [target.key]):
        return None
    return t.view(
        "unknown", f"select distinct person_number from unknown_versions where target = {literal(target.key)}"
    )


def _kept(t: Scratch, scene: Scene, judged: Relation, census: Census, held_back: Relation | None) -> Kept:
    """Facts to be remembered of the operations that nothing holds."""
    free = "true" if held_back is None else f"person_number not in (select person_number from {held_back})"
    counts = census.planned if held_back is None else planned(t, scene, judged, free, fields=scene.fields)
    total = counts[None][None]
    beside = total[CHANGING] or total[GuardKind.RESEND]
    return Kept(counts, noted(t, scene, judged, free) if beside else None)


def _of_people(
    t: Scratch, scene: Scene, judged: Relation, census: Census, protected: Relation | None, moving: Relation | None
) -> dict[GuardKind, Relation]:
    """The workers that each of the guards holds that look at people."""
    held: dict[GuardKind, Relation] = {}
    if moving is not None:
        held[GuardKind.POPULATION] = t.view(
            "moving_operations",
            f"select person_number from {scene.operations} semi join {moving} using (person_number)",
        )
    if protected is not None and judged.made:
        held[GuardKind.PROTECTED] = protected_operations(t, judged, protected)
    if scene.who and census.planned[None][None][OLD] > 1:  # it takes two accounts that were there before
        held[GuardKind.EXCHANGE] = exchanged(t, judged)
    return held


def _held_of_people(
    t: Scratch, guards: Guards, census: Census, people: Mapping[GuardKind, Relation]
) -> Iterator[Verdict]:
    for kind, workers in people.items():
        if count := t.count(workers):
            yield Verdict(kind, None, None, None, count, census.size, 0, kind.value, True, guards.others_go_on)


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


def keep(t: Scratch, judged: Judged, guards: Guards, target: str, plan_no: int, day: dt.date) -> None:
    """Keep what a later plan's limits over days want to know of a plan's free manifest, which has this number."""
    since = day - dt.timedelta(days=max((window.days for window in guards.windows), default=1))
    if judged.kept is not None:
        remember(t, judged.kept, target, plan_no, since)


def _fields(guards: Guards, groups: Relation) -> tuple[str, ...]:
    """The columns of groups that some limit looks at; a field that the profile maps to nothing is passed over."""
    named = (*guards.cohorts, *(limit.per for limit in guards.limits if limit.per not in (None, "cohort")))
    return tuple(dict.fromkeys(field for field in named if field in groups.columns))


def _create_by_group(guards: Guards) -> bool:
    return any(limit.kind is GuardKind.CREATE and limit.per is not None for limit in guards.limits)


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


# --- limits


@dataclass(frozen=True)
class _Limits:
    """All that the limits of a profile are compared with."""

    guards: Guards
    scene: Scene
    census: Census
    windows: Windows
    share_of: int | None

    def over_days(self, limit: GuardLimit) -> GuardLimit:
        """The limit with the share that is judged over days."""
        if limit.percent is not None or limit.max is None or not self.share_of:
            return limit
        return limit.model_copy(update={"percent": min(100.0, 100 * limit.max / self.share_of)})

    def base(self, verdict: Verdict, days: int) -> int:
        """At least so many accounts were there when the days began."""
        return self.share_of or self.windows.base(verdict.kind, verdict.cohort, verdict.value, days)

    @property
    def cohorts(self) -> list[str]:
        """The fields whose values are groups for every limit."""
        return [field for field in self.scene.fields if field in self.guards.cohorts]

    @property
    def attributes_told(self) -> bool:
        """Whether limits of single attributes are told when they pass: there are enough changes for one to trip."""
        fewest = [_fewest(limit) for limit in self.guards.limits if limit.kind in ATTRIBUTES]
        return bool(fewest) and self.census.planned[None][None][CHANGING] >= min(fewest)


def _all(on: _Limits) -> Iterator[Verdict]:
    attributes_told = on.attributes_told
    for limit in on.guards.limits:
        groups: Sequence[str | None] = [limit.per] if limit.per in (None, *on.scene.fields) else []
        if limit.per == "cohort":
            groups = on.cohorts
        attributes: Sequence[str | None] = on.scene.attributes if limit.kind in ATTRIBUTES else [None]
        told = attributes_told or limit.kind not in ATTRIBUTES
        yield from _of_interest(
            [
                (verdict, told and is_told)
                for attribute in attributes
                for field in groups
                for verdict, is_told in _groups(on, limit, attribute, field)
            ]
        )
    if on.guards.whole_cohort is not None:
        yield from _of_interest([(v, True) for v in _emptied(on, on.guards.whole_cohort)])
        yield from _emptied_by_and_by(on, on.guards.whole_cohort)
    yield from _share_of_all(on, GuardKind.SEVERAL, on.guards.several)
    yield from _share_of_all(on, GuardKind.RESEND, on.guards.resend)
    yield from _hardly_enabled(on.guards, on.census)


def _of_interest(judged: list[tuple[Verdict, bool]]) -> Iterator[Verdict]:
    """All that tripped, or else the one that came nearest of those that are told although they passed."""
    tripped = [verdict for verdict, _ in judged if verdict.tripped]
    told = [verdict for verdict, is_told in judged if is_told]
    if not tripped and any(verdict.operations for verdict in told):
        yield max(told, key=lambda verdict: (verdict.operations - verdict.allowed, verdict.operations))
    yield from tripped


def _groups(on: _Limits, limit: GuardLimit, attribute: str | None, field: str | None) -> Iterator[tuple[Verdict, bool]]:
    """A limit's verdict on each group of a field, and whether it is told although it passed."""
    name, whole = name_of(limit.kind, attribute), on.census.tally(None)
    total, floor = whole.operations(None, name), _floor(on.guards, limit, on.census.size)
    enough, usual = total >= _fewest(limit, floor), total >= _fewest(limit)
    before = max((on.windows.at_most(None, None, name, window.days) for window in on.guards.windows), default=0)
    over_days = (
        on.over_days(limit).percent is not None and whole.planned[None].get(name, 0) > 0 and before + total >= floor
    )
    if field is not None and not (enough or over_days):
        return  # no group of it can trip
    told = usual or field is None
    counts = on.census.tally(field)
    recent = on.census.highest(limit.kind, field) if usual and limit.factor is not None else None
    for value, _ in _in_order(counts.planned):
        operations = counts.operations(value, name)
        if operations:
            group = Group(
                value, operations, counts.base(value, limit.kind), None if recent is None else recent.get(value, 0)
            )
            verdict = judge_group(
                limit, group, attribute=attribute, cohort=field, others_go_on=on.guards.others_go_on
            )  # fmt: skip
            if not verdict.tripped and floor < limit.at_least:
                verdict = _stricter(verdict, _small(limit, group, floor))
            if over_days and not verdict.tripped and counts.planned.get(value, {}).get(name, 0):
                verdict = _over(on, verdict, on.over_days(limit), floor)
            yield verdict, told


def _in_order(counted: Counted) -> list[tuple[str | None, dict[str, int]]]:
    """The groups by their values."""
    return sorted(counted.items(), key=lambda group: (group[0] is None, group[0] or ""))


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


def _over(on: _Limits, verdict: Verdict, limit: GuardLimit | _Share, floor: int) -> Verdict:
    """The verdict over the first of the windows over which it trips, where the day's own did not.

    Workers are counted only where so many operations went out that they may be too many.
    """
    kind, field, value = verdict.kind, verdict.cohort, verdict.value
    for window in on.guards.windows:
        before = on.windows.at_most(field, value, name_of(kind, verdict.attribute), window.days)
        least = Group(value, 0, on.base(verdict, window.days), None)
        if kind is GuardKind.CREATE and field is None and least.base <= 0:
            continue  # a share of no accounts is no share
        if verdict.operations + before > judge_window(limit, window, least, floor)[0]:
            found = on.windows.count(kind, verdict.attribute, field, value, window.days)
            base = on.share_of or found.base
            allowed, rule = judge_window(limit, window, Group(value, found.operations, base, None), floor)
            if base > 0 and found.operations > allowed:
                return replace(
                    verdict, operations=found.operations, base=base, allowed=allowed, rule=rule, tripped=True,
                    bound=None,
                )  # fmt: skip
    return verdict


def _emptied_by_and_by(on: _Limits, at_least: int) -> Iterator[Verdict]:
    """Groups that would be left without an enabled account, of those who were there at the beginning of a window."""
    if not on.census.planned[None][None][GuardKind.DISABLE]:
        return
    for window in on.guards.windows:
        if (
            on.windows.at_most(None, None, GuardKind.DISABLE, window.days)
            + on.census.planned[None][None][GuardKind.DISABLE]
            < at_least
        ):
            continue
        for field in on.cohorts:
            today = on.census.tally(field)
            for value, planned_ones in _in_order(today.planned):
                gone_today = today.operations(value, GuardKind.DISABLE)
                left = today.base(value, GuardKind.DISABLE) - gone_today
                if not planned_ones.get(GuardKind.DISABLE, 0) or left > 0 or gone_today >= at_least:
                    continue
                gone = on.windows.count(GuardKind.DISABLE, None, field, value, window.days)
                if gone.operations >= at_least:
                    yield Verdict(GuardKind.DISABLE, None, field, value, gone.operations, gone.base, gone.base - 1,
                                  f"{window.days} days", True, on.guards.others_go_on)  # fmt: skip


def _share_of_all(on: _Limits, kind: GuardKind, share: _Share | None) -> Iterator[Verdict]:
    """A guard that is a share of all accounts, and is told only when it trips."""
    counts = on.census.tally(None)
    operations, base = counts.operations(None, kind), counts.base(None, kind)
    if share is None or not counts.planned[None][kind]:
        return
    floor = floor_of(on.guards, share.at_least, on.census.size)
    allowed = max(int(base * share.percent / 100), floor - 1)
    verdict = Verdict(
        kind, None, None, None, operations, base, allowed, "percent", operations > allowed, on.guards.others_go_on
    )
    if not verdict.tripped:
        verdict = _over(on, verdict, share, floor)
    if verdict.tripped:
        yield verdict


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


def _emptied(on: _Limits, at_least: int) -> Iterator[Verdict]:
    """Groups that would be left without an enabled account."""
    if on.census.tally(None).operations(None, GuardKind.DISABLE) < at_least:
        return
    for field in (None, *on.cohorts):
        counts = on.census.tally(field)
        for value, planned_ones in _in_order(counts.planned):
            enabled, gone = counts.base(value, GuardKind.DISABLE), counts.operations(value, GuardKind.DISABLE)
            if planned_ones.get(GuardKind.DISABLE, 0):
                yield Verdict(
                    GuardKind.DISABLE, None, field, value, gone, enabled, max(enabled, at_least) - 1, "everybody",
                    enabled >= at_least and gone >= enabled, on.guards.others_go_on,
                )  # fmt: skip


def _held_back(
    t: Scratch, scene: Scene, judged: Relation, verdicts: Sequence[Verdict], people: Mapping[GuardKind, Relation]
) -> Relation | None:
    """person_number, held_for of the operations that are held; None: there is none.

    `people` are the workers that a kind holds by who they are; of every other kind its operations are counted again.
    """
    tripped = [verdict for verdict in verdicts if verdict.tripped]
    held: list[tuple[str, str]] = [
        (v.kind, f"person_number in (select person_number from {people[v.kind]})" if v.kind in people
         else predicate(scene, v.kind, v.attribute, v.cohort, v.value))
        for v in tripped
    ]  # fmt: skip
    if any(not verdict.others_go_on for verdict in tripped):
        held.append((OTHERS, "true"))
    if not held:
        return None
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
