"""Verbs that only look: plan, status, trace."""

from __future__ import annotations

import math
from typing import Annotated, Any

import orjson
import typer

from hcm_pipeline.cli import queries
from hcm_pipeline.cli.context import Context, day
from hcm_pipeline.cli.deliver import show_failures, show_job, show_receipts
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.cli.run import DAY_COLUMNS, REASON_COLUMNS, day_row, reason_row
from hcm_pipeline.delivery.gates import Gates
from hcm_pipeline.delivery.journal import Journal, JournaledManifest
from hcm_pipeline.delivery.pacing import Pace
from hcm_pipeline.delivery.target import target_key, tenant_of
from hcm_pipeline.entra.timing import UPLOAD_RATE, utc_now
from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.landing import waiting
from hcm_pipeline.scim.manifest import OPERATIONS_PER_REQUEST, read_manifest


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.command()(plan)
    app.command()(status)
    app.command()(trace)


def plan(
    date: Annotated[str | None, typer.Option(help="Show the manifests of this business date instead.")] = None,
    worker: Annotated[str | None, typer.Option(help="Show one worker: old, new and the exact payload.")] = None,
    as_json: Json = False,
) -> None:
    """What would be sent: operations by kind, attribute by attribute, and the guards' verdicts. Nothing is sent."""
    context = Context.from_env()
    context.existing_home()
    if date:
        _plan_of_day(context, date, as_json)
        return
    target, profile = target_key(context.settings), context.loaded.profile
    with context.warehouse.read() as con:
        if worker:
            _plan_of_worker(queries.worker_plan(con, profile, target, worker), worker, as_json)
            return
        counts, attributes = queries.difference(con, profile, target)
        days = queries.days(con, 1)
    operations = sum(counts.values())
    requests = math.ceil(operations / OPERATIONS_PER_REQUEST)
    guards = [_quarantine_verdict(context, days[-1])] if days else []
    with context.journal() as journal:
        left = quota_left(context, journal)
        ready = [m for m in journal.open_manifests() if m.target == target]
    seconds = requests / UPLOAD_RATE.calls * UPLOAD_RATE.per.total_seconds()
    if as_json:
        dump(
            {
                "operations": counts,
                "attributes": attributes,
                "requests": requests,
                "least_seconds": round(seconds, 1),
                "quota_left": left,
                "guards": guards,
                "manifests": ready,
            }
        )
        return
    if not operations:
        say("nothing to send: the target has what it should have")
    table("Operations", ("kind", "operations"), list(counts.items()))
    table(
        "Attributes that change in accounts the target has",
        ("attribute", "from", "changed", "of these cleared"),
        [[a["attribute"], a["from"], a["changed"], a["cleared"]] for a in attributes],
    )
    if operations:
        say(
            f"{requests:,} requests, at least {seconds:,.0f} s at 40 calls in 5 s; {left:,} calls left of the daily quota"
        )
    table("Guards", ("guard", "verdict", "why"), [[g["guard"], g["verdict"], g["why"]] for g in guards])
    for manifest in ready:
        say(
            f"ready: manifest {manifest.manifest_id[:12]} of {manifest.business_date}, {manifest.operations:,} operations"
        )


def quota_left(context: Context, journal: Journal) -> int:
    """Calls that the tenant's quota leaves us now."""
    quota = context.loaded.profile.delivery.own_quota
    return Pace(journal, tenant_of(context.settings), target_key(context.settings), clock=utc_now, quota=quota).left()


def _quarantine_verdict(context: Context, found: queries.Row) -> queries.Row:
    limit = context.loaded.profile.workers.quarantine_limit
    return {
        "guard": "quarantine_limit",
        "verdict": "stopped" if found["status"] == "stopped" else "passed",
        "why": f"{found['quarantined']:,} of {found['rows']:,} rows of {found['business_date']}; allowed are "
        f"{limit.percent:g} %, or fewer than {limit.at_least}",
    }


