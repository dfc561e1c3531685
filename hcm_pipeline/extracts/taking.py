"""Takes a landed file into the store of extracts: once, whole, and named by the sha256 of its bytes."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import secrets
import signal
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts.beside import beside

UNFINISHED_ENDINGS = (".part", ".tmp", ".filepart", ".partial", ".crdownload")
"""Endings that transfer programs and browsers put behind the name of a file that is not complete."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Seen:
    """A file as it was when its bytes were read: device, inode, size in bytes, and time of its last change in nanoseconds."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> Seen:
        """That of a look at a file."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Taken:
    """A stored extract: sha256 and size of its bytes, and where they are (mode 0400).

    `seen`: the file that they were read from. `mended`: a copy of other bytes lay under this name, and is gone.
    """

    sha256: str
    size: int
    stored: Path
    seen: Seen | None = field(default=None, compare=False)
    mended: bool = field(default=False, compare=False)
    resumed: int | None = field(default=None, compare=False)
    """The newest extract when an earlier try kept these bytes, which ended before it was done. None: this try is the first."""


@dataclass(frozen=True)
class Complete:
    """The file can be taken now. `size` in bytes."""

    size: int


@dataclass(frozen=True)
class Left:
    """The file is left where it is. `settles`: it may be taken later as it is; otherwise a person must do something."""

    reason: str
    settles: bool


UNFINISHED = "its name marks it as unfinished or hidden; rename it when it is complete"


def is_marked_unfinished(name: str) -> bool:
    """Whether a name says that its file is hidden or not complete."""
    return name.startswith((".", "~")) or name.lower().endswith(UNFINISHED_ENDINGS)


def is_complete(path: Path, settle_seconds: float, now: float) -> Complete | Left:
    """Whether a landed file is complete, as far as can be told. `now` is in seconds since the epoch.

    A modification time further in the future than `settle_seconds` comes from another clock and says nothing.
    """
    if is_marked_unfinished(path.name):
        return Left(UNFINISHED, settles=False)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return Left("it is gone", settles=False)
    except OSError as error:
        return Left(f"it cannot be looked at: {error.strerror}", settles=False)
    kind = _not_a_file(found.st_mode)
    if kind:
        return Left(f"it is {kind}; put the file itself there", settles=False)
    if abs(now - found.st_mtime) < settle_seconds:
        return Left(f"it changed less than {settle_seconds:g} seconds ago", settles=True)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Left("it is gone", settles=False)
    except OSError as error:
        return Left(f"it cannot be opened: {error.strerror}; give the pipeline's user read permission", settles=False)
    try:
        if _held_for_writing(handle):
            return Left("another process still holds it open for writing", settles=True)
    finally:
        os.close(handle)
    return Complete(found.st_size)


def take(path: Path, extracts: Path, scratch: Path) -> Taken:
    """Copy the file to `extracts/<first two of sha256>/<sha256>`, reading it once; a second time changes nothing but a
    stored copy of other bytes, which gives way.

    The copy appears complete or not at all, whatever fails. Raises ExtractRefused: not_a_file, unreadable, and
    still_written when the file changed, was replaced or went away while it was read.
    """
    with _opened(path) as handle:
        before = os.fstat(handle)
        taken = keep(
            iter(lambda: os.read(handle, _CHUNK), b""),
            extracts,
            scratch,
            lambda size: _check_unchanged(path, handle, before, size),
        )
    return replace(taken, seen=Seen.of(before))


