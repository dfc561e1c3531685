"""Containers: where each account belongs by the profile's rules and the business date, and who has to move for it.

The common name goes along unless somebody in the new container has it: then the rules give the next one there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from hcm_pipeline.directory.distinguished_names import canonical, key, key_sql
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.identity.allocation import attributes
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import first, literal

FOUND = ("account", "imported")
"""`placed_by` of accounts in the container that they were found in: no rule put them there."""
META = "placement"
"""Key of `meta`: the digest of the rules that placed everybody, and the newest business date they did it for."""


@dataclass(frozen=True)
class Place:
    """One rule that puts accounts into a container."""

    name: str
    """As people are told: `placement 2`."""
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
              f"not active and _last_day + {rule.days} <= date '{day}' and coalesce(({rule.when}\n), false)")
        for n, rule in sorted(enumerate(identity.leavers), key=lambda pair: -pair[1].days)
    ]  # fmt: skip
    found += [
        Place(f"placement {n + 1}", f"identity.placement[{n}].container", canonical(rule.container),
              f"coalesce(({rule.when}\n), false)")
        for n, rule in enumerate(identity.placement)
    ]  # fmt: skip
    if identity.parent_distinguished_name is not None:
        default = canonical(identity.parent_distinguished_name)
        found.append(Place("default", "identity.parent_distinguished_name", default, "true"))
    return found


def with_last_day(profile: Profile, workers: str) -> str:
    """The relation `workers` (SELECT of rows of `worker_versions`) with the column `_last_day`, where rules ask for it."""
    return f"(select *, {last_day_sql() if profile.identity.leavers else 'null::date'} as _last_day from ({workers}))"


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


def last_day_sql() -> str:
    """SQL (DATE) over current rows of `worker_versions`: the last day of who left; NULL of everybody else.

    The termination date or, where there is none, the day since when the worker is inactive, whatever else changed later.
    """
    return """case when not active then coalesce(termination_date, (
        select coalesce(max(_to) filter (_active), min(_from)) from (
            select person_number as _number, active as _active, valid_from as _from, valid_to as _to from worker_versions)
        where _number = person_number)) end"""


def today(con: duckdb.DuckDBPyConnection) -> dt.date:
    """The newest business date that was processed; long ago when none was."""
    row = first(con, "select max(business_date) from days where status = 'done'")
    return row[0] if row and row[0] else dt.date.min


def find_moves(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, scope: str) -> int:
    """Make temp table `moving(person_number, was, container, placed_by, cause)`: everybody in scope (SQL condition over worker
    fields) who is in another container than the rules say; how many they are.

    Days before the one on which somebody was last placed are passed over: processing them anew tells nothing new. The cause is
    `rules` when the profile changed, `date` when only days have passed since somebody left, otherwise `worker`. Accounts that
    were found in a container stay there unless the profile says otherwise. The connection may be read-only.
    """
    con.execute("""create or replace temp table misplaced(
        person_number varchar, was varchar, container varchar, placed_by varchar, cause varchar, moves boolean)""")
    if places(profile, day):
        found = "true" if profile.identity.placement_of_adopted == "move" else (
            f"coalesce(i.placed_by, '') not in ({', '.join(map(literal, FOUND))})"
        )  # fmt: skip
        cause, before = _cause_sql(con, profile, day)
        con.execute(f"""
            insert into misplaced
            select person_number, was, container, placed_by, {cause}, moves from (
                select p.*, i.parent_distinguished_name as was, {before} as before_container,
                    {key_sql("i.parent_distinguished_name")} is distinct from {key_sql("p.container")} as moves
                from (select person_number, valid_from, {place_columns(profile, day)}
                    from {with_last_day(profile, f"from worker_versions where valid_to is null and ({scope})")}) p
                join identities i using (person_number)
                where i.status <> 'released' and coalesce(i.placed_on <= date '{day}', true) and {found}
                and p.container is not null and (moves or i.placed_by is distinct from p.placed_by))
        """)
    con.execute("create or replace temp table moving as select * exclude (moves) from misplaced where moves")
    return int((first(con, "select count(*) from moving") or (0,))[0])


def _cause_sql(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> tuple[str, str]:
    """SQL for why somebody moves, and for where today's rules would have had the worker as they were before."""
    known = first(
        con, "select split_part(value, ' ', 1), split_part(value, ' ', 2)::date from meta where key = ?", [META]
    )
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
    before = f"""(select container from (select person_number as _person, valid_to as _until, {place_columns(profile, day)}
        from {with_last_day(profile, "from worker_versions")}) where _person = p.person_number and _until = p.valid_from)"""
    return cause, before


def place(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, scope: str) -> None:
    """Move everybody to where they belong on `day`; leaves temp table `moving` (see `find_moves`).

    Whose common name somebody else has in the new container has none afterwards, and is given one with the newcomers. Of
    several who bring the same one, the first by person number keeps it.
    """
    if find_moves(con, profile, day, scope):
        con.execute(
            """insert into former_places
            select i.person_number, i.common_name, i.parent_distinguished_name, ?, m.cause
            from identities i join moving m using (person_number)""",
            [day],
        )
        con.execute(
            """update identities i set parent_distinguished_name = m.container, placed_by = m.placed_by, placed_on = ?
            from moving m where m.person_number = i.person_number""",
            [day],
        )
        name = next(attribute for attribute in attributes(profile) if attribute.name == "common_name")
        con.execute(f"""
            create or replace temp table arrived as
            select person_number, {name.key("common_name")} as key
            from (select i.*, i.parent_distinguished_name as container from identities i semi join moving using (person_number))
            where common_name is not null
        """)
        con.execute(f"""
            update identities set common_name = null, cn_rule = null, cn_beginning = null where person_number in (
                select person_number from arrived
                where key in (select a.key from arrived a join ({name.held}) t on t.key = a.key
                    where t.person_number is null or t.person_number not in (select person_number from arrived))
                union all
                select person_number from arrived
                qualify row_number() over (partition by key order by person_number) > 1)
        """)
        con.execute("drop table arrived")
    if places(profile, day):
        con.execute("""update identities i set placed_by = p.placed_by from misplaced p
            where p.person_number = i.person_number and not p.moves""")  # another rule says the same
        known = first(con, "select split_part(value, ' ', 2)::date from meta where key = ?", [META])
        newest = max(day, known[0]) if known else day
        con.execute("insert or replace into meta values (?, ?)", [META, f"{rules_digest(profile)} {newest}"])
    con.execute("drop table misplaced")


def rules_digest(profile: Profile) -> str:
    """What stands for the rules of places, whatever the rest of the profile says."""
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


def require_known_places(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Raises GuardStop when somebody of `newcomers` or `moving` would be put into a container that the directory does not have."""
    unknown = {rule.name: rule for rule in unknown_places(con, profile, day)}
    if not unknown:
        return
    rows = con.execute("""
        select placed_by, count(*) from (
            select placed_by from moving
            union all select placed_by from newcomers where person_number not in (select person_number from identities))
        where placed_by is not null group by 1 order by 1""").fetchall()
    faults = [
        f"{unknown[name].setting} is {unknown[name].container}, which the directory does not have; {count:,} workers would be "
        "put there"
        for name, count in rows
        if name in unknown
    ]
    if faults:
        raise GuardStop(
            f"{'. '.join(faults)}. Correct the profile or, when the container is new, read the directory again "
            "(`hcm-pipeline identity directory`)"
        )
