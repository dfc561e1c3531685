"""Retention: how long a leaver's names stay reserved, and what becomes of them when the worker comes back."""

from __future__ import annotations

from hcm_pipeline.directory import folded_sql
from hcm_pipeline.identity.attributes import attributes
from hcm_pipeline.identity.placement import last_day_sql
from hcm_pipeline.identity.renames import RETIRED, retire
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, nothing, scratch

GIVEN_BACK = """released_on = null,
    status = case placed_by when 'account' then 'adopted' when 'imported' then 'imported' else 'given' end"""
"""SQL that an UPDATE sets of released names whose holder is back."""


def release(t: Scratch, profile: Profile, workforce: Workforce) -> None:
    """Free the names of those who left longer ago than `identity.retention_days`: status `released`."""
    days, day = profile.identity.retention_days, workforce.day
    if days is None:
        return
    t.run(
        f"""update identities set status = 'released', released_on = ? from (
            select person_number, {last_day_sql(workforce.versions)} as last_day from {workforce.workers} where not active) leaver
        where leaver.person_number = identities.person_number and identities.status <> 'released'
        and leaver.last_day + ?::integer < ?::date""",
        [day, days, day],
    )


def bring_back(t: Scratch, profile: Profile, workforce: Workforce) -> Relation:
    """Give those who come back their released names again, or take these from them for good when somebody holds one by now.

    Returns those who lost them (see `renames.retire`). Days up to the release are passed over: processing them anew tells
    nothing of a return.
    """
    with scratch(t.con) as own:
        returning = own.make(
            "returning",
            f"""select ledger.person_number, ledger.mail_nickname, ledger.sam_account_name from identities ledger
            join (from {workforce.workers} where {scope_sql(profile)}) worker using (person_number)
            where ledger.status = 'released' and worker.active and coalesce(ledger.released_on < ?, true)""",
            [workforce.day],
        )
        if not returning.made:
            return nothing(RETIRED)
        retired = retire(t, lost_names(own, profile, returning), "released", workforce.day)
        own.run(f"update identities set {GIVEN_BACK} where person_number in (select person_number from {returning})")
        return retired


def lost_names(t: Scratch, profile: Profile, released: Relation) -> Relation:
    """The person numbers in `released` (person_number, mail_nickname, sam_account_name) whose holder cannot have the names back:
    somebody else holds one of them by now, or it is reserved."""
    held = {attribute.name: attribute.held for attribute in attributes(profile)}
    taken = " or ".join(
        f"""exists (from ({held[name]}) taken where taken.key = {folded_sql(f"released.{column}")}
            and taken.person_number is distinct from released.person_number)"""
        for name, column in (("user_principal_name", "mail_nickname"), ("sam_account_name", "sam_account_name"))
    )
    return t.make("lost", f"select person_number from {released} released where {taken}")
