"""The columns of a worker who was read live, as digests that tell a change without holding a value.

The digests are kept, in the order of `COLUMNS` of the client: a new column goes to its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hcm_pipeline.oracle import COLUMNS

NUMBER, STATUS, HIRED, LAST_DAY = "Person Number", "Account Status", "Hire Date", "Termination Date"
NOT_READ = "\ufffd"
"""The value of a cell that could not be read: validation holds it back, and the last good value stays."""
DIGEST_SIZE = 4


def digests_of(row: Mapping[str, str]) -> bytes:
    """A digest of four bytes for each of `COLUMNS`; zeros where the row does not have it, or it could not be read."""
    nothing = bytes(DIGEST_SIZE)
    return b"".join(
        nothing if row.get(name, NOT_READ) == NOT_READ else hashlib.sha256(row[name].encode()).digest()[:DIGEST_SIZE]
        for name in COLUMNS
    )


def differing(before: bytes, after: bytes) -> tuple[str, ...]:
    """The columns whose digests are known on both sides and differ."""
    nothing = bytes(DIGEST_SIZE)
    pairs = [
        (before[i : i + DIGEST_SIZE], after[i : i + DIGEST_SIZE])
        for i in range(0, min(len(before), len(after)), DIGEST_SIZE)
    ]
    return tuple(
        name for name, (old, new) in zip(COLUMNS, pairs, strict=False) if old != new and nothing not in (old, new)
    )
