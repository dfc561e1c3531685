"""The ledger of identities: who holds which name, for life.

Names are given set by set: everybody who needs one asks for the same candidate at once, of several who ask for the same name
the first by person number gets it, and the others ask for their next one. So neither the order of rows nor a rerun changes
what anybody gets, and the work does not grow with how crowded a name is. What was given is never given again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.limits import COMMON_NAME, SAM, UPN_LOCAL, Limit
from hcm_pipeline.identity.reserved import RESERVED
from hcm_pipeline.identity.spelling import spell_all, spelled_sql
from hcm_pipeline.identity.templates import (
    candidate_sql,
    fields_of,
    number_sql,
    numbered_sql,
    piece_sql,
    pieces_of,
    stem_sql,
)
from hcm_pipeline.profile.model import NAME_PARTS, Naming, Profile
from hcm_pipeline.warehouse import first, literal, quote

PARTICLES = ("af", "al", "bin", "binti", "d'", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
             "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")  # fmt: skip
SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq")


@dataclass(frozen=True)
class Attribute:
    """One unique attribute: how it is formed, and in which form a name is compared with those that are taken."""

    name: str
    naming: Naming
    limit: Limit
    variants: tuple[tuple[str, ...], ...]
    """Candidates of `special`, by its order; empty ones stand for the attribute's own."""
    fallback: str
    """SQL over the parts, for those whom no candidate names."""
    key: Callable[[str], str]
    """SQL for the form in which the name (SQL) is compared; may use `container`."""

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
        Attribute(name, naming, limit, tuple(getattr(s, name) for s in identity.special), fallback, key)
        for name, naming, limit, fallback, key in (
            ("user_principal_name", identity.user_principal_name, UPN_LOCAL,
             f"left(rtrim('user-' || lower({number}), '-'), 60)", lambda name: f"lower({name})"),
            ("sam_account_name", identity.sam_account_name, SAM,
             f"left('u' || lower({number}), 16)", lambda name: f"lower({name})"),
            ("common_name", identity.common_name, COMMON_NAME,
             f"left(rtrim('User ' || {number}), 60)",
             lambda name: f"lower({name}) || chr(31) || lower(coalesce(container, ''))"),
        )
    )  # fmt: skip


def in_scope(profile: Profile) -> str:
    """SQL condition over worker fields: the profile gives this worker an account."""
    return " and ".join(f"coalesce(({condition}\n), false)" for condition in profile.scope.include) or "true"


