"""The parts that names are made of: a worker's fields, domain and container, and the spelled parts of the name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from hcm_pipeline.identity.latest_decisions import LATEST_SPELLINGS
from hcm_pipeline.identity.patronymics import without_patronymics
from hcm_pipeline.identity.placement import place_columns, with_last_day
from hcm_pipeline.identity.romanisation import HOMES
from hcm_pipeline.identity.spelling import (
    latin_sql,
    names_to_spell,
    reading_sql,
    spell_columns,
    spell_names,
    spelled_sql,
    spellings_join,
)
from hcm_pipeline.identity.templates import fields_of
from hcm_pipeline.profile import NAME_PARTS, Profile
from hcm_pipeline.warehouse import Relation, Scratch, holds_sql, literal, quote, scratch

PARTICLES = ("af", "al", "bin", "binti", "d'", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
             "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")  # fmt: skip
SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq")
LATIN_ALSO = {"first": ("preferred_name",), "preferred": ("first_name",)}
"""Fields that may hold a part of the name in Latin letters, besides those of the profile."""


def _first_of(rules: list[tuple[str, str]], default: str) -> str:
    cases = " ".join(f"when {holds_sql(when)} then {value}" for when, value in rules)
    return f"case {cases} else {default} end" if rules else default


def _part_fields(profile: Profile) -> dict[str, str]:
    """The parts that templates may ask for, and the worker field of each."""
    identity = profile.identity
    templates = [*identity.user_principal_name.candidates, *identity.sam_account_name.candidates,
                 *identity.common_name.candidates]  # fmt: skip
    for special in identity.variants:
        templates += [*special.user_principal_name, *special.sam_account_name, *special.common_name]
    others = {*fields_of(tuple(templates)), *(rule.field for rule in identity.adopt)} - set(NAME_PARTS.values())
    return {**NAME_PARTS, **{name: name for name in sorted(others)}}


def named_sql(profile: Profile, day: dt.date, workers: Relation | str, versions: Relation) -> str:
    """SELECT: all that names are made from on `day`, of `workers`, a relation or a SELECT in parentheses (see `Workforce`).

    Columns: the worker fields that templates and rules of correlation name, place (the country by whose rules a name is spelled),
    domain, variant, container and placed_by.
    """
    identity = profile.identity
    fields = [_field_sql(part, field, profile) for part, field in _part_fields(profile).items()]
    domain = _first_of([(rule.when, literal(rule.domain.lower())) for rule in identity.domains],
                       literal(identity.domain.lower()))  # fmt: skip
    variant = _first_of([(rule.when, str(place)) for place, rule in enumerate(identity.variants, 1)], "0")
    columns = ", ".join(
        [*fields, f"{_place_sql(profile)} as place", f"{domain} as domain", f"{variant} as variant",
         place_columns(profile, day)]
    )  # fmt: skip
    return f"select {columns} from {with_last_day(profile, workers, versions)}"


def _place_sql(profile: Profile) -> str:
    """The country by whose rules a worker's names are spelled: that of their language, and otherwise their own."""
    country, field = "upper(country)", profile.identity.spelling.language
    if field is not None:
        homes = ", ".join(f"{literal(language)}: {literal(home)}" for language, home in HOMES.items())
        language = f"lower(regexp_extract({quote(field)}, '^ *([A-Za-z]+)', 1))"
        country = f"coalesce(map {{{homes}}}[{language}], {country})"
    return f"coalesce({country}, '')"


def _field_sql(part: str, field: str, profile: Profile) -> str:
    """A part of the name as HR writes it: in Latin letters if any field holds it so, as it sounds if it is in Han characters and a
    field says how, and otherwise as it is."""
    plain = "coalesce(preferred_name, first_name)" if part == "preferred" else quote(field)
    others = [*map(quote, profile.identity.spelling.fields_of(part)), *LATIN_ALSO.get(part, ())]
    if not others:
        return f"{plain} as {quote(field)}" if plain != quote(field) else plain
    better = [f"when {latin_sql(other)} then {other}" for other in others]
    better += [f"when {reading_sql(plain, other)} then {other}" for other in others]
    return (
        f"case when {plain} is null or {latin_sql(plain)} then {plain} {' '.join(better)} else {plain} end"
        f" as {quote(field)}"
    )


def parts_of(t: Scratch, profile: Profile, named: Relation) -> Relation:
    """The spelled parts of the names of everybody in `named` (see `named_sql`), beside the names that they hold (`parts_sql`)."""
    return of_spelled(t, "parts", profile, named, lambda spelled: parts_sql(profile, spelled))


def parts_columns(profile: Profile) -> list[str]:
    """The columns of `parts_sql`, in order."""
    return ["person_number", "domain", "variant", "container", "placed_by", *_part_fields(profile), *NAMES]


NAMES = ("user_principal_name", "sam_account_name", "common_name")
"""Those of the ledger that are unique."""


def parts_sql(profile: Profile, spelled: str) -> str:
    """SELECT over `spelled` (a SELECT, see `spelled_parts`).

    Columns: person_number, domain, variant, container (that of the account, if there is one), placed_by, a column for each part,
    and user_principal_name, sam_account_name and common_name of the ledger. A name that is spelled with less confidence than the
    profile asks for has no parts here, as if nothing could be spelled: the person number stands in until somebody has decided.
    """
    doubtful = f"confidence < {profile.identity.spelling.review_below}"
    columns = ", ".join(
        f"case when {doubtful} then '' else {quote(part)} end as {quote(part)}" if part in SPELLED else quote(part)
        for part in _part_fields(profile)
    )
    return f"""
        select spelled.person_number, domain, variant, coalesce(ledger.parent_distinguished_name, container) as container,
            spelled.placed_by, {columns}, {", ".join(f"ledger.{name}" for name in NAMES)}
        from ({spelled}) spelled left join identities ledger on ledger.person_number = spelled.person_number"""