def _plan_of_day(context: Context, date: str, as_json: bool) -> None:
    wanted = day(date)
    with context.journal() as journal:
        found = [m for m in journal.manifests() if m.business_date == wanted]
    manifests = [(m, read_manifest(context.settings.home.path / m.folder)) for m in found]
    if as_json:
        dump([{"state": m.state, "reason": m.reason, **sealed.model_dump(mode="json")} for m, sealed in manifests])
        return
    if not manifests:
        say(f"no manifest was planned for {wanted}")
    for m, sealed in manifests:
        say(f"manifest {m.manifest_id} is {m.state}{f' ({m.reason})' if m.reason else ''}")
        table("", ("kind", "operations"), list(sealed.counts.items()))
        table(
            "",
            ("extract", "file", "business date"),
            [[e.sha256[:12], e.name, e.business_date] for e in sealed.extracts],
        )


def _plan_of_worker(found: queries.Row | None, number: str, as_json: bool) -> None:
    if as_json:
        if found is not None:
            found["payload"] = orjson.loads(found["payload"])
        dump(found)
        return
    if found is None:
        say(f"nothing to send for {number}: the target has what it should have, or the worker is not in scope")
        return
    say(f"{number}: {found['kind']}\n")
    table(
        "",
        ("attribute", "from", "old", "new"),
        [[a["attribute"], a["from"], a["old"], a["new"]] for a in found["attributes"]],
    )
    say(orjson.dumps(orjson.loads(found["payload"]), option=orjson.OPT_INDENT_2).decode())


def status(as_json: Json = False) -> None:
    """Days, extracts, manifests, queue, quota, failures and quarantine."""
    context = Context.from_env()
    context.existing_home()
    target = target_key(context.settings)
    report: dict[str, Any] = {
        "home": context.settings.home.path,
        "profile": context.loaded.profile.name,
        "target": target,
    }
    with context.journal() as journal:
        manifests = journal.manifests()
        report["manifests"] = [_manifest_row(m, journal.progress(m.manifest_id).accepted) for m in manifests[-20:]]
        report["quota_left"] = quota_left(context, journal)
        pause = Gates(journal, target).paused()
        report["paused"] = pause if pause and pause.holds(utc_now()) else None
    report["landing"] = [path.name for path in waiting(context.settings.home)]
    try:
        with context.warehouse.read() as con:
            report |= {
                "days": queries.days(con),
                "extracts": queries.extracts(con),
                "quarantine": queries.quarantine(con),
                "receipts": queries.receipts(con),
                "failures": queries.failures(con, target),
                "job": queries.job(con, target),
            }
    except HomeError:
        report |= {"days": [], "extracts": [], "quarantine": [], "receipts": [], "failures": [], "job": None}
    if as_json:
        dump(report)
        return
    show_status(report)


def _manifest_row(manifest: JournaledManifest, accepted: int) -> queries.Row:
    return {
        "manifest_id": manifest.manifest_id,
        "business_date": manifest.business_date,
        "state": str(manifest.state),
        "requests": manifest.requests,
        "accepted": accepted,
        "operations": manifest.operations,
        "reason": manifest.reason,
    }


def show_status(report: dict[str, Any]) -> None:
    """Print a status report for people."""
    say(f"home {report['home']}, profile {report['profile']}\n")
    if not report["days"]:
        say(f"nothing has been processed yet. Put files into {report['home']}/landing, and `hcm-pipeline run`")
    table("Business dates", DAY_COLUMNS, [day_row(found) for found in report["days"]])
    table(
        "Extracts",
        ("date", "file", "sha256", "read as", "rows", "status"),
        [
            [
                e["business_date"].isoformat(),
                e["name"],
                e["sha256"][:12],
                _read_as(e),
                e["rows"],
                e["reason"] or e["status"],
            ]
            for e in report["extracts"]
        ],
    )
    table("Rows in quarantine", REASON_COLUMNS, [reason_row(found) for found in report["quarantine"]])
    table(
        "Manifests",
        ("manifest", "business date", "operations", "requests", "accepted", "state"),
        [
            [
                m["manifest_id"][:12],
                m["business_date"].isoformat(),
                m["operations"],
                m["requests"],
                m["accepted"],
                m["state"],
            ]
            for m in report["manifests"]
        ],
    )
    show_receipts([r for r in report["receipts"] if r["state"] != "planned" or _is_open(report, r["manifest_id"])])
    show_failures(report["failures"])
    show_job(report["job"])
    if report["landing"]:
        say(f"in landing/: {', '.join(report['landing'])}")
    if report["paused"]:
        say(f"the upload waits: {report['paused'].describe()}")
    say(f"{report['quota_left']:,} calls left of the daily quota")


