"""Verbs that only look: plan, status, trace."""

from __future__ import annotations

import getpass
from collections import Counter
from typing import Annotated, Any

import orjson
import typer

from hcm_pipeline.cli.context import Context, day
from hcm_pipeline.cli.deliver import show_failures, show_job, show_receipts
from hcm_pipeline.cli.identity import show_identity, show_tried
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.cli.run import DAY_COLUMNS, REASON_COLUMNS, day_row, reason_row
from hcm_pipeline.delivery.manifest import read_manifest
from hcm_pipeline.delivery.plan import decisions, summary
from hcm_pipeline.delivery.plan.canary import first_request
from hcm_pipeline.delivery.plan.guards import Verdict
from hcm_pipeline.delivery.send.eta import ends_at
from hcm_pipeline.delivery.state.journal import WAITING, JournaledManifest, ManifestState
from hcm_pipeline.delivery.state.pacing import DAY, pace_of
from hcm_pipeline.delivery.state.pauses import Gates
from hcm_pipeline.entra.timing import UPLOAD_RATE, Rate, utc_now
from hcm_pipeline.errors import GuardStop, HomeError, UsageError
from hcm_pipeline.flow import processing, queries
from hcm_pipeline.flow.landing import waiting
from hcm_pipeline.targets.entra.connection import target_key
from hcm_pipeline.workers.forecast import forecast


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.command()(plan)
    app.command()(status)
    app.command()(trace)


