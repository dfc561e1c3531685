"""Conditions that must hold in the end: nothing lost, nothing gone backwards, no limit broken."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import orjson

from benchmarks.chaos.site import Account
from hcm_pipeline.delivery import Journal, bodies
from hcm_pipeline.home import Home
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE

SETTLED = frozenset({"succeeded", "skipped", "failed", "missing", "overtaken", "superseded", "rejected"})
"""States of an operation about which nothing is left to happen."""
RATE, RATE_SECONDS, DAY_SECONDS = 40, 5.0, 86_400.0
NOT_COUNTED = (0, 429)
"""Endings of a call that use up no quota: cut before it was taken, and throttled."""

Calls = list[dict[str, Any]]
"""The requests that the sandbox received, in order."""


def of_directory(found: dict[str, Account], wanted: dict[str, Account]) -> Iterator[str]:
    """It is the one of the undisturbed run, attribute by attribute."""
    for number in sorted(found.keys() | wanted.keys()):
        here, there = found.get(number, {}), wanted.get(number, {})
        names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
        if names:
            yield f"{number} differs in {', '.join(names)}"


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


def of_order(con: duckdb.DuckDBPyConnection, journal: Journal, home: Home, calls: Calls) -> Iterator[str]:
    """Of each worker, versions arrive in the order of their making, and plans in the order of planning.

    The department is the version. The same bytes may be of several plans: they count as the earliest that is not too early.
    """
    plans = dict(con.execute("select manifest_id, plan_no from manifests").fetchall())
    known: dict[str, tuple[bytes, set[int]]] = {}
    for manifest in journal.manifests():
        for _, body in bodies(home.path / manifest.folder):
            known.setdefault(hashlib.sha256(body).hexdigest(), (body, set()))[1].add(plans[manifest.manifest_id])
    newest: dict[str, tuple[str, int]] = {}
    for call in _accepted(calls):
        body, numbers = known[call["sha256"]]
        for operation in orjson.loads(body)["Operations"]:
            user = operation["data"]
            number, version = user["externalId"], user[ENTERPRISE]["department"]
            before, plan = newest.get(number, ("", 0))
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
