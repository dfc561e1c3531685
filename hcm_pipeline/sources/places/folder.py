"""The landing folder: a place inside the home, or the folder of files that somebody names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import HomeError
from hcm_pipeline.extracts import Complete, Left, Taken, is_complete, let_go, take
from hcm_pipeline.home import Home
from hcm_pipeline.sources.places.place import Looked, Waiting


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
