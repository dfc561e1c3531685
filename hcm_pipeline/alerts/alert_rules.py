"""The conditions that people have to be told of, as a function of the warehouse, the journal and the time.

Only what cannot be personal is taken: counts, states, dates, ids of manifests, names of sources and codes that the
documentation knows. The words of a service or a file stay in the warehouse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb
import orjson

from hcm_pipeline.alerts.failed_work import FailedWork
from hcm_pipeline.alerts.messages import Alert, AlertKind, Severity
from hcm_pipeline.delivery import (
    OTHERS,
    UNDO,
    DeliveryState,
    Health,
    HealthState,
    KnownTarget,
    ManifestState,
    Pace,
    PauseKind,
    PauseState,
    Remembered,
    Verdict,
    remembered,
)
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, first, table

STOPS = {
    "fewer_rows": "a full extract holds far fewer rows than those before it",
    "more_rows": "a full extract holds far more rows than those before it",
    "fewer_in_cohort": "a full extract holds far fewer workers of one group than are known",
    "everyone_changed": "a changes-only extract holds a large part of all workers",
    "no_trailer": "an extract has no trailer, so it was cut off",
    "control_total": "the trailer of an extract counts other records than there are",
    "columns_lost": "an extract lacks columns that the one before it had",
    "columns_changed": "the columns of an extract are others than those of the one before it",
    "gap": "a changes-only extract follows one that is missing",
    "unexpected_date": "an extract speaks for a date on which none is due",
    "parts": "a file of a date is missing, or its name says no part",
    "other_people": "a full extract names other people than one before it for the same date: a part, or a correction",
    "older": "an extract landed after one for a later date",
    "quarantine_limit": "more rows break a rule than the profile allows",
    "directories": "a directory is not known well enough to give names",
    "placement": "the directory lacks a container that the profile names",
}
"""The rules that stop a business date, by name, in words."""
EXPIRES_SOON = dt.timedelta(hours=1)
PROCESSED_WITHIN = dt.timedelta(hours=1)
"""An extract that was taken waits no longer, unless its business date is ahead."""
DECIDE = "docs/how-to/read-a-plan-and-decide.md"
RECOVER = "docs/how-to/recover.md"
TENANT = "docs/how-to/deliver-to-a-tenant.md"
CLEAR = "docs/how-to/clear-values.md"


class WatchedTarget(KnownTarget, Protocol):
    """A target, as far as alerts have to know it. Nothing else that it says reaches a message."""

    @property
    def known_codes(self) -> frozenset[str]:
        """The codes of failures that the documentation knows."""

    @property
    def may_not_ask(self) -> Health:
        """The health of a service that may not be asked for it."""

    def describe_health(self, health: Health) -> str:
        """State, reason and mend, in one sentence."""


@dataclass(frozen=True)
class Observations:
    """The facts that conditions read: relations with columns of the tables of the same names, and the last health."""

    days: Relation
    extracts: Relation
    delivered: Relation
    failures: Relation
    verdicts: Relation
    stale_values: Relation
    unsure_versions: Relation
    target_findings: Relation
    waiting_exits: Relation
    health: Remembered | None

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, target: str) -> Observations:
        """Those of a warehouse, about a target by its key."""
        return cls(
            days=table(con, "days"), extracts=table(con, "extracts"),
            delivered=table(con, "delivered"), failures=table(con, "failures"),
            verdicts=table(con, "verdicts"), stale_values=table(con, "stale_values"),
            unsure_versions=table(con, "unsure_versions"),
            target_findings=table(con, "target_findings"),
            waiting_exits=table(con, "waiting_exits"), health=remembered(con, target),
        )  # fmt: skip


def find_alerts(
    con: duckdb.DuckDBPyConnection, observed: Observations, journal: DeliveryState, target: WatchedTarget, profile: Profile,
    now: dt.datetime, unforeseen: Callable[[Exception], object] | None = None,
) -> list[Alert]:  # fmt: skip
    """Every condition that holds now for a target, in the order of AlertKind.

    A condition over which an error comes up is told as one that nobody can tell of, and the others are looked at. `unforeseen` is
    handed the error before; it raises what says nothing about a condition. Without it every error is raised.
    """
    key = target.key

    def quota() -> list[Alert]:
        pace = Pace(journal, target.tenant, key, target.limits, clock=lambda: now)
        return _quota(pace.left(), target.limits.quota, profile)

    rules: list[tuple[Sequence[AlertKind], Callable[[], list[Alert]]]] = [
        ([AlertKind.GUARD_HELD], lambda: _held(con, observed.verdicts, journal, key)),
        ([AlertKind.APPROVAL_EXPIRES], lambda: _expiring(journal, key, now)),
        ([AlertKind.CANARY_FAILED], lambda: _canaries(journal, journal.pauses(key), key)),
        ([AlertKind.HISTORY_UNKNOWN], lambda: _history(journal, key)),
        ([AlertKind.UNSURE], lambda: _unsure(con, observed.unsure_versions, key)),
        ([AlertKind.DAY_STOPPED], lambda: _stopped_day(con, observed)),
        ([AlertKind.EXITS_WAIT], lambda: _exits(con, observed.waiting_exits, journal, key)),
        ([AlertKind.FAILURES], lambda: _failures(con, observed.failures, observed.delivered, profile, target)),
        ([AlertKind.MISSING], lambda: _missing(con, observed.failures, profile, key)),
        ([AlertKind.JOB_STOPPED, AlertKind.JOB_UNKNOWN], lambda: _job(observed.health, journal.pauses(key), target)),
        ([AlertKind.STALE_VALUES], lambda: _stale_values(con, observed.stale_values, key)),
        ([AlertKind.TARGET_REFUSES], lambda: _target_refuses(con, observed.target_findings, key)),
        ([AlertKind.QUOTA], quota),
        ([AlertKind.STALE_EXTRACT], lambda: _stale(con, observed.extracts, profile, now)),
        ([AlertKind.UNPROCESSED], lambda: _unprocessed(con, observed.extracts, profile, now) + _unread(con, observed.extracts)),
    ]  # fmt: skip
    found: list[Alert] = []
    for kinds, rule in rules:
        try:
            found += rule()
        except Exception as error:
            if unforeseen is None:
                raise
            unforeseen(error)
            found.append(unknown_condition(kinds, error))
    return found


def unknown_condition(kinds: Sequence[AlertKind], error: Exception) -> Alert:
    """The alert of a condition that could not be looked at. An error's text may hold values; its type holds none."""
    return Alert(
        f"{AlertKind.UNKNOWN}:{kinds[0]}", AlertKind.UNKNOWN, Severity.ERROR,
        "Nobody can tell whether something holds that people should know of",
        "The others were looked at, and what was told before still holds. The fault's text is in `last-fault.txt` of the home.",
        {"Alerts": ", ".join(kinds), "Fault": type(error).__name__}, asset="workers", page=RECOVER, in_doubt=tuple(kinds),
    )  # fmt: skip


