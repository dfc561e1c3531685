"""The verb plan: what would be sent, what waits, what is coming. Nothing is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.confirm import confirmed
from hcm_pipeline.cli.context import Json, Target, by_target, day, existing_installation, heading, targets_of
from hcm_pipeline.cli.going_live import show_initial, show_workflows
from hcm_pipeline.cli.output import Progress, dump, note, say, show_verdicts, table
from hcm_pipeline.cli.plan_rehearsal import rehearse_plan
from hcm_pipeline.cli.run import show_held_back, show_held_cells
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.plain_text import counted

SHOWN = 50
"""People that are listed unless all are asked for."""
SHOWN_CHANGES = 4
"""Attributes of one person that are listed."""
MOVED_BECAUSE = {"rules": "the profile", "worker": "the worker", "date": "days since leaving"}


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(plan)


def plan(
    schema: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SCHEMA]",
            help="With --rehearse: the file of an exported schema. Without it the job's own is rehearsed.",
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(help="Instead: the manifests of this business date, or who starts and leaves by one ahead."),
    ] = None,
    worker: Annotated[str | None, typer.Option(help="Show one worker: old, new and the exact payload.")] = None,
    undo: Annotated[
        str | None, typer.Option(help="Make a plan that takes back this manifest, held for a decision.")
    ] = None,
    operations: Annotated[
        int | None,
        typer.Option(help="With --undo: the number of operations of that manifest; a terminal is asked for it."),
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Rehearse what the job's mappings would make of it. Exit 3: something is refused or undone.",
        ),
    ] = False,
    everybody: Annotated[bool, typer.Option("--all", help="List everybody, not the first 50.")] = False,
    initial: Annotated[
        bool,
        typer.Option("--initial", help="Before a first load: who matches which account, and what has to be clean."),
    ] = False,
    by: Annotated[
        str,
        typer.Option(
            help="With --initial: count heads by company, legal_employer, country, department or worker_type."
        ),
    ] = "company",
    directory: Annotated[
        str | None, typer.Option(help="With --initial: compare with this directory of the profile.")
    ] = None,
    confirmed: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --initial: as if this list of accounts were entered.", dir_okay=False),
    ] = None,
    stamp: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --initial: write the numbers for confirmed accounts.", dir_okay=False),
    ] = None,
    workflows: Annotated[
        bool, typer.Option("--workflows", help="Whom lifecycle workflows of Entra ID would miss, and why.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page for those who sign it off.", dir_okay=False)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a table for those who sign it off.", dir_okay=False)
    ] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Show what would be sent, person by person and attribute by attribute, and the guards' verdicts. Nothing is sent.

    Prints personal data, and so do the files.
    """
    here = existing_installation()
    if initial or workflows:
        if date or worker or undo or operations is not None or (initial and workflows) or (workflows and (html or csv)):
            raise UsageError("--initial goes with --by, --directory, --confirmed, --stamp, --all, --html, --csv and --json;"
                             " --workflows with --all and --json")  # fmt: skip
        if workflows:
            found_dates = flow.workflows(here.at(target), shown=None if everybody or as_json else SHOWN)
            dump(found_dates) if as_json else show_workflows(found_dates)
            return
        wish = flow.LiveWish(by, directory, confirmed)
        show_initial(
            here.at(target), wish, {"csv": csv, "html": html, "stamp": stamp}, everybody=everybody, as_json=as_json
        )
        return
    if directory or confirmed or stamp:
        raise UsageError("--directory, --confirmed and --stamp go with --initial")
    if schema is not None and not rehearse:
        raise UsageError("a schema goes with --rehearse")
    if rehearse:
        if date or worker or undo or html or operations is not None:
            raise UsageError("--rehearse is of the whole plan; it goes with --all, --csv and --json")
        rehearse_plan(here.at(target), schema, None if everybody else SHOWN, csv, as_json=as_json)
        return
    if (everybody or html or csv) and (date or worker or undo):
        raise UsageError(
            "--all, --html and --csv are of the whole plan; they go with none of --date, --worker and --undo"
        )
    if undo:
        if date or worker:
            raise UsageError("--undo makes a plan; --date and --worker show one")
        _undo(here, undo, operations)
    elif operations is not None:
        raise UsageError("--operations goes with --undo")
    wanted = day(date)
    if wanted is not None:
        _of_date(here, wanted, as_json)
        return
    if worker:
        differences = [(one, flow.worker_difference(one, worker)) for one in targets_of(here, target)]
        if as_json:
            dump(by_target(differences))
            return
        for one, difference in differences:
            heading(one)
            _of_worker(difference, worker)
        return
    writers = [*([flow.write_page(html)] if html else []), *([flow.write_table(csv)] if csv else [])]
    chosen = (here.at(target),) if writers else targets_of(here, target)
    plans = [(one, flow.outlook(one, shown=None if everybody or as_json else SHOWN, writers=writers)) for one in chosen]
    for path in (html, csv):
        if path:
            note(
                f"{path}: {counted(plans[0][1].people_in_all, 'person')}, for your eyes and those of whom you send it to"
                " (mode 0600)"
            )
    if as_json:
        dump(by_target(plans))
    else:
        for one, found in plans:
            heading(one)
            show_plan(found, here.profile.delivery.own_quota)
    if any(manifest.state == "held" for _, found in plans for manifest in found.manifests):
        raise typer.Exit(GuardStop.exit_code)


