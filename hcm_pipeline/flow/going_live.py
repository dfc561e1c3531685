"""Before a first load: who matches which account, who is new, what has to be clean before anything is sent, and how long it takes.

The same matching answers after a first load, too, and says so. A list of confirmed accounts is looked at here as if it were
entered; `enter_list` enters it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hcm_pipeline.delivery import Journal, canary_of
from hcm_pipeline.directory import last_read
from hcm_pipeline.errors import UsageError
from hcm_pipeline.first_load import (
    COHORTS,
    Duplicate,
    Heads,
    RefusedLine,
    Stamp,
    count_heads,
    find_duplicates,
    read_list,
    stamps,
    unfit,
)
from hcm_pipeline.flow.comparing import MatchRow, Orphan, chosen_directories, compare, orphans_of, rows_of
from hcm_pipeline.flow.first_load_guard import counts_of, never_sent, of_open, stops_here
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.difference import Outlook, outlook
from hcm_pipeline.flow.workflow_report import WorkflowReport, workflow_report
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Profile, clause_sql
from hcm_pipeline.verdicts import Verdict
from hcm_pipeline.warehouse import Relation, Scratch, holds_sql, literal, scratch


@dataclass(frozen=True)
class LiveWish:
    """The things to look at. `by`: a field of COHORTS to count heads by. `directory`: one of the profile; None: those of the
    target's kind, or else all. `confirmed`: a list that is looked at as if it were entered."""

    by: str = "company"
    directory: str | None = None
    confirmed: Path | None = None


@dataclass(frozen=True)
class ScopeCount:
    """Workers of the newest snapshot. `why`: the condition that leaves them out; None: they are in scope."""

    why: str | None
    active: int
    inactive: int


@dataclass(frozen=True)
class Load:
    """The load that a plan made now would be. `canary`: operations that go first, alone; `days` at the quota left to us a day."""

    operations: Mapping[str, int]
    requests: int
    held: Mapping[str, int]
    canary: int
    quota: int
    days: int
    ends_at: dt.datetime


@dataclass(frozen=True)
class Initial:
    """Everything that is known before a first load. Counts are by tier, by reason and by kind of orphan."""

    first_load: bool
    said: str
    """Whether this is a first load, in a sentence."""
    directories: tuple[str, ...]
    read_at: dt.datetime
    """When the oldest of them was read."""
    business_date: dt.date
    workers: Mapping[str, int]
    accounts: Mapping[str, int]
    open: Mapping[str, int]
    new: int
    orphans: Mapping[str, int]
    duplicates: tuple[Duplicate, ...]
    by: str
    headcount: tuple[Heads, ...]
    scope: tuple[ScopeCount, ...]
    load: Load
    verdict: Verdict
    stops: bool
    """Whether an upload is stopped while the verdict trips: see `guards.first_load`."""
    matches: tuple[MatchRow, ...]
    orphan_accounts: tuple[Orphan, ...]
    refused: tuple[RefusedLine, ...]
    to_stamp: int
    not_stampable: tuple[str, ...]
    workflows: WorkflowReport


@dataclass(frozen=True)
class Look:
    """A first load while it is looked at: for files of it. `matches` and `orphans` read it row by row, at most so many."""

    initial: Initial
    profile: str
    made_at: dt.datetime
    matches: Callable[[int | None], Iterator[MatchRow]]
    orphans: Callable[[int | None], Iterator[Orphan]]
    stamps: Callable[[], Iterator[Stamp]]


LookWriter = Callable[[Look], None]


