"""Files that hold secrets: they count only when nobody but their owner may read them."""

from __future__ import annotations

import stat
from pathlib import Path

from hcm_pipeline.errors import ServiceError


def own_file(key: str, name: str) -> Path:
    """The path that a key of the profile names. Raises ServiceError when no file is there, or when others may read it."""
    path = Path(name).expanduser()
    try:
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no such user"
        raise ServiceError(f"{key}: {path}: cannot be read: {why}; put the file there") from error
    if not stat.S_ISREG(mode):
        raise ServiceError(f"{key}: {path}: is no file; name one")
    if mode & 0o077:
        raise ServiceError(f"{key}: {path}: others may read it (mode {stat.S_IMODE(mode):04o}); close it: chmod 600")
    return path


def first_line(key: str, name: str) -> str:
    """The first line of such a file. Raises ServiceError."""
    path = own_file(key, name)
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"{key}: {path}: cannot be read as text; give it one line of UTF-8") from error
