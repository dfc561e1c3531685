"""The ledger of identities: it says which worker holds which name, for life.

Neither the order of rows nor a rerun changes what anybody gets, and what was given is never given again.
"""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.directory import directory_findings, folded_sql, require_none
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.allocation import CANDIDATE, Allocated, allocate, name_sql
from hcm_pipeline.identity.attributes import entered, kept_beginning_sql, place_key_sql
from hcm_pipeline.identity.correlation import WAITING, correlate
from hcm_pipeline.identity.kept import kept
from hcm_pipeline.identity.name_parts import named_sql
from hcm_pipeline.identity.placement import place, place_findings
from hcm_pipeline.identity.rehires import offer_rehires, take_over
from hcm_pipeline.identity.renames import RETIRED, follow_renames, take_spellings
from hcm_pipeline.identity.retention import bring_back, release
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import Profile, fallible, scope_sql
from hcm_pipeline.verdicts import Kind
from hcm_pipeline.warehouse import Relation, Scratch, fails_sql, literal, nothing, query, scratch, table


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
        there = kept(own)
        retired = bring_back(own, profile, workforce) if there.released else nothing(RETIRED)
        if there.rehires:
            retired = take_over(own, profile, workforce, retired)
        moving = place(own, profile, workforce)
        respelled = take_spellings(own, profile, workforce) if there.spellings else nothing(RETIRED)
        followed = follow_renames(own, profile, workforce, changes) if there.names else nothing(RETIRED)
        renamed = _together(own, "renamed", respelled, followed)
        retired = _together(own, "retired", retired, renamed)
        newcomers = _newcomers(own, profile, workforce, retired, some_have=there.names)
        waiting, some = nothing(WAITING), newcomers.made > 0
        if some:
            require_none(directory_findings(own.con, profile, now), Kind.DIRECTORY)
        if some and there.accounts:
            correlated = correlate(own, profile, newcomers, workers, renamed, table(own.con, "directory_objects"), day)
            if correlated.matched is not None:
                own.run(entered(f"from {correlated.matched}"))
            waiting = correlated.waiting
            if waiting.made:
                newcomers = _without(own, newcomers, waiting)
        if some or there.reviews:
            offered = offer_rehires(own, profile, workforce, there, newcomers, retired, waiting)
            waiting = _together(own, "waiting", waiting, offered.waiting)
            newcomers = offered.newcomers
        require_none(place_findings(own, profile, day, moving, newcomers), Kind.CONTAINER)
        if waiting.made or there.reviews:
            _keep_waiting(own, waiting, day)
        if not some:
            return 0
        count = newcomers.made if newcomers.made >= 0 else own.count(newcomers)
        if count:
            _name(own, profile, newcomers, count, day)
        return count


def _together(t: Scratch, what: str, *relations: Relation) -> Relation:
    """The rows of relations that have the same columns; a relation by itself, where the others have no rows."""
    some = [relation for relation in relations if relation.made] or [relations[0]]
    return some[0] if len(some) == 1 else t.make(what, " union all by name ".join(f"from {one}" for one in some))


def _newcomers(t: Scratch, profile: Profile, workforce: Workforce, retired: Relation, *, some_have: bool) -> Relation:
    """Everybody in scope who lacks a name; an account that was found in a container stays in it. `some_have`: some have names.

    The columns of `named_sql`, or two of them when there is nobody.
    """
    lacking = "life_stage is distinct from 'future'"
    if some_have:
        # numbers first: the names of a million workers who have all they need are not even read
        nameless = t.make(
            "nameless",
            f"""select person_number from {workforce.workers} where {lacking} and person_number not in (
                select person_number from identities where sam_account_name is not null and common_name is not null)""",
        )
        if not nameless.made:
            return nothing({"person_number": "varchar", "placed_by": "varchar"})
        lacking = f"person_number in (select person_number from {nameless})"
    unclear = fallible(profile, "identity.")  # a name is for life: whoever cannot be judged waits
    clear = f" and not {fails_sql(one.sql for one in unclear)}" if unclear else ""
    asked = f"""(from {workforce.workers}
        where {lacking} and ({scope_sql(profile)}){clear})"""
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


