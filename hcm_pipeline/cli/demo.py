"""The verb demo: the whole chain on two days of sample extracts, headless, against the home's own sandbox."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.cli.run import DAY_COLUMNS, REASON_COLUMNS, day_row, materialize, reason_row
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import landing, queries
from hcm_pipeline.http import utc_now
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import target_key

if TYPE_CHECKING:
    from hcm_pipeline.sandbox import SandboxHandle

DAYS = {dt.date(2026, 11, 2): "workers-2026-11-02.csv", dt.date(2026, 11, 3): "workers-2026-11-03.csv"}


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(demo)


def demo(as_json: Json = False) -> None:
    """Two days of sample extracts through the whole chain: sandbox, runs, sensor-driven upload, outcomes, summary."""
    from hcm_pipeline.sandbox import running  # loads a web server

    found = Settings.from_env()
    context = Context(Settings(found.home, "oracle-hcm", None))  # always the sandbox, whatever the environment names
    home = context.settings.home.create()
    _refuse_foreign_home(context)
    started = time.monotonic()
    progress = Progress()
    tell = note if as_json else say
    tell(f"target: the home's own sandbox; home: {home.path}")
    with running(home.sandbox) as sandbox:
        for day, name in DAYS.items():
            _land(context, name)
            tell(f"{day}: running the business date")
            materialize(context, day, day)
            tell(f"{day}: the sensors start the upload and read the outcomes")
            _ticks(context, progress)
        report = _report(context, sandbox)
    if as_json:
        dump(report)
        return
    show(report, home.path, time.monotonic() - started)


def _refuse_foreign_home(context: Context) -> None:
    with context.warehouse.write() as con:
        taken = {digest for (digest,) in con.execute("select sha256 from extracts").fetchall()}
    samples = resources.files("hcm_pipeline.cli").joinpath("samples")
    if taken - {hashlib.sha256(samples.joinpath(name).read_bytes()).hexdigest() for name in DAYS.values()}:
        raise UsageError(
            f"{context.settings.home.path} holds extracts of yours; set HCM_PIPELINE_HOME to another folder for the demo"
        )


def _land(context: Context, name: str) -> None:
    sample = resources.files("hcm_pipeline.cli").joinpath("samples", name)
    with resources.as_file(sample) as path:
        landing.land(context.warehouse, context.loaded.profile, [Path(path)], now=utc_now, wait=True)


def _ticks(context: Context, progress: Progress) -> None:
    """What the daemon does all day, once: the sensors look, and the runs they ask for are made."""
    from hcm_pipeline.definitions import build
    from hcm_pipeline.defs.instance import instance_of, tick
    from hcm_pipeline.defs.resources import Pipeline

    settings = context.settings
    pipeline = Pipeline(home_path=str(settings.home.path), profile_name=settings.profile, sandbox_only=True)
    with instance_of(settings.home) as instance, progress.shown():
        for sensor in ("manifest_ready", "outcomes_waiting"):
            tick(build(settings), instance, sensor, pipeline, progress)


def _report(context: Context, sandbox: SandboxHandle) -> dict[str, Any]:
    target = target_key(context.settings)
    with context.warehouse.read() as con:
        report = {
            "days": queries.days(con),
            "quarantine": [reason for day in DAYS for reason in queries.quarantine(con, day)],
            "receipts": queries.receipts(con),
            "failures": queries.failures(con, target),
            "example": queries.trace(con, context.loaded.profile, "0100011", None)["identity"],
        }
    with context.journal() as journal:
        report["requests"] = sum(journal.progress(m.manifest_id).accepted for m in journal.manifests())
    report["directory"] = sandbox.target.graph_url
    return report


def show(report: dict[str, Any], home: Path, seconds: float) -> None:
    """Print the summary for people."""
    say()
    table("What the extracts said", DAY_COLUMNS, [day_row(found) for found in report["days"]])
    table(
        "Rows in quarantine: not applied, not lost; the worker keeps the last good version",
        REASON_COLUMNS,
        [reason_row(found) for found in report["quarantine"]],
    )
    table(
        f"What became of the operations, in {report['requests']} bulk requests",
        ("business date", "operation", "outcome", "operations"),
        [
            [r["business_date"].isoformat(), r["kind"], r["state"], r["operations"]]
            for r in sorted(report["receipts"], key=lambda r: (r["business_date"], r["kind"]))
        ],
    )
    settings = "" if home == Path("data").absolute() else f"HCM_PIPELINE_HOME={home} "
    say(f"Done in {seconds:.0f} s. Nothing is left running. Where to look next:")
    for verb, about in (
        ("status", "days, extracts, manifests, failures"),
        ("trace 0100011", "one worker, from file and row to the provisioning log"),
        ("plan", "what would be sent now"),
        ("ui", "the Dagster UI over this home"),
    ):
        say(f"  {settings}.venv/bin/hcm-pipeline {verb:<16} {about}")
