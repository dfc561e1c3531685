"""What names are made of: a worker's scope, domain and container, and the spelled parts of the name."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.identity.patronymics import without_patronymics
from hcm_pipeline.identity.placement import place_columns, with_last_day
from hcm_pipeline.identity.reserved import RESERVED
from hcm_pipeline.identity.romanisation import HOMES
from hcm_pipeline.identity.spelling import latin_sql, spell_all, spelled_sql
from hcm_pipeline.identity.templates import fields_of
from hcm_pipeline.profile import NAME_PARTS, Profile, scope_sql
from hcm_pipeline.warehouse import first, literal, quote

PARTICLES = ("af", "al", "bin", "binti", "d'", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
             "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")  # fmt: skip
SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq")


LATIN_ALSO = {"first": ("preferred_name",), "preferred": ("first_name",)}
"""Where a part of the name is looked for in Latin letters, besides the profile's fields."""


def in_scope(profile: Profile) -> str:
    """SQL condition over worker fields: the profile gives this worker an account."""
    return scope_sql(profile)


def _first_of(rules: list[tuple[str, str]], default: str) -> str:
    cases = " ".join(f"when coalesce(({when}\n), false) then {value}" for when, value in rules)
    return f"case {cases} else {default} end" if rules else default


def _part_fields(profile: Profile) -> dict[str, str]:
    """What templates may ask for: the part's name and its worker field."""
    identity = profile.identity
    templates = [*identity.user_principal_name.candidates, *identity.sam_account_name.candidates,
                 *identity.common_name.candidates]  # fmt: skip
    for special in identity.variants:
        templates += [*special.user_principal_name, *special.sam_account_name, *special.common_name]
    others = {*fields_of(tuple(templates)), *(rule.field for rule in identity.adopt)} - set(NAME_PARTS.values())
    return {**NAME_PARTS, **{name: name for name in sorted(others)}}


def named_sql(profile: Profile, day: dt.date, workers: str) -> str:
    """SELECT: all that names are made from on `day`, of `workers` (SELECT of rows of `worker_versions`)."""
    identity = profile.identity
    fields = [_field_sql(part, field, profile) for part, field in _part_fields(profile).items()]
    domain = _first_of([(rule.when, literal(rule.domain.lower())) for rule in identity.domains],
                       literal(identity.domain.lower()))  # fmt: skip
    variant = _first_of([(rule.when, str(place)) for place, rule in enumerate(identity.variants, 1)], "0")
    columns = ", ".join(
        [*fields, f"{_place_sql(profile)} as place", f"{domain} as domain", f"{variant} as variant",
         place_columns(profile, day)]
    )  # fmt: skip
    return f"select {columns} from {with_last_day(profile, workers)}"


def _place_sql(profile: Profile) -> str:
    """The country by whose rules a worker's names are spelled: that of their language, and otherwise their own."""
    country, field = "upper(country)", profile.identity.spelling.language
    if field is not None:
        homes = ", ".join(f"{literal(language)}: {literal(home)}" for language, home in HOMES.items())
        language = f"lower(regexp_extract({quote(field)}, '^ *([A-Za-z]+)', 1))"
        country = f"coalesce(map {{{homes}}}[{language}], {country})"
    return f"coalesce({country}, '')"


def _field_sql(part: str, field: str, profile: Profile) -> str:
    """A part of the name as HR writes it: in Latin letters if any field holds it so, and otherwise as it is."""
    plain = "coalesce(preferred_name, first_name)" if part == "preferred" else quote(field)
    others = [*map(quote, profile.identity.spelling.fields_of(part)), *LATIN_ALSO.get(part, ())]
    if not others:
        return f"{plain} as {quote(field)}" if plain != quote(field) else plain
    first_latin = " ".join(f"when {latin_sql(other)} then {other}" for other in others)
    return (
        f"case when {plain} is null or {latin_sql(plain)} then {plain} {first_latin} else {plain} end as {quote(field)}"
    )


def make_parts(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make temp tables `parts`, the spelled parts of the names of `newcomers` beside the names they hold, and
    `reserved_names`.

    Whose name is spelled with less confidence than the profile asks for has none here, as if nothing could be spelled: the
    person number stands in until somebody has decided.
    """
    parts = _part_fields(profile)
    make_spelled(con, profile)
    columns = ", ".join(
        f"case when confidence < {profile.identity.spelling.review_below} then '' else {quote(part)} end as {quote(part)}"
        if part in SPELLED else quote(part) for part in parts
    )  # fmt: skip
    con.execute(f"""
        create or replace temp table parts as
        select s.person_number, domain, variant, coalesce(i.parent_distinguished_name, container) as container,
            s.placed_by, {columns},
            i.user_principal_name, i.sam_account_name, i.common_name
        from spelled_parts s left join identities i on i.person_number = s.person_number
    """)
    make_reserved(con, profile)
    con.execute("drop table spelled_parts")


SPELLED = ("first", "preferred", "middle", "last")
"""Parts that are a person's name."""
JUDGED = ("first", "preferred", "last")
"""Those of which the least sure decides about the name."""


def make_spelled(con: duckdb.DuckDBPyConnection, profile: Profile, source: str = "newcomers") -> None:
    """Make temp table `spelled_parts`: those in `source` (columns of `named_sql`) with their parts spelled, `confidence`, and
    `ways` (how, by part).

    A spelling that a person has decided on counts as sure, for as long as the name is written as it was then.
    """
    parts = _part_fields(profile)
    spell_all(con, source, list(parts.values()), profile.identity.spelling.written_out)
    decided = bool(first(con, "select 1 from spelling_decisions limit 1"))
    joins, columns, sure, ways = [], [], [], []
    for part, field in parts.items():
        joins.append(f"left join spelled s_{part} on s_{part}.name = w.{quote(field)} and s_{part}.place = w.place")
        text, confidence = _part_sql(part, field, profile), f"s_{part}.confidence"
        if decided and part in SPELLED:
            joins.append(f"""left join decided_spellings d_{part} on d_{part}.person_number = w.person_number
                and d_{part}.part = {literal(part)} and d_{part}.name = w.{quote(field)}""")
            text = f"coalesce(d_{part}.spelling, {text})"
            confidence = f"if(d_{part}.spelling is null, {confidence}, 1)"
        columns.append(f"{text} as {quote(part)}")
        if part in JUDGED:
            sure.append(f"coalesce({confidence}, 1)")
            ways.append(f"{literal(part)}: coalesce(s_{part}.how, '')")
    if decided:
        con.execute("""
            create or replace temp table decided_spellings as from spelling_decisions
            qualify row_number() over (partition by person_number, part, name order by decided_at desc) = 1
        """)
    con.execute(f"""
        create or replace temp table spelled_parts as
        select w.person_number, domain, variant, container, placed_by, {", ".join(columns)}, least({", ".join(sure)}) as confidence,
            {{{", ".join(ways)}}} as ways
        from {source} w {" ".join(joins)}
    """)
    con.execute("drop table spelled")
    con.execute("drop table if exists decided_spellings")


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
    if part in ("first", "preferred", "middle") and profile.identity.patronymics == "drop":
        return without_patronymics(text, "w.place", keep_one=part != "middle")
    if part != "last":
        return text
    if profile.identity.suffixes == "drop":
        text = f"regexp_replace({text}, '[ ,]+({'|'.join(SUFFIXES)})[.]?$', '', 'i')"
    if profile.identity.particles == "drop":
        particles = "|".join(particle.replace("'", "''") for particle in PARTICLES)
        text = f"regexp_replace({text}, '^(?:(?:{particles})[ ]+)+(.+)$', '\\1', 'i')"
    return text
