"""The files of one business date as one relation of normalised rows, evaluated only where somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from hcm_pipeline.profile.model import Profile
from hcm_pipeline.sources import stage
from hcm_pipeline.warehouse import quote
from hcm_pipeline.workers.extracts import Extract
from hcm_pipeline.workers.normalise import normalised_select

Progress = Callable[[str], None]


@dataclass
class Staged:
    """Raw rows in temporary tables `raw_<extract>` and `raw_<extract>_rejects`. Normalising them is SQL that runs when it
    is asked for: a daily run normalises everything once, for the digests, and then keeps what has changed."""

    con: duckdb.DuckDBPyConnection
    profile: Profile
    used: list[Extract]
    records: dict[int, int] = field(default_factory=dict)
    """Data records of each file, rejected ones among them."""
    _kept: bool = False

    def read(self, extracts: Path, scratch: Path, progress: Progress) -> None:
        """Stage every file. Outside a transaction: a file that cannot be read would abort one."""
        sources = {source.name: source for source in self.profile.sources}
        for extract in self.used:
            progress(f"reading {extract.name}")
            source = sources.get(extract.source, self.profile.sources[0])
            counts = stage(
                self.con, extract.stored(extracts), extract.shape, self.raw(extract), scratch,
                max_field_chars=source.max_field_chars, name=extract.name,
            )  # fmt: skip
            self.records[extract.extract_id] = counts.rows + counts.rejected

    @staticmethod
    def raw(extract: Extract) -> str:
        """Name of the table that holds a file as it is."""
        return f"raw_{extract.extract_id}"

    def rows(self, only: str | None = None) -> str:
        """A relation of normalised rows (see `normalised_select`): all, or those that the table `only(extract_id, row_no)`
        names. Once some are kept, all that is asked for must be among them."""
        if self._kept:
            return f"(from normal {f'semi join {only} using (extract_id, row_no)' if only else ''})"
        parts = [
            normalised_select(
                self.profile, self.raw(one), frozenset(one.shape.header), one.extract_id,
                changes_only=one.content == "changes-only", current="known",
                only=f"row_no in (select row_no from {only} where extract_id = {one.extract_id})" if only else "true",
            )
            for one in self.used
        ]  # fmt: skip
        return f"({' union all by name '.join(f'({part})' for part in parts)})"

    def keep(self, only: str | None = None) -> None:
        """Normalise all rows, or those that `only` names, for the last time: into temp table `normal`."""
        if not self._kept:
            self.con.execute(f"create or replace temp table normal as from {self.rows(only)}")
            self._kept = True

    def forget(self) -> None:
        """Let go of what was kept; after a rollback it is no longer there."""
        self.con.execute("drop table if exists temp.normal")
        self._kept = False

    def close(self) -> None:
        """Drop the staged tables."""
        self.forget()
        for extract in self.used:
            for suffix in ("", "_rejects"):
                self.con.execute(f"drop table if exists temp.{quote(self.raw(extract) + suffix)}")
