"""Renames: names that are retired because the worker's own name changed, or because a person has decided how it is spelled."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.identity.attributes import STANDS_IN
from hcm_pipeline.identity.name_parts import named_sql, parts_of
from hcm_pipeline.identity.placement import FOUND
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import NAME_PARTS, Profile, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, nothing, scratch

RESERVED_FOR_LIFE = ("user_principal_name", "sam_account_name")
"""Attributes whose former names stay with the person: mail goes to the one, permissions name the other."""
RETIRED = {"person_number": "varchar", "container": "varchar", "placed_by": "varchar"}
"""Columns of those whose names were taken out of the ledger's present (see `retire`)."""


def take_spellings(t: Scratch, profile: Profile, workforce: Workforce) -> Relation:
    """Retire the stand-in names of those whose spelling somebody has decided on, so that they are given names of it.

    Returns them (see `retire`). The stand-in stays reserved for the worker, as any former name.
    """
    fields = {part: field for part, field in NAME_PARTS.items() if part != "number"}
    written = " or ".join(
        f"decided.part = {literal(part)} and decided.name = named.{field}" for part, field in fields.items()
    )
    waiting = f"""(from {workforce.workers} where person_number in (
        select person_number from identities ledger where upn_rule = {literal(STANDS_IN)} and status = 'given'
        and person_number in (select person_number from spelling_decisions)
        and not exists (from former_names former
            where former.person_number = ledger.person_number and former.name = ledger.user_principal_name)))"""
    with scratch(t.con) as own:
        respelled = own.make(
            "respelled",
            f"""select person_number from ({named_sql(profile, workforce.day, waiting, workforce.versions)}) named
            where exists (from spelling_decisions decided where decided.person_number = named.person_number and ({written}))""",
        )
        return retire(t, respelled, "renamed", workforce.day)


def follow_renames(t: Scratch, profile: Profile, workforce: Workforce, changes: Relation) -> Relation:
    """Under `rename = "follow"`, retire the names of those whose name changed on the day, so that they are given new ones.

    `changes`: business_date, person_number, attributes (the worker fields that changed) and before_from (`valid_from` of
    the version before). Returns those who are renamed (see `retire`). A worker who was given a name on that day or later is
    passed over: the change is known already.
    """
    if profile.identity.rename == "keep":
        return nothing(RETIRED)
    with scratch(t.con) as own:
        changed = own.make("changed", _changed_sql(profile, workforce.day, changes))
        if not changed.made:
            return nothing(RETIRED)
        # both versions at once, as two rows of a worker
        versions = " union all ".join(
            f"""select version.* from {workforce.versions} version
            join {changed} changed on changed.person_number = version.person_number and {which}"""
            for which in ("version.valid_from = changed.before_from", "version.valid_to is null")
        )
        workers = f"(from ({versions}) where {scope_sql(profile)})"
        named = own.make("named", named_sql(profile, workforce.day, workers, workforce.versions))
        name = ", ".join(f"lower({part})" for part in NAME_PARTS)
        followed = own.make(
            "followed",
            f"""select person_number from {parts_of(own, profile, named)}
            group by person_number having count(distinct row({name})) > 1""",
        )
        return retire(t, followed, "renamed", workforce.day)


def _changed_sql(profile: Profile, day: dt.date, changes: Relation) -> str:
    """SELECT person_number and before_from of the workers of the ledger of whom a part of the name changed on the day."""
    latin = [field for fields in profile.identity.spelling.latin.values() for field in fields]
    fields = ", ".join(literal(field) for field in [*NAME_PARTS.values(), *latin] if field != "person_number")
    return f"""
        select change.person_number, change.before_from from {changes} change join identities ledger using (person_number)
        where change.business_date = {literal(day.isoformat())}::date and change.before_from is not null
        and coalesce(ledger.given_on < change.business_date, true)
        and ledger.status <> 'released' and list_has_any(change.attributes, [{fields}])"""


def retire(t: Scratch, leaving: Relation, reason: str, day: dt.date) -> Relation:
    """Take the names of those in `leaving` (person_number) out of the ledger's present into its past.

    Returns person_number, container and placed_by of those whose names were taken: the container is the one that the account was
    found in, if it was, because no new name moves it; otherwise both are NULL.
    """
    if not leaving.made:
        return nothing(RETIRED)
    for attribute in RESERVED_FOR_LIFE:
        t.run(
            f"""insert into former_names
            select person_number, {literal(attribute)}, {attribute}, ?, ? from identities semi join {leaving} using (person_number)
            where {attribute} is not null""",
            [reason, day],
        )
    found = f"placed_by in ({', '.join(map(literal, FOUND))})"
    retired = t.make(
        "retired",
        f"""select person_number, if({found}, parent_distinguished_name, null) as container,
            if({found}, placed_by, null) as placed_by
        from identities semi join {leaving} using (person_number)""",
    )
    t.run(f"delete from identities where person_number in (select person_number from {leaving})")
    return retired
