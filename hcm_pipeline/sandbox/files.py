"""Files that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path


def private(path: Path) -> Path:
    """Make a file readable by its owner only, creating it when missing; returns it.

    A file that is there is not opened: closing it would take the locks that SQLite has on it in this process
    ("How To Corrupt An SQLite Database File", 2.2).
    """
    if not path.is_file():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path
