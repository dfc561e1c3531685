"""The home directory: everything one organisation's pipeline owns, in one folder that can be copied and restored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import HomeError


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
    def journal(self) -> Path:
        """SQLite journal of what was sent: written before and after every request."""
        return self.path / "delivery.sqlite"

    @property
    def target(self) -> Path:
        """The target that this home delivers to, and how far its journal had come: written from the first delivery on."""
        return self.path / "target.json"

    @property
    def alerts(self) -> Path:
        """SQLite outbox of alerts: what people were told, and what is still to be told."""
        return self.path / "alerts.sqlite"

    @property
    def sandbox(self) -> Path:
        """State, certificate and log of the home's own sandbox."""
        return self.path / "sandbox"

    @property
    def locks(self) -> Path:
        """Advisory locks; the kernel releases them when their holder dies."""
        return self.path / ".locks"

    @property
    def scratch(self) -> Path:
        """Spill files of DuckDB and half-written files; may be emptied when nothing runs."""
        return self.path / ".scratch"

    def create(self) -> Home:
        """Make the folders that are missing. Raises HomeError when the path cannot be a folder."""
        try:
            for folder in (self.path, self.landing, self.extracts, self.published, self.manifests, self.sandbox,
                           self.locks, self.scratch):  # fmt: skip
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HomeError(f"{self.path}: cannot be used as a home: {error.strerror}") from error
        return self


def private(path: Path) -> Path:
    """Make a file readable by its owner only, creating it when missing; returns it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path
