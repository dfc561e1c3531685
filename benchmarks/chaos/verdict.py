"""Conditions that must hold in the end: nothing lost, nothing gone backwards, no limit broken."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Set
from typing import Any

import duckdb
import orjson

from benchmarks.chaos.site import Account
from hcm_pipeline.delivery import bodies
from hcm_pipeline.home import Home
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE
from hcm_pipeline.warehouse import quote

SETTLED = frozenset({"succeeded", "skipped", "failed", "missing", "overtaken", "superseded", "rejected"})
"""States of an operation about which nothing is left to happen."""
RATE, RATE_SECONDS, DAY_SECONDS = 40, 5.0, 86_400.0
NOT_COUNTED = (0, 429)
"""Endings of a call that use up no quota: cut before it was taken, and throttled."""

Calls = list[dict[str, Any]]
"""The requests that the sandbox received, in order."""
Plans = dict[str, tuple[bytes, set[tuple[int, int]]]]
"""The bodies of requests that were planned, by their sha256, each with the plans that hold it: the home's era, and the number."""


def of_directory(
    found: dict[str, Account], wanted: dict[str, Account], *, nulls: bool = True, unsure: Set[str] = frozenset()
) -> Iterator[str]:
    """It is the one of the undisturbed run, attribute by attribute. Without `nulls` what is cleared keeps its last value.

    `unsure`: accounts of which the home says that nobody can know, and nobody can.
    """
    for number in sorted((found.keys() | wanted.keys()) - unsure):
        here, there = found.get(number, {}), wanted.get(number, {})
        names = sorted(
            name
            for name in here.keys() | there.keys()
            if here.get(name) != there.get(name) and (nulls or there.get(name) is not None or number not in found)
        )
        if names:
            yield f"{number} differs in {', '.join(names)}"


CLEARED = {f"{ENTERPRISE}:manager": "manager", "title": "jobTitle"}
"""Attributes that HR clears, and the accounts' names for them."""


def of_cleared(
    con: duckdb.DuckDBPyConnection,
    found: dict[str, Account],
    doubtful: dict[str, Set[str]],
    lost: Set[str] = frozenset(),
) -> Iterator[str]:
    """The values that accounts keep although the last record has none are told as open findings, and no others are.

    A value may be told that never arrived where nobody knows that it did not, of the `doubtful` by attribute: of a worker of whom a
    record was dropped, for the service said that it took it; of one of whom a record failed; and a manager, of one of whom a record
    left the manager out. It makes no difference whether an entry says so: the home reads what became of its own records alone, and
    entries are lost, also those that would say that the record was written, or the manager filled in, later. Of those in `lost`
    nothing can be told: another life of the home sent it, and the log lost it.
    """
    kept = {
        (number, name)
        for name, theirs in CLEARED.items()
        for (number,) in con.execute(f"select person_number from delivered where {quote(name)} is null").fetchall()
        if found.get(number, {}).get(theirs) is not None
    }
    told = set(con.execute("select person_number, attribute from stale_values").fetchall())
    untold = {one for one in kept - told if one[0] not in lost}
    for number, name in sorted(untold | {one for one in told - kept if one[0] not in doubtful[one[1]]}):
        yield f"{number} {'keeps' if (number, name) in kept else 'is told to keep'} a cleared {name}"


def of_operations(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Every operation is settled, or another took its place; of each worker, the last one is well."""
    for state, count in con.execute("select state, count(*) from receipts group by 1 order by 1").fetchall():
        if state not in SETTLED:
            yield f"{count} operations are {state} in the end"
    unwell = con.execute(
        """select person_number, state from failures
        union
        select d.person_number, r.state from delivered d join manifests m using (plan_no)
        join receipts r on r.manifest_id = m.manifest_id and r.request_no = d.request_no and r.op_no = d.op_no
        where r.state not in ('succeeded', 'skipped') order by all"""
    ).fetchall()
    for number, state in unwell:
        yield f"{number} is {state} in the end"


def of_drops(con: duckdb.DuckDBPyConnection, calls: Calls, dropped: Counter[str]) -> Iterator[str]:
    """An operation that the service took and dropped was found missing, or sent again."""
    missed = {number for (number,) in con.execute("select person_number from missing_operations").fetchall()}
    arrived = Counter(bulk_id.rpartition("-")[0] for call in _accepted(calls) for bulk_id in call["bulkIds"])
    for number, times in sorted(dropped.items()):
        if number not in missed and arrived[number] <= times:
            yield f"{number} was dropped {times} times, and nobody noticed"


def plans_of(home: Home, era: int, known: Plans) -> Plans:
    """The bodies of a home's manifests by their sha256, with (era, plan) of each that has it, besides those that are `known`."""
    found = {digest: (body, set(numbers)) for digest, (body, numbers) in known.items()}
    with duckdb.connect(str(home.warehouse)) as con:
        plans = dict(con.execute("select manifest_id, plan_no from manifests").fetchall())
    for folder in home.manifests.glob("*/*"):
        if folder.name in plans:
            for _, body in bodies(folder):
                digest = hashlib.sha256(body).hexdigest()
                found.setdefault(digest, (body, set()))[1].add((era, plans[folder.name]))
    return found


def of_order(known: Plans, calls: Calls) -> Iterator[str]:
    """Of each worker, versions arrive in the order of their making, and plans in the order of planning.

    The department is the version. The same bytes may be of several plans: they count as the earliest that is not too early.
    """
    newest: dict[str, tuple[str, tuple[int, int]]] = {}
    for call in _accepted(calls):
        if call["sha256"] not in known:
            yield "a request arrived that no plan holds"
            continue
        body, numbers = known[call["sha256"]]
        for operation in orjson.loads(body)["Operations"]:
            user = operation["data"]
            number, version = user["externalId"], user[ENTERPRISE]["department"]
            before, plan = newest.get(number, ("", (0, 0)))
            later = [each for each in numbers if each >= plan]
            if version < before or not later:
                yield f"{number} went from {before} of plan {plan} to {version} of plans {sorted(numbers)}"
            newest[number] = (version, min(later, default=plan))


def of_limits(calls: Calls, quota: int, armed: int) -> Iterator[str]:
    """No window of the service's is too full, and nothing was throttled but the `armed` calls."""
    times = [dt.datetime.fromisoformat(call["time"]).timestamp() for call in calls if call["status"] not in NOT_COUNTED]
    for most, span in ((RATE, RATE_SECONDS), (quota, DAY_SECONDS)):
        if any(late - early < span for early, late in zip(times, times[most:], strict=False)):
            yield f"more than {most} calls in {span:.0f} s"
    caused = sum(call["status"] == 429 for call in calls) - armed
    if caused:
        yield f"{caused} calls were throttled that should not have been made"


def _accepted(calls: Calls) -> Calls:
    return [call for call in calls if call["status"] == 202]
