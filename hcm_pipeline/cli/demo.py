"""The verb demo: the whole chain on two days of sample extracts, headless, against the home's own sandbox."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, sandbox_used
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.run import materialize, show_days, show_reasons
from hcm_pipeline.errors import UsageError
from hcm_pipeline.settings import Settings

DAYS = {dt.date(2026, 11, 2): "workers-2026-11-02.csv", dt.date(2026, 11, 3): "workers-2026-11-03.csv"}
SENSORS = ("manifest_ready", "outcomes_waiting", "something_to_tell")
EXAMPLE = "0100011"
"""The person number of the worker whose names are shown."""


@dataclass(frozen=True)
class Summary:
    """The result of the demonstration. `requests`: bulk requests that were accepted; `directory`: the sandbox's Graph address."""

    days: list[flow.Day]
    quarantine: list[flow.QuarantineReason]
    receipts: tuple[flow.Receipts, ...]
    failures: tuple[flow.Failure, ...]
    example: flow.LedgerEntry | None
    requests: int
    directory: str


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(demo)


def demo(
    live: Annotated[
        bool, typer.Option("--live", help="A month of a simulated company, followed by its Atom feeds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Two days of sample extracts through the whole chain: sandbox, runs, sensor-driven upload, outcomes, summary."""
    if live and as_json:
        raise UsageError("--live has no --json: `feed status --json` and `status --json` tell afterwards")
    if live:
        from hcm_pipeline.cli.demo_live import month

        month(Settings.from_env(), note, _ticks)
        return
    from hcm_pipeline.sandbox import running  # loads a web server

    found = Settings.from_env()
    here = flow.Installation(
        Settings(found.home, "oracle-hcm", None), note
    )  # always the sandbox, whatever the environment names
    home = here.home.create()
    _refuse_foreign_home(here)
    started = time.monotonic()
    tell = note if as_json else say
    tell(f"target: the home's own sandbox; home: {home.path}")
    with sandbox_used(), running(home.sandbox) as sandbox:
        for day, name in DAYS.items():
            _land(here, name)
            tell(f"{day}: running the business date")
            materialize(here, day, day)
            tell(f"{day}: the sensors start the upload and read the outcomes")
            _ticks(here)
        summary = _summary(here, sandbox.target.graph_url)
    if as_json:
        dump(summary)
        return
    show(summary, home.path, time.monotonic() - started)


def _refuse_foreign_home(here: flow.Installation) -> None:
    samples = resources.files("hcm_pipeline.cli").joinpath("samples")
    ours = {hashlib.sha256(samples.joinpath(name).read_bytes()).hexdigest() for name in DAYS.values()}
    if flow.taken_digests(here) - ours:
        raise UsageError(
            f"{here.home.path} holds extracts of yours; set HCM_PIPELINE_HOME to another folder for the demo"
        )


def _land(here: flow.Installation, name: str) -> None:
    sample = resources.files("hcm_pipeline.cli").joinpath("samples", name)
    with resources.as_file(sample) as path:
        flow.land(here.warehouse, here.profile, [Path(path)], now=here.clock, wait=True)


def _ticks(here: flow.Installation) -> None:
    """Do once what the daemon does all day: the sensors look, and the runs they ask for are made."""
    from hcm_pipeline.defs import in_process

    progress = Progress()
    with progress.shown():
        in_process.let_sensors_decide(here.settings, SENSORS, progress)


def _summary(here: flow.Installation, directory: str) -> Summary:
    found = flow.outcomes(here)
    return Summary(
        days=flow.recent_days(here),
        quarantine=[reason for day in flow.days_between(here, min(DAYS), max(DAYS)) for reason in day.quarantine],
        receipts=found.receipts,
        failures=found.failures,
        example=flow.trace(here, EXAMPLE).identity,
        requests=flow.accepted_requests(here),
        directory=directory,
    )


def show(found: Summary, home: Path, seconds: float) -> None:
    """Print the summary for people."""
    say()
    show_days("What the extracts said", found.days)
    show_reasons(
        "Rows that break a rule: a bad cell keeps the last good value; who is new waits for what an account needs",
        found.quarantine,
    )
    table(
        f"What became of the operations, in {found.requests} bulk requests",
        ("business date", "operation", "outcome", "operations"),
        [
            [r.business_date.isoformat(), r.kind, r.state, r.operations]
            for r in sorted(found.receipts, key=lambda r: (r.business_date, r.kind))
        ],
    )
    settings = "" if home == Path("data").absolute() else f"HCM_PIPELINE_HOME={home} "
    say(f"Done in {seconds:.0f} s. Nothing is left running. Where to look next:")
    for verb, about in (
        ("status", "days, extracts, manifests, failures"),
        (f"trace {EXAMPLE}", "one worker, from file and row to the provisioning log"),
        ("plan", "what would be sent now"),
        ("ui", "the Dagster UI over this home"),
    ):
        say(f"  {settings}.venv/bin/hcm-pipeline {verb:<16} {about}")
