"""Containers: where each account belongs by the profile's rules and the business date, and who has to move for it.

The common name goes along unless somebody in the new container has it: then the rules give the next one there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from hcm_pipeline.directory import Finding, canonical, key, key_sql
from hcm_pipeline.identity.attributes import attributes
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Profile, fallible, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, fails_sql, holds_sql, literal, nothing

FOUND = ("account", "imported")
"""`placed_by` of accounts in the container that they were found in: no rule put them there."""
META = "placement"
"""Key of `meta`: the digest of the rules that placed everybody, and the newest business date they did it for."""


@dataclass(frozen=True)
class Place:
    """One rule that puts accounts into a container."""

    name: str
    """As people read it: `placement 2`."""
    setting: str
    """The key of the profile."""
    container: str
    condition: str
    """SQL over worker fields and `_last_day`."""


def places(profile: Profile, day: dt.date) -> list[Place]:
    """The rules in the order in which they decide: leavers by date, then by the worker's fields, then the default."""
    identity = profile.identity
    found = [
        Place(f"leavers {n + 1}", f"identity.leavers[{n}].container", canonical(rule.container),
              f"not active and _last_day + {rule.days} <= date '{day}' and {holds_sql(rule.when)}")
        for n, rule in sorted(enumerate(identity.leavers), key=lambda pair: -pair[1].days)
    ]  # fmt: skip
    found += [
        Place(f"placement {n + 1}", f"identity.placement[{n}].container", canonical(rule.container),
              holds_sql(rule.when))
        for n, rule in enumerate(identity.placement)
    ]  # fmt: skip
    if identity.parent_distinguished_name is not None:
        default = canonical(identity.parent_distinguished_name)
        found.append(Place("default", "identity.parent_distinguished_name", default, "true"))
    return found


def with_last_day(profile: Profile, workers: Relation | str, versions: Relation) -> str:
    """SQL relation, in parentheses: `workers` (a relation, or a SELECT in parentheses, of the columns of `versions`) with the
    column `_last_day`, where rules ask for it."""
    last_day = last_day_sql(versions) if profile.identity.leavers else "null::date"
    return f"(select *, {last_day} as _last_day from {workers})"


def place_columns(profile: Profile, day: dt.date) -> str:
    """Select list over `with_last_day`: `container` and `placed_by`, both NULL where no rule holds."""
    rules = places(profile, day)
    if not rules:
        return "null::varchar as container, null::varchar as placed_by"
    cases = " ".join(f"when {rule.condition} then {place}" for place, rule in enumerate(rules, 1))
    containers, names = (
        ", ".join(literal(value) for value in values)
        for values in zip(*((r.container, r.name) for r in rules), strict=True)
    )
    # `_place` is used behind it in the same list; no worker field begins so
    return f"""case {cases} end as _place,
        [{containers}][_place] as container, [{names}][_place] as placed_by"""


def last_day_sql(versions: Relation) -> str:
    """SQL (DATE) over the workers of a snapshot: the last day of a worker who left; NULL of everybody else.

    The termination date or, where there is none, the day since when the worker is inactive, whatever else changed later.
    """
    return f"""case when not active then coalesce(termination_date, (
        select coalesce(max(_to) filter (_active), min(_from)) from (
            select person_number as _number, active as _active, valid_from as _from, valid_to as _to from {versions})
        where _number = person_number)) end"""


@dataclass(frozen=True)
class Misplaced:
    """Accounts that are not where, or not by which rule, the profile says.

    `moving`: person_number, was, container, placed_by, cause (`rules` when the profile changed, `date` when only days have passed
    since somebody left, otherwise `worker`), one row for each account that is in another container. `relabelled`: person_number
    and placed_by of those whose container another rule says by now.
    """

    moving: Relation
    relabelled: Relation


def find_moves(t: Scratch, profile: Profile, workforce: Workforce) -> Misplaced:
    """Everybody in scope whom the rules put elsewhere than the ledger.

    Days before the one on which somebody was last placed are passed over: processing them anew tells nothing new. Accounts that
    were found in a container stay there unless the profile says otherwise. The connection may be read-only.
    """
    if not places(profile, workforce.day):
        columns = ("person_number", "was", "container", "placed_by", "cause")
        return Misplaced(
            nothing(dict.fromkeys(columns, "varchar")), nothing({"person_number": "varchar", "placed_by": "varchar"})
        )
    misplaced = t.make("misplaced", _misplaced_sql(t, profile, workforce))
    if not misplaced.made:
        return Misplaced(misplaced, misplaced)
    return Misplaced(
        t.make("moving", f"select * exclude (moves) from {misplaced} where moves"),
        t.make("relabelled", f"select person_number, placed_by from {misplaced} where not moves"),
    )


def _misplaced_sql(t: Scratch, profile: Profile, workforce: Workforce) -> str:
    """SELECT person_number, was, container, placed_by, cause, moves."""
    day = workforce.day
    may_move = "true" if profile.identity.placement_of_adopted == "move" else (
        f"coalesce(ledger.placed_by, '') not in ({', '.join(map(literal, FOUND))})"
    )  # fmt: skip
    unclear = fallible(profile, "identity.placement", "identity.leavers")  # whoever cannot be placed stays
    clear = f" and not {fails_sql(one.sql for one in unclear)}" if unclear else ""
    in_scope = f"(from {workforce.workers} where {scope_sql(profile)}{clear})"
    placed = f"""select person_number, valid_from, {place_columns(profile, day)}
        from {with_last_day(profile, in_scope, workforce.versions)}"""
    cause, before = _cause_sql(t, profile, workforce)
    return f"""
        select person_number, was, container, placed_by, {cause} as cause, moves from (
            select placed.*, ledger.parent_distinguished_name as was, {before} as before_container,
                {key_sql("ledger.parent_distinguished_name")} is distinct from {key_sql("placed.container")} as moves
            from ({placed}) placed join identities ledger using (person_number)
            where ledger.status <> 'released' and coalesce(ledger.placed_on <= date '{day}', true) and {may_move}
            and placed.container is not null and (moves or ledger.placed_by is distinct from placed.placed_by))"""


