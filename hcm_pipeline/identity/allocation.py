"""Unique attributes: candidates in rounds, then numbers, for everybody at once.

Everybody who needs a name asks for the same candidate at once; of several who ask for the same name the first by person
number gets it, and the others ask for their next one. So the work does not grow with how crowded a name is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import duckdb

from hcm_pipeline.directory.limits import COMMON_NAME, SAM, UPN_LOCAL, Limit, beginning_sql
from hcm_pipeline.identity.templates import (
    candidate_sql,
    number_sql,
    numbered_sql,
    piece_sql,
    pieces_of,
    stem_sql,
)
from hcm_pipeline.profile import Naming, Profile
from hcm_pipeline.warehouse import first, literal, quote

FEW = 50_000
"""Up to so many workers, it pays to look once for those taken names that they could ask for at all."""


@dataclass(frozen=True)
class Source:
    """One place where names are taken."""

    table: str
    where: str
    key: str
    """SQL over the table: the name in the form in which names are compared."""
    beginning: str
    """SQL over the table, see `beginning_sql`."""
    person: str = "person_number"
    """SQL for the number of the worker whose name it is."""
    holder: str = "null::varchar"
    """SQL for the holder in words: a reserved name, and an account of the directory that belongs to no worker."""
    last: str = "true"
    """A condition that is dear, and therefore asked last."""

    def query(self, beginnings: str | None = None) -> str:
        """SELECT key, person_number, holder; only what begins like one of the table `beginnings`, if one is named."""
        columns = f"{self.key} as key, {self.person} as person_number, {self.holder} as holder"
        if beginnings is None:
            return f"select {columns} from {self.table} where {self.where} and {self.last}"
        near = f"from {self.table} where {self.where} and {self.beginning} in (select beginning from {beginnings})"
        if self.last == "true":
            return f"select {columns} {near}"
        return f"from (with near_them as materialized ({near}) select {columns} from near_them where {self.last})"


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
    sources: tuple[Source, ...]
    """Everything that holds names which nobody else may be given."""

    @property
    def held(self) -> str:
        """SELECT key, person_number, holder: all that the sources hold."""
        return " union all ".join(source.query() for source in self.sources)

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
                  _sources(name, limit, profile))
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


BEGINNINGS = {
    "upn_beginning": beginning_sql("mail_nickname", UPN_LOCAL),
    "sam_beginning": beginning_sql("sam_account_name", SAM),
    "cn_beginning": beginning_sql("common_name", COMMON_NAME),
}
"""Columns of `identities` that are made of its names, and how. They stand in the table because few newcomers beside a million
names would otherwise wait for all of them to be cut: nothing else takes so long."""


def entered(query: str) -> str:
    """SQL that enters the rows of `query`, columns of `identities` by name, in the ledger. Nothing else does."""
    columns = ", ".join(f"{sql} as {column}" for column, sql in BEGINNINGS.items())
    return f"insert into identities by name select *, {columns} from ({query})"


def _sources(name: str, limit: Limit, profile: Profile) -> tuple[Source, ...]:
    def ledger(key: str, beginning: str, also: str = "") -> Source:
        return Source("identities", f"status <> 'released'{also}", key, beginning)

    def former(head: str) -> Source:
        where = f"reason = 'renamed' and attribute = {literal(name)}"
        return Source("former_names", where, f"lower({head})", beginning_sql(head, limit))

    def directory(attribute: str, key: str = "key", last: str = "true") -> Source:
        owner = "case when employee_id is null then kind || ' of ' || directory end"
        where = f"attribute = {literal(attribute)}"
        return Source("directory_names", where, key, "beginning", "employee_id", owner, last)

    reserved = Source("reserved_names", "true", "name", beginning_sql("name", limit), "null", "'reserved'")
    if name == "common_name":
        key = "lower(common_name) || chr(31) || lower(coalesce(parent_distinguished_name, ''))"
        return ledger(key, "cn_beginning"), directory(name)
    if name == "sam_account_name":
        return ledger(f"lower({name})", "sam_beginning"), former("name"), directory("sam"), reserved
    # before the @, whatever the domain: the mail nickname is made of it
    domains = {profile.identity.domain.lower(), *(rule.domain.lower() for rule in profile.identity.domains)}
    ours = ", ".join(literal(domain) for domain in sorted(domains))
    local = "split_part({}, '@', 1)"
    own = local.format(name)
    # the rules give both alike; those of an account that was there before may differ
    found = f" and upn_rule not like 'candidate %' and upn_rule <> 'person number' and {own} <> mail_nickname"
    return (
        ledger("lower(mail_nickname)", "upn_beginning"),
        ledger(f"lower({own})", beginning_sql(own, limit), found),
        former(local.format("name")),
        directory("nickname"),
        directory("address", local.format("key"), f"split_part(key, '@', 2) in ({ours})"),
        reserved,
    )


def give(con: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    """Make temp table `given_<attribute>(person_number, name, key, rule)`: unique, not taken before, for everybody in `parts`
    whose column of the attribute's name is NULL."""
    con.execute(f"""
        create or replace temp table given_{attribute.name}(person_number varchar, name varchar, key varchar, rule varchar)
    """)
    nameless = f"{attribute.name} is null"
    candidates, fallback = attribute.candidates(), attribute.fallback
    few = int((first(con, f"select count(*) from parts where {nameless}") or (0,))[0]) <= FEW
    if few:
        make_asking(con, attribute, nameless)
        candidates, fallback = _written_out(con, [*candidates, fallback])
        attribute = _near(con, attribute, [*candidates, fallback])
    named = f"coalesce({', '.join(candidates)})"
    steps = [(f"candidate {place}", candidate) for place, candidate in enumerate(candidates, 1)]
    steps.append(("person number", f"case when {named} is null then {fallback} end"))
    if not few:  # most get their first candidate: the pieces of the others only are kept
        rule, name = steps.pop(0)
        _ask(
            con,
            attribute,
            f"({_asking(attribute, nameless)})",
            name,
            rule,
            _asking(attribute, nameless + " and {others}"),
        )
    if all(_ask(con, attribute, "asking", name, rule) for rule, name in steps):
        _number(con, attribute, f"coalesce({named}, {fallback})")
    con.execute("drop table asking")
    con.execute("drop table if exists near")


