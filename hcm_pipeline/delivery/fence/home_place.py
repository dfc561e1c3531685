"""Where a home lies: another place tells that it was copied or restored, and that another one like it may have gone on.

An empty file of the home that nobody changes has a number and a time at which it was made, which no copy and no backup brings
along. A home that is moved within one file system keeps both, and so does one that is given another owner or other modes, or that
a backup has read. A file system that keeps no such time has only the one of the last change of state: there, `chown` and
`chmod` of that file look like a copy.
"""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import suppress
from pathlib import Path

from hcm_pipeline.home import Home

AT_FDCWD, STATX_BTIME = -100, 0x800
BTIME_AT, BYTES = 80, 256
"""Of `struct statx` (statx(2)): where the time of the making begins, after what is there for certain, and how long it is."""


def whereabouts(home: Home) -> str:
    """The place of a home, which must exist. Another text for the same path: its files are others than they were."""
    with suppress(FileExistsError):  # made in one step: whoever comes second finds it as it will stay
        os.close(os.open(home.place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    made = made_at(home.place)
    found = home.place.stat()
    return f"{found.st_ino}-{found.st_ctime_ns}" if made is None else f"{found.st_ino}-made-{made}"


def made_at(path: Path) -> int | None:
    """When a file was made, in nanoseconds; None where the file system or the system does not tell."""
    birth = getattr(path.stat(), "st_birthtime_ns", None)
    if birth is not None:
        return int(birth)
    buffer = ctypes.create_string_buffer(BYTES)
    try:
        statx = ctypes.CDLL(None, use_errno=True).statx
    except (AttributeError, OSError):  # no Linux, or a C library that is older than the call
        return None
    if statx(AT_FDCWD, os.fsencode(path), 0, STATX_BTIME, buffer) != 0:
        return None
    (mask,) = struct.unpack_from("=I", buffer, 0)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, BTIME_AT)
    return int(seconds * 1_000_000_000 + nanoseconds) if mask & STATX_BTIME and seconds > 0 else None
