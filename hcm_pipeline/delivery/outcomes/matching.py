"""Which entry belongs to which operation, and what became of it then.

A service names neither request nor operation in its entries: an entry carries the worker, the time and the service's own name of
the piece of work. The rules that hold for every service are here; a target's `decide` says how its entries are grouped and read.

1. A target groups the entries of one worker into *changes*, pieces of work of the service.
2. The first change after an operation was accepted is that operation's, the next one that of the next operation accepted by
   then, and so on: first in, first out. So one entry never settles two operations of a worker, of which one was lost.
3. A change for which no operation is left is the service's own retry, and belongs to the operation served last.
4. An operation that was given up as missing is no longer served by what happens after the worker was sent again.
5. The newest of an operation's entries decides.
6. A request of which another attempt may have arrived (no answer came to it, or 5xx) may have been worked off twice. The
   changes of such an echo are its own, too, where a later operation of the worker followed within ECHO: that one is rather
   called missing, and sent again to no effect, than taken for carried out by the echo of the one before. So it is with a
   request that was never accepted, but may have arrived, of a plan whose place another took with other content.

No rule can tell one thing from the entries: a retry by the service under a new name, after a later operation was accepted, answers
for that one until its own change comes; and if that one was lost, for good.

Both times are the service's, from two of its clocks: the time of an answer has whole seconds, and an entry may be up to
SKEW older than the acceptance it belongs to. Everything read is kept by its id, and all entries of a worker are judged
together, so that the order of reading, late entries and entries read twice change nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery.outcomes import failures
from hcm_pipeline.delivery.service import OutcomeEntry, OutcomeRules
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Relation, Scratch, first, query, scratch

KEPT = dt.timedelta(days=60)
"""How long entries are kept: twice as long as Entra ID keeps them."""
SKEW = dt.timedelta(seconds=5)
"""How much older than its acceptance an entry may be."""
CREATE = "create"
"""The action of an entry that tells that an account was made: of these it is kept what the record had."""
ECHO = dt.timedelta(hours=4)
"""When an echo has come at the latest."""


def record_entries(
    con: duckdb.DuckDBPyConnection, target: OutcomeRules, entries: Iterable[OutcomeEntry], rules: Outcomes
) -> int:
    """Keep entries of the target and settle the workers they are about; how many operations were not settled before.

    Entries of nobody who was ever sent are passed over. To be called inside a transaction.
    """
    with scratch(con) as t:
        news = _find_news(t, target.key, _as_relation(t, entries))
        t.run(f"insert into log_entries by name select ? as target, * from {news}", [target.key])
        touched = t.make("touched", query(__package__, "touched", news=news), {"target": target.key, "skew": SKEW})
        return _settle(t, target, touched, rules)


def find_accepted(t: Scratch, target: str, touched: Relation) -> Relation:
    """The accepted operations of the workers in `touched`, and those before them that may have arrived.

    Columns: person_number, plan_no, request_no, op_no, kind, opens_at, changes, epoch. A change that began at `opens_at` or later
    can be an operation's own, and so many `changes` may be. An epoch begins where a worker was sent again because the operation
    before was missing.
    """
    select = query(__package__, "accepted_operations", touched=touched)
    return t.make("accepted", select, {"target": target, "skew": SKEW, "echo": ECHO})


def first_in_first_out(t: Scratch, accepted: Relation, changes: Relation) -> Relation:
    """The operation that each entry's change serves: log_id, person_number, plan_no, request_no, op_no.

    `changes` is one row for each entry that may decide: person_number, log_id, change_id, step, begins_at. The three of
    person_number, change_id and step name a change, and `begins_at` is the time of its first entry.
    """
    return t.make("served", query(__package__, "served", accepted=accepted, changes=changes))


def waiting_since(con: duckdb.DuckDBPyConnection, target: str) -> tuple[int, dt.datetime | None]:
    """How many accepted operations wait for their outcome, and when the first of them was accepted."""
    row = first(con, f"select count(*), min(accepted_at) from ({query(__package__, 'waiting')})", {"target": target})
    return (int(row[0]), row[1]) if row else (0, None)


def overdue_since(
    con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime, rules: Outcomes, resumed_at: dt.datetime | None
) -> dt.datetime | None:
    """When the first operation was accepted that should have an outcome by `now`; None: there is none such."""
    row = first(con, f"select min(accepted_at) from ({_overdue()})", _overdue_values(target, now, rules, resumed_at))
    return row[0] if row else None


def give_up(
    con: duckdb.DuckDBPyConnection,
    target: OutcomeRules,
    now: dt.datetime,
    rules: Outcomes,
    resumed_at: dt.datetime | None,
) -> int:
    """Call missing what should have an outcome by `now`, the service's clock when a reading of its entries began; how many.

    The reading must have begun before the first of these was accepted. Time before `resumed_at`, when the service was seen to
    run again, does not count.
    """
    with scratch(con) as t:
        overdue = f"select plan_no, request_no, op_no, person_number from ({_overdue()})"
        given_up = t.make("given_up", overdue, _overdue_values(target.key, now, rules, resumed_at))
        count = t.count(given_up)
        if count:
            t.run(f"insert into missing_operations select *, ? from {given_up}", [now])
            touched = t.make("touched", f"select distinct person_number from {given_up}")
            failures.refresh(t, target, touched, rules)
        return count


def forget_old(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> None:
    """Drop entries that the service has forgotten long ago; what they settled stays settled."""
    con.execute("delete from log_entries where target = ? and logged_at < ?", [target, now - KEPT])


def _as_relation(t: Scratch, entries: Iterable[OutcomeEntry]) -> Relation:
    rows = [entry for entry in entries if entry.person_number]
    return t.of_arrow("entries", pa.table({
        "log_id": pa.array([e.id for e in rows], pa.string()),
        "logged_at": pa.array([e.at for e in rows], pa.timestamp("us", "UTC")),
        "person_number": pa.array([e.person_number for e in rows], pa.string()),
        "change_id": pa.array([e.change_id for e in rows], pa.string()),
        "status": pa.array([e.status for e in rows], pa.string()),
        "action": pa.array([e.action for e in rows], pa.string()),
        "skip": pa.array([e.skip for e in rows], pa.string()),
        "unresolved": pa.array([e.unresolved for e in rows], pa.bool_()),
        "twin": pa.array([e.twin for e in rows], pa.bool_()),
        "error_code": pa.array([e.error_code for e in rows], pa.string()),
        "reason": pa.array([e.reason for e in rows], pa.string()),
        "advice": pa.array([e.advice for e in rows], pa.string()),
        "landed_on": pa.array([e.landed_on for e in rows], pa.string()),
        "received": pa.array([e.received if e.action == CREATE else None for e in rows], pa.list_(pa.string())),
    }))  # fmt: skip


def _find_news(t: Scratch, target: str, entries: Relation) -> Relation:
    """Entries about somebody who was ever sent that are not kept yet, once each."""
    return t.make(
        "news",
        f"""select * from {entries} entry semi join operations using (person_number)
        where not exists (from log_entries kept where kept.target = ? and kept.log_id = entry.log_id)
        qualify row_number() over (partition by log_id) = 1""",
        [target],
    )


def _settle(t: Scratch, target: OutcomeRules, touched: Relation, rules: Outcomes) -> int:
    """Judge all entries of the workers in `touched`; how many operations were not settled before."""
    if not t.count(touched):
        return 0
    accepted = find_accepted(t, target.key, touched)
    entries = t.make(
        "entries", f"select * exclude (target) from log_entries semi join {touched} using (person_number) where target = ?",
        [target.key],
    )  # fmt: skip
    decided = target.decide(t, accepted, entries)
    news = t.count(f"(from {decided} anti join outcomes using (plan_no, request_no, op_no))")
    t.run(f"""
        delete from outcomes using {accepted} accepted where outcomes.plan_no = accepted.plan_no
        and outcomes.request_no = accepted.request_no and outcomes.op_no = accepted.op_no
    """)
    t.run(f"insert into outcomes by name select * from {decided}")
    failures.refresh(t, target, touched, rules)
    return news


def _overdue() -> str:
    return (
        f"from ({query(__package__, 'waiting')})"
        " where greatest(accepted_at, coalesce($resumed::timestamptz, accepted_at)) <= $limit"
    )


def _overdue_values(
    target: str, now: dt.datetime, rules: Outcomes, resumed_at: dt.datetime | None
) -> dict[str, object]:
    after = dt.timedelta(minutes=rules.missing_after_minutes)
    return {"target": target, "resumed": resumed_at, "limit": now - after}
