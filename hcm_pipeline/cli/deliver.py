"""Verbs that talk to the target: upload, outcomes."""

from __future__ import annotations

import getpass
from functools import partial
from typing import Annotated

import typer

from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.delivery.outcomes.failures import decide_retry
from hcm_pipeline.delivery.outcomes.log_reading import read_outcomes, take_over
from hcm_pipeline.delivery.plan.canary import canary_of
from hcm_pipeline.delivery.send.upload import UploadReport
from hcm_pipeline.delivery.send.upload import upload as send
from hcm_pipeline.delivery.state.journal import ManifestState
from hcm_pipeline.delivery.state.pauses import Gates
from hcm_pipeline.entra.timing import utc_now
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.flow import queries
from hcm_pipeline.flow.staleness import refuse_moved
from hcm_pipeline.targets.entra.connection import describe, open_target, target_key
from hcm_pipeline.targets.entra.job_health import refuse_silent

Manifest = Annotated[str | None, typer.Argument(help="A manifest's id or the beginning of it; default: all that wait.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.command()(upload)
    app.command()(outcomes)


def upload(
    manifest: Manifest = None,
    past_canary: Annotated[
        bool, typer.Option("--past-canary", help="Let the named manifest go on, whatever its first operations came to.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send what is left of a manifest, within the service's limits; a later call goes on where one was cut off."""
    if past_canary and not manifest:
        raise UsageError("--past-canary: name the manifest that is to go on")
    context = Context.from_env()
    home, delivery = context.settings.home.create(), context.loaded.profile.delivery
    progress = Progress()
    reports: list[UploadReport] = []
    with open_target(context.settings) as target, context.journal() as journal:
        (note if as_json else say)(describe(target))
        chosen = (
            [journal.get(manifest)] if manifest else [m for m in journal.open_manifests() if m.target == target.key]
        )
        if past_canary:
            Gates(journal, chosen[0].target).release(chosen[0].manifest_id, getpass.getuser(), utc_now())
        refuse_silent(context.warehouse, target.key, utc_now())
        with progress.shown():
            for one in chosen:
                reports.append(
                    send(
                        home,
                        target,
                        one.manifest_id,
                        journal=journal,
                        quota=delivery.own_quota,
                        canary=canary_of(delivery, target),
                        still_holds=partial(refuse_moved, context.warehouse, context.loaded),
                        progress=lambda done, of: progress(f"sent {done:,} of {of:,} requests"),
                    )
                )
        held = [] if manifest else journal.held_manifests(target.key)
    if reports:
        take_over(context.warehouse)
    if as_json:
        dump(reports)
    elif not reports:
        say("no manifest waits for upload")
    for report in reports:
        if not as_json:
            say(_said(report))
    if any(report.stopped for report in reports):
        raise typer.Exit(GuardStop.exit_code)
    if any(report.state in {ManifestState.FAILED, ManifestState.SUPERSEDED} for report in reports):
        raise typer.Exit(1)
    for one in held:
        note(
            f"manifest {one.manifest_id[:12]} is held ({one.held_for}): `plan` says why, `approve` or `reject` decides"
        )
    if held or any(report.state is ManifestState.REJECTED for report in reports):
        raise typer.Exit(GuardStop.exit_code)


def _said(report: UploadReport) -> str:
    counts = f"{report.accepted:,} of {report.requests:,} requests accepted, {report.refused:,} refused, {report.sent:,} sent now"
    until = f"; it goes on at {report.paused_until:%Y-%m-%d %H:%M}Z" if report.paused_until else ""
    reason = f" ({report.reason})" if report.reason else ""
    already = " already; nothing was sent" if report.already else ""
    stopped = " and stopped" if report.stopped else ""
    return f"manifest {report.manifest_id[:12]} is {report.state}{already}{stopped}{reason}: {counts}{until}"


def outcomes(
    manifest: Manifest = None,
    retry: Annotated[str | None, typer.Option(help="Send this failed worker again with the next plan.")] = None,
    retry_all: Annotated[bool, typer.Option(help="Send every failed worker again with the next plan.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for operations that the log does not know yet.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Read the provisioning log and settle what was sent; list what failed, each with what mends it."""
    context = Context.from_env()
    if retry or retry_all:
        _retry(context, retry, as_json)
        return
    progress = Progress()
    if manifest:
        with context.journal() as journal:
            manifest = journal.get(manifest).manifest_id
    with open_target(context.settings) as target:
        (note if as_json else say)(describe(target))
        with progress.shown():
            report = read_outcomes(
                context.warehouse,
                target,
                context.loaded.profile.outcomes,
                wait_seconds=wait,
                interval=2.0 if target.sandbox else 15.0,
                progress=lambda settled, waiting: progress(f"{settled:,} operations settled, {waiting:,} waiting"),
            )
    with context.warehouse.read() as con:
        receipts = [r for r in queries.receipts(con) if manifest in (None, r["manifest_id"])]
        failures = queries.failures(con, target.key)
        job = queries.job(con, target.key)
    if as_json:
        dump({
            "settled": report.settled, "waiting": report.waiting, "missing": report.missing, "job": job,
            "receipts": receipts, "failures": failures,
        })  # fmt: skip
        return
    missing = f", {report.missing:,} missing" if report.missing else ""
    say(f"{report.settled:,} operations settled now, {report.waiting:,} still without an outcome{missing}")
    show_job(job)
    show_receipts(receipts)
    show_failures(failures)


def _retry(context: Context, number: str | None, as_json: bool) -> None:
    """A person's word: the next plan sends again."""
    with context.warehouse.write() as con:
        count = decide_retry(con, target_key(context.settings), number, getpass.getuser(), utc_now())
    if number is not None and not count:
        raise UsageError(f"{number}: nothing of this worker has failed; `hcm-pipeline outcomes` lists who has")
    context.warehouse.publish()
    if as_json:
        dump({"retry": number or "all", "workers": count})
        return
    say(f"{count:,} workers are sent again with the next plan: `hcm-pipeline run`, then `upload`")


def show_job(job: queries.Row | None) -> None:
    """Print the state of the synchronization job when there is something to say."""
    if job is not None and job["state"] != "running":
        say(job["says"])


def show_failures(failures: list[queries.Row]) -> None:
    """Print who is not in the target as they should be, and what mends it."""
    table(
        "Not in the target as they should be",
        ("person number", "state", "code", "class", "attempts", "sent again", "mend"),
        [
            [
                f["person_number"],
                f["state"],
                f["error_code"],
                f["failure_class"],
                f["attempts"],
                f["next_try_at"],
                f["mend"],
            ]
            for f in failures
        ],
    )


def show_receipts(receipts: list[queries.Row]) -> None:
    """Print what became of operations, by manifest."""
    table(
        "Operations",
        ("manifest", "business date", "kind", "state", "operations"),
        [
            [r["manifest_id"][:12], r["business_date"].isoformat(), r["kind"], r["state"], r["operations"]]
            for r in receipts
        ],
    )
