"""The ledger of identities: it says which worker holds which name, for life.

Neither the order of rows nor a rerun changes what anybody gets, and what was given is never given again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hcm_pipeline.directory import COMMON_NAME, SAM, beginning_sql, directory_findings, folded_sql, require_none
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.allocation import allocate, attributes, entered, place_key_sql
from hcm_pipeline.identity.correlation import WAITING, correlate
from hcm_pipeline.identity.name_parts import named_sql, parts_of
from hcm_pipeline.identity.placement import place, place_findings
from hcm_pipeline.identity.rehires import offer_rehires, take_over
from hcm_pipeline.identity.renames import follow_renames, take_spellings
from hcm_pipeline.identity.retention import bring_back, release
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import Profile, fallible, scope_sql
from hcm_pipeline.verdicts import Kind
from hcm_pipeline.warehouse import Relation, Scratch, fails_sql, query, scratch, table


def give_names(
    t: Scratch, profile: Profile, workers: Relation, versions: Relation, changes: Relation, day: dt.date, now: dt.datetime
) -> int:  # fmt: skip
    """Give every worker in scope of a snapshot the names they lack; how many workers were given some.

    `workers`: the open versions of workers, `versions`: all of them (see `Workforce`); `changes`: business_date, person_number,
    kind, attributes and before_from (see `follow_renames`). `day` is the snapshot's date: names are kept and freed by it, never
    by the clock, so that a backfill ends as the days did. `now` says how old the readings of directories are.

    A worker with an account in the directory keeps its names, and a worker who is likely to have been here before is offered
    their former ones; where it is not clear, a person decides first. Everybody is put where the rules of places say. Raises
    GuardStop when a directory was read too long ago or lacks a container, or a domain is not verified, and PipelineError when
    a name would be held twice. It is left to the caller to roll back.
    """
    workforce = Workforce(day, workers, versions)
    with scratch(t.con) as own:
        release(own, profile, workforce)
        retired = take_over(own, profile, workforce, bring_back(own, profile, workforce))
        moving = place(own, profile, workforce)
        respelled = take_spellings(own, profile, workforce)
        followed = follow_renames(own, profile, workforce, changes)
        renamed = own.make("renamed", f"from {respelled} union all by name from {followed}")
        retired = own.make("retired", f"from {retired} union all by name from {renamed}")
        newcomers = _newcomers(own, profile, workforce, retired)
        waiting, some = own.empty("waiting", WAITING), own.count(newcomers) > 0
        if some:
            require_none(directory_findings(own.con, profile, now), Kind.DIRECTORY)
            correlated = correlate(own, profile, newcomers, workers, renamed, table(own.con, "directory_objects"), day)
            if correlated.matched is not None:
                own.run(entered(f"from {correlated.matched}"))
            waiting = correlated.waiting
            newcomers = _without(own, newcomers, waiting)
        offered = offer_rehires(own, profile, workforce, newcomers, retired, waiting)
        require_none(place_findings(own, profile, day, moving, offered.newcomers), Kind.CONTAINER)
        _keep_waiting(own, own.make("waiting", f"from {waiting} union all by name from {offered.waiting}"), day)
        return _name(own, profile, offered.newcomers, day) if some else 0


def _newcomers(t: Scratch, profile: Profile, workforce: Workforce, retired: Relation) -> Relation:
    """Everybody in scope who lacks a name; an account that was found in a container stays in it.

    The columns of `named_sql`, or two of them when there is nobody.
    """
    # numbers first: the names of a million workers who have all they need are not even read
    nameless = t.make(
        "nameless",
        f"""select person_number from {workforce.workers}
        where life_stage is distinct from 'future' and person_number not in (
            select person_number from identities where sam_account_name is not null and common_name is not null)""",
    )
    if not t.count(nameless):
        return t.empty("newcomers", {"person_number": "varchar", "placed_by": "varchar"})
    unclear = fallible(profile, "identity.")  # a name is for life: whoever cannot be judged waits
    clear = f" and not {fails_sql(one.sql for one in unclear)}" if unclear else ""
    asked = f"""(from {workforce.workers}
        where person_number in (select person_number from {nameless}) and ({scope_sql(profile)}){clear})"""
    kept = f"(from {retired} where container is not null)"
    return t.make(
        "newcomers",
        f"""select named.* replace (coalesce(kept.container, named.container) as container,
            if(kept.container is null, named.placed_by, kept.placed_by) as placed_by)
        from ({named_sql(profile, workforce.day, asked, workforce.versions)}) named left join {kept} kept using (person_number)""",
    )


def _without(t: Scratch, newcomers: Relation, waiting: Relation) -> Relation:
    """A view, because a copy of a million newcomers takes longer than leaving out the few who wait."""
    return t.view("newcomers", f"from {newcomers} anti join {waiting} using (person_number)")


def _keep_waiting(t: Scratch, waiting: Relation, day: dt.date) -> None:
    """`identity_reviews` is what `waiting` holds; what has waited before keeps its date."""
    since = t.make(
        "waiting_since", "select person_number, min(opened_on) as opened_on from identity_reviews group by 1"
    )
    t.run("delete from identity_reviews")
    t.run(
        f"""insert into identity_reviews by name
        select waiting.*, coalesce(since.opened_on, ?::date) as opened_on
        from {waiting} waiting left join {since} since using (person_number)""",
        [day],
    )


def _name(t: Scratch, profile: Profile, newcomers: Relation, day: dt.date) -> int:
    """Allocate the names that `newcomers` lack, and enter them; how many newcomers there are."""
    parts = parts_of(t, profile, newcomers)
    given = {attribute.name: allocate(t, attribute, parts) for attribute in attributes(profile)}
    _enter(t, parts, given, day)
    _verify(t, newcomers, given)
    return t.count(newcomers)


def _enter(t: Scratch, parts: Relation, given: Mapping[str, Relation], day: dt.date) -> None:
    t.run(entered(query(__package__, "new_identities", parts=parts, **given)), {"day": day})
    for name, short, limit in (("sam_account_name", "sam", SAM), ("common_name", "cn", COMMON_NAME)):
        t.run(f"""
            update identities set {name} = given.name, {short}_rule = given.rule,
                {short}_beginning = {beginning_sql("given.name", limit)}
            from {given[name]} given join {parts} part using (person_number)
            where identities.person_number = given.person_number and identities.{name} is null
        """)
    t.run(
        f"""update identities set parent_distinguished_name = part.container, placed_by = part.placed_by, placed_on = ?
        from {parts} part where part.person_number = identities.person_number
        and identities.parent_distinguished_name is null and part.container is not null""",
        [day],
    )


_HELD_AS = {
    "user_principal_name": f"{folded_sql('ledger.mail_nickname')} = given.key",
    "sam_account_name": f"{folded_sql('ledger.sam_account_name')} = given.key",
    "common_name": f"{place_key_sql('ledger.common_name', 'ledger.parent_distinguished_name')} = given.key",
}
"""SQL condition by attribute: a row of the ledger holds the name that was given."""


def _verify(t: Scratch, newcomers: Relation, given: Mapping[str, Relation]) -> None:
    """Nothing that was given is held twice. Raises PipelineError otherwise, and the caller's transaction is undone."""
    checks = [(relation, _HELD_AS[name]) for name, relation in given.items()]
    for relation, condition in [*checks, (newcomers, "given.person_number = ledger.person_number")]:
        held = t.count(
            f"(from identities ledger join {relation} given on {condition} where ledger.status <> 'released')"
        )
        if held != t.count(relation):
            raise PipelineError(
                "the ledger would hold a name twice; nothing was given, and the day is as it was before"
            )