def failed_runs(found: Sequence[FailedWork]) -> list[Alert]:
    """The alerts about work that no run has done yet. That it was given up is told by itself, after that it failed."""
    return [
        Alert(
            f"{AlertKind.RUN_FAILED}:{one.work}{'' if one.next_try_at else ':given_up'}", AlertKind.RUN_FAILED,
            Severity.WARNING if one.next_try_at else Severity.ERROR,
            "A run failed, and is started again by itself" if one.next_try_at else "A run kept failing, and was given up",
            f"The cause: {one.cause}" if one.next_try_at else
            f"The cause: {one.cause} After mending it: `hcm-pipeline {_verb(one)}`.",
            {"Business date": one.business_date.isoformat(), "Tries": f"{one.tries}",
             "Failed last": f"{one.failed_at:%Y-%m-%d %H:%M}Z",
             **({"Next try": f"{one.next_try_at:%Y-%m-%d %H:%M}Z"} if one.next_try_at else {})},
            asset="workers", page=RECOVER,
        )
        for one in found
    ]  # fmt: skip


def _verb(failed: FailedWork) -> str:
    """The command that does in the place of the run that was given up."""
    verbs = {"manifest_ready": "upload", "outcomes_waiting": "outcomes", "something_to_tell": "alerts"}
    return verbs.get(failed.work.partition(":")[0], f"run --date {failed.business_date}")


