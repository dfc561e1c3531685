"""The home: profile, room on the disk, rights of others, the warehouse's version, and who holds a lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.phrases import some
from hcm_pipeline.errors import HomeError, ProfileError
from hcm_pipeline.locks import process_is_alive
from hcm_pipeline.plain_text import counted

MIB = 1 << 20
LEAST_MIB, ENOUGH_MIB = 200, 1024
COPIES = 3
"""The warehouse, its copy for reading, and the one that is being made."""
LOOKED_AT = 20_000
"""The most files whose rights are looked at."""


def _profile(seen: Examined) -> Iterator[Said]:
    try:
        loaded = seen.load()
    except ProfileError as error:
        yield failed(
            f"the profile breaks a rule: {error.lines[0]}",
            "no command that needs it runs",
            "`hcm-pipeline profile check` names every one",
        )
        return
    yield ok(f"{loaded.profile.name} is read from {seen.settings.profile}")


def _made(seen: Examined) -> None:
    if not seen.home.made:
        raise NotLookedAt(f"{seen.home.path}: there is no home yet; `hcm-pipeline init` or `land` makes one")


def _disk(seen: Examined) -> Iterator[Said]:
    _made(seen)
    free = shutil.disk_usage(seen.home.path).free // MIB
    size = seen.home.warehouse.stat().st_size // MIB if seen.home.warehouse.is_file() else 0
    wanted = max(ENOUGH_MIB, COPIES * size)
    told = f"{free:,} MiB are free where the home lies, and the warehouse has {size:,}"
    mend = "Free some space, or move the home to a larger disk (it is a folder: stop everything, mv, HCM_PIPELINE_HOME)"
    if free < max(LEAST_MIB, size):
        yield failed(told, "the next run may stop half-way; what was done before is kept", mend)
    elif free < wanted:
        yield warning(told, f"a run that copies the warehouse may need {wanted:,}", mend)
    else:
        yield ok(told)


def _modes(seen: Examined) -> Iterator[Said]:
    _made(seen)
    opened, foreign, uid = list[Path](), list[Path](), os.getuid()
    for place, path in enumerate((seen.home.path, *_inside(seen.home.path))):
        if place >= LOOKED_AT:
            break
        try:
            found = path.lstat()
        except OSError:
            continue
        if not stat.S_ISLNK(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077:
            opened.append(path)
        if found.st_uid != uid and uid != 0:
            foreign.append(path)
    if opened:
        names = some((str(path.relative_to(seen.home.path)) for path in opened), 3)
        yield failed(
            f"{counted(len(opened), 'file or folder', 'are')} open to other accounts: {names}",
            "others of this machine may read or change personal data", f"chmod -R go= {quote(str(seen.home.path))}",
        )  # fmt: skip
    if foreign:
        yield failed(
            f"{counted(len(foreign), 'file or folder', 'belong')} to another account",
            "a run as this account cannot write them", f"chown -R $(id -un) {quote(str(seen.home.path))}",
        )  # fmt: skip
    if not (opened or foreign):
        yield ok("all of the home is its owner's only")


def _inside(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=None):
        yield from (Path(here) / name for name in (*folders, *files))


def _warehouse(seen: Examined) -> Iterator[Said]:
    _made(seen)
    if not seen.home.read_copy.is_file():
        yield not_looked_at("nothing has been processed yet; `hcm-pipeline run` comes first")
        return
    try:
        facts = seen.find_warehouse()
    except HomeError as error:
        yield failed(
            " ".join(error.lines),
            "nothing is processed or sent",
            "Use the release that made it, or restore the home from a copy",
        )
        return
    yield ok(
        f"the read copy is of schema {facts.schema_version}, which this release reads; the newest day is {facts.last_day or 'none'}"
    )


def _locks(seen: Examined) -> Iterator[Said]:
    _made(seen)
    held = [(path.name, holder) for path in sorted(seen.home.locks.glob("*")) if (holder := _holder(path))]
    for name, holder in held:
        if holder.isdigit() and not process_is_alive(holder):
            yield warning(
                f"{name} is held, and process {holder}, which took it, is not on this machine",
                "another machine works in this home, which may be used by one at a time", "Stop the other one",
            )  # fmt: skip
        else:
            yield ok(f"{name} is held by process {holder}, which works")
    if not held:
        yield ok("nobody holds a lock")


def _holder(path: Path) -> str | None:
    """The process that holds a lock; None: nobody. The lock is tried as a shared one for an instant, and nothing is written."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(handle, 64, 0).decode("ascii", "replace").strip() or "unknown"
        return None
    finally:
        os.close(handle)


CHECKS = (
    Check("profile", "home", "the profile and its rules", _profile),
    Check("disk", "home", "the free space on the home's disk", _disk),
    Check("modes", "home", "the modes that say who may enter and read the home", _modes),
    Check("warehouse", "home", "the read copy of the warehouse and its version", _warehouse),
    Check("locks", "home", "the locks of the home, and who holds them", _locks),
)
