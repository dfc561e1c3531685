"""What people have to be told of, as a function of the warehouse, the journal and the time.

Only what cannot be personal is taken: counts, states, dates, ids of manifests, names of sources and codes that the
documentation knows. What the service or a file says in words stays in the warehouse.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.alerts.messages import Alert, AlertKind, Severity
from hcm_pipeline.delivery.outcomes.failures import KNOWN_CODES
from hcm_pipeline.delivery.state.journal import Journal, ManifestState
from hcm_pipeline.delivery.state.pacing import Pace
from hcm_pipeline.delivery.state.pauses import Gates, PauseKind
from hcm_pipeline.profile import Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import job_health
from hcm_pipeline.targets.entra.connection import target_key, tenant_of
from hcm_pipeline.warehouse import first

EXPIRES_SOON = dt.timedelta(hours=1)
DECIDE = "docs/how-to/read-a-plan-and-decide.md"
RECOVER = "docs/how-to/recover.md"
TENANT = "docs/how-to/deliver-to-a-tenant.md"


def find_alerts(
    con: duckdb.DuckDBPyConnection, journal: Journal, settings: Settings, profile: Profile, now: dt.datetime
) -> list[Alert]:
    """Every condition that holds now, for the target of the settings, in the order of AlertKind."""
    target, gates = target_key(settings), Gates(journal, target_key(settings))
    quota = profile.delivery.own_quota
    pace = Pace(journal, tenant_of(settings), target, clock=lambda: now, quota=quota)
    return [
        *_held(journal, target),
        *_expiring(journal, target, now),
        *_canaries(journal, gates, target),
        *_stopped_day(con),
        *_failures(con, profile, target),
        *_missing(con, profile, target),
        *_job(con, gates, target),
        *_quota(pace.left(), quota, profile),
        *_stale(con, profile, now),
    ]


def _held(journal: Journal, target: str) -> list[Alert]:
    return [
        Alert(
            f"{AlertKind.GUARD_HELD}:{manifest.manifest_id[:12]}", AlertKind.GUARD_HELD, Severity.ERROR,
            "An upload is held and waits for a decision",
            "A guard found that the upload would do more than usual. `plan` shows what and why; `approve` or `reject` decides.",
            {"Manifest": manifest.manifest_id[:12], "Business date": manifest.business_date.isoformat(),
             "Operations": f"{manifest.operations:,}"},
            asset="manifest", page=DECIDE,
        )
        for manifest in journal.held_manifests(target)
    ]  # fmt: skip


def _expiring(journal: Journal, target: str, now: dt.datetime) -> list[Alert]:
    return [
        Alert(
            f"{AlertKind.APPROVAL_EXPIRES}:{manifest.manifest_id[:12]}", AlertKind.APPROVAL_EXPIRES, Severity.WARNING,
            "An approval expires before its upload has begun",
            "After that the upload is held again. See what keeps it: `status` and the sensor `manifest_ready` say so.",
            {"Manifest": manifest.manifest_id[:12], "Expires": f"{manifest.approved_until:%Y-%m-%d %H:%M}Z"},
            asset="manifest", page=DECIDE,
        )
        for manifest in journal.manifests(ManifestState.READY)
        if manifest.target == target and manifest.approved_until and manifest.approved_until - now <= EXPIRES_SOON
    ]  # fmt: skip


def _canaries(journal: Journal, gates: Gates, target: str) -> list[Alert]:
    return [
        Alert(
            f"{AlertKind.CANARY_FAILED}:{manifest.manifest_id[:12]}", AlertKind.CANARY_FAILED, Severity.ERROR,
            "The first operations of an upload were not good",
            "The rest is not sent. `outcomes` lists what failed; after mending it, plan anew, or `upload --past-canary`.",
            {"Manifest": manifest.manifest_id[:12], "Business date": manifest.business_date.isoformat(),
             "Operations": f"{manifest.operations:,}"},
            asset="receipts",
        )
        for manifest in journal.open_manifests()
        if manifest.target == target and gates.failed(manifest.manifest_id) is not None
    ]  # fmt: skip


def _stopped_day(con: duckdb.DuckDBPyConnection) -> list[Alert]:
    rows = con.execute(
        """select business_date, quarantined, "rows" from days
        where status = 'stopped' and business_date = (select max(business_date) from days)"""
    ).fetchall()
    return [
        Alert(
            f"{AlertKind.DAY_STOPPED}:{date}", AlertKind.DAY_STOPPED, Severity.ERROR,
            "A business date has stopped",
            "Nothing of it was applied or planned. `status` shows the reasons.",
            {"Business date": date.isoformat(), "Rows in quarantine": f"{quarantined:,} of {total:,}"},
            asset="workers", page=RECOVER,
        )
        for date, quarantined, total in rows
    ]  # fmt: skip


def _failures(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> list[Alert]:
    rows = con.execute(
        """select failure_class, coalesce(error_code, ''), count(*) from failures
        where target = ? and state in ('failed', 'skipped') group by all order by 3 desc, 1, 2""",
        [target],
    ).fetchall()
    failed = sum(count for _, _, count in rows)
    delivered = _count(con, "select count(*) from delivered where target = ?", target)
    limit = profile.alerts.failures
    if failed < limit.at_least or failed * 100 <= limit.percent * delivered:
        return []
    classes: dict[str, int] = {}
    codes: dict[str, int] = {}
    for failure_class, code, count in rows:
        classes[failure_class] = classes.get(failure_class, 0) + count
        known = code if code in KNOWN_CODES else "another code"
        codes[known] = codes.get(known, 0) + count
    return [
        Alert(
            str(AlertKind.FAILURES), AlertKind.FAILURES, Severity.ERROR,
            "More workers than usual could not be delivered",
            "`outcomes` lists them, each with what mends it.",
            {"Workers": f"{failed:,} of {delivered:,}", **{name.capitalize(): f"{n:,}" for name, n in classes.items()},
             "Codes": ", ".join(f"{code} {n:,}" for code, n in codes.items())},
            asset="outcomes",
        )
    ]  # fmt: skip


def _missing(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> list[Alert]:
    missing = _count(con, "select count(*) from failures where target = ? and state = 'missing'", target)
    if not missing:
        return []
    return [
        Alert(
            str(AlertKind.MISSING), AlertKind.MISSING, Severity.ERROR,
            "Operations were accepted, and the provisioning log never spoke of them",
            "They are sent again by themselves while the job runs. `outcomes` lists them.",
            {"Workers": f"{missing:,}", "Waited": f"{profile.outcomes.missing_after_minutes:g} minutes"},
            asset="outcomes",
        )
    ]  # fmt: skip


def _job(con: duckdb.DuckDBPyConnection, gates: Gates, target: str) -> list[Alert]:
    """What the last reading of the log and the last upload found of the job, whichever is newer."""
    found, pause = job_health.remembered(con, target), gates.paused()
    facts = {"Job": target.rpartition("/")[2]}
    title = "The synchronization job does not process what it is sent"
    if found and found.report.state in (*job_health.STOPPED, job_health.JobState.SILENT):
        facts["Since"] = f"{found.since:%Y-%m-%d %H:%M}Z"
        text = f"Uploading stops until it runs. {found.report.describe()}"
    elif pause and pause.kind is PauseKind.JOB and not (found and found.checked_at > pause.until):
        text = "An upload found that it does not run, and looks again by itself. `status` says what it found."
    elif found and found.report == job_health.NOT_READABLE:
        return [
            Alert(
                str(AlertKind.JOB_UNKNOWN), AlertKind.JOB_UNKNOWN, Severity.NOTICE,
                "The synchronization job cannot be watched", found.report.describe(), facts, asset="outcomes", page=TENANT,
            )
        ]  # fmt: skip
    else:
        return []
    key, kind = str(AlertKind.JOB_STOPPED), AlertKind.JOB_STOPPED
    return [Alert(key, kind, Severity.ERROR, title, text, facts, asset="outcomes", page=TENANT)]


def _quota(left: int, quota: int, profile: Profile) -> list[Alert]:
    if left * 100 >= profile.alerts.quota_left_percent * quota:
        return []
    return [
        Alert(
            str(AlertKind.QUOTA), AlertKind.QUOTA, Severity.WARNING, "The quota of calls is nearly spent",
            "What is left to send goes out as calls become free, urgent work first.",
            {"Calls left": f"{left:,} of {quota:,} in 24 hours"}, asset="receipts", page=TENANT,
        )
    ]  # fmt: skip


def _stale(con: duckdb.DuckDBPyConnection, profile: Profile, now: dt.datetime) -> list[Alert]:
    landed = dict(
        con.execute(
            """select source, greatest(max(e.landed_at), max(q.landed_at))
            from extracts e left join quiet_deliveries q using (extract_id) group by 1"""
        ).fetchall()
    )
    alerts = []
    for source in profile.sources:
        hours = profile.alerts.stale_after(source.name)
        last = landed.get(source.name)
        if hours is None or last is None or now - last < dt.timedelta(hours=hours):
            continue
        alerts.append(
            Alert(
                f"{AlertKind.STALE_EXTRACT}:{source.name}", AlertKind.STALE_EXTRACT, Severity.WARNING,
                "No extract has come for longer than usual",
                "Accounts stay as they are until one comes. See whether the export ran and the file was moved to landing/.",
                {"Source": source.name, "Last one": f"{last:%Y-%m-%d %H:%M}Z", "Allowed": f"{hours:g} hours"},
                asset="extracts", page="docs/how-to/land-extracts.md",
            )
        )  # fmt: skip
    return alerts


def _count(con: duckdb.DuckDBPyConnection, query: str, target: str) -> int:
    row = first(con, query, [target])
    return int(row[0]) if row else 0
