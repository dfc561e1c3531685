"""Decisions of people: about held manifests, extracts, accounts, numbers, spellings, and workers that failed."""

from __future__ import annotations

import datetime as dt
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hcm_pipeline.deciders import CLI, Decider
from hcm_pipeline.delivery import WRITES_BACK, ApprovalRule, ByHand, cleared_by_hand, decide_retry
from hcm_pipeline.delivery import JournaledManifest as JournaledManifest
from hcm_pipeline.errors import UsageError
from hcm_pipeline.extracts import Extract, named
from hcm_pipeline.extracts import decide as enter_decision
from hcm_pipeline.flow.confirming import extract_intent, meant
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.flow.views.clearing import all_stale, short
from hcm_pipeline.identity import Decided, decide, decide_rehire, decide_spelling
from hcm_pipeline.identity import waiting as reviews_waiting
from hcm_pipeline.plain_text import counted
from hcm_pipeline.verdicts import Kind
from hcm_pipeline.warehouse import scratch, transaction
from hcm_pipeline.workers import OddName, take_as_seen


def system_user() -> str:
    """The account of the system that this process runs under, whatever `LOGNAME` says; its number when it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def approve(
    installation: Installation, manifest: str, *, operations: int | None, by: str, why: str | None, how: str = "cli"
) -> JournaledManifest:
    """Let a held manifest go out for the profile's `guards.approval_hours`. `manifest`: its id, or at least twelve characters of
    it; `operations`: how many it has.

    A manifest for which the profile's guards want two people stays held until the second has approved it. `how`: `cli`, `ui` or
    `proxy`. Raises UsageError for an id that fits none or several or is too short, for another number of operations, for a
    manifest that cannot be approved any more, and for a person whose approval does not count.
    """
    guards = installation.profile.guards
    manifest_id = meant(installation, "approve", manifest, operations)
    until = installation.clock() + dt.timedelta(hours=guards.approval_hours)
    with installation.journal() as journal:
        found = journal.get(manifest_id)
        large = guards.two_people_above is not None and found.operations > guards.two_people_above
        rule = ApprovalRule(2 if large else 1, guards.not_who_started)
        return journal.approve(manifest_id, by=by, why=why, until=until, how=how, rule=rule)


def reject(
    installation: Installation, manifest: str, *, operations: int | None, by: str, why: str | None, how: str = "cli"
) -> JournaledManifest:
    """Let nothing more of a manifest go out. Raises UsageError like `approve`."""
    manifest_id = meant(installation, "reject", manifest, operations)
    with installation.journal() as journal:
        return journal.reject(manifest_id, by=by, why=why, how=how)


def decide_extract(
    installation: Installation,
    sha256: str,
    decision: str,
    *,
    rows: int | None,
    by: str,
    why: str,
    how: str = "cli",
) -> Extract:
    """`accept` an extract, alone or as a `part` beside the others of its date, or `refuse` it; the next run of its date acts on it.

    `sha256`: at least twelve characters of it, with date and source behind it where the same bytes were taken for several; `rows`:
    how many it has. Raises UsageError unless both are those of one extract.
    """
    extract_intent(installation, decision, sha256).require(sha256, rows)
    with installation.warehouse.write() as con:
        extract = named(con, sha256)
        enter_decision(con, extract, decision, by=by, why=why, how=how, now=installation.clock())
        con.execute(
            "update verdicts set tripped = false where kind = ? and subject = ?", [Kind.COMPLETENESS, extract.statement]
        )
    installation.warehouse.publish()
    return extract


@dataclass(frozen=True)
class IdentityDecision:
    """A decision about a worker: exactly one of these.

    `accept`: what is offered is the worker's. `account`: the account with this userPrincipalName is. `same_as`: the worker was
    here before under this number. `spelling`: how parts of the name are spelled. `seen`: the names look odd, and are
    written as they are meant. None of them: the worker is new.
    """

    accept: bool = False
    account: str | None = None
    same_as: str | None = None
    spelling: Mapping[str, str] = field(default_factory=dict)
    seen: bool = False


@dataclass(frozen=True)
class IdentityDecided:
    """A decision as it was entered: about the account or the former number, or about the spelling, by part of the name,
    or the names that somebody has looked at."""

    about: Decided | None = None
    spelling: Mapping[str, str] | None = None
    seen: tuple[OddName, ...] = ()


def decide_identity(
    installation: Installation, number: str, decision: IdentityDecision, *, by: str, how: str = CLI
) -> IdentityDecided:
    """Enter a decision about a worker's account, former number or spelling; the next run acts on it.

    Raises UsageError when nothing waits for it, or when the decision does not fit what is offered.
    """
    who = Decider(by, installation.clock(), how)
    if decision.seen:
        with installation.warehouse.write() as con, transaction(con):
            done = IdentityDecided(seen=tuple(take_as_seen(con, number, who)))
        installation.warehouse.publish()
        return done
    with installation.warehouse.write() as con, scratch(con) as t:
        workers = workforce(t, installation.profile)
        asked = {one.person_number for one in reviews_waiting(con)}
        if decision.spelling or (decision.accept and number not in asked):
            spelling = decide_spelling(t, installation.profile, workers, number, dict(decision.spelling), by=who)
            done = IdentityDecided(spelling=spelling)
        elif decision.same_as:
            done = IdentityDecided(decide_rehire(con, workers.workers, number, decision.same_as, by=who))
        else:
            about = decide(con, workers.workers, number, decision.account, accept=decision.accept, by=who)
            done = IdentityDecided(about)
    installation.warehouse.publish()
    return done


def retry(installation: Installation, number: str | None, *, by: str, how: str = CLI) -> int:
    """Send a failed worker again with the next plan; without a number all that failed. How many they are.

    Raises UsageError when nothing of the worker has failed.
    """
    with installation.warehouse.write() as con:
        who = Decider(by, installation.clock(), how)
        others = con.execute(
            "select distinct target from failures where starts_with(target, ?)", [WRITES_BACK]
        ).fetchall()
        count = sum(
            decide_retry(con, target, number, who)
            for target in (*(one.target for one in installation.targets), *(key for (key,) in others))
        )
    if number is not None and not count:
        raise UsageError(f"{number}: nothing of this worker has failed; `hcm-pipeline outcomes` lists who has")
    installation.warehouse.publish()
    return count


@dataclass(frozen=True)
class Cleared:
    """The stale values that a person has cleared by hand. `number` and `attribute` None: of everybody, and all of them."""

    number: str | None = None
    attribute: str | None = None
    why: str | None = None


def stale_meant(installation: Installation, cleared: Cleared) -> tuple[Cleared, int]:
    """The stale values that a person means, and how many they are. Raises UsageError when none stays.

    An attribute may be named by the last part of its name.
    """
    found = [one for one in all_stale(installation) if cleared.number in (None, one.person_number)]
    named = cleared.attribute
    if named is not None:
        whole = {one.attribute for one in found if named in (one.attribute, short(one.attribute))}
        if len(whole) > 1:
            raise UsageError(f"--attribute {named}: it is the last part of {', '.join(sorted(whole))}")
        named = next(iter(whole), named)
        found = [one for one in found if one.attribute == named]
    if not found:
        of = f"{cleared.number}: " if cleared.number else ""
        raise UsageError(f"{of}no cleared value stays there; `hcm-pipeline outcomes` counts those that do")
    return replace(cleared, attribute=named), len(found)


def cleared_values(installation: Installation, cleared: Cleared, values: int, *, by: str, how: str = CLI) -> int:
    """Close the stale values that a person has cleared by hand; how many. Raises UsageError unless they are so many `values`."""
    meant_, count = stale_meant(installation, cleared)
    if count != values:
        raise UsageError(f"nothing was decided: {counted(count, 'cleared value', 'stay')} there, not {values:,}")
    said = ByHand(meant_.number, meant_.attribute, meant_.why, Decider(by, installation.clock(), how))
    with installation.warehouse.write() as con, transaction(con):
        closed = cleared_by_hand(con, installation.target, said)
    installation.warehouse.publish()
    return closed
