"""Unique attributes: candidates in rounds, then numbers, for everybody at once.

Everybody who needs a name asks for the same candidate at once; of several who ask for the same name the first by person
number gets it, and the others ask for their next one. So the work does not grow with how crowded a name is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import duckdb

from hcm_pipeline.identity.limits import COMMON_NAME, SAM, UPN_LOCAL, Limit
from hcm_pipeline.identity.templates import candidate_sql, number_sql, numbered_sql, piece_sql, pieces_of, stem_sql
from hcm_pipeline.profile.model import Naming, Profile
from hcm_pipeline.warehouse import first, literal, quote

FEW = 50_000
"""Up to so many workers, it pays to look once for those taken names that they could ask for at all."""
NEAR = 8
"""Characters at the beginning of a name that a number behind it never takes the place of."""


@dataclass(frozen=True)
class Attribute:
    """One unique attribute: how it is formed, and in which form a name is compared with those that are taken."""

    name: str
    naming: Naming
    limit: Limit
    variants: tuple[tuple[str, ...], ...]
    """Candidates of the profile's variants, by their order; empty ones stand for the attribute's own."""
    fallback: str
    """SQL over the parts, for those whom no candidate names."""
    key: Callable[[str], str]
    """SQL for the form in which the name (SQL) is compared; may use `container`."""
    shown: str
    """SQL over `identities` for the name as it is formed: a userPrincipalName before the @."""
    rule: str
    """Column of `identities` that says which rule decided."""
    held: str
    """SELECT key, person_number, holder: every name that nobody else may be given, in the form in which names are compared.
    The number is that of the worker whose name it is; a reserved name, and an account of the directory that belongs to no
    worker, have a holder in words instead."""

    def ways(self) -> list[tuple[str, ...]]:
        """Templates of every variant; the first are the attribute's own."""
        return [self.naming.candidates, *(variant or self.naming.candidates for variant in self.variants)]

    def pieces(self) -> dict[tuple[str, str], str]:
        """Pieces of all templates, and the columns that hold them."""
        pieces = pieces_of(tuple(template for way in self.ways() for template in way))
        return {piece: quote(f"piece {place}") for place, piece in enumerate(pieces)}

    def candidates(self) -> list[str]:
        """SQL for every candidate over the columns of pieces, in order."""
        ways, columns = self.ways(), self.pieces()
        found = []
        for place in range(max(map(len, ways))):
            cases = [candidate_sql(way[place], columns, self.limit) if place < len(way) else "null" for way in ways]
            whens = " ".join(f"when {number} then {case}" for number, case in enumerate(cases))
            found.append(f"case variant {whens} end" if len(cases) > 1 else cases[0])
        return found


def attributes(profile: Profile) -> tuple[Attribute, ...]:
    """The unique attributes of a profile, in the order in which they are given."""
    identity = profile.identity
    number = "regexp_replace(number, '[^A-Za-z0-9]+', '', 'g')"
    return tuple(
        Attribute(name, naming, limit, tuple(getattr(s, name) for s in identity.variants), fallback, key, shown, rule,
                  _held_sql(name, profile))
        for name, naming, limit, fallback, key, shown, rule in (
            ("user_principal_name", identity.user_principal_name, UPN_LOCAL,
             f"left(rtrim('user-' || lower({number}), '-'), 60)", lambda name: f"lower({name})", "mail_nickname", "upn_rule"),
            ("sam_account_name", identity.sam_account_name, SAM,
             f"left('u' || lower({number}), 16)", lambda name: f"lower({name})", "sam_account_name", "sam_rule"),
            ("common_name", identity.common_name, COMMON_NAME,
             f"left(rtrim('User ' || {number}), 60)",
             lambda name: f"lower({name}) || chr(31) || lower(coalesce(container, ''))", "common_name", "cn_rule"),
        )
    )  # fmt: skip


def _held_sql(name: str, profile: Profile) -> str:
    own = "case when employee_id is null then kind || ' of ' || directory end"
    directory = "select {key}, employee_id, " + own + " from directory_names where attribute = '{attribute}'"
    reserved = "select name, null, 'reserved' from reserved_names"
    former = "select {}, person_number, null from former_names where reason = 'renamed' and attribute = '{}'"
    held = "status <> 'released'"
    domains = {profile.identity.domain.lower(), *(rule.domain.lower() for rule in profile.identity.domains)}
    ours = ", ".join(literal(domain) for domain in sorted(domains))
    return {
        # before the @, whatever the domain: the mail nickname is made of it
        "user_principal_name": f"""
            select lower(mail_nickname) as key, person_number, null::varchar as holder from identities where {held}
            union all select lower(split_part(user_principal_name, '@', 1)), person_number, null from identities
                where {held} and split_part(user_principal_name, '@', 1) <> mail_nickname
            union all {former.format("lower(split_part(name, '@', 1))", "user_principal_name")}
            union all {directory.format(key="key", attribute="nickname")}
            union all {directory.format(key="split_part(key, '@', 1)", attribute="address")}
                and split_part(key, '@', 2) in ({ours})
            union all {reserved}""",
        "sam_account_name": f"""
            select lower(sam_account_name) as key, person_number, null::varchar as holder from identities where {held}
            union all {former.format("lower(name)", "sam_account_name")}
            union all {directory.format(key="key", attribute="sam")} union all {reserved}""",
        "common_name": f"""
            select lower(common_name) || chr(31) || lower(coalesce(parent_distinguished_name, '')) as key, person_number,
                null::varchar as holder from identities where {held}
            union all {directory.format(key="key", attribute="common_name")}""",
    }[name]


