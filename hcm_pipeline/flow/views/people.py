"""The people whom a plan is about: first those who lose something, then everybody else, by kind of operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import duckdb

from hcm_pipeline.delivery import UNDO, Column, OperationKind, Preview, Target
from hcm_pipeline.directory import key_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

NOBODY = "No account would change."
PAGE = 1000
"""Rows that are read at once."""


class Loss(StrEnum):
    """Something that an operation takes from a person, the worst first."""

    DISABLED = "disabled"
    RENAMED = "renamed"
    MOVED = "moved"
    CLEARED = "cleared"
    KEPT = "kept"
    """A value that HR has cleared: no null clears it, and it stays."""


WOULD = {
    Loss.DISABLED: "be disabled",
    Loss.RENAMED: "get another user name",
    Loss.MOVED: "move to another container",
    Loss.CLEARED: "lose a value",
    Loss.KEPT: "keep a value that HR has cleared",
    OperationKind.ENABLE: "be enabled",
    OperationKind.CREATE: "be created",
    OperationKind.UPDATE: "get other values",
    OperationKind.RETRY: "be sent again as they are",
}
"""The effect on an account, behind `would`."""


@dataclass(frozen=True)
class AttributeDifference:
    """One attribute of one account: what the target has, and what it should have.

    `stays`: it is cleared to no effect, since no null clears it. `instead`: the new value stands in the place of null.
    """

    attribute: str
    from_: str
    old: str | None
    new: str | None
    stays: bool = False
    instead: bool = False


@dataclass(frozen=True)
class Person:
    """One operation and the worker whom it is about. `name` is HR's; None where HR no longer tells it.

    `loses`: see `Loss`; `held_for` and `why`: what a person decides about first, and the sentences of what tripped; `undoes` the
    manifest that the operation takes back. `changes` are the attributes that change; of a new account its user name alone, unless
    all were asked for.
    """

    person_number: str
    name: str | None
    kind: str
    loses: tuple[str, ...]
    held_for: str | None
    why: tuple[str, ...]
    undoes: str | None
    changes: tuple[AttributeDifference, ...]
    unsure: bool = False
    """Nobody knows that the account has the old values: see `Unsure`."""


@dataclass(frozen=True)
class People:
    """The people of one plan. `total` operations, of which `losing` take something from somebody and `held` wait for a decision.

    `headline` says so in words. The people are read while the block lasts in which the plan was looked at.
    """

    headline: str
    total: int
    losing: int
    held: int
    _con: duckdb.DuckDBPyConnection
    _select: str
    _whole: str
    _why: Mapping[str, tuple[str, ...]]

    def read(self, limit: int | None = None, *, whole: bool = False) -> Iterator[Person]:
        """The first `limit` people, or all, in order. `whole`: with every value of a new account."""
        first = "" if limit is None else f" where brief.place <= {limit}"  # not LIMIT: only theirs are compared
        result = self._con.execute(f"{self._whole if whole else self._select}{first} order by brief.place")
        while rows := result.fetchmany(PAGE):
            for number, name, kind, loses, held_for, undoes, changes, unsure in rows:
                yield Person(
                    number, name, kind, tuple(loses), held_for, self._why.get(held_for or "", ()), undoes,
                    tuple(AttributeDifference(*(c[name] for name in ("attribute", "origin", "old", "new", "stays", "instead")))
                          for c in changes),
                    unsure,
                )  # fmt: skip


def find_people(
    t: Scratch, target: Target, containers: Sequence[str], found: Preview, workers: Relation,
    why: Mapping[str, Iterable[str]], unsure: Relation | None = None,
) -> People:  # fmt: skip
    """The people of a plan. `containers` are the target's columns that say where an account is.

    `workers`: person_number, first_name, last_name, display_name. `why`: the sentences of what tripped, by what is held for it.
    `unsure`: person_number of those of whom nobody knows what the target has; None: there are none.
    """
    brief = t.make("brief", _brief(target, containers, found))
    every = _changes(found, target.columns)
    named = _changes(found, [c for c in target.columns if c.kind is OperationKind.RENAME])
    return People(
        _headline(t, brief), t.count(brief), _counted(t, brief, "len(loses) > 0"), _counted(t, brief, "held_for is not null"),
        t.con, _people(found, brief, workers, f"case when brief.known then {every} else {named} end", unsure),
        _people(found, brief, workers, every, unsure), {held_for: tuple(said) for held_for, said in why.items()},
    )  # fmt: skip


def _changes(found: Preview, columns: Sequence[Column]) -> str:
    """SQL (a list of structs with the fields of `AttributeDifference`) of those columns that change."""
    structs = ", ".join(
        f"{{'attribute': {literal(c.name)}, 'origin': {literal(c.origin)}, 'old': delivered.{quote(c.name)},"
        f" 'new': operation.{quote(c.name)},"
        f" 'stays': {_cleared(c.name) if c.name in found.stays else 'false'},"
        f" 'instead': {_instead(c)}}}"
        for c in columns
    )
    return f"list_filter([{structs}], lambda change: change.old is distinct from change.new)" if structs else "[]"


def _brief(target: Target, containers: Sequence[str], found: Preview) -> str:
    """A row for each operation: person_number, undoes, kind, known, held_for, loses, place in the order of reading."""
    old, new = "delivered.{}".format, "operation.{}".format
    renamed = _any(f"{old(n)} <> {new(n)}" for n in _named(target, OperationKind.RENAME))
    moved = _any(f"{key_sql(old(quote(n)))} <> {key_sql(new(quote(n)))}" for n in containers)
    cleared = _any(_cleared(c.name) for c in target.columns if c.name not in found.stays)
    kept = _any(_cleared(c.name) for c in target.columns if c.name in found.stays)
    ended = f"coalesce({target.enabled_sql('delivered')} and not {target.enabled_sql('operation')}, false)"
    tests = {
        Loss.DISABLED: f"operation.kind = {literal(OperationKind.DISABLE)} or {ended}",
        Loss.RENAMED: renamed,
        Loss.MOVED: moved,
        Loss.CLEARED: cleared,
        Loss.KEPT: kept,
    }
    losses = ", ".join(f"case when {test} then {literal(loss)} end" for loss, test in tests.items())
    ranks = ", ".join(literal(loss) for loss in Loss)
    kinds = ", ".join(literal(kind) for kind in target.kinds)
    facts = f"""
        select operation.person_number, operation.undoes, operation.kind, delivered.person_number is not null as known,
            case when operation.rest_of is null then operation.held_for end as held_for,
            list_filter([{losses}], lambda loss: loss is not null) as loses
        from {found.operations} operation left join {found.delivered} delivered using (person_number)"""
    worst = f"coalesce(list_position([{ranks}], loses[1]), {len(Loss) + 1})"
    return f"""
        select *, row_number() over (order by {worst}, list_position([{kinds}], kind), person_number, undoes) as place
        from ({facts})"""


def _named(target: Target, kind: OperationKind) -> list[str]:
    return [quote(column.name) for column in target.columns if column.kind is kind]


def _cleared(name: str) -> str:
    return f"(delivered.{quote(name)} is not null and operation.{quote(name)} is null)"


def _instead(column: Column) -> str:
    if column.instead is None:
        return "false"
    return f"coalesce(list_contains(replaced.attributes, {literal(column.name)}), false)"


def _any(tests: Iterable[str]) -> str:
    return " or ".join(tests) or "false"


def _people(found: Preview, brief: Relation, workers: Relation, changes: str, unsure: Relation | None) -> str:
    """A SELECT of the fields of `Person` but for `why`, in no order. `changes`: see `_changes`."""
    doubted = f"brief.person_number in (select person_number from {unsure})" if unsure is not None else "false"
    name = "nullif(trim(concat_ws(' ', worker.first_name, worker.last_name)), '')"
    return f"""
        select brief.person_number, coalesce({name}, worker.display_name) as name, brief.kind, brief.loses, brief.held_for,
            brief.undoes, {changes} as changes, {doubted} as unsure
        from {brief} brief
        join {found.operations} operation
            on operation.person_number = brief.person_number and operation.undoes is not distinct from brief.undoes
        left join {found.delivered} delivered on delivered.person_number = brief.person_number
        left join (select person_number, list(attribute) as attributes from {found.replaced} group by 1) replaced
            on replaced.person_number = brief.person_number and brief.undoes is null
        left join {workers} worker on worker.person_number = brief.person_number"""


def _counted(t: Scratch, brief: Relation, condition: str) -> int:
    return t.count(f"(select 1 from {brief} where {condition})")


def _headline(t: Scratch, brief: Relation) -> str:
    """How many accounts the plan takes something from, how many it gives or changes something, and how many wait."""
    order = [*Loss, *OperationKind]
    other = ", ".join(literal(kind) for kind in OperationKind if kind not in WOULD)
    effect = f"coalesce(loses[1], case when kind in ({other}) then {literal(OperationKind.UPDATE)} else kind end)"
    counted = dict(t.rows(f"select {effect}, count(*) from {brief} group by 1"))
    said = [f"{counted[one]:,} would {WOULD[one]}" for one in order if counted.get(one) and one in WOULD]
    if not said:
        return NOBODY
    total = sum(counted.values())
    head = f"{total:,} {'account' if total == 1 else 'accounts'}: {', '.join(said)}."
    held, undone = _counted(t, brief, "held_for is not null"), _counted(t, brief, f"held_for = {literal(UNDO)}")
    if held:
        taken = f", {undone:,} of them to take back what was sent" if undone else ""
        head += f" {held:,} of these {'waits' if held == 1 else 'wait'} for a decision{taken}."
    return head
