"""One worker's life as a time line: rows of extracts, changes, names, operations and outcomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages.page_writing import moment, write
from hcm_pipeline.flow.views.trace import Operation, Story, trace

NAMES = {"user_principal_name": "userPrincipalName", "sam_account_name": "sAMAccountName", "common_name": "common name"}


@dataclass(frozen=True)
class Event:
    """Something in a worker's life. `day` and `rank` order it; `bad`: it did not go as it should."""

    day: dt.date
    rank: int
    when: str
    what: str
    details: tuple[str, ...] = ()
    bad: bool = False


def write_worker(installation: Installation, number: str, path: Path) -> None:
    """Write the page of a person number. Raises UsageError when no extract holds it, or the file cannot be written."""
    story = trace(installation, number)
    held = story.identity.held if story.identity else {}
    names = [(words, str(held[column])) for column, words in NAMES.items() if held.get(column)]
    events = sorted(_events(story), key=lambda event: (event.day, event.rank, event.when))
    write(installation, path, "worker", number=number, names=names, events=events)


def _events(story: Story) -> Iterator[Event]:
    yield from _versions(story)
    yield from _quarantine(story)
    yield from _names(story)
    for operation in story.operations:
        yield _operation(operation)


def _versions(story: Story) -> Iterator[Event]:
    whys = {(one.business_date, one.kind): one.why for one in story.kinds}
    changed = {day: list(rows) for day, rows in groupby(story.changes, key=lambda one: one.business_date)}
    for version in story.versions:
        rows = changed.get(version.valid_from, [])
        kinds = list(dict.fromkeys(one.kind for one in rows))
        what = ", ".join(kinds) or "another version"
        source = f"row {version.row_no:,} of {version.file}, landed {moment(version.landed_at)}"
        reasons = [why for kind in kinds if (why := whys.get((version.valid_from, kind)))]
        values = [
            f"{one.attribute}: {one.new}" if one.old is None else f"{one.attribute}: {one.old} → {_value(one.new)}"
            for one in rows
            if one.old is not None or one.new is not None
        ]
        yield Event(
            version.valid_from,
            0,
            f"{version.valid_from}",
            f"{what} ({version.life_stage})",
            (source, *reasons, *values),
        )


def _quarantine(story: Story) -> Iterator[Event]:
    for cell in story.quarantine:
        where = f"row {cell.row_no:,} of {cell.file}, {cell.column or 'the whole row'}"
        what = "a cell was held back" if cell.held == "cells" else "a row did not count"
        yield Event(
            cell.business_date,
            1,
            f"{cell.business_date}",
            f"{what}: {cell.rule}",
            (where, cell.value_class or ""),
            bad=True,
        )


def _names(story: Story) -> Iterator[Event]:
    held = story.identity.held if story.identity else {}
    if isinstance(given := held.get("given_on"), dt.date):
        details = tuple(f"{words}: {held[column]}" for column, words in NAMES.items() if held.get(column))
        yield Event(given, 2, f"{given}", f"names {held.get('status', 'given')}", details)


def _operation(operation: Operation) -> Event:
    at = operation.accepted_at
    when = moment(at) if at else f"{operation.business_date}"
    manifest = f"manifest {operation.manifest_id[:12]}, request {operation.request_no}, operation {operation.op_no}"
    became = [f"{moment(operation.logged_at)}: {operation.action}"] if operation.action and operation.logged_at else []
    fault = [text for text in (operation.error_code, operation.reason, operation.advice) if text]
    bad = operation.state in {"failed", "missing", "rejected"}
    day = at.astimezone(dt.UTC).date() if at else operation.business_date
    return Event(day, 3, when, f"{operation.kind}: {operation.state}", (manifest, *became, *fault), bad)


def _value(text: str | None) -> str:
    return "nothing" if text is None else text
