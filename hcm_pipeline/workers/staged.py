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


def rows_of(table: str) -> str:
    """A condition for `Staged.rows`: the rows that `table(extract_id, row_no)` names."""
    return f"row_no in (select row_no from {table} where extract_id = {{extract}})"


@dataclass
class Staged:
    """Raw rows in temporary tables `raw_<extract>` and `raw_<extract>_rejects`. Normalising them is SQL that runs when it
    is asked for: a daily run normalises everything once, for the digests, and then only what has changed."""

    con: duckdb.DuckDBPyConnection
    profile: Profile
    used: list[Extract]
    records: dict[int, int] = field(default_factory=dict)
    """Data records of each file, rejected ones among them."""

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

    def rows(self, only: str = "true", extract: Extract | None = None) -> str:
        """A relation of normalised rows, of all files or of one (see `normalised_select`).

        `only` is a condition over row_no in which `{extract}` stands for the file's number.
        """
        parts = [
            normalised_select(
                self.profile, self.raw(one), frozenset(one.shape.header), one.extract_id,
                changes_only=one.content == "changes-only", current="known",
                only=only.replace("{extract}", str(one.extract_id)),
            )
            for one in ([extract] if extract else self.used)
        ]  # fmt: skip
        return f"({' union all by name '.join(f'({part})' for part in parts)})"

    def close(self) -> None:
        """Drop the staged tables."""
        for extract in self.used:
            for suffix in ("", "_rejects"):
                self.con.execute(f"drop table if exists temp.{quote(self.raw(extract) + suffix)}")
