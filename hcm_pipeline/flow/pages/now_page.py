"""The page for somebody who is woken at three: what holds now, and what to type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.delivery import CONFIGURES, WRITES_BACK, ManifestState
from hcm_pipeline.errors import HomeError
from hcm_pipeline.flow.alerting import Alert, look
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages.page_writing import moment, write
from hcm_pipeline.flow.views.manifests import WaitingManifest
from hcm_pipeline.flow.views.status import Status, status
from hcm_pipeline.plain_text import counted

COMMANDS = (
    ("hcm-pipeline status", "shows days, extracts, manifests, queue and quota"),
    ("hcm-pipeline plan", "lists the people about whom a plan is"),
    ("hcm-pipeline outcomes", "reads what became of what was sent"),
    ("hcm-pipeline trace PERSON_NUMBER", "tells one worker's story, from file and row to account"),
)


SENT_BY = ((WRITES_BACK, "hcm-pipeline writeback apply"), (CONFIGURES, "hcm-pipeline target apply"))
"""The commands that carry out what is no upload, by the beginning of the target."""


@dataclass(frozen=True)
class Waits:
    """A manifest that waits, and the commands that decide about it or carry it out."""

    manifest: WaitingManifest
    type_next: tuple[str, ...]


def write_now(installation: Installation, path: Path) -> None:
    """Write the page. Raises UsageError when the file cannot be written."""
    each, held = [(one, status(one)) for one in installation.targets], _alerts(installation)
    found = each[0][1]
    with installation.journal() as journal:
        targets = {one.manifest_id: one.target for one in journal.manifests()}
    write(
        installation,
        path,
        "now",
        headline=_headline(held, found),
        alerts=held,
        waiting=[Waits(one, type_next(one, targets[one.manifest_id])) for one in _waiting(each)],
        facts=_facts(found) + [line for one, other in each[1:] for line in _of_another(one.name, other)],
        commands=COMMANDS,
    )


def type_next(manifest: WaitingManifest, target: str) -> tuple[str, ...]:
    """The commands that decide about a manifest that is held, or carry out one that is ready."""
    if manifest.state is ManifestState.HELD:
        return tuple(
            f"hcm-pipeline {verb} {manifest.manifest_id} {manifest.operations}" for verb in ("approve", "reject")
        )
    other = next((command for beginning, command in SENT_BY if target.startswith(beginning)), None)
    return (other or f"hcm-pipeline upload {manifest.manifest_id}",)


def _waiting(each: Sequence[tuple[Installation, Status]]) -> list[WaitingManifest]:
    """The manifests that wait, of all targets; those that are of none in particular once."""
    return list({one.manifest_id: one for _, found in each for one in found.waiting}.values())


def _of_another(name: str, found: Status) -> list[str]:
    """The facts of another target than the first."""
    facts = [f"Target {name}: {counted(found.quota_left, 'call', 'are')} left of the daily quota."]
    if found.paused is not None:
        facts.append(f"Target {name}: uploads wait until {moment(found.paused.until)}: {found.paused.reason}.")
    return facts


def _alerts(installation: Installation) -> Sequence[Alert]:
    try:
        return sorted(look(installation), key=lambda alert: alert.severity != "error")
    except HomeError:
        return ()


def _headline(held: Sequence[Alert], found: Status) -> str:
    if not found.known.days:
        return "Nothing was processed yet"
    if not held:
        return "Nothing holds that somebody should know of"
    return held[0].title if len(held) == 1 else f"{counted(len(held), 'thing', 'hold')}: {held[0].title}"


def _facts(found: Status) -> list[str]:
    days = found.known.days
    facts = [
        f"The newest business date is {days[-1].business_date}, {days[-1].status}, processed at {moment(days[-1].finished_at)}."
        if days
        else "No business date was processed.",
        f"{counted(found.quota_left, 'call', 'are')} left of the daily quota.",
    ]
    if found.paused is not None:
        facts.append(f"Uploads wait until {moment(found.paused.until)}: {found.paused.reason}.")
    if found.landing:
        facts.append(f"In landing/ lie {counted(len(found.landing), 'file')} that no run has taken.")
    facts += [
        f"{work.work}: {work.tries} runs failed, the last at {moment(work.failed_at)}: {work.cause}"
        for work in found.failed_work
    ]
    return facts
