"""The verb health: one answer for monitors, from the home alone."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation
from hcm_pipeline.cli.output import dump, say
from hcm_pipeline.defs.in_process import dagster_state
from hcm_pipeline.errors import HomeError

CHECKS = ("daemon", "disk", "modes", "warehouse")
"""The doctor's checks that ask nothing but this machine."""


@dataclass(frozen=True)
class Health:
    """The state of a home. `healthy`: no alert of severity `error` holds, and no check of this machine fails."""

    healthy: bool
    newest_business_date: str | None
    alerts: list[dict[str, object]]
    checks: list[flow.Finding]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(health)


def health(as_json: Json = False) -> None:
    """Whether all is well, for a monitor: exit code 0, or 1 when something cannot wait. Asks no service, writes nothing."""
    here = existing_installation()
    alerts = _alerts(here)
    found = flow.diagnose(here, only=CHECKS, dagster=lambda: dagster_state(here.home)).findings
    failed = [one for one in found if str(one.outcome) == "failed"]
    urgent = [alert for alert in alerts if alert.severity == "error"]
    dates = [day.business_date.isoformat() for day in _days(here)]
    state = Health(
        not (failed or urgent), dates[-1] if dates else None, [alert.as_dict() for alert in alerts], list(found)
    )
    if as_json:
        dump(state)
    else:
        _show(state, alerts, failed)
    if not state.healthy:
        raise typer.Exit(1)


def _alerts(here: flow.Installation) -> list[flow.Alert]:
    try:
        return flow.look(here)
    except HomeError:
        return []


def _days(here: flow.Installation) -> list[flow.Day]:
    try:
        return flow.recent_days(here)
    except HomeError:
        return []


def _show(state: Health, alerts: list[flow.Alert], failed: list[flow.Finding]) -> None:
    newest = (
        f"the newest business date is {state.newest_business_date}"
        if state.newest_business_date
        else "nothing was processed"
    )
    say(f"{'healthy' if state.healthy else 'NOT healthy'}: {newest}")
    for alert in alerts:
        say(f"  {alert.severity}: {alert.title}; {alert.page} says what to do")
    for one in failed:
        say(f"  {one.check}: {one.found}; {one.mend}")
    if alerts:
        say("`hcm-pipeline alerts` tells the facts of each, and the commands that decide")
    if failed:
        say("`hcm-pipeline doctor` says what each means")
