"""Stale values: workers have them no more, and the target keeps them, for the nulls that it was sent do not clear them.

Every value that is cleared is noted when the record without it is accepted, whatever is known of nulls then: what becomes of it is
judged by what is known later. A clearing is closed when

- the record has a value again;
- a null was sent while nulls were known to flow, and the service says that the record was good;
- the service says that it made the account, and of a record without the value: what had been sent before never arrived;
- a directory shows the attribute empty, read after the outcome;
- a person says so.

Until then it is a stale value, unless a null is on its way that is known to flow, or all that the log tells is that the service
could not make the account. It may make it later by itself, and then the value is there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery.clearing.null_flows import attributes_of
from hcm_pipeline.delivery.target import Target, digest_sql
from hcm_pipeline.warehouse import Relation, Scratch, first, literal, query, quote

VALUE, NULL, MADE, DIRECTORY, PERSON = "value", "null", "made", "directory", "person"
"""Why a clearing is closed."""
SKEW = dt.timedelta(seconds=5)
"""How much older than the acceptance of its record an entry may be."""
NOT_KNOWN = "(not known)"
"""In the place of a value that another home has sent, of which the log tells the attribute alone."""


# --- what was sent


def take_over(t: Scratch, taken: Relation, fresh: Relation, doubts: Callable[[str], Relation | None]) -> None:
    """Note the values that accepted operations cleared, and those that have come again. `delivered` is still as it was.

    `taken` and `fresh` as of `journal_sync.Synced`. `doubts` tells of a target the operations that have arrived or may have besides
    the delivered ones: person_number, plan_no; None: there are none. The account may have their values.
    """
    for (target,) in t.rows(f"select distinct target from {taken} order by 1"):
        attributes = attributes_of(t.con, target)
        if attributes:
            _take(t, target, attributes, taken, fresh, doubts(target))


def _take(
    t: Scratch, target: str, attributes: Sequence[str], taken: Relation, fresh: Relation, doubts: Relation | None
) -> None:
    sent = t.make(
        "sent_values", _sent_sql(target, attributes, taken, fresh, _before(t, target, attributes, taken, doubts))
    )
    t.run(
        f"insert into clearings by name {query(__package__, 'fresh_clearings', sent=sent)}",
        {"target": target},
    )
    of_sent = f"from {sent} sent where clearings.target = ? and sent.person_number = clearings.person_number"
    of_sent += " and sent.attribute = clearings.attribute and clearings.closed_at is null"
    t.run(
        f"update clearings set closed_at = sent.accepted_at, closed_by = ? {of_sent} and sent.new is not null",
        [VALUE, target],
    )
    t.run(
        f"""update clearings set plan_no = sent.plan_no, request_no = sent.request_no, op_no = sent.op_no,
            sent_at = sent.accepted_at {of_sent} and sent.new is null""",
        [target],
    )
    t.drop(sent)


def _before(t: Scratch, target: str, attributes: Sequence[str], taken: Relation, doubts: Relation | None) -> Relation:
    """The values that accounts may have had before: person_number, plan_no and the attributes.

    The delivered ones, those of operations that were sent since and of which nobody knows whether they arrived, or that arrived
    before the newest one, and those that another home sent.
    """
    known = _known_before(t, target, attributes, taken, doubts)
    unknown = t.view(
        "unknown_before_it",
        f"""select person_number, list_transform(received, lambda name: lower(regexp_replace(name, '[^A-Za-z0-9]', '', 'g'))) as had
        from unknown_versions where target = {literal(target)} and received is not null""",
    )
    if not t.first(f"select 1 from {unknown} limit 1"):
        return known
    had = {a: f"if(list_contains(unknown.had, {literal(_letters(a))}), {literal(NOT_KNOWN)}, null)" for a in attributes}
    values = ", ".join(f"coalesce(known.{quote(a)}, {had[a]}) as {quote(a)}" for a in attributes)
    return t.make(
        "whatever_before_it",
        f"""select coalesce(known.person_number, unknown.person_number) as person_number, known.plan_no, {values}
        from {known} known full join {unknown} unknown on unknown.person_number = known.person_number""",
    )


def _letters(attribute: str) -> str:
    """The letters and digits of a name: services spell it in several ways, and leave these."""
    return re.sub(r"[^a-z0-9]", "", attribute.lower())


def _known_before(
    t: Scratch, target: str, attributes: Sequence[str], taken: Relation, doubts: Relation | None
) -> Relation:
    """The same without those that another home sent."""
    columns = ", ".join(map(quote, attributes))
    delivered = t.view(
        "delivered_before_it",
        f"select person_number, plan_no, {columns} from delivered where target = {literal(target)}",
    )
    if doubts is None:
        return delivered
    sent = ", ".join(f"planned.{quote(a)}" for a in attributes)
    newest = ", ".join(
        f"arg_max({quote(a)}, plan_no) filter ({quote(a)} is not null) as {quote(a)}" for a in attributes
    )
    return t.make(
        "perhaps_before_it",
        f"""with perhaps as (
            from {delivered}
            union all
            select doubt.person_number, doubt.plan_no, {sent}
            from {doubts} doubt join planned using (person_number, plan_no)
            join {taken} taken on taken.target = {literal(target)} and taken.person_number = doubt.person_number
            left join {delivered} old on old.person_number = doubt.person_number
            where doubt.plan_no < taken.plan_no and doubt.plan_no > coalesce(old.plan_no, 0))
        select person_number, max(plan_no) as plan_no, {newest} from perhaps group by 1""",
    )


def _sent_sql(target: str, attributes: Sequence[str], taken: Relation, fresh: Relation, before: Relation) -> str:
    """SELECT: person_number, plan_no, request_no, op_no, accepted_at, attribute, old, new.

    A row for each attribute that an accepted record clears, and for each of the workers of whom a clearing is open.
    """
    pairs = ", ".join(
        f"{{'attribute': {literal(a)}, 'old': old.{quote(a)}, 'new': new.{quote(a)}}}" for a in attributes
    )
    clears = " or ".join(f"(old.{quote(a)} is not null and new.{quote(a)} is null)" for a in attributes)
    waiting = f"select person_number from clearings where target = {literal(target)} and closed_at is null"
    return f"""
        select * exclude (change), change.attribute as attribute, change.old as old, change.new as new from (
            select taken.person_number, taken.plan_no, taken.request_no, taken.op_no, fresh.accepted_at, waits,
                unnest([{pairs}]) as change
            from {taken} taken
            join planned new on new.plan_no = taken.plan_no and new.person_number = taken.person_number
            join {before} old on old.person_number = taken.person_number
            join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
            left join (select distinct person_number, true as waits from ({waiting})) waiting
                on waiting.person_number = taken.person_number
            where taken.target = {literal(target)} and (waits or {clears}))
        where waits or (change.old is not null and change.new is null)"""


# --- what a plan sees


def with_stale_values(t: Scratch, target: Target, delivered: Relation, flows: Relation) -> Relation:
    """The versions that the target has, columns as of `delivered`: with the values that stay and that a record can take away now.

    A value can be taken away once nulls flow for its attribute, or when the profile names another one to be sent in the place of
    null. Such a worker's version is another than the desired one, and an ordinary update, whatever is desired: nobody knows whether
    the value stayed, so that one that has come again is sent like any other. `flows` as of `Flow.known`.
    """
    instead = [column.name for column in target.columns if column.instead is not None]
    back = t.make(
        "coming_back",
        query(__package__, "coming_back", flows=flows),
        {"target": target.key, "instead": instead},
    )
    attributes = [name for (name,) in t.rows(f"select distinct attribute from {back} order by 1")]
    if not attributes:
        return delivered
    values = ", ".join(f'max("value") filter (attribute = {literal(a)}) as {quote(a)}' for a in attributes)
    stale = t.make("stale", f"select person_number, {values} from {back} group by 1")
    put_back = ", ".join(f"coalesce(version.{quote(a)}, stale.{quote(a)}) as {quote(a)}" for a in attributes)
    whole = t.view(
        "put_back",
        f"""select version.* replace ({put_back}, if(stale.person_number is null, version.basis, null) as basis),
            stale.person_number is not null as stale
        from {delivered} version left join {stale} stale on stale.person_number = version.person_number""",
    )
    return t.view(
        "with_stale_values",
        f"""select * exclude (stale) replace
            (if(stale, md5_number(concat_ws(chr(31), 'may stay', {digest_sql(target)}))::uuid, digest) as digest) from {whole}""",
    )


def clearable(t: Scratch, target: str) -> tuple[int, str] | None:
    """(how many values stay that a null would clear by now, a key that is another one for others of them); None: there is none."""
    row = t.first(
        """select count(*), md5(string_agg(concat_ws(' ', person_number, attribute, sent_at), chr(10)
            order by person_number, attribute))
        from stale_values where target = ? and clearable""",
        [target],
    )
    return (int(row[0]), str(row[1])) if row and row[0] else None


# --- what closes them


def settle(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Close the clearings whose null was sent while nulls flowed, and of which the service says that it was good, and those of
    accounts that were made without the value."""
    con.execute(
        """update clearings set closed_at = outcome.logged_at, closed_by = ?
        from outcomes outcome, null_flows flow
        where clearings.target = ? and clearings.closed_at is null
            and outcome.plan_no = clearings.plan_no and outcome.request_no = clearings.request_no
            and outcome.op_no = clearings.op_no and outcome.outcome <> 'failed' and outcome.failure_class is null
            and flow.target = clearings.target and flow.attribute = clearings.attribute
            and flow.flow = 'flows' and flow.since <= clearings.sent_at""",
        [NULL, target],
    )
    con.execute(
        f"""update clearings set closed_at = made.logged_at, closed_by = $made from ({query(__package__, "made_without")}) made
        where clearings.target = $target and clearings.closed_at is null
            and made.person_number = clearings.person_number and made.attribute = clearings.attribute""",
        {"target": target, "made": MADE, "skew": SKEW},
    )


