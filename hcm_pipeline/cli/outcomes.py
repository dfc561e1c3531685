"""The verb outcomes: what became of what was sent, and which failures are sent again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.confirm import ask
from hcm_pipeline.cli.context import Json, Target, by_target, existing_installation, heading, targets_of
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.upload import Manifest
from hcm_pipeline.errors import UsageError
from hcm_pipeline.plain_text import counted

if TYPE_CHECKING:
    from hcm_pipeline.flow import OutcomeReport

SHOWN_PEOPLE = 20
LOG_INTERVAL = 15.0
"""Seconds between two readings of the provisioning log."""


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(outcomes)


def outcomes(
    manifest: Manifest = None,
    retry: Annotated[str | None, typer.Option(help="Send this failed worker again with the next plan.")] = None,
    retry_all: Annotated[bool, typer.Option(help="Send every failed worker again with the next plan.")] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a table of the values that HR has cleared and that accounts keep, and do nothing else.",
            dir_okay=False,
        ),
    ] = None,
    cleared: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="A person has cleared the stale values of this worker by hand.")
    ] = None,
    cleared_all: Annotated[
        int | None, typer.Option(metavar="VALUES", help="The same of everybody; the number of values that you mean.")
    ] = None,
    attribute: Annotated[
        str | None, typer.Option(help="With --cleared and --cleared-all: the values of this attribute alone.")
    ] = None,
    why: Annotated[str | None, typer.Option(help="The reason, kept with that word.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for operations that the log does not know yet.")] = 30.0,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Read the provisioning log and settle what was sent; list what failed, each with what mends it."""
    here = existing_installation()
    if csv:
        _list(here.at(target), csv, as_json)
        return
    if cleared or cleared_all is not None:
        _cleared(here.at(target), flow.Cleared(cleared, attribute, why), cleared_all, as_json)
        return
    if attribute or why:
        raise UsageError("--attribute and --why go with --cleared or --cleared-all")
    if retry or retry_all:
        _retry(here, retry, as_json)
        return
    only = flow.manifest_id(here, manifest) if manifest else None
    progress = Progress()

    def read(one: flow.Installation) -> OutcomeReport:
        return flow.read_outcomes(
            one,
            wait_seconds=wait,
            interval=LOG_INTERVAL,
            announce=note if as_json else say,
            progress=lambda settled, waiting: progress(f"{counted(settled, 'operation')} settled, {waiting:,} waiting"),
        )

    with progress.shown():
        reports, faults = flow.each(targets_of(here, target), read)
    told = [(one, report, flow.outcomes(one, only)) for one, report in reports]
    if as_json:
        dump(by_target((one, _as_json(report, found)) for one, report, found in told))
    else:
        for one, report, found in told:
            heading(one)
            _show(report, found)
    if faults:
        raise faults[0]


def _as_json(report: OutcomeReport, found: flow.Outcomes) -> dict[str, object]:
    return {
        "settled": report.settled, "waiting": report.waiting, "missing": report.missing, "job": found.job,
        "receipts": found.receipts, "failures": found.failures, "stale_values": found.stale_values,
        "flows_unread": found.flows_unread, "unreadable": report.unreadable, "written_over": found.written_over,
    }  # fmt: skip


def _show(report: OutcomeReport, found: flow.Outcomes) -> None:
    missing = f", {report.missing:,} missing" if report.missing else ""
    say(f"{counted(report.settled, 'operation')} settled now, {report.waiting:,} still without an outcome{missing}")
    if report.unreadable:
        say(f"{counted(report.unreadable, 'entry')} of the log cannot be read: the operations that they are about wait")
    show_job(found.job)
    show_receipts(found.receipts)
    show_failures(found.failures)
    show_stale(found.stale_values, found.flows_unread)
    show_written_over(found.written_over)


def _list(here: flow.Installation, path: Path, as_json: bool) -> None:
    count = flow.write_stale_values(here, path)
    if as_json:
        dump({"file": str(path), "values": count})
        return
    say(f"{path}: {counted(count, 'value')}, for your eyes and those of whom you send it to (mode 0600)")


def _cleared(here: flow.Installation, said: flow.Cleared, values: int | None, as_json: bool) -> None:
    if said.number and values is not None:
        raise UsageError("--cleared is of one worker, and --cleared-all of everybody; give one")
    meant, count = flow.stale_meant(here, said)
    if said.number:
        ask(f"{said.number}: {_counted(count)} counted as cleared by hand, and no longer watched.")
        values = count
    closed = flow.cleared_values(here, meant, values or 0, by=flow.system_user())
    if as_json:
        dump({"cleared": said.number or "all", "attribute": meant.attribute, "values": closed})
        return
    say(f"{_counted(closed)} counted as cleared by hand")


def _counted(values: int) -> str:
    return counted(values, "value", "are")


def _retry(here: flow.Installation, number: str | None, as_json: bool) -> None:
    count = flow.retry(here, number, by=flow.system_user())
    if as_json:
        dump({"retry": number or "all", "workers": count})
        return
    say(f"{counted(count, 'worker', 'are')} sent again with the next plan: `hcm-pipeline run`, then `upload`")


def show_job(job: flow.Job | None) -> None:
    """Print the state of the synchronization job when there is something to say."""
    if job is not None and job.state != "running":
        say(job.says)


def show_failures(failures: Iterable[flow.Failure]) -> None:
    """Print the workers that are not in the target as they should be, and what mends it."""
    table(
        "Not in the target as they should be",
        ("person number", "state", "code", "class", "attempts", "sent again", "the log says", "mend"),
        [
            [f.person_number, f.state, f.error_code, f.failure_class, f.attempts, f.next_try_at, f.reason, f.mend]
            for f in failures
        ],
    )


def show_stale(found: Iterable[flow.StaleCount], unread: str | None) -> None:
    """Print the cleared values that accounts keep, by attribute, and what is not known of the nulls that flow."""
    counted = list(found)
    table(
        "Cleared by HR, and still in accounts: the job does not flow nulls (docs/how-to/clear-values.md)",
        ("attribute", "accounts", "since", "cleared by the next plan"),
        [[s.attribute, s.accounts, s.since, s.clearable] for s in counted],
    )
    if unread:
        say(unread)


def show_written_over(found: Iterable[flow.WrittenOver]) -> None:
    """Print the values in Oracle HCM that somebody else has changed after they were written, the first of them."""
    listed = list(found)
    table(
        "Written to Oracle HCM, and changed there by somebody else: a person, or another integration of the same user",
        ("person number", "attribute", "times in 30 days", "another value now"),
        [[o.person_number, o.attribute, o.times, "yes" if o.now else ""] for o in listed[:SHOWN_PEOPLE]],
    )
    if len(listed) > SHOWN_PEOPLE:
        say(f"and {len(listed) - SHOWN_PEOPLE:,} more: `hcm-pipeline status --json` has all")


def show_receipts(receipts: Iterable[flow.Receipts]) -> None:
    """Print what became of operations, by manifest."""
    table(
        "Operations",
        ("manifest", "business date", "kind", "state", "operations"),
        [[r.manifest_id[:12], r.business_date.isoformat(), r.kind, r.state, r.operations] for r in receipts],
    )