def give(con: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    """Make temp table `given_<attribute>(person_number, name, key, rule)`: unique, not taken before, for everybody in `parts`
    whose column of the attribute's name is NULL."""
    con.execute(f"""
        create or replace temp table given_{attribute.name}(person_number varchar, name varchar, key varchar, rule varchar)
    """)
    make_asking(con, attribute, f"{attribute.name} is null")
    candidates = attribute.candidates()
    named = f"coalesce({', '.join(candidates)})"
    asked = int((first(con, "select count(*) from asking") or (0,))[0])
    if asked and asked <= FEW:
        attribute = _near(con, attribute, [*candidates, attribute.fallback])
    steps = [(f"candidate {place}", candidate) for place, candidate in enumerate(candidates, 1)]
    steps.append(("person number", f"case when {named} is null then {attribute.fallback} end"))
    if all(_ask(con, attribute, "asking", name, rule) for rule, name in steps):
        _number(con, attribute, f"coalesce({named}, {attribute.fallback})")
    con.execute("drop table asking")
    con.execute("drop table if exists near")


def _near(con: duckdb.DuckDBPyConnection, attribute: Attribute, names: list[str]) -> Attribute:
    """Make temp table `near` of the names that are taken and begin like one that is asked for; the attribute held by it.

    A name and the same with a number, cut to its limit or not, begin alike: in their first eight characters without the
    digits and separators at their end.
    """
    head = "split_part(key, chr(31), 1)" if attribute.name == "common_name" else "key"

    def begins(name: str) -> str:  # trimming is dear, and most names have nothing to trim
        cut = f"left({name}, {NEAR})"
        return f"case when right({cut}, 1) between 'a' and 'z' then {cut} else rtrim({cut}, '0123456789._ -') end"

    asked = " union ".join(f"select {begins(f'lower({name})')} as b from asking" for name in names)
    con.execute(f"""
        create or replace temp table near as
        select * from ({attribute.held}) t where {begins(head)} in (select b from ({asked}) where b is not null)
    """)
    return replace(attribute, held="from near")


def make_asking(con: duckdb.DuckDBPyConnection, attribute: Attribute, condition: str) -> None:
    """Make temp table `asking`: the pieces of candidates for those in `parts` for whom `condition` holds."""
    pieces = [f"{piece_sql(*piece, attribute.naming)} as {column}" for piece, column in attribute.pieces().items()]
    con.execute(f"""
        create or replace temp table asking as
        select person_number, container, variant, number, {", ".join(pieces)} from parts where {condition}
    """)


def _ask(con: duckdb.DuckDBPyConnection, attribute: Attribute, source: str, name: str, rule: str) -> int:
    """Give `name`, SQL over `source`, to whom it is free for; leaves the others in `asking`, and says how many they are."""
    given = f"given_{attribute.name}"
    con.execute(f"""
        insert into {given}
        with named as (select person_number, container, {name} as name from {source}),
        candidates as (select person_number, name, {attribute.key("name")} as key from named where name is not null)
        select person_number, name, key, {literal(rule)} from candidates c
        where not exists (from ({attribute.held}) t
            where t.key = c.key and t.person_number is distinct from c.person_number)
        and not exists (from {given} g where g.key = c.key)
        qualify row_number() over (partition by key order by person_number) = 1
    """)
    con.execute(f"""
        create or replace temp table asking as from asking where person_number not in (select person_number from {given})
    """)
    return int((first(con, "select count(*) from asking") or (0,))[0])


def _number(con: duckdb.DuckDBPyConnection, attribute: Attribute, base: str) -> None:
    """Everybody left in `asking` gets a number behind their first candidate, in the order of person numbers.

    The numbers of a name begin behind the highest one that somebody holds. A number far above how many hold that name at
    all (a year of birth, say) does not count; one that is taken all the same is passed over in the next round.
    """
    given, limit, naming = f"given_{attribute.name}", attribute.limit, attribute.naming
    tail = "substr(key, strpos(key, chr(31)))" if attribute.name == "common_name" else "''"
    head = "split_part(key, chr(31), 1)" if attribute.name == "common_name" else "key"
    con.execute(f"""
        create or replace temp table bases as
        select person_number, base, container, {stem_sql("base", limit)} || {tail} as stem
        from (select *, {attribute.key("base")} as key from (select person_number, container, {base} as base from asking))
    """)
    con.execute(f"""
        create or replace temp table tops as
        with numbered as (
            select {stem_sql(head, limit)} || {tail} as stem, coalesce({number_sql(head)}, 0) as n
            from (select key from ({attribute.held}) union all select key from {given})),
        counted as (select stem, n, count(*) over (partition by stem) as holders from numbered semi join bases using (stem))
        select stem, greatest(coalesce(max(n) filter (n <= 2 * holders + 8), 0), {naming.number_from - 1}) as n
        from counted group by stem
    """)
    while True:
        con.execute(f"""
            create or replace temp table numbers as
            select b.*, coalesce(t.n, {naming.number_from - 1})
                + row_number() over (partition by b.stem order by person_number) as n
            from bases b semi join asking using (person_number) left join tops t using (stem)
        """)
        con.execute("""
            create or replace temp table tops as
            select stem, max(n) as n from (from tops union all by name select stem, n from numbers) group by 1
        """)
        if not _ask(con, attribute, "numbers", numbered_sql("base", "n", naming, limit), "candidate 1 and a number"):
            break
    for table in ("bases", "tops", "numbers"):
        con.execute(f"drop table {table}")
