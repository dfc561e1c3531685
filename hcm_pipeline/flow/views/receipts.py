"""Outcomes of operations: receipts, failures, and the synchronization job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import duckdb

from hcm_pipeline.delivery import WRITES_BACK, remembered
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.clearing import StaleCount, flows_unread, stale_counts
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.flow.views.written_over import WrittenOver, written_over
from hcm_pipeline.targets.entra import describe_health, without_values
from hcm_pipeline.warehouse import literal


@dataclass(frozen=True)
class Receipts:
    """So many operations of one kind in one manifest have come to one state."""

    manifest_id: str
    business_date: dt.date
    kind: str
    state: str
    operations: int


@dataclass(frozen=True)
class Failure:
    """A worker whose last delivered version is not in the target as it should be, and what mends it.

    `reason`: the log's own words, without the values that were sent.
    """

    person_number: str
    state: str
    error_code: str | None
    failure_class: str
    mend: str
    attempts: int
    since: dt.datetime
    next_try_at: dt.datetime | None
    reason: str | None = None


@dataclass(frozen=True)
class Job:
    """The synchronization job as it was last known."""

    state: str
    reason: str | None
    since: dt.datetime
    checked_at: dt.datetime
    until: dt.datetime | None
    says: str


@dataclass(frozen=True)
class Outcomes:
    """All that the provisioning log has said so far: operations by manifest, failures, and the job.

    `stale_values`: values that HR has cleared and that accounts keep, by attribute. `flows_unread`: why nobody can be asked which
    nulls flow. `written_over`: values written to Oracle HCM that somebody else has changed there.
    """

    receipts: tuple[Receipts, ...]
    failures: tuple[Failure, ...]
    job: Job | None
    stale_values: tuple[StaleCount, ...] = ()
    flows_unread: str | None = None
    written_over: tuple[WrittenOver, ...] = ()


@dataclass(frozen=True)
class ManifestOutcomes:
    """Operations of one manifest by state."""

    manifest_id: str
    business_date: dt.date
    states: dict[str, int]


def receipts(con: duckdb.DuckDBPyConnection, only: str | None = None) -> list[Receipts]:
    """Operations by manifest, kind and state, newest manifest first. `only`: one of several targets, and what is written back."""
    return values_of(
        con,
        Receipts,
        f"""select manifest_id, business_date, kind, state, count(*) as operations from receipts
        where $only is null or target = $only or starts_with(target, {literal(WRITES_BACK)})
        group by all order by business_date desc, manifest_id, kind, state""",
        {"only": only},
    )


def failures(con: duckdb.DuckDBPyConnection, target: str, limit: int = 50) -> list[Failure]:
    """Workers whose last delivered version is not in the target as it should be, and those who could not be written back to HR:
    of these the service's own words stay in receipts."""
    found = values_of(
        con,
        Failure,
        f"""select person_number, state, error_code, failure_class, mend, attempts, since, next_try_at,
            if(target = $target, outcome.reason, null) as reason
        from failures left join (select plan_no, request_no, op_no, reason from outcomes) outcome
            using (plan_no, request_no, op_no)
        where target = $target or starts_with(target, {literal(WRITES_BACK)})
        order by state, failure_class, person_number limit $limit""",
        {"target": target, "limit": limit},
    )
    if not any(failure.reason for failure in found):
        return found
    sent = {
        row["person_number"]: row.values()
        for row in mappings_of(
            con,
            "select * from delivered where target = ? and list_contains(?::varchar[], person_number)",
            [target, [failure.person_number for failure in found if failure.reason]],
        )
    }
    return [replace(one, reason=without_values(one.reason, _texts(sent.get(one.person_number, ())))) for one in found]


def _texts(values: Iterable[object]) -> list[str]:
    """The texts among the values that were sent, without those that say nothing of anybody."""
    return [value for value in values if isinstance(value, str) and value not in ("true", "false")]


def job(con: duckdb.DuckDBPyConnection, target: str) -> Job | None:
    """The synchronization job as it was last known; None before it was first asked."""
    found = remembered(con, target)
    if found is None:
        return None
    health = found.health
    return Job(str(health.state), health.reason, found.since, found.checked_at, health.until, describe_health(health))


def outcomes(installation: Installation, manifest_id: str | None = None) -> Outcomes:
    """All that the log has said of all manifests, or of one."""
    only = installation.target if installation.several else None
    with installation.warehouse.read() as con:
        return Outcomes(
            tuple(found for found in receipts(con, only) if manifest_id in (None, found.manifest_id)),
            tuple(failures(con, installation.target)),
            job(con, installation.target),
            tuple(stale_counts(con, installation.target)),
            flows_unread(con, installation.target),
            written_over(con, installation),
        )


def newest_outcomes(installation: Installation) -> list[ManifestOutcomes]:
    """Operations by state of the newest manifests, oldest business date first."""
    with installation.warehouse.read() as con:
        rows = con.execute(
            """select business_date, manifest_id, state, count(*) from receipts where target = ?
            and manifest_id in (select manifest_id from manifests order by plan_no desc limit 20)
            group by all order by all""",
            [installation.target],
        ).fetchall()
    found: dict[str, ManifestOutcomes] = {}
    for date, manifest_id, state, count in rows:
        found.setdefault(manifest_id, ManifestOutcomes(manifest_id, date, {})).states[state] = count
    return list(found.values())
