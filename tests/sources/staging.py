"""Files of any format, described and staged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hcm_pipeline.extracts import Description
from hcm_pipeline.profile import Source
from hcm_pipeline.sources import ROW_NO, format_of
from hcm_pipeline.warehouse import memory, scratch

from .build import source, written


@dataclass(frozen=True)
class Read:
    """A file after staging."""

    description: Description
    summary: str
    columns: tuple[str, ...]
    rows: dict[int, tuple[str | None, ...]]
    """Row number to its values."""
    rejects: list[tuple[int, str, str | None]]
    """Row number, rule and column."""
    unsaid: dict[int, list[str]]
    """Row number to the columns that the row leaves out."""
    total: int | None
    guessed: str | None

    def values(self, column: str) -> list[str | None]:
        """Those of a column, in the order of the rows."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows.values()]


def read(folder: Path, data: bytes | str, later: Source | None = None, **given: Any) -> Read:
    """Write, describe and stage a file; every record is a row or a reject. `later`: the source as it is by then."""
    path, own = written(folder, data, "extract"), source(**given)
    kind = format_of(own)
    description = Description.from_json(kind.describe(path, own, "extract").to_json())
    with scratch(memory()) as t:
        staged = kind.stage(t, path, description, later or own, name="extract", folder=folder)
        rows = t.rows(f"from {staged.rows} order by {ROW_NO}")
        rejects = t.rows(f"select row_no, rule, column_name from {staged.rejects} order by all")
        unsaid = t.rows(f"from {staged.unsaid} order by all") if staged.unsaid is not None else []
        columns = staged.rows.columns
    assert len(rows) + len(rejects) == staged.records
    assert later or description.records == staged.records
    return Read(
        description, kind.summary(description), columns[1:], {row[0]: row[1:] for row in rows}, rejects, dict(unsaid),
        staged.total, staged.guessed,
    )  # fmt: skip
