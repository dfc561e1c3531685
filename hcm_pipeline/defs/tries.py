"""Tries: which work is started again after its run failed, was cancelled or was killed, when, and when it is given up.

Dagster remembers a run key for ever, whatever became of its run. So a run key names the work and the number of the try, and the
work's runs are found by a tag.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.expected import ERROR
from hcm_pipeline.defs.instance import RANGE_END, RANGE_START
from hcm_pipeline.errors import ExtractHeld, GuardStop, PlanHeld
from hcm_pipeline.plain_text import counted

TRIES = 8
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=1)
"""The wait after a failure doubles with each, so that eight tries take about two hours."""
REMEMBERED = dt.timedelta(days=60)
"""Work whose last run failed longer ago is forgotten."""
WORK_TAG, STARTED_BY_TAG = "hcm/work", "hcm/started_by"
FAILED = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
PARTITION = "dagster/partition"
STOPS = frozenset({GuardStop.__name__, ExtractHeld.__name__})


@dataclass(frozen=True)
class Work:
    """Work that a run does. `name` begins with the sensor that starts it and a colon, and is the same for every try."""

    name: str
    business_date: dt.date

    @property
    def sensor(self) -> str:
        """The sensor or schedule that starts it."""
        return self.name.partition(":")[0]

    @property
    def tags(self) -> dict[str, str]:
        """The tags of its runs."""
        date = self.business_date.isoformat()
        return {WORK_TAG: self.name, STARTED_BY_TAG: self.sensor, md.DATE_TAG: date}

    def request(self, tries: int) -> dg.RunRequest:
        """A request for its next run, after so many."""
        return dg.RunRequest(
            run_key=f"{self.name}:{tries}", partition_key=self.business_date.isoformat(), tags=self.tags
        )


@dataclass(frozen=True)
class Judged:
    """The next step for some work: `start` a run after `tries`, or `why` not. `failed`: its newest run failed."""

    work: Work
    start: bool
    tries: int
    why: str
    failed: flow.FailedWork | None = None


def judge(instance: dg.DagsterInstance, job: str, work: Work, now: dt.datetime) -> Judged:
    """Decide by the runs of the work: none, one under way, one that did it, or so many that failed."""
    records = instance.get_run_records(dg.RunsFilter(job_name=job, tags={WORK_TAG: work.name}))
    date, tries = work.business_date, len(records)
    if under_way(instance, [record.dagster_run for record in records]):
        return Judged(work, False, tries, f"a run of {date} is under way")
    if not records:
        return Judged(work, True, 0, "")
    newest = max(records, key=_ended_at)
    if newest.dagster_run.status is dg.DagsterRunStatus.SUCCESS:
        return Judged(work, False, tries, f"a run of {date} has done it")
    ended, failure = _ended_at(newest), failure_of(instance, newest.dagster_run)
    if failure.error == PlanHeld.__name__:
        return Judged(work, False, tries, f"the plan that a run of {date} made is held and waits for a decision")
    due = ended + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 20)) if tries < TRIES else None
    failed = flow.FailedWork(work.name, date, tries, ended, failure.cause, due)
    told = None if failure.error in STOPS else failed  # a date that a guard stopped has an alert of its own
    if due is None:
        return Judged(work, False, tries, f"{date} was given up after {tries} runs: {failure.cause}", told)
    why = f"a run of {date} failed; try {tries + 1} of {TRIES} is at {due:%H:%M:%S}Z: {failure.cause}"
    return Judged(work, due <= now, tries, why, told)


def judge_again(
    work: Work,
    records: Sequence[dg.RunRecord],
    instance: dg.DagsterInstance,
    now: dt.datetime,
    wait: dt.timedelta | None = None,
) -> Judged:
    """Decide about work that is done again and again, by its runs so far (none is under way): those that failed since one did it.

    `wait` before each try; None: it doubles. A run inside a command is no try: a person sees its end.
    """
    tries = [one for one in sorted(records, key=_ended_at, reverse=True) if md.PROCESS_TAG not in one.dagster_run.tags]
    failed = list(itertools.takewhile(lambda one: one.dagster_run.status in FAILED, tries))
    if not failed:
        return Judged(work, True, len(records), "")
    ended, failure = _ended_at(failed[0]), failure_of(instance, failed[0].dagster_run)
    pause = wait if wait is not None else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(len(failed) - 1, 20))
    due = ended + pause if len(failed) < TRIES else None
    told = flow.FailedWork(work.name, work.business_date, len(failed), ended, failure.cause, due)
    if due is None:
        return Judged(work, False, len(records), f"given up after {counted(len(failed), 'run')}: {failure.cause}", told)
    why = f"the last run ended early; try {len(failed) + 1} of {TRIES} is at {due:%H:%M:%S}Z: {failure.cause}"
    return Judged(work, due <= now, len(records), why, told)


def undone(instance: dg.DagsterInstance, job: str, started_by: str, now: dt.datetime) -> Iterator[Work]:
    """The work of failed runs whose business date no run has done since, whatever the failed ones had taken."""
    tags = {STARTED_BY_TAG: started_by}
    since = now - REMEMBERED
    newest: dict[str, dg.RunRecord] = {}
    for record in instance.get_run_records(
        dg.RunsFilter(job_name=job, tags=tags, statuses=FAILED, updated_after=since), limit=500
    ):
        name = record.dagster_run.tags.get(WORK_TAG, "")
        if name and (name not in newest or _ended_at(record) > _ended_at(newest[name])):
            newest[name] = record
    if not newest:
        return
    done = instance.get_run_records(
        dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since), limit=2000
    )
    for name, record in sorted(newest.items()):
        date = record.dagster_run.tags[md.DATE_TAG]
        if not any(_ended_at(one) >= _ended_at(record) and _covers(one.dagster_run, date) for one in done):
            yield Work(name, dt.date.fromisoformat(date))


def under_way(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> bool:
    """Whether one of the runs is still going on. One whose own process was killed is marked as failed, and is not.

    The daemon's monitoring finds killed runs that it launched; a run inside a command has only its process id to go by.
    """
    going_on = False
    for run in runs:
        if run.is_finished:
            continue
        process = run.tags.get(md.PROCESS_TAG)
        if process is not None and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            instance.report_run_failed(run, f"process {process} was killed")
        else:
            going_on = True
    return going_on


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed, in a sentence fit for a message. `error`: the class of the failure, where it is known."""

    cause: str
    error: str = ""


