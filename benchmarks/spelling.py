#!/usr/bin/env python3
"""Names of a labelled set, spelled: how many are right, how many wait for a person, and how many are wrong without a word.

    python benchmarks/spelling.py [--wrong]

The set is `tests/identity/labelled_names.py`, by country and standard. A name whose confidence is below the profile's default waits
(`identity.spelling.review_below`); of those it is counted in how many cases the proposal is the label, another name, or none.
`--wrong` lists what is not as the label. Of names whose script leaves vowels out, `tests/identity/bearers.py` has others, which the
tables of the product were not made from, and so has `tests/identity/unseen_names.py`, of all scripts.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hcm_pipeline.identity.spelling import spell_many
from tests.identity.bearers import bearers
from tests.identity.labelled_names import labelled
from tests.identity.unseen_names import unseen

REVIEW_BELOW = 0.5
KINDS = ("right", "wrong", "proposed right", "proposed otherwise", "nothing proposed")


@dataclass
class Measured:
    """Counts by kind, and the names that are not spelled as their label."""

    counts: Counter[str] = field(default_factory=Counter)
    differing: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def names(self) -> int:
        """All of them."""
        return self.counts.total()

    @property
    def right(self) -> float:
        """Share of names that are given as their label has them."""
        return self.counts["right"] / self.names

    @property
    def silently_wrong(self) -> float:
        """Share of the names that are given, which are wrong."""
        given = self.counts["right"] + self.counts["wrong"]
        return self.counts["wrong"] / given if given else 0.0


def measure() -> dict[tuple[str, str], Measured]:
    """The labelled set, by country and standard."""
    rows = [(country, standard, name, frozenset({label})) for country, standard, name, label in labelled()]
    return _measured(rows)


def measure_bearers() -> dict[tuple[str, str], Measured]:
    """Names of well-known bearers, by country."""
    return _measured([(country, "bearers", name, labels) for country, name, labels in bearers()])


def measure_unseen() -> dict[tuple[str, str], Measured]:
    """Names that no table was made from, by country."""
    return _measured([(country, "unseen", name, labels) for country, name, labels in unseen()])


def _measured(rows: list[tuple[str, str, str, frozenset[str]]]) -> dict[tuple[str, str], Measured]:
    found: dict[tuple[str, str], Measured] = {}
    spelled = spell_many([(name, country) for country, _, name, _ in rows])
    for (country, standard, name, labels), made in zip(rows, spelled, strict=True):
        same = made.plain in labels
        if made.confidence >= REVIEW_BELOW:
            kind = "right" if same else "wrong"
        else:
            kind = "proposed right" if same else "proposed otherwise" if made.plain else "nothing proposed"
        one = found.setdefault((country, standard), Measured())
        one.counts[kind] += 1
        if not same:
            one.differing.append((name, "/".join(sorted(labels)), made.plain, kind))
    return found


def together(found: dict[tuple[str, str], Measured]) -> Measured:
    """All of them."""
    whole = Measured()
    for one in found.values():
        whole.counts += one.counts
        whole.differing += one.differing
    return whole


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="list what is not as the label")
    asked = parser.parse_args()
    found = measure()
    beside = measure_bearers() | measure_unseen()
    print(f"{'':28}{'names':>7}" + "".join(f"{kind:>20}" for kind in KINDS))
    for (country, standard), one in [*found.items(), (("", "all"), together(found)), *beside.items()]:
        print(f"{country:3}{standard:25}{one.names:7}" + "".join(f"{one.counts[kind]:20}" for kind in KINDS))
        if asked.wrong and country:
            for name, label, made, kind in one.differing:
                print(f"    {name}: {label}, and not {made or 'nothing'} ({kind})")
    whole = together(found)
    print(f"right: {whole.right:.1%} of all; silently wrong: {whole.silently_wrong:.1%} of those given")


if __name__ == "__main__":
    main()