SPELLED = ("first", "preferred", "middle", "last")
"""Parts that are a person's name."""
JUDGED = ("first", "preferred", "last")
"""Those of which the least sure decides about the name."""


AT_ONCE = 250_000
"""Names that are spelled in one piece: the spellings of many more do not fit into the memory beside the rest."""


def spelled_parts(t: Scratch, profile: Profile, named: Relation) -> Relation:
    """The parts of the names of everybody in `named` (see `named_sql`), spelled.

    Columns: person_number, domain, variant, container, placed_by, a column for each part, `confidence`, that of the least sure
    part, and `ways`, how each part was spelled. A spelling that a person has decided on counts as sure, for as long as the name is
    written as it was then.
    """
    return of_spelled(t, "spelled_parts", profile, named, lambda spelled: spelled)


def of_spelled(t: Scratch, what: str, profile: Profile, named: Relation, select: Callable[[str], str]) -> Relation:
    """A table of what `select` makes of the spelled parts of everybody in `named`: a SELECT of the SELECT that it is handed."""
    fields, out = list(_part_fields(profile).values()), profile.identity.spelling.written_out
    decided = t.first("select 1 from spelling_decisions limit 1") is not None
    with scratch(t.con) as own:
        found = names_to_spell(own, named, fields, out, AT_ONCE)
        if sum(len(one.names) for one in found) < AT_ONCE:
            spelled = spell_names(own, found, out)
            return t.make(what, select(_spelled_sql(profile, named, spelled, decided=decided)))
    del found
    pieces = 1 + 2 * t.count(named) // AT_ONCE
    made: Relation | None = None
    for piece in range(pieces):
        with scratch(t.con) as own:
            here = own.make("named", f"from {named} where hash(person_number) % {pieces} = {piece}")
            spelled = spell_columns(own, here, fields, out)
            names = select(_spelled_sql(profile, here, spelled, decided=decided))
            if made is None:
                made = t.make(what, names)
            else:
                t.run(f"insert into {made} {names}")
    assert made is not None
    return made


def _spelled_sql(profile: Profile, named: Relation, spelled: Relation | None, *, decided: bool) -> str:
    """SELECT: see `spelled_parts`. `spelled`: see `spell_columns`; `decided`: somebody has decided on spellings."""
    out = profile.identity.spelling.written_out
    joins, columns, sure, ways = [], [], [], []
    # most people are called by their first name: it is spelled once
    first, preferred = (f"named.{quote(NAME_PARTS[part])}" for part in ("first", "preferred"))
    for part, field in _part_fields(profile).items():
        column, joined = f"named.{quote(field)}", f"s_{part}" if spelled else None
        asked = f"nullif({column}, {first})" if part == "preferred" else column
        if part != "first":
            joins.append(spellings_join(spelled, f"s_{part}", asked, "named.place", out))
        text, confidence, how = _part_sql(part, column, joined, profile), "1::double", "null"
        if spelled:
            confidence, how = f"s_{part}.confidence", f"s_{part}.how"
        if part == "first":
            inner = f"{text} as _first, {confidence} as _confidence, {how} as _how"
            text, confidence, how = "named._first", "named._confidence", "named._how"
        elif part == "preferred":
            text, confidence, how = (
                f"case when {preferred} = {first} then named.{known} else {other} end"
                for known, other in (("_first", text), ("_confidence", confidence), ("_how", how))
            )
        if decided and part in SPELLED:
            joins.append(f"""left join ({LATEST_SPELLINGS}) d_{part} on d_{part}.person_number = named.person_number
                and d_{part}.part = {literal(part)} and d_{part}.name = {column}""")
            text = f"coalesce(d_{part}.spelling, {text})"
            confidence = f"if(d_{part}.spelling is null, {confidence}, 1)"
        columns.append(f"{text} as {quote(part)}")
        if part in JUDGED:
            sure.append(f"coalesce({confidence}, 1)")
            ways.append(f"{literal(part)}: coalesce({how}, '')")
    once = f"""select named.*, {inner} from {named} named {spellings_join(spelled, "s_first", first, "named.place", out)}"""
    return f"""
        select named.person_number, domain, variant, container, placed_by, {", ".join(columns)},
            least({", ".join(sure)}) as confidence, {{{", ".join(ways)}}} as ways
        from ({once}) named {" ".join(joins)}"""


def _part_sql(part: str, column: str, joined: str | None, profile: Profile) -> str:
    text = spelled_sql(column, joined)
    if part in ("first", "preferred", "middle") and profile.identity.patronymics == "drop":
        return without_patronymics(text, "named.place", keep_one=part != "middle")
    if part != "last":
        return text
    if profile.identity.suffixes == "drop":
        text = f"regexp_replace({text}, '[ ,]+({'|'.join(SUFFIXES)})[.]?$', '', 'i')"
    if profile.identity.particles == "drop":
        particles = "|".join(particle.replace("'", "''") for particle in PARTICLES)
        text = f"regexp_replace({text}, '^(?:(?:{particles})[ ]+)+(.+)$', '\\1', 'i')"
    return text
