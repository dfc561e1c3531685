"""The verb outcomes: what became of what was sent, and which failures are sent again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.upload import Manifest

if TYPE_CHECKING:
    from hcm_pipeline.flow import OutcomeReport

LOG_INTERVAL = 15.0
"""Seconds between two readings of the provisioning log."""


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(outcomes)


def outcomes(
    manifest: Manifest = None,
    retry: Annotated[str | None, typer.Option(help="Send this failed worker again with the next plan.")] = None,
    retry_all: Annotated[bool, typer.Option(help="Send every failed worker again with the next plan.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for operations that the log does not know yet.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Read the provisioning log and settle what was sent; list what failed, each with what mends it."""
    here = existing_installation()
    if retry or retry_all:
        _retry(here, retry, as_json)
        return
    only = flow.manifest_id(here, manifest) if manifest else None
    progress = Progress()
    with progress.shown():
        report = flow.read_outcomes(
            here,
            wait_seconds=wait,
            interval=LOG_INTERVAL,
            announce=note if as_json else say,
            progress=lambda settled, waiting: progress(f"{settled:,} operations settled, {waiting:,} waiting"),
        )
    found = flow.outcomes(here, only)
    if as_json:
        dump({
            "settled": report.settled, "waiting": report.waiting, "missing": report.missing, "job": found.job,
            "receipts": found.receipts, "failures": found.failures,
        })  # fmt: skip
        return
    _show(report, found)


def _show(report: OutcomeReport, found: flow.Outcomes) -> None:
    missing = f", {report.missing:,} missing" if report.missing else ""
    say(f"{report.settled:,} operations settled now, {report.waiting:,} still without an outcome{missing}")
    show_job(found.job)
    show_receipts(found.receipts)
    show_failures(found.failures)


def _retry(here: flow.Installation, number: str | None, as_json: bool) -> None:
    count = flow.retry(here, number, by=flow.system_user())
    if as_json:
        dump({"retry": number or "all", "workers": count})
        return
    say(f"{count:,} workers are sent again with the next plan: `hcm-pipeline run`, then `upload`")


def show_job(job: flow.Job | None) -> None:
    """Print the state of the synchronization job when there is something to say."""
    if job is not None and job.state != "running":
        say(job.says)


def show_failures(failures: Iterable[flow.Failure]) -> None:
    """Print the workers that are not in the target as they should be, and what mends it."""
    table(
        "Not in the target as they should be",
        ("person number", "state", "code", "class", "attempts", "sent again", "mend"),
        [
            [f.person_number, f.state, f.error_code, f.failure_class, f.attempts, f.next_try_at, f.mend]
            for f in failures
        ],
    )


def show_receipts(receipts: Iterable[flow.Receipts]) -> None:
    """Print what became of operations, by manifest."""
    table(
        "Operations",
        ("manifest", "business date", "kind", "state", "operations"),
        [[r.manifest_id[:12], r.business_date.isoformat(), r.kind, r.state, r.operations] for r in receipts],
    )