def _held(con: duckdb.DuckDBPyConnection, verdicts: Relation, journal: DeliveryState, target: str) -> list[Alert]:
    tripped = _tripped_limits(con, verdicts)
    return [
        Alert(
            f"{AlertKind.GUARD_HELD}:{manifest.manifest_id[:12]}", AlertKind.GUARD_HELD, Severity.ERROR,
            "An upload is held and waits for a decision",
            f"{_cause(manifest.held_for, tripped)} `plan` shows whom it is about; `approve` or `reject` decides.",
            {"Manifest": manifest.manifest_id[:12], "Business date": manifest.business_date.isoformat(),
             "Operations": f"{manifest.operations:,}",
             "Decide": f"hcm-pipeline approve {manifest.manifest_id} {manifest.operations}"},
            asset="manifest", page=DECIDE,
        )
        for manifest in journal.held_manifests(target)
    ]  # fmt: skip


def _tripped_limits(con: duckdb.DuckDBPyConnection, verdicts: Relation) -> list[Verdict]:
    rows = con.execute(f"select figures from {verdicts} where kind = 'limit' and tripped order by figures").fetchall()
    return [Verdict.from_row(orjson.loads(figures)) for (figures,) in rows]


def _cause(held_for: str | None, tripped: Sequence[Verdict]) -> str:
    """The reason for which operations are held, in sentences that name no value of a worker's field."""
    if held_for == UNDO:
        return "A person asked to take back what was sent."
    causes = [v for v in tripped if v.kind == held_for or (held_for == OTHERS and not v.others_go_on)]
    said = dict.fromkeys(verdict.describe(values=False) for verdict in causes)
    return " ".join(said) or "A guard found that the upload would do more than usual."


def _expiring(journal: DeliveryState, target: str, now: dt.datetime) -> list[Alert]:
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


def _canaries(journal: DeliveryState, pauses: PauseState, target: str) -> list[Alert]:
    return [
        Alert(
            f"{AlertKind.CANARY_FAILED}:{manifest.manifest_id[:12]}", AlertKind.CANARY_FAILED, Severity.ERROR,
            "The first operations of an upload were not good",
            "The rest is not sent. `outcomes` lists what failed; after mending it, plan anew, or `upload --past-canary`.",
            {"Manifest": manifest.manifest_id[:12], "Business date": manifest.business_date.isoformat(),
             "Operations": f"{manifest.operations:,}", "Found": found.partition(" (")[0]},
            asset="receipts",
        )
        for manifest in journal.open_manifests()
        if manifest.target == target and (found := pauses.failed(manifest.manifest_id)) is not None
    ]  # fmt: skip


def _history(journal: DeliveryState, target: str) -> list[Alert]:
    fence = journal.fence(target).known()
    if fence.stopped_at is None:
        return []
    return [
        Alert(
            str(AlertKind.HISTORY_UNKNOWN), AlertKind.HISTORY_UNKNOWN, Severity.ERROR,
            "The target knows more than this home: nothing is sent",
            "Its log tells of changes that no request of the journal explains: was the home restored or copied, does another"
            " send to the job? Land what is missing, run, and `upload --accept-history`. `status` says more.",
            {"Since": f"{fence.stopped_at:%Y-%m-%d %H:%M}Z"},
            asset="receipts", page="docs/how-to/recover.md",
        )
    ]  # fmt: skip


def _unsure(con: duckdb.DuckDBPyConnection, unsure: Relation, target: str) -> list[Alert]:
    row = first(con, f"select count(*), max(since), max(newest) from {unsure} where target = ?", [target])
    workers, since, newest = row or (0, None, None)
    if not workers:
        return []
    return [
        Alert(
            str(AlertKind.UNSURE), AlertKind.UNSURE, Severity.WARNING,
            "Nobody knows what the target has of some workers",
            "A person let this home go on after the target had been sent what it does not know of, and the log does not name these"
            " workers: it loses entries, and forgets. `plan` marks those whom it is about; `upload --accept-history REASON"
            " --everybody` sends all of them again.",
            {"Workers": f"{workers:,}", "Since": f"{since:%Y-%m-%d %H:%M}Z",
             **({"Newest change that the log told of": f"{newest:%Y-%m-%d %H:%M}Z"} if newest else {})},
            asset="receipts", page=RECOVER,
        )
    ]  # fmt: skip


