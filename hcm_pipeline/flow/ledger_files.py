"""The ledger as a CSV file: written whole, and taken over from one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.identity import Imported, export_ledger, import_ledger
from hcm_pipeline.warehouse import table, transaction


def export_to(installation: Installation, out: IO[str]) -> int:
    """Write the ledger as CSV; how many identities there are, without those that stand in."""
    with installation.warehouse.read() as con:
        return export_ledger(con, out, table(con, "worker_versions"), table(con, "seen_names"))


def export_file(installation: Installation, path: Path) -> int:
    """Write the ledger to a CSV file that only its owner may read, all at once. Raises HomeError when it cannot be written."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(
            os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            count = export_to(installation, out)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise HomeError(f"{path}: cannot be written ({error.strerror})") from None
    return count


def import_file(installation: Installation, file: Path) -> Imported:
    """Take names over into the ledger from a CSV file; rows with faults are left out. Raises UsageError for an unreadable file."""
    try:
        source = file.expanduser().open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    with source, installation.warehouse.write() as con, transaction(con):
        done = import_ledger(con, source, installation.clock().date())
    installation.warehouse.publish()
    return done
