"""Verbs of the feeds: follow Oracle HCM live."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, day, existing_installation, installation, verb_group
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.errors import HomeError, PipelineError, UsageError
from hcm_pipeline.plain_text import counted

feed_app = verb_group("Oracle HCM live: its Atom feeds, and the workers whom they name.")
SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(feed_app, name="feed")


@feed_app.command("drain")
def feed_drain(
    full: Annotated[
        bool, typer.Option("--full", help="Read every worker, not only those whom an entry names.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read every feed once and the workers whom it names. Their readings wait in landing/ for `run`. Nothing is sent."""
    here = installation()
    progress = Progress()
    with progress.shown():
        drained = flow.drain(here, full=full, progress=progress)
    _show_drained(drained, as_json=as_json)


@feed_app.command("replay")
def feed_replay(
    since: Annotated[str, typer.Option("--from", help="Entries since this day, YYYY-MM-DD (UTC).")],
    feed: Annotated[list[str] | None, typer.Option(help="Of this feed only; may be given several times.")] = None,
    as_json: Json = False,
) -> None:
    """Read once more every worker whom an entry names that is kept here. No feed is read."""
    here, first = existing_installation(), day(since, "--from")
    if first is None:
        raise UsageError("--from names a day, YYYY-MM-DD")
    progress = Progress()
    with progress.shown():
        drained = flow.replay(here, dt.datetime.combine(first, dt.time(), dt.UTC), tuple(feed or ()), progress=progress)
    _show_drained(drained, as_json=as_json)


@feed_app.command("listen")
def feed_listen(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8480,
    host: Annotated[str, typer.Option(help="The address it listens on.")] = "127.0.0.1",
    certificate: Annotated[Path | None, typer.Option(help="PEM file with the certificate, for TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file with its private key.")] = None,
) -> None:
    """Take entries that an integration posts to /feeds/FEED with the home's token, until interrupted. `feed drain` follows them."""
    import uvicorn

    from hcm_pipeline.front import loopback

    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key go together")
    if certificate is None and not loopback(host):
        raise UsageError(
            f"--host {host} is reached from other machines, and without TLS the token would be in clear: give --certificate and"
            " --key, or let a reverse proxy with TLS reach 127.0.0.1"
        )
    here = installation()
    application, token = flow.listener(here), flow.token_file(here)
    scheme = "https" if certificate else "http"
    note(f"entries are taken at {scheme}://{host}:{port}/feeds/FEED; the token is in {token} (Ctrl-C stops it)")
    config = uvicorn.Config(
        application, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        ssl_certfile=certificate, ssl_keyfile=key,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run()
    except (OSError, SystemExit) as error:
        raise HomeError(f"{host}:{port} cannot be listened on; is the port taken?") from error


@feed_app.command("status")
def feed_status(as_json: Json = False) -> None:
    """How far each feed was read, who waits to be read, and what no entry had told. Asks no service."""
    here = existing_installation()
    flow.oracle_section(here)
    found = flow.feed_status(here)
    if as_json:
        dump(found)
        return
    if found is None:
        say("no feed was read yet; `hcm-pipeline feed drain --full` reads every worker, and begins to follow the feeds")
        return
    _show_status(found)


def _show_drained(drained: flow.Drained, *, as_json: bool) -> None:
    if as_json:
        dump(drained)
    else:
        say(
            f"{drained.business_date}: {counted(drained.entries, 'entry')}, {drained.new_entries:,} of them new;"
            f" {counted(drained.workers, 'worker')} read, in {counted(sum(drained.calls.values()), 'call')}"
        )
        for name in drained.files:
            say(f"  {name} waits in landing/; `hcm-pipeline run` processes it")
        if drained.missed:
            say(
                f"{counted(drained.missed, 'worker', 'differ')} though no entry had told of it; `hcm-pipeline feed status` names"
                " them"
            )
        for part, workers in drained.gaps.items():
            say(
                f"{part}: did not come for {counted(workers, 'worker')}, who keep what was known;"
                " of everybody: a privilege is missing"
            )
        if drained.unread:
            say(
                f"{counted(drained.unread, 'worker')} could not be read: they are asked for again; `hcm-pipeline feed status` says"
                " why"
            )
    if drained.faults:
        raise PipelineError(*drained.faults)


def _show_status(found: flow.FeedStatus) -> None:
    table(
        "Feeds",
        ("feed", "read up to", "in effect up to", "entries", "unreadable", "newest entry", "fault"),
        [
            [f.feed, _time(f.published), _time(f.updated), f.entries, f.unreadable, _time(f.newest), f.fault]
            for f in found.feeds
        ],
    )
    table(
        "Newest polls",
        ("poll", "kind", "date", "begun", "ended", "entries", "new", "workers", "missed", "fault"),
        [
            [p.poll_no, p.mode, p.business_date.isoformat(), _time(p.begun_at), _time(p.finished_at), p.entries, p.new_entries,
             p.workers, p.missed, p.fault]
            for p in found.polls
        ],
    )  # fmt: skip
    say(
        f"{counted(found.workers, 'worker', 'were')} read so far; {found.to_read:,} wait to be read,"
        f" {found.later:,} are to be read on a later date"
    )
    table(
        "Named by an entry, and not read: they keep their last good values, and are asked for again",
        ("worker", "why", "tries"),
        [[w.who, w.reason, w.tries] for w in found.unread],
    )
    table(
        "Missed events: workers who differ though no entry had told of it",
        ("date", "worker", "found by", "columns"),
        [
            [m.business_date.isoformat(), m.person_number, m.found_by, ", ".join(m.columns)]
            for m in found.missed[:SHOWN]
        ],
    )
    if len(found.missed) > SHOWN:
        say(f"and {len(found.missed) - SHOWN:,} more; --json has all")


def _time(moment: dt.datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment else None