def _undo(here: flow.Installation, manifest: str, operations: int | None) -> None:
    intent = flow.manifest_intent(here, "undo", manifest)
    whole = confirmed(intent, manifest, operations)
    undone, made = flow.undo_manifest(here, whole, operations=intent.size, by=flow.system_user(), progress=Progress())
    for why, count in made.left_out.get(undone, {}).items():
        note(f"nothing is put back for {counted(count, 'worker')}: {why.replace('_', ' ')}")


def show_plan(found: flow.Outlook, quota: int) -> None:
    """Print what would be sent for people. `quota`: calls a day."""
    operations = sum(found.operations.values())
    if not operations:
        say("nothing to send: the target has what it should have")
    else:
        say(found.headline)
        if found.clearing:
            say(found.clearing)
        if found.flows_unread:
            say(found.flows_unread)
        say()
    _show_people(found)
    table("Operations", ("kind", "operations"), list(found.operations.items()))
    table(
        "Attributes that change in accounts the target has",
        ("attribute", "from", "changed", "of these cleared", "of these stay", "replaced"),
        [[a.attribute, a.from_, a.changed, a.cleared, a.stays, a.replaced] for a in found.attributes],
    )
    table(
        "Accounts that move",
        ("from", "to", "because of", "accounts"),
        [[m.from_ or "nowhere", m.to or "nowhere", MOVED_BECAUSE[m.cause], m.accounts] for m in found.moves],
    )
    table("Held: a person decides", ("held for", "operations"), list(found.held.items()))
    table("Names that wait: see `hcm-pipeline identity review`", ("reason", "workers"), list(found.reviews.items()))
    table("Withheld: not planned before it changes", ("reason", "workers"), list(found.withheld.items()))
    if found.unsure:
        say(found.unsure.told)
        say()
    show_refused(found.refused)
    show_held_back(found.held_back)
    show_verdicts("Guards", found.guards)
    if found.workflows:
        say(found.workflows)
    if operations:
        say(
            f"{counted(found.requests, 'request')}, at least {found.least_seconds:,.0f} s at 40 calls in 5 s;"
            f" {found.quota_left:,} of {counted(quota, 'call')} left of the daily quota;"
            f" sent at once they end at {found.ends_at:%Y-%m-%d %H:%M:%S}Z"
        )
    show_waiting(found.manifests)
    for old in found.superseded:
        say(
            f"superseded: manifest {old.manifest_id[:12]} of {old.business_date}, {counted(old.operations, 'operation')}"
        )


def show_refused(found: flow.TargetFindings) -> None:
    """Print for people what the target is known to refuse, and what stands in its place."""
    table(
        "Known before it is sent: the target would refuse this",
        ("person number", "attribute", "why", "length", "longest", "shared with", "meanwhile"),
        [
            [f.person_number, f.attribute, f.rule, f.length, f.longest,
             ", ".join(n for n in f.others if n != f.person_number), flow.MEANWHILE[f.meanwhile]]
            for f in found.findings
        ],
    )  # fmt: skip
    if found.in_all > len(found.findings):
        say(f"and {found.in_all - len(found.findings):,} more: the table target_findings of the read copy has all")


def _show_people(found: flow.Outlook) -> None:
    """List those who lose something first, then everybody else, by kind."""
    columns = ("person number", "name", "operation", "loses", "old and new", "held for")
    losing = [person for person in found.people if person.loses]
    others = [person for person in found.people if not person.loses]
    table("Those who lose something", columns, [_person_row(person) for person in losing])
    table(
        "Everybody else" if found.losing else "Everybody",
        [name for name in columns if name != "loses"],
        [[*row[:3], *row[4:]] for row in map(_person_row, others)],
    )
    left = found.people_in_all - len(found.people)
    if left:
        say(f"and {left:,} more: `plan --all` lists them, `plan --html FILE` and `plan --csv FILE` write them")
        say()


