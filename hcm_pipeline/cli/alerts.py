"""The verb alerts: what people have to know, and telling them."""

from __future__ import annotations

from typing import Annotated

import typer

from hcm_pipeline.alerts import (
    Alert,
    AlertKind,
    Due,
    NotDelivered,
    Observations,
    Outbox,
    Phase,
    Severity,
    find_alerts,
    message_of,
    receivers_of,
    tell,
)
from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.errors import UsageError
from hcm_pipeline.http import utc_now
from hcm_pipeline.targets.entra.connection import known_target


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(alerts)


def alerts(
    send: Annotated[
        bool, typer.Option(help="Tell the receivers what has begun or ended since they were last told.")
    ] = False,
    test: Annotated[bool, typer.Option(help="Send every receiver a message that says it is a test.")] = False,
    as_json: Json = False,
) -> None:
    """What holds that somebody should know of. The sensor `something_to_tell` sends the same by itself."""
    context = Context.from_env()
    context.existing_home()
    if test:
        _test(context)
        return
    profile = context.loaded.profile
    receivers = receivers_of(profile.alerts, context.settings.alerts)
    if send and not receivers:
        raise UsageError("no receiver is named: set HCM_PIPELINE_ALERT_WEBHOOK, or alerts.mail in the profile")
    with context.warehouse.read() as con, context.journal() as journal:
        target = known_target(context.settings, profile.delivery)
        found = find_alerts(con, Observations.of(con, target.key), journal, target, profile, utc_now())
    errors: tuple[str, ...] = ()
    sent = 0
    if send:
        with Outbox(context.settings.home.alerts) as outbox:
            told = tell(outbox, found, receivers, profile, utc_now)
            sent, errors = told.sent, told.errors
    if as_json:
        dump({"alerts": [alert.as_dict() for alert in found], "receivers": [r.name for r in receivers], "sent": sent,
              "errors": errors})  # fmt: skip
    else:
        table(
            "Alerts",
            ("kind", "severity", "what", "facts"),
            [[a.kind, a.severity, a.title, ", ".join(f"{k}: {v}" for k, v in a.facts.items())] for a in found],
        )
        if not found:
            say("nothing holds that somebody should know of")
        if send:
            say(f"{sent} messages were sent")
    for error in errors:
        note(f"{error}; it is tried again")
    if errors:
        raise typer.Exit(1)


def _test(context: Context) -> None:
    """Send a message past the outbox. Exit code 1 when a receiver did not take it."""
    profile, now = context.loaded.profile, utc_now()
    receivers = receivers_of(profile.alerts, context.settings.alerts)
    if not receivers:
        raise UsageError("no receiver is named: set HCM_PIPELINE_ALERT_WEBHOOK, or alerts.mail in the profile")
    alert = Alert(
        "test", AlertKind.TEST, Severity.NOTICE, "A test of hcm-pipeline", "Alerts arrive here. There is nothing to do.",
        {}, asset="outcomes",
    )  # fmt: skip
    failed = False
    for receiver in receivers:
        due = Due(int(now.timestamp()), receiver.name, Phase.OPENED, alert, now)
        try:
            receiver.send(message_of(due, profile))
            say(f"{receiver.name}: taken")
        except NotDelivered as error:
            say(f"{receiver.name}: {error}")
            failed = True
    if failed:
        raise typer.Exit(1)