def close_shown_empty(t: Scratch, target: str, shown: Relation) -> int:
    """Close the clearings of attributes that a directory shows empty; how many.

    `shown`: person_number, attribute, read_at. It counts when it was read after the outcome of the record without the value.
    """
    closed = t.make("shown_empty", query(__package__, "shown_empty", shown=shown), {"target": target})
    t.run(
        f"""update clearings set closed_at = closed.read_at, closed_by = ? from {closed} closed
        where clearings.target = ? and clearings.closed_at is null
            and closed.person_number = clearings.person_number and closed.attribute = clearings.attribute""",
        [DIRECTORY, target],
    )
    return t.count(closed)


@dataclass(frozen=True)
class ByHand:
    """A person's word that values are gone. `number` and `attribute` None: of everybody, and all of them."""

    number: str | None
    attribute: str | None
    why: str | None
    by: Decider


def cleared_by_hand(con: duckdb.DuckDBPyConnection, target: str, said: ByHand) -> int:
    """Close the stale values that a person has cleared; how many. Nothing is kept of a word about none."""
    about = "person_number = coalesce($number, person_number) and attribute = coalesce($attribute, attribute)"
    values = {"target": target, "number": said.number, "attribute": said.attribute}
    row = first(con, f"select count(*) from stale_values where target = $target and {about}", values)
    count = int(row[0]) if row else 0
    if not count:
        return 0
    con.execute(
        f"""update clearings set closed_at = $now, closed_by = $person where target = $target and closed_at is null and {about}
        and (person_number, attribute) in (select person_number, attribute from stale_values where target = $target)""",
        {**values, "now": said.by.at, "person": PERSON},
    )
    con.execute(
        "insert into clearing_decisions values (?, ?, ?, ?, ?, ?, ?, ?)",
        [target, said.number, said.attribute, count, said.by.name, said.by.at, said.why, said.by.how],
    )
    return count
