"""Workers and the accounts of one reading, compared: whose is whose, row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from hcm_pipeline.directory import last_read
from hcm_pipeline.errors import UsageError
from hcm_pipeline.first_load import Listed, Matched, People, listed_relation, match, open_reasons, people_of
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.identity import Workforce
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra import written_by
from hcm_pipeline.warehouse import Relation, Scratch, literal, table
from hcm_pipeline.workers import with_managers

READ = "`hcm-pipeline identity directory` reads it"
NO_DIRECTORY = (
    "the profile names no directory, so that nobody knows who has an account already: name one in [identity.directories.<name>]"
    f" (docs/reference/directories.md); {READ}"
)
NEVER_READ = f"no directory was read, so that nobody knows who has an account already: {READ}"
PAGE = 1000
"""Rows that are read at once."""


@dataclass(frozen=True)
class AccountFacts:
    """An account as it was last read."""

    object_id: str
    user_principal_name: str | None
    employee_id: str | None
    display_name: str | None
    enabled: bool | None


def _by_name(one: AccountFacts) -> tuple[str, str]:
    return one.user_principal_name or "", one.object_id


@dataclass(frozen=True)
class MatchRow:
    """One worker in scope. `reason`: why a person has to look (None: clean); `said`: a person said that it is sent as it is."""

    person_number: str
    name: str | None
    active: bool
    tier: str
    reason: str | None
    said: bool
    evidence: tuple[str, ...]
    accounts: tuple[AccountFacts, ...]
    decided_by: str | None


@dataclass(frozen=True)
class Orphan:
    """An account that is no worker's. `workers`: person numbers out of scope that have its number, or that it looks like."""

    kind: str
    account: AccountFacts
    mail: str | None
    distinguished_name: str | None
    workers: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Both sides, and how they belong together. `open` as of `open_reasons`."""

    t: Scratch = field(repr=False)
    force: Workforce
    people: People
    matched: Matched
    open: Relation


def compare(t: Scratch, profile: Profile, directories: Sequence[str], listed: Sequence[Listed] = ()) -> Compared:
    """Compare both sides. Raises UsageError when nothing was processed yet."""
    force = force_of(t, profile)
    if force.day == dt.date.min:
        raise UsageError("nothing was processed yet: `hcm-pipeline run` does, and then there is something to compare")
    people = people_of(t, profile, force, table(t.con, "directory_objects"), directories)
    matched = match(
        t, profile, people, force.workers, table(t.con, "delivered"), listed_relation(t, listed) if listed else None
    )
    return Compared(t, force, people, matched, open_reasons(t, matched))


def force_of(t: Scratch, profile: Profile) -> Workforce:
    """The workers of the newest snapshot, each with the person number of the manager."""
    force = workforce(t, profile)
    return replace(force, workers=with_managers(t, profile, force.workers))


def chosen_directories(
    con: duckdb.DuckDBPyConnection, profile: Profile, target: str, wanted: str | None = None
) -> tuple[str, ...]:
    """The directories whose accounts are compared: the one that is named, those of the kind that the target's job writes to, or
    else all that were read. Raises UsageError where there is none, and says how to have one.
    """
    known = last_read(con)
    if wanted is not None:
        if wanted in known:
            return (wanted,)
        there = f"it knows {', '.join(known)}" if known else "none was read"
        raise UsageError(f"--directory {wanted}: was never read ({there}); {READ}")
    if not known:
        raise UsageError(NEVER_READ if profile.identity.directories else NO_DIRECTORY)
    kinds = {name: directory.kind for name, directory in profile.identity.directories.items()}
    written = tuple(name for name in known if kinds.get(name) == written_by(target))
    return written or tuple(known)


FACTS = """{'object_id': account.object_id, 'user_principal_name': account.user_principal_name,
    'employee_id': account.employee_id, 'display_name': account.display_name, 'enabled': account.enabled}"""


def rows_of(t: Scratch, matched: Matched, number: str | None = None) -> Callable[[int | None], Iterator[MatchRow]]:
    """Reads workers, those that need a look first; at most so many. `number`: this one alone."""
    said = f"select person_number from {open_reasons(t, matched)}"
    select = f"""
        select worker.person_number, worker.name, worker.active, worker.tier, worker.reason,
            worker.reason is not null and worker.person_number not in ({said}) as said, worker.evidence,
            coalesce(linked.accounts, []) as accounts, worker.decided_by
        from {matched.workers} worker left join (
            select pair.person_number, list({FACTS} order by pair.place) as accounts
            from (select person_number, unnest(accounts) as object_id, generate_subscripts(accounts, 1) as place
                from {matched.workers}) pair
            join {matched.accounts} account on account.object_id = pair.object_id group by 1) linked
            on linked.person_number = worker.person_number
        {f"where worker.person_number = {literal(number)}" if number is not None else ""}
        order by worker.reason is null, list_position(['ambiguous', 'agreeing', 'confirmed', 'none', 'number'], worker.tier),
            worker.person_number"""

    def read(limit: int | None = None) -> Iterator[MatchRow]:
        result = t.con.execute(select if limit is None else f"{select} limit {limit}")
        while rows := result.fetchmany(PAGE):
            for number, name, active, tier, reason, told, evidence, accounts, by in rows:
                facts = tuple(sorted((AccountFacts(**one) for one in accounts), key=_by_name))
                yield MatchRow(number, name, active, tier, reason, told, tuple(evidence), facts, by)

    return read


def orphans_of(t: Scratch, matched: Matched) -> Callable[[int | None], Iterator[Orphan]]:
    """Reads accounts without a worker, protected ones last; at most so many."""
    select = f"""
        select orphan, {FACTS}, mail, distinguished_name, workers from {matched.accounts} account where orphan is not null
        order by list_position(['looks like a worker', 'number of nobody', 'no number', 'of a worker out of scope', 'protected'],
            orphan), user_principal_name, object_id"""

    def read(limit: int | None = None) -> Iterator[Orphan]:
        result = t.con.execute(select if limit is None else f"{select} limit {limit}")
        while rows := result.fetchmany(PAGE):
            for kind, account, mail, place, workers in rows:
                yield Orphan(kind, AccountFacts(**account), mail, place, tuple(workers))

    return read


def open_row(t: Scratch, compared: Compared, number: str) -> MatchRow | None:
    """A worker of whom something is open; None of any other."""
    if not t.first(f"select 1 from {compared.open} where person_number = ?", [number]):
        return None
    return next(rows_of(t, compared.matched, number)(1), None)
