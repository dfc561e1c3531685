"""The ledger of identities: who holds which name, for life.

Names are given in one statement for everybody who needs one, in the order of person numbers, so that neither the order of
rows nor a rerun changes what anybody gets. What stands in the ledger is never changed or given again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.spelling import spell_all, spelled_sql
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.warehouse import first, literal, quote

LOCAL_PART_CHARS = 64
"""Of a userPrincipalName, before the @ (Microsoft Entra: 64 + @ + 48)."""
SAM_CHARS = 20
"""Of a sAMAccountName for users (Active Directory schema, and Microsoft 365's directory preparation page)."""


@dataclass(frozen=True)
class _Attribute:
    """How one unique attribute is numbered: names longer than `length - 4` share a stem, so that digits have room."""

    column: str
    length: int

    @property
    def stem_length(self) -> int:
        return self.length - 4


_UPN = _Attribute("upn", LOCAL_PART_CHARS)
_SAM = _Attribute("sam", SAM_CHARS)


def in_scope(profile: Profile) -> str:
    """SQL condition over worker fields: the profile gives this worker an account."""
    return " and ".join(f"coalesce(({condition}\n), false)" for condition in profile.scope.include) or "true"


def give_names(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> int:
    """Give every worker in scope of the newest snapshot a name who has none; how many were given."""
    con.execute(f"""
        create or replace temp table newcomers as
        select person_number, first_name, last_name from worker_versions
        where valid_to is null and ({in_scope(profile)})
        and person_number not in (select person_number from identities)
    """)
    count = int((first(con, "select count(*) from newcomers") or (0,))[0])
    if count:
        _give(con, profile, day)
    con.execute("drop table newcomers")
    return count


def _give(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    spell_all(con, "newcomers", ["first_name", "last_name", "person_number"])
    separator = literal(profile.identity.separator)
    con.execute(f"""
        create or replace temp table bases as
        with plain as (
            select w.person_number, {spelled_sql("w.first_name", "f")} as first, {spelled_sql("w.last_name", "l")} as last,
                {spelled_sql("w.person_number", "p")} as number
            from newcomers w left join spelled f on f.name = w.first_name left join spelled l on l.name = w.last_name
            left join spelled p on p.name = w.person_number)
        select person_number,
            rtrim(left(coalesce(nullif(concat_ws({separator}, nullif(first, ''), nullif(last, '')), ''),
                'user-' || number), {LOCAL_PART_CHARS}), '-._') as upn,
            left(coalesce(nullif(replace(left(first, 1) || last, '-', ''), ''), 'u' || replace(number, '-', '')),
                {SAM_CHARS}) as sam,
            first <> '' or last <> '' as named
        from plain
    """)
    for attribute in (_UPN, _SAM):
        _number(con, attribute)
    domain = literal("@" + profile.identity.domain.lower())
    container = profile.identity.parent_distinguished_name
    con.execute(
        f"""insert into identities
        select b.person_number, u.name || {domain}, s.name,
            left(trim(regexp_replace(w.first_name || ' ' || w.last_name, '[\\x00-\\x1f]+', ' ', 'g')), 64),
            u.name, ?, 'given', ?,
            case when not b.named then 'person number' when u.n = 1 then 'first.last' else 'first.last and a number' end,
            u.stem, u.n, s.stem, s.n
        from bases b join newcomers w using (person_number)
        join given_upn u using (person_number) join given_sam s using (person_number)""",
        [container, day],
    )
    _verify(con)
    for name in ("bases", "given_upn", "given_sam", "spelled"):
        con.execute(f"drop table {name}")


def _verify(con: duckdb.DuckDBPyConnection) -> None:
    """Nothing that was given is held twice. Raises PipelineError otherwise, and the caller's transaction is undone."""
    for given, key, held in (("given_upn", "name", "mail_nickname"), ("given_sam", "name", "sam_account_name"),
                             ("newcomers", "person_number", "person_number")):  # fmt: skip
        row = first(
            con,
            f"""select (select count(*) from identities i join {given} g on i.{held} = g.{key}),
                (select count(*) from newcomers)""",
        )
        if row is None or row[0] != row[1]:
            raise PipelineError(
                "the ledger would hold a name twice; nothing was given, and the day is as it was before"
            )


def _number(con: duckdb.DuckDBPyConnection, attribute: _Attribute) -> None:
    """Make temp table `given_<attribute>(person_number, name, stem, n)` from `bases`, unique and not in the ledger.

    Everybody asks for the plain name first; the first by person number among those who ask for a free one gets it. The
    rest are numbered in one go behind the highest number their stem has, so the work does not grow with how crowded a
    name is; a number that happens to spell somebody's own name is passed over in the next round.
    """
    column, given, length = attribute.column, f"given_{attribute.column}", attribute.length
    taken = "i.mail_nickname" if column == "upn" else "i.sam_account_name"
    con.execute(f"create or replace temp table {given}(person_number varchar, name varchar, stem varchar, n integer)")
    con.execute(f"""
        create or replace temp table asking as
        select person_number, {quote(column)} as base, left({quote(column)}, {attribute.stem_length}) as stem, 1 as n
        from bases
    """)
    while True:
        con.execute(f"""
            create or replace temp table candidates as
            select *, case when n = 1 then base
                else rtrim(left(base, {length} - length(n::varchar)), '-._') || n::varchar end as name
            from asking
        """)
        con.execute(f"""
            insert into {given}
            select person_number, name, stem, n from candidates c
            where not exists (from identities i where {taken} = c.name)
            and not exists (from {given} g where g.name = c.name)
            qualify row_number() over (partition by name order by person_number) = 1
        """)
        con.execute(f"""
            create or replace temp table asking as
            with tops as (
                select stem, max(n) as n from (
                    select {column}_stem as stem, {column}_n as n from identities
                    where {column}_stem in (select stem from candidates)
                    union all select stem, n from {given}
                    union all select stem, n from candidates) group by 1)
            select a.person_number, a.base, a.stem,
                t.n + row_number() over (partition by a.stem order by a.person_number) as n
            from candidates a join tops t using (stem)
            where a.person_number not in (select person_number from {given})
        """)
        if not (first(con, "select count(*) from asking") or (0,))[0]:
            break
    con.execute("drop table asking")
    con.execute("drop table candidates")
