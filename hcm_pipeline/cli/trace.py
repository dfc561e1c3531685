"""The verb trace: one worker's story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, day, existing_installation
from hcm_pipeline.cli.identity import show_identity, show_tried
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.cli.run import show_held_cells

HELD = {"cells": "the cell", "row": "the row"}


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(trace)


def trace(
    number: Annotated[str, typer.Argument(help="The worker's person number.")],
    date: Annotated[str | None, typer.Option(help="As of this business date, YYYY-MM-DD.")] = None,
    known_on: Annotated[str | None, typer.Option(help="By what was known at the end of this day, YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """One worker: file and row, values, names, operations and what the log said. Prints personal data."""
    here = existing_installation()
    story = flow.trace(here, number, day(date), day(known_on, "--known-on"))
    if as_json:
        dump(story)
    else:
        show_trace(story, flow.targets_by_manifest(here))


def show_trace(story: flow.Story, targets: Mapping[str, str]) -> None:
    """Print a worker's story for people. `targets`: the name of each manifest's target, where there are several."""
    say(f"worker {story.person_number}", "")
    _show_changes(story)
    for before, version in zip((None, *story.versions), story.versions, strict=False):
        _show_version(version, before)
    _show_rows(story)
    show_identity("Names", story.identity)
    show_tried(story.tried)
    _show_operations(story, targets)
    _show_cleared(story)
    table(
        "Written back to Oracle HCM",
        ("attribute", "before", "value", "by", "written", "from Entra ID's", "user", "known since", "still there"),
        [
            [w.attribute, w.before, w.value, w.how or "was there", w.written_at, w.source, w.user, w.since,
             {None: "", True: "yes", False: "no: changed by somebody else"}[w.stands]]
            for w in story.written_back
        ],
    )  # fmt: skip


def _show_version(version: flow.Version, before: flow.Version | None) -> None:
    """A version: the fields in which it differs from the one before it, and then those that stayed."""
    until = f" until {version.valid_to}" if version.valid_to else ""
    say(
        f"from {version.valid_from}{until}: row {version.row_no:,} of {version.file} "
        f"(sha256 {version.extract_sha256[:12]}), known since {version.known_from:%Y-%m-%d %H:%M}Z"
    )
    for sentence in version.told_by:
        say(f"  {sentence}")
    enabled = "enabled" if version.value("active") else "disabled"
    ahead = f", judged again on {version.next_at:%Y-%m-%d %H:%M}Z" if version.next_at else ""
    said = "active" if version.status_active else "inactive"
    say(f"stage {version.life_stage}, account {enabled} (HR's status: {said}){ahead}")
    stayed = {v.field: (v.value, v.kept_from) for v in before.values} if before else {}
    shown = [
        v for v in version.values if v.value is not None or v.kept_from or stayed.get(v.field, (None,))[0] is not None
    ]
    changed = [v for v in shown if stayed.get(v.field) != (v.value, v.kept_from)]
    columns = ("column", "field", "value", "becomes", "held back; the value is that of")
    table("" if before is None else "Changed", columns, map(_value_row, changed))
    table("As before", columns, [_value_row(v) for v in shown if v not in changed])


def _value_row(v: flow.FieldValue) -> list[object]:
    return [v.column, v.field, "nothing" if v.value is None and not v.kept_from else v.value, ", ".join(map(_short, v.becomes)),
            v.kept_from]  # fmt: skip


def _show_rows(story: flow.Story) -> None:
    table(
        "Other rows of the worker, against which the rules decided",
        ("file", "row", "from", "until"),
        [[o.file, o.row_no, o.valid_from.isoformat(), o.valid_to] for o in story.other_rows],
    )
    table(
        "Believed once, and withdrawn when a day was processed anew",
        ("true from", "file", "row", "stage", "known from", "until"),
        [[w.valid_from.isoformat(), w.file, w.row_no, w.life_stage, w.known_from, w.known_to] for w in story.withdrawn],
    )


def _show_changes(story: flow.Story) -> None:
    table(
        "What happened, and the rule that calls it so",
        ("business date", "kind", "because"),
        [[k.business_date.isoformat(), k.kind, k.why] for k in story.kinds],
    )
    table(
        "Absent from full extracts",
        ("status", "from", "until"),
        [[a.status, a.valid_from, a.valid_to] for a in story.absences],
    )
    table(
        "Changes",
        ("business date", "kind", "attribute", "old", "new"),
        [
            [c.business_date.isoformat(), c.kind, c.attribute, c.old, c.new]
            for c in story.changes
            if c.kind not in {"joiner", "former"}
        ],
    )
    table(
        "Quarantine",
        ("business date", "file", "row", "rule", "column", "value", "held back"),
        [
            [q.business_date.isoformat(), q.file, q.row_no, q.rule, q.column, q.value, HELD[q.held]]
            for q in story.quarantine
        ],
    )
    show_held_cells("Held back until a row mends it", story.held_back)
    table(
        "Manager not sent",
        ("why", "from", "until"),
        [[w.status, w.valid_from, w.valid_to] for w in story.manager_warnings],
    )


def _show_operations(story: flow.Story, targets: Mapping[str, str]) -> None:
    at = ("target",) if targets else ()
    table(
        "Operations",
        ("business date", *at, "manifest", "request", "operation", "kind", "state", "accepted", "logged", "reference",
         "code"),
        [
            [o.business_date.isoformat(), *([targets.get(o.manifest_id)] if targets else []), o.manifest_id[:12], o.request_no,
             o.op_no, o.kind, o.state, o.accepted_at, o.logged_at, o.reference, o.error_code]
            for o in story.operations
        ],
    )  # fmt: skip


def _show_cleared(story: flow.Story) -> None:
    closed = {"null": "a null cleared it", "value": "it has one again", "directory": "the directory shows none",
              "person": "a person says so", "made": "the account was made without it"}  # fmt: skip
    table(
        "Values that were cleared",
        ("attribute", "value", "since", "in the account"),
        [
            [_short(c.attribute), c.value, c.cleared_at,
             f"gone {c.closed_at:%Y-%m-%d %H:%M}Z: {closed.get(c.closed_by or '', c.closed_by)}" if c.closed_at
             else "stays: the job does not flow nulls" if c.stays else "a null is on its way"]
            for c in story.cleared
        ],
    )  # fmt: skip


def _short(path: str) -> str:
    """A SCIM path without the long front of its URN."""
    return path.rpartition("urn:ietf:params:scim:schemas:extension:")[2]
