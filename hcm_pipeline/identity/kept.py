"""The kinds of things that are kept of earlier days: most homes have few of them, and nothing is asked about the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hcm_pipeline.warehouse import Scratch


@dataclass(frozen=True)
class Kept:
    """Whether anything of a kind is kept before a day is named, or may come to be while its past is brought up to date."""

    names: bool
    released: bool
    rehires: bool
    """Decisions about rehires."""
    spellings: bool
    """Decisions about spellings."""
    successions: bool
    reviews: bool
    accounts: bool
    """Objects of directories."""


def kept(t: Scratch) -> Kept:
    """The kinds of which something is kept now."""
    tables = ("identities", "identities where status = 'released'", "identity_decisions where about = 'rehire'",
              "spelling_decisions", "successions", "identity_reviews", "directory_objects")  # fmt: skip
    row = t.first("select " + ", ".join(f"exists (from {table})" for table in tables))
    found = Kept(*(row or ()))
    return replace(found, successions=found.successions or found.rehires)  # an approval makes one
