"""The order of sending: the operations that must not wait go first, and none waits for ever.

1. leavers;
2. those who start, by their start date, and among them, by the day on which they began to wait, all who have waited longer
   than the profile allows;
3. the rest, by kind of operation.

A worker whose account is created by the same plan goes before all whose accounts refer to it (a manager before the reports), and so
as early as the most urgent of those; leavers wait for nobody. Within one urgency workers come by their level, and then by number.

A manifest that waits for an approval keeps its bytes, and with them the approval, from day to day:
its order is the same but for the dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.warehouse import Relation, Scratch, literal, on_cycles, query

STARTS_SINCE = dt.timedelta(days=30)
"""A worker who started longer ago starts no more: in a first load that is nearly everybody."""
LEAVER, STARTER, REST = 0, 1, 2
URGENCY_BITS = 24
"""Of an urgency, those below its class: days since 1970 for a starter, the place of the kind for the rest."""

LEAVES = f"not enabled and (kind in ('{OperationKind.DISABLE}', '{OperationKind.RETRY}') or failed)"
"""SQL: operations of workers whose account may still be open although they left."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Urgency:
    """The circumstances of urgency: the kinds in the order of sending, today, the time, and how long one may wait."""

    kinds: tuple[OperationKind, ...]
    today: dt.date
    now: dt.datetime
    no_later_than_days: float

    def steady_sql(self) -> str:
        """SQL: the urgency of an operation without regard to any date. See `sql`."""
        place = f"list_position([{', '.join(map(literal, self.kinds))}], kind)"
        return f"case when {LEAVES} then {LEAVER} else {REST} * {1 << URGENCY_BITS} + {place} end"

    def sql(self) -> str:
        """SQL: how urgent an operation is, as a number, the smaller the sooner. Over the columns that `sort` asks for."""
        waited = (
            f"since <= {literal(self.now.isoformat())}::timestamptz - to_seconds({self.no_later_than_days * 86400})"
        )
        starts = (
            f"kind in ('{OperationKind.CREATE}', '{OperationKind.ENABLE}')"
            f" and starts_on > {literal(self.today.isoformat())}::date - interval {STARTS_SINCE.days} days"
        )
        day = "greatest(0, datediff('day', date '1970-01-01', {}))"
        starting = f"{STARTER} * {1 << URGENCY_BITS} + "
        return f"""case
            when {LEAVES} then {LEAVER}
            when {waited} and {starts} then {starting} least({day.format("since::date")}, {day.format("starts_on")})
            when {waited} then {starting} {day.format("since::date")}
            when {starts} then {starting} {day.format("starts_on")}
            else {self.steady_sql()} end"""


def arrange(
    t: Scratch, target: Target, urgency: Urgency, differing: Relation, workers: Relation, delivered: Relation,
    *, steady: bool = True,
) -> Relation:  # fmt: skip
    """The order of sending of a plan's operations (see `sort`); notes since when they wait.

    `differing`: person_number, kind and every value, one row for a worker; `workers` as of `Facts`; `delivered`: person_number and
    plan_no of what the target has.
    """
    enabled = target.enabled_sql("operation")
    operations = t.make(
        "to_arrange",
        query(__package__, "to_arrange", differing=differing, workers=workers, delivered=delivered, enabled=enabled),
        {"target": target.key, "now": urgency.now},
    )
    try:
        note_first_planned(t, target.key, operations)
        return sort(t, operations, urgency, steady=steady)
    finally:
        t.drop(operations)


def note_first_planned(t: Scratch, target: str, operations: Relation) -> None:
    """Bring `first_planned` up to a plan: since when each worker's difference waits. To be called once for a plan.

    `operations`: person_number, delivered_plan_no, since. A delivery ends the wait: another difference, or the same again because
    the first try failed, begins its own.
    """
    t.run("delete from first_planned where target = ?", [target])
    t.run(
        f"insert into first_planned by name select ? as target, person_number, delivered_plan_no, since from {operations}",
        [target],
    )


