"""What names are made of: a worker's scope, domain and container, and the spelled parts of the name."""

from __future__ import annotations

import duckdb

from hcm_pipeline.identity.reserved import RESERVED
from hcm_pipeline.identity.spelling import spell_all, spelled_sql
from hcm_pipeline.identity.templates import fields_of
from hcm_pipeline.profile.model import NAME_PARTS, Profile
from hcm_pipeline.warehouse import literal, quote

PARTICLES = ("af", "al", "bin", "binti", "d'", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
             "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")  # fmt: skip
SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq")


def in_scope(profile: Profile) -> str:
    """SQL condition over worker fields: the profile gives this worker an account."""
    return " and ".join(f"coalesce(({condition}\n), false)" for condition in profile.scope.include) or "true"


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
    make_reserved(con, profile)
    con.execute("drop table spelled")


def make_reserved(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make temp table `reserved_names(name)`."""
    words = sorted({*RESERVED, *(word.lower() for word in profile.identity.reserved)})
    con.execute("create or replace temp table reserved_names as select unnest(?::varchar[]) as name", [words])


def drop_parts(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `make_parts` made."""
    con.execute("drop table parts")
    con.execute("drop table reserved_names")


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
