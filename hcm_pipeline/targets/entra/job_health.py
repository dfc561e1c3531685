"""Whether the synchronization job processes what it is sent. One that does not still answers 202, and what it holds is purged
when it is restarted: so uploading stops until it runs.

Two things tell: the job itself (GET, where the permission is there), and the log. A job whose agent is down calls itself
active: it is *silent* when two requests were accepted, are overdue, and the log has no entry at all since the first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import duckdb

from hcm_pipeline.entra import GraphClient
from hcm_pipeline.errors import GuardStop, ServiceError, ServiceRefused, SignInFailed
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Warehouse, first

SILENT_REQUESTS = 2
"""One request without an answer in the log may be lost; a second one says that nothing is worked off."""
QUARANTINE_REASONS = frozenset(
    {"EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold", "EncounteredEscrowProportionThreshold",
     "EncounteredQuarantineException", "Unknown", "QuarantinedOnDemand", "TooManyDeletes", "IngestionInterrupted"}
)  # fmt: skip
"""The documented ones (`quarantineReason`); nothing else is passed on."""
HASTE = 10.0
"""Seconds of patience when the job is asked: whoever asks can do without the answer."""
PROBE_AFTER = 4
"""A silent job is tried again when so many times `outcomes.missing_after_minutes` have passed since the last acceptance."""


class JobState(StrEnum):
    """What a job does with what it is sent. Only running and unknown ones are sent anything."""

    RUNNING = "running"
    PAUSED = "paused"
    QUARANTINE = "quarantine"
    NOT_STARTED = "not started"
    SILENT = "silent"
    UNKNOWN = "unknown"


STOPPED = (JobState.PAUSED, JobState.QUARANTINE, JobState.NOT_STARTED)
_MENDS = {
    JobState.PAUSED: "start provisioning in the portal; what was accepted is worked off then",
    JobState.QUARANTINE: "look at the job in the portal, mend what it names (a notification e-mail address is required), and"
    " restart it; after a restart wait 40 minutes, and what was queued is gone: it will be found missing and sent again",
    JobState.NOT_STARTED: "configure the app and start provisioning in the portal",
    JobState.SILENT: "look at the job and, for Active Directory, at the provisioning agent",
    JobState.UNKNOWN: "grant Synchronization.Read.All to have the job watched",
}


@dataclass(frozen=True)
class JobReport:
    """What is known of a job. `reason` is fit to be shown. `until`: when a silent job is tried again."""

    state: JobState
    reason: str | None = None
    until: dt.datetime | None = None

    def stops(self, now: dt.datetime) -> bool:
        """Whether nothing is to be sent."""
        return self.state in STOPPED or (self.state is JobState.SILENT and self.until is not None and now < self.until)

    def describe(self) -> str:
        """State, reason and mend, in one sentence."""
        reason = f" ({self.reason})" if self.reason else ""
        mend = f": {_MENDS[self.state]}" if self.state in _MENDS else ""
        return f"the synchronization job is {self.state}{reason}{mend}"


class JobStopped(GuardStop):
    """The job would only pile up what it is sent; nothing was sent. `report` is what was found."""

    def __init__(self, report: JobReport) -> None:
        self.report = report
        super().__init__(report.describe())


NOT_READABLE = JobReport(JobState.UNKNOWN, "the app may not read it")
"""The permission is missing: told once, and no fault."""


def read_job(client: GraphClient) -> JobReport:
    """Ask the service. Where it does not tell (no permission, no answer), the job is unknown, which stops nothing."""
    try:
        job = client.job_status(give_up_after=HASTE)
    except SignInFailed:
        raise
    except ServiceRefused as refused:
        return (
            NOT_READABLE
            if refused.status == 403
            else JobReport(JobState.UNKNOWN, f"the service answered {refused.status}")
        )
    except ServiceError:
        return JobReport(JobState.UNKNOWN, "the service gave no answer that can be read")
    code, schedule = job.code.lower(), job.schedule.lower()
    if code == "quarantine":
        reason = job.quarantine_reason
        return JobReport(JobState.QUARANTINE, reason if reason in QUARANTINE_REASONS else None)
    if code == "paused" or schedule in ("paused", "disabled"):
        return JobReport(JobState.PAUSED, None if code == "paused" else f"its schedule is {schedule}")
    if code == "notconfigured" or (code == "notrun" and schedule != "active"):
        return JobReport(JobState.NOT_STARTED)  # a started job that has had no cycle yet is NotRun, too
    if code in ("active", "notrun"):
        return JobReport(JobState.RUNNING)
    return JobReport(JobState.UNKNOWN, "the service calls it something that the documentation does not know")


def refuse_silent(warehouse: Warehouse, target: str, now: dt.datetime) -> None:
    """Raises JobStopped when the job is known to be silent and is not to be tried again yet. The upload asks the job itself."""
    if not warehouse.home.read_copy.is_file():
        return
    with warehouse.read() as con:
        known = remembered(con, target)
    if known and known.report.state is JobState.SILENT and known.report.stops(now):
        raise JobStopped(known.report)


def evidence(con: duckdb.DuckDBPyConnection, target: str, told: JobReport, rules: Outcomes) -> JobReport:
    """What the log adds to what the job says: whether it is silent."""
    if told.state in STOPPED:
        return told
    row = first(
        con,
        """select count(distinct (f.plan_no, f.request_no)), max(a.accepted_at)
        from failures f join accepted_requests a using (plan_no, request_no)
        where f.target = $1 and f.state = 'missing'
        and a.accepted_at > coalesce((select last_entry_at from log_reads where target = $1), timestamptz '-infinity')""",
        [target],
    )
    if row is None or row[0] < SILENT_REQUESTS:
        return told
    until = row[1] + PROBE_AFTER * dt.timedelta(minutes=rules.missing_after_minutes)
    return JobReport(JobState.SILENT, f"{row[0]} accepted requests, and not one entry in the log since", until)


@dataclass(frozen=True)
class Remembered:
    """What was last known of a job: since when it is so, when it was asked, and when it was last seen to run again."""

    report: JobReport
    since: dt.datetime
    checked_at: dt.datetime
    resumed_at: dt.datetime | None


def remembered(con: duckdb.DuckDBPyConnection, target: str) -> Remembered | None:
    """What was last known of the job; None before it was first asked."""
    row = first(
        con,
        "select state, reason, until, since, checked_at, resumed_at from job_states where target = ?",
        [target],
    )
    return Remembered(JobReport(JobState(row[0]), row[1], row[2]), *row[3:]) if row else None


def resumed_at(before: Remembered | None, told: JobReport, now: dt.datetime) -> dt.datetime | None:
    """Since when the job runs again: time in which it did not is nobody's delay."""
    if before is None:
        return None
    return now if before.report.state in STOPPED and told.state not in STOPPED else before.resumed_at


def remember(
    con: duckdb.DuckDBPyConnection, target: str, found: JobReport, now: dt.datetime, resumed: dt.datetime | None
) -> None:
    """Keep what is known of the job; `since` stays while the state does."""
    before = remembered(con, target)
    since = before.since if before and before.report.state is found.state else now
    con.execute(
        "insert or replace into job_states values (?, ?, ?, ?, ?, ?, ?)",
        [target, str(found.state), found.reason, since, now, resumed, found.until],
    )
