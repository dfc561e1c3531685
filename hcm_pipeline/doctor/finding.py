"""A finding of a check: a small value that says what was looked at, what was found, what it means, and the mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hcm_pipeline.doctor.examined import Examined


class Outcome(StrEnum):
    """The end of a look, the worst first."""

    FAILED = "failed"
    WARNING = "warning"
    NOT_LOOKED_AT = "not looked at"
    OK = "ok"


@dataclass(frozen=True)
class Said:
    """The words of a check: `found` in one sentence; but for ok also what it `means` and the `mend` (a command or a click)."""

    outcome: Outcome
    found: str
    means: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Finding:
    """The words of a check, with its name, its group, and what it looked at."""

    check: str
    group: str
    outcome: Outcome
    looked_at: str
    found: str
    means: str
    mend: str


@dataclass(frozen=True)
class Check:
    """One check. `run` says what it found, at least one thing; it may raise NotLookedAt, and any other error is its own finding."""

    name: str
    group: str
    looks_at: str
    run: Callable[[Examined], Iterable[Said]]


class NotLookedAt(Exception):
    """Something that a check needs is not there: the reason, in words fit to be shown."""


def ok(found: str) -> Said:
    """All is well."""
    return Said(Outcome.OK, found)


def warning(found: str, means: str, mend: str) -> Said:
    """Nothing is broken yet, or it can do without."""
    return Said(Outcome.WARNING, found, means, mend)


def failed(found: str, means: str, mend: str) -> Said:
    """Broken."""
    return Said(Outcome.FAILED, found, means, mend)


def not_looked_at(why: str) -> Said:
    """There was nothing to look at, or no right to."""
    return Said(Outcome.NOT_LOOKED_AT, why)
