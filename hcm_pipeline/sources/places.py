"""Places where extracts wait to be taken: a folder. A server for files or a bucket is another class of the same protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hcm_pipeline.errors import HomeError
from hcm_pipeline.extracts import Complete, Left, Taken, is_complete, let_go, take
from hcm_pipeline.home import Home


@dataclass(frozen=True)
class Waiting:
    """Something that waits in a place. `mark` is another one when it has changed."""

    name: str
    mark: str


@dataclass(frozen=True)
class Looked:
    """The find of one look. `cursor` is where the next look begins; None: everything that lies there is looked at each time."""

    waiting: tuple[Waiting, ...]
    cursor: str | None


class Place(Protocol):
    """Where extracts wait. Names are the place's own; two things in one place differ in them."""

    def look(self, cursor: str | None) -> Looked:
        """Everything that waits behind the cursor of the look before (None: the first one), by name."""

    def state(self, waiting: Waiting, settle: float, now: float) -> Complete | Left:
        """Whether it is complete, as far as can be told. `settle` in seconds, `now` in seconds since the epoch."""

    def take(self, waiting: Waiting, home: Home) -> Taken:
        """Copy its bytes into the home's extracts. Raises ExtractRefused."""

    def remove(self, waiting: Waiting, taken: Taken) -> bool:
        """Take away what was taken; it may be gone already. False: another thing has its name by now, and stays."""


@dataclass(frozen=True)
class Folder:
    """A folder of this machine. It has no cursor: what was taken goes away."""

    path: Path

    def look(self, cursor: str | None) -> Looked:
        """Everything that lies in the folder, by name. Raises HomeError when it cannot be looked at."""
        try:
            found = sorted(self.path.iterdir()) if self.path.is_dir() else []
        except OSError as error:
            raise HomeError(
                f"{self.path}: cannot be looked at: {error.strerror}; give the pipeline's user its rights"
            ) from error
        return Looked(tuple(Waiting(path.name, _mark(path)) for path in found), cursor)

    def state(self, waiting: Waiting, settle: float, now: float) -> Complete | Left:
        """See `is_complete`."""
        return is_complete(self.path / waiting.name, settle, now)

    def take(self, waiting: Waiting, home: Home) -> Taken:
        """See `take` of the extracts."""
        return take(self.path / waiting.name, home.extracts, home.scratch)

    def remove(self, waiting: Waiting, taken: Taken) -> bool:
        """Delete the file, see `let_go` of the extracts."""
        return taken.seen is None or let_go(self.path / waiting.name, taken.seen)


def _mark(path: Path) -> str:
    try:
        found = path.lstat()
    except OSError:  # it went away, or may not be looked at: `state` says so
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"
