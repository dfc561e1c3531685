"""The one exception tree.

    PipelineError                 exit code 1: something failed, and the message says what, where and what to do
      UsageError                  exit code 2: the command was called wrongly
      GuardStop                   exit code 3: a guard stopped something that looked wrong; a person decides
        ExtractHeld               an extract looks incomplete: it is kept, and applied when a person accepts it
        PlanHeld                  a plan of which nothing may go out before that decision
      ProfileError                the profile breaks a rule: file, key, value, what is allowed
      ExtractRefused              a landed file cannot be used: file, rule, what to do
      WarehouseBusy               another process holds the warehouse file
      HomeError                   the home directory is missing a part or is inconsistent
        DiskFull                  nothing can be written to it any more
        NoAccess                  a file or folder may not be used by this account, or is mounted read-only
      ServiceError                the far side answered with an error
        SignInFailed              no token could be had
        ServiceRefused            the service refused a request for good (4xx)
        ServiceUnavailable        the service could not be reached or kept failing; trying again later may help

No message carries a personal value: rows are named by file and row number, workers by person number at most.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hcm_pipeline.plain_text import shown

if TYPE_CHECKING:
    from hcm_pipeline.verdicts import Kind


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = ("no space left on device", "disk quota exceeded", "file too large", "database or disk is full")
BARRED = (errno.EACCES, errno.EPERM, errno.EROFS)
BARRED_WORDS = ("permission denied", "read-only file system", "attempt to write a readonly database")
MAYBE_FULL_WORDS = ("disk i/o error", "could not write", "unable to open database file", "attempt to write")
LEAST_SPACE = 1 << 20
"""With fewer bytes left a disk is full."""


class PipelineError(Exception):
    """Anything that ends a command with a message for a person instead of a traceback.

    The message is harmless wherever it is printed or logged, whatever it quotes; each of `lines` is one line.
    """

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(map(shown, lines))
        super().__init__("\n".join(self.lines))


def disk_full(error: BaseException, folder: Path) -> DiskFull | None:
    """The error to tell when `error`, or a cause of it, comes of a disk or a quota that is full; None: it comes of something else.

    Databases say no more than that they cannot write: then the space counts that is left where `folder` lies.
    """
    for cause in causes(error):
        said = str(cause).lower()
        if (isinstance(cause, OSError) and cause.errno in FULL) or any(words in said for words in FULL_WORDS):
            return DiskFull(folder)
        if any(words in said for words in MAYBE_FULL_WORDS) and _left(folder) < LEAST_SPACE:
            return DiskFull(folder)
    return None


def refused_by_disk(error: BaseException, folder: Path) -> HomeError | None:
    """The error to tell when `error`, or a cause of it, comes of a full disk, or of a file that may not be used; else None."""
    return disk_full(error, folder) or no_access(error, folder)


def no_access(error: BaseException, folder: Path) -> NoAccess | None:
    """The error to tell when `error`, or a cause of it, comes of a file or folder that may not be used; None: of something else.

    Databases name no file: then it is `folder` or something in it.
    """
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in BARRED:
            return NoAccess(cause.filename or folder, cause.errno == errno.EROFS)
        if any(words in str(cause).lower() for words in BARRED_WORDS):
            return NoAccess(folder, any(words in str(cause).lower() for words in BARRED_WORDS[1:2]))
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it comes of."""
    at: BaseException | None = error
    seen: set[int] = set()
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _left(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return LEAST_SPACE


class UsageError(PipelineError):
    """The command was called with arguments that do not fit together."""

    exit_code = 2


class GuardStop(PipelineError):
    """A guard stopped the work before anything was planned or sent. `kind` is the family of the rule that tripped."""

    exit_code = 3

    def __init__(self, message: str, kind: Kind | None = None) -> None:
        self.kind = kind
        super().__init__(message)


class ExtractHeld(GuardStop):
    """An extract looks incomplete; it is kept, and a person accepts or refuses it."""


class PlanHeld(GuardStop):
    """A guard tripped over a plan, and the profile lets nothing of it go on."""


@dataclass(frozen=True)
class ProfileFault:
    """One broken rule of a profile: where it stands and what would be allowed."""

    key: str
    value: str
    allowed: str


class ProfileError(PipelineError):
    """A profile cannot be used. `faults` lists every broken rule, not only the first."""

    def __init__(self, file: str, faults: list[ProfileFault]) -> None:
        self.file = file
        self.faults = faults
        super().__init__(*(f"{file}: {f.key} = {f.value}: {f.allowed}" for f in faults))


class ExtractRefused(PipelineError):
    """A file cannot be taken as an extract. It is left where it is, or kept and not applied."""

    def __init__(self, file: str, rule: str, message: str) -> None:
        self.file = file
        self.rule = rule
        self.message = message
        """The same without the file's name."""
        super().__init__(f"{file}: {message}")


class WarehouseBusy(PipelineError):
    """Another process holds the warehouse file and did not let go in time."""


class HomeError(PipelineError):
    """The home directory lacks something, or holds parts that do not belong together."""


class DiskFull(HomeError):
    """Nothing can be written any more where a folder lies."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: the disk or its quota is full; free some space and do it again: what was done before is kept, and the rest"
            " is done anew"
        )


class NoAccess(HomeError):
    """A file or a folder may not be used: it is another account's, or its file system is mounted read-only."""

    def __init__(self, path: str | bytes | Path | int, read_only: bool) -> None:
        where = os.fsdecode(path) if isinstance(path, (str, bytes)) else str(path)
        why = "lies on a file system that is mounted read-only; mount it writable" if read_only else (
            "may not be used by this account; give the whole home, with landing/, back to the account that runs this (`chown -R`,"
            " `chmod -R u+rwX`)"
        )  # fmt: skip
        super().__init__(f"{where}: {why}, and do it again: what was done before is kept, and the rest is done anew")


class ServiceError(PipelineError):
    """The far side answered with an error, or not at all."""


class SignInFailed(ServiceError):
    """No access token could be had from the authority."""


class ServiceRefused(ServiceError):
    """The service refused a request for good; sending the same again will not help."""

    def __init__(self, message: str, status: int, code: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


class ServiceUnavailable(ServiceError):
    """The service could not be reached, or kept failing until patience ran out."""
