"""The guard of a first load: nothing is sent to a tenant before workers and accounts are clean, or a person has decided."""

from __future__ import annotations

import duckdb

from hcm_pipeline.delivery import DeliveryState
from hcm_pipeline.directory import last_read
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.flow.comparing import NEVER_READ, NO_DIRECTORY, Compared, chosen_directories, compare, force_of
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Profile
from hcm_pipeline.verdicts import Effect, Kind, Verdict
from hcm_pipeline.warehouse import Scratch, first, scratch

RELEASED_BY = "hcm-pipeline identity review"
READ_VERB = "hcm-pipeline identity directory"


def applies(profile: Profile, *, sandbox: bool) -> bool:
    """Whether a first load waits until workers and accounts are clean."""
    rule = profile.guards.first_load
    return rule == "always" or (rule == "tenant" and not sandbox)


def never_sent(con: duckdb.DuckDBPyConnection, journal: DeliveryState, target: str) -> bool:
    """Whether nothing was ever sent to a target, by the journal and by the warehouse."""
    if journal.last_send(target):
        return False
    return first(con, "select 1 from delivered where target = ? limit 1", [target]) is None


def stops_here(installation: Installation, con: duckdb.DuckDBPyConnection, journal: DeliveryState) -> bool:
    """Whether an upload of this home would be stopped by what is not clean."""
    sandbox = installation.settings.target is None
    return applies(installation.profile, sandbox=sandbox) and never_sent(con, journal, installation.target)


def first_load_verdict(
    con: duckdb.DuckDBPyConnection, journal: DeliveryState, profile: Profile, target: str, *, sandbox: bool
) -> Verdict | None:
    """The verdict on a first load that has to be clean; None where the rule does not apply, or something was sent before.

    `sandbox`: the target is the home's own. A home that has read no directory is told that nobody knows who
    has an account, and passes, unless the profile says `always`.
    """
    if not applies(profile, sandbox=sandbox) or not never_sent(con, journal, target):
        return None
    with scratch(con) as t:
        subject = force_of(t, profile).day.isoformat()
        if not last_read(con):
            unread = profile.guards.first_load == "always"
            why, mend = (NEVER_READ, READ_VERB) if profile.identity.directories else (NO_DIRECTORY, None)
            return Verdict(Kind.FIRST_LOAD, "matches", subject, unread, why, Effect.STOP, mend)
        return of_open(compare(t, profile, chosen_directories(con, profile, target)))


def of_open(compared: Compared) -> Verdict:
    """The verdict on workers and accounts as they were compared: it trips while somebody is not clean."""
    t, subject = compared.t, compared.force.day.isoformat()
    counts = counts_of(t, f"select reason, count(*) from {compared.open} group by 1")
    workers = sum(counts.values())
    if not workers:
        why = "every worker in scope has one account by number, or is new and looks like none"
        return Verdict(Kind.FIRST_LOAD, "matches", subject, False, why, Effect.STOP, RELEASED_BY)
    told = ", ".join(f"{reason}: {count:,}" for reason, count in counts.items())
    why = (
        f"{counted(workers, 'worker', 'are')} not clean ({told}): `hcm-pipeline plan --initial` lists"
        f" them, `{RELEASED_BY} NUMBER` decides about one, and nothing is sent before"
    )
    figures = {"workers": workers, "reasons": counts}
    return Verdict(Kind.FIRST_LOAD, "matches", subject, True, why, Effect.STOP, RELEASED_BY, figures)


def counts_of(t: Scratch, select: str) -> dict[str, int]:
    """The rows of a SELECT of a text and a count, in the order of the texts."""
    return dict(t.rows(f"{select} order by 1"))


def kept_back(installation: Installation, journal: DeliveryState) -> Verdict | None:
    """The verdict that keeps a first load back, by the read copy; None: none does."""
    sandbox = installation.settings.target is None
    if not applies(installation.profile, sandbox=sandbox) or journal.last_send(installation.target):
        return None
    with installation.warehouse.read_or_empty() as con:
        found = first_load_verdict(con, journal, installation.own_profile, installation.target, sandbox=sandbox)
    return found if found is not None and found.tripped else None


def refuse_unclean(installation: Installation, journal: DeliveryState) -> None:
    """Raise GuardStop for a first load that has to be clean and is not."""
    found = kept_back(installation, journal)
    if found is not None:
        raise GuardStop(f"nothing was sent: before the first load, {found.sentence}", kind=Kind.FIRST_LOAD)
