"""The one shape of what a rule says of something that it can stop or hold. Every room may use it; it uses none.

`flow` makes verdicts of what the rooms return, keeps them in the table `verdicts`, and hands them to both shells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The family of a rule, and with it what its verdicts are about."""

    COMPLETENESS = "completeness"
    """An extract, by its sha256, date and source: whether it is whole."""
    QUARANTINE = "quarantine"
    """A business date: how many of its rows break the contract."""
    DIRECTORY = "directory"
    """A business date, or a directory's name: what is known of the live directories."""
    CONTAINER = "container"
    """A business date: whether the directory has the containers that the profile names."""
    LIMIT = "limit"
    """A plan, by its business date: how many operations of a kind there are in a group."""
    CANARY = "canary"
    """A manifest, by its id: what the operations that went first came to."""
    JOB = "job"
    """A manifest, by its id: whether the synchronization job processes what it is sent."""
    FENCE = "fence"
    """A manifest, by its id: whether this home and its target know the same history."""
    FIRST_LOAD = "first load"
    """A plan, by its business date: whether workers and accounts are clean before anything is sent."""
    PACE = "pace"
    """A manifest, by its id: whether the service and the quota take requests now."""


class Effect(StrEnum):
    """The consequence of a rule that trips."""

    HOLD = "hold"
    """Only that which the rule counted waits; the rest goes on."""
    STOP = "stop"
    """Nothing of the subject goes on."""


@dataclass(frozen=True)
class Verdict:
    """The finding of one rule on one subject.

    `rule` names the rule within its kind; `subject` is what was judged (see `Kind`). `sentence` says what was found, and may hold
    a value of a worker's field (never more of a person): it is kept in the warehouse, shown by commands, and not logged.
    `released_by` says what lets the subject go on, None where time does. `figures` are the rule's own numbers, ready for JSON.
    """

    kind: Kind
    rule: str
    subject: str
    tripped: bool
    sentence: str
    effect: Effect = Effect.STOP
    released_by: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """One word: passed, tripped (a limit), held or stopped."""
        if not self.tripped:
            return "passed"
        if self.kind is Kind.LIMIT:
            return "tripped"
        return "stopped" if self.effect is Effect.STOP else "held"

    def as_json(self) -> dict[str, Any]:
        """As `plan --json` gives it: a limit by its figures, every other rule by its sentence."""
        if self.kind is Kind.LIMIT:
            return dict(self.figures)
        return {"guard": self.rule, "verdict": self.outcome, "why": self.sentence}
