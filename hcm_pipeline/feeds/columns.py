"""The columns of a worker who was read live, as digests that tell a change without holding a value.

The digests are kept, in the order of `COLUMNS` of the client: a new column goes to its end. Behind them stand two of all columns
that the profile adds: of their names and of their values, so that a profile with others says nothing about a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from hcm_pipeline.oracle import COLUMNS

NUMBER, STATUS, HIRED, LAST_DAY = "Person Number", "Account Status", "Hire Date", "Termination Date"
NOT_READ = "\ufffd"
"""The value of a cell that could not be read: validation holds it back, and the last good value stays."""
DIGEST_SIZE = 4
MORE = "oracle.columns"
"""Stands for the columns that the profile adds, where a worker differs in them."""


def digests_of(row: Mapping[str, str]) -> bytes:
    """A digest of four bytes for each of `COLUMNS`; zeros where the row does not have it, or it could not be read."""
    nothing = bytes(DIGEST_SIZE)
    own = b"".join(
        nothing if row.get(name, NOT_READ) == NOT_READ else hashlib.sha256(row[name].encode()).digest()[:DIGEST_SIZE]
        for name in COLUMNS
    )
    more = sorted(row.keys() - set(COLUMNS))
    if not more:
        return own
    known = NOT_READ not in (row[name] for name in more)
    return own + _digest(more) + (_digest([row[name] for name in more]) if known else nothing)


def _digest(texts: Sequence[str]) -> bytes:
    return hashlib.sha256("\x1f".join(texts).encode()).digest()[:DIGEST_SIZE]


def differing(before: bytes, after: bytes) -> tuple[str, ...]:
    """The columns whose digests are known on both sides and differ; `MORE` stands for all that the profile adds."""
    nothing = bytes(DIGEST_SIZE)
    pairs = [
        (before[i : i + DIGEST_SIZE], after[i : i + DIGEST_SIZE])
        for i in range(0, min(len(before), len(after)), DIGEST_SIZE)
    ]
    end = len(COLUMNS) * DIGEST_SIZE
    one, other = ((known[end : end + DIGEST_SIZE], known[end + DIGEST_SIZE :]) for known in (before, after))
    others = (
        (MORE,) if one[0] and one[0] == other[0] and one[1] != other[1] and nothing not in (one[1], other[1]) else ()
    )
    return others + tuple(
        name for name, (old, new) in zip(COLUMNS, pairs, strict=False) if old != new and nothing not in (old, new)
    )
