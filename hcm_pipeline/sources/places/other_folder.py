"""A folder of this machine that is not the landing folder: one that a transfer program or a mount brings files to."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.extracts import put_back
from hcm_pipeline.http import TryAgain
from hcm_pipeline.sources.places.far_store import Changed, Gone, Thing

_CHUNK = 1 << 20


class OtherFolder:
    """A store that is a folder. A file is known by inode, size and time of its last change: a device has another number each time
    that it is mounted."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def listing(self) -> Sequence[Thing]:
        """See `Store`. A folder inside it is no thing."""
        try:
            with os.scandir(self._folder) as entries:
                return [thing for entry in entries if (thing := self._thing(entry.name))]
        except OSError as error:
            raise ServiceError(
                f"{self._folder}: cannot be looked at: {error.strerror}; mount it, or give the right to"
            ) from error

    def _thing(self, name: str) -> Thing | None:
        try:
            found = (self._folder / name).lstat()
        except OSError:  # it went away
            return None
        if stat.S_ISDIR(found.st_mode):
            return None
        kinds = {stat.S_IFREG: None, stat.S_IFLNK: "a symbolic link"}
        odd = kinds.get(stat.S_IFMT(found.st_mode), "a pipe, socket or device")
        modified = dt.datetime.fromtimestamp(found.st_mtime, dt.UTC)
        return Thing(name, _mark(found), found.st_size, modified, odd)

    def read(self, thing: Thing) -> Iterator[bytes]:
        """See `Store`."""
        try:
            handle = os.open(self._folder / thing.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Gone from None
        except OSError as error:
            raise ServiceError(
                f"{thing.name}: cannot be opened: {error.strerror}; give the pipeline's user the right to"
            ) from error
        try:
            while chunk := _read(handle):
                yield chunk
            if _mark(os.fstat(handle)) != thing.mark:
                raise Changed
        finally:
            os.close(handle)

    def delete(self, thing: Thing) -> None:
        """See `Store`. It leaves its name first, so that what comes under the name meanwhile is not deleted unread."""
        self._aside(thing).unlink(missing_ok=True)

    def move(self, thing: Thing, folder: str) -> None:
        """See `Store`."""
        aside = self._aside(thing)
        target = self._folder / folder
        try:
            target.mkdir(parents=True, exist_ok=True)
            free = target / thing.name
            while free.exists() or free.is_symlink():
                free = target / f"{thing.name}~{secrets.token_hex(4)}"
            aside.rename(free)
        except OSError as error:
            with suppress(OSError):
                put_back(aside, self._folder / thing.name)
            raise ServiceError(
                f"{thing.name}: cannot be moved to {folder}: {error.strerror}; give the right to"
            ) from error

    def close(self) -> None:
        """Nothing is open."""

    def _aside(self, thing: Thing) -> Path:
        path = self._folder / thing.name
        aside = path.with_name(f".taken~{secrets.token_hex(8)}")
        try:
            if _mark(path.lstat()) != thing.mark:
                raise Changed
            path.rename(aside)
            if _mark(aside.lstat()) != thing.mark:
                put_back(aside, path)
                raise Changed
        except FileNotFoundError:
            raise Gone from None
        except OSError as error:
            raise ServiceError(f"{thing.name}: cannot be taken away: {error.strerror}; give the right to") from error
        return aside


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, _CHUNK)
    except OSError as error:
        raise TryAgain(f"a file cannot be read: {error.strerror}") from error


def _mark(found: os.stat_result) -> str:
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