def _stopped_day(con: duckdb.DuckDBPyConnection, observed: Observations) -> list[Alert]:
    days = observed.days
    rows = con.execute(
        f"""select business_date, quarantined, "rows" from {days}
        where status = 'stopped' and business_date = (select max(business_date) from {days})"""
    ).fetchall()
    return [
        Alert(
            f"{AlertKind.DAY_STOPPED}:{date}", AlertKind.DAY_STOPPED, Severity.ERROR,
            "A business date has stopped",
            f"{_stopped_by(con, observed, date)}Nothing of it was applied or planned. `status` shows the reasons.",
            {"Business date": date.isoformat(), "Rows in quarantine": f"{quarantined:,} of {total:,}"},
            asset="workers", page=RECOVER,
        )
        for date, quarantined, total in rows
    ]  # fmt: skip


WAITS = {
    "held back": "status or last day cannot be read",
    "stopped": "the business date has stopped",
    "held": "the upload is held",
    "failed": "not delivered",
    "withheld": "rejected or undone",
}
"""The reasons for which an exit waits, in words."""


def _exits(con: duckdb.DuckDBPyConnection, waiting_exits: Relation, journal: DeliveryState, target: str) -> list[Alert]:
    """People who have left, or may have, and whose accounts still work, whatever the reason."""
    held = [manifest.manifest_id for manifest in journal.held_manifests(target)]
    rows = con.execute(
        f"""select reason, count(*) from {waiting_exits} where (target is null or target = ?)
        and (manifest_id is null or list_contains(?::varchar[], manifest_id)) group by 1 order by 1""",
        [target, held],
    ).fetchall()
    if not rows:
        return []
    return [
        Alert(
            str(AlertKind.EXITS_WAIT), AlertKind.EXITS_WAIT, Severity.ERROR,
            "Exits wait: accounts of people who have left, or may have, still work",
            "`status` names what is held back and what is held, `outcomes` what was not delivered.",
            {WAITS[reason].capitalize(): f"{count:,}" for reason, count in rows if reason in WAITS},
            asset="workers", page="docs/how-to/mend-failures.md",
        )
    ]  # fmt: skip


def _stopped_by(con: duckdb.DuckDBPyConnection, observed: Observations, day: dt.date) -> str:
    """The rules that stopped a business date, in words of ours: what they found may be the words of a file."""
    rows = con.execute(
        f"""select distinct "rule" from {observed.verdicts} where tripped and (subject = ?
            or subject in (select concat_ws('@', sha256, business_date, source) from {observed.extracts}
                where business_date = ?)) order by 1""",
        [day.isoformat(), day],
    ).fetchall()
    said = [STOPS[rule] for (rule,) in rows if rule in STOPS]
    return f"{'; '.join(said).capitalize()}. " if said else ""


def _failures(
    con: duckdb.DuckDBPyConnection, failures: Relation, delivered: Relation, profile: Profile, target: WatchedTarget
) -> list[Alert]:
    rows = con.execute(
        f"""select failure_class, coalesce(error_code, ''), count(*) from {failures}
        where target = ? and state in ('failed', 'skipped') group by all order by 3 desc, 1, 2""",
        [target.key],
    ).fetchall()
    failed = sum(count for _, _, count in rows)
    workers = _count(con, f"select count(*) from {delivered} where target = ?", target.key)
    limit = profile.alerts.failures
    if failed < limit.at_least or failed * 100 <= limit.percent * workers:
        return []
    classes: dict[str, int] = {}
    codes: dict[str, int] = {}
    for failure_class, code, count in rows:
        classes[failure_class] = classes.get(failure_class, 0) + count
        known = code if code in target.known_codes else "another code"
        codes[known] = codes.get(known, 0) + count
    return [
        Alert(
            str(AlertKind.FAILURES), AlertKind.FAILURES, Severity.ERROR,
            "More workers than usual could not be delivered",
            "`outcomes` lists them, each with what mends it.",
            {"Workers": f"{failed:,} of {workers:,}", **{name.capitalize(): f"{n:,}" for name, n in classes.items()},
             "Codes": ", ".join(f"{code} {n:,}" for code, n in codes.items())},
            asset="outcomes",
        )
    ]  # fmt: skip


