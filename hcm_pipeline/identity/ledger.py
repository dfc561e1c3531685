"""The ledger of identities: who holds which name, for life.

Neither the order of rows nor a rerun changes what anybody gets, and what was given is never given again.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.adoption import adopt, require_fresh_directory
from hcm_pipeline.identity.naming import attributes, give
from hcm_pipeline.identity.reserved import RESERVED
from hcm_pipeline.identity.spelling import spell_all, spelled_sql
from hcm_pipeline.identity.templates import fields_of
from hcm_pipeline.profile.model import NAME_PARTS, Profile
from hcm_pipeline.warehouse import first, literal, quote

PARTICLES = ("af", "al", "bin", "binti", "d'", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
             "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")  # fmt: skip
SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq")


def in_scope(profile: Profile) -> str:
    """SQL condition over worker fields: the profile gives this worker an account."""
    return " and ".join(f"coalesce(({condition}\n), false)" for condition in profile.scope.include) or "true"


def give_names(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, now: dt.datetime) -> int:
    """Give every worker in scope of the newest snapshot the names they lack; how many workers were given some.

    Who has an account in the directory already keeps its names; where it is not clear which, a person decides first. Raises
    GuardStop when the directory was read too long ago, and PipelineError when a name would be held twice. It is left to the
    caller to roll back.
    """
    con.execute(f"""
        create or replace temp table newcomers as
        select {worker_columns(profile)} from worker_versions
        where valid_to is null and ({in_scope(profile)}) and person_number not in (
            select person_number from identities where sam_account_name is not null and common_name is not null)
    """)
    count = int((first(con, "select count(*) from newcomers") or (0,))[0])
    if count:
        require_fresh_directory(con, profile, now)
        adopt(con, profile, day)
        count = int((first(con, "select count(*) from newcomers") or (0,))[0])
        make_parts(con, profile)
        _give(con, profile, day)
        drop_parts(con)
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
    others = {*fields_of(tuple(templates)), *(rule.field for rule in identity.adopt)} - set(NAME_PARTS.values())
    return {**NAME_PARTS, **{name: name for name in sorted(others)}}


def worker_columns(profile: Profile) -> str:
    """Select list over worker fields: all that names are made from."""
    identity = profile.identity
    fields = [quote(field) for field in _part_fields(profile).values() if field != "preferred_name"]
    domain = _first_of([(rule.when, literal(rule.domain.lower())) for rule in identity.domains],
                       literal(identity.domain.lower()))  # fmt: skip
    variant = _first_of([(rule.when, str(place)) for place, rule in enumerate(identity.special, 1)], "0")
    return ", ".join(
        [*fields, "coalesce(preferred_name, first_name) as preferred_name", f"{domain} as domain", f"{variant} as variant",
         f"{container_sql(profile)} as container"]
    )  # fmt: skip


def make_parts(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make temp tables `parts`, the spelled parts of the names of `newcomers` beside the names they hold, and
    `reserved_names`."""
    parts = _part_fields(profile)
    spell_all(con, "newcomers", list(parts.values()))
    columns = ", ".join(f"{_part_sql(part, field, profile)} as {quote(part)}" for part, field in parts.items())
    joins = " ".join(f"left join spelled s_{part} on s_{part}.name = w.{quote(field)}" for part, field in parts.items())
    con.execute(f"""
        create or replace temp table parts as
        select w.person_number, domain, variant, coalesce(i.parent_distinguished_name, container) as container, {columns},
            i.user_principal_name, i.sam_account_name, i.common_name
        from newcomers w {joins} left join identities i on i.person_number = w.person_number
    """)
    words = sorted({*RESERVED, *(word.lower() for word in profile.identity.reserved)})
    con.execute("create or replace temp table reserved_names as select unnest(?::varchar[]) as name", [words])
    con.execute("drop table spelled")


def drop_parts(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `make_parts` made."""
    con.execute("drop table parts")
    con.execute("drop table reserved_names")


def _give(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    for attribute in attributes(profile):
        give(con, attribute)
    con.execute(
        """insert into identities by name
        select p.person_number, u.name || '@' || p.domain as user_principal_name, s.name as sam_account_name,
            c.name as common_name, u.name as mail_nickname, p.container as parent_distinguished_name, 'given' as status,
            ?::date as given_on, u.rule as upn_rule, s.rule as sam_rule, c.rule as cn_rule
        from parts p join given_user_principal_name u using (person_number)
        join given_sam_account_name s using (person_number) join given_common_name c using (person_number)""",
        [day],
    )
    for name, short in (("sam_account_name", "sam"), ("common_name", "cn")):
        con.execute(f"""
            update identities i set {name} = g.name, {short}_rule = g.rule, parent_distinguished_name = p.container
            from given_{name} g join parts p using (person_number)
            where i.person_number = g.person_number and i.{name} is null
        """)
    _verify(con, profile)
    for each in attributes(profile):
        con.execute(f"drop table given_{each.name}")


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


def _verify(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Nothing that was given is held twice. Raises PipelineError otherwise, and the caller's transaction is undone."""
    held = {"user_principal_name": "lower(i.mail_nickname)", "sam_account_name": "lower(i.sam_account_name)",
            "common_name": "lower(i.common_name) || chr(31) || lower(coalesce(i.parent_distinguished_name, ''))"}  # fmt: skip
    joined = [(f"given_{a.name}", f"g.key = {held[a.name]}") for a in attributes(profile)]
    for given, condition in [*joined, ("newcomers", "g.person_number = i.person_number")]:
        row = first(
            con,
            f"select (select count(*) from identities i join {given} g on {condition}), (select count(*) from {given})",
        )
        if row is None or row[0] != row[1]:
            raise PipelineError(
                "the ledger would hold a name twice; nothing was given, and the day is as it was before"
            )
