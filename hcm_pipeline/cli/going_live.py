"""Output of `plan --initial` and `plan --workflows`: tables for a terminal."""

from __future__ import annotations

from pathlib import Path

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.plain_text import counted

TIERS = ("number", "confirmed", "agreeing", "ambiguous", "none")
MAY_SIGN_IN = {True: "yes", False: "no", None: "not told"}
SHOWN = 50
"""Workers, accounts and findings that are listed unless all are asked for."""


def show_initial(
    here: flow.Installation, wish: flow.LiveWish, files: dict[str, Path | None], *, everybody: bool, as_json: bool
) -> None:
    """Look at the first load and print it. `files`: by csv, html and stamp. Exits with 3 while it stops what would be
    sent, and with 1 where rows of a list cannot be taken."""
    makers = {"csv": flow.write_matches, "html": flow.write_initial_page, "stamp": flow.write_stamps}
    writers = [makers[kind](path) for kind, path in files.items() if path]
    found = flow.initial(here, wish, shown=None if everybody or as_json else SHOWN, writers=writers)
    for kind, path in files.items():
        if path:
            what = (
                f"{counted(found.to_stamp - len(found.not_stampable), 'account')} to stamp"
                if kind == "stamp"
                else "a first load"
            )
            note(f"{path}: {what}, for your eyes and those of whom you send it to (mode 0600)")
    if as_json:
        dump(found)
    else:
        _show(found)
    if found.verdict.tripped and found.stops:
        raise typer.Exit(GuardStop.exit_code)
    if found.refused:
        raise typer.Exit(1)


def _show(found: flow.Initial) -> None:
    say(found.said)
    say(
        f"workers of {found.business_date}; accounts of {', '.join(found.directories)}, read {found.read_at:%Y-%m-%d %H:%M}Z"
    )
    say()
    table(
        "Tiers",
        ("tier", "workers", "accounts"),
        [[t, found.workers.get(t, 0), found.accounts.get(t, 0)] for t in TIERS],
    )
    say(f"{counted(found.new, 'worker', 'are')} new: no account is theirs, and none looks like it", "")
    table(
        "Scope", ("workers", "active", "inactive"), [[s.why or "in scope", s.active, s.inactive] for s in found.scope]
    )
    table(
        f"Headcount by {found.by.replace('_', ' ')}",
        (found.by.replace("_", " "), "active", "inactive", "matched", "enabled", "disabled", "not told"),
        [
            [h.value or "(none)", h.workers_active, h.workers_inactive, h.matched, h.accounts_enabled, h.accounts_disabled,
             h.accounts_unknown]
            for h in found.headcount[:SHOWN]
        ],
    )  # fmt: skip
    table(
        "Duplicates",
        ("side", "value", "held by"),
        [[d.side, d.value, ", ".join(d.held_by)] for d in found.duplicates[:SHOWN]],
    )
    _show_workers(found)
    _show_orphans(found)
    table("Rows of the list that cannot be taken", ("file", "row", "column", "rule", "why"),
          [[r.file, r.row, r.column, r.rule, r.reason] for r in found.refused])  # fmt: skip
    if found.to_stamp:
        say(
            f"{counted(found.to_stamp, 'confirmed account', 'have')} not their number yet: `plan --initial --stamp FILE` writes"
            " them"
        )
    if found.not_stampable:
        say(f"of these no file can carry the number: {', '.join(found.not_stampable[:SHOWN])}; set it by hand")
    show_workflows(found.workflows, brief=True)
    _show_load(found)


def _show_workers(found: flow.Initial) -> None:
    looked_at = [row for row in found.matches if row.reason]
    table("Reasons", ("why", "workers"), list(found.open.items()))
    table(
        "Workers to look at",
        ("number", "name", "why", "accounts", "evidence"),
        [
            [row.person_number, row.name, f"{row.reason}{' (sent as it is)' if row.said else ''}",
             ", ".join(_account(one) for one in row.accounts), ", ".join(row.evidence)]
            for row in looked_at
        ],
    )  # fmt: skip
    left = sum(found.open.values()) - sum(1 for row in looked_at if not row.said)
    if left > 0:
        say(f"and {left:,} more: `plan --initial --all` lists them, --csv FILE and --html FILE write them", "")


def _account(one: flow.AccountFacts) -> str:
    number = f" [{one.employee_id}]" if one.employee_id else ""
    return f"{one.user_principal_name or one.object_id}{number}{' disabled' if one.enabled is False else ''}"


def _show_orphans(found: flow.Initial) -> None:
    table("Accounts without a worker", ("kind", "accounts"), list(found.orphans.items()))
    table(
        "", ("account", "display name", "kind", "may sign in", "workers"),
        [
            [_account(one.account), one.account.display_name, one.kind, MAY_SIGN_IN[one.account.enabled],
             ", ".join(one.workers)]
            for one in found.orphan_accounts if one.kind != "protected"
        ],
    )  # fmt: skip
    if found.orphans:
        say("Microsoft's account discovery leaves provisioning from HR out: nobody else lists these accounts", "")


def _show_load(found: flow.Initial) -> None:
    load = found.load
    table("Operations of the load", ("kind", "operations"), list(load.operations.items()))
    say(
        f"{counted(load.requests, 'request')}: {counted(load.days, 'day')} at {counted(load.quota, 'call')} a day, the end at"
        f" {load.ends_at:%Y-%m-%d %H:%M}Z if it begins now; the first {counted(load.canary, 'operation', 'go')} alone"
    )
    say()
    say(("Stopped: " if found.stops else "Not clean: ") + found.verdict.sentence if found.verdict.tripped
        else f"Clean: {found.verdict.sentence}")  # fmt: skip
    if found.verdict.tripped and not found.stops:
        say("an upload is not stopped by it here (guards.first_load)")


def show_workflows(found: flow.WorkflowReport, *, brief: bool = False) -> None:
    """Print whom lifecycle workflows would miss. `brief`: the counts alone."""
    for finding in found.findings:
        say(f"workflows: {finding}")
    rows = [[one.why, one.workers, one.coming, one.means] for one in found.missed]
    table("Lifecycle workflows would miss", ("why", "workers", "in time", "what it means"), rows)
    if brief:
        return
    table(
        "Dates",
        ("account", "attribute", "made of", "time", "zone"),
        [[one.of, one.attribute or "nothing", one.origin, one.time, one.zone] for one in found.mappings.values()],
    )
    table(
        "Workers", ("number", "name", "why", "date", "in time"),
        [[one.person_number, one.name, one.why, one.date, "yes" if one.coming else "no"] for one in found.workers],
    )  # fmt: skip
    left = sum(one.workers for one in found.missed) - len(found.workers)
    if left > 0:
        say(f"and {left:,} more: `plan --workflows --all` lists them")
    if not found.missed and not found.findings:
        say("no workflow would miss anybody")
