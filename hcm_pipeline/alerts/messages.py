"""An alert, and how it is written: JSON, a Microsoft Teams card, a mail."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from hcm_pipeline.plain_text import markdown, shown

DOCS = "docs/how-to/mend-failures.md"


class AlertKind(StrEnum):
    """The subject of an alert."""

    GUARD_HELD = "guard_held"
    APPROVAL_EXPIRES = "approval_expires"
    CANARY_FAILED = "canary_failed"
    HISTORY_UNKNOWN = "history_unknown"
    UNSURE = "unsure"
    DAY_STOPPED = "day_stopped"
    EXITS_WAIT = "exits_wait"
    FAILURES = "failures"
    MISSING = "missing"
    JOB_STOPPED = "job_stopped"
    JOB_UNKNOWN = "job_unknown"
    STALE_VALUES = "stale_values"
    TARGET_REFUSES = "target_refuses"
    QUOTA = "quota"
    STALE_EXTRACT = "stale_extract"
    PLACE_FAILING = "place_failing"
    FEEDS_BEHIND = "feeds_behind"
    MISSED_EVENTS = "missed_events"
    WRITTEN_OVER = "written_over"
    RUN_FAILED = "run_failed"
    UNPROCESSED = "unprocessed"
    UNKNOWN = "unknown"
    TEST = "test"


class Severity(StrEnum):
    """How soon somebody should look."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Phase(StrEnum):
    """Whether the condition begins or ends."""

    OPENED = "opened"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Alert:
    """One condition that holds. The same `key` is the same matter, which is told once for as long as it holds."""

    key: str
    kind: AlertKind
    severity: Severity
    title: str
    text: str
    facts: dict[str, str]
    asset: str
    """The Dagster asset whose page shows more."""
    page: str = DOCS
    """The page of the documentation that says what to do, relative to the project's root."""
    in_doubt: tuple[str, ...] = ()
    """Kinds of alerts that nobody can tell of now: those that were told still hold."""

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Alert:
        """The mapping that `dataclasses.asdict` made of it."""
        known = {**kept, "in_doubt": tuple(kept.get("in_doubt", ()))}
        return cls(**{**known, "kind": AlertKind(kept["kind"]), "severity": Severity(kept["severity"])})

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Message:
    """One message to one receiver about one occurrence: that it began, or that it is over.

    `id` stays the same when a message is sent again, so that a receiver can tell.
    """

    id: str
    phase: Phase
    alert: Alert
    at: dt.datetime
    profile: str
    ui_url: str
    docs_url: str | None

    @property
    def title(self) -> str:
        """One line."""
        title = shown(self.alert.title)
        return title if self.phase is Phase.OPENED else f"Over: {title}"

    @property
    def links(self) -> dict[str, str]:
        """Where to look: title to address."""
        links = {"Dagster": f"{self.ui_url.rstrip('/')}/assets/{self.alert.asset}?view=checks"}
        if self.docs_url:
            links["What to do"] = f"{self.docs_url.rstrip('/')}/{self.alert.page.removeprefix('docs/')}"
        return links

    def as_json(self) -> dict[str, Any]:
        """The body of a webhook of the format `json`."""
        return {
            "id": self.id,
            "phase": str(self.phase),
            "at": self.at.astimezone(dt.UTC).isoformat(timespec="seconds"),
            "profile": self.profile,
            "key": self.alert.key,
            "kind": str(self.alert.kind),
            "severity": str(self.alert.severity),
            "title": self.title,
            "text": self.alert.text,
            "facts": self.alert.facts,
            "links": self.links,
            "page": self.alert.page,
        }

    def as_card(self) -> dict[str, Any]:
        """The body of a webhook of Microsoft Teams: a message with one Adaptive Card (version 1.4)."""
        over = self.phase is Phase.RESOLVED
        color = {Severity.ERROR: "attention", Severity.WARNING: "warning", Severity.NOTICE: "accent"}[
            self.alert.severity
        ]
        facts = {**self.alert.facts, "Profile": self.profile, "At": f"{self.at.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"}
        listed = [{"title": markdown(name), "value": markdown(value)} for name, value in facts.items()]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [
                {"type": "TextBlock", "text": markdown(self.title), "weight": "bolder", "size": "medium", "wrap": True,
                 "color": "good" if over else color},
                {"type": "TextBlock", "text": markdown(self.alert.text), "wrap": True},
                {"type": "FactSet", "facts": listed},
            ],
            "actions": [{"type": "Action.OpenUrl", "title": name, "url": url} for name, url in self.links.items()],
        }  # fmt: skip
        content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [content]}

    def as_text(self) -> str:
        """The body of a mail."""
        facts = [f"{name}: {value}" for name, value in {**self.alert.facts, "Profile": self.profile}.items()]
        links = [f"{name}: {url}" for name, url in self.links.items()]
        return "\n".join(
            [shown(self.alert.text), "", *map(shown, facts), "", *links, f"What to do: {self.alert.page}", ""]
        )
