"""The demonstration of following Oracle HCM: a month of a simulated company, by its feeds."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hcm_pipeline import flow
from hcm_pipeline.cli.context import sandbox_used
from hcm_pipeline.cli.output import Progress, say, table
from hcm_pipeline.cli.run import materialize, show_days
from hcm_pipeline.errors import PlanHeld, UsageError
from hcm_pipeline.plain_text import counted
from hcm_pipeline.settings import Settings

PEOPLE, DAYS, EVENTS = 80, 30, 6
"""A company of so many people, followed for so many days with so many events each."""
SILENT = 0.05
"""The share of changes that raise no entry."""


def month(
    found: Settings, notice: Callable[[str], None], let_sensors_look: Callable[[flow.Installation], None]
) -> None:
    """Follow a company for a month up to today, process its days, send and read the outcomes; print what happened."""
    from hcm_pipeline.sandbox import running, steer  # loads a web server

    started = time.monotonic()
    with sandbox_used(), running(found.home.create().sandbox) as sandbox:
        source = sandbox.hcm
        named = {
            "HCM_PIPELINE_HOME": str(found.home.path), "HCM_PIPELINE_PROFILE": "oracle-hcm-live", "ORACLE_HCM_URL": source.url,
            "ORACLE_HCM_USERNAME": source.username, "ORACLE_HCM_PASSWORD": source.password, "SSL_CERT_FILE": str(source.ca_file),
        }  # fmt: skip
        here = flow.Installation(Settings.from_env(named), notice)
        if flow.taken_digests(here) or here.home.feeds.is_file():
            raise UsageError(
                f"{here.home.path} holds extracts already; set HCM_PIPELINE_HOME to another folder for `demo --live`"
            )
        say(f"target: the home's own sandbox, and an Oracle HCM beside it; home: {here.home.path}")
        last = here.profile.workers.life.day_of(here.clock())
        first = last - dt.timedelta(days=DAYS - 1)
        polls = _follow(here, first, last, lambda path, body: steer(sandbox, path, body))
        say(f"{first}: everybody is read and processed; the sensors start the upload and read the outcomes")
        _process(here, first, first)
        let_sensors_look(here)
        say(f"{first + dt.timedelta(days=1)} to {last}: the month that the feeds told is processed, in one run")
        _process(here, first + dt.timedelta(days=1), last)
        let_sensors_look(here)
        say("everybody is read once more, to prove what the feeds told")
        proof = _drain(here, full=True)
    _show(here, polls, proof, time.monotonic() - started)


def _follow(
    here: flow.Installation, first: dt.date, last: dt.date, steer: Callable[[str, dict[str, object]], object]
) -> list[flow.Drained]:
    """Found the company on the first day, and poll once a day."""
    steer("hcm/options", {"clock_ahead_seconds": (first - last).days * 86_400.0})
    steer("hcm/company", {"people": PEOPLE, "seed": 7, "events_a_day": EVENTS, "silent": SILENT})
    say(
        f"{PEOPLE} people, {EVENTS} events a working day, of which {SILENT:.0%} raise no entry: {DAYS} days are followed"
    )
    polls = []
    for day in range(DAYS):
        ahead = (first - last).days + day
        steer("hcm/options", {"clock_ahead_seconds": ahead * 86_400.0})
        polls.append(_drain(here, full=day == 0))
    return polls


def _drain(here: flow.Installation, *, full: bool) -> flow.Drained:
    progress = Progress()
    with progress.shown():
        return flow.drain(here, full=full, progress=progress)


def _process(here: flow.Installation, first: dt.date, last: dt.date) -> None:
    flow.land(here.warehouse, here.profile, None, now=here.clock, wait=True)
    with suppress(PlanHeld):  # what is held is shown below
        materialize(here, first, last)


def _show(here: flow.Installation, polls: list[flow.Drained], proof: flow.Drained, seconds: float) -> None:
    say()
    table(
        "The feeds, by week",
        ("from", "entries", "workers read", "missed events", "calls"),
        [_week(polls[at : at + 7]) for at in range(0, len(polls), 7)],
    )
    show_days("The newest days", flow.recent_days(here))
    found = flow.outcomes(here)
    table(
        f"What became of the operations, in {flow.accepted_requests(here)} bulk requests",
        ("business date", "operation", "outcome", "operations"),
        [[r.business_date.isoformat(), r.kind, r.state, r.operations] for r in found.receipts],
    )
    held = flow.open_manifests(here).held
    for one in held:
        say(f"held for a person: {one.held_for}, {counted(one.operations, 'operation')}; `hcm-pipeline plan` says why")
    say(
        f"Everybody was read once more: {counted(proof.workers, 'worker')},"
        f" of whom {proof.missed:,} differ from what the feeds had told,"
        " because their change raised no entry."
    )
    settings = "" if here.home.path == Path("data").absolute() else f"HCM_PIPELINE_HOME={here.home.path} "
    settings += "HCM_PIPELINE_PROFILE=oracle-hcm-live "
    say(f"Done in {seconds:.0f} s. Nothing is left running. Where to look next:")
    for verb in ("feed status", "status", "plan"):
        say(f"  {settings}.venv/bin/hcm-pipeline {verb}")


def _week(polls: list[flow.Drained]) -> list[object]:
    return [
        polls[0].business_date.isoformat(), sum(p.new_entries for p in polls), sum(p.workers for p in polls),
        sum(p.missed for p in polls), sum(sum(p.calls.values()) for p in polls),
    ]  # fmt: skip
