"""The version of the code that an asset is made by: Dagster shows an asset as made by older code when it changes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

PRODUCT = Path(__file__).parents[1]
SNAPSHOT_ROOMS = ("sources", "extracts", "workers", "identity", "directory", "profile", "warehouse")
PLAN_ROOMS = ("delivery", "targets", "profile", "warehouse")
DELIVERY_ROOMS = ("delivery", "targets", "entra", "http")


@cache
def code_version(*rooms: str) -> str:
    """A digest over the code of some rooms: every module, query and table in them."""
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((PRODUCT / room).rglob("*")):
            if path.suffix in {".py", ".sql", ".toml"}:
                digest.update(f"{path.relative_to(PRODUCT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
