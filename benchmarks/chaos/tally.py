"""The events of any number of seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """`faults`: how often each kind hit. `did`: what else happened. `broken`: rules, and how often each was broken."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    """One sentence for each time that a rule was broken."""

    def add(self, other: Tally) -> None:
        """Take in another's."""
        self.seeds += other.seeds
        self.faults.update(other.faults)
        self.did.update(other.did)
        self.broken.update(other.broken)
        self.violations += other.violations

    def count(self, beginning: str) -> int:
        """How often things happened whose names begin so."""
        return sum(count for name, count in self.did.items() if name.startswith(beginning))
