"""The state of a target as delivery knows it when it plans, brought up to the journal.

A plan brings the warehouse's own tables up to the journal and reads these. A preview writes nothing: it reads copies, with the
decisions that no plan has taken over yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.clearing import Flow, keep_flows, known_flows, with_stale_values
from hcm_pipeline.delivery.plan import decisions, undo
from hcm_pipeline.delivery.plan.facts import Task
from hcm_pipeline.delivery.plan.resend import resend
from hcm_pipeline.delivery.state import DeliveryState, journal_sync
from hcm_pipeline.delivery.target import Target, names_of, of_accounts_sql
from hcm_pipeline.warehouse import Relation, Scratch, ensure_columns, literal, quote, table

VERSIONS = "versions"
"""The table of versions: one for all targets, with the columns of each. `planned`, `delivered` and `delivered_before` show it."""


@dataclass(frozen=True)
class Known:
    """Relations of one target.

    `delivered`: the last version of each worker that it took, columns as of the table. `has`: the same with the values that stay
    there and that a record can take away by now (see `with_stale_values`). `before`: the versions that these replaced.
    `flow`: what becomes of nulls. `ever`: person_number of each worker that any target took. `in_doubt`: person_number, plan_no
    of every operation in a request that may have arrived; `doubtful`: the newest of each worker.
    `again`: person_number, reason (see `resend`). `withheld`: person_number, digest, reason. `undos`: manifest_id.
    """

    delivered: Relation
    has: Relation
    flow: Flow
    before: Relation
    ever: Relation
    in_doubt: Relation
    doubtful: Relation
    again: Relation
    withheld: Relation
    undos: Relation


def prepare(con: duckdb.DuckDBPyConnection, target: Target) -> None:
    """Give the table of versions a column for every value of the target."""
    # texts that differ take most of the time in which a first load's versions are written: by zstd, half of it and less room
    own = [column.name for column in target.columns if column.own]
    ensure_columns(con, VERSIONS, _columns(target), compression=dict.fromkeys(own, "zstd"))


def take_over(t: Scratch, journal: DeliveryState, task: Task) -> Known:
    """Bring the warehouse up to the journal, and say what is known then."""
    # in this order: a request accepted in between is then known twice, and never not at all
    in_doubt = journal_sync.find_in_doubt(t, journal, task.target.key)
    journal_sync.sync(t, journal)
    kept = decisions.Kept.tables(t)
    decisions.take_over(t, journal, kept)
    undo.forget_old(t, task.now, task.rules.guards.undo_days)
    return _known(t, task, in_doubt, kept, keep_flows(t, task.target, task.now))


def look_up(t: Scratch, journal: DeliveryState, task: Task) -> Known:
    """The same with nothing written: the warehouse may be a read copy that lacks columns of the target."""
    in_doubt = journal_sync.find_in_doubt(t, journal, task.target.key)
    kept = decisions.Kept.copies(t)
    decisions.take_over(t, journal, kept)
    return _known(t, task, in_doubt, kept, known_flows(t, task.target, task.now))


def _known(t: Scratch, task: Task, in_doubt: Relation, kept: decisions.Kept, flow: Flow) -> Known:
    here, columns = f"target = {literal(task.target.key)}", _columns(task.target)
    delivered, before = (t.complete(table(t.con, name), columns) for name in ("delivered", "delivered_before"))
    delivered_here = t.view("delivered_here", f"select * from {delivered} where {here}")
    return Known(
        delivered=delivered_here,
        has=with_stale_values(t, task.target, delivered_here, flow.known),
        flow=flow,
        before=t.view("delivered_before_here", _before_sql(task.target, before, delivered, here)),
        ever=t.view(
            "ever_delivered", f"select distinct person_number from delivered where {of_accounts_sql('target')}"
        ),
        in_doubt=in_doubt,
        doubtful=t.view("doubtful", f"select person_number, max(plan_no) as plan_no from {in_doubt} group by 1"),
        again=resend(t, task.target.key, task.facts.snapshot.contract, task.facts.workers, task.now),
        withheld=t.view("withheld_here", f"select person_number, digest, reason from {kept.withheld} where {here}"),
        undos=t.view("undos_here", f"select manifest_id from {kept.undos} where closed is null and {here}"),
    )


def perhaps_there(t: Scratch, target: Target, known: Known) -> Relation | None:
    """The versions in requests that may have arrived and of which the target took no later one: person_number, plan_no and every
    value; a worker may have several. None: there is none."""
    if not t.first(f"select 1 from {known.doubtful} limit 1"):
        return None
    versions = t.complete(table(t.con, "planned"), _columns(target))
    return t.view(
        "perhaps_there",
        f"""select version.* from {versions} version semi join {known.in_doubt} using (person_number, plan_no)
        left join {known.delivered} delivered on delivered.person_number = version.person_number
        where delivered.plan_no is null or delivered.plan_no <= version.plan_no""",
    )


def _before_sql(target: Target, before: Relation, delivered: Relation, here: str) -> str:
    """SELECT: the versions that were replaced; of a target whose versions say what they replaced, by these."""
    told = {column.name: column.before for column in target.columns if column.before is not None}
    if not told:
        return f"select * from {before} where {here}"
    values = {**told, **{old: new for new, old in told.items()}}
    swapped = ", ".join(f"{quote(source)} as {quote(name)}" for name, source in values.items())
    told_by = f"(select *, plan_no as replaced_by from {delivered} where {here})"
    return f"select * replace ({swapped}) from {told_by}"


def _columns(target: Target) -> dict[str, str]:
    return {"basis": "UUID", **dict.fromkeys(names_of(target), "VARCHAR")}