def sort(t: Scratch, operations: Relation, urgency: Urgency, *, steady: bool = True) -> Relation:
    """person_number, place, steady_place: places count from 0, in the order of sending; the steady ones disregard all dates, and
    are there when they are asked for (`steady`): operations that are held come by these.

    `operations`: person_number, kind, enabled (the desired account is), failed (the last delivery failed, or is missing),
    starts_on, since (when it was first planned) and refers_to (goes first when the plan creates that account).
    """
    urgencies = t.make(
        "urgencies",
        f"""select (row_number() over (order by person_number)) - 1 as i, person_number, refers_to,
            kind = '{OperationKind.CREATE}' as creates, {urgency.sql()} as urgency, {urgency.steady_sql()} as steady
        from {operations}""",
    )
    places = t.of_arrow("places", _place_all(t, urgencies, steady=steady))
    placed = t.make(
        "sending_order", f"select * exclude (i) from (select i, person_number from {urgencies}) join {places} using (i)"
    )
    t.drop(urgencies, places)
    return placed


def _place_all(t: Scratch, urgencies: Relation, *, steady: bool) -> pa.Table:
    """i, place and, where it is `steady`, steady_place: by how urgent an operation is with all that wait for it, by how many it
    waits for, and by `i`."""
    # leavers wait for nobody, so that they hurry no superior either
    edges = t.con.execute(f"""
        select own.i, superior.i as m from {urgencies} own join {urgencies} superior on superior.person_number = own.refers_to
        where superior.creates and own.urgency > {LEAVER} and superior.urgency > {LEAVER} and superior.i <> own.i
    """).fetchnumpy()
    rows = t.con.execute(f"select i, urgency, steady from {urgencies}").fetchnumpy()
    places = np.asarray(rows["i"], dtype=np.int64)
    urgency, calm = (np.empty(len(places), dtype=np.int64) for _ in range(2))
    urgency[places], calm[places] = np.asarray(rows["urgency"]), np.asarray(rows["steady"])
    superior = np.full(len(places), -1, dtype=np.int64)
    superior[np.asarray(edges["i"], dtype=np.int64)] = np.asarray(edges["m"], dtype=np.int64)
    if len(cyclic := on_cycles(superior)):
        numbers = t.rows(
            f"select i, person_number from {urgencies} where i in (select unnest(?::bigint[]))", [cyclic.tolist()]
        )
        cut_cycles(superior, cyclic, dict(numbers))
    soonest, level = hurry(superior, urgency)
    found = {"i": np.arange(len(places)), "place": _ranks(soonest, level)}
    if steady:
        found["steady_place"] = _ranks(hurry(superior, calm)[0], level)
    return pa.table(found)


def _ranks(first: Ints, second: Ints) -> Ints:
    """The place of each one by the first number, then the second, then where it stands."""
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.lexsort((second, first))] = np.arange(len(first))
    return ranks


def cut_cycles(superior: Ints, cyclic: Ints, numbers: dict[int, str]) -> None:
    """Have the worker with the smallest number of every cycle wait for nobody. Changes `superior`."""
    left = set(cyclic.tolist())
    for start in sorted(left, key=numbers.__getitem__):
        if start in left:  # the smallest of a cycle that was not met yet
            left.discard(start)
            member = int(superior[start])
            while member != start:
                left.discard(member)
                member = int(superior[member])
            superior[start] = -1


def hurry(superior: Ints, urgency: Ints) -> tuple[Ints, Ints]:
    """Each one's urgency or that of the most urgent below them, and how many superiors are above; -1 means none.

    By doubling: after k rounds everyone knows of 2^k levels up and down. There must be no cycles.
    """
    n = len(superior)
    jump = np.append(np.where(superior < 0, n, superior), n)  # n is the top: its own superior
    steps = np.append(np.where(superior < 0, 0, 1), 0)
    soonest = np.append(urgency, np.iinfo(np.int64).max)
    while (jump[:n] < n).any():
        upwards = soonest.copy()
        np.minimum.at(upwards, jump, soonest)
        upwards[n] = soonest[n]
        soonest = upwards
        steps = steps + steps[jump]
        jump = jump[jump]
    return soonest[:n], steps[:n]