def plan(
    date: Annotated[
        str | None,
        typer.Option(help="Instead: the manifests of this business date, or who starts and leaves by one ahead."),
    ] = None,
    worker: Annotated[str | None, typer.Option(help="Show one worker: old, new and the exact payload.")] = None,
    undo: Annotated[
        str | None, typer.Option(help="Make a plan that takes back this manifest, held for a decision.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What would be sent: operations by kind, attribute by attribute, and the guards' verdicts. Nothing is sent."""
    context = Context.from_env()
    context.existing_home()
    if undo:
        if date or worker:
            raise UsageError("--undo makes a plan; --date and --worker show one")
        _undo(context, undo)
    if date:
        if not _forecast(context, date, as_json):
            _plan_of_day(context, date, as_json)
        return
    target, profile = target_key(context.settings), context.loaded.profile
    with context.warehouse.read() as con, context.journal() as journal:
        if worker:
            _plan_of_worker(queries.worker_plan(con, profile, target, worker, journal), worker, as_json)
            return
        found = queries.difference(
            con, profile, target, journal, first_request=first_request(journal, context.loaded, target)
        )
        days = queries.days(con, 1)
    quota = Rate(profile.delivery.own_quota, DAY)
    with context.journal() as journal:
        manifests = [m for m in journal.manifests() if m.target == target]
        made = pace_of(journal, context.settings, profile.delivery).made()
    waiting = [m for m in manifests if m.newest and m.state in WAITING]
    seconds = found["requests"] / UPLOAD_RATE.calls * UPLOAD_RATE.per.total_seconds()
    ends = ends_at(made, found["requests"], utc_now(), quota=quota)
    report = {
        **found,
        "least_seconds": round(seconds, 1),
        "quota_left": max(0, quota.calls - len(made)),
        "ends_at": ends,
        "guards": ([_quarantine_verdict(context, days[-1])] if days else []) + found["guards"],
        "manifests": [held_row(context, m) for m in waiting],
        "superseded": _superseded(manifests, waiting),
    }
    if as_json:
        dump(report)
    else:
        show_plan(report, quota.calls)
    if any(m.state is ManifestState.HELD for m in waiting):
        raise typer.Exit(GuardStop.exit_code)


def _undo(context: Context, manifest: str) -> None:
    with context.journal() as journal:
        found = journal.get(manifest)
    made = processing.undo(
        context.warehouse, context.loaded, found.target, found.manifest_id, getpass.getuser(), progress=Progress()
    )
    context.warehouse.publish()
    for why, count in made.left_out.get(found.manifest_id, {}).items():
        note(f"nothing is put back for {count:,} workers: {why.replace('_', ' ')}")


def held_row(context: Context, manifest: JournaledManifest) -> queries.Row:
    """A manifest that waits, with what its guards said."""
    about = summary.read(context.settings.home.path / manifest.folder)
    tripped = [Verdict.from_row(row) for row in about.get("guards", []) if row["verdict"] == "tripped"]
    return {
        **{
            name: getattr(manifest, name)
            for name in ("manifest_id", "business_date", "state", "held_for", "operations")
        },
        **{name: getattr(manifest, name) for name in ("requests", "approved_until", "reason")},
        "why": [verdict.describe(values=True) for verdict in tripped],
    }


def _superseded(manifests: list[JournaledManifest], waiting: list[JournaledManifest]) -> list[queries.Row]:
    """The manifests whose place the newest plan took."""
    ids = [m.manifest_id for m in waiting]
    return [
        {"manifest_id": m.manifest_id, "business_date": m.business_date, "operations": m.operations}
        for m in manifests
        if m.state is ManifestState.SUPERSEDED and any(each in (m.reason or "") for each in ids)
    ]


def show_plan(report: queries.Row, quota: int) -> None:
    """Print what would be sent for people."""
    operations = sum(report["operations"].values())
    if not operations:
        say("nothing to send: the target has what it should have")
    table("Operations", ("kind", "operations"), list(report["operations"].items()))
    table(
        "Attributes that change in accounts the target has",
        ("attribute", "from", "changed", "of these cleared"),
        [[a["attribute"], a["from"], a["changed"], a["cleared"]] for a in report["attributes"]],
    )
    table(
        "Accounts that move",
        ("from", "to", "because of", "accounts"),
        [
            [m["from"] or "nowhere", m["to"] or "nowhere", MOVED_BECAUSE[m["cause"]], m["accounts"]]
            for m in report["moves"]
        ],
    )
    table("Held: a person decides", ("held for", "operations"), list(report["held"].items()))
    table("Withheld: not planned before it changes", ("reason", "workers"), list(report["withheld"].items()))
    table("Guards", ("guard", "verdict", "why"), [_guard_row(g) for g in report["guards"]])
    if operations:
        say(
            f"{report['requests']:,} requests, at least {report['least_seconds']:,.0f} s at 40 calls in 5 s;"
            f" {report['quota_left']:,} of {quota:,} calls left of the daily quota;"
            f" sent at once they end at {report['ends_at']:%Y-%m-%d %H:%M:%S}Z"
        )
    show_waiting(report["manifests"])
    for old in report["superseded"]:
        say(
            f"superseded: manifest {old['manifest_id'][:12]} of {old['business_date']}, {old['operations']:,} operations"
        )


MOVED_BECAUSE = {"rules": "the profile", "worker": "the worker", "date": "days since leaving"}


def show_waiting(manifests: list[queries.Row]) -> None:
    """Print the manifests that wait for an upload or for a person."""
    table(
        "Manifests that wait",
        ("manifest", "business date", "state", "held for", "operations", "requests", "why"),
        [
            [m["manifest_id"][:12], m["business_date"].isoformat(), m["state"], m["held_for"], m["operations"],
             m["requests"], _why(m)]
            for m in manifests
        ],
    )  # fmt: skip
    if any(m["state"] is ManifestState.HELD for m in manifests):
        say("`hcm-pipeline approve MANIFEST` lets a held one go out, `reject MANIFEST` does not")


def _why(manifest: queries.Row) -> str:
    until = manifest["approved_until"]
    said = [*manifest["why"], *([manifest["reason"]] if manifest["reason"] else [])]
    if until is not None and manifest["state"] is ManifestState.READY:
        said.append(f"approved until {until:%Y-%m-%d %H:%M}Z")
    return "; ".join(said)


def _guard_row(row: queries.Row) -> list[object]:
    if "why" in row:
        return [row["guard"], row["verdict"], row["why"]]
    verdict = Verdict.from_row(row)
    return [verdict.kind, row["verdict"], verdict.describe(values=True)]


def _quarantine_verdict(context: Context, found: queries.Row) -> queries.Row:
    limit = context.loaded.profile.workers.quarantine_limit
    return {
        "guard": "quarantine_limit",
        "verdict": "stopped" if found["status"] == "stopped" else "passed",
        "why": f"{found['quarantined']:,} of {found['rows']:,} rows of {found['business_date']}; allowed are "
        f"{limit.percent:g} %, or fewer than {limit.at_least}",
    }


def _forecast(context: Context, date: str, as_json: bool) -> bool:
    """Show who will stand elsewhere by a date after the newest one; False, and nothing shown, for another date."""
    wanted, profile = day(date), context.loaded.profile
    with context.warehouse.read() as con:
        newest = queries.newest_day(con)
        if newest is None or wanted is None or wanted <= newest:
            return False
        coming = forecast(con, profile, wanted)
    counts = Counter(one.kind for one in coming)
    if as_json:
        dump({"date": wanted, "known_on": newest, "kinds": counts, "workers": coming})
        return True
    say(f"by the end of {wanted}, from what is known on {newest}:\n")
    if not coming:
        say("nobody's date comes by then")
    table("Kinds", ("kind", "workers"), sorted(counts.items()))
    table(
        "Workers",
        ("person number", "kind", "first change", "stage now", "stage then", "account now", "account then"),
        [
            [
                c.person_number,
                c.kind,
                c.first_at,
                c.stage_now,
                c.stage_then,
                *(("disabled", "enabled")[e] for e in (c.enabled_now, c.enabled_then)),
            ]
            for c in coming
        ],
    )
    return True


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
    held = f", held ({found['held_for']}): a person decides" if found["held_for"] else ""
    say(f"{number}: {found['kind']}{held}\n")
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
        report["waiting"] = [
            held_row(context, m) for m in manifests if m.target == target and m.newest and m.state in WAITING
        ]
        report["quota_left"] = pace_of(journal, context.settings, context.loaded.profile.delivery).left()
        pause = Gates(journal, target).paused()
        report["paused"] = pause if pause and pause.holds(utc_now()) else None
    report["landing"] = [each.name for each in waiting(context.settings.home, context.loaded.profile)]
    try:
        with context.warehouse.read() as con:
            report |= {
                "days": queries.days(con),
                "extracts": queries.extracts(con),
                "quarantine": queries.quarantine(con),
                "receipts": queries.receipts(con),
                "failures": queries.failures(con, target),
                "withheld": decisions.withheld(con, target),
                "job": queries.job(con, target),
            }
    except HomeError:
        report |= {
            "days": [],
            "extracts": [],
            "quarantine": [],
            "receipts": [],
            "failures": [],
            "withheld": {},
            "job": None,
        }
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
    show_waiting([m for m in report["waiting"] if m["held_for"]])
    show_receipts([r for r in report["receipts"] if r["state"] != "planned" or _is_open(report, r["manifest_id"])])
    show_failures(report["failures"])
    show_job(report["job"])
    table("Withheld: not planned before it changes", ("reason", "workers"), list(report["withheld"].items()))
    if report["landing"]:
        say(f"in landing/: {', '.join(report['landing'])}")
    if report["paused"]:
        say(f"the upload waits: {report['paused'].describe()}")
    say(f"{report['quota_left']:,} calls left of the daily quota")


def _is_open(report: dict[str, Any], manifest_id: str) -> bool:
    return any(m["manifest_id"] == manifest_id and m["state"] in set(WAITING) for m in report["manifests"])


def _read_as(extract: queries.Row) -> str:
    delimiter = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(
        extract["delimiter"], extract["delimiter"]
    )
    packed = "" if extract["compression"] == "none" else f", {extract['compression']}"
    return f"{extract['encoding']}, {delimiter}, {extract['newline']}{packed}"


def trace(
    number: Annotated[str, typer.Argument(help="The worker's person number.")],
    date: Annotated[str | None, typer.Option(help="As of this business date, YYYY-MM-DD.")] = None,
    known_on: Annotated[str | None, typer.Option(help="By what was known at the end of this day, YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """One worker: file and row, values, names, operations and what the log said. Prints personal data."""
    context = Context.from_env()
    context.existing_home()
    wanted = day(date)
    with context.warehouse.read() as con:
        story = queries.trace(con, context.loaded.profile, number, wanted, day(known_on, "--known-on"))
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
            f"(sha256 {version['extract_sha256'][:12]}), known since {version['known_from']:%Y-%m-%d %H:%M}Z"
        )
        say(_stands(version))
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
        "Other rows of the worker, against which the rules decided",
        ("file", "row", "from", "until"),
        [[o["file"], o["row_no"], o["valid_from"].isoformat(), o["valid_to"]] for o in story["other_rows"]],
    )
    table(
        "Believed once, and withdrawn when a day was processed anew",
        ("true from", "file", "row", "stage", "known from", "until"),
        [
            [w["valid_from"].isoformat(), w["file"], w["row_no"], w["life_stage"], w["known_from"], w["known_to"]]
            for w in story["withdrawn"]
        ],
    )
    table(
        "What happened, and the rule that calls it so",
        ("business date", "kind", "because"),
        [[k["business_date"].isoformat(), k["kind"], k["why"]] for k in story["kinds"]],
    )
    table(
        "Absent from full extracts",
        ("status", "from", "until"),
        [[a["status"], a["valid_from"], a["valid_to"]] for a in story["absences"]],
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
    show_identity("Names", story["identity"])
    show_tried(story["tried"])
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


def _stands(version: queries.Row) -> str:
    """Where a worker stood, in a line."""
    enabled = next(v["value"] for v in version["values"] if v["field"] == "active")
    ahead = f", judged again on {version['next_at']:%Y-%m-%d %H:%M}Z" if version["next_at"] else ""
    said = "active" if version["status_active"] else "inactive"
    return f"stage {version['life_stage']}, account {'enabled' if enabled else 'disabled'} (HR's status: {said}){ahead}"


def _short(path: str) -> str:
    """A SCIM path without the long front of its URN."""
    return path.rpartition("urn:ietf:params:scim:schemas:extension:")[2]
