"""The outcomes of the operations that went first, a canary: whether the rest may follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hcm_pipeline.delivery.service import OutcomeEntry

SKEW = dt.timedelta(seconds=1)
"""A service tells the time of an acceptance in whole seconds, and that of an entry in fractions."""


@dataclass(frozen=True)
class CanaryFindings:
    """The known outcomes of a canary's operations. `bad`: one line for each kind of failure, fit to be shown."""

    good: int
    waiting: int
    bad: tuple[str, ...]


def find_canary_outcomes(
    entries: Iterable[OutcomeEntry], workers: Collection[str], accepted_at: dt.datetime
) -> CanaryFindings:
    """Judge a canary by the newest entry of each of its workers since it was accepted.

    An entry that only fills in a reference says nothing of the record. An entry of before the acceptance is about an
    operation before it; one of after it may be, too, when the canary changes an account again before the service has worked
    off the last change: both are then worked off in one cycle, within seconds.
    """
    newest: dict[str, OutcomeEntry] = {}
    for entry in entries:
        if entry.person_number in workers and entry.at >= accepted_at and not entry.twin:
            known = newest.get(entry.person_number)
            if known is None or (entry.at, entry.id) > (known.at, known.id):
                newest[entry.person_number] = entry
    failures: dict[tuple[str, str], list[str]] = {}
    for number, entry in sorted(newest.items()):
        if not entry.good:
            failures.setdefault((entry.status, entry.error_code or "no code"), []).append(number)
    bad = tuple(f"{status} {code}: {', '.join(numbers)}" for (status, code), numbers in sorted(failures.items()))
    return CanaryFindings(
        good=len(newest) - sum(map(len, failures.values())), waiting=len(set(workers)) - len(newest), bad=bad
    )