def _cause_sql(t: Scratch, profile: Profile, workforce: Workforce) -> tuple[str, str]:
    """SQL for why somebody moves, and for where today's rules would have had the worker as they were before."""
    day = workforce.day
    known = t.first("select split_part(value, ' ', 1), split_part(value, ' ', 2)::date from meta where key = ?", [META])
    if known and known[0] == rules_digest(profile):
        return (
            f"case when placed_by like 'leavers %' and valid_from < date '{day}' then 'date' else 'worker' end",
            "null",
        )
    if not known or known[1] >= day:
        return "'rules'", "null"
    # the worker may have changed besides: if the new rules, too, had left them where they were, it was not the rules
    cause = f"""case when valid_from > date '{known[1]}' and {key_sql("before_container")} = {key_sql("was")}
        then 'worker' else 'rules' end"""
    before = f"""(
        select container from (
            select person_number as _person, valid_to as _until, {place_columns(profile, day)}
            from {with_last_day(profile, workforce.versions, workforce.versions)})
        where _person = placed.person_number and _until = placed.valid_from)"""
    return cause, before


def place(t: Scratch, profile: Profile, workforce: Workforce) -> Relation:
    """Move everybody to where they belong; those who moved (see `Misplaced.moving`).

    An account whose common name somebody else has in the new container has none afterwards, and is given one with the newcomers.
    Of several that bring the same one, the first by person number keeps it.
    """
    day = workforce.day
    misplaced = find_moves(t, profile, workforce)
    if misplaced.moving.made:
        _move(t, profile, misplaced.moving, day)
    if places(profile, day):
        if misplaced.relabelled.made:
            t.run(f"""update identities set placed_by = relabelled.placed_by from {misplaced.relabelled} relabelled
                where relabelled.person_number = identities.person_number""")
        known = t.first("select split_part(value, ' ', 2)::date from meta where key = ?", [META])
        newest = max(day, known[0]) if known else day
        t.run("insert or replace into meta values (?, ?)", [META, f"{rules_digest(profile)} {newest}"])
    return misplaced.moving


def _move(t: Scratch, profile: Profile, moving: Relation, day: dt.date) -> None:
    t.run(
        f"""insert into former_places
        select ledger.person_number, ledger.common_name, ledger.parent_distinguished_name, ?, moving.cause
        from identities ledger join {moving} moving using (person_number)""",
        [day],
    )
    t.run(
        f"""update identities set parent_distinguished_name = moving.container, placed_by = moving.placed_by, placed_on = ?
        from {moving} moving where moving.person_number = identities.person_number""",
        [day],
    )
    name = next(attribute for attribute in attributes(profile) if attribute.name == "common_name")
    arrived = t.make(
        "arrived",
        f"""select person_number, {name.key("common_name")} as key
        from (select ledger.*, ledger.parent_distinguished_name as container
            from identities ledger semi join {moving} using (person_number))
        where common_name is not null""",
    )
    there_before = f"""select person_number from {arrived}
        where key in (select brought.key from {arrived} brought join ({name.held}) taken on taken.key = brought.key
            where taken.person_number is null or taken.person_number not in (select person_number from {arrived}))"""
    brought_sooner = f"""select person_number from {arrived}
        qualify row_number() over (partition by key order by person_number) > 1"""
    t.run(f"""update identities set common_name = null, cn_rule = null, cn_beginning = null
        where person_number in ({there_before} union all {brought_sooner})""")


def rules_digest(profile: Profile) -> str:
    """A digest of the rules of places, whatever the rest of the profile says."""
    identity = profile.identity
    rules = [identity.parent_distinguished_name, identity.placement_of_adopted, *identity.placement, *identity.leavers]
    return hashlib.sha256("\n".join(map(repr, rules)).encode()).hexdigest()


def unknown_places(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> Iterator[Place]:
    """The rules whose container no directory has; none when no directory tells its containers."""
    rows = con.execute(
        "select distinct distinguished_name from directory_objects where kind = 'container' and not deleted"
    ).fetchall()
    known = {key(name) for (name,) in rows if name}
    if known:
        for rule in places(profile, day):
            root = all(piece.upper().startswith("DC=") for piece in rule.container.split(","))
            if not root and key(rule.container) not in known:
                yield rule


_MEND_PLACES = (
    "correct the profile or, when the container is new, read the directory again (`hcm-pipeline identity directory`)"
)


def place_findings(t: Scratch, profile: Profile, day: dt.date, moving: Relation, newcomers: Relation) -> list[Finding]:
    """A finding (`unknown_container`) for each rule that would put somebody of `moving` or `newcomers` (of both: person_number and
    placed_by) into a container that the directory does not have."""
    unknown = {rule.name: rule for rule in unknown_places(t.con, profile, day)} if places(profile, day) else {}
    if not unknown:
        return []
    rows = t.rows(f"""
        select placed_by, count(*) from (
            select placed_by from {moving}
            union all
            select placed_by from {newcomers} where person_number not in (select person_number from identities))
        where placed_by is not null group by 1 order by 1""")
    return [
        Finding(
            "unknown_container",
            f"{unknown[name].setting} is {unknown[name].container}, which the directory does not have; "
            f"{counted(count, 'worker')} would be put there",
            _MEND_PLACES,
        )
        for name, count in rows
        if name in unknown
    ]