def _is_open(report: dict[str, Any], manifest_id: str) -> bool:
    return any(m["manifest_id"] == manifest_id and m["state"] in {"ready", "uploading"} for m in report["manifests"])


def _read_as(extract: queries.Row) -> str:
    delimiter = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(
        extract["delimiter"], extract["delimiter"]
    )
    packed = "" if extract["compression"] == "none" else f", {extract['compression']}"
    return f"{extract['encoding']}, {delimiter}, {extract['newline']}{packed}"


def trace(
    number: Annotated[str, typer.Argument(help="The worker's person number.")],
    date: Annotated[str | None, typer.Option(help="As of this business date, YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """One worker: file and row, values, names, operations and what the log said. Prints personal data."""
    context = Context.from_env()
    context.existing_home()
    wanted = day(date)
    with context.warehouse.read() as con:
        story = queries.trace(con, context.loaded.profile, number, wanted)
    if not any(story[part] for part in ("versions", "quarantine", "operations", "identity")):
        raise UsageError(f"{number}: no extract holds this person number{f' up to {wanted}' if wanted else ''}")
    if as_json:
        dump(story)
        return
    show_trace(story)


def show_trace(story: dict[str, Any]) -> None:
    """Print a worker's story for people."""
    say(f"worker {story['person_number']}\n")
    for version in story["versions"]:
        until = f" until {version['valid_to']}" if version["valid_to"] else ""
        say(
            f"from {version['valid_from']}{until}: row {version['row_no']:,} of {version['file']} "
            f"(sha256 {version['extract_sha256'][:12]})"
        )
        table(
            "",
            ("column", "field", "value", "becomes"),
            [
                [v["column"], v["field"], v["value"], ", ".join(map(_short, v["becomes"]))]
                for v in version["values"]
                if v["value"] is not None
            ],
        )
    table(
        "Changes",
        ("business date", "kind", "attribute", "old", "new"),
        [
            [c["business_date"].isoformat(), c["kind"], c["attribute"], c["old"], c["new"]]
            for c in story["changes"]
            if c["kind"] not in {"joiner", "former"}
        ],
    )
    table(
        "Quarantine",
        ("business date", "file", "row", "rule", "column", "value"),
        [
            [q["business_date"].isoformat(), q["file"], q["row_no"], q["rule"], q["column"], q["value"]]
            for q in story["quarantine"]
        ],
    )
    table(
        "Manager not sent",
        ("why", "from", "until"),
        [[w["status"], w["valid_from"], w["valid_to"]] for w in story["manager_warnings"]],
    )
    if story["identity"]:
        table(
            "Names",
            ("attribute", "value"),
            [[k, v] for k, v in story["identity"].items() if v is not None and k != "former"],
        )
    table(
        "Operations",
        (
            "business date",
            "manifest",
            "request",
            "operation",
            "kind",
            "state",
            "accepted",
            "logged",
            "reference",
            "code",
        ),
        [
            [
                o["business_date"].isoformat(),
                o["manifest_id"][:12],
                o["request_no"],
                o["op_no"],
                o["kind"],
                o["state"],
                o["accepted_at"],
                o["logged_at"],
                o["reference"],
                o["error_code"],
            ]
            for o in story["operations"]
        ],
    )


def _short(path: str) -> str:
    """A SCIM path without the long front of its URN."""
    return path.rpartition("urn:ietf:params:scim:schemas:extension:")[2]