def initial(
    installation: Installation,
    wish: LiveWish = LiveWish(),
    *,
    shown: int | None = None,
    writers: Sequence[LookWriter] = (),
) -> Initial:
    """Look at the first load. `shown`: list no more workers and accounts than that (None: all), those that need a look first.

    Raises UsageError when no directory was read, and says how; when nothing was processed; for a list that is none.
    """
    listed, refused = read_list(wish.confirmed) if wish.confirmed else ([], [])
    if wish.by not in COHORTS:
        raise UsageError(f"--by {wish.by}: heads are counted by {', '.join(COHORTS)}")
    plan = outlook(installation, shown=0, matches=False)
    with installation.warehouse.read() as con, installation.journal() as journal, scratch(con) as t:
        names = chosen_directories(con, installation.profile, installation.target, wish.directory)
        compared = compare(t, installation.own_profile, names, listed)
        rows, orphans = rows_of(t, compared.matched), orphans_of(t, compared.matched)
        found = Initial(
            first_load=never_sent(con, journal, installation.target),
            said=_said(installation, con, journal),
            directories=names,
            read_at=min(last_read(con)[name][0] for name in names),
            business_date=compared.force.day,
            workers=counts_of(t, f"select tier, count(*) from {compared.matched.workers} group by 1"),
            accounts=counts_of(t, f"select tier, count(*) from {compared.matched.accounts} group by 1"),
            open=counts_of(t, f"select reason, count(*) from {compared.open} group by 1"),
            new=t.count(f"(from {compared.matched.workers} where tier = 'none' and reason is null)"),
            orphans=counts_of(
                t, f"select orphan, count(*) from {compared.matched.accounts} where orphan is not null group by 1"
            ),
            duplicates=tuple(find_duplicates(t, compared.people, compared.matched)),
            by=wish.by,
            headcount=tuple(count_heads(t, compared.people, compared.matched, wish.by)),
            scope=tuple(_scope_counts(t, installation.own_profile, compared.force.workers)),
            load=_load(installation, plan),
            verdict=of_open(compared),
            stops=stops_here(installation, con, journal),
            matches=tuple(rows(shown)),
            orphan_accounts=tuple(orphans(shown)),
            refused=tuple(refused),
            to_stamp=sum(1 for _ in stamps(t, compared.matched)),
            not_stampable=tuple(unfit(t, compared.matched)),
            workflows=workflow_report(t, installation, shown),
        )
        look = Look(
            found, installation.profile.name, installation.clock(), rows, orphans, lambda: stamps(t, compared.matched)
        )
        for write in writers:
            write(look)
    return found


def _said(installation: Installation, con: duckdb.DuckDBPyConnection, journal: Journal) -> str:
    if never_sent(con, journal, installation.target):
        return "Nothing was ever sent to this target: this is the first load."
    row = con.execute("select count(*) from delivered where target = ?", [installation.target]).fetchone()
    delivered = counted(row[0] if row else 0, "worker", "were")
    return f"This is no first load: {delivered} delivered to this target. It shows how things stand now."


def _scope_counts(t: Scratch, profile: Profile, workers: Relation) -> Iterator[ScopeCount]:
    """Workers by the first condition of the scope that leaves them out."""
    tests = [(f"scope.include: {condition}", holds_sql(condition)) for condition in profile.scope.include]
    groups = [
        f"({' and '.join(f'coalesce({clause_sql(profile, clause)}, false)' for clause in group.clauses)})"
        for group in profile.scope.groups
    ]
    tests += [("scope.groups: no group holds", " or ".join(groups))] if groups else []
    cases = " ".join(f"when not ({condition}) then {literal(why)}" for why, condition in tests)
    why = f"case {cases} end" if cases else "null::varchar"
    rows = t.rows(
        f"""select {why} as why, count(*) filter (active), count(*) filter (active is not true) from {workers}
        group by 1 order by why nulls first"""
    )
    return (ScopeCount(*row) for row in rows)


def _load(installation: Installation, plan: Outlook) -> Load:
    delivery = installation.profile.delivery
    return Load(
        operations=plan.operations, requests=plan.requests, held=plan.held,
        canary=canary_of(delivery, sandbox=installation.settings.target is None).operations, quota=delivery.own_quota,
        days=math.ceil(plan.requests / delivery.own_quota), ends_at=plan.ends_at,
    )  # fmt: skip
