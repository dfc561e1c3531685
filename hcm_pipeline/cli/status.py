"""The verb status: days, extracts, manifests, queue, quota, failures and quarantine."""

from __future__ import annotations

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, Target, by_target, existing_installation, heading, targets_of
from hcm_pipeline.cli.outcomes import show_failures, show_job, show_receipts, show_stale, show_written_over
from hcm_pipeline.cli.output import dump, say, show_verdicts, table
from hcm_pipeline.cli.plan import show_refused, show_waiting
from hcm_pipeline.cli.run import show_days, show_held_back, show_reasons
from hcm_pipeline.plain_text import counted

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(status)


def status(target: Target = None, as_json: Json = False) -> None:
    """Days, extracts, manifests, queue, quota, failures and quarantine."""
    found = [(one, flow.status(one)) for one in targets_of(existing_installation(), target)]
    if as_json:
        dump(by_target(found))
        return
    for place, (one, told) in enumerate(found):
        if not place:
            _show_home(told)
        heading(one)
        _show_target(told)
    for work in found[0][1].failed_work:
        say(_failed(work))
    for one, told in found:
        for line in (told.fence.stopped, told.fence.unasked):
            if line:
                say(f"the fence{f' of {one.name}' if one.name else ''}: {line}")
    _show_work(found[0][1])
    for one, told in found:
        of = f"{one.name}: " if one.name else ""
        if told.paused:
            say(f"{of}the upload waits: {told.paused.describe()}")
        say(f"{of}{counted(told.quota_left, 'call')} left of the daily quota")


def _show_home(found: flow.Status) -> None:
    """The part that is of the home, whatever the target."""
    known = found.known
    say(f"home {found.home}, profile {found.profile}", "")
    if not known.days:
        say(f"nothing has been processed yet. Put files into {found.home}/landing, and `hcm-pipeline run`")
    show_days("Business dates", known.days)
    _show_extracts(found)
    show_reasons("Rows that break a rule", known.quarantine)
    show_held_back(known.held_back)


def _show_target(found: flow.Status) -> None:
    """The part that is of one target."""
    known = found.known
    table(
        "Manifests",
        ("manifest", "business date", "operations", "requests", "accepted", "state"),
        [
            [m.manifest_id[:12], m.business_date.isoformat(), m.operations, m.requests, m.accepted, m.state]
            for m in found.manifests
        ],
    )
    show_waiting(m for m in found.waiting if m.held_for)
    show_receipts(r for r in known.receipts if r.state != "planned" or found.is_open(r.manifest_id))
    show_failures(known.failures)
    show_stale(known.stale_values, known.flows_unread)
    show_written_over(known.written_over)
    show_job(known.job)
    table("Withheld: not planned before it changes", ("reason", "workers"), list(known.withheld.items()))
    if known.unsure:
        say(known.unsure.told)
    show_refused(known.refused)
    show_verdicts("What holds", known.tripped)


def _show_work(found: flow.Status) -> None:
    """The work that waits in the home, and the places where it looks."""
    if found.landing:
        say(f"in landing/: {', '.join(found.landing)}")
    if found.feeds is not None:
        say(_followed(found.feeds))
    for place in found.places:
        say(_place(place))


def _place(place: flow.PlaceStatus) -> str:
    looked = f"looked at {place.looked_at:%Y-%m-%d %H:%M}Z" if place.looked_at else "not looked at yet"
    since = f" (since {place.failing_since:%Y-%m-%d %H:%M}Z)" if place.failing_since else ""
    what = f"{place.fault}{since}" if place.fault else ", ".join(place.waiting) or "nothing waits"
    return f"place {place.name} ({place.url}), {looked}: {what}"


def _followed(feeds: flow.FeedStatus) -> str:
    last = f"{feeds.last_good:%Y-%m-%d %H:%M}Z" if feeds.last_good else "never"
    waiting = (
        f"{counted(feeds.to_read, 'worker', 'wait')} to be read, {len(feeds.unread):,} of them could not be"
        if feeds.to_read
        else ""
    )
    missed = counted(len(feeds.missed), "missed event") if feeds.missed else ""
    told = "; ".join(part for part in (waiting, missed) if part)
    return f"Oracle HCM's feeds: last read {last}{'; ' if told else ''}{told}; `hcm-pipeline feed status` says more"


def _failed(work: flow.FailedWork) -> str:
    tries = "1 run of it" if work.tries == 1 else f"{work.tries} runs of it"
    then = (
        f"it is tried again at {work.next_try_at:%Y-%m-%d %H:%M}Z"
        if work.next_try_at
        else f"given up; `hcm-pipeline run --date {work.business_date}` tries again"
    )
    return f"{work.business_date} is not done, {tries} failed ({then}): {work.cause}"


def _show_extracts(found: flow.Status) -> None:
    table(
        "Extracts",
        ("date", "file", "sha256", "read as", "rows", "status"),
        [
            [e.business_date.isoformat(), e.name, e.sha256[:12], read_as(e), e.rows, e.reason or e.status]
            for e in found.known.extracts
        ],
    )


def read_as(extract: flow.Extract) -> str:
    """The way in which a file was read, as far as its format has such things."""
    delimiter = DELIMITERS.get(extract.delimiter, extract.delimiter) if extract.delimiter else None
    packed = None if extract.compression == "none" else extract.compression
    return ", ".join(part for part in (extract.encoding, delimiter, extract.newline, packed) if part)
