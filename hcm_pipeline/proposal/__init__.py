"""A first profile from an extract: this room decides which column is which worker field, and what its values say of their form.

Nothing that it writes holds a value of a person. Everything uncertain carries a mark (`profile/to_confirm.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hcm_pipeline.proposal.evidence import facts_of
from hcm_pipeline.proposal.headings import meanings_of
from hcm_pipeline.proposal.recognise import Recognised, recognise
from hcm_pipeline.proposal.written import Wanted, write_profile
from hcm_pipeline.warehouse import Relation, Scratch

__all__ = ["Proposal", "Wanted", "is_person_number", "meanings_of", "propose"]


@dataclass(frozen=True)
class Proposal:
    """The text of a profile, and the columns that it was made of: recognised, as field and column, and others."""

    text: str
    records: int
    recognised: tuple[tuple[str, str], ...]
    private: tuple[str, ...]
    unknown: tuple[str, ...]


def is_person_number(heading: str) -> bool:
    """Whether a heading is one of a person number."""
    return any(meaning.field == "person_number" for meaning in meanings_of(heading))


def propose(t: Scratch, rows: Relation, columns: Sequence[str], wanted: Wanted) -> Proposal:
    """A profile for an extract. `rows` has `columns` as texts, blank as NULL."""
    facts = facts_of(t, rows, columns)
    found: Recognised = recognise(t, rows, columns, facts)
    text = write_profile(t, rows, found, facts, wanted)
    named = tuple((name, one.column) for name, one in found.taken.items())
    records = next(iter(facts.values())).rows if facts else 0
    return Proposal(text, records, named, found.private, found.rest)
