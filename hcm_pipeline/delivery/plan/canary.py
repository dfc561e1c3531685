"""The canary: the first operations go alone, and the rest follows when the provisioning log says that they were good.

What Microsoft's tutorial asks a person to do before the first full upload, at the first upload to a target and after every
change of the profile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hcm_pipeline.delivery.manifest import OPERATIONS_PER_REQUEST
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.delivery.state.pauses import Gates
from hcm_pipeline.entra.log import NO_CHANGE, LogEntry
from hcm_pipeline.profile import Delivery, LoadedProfile
from hcm_pipeline.settings import Target

SKEW = dt.timedelta(seconds=1)
"""The service's `Date` header has whole seconds, the log has fractions."""


@dataclass(frozen=True)
class Canary:
    """The profile's rule. `operations` 0: none. `interval`: seconds between two readings of the log."""

    operations: int = 0
    minutes: float = 15.0
    interval: float = 30.0


def canary_of(delivery: Delivery, target: Target) -> Canary:
    """The profile's canary; the sandbox's log is read more often, for it does not lag."""
    return Canary(delivery.canary, delivery.canary_minutes, 1.0 if target.sandbox else 30.0)


def first_request(journal: Journal, loaded: LoadedProfile, target: str) -> int:
    """How many operations the first request of a manifest holds: the canary's while the profile is not proven there."""
    size = loaded.profile.delivery.canary
    return size if size and not Gates(journal, target).proven(loaded.sha256) else OPERATIONS_PER_REQUEST


@dataclass(frozen=True)
class Verdict:
    """What the log says of the canary's operations. `bad`: one line for each kind of failure, fit to be shown."""

    good: int
    waiting: int
    bad: tuple[str, ...]


def judge(entries: Iterable[LogEntry], workers: Collection[str], accepted_at: dt.datetime) -> Verdict:
    """Judge a canary by the newest entry of each of its workers since it was accepted.

    An update that only fills in a manager says nothing of the record. An entry of before the acceptance is about an
    operation before it; one of after it may be, too, when the canary changes an account again before the service has worked
    off the last change: both are then worked off in one cycle, within seconds.
    """
    newest: dict[str, LogEntry] = {}
    for entry in entries:
        if entry.external_id in workers and entry.activity_time >= accepted_at and not entry.resolves_references:
            known = newest.get(entry.external_id)
            if known is None or (entry.activity_time, entry.id) > (known.activity_time, known.id):
                newest[entry.external_id] = entry
    failures: dict[tuple[str, str], list[str]] = {}
    for number, entry in sorted(newest.items()):
        if not is_good(entry):
            failures.setdefault((entry.status, entry.error_code or "no code"), []).append(number)
    bad = tuple(f"{status} {code}: {', '.join(numbers)}" for (status, code), numbers in sorted(failures.items()))
    return Verdict(
        good=len(newest) - sum(map(len, failures.values())), waiting=len(set(workers)) - len(newest), bad=bad
    )


def is_good(entry: LogEntry) -> bool:
    """Success, or a skip because nothing was left to change; one because the worker is out of the app's scope is not."""
    return entry.status == "success" or entry.skip == NO_CHANGE