def give_names(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> int:
    """Give every worker in scope of the newest snapshot names who has none; how many workers were given some.

    Raises PipelineError, and leaves it to the caller to roll back, when a name would be held twice.
    """
    con.execute(f"""
        create or replace temp table newcomers as
        select {_newcomer_columns(con, profile)} from worker_versions
        where valid_to is null and ({in_scope(profile)})
        and person_number not in (select person_number from identities)
    """)
    count = int((first(con, "select count(*) from newcomers") or (0,))[0])
    if count:
        _give(con, profile, day)
    con.execute("drop table newcomers")
    return count


def container_sql(profile: Profile) -> str:
    """SQL (VARCHAR) over worker fields: the distinguished name of the container that a worker's account belongs in."""
    identity = profile.identity
    default = (
        "null::varchar" if identity.parent_distinguished_name is None else literal(identity.parent_distinguished_name)
    )
    return _first_of([(rule.when, literal(rule.container)) for rule in identity.placement], default)


def _first_of(rules: list[tuple[str, str]], default: str) -> str:
    cases = " ".join(f"when coalesce(({when}\n), false) then {value}" for when, value in rules)
    return f"case {cases} else {default} end" if rules else default


def _part_fields(profile: Profile) -> dict[str, str]:
    """What templates may ask for: the part's name and its worker field."""
    identity = profile.identity
    templates = [*identity.user_principal_name.candidates, *identity.sam_account_name.candidates,
                 *identity.common_name.candidates]  # fmt: skip
    for special in identity.special:
        templates += [*special.user_principal_name, *special.sam_account_name, *special.common_name]
    others = fields_of(tuple(templates)) - set(NAME_PARTS.values())
    return {**NAME_PARTS, **{name: name for name in sorted(others)}}


def _newcomer_columns(con: duckdb.DuckDBPyConnection, profile: Profile) -> str:
    identity = profile.identity
    known = {name for (name,) in con.execute(
        "select column_name from duckdb_columns() where table_name = 'worker_versions'").fetchall()}  # fmt: skip
    fields = [field for field in _part_fields(profile).values() if field != "preferred_name"]
    preferred = "coalesce(preferred_name, first_name)" if "preferred_name" in known else "first_name"
    domain = _first_of([(rule.when, literal(rule.domain.lower())) for rule in identity.domains],
                       literal(identity.domain.lower()))  # fmt: skip
    variant = _first_of([(rule.when, str(place)) for place, rule in enumerate(identity.special, 1)], "0")
    values = [quote(field) if field in known else f"null::varchar as {quote(field)}" for field in fields]
    return ", ".join(
        [*values, f"{preferred} as preferred_name", f"{domain} as domain", f"{variant} as variant",
         f"{container_sql(profile)} as container"]
    )  # fmt: skip


def _give(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    parts = _part_fields(profile)
    spell_all(con, "newcomers", list(parts.values()))
    columns = ", ".join(f"{_part_sql(part, field, profile)} as {quote(part)}" for part, field in parts.items())
    joins = " ".join(f"left join spelled s_{part} on s_{part}.name = w.{quote(field)}" for part, field in parts.items())
    con.execute(f"""
        create or replace temp table parts as
        select person_number, domain, variant, container, {columns} from newcomers w {joins}
    """)
    words = sorted({*RESERVED, *(word.lower() for word in profile.identity.reserved)})
    con.execute("create or replace temp table reserved_names as select unnest(?::varchar[]) as name", [words])
    for attribute in attributes(profile):
        _give_attribute(con, attribute)
    con.execute(
        """insert into identities by name
        select p.person_number, u.name || '@' || p.domain as user_principal_name, s.name as sam_account_name,
            c.name as common_name, u.name as mail_nickname, p.container as parent_distinguished_name, 'given' as status,
            ?::date as given_on, u.rule as upn_rule, s.rule as sam_rule, c.rule as cn_rule
        from parts p join given_user_principal_name u using (person_number)
        join given_sam_account_name s using (person_number) join given_common_name c using (person_number)""",
        [day],
    )
    _verify(con, profile)
    for attribute in attributes(profile):
        con.execute(f"drop table given_{attribute.name}")
    for name in ("parts", "spelled", "reserved_names"):
        con.execute(f"drop table {name}")


def _part_sql(part: str, field: str, profile: Profile) -> str:
    text = spelled_sql(f"w.{quote(field)}", f"s_{part}")
    if part != "last":
        return text
    if profile.identity.suffixes == "drop":
        text = f"regexp_replace({text}, '[ ,]+({'|'.join(SUFFIXES)})[.]?$', '', 'i')"
    if profile.identity.particles == "drop":
        particles = "|".join(particle.replace("'", "''") for particle in PARTICLES)
        text = f"regexp_replace({text}, '^(?:(?:{particles})[ ]+)+(.+)$', '\\1', 'i')"
    return text


def _give_attribute(con: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    """Make temp table `given_<attribute>(person_number, name, key, rule)`: everybody in `parts`, unique, not taken before."""
    con.execute(f"""
        create or replace temp table given_{attribute.name}(person_number varchar, name varchar, key varchar, rule varchar)
    """)
    pieces = [f"{piece_sql(*piece, attribute.naming)} as {column}" for piece, column in attribute.pieces().items()]
    con.execute(f"""
        create or replace temp table asking as
        select person_number, container, variant, number, {", ".join(pieces)} from parts
    """)
    candidates = attribute.candidates()
    named = f"coalesce({', '.join(candidates)})"
    steps = [(f"candidate {place}", candidate) for place, candidate in enumerate(candidates, 1)]
    steps.append(("person number", f"case when {named} is null then {attribute.fallback} end"))
    if all(_ask(con, attribute, "asking", name, rule) for rule, name in steps):
        _number(con, attribute, f"coalesce({named}, {attribute.fallback})")
    con.execute("drop table asking")


def _ask(con: duckdb.DuckDBPyConnection, attribute: Attribute, source: str, name: str, rule: str) -> int:
    """Give `name`, SQL over `source`, to whom it is free for; leaves the others in `asking`, and says how many they are."""
    given = f"given_{attribute.name}"
    con.execute(f"""
        insert into {given}
        with named as (select person_number, container, {name} as name from {source}),
        candidates as (select person_number, name, {attribute.key("name")} as key from named where name is not null)
        select person_number, name, key, {literal(rule)} from candidates c
        where not exists (from ({_taken_sql(attribute)}) t where t.key = c.key)
        and not exists (from {given} g where g.key = c.key)
        qualify row_number() over (partition by key order by person_number) = 1
    """)
    con.execute(f"""
        create or replace temp table asking as from asking where person_number not in (select person_number from {given})
    """)
    return int((first(con, "select count(*) from asking") or (0,))[0])


def _taken_sql(attribute: Attribute) -> str:
    """SELECT key: every name that nobody may be given, in the form in which names are compared."""
    held = {
        "user_principal_name": """
            select lower(mail_nickname) as key from identities
            union all select lower(split_part(user_principal_name, '@', 1)) from identities
                where split_part(user_principal_name, '@', 1) <> mail_nickname
            union all select name from reserved_names""",
        "sam_account_name": "select lower(sam_account_name) as key from identities union all select name from reserved_names",
        "common_name": """
            select lower(common_name) || chr(31) || lower(coalesce(parent_distinguished_name, '')) as key from identities""",
    }
    return held[attribute.name]


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
            from (select key from ({_taken_sql(attribute)}) union all select key from {given})),
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


def _verify(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Nothing that was given is held twice. Raises PipelineError otherwise, and the caller's transaction is undone."""
    held = {"user_principal_name": "lower(i.mail_nickname)", "sam_account_name": "lower(i.sam_account_name)",
            "common_name": "lower(i.common_name) || chr(31) || lower(coalesce(i.parent_distinguished_name, ''))"}  # fmt: skip
    joined = [(f"given_{a.name}", f"g.key = {held[a.name]}") for a in attributes(profile)]
    for given, condition in [*joined, ("newcomers", "g.person_number = i.person_number")]:
        row = first(
            con,
            f"select (select count(*) from identities i join {given} g on {condition}), (select count(*) from newcomers)",
        )
        if row is None or row[0] != row[1]:
            raise PipelineError(
                "the ledger would hold a name twice; nothing was given, and the day is as it was before"
            )
