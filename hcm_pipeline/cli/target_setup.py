"""The verb target setup: the way from a tenant without anything to a job that is started."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, Target
from hcm_pipeline.cli.output import dump, err, note, say
from hcm_pipeline.cli.target import target_app
from hcm_pipeline.errors import UsageError


class Directory(StrEnum):
    """The directory that a job writes to."""

    ENTRA = "entra"
    ACTIVE_DIRECTORY = "active_directory"


LANGUAGES = (("Graph", "graph"), ("PowerShell", "powershell"), ("Azure CLI", "azure_cli"), ("Portal", "click"))


def add_to(app: typer.Typer) -> None:
    """Add this verb to those of the target."""
    del app  # the group has been added to it
    target_app.command("setup")(target_setup)


def target_setup(
    kind: Annotated[
        Directory | None, typer.Option(help="The directory that is written to; default: the profile's.")
    ] = None,
    name: Annotated[str, typer.Option(help="The name of the enterprise application.")] = "HCM inbound provisioning",
    notify: Annotated[str | None, typer.Option(help="The address that the job tells its faults.")] = None,
    start: Annotated[bool, typer.Option("--start", help="Start the job.")] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="Make a key and a certificate to sign in by, as this PEM file.")
    ] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Print how to make a client secret.")] = False,
    managed_identity: Annotated[
        bool, typer.Option("--managed-identity", help="Print how to use the identity of a machine of Azure.")
    ] = False,
    federation: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ISSUER SUBJECT", help="Print how to trust the tokens of another issuer."),
    ] = None,
    outbound: Annotated[
        bool, typer.Option("--outbound", help="Print how to make the app that writes back besides.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do what we have the right to, without asking.")] = False,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Set the target up: what is there already, what we have the right to do after a yes, and commands for the rest."""
    if certificate is not None and certificate.suffix != ".pem":
        raise UsageError(f"--certificate {certificate}: name a file that ends with .pem")
    wishes = flow.Wishes(
        kind and kind.value, name, notify, start, certificate, secret, managed_identity, federation, outbound
    )
    here = flow.to_set_up(target, note)
    if target is not None or kind is None:
        here.require_name()
    found = flow.set_up(here, wishes, lambda what: yes or _asked(what))
    if as_json:
        dump(found)
        return
    say(found.target, "")
    for number, step in enumerate(found.steps, 1):
        _show(number, step)
    if found.environment:
        say("the environment then has", *(f"  {variable}={value}" for variable, value in found.environment.items()))


def _asked(what: str) -> bool:
    """A yes on a terminal; elsewhere nobody can be asked, and it is a no."""
    if not (sys.stdin.isatty() and err.is_terminal):
        return False
    return typer.confirm(f"{what[:1].upper()}{what[1:]}?", err=True)


def _show(number: int, step: flow.Step) -> None:
    say(f"{number}. {step.name}: {step.state}. {step.said}")
    for hand in step.by_hand:
        say(f"   by: {hand.role}")
        for language, attribute in LANGUAGES:
            if text := getattr(hand, attribute):
                say(f"   {language}:", *(f"     {line}" for line in text.splitlines()))
    say(*(f"   {line}" for line in step.lines), "") if step.lines else say()
