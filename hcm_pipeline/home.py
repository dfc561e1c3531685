"""The home directory: everything one organisation's pipeline owns, in one folder that can be copied and restored."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import HomeError

PRIVATE_UMASK = 0o077
"""For every process of the pipeline: libraries make files as well (write-ahead logs, spilled rows, Dagster's runs)."""
DAGSTER_FOLDERS = ("history", "schedules")
"""Folders of a home in which processes of Dagster that are not ours make files."""


@dataclass(frozen=True)
class Share:
    """The share of the machine that DuckDB may take: memory as DuckDB writes it, and threads (None: one for each core, and one for
    a small warehouse)."""

    memory: str = "900MB"
    threads: int | None = None


USUAL_SHARE = Share()
GITIGNORE = """\
# Personal data and secrets: nothing of a home belongs in a repository. To keep profile.toml in one, add a line !profile.toml
*
"""


@dataclass(frozen=True)
class Home:
    """Paths inside a home. Folders are 0700 and data files 0600: they hold personal data."""

    path: Path

    @property
    def made(self) -> bool:
        """Whether there is a home."""
        return self.landing.is_dir() or self.warehouse.is_file() or self.journal.is_file()

    @property
    def landing(self) -> Path:
        """Where people and transfer programs drop files."""
        return self.path / "landing"

    @property
    def extracts(self) -> Path:
        """Immutable copies of every file ever taken, named by the sha256 of their bytes."""
        return self.path / "extracts"

    @property
    def warehouse(self) -> Path:
        """The live DuckDB file; only the pipeline opens it."""
        return self.path / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Read copies for people."""
        return self.path / "published"

    @property
    def read_copy(self) -> Path:
        """The newest read copy; replaced atomically."""
        return self.published / "warehouse.duckdb"

    @property
    def manifests(self) -> Path:
        """`<business date>/<manifest id>/{bulk.ndjson,manifest.json}`."""
        return self.path / "manifests"

    @property
    def pages(self) -> Path:
        """HTML pages about the home."""
        return self.path / "pages"

    @property
    def journal(self) -> Path:
        """SQLite journal of what was sent: written before and after every request."""
        return self.path / "delivery.sqlite"

    @property
    def target(self) -> Path:
        """The target that this home delivers to, and how far its journal had come: written from the first delivery on."""
        return self.path / "target.json"

    def target_of(self, name: str) -> Path:
        """The same of one of several targets."""
        return self.path / f"target-{name}.json" if name else self.target

    @property
    def targets(self) -> tuple[Path, ...]:
        """Of each target that this home has delivered to, that file."""
        return (*([self.target] if self.target.is_file() else []), *sorted(self.path.glob("target-*.json")))

    @property
    def place(self) -> Path:
        """A file that is never changed: a copy of the home has another one, see `delivery.fence.home_place`."""
        return self.path / ".place"

    @property
    def alerts(self) -> Path:
        """SQLite outbox of alerts: what people were told, and what is still to be told."""
        return self.path / "alerts.sqlite"

    @property
    def feeds(self) -> Path:
        """SQLite state of following Oracle HCM live: entries, cursors, and who is to be read."""
        return self.path / "feeds.sqlite"

    @property
    def feed_token(self) -> Path:
        """The token of those who hand entries of feeds over."""
        return self.path / "feed-token"

    @property
    def places(self) -> Path:
        """SQLite memory of places outside the home: what was seen there and when, and what was taken."""
        return self.path / "places.sqlite"

    @property
    def sandbox(self) -> Path:
        """State, certificate and log of the home's own sandbox."""
        return self.path / "sandbox"

    def sandbox_of(self, name: str) -> Path:
        """The same of one of several targets."""
        return self.path / f"sandbox-{name}" if name else self.sandbox

    @property
    def locks(self) -> Path:
        """Advisory locks; the kernel releases them when their holder dies."""
        return self.path / ".locks"

    @property
    def scratch(self) -> Path:
        """Spill files of DuckDB and half-written files; may be emptied when nothing runs."""
        return self.path / ".scratch"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that the pipeline makes, the home first."""
        return (
            self.path,
            self.landing,
            self.extracts,
            self.published,
            self.manifests,
            self.pages,
            self.sandbox,
            self.locks,
            self.scratch,
        )

    @property
    def fault(self) -> Path:
        """The text of the newest fault that nobody foresaw; it may hold values, and is its owner's only."""
        return self.path / "last-fault.txt"

    def create(self) -> Home:
        """Make the folders that are missing, and close those that others may enter; from here on, all that this process makes is
        its owner's only. A new or empty folder gets a `.gitignore` of everything. Raises HomeError when the path can be no folder.
        """
        os.umask(PRIVATE_UMASK)
        if self.path.is_dir() and self.path.stat().st_mode & stat.S_ISVTX:
            raise HomeError(f"{self.path}: many share this folder, so that it cannot be a home; name one inside it")
        try:
            new = not self.path.exists() or not any(self.path.iterdir())
            for folder in self.folders:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if new:
                private(self.path / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
        except OSError as error:
            raise HomeError(f"{self.path}: cannot be used as a home: {error.strerror}") from error
        self.close_to_others()
        return self

    def close_to_others(self) -> list[str]:
        """Take every right of group and others from what is in the home, as far as it is ours; a sentence for each that was open.

        The inside of these folders is looked at only when somebody could enter the home itself.
        """
        try:
            opened = _rights_of_others(self.path.stat())
            entries = [path for path in self.path.iterdir() if path.is_file() and not path.is_symlink()]
        except OSError:  # there is none yet, or it is not for us to look at
            return []
        said = list(_closed([self.path]))
        said += _closed(path for path in self.folders[1:] if path.is_dir() and not path.is_symlink())
        for folder in (*self.folders[1:], *(self.path / name for name in DAGSTER_FOLDERS)):
            if opened or folder.name in DAGSTER_FOLDERS:
                entries += [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
        _ = [*_closed(entries)]
        if self.landing.is_symlink() and self.landing.exists() and self.landing.stat().st_mode & stat.S_IWOTH:
            said.append(f"{self.landing} leads to a folder that anybody may write to; close it to others: chmod o-w")
        return said


def _rights_of_others(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode) & 0o077


def _closed(paths: Iterable[Path]) -> Iterator[str]:
    """Close each path; a sentence for each that was open."""
    for path in paths:
        try:
            found = path.stat()
            if not _rights_of_others(found):
                continue
            mode = stat.S_IMODE(found.st_mode)
            path.chmod(mode & 0o700)
            yield f"{path} was open to others (mode {mode:04o}); now only its owner may enter or read it"
        except FileNotFoundError:  # a file of another process that has ended
            continue
        except OSError as error:
            yield f"{path} is open to others and cannot be closed ({error.strerror}): have its owner run chmod go= on it"


def private(path: Path) -> Path:
    """Make a file readable by its owner only, creating it when missing; returns it.

    A file that is there is not opened: closing it would take the locks that SQLite has on it in this process
    ("How To Corrupt An SQLite Database File", 2.2).
    """
    if not path.is_file():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path
