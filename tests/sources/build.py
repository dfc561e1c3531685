"""Files and sources for the tests of this room."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile import Source
from hcm_pipeline.sources import Shape, StageCounts, examine
from hcm_pipeline.sources.delimited.staging import Records, read_records
from hcm_pipeline.warehouse import Scratch, scratch

Rows = list[tuple[str | int | None, ...]]


class Staged(NamedTuple):
    """A file after staging."""

    shape: Shape
    counts: StageCounts
    rows: Rows
    rejects: Rows


def source(**given: object) -> Source:
    """A source with the profile's defaults."""
    return Source.model_validate({"name": "workers", "glob": "*", **given})


def written(folder: Path, data: bytes | str, name: str = "workers.csv") -> Path:
    """A file with these bytes; text is written as UTF-8 with its line ends as they are."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def staged(folder: Path, data: bytes | str, max_field_chars: int = 1000, **given: object) -> Staged:
    """Write, examine and stage a file."""
    path = written(folder, data)
    shape = examine(path, source(**given))
    with duckdb.connect() as con, scratch(con) as t:
        read = read_records(t, path, shape, folder, max_field_chars=max_field_chars, name=path.name)
        rows, rejects = all_rows(t, read)
    assert (len(rows), len(rejects)) == (read.counts.rows, read.counts.rejected)
    return Staged(shape, read.counts, rows, rejects)


def all_rows(t: Scratch, read: Records) -> tuple[Rows, Rows]:
    """Rows and rejects in the order of the file."""
    return t.rows(f"from {read.rows} order by row_no"), t.rows(f"from {read.rejects} order by row_no")


def refusal(path: Path, **given: object) -> str:
    """The rule for which `examine` refuses the file; its message names the file."""
    with pytest.raises(ExtractRefused) as caught:
        examine(path, source(**given))
    assert path.name in str(caught.value)
    return caught.value.rule