def keep(chunks: Iterable[bytes], extracts: Path, scratch: Path, check: Callable[[int], None]) -> Taken:
    """Store the bytes that `chunks` are, one after the other, under their sha256; nothing is stored when anything is raised.

    `check` is given the number of bytes after the last one, and raises when they are not what was to be read.
    """
    same_disk = scratch.stat().st_dev == extracts.stat().st_dev
    copy, temporary = tempfile.mkstemp(prefix="take-", dir=scratch if same_disk else extracts)
    try:
        with os.fdopen(copy, "wb") as out:
            digest, size = hashlib.sha256(), 0

            def digested(chunk: bytes) -> None:
                digest.update(chunk)

            with beside(digested) as update:
                for chunk in chunks:
                    update(chunk)
                    out.write(chunk)
                    size += len(chunk)
            check(size)
            out.flush()
            os.fchmod(out.fileno(), 0o400)
            os.fsync(out.fileno())
        stored, mended = _place(Path(temporary), extracts, digest.hexdigest())
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Taken(digest.hexdigest(), size, stored, mended=mended)


def let_go(path: Path, seen: Seen) -> bool:
    """Delete the very file that was taken. False: another one has its name by now, or it has changed; that one stays.

    It leaves its name first: what comes under the name between the look and the deletion is never deleted unread.
    """
    try:
        if Seen.of(path.lstat()) != seen:
            return False
        aside = path.with_name(f".taken~{secrets.token_hex(8)}")
        path.rename(aside)
    except FileNotFoundError:
        return True
    if Seen.of(aside.lstat()) == seen:
        aside.unlink()
        return True
    put_back(aside, path)
    return False


def put_back(aside: Path, path: Path) -> None:
    """Give a file its name again, or one like it when a third file has that by now."""
    names = itertools.chain([path], (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2)))
    for name in names:
        try:
            os.link(aside, name)
        except FileExistsError:
            continue
        except OSError:  # a file system without links
            if name.exists():
                continue
            aside.rename(name)
        break
    aside.unlink(missing_ok=True)


def is_whole(stored: Path, sha256: str) -> bool:
    """Whether a stored copy has the bytes that its name promises. Reads it once. Raises OSError when there is none."""
    with stored.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _place(temporary: Path, extracts: Path, sha256: str) -> tuple[Path, bool]:
    """Where the copy is, and whether it took the place of one that is no copy."""
    folder = extracts / sha256[:2]
    stored = folder / sha256
    broken = stored.is_file() and not is_whole(stored, sha256)
    if stored.is_file() and not broken:
        return stored, False
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(extracts)
    temporary.replace(stored)
    _sync_folder(folder)
    return stored, broken


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        kind = _not_a_file(path.lstat().st_mode)
        if kind:
            raise ExtractRefused(path.name, "not_a_file", f"it is {kind}; land the file itself")
        # not blocking: what was a file a moment ago may be a FIFO now
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _still_written(path, "went away") from error
    except OSError as error:
        raise ExtractRefused(
            path.name,
            "unreadable",
            f"it cannot be opened: {error.strerror}; give the pipeline's user read permission",
        ) from error
    try:
        if _not_a_file(os.fstat(handle).st_mode):
            raise _still_written(path, "was replaced")
        yield handle
    finally:
        os.close(handle)


def _check_unchanged(path: Path, handle: int, before: os.stat_result, size: int) -> None:
    try:
        named = path.lstat()
    except FileNotFoundError as error:
        raise _still_written(path, "went away") from error
    if (named.st_dev, named.st_ino) != (before.st_dev, before.st_ino):
        raise _still_written(path, "was replaced")
    after = os.fstat(handle)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or size != before.st_size:
        raise _still_written(path, "changed")


def _still_written(path: Path, what: str) -> ExtractRefused:
    return ExtractRefused(
        path.name, "still_written", f"it {what} while it was read; it is tried again when the transfer has ended"
    )


def _not_a_file(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a pipe, socket or device"


def _held_for_writing(handle: int) -> bool:
    """Ask the kernel (Linux) whether anyone has the file open for writing; false where it cannot be asked.

    A read lease is granted only when no one has, to the file's owner. It is given back at once. Should a writer come in
    between, the kernel signals the holder: with SIGURG, which is ignored by default, instead of SIGIO, which kills.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # another owner, or a file system without leases
        return False
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