def _person_row(person: flow.Person) -> list[object]:
    shown = [f"{one.attribute}: {_old_and_new(one.old, one.new)}{_note(one)}" for one in person.changes[:SHOWN_CHANGES]]
    left = len(person.changes) - SHOWN_CHANGES
    changes = "; ".join([*shown, *([f"and {left} more"] if left > 0 else [])])
    if person.unsure:
        changes = "; ".join(filter(None, [changes, "nobody knows that the account has the old values"]))
    held = f"{person.held_for} (takes back {person.undoes[:12]})" if person.undoes else person.held_for
    return [person.person_number, person.name, person.kind, ", ".join(person.loses), changes, held]


def _old_and_new(old: str | None, new: str | None) -> str:
    return (new or "nothing") if old is None else f"{old} → {new if new is not None else 'nothing'}"


def _note(one: flow.AttributeDifference) -> str:
    return " (stays: no null clears it)" if one.stays else " (in the place of nothing)" if one.instead else ""


def show_waiting(manifests: Iterable[flow.WaitingManifest]) -> None:
    """Print the manifests that wait for an upload or for a person."""
    listed = list(manifests)
    table(
        "Manifests that wait",
        ("manifest", "business date", "state", "held for", "operations", "requests", "why"),
        [
            [m.manifest_id[:12], m.business_date.isoformat(), m.state, m.held_for, m.operations, m.requests, _why(m)]
            for m in listed
        ],
    )
    if any(m.state == "held" for m in listed):
        say("To let a held one go out (`reject` instead of `approve` does not):")
        for m in listed:
            if m.state == "held":
                say(f"  hcm-pipeline approve {m.manifest_id} {m.operations}")


def _why(manifest: flow.WaitingManifest) -> str:
    until = manifest.approved_until
    said = [*manifest.why, *([manifest.reason] if manifest.reason else [])]
    if until is not None and manifest.state == "ready":
        said.append(f"approved until {until:%Y-%m-%d %H:%M}Z")
    return "; ".join(said)


def _of_date(here: flow.Installation, wanted: dt.date, as_json: bool) -> None:
    """Show what is coming by a date after the newest one; of another date its manifests."""
    coming = flow.forecast(here, wanted)
    if coming is None:
        _manifests(flow.manifests_of(here, wanted), wanted, as_json)
    elif as_json:
        dump(coming)
    else:
        _show_forecast(coming)


def _show_forecast(coming: flow.Forecast) -> None:
    say(f"by the end of {coming.date}, from what is known on {coming.known_on}:", "")
    if not coming.workers:
        say("nobody's date comes by then")
    table("Kinds", ("kind", "workers"), sorted(coming.kinds.items()))
    table(
        "Workers",
        ("person number", "kind", "first change", "stage now", "stage then", "account now", "account then"),
        [
            [c.person_number, c.kind, c.first_at, c.stage_now, c.stage_then,
             *(("disabled", "enabled")[e] for e in (c.enabled_now, c.enabled_then))]
            for c in coming.workers
        ],
    )  # fmt: skip


def _manifests(found: list[flow.SealedManifest], wanted: dt.date, as_json: bool) -> None:
    if as_json:
        dump(found)
        return
    if not found:
        say(f"no manifest was planned for {wanted}")
    for one in found:
        say(f"manifest {one.sealed.manifest_id} is {one.state}{f' ({one.reason})' if one.reason else ''}")
        table("", ("kind", "operations"), list(one.sealed.counts.items()))
        table(
            "",
            ("extract", "file", "business date"),
            [[e.sha256[:12], e.name, e.business_date] for e in one.sealed.extracts],
        )


def _of_worker(found: flow.WorkerDifference | None, number: str) -> None:
    if found is None:
        say(f"nothing to send for {number}: the target has what it should have, or the worker is not in scope")
        return
    show_held_cells("Held back until a row mends it", found.held_back)
    show_refused(found.refused)
    for reason in found.waits:
        say(f"{number} waits: {reason}" if found.kind is None else f"without what cannot be made: {reason}")
    if found.kind is None:
        say(f"nothing to send for {number}, as long as that is held back")
        return
    held = f", held ({found.held_for}): a person decides" if found.held_for else ""
    say(f"{number}: {found.kind}{held}", "")
    table(
        "",
        ("attribute", "from", "old", "new"),
        [
            [a.attribute, a.from_, a.old, f"{'' if a.new is None else a.new}{_note(a)}".strip()]
            for a in found.attributes
        ],
    )
    say(*orjson.dumps(found.payload, option=orjson.OPT_INDENT_2).decode().split("\n"))
