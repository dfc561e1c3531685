"""The verb run: materialize business dates up to the manifest, in order, as a recorded Dagster run."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Annotated, Any

import typer

from hcm_pipeline.cli.context import Context, day
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.delivery.state.journal import JournaledManifest
from hcm_pipeline.errors import ExtractRefused, GuardStop, PlanHeld, UsageError
from hcm_pipeline.flow import landing, processing, queries
from hcm_pipeline.targets.entra.connection import target_key
from hcm_pipeline.warehouse import first


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(run)


def run(
    date: Annotated[str | None, typer.Option(help="One business date, YYYY-MM-DD.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="The first of a range of business dates.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last of the range.")] = None,
    as_json: Json = False,
) -> None:
    """Take what lies in landing/, process business dates in order, and plan. Nothing is sent.

    Without a date: every business date that has an extract and no snapshot yet. Rerunning a date is harmless; rerunning an
    old one rebuilds what follows from it.
    """
    context = Context.from_env()
    wanted = _asked(date, from_, to)
    landed = _land(context, quiet=as_json)
    wanted = wanted or _pending(context)
    if not wanted:
        if as_json:
            dump({"days": [], "manifest": None, "approved": [], "held": [], "landed": landed})
        else:
            say(f"nothing to process: no extract waits. Put files into {context.settings.home.landing}, or `land` them")
        _complain(landed)
        return
    with suppress(PlanHeld):  # what is held is told below
        materialize(context, wanted[0], wanted[-1])
    report = _report(context, wanted)
    if as_json:
        dump({**report, "landed": landed})
    else:
        show(report)
    _complain(landed)
    if report["held"]:
        raise typer.Exit(GuardStop.exit_code)


def _asked(date: str | None, from_: str | None, to: str | None) -> list[dt.date]:
    if date and (from_ or to):
        raise UsageError("--date names one day, --from and --to a range; give one or the other")
    if bool(from_) != bool(to):
        raise UsageError("--from and --to go together")
    first, last = day(date) or day(from_, "--from"), day(date) or day(to, "--to")
    if first is None or last is None:
        return []
    if last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    return [first, last]


def _land(context: Context, *, quiet: bool) -> list[landing.Landed]:
    if not landing.waiting(context.settings.home, context.loaded.profile):
        return []
    results = landing.land(context.warehouse, context.loaded.profile, None, now=processing.utc_now, wait=True)
    for result in results:
        if not quiet or result.result in {"left", "refused"}:
            note(f"{result.name}: {result.result}: {result.message}")
    return results


def _complain(landed: list[landing.Landed]) -> None:
    refused = [result for result in landed if result.result == "refused"]
    if refused:
        raise ExtractRefused(
            refused[0].name, "refused", f"{len(refused)} of {len(landed)} files in landing/ were refused; see above"
        )


def _pending(context: Context) -> list[dt.date]:
    """The range from the first to the last date with something to do; the newest date when only planning is left."""
    with context.warehouse.write() as con:
        pending = processing.pending_days(con)
        if not pending:
            row = first(con, "select max(business_date) from days where status = 'done'")
            pending = [row[0]] if row and row[0] else []
    return pending


def materialize(context: Context, first: dt.date, last: dt.date) -> None:
    """One Dagster run over a range of dates, in this process, recorded in the home's instance. Raises what it raised."""
    profile = context.loaded.profile  # a fault of the profile is told before Dagster is loaded
    latest = processing.utc_now().date() + dt.timedelta(days=landing.DAYS_AHEAD)
    if first.isoformat() < profile.start_date or last > latest:
        raise UsageError(f"business dates lie between the profile's start_date {profile.start_date} and {latest}")
    from hcm_pipeline.definitions import build
    from hcm_pipeline.defs.assets import DAILY_JOB
    from hcm_pipeline.defs.instance import RANGE_END, RANGE_START, instance_of, run_job

    progress = Progress()
    with instance_of(context.settings.home) as instance, progress.shown():
        days = {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
        single = first.isoformat() if first == last else None
        run_job(
            build(context.settings),
            instance,
            DAILY_JOB,
            progress=progress,
            partition=single,
            tags={"hcm/business_date": last.isoformat(), **({} if single else days)},
        )


def _report(context: Context, wanted: list[dt.date]) -> dict[str, Any]:
    target = target_key(context.settings)
    with context.warehouse.read() as con:
        days = [d for d in queries.days(con, 10_000) if wanted[0] <= d["business_date"] <= wanted[-1]]
        reasons = {d["business_date"]: queries.quarantine(con, d["business_date"]) for d in days[-14:]}
    for found in days:
        found["quarantine"] = reasons.get(found["business_date"], [])
    with context.journal() as journal:
        opened = [m for m in journal.open_manifests() if m.target == target]
        held = journal.held_manifests(target)
    free = [m for m in opened if m.held_for is None]
    return {
        "days": days,
        "manifest": _row(context, free[-1]) if free else None,
        "approved": [{**_row(context, m), "held_for": m.held_for} for m in opened if m.held_for is not None],
        "held": [{**_row(context, m), "held_for": m.held_for} for m in held],
    }


def _row(context: Context, manifest: JournaledManifest) -> dict[str, Any]:
    named = ("manifest_id", "business_date", "requests", "operations")
    return {
        **{name: getattr(manifest, name) for name in named},
        "folder": context.settings.home.path / manifest.folder,
    }


def day_row(found: dict[str, Any]) -> list[object]:
    """A business date as a row of the table that people read."""
    kinds = found["changes"]
    others = sum(n for kind, n in kinds.items() if kind not in {"joiner", "mover", "leaver"})
    return [
        found["business_date"].isoformat(),
        found["rows"],
        found["workers"],
        kinds.get("joiner", 0),
        kinds.get("mover", 0),
        kinds.get("leaver", 0),
        others,
        found["quarantined"],
        found["absent"],
        found["manager_warnings"],
        found["status"] if found["extracts"] or found["status"] != "done" else "carried forward",
    ]


DAY_COLUMNS = (
    "business date",
    "rows",
    "workers",
    "joiners",
    "movers",
    "leavers",
    "other changes",
    "quarantined",
    "absent, kept",
    "manager warnings",
    "status",
)
REASON_COLUMNS = ("date", "file", "rule", "column", "kind of value", "rows", "first row")


def reason_row(found: dict[str, Any]) -> list[object]:
    """A reason for quarantine as a row of the table that people read."""
    return [
        found["business_date"].isoformat(),
        found["file"],
        found["rule"],
        found["column"],
        found["value_class"],
        found["rows"],
        found["first_row"],
    ]


def show(report: dict[str, Any]) -> None:
    """Print a run for people."""
    table("Business dates", DAY_COLUMNS, [day_row(found) for found in report["days"]])
    table(
        "Rows in quarantine", REASON_COLUMNS, [reason_row(r) for found in report["days"] for r in found["quarantine"]]
    )
    manifest = report["manifest"]
    if manifest is not None:
        say(
            f"manifest {manifest['manifest_id'][:12]} of {manifest['business_date']} is ready: "
            f"{manifest['operations']:,} operations in {manifest['requests']:,} requests"
        )
        say(f"  {manifest['folder']}")
        say("  `hcm-pipeline plan` shows what it would do, `hcm-pipeline upload` sends it")
    for approved in report["approved"]:
        say(
            f"manifest {approved['manifest_id'][:12]} was approved ({approved['held_for']}): {approved['operations']:,} operations"
        )
        say("  `hcm-pipeline upload` sends them")
    for held in report["held"]:
        say(f"manifest {held['manifest_id'][:12]} is held ({held['held_for']}): {held['operations']:,} operations")
        say("  `hcm-pipeline plan` says why, `hcm-pipeline approve` or `reject` decides")
    if manifest is None and not report["held"] and not report["approved"]:
        say("nothing to send: the target has what it should have")
