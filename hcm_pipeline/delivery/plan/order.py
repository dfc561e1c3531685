"""The order of sending: who must not wait goes first, and nobody waits for ever.

1. leavers;
2. those who start, by their start date, and among them, by the day on which they began to wait, all who have waited longer
   than the profile allows;
3. the rest, by kind of operation.

A manager whose account is created by the same plan goes before all who report to them, and so as early as the most urgent
of those; leavers wait for nobody. Within one urgency managers come by their level, and persons by number.

What waits for a person's word keeps its bytes, and with them the word, from day to day: its order is the same but for the
dates.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcm_pipeline.profile import Delivery
from hcm_pipeline.warehouse import literal
from hcm_pipeline.workers.managers import on_cycles

STARTS_SINCE = dt.timedelta(days=30)
"""Who started longer ago starts no more: in a first load that is nearly everybody."""
LEAVER, STARTER, REST = 0, 1, 2
URGENCY_BITS = 24
"""Of an urgency, those below its class: days since 1970 for a starter, the place of the kind for the rest."""

LEAVES = "active = 'false' and (kind in ('disable', 'retry') or failed)"
"""SQL: whose account may still be open although they left."""

Ints = npt.NDArray[np.int64]


def arrange(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, kinds: tuple[str, ...], target: str, operations: str,
    today: dt.date, now: dt.datetime,
) -> None:  # fmt: skip
    """Make temp table `sending_order` (see `make_order`) for a plan's operations, and note since when they wait.

    `operations` is a table with person_number, kind and the desired `active`, one row for a worker.
    """
    note_first_planned(con, target, f"select person_number from {operations}", now)
    con.execute(f"""
        create or replace temp table to_arrange as
        select o.person_number, o.kind, o.active, v.hire_date as start_date, p.since,
            x.person_number is not null as failed,
            case when m.person_number is null then v.manager end as manager
        from {operations} o
        join first_planned p on p.target = {literal(target)} and p.person_number = o.person_number
        left join worker_versions v on v.person_number = o.person_number and v.valid_to is null
        left join manager_warnings m on m.person_number = o.person_number and m.valid_to is null
        left join (select person_number from failures where target = {literal(target)} and state in ('failed', 'missing')) x
            on x.person_number = o.person_number
    """)
    make_order(con, f"""
        select person_number, manager, kind = 'create' as creates,
            {urgency_sql(kinds, today, now, delivery.no_later_than_days)} as urgency, {steady_sql(kinds)} as steady
        from to_arrange
    """)  # fmt: skip
    con.execute("drop table to_arrange")


def steady_sql(kinds: tuple[str, ...]) -> str:
    """SQL: the urgency of an operation without regard to any date. See `urgency_sql`."""
    place = f"list_position([{', '.join(map(literal, kinds))}], kind)"
    return f"case when {LEAVES} then {LEAVER} else {REST} * {1 << URGENCY_BITS} + {place} end"


def urgency_sql(kinds: tuple[str, ...], today: dt.date, now: dt.datetime, no_later_than_days: float) -> str:
    """SQL: how urgent an operation is, as a number, the smaller the sooner.

    Over columns `kind`, `active` (the desired one, as text), `failed` (the last delivery failed, or is missing),
    `start_date` and `since` (when it was first planned).
    """
    waited = f"since <= {literal(now.isoformat())}::timestamptz - to_seconds({no_later_than_days * 86400})"
    starts = (
        f"kind in ('create', 'enable') and start_date > {literal(today.isoformat())}::date"
        f" - interval {STARTS_SINCE.days} days"
    )
    day = "greatest(0, datediff('day', date '1970-01-01', {}))"
    starting = f"{STARTER} * {1 << URGENCY_BITS} + "
    return f"""case
        when {LEAVES} then {LEAVER}
        when {waited} and {starts} then {starting} least({day.format("since::date")}, {day.format("start_date")})
        when {waited} then {starting} {day.format("since::date")}
        when {starts} then {starting} {day.format("start_date")}
        else {steady_sql(kinds)} end"""


def note_first_planned(con: duckdb.DuckDBPyConnection, target: str, operations: str, now: dt.datetime) -> None:
    """Bring `first_planned` up to a plan: since when each worker's difference waits. To be called once for a plan.

    `operations` is SQL for a column person_number. What the target took since ends the wait: another difference, or the same
    again because the first try failed, begins its own.
    """
    con.execute(
        f"""create or replace temp table waiting_now as
        select o.person_number, coalesce(d.plan_no, 0) as delivered_plan_no, coalesce(p.since, ?) as since
        from ({operations}) o
        left join delivered d on d.target = ? and d.person_number = o.person_number
        left join first_planned p on p.target = ? and p.person_number = o.person_number
            and p.delivered_plan_no = coalesce(d.plan_no, 0)""",
        [now, target, target],
    )
    con.execute("delete from first_planned where target = ?", [target])
    con.execute(
        "insert into first_planned by name select ? as target, person_number, delivered_plan_no, since from waiting_now",
        [target],
    )
    con.execute("drop table waiting_now")


def make_order(con: duckdb.DuckDBPyConnection, urgencies: str) -> None:
    """Make temp table `sending_order(person_number, place, steady_place)`: places count from 0, in the order of sending.

    `urgencies` is SQL for rows (person_number, manager, creates, urgency, steady): the manager's person number or null,
    whether the operation creates an account, and how urgent it is by itself, with and without regard to dates. A worker has
    one row.
    """
    con.execute(
        f"create or replace temp table urgencies as select (row_number() over ()) - 1 as i, * from ({urgencies})"
    )
    # leavers wait for nobody, so that they hurry no manager either
    edges = con.execute(f"""
        select u.i, m.i as m from urgencies u join urgencies m on m.person_number = u.manager
        where m.creates and u.urgency > {LEAVER} and m.urgency > {LEAVER} and m.i <> u.i
    """).fetchnumpy()
    rows = con.execute("select i, urgency, steady from urgencies").fetchnumpy()
    places = np.asarray(rows["i"], dtype=np.int64)
    urgency, steady = (np.empty(len(places), dtype=np.int64) for _ in range(2))
    urgency[places], steady[places] = np.asarray(rows["urgency"]), np.asarray(rows["steady"])
    manager = np.full(len(places), -1, dtype=np.int64)
    manager[np.asarray(edges["i"], dtype=np.int64)] = np.asarray(edges["m"], dtype=np.int64)
    if len(cyclic := on_cycles(manager)):
        numbers = dict(con.execute(
            "select i, person_number from urgencies where i in (select unnest(?::bigint[]))", [cyclic.tolist()]
        ).fetchall())  # fmt: skip
        cut_cycles(manager, cyclic, numbers)
    soonest, level = hurry(manager, urgency)
    hurried = {"i": np.arange(len(places)), "soonest": soonest, "level": level, "calm": hurry(manager, steady)[0]}
    con.register("hurried", pa.table(hurried))
    con.execute("""
        create or replace temp table sending_order as
        select person_number, (row_number() over (order by h.soonest, h.level, person_number)) - 1 as place,
            (row_number() over (order by h.calm, h.level, person_number)) - 1 as steady_place
        from urgencies u join hurried h using (i)
    """)
    con.unregister("hurried")
    con.execute("drop table urgencies")


def cut_cycles(manager: Ints, cyclic: Ints, numbers: dict[int, str]) -> None:
    """Have the person with the smallest number of every cycle wait for nobody. Changes `manager`."""
    left = set(cyclic.tolist())
    for start in sorted(left, key=numbers.__getitem__):
        if start in left:  # the smallest of a cycle that was not met yet
            left.discard(start)
            member = int(manager[start])
            while member != start:
                left.discard(member)
                member = int(manager[member])
            manager[start] = -1


def hurry(manager: Ints, urgency: Ints) -> tuple[Ints, Ints]:
    """Each one's urgency or that of the most urgent below them, and how many managers are above; -1 means no manager.

    By doubling: after k rounds everyone knows of 2^k levels up and down. There must be no cycles.
    """
    n = len(manager)
    jump = np.append(np.where(manager < 0, n, manager), n)  # n is the top: its own manager
    steps = np.append(np.where(manager < 0, 0, 1), 0)
    soonest = np.append(urgency, np.iinfo(np.int64).max)
    while (jump[:n] < n).any():
        upwards = soonest.copy()
        np.minimum.at(upwards, jump, soonest)
        upwards[n] = soonest[n]
        soonest = upwards
        steps = steps + steps[jump]
        jump = jump[jump]
    return soonest[:n], steps[:n]