def failure_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunFailure:
    """Why a run failed, by its events."""
    if run.status is dg.DagsterRunStatus.CANCELED:
        return RunFailure("the run was cancelled.")
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        data = event.step_failure_data if event else None
        if data is None:
            continue
        if data.user_failure_data is not None and data.user_failure_data.description:
            error = data.user_failure_data.metadata.get(ERROR)
            return RunFailure(_sentence(data.user_failure_data.description), str(error.value) if error else "")
        if data.error is not None:
            fault = (data.error.cause or data.error).cls_name or "a fault"
            return RunFailure(
                f"{fault} in step {event.step_key if event else '?'}; its page in Dagster shows more.", fault
            )
    return RunFailure("its process was killed, or ended before the run did.")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _covers(run: dg.DagsterRun, date: str) -> bool:
    """Whether a run was of a business date, alone or in a range."""
    first, last = run.tags.get(RANGE_START), run.tags.get(RANGE_END)
    return first <= date <= last if first and last else run.tags.get(PARTITION) == date


def _ended_at(record: dg.RunRecord) -> dt.datetime:
    if record.end_time:
        return dt.datetime.fromtimestamp(record.end_time, dt.UTC)
    return (
        record.update_timestamp.replace(tzinfo=dt.UTC)
        if record.update_timestamp.tzinfo is None
        else record.update_timestamp
    )
