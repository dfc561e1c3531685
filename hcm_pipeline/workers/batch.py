"""The rows of extracts that are judged together, normalised only where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, quote
from hcm_pipeline.workers.known import Known
from hcm_pipeline.workers.normalise import DIGEST_TYPE, names_that_may_lack, none_of, normalised_select
from hcm_pipeline.workers.recognised import as_read_sql
from hcm_pipeline.workers.staged import Staged


@dataclass(frozen=True)
class Batch:
    """Staged extracts with what their rows are completed from. Normalising them is SQL that runs when it is asked for: a daily
    run normalises what is not recognised, and keeps it.

    `kept`: the rows that were normalised for the last time; None before. `same`: extract_id, row_no, person_number, digest and
    as_read of those that are recognised (see `recognised`); None where nobody has looked. `seen`: person number and text of each
    name that somebody has looked at.
    """

    profile: Profile
    staged: tuple[Staged, ...]
    known: Known
    kept: Relation | None = None
    same: Relation | None = None
    seen: frozenset[tuple[str, str]] = frozenset()

    def rows(self, only: Relation | None = None) -> str:
        """Normalised rows (see `normalised_select`), in parentheses: all, or those that `only(extract_id, row_no)` names. Once
        some are kept, all that is asked for must be among them."""
        if self.kept is not None:
            return f"(from {self.kept} {f'semi join {only} using (extract_id, row_no)' if only else ''})"
        if not self.staged:
            return self._none
        parts = [f"({self._normalised(one, only)})" for one in self.staged]
        return f"({' union all by name '.join(parts)})"

    def keep(self, t: Scratch, only: Relation | None = None) -> Batch:
        """The same rows, or those that `only` names, in a table: normalised for the last time."""
        if self.kept is None:
            self._require(t, only)
            return replace(self, kept=t.make("normalised", f"from {self.rows(only)}"))
        if self.same is None or only is None:
            return self
        asked = f"select extract_id, row_no from {only} semi join {self.same} using (extract_id, row_no)"
        more = t.make("asked_for", asked)
        if not t.count(more):
            return self
        self._require(t, more)
        both = f"from {self.kept} union all by name from {replace(self, kept=None).rows(more)}"
        return replace(self, kept=t.make("normalised", both))

    def recognise(self, t: Scratch) -> Batch:
        """Find the rows that stand as a known row stood, and normalise the others for the last time. The same batch, where nobody
        knows how a known row stood. Those of an extract that were recognised by their lines are found already."""
        if any(one.same is not None for one in self.staged):
            return self._recognised_by_line(t)
        stood = f"{self.known.workers} where as_read is not null"
        if not self.staged or t.first(f"select 1 from {stood} limit 1") is None:
            return self
        read = " union all ".join(
            f"select {one.extract.extract_id} as extract_id, row_no, {as_read_sql(self.profile, one)} as as_read from {one.read}"
            for one in self.staged
        )
        found = t.make(
            "compared",
            f"""select said.*, known.person_number, known.digest from ({read}) said
            left join (select as_read, person_number, digest from {stood}) known using (as_read)""",
        )
        others = t.view("unrecognised", f"select extract_id, row_no from {found} where person_number is null")
        same = t.view("recognised", f"from {found} where person_number is not null")
        anew = [self._of(t, one, others) for one in self.staged]
        return replace(self, kept=t.make("normalised", f"from {replace(self, staged=tuple(anew)).rows()}"), same=same)

    def _recognised_by_line(self, t: Scratch) -> Batch:
        [one] = self.staged
        number = one.extract.extract_id
        same = t.view(
            "recognised", f"select {number} as extract_id, row_no, person_number, digest, as_read from {one.same}"
        )
        # some of them may have been read for another purpose
        standing = f"anti join {one.standing} using (row_no)" if one.standing is not None else ""
        read = t.view("others_read", f"from {one.read} anti join {one.same} using (row_no) {standing}")
        others = replace(self, staged=(replace(one, read=read),))
        rows = others.rows() if t.count(read) else self._none  # to plan the statement takes longer than a few rows
        kept = t.make("normalised", f"from {rows}")
        if one.standing is not None and self._speaks_for_them(t, kept, one.standing):
            one.require(t, str(one.standing))
            t.drop(kept)
            return replace(self, staged=(replace(one, standing=None),))._recognised_by_line(t)
        return replace(self, kept=kept, same=same)

    def _speaks_for_them(self, t: Scratch, rows: Relation, standing: Relation) -> bool:
        """Whether a row is of a worker whose row stands in quarantine, or somebody has looked at a name of such a worker."""
        seen = sorted({number for number, _ in self.seen})
        row = t.first(
            f"""select 1 from {standing} where person_number in (select person_number from {rows})
            or list_contains(?::varchar[], person_number) limit 1""",
            [seen],
        )
        return row is not None

    @property
    def standing(self) -> Relation | None:
        """Rows in quarantine that are not judged, for they stand as they stood; None: there is none."""
        return self.staged[0].standing if len(self.staged) == 1 and self.kept is not None else None

    def _require(self, t: Scratch, only: Relation | None) -> None:
        """See to it that rows are read before they are normalised: see `Staged.require`."""
        for one in self.staged:
            if only is None:
                one.all_rows(t)
            elif one.lines is not None:
                one.require(t, f"(select row_no from {only} where extract_id = {one.extract.extract_id})")

    @property
    def others(self) -> Relation | None:
        """The known workers whose rows are not recognised: person_number; every row that is recognised is then of another worker.
        None where nobody has looked from their side."""
        return self.staged[0].others if len(self.staged) == 1 and self.same is not None else None

    def numbers(self, content: str) -> list[int]:
        """The ids of the extracts with this content: full or changes-only."""
        return [one.extract.extract_id for one in self.staged if one.extract.content == content]

    def _of(self, t: Scratch, staged: Staged, rows: Relation) -> Staged:
        """An extract with those of its rows that are named by (extract_id, row_no)."""
        wanted = f"select row_no from {rows} where extract_id = {staged.extract.extract_id}"
        return replace(staged, read=t.make("rows", f"from {staged.read} where row_no in ({wanted})"))

    def _normalised(self, staged: Staged, only: Relation | None) -> str:
        number = staged.extract.extract_id
        wanted = f"row_no in (select row_no from {only} where extract_id = {number})" if only else "true"
        return normalised_select(self.profile, staged, self.known, wanted, as_read_sql(self.profile, staged))

    @property
    def _none(self) -> str:
        """No normalised row, in parentheses."""
        return f"(select {', '.join(self._nothing())} limit 0)"

    def _nothing(self) -> list[str]:
        """The select list of a relation of normalised rows, of nulls."""
        columns = {name: DUCKDB_TYPES[self.profile.types[name]] for name in self.profile.columns}
        flags = {f"{name}__unreadable": "boolean" for name in columns if columns[name] != "VARCHAR"}
        flags |= {none_of(name): "boolean" for name in names_that_may_lack(self.profile)}
        texts = {f"{name}__text": "varchar" for name in columns if columns[name] != "VARCHAR"}
        place = {
            "digest": DIGEST_TYPE,
            "as_read": DIGEST_TYPE,
            "extract_id": "integer",
            "row_no": "bigint",
            "control": "boolean",
            "formula": "boolean",
        }
        return [f"null::{kind} as {quote(name)}" for name, kind in {**columns, **flags, **texts, **place}.items()]
