"""A first profile from a file: read as any extract is, in a home of its own that goes away again."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import ExtractRefused, UsageError
from hcm_pipeline.flow.installation import Progress, quiet
from hcm_pipeline.home import Home, private
from hcm_pipeline.profile import Mark, TargetKind, marks_of
from hcm_pipeline.proposal import Proposal, Wanted, is_person_number, meanings_of, propose
from hcm_pipeline.sources import ROW_NO, format_of, found_keys, guessed_source, is_guessed
from hcm_pipeline.warehouse import Warehouse, scratch

_VALUE = re.compile(r"[^@\s]+@[^@\s]+|[\d./:-]*\d[\d./:-]*")
"""A heading of this form is a value: the file has no line of headings."""
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class ProposedProfile:
    """A proposed profile and how it was read: `summary` in a line. `to_confirm` are its marks."""

    proposal: Proposal
    summary: str
    to_confirm: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """The TOML."""
        return self.proposal.text


def propose_profile(
    path: Path,
    *,
    name: str | None = None,
    domain: str | None = None,
    kind: TargetKind = TargetKind.ENTRA,
    progress: Progress = quiet,
) -> ProposedProfile:
    """A first profile for a file of an HR system. The file is read to its end; nothing of it stays behind.

    Raises UsageError for a file that cannot be read or has no headings, and ExtractRefused.
    """
    if domain is not None and (not _DOMAIN.fullmatch(domain) or len(domain) > 48):
        raise UsageError(
            f"--domain {domain}: a domain is letters, digits and hyphens with dots between, 48 characters at most"
        )
    with tempfile.TemporaryDirectory(prefix="hcm-proposal-") as folder:
        home = Home(Path(folder) / "home").create()
        copy = home.scratch / "extract"
        try:
            shutil.copyfile(path, private(copy))
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        progress(f"looking at {path.name}")
        source = guessed_source(copy, path.name, "*", is_person_number, lambda text: bool(meanings_of(text)))
        kind_of_file = format_of(source)
        description = kind_of_file.describe(copy, source, path.name)
        columns = tuple(column for column in description.columns if column != ROW_NO)
        _require_headings(path.name, columns)
        with Warehouse(home).write() as con, scratch(con) as t:
            progress(f"reading {path.name}")
            read = kind_of_file.stage(t, copy, description, source, name=path.name, folder=home.scratch)
            wanted = Wanted(
                path.name,
                name or _named(path),
                domain,
                kind,
                found_keys(source, description),
                is_guessed(source, description),
            )
            made = propose(t, read.rows, columns, wanted)
        summary = kind_of_file.summary(description)
    return ProposedProfile(made, summary, tuple(marks_of(made.text)))


def write_proposal(path: Path, text: str) -> None:
    """Write a proposed profile that its owner alone may read. Raises UsageError when the file is there, or cannot be written."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: is there already; a proposal takes the place of no profile") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _require_headings(name: str, columns: tuple[str, ...]) -> None:
    if len(columns) < 2:
        raise ExtractRefused(
            name,
            "one_column",
            "has one column: lines of fixed length need sources.layout, which nobody can guess; see the reference",
        )
    if not any(meanings_of(column) for column in columns) and any(_VALUE.fullmatch(column) for column in columns):
        raise ExtractRefused(
            name, "no_headings", "begins with values: have the extract delivered with a line of headings"
        )


def _named(path: Path) -> str:
    stem = re.sub(r"[^A-Za-z0-9]*\d{4}[-_]?\d{2}[-_]?\d{2}.*$", "", path.name.split(".")[0])
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-._")[:40]
    return name or "organisation"