def _missing(con: duckdb.DuckDBPyConnection, failures: Relation, profile: Profile, target: str) -> list[Alert]:
    missing = _count(con, f"select count(*) from {failures} where target = ? and state = 'missing'", target)
    if not missing:
        return []
    return [
        Alert(
            str(AlertKind.MISSING), AlertKind.MISSING, Severity.ERROR,
            "Operations were accepted, and the provisioning log never spoke of them",
            "They are sent again by themselves while the job runs. `outcomes` lists them.",
            {"Workers": f"{missing:,}", "Waited": counted(profile.outcomes.missing_after_minutes, "minute")},
            asset="outcomes",
        )
    ]  # fmt: skip


def _job(found: Remembered | None, pauses: PauseState, target: WatchedTarget) -> list[Alert]:
    """The finding of the last reading of outcomes or of the last upload about the service, whichever is newer."""
    pause = pauses.paused()
    facts = {"Job": target.key.rpartition("/")[2]}
    title = "The synchronization job does not process what it is sent"
    if found and (found.health.stopped or found.health.state is HealthState.SILENT):
        facts["Since"] = f"{found.since:%Y-%m-%d %H:%M}Z"
        text = f"Uploading stops until it runs. {target.describe_health(found.health)}"
    elif pause and pause.kind is PauseKind.JOB and not (found and found.checked_at > pause.until):
        text = "An upload found that it does not run, and looks again by itself. `status` says what it found."
    elif found and found.health == target.may_not_ask:
        return [
            Alert(
                str(AlertKind.JOB_UNKNOWN), AlertKind.JOB_UNKNOWN, Severity.NOTICE,
                "The synchronization job cannot be watched", target.describe_health(found.health), facts, asset="outcomes",
                page=TENANT,
            )
        ]  # fmt: skip
    else:
        return []
    key, kind = str(AlertKind.JOB_STOPPED), AlertKind.JOB_STOPPED
    return [Alert(key, kind, Severity.ERROR, title, text, facts, asset="outcomes", page=TENANT)]


def _stale_values(con: duckdb.DuckDBPyConnection, stale: Relation, target: str) -> list[Alert]:
    rows = con.execute(
        f"""select attribute, count(*), count(*) filter (clearable), min(cleared_at) from {stale} where target = ?
        group by 1 order by 2 desc, 1""",
        [target],
    ).fetchall()
    if not rows:
        return []
    workers = _count(con, f"select count(distinct person_number) from {stale} where target = ?", target)
    clearable = sum(row[2] for row in rows)
    return [
        Alert(
            str(AlertKind.STALE_VALUES), AlertKind.STALE_VALUES, Severity.WARNING,
            "Values that HR has cleared stay in accounts",
            "The job does not flow nulls for these attributes, and its log calls that a success. `outcomes --csv FILE` lists them."
            " The page says how they are cleared.",
            {"Accounts": f"{workers:,}",
             "Attributes": ", ".join(f"{_last_part(attribute)} {count:,}" for attribute, count, _, _ in rows),
             "Since": f"{min(row[3] for row in rows):%Y-%m-%d %H:%M}Z",
             **({"Cleared by the next plan": f"{clearable:,}"} if clearable else {})},
            asset="outcomes", page=CLEAR,
        )
    ]  # fmt: skip


def _target_refuses(con: duckdb.DuckDBPyConnection, findings: Relation, target: str) -> list[Alert]:
    """Values that the last plan found the target to refuse. No value and no person is named."""
    rows = con.execute(
        f"""select attribute, "rule", count(*) from {findings} where target = ? group by all order by 3 desc, 1, 2""",
        [target],
    ).fetchall()
    if not rows:
        return []
    waiting = _count(
        con, f"select count(distinct person_number) from {findings} where target = ? and meanwhile = 'waits'", target
    )
    return [
        Alert(
            str(AlertKind.TARGET_REFUSES), AlertKind.TARGET_REFUSES, Severity.ERROR if waiting else Severity.WARNING,
            "The target would refuse values: they are held back" if not waiting else
            "The target would refuse values: accounts wait",
            "`plan` lists them with what stands in their place. Mend them in HR, or let the profile cut them (`delivery.cut`).",
            {"Values": f"{sum(row[2] for row in rows):,}",
             "Attributes": ", ".join(f"{_last_part(attribute)} {rule} {count:,}" for attribute, rule, count in rows),
             **({"Accounts that wait": f"{waiting:,}"} if waiting else {})},
            asset="manifest", page="docs/how-to/mend-failures.md",
        )
    ]  # fmt: skip


