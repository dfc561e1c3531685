"""The provisioning log: what the service says became of the records it was sent.

Shapes: Microsoft Graph `provisioningObjectSummary`, v1.0 (`provisioningStatusInfo`, `provisioningAction`) and beta
(`statusInfo`, `action`); real entries mix them, so both are read.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from hcm_pipeline.errors import ServiceError

log = logging.getLogger(__name__)

NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED = "no change", "out of scope", "unspecified"
"""Why an entry was skipped. `EntrySynchronizationSkipped` covers the first two; what tells them apart are the steps."""
_SKIP_REASONS = {"redundantexport": NO_CHANGE, "noteffectivelyentitled": OUT_OF_SCOPE, "outofscope": OUT_OF_SCOPE}

UNRESOLVED = "UnableToResolveReferenceAttributeValue"
"""SkipReason of a reference (a manager) that does not exist yet; the entry is still a success."""


@dataclass(frozen=True)
class LogEntry:
    """One entry of the provisioning log.

    `external_id` is the externalId of the record sent; it and the time are all that ties an entry to a request.
    `action` and `status` are in lower case: create, update, disable, delete, stageddelete, other; success, failure,
    skipped, warning. `unresolved_references` names the properties that were left out because what they refer to was not
    there; `resolves_references` marks the later update, under the same `change_id`, that fills them in. `skip` says why
    a skipped entry was skipped, and is None for any other. `received` names the attributes that the record had a value of,
    without punctuation, as the log spells them; None where it does not tell.
    """

    id: str
    activity_time: dt.datetime
    job_id: str
    cycle_id: str
    change_id: str
    external_id: str
    action: str
    status: str
    error_code: str | None
    reason: str | None = field(repr=False)
    recommended_action: str | None = field(repr=False)
    unresolved_references: tuple[str, ...]
    resolves_references: bool
    target_id: str | None
    duration_ms: int | None
    skip: str | None = None
    received: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, entry: object) -> LogEntry:
        """Read one element of `value`. Raises ServiceError when it has no id or no time."""
        data = _object(entry)
        entry_id, at = _text(data.get("id")), _text(data.get("activityDateTime"))
        moment = parse_time(at) if at else None
        if not entry_id or moment is None:
            raise ServiceError("the provisioning log holds an entry without a usable id and activityDateTime")
        status = _object(data.get("provisioningStatusInfo") or data.get("statusInfo"))
        error = _object(status.get("errorInformation")) or status  # beta carries the three fields beside the status
        steps = [_object(step) for step in _list(data.get("provisioningSteps"))]
        action = (_text(data.get("provisioningAction")) or _text(data.get("action")) or "other").lower()
        duration = data.get("durationInMilliseconds")
        word = (_text(status.get("status")) or "").lower()
        return cls(
            id=entry_id,
            activity_time=moment,
            job_id=_text(data.get("jobId")) or "",
            cycle_id=_text(data.get("cycleId")) or "",
            change_id=_text(data.get("changeId")) or "",
            external_id=_text(_object(data.get("sourceIdentity")).get("id")) or "",
            action=action,
            status=word,
            error_code=_text(error.get("errorCode")),
            reason=_text(error.get("reason")),
            recommended_action=_text(error.get("recommendedAction")),
            unresolved_references=_unresolved(steps),
            resolves_references=_only_exports(action, steps),
            target_id=_text(_object(data.get("targetIdentity")).get("id")),
            duration_ms=duration if isinstance(duration, int) else None,
            skip=_skip(steps) if word == "skipped" else None,
            received=_received(steps),
        )


@dataclass(frozen=True)
class LogPage:
    """One page of the log. `service_time` is the service's clock when it answered: what the log is up to date with, less
    its lag."""

    entries: tuple[LogEntry, ...]
    service_time: dt.datetime
    unreadable: int = 0
    """Entries that could not be read: what they tell is not known."""


def read_entries(values: Iterable[object]) -> tuple[tuple[LogEntry, ...], int]:
    """The entries of a page that can be read, and how many cannot: whatever is wrong with one, the others are read."""
    entries, unreadable = [], 0
    for value in values:
        try:
            entries.append(LogEntry.from_json(value))
        except MemoryError:
            raise
        except Exception as error:  # of an entry, not of the log
            log.warning("an entry of the provisioning log cannot be read (%s)", type(error).__name__)
            unreadable += 1
    return tuple(entries), unreadable


def parse_time(text: str) -> dt.datetime | None:
    """Read an ISO 8601 instant with any number of fractional digits (Graph prints seven); None when it is not one."""
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        moment = dt.datetime.fromisoformat(trimmed)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _unresolved(steps: list[Mapping[str, object]]) -> tuple[str, ...]:
    details = [_object(step.get("details")) for step in steps]
    names = [_text(detail.get("PropertyName")) for detail in details if detail.get("SkipReason") == UNRESOLVED]
    return tuple(dict.fromkeys(name for name in names if name))


def _received(steps: list[Mapping[str, object]]) -> tuple[str, ...] | None:
    """The attributes that the import step has a value of; every record has some."""
    imports = [_object(step.get("details")) for step in steps if step.get("provisioningStepType") == "import"]
    return (
        _once(tuple(name for details in imports for name, value in details.items() if value not in (None, ""))) or None
    )


@lru_cache(maxsize=1000)
def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names as one object: a log of a million entries has a few different ones."""
    return names


def _skip(steps: list[Mapping[str, object]]) -> str:
    """Out of scope, as the scoping step says, or nothing to do; the documentation names no third."""
    for step in steps:
        details = _object(step.get("details"))
        passed = str(details.get("Scoping filter evaluation passed", "")).lower()
        if step.get("provisioningStepType") == "scoping" and (step.get("status") == "skipped" or passed == "false"):
            return OUT_OF_SCOPE
        reason = _SKIP_REASONS.get(str(details.get("SkipReason", "")).lower())
        if reason:
            return reason
    return UNSPECIFIED


def _only_exports(action: str, steps: list[Mapping[str, object]]) -> bool:
    """An update nobody sent: it has no import step, for the record that it completes came before."""
    return action == "update" and bool(steps) and all(step.get("provisioningStepType") == "export" for step in steps)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
