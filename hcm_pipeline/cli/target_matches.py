"""The verb target matches: wrong links between workers and accounts, shown and severed."""

from __future__ import annotations

from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, Target, existing_installation
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.cli.target import target_app
from hcm_pipeline.errors import GuardStop, UsageError


def add_to(app: typer.Typer) -> None:
    """Add this verb to those of the target."""
    del app  # `target` has it
    target_app.command("matches")(target_matches)


def target_matches(
    sever: Annotated[
        list[str] | None,
        typer.Option("--sever", metavar="NUMBER", help="Plan to sever this worker's link; may be repeated."),
    ] = None,
    protected: Annotated[
        bool, typer.Option("--protected", help="With --sever: links to protected accounts may be among them.")
    ] = False,
    approve: Annotated[
        str | None, typer.Option("--approve", metavar="ID", help="Approve this plan to sever links, and carry it out.")
    ] = None,
    links: Annotated[
        int | None, typer.Option("--links", metavar="N", help="With --approve: how many links it severs.")
    ] = None,
    why: Annotated[
        str | None, typer.Option("--why", help="With --approve: the reason, kept with the decision.")
    ] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Show workers whose operations went to somebody else's account, with the evidence. Prints personal data.

    With --sever a plan is made, held for a decision; with --approve it is carried out while the job is paused, and the workers of
    both sides are planned anew. Exit code 3 while a decision is waited for.
    """
    here, announce = existing_installation().at(target), note if as_json else say
    if sever and approve:
        raise UsageError("--sever makes a plan, and --approve carries one out; give one of them")
    if (protected and not sever) or ((links is not None or why is not None) and not approve):
        raise UsageError("--protected goes with --sever; --links and --why go with --approve")
    if approve:
        done = flow.sever(here, approve, links, by=flow.system_user(), why=why, announce=announce)
    elif sever:
        done = flow.plan_severing(here, sever, protected=protected, started_by=flow.system_user(), announce=announce)
    else:
        _show(here, flow.wrong_links(here), as_json)
        return
    if as_json:
        dump(done)
    else:
        _tell(here, done)
    if done.held:
        raise typer.Exit(GuardStop.exit_code)


def _show(here: flow.Installation, found: flow.WrongLinks, as_json: bool) -> None:
    if as_json:
        dump(found)
        return
    for link in found.links:
        say(f"{link.person_number} {link.name or ''}".rstrip() + f": {'; '.join(link.kinds)}")
        say(f"  account {link.user_principal_name or link.account_id}{f' ({link.display_name})' if link.display_name else ''}"
            f"{', protected' if link.protected else ''}")  # fmt: skip
        say(f"  employeeId {link.employee_id or 'none'}, read {link.read_at:%Y-%m-%d %H:%M}Z; seems to be of"
            f" {', '.join(link.others) or 'nobody known'}")  # fmt: skip
        say(f"  {link.action} at {link.logged_at:%Y-%m-%d %H:%M:%S}Z, change {link.change_id or 'unknown'}")
        say("  to sever it:", f"    hcm-pipeline target matches --sever {link.person_number}")
        _warn(here, link)
        say()
    if not found.links:
        say("no worker's operations are known to have gone to somebody else's account")
    if found.untold:
        say(f"of {found.untold:,} outcomes the log did not tell the account")


def _warn(here: flow.Installation, link: flow.WrongLink) -> None:
    if link.again:
        own = "its own" if len(link.others) == 1 else "none, or its own once somebody knows it,"
        say(
            f"  the account has the number {link.person_number}: give it {own} back first, or the service matches them again"
        )
        if command := flow.number_command(here, link):
            say("  the request, for a person who may write it:", f"    {command}")


def _tell(here: flow.Installation, done: flow.Severing) -> None:
    for number in done.missing:
        say(f"{number}: the service has no such link, or to another account by now; nothing is done about it")
    if done.manifest is None:
        say("nothing is to be severed")
        return
    table(
        "Links",
        ("person number", "account", "why"),
        [[one.person_number, one.user_principal_name or one.account_id, "; ".join(one.kinds)] for one in done.links],
    )
    for one in done.links:
        _warn(here, one)
    if done.held:
        say(f"it waits for a decision: pause the job, and then hcm-pipeline target matches --approve {done.manifest}"
            f" --links {len(done.links)}")  # fmt: skip
        return
    say(f"manifest {done.manifest[:12]} is {done.state}")
    if done.sent_again:
        say(
            f"the next `hcm-pipeline run` or upload plans these anew: {', '.join(done.sent_again)}; start the job again"
        )