def _last_part(attribute: str) -> str:
    """An attribute without the long front of its URN."""
    return attribute.rpartition(":")[2] if attribute.startswith("urn:") else attribute


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


def _stale(con: duckdb.DuckDBPyConnection, extracts: Relation, profile: Profile, now: dt.datetime) -> list[Alert]:
    landed = dict(con.execute(f"select source, max(landed_at) from {extracts} group by 1").fetchall())
    alerts = []
    oracle = profile.oracle
    followed = {oracle.people, oracle.feed, oracle.reconciliation} if oracle else frozenset[str]()
    for source in profile.sources:
        hours = None if source.name in followed else profile.alerts.stale_after(source.name)
        last = landed.get(source.name)
        if hours is None or last is None or now - last < dt.timedelta(hours=hours):
            continue
        alerts.append(
            Alert(
                f"{AlertKind.STALE_EXTRACT}:{source.name}", AlertKind.STALE_EXTRACT, Severity.WARNING,
                "No extract has come for longer than usual",
                "Accounts stay as they are until one comes. See whether the export ran and the file was moved to landing/.",
                {"Source": source.name, "Last one": f"{last:%Y-%m-%d %H:%M}Z", "Allowed": counted(hours, "hour")},
                asset="extracts", page="docs/how-to/land-extracts.md",
            )
        )  # fmt: skip
    return alerts


def _unprocessed(con: duckdb.DuckDBPyConnection, extracts: Relation, profile: Profile, now: dt.datetime) -> list[Alert]:
    """Extracts that were taken, and that no run has processed: it failed or was killed, or nobody started it."""
    rows = con.execute(
        f"""select business_date, count(*), min(landed_at) from {extracts}
        where status = 'landed' and landed_at <= ? and business_date <= ? group by 1 order by 1""",
        [now - PROCESSED_WITHIN, profile.workers.life.day_of(now)],
    ).fetchall()
    return [
        Alert(
            f"{AlertKind.UNPROCESSED}:{date}", AlertKind.UNPROCESSED, Severity.WARNING,
            "An extract was taken and never processed",
            f"Nothing of it has reached the snapshot. `hcm-pipeline run --date {date}` processes it, or says why it cannot.",
            {"Business date": date.isoformat(), "Extracts": f"{number:,}", "Taken": f"{landed:%Y-%m-%d %H:%M}Z"},
            asset="workers", page=RECOVER,
        )
        for date, number, landed in rows
    ]  # fmt: skip


def _unread(con: duckdb.DuckDBPyConnection, extracts: Relation) -> list[Alert]:
    """Extracts that were left out because they could not be read, until another one of their source comes."""
    rows = con.execute(
        f"""select business_date, source, max(landed_at) from {extracts} extract
        where status = 'refused' and reason not like 'refused by %' and not exists (
            select 1 from {extracts} later where later.source = extract.source and later.extract_id > extract.extract_id)
        group by all order by all"""
    ).fetchall()
    return [
        Alert(
            f"{AlertKind.UNPROCESSED}:{date}:{source}", AlertKind.UNPROCESSED, Severity.WARNING,
            "An extract was taken and could not be read",
            "Nothing of it has reached the snapshot, and its date went on without it. `hcm-pipeline extract show` says why; have it"
            " delivered again.",
            {"Business date": date.isoformat(), "Source": source, "Taken": f"{landed:%Y-%m-%d %H:%M}Z"},
            asset="extracts", page="docs/how-to/land-extracts.md",
        )
        for date, source, landed in rows
    ]  # fmt: skip


def _count(con: duckdb.DuckDBPyConnection, query: str, target: str) -> int:
    row = first(con, query, [target])
    return int(row[0]) if row else 0