def _written_out(con: duckdb.DuckDBPyConnection, names: list[str]) -> tuple[list[str], str]:
    """Replace the pieces in `asking` by the names made of them; the columns of the candidates, and of the fallback.

    For many it would be wasted work, as most get their first candidate; for few, planning the expressions takes longer.
    """
    columns = [quote(f"name {place}") for place in range(len(names))]
    made = ", ".join(f"{name} as {column}" for name, column in zip(names, columns, strict=True))
    con.execute(f"create or replace temp table asking as select person_number, container, {made} from asking")
    return columns[:-1], columns[-1]


def _near(con: duckdb.DuckDBPyConnection, attribute: Attribute, names: list[str]) -> Attribute:
    """Make temp table `near` of the names that are taken and begin like one of `names` over `asking`; the attribute with it
    for its only source.

    It holds every name that decides anything: whatever is asked for, whether with a number or without, and all that is
    counted when a number is chosen.
    """
    asked = " union ".join(f"select {beginning_sql(name, attribute.limit)} as beginning from asking" for name in names)
    con.execute(f"create or replace temp table beginnings as from ({asked}) where beginning is not null")
    near = " union all ".join(source.query("beginnings") for source in attribute.sources)
    con.execute(f"create or replace temp table near as {near}")
    con.execute("drop table beginnings")
    return replace(attribute, sources=(Source("near", "true", "key", "key", holder="holder"),))


def make_asking(con: duckdb.DuckDBPyConnection, attribute: Attribute, condition: str) -> None:
    """Make temp table `asking`: the pieces of candidates for those in `parts` for whom `condition` holds."""
    con.execute(f"create or replace temp table asking as {_asking(attribute, condition)}")


def _asking(attribute: Attribute, condition: str) -> str:
    pieces = [f"{piece_sql(*piece, attribute.naming)} as {column}" for piece, column in attribute.pieces().items()]
    return f"select person_number, container, variant, number, {', '.join(pieces)} from parts where {condition}"


def _ask(
    con: duckdb.DuckDBPyConnection, attribute: Attribute, source: str, name: str, rule: str,
    rest: str = "from asking where {others}",
) -> int:  # fmt: skip
    """Give `name`, SQL over `source`, to whom it is free for; leaves the others in `asking`, and says how many they are.

    `rest` is how those who ask are found, with a place for the condition that they are others.
    """
    given = f"given_{attribute.name}"
    con.execute(f"""
        insert into {given}
        with named as (select person_number, container, {name} as name from {source}),
        candidates as (select person_number, name, {attribute.key("name")} as key from named where name is not null)
        select min(person_number), arg_min(name, person_number), key, {literal(rule)} from candidates c
        where not exists (from ({attribute.held}) t
            where t.key = c.key and t.person_number is distinct from c.person_number)
        and not exists (from {given} g where g.key = c.key)
        group by key
    """)
    others = f"person_number not in (select person_number from {given} where rule = {literal(rule)})"
    con.execute("create or replace temp table asking as " + rest.replace("{others}", others))
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
        with stems as (
            select key, {stem_sql(head, limit)} || {tail} as stem
            from (select key from ({attribute.held}) union all select key from {given})),
        alike as materialized (select distinct stem, key from stems semi join bases using (stem)),
        counted as (select stem, {number_sql(head)} as n, count(*) over (partition by stem) as holders from alike)
        select stem, greatest(max(n) filter (n <= 2 * holders + 8), {naming.number_from - 1}) as n
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
