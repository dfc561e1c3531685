"""The files of one business date as one relation of normalised rows, evaluated only where somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from hcm_pipeline.extracts import Extract
from hcm_pipeline.profile import FieldSpec, Profile, Source
from hcm_pipeline.sources import StagedExtract, format_of
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, quote, scratch
from hcm_pipeline.workers.normalise import normalised_select

Progress = Callable[[str], None]


@dataclass
class Staged:
    """Raw rows and rejects of each file. Normalising them is SQL that runs when it is asked for: a daily run normalises everything
    once, for the digests, and then keeps what has changed."""

    con: duckdb.DuckDBPyConnection
    profile: Profile
    used: list[Extract]
    files: dict[int, StagedExtract] = field(default_factory=dict)
    records: dict[int, int] = field(default_factory=dict)
    """Data records of each file, rejected ones among them, but for a trailer."""
    totals: dict[int, int] = field(default_factory=dict)
    """What the trailer of a file counts, where it has one."""
    _kept: bool = False
    _made: ExitStack = field(default_factory=ExitStack)

    @property
    def sources(self) -> dict[str, Source]:
        """The profile's sources by name."""
        return {source.name: source for source in self.profile.sources}

    def read(self, extracts: Path, folder: Path, progress: Progress) -> None:
        """Stage every file. Outside a transaction: a file that cannot be read would abort one."""
        t = self._made.enter_context(scratch(self.con))
        try:
            for extract in self.used:
                progress(f"reading {extract.name}")
                source = self.profile.source_of(extract.source)
                staged = format_of(source).stage(
                    t, extract.stored(extracts), extract.description, source, name=extract.name, folder=folder
                )
                self.files[extract.extract_id] = staged
                self.records[extract.extract_id] = staged.records
                if staged.total is not None:
                    self.totals[extract.extract_id] = staged.total
        except BaseException:
            self._made.close()
            raise

    def raw(self, extract: Extract) -> Relation:
        """A file as it is."""
        return self.files[extract.extract_id].rows

    def rejects(self, extract: Extract) -> Relation:
        """Records of a file that are no rows."""
        return self.files[extract.extract_id].rejects

    def columns_of(self, extract: Extract) -> dict[str, FieldSpec]:
        """The profile's fields as the extract's source writes them."""
        return self.profile.columns_of(self.profile.source_of(extract.source))

    def rows(self, only: str | None = None) -> str:
        """A relation of normalised rows (see `normalised_select`): all, or those that the table `only(extract_id, row_no)`
        names. Once some are kept, all that is asked for must be among them."""
        if self._kept:
            return f"(from normal {f'semi join {only} using (extract_id, row_no)' if only else ''})"
        if not self.used:
            return f"(select {', '.join(self._nothing())} limit 0)"
        parts = [
            normalised_select(
                self.profile, self.profile.source_of(one.source), str(self.raw(one)), frozenset(one.columns), one.extract_id,
                changes_only=one.content == "changes-only", current="known", keys=self.profile.workers.row_key,
                only=f"row_no in (select row_no from {only} where extract_id = {one.extract_id})" if only else "true",
            )
            for one in self.used
        ]  # fmt: skip
        return f"({' union all by name '.join(f'({part})' for part in parts)})"

    @property
    def speaks(self) -> bool:
        """Whether there are rows to accept: of files, or gathered."""
        return bool(self.used) or self._kept

    def _nothing(self) -> list[str]:
        """The select list of a relation of normalised rows, of nulls."""
        columns = {name: DUCKDB_TYPES[self.profile.types[name]] for name in self.profile.columns}
        flags = {f"{name}__unreadable": "boolean" for name in columns if columns[name] != "VARCHAR"}
        texts = {f"{name}__text": "varchar" for name in columns if columns[name] != "VARCHAR"}
        place = {"digest": "uhugeint", "extract_id": "integer", "row_no": "bigint", "control": "boolean"}
        return [f"null::{kind} as {quote(name)}" for name, kind in {**columns, **flags, **texts, **place}.items()]

    def keep(self, only: str | None = None) -> None:
        """Normalise all rows, or those that `only` names, for the last time: into temp table `normal`."""
        if not self._kept:
            self.con.execute(f"create or replace temp table normal as from {self.rows(only)}")
            self._kept = True

    def forget(self) -> None:
        """Let go of what was kept; after a rollback it is no longer there."""
        self.con.execute("drop table if exists temp.normal")
        self._kept = False

    def of(self, extracts: list[Extract]) -> Staged:
        """The same files, but only these of them."""
        return replace(self, used=extracts, _kept=False)

    def gather(self, part: Staged) -> None:
        """Put the accepted rows of `part` over those gathered before, in temp table `gathered`; `known` then knows them."""
        names = ", ".join(map(quote, [*self.profile.columns, "digest", "extract_id", "row_no"]))
        good = """where (extract_id, row_no) not in (select extract_id, row_no from bad)
            and (extract_id, row_no) not in (select extract_id, row_no from passed)"""
        self.con.execute(f"""
            create or replace temp table gathered_now as
            select {names} from {part.rows()}
            semi join (select extract_id, row_no from suspects {good}) using (extract_id, row_no)
        """)
        self.con.execute("insert into gathered_keys select person_number from keys")
        self.con.execute("delete from gathered where person_number in (select person_number from gathered_now)")
        self.con.execute("insert into gathered from gathered_now")

    def take_gathered(self) -> None:
        """Let the gathered rows stand for all files: as kept rows, none of which is bad."""
        self.con.execute("create or replace temp table normal as from gathered")
        self.con.execute(
            "create or replace temp table suspects as select extract_id, row_no, person_number, digest from gathered"
        )
        self.con.execute("create or replace temp table keys as from gathered_keys")
        self.con.execute("delete from bad")
        self.con.execute("delete from passed")
        self._kept = True

    def close(self) -> None:
        """Drop the staged tables."""
        self.forget()
        for name in ("gathered", "gathered_now", "gathered_keys"):
            self.con.execute(f"drop table if exists temp.{name}")
        self._made.close()