def _name(t: Scratch, profile: Profile, newcomers: Relation, count: int, day: dt.date) -> None:
    """Allocate the names that the `count` newcomers lack, and enter them. Raises PipelineError when a name would be held twice."""
    allocated = allocate(t, profile, newcomers, count)
    t.drop(newcomers)  # of a million it takes as much memory as their names
    before = _held(t)
    names = {name: name_sql(name, short, "part") for name, short in SHORT.items()}
    t.run(
        entered(
            query(
                __package__,
                "new_identities",
                parts=allocated.parts,
                first=literal(CANDIDATE.format(1)),
                **{SHORT[name]: relation for name, relation in allocated.given.items()},
                **names,
            )
        ),
        {"day": day},
    )
    if allocated.known:
        _complete(t, allocated, day)
    if not _is_kept(t, allocated, before, count):
        raise PipelineError("the ledger would hold a name twice; nothing was given, and the day is as it was before")


SHORT = {"user_principal_name": "upn", "sam_account_name": "sam", "common_name": "cn"}
"""Unique attributes, and what columns about them begin with."""


def _complete(t: Scratch, allocated: Allocated, day: dt.date) -> None:
    """Enter what those lacked who are in the ledger already."""
    parts = allocated.parts
    for name in ("sam_account_name", "common_name"):
        short = SHORT[name]
        t.run(f"""
            update identities set {name} = given.name, {short}_rule = given.rule,
                {short}_beginning = {kept_beginning_sql(f"{short}_beginning", "given.name")}
            from ({allocated.names_sql(name)}) given
            where identities.person_number = given.person_number and identities.{name} is null
        """)
    t.run(
        f"""update identities set parent_distinguished_name = part.container, placed_by = part.placed_by, placed_on = ?
        from {parts} part where part.person_number = identities.person_number
        and identities.parent_distinguished_name is null and part.container is not null""",
        [day],
    )


_KEYS = {
    "user_principal_name": folded_sql("mail_nickname"),
    "sam_account_name": folded_sql("sam_account_name"),
    "common_name": place_key_sql("common_name", "parent_distinguished_name"),
}
"""SQL over the ledger by attribute: the name as it is compared."""
_HELD = "from identities where status <> 'released'"


def _held(t: Scratch) -> tuple[int, ...]:
    """How many names the ledger holds, of each attribute."""
    counts = ", ".join(f"count({name})" for name in SHORT)
    return t.first(f"select {counts} {_HELD}") or ()


def _is_kept(t: Scratch, allocated: Allocated, before: tuple[int, ...], count: int) -> bool:
    """Everybody has a name, and none that was given is held twice. `before`: see `_held`."""
    if _held(t) != tuple(held + allocated.lacking[name] for held, name in zip(before, SHORT, strict=True)):
        return False
    if not allocated.few:
        # of a whole ledger it is soon told that no two names are alike: names are not where their hashes are not
        keys = {f"key_{place}": key for place, key in enumerate(("person_number", *_KEYS.values()))}
        made = ", ".join(f"{key} as {column}" for column, key in keys.items())
        alike = ", ".join(f"count({key}) - count(distinct if({key} is null, null, hash({key})))" for key in keys)
        if t.first(f"select {alike} from (select {made} {_HELD})") == (0,) * len(keys):
            return True
    counts = [
        f"(select count(*) from (select {key} as key {_HELD}) join ({allocated.names_sql(name)}) using (key))"
        for name, key in _KEYS.items()
    ]
    counts.append(f"(select count(*) from (select person_number {_HELD}) join {allocated.parts} using (person_number))")
    return t.first(f"select {', '.join(counts)}") == (*allocated.lacking.values(), count)
